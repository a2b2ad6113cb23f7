"""How far up the right passages come, as Plotly figures. This module does not know who ranks, and measures nothing."""

from collections.abc import Sequence

import plotly.graph_objects as go

from core.figures.style import ACCENT, CATEGORIES, Translate, blank, safe
from core.tasks.rank_scores import Ranks

DASHES = ("solid", "dash", "dot")
SYMBOLS = ("circle", "square", "diamond")


def recall(rows: Sequence[tuple[str, Ranks]], *, text: Translate = str) -> go.Figure:
    """Recall at k of several ways to rank, with 95% intervals. rows: (title, ranks), the first of them accented."""
    figure = blank(400, x="k", y="Recall@k", title=text("How often the right passage is among the first k"))
    for number, (name, ranks) in enumerate(rows):
        measures = list(ranks.recall.values())
        figure.add_scatter(
            x=[str(k) for k in ranks.recall],
            y=[row.value for row in measures],
            mode="lines+markers",
            name=safe(name),
            line={
                "color": CATEGORIES[number] if number else ACCENT,
                "dash": DASHES[number % 3],
                "width": 2 if number else 3,
            },
            marker={"size": 9, "symbol": SYMBOLS[number % 3]},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [row.bounds[1] - row.value for row in measures],
                "arrayminus": [row.value - row.bounds[0] for row in measures],
            },
            hovertemplate=f"{safe(name)}<br>k = %{{x}}: %{{y:.3f}}<extra></extra>",
        )
    figure.update_layout(
        xaxis={"type": "category"},
        yaxis={"range": [0, 1.02]},
        legend={"orientation": "h", "y": -0.32},
        showlegend=True,
    )
    return figure


def similarities(rows: Sequence[tuple[str, float]], *, text: Translate = str) -> go.Figure:
    """The cosine of each passage with the question as a bar, in the order given."""
    figure = blank(max(150, 90 + 34 * len(rows)), x=text("Similarity to the question (cosine)"))
    figure.add_bar(
        x=[cosine for _name, cosine in rows],
        y=[str(place) for place in range(1, len(rows) + 1)],
        orientation="h",
        marker={"color": [ACCENT, *[CATEGORIES[-1]] * (len(rows) - 1)], "cornerradius": 4},
        text=[f"{cosine:.3f}" for _name, cosine in rows],
        textposition="outside",
        cliponaxis=False,
        customdata=[safe(name) for name, _cosine in rows],
        hovertemplate="%{customdata}<br>%{x:.4f}<extra></extra>",
    )
    figure.update_layout(
        showlegend=False,
        xaxis={"range": [min(0.0, *(cosine for _name, cosine in rows)) - 0.12, 1.12]},
        yaxis={"type": "category", "autorange": "reversed"},
    )
    return figure
