"""How a run learns: its curves, and what its evaluations show of its examples."""

from collections.abc import Sequence

import streamlit as st

from core.figures import training as training_figures
from core.metrics import METRICS
from core.results import Event
from core.tasks.table import TASKS
from pages.shared import charts
from pages.shared.i18n import _
from pages.shared.run_view.history import last, uniform_loss
from pages.shared.tasks.table import VIEWS


def headline(task: str) -> tuple[str, ...]:
    """The first METRICS of a task that one pair of axes can show: at most two, of one unit. () for an unknown task."""
    metrics = TASKS[task].metrics if task in TASKS else ()
    return tuple(name for name in metrics[:2] if METRICS[name].unit == METRICS[metrics[0]].unit)


def curves(found: Sequence[Event], task: str, page: str) -> None:
    """Loss, metrics and learning rate of one run, and below them what its evaluations show of its examples."""
    if last(found, "step") is None and last(found, "evaluation") is None:
        return
    one = {"": found}
    metrics = headline(task)
    columns = st.columns(3)
    with columns[0]:
        charts.plot(
            training_figures.loss_curve(
                one, uniform=uniform_loss(found), title=_(TASKS[task].loss_title) if task in TASKS else "", text=_
            ),
            f"loss_{page}",
            _("Training and validation loss against the training step"),
        )
    if metrics:
        with columns[1]:
            charts.plot(
                training_figures.metric_curves(one, metrics, text=_),
                f"evaluation_{page}",
                _("{metrics} on validation against the training step").format(
                    metrics=" · ".join(_(METRICS[name].title) for name in metrics)
                ),
            )
    with columns[2]:
        charts.plot(
            training_figures.learning_rate_curve(one, text=_),
            f"rate_{page}",
            _("Learning rate against the training step"),
        )
    if task in VIEWS:
        VIEWS[task].samples(found)
