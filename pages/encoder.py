"""Encoder: one sentence through one layer of the real model, every step with its numbers, checked against the library."""

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import encoder
from core.attention import labels
from core.encoder import Trace
from core.figures import encoder as figures
from core.results import Tokens
from pages.shared import charts, inputs, layout, path
from pages.shared.cached import encoder as cached_encoder
from pages.shared.cached import models as cached_models
from pages.shared.cached import tokens as cached_tokens
from pages.shared.components import part
from pages.shared.i18n import _
from pages.shared.snippets import encoder as snippets
from pages.topics.encoder import encoder_flow, worked

PAGE, FLOW = "encoder", "encoder_flow"
PADDING = 8  # tokens that are added when the mask is left out, because it has nothing to hide without them
WIDEST = 64  # columns of a table
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


def _number(name: str, count: int) -> int:
    """A shared value as a number below `count`."""
    inputs.put(name, inputs.number(name, 0, count - 1, 0))
    return int(inputs.get(name))


def _small(value: float) -> str:
    """A tiny number as people read it."""
    return "0" if value == 0 else f"{value:.1e}".replace("e-0", "e-")


def _proof(trace: Trace) -> None:
    """The first thing to see: how far our arithmetic is from the library's."""
    compared = sum(stage.values.size for stage in trace.stages.values() if stage.difference is not None)
    first, second, third = st.columns([2, 2, 3])
    first.metric(
        _("Our arithmetic vs the library's: max |Δ|"),
        _small(trace.worst or 0.0),
        help=_(
            "Every step is computed here from the weights, and once more by transformers itself. This is the largest difference of any number. "
            "0 means equal to the last bit; rounding in float32 can make about 0.000001."
        ),
    )
    second.metric(
        _("Numbers compared in this layer"),
        f"{compared:,}",
        help=_("And the vectors after every layer: the table is further down."),
    )
    third.metric(
        _("What flows through: tokens × numbers"),
        f"{len(trace.tokens.tokens)} × {trace.states.shape[2]}",
    )


@st.fragment
def _walk(model: str, text: str, pair: str, cut: int, code: DeltaGenerator) -> None:
    """The picture, the chosen step below it, and the comparison with the library. It runs alone when a step is taken."""
    with layout.mistakes():
        config = cached_models.whole(model).config
        layer, head = _number("layer", config.num_hidden_layers), _number("head", config.num_attention_heads)
        trace = cached_encoder.trace(model, text, pair, layer, cut)
        token = _number("token", len(trace.tokens.tokens))
        there = encoder_flow.present(trace)
        view = inputs.settle_view(PAGE, ["weights", *there])
        _proof(trace)
        data = encoder_flow.payload(trace, head, view, token, _)
        mount(key=FLOW, data=data, on_step_change=_stepped, on_choose_change=_chosen)
        _step(trace, head, token, there, model)
        _checks(trace, head, there)
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
        options = {str(i): f"{name[:40]} ({i})" for i, name in enumerate(names)}
        token = int(inputs.choice("token", PAGE, options, _("Token")))
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


