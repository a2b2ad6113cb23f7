"""Predictions and attributions as Plotly figures.

This module does not know which page shows a figure, and asks no model.
"""

from collections.abc import Mapping

import plotly.graph_objects as go

from core import explain
from core.figures.style import ABOVE, BELOW, CATEGORIES, Translate, blank, class_axis, safe, short
from core.results import Attribution

MOST_LABELS = 12
MOST_WORDS = 20
HATCHED = {"fillmode": "overlay", "fgcolor": "rgba(255,255,255,0.55)", "size": 7, "solidity": 0.25}


def _likeliest(probabilities: Mapping[str, float]) -> list[str]:
    """The labels to draw: all in the model's order, or the likeliest when there are too many for one picture."""
    if len(probabilities) <= MOST_LABELS:
        return list(probabilities)
    return sorted(probabilities, key=lambda label: -probabilities[label])[:MOST_LABELS]


def label_probabilities(
    answers: Mapping[str, Mapping[str, float]], *, faint: str = "", text: Translate = str
) -> go.Figure:
    """Probabilities of one or more answers as horizontal bars, each with its value.

    answers: who answered (or what was asked) → label → probability. Several answers must share their labels, and stand
    below each other for each label, told apart by colour and hatching. faint: the answer drawn in grey, hatched.
    """
    first = next(iter(answers.values()))
    labels = _likeliest(first)
    figure = blank(
        max(150, 84 + (22 + 20 * len(answers)) * len(labels)),
        x=text("Probability"),
        showlegend=len(answers) > 1,
        barcornerradius=4,
        bargap=0.35,
        xaxis={"range": [0, 1.14], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%", "fixedrange": True},
        yaxis=class_axis(labels, "") | {"autorange": "reversed", "fixedrange": True},
    )
    for number, (name, probabilities) in enumerate(answers.items()):
        values = [probabilities[label] for label in labels]
        figure.add_bar(
            name=short(name),
            x=values,
            y=list(range(len(labels))),
            orientation="h",
            marker={
                "color": CATEGORIES[-1] if name == faint else CATEGORIES[number % len(CATEGORIES)],
                "pattern": {"shape": "/" if name == faint or number else ""} | HATCHED,
                "cornerradius": 4,
            },
            text=[f"{value:.1%}" for value in values],
            textposition="outside",
            cliponaxis=False,
            customdata=[safe(label) for label in labels],
            hovertemplate="%{customdata}: %{x:.4f}<extra></extra>",
        )
    return figure


def contributions(attribution: Attribution, *, text: Translate = str) -> go.Figure:
    """The words that moved the answer most, strongest first, with their sign, in the method's unit."""
    own = explain.METHODS[attribution.method].unit
    probability = own == "probability"
    titles = {
        "probability": text("Contribution in percentage points"),
        "log-odds": text("Contribution in log-odds"),
        "score": text("Contribution in the score's own unit"),
    }
    unit = titles[own]
    words = sorted(attribution.words, key=lambda word: -abs(word.score))[:MOST_WORDS]
    points = [(100 if probability else 1) * word.score for word in words]
    low, high = min(points, default=0.0), max(points, default=0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    room = 0.45 * ((high - low) or 1.0)  # for the numbers, on a telephone too
    digits = 1 if probability else 2
    figure = blank(max(170, 84 + 26 * len(words)), x=unit)
    figure.add_bar(
        x=points,
        y=list(range(len(words))),
        orientation="h",
        marker={
            "color": [ABOVE if value >= 0 else BELOW for value in points],
            "pattern": {"shape": ["" if value >= 0 else "/" for value in points]} | HATCHED,
            "cornerradius": 4,
        },
        text=[f"{'▲' if value >= 0 else '▼'} {value:+.{digits}f}" for value in points],
        textposition="outside",
        cliponaxis=False,
        customdata=[safe(word.text) for word in words],
        hovertemplate="%{customdata}: %{x:+.3f}<extra></extra>",
    )
    figure.update_layout(
        showlegend=False,
        bargap=0.3,
        xaxis={
            "range": [low - (room if low else room / 4), high + (room if high else room / 4)],
            "zeroline": True,
            "fixedrange": True,
        },
        yaxis=class_axis([word.text for word in words], "") | {"autorange": "reversed", "fixedrange": True},
    )
    return figure
