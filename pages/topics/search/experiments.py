"""The prepared experiments of the Search page, in the language of its help desk."""

from pages.shared.experiments import Experiment
from pages.shared.i18n import _, language

FIRST = {"en": "My parcel never came.", "zh": "我的包裹一直没影儿"}  # what is asked at the first visit
ASKED = {
    "en": ("overdue shipment", "imprint", "Who won the chess championship?"),
    "zh": ("诈骗短信", "预授权", "天为什么是蓝的？"),
}  # the language of the help desk → the questions below, in their order


def rows() -> tuple[Experiment, ...]:
    """What to try."""
    desk = language()
    other_words, rare_word, nothing = ASKED[desk]
    ask = {"shelf": desk, "view": "answers", "searcher": ""}
    return (
        Experiment(
            "other-words", _("The same thing in other words"), _("Is the answer found that shares no word with the question?"),
            _("Question and right answer share no word, so counting words cannot find it. The vectors lie close all the same."),
            {**ask, "ask": other_words},
        ),
        Experiment(
            "rare-word", _("One rare word"), _("Which of them finds a single rare word?"),
            _("A word that stands in one text only. Counting words finds it at once; to the model's vector a single odd word says little."),
            {**ask, "ask": rare_word},
        ),
        Experiment(
            "nothing", _("Nothing to find"), _("What does the page say where there is no answer?"),
            _("The help desk has no answer to this, but some text is always nearest. Only the threshold keeps the page from giving it."),
            {**ask, "ask": nothing},
        ),
        Experiment(
            "measured", _("How good is it?"), _("How often is the right answer among the first?"),
            _("Hundreds of questions whose right answer is known; most of them share few words with it."),
            {"shelf": desk, "view": "measured", "searcher": ""},
        ),
    )  # fmt: skip
