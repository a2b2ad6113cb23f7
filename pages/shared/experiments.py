"""Prepared experiments: a strip at the top of a topic that asks, says what to look at, goes on, and leads back.

The experiment in view is the shared value "experiment", so the address of one opens with what there is to see in it. What
the visitor had before the first experiment is kept, and put back at the end. With the shared value "vote" a class is asked
first: nothing but the question is drawn until somebody wants the answer. This module does not know what an experiment is about.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core import models
from pages.shared import inputs
from pages.shared.i18n import _, language

OWN = "own_before_experiments"
VOTE = "1"  # the value of "vote" with which the class is asked first


class Vote(Exception):
    """A class is voting: the page ends with the question (see layout.page)."""


@dataclass(frozen=True)
class Experiment:
    """A prepared experiment.

    id: its name in the address. label: of its button. question: what it asks. look: what to look at, and what to change
    then. values: the shared values it sets; "view" among them says which topic it belongs to.
    """

    id: str
    label: str
    question: str
    look: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Own:
    """What a visitor had before the first experiment: the page, and the shared values."""

    page: str
    values: dict[str, str]


def in_chinese(rows: Sequence[Experiment]) -> tuple[Experiment, ...]:
    """Experiments with Chinese texts, for a Chinese page and for who opens the address of one; none without a model that reads them."""
    wanted = language() == "zh" or inputs.get("experiment") in {row.id for row in rows}
    return tuple(rows) if wanted and models.availability(models.MULTILINGUAL) == "here" else ()


def of(rows: Sequence[Experiment], views: Collection[str]) -> tuple[Experiment, ...]:
    """The experiments that belong to a topic, by the views it has."""
    return tuple(row for row in rows if row.values["view"] in views)


def _own(page: str) -> Own:
    """What the visitor had; the defaults where the visit began with the link of an experiment."""
    if OWN in st.session_state:
        own: Own = st.session_state[OWN]
        return own
    names = ("view", *inputs.OF_PICTURES)
    if inputs.get("experiment"):
        return Own(page, {name: inputs.DEFAULTS[name] for name in names if name != "view"})
    return Own(page, {name: inputs.get(name) for name in names})


def keep_own(page: str) -> None:
    """Before something else is shown on a page: what the visitor has there now can be put back."""
    st.session_state[OWN] = _own(page)


def start(page: str, row: Experiment) -> None:
    """Show an experiment; what the visitor had there can be put back."""
    own = _own(page)
    further = {name: inputs.get(name) for name in row.values if name != "view"}
    own = Own(own.page, further | own.values)
    st.session_state[OWN] = own
    for name, value in (own.values | dict(row.values)).items():  # nothing of an experiment before stays
        if name in row.values or name != "view":
            inputs.put(name, value)
    inputs.put("experiment", row.id)


def _back(page: str) -> None:
    own = _own(page)
    for name, value in own.values.items():
        if name != "view" or own.page == page:
            inputs.put(name, value)
    inputs.put("experiment", "")
    st.session_state.pop(OWN, None)


def strip(page: str, rows: Sequence[Experiment]) -> None:
    """The experiments of a topic in one line, or the one in view: what it asks, what to look at, the next one, and back.

    An experiment stays in view while its topic does: many a one asks to change something. Raises Vote where a class is asked first.
    """
    place = next((i for i, row in enumerate(rows) if row.id == inputs.get("experiment")), None)
    if place is not None and inputs.get("vote") == VOTE:
        _ask(page, rows[place])
        raise Vote
    inputs.put("vote", "")
    if place is not None:
        _one(page, rows, place)
        return
    inputs.put("experiment", "")
    with st.container(key="strip", horizontal=True, vertical_alignment="center", gap="small"):
        if rows:
            st.markdown("**" + _("Try this") + "**", width="content")
        for row in rows:
            st.button(row.label, key=f"experiment_{page}_{row.id}", on_click=start, args=(page, row), help=row.question)
        if OWN in st.session_state and _own(page).values["text"] != inputs.get("text"):
            _back_button(page)


def _ask(page: str, row: Experiment) -> None:
    """The question of the experiment in view, and the way to its answer."""
    with st.container(key="strip_open", border=True):
        st.markdown(f"**{row.question}**")
        st.button(
            _("Show what the model says"), key=f"vote_{page}", type="primary", icon=":material/how_to_vote:", on_click=inputs.put, args=("vote", ""),
        )  # fmt: skip


def _one(page: str, rows: Sequence[Experiment], place: int) -> None:
    """The experiment in view."""
    row, following = rows[place], rows[place + 1 : place + 2]
    with st.container(key="strip_open", border=True):
        left, right = st.columns([4, 1], vertical_alignment="center")
        with left:
            st.markdown(f"**{row.question}**  \n{row.look}")
        with right, st.container(key="strip_ways", gap="small"):
            for after in following:
                st.button(
                    _("Next: {title}").format(title=after.label), key=f"experiment_{page}_next", type="primary", on_click=start, args=(page, after),
                    width="stretch", help=after.question,
                )  # fmt: skip
            _back_button(page)


def _back_button(page: str) -> None:
    own = _own(page).values
    title = _("Back to my settings") if own.get("text") == inputs.get("text") else _("Back to my sentence")
    st.button(
        title, key=f"experiment_{page}_back", icon=":material/undo:", on_click=_back, args=(page,), width="stretch"
    )
