"""A file that a visitor wants to have read once: it is kept in the visit, and nowhere else.

This module does not know what the file's columns mean.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.data import folders
from core.data.columns import choose_inputs
from core.data.dataset import Layout
from core.errors import UserError
from core.results import Reading
from core.tables.table import FIND_OUT, Table
from pages.shared import choices
from pages.shared.data_form.reading import fields_of, wait_for
from pages.shared.i18n import _


def table_of(upload: UploadedFile, rows: Layout, *, key: str) -> Table | None:
    """The file read as it is said to be written; the fields for that are unfolded where it cannot be read. None when reading was cancelled.

    key: begins the keys of the widgets. Raises UserError when the file is unreadable.
    """
    said = f"{key}reading@{upload.file_id}"
    reading: Reading = st.session_state.get(said, FIND_OUT)

    def take(name: str, value: object) -> None:
        st.session_state[said] = replace(reading, **{name: value})  # type: ignore[arg-type]

    with fields_of(reading, take, plain=Path(upload.name).suffix.lower() in rows.suffixes, key=key) as show:
        table = _read(upload, rows, reading, f"{key}table")
        if table is not None:
            show(table)
    return table


def _read(upload: UploadedFile, rows: Layout, reading: Reading, place: str) -> Table | None:
    """The file as a table, kept until another one comes; None when reading was cancelled."""
    key = (upload.file_id, rows.id, reading)
    kept = st.session_state.get(place)
    if kept is None or kept[0] != key:
        name = "".join(c for c in upload.name if c.isprintable() and c not in "/\\")[-100:]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(upload.getvalue())
            table = wait_for(
                name,
                upload.size,
                f"{upload.file_id}_{reading}",
                lambda report: folders.read(path, rows, reading, report),
            )
        if table is None:
            return None
        kept = st.session_state[place] = (key, table)
    return kept[1]


def text_columns(
    frame: pd.DataFrame, rows: Layout, upload: UploadedFile, *, key: str, second: str, help_text: str = ""
) -> tuple[str, str]:
    """Which column holds the texts, and which a second thing to each, "" for none: chosen by the visitor, the first guessed.

    key: begins the keys of the widgets; second: what the second column is, as its list says it.
    """
    columns = {str(column): str(column) for column in frame.columns}
    try:
        guess = choose_inputs(frame, rows, {})["text"]
    except UserError:  # not clear: the first column is offered
        guess = next(iter(columns))
    left, right = st.columns(2)
    with left:
        place = f"{key}text@{upload.file_id}"
        column = choices.listed(_("Column of texts"), columns, choices.kept(place, columns, guess), key=place)
    rest = {"": _("none"), **{name: name for name in columns if name != column}}
    with right:
        place = f"{key}second@{upload.file_id}"
        other = choices.listed(second, rest, choices.kept(place, rest, ""), key=place, help=help_text or None)
    return column, other
