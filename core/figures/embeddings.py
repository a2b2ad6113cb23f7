"""Vectors as Plotly figures: heat maps of states, similarities, one word's senses layer by layer, maps of sentences.

This module does not know which page shows a figure, and computes no vector.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from core import attention
from core.embeddings import Parting, Projection, WordUses
from core.figures.style import (
    ACCENT,
    CATEGORIES,
    DIFFERENCES,
    SHARES,
    TICKS,
    Translate,
    blank,
    legend_below,
    safe,
    scale_below,
    short,
)
from core.results import Tokens

CLIP = 0.99  # share of the values that lie inside the colour scale
SYMBOLS_2D = ("circle", "diamond", "square", "triangle-up", "cross", "x", "triangle-down", "star")
SYMBOLS_3D = ("circle", "diamond", "square", "cross", "x", "circle-open", "diamond-open", "square-open")
MOST_LABELS = 12
MOST_NUMBERS = 12  # vectors up to which the cells of a similarity matrix carry their numbers
HOVER_CHARS = 300
HOVER_LINE = 60


def colour_limit(values: np.ndarray) -> float:
    """Where the symmetric colour scale of a state ends: 99% of the values lie inside."""
    return float(np.quantile(np.abs(values), CLIP)) or 1.0


def state_heatmap(values: np.ndarray, tokens: Tokens, *, limit: float, title: str, text: Translate = str) -> go.Figure:
    """A hidden state, shape (T, D): a row for each token, a column for each of its numbers. limit: see colour_limit."""
    names = [short(name) for name in attention.labels(tokens)]
    few = len(names) <= TICKS
    figure = blank(min(980, 150 + (22 if few else 4) * len(names)), x=text("Dimension"), title=title)
    figure.add_heatmap(
        z=np.ascontiguousarray(values, dtype=np.float32),
        y=[f"{name} ({i})" for i, name in enumerate(names)],
        colorscale=DIFFERENCES, zmin=-limit, zmax=limit, ygap=1 if few else 0,
        colorbar=scale_below(text("value (blue above 0, orange below)"), room=74),
        hovertemplate=text("{token}, dimension {dimension}<br>value {value}").format(token="%{y}", dimension="%{x}", value="%{z:.4f}")
        + "<extra></extra>",
    )  # fmt: skip
    axis: dict[str, object] = {"type": "category", "autorange": "reversed", "ticks": "", "showgrid": False}
    if few:
        axis |= {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": names}
    figure.update_layout(yaxis=axis, xaxis={"showgrid": False, "zeroline": False}, margin={"b": 20})
    return figure


def vector_strips(rows: Mapping[str, np.ndarray], *, text: Translate = str) -> go.Figure:
    """A few vectors (D,) of one input below each other, each on a colour scale that its own largest values end. rows: title → vector."""
    figure = blank(100 + 34 * len(rows), x=text("Dimension"))
    limits = [colour_limit(vector) for vector in rows.values()]
    stacked = np.stack([vector / limit for vector, limit in zip(rows.values(), limits, strict=True)]).astype(np.float32)
    figure.add_heatmap(
        z=stacked, y=list(range(len(rows))), customdata=np.stack(list(rows.values())).astype(np.float32),
        colorscale=DIFFERENCES, zmin=-1, zmax=1, ygap=4, showscale=False,
        hovertemplate=text("dimension {dimension}<br>value {value}").format(dimension="%{x}", value="%{customdata:.4f}") + "<extra></extra>",
    )  # fmt: skip
    names = [f"{safe(name)} (±{limit:.2g})" for name, limit in zip(rows, limits, strict=True)]
    figure.update_layout(
        yaxis={"autorange": "reversed", "tickmode": "array", "tickvals": list(range(len(rows))), "ticktext": names,
               "ticks": "", "showgrid": False, "zeroline": False},
        xaxis={"showgrid": False, "zeroline": False},
    )  # fmt: skip
    return figure


def similarities(
    values: np.ndarray, names: Sequence[str], *, lowest: float, title: str, hover: Sequence[str] = (), beside: bool = False, text: Translate = str
) -> go.Figure:  # fmt: skip
    """Cosines of N vectors with each other, shape (N, N), written into the cells. lowest: where the colours begin; they end at 1.

    names: at the axes, short; hover: what each stands for (the names themselves when left out). beside: the rows carry what they
    stand for, after their name.
    """
    full = [safe(name[:HOVER_CHARS]) for name in (hover or names)]
    cell = 44 if len(names) <= 10 else 30
    figure = blank(90 + cell * len(names), title=title)
    figure.add_heatmap(
        z=np.asarray(values, dtype=np.float32), colorscale=SHARES, zmin=lowest, zmax=1, xgap=2, ygap=2, showscale=False,
        customdata=[[[one, other] for other in full] for one in full],
        texttemplate="%{z:.2f}" if len(names) <= MOST_NUMBERS else None,
        hovertemplate="%{customdata[0]}<br>%{customdata[1]}<br>" + text("cosine {value}").format(value="%{z:.4f}") + "<extra></extra>",
    )  # fmt: skip
    ticks = {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": [short(name) for name in names]}
    plain = {"title": None, "showgrid": False, "zeroline": False, "ticks": "", "fixedrange": True} | ticks
    rows = (
        {"ticktext": [f"{short(one)} {name}" for one, name in zip(hover, ticks["ticktext"], strict=True)]}
        if beside
        else {}
    )
    figure.update_layout(
        xaxis=plain | {"side": "bottom"}, yaxis=plain | {"autorange": "reversed", "automargin": True} | rows
    )
    return figure


def senses(uses: WordUses, parted: Parting | None, *, text: Translate = str) -> go.Figure:
    """The cosine of each pair of uses of a word from state to state; with senses, their means and where the gap is largest.

    Pairs of one sense are solid, pairs of two senses dashed, pairs that nobody named dotted.
    """
    states = list(range(len(uses.similarities)))
    figure = blank(440, x=text("Layer (0: embeddings)"), y=text("Cosine similarity"))
    kinds = (
        ("same", text("pair, same sense"), CATEGORIES[0], "solid"),
        ("other", text("pair, different senses"), CATEGORIES[5], "dash"),
        ("none", text("pair of places"), CATEGORIES[-1], "dot"),
    )
    pairs: dict[str, list[tuple[int, int]]] = {kind: [] for kind, *_ in kinds}
    for i, one in enumerate(uses.uses):
        for j, other in enumerate(uses.uses[:i]):
            named = bool(one.sense and other.sense) and parted is not None
            pairs["none" if not named else "same" if one.sense == other.sense else "other"].append((j, i))
    for kind, name, colour, dash in kinds:
        for number, (j, i) in enumerate(pairs[kind]):
            figure.add_scatter(
                x=states, y=uses.similarities[:, j, i].round(5), mode="lines", name=name, legendgroup=kind, showlegend=number == 0,
                line={"color": colour, "dash": dash, "width": 1}, opacity=0.75 if kind == "none" else 0.55,
                hovertemplate=text("places {first} and {second}: {value}").format(first=j + 1, second=i + 1, value="%{y:.3f}") + "<extra></extra>",
            )  # fmt: skip
    if parted is not None:
        for values, name, colour, dash, symbol in (
            (parted.within, text("mean, same sense"), CATEGORIES[0], "solid", "circle"),
            (parted.between, text("mean, different senses"), CATEGORIES[5], "dash", "diamond"),
        ):
            figure.add_scatter(
                x=states, y=values.round(5), mode="lines+markers", name=name, line={"color": colour, "dash": dash, "width": 3},
                marker={"symbol": symbol, "size": 9}, hovertemplate=name + ": %{y:.3f}<extra></extra>",
            )  # fmt: skip
        figure.add_vline(
            x=parted.state, line={"dash": "dot", "color": CATEGORIES[-1], "width": 2},
            annotation_text=text("largest gap: {gap}").format(gap=f"{parted.gap[parted.state]:.2f}"),
            annotation_position="bottom left" if parted.state else "bottom right", annotation_showarrow=False,
        )  # fmt: skip
    figure.update_layout(hovermode="closest")
    figure.update_xaxes(tickmode="linear", tick0=0, dtick=1 if len(states) <= 14 else 2)
    legend_below(figure)
    return figure


def _lines(sentence: str) -> str:
    """A sentence broken into short lines for a hover label."""
    sentence = sentence if len(sentence) <= HOVER_CHARS else sentence[: HOVER_CHARS - 1] + "…"
    lines = [""]
    for word in sentence.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= HOVER_LINE:
            lines.append("")
        while len(word) > HOVER_LINE:  # Chinese, or one very long word
            lines[-1], word = word[:HOVER_LINE], word[HOVER_LINE:]
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(safe(line) for line in lines)


def groups(labels: Sequence[str], other: str) -> list[str]:
    """Each text's label, or `other` for labels beyond the most frequent ones that a map can tell apart."""
    frequent = {label for label, _ in Counter(labels).most_common(MOST_LABELS)}
    return [label if label in frequent else other for label in labels]


