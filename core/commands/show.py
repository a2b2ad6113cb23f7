"""What people see of a command: lines and bars on stderr, tables and one JSON object on stdout, the words of --help.

This module does not know what any command does.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from core.errors import Note, UserError

if TYPE_CHECKING:
    from core.metrics import Metric
    from core.results import DataReport, Evaluation, Measure, Preparation, Reading
    from core.tasks.base import Task

PROGRAM = "python -m core"
SECONDS_BETWEEN_LINES = 5.0

MODEL_HELP = "a name from 'models', a hub name (owner/name), or a folder"
TRAINED_HELP = "a run's folder, a model's folder, run:ID, or a hub name (owner/name) of a model with a head for a task"
TASK_HELP = "a name from 'tasks'; by default what the model was trained for"
COLUMN_HELP = (
    "the column of a role of the task (see 'tasks'), by its name or its number from 1, once for each; text=A+B, or the column of "
    "texts named twice, reads two columns as one text; found out when left out"
)
DATA_HELP = "a name from 'datasets', a file (.csv .tsv .json .jsonl .parquet .xlsx …; .txt, .md and .pdf for tasks without labels), a folder with files called train, dev and test or saved by datasets, or a hub name (owner/name)"

Json = dict[str, object]
Result = TypeVar("Result")
Subparsers: TypeAlias = "argparse._SubParsersAction[Any]"


# --- On stderr ---------------------------------------------------------------------------------------------------------


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


def with_progress(what: str, measure: Callable[..., Result]) -> Result:
    progress = Progress(what)
    try:
        return measure(report=progress)
    finally:
        progress.close()


def say(line: str) -> None:
    """One line on stderr; what could move the cursor is replaced."""
    shown = "".join(character if character.isprintable() else "\ufffd" for character in " ".join(line.split()))
    print(shown, file=sys.stderr, flush=True)


def tell(report: "DataReport", more: "tuple[Note, ...]" = ()) -> None:
    """How the data was read and what should be known about it before its figures are believed. more: further warnings."""
    from core.data.remarks import remarks

    say(_reading(report))
    say(_columns(report))
    for entry in report.dropped:
        examples = " · ".join(f"'{example}'" for example in entry.examples)
        rows = "1 row" if entry.count == 1 else f"{entry.count} rows"
        say(f"left out: {rows}: {entry.reason}" + (f", such as {examples}" if examples else ""))
    for remark in remarks(report, more):
        say(("warning: " if remark.warning else "") + remark.sentence)


def _reading(report: "DataReport") -> str:
    """How many rows were read, and how."""
    names = {"first row": "names in the first row", "none": "no row of names: columns are numbered"}
    how = (
        report.encoding,
        f"delimiter {report.delimiter!r}" if report.delimiter else "",
        names.get(report.header, ""),
    )
    shown = ", ".join(filter(None, how))
    return f"{report.rows} rows read" + (f" ({shown})" if shown else "")


def _columns(report: "DataReport") -> str:
    """Which columns were taken, and which were not."""
    taken = ", ".join(f"{role} = {column}" for role, column in report.used.items())
    return f"columns: {taken}" + (f"; not used: {', '.join(report.unused[:20])}" if report.unused else "")


def as_read(report: "DataReport", more: "tuple[Note, ...]" = ()) -> Json:
    """How the data was read, as JSON."""
    from core.data.remarks import remarks

    return {
        "rows": report.rows,
        "dropped": [
            {"reason": entry.reason, "count": entry.count, "examples": list(entry.examples)} for entry in report.dropped
        ],
        "columns": dict(report.used),
        "unused_columns": list(report.unused),
        "encoding": report.encoding,
        "delimiter": report.delimiter,
        "header": report.header,
        "renamed_labels": dict(report.renamed),
        "notes": [remark.sentence for remark in remarks(report, more)],
    }


def tell_model(name: str) -> None:
    """What should be known about a model before its answers are believed."""
    from core import models

    for remark, values in models.remarks(name, allow_path=True):
        say(f"{name}: {remark.format(**values)}")


def hint(error: UserError) -> str:
    """The option that mends a mistake, where the sentence cannot name it: pages show it too."""
    from core.tables.table import UnclearDelimiter

    return " (--delimiter)" if isinstance(error, UnclearDelimiter) else ""


# --- On stdout ---------------------------------------------------------------------------------------------------------


def answer(result: Json) -> None:
    """The last line on stdout."""
    print(json.dumps(result, ensure_ascii=False), flush=True)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Aligned columns on stdout."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(header))]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def measures(evaluation: "Evaluation") -> Json:
    """n, every metric by its id, its 95% interval where it has one, and the plain numbers among what the task adds."""
    from core.tasks.base import numbers

    result: Json = {"n": evaluation.n}
    for name, measure in evaluation.metrics.items():
        result[name] = measure.value
        if measure.low is not None:
            result[f"{name}_interval"] = [measure.low, measure.high]
    return {**result, **numbers(evaluation)}


def show(evaluation: "Evaluation", task: "Task") -> None:
    """An evaluation on stdout: what the task shows of it, then every metric with its interval."""
    from core.metrics import METRICS

    lines = task.table(evaluation)
    if lines:
        table(lines[0], lines[1:])
    rows = [
        (METRICS[name].title, METRICS[name].write(measure.value), _interval(METRICS[name], measure))
        for name, measure in evaluation.metrics.items()
    ]
    table(("Metric", "Value", "95% interval"), rows)


def _interval(metric: "Metric", measure: "Measure") -> str:
    return "" if measure.low is None else f"{metric.write(measure.low)} to {metric.write(measure.high)}"


# --- In --help ---------------------------------------------------------------------------------------------------------


def add_command(
    subparsers: Subparsers, name: str, function: Callable[[argparse.Namespace], int], text: str, epilog: str
) -> argparse.ArgumentParser:
    """The parser of one command, which has no options yet. text: what the command does; epilog: examples and results."""
    one: argparse.ArgumentParser = subparsers.add_parser(
        name, help=text, description=text, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    one.set_defaults(function=function)
    return one


def add_columns(one: argparse.ArgumentParser, *roles: str) -> None:
    """--column ROLE=NAME, and an option of its own for some roles."""
    one.add_argument(
        "--column", action="append", type=_column, default=[], metavar="ROLE=NAME_OR_NUMBER", help=COLUMN_HELP
    )
    for role in roles:
        option, text = f"--{role}-column", f"the same as --column {role}=C"
        one.add_argument(
            option, action=_Column, const=role, dest="column", default=argparse.SUPPRESS, metavar="C", help=text
        )


def add_reading(one: argparse.ArgumentParser) -> None:
    """--header, --encoding and --delimiter: how a file is read where that cannot be found out, or was found out wrongly."""
    one.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="the first row of the file holds the column names, or is data (then columns go by number); found out when left out",
    )
    one.add_argument("--encoding", metavar="E", help="the file's encoding, such as cp1251; found out when left out")
    one.add_argument(
        "--delimiter",
        metavar="D",
        type=_delimiter,
        help="what separates the cells, such as ';' or 'tab'; found out when left out",
    )


def add_separator(one: argparse.ArgumentParser) -> None:
    """--separator: between columns that are read as one text."""
    one.add_argument(
        "--separator",
        metavar="S",
        help="between the texts of columns that are read as one, such as ' | ' (default a space, or what the run was trained with)",
    )


def add_labels(one: argparse.ArgumentParser) -> None:
    """--label OLD=NEW: a label by another name."""
    one.add_argument(
        "--label",
        action="append",
        type=_label,
        default=[],
        metavar="OLD=NEW",
        help="call a label (or a type of entities) otherwise, once for each; the same NEW merges several, an empty NEW leaves the label out",
    )


def _label(text: str) -> tuple[str, str]:
    old, separator, new = (part.strip() for part in text.partition("="))
    if not (old and separator):
        raise argparse.ArgumentTypeError(f"'{text}' is not OLD=NEW, such as billing=Billing")
    return old, new


def preparation_of(options: argparse.Namespace, known: "Preparation | None" = None) -> "Preparation":
    """What is made of the rows, as the options --label and --separator say, otherwise as it is known of the model's training."""
    from core.results import AS_READ, Preparation

    known = known or AS_READ
    separator = known.separator if options.separator is None else options.separator
    return Preparation(tuple((dict(known.labels) | dict(options.label)).items()), separator=separator)


