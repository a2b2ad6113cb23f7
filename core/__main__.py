"""The command line: python -m core COMMAND …

Progress goes to stderr, tables for people to stdout, and the last line on stdout is one JSON object for programs. A
mistake of the user's is one line on stderr and exit code 2; a run that was stopped ends with 130. Heavy libraries are
imported inside the commands: --help is there at once, and a run that waits for its turn holds no memory. This module does
not know how anything is computed.
"""

import argparse
import io
import json
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TypeVar

from core.errors import Cancelled, UserError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from core.data import TextDataset
    from core.models import Head
    from core.predict import Predictor
    from core.results import Evaluation, Event, MaskedEvaluation, RunConfig, RunReport
    from core.runs import Run

PROGRAM = "python -m core"
SECONDS_BETWEEN_LINES = 5.0
PRETRAINING: dict[str, "Head"] = {"masked-language-modelling": "mlm", "next-sentence-prediction": "nsp"}  # task → head
MISTAKE, STOPPED = 2, 130

Json = dict[str, object]
Result = TypeVar("Result")


# --- What people see ---------------------------------------------------------------------------------------------------


class Progress:
    """Progress on stderr: a bar with the time left on a terminal, otherwise a line every few seconds."""

    def __init__(self, what: str) -> None:
        from tqdm import tqdm

        self.what = what
        self.started = self.shown = time.monotonic()
        form = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{postfix}"
        self.bar = (
            tqdm(desc=what, total=1, file=sys.stderr, dynamic_ncols=True, leave=False, bar_format=form)
            if sys.stderr.isatty()
            else None
        )

    def __call__(self, done: int, total: int, *, left: float | None = None, note: str = "") -> None:
        """`done` of `total` is done; left: seconds to go, by default in proportion; note: what else there is to say."""
        now = time.monotonic()
        if left is None and done:
            left = (now - self.started) / done * (total - done)
        notes = ", ".join(part for part in ("" if left is None else f"{_clock(left)} left", note) if part)
        if self.bar is not None:
            self.bar.total, self.bar.n = total, done
            self.bar.set_postfix_str(notes, refresh=False)
            self.bar.refresh()
        elif done and now - self.shown >= SECONDS_BETWEEN_LINES:
            self.shown = now
            say(f"{self.what}: {done} of {total}, {notes}")

    def say(self, line: str) -> None:
        """A line of its own, above the bar."""
        if self.bar is not None:
            self.bar.clear()
        say(line)

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def say(line: str) -> None:
    """One line on stderr; what could move the cursor is replaced."""
    shown = "".join(character if character.isprintable() else "\ufffd" for character in " ".join(line.split()))
    print(shown, file=sys.stderr, flush=True)


def answer(result: Json) -> None:
    """The last line on stdout."""
    print(json.dumps(result, ensure_ascii=False), flush=True)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Aligned columns on stdout."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(header))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


# --- Commands ----------------------------------------------------------------------------------------------------------


def models_command(_: argparse.Namespace) -> int:
    from core import models

    words = {"here": "yes", "hub": "from the hub", "unreachable": "no (needs a network)"}
    found = {name: models.availability(name) for name in models.MODELS}
    rows = models.MODELS.values()
    table(
        ("model", "available", "languages", "million parameters", "layers", "licence"),
        [(row.id, words[found[row.id]], row.languages, row.parameters, row.layers, row.licence) for row in rows],
    )
    answer(
        {
            "models": [
                {
                    "id": row.id,
                    "repo": row.repo,
                    "available": found[row.id],
                    "languages": row.languages,
                    "million_parameters": row.parameters,
                    "layers": row.layers,
                    "heads": row.heads,
                    "hidden": row.hidden,
                    "licence": row.licence,
                }
                for row in rows
            ]
        }
    )
    return 0


