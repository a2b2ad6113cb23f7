"""Tokens: what the model really reads while you type, how each piece came about, and what other vocabularies would do."""

import streamlit as st

from core.errors import UserError
from pages.shared import i18n, inputs, layout, path
from pages.shared.cached import models as cached_models
from pages.shared.experiments import of, strip
from pages.shared.i18n import _
from pages.shared.snippets import tokens as snippets
from pages.topics.tokens import dataset, entries, experiments, languages, sentence, side_by_side, word

BEHIND_OPTIONS = {"tokens": ("pair", "cut"), "data": ("cut",)}  # view → the shared values chosen there

with layout.page(
    _("Tokens"),
    path.step("tokens")
    + _(
        "A model does not read words: it reads numbers. See how a sentence is cut into the pieces of the vocabulary, "
        "which number each piece has, and what is added or lost on the way."
    ),
):
    bar = inputs.toolbar("tokens", sentence=False, options=BEHIND_OPTIONS.get(inputs.get("view") or "tokens", ()))
    model = bar.model
    cached_models.tokenizer(model)  # a model that cannot be had is said before anything is drawn
    view = inputs.topic(
        "tokens",
        {
            "tokens": _("Tokens"),
            "word": _("How a word is cut"),
            "side": _("Side by side"),
            "languages": _("Languages"),
            "vocabulary": _("Vocabulary"),
            "data": _("Your data"),
        },
    )
    strip("tokens", of(experiments.rows(), {view}))
    code = ""
    try:
        if view == "tokens":
            pad_to = sentence.show(model, bar.options)
            text, pair, limit = (
                sentence.shared_text(),
                inputs.get("pair"),
                cached_models.tokenizer(model).model_max_length,
            )
            code = snippets.tokens(model, text, pair, min(int(inputs.get("cut")), limit), pad_to)
        elif view == "word":
            word.show(model)
        elif view == "side":
            code = side_by_side.show(model)
        elif view == "languages":
            code = languages.show(model)
        elif view == "vocabulary":
            entries.show(model)
        else:
            dataset.show(model, bar.options)
    except UserError as error:
        st.error(layout.plain(i18n.error_text(error)), icon=":material/error:")

    if code:
        layout.show_code(code)
    path.footer("tokens")
