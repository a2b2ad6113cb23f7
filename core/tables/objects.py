"""JSON and JSON lines as a table: records in the shapes of pandas, doccano, Label Studio, Rasa and their like, lists of rows, columns.

Numbers stay as they are written. This module does not know files or encodings, nor what the columns mean.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from core import settings
from core.errors import N_, Note, UserError
from core.tables import annotated, delimited, grid, limits, parts
from core.tables.table import FIND_OUT, Reading, Table, evenly, make_table

SUFFIXES = (".json", ".jsonl")
EXAMPLE = '[{"text": "…", "label": "…"}]'
PYTHON = re.compile(r"\s*(\[\s*)?(\{\s*'[^'\n]{1,200}'\s*:|(?<=\[)\s*[\[(]\s*')")  # {'text': … or [['…
STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
KINDS = {dict: "object", list: "array", str: "string", float: "number", bool: "true/false", type(None): "null"}
MOST_VALUES = 12_000_000  # in one file; each takes some 60 bytes of memory
MOST_CONTAINERS = 4_000_000
MOST_LEVELS = 50  # of lists and objects inside each other, in a cell
USUAL_KEYS = (
    "data",
    "examples",
    "common_examples",
    "records",
    "rows",
    "items",
)  # of a list of records, the likeliest first
LONGEST_LINE = 1_000_000  # of JSON lines, by which they are recognised at once
OF_ONE_ROW = {"entities", "spans", "label", "labels", "annotations", "result", "tokens", "words", "tags", "cats"}


def read(text: str, name: str, reading: Reading = FIND_OUT) -> Table | None:
    """JSON or JSON lines; None when the text is a delimited table. Raises UserError when it is broken JSON."""
    named_json = Path(name).suffix.lower() in SUFFIXES
    first = re.search(r"\S", text)
    if first is None or (
        first[0] not in "[{" and not (named_json and delimited.find_delimiter(text) == delimited.NO_DELIMITER)
    ):
        return None
    if PYTHON.match(text):
        raise UserError(
            "{file} is written as Python prints lists and dicts ('single quotes'), which is not JSON; save it with json.dump(rows, file)",
            file=name,
        )
    try:
        if _begins_with_a_line(text, first.start()):
            return _read_lines(text, name, reading, named_json)
        _check_amount(text, name)
        return _table(_parse(text, name), name, reading)
    except json.JSONDecodeError as error:
        table = _read_lines(text, name, reading, named_json)
        if table is not None or not named_json:
            return table
        raise UserError(
            "{file} is not valid JSON: it breaks off or goes wrong in line {line}, column {column}; export it again",
            file=name,
            line=error.lineno,
            column=error.colno,
        ) from error


def _begins_with_a_line(text: str, start: int) -> bool:
    """Whether the first line is a whole object and others follow, so that the lines beyond the limit need not be parsed."""
    end = text.find("\n", start, start + LONGEST_LINE)
    if text[start] != "{" or end < 0 or not text[end : end + 100].strip():
        return False
    try:
        return isinstance(json.loads(text[start:end]), dict)
    except (json.JSONDecodeError, RecursionError):
        return False


def _check_amount(text: str, name: str) -> None:
    """Raise UserError before a text of so many tiny values is parsed that they would fill the memory."""

    def amounts(json_text: str) -> tuple[int, int]:
        containers = json_text.count("[") + json_text.count("{")
        return containers, containers + json_text.count(",")

    for found in (
        lambda: text,
        lambda: STRING.sub("", text),
    ):  # the second, without the texts in it, only where it matters
        containers, values = amounts(found())
        if containers <= MOST_CONTAINERS and values <= MOST_VALUES:
            return
    raise UserError(
        "{file} holds {values} values in {containers} lists and objects, far more than a table of {rows} rows; make it smaller",
        file=name,
        values=values,
        containers=containers,
        rows=settings.MAX_ROWS.value(),
    )


def _parse(text: str, name: str) -> object:
    """A JSON value, numbers as written. Raises UserError when it is nested too deeply to be a table."""
    try:
        return json.loads(text, parse_int=str)
    except RecursionError as error:
        raise UserError(
            "{file} is nested too deeply to be a table; it must hold a list of objects such as {example}",
            file=name,
            example=EXAMPLE,
        ) from error


def _read_lines(text: str, name: str, reading: Reading, named_json: bool) -> Table | None:
    """The value in each line as a row, of very many lines an even part; None when the first is no whole object (or list).

    Raises UserError for a broken line.
    """
    delimited.check_lines(text, name)
    starts = [line.start() for line in re.finditer(r"^[^\S\n]*+[^\n]", text, re.MULTILINE)]
    kept, sampled = evenly(starts)
    values: dict[int, object] = {}
    number, before = 1, 0
    for start in kept:
        number += text.count("\n", before, start)
        before = start
        end = text.find("\n", start)
        try:
            values[number] = _parse(text[start : end if end >= 0 else len(text)], name)
        except json.JSONDecodeError as error:
            if not values:
                return None
            raise UserError(
                "line {line} of {file} is not valid JSON; each line must be one object", line=number, file=name
            ) from error
        if not isinstance(values[number], dict) and not (named_json and isinstance(values[number], list)):
            if len(values) == 1:
                return None
            raise _unreadable(values[number], name)
    rows = [row for row in values.values() if isinstance(row, list)]
    if not values:
        return None
    not_read, lines = len(starts) - len(kept), tuple(values)
    if rows and len(rows) == len(values):
        return replace(grid.read(rows, reading, lines=lines, notes=sampled), not_read=not_read)
    return _from_records(list(values.values()), name, lines=lines, notes=sampled, not_read=not_read)


# --- Shapes ------------------------------------------------------------------------------------------------------------


def _table(found: object, name: str, reading: Reading) -> Table:
    """The table that a JSON value is. Raises UserError when it is none."""
    if isinstance(found, list):
        return _from_list(found, name, reading)
    if not isinstance(found, dict):
        raise _unreadable(found, name)
    splits = [(parts.part_of(key), value) for key, value in found.items() if isinstance(value, list | dict) and value]
    if splits and all(part for part, _ in splits):
        return parts.combine([(part, _table(value, name, reading)) for part, value in splits])
    columns, data = found.get("columns"), found.get("data")
    if isinstance(columns, list) and isinstance(data, list) and _are(list, data):  # pandas' orient="split"
        names = list(map(str, columns))
        return _from_records([dict(zip(names, row, strict=False)) for row in data], name)
    if len(found) == 1 and (inside := _inside(found)) and _are((list, dict), inside):
        return _table(next(iter(found.values())), name, reading)
    if found and _are(list, found.values()) and _are_columns(found.values()):
        return _from_columns(found, name)
    if len(found) > 1 and _are(dict, found.values()) and set.intersection(*map(set, found.values())):
        return _from_mappings(found, name)
    records, remark = _records(found, name)
    if not records and len(found) > 1 and _are((list, dict), found.values()):
        raise _unequal(found, name)
    return _from_records(records or [found], name, notes=remark)


def _are(kind: type | tuple[type, ...], values: Iterable[object]) -> bool:
    return all(isinstance(value, kind) for value in values)


def _are_columns(lists: Iterable[Sequence[object]]) -> bool:
    """Whether lists hold cells: one of them something else than objects, or all of them nothing."""
    return not any(lists) or any(not _are(dict, cells) for cells in lists)


def _inside(found: Mapping[str, object]) -> list[object]:
    """What the only value of an object holds."""
    only = next(iter(found.values()))
    return list(only.values()) if isinstance(only, dict) else only if isinstance(only, list) else []


def _from_list(found: list, name: str, reading: Reading) -> Table:
    if _are(dict, found):
        return _from_records(found, name)
    if _are(list, found):
        return grid.read(found, reading)
    if _are(str, found):
        return grid.read([[text] for text in found], replace(reading, header=bool(reading.header)))
    raise _unreadable(found, name)


def _from_columns(found: Mapping[str, Sequence[object]], name: str) -> Table:
    """Lists of cells."""
    rows = len(next(iter(found.values())))
    if any(len(cells) != rows for cells in found.values()):
        raise _unequal(found, name)
    names = list(found)
    kept, sampled = evenly(range(rows))
    chosen, too_many = limits.choose_columns(names, len(kept))
    columns = {names[place]: [found[names[place]][row] for row in kept] for place in chosen}
    return _make(columns, name, [row + 1 for row in kept], (*sampled, *too_many), rows - len(kept))


def _from_mappings(found: Mapping[str, Mapping[str, object]], name: str) -> Table:
    """Objects of equal keys: a row each (pandas' orient="index"), or a column each, whose keys are the numbers of the rows ("columns")."""
    first = next(iter(found.values()))
    numbered, by_number = _are_numbers(found), _are_numbers(first)
    if numbered or (not by_number and len(found) >= len(first)):
        return _from_records(list(found.values()), name)
    if any(len(cells) != len(first) for cells in found.values()):
        raise _unequal(found, name)
    return _from_columns({key: [cells.get(row) for row in first] for key, cells in found.items()}, name)


def _unequal(found: Mapping[str, Sequence[object] | Mapping[str, object]], name: str) -> UserError:
    return UserError(
        "the columns of {file} are not equally long: {columns}",
        file=name,
        columns=", ".join(f"{key[:50]} ({len(cells)})" for key, cells in list(found.items())[:10]),
    )


def _are_numbers(keys: Iterable[str]) -> bool:
    return all(key.isdecimal() for key in keys)


def _records(found: Mapping[str, object], name: str) -> tuple[list[dict[str, object]], tuple[Note, ...]]:
    """The list of records inside an object, and a remark when there are others; none when the object is itself a record.

    Raises UserError when several could be meant.
    """
    lists = dict(_lists_of_records(found))
    if not lists:
        return [], ()
    usual = [path for key in USUAL_KEYS for path in lists if path.rpartition(".")[2] == key]
    if len(lists) > 1 and not usual:
        raise UserError(
            "{file} holds several lists of objects ({keys}), and which of them is the table is not clear; keep one of them in the file",
            file=name,
            keys=", ".join(lists)[:300],
        )
    chosen = usual[0] if usual else next(iter(lists))
    others = ", ".join(path for path in lists if path != chosen)[:300]
    message = N_("the rows are those under '{key}'; what stands under {others} was not read")
    return lists[chosen], ((message, {"key": chosen, "others": others}),) if others else ()


def _lists_of_records(
    found: Mapping[str, object], path: str = "", levels: int = 4
) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """The lists of objects inside an object, with the keys that lead to each."""
    for key, value in list(found.items())[: limits.MOST_COLUMNS]:
        if isinstance(value, list) and value and _are(dict, value) and key not in OF_ONE_ROW:
            yield f"{path}{key}", value
        elif isinstance(value, dict) and levels:
            yield from _lists_of_records(value, f"{path}{key}.", levels - 1)


def _from_records(
    found: Sequence[object], name: str, *, lines: Sequence[int] = (), notes: tuple[Note, ...] = (), not_read: int = 0
) -> Table:
    """One object a row. not_read: rows that were left out before."""
    kept, sampled = evenly(range(len(found)))
    rows = [row for row in (found[place] for place in kept) if isinstance(row, dict)]
    if len(rows) < len(kept):
        raise _unreadable(found, name)
    rows, remark = annotated.flat(rows)
    notes = (*notes, *sampled, *remark)
    keys = list(dict.fromkeys(chain.from_iterable(rows)))
    if len(keys) > limits.MOST_COLUMNS:
        keys, too_many = _frequent(rows, keys, name)
        notes = (*notes, *too_many)
    columns = {key: [row.get(key) for row in rows] for key in keys}
    return _make(columns, name, lines or [place + 1 for place in kept], notes, not_read or len(found) - len(kept))


def _frequent(rows: Sequence[Mapping[str, object]], keys: list[str], name: str) -> tuple[list[str], tuple[Note, ...]]:
    """The keys that a tenth of the rows has. Raises UserError when there are none, for then the keys are no columns."""
    counts = Counter(chain.from_iterable(rows))
    frequent = [key for key in keys if counts[key] >= max(2, len(rows) / 10)]
    if not frequent:
        raise UserError(
            "{file} has {count} different keys ({keys}, …), where each row of a table has the same few, such as {example}",
            file=name,
            count=len(keys),
            keys=", ".join(key[:30] for key in keys[:3]),
            example=EXAMPLE,
        )
    chosen, _ = limits.choose_columns(frequent, len(rows))
    return [frequent[place] for place in chosen], limits.columns_remark(len(chosen), len(keys))


def _make(
    columns: Mapping[str, Sequence[object]], name: str, lines: Sequence[int], notes: tuple[Note, ...], not_read: int
) -> Table:
    for key, cells in columns.items():
        if any(_is_deeper(cell, MOST_LEVELS) for cell in cells):
            raise UserError(
                "'{key}' in {file} holds lists or objects that are nested too deeply for a cell of a table",
                key=key[:50],
                file=name,
            )
    content = annotated.single(list(columns.values()))
    return make_table(list(columns), content, len(lines), not_read=not_read, notes=notes, lines=lines)


def _is_deeper(value: object, levels: int) -> bool:
    """Whether lists and objects stand inside each other on more levels than these."""
    if not isinstance(value, list | dict):
        return False
    inside = value if isinstance(value, list) else value.values()
    return levels == 0 or any(type(part) in (list, dict) and _is_deeper(part, levels - 1) for part in inside)


def _unreadable(found: object, name: str) -> UserError:
    """What a JSON value is that is no table, in JSON's words, and what is expected."""
    inside = [KINDS[type(value)] for value in found[:1000]] if isinstance(found, list) else [KINDS[type(found)]]
    return UserError(
        '{file} must hold a list of objects such as {example}, {{"data": […]}}, or one such object per line; it holds: {kinds}',
        file=name,
        example=EXAMPLE,
        kinds=", ".join(dict.fromkeys(inside)),
    )
