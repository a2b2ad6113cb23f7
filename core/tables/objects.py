"""JSON and JSON lines as a table: lists of objects, or one list per column.

This module does not know files or encodings.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from core import settings
from core.errors import UserError
from core.tables import delimited
from core.tables.table import Table, make_table


def read(text: str, path: Path) -> Table | None:
    """JSON or JSON lines; None when the text is a delimited table. Raises UserError when it is broken JSON."""
    named_json = path.suffix.lower() in (".json", ".jsonl")
    if text.lstrip()[0] not in "[{" and (not named_json or delimited.find_delimiter(text) != delimited.NO_DELIMITER):
        return None
    try:
        return _from_json(_parse_json(text), path.name)
    except json.JSONDecodeError as error:
        lines = _json_lines(text, path.name)
        if lines:
            return _from_objects(list(lines.values()), path.name, tuple(lines))
        if not named_json:
            return None
        raise UserError(
            "{file} is not valid JSON: it breaks off or goes wrong in line {line}, column {column}; export it again",
            file=path.name,
            line=error.lineno,
            column=error.colno,
        ) from error


def _parse_json(text: str) -> object:
    """A JSON value, numbers as written; None when it is nested too deeply to be a table."""
    try:
        return json.loads(text, parse_int=str)
    except RecursionError:
        return None


def _json_lines(text: str, name: str) -> dict[int, object]:
    """The value in each line, by its number; none when the first line is not a whole object. Raises UserError for a broken line."""
    values: dict[int, object] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            values[number] = _parse_json(line)
        except json.JSONDecodeError as error:
            if not values:
                return {}
            raise UserError(
                "line {line} of {file} is not valid JSON; each line must be one object", line=number, file=name
            ) from error
        if not isinstance(next(iter(values.values())), dict):
            return {}
    return values


def _from_json(found: object, name: str) -> Table:
    """A list of objects, {"data": [...]}, one list or object per column, or one object (a file of one line)."""
    if isinstance(found, dict) and isinstance(found.get("data"), list) and _are(dict, found["data"]):
        found = found["data"]
    if isinstance(found, dict) and found and _are((list, dict), found.values()):
        return _from_columns(found, name)
    return _from_objects([found] if isinstance(found, dict) else found, name)


def _are(kind: type | tuple[type, ...], values: Iterable[object]) -> bool:
    return all(isinstance(value, kind) for value in values)


def _from_columns(found: dict[str, list | dict], name: str) -> Table:
    """Lists of cells, or objects that hold the cells by the row's number."""
    first = next(iter(found.values()))
    if any(type(cells) is not type(first) or len(cells) != len(first) for cells in found.values()):
        raise UserError("the columns of {file} are not equally long", file=name)
    columns = [[cells.get(key) for key in first] if isinstance(cells, dict) else cells for cells in found.values()]
    limit = settings.MAX_ROWS.value()
    return make_table(list(found), [column[:limit] for column in columns], len(first))


def _from_objects(found: object, name: str, lines: tuple[int, ...] = ()) -> Table:
    if not isinstance(found, list) or not _are(dict, found):
        raise UserError(
            '{file} must hold a list of objects such as {example}, {{"data": […]}}, or one such object per line',
            file=name,
            example='[{"text": "…", "label": "…"}]',
        )
    rows = found[: settings.MAX_ROWS.value()]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    return make_table(keys, [[row.get(key) for row in rows] for key in keys], len(found), lines=lines[: len(rows)])
