"""The command predict: a model's answer to one input, or to every row of a file.

This module does not know how an answer comes about, nor what kind of answer a task gives.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands.evaluate import load_predictor
from core.commands.show import (
    PROGRAM,
    TASK_HELP,
    TRAINED_HELP,
    Json,
    Subparsers,
    add_columns,
    add_command,
    add_reading,
    add_separator,
    answer,
    as_read,
    named_columns,
    reading_of,
    say,
    tell,
    with_progress,
)
from core.errors import UserError, some

if TYPE_CHECKING:
    from core.results import Prediction
    from core.tasks.base import Task

EPILOG = """\
examples:
  python -m core predict --model my-run --text "A warm, clever and very funny film."
  python -m core predict --model my-run --text "Is it open?" --pair "It opens at nine."
  python -m core predict --model my-run --data new.csv --output labelled.csv
  python -m core predict --model my-run --data new.csv --text-column review --output labelled.csv
  python -m core predict --model my-run --data new.csv --threshold 0.8 --output labelled.csv

The file needs a column for each text that the model reads, no labels. The output has every row of the file in its order:
the texts, the answer (of a classifier the label, its probability, the margin over the second label, and the probability of
every label), whether the text was cut, and the file's other columns. The answer to a row without a text stays empty, and so does the whole of a row that could not be read.

JSON of --text: n, the texts, the answer (of a classifier: label, probability, probabilities), cut. JSON of --data: n, output,
empty (rows without a text), unreadable (the lines of rows that could not be read), cut, labels (of a classifier: counts), unsure (with
--threshold: how many); how the file was read: rows, dropped (reason, count, examples), columns, unused_columns, encoding, delimiter, header,
renamed_labels, notes."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    one = add_command(subparsers, "predict", predict_command, "Answer one text, or every row of a file.", EPILOG)
    one.add_argument("--model", required=True, metavar="DIR_OR_NAME", help=TRAINED_HELP)
    one.add_argument("--task", default="", metavar="T", help=TASK_HELP)
    one.add_argument("--text", metavar="TEXT", help="one text")
    one.add_argument("--pair", metavar="TEXT", help="the second text, for models that read two")
    one.add_argument("--data", metavar="FILE", help="a file (.csv .tsv .json .jsonl .parquet) with a column of texts")
    one.add_argument("--output", metavar="OUT.csv", help="where the predictions of --data go")
    one.add_argument(
        "--threshold",
        type=float,
        metavar="P",
        help="add a column 'decision' to the output of a classifier: the label, or 'unsure' where its probability is below P (0 to 1)",
    )
    add_columns(one, "text", "pair")
    add_reading(one)
    add_separator(one)


def predict_command(options: argparse.Namespace) -> int:
    """Answer one input, or every row of a file."""
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
    if options.threshold is not None:
        raise UserError("--threshold goes with --data; the probabilities of --text are printed")
    texts = [options.text] if options.pair is None else [options.text, options.pair]
    predict.refuse_empty(dict(zip(("text", "pair"), ([text] for text in texts), strict=False)))
    predictor, _ = load_predictor(options.model, options.task, {"pair": ""} if options.pair is not None else {})
    roles = predictor.task.inputs
    if len(roles) != len(texts):
        raise UserError(
            "the model reads {roles}; give {options}",
            roles=" and ".join(roles),
            options=" and ".join(("--text", "--pair")[: len(roles)]),
        )
    inputs = {role: [text] for role, text in zip(roles, texts, strict=True)}
    (prediction,) = predict.predict(predictor, inputs)
    answer({"model": options.model, "n": 1, **_as_json(prediction)})
    return 0


def _as_json(prediction: "Prediction") -> Json:
    """The texts by role, the answer, and whether the texts were cut."""
    from core.tasks.base import as_json

    content = dict(as_json(prediction))
    del content["inputs"], content["truncated"]
    return {**prediction.inputs, **content, "cut": prediction.truncated}


