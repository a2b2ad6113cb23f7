"""corrected: a copy of a source in which some rows have another label, to be learnt from again. The source stays as it is.

This module does not know who found out which label is right, nor where the copy is kept.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from core.data import clean
from core.data.columns import BEFORE
from core.data.dataset import TextDataset
from core.results import Preparation
from core.tables.parts import SPLIT
from core.tables.table import Table


@dataclass(frozen=True, eq=False)
class Corrected:
    """A table as it is to be written, and its column that says which split a row is in, None where all splits are one."""

    frame: pd.DataFrame
    split: str | None

    def csv(self) -> str:
        """The table as CSV, as it is read again."""
        return self.frame.to_csv(index=False, lineterminator="\n")


def corrected(
    table: Table, dataset: TextDataset, preparation: Preparation, corrections: Mapping[str, str]
) -> Corrected:
    """The rows of a table with other labels, each in the split that it was in, so that what learns from them is measured on the same.

    A column keeps what each corrected label was, from which the reader of the copy counts them.

    table, dataset: the source and what was made of it, with one label a row. corrections: what `clean.key` makes of a row's texts →
    its label, "" to leave the row out.
    """
    label = dataset.columns["label"]
    keys = list(clean.rows(table, dataset.columns, None, preparation)["key"])
    frame = table.frame.map(_cell)
    earlier = frame.get(BEFORE, pd.Series("", index=frame.index))
    frame[BEFORE] = [
        before or (given if key in corrections else "")
        for key, given, before in zip(keys, frame[label], earlier, strict=True)
    ]
    frame[label] = [corrections.get(key, given) for key, given in zip(keys, frame[label], strict=True)]
    if dataset.report.shared:
        return Corrected(frame, None)
    split_of = {
        clean.key(texts): split
        for split, content in dataset.splits.items()
        for texts in zip(*dataset.texts(content).values(), strict=True)
    }
    column = SPLIT
    while column in frame:
        column += " (2)"
    frame[column] = [split_of.get(key, "train") for key in keys]
    return Corrected(frame, column)


def _cell(cell: object) -> str:
    return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, default=str)
