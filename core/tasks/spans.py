"""Answers read off what a model says of each token: the likeliest spans of a passage, and how likely there is none.

This module does not know which model says it, nor how an answer is scored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from core.results import Prediction
from core.tasks.base import check_finite
from core.tasks.passages import Window

CANDIDATES = 20  # starts and ends that are combined
LONGEST = 30  # tokens of an answer
BEST = 10  # answers that are told
NO_ANSWER = 0  # the position that stands for it


@dataclass(frozen=True)
class Answer:
    """A possible answer: its words, its characters in the passage, its probability: that of its start times that of its end."""

    text: str
    start: int
    end: int
    probability: float


@dataclass(frozen=True)
class Answered(Prediction):
    """The answer to a question about a passage, "" for none.

    best: the likeliest answers, whatever is decided. nothing: the probability that there is none, of a long passage that of the window
    that is least sure of it. doubt: nothing / (nothing + the best answer's probability); above the threshold no answer is given.
    """

    answer: str
    best: tuple[Answer, ...]
    nothing: float
    doubt: float
    threshold: float


@dataclass(frozen=True)
class Curves:
    """What a model says of every token of a window: (T,) probabilities that the answer starts and ends there.

    tokens: their texts; first: the position of the passage's first token, so that what stands before is "no answer" and the question.
    offsets: the characters of the passage that its tokens stand for. window, windows: which one it is, of how many.
    """

    tokens: tuple[str, ...]
    start: np.ndarray
    end: np.ndarray
    first: int
    offsets: tuple[tuple[int, int], ...]
    window: int
    windows: int


@dataclass(frozen=True)
class Read:
    """What a window says: its likeliest answers, the probability of none, and of the best right answer that it shows."""

    best: list[tuple[float, int, int]]
    nothing: float
    right: float


def probabilities(window: Window, start: Tensor, end: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Of each token of a window that the answer starts and ends there, float64 (T,). start, end: logits, padding included."""
    size = len(window.features["input_ids"])
    both = torch.stack((start[:size], end[:size])).double().softmax(dim=-1)
    check_finite(both)
    first, second = both.cpu().numpy()
    return first, second


def decode(window: Window, start: np.ndarray, end: np.ndarray, places: Sequence[tuple[int, int]]) -> Read:
    """The likeliest spans of the passage that are no longer than LONGEST tokens, made of the likeliest starts and ends."""
    inside = slice(window.first, window.first + len(window.offsets))
    starts, ends = (np.argsort(-chances[inside], kind="stable")[:CANDIDATES] for chances in (start, end))
    length = ends[None, :] - starts[:, None]
    chances = np.where(
        (length >= 0) & (length < LONGEST), start[inside][starts][:, None] * end[inside][ends][None, :], -1.0
    )
    order = np.argsort(-chances, axis=None, kind="stable")[:CANDIDATES]
    best = [
        (float(chances[a, b]), window.offsets[starts[a]][0], window.offsets[ends[b]][1])
        for a, b in zip(*np.unravel_index(order, chances.shape), strict=True)
        if chances[a, b] >= 0
    ]
    shown = (window.positions(first, last) for first, last in places)
    right = max((float(start[found[0]] * end[found[1]]) for found in shown if found), default=0.0)
    return Read(best, float(start[NO_ANSWER] * end[NO_ANSWER]), right)


def nothing(windows: Sequence[Read]) -> float:
    """The probability that a passage has no answer: every window must say so, and the least sure one decides."""
    return min((window.nothing for window in windows), default=1.0)


def answer(inputs: Mapping[str, str], windows: Sequence[Read], threshold: float) -> Answered:
    """One answer from what the windows of a passage say; a span that two of them show counts once."""
    chances: dict[tuple[int, int], float] = {}
    for window in windows:
        for chance, start, end in window.best:
            if end > start:
                chances[start, end] = max(chance, chances.get((start, end), 0.0))
    likeliest = sorted(chances, key=lambda span: (-chances[span], span))[:BEST]
    passage, none = inputs["pair"], nothing(windows)
    best = tuple(Answer(passage[start:end], start, end, chances[start, end]) for start, end in likeliest)
    given = best[0].probability if best else 0.0
    doubt = none / (none + given) if none + given else 1.0
    return decided(Answered(inputs, False, "", best, none, doubt, threshold), threshold)


def decided(row: Answered, threshold: float) -> Answered:
    """The same answer with another threshold."""
    given = row.best[0].text if row.best and row.doubt <= threshold else ""
    return replace(row, answer=given, threshold=threshold)
