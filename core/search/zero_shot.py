"""Classification without training: a text gets the label whose description in words lies nearest to it.

How far that goes is measured beside what learns from examples: a logistic regression on the same vectors, and one on counted words. This
module does not know where the texts come from, nor how a vector is made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import N_, UserError
from core.metrics import wilson
from core.results import Measure
from core.tasks import tfidf

SIZES = (8, 32, 128)  # examples to learn from
DRAWS = 5  # of each size
MOST_LABELS = 50
WAYS = {
    "words": N_("labels in words, no example"),
    "vectors": N_("logistic regression on the same vectors"),
    "counts": N_("logistic regression on counted words"),
}


# The subjects of the news, each with what it means, as read_labels reads them.
NEWS = N_(
    "business: companies, markets, prices and jobs\n"
    "culture: films, books, music, museums and the stage\n"
    "environment: nature, animals, weather, climate and waste\n"
    "health: illness, medicine, hospitals and care\n"
    "politics: parliament, parties, elections, courts and laws\n"
    "science: research, discoveries, space and experiments\n"
    "sports: matches, athletes, clubs and results"
)


@dataclass(frozen=True)
class Reached:
    """What a way reaches with so many examples. low, high: 95% bounds without examples, else the worst and best of DRAWS draws."""

    way: str
    examples: int
    accuracy: Measure


def read_labels(text: str) -> dict[str, str]:
    """Label → its description, from lines such as "sports: matches, athletes and results"; a label alone describes itself.

    Raises UserError for fewer than two labels, for more than MOST_LABELS, and for one that stands there twice.
    """
    labels: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        name, _colon, description = (part.strip() for part in line.replace("：", ":").partition(":"))
        if not name:
            raise UserError("the line '{line}' has no label before its colon", line=line.strip()[:60])
        if name in labels:
            raise UserError("the label '{label}' stands there twice", label=name[:60])
        labels[name] = f"{name}: {description}" if description else name
    if not 2 <= len(labels) <= MOST_LABELS:
        raise UserError(
            "write two to {most} labels, one a line; now the number is {count}",
            count=len(labels),
            most=MOST_LABELS,
        )
    return labels


def accuracy(cosines: np.ndarray, truth: np.ndarray) -> Measure:
    """The share of N texts whose nearest label is the right one. cosines: (N, C); truth: (N,) numbers of labels."""
    return wilson(int((cosines.argmax(axis=1) == truth).sum()), len(truth))


def learnt(
    train: tuple[np.ndarray, Sequence[str], np.ndarray],
    test: tuple[np.ndarray, Sequence[str], np.ndarray],
    classes: int,
) -> tuple[Reached, ...]:
    """What both regressions reach on the test rows with SIZES of the training rows, drawn at random, every label at least once
    where there is room. train, test: vectors (N, D), texts and true labels (N,)."""
    reached = []
    for size in (size for size in SIZES if size <= len(train[2])):
        right: Mapping[str, list[float]] = {"vectors": [], "counts": []}
        for seed in range(DRAWS):
            chosen = _draw(train[2], size, classes, seed)
            right["vectors"].append(_by_vectors(train[0][chosen], train[2][chosen], test[0], test[2]))
            texts = [train[1][row] for row in chosen]
            counted = tfidf.probabilities({"text": texts}, train[2][chosen].tolist(), {"text": test[1]}, classes)
            right["counts"].append(0.0 if counted is None else float((counted.argmax(axis=1) == test[2]).mean()))
        for way, values in right.items():
            reached.append(Reached(way, size, Measure(float(np.mean(values)), min(values), max(values))))
    return tuple(reached)


def _draw(truth: np.ndarray, size: int, classes: int, seed: int) -> np.ndarray:
    """Row numbers: one of each label first, the rest from all that are left."""
    order = np.random.default_rng(seed).permutation(len(truth))
    firsts = [next(row for row in order if truth[row] == label) for label in range(classes) if (truth == label).any()]
    rest = [row for row in order if row not in set(firsts)]
    return np.array([*firsts, *rest][:size])


def _by_vectors(train: np.ndarray, labels: np.ndarray, test: np.ndarray, truth: np.ndarray) -> float:
    from sklearn.linear_model import LogisticRegression  # here: pages that do not measure start sooner

    regression = LogisticRegression(C=tfidf.STRENGTH, max_iter=tfidf.ITERATIONS).fit(train, labels)
    return float((regression.predict(test) == truth).mean())
