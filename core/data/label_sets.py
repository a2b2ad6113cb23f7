"""Texts with any number of labels each: how a source writes them, checked, and every label in its share in every split.

A row's labels stand in a list, in one cell with signs between them, or in one column for each label that says yes or no. A row
without any label is as good as any other: it shows when none applies. This module does not know where the rows come from.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import datasets
import pandas as pd

from core.data import clean, relabel, splits
from core.data.clean import AGAIN, CONTRADICTED, ELSEWHERE, HAS_NO_SPLIT, NO_LABEL, NO_TEXT, PROBLEMS, Problems
from core.data.columns import cells, is_plain, parts_of, plain_name
from core.data.dataset import Source, TextDataset
from core.data.splits import FLAGS, NO, SPLIT_VALUES, YES
from core.errors import N_, Note, UserError, plural, some
from core.results import JOINED
from core.tables.table import Table, is_number

SEPARATORS = ("|", ";", "；", "、", "，", ",")
SHOWN = "|"  # between the labels of a row where they are written
QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
USED_ONCE: Problems = {
    **HAS_NO_SPLIT,
    **{reason: PROBLEMS[reason] for reason in (NO_TEXT, CONTRADICTED, AGAIN, ELSEWHERE)},
}
FEATURES = datasets.Features({"text": datasets.Value("string"), "labels": datasets.List(datasets.Value("int64"))})
FEWEST_REPEATS = 2  # times that a label occurs on average, where a column may be guessed to hold labels


@dataclass(frozen=True)
class _Reading:
    """The labels of each row, each once. notes: how they were written."""

    sets: Sequence[tuple[str, ...]]
    notes: tuple[Note, ...] = ()


def build(source: Source, limit: int) -> TextDataset:
    """The rows that can be learnt from; a tenth of them each for validation and test, where the source has none.

    The splits have, for each row, its text and the numbers of its labels. Raises UserError when there is nothing to learn.
    """
    rows, reading = _rows(source)
    rows, dropped = clean.without_problems(rows, USED_ONCE)
    clean.check_enough(rows, source.table, dropped)
    counts = _counts(rows["set"])
    label_names = _label_names(counts, source)
    rows["label"] = [
        min(own, key=counts.__getitem__, default="") for own in rows["set"]
    ]  # the rarest: stratified by it
    rows, shared = splits.hold_back(rows, fewest_labels=1)
    rows, limited = splits.limited(rows, limit, fewest_labels=1)
    single = rows.assign(label=rows["set"].map(list)).explode("label").dropna(subset=["label"])
    return source.dataset(
        _as_datasets(rows, label_names, shared),
        label_names,
        {label: counts[label] for label in label_names},
        shared=shared,
        dropped=dropped,
        notes=(
            *reading.notes,
            *_without_any(rows),
            *relabel.notes(dict(source.preparation.labels), _counts(reading.sets)),
            *(note for note in splits.notes(single, shared, label_names) if note[0] != splits.SEVERAL),
            *limited,
        ),
    )


def whole(source: Source) -> TextDataset:
    """Every row that has a text, as the test split, repeated rows included."""
    rows, reading = _rows(source)
    rows, dropped = clean.without_problems(rows, {NO_TEXT: PROBLEMS[NO_TEXT]})
    counts = _counts(rows["set"])
    if not counts:
        raise _no_labels(len(rows), source)
    label_names = _in_order(counts, source)
    return source.dataset(
        _as_datasets(rows.assign(split="test"), label_names, ()),
        label_names,
        {label: counts[label] for label in label_names},
        dropped=dropped,
        notes=(*reading.notes, *_without_any(rows)),
    )


def labels(source: Source) -> Mapping[str, int]:
    """The labels as they are read, and how many rows have each."""
    counts = _counts(_read(source.table, source.columns["labels"]).sets)
    return {label: counts[label] for label in sorted(sorted(counts), key=str.casefold)}


def find(frame: pd.DataFrame, free: Sequence[str]) -> str:
    """The column or columns of labels: one of lists, one of separated labels, or all that say yes or no, joined by "+".

    Raises UserError when that is not clear.
    """
    lists = [column for column in free if all(isinstance(cell, list) for cell in frame[column])]
    plain = [column for column in free if is_plain(frame[column])]
    separated = [column for column in plain if _holds_separated(frame[column])]
    flags = [
        column for column in plain
        if plain_name(column) not in FLAGS and JOINED not in column and set(map(_folded, frame[column])) <= {*YES, *NO}
    ]  # fmt: skip
    joined = [JOINED.join(flags)] if len(flags) > 1 else []
    found = lists or separated or joined
    if len(found) != 1:
        raise UserError(
            "which column holds the labels is not clear; name it, or call it 'labels'. They may be a list, or separated by | or ;, or "
            "one column of 0 and 1 for each label. The file has: {columns}",
            columns=", ".join(column[:50] for column in frame.columns[:50]),
        )
    return found[0]


def _holds_separated(column: pd.Series) -> bool:
    """Whether a column holds several labels in a cell, which come again and again, rather than texts."""
    separator = _separator(column)
    counts = Counter(label for cell in column for label in _parts(cell, separator))
    listed = any(_bracketed(cell) for cell in column)
    short = max(map(len, counts), default=0) <= clean.MAX_LABEL_CHARS
    return bool(separator or listed) and short and counts.total() >= FEWEST_REPEATS * len(counts)


# --- Reading -----------------------------------------------------------------------------------------------------------


def _read(table: Table, column: str) -> _Reading:
    """The labels of every row of a table. Raises UserError when a cell holds none."""
    parts = parts_of(table.frame, column)
    if len(parts) > 1:
        return _of_flags(table.frame, parts)
    own = table.frame[column]
    if is_plain(own):
        return _of_texts(own)
    found = []
    for cell in own:
        single = [cell] if isinstance(cell, str) else cell
        if not isinstance(single, list) or not all(isinstance(part, str | int | float) for part in single):
            raise UserError(
                "column '{column}' holds '{cell}' where labels are wanted; a cell may be a list of labels, or one text",
                column=column[:100],
                cell=str(cell)[:80],
            )
        found.append(_each(str(part) for part in single))
    return _Reading(found)


def _of_flags(frame: pd.DataFrame, columns: Sequence[str]) -> _Reading:
    """A label for each column, which a row has where the column says yes; an empty cell says no."""
    chosen: list[list[str]] = [[] for _row in range(len(frame))]
    for column in columns:
        for labels_of_row, cell in zip(chosen, frame[column], strict=True):
            said = _folded(cell) if isinstance(cell, str) else None
            if said in YES:
                labels_of_row.append(column)
            elif said not in (*NO, ""):
                raise UserError(
                    "column '{column}' does not say yes or no: it holds '{cell}'; each column of a label must be 0 or 1, or true or false",
                    column=column[:100],
                    cell=str(cell)[:50],
                )
    message = N_("{count} columns say yes or no to one label each: {columns}")
    return _Reading([tuple(row) for row in chosen], ((message, {"count": len(columns), "columns": some(columns)}),))


def _of_texts(column: pd.Series) -> _Reading:
    """The labels of cells in which signs stand between them, and what is odd about these signs."""
    separator = _separator(column)
    sets = [_parts(cell, separator) for cell in column]
    notes: list[Note] = []
    if separator:
        notes.append((N_("the labels of a row are separated by “{sign}”"), {"sign": separator}))
    bare = [cell for cell in column if not _bracketed(cell) and separator and separator in cell]
    stray = [cell for cell in bare if not all(part.strip() for part in cell.split(separator))]
    if stray:
        message = plural(
            N_("in {count} row a “{sign}” has no label beside it, as in “{example}”; it is passed over"),
            N_("in {count} rows a “{sign}” has no label beside it, as in “{example}”; it is passed over"),
            len(stray),
        )
        notes.append((message, {"count": len(stray), "sign": separator, "example": stray[0].strip()[:50]}))
    known = {label for row in sets for label in row}
    other = [
        label for label in sorted(known) for sign in SEPARATORS
        if sign in label and len(_split(label, sign)) > 1 and set(_split(label, sign)) <= known
    ]  # fmt: skip
    if other:
        message = N_(
            "{labels} looks like several labels with another sign between them, and is read as one; write “{sign}” there"
        )
        notes.append((message, {"labels": some([f"“{label}”" for label in dict.fromkeys(other)]), "sign": separator}))
    return _Reading(sets, tuple(notes))


def _separator(column: Iterable[str]) -> str:
    """The sign that most cells have between their labels, "" where none parts what occurs again by itself or beside others."""
    distinct = Counter(cell.strip() for cell in column if not _bracketed(cell))
    common = sorted(SEPARATORS, key=lambda sign: -sum(count for cell, count in distinct.items() if sign in cell))
    for sign in common:
        parts = {cell: _split(cell, sign) for cell in distinct}
        counts = Counter(part for own in parts.values() for part in own)
        if any(len(own) > 1 and any(counts[part] > 1 for part in own) for own in parts.values()):
            return sign
    return ""


def _parts(cell: str, separator: str) -> tuple[str, ...]:
    """The labels of one cell."""
    if _bracketed(cell):
        return _each(_listed(cell.strip()))
    return _each(_split(cell, separator))


def _split(cell: str, separator: str) -> tuple[str, ...]:
    return _each(cell.split(separator) if separator else [cell])


def _each(names: Iterable[str]) -> tuple[str, ...]:
    """Labels without spaces around them, each once, without what stands for none."""
    return tuple(dict.fromkeys(name for given in names if (name := given.strip()) not in NO_LABEL))


def _bracketed(cell: str) -> bool:
    text = cell.strip()
    return text[:1] == "[" and text[-1:] == "]"


def _listed(text: str) -> list[str]:
    """The labels in a list that was written as text, as JSON does it or as Python or NumPy prints it."""
    try:
        return [str(part) for part in json.loads(text)]
    except json.JSONDecodeError:
        inside = text[1:-1]
    if quoted := [one or other for one, other in QUOTED.findall(inside)]:
        return quoted
    return inside.split("," if "," in inside else None)


def _folded(cell: str) -> str:
    return cell.strip().casefold()


# --- Rows --------------------------------------------------------------------------------------------------------------


def _rows(source: Source) -> tuple[pd.DataFrame, _Reading]:
    """The rows as text, set (of labels, by their new names), label (the set as one text), given, key and split."""
    reading = _read(source.table, source.columns["labels"])
    names = dict(source.preparation.labels)
    texts = [cell.strip() for cell in cells(source.table.frame, source.columns["text"], source.preparation.separator)]
    sets = [_each(names.get(label, label) for label in row) for row in reading.sets]
    written = [SHOWN.join(sorted(row)) for row in sets]
    table = pd.DataFrame(
        {
            "text": texts,
            "set": sets,
            "label": written,
            "given": written,
            "key": [clean.key([text]) for text in texts],
            "split": list(source.row_splits or ("train",) * len(texts)),
        },
        dtype=object,
    )
    return table, reading


def _counts(sets: Iterable[tuple[str, ...]]) -> Counter[str]:
    """How many rows have each label."""
    return Counter(label for row in sets for label in row)


def _label_names(counts: Counter[str], source: Source) -> tuple[str, ...]:
    """The labels that occur, in their order. Raises UserError when there are none, hardly any, or they are no labels."""
    if not counts:
        raise _no_labels(len(source.table.frame), source)
    if len(counts) == 1:
        raise UserError(
            "there is only one label, '{label}', in column '{column}'; a model for several labels needs at least two",
            label=next(iter(counts))[:50],
            column=source.columns["labels"][:100],
        )
    clean.check_labels(counts, source.columns["labels"])
    return _in_order(counts, source)


def _in_order(counts: Counter[str], source: Source) -> tuple[str, ...]:
    """The labels in the source's order where it has one, or numerically, or alphabetically."""
    own = parts_of(source.table.frame, source.columns["labels"])
    names = dict(source.preparation.labels)
    given = source.table.categories.get(own[0], ()) if len(own) == 1 else own
    known = dict.fromkeys(names.get(label, label) for label in given)
    if counts.keys() <= known.keys():
        return tuple(label for label in known if label in counts)
    return tuple(sorted(sorted(counts), key=float if all(map(is_number, counts)) else str.casefold))


def _no_labels(rows: int, source: Source) -> UserError:
    return UserError(
        "not one of {rows} rows has a label in column '{column}'; choose another column of labels",
        rows=rows,
        column=source.columns["labels"][:100],
    )


def _without_any(rows: pd.DataFrame) -> tuple[Note, ...]:
    """How many rows have no label, and what that means."""
    count = int((rows["set"].map(len) == 0).sum())
    message = N_(
        "{count} of {rows} rows have no label: they show the model when none applies. Leave them out if nobody has labelled them yet"
    )
    return ((message, {"count": count, "rows": len(rows)}),) if count else ()


def _as_datasets(rows: pd.DataFrame, label_names: tuple[str, ...], shared: tuple[str, ...]) -> datasets.DatasetDict:
    """The rows as datasets; a split in `shared` holds the training rows."""
    numbers = {label: number for number, label in enumerate(label_names)}
    result = {}
    for split in SPLIT_VALUES:
        part = rows[rows["split"] == ("train" if split in shared else split)]
        content = {
            "text": list(part["text"]),
            "labels": [sorted(numbers[label] for label in own) for own in part["set"]],
        }
        result[split] = datasets.Dataset.from_dict(content, features=FEATURES)
    return datasets.DatasetDict(result)
