"""Delimited text, CSV and its kin, as a table.

This module does not know files or encodings.
"""

import csv
import re
from io import StringIO
from itertools import chain, islice

from core import settings
from core.errors import N_, UserError
from core.results import Dropped
from core.tables.table import CONTROL, EXAMPLE_CHARS, Note, Reading, Table, is_number, make_table

DELIMITERS = (",", ";", "\t", "|")
NO_DELIMITER = "\x1f"  # for a table of one column
END = "\x1e"


def read(text: str, name: str, reading: Reading) -> Table:
    """A delimited file with a header. Raises UserError when a quotation mark stays open or no row fits the header."""
    declared = re.match(r"sep=([,;\t|])(?=[\r\n])", text)
    delimiter = reading.delimiter or (declared[1] if declared else find_delimiter(text))
    records = _records(text[declared.end() :] if declared else text, delimiter, name)
    nameless = reading.header is False
    header = [""] * max(len(cells) for _, cells in records) if nameless else records.pop(0)[1]
    rows: list[tuple[int, list[str]]] = []
    ragged: list[tuple[int, list[str]]] = []
    for line, cells in records:
        too_long = any(cell.strip() for cell in cells[len(header) :])
        (ragged if too_long else rows).append((line, cells))
    if ragged and not rows:
        raise UserError(
            "no row of {file} fits its header: the header has {width} columns, the rows have more; put texts that "
            "contain '{delimiter}' in quotation marks",
            file=name,
            width=len(header),
            delimiter=delimiter,
        )
    rows = rows[: settings.MAX_ROWS.value()]
    columns = [[cells[place] if place < len(cells) else "" for _, cells in rows] for place in range(len(header))]
    used = [place for place, column in enumerate(columns) if header[place].strip() or any(column)]
    return make_table(
        [header[place] for place in used],
        [columns[place] for place in used],
        len(records),
        dropped=_ragged(ragged, delimiter),
        notes=() if reading.header is not None else _header_notes(header),
        lines=[line for line, _ in rows],
        unreadable=tuple(line for line, _ in ragged),
        source="none" if nameless else "first row",
        delimiter="" if delimiter == NO_DELIMITER else delimiter,
    )


def find_delimiter(text: str) -> str:
    """The delimiter that cuts most of the first rows into as many cells as the header."""
    best, best_score = NO_DELIMITER, (0.0, 1)
    for delimiter in DELIMITERS:
        reader = csv.reader(StringIO(text[:1_000_000], newline=""), delimiter=delimiter, skipinitialspace=True)
        widths = [len(record) for record in islice(filter(None, reader), 200)] or [1]
        score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if widths[0] > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _records(text: str, delimiter: str, name: str) -> list[tuple[int, list[str]]]:
    """Header and rows, each with the line where it begins; quotation marks are taken as such unless the file plainly uses them as ordinary characters."""
    quoted, open_line = _parse_csv(text, delimiter, quotes=True)
    if not quoted and not open_line:
        raise UserError("{file} is empty", file=name)
    if '"' in text and (delimiter != NO_DELIMITER or open_line):
        literal, _ = _parse_csv(text, delimiter, quotes=False)
        if len(literal) > len(quoted) and all(len(cells) == len(literal[0][1]) for _, cells in literal):
            return literal
    if open_line:
        raise UserError(
            "in {file} the quotation mark that opens in line {line} is never closed; close it, or double it if it is "
            "part of the text",
            file=name,
            line=open_line,
        )
    return quoted


def _parse_csv(text: str, delimiter: str, *, quotes: bool) -> tuple[list[tuple[int, list[str]]], int]:
    """The records of a text without blank ones, and the line of a quotation mark that is never closed, or 0.

    A line is added at the end: it is a record of its own unless a quotation mark is still open there.
    """
    reader = csv.reader(
        chain(StringIO(text, newline=""), [END]),
        delimiter=delimiter,
        skipinitialspace=True,
        quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
    )
    records: list[tuple[int, list[str]]] = []
    end = 0
    for cells in reader:
        records.append((end + 1, cells))
        end = reader.line_num
    start, last = records.pop()
    return [(line, cells) for line, cells in records if any(map(str.strip, cells))], 0 if last == [END] else start


def _ragged(ragged: list[tuple[int, list[str]]], delimiter: str) -> tuple[Dropped, ...]:
    if not ragged:
        return ()
    examples = tuple(CONTROL.sub("", delimiter.join(cells))[:EXAMPLE_CHARS] for _, cells in ragged[:3])
    return (Dropped(N_("the row has more cells than the header"), len(ragged), examples),)


def _header_notes(header: list[str]) -> tuple[Note, ...]:
    """A remark when the first row looks like data: a cell that is a number or as long as a sentence."""
    if not any((cell.strip() and is_number(cell)) or len(cell) > 60 for cell in header):
        return ()
    message = N_("the first row was taken as the header: {columns}; if it is data, add a row of column names above it")
    return ((message, {"columns": ", ".join(cell[:30] for cell in header[:10])}),)
