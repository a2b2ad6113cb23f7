"""What a trained model answers, why, and how long that takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import cast

import numpy as np

from core import exemplars, explain, models, predict, runs
from core.batches import Report
from core.errors import UserError
from core.results import Attribution, Prediction
from core.tasks.classify import Labelled
from core.tasks.labels import match_labels
from pages.shared.cached.data import data_of, run_data
from pages.shared.cached.models import predictor, written_at
from pages.shared.cached.once import once, undisturbed
from pages.shared.cached.store import kept

FIRST_ROWS = 100  # of a run's data, of which its first question is made


@kept
def _prediction(name: str, written: float, inputs: Mapping[str, str], begins: bool) -> tuple[Prediction, float]:
    ready, begin = predictor(name, begins=begins), perf_counter()
    return predict.predict(ready, {role: [text] for role, text in inputs.items()})[0], perf_counter() - begin


def prediction(name: str, inputs: Mapping[str, str]) -> Prediction:
    """What a model answers to one input, role → text."""
    return _prediction(name, written_at(name), inputs, False)[0]


def seconds(name: str, inputs: Mapping[str, str]) -> float:
    """How long that answer took, once: enough for an estimate of what takes many of them."""
    return _prediction(name, written_at(name), inputs, False)[1]


def before_training(run_id: str, inputs: Mapping[str, str]) -> Prediction:
    """What a run's model answered before its first step: what it started from, with the head that its seed gives where it had none."""
    name = f"run:{run_id}"
    return _prediction(name, written_at(name), inputs, True)[0]


def on_measured_rows(run_id: str, split: str, report: Report | None = None) -> tuple[Prediction, ...] | None:
    """What a run's model answers to the rows of a split, in their order; None when that is not known yet and `report` is not given."""
    name = f"run:{run_id}"

    def make() -> tuple[Prediction, ...]:
        dataset = run_data(run_id)
        ready = predictor(name).reading(runs.get(run_id).config.max_length)
        return predict.predict(ready, dataset.texts(dataset.splits[split]), report=undisturbed(report))

    key = (name, written_at(name), split)
    return cast("tuple[Prediction, ...] | None", once("measured_rows", key, make if report else None))


EXEMPLARS_FROM = 48  # held-back rows that are answered to find those worth looking at


@dataclass(frozen=True)
class Exemplars:
    """Rows of a classifier's own data. of: those worth looking at, by kind; pair: the surest of two labels, () where there are none."""

    of: Mapping[exemplars.Kind, exemplars.Exemplar]
    pair: tuple[exemplars.Exemplar, ...]


@kept
def _exemplars(name: str, written: float) -> Exemplars:
    ready, data = predictor(name), data_of(name)
    rows = next(data.splits[split] for split in ("test", "validation", "train") if len(data.splits[split]))
    rows = rows.select(np.linspace(0, len(rows) - 1, min(len(rows), EXEMPLARS_FROM)).round().astype(int).tolist())
    texts = data.texts(rows)
    answers = predict.predict(ready, texts)
    chances = np.array([list(one.probabilities.values()) for one in answers if isinstance(one, Labelled)])
    true = np.array(match_labels(ready.labels, data.label_names))[np.array(rows["label"][:])]

    def exemplar(row: int) -> exemplars.Exemplar:
        best, second = np.argsort(-chances[row], kind="stable")[:2]
        return exemplars.Exemplar(
            {role: column[row] for role, column in texts.items()}, ready.labels[true[row]], ready.labels[best],
            float(chances[row][best]), ready.labels[second], float(chances[row][second]),
        )  # fmt: skip

    chosen = exemplars.choose(texts[ready.task.inputs[0]], true, chances)
    pair = list(exemplars.surest(true, chances).values())[:2]
    return Exemplars(
        {kind: exemplar(row) for kind, row in chosen.items()}, tuple(map(exemplar, pair)) if len(pair) == 2 else ()
    )


def own_rows(name: str) -> Exemplars | None:
    """Rows of the data that a run ("run:…") was trained on, held back from it where any were.

    None for a model that is no run or gives no label, and where its data cannot be read any more.
    """
    if not models.RUN_NAME.fullmatch(name) or "label" not in predictor(name).task.gives:
        return None
    try:
        return _exemplars(name, written_at(name))
    except UserError:  # the data came from the hub, or has other labels by now
        return None


def own_row(name: str) -> Mapping[str, str]:
    """What a run ("run:…") is asked first, of rows that it was measured on, role → text; {} where there is none or its data cannot be read."""
    if not models.RUN_NAME.fullmatch(name) or not predictor(name).task.supervised:
        return {}
    try:
        data = data_of(name)
    except UserError:  # the data came from the hub, or has been changed since
        return {}
    rows = next((data.splits[split] for split in ("test", "validation", "train") if len(data.splits[split])), None)
    if rows is None:
        return {}
    return predictor(name).goal.asked_first(data.texts(rows.select(range(min(FIRST_ROWS, len(rows))))))


def explanation(
    name: str, inputs: Mapping[str, str], label: str, method: str, at: int | None = None, end: int | None = None
) -> Attribution:
    """How much each word moved the probability of a label, for a model of tokens that of the token at a character, for one of spans that
    of the characters from `at` up to `end`; "" for the predicted label."""
    made = long_explanation(name, inputs, label, method, at, end, lambda done, total: None)
    return cast("Attribution", made)


def long_explanation(
    name: str,
    inputs: Mapping[str, str],
    label: str,
    method: str,
    at: int | None,
    end: int | None,
    report: Report | None = None,
) -> Attribution | None:
    """The same with a report while it is made; None when it is not known yet and `report` is not given."""
    pair = inputs.get("pair", "")

    def make() -> Attribution:
        return explain.explain(
            predictor(name), inputs["text"], pair, label=label or None, method=method, at=at, end=end, report=report
        )

    key = (name, written_at(name), inputs["text"], pair, label, method, at, end)
    return cast("Attribution | None", once("explanation", key, make if report else None))


@kept
def _latency(name: str, written: float, inputs: Mapping[str, str], now: int) -> tuple[float, int]:
    return predict.latency(predictor(name), inputs)


def latency(name: str, inputs: Mapping[str, str]) -> tuple[float, int]:
    """Milliseconds one prediction takes, tokenising included, and how many were timed.

    It holds for five minutes at most, because a busy machine answers later.
    """
    return _latency(name, written_at(name), inputs, int(monotonic() / 300))
