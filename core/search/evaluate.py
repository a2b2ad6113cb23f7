"""A search put to the test: many questions whose right passage is known, ranked in every one of WAYS.

This module does not know where the questions come from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.batches import Report
from core.search.index import Index
from core.search.quality import Quality, quality, rank_of
from core.search.ways import WAYS


@dataclass(frozen=True)
class Answered:
    """A question and how far up its right passage was. best: the passage that comes first by meaning, with its cosine.

    ranks: WAYS id → rank of the right passage, counted from 1, 0 where it was not found.
    """

    question: str
    right: int
    best: int
    cosine: float
    ranks: Mapping[str, int]


@dataclass(frozen=True)
class Outcome:
    """Every question, and the quality of every way of ranking over all of them."""

    questions: tuple[Answered, ...]
    quality: Mapping[str, Quality]

    @property
    def cosines(self) -> np.ndarray:
        """The best cosine of each question, (N,)."""
        return np.array([row.cosine for row in self.questions])

    @property
    def right_first(self) -> np.ndarray:
        """Whether the right passage comes first by meaning, (N,)."""
        return np.array([row.best == row.right for row in self.questions], dtype=bool)


def evaluate(
    index: Index, asked: Sequence[tuple[str, int]], vectors: np.ndarray, report: Report | None = None
) -> Outcome:
    """Ask every question. asked: N times the question and the place of its right passage; vectors: (N, D), of the questions.

    report(done, N) is called after each question; it may raise Cancelled.
    """
    rows, count = [], len(index.passages)
    for done, ((question, right), vector) in enumerate(zip(asked, vectors, strict=True), start=1):
        scores = index.scores(question, vector)
        best = int(np.argmax(scores.cosines))
        ranks = {way.id: rank_of(way.hits(scores, count), right) for way in WAYS.values()}
        rows.append(Answered(question, right, best, float(scores.cosines[best]), ranks))
        if report is not None:
            report(done, len(asked))
    return Outcome(tuple(rows), {name: quality(row.ranks[name] for row in rows) for name in WAYS})
