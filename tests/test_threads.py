"""A sentence takes one thread of the processor, much takes all of them, whatever is read in other threads meanwhile."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from core import threads


@pytest.fixture(autouse=True)
def four(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The setting asks for four, whatever this machine has."""
    before = torch.get_num_threads()
    monkeypatch.setenv("STUDIO_THREADS", "4")
    threads._all.cache_clear()
    torch.set_num_threads(4)
    yield
    threads._all.cache_clear()
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
            assert other.submit(_taken_by, 3).result() == 1
            assert torch.get_num_threads() == 1, "this one is not done yet"
        assert other.submit(_taken_by, 5000).result() == 4
    assert torch.get_num_threads() == 4


def _taken_by(tokens: int) -> int:
    with threads.fitting(tokens):
        return torch.get_num_threads()
