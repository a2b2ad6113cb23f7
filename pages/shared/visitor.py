"""Which runs are this visitor's: those that they started or opened in this browser.

This is the only place that says so, and every page that shows "your newest run" asks here. It is remembered as long as the
session lasts. It does not know what is done with a run, nor who else uses the studio.
"""

import streamlit as st

from core import models

OPENED = "opened_runs"  # session key: the ids of the runs


def opened(*names: str) -> None:
    """These runs, by their ids or as models ("run:…"), were started or opened here; other names count for nothing."""
    ids = [name.removeprefix("run:") for name in names]
    known = _ids()
    st.session_state[OPENED] = known + tuple(
        run_id for run_id in ids if run_id not in known and models.RUN_NAME.fullmatch(f"run:{run_id}")
    )


def owns(name: str) -> bool:
    """Whether a run, by its id or as a model ("run:…"), is this visitor's."""
    return name.removeprefix("run:") in _ids()


def _ids() -> tuple[str, ...]:
    return tuple(st.session_state.get(OPENED, ()))
