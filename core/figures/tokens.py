"""Tokens and vocabularies as Plotly figures: what languages cost, how tokenizers compare, what occurs how often.

How long texts are is drawn by `training.length_histogram`. This module does not know which page shows a figure, and
measures nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import plotly.graph_objects as go

from core.figures.style import ACCENT, CATEGORIES, FONT, Translate, blank, class_axis, legend_below, safe
from core.vocabulary import LanguageCost, Learned, Spelling

Measure = Literal["ratio", "per_character", "per_word", "unknown_share"]
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon")


def language_costs(
    costs: Mapping[str, Sequence[LanguageCost]], measure: Measure, *, text: Translate = str
) -> go.Figure:
    """What the same two sentences cost in each language: one line per language, one sign per tokenizer, cheapest on top.

    costs: tokenizer's name → its costs, the same languages in each. measure: tokens per token of the English text, per
    character, per word (languages without spaces between words have no sign), or the share that is unknown. Sorted by the
    first tokenizer, languages in which it loses something below the others. Up to eight tokenizers are told apart by colour and shape. A sign is open where
    some tokens are unknown: so much of the text is lost that its length says little.
    """
    titles = {
        "ratio": text("Tokens, as a multiple of the English text"),
        "per_character": text("Tokens per character"),
        "per_word": text("Tokens per word"),
        "unknown_share": text("Share of tokens that are unknown"),
    }
    first = next(iter(costs.values()))
    lost = {cost.language.id for cost in first if cost.unknown and measure != "unknown_share"}
    order = sorted(
        first,
        key=lambda cost: (_value(cost, measure) is None, cost.language.id in lost, _value(cost, measure) or 0.0),
    )
    places = {cost.language.id: i for i, cost in enumerate(order)}
    figure = blank(
        max(280, 150 + 24 * len(order)), title=text("The same two sentences in each language")
    )  # what is measured stands below the title: beside so long names the axis has no room for it on a telephone
    figure.update_layout(title={"subtitle": {"text": titles[measure], "font": {"size": FONT}}}, margin={"t": 60})
    hover = text("{language}<br>{tokenizer}<br>{tokens} tokens, {unknown} of them unknown<br>{value}")
    for i, (name, rows) in enumerate(costs.items()):
        shown = [(cost, value) for cost in rows if (value := _value(cost, measure)) is not None]
        symbol = SYMBOLS[i % len(SYMBOLS)]
        figure.add_scatter(
            x=[value for _, value in shown],
            y=[places[cost.language.id] for cost, _ in shown],
            mode="markers",
            name=safe(name),
            marker={
                "color": CATEGORIES[i % len(CATEGORIES)],
                "size": 11,
                "symbol": [symbol + ("-open" if cost.unknown and measure != "unknown_share" else "") for cost, _ in shown],
                "line": {"width": 2, "color": CATEGORIES[i % len(CATEGORIES)]},
            },
            customdata=[
                hover.format(
                    language=safe(text(cost.language.name)), tokenizer=safe(name), tokens=cost.tokens, unknown=cost.unknown,
                    value=f"{value:.1%}" if measure == "unknown_share" else f"{value:.2f}",
                )
                for cost, value in shown
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
    if measure == "ratio":
        figure.add_vline(x=1, line={"dash": "dash", "color": "#8C8C8C", "width": 1.5})
    labels = [f"{text(cost.language.name)} · {cost.language.own_name}" for cost in order]
    figure.update_layout(
        showlegend=len(costs) > 1,
        yaxis=class_axis(labels, "")
        | {"autorange": "reversed", "showgrid": True, "ticktext": [safe(label) for label in labels]},
    )
    figure.update_xaxes(rangemode="tozero", tickformat="~%" if measure == "unknown_share" else None)
    if len(costs) > 1:
        legend_below(figure)
    return figure


def _value(cost: LanguageCost, measure: Measure) -> float | None:
    values = {
        "ratio": cost.ratio,
        "per_character": cost.per_character,
        "per_word": cost.per_word,
        "unknown_share": cost.unknown_share,
    }
    return values[measure]


def spellings(rows: Sequence[Spelling], *, text: Translate = str) -> go.Figure:
    """How many tokens one text is under each tokenizer, the unknown ones in a colour of their own."""
    figure = blank(
        max(190, 120 + 32 * len(rows)),
        x=text("Tokens, special tokens left out"),
        title=text("One text, several tokenizers"),
    )
    known, unknown = [len(row.pieces) - row.unknown for row in rows], [row.unknown for row in rows]
    for name, values, colour in (
        (text("in the vocabulary"), known, ACCENT),
        (text("unknown"), unknown, CATEGORIES[5]),
    ):
        figure.add_bar(
            x=values,
            y=list(range(len(rows))),
            orientation="h",
            name=name,
            marker={"color": colour, "pattern": {"shape": "/" if colour != ACCENT else ""}},
            text=[str(value) if value else "" for value in values],
            customdata=[safe(row.name) for row in rows],
            hovertemplate="%{customdata}<br>" + name + ": %{x:,}<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        showlegend=any(unknown),
        yaxis=class_axis([row.name for row in rows], "") | {"autorange": "reversed"},
    )
    if any(unknown):
        legend_below(figure)
    return figure


def learned_uses(rows: Sequence[Learned], *, text: Translate = str) -> go.Figure:
    """How often each entry of a trained vocabulary is used in its own training texts, against the order it was learned in."""
    figure = blank(
        300,
        x=text("Place in the vocabulary (id)"),
        y=text("Uses in the training texts"),
        title=text("How often each entry is used"),
    )
    groups = (
        (text("characters and bytes"), [row for row in rows if not row.merged and row.score is None], 1),
        (text("merged from two pieces"), [row for row in rows if row.merged], 0),
        (text("kept because they are probable"), [row for row in rows if row.score is not None], 0),
    )
    for name, members, colour in groups:
        used = [row for row in members if row.uses]
        if used:
            figure.add_scattergl(
                x=[row.id for row in used],
                y=[row.uses for row in used],
                mode="markers",
                name=name,
                marker={"size": 5, "color": CATEGORIES[colour], "symbol": SYMBOLS[colour]},
                customdata=[[safe(row.piece), safe(_made_of(row))] for row in used],
                hovertemplate="%{customdata[0]}%{customdata[1]}<br>%{y:,}<extra></extra>",
            )
    figure.update_yaxes(type="log", dtick=1)
    figure.update_layout(showlegend=True)
    legend_below(figure)
    return figure


def _made_of(row: Learned) -> str:
    return f"= {row.left} + {row.right}" if row.merged else "" if row.score is None else f"(ln p {row.score:.2f})"
