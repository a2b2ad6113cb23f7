"""Results that take long and draw their progress: made once, kept, and shared."""

from collections.abc import Callable
from contextvars import copy_context

from pages.shared.cached.store import store


def once(what: str, key: tuple[str | int | float | None, ...], make: Callable[[], object] | None) -> object:
    """A result that takes long: made once, kept, and shared; None when it is not there and nobody asks to make it.

    When its making is cancelled nothing is kept.
    """
    whole = (__name__, what, *key)
    return store().known(whole) if make is None else store().get(whole, make)


def undisturbed(report: Callable[[int, int], None] | None) -> Callable[[int, int], None] | None:
    """A page's progress report that a cached function may call: what it draws is not recorded for the next visitor."""
    if report is None:
        return None
    context = copy_context()
    return lambda done, total: context.run(report, done, total)
