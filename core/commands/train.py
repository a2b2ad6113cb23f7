"""The command train: start a run in a folder of its own, or work on one that is there.

The app starts every run with this command, too. This module does not know how a model learns or how a run is kept.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import TYPE_CHECKING, Any

from core.commands.result import listener, tell_next, trained
from core.commands.show import (
    DATA_HELP,
    MODEL_HELP,
    PROGRAM,
    Json,
    Progress,
    Subparsers,
    add_columns,
    add_command,
    add_labels,
    add_reading,
    add_separator,
    answer,
    named_columns,
    preparation_of,
    reading_of,
    say,
    tell,
    tell_model,
)
from core.errors import Cancelled, Note, UserError
from core.finetune.recipe import (
    METHODS,
    PARAMETERS,
    PRESETS,
    Size,
    chosen_by,
    derivation,
    suggested_learning_rate,
    too_little,
    with_preset,
)
from core.results import Preparation, Reading, RunConfig

if TYPE_CHECKING:
    from core.data.dataset import TextDataset
    from core.results import DataReport
    from core.runs import Run
    from core.tasks.base import Task

STOPPED = 130  # the exit code
TOO_HIGH = 3  # times the suggested learning rate, above which a note says so
DEFAULTS: dict[str, Any] = asdict(RunConfig("", ""))
PARTS = ("validation", "test")  # which may have a file of their own

EPILOG = """\
examples:
  python -m core train --model minilm --data rotten_tomatoes --epochs 2 --output my-run
  python -m core train --model minilm --data reviews.csv --text-column review --label-column stars --output stars
  python -m core train --model minilm --data pairs.tsv --text-column a --pair-column b --output same-or-not
  python -m core train --model minilm --data news.csv --column text=Title+Description --column label=1 --output news
  python -m core train --model minilm --data spam.txt --no-header --column label=1 --column text=2 --output spam
  python -m core train --model minilm --data news/ --output news
  python -m core train --model minilm --data tickets.csv --label billing=Billing --label spam= --output tickets
  python -m core train --model minilm --data train.csv --validation dev.csv --test test.csv --output mine
  python -m core train --model minilm --data notes.txt --task TASK --output my-model
  python -m core train --model minilm --data rotten_tomatoes --method lora --preset quick --output adapter
  python -m core train --run my-run            go on where a stopped or killed run was

'tasks' lists the values of TASK and the columns that each needs. A file is split 80/10/10 into training, validation and
test, unless one of its columns says which row is which (--split-column names it, --no-split-column looks for none), or
--validation and --test give files of their own; a folder can hold train.csv, dev.csv and test.csv. What was read,
left out and found out is told on stderr. Ctrl-C stops after the current step and keeps what was learnt; a second one stops
at once. The result is in OUTPUT/model, for predict, evaluate and transformers' pipeline. Tasks without labels read a column
of texts or a .txt file, in which blank lines part the documents; those that can start from nothing take --model scratch, a
tiny new model with its own vocabulary.

JSON: run, model, split, n, each metric of the task by its id (accuracy, macro_f1, loss …), its 95% interval where there is
one (accuracy_interval …), what else the task counts (majority, perplexity …), baseline_accuracy (or the task's own
headline) and baseline_loss before training, tfidf_accuracy and tfidf_loss of counting words, and so of the task's other simple ways, on the same rows
(for tasks with one label for each row), seconds and examples_per_second (training alone), peak_memory_mb, steps,
best_step, chosen_by (the metric of the validation rows that it was chosen by: of few rows the loss); how the data was read:
rows, dropped (reason, count, examples), columns, unused_columns, encoding, delimiter, header,
renamed_labels, notes."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    one = add_command(subparsers, "train", train_command, "Train a model on your texts.", EPILOG)
    one.add_argument("--model", metavar="M", help=MODEL_HELP)
    one.add_argument("--data", metavar="D", help=DATA_HELP)
    one.add_argument("--output", metavar="DIR", help="the folder of the new run")
    one.add_argument("--task", metavar="T", help="a name from 'tasks'; by default the first that the named columns fit")
    add_columns(one, "text", "pair", "label")
    add_reading(one)
    add_labels(one)
    add_separator(one)
    one.add_argument(
        "--split-column",
        metavar="C",
        help="the column that says which rows are for training, validation and test; found out when left out",
    )
    one.add_argument(
        "--no-split-column",
        action="store_const",
        const="",
        dest="split_column",
        help="hold validation and test rows back by chance, whatever the columns say",
    )
    for split in PARTS:
        one.add_argument(
            f"--{split}", metavar="FILE", help=f"a file with the {split} rows; its columns are called as in --data"
        )
    one.add_argument(
        "--preset",
        metavar="P",
        help=f"values that suit the number of rows and labels and the model, instead of the defaults below: {', '.join(PRESETS)}",
    )
    one.add_argument("--method", metavar="M", help=f"which parameters are trained: {', '.join(METHODS)}")
    for row in PARAMETERS.values():
        default = DEFAULTS[row.field]
        number, shown = (int, "N") if isinstance(default, int) else (float, "X")
        text = f"{row.help} (default {default:g})".replace("%", "%%")
        one.add_argument(_flag(row.field), type=number, metavar=shown, help=text)
    one.add_argument(
        "--class-weights", action="store_true", default=None, help="make rare labels count as much as frequent ones"
    )
    one.add_argument("--run", metavar="DIR", help="work on the run in this folder instead, from its newest checkpoint")


