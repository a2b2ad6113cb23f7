"""The prepared experiments of the Tokens page."""

from core.models import MULTILINGUAL
from pages.shared.experiments import Experiment, in_chinese
from pages.shared.i18n import _

LONG = (
    "BERT reads at most 512 tokens at once. What comes after that is cut off before the model sees a single word of it, "
    "so the end of a long review, often the verdict itself, may never be read."
)


def rows() -> tuple[Experiment, ...]:
    """What to try."""
    return (
        *in_chinese(_chinese()),
        Experiment(
            "tutorial",
            _("The tutorial's sentence"),
            _("What does the model really get for *I love eating pizza*?"),
            _(
                "The tutorial prints `I [SEP] love [SEP] eating [SEP] pizza [SEP]` with made-up ids. The truth: one "
                "`[CLS]` in front, one `[SEP]` at the end, and with this vocabulary the ids 101 1045 2293 5983 10733 102."
            ),
            {"text": "I love eating pizza", "pair": "", "model": "minilm", "view": "tokens"},
        ),
        Experiment(
            "rare-word",
            _("A word the vocabulary lacks"),
            _("What happens to a word that the vocabulary does not have?"),
            _(
                "Rare words are spelled from pieces; `##` marks a piece that continues a word. Change a letter and watch the pieces change."
            ),
            {
                "text": "Untokenizable words are spelled, not unknown",
                "pair": "",
                "model": "minilm",
                "view": "tokens",
            },
        ),
        Experiment(
            "chinese",
            _("Chinese in an English vocabulary"),
            _("What is left of Chinese in an English vocabulary?"),
            _(
                "Common characters have an entry of their own, others become `[UNK]`: the model cannot tell those apart. multilingual-e5-small has nearly all of them."
            ),
            {"text": "我爱吃披萨，也爱喝咖啡。", "pair": "", "model": "minilm", "view": "tokens"},
        ),
        Experiment(
            "pair",
            _("A question and its answer"),
            _("How does the model tell two texts apart?"),
            _(
                "A pair has one `[CLS]` and two `[SEP]`. The segment, A or B, tells the model which text a token belongs to."
            ),
            {
                "text": "Who wrote the play?",
                "pair": "It was written by an unknown author in 1604.",
                "model": "minilm",
                "view": "tokens",
            },
        ),
        Experiment(
            "too-long",
            _("Too long"),
            _("What happens to the end of a long text?"),
            _("Cut at 16 tokens: the verdict is lost, and no error is raised. That is why the cut text is shown here."),
            {"text": LONG, "pair": "", "cut": "16", "model": "minilm", "view": "tokens"},
        ),
        Experiment(
            "longest-match",
            _("Longest match first"),
            _("Are words cut where their parts meet?"),
            _(
                "*Untokenizable* means *un* + *token* + *izable*, but the vocabulary takes the longest beginning it has, whatever it means: *unto*. "
                "Watch every candidate fail until one fits, then the same with the rest."
            ),
            {
                "text": "Untokenizable words are spelled, not unknown",
                "word": "0:0",
                "model": "minilm",
                "view": "word",
            },
        ),
        Experiment(
            "normalisation",
            _("What normalisation throws away"),
            _("Are *Résumé* and *resume* two words to the model?"),
            _(
                "An uncased vocabulary drops capitals and accents before it looks: *Résumé* and *resume* become the same tokens. "
                "What is dropped here, no layer can bring back."
            ),
            {"text": "Résumé or resume?", "word": "0:0", "model": "minilm", "view": "word"},
        ),
        Experiment(
            "price",
            _("The price of a language"),
            _("What does the same text cost in other languages?"),
            _(
                "The same two sentences, written in many languages, under an English vocabulary: English needs the fewest tokens for each "
                "word, and for some scripts most of what the model reads is letters or [UNK]."
            ),
            {"model": "minilm", "view": "languages", "part": "ratio"},
        ),
        Experiment(
            "news-price",
            _("News in a language the vocabulary lacks"),
            _("What is left of Chinese news under an English vocabulary?"),
            _(
                "Two of three tokens of these news are `[UNK]`, and a model cannot learn from a character it does not see. Choose multilingual-e5-small above: "
                "hardly any is unknown, and the same news need fewer tokens."
            ),
            {"model": "minilm", "view": "data", "data": "topics-zh"},
        ),
        Experiment(
            "neighbours",
            _("Neighbours of a word"),
            _("Does a word mean something before it stands in a sentence?"),
            _(
                "Before any context *king* stands near *queen*, *prince* and *kings*: the first table of numbers already holds some "
                "meaning. Words with two meanings have one place in it all the same."
            ),
            {"model": "minilm", "view": "vocabulary", "query": "king", "part": "all", "entry": "2332"},
        ),
    )


READER = {"model": MULTILINGUAL, "pair": ""}


def _chinese() -> tuple[Experiment, ...]:
    """Where words begin and end in a text without spaces."""
    return (
        Experiment(
            "zh-pieces",
            _("A text without spaces"),
            _("Is a Chinese character a token?"),
            _(
                "This vocabulary of 250,037 pieces has frequent words whole: `喜欢`, `自然`, `语言`, `处理`. Rare characters stand alone. bert-base-chinese "
                "cuts after every character instead. `▁` is the space that would stand before the text."
            ),
            {**READER, "text": "我喜欢自然语言处理。", "view": "tokens"},
        ),
        Experiment(
            "zh-width",
            _("Full width and circled numbers"),
            _("Are `ＮＬＰ` and `NLP` two words to the model?"),
            _(
                "Normalisation (NFKC) turns full-width letters into plain ones and ① into 1, before anything is looked up: the model cannot tell them "
                "apart. Type both ways of writing and compare the numbers."
            ),
            {**READER, "text": "ＮＬＰ模型①号", "view": "tokens"},
        ),
        Experiment(
            "zh-bridge",
            _("The bridge of Nanjing, or its mayor"),
            _("Who decides where a word ends when no space does?"),
            _(
                "`南京 市 长江 大 桥` scores −62.5, `南京 市长 江 大 桥` (the mayor, called Jiang) −63.5: a close call, and the pieces know nothing of bridges. "
                "The sum of the pieces' log-probabilities decides, not the meaning."
            ),
            {**READER, "text": "南京市长江大桥", "word": "0:0", "view": "word"},
        ),
        Experiment(
            "zh-bats",
            _("Bats sold out, or an auction"),
            _("Can the most probable cut be the wrong one?"),
            _(
                "Bats for table tennis are sold out: `乒乓球拍 | 卖完了`. The vocabulary reads an auction: `乒乓球 | 拍卖 | 完了`. Then write 研究生命的起源, "
                "which could begin with a graduate student (研究生) and does not. The layers above have to live with the cut."
            ),
            {**READER, "text": "乒乓球拍卖完了", "word": "0:0", "view": "word"},
        ),
    )
