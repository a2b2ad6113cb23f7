"""What was computed is kept for everybody, by what it depends on, within one budget of memory: `@kept` before a function.

What two ask for at the same moment is computed once, and the second waits for it. What was not asked for longest goes first where the
budget (STUDIO_MEMORY_MB) does not hold all; results that nobody asks for any more go as well, the sooner the quicker they were made.
Nothing that is kept may be changed: it is the same object for every visitor. This module does not know what is computed.
"""

import inspect
import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache, update_wrapper
from operator import attrgetter
from threading import Event, Lock
from time import monotonic
from typing import Any, Generic, ParamSpec, TypeVar, cast

import numpy as np
import pandas as pd
import torch
from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from core import settings

P = ParamSpec("P")
R = TypeVar("R")

MB = 1024 * 1024
OF_A_TOKEN = 400  # bytes that a tokenizer holds for each entry of its vocabulary
OF_AN_ENTRY = 500  # bytes that an entry of the store takes besides its value
SAMPLED = 200  # parts of a long list that are looked at
PLAIN = (bool, int, float, complex, type(None))


def size_of(value: object, counted: set[int] | None = None) -> int:
    """About how many bytes a result holds: arrays, tensors, tables and texts, and whatever objects hold of these."""
    counted = set() if counted is None else counted
    if isinstance(value, PLAIN) or id(value) in counted:
        return 0
    counted.add(id(value))
    if isinstance(value, torch.nn.Module):
        return sum(size_of(tensor, counted) for tensor in (*value.parameters(), *value.buffers()))
    if isinstance(value, torch.Tensor):
        return value.nbytes
    if isinstance(value, np.ndarray):
        return value.nbytes if value.base is None else size_of(value.base, counted)
    if isinstance(value, pd.DataFrame):
        return int(value.memory_usage(deep=True).sum())
    if isinstance(value, Dataset):
        return int(value.data.nbytes)
    if isinstance(value, PreTrainedTokenizerBase):
        return len(value) * OF_A_TOKEN
    if isinstance(value, Mapping):
        parts: Sequence[object] = [*value.keys(), *value.values()]
    elif isinstance(value, (list, tuple)):
        parts = value
    elif is_dataclass(value) and not isinstance(value, type):
        parts = [attrgetter(field.name)(value) for field in fields(value)]
    else:
        parts = ()
    sample = parts[:: max(1, len(parts) // SAMPLED)]  # of thousands, some stand for all
    held = sum(size_of(part, counted) for part in sample)
    return sys.getsizeof(value) + held * len(parts) // max(1, len(sample))


IDLE = 120.0  # seconds that a result stays while nobody asks for it
WORTH = 200.0  # or so many times as long as it took to make


class NotKept(BaseException):
    """Something would have to be computed where only what is there is wanted."""


_only_kept: ContextVar[bool] = ContextVar("only_kept", default=False)


@contextmanager
def only_kept() -> Iterator[None]:
    """Whatever is asked for inside is there already, or NotKept is raised."""
    token = _only_kept.set(True)
    try:
        yield
    finally:
        _only_kept.reset(token)


@dataclass
class _Entry:
    """A value with its size, the seconds that it took to make, and when it was asked for last."""

    value: object
    size: int
    seconds: float
    asked: float
    lasting: bool


class Store:
    """Values by their keys, of at most so many bytes together; the newest is kept in any case."""

    def __init__(self, budget: Callable[[], int]) -> None:
        self._budget = budget
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()  # the one that was asked for last is the last
        self._in_the_making: dict[Hashable, Event] = {}
        self._lock = Lock()
        self.size = 0

    def known(self, key: Hashable) -> object:
        """The value of a key, None when it is not there."""
        with self._lock:
            return self._asked(key).value if key in self._entries else None

    def _asked(self, key: Hashable) -> _Entry:
        self._entries.move_to_end(key)
        self._entries[key].asked = monotonic()
        return self._entries[key]

    def get(self, key: Hashable, make: Callable[[], object], *, lasting: bool = False) -> object:
        """The value of a key, made when it is not there. A failure to make it is not kept: who waits for it tries next.

        lasting: it stays while the budget has room, whether or not anybody asks for it.
        """
        while True:
            with self._lock:
                if key in self._entries:
                    return self._asked(key).value
                if _only_kept.get():
                    raise NotKept
                made = self._in_the_making.get(key)
                if made is None:
                    made = self._in_the_making[key] = Event()
                    break
            made.wait()
        try:
            begin = monotonic()
            value = make()
            now = monotonic()
            self._put(key, _Entry(value, size_of(value) + size_of(key) + OF_AN_ENTRY, now - begin, now, lasting))
            return value
        finally:
            with self._lock:
                del self._in_the_making[key]
            made.set()

    def _put(self, key: Hashable, entry: _Entry) -> None:
        budget = self._budget()
        with self._lock:
            self._entries[key] = entry
            self.size += entry.size
            while self.size > budget and len(self._entries) > 1:
                _key, oldest = self._entries.popitem(last=False)
                self.size -= oldest.size

    def forget(self, wanted: Callable[[Hashable], bool]) -> None:
        """Forget the values of these keys."""
        with self._lock:
            self._drop([key for key in self._entries if wanted(key)])

    def sweep(self) -> bool:
        """Forget what nobody has asked for in a while; returns whether there was anything."""
        now = monotonic()
        with self._lock:
            idle = [
                key
                for key, entry in self._entries.items()
                if not entry.lasting and now - entry.asked > max(IDLE, WORTH * entry.seconds)
            ]
            self._drop(idle)
        return bool(idle)

    def _drop(self, keys: Sequence[Hashable]) -> None:
        for key in keys:
            self.size -= self._entries.pop(key).size


@lru_cache(maxsize=1)
def store() -> Store:
    """The one store of this server. Its budget is read whenever something is added."""
    return Store(lambda: settings.MEMORY_MB.value() * MB)


def _hashable(value: Any) -> Hashable:
    """An argument as part of a key."""
    return tuple(value.items()) if isinstance(value, Mapping) else value


class Kept(Generic[P, R]):
    """A function whose results are kept. Arguments that begin with an underscore do not tell one result from another."""

    def __init__(self, function: Callable[P, R], lasting: bool) -> None:
        self._function, self._lasting = function, lasting
        self._signature = inspect.signature(function)
        self._telling = tuple(name for name in self._signature.parameters if not name.startswith("_"))
        self.name = function.__name__
        update_wrapper(self, function)

    def key(self, *args: P.args, **kwargs: P.kwargs) -> Hashable:
        """What a result is kept under: the function, and the arguments that tell it from others."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return (self._function.__module__, self.name, *(_hashable(bound.arguments[name]) for name in self._telling))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return cast(
            R, store().get(self.key(*args, **kwargs), lambda: self._function(*args, **kwargs), lasting=self._lasting)
        )


def kept(function: Callable[P, R]) -> Kept[P, R]:
    """Keep what a function returns, for everybody who asks with the same arguments."""
    return Kept(function, lasting=False)


def lasting(function: Callable[P, R]) -> Kept[P, R]:
    """Keep what everybody needs again and again: models, tokenizers, data."""
    return Kept(function, lasting=True)


def forget(names: Callable[[str], bool]) -> None:
    """Forget the results of the functions with these names."""
    store().forget(lambda key: names(cast(tuple[Any, ...], key)[1]))
