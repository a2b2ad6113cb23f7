"""ROUGE: how much of a reference summary's wording a summary has (Lin 2004).

Words are runs of letters and digits in small letters, not stemmed; scripts without spaces, Chinese above all, are counted by
characters. On English text the numbers are those of the library rouge-score. This module does not know whether a summary is true, well
written, or says the same thing in other words.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from core.errors import N_
from core.scripts import UNSPACED

TOKEN = re.compile(rf"{UNSPACED.pattern}|(?:(?!{UNSPACED.pattern})[^\W_])+")


@dataclass(frozen=True)
class Overlap:
    """What a summary and its reference share. precision: of the summary; recall: of the reference; f1: their harmonic mean."""

    precision: float
    recall: float
    f1: float


def tokens(text: str) -> list[str]:
    """The words of a text, and its characters where a script has no spaces, in small letters; punctuation is none."""
    return [match[0].lower() for match in TOKEN.finditer(text)]


def grams(summary: Sequence[str], reference: Sequence[str], n: int) -> Overlap:
    """ROUGE-N of two lists of words: each run of n words counts as often as both have it."""
    ours, theirs = (
        Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1)) for words in (summary, reference)
    )
    return _overlap((ours & theirs).total(), ours.total(), theirs.total())


def longest(summary: Sequence[str], reference: Sequence[str]) -> Overlap:
    """ROUGE-L of two lists of words: the longest sequence that both have in this order, gaps allowed."""
    return _overlap(common(summary, reference), len(summary), len(reference))


def common(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence, one bit for each word of `first` (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for place, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << place
    whole = (1 << len(first)) - 1
    row = whole
    for word in second:
        matches = row & places.get(word, 0)
        row = (row + matches | row - matches) & whole
    return len(first) - row.bit_count()


def _overlap(shared: int, ours: int, theirs: int) -> Overlap:
    precision, recall = shared / max(ours, 1), shared / max(theirs, 1)
    return Overlap(precision, recall, 2 * precision * recall / (precision + recall) if shared else 0.0)


@dataclass(frozen=True)
class Kind:
    """A kind of ROUGE."""

    id: str
    title: str
    help: str
    measure: Callable[[Sequence[str], Sequence[str]], Overlap]


KINDS: dict[str, Kind] = {
    row.id: row
    for row in (
        Kind("rouge1", "ROUGE-1", N_("Single words, or Chinese characters, that both have."), partial(grams, n=1)),
        Kind("rouge2", "ROUGE-2", N_("Pairs of neighbouring words that both have."), partial(grams, n=2)),
        Kind("rougeL", "ROUGE-L", N_("The longest sequence of words that both have in the same order."), longest),
    )
}


def rouge(summary: str, reference: str) -> dict[str, Overlap]:
    """Every kind of ROUGE of a summary against its reference: KINDS id → overlap."""
    ours, theirs = tokens(summary), tokens(reference)
    return {kind.id: kind.measure(ours, theirs) for kind in KINDS.values()}
