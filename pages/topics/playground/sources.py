"""Where many texts come from: what is pasted, or a file and its columns."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from core import settings
from core.data.columns import check_column, choose_inputs
from core.errors import UserError
from core.tables import files
from core.tables.table import Table
from pages.shared import cached, layout
from pages.shared.i18n import _
from pages.topics.playground import bulk
from pages.topics.playground.answering import short_title


def pasted(name: str, titles: Mapping[str, str]) -> bulk.Job:
    """A job over what was pasted, one text a line. Raises UserError when nothing was."""
    lines = str(st.session_state.get("bulk_text", "")).splitlines()
    roles = cached.predictor(name).task.inputs
    parts = [
        (line.split("\t", len(roles) - 1) + [""] * len(roles))[: len(roles)] if len(roles) > 1 else [line]
        for line in lines
    ]
    return bulk.create(
        name, short_title(name, titles), {role: [row[i] for row in parts] for i, role in enumerate(roles)}
    )


def read_upload(upload: st.runtime.uploaded_file_manager.UploadedFile) -> Table:
    """The uploaded file as a table, kept for this visitor until another one comes. Raises UserError when it is unreadable."""
    kept = st.session_state.get("bulk_table")
    if kept is None or kept[0] != upload.file_id:
        name = "".join(c for c in upload.name if c.isprintable() and c not in "/\\")[-100:]
        with tempfile.TemporaryDirectory() as folder, st.spinner(_("Reading the file…"), show_time=True):
            path = Path(folder) / name
            path.write_bytes(upload.getvalue())
            kept = (upload.file_id, files.read_table(path))
        st.session_state["bulk_table"] = kept
    return kept[1]


def from_file(name: str, titles: Mapping[str, str]) -> bulk.Job | None:
    """A job over a file's rows once it and its columns are chosen, else None."""
    limit = settings.MAX_UPLOAD_MB.value()
    upload = st.file_uploader(
        _("A file with one text a row"),
        type=[suffix.removeprefix(".") for suffix in files.SUFFIXES],
        max_upload_size=limit,
        key="bulk_file",
        help=_("Its encoding, delimiter and columns are found out. It is read here and not kept."),
    )
    if upload is None:
        return None
    frame = read_upload(upload).frame
    predictor = cached.predictor(name)
    task = predictor.task
    roles, labelled = task.layout.inputs, "label" in task.gives
    columns = [str(column) for column in frame.columns]
    if len(columns) < len(roles):
        raise UserError(
            "this model reads {count} texts together; the file has too few columns: {columns}",
            count=len(roles),
            columns=", ".join(columns),
        )
    try:
        guessed = choose_inputs(frame, task.layout, {})
    except UserError:  # not clear: the columns are offered in their order
        guessed = dict(zip(task.inputs, columns, strict=False))
    places = st.columns(len(roles) + labelled)
    chosen: dict[str, str] = {}
    for role, place in zip(roles, places, strict=False):
        rest = [column for column in columns if column not in chosen.values()]
        guess = guessed[role.id]
        chosen[role.id] = place.selectbox(
            _(role.title),
            rest,
            rest.index(guess) if guess in rest else 0,
            key=f"bulk_{role.id}_column@{upload.file_id}",
        )
    truth = ""
    if labelled:
        rest = [column for column in columns if column not in chosen.values()]
        guess = bulk.guess_truth(frame, list(chosen.values()), predictor.labels)
        truth = places[-1].selectbox(
            _("Label column (optional)"),
            ["", *rest],
            ["", *rest].index(guess),
            format_func=lambda column: column or _("none: predict only"),
            key=f"bulk_label_column@{upload.file_id}@{name}",
            help=_("With labels, the page also says how many answers are right."),
        )
    for column in (*chosen.values(), *filter(None, (truth,))):
        check_column(frame, column)
    st.caption(_("{rows:,} rows in {file}").format(rows=len(frame), file=layout.plain(upload.name)))
    return bulk.create(
        name,
        short_title(name, titles),
        {role: frame[column].tolist() for role, column in chosen.items()},
        frame[truth].tolist() if truth else None,
    )
