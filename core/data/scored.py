"""Texts or pairs of texts with one number each: read, checked, and every part of the scale in its share in every split.

A column of scores is written by people: "4,5", "4/5", "4 stars" are understood where the whole column says the same, and that is
told; anything else is no number. This module does not know where the rows come from.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import pandas as pd

from core.data import clean, splits
from core.data.clean import AGAIN, ELSEWHERE, HAS_NO_SPLIT, NO_LABEL, NO_PAIR, NO_TEXT, PROBLEMS, UNUSABLE, Problems
from core.data.dataset import RowSplits, Source, TextDataset
from core.errors import N_, Note, UserError, plural, some

WRITTEN = re.compile(
    r"(?P<value>[+-]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:e[+-]?\d+)?)\s*(?:/\s*(?P<of>\d+)\s*)?(?P<unit>[^\s\d/.,+-][^\d/]{0,20})?",
    re.IGNORECASE,
)
MOST_UNITS = 2  # "star" and "stars"; with more, a column holds sentences with numbers in them
NAME = re.compile(r"score from (\S+) to (\S+)")
STRATA = 10  # parts of the scale that every split has its share of
ROWS_IN_STRATUM = 6

MISSING = N_("the score is missing")
NOT_A_NUMBER = N_("the score is not a number")


def range_name(low: float, high: float) -> str:
    """What a model's one output is called, so that whoever loads the model knows its scale."""
    return f"score from {low:.10g} to {high:.10g}"


def range_of(name: str) -> tuple[float, float] | None:
    """The scale that an output is named after; None where its name says none, as in other people's models."""
    found = NAME.fullmatch(name)
    try:
        return (float(found[1]), float(found[2])) if found else None
    except ValueError:
        return None


