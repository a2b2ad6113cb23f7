"""A lesson of 45 minutes: stops that open a page in the state that is spoken of, with what to do, what to ask, and the answer.

It does not know what the pages show; a test opens every stop.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st

from core import models
from pages.shared import experiments, inputs, layout, path, sight
from pages.shared.i18n import _, language

OPEN = "lesson_open"  # session key: whether the plan stands open
VOTE = {"vote": experiments.VOTE}  # the class is asked before the page shows what the model says
FILL = {"model": "minilm", "view": "mlm", "text": "I love eating [MASK]."}
MULTILINGUAL = {"model": models.MULTILINGUAL}


@dataclass(frozen=True)
class Stop:
    """A stop of the lesson. page: a row of STEPS; minutes: how long it takes; link: the shared values that its page opens with."""

    page: str
    minutes: int
    link: Mapping[str, str]
    do: str
    ask: str
    answer: str


def stops() -> tuple[Stop, ...]:
    """The stops in their order, with Chinese sentences on a Chinese page where a model here reads them."""
    see = _see_in_chinese() if language() == "zh" and models.availability(models.MULTILINGUAL) == "here" else _see()
    return (*see, *_train_and_use())


def _see() -> tuple[Stop, ...]:
    return (
        Stop(
            "tokens", 5,
            {"experiment": "rare-word", "view": "tokens", "text": "Untokenizable words are spelled, not unknown"},
            _("Let the class name rare words: family names, typing errors, made-up words. Type them."),
            _("What does the model get for a word that its vocabulary lacks?"),
            _("Pieces that the vocabulary has; ## marks those that continue a word. Nothing is lost, unless a character itself is missing: then the word is [UNK]."),
        ),
        Stop(
            "encoder", 6,
            {"experiment": "which-bank", "view": "weights", "text": "She sat on the bank of the river.", "layer": "0", "head": "4", "token": "5"},
            _("Follow the row of *bank* from left to right, then go through the layers with →."),
            _("Which word changes the vector of *bank*? Does a layer replace the vector?"),
            _("In layer 1, head 5 it is *river*. A layer adds to the vector and does not replace it: “plus X” and “plus N” are the residual connections."),
        ),
        Stop(
            "attention", 7,
            {**VOTE, "experiment": "tired", "view": "explorer", "text": "The animal did not cross the street because it was too tired.", "layer": "3", "head": "1"},
            _("Take a vote before you look. Then write *wide* instead of *tired*, and take another."),
            _("What does *it* stand for, and does the model agree?"),
            _("With *tired* the head looks at *animal*. With *wide* that weight falls by more than half, yet *street* does not win: a head has a habit, it has not understood."),
        ),
        Stop(
            "embeddings", 5,
            {**VOTE, "experiment": "bank", "view": "word", "uses": "bank"},
            _("Let the class guess a layer, then compare *bank* with *bat* and *light*."),
            _("From which layer on can the two meanings be told apart?"),
            _("Not before the first: there a word has one vector in all sentences, but for its place. The dotted line marks the layer where the meanings are furthest apart; it differs from word to word."),
        ),
    )  # fmt: skip


def _see_in_chinese() -> tuple[Stop, ...]:
    return (
        Stop(
            "tokens", 5,
            {**MULTILINGUAL, "experiment": "zh-pieces", "view": "tokens", "text": "我喜欢自然语言处理。"},
            _("Let the class name rare words: family names, typing errors, made-up words. Type them."),
            _("Is a Chinese character a token?"),
            _("Not always: frequent words such as 喜欢 and 语言 are one piece of this vocabulary; rare characters stand alone."),
        ),
        Stop(
            "encoder", 6,
            {**MULTILINGUAL, "experiment": "zh-bank", "view": "weights", "text": "她坐在河边的银行门口等人。", "layer": "11", "head": "3", "token": "6"},
            _("Follow the row of 银行 from left to right, then go through the layers with →."),
            _("Which word changes the vector of 银行? Does a layer replace the vector?"),
            _("In layer 12, head 4 it is 河. A layer adds to the vector and does not replace it: “plus X” and “plus N” are the residual connections."),
        ),
        Stop(
            "attention", 7,
            {**VOTE, **MULTILINGUAL, "experiment": "zh-it", "view": "explorer", "text": "那只狗没有过马路，因为它太累了。", "layer": "11", "head": "3"},
            _("Take a vote before you look. Then write 宽 for 累, and take another."),
            _("What does 它 stand for, and does the model agree?"),
            _("With 累 the head looks at 狗, and with 宽, where the road is meant, at 狗 again: a head has a habit, it has not understood."),
        ),
        Stop(
            "embeddings", 5,
            {**VOTE, **MULTILINGUAL, "experiment": "zh-apple", "view": "word", "uses": "pingguo"},
            _("Let the class guess a layer, then compare 苹果 with 打."),
            _("From which layer on can the two meanings be told apart?"),
            _("Not before the first: there a word has one vector in all sentences, but for its place. The dotted line marks the layer where the meanings are furthest apart; it differs from word to word."),
        ),
    )  # fmt: skip


def _train_and_use() -> tuple[Stop, ...]:
    return (
        Stop(
            "pretraining", 6,
            {**VOTE, **FILL, "experiment": "pizza"},
            _("Let the class guess, then hide other words with a click, and let it guess again."),
            _("Nobody has labelled anything. What did the model learn from, and how sure should it be here?"),
            _("From texts with holes. *food* and *it* are the likeliest, each with about 7%: many words fit, so it is right to be unsure."),
        ),
        Stop(
            "finetune", 7,
            {"experiment": "four-sentences", "data": "article-example", "preset": "quick", "changes": '{"batch_size": 1, "epochs": 50.0, "evaluations": 1}'},
            _("Press Start once, at your own machine; the class finds the run on Runs and watches the same curves."),
            _("The accuracy becomes 1. Has the model learnt to judge sentences?"),
            _("It knows four sentences by heart, and was measured on these very four, as the page says. Only sentences that it never saw can tell."),
        ),
        Stop(
            "playground", 6,
            {**VOTE, "model": "minilm-sentiment", "experiment": "not-bad", "view": "one", "text": "Not bad at all."},
            _("Take a vote, look at the marks below the words, then press Next until you come to the sarcasm."),
            _("Two negative words: what will the model say, and which words does it go by?"),
            _("Positive: it reads *not* and *bad* together. Irony it mostly takes at its word, since nothing in the text says so."),
        ),
        Stop(
            "article", 3,
            {"verdict": "wrong"},
            _("Read the claims aloud and let the class decide; open one after the other."),
            _("Which of these claims would you have believed?"),
            _("None of them holds; what is true stands in each, with evidence computed at that moment."),
        ),
    )  # fmt: skip


def show() -> None:
    """The plan, closed until somebody wants it, and the same as a sheet to take away. Who comes back to it finds it as it was."""
    part = st.expander(
        _("For teachers: a lesson of 45 minutes"),
        expanded=st.session_state.get(OPEN, False),
        key="lesson",
        icon=":material/co_present:",
        on_change=_toggled,
    )
    with part:
        if st.session_state.get(OPEN) and inputs.came_back():
            sight.come("lesson")
        st.markdown(
            _("Eight stops, each a link that opens the page as it is spoken of. Where the class is to vote or to guess, the page shows the question alone until you press “Show what the model says”. Press Present there for a projector; Back brings you to this plan.")
        )  # fmt: skip
        for when, stop in _timed():
            left, right = st.columns([1, 3], gap="medium")
            with left:
                st.page_link(
                    path.file(stop.page),
                    label=_("{minutes} min · {page}").format(minutes=when, page=_(path.STEPS[stop.page].title)),
                    icon=path.STEPS[stop.page].icon,
                    query_params=_query(stop),
                )
            with right:
                st.markdown(f"{stop.do}  \n**{stop.ask}**  \n{stop.answer}")
        layout.downloads([layout.Download(_("The plan as a sheet"), "lesson.md", "text/markdown", _sheet())], "lesson")


def _toggled() -> None:
    st.session_state[OPEN] = st.session_state["lesson"]


def _timed() -> Iterator[tuple[str, Stop]]:
    """Each stop with its minutes, such as "5–11"."""
    begin = 0
    for stop in stops():
        yield f"{begin}–{begin + stop.minutes}", stop
        begin += stop.minutes


def _query(stop: Stop) -> dict[str, str]:
    """The address of a stop."""
    return inputs.as_query(stop.link) | {"lang": language()}


def _sheet() -> str:
    """The plan as Markdown, with whole addresses."""
    here = str(st.context.url or "").partition("?")[0].rstrip("/").removesuffix("/home")
    parts = ["# " + _("For teachers: a lesson of 45 minutes") + "\n"]
    for when, stop in _timed():
        title = _("{minutes} min · {page}").format(minutes=when, page=_(path.STEPS[stop.page].title))
        address = f"{here}/{stop.page}?{urlencode(_query(stop))}"
        parts.append(f"## {title}\n\n<{address}>\n\n{stop.do}\n\n**{stop.ask}**\n\n{stop.answer}\n")
    return "\n".join(parts)