@dataclass(frozen=True)
class _Asked:
    """A run that is asked for, and what is to be said of its data, of its rows as model and measure take them, and of its steps."""

    config: RunConfig
    report: "DataReport"
    warnings: "tuple[Note, ...]"
    steps: "tuple[Note, ...]"


def train_command(options: argparse.Namespace) -> int:
    """Start a run in a folder of its own, or work on one that is there."""
    asked = ((name, value) for name, value in vars(options).items() if name not in ("function", "run"))
    given = {name: value for name, value in asked if value not in (None, [])}
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
    preparation = replace(preparation_of(options), split=options.split_column)
    with _data(given) as data:
        new = _asked({**given, "data": data}, named_columns(options), reading_of(options), preparation)
        run = runs.create(new.config, data_file(new.config.data), folder=folder)
    tell(new.report, new.warnings)
    _offer(new.config.task, new.report)
    for message, values in new.steps:
        say(message.format(**values))
    return _work(run, started_by_hand=True)


@contextmanager
def _data(given: Json) -> Iterator[str]:
    """What --data names; where validation or test have files of their own, a folder that holds all of them for a moment."""
    from core.data.folders import gather

    own = {split: Path(str(given.pop(split))).expanduser() for split in PARTS if split in given}
    if not own:
        yield str(given["data"])
        return
    train = data_file(str(given["data"]))
    if train is None:
        raise UserError(
            "--validation and --test go with a file; '{data}' is a dataset with rows of its own for them",
            data=given["data"],
        )
    with TemporaryDirectory() as place:
        yield str(gather(Path(place) / train.stem, {"train": train, **own}))


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _go_on(folder: Path) -> int:
    from core import runs

    if not (folder / "config.json").is_file():
        raise UserError("there is no run in {folder}: it has no config.json", folder=folder)
    return _work(runs.resumed(folder), started_by_hand=sys.stderr.isatty())


def _asked(given: Json, columns: dict[str, str], reading: Reading, preparation: Preparation) -> _Asked:
    """The run that is asked for, checked before anything is written: a mistake must not leave a failed run behind."""
    from core import models
    from core.data import alike
    from core.data.columns import SeveralLabels
    from core.data.load import load
    from core.families import HEADS
    from core.finetune.setup import check
    from core.tables.table import WordsWithTags
    from core.tasks.table import task_of

    data_options = ("column", "label", "separator", "split_column", *asdict(reading))
    given = {name: value for name, value in given.items() if name not in data_options}
    preset = given.pop("preset", None)
    task_named = "task" in given
    given.setdefault("task", _task_with(columns.keys()))
    base = RunConfig(model=str(given["model"]), data=str(given["data"]), reading=reading, preparation=preparation)
    config = _with_values(base, preset, given, None)
    check(config)
    task = task_of(config.task)
    columns = without_labels(task, columns)
    if config.model != models.SCRATCH:
        models.folder(config.model, allow_path=True)
        if not models.can_learn(config.model, task.head, allow_path=True):
            raise UserError(HEADS[task.head].missing, name=models.title(config.model))
        tell_model(config.model)
    file = data_file(config.data)
    try:
        dataset = load(
            str(file or config.data), task.layout, columns, reading=reading, preparation=preparation, allow_path=True
        )
    except WordsWithTags as error:
        raise _other_task(task, str(file or config.data)) from error
    except SeveralLabels as error:
        raise UserError("{reason}; to do so: --task {others}", reason=error, others=_tasks_of("labels")) from error
    if dataset.report.tagged and not task_named:
        raise _other_task(task, str(file or config.data))
    size = _size(config, dataset)
    config = _with_values(base, preset, given, size)
    _advise(config)
    config = replace(config, columns=tuple((role, name) for role, name in dataset.columns.items() if role in columns))
    counts = dataset.report.counts
    steps: tuple[Note, ...] = ()
    if task.supervised:  # the others read blocks of their texts, which are not counted yet
        validation = counts.get("validation", 0)
        little = too_little(config, counts["train"], validation, {}, chosen_by(task.best, validation))
        steps = (*derivation(config, size), *little)
    return _Asked(config, dataset.report, (*_unfit(config, task, dataset), *alike.notes(dataset)), steps)


