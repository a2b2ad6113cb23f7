"""Files that are written as a whole or not at all."""

import errno
from pathlib import Path

import pytest

from core import disk


def test_what_stood_there_stays_where_writing_breaks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "state.json"
    disk.write(file, b"before")

    def broken(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(OSError):
        disk.write(file, b"after")
    assert file.read_bytes() == b"before" and list(tmp_path.iterdir()) == [file]


def test_what_killed_writers_left_of_a_file_is_removed(tmp_path: Path) -> None:
    file, other = tmp_path / "state.json", tmp_path / ".states.json.0a1b2c3d"
    disk.write(file, b"whole")
    other.touch()
    (tmp_path / ".state.json.0a1b2c3d").write_bytes(b"ha")
    disk.tidy(file)
    assert set(tmp_path.iterdir()) == {file, other}


@pytest.mark.parametrize(
    ("number", "sentence"), [(errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "the disk is full"), (errno.EACCES, "cannot be written: no")]
)  # fmt: skip
def test_what_is_said(tmp_path: Path, number: int, sentence: str) -> None:
    said = str(disk.unwritable(OSError(number, "no"), tmp_path))
    assert sentence in said and str(tmp_path) in said
