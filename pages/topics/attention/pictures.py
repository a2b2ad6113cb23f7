"""The Attention page's maps beside the explorer: BertViz's three views, and what a chosen head looks at."""

import pandas as pd
import streamlit as st

from core import attention, html
from core.results import AttentionMaps
from pages.shared import layout
from pages.shared.cached import encoder as cached_encoder
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _

STRONGEST = 10


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


def head_view(maps: AttentionMaps, layer: int, head: int, part: attention.View, dark: bool) -> None:
    """BertViz's head view."""
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


def model_view(maps: AttentionMaps, part: attention.View, dark: bool) -> None:
    """BertViz's model view."""
    st.caption(
        _("Click a head to enlarge it, and again to close it. In the enlarged head, point at a token on the left.")
    )
    layers, heads, count = maps.weights.shape[:3]
    tile = min(count * 84 / max(heads, 4), 260) + 10
    height = int(max(layers * tile, 70 + 18 * min(count, 40))) + 130
    _bertviz(html.bertviz_model(maps, view=part, dark=dark, text=_), height, "attention-all-heads")


def strongest(maps: AttentionMaps, layer: int, head: int, part: attention.View) -> None:
    """The largest weights as a table: what the picture says, in text."""
    st.header(_("Strongest links of layer {layer}, head {head}").format(layer=layer + 1, head=head + 1), anchor=False)
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


def pattern(maps: AttentionMaps, layer: int, head: int) -> None:
    """Where one head looks on average."""
    st.header(_("What this head does on average"), anchor=False)
    found = attention.pattern(maps, layer, head)
    rows = [
        *((_("looks at {token}").format(token=token), share, "") for token, share in found.special.items()),
        (_("looks at itself"), found.itself, ""),
        (_("looks at the token before"), found.previous, ""),
        (_("looks at the token after"), found.following, ""),
    ]
    st.dataframe(
        pd.DataFrame(
            {
                _("The average token"): [row[0] for row in rows],
                _("Share of the attention"): [100 * row[1] for row in rows],
            }
        ),
        hide_index=True,
        column_config={
            _("Share of the attention"): st.column_config.ProgressColumn(
                _("Share of the attention"), min_value=0, max_value=100, format="%.1f%%", color="primary"
            )
        },
        alt=_("Where the chosen head looks on average"),
    )
    st.caption(
        _(
            "Averaged over the words: special tokens mostly look at one another. The attention is spread as widely as if {count:.1f} of the {total} tokens shared "
            "it evenly (2 to the power of the mean entropy). Many heads rest on a special token such as {special}: a place to look when there is nothing to find. "
            "The shares can overlap: the token before may be a special one."
        ).format(
            count=found.spread, total=len(maps.tokens.tokens), special=layout.plain(next(iter(found.special), "[CLS]"))
        )
    )


def neuron_view(maps: AttentionMaps, model: str, layer: int, head: int, part: attention.View, dark: bool) -> None:
    """BertViz's neuron view, fed with the queries and keys of the model in use."""
    tokens = maps.tokens
    width = cached_models.encoder(model).config
    html.check_neuron_view(len(tokens.tokens), width.hidden_size // width.num_attention_heads)
    stages = cached_encoder.trace(model, tokens.text, tokens.pair, layer, tokens.max_length).stages
    st.caption(
        _(
            "Point at a token on the left: its query is multiplied, number by number, with the key of every token; the sum of the products "
            "decides the weight. Blue is positive, orange negative. The circle with a minus hides the numbers, the plus shows them."
        )
    )
    rows, columns = attention.select(tokens, part)
    document = html.bertviz_neuron(
        maps,
        stages["query"].values,
        stages["key"].values,
        layer=layer,
        head=head,
        token=min(1, len(rows) - 1),
        view=part,
        dark=dark,
        text=_,
    )
    height = min(900, 190 + 26 * max(len(rows), len(columns)))
    _bertviz(document, height, f"attention-neurons-layer-{layer + 1}")


def formula(model: str) -> None:
    """What a weight is made of."""
    config = cached_models.encoder(model).config
    st.header(_("Where the weights come from"), anchor=False)
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
