"""A sentence takes one thread of the processor, much takes as many as pay, whatever is read in other threads meanwhile."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import torch

from core import threads


@pytest.fixture(autouse=True)
def four(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The setting asks for four, whatever this machine has."""
    before = torch.get_num_threads()
    monkeypatch.setenv("STUDIO_THREADS", "4")
    threads.most.cache_clear()
    torch.set_num_threads(4)
    yield
    threads.most.cache_clear()
    torch.set_num_threads(before)


@pytest.mark.parametrize(("tokens", "taken"), [(1, 1), (threads.SHORT, 1), (threads.SHORT + 1, 4), (5000, 4)])
def test_a_short_input_takes_one_thread_and_gives_the_others_back(tokens: int, taken: int) -> None:
    with threads.fitting(tokens):
        assert torch.get_num_threads() == taken
    assert torch.get_num_threads() == 4


def test_they_are_given_back_when_the_reading_fails() -> None:
    with pytest.raises(ValueError, match="no such token"), threads.fitting(3):
        raise ValueError("no such token")
    assert torch.get_num_threads() == 4


def test_another_reading_at_the_same_time_loses_nothing() -> None:
    with ThreadPoolExecutor(1) as other:
        with threads.fitting(3):
            assert other.submit(_taken_by, 5000).result() == 4
            assert torch.get_num_threads() == 1, "this one is not done yet"
        assert other.submit(_taken_by, 5000).result() == 4
    assert torch.get_num_threads() == 4


def test_sentences_take_turns_and_what_is_long_waits_for_none() -> None:
    """Each asks for the interpreter after every operation: thirty at once take seconds, one after the other a tenth of one."""
    order: list[str] = []

    def second() -> None:
        with threads.fitting(threads.SHORT):
            order.append("second")

    with ThreadPoolExecutor(2) as others:
        with threads.fitting(3):
            waiting = others.submit(second)
            others.submit(_taken_by, threads.SHORT + 1).result()
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.05)
            with threads.fitting(3):  # a part of the same reading
                order.append("first")
        waiting.result(timeout=20)
    assert order == ["first", "second"]


def test_a_sentence_that_fails_keeps_nobody_waiting() -> None:
    with pytest.raises(ValueError, match="no such token"), threads.fitting(3):
        raise ValueError("no such token")
    with ThreadPoolExecutor(1) as other:
        assert other.submit(_taken_by, 3).result(timeout=20) == 1


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({4: 1.0, 2: 1.5, 1: 3.0}, 4),  # nobody else computes
        ({4: 3.0, 2: 1.5, 1: 3.0}, 2),
        ({4: 30.0, 2: 20.0, 1: 3.0}, 1),  # each operation waits for a thread that another program keeps waiting
    ],
)
def test_as_many_as_are_quickest_now(seconds: dict[int, float], expected: int) -> None:
    assert threads.Paying(seconds.__getitem__).number(4) == expected


def test_it_is_measured_now_and_then_and_changed_only_where_that_clearly_pays() -> None:
    asked: list[int] = []
    now = 0.0
    seconds = {4: 1.0, 2: 1.5, 1: 3.0}

    def measure(number: int) -> float:
        asked.append(number)
        return seconds[number]

    paying = threads.Paying(measure, lambda: now)
    assert [paying.number(4), paying.number(4), asked] == [4, 4, [4, 2, 1]]
    seconds[1] = 0.95
    now = threads.CHECK_SECONDS
    assert paying.number(4) == 4, "a difference that chance makes"
    seconds[1] = 0.5
    assert paying.number(4) == 4, "not yet"
    now *= 2
    assert paying.number(4) == 1
    assert paying.number(1) == 1


def test_who_asks_while_another_measures_does_not_wait() -> None:
    began, go_on = Event(), Event()

    def measure(number: int) -> float:
        began.set()
        assert go_on.wait(20)
        return float(number)

    paying = threads.Paying(measure)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(paying.number, 2)
        assert began.wait(20)
        assert paying.number(2) == 2
        go_on.set()
        assert first.result() == paying.number(2) == 1


def test_without_a_setting_it_is_the_measurement_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_THREADS", "0")
    monkeypatch.setattr(threads, "_paying", threads.Paying(float))  # the fewer the quicker
    with threads.fitting(5000):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 4
    threads.take()
    assert torch.get_num_threads() == 1


def _taken_by(tokens: int) -> int:
    with threads.fitting(tokens):
        return torch.get_num_threads()
