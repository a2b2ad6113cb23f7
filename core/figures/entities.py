"""How well entities are found, as Plotly figures: the scores of each type, and the kinds of mistakes.

This module does not know which page shows a figure, and measures nothing.
"""

import plotly.graph_objects as go

from core.figures.style import CATEGORIES, Translate, blank, class_axis, legend_below, safe
from core.tasks.entity_scores import Entities

MARKS = ("triangle-right", "triangle-left", "diamond")


def type_scores(entities: Entities, *, text: Translate = str) -> go.Figure:
    """Precision, recall and F1 of each type: three shapes on one line per type."""
    rows = entities.types
    figure = blank(
        max(250, 150 + 34 * len(rows)), x=text("Score (0–1)"), title=text("Precision, recall and F1 per type")
    )
    scores = (
        (text("precision"), [row.precision for row in rows]),
        (text("recall"), [row.recall for row in rows]),
        (text("F1"), [row.f1 for row in rows]),
    )
    for number, (name, values) in enumerate(scores):
        figure.add_scatter(
            x=values,
            y=[i + 0.16 * (number - 1) for i in range(len(rows))],
            name=name,
            mode="markers",
            marker={"symbol": MARKS[number], "color": CATEGORIES[number], "size": 13},
            customdata=[[safe(row.type), row.support] for row in rows],
            hovertemplate="%{customdata[0]}<br>"
            + name
            + " %{x:.3f}<br>"
            + text("entities: {count}").format(count="%{customdata[1]}")
            + "<extra></extra>",
        )
    figure.update_layout(
        xaxis={"range": [-0.03, 1.04]},
        yaxis=class_axis([f"{row.type} ({row.support:,})" for row in rows], "")
        | {"autorange": "reversed", "showgrid": True},
    )
    legend_below(figure)
    return figure


def mistakes(entities: Entities, *, text: Translate = str) -> go.Figure:
    """How many entities were missed, invented, or found with the wrong type or words."""
    kinds = {
        text("missed"): entities.mistakes.missed,
        text("invented"): entities.mistakes.invented,
        text("wrong type"): entities.mistakes.wrong_type,
        text("wrong boundary"): entities.mistakes.wrong_boundary,
    }
    figure = blank(250, x=text("Entities"), title=text("Kinds of mistakes"))
    figure.add_bar(
        x=list(kinds.values()),
        y=list(range(len(kinds))),
        orientation="h",
        marker={"color": [CATEGORIES[i] for i in (0, 5, 3, 1)], "pattern": {"shape": ["", "/", "x", "."]}},
        text=[f"{count:,}" for count in kinds.values()],
        textposition="outside",
        cliponaxis=False,
        customdata=list(kinds),
        hovertemplate="%{customdata}: %{x:,}<extra></extra>",
    )
    figure.update_layout(
        showlegend=False, yaxis=class_axis(list(kinds), "") | {"autorange": "reversed"}, margin={"r": 50}
    )
    figure.update_xaxes(rangemode="tozero")
    return figure
