"""How well sets of labels are answered: a threshold for each label, the scores that follow from them, and what goes together.

This module does not know where the probabilities come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core import metrics
from core.batches import Columns
from core.results import Evaluation, Measure
from core.tasks.base import as_json, digest, each
from core.tasks.class_scores import ClassScore
from core.tasks.entity_scores import ratio

EVEN = 0.5  # the threshold that nothing was chosen for
FEWEST = 8  # rows that have a label, from which on it has a threshold of its own
MISTAKES = 20
MISTAKE_CHARS = 1_000
MOST_CELLS = 5_000_000  # rows × labels up to which the interval of macro-F1 is drawn


@dataclass(frozen=True)
class LabelScore(ClassScore):
    """A label with the threshold from which on it is given, and how many texts it was given to."""

    threshold: float = EVEN
    given: int = 0


@dataclass(frozen=True)
class SetMistake:
    """A text with its true and its predicted labels, and its mean loss over the labels in nats."""

    text: str
    true: tuple[str, ...]
    predicted: tuple[str, ...]
    loss: float


@dataclass(frozen=True)
class LabelSets:
    """What is known of a model for several labels besides its metrics.

    together, predicted_together: C × C, how many texts have both labels (on the diagonal: the one label), truly and as predicted.
    without, predicted_without: texts without any label. frequent: the most frequent set of labels, frequent_share: how many texts
    have it. missed, invented: labels of all texts that were not given, and that were given wrongly. mistakes: those of the highest
    loss first.
    """

    labels: tuple[str, ...]
    classes: tuple[LabelScore, ...]
    together: tuple[tuple[int, ...], ...]
    predicted_together: tuple[tuple[int, ...], ...]
    without: int
    predicted_without: int
    frequent: tuple[str, ...]
    frequent_share: float
    missed: int
    invented: int
    mistakes: tuple[SetMistake, ...]

    @property
    def tested(self) -> tuple[LabelScore, ...]:
        """The labels that some text has."""
        return tuple(row for row in self.classes if row.support)


def choose_thresholds(true: np.ndarray, probs: np.ndarray) -> np.ndarray:
    """The threshold of each label with the highest F1 on N rows, float64 (C,).

    true: bool (N, C); probs: (N, C). A label that few rows have would get a threshold by chance: it takes the one that gives the
    highest micro-F1 over all labels.
    """
    shared = best_threshold(true.ravel(), probs.ravel())
    own = true.sum(axis=0) >= FEWEST
    return np.array(
        [best_threshold(true[:, i], probs[:, i]) if own[i] else shared for i in range(true.shape[1])], dtype=float
    )


def best_threshold(true: np.ndarray, probs: np.ndarray) -> float:
    """The threshold with the highest F1 on N answers, halfway between two probabilities; of several, the nearest to 0.5.

    true: bool (N,); probs: (N,). 0.5 where nothing is true.
    """
    if not true.any():
        return EVEN
    order = np.argsort(-probs, kind="stable")
    falling, following = probs[order], np.append(probs[order][1:], 0.0)
    f1 = 2 * np.cumsum(true[order]) / (np.arange(1, len(true) + 1) + true.sum())
    apart = falling > following
    if not apart.any():
        return EVEN
    best = apart & (f1 >= f1[apart].max() - 1e-12)
    cuts = (falling[best] + following[best]) / 2
    return float(cuts[np.abs(cuts - EVEN).argmin()])


def measure(
    task: str, labels: Sequence[str], true: np.ndarray, probs: np.ndarray, thresholds: np.ndarray, columns: Columns
) -> Evaluation:
    """The scores of probabilities (N, C) against the labels that N texts have, bool (N, C)."""
    n, count = true.shape
    predicted = probs >= thresholds
    hits = true & predicted
    right = (true == predicted).all(axis=1)
    likely = np.clip(np.where(true, probs, 1 - probs), np.finfo(float).eps, 1)
    losses = -np.log(likely).mean(axis=1)
    support, given, found = true.sum(axis=0), predicted.sum(axis=0), hits.sum(axis=0)
    f1 = ratio(2.0 * found, (support + given).astype(float))
    precision, recall = (
        ratio(found.astype(float), given.astype(float)),
        ratio(found.astype(float), support.astype(float)),
    )
    sets, times = np.unique(true, axis=0, return_counts=True)

    def names(row: np.ndarray) -> tuple[str, ...]:
        return tuple(labels[i] for i in np.flatnonzero(row).tolist())

    worst = np.flatnonzero(~right)
    worst = worst[np.argsort(-losses[worst], kind="stable")][:MISTAKES]
    detail = LabelSets(
        labels=tuple(labels),
        classes=tuple(
            LabelScore(
                label, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]), float(thresholds[i]), int(given[i])
            )
            for i, label in enumerate(labels)
        ),
        together=_together(true),
        predicted_together=_together(predicted),
        without=int((~true.any(axis=1)).sum()),
        predicted_without=int((~predicted.any(axis=1)).sum()),
        frequent=names(sets[times.argmax()]),
        frequent_share=float(times.max() / n),
        missed=int((true & ~predicted).sum()),
        invented=int((predicted & ~true).sum()),
        mistakes=tuple(
            SetMistake(_shorten(columns["text"][i]), names(true[i]), names(predicted[i]), float(losses[i])) for i in worst.tolist()
        ),
    )  # fmt: skip
    per_row = np.stack((hits.sum(axis=1), predicted.sum(axis=1), true.sum(axis=1)), axis=1)
    return Evaluation(
        task=task,
        n=n,
        metrics={
            "micro_f1": metrics.bootstrap(per_row, lambda sums: ratio(2 * sums[:, 0], sums[:, 1] + sums[:, 2])),
            "macro_f1": _macro_f1(true, predicted, hits) if n * count <= MOST_CELLS else Measure(_mean(f1, support + given)),
            "subset_accuracy": metrics.wilson(int(right.sum()), n),
            "loss": Measure(float(losses.mean())),
        },
        detail=as_json(detail),
        right=each(right),
        rows=digest(columns, [names(row) for row in true]),
    )  # fmt: skip


def _macro_f1(true: np.ndarray, predicted: np.ndarray, hits: np.ndarray) -> Measure:
    """The mean of the F1 of all labels that some text has or was given, with its bootstrap interval over the texts."""

    def macro(sums: np.ndarray) -> np.ndarray:
        """(R, 3C) counts of truth, predictions and hits → (R,) macro-F1."""
        truth, prediction, both = np.split(sums, 3, axis=1)
        occurs = truth + prediction
        scores = ratio(2 * both, occurs)
        return ratio(scores.sum(axis=1), (occurs > 0).sum(axis=1).astype(float))

    return metrics.bootstrap(np.concatenate((true, predicted, hits), axis=1).astype(float), macro)


def _mean(f1: np.ndarray, occurs: np.ndarray) -> float:
    return float(f1[occurs > 0].mean()) if (occurs > 0).any() else 0.0


def _together(sets: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """How many rows have both of two labels, (C, C)."""
    counts = sets.astype(int).T @ sets.astype(int)
    return tuple(tuple(row) for row in counts.tolist())


def _shorten(text: str) -> str:
    return text if len(text) <= MISTAKE_CHARS else text[: MISTAKE_CHARS - 1] + "…"
