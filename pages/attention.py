"""Attention: where each token looks, head by head, in numbers and drawings."""

from typing import cast

import pandas as pd
import streamlit as st

from core import attention, html
from core.errors import UserError
from core.figures import attention as attention_figures
from core.results import AttentionMaps
from pages.shared import cached, i18n, inputs, layout, snippets
from pages.shared.i18n import _

GRID = "attention_grid"
STRONGEST = 10


def _choose_head() -> None:
    """A click on a small map chooses its layer and head."""
    for point in st.session_state[GRID].selection.points[:1]:
        for name, value in zip(("layer", "head"), point["customdata"], strict=True):
            inputs.put(name, int(value))


def _heatmap(maps: AttentionMaps, layer: int, head: int, part: attention.View) -> None:
    to_largest = st.toggle(
        _("Stretch the colours to the largest weight"),
        help=_("Shows weak weights; two maps can then no longer be compared by colour."),
    )
    figure = attention_figures.attention_heatmap(maps, layer, head, view=part, to_largest=to_largest, text=_)
    st.plotly_chart(
        figure,
        key="attention_heatmap",
        alt=_("Attention weights of one head as a heat map; the strongest are in the table below"),
    )
    if part != "all":
        st.caption(_("A part of the whole map: the weights are as they are, so a row does not add up to 1."))


def _grid(model: str, text: str, pair: str, part: attention.View, cut: int, layer: int, head: int) -> None:
    heads = cached.overview(model, text, pair, part, cut)
    st.caption(
        _(
            "Click a map to choose its layer and head. The same colour is the same weight everywhere; the scale favours weak weights."
        )
    )
    st.plotly_chart(
        attention_figures.heads_grid(heads, selected=(layer, head), text=_),
        key=GRID,
        on_select=_choose_head,
        selection_mode="points",
        alt=_("The attention maps of all heads, layers from top to bottom, heads from left to right"),
    )
    if heads.block > 1:
        st.caption(
            _("Each dot stands for {count} × {count} tokens and shows the largest weight among them.").format(
                count=heads.block
            )
        )


def _bertviz(document: str, height: int, name: str) -> None:
    st.iframe(
        document,
        height=height,
        alt=_("BertViz's drawing of the attention; the strongest weights are in the table below"),
    )
    st.download_button(
        _("Download this view as one HTML file that works offline"),
        document,
        file_name=f"{name}.html",
        mime="text/html",
        icon=":material/download:",
    )


def _head_view(maps: AttentionMaps, layer: int, head: int, part: attention.View, dark: bool) -> None:
    together = st.toggle(_("All heads at once"))
    st.caption(
        _(
            "Point at a token to see where it looks (left) or who looks at it (right). Each coloured square is a head: a click "
            "shows or hides it, a double click shows it alone."
        )
    )
    document = html.bertviz_head(maps, layer=layer, shown=None if together else [head], view=part, dark=dark, text=_)
    rows, columns = attention.select(maps.tokens, part)
    _bertviz(document, min(900, 120 + 23 * max(len(rows), len(columns))), f"attention-layer-{layer + 1}")


def _model_view(maps: AttentionMaps, part: attention.View, dark: bool) -> None:
    st.caption(
        _("Click a head to enlarge it, and again to close it. In the enlarged head, point at a token on the left.")
    )
    layers, heads, count = maps.weights.shape[:3]
    tile = min(count * 84 / max(heads, 4), 260) + 10
    height = int(max(layers * tile, 70 + 18 * min(count, 40))) + 130
    _bertviz(html.bertviz_model(maps, view=part, dark=dark, text=_), height, "attention-all-heads")


