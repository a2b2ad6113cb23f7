"""How many of the processor's threads a reading takes: all of them for much, one for a sentence.

Torch divides every operation between its threads, and each waits for the slowest. Where others compute as well (a class, a training)
the slowest is one that has to wait for its turn: a sentence through MiniLM took 0.42 s on two threads and 0.06 s on one, beside eight
busy programs. Alone, two threads save some milliseconds of it. This module does not know what is read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import torch

from core import settings

SHORT = 64  # tokens, of all texts together


@lru_cache(maxsize=1)
def _all() -> int:
    """As the setting says, else what torch takes by itself."""
    return settings.THREADS.value() or torch.get_num_threads()


@contextmanager
def fitting(tokens: int) -> Iterator[None]:
    """As many threads as this many tokens are worth, until the block ends; in this thread, whatever others do meanwhile."""
    everything = _all()
    if tokens > SHORT or everything == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(everything)
