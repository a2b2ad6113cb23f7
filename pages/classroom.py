"""Classroom: the teacher's page. Who is on which page, who waits and who trains, what the machine has left, one page for all to look at, and a clean table at the end."""

import shutil
from collections import Counter

import pandas as pd
import psutil
import streamlit as st

from core import classroom, runs, settings
from core.errors import UserError
from core.runs import Run
from pages.shared import layout, path, visitor, words
from pages.shared.cached import runs as cached_runs
from pages.shared.cached import visitors as cached_visitors
from pages.shared.i18n import _, ngettext

REFRESH_SECONDS = 3
GIGABYTE = 1 << 30
ERROR = "class_error"  # session key: why the class could not be reset


def machine() -> None:
    """What is left of memory and disk."""
    memory, disk = psutil.virtual_memory(), shutil.disk_usage(settings.HOME.value())
    server = psutil.Process().memory_info().rss
    first, second, third = st.columns(3)
    first.metric(_("Memory free"), f"{memory.available / GIGABYTE:.1f} / {memory.total / GIGABYTE:.1f} GB")
    second.metric(_("Memory of the pages' server"), f"{server / GIGABYTE:.2f} GB")
    third.metric(_("Disk free"), f"{disk.free / GIGABYTE:.1f} / {disk.total / GIGABYTE:.1f} GB")


def named(visitor_id: str) -> str:
    """What somebody is called, as far as they said."""
    return visitor.name_of(visitor_id) or _("somebody without a name")


def person(run: Run) -> str:
    """Whose run it is."""
    return named(run.owner) if run.owner else _("the machine's own")


@st.fragment(run_every=REFRESH_SECONDS)
def queue() -> None:
    """The runs that are at work and those that wait, in the order of their turns."""
    machine()
    training = [run for run in cached_runs.all_runs() if run.state.status == "running"]
    waiting = runs.queue()
    paused = runs.is_paused()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            "**"
            + _("{training} training, {waiting} waiting").format(training=len(training), waiting=len(waiting))
            + "**"
        )
        if st.button(
            _("Let the queue go on") if paused else _("Pause the queue"), key="class_pause",
            icon=":material/play_arrow:" if paused else ":material/pause:",
            help=_("Runs that are at work go on; none begins while the queue is paused."),
        ):  # fmt: skip
            runs.pause(not paused)
            st.rerun()
    for place, run in enumerate([*training, *waiting]):
        with st.container(horizontal=True, vertical_alignment="center", key=f"class_row_{run.id}"):
            st.markdown(
                f"{words.status_icon(run.state.status)} "
                + layout.plain(f"{words.status_name(run.state.status)}: {run.name} · {person(run)}")
            )
            if place > len(training) and st.button(
                _("To the front"), key=f"class_first_{run.id}", icon=":material/vertical_align_top:", type="tertiary"
            ):
                runs.put_first(run)
                st.rerun()
            if st.button(_("Cancel"), key=f"class_cancel_{run.id}", icon=":material/stop_circle:", type="tertiary"):
                runs.cancel(run)
                st.rerun()


@st.fragment(run_every=REFRESH_SECONDS)
def here() -> None:
    """Who is on which page now."""
    found = cached_visitors.presence().here()
    minutes = round(classroom.HERE_SECONDS / 60)
    st.markdown("**" + ngettext("{count} person here in the last {minutes} minutes", "{count} people here in the last {minutes} minutes", len(found)).format(count=len(found), minutes=minutes) + "**")  # fmt: skip
    if found:
        pages = Counter(path.title_of(place.page) for place in found)
        st.caption(" · ".join(f"{title}: {count}" for title, count in pages.most_common()))
        st.dataframe(
            pd.DataFrame(
                {
                    _("Name"): [named(place.visitor) for place in found],
                    _("Page"): [path.title_of(place.page) for place in found],
                    _("Last click"): [_("{time} ago").format(time=words.duration(place.seconds)) for place in found],
                }
            ),
            hide_index=True,
            alt=_("Who is on which page"),
        )


def people() -> None:
    """Everybody who has started a run, with how many are finished and how many are not."""
    rows = Counter((person(run), run.state.status == "finished") for run in cached_runs.all_runs() if run.owner)
    names = sorted({name for name, _finished in rows})
    if names:
        st.dataframe(
            pd.DataFrame(
                {
                    _("Name"): names,
                    _("Finished runs"): [rows[name, True] for name in names],
                    _("Other runs"): [rows[name, False] for name in names],
                }
            ),
            hide_index=True,
            alt=_("Who has started runs, and how many"),
        )


def look_here() -> None:
    """One address for everybody."""
    shown = classroom.look()
    st.markdown("**" + _("Look here") + "**")
    with st.form("class_look", border=False, enter_to_submit=False):
        address = st.text_input(
            _("Address of the page, from “Copy link”"), key="class_address", placeholder="http://…/attention?view=flow"
        )
        title = st.text_input(
            _("What to look at"), key="class_title", placeholder=_("Which words does “it” attend to?")
        )
        if st.form_submit_button(_("Show it to everybody"), type="primary", key="class_show"):
            with layout.mistakes():
                classroom.show(address, ("home", *path.STEPS), title)
                st.rerun()
    if shown and st.button(_("Stop showing {page}").format(page=shown.page), key="class_hide"):
        classroom.show_nothing()
        st.rerun()


@st.dialog(_("Reset the class?"))
def confirm_reset() -> None:
    """Ask before what the class made is deleted."""
    count = len(classroom.visitors_runs())
    st.markdown(
        ngettext(
            "This stops and deletes the {count} run that visitors started, with its model. It cannot be undone.",
            "This stops and deletes the {count} runs that visitors started, with their models. It cannot be undone.",
            count,
        ).format(count=count)
    )  # fmt: skip
    if st.button(_("Delete"), type="primary", key="class_really", icon=":material/delete:", on_click=reset):
        st.rerun()


def reset() -> None:
    """Delete what the class made. A mistake is shown on the page."""
    try:
        classroom.reset()
    except UserError as error:
        st.session_state[ERROR] = error


with layout.page(
    _("Classroom"),
    _("Who is here, who trains and who waits, and what the machine has left. Show everybody one page, and clear the table at the end."),
):  # fmt: skip
    if not visitor.is_teacher():
        raise UserError("this page is the teacher's; enter the teacher's code under “You” at the top of any page")
    queue()
    here()
    people()
    look_here()
    failed = st.session_state.pop(ERROR, None)
    if failed:
        raise failed
    if st.button(_("Reset the class"), key="class_reset", icon=":material/delete_sweep:"):
        confirm_reset()
