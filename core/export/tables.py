"""Tables as CSV that a spreadsheet opens safely.

This module does not know how a file reaches the person who asked for it.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

UNSURE = "unsure"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"


def with_columns(frame: pd.DataFrame, extra: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    """A table with further columns of the same length at its end; one whose name is taken gets a number."""
    columns: dict[str, Sequence[object]] = {name: frame[name].tolist() for name in frame.columns}
    for name, values in extra.items():
        free, number = name, 2
        while free in columns:
            free, number = f"{name} ({number})", number + 1
        columns[free] = list(values)
    return pd.DataFrame(columns, index=frame.index)


def answered(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    texts: Mapping[str, Sequence[str]],
    answers: pd.DataFrame,
    places: Sequence[int],
) -> pd.DataFrame:
    """Every row of a file with the answer to it, empty where there is none: the texts, the answer, the file's other columns.

    frame: N rows of a file; columns: role → column; texts: role → N texts. answers: a row for each of the N rows in `places`.
    """
    result = answers.set_axis(list(places)).reindex(range(len(frame)))
    for role, content in texts.items():
        result[role] = list(content)
    others = {name: frame[name].tolist() for name in frame.columns if name not in columns.values()}
    return with_columns(result, others)


def as_in_file(result: pd.DataFrame, frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """The table of `answered` in which the texts stand under the names that their columns have in the file, where these are free."""
    own = {role: name for role, name in columns.items() if name in frame.columns and name not in result.columns}
    return result.rename(columns=own)


def decided(answers: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Answers with a column "decision" behind the label: the label itself, or "unsure" where it is less likely than the threshold."""
    sure = answers["probability"] >= threshold
    place = answers.columns.get_loc("label")
    result = answers.copy()
    result.insert(int(str(place)) + 1, "decision", answers["label"].where(sure, UNSURE))
    return result


def csv_text(frame: pd.DataFrame, *, mark: bool = False) -> str:
    """A table as CSV (RFC 4180; lines end with CR LF, so that a cell with either is quoted), without its index.

    Text cells and headers that a spreadsheet would run as a formula (they start with = + - @ tab or carriage return) get
    a leading apostrophe; numbers in columns of numbers stay numbers. mark: begin with a byte order mark, without which
    Excel takes UTF-8 for something else.
    """
    safe = pd.DataFrame(
        {
            place: frame.iloc[:, place].map(_neutral)
            if not pd.api.types.is_numeric_dtype(frame.iloc[:, place])
            else frame.iloc[:, place]
            for place in range(frame.shape[1])
        }
    )
    header = [_neutral(str(name)) for name in frame.columns]
    text = safe.to_csv(index=False, header=header, lineterminator="\r\n") if header else "\r\n"
    return (BYTE_ORDER_MARK if mark else "") + text


def _neutral(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell
