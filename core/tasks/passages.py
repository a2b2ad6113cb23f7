"""Questions with passages of any length as inputs of a limited length: overlapping windows of the passage behind the whole question.

The windows are those of a tokenizer that is told to truncate the second text only, with a stride. This module does not know what is
read off a window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from core.batches import Report
from core.tasks import windows

OVERLAP = 4  # a quarter of an input is read again in the next one


@dataclass(frozen=True)
class Window:
    """One input: the number of its question, the model's inputs, the position of its first token of the passage, and the characters
    of the passage, (start, end), that each of these tokens stands for."""

    row: int
    features: dict[str, Any]
    first: int
    offsets: Sequence[tuple[int, int]]

    def positions(self, start: int, end: int) -> tuple[int, int] | None:
        """The positions of the first and last token of these characters of the passage; None where the window lacks some of them."""
        if not self.touches(start, end) or self.offsets[0][0] > start or self.offsets[-1][1] < end:
            return None
        inside = [place for place, (first, last) in enumerate(self.offsets) if first < end and last > start]
        return (self.first + inside[0], self.first + inside[-1]) if inside else None

    def touches(self, start: int, end: int) -> bool:
        """Whether the window shows any of these characters of the passage."""
        return bool(self.offsets) and self.offsets[0][0] < end and self.offsets[-1][1] > start


@dataclass(frozen=True)
class Cut:
    """The windows of N questions, and how many tokens of each question are not read, int (N,)."""

    windows: list[Window]
    beyond: np.ndarray
    room: int


@dataclass(frozen=True)
class _Frame:
    """What stands around a question and a passage: ids and segments of the special tokens before, between and behind them."""

    ids: tuple[list[int], list[int], list[int]]
    segments: tuple[list[int], list[int], list[int]]
    of_question: int
    of_passage: int
    names: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.ids))


def cut(
    tokenizer: PreTrainedTokenizerBase,
    questions: Sequence[str],
    passages: Sequence[str],
    max_length: int,
    report: Report | None = None,
) -> Cut:
    """The windows of N questions with their passages, not padded. At least half of an input is the passage's.

    max_length: tokens of a window, special ones included. report(0, N) is called before each part of the work, so that it can raise
    Cancelled.
    """
    frame = _frame(tokenizer, max_length)
    room = max(1, max_length - frame.size - max_length // 2)
    distinct = list(dict.fromkeys(passages))
    read = dict(zip(distinct, windows.whole(tokenizer, distinct, max_length, report), strict=True))
    found: list[Window] = []
    beyond = np.zeros(len(questions), dtype=int)
    for row, asked in enumerate(windows.whole(tokenizer, questions, max_length, report)):
        beyond[row] = max(0, len(asked.ids) - room)
        question, passage = asked.ids[:room], read[passages[row]]
        space = max(1, max_length - frame.size - len(question))
        for start in starts(len(passage.ids), space, max_length):
            part = slice(start, start + space)
            features = _features(frame, question, passage.ids[part])
            found.append(Window(row, features, len(frame.ids[0] + question + frame.ids[1]), passage.offsets[part]))
    return Cut(found, beyond, room)


def starts(tokens: int, space: int, max_length: int) -> list[int]:
    """The first token of each window over a passage. space: tokens of the passage in a window."""
    step = max(1, space - max_length // OVERLAP)
    return [0, *range(step, tokens - space + step, step)] if tokens > space else [0]


def around(
    tokenizer: PreTrainedTokenizerBase, question: str, passage: str, span: tuple[int, int], max_length: int
) -> tuple[int, str]:
    """The part of a long passage that is read at once with most around some of its characters, and where it begins."""
    windows = cut(tokenizer, [question], [passage], max_length).windows
    if len(windows) == 1:
        return 0, passage
    parts = [(window.offsets[0][0], window.offsets[-1][1]) for window in windows]
    start, end = max(parts, key=lambda part: min(span[0] - part[0], part[1] - span[1]))
    return start, passage[start:end]


def _frame(tokenizer: PreTrainedTokenizerBase, max_length: int) -> _Frame:
    """What the tokenizer puts around two texts, seen on the shortest ones."""
    encoded = tokenizer(["a"], ["a"], truncation=True, max_length=max_length)
    sources, ids, segments = encoded[0].sequence_ids, encoded[0].ids, encoded[0].type_ids
    first = [place for place, source in enumerate(sources) if source == 0]
    second = [place for place, source in enumerate(sources) if source == 1]
    around = (slice(0, first[0]), slice(first[-1] + 1, second[0]), slice(second[-1] + 1, len(ids)))
    names = tuple(name for name in tokenizer.model_input_names if name in encoded)
    before, between, behind = around
    return _Frame(
        (ids[before], ids[between], ids[behind]),
        (segments[before], segments[between], segments[behind]),
        segments[first[0]],
        segments[second[0]],
        names,
    )


def _features(frame: _Frame, question: list[int], passage: list[int]) -> dict[str, Any]:
    before, between, behind = frame.ids
    ids = [*before, *question, *between, *passage, *behind]
    content = {
        "input_ids": ids,
        "attention_mask": [1] * len(ids),
        "token_type_ids": [
            *frame.segments[0],
            *[frame.of_question] * len(question),
            *frame.segments[1],
            *[frame.of_passage] * len(passage),
            *frame.segments[2],
        ],
    }
    return {name: content[name] for name in frame.names}
