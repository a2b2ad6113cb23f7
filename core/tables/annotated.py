"""Records of annotation tools as plain records: Label Studio's and doccano's classifications, and lists of one element in cells.

Spans inside texts stay as they were exported. This module does not know files, nor what a label is for.
"""

from collections.abc import Mapping, Sequence

from core.errors import N_, Note, plural

Record = dict[str, object]
VALUES = ("choices", "rating", "number")  # types of Label Studio's results that stand for a whole text


def flat(rows: list[Record]) -> tuple[list[Record], tuple[Note, ...]]:
    """Records whose annotations stand for whole texts, with a key for each kind of annotation; others as they are; and remarks."""
    if rows and all(isinstance(row.get("data"), dict) and _annotations(row) is not None for row in rows):
        return _label_studio(rows)
    if rows and all(_is_doccano(row.get("annotations")) for row in rows) and any(row["annotations"] for row in rows):
        return [_doccano(row) for row in rows], ()
    return [{key: _choice(value) for key, value in row.items()} for row in rows], ()


def single(columns: Sequence[Sequence[object]]) -> list[Sequence[object]]:
    """Columns in which a list of one text becomes that text.

    A column stays as it is when a list in it has several elements, or when another column has lists too, as words and their tags have.
    """
    lists = [place for place, cells in enumerate(columns) if any(isinstance(cell, list) and cell for cell in cells)]
    result = list(columns)
    if len(lists) == 1 and all(_is_single(cell) for cell in columns[lists[0]]):
        result[lists[0]] = [(cell[0] if cell else "") if isinstance(cell, list) else cell for cell in columns[lists[0]]]
    return result


def _is_single(cell: object) -> bool:
    return not isinstance(cell, list | dict) or (
        isinstance(cell, list) and len(cell) <= 1 and all(isinstance(part, str) for part in cell)
    )


def _choice(value: object) -> object:
    """The list of what was chosen where Label Studio's short export wraps several choices."""
    return value["choices"] if isinstance(value, dict) and value.keys() == {"choices"} else value


def _is_doccano(annotations: object) -> bool:
    """Whether they are the annotations of an older doccano that stand for a whole text: labels without places."""
    return isinstance(annotations, list) and all(
        isinstance(entry, dict) and "label" in entry and "start_offset" not in entry for entry in annotations
    )


def _doccano(row: Mapping[str, object]) -> Record:
    annotations = row["annotations"]
    labels = [entry["label"] for entry in annotations] if isinstance(annotations, list) else []
    others = {key: value for key, value in row.items() if key != "annotations"}
    return {**others, "annotations" if "label" in others else "label": labels}


def _annotations(row: Mapping[str, object]) -> list[Record] | None:
    """The annotations of a row of Label Studio that were not cancelled, None when it is no such row."""
    found = row.get("annotations", row.get("completions"))
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        return None
    return [entry for entry in found if not entry.get("was_cancelled") and entry.get("result")]


def _label_studio(rows: list[Record]) -> tuple[list[Record], tuple[Note, ...]]:
    """The texts with what the first annotator chose; rows as they are when an annotation is of another kind than a choice."""
    result: list[Record] = []
    differing = 0
    for row in rows:
        answers = [_answers(entry["result"]) for entry in _annotations(row) or ()]
        if None in answers:
            return rows, ()
        differing += any(answer != answers[0] for answer in answers)
        data = row["data"] if isinstance(row["data"], dict) else {}
        first = (answers[0] if answers else None) or {}
        result.append({**data, **{f"{key} (2)" if key in data else key: value for key, value in first.items()}})
    message = plural(
        N_("in {count} row several annotators chose differently; the first of them counts"),
        N_("in {count} rows several annotators chose differently; the first of them counts"),
        differing,
    )
    return result, ((message, {"count": differing}),) if differing else ()


def _answers(results: object) -> Record | None:
    """What was chosen, by the name of the question; None when a result is no choice."""
    answers: Record = {}
    for entry in results if isinstance(results, list) else [None]:
        if not isinstance(entry, dict) or entry.get("type") not in VALUES:
            return None
        kind, value = entry["type"], entry.get("value")
        if not isinstance(value, dict) or kind not in value:
            return None
        answers[str(entry.get("from_name", "label"))] = value[kind]
    return answers
