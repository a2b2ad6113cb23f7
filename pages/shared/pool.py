"""Long work takes turns: so many pieces at once on this server (STUDIO_POOL), the others wait, and no one person keeps the rest waiting.

Whose turn it is goes round between people, however much each of them has asked for; and nobody but the teacher has more than so many
minutes of work within an hour (STUDIO_POOL_MINUTES), counted as long as the server runs. This module does not know what the work is.
"""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Condition

from core import settings
from core.errors import UserError
from pages.shared import visitor

HOUR = 3600.0  # seconds within which one's minutes are counted
PATIENCE = 0.25  # seconds between two looks at whether it is one's turn: how soon somebody who waits can press Cancel


class Pool:
    """Who works and who waits."""

    def __init__(self, most: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._done: dict[str, deque[tuple[float, float]]] = {}  # person → when their work ended, and its seconds
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
                turn.working, turn.begun = True, self._clock()
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
                self._done.setdefault(turn.person, deque()).append((self._clock(), self._clock() - turn.begun))
                for person in list(self._done):  # who has done nothing for an hour is forgotten
                    if not self._recent(person):
                        del self._done[person]
            else:
                self._waiting[turn.person].remove(turn)
                if not self._waiting[turn.person]:
                    del self._waiting[turn.person]
            self._changed.notify_all()

    def wait(self, person: str, most: float) -> float:
        """The seconds before they have had less than `most` seconds of work within an hour; 0 when they have now."""
        with self._changed:
            done = self._recent(person)
            left, until = sum(seconds for _ended, seconds in done), 0.0
            for ended, seconds in done:
                if left < most:
                    break
                left, until = left - seconds, ended + HOUR - self._clock()
            return until

    def _recent(self, person: str) -> deque[tuple[float, float]]:
        done = self._done.get(person, deque())
        while done and done[0][0] + HOUR <= self._clock():
            done.popleft()
        return done

    def _is_next(self, turn: "Turn") -> bool:
        return self._working < max(1, self._most()) and self._waiting[next(iter(self._waiting))][0] is turn


class Turn:
    """One piece of work that waits or is under way."""

    def __init__(self, pool: Pool, person: str) -> None:
        self.pool, self.person, self.working, self.begun = pool, person, False, 0.0

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


def minutes_left() -> int:
    """How many minutes this visitor waits before they may have work done again; 0 when they may now."""
    most = settings.POOL_MINUTES.value()
    seconds = pool().wait(visitor.me(), 60.0 * most) if most else 0.0
    return math.ceil(seconds / 60) if seconds and not visitor.is_teacher() else 0


def check_minutes() -> None:
    """Raise UserError when this visitor has had all the minutes of work that one may have."""
    wait = minutes_left()
    if wait:
        raise UserError(
            "you have had the {most} min of long work on pages that one visitor may have within an hour; try again in {wait} min",
            most=settings.POOL_MINUTES.value(),
            wait=wait,
        )


@contextmanager
def turn() -> Iterator[Turn]:
    """This visitor's turn, which ends with the block whatever happens."""
    mine = pool().enter(visitor.me())
    try:
        yield mine
    finally:
        pool().leave(mine)
