"""Rows of cells whose columns have no names of their own (lists of lists, spreadsheets) as a table.

This module does not know what kind of source the rows come from.
"""

from collections.abc import Sequence

from core.errors import N_, Note
from core.results import Dropped
from core.tables import header, limits
from core.tables.table import CONTROL, EXAMPLE_CHARS, FIND_OUT, Reading, Table, between, blank_rows, evenly, make_table


def read(
    rows: Sequence[Sequence[object]],
    reading: Reading = FIND_OUT,
    *,
    total: int = 0,
    lines: Sequence[int] = (),
    blank: Sequence[int] = (),
    notes: tuple[Note, ...] = (),
) -> Table:
    """The rows as a table; the first holds the column names when the reading says so or it looks like that.

    total: rows of the source, where only some, from all over them, are here. lines: the place of each row in the source; () when there are no others
    between them. blank: the places between them in which nothing stands.
    """
    lines = lines or range(1, len(rows) + 1)
    named, remark = _has_names(rows, reading)
    width = len(rows[0]) if named else max(map(len, rows), default=0)
    names = [_text(cell) for cell in rows[0]] if named else [""] * width
    ragged = [place for place in range(int(named), len(rows)) if any(map(_text, rows[place][width:]))]
    left_out = set(ragged)
    fitting = [place for place in range(int(named), len(rows)) if place not in left_out]
    kept, remark_on_rows = evenly(fitting, len(fitting) + max(total - len(rows), 0))
    blank = between(blank, lines[kept[0]], len(kept)) if kept else []
    not_read = max(total, len(rows)) - int(named) - len(ragged) - len(kept)
    chosen, too_many = limits.choose_columns(names, len(kept))
    return make_table(
        [names[column] or f"column {column + 1}" for column in chosen],
        [[rows[place][column] if column < len(rows[place]) else "" for place in kept] for column in chosen],
        len(kept) + len(ragged) + len(blank),
        not_read=not_read,
        dropped=(*_dropped([(lines[place], rows[place]) for place in ragged]), *blank_rows(blank)),
        notes=(*notes, *remark, *remark_on_rows, *too_many),
        lines=[lines[place] for place in kept],
        unreadable=tuple(lines[place] for place in ragged),
        blank=tuple(blank),
        source="first row" if named else "none",
    )


def _has_names(rows: Sequence[Sequence[object]], reading: Reading) -> tuple[bool, tuple[Note, ...]]:
    """Whether the first row holds the names of the columns, and the remark where that could be wrong."""
    if not rows or reading.header is not None:
        return bool(rows and reading.header), ()
    first, *below = [[_text(cell) for cell in row] for row in rows[: header.LOOKED_AT]]
    found = header.verdict(first, below)
    listed = {"columns": CONTROL.sub("", ", ".join(cell[:30] for cell in first[:10]))}
    if found == "names":
        return True, ()
    if found == "probably names":
        message = N_("the first row was taken as the header: {columns}; if it is data, say that there is no header")
        return True, ((message, listed),)
    message = N_("the first row was read as data, not as names of columns: {columns}; the columns are numbered")
    return False, ((message, listed),)


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _dropped(ragged: Sequence[tuple[int, Sequence[object]]]) -> tuple[Dropped, ...]:
    """The rows that were left out, with the places of three examples."""
    if not ragged:
        return ()
    shown = [f"{line}: {CONTROL.sub('', ' | '.join(map(_text, row)))[:EXAMPLE_CHARS]}" for line, row in ragged[:3]]
    return (Dropped(N_("the row has more cells than the header"), len(ragged), tuple(shown)),)
