"""Texts of any length as inputs of a limited length: overlapping windows, and which word is answered in which of them.

Every word belongs to the window that shows most of what stands around it, so nothing is lost and nothing is answered twice.
Tokens are matched to words by their characters, which any fast tokenizer tells. This module does not know what is asked of a
word.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from core.batches import ROWS_PER_TOKENIZER_CALL, Report
from core.tokens import clean

OVERLAP = 4  # a quarter of a window is read again in the next one

Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Pieces:
    """A text's tokens, special ones apart: ids; offsets: (start, end) of each in characters; before, after: the ids of the special
    tokens around them; names: of the model's inputs."""

    ids: list[int]
    offsets: list[tuple[int, int]]
    before: list[int]
    after: list[int]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Window:
    """One input: the number of its text, the model's inputs, the words it answers for and the positions of their first pieces."""

    text: int
    features: dict[str, Any]
    words: np.ndarray
    positions: np.ndarray


@dataclass(frozen=True)
class Windows:
    """The windows of N texts. owners: of each text's words, (W), the word that holds its token: itself, an earlier word whose
    last piece reaches into it, or −1 for a word that gives no token."""

    windows: list[Window]
    owners: list[np.ndarray]


def cut(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    words: Sequence[Spans],
    max_length: int,
    report: Report | None = None,
) -> Windows:
    """The windows of N texts, not padded.

    words: of each text the (start, end) of its words, in characters and in order. max_length: tokens of a window, special ones
    included. report(0, N) is called before each part of the work, so that it can raise Cancelled.
    """
    windows: list[Window] = []
    owners: list[np.ndarray] = []
    for number, pieces in enumerate(whole(tokenizer, texts, max_length, report)):
        made, owner = _of_text(number, pieces, words[number], max_length)
        windows += made
        owners.append(owner)
    return Windows(windows, owners)


def whole(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_length: int, report: Report | None = None
) -> Iterator[Pieces]:
    """Each of N texts in its tokens, none of them cut off. max_length, report: as of `cut`."""
    for start in range(0, len(texts), ROWS_PER_TOKENIZER_CALL):
        if report is not None:
            report(0, len(texts))
        part = [clean(text) for text in texts[start : start + ROWS_PER_TOKENIZER_CALL]]
        # truncation as in every other call, since its settings are shared; what it cuts off comes as further parts
        encoded = tokenizer(part, truncation=True, max_length=max_length)
        names = tuple(name for name in tokenizer.model_input_names if name in encoded)
        for encoding in encoded.encodings:
            yield _joined([encoding, *encoding.overflowing], names)


def _joined(encodings: Sequence[Any], names: tuple[str, ...]) -> Pieces:
    ids: list[int] = []
    offsets: list[tuple[int, int]] = []
    before: list[int] = []
    after: list[int] = []
    for part, encoding in enumerate(encodings):
        inside = [place for place, source in enumerate(encoding.sequence_ids) if source is not None]
        first, last = (inside[0], inside[-1] + 1) if inside else (1, 1)
        if part == 0:
            before, after = encoding.ids[:first], encoding.ids[last:]
        ids += encoding.ids[first:last]
        offsets += encoding.offsets[first:last]
    return Pieces(ids, offsets, before, after, names)


def _of_text(number: int, pieces: Pieces, words: Spans, max_length: int) -> tuple[list[Window], np.ndarray]:
    ids, offsets, before, after, names = pieces.ids, pieces.offsets, pieces.before, pieces.after, pieces.names
    first_tokens, owner = _match(offsets, words)
    answered = np.flatnonzero(owner == np.arange(len(owner)))
    spans = _spans(first_tokens[answered], len(ids), max(1, max_length - len(before) - len(after)))
    chosen = _decide(first_tokens[answered], spans, len(ids))
    windows = []
    for place, (start, end) in enumerate(spans):
        own = answered[chosen == place]
        if len(own):
            input_ids = [*before, *ids[start:end], *after]
            features = {"input_ids": input_ids, **{name: [0] * len(input_ids) for name in names if name != "input_ids"}}
            if "attention_mask" in features:
                features["attention_mask"] = [1] * len(input_ids)
            windows.append(Window(number, features, own, first_tokens[own] - start + len(before)))
    return windows, owner


def _match(offsets: Spans, words: Spans) -> tuple[np.ndarray, np.ndarray]:
    """The first token of each word, (W), −1 where it has none, and its owner, (W)."""
    first_tokens = np.full(len(words), -1)
    owner = np.full(len(words), -1)
    if not words or not offsets:
        return first_tokens, owner
    starts, ends = np.array(words).T
    token_starts, token_ends = np.array(offsets).T
    begins_in = np.searchsorted(ends, token_starts, side="right")
    ends_in = np.searchsorted(starts, token_ends, side="left") - 1
    covering = np.flatnonzero((token_ends > token_starts) & (begins_in <= ends_in))
    for token in covering[::-1]:  # backwards, so that a word's first token is written last
        first_tokens[begins_in[token]] = token
        owner[begins_in[token]] = begins_in[token]
    for token in covering[begins_in[covering] < ends_in[covering]]:
        for word in range(begins_in[token] + 1, ends_in[token] + 1):
            if owner[word] < 0:
                owner[word] = begins_in[token]
    return first_tokens, owner


def _spans(beginnings: np.ndarray, tokens: int, room: int) -> list[tuple[int, int]]:
    """(start, end) of the windows over a text's tokens, each beginning with a word. beginnings: first tokens of the words."""
    if tokens <= room:
        return [(0, tokens)]
    spans = [(0, room)]
    while spans[-1][1] < tokens:
        start, end = spans[-1]
        early = beginnings[(beginnings > start) & (beginnings <= end - room // OVERLAP)]
        late = beginnings[beginnings > start]
        if not len(late):
            break
        start = int(early[-1] if len(early) else late[0])
        spans.append((start, min(start + room, tokens)))
    return spans


def _decide(beginnings: np.ndarray, spans: Sequence[tuple[int, int]], tokens: int) -> np.ndarray:
    """For each word the window that shows most around it: where its first token is farthest from the nearer cut."""
    best = np.full(len(beginnings), -1)
    chosen = np.zeros(len(beginnings), dtype=int)
    for place, (start, end) in enumerate(spans):
        left = beginnings - start if start else np.full(len(beginnings), tokens)
        right = end - 1 - beginnings if end < tokens else np.full(len(beginnings), tokens)
        context = np.where((beginnings >= start) & (beginnings < end), np.minimum(left, right), -1)
        better = context > best
        best, chosen = np.where(better, context, best), np.where(better, place, chosen)
    return chosen
