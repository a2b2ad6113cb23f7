"""How a file is read: found out, and open to change.

This module does not know where the file comes from, nor what its columns mean.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st

from core.data.dataset import Layout
from core.errors import UserError
from core.results import Reading
from core.tables.apart import Report
from core.tables.table import Table, UnclearDelimiter
from pages.shared import choices, layout, progress, recipe, words
from pages.shared.cached import data as cached_data
from pages.shared.data_form.uploads import parts_of, suffix_of
from pages.shared.i18n import _

HEADERS: Mapping[str, bool | None] = {"": None, "yes": True, "no": False}
DELIMITERS = (",", ";", "\t", "|")


def choose_reading(file: Path, rows: Layout, values: recipe.Values, *, key: str = "") -> Reading | None:
    """How the file is read: found out, and open to change; unfolded where that cannot be found out. None when reading was cancelled.

    values: where the choice is kept. key: begins the keys of the widgets. Raises UserError, with the fields drawn, when the file
    cannot be read so.
    """
    reading = values.reading()
    with fields_of(
        reading,
        lambda name, value: values.choose_reading(**{name: value}),
        plain=suffix_of(file) in rows.suffixes,
        key=key,
    ) as show:
        table = wait_for(
            file.name,
            sum(part.stat().st_size for part in parts_of(file).values()),
            f"{file.parent.name}_{rows.id}_{reading}",
            lambda report: cached_data.table(str(file), rows.id, reading, report),
        )
        if table is not None:
            show(table)
    return None if table is None else reading


def wait_for(file: str, size: int, name: str, read: Callable[[Report], Table]) -> Table | None:
    """What `read` makes of a file, with a button that cancels it where that takes long; None when it was cancelled.

    size: in bytes. name: tells this reading from others.
    """
    title = _("Reading {file}, {size:,.1f} MB").format(file=layout.plain(file), size=size / 1e6)
    return progress.wait(f"reading_{name}", title, read)


@contextmanager
def fields_of(
    reading: Reading, take: Callable[[str, object], None], *, plain: bool, key: str
) -> Iterator[Callable[[Table], None]]:
    """The fields of a Reading around an attempt to read so, which calls what it is given with its table; none when it was cancelled.

    take, plain: as of `reading_fields`. A UserError goes on when the fields are drawn; two delimiters that do equally well are offered.
    """
    found: list[Table] = []
    try:
        yield found.append
    except UserError as error:
        reading_fields(reading, None, take, plain=plain, key=key)
        if isinstance(error, UnclearDelimiter):
            unclear = (str(error.values[name]).replace("\\t", "\t") for name in ("one", "other"))
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(_("What stands between the cells?"))
                for number, sign in enumerate(unclear):
                    st.button(
                        words.delimiter_name(sign),
                        key=f"{key}delimiter_{number}",
                        on_click=take,
                        args=("delimiter", sign),
                    )
        raise
    if found:
        reading_fields(reading, found[0], take, plain=plain, key=key)


def reading_fields(
    reading: Reading, table: Table | None, take: Callable[[str, object], None], *, plain: bool, key: str
) -> None:
    """The fields of a Reading, with what was found out. table: None where the file cannot be read so.

    take: called with a field and its value when it is chosen. plain: the file has an encoding, but no columns.
    """
    headers = {"": _("automatic"), "yes": words.header_name("first row"), "no": words.header_name("none")}
    delimiters = {"": _("automatic"), **{sign: words.delimiter_name(sign) for sign in DELIMITERS}}
    encodings = {"": _("automatic"), **encoding_titles()}
    delimiters.setdefault(reading.delimiter, reading.delimiter)
    encodings.setdefault(reading.encoding, reading.encoding)
    if table is not None:
        headers[""] = _found(words.header_name(table.header))
        delimiters[""] = _found(words.delimiter_name(table.delimiter))
        encodings[""] = _found(table.encoding)
    fields: dict[str, tuple[str, Mapping[Any, str], object]] = {
        "encoding": (_("Encoding"), encodings, reading.encoding)
    }
    if not plain:
        fields["header"] = (_("Column names"), headers, {None: "", True: "yes", False: "no"}[reading.header])
        fields["delimiter"] = (_("Delimiter"), delimiters, reading.delimiter)
    with st.expander(_("How the file was read"), expanded=table is None, icon=":material/table_view:"):
        for place, (name, (title, options, now)) in zip(st.columns(3), fields.items(), strict=False):
            widget = f"{key}reading_{name}"
            with place:
                choices.listed(
                    title,
                    options,
                    now,
                    key=widget,
                    on_change=lambda name=name, widget=widget: take(name, _value(name, st.session_state[widget])),
                )
        st.caption(
            _(
                "What was recognised can be wrong. If letters, columns or the first row look wrong, say here how the file was written."
            )
        )


def _value(name: str, chosen: str) -> object:
    """What a choice in one of the fields says of the Reading."""
    return HEADERS[chosen] if name == "header" else chosen


def _found(what: str) -> str:
    """The choice of having it found out, with what was found."""
    return _("automatic: {what}").format(what=what) if what else _("automatic")


def encoding_titles() -> dict[str, str]:
    """The usual encodings by codec, with the languages that are written in them."""
    return {
        "utf-8": "UTF-8",
        "utf-16": "UTF-16",
        "gb18030": "GB18030 / GBK · " + _("Simplified Chinese"),
        "big5": "Big5 · " + _("Traditional Chinese"),
        "shift_jis": "Shift JIS · " + _("Japanese"),
        "euc_jp": "EUC-JP · " + _("Japanese"),
        "euc_kr": "EUC-KR · " + _("Korean"),
        "cp1252": "Windows-1252 · " + _("Western European"),
        "cp1250": "Windows-1250 · " + _("Central European"),
        "cp1251": "Windows-1251 · " + _("Cyrillic"),
        "koi8_r": "KOI8-R · " + _("Russian"),
        "cp1253": "Windows-1253 · " + _("Greek"),
        "cp1254": "Windows-1254 · " + _("Turkish"),
        "cp1255": "Windows-1255 · " + _("Hebrew"),
        "cp1256": "Windows-1256 · " + _("Arabic"),
    }
