"""Figures of pre-training: what a masked token could be, how surprising each token is, how shares settle, and NSP's vectors.

This module does not know which page shows a figure, and computes nothing but how large a picture must be.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures.style import ACCENT, CATEGORIES, DIFFERENCES, FONT, Translate, blank, safe, scale_below, short

LABELLED = 60  # bars up to which every one is named at the axis


def guesses(
    names: Sequence[str],
    probabilities: Sequence[float],
    *,
    title: str,
    original: int | None = None,
    largest: float = 1.0,
    text: Translate = str,
) -> go.Figure:
    """What could stand at one masked position, a bar for each entry of the vocabulary, likeliest at the top.

    original: which bar is the token that was masked; it has another colour, a pattern and a mark. largest: where the axis ends.
    """
    marks = [index == original for index in range(len(names))]
    figure = blank(64 + 25 * len(names), x=text("probability"), title=title)
    figure.add_bar(
        x=list(probabilities),
        y=list(range(len(names))),
        orientation="h",
        marker={
            "color": [CATEGORIES[1] if mark else ACCENT for mark in marks],
            "pattern": {"shape": ["/" if mark else "" for mark in marks], "fillmode": "overlay", "size": 6},
        },
        text=[percent(value) for value in probabilities],
        textposition="outside",
        cliponaxis=False,
        customdata=[short(name) for name in names],
        hovertemplate="%{customdata}: %{x:.4%}<extra></extra>",
    )
    ticks = [f"<b>{short(name)} ◂</b>" if mark else short(name) for name, mark in zip(names, marks, strict=True)]
    figure.update_layout(
        xaxis={"range": [0, 1.2 * largest], "tickformat": "~%", "nticks": 5, "rangemode": "tozero"},
        yaxis={
            "tickmode": "array", "tickvals": list(range(len(names))), "ticktext": ticks, "showgrid": False,
            "range": [len(names) - 0.4, -0.6], "automargin": True, "fixedrange": True,
        },
        bargap=0.25,
    )  # fmt: skip
    return figure


def percent(probability: float) -> str:
    """A probability with as many digits as it needs: 31%, 4.2%, 0.013%."""
    share = 100 * probability
    return f"{share:.0f}%" if share >= 10 else f"{share:.1f}%" if share >= 1 else f"{share:.2g}%"


def surprise(
    names: Sequence[str], values: Sequence[float], notes: Sequence[str], *, title: str, largest: float, text: Translate = str
) -> go.Figure:  # fmt: skip
    """−ln p of each token, one bar each in reading order. notes: what pointing at a bar adds. largest: where the axis ends."""
    figure = blank(300, x="", y=text("−ln p (nats)"), title=title)
    few = len(names) <= LABELLED
    figure.add_bar(
        x=list(range(len(names))),
        y=list(values),
        marker_color=CATEGORIES[5],
        customdata=[[short(name), safe(note)] for name, note in zip(names, notes, strict=True)],
        hovertemplate="%{customdata[0]}: %{y:.2f}<br>%{customdata[1]}<extra></extra>",
    )
    if few:
        figure.update_xaxes(
            tickmode="array", tickvals=list(range(len(names))), ticktext=[short(name) for name in names], tickangle=-60
        )
    figure.update_xaxes(showgrid=False, title=None if few else text("token"))
    figure.update_yaxes(range=[0, 1.05 * largest or 1])
    return figure


def settling(
    chosen: Sequence[int], shares: Mapping[str, Sequence[float]], targets: Mapping[str, float], *, text: Translate = str
) -> go.Figure:
    """How shares approach what they are drawn with. chosen: how many tokens were counted so far; targets: dotted lines."""
    figure = blank(360, x=text("tokens chosen so far"), y=text("share of them"))
    for (name, values), colour, dash in zip(shares.items(), (ACCENT, CATEGORIES[5], CATEGORIES[2]), ("solid", "dash", "dot"), strict=False):  # fmt: skip
        figure.add_scatter(x=list(chosen), y=list(values), name=name, mode="lines", line={"color": colour, "dash": dash, "width": 2})  # fmt: skip
        figure.add_hline(y=targets[name], line={"color": colour, "dash": "dot", "width": 1}, opacity=0.6)
    figure.update_xaxes(type="log", dtick=1)  # a tick a power of ten: Plotly writes those between in small figures
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
    figure.update_layout(hovermode="x unified")
    return figure


def vectors(rows: Mapping[str, np.ndarray], *, bar: str, text: Translate = str) -> go.Figure:
    """Vectors of the same D numbers as strips under each other, each with a scale of its own around 0.

    rows: title → (D).
    """
    figure = make_subplots(rows=len(rows), cols=1, subplot_titles=list(rows), vertical_spacing=0.6 / max(len(rows), 2))
    figure.update_layout(**blank(70 + 82 * len(rows)).to_dict()["layout"])
    for number, values in enumerate(rows.values(), start=1):
        reach = float(np.abs(values).max(initial=0.0)) or 1.0
        figure.add_heatmap(
            z=[values / reach],
            customdata=[values],
            colorscale=DIFFERENCES,
            zmin=-1,
            zmax=1,
            showscale=number == len(rows),
            colorbar=scale_below(bar, room=36),
            hovertemplate=text("number {index}: {value}").format(index="%{x}", value="%{customdata:.3f}")
            + "<extra></extra>",
            row=number,
            col=1,
        )
        figure.update_yaxes(visible=False, fixedrange=True, row=number, col=1)
        figure.update_xaxes(showticklabels=number == len(rows), showgrid=False, row=number, col=1)
    figure.update_annotations(x=0, xanchor="left", font={"size": FONT})
    figure.update_layout(margin={"t": 34, "b": 84}, height=114 + 82 * len(rows))
    return figure
