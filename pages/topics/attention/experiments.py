"""The Attention page's prepared experiments: each makes one point with the bundled model."""

from core.models import MULTILINGUAL
from pages.shared.experiments import Experiment, in_chinese
from pages.shared.i18n import _
from pages.shared.opening import OPENINGS
from pages.topics.attention.compare import began_with

READER = {"model": MULTILINGUAL, "pair": ""}
PLOT = {"text": "The plot is thin, but the acting is wonderful.", "pair": ""}


def rows(classifier: str) -> tuple[Experiment, ...]:
    """The experiments in the order of the page's topics. classifier: the name of a run, or of a model that comes with the studio."""
    return (
        *in_chinese(_chinese()),
        Experiment(
            "look-back",
            _("A head that looks back"),
            _("Can a head work without reading any meaning?"),
            _(
                "Layer 1, head 3 puts practically all of its attention on the token before, whatever the token is: it carries "
                "word order. Type any other sentence: the stripe stays."
            ),
            {"model": "minilm", **PLOT, "layer": "0", "head": "2", "view": "explorer"},
        ),
        Experiment(
            "river-bank",
            _("The bank of the river"),
            _("How does *bank* learn which bank is meant?"),
            _(
                "In layer 1, head 5 the word *bank* looks at *river*: this is how its vector learns which bank is meant. Write "
                "*England* instead of *river*, then *city*: one is found again, the other is not. A head is a habit, not a rule of grammar."
            ),
            {"model": "minilm", "text": "She sat on the bank of the river.", "pair": "", "layer": "0", "head": "4", "view": "head-view"},
        ),
        Experiment(
            "tired",
            _("Who was tired?"),
            _("Does the model know what *it* stands for?"),
            _(
                "In layer 4, head 2 the word *it* looks at *animal*. Write *wide* instead of *tired*, so that *it* means the street: "
                "the weight on *animal* falls by more than half, yet *street* does not win. The model hesitates."
            ),
            {"model": "minilm", "text": "The animal did not cross the street because it was too tired.", "pair": "", "layer": "3", "head": "1", "view": "explorer"},
        ),
        Experiment(
            "question-answer",
            _("A question and its answer"),
            _("Where do a question and its answer meet?"),
            _(
                "Only the links from the question to the answer are shown. Layer 6, head 12 connects the two sentences more than any "
                "other head: *keys* finds *keys*, and *did* and *put* find *table*."
            ),
            {
                "model": "minilm", "text": "Where did she put the keys?", "pair": "The keys were on the kitchen table.",
                "layer": "5", "head": "11", "view": "head-view", "part": "a-b",
            },
        ),
        Experiment(
            "nothing-to-find",
            _("Nothing to look for"),
            _("Where does a head look when there is nothing to find?"),
            _(
                "Layer 5, head 6 spends most of its attention on [CLS], which means nothing by itself. Look at all heads: most of those in "
                "layers 2 to 5 have that bright first column. High attention is not the same as importance."
            ),
            {"model": "minilm", **PLOT, "layer": "4", "head": "5", "view": "explorer"},
        ),
        Experiment(
            "habit",
            _("A habit, measured"),
            _("Is it a habit, or was it this one sentence?"),
            _(
                "The head that looks back does so in a hundred film reviews, not only in one sentence: layer 1, head 3 gives the previous token "
                "practically everything. Now colour by *On [CLS]*: from layer 2 on many heads rest there, on average with almost a third of their attention."
            ),
            {"model": "minilm", "layer": "0", "head": "2", "sample": "rotten_tomatoes", "colour": "previous", "view": "what-heads-do"},
        ),
        Experiment(
            "cls",
            _("Where [CLS] comes in"),
            _("How much of each vector comes from [CLS] in the end?"),
            _(
                "After one layer about 15% of a vector comes from [CLS], after six about 60%: drag the slider. Rollout counts every glance at [CLS] as "
                "information, though heads rest there when they have nothing to find. Flow sees no bottleneck anywhere, and hardly tells the tokens apart."
            ),
            {"model": "minilm", **PLOT, "token": "8", "view": "flow"},
        ),
        Experiment(
            "without-look-back",
            _("Without the head that looks back"),
            _("What is lost when one head is switched off?"),
            _(
                "Layer 1, head 3 carries word order, and it is off. The vectors move by about 13% in layer 1, and by half of that after layer 5: what is "
                "missing is partly made up for. Switch the whole of layer 6 off instead: nothing comes after it, and the vectors move by 46%."
            ),
            {"model": "minilm", **PLOT, "off": "0.2", "view": "ablation"},
        ),
        *_with_classifier(classifier),
    )  # fmt: skip


