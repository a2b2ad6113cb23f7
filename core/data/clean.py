"""PROBLEMS: dropping the rows that cannot be used, with the reasons, and naming the labels of the others.

This module does not know how the rows are split.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import pandas as pd

from core.data.columns import cells
from core.data.dataset import RowSplits
from core.errors import N_, Note, UserError, plural, some
from core.results import AS_READ, Dropped, Preparation
from core.tables.table import EXAMPLE_CHARS, Table, is_number

WHOLE = re.compile(r"[+-]?\d+(\.0*)?")

MAX_LABELS = 1000
MAX_LABEL_CHARS = 100
NO_LABEL = frozenset(
    ("", "nan", "NaN", "NAN", "null", "NULL", "Null", "None", "NA", "N/A", "n/a", "<NA>", "#N/A", "<null>", "NaT")
)
UNDECIDED, UNSET = "-", "-1"  # of rows on whose label nobody agreed, or that nobody labelled
INVISIBLE = " \t\r\n\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
MEASURES_FIRST = ("test", "validation", "train")


def rows(
    table: Table, columns: Mapping[str, str], row_splits: RowSplits, preparation: Preparation = AS_READ
) -> pd.DataFrame:
    """The chosen columns as text, pair, label, score (as far as there are any) and split, plus three more.

    key: what makes two inputs the same. given: the label as the source has it; read: as it is read, "" where it stands for none.
    label: by the name that it is to have, "" where it is to be left out as well.
    """
    content = {
        role: [cell.strip() for cell in cells(table.frame, column, preparation.separator)]
        for role, column in columns.items()
    }
    if "label" in columns:
        content["given"] = list(table.frame[columns["label"]])
        if columns["label"] not in table.categories:  # whose names are given, whatever they are
            none = _no_labels(set(content["label"]))
            content["label"] = _unified(["" if label in none else label for label in content["label"]])
        names = dict(preparation.labels)
        content["read"], content["label"] = content["label"], [names.get(label, label) for label in content["label"]]
    inputs = [content[role] for role in columns if role not in ("label", "score")]
    content["key"] = list(map(key, zip(*inputs, strict=True)))
    content["split"] = list(row_splits or ("train",) * len(table.frame))
    return pd.DataFrame(content, dtype=object)


def key(texts: Iterable[str]) -> str:
    """What makes the texts of two rows the same: their words, whatever their case and the spaces between them."""
    return "\0".join(" ".join(text.casefold().split()) for text in texts)


def _no_labels(distinct: set[str]) -> set[str]:
    """Those of a column's values that stand for no label: missing, "-" beside two others, or -1 beside 0, 1, 2 and so on."""
    missing = distinct & NO_LABEL
    labels = distinct - missing
    if UNDECIDED in labels and "+" not in labels and len(labels) > 2:
        missing.add(UNDECIDED)
    numbers = {_whole(label): label for label in labels}
    classes = numbers.keys() - {UNSET}
    if UNSET in numbers and len(classes) > 2 and classes == set(map(str, range(len(classes)))):
        missing.add(numbers[UNSET])
    return missing


def _unified(labels: list[str]) -> list[str]:
    """One spelling for whole numbers (1.0 → 1) and for truth values (TRUE → true) when all labels are such."""
    distinct = set(labels) - {""}
    if all(WHOLE.fullmatch(label) for label in distinct):
        return [_whole(label) for label in labels]
    if {label.casefold() for label in distinct} <= {"true", "false"}:
        return [label.casefold() for label in labels]
    return labels


def _whole(label: str) -> str:
    """A whole number without its decimals; any other label as it is."""
    return label.split(".")[0] if WHOLE.fullmatch(label) else label


def missing_labels(rows: pd.DataFrame) -> Counter[str]:
    """The values of the label column that stood for no label, and how often."""
    pairs = zip(rows["given"], rows["read"], strict=True)
    return Counter(given.strip() for given, label in pairs if not label and given.strip())


def read_labels(rows: pd.DataFrame) -> dict[str, int]:
    """How many rows have each label as it is read, in alphabetical order."""
    counts = Counter(label for label in rows["read"] if label)
    return {label: counts[label] for label in sorted(sorted(counts), key=str.casefold)}


