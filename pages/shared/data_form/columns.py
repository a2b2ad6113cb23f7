"""Which column is what: guessed, and open to change.

This module does not know where the table comes from.
"""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from core.data.columns import choose_columns as complete
from core.data.columns import prefer
from core.data.dataset import Layout
from core.errors import UserError
from core.results import Reading
from pages.shared import choices, layout, recipe
from pages.shared.cached import data as cached_data
from pages.shared.i18n import _, error_text


def choose_columns(
    file: Path, rows: Layout, values: recipe.Values, reading: Reading, *, key: str = ""
) -> cached_data.Columns | None:
    """The column of each role that the rows have: guessed, and open to change. None while one that is needed is not chosen.

    values: where the choice is kept. key: begins the keys of the widgets.
    """
    if file.suffix in rows.suffixes:
        return ()  # such a file has no columns to choose from
    frame = cached_data.table(str(file), rows.id, reading).frame
    known = prefer(frame, rows.roles, values.columns())
    try:
        guessed: Mapping[str, str] = complete(frame, rows, known)
    except UserError as error:
        st.warning(layout.plain(error_text(error)), icon=":material/help:")
        guessed = {}
    picked: list[tuple[str, str]] = []
    for role, place in zip(rows.roles, st.columns(len(rows.roles)), strict=True):
        widget = f"{key}{role.id}_column"
        chosen = known.get(role.id) or guessed.get(role.id)
        offered = [*frame.columns, *([chosen] if chosen and chosen not in frame.columns else [])]
        with place:
            choices.listed(
                _(role.title),
                {column: str(column) for column in offered},
                chosen,
                key=widget,
                placeholder=_("choose a column"),
                on_change=lambda role=role, widget=widget: values.choose_column(
                    role.id, st.session_state[widget] or ""
                ),
            )
        picked.append((role.id, st.session_state[widget] or ""))
    return tuple(picked) if all(column for _role, column in picked) else None
