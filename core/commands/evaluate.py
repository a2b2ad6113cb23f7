"""The command evaluate: measure a model on texts, with the columns and the length of its training.

This module does not know how an answer comes about or how a measure is computed.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands.show import (
    CLASSIFIER_HELP,
    DATA_HELP,
    Subparsers,
    add_command,
    answer,
    masked_measures,
    measures,
    say,
    table,
    tell,
    with_progress,
)
from core.commands.train import data_file
from core.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from core.predict import Predictor
    from core.results import Evaluation, RunConfig

EPILOG = """\
examples:
  python -m core evaluate --model my-run --data rotten_tomatoes
  python -m core evaluate --model my-run --data test.csv --text-column review --label-column stars
  python -m core evaluate --model minilm --task masked-language-modelling --data notes.txt

Of a dataset the test split is used, of a file all rows: give one that the model was not trained on. Labels are matched
by name, whatever their order or case; where one side only numbers its classes, by number. The tasks of pre-training need
no labels: of any source they measure the tenth of the documents that a training would hold back for its test.

JSON: model, data, split, n, accuracy, accuracy_interval, macro_f1, macro_f1_interval (95 %), loss, ece, majority,
max_length, seconds."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    one = add_command(
        subparsers, "evaluate", evaluate_command, "Measure a fine-tuned model on texts with labels.", EPILOG
    )
    one.add_argument("--model", required=True, metavar="DIR_OR_NAME", help=CLASSIFIER_HELP)
    one.add_argument("--data", required=True, metavar="D", help=DATA_HELP)
    one.add_argument("--task", metavar="T", help="what is measured; by default what the model was trained for")
    one.add_argument("--text-column", default="", metavar="C", help="column of the texts; guessed when left out")
    one.add_argument("--pair-column", default="", metavar="C", help="column of the second texts of a pair task")
    one.add_argument("--label-column", default="", metavar="C", help="column of the labels; guessed when left out")


def evaluate_command(options: argparse.Namespace) -> int:
    """Measure a classifier on a dataset's test split, or on all rows of a file; without labels on what is held back."""
    from core import data, predict, tables

    if _is_masked(options):
        return _evaluate_masked(options)
    predictor, trained = load_predictor(options.model)
    if trained is not None:  # as long as in training, so that the run's own test is repeated exactly
        predictor = replace(predictor, max_length=min(trained.max_length, predictor.max_length))
    task = options.task or task_of(options, trained)
    file = data_file(options.data) if has_labels(task) else None  # without labels every source is split as for training
    notes: list[str] = []
    if file is None:
        dataset = data.load(
            options.data,
            task=task,
            text_column=options.text_column,
            pair_column=options.pair_column,
            label_column=options.label_column,
            allow_path=not has_labels(task),
        )
        tell(dataset)
        names, measure = dataset.label_names, partial(predict.evaluate, predictor, dataset)
    else:
        frame = tables.read_table(file).frame
        columns = find_columns(frame, options, task, trained, need_label=True)
        inputs, names, true = _labelled(frame, columns, file.name)
        measure = partial(predict.evaluate_rows, predictor, inputs, names, true)
        notes = _file_notes(file.name, columns, len(true), len(frame))
    notes += _label_notes(predictor.labels, predict.match_labels(predictor.labels, names), names)
    for note in notes:
        say(note)
    started = time.monotonic()
    evaluation = with_progress("evaluating", measure)
    seconds = time.monotonic() - started
    _show(evaluation)
    answer(
        {
            "model": options.model,
            "data": options.data,
            "split": "test" if file is None else "all rows",
            **measures(evaluation),
            "max_length": predictor.max_length,
            "seconds": seconds,
        }
    )
    return 0


def load_predictor(name: str) -> tuple["Predictor", "RunConfig | None"]:
    """A classifier, and how it was trained where it is one of our runs."""
    from core import predict

    _use_threads()
    return predict.load(name, allow_path=True), _trained_as(name)


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
    return runs.open_folder(folder).config if is_run else None


def has_labels(task: str) -> bool:
    from core.tasks import TASKS

    return "label" in TASKS[task].columns


def _is_masked(options: argparse.Namespace) -> bool:
    """Whether a masked language model is to be measured: it is asked for, or the model is nothing else."""
    from core import models
    from core.tasks import TASKS

    if options.task is not None:
        if options.task not in TASKS:
            raise UserError(
                "there is no task '{task}'; the tasks are {tasks}", task=options.task[:50], tasks=", ".join(TASKS)
            )
        return TASKS[options.task].metric == "loss"
    architectures = models.load_config(options.model, allow_path=True).architectures or []
    return any(architecture.endswith("ForMaskedLM") for architecture in architectures)


