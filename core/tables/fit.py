"""Rows of cells and the number of columns: which rows fit, and which can be mended because a free text was cut at delimiters.

This module does not know where rows come from, nor what the columns are called.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.tables.table import is_number, spread

MOST_ROWS = 20_000  # that the columns are known by
WIDE_SCRIPTS = "\u2e80"  # from here on a character is as good as a word


def filled(cells: Sequence[str]) -> int:
    """How many cells there are up to the last that is not blank."""
    count = len(cells)
    while count and not cells[count - 1].strip():
        count -= 1
    return count


def is_short(cells: Sequence[str], width: int) -> bool:
    return len(cells) < width


def is_wide(cells: Sequence[str], width: int) -> bool:
    return len(cells) > width and filled(cells) > width


@dataclass(frozen=True)
class Column:
    """What the cells of a column look like. free: free text, hardly ever the same twice. recurs: a few values, again and again."""

    free: bool
    recurs: bool
    numeric: bool
    values: frozenset[str]
    longest: int
    most_words: int

    def may_hold(self, cell: str) -> bool:
        """Whether a cell could be one of this column."""
        if self.recurs:
            return cell in self.values
        if self.numeric:
            return is_number(cell)
        return len(cell) <= 2 * self.longest and _words(cell) <= self.most_words


@dataclass(frozen=True)
class Mender:
    """Puts the cells of a row with too many together again. text: the place of the one column that holds free text."""

    columns: tuple[Column, ...]
    text: int

    def mend(self, cells: Sequence[str], delimiter: str) -> list[str] | None:
        """As many cells as there are columns; None where those beside the text do not look like their columns."""
        after = len(self.columns) - self.text - 1
        end = len(cells) - after
        row = [*cells[: self.text], delimiter.join(cells[self.text : end]).strip(), *cells[end:]]
        beside = (place for place in range(len(row)) if place != self.text)
        fits = all(self.columns[place].may_hold(row[place].strip()) for place in beside)
        return [cell.strip(" ") for cell in row] if fits else None


def columns(rows: Sequence[Sequence[str]], width: int) -> tuple[Column, ...]:
    """What the columns of rows that fit look like."""
    return tuple(_column([cells[place].strip() for cells in rows]) for place in range(width))


def mender(rows: Iterable[Sequence[str]], width: int) -> Mender | None:
    """How rows that are too wide are mended, after those that fit; None when not exactly one column holds free text."""
    fitting = [cells for cells in rows if not is_short(cells, width) and not is_wide(cells, width)]
    found = columns([fitting[place] for place in spread(len(fitting), MOST_ROWS)], width)
    free = [place for place, column in enumerate(found) if column.free]
    return Mender(found, free[0]) if len(free) == 1 else None


def _column(cells: Sequence[str]) -> Column:
    cells = [cell for cell in cells if cell]
    values = frozenset(cells)
    numeric = bool(cells) and all(map(is_number, cells))
    prose = sum(_is_prose(cell) for cell in cells)
    free = not numeric and prose > 0.3 * len(cells) and len(values) > 0.5 * len(cells)
    recurs = not free and len(values) <= max(2, 0.5 * len(cells))
    longest = max(map(len, cells), default=0)
    return Column(free, recurs, numeric, values, longest, max(map(_words, cells), default=0))


def _words(cell: str) -> int:
    return len(cell[:1000].split())


def _is_prose(cell: str) -> bool:
    """Whether a cell has several words, or several characters of a script that sets no spaces."""
    return len(cell[:200].split()) > 1 or sum(character >= WIDE_SCRIPTS for character in cell[:20]) > 3
