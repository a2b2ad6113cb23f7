"""read_table: a user's file, whatever it is called and however it was saved, as a table of plain strings.

What a file holds is decided by its content, never by its name: CSV with any usual delimiter, JSON, JSON lines or Parquet.
Nothing is ever unpickled. The settings limit the size of a file, its rows and its cells. This module does not know what
the columns mean.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from core import settings
from core.errors import Note, UserError
from core.tables import archives, columnar, delimited, limits, objects, parts, pdf, text, workbook
from core.tables.table import FIND_OUT, Reading, Table, evenly, make_table

TEXT_SUFFIX = ".txt"
DOCUMENT_SUFFIXES = (TEXT_SUFFIX, ".md", pdf.SUFFIX)
SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".arrow", ".xlsx", ".gz", ".zip", TEXT_SUFFIX)


def read_table(path: Path, reading: Reading = FIND_OUT) -> Table:
    """Read a file of one of the kinds in SUFFIXES, or a folder that datasets saved; its content decides which of them it is.

    Raises UserError, with what is wrong and how to mend it, when it cannot be read.
    """
    if is_saved(path):
        table = columnar.read_saved(path)
    else:
        _check_file(path)
        table = _read(path.read_bytes(), path.name, reading)
    if not any(table.columns.values()):
        raise UserError("{file} holds no rows, only column names at most; add rows below them", file=path.name)
    return table


def is_saved(path: Path) -> bool:
    """Whether there is such a folder, and datasets saved it."""
    return exists(path) and path.is_dir() and columnar.is_saved(path)


def is_text(start: bytes) -> bool:
    """Whether a file that begins with these bytes is no packed or columnar one."""
    return not columnar.is_columnar(start) and not start.startswith((archives.GZIP, *archives.ZIP, pdf.START))


def _read(data: bytes, name: str, reading: Reading) -> Table:
    """The table that the content of a file is, whatever its name."""
    if columnar.is_columnar(data[:16]):
        return columnar.read(data, name)
    if data.startswith(archives.GZIP):
        inner, content = archives.gunzip(data, name)
        return _read(content, inner, reading)
    if data.startswith(workbook.OLD):
        raise workbook.old(name)
    if data.startswith(archives.ZIP):
        return _read_zip(data, name, reading)
    return _read_text(data, name, reading)


def _read_zip(data: bytes, name: str, reading: Reading) -> Table:
    """A workbook, a table, or tables for train, validation and test."""
    with archives.open_zip(data, name) as file:
        if workbook.is_workbook(file):
            return workbook.read(data, name, reading)
        workbook.check_other(file, name)
        contents = archives.unzip(file, name, SUFFIXES)
    tables = {inner: _read(content, inner.rpartition("/")[2], reading) for inner, content in contents.items()}
    if len(tables) == 1:
        return next(iter(tables.values()))
    return parts.combine([(parts.part_of(inner), table) for inner, table in tables.items()])


def read_documents(path: Path, reading: Reading = FIND_OUT) -> Table:
    """Read a plain text or PDF file: what stands between blank lines, or on a page, is one document, a row of the column "text".

    The pages of a PDF have their numbers in the column "page". A document longer than a cell may be goes on in further rows. Raises
    UserError when it cannot be read.
    """
    _check_file(path, DOCUMENT_SUFFIXES)
    if _begins(path, pdf.START):
        return _read_pdf(path)
    content, encoding, notes = read_plain(path, DOCUMENT_SUFFIXES, reading)
    documents = [part for block in re.split(r"\n\s*\n", content) for part in _portions(block.strip())]
    if not documents:
        raise UserError("{file} is empty", file=path.name)
    kept, sampled = evenly(documents)
    table = make_table(["text"], [kept], len(kept), notes=(*notes, *sampled), not_read=len(documents) - len(kept))
    return replace(table, encoding=encoding)


def _read_pdf(path: Path) -> Table:
    documents = [
        (part, str(number)) for number, text in pdf.pages(path.read_bytes(), path.name) for part in _portions(text)
    ]
    kept, sampled = evenly(documents)
    columns = list(zip(*kept, strict=True))
    return make_table(["text", "page"], columns, len(kept), notes=sampled, not_read=len(documents) - len(kept))


def _begins(path: Path, start: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(start)) == start


def read_plain(path: Path, kinds: tuple[str, ...], reading: Reading = FIND_OUT) -> tuple[str, str, tuple[Note, ...]]:
    """The text of a file with \\n at the end of its lines, the name of its encoding, and remarks on the reading.

    kinds: the suffixes that are read. Raises UserError when it is none of them, too large, empty or not text.
    """
    _check_file(path, kinds)
    data = path.read_bytes()
    if not data.strip():
        raise UserError("{file} is empty", file=path.name)
    try:
        text.check_text(data, path.name)
    except UserError as error:
        raise UserError(
            "{file} is not plain text, whatever its name; save the text as .txt in UTF-8", file=path.name
        ) from error
    text.check_content(data, path.name)
    content, encoding, notes = text.decode(data, reading.encoding)
    return content.replace("\r\n", "\n").replace("\r", "\n"), encoding, notes


def _portions(document: str) -> Iterator[str]:
    """A document in parts that fit into a cell, each ending at a space or line where there is one."""
    limit = settings.MAX_CELL_CHARS.value()
    while len(document) > limit:
        end = max(document.rfind(" ", 0, limit), document.rfind("\n", 0, limit))
        end = end if end > 0 else limit
        yield document[:end]
        document = document[end:].lstrip()
    if document:
        yield document


def exists(path: Path) -> bool:
    """Whether there is such a file or folder; a name that no file can have is none."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _check_file(path: Path, kinds: tuple[str, ...] = SUFFIXES) -> None:
    """Raise UserError unless it is a file of an expected kind and size."""
    suffixes = " ".join(kinds)
    if not exists(path):
        raise UserError("there is no file {file}", file=str(path)[:200])
    if path.is_dir():
        raise UserError("{file} is a folder; give one file ({suffixes})", file=path.name, suffixes=suffixes)
    if path.suffix.lower() == workbook.OLD_SUFFIX:
        raise workbook.old(path.name)
    if not path.is_file() or path.suffix.lower() not in kinds:
        raise UserError(
            "{file} is of a kind that is not read; the kinds are {suffixes}", file=path.name, suffixes=suffixes
        )
    limits.check_size(path.name, path.stat().st_size)


def _read_text(data: bytes, name: str, reading: Reading) -> Table:
    """A text file: JSON where the text is JSON, otherwise CSV."""
    text.check_text(data, name)
    text.check_content(data, name)
    content, encoding, notes = text.decode(data, reading.encoding)
    if not content or content.isspace():
        raise UserError("{file} is empty", file=name)
    found = objects.read(content, name, reading)
    table = delimited.read(content, name, reading) if found is None else found
    return replace(table, encoding=encoding, notes=(*notes, *table.notes))
