"""Where a decoder looked in its source while it wrote, as a Plotly figure.

This module does not know which page shows a figure, and computes no weights.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures.style import TICKS, WEIGHTS, Translate, blank, scale_below, short


def alignment(
    source: Sequence[str],
    written: Sequence[str],
    weights: np.ndarray,
    probabilities: Sequence[float],
    *,
    title: str,
    text: Translate = str,
) -> go.Figure:
    """A row for each written token, a column for each token of the source.

    weights: (T, S), drawn on a scale from 0 to the largest of them. probabilities: of the written tokens, (T,), told beside the weight.
    """
    few = max(len(source), len(written)) <= TICKS
    columns, rows = ([short(name) for name in names] for names in (source, written))
    above = 80 + 7 * max(len(name) for name in columns)
    right = max(8, *(5 + 3 * len(name) - 9 * back for back, name in enumerate(reversed(columns))))
    figure = blank(min(980, above + 70 + (26 if few else 9) * len(rows)), title=title)
    hover = text("written: {written} (probability {probability})<br>read: {source}<br>weight {weight}")
    figure.add_heatmap(
        z=weights,
        x=list(range(len(columns))),
        y=list(range(len(rows))),
        customdata=[[(row, f"{chance:.2f}", column) for column in columns] for row, chance in zip(rows, probabilities, strict=True)],
        colorscale=WEIGHTS,
        zmin=0,
        zmax=float(weights.max()),
        xgap=1 if few else 0,
        ygap=1 if few else 0,
        colorbar=scale_below(text("attention weight")),
        hovertemplate=hover.format(
            written="%{customdata[0]}", probability="%{customdata[1]}", source="%{customdata[2]}", weight="%{z:.4f}"
        )
        + "<extra></extra>",
    )  # fmt: skip
    plain: dict[str, object] = {"tickmode": "array", "showgrid": False, "zeroline": False, "ticks": ""}
    figure.update_layout(
        xaxis=plain
        | {
            "title": text("read"),
            "tickvals": list(range(len(columns))),
            "ticktext": columns,
            "side": "top",
            "automargin": False,
            "tickangle": -60,
        },
        yaxis=plain
        | {
            "title": text("written"),
            "tickvals": list(range(len(rows))),
            "ticktext": rows,
            "autorange": "reversed",
            "automargin": True,
        },
        margin={"t": above, "b": 60, "r": right},
    )
    figure.update_layout(title={"yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 10}})
    return figure
