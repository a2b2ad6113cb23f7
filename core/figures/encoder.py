"""Steps of the encoder as Plotly figures: one matrix large, and what a change of the computation does layer by layer.

This module does not know which page shows a figure, and computes no step itself.
"""

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures.style import (
    ACCENT,
    DIFFERENCES,
    TICKS,
    WEIGHTS,
    Translate,
    blank,
    faded,
    scale_below,
    short,
    width_of,
)

LEANING = 60  # degrees of names below a column
BELOW_NUMBERS = 52  # pixels for an axis of numbers and its title
SCALE = 56  # and for the scale of colours with its title and numbers, below them


def matrix(
    values: np.ndarray,
    names: Sequence[str],
    *,
    title: str,
    across: str,
    row: int,
    blocks: tuple[int, int] = (1, 1),
    weights: bool = False,
    square: bool = False,
    text: Translate = str,
) -> go.Figure:
    """A step's matrix, a row for each token: values around zero in two colours, weights from 0 to 1 in one scale.

    values: (rows, columns), each standing for blocks[0] × blocks[1] numbers; names: one per token. across: title of the
    columns. row: the chosen token, framed. square: the columns are tokens too.
    """
    tall, wide = blocks
    rows, columns = values.shape
    few = len(names) <= TICKS
    size = float(np.quantile(np.abs(values), 0.995)) or 1.0
    numbered = [
        f"{short(names[i * tall])} ({i * tall})" if i * tall < len(names) else str(i * tall) for i in range(rows)
    ]
    shown = [short(names[i * tall]) for i in range(rows)] if few else numbered
    plain: dict[str, object] = {"automargin": False, "showgrid": False, "zeroline": False}
    written: dict[str, object] = {"tickmode": "array", "tickvals": numbered, "ticktext": shown} if few else {}
    y_axis = plain | {"autorange": "reversed"} | written
    x_axis, below = plain | {"title": {"text": across, "standoff": 4}}, BELOW_NUMBERS
    if square:
        labels = [short(name) for name in names] if few else numbered
        below += math.ceil(math.sin(math.radians(LEANING)) * width_of(labels))
        x_axis |= written | {"tickangle": -LEANING}
    elif columns <= 12:
        x_axis |= {"tickmode": "linear", "tick0": 1, "dtick": 1}
    place = row // tall
    frame = {"type": "rect", "xref": "x domain", "x0": 0, "x1": 1, "yref": "y", "y0": place - 0.5, "y1": place + 0.5, "line": {"color": ACCENT, "width": 2}}  # fmt: skip
    figure = blank(
        min(620, 120 + (24 if few else 5) * max(rows, 2)) + (70 if square and few else 0) + SCALE,
        title=title,
        xaxis=x_axis,
        yaxis=y_axis,
        margin={"l": width_of(shown), "r": 12, "b": below + SCALE, "autoexpand": False},
        shapes=[frame] if rows > 1 else [],
    )
    figure.add_heatmap(
        z=values.astype(np.float32),
        x=numbered if square else np.arange(columns) * wide + 1,
        y=numbered,
        colorscale=WEIGHTS if weights else DIFFERENCES,
        zmin=0 if weights else -size,
        zmax=1 if weights else size,
        colorbar=scale_below(text("weight") if weights else text("value"), room=below - 8),
        hovertemplate="%{y} · %{x}<br>%{z:.4f}<extra></extra>",
    )
    return figure


def differences(values: Sequence[float], *, text: Translate = str) -> go.Figure:
    """The largest difference from the library after the embeddings and after each layer, on a logarithmic scale with 0 below."""
    names = [text("embeddings"), *(str(i) for i in range(1, len(values)))]
    figure = blank(230, x=text("after layer"), y=text("max |Δ|"))
    figure.add_scatter(
        x=names,
        y=[max(value, 1e-9) for value in values],
        mode="markers+lines",
        marker={"size": 9, "color": ACCENT},
        line={"width": 1.5, "color": faded(ACCENT)},
        customdata=[f"{value:.1e}" for value in values],
        hovertemplate="%{x}: %{customdata}<extra></extra>",
    )
    figure.add_hline(y=1e-5, line={"dash": "dot", "width": 1.5, "color": "#8C8C8C"}, annotation_text=text("our limit, 0.00001"))  # fmt: skip
    figure.update_layout(
        xaxis={"type": "category"},
        yaxis={
            "type": "log",
            "range": [-9.3, max(-4.3, math.log10(max(*values, 1e-9)) + 0.5)],
            "tickvals": [10.0**power for power in range(-9, 3)],
            "ticktext": ["0", "10⁻⁸", "10⁻⁷", "10⁻⁶", "10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1", "10", "100"],
        },
    )
    return figure


def effect(values: np.ndarray, means: Sequence[float], *, title: str, y: str, text: Translate = str) -> go.Figure:
    """How a measure of change grows over the layers: the mean over the tokens, and a band from the least to the most changed.

    values: (L+1, T), means: L+1; the first is what goes into the first layer.
    """
    names = [text("embeddings"), *(str(i) for i in range(1, len(means)))]
    figure = blank(280, title=title, x=text("after layer"), y=y)
    low, high = values.min(axis=1), values.max(axis=1)
    figure.add_scatter(
        x=[*names, *names[::-1]], y=[*high, *low[::-1]], fill="toself", mode="none", fillcolor=faded(ACCENT), hoverinfo="skip", name=text("least and most changed token")
    )  # fmt: skip
    figure.add_scatter(
        x=names, y=list(means), mode="lines+markers", line={"width": 2.5, "color": ACCENT}, name=text("mean over the tokens"),
        hovertemplate="%{x}: %{y:.4f}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        xaxis={"type": "category"},
        legend={"y": -0.32, "yanchor": "top"},
        margin={"b": 70},
    )
    return figure
