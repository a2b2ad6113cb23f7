"""Several labels at once, as Plotly figures: which labels go together, and the probability of each beside its threshold.

This module does not know which page shows a figure, and measures nothing.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures.predictions import HATCHED
from core.figures.style import ACCENT, CATEGORIES, FONT, SHARES, Translate, blank, class_axis, safe, scale_below

CELLS_WITH_TEXT = 10  # labels up to which the cells carry their numbers
MOST_LABELS = 20


def together(labels: Sequence[str], counts: Sequence[Sequence[int]], title: str, *, text: Translate = str) -> go.Figure:
    """Of the texts that have the label of a row, which share also has that of a column. counts: C × C, as of LabelSets; title: translated."""
    both = np.array(counts)
    own = both.diagonal()
    shares = both / np.maximum(own, 1)[:, None]
    shares[np.arange(len(own)), np.arange(len(own))] = np.nan  # all of them, which says nothing
    shares[own == 0] = np.nan
    size = len(labels)
    template = text("{first} and {second}: {count:,} of {total:,} texts with {first} ({share:.0%})")
    alone = text("{first}: {total:,} texts")
    hover = [
        [
            (alone if i == j or not own[i] else template).format(
                first=safe(labels[i]), second=safe(labels[j]), count=both[i, j], total=own[i], share=shares[i, j]
            )
            for j in range(size)
        ]
        for i in range(size)
    ]  # fmt: skip
    cells = [["" if np.isnan(share) else f"{100 * share:.0f}" for share in row] for row in shares]
    figure = blank(290 + 34 * size, title=title)
    figure.add_heatmap(
        z=shares, customdata=hover, hovertemplate="%{customdata}<extra></extra>", colorscale=SHARES, zmin=0, zmax=1, xgap=2, ygap=2,
        hoverongaps=False, colorbar=scale_below(text("share of the row's texts"), room=96) | {"tickformat": ".0%"},
        text=cells if size <= CELLS_WITH_TEXT else None, texttemplate="%{text}" if size <= CELLS_WITH_TEXT else None,
    )  # fmt: skip
    figure.update_layout(
        xaxis=class_axis(labels, "") | {"tickangle": -45},
        yaxis=class_axis([f"{label} ({count:,})" for label, count in zip(labels, own, strict=True)], "")
        | {"autorange": "reversed"},
    )
    return figure


def chances(probabilities: Mapping[str, float], thresholds: Mapping[str, float], *, text: Translate = str) -> go.Figure:
    """The probability of each label by itself as bars, filled where it is given, with a mark at its threshold.

    All in the model's order, or the likeliest where there are too many for one picture.
    """
    labels = list(probabilities)
    if len(labels) > MOST_LABELS:
        labels = sorted(labels, key=lambda label: -probabilities[label])[:MOST_LABELS]
    given = [probabilities[label] >= thresholds[label] for label in labels]
    figure = blank(max(170, 110 + 34 * len(labels)), x=text("Probability"))
    figure.add_bar(
        name=text("probability"),
        x=[probabilities[label] for label in labels],
        y=list(range(len(labels))),
        orientation="h",
        marker={
            "color": [ACCENT if one else CATEGORIES[-1] for one in given],
            "pattern": {"shape": ["" if one else "/" for one in given]} | HATCHED,
            "cornerradius": 4,
        },
        customdata=[[safe(label), thresholds[label]] for label in labels],
        hovertemplate=text("{label}: {value} (given from {threshold} on)").format(
            label="%{customdata[0]}", value="%{x:.4f}", threshold="%{customdata[1]:.3f}"
        )
        + "<extra></extra>",
        showlegend=False,
    )
    figure.add_scatter(
        name=text("threshold of the label"),
        x=[thresholds[label] for label in labels],
        y=list(range(len(labels))),
        mode="markers",
        marker={"symbol": "line-ns", "size": 22, "line": {"width": 3, "color": CATEGORIES[1]}},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[1.02] * len(labels),
        y=list(range(len(labels))),
        mode="text",
        text=[f"{probabilities[label]:.1%}{' ✓' if one else ''}" for label, one in zip(labels, given, strict=True)],
        textposition="middle right",
        textfont={"size": FONT},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_layout(
        showlegend=True,
        bargap=0.35,
        xaxis={"range": [0, 1.2], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%", "fixedrange": True},
        yaxis=class_axis(labels, "") | {"autorange": "reversed", "fixedrange": True},
    )
    return figure
