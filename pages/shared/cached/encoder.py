"""What an encoder computes for a text: its vectors, every step of a layer, a changed computation."""

import numpy as np
import torch

from core import encoder as core_encoder
from core import models, openings, threads
from pages.shared.cached import attention
from pages.shared.cached.models import encoder, has_pooler, tokenizer, whole, written_at
from pages.shared.cached.store import kept
from pages.shared.cached.tokens import tokens


@kept
def _vectors(name: str, written: float, text: str, pair: str, max_length: int) -> np.ndarray:
    model = encoder(name)
    inputs = tokenizer(name, max_length)(
        text, pair or None, truncation=True, max_length=max_length, return_tensors="pt"
    )
    with threads.fitting(inputs["input_ids"].numel()), torch.inference_mode():
        return model(**inputs).last_hidden_state[0].numpy()


def vectors(name: str, text: str, pair: str = "", max_length: int = 64) -> np.ndarray:
    """The last hidden state of every token, shape (T, D)."""
    return _vectors(name, written_at(name), text, pair, max_length)


@kept
def _pass(
    name: str, written: float, text: str, pair: str, max_length: int
) -> tuple[core_encoder.Pass, openings.Habit | None]:
    """The pass, and the head with the strongest habit; None for a text of which only the beginning is asked for that."""
    weights: list[np.ndarray] = []
    short = attention.is_short(name, text, pair, max_length)
    passed = core_encoder.run(
        whole(name), tokenizer(name, max_length), text, pair, max_length=max_length, name=name, pooler=has_pooler(name),
        tell=(lambda layer: weights.append(layer.cpu().numpy())) if short else None,
    )  # fmt: skip
    return passed, openings.habit(np.stack(weights), passed.tokens) if short else None


@kept
def _trace(name: str, written: float, text: str, pair: str, layer: int, max_length: int) -> core_encoder.Trace:
    passed, _habit = _pass(name, written, text, pair, max_length)
    return core_encoder.steps(whole(name), passed, layer)


def trace(name: str, text: str, pair: str = "", layer: int = 0, max_length: int = 0) -> core_encoder.Trace:
    """Every step of one layer, recomputed from the weights and compared with the library."""
    return _trace(name, written_at(name), text, pair, layer, max_length)


def habit(name: str, text: str, pair: str = "", max_length: int = 0) -> openings.Habit:
    """The head with the strongest habit in the beginning of a text, as `attention.habit` finds it: here the pass is made anyway."""
    _passed, found = _pass(name, written_at(name), text, pair, max_length)
    return attention.habit(name, text, pair, max_length) if found is None else found


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
