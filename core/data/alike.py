"""alike: test rows that say nearly the same as a training row, as texts made from templates do: a score on them is no measure of new texts.

Rows that say exactly the same have been left out before. This module does not know what is learnt from the rows, nor how they were split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data.dataset import TextDataset
from core.errors import N_, Note
from core.scripts import UNSPACED
from core.tables.table import spread

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NEARLY = 0.6  # the share of the words of two texts that both have: from here on they say nearly the same
FEW = 0.1  # of the test rows: so few may be alike by chance
MOST_TEST, MOST_TRAIN = 500, 10_000  # rows that are looked at
MOST_CHARS = 3_000_000  # of all texts together: a second's work
ROWS_AT_ONCE = 100
SHOWN_CHARS = 80
WORD = rf"{UNSPACED.pattern}|[^\W{UNSPACED.pattern[1:]}+"  # in a script without spaces, a character

NEARLY_THE_SAME = N_(
    "{share:.0%} of the test rows say nearly the same as a training row, such as “{test}” and “{train}”: the test says little about new texts. "
    "Keep rows that belong together, by customer, document or template, in one split: a column can name the split of each row"
)


@dataclass(frozen=True, eq=False)
class Alike:
    """N test rows, each with the training row that is most like it.

    likeness: (N,) of the words that either has, the share that both have (Jaccard 1912); in rows of several texts that of the least
    alike. test, train: the places of the rows in their splits, each (N,).
    """

    likeness: np.ndarray
    test: np.ndarray
    train: np.ndarray

    @property
    def share(self) -> float:
        """The share of the test rows that say nearly the same as a training row."""
        return float((self.likeness >= NEARLY).mean()) if len(self.likeness) else 0.0


def notes(dataset: TextDataset) -> tuple[Note, ...]:
    """What is to be said when more than a tenth of the test rows say nearly the same as a training row."""
    if "test" in dataset.report.shared:  # they are the training rows, which has been said
        return ()
    train, test = (dataset.texts(dataset.splits[split]) for split in ("train", "test"))
    found = measure(train, test)
    if found.share <= FEW:
        return ()
    best = int(found.likeness.argmax())
    values = {"share": found.share, "test": _row(test, found.test[best]), "train": _row(train, found.train[best])}
    return ((NEARLY_THE_SAME, values),)


def _row(texts: Mapping[str, Sequence[str]], place: int) -> str:
    """A row in a line, its texts shortened."""
    content = (" ".join(column[place].split()) for column in texts.values())
    return " | ".join(text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…" for text in content)


def measure(train: Mapping[str, Sequence[str]], test: Mapping[str, Sequence[str]]) -> Alike:
    """The training row most like each test row. train, test: role → texts, of the same roles.

    Of very many rows an even sample is looked at, and of very long texts the beginning: then a test row may have a nearer one.
    """
    known, asked = _some(train, MOST_TRAIN), _some(test, MOST_TEST)
    likeness, nearest = np.zeros(len(asked)), np.zeros(len(asked), dtype=np.int64)
    if not len(known) or not len(asked):
        return Alike(likeness[:0], asked[:0], known[:0])
    words = [_words([train[role][i] for i in known], [test[role][i] for i in asked]) for role in train]
    for start in range(0, len(asked), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        alike = np.minimum.reduce([_jaccard(of_test[part], of_train) for of_train, of_test in words])
        likeness[part], nearest[part] = alike.max(axis=1), alike.argmax(axis=1)
    return Alike(likeness, asked, known[nearest])


def _some(rows: Mapping[str, Sequence[str]], most: int) -> np.ndarray:
    """The places of at most so many rows, from all over them."""
    return np.array(spread(len(next(iter(rows.values()))), most), dtype=np.int64)


def _words(train: Sequence[str], test: Sequence[str]) -> "tuple[csr_matrix, csr_matrix]":
    """Which words each text has: 0 or 1, (N, V) of the training texts and of the others."""
    from sklearn.feature_extraction.text import HashingVectorizer  # here: pages that only predict start sooner

    longest = MOST_CHARS // (len(train) + len(test))
    words = HashingVectorizer(token_pattern=WORD, binary=True, norm=None, alternate_sign=False, dtype=np.float32)
    return words.transform([text[:longest] for text in train]), words.transform([text[:longest] for text in test])


def _jaccard(first: "csr_matrix", second: "csr_matrix") -> np.ndarray:
    """Of the words that either text has, the share that both have: (N, V) and (M, V) → (N, M)."""
    both = (first @ second.T).toarray()
    sizes = [np.asarray(texts.sum(axis=1)).ravel() for texts in (first, second)]
    result: np.ndarray = both / np.maximum(sizes[0][:, None] + sizes[1][None] - both, 1)
    return result
