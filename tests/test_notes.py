"""Notes on a run: kept, tidied, and never the reason why a run cannot be opened."""

from pathlib import Path

import pytest

from core import notes, runs
from core.notes import Notes
from core.results import RunConfig


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    run = runs.Run(
        "20260101-000000-aaaaaa",
        tmp_path,
        RunConfig(model="minilm", data="rotten_tomatoes"),
        runs.RunState("finished", 0.0),
    )
    assert notes.read(tmp_path) == Notes() and run.name == "rotten_tomatoes"
    runs.annotate(run, Notes("第一次", "a note\nof two lines", ("b", "A")))
    assert notes.read(tmp_path) == Notes("第一次", "a note\nof two lines", ("A", "b"))
    assert [path.name for path in tmp_path.iterdir()] == [notes.FILE], "nothing half-written stays"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"name": 5}', b'{"tags": "a"}', b"\xff\x00", b"null"])
def test_what_cannot_be_read_is_no_note(tmp_path: Path, content: bytes) -> None:
    (tmp_path / notes.FILE).write_bytes(content)
    assert notes.read(tmp_path) == Notes()


def test_notes_are_tidied_and_bounded() -> None:
    tidied = notes.tidy("  a \x00\n b " + "x" * 200, "n" * 5000, [" t ", "t", "", "y" * 99, *map(str, range(20))])
    assert tidied.name.startswith("a b x") and len(tidied.name) == notes.MOST_NAME
    assert len(tidied.note) == notes.MOST_NOTE and len(tidied.tags) == notes.MOST_TAGS
    assert all(len(tag) <= notes.MOST_TAG for tag in tidied.tags)
