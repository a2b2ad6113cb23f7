"""The Attention page's topic "Switch heads off": what changes without them, and which heads a classifier needs."""

import numpy as np
import pandas as pd
import streamlit as st

from core import attention, heads, models, runs
from core.batches import Report
from core.bundled import READY
from core.figures import heads as figures
from core.results import Measure
from core.tasks.table import TASKS
from pages.shared import charts, inputs, layout, progress
from pages.shared.cached import attention as cached_attention
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _
from pages.shared.snippets import attention as snippets
from pages.topics.attention import classifier

GRID = "ablation_grid"
EXAMPLES = 100


def _toggle(layers: int, count: int) -> None:
    """A click on the grid switches its head off, or on again."""
    for point in st.session_state[GRID].selection.points[:1]:
        layer, head = (int(value) for value in point["customdata"][:2])
        _put(_off(layers, count) ^ {(layer, head)})


def _toggle_layer(layer: int, layers: int, count: int) -> None:
    whole = {(layer, head) for head in range(count)}
    off = _off(layers, count)
    _put(off - whole if whole <= off else off | whole)


def _all_on() -> None:
    _put(frozenset())


def _put(off: "frozenset[tuple[int, int]] | set[tuple[int, int]]") -> None:
    inputs.put("off", ",".join(f"{layer}.{head}" for layer, head in sorted(off)))


def _off(layers: int, count: int) -> heads.Switch:
    """The heads that are off, as the address has them; those that the model does not have are left out."""
    known = {f"{layer}.{head}": (layer, head) for layer in range(layers) for head in range(count)}
    return frozenset(known[name] for name in inputs.get("off").split(",") if name in known)


def show(model: str, text: str, pair: str, cut: int) -> str:
    """Heads to switch off, what that changes for the sentence, and the ranking of a classifier's heads; returns the code."""
    config = cached_models.encoder(model).config
    layers, count = config.num_hidden_layers, config.num_attention_heads
    names = {
        f"{layer}.{head}": _("layer {layer}, head {head}").format(layer=layer + 1, head=head + 1)
        for layer in range(layers)
        for head in range(count)
    }
    off = _off(layers, count)
    _grid(model, text, pair, cut, off)
    inputs.many(
        "off", "attention", names, _("Heads that are off"), placeholder=_("none: choose here, or click a head above")
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_("Whole layers:"), width="content")
        for layer in range(layers):
            st.button(str(layer + 1), key=f"layer_off_{layer}", on_click=_toggle_layer, args=(layer, layers, count))
        st.button(_("All on"), on_click=_all_on, disabled=not _off(layers, count), icon=":material/restart_alt:")
    if off:
        _effect(model, text, pair, cut, off)
    else:
        st.info(_("All heads are on. Switch one off to see what the model loses."), icon=":material/touch_app:")
    st.markdown(
        _(
            "A head that is off hands on zeros instead of its values. Each number is how far the sentence's output vectors move when that head alone "
            "is off, as a share of their length. Click heads to switch them off together."
        )
    )
    _importance(model)
    return snippets.ablation(model, text, pair, cut, sorted(off), classifier=cached_models.classifies(model))


def _grid(model: str, text: str, pair: str, cut: int, off: heads.Switch) -> None:
    moved = cached_attention.single_ablations(model, text, pair, cut)
    if moved is None:

        def measure(report: Report) -> object:
            return cached_attention.single_ablations(model, text, pair, cut, report)

        progress.work(f"single_{model}_{text}_{pair}_{cut}", _("Switching heads off, one by one"), measure)
        moved = cached_attention.single_ablations(model, text, pair, cut)
    config = cached_models.encoder(model).config
    layers, count = config.num_hidden_layers, config.num_attention_heads
    with layout.wide("attention_ablation_grid"):
        charts.plot(
            figures.head_grid(
                np.full((layers, count), np.nan) if moved is None else moved,
                title=_("What one head alone changes"),
                bar=_("change of the output vectors"),
                form=".1%",
                off=sorted(off),
                text=_,
            ),
            key=GRID,
            on_select=lambda: _toggle(layers, count),
            selection_mode="points",
            alt=_(
                "How far the output vectors move when a head is off, for every head; heads that are off are crossed out"
            ),
        )


