"""What people write on a run afterwards: another name, a note, tags. It may change at any time, unlike what the run was asked to do.

This module does not know what a run is, only that it has a folder.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

FILE = "notes.json"
MOST_NAME, MOST_NOTE, MOST_TAG, MOST_TAGS = 80, 2000, 30, 8  # characters, and tags of a run


@dataclass(frozen=True)
class Notes:
    """name: "" where the run keeps the one it was started with. tags: in alphabetical order, each once, whatever its case."""

    name: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()


def read(folder: Path) -> Notes:
    """What stands in a run's folder; nothing where nobody has written anything, or nothing that can be read."""
    try:
        written = TypeAdapter(Notes).validate_json((folder / FILE).read_bytes())
    except (OSError, ValidationError):
        return Notes()
    return tidy(written.name, written.note, written.tags)


def tidy(name: str, note: str, tags: Iterable[str]) -> Notes:
    """Notes without control characters, as long as they may be."""
    clean = [" ".join(_printed(tag).split())[:MOST_TAG] for tag in tags]
    once = {tag.casefold(): tag for tag in reversed(clean) if tag}
    return Notes(
        " ".join(_printed(name).split())[:MOST_NAME],
        _printed(note)[:MOST_NOTE].strip(),
        tuple(tag for _, tag in sorted(once.items())[:MOST_TAGS]),
    )


def _printed(text: str) -> str:
    """Text without control characters and halves of characters."""
    return "".join(one for one in text if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cs"))
