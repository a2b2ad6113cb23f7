"""Files that are written as a whole or not at all, room for them, and what is said where they cannot be.

This module does not know what the files mean.
"""

import errno
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from core import settings
from core.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT)


def write(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all, through to the disk. Raises OSError when it cannot be."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def written_at(path: Path) -> float:
    """When a file was last written, in seconds since the epoch; 0.0 where there is none."""
    try:
        return path.stat().st_mtime
    except OSError:  # it may go at any time
        return 0.0


def tidy(path: Path) -> None:
    """Remove what the writing of a file has left where its process was killed. To be called while nobody writes it."""
    for part in path.parent.glob(f".{path.name}.*"):
        part.unlink(missing_ok=True)


def unwritable(error: OSError, folder: Path) -> UserError:
    """What is said to people of an OSError in a folder."""
    if error.errno in FULL:
        return UserError("the disk is full: nothing can be written to {folder}; make room and try again", folder=folder)
    return UserError("{folder} cannot be written: {reason}", folder=folder, reason=error.strerror or error)


def check_room(folder: Path) -> None:
    """Raise UserError when the disk of a folder is nearly full."""
    free, least = shutil.disk_usage(folder).free >> 20, settings.MIN_FREE_MB.value()
    if free < least:
        raise UserError(
            "the disk of the studio is nearly full: {free} MB are left, and {least} stay free. Delete runs that nobody needs.",
            free=free,
            least=least,
        )


def size(folder: Path) -> int:
    """The bytes of all files in a folder; one that goes meanwhile counts for nothing."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.lstat().st_size
    return total
