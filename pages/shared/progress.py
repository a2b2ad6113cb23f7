"""Long work on a page: a bar and the time left, or the time so far, and a button that ends it. Work takes turns (see pages.shared.pool).

Between two steps the bar, or the time, is drawn anew, which is where Streamlit interrupts the work when something is pressed. What the
work is, and where its result is kept, is for the page (see pages.shared.cached.once).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.batches import Report
from core.errors import UserError
from pages.shared import pool, words
from pages.shared.cached.store import NotKept, only_kept
from pages.shared.i18n import _, language, ngettext

Result = TypeVar("Result")


def _not_yet(done: int, total: int) -> None:
    raise NotKept


def in_turn(function: Callable[[Report], Result], report: Report, draw: Callable[[str], object]) -> Result:
    """What `function` makes when it is this visitor's turn, or at once where all of it is kept. draw: where in the queue they stand.

    Raises UserError when they have had as much work as one may have.
    """
    with pool.turn() as turn:
        if pool.minutes_left() or not turn.begins():
            try:
                with only_kept():
                    return function(_not_yet)
            except NotKept:
                pool.check_minutes()
                turn.wait(lambda before: draw(waiting(before)))
        return function(report)


def spinner(title: str) -> AbstractContextManager[None]:
    """Streamlit's spinner with the seconds so far, which it writes in English: on a Chinese page it goes without."""
    return st.spinner(title, show_time=language() == "en")


def spin(title: str, function: Callable[[], Result]) -> Result:
    """What `function` makes of kept results in a second or some, under a spinner."""
    place = st.empty()

    def make(_report: Report) -> Result:
        with place, spinner(title):
            return function()

    return in_turn(
        make, lambda done, total: None, lambda text: place.caption(f":material/hourglass_top: {title} · {text}")
    )


def waiting(before: int) -> str:
    """Where in the queue the work stands. before: how many come first."""
    if not before:
        return _("waits for its turn: it is next")
    return ngettext(
        "waits for its turn: {count} comes before", "waits for its turn: {count} come before", before
    ).format(count=before)


def _set(key: str, value: bool) -> None:
    st.session_state[key] = value


def work(name: str, title: str, function: Callable[[Report], Result]) -> Result | None:
    """What `function` makes with a report callback, under a bar called `title`; None once it was cancelled.

    name: tells one piece of work from another, its input included. It begins at once, and again only when asked.
    """
    if _stopped(name):
        return None
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text=title)
        _cancel(name)
    begin = perf_counter()

    def report(done: int, total: int) -> None:
        text = f"{title}: {done:,} / {total:,}"
        if 0 < done < total:
            minutes, seconds = divmod(round((perf_counter() - begin) / done * (total - done)), 60)
            text += " · " + _("about {minutes}:{seconds:02d} left").format(minutes=minutes, seconds=seconds)
        bar.progress(done / max(1, total), text=text)

    with _until_done(place):
        return in_turn(function, report, lambda text: bar.progress(0.0, text=f"{title} · {text}"))


def wait(name: str, title: str, function: Callable[[Report], Result]) -> Result | None:
    """As `work`, for what cannot say how far it is: its seconds, drawn with the button when it reports for the first time.

    So nothing flashes up where the result is there at once.
    """
    if _stopped(name):
        return None
    place = st.empty()
    begin = perf_counter()
    drawn: list[DeltaGenerator] = []

    def draw(text: str) -> None:
        if not drawn:
            with place.container(horizontal=True, vertical_alignment="center"):
                drawn.append(st.empty())
                _cancel(name)
        drawn[0].markdown(f":material/hourglass_top: {title} · {text}")

    with _until_done(place):
        return in_turn(function, lambda done, total: draw(words.duration(perf_counter() - begin)), draw)


@contextmanager
def _until_done(place: DeltaGenerator) -> Iterator[None]:
    """What a place shows goes when the work is done, or says why it cannot be; it stays when Streamlit interrupts the page."""
    try:
        yield
    except UserError:
        place.empty()
        raise
    place.empty()


def _stopped(name: str) -> bool:
    """Whether the work was cancelled, which is said, with the button that begins it again."""
    stopped = bool(st.session_state.get(f"stopped_{name}"))
    if stopped:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(_("Cancelled."), icon=":material/stop_circle:")
            st.button(_("Begin again"), key=f"again_{name}", on_click=_set, args=(f"stopped_{name}", False))
    return stopped


def _cancel(name: str) -> None:
    st.button(
        _("Cancel"),
        key=f"cancel_{name}",
        on_click=_set,
        args=(f"stopped_{name}", True),
        icon=":material/stop_circle:",
    )
