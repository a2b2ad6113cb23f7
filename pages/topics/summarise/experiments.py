"""The prepared experiments of the Summarise page, in the language of the page."""

from pages.shared.experiments import Experiment
from pages.shared.i18n import _, language

NEWS = {"en": "en-01", "zh": "zh-01"}
FEATURE = {"en": "en-21", "zh": "zh-12"}  # its point comes late
REPORT = {"en": "en-19", "zh": "zh-03"}  # several findings


def rows() -> list[Experiment]:
    """What to try."""
    spoken = language()
    plain = {"unit": "sentences", "most_sentences": "3", "searcher": ""}
    return [
        Experiment(
            "news",
            _("News"),
            _("Why are the first sentences so hard to beat?"),
            _("The first sentences alone: news says the most important things first. Compare ROUGE below with the other methods, then choose LexRank."),
            {**plain, "view": "one", "article": NEWS[spoken], "by": "lead"},
        ),
        Experiment(
            "feature",
            _("The point comes late"),
            _("What if a text does not begin with its point?"),
            _("A feature begins with a scene. Choose the first sentences to see what they miss. The joke at the end is what none of the methods takes for important."),
            {**plain, "view": "one", "article": FEATURE[spoken], "by": "lexrank"},
        ),
        Experiment(
            "repetition",
            _("Not twice"),
            _("What does it cost to avoid repetition?"),
            _("MMR subtracts the likeness to what is taken already. Move λ from 1 to 0 and watch the second and third sentence change; “why” shows both terms."),
            {**plain, "view": "one", "article": REPORT[spoken], "by": "mmr", "relevance": "0.7"},
        ),
        Experiment(
            "longer",
            _("More room"),
            _("Do the methods differ less when a summary may be longer?"),
            _("Six sentences instead of three: nearly two thirds of each article. Look at the differences to the first sentences, and at the best choice."),
            {**plain, "view": "measured", "most_sentences": "6"},
        ),
    ]  # fmt: skip