def _with_classifier(classifier: str) -> tuple[Experiment, ...]:
    """The experiments that need one."""
    base = began_with(classifier)
    changed = Experiment(
        "fine-tuned",
        _("What fine-tuning changed"),
        _("Which heads does fine-tuning change?"),
        _(
            "The same sentence in a classifier and in the model it started from. Which layers changed most? Click the brightest head: where does it "
            "look now, and where did it look before?"
        ),
        {"model": classifier, **PLOT, "other_model": base, "view": "compare"},
    )
    measured = Experiment(
        "importance",
        _("Attention or importance?"),
        _("Is the word with the most attention the most important one?"),
        _(
            "Find the word with the most attention, then look what leaving it out does to the answer. Write another sentence: the correlations change, "
            "even their sign. Attention shows where information was taken from, not what was made of it."
        ),
        {"model": classifier, **PLOT, "view": "explanation"},
    )
    return (changed, measured) if base else (measured,)


def _chinese() -> tuple[Experiment, ...]:
    """Heads of the multilingual model on Chinese sentences."""
    return (
        Experiment(
            "zh-look-ahead",
            _("A head that looks ahead"),
            _("Can a head work without reading any meaning?"),
            _(
                "Layer 3, head 7 gives the next token 94% of its attention, whatever the token is. In Chinese too it carries the order of the words. "
                "Write a sentence of your own: the stripe stays."
            ),
            {**READER, "text": OPENINGS["zh"]["text"], "layer": "2", "head": "6", "view": "explorer"},
        ),
        Experiment(
            "zh-apple",
            _("Which apple?"),
            _("How does 苹果 learn that it is a company?"),
            _(
                "In layer 3, head 2 the token 苹果 puts half of its attention on 手机. Then write 树上结满了红苹果。 and look where 苹果 looks now, and in which layer."
            ),
            {**READER, "text": "苹果发布了新款手机。", "layer": "2", "head": "1", "view": "head-view"},
        ),
        Experiment(
            "zh-it",
            _("Which one is 它?"),
            _("Does the model know what 它 stands for?"),
            _(
                "因为它 is one piece here, so 它 has no vector of its own. In layer 12, head 4 that piece gives 狗 0.47. Write 宽 for 累, so that the road is meant: "
                "狗 gets 0.52, even more. The head has a habit; it has understood nothing."
            ),
            {**READER, "text": "那只狗没有过马路，因为它太累了。", "layer": "11", "head": "3", "view": "explorer"},
        ),
        Experiment(
            "zh-question",
            _("A Chinese question and its answer"),
            _("Where do a question and its answer meet?"),
            _(
                "Only the links from the question to the answer are shown. In layer 6, head 6 钥匙 finds 钥匙 with 0.74; in layer 12, head 5 哪儿 finds 桌子."
            ),
            {**READER, "text": "钥匙放在哪儿了？", "pair": "钥匙在厨房的桌子上。", "layer": "5", "head": "5", "view": "head-view", "part": "a-b"},
        ),
        Experiment(
            "zh-nothing",
            _("Nothing to look for, in Chinese"),
            _("Where does a head look when there is nothing to find?"),
            _(
                "Layer 5, head 6 gives `<s>`, the first token, 94% of its attention; in layers 2 to 5 most heads rest there. What [CLS] is to an English BERT, `<s>` is here."
            ),
            {**READER, "text": OPENINGS["zh"]["text"], "layer": "4", "head": "5", "view": "explorer"},
        ),
    )  # fmt: skip
