"""A Plotly figure on a page: its two scales in the colours of the visitor's theme, legible type, and one button, that saves it.

This module does not know what a figure shows.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

import plotly.graph_objects as go
import streamlit as st

from core.figures import style
from core.figures.style import FONT
from pages.shared import inputs

HIGHEST = 640  # pixels that a figure may grow to with its type
AXIS = re.compile("[xy]axis[0-9]*")
PRESENTED = 1.5  # times the type of a page that is shown to a class
# Streamlit's stand-ins for colours of the theme: the browser puts the visitor's in their place.
INK = "#000037"
_IN_THE_THEME = {
    stops: tuple((place, f"#{first + i:06d}") for i, (place, _) in enumerate(stops))
    for stops, first in ((style.SHARES, 11), (style.WEIGHTS, 11), (style.DIFFERENCES, 21))
}


def in_the_theme(figure: go.Figure, times: float = 1.0) -> go.Figure:
    """The figure with the colours of the visitor's theme, and with type that can be read from the back of a classroom.

    times: how much larger still, for a projector. Raises KeyError for a scale that is not the studio's.
    """
    drawn = figure.to_plotly_json()  # a copy in plain dicts: Plotly's own objects take 15 ms to change as much
    traces, layout, size = drawn["data"], drawn["layout"], round(FONT * times)
    type_of = {"size": size, "color": INK}
    if times != 1.0:
        _within(layout, "title", "font")["size"] = size
        layout["height"] = max(layout["height"], min(round(layout["height"] * times), HIGHEST))
    layout["modebar"] = {"bgcolor": "rgba(0,0,0,0)"}
    _within(layout, "legend", "font").update(type_of)
    _within(layout, "hoverlabel", "font")["size"] = size
    for name in [name for name in layout if AXIS.fullmatch(name)]:
        _written(layout[name], type_of)
    for note in layout.get("annotations", ()):
        font = _within(note, "font")
        font |= {"size": max(size, font.get("size", 0)), "color": INK}
    for trace in traces:
        if trace["type"] == "heatmap":
            trace["colorscale"] = _IN_THE_THEME[tuple(map(tuple, trace["colorscale"]))]
            _written(_within(trace, "colorbar"), type_of)
            _within(trace, "textfont")["size"] = size
        if trace["type"] == "bar":  # Plotly would write it smaller in a narrow bar
            _within(trace, "textfont")["size"] = size
            _within(trace, "outsidetextfont")["color"] = INK
            trace["constraintext"] = "none"
    return go.Figure(drawn, _validate=False)  # what Plotly has checked when the figure was made


def _within(drawn: dict[str, Any], *names: str) -> dict[str, Any]:
    """The part of a drawing under these names, one in the other; an empty one where there is none yet."""
    for name in names:
        drawn = drawn.setdefault(name, {})
    return drawn


def _written(axis: dict[str, Any], type_of: dict[str, Any]) -> None:
    """Write the numbers and the title of an axis or of a scale in this type."""
    _within(axis, "tickfont").update(type_of)
    _within(axis, "title", "font").update(type_of)


def plot(
    figure: go.Figure,
    key: str,
    alt: str,
    *,
    on_select: Callable[[], None] | Literal["rerun"] | None = None,
    selection_mode: str | Sequence[str] = ("points", "box", "lasso"),
    tools: Sequence[str] = (),
) -> Any:
    """Draw the figure; returns what is selected in it. alt: what it shows, in a sentence. tools: Plotly's own, where they are needed."""
    chosen: dict[str, Any] = {"on_select": on_select, "selection_mode": selection_mode} if on_select else {}
    return st.plotly_chart(
        in_the_theme(figure, PRESENTED if inputs.get("present") == "1" else 1.0),
        key=key,
        alt=alt,
        **chosen,
        config={
            "displaylogo": False,
            "modeBarButtons": [[*tools, "toImage"]],
            "toImageButtonOptions": {"filename": key, "scale": 2},
        },
    )
