"""Which rows are for validation and test: found out, by chance, by a column, or files of the user's own.

This module does not know how a split is drawn, nor what is measured on it.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core import settings
from core.data import splits
from core.data.columns import parts_of as columns_of
from core.data.dataset import Layout
from core.results import Reading
from pages.shared import choices, recipe
from pages.shared.cached import data as cached_data
from pages.shared.data_form import uploads
from pages.shared.i18n import _

FOUND, CHANCE, COLUMN, OWN = "", "chance", "column:", "own"
KEY = "held_out"
OPEN = "own_files"  # session key: files of the user's own were asked for


def choose(
    file: Path,
    rows: Layout,
    values: recipe.Values,
    reading: Reading,
    columns: cached_data.Columns,
    take: Callable[[str], None],
) -> str:
    """Where validation and test rows come from; returns the column that says it, "" for none.

    take: called with the value of the upload when files are added or removed.
    """
    given = uploads.parts_of(file)
    frame = cached_data.table(str(file), rows.id, reading).frame
    taken = [part for _role, column in columns for part in columns_of(frame, column)]
    said = values.preparation().split
    found, notes = splits.split_column(frame, taken)
    column = str(notes[0][1]["column"]) if found else ""
    chance = _("held back at random, a tenth for each")
    options = {
        FOUND: _("automatic: {what}").format(what=_by(column) if column else chance),
        CHANCE: chance,
        **{COLUMN + name: _by(name) for name in splits.split_columns(frame) if name not in taken},
        OWN: _("files of my own"),
    }
    own = file.is_dir() or bool(st.session_state.get(OPEN))
    now = OWN if own else FOUND if said is None else COLUMN + said if said else CHANCE
    if said and not own:
        options.setdefault(now, _by(said))

    def choose_other() -> None:
        chosen = st.session_state[KEY]
        st.session_state[OPEN] = chosen == OWN
        if chosen != OWN and file.is_dir():
            take(uploads.mine(uploads.keep_parts(file.name, {"train": given["train"]})))
        by = chosen.removeprefix(COLUMN) if chosen.startswith(COLUMN) else "" if chosen == CHANCE else None
        values.prepare(split=by)

    choices.listed(_("Validation and test rows"), options, now, key=KEY, on_change=choose_other)
    if own:
        _own_files(file, rows, take)
        return "split" if file.is_dir() else ""
    return column if said is None else said


def _by(column: str) -> str:
    return _("by the column {column}").format(column=column)


def _own_files(file: Path, rows: Layout, take: Callable[[str], None]) -> None:
    """A field for a file of validation rows and one of test rows; what is not given is held back by chance."""
    titles = {"validation": _("Validation file"), "test": _("Test file")}
    given = uploads.parts_of(file)
    for (split, title), place in zip(titles.items(), st.columns(2), strict=True):
        with place:
            key = f"upload_{split}"
            uploaded = st.file_uploader(
                title,
                uploads.suffixes_of([rows]),
                key=key,
                max_upload_size=settings.MAX_UPLOAD_MB.value(),
                help=_("Its columns are called as in the training file."),
            )
            if uploaded is not None and st.session_state.get(f"{key}_taken") != uploaded.file_id:
                value = uploads.received(uploaded)
                added = uploads.file_of(value, uploads.suffixes_of([rows]))
                st.session_state[f"{key}_taken"] = uploaded.file_id
                assert added is not None
                name = file.name if file.is_dir() else file.stem
                together = uploads.keep_parts(name, {**given, split: added})
                uploads.mine(value)
                take(uploads.mine(together))
                st.rerun()
            if split in given:
                st.button(
                    _("Without this file"),
                    key=f"without_{split}",
                    icon=":material/close:",
                    on_click=_without,
                    args=(split, file, take),
                )
    if not file.is_dir():
        st.caption(_("Without files of your own a tenth of the rows is held back for each."))


def _without(split: str, file: Path, take: Callable[[str], None]) -> None:
    """Keep a folder of files without one of them."""
    left = {part: path for part, path in uploads.parts_of(file).items() if part != split}
    take(uploads.mine(uploads.keep_parts(file.name, left)))
