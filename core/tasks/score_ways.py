"""Simple ways to answer with a score, which a trained model must beat: the mean, the length, counted words, an encoder's cosine.

All of them learn from the training rows, in seconds. This module does not know how a model is trained.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from core import models
from core.batches import Columns
from core.data.dataset import TextDataset
from core.errors import N_
from core.results import Evaluation, RunConfig
from core.search import vectors
from core.tasks import tfidf
from core.tasks.base import Beside, is_path
from core.tasks.scores import measure


def _texts(dataset: TextDataset, split: str) -> tuple[Columns, np.ndarray]:
    """The texts of a split and their scores, (N,)."""
    rows = dataset.splits[split]
    return dataset.texts(rows), np.array(rows["score"], dtype=float)


def _mean(config: RunConfig, dataset: TextDataset, split: str) -> Evaluation:
    columns, true = _texts(dataset, split)
    _, learnt = _texts(dataset, "train")
    return measure(config.task, true, np.full(len(true), learnt.mean()), columns)


def _length(config: RunConfig, dataset: TextDataset, split: str) -> Evaluation:
    """Least squares on the logarithm of each text's length, and of a pair on how far they differ."""
    columns, true = _texts(dataset, split)
    content, learnt = _texts(dataset, "train")
    return measure(config.task, true, _fitted(_lengths(content), learnt, _lengths(columns)), columns)


def _lengths(columns: Columns) -> np.ndarray:
    """(N, K) in logarithms of characters."""
    lengths = np.log1p(np.array([[len(text) for text in texts] for texts in columns.values()], dtype=float)).T
    return np.hstack((lengths, np.ptp(lengths, axis=1, keepdims=True)))


def _fitted(known: np.ndarray, scores: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Scores (M,) of asked (M, K), by the straight line through those of known (N, K) that least squares finds."""
    inputs = np.hstack((known, np.ones((len(known), 1))))
    weights, *_ = np.linalg.lstsq(inputs, scores, rcond=None)
    return np.hstack((asked, np.ones((len(asked), 1)))) @ weights


def word_counts(task: str, dataset: TextDataset, split: str) -> Evaluation | None:
    """What TF-IDF and ridge regression reach on a split with the same training rows."""
    columns, true = _texts(dataset, split)
    content, learnt = _texts(dataset, "train")
    predicted = tfidf.scores(content, learnt, columns)
    return None if predicted is None else measure(task, true, predicted, columns)


def _cosine(config: RunConfig, dataset: TextDataset, split: str) -> Evaluation:
    """The encoder before training: each text by itself as a vector, the cosine of two, and the straight line to the scores."""
    columns, true = _texts(dataset, split)
    content, learnt = _texts(dataset, "train")
    known, asked = (cosines(config.model, part, config.max_length)[:, None] for part in (content, columns))
    return measure(config.task, true, _fitted(known, learnt, asked), columns)


def cosines(model: str, columns: Mapping[str, Sequence[str]], max_length: int) -> np.ndarray:
    """The cosine of the mean token vectors of the two texts of N pairs, (N,), by a model's encoder as it is."""
    path = is_path(model)
    encoder, tokenizer = models.load_encoder(model, allow_path=path), models.load_tokenizer(model, allow_path=path)
    limit = min(max_length, models.max_length(encoder.config))
    first, second = (vectors.of(encoder, tokenizer, texts, limit)[0] for texts in columns.values())
    found: np.ndarray = (first * second).sum(axis=1)
    return found


MEAN = Beside("mean", N_("The mean"), N_("Always answers the mean of the training scores."), _mean)
LENGTH = Beside("length", N_("The length"), N_("Goes by how long the text is."), _length)
COSINE = Beside(
    "cosine",
    N_("Cosine of the untrained encoder"),
    N_(
        "Reads each text by itself and compares two vectors; only the straight line from the cosine to the score is learnt."
    ),
    _cosine,
)
