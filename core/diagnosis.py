"""What a run shows when it is over, and the next thing that helps most.

CHECKS are asked in their order, and the first that finds something speaks. Each looks at what every run has: its losses, its best
step, and what its task's row can tell of an evaluation. This module does not know how a run is started or how advice is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.errors import N_, Note, plural
from core.finetune.recipe import (
    LOWER,
    NOT_A_NUMBER,
    PRESETS,
    Size,
    fewest_steps,
    suggested_learning_rate,
    with_preset,
)
from core.metrics import METRICS
from core.results import WORD_COUNTS, Evaluation, Event, RunConfig, RunReport
from core.tasks.table import task_of

BEGINNING, END = 0.1, 0.75  # shares of the steps
FEWEST_LOSSES = 4
FELL = 0.95  # of what it was, or less: the loss fell
ROSE = 1.1
LEARNT = 0.05  # nats: with less there is hardly anything to learn
HIGH = 1.5  # times the usual learning rate
FEWEST_MISTAKES = 5
MUCH = 0.25  # of all mistakes


@dataclass(frozen=True)
class Ended:
    """A finished run. model: what another run calls its model; hidden: the model's hidden size."""

    model: str
    config: RunConfig
    report: RunReport
    events: Sequence[Event]
    hidden: int = 384

    @property
    def measured(self) -> Evaluation | None:
        """Its result where that says something of new rows."""
        return None if self.report.memorised else self.report.measured

    @property
    def is_perfect(self) -> bool:
        """Whether its headline on the measured rows is as good as can be: no other run can be told to be better on them."""
        headline = METRICS[task_of(self.config.task).metrics[0]]
        return self.measured is not None and self.measured.metrics[headline.id].value >= headline.best

    @property
    def size(self) -> Size:
        """What its recipe depends on."""
        data = self.report.data
        rate = task_of(self.config.task).rate
        return Size(data.counts.get("train", 0), len(data.label_counts), self.hidden, rate=rate)

    def losses(self, kind: str) -> list[tuple[int, float]]:
        """(step, loss) of its events of one kind."""
        found = ((event.step, event.values.get("loss")) for event in self.events if event.kind == kind)
        return [(step, float(loss)) for step, loss in found if isinstance(loss, int | float)]


@dataclass(frozen=True)
class Diagnosis:
    """What was seen, what to do about it, and what the button that does it says: sentences with their values.

    config: the run to start; None where the thing to do is to read rows, the mistakes in question (role → text, true, predicted).
    """

    id: str
    seen: Note
    advice: Note
    action: Note
    config: RunConfig | None = None
    rows: tuple[Mapping[str, str], ...] = ()


def diagnose(ended: Ended) -> Diagnosis | None:
    """The first thing that one of CHECKS finds; None where there is nothing to say."""
    return next((found for check in CHECKS if (found := check(ended)) is not None), None)


def diagnose_failure(config: RunConfig, error: str, hidden: int) -> Diagnosis | None:
    """What to do about a run that failed with this error (RunState.error); None where it is not the recipe's fault."""
    seen: Note = (N_("The loss stopped being a number."), {})
    return _lower_rate(config, hidden, seen) if error == NOT_A_NUMBER else None


def rate_too_high(ended: Ended) -> Diagnosis | None:
    """The training loss did not fall, and the learning rate is higher than usual, or it even rose."""
    losses = ended.losses("step")
    if len(losses) < FEWEST_LOSSES:
        return None
    first, last = losses[0][0], losses[-1][0]
    beginning = [loss for step, loss in losses if step <= max(BEGINNING * last, first)]
    end = [loss for step, loss in losses if step > END * last]
    before, after = sum(beginning) / len(beginning), sum(end) / len(end)
    usual = _usual_rate(ended.config, ended.hidden)
    if after < FELL * before or (ended.config.learning_rate <= HIGH * usual and after < ROSE * before):
        return None
    seen = (
        N_("The training loss did not fall: it was {before:.3f} at the beginning and {after:.3f} at the end."),
        {"before": before, "after": after},
    )
    return _lower_rate(ended.config, ended.hidden, seen)


def _usual_rate(config: RunConfig, hidden: int) -> float:
    """The learning rate that suits a method, a task and a model of this hidden size."""
    return suggested_learning_rate(config.method, hidden, task_of(config.task).rate)


def _lower_rate(config: RunConfig, hidden: int, seen: Note) -> Diagnosis:
    """Advice to train again with the usual learning rate, or with a lower one where it was not above that."""
    usual = _usual_rate(config, hidden)
    rate = usual if config.learning_rate > HIGH * usual else float(f"{config.learning_rate / LOWER:.0e}")
    advice = (
        N_("The learning rate {rate:.0e} is too high: such steps destroy what the model knows."),
        {"rate": config.learning_rate},
    )
    return Diagnosis(
        "rate",
        seen,
        advice,
        (N_("Train again at {rate:.0e}"), {"rate": rate}),
        replace(config, learning_rate=rate, preset="custom"),
    )


