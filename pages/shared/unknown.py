"""Where the model in view lacks characters of a text: one line that says so, and the ways to a model that reads them.

This module does not know what a page shows of the text.
"""

from collections.abc import Callable

import streamlit as st

from core import models
from core.results import Tokens
from core.scripts import is_chinese
from pages.shared import inputs
from pages.shared.i18n import _, ngettext
from pages.shared.words import plain

SHOWN = 6  # characters that are named
CHINESE_HEAD = {"model": models.MULTILINGUAL, "data": "chinese-reviews", "run": ""}


def lacking(tokens: Tokens) -> str:
    """The first few different characters that became [UNK], with spaces between them."""
    texts = (tokens.text, tokens.pair)
    found = {
        character: None
        for token in tokens.tokens
        if token.kind == "unknown" and token.source is not None
        for character in texts[token.source][token.start : token.end]
        if not character.isspace()
    }
    return " ".join([*found][:SHOWN]) + (" …" if len(found) > SHOWN else "")


def offer(model: str, tokens: Tokens, ways: Callable[[], None] | None = None) -> None:
    """Beside a picture: how many tokens are [UNK] and which characters they were, with a button to a model that has them.

    ways: draws what leads on in place of that button, where a page asks a head, which the other model does not have.
    """
    if not tokens.unknown:
        return
    written = [token for token in tokens.tokens if token.source is not None]
    line = ngettext(
        "{unknown} of {count} tokens is [UNK]: the vocabulary of {model} lacks {characters}",
        "{unknown} of {count} tokens are [UNK]: the vocabulary of {model} lacks {characters}",
        tokens.unknown,
    ).format(unknown=tokens.unknown, count=len(written), model=model, characters=lacking(tokens))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(":material/translate: " + plain(line), width="content")
        if ways is not None:
            ways()
            return
        for other in (models.MULTILINGUAL, "bert-base-multilingual-cased"):
            if other != model and models.availability(other) in ("here", "hub"):
                if st.button(_("Use {model}").format(model=other), key="unknown_switch", type="primary"):
                    inputs.put("model", other)
                    st.rerun()
                break
        st.page_link(
            "pages/tokens.py",
            label=_("Train a vocabulary on the spot"),
            icon=":material/abc:",
            query_params=inputs.link() | {"view": "side"},
        )


def to_a_classifier(tokens: Tokens) -> None:
    """Where a classifier can be trained that reads the text."""
    if any(map(is_chinese, tokens.text + tokens.pair)) and models.availability(models.MULTILINGUAL) == "here":
        st.page_link(
            "pages/finetune.py",
            label=_("Fine-tune {model} on Chinese reviews").format(model=models.MULTILINGUAL),
            icon=":material/model_training:",
            query_params=inputs.link() | CHINESE_HEAD,
        )
