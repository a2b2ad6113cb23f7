"""The Attention page's topic "Two models": the same sentence in both, and the heads whose maps differ most."""

import pandas as pd
import streamlit as st

from core import attention, models, runs
from core.bundled import READY
from core.errors import UserError
from core.figures import attention as attention_figures
from core.figures import heads as figures
from pages.shared import charts, experiments, i18n, inputs, layout
from pages.shared.cached import attention as cached_attention
from pages.shared.i18n import _
from pages.shared.opening import OPENINGS
from pages.shared.snippets import attention as snippets
from pages.topics.attention.heads import choose

GRID = "compare_grid"
LISTED = 200


def began_with(run: str) -> str:
    """The model that a run ("run:…") or one that comes with the studio started from; "" where that is a folder, as after
    training from the command line.
    """
    if run in READY:
        return READY[run].base
    base = runs.get(run.removeprefix("run:")).config.model
    return base if models.is_name(base) else ""


def _suggestion(model: str, titles: dict[str, str]) -> str:
    """The model to compare with at first: what the chosen one started from, or the newest that started from this one."""
    if models.RUN_NAME.fullmatch(model) or model in READY:
        return began_with(model)
    started = [name for name in titles if began_with(name) == model]
    return next(iter(started or [name for name in titles if name != model]), "")


def _offer_pair(model: str) -> None:
    """The way to two models that can be compared, where the chosen ones cannot: the first that comes with the studio, and what it started from."""
    ready = next(iter(READY.values()))
    if model != ready.base:
        st.button(
            _("Compare {model} with {other}, on an English sentence").format(model=ready.base, other=ready.id),
            key="compare_pair", type="primary", on_click=_take_pair, args=(ready.base, ready.id),
        )  # fmt: skip


def _take_pair(model: str, other: str) -> None:
    experiments.keep_own("attention")
    for name, value in {"model": model, "other_model": other, "text": OPENINGS["en"]["text"], "pair": ""}.items():
        inputs.put(name, value)


def show(model: str, text: str, pair: str, cut: int) -> str:
    """How much each head's map differs between two models, and the chosen head side by side; returns the code."""
    titles = inputs.own_before_ready(inputs.finished(), inputs.ready())
    if not inputs.get("other_model") or inputs.get("other_model") == model:
        inputs.put("other_model", _suggestion(model, titles))
    others = {name: title for name, title in titles.items() if name != model}
    other = inputs.other_model("attention", others, label=_("Compared with"), more=tuple(models.MODELS))
    if not other or other == model:
        st.info(
            _("Choose a second model: one that was fine-tuned from the first, or another of the same size."),
            icon=":material/info:",
        )
        return ""
    try:
        found = cached_attention.head_differences(model, other, text, pair, cut)
    except UserError as error:
        st.info(layout.plain(i18n.error_text(error)), icon=":material/info:")
        _offer_pair(model)
        return ""
    layers, count = found.divergence.shape
    with layout.wide("attention_compare_grid"):
        charts.plot(
            figures.head_grid(
                found.divergence,
                title=_("How much each head's map differs"),
                bar=_("Jensen–Shannon divergence (bits)"),
                form=".3f",
                selected=inputs.head_of(layers, count, found.order[0]),
                text=_,
            ),
            key=GRID,
            on_select=lambda: choose(GRID),
            selection_mode="points",
            alt=_("How much each head's attention differs between the two models; the table below lists them"),
        )
    st.caption(
        _(
            "0 bits: the same map; 1 bit: nothing in common. Averages over the tokens of this sentence. Click a head to see it in both models."
        )
    )
    layer, head = inputs.layer_and_head("attention", layers, count, found.order[0])
    first, second = (cached_attention.attend(name, text, pair, layer, cut) for name in (model, other))
    left, right = st.columns(2, gap="large")
    for place, name, maps, beside in ((left, model, first, second), (right, other, second, first)):
        with place:
            st.markdown("**" + layout.plain(inputs.model_title(name, titles)) + "**")
            charts.plot(
                attention_figures.attention_heatmap(maps, layer, head, beside=beside.tokens, text=_),
                key=f"compare_map_{place is left}",
                alt=_("The chosen head's attention in one of the two models"),
            )
    change = attention.head(first, layer, head) - attention.head(second, layer, head)
    tokens = first.tokens
    everything = range(len(tokens.tokens))
    charts.plot(
        attention_figures.token_map(
            tokens,
            everything,
            everything,
            change,
            title=_("The first model minus the second: layer {layer}, head {head}").format(
                layer=layer + 1, head=head + 1
            ),
            largest=max(float(abs(change).max()), 0.01),
            difference=True,
            bar=_("difference of the weights"),
            text=_,
        ),
        key="compare_change",
        alt=_("The difference of the two maps: blue where the first model looks more, orange where it looks less"),
    )
    with st.expander(_("Heads by how much they differ"), icon=":material/table:"):
        st.dataframe(
            pd.DataFrame(
                {
                    _("Layer"): [row[0] + 1 for row in found.order[:LISTED]],
                    _("Head"): [row[1] + 1 for row in found.order[:LISTED]],
                    _("Divergence (bits)"): [float(found.divergence[row]) for row in found.order[:LISTED]],
                    _("Attention moved"): [100 * float(found.variation[row]) for row in found.order[:LISTED]],
                }
            ),
            hide_index=True,
            column_config={
                _("Divergence (bits)"): st.column_config.NumberColumn(format="%.4f"),
                _("Attention moved"): st.column_config.NumberColumn(format="%.1f%%"),
            },
            alt=_("Heads sorted by how much their attention differs, the largest difference first"),
        )
    return snippets.attention_change(model, other, text, pair, tokens.max_length, layer, head)