def datasets_command(_: argparse.Namespace) -> int:
    from core.data import DATASETS

    rows = DATASETS.values()
    table(
        ("dataset", "task", "rows", "labels", "languages", "licence"),
        [(row.id, row.task, row.rows, ", ".join(row.labels), row.languages, row.licence) for row in rows],
    )
    answer(
        {
            "datasets": [
                {
                    "id": row.id,
                    "title": row.title,
                    "task": row.task,
                    "rows": row.rows,
                    "labels": list(row.labels),
                    "languages": row.languages,
                    "licence": row.licence,
                }
                for row in rows
            ]
        }
    )
    return 0


def tokenize_command(options: argparse.Namespace) -> int:
    from core import models, tokens

    name = options.model
    config = models.load_config(name, allow_path=True)
    result = tokens.tokenize(
        models.load_tokenizer(name, allow_path=True),
        options.text,
        options.pair,
        model=name,
        first_position=models.FAMILIES[config.model_type].position_offset,
    )
    table(
        ("position", "token", "id", "kind", "segment", "characters"),
        [
            (token.position, repr(token.text)[1:-1], token.id, token.kind, token.segment, _span(token.start, token.end))
            for token in result.tokens
        ],
    )
    answer(
        {
            "model": name,
            "n": len(result.tokens),
            "tokens": list(result.texts),
            "ids": list(result.ids),
            "unknown": result.unknown,
            "cut": result.cut,
            "cut_pair": result.cut_pair,
        }
    )
    return 0


def _span(start: int | None, end: int | None) -> str:
    return "" if start is None else f"{start}–{end}"


# --- train -------------------------------------------------------------------------------------------------------------

TRAIN_OPTIONS = (
    "model",
    "data",
    "output",
    "task",
    "text_column",
    "pair_column",
    "label_column",
    "epochs",
    "batch_size",
    "learning_rate",
    "max_length",
    "limit",
    "seed",
)


def train_command(options: argparse.Namespace) -> int:
    """Start a run in a folder of its own, or work on one that is there."""
    given = {name: value for name, value in vars(options).items() if name in TRAIN_OPTIONS and value is not None}
    if options.run is not None:
        if given:
            flags = " ".join(_flag(name) for name in given)
            raise UserError("--run takes everything from the run's folder; leave out {flags}", flags=flags)
        return _go_on(Path(options.run).expanduser().resolve())
    missing = [_flag(name) for name in ("model", "data", "output") if name not in given]
    if missing:
        raise UserError("{flags} missing; see {program} train --help", flags=", ".join(missing), program=PROGRAM)
    from core import runs

    folder = Path(given.pop("output")).expanduser().resolve()
    config, file = _config(given)
    run = runs.create(config, file, folder=folder)
    return _work(run, started_by_hand=True)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _go_on(folder: Path) -> int:
    from core import runs

    if not (folder / "config.json").is_file():
        raise UserError("there is no run in {folder}: it has no config.json", folder=folder)
    return _work(runs.resumed(folder), started_by_hand=sys.stderr.isatty())


def _config(given: Json) -> tuple["RunConfig", Path | None]:
    """The run that is asked for, checked before anything is written: a mistake must not leave a failed run behind."""
    from core import data, finetune, models
    from core.results import RunConfig

    if "pair_column" in given:
        given.setdefault("task", "pair-classification")
    config = RunConfig(**given)  # type: ignore[arg-type]
    finetune.check(config)
    if config.model != models.SCRATCH:
        models.folder(config.model, allow_path=True)
        head = PRETRAINING.get(config.task)
        if head is not None and not models.can_learn(config.model, head, allow_path=True):
            raise UserError(models.HEADLESS[head], name=models.title(config.model))
    file = _file(config.data)
    dataset = data.load(
        config.data,
        task=config.task,
        text_column=config.text_column,
        pair_column=config.pair_column,
        label_column=config.label_column,
        allow_path=True,
    )
    _tell(dataset)
    return config, file


def _tell(dataset: "TextDataset") -> None:
    """What should be known about the data before its figures are believed."""
    for note, values in dataset.report.notes:
        say(note.format(**values))


