"""What counting words reaches: TF-IDF and logistic regression, which learn in seconds what a label's own words are.

A model that reads sentences is worth its cost where it does better than this. This module does not know what the classes mean,
nor how answers are measured.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.scripts import UNSPACED

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
    from scipy.sparse import hstack  # here: pages that only predict start sooner
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    true = np.asarray(labels)
    if len(set(true.tolist())) < 2:
        return None
    chosen = np.random.default_rng(SEED).permutation(len(true))[:MOST_ROWS]
    learnt, read = [], []
    for role, texts in train.items():
        content = [texts[i][:MOST_CHARS] for i in chosen]
        counter = TfidfVectorizer(**units_of(content), sublinear_tf=True, max_features=MOST_FEATURES, dtype=np.float32)
        learnt.append(counter.fit_transform(content))
        read.append(counter.transform([text[:MOST_CHARS] for text in asked[role]]))
    regression = LogisticRegression(C=STRENGTH, max_iter=ITERATIONS)
    regression.fit(hstack(learnt).tocsr(), true[chosen])
    result = np.zeros((read[0].shape[0], classes))
    result[:, regression.classes_] = regression.predict_proba(hstack(read).tocsr())
    return result


def units_of(texts: Sequence[str]) -> dict[str, Any]:
    """What is counted in these texts, as TfidfVectorizer is told."""
    if unspaced(texts):
        return {"analyzer": "char", "ngram_range": (1, 3)}
    return {"ngram_range": (1, 2), "token_pattern": r"\w+|[^\w\s]"}


def unspaced(texts: Sequence[str]) -> bool:
    """Whether these texts are mostly of a script without spaces between its words."""
    start = "".join(text[:200] for text in texts[:SAMPLE])
    return len(UNSPACED.findall(start)) > UNSPACED_SHARE * max(len("".join(start.split())), 1)