def still_falling(ended: Ended) -> Diagnosis | None:
    """The last state was the best, and the loss on the validation rows (the training loss where there are none) still fell.

    Nothing where no row that was measured is answered wrongly: a longer run could not be told to be better.
    """
    if ended.report.memorised or ended.report.best_step < ended.report.steps or ended.is_perfect:
        return None
    kind = "evaluation" if len(ended.losses("evaluation")) > 1 else "step"
    losses = ended.losses(kind)
    earlier = [row for row in losses if row[0] <= END * ended.report.steps]
    if not earlier or losses[-1][1] < LEARNT or losses[-1][1] >= FELL * earlier[-1][1]:
        return None
    seen = (
        N_("The loss on the validation rows was still falling when the training ended: {before:.3f} at step {early:,}, {after:.3f} at step {late:,}.")
        if kind == "evaluation"
        else N_("The training loss was still falling when the training ended: {before:.3f} at step {early:,}, {after:.3f} at step {late:,}."),
        {"before": earlier[-1][1], "early": earlier[-1][0], "after": losses[-1][1], "late": losses[-1][0]},
    )  # fmt: skip
    return _longer("longer", ended, seen, (N_("It can learn more: let it go on from this model."), {}))


def _longer(id: str, ended: Ended, seen: Note, advice: Note) -> Diagnosis:
    """Advice to go on from the run's model, as long again."""
    config = replace(ended.config, model=ended.model, preset="custom")
    return Diagnosis(
        id,
        seen,
        advice,
        (
            plural(N_("Train {epochs:g} more epoch"), N_("Train {epochs:g} more epochs"), config.epochs),
            {"epochs": config.epochs},
        ),
        config,
    )


def never_found(ended: Ended) -> Diagnosis | None:
    """Labels that occur among the measured rows and were never answered rightly."""
    task = task_of(ended.config.task)
    labels = task.never_found(ended.measured) if ended.measured else ()
    if not labels:
        return None
    seen = (N_("Never found: {labels}."), {"labels": ", ".join(labels)})
    if not task.class_weights or ended.config.class_weights:
        return _longer(
            "rare", ended, seen, (N_("More rows of such labels help most. Until there are some, train longer."), {})
        )
    return Diagnosis(
        "rare",
        seen,
        (N_("Frequent labels drown a rare one: mistakes on rare labels can be made to count more."), {}),
        (N_("Train again with class weights"), {}),
        replace(ended.config, class_weights=True, preset="custom"),
    )


def no_better_than_counting(ended: Ended) -> Diagnosis | None:
    """Counting words does as well: take more steps, or where there were enough, read the mistakes. Nothing where there are none."""
    task = task_of(ended.config.task)
    headline = METRICS[task.metrics[0]]
    if ended.measured is None or ended.report.beats_counting(headline.id) is not False:
        return None
    words = ended.report.evaluations[WORD_COUNTS]
    own, simple = (row.metrics[headline.id].value for row in (ended.measured, words))
    if ended.is_perfect:
        return None
    seen = (
        N_("Counting words does as well or better: {words} against {own} on the same rows."),
        {"words": headline.write(simple), "own": headline.write(own)},
    )
    wanted = fewest_steps(PRESETS["thorough"].steps, ended.size.classes)
    if ended.report.steps < wanted:
        config = replace(with_preset(ended.config, "thorough", ended.size), limit=ended.config.limit)
        if config.method != "full":
            rate = _usual_rate(config, ended.hidden)
            config = replace(config, learning_rate=rate, preset="custom")
        return Diagnosis(
            "counting",
            seen,
            (
                N_("It made {steps:,} steps, and the preset Thorough makes {wanted:,} of these rows: a network learns in steps."),
                {"steps": ended.report.steps, "wanted": wanted},
            ),
            (N_("Train again thoroughly"), {}),
            config,
        )  # fmt: skip
    confused = task.confused(ended.measured)
    if confused is None:
        return None
    advice: Note = (N_("Single words may decide these labels. Its surest mistakes show what it misses, and which labels are wrong."), {})  # fmt: skip
    return Diagnosis("counting", seen, advice, _read(len(confused.rows)), rows=confused.rows)


def two_confused(ended: Ended) -> Diagnosis | None:
    """Two of several labels make up a good part of the mistakes."""
    confused = task_of(ended.config.task).confused(ended.measured) if ended.measured else None
    if confused is None or confused.labels < 3 or confused.count < max(FEWEST_MISTAKES, MUCH * confused.mistakes):
        return None
    return Diagnosis(
        "confused",
        (
            plural(N_("“{first}” and “{second}” are taken for each other: the only mistake."), N_("“{first}” and “{second}” are taken for each other: {count:,} of {mistakes:,} mistakes."), confused.mistakes),
            {"first": confused.pair[0], "second": confused.pair[1], "count": confused.count, "mistakes": confused.mistakes},
        ),
        (N_("Read them: their labels may be wrong, or the two labels may mean the same."), {}),
        _read(len(confused.rows)),
        rows=confused.rows,
    )  # fmt: skip


def _read(count: int) -> Note:
    return N_("Read these rows ({count})"), {"count": count}


CHECKS: tuple[Callable[[Ended], Diagnosis | None], ...] = (
    rate_too_high,
    still_falling,
    never_found,
    no_better_than_counting,
    two_confused,
)
