"""The command train: start a run in a folder of its own, or work on one that is there.

The app starts every run with this command, too. This module does not know how a model learns or how a run is kept.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from core.commands.show import (
    DATA_HELP,
    MODEL_HELP,
    PROGRAM,
    Json,
    Progress,
    Subparsers,
    add_command,
    answer,
    masked_measures,
    measures,
    say,
    tell,
)
from core.errors import Cancelled, UserError

if TYPE_CHECKING:
    from core.models import Head
    from core.results import Event, RunConfig, RunReport
    from core.runs import Run

STOPPED = 130  # the exit code
PRETRAINING: dict[str, "Head"] = {"masked-language-modelling": "mlm", "next-sentence-prediction": "nsp"}  # task → head
TASK_HELP = "text-classification (default), pair-classification, masked-language-modelling or next-sentence-prediction"
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

EPILOG = """\
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
vocabulary's size), baseline_accuracy and baseline_loss in the place of macro_f1, ece and majority."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command and its options."""
    one = add_command(subparsers, "train", train_command, "Fine-tune a model on texts with labels.", EPILOG)
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
    file = data_file(config.data)
    dataset = data.load(
        config.data,
        task=config.task,
        text_column=config.text_column,
        pair_column=config.pair_column,
        label_column=config.label_column,
        allow_path=True,
    )
    tell(dataset)
    return config, file


def data_file(name: str) -> Path | None:
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
        **(measures(evaluation) if evaluation else {"n": 0, "accuracy": None, "macro_f1": None}),
        "baseline_accuracy": report.baseline.accuracy.value if report.baseline else None,
    }


def _masked_results(report: "RunReport") -> Json:
    split = next((name for name in ("test", "validation") if name in report.masked), None)
    before = report.masked.get("baseline")
    return {
        "split": split,
        **(masked_measures(report.masked[split]) if split else {"n": 0, "accuracy": None, "loss": None}),
        "baseline_accuracy": before.top1.value if before else None,
        "baseline_loss": before.loss if before else None,
    }
