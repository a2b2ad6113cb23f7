"""TASKS: what a model can be trained for, one row each.

A new task is its module in this package and its line here. This module does not know anything else of a task.
"""

from transformers import PretrainedConfig

from core import models
from core.errors import UserError
from core.tasks import answers, classify, masked, multilabel, next_sentence, retrieval, scoring, tags, writing
from core.tasks.base import Task

TASKS: dict[str, Task] = {
    row.id: row
    for row in (
        classify.TEXT,
        classify.PAIR,
        scoring.TEXT,
        scoring.PAIR,
        multilabel.MULTI_LABEL,
        tags.NAMED_ENTITIES,
        answers.QUESTION_ANSWERING,
        writing.TEXT_TO_TEXT,
        retrieval.PASSAGE_RETRIEVAL,
        masked.MASKED,
        next_sentence.NEXT_SENTENCE,
    )
}


def task_of(name: str) -> Task:
    """The task of this id. Raises UserError when there is none."""
    if name not in TASKS:
        raise UserError("there is no task '{task}'; the tasks are {tasks}", task=name[:50], tasks=", ".join(TASKS))
    return TASKS[name]


def task_for(config: PretrainedConfig) -> Task | None:
    """The first task whose head a checkpoint was saved with, None for a bare encoder."""
    head = models.head_of(config)
    return next((task for task in TASKS.values() if task.head == head), None)
