"""Results as Plotly figures.

Every figure has a title or axis titles with units, one accent colour, Okabe–Ito colours for categories and one
perceptual sequential scale for weights, on a transparent ground, so that it reads in light and dark. `text` translates
a literal label. This module does not know which page shows a figure.
"""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from PIL import Image
from plotly.colors import sample_colorscale, unlabel_rgb

from core import attention, explain, predict
from core.results import AttentionMaps, Attribution, Evaluation, Event, Interval, Movement, Tokens

ACCENT = "#0072B2"
CATEGORIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#8C8C8C")
WEIGHTS = "Viridis"

Translate = Callable[[str], str]


def _figure(height: int, *, x: str = "", y: str = "", title: str = "") -> go.Figure:
    """An empty figure in the studio's look."""
    figure = go.Figure()
    figure.update_layout(
        height=height,
        title={"text": title, "font": {"size": 15}} if title else None,
        margin={"l": 8, "r": 8, "t": 40 if title else 12, "b": 8},
        colorway=CATEGORIES,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis={"title": x, "automargin": True},
        yaxis={"title": y, "automargin": True},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hoverlabel={"namelength": -1},
    )
    return figure


def matrix_png(values: np.ndarray, low: float, high: float) -> str:
    """A matrix as a PNG data address, one pixel per value, from `low` (dark) to `high` (bright) of the WEIGHTS scale.

    values: shape (rows, columns); NaN is see-through.
    """
    colours = [unlabel_rgb(colour) for colour in sample_colorscale(WEIGHTS, np.linspace(0, 1, 255))]
    palette = np.array([*colours, (0, 0, 0)], dtype=np.uint8)
    span = (high - low) or 1.0
    indices = np.where(np.isnan(values), 255, np.clip((values - low) / span * 254, 0, 254)).astype(np.uint8)
    image = Image.fromarray(indices, mode="P")
    image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=255)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


# ---- Training and evaluation ------------------------------------------------------------------------------------------

Against = Literal["step", "epoch", "seconds"]
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up")
SMOOTH_FROM = 40  # training steps from which a running mean is drawn through the loss
LONGEST_LABEL = 24
CELLS_WITH_TEXT = 12  # classes up to which the cells of a confusion matrix carry their numbers


def safe(label: str) -> str:
    """A label that Plotly shows as it is: it reads some HTML in every text it draws."""
    return escape(label, quote=False)


