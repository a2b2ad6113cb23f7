"""BM25: how well a passage answers a question by the words that both have (Robertson and Zaragoza 2009).

A word counts more the fewer passages have it, the more often the passage has it (with less and less effect), and the shorter the
passage is. What each word adds is worked out once for every passage, so that a question only sums a few columns. This module does
not know where words begin and end, nor what they mean.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array

from core.batches import Report
from core.search.words import terms

K1 = 1.2  # how soon a repeated word stops adding
B = 0.75  # how much a long passage is held against it
PASSAGES_PER_REPORT = 1_000


@dataclass(frozen=True, eq=False)
class BM25:
    """What each of V words adds to each of N passages, as a sparse matrix by columns.

    terms: word → column. weights: (Z,) what the Z words in passages add; places: (Z,) the passage of each; ends: (V + 1,) column c
    is weights[ends[c] : ends[c + 1]]. count: N.
    """

    terms: dict[str, int]
    weights: np.ndarray
    places: np.ndarray
    ends: np.ndarray
    count: int

    def scores(self, question: str) -> np.ndarray:
        """The score of every passage, (N,): 0 where it shares no word with the question."""
        total = np.zeros(self.count, dtype=np.float32)
        for term, times in Counter(terms(question)).items():
            if term in self.terms:
                column = self._column(term)
                total[self.places[column]] += times * self.weights[column]
        return total

    def matches(self, question: str, place: int) -> dict[str, float]:
        """What each word of the question adds to one passage, the most first; words that the passage lacks are left out."""
        added = {}
        for term, times in Counter(terms(question)).items():
            if term in self.terms:
                column = self._column(term)
                at = np.flatnonzero(self.places[column] == place)
                if len(at):
                    added[term] = float(times * self.weights[column][at[0]])
        return dict(sorted(added.items(), key=lambda pair: -pair[1]))

    def _column(self, term: str) -> slice:
        return slice(int(self.ends[self.terms[term]]), int(self.ends[self.terms[term] + 1]))


def build(passages: Sequence[str], report: Report | None = None) -> BM25:
    """The words of N passages, with Lucene's inverse document frequency ln(1 + (N − n + ½) / (n + ½)), which is never negative.

    report(done, N) is called now and then; it may raise Cancelled.
    """
    from sklearn.feature_extraction.text import CountVectorizer  # here: it takes a second to import

    counter = CountVectorizer(analyzer=terms, dtype=np.float32)
    empty = not any(terms(text) for text in passages)  # which the vectorizer refuses
    counts = (
        csc_array(counter.fit_transform(_reported(passages, report))) if not empty else csc_array((len(passages), 0))
    )
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    having = np.diff(counts.indptr)
    rarity = np.log1p((len(passages) - having + 0.5) / (having + 0.5))
    slowing = K1 * (1 - B + B * lengths / max(lengths.mean(), 1e-9))
    often = counts.data
    weights = np.repeat(rarity, having) * often * (K1 + 1) / (often + slowing[counts.indices])
    return BM25(
        {str(term): int(column) for term, column in counter.vocabulary_.items()} if not empty else {},
        weights.astype(np.float32),
        counts.indices.astype(np.int32),
        counts.indptr.astype(np.int64),
        len(passages),
    )


def _reported(passages: Sequence[str], report: Callable[[int, int], None] | None) -> Iterator[str]:
    for done, text in enumerate(passages):
        if report is not None and done % PASSAGES_PER_REPORT == 0:
            report(done, len(passages))
        yield text
