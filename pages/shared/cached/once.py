"""Results that take long and draw their progress: made once, kept, and shared."""

from collections.abc import Callable
from contextvars import copy_context

import streamlit as st


@st.cache_resource(max_entries=64, show_spinner=False)
def _place(what: str, key: tuple[str | int | float | None, ...]) -> dict[str, object]:
    return {}


def once(what: str, key: tuple[str | int | float | None, ...], make: Callable[[], object] | None) -> object:
    """A result that takes long: made once, kept, and shared; None when it is not there and nobody asks to make it.

    Its making draws progress on a page, which Streamlit's caches do not allow; when it is cancelled nothing is kept.
    """
    place = _place(what, key)
    if "result" not in place and make is not None:
        place["result"] = make()
    return place.get("result")


def undisturbed(report: Callable[[int, int], None] | None) -> Callable[[int, int], None] | None:
    """A page's progress report that a cached function may call: what it draws is not recorded for the next visitor."""
    if report is None:
        return None
    context = copy_context()
    return lambda done, total: context.run(report, done, total)
