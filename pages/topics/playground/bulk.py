"""Many texts, one after another: a job that a page works on in small steps, can cancel, and whose partial result is kept.

A job lives in one visitor's session. Between two steps the page draws its progress, which is where Streamlit interrupts
it when a button is pressed; what was predicted by then stays. This module draws nothing, and does not know which file
or field the texts come from.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
import pandas as pd

from core import predict, settings
from core.data.load import Inputs
from core.errors import UserError
from core.export.tables import UNSURE, answered, as_in_file, csv_text, decided, with_columns
from core.results import Evaluation, Prediction
from core.tasks.base import Goal
from core.tasks.class_scores import measure
from core.tasks.classify import Labelled
from core.tasks.labels import match_labels, unknown_labels
from core.tasks.table import TASKS
from pages.shared.i18n import _
from pages.shared.words import shortened

FIRST_STEP = 16
SECONDS_PER_STEP = 0.5
MOST_PER_STEP = 512
MOST_LABEL_COLUMNS = 20
SHOWN_CHARS = 300
CHANCE = "probability of "


@dataclass
class Job:
    """Texts to predict, and the predictions so far.

    inputs: role → N texts. rows: the row (or line) of each in its source, counted from 1. truth: the label of each, "" where
    unknown, or None; truth_column: where in the source it stands. empty: rows left out because a text is missing. beyond: rows left out because of STUDIO_MAX_BULK. source:
    every row of the file that they come from, None of a field. file: its name. seconds: spent predicting.
    """

    model: str
    title: str
    rows: list[int]
    inputs: dict[str, list[str]]
    truth: list[str] | None
    empty: int
    beyond: int
    source: Inputs | None = None
    file: str = ""
    truth_column: str = ""
    predictions: list[Prediction] = field(default_factory=list)
    seconds: float = 0.0
    cancelled: bool = False

    def asks_what(self, other: "Job") -> bool:
        """Whether the other job asks the same model about the same rows of the same source."""
        frames = [job.source.frame for job in (self, other) if job.source is not None]
        return (
            (self.model, self.file, self.rows, self.inputs, self.truth, self.beyond)
            == (other.model, other.file, other.rows, other.inputs, other.truth, other.beyond)
            and len(frames) in (0, 2)
            and all(frame.equals(frames[0]) for frame in frames)
        )

    @property
    def total(self) -> int:
        return len(self.rows)

    @property
    def running(self) -> bool:
        return not self.cancelled and len(self.predictions) < self.total

    @property
    def rate(self) -> float:
        """Texts per second so far; 0 before the first step."""
        return len(self.predictions) / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float:
        return (self.total - len(self.predictions)) / self.rate if self.rate else 0.0


@dataclass(frozen=True)
class Shown:
    """Which answers are shown, and how; the download follows.

    threshold: labels with a smaller probability are unsure, 0 for none. by_doubt: least sure first. only: the answers with this label
    (or UNSURE), "" for all.
    """

    threshold: float = 0.0
    by_doubt: bool = False
    only: str = ""


AS_ASKED = Shown()


def create(
    model: str,
    title: str,
    inputs: Mapping[str, Sequence[str]],
    truth: Sequence[str] | None = None,
    source: Inputs | None = None,
    file: str = "",
    truth_column: str = "",
) -> Job:
    """A job over the rows that hold every text, at most STUDIO_MAX_BULK of them. Raises UserError when none does."""
    count = len(next(iter(inputs.values())))
    full = [i for i in range(count) if all(texts[i].strip() for texts in inputs.values())]
    if not full:
        raise UserError("there is no text in it; write or choose at least one")
    kept = full[: settings.MAX_BULK.value()]
    return Job(
        model=model,
        title=title,
        rows=[i + 1 for i in kept],
        inputs={role: [texts[i] for i in kept] for role, texts in inputs.items()},
        truth=None if truth is None else [truth[i].strip() for i in kept],
        empty=count - len(full),
        beyond=len(full) - len(kept),
        source=source,
        file=file,
        truth_column=truth_column,
    )


def work(job: Job, predictor: predict.Predictor) -> Iterator[None]:
    """Predict what is left of a job, about half a second of it between two yields, as fast as the step before went."""
    size = FIRST_STEP
    while job.running:
        done = len(job.predictions)
        start = perf_counter()
        part = {role: texts[done : done + size] for role, texts in job.inputs.items()}
        job.predictions += predict.predict(predictor, part)
        seconds = perf_counter() - start
        job.seconds += seconds
        yield
        size = min(MOST_PER_STEP, max(1, round(size / max(seconds, 0.001) * SECONDS_PER_STEP)))


def evaluation(job: Job, goal: Goal, threshold: float = 0.0) -> Evaluation | None:
    """The answers so far that are at least so probable against the labels that came with the texts, or None where there are none.

    Rows whose label the model does not know are left out (`unknown` names them). Raises UserError when it knows none.
    """
    given = {
        i: row for i, row in enumerate(job.predictions) if isinstance(row, Labelled) and row.probability >= threshold
    }
    known = [i for i in _known(job, goal) if i in given]
    if job.truth is None or not known:
        return None
    names = sorted({job.truth[i] for i in known})
    index = dict(zip(names, match_labels(goal.labels, names), strict=True))
    return measure(
        goal.task,
        goal.labels,
        np.array([index[job.truth[i]] for i in known]),
        np.array([list(given[i].probabilities.values()) for i in known]),
        {role: [texts[i] for i in known] for role, texts in job.inputs.items()},
    )


def unknown(job: Job, goal: Goal) -> dict[str, int]:
    """Labels that came with the texts but that the model does not know, and how many of the answered rows have each."""
    counts = Counter(label for label in (job.truth or ())[: len(job.predictions)] if label)
    return {label: counts[label] for label in unknown_labels(goal.labels, sorted(counts))} if counts else {}


def _known(job: Job, goal: Goal) -> list[int]:
    """The places of the answered rows that came with a label which the model knows."""
    strange = unknown(job, goal)
    given = enumerate((job.truth or ())[: len(job.predictions)])
    return [i for i, label in given if label and label not in strange]


def learnt(job: Job, goal: Goal, training: Set[str]) -> int:
    """How many of the rows that are measured are among a model's training rows. training: the texts of these."""
    return sum(all(texts[i].strip() in training for texts in job.inputs.values()) for i in _known(job, goal))


