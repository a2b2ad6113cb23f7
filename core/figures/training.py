"""Training and evaluation as Plotly figures: curves, scores per class, intervals, what a dataset holds.

This module does not know which page shows a figure, and measures nothing.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from core.figures.style import ACCENT, CATEGORIES, SHARES, Translate, blank, class_axis, faded, legend_below, safe
from core.metrics import METRICS, wilson
from core.results import Event, Measure, Movement
from core.tasks.class_scores import Classes

Against = Literal["step", "epoch", "seconds"]
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up")
SMOOTH_FROM = 40  # training steps from which a running mean is drawn through the loss
CELLS_WITH_TEXT = 12  # classes up to which the cells of a confusion matrix carry their numbers


def _along(events: Sequence[Event], kind: str, name: str, against: Against) -> tuple[list[float], list[float]]:
    """Where (step, epoch or seconds since the first event) and what the events of one kind say about `name`."""
    begin = events[0].time if events else 0.0
    places, values = [], []
    for event in events:
        value = event.values.get(name)
        if event.kind == kind and isinstance(value, int | float):
            places.append({"step": event.step, "epoch": event.epoch, "seconds": event.time - begin}[against])
            values.append(float(value))
    return places, values


def _running_mean(values: Sequence[float], window: int) -> list[float]:
    """The mean of each value and up to window − 1 before it."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return [
        float((sums[i + 1] - sums[max(0, i + 1 - window)]) / (i + 1 - max(0, i + 1 - window)))
        for i in range(len(values))
    ]


def _curves(runs: Mapping[str, Sequence[Event]], against: Against, y: str, title: str, text: Translate) -> go.Figure:
    """An empty figure for curves over training. With one run the legend names the curves, with several the runs."""
    x = {"step": text("Training step"), "epoch": text("Epoch"), "seconds": text("Seconds since the start")}[against]
    figure = blank(320, x=x, y=y, title=title)
    figure.update_layout(hovermode="x unified" if len(runs) == 1 else "closest", showlegend=True)
    legend_below(figure)
    steps = max((event.total_steps for events in runs.values() for event in events), default=0)
    figure.update_xaxes(range=[0, steps * 1.02] if against == "step" and steps else None, rangemode="tozero")
    return figure


