"""Tokens as chips that say something about themselves and, where wanted, can be pressed: the Python side of masking.js.

What is pressed is kept by the page in a shared value; this module only carries it there and back. It does not know why a
token is pressed, tinted or outlined.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from core import attention, pretraining
from core.results import Token, Tokens
from pages.shared import components, layout
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _

_mount = components.part("masking", "chips")


@dataclass(frozen=True)
class Chip:
    """One chip. text: in large; small: below it; look: its style classes; about: what pointing at it says.

    pressed: None for a chip that cannot be pressed. group: chips with the same number are pressed together. level: from 0
    to 1, how deeply a chip of the look "tint" is coloured.
    """

    text: str
    about: str
    small: str = ""
    look: str = ""
    pressed: bool | None = None
    group: int | None = None
    level: float | None = None


def as_written(model: str, text: str) -> str:
    """A text with its masks, [MASK] or <mask>, written as the model's family writes them."""
    for word in pretraining.MASK_WORDS:
        text = text.replace(word, str(cached_models.tokenizer(model).mask_token))
    return text


def look(tokens: Sequence[Token], index: int) -> str:
    """The style of a token by its kind; a piece that another follows is joined to it."""
    joined = index + 1 < len(tokens) and tokens[index + 1].kind == "continuation"
    return tokens[index].kind + (" joined" if joined else "") + (" second" if tokens[index].source == 1 else "")


def about(tokens: Tokens, index: int, *more: str) -> str:
    """What a token is, in one line: how it is written, its kind, its place, and what more there is to say."""
    token = tokens.tokens[index]
    parts = (
        attention.labels(tokens)[index],
        layout.kind_name(token.kind),
        _("position {position}").format(position=index),
        *more,
    )
    return " · ".join(part for part in parts if part)


def chips(
    name: str,
    rows: Sequence[Chip],
    *,
    label: str,
    hint: str = "",
    keys: Sequence[tuple[str, str, str]] = (),
    mask: str = "",
    on_press: Callable[[tuple[int, ...]], None] | None = None,
) -> None:
    """Draw chips. label: what they are, for those who do not see them; hint: shown while nothing is pointed at.

    keys: (look, sample, meaning) of each style. mask: what a pressed chip reads. on_press: called with all pressed places
    after each press, before the page runs again.
    """
    # what is pressed is left out of the identity: it is the answer, not the question
    document = hashlib.sha256(repr([(row.text, row.group) for row in rows]).encode()).hexdigest()[:16]
    number = f"{name}_number"

    def take() -> None:
        told = st.session_state[name]["pressed"]
        if told["id"] != document or on_press is None:
            return
        st.session_state[number] = int(told["n"])
        on_press(tuple(sorted({int(place) for place in told["places"] if 0 <= int(place) < len(rows)})))

    _mount(
        key=name,
        data={
            "id": document,
            "n": st.session_state.get(number, 0),
            "mask": mask,
            "tokens": [asdict(row) for row in rows],
            "keys": [list(key) for key in keys],
            "words": {"label": label, "hint": hint},
        },
        on_pressed_change=take,
    )
