"""What happened in a run so far: its events, and the numbers that they carry. Nothing is drawn here."""

from collections.abc import Sequence

import streamlit as st

from core import runs
from core.results import Event
from core.runs import Run


def events(run: Run) -> tuple[Event, ...]:
    """What happened in a run; only what came since the last look is read from its folder. Repeated steps appear once."""
    key = f"events_{run.id}"
    known: tuple[Event, ...] = st.session_state.get(key, ())
    st.session_state[key] = known = (*known, *runs.events(run, after=len(known)))
    return runs.history(known)


def last(found: Sequence[Event], kind: str) -> Event | None:
    """The newest event of one kind."""
    return next((event for event in reversed(found) if event.kind == kind), None)


def number(event: Event | None, name: str) -> float | None:
    """A number that an event carries, None when it does not."""
    value = event.values.get(name) if event else None
    return float(value) if isinstance(value, int | float) else None


def shown(value: float | None, form: str) -> str:
    """A number, or a dash while there is none."""
    return "–" if value is None else form.format(value)


def uniform_loss(found: Sequence[Event]) -> float | None:
    """The loss of a model that takes every answer for equally likely, where the task knows it."""
    return next((value for event in found if (value := number(event, "uniform_loss")) is not None), None)
