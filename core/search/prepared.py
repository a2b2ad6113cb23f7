"""Vectors that come with the studio, so that the first result in Chinese needs no model: the multilingual one takes seconds to be made and loaded.

They are of the Chinese help desk, of what it is asked first, and of the questions that choose its threshold. A text that is not among
them has none here. `python -m recipes.search_vectors` makes them, and a test compares them with the model's. This module does not know
what the texts are, only their digests.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from core import models

MODEL = models.MULTILINGUAL
FILE = Path(__file__).with_name("prepared.npz")


@dataclass(frozen=True, eq=False)
class Prepared:
    """places: digest of a text → its row of the vectors. vectors: float32 (N, D), each of length 1. max_length: the most tokens that the model read of a text."""

    places: dict[int, int]
    vectors: np.ndarray
    max_length: int


def digest(text: str) -> int:
    """A number that no other text shares."""
    return int.from_bytes(sha256(text.encode("utf-8", errors="surrogatepass")).digest()[:8], "little")


def write(texts: Iterable[str], vectors: np.ndarray, max_length: int, file: Path = FILE) -> None:
    """Write the vectors of N texts, (N, D), in float16."""
    digests = np.array([digest(text) for text in texts], dtype=np.uint64)
    np.savez(file, digests=digests, vectors=vectors.astype(np.float16), max_length=np.int64(max_length))


@lru_cache(maxsize=1)
def read() -> Prepared:
    """What comes with the studio."""
    with np.load(FILE) as stored:
        vectors = stored["vectors"].astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        places = {number: place for place, number in enumerate(stored["digests"].tolist())}
        return Prepared(places, vectors, int(stored["max_length"]))


def vectors(name: str, texts: Sequence[str]) -> np.ndarray | None:
    """The vectors of N texts, float32 (N, D); None unless there is one of each, and the model is here to make those of other texts."""
    if name != MODEL or models.availability(name) != "here":
        return None
    prepared = read()
    places = [prepared.places.get(digest(text)) for text in texts]
    known = [place for place in places if place is not None]
    return prepared.vectors[known] if len(known) == len(places) else None
