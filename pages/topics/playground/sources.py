"""Where many texts come from: what is pasted, or a file and its columns."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from core import data, settings, tables
from core.errors import UserError
from pages.shared import cached, layout
from pages.shared.i18n import _
from pages.topics.playground import bulk
from pages.topics.playground.classifier import reads_pairs, short_title


def pasted(name: str, titles: Mapping[str, str]) -> bulk.Job:
    """A job over what was pasted, one text a line. Raises UserError when nothing was."""
    lines = str(st.session_state.get("bulk_text", "")).splitlines()
    if reads_pairs(name):
        parts = [line.partition("\t") for line in lines]
        return bulk.create(name, short_title(name, titles), [p[0] for p in parts], [p[2] for p in parts])
    return bulk.create(name, short_title(name, titles), lines)


def read_upload(upload: st.runtime.uploaded_file_manager.UploadedFile) -> tables.Table:
    """The uploaded file as a table, kept for this visitor until another one comes. Raises UserError when it is unreadable."""
    kept = st.session_state.get("bulk_table")
    if kept is None or kept[0] != upload.file_id:
        name = "".join(c for c in upload.name if c.isprintable() and c not in "/\\")[-100:]
        with tempfile.TemporaryDirectory() as folder, st.spinner(_("Reading the file…"), show_time=True):
            path = Path(folder) / name
            path.write_bytes(upload.getvalue())
            kept = (upload.file_id, tables.read_table(path))
        st.session_state["bulk_table"] = kept
    return kept[1]


def from_file(name: str, titles: Mapping[str, str]) -> bulk.Job | None:
    """A job over a file's rows once it and its columns are chosen, else None."""
    limit = settings.MAX_UPLOAD_MB.value()
    upload = st.file_uploader(
        _("A file with one text a row"),
        type=[suffix.removeprefix(".") for suffix in tables.SUFFIXES],
        max_upload_size=limit,
        key="bulk_file",
        help=_("Its encoding, delimiter and columns are found out. It is read here and not kept."),
    )
    if upload is None:
        return None
    frame = read_upload(upload).frame
    roles = data.guess_columns(frame, "text-classification", need_label=False)
    columns = [str(column) for column in frame.columns]
    is_pair = reads_pairs(name)
    left, *middle, right = st.columns(3 if is_pair else 2)
    text_column = left.selectbox(
        _("Text column"), columns, columns.index(roles["text"]), key=f"bulk_text_column@{upload.file_id}"
    )
    rest = [column for column in columns if column != text_column]
    pair_column = ""
    if is_pair:
        pair_column = middle[0].selectbox(
            _("Second text column"), rest or [""], key=f"bulk_pair_column@{upload.file_id}"
        )
        rest = [column for column in rest if column != pair_column]
        if not pair_column:
            raise UserError("this model reads pairs of texts; the file has one column only")
    guess = bulk.guess_truth(frame, [text_column, pair_column], cached.predictor(name).labels)
    truth_column = right.selectbox(
        _("Label column (optional)"),
        ["", *rest],
        ["", *rest].index(guess),
        format_func=lambda column: column or _("none: predict only"),
        key=f"bulk_label_column@{upload.file_id}@{name}",
        help=_("With labels, the page also says how many answers are right."),
    )
    data.guess_columns(frame, "text-classification", text_column=text_column, need_label=False)
    for column in filter(None, (pair_column, truth_column)):
        data.guess_columns(frame, "text-classification", text_column=column, need_label=False)
    st.caption(_("{rows:,} rows in {file}").format(rows=len(frame), file=layout.plain(upload.name)))
    return bulk.create(
        name,
        short_title(name, titles),
        frame[text_column].tolist(),
        frame[pair_column].tolist() if pair_column else None,
        frame[truth_column].tolist() if truth_column else None,
    )