def loss_curve(
    runs: Mapping[str, Sequence[Event]],
    *,
    against: Against = "step",
    uniform: float | None = None,
    title: str = "",
    text: Translate = str,
) -> go.Figure:
    """Training loss (lines or filled markers) and validation loss (open or diamond markers). runs: title → its events, up to four.

    The training loss of single batches is noisy: from 40 points on it is drawn faintly with its running mean (over a
    tenth of them) on top. With several runs the legend names the runs. uniform: the loss of knowing nothing, a line of
    its own over the training steps (ln V of a masked language model). title: what the loss is, translated; cross-entropy when empty.
    """
    figure = _curves(runs, against, title or text("Cross-entropy loss (nats)"), text("Loss"), text)
    for i, (title, events) in enumerate(runs.items()):
        one = len(runs) == 1
        colour = CATEGORIES[i]
        run = safe(title)
        places, values = _along(events, "step", "loss", against)
        smooth = len(values) >= SMOOTH_FROM
        figure.add_scatter(
            x=places, y=values, name=text("training, each report") if one else run, showlegend=one or not smooth, legendgroup=title,
            mode="lines" if smooth else "lines+markers",
            line={"color": faded(colour) if smooth else colour, "width": 1 if smooth else 2, "dash": "solid" if smooth else DASHES[i]},
            marker={"symbol": SYMBOLS[i], "size": 6}, hovertemplate="%{y:.4f}",
        )  # fmt: skip
        if smooth:
            figure.add_scatter(
                x=places, y=_running_mean(values, len(values) // 10), name=text("training, running mean") if one else run,
                legendgroup=title, mode="lines", line={"color": colour, "width": 2.5, "dash": DASHES[i]}, hovertemplate="%{y:.4f}",
            )  # fmt: skip
        places, values = _along(events, "evaluation", "loss", against)
        figure.add_scatter(
            x=places, y=values, name=text("validation") if one else run, showlegend=one, legendgroup=title, mode="lines+markers",
            line={"color": CATEGORIES[5] if one else colour, "width": 1.5, "dash": "dot"},
            marker={"symbol": "diamond" if one else f"{SYMBOLS[i]}-open", "size": 9}, hovertemplate="%{y:.4f}",
        )  # fmt: skip
    if uniform is not None:
        end = max((event.total_steps for events in runs.values() for event in events), default=1)
        figure.add_scatter(
            x=[0, end], y=[uniform, uniform], name=text("ln V: every token equally likely"), mode="lines",
            line={"color": CATEGORIES[2], "width": 1.5, "dash": "dash"}, hovertemplate="%{y:.4f}",
        )  # fmt: skip
    figure.update_yaxes(rangemode="tozero")
    return figure


def _values(
    runs: Mapping[str, Sequence[Event]], name: str, y: str, title: str, against: Against, text: Translate
) -> go.Figure:
    """One value of the training steps: a curve per run."""
    figure = _curves(runs, against, y, title, text)
    for i, (run, events) in enumerate(runs.items()):
        places, values = _along(events, "step", name, against)
        figure.add_scatter(
            x=places, y=values, name=safe(run) if len(runs) > 1 else y, mode="lines" if len(values) >= SMOOTH_FROM else "lines+markers",
            line={"color": CATEGORIES[i], "width": 2, "dash": DASHES[i]}, marker={"symbol": SYMBOLS[i], "size": 6}, hovertemplate="%{y:.3g}",
        )  # fmt: skip
    figure.update_layout(showlegend=len(runs) > 1)
    figure.update_yaxes(rangemode="tozero", exponentformat="power")
    return figure


def learning_rate_curve(
    runs: Mapping[str, Sequence[Event]], *, against: Against = "step", text: Translate = str
) -> go.Figure:
    """The learning rate: it rises during the warm-up and falls to zero. runs: title → its events, up to four."""
    return _values(runs, "learning_rate", text("Learning rate"), text("Learning rate"), against, text)


def speed_curve(runs: Mapping[str, Sequence[Event]], *, against: Against = "step", text: Translate = str) -> go.Figure:
    """Training examples per second. runs: title → its events, up to four."""
    return _values(runs, "examples_per_second", text("Examples per second"), text("Speed of training"), against, text)


def metric_curves(
    runs: Mapping[str, Sequence[Event]], metrics: Sequence[str], *, against: Against = "step", text: Translate = str
) -> go.Figure:
    """Up to two METRICS of one unit at the evaluations, the first filled, the second dotted and open.

    runs: title → its events, up to four.
    """
    rows = [METRICS[name] for name in metrics]
    is_fraction = rows[0].unit == "fraction"
    title = text("{metrics} on validation").format(metrics=" · ".join(text(row.title) for row in rows))
    figure = _curves(runs, against, text("Fraction (0–1)") if is_fraction else text(rows[0].unit), title, text)
    seen: list[float] = []
    for i, (run, events) in enumerate(runs.items()):
        one = len(runs) == 1
        for j, row in enumerate(rows):
            places, values = _along(events, "evaluation", row.id, against)
            seen += values
            figure.add_scatter(
                x=places, y=values, name=text(row.title) if one else safe(run), showlegend=one or j == 0, legendgroup=run, mode="lines+markers",
                line={"color": CATEGORIES[j if one else i], "width": 2 - j * 0.5, "dash": ("solid", "dot")[j]},
                marker={"symbol": SYMBOLS[j if one else i] + ("" if j == 0 else "-open"), "size": 9}, hovertemplate="%{y:.4f}",
            )  # fmt: skip
    if is_fraction:
        low = max(0.0, np.floor(min(seen) * 10 - 0.5) / 10) if seen else 0.0
        full = not seen or max(seen) > 0.7
        figure.update_yaxes(range=[low, 1.005 if full else np.ceil(max(seen) * 10 + 0.5) / 10])
    if not seen:
        figure.add_annotation(text=text("not measured yet"), x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
    return figure


def confusion_matrix(classes: Classes, *, text: Translate = str) -> go.Figure:
    """What each true class was taken for: colour is the share of the true class, each cell says count and share."""
    counts = np.array(classes.confusion)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    size = len(classes.labels)
    template = text("true: {true}<br>predicted: {predicted}<br>{count:,} of {total:,} ({share:.1%})")
    hover = [
        [
            template.format(
                true=safe(classes.labels[i]), predicted=safe(classes.labels[j]), count=counts[i, j],
                total=totals[i, 0], share=shares[i, j],
            )
            for j in range(size)
        ]
        for i in range(size)
    ]  # fmt: skip
    figure = blank(max(330, 150 + 26 * size), title=text("Confusion matrix: true against predicted"))
    figure.add_heatmap(
        z=shares, customdata=hover, hovertemplate="%{customdata}<extra></extra>", colorscale=SHARES, zmin=0, zmax=1,
        xgap=2, ygap=2, colorbar={"title": {"text": text("share of the true class")}, "tickformat": ".0%", "thickness": 14},
        text=[[f"{counts[i, j]:,}<br>{shares[i, j]:.0%}" for j in range(size)] for i in range(size)] if size <= CELLS_WITH_TEXT else None,
        texttemplate="%{text}" if size <= CELLS_WITH_TEXT else None,
    )  # fmt: skip
    figure.update_layout(
        xaxis=class_axis(classes.labels, text("Predicted")),
        yaxis=class_axis(classes.labels, text("True")) | {"autorange": "reversed"},
    )
    figure.data[0].colorbar.title.side = "right"
    return figure


def reliability(classes: Classes, *, text: Translate = str) -> go.Figure:
    """Is the model right as often as it is sure? Accuracy against confidence, with the 95% interval of each bin."""
    figure = blank(
        360, x=text("Confidence (probability of the answer)"), y=text("Accuracy"), title=text("Confidence and truth")
    )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", name=text("as right as sure"), hoverinfo="skip",
        line={"color": "#8C8C8C", "dash": "dash", "width": 1.5},
    )  # fmt: skip
    bins = classes.reliability
    intervals = [wilson(round(accuracy * count), count) for _, accuracy, count in bins]
    largest = max((count for _, _, count in bins), default=1)
    figure.add_scatter(
        x=[confidence for confidence, _, _ in bins],
        y=[accuracy for _, accuracy, _ in bins],
        customdata=[[count, *interval.bounds] for (_, _, count), interval in zip(bins, intervals, strict=True)],
        error_y={
            "type": "data", "thickness": 1.2,
            "array": [max(0.0, i.bounds[1] - accuracy) for (_, accuracy, _), i in zip(bins, intervals, strict=True)],
            "arrayminus": [max(0.0, accuracy - i.bounds[0]) for (_, accuracy, _), i in zip(bins, intervals, strict=True)],
        },
        mode="markers",
        name=text("this model (larger: more texts)"),
        marker={"color": ACCENT, "size": [7 + 17 * (count / largest) ** 0.5 for _, _, count in bins], "opacity": 0.9},
        hovertemplate=text(
            "confidence %{x:.3f}<br>accuracy %{y:.3f} (%{customdata[1]:.3f}–%{customdata[2]:.3f})<br>%{customdata[0]} texts"
        )
        + "<extra></extra>",
    )  # fmt: skip
    lowest = min((confidence for confidence, _, _ in bins), default=0.0)
    figure.update_xaxes(range=[max(0.0, lowest - 0.08), 1.04])
    figure.update_yaxes(range=[-0.03, 1.06])
    legend_below(figure)
    return figure


def class_scores(classes: Classes, *, text: Translate = str) -> go.Figure:
    """Precision, recall and F1 of each class that was tested: three shapes on one line per class."""
    rows = classes.tested
    figure = blank(
        max(250, 150 + 34 * len(rows)), x=text("Score (0–1)"), title=text("Precision, recall and F1 per class")
    )
    scores = (
        (text("precision"), [row.precision for row in rows], "triangle-right", CATEGORIES[0]),
        (text("recall"), [row.recall for row in rows], "triangle-left", CATEGORIES[1]),
        (text("F1"), [row.f1 for row in rows], "diamond", CATEGORIES[2]),
    )
    for shift, (name, values, symbol, colour) in zip((-0.16, 0, 0.16), scores, strict=True):
        figure.add_scatter(
            x=values, y=[i + shift for i in range(len(rows))], name=name, mode="markers", marker={"symbol": symbol, "color": colour, "size": 13},
            customdata=[[safe(row.label), row.support] for row in rows],
            hovertemplate="%{customdata[0]}<br>" + name + " %{x:.3f}<br>" + text("texts: {count}").format(count="%{customdata[1]}") + "<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        xaxis={"range": [-0.03, 1.04]},
        yaxis=class_axis([f"{row.label} ({row.support:,})" for row in rows], "")
        | {"autorange": "reversed", "showgrid": True},
    )
    legend_below(figure)
    return figure


def movement(movements: Sequence[Movement], *, text: Translate = str) -> go.Figure:
    """How far each group of parameters moved, ‖after − before‖ / ‖before‖ in %; the numbers beside the bars say it too."""
    figure = blank(
        max(240, 110 + 30 * len(movements)),
        x=text("Distance moved, in % of the length of the parameters before"),
        title=text("How far the parameters moved"),
    )
    figure.add_bar(
        x=[100 * row.relative for row in movements],
        y=list(range(len(movements))),
        orientation="h",
        marker={"color": ACCENT},
        text=[f"{100 * row.relative:.3g}%" for row in movements],
        textposition="outside",
        cliponaxis=False,
        customdata=[[safe(row.group), row.parameters, 100 * row.changed] for row in movements],
        hovertemplate=text(
            "%{customdata[0]}<br>%{customdata[1]:,} parameters<br>moved by %{x:.4g}%<br>%{customdata[2]:.1f}% of them changed at all"
        )
        + "<extra></extra>",
    )
    figure.update_layout(
        showlegend=False,
        yaxis=class_axis([row.group for row in movements], "") | {"autorange": "reversed"},
        margin={"r": 70},
    )
    figure.update_xaxes(rangemode="tozero")
    return figure


def label_balance(counts: Mapping[str, int], *, title: str = "", unit: str = "", text: Translate = str) -> go.Figure:
    """How many rows each label has. title, unit: translated, where something else is counted."""
    figure = blank(max(170, 90 + 28 * len(counts)), x=unit or text("Rows"), title=title or text("Rows per label"))
    total = max(1, sum(counts.values()))
    figure.add_bar(
        x=list(counts.values()),
        y=list(range(len(counts))),
        orientation="h",
        marker={"color": ACCENT},
        text=[f"{count:,} ({count / total:.0%})" for count in counts.values()],
        textposition="auto",
        customdata=[safe(label) for label in counts],
        hovertemplate="%{customdata}: %{x:,}<extra></extra>",
    )
    figure.update_layout(
        showlegend=False, yaxis=class_axis(list(counts), "") | {"autorange": "reversed"}, margin={"r": 40}
    )
    return figure


def length_histogram(lengths: np.ndarray, max_length: int, *, text: Translate = str) -> go.Figure:
    """How long the texts are in tokens, shape (N,), and where they are cut."""
    figure = blank(
        230,
        x=text("Tokens per example, special tokens included"),
        y=text("Examples"),
        title=text("Length of the examples"),
    )
    width = max(1, -(-int(lengths.max()) // 40))  # whole numbers of tokens
    counts, edges = np.histogram(lengths, bins=np.arange(0, lengths.max() + 2 * width, width) - 0.5)
    middles = (edges[:-1] + edges[1:]) / 2
    figure.add_bar(
        x=middles, y=counts, width=np.diff(edges), marker={"color": [CATEGORIES[5] if m > max_length else ACCENT for m in middles]},
        customdata=np.stack([np.ceil(edges[:-1]), np.floor(edges[1:])], axis=1),
        hovertemplate=text("%{customdata[0]:.0f}–%{customdata[1]:.0f} tokens: %{y:,}") + "<extra></extra>",
    )  # fmt: skip
    if lengths.max() >= max_length * 0.8:
        figure.add_vline(
            x=max_length, line={"dash": "dash", "color": CATEGORIES[5], "width": 2},
            annotation_text=text("cut at {count}").format(count=max_length), annotation_position="top", annotation_yanchor="bottom", annotation_showarrow=False,
        )  # fmt: skip
    figure.update_layout(showlegend=False, bargap=0)
    figure.update_xaxes(rangemode="tozero")
    return figure


def intervals(rows: Mapping[str, Measure], *, title: str, unit: str = "fraction", text: Translate = str) -> go.Figure:
    """Values with their 95% intervals, one line each, to be compared. rows: title → interval; title: the figure's, translated; unit: of METRICS."""
    is_fraction = unit == "fraction"
    figure = blank(max(200, 110 + 36 * len(rows)), x=text("Share (0–1)") if is_fraction else text(unit), title=title)
    for i, (name, row) in enumerate(rows.items()):
        figure.add_scatter(
            x=[row.value], y=[i], mode="markers", name=safe(name),
            marker={"color": CATEGORIES[i % len(CATEGORIES)], "symbol": SYMBOLS[i % len(SYMBOLS)], "size": 13},
            error_x={"type": "data", "array": [row.bounds[1] - row.value], "arrayminus": [row.value - row.bounds[0]], "thickness": 2},
            hovertemplate=f"{safe(name)}<br>{row.value:.4f} ({row.bounds[0]:.4f}–{row.bounds[1]:.4f})<extra></extra>",
        )  # fmt: skip
    figure.update_layout(showlegend=False, yaxis=class_axis(list(rows), "") | {"autorange": "reversed"})
    lowest, highest = min(row.bounds[0] for row in rows.values()), max(row.bounds[1] for row in rows.values())
    beside = 0.05 if is_fraction else 0.05 * (highest - lowest) or 0.05 * abs(highest) or 0.05
    least, most = (-0.03, 1.03) if is_fraction else (-math.inf, math.inf)
    figure.update_xaxes(range=[max(least, lowest - beside), min(most, highest + beside)])
    return figure
