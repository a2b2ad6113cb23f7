"""What counting words reaches: TF-IDF with logistic or ridge regression, which learn in seconds what a label's or a score's own words are.

A model that reads sentences is worth its cost where it does better than this. This module does not know what the classes mean,
nor how answers are measured.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.embeddings import SPACELESS

MOST_ROWS = 20_000  # to learn from, so that it takes seconds
MOST_FEATURES = 50_000
MOST_CHARS = 3_000  # of a text
SPACELESS_SHARE = 0.2  # of the characters: with more, words are not what spaces part
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
    from scipy.sparse import hstack  # here: pages that only predict start sooner
    from sklearn.linear_model import LogisticRegression

    true = np.asarray(labels)
    if len(set(true.tolist())) < 2:
        return None
    chosen = np.random.default_rng(SEED).permutation(len(true))[:MOST_ROWS]
    learnt, read = _counted(train, asked, chosen)
    regression = LogisticRegression(C=STRENGTH, max_iter=ITERATIONS)
    regression.fit(hstack(learnt).tocsr(), true[chosen])
    result = np.zeros((read[0].shape[0], classes))
    result[:, regression.classes_] = regression.predict_proba(hstack(read).tocsr())
    return result


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
    chosen = np.random.default_rng(SEED).permutation(len(true))[:MOST_ROWS]
    learnt, read = _counted(train, asked, chosen)
    if len(train) > 1:
        counter = _counter([text for texts in train.values() for text in texts])
        shared, overlap = (_overlap(counter, columns) for columns in (train, asked))
        learnt.append(shared[chosen])
        read.append(overlap)
    regression = Ridge(alpha=1.0)
    regression.fit(hstack(learnt).tocsr(), true[chosen])
    result: np.ndarray = regression.predict(hstack(read).tocsr()).astype(float)
    return result


def _counted(
    train: Mapping[str, Sequence[str]], asked: Mapping[str, Sequence[str]], chosen: np.ndarray
) -> tuple[list[Any], list[Any]]:
    """TF-IDF of the chosen training rows and of the inputs that are asked about, a sparse matrix for each role."""
    learnt, read = [], []
    for role, texts in train.items():
        content = [texts[i] for i in chosen]
        counter = _counter(content)
        learnt.append(counter.transform(_shortened(content)))
        read.append(counter.transform(_shortened(asked[role])))
    return learnt, read


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
    if spaceless(texts):
        return {"analyzer": "char", "ngram_range": (1, 3)}
    return {"ngram_range": (1, 2), "token_pattern": r"\w+|[^\w\s]"}


def spaceless(texts: Sequence[str]) -> bool:
    """Whether these texts are mostly of a script without spaces between its words."""
    start = "".join(text[:200] for text in texts[:SAMPLE])
    return len(SPACELESS.findall(start)) > SPACELESS_SHARE * max(len("".join(start.split())), 1)
