"""Tags of words and the spans they stand for, in every usual scheme; and what a word of a plain text is.

Spans are what is meant; tags are one of several ways to write them: IOB1, IOB2 (BIO), BIOES, BMES, BILOU, or the bare types
(IO). Whatever the scheme, tags are read as conlleval reads them (Tjong Kim Sang and Buchholz 2000), which makes something of
any sequence. This module does not know where words and tags come from, nor which model learns them.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.errors import UserError, some

OUTSIDE = "O"
UNNAMED = "entity"  # the type of tags that are a bare B or I
LETTERS = {"B": "B", "I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S", "W": "S"}
TAG = re.compile(r"([BIMELSUW])(?:[-_](.+))?")
LIKE_A_SCHEME = re.compile(r"[A-Z][-_].+")
POSSESSIVE = re.compile(r"(?<=\w)['’][sS]$")
SCHEMES = ("IO", "IOB1", "IOB2", "BIOES", "BMES", "BILOU")


@dataclass(frozen=True, order=True)
class Span:
    """An entity: its words from `start` up to, not including, `end`, and its type."""

    start: int
    end: int
    type: str


def parts(tag: str, *, plain: bool = False) -> tuple[str, str]:
    """A tag's letter (O, B, I, E or S, whatever the scheme calls it) and its type. plain: tags are bare types.

    Raises UserError for a tag of no scheme.
    """
    if tag.upper() == OUTSIDE:
        return OUTSIDE, ""
    if plain:
        return "I", tag
    shape = TAG.fullmatch(tag)
    if shape is None:
        raise _unknown(tag)
    return LETTERS[shape[1]], shape[2] or UNNAMED


def _unknown(tag: str) -> UserError:
    return UserError(
        "the tag '{tag}' belongs to no scheme that is known; tags are O and B-TYPE, I-TYPE (IOB1, IOB2), with E-TYPE and S-TYPE "
        "(BIOES, BMES, BILOU), or the types alone",
        tag=tag[:50],
    )


def recognise(sentences: Sequence[Sequence[str]]) -> str:
    """The scheme of SCHEMES that the tags of some sentences are written in. Raises UserError when it is none of them."""
    distinct = {tag for tags in sentences for tag in tags if tag.upper() != OUTSIDE}
    letters = {shape[1] for shape in map(TAG.fullmatch, distinct) if shape}
    others = sorted(tag for tag in distinct if not TAG.fullmatch(tag))
    if others and all(tag.isdecimal() for tag in distinct | set(others)):
        raise UserError(
            "the tags are numbers ({tags}) without names; give the tags themselves, such as B-person",
            tags=some(others, chars=30),
        )
    strange = [tag for tag in others if LIKE_A_SCHEME.fullmatch(tag)]
    if strange or (others and letters & {"B", "I"}):
        raise _unknown((strange or others)[0])
    if others:
        return "IO"
    if letters & {"M", "W"}:
        return "BMES"
    if letters & {"L", "U"}:
        return "BILOU"
    if letters & {"E", "S"}:
        return "BIOES"
    return _which_iob(sentences)


def scheme_of(labels: Sequence[str]) -> str:
    """The scheme that a model's tags are written in; with B and I it is IOB2, since their order says nothing."""
    scheme = recognise([labels])
    return "IOB2" if scheme == "IOB1" and any(parts(label)[0] == "B" for label in labels) else scheme


def _which_iob(sentences: Sequence[Sequence[str]]) -> str:
    """IOB1, where B- only parts an entity from one of the same type before it, or IOB2, where it begins every entity."""
    opened_by_i = needless_b = 0
    for tags in sentences:
        before = ""
        for tag in tags:
            letter, kind = parts(tag)
            opened_by_i += letter == "I" and kind != before
            needless_b += letter == "B" and kind != before
            before = kind
    return "IOB1" if opened_by_i > needless_b else "IOB2"


def decode(tags: Sequence[str], scheme: str = "IOB2") -> list[Span]:
    """The spans of a sentence's tags, read as conlleval reads them: a broken sequence still means something.

    scheme: IO for bare types; all others are read alike. Raises UserError for a tag of no scheme.
    """
    spans: list[Span] = []
    start, letter_before, type_before = 0, OUTSIDE, ""
    for place, tag in enumerate([*tags, OUTSIDE]):
        letter, kind = parts(tag, plain=scheme == "IO")
        new = letter in "BSO" or letter_before in "ESO" or kind != type_before
        if new and letter_before != OUTSIDE:
            spans.append(Span(start, place, type_before))
        if new:
            start = place
        letter_before, type_before = letter, kind
    return spans


