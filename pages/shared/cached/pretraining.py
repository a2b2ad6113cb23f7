"""Masked words, pairs of sentences and what pre-training makes of a text."""

from typing import cast

from core import openings, pretraining
from core.batches import Report
from pages.shared.cached.models import masked_lm, next_sentence_model, tokenizer, written_at
from pages.shared.cached.once import once
from pages.shared.cached.store import kept


@kept
def _filled(
    name: str, written: float, text: str, masked: tuple[int, ...], whole_words: bool, max_length: int
) -> pretraining.Filled:
    return pretraining.fill(
        masked_lm(name), tokenizer(name, max_length), text, masked, max_length=max_length, name=name, whole_words=whole_words
    )  # fmt: skip


def filled(name: str, text: str, masked: tuple[int, ...], *, whole_words: bool, max_length: int) -> pretraining.Filled:
    """What a model would put at the masked positions of a text."""
    return _filled(name, written_at(name), text, masked, whole_words, max_length)


@kept
def _before_after(
    name: str, written: float, text: str, masked: tuple[int, ...], whole_words: bool, layer: int, max_length: int
) -> pretraining.BeforeAfter:
    return pretraining.attention_before_after(
        masked_lm(name), tokenizer(name, max_length), text, masked, layer=layer, max_length=max_length, name=name, whole_words=whole_words
    )  # fmt: skip


def before_after(
    name: str, text: str, masked: tuple[int, ...], *, whole_words: bool, layer: int, max_length: int
) -> pretraining.BeforeAfter:
    """One layer's attention of a text before and after masking."""
    return _before_after(name, written_at(name), text, masked, whole_words, layer, max_length)


COMPARED_TOKENS = 64  # as much of a text as is read in all layers to find the head that masking moves most


@kept
def _most_moved(
    name: str, written: float, text: str, masked: tuple[int, ...], whole_words: bool, max_length: int
) -> tuple[int, int]:
    limit = min(max_length, COMPARED_TOKENS)
    within = tuple(position for position in masked if position < limit - 1)
    if not within:
        return 0, 0
    found = pretraining.attention_before_after(
        masked_lm(name), tokenizer(name, limit), text, within, max_length=limit, name=name, whole_words=whole_words
    )
    return openings.most_moved(found.before.weights, found.after.weights, within)


def most_moved(name: str, text: str, masked: tuple[int, ...], *, whole_words: bool, max_length: int) -> tuple[int, int]:
    """The layer and head in which masking moves the attention of the masked tokens most, as far as the beginning of the text tells."""
    return _most_moved(name, written_at(name), text, masked, whole_words, max_length)


@kept
def _corrupted(
    name: str, written: float, text: str, seed: int, whole_words: bool, max_length: int
) -> pretraining.Corruption:
    return pretraining.corrupt(
        tokenizer(name, max_length), text, seed=seed, whole_words=whole_words, max_length=max_length
    )


def corrupted(name: str, text: str, *, seed: int, whole_words: bool, max_length: int) -> pretraining.Corruption:
    """What the recipe of pre-training makes of one text."""
    return _corrupted(name, written_at(name), text, seed, whole_words, max_length)


@kept
def _fates(
    name: str, written: float, text: str, seed: int, rounds: int, whole_words: bool, max_length: int
) -> tuple[dict[pretraining.Fate, int], ...]:
    rolls = (
        pretraining.corrupt(
            tokenizer(name, max_length), text, seed=seed + number, whole_words=whole_words, max_length=max_length
        )
        for number in range(rounds)
    )
    return tuple(dict(roll.counts) for roll in rolls)


def fates(
    name: str, text: str, *, seed: int, rounds: int, whole_words: bool, max_length: int
) -> tuple[dict[pretraining.Fate, int], ...]:
    """How many tokens met each fate, in each of many rolls of the recipe with seed, seed + 1, …"""
    return _fates(name, written_at(name), text, seed, rounds, whole_words, max_length)


def scored(name: str, text: str, max_length: int, report: Report | None = None) -> pretraining.Scored | None:
    """A text's pseudo-log-likelihood, token by token; without `report` only what is there already."""

    def make() -> pretraining.Scored:
        return pretraining.score(
            masked_lm(name), tokenizer(name, max_length), text, max_length=max_length, name=name, report=report
        )

    key = (name, written_at(name), text, max_length)
    return cast(pretraining.Scored | None, once("scored", key, make if report else None))


@kept
def _follows(name: str, written: float, first: str, second: str, max_length: int) -> pretraining.NextSentence:
    return pretraining.next_sentence(
        next_sentence_model(name), tokenizer(name, max_length), first, second, max_length=max_length, name=name
    )


def follows(name: str, first: str, second: str, max_length: int) -> pretraining.NextSentence:
    """Whether the second text follows the first, and how the model comes to its answer."""
    return _follows(name, written_at(name), first, second, max_length)


@kept
def _generated(
    name: str, written: float, text: str, method: pretraining.Method, length: int, temperature: float, top_k: int, seed: int, max_length: int
) -> tuple[pretraining.GenerationStep, ...]:  # fmt: skip
    return pretraining.generate(
        masked_lm(name), tokenizer(name, max_length), text, length=length, method=method, temperature=temperature, top_k=top_k, seed=seed,
        max_length=max_length, name=name,
    )  # fmt: skip


def generated(
    name: str, text: str, *, method: pretraining.Method, length: int, temperature: float, top_k: int, seed: int, max_length: int
) -> tuple[pretraining.GenerationStep, ...]:  # fmt: skip
    """Masks filled one after the other, step by step."""
    return _generated(name, written_at(name), text, method, length, temperature, top_k, seed, max_length)
