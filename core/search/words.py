"""The words of a text as a search by words knows them, with their places: small letters, no stop words, no stemming.

Scripts without spaces, Chinese above all, are cut into pairs of neighbouring characters, which need no dictionary (Nie et al. 2000).
This module does not know what a word is worth.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from core.scripts import UNSPACED

RUN = re.compile(rf"(?P<unspaced>{UNSPACED.pattern}+)|(?:(?!{UNSPACED.pattern})\w)+")


@dataclass(frozen=True)
class Word:
    """A word in small letters, or a pair of characters, and its place: characters from start to end, the end not included."""

    term: str
    start: int
    end: int


def words(text: str) -> tuple[Word, ...]:
    """Every word of a text in its order. A single character of a script without spaces is a word where it has no neighbour."""
    found = []
    for run in RUN.finditer(text):
        start, end = run.span()
        if run["unspaced"] is None or end - start == 1:
            found.append(Word(run[0].casefold(), start, end))
        else:
            found += [Word(text[i : i + 2], i, i + 2) for i in range(start, end - 1)]
    return tuple(found)


def terms(text: str) -> list[str]:
    """The words of a text without their places."""
    return [word.term for word in words(text)]


def spans(text: str, wanted: Collection[str]) -> tuple[tuple[int, int], ...]:
    """Where the wanted terms stand in a text; overlapping and touching pairs of characters are one span."""
    merged: list[tuple[int, int]] = []
    for word in words(text):
        if word.term not in wanted:
            continue
        if merged and word.start < merged[-1][1]:
            merged[-1] = (merged[-1][0], word.end)
        else:
            merged.append((word.start, word.end))
    return tuple(merged)