def answers(job: Job, goal: Goal, threshold: float = 0.0) -> pd.DataFrame:
    """The answers so far, a row each; with a threshold also what it decides."""
    frame = goal.frame(job.predictions)
    return decided(frame, threshold) if threshold else frame


def counts(job: Job, goal: Goal, threshold: float = 0.0) -> dict[str, int]:
    """How often each label is the answer, in the model's order, and how often it is unsure; of many the most frequent."""
    found = dict(Counter(answers(job, goal, threshold)[_decision(threshold)]).most_common(MOST_LABEL_COLUMNS))
    return {label: found[label] for label in dict.fromkeys((*goal.labels, UNSURE)) if label in found}


def _decision(threshold: float) -> str:
    return "decision" if threshold else "label"


def result(job: Job, goal: Goal, shown: Shown = AS_ASKED) -> pd.DataFrame:
    """The answers so far as the command line's `predict` writes them: every row of a file with all its columns, as they are shown.

    Of a field, the answered lines and the label in the file. Its index is the place of each row in the source.
    """
    frame = answers(job, goal, shown.threshold)
    places = [row - 1 for row in job.rows[: len(frame)]]
    if job.source is not None:
        source = job.source
        frame = answered(source.frame, source.report.used, source.texts, frame, places)
    else:
        frame = frame.set_axis(places)
        frame["row"] = job.rows[: len(frame)]
        if job.truth is not None:
            frame["true label"] = job.truth[: len(frame)]
    if shown.by_doubt:
        frame = frame.sort_values("margin", kind="stable", na_position="last")
    return frame[frame[_decision(shown.threshold)] == shown.only] if shown.only else frame


