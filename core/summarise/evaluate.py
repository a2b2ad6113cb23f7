"""Summaries put to the test: ROUGE of every method on texts that have a reference summary, beside the first sentences.

This module does not know where the texts come from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core import rouge
from core.metrics import mean
from core.results import Measure
from core.rouge import KINDS
from core.summarise.methods import METHODS, RELEVANCE
from core.summarise.sentences import joined
from core.summarise.summary import Document, Length, choose

LEAD = "lead"  # of METHODS: what the others are compared with
BEST = "best"  # beside METHODS: sentences chosen by looking at the reference


@dataclass(frozen=True)
class Quality:
    """A method over N texts. f1: KINDS id → mean F1 with its 95% interval; gain: the mean difference to the first sentences.

    words: the mean length of its summaries, in words or characters.
    """

    f1: Mapping[str, Measure]
    gain: Mapping[str, Measure]
    words: float


def best(document: Document, reference: str, length: Length) -> str:
    """A summary that no method can be expected to reach: sentences added one by one, each the one that raises ROUGE-1 and ROUGE-2 most."""
    theirs = rouge.tokens(reference)

    def worth(places: Sequence[int]) -> float:
        ours = rouge.tokens(joined([document.sentences[place] for place in places]))
        return sum(KINDS[kind].measure(ours, theirs).f1 for kind in ("rouge1", "rouge2"))

    taken: list[int] = []
    while True:
        longer = [
            sorted((*taken, place))
            for place in range(len(document.sentences))
            if place not in taken and (not taken or length.fits([document.sentences[i] for i in (*taken, place)]))
        ]
        better = max(longer, key=worth, default=taken)
        if taken and worth(better) <= worth(taken):
            return joined([document.sentences[place] for place in taken])
        taken = better


def summaries(document: Document, length: Length, relevance: float = RELEVANCE) -> dict[str, str]:
    """METHODS id → the summary that the method makes of a text."""
    return {method.id: choose(document, method, length, relevance).text for method in METHODS.values()}


def evaluate(rows: Sequence[tuple[Document, str]], length: Length, relevance: float = RELEVANCE) -> dict[str, Quality]:
    """METHODS id, or BEST → its quality over N texts. rows: each text with its reference summary."""
    f1: dict[str, dict[str, list[float]]] = {name: {kind: [] for kind in KINDS} for name in (*METHODS, BEST)}
    words: dict[str, list[int]] = {name: [] for name in f1}
    for document, reference in rows:
        for name, summary in {
            **summaries(document, length, relevance),
            BEST: best(document, reference, length),
        }.items():
            words[name].append(len(rouge.tokens(summary)))
            for kind, overlap in rouge.rouge(summary, reference).items():
                f1[name][kind].append(overlap.f1)
    return {
        name: Quality(
            {kind: mean(np.array(of_kind[kind])) for kind in KINDS},
            {kind: mean(np.array(of_kind[kind]) - np.array(f1[LEAD][kind])) for kind in KINDS},
            float(np.mean(words[name])),
        )
        for name, of_kind in f1.items()
    }
