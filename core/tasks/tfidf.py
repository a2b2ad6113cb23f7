"""What counting words reaches: TF-IDF with logistic or ridge regression, which learn in seconds what a label's or a score's own words are.

A model that reads sentences is worth its cost where it does better than this. This module does not know what the classes mean,
nor how answers are measured.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.scripts import UNSPACED

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

MOST_ROWS = 20_000  # to learn from, so that it takes seconds
MOST_FEATURES = 50_000
MOST_CHARS = 3_000  # of a text
UNSPACED_SHARE = 0.2  # of the characters: with more, words are not what spaces part
SAMPLE = 200  # texts that are looked at for that
STRENGTH = 10.0  # C of the regression: with few rows 1 hardly leaves the class frequencies
ITERATIONS = 500
SEED = 0


def probabilities(
    train: Mapping[str, Sequence[str]], labels: Sequence[int], asked: Mapping[str, Sequence[str]], classes: int
) -> np.ndarray | None:
    """Class probabilities, float64 (N, classes), of N inputs, learnt from others; None where these have fewer than two classes.

    train, asked: role → texts; labels: a class for each row of train. Words are counted alone and in twos; in scripts without
    spaces, characters alone, in twos and threes.
    """
    true = np.asarray(labels)
    if len(set(true.tolist())) < 2:
        return None
    chosen = _chosen(len(true))
    learnt, read = _counted(train, chosen, asked)
    regression = _regression().fit(learnt, true[chosen])
    result = np.zeros((read.shape[0], classes))
    result[:, regression.classes_] = regression.predict_proba(read)
    return result


def independent(
    train: Mapping[str, Sequence[str]], labels: np.ndarray, asked: Mapping[str, Sequence[str]]
) -> np.ndarray | None:
    """The probability of each label by itself, float64 (N, C), of N inputs, learnt from others: one regression against the rest for each.

    labels: for each row of train which labels it has, bool (M, C). A label that all or none of these rows have is as sure as that;
    None where that is so of every label.
    """
    chosen = _chosen(len(labels))
    true = np.asarray(labels, dtype=bool)[chosen]
    if not (true.any(axis=0) & ~true.all(axis=0)).any():
        return None
    learnt, read = _counted(train, chosen, asked)
    result = np.tile(true.mean(axis=0), (read.shape[0], 1))
    for label in np.flatnonzero(true.any(axis=0) & ~true.all(axis=0)):
        result[:, label] = _regression().fit(learnt, true[:, label]).predict_proba(read)[:, 1]
    return result


def _chosen(rows: int) -> np.ndarray:
    """The rows that are learnt from, at most MOST_ROWS, always the same."""
    return np.random.default_rng(SEED).permutation(rows)[:MOST_ROWS]


def _counted(
    train: Mapping[str, Sequence[str]], chosen: np.ndarray, asked: Mapping[str, Sequence[str]]
) -> "tuple[csr_matrix, csr_matrix]":
    """The chosen training inputs and those that are asked about as weighted counts."""
    from scipy.sparse import hstack  # here: pages that only predict start sooner

    learnt, read = [], []
    for role, texts in train.items():
        content = [texts[i] for i in chosen]
        counter = _counter(content)
        learnt.append(counter.transform(_shortened(content)))
        read.append(counter.transform(_shortened(asked[role])))
    return hstack(learnt).tocsr(), hstack(read).tocsr()


def _regression() -> "LogisticRegression":
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=STRENGTH, max_iter=ITERATIONS)


def scores(
    train: Mapping[str, Sequence[str]], true: np.ndarray, asked: Mapping[str, Sequence[str]]
) -> np.ndarray | None:
    """Scores, float64 (N,), of N inputs, by ridge regression learnt from others; None where these all have the same score.

    train, asked: role → texts; true: a score for each row of train. Of a pair, the cosine of its two counts is one more feature:
    which words they share says more than which words there are.
    """
    from scipy.sparse import hstack
    from sklearn.linear_model import Ridge

    if len(set(true.tolist())) < 2:
        return None
    chosen = _chosen(len(true))
    learnt, read = _counted(train, chosen, asked)
    if len(train) > 1:
        counter = _counter([text for texts in train.values() for text in texts])
        shared, overlap = (_overlap(counter, columns) for columns in (train, asked))
        learnt, read = hstack((learnt, shared[chosen])).tocsr(), hstack((read, overlap)).tocsr()
    result: np.ndarray = Ridge(alpha=1.0).fit(learnt, true[chosen]).predict(read).astype(float)
    return result


def nearest(known: Sequence[str], asked: Sequence[str]) -> np.ndarray:
    """The place of the known text whose counts are nearest to those of each text asked about, (N,); the first of equals."""
    counter = _counter(known)
    vectors, read = counter.transform(_shortened(known)).T, counter.transform(_shortened(asked))
    parts = (read[start : start + SAMPLE] @ vectors for start in range(0, read.shape[0], SAMPLE))
    return np.concatenate([part.toarray().argmax(axis=1) for part in parts])


def _counter(texts: Sequence[str]) -> Any:
    """What counts the units of such texts."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    content = _shortened(texts)
    counter = TfidfVectorizer(**units_of(content), sublinear_tf=True, max_features=MOST_FEATURES, dtype=np.float32)
    return counter.fit(content)


def _overlap(counter: Any, columns: Mapping[str, Sequence[str]]) -> np.ndarray:
    """The cosine of the counts of the two texts of N pairs, (N, 1)."""
    first, second = (counter.transform(_shortened(texts)) for texts in columns.values())
    return np.asarray(first.multiply(second).sum(axis=1))


def _shortened(texts: Sequence[str]) -> list[str]:
    return [text[:MOST_CHARS] for text in texts]


def units_of(texts: Sequence[str]) -> dict[str, Any]:
    """What is counted in these texts, as TfidfVectorizer is told."""
    if unspaced(texts):
        return {"analyzer": "char", "ngram_range": (1, 3)}
    return {"ngram_range": (1, 2), "token_pattern": r"\w+|[^\w\s]"}


def unspaced(texts: Sequence[str]) -> bool:
    """Whether these texts are mostly of a script without spaces between its words."""
    start = "".join(text[:200] for text in texts[:SAMPLE])
    return len(UNSPACED.findall(start)) > UNSPACED_SHARE * max(len("".join(start.split())), 1)
