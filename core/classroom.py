"""What a teacher does for the whole class: see who is on which page, ask everybody to look at one, and clear away what a lesson has left.

It does not know who the teacher is: who calls it has asked.
"""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qsl, urlsplit

from pydantic import TypeAdapter, ValidationError

from core import disk, runs, settings
from core.errors import UserError
from core.runs import Run

PAGE = re.compile(r"[a-z]{1,40}", re.ASCII)
DAY = 24 * 3600  # seconds
MOST_TITLE, MOST_QUERY = 200, 8000  # characters
HERE_SECONDS = 600.0  # so long after their last page, or the last change of it, somebody counts as here


@dataclass(frozen=True)
class Look:
    """A page to look at together. at: when it was shown, in seconds since the epoch; page: its file's name without its end; query: its address' parameters."""

    at: float
    page: str
    query: dict[str, str] = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True)
class Place:
    """Where somebody was last. seconds: how long ago; page: its file's name without its end."""

    visitor: str
    page: str
    seconds: float


@dataclass
class Presence:
    """On which page each visitor of this server was last, in memory alone. Several threads may ask at once."""

    clock: Callable[[], float] = time.monotonic
    _last: dict[str, tuple[str, float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def note(self, visitor: str, page: str) -> None:
        """This visitor has opened, or changed something on, a page now."""
        with self._lock:
            self._forget()
            self._last[visitor] = page, self.clock()

    def here(self) -> list[Place]:
        """Everybody who was on a page within HERE_SECONDS, who was there last first; the others are forgotten."""
        with self._lock:
            now = self._forget()
            found = [Place(who, page, now - at) for who, (page, at) in self._last.items()]
        return sorted(found, key=lambda place: place.seconds)

    def _forget(self) -> float:
        """Drop who has been quiet for long; returns the time."""
        now = self.clock()
        self._last = {who: (page, at) for who, (page, at) in self._last.items() if now - at <= HERE_SECONDS}
        return now


def look() -> Look | None:
    """What the teacher shows; None for nothing, or nothing that can be read."""
    try:
        shown = TypeAdapter(Look).validate_json(_file().read_bytes())
    except (OSError, ValidationError):
        return None
    return shown if PAGE.fullmatch(shown.page) and 0 < shown.at <= time.time() + 60 else None


def show(address: str, pages: Iterable[str], title: str = "") -> Look:
    """Ask everybody to look at the page of this address, as "Copy link" gives it.

    Raises UserError when it is none of these pages', or it cannot be kept.
    """
    parts = urlsplit(address.strip())
    page = parts.path.rstrip("/").rpartition("/")[2] or "home"
    if page not in set(pages) or len(parts.query) > MOST_QUERY:
        raise UserError("this is no address of a page of this studio; take it from “Copy link”")
    shown = Look(time.time(), page, dict(parse_qsl(parts.query)), " ".join(title.split())[:MOST_TITLE])
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        disk.write(file, TypeAdapter(Look).dump_json(shown))
    except OSError as error:
        raise disk.unwritable(error, file.parent) from error
    return shown


def show_nothing() -> None:
    """Nobody is asked to look at anything any more."""
    _file().unlink(missing_ok=True)


def visitors_runs() -> list[Run]:
    """The runs that visitors started: what a reset of the class deletes."""
    return [run for run in runs.all_runs() if run.owner]


def reset() -> int:
    """Stop and delete what visitors started, and show nothing; returns how many runs are gone.

    Raises UserError when one cannot be deleted; those before it are gone then.
    """
    show_nothing()
    doomed = visitors_runs()
    for run in doomed:
        runs.cancel(run)
    for run in doomed:
        runs.kill(run)
        runs.delete(run)
    return len(doomed)


def clear_cancelled(now: float) -> int:
    """Delete the visitors' runs that were cancelled long ago (STUDIO_CANCELLED_DAYS); returns how many are gone.

    Raises UserError when one cannot be deleted; the others are gone then.
    """
    days = settings.CANCELLED_DAYS.value()
    if not days:
        return 0
    gone, stuck = 0, []
    for run in visitors_runs():
        if run.state.status == "cancelled" and (run.state.finished or now) < now - days * DAY:
            try:
                runs.delete(run)
                gone += 1
            except UserError as error:
                stuck.append(error)
    if stuck:
        raise stuck[0]
    return gone


def _file() -> Path:
    return settings.HOME.value() / "look.json"
