"""Answers to questions, however a source writes them, and where they stand in their passages.

An answer may be a text, a list of texts, or what SQuAD has: texts with their starts. One that is written otherwise than its passage
has it (case, spaces, accents in two ways, full or half width) is still found. This module does not know files, nor how rows are split.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from core.data.columns import CJK
from core.errors import UserError

TEXTS = ("text", "answer", "answers", "span")
STARTS = ("answer_start", "start", "starts", "offset", "begin")
AROUND = " \t\n\r.,;:!?\"'()[]{}。，、；：！？“”‘’（）《》「」【】…"
ALIKE = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "−": "-"})


@dataclass(frozen=True)
class Given:
    """An answer as the source has it. start: the character of the passage at which it begins, None where that is not said."""

    text: str
    start: int | None = None


@dataclass(frozen=True)
class Place:
    """Where an answer stands in its passage.

    moved: not where its start says. respelt: written otherwise. choices: how many places fit as well, where no start says which.
    """

    start: int
    end: int
    moved: bool = False
    respelt: bool = False
    choices: int = 1


def read(cell: object, row: int) -> list[Given]:
    """The answers in a cell; none where the question has no answer. Raises UserError, with the row, for anything else."""
    if isinstance(cell, str):
        inside = _parsed(cell)
        return read(inside, row) if inside is not None else [Given(cell)] if cell.strip() else []
    if isinstance(cell, list):
        return [answer for part in cell for answer in read(part, row)]
    if isinstance(cell, Mapping):
        return _of_object(cell, row)
    if cell is None:
        return []
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return [Given(str(cell))]
    raise _unreadable(row)


def _parsed(cell: str) -> list[object] | Mapping[str, object] | None:
    """A list or an object that a cell holds as JSON; None for a plain text."""
    if not cell.lstrip().startswith(("[", "{")):
        return None
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list | dict) else None


def _of_object(cell: Mapping[str, object], row: int) -> list[Given]:
    """SQuAD's {"text": …, "answer_start": …}, either of them one or a list."""
    name = next((name for name in TEXTS if name in cell), "")
    if not name:
        raise _unreadable(row)
    texts = _listed(cell[name])
    starts = _listed(cell.get(next((start for start in STARTS if start in cell), "")))
    if starts and len(starts) != len(texts):
        raise UserError(
            "in row {row} there are {texts} answers and {starts} starts; each answer needs its own",
            row=row,
            texts=len(texts),
            starts=len(starts),
        )
    answers = []
    for place, text in enumerate(texts):
        if not isinstance(text, str | int | float):
            raise _unreadable(row)
        if str(text).strip():
            answers.append(Given(str(text), start_of(starts[place], row) if starts else None))
    return answers


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def start_of(value: object, row: int) -> int | None:
    """The place that a cell names; None for an empty one. Raises UserError when it names none."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError) as error:
        raise UserError(
            "in row {row} the answer is to begin at '{start}', which is no number of characters",
            row=row,
            start=str(value)[:50],
        ) from error


def _unreadable(row: int) -> UserError:
    return UserError(
        "in row {row} the answer is neither a text, nor a list of texts, nor an object such as {example}; leave it empty where there is none",
        row=row,
        example='{"text": ["…"], "answer_start": [12]}',
    )


# --- Where an answer stands --------------------------------------------------------------------------------------------


def locate(answer: Given, passage: str) -> Place | None:
    """Where an answer stands in its passage: as it is written, else as it may be written, else without the signs around it."""
    text = answer.text.strip()
    if not text:
        return None
    exact = [(match.start(), match.start() + len(text)) for match in re.finditer(re.escape(text), passage)]
    if exact:
        return _chosen(exact, answer, passage, respelt=False)
    for spelling in dict.fromkeys((text, text.strip(AROUND))):
        found = _alike(spelling, passage)
        if found:
            return _chosen(found, answer, passage, respelt=True)
    return None


def _chosen(places: list[tuple[int, int]], answer: Given, passage: str, *, respelt: bool) -> Place:
    """The place that the start names or lies nearest to; without a start the first that cuts no word."""
    if answer.start is not None:
        wanted = answer.start + len(answer.text) - len(answer.text.lstrip())
        start, end = min(places, key=lambda place: abs(place[0] - wanted))
        return Place(start, end, moved=start != wanted, respelt=respelt)
    whole = [place for place in places if not _cuts_a_word(passage, *place)] or places
    return Place(*whole[0], respelt=respelt, choices=len(whole))


def _cuts_a_word(passage: str, start: int, end: int) -> bool:
    """Whether the words of a passage, where they have spaces between them, go on beyond one of the ends."""
    return any(
        0 < cut < len(passage) and all(sign.isalnum() and not CJK.match(sign) for sign in passage[cut - 1 : cut + 1])
        for cut in (start, end)
    )


def _alike(text: str, passage: str) -> list[tuple[int, int]]:
    """Where the passage says the same in another spelling."""
    wanted, _ = _folded(text)
    folded, places = _folded(passage)
    if not wanted:
        return []
    found = (match.start() for match in re.finditer(re.escape(wanted), folded))
    return [(places[start], places[start + len(wanted) - 1] + 1) for start in found]


def _folded(text: str) -> tuple[str, list[int]]:
    """A text without its case, spaces and widths, and for each sign of it the place that it comes from."""
    signs: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for sign in unicodedata.normalize("NFKD", character).translate(ALIKE).casefold():
            if not sign.isspace():
                signs.append(sign)
                places.append(place)
    return "".join(signs), places