def _short(label: str) -> str:
    """A label short enough for an axis."""
    return safe(label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…")


def _faded(colour: str) -> str:
    """The colour, mostly see-through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.3)"


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


def _legend_below(figure: go.Figure) -> None:
    """Move the legend under the title of the x axis, whatever the figure's height."""
    figure.update_layout(legend={"y": -62 / (figure.layout.height - 105), "yanchor": "top"})


def _curves(runs: Mapping[str, Sequence[Event]], against: Against, y: str, title: str, text: Translate) -> go.Figure:
    """An empty figure for curves over training. With one run the legend names the curves, with several the runs."""
    x = {"step": text("Training step"), "epoch": text("Epoch"), "seconds": text("Seconds since the start")}[against]
    figure = _figure(320, x=x, y=y, title=title)
    figure.update_layout(hovermode="x unified" if len(runs) == 1 else "closest", showlegend=True)
    _legend_below(figure)
    steps = max((event.total_steps for events in runs.values() for event in events), default=0)
    figure.update_xaxes(range=[0, steps * 1.02] if against == "step" and steps else None, rangemode="tozero")
    return figure


def loss_curve(runs: Mapping[str, Sequence[Event]], *, against: Against = "step", text: Translate = str) -> go.Figure:
    """Training loss (lines or filled markers) and validation loss (open or diamond markers). runs: title → its events, up to four.

    The training loss of single batches is noisy: from 40 points on it is drawn faintly with its running mean (over a
    tenth of them) on top. With several runs the legend names the runs.
    """
    figure = _curves(runs, against, text("Cross-entropy loss (nats)"), text("Loss"), text)
    for i, (title, events) in enumerate(runs.items()):
        one = len(runs) == 1
        colour = CATEGORIES[i]
        run = safe(title)
        places, values = _along(events, "step", "loss", against)
        smooth = len(values) >= SMOOTH_FROM
        figure.add_scatter(
            x=places, y=values, name=text("training, each report") if one else run, showlegend=one or not smooth, legendgroup=title,
            mode="lines" if smooth else "lines+markers",
            line={"color": _faded(colour) if smooth else colour, "width": 1 if smooth else 2, "dash": "solid" if smooth else DASHES[i]},
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


def evaluation_curve(
    runs: Mapping[str, Sequence[Event]], *, against: Against = "step", text: Translate = str
) -> go.Figure:
    """Accuracy (line, filled) and macro-F1 (dotted, open) on the validation split. runs: title → its events, up to four."""
    figure = _curves(runs, against, text("Share (0–1)"), text("Accuracy and macro-F1 on validation"), text)
    lowest, measured = 1.0, False
    for i, (title, events) in enumerate(runs.items()):
        one = len(runs) == 1
        for j, (key, label) in enumerate((("accuracy", text("accuracy")), ("macro_f1", text("macro-F1")))):
            places, values = _along(events, "evaluation", key, against)
            lowest, measured = min([lowest, *values]), measured or bool(values)
            figure.add_scatter(
                x=places, y=values, name=label if one else safe(title), showlegend=one or j == 0, legendgroup=title, mode="lines+markers",
                line={"color": CATEGORIES[j if one else i], "width": 2 - j * 0.5, "dash": ("solid", "dot")[j]},
                marker={"symbol": SYMBOLS[j if one else i] + ("" if j == 0 else "-open"), "size": 9}, hovertemplate="%{y:.4f}",
            )  # fmt: skip
    figure.update_yaxes(range=[max(0.0, np.floor(lowest * 10 - 0.5) / 10) if measured else 0, 1.005])
    if not measured:
        figure.add_annotation(text=text("not measured yet"), x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
    return figure


def _class_axis(labels: Sequence[str], title: str) -> dict[str, object]:
    """An axis on which class i stands at i: names may repeat once they are shortened, or look like numbers."""
    return {
        "title": title,
        "tickmode": "array",
        "tickvals": list(range(len(labels))),
        "ticktext": [_short(label) for label in labels],
        "automargin": True,
        "showgrid": False,
        "zeroline": False,
    }


def confusion_matrix(evaluation: Evaluation, *, text: Translate = str) -> go.Figure:
    """What each true class was taken for: colour is the share of the true class, each cell says count and share."""
    counts = np.array(evaluation.confusion)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    size = len(evaluation.labels)
    template = text("true: {true}<br>predicted: {predicted}<br>{count:,} of {total:,} ({share:.1%})")
    hover = [
        [
            template.format(
                true=safe(evaluation.labels[i]), predicted=safe(evaluation.labels[j]), count=counts[i, j],
                total=totals[i, 0], share=shares[i, j],
            )
            for j in range(size)
        ]
        for i in range(size)
    ]  # fmt: skip
    figure = _figure(max(330, 150 + 26 * size), title=text("Confusion matrix: true against predicted"))
    figure.add_heatmap(
        z=shares, customdata=hover, hovertemplate="%{customdata}<extra></extra>", colorscale=WEIGHTS, zmin=0, zmax=1,
        xgap=2, ygap=2, colorbar={"title": {"text": text("share of the true class")}, "tickformat": ".0%", "thickness": 14},
        text=[[f"{counts[i, j]:,}<br>{shares[i, j]:.0%}" for j in range(size)] for i in range(size)] if size <= CELLS_WITH_TEXT else None,
        texttemplate="%{text}" if size <= CELLS_WITH_TEXT else None,
    )  # fmt: skip
    figure.update_layout(
        xaxis=_class_axis(evaluation.labels, text("Predicted")),
        yaxis=_class_axis(evaluation.labels, text("True")) | {"autorange": "reversed"},
    )
    figure.data[0].colorbar.title.side = "right"
    return figure


def reliability(evaluation: Evaluation, *, text: Translate = str) -> go.Figure:
    """Is the model right as often as it is sure? Accuracy against confidence, with the 95 % interval of each bin."""
    figure = _figure(
        360, x=text("Confidence (probability of the answer)"), y=text("Accuracy"), title=text("Confidence and truth")
    )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", name=text("as right as sure"), hoverinfo="skip",
        line={"color": "#8C8C8C", "dash": "dash", "width": 1.5},
    )  # fmt: skip
    bins = evaluation.reliability
    intervals = [predict.wilson(round(accuracy * count), count) for _, accuracy, count in bins]
    largest = max((count for _, _, count in bins), default=1)
    figure.add_scatter(
        x=[confidence for confidence, _, _ in bins],
        y=[accuracy for _, accuracy, _ in bins],
        customdata=[[count, interval.low, interval.high] for (_, _, count), interval in zip(bins, intervals, strict=True)],
        error_y={
            "type": "data", "thickness": 1.2,
            "array": [max(0.0, i.high - accuracy) for (_, accuracy, _), i in zip(bins, intervals, strict=True)],
            "arrayminus": [max(0.0, accuracy - i.low) for (_, accuracy, _), i in zip(bins, intervals, strict=True)],
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
    _legend_below(figure)
    return figure


def class_scores(evaluation: Evaluation, *, text: Translate = str) -> go.Figure:
    """Precision, recall and F1 of each class: three shapes on one line per class."""
    rows = evaluation.classes
    figure = _figure(
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
            hovertemplate="%{customdata[0]}<br>" + name + " %{x:.3f}<br>" + text("{count} texts").format(count="%{customdata[1]}") + "<extra></extra>",
        )  # fmt: skip
    figure.update_layout(
        xaxis={"range": [-0.03, 1.04]},
        yaxis=_class_axis([f"{row.label} ({row.support:,})" for row in rows], "")
        | {"autorange": "reversed", "showgrid": True},
    )
    _legend_below(figure)
    return figure


def movement(movements: Sequence[Movement], *, text: Translate = str) -> go.Figure:
    """How far each group of parameters moved, ‖after − before‖ / ‖before‖ in %; the numbers beside the bars say it too."""
    figure = _figure(
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
        yaxis=_class_axis([row.group for row in movements], "") | {"autorange": "reversed"},
        margin={"r": 70},
    )
    figure.update_xaxes(rangemode="tozero")
    return figure


def label_balance(counts: Mapping[str, int], *, text: Translate = str) -> go.Figure:
    """How many rows each label has."""
    figure = _figure(max(170, 90 + 28 * len(counts)), x=text("Rows"), title=text("Rows per label"))
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
        showlegend=False, yaxis=_class_axis(list(counts), "") | {"autorange": "reversed"}, margin={"r": 40}
    )
    return figure


def length_histogram(lengths: np.ndarray, max_length: int, *, text: Translate = str) -> go.Figure:
    """How long the texts are in tokens, shape (N,), and where they are cut."""
    figure = _figure(
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


def intervals(rows: Mapping[str, Interval], *, title: str, text: Translate = str) -> go.Figure:
    """Values with their 95 % intervals, one line each, to be compared. rows: title → interval; title: the figure's, translated."""
    figure = _figure(max(200, 110 + 36 * len(rows)), x=text("Share (0–1)"), title=title)
    for i, (name, row) in enumerate(rows.items()):
        figure.add_scatter(
            x=[row.value], y=[i], mode="markers", name=safe(name),
            marker={"color": CATEGORIES[i % len(CATEGORIES)], "symbol": SYMBOLS[i % len(SYMBOLS)], "size": 13},
            error_x={"type": "data", "array": [row.high - row.value], "arrayminus": [row.value - row.low], "thickness": 2},
            hovertemplate=f"{safe(name)}<br>{row.value:.4f} ({row.low:.4f}–{row.high:.4f})<extra></extra>",
        )  # fmt: skip
    figure.update_layout(showlegend=False, yaxis=_class_axis(list(rows), "") | {"autorange": "reversed"})
    return figure


# ---- Attention --------------------------------------------------------------------------------------------------------

TICKS = 48  # tokens up to which every one is written at the axis
SHADES = 24  # colours of the small maps: more would be seen by nobody and sent to everybody
TILE = 48  # pixels a head's tile has at least along its longer side


def _token_axis(tokens: Tokens, positions: Sequence[int], title: str) -> dict[str, object]:
    """A category axis of tokens. Equal tokens are kept apart by their position; few are all written, many as there is room."""
    names = attention.labels(tokens)
    axis: dict[str, object] = {"title": title, "type": "category", "showgrid": False, "zeroline": False, "ticks": ""}
    if len(positions) <= TICKS:
        axis |= {
            "tickmode": "array",
            "tickvals": list(range(len(positions))),
            "ticktext": [_short(names[i]) for i in positions],
        }
    return axis


def _scale_below(text: Translate) -> dict[str, object]:
    """A colour scale lying under the picture, where it takes no width."""
    title = {"text": text("attention weight (0–1)"), "side": "top"}
    return {
        "title": title,
        "orientation": "h",
        "thickness": 10,
        "len": 240,
        "lenmode": "pixels",
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yanchor": "top",
        "ypad": 8,
    }


def attention_heatmap(
    maps: AttentionMaps,
    layer: int,
    head: int,
    *,
    view: attention.View = "all",
    to_largest: bool = False,
    text: Translate = str,
) -> go.Figure:
    """One head's weights: a row for each token that looks, a column for each token it looks at.

    Colours go from 0 to 1, with `to_largest` from 0 to the largest weight shown. view: a part of a pair; its weights
    are what they are in the whole, so its rows do not sum to 1. Raises UserError as attention.head and select do.
    """
    rows, columns = attention.select(maps.tokens, view)
    weights = np.ascontiguousarray(
        attention.head(maps, layer, head)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    )
    few = max(len(rows), len(columns)) <= TICKS
    names = [_short(name) for name in attention.labels(maps.tokens)]
    above = 74 + 6 * max(len(names[i]) + (0 if few else 6) for i in columns)  # title, axis title, slanting labels
    figure = _figure(
        min(980, above + 60 + (26 if few else 7) * len(rows)),
        title=text("Layer {layer}, head {head}: where each token looks").format(layer=layer + 1, head=head + 1),
    )
    figure.add_heatmap(
        z=weights,
        x=[f"{names[i]} ({i})" for i in columns],
        y=[f"{names[i]} ({i})" for i in rows],
        colorscale=WEIGHTS,
        zmin=0,
        zmax=float(weights.max()) if to_largest else 1,
        xgap=1 if few else 0,
        ygap=1 if few else 0,
        colorbar=_scale_below(text),
        hovertemplate=text("from {source} to {target}<br>weight {weight}").format(
            source="%{y}", target="%{x}", weight="%{z:.4f}"
        )
        + "<extra></extra>",
    )
    figure.update_layout(
        xaxis=_token_axis(maps.tokens, columns, text("to (key)"))
        | {"side": "top", "automargin": False, "tickangle": -60},
        yaxis=_token_axis(maps.tokens, rows, text("from (query)")) | {"autorange": "reversed", "automargin": True},
        margin={"t": above, "b": 60},
    )
    figure.update_layout(title={"yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 10}})
    return figure


def heads_grid(heads: attention.Overview, *, selected: tuple[int, int], text: Translate = str) -> go.Figure:
    """All heads as small maps, layers down and heads across, the selected (layer, head) outlined.

    A colour stands for the same weight in every map; the scale follows the square root, so that weak weights show. An invisible
    point in the middle of each map carries (layer, head) as customdata, so that a click can choose.
    """
    layers, count, height, width = heads.tiles.shape
    zoom = -(-TILE // max(height, width))
    shades = np.round(np.sqrt(heads.tiles) * SHADES) / SHADES
    tiles = shades.repeat(zoom, axis=2).repeat(zoom, axis=3)
    gap = 1 + max(tiles.shape[2:]) // 20
    framed = np.pad(tiles, ((0, 0), (0, 0), (gap, gap), (gap, gap)), constant_values=np.nan)
    sheet = framed.transpose(0, 2, 1, 3).reshape(layers * framed.shape[2], count * framed.shape[3])
    figure = _figure(150 + 78 * layers, title=text("All heads: brighter is more attention"))
    figure.add_layout_image(
        source=matrix_png(sheet, 0, 1), x=0.5, y=0.5, sizex=count, sizey=layers, xref="x", yref="y",
        xanchor="left", yanchor="top", sizing="stretch", layer="below",
    )  # fmt: skip
    where = [(layer, head) for layer in range(layers) for head in range(count)]
    ticks = (0.0, 0.05, 0.2, 0.5, 1.0)
    figure.add_scatter(
        x=[head + 1 for _, head in where],
        y=[layer + 1 for layer, _ in where],
        customdata=where,
        mode="markers",
        marker={
            "symbol": "square", "size": 44, "opacity": 0, "color": [0] * len(where), "colorscale": WEIGHTS, "cmin": 0, "cmax": 1,
            "colorbar": _scale_below(text) | {"tickvals": [tick**0.5 for tick in ticks], "ticktext": [f"{tick:g}" for tick in ticks]},
        },
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        hovertemplate=text("layer {layer}, head {head}").format(layer="%{y}", head="%{x}") + "<extra></extra>",
    )  # fmt: skip
    layer, head = selected
    figure.add_shape(
        type="rect", x0=head + 0.5, x1=head + 1.5, y0=layer + 0.5, y1=layer + 1.5, line={"color": CATEGORIES[5], "width": 3}
    )  # fmt: skip
    plain = {"showgrid": False, "zeroline": False, "tickmode": "linear", "tick0": 1, "dtick": 1, "fixedrange": True}
    figure.update_layout(
        xaxis=plain | {"title": text("Head"), "side": "top", "range": [0.5, count + 0.5]},
        yaxis=plain | {"title": text("Layer"), "range": [layers + 0.5, 0.5]},
        margin={"t": 84, "b": 60},
        title={"yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 10}},
        showlegend=False,
        hovermode="closest",
        clickmode="event+select",
        dragmode=False,
    )
    return figure


# ---- Predictions and attributions -------------------------------------------------------------------------------------

FOR = "#0072B2"  # what speaks for a label; the Okabe–Ito pair that colour-blind readers tell apart best
AGAINST = "#D55E00"
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
    figure = _figure(max(150, 84 + (22 + 20 * len(answers)) * len(labels)), x=text("Probability"))
    for number, (name, probabilities) in enumerate(answers.items()):
        values = [probabilities[label] for label in labels]
        figure.add_bar(
            name=_short(name),
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
    figure.update_layout(
        showlegend=len(answers) > 1,
        barcornerradius=4,
        bargap=0.35,
        xaxis={"range": [0, 1.14], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%", "fixedrange": True},
        yaxis=_class_axis(labels, "") | {"autorange": "reversed", "fixedrange": True},
    )
    return figure


def contributions(attribution: Attribution, *, text: Translate = str) -> go.Figure:
    """The words that moved the answer most, strongest first, with their sign, in the method's unit."""
    probability = explain.METHODS[attribution.method].unit == "probability"
    unit = text("Contribution in percentage points") if probability else text("Contribution in log-odds")
    words = sorted(attribution.words, key=lambda word: -abs(word.score))[:MOST_WORDS]
    points = [(100 if probability else 1) * word.score for word in words]
    low, high = min(points, default=0.0), max(points, default=0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    room = 0.28 * ((high - low) or 1.0)  # for the numbers, on a narrow screen too
    figure = _figure(max(170, 84 + 26 * len(words)), x=unit)
    figure.add_bar(
        x=points,
        y=list(range(len(words))),
        orientation="h",
        marker={
            "color": [FOR if value >= 0 else AGAINST for value in points],
            "pattern": {"shape": ["" if value >= 0 else "/" for value in points]} | HATCHED,
            "cornerradius": 4,
        },
        text=[f"{'▲' if value >= 0 else '▼'} {value:+.2f}" for value in points],
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
        yaxis=_class_axis([word.text for word in words], "") | {"autorange": "reversed", "fixedrange": True},
    )
    return figure