def _strongest(maps: AttentionMaps, layer: int, head: int, part: attention.View) -> None:
    st.subheader(
        _("Strongest links of layer {layer}, head {head}").format(layer=layer + 1, head=head + 1), anchor=False
    )
    special = st.toggle(_("With special tokens"), value=True)
    names = attention.labels(maps.tokens)
    links = attention.strongest(maps, layer, head, STRONGEST, part, special=special)
    st.dataframe(
        pd.DataFrame(
            {
                _("From"): [f"{names[link.source]} ({link.source})" for link in links],
                _("To"): [f"{names[link.target]} ({link.target})" for link in links],
                _("Weight"): [link.weight for link in links],
            }
        ),
        hide_index=True,
        column_config={
            _("Weight"): st.column_config.ProgressColumn(
                _("Weight"), min_value=0, max_value=1, format="%.4f", color="primary"
            )
        },
        alt=_("The largest attention weights of the chosen head"),
    )
    st.caption(_("In brackets: the token's position in the input, counted from 0."))


def _pattern(maps: AttentionMaps, layer: int, head: int) -> None:
    st.subheader(_("What this head does on average"), anchor=False)
    found = attention.pattern(maps, layer, head)
    rows = [
        *((_("looks at {token}").format(token=token), share, "") for token, share in found.special.items()),
        (_("looks at itself"), found.itself, ""),
        (_("looks at the token before"), found.previous, ""),
        (_("looks at the token after"), found.following, ""),
    ]
    st.dataframe(
        pd.DataFrame({_("The average token"): [row[0] for row in rows], _("Share"): [100 * row[1] for row in rows]}),
        hide_index=True,
        column_config={
            _("Share"): st.column_config.ProgressColumn(
                _("Share"), min_value=0, max_value=100, format="%.1f %%", color="primary"
            )
        },
        alt=_("Where the chosen head looks on average"),
    )
    st.caption(
        _(
            "It spreads its attention as if over {count:.1f} of {total} tokens evenly (2 to the power of the mean entropy). Many heads "
            "rest on [CLS] or [SEP]: a place to look when there is nothing to find."
        ).format(count=found.spread, total=len(maps.tokens.tokens))
    )


