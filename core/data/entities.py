"""Rows with entities, whoever exported them: words with their tags, or a text with spans of characters.

Read are lists of words and tags (also of class numbers that have names), and the spans of doccano, Label Studio, spaCy and
their like. This module does not know which scheme the tags are written in, nor how the rows are split.
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pandas as pd

from core.data import conll, tagging
from core.data.tagging import Span
from core.errors import UserError
from core.tables import files
from core.tables.table import CONTROL, FIND_OUT, Reading, Table, make_table

SUFFIXES = (".conll", ".bio", ".iob", files.TEXT_SUFFIX)
STARTS = ("start", "start_offset", "startOffset", "begin", "from")
ENDS = ("end", "end_offset", "endOffset", "stop", "to")
TYPES = ("label", "labels", "type", "tag", "entity_group", "entity_type", "entity", "category", "name")
INSIDE = ("entities", "spans", "label", "labels", "result", "value")  # what may hold the spans inside an object
SPACY = re.compile(r'\s*\[\s*(\[\s*)?"')  # a list that begins with a text, or a list of such lists
TABLE = re.compile(rb"\{|\[\s*\{|[\w ]+(,[\w ]+)+\r?\n")
ALTERNATIVE = re.compile(r",(?=[BIMELSUWO](?:[-_,]|$))")  # "B-place,B-person": two annotators who disagree


@dataclass(frozen=True)
class Mark:
    """An entity in a text: its characters from `start` up to, not including, `end`, and its type."""

    start: int
    end: int
    type: str


@dataclass(frozen=True)
class Row:
    """A sentence as it was read: its text, its words and where in the text each begins, and its tags or its spans of words.

    cut: entities that ended inside a word, which takes all of it; undecided: words with several tags, of which the first counts.
    """

    text: str
    words: list[str]
    starts: list[int]
    tags: list[str] | None = None
    spans: list[Span] | None = None
    cut: int = 0
    undecided: int = 0


def read(path: Path, reading: Reading = FIND_OUT) -> Table:
    """A file as a table whose content decides what it is: a table of any kind, or a CoNLL-like file.

    It has a column "text" in every case, so that a model can be asked about its rows. Raises UserError when it cannot be read.
    """
    tabular = path.suffix.lower() in files.SUFFIXES and path.suffix.lower() != files.TEXT_SUFFIX
    if files.is_saved(path) or (tabular and files.exists(path) and path.is_file() and _starts_like_a_table(path)):
        return _with_text(files.read_table(path, reading))
    text, encoding, notes = files.read_plain(path, (*files.SUFFIXES, *SUFFIXES), reading)
    if not text.strip():
        raise UserError("{file} is empty", file=path.name)
    table = _spacy(text) or conll.parse(text, path.name)
    if table is not None:
        return _with_text(replace(table, encoding=encoding, notes=(*notes, *table.notes)))
    if tabular:
        return _with_text(files.read_table(path, reading))
    raise UserError(
        "{file} holds no words with tags: each line should have a word and its tag, with a blank line after each sentence",
        file=path.name,
    )


def _starts_like_a_table(path: Path) -> bool:
    """Whether a file is no plain text, is JSON with objects, or has a header of several names with commas between them."""
    with path.open("rb") as file:
        start = file.read(4096)
    return not files.is_text(start) or TABLE.match(start.lstrip(b"\xef\xbb\xbf \t\r\n")) is not None


def _spacy(text: str) -> Table | None:
    """The rows of spaCy's [text, {"entities": […]}], one list of them or one in each line; None when it is no such file."""
    if not SPACY.match(text):
        return None
    try:
        rows = json.loads(text) if text.lstrip()[1:].lstrip().startswith("[") else _lines(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(rows, list):
        return None
    fits = (
        isinstance(row, list) and len(row) == 2 and isinstance(row[0], str) and isinstance(row[1], dict) for row in rows
    )
    if not all(fits):
        return None
    content = [[text for text, _ in rows], [annotated.get("entities", []) for _, annotated in rows]]
    return make_table(["text", "entities"], content, len(rows))


def _lines(text: str) -> object:
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _with_text(table: Table) -> Table:
    """The table with a column "text", made of its words or of an object that holds the text, where there is none."""
    if "text" in table.columns:
        return table
    for column in ("data", "words", "tokens"):
        texts = [_text_of(cell) for cell in table.columns.get(column, ())]
        if texts and None not in texts:
            return replace(table, columns={**table.columns, "text": texts})
    return table


def _text_of(cell: object) -> str | None:
    """The text of a list of words or of an object: what it calls so, or its longest string; None for anything else."""
    if isinstance(cell, list):
        return tagging.spell(_words(cell))[0]
    if not isinstance(cell, dict):
        return None
    texts = [value for value in cell.values() if isinstance(value, str)]
    named = cell.get("text")
    return named if isinstance(named, str) else max(texts, key=len, default="")


def _words(cell: Sequence[object]) -> list[str]:
    return [CONTROL.sub("", str(word)) for word in cell]


# --- Rows --------------------------------------------------------------------------------------------------------------


def rows(frame: pd.DataFrame, columns: Mapping[str, str]) -> list[Row | None]:
    """Each row of a table as a sentence, None where it has no words or nobody tagged it.

    Raises UserError, with the row, where words and tags do not fit together, or spans lie outside the text or overlap.
    """
    contents, answers = list(frame[columns["words"]]), list(frame[columns["tags"]])
    marked: dict[int, tuple[str, list[Mark]]] = {}
    result: list[Row | None] = []
    for number, (content, answer) in enumerate(zip(contents, answers, strict=True), start=1):
        text = _text_of(content) if isinstance(content, dict) else content
        if answer in ("", None) or not text:
            result.append(None)
        elif isinstance(answer, str) or (isinstance(answer, list) and answer and _are_tags(answer)):
            result.append(_tagged(number, text, answer))
        elif isinstance(text, list) and not answer:
            raise _unequal(number, len(text), 0)
        elif isinstance(text, str):
            marked[number] = (text, _marks(number, answer))
            result.append(None)
        else:
            raise UserError(
                "row {row} has a list of words and spans of characters; give the text itself with spans, or a tag for each word",
                row=number,
            )
    _check_bytes(marked)
    for number, (text, marks) in marked.items():
        result[number - 1] = _spanned(number, text, marks)
    return result


def _are_tags(cell: Sequence[object]) -> bool:
    return all(isinstance(tag, str | int) for tag in cell) and not _is_mark(cell)


def _unequal(number: int, words: int, tags: int) -> UserError:
    return UserError(
        "row {row} has {words} words and {tags} tags; each word needs one tag", row=number, words=words, tags=tags
    )


def _tagged(number: int, content: object, answer: str | Sequence[object]) -> Row | None:
    """A row of words and tags, either of them a list, or one text that white space separates."""
    given = answer.split() if isinstance(answer, str) else [str(tag) for tag in answer]
    if isinstance(content, list):
        words: list[str] | None = _words(content)
    else:
        words = conll.split_as(str(content), len(given))
    if words is None or len(words) != len(given):
        raise _unequal(number, len(str(content).split()) if words is None else len(words), len(given))
    for word, tag in zip(words, given, strict=True):
        if not tag.strip():
            raise UserError(
                "in row {row} the tag of '{word}' is missing; write O for a word that is no entity",
                row=number,
                word=word[:50],
            )
    tags = [ALTERNATIVE.split(tag)[0] for tag in given]
    undecided = sum(a != b for a, b in zip(tags, given, strict=True))
    kept = [place for place, word in enumerate(words) if word.strip()]
    words = [words[place].strip() for place in kept]
    if not words:
        return None
    starts = tagging.locate(words, content) if isinstance(content, str) else None
    text = content if isinstance(content, str) else ""
    if starts is None:
        text, starts = tagging.spell(words)
    return Row(text, words, starts, tags=[tags[place] for place in kept], undecided=undecided)


# --- Spans of characters -----------------------------------------------------------------------------------------------


def _is_mark(cell: Sequence[object]) -> bool:
    """Whether a list is [start, end, type]."""
    return len(cell) == 3 and _number(cell[0]) is not None and _number(cell[1]) is not None and isinstance(cell[2], str)


def _number(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def _marks(number: int, cell: object) -> list[Mark]:
    """The entities in a cell, in the order of the text, each once. Raises UserError when they are not such."""
    marks = sorted(set(_each_mark(number, cell)), key=lambda mark: (mark.start, mark.end, mark.type))
    for first, second in pairwise(marks):
        if second.start < first.end:
            raise UserError(
                "in row {row} the entities '{first}' ({start}–{end}) and '{second}' ({from_}–{to}) overlap, but a word can have "
                "one tag only; keep one of them",
                row=number,
                first=first.type[:50],
                start=first.start,
                end=first.end,
                second=second.type[:50],
                from_=second.start,
                to=second.end,
            )
    return marks


def _each_mark(number: int, cell: object) -> Iterator[Mark]:
    if isinstance(cell, list) and _is_mark(cell):
        yield Mark(int(str(cell[0])), int(str(cell[1])), str(cell[2]).strip())
    elif isinstance(cell, list):
        several_annotators = cell and all(isinstance(item, dict) and "result" in item for item in cell)
        for item in cell[:1] if several_annotators else cell:
            yield from _each_mark(number, item)
    elif isinstance(cell, dict):
        start, end = (next((_number(cell[key]) for key in keys if key in cell), None) for keys in (STARTS, ENDS))
        if start is not None and end is not None:
            kind = next((cell[key] for key in TYPES if cell.get(key)), "")
            yield Mark(start, end, str(kind[0] if isinstance(kind, list) and kind else kind).strip())
            return
        inside = next((cell[key] for key in INSIDE if isinstance(cell.get(key), list | dict)), None)
        if inside is not None:
            yield from _each_mark(number, inside)
        elif set(cell) & {*STARTS, *ENDS}:
            raise _strange(number, cell)
    else:
        raise _strange(number, cell)


def _strange(number: int, cell: object) -> UserError:
    return UserError(
        "row {row} has entities that are not understood ({content}); each is [start, end, type] or an object with start, end and label",
        row=number,
        content=str(cell)[:80],
    )


def _check_bytes(marked: Mapping[int, tuple[str, list[Mark]]]) -> None:
    """Raise UserError when the spans plainly count bytes: taken so they all end at words, taken as characters most do not."""
    as_characters = as_bytes = total = 0
    first = 0
    for number, (text, marks) in marked.items():
        if text.isascii() or not marks:
            continue
        places = tagging.words(text)
        begins, ends = {start for start, _ in places}, {end for _, end in places}
        to_character = {0: 0}
        count = 0
        for place, character in enumerate(text, start=1):
            count += len(character.encode("utf-8", "replace"))
            to_character[count] = place
        for mark in marks:
            start, end = to_character.get(mark.start), to_character.get(mark.end)
            if (start, end) == (mark.start, mark.end):
                continue  # nothing but ASCII before it: both count alike
            total += 1
            as_characters += mark.start in begins and mark.end in ends
            as_bytes += start in begins and end in ends
            first = first or number
    if total and as_bytes == total and as_characters < total / 2:
        raise UserError(
            "the spans count bytes, not characters (seen in row {row}); export them with offsets in characters",
            row=first,
        )


def _spanned(number: int, text: str, marks: Sequence[Mark]) -> Row | None:
    """A text with its words and the spans of words that its entities cover."""
    for mark in marks:
        if not 0 <= mark.start < mark.end <= len(text):
            raise UserError(
                "in row {row} the entity '{type}' from {start} to {end} lies outside the text, which has {length} characters",
                row=number,
                type=mark.type[:50],
                start=mark.start,
                end=mark.end,
                length=len(text),
            )
        if not mark.type:
            raise UserError(
                "in row {row} the entity from {start} to {end} has no type", row=number, start=mark.start, end=mark.end
            )
    places = tagging.words(text)
    starts, ends = [start for start, _ in places], [end for _, end in places]
    spans: list[Span] = []
    cut = 0
    for mark in marks:
        first, last = bisect_right(ends, mark.start), bisect_left(starts, mark.end)
        if first >= last:
            raise UserError(
                "in row {row} the entity '{type}' from {start} to {end} covers no word",
                row=number,
                type=mark.type[:50],
                start=mark.start,
                end=mark.end,
            )
        cut += starts[first] < mark.start or ends[last - 1] > mark.end
        first = max(first, spans[-1].end if spans else 0)  # the word that two entities share is the first one's
        if first < last:
            spans.append(Span(first, last, mark.type))
    if not places:
        return None
    return Row(text, [text[start:end] for start, end in places], starts, spans=spans, cut=cut)
