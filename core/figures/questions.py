"""Answers to questions as Plotly figures: scores by question word, and where a model sees the start and the end of an answer.

This module does not know which page shows a figure, and measures nothing.
"""

import numpy as np
import plotly.graph_objects as go

from core.figures.style import CATEGORIES, Translate, blank, class_axis, legend_below, safe
from core.tasks.answer_scores import Answers
from core.tasks.spans import Curves

LABELLED = 12  # tokens that are named below the curves


def by_word(answers: Answers, *, text: Translate = str) -> go.Figure:
    """Exact match and F1 of the questions with each question word: two shapes on one line per word."""
    rows = answers.words
    figure = blank(
        max(250, 150 + 34 * len(rows)), x=text("Score (0–1)"), title=text("Exact match and F1 by question word")
    )
    scores = (
        (text("exact match"), "diamond", [row.score.em for row in rows]),
        (text("F1"), "circle", [row.score.f1 for row in rows]),
    )
    names = [row.word or text("none of these") for row in rows]
    for number, (name, symbol, values) in enumerate(scores):
        figure.add_scatter(
            x=values,
            y=[i + 0.16 * (number - 0.5) for i in range(len(rows))],
            name=name,
            mode="markers",
            marker={"symbol": symbol, "color": CATEGORIES[number], "size": 13},
            customdata=[safe(word) for word in names],
            hovertemplate="%{customdata}<br>" + name + " %{x:.3f}<extra></extra>",
        )
    figure.update_layout(
        xaxis={"range": [-0.03, 1.04]},
        yaxis=class_axis([f"{word} ({row.score.n:,})" for word, row in zip(names, rows, strict=True)], "")
        | {"autorange": "reversed", "showgrid": True},
    )
    legend_below(figure)
    return figure


def curves(found: Curves, *, text: Translate = str) -> go.Figure:
    """The probability of each token of a passage that the answer starts and ends there; at the very left, that there is none."""
    inside = range(found.first, found.first + len(found.offsets))
    tokens = [text("no answer"), *(found.tokens[place] for place in inside)]
    start, end = (
        [float(values[0]), *(float(values[place]) for place in inside)] for values in (found.start, found.end)
    )
    figure = blank(320, x=text("Token of the passage"), y=text("Probability"))
    for number, (name, values, dash) in enumerate(((text("start"), start, "solid"), (text("end"), end, "dash"))):
        figure.add_scatter(
            x=list(range(len(tokens))),
            y=values,
            name=name,
            mode="lines+markers",
            line={"color": CATEGORIES[number], "width": 2, "dash": dash, "shape": "hvh"},
            marker={"symbol": ("triangle-right", "triangle-left")[number], "size": 7},
            customdata=[safe(token) for token in tokens],
            hovertemplate="%{customdata}<br>" + name + " %{y:.1%}<extra></extra>",
        )
    high = np.argsort(-np.maximum(start, end), kind="stable")[:LABELLED]
    places = sorted({0, int(np.argmax(start)), int(np.argmax(end))})
    for place in map(int, high):  # names that stand apart, on a telephone too
        if all(abs(place - other) > len(tokens) / LABELLED for other in places):
            places.append(place)
    figure.update_layout(
        xaxis={"tickvals": places, "ticktext": [safe(tokens[place]) for place in places], "tickangle": -60},
        yaxis={"range": [0, min(1.04, 1.2 * max(*start, *end))], "tickformat": "~%", "rangemode": "tozero"},
        margin={"t": 36},  # the legend: below, the longer names would meet it
    )
    return figure
