"""The command predict: label one text, or every row of a file.

This module does not know how an answer comes about.
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

from core.commands.evaluate import find_columns, has_labels, load_predictor, task_of
from core.commands.show import CLASSIFIER_HELP, PROGRAM, Subparsers, add_command, answer, say, with_progress
from core.errors import UserError

EPILOG = """\
examples:
  python -m core predict --model my-run --text "A warm, clever and very funny film."
  python -m core predict --model my-run --data new.csv --output labelled.csv
  python -m core predict --model my-run --data new.csv --text-column review --output labelled.csv

The file needs a column of texts, no labels. The output has the text, its label, the probability of every label, whether
the text was cut, and the file's other columns.

JSON of --text: n, text, label, probability, probabilities, cut. JSON of --data: n, output, empty, cut, labels (counts)."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    one = add_command(subparsers, "predict", predict_command, "Label one text, or every row of a file.", EPILOG)
    one.add_argument("--model", required=True, metavar="DIR_OR_NAME", help=CLASSIFIER_HELP)
    one.add_argument("--text", metavar="TEXT", help="one text")
    one.add_argument("--pair", metavar="TEXT", help="the second text, for models that read pairs")
    one.add_argument("--data", metavar="FILE", help="a file (.csv .tsv .json .jsonl .parquet) with a column of texts")
    one.add_argument("--output", metavar="OUT.csv", help="where the predictions of --data go")
    one.add_argument("--text-column", default="", metavar="C", help="column of the texts; guessed when left out")
    one.add_argument("--pair-column", default="", metavar="C", help="column of the second texts of a pair task")


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
    predictor, _ = load_predictor(options.model)
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
    from core import predict, tables
    from core.export.tables import csv_text, predictions_frame, with_columns

    _check_output(output, file)
    frame = tables.read_table(file).frame
    predictor, trained = load_predictor(options.model)
    task = task_of(options, trained)
    task = task if has_labels(task) else "pair-classification"  # what follows what is asked of two columns
    columns = find_columns(frame, options, task, trained, need_label=False)
    roles = [role for role in columns if role != "label"]
    kept = [i for i in range(len(frame)) if all(frame[columns[role]].iloc[i].strip() for role in roles)]
    if len(kept) < len(frame):
        say(f"{len(frame) - len(kept)} of {len(frame)} rows have an empty text; their prediction stays empty")
    chosen = {role: frame[columns[role]].iloc[kept].tolist() for role in roles}
    found = with_progress("predicting", partial(predict.predict, predictor, chosen["text"], chosen.get("pair")))
    result = predictions_frame(found)
    result.index = kept
    result = result.reindex(range(len(frame)))
    others = {name: frame[name].tolist() for name in frame.columns if name not in [columns[role] for role in roles]}
    for role in roles:
        result[role] = frame[columns[role]].to_numpy()
    _write(output, csv_text(with_columns(result, others)))
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
