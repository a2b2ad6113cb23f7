"""A question among the texts it was asked of, and what labels in words reach beside learning from examples, as Plotly figures.

This module does not know how texts are ranked.
"""

from collections.abc import Sequence

import plotly.graph_objects as go

from core.embeddings import Projection
from core.figures.embeddings import sentence_map
from core.figures.style import CATEGORIES, Translate, blank, safe
from core.results import Measure
from core.search.zero_shot import WAYS, Reached


def question_map(
    projection: Projection,
    texts: Sequence[str],
    groups: Sequence[str],
    question: str,
    near: Sequence[int],
    *,
    height: int = 560,
    text: Translate = str,
) -> go.Figure:
    """A point for each of N texts, a star for the question, rings round the nearest texts.

    projection: one set of N + 1 points in two dimensions, the question's last. groups: the group of each text, "" for none.
    """
    points = projection.points[0]
    without = Projection((points[:-1],), projection.method, projection.explained)
    figure = sentence_map(without, 0, texts, groups, marked=near, height=height, text=text)
    figure.add_scatter(
        x=points[-1:, 0], y=points[-1:, 1], mode="markers", name=text("the question"), hovertemplate=safe(question[:300]) + "<extra></extra>",
        marker={"symbol": "star", "size": 18, "color": CATEGORIES[5], "line": {"width": 1.5, "color": "#ffffff"}},
    )  # fmt: skip
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.06 * (high - low) + 1e-9
    figure.update_layout(
        xaxis={"range": [low[0] - room[0], high[0] + room[0]]},
        yaxis={"range": [low[1] - room[1], high[1] + room[1]]},
        dragmode="pan",
        showlegend=True,
    )
    return figure


def few_examples(none: Measure, reached: Sequence[Reached], *, text: Translate = str) -> go.Figure:
    """Accuracy without an example as a level with its interval, and of every other way by the number of its examples."""
    figure = blank(360, x=text("Examples to learn from"), y=text("Accuracy on the test texts"))
    sizes = list(dict.fromkeys(row.examples for row in reached))
    ends = [min(sizes, default=1) / 1.5, max(sizes, default=2) * 1.5]
    figure.add_scatter(
        x=ends, y=[none.value] * 2, mode="lines", name=text(WAYS["words"]), line={"color": CATEGORIES[0], "width": 3},
        hovertemplate="%{y:.3f}<extra></extra>",
    )  # fmt: skip
    low, high = none.bounds
    figure.add_hrect(y0=low, y1=high, fillcolor=CATEGORIES[0], opacity=0.12, line_width=0)
    for number, way in enumerate(name for name in WAYS if name != "words"):
        rows = [row for row in reached if row.way == way]
        values = [row.accuracy.value for row in rows]
        bounds = [row.accuracy.bounds for row in rows]
        figure.add_scatter(
            x=[row.examples for row in rows], y=values, mode="lines+markers", name=text(WAYS[way]),
            line={"color": CATEGORIES[1 + number], "dash": ("dash", "dot")[number]}, marker={"size": 9, "symbol": ("circle", "square")[number]},
            error_y={"type": "data", "symmetric": False, "array": [b - v for (_, b), v in zip(bounds, values, strict=True)],
                     "arrayminus": [v - a for (a, _), v in zip(bounds, values, strict=True)]},
            hovertemplate="%{x}: %{y:.3f}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        xaxis={"type": "log", "tickvals": sizes, "ticktext": [str(size) for size in sizes]}, yaxis={"range": [0, 1.02]}
    )
    return figure
