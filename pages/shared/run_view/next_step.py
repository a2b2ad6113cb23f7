"""What a finished run shows, and one button for the next thing that helps most.

Nothing is found out here: core.diagnosis looks, this module says it and does it.
"""

import pandas as pd
import streamlit as st

from core import models
from core.diagnosis import Diagnosis, Ended, diagnose, diagnose_failure
from core.errors import Note
from core.results import RunConfig, RunReport
from core.runs import Run
from core.tasks.table import TASKS, task_of
from pages.shared import inputs, launch, layout, recipe
from pages.shared.i18n import _
from pages.shared.run_view.history import events


def next_step(run: Run, report: RunReport | None, page: str) -> None:
    """What the run shows, what to do about it, and the button that does it; nothing where there is nothing to say."""
    if run.config.task not in TASKS:
        return
    hidden = 0 if run.config.model == models.SCRATCH else recipe.hidden_size(run.config.model)
    found: Diagnosis | None = None
    if run.state.status == "failed":
        found = diagnose_failure(run.config, run.state.error, hidden)
    elif run.state.status == "finished" and report:
        found = diagnose(Ended(f"run:{run.id}", run.config, report, events(run), hidden))
    if found is None:
        return
    with st.container(border=True, key=f"next_step_{page}_{run.id}"):
        st.markdown(":material/lightbulb: **" + _said(found.seen) + "** " + _said(found.advice))
        if found.config:
            if st.button(
                _said(found.action), key=f"next_{page}_{run.id}", type="primary", icon=":material/play_arrow:"
            ):
                _start(run, found.config)
        elif st.toggle(_said(found.action), key=f"next_{page}_{run.id}"):
            _rows(found)


def _said(note: Note) -> str:
    """A sentence with its values, which may come from anyone's data."""
    message, values = note
    return layout.plain(_(message).format(**values))


def _start(run: Run, config: RunConfig) -> None:
    """Start the run that was advised, with the same data, and watch it where its kind is watched."""
    file = run.folder / config.data if config.data.startswith("data/") else None
    with layout.mistakes():
        started = launch.start(config, file)
        if task_of(config.task).supervised:
            inputs.put("run", started.id)
            st.switch_page("pages/finetune.py", query_params=inputs.link() | {"run": started.id})
        inputs.put("learning", started.id)
        st.switch_page("pages/pretraining.py", query_params=inputs.link() | {"view": "learn", "learning": started.id})


def _rows(found: Diagnosis) -> None:
    """The rows that are worth reading."""
    titles = {"text": _("Text"), "pair": _("Second text"), "true": _("True label"), "predicted": _("Predicted")}
    frame = pd.DataFrame(found.rows)
    st.dataframe(
        frame[[name for name in titles if frame[name].any()]].rename(columns=titles),
        hide_index=True,
        height="content",
        column_config={titles["text"]: st.column_config.TextColumn(width="large")},
        alt=_("The rows that are worth reading"),
    )
