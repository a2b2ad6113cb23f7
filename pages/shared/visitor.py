"""Which runs are this visitor's: those that they started or opened in this browser.

This is the only place that says so, and every page that shows "your newest run" asks here. The browser keeps it in a cookie, which
holds ids of runs and nothing else; the page's frame writes it (see layout.page). This module does not know what is done with a run, nor
who else uses the studio.
"""

import streamlit as st

from core import models

OPENED = "opened_runs"  # session key: the ids of the runs
COOKIE = "studio_runs"
MOST = 100  # ids in the cookie, the newest


def opened(*names: str) -> None:
    """These runs, by their ids or as models ("run:…"), were started or opened here; other names count for nothing."""
    ids = [name.removeprefix("run:") for name in names]
    known = mine()
    st.session_state[OPENED] = known + tuple(
        run_id for run_id in ids if run_id not in known and models.RUN_NAME.fullmatch(f"run:{run_id}")
    )


def owns(name: str) -> bool:
    """Whether a run, by its id or as a model ("run:…"), is this visitor's."""
    return name.removeprefix("run:") in mine()


def mine() -> tuple[str, ...]:
    """The ids of this visitor's runs: those of this visit, and before it those that the browser remembers."""
    if OPENED not in st.session_state:
        written = st.context.cookies.get(COOKIE, "").split(".")
        st.session_state[OPENED] = tuple(run_id for run_id in written if models.RUN_NAME.fullmatch(f"run:{run_id}"))
    return tuple(st.session_state[OPENED])


def cookie() -> str:
    """What the browser is to remember: "name=ids"."""
    return f"{COOKIE}={'.'.join(mine()[-MOST:])}"
