"""How a run learns: its curves, its guesses over time, and the examples on which it is most wrong."""

from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from core.figures import training as training_figures
from core.results import Event
from pages.shared import layout
from pages.shared.i18n import _
from pages.shared.run_view.history import is_masked, last, uniform_loss


def curves(found: Sequence[Event], page: str) -> None:
    """Loss, scores and learning rate of one run."""
    if last(found, "step") is None and last(found, "evaluation") is None:
        return
    one = {"": found}
    first, second, third = st.columns(3)
    with first:
        layout.plot(
            training_figures.loss_curve(one, uniform=uniform_loss(found), text=_),
            f"loss_{page}",
            _("Training and validation loss against the training step"),
        )
    with second:
        if is_masked(found):
            layout.plot(
                training_figures.masked_curve(one, text=_),
                f"evaluation_{page}",
                _(
                    "How often the masked token is the likeliest, and among the five likeliest, against the training step"
                ),
            )
        else:
            layout.plot(
                training_figures.evaluation_curve(one, text=_),
                f"evaluation_{page}",
                _("Accuracy and macro-F1 on validation against the training step"),
            )
    with third:
        layout.plot(
            training_figures.learning_rate_curve(one, text=_),
            f"rate_{page}",
            _("Learning rate against the training step"),
        )
    probes_table(found)


def probes_table(found: Sequence[Event]) -> None:
    """What the model thinks [MASK] is in three fixed sentences, at each evaluation."""
    by_step = {event.step: event.values.get("probes") for event in found if event.kind == "evaluation"}
    rows = {step: probes for step, probes in by_step.items() if isinstance(probes, list | tuple) and probes}
    if not rows:
        return
    st.markdown("**" + _("What it thinks [MASK] is, over time") + "**")
    frame = pd.DataFrame(
        [
            {_("Step"): step} | {probe["text"]: likely((w["token"], w["probability"]) for w in probe["top"]) for probe in probes}
            for step, probes in sorted(rows.items())
        ]
    )  # fmt: skip
    st.dataframe(
        frame, hide_index=True, height="content",
        column_config={_("Step"): st.column_config.NumberColumn(format="localized", width="small")},
        alt=_("The three likeliest words for the mask in each of three sentences, a row for each evaluation"),
    )  # fmt: skip


def likely(words: Iterable[tuple[str, float]]) -> str:
    """Words with their probabilities, in one line."""
    return " · ".join(f"{word} {probability:.1%}" for word, probability in words)


def worst(measured: Event | None) -> None:
    """The validation examples on which the model was most wrong at the newest evaluation."""
    rows = measured.values.get("worst") if measured else None
    if not isinstance(rows, list | tuple) or not rows:
        return
    st.markdown("**" + _("Most wrong on validation so far") + "**")
    st.caption(
        _("Examples with the highest loss at step {step}. A label that is wrong in the data shows up here too.").format(
            step=measured.step if measured else 0
        )
    )
    frame = pd.DataFrame([row for row in rows if isinstance(row, dict)])
    names = {
        "text": _("Text"),
        "pair": _("Second text"),
        "true": _("True label"),
        "predicted": _("Predicted"),
        "confidence": _("Confidence"),
        "loss": _("Loss"),
    }
    columns = [name for name in names if name in frame and not (name == "pair" and not frame["pair"].any())]
    st.dataframe(
        frame[columns].rename(columns=names),
        hide_index=True,
        column_config=text_table(),
        alt=_("Validation examples with the highest loss"),
    )


def text_table() -> dict[str, ColumnConfig]:
    """How a table of texts with labels shows its columns: room for the texts, three digits for the numbers."""
    wide, three = (
        st.column_config.TextColumn(width="large"),
        st.column_config.NumberColumn(format="%.3f", width="small"),
    )
    return {_("Text"): wide, _("Second text"): wide, _("Confidence"): three, _("Loss"): three}
