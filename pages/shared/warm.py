"""What the first visitor would wait for, some seconds of it, is imported and loaded as soon as the server answers.

This module does not know what a page shows; it asks for what most pages begin with.
"""

from collections.abc import Callable
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
    steps: tuple[Callable[[], object], ...] = (
        lambda: cached_tokens.tokens(name, text),
        lambda: encoder.vectors(name, text, max_length=LENGTH),
        lambda: attention.habit(name, text, max_length=LENGTH),
        lambda: pretraining.filled(name, text, (1,), whole_words=False, max_length=LENGTH),
        lambda: answers.prediction(next(name for name, row in READY.items() if not row.pairs), {"text": text}),
        lambda: search.opened(name, helpdesk.read("en").passages),
    )
    try:
        for step in steps:
            if over.is_set():
                return
            step()
    except UserError:  # a setting, or a package that is missing: the page that needs it says so
        return
