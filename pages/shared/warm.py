"""What the first visitor would wait for, some seconds of it, is imported and loaded as soon as the server answers.

What only a page in another language needs is loaded when the first such page was opened: a studio that is English alone does without. This module does not know what a page shows; it asks for what most pages begin with.
"""

from collections.abc import Callable, Sequence
from threading import Event

from core import models
from core.bundled import READY
from core.data import helpdesk
from core.errors import UserError
from pages.shared.cached import answers, attention, encoder, pretraining, search
from pages.shared.cached import tokens as cached_tokens
from pages.shared.opening import OPENINGS

LENGTH = 24  # tokens of the sentence that are read: enough for every library to have loaded its parts


def load(over: Event) -> None:
    """The model that every page opens with, its heads, the first ready classifier and the texts that Search opens with, each asked once.

    over: the server ends, and nothing more is begun.
    """
    text = OPENINGS["en"]["text"]
    name = models.default([text])
    _each(
        over,
        (
            lambda: cached_tokens.tokens(name, text),
            lambda: encoder.vectors(name, text, max_length=LENGTH),
            lambda: attention.habit(name, text, max_length=LENGTH),
            lambda: pretraining.filled(name, text, (1,), whole_words=False, max_length=LENGTH),
            lambda: answers.prediction(next(name for name, row in READY.items() if not row.pairs), {"text": text}),
            lambda: search.opened(name, helpdesk.read("en").passages),
        ),
    )


def load_further(language: str, over: Event) -> None:
    """The model with which pages in a language open, where it is another one; Search reads the first question that is not prepared with it."""
    text = OPENINGS[language]["text"]
    name = models.default([text])
    if name == models.default([OPENINGS["en"]["text"]]):
        return
    _each(
        over,
        (
            lambda: cached_tokens.tokens(name, text),
            lambda: encoder.vectors(name, text, max_length=LENGTH),
            lambda: search.vector(name, text),
        ),
    )


def _each(over: Event, steps: Sequence[Callable[[], object]]) -> None:
    try:
        for step in steps:
            if over.is_set():
                return
            step()
    except (UserError, OSError):  # a setting, a package that is missing, a full disk: the page that needs it says so
        return
