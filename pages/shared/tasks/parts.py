"""What the views of several tasks have in common: which rows a result comes from, and token chips of a training row."""

from collections.abc import Iterable

import streamlit as st

from core.results import RunReport
from pages.shared import cached, layout, words
from pages.shared.i18n import _

PREVIEW_TOKENS = 40


def measured_on(report: RunReport) -> str:
    """The rows that a report's result comes from, and what they were used for before; a sentence goes on after it."""
    assert report.measured is not None
    if report.memorised:
        text = _("On {counted} that it was trained on")
    elif report.split == "test":
        text = _("On {counted} that it did not train on")
    else:
        text = _(
            "On {counted} of the validation rows, which also chose the best checkpoint, so that it looks a little better than it is,"
        )
    return text.format(counted=words.counted(report.measured))


def reading(model: str, text: str, pair: str, max_length: int) -> None:
    """The beginning of a training row as the model reads it, and what of it is never read."""
    result = cached.tokens(model, text, pair, max_length)
    shown = result.tokens[:PREVIEW_TOKENS]
    st.html(layout.chips_html(shown, ids=False))
    more = len(result.tokens) - len(shown)
    if more:
        st.caption(_("… and {count} more tokens").format(count=more))
    if result.cut or result.cut_pair:
        st.caption(_("cut at {limit} tokens; this is never read:").format(limit=max_length))
        layout.cut_text(result.cut + result.cut_pair, longest=160)


def likely(guesses: Iterable[tuple[str, float]]) -> str:
    """Words with their probabilities, in one line."""
    return " · ".join(f"{word} {probability:.1%}" for word, probability in guesses)
