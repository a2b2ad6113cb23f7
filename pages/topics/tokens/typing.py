"""The text box whose tokens follow the typing: the Python side of pages/components/typing.js.

The shared value "text" stays the one source of truth. The box sends its text with a number; the number of the last one
that was taken goes back with the tokens, so that the box can tell an answer to something it has typed over since from
a text that was set elsewhere (an experiment, the address). Used inside a fragment, only the fragment runs while
somebody types; once the typing rests, the whole page follows. This module does not know what the page does with the
tokens.
"""

from collections.abc import Sequence

import streamlit as st

from core import tokens as core_tokens
from core.results import Token, Tokens
from pages.shared import components, inputs, layout
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _

KEY = "typing"
NUMBER = "typing_number"  # of the last text that came from the box
KNOWN = "typing_known"  # the last text that came from the box or was given to it
_mount = components.part("typing", "chips")


def _take_typed() -> None:
    """Take over what was typed, unless a button that was pressed at the same moment has set another text."""
    typed = st.session_state[KEY]["typed"]
    if inputs.get("text") == st.session_state.get(KNOWN):
        inputs.put("text", core_tokens.clean(str(typed["text"])))
        st.session_state[KNOWN] = inputs.get("text")
    st.session_state[NUMBER] = int(typed["n"])


def _take_picked() -> None:
    source, word = st.session_state[KEY]["picked"]
    inputs.put("word", f"{int(source)}:{int(word)}")


def _seen(token: Token) -> dict[str, object]:
    return {
        "text": token.text,
        "id": token.id,
        "kind": token.kind,
        "start": token.start,
        "end": token.end,
        "source": token.source,
        "word": token.word,
        "position": token.position,
        "segment": token.segment,
        "attended": token.attended,
    }


def _words(pick: bool) -> dict[str, object]:
    """Everything the box says, in the visitor's language."""
    return {
        "label": _("Sentence"),
        "placeholder": _("Type a sentence, for example: I love eating pizza"),
        "whiteSpace": _("Show white space"),
        "tokens": _("The tokens of the sentence; the arrow keys go from one to the next"),
        "hint": _("Click a token to see how its word is cut. Point at text or tokens to see what belongs together.")
        if pick
        else _("Point at the text, a token or a row to see what belongs together."),
        "kinds": {kind: layout.kind_name(kind) for kind in layout.KINDS},
        "id": _("id"),
        "position": _("position"),
        "segment": _("segment"),
        "characters": _("characters"),
        "pair": _("second sentence"),
        "table": _("Every token with its id, kind, place in the text, position, segment and attention mask"),
    }


def columns() -> tuple[str, ...]:
    """The columns of the table below the tokens."""
    return (
        _("Token"),
        _("Id"),
        _("What it is"),
        _("Characters"),
        _("In the text"),
        _("Position id"),
        _("Segment id"),
        _("Attention mask"),
    )


def box(
    model: str,
    pair: str = "",
    max_length: int = 0,
    pad_to: int = 0,
    *,
    table: Sequence[str] = (),
    pick: bool = False,
    chosen: str = "",
) -> Tokens | None:
    """The sentence's box with its tokens below; returns the tokens, or None while there is no text.

    Use it inside an @st.fragment. table: the columns of a table of the tokens (`columns()`), () for none. pick: a click
    on a token puts its word, "source:index", into the shared value "word". chosen: the word that is underlined.
    """
    shared = inputs.get("text")
    if "\r" in shared:  # a text box has line feeds only: places in the text must count the same on both sides
        shared = shared.replace("\r\n", "\n").replace("\r", "\n")
        inputs.put("text", shared)
    st.session_state[KNOWN] = shared
    text = inputs.within_limit(shared)
    result = cached_tokens.tokens(model, text, pair, max_length, pad_to) if text.strip() else None
    events = _mount(
        key=KEY,
        data={
            "n": st.session_state.get(NUMBER, 0),
            "text": shared,
            "pair": result.pair if result else "",
            "tokens": [_seen(token) for token in result.tokens] if result else [],
            "columns": list(table),
            "pick": pick,
            "chosen": chosen,
            "words": _words(pick),
        },
        on_typed_change=_take_typed,
        on_settled_change=lambda: None,
        on_picked_change=_take_picked,
    )
    if events.settled is not None or events.picked is not None:
        st.rerun()
    return result
