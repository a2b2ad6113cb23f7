"""How good predicted scores are: correlation, errors, where on the scale they are wrong and where most.

This module does not know which model predicted them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core import metrics
from core.batches import Columns
from core.errors import UserError
from core.metrics import Z_95
from core.results import Evaluation, Measure
from core.tasks.base import Lines, as_json, digest, read_detail, sample

MISTAKES = 20
MISTAKE_CHARS = 1_000
POINTS = 400  # of a scatter plot
BANDS = 5  # equal parts of the scale


@dataclass(frozen=True)
class Point:
    """One row: its true score and the predicted one."""

    true: float
    predicted: float


@dataclass(frozen=True)
class Wrong:
    """One row whose score is far off: its text(s), the true score and the predicted one."""

    text: str
    pair: str
    true: float
    predicted: float


@dataclass(frozen=True)
class Band:
    """The rows whose true score lies in a part of the scale: how many, how much too high they are on average, and how far off."""

    low: float
    high: float
    n: int
    bias: float
    error: float


@dataclass(frozen=True)
class Scores:
    """What is known of predicted scores besides the metrics.

    low, high: the least and the greatest true score. mean, deviation: of the true scores; mean_error: the mean absolute error of
    always answering their mean. points: a sample. bands: the parts of the scale that hold rows. mistakes: the worst first.
    """

    low: float
    high: float
    mean: float
    deviation: float
    mean_error: float
    points: tuple[Point, ...]
    bands: tuple[Band, ...]
    mistakes: tuple[Wrong, ...]


def pearson(first: np.ndarray, second: np.ndarray) -> Measure:
    """Pearson's correlation of two (N,) with the interval of Fisher's z; 0 where one of them is the same throughout."""
    return _correlation(first, second, lambda r: 1.0)


def spearman(first: np.ndarray, second: np.ndarray) -> Measure:
    """Spearman's rank correlation, equal values with their mean rank, and an interval after Bonett and Wright (2000)."""
    from scipy.stats import rankdata  # here: pages that only predict start sooner

    return _correlation(rankdata(first), rankdata(second), lambda r: 1 + r**2 / 2)


def _correlation(first: np.ndarray, second: np.ndarray, variance: Callable[[float], float]) -> Measure:
    """A correlation r; its Fisher z, artanh r, is about normal with variance(r) / (N − 3)."""
    one, other = first - first.mean(), second - second.mean()
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    if len(first) < 2 or size <= 1e-12 * max(1.0, float(np.abs(first).max() * np.abs(second).max())):
        return Measure(0.0)
    r = float(np.clip((one * other).sum() / size, -1, 1))
    if len(first) <= 3 or abs(r) > 1 - 1e-12:
        return Measure(r)
    half = Z_95 * np.sqrt(variance(r) / (len(first) - 3))
    return Measure(r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)))


def mean_of(values: np.ndarray) -> Measure:
    """The mean of (N,) values with its bootstrap interval."""
    rows = np.stack((values, np.ones_like(values)), axis=1)
    return metrics.bootstrap(rows, lambda sums: sums[:, 0] / sums[:, 1])


def measure(task: str, true: np.ndarray, predicted: np.ndarray, columns: Columns) -> Evaluation:
    """Measure N predicted scores against the true ones; columns: the texts, for the list of mistakes.

    Raises UserError when N is 0.
    """
    n = len(true)
    if n == 0:
        raise UserError("there are no examples to measure")
    residuals = predicted - true
    errors = np.abs(residuals)
    worst = np.argsort(-errors, kind="stable")[:MISTAKES]
    detail = Scores(
        low=float(true.min()),
        high=float(true.max()),
        mean=float(true.mean()),
        deviation=float(true.std()),
        mean_error=float(np.abs(true - true.mean()).mean()),
        points=tuple(Point(float(true[i]), float(predicted[i])) for i in sample(n, POINTS, 0).tolist()),
        bands=_bands(true, residuals),
        mistakes=tuple(_wrong(columns, i, true[i], predicted[i]) for i in worst.tolist() if errors[i] > 0),
    )
    return Evaluation(
        task=task,
        n=n,
        metrics={
            "spearman": spearman(true, predicted),
            "pearson": pearson(true, predicted),
            "mae": mean_of(errors),
            "mse": mean_of(residuals**2),
        },
        detail=as_json(detail),
        rows=digest(columns, true.tolist()),
    )


def _bands(true: np.ndarray, residuals: np.ndarray) -> tuple[Band, ...]:
    edges = np.linspace(true.min(), true.max(), BANDS + 1)
    places = np.clip(np.searchsorted(edges, true, side="right") - 1, 0, BANDS - 1)
    return tuple(
        Band(
            float(edges[band]),
            float(edges[band + 1]),
            int((places == band).sum()),
            float(residuals[places == band].mean()),
            float(np.abs(residuals[places == band]).mean()),
        )
        for band in np.unique(places).tolist()
    )


def _wrong(columns: Columns, i: int, true: float, predicted: float) -> Wrong:
    pair = _shorten(columns["pair"][i]) if "pair" in columns else ""
    return Wrong(_shorten(columns["text"][i]), pair, float(true), float(predicted))


def _shorten(text: str) -> str:
    return text if len(text) <= MISTAKE_CHARS else text[: MISTAKE_CHARS - 1] + "…"


def band_table(evaluation: Evaluation) -> Lines:
    """How far off the scores are in each part of the scale."""
    rows = [
        (f"{band.low:g} to {band.high:g}", str(band.n), f"{band.bias:+.4f}", f"{band.error:.4f}")
        for band in read_detail(Scores, evaluation).bands
    ]
    return (("True score", "Examples", "Too high by (mean)", "Mean absolute error"), *rows)


def as_samples(evaluation: Evaluation, most: int, chars: int) -> list[dict[str, object]]:
    """The worst rows, their texts shortened, as JSON."""
    mistakes: Sequence[Wrong] = read_detail(Scores, evaluation).mistakes[:most]
    return [
        {"text": row.text[:chars], "pair": row.pair[:chars], "true": row.true, "predicted": row.predicted}
        for row in mistakes
    ]
