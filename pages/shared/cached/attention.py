"""Attention maps and what is made of them: statistics of heads, rollout and flow, what a head is worth."""

from hashlib import sha256
from typing import cast

import numpy as np

from core import attention, heads, openings
from core.batches import Report
from core.results import AttentionMaps
from pages.shared.cached.answers import explanation
from pages.shared.cached.data import data_of
from pages.shared.cached.models import encoder, predictor, tokenizer, whole, written_at
from pages.shared.cached.once import once
from pages.shared.cached.store import kept
from pages.shared.cached.tokens import tokens

HABIT_TOKENS = 64  # as much of a text as its heads' habits are looked for in


@kept
def _attend(name: str, written: float, text: str, pair: str, max_length: int) -> AttentionMaps:
    return attention.attend(encoder(name), tokenizer(name, max_length), text, pair, max_length=max_length, name=name)


@kept
def _attend_layer(name: str, written: float, text: str, pair: str, layer: int, max_length: int) -> AttentionMaps:
    return attention.attend(
        encoder(name), tokenizer(name, max_length), text, pair, layer=layer, max_length=max_length, name=name
    )


def attend(name: str, text: str, pair: str = "", layer: int | None = None, max_length: int = 0) -> AttentionMaps:
    """The attention weights of all layers, or of one."""
    if layer is None:
        return _attend(name, written_at(name), text, pair, max_length)
    if is_short(name, text, pair, max_length):  # the pass that found its heads' habits has all of them
        return attention.only(attend(name, text, pair, None, max_length), layer)
    return _attend_layer(name, written_at(name), text, pair, layer, max_length)


@kept
def _atlas(
    name: str, written: float, text: str, pair: str, max_length: int, masked: tuple[int, ...]
) -> attention.Atlas:
    if not masked and is_short(name, text, pair, max_length):
        return attention.atlas_of(attend(name, text, pair, None, max_length))
    return attention.atlas(
        encoder(name), tokenizer(name, max_length), text, pair, max_length=max_length, name=name, mask=masked
    )


def atlas(name: str, text: str, pair: str = "", max_length: int = 0, masked: tuple[int, ...] = ()) -> attention.Atlas:
    """Every weight of every head in bytes; masked: positions whose token the model does not see."""
    return _atlas(name, written_at(name), text, pair, max_length, masked)


def is_short(name: str, text: str, pair: str, max_length: int) -> bool:
    """Whether all weights of all layers are worth keeping: 2 MB for 144 heads of 64 tokens."""
    return len(tokens(name, text, pair, max_length).tokens) <= HABIT_TOKENS


@kept
def _habit(name: str, written: float, text: str, pair: str, max_length: int) -> openings.Habit:
    found = attend(name, text, pair, None, max_length)
    return openings.habit(found.weights, found.tokens)


def habit(name: str, text: str, pair: str = "", max_length: int = 0) -> openings.Habit:
    """The head with the strongest habit in the beginning of a text."""
    short = is_short(name, text, pair, max_length)
    return _habit(name, written_at(name), text, pair, max_length if short else HABIT_TOKENS)


def head_statistics(
    name: str, texts: tuple[str, ...], max_length: int, report: Report | None = None
) -> heads.HeadStatistics | None:
    """What every head does on average over some texts; without `report` only what is there already."""

    def make() -> heads.HeadStatistics:
        return heads.head_statistics(encoder(name), tokenizer(name, max_length), texts, max_length, report=report)

    digest = sha256(repr(texts).encode()).hexdigest()
    key = (name, written_at(name), digest, max_length)
    return cast(heads.HeadStatistics | None, once("head_statistics", key, make if report else None))


@kept
def _rollout(name: str, written: float, text: str, pair: str, max_length: int) -> np.ndarray:
    return heads.rollout(attend(name, text, pair, None, max_length).weights)


def rollout(name: str, text: str, pair: str, max_length: int) -> np.ndarray:
    """Attention rollout through each layer, shape (L, T, T)."""
    return _rollout(name, written_at(name), text, pair, max_length)


def flow(
    name: str, text: str, pair: str, max_length: int, source: int, report: Report | None = None
) -> np.ndarray | None:
    """Attention flow from one token to every input token, shape (T,); without `report` only what is there already."""

    def make() -> np.ndarray:
        return heads.flow(attend(name, text, pair, None, max_length).weights, [source], report=report)[0]

    key = (name, written_at(name), text, pair, max_length, source)
    return cast(np.ndarray | None, once("flow", key, make if report else None))


@kept
def _ablation(
    name: str, written: float, text: str, pair: str, max_length: int, off: tuple[tuple[int, int], ...]
) -> heads.Ablation:
    return heads.ablation(
        whole(name), tokenizer(name, max_length), text, pair, frozenset(off), max_length=max_length, name=name
    )


def ablation(name: str, text: str, pair: str, max_length: int, off: heads.Switch) -> heads.Ablation:
    """What switching heads off changes for one input."""
    return _ablation(name, written_at(name), text, pair, max_length, tuple(sorted(off)))


def single_ablations(
    name: str, text: str, pair: str, max_length: int, report: Report | None = None
) -> np.ndarray | None:
    """How far the output vectors move when one head alone is off, shape (L, H): the mean over the tokens of
    ‖after − before‖ / ‖before‖ after the last layer. Without `report` only what is there already."""

    def make() -> np.ndarray:
        config = encoder(name).config
        layers, count = config.num_hidden_layers, config.num_attention_heads
        moved = np.zeros((layers, count))
        for layer, head in np.ndindex(layers, count):
            off = frozenset({(layer, head)})
            found = heads.ablation(whole(name), tokenizer(name, max_length), text, pair, off, max_length=max_length)
            moved[layer, head] = found.change[-1].mean()
            if report is not None:
                report(layer * count + head + 1, moved.size)
        return moved

    key = (name, written_at(name), text, pair, max_length)
    return cast(np.ndarray | None, once("single_ablations", key, make if report else None))


def importance(name: str, limit: int, report: Report | None = None) -> heads.Importance | None:
    """What a model's answers lose without each of its heads, on the validation rows of its data; without `report` only what is there.

    name: a run ("run:…") or a model that comes with the studio.
    """

    def make() -> heads.Importance:
        found = data_of(name)
        split = found.splits["validation"]
        true = np.array(split["label"][:])
        return heads.importance(
            predictor(name), found.texts(split), found.label_names, true, limit=limit, report=report
        )

    return cast(heads.Importance | None, once("importance", (name, written_at(name), limit), make if report else None))


@kept
def _head_differences(
    name: str, written: float, other: str, other_written: float, text: str, pair: str, max_length: int
) -> heads.Differences:
    return heads.differences(*(attend(model, text, pair, None, max_length) for model in (name, other)))


def head_differences(name: str, other: str, text: str, pair: str, max_length: int) -> heads.Differences:
    """How much each head's map of one input differs between two models."""
    return _head_differences(name, written_at(name), other, written_at(other), text, pair, max_length)


@kept
def _agreement(name: str, written: float, text: str, pair: str, label: str) -> heads.Agreement:
    maps = attend(name, text, pair, None, predictor(name).max_length)
    inputs = {"text": text, "pair": pair} if pair else {"text": text}
    return heads.agreement(
        maps, [explanation(name, inputs, label, method) for method in ("integrated-gradients", "deletion")]
    )


def agreement(name: str, text: str, pair: str, label: str) -> heads.Agreement:
    """Attention to each word beside what the word does for a label."""
    return _agreement(name, written_at(name), text, pair, label)
