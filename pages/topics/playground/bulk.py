"""Many texts, one after another: a job that a page works on in small steps, can cancel, and whose partial result is kept.

A job lives in one visitor's session. Between two steps the page draws its progress, which is where Streamlit interrupts
it when a button is pressed; what was predicted by then stays. This module draws nothing, and does not know which file
or field the texts come from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
import pandas as pd

from core import predict, settings
from core.errors import UserError
from core.export.tables import csv_text, predictions_frame
from core.results import Evaluation, Prediction
from pages.shared.i18n import _

FIRST_STEP = 16
SECONDS_PER_STEP = 0.5
MOST_PER_STEP = 512
MOST_LABEL_COLUMNS = 20
SHOWN_CHARS = 300


@dataclass
class Job:
    """Texts to predict, and the predictions so far.

    rows: the row (or line) of each text in its source, counted from 1. truth: the label of each text, "" where unknown, or
    None. empty: rows left out because they hold no text. beyond: rows left out because of STUDIO_MAX_BULK.
    seconds: spent predicting.
    """

    model: str
    title: str
    rows: list[int]
    texts: list[str]
    pairs: list[str] | None
    truth: list[str] | None
    empty: int
    beyond: int
    predictions: list[Prediction] = field(default_factory=list)
    seconds: float = 0.0
    cancelled: bool = False

    @property
    def running(self) -> bool:
        return not self.cancelled and len(self.predictions) < len(self.texts)

    @property
    def rate(self) -> float:
        """Texts per second so far; 0 before the first step."""
        return len(self.predictions) / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float:
        return (len(self.texts) - len(self.predictions)) / self.rate if self.rate else 0.0


def create(
    model: str,
    title: str,
    texts: Sequence[str],
    pairs: Sequence[str] | None = None,
    truth: Sequence[str] | None = None,
) -> Job:
    """A job over the rows that hold text, at most STUDIO_MAX_BULK of them. Raises UserError when none does."""
    full = [i for i, text in enumerate(texts) if text.strip() and (pairs is None or pairs[i].strip())]
    if not full:
        raise UserError("there is no text in it; write or choose at least one")
    kept = full[: settings.MAX_BULK.value()]
    return Job(
        model=model,
        title=title,
        rows=[i + 1 for i in kept],
        texts=[texts[i] for i in kept],
        pairs=None if pairs is None else [pairs[i] for i in kept],
        truth=None if truth is None else [truth[i].strip() for i in kept],
        empty=len(texts) - len(full),
        beyond=len(full) - len(kept),
    )


def work(job: Job, predictor: predict.Predictor) -> Iterator[None]:
    """Predict what is left of a job, about half a second of it between two yields, as fast as the step before went."""
    size = FIRST_STEP
    while job.running:
        done = len(job.predictions)
        start = perf_counter()
        job.predictions += predict.predict(
            predictor,
            job.texts[done : done + size],
            None if job.pairs is None else job.pairs[done : done + size],
        )
        seconds = perf_counter() - start
        job.seconds += seconds
        yield
        size = min(MOST_PER_STEP, max(1, round(size / max(seconds, 0.001) * SECONDS_PER_STEP)))


def evaluation(job: Job, labels: Sequence[str]) -> Evaluation | None:
    """The answers so far against the labels that came with the texts, or None where there are none.

    Raises UserError when the labels are not the model's.
    """
    known = [i for i in range(len(job.predictions)) if job.truth and job.truth[i]]
    if job.truth is None or not known:
        return None
    names = sorted({job.truth[i] for i in known})
    index = dict(zip(names, predict.match_labels(labels, names), strict=True))
    columns = {"text": [job.texts[i] for i in known]} | (
        {} if job.pairs is None else {"pair": [job.pairs[i] for i in known]}
    )
    return predict.measure(
        labels,
        np.array([index[job.truth[i]] for i in known]),
        np.array([list(job.predictions[i].probabilities.values()) for i in known]),
        columns,
    )


def _shorten(text: str) -> str:
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"


def table(job: Job) -> pd.DataFrame:
    """The answers so far for the eye: one row a text, long texts shortened, headings in the language of the page."""
    answers = job.predictions
    n = len(answers)
    columns: dict[str, list[object]] = {_("Row"): list(job.rows[:n]), _("Text"): [_shorten(t) for t in job.texts[:n]]}
    if job.pairs is not None:
        columns[_("Second text")] = [_shorten(text) for text in job.pairs[:n]]
    if job.truth is not None:
        columns[_("Label in the file")] = list(job.truth[:n])
    columns[_("Prediction")] = [answer.label for answer in answers]
    columns[_("Probability")] = [answer.probability for answer in answers]
    labels = list(answers[0].probabilities) if answers else []
    if len(labels) <= MOST_LABEL_COLUMNS:
        for label in labels:
            columns[_("P({label})").format(label=label)] = [answer.probabilities[label] for answer in answers]
    columns[_("Cut")] = [answer.cut for answer in answers]
    return pd.DataFrame(columns)


def download(job: Job) -> str:
    """The answers so far as CSV, with the columns of the command line's `predict`, the row and the label in the file."""
    n = len(job.predictions)
    extra: dict[str, list[object]] = {"row": list(job.rows[:n])}
    if job.truth is not None:
        extra["true label"] = list(job.truth[:n])
    return csv_text(predictions_frame(job.predictions, extra), mark=True)


def guess_truth(frame: pd.DataFrame, text_columns: Sequence[str], labels: Sequence[str]) -> str:
    """The first column whose values are all labels of the model, "" when there is none."""
    for column in frame.columns:
        if column in text_columns:
            continue
        names = sorted({cell.strip() for cell in frame[column] if isinstance(cell, str) and cell.strip()})
        if not 1 < len(names) <= len(labels):
            continue
        try:
            predict.match_labels(labels, names)
        except UserError:
            continue
        return str(column)
    return ""