def encode(spans: Iterable[Span], n: int, scheme: str = "IOB2") -> list[str]:
    """The tags of n words with these spans, which do not overlap."""
    letters = {"BIOES": "BIES", "BMES": "BMES", "BILOU": "BILU"}.get(scheme, "BIIB")
    begin, inside, last, single = tuple(letters)
    tags = [OUTSIDE] * n
    before: Span | None = None
    for span in sorted(spans):
        if scheme == "IO":
            tags[span.start : span.end] = [span.type] * (span.end - span.start)
            continue
        letters_here = (
            [single] if span.end - span.start == 1 else [begin, *[inside] * (span.end - span.start - 2), last]
        )
        follows = before is not None and before.end == span.start and before.type == span.type
        if scheme == "IOB1" and not follows:
            letters_here[0] = "I"
        tags[span.start : span.end] = [f"{letter}-{span.type}" for letter in letters_here]
        before = span
    return tags


def repaired(tags: Sequence[str], spans: Sequence[Span], scheme: str) -> int:
    """How many tags of a sentence are not what its scheme would write for the spans that they were read as."""
    plain = scheme == "IO"
    proper = encode(spans, len(tags), scheme)
    return sum(parts(a, plain=plain) != parts(b, plain=plain) for a, b in zip(tags, proper, strict=True))


def tags_of(types: Iterable[str]) -> tuple[str, ...]:
    """The IOB2 tags of some types, O first: the labels of a model that finds them."""
    return (OUTSIDE, *(f"{letter}-{kind}" for kind in types for letter in "BI"))


# --- Words -------------------------------------------------------------------------------------------------------------

INNER = "'’-‐‑"  # inside a word, between two of its letters
HANDLES = "@#"


@lru_cache(maxsize=65536)
def _kind(character: str) -> str:
    """w: part of a word; c: a word by itself that is CJK; s: any other word by itself; "": between words."""
    category = unicodedata.category(character)
    code = ord(character)
    if character.isspace() or category in ("Cc", "Cf", "Cn", "Cs") or 0xFE00 <= code <= 0xFE0F:
        return ""
    if 0x3040 <= code <= 0x30FF or 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF:
        return "c" if category[0] == "L" else "s"
    return "w" if category[0] in "LMN" else "s"


def words(text: str) -> list[tuple[int, int]]:
    """(start, end) of each word of a text, in characters.

    A word is a run of letters, marks and digits, with apostrophes and hyphens inside it; a @handle or #hashtag, underscores
    included; each Chinese or Japanese character; each other sign. A possessive 's is a word of its own, since a name ends before
    it. White space and invisible characters belong to none.
    """
    spans: list[tuple[int, int]] = []
    place, n = 0, len(text)
    while place < n:
        kind = _kind(text[place])
        start = place
        place += 1
        handle = text[start] in HANDLES and place < n and _in_handle(text[place]) and not _joined(text, start)
        if handle:
            while place < n and _in_handle(text[place]):
                place += 1
        elif kind == "w":
            while place < n and (_kind(text[place]) == "w" or _is_inner(text, place)):
                place += 1
        if kind:
            stem = place - 2 if POSSESSIVE.search(text, start, place) else place
            spans += [(start, stem), (stem, place)] if start < stem < place else [(start, place)]
    return spans


def is_pictograph(word: str) -> bool:
    """Whether a word is an emoji or another picture, which is part of no name."""
    return all(unicodedata.category(character) in ("So", "Sk", "Mn", "Cf") for character in word)


def _in_handle(character: str) -> bool:
    return character == "_" or _kind(character) == "w"


def _joined(text: str, place: int) -> bool:
    """Whether a word ends right before this place, as in an address: then its sign begins no handle."""
    return place > 0 and _kind(text[place - 1]) == "w"


def _is_inner(text: str, place: int) -> bool:
    return text[place] in INNER and place + 1 < len(text) and _kind(text[place + 1]) == "w"


def spell(sentence: Sequence[str]) -> tuple[str, list[int]]:
    """Words as a text, and where in it each begins: spaces between them, but none in a sentence of single CJK characters."""
    single = sum(len(word) == 1 and _kind(word) == "c" for word in sentence)
    cjk = single > len(sentence) / 3
    text, starts, before = "", list[int](), ""
    for word in sentence:
        latin = len(before) > 1 and len(word) > 1 and before[-1].isascii() and word[0].isascii()
        text += " " if before and (latin or not cjk) else ""
        starts.append(len(text))
        text += word
        before = word
    return text, starts


def locate(sentence: Sequence[str], text: str) -> list[int] | None:
    """Where in a text its words begin; None when they are not the words of this text."""
    starts, place = list[int](), 0
    for word in sentence:
        place = text.find(word, place)
        if place < 0:
            return None
        starts.append(place)
        place += len(word)
    return starts
