"""Figures of what heads do: a number for every head, bars for tokens and words, and what switching heads off changes.

This module does not know which page shows a figure, and computes nothing.
"""

from collections.abc import Mapping, Sequence
from textwrap import wrap

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.figures.style import ACCENT, CATEGORIES, DIFFERENCES, FONT, SHARES, Translate, blank, safe, scale_below, short
from core.heads import HeadEffect, correlation

LARGE = 16  # heads across up to which each number is written
RANKED = 20  # heads in a ranking


def head_grid(
    values: np.ndarray,
    *,
    title: str,
    bar: str,
    form: str = ".2f",
    low: float = 0.0,
    high: float | None = None,
    difference: bool = False,
    selected: tuple[int, int] | None = None,
    off: Sequence[tuple[int, int]] = (),
    text: Translate = str,
) -> go.Figure:
    """One number for each head, layers down and heads across, as a colour and in figures; one head can be outlined.

    values: shape (L, H), NaN where there is none yet. bar: what the number is, with its unit. form: d3 format of a number.
    low, high: the ends of the colour scale, high None for the largest value; with `difference` the scale goes from −high
    to high. off: heads that are crossed out. An invisible point in each cell carries (layer, head), so that a click can choose.
    """
    layers, heads = values.shape
    known = values[np.isfinite(values)]
    most = high if high is not None else float(np.abs(known).max(initial=0.0)) or 1.0
    least = -most if difference else low
    figure = blank(130 + 40 * layers, title=title)
    figure.add_heatmap(
        z=values,
        x=list(range(1, heads + 1)),
        y=list(range(1, layers + 1)),
        colorscale=DIFFERENCES if difference else SHARES,
        zmin=least,
        zmax=most,
        xgap=2,
        ygap=2,
        hoverinfo="skip",
        texttemplate=f"%{{z:{form}}}" if heads <= LARGE else None,
        colorbar=scale_below(bar),
    )
    where = [(layer, head) for layer in range(layers) for head in range(heads)]
    shown = [float(values[place]) for place in where]
    figure.add_scatter(
        x=[head + 1 for _, head in where],
        y=[layer + 1 for layer, _ in where],
        customdata=[(*place, value) for place, value in zip(where, shown, strict=True)],
        mode="markers",
        marker={"symbol": "square", "size": 30, "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        hovertemplate=text("layer {layer}, head {head}").format(layer="%{y}", head="%{x}")
        + f"<br>{safe(bar)}: %{{customdata[2]:{form}}}<extra></extra>",
    )
    for layer, head in off:
        for y0, y1 in ((layer + 0.6, layer + 1.4), (layer + 1.4, layer + 0.6)):
            figure.add_shape(type="line", x0=head + 0.6, x1=head + 1.4, y0=y0, y1=y1, line={"color": CATEGORIES[5], "width": 2})  # fmt: skip
    if selected is not None:
        layer, head = selected
        figure.add_shape(
            type="rect", x0=head + 0.5, x1=head + 1.5, y0=layer + 0.5, y1=layer + 1.5, line={"color": CATEGORIES[5], "width": 3}
        )  # fmt: skip
    plain = {"showgrid": False, "zeroline": False, "tickmode": "linear", "tick0": 1, "dtick": 1, "fixedrange": True}
    figure.update_layout(
        xaxis=plain | {"title": text("Head"), "side": "top", "range": [0.5, heads + 0.5]},
        yaxis=plain | {"title": text("Layer"), "range": [layers + 0.5, 0.5]},
        margin={"t": 84, "b": 60},
        title={"yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 10}},
        showlegend=False,
        hovermode="closest",
        clickmode="event+select",
        dragmode=False,
    )
    return figure


def layer_change(changes: Sequence[float], *, text: Translate = str) -> go.Figure:
    """How far the vectors moved in each layer. changes: relative L2 change after each layer, 0 to begin with."""
    figure = blank(
        280,
        x=text("Layer"),
        y=text("share of their length"),
        title=text("How far the vectors move"),
    )
    figure.add_bar(
        x=list(range(1, len(changes) + 1)),
        y=list(changes),
        marker_color=ACCENT,
        hovertemplate=text("layer {layer}: {value}").format(layer="%{x}", value="%{y:.2%}") + "<extra></extra>",
    )
    figure.update_xaxes(dtick=1)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure


def probabilities(
    labels: Sequence[str], before: Sequence[float], after: Sequence[float], *, text: Translate = str
) -> go.Figure:
    """A classifier's answer with all heads and without those that are off, two bars a label."""
    figure = blank(140 + 56 * len(labels), x=text("probability"), title=text("What the classifier says"))
    for name, values, colour in ((text("all heads"), before, CATEGORIES[7]), (text("heads off"), after, ACCENT)):
        figure.add_bar(
            x=list(values),
            y=list(range(len(labels))),
            orientation="h",
            name=name,
            marker_color=colour,
            text=[f"{value:.1%}" for value in values],
            textposition="auto",
            hovertemplate="%{x:.4f}<extra>" + safe(name) + "</extra>",
        )
    figure.update_yaxes(
        tickmode="array", tickvals=list(range(len(labels))), ticktext=[short(label) for label in labels], autorange="reversed"
    )  # fmt: skip
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    figure.update_layout(margin={"t": 64}, legend={"y": 1.0, "yanchor": "bottom"}, title={"yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 10}})  # fmt: skip
    return figure


def word_measures(words: Sequence[str], measures: Mapping[str, Sequence[float]], *, text: Translate = str) -> go.Figure:
    """Several accounts of the same words side by side: a column of bars for each, words from top to bottom.

    measures: what each account is called (already translated) → one number a word. Each column has a scale of its own.
    """
    titles = [_broken(name, 12) for name in measures]
    figure = make_subplots(
        rows=1,
        cols=len(measures),
        shared_yaxes=True,
        horizontal_spacing=0.03,
        subplot_titles=titles,
    )
    look = blank(110 + 24 * len(words)).layout
    figure.update_layout(look)
    above = 18 + 18 * max((1 + title.count("<br>") for title in titles), default=1)
    figure.update_layout(showlegend=False, margin={"t": above}, bargap=0.25, height=look.height + above)
    figure.update_annotations(font_size=FONT)
    for column, values in enumerate(measures.values(), start=1):
        figure.add_bar(
            x=list(values),
            y=list(range(len(words))),
            orientation="h",
            marker_color=[ACCENT if value >= 0 else CATEGORIES[5] for value in values],
            customdata=[short(word) for word in words],
            hovertemplate="%{customdata}: %{x:.4f}<extra></extra>",
            row=1,
            col=column,
        )
        figure.update_xaxes(
            title=text("score"), automargin=True, row=1, col=column, nticks=3, tickangle=0, zeroline=True
        )
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(words))),
        ticktext=[short(word) for word in words],
        range=[len(words) - 0.5, -0.5],
        showgrid=False,
        automargin=True,
    )
    return figure


def importance_ranking(effects: Sequence[HeadEffect], *, text: Translate = str) -> go.Figure:
    """The heads whose loss hurts most, first at the top: the change of the mean probability of the true label as a dot with
    its 95% interval. effects: most important first; the first 20 are drawn."""
    rows = effects[:RANKED]
    changes = [effect.probability for effect in rows]
    names = [text("layer {layer}, head {head}").format(layer=effect.layer + 1, head=effect.head + 1) for effect in rows]
    figure = blank(
        120 + 24 * len(rows),
        x="<br>".join(wrap(text("change of the probability of the true label (percentage points)"), 36)),
        title=text("The heads that are needed most, with 95% intervals"),
    )
    sure = [change.bounds[1] < 0 or change.bounds[0] > 0 for change in changes]
    figure.add_scatter(
        x=[100 * change.value for change in changes],
        y=list(range(len(rows))),
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [100 * (change.bounds[1] - change.value) for change in changes],
            "arrayminus": [100 * (change.value - change.bounds[0]) for change in changes],
            "color": CATEGORIES[7],
            "thickness": 1.5,
            "width": 0,
        },
        mode="markers",
        marker={"size": 10, "color": ACCENT, "symbol": ["circle" if clear else "circle-open" for clear in sure]},
        customdata=[
            (name, 100 * effect.accuracy.value, effect.lost, effect.gained)
            for name, effect in zip(names, rows, strict=True)
        ],
        hovertemplate="%{customdata[0]}: %{x:+.2f}<br>"
        + text("accuracy {change}: {lost} lost, {gained} gained").format(
            change="%{customdata[1]:+.1f}", lost="%{customdata[2]}", gained="%{customdata[3]}"
        )
        + "<extra></extra>",
    )
    figure.add_vline(x=0, line={"color": CATEGORIES[7], "width": 1, "dash": "dot"})
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(rows))),
        ticktext=names,
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
    )
    return figure


