"""The answer to a question out of many passages: the search finds passages, a reader looks for the answer in each of them.

Where the reader finds none, the sentence nearest to the question is given instead, and where none is near enough, nothing. This module
does not know how passages are ranked, nor how a reader reads (core.tasks.answers does).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.batches import Report
from core.predict import Predictor
from core.search.vectors import Encoder
from core.search.ways import Hit
from core.summarise import sentences
from core.tasks.spans import Answered

READ = 3  # passages that are read: each further one brings more wrong answers than right ones
SURER = 0.2  # of the reader's threshold: the doubt that it may have in a passage after the first (both chosen on validation questions)


@dataclass(frozen=True)
class Found:
    """A stretch of a passage: the passage's place in the collection, and its characters from start to end."""

    place: int
    start: int
    end: int


@dataclass(frozen=True)
class Near:
    """The sentence nearest to a question by meaning, and its similarity, a cosine."""

    found: Found
    cosine: float


@dataclass(frozen=True)
class Reply:
    """What a reader says of the passages that a search found, in the order of the search.

    chosen: which of them gives the answer, None where the reader finds none. read: what it says of each.
    """

    places: tuple[int, ...]
    read: tuple[Answered, ...]
    chosen: int | None

    @property
    def found(self) -> Found | None:
        """Where the answer stands."""
        if self.chosen is None:
            return None
        best = self.read[self.chosen].best[0]
        return Found(self.places[self.chosen], best.start, best.end)


Passages = Sequence[str] | Mapping[int, str]  # a collection, or as much of it as is looked at: place → text


def read(
    reader: Predictor, question: str, passages: Passages, hits: Sequence[Hit], report: Report | None = None
) -> Reply:
    """What a reader of spans makes of the passages at these hits. Raises UserError for a question that is too long.

    The answer is that of the first passage, or else of the first one after it in which the reader is surer.
    """
    places = tuple(hit.place for hit in hits)
    if not places:
        return Reply((), (), None)
    texts = [passages[place] for place in places]
    inputs = dict(zip(reader.task.inputs, ([question] * len(texts), texts), strict=True))
    answered = tuple(row for row in reader.goal.predict(reader.model, inputs, report) if isinstance(row, Answered))
    given = (
        number
        for number, row in enumerate(answered)
        if row.answer and (number == 0 or row.doubt <= SURER * row.threshold)
    )
    return Reply(places, answered, next(given, None))


def nearest(encoder: Encoder, vector: np.ndarray, passages: Passages, places: Sequence[int]) -> Near | None:
    """The sentence of these passages whose vector is nearest to that of the question, (D,); None where there is no sentence."""
    found = [one for place in places for one in _sentences(place, passages[place])]
    if not found:
        return None
    cosines = encoder.vectors([text for _, text in found]) @ vector
    best = int(np.argmax(cosines))
    return Near(found[best][0], float(cosines[best]))


def _sentences(place: int, passage: str) -> Iterator[tuple[Found, str]]:
    """The sentences of a passage with where they stand; none goes over the end of a line, such as a heading's."""
    begin = 0
    for line in passage.splitlines(keepends=True):
        for sentence in sentences.split(line):
            yield Found(place, begin + sentence.start, begin + sentence.end), sentence.text
        begin += len(line)