def _file(name: str) -> Path | None:
    """The file that a --data stands for, None for a dataset's name."""
    from core.data import DATASETS
    from core.tables import SUFFIXES, TEXT_SUFFIX

    path = Path(name).expanduser()
    looks_like_file = path.suffix.lower() in (*SUFFIXES, TEXT_SUFFIX)
    is_file = name not in DATASETS and (looks_like_file or path.is_absolute() or path.is_file())
    return path if is_file else None


def _work(run: "Run", *, started_by_hand: bool) -> int:
    """Train in this process; the first Ctrl-C asks the run to stop and keep what it learnt, the second ends it at once."""
    from core import runs

    resume = f"{PROGRAM} train --run {run.folder}"
    progress = Progress("training")

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        progress.say("stopping after this step and keeping what was learnt; Ctrl-C again stops at once")
        threading.Thread(target=runs.cancel, args=(run,)).start()  # it takes a lock that this thread may hold

    before = signal.signal(signal.SIGINT, stop)
    try:
        report = runs.work(run.folder, _listener(progress, tell_all=started_by_hand))
    except Cancelled:
        progress.close()
        model = run.folder / "model"
        kept = f"; what was learnt is in {model}" if (model / "config.json").is_file() else ""
        say(f"stopped{kept}; go on with: {resume}")
        return STOPPED
    except KeyboardInterrupt:
        progress.close()
        say(f"interrupted; go on from the last checkpoint with: {resume}")
        return STOPPED
    finally:
        signal.signal(signal.SIGINT, before)
        progress.close()
    answer(_trained(run.folder, report))
    return 0


def _listener(progress: Progress, *, tell_all: bool) -> Callable[["Event"], None]:
    """Shows a run's events; a run that the app started writes all but the steps into its log itself."""

    def listen(event: "Event") -> None:
        values = event.values
        if event.kind == "step":
            note = f"loss {values['loss']:.3f}, {values['examples_per_second']:.0f} examples/s"
            progress(event.step, event.total_steps, left=_number(values["eta_seconds"]), note=note)
        elif tell_all and event.kind == "stage":
            progress.say(f"{values['stage']} …")
        elif tell_all and event.kind == "evaluation":
            measured = (
                f"accuracy {values['accuracy']:.4f}, macro-F1 {values['macro_f1']:.4f} on {values['n']} validation rows"
                if "macro_f1" in values
                else f"loss {values['loss']:.4f}, top-1 accuracy {values['accuracy']:.4f} on {values['n']} masked tokens"
            )
            progress.say(f"step {event.step}: {measured}")

    return listen


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _trained(folder: Path, report: "RunReport") -> Json:
    return {
        "run": str(folder),
        "model": str(folder / "model"),
        **(_masked_results(report) if report.masked else _results(report)),
        "seconds": report.seconds,
        "examples_per_second": report.examples_per_second,
        "peak_memory_mb": report.peak_memory_mb,
        "steps": report.steps,
        "best_step": report.best_step,
    }


def _results(report: "RunReport") -> Json:
    evaluation = report.test or report.validation
    return {
        "split": "test" if report.test else "validation" if report.validation else None,
        **(_measures(evaluation) if evaluation else {"n": 0, "accuracy": None, "macro_f1": None}),
        "baseline_accuracy": report.baseline.accuracy.value if report.baseline else None,
    }


def _masked_results(report: "RunReport") -> Json:
    split = next((name for name in ("test", "validation") if name in report.masked), None)
    before = report.masked.get("baseline")
    return {
        "split": split,
        **(_masked_measures(report.masked[split]) if split else {"n": 0, "accuracy": None, "loss": None}),
        "baseline_accuracy": before.top1.value if before else None,
        "baseline_loss": before.loss if before else None,
    }


def _masked_measures(evaluation: "MaskedEvaluation") -> Json:
    return {
        "n": evaluation.n,
        "accuracy": evaluation.top1.value,
        "accuracy_interval": [evaluation.top1.low, evaluation.top1.high],
        "top5": evaluation.top5.value,
        "top5_interval": [evaluation.top5.low, evaluation.top5.high],
        "loss": evaluation.loss,
        "perplexity": evaluation.perplexity,
        "uniform_loss": evaluation.uniform_loss,
        "blocks": evaluation.blocks,
    }


