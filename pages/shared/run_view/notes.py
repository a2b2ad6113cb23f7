"""What people wrote on a run: shown under its name, and a form to change it."""

import re

import streamlit as st

from core import runs
from core.notes import MOST_NAME, MOST_NOTE, MOST_TAGS, Notes
from core.runs import Run
from pages.shared import layout
from pages.shared.i18n import _


def shown(run: Run) -> None:
    """The tags and the note of a run."""
    if run.notes.tags:
        st.markdown(" ".join(f":blue-badge[{layout.plain(tag)}]" for tag in run.notes.tags))
    if run.notes.note:
        st.text(run.notes.note)


def editor(run: Run, page: str) -> None:
    """A button that opens the form with name, note and tags."""
    with (
        st.popover(_("Name, note, tags"), icon=":material/edit_note:", key=f"notes_{page}_{run.id}"),
        st.form(f"notes_form_{page}_{run.id}", border=False),
    ):
        name = st.text_input(
            _("Name"),
            run.name,
            max_chars=MOST_NAME,
            key=_key("name", run, page),
            placeholder=_("the name of its data"),
        )
        note = st.text_area(_("Note"), run.notes.note, max_chars=MOST_NOTE, key=_key("note", run, page))
        tags = st.text_input(
            _("Tags, separated by commas"), ", ".join(run.notes.tags), key=_key("tags", run, page),
            help=_("For finding runs again, for example: group A, homework. At most {count}.").format(count=MOST_TAGS),
        )  # fmt: skip
        if st.form_submit_button(_("Save"), type="primary", key=f"notes_save_{page}_{run.id}"):
            runs.annotate(run, Notes("" if name == run.config.name else name, note, tuple(re.split("[,，、]", tags))))
            st.rerun()


def _key(field: str, run: Run, page: str) -> str:
    """A widget of this run with what is written now: what somebody else changes meanwhile is shown."""
    return f"notes_{field}_{page}_{run.id}_{hash(run.notes)}"