def _with_values(base: RunConfig, preset: object, given: Json, size: Size | None) -> RunConfig:
    """The configuration with a preset's values for this size, where one was named, and over them what was given."""
    chosen = base if preset is None else with_preset(base, str(preset), size)
    return replace(chosen, **given)  # type: ignore[arg-type]


def _size(config: RunConfig, dataset: "TextDataset") -> Size:
    """What a preset depends on, of these rows and this model."""
    from core import models
    from core.tasks.table import task_of

    rows = len(dataset.splits["train"])
    rows, classes, rate = min(rows, config.limit or rows), len(dataset.label_names), task_of(config.task).rate
    if config.model == models.SCRATCH:
        return Size(rows, classes, rate=rate)
    model = models.load_config(config.model, allow_path=True)
    return Size(rows, classes, model.hidden_size, model.vocab_size, rate)


def _unfit(config: RunConfig, task: "Task", dataset: "TextDataset") -> "tuple[Note, ...]":
    """What is to be said of how the model reads the texts; nothing of a model whose vocabulary is made of them."""
    from core import models
    from core.data import fit

    if config.model == models.SCRATCH:
        return ()
    tokenizer = models.load_tokenizer(config.model, allow_path=True)
    limit = min(config.max_length, tokenizer.model_max_length)
    return fit.advice(
        task.layout.readings(dataset.texts(dataset.splits["train"])), tokenizer, limit, cut=not task.windowed
    )


def _other_task(task: "Task", name: str) -> UserError:
    """What is to be said of words with tags that nobody said are texts with labels."""

    return UserError(
        "{file} looks like words with a tag each, one word a line: train it with --task {others}, or say --task {task} if each row "
        "is a text with a label",
        file=Path(name).name,
        others=_tasks_of("tags"),
        task=task.id,
    )


def _offer(task_id: str, report: "DataReport") -> None:
    """What would read more of the rows."""
    if report.several:
        say(f"to learn each label by itself: --task {_tasks_of('labels')}")
    if report.asks:
        say(f"to mark the answers in their passages: --task {_tasks_of('answers')}")
    elif report.more_texts:
        _offer_both(task_id, report)


def _offer_both(task_id: str, report: "DataReport") -> None:
    """How two columns of texts are read together."""
    from core.data.remarks import joined
    from core.tasks.table import TASKS

    task = TASKS[task_id]
    text = next(role.id for role in task.layout.roles if role.kind == "text")
    roles = {role.id for role in task.layout.roles}
    pairs = [row.id for row in TASKS.values() if roles < {role.id for role in row.layout.roles}]
    say(" or ".join([f"to read both: --column '{text}={joined(report)}'", *(f"--task {name}" for name in pairs)]))


def _tasks_of(kind: str) -> str:
    """The tasks whose rows have answers of a kind, as an option names them."""
    from core.tasks.table import TASKS

    return " or ".join(row.id for row in TASKS.values() if kind in row.layout.kinds)


def _task_with(columns: Set[str]) -> str:
    """The task that nobody named: the usual one where it has the named columns' roles, otherwise the first that has them."""
    from core.tasks.table import TASKS

    usual = TASKS[DEFAULTS["task"]]
    fitting = [row for row in (usual, *TASKS.values()) if columns <= {role.id for role in row.layout.roles}]
    return (fitting or [usual])[0].id


def without_labels(task: "Task", columns: Mapping[str, str]) -> dict[str, str]:
    """The named columns; a task that learns without labels does not look at theirs."""
    return {role: column for role, column in columns.items() if task.supervised or role != "label"}


def _advise(config: RunConfig) -> None:
    """Say so when the learning rate is far above what suits a model of this size."""
    from core import models
    from core.tasks.table import task_of

    if config.model == models.SCRATCH:
        return
    hidden_size = models.load_config(config.model, allow_path=True).hidden_size
    rate = suggested_learning_rate(config.method, hidden_size, task_of(config.task).rate)
    if config.learning_rate > TOO_HIGH * rate:
        say(
            f"the learning rate {config.learning_rate:g} is high for this model; about {rate:g} suits it: --learning-rate {rate:g}"
        )


def data_file(name: str) -> Path | None:
    """The file or folder that a --data stands for, None for a dataset's name."""
    from core.data.bundled import DATASETS
    from core.data.layouts import LAYOUTS
    from core.tables.files import SUFFIXES

    path = Path(name).expanduser()
    suffixes = {*SUFFIXES, *(suffix for layout in LAYOUTS.values() for suffix in layout.suffixes)}
    looks_like_file = path.suffix.lower() in suffixes
    is_file = name not in DATASETS and (looks_like_file or path.is_absolute() or path.exists())
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
        report = runs.work(run.folder, listener(progress, tell_all=started_by_hand))
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
    tell_next(run, report)
    answer(trained(run, report))
    return 0
