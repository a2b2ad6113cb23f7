"""The libraries are imported by one thread at a time.

They import each other from several ends. Two threads that begin at different ends wait for each other; Python breaks the tie by giving
one of them half a module, which is an ImportError. This module does not know what the libraries are for.
"""

from importlib import import_module
from threading import Event, Lock

EVERY_PAGE_NEEDS = ("pages.shared.path", "pages.shared.layout", "pages.shared.memory", "pages.shared.warm")
LATE = ("transformers.models.bert.modeling_bert",)  # what the libraries themselves import at the first use

_one = Lock()
_loaded = Event()


def are_loaded() -> bool:
    """Whether some thread has imported them all."""
    return _loaded.is_set()


def are_loading() -> bool:
    """Whether some thread is at it."""
    return _one.locked() and not are_loaded()


def load() -> None:
    """Return when they are there, whichever thread imports them."""
    if are_loaded():
        return
    with _one:
        for name in (*EVERY_PAGE_NEEDS, *LATE):
            import_module(name)
        _loaded.set()
