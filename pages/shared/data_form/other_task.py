"""Other tasks that suit a file better than the chosen one, a button each.

This module does not know what the file holds.
"""

from collections.abc import Iterable

import streamlit as st

from core.data.dataset import Kind
from core.tasks.base import Task
from core.tasks.table import TASKS
from pages.shared import inputs, recipe
from pages.shared.i18n import _


def offered() -> list[Task]:
    """The tasks that learn from rows with answers."""
    return [row for row in TASKS.values() if row.supervised]


def reading(kind: Kind) -> list[Task]:
    """The tasks among them whose rows have answers of this kind."""
    return [row for row in offered() if kind in row.layout.kinds]


def set_task(task: str | None) -> None:
    """Another task: the columns that were chosen for the old one mean nothing any more."""
    if task:
        inputs.put("task", task)
        recipe.values().forget_columns()


def use_other(tasks: Iterable[Task]) -> None:
    """A button for each task that suits the file better."""
    for row in tasks:
        st.button(
            _("Use the task “{task}”").format(task=_(row.title)),
            key=f"use_{row.id}",
            on_click=set_task,
            args=(row.id,),
            icon=":material/swap_horiz:",
        )