def sentence_map(
    projection: Projection,
    which: int,
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    marked: Sequence[int] = (),
    own: str = "",
    height: int = 560,
    text: Translate = str,
) -> go.Figure:
    """One set of a projection: a point for each sentence, colour and symbol by label, the sentence on hovering.

    All sets of a projection get the same ranges. Each point carries [its index] as customdata. marked: sentences to put a ring around.
    own: the sentence that stands beside the set (Projection.beside), a star; "" for none.
    """
    points, flat = projection.points[which], projection.points[which].shape[1] == 2
    shown = groups([label or text("no label") for label in labels], text("other labels"))
    small = 10 if len(points) <= 60 else 7 if len(points) <= 400 else 6
    figure = blank(height)
    names = sorted(set(shown))
    draw = figure.add_scatter if len(points) <= 2000 else figure.add_scattergl
    for number, name in enumerate(names):
        chosen = [i for i, label in enumerate(shown) if label == name]
        common = {
            "name": short(name), "mode": "markers", "customdata": [[i] for i in chosen], "text": [_lines(texts[i]) for i in chosen],
            "hovertemplate": "%{text}<extra>" + short(name) + "</extra>", "legendgroup": name,
        }  # fmt: skip
        colour, turn = CATEGORIES[number % len(CATEGORIES)], number // len(CATEGORIES)
        place = points[chosen].round(4)
        if flat:
            symbol = SYMBOLS_2D[(number + turn) % len(SYMBOLS_2D)]
            draw(x=place[:, 0], y=place[:, 1], marker={"color": colour, "symbol": symbol, "size": small + 1, "opacity": 0.7,
                 "line": {"width": 0}}, **common)  # fmt: skip
        else:
            symbol = SYMBOLS_3D[(number + turn) % len(SYMBOLS_3D)]
            figure.add_scatter3d(x=place[:, 0], y=place[:, 1], z=place[:, 2],
                                 marker={"color": colour, "symbol": symbol, "size": small / 1.8, "opacity": 0.75}, **common)  # fmt: skip
    if len(marked):
        place = points[list(marked)]
        ring = {
            "name": text("nearest neighbours"), "mode": "markers", "hoverinfo": "skip", "customdata": [[i] for i in marked],
        }  # fmt: skip
        if flat:
            draw(x=place[:, 0], y=place[:, 1], marker={"symbol": "circle-open", "size": small + 10, "color": CATEGORIES[5],
                 "line": {"width": 2.5}}, **ring)  # fmt: skip
        else:
            figure.add_scatter3d(x=place[:, 0], y=place[:, 1], z=place[:, 2],
                                 marker={"symbol": "circle-open", "size": small, "color": CATEGORIES[5]}, **ring)  # fmt: skip
    if own:
        yours = text("your sentence")
        star = {
            "name": yours, "mode": "markers", "hovertemplate": "%{text}<extra></extra>",
            "text": [f"<b>{safe(yours)}</b><br>{_lines(own)}"],
        }  # fmt: skip
        at = [[value] for value in projection.beside[which].round(4)]
        if flat:
            draw(x=at[0], y=at[1], marker={"symbol": "star", "size": 20, "color": CATEGORIES[5],
                 "line": {"width": 1.5, "color": "#ffffff"}}, **star)  # fmt: skip
        else:
            figure.add_scatter3d(x=at[0], y=at[1], z=at[2],
                                 marker={"symbol": "diamond", "size": 12, "color": CATEGORIES[5]}, **star)  # fmt: skip
    everything = np.concatenate([*projection.points, *(one[None] for one in projection.beside)])
    low, high = everything.min(axis=0), everything.max(axis=0)
    room = 0.06 * (high - low) + 1e-9
    axes = []
    for i in range(points.shape[1]):
        share = text("PC {number}: {share} of the variance").format(
            number=i + 1, share=f"{projection.explained[i]:.1%}"
        ) if projection.explained else f"t-SNE {i + 1}"  # fmt: skip
        axes.append(
            {
                "title": {"text": share},
                "range": [low[i] - room[i], high[i] + room[i]],
                "zeroline": False,
                "showticklabels": False,
            }
        )
    if flat:
        figure.update_layout(xaxis=axes[0], yaxis=axes[1], dragmode="lasso", hovermode="closest")
    else:
        back = {"showbackground": False, "gridcolor": "rgba(128,128,128,0.35)"}
        figure.update_layout(scene={f"{name}axis": axis | back for name, axis in zip("xyz", axes, strict=True)} | {"aspectmode": "cube"},
                             margin={"l": 0, "r": 0, "b": 0})  # fmt: skip
    figure.update_layout(showlegend=len(names) > 1 or bool(len(marked)) or bool(own), legend={"itemsizing": "constant"})
    return figure


def by_state(rows: Mapping[str, Sequence[float]], chosen: int, *, text: Translate = str) -> go.Figure:
    """A silhouette score for each state, a curve for each model. rows: title → L + 1 values."""
    figure = blank(320, x=text("Layer (0: embeddings)"), y=text("Silhouette score (cosine)"))
    for i, (name, values) in enumerate(rows.items()):
        figure.add_scatter(
            x=list(range(len(values))), y=list(values), mode="lines+markers", name=safe(name),
            line={"color": (ACCENT, CATEGORIES[1])[i % 2], "dash": ("solid", "dash")[i % 2], "width": 2.5},
            marker={"symbol": SYMBOLS_2D[i % 2], "size": 8}, hovertemplate=safe(name) + ": %{y:.3f}<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=chosen, line={"dash": "dot", "color": CATEGORIES[-1], "width": 1.5})
    figure.update_layout(showlegend=len(rows) > 1)
    figure.update_xaxes(tickmode="linear", tick0=0, dtick=1 if all(len(v) <= 14 for v in rows.values()) else 2)
    legend_below(figure)
    return figure