def _checks(trace: Trace, head: int, there: list[str]) -> None:
    """Our arithmetic beside the library's, after every layer and at every step of this one."""
    st.header(_("Our arithmetic vs the library's"), anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(
            _(
                "The largest difference of the vectors after the embeddings and after every layer is **{value}**."
            ).format(value=_small(max(trace.differences)))
        )
        charts.plot(
            figures.differences(trace.differences, text=_),
            key="encoder_differences",
            alt=_("The largest difference from the library after every layer"),
        )
    with right:
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


def _words(tokens: Tokens) -> dict[str, str]:
    """The words of the first sentence: the position of the first token → the word."""
    found: dict[int, tuple[int, int, int]] = {}
    for i, token in enumerate(tokens.tokens):
        if token.source == 0 and token.word is not None and token.start is not None and token.end is not None:
            first, start, _end = found.get(token.word, (i, token.start, token.end))
            found[token.word] = (first, start, token.end)
    return {str(first): f"{tokens.text[start:end][:40]} ({first})" for first, start, end in found.values()}


@st.fragment
def _change(model: str, text: str, pair: str, cut: int) -> None:
    """Something in the computation is changed, and what that does layer by layer."""
    with layout.mistakes():
        st.header(_("Change the computation"), anchor=False)
        st.markdown(
            _(
                "Leave something out, in every layer at once, and compare with the true pass. The model was trained with all of it: what breaks "
                "shows what each part is relied on for, not that a model trained without it would be as bad."
            )
        )
        rows = {row.id: row for row in encoder.offered(cached_models.whole(model).config)}
        chosen = inputs.several("without", PAGE, {name: _(row.title) for name, row in rows.items()}, _("Changes"))
        words = {"": _("no word")} | _words(cached_tokens.tokens(model, text, pair, cut))
        left, right = st.columns(2)
        with left:
            first = inputs.choice("swap", PAGE, words, _("Swap this word …"))
        with right:
            second = inputs.choice("swap_with", PAGE, words, _("… with this one"))
        swap = (int(first), int(second)) if first and second and first != second else None
        if chosen or swap:
            _effect(model, text, pair, cut, [rows[name] for name in chosen], swap)
        inputs.write_link()


def _effect(model: str, text: str, pair: str, cut: int, changes: list[encoder.Change], swap: tuple[int, int] | None) -> None:  # fmt: skip
    for change in [*changes, *([encoder.SWAP] if swap else [])]:
        with st.container(border=True):
            st.markdown("**" + _(change.title) + "**  \n" + _(change.help))
            left, right = st.columns(2)
            with left:
                st.caption(_("The model computes"))
                st.latex(change.true)
            with right:
                st.caption(_("Here instead"))
                st.latex(change.formula)
    names = tuple(change.id for change in changes)
    padding = PADDING if "no-mask" in names else 0
    found = cached_encoder.changed_pass(model, text, pair, cut, names, swap, padding)
    if padding:
        st.caption(_("For this, {count} padding tokens are added to both passes.").format(count=padding))
    first, second, third = st.columns(3)
    first.metric(_("Cosine after the last layer"), f"{found.mean_cosines[-1]:.3f}", help=_("Mean over the tokens; 1 means the same direction."))  # fmt: skip
    second.metric(_("Relative change after the last layer"), f"{100 * found.mean_distances[-1]:.1f} %", help=_("‖changed − true‖ / ‖true‖, mean over the tokens."))  # fmt: skip
    if found.labels:
        before, after = max(found.before), max(found.after)
        third.metric(
            _("Prediction"),
            layout.plain(found.labels[found.after.index(after)][:40]),
            _("was {label}, {before:.3f}; now {after:.3f}").format(
                label=layout.plain(found.labels[found.before.index(before)][:40]), before=before, after=after
            ),
            delta_color="off",
            delta_arrow="off",
        )
    left, right = st.columns(2, gap="large")
    with left:
        charts.plot(
            figures.effect(found.cosines, found.mean_cosines, title=_("Do the vectors still point the same way?"), y=_("cosine"), text=_),
            key="encoder_cosines", alt=_("Cosine between true and changed vectors after every layer"),
        )  # fmt: skip
    with right:
        charts.plot(
            figures.effect(found.distances, found.mean_distances, title=_("How far have they moved?"), y=_("relative change"), text=_),
            key="encoder_distances", alt=_("Relative change of the vectors after every layer"),
        )  # fmt: skip
    if found.labels:
        st.dataframe(
            pd.DataFrame({_("Label"): found.labels, _("True pass"): found.before, _("Changed"): found.after}),
            hide_index=True,
            column_config={
                name: st.column_config.ProgressColumn(name, min_value=0, max_value=1, format="%.4f", color="primary")
                for name in (_("True pass"), _("Changed"))
            },
            alt=_("The probabilities of all labels in the true and in the changed pass"),
        )
    else:
        st.caption(
            _("This model predicts nothing yet. Choose one of your fine-tuned runs as the model to see the prediction change.")
        )  # fmt: skip


with layout.page(
    _("Encoder"),
    path.step("encoder")
    + _(
        "Follow one sentence through a layer of the real model: every box is a step of the computation with its real numbers. "
        "Point at anything to read it; choose a box to open it below."
    ),
):
    model, text = inputs.model_and_sentence(PAGE)
    pair, cut = inputs.pair_and_cut(PAGE, model)
    layout.what_was_cut(cached_tokens.tokens(model, text, pair, cut))
    walk, tries, changing, code = st.container(), st.container(), st.container(), st.empty()
    with walk:
        _walk(model, text, pair, cut, code)
    with tries:
        layout.experiments(
            "encoder",
            (
                layout.Experiment(
                    _("Which bank?"),
                    _(
                        "In layer 1, head 5 the word *bank* puts most of its weight on *river*. The values of *river* then flow into the vector of "
                        "*bank*: follow its row from the weights to the output."
                    ),
                    {"model": "minilm", "text": "She sat on the bank of the river.", "pair": "", "layer": "0", "head": "4", "token": "5", "view": "weights"},
                ),
                layout.Experiment(
                    _("A layer adds, it does not replace"),
                    _(
                        "Compare what attention adds with what is kept: the quotient of the two lengths stands in the worked numbers. Step through "
                        "the layers and watch it."
                    ),
                    {"model": "minilm", "text": "The plot is thin, but the acting is wonderful.", "pair": "", "layer": "0", "head": "0", "token": "2", "view": "attention.residual"},
                ),
                layout.Experiment(
                    _("The tutorial's formula"),
                    _(
                        "The tutorial writes one normalisation around everything. With the same weights, the vectors end up pointing somewhere else: "
                        "after six layers the cosine with the model's own is about 0.1. See below."
                    ),
                    {"model": "minilm", "text": "I love eating pizza", "pair": "", "without": "tutorial-encoder", "swap": "", "swap_with": ""},
                ),
                layout.Experiment(
                    _("Without 1/√d"),
                    _("The scores grow, and softmax turns into an almost hard choice. See below how that adds up, layer by layer."),
                    {"model": "minilm", "text": "I love eating pizza", "pair": "", "without": "no-scaling", "swap": "", "swap_with": ""},
                ),
                layout.Experiment(
                    _("Dog bites man"),
                    _(
                        "Two words change places. At the start only the vectors of *dog* and *man* differ, by about a third; after the last layer "
                        "every token has changed, and both *the* most of all."
                    ),
                    {"model": "minilm", "text": "The dog bites the man.", "pair": "", "without": "", "swap": "2", "swap_with": "5"},
                ),
            ),
        )  # fmt: skip
    with changing:
        _change(model, text, pair, cut)
    path.footer("encoder")
