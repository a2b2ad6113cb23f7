"""Encoder: one sentence through one layer of the real model, every step with its numbers, checked against the library."""

import time

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import openings
from core.attention import labels
from core.encoder import Trace
from core.figures import encoder as figures
from core.results import Tokens
from pages.shared import charts, choices, inputs, layout, path, unknown
from pages.shared.cached import encoder as cached_encoder
from pages.shared.cached import models as cached_models
from pages.shared.cached import tokens as cached_tokens
from pages.shared.components import part
from pages.shared.experiments import strip
from pages.shared.i18n import _, series
from pages.shared.snippets import encoder as snippets
from pages.topics.encoder import change, encoder_flow, experiments, worked
from pages.topics.encoder.experiments import CHANGE

PAGE, FLOW = "encoder", "encoder_flow"
ROUNDING = 1e-4  # a difference up to which two ways to the same numbers in float32 count as equal
WIDEST = 64  # columns of a table
# Seconds by which the picture of another layer comes before what stands below it. The browser draws as one what reaches it together: on
# two cores the picture of 32 tokens was there after 0.36 s then, and after 0.2 s with this.
PICTURE_FIRST = 0.08
mount = part("encoder_flow")


def _stepped() -> None:
    """A layer or a head was chosen in the picture."""
    step = st.session_state[FLOW].step
    if step:
        inputs.put("layer", int(step["layer"]))
        inputs.put("head", int(step["head"]))


def _chosen() -> None:
    """A box or a token was chosen in the picture."""
    choice = st.session_state[FLOW].choose
    if choice:
        inputs.put("view", str(choice["box"]))
        inputs.put("token", int(choice["token"]))


def _names(tokens: Tokens) -> dict[str, str]:
    """The tokens as options: position → its name on screen."""
    return {str(i): f"{name[:40]} ({i})" for i, name in enumerate(labels(tokens))}


def _small(value: float) -> str:
    """A tiny number as people read it."""
    return "0" if value == 0 else f"{value:.1e}".replace("e-0", "e-")


@st.fragment
def _walk(model: str, text: str, pair: str, cut: int, code: DeltaGenerator) -> None:
    """The picture, the chosen step below it, and the comparison with the library. It runs alone when a step is taken."""
    with layout.mistakes():
        config = cached_models.whole(model).config
        habit = cached_encoder.habit(model, text, pair, cut)
        layer, head = inputs.head_of(config.num_hidden_layers, config.num_attention_heads, (habit.layer, habit.head))
        trace = cached_encoder.trace(model, text, pair, layer, cut)
        telling = str(openings.token_to_follow(trace.tokens))
        token = int(inputs.meant("token", _names(trace.tokens), telling))
        there = encoder_flow.present(trace)
        view = inputs.settle_view(PAGE, ["weights", *there])
        data = encoder_flow.payload(trace, head, view, token, _)
        mount(key=FLOW, data=data, on_step_change=_stepped, on_choose_change=_chosen)
        if st.session_state[FLOW].step:
            time.sleep(PICTURE_FIRST)
        _checks(trace, there)
        _step(trace, head, token, there, model)
        with code.container():
            layout.show_code(
                snippets.encoder(model, text, pair, trace.tokens.max_length, layer, config.model_type),
                _(
                    "Plain torch: one layer from its weights, and the largest difference from the library's hidden states."
                ),
            )
        inputs.write_link()


def _step(trace: Trace, head: int, token: int, there: list[str], model: str) -> None:
    """The chosen box in large: formula with shapes, worked numbers, heat map, table."""
    names = labels(trace.tokens)
    left, right = st.columns(2)
    with left:
        titles = {name: f"{encoder_flow.BOXES[name].sign} · {_(encoder_flow.BOXES[name].title)}" for name in there}
        box = inputs.choice("view", PAGE, titles, _("Step"))
    with right:
        options = _names(trace.tokens)
        token = int(inputs.telling("token", PAGE, options, _("Token"), str(token)))
    row = encoder_flow.BOXES[box]
    matrix = encoder_flow.values(trace, box, head)
    st.latex(worked.latex(trace, box, head, cached_models.whole(model).config))
    st.markdown(_(row.says))
    left, right = st.columns([3, 2], gap="large")
    with left:
        vector = len(matrix) != len(names)
        small, tall, wide = encoder_flow.farthest(matrix, 256)
        square = box in ("scores", "weights")
        figure = figures.matrix(
            small,
            [""] if vector else names,
            title=_("{title}, layer {layer}, head {head}").format(
                title=_(row.title).capitalize(), layer=trace.layer + 1, head=head + 1
            )
            if square or box in ("query", "key", "value", "context.head")
            else _("{title}, layer {layer}").format(title=_(row.title).capitalize(), layer=trace.layer + 1),
            across=_("to (key)") if square else _("number"),
            row=0 if vector else token,
            blocks=(tall, wide),
            weights=box == "weights",
            square=square and tall == 1,
            text=_,
        )
        charts.plot(
            figure, key="encoder_matrix", alt=_("The numbers of the chosen step as a heat map, one row for each token")
        )
        if tall * wide > 1:
            st.caption(
                _("Each dot stands for {rows} × {columns} numbers and shows the one farthest from zero.").format(
                    rows=tall, columns=wide
                )
            )
    with right:
        title = _("Worked out") if vector else _("Worked out for “{token}”").format(token=options[str(token)])
        st.markdown("**" + layout.plain(title) + "**")
        for line in worked.lines(trace, box, head, 0 if vector else token):
            st.markdown(layout.plain(line.words))
            if line.latex:
                st.latex(line.latex)
        _first_numbers(matrix[0 if vector else token])
    if st.toggle(_("As a table"), key="encoder_table"):
        rows = matrix[:, :WIDEST]
        columns = options.values() if square else [str(i + 1) for i in range(rows.shape[1])]
        frame = pd.DataFrame(rows, columns=list(columns)[: rows.shape[1]])
        frame.insert(0, _("Token"), [""] if vector else list(options.values()))
        st.dataframe(frame, hide_index=True, alt=_("The numbers of the chosen step"))
        if matrix.shape[1] > WIDEST:
            st.caption(_("The first {shown} of {count} columns.").format(shown=WIDEST, count=f"{matrix.shape[1]:,}"))


