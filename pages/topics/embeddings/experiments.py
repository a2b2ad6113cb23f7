"""The prepared experiments of the Embeddings page."""

from core.models import MULTILINGUAL
from pages.shared import inputs
from pages.shared.experiments import Experiment, in_chinese
from pages.shared.i18n import _

PARK = "今天天气很好，我们去公园吧。"
TRANSLATED = (
    "这家餐厅的菜又贵又难吃。\n怎么重置我的密码？\n"
    "The weather is lovely today, let us go to the park.\nThe food in this restaurant is expensive and awful.\n"
    "How do I reset my password?"
)


def rows() -> list[Experiment]:
    """What to try; before and after fine-tuning with the newest run, or else with a model that comes with the studio."""
    return [
        *in_chinese(_chinese()),
        Experiment(
            "bank",
            _("Money or river"),
            _("When do the two meanings of *bank* part?"),
            _(
                "Six sentences with *bank*. Before the first layer all six vectors are nearly the same; then the two senses part. Compare *bat* and *light*: "
                "the layer where the gap is largest differs from word to word."
            ),
            {"model": "minilm", "view": "word", "uses": "bank", "state": ""},
        ),
        Experiment(
            "pooling",
            _("One vector, four ways"),
            _("Which vector stands best for a whole sentence?"),
            _(
                "The same sentence as [CLS], mean, maximum and pooler_output. This model was tuned with the mean: look at which matrix below best sets the "
                "paraphrases (1 and 2) apart from the tomatoes (4); opposites (1 and 3) stay near under all."
            ),
            {"model": "minilm", "view": "output", "text": "The plot is thin, but the acting is wonderful.", "pair": "", "compared": "", "state": ""},
        ),
        Experiment(
            "films",
            _("1,000 film sentences"),
            _("Do praise and blame lie apart?"),
            _(
                "Praise and blame lie mixed: this model was trained to put sentences of one topic together, and these are all about films. Yet the linear probe "
                "tells the labels apart far better than chance: what it needs is there, in directions the map does not show."
            ),
            {"model": "minilm", "view": "map", "texts": "rotten_tomatoes", "rows": "1000", "map": "pca-2", "pooling": "mean", "state": "", "compare": "one"},
        ),
        Experiment(
            "before-after",
            _("Before and after fine-tuning"),
            _("What does fine-tuning do to the map?"),
            _(
                "A trained model beside the one it began with, on the same axes: the newest of your runs, or else a model that comes with the studio. Fine-tuning "
                "pulls the labels apart: compare the silhouettes, and see in the curve at which layer it happens."
            ),
            {
                "model": next(iter(inputs.answering("label"))), "view": "map", "map": "pca-2", "pooling": "mean", "state": "", "compare": "both",
            },
        ),
    ]  # fmt: skip


def _chinese() -> tuple[Experiment, ...]:
    """Senses of Chinese words, and one meaning in two languages."""
    return (
        Experiment(
            "zh-two-languages",
            _("One meaning, two languages"),
            _("Is a sentence near its translation?"),
            _(
                "Three Chinese sentences and their English translations. In the matrix of the mean each finds its translation with a cosine of about 0.9, the others stay near 0.75. "
                "No word is shared: the model was trained to bring them together."
            ),
            {"model": MULTILINGUAL, "view": "output", "text": PARK, "pair": "", "state": "", "compared": TRANSLATED},
        ),
        Experiment(
            "zh-apple",
            _("Fruit or company"),
            _("When do the two meanings of 苹果 part?"),
            _("Before the first layer the senses hardly differ: 0.91 within a sense, 0.83 between them. After layer 6 they are furthest apart: 0.85 and 0.64."),
            {"model": MULTILINGUAL, "view": "word", "uses": "pingguo", "state": ""},
        ),
        Experiment(
            "zh-da",
            _("打: play, call, hit"),
            _("Can one character have three places?"),
            _(
                "打篮球, 打电话, 打人: one character, three meanings; in two sentences 打电话 is one piece. They part later than those of 苹果 and further: after layer 11 the cosine is 0.83 within a sense and 0.47 between them."
            ),
            {"model": MULTILINGUAL, "view": "word", "uses": "da", "state": ""},
        ),
        Experiment(
            "zh-map",
            _("500 Chinese reviews"),
            _("Do praise and blame lie apart?"),
            _(
                "Point at neighbours: do they agree in their topic (book, hotel, computer) or in their verdict? The model was trained to put texts on one topic together. Then see what the linear probe finds."
            ),
            {"model": MULTILINGUAL, "view": "map", "texts": "chinese-reviews", "rows": "500", "map": "pca-2", "pooling": "mean", "state": "", "compare": "one"},
        ),
    )  # fmt: skip
