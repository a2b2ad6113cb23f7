"""The sentence as the model reads it: its tokens while it is typed, and what was cut."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import settings
from core.results import Tokens
from core.scripts import separates_words
from core.tokens import check_text
from pages.shared import inputs, layout, unknown
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _, ngettext, sentences
from pages.topics.tokens import typing


def show(model: str, options: DeltaGenerator) -> int:
    """The sentence as the model reads it; returns how many tokens it is filled up to, 0 for no padding.

    options: the place of what is seldom chosen.
    """
    tokenizer = cached_models.tokenizer(model)
    limit = tokenizer.model_max_length
    with options:
        pair, max_length = inputs.pair_and_cut("tokens", model)
        pad_to = st.number_input(
            _("Pad to (tokens)"),
            0,
            limit,
            0,
            key="pad_to",
            help=_("Fill up with [PAD], as in a batch with longer texts. 0 means no padding."),
        )
    typed(model, pair, max_length, int(pad_to))
    check_text(shared_text())
    st.caption(
        sentences(
            _(
                "{start} and {end} are not in your text: every input begins with {start}, whose vector can stand for the whole, and each text ends "
                "with {end}."
            ).format(start=layout.plain(str(tokenizer.cls_token)), end=layout.plain(str(tokenizer.sep_token)))
            if tokenizer.cls_token and tokenizer.sep_token
            else "",
            _(
                "Id: the row of the word embedding table. Position id: which position embedding is added. Segment id: which of the "
                "two segment embeddings is added. Attention mask: 1 where the model may look, 0 for padding."
            ),
        )
    )
    return int(pad_to)


@st.fragment
def typed(model: str, pair: str, max_length: int, pad_to: int) -> None:
    """The sentence, its tokens and their counts: computed first, and alone while somebody types."""
    with layout.mistakes():
        result = typing.box(model, pair, max_length, pad_to, table=typing.columns())
        if result:
            numbers(result)


@st.fragment
def typed_to_pick(model: str, chosen: str, pick: bool = True) -> None:
    """The sentence and its tokens; a click chooses a word."""
    with layout.mistakes():
        typing.box(model, pick=pick, chosen=chosen)


def shared_text() -> str:
    """The sentence as far as a page works on it."""
    return inputs.get("text")[: settings.MAX_TEXT_CHARS.value()]


def numbers(result: Tokens) -> None:
    """What was cut, and four counts."""
    layout.what_was_cut(result)
    unknown.offer(result.model, result)
    real = [token for token in result.tokens if token.source is not None]
    columns = st.columns(4)
    attended = sum(token.attended for token in result.tokens)
    special = attended - len(real)
    columns[0].metric(
        _("Number of tokens"),
        attended,
        ngettext("{count} of them special", "{count} of them special", special).format(count=special)
        if special
        else None,
        delta_color="off",
        delta_arrow="off",
        help=_("Special tokens included, padding left out."),
    )
    texts = ((result.text, result.cut), (result.pair, result.cut_pair))
    read = " ".join(text[: len(text) - len(cut)] for text, cut in texts)
    if separates_words(result.text + result.pair):
        columns[1].metric(_("Words"), result.words, help=_("Separated by white space."))
        columns[2].metric(
            _("Tokens per word"),
            f"{len(real) / max(1, len(read.split())):.2f}",
            help=_(
                "Special tokens left out, counted on what was not cut. 1.00 means that every word is in the vocabulary as a whole."
            ),
        )
    else:
        characters = sum(not character.isspace() for character in result.text + result.pair)
        columns[1].metric(
            _("Characters"),
            f"{characters:,}",
            help=_("Spaces left out. This script writes no space between words, so characters are counted instead."),
        )
        columns[2].metric(
            _("Tokens per character"),
            f"{len(real) / max(1, len(''.join(read.split()))):.2f}",
            help=_("Special tokens left out, counted on what was not cut."),
        )
    columns[3].metric(
        _("Unknown"),
        result.unknown,
        help=_("Pieces the vocabulary cannot spell at all: the model reads [UNK] in their place."),
    )
