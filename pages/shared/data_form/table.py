"""The beginning of a table as it was read, with what each column is for.

This module does not know how the columns were chosen.
"""

import json
from collections.abc import Mapping

import streamlit as st

from core.data.columns import parts_of
from core.tables.table import Table
from pages.shared.i18n import _
from pages.shared.words import shortened

FIRST = 5  # rows
SHOWN_CHARS = 200
ANSWERS = ("label", "labels", "tags")
TINTS = {**dict.fromkeys(ANSWERS, "rgba(230, 159, 0, 0.18)"), "split": "rgba(0, 158, 115, 0.18)"}
TINT = "rgba(86, 180, 233, 0.18)"  # of the columns that are read


def role_name(role: str) -> str:
    """What a column is for, in a word or two."""
    return {
        "text": _("text"),
        "pair": _("second text"),
        "label": _("label"),
        "labels": _("labels"),
        "words": _("words"),
        "tags": _("tags"),
        "split": _("split"),
    }.get(role, role)


def beginning(table: Table, columns: Mapping[str, str]) -> None:
    """The first rows of a table. columns: what is taken, role → column, "split" among the roles."""
    frame = table.frame.head(FIRST).map(_cell)
    role_of = {part: role for role, column in columns.items() if column for part in parts_of(table.frame, column)}
    styled = frame.style.apply(lambda cells: [_tint(role_of.get(str(cells.name)))] * len(cells))
    st.dataframe(
        styled,
        hide_index=True,
        height="content",
        column_config={
            str(name): st.column_config.Column(f"{name} → {role_name(role_of[name])}" if name in role_of else str(name))
            for name in frame.columns
        },
        key="read_rows",
        alt=_("The first rows of the file as they were read, with what each column is for"),
    )
    st.caption(
        _(
            "The first {shown} of {rows:,} rows as they were read; the columns that are used are tinted and say what for."
        ).format(shown=len(frame), rows=table.rows)
    )


def _cell(cell: object) -> str:
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, default=str)
    return shortened(text, SHOWN_CHARS)


def _tint(role: str | None) -> str:
    return "" if role is None else f"background-color: {TINTS.get(role, TINT)}"
