"""The words of a text as a reader sees them, and which tokens each is made of.

This module does not know what is asked of a word.
"""

import unicodedata
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Word:
    """A word of a text: source 0 the text, 1 the pair; start, end: characters; tokens: its positions in the input."""

    source: int
    start: int
    end: int
    tokens: tuple[int, ...]


def split(text: str) -> list[tuple[int, int]]:
    """(start, end) of each word: a run of letters, digits and marks, an apostrophe inside one included; each CJK
    character, punctuation mark and symbol by itself. White space and control characters belong to no word."""
    spans: list[tuple[int, int]] = []
    open_run = False
    for i, character in enumerate(text):
        category = unicodedata.category(character)
        if character.isspace() or category == "Cc":
            open_run = False
        elif _alone(character, category):
            inside = character in "'’" and open_run and i + 1 < len(text) and text[i + 1].isalpha()
            if inside:
                spans[-1] = (spans[-1][0], i + 1)
            else:
                spans.append((i, i + 1))
                open_run = False
        elif open_run:
            spans[-1] = (spans[-1][0], i + 1)
        else:
            spans.append((i, i + 1))
            open_run = True
    return spans


def _alone(character: str, category: str) -> bool:
    """Whether a character is a word of its own: punctuation, symbols, Chinese characters, kana."""
    if category[0] in "PS":
        return True
    code = ord(character)
    return (
        0x3040 <= code <= 0x30FF or 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF
    )


def of_tokens(text: str, source: int, tokens: list[tuple[int, int, int]]) -> list[Word]:
    """The words of a text that have tokens. tokens: (position, start, end) of the text's tokens.

    Words that share a token are one word. A token that covers no word (a lone space) goes with the word after it, or
    before it at the end.
    """
    spans = split(text)
    if not spans:
        return []
    starts = np.array([start for start, _ in spans])
    ends = np.array([end for _, end in spans])
    leader = list(range(len(spans)))  # the first of the words that a word is one with
    held: list[tuple[int, int]] = []  # (word, position)
    for position, start, end in tokens:
        first = min(int(np.searchsorted(ends, start, side="right")), len(spans) - 1)
        held.append((first, position))
        for later in range(first + 1, int(np.searchsorted(starts, end, side="left"))):
            leader[later] = leader[first]
    members: dict[int, list[int]] = {}
    for word, position in held:
        members.setdefault(leader[word], []).append(position)
    reach: dict[int, int] = {}
    for word, first in enumerate(leader):
        reach[first] = max(reach.get(first, 0), spans[word][1])
    return [Word(source, spans[i][0], reach[i], tuple(members[i])) for i in sorted(members)]