def _effect(model: str, text: str, pair: str, cut: int, off: heads.Switch) -> None:
    """What the chosen switches change: vectors, tokens, prediction."""
    found = cached_attention.ablation(model, text, pair, cut, off)
    left, right = st.columns(2, gap="large")
    with left:
        charts.plot(
            figures.layer_change([float(value) for value in found.change.mean(axis=1)], text=_),
            key="ablation_layers",
            alt=_("How far the vectors move after each layer, averaged over the tokens"),
        )
    with right:
        if found.before is not None and found.after is not None:
            charts.plot(
                figures.probabilities(
                    list(found.before), list(found.before.values()), list(found.after.values()), text=_
                ),
                key="ablation_answer",
                alt=_("The classifier's probabilities with all heads and with the chosen heads off"),
            )
        else:
            _tokens(found)
    if found.before is not None:
        with st.expander(_("Token by token"), icon=":material/table:"):
            _tokens(found)


def _tokens(found: heads.Ablation) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                _("Token"): list(attention.labels(found.tokens)),
                _("Change"): [100 * float(value) for value in found.change[-1]],
                _("Cosine"): [float(value) for value in found.cosine[-1]],
            }
        ),
        hide_index=True,
        column_config={
            _("Change"): st.column_config.NumberColumn(format="%.1f%%"),
            _("Cosine"): st.column_config.NumberColumn(format="%.4f"),
        },
        alt=_("How far each token's last vector moved"),
    )
    st.caption(_("After the last layer: how far each token's vector moved, and the cosine between before and after."))


def _begin(key: str) -> None:
    st.session_state[key] = True


def _importance(model: str) -> None:
    """Every head of a classifier that comes with validation rows switched off in turn."""
    st.header(_("Which heads does a classifier need?"), anchor=False)
    run = models.RUN_NAME.fullmatch(model)
    task = TASKS.get(runs.get(run[1]).config.task if run else READY[model].task if model in READY else "")
    if task is None or not heads.can_rank(task):
        why = _(
            "Heads are ranked by what a classifier's answers lose without them; the model above is not a classifier with texts to ask."
        )
        model = classifier.instead(why, model)
    st.markdown(
        _(
            "Each head is switched off in turn and the validation texts of its data are classified again (at most {count}). The ranking goes by the mean "
            "probability of the true label, which moves before the accuracy does."
        ).format(count=EXAMPLES)
    )
    found = cached_attention.importance(model, EXAMPLES)
    key = f"begin_importance_{model}"
    if found is None and not st.session_state.get(key):
        st.button(_("Rank all heads"), type="primary", on_click=_begin, args=(key,), icon=":material/play_arrow:")
        return
    if found is None:

        def measure(report: Report) -> heads.Importance | None:
            return cached_attention.importance(model, EXAMPLES, report)

        found = progress.work(f"importance_{model}", _("Heads measured"), measure)
    if found is not None:
        _ranking(model, found)


def _ranking(model: str, found: heads.Importance) -> None:
    config = cached_models.encoder(model).config
    grid = np.zeros((config.num_hidden_layers, config.num_attention_heads))
    for effect in found.heads:
        grid[effect.layer, effect.head] = 100 * effect.probability.value
    with layout.wide("importance_grid"):
        charts.plot(
            figures.head_grid(
                grid,
                title=_("Probability of the true label without each head: how it changes"),
                bar=_("percentage points"),
                form="+.1f",
                difference=True,
                text=_,
            ),
            key="importance_grid",
            alt=_("What the classifier loses without each head; the ranking is in the table below"),
        )
    st.caption(
        _(
            "On {n} of {total} validation texts: accuracy {accuracy:.1%}, mean probability of the true label {probability:.3f} with all heads. "
            "Intervals are 95% paired bootstrap intervals; of twenty heads without effect, about one will seem to have one."
        ).format(n=found.n, total=found.total, accuracy=found.accuracy, probability=found.probability)
    )
    rows = found.heads
    charts.plot(
        figures.importance_ranking(rows, text=_),
        key="importance_ranking",
        alt=_("The heads that are needed most, with their intervals; all of them are in the table below"),
    )
    st.dataframe(
        pd.DataFrame(
            {
                _("Rank"): range(1, len(rows) + 1),
                _("Layer"): [row.layer + 1 for row in rows],
                _("Head"): [row.head + 1 for row in rows],
                _("Probability of the true label"): [_points(row.probability) for row in rows],
                _("Accuracy"): [_points(row.accuracy) for row in rows],
                _("Right, now wrong"): [row.lost for row in rows],
                _("Wrong, now right"): [row.gained for row in rows],
            }
        ),
        hide_index=True,
        height=320,
        alt=_("All heads, the one whose loss hurts most first"),
    )


def _points(change: Measure) -> str:
    """A change of a share in percentage points, with its interval."""
    low, high = change.bounds
    return f"{100 * change.value:+.2f} [{100 * low:+.2f}, {100 * high:+.2f}]"
