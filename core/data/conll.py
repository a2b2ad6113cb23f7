"""CoNLL-like files: a word and its tag in each line, or a sentence with its tags in each line.

Which column holds the words and which the tags, and what separates them, is told from the content. This module does not know
which scheme the tags are written in.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.data import tagging
from core.data.splits import split_of
from core.errors import UserError
from core.tables.table import Table, evenly, is_number, make_table

DOCUMENT = "-DOCSTART-"
SETTING = re.compile(r"#\s*[\w. ]+=")  # "# key = value", as CoNLL-U writes
SLASHED = re.compile(r"(.+)[/|]([^/|]+)")
HEADER = {"word", "words", "token", "tokens", "form", "text", "tag", "tags", "ner", "label", "labels", "pos", "lemma"}
MOST_TYPES = 100  # of bare types; a column with more distinct values holds no tags


@dataclass(frozen=True)
class _Line:
    """A line of a file: its number, counted from 1, and its cells."""

    number: int
    cells: tuple[str, ...]


def parse(text: str, name: str) -> Table | None:
    """The sentences of a file as a table with the columns words and tags (lists), and split where a column says it.

    None when it is no such file. Raises UserError, with the line, where a tag is missing or the columns change.
    """
    lines = text.removeprefix("\ufeff").split("\n")
    sentences = _slashed(lines) or _beside(lines, name)
    splits: list[str] = []
    if not sentences:
        blocks, width, wrong = _blocks(lines)
        columns = _columns(blocks)
        if columns is None:
            return None
        if wrong:
            raise _wrong_width(wrong[0], width, name)
        word, tag = columns
        _check_tags(blocks, word, tag, name)
        sentences = [([line.cells[word] for line in block], [line.cells[tag] for line in block]) for block in blocks]
        splits = _splits(blocks, {word, tag})
    kept, sampled = evenly(range(len(sentences)))
    content = [[sentences[place][part] for place in kept] for part in (0, 1)]
    of_splits = [[splits[place] for place in kept]] if splits else []
    return make_table(
        ["words", "tags"] + ["split"] * bool(splits),
        [*content, *of_splits],
        len(kept),
        notes=sampled,
        not_read=len(sentences) - len(kept),
    )


def write(sentences: Sequence[tuple[Sequence[str], Sequence[str]]]) -> str:
    """Sentences as a file of two columns, with a tab between word and tag and a blank line between sentences."""
    return "\n".join(
        "".join(f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)) for words, tags in sentences
    )


def _check_tags(blocks: Sequence[Sequence[_Line]], word: int, tag: int, name: str) -> None:
    """Raise UserError for an empty cell where a tag should be."""
    for line in (line for block in blocks for line in block if not line.cells[tag]):
        raise UserError(
            "in line {line} of {file} the tag of '{word}' is missing; write O for a word that is no entity",
            line=line.number,
            file=name,
            word=line.cells[word][:50],
        )


def _is_tag(cell: str) -> bool:
    return cell == tagging.OUTSIDE or (tagging.TAG.fullmatch(cell) is not None and " " not in cell)


def _slashed(lines: Sequence[str]) -> list[tuple[list[str], list[str]]]:
    """The sentences of a file that has word/tag word/tag in each line; none when it is no such file."""
    sentences = []
    for line in filter(str.strip, lines):
        pairs = [SLASHED.fullmatch(part) for part in line.split()]
        matched = [pair for pair in pairs if pair]
        if len(matched) < len(pairs):
            return []
        sentences.append(([pair[1] for pair in matched], [pair[2] for pair in matched]))
    found = [tag for _, tags in sentences for tag in tags]
    good = tagging.OUTSIDE in found and len(set(found)) <= MOST_TYPES
    return sentences if good or (found and all(map(_is_tag, found))) else []


def _beside(lines: Sequence[str], name: str) -> list[tuple[list[str], list[str]]]:
    """The sentences of a file that has a text, a tab and its tags in each line; none when it is no such file."""
    rows = [_Line(number, tuple(line.split("\t"))) for number, line in enumerate(lines, start=1) if line.strip()]
    if not rows or any(len(row.cells) != 2 for row in rows):
        return []
    tags = [row.cells[1].split() for row in rows]
    several = sum(len(row) > 1 for row in tags)
    if several < len(rows) / 2 or not all(_is_tag(tag) for row in tags for tag in row):
        return []
    return [_match(row, own, name) for row, own in zip(rows, tags, strict=True)]


def _match(row: _Line, tags: list[str], name: str) -> tuple[list[str], list[str]]:
    """The words of a text that has a tag for each word, or for each character."""
    words = split_as(row.cells[0], len(tags))
    if words is None:
        raise UserError(
            "line {line} of {file} has {words} words and {tags} tags; each word needs one tag",
            line=row.number,
            file=name,
            words=len(row.cells[0].split()),
            tags=len(tags),
        )
    return words, tags


def split_as(text: str, n: int) -> list[str] | None:
    """The text in n words: cut at white space, or as a plain text is, or into characters; None where none of these gives n."""
    whole = [text[start:end] for start, end in tagging.words(text)]
    ways = (text.split(), whole, [character for character in text if not character.isspace()])
    return next((words for words in ways if len(words) == n), None)


def _blocks(lines: Sequence[str]) -> tuple[list[list[_Line]], int, list[_Line]]:
    """The sentences of a file of columns, how many columns most lines have, and the lines that have not as many."""
    tabs = sum("\t" in line.strip() for line in lines) > sum(bool(line.strip()) for line in lines) / 2
    rows = list(_rows(lines, tabs=tabs))
    widths = Counter(len(row.cells) for row in rows if row is not None)
    width = max(widths, key=widths.__getitem__, default=0)
    if widths[width] < widths.total() / 2:
        return [], width, []
    blocks: list[list[_Line]] = [[]]
    wrong: list[_Line] = []
    for row in rows:
        if row is None or DOCUMENT in row.cells:
            blocks.append([])
        elif not blocks[-1] and row.cells[0].startswith("#") and _is_comment(row, width):
            continue
        elif len(row.cells) != width:
            wrong.append(row)
        else:
            blocks[-1].append(row)
    if blocks[0] and len(HEADER & {cell.casefold() for cell in blocks[0][0].cells}) > 1:
        del blocks[0][0]
    return [block for block in blocks if block], width, wrong


def _rows(lines: Sequence[str], *, tabs: bool) -> Iterator[_Line | None]:
    """The cells of each line; None for a line that ends a sentence."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            yield None
        elif tabs and "\t" in line:
            yield _Line(number, tuple(cell.strip() for cell in line.rstrip("\n").split("\t")))
        else:
            yield _Line(number, tuple(re.split(r"[ \t]+", line.strip(" \t"))))


