"""The same text under every tokenizer at hand."""

from dataclasses import replace

import streamlit as st

from core import vocabulary
from core.figures import tokens as token_figures
from core.tokens import check_text
from pages.shared import charts, choices
from pages.shared.cached import models as cached_models
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _
from pages.shared.snippets import tokens as snippets
from pages.topics.tokens import tokenizers
from pages.topics.tokens.sentence import shared_text, typed_to_pick


def show(model: str) -> str:
    """The same text under every tokenizer; returns the code that gives the same pieces."""
    typed_to_pick(model, "", pick=False)
    text = shared_text()
    check_text(text)
    names = tokenizers.available(model)
    ready = tokenizers.trained()
    found = {name: cached_tokens.spelling(name, text) for name in names}
    all_rows = [replace(row, name=tokenizers.title(name)) for name, row in found.items()]
    made_rows = [vocabulary.spelling(made.tokenizer, text, name=asked.title) for asked, made in ready]
    if len(all_rows) + len(made_rows) > 1:
        charts.plot(
            token_figures.spellings([*all_rows, *made_rows], text=_),
            key="tokens_spellings",
            alt=_("How many tokens the sentence is under each tokenizer; the pieces are below"),
        )
    for name, row in zip(names, all_rows, strict=True):
        tokenizers.row(row, cached_models.tokenizer(name, -1).unk_token_id)
    for (_asked, made), row in zip(ready, made_rows, strict=True):
        tokenizers.row(row, made.tokenizer.unk_token_id)
    tokenizers.train_form()
    if ready:
        st.header(_("What each merge or piece did"), anchor=False)
        titles = {i: asked.title for i, (asked, _made) in enumerate(ready)}
        chosen = choices.listed(
            _("Trained tokenizer"), titles, choices.kept("tokenizers_learned", titles, 0), key="tokenizers_learned"
        )
        tokenizers.learned_table(ready[chosen][1], text)
    if len(names) == 1:
        st.caption(
            _(
                "Only one model is on this machine. Others appear here once they have been fetched from the hub, for example by choosing them above."
            )
        )
    return snippets.spellings(names, text)