def _predict_file(options: argparse.Namespace, file: Path, output: Path) -> int:
    from core import predict
    from core.data import fit, folders
    from core.data.load import ask
    from core.export.tables import UNSURE, answered, csv_text, decided
    from core.results import AS_READ

    check_output(output, file)
    named = named_columns(options)
    predictor, trained = load_predictor(options.model, options.task, named)
    layout = predictor.task.layout
    if options.threshold is not None:
        _check_threshold(options.threshold, predictor.task)
    table = folders.read(file, layout, reading_of(options))
    if table.not_read:
        raise _too_long(file, len(table.frame) + table.not_read)
    known = trained.preparation if trained else AS_READ
    separator = known.separator if options.separator is None else options.separator
    rows = ask(file.name, layout, table, named, dict(trained.columns) if trained else {}, separator)
    full, unreadable = rows.full, rows.report.unreadable
    empty = len(rows.frame) - len(full) - len(unreadable)
    inputs = {role: [texts[place] for place in full] for role, texts in rows.texts.items()}
    unfit = fit.advice(
        layout.readings(inputs), predictor.tokenizer, predictor.max_length, cut=not predictor.task.windowed
    )
    tell(rows.report, unfit)
    if empty:
        say(f"{empty} of {len(rows.frame)} rows have an empty text; their prediction stays empty")
    if unreadable:
        say(_unreadable_note(unreadable))
    predictions = with_progress("predicting", partial(predict.predict, predictor, inputs))
    answers = predictor.goal.frame(predictions)
    counts: Json = {}
    if "label" in predictor.task.gives:
        counts["labels"] = _counts(answers["label"], predictor.labels)
    if options.threshold is not None:
        answers = decided(answers, options.threshold)
        counts["unsure"] = int((answers["decision"] == UNSURE).sum())
    write(output, csv_text(answered(rows.frame, rows.report.used, rows.texts, answers, full)))
    answer(
        {
            "model": options.model,
            "n": len(predictions),
            "output": str(output),
            "empty": empty,
            "unreadable": list(unreadable),
            "cut": sum(prediction.truncated for prediction in predictions),
            **counts,
            **as_read(rows.report, unfit),
        }
    )
    return 0


def _check_threshold(threshold: float, task: "Task") -> None:
    """Raise UserError when there is no such probability, or the answers have none."""
    if not 0 <= threshold <= 1:
        raise UserError("--threshold is {value:g}; it is a probability, between 0 and 1", value=threshold)
    if "label" not in task.gives:
        raise UserError(
            "--threshold goes with a classifier; the task '{task}' gives no label with a probability", task=task.id
        )


def _unreadable_note(lines: Sequence[int]) -> str:
    """Where the rows begin that could not be read, and what becomes of them."""
    named = some(lines, most=20)
    if len(lines) == 1:
        return f"warning: 1 row could not be read and stays empty in the output; it begins in line {named}"
    return f"warning: {len(lines)} rows could not be read and stay empty in the output; they begin in lines {named}"


def _too_long(file: Path, rows: int) -> UserError:
    from core import settings

    return UserError(
        "{file} has {rows:,} rows, of which {limit:,} would be read: part it, or raise the limit (the setting {setting})",
        file=file.name,
        rows=rows,
        limit=settings.MAX_ROWS.value(),
        setting=settings.MAX_ROWS.name,
    )


def _counts(answers: Iterable[str], labels: Sequence[str]) -> dict[str, int]:
    """How often each label was the answer."""
    counts = Counter(answers)
    return {label: counts[label] for label in labels}


def check_output(output: Path, file: Path) -> None:
    """Raise UserError before the work when the predictions could not be written after it."""
    if output.suffix.lower() != ".csv":
        raise UserError("--output {output} must end in .csv: answers are written as CSV", output=output)
    if output.is_dir() or not output.parent.is_dir():
        raise UserError(
            "--output {output} cannot be written: there is no folder {folder}", output=output, folder=output.parent
        )
    if output.exists() and file.exists() and output.samefile(file):
        raise UserError("--output {output} is the file that is read; give another name", output=output)


def write(output: Path, text: str) -> None:
    """Write a file as a whole or not at all."""
    try:
        with tempfile.NamedTemporaryFile(dir=output.parent, prefix=".", delete=False) as part:
            part.write(text.encode("utf-8", errors="replace"))
        Path(part.name).replace(output)
    except OSError as error:
        raise UserError(
            "{output} cannot be written: {reason}", output=output, reason=error.strerror or error
        ) from error
