"""Rows of a classifier's own data that are worth looking at: one it is sure of, one it gets wrong, a short one, a long one.

The rules go by the rows and the model's answers alone. This module does not know where the rows come from, nor how they are shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Kind = Literal["right", "wrong", "unsure", "short", "long"]
PRAISE = frozenset("positive pos good praise favourable 正面 积极 好评 正向 褒义 好".split())
BLAME = frozenset("negative neg bad blame unfavourable 负面 消极 差评 负向 贬义 坏".split())


@dataclass(frozen=True)
class Exemplar:
    """One row. inputs: role → text; true: its label; predicted: what the model says, with probability; second: the next likeliest."""

    inputs: Mapping[str, str]
    true: str
    predicted: str
    probability: float
    second: str
    second_probability: float


def choose(texts: Sequence[str], true: np.ndarray, probabilities: np.ndarray) -> dict[Kind, int]:
    """Which of N rows to look at, no row twice; a kind that no row is left for is missing.

    texts: the first text of each row. true: (N,), indices of labels. probabilities: (N, C). right: the surest right answer;
    wrong: the surest wrong one; unsure: where the two likeliest labels lie nearest; short, long: the row with fewest and most
    characters. Of equals the first row is taken.
    """
    answers, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    lengths = np.array([len(text) for text in texts])
    two = np.sort(probabilities, axis=1)[:, -2:]
    orders: dict[Kind, np.ndarray] = {
        "right": np.where(answers == true, -sure, np.inf),
        "wrong": np.where(answers != true, -sure, np.inf),
        "unsure": two[:, 1] - two[:, 0],
        "short": lengths.astype(float),
        "long": -lengths.astype(float),
    }
    chosen: dict[Kind, int] = {}
    for kind, order in orders.items():
        rows = [int(i) for i in np.argsort(order, kind="stable") if np.isfinite(order[i]) and i not in chosen.values()]
        if rows:
            chosen[kind] = rows[0]
    return chosen


def surest(true: np.ndarray, probabilities: np.ndarray) -> dict[int, int]:
    """The surest right answer of each label that has one: label → row, the surest label first."""
    sure, answers = probabilities.max(axis=1), probabilities.argmax(axis=1)
    found: dict[int, int] = {}
    for row in np.argsort(-sure, kind="stable"):
        if answers[row] == true[row]:
            found.setdefault(int(true[row]), int(row))
    return found


def is_sentiment(labels: Sequence[str]) -> bool:
    """Whether labels praise and blame, by their names: what turns praise round then means something."""
    names = {label.strip().lower() for label in labels}
    return bool(names & PRAISE) and bool(names & BLAME)
