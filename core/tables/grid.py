"""Rows of cells whose columns have no names of their own (lists of lists, spreadsheets) as a table.

This module does not know what kind of source the rows come from.
"""

from collections.abc import Sequence

from core import settings
from core.errors import N_
from core.results import Dropped
from core.tables import limits
from core.tables.table import CONTROL, EXAMPLE_CHARS, FIND_OUT, Note, Reading, Table, is_number, make_table

LOOKED_AT = 200  # rows by which the first one is judged
LONGEST_NAME = 60  # characters


def read(
    rows: Sequence[Sequence[object]],
    total: int,
    reading: Reading = FIND_OUT,
    *,
    lines: Sequence[int] = (),
    notes: tuple[Note, ...] = (),
) -> Table:
    """The rows as a table; the first holds the column names when the reading says so or it looks like that.

    total: rows of the source, read or not. lines: the place of each row in the source; () when there are no others between them.
    """
    lines = lines or range(1, len(rows) + 1)
    named = bool(rows) and (has_header(rows) if reading.header is None else reading.header)
    width = len(rows[0]) if named else max(map(len, rows), default=0)
    names = [_text(cell) for cell in rows[0]] if named else [f"column {place}" for place in range(1, width + 1)]
    chosen, remark = limits.choose_columns(names, len(rows))
    data = range(int(named), int(named) + settings.MAX_ROWS.value())[: len(rows) - int(named)]
    ragged = [place for place in data if any(map(_text, rows[place][width:]))]
    left_out = set(ragged)
    kept = [rows[place] for place in data if place not in left_out]
    return make_table(
        [names[column] for column in chosen],
        [[row[column] if column < len(row) else "" for row in kept] for column in chosen],
        total - int(named),
        dropped=_dropped([rows[place] for place in ragged]),
        notes=(*notes, *_header_notes(rows, named, reading), *remark),
        lines=[lines[place] for place in data if place not in left_out],
        unreadable=tuple(lines[place] for place in ragged),
        source="first row" if named else "none",
    )


def has_header(rows: Sequence[Sequence[object]]) -> bool:
    """Whether the first row holds names: short texts, each another one, none of which stands further down in its column."""
    first = [_text(cell) for cell in rows[0]]
    names = [cell for cell in first if cell]
    good = all(len(name) <= LONGEST_NAME and not is_number(name) for name in names) and len(set(names)) == len(names)
    if not names or not good or not all(isinstance(cell, str | None) for cell in rows[0]):
        return False
    below = rows[1:LOOKED_AT]
    return not any(
        name and any(place < len(row) and _text(row[place]) == name for row in below)
        for place, name in enumerate(first)
    )


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _header_notes(rows: Sequence[Sequence[object]], named: bool, reading: Reading) -> tuple[Note, ...]:
    """A remark when the first row was taken as data without being told so."""
    if named or not rows or reading.header is not None:
        return ()
    message = N_("the first row was taken as data, since it does not look like column names: {row}")
    return ((message, {"row": ", ".join(_text(cell)[:30] for cell in rows[0][:10])}),)


def _dropped(ragged: Sequence[Sequence[object]]) -> tuple[Dropped, ...]:
    if not ragged:
        return ()
    examples = tuple(CONTROL.sub("", " | ".join(map(_text, row)))[:EXAMPLE_CHARS] for row in ragged[:3])
    return (Dropped(N_("the row has more cells than the header"), len(ragged), examples),)
