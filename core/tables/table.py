"""Table, what a reader makes of a user's file: plain strings in columns, with what was lost and remarked.

This module does not know files, nor what the columns mean: nothing of tasks, labels or splits.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np

from core import settings
from core.errors import N_, Note, UserError, plural
from core.results import Dropped, Reading

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
Header = Literal["first row", "none", "named"]

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
EXAMPLE_CHARS = 80


class WordsWithTags(UserError):
    """A file that was to hold texts has a word with its tag in each line."""


class UnclearDelimiter(UserError):
    """A file that can be read with one delimiter as well as with another: its values "one" and "other"."""


@dataclass(frozen=True, eq=False)
class Table:
    """What was read, before any of it is judged.

    columns: the cells of each column of the source by its name; they are str ("" where nothing stands), except lists, objects
    and bytes, which stay what they are. rows: rows that were read, those in `dropped` included. cut_cells: cells longer than the
    limit, cut. dropped, notes: rows that fit no column, and remarks on the reading. categories: of columns whose numbers
    (or lists of numbers) stood for names, all these names in the order of the numbers. lines: where each row of the columns
    begins, counted from 1: its line in a text file of lines, its row in any other source. unreadable: the same of the rows
    that were left out because they fit no column. blank: the same of rows between others in which nothing stands. header: where the column names come from: the "first row", "none" (they are
    numbered), or they are "named" by a source of another kind. encoding, delimiter: "" when the source is not such a file.
    not_read: rows beyond the limit.
    """

    columns: Mapping[str, Sequence[object]]
    rows: int
    cut_cells: int
    dropped: tuple[Dropped, ...]
    notes: tuple[Note, ...]
    categories: Mapping[str, tuple[str, ...]]
    lines: tuple[int, ...]
    unreadable: tuple[int, ...] = ()
    blank: tuple[int, ...] = ()
    header: Header = "named"
    delimiter: str = ""
    encoding: str = ""
    not_read: int = 0

    @cached_property
    def frame(self) -> "pd.DataFrame":
        """The columns as a frame; pandas is loaded for it alone, because reading a file is quick without."""
        import pandas as pd

        return pd.DataFrame(dict(self.columns), dtype=object)


FIND_OUT = Reading()


def make_table(
    header: Sequence[str],
    columns: Iterable[Sequence[object]],
    total: int,
    *,
    categories: Mapping[str, tuple[str, ...]] | None = None,
    dropped: tuple[Dropped, ...] = (),
    notes: tuple[Note, ...] = (),
    lines: Iterable[int] = (),
    unreadable: tuple[int, ...] = (),
    blank: tuple[int, ...] = (),
    source: Header = "named",
    delimiter: str = "",
    not_read: int = 0,
) -> Table:
    """A Table of columns that hold any Python values: as strings without control characters, cut to the limit.

    total: rows of the source, read or not. categories: what the numbers of a column stand for, by its name in `header`; a
    number that stands for nothing is a missing value. lines: where each row begins; () when the rows are simply counted.
    source: where the header comes from. not_read: rows that were left out before, because there are more than the limit.
    """
    limit = settings.MAX_CELL_CHARS.value()
    content: dict[str, list[object]] = {}
    named: dict[str, tuple[str, ...]] = {}
    cut = controlled = 0
    for original, name, column in zip(header, _column_names(header), columns, strict=True):
        if categories and original in categories:
            named[name] = categories[original]
            column = [_category(cell, named[name]) for cell in column]
        cells = [value if type(value) is str else _cell(value) for value in column]
        odd = [
            (place, cell)
            for place, cell in enumerate(cells)
            if isinstance(cell, str) and (len(cell) > limit or not cell.isprintable())
        ]
        for place, cell in odd:
            clean = CONTROL.sub("", cell[:limit])
            cut += len(cell) > limit
            controlled += clean != cell[:limit]
            cells[place] = clean
        content[name] = cells
    read = len(next(iter(content.values()), ()))
    rows = read + sum(entry.count for entry in dropped)
    if rows < total:
        message = N_("only the first {read} of {rows} rows were read; the setting {setting} is the limit")
        notes = (*notes, (message, {"read": read, "rows": total, "setting": settings.MAX_ROWS.name}))
    if controlled:
        notes = (
            *notes,
            (
                plural(
                    N_("control characters were removed from {count} cell"),
                    N_("control characters were removed from {count} cells"),
                    controlled,
                ),
                {"count": controlled},
            ),
        )
    places = tuple(lines) or tuple(range(1, read + 1))
    return Table(
        content,
        rows,
        cut,
        dropped,
        notes,
        named,
        places,
        unreadable,
        blank,
        source,
        delimiter,
        not_read=max(not_read, total - rows),
    )


def _column_names(header: Iterable[str]) -> list[str]:
    """Header cells as column names: clean, never empty, each only once."""
    names: dict[str, None] = {}
    for place, cell in enumerate(header, start=1):
        name = " ".join(CONTROL.sub("", cell[:2000]).strip("\ufeff").split())[:1000] or f"column {place}"
        while name in names:
            name += f" ({place})"
        names[name] = None
    return list(names)


def _category(cell: object, names: Sequence[str]) -> object:
    if isinstance(cell, list):
        return [_category(number, names) or "" for number in cell]
    return names[cell] if isinstance(cell, int) and 0 <= cell < len(names) else None


def _cell(value: object) -> object:
    """A value as a string, "" for a missing one; lists, objects and bytes as they are."""
    if isinstance(value, str | list | dict | bytes):
        return value
    if value is None or value != value:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def evenly(rows: Sequence[T], total: int = 0) -> tuple[Sequence[T], tuple[Note, ...]]:
    """At most as many rows as are read, taken evenly and in their order, and the remark that says so.

    What is sorted, by its label above all, would lose whole classes if its beginning were taken. total: what the rows were
    taken from already, where that is more.
    """
    limit, total = settings.MAX_ROWS.value(), max(total, len(rows))
    kept = rows if len(rows) <= limit else [rows[place] for place in spread(len(rows), limit)]
    return kept, sampled(len(kept), total)


def sampled(read: int, total: int) -> tuple[Note, ...]:
    """The remark that of `total` rows only some were read, from all over them."""
    message = N_(
        "{read} of {rows} rows were read, taken evenly from the whole file; the setting {setting} is the limit"
    )
    return ((message, {"read": read, "rows": total, "setting": settings.MAX_ROWS.name}),) if read < total else ()


def spread(count: int, most: int) -> list[int]:
    """The places of at most so many of `count` rows, in their order: one by chance, always the same, of each of as many equal portions.

    At equal distances, rows that take turns (one good, one bad) would lose all of a kind.
    """
    if count <= most:
        return list(range(count))
    edges = np.arange(most + 1) * count // max(most, 1)
    places: list[int] = np.random.default_rng(0).integers(edges[:-1], edges[1:]).tolist()
    return places


class Draw(Generic[T]):
    """Rows of which there may be very many: at most twice as many as are read are kept, from all over them.

    rows: those kept, in their order: of every `step` rows one, by chance, always the same. total: how many were added.
    """

    __slots__ = ("_chance", "_drawn", "_end", "_most", "rows", "step", "total")

    def __init__(self) -> None:
        self.rows: list[T] = []
        self.total, self.step = 0, 1
        self._most = 2 * settings.MAX_ROWS.value()
        self._drawn, self._end = 0, 1  # of the rows in turn: the one that is kept, and the first after them
        self._chance = Random(0)

    def add(self, row: T) -> None:
        if self.total == self._drawn:
            self.rows.append(row)
        self.total += 1
        if self.total == self._end:
            if len(self.rows) == self._most:
                self.rows = [self.rows[place] for place in spread(self._most, self._most // 2)]
                self.step *= 2
            self._drawn = self.total + int(self._chance.random() * self.step)
            self._end += self.step


def between(blank: Sequence[int], first: int, rows: int) -> list[int]:
    """The blank rows that lie below the first row; none where they are more than the rows, which makes them layout.

    blank, first: where they are. rows: how many hold anything.
    """
    return [line for line in blank if line > first] if len(blank) <= rows else []


def blank_rows(lines: Sequence[int]) -> tuple[Dropped, ...]:
    """What is said of rows between others in which nothing stands. lines: where they are."""
    return (Dropped(N_("nothing stands in the row"), len(lines), tuple(map(str, lines[:3]))),) if lines else ()


def is_number(cell: str) -> bool:
    """Whether a cell is empty or a number."""
    try:
        float(cell or "0")
    except ValueError:
        return False
    return True
