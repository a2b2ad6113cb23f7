"""Delimited text as rows of cells: where each cell ends, and which quotation marks enclose a cell and which are its text.

A quotation mark opens at the start of a cell only, and closes only before a delimiter or the end of a line; two in a row
stand for one. Where it would enclose whole rows, or nothing closes it, it is text. Spaces around a cell are not part of
it. A blank row is no row, unless marks enclose what is not there. This module does not know what the rows mean, nor how
many cells each should have, beyond the number it is told.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

Quotes = Literal["enclosing", "escaped", "text"]

NO_DELIMITER = "\ud800"  # for a table of one column: half a character, which no decoded text holds
BREAK = re.compile(r"\r\n?|\n")
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
LONG_CELL = 20  # lines, beyond which a quotation mark may be missing
MOST_USUAL = 20  # cells of a row that is found at once
AT_ONCE = 50_000  # characters of lines that are cut together
MOST_CELLS = 10_000  # of a row; what stands behind them stays one cell


class Row(NamedTuple):
    """line: where it begins, counted from 1. start, end: its place in the text. enclosed: a bit for each column, 1 where marks enclosed it."""

    line: int
    cells: list[str]
    start: int
    end: int
    enclosed: int = 0


class Rows:
    """The rows of a text, from the first to the last, and then what became of the quotation marks at the start of a cell.

    needed: cells that could not have been written without them, because a delimiter, a line end or a quotation mark is in
    them. blank: the lines of the rows below the first in which nothing stands between the delimiters. needless: column → cells that could. literal, first_literal: how many of these marks are text, and the line of the
    first. longest: the line of the cell that goes on over most lines, and their number.
    """

    def __init__(
        self, text: str, delimiter: str, quotes: Quotes = "enclosing", *, width: int = 0, start: int = 0
    ) -> None:
        """width: how many cells a row should have, 0 when that is not known yet. start: where in the text the first row begins."""
        self.needed = self.literal = self.first_literal = 0
        self.needless: Counter[int] = Counter()
        self.longest = (0, 1)
        self.blank: list[int] = []
        self._text, self._delimiter, self._quotes, self._width, self._start = text, delimiter, quotes, width, start
        self._escapes = quotes == "escaped"
        self._returns = "\r" in text
        self._in_vain = 0  # characters that were looked at for a mark that closes a cell, where none did
        ends = rf" *(?:{re.escape(delimiter)}|[\r\n]|\Z)"
        plain = r'[^"\\]++|\\.' if self._escapes else r'[^"]++'
        # A mark inside is text, unless it closes the cell, or stands where a cell starts: then it was no cell that opened.
        mark = rf'(?<![\r\n{re.escape(delimiter[-1])}])"(?!{ends})'
        self._enclosed = re.compile(rf' *"((?:{plain}|""|{mark})*+)("(?={ends}) *)?', re.DOTALL)
        cell = rf'(?:"((?:[^"]++|"")*+)"|([^"{re.escape(delimiter[0])}]*+))'
        row = re.escape(delimiter).join([cell] * width)
        usual = quotes == "enclosing" and 0 < width <= MOST_USUAL
        # A line with the cells that a row should have, each of whose marks encloses a cell or is one of two: it is found at once.
        self._usual = re.compile(row) if usual else None
        first = re.escape(delimiter[0])
        self._bare = re.compile(rf"(?:[^\\\r\n{first}]++|\\.|(?!{re.escape(delimiter)})[^\r\n])*+", re.DOTALL)

    def __iter__(self) -> Iterator[Row]:
        text, delimiter = self._text, self._delimiter
        size, place, line = len(text), self._start, 1 + len(BREAK.findall(text, 0, self._start))
        mark = self._mark(place)
        blank: list[int] | None = None  # since the last row; such rows above the first and below the last are none
        while place < size:
            if mark < place:
                mark = self._mark(place)
            line_end = self._line_end(place)
            is_bare = line_end <= mark and not self._escapes
            for bare in self._bare_lines(place, line_end, mark) if is_bare else (None,):
                lines, enclosed = 1, 0
                if bare is not None:
                    end = place + len(bare)
                    cells = bare.split(delimiter, MOST_CELLS)
                    if " " in bare:
                        cells = [cell.strip(" ") for cell in cells]
                else:
                    end = line_end
                    usual = self._in_vain <= size and self._usual and self._usual.fullmatch(text, place, line_end)
                    if usual:
                        cells, enclosed = self._usual_cells(usual.groups())
                    else:
                        cells, end, enclosed = self._row(place, line_end, line)
                        lines += len(BREAK.findall(text, place, end)) if end != line_end else 0
                # Marks around nothing are a row: so an empty text is written.
                if enclosed or cells[0].strip() or any(map(str.strip, cells)):
                    if blank:
                        self.blank += blank
                    blank = []
                    # As Row(…) does, in half the time, which counts where there are a million.
                    yield tuple.__new__(Row, (line, cells, place, end, enclosed))
                elif blank is not None and len(cells) > 1:
                    blank.append(line)
                place = end + 2 if self._returns and text.startswith("\r\n", end) else end + 1
                line += lines

    def _mark(self, place: int) -> int:
        """Where the next quotation mark stands that may enclose a cell; the end of the text where there is none."""
        found = self._text.find('"', place) if self._quotes != "text" else -1
        return len(self._text) if found < 0 else found

    def _bare_lines(self, place: int, line_end: int, mark: int) -> list[str]:
        """The line from a place on and some of those below it that stand before the next quotation mark."""
        last = -1 if self._returns else self._text.rfind("\n", line_end, min(mark, place + AT_ONCE))
        return self._text[place : max(line_end, last)].split("\n")

    def _line_end(self, place: int) -> int:
        end = self._text.find("\n", place)
        if end < 0:
            end = len(self._text)
        if self._returns:
            before = self._text.find("\r", place, end)
            return end if before < 0 else before
        return end

    def _usual_cells(self, found: Sequence[str | None]) -> tuple[list[str], int]:
        """The cells of a usual row and which are enclosed. found: for each cell what marks enclose, or what stands there without marks."""
        cells: list[str] = []
        enclosed = 0
        for column in range(self._width):
            inside = found[2 * column]
            if inside is None:
                cells.append((found[2 * column + 1] or "").strip(" "))
            else:
                enclosed |= 1 << column
                self._count(inside, column)
                cells.append(inside.replace('""', '"') if '"' in inside else inside)
        return cells, enclosed

    def _row(self, start: int, line_end: int, line: int) -> tuple[list[str], int, int]:
        """The cells of the row that begins at `start`, in a line that ends at `line_end`; where it ends; which are enclosed."""
        cells: list[str] = []
        enclosed, place = 0, start
        while True:
            opens = len(cells) < MOST_CELLS and self._text.startswith(('"', " "), place)
            cell = self._inside(place, start, len(cells), line) if opens else None
            if cell is None:
                cut = self._cut(place, line_end, last=len(cells) == MOST_CELLS)
                bare = self._text[place:cut].strip(" ")
                cells.append(ESCAPE.sub(self._unescaped, bare) if self._escapes else bare)
            else:
                cells.append(cell[0])
                cut = cell[1]
                enclosed |= 1 << len(cells) - 1
            if cut > line_end:
                line_end = self._line_end(cut)
            if not self._text.startswith(self._delimiter, cut):
                return cells, cut, enclosed
            place = cut + len(self._delimiter)

    def _inside(self, place: int, row: int, column: int, line: int) -> tuple[str, int] | None:
        """The text of the cell that begins at `place`, and where it ends; None when no marks enclose it."""
        if self._in_vain > len(self._text):
            return None
        opened = self._enclosed.match(self._text, place)
        if opened is None:
            return None
        inside: str = opened[1]
        lines = "\n" in inside or "\r" in inside
        if opened[2] is None or not self._encloses(inside, row, opened.end(), lines=lines):
            self._in_vain += opened.end() - place
            self.literal += 1
            self.first_literal = self.first_literal or line
            return None
        self._count(inside, column, lines=lines)
        count = 1 + len(BREAK.findall(inside)) if lines else 1
        if count > self.longest[1]:
            self.longest = (line, count)
        cell = inside.replace('""', '"')
        return ESCAPE.sub(self._unescaped, cell) if self._escapes else cell, opened.end()

    def _count(self, inside: str, column: int, *, lines: bool = False) -> None:
        """Whether a cell that marks enclose could have been written without them."""
        if lines or self._delimiter in inside or '"' in inside:
            self.needed += 1
        elif inside.strip():
            self.needless[column] += 1

    def _encloses(self, inside: str, row: int, end: int, *, lines: bool) -> bool:
        """Whether marks enclose a cell, rather than a word at its start and another at its end, or whole rows."""
        if not lines and (self._delimiter in inside or '"' not in inside):
            return True
        alone = '"' in (ESCAPE.sub("", inside) if self._escapes else inside).replace('""', "")
        if not lines:
            return not alone
        usual = (
            not alone and self.needed > 2 * self.literal
        )  # as in the rows before; chance can make lines look like rows
        return usual or not self._are_rows(row, end)

    def _are_rows(self, start: int, end: int) -> bool:
        """Whether the lines from `start` on to the one with `end` are rows as they should be when no mark counts."""
        if self._width < 2:
            return False
        lines = BREAK.split(self._text[start : self._line_end(end)])
        share = (
            0.9 if len(lines) <= LONG_CELL else 0.5
        )  # a long text does not have as many delimiters in every other line
        return sum(line.count(self._delimiter) == self._width - 1 for line in lines) >= share * len(lines)

    def _cut(self, place: int, line_end: int, *, last: bool) -> int:
        """Where a cell ends that nothing encloses. last: the rest of the line belongs to it."""
        if self._escapes:
            bare = self._bare.match(self._text, place)
            return bare.end() if bare else place
        cut = -1 if last else self._text.find(self._delimiter, place, line_end)
        return line_end if cut < 0 else cut

    def _unescaped(self, escape: re.Match[str]) -> str:
        """What an escape stands for; a backslash before any other character is text."""
        character: str = escape[1]
        if character in ESCAPED:
            return ESCAPED[character]
        return character if character in '"\\\r\n' or character == self._delimiter else escape[0]