def _measures(evaluation: "Evaluation") -> Json:
    return {
        "n": evaluation.n,
        "accuracy": evaluation.accuracy.value,
        "accuracy_interval": [evaluation.accuracy.low, evaluation.accuracy.high],
        "macro_f1": evaluation.macro_f1.value,
        "macro_f1_interval": [evaluation.macro_f1.low, evaluation.macro_f1.high],
        "loss": evaluation.loss,
        "ece": evaluation.ece,
        "majority": evaluation.majority,
    }


# --- evaluate and predict ----------------------------------------------------------------------------------------------


def evaluate_command(options: argparse.Namespace) -> int:
    """Measure a classifier on a dataset's test split, or on all rows of a file; without labels on what is held back."""
    from core import data, predict, tables

    if _is_masked(options):
        return _evaluate_masked(options)
    predictor, trained = _predictor(options.model)
    if trained is not None:  # as long as in training, so that the run's own test is repeated exactly
        predictor = replace(predictor, max_length=min(trained.max_length, predictor.max_length))
    task = options.task or _task(options, trained)
    file = _file(options.data) if _has_labels(task) else None  # without labels every source is split as for training
    notes: list[str] = []
    if file is None:
        dataset = data.load(
            options.data,
            task=task,
            text_column=options.text_column,
            pair_column=options.pair_column,
            label_column=options.label_column,
            allow_path=not _has_labels(task),
        )
        _tell(dataset)
        names, measure = dataset.label_names, partial(predict.evaluate, predictor, dataset)
    else:
        frame = tables.read_table(file).frame
        columns = _columns(frame, options, task, trained, need_label=True)
        inputs, names, true = _labelled(frame, columns, file.name)
        measure = partial(predict.evaluate_rows, predictor, inputs, names, true)
        notes = _file_notes(file.name, columns, len(true), len(frame))
    notes += _label_notes(predictor.labels, predict.match_labels(predictor.labels, names), names)
    for note in notes:
        say(note)
    started = time.monotonic()
    evaluation = _with_progress("evaluating", measure)
    seconds = time.monotonic() - started
    _show(evaluation)
    answer(
        {
            "model": options.model,
            "data": options.data,
            "split": "test" if file is None else "all rows",
            **_measures(evaluation),
            "max_length": predictor.max_length,
            "seconds": seconds,
        }
    )
    return 0


def predict_command(options: argparse.Namespace) -> int:
    """Label one text, or every row of a file."""
    if (options.text is None) == (options.data is None):
        raise UserError("give either --text TEXT or --data FILE; see {program} predict --help", program=PROGRAM)
    if options.text is not None:
        return _predict_text(options)
    if options.output is None:
        raise UserError("--output is missing: the file that the predictions of --data are written to")
    return _predict_file(options, Path(options.data).expanduser(), Path(options.output).expanduser())


def _predict_text(options: argparse.Namespace) -> int:
    from core import predict

    if options.output is not None:
        raise UserError("--output goes with --data; the prediction of --text is printed")
    predict.refuse_empty([options.text], None if options.pair is None else [options.pair])
    predictor, _ = _predictor(options.model)
    (found,) = predict.predict(predictor, [options.text], None if options.pair is None else [options.pair])
    answer(
        {
            "model": options.model,
            "n": 1,
            "text": found.text,
            **({"pair": found.pair} if found.pair else {}),
            "label": found.label,
            "probability": found.probability,
            "probabilities": dict(found.probabilities),
            "cut": found.cut,
        }
    )
    return 0