def _first_numbers(row: np.ndarray) -> None:
    shown = ", ".join(f"{value:.4f}" for value in row[:6])
    st.caption(
        _("Its numbers begin with {numbers}{more}").format(numbers=shown, more=" …" if len(row) > 6 else "")
        + " · "
        + _("mean {value}").format(value=f"{row.mean():.4f}")
        + " · "
        + _("standard deviation {value}").format(value=f"{row.std():.4f}")
    )


def _checks(trace: Trace, there: list[str]) -> None:
    """Our arithmetic beside the library's, after every layer and at every step of this one: a tick that opens."""
    worst = max(trace.worst or 0.0, *trace.differences)
    holds = worst <= ROUNDING
    claim = _("equals transformers") if holds else _("differs from transformers by {value}").format(value=_small(worst))
    with layout.tick(claim, "encoder", holds=holds) as opened:
        if not opened.open:
            return
        compared = sum(stage.values.size for stage in trace.stages.values() if stage.difference is not None)
        st.markdown(
            _(
                "Every step is computed here from the weights, and once more by transformers itself: {compared} numbers of this layer, and the vectors "
                "after every layer. The largest difference of any number is **{value}**; rounding in float32 can make about 0.000001."
            ).format(compared=f"{compared:,}", value=_small(worst))
        )
        charts.plot(
            figures.differences(trace.differences, text=_),
            key="encoder_differences",
            alt=_("The largest difference from the library after every layer"),
        )
        known = [(name, encoder_flow.difference(trace, name)) for name in there]
        st.dataframe(
            pd.DataFrame(
                {
                    _("Step of layer {layer}").format(layer=trace.layer + 1): [
                        f"{encoder_flow.BOXES[name].sign} · {_(encoder_flow.BOXES[name].title)}"
                        for name, value in known
                    ],
                    "max |Δ|": [
                        _("not shown by the library") if value is None else _small(value) for _name, value in known
                    ],
                }
            ),
            hide_index=True,
            height=290,
            alt=_("The largest difference from the library at every step of the chosen layer"),
        )


def _topic() -> str:
    """The walk, at one of its boxes, or the change of the computation: "walk" or "change"."""
    asked = st.session_state.get("shared_asked", ())
    if {"without", "swap"} & set(asked) and "view" not in asked:  # an address that says no more than what is changed
        inputs.put("view", CHANGE)
    titles = {"walk": _("Through one layer"), CHANGE: _("Change the computation")}
    chosen = CHANGE if inputs.get("view") == CHANGE else "walk"
    with st.container(key="topics"):
        choices.row(
            _("Topic"), titles, chosen, key="topic@encoder", on_change=_take_topic, label_visibility="collapsed"
        )
    return chosen


def _take_topic() -> None:
    inputs.put("view", CHANGE if st.session_state["topic@encoder"] == CHANGE else "")


def _changes_elsewhere(model: str) -> None:
    """The other topic's changes are not in this picture: a line says so, and leads there."""
    titles = change.chosen(model)
    if titles:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_("Not in this picture: {changes}.").format(changes=series(titles)), width="content")
            st.button(_("See what that does"), type="tertiary", on_click=inputs.put, args=("view", CHANGE))


with layout.page(
    _("Encoder"),
    path.step("encoder")
    + _(
        "Follow one sentence through a layer of the real model: every box is a step of the computation with its real numbers. "
        "In the middle each token asks with its query, is found by its key and hands over its value. "
        "Point at anything to read it; choose a box to open it below."
    ),
):
    bar = inputs.toolbar(PAGE, options=("pair", "cut"))
    model, text = bar.model, bar.text
    with bar.options:
        pair, cut = inputs.pair_and_cut(PAGE, model)
    topic = _topic()
    strip(PAGE, experiments.rows(topic))
    tokens = cached_tokens.tokens(model, text, pair, cut)  # says at once what is wrong with a text
    unknown.offer(model, tokens)
    place, code = st.container(), st.empty()
    with place:
        if topic == CHANGE:
            change.show(model, text, pair, cut)
        else:
            _walk(model, text, pair, cut, code)
            _changes_elsewhere(model)
    layout.what_was_cut(tokens)
    path.footer("encoder")
