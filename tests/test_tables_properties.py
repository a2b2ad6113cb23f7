"""What must hold for any delimited file: it comes back as it was written, or the difference is told."""

import csv
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import UserError
from core.tables.files import read_table
from core.tables.rows import Rows
from core.tables.table import Reading, Table
from tests.tables import write

NAMES = ("text", "label", "note", "source")
DELIMITERS = (",", ";", "\t", "|", "::", "||", ":::")
QUOTING = ("all", "minimal", "none")
ENDS = ("\n", "\r\n", "\r")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "gb18030", "cp1251")
LABELS = ("good", "bad", "0", "1", "好")
WORDS = "fine film a the plot, and; but | 'so' 12 3.5 Größe фильм 电影 😀 :) #1 \"x\" \\n".split()

LABEL = st.sampled_from(LABELS)
PROSE = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
ANY = st.text(st.one_of(st.sampled_from("\n\r\t,;|: \"'#\\aZéß我😀"), st.characters(codec="utf-8")), max_size=12)
CELL = st.one_of(LABEL, PROSE, ANY)
TABLE = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=12)
)


def written(rows: Sequence[Sequence[str]], delimiter: str, quoting: str, end: str) -> str | None:
    """The rows as a file; None where they cannot be written without quotation marks."""
    lines = []
    for row in rows:
        cells = []
        for cell in row:
            needed = delimiter in cell or any(character in cell for character in '"\r\n')
            edge = len(delimiter) > 1 and (cell.startswith(delimiter[0]) or cell.endswith(delimiter[0]))
            if quoting == "none" and (needed or edge):
                return None
            cells.append(f'"{cell.replace(chr(34), chr(34) * 2)}"' if quoting == "all" or needed or edge else cell)
        lines.append(delimiter.join(cells) + end)
    return "".join(lines)


def read(content: str, encoding: str, reading: Reading) -> Table | None:
    """The table of a file; None when it is refused with a sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), content.encode(encoding, "replace"))
        try:
            return read_table(path, reading)
        except UserError:
            return None


def plain(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Rows as they count: without blank ones, without columns in which nothing stands, without spaces around the cells."""
    kept = [[cell.strip(" ") for cell in row] for row in rows if any(cell.strip() for cell in row)]
    return [tuple(column) for column in zip(*(c for c in zip(*kept, strict=True) if any(c)), strict=True)]


def found(table: Table) -> list[tuple[str, ...]]:
    return plain([list(row) for row in table.frame.itertuples(index=False, name=None)])


def is_told(table: Table) -> bool:
    return bool(table.notes or table.dropped or table.cut_cells)


def is_same(table: Table, rows: list[list[str]], header: bool) -> bool:
    """Whether the rows came back; the first one may have become the names, as the table then says."""
    if table.header == "none":
        return not header and found(table) == plain(rows)
    below = rows[1:] if not header else rows
    return found(table) == plain(below)


any_table_in_any_file = given(
    TABLE,
    st.booleans(),
    st.sampled_from(DELIMITERS),
    st.sampled_from(QUOTING),
    st.sampled_from(ENDS),
    st.sampled_from(ENCODINGS),
)


@any_table_in_any_file
@example([["", ""]], False, "::", "all", "\n", "utf-8")
@example([["a", "b\nc"]], True, ",", "minimal", "\n", "utf-8")
@example([["a,b\nc,d", "x"]], True, ",", "all", "\r\n", "utf-8")
def test_a_table_comes_back_or_the_difference_is_told(
    rows: list[list[str]], header: bool, delimiter: str, quoting: str, end: str, encoding: str
) -> None:
    names = [list(NAMES[: len(rows[0])])] if header else []
    content = written([*names, *rows], delimiter, quoting, end)
    if content is None or (not content.isascii() and content.encode(encoding, "replace").decode(encoding) != content):
        return
    table = read(content, encoding, Reading())
    assert table is None or is_told(table) or is_same(table, rows, header)


@any_table_in_any_file
def test_a_table_that_is_described_comes_back_or_the_difference_is_told(
    rows: list[list[str]], header: bool, delimiter: str, quoting: str, end: str, encoding: str
) -> None:
    names = [list(NAMES[: len(rows[0])])] if header else []
    content = written([*names, *rows], delimiter, quoting, end)
    if content is None or content.encode(encoding, "replace").decode(encoding) != content:
        return
    table = read(content, encoding, Reading(header=header, encoding=encoding, delimiter=delimiter))
    assert (
        table is None
        or is_told(table)
        or (table.header == ("first row" if header else "none") and is_same(table, rows, header))
    )


@given(TABLE, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(ENDS))
def test_what_pythons_writer_writes_is_cut_where_it_was_joined(rows: list[list[str]], delimiter: str, end: str) -> None:
    """Cells that no other reading makes sense of: none has a delimiter in it. (The writer does not enclose every line end.)"""
    rows = [[cell.replace(delimiter, "").replace("\r", "").replace("\n", end) for cell in row] for row in rows]
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=end).writerows(rows)
    cut = [row.cells for row in Rows(file.getvalue(), delimiter, width=len(rows[0]))]
    assert cut == [
        [cell if '"' in cell or "\n" in cell or "\r" in cell else cell.strip(" ") for cell in row]
        for row in rows
        if any(map(str.strip, row))
    ]


@given(st.text(max_size=300), st.sampled_from(["data.csv", "data.tsv", "data.txt", "data.json"]))
@example('"' * 30, "data.csv")
@example("a\x00b,c\n", "data.csv")
def test_any_text_is_a_table_or_refused_with_a_sentence(text: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), text.encode("utf-8", "replace"), name)
        try:
            table = read_table(path)
        except UserError as error:
            assert "\n" not in str(error)
        else:
            assert len(table.frame) == len(table.lines) and list(table.lines) == sorted(set(table.lines))
            assert table.rows == len(table.frame) + sum(entry.count for entry in table.dropped)


@given(st.binary(max_size=300), st.sampled_from(ENCODINGS))
def test_any_bytes_are_a_table_or_refused_with_a_sentence(content: bytes, encoding: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), content)
        for reading in (Reading(), Reading(encoding=encoding)):
            try:
                read_table(path, reading)
            except UserError as error:
                assert "\n" not in str(error)
