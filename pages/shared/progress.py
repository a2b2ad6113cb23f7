"""Long work on a page: a bar, the time left, and a button that ends it.

Between two steps the bar is drawn anew, which is where Streamlit interrupts the work when something is pressed. What the
work is, and where its result is kept, is for the page (see pages.shared.cached.once).
"""

from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

import streamlit as st

from core.batches import Report
from pages.shared.i18n import _

Result = TypeVar("Result")


def _set(key: str, value: bool) -> None:
    st.session_state[key] = value


def work(name: str, title: str, function: Callable[[Report], Result]) -> Result | None:
    """What `function` makes with a report callback, under a bar called `title`; None once it was cancelled.

    name: tells one piece of work from another, its input included. It begins at once, and again only when asked.
    """
    stopped = f"stopped_{name}"
    if st.session_state.get(stopped):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(_("Cancelled."), icon=":material/stop_circle:")
            st.button(_("Begin again"), key=f"again_{name}", on_click=_set, args=(stopped, False))
        return None
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text=title)
        st.button(_("Cancel"), key=f"cancel_{name}", on_click=_set, args=(stopped, True), icon=":material/stop_circle:")
    begin = perf_counter()

    def report(done: int, total: int) -> None:
        text = f"{title}: {done:,} / {total:,}"
        if 0 < done < total:
            minutes, seconds = divmod(round((perf_counter() - begin) / done * (total - done)), 60)
            text += " · " + _("about {minutes}:{seconds:02d} left").format(minutes=minutes, seconds=seconds)
        bar.progress(done / max(1, total), text=text)

    result = function(report)
    place.empty()
    return result
