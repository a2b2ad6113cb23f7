"""What a run was asked to do, where and how fast it was trained, and what its process printed."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core import runs
from core.metrics import METRICS
from core.results import RunReport
from core.runs import Run
from pages.shared.i18n import _
from pages.shared.words import configuration, duration

LOG_LINES = 200


def settings_table(run: Run) -> None:
    """What the run was asked to do."""
    rows = configuration(run.config)
    st.dataframe(
        pd.DataFrame({_("Setting"): list(rows), _("Value"): list(rows.values())}),
        hide_index=True,
        height="content",
        alt=_("The settings of the run"),
    )


def environment_table(report: RunReport) -> None:
    """Where and how fast it was trained."""
    rows: Mapping[str, str] = {
        _("Training alone"): duration(report.seconds),
        _("Examples per second"): f"{report.examples_per_second:.1f}",
        _("Tokens per second"): f"{report.tokens_per_second:,.0f}",
        _("Peak memory"): _("{count:,.0f} MB").format(count=report.peak_memory_mb),
        _("Steps"): f"{report.steps:,}",
        _("Best checkpoint, kept as the model"): _best_step(report),
        _("Training texts cut at the length limit"): f"{report.cut_share:.1%}",
        **{environment_name(name): value for name, value in report.environment.items()},
    }
    st.dataframe(
        pd.DataFrame({_("Measured"): list(rows), _("Value"): list(rows.values())}),
        hide_index=True,
        height="content",
        alt=_("Timings and environment of the run"),
    )


def _best_step(report: RunReport) -> str:
    """The best step, and what it was chosen by as far as the report says it."""
    if report.chosen_by not in METRICS:
        return _("step {step:,}").format(step=report.best_step)
    return _("step {step:,}, by {metric} of the validation rows").format(
        step=report.best_step, metric=_(METRICS[report.chosen_by].title)
    )


def environment_name(name: str) -> str:
    """What a run noted about its surroundings, in plain words."""
    return {
        "python": "Python",
        "torch": "PyTorch",
        "transformers": "transformers",
        "system": _("System"),
        "device": _("Processor or GPU"),
        "threads": _("Threads"),
        "precision": _("Numeric precision"),
        "attention": _("Attention kernel"),
    }.get(name, name)


def log(run: Run) -> None:
    """The end of what the training process printed."""
    text = runs.log_tail(run, LOG_LINES)
    st.caption(_("The last {count} lines that the training process printed.").format(count=LOG_LINES))
    st.code(text or _("(nothing yet)"), language=None, height=300)
