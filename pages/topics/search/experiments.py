"""The prepared experiments of the Search page, in the language of its help desk."""

from pages.shared.experiments import Experiment
from pages.shared.i18n import _, language

FIRST = {"en": "My parcel never came.", "zh": "我的包裹一直没影儿"}  # what a help desk is asked at the first visit
ASKED = {
    "en": ("overdue shipment", "imprint", "Who won the chess championship?"),
    "zh": ("诈骗短信", "预授权", "天为什么是蓝的？"),
}  # the language of the help desk → the questions below, in their order


def first(kind: str) -> str:
    """What is asked until the visitor asks something. kind: what is searched."""
    if kind == "document":
        return _("How late is the museum open on Thursdays?")
    return FIRST[kind] if kind in FIRST else _("May I bring a drink?")


def rows() -> list[Experiment]:
    """What to try."""
    desk = language()
    other_words, rare_word, nothing = ASKED[desk]
    ask = {"shelf": desk, "view": "answers", "searcher": ""}
    return [
        Experiment(
            "words",
            _("The same thing in other words"),
            _("Can a text be found with which the question shares no word?"),
            _("Question and right answer share no word, so counting words cannot find it. The vectors lie close all the same. Ask something else in your own words."),
            {**ask, "ask": other_words},
        ),
        Experiment(
            "rare",
            _("One rare word"),
            _("When is counting words better?"),
            _("The word stands in one text only: counting finds it at once, while a single odd word says little to the model. See what each marked word adds to the score."),
            {**ask, "ask": rare_word},
        ),
        Experiment(
            "nothing",
            _("Nothing to find"),
            _("What is the answer to a question that has none?"),
            _("Some text is always nearest. Only the threshold keeps the page from giving it. Ask for things that the shop may or may not do: it is not always right."),
            {**ask, "ask": nothing},
        ),
        Experiment(
            "document",
            _("Ask a document"),
            _("Can the answer be marked, not only the passage that holds it?"),
            _("The search finds passages, the reader marks the words that answer. Ask about tickets, dogs or soup, then something that the handbook does not say: it should admit that."),
            {"shelf": "document", "view": "answers", "searcher": "", "ask": _("How much does a family ticket cost?")},
        ),
        Experiment(
            "labels",
            _("Labels without training"),
            _("Can a text be classified without a single example?"),
            _("Each label is described in words, and the nearest description wins. Write another text, change the labels, then look at the curve: how many examples are the descriptions worth?"),
            {"view": "labels", "searcher": "", "ask": ""},
        ),
        Experiment(
            "measured",
            _("Two languages"),
            _("How much does the language of the model matter?"),
            _("The Chinese help desk with the English model. Look at recall by meaning and by words; then choose multilingual-e5-small, or the English help desk."),
            {"shelf": "zh", "view": "measured", "searcher": "minilm"},
        ),
    ]  # fmt: skip
