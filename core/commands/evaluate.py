"""The command evaluate: measure a model on texts, with the columns and the length of its training.

This module does not know how an answer comes about or how a measure is computed.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands.show import (
    DATA_HELP,
    TASK_HELP,
    TRAINED_HELP,
    Subparsers,
    add_columns,
    add_command,
    answer,
    measures,
    named_columns,
    say,
    show,
    tell,
    tell_model,
    with_progress,
)
from core.commands.train import data_file, without_labels

if TYPE_CHECKING:
    from core.data.dataset import TextDataset
    from core.predict import Predictor
    from core.results import RunConfig
    from core.tasks.base import Task

EPILOG = """\
examples:
  python -m core evaluate --model my-run --data rotten_tomatoes
  python -m core evaluate --model my-run --data test.csv --text-column review --label-column stars
  python -m core evaluate --model minilm --task TASK --data notes.txt

Of a dataset the test split is used, of a file all rows: give one that the model was not trained on. Labels are matched
by name, whatever their order or case; where one side only numbers its classes, by number. Tasks without labels measure the
tenth of the documents that a training would hold back for its test, whatever the source. 'tasks' lists the values of TASK.

JSON: model, data, task, split, n, each metric of the task by its id (accuracy, macro_f1, loss …), its 95 % interval where
there is one (accuracy_interval …), what else the task counts (majority, uniform_loss …), max_length, seconds."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    one = add_command(subparsers, "evaluate", evaluate_command, "Measure a trained model on texts.", EPILOG)
    one.add_argument("--model", required=True, metavar="DIR_OR_NAME", help=TRAINED_HELP)
    one.add_argument("--data", required=True, metavar="D", help=DATA_HELP)
    one.add_argument("--task", default="", metavar="T", help=TASK_HELP)
    add_columns(one, "text", "pair", "label")


def evaluate_command(options: argparse.Namespace) -> int:
    """Measure a model on a dataset's test split, or on all rows of a file where its task can do that."""
    from core import predict
    from core.data.load import load

    columns = named_columns(options)
    predictor, trained = load_predictor(options.model, options.task, columns)
    if trained is not None:  # as long as in training, so that the run's own test is repeated exactly
        predictor = predictor.reading(trained.max_length)
    layout = predictor.task.layout
    file = data_file(options.data)
    whole = file is not None and layout.whole is not None
    dataset = load(
        str(file or options.data),
        layout,
        without_labels(predictor.task, columns),
        preferred=dict(trained.columns) if trained else {},
        allow_path=True,
        whole=whole,
    )
    notes = _label_notes(predictor, dataset.label_names)
    if file is not None and whole:
        say(_file_note(file.name, dataset))
    tell(dataset)
    for note in notes:
        say(note)
    started = time.monotonic()
    evaluation = with_progress("evaluating", partial(predict.evaluate, predictor, dataset))
    seconds = time.monotonic() - started
    show(evaluation, predictor.task)
    answer(
        {
            "model": options.model,
            "data": options.data,
            "task": predictor.task.id,
            "split": "all rows" if whole else "test",
            **measures(evaluation),
            "max_length": predictor.max_length,
            "seconds": seconds,
        }
    )
    return 0


def load_predictor(name: str, task: str, columns: Mapping[str, str]) -> tuple["Predictor", "RunConfig | None"]:
    """A model for the task that is asked for, and how it was trained where it is one of our runs.

    Without a task: that of the run, or what the model has a head for. Where that task lacks the roles of `columns`, the first
    task of the same head that has them.
    """
    from core import predict

    _use_threads()
    trained = _trained_as(name)
    tell_model(name)
    predictor = predict.load(name, task or (trained.task if trained else ""), allow_path=True)
    fitting = predictor.task if task else _task_with(columns, predictor.task)
    if fitting is not predictor.task:
        predictor = predict.around(name, fitting, predictor.model, predictor.tokenizer, predictor.max_length)
    return predictor, trained


def _use_threads() -> None:
    import torch

    from core import settings

    threads = settings.THREADS.value()
    if threads:
        torch.set_num_threads(threads)


def _trained_as(name: str) -> "RunConfig | None":
    """How a model was trained where it is one of our runs."""
    from core import models, runs, settings

    named = models.RUN_NAME.fullmatch(name)
    folder = settings.runs_folder() / named[1] if named else Path(name).expanduser()
    folder = folder.parent if folder.name == "model" else folder
    is_run = (folder / runs.CONFIG).is_file() and (folder / runs.STATE).is_file()
    return runs.read_config(folder) if is_run else None


def _task_with(columns: Mapping[str, str], usual: "Task") -> "Task":
    """A task of the same head whose rows have all these roles: the usual one if it can be."""
    from core.tasks.table import TASKS

    for task in (usual, *TASKS.values()):
        roles = {role.id for role in (*task.layout.roles, *task.layout.inputs)}
        if task.head == usual.head and without_labels(task, columns).keys() <= roles:
            return task
    return usual


def _file_note(file: str, dataset: "TextDataset") -> str:
    """What must be known about a measure on a file."""
    chosen = ", ".join(f"{role}: {column}" for role, column in dataset.columns.items())
    n = len(dataset.splits["test"])
    return f"{n} rows of {file} are the test ({chosen}); on rows it was trained on, a model looks better than it is"


def _label_notes(predictor: "Predictor", names: Sequence[str]) -> list[str]:
    """Which label of the data is taken for which of the model, where the names differ.

    Raises UserError when they cannot be matched.
    """
    from core.tasks.classify import match_labels

    if "label" not in predictor.task.gives:
        return []
    matched = [
        (name, predictor.labels[i]) for name, i in zip(names, match_labels(predictor.labels, names), strict=True)
    ]
    if all(name == label for name, label in matched):
        return []
    return [f"labels of the data = of the model: {', '.join(f'{name} = {label}' for name, label in matched)}"]
