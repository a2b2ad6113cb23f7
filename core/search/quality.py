"""How good a search is: whether the right passage is found and how far up, and when it had better say that it found none.

Each question has one right passage. This module does not know how a ranking comes about.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.metrics import mean, wilson
from core.results import Measure
from core.search.ways import Hit

CUTS = (1, 3, 5, 10)  # k of recall@k
DEPTH = 10  # of nDCG


def rank_of(hits: Sequence[Hit], place: int) -> int:
    """The rank of a passage among the hits, counted from 1; 0 where it is not among them."""
    return next((rank for rank, hit in enumerate(hits, start=1) if hit.place == place), 0)


@dataclass(frozen=True)
class Quality:
    """A way of ranking over N questions, with 95% intervals. recall: k → the share whose right passage is among the first k.

    mrr: mean reciprocal rank, 0 for a passage that was not found. ndcg: normalised discounted cumulative gain of the first ten.
    """

    n: int
    recall: dict[int, Measure]
    mrr: Measure
    ndcg: Measure


def quality(ranks: Iterable[int]) -> Quality:
    """The quality of N rankings. ranks: of the right passage in each, as rank_of gives them."""
    place = np.array(list(ranks), dtype=float)
    found = place > 0
    reciprocal = np.divide(1, place, out=np.zeros_like(place), where=found)
    gain = np.where(found & (place <= DEPTH), 1 / np.log2(1 + np.maximum(place, 1)), 0)
    return Quality(
        len(place),
        {k: wilson(int((found & (place <= k)).sum()), len(place)) for k in CUTS},
        mean(reciprocal),
        mean(gain),
    )


@dataclass(frozen=True)
class Refusal:
    """A threshold on the best passage's cosine, below which there is no good answer, and what it does.

    answered: the share of questions with an answer that get one; right: the share of them whose first answer is given and right. refused: the
    share of messages without an answer that get none.
    """

    threshold: float
    answered: Measure
    right: Measure
    refused: Measure


def choose_threshold(answerable: np.ndarray, unanswerable: np.ndarray) -> float:
    """The threshold that tells the two apart best: the highest mean of the share answered and the share refused.

    answerable, unanswerable: the best cosine of each question with and without an answer. Equal to the highest Youden index (1950). It lies
    half way between two cosines; of several equally good ones the lowest is taken, which refuses least.
    """
    values = np.unique(np.concatenate([answerable, unanswerable]))
    candidates = np.concatenate([values[:1] - 1e-6, (values[1:] + values[:-1]) / 2])
    answered = (answerable[None] >= candidates[:, None]).mean(axis=1)
    refused = (unanswerable[None] < candidates[:, None]).mean(axis=1)
    return float(candidates[np.argmax(np.round(answered + refused, 12))])


def refusal(threshold: float, answerable: np.ndarray, right: np.ndarray, unanswerable: np.ndarray) -> Refusal:
    """What a threshold does to questions that had no part in choosing it. right: whether each first answer is the right one."""
    given = answerable >= threshold
    return Refusal(
        threshold,
        wilson(int(given.sum()), len(answerable)),
        wilson(int((given & right).sum()), len(answerable)),
        wilson(int((unanswerable < threshold).sum()), len(unanswerable)),
    )
