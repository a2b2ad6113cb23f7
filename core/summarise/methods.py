"""METHODS: how the sentences of a text are ranked for its summary, by their vectors or by their places.

This module does not know how the vectors come about, nor how long a summary may be.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.errors import N_, Note

JUMP = 0.15  # the probability with which LexRank's walk jumps to any sentence
TOLERANCE = 1e-10
RELEVANCE = 0.7  # λ of MMR


class Ranking(Protocol):
    """The sentences of one text, ranked. taken: the places of the sentences that the summary has already."""

    def scores(self, taken: Sequence[int]) -> np.ndarray:
        """The score of each of N sentences, (N,)."""

    def why(self, place: int, taken: Sequence[int]) -> Note:
        """What the score of a sentence is made of."""


@dataclass(frozen=True, eq=False)
class Fixed:
    """A ranking in which each sentence has its score whatever has been taken. reason(place): what the score is made of."""

    values: np.ndarray
    reason: Callable[[int], Note]

    def scores(self, taken: Sequence[int]) -> np.ndarray:
        return self.values

    def why(self, place: int, taken: Sequence[int]) -> Note:
        return self.reason(place)


@dataclass(frozen=True, eq=False)
class MMR:
    """Maximal marginal relevance (Carbonell and Goldstein 1998): λ · relevance − (1 − λ) · redundancy.

    relevance: (N,), the cosine of each sentence with the mean of all; cosines: (N, N), of each with each. Redundancy is the highest cosine
    with a sentence that has been taken.
    """

    relevance: np.ndarray
    cosines: np.ndarray
    weight: float

    def scores(self, taken: Sequence[int]) -> np.ndarray:
        redundancy = self.cosines[:, list(taken)].max(axis=1) if taken else np.zeros(len(self.relevance))
        scores: np.ndarray = self.weight * self.relevance - (1 - self.weight) * redundancy
        return scores

    def why(self, place: int, taken: Sequence[int]) -> Note:
        relevance = float(self.relevance[place])
        if not taken:
            return N_("similarity {relevance:.2f} with the mean of all; it is the first to be taken"), {
                "relevance": relevance
            }
        nearest = max(taken, key=lambda other: self.cosines[place, other])
        return (
            N_("similarity {relevance:.2f} with the mean of all, {redundancy:.2f} with sentence {number}, which is taken already"),
            {"relevance": relevance, "redundancy": float(self.cosines[place, nearest]), "number": nearest + 1},
        )  # fmt: skip


def centrality(vectors: np.ndarray) -> np.ndarray:
    """The cosine of each of N sentences with their mean, (N, D) of length 1 → (N,)."""
    mean = vectors.mean(axis=0)
    cosines: np.ndarray = vectors @ mean / max(float(np.linalg.norm(mean)), 1e-12)
    return cosines


def links(vectors: np.ndarray) -> np.ndarray:
    """LexRank's graph: the cosine of two sentences where it is at least the text's mean, else 0; 1 with itself. (N, D) → (N, N).

    Erkan and Radev (2004) set one threshold for all texts, on cosines of word counts. Models differ in how high their cosines are, so
    each text has its own.
    """
    cosines = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    others = ~np.eye(len(vectors), dtype=bool)
    graph = np.where(cosines >= cosines[others].mean() - 1e-6, np.maximum(cosines, 0), 0)
    np.fill_diagonal(graph, 1)
    return graph


def lexrank(graph: np.ndarray) -> np.ndarray:
    """How often a random walk over a weighted graph is at each sentence, (N, N) → (N,), which sum to 1 (Erkan and Radev 2004).

    At each step the walk follows a link in proportion to its weight, and with probability JUMP jumps to any sentence. Power iteration,
    until nothing changes by more than TOLERANCE. Every sentence needs a link, if only to itself.
    """
    steps = graph / graph.sum(axis=1, keepdims=True)
    share = np.full(len(graph), 1 / len(graph))
    while True:
        following = JUMP / len(graph) + (1 - JUMP) * share @ steps
        if np.abs(following - share).max() <= TOLERANCE:
            return following
        share = following


def _lead(vectors: np.ndarray, relevance: float) -> Ranking:
    places = np.arange(len(vectors))
    return Fixed(1 - places / len(vectors), lambda place: (N_("sentence {number} of the text"), {"number": place + 1}))


def _centroid(vectors: np.ndarray, relevance: float) -> Ranking:
    cosines = centrality(vectors)
    message = N_("similarity {cosine:.2f} with the mean of all sentences")
    return Fixed(cosines, lambda place: (message, {"cosine": float(cosines[place])}))


def _mmr(vectors: np.ndarray, relevance: float) -> Ranking:
    return MMR(centrality(vectors), vectors @ vectors.T, relevance)


def _lexrank(vectors: np.ndarray, relevance: float) -> Ranking:
    graph = links(vectors)
    linked = (graph > 0).sum(axis=1) - 1
    shares = lexrank(graph)
    message = N_("linked to {count} of {others} other sentences; the walk is here {share:.1%} of the time")
    return Fixed(
        shares,
        lambda place: (
            message,
            {"count": int(linked[place]), "others": len(graph) - 1, "share": float(shares[place])},
        ),
    )


@dataclass(frozen=True)
class Method:
    """A way of ranking. rank(vectors (N, D) of length 1, λ): the ranking of a text. unit: what its score is, as a heading.

    weighs: whether λ plays a part.
    """

    id: str
    title: str
    help: str
    unit: str
    rank: Callable[[np.ndarray, float], Ranking]
    weighs: bool = False


METHODS: dict[str, Method] = {
    row.id: row
    for row in (
        Method(
            "lexrank",
            N_("LexRank"),
            N_("A random walk from sentence to similar sentence: the ones it comes to most often, because many others resemble them, are taken."),
            N_("share of the walk"),
            _lexrank,
        ),
        Method(
            "centroid",
            N_("Nearest to the mean"),
            N_("The sentences whose vectors are most similar to the mean of all sentences' vectors, even if they say the same thing."),
            N_("similarity"),
            _centroid,
        ),
        Method(
            "mmr",
            N_("Near, but not twice (MMR)"),
            N_("Similar to the mean of all sentences, less what is similar to a sentence already taken (maximal marginal relevance)."),
            N_("relevance less redundancy"),
            _mmr,
            weighs=True,
        ),
        Method(
            "lead",
            N_("The first sentences"),
            N_("No model at all. News tells the most important things first, so this is hard to beat."),
            N_("from the front"),
            _lead,
        ),
    )
}  # fmt: skip