def _predict_file(options: argparse.Namespace, file: Path, output: Path) -> int:
    from core import export, predict, tables

    _check_output(output, file)
    frame = tables.read_table(file).frame
    predictor, trained = _predictor(options.model)
    task = _task(options, trained)
    task = task if _has_labels(task) else "pair-classification"  # what follows what is asked of two columns
    columns = _columns(frame, options, task, trained, need_label=False)
    roles = [role for role in columns if role != "label"]
    kept = [i for i in range(len(frame)) if all(frame[columns[role]].iloc[i].strip() for role in roles)]
    if len(kept) < len(frame):
        say(f"{len(frame) - len(kept)} of {len(frame)} rows have an empty text; their prediction stays empty")
    chosen = {role: frame[columns[role]].iloc[kept].tolist() for role in roles}
    found = _with_progress("predicting", partial(predict.predict, predictor, chosen["text"], chosen.get("pair")))
    result = export.predictions_frame(found)
    result.index = kept
    result = result.reindex(range(len(frame)))
    others = {name: frame[name].tolist() for name in frame.columns if name not in [columns[role] for role in roles]}
    for role in roles:
        result[role] = frame[columns[role]].to_numpy()
    _write(output, export.csv_text(export.with_columns(result, others)))
    answer(
        {
            "model": options.model,
            "n": len(found),
            "output": str(output),
            "empty": len(frame) - len(kept),
            "cut": sum(prediction.cut for prediction in found),
            "labels": {label: sum(one.label == label for one in found) for label in predictor.labels},
        }
    )
    return 0


def _predictor(name: str) -> tuple["Predictor", "RunConfig | None"]:
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


def _has_labels(task: str) -> bool:
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
    _tell(dataset)
    config = trained or RunConfig(options.model, options.data, task=task)
    length = min(config.max_length, tokenizer.model_max_length)
    goal = objectives.Masked(config, dataset, tokenizer, length)
    started = time.monotonic()
    measured = _with_progress("evaluating", lambda report: goal.measure(model, "test", report, live=False))
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
            **_masked_measures(found),
            "max_length": length,
            "seconds": time.monotonic() - started,
        }
    )
    return 0


def _task(options: argparse.Namespace, trained: "RunConfig | None") -> str:
    """A pair where a second column is named or the run was trained on pairs."""
    if options.pair_column:
        return "pair-classification"
    return "text-classification" if trained is None else trained.task


