"""Long work takes turns: so much at once, fair between people, and whoever goes away makes room."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from streamlit.testing.v1 import AppTest

from core import settings
from pages.shared import pool, progress, visitor
from pages.shared.cached.store import forget
from pages.shared.pool import Pool


def order(queue: Pool, turns: dict[str, pool.Turn]) -> list[str]:
    """In which order the turns come, one after the other."""
    come: list[str] = []
    left = dict(turns)
    while left:
        name = next(name for name, turn in left.items() if turn.begins())
        come.append(name)
        queue.leave(left.pop(name))
    return come


def test_turns_go_round_between_people() -> None:
    queue = Pool(lambda: 1)
    busy = queue.enter("teacher")
    assert busy.begins() and busy.begins()
    turns = {f"{person}{number}": queue.enter(person) for person, number in ("a1", "a2", "a3", "b1", "c1", "b2")}
    assert not any(turn.begins() for turn in turns.values())
    assert [queue.before(turn) for turn in turns.values()] == [0, 3, 5, 1, 2, 4]
    queue.leave(busy)
    assert order(queue, turns) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_so_many_at_once_and_who_goes_away_makes_room() -> None:
    queue = Pool(lambda: 2)
    first, second, third, fourth = (queue.enter(person) for person in "abcd")
    assert first.begins() and second.begins() and not third.begins()
    queue.leave(third)  # who waited has closed the page
    assert queue.before(fourth) == 0 and not fourth.begins()
    queue.leave(first)
    assert fourth.begins()


def page() -> None:
    import streamlit as st

    from pages.shared import progress
    from pages.shared.cached.once import once

    def work(report: progress.Report) -> object:
        def make() -> str:
            report(0, 2)
            st.session_state["worked"] = True
            return "done"

        return once("work", ("a",), make)

    st.markdown(str(progress.work("a", "Counting", work)))


def test_a_page_waits_for_its_turn_and_says_how_many_come_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.POOL.name, "1")
    forget(lambda name: name == "work")
    said: list[int] = []
    waits = Event()
    tell = progress.waiting

    def waiting(before: int) -> str:
        said.append(before)
        waits.set()
        return tell(before)

    monkeypatch.setattr(progress, "waiting", waiting)
    queue = pool.pool()
    other, behind = queue.enter("somebody"), queue.enter("somebody")
    assert other.begins()
    with ThreadPoolExecutor(1) as thread:
        opened = thread.submit(AppTest.from_function(page, default_timeout=60).run)
        assert waits.wait(30) and not opened.done()
        queue.leave(other)
        assert behind.begins(), "they came first"
        queue.leave(behind)
        app = opened.result()
    assert not app.exception and app.markdown[0].value == "done" and app.session_state["worked"]
    assert said[0] == 1
    other = queue.enter("somebody")
    assert other.begins()
    again = AppTest.from_function(page, default_timeout=60).run()
    queue.leave(other)
    assert again.markdown[0].value == "done" and "worked" not in again.session_state, "what is there waits for nobody"


def spins() -> None:
    import streamlit as st

    from pages.shared import layout, progress
    from pages.shared.cached.store import kept

    @kept
    def quick_map(number: int) -> str:
        st.session_state["made"] = st.session_state.get("made", 0) + 1
        return f"map {number}"

    with layout.mistakes():
        for number in (1, 1, 2):
            st.markdown(progress.spin("Drawing", lambda number=number: quick_map(number)))


def test_what_spins_takes_turns_too_and_what_is_kept_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.POOL.name, "1")
    forget(lambda name: name == "quick_map")
    app = AppTest.from_function(spins, default_timeout=60).run()
    assert [text.value for text in app.markdown] == ["map 1", "map 1", "map 2"] and app.session_state["made"] == 2
    other = pool.pool().enter("somebody")
    assert other.begins()
    again = app.run()
    pool.pool().leave(other)
    assert [text.value for text in again.markdown] == ["map 1", "map 1", "map 2"] and app.session_state["made"] == 2


def test_work_that_fails_or_is_cancelled_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.POOL.name, "1")
    with pytest.raises(KeyboardInterrupt), pool.turn() as turn:
        assert turn.begins()
        raise KeyboardInterrupt
    with pool.turn() as turn:
        assert turn.begins()


def test_minutes_are_counted_for_each_person_within_an_hour() -> None:
    now = [0.0]
    queue = Pool(lambda: 2, clock=lambda: now[0])

    def work(person: str, seconds: float) -> None:
        turn = queue.enter(person)
        assert turn.begins()
        now[0] += seconds
        queue.leave(turn)

    work("a", 100)
    work("a", 60)
    waited = queue.enter("a")  # who only waits has had nothing
    now[0] += 1000
    queue.leave(waited)
    assert queue.wait("a", 161) == 0 and queue.wait("b", 1) == 0
    assert queue.wait("a", 160) == 100 + pool.HOUR - now[0]
    assert queue.wait("a", 60) == 160 + pool.HOUR - now[0]
    now[0] = 100 + pool.HOUR
    assert queue.wait("a", 61) == 0 and queue.wait("a", 60) == 60
    work("b", 60)
    assert queue.wait("a", 60) == 0


def test_who_has_had_their_minutes_still_sees_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitor, "request", lambda: visitor.Request("", "10.0.0.7"))
    monkeypatch.setenv(settings.POOL_MINUTES.name, "1")
    forget(lambda name: name == "quick_map")
    ours = Pool(settings.POOL.value)
    monkeypatch.setattr(pool, "pool", lambda: ours)
    app = AppTest.from_function(spins, default_timeout=60).run()
    assert app.session_state["made"] == 2
    monkeypatch.setattr(ours, "wait", lambda person, most: 90.0 if most == 60 else 0.0)
    again = app.run()
    assert not again.exception and app.session_state["made"] == 2, "what is there is shown"
    forget(lambda name: name == "quick_map")
    refused = app.run()
    assert "had the 1 min of" in refused.error[0].value and app.session_state["made"] == 2
    monkeypatch.setattr(visitor, "request", lambda: visitor.Request("", ""))
    assert not app.run().error and app.session_state["made"] == 4, "who sits at the machine has no limits"
