"""Which column is what, and how columns of texts are joined: guessed, and open to change.

This module does not know where the table comes from.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from core.data.columns import JOINABLE, SeveralLabels, holds_questions, parts_of, prefer
from core.data.columns import choose_columns as complete
from core.data.dataset import Layout, Role
from core.errors import N_, UserError
from core.results import JOINED, Reading
from pages.shared import choices, layout, recipe
from pages.shared.cached import data as cached_data
from pages.shared.data_form.other_task import reading as reading_tasks
from pages.shared.data_form.other_task import use_other
from pages.shared.data_form.uploads import suffix_of
from pages.shared.i18n import _, error_text

SEVERAL_TEXTS = N_("Several columns are read as one text, in this order.")


def choose_columns(
    file: Path, rows: Layout, values: recipe.Values, reading: Reading, *, key: str = ""
) -> cached_data.Columns | None:
    """The column of each role that the rows have: guessed, and open to change. None while one that is needed is not chosen.

    Several columns of texts are read as one. values: where the choice is kept. key: begins the keys of the widgets.
    """
    if suffix_of(file) in rows.suffixes:
        return ()  # such a file has no columns to choose from
    frame = cached_data.table(str(file), rows.id, reading).frame
    known = prefer(frame, rows.roles, values.columns())
    try:
        guessed: Mapping[str, str] = complete(frame, rows, known)
    except UserError as error:
        st.warning(layout.plain(error_text(error)), icon=":material/help:")
        if isinstance(error, SeveralLabels):
            use_other(reading_tasks("labels"))
        elif holds_questions(frame, rows):
            use_other(reading_tasks("answers"))
        guessed = {}
    picked: dict[str, str] = {}
    for role, place in zip(rows.roles, st.columns(len(rows.roles)), strict=True):
        widget = f"{key}{role.id}_column"
        chosen = known.get(role.id) or guessed.get(role.id) or ""
        parts = parts_of(frame, chosen) if chosen else []
        offered = {column: str(column) for column in (*frame.columns, *(part for part in parts if part not in frame))}
        with place:
            if role.kind in JOINABLE:
                several = choices.several(
                    _(role.title),
                    offered,
                    parts,
                    key=widget,
                    placeholder=_("choose a column"),
                    help=_(role.help or SEVERAL_TEXTS),
                    on_change=lambda role=role, widget=widget: _choose_several(values, role, st.session_state[widget]),
                )
                picked[role.id] = JOINED.join(several)
                continue
            choices.listed(
                _(role.title),
                offered,
                chosen or None,
                key=widget,
                placeholder=_("choose a column"),
                on_change=lambda role=role, widget=widget: _choose_other(
                    values, role.id, st.session_state[widget] or ""
                ),
            )
            picked[role.id] = st.session_state[widget] or ""
    texts = [picked[role.id] for role in rows.roles if role.kind == "text"]
    if any(len(parts_of(frame, column)) > 1 for column in texts if column):
        _choose_separator(values, key)
    return tuple(picked.items()) if all(picked.values()) else None


def _choose_several(values: recipe.Values, role: Role, columns: Sequence[str]) -> None:
    """Other columns, of texts or of labels; what was said of the labels of the old ones means nothing any more."""
    values.choose_column(role.id, JOINED.join(columns))
    if role.kind != "text":
        values.prepare(labels=())


def _choose_other(values: recipe.Values, role: str, column: str) -> None:
    """Another column of labels: what was said of the labels of the old one means nothing any more."""
    values.choose_column(role, column)
    values.prepare(labels=())


def _choose_separator(values: recipe.Values, key: str) -> None:
    """What stands between the texts of columns that are read as one."""
    widget, now = f"{key}separator", values.preparation().separator
    offered = {
        " ": _("a space"),
        ". ": _("full stop and space"),
        " | ": _("a bar"),
        ": ": _("a colon"),
        " - ": _("a dash"),
    }
    offered.setdefault(now, now)
    choices.listed(
        _("Between the joined texts"),
        offered,
        now,
        key=widget,
        name=repr,
        accept_new_options=True,
        help=_("Choose one, or type what is to stand between them."),
        on_change=lambda: values.prepare(separator=st.session_state[widget] or " "),
    )
