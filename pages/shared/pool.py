"""Long work takes turns: so many pieces at once on this server (STUDIO_POOL), the others wait, and no one person keeps the rest waiting.

Whose turn it is goes round between people, however much each of them has asked for. This module does not know what the work is.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Condition

from core import settings
from pages.shared import visitor

PATIENCE = 0.25  # seconds between two looks at whether it is one's turn: how soon somebody who waits can press Cancel


class Pool:
    """Who works and who waits."""

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._working = 0
        self._waiting: OrderedDict[str, deque[Turn]] = OrderedDict()  # person → what they wait for; the first is next
        self._changed = Condition()

    def enter(self, person: str) -> "Turn":
        """Stand in the queue; `Turn.leave` is for the caller."""
        with self._changed:
            turn = Turn(self, person)
            self._waiting.setdefault(person, deque()).append(turn)
            return turn

    def begins(self, turn: "Turn", patience: float = 0.0) -> bool:
        """Whether it is this turn's now, after so many seconds at most."""
        with self._changed:
            if not turn.working and self._changed.wait_for(lambda: self._is_next(turn), patience):
                mine = self._waiting.pop(turn.person)
                mine.popleft()
                if mine:
                    self._waiting[turn.person] = mine  # behind everybody else
                turn.working = True
                self._working += 1
                self._changed.notify_all()
            return turn.working

    def before(self, turn: "Turn") -> int:
        """How many pieces of work wait that come before this one."""
        with self._changed:
            people = list(self._waiting)
            place, own = people.index(turn.person), self._waiting[turn.person].index(turn)
            rounds = [own + 1] * place + [own] * (len(people) - place)  # how often each of them comes first
            return sum(min(len(self._waiting[person]), count) for person, count in zip(people, rounds, strict=True))

    def leave(self, turn: "Turn") -> None:
        """Make room for the next: the work is done, or nobody wants it any more."""
        with self._changed:
            if turn.working:
                self._working -= 1
            else:
                self._waiting[turn.person].remove(turn)
                if not self._waiting[turn.person]:
                    del self._waiting[turn.person]
            self._changed.notify_all()

    def _is_next(self, turn: "Turn") -> bool:
        return self._working < max(1, self._most()) and self._waiting[next(iter(self._waiting))][0] is turn


class Turn:
    """One piece of work that waits or is under way."""

    def __init__(self, pool: Pool, person: str) -> None:
        self.pool, self.person, self.working = pool, person, False

    def begins(self) -> bool:
        """Whether it may begin at once."""
        return self.pool.begins(self)

    def wait(self, draw: Callable[[int], object]) -> None:
        """Wait until it may begin. draw: says how many come before; there Streamlit interrupts who presses something."""
        while not self.begins():
            draw(self.pool.before(self))
            self.pool.begins(self, PATIENCE)


@lru_cache(maxsize=1)
def pool() -> Pool:
    """The one pool of this server. The setting is read whenever a turn may begin."""
    return Pool(settings.POOL.value)


@contextmanager
def turn() -> Iterator[Turn]:
    """This visitor's turn, which ends with the block whatever happens."""
    mine = pool().enter(visitor.me())
    try:
        yield mine
    finally:
        pool().leave(mine)
