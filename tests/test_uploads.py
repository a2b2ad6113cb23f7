"""What visitors upload: whose it is, how much of it stays, and what is cleared away."""

import os
import shutil
import time
from collections.abc import Callable
from io import BytesIO
from types import SimpleNamespace

import pytest

from core import classroom, runs
from core.errors import UserError
from core.results import RunConfig, RunState
from pages.shared import tidy, visitor
from pages.shared.data_form import uploads

ANA, BEN = "a" * 32, "b" * 32
As = Callable[[str], None]


@pytest.fixture
def come(monkeypatch: pytest.MonkeyPatch) -> As:
    """Come as a visitor from elsewhere; "" is who sits at the machine."""

    def come(visitor_id: str) -> None:
        monkeypatch.setattr(visitor, "me", lambda: visitor_id or "c" * 32)
        monkeypatch.setattr(visitor, "is_teacher", lambda: not visitor_id)

    return come


def give(name: str, size: int) -> str:
    """Upload a file of this name, which says what is in it; returns its value."""
    file = BytesIO(name.encode() * (size // len(name)))
    return uploads.mine(uploads.received(SimpleNamespace(name=f"{name}.csv", getvalue=file.getvalue)))  # type: ignore[arg-type]


def are_there(*values: str) -> list[bool]:
    return [(uploads.uploads() / value.removeprefix("upload:")).is_dir() for value in values]


def test_of_each_visitor_so_many_files_stay(come: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_UPLOADS", "2")
    come(BEN)
    bens = give("ben", 30)
    come(ANA)
    first, second = give("first", 30), give("second", 30)
    os.utime(uploads.uploads() / first.removeprefix("upload:"))  # it is used again
    os.utime(uploads.uploads() / second.removeprefix("upload:"), (1e9, 1e9))
    third = give("third", 30)
    assert are_there(bens, first, second, third) == [True, True, False, True]
    come("")
    own = [give(name, 30) for name in ("one", "two", "three")]
    assert all(are_there(bens, first, third, *own)), "who sits at the machine has no limits"


def test_of_each_visitor_so_many_megabytes_stay(come: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_UPLOADS_MB", "3")
    come(ANA)
    first, second = give("first", 2 << 20), give("second", 2 << 20)
    assert are_there(first, second) == [False, True]
    with pytest.raises(UserError, match="the file has 4 MB, and those of one visitor may have 3 together"):
        give("large", 4 << 20)
    assert are_there(second) == [True]
    come("")
    assert are_there(give("large", 4 << 20)) == [True]


def test_what_two_have_uploaded_stays_until_neither_needs_it(come: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_UPLOADS", "1")
    come(ANA)
    same = give("same", 30)
    come(BEN)
    assert give("same", 30) == same
    come(ANA)
    give("anas", 30)
    assert are_there(same) == [True]
    assert uploads.file_of(same, (".csv",)), "the note of its owners is no file of theirs"
    come(BEN)
    give("bens", 30)
    assert are_there(same) == [False]


def test_no_file_is_taken_on_a_disk_that_is_nearly_full(come: As, monkeypatch: pytest.MonkeyPatch) -> None:
    come(ANA)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100 << 20))
    with pytest.raises(UserError, match="100 MB are left, and 500 stay free"):
        give("any", 30)
    assert not list(uploads.uploads().iterdir())


def test_the_disk_is_tidied_up_once_an_hour(come: As, monkeypatch: pytest.MonkeyPatch) -> None:
    come(ANA)
    now = time.time()
    old, new = (give(name, 30) for name in ("old", "new"))
    long_ago = now - uploads.KEPT_SECONDS - 10
    os.utime(uploads.uploads() / old.removeprefix("upload:"), (long_ago, long_ago))

    def put(owner: str, status: str, days: float) -> runs.Run:
        run = runs.create(RunConfig("minilm", "rotten_tomatoes"), owner=owner)
        runs._set_state(run.folder, RunState(status, 1.0, finished=now - days * classroom.DAY))  # type: ignore[arg-type]
        return run

    gone = put(ANA, "cancelled", 15)
    stay = [put(ANA, "cancelled", 13), put(ANA, "finished", 99), put(ANA, "failed", 99), put("", "cancelled", 99)]
    tidied = tidy.Tidy()
    tidied.up()
    assert are_there(old, new) == [False, True]
    assert len(runs.all_runs()) == 5, "a studio of one's own keeps what was cancelled"
    monkeypatch.setenv("STUDIO_CLASS_CODE", "spring")
    tidied.up()
    assert len(runs.all_runs()) == 5, "an hour has not passed"
    monkeypatch.setenv("STUDIO_CANCELLED_DAYS", "0")
    tidy.Tidy().up()
    assert len(runs.all_runs()) == 5
    monkeypatch.delenv("STUDIO_CANCELLED_DAYS")
    stuck, delete = put(ANA, "cancelled", 99), runs.delete

    def deletes(run: runs.Run) -> None:
        if run.id == stuck.id:
            raise UserError("the run cannot be deleted")
        delete(run)

    monkeypatch.setattr(runs, "delete", deletes)
    tidy.Tidy().up()
    assert len(runs.all_runs()) == 5, "one that cannot be deleted does not keep the others"
    monkeypatch.setattr(runs, "delete", delete)
    tidy.Tidy().up()
    assert {run.id for run in runs.all_runs()} == {run.id for run in stay} and gone.id not in {
        run.id for run in runs.all_runs()
    }


def test_what_cannot_be_tidied_up_is_logged_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(uploads, "clear_away", broken)
    tidy.Tidy().up()
    assert "the disk could not be tidied up" in caplog.text
