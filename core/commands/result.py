"""What the command train says of a run: how far it is, what came out and what would help most.

This module does not know how a run is started or stopped.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from core.commands.show import Json, Progress, as_read, measures, say
from core.metrics import METRICS
from core.results import WORD_COUNTS

if TYPE_CHECKING:
    from core.results import Event, RunReport
    from core.runs import Run


def tell_next(run: "Run", report: "RunReport") -> None:
    """Say so when counting words does as well, and what would help most."""
    from core import models, runs
    from core.diagnosis import Ended, diagnose
    from core.tasks.table import task_of

    task = task_of(run.config.task)
    headline = METRICS[task.metrics[0]]
    if report.beats_counting(headline.id) is False and report.measured:
        values = [
            headline.write(row.metrics[headline.id].value) for row in (report.measured, report.evaluations[WORD_COUNTS])
        ]
        say(f"it does not beat counting words: {headline.title} {values[0]}, {task.counted_by} {values[1]} on the same rows")  # fmt: skip
    scratch = run.config.model == models.SCRATCH
    hidden = 0 if scratch else models.load_config(run.config.model, allow_path=True).hidden_size
    found = diagnose(Ended(str(run.folder / "model"), run.config, report, runs.history(runs.events(run)), hidden))
    if found:
        say(" ".join(message.format(**values) for message, values in (found.seen, found.advice)))


def listener(progress: Progress, *, tell_all: bool) -> Callable[["Event"], None]:
    """Shows a run's events; a run that the app started writes all but the steps into its log itself."""

    def listen(event: "Event") -> None:
        values = event.values
        if event.kind == "step":
            note = f"loss {values['loss']:.3f}, {values['examples_per_second']:.0f} examples/s"
            progress(event.step, event.total_steps, left=_number(values["eta_seconds"]), note=note)
        elif tell_all and event.kind == "stage":
            progress.say(f"{values['stage']} …")
        elif tell_all and event.kind == "evaluation":
            progress.say(f"step {event.step}, validation: {_measured(values)}")

    return listen


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _measured(values: Mapping[str, Any]) -> str:
    """The metrics of an evaluation event and how much was measured."""
    shown = [f"{METRICS[name].title} {METRICS[name].write(values[name])}" for name in values if name in METRICS]
    return f"{', '.join(shown)} (n = {values['n']})"


def trained(run: "Run", report: "RunReport") -> Json:
    """The run's result as JSON: the same for every task."""
    from core.tasks.table import task_of

    metrics = task_of(run.config.task).metrics
    counted = [name for name in report.evaluations if name not in ("test", "validation", "baseline")]
    compared = {
        f"{other}_{name}": report.evaluations[other].metrics[name].value if other in report.evaluations else None
        for other in ("baseline", *counted)
        for name in (metrics[0], "loss")
        if name in metrics
    }
    return {
        "run": str(run.folder),
        "model": str(run.folder / "model"),
        "task": run.config.task,
        "split": report.split or None,
        **(measures(report.measured) if report.measured else {"n": 0, **dict.fromkeys(metrics)}),
        **compared,
        "seconds": report.seconds,
        "examples_per_second": report.examples_per_second,
        "peak_memory_mb": report.peak_memory_mb,
        "steps": report.steps,
        "best_step": report.best_step,
        "chosen_by": report.chosen_by or None,
        **as_read(report.data),
    }
