"""The Attention page's topic "Through all layers": attention rollout and attention flow of the sentence."""

import streamlit as st

from core import attention, heads, openings
from core.batches import Report
from core.figures import attention as attention_figures
from core.figures import heads as figures
from core.results import Tokens
from pages.shared import charts, choices, inputs, layout, progress
from pages.shared.cached import attention as cached_attention
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _
from pages.shared.snippets import attention as snippets


def _token(tokens: Tokens) -> int:
    names = attention.labels(tokens)
    options = {str(i): f"{name} ({i})" for i, name in enumerate(names)}
    return int(inputs.telling("token", "attention", options, _("Token"), str(openings.token_to_follow(tokens))))


def show(model: str, text: str, pair: str, cut: int) -> str:
    """What of each input token has reached each vector, by two ways to follow attention; returns the code behind it."""
    tokens = cached_tokens.tokens(model, text, pair, cut)
    names, count = attention.labels(tokens), len(tokens.tokens)
    first, second = st.columns(2)
    with first:
        token = _token(tokens)
    rolled = cached_attention.rollout(model, text, pair, cut)
    layers = len(rolled)
    with second:
        depths = {depth: str(depth) for depth in range(1, layers + 1)}
        key = f"depth_{layers}"
        depth = choices.slider(_("Through how many layers"), depths, choices.kept(key, depths, layers), key=key)
    left, right = st.columns([3, 2], gap="large")
    with left:
        everything = range(count)
        charts.plot(
            attention_figures.token_map(
                tokens,
                everything,
                everything,
                rolled[depth - 1],
                title=_("Attention rollout through layers 1 to {depth}").format(depth=depth),
                bar=_("share that comes from the token (0–1)"),
                text=_,
            ),
            key="rollout_map",
            alt=_(
                "Attention rollout as a heat map: a row for each vector, a column for each input token it is mixed from"
            ),
        )
    with right:
        raw = cached_attention.attend(model, text, pair, layers - 1, cut).weights[0].mean(axis=0)[token]
        measures = {_("last layer alone"): list(raw), _("rollout"): list(rolled[-1][token])}
        flow = _flow(model, text, pair, cut, token, count)
        if flow is not None:
            measures[_("flow")] = list(flow)
        shown = list(range(min(count, heads.MOST_FLOW_TOKENS)))
        charts.plot(
            figures.word_measures(
                [names[i] for i in shown],
                {name: [values[i] for i in shown] for name, values in measures.items()},
                text=_,
            ),
            key="flow_bars",
            alt=_("What reaches the chosen token from each input token, by three measures"),
        )
        st.caption(
            _(
                "What reaches “{token}” after the last layer, from each input token. Each column has a scale of its own; a row of rollout adds up to 1, flow need not."
            ).format(token=layout.plain(names[token]))
        )
        if len(shown) < count:
            st.caption(_("The first {shown} of {count} tokens are drawn.").format(shown=len(shown), count=count))
        _agreement(measures)
    st.markdown(
        _(
            "A map shows one layer, but vectors mix layer after layer: what a token looks at in layer 6 is already a mixture. **Attention rollout** "
            "multiplies the maps of all layers, each averaged over its heads and mixed half and half with the residual connection. **Attention flow** treats "
            "the same maps as pipes and asks how much could flow from a token at the top to a token at the bottom. Both follow the attention only: "
            "values and feed-forward networks are left out (Abnar & Zuidema 2020)."
        )
    )
    return snippets.rollout(model, text, pair, cut, token, flow=count <= heads.MOST_FLOW_TOKENS)


def _flow(model: str, text: str, pair: str, cut: int, token: int, count: int) -> "list[float] | None":
    """The flow to the chosen token, or a line that says why there is none."""
    if count > heads.MOST_FLOW_TOKENS:
        st.info(
            _("Attention flow is worked out for at most {limit} tokens; this input has {count}.").format(
                limit=heads.MOST_FLOW_TOKENS, count=count
            ),
            icon=":material/info:",
        )
        return None
    found = cached_attention.flow(model, text, pair, cut, token)
    if found is None:

        def measure(report: Report) -> object:
            return cached_attention.flow(model, text, pair, cut, token, report)

        progress.work(f"flow_{model}_{text}_{pair}_{cut}_{token}", _("Attention flow"), measure)
        found = cached_attention.flow(model, text, pair, cut, token)
    return None if found is None else [float(value) for value in found]


def _agreement(measures: dict[str, list[float]]) -> None:
    """How alike the accounts rank the tokens."""
    first, *others = measures.items()
    parts = []
    for name, values in others:
        found = heads.correlation(first[1], values)
        if found is not None:
            parts.append(f"{name} {found:+.2f}")
    if parts:
        st.caption(_("Rank correlation with the last layer alone: {list}").format(list=" · ".join(parts)))
