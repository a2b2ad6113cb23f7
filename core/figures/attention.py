"""Attention maps as Plotly figures: one head large, all heads small.

This module does not know which page shows a figure, and computes no weights.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core import attention
from core.figures.style import CATEGORIES, DIFFERENCES, WEIGHTS, Translate, blank, matrix_png, short
from core.results import AttentionMaps, Tokens

TICKS = 48  # tokens up to which every one is written at the axis
SHADES = 24  # colours of the small maps: more would be seen by nobody and sent to everybody
TILE = 48  # pixels a head's tile has at least along its longer side


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


def _scale_below(text: Translate) -> dict[str, object]:
    """A colour scale lying under the picture, where it takes no width."""
    title = {"text": text("attention weight (0–1)"), "side": "top"}
    return {
        "title": title,
        "orientation": "h",
        "thickness": 10,
        "len": 240,
        "lenmode": "pixels",
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yanchor": "top",
        "ypad": 8,
    }


def attention_heatmap(
    maps: AttentionMaps,
    layer: int,
    head: int,
    *,
    view: attention.View = "all",
    to_largest: bool = False,
    text: Translate = str,
) -> go.Figure:
    """One head's weights: a row for each token that looks, a column for each token it looks at.

    Colours go from 0 to 1, with `to_largest` from 0 to the largest weight shown. view: a part of a pair; its weights
    are what they are in the whole, so its rows do not sum to 1. Raises UserError as attention.head and select do.
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
    text: Translate = str,
) -> go.Figure:
    """A number for each pair of tokens: a row for each position that looks, a column for each that it looks at.

    values: shape (rows, columns), drawn on a scale from 0 to `largest`; with `difference` from −largest to largest, where 0
    is neutral. bar: what the numbers are.
    """
    few = max(len(rows), len(columns)) <= TICKS
    names = [short(name) for name in attention.labels(tokens)]
    above = 74 + 6 * max(len(names[i]) + (0 if few else 6) for i in columns)  # title, axis title, slanting labels
    figure = blank(min(980, above + 60 + (26 if few else 7) * len(rows)), title=title)
    hover = (
        text("from {source} to {target}<br>change {weight}")
        if difference
        else text("from {source} to {target}<br>weight {weight}")
    )
    scale = _scale_below(text)
    figure.add_heatmap(
        z=values,
        x=[f"{names[i]} ({i})" for i in columns],
        y=[f"{names[i]} ({i})" for i in rows],
        colorscale=DIFFERENCES if difference else WEIGHTS,
        zmin=-largest if difference else 0,
        zmax=largest,
        xgap=1 if few else 0,
        ygap=1 if few else 0,
        colorbar=scale | {"title": {"text": bar, "side": "top"}} if bar else scale,
        hovertemplate=hover.format(source="%{y}", target="%{x}", weight="%{z:+.4f}" if difference else "%{z:.4f}")
        + "<extra></extra>",
    )
    figure.update_layout(
        xaxis=_token_axis(tokens, columns, text("to (key)")) | {"side": "top", "automargin": False, "tickangle": -60},
        yaxis=_token_axis(tokens, rows, text("from (query)")) | {"autorange": "reversed", "automargin": True},
        margin={"t": above, "b": 60},
    )
    figure.update_layout(title={"yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 10}})
    return figure


def heads_grid(heads: attention.Overview, *, selected: tuple[int, int], text: Translate = str) -> go.Figure:
    """All heads as small maps, layers down and heads across, the selected (layer, head) outlined.

    A colour stands for the same weight in every map; the scale follows the square root, so that weak weights show. An invisible
    point in the middle of each map carries (layer, head) as customdata, so that a click can choose.
    """
    layers, count, height, width = heads.tiles.shape
    zoom = -(-TILE // max(height, width))
    shades = np.round(np.sqrt(heads.tiles) * SHADES) / SHADES
    tiles = shades.repeat(zoom, axis=2).repeat(zoom, axis=3)
    gap = 1 + max(tiles.shape[2:]) // 20
    framed = np.pad(tiles, ((0, 0), (0, 0), (gap, gap), (gap, gap)), constant_values=np.nan)
    sheet = framed.transpose(0, 2, 1, 3).reshape(layers * framed.shape[2], count * framed.shape[3])
    figure = blank(150 + 78 * layers, title=text("All heads: brighter is more attention"))
    figure.add_layout_image(
        source=matrix_png(sheet, 0, 1), x=0.5, y=0.5, sizex=count, sizey=layers, xref="x", yref="y",
        xanchor="left", yanchor="top", sizing="stretch", layer="below",
    )  # fmt: skip
    where = [(layer, head) for layer in range(layers) for head in range(count)]
    ticks = (0.0, 0.05, 0.2, 0.5, 1.0)
    figure.add_scatter(
        x=[head + 1 for _, head in where],
        y=[layer + 1 for layer, _ in where],
        customdata=where,
        mode="markers",
        marker={
            "symbol": "square", "size": 44, "opacity": 0, "color": [0] * len(where), "colorscale": WEIGHTS, "cmin": 0, "cmax": 1,
            "colorbar": _scale_below(text) | {"tickvals": [tick**0.5 for tick in ticks], "ticktext": [f"{tick:g}" for tick in ticks]},
        },
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        hovertemplate=text("layer {layer}, head {head}").format(layer="%{y}", head="%{x}") + "<extra></extra>",
    )  # fmt: skip
    layer, head = selected
    figure.add_shape(
        type="rect", x0=head + 0.5, x1=head + 1.5, y0=layer + 0.5, y1=layer + 1.5, line={"color": CATEGORIES[5], "width": 3}
    )  # fmt: skip
    plain = {"showgrid": False, "zeroline": False, "tickmode": "linear", "tick0": 1, "dtick": 1, "fixedrange": True}
    figure.update_layout(
        xaxis=plain | {"title": text("Head"), "side": "top", "range": [0.5, count + 0.5]},
        yaxis=plain | {"title": text("Layer"), "range": [layers + 0.5, 0.5]},
        margin={"t": 84, "b": 60},
        title={"yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 10}},
        showlegend=False,
        hovermode="closest",
        clickmode="event+select",
        dragmode=False,
    )
    return figure
