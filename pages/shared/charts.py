"""A Plotly figure on a page: its two scales in the colours of the visitor's theme, legible type, and one button, that saves it.

This module does not know what a figure shows.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import plotly.graph_objects as go
import streamlit as st

from core.figures import style
from pages.shared import inputs

PRESENTED = 1.5  # times the type of a page that is shown to a class
# Streamlit's stand-ins for colours of the theme: the browser puts the visitor's in their place.
INK = "#000037"
_IN_THE_THEME = {
    stops: tuple((place, f"#{first + i:06d}") for i, (place, _) in enumerate(stops))
    for stops, first in ((style.SHARES, 11), (style.WEIGHTS, 11), (style.DIFFERENCES, 21))
}


def in_the_theme(figure: go.Figure) -> go.Figure:
    """The figure with the colours of the visitor's theme. Raises KeyError for a scale that is not the studio's."""
    figure.update_layout(legend_font_color=INK)
    for axis in (*figure.select_xaxes(), *figure.select_yaxes()):
        axis.update(tickfont_color=INK, title_font_color=INK)
    figure.update_annotations(font_color=INK)
    for trace in figure.select_traces({"type": "heatmap"}):
        trace.colorscale = _IN_THE_THEME[trace.colorscale]
        trace.colorbar.update(tickfont_color=INK, title_font_color=INK)
    figure.update_traces({"outsidetextfont_color": INK}, {"type": "bar"})
    return figure


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
        style.legible(in_the_theme(figure), PRESENTED if inputs.get("present") == "1" else 1.0),
        key=key,
        alt=alt,
        **chosen,
        config={
            "displaylogo": False,
            "modeBarButtons": [[*tools, "toImage"]],
            "toImageButtonOptions": {"filename": key, "scale": 2},
        },
    )
