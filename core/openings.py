"""What a page shows of a text before anybody has chosen: a word, a token, a head that tells something.

Each rule is stated in its function and goes by what the tokenizer and the model made of the text. This module does not know
which page asks, and knows no words of any language.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.results import Tokens

CLEAR = 0.5  # a head has a habit when one place gets at least this share of its attention
Kind = Literal["previous", "next", "same", "rest"]


@dataclass(frozen=True)
class Written:
    """A word of the text as the model reads it. positions: of its tokens; letters: how many it has in the text."""

    positions: tuple[int, ...]
    index: int
    letters: int


@dataclass(frozen=True)
class Habit:
    """What one head does most of the time: which place it looks at, and the share of the attention that lands there.

    kind: "previous" and "next" the neighbouring token, "same" other places where the same token stands, "rest" the special
    tokens, a place to look at when there is nothing to find.
    """

    layer: int
    head: int
    kind: Kind
    share: float


def words(tokens: Tokens) -> tuple[Written, ...]:
    """The words of the first text that the vocabulary can spell and that hold a letter, in reading order."""
    places: dict[int, list[int]] = {}
    for position, token in enumerate(tokens.tokens):
        if token.source == 0 and token.word is not None:
            places.setdefault(token.word, []).append(position)
    found = []
    for index, positions in places.items():
        pieces = [tokens.tokens[position] for position in positions]
        text = tokens.text[pieces[0].start : pieces[-1].end]
        if all(piece.kind in ("word", "continuation") for piece in pieces) and any(c.isalpha() for c in text):
            found.append(Written(tuple(positions), index, sum(c.isalnum() for c in text)))
    return tuple(found)


def _longest(found: Iterable[Written]) -> Written:
    """The longest word, of equally long ones the last: what a sentence says of its subject mostly comes late."""
    return max(found, key=lambda word: (word.letters, word.positions))


def word_to_hide(tokens: Tokens) -> tuple[int, ...]:
    """The positions of the word that is hidden at first: the longest of those that are one token, else the longest of all.

    A word in one piece is a question whose answer is one entry of the vocabulary. () where the text has no word.
    """
    found = words(tokens)
    whole = [word for word in found if len(word.positions) == 1]
    return _longest(whole or found).positions if found else ()


def token_to_follow(tokens: Tokens) -> int:
    """The position of the token that is followed at first: of the word that `word_to_hide` names the piece with most letters.

    A text without spaces is one word to some tokenizers, and its first piece an empty one. Without a word it is the text's first token.
    """

    def letters(position: int) -> int:
        token = tokens.tokens[position]
        return sum(character.isalpha() for character in tokens.text[token.start : token.end])

    hidden = word_to_hide(tokens)
    first = next((i for i, token in enumerate(tokens.tokens) if token.source == 0), 0)
    return max(hidden, key=letters) if hidden else first


def word_to_cut(tokens: Tokens) -> tuple[int, bool]:
    """The index of the word in most pieces (of equals the longest), and whether it is cut at all.

    Where no word is cut it is the longest; 0 where the text has no word.
    """
    found = words(tokens)
    if not found:
        return 0, False
    word = max(found, key=lambda word: (len(word.positions), word.letters, word.positions))
    return word.index, len(word.positions) > 1


def habit(weights: np.ndarray, tokens: Tokens) -> Habit:
    """The head with the strongest habit in one input.

    weights: of every head, (L, H, T, T). Of all heads the one with the largest share on the previous token, the next
    token or other places of the same token is taken. Where no such share reaches a half, it is the one that rests most on the
    special tokens. Special tokens look at one another, so their rows count nothing; a token without such a place is left out of
    that share.
    """
    size = len(tokens.tokens)
    looking = np.isin(np.arange(size), tokens.of_text)
    ids = np.array(tokens.ids)
    special = np.array([token.kind == "special" for token in tokens.tokens])
    places: Mapping[Kind, np.ndarray] = {
        "previous": np.eye(size, k=-1, dtype=bool),
        "next": np.eye(size, k=1, dtype=bool),
        "same": (ids[:, None] == ids[None, :]) & ~np.eye(size, dtype=bool),
        "rest": np.broadcast_to(special, (size, size)),
    }
    best: dict[Kind, Habit] = {}
    for kind, place in places.items():
        rows = looking & place.any(axis=1)
        if rows.any():
            shares = np.einsum("lhij,ij->lhi", weights, place.astype(weights.dtype))[:, :, rows].mean(axis=-1)
            layer, head = np.unravel_index(int(shares.argmax()), shares.shape)
            best[kind] = Habit(int(layer), int(head), kind, float(shares.max()))
    telling = [found for kind, found in best.items() if kind != "rest" and found.share >= CLEAR]
    rest = [best["rest"]] if "rest" in best else []
    return max(telling or rest or [Habit(0, 0, "rest", 0.0)], key=lambda found: found.share)


def clearest(values: Mapping[str, np.ndarray], names: Collection[str]) -> tuple[str, int, int]:
    """Of several shares, each (L, H) over heads, the one in which a head stands out most: its name, and that head's layer and number."""
    name = max(names, key=lambda name: float(values[name].max()))
    layer, head = np.unravel_index(int(values[name].argmax()), values[name].shape)
    return name, int(layer), int(head)


def most_moved(before: np.ndarray, after: np.ndarray, rows: Collection[int]) -> tuple[int, int]:
    """The layer and head whose attention moves most between two readings, weights (L, H, T, T), on the mean of some rows."""
    moved = np.abs(after - before)[:, :, list(rows)].sum(axis=-1).mean(axis=-1)
    layer, head = np.unravel_index(int(moved.argmax()), moved.shape)
    return int(layer), int(head)