def _evaluate_masked(options: argparse.Namespace) -> int:
    """Measure a masked language model on the documents that a run would hold back for its test."""
    from core import data, models, objectives
    from core.results import MaskedEvaluation, RunConfig

    _use_threads()
    trained = _trained_as(options.model)
    task = "masked-language-modelling"
    model = models.load_masked_lm(options.model, allow_path=True)
    tokenizer = models.load_tokenizer(options.model, allow_path=True)
    dataset = data.load(options.data, task=task, text_column=options.text_column, allow_path=True)
    tell(dataset)
    config = trained or RunConfig(options.model, options.data, task=task)
    length = min(config.max_length, tokenizer.model_max_length)
    goal = objectives.Masked(config, dataset, tokenizer, length)
    started = time.monotonic()
    measured = with_progress("evaluating", lambda report: goal.measure(model, "test", report, live=False))
    if measured is None or not isinstance(measured.evaluation, MaskedEvaluation):
        raise UserError("'{name}' has no examples in its {split} split", name=options.data, split="test")
    found = measured.evaluation
    for probe in found.probes:
        print(f"{probe.text}  {', '.join(f'{one.token} {one.probability:.3f}' for one in probe.top)}")
    answer(
        {
            "model": options.model,
            "data": options.data,
            "split": "test",
            **masked_measures(found),
            "max_length": length,
            "seconds": time.monotonic() - started,
        }
    )
    return 0


def task_of(options: argparse.Namespace, trained: "RunConfig | None") -> str:
    """A pair where a second column is named or the run was trained on pairs."""
    if options.pair_column:
        return "pair-classification"
    return "text-classification" if trained is None else trained.task


def find_columns(
    frame: "pd.DataFrame",
    options: argparse.Namespace,
    task: str,
    trained: "RunConfig | None",
    *,
    need_label: bool,
) -> dict[str, str]:
    """Role → column: the one that is named, or the one the run was trained on if the file has it, or a guess."""
    from core import data

    def named(asked: str, before: str) -> str:
        return asked or (before if before in frame.columns else "")

    label = named(options.label_column, trained.label_column if trained else "") if need_label else ""
    return data.guess_columns(
        frame,
        task,
        text_column=named(options.text_column, trained.text_column if trained else ""),
        pair_column=named(options.pair_column, trained.pair_column if trained else ""),
        label_column=label,
        need_label=need_label,
    )


def _labelled(
    frame: "pd.DataFrame", columns: dict[str, str], file: str
) -> tuple[dict[str, list[str]], tuple[str, ...], "np.ndarray"]:
    """The rows of a file that have texts and a label: inputs by role, label names, and each row's index into them."""
    import numpy as np

    from core.data import NO_LABEL

    cells = {role: [cell.strip() for cell in frame[column]] for role, column in columns.items()}
    kept = [
        i
        for i, label in enumerate(cells["label"])
        if label not in NO_LABEL and all(cells[role][i] for role in cells if role != "label")
    ]
    if not kept:
        raise UserError(
            "no row of {file} has both a text (column '{text}') and a label (column '{label}')",
            file=file,
            text=columns["text"],
            label=columns["label"],
        )
    names = tuple(sorted({cells["label"][i] for i in kept}))
    index = {name: number for number, name in enumerate(names)}
    inputs = {role: [values[i] for i in kept] for role, values in cells.items() if role != "label"}
    return inputs, names, np.array([index[cells["label"][i]] for i in kept])


def _file_notes(file: str, columns: dict[str, str], used: int, rows: int) -> list[str]:
    """What must be known about a measure on a file."""
    chosen = ", ".join(f"{role}: {column}" for role, column in columns.items())
    notes = [
        f"{used} rows of {file} are the test ({chosen}); on rows it was trained on, a model looks better than it is"
    ]
    if used < rows:
        notes.append(f"{rows - used} of {rows} rows are left out: empty text or no label")
    return notes


def _label_notes(model_labels: Sequence[str], matched: Sequence[int], names: Sequence[str]) -> list[str]:
    """Which label of the data is taken for which of the model, where the names differ."""
    taken = [(name, model_labels[i]) for name, i in zip(names, matched, strict=True)]
    if all(name == label for name, label in taken):
        return []
    return [f"labels of the data = of the model: {', '.join(f'{name} = {label}' for name, label in taken)}"]


def _show(evaluation: "Evaluation") -> None:
    table(
        ("label", "precision", "recall", "F1", "examples"),
        [
            (score.label, f"{score.precision:.4f}", f"{score.recall:.4f}", f"{score.f1:.4f}", score.support)
            for score in evaluation.classes
        ],
    )
    for name, value in (("accuracy", evaluation.accuracy), ("macro-F1", evaluation.macro_f1)):
        print(f"{name} {value.value:.4f} (95 % interval {value.low:.4f} to {value.high:.4f})")
