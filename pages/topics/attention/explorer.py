"""The attention explorer on a page: what the browser gets, what it asks for, and the file to take away.

It sends only what is on screen and the heads next to it, and keeps what was chosen in the shared values, so that the rest of the page
and the address follow. This module does not know how a map is drawn.
"""

import hashlib
from typing import cast

import streamlit as st

from core import attention, html
from core.errors import UserError
from pages.shared import components, i18n, inputs, layout
from pages.shared.cached import attention as cached_attention
from pages.shared.i18n import _

KEY = "attention_explorer"
CHOSEN = "attention_explorer_mean"  # (input, layer, head, map): a mean stays chosen until another head is
FIRST = 32_000  # bytes of maps beside the chosen one, with the overview
NEXT = 600_000  # … and without

_mount = components.part("attention_explorer")


def _name(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _asked() -> dict[str, object]:
    """What the browser asks for, or nothing; it may be about an input of a moment ago."""
    state = st.session_state.get(KEY)
    ask = state.get("ask") if state else None
    return cast(dict[str, object], ask) if isinstance(ask, dict) else {}


def _take() -> None:
    """Make the chosen head, the masked tokens and the look of the picture known to the page."""
    ask = _asked()
    wanted, positions, look, document = ask.get("map"), ask.get("masked"), ask.get("look"), ask.get("id")
    shape = st.session_state.get(f"{KEY}_shape")
    if not isinstance(wanted, int) or not isinstance(positions, list) or not shape or shape[0] != document:
        return
    layers, heads, count, *shown = shape[1:]
    layer, head = divmod(wanted, heads + 1)
    if 0 <= layer < layers and head < heads:
        inputs.put("layer", layer)
        inputs.put("head", head)
        st.session_state.pop(CHOSEN, None)
    elif 0 <= wanted <= layers * (heads + 1):
        st.session_state[CHOSEN] = (document, *shown, wanted)
    places = sorted({int(p) for p in positions if isinstance(p, int | float) and 0 <= p < count})
    inputs.put("map_masked", ",".join(map(str, places)))
    if isinstance(look, list):
        inputs.put("map_look", ",".join(name for name in html.LOOKS if name in look))


def _masked(document: str, count: int) -> tuple[int, ...]:
    """The positions, of so many tokens, that are masked in this input: those that were chosen for it or that the address asks for."""
    chosen = inputs.get("map_masked")
    places = inputs.meant("map_masked", {chosen: document}, "") if chosen else ""
    found = {int(place) for place in places.split(",") if place.isdecimal() and len(place) < 6}
    return tuple(sorted(place for place in found if place < count))


def _neighbours(index: int, layers: int, heads: int, size: int, budget: int) -> list[int]:
    """The maps that an arrow key would lead to, as far as there is room for their bytes."""
    layer, head = divmod(index, heads + 1)
    steps = [(layer, head + 1), (layer + 1, head), (layer, head - 1), (layer - 1, head)]
    near = [y * (heads + 1) + x for y, x in steps if 0 <= y < layers and 0 <= x <= heads]
    return near[: budget // size]


def explorer(model: str, text: str, pair: str, layer: int, head: int, part: attention.View, cut: int) -> None:
    """All heads in small and one of them large, for hovering, masking, comparing and taking away.

    layer, head: the chosen head; choosing another in the picture sets the shared values. part: the part of a pair.
    """
    atlas = cached_attention.atlas(model, text, pair, cut)
    document = _name(model, text, pair, cut, part)
    st.session_state[f"{KEY}_shape"] = (document, atlas.layers, atlas.heads, len(atlas.tokens.tokens), layer, head)
    mean = st.session_state.get(CHOSEN)
    chosen = atlas.index(layer, head)
    if mean and mean[:3] == (document, layer, head):
        chosen = mean[3]
    masked = _masked(document, len(atlas.tokens.tokens))
    look = inputs.get("map_look").split(",")
    after: attention.Atlas | None = None
    try:
        after = cached_attention.atlas(model, text, pair, cut, masked) if masked else None
    except UserError as error:
        inputs.put("map_masked", "")
        st.info(layout.plain(i18n.error_text(error)), icon=":material/info:")
    ask = _asked()
    tiles = ask.get("id") != document or not ask.get("have")
    rows, columns = attention.select(atlas.tokens, part)
    size = len(rows) * len(columns) * (2 if after else 1)
    near = _neighbours(chosen, atlas.layers, atlas.heads, size, FIRST if tiles else NEXT)
    held = ask.get("held") if not tiles and ask.get("masked") == list(masked) else []
    full = [index for index in (chosen, *near) if not isinstance(held, list) or index not in held]
    number = ask.get("number")
    payload = html.explorer_payload(
        atlas,
        chosen=chosen,
        full=full,
        after=after,
        view=part,
        tiles=tiles,
        document=document,
        look=look,
        answers=number if isinstance(number, int) else 0,
        text=_,
    )
    _mount(key=KEY, data=payload, on_ask_change=_take)

    def document_file() -> str:
        return html.explorer_document(
            atlas,
            script=components.script("attention_explorer"),
            style=(components.FOLDER / "attention_explorer.css").read_text(encoding="utf-8"),
            chosen=chosen,
            view=part,
            look=look,
            text=_,
        )

    st.download_button(
        _("Download the explorer as one HTML file that works offline"),
        document_file,
        file_name="attention-explorer.html",
        mime="text/html",
        icon=":material/download:",
        on_click="ignore",
        key=f"{KEY}_download_{i18n.language()}",
    )
