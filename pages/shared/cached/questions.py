"""What a model says of every token of a passage."""

from typing import cast

from core.tasks.answers import QuestionAnswering
from core.tasks.spans import Curves
from pages.shared.cached.models import predictor, written_at
from pages.shared.cached.store import kept


@kept
def _curves(name: str, written: float, question: str, passage: str) -> Curves:
    ready = predictor(name)
    return cast("QuestionAnswering", ready.goal).curves(ready.model, question, passage)


def curves(name: str, question: str, passage: str) -> Curves:
    """Where a model sees the start and the end of the answer to a question."""
    return _curves(name, written_at(name), question, passage)
