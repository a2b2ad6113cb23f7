"""The command evaluate: measure a model on texts, with the columns and the length of its training.

This module does not know how an answer comes about or how a measure is computed.
"""

import argparse
import time
from collections import Counter
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
    add_labels,
    add_reading,
    add_separator,
    answer,
    as_read,
    measures,
    named_columns,
    preparation_of,
    reading_of,
    say,
    show,
    tell,
    tell_model,
    with_progress,
)
from core.commands.train import data_file, without_labels
from core.errors import UserError

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

Of a dataset or a folder the test split is used, of a file all rows: give one that the model was not trained on. Labels are matched
by name, whatever their order or case; where one side only numbers its classes, by number. Labels that were renamed, merged or
left out in training are so here too; --label OLD=NEW says more of them. Tasks without labels measure the
tenth of the documents that a training would hold back for its test, whatever the source. 'tasks' lists the values of TASK.

JSON: model, data, task, split, n, each metric of the task by its id (accuracy, macro_f1, loss …), its 95% interval where
there is one (accuracy_interval …), what else the task counts (majority, uniform_loss …), max_length, seconds,
seen_in_training (rows of a file that the model was trained on; null where that is not known), unknown_labels (rows of each
label that the model does not know, which are not measured); how the data was read: rows, dropped (reason, count, examples),
columns, unused_columns, encoding, delimiter, header,
renamed_labels, notes."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    one = add_command(subparsers, "evaluate", evaluate_command, "Measure a trained model on texts.", EPILOG)
    one.add_argument("--model", required=True, metavar="DIR_OR_NAME", help=TRAINED_HELP)
    one.add_argument("--data", required=True, metavar="D", help=DATA_HELP)
    one.add_argument("--task", default="", metavar="T", help=TASK_HELP)
    add_columns(one, "text", "pair", "label")
    add_reading(one)
    add_labels(one)
    add_separator(one)


def evaluate_command(options: argparse.Namespace) -> int:
    """Measure a model on a dataset's test split, or on all rows of a file where its task can do that."""
    from core import predict
    from core.data import fit, labelled
    from core.data.load import load

    columns = named_columns(options)
    predictor, trained = load_predictor(options.model, options.task, columns)
    if trained is not None:  # as long as in training, so that the run's own test is repeated exactly
        predictor = predictor.reading(trained.max_length)
    layout = predictor.task.layout
    file = data_file(options.data)
    whole = file is not None and file.is_file() and layout.whole is not None
    dataset = load(
        str(file or options.data),
        layout,
        without_labels(predictor.task, columns),
        preferred=dict(trained.columns) if trained else {},
        reading=reading_of(options),
        preparation=preparation_of(options, trained.preparation if trained and layout.labels else None),
        allow_path=True,
        whole=whole,
    )
    unfit = fit.advice(
        layout.readings(dataset.texts(dataset.splits["test"])),
        predictor.tokenizer,
        predictor.max_length,
        cut=not predictor.task.windowed,
    )
    unknown = _unknown_labels(predictor, dataset)
    known = labelled.only(dataset, set(dataset.label_names) - unknown.keys()) if unknown else dataset
    names = _label_notes(predictor, known.label_names)
    tell(dataset.report, unfit)
    for line in (*_unknown_notes(unknown, len(dataset.splits["test"])), *names):
        say(line)
    seen = _seen(options, known) if whole else None
    if whole:
        say(f"{len(known.splits['test'])} rows of the file are the test: all that can be measured")
    started = time.monotonic()
    evaluation = with_progress("evaluating", partial(predict.evaluate, predictor, known))
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
            "seen_in_training": seen,
            "unknown_labels": unknown,
            **as_read(dataset.report, unfit),
        }
    )
    return 0


def _unknown_labels(predictor: "Predictor", dataset: "TextDataset") -> dict[str, int]:
    """Labels of the data that the model does not know, and how many rows have each.

    Raises UserError when the model knows none of the labels.
    """
    from core.tasks.labels import unknown_labels

    if "label" not in predictor.task.gives:
        return {}
    split = dataset.splits["test"]
    names = unknown_labels(predictor.labels, dataset.label_names)
    counts = Counter(dataset.label_names[number] for number in split["label"])
    return {name: counts[name] for name in names if counts[name]}


def _unknown_notes(unknown: Mapping[str, int], rows: int) -> list[str]:
    """What becomes of the rows whose label the model does not know."""
    if not unknown:
        return []
    named, left = ", ".join(f"{name} ({count})" for name, count in unknown.items()), sum(unknown.values())
    return [
        f"warning: {left} of {rows} rows have a label that the model does not know: {named}. It can only be wrong there; the "
        f"figures are those of the other {rows - left} rows"
    ]


def _seen(options: argparse.Namespace, dataset: "TextDataset") -> int | None:
    """How many of the rows to be measured the model was trained on, which is said; None where its training data is not known."""
    from core import runs
    from core.bundled import READY
    from core.data.clean import key
    from core.data.load import load
    from core.finetune.setup import load_data
    from core.tasks.table import TASKS

    folder, ready = _run_folder(options.model), READY.get(options.model)
    try:
        if folder is not None:
            learnt = load_data(runs.read_config(folder), folder)
        elif ready is not None:
            learnt = load(ready.data, TASKS[ready.task].layout)
        else:
            say(
                "what this model was trained on is not known here: on rows that it has seen, a model looks better than it is"
            )
            return None
    except UserError as error:
        say(f"the data that this model was trained on cannot be compared: {error}")
        return None
    known = set(map(key, zip(*learnt.texts(learnt.splits["train"]).values(), strict=True)))
    asked = list(map(key, zip(*dataset.texts(dataset.splits["test"]).values(), strict=True)))
    seen = sum(row in known for row in asked)
    if seen:
        say(
            f"warning: {seen} of {len(asked)} rows were in the training data of this model: there it looks better than it is; only the "
            f"other {len(asked) - seen} say how it does on new texts"
        )
    return seen


def load_predictor(name: str, task: str, columns: Mapping[str, str]) -> tuple["Predictor", "RunConfig | None"]:
    """A model for the task that is asked for, and how it was trained where it is one of our runs.

    Without a task: that of the run, or what the model has a head for. Where that task lacks the roles of `columns`, the first
    task of the same head that has them.
    """
    from core import predict, runs, threads

    threads.settle()
    folder = _run_folder(name)
    trained = runs.read_config(folder) if folder is not None else None
    tell_model(name)
    predictor = predict.load(name, task or (trained.task if trained else ""), allow_path=True)
    fitting = predictor.task if task else _task_with(columns, predictor.task)
    if fitting is not predictor.task:
        predictor = predict.around(name, fitting, predictor.model, predictor.tokenizer, predictor.max_length)
    return predictor, trained


def _run_folder(name: str) -> Path | None:
    """The folder of one of our runs where a model's name stands for it."""
    from core import models, runs, settings

    named = models.RUN_NAME.fullmatch(name)
    folder = settings.runs_folder() / named[1] if named else Path(name).expanduser()
    folder = folder.parent if folder.name == "model" else folder
    return folder if (folder / runs.CONFIG).is_file() and (folder / runs.STATE).is_file() else None


def _task_with(columns: Mapping[str, str], usual: "Task") -> "Task":
    """A task of the same head whose rows have all these roles: the usual one if it can be."""
    from core.tasks.table import TASKS

    for task in (usual, *TASKS.values()):
        roles = {role.id for role in (*task.layout.roles, *task.layout.inputs)}
        if task.head == usual.head and without_labels(task, columns).keys() <= roles:
            return task
    return usual


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
