"""Packed files, .gz and .zip, as the bytes of what is inside.

Sizes are checked in the headers before anything is unpacked, and again while it is. Nothing is written anywhere, and an archive inside
an archive is not unpacked. This module does not know tables.
"""

import gzip
import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from core.errors import UserError
from core.tables import limits
from core.tables.parts import part_of

GZIP = b"\x1f\x8b"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
END = b"PK\x05\x06"  # of the record at a zip's end
LONGEST_END = 22 + 65_535
MOST_DIRECTORY = limits.MB  # bytes of a zip's list of files
MOST_DEFLATED = 1032  # to one: what deflate can pack at most
NO_TABLE = (".md", ".pdf", ".png", ".jpg", ".html", ".yaml", ".yml", ".py", ".ipynb")
ENCRYPTED = 1
BROKEN = (OSError, EOFError, BadZipFile, zlib.error, ValueError, NotImplementedError, KeyError, IndexError)


def gunzip(data: bytes, name: str) -> tuple[str, bytes]:
    """The name and the bytes of what a .gz file holds. Raises UserError when it is damaged or unpacks to too much."""
    size = int.from_bytes(data[-4:], "little")
    if size <= MOST_DEFLATED * len(data):  # otherwise the end is missing
        limits.check_unpacked(name, size)
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as file:
            content = file.read(limits.most_unpacked() + 1)
    except BROKEN as error:
        raise _damaged(name) from error
    limits.check_unpacked(name, len(content))
    inner = name[: -len(".gz")] if name.lower().endswith(".gz") else name
    if content[257:262] == b"ustar":
        raise _nested(name, inner)
    return inner, _not_packed(content, name, inner)


def open_zip(data: bytes, name: str) -> ZipFile:
    """A .zip file whose list of files is short enough to be read. Raises UserError when it is damaged."""
    _, found, end = data[-LONGEST_END:].rpartition(END)
    if not found:
        raise _damaged(name)
    if int.from_bytes(end[8:12], "little") > MOST_DIRECTORY:
        raise UserError("{file} holds too many files; keep one table in it", file=name)
    try:
        return ZipFile(BytesIO(data))
    except BROKEN as error:
        raise _damaged(name) from error


def unzip(file: ZipFile, name: str, suffixes: Sequence[str]) -> Mapping[str, bytes]:
    """The tables in a .zip file by their names: one, or one each for train, validation and test.

    suffixes: of the files that are tables. Raises UserError when there is none or several of which it is not clear what they are.
    """
    found = [
        entry for entry in file.infolist() if entry.filename and not entry.is_dir() and not _is_beside(entry.filename)
    ]
    tables = [entry for entry in found if PurePosixPath(entry.filename).suffix.lower() in suffixes] or found
    if not tables:
        raise UserError("{file} is empty", file=name)
    if len(tables) > 1 and not all(part_of(entry.filename) for entry in tables):
        raise UserError(
            "{file} holds {count} files ({names}), and which of them is the table is not clear; give one of them alone, or call them "
            "train, validation and test",
            file=name,
            count=len(tables),
            names=", ".join(entry.filename for entry in tables[:5])[:300],
        )
    limits.check_unpacked(name, sum(entry.file_size for entry in tables))
    return {entry.filename: _not_packed(member(file, entry, name), name, entry.filename) for entry in tables}


def member(file: ZipFile, entry: ZipInfo, name: str) -> bytes:
    """The bytes of a file in a .zip file, never more than it says. Raises UserError when it is damaged or needs a password."""
    if entry.flag_bits & ENCRYPTED:
        raise UserError("{file} needs a password; unpack it first, and give the table that is inside", file=name)
    try:
        with file.open(entry) as content:
            return content.read(entry.file_size)
    except BROKEN as error:
        raise _damaged(name) from error


def _is_beside(path: str) -> bool:
    """Whether a file in a .zip file is something that a system or an author put beside the tables."""
    parts = PurePosixPath(path).parts or (".",)  # a name can be as odd as "." itself
    return parts[0] == "__MACOSX" or parts[-1].startswith(".") or parts[-1].lower().endswith(NO_TABLE)


def _not_packed(content: bytes, name: str, inner: str) -> bytes:
    if content.startswith((GZIP, *ZIP)):
        raise _nested(name, inner)
    return content


def _nested(name: str, inner: str) -> UserError:
    return UserError(
        "{file} holds another packed file ({inner}), and only one is unpacked; unpack it first, and give the table that is inside",
        file=name,
        inner=inner[-100:],
    )


def _damaged(name: str) -> UserError:
    return UserError("{file} is damaged and cannot be unpacked; download or pack it again", file=name)
