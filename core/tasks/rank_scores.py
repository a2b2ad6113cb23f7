"""How far up the right passages come: recall at k, MRR and nDCG over many questions, and where a ranking is wrong.

A question is ranked against every passage of the data, those of training included. This module does not know who ranks, nor by what.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.data.dataset import TextDataset
from core.results import Evaluation, Measure
from core.search.quality import CUTS, DEPTH, quality
from core.tasks.base import LIVE_ROWS, as_json, digest, each, sample

MOST_PASSAGES = 10_000  # that a question is ranked against, unless its own split has more
AT_ONCE = 256  # questions
EXAMPLES, SAMPLES = 20, 5
LONGEST = 300  # characters of an example


@dataclass(frozen=True)
class Asked:
    """Q questions and the P passages that they are ranked against, each text once. right: for each question the places of its passages.

    new: the fraction of the questions for which no right passage is one of training.
    """

    questions: tuple[str, ...]
    passages: tuple[str, ...]
    right: tuple[tuple[int, ...], ...]
    new: float


@dataclass(frozen=True)
class Example:
    """A question with the rank of its right passage (0: not found), both passages and their scores: the right one and the one that came first."""

    question: str
    passage: str
    first: str
    rank: int
    score: float
    highest: float


@dataclass(frozen=True)
class Ranks:
    """What is known of rankings besides the metrics.

    passages: how many each question was ranked against. new, cut: the fraction of the questions whose right passage training did not have, and of
    the texts that were not read to their end. recall: k → with its interval. examples: the lowest ranks first, without those that are right.
    """

    passages: int
    new: float
    cut: float
    recall: dict[int, Measure]
    examples: tuple[Example, ...]


def asked_of(dataset: TextDataset, split: str, seed: int, *, live: bool) -> Asked:
    """The questions of a split, against the passages of all splits; live: a sample of both, where there are many."""
    rows = dataset.splits[split]
    training = set(dataset.splits["train"]["pair"]) if split != "train" and "train" in dataset.splits else set()
    own = dict.fromkeys(rows["pair"])
    others = dict.fromkeys(text for part in dataset.splits.values() for text in part["pair"])
    passages = list(own | others)[: max(len(own), LIVE_ROWS if live else MOST_PASSAGES)]
    places = {text: place for place, text in enumerate(passages)}
    right: dict[str, dict[int, None]] = {}
    for question, passage in zip(rows["text"], rows["pair"], strict=True):
        right.setdefault(question, {})[places[passage]] = None
    questions = list(right)
    if live:
        questions = [questions[place] for place in sample(len(questions), LIVE_ROWS, seed)]
    new = [not any(passages[place] in training for place in right[question]) for question in questions]
    return Asked(tuple(questions), tuple(passages), tuple(tuple(right[one]) for one in questions), float(np.mean(new)))


def rank(scores: np.ndarray, right: Sequence[int]) -> int:
    """The rank of the best of the right passages among P scores, counted from 1; equal ones in the order of the passages."""
    place = max(right, key=lambda one: (scores[one], -one))
    return 1 + int((scores > scores[place]).sum() + (scores[:place] == scores[place]).sum())


def measure(
    task: str,
    asked: Asked,
    scores: Callable[[slice], np.ndarray],
    *,
    cut: float = 0.0,
    nothing: float = -np.inf,
) -> Evaluation:
    """Measure rankings. scores: some of the questions → (n, P); nothing: the score of a passage that is not found at all."""
    ranks, examples = np.zeros(len(asked.questions), dtype=int), []
    for start in range(0, len(ranks), AT_ONCE):
        for number, row in enumerate(scores(slice(start, start + AT_ONCE)), start=start):
            right = asked.right[number]
            best, first = max(right, key=lambda place: row[place]), int(np.argmax(row))
            ranks[number] = rank(row, right) if row[best] > nothing else 0
            examples.append(
                Example(
                    _shorten(asked.questions[number]), _shorten(asked.passages[best]), _shorten(asked.passages[first]),
                    int(ranks[number]), float(row[best]), float(row[first]),
                )
            )  # fmt: skip
    reached = quality(np.where(ranks <= DEPTH, ranks, 0))
    worst = [int(place) for place in np.argsort(-np.where(ranks, ranks, len(asked.passages) + 1), kind="stable")]
    detail = Ranks(
        passages=len(asked.passages),
        new=asked.new,
        cut=cut,
        recall=reached.recall,
        examples=tuple(examples[place] for place in worst[:EXAMPLES] if ranks[place] != 1),
    )
    metrics = {f"recall_{k}": reached.recall[k] for k in (CUTS[0], CUTS[-1])}
    return Evaluation(
        task=task,
        n=len(ranks),
        metrics={**metrics, "mrr_10": reached.mrr, "ndcg_10": reached.ndcg},
        detail=as_json(detail),
        right=each(ranks == 1),
        rows=digest(
            {"text": asked.questions, "pair": sorted(asked.passages)},
            [sorted(asked.passages[place] for place in row) for row in asked.right],
        ),
    )


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
