"""Whose run has its turn, what a teacher does for the whole class, and what a nearly full disk allows."""

import shutil
from collections.abc import Iterator, Sequence
from types import SimpleNamespace

import pytest

from core import classroom, limits, runs, settings
from core.errors import UserError
from core.results import RunConfig, RunState

ANA, BEN, CY = "a" * 32, "b" * 32, "c" * 32
CONFIG = RunConfig("minilm", "rotten_tomatoes")


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs stay as they were written, whatever their processes do: there are none."""
    monkeypatch.setattr(runs, "_is_alive", lambda folder: True)
    yield


def put(owner: str, created: float, status: str = "queued") -> runs.Run:
    run = runs.create(CONFIG, owner=owner)
    runs._set_state(run.folder, RunState(status, created))  # type: ignore[arg-type]
    return runs.get(run.id)


def owners(order: Sequence[runs.Run]) -> str:
    return "".join(run.owner[:1] or "-" for run in order)


def test_a_run_keeps_whose_it_is() -> None:
    run = runs.create(CONFIG, owner=ANA)
    assert runs.get(run.id).owner == ANA == runs.owner(run.id)
    assert runs.create(CONFIG).owner == "" and runs.owner("no/such") == ""
    (run.folder / runs.OWNER).write_bytes(b"\xff<script>")
    assert runs.get(run.id).owner == ""


def test_visitors_have_their_turns_one_after_the_other(waiting: None) -> None:
    for created, owner in enumerate([ANA, ANA, ANA, BEN, CY, BEN], 1):
        put(owner, created)
    assert owners(runs.queue()) == "abcaba"


def test_who_has_a_run_at_work_waits_for_who_has_none(waiting: None) -> None:
    put(ANA, 1, "running")
    put(ANA, 2)
    put(BEN, 3)
    assert owners(runs.queue()) == "ba"


def test_one_person_alone_has_them_in_the_order_of_making(waiting: None) -> None:
    made = [put("", created).id for created in (1, 2, 3)]
    assert [run.id for run in runs.queue()] == made


def test_the_teacher_puts_one_first_until_it_has_had_its_turn(waiting: None) -> None:
    for created, owner in enumerate([ANA, BEN, CY], 1):
        put(owner, created)
    last = runs.queue()[-1]
    runs.put_first(last)
    assert owners(runs.queue()) == "cab"
    runs._set_state(last.folder, RunState("cancelled", 3))
    runs._requeue(last.folder)
    assert owners(runs.queue()) == "abc"


def test_a_visitor_may_have_so_many_waiting(waiting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_QUEUED", "2")
    put(ANA, 1, "running")
    put(ANA, 2)
    limits.check_waiting(ANA)
    put(ANA, 3)
    with pytest.raises(UserError, match="2 of your runs are waiting"):
        limits.check_waiting(ANA)
    limits.check_waiting(BEN)


def test_a_paused_queue_lets_none_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.create(CONFIG)
    runs.pause(True)
    moments = iter(range(100))

    def moment(seconds: float) -> None:
        if next(moments) == 3:
            runs.pause(False)

    monkeypatch.setattr(runs.time, "sleep", moment)  # type: ignore[attr-defined]
    with runs._turn(run.folder):
        assert next(moments) > 3 and not runs.is_paused()


def test_no_run_begins_on_a_disk_that_is_nearly_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100 << 20))
    with pytest.raises(UserError, match="100 MB are left, and 500 stay free"):
        runs.create(CONFIG)
    assert runs.folders() == []
    monkeypatch.setenv("STUDIO_MIN_FREE_MB", "50")
    assert runs.create(CONFIG).state.status == "queued"


PAGES = ("home", "tokens", "attention")


def test_everybody_is_shown_one_page() -> None:
    assert classroom.look() is None
    classroom.show("https://x.example/attention?view=flow&text=a%20%26%20b", PAGES, "  which\nwords ")
    look = classroom.look()
    assert look and (look.page, look.query, look.title) == (
        "attention",
        {"view": "flow", "text": "a & b"},
        "which words",
    )
    classroom.show("http://127.0.0.1:8501/", PAGES)
    assert (look := classroom.look()) and look.page == "home"
    classroom.show_nothing()
    assert classroom.look() is None


@pytest.mark.parametrize(
    "address", ["http://x/secrets", "javascript:alert(1)", "http://x/tokens/../etc", "tokens?" + "x" * 9000]
)
def test_no_other_address_is_shown(address: str) -> None:
    with pytest.raises(UserError, match="no address of a page"):
        classroom.show(address, PAGES)


@pytest.mark.parametrize(
    "content", ["", "{", '{"at": 1e30, "page": "tokens"}', '{"at": 1, "page": "../x"}', '{"at": -1, "page": "home"}']
)
def test_a_damaged_look_is_none(content: str) -> None:
    classroom.show("/tokens", PAGES)
    (settings.HOME.value() / "look.json").write_text(content)
    assert classroom.look() is None


def test_a_reset_takes_what_visitors_made_and_nothing_else(waiting: None) -> None:
    kept = runs.create(CONFIG)
    for owner in (ANA, BEN):
        runs.create(CONFIG, owner=owner)
    classroom.show("/tokens", PAGES)
    assert classroom.reset() == 2
    assert [run.id for run in runs.all_runs()] == [kept.id] and classroom.look() is None


def test_who_is_on_which_page_until_they_have_been_quiet_for_long() -> None:
    clock = SimpleNamespace(now=0.0)
    present = classroom.Presence(lambda: clock.now)
    present.note(ANA, "tokens")
    clock.now = 5.0
    present.note(BEN, "home")
    clock.now = classroom.HERE_SECONDS
    present.note(BEN, "encoder")
    assert [(place.visitor, place.page, place.seconds) for place in present.here()] == [
        (BEN, "encoder", 0.0),
        (ANA, "tokens", classroom.HERE_SECONDS),
    ]
    clock.now += 1
    present.note(CY, "home")
    assert set(present._last) == {BEN, CY}, "whether or not the teacher looks, who has gone is forgotten"
    assert [place.visitor for place in present.here()] == [CY, BEN]
