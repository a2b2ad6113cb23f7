"""What can be done with a run that is not active: resume it, train again with changes, use or download its model."""

import re
from pathlib import Path
from tempfile import TemporaryFile

import streamlit as st

from core import models, runs
from core.export.folder import zip_model
from core.runs import Run
from core.tasks.table import TASKS
from pages.shared import inputs, visitor
from pages.shared.i18n import _
from pages.shared.run_view import notes

RESUMABLE = ("interrupted", "failed", "cancelled")
NEXT_FORM = "finetune_from"  # session key: the run whose settings the form takes over, on Fine-tune or Pre-training


def is_readable(run: Run) -> bool:
    """Whether it is known what the run was asked to do."""
    return run.config.model != "?"


def can_use(run: Run) -> bool:
    """Whether the run has a model."""
    return models.availability(f"run:{run.id}") == "here"


def zipped(folder: Path) -> bytes:
    """The zip of a run's model, built on the disk that holds the run: memory sees it once, when Streamlit needs it."""
    with TemporaryFile(dir=folder) as file:
        zip_model(folder, file)
        file.seek(0)
        return file.read()


def zip_name(run: Run) -> str:
    """A file name that says which run it is, and that every system can hold."""
    name = re.sub(r"[^\w-]+", "_", run.name).strip("_")[:60]
    return f"{name or 'model'}-{run.id[-6:]}.zip"


def actions(run: Run, page: str) -> None:
    """What can be done with a run now."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if can_use(run):
            _ways_on(run, page)
            st.download_button(
                _("Download the model (zip)"), lambda: zipped(run.folder), zip_name(run), "application/zip",
                key=f"zip_{page}_{run.id}", on_click="ignore", icon=":material/download:",
                help=_("A folder that transformers' pipeline() loads, with its label names."),
            )  # fmt: skip
        if not is_readable(run):
            st.caption(_("All that can be done with it is to delete it, on the page Runs."))
            return
        if run.state.status in RESUMABLE and visitor.may_change(run) and st.button(
            _("Resume"), key=f"resume_{page}_{run.id}", icon=":material/play_arrow:", type="primary",
            help=_("Goes on from the last complete checkpoint, or from the start when there is none."),
        ):  # fmt: skip
            visitor.check_may_start()
            runs.resume(run)
            st.rerun()
        if visitor.may_change(run):
            notes.editor(run, page)
        task = TASKS.get(run.config.task)
        if task and st.button(
            _("Train again with changes"), key=f"again_{page}_{run.id}", icon=":material/tune:",
            help=_("Opens the form with the settings of this run."),
        ):  # fmt: skip
            st.session_state[NEXT_FORM] = run.id
            if not task.supervised:
                inputs.put("learning", "")
                st.switch_page("pages/pretraining.py", query_params=inputs.link() | {"view": "learn"})
            inputs.put("run", "")
            st.switch_page("pages/finetune.py")


def _ways_on(run: Run, page: str) -> None:
    """Where a run's model can be used next."""
    name, task = f"run:{run.id}", TASKS.get(run.config.task)
    if task is None:
        return
    if task.supervised:
        st.page_link(
            "pages/playground.py", label=_("Try it in the Playground"), icon=":material/sports_esports:",
            query_params=inputs.link() | {"model": name},
        )  # fmt: skip
        return
    if st.button(
        _("Fine-tune this"), key=f"finetune_{page}_{run.id}", icon=":material/model_training:", type="primary",
        help=_("Opens Fine-tune with this model to begin from: its encoder stays, a new classifier comes on top."),
    ):  # fmt: skip
        inputs.put("model", name)
        inputs.put("run", "")
        st.switch_page("pages/finetune.py")
    fills = "tokens" in task.gives
    st.page_link(
        "pages/pretraining.py", label=_("Fill masks with it") if fills else _("Ask it about next sentences"), icon=":material/school:",
        query_params=inputs.link() | {"model": name, "view": "mlm" if fills else "nsp"},
    )  # fmt: skip
