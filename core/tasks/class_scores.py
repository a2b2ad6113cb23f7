"""How good a classifier's answers are: what is measured besides accuracy, and which labels it takes for each other.

This module does not know how the answers came about, nor what the labels mean.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from core import metrics
from core.batches import Columns
from core.errors import UserError
from core.results import Evaluation, Measure
from core.tasks.base import TELLING, Confused, Lines, as_json, digest, each, read_detail

MISTAKES = 20
CONFUSED = 12
MISTAKE_CHARS = 1_000


@dataclass(frozen=True)
class ClassScore:
    """Precision, recall and F1 of one class; support is its number of true examples."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Mistake:
    """One misclassified example: its text(s), true and predicted label, how sure the model was (0–1), its loss in nats."""

    text: str
    pair: str
    true: str
    predicted: str
    confidence: float
    loss: float = 0.0


@dataclass(frozen=True)
class Classes:
    """What is known of a classifier besides its metrics.

    confusion: C × C counts, rows true, columns predicted, in the order of `labels`. reliability: per non-empty bin (mean
    confidence, accuracy, count). majority: accuracy of always answering the most frequent class. mistakes: most confident first;
    confused: those between the two classes that are taken for each other most.
    """

    labels: tuple[str, ...]
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[tuple[float, float, int], ...]
    majority: float
    mistakes: tuple[Mistake, ...]
    confused: tuple[Mistake, ...] = ()

    @property
    def tested(self) -> tuple[ClassScore, ...]:
        """The classes with examples: of the others nothing was measured, and a score of 0 would say that they were never found."""
        return tuple(row for row in self.classes if row.support)


def measure(task: str, labels: Sequence[str], true: np.ndarray, probs: np.ndarray, columns: Columns) -> Evaluation:
    """Measure answers against the truth.

    true: (N,) class indices; probs: (N, C); columns: the N texts (and pairs), for the list of mistakes.
    Macro-F1 is the mean over the classes that occur in truth or prediction (as scikit-learn's default); its interval
    is a percentile bootstrap over the examples. Raises UserError when N is 0.
    """
    n, classes = len(true), len(labels)
    if n == 0:
        raise UserError("there are no examples to measure")
    true = np.asarray(true, dtype=int)
    predicted = probs.argmax(axis=1)
    confidence = probs.max(axis=1)
    # here: pages that only predict start sooner
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    confusion = confusion_matrix(true, predicted, labels=np.arange(classes))
    precision, recall, f1, support = precision_recall_fscore_support(
        true, predicted, labels=np.arange(classes), zero_division=0
    )
    right = predicted == true
    ece, reliability = metrics.calibration(confidence, right)
    losses = -np.log(np.clip(probs[np.arange(n), true], np.finfo(float).eps, 1))
    pair = most_confused(confusion) or (0, 0)
    between = (predicted != true) & np.isin(true, pair) & np.isin(predicted, pair)

    def shown(chosen: np.ndarray, most: int) -> tuple[Mistake, ...]:
        surest = chosen[np.argsort(-confidence[chosen], kind="stable")][:most]
        return tuple(
            _mistake(columns, i, labels[true[i]], labels[predicted[i]], confidence[i], losses[i])
            for i in surest.tolist()
        )

    detail = Classes(
        labels=tuple(labels),
        classes=tuple(
            ClassScore(label, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
            for i, label in enumerate(labels)
        ),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        reliability=reliability,
        majority=float(confusion.sum(axis=1).max() / n),
        mistakes=shown(np.flatnonzero(predicted != true), MISTAKES),
        confused=shown(np.flatnonzero(between), CONFUSED),
    )
    return Evaluation(
        task=task,
        n=n,
        metrics={
            "accuracy": metrics.wilson(int(right.sum()), n),
            "macro_f1": metrics.macro_f1(confusion),
            "loss": Measure(float(losses.mean())),
            "ece": Measure(ece),
        },
        detail=as_json(detail),
        right=each(right),
        rows=digest(columns, [labels[i] for i in true]),
    )


def class_table(evaluation: Evaluation) -> Lines:
    """Precision, recall and F1 of each class."""
    rows = [
        (row.label, f"{row.precision:.4f}", f"{row.recall:.4f}", f"{row.f1:.4f}", str(row.support))
        for row in read_detail(Classes, evaluation).tested
    ]
    return (("Label", "Precision", "Recall", "F1", "Examples"), *rows)


def never_found(evaluation: Evaluation) -> tuple[str, ...]:
    """The labels of several texts of which not one was found."""
    rows = read_detail(Classes, evaluation).classes
    return tuple(row.label for row in rows if row.support >= TELLING and not row.recall)


def confused(evaluation: Evaluation) -> Confused | None:
    """The two labels that are taken for each other most; None where there are no mistakes."""
    classes = read_detail(Classes, evaluation)
    counts = np.array(classes.confusion)
    pair = most_confused(counts)
    if pair is None:
        return None
    first, second = pair
    roles = ("text", "pair", "true", "predicted")
    rows = [{name: str(row[name]) for name in roles} for row in map(asdict, classes.confused)]
    return Confused(
        (classes.labels[first], classes.labels[second]),
        int(counts[first, second] + counts[second, first]),
        int(counts.sum() - counts.trace()),
        len(counts),
        tuple(rows),
    )


def most_confused(confusion: np.ndarray) -> tuple[int, int] | None:
    """The two classes that are taken for each other most often; None where there are no mistakes."""
    wrong = confusion + confusion.T
    np.fill_diagonal(wrong, 0)
    if not wrong.any():
        return None
    first, second = np.unravel_index(wrong.argmax(), wrong.shape)
    return int(first), int(second)


def _mistake(columns: Columns, i: int, true: str, predicted: str, confidence: float, loss: float) -> Mistake:
    """Row i, its text shortened to what a page can show."""
    pair = _shorten(columns["pair"][i]) if "pair" in columns else ""
    return Mistake(_shorten(columns["text"][i]), pair, true, predicted, float(confidence), float(loss))


def _shorten(text: str) -> str:
    return text if len(text) <= MISTAKE_CHARS else text[: MISTAKE_CHARS - 1] + "…"
