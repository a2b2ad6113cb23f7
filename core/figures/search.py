"""A question among the texts it was asked of, as a Plotly figure.

This module does not know how texts are ranked.
"""

from collections.abc import Sequence

import plotly.graph_objects as go

from core.embeddings import Projection
from core.figures.embeddings import sentence_map
from core.figures.style import CATEGORIES, Translate, safe


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