def table(
    job: Job, goal: Goal, brief: Callable[[Prediction], str] | None = None, shown: Shown = AS_ASKED
) -> pd.DataFrame:
    """The answers so far for the eye: one row an input, long texts shortened, headings in the language of the page.

    The answer comes first, where a telephone shows it; its text and all columns of the file follow. brief: an answer in a line, in place of the task's own columns.
    """
    place_of = {row - 1: number for number, row in enumerate(job.rows[: len(job.predictions)])}
    whole = result(job, goal, shown)
    whole = whole[whole.index.isin(place_of)]
    own = [column for column in answers(job, goal, shown.threshold) if column in whole]
    frame = whole[own]
    order = [place_of[place] for place in whole.index]
    if brief is not None:
        frame = frame[list(job.inputs)].assign(answer=[brief(job.predictions[number]) for number in order])
    if "cut" in frame:
        cut = [job.predictions[number].truncated for number in order]
        frame = frame.assign(cut=[_("cut") if one else "" for one in cut]) if any(cut) else frame.drop(columns="cut")
    for role in job.inputs:
        if role in frame:
            frame = frame.assign(**{role: [shortened(text, SHOWN_CHARS) for text in frame[role]]})
    chances = {column: column.removeprefix(CHANCE) for column in frame if str(column).startswith(CHANCE)}
    if len(chances) > MOST_LABEL_COLUMNS:
        frame = frame.drop(columns=list(chances))
    first = [column for column in frame if column not in (*job.inputs, *chances, "margin", "cut")]
    frame = frame[first + [column for column in frame if column not in first]]
    headings = {
        **{role.id: _(role.name) for role in TASKS[goal.task].layout.inputs},
        "label": _("Prediction"),
        "labels": _("Labels"),
        "decision": _("Decision"),
        "probability": _("Probability"),
        "margin": _("Margin"),
        "cut": _("Cut"),
        "fill": _("Likeliest words"),
        "answer": _("Answer"),
    } | {column: _("P({label})").format(label=label) for column, label in chances.items()}
    frame = frame.rename(columns=headings)
    if "decision" in whole:
        frame[_("Decision")] = frame[_("Decision")].replace({UNSURE: _("unsure")})
    if job.truth is not None:
        frame.insert(len(first), _("Label in the file"), [job.truth[number] for number in order])
    frame.insert(0, _("Row"), [place + 1 for place in whole.index])
    if job.source is None:
        return frame
    taken = (*job.source.report.used.values(), job.truth_column)
    others = [column for column in job.source.frame.columns if column not in taken]
    cells = job.source.frame.loc[whole.index, others]
    return with_columns(
        frame, {str(name): [shortened(str(cell), SHOWN_CHARS) for cell in cells[name]] for name in others}
    )


def download(job: Job, goal: Goal, shown: Shown = AS_ASKED) -> str:
    """The answers so far as CSV, in the order and with the decisions that are shown; rows without an answer stay empty.

    The texts keep their columns' names; the command line, which programs read, writes the roles' in their place.
    """
    found = result(job, goal, shown)
    if job.source is not None:
        found = as_in_file(found, job.source.frame, job.source.report.used)
    return csv_text(found, mark=True)


def guess_truth(frame: pd.DataFrame, text_columns: Sequence[str], labels: Sequence[str]) -> str:
    """The first column whose values are all labels of the model, "" when there is none."""
    for column in frame.columns:
        if column in text_columns:
            continue
        names = sorted({cell.strip() for cell in frame[column] if isinstance(cell, str) and cell.strip()})
        if len(names) < 2:
            continue
        try:
            match_labels(labels, names)
        except UserError:
            continue
        return str(column)
    return ""
