"""What is kept for everybody: one budget, the least used goes first, and what two ask for at once is made once."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier, Event

import numpy as np
import pandas as pd
import pytest
import torch

from core import settings
from pages.shared.cached.once import once
from pages.shared.cached.store import MB, OF_AN_ENTRY, NotKept, Store, forget, kept, only_kept, size_of, store


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    forget(lambda name: True)
    yield
    forget(lambda name: True)


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    kept_here = Store(lambda: 3 * MB)
    arrays = {name: np.zeros(MB, dtype=np.uint8) for name in "abc"}
    for name in "ab":
        kept_here.get(name, lambda name=name: arrays[name])
    assert kept_here.get("a", lambda: pytest.fail("it is there")) is arrays["a"]
    kept_here.get("c", lambda: arrays["c"])
    assert kept_here.known("b") is None and kept_here.known("a") is arrays["a"]
    assert 2 * MB < kept_here.size <= 3 * MB
    large = kept_here.get("large", lambda: np.zeros(9 * MB, dtype=np.uint8))
    assert kept_here.known("large") is large and kept_here.known("a") is None, "the newest stays in any case"
    kept_here.forget(lambda key: True)
    assert kept_here.size == 0


def test_what_nobody_asks_for_any_more_goes_the_sooner_the_quicker_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("pages.shared.cached.store.monotonic", lambda: now)

    def takes(seconds: float) -> str:
        nonlocal now
        now += seconds
        return "made"

    kept_here = Store(lambda: MB)
    for name, seconds in (("quick", 0.01), ("asked again", 0.01), ("slow", 1.0), ("long", 60.0)):
        kept_here.get(name, lambda seconds=seconds: takes(seconds))
    kept_here.get("for good", lambda: takes(0.01), lasting=True)
    assert not kept_here.sweep()
    now += 121
    kept_here.get("asked again", lambda: pytest.fail("it is there"))
    assert kept_here.sweep() and not kept_here.sweep()
    there = kept_here.size
    assert kept_here.known("quick") is None and kept_here.known("slow")
    now += 3_600
    assert kept_here.sweep() and kept_here.known("long") and kept_here.known("slow") is None
    assert 0 < kept_here.size < there and kept_here.known("for good")


def test_what_many_ask_for_at_once_is_made_once() -> None:
    made: list[int] = []
    together = Barrier(8)

    @kept
    def slow(number: int, _report: object) -> np.ndarray:
        made.append(number)
        Event().wait(0.05)
        return np.arange(number)

    def ask(place: int) -> np.ndarray:
        together.wait()
        return slow(7, object())

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(ask, range(8)))
    assert made == [7] and all(result is results[0] for result in results)
    assert slow(8, None) is not results[0] and made == [7, 8]


def test_only_what_is_there_is_wanted() -> None:
    @kept
    def double(number: int) -> int:
        return 2 * number

    assert double(1) == 2
    with pytest.raises(NotKept), only_kept():
        assert double(1) == 2
        double(2)
    assert double(2) == 4


def test_a_failure_is_not_kept_and_who_waited_tries_next() -> None:
    tries: list[int] = []
    together = Barrier(2)

    @kept
    def fails_first() -> str:
        tries.append(1)
        Event().wait(0.05)
        if len(tries) == 1:
            raise ValueError("once")
        return "made"

    def ask(place: int) -> object:
        together.wait()
        try:
            return fails_first()
        except ValueError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        assert sorted(map(str, pool.map(ask, range(2)))) == ["made", "once"]
    assert len(tries) == 2


def test_the_arguments_tell_results_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    @kept
    def count(inputs: Mapping[str, str], end: int | None = None) -> list[str]:
        return [*inputs.values(), str(end)]

    first = count({"text": "a"})
    assert count({"text": "a"}, None) is first and count(end=None, inputs={"text": "a"}) is first
    assert count({"text": "b"}) != first and count({"text": "a"}, 1) != first
    monkeypatch.setenv(settings.MEMORY_MB.name, "0")
    count({"text": "c"})
    assert count({"text": "a"}) is not first, "the budget is read when something is added"


def test_long_work_is_kept_in_the_same_store() -> None:
    assert once("work", ("a", 1), None) is None
    assert once("work", ("a", 1), lambda: "done") == "done" == once("work", ("a", 1), None)
    assert once("work", ("a", 1), lambda: pytest.fail("it is there")) == "done"
    with pytest.raises(KeyboardInterrupt):
        once("work", ("b", 1), lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    assert once("work", ("b", 1), None) is None and once("work", ("b", 1), lambda: 2) == 2
    assert store().size >= 2 * OF_AN_ENTRY


@dataclass(frozen=True)
class Held:
    array: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slim:
    array: np.ndarray


def test_the_size_of_what_is_kept() -> None:
    array = np.zeros(100_000, dtype=np.float32)
    for value in (
        array, array[:10], torch.zeros(100_000), [array, array], {"a": (array,)}, Held(array, ("x",)), Slim(array),
        torch.nn.Linear(100, 999), pd.DataFrame({"a": np.zeros(50_000)}), ("word " * 20, array),
    ):  # fmt: skip
        assert 390_000 < size_of(value) < 450_000, type(value)
    assert size_of([f"word {i}" for i in range(100_000)]) == pytest.approx(100_000 * 59 + 800_000, rel=0.1)
