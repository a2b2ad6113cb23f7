"""What an encoder computes for a text: its vectors, every step of a layer, a changed computation."""

import numpy as np
import torch

from core import encoder as core_encoder
from core import models
from pages.shared.cached.models import encoder, has_pooler, tokenizer, whole, written_at
from pages.shared.cached.store import kept
from pages.shared.cached.tokens import tokens


@kept
def _vectors(name: str, written: float, text: str, pair: str, max_length: int) -> np.ndarray:
    inputs = tokenizer(name, max_length)(
        text, pair or None, truncation=True, max_length=max_length, return_tensors="pt"
    )
    with torch.inference_mode():
        return encoder(name)(**inputs).last_hidden_state[0].numpy()


def vectors(name: str, text: str, pair: str = "", max_length: int = 64) -> np.ndarray:
    """The last hidden state of every token, shape (T, D)."""
    return _vectors(name, written_at(name), text, pair, max_length)


@kept
def _pass(name: str, written: float, text: str, pair: str, max_length: int) -> core_encoder.Pass:
    return core_encoder.run(
        whole(name), tokenizer(name, max_length), text, pair, max_length=max_length, name=name, pooler=has_pooler(name)
    )


@kept
def _trace(name: str, written: float, text: str, pair: str, layer: int, max_length: int) -> core_encoder.Trace:
    return core_encoder.steps(whole(name), _pass(name, written, text, pair, max_length), layer)


def trace(name: str, text: str, pair: str = "", layer: int = 0, max_length: int = 0) -> core_encoder.Trace:
    """Every step of one layer, recomputed from the weights and compared with the library."""
    return _trace(name, written_at(name), text, pair, layer, max_length)


@kept
def _changed_pass(
    name: str, written: float, text: str, pair: str, max_length: int, changes: tuple[str, ...], swap: tuple[int, int] | None, padding: int
) -> core_encoder.Comparison:  # fmt: skip
    pad_to = 0
    if padding:
        longest = models.max_length(whole(name).config)
        pad_to = min(len(tokens(name, text, pair, max_length).tokens) + padding, longest)
    true, other = (
        core_encoder.trace(
            whole(name), tokenizer(name, max_length), text, pair, max_length=max_length, pad_to=pad_to, name=name, changes=wanted, swap=places
        )
        for wanted, places in (((), None), (changes, swap))
    )  # fmt: skip
    return core_encoder.compare(true, other)


def changed_pass(
    name: str,
    text: str,
    pair: str,
    max_length: int,
    changes: tuple[str, ...],
    swap: tuple[int, int] | None = None,
    padding: int = 0,
) -> core_encoder.Comparison:
    """What changing the computation does to the vectors and the prediction; padding: so many tokens are added to both."""
    return _changed_pass(name, written_at(name), text, pair, max_length, changes, swap, padding)
