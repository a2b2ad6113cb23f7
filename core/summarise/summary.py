"""A summary out of a text's own sentences: the best ones by a ranking, until it is long enough, in the order of the text.

This module does not know how a ranking comes about, and writes no sentence of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.batches import Report
from core.errors import Note, UserError
from core.search.vectors import Encoder
from core.summarise import sentences
from core.summarise.methods import RELEVANCE, Method
from core.summarise.sentences import Sentence, joined

Unit = Literal["sentences", "words"]


@dataclass(frozen=True)
class Length:
    """The most that a summary may have. unit: sentences, or words, which are characters where a script has no spaces."""

    unit: Unit
    most: int

    def fits(self, parts: Sequence[Sentence]) -> bool:
        """Whether these sentences are not too much."""
        return (len(parts) if self.unit == "sentences" else sum(part.length for part in parts)) <= self.most


@dataclass(frozen=True, eq=False)
class Document:
    """A text that can be summarised: its N sentences, and a vector of length 1 for each, (N, D)."""

    sentences: tuple[Sentence, ...]
    vectors: np.ndarray


@dataclass(frozen=True)
class Scored:
    """A sentence of the text. order: the turn in which it was taken, counted from 1; 0 where it was not. why: what the score is made of."""

    sentence: Sentence
    score: float
    order: int
    why: Note


@dataclass(frozen=True)
class Summary:
    """Every sentence of a text with its score; the summary are those that were taken."""

    sentences: tuple[Scored, ...]

    @property
    def taken(self) -> tuple[Sentence, ...]:
        """The sentences of the summary, in the order of the text."""
        return tuple(row.sentence for row in self.sentences if row.order)

    @property
    def text(self) -> str:
        """The summary."""
        return joined(self.taken)


def read(texts: Sequence[str], encoder: Encoder, report: Report | None = None) -> list[Document | UserError]:
    """Each text cut into sentences with their vectors, or what is wrong with it. report(done, N): after each; it may raise Cancelled."""
    documents: list[Document | UserError] = []
    for done, text in enumerate(texts, start=1):
        try:
            parts = sentences.read(text)
            documents.append(Document(parts, encoder.vectors([part.text for part in parts])))
        except UserError as error:
            documents.append(error)
        if report is not None:
            report(done, len(texts))
    return documents


def choose(document: Document, method: Method, length: Length, relevance: float = RELEVANCE) -> Summary:
    """The best sentences, one after another until the next would be too much; the best one is taken however long it is.

    relevance: λ of MMR, from 0 to 1. Of equal scores the earlier sentence comes first.
    """
    parts = document.sentences
    ranking = method.rank(document.vectors, relevance)
    taken: list[int] = []
    scored: dict[int, Scored] = {}
    while len(taken) < len(parts):
        scores = ranking.scores(taken)
        best = min(
            (place for place in range(len(parts)) if place not in scored),
            key=lambda place: (-round(float(scores[place]), 9), place),
        )
        if taken and not length.fits([parts[place] for place in (*taken, best)]):
            break
        scored[best] = Scored(parts[best], float(scores[best]), len(taken) + 1, ranking.why(best, taken))
        taken.append(best)
    scores = ranking.scores(taken)
    for place in range(len(parts)):
        if place not in taken:
            scored[place] = Scored(parts[place], float(scores[place]), 0, ranking.why(place, taken))
    return Summary(tuple(scored[place] for place in range(len(parts))))
