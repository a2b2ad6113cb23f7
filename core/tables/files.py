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
from core.errors import UserError
from core.tables import columnar, delimited, objects, text
from core.tables.table import FIND_OUT, Note, Reading, Table, evenly, make_table

TEXT_SUFFIX = ".txt"
SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".parquet", TEXT_SUFFIX)


def read_table(path: Path, reading: Reading = FIND_OUT) -> Table:
    """Read a .csv, .tsv, .json, .jsonl or .parquet file; its content decides which of them it is.

    Raises UserError, with what is wrong and how to mend it, when it cannot be read.
    """
    _check_file(path)
    data = path.read_bytes()
    table = columnar.read(data, path.name) if data.startswith(b"PAR1") else _read_text(data, path, reading)
    if table.frame.empty:
        raise UserError("{file} holds no rows, only column names at most; add rows below them", file=path.name)
    return table


def read_documents(path: Path, reading: Reading = FIND_OUT) -> Table:
    """Read a plain text file: what stands between blank lines is one document, a row of the column "text".

    A document longer than a cell may be goes on in further rows. Raises UserError when it cannot be read.
    """
    content, encoding, notes = read_plain(path, (TEXT_SUFFIX,), reading)
    found = [part for block in re.split(r"\n\s*\n", content) for part in _portions(block.strip())]
    if not found:
        raise UserError("{file} is empty", file=path.name)
    kept, sampled = evenly(found)
    return replace(make_table(["text"], [kept], len(kept), notes=(*notes, *sampled)), encoding=encoding)


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


def check_size(name: str, size: int) -> None:
    """Raise UserError when `size` bytes are more than is read."""
    limit = settings.MAX_UPLOAD_MB.value()
    if size > limit * 1024 * 1024:
        raise UserError(
            "{file} has {size} MB; at most {limit} MB are read (the setting {setting})",
            file=name,
            size=f"{size / 1024 / 1024:.1f}",
            limit=limit,
            setting=settings.MAX_UPLOAD_MB.name,
        )


def _check_file(path: Path, kinds: tuple[str, ...] = SUFFIXES) -> None:
    """Raise UserError unless it is a file of an expected kind and size."""
    suffixes = " ".join(kinds)
    if not exists(path):
        raise UserError("there is no file {file}", file=str(path)[:200])
    if path.is_dir():
        raise UserError("{file} is a folder; give one file ({suffixes})", file=path.name, suffixes=suffixes)
    if not path.is_file() or path.suffix.lower() not in kinds:
        raise UserError(
            "{file} is of a kind that is not read; the kinds are {suffixes}", file=path.name, suffixes=suffixes
        )
    check_size(path.name, path.stat().st_size)


def _read_text(data: bytes, path: Path, reading: Reading) -> Table:
    """A text file: JSON where the text is JSON, otherwise CSV."""
    text.check_text(data, path.name)
    content, encoding, notes = text.decode(data, reading.encoding)
    if not content or content.isspace():
        raise UserError("{file} is empty", file=path.name)
    found = objects.read(content, path)
    table = delimited.read(content, path.name, reading) if found is None else found
    return replace(table, encoding=encoding, notes=(*notes, *table.notes))
