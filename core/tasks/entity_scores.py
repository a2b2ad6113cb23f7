"""How well entities are found: hits and mistakes of each sentence, scores of each type, the worst sentences.

An entity is found when its words and its type are right (conlleval; Tjong Kim Sang and De Meulder 2003). This module does not know
how entities are found.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.data.entities import Mark
from core.data.tagging import Span

EXAMPLE_CHARS = 1_000


@dataclass(frozen=True)
class TypeScore:
    """Precision, recall and F1 of one type; support is the number of true entities."""

    type: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Mistakes:
    """How many entities were missed, invented, found with the wrong type (and perhaps the wrong words), or with the wrong words."""

    missed: int
    invented: int
    wrong_type: int
    wrong_boundary: int


@dataclass(frozen=True)
class Example:
    """A sentence with mistakes: its true and its predicted entities, and the mean loss of its words in nats."""

    text: str
    gold: tuple[Mark, ...]
    predicted: tuple[Mark, ...]
    loss: float


@dataclass(frozen=True)
class Entities:
    """What is known of a tagger besides its metrics.

    entities, predicted: how many there are and how many were found. word_accuracy: fraction of words with the right tag, which is
    high wherever entities are rare. examples: the sentences with most mistakes first.
    """

    types: tuple[TypeScore, ...]
    mistakes: Mistakes
    entities: int
    predicted: int
    words: int
    word_accuracy: float
    examples: tuple[Example, ...]


def mistakes(gold: Sequence[Span], predicted: Sequence[Span]) -> Counter[str]:
    """What went wrong in a sentence: missed, invented, wrong_type, wrong_boundary, each as often as it happened.

    An entity that was not found exactly belongs to the predicted one with its words, else to one of its type that shares a word
    with it, else to any that does; what is left over was missed or invented.
    """
    left = [span for span in predicted if span not in set(gold)]
    open_gold = [span for span in gold if span not in set(predicted)]
    kinds: Counter[str] = Counter()
    for kind, belongs in (
        ("wrong_type", lambda a, b: (a.start, a.end) == (b.start, b.end)),
        ("wrong_boundary", lambda a, b: a.type == b.type and a.start < b.end and b.start < a.end),
        ("wrong_type", lambda a, b: a.start < b.end and b.start < a.end),
    ):
        for span in list(open_gold):
            partner = next((other for other in left if belongs(span, other)), None)
            if partner is not None:
                left.remove(partner)
                open_gold.remove(span)
                kinds[kind] += 1
    kinds["missed"] += len(open_gold)
    kinds["invented"] += len(left)
    return kinds


def hits_of(gold: Sequence[Span], predicted: Sequence[Span]) -> tuple[int, int, int]:
    """How many entities were found exactly, how many were predicted, how many there are."""
    return len(set(gold) & set(predicted)), len(predicted), len(gold)


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, 0 where there is nothing to divide by."""
    result: np.ndarray = np.divide(above, below, out=np.zeros_like(below, dtype=float), where=below > 0)
    return result


def by_type(
    gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]], types: Sequence[str]
) -> tuple[TypeScore, ...]:
    hits, found, support = Counter[str](), Counter[str](), Counter[str]()
    for a, b in zip(gold, predicted, strict=True):
        hits.update(span.type for span in set(a) & set(b))
        found.update(span.type for span in b)
        support.update(span.type for span in a)
    return tuple(
        TypeScore(
            kind,
            precision=hits[kind] / max(found[kind], 1),
            recall=hits[kind] / max(support[kind], 1),
            f1=2 * hits[kind] / max(found[kind] + support[kind], 1),
            support=support[kind],
        )
        for kind in types
    )


def marks_of(spans: Sequence[Span], words: Sequence[tuple[int, int]], limit: int = EXAMPLE_CHARS) -> tuple[Mark, ...]:
    """Spans of words as spans of characters, as far as the text is shown."""
    marks = (Mark(words[span.start][0], words[span.end - 1][1], span.type) for span in spans)
    return tuple(mark for mark in marks if mark.end <= limit)
