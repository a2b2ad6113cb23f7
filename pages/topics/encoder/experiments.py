"""The Encoder page's prepared experiments: each makes one point with the bundled model."""

from core.models import MULTILINGUAL
from pages.shared.experiments import Experiment, in_chinese
from pages.shared.i18n import _

CHANGE = "change"  # the view of the topic that changes the computation; every other view is a box of the walk


def rows(topic: str) -> tuple[Experiment, ...]:
    """The experiments of one of the page's topics."""
    return tuple(row for row in _all() if (row.values["view"] == CHANGE) == (topic == CHANGE))


def _all() -> tuple[Experiment, ...]:
    return (
        *in_chinese(_chinese()),
        Experiment(
            "which-bank",
            _("Which bank?"),
            _("Where does *bank* learn that it stands by a river?"),
            _(
                "In layer 1, head 5 the word *bank* puts most of its weight on *river*. The values of *river* then flow into the vector of "
                "*bank*: follow its row from the weights to the output."
            ),
            {"model": "minilm", "text": "She sat on the bank of the river.", "pair": "", "layer": "0", "head": "4", "token": "5", "view": "weights"},
        ),
        Experiment(
            "residual",
            _("A layer adds, it does not replace"),
            _("Does a layer replace the vector of a token?"),
            _(
                "Compare what attention adds with what is kept: the quotient of the two lengths stands in the worked numbers. Step through "
                "the layers and watch it."
            ),
            {"model": "minilm", "text": "The plot is thin, but the acting is wonderful.", "pair": "", "layer": "0", "head": "0", "token": "2", "view": "attention.residual"},
        ),
        Experiment(
            "tutorial",
            _("The tutorial's formula"),
            _("Would the tutorial's formula make the same model?"),
            _(
                "The tutorial writes one normalisation around everything. With the same weights, the vectors end up pointing somewhere else: "
                "after six layers the cosine with the model's own is about 0.1."
            ),
            {"model": "minilm", "text": "I love eating pizza", "pair": "", "without": "tutorial-encoder", "swap": "", "swap_with": "", "view": CHANGE},
        ),
        Experiment(
            "no-scaling",
            _("Without 1/√d"),
            _("Why are the products divided by √d?"),
            _("The scores grow, and softmax turns into an almost hard choice. The curves say how that adds up, layer by layer."),
            {"model": "minilm", "text": "I love eating pizza", "pair": "", "without": "no-scaling", "swap": "", "swap_with": "", "view": CHANGE},
        ),
        Experiment(
            "dog-bites-man",
            _("Dog bites man"),
            _("Does the order of the words matter to the model?"),
            _(
                "Two words change places. At the start only the vectors of *dog* and *man* differ, by about a third; after the last layer "
                "every token has changed, and both *the* most of all."
            ),
            {"model": "minilm", "text": "The dog bites the man.", "pair": "", "without": "", "swap": "2", "swap_with": "5", "view": CHANGE},
        ),
    )  # fmt: skip


def _chinese() -> tuple[Experiment, ...]:
    return (
        Experiment(
            "zh-bank",
            _("A bank by the river"),
            _("Where does 银行 take information from?"),
            _(
                "In layer 12, head 4 the token 银行 puts 0.44 on 河, so the values of 河 flow into its vector: more than any other token does. But point at the others: 门口 gives 河 0.28, `<s>` even 0.38. Part of what looks like meaning is a habit of the head."
            ),
            {"model": MULTILINGUAL, "text": "她坐在河边的银行门口等人。", "pair": "", "layer": "11", "head": "3", "token": "6", "view": "weights"},
        ),
        Experiment(
            "zh-dog",
            _("狗咬了人 and 人咬了狗"),
            _("Does the order of the words matter to the model?"),
            _(
                "Chinese has no endings: only the order says who bites whom. The two words change places, and at the start only their two vectors differ. Follow the curve: in which layer does the difference reach 咬?"
            ),
            {"model": MULTILINGUAL, "text": "狗咬了人。", "pair": "", "without": "", "swap": "2", "swap_with": "5", "view": CHANGE},
        ),
    )  # fmt: skip
