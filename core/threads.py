"""How many of the processor's threads a reading or a training takes: as many as pay now, and one for a sentence.

Torch divides every operation between its threads, and each waits for the slowest. Where others compute as well (a class, a training,
another program) the slowest is one that has to wait for its turn: on two cores, beside one busy program, a training made 0.2 steps a
second on two threads and 3.8 on one; alone 6.2 and 3.8. A sentence through MiniLM took 0.42 s on two threads and 0.06 s on one, beside
eight busy programs. So it is measured now and then which number is quickest. And sentences take turns: each asks for the interpreter again
after every operation of torch, of which there are hundreds, so that several at once hold up one another and everything else. This module
does not know what is computed.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from threading import Lock, RLock

import torch

from core import settings

SHORT = 64  # tokens, of all texts together
CHECK_SECONDS = 2.0  # so long a measurement counts
CLEARLY = 0.9  # of the time of the present number is what another has to take for a change
PRODUCTS = 6  # of matrices of the size that a small model has: 1% of the time until the next check


@lru_cache(maxsize=1)
def most() -> int:
    """As the setting says, else what torch takes by itself."""
    return settings.THREADS.value() or torch.get_num_threads()


def settle() -> None:
    """Begin with as many as are set; where none are, torch's own number is left alone."""
    if settings.THREADS.value():
        torch.set_num_threads(settings.THREADS.value())


class Paying:
    """The number of threads that is quickest now, measured anew every CHECK_SECONDS by whoever asks then. Several threads may ask at once.

    measure: seconds that a piece of work takes on so many threads.
    """

    def __init__(self, measure: Callable[[int], float], clock: Callable[[], float] = time.monotonic) -> None:
        self._measure, self._clock = measure, clock
        self._lock = Lock()
        self._now, self._until = 0, 0.0

    def number(self, most: int) -> int:
        """One of all, half of them, and one."""
        if most == 1 or (self._clock() < self._until and self._now):
            return min(self._now or 1, most)
        if not self._lock.acquire(blocking=False):
            return min(self._now or most, most)
        try:
            choices = dict.fromkeys((most, max(1, most // 2), 1))
            seconds = {number: self._measure(number) for number in choices}
            quickest = min(choices, key=seconds.__getitem__)
            if self._now not in seconds or seconds[quickest] < CLEARLY * seconds[self._now]:
                self._now = quickest
            self._until = self._clock() + CHECK_SECONDS
        finally:
            self._lock.release()
        return self._now


def _seconds_of_products(number: int) -> float:
    """What some products of the smallest pieces that torch divides take on so many threads."""
    one, other = torch.ones(128, 384), torch.ones(384, 384)
    torch.set_num_threads(number)
    began = time.perf_counter()
    for _ in range(PRODUCTS):
        one @ other
    return time.perf_counter() - began


_turn = RLock()
_paying = Paying(_seconds_of_products)


def take(tokens: int = SHORT + 1) -> None:
    """Go on with as many threads as this many tokens are worth now, in this thread. A number that is set (STUDIO_THREADS) is kept for much."""
    everything = most()
    fixed = bool(settings.THREADS.value())
    number = 1 if tokens <= SHORT else everything if fixed else _paying.number(everything)
    if torch.get_num_threads() != number:
        torch.set_num_threads(number)


@contextmanager
def fitting(tokens: int) -> Iterator[None]:
    """As many threads as this many tokens are worth now, until the block ends; in this thread, whatever others do meanwhile.

    A block of SHORT tokens or fewer begins when no other thread is in one. So nothing is waited for inside it: it holds a model's computation alone.
    """
    with _turn if tokens <= SHORT else nullcontext():
        take(tokens)
        try:
            yield
        finally:
            if torch.get_num_threads() != most():  # what begins meanwhile would begin with as few
                torch.set_num_threads(most())
