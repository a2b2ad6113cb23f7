"""TextDataset and Dataset: what loading ends with, and what a row of the bundled datasets holds.

This module does not know where texts come from or how they are checked and split.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import datasets

from core.results import DataReport
from core.tables import Table

RowSplits = tuple[str, ...] | None  # train, validation or test for each row, where the source says it

SEED = 13
HELD_OUT = 0.1


@dataclass(frozen=True, eq=False)
class TextDataset:
    """Texts with labels, ready for a task.

    columns: role (text, pair, label) → column of the source. splits: train, validation and test, each with the columns
    text (str), pair (str, pair tasks only) and label (int, an index into label_names). Where the task masks the texts
    themselves, a row is one document, and there are no labels.
    """

    id: str
    task: str
    columns: Mapping[str, str]
    label_names: tuple[str, ...]
    splits: datasets.DatasetDict
    report: DataReport


@dataclass(frozen=True)
class Dataset:
    """One dataset that comes with the studio. rows: what is left after duplicates are dropped; read: its Table."""

    id: str
    title: str
    task: str
    labels: tuple[str, ...]
    languages: str
    rows: int
    licence: str
    note: str
    read: Callable[[], Table]
