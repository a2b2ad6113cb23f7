"""What a model writes for one source in some way, and where it looked while it wrote."""

from typing import cast

from core.tasks.generation import Wish
from core.tasks.writing import Candidate, TextToText
from pages.shared.cached.models import predictor, written_at
from pages.shared.cached.store import kept


@kept
def _candidates(name: str, written: float, source: str, wish: Wish) -> tuple[Candidate, ...]:
    ready = predictor(name)
    gives = ready.model.device.type == "cpu"  # where it was loaded with attention that can be looked at
    return cast("TextToText", ready.goal).candidates(ready.model, source, wish, attention=gives)


def candidates(name: str, source: str, wish: Wish) -> tuple[Candidate, ...]:
    """The texts that a model writes for a source, the likeliest beam first."""
    return _candidates(name, written_at(name), source, wish)
