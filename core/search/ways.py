"""WAYS: how passages are ranked for a question: by meaning, by words, or by both combined.

This module does not know how a cosine or a word's weight comes about, nor what the passages are.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.errors import N_

RRF = 60  # k of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)
DEPTH = 100  # places of each ranking that fusion looks at


@dataclass(frozen=True)
class Hit:
    """A passage that was found: its place in the collection, counted from 0, and the score of the ranking."""

    place: int
    score: float


@dataclass(frozen=True, eq=False)
class Scores:
    """One question against N passages: the cosine with each, and each one's BM25 score, (N,) both."""

    cosines: np.ndarray
    bm25: np.ndarray


@dataclass(frozen=True)
class Way:
    """A way of ranking. hits(scores, count): the best passages, the best first. unit: what its score is, as a heading."""

    id: str
    title: str
    help: str
    unit: str
    hits: Callable[[Scores, int], tuple[Hit, ...]]


def top(scores: np.ndarray, count: int) -> tuple[Hit, ...]:
    """The highest of N scores, the highest first; equal ones in the order of the passages."""
    count = min(count, len(scores))
    if count < len(scores):
        edge = np.partition(scores, len(scores) - count)[len(scores) - count]  # the lowest score that is still taken
        above, equal = np.flatnonzero(scores > edge), np.flatnonzero(scores == edge)
        places = np.sort(np.concatenate([above, equal[: count - len(above)]]))
    else:
        places = np.arange(len(scores))
    order = places[np.argsort(-scores[places], kind="stable")]
    return tuple(Hit(int(place), float(scores[place])) for place in order)


def _by_meaning(scores: Scores, count: int) -> tuple[Hit, ...]:
    return top(scores.cosines, count)


def _by_words(scores: Scores, count: int) -> tuple[Hit, ...]:
    """A passage that shares no word is not found."""
    return tuple(hit for hit in top(scores.bm25, count) if hit.score > 0)


def _by_both(scores: Scores, count: int) -> tuple[Hit, ...]:
    """Reciprocal rank fusion: the sum of 1 / (60 + rank) over the rankings in which a passage is among the first 100."""
    fused: dict[int, float] = {}
    for ranking in (_by_meaning(scores, DEPTH), _by_words(scores, DEPTH)):
        for rank, hit in enumerate(ranking, start=1):
            fused[hit.place] = fused.get(hit.place, 0.0) + 1 / (RRF + rank)
    places = sorted(fused, key=lambda place: (-fused[place], place))
    return tuple(Hit(place, fused[place]) for place in places[:count])


WAYS: dict[str, Way] = {
    row.id: row
    for row in (
        Way(
            "meaning",
            N_("By meaning"),
            N_("The cosine of the question's vector with each passage's: it finds the same thing said in other words."),
            N_("similarity"),
            _by_meaning,
        ),
        Way(
            "words",
            N_("By words (BM25)"),
            N_(
                "The words that question and passage share, rare ones counting more: it finds names, numbers and rare words."
            ),
            N_("score"),
            _by_words,
        ),
        Way(
            "both",
            N_("Both combined"),
            N_(
                "Reciprocal rank fusion: each passage gets 1 / (60 + its rank) from both rankings, and the sums are ranked. "
                "The scores themselves, which cannot be compared, play no part."
            ),
            "RRF",
            _by_both,
        ),
    )
}
