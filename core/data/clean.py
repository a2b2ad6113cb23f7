"""PROBLEMS: dropping the rows that cannot be used, with the reasons, and naming the labels of the others.

This module does not know how the rows are split.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping

import pandas as pd

from core.data.dataset import RowSplits
from core.errors import N_, UserError
from core.results import Dropped
from core.tables.table import EXAMPLE_CHARS, Table, is_number

MAX_LABELS = 1000
MAX_LABEL_CHARS = 100
NO_LABEL = ("", "nan", "NaN", "null", "NULL", "<NA>", "#N/A")
INVISIBLE = " \t\r\n\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
MEASURES_FIRST = ("test", "validation", "train")


def rows(table: Table, columns: Mapping[str, str], row_splits: RowSplits) -> pd.DataFrame:
    """The chosen columns as text, pair, label (as far as there are any) and split, plus key: what makes two inputs the same."""
    content = {role: [cell.strip() for cell in table.frame[column]] for role, column in columns.items()}
    if "label" in columns:
        content["label"] = ["" if label in NO_LABEL else label for label in content["label"]]
        if columns["label"] not in table.categories:
            content["label"] = _unified(content["label"])
    inputs = [content[role] for role in columns if role != "label"]
    content["key"] = ["\0".join(" ".join(text.casefold().split()) for text in row) for row in zip(*inputs, strict=True)]
    content["split"] = list(row_splits or ("train",) * len(table.frame))
    return pd.DataFrame(content, dtype=object)


def _unified(labels: list[str]) -> list[str]:
    """One spelling for whole numbers (1.0 → 1) and for truth values (TRUE → true) when all labels are such."""
    distinct = set(labels) - {""}
    if all(re.fullmatch(r"[+-]?\d+(\.0*)?", label) for label in distinct):
        return [label.split(".")[0] for label in labels]
    if {label.casefold() for label in distinct} <= {"true", "false"}:
        return [label.casefold() for label in labels]
    return labels


def _is_empty(cells: pd.Series) -> pd.Series:
    return cells.map(lambda cell: not cell.strip(INVISIBLE)).astype(bool)


def _is_contradicted(rows: pd.DataFrame) -> pd.Series:
    return rows.groupby("key")["label"].transform("nunique") > 1


def _is_in_another_split(rows: pd.DataFrame) -> pd.Series:
    rank = rows["split"].map(MEASURES_FIRST.index).astype(int)
    return rank > rank.groupby(rows["key"]).transform("min")


NO_TEXT = N_("the text is empty")
NO_PAIR = N_("the second text is empty")
UNLABELLED = N_("the label is missing")
ELSEWHERE = N_("the same text is in two splits; it stays in the one that measures")
Problems = Mapping[str, Callable[[pd.DataFrame], pd.Series]]
UNUSABLE: Problems = {
    NO_TEXT: lambda rows: _is_empty(rows["text"]),
    NO_PAIR: lambda rows: _is_empty(rows["pair" if "pair" in rows else "text"]),
    UNLABELLED: lambda rows: rows["label"] == "",
}
PROBLEMS: Problems = {
    **UNUSABLE,
    N_("the same text stands there with different labels"): _is_contradicted,
    N_("the same text and label stand there again"): lambda rows: rows.duplicated(["key", "split"]),
    ELSEWHERE: _is_in_another_split,
}
PROBLEMS_OF_DOCUMENTS: Problems = {
    NO_TEXT: PROBLEMS[NO_TEXT],
    N_("the same text stands there again"): lambda rows: rows.duplicated(["key", "split"]),
    ELSEWHERE: _is_in_another_split,
}


def without_problems(rows: pd.DataFrame, problems: Problems) -> tuple[pd.DataFrame, tuple[Dropped, ...]]:
    """The rows that can be used, and per problem those that cannot."""
    dropped = []
    for reason, find in problems.items():
        bad = find(rows)
        if bad.any():
            examples = tuple(_example(row) for row in rows[bad].head(3).to_dict("records"))
            dropped.append(Dropped(reason, int(bad.sum()), examples))
            rows = rows[~bad]
    return rows, tuple(dropped)


def _example(row: Mapping[str, str]) -> str:
    cells = (row.get(role, "") for role in ("text", "pair", "label"))
    return " | ".join(cell[:EXAMPLE_CHARS] for cell in cells if cell)


def check_enough(rows: pd.DataFrame, table: Table, dropped: tuple[Dropped, ...]) -> None:
    """Raise UserError when hardly a row is left, and say what became of the others."""
    if len(rows) >= 2:
        return
    count = Counter({entry.reason: entry.count for entry in dropped})
    empty, unlabelled = count[NO_TEXT] + count[NO_PAIR], count[UNLABELLED]
    raise UserError(
        "{usable} of the {rows} rows can be used, which is too few to learn from: {empty} have no text, {unlabelled} no "
        "label, {repeated} repeat or contradict another row, {ragged} have too many cells; add rows or mend these",
        usable=len(rows),
        rows=table.rows,
        empty=empty,
        unlabelled=unlabelled,
        repeated=count.total() - empty - unlabelled,
        ragged=sum(entry.count for entry in table.dropped),
    )


def label_names(rows: pd.DataFrame, column: str, table: Table) -> tuple[str, ...]:
    """The labels in the source's order, or numerically, or alphabetically. Raises UserError when they are not labels."""
    counts = Counter(rows["label"])
    known = dict.fromkeys(table.categories.get(column, ()))
    if counts.keys() <= known.keys():
        names = [name for name in known if name in counts]
    else:
        _check_labels(counts, column)
        names = sorted(sorted(counts), key=float if all(map(is_number, counts)) else str.casefold)
    if len(names) < 2:
        raise UserError(
            "every row has the same label, '{label}', in column '{column}'; a classifier needs at least two labels",
            label=names[0],
            column=column[:100],
        )
    return tuple(names)


def _check_labels(counts: Counter[str], column: str) -> None:
    """Raise UserError when what should be labels looks like texts, numbers or identifiers."""
    rows, distinct, longest = counts.total(), len(counts), max(counts, key=len)
    if len(longest) > MAX_LABEL_CHARS:
        raise UserError(
            "column '{column}' looks like a text column, not labels ('{example}…'); choose another label column",
            column=column[:100],
            example=longest[:EXAMPLE_CHARS],
        )
    fractions = all(map(is_number, counts)) and not all(re.fullmatch(r"[+-]?\d+", label) for label in counts)
    if distinct > MAX_LABELS or (distinct > 20 and fractions) or (rows >= 20 and distinct > rows / 2):
        raise UserError(
            "column '{column}' looks like a text or number column, not labels ({distinct} different values in {rows} "
            "rows); choose another label column, or sort the values into a few groups first",
            column=column[:100],
            distinct=distinct,
            rows=rows,
        )
