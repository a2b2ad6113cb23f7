"""Attention: where each token looks, head by head, what the heads do, and what happens without them."""

from typing import cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import attention, html
from core.errors import UserError
from core.results import Tokens
from pages.shared import choices, i18n, inputs, layout, path, unknown
from pages.shared.cached import attention as cached_attention
from pages.shared.cached import models as cached_models
from pages.shared.cached import tokens as cached_tokens
from pages.shared.experiments import of, strip
from pages.shared.i18n import _
from pages.shared.snippets import attention as snippets
from pages.topics.attention import ablation, compare, experiments, explanation, explorer, flow, heads, pictures

PAGE = "attention"


def _pictures() -> dict[str, str]:
    return {
        "explorer": _("Explorer"),
        "head-view": _("BertViz: one layer"),
        "model-view": _("BertViz: whole model"),
        "neuron-view": _("BertViz: neurons"),
    }


def _topics() -> dict[str, str]:
    """The page's topics by the id of their first view."""
    return {
        next(iter(_pictures())): _("Maps"),
        "what-heads-do": _("What heads do"),
        "flow": _("Through all layers"),
        "ablation": _("Switch heads off"),
        "compare": _("Two models"),
        "explanation": _("Is it an explanation?"),
    }


def _take_topic() -> None:
    inputs.put("view", st.session_state["topic@attention"])


def _topic() -> str:
    """The chosen topic: it follows the view that the address or an experiment asks for; the maps where it asks for none."""
    topics = _topics()
    view = inputs.settle_view(PAGE, [*_pictures(), *topics])
    chosen = view if view in topics else next(iter(topics))
    with st.container(key="topics"):
        choices.row(
            _("Topic"), topics, chosen, wrap=True, key="topic@attention", on_change=_take_topic, label_visibility="collapsed"
        )  # fmt: skip
    return chosen


def _part(tokens: Tokens) -> attention.View:
    """The part of a pair that is shown; everything where there is no second sentence."""
    if tokens.pair_start is None:
        return "all"
    titles = {
        "all": _("everything"),
        "a-a": _("first sentence → first sentence"),
        "a-b": _("first sentence → second sentence"),
        "b-a": _("second sentence → first sentence"),
        "b-b": _("second sentence → second sentence"),
    }
    return cast(attention.View, inputs.part(PAGE, titles, label=_("Part of the pair")))


def _maps(model: str, text: str, pair: str, cut: int, options: DeltaGenerator) -> str:
    """The explorer or one of BertViz's views, and what the chosen head looks at; returns the code behind them.

    options: the place of what is seldom chosen.
    """
    config = cached_models.encoder(model).config
    tokens = cached_tokens.tokens(model, text, pair, cut)
    with options:
        part = _part(tokens)
    with st.container(key="pictures"):
        view = inputs.view(PAGE, _pictures(), label=_("Picture"))
    habit = cached_attention.habit(model, text, pair, cut)
    with options:  # the small maps and BertViz's own list choose them as well; in one place, so that their values stay
        layer, head = inputs.layer_and_head(
            PAGE, config.num_hidden_layers, config.num_attention_heads, (habit.layer, habit.head)
        )
    dark = st.context.theme.type == "dark"
    maps = cached_attention.attend(model, text, pair, layer, cut)
    try:
        if view == "head-view":
            pictures.head_view(maps, layer, head, part, dark)
        elif view == "model-view":
            html.check_model_view(config.num_hidden_layers, config.num_attention_heads, len(tokens.tokens))
            pictures.model_view(cached_attention.attend(model, text, pair, None, cut), part, dark)
        elif view == "neuron-view":
            pictures.neuron_view(maps, model, layer, head, part, dark)
    except UserError as error:
        st.info(layout.plain(i18n.error_text(error)), icon=":material/info:")
        view = "explorer"
    if view == "explorer":
        explorer.explorer(model, text, pair, layer, head, part, cut)
    left, right = st.columns(2, gap="large")
    with left:
        pictures.strongest(maps, layer, head, part)
    with right:
        pictures.pattern(maps, layer, head)
    pictures.formula(model)
    return snippets.attention(model, text, pair, tokens.max_length, layer, head)


def _behind_options() -> tuple[str, ...]:
    """The shared values that are chosen under "Options": they depend on the topic and on whether there is a pair."""
    sample = ("sample",) if inputs.get("view") == "what-heads-do" else ()
    return ("pair", "cut", *sample, *(("part",) if inputs.get("pair").strip() else ()))


def _experiments(topic: str) -> None:
    """The experiments of the topic, above its picture."""
    rows = experiments.rows(next(iter(inputs.answering("label"))))
    strip(PAGE, of(rows, {topic} if topic not in _pictures() else _pictures()))


with layout.page(
    _("Attention"),
    path.step("attention")
    + _(
        "Before a token becomes a vector with meaning, every head of every layer decides which other tokens it takes information from. "
        "The weights say how much: each token shares out exactly 1."
    ),
):
    bar = inputs.toolbar(PAGE, options=_behind_options())
    model, text = bar.model, bar.text
    with bar.options:
        pair, cut = inputs.pair_and_cut(PAGE, model)
    topic = _topic()
    _experiments(topic)
    tokens = cached_tokens.tokens(model, text, pair, cut)  # says at once what is wrong with a text
    unknown.offer(model, tokens)
    if topic == "what-heads-do":
        code = heads.show(model, text, pair, cut, bar.options)
    elif topic == "flow":
        code = flow.show(model, text, pair, cut)
    elif topic == "ablation":
        code = ablation.show(model, text, pair, cut)
    elif topic == "compare":
        code = compare.show(model, text, pair, cut)
    elif topic == "explanation":
        code = explanation.show(model, text, pair)
    else:
        code = _maps(model, text, pair, cut, bar.options)
    layout.what_was_cut(tokens)
    if code:
        layout.show_code(code)
    path.footer("attention")