def _delimiter(text: str) -> str:
    delimiter = {"tab": "\t", "\\t": "\t"}.get(text.casefold(), text)
    if not delimiter or set(delimiter) & set('\r\n"'):
        raise argparse.ArgumentTypeError(f"'{text}' cannot separate cells; give a sign such as ';', or 'tab'")
    return delimiter


def reading_of(options: argparse.Namespace) -> "Reading":
    """How a file is read, as the options say."""
    from core.results import Reading

    return Reading(options.header, options.encoding or "", options.delimiter or "")


class _Column(argparse.Action):
    """--text-column C is --column text=C."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Add the pair of role and column."""
        namespace.column = [*namespace.column, (self.const, str(values))]


def _column(text: str) -> tuple[str, str]:
    role, separator, name = text.partition("=")
    if not (role and separator and name):
        raise argparse.ArgumentTypeError(f"'{text}' is not ROLE=NAME, such as text=review")
    return role, name


def named_columns(options: argparse.Namespace) -> dict[str, str]:
    """Role → column, as the options name them: columns of texts that are named for one role are read as one.

    Raises UserError when any other role is named twice.
    """
    from core.data.layouts import LAYOUTS
    from core.results import JOINED

    texts = {role.id for layout in LAYOUTS.values() for role in layout.roles if role.kind == "text"}
    columns: dict[str, str] = {}
    for role, column in options.column:
        if role in texts and columns.get(role, column) != column:
            columns[role] += JOINED + column
        elif columns.setdefault(role, column) != column:
            raise UserError(
                "the column of '{role}' is named twice: {columns}", role=role, columns=f"{columns[role]}, {column}"
            )
    return columns