def _is_comment(row: _Line, width: int) -> bool:
    return len(row.cells) != width or SETTING.match(" ".join(row.cells)) is not None


def _wrong_width(row: _Line, width: int, name: str) -> UserError:
    if len(row.cells) < width:
        return UserError(
            "line {line} of {file} ('{content}') has {columns} of {width} columns: its tag is missing",
            line=row.number,
            file=name,
            content=" ".join(row.cells)[:50],
            columns=len(row.cells),
            width=width,
        )
    return UserError(
        "line {line} of {file} ('{content}') has {columns} columns instead of {width}; every line needs the same "
        "columns, and blank lines between the sentences",
        line=row.number,
        file=name,
        content=" ".join(row.cells)[:50],
        columns=len(row.cells),
        width=width,
    )


def _columns(blocks: Sequence[Sequence[_Line]]) -> tuple[int, int] | None:
    """The columns of the words and of the tags; None when there are none.

    The tags are the last column that holds O and B-TYPE, or O and a few bare types; the words the column with the most
    distinct values that are not all numbers, of those that are not tags.
    """
    width = len(blocks[0][0].cells) if blocks else 0
    if width < 2:
        return None
    values = [Counter(line.cells[column] for block in blocks for line in block) for column in range(width)]
    tagged = [
        column for column in range(width) if any(values[column]) and all(map(_is_tag, filter(None, values[column])))
    ]
    bare = [
        column
        for column in range(width)
        if tagging.OUTSIDE in values[column] and len(values[column]) <= MOST_TYPES and column not in tagged
    ]
    likely = [column for column in bare if 2 * values[column][tagging.OUTSIDE] > values[column].total()]
    candidates = tagged or likely or bare
    if not candidates:
        return None
    tag = candidates[-1]
    others = [column for column in range(width) if column not in tagged and column != tag] or [
        column for column in range(width) if column != tag
    ]
    wordy = [column for column in others if not all(map(is_number, values[column]))] or others
    return max(wordy, key=lambda column: len(values[column])), tag


def _splits(blocks: Sequence[Sequence[_Line]], used: set[int]) -> list[str]:
    """The split of each sentence, where a column that is neither words nor tags says it; otherwise none."""
    for column in range(len(blocks[0][0].cells)):
        values = [{split_of(line.cells[column]) for line in block} for block in blocks]
        if column not in used and all(len(value) == 1 and "" not in value for value in values):
            return [value.pop() for value in values]
    return []