def build(source: Source, limit: int) -> TextDataset:
    """The rows that can be learnt from; a tenth of them each for validation and test, where the source has none."""
    read, notes = _rows(source, source.row_splits)
    rows, dropped = clean.without_problems(read, {**HAS_NO_SPLIT, **_problems(read)})
    rows, averaged = _averaged(rows)
    rows, repeated = clean.without_problems(rows, {AGAIN: PROBLEMS[AGAIN], ELSEWHERE: PROBLEMS[ELSEWHERE]})
    dropped += repeated
    clean.check_enough(rows, source.table, dropped)
    if rows["score"].nunique() < 2:
        raise UserError(
            "every row has the same score, {score}, in column '{column}'; there is nothing to learn",
            score=f"{rows['score'].iloc[0]:g}",
            column=source.columns["score"][:100],
        )
    name, scale = range_name(rows["score"].min(), rows["score"].max()), _scale(rows["score"])
    strata = max(1, min(STRATA, len(rows) // ROWS_IN_STRATUM))
    rows["label"] = (rows["score"].rank(method="first") * strata / (len(rows) + 1)).astype(int).astype(str)
    rows, shared = splits.hold_back(rows, 1)
    rows, limited = splits.limited(rows, limit, 1)
    return source.dataset(
        splits.as_datasets(rows, (), shared),
        (name,),
        {},
        shared=shared,
        dropped=dropped,
        notes=(scale, *notes, *averaged, *splits.notes(rows, shared, ()), *limited),
    )


def whole(source: Source) -> TextDataset:
    """Every row that has texts and a score, as the test split, repeated rows included."""
    read, notes = _rows(source, None)
    rows, dropped = clean.without_problems(read, _problems(read))
    if rows.empty:
        raise UserError(
            "no row of {file} has both a text (column '{text}') and a score (column '{score}')",
            file=source.name.rpartition("/")[2],
            text=source.columns["text"],
            score=source.columns["score"],
        )
    name = range_name(rows["score"].min(), rows["score"].max())
    rows = rows.assign(split="test")
    content = splits.as_datasets(rows, (), ())
    return source.dataset(content, (name,), {}, dropped=dropped, notes=(_scale(rows["score"]), *notes))


def _problems(rows: pd.DataFrame) -> Problems:
    """What makes a row unusable, its texts and its score."""
    texts = {NO_TEXT: UNUSABLE[NO_TEXT], NO_PAIR: UNUSABLE[NO_PAIR]}
    return texts | {
        MISSING: lambda rows: rows["given"].isin(NO_LABEL),
        NOT_A_NUMBER: lambda rows: rows["score"].isna(),
    }


def _rows(source: Source, row_splits: RowSplits) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """The rows with their score as a number (NaN where it is none), as it was given, and what is to be said of how it was written."""
    rows = clean.rows(source.table, source.columns, row_splits, source.preparation)
    rows["given"] = rows["score"]
    scores, notes = numbers(list(rows["score"]), source.columns["score"])
    rows["score"] = pd.Series(scores, dtype=float)
    return rows, notes


def _scale(scores: pd.Series) -> Note:
    """From where to where the scores run."""
    quarters = scores.quantile([0.25, 0.75])
    message = N_("the scores run from {low} to {high}; half of them lie between {first} and {third}")
    values = {"low": scores.min(), "high": scores.max(), "first": quarters[0.25], "third": quarters[0.75]}
    return message, {name: f"{value:.4g}" for name, value in values.items()}


def _averaged(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """The rows with one score for each text of a split: the mean, where it stands there with several."""
    groups = rows.groupby(["key", "split"])["score"]
    several = int((groups.nunique() > 1).sum())
    if not several:
        return rows, ()
    message = plural(
        N_("{count} text stands there with different scores; their mean is learnt"),
        N_("{count} texts stand there with different scores; the mean of each is learnt"),
        several,
    )
    return rows.assign(score=groups.transform("mean")), ((message, {"count": several}),)


# --- How a score is written ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Written:
    """A cell that begins with a number: the number, what it is out of, the word behind it, and how its decimals are parted."""

    value: str
    of: str
    unit: str

    @property
    def comma(self) -> bool:
        return "," in self.value


def numbers(cells: Sequence[str], column: str) -> tuple[list[float], tuple[Note, ...]]:
    """The number in each cell, NaN where there is none, and what is to be said of how they were written.

    Raises UserError when most cells hold text, or are out of different numbers.
    """
    written = [_written(cell) for cell in cells]
    units = Counter(one.unit.casefold().rstrip(".") for one in written if one and one.unit)
    if len(units) > MOST_UNITS:
        written = [one if one and not one.unit else None for one in written]
        units.clear()
    if any(one and "." in one.value for one in written):  # then a comma parts thousands, or is a slip
        written = [one if one and not one.comma else None for one in written]
    known = [one for one in written if one]
    filled = [cell for cell in cells if cell not in NO_LABEL]
    if len(known) < len(filled) / 2 or not known:
        others = dict.fromkeys(
            cell for cell, one in zip(cells, written, strict=True) if not one and cell not in NO_LABEL
        )
        raise UserError(
            "column '{column}' holds text, not numbers ({examples}); a score must be a number: choose another column, or a task that learns labels",
            column=column[:100],
            examples=some([f"“{cell[:30]}”" for cell in others][:3]),
        )
    notes: list[Note] = []
    outs = Counter(one.of for one in known)
    if len(outs) > 1:
        raise UserError(
            "column '{column}' mixes scores out of different numbers ({examples}); write them all on one scale",
            column=column[:100],
            examples=some([f"{one.value}/{one.of}" if one.of else one.value for one in _first_of_each(known)]),
        )
    if known[0].of:
        message = N_("the scores are written as out of {of} ({example}); the number before the stroke is learnt")
        notes.append((message, {"of": known[0].of, "example": f"{known[0].value}/{known[0].of}"}))
    if units:
        message = N_("what stands behind the number was left out: {units}")
        notes.append((message, {"units": some([f"“{unit}”" for unit in units])}))
    if any(one.comma for one in known):
        notes.append((N_("a comma in a score was read as the decimal point"), {}))
    return [float(one.value.replace(",", ".")) if one else float("nan") for one in written], tuple(notes)


def _written(cell: str) -> _Written | None:
    found = WRITTEN.fullmatch(cell.strip())
    if found is None or not isfinite(float(found["value"].replace(",", "."))):
        return None
    return _Written(found["value"], found["of"] or "", (found["unit"] or "").strip())


def _first_of_each(written: Sequence[_Written]) -> list[_Written]:
    """One number for each that scores are out of."""
    first: dict[str, _Written] = {}
    for one in written:
        first.setdefault(one.of, one)
    return list(first.values())[:4]
