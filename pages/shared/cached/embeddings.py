"""Vectors of words and sentences, their maps, and how far apart the labels lie."""

from collections.abc import Callable
from typing import Literal

import numpy as np

from core import embeddings
from pages.shared.cached.data import data_of, dataset
from pages.shared.cached.models import encoder, has_pooler, tokenizer, written_at
from pages.shared.cached.once import undisturbed
from pages.shared.cached.store import kept


@kept
def _output(name: str, written: float, text: str, pair: str, max_length: int) -> embeddings.Output:
    return embeddings.output(
        encoder(name), tokenizer(name, max_length), text, pair, max_length=max_length, name=name, pooler=has_pooler(name)
    )  # fmt: skip


def output(name: str, text: str, pair: str = "", max_length: int = 0) -> embeddings.Output:
    """Every hidden state of a text (and pair), the pooler's output where the model has a trained one, and one vector a pooling."""
    return _output(name, written_at(name), text, pair, max_length)


@kept
def _word_uses(
    name: str, written: float, word: str, sentences: tuple[tuple[str, str], ...], max_length: int
) -> embeddings.WordUses:
    return embeddings.word_across(
        encoder(name), tokenizer(name, max_length), word, sentences, max_length=max_length, name=name
    )


def word_uses(name: str, word: str, sentences: tuple[tuple[str, str], ...], max_length: int = 0) -> embeddings.WordUses:
    """A word's vectors in several sentences, each with its sense."""
    return _word_uses(name, written_at(name), word, sentences, max_length)


@kept
def sample(name: str, count: int) -> embeddings.Sample:
    """Texts of a dataset, chosen at random, those held back from training first."""
    return embeddings.sample(dataset(name), count)


@kept
def held_back(run: str, count: int) -> embeddings.Sample:
    """Texts that were held back from the training of a run ("run:…"), chosen at random; of its training rows where there are no others."""
    return embeddings.sample(data_of(run), count, held_back=True)


@kept
def _sentence_vectors(
    name: str, written: float, texts: tuple[str, ...], max_length: int, _report: Callable[[int, int], None] | None
) -> embeddings.Pooled:
    return embeddings.pooled(encoder(name), tokenizer(name, max_length), texts, max_length=max_length, report=_report)


def sentence_vectors(
    name: str, texts: tuple[str, ...], max_length: int, report: Callable[[int, int], None] | None = None
) -> embeddings.Pooled:
    """One vector a text, layer and pooling; `report` may draw progress, and is called only while nothing is kept yet."""
    return _sentence_vectors(name, written_at(name), texts, max_length, undisturbed(report))


@kept
def _few_vectors(name: str, written: float, text: str, max_length: int) -> dict[embeddings.Pooling, np.ndarray]:
    found = embeddings.pooled(encoder(name), tokenizer(name, max_length), (text,), max_length=max_length)
    return {way: vectors[:, 0] for way, vectors in found.vectors.items()}


def few_vectors(name: str, text: str, max_length: int) -> dict[embeddings.Pooling, np.ndarray]:
    """One text's vector in every state, shape (L + 1, D), for each way of pooling."""
    return _few_vectors(name, written_at(name), text, max_length)


def _chosen_vectors(
    names: tuple[str, ...], texts: tuple[str, ...], max_length: int, state: int, pooling: embeddings.Pooling
) -> list[np.ndarray]:
    return [sentence_vectors(name, texts, max_length).vectors[pooling][state] for name in names]


@kept
def _projection(
    names: tuple[str, ...], written: tuple[float, ...], texts: tuple[str, ...], max_length: int, state: int,
    pooling: embeddings.Pooling, method: embeddings.Method, dimensions: Literal[2, 3], perplexity: float, beside: str,
) -> embeddings.Projection:  # fmt: skip
    vectors = _chosen_vectors(names, texts, max_length, state, pooling)
    more = [few_vectors(name, beside, max_length)[pooling][state] for name in names] if beside else []
    return embeddings.project(vectors, method, dimensions, beside=more, perplexity=perplexity)


def projection(
    names: tuple[str, ...], texts: tuple[str, ...], max_length: int, state: int,
    pooling: embeddings.Pooling, method: embeddings.Method, dimensions: Literal[2, 3], perplexity: float, beside: str = "",
) -> embeddings.Projection:  # fmt: skip
    """The sentence vectors of one model or two on one map. beside: one more sentence that is placed on it, "" for none."""
    written = tuple(written_at(name) for name in names)
    return _projection(names, written, texts, max_length, state, pooling, method, dimensions, perplexity, beside)


@kept
def _separation(
    name: str, written: float, texts: tuple[str, ...], labels: tuple[str, ...], max_length: int, state: int, pooling: embeddings.Pooling
) -> embeddings.Separation:  # fmt: skip
    return embeddings.separation(_chosen_vectors((name,), texts, max_length, state, pooling)[0], labels)


def separation(
    name: str, texts: tuple[str, ...], labels: tuple[str, ...], max_length: int, state: int, pooling: embeddings.Pooling
) -> embeddings.Separation:
    """How far apart the labels lie in one layer."""
    return _separation(name, written_at(name), texts, labels, max_length, state, pooling)


@kept
def _silhouettes(
    name: str, written: float, texts: tuple[str, ...], labels: tuple[str, ...], max_length: int, pooling: embeddings.Pooling
) -> tuple[float, ...]:  # fmt: skip
    states = sentence_vectors(name, texts, max_length).vectors[pooling]
    return tuple(embeddings.silhouette(vectors, labels) for vectors in states)


def silhouettes(
    name: str, texts: tuple[str, ...], labels: tuple[str, ...], max_length: int, pooling: embeddings.Pooling
) -> tuple[float, ...]:
    """The silhouette score of the labels in every state."""
    return _silhouettes(name, written_at(name), texts, labels, max_length, pooling)
