"""Sources in several parts: which of train, validation and test a name stands for, and several tables as one with a column "split".

This module does not know where the parts come from, nor what becomes of the splits.
"""

import re
from collections.abc import Sequence

from core import settings
from core.errors import Note
from core.tables.table import Table, sampled, spread

SPLIT = "split"
NAMES = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "development": "validation",
    "test": "test",
    "testing": "test",
}


def part_of(name: str) -> str:
    """train, validation or test where exactly one of them is a word of a name ("news_dev.csv", "train-00000-of-00002"), otherwise ""."""
    stem = re.sub(r"(\.[a-z]{1,7})+$", "", name.rpartition("/")[2].casefold())
    found = {NAMES[word] for word in re.split(r"[\W\d_]+", stem) if word in NAMES}
    return found.pop() if len(found) == 1 else ""


def combine(tables: Sequence[tuple[str, Table]]) -> Table:
    """The rows of several tables one after the other, with a last column "split" for the name that stands beside each table.

    A column that a table lacks is empty in its rows. When all rows together are more than the limit, each table gives the same share of
    its rows, from all over them. `lines` goes on counting from table to table.
    """
    limit, total = settings.MAX_ROWS.value(), sum(len(table.lines) for _, table in tables)
    own = f"{SPLIT} (2)"  # of a column that is called so already
    while any(own in table.columns for _, table in tables):
        own += " (2)"
    columns: dict[str, list[object]] = {}
    splits: list[str] = []
    lines: list[int] = []
    unreadable: list[int] = []
    blank: list[int] = []
    notes: list[Note] = []
    categories: dict[str, dict[str, None]] = {}
    start = 0
    for split, table in tables:
        count = len(table.lines)
        places = spread(count, count if total <= limit else count * limit // total)
        for name, cells in table.columns.items():
            joined = columns.setdefault(own if name == SPLIT else name, [])
            joined += [""] * (len(splits) - len(joined))
            joined += [cells[place] for place in places]
        splits += [split] * len(places)
        lines += [start + table.lines[place] for place in places]
        unreadable += [start + line for line in table.unreadable]
        blank += [start + line for line in table.blank]
        start += max((*table.lines[-1:], *table.unreadable[-1:], *table.blank[-1:]), default=0)
        notes += [note for note in table.notes if note not in notes]
        for column, names in table.categories.items():
            categories.setdefault(column, {}).update(dict.fromkeys(names))
    rows = len(splits)
    notes += sampled(rows, total)
    first = tables[0][1]
    for joined in columns.values():
        joined += [""] * (rows - len(joined))
    return Table(
        columns={**columns, SPLIT: splits},
        rows=sum(table.rows for _, table in tables) - (total - rows),
        cut_cells=sum(table.cut_cells for _, table in tables),
        dropped=tuple(entry for _, table in tables for entry in table.dropped),
        notes=tuple(notes),
        categories={column: tuple(names) for column, names in categories.items()},
        lines=tuple(lines),
        unreadable=tuple(unreadable),
        blank=tuple(blank),
        header=first.header,
        delimiter=first.delimiter,
        encoding=first.encoding,
        not_read=total - rows + sum(table.not_read for _, table in tables),
    )