with layout.page(
    _("Attention"),
    _(
        "Before a token becomes a vector with meaning, every head of every layer decides which other tokens it takes information from. "
        "The weights say how much: each token shares out exactly 1."
    ),
):
    left, right = st.columns([2, 3])
    with left:
        model = inputs.model("attention")
    with right:
        text = inputs.sentence("attention")
    first, second = st.columns([4, 1], vertical_alignment="bottom")
    with first:
        pair = inputs.pair("attention")
    with second:
        cut = inputs.cut("attention", cached.tokenizer(model).model_max_length)
    config = cached.encoder(model).config
    layer, head = inputs.layer_and_head("attention", config.num_hidden_layers, config.num_attention_heads)
    tokens = cached.tokens(model, text, pair, cut)
    count = len(tokens.tokens)

    first, second = st.columns([3, 2], vertical_alignment="bottom")
    with first:
        view = inputs.view(
            "attention",
            {
                "heatmap": _("Heat map"),
                "heads": _("All heads"),
                "head-view": _("BertViz: one layer"),
                "model-view": _("BertViz: whole model"),
            },
            label=_("Picture"),
        )
    part: attention.View = "all"
    if tokens.pair_start is not None:
        with second:
            part = cast(
                attention.View,
                inputs.part(
                    "attention",
                    {
                        "all": _("everything"),
                        "a-a": _("first sentence → first sentence"),
                        "a-b": _("first sentence → second sentence"),
                        "b-a": _("second sentence → first sentence"),
                        "b-b": _("second sentence → second sentence"),
                    },
                    label=_("Part of the pair"),
                ),
            )

    dark = st.context.theme.type == "dark"
    maps = cached.attend(model, text, pair, layer, cut)
    try:
        if view == "heads":
            _grid(model, text, pair, part, cut, layer, head)
        elif view == "head-view":
            _head_view(maps, layer, head, part, dark)
        elif view == "model-view":
            html.check_model_view(config.num_hidden_layers, config.num_attention_heads, count)
            _model_view(cached.attend(model, text, pair, None, cut), part, dark)
    except UserError as error:
        st.info(layout.plain(i18n.error_text(error)), icon=":material/info:")
        view = "heatmap"
    if view in ("heatmap", "heads"):
        _heatmap(maps, layer, head, part)
    if tokens.cut or tokens.cut_pair:
        st.warning(_("Cut at {limit} tokens. The model never sees this:").format(limit=tokens.max_length))
        layout.cut_text(tokens.cut + tokens.cut_pair)

    layout.experiments(
        "attention",
        (
            layout.Experiment(
                _("A head that looks back"),
                _(
                    "Layer 1, head 3 puts practically all of its attention on the token before, whatever the token is: it carries "
                    "word order. Type any other sentence: the stripe stays."
                ),
                {"model": "minilm", "text": "The plot is thin, but the acting is wonderful.", "pair": "", "layer": "0", "head": "2", "view": "heatmap"},
            ),
            layout.Experiment(
                _("The bank of the river"),
                _(
                    "In layer 1, head 5 the word *bank* looks at *river*: this is how its vector learns which bank is meant. Write "
                    "*England* instead of *river*, then *city*: one is found again, the other is not. A head is a habit, not a rule of grammar."
                ),
                {"model": "minilm", "text": "She sat on the bank of the river.", "pair": "", "layer": "0", "head": "4", "view": "head-view"},
            ),
            layout.Experiment(
                _("Who was tired?"),
                _(
                    "In layer 4, head 2 the word *it* looks at *animal*. Write *wide* instead of *tired*, so that *it* means the street: "
                    "the weight on *animal* falls by more than half, yet *street* does not win. The model hesitates."
                ),
                {"model": "minilm", "text": "The animal did not cross the street because it was too tired.", "pair": "", "layer": "3", "head": "1", "view": "heatmap"},
            ),
            layout.Experiment(
                _("A question and its answer"),
                _(
                    "Only the links from the question to the answer are shown. Layer 6, head 12 connects the two sentences more than any "
                    "other head: *keys* finds *keys*, and *did* and *put* find *table*."
                ),
                {
                    "model": "minilm", "text": "Where did she put the keys?", "pair": "The keys were on the kitchen table.",
                    "layer": "5", "head": "11", "view": "head-view", "part": "a-b",
                },
            ),
            layout.Experiment(
                _("Nothing to look for"),
                _(
                    "Layer 5, head 6 spends most of its attention on [CLS], which means nothing by itself. Look at all heads: most of those in "
                    "layers 2 to 5 have that bright first column. High attention is not the same as importance."
                ),
                {"model": "minilm", "text": "The plot is thin, but the acting is wonderful.", "pair": "", "layer": "4", "head": "5", "view": "heads"},
            ),
        ),
    )  # fmt: skip

    left, right = st.columns(2, gap="large")
    with left:
        _strongest(maps, layer, head, part)
    with right:
        _pattern(maps, layer, head)

    st.subheader(_("Where the weights come from"), anchor=False)
    st.latex(
        r"\mathrm{Attention}(Q,K,V)=\underbrace{\mathrm{softmax}\!\left(\frac{QK^{\top}}{\sqrt{d_k}}\right)}_{\text{"
        + _("weights")
        + "}}V"
    )
    st.markdown(
        _(
            "Each head turns every token's vector into a query Q, a key K and a value V of {size} numbers. A token's query is compared with "
            "all keys; the products, divided by √d_k = √{size} and passed through softmax, are the row of weights you see. The head's "
            "output is the sum of the values, weighted by them. This model has {layers} layers × {heads} heads, so {maps} such maps for "
            "every input."
        ).format(
            size=config.hidden_size // config.num_attention_heads,
            layers=config.num_hidden_layers,
            heads=config.num_attention_heads,
            maps=config.num_hidden_layers * config.num_attention_heads,
        )
    )
    layout.show_code(snippets.attention(model, text, pair, tokens.max_length, layer, head))
