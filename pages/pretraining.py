"""Pre-training: what BERT learnt before any fine-tuning, asked of the model and text in front of you."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import models
from pages.shared import inputs, layout, path, unknown
from pages.shared.cached import models as cached_models
from pages.shared.cached import tokens as cached_tokens
from pages.shared.experiments import of, strip
from pages.shared.i18n import _
from pages.topics.pretraining import corruption, experiments, generation, heads, mlm, next_sentence, scoring
from pages.topics.pretraining.masking import as_written

PAGE = "pretraining"
HEADS: dict[str, str] = {
    "mlm": "mlm",
    "score": "mlm",
    "nsp": "nsp",
    "generation": "mlm",
}  # topic → head it needs
BEHIND_OPTIONS = {
    "mlm": ("models",),
    "corruption": ("seed",),
    "generation": ("length", "temperature", "top_k", "seed"),
}  # topic → the shared values chosen there, besides the cut


def _topics() -> dict[str, str]:
    """The page's topics by the id of their view."""
    return {
        "mlm": _("Fill in the mask"),
        "corruption": _("Corruption"),
        "score": _("Score a sentence"),
        "nsp": _("Next sentence"),
        "generation": _("Writing with BERT, and its limits"),
        "learn": _("Watch it learn"),
    }


def _encoder_behind(model: str, head: str) -> None:
    """Which encoder these numbers are of, where the head has one of its own, and why they differ from other pages'."""
    behind = models.encoder_behind(model, head)
    if behind != model:
        st.caption(
            ":material/info: "
            + _("**{behind}** answers here: {model} trained further together with this head.").format(
                behind=behind, model=model
            ),
            help=_("So the same sentence has other vectors and other attention here than on the other pages."),
        )


def _topic(topic: str, model: str, text: str, cut: int, above: DeltaGenerator) -> str:
    """One topic; returns the code behind it. above: a place above the picture, of what is seldom chosen, or of the answer."""
    if topic == "mlm":
        return mlm.show(model, text, cut, above)
    if topic == "corruption":
        return corruption.show(model, text, cut, above)
    if topic == "score":
        return scoring.show(model, text, cut)
    if topic == "generation":
        return generation.show(model, text, cut, above)
    return next_sentence.show(model, text, inputs.get("pair"), cut, above)


def _ask(topic: str, model: str, text: str, cut: int, options: DeltaGenerator) -> str:
    """One topic about a text, and what of the text did not fit; returns the code behind it.

    options: the place of what is seldom chosen.
    """
    pair, beside, code = "", options, ""
    if topic == "nsp":
        left, beside = st.columns([3, 2], vertical_alignment="bottom")
        with left:
            pair = inputs.pair(PAGE, label=_("Second sentence"))
    with layout.mistakes():
        text = as_written(model, text) if topic != "nsp" else text
        tokens = cached_tokens.tokens(model, text, pair, cut)  # says at once what is wrong with a text
        head = HEADS.get(topic)
        examples = (row for row in of(experiments.rows(), {topic}) if row.values["model"] == heads.BUNDLED)
        example = next(examples, None)
        with layout.mistakes():
            lacking = head is not None and not cached_models.has_head(model, head)
            unknown.offer(model, tokens, lambda: None if lacking else heads.offer(tokens, head or "mlm", example))
            if head is not None and lacking:
                heads.missing(model, head, tokens, example)
            else:
                if head == "mlm":
                    _encoder_behind(model, head)
                code = _topic(topic, model, text, cut, beside)
                if head == "nsp":  # with a line for the second sentence its picture would begin too low
                    _encoder_behind(model, head)
        layout.what_was_cut(tokens)
    return code


def _learn(topics: dict[str, str]) -> None:
    """Runs that pre-train."""
    from pages.topics.pretraining import learn  # here, because the Trainer behind it takes long to import

    with layout.mistakes():
        learn.take_over()  # may set another model
    model = inputs.toolbar(PAGE, sentence=False).model
    inputs.topic(PAGE, topics)
    strip(PAGE, of(experiments.rows(), {"learn"}))
    with layout.mistakes():
        learn.show(model)


with layout.page(
    _("Pre-training"),
    path.step("pretraining")
    + _(
        "Before it saw a single label, BERT read billions of words with holes in them and learnt to fill the holes, and to tell whether one sentence follows "
        "another. Ask it both, and watch it learn."
    ),
    opens_in="en",  # the heads that come with the studio read English
    resets=(*inputs.OF_PICTURES, "learn", "corpus", "pasted", "plan", "learning"),
):
    topics = _topics()
    topic = inputs.settle_view(PAGE, topics)
    code = ""
    if topic == "learn":
        _learn(topics)
    else:
        bar = inputs.toolbar(PAGE, options=("cut", *BEHIND_OPTIONS.get(topic, ())))
        with bar.options:
            cut = inputs.cut(PAGE, cached_models.tokenizer(bar.model).model_max_length)
        inputs.topic(PAGE, topics)
        strip(PAGE, of(experiments.rows(), {topic}))
        code = _ask(topic, bar.model, bar.text, cut, bar.options)
    if code:
        layout.show_code(code)
    path.footer("pretraining")