def _columns(
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


def _with_progress(what: str, measure: Callable[..., Result]) -> Result:
    progress = Progress(what)
    try:
        return measure(report=progress)
    finally:
        progress.close()


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


def _check_output(output: Path, file: Path) -> None:
    """Raise UserError before the work when the predictions could not be written after it."""
    if output.suffix.lower() != ".csv":
        raise UserError("--output {output} must end in .csv: predictions are written as CSV", output=output)
    if output.is_dir() or not output.parent.is_dir():
        raise UserError(
            "--output {output} cannot be written: there is no folder {folder}", output=output, folder=output.parent
        )
    if output.exists() and file.exists() and output.samefile(file):
        raise UserError("--output {output} is the file that is read; give another name", output=output)


def _write(output: Path, text: str) -> None:
    """Write a file as a whole or not at all."""
    try:
        with tempfile.NamedTemporaryFile(dir=output.parent, prefix=".", delete=False) as part:
            part.write(text.encode("utf-8", errors="replace"))
        Path(part.name).replace(output)
    except OSError as error:
        raise UserError(
            "{output} cannot be written: {reason}", output=output, reason=error.strerror or error
        ) from error


# --- The parser --------------------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose mistakes are one line."""

    def error(self, message: str) -> NoReturn:
        """One line on stderr, exit 2."""
        say(f"error: {message}; see {self.prog} --help")
        sys.exit(MISTAKE)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    main_parser = Parser(
        prog=PROGRAM,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="BERT Studio on the command line: look at tokens, fine-tune a BERT on your texts, measure it, use it.",
        epilog=EPILOGS["main"],
    )
    commands = main_parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)

    def add(name: str, function: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=EPILOGS[name],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.set_defaults(function=function)
        return one

    add("models", models_command, "List the models that are offered by name, and which can be had now.")
    add("datasets", datasets_command, "List the datasets that come with the studio.")
    _tokenize_options(add("tokenize", tokenize_command, "Show what a model reads: the tokens of a text."))
    _train_options(add("train", train_command, "Fine-tune a model on texts with labels."))
    _evaluate_options(add("evaluate", evaluate_command, "Measure a fine-tuned model on texts with labels."))
    _predict_options(add("predict", predict_command, "Label one text, or every row of a file."))
    return main_parser


EPILOGS = {
    "main": """\
from nothing to a prediction:
  python -m core train --model minilm --data rotten_tomatoes --epochs 2 --output my-run
  python -m core evaluate --model my-run --data rotten_tomatoes
  python -m core predict --model my-run --text "A warm, clever and very funny film."

Each command explains itself: python -m core train --help
Progress goes to stderr; the last line on stdout is one JSON object. A mistake ends with one line and exit code 2.""",
    "models": """\
examples:
  python -m core models
  python -m core models | tail -1 | python -m json.tool

Any other model of the same families works by its hub name (owner/name), and so does the folder of a run.""",
    "datasets": """\
examples:
  python -m core datasets

A file of your own works everywhere: .csv .tsv .json .jsonl .parquet with a column of texts and one of labels.
So does a hub dataset by its name (owner/name) where there is a network.""",
    "tokenize": """\
examples:
  python -m core tokenize --model minilm "I love eating pizza"
  python -m core tokenize --model minilm --pair "It was great." "How was the film?"
  python -m core tokenize --model bert-base-chinese "我爱吃披萨"

JSON: model, n, tokens, ids, unknown (tokens the vocabulary lacks), cut (what did not fit).""",
    "train": """\
examples:
  python -m core train --model minilm --data rotten_tomatoes --epochs 2 --output my-run
  python -m core train --model minilm --data reviews.csv --text-column review --label-column stars --output stars
  python -m core train --model minilm --data pairs.tsv --text-column a --pair-column b --output same-or-not
  python -m core train --task masked-language-modelling --model minilm --data notes.txt --output my-model
  python -m core train --task masked-language-modelling --model scratch --data imdb --limit 2000 --output tiny
  python -m core train --run my-run            go on where a stopped or killed run was

A file is split 80/10/10 into training, validation and test. Ctrl-C stops after the current step and keeps what was
learnt; a second one stops at once. The result is in OUTPUT/model, for predict, evaluate and transformers' pipeline.
The two tasks of pre-training, masked-language-modelling and next-sentence-prediction, need no labels: they read a column
of texts or a .txt file, in which blank lines part the documents. "scratch" is a tiny new model with its own vocabulary.

JSON: run, model, split, n, accuracy, accuracy_interval, macro_f1, macro_f1_interval (95 %), loss, ece, majority,
baseline_accuracy (before training), seconds and examples_per_second (training alone), peak_memory_mb, steps, best_step.
Of masked language modelling: accuracy (top-1), top5, loss (nats per masked token), perplexity, uniform_loss (ln of the
vocabulary's size), baseline_accuracy and baseline_loss in the place of macro_f1, ece and majority.""",
    "evaluate": """\
examples:
  python -m core evaluate --model my-run --data rotten_tomatoes
  python -m core evaluate --model my-run --data test.csv --text-column review --label-column stars
  python -m core evaluate --model minilm --task masked-language-modelling --data notes.txt

Of a dataset the test split is used, of a file all rows: give one that the model was not trained on. Labels are matched
by name, whatever their order or case; where one side only numbers its classes, by number. The tasks of pre-training need
no labels: of any source they measure the tenth of the documents that a training would hold back for its test.

JSON: model, data, split, n, accuracy, accuracy_interval, macro_f1, macro_f1_interval (95 %), loss, ece, majority,
max_length, seconds.""",
    "predict": """\
examples:
  python -m core predict --model my-run --text "A warm, clever and very funny film."
  python -m core predict --model my-run --data new.csv --output labelled.csv
  python -m core predict --model my-run --data new.csv --text-column review --output labelled.csv

The file needs a column of texts, no labels. The output has the text, its label, the probability of every label, whether
the text was cut, and the file's other columns.

JSON of --text: n, text, label, probability, probabilities, cut. JSON of --data: n, output, empty, cut, labels (counts).""",
}

MODEL_HELP = "a name from 'models', a hub name (owner/name), or a folder"
CLASSIFIER_HELP = "a run's folder, a model's folder, run:ID, or a hub name (owner/name) of a classifier"
DATA_HELP = "a name from 'datasets', a file (.csv .tsv .json .jsonl .parquet; .txt for tasks without labels), or a hub name (owner/name)"
TASK_HELP = "text-classification (default), pair-classification, masked-language-modelling or next-sentence-prediction"


def _tokenize_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--model", required=True, metavar="M", help=MODEL_HELP)
    one.add_argument("--pair", default="", metavar="TEXT", help="a second text, for models that read pairs")
    one.add_argument("text", metavar="TEXT", help="the text")


def _train_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--model", metavar="M", help=MODEL_HELP)
    one.add_argument("--data", metavar="D", help=DATA_HELP)
    one.add_argument("--output", metavar="DIR", help="the folder of the new run")
    one.add_argument("--task", metavar="T", help=TASK_HELP)
    one.add_argument("--text-column", metavar="C", help="column of the texts; guessed when left out")
    one.add_argument("--pair-column", metavar="C", help="column of the second texts of a pair task")
    one.add_argument("--label-column", metavar="C", help="column of the labels; guessed when left out")
    one.add_argument("--epochs", type=float, metavar="N", help="how often every training row is seen (default 2)")
    one.add_argument("--batch-size", type=int, metavar="N", help="rows per step (default 32)")
    one.add_argument("--learning-rate", type=float, metavar="X", help="size of the steps (default 1e-4)")
    one.add_argument("--max-length", type=int, metavar="N", help="tokens after which a text is cut (default 128)")
    one.add_argument("--limit", type=int, metavar="N", help="most training rows (default 0: all)")
    one.add_argument("--seed", type=int, metavar="N", help="start of all random choices (default 0)")
    one.add_argument("--run", metavar="DIR", help="work on the run in this folder instead, from its newest checkpoint")


def _evaluate_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--model", required=True, metavar="DIR_OR_NAME", help=CLASSIFIER_HELP)
    one.add_argument("--data", required=True, metavar="D", help=DATA_HELP)
    one.add_argument("--task", metavar="T", help="what is measured; by default what the model was trained for")
    one.add_argument("--text-column", default="", metavar="C", help="column of the texts; guessed when left out")
    one.add_argument("--pair-column", default="", metavar="C", help="column of the second texts of a pair task")
    one.add_argument("--label-column", default="", metavar="C", help="column of the labels; guessed when left out")


def _predict_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--model", required=True, metavar="DIR_OR_NAME", help=CLASSIFIER_HELP)
    one.add_argument("--text", metavar="TEXT", help="one text")
    one.add_argument("--pair", metavar="TEXT", help="the second text, for models that read pairs")
    one.add_argument("--data", metavar="FILE", help="a file (.csv .tsv .json .jsonl .parquet) with a column of texts")
    one.add_argument("--output", metavar="OUT.csv", help="where the predictions of --data go")
    one.add_argument("--text-column", default="", metavar="C", help="column of the texts; guessed when left out")
    one.add_argument("--pair-column", default="", metavar="C", help="column of the second texts of a pair task")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = parser().parse_args(arguments)
    _be_quiet()
    try:
        code = options.function(options)
        sys.stdout.flush()
    except UserError as error:
        say(f"error: {error}")
        return MISTAKE
    except KeyboardInterrupt:
        say("interrupted")
        return STOPPED
    except BrokenPipeError:  # the reader has seen enough; Python's own flush at the end must not complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return int(code)


def _be_quiet() -> None:
    """Keep the libraries' remarks and bars off stderr; a download on a terminal keeps its bar."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())
