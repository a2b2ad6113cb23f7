"""Attention maps as Plotly figures.

This module does not know which page shows a figure, and computes no weights.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core import attention
from core.figures.style import DIFFERENCES, TICKS, WEIGHTS, Translate, blank, scale_below, short
from core.results import AttentionMaps, Tokens


def _token_axis(tokens: Tokens, positions: Sequence[int], title: str) -> dict[str, object]:
    """A category axis of tokens. Equal tokens are kept apart by their position; few are all written, many as there is room."""
    names = attention.labels(tokens)
    axis: dict[str, object] = {"title": title, "type": "category", "showgrid": False, "zeroline": False, "ticks": ""}
    if len(positions) <= TICKS:
        axis |= {
            "tickmode": "array",
            "tickvals": list(range(len(positions))),
            "ticktext": [short(names[i]) for i in positions],
        }
    return axis


def attention_heatmap(
    maps: AttentionMaps,
    layer: int,
    head: int,
    *,
    view: attention.View = "all",
    to_largest: bool = False,
    beside: Tokens | None = None,
    text: Translate = str,
) -> go.Figure:
    """One head's weights: a row for each token that looks, a column for each token it looks at.

    Colours go from 0 to 1, with `to_largest` from 0 to the largest weight shown. view: a part of a pair; its weights
    are what they are in the whole, so its rows do not sum to 1. beside: the tokens of the map that stands beside this one,
    in line with it. Raises UserError as attention.head and select do.
    """
    rows, columns = attention.select(maps.tokens, view)
    weights = np.ascontiguousarray(
        attention.head(maps, layer, head)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    )
    return token_map(
        maps.tokens,
        rows,
        columns,
        weights,
        title=text("Layer {layer}, head {head}: where each token looks").format(layer=layer + 1, head=head + 1),
        largest=float(weights.max()) if to_largest else 1,
        beside=beside,
        text=text,
    )


def token_map(
    tokens: Tokens,
    rows: Sequence[int],
    columns: Sequence[int],
    values: np.ndarray,
    *,
    title: str,
    largest: float = 1,
    difference: bool = False,
    bar: str = "",
    beside: Tokens | None = None,
    text: Translate = str,
) -> go.Figure:
    """A number for each pair of tokens: a row for each position that looks, a column for each that it looks at.

    values: shape (rows, columns), drawn on a scale from 0 to `largest`; with `difference` from −largest to largest, where 0
    is neutral. bar: what the numbers are. beside: the tokens of the map that stands beside this one, in line with it.
    """
    few = max(len(rows), len(columns)) <= TICKS
    names = [short(name) for name in attention.labels(tokens)]
    slanting = [names[i] for i in columns] + [short(name) for name in (attention.labels(beside) if beside else ())]
    above = 80 + 7 * max(len(name) + (0 if few else 6) for name in slanting)  # title, axis title, labels
    # pixels that slanting labels need beyond the last column, where the columns are narrow
    right = max(8, *(5 + 3 * len(names[i]) - 9 * back for back, i in enumerate(reversed(columns))))
    figure = blank(min(980, above + 60 + (26 if few else 7) * len(rows)), title=title)
    hover = (
        text("from {source} to {target}<br>change {weight}")
        if difference
        else text("from {source} to {target}<br>weight {weight}")
    )
    figure.add_heatmap(
        z=values,
        x=[f"{names[i]} ({i})" for i in columns],
        y=[f"{names[i]} ({i})" for i in rows],
        colorscale=DIFFERENCES if difference else WEIGHTS,
        zmin=-largest if difference else 0,
        zmax=largest,
        xgap=1 if few else 0,
        ygap=1 if few else 0,
        colorbar=scale_below(bar or text("attention weight (0–1)")),
        hovertemplate=hover.format(source="%{y}", target="%{x}", weight="%{z:+.4f}" if difference else "%{z:.4f}")
        + "<extra></extra>",
    )
    figure.update_layout(
        xaxis=_token_axis(tokens, columns, text("to (key)")) | {"side": "top", "automargin": False, "tickangle": -60},
        yaxis=_token_axis(tokens, rows, text("from (query)")) | {"autorange": "reversed", "automargin": True},
        margin={"t": above, "b": 60, "r": right},
    )
    figure.update_layout(title={"yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 10}})
    return figure
