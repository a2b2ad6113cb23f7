"""Pre-training: what BERT learnt before any fine-tuning, asked of the model and text in front of you."""

import streamlit as st

from core import families, models
from core.errors import UserError
from pages.shared import i18n, inputs, layout
from pages.shared.cached import models as cached_models
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _
from pages.topics.pretraining import corruption, experiments, generation, mlm, next_sentence, scoring
from pages.topics.pretraining.masking import as_written

PAGE = "pretraining"
HEADS: dict[str, str] = {
    "mlm": "mlm",
    "score": "mlm",
    "nsp": "nsp",
    "generation": "mlm",
}  # topic → head it needs


def _topics() -> dict[str, str]:
    """The page's topics by the id of their view."""
    return {
        "mlm": _("Fill in the mask"),
        "corruption": _("Corruption"),
        "score": _("Score a sentence"),
        "nsp": _("Next sentence"),
        "generation": _("Generation, honestly"),
        "learn": _("Watch it learn"),
    }


def _headless(model: str, head: str) -> None:
    """A model without the head: which one it lacks, and a button to one that has it."""
    sentence = UserError(families.HEADS[head].missing, name=models.title(model))
    st.warning(layout.plain(i18n.error_text(sentence)), icon=":material/warning:")
    st.button(_("Use minilm instead"), type="primary", on_click=inputs.put, args=("model", "minilm"))


def _topic(topic: str, model: str, text: str, cut: int) -> str:
    """One topic; returns the code behind it."""
    if topic == "mlm":
        return mlm.show(model, text, cut)
    if topic == "corruption":
        return corruption.show(model, text, cut)
    if topic == "score":
        return scoring.show(model, text, cut)
    if topic == "generation":
        return generation.show(model, text, cut)
    return next_sentence.show(model, text, inputs.get("pair"), cut)


def _ask(topic: str, model: str, text: str, cut: int) -> str:
    """One topic about a text, and what of the text did not fit; returns the code behind it."""
    pair = inputs.pair(PAGE, label=_("Second sentence")) if topic == "nsp" else ""
    code = ""
    with layout.mistakes():
        text = as_written(model, text) if topic != "nsp" else text
        tokens = cached_tokens.tokens(model, text, pair, cut)  # says at once what is wrong with a text
        if tokens.unknown:
            st.info(
                _(
                    "{unknown} of the {count} tokens are not in this model's vocabulary: it knows only that something stands there. Choose a model of the text's language."
                ).format(unknown=tokens.unknown, count=len(tokens.tokens)),
                icon=":material/translate:",
            )
        with layout.mistakes():
            head = HEADS.get(topic)
            if head is not None and not cached_models.has_head(model, head):
                _headless(model, head)
            else:
                code = _topic(topic, model, text, cut)
        layout.what_was_cut(tokens)
    return code


def _learn(topics: dict[str, str]) -> None:
    """Runs that pre-train."""
    from pages.topics.pretraining import learn  # here, because the Trainer behind it takes long to import

    with layout.mistakes():
        learn.take_over()  # may set another model
    model = inputs.model(PAGE)
    inputs.segment("view", PAGE, topics, _("Topic"))
    with layout.mistakes():
        learn.show(model)


with layout.page(
    _("Pre-training"),
    _(
        "Before it saw a single label, BERT read billions of words with holes in them and learnt to fill the holes, and to tell whether one sentence follows "
        "another. Ask it both, and watch it learn."
    ),
    opens_in="en",  # the heads that come with the studio read English
):
    topics = _topics()
    topic = inputs.settle_view(PAGE, topics)
    code = ""
    if topic == "learn":
        _learn(topics)
    else:
        model, text = inputs.model_and_sentence(PAGE)
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        with left:
            inputs.segment("view", PAGE, topics, _("Topic"))
        with right:
            cut = inputs.cut(PAGE, cached_models.tokenizer(model).model_max_length)
        code = _ask(topic, model, text, cut)
    layout.experiments("pretraining", experiments.rows())
    if code:
        layout.show_code(code)
