"""Scores as Plotly figures: predicted against true ones, how far off they are along the scale, one score on its scale.

This module does not know which page shows a figure, and measures nothing.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures.style import ABOVE, ACCENT, BELOW, CATEGORIES, Translate, blank, faded, safe
from core.metrics import METRICS
from core.results import Measure
from core.tasks.scores import Scores

SPREAD = 0.012  # of the scale: by how much points are moved, so that equal ones are seen


def scatter(scores: Scores, *, text: Translate = str) -> go.Figure:
    """Predicted against true scores, a point each, with the line on which a perfect model puts them all."""
    true = np.array([point.true for point in scores.points])
    predicted = np.array([point.predicted for point in scores.points])
    low, high = float(min(true.min(), predicted.min())), float(max(true.max(), predicted.max()))
    room = 0.04 * ((high - low) or 1.0)
    moved = true + np.random.default_rng(0).uniform(-1, 1, len(true)) * SPREAD * ((high - low) or 1.0)
    figure = blank(380, x=text("True score"), y=text("Predicted score"), title=text("Predicted against true"))
    figure.add_scatter(
        x=[low, high],
        y=[low, high],
        mode="lines",
        line={"color": CATEGORIES[-1], "dash": "dash", "width": 2},
        name=text("perfect"),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=moved,
        y=predicted,
        mode="markers",
        name=text("a row of the test"),
        marker={"color": ACCENT, "size": 8, "opacity": 0.6},
        customdata=true,
        hovertemplate="%{customdata:.3g} → %{y:.3f}<extra></extra>",
    )
    figure.update_layout(
        showlegend=False,
        xaxis={"range": [low - room, high + room]},
        yaxis={"range": [low - room, high + room]},
    )
    return figure


def residuals(scores: Scores, *, text: Translate = str) -> go.Figure:
    """How much too high or too low the scores are on average in each part of the scale."""
    bands = scores.bands
    figure = blank(
        380, x=text("True score"), y=text("Too high by, on average"), title=text("Where on the scale it is wrong")
    )
    figure.add_bar(
        x=[f"{band.low:.3g}–{band.high:.3g}" for band in bands],
        y=[band.bias for band in bands],
        marker={"color": [ABOVE if band.bias >= 0 else BELOW for band in bands], "cornerradius": 4},
        text=[f"{'▲' if band.bias >= 0 else '▼'} {band.bias:+.2f}" for band in bands],
        textposition="outside",
        cliponaxis=False,
        customdata=[(band.n, band.error) for band in bands],
        hovertemplate="%{x}: %{y:+.3f}<br>n = %{customdata[0]}, ±%{customdata[1]:.3f}<extra></extra>",
    )
    reach = 1.25 * max((abs(band.bias) for band in bands), default=0.0) or 1.0
    figure.update_layout(
        showlegend=False, xaxis={"type": "category"}, yaxis={"range": [-reach, reach], "zeroline": True}
    )
    return figure


def ways(rows: Sequence[tuple[str, Measure]], metric: str, *, text: Translate = str) -> go.Figure:
    """One METRICS id of several ways to answer, each with its 95% interval. rows: (title, measure), the first of them accented."""
    figure = blank(max(220, 110 + 38 * len(rows)), x=text(METRICS[metric].title), title=text("Beside simpler ways"))
    for place, (name, row) in enumerate(rows):
        low, high = row.bounds
        figure.add_scatter(
            x=[row.value],
            y=[place],
            mode="markers",
            marker={
                "color": CATEGORIES[-1] if place else ACCENT,
                "symbol": "square" if place else "circle",
                "size": 13,
            },
            error_x={"type": "data", "array": [high - row.value], "arrayminus": [row.value - low], "thickness": 2},
            hovertemplate=f"{safe(name)}<br>{row.value:.3f} ({low:.3f}–{high:.3f})<extra></extra>",
        )
    figure.update_layout(
        showlegend=False,
        yaxis={
            "tickmode": "array",
            "tickvals": list(range(len(rows))),
            "ticktext": [safe(name) for name, _ in rows],
            "autorange": "reversed",
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
        },
    )
    return figure


def histogram(values: Sequence[float], *, text: Translate = str) -> go.Figure:
    """How the scores of a dataset are spread."""
    figure = blank(320, x=text("Score"), y=text("Rows"), title=text("Rows per score"))
    figure.add_histogram(x=list(values), nbinsx=20, marker={"color": ACCENT}, hovertemplate="%{x}: %{y}<extra></extra>")
    figure.update_layout(showlegend=False, bargap=0.05)
    return figure


def on_scale(score: float, low: float, high: float) -> go.Figure:
    """One score as a bar from the beginning of its scale; what lies beyond the scale is drawn at its end."""
    shown = min(max(score, low), high)
    room = 0.02 * (high - low)
    figure = blank(110)
    figure.add_bar(
        x=[shown - low], y=[""], base=low, orientation="h", marker={"color": ACCENT, "cornerradius": 4}, hoverinfo="skip"
    )  # fmt: skip
    figure.add_bar(
        x=[high - shown], y=[""], base=shown, orientation="h", marker={"color": faded(CATEGORIES[-1]), "cornerradius": 4}, hoverinfo="skip"
    )  # fmt: skip
    figure.update_layout(
        showlegend=False,
        barmode="overlay",
        xaxis={
            "range": [low - room, high + room],
            "tickvals": np.linspace(low, high, 6).tolist(),
            "tickformat": "~g",
            "fixedrange": True,
        },
        yaxis={"showticklabels": False, "fixedrange": True},
        bargap=0.2,
    )
    return figure