def rank_scatters(
    words: Sequence[str],
    across: Mapping[str, Sequence[float]],
    down: Mapping[str, Sequence[float]],
    *,
    text: Translate = str,
) -> go.Figure:
    """Two ways to rank the same words against each other, a small picture for each pair: on the rising line they agree.

    across, down: what each account is called (already translated) → one number a word. Rank 1 is the largest; words of
    the same value share their mean rank. Each picture says Spearman's rank correlation, where there is one.
    """
    figure = make_subplots(
        rows=len(down),
        cols=len(across),
        shared_xaxes="all",
        shared_yaxes="all",
        horizontal_spacing=0.04,
        vertical_spacing=0.16 / max(1, len(down) - 1) if len(down) > 1 else 0,
        subplot_titles=[_said(x, y) for y in down.values() for x in across.values()],
    )
    figure.update_layout(blank(130 + 220 * len(down)).layout)
    figure.update_layout(showlegend=False, margin={"t": 34})
    last = len(words) + 0.7
    for row, (name, y) in enumerate(down.items(), start=1):
        for column, (other, x) in enumerate(across.items(), start=1):
            figure.add_scatter(
                x=[1, len(words)],
                y=[1, len(words)],
                mode="lines",
                line={"color": CATEGORIES[7], "width": 1, "dash": "dot"},
                hoverinfo="skip",
                row=row,
                col=column,
            )
            figure.add_scatter(
                x=_ranks(x),
                y=_ranks(y),
                mode="markers",
                marker={"size": 9, "color": ACCENT, "opacity": 0.75},
                customdata=[short(word) for word in words],
                hovertemplate="%{customdata}<br>" + f"{safe(other)}: %{{x}}<br>{safe(name)}: %{{y}}<extra></extra>",
                row=row,
                col=column,
            )
            if row == len(down):
                figure.update_xaxes(title=_lines(text("rank: {name}").format(name=other)), row=row, col=column)
        figure.update_yaxes(title=_lines(text("rank: {name}").format(name=name)), row=row, col=1)
    figure.update_xaxes(range=[last, 0.3], automargin=True, zeroline=False, nticks=5, fixedrange=True)
    figure.update_yaxes(range=[last, 0.3], automargin=True, zeroline=False, nticks=5, fixedrange=True)
    return figure


def _said(x: Sequence[float], y: Sequence[float]) -> str:
    """Spearman's rank correlation in words that need no translation."""
    found = correlation(x, y)
    return "ρ –" if found is None else f"ρ {found:+.2f}".replace("-", "−")


def _lines(title: str) -> dict[str, object]:
    """An axis title in lines that a narrow picture has room for."""
    return {"text": _broken(title, 15), "font": {"size": FONT}}


def _broken(title: str, width: int) -> str:
    """A title in lines of at most `width` letters, of half as many Chinese characters; a longer word stays whole."""
    wide = not title.isascii()  # Chinese has no spaces to break at
    lines = wrap(title, width // 2 + 1 if wide else width, break_long_words=wide)
    return "<br>".join(safe(line) for line in lines)


def _ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value, 1 for the largest; equal values share their mean rank."""
    return [
        sum(other > value for other in values) + (sum(other == value for other in values) + 1) / 2 for value in values
    ]