def label_notes(rows: pd.DataFrame) -> tuple[Note, ...]:
    """Which values of the label column stood for no label, and which labels are not spelt as in the source."""
    given, labels = rows["given"], rows["read"]
    counts = missing_labels(rows)
    spaced = sum(value != value.strip() for value, label in zip(given, labels, strict=True) if label)
    respelt = {
        value.strip(): label for value, label in zip(given, labels, strict=True) if label and value.strip() != label
    }
    found: list[Note] = []
    if counts:
        message = plural(
            N_(
                "{count} row has no label ({values} was taken as missing); if that is the name of a label, write another word for it"
            ),
            N_(
                "{count} rows have no label ({values} was taken as missing); if that is the name of a label, write another word for it"
            ),
            counts.total(),
        )
        found.append((message, {"count": counts.total(), "values": some(counts, chars=40)}))
    if spaced:
        found.append(
            (
                plural(
                    N_("spaces around the label were removed in {count} row"),
                    N_("spaces around the label were removed in {count} rows"),
                    spaced,
                ),
                {"count": spaced},
            )
        )
    if respelt:
        message = N_("labels are written in one way: {labels}")
        changes = (f"{value} → {label}" for value, label in sorted(respelt.items()))
        found.append((message, {"labels": some(changes, chars=40)}))
    return tuple(found)


def is_empty(cells: pd.Series) -> pd.Series:
    """Whether each cell has nothing that can be seen."""
    return cells.map(lambda cell: not cell.strip(INVISIBLE)).astype(bool)


def _is_contradicted(rows: pd.DataFrame) -> pd.Series:
    return rows.groupby("key")["label"].transform("nunique") > 1


def _is_in_another_split(rows: pd.DataFrame) -> pd.Series:
    rank = rows["split"].map(MEASURES_FIRST.index).astype(int)
    return rank > rank.groupby(rows["key"]).transform("min")


NO_TEXT = N_("the text is empty")
NO_PAIR = N_("the second text is empty")
UNLABELLED = N_("the label is missing")
EXCLUDED = N_("its label is left out")
CONTRADICTED = N_("the same text stands there with different labels")
AGAIN = N_("the same text and label stand there again")
REPEATED = (CONTRADICTED, AGAIN)
NO_SPLIT = N_("its split is not understood")
ELSEWHERE = N_("the same text is in two splits; it stays in the one that measures")
Problems = Mapping[str, Callable[[pd.DataFrame], pd.Series]]
UNUSABLE: Problems = {
    NO_TEXT: lambda rows: is_empty(rows["text"]),
    NO_PAIR: lambda rows: is_empty(rows["pair" if "pair" in rows else "text"]),
    UNLABELLED: lambda rows: rows["read"] == "",
    EXCLUDED: lambda rows: rows["label"] == "",
}
HAS_NO_SPLIT: Problems = {NO_SPLIT: lambda rows: rows["split"] == ""}
PROBLEMS: Problems = {
    **HAS_NO_SPLIT,
    **UNUSABLE,
    CONTRADICTED: _is_contradicted,
    AGAIN: lambda rows: rows.duplicated(["key", "split"]),
    ELSEWHERE: _is_in_another_split,
}
PROBLEMS_OF_DOCUMENTS: Problems = {
    **HAS_NO_SPLIT,
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
    content = (row.get(role, "").strip() for role in ("text", "pair", "given"))
    return " | ".join(cell[:EXAMPLE_CHARS] for cell in content if cell)


def check_enough(rows: pd.DataFrame, table: Table, dropped: tuple[Dropped, ...]) -> None:
    """Raise UserError when hardly a row is left, and say what became of the others."""
    if len(rows) >= 2:
        return
    count = Counter({entry.reason: entry.count for entry in dropped})
    empty, unlabelled = count[NO_TEXT] + count[NO_PAIR], count[UNLABELLED] + count[EXCLUDED]
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


def label_names(
    rows: pd.DataFrame, column: str, table: Table, missing: Counter[str], names: Mapping[str, str]
) -> tuple[str, ...]:
    """The labels in the source's order, or numerically, or alphabetically. Raises UserError when they are not labels.

    missing: the values that stood for no label, and how often. names: label as it is read → the name that it is to have.
    """
    counts = Counter(rows["label"])
    known = dict.fromkeys(names.get(label, label) for label in table.categories.get(column, ()))
    if counts.keys() <= known.keys():
        found = [name for name in known if name in counts]
    else:
        check_labels(counts, column)
        found = sorted(sorted(counts), key=float if all(map(is_number, counts)) else str.casefold)
    if len(found) < 2:
        if missing:
            raise UserError(
                "every row that has a label has the same one, '{label}', in column '{column}': {values} was taken as a missing "
                "label in {count} rows; if it is the name of a label, write another word for it",
                label=found[0],
                column=column[:100],
                values=some(missing, chars=40),
                count=missing.total(),
            )
        raise UserError(
            "every row has the same label, '{label}', in column '{column}'; a classifier needs at least two labels",
            label=found[0],
            column=column[:100],
        )
    return tuple(found)


def check_labels(counts: Counter[str], column: str) -> None:
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
