"""TextDataset, Layout and Source: what loading ends with, what the rows of a source look like, and a source being read.

This module does not know where texts come from, how they are checked and split, nor which task learns from them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import datasets
import pandas as pd

from core.errors import Note
from core.results import AS_READ, DataReport, Dropped, Preparation
from core.tables import files
from core.tables.table import Reading, Table

RowSplits = (
    tuple[str, ...] | None
)  # train, validation or test for each row, or "" (not understood), where the source says it
Kind = Literal["text", "label", "labels", "score", "words", "tags", "answers"]
Finder = Callable[[pd.DataFrame, Sequence[str]], str]  # rows, and the columns that are free → the column of a role

WRITTEN = Path(__file__).with_name("written")  # data of our own, a folder and a datasheet each
SEED = 13
HELD_OUT = 0.1
ROWS_TO_TRUST = 10  # of one label: with fewer, it is reported as rare


@dataclass(frozen=True)
class Role:
    """What a column is for.

    kind: what its cells hold: one text, one label, any number of labels, one number, a list of words, a list of tags or spans, answers to a
    question. help: what a person should know who chooses the column. name: of one input, as a field or a heading calls it. empty: what
    is said of an input with nothing in it, "" for what is said of any.
    """

    id: str
    title: str
    kind: Kind
    help: str = ""
    name: str = ""
    empty: str = ""


@dataclass(frozen=True)
class Layout:
    """What the rows of a source look like, and how they become a TextDataset.

    roles: the columns that the source brings. inputs: the texts that a model trained on such rows is asked about, in the
    model's order. usual: roles → their usual column names, those of several roles joined by "+". build(source, limit): checked,
    split and reported. whole(source): every usable row as the test split; None where a source is always split, because a model
    may have read its documents. labels(source): the labels (or types of entities) as they are read, and how many rows (or mentions)
    have each; None where the rows have none. read: how a file becomes a table; suffixes: of files that only this layout reads.
    finders: role → what finds its column by content, where that is the layout's own business; it raises UserError where that is not clear.
    apart: whether each input of a row is a text by itself; otherwise a model reads them joined.
    """

    id: str
    roles: tuple[Role, ...]
    inputs: tuple[Role, ...]
    usual: Mapping[tuple[str, ...], tuple[str, ...]]
    build: Callable[["Source", int], "TextDataset"]
    whole: Callable[["Source"], "TextDataset"] | None = None
    labels: Callable[["Source"], Mapping[str, int]] | None = None
    read: Callable[[Path, Reading], Table] = files.read_table
    suffixes: tuple[str, ...] = ()
    finders: Mapping[str, Finder] = field(default_factory=dict)
    apart: bool = False

    @property
    def input_ids(self) -> tuple[str, ...]:
        return tuple(role.id for role in self.inputs)

    @property
    def kinds(self) -> frozenset[Kind]:
        """What the cells of the source's columns hold."""
        return frozenset(role.kind for role in self.roles)

    def readings(self, texts: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        """The inputs of N rows (role → N texts) as they are read: to be joined, or all of them one after the other where they stand apart."""
        return {self.input_ids[0]: [text for column in texts.values() for text in column]} if self.apart else texts


@dataclass(frozen=True, eq=False)
class TextDataset:
    """Rows ready for a task.

    columns: role → column of the source. label_names: what the labels or tags of the rows are indices into or made of, () where
    there are none. splits: train, validation and test, each with what the layout builds: the columns text, pair, label (int)
    and score (float) where there are such roles.
    """

    id: str
    layout: Layout
    columns: Mapping[str, str]
    label_names: tuple[str, ...]
    splits: datasets.DatasetDict
    report: DataReport

    def texts(self, rows: datasets.Dataset) -> dict[str, list[str]]:
        """The texts that a model reads of some rows of a split: role → N texts."""
        return {role: list(rows[role]) for role in self.layout.input_ids}


@dataclass(frozen=True)
class Dataset:
    """One dataset that comes with the studio.

    task: the TASKS id that it is made for. rows: what is left after duplicates are dropped. read: its Table. splits: train,
    validation or test of each row of that table, None where rows are held back as of any other source.
    """

    id: str
    title: str
    task: str
    labels: tuple[str, ...]
    languages: str
    rows: int
    licence: str
    note: str
    read: Callable[[], Table]
    splits: Callable[[Table], RowSplits] = field(default=lambda table: None)


@dataclass(frozen=True)
class Source:
    """A source before it is checked: what was asked for, its Table, which column plays which role, its own splits.

    row_splits: "" for a row whose split is not understood. preparation: what is to be made of the rows. notes: remarks on its columns
    and splits. more_texts, tagged, asks, split: as in DataReport.
    """

    name: str
    layout: Layout
    table: Table
    columns: Mapping[str, str]
    row_splits: RowSplits
    preparation: Preparation = AS_READ
    notes: tuple[Note, ...] = ()
    more_texts: tuple[str, ...] = ()
    tagged: bool = False
    asks: bool = False
    split: str = ""

    def report(self, **found: Any) -> DataReport:
        """What is known of the source whatever becomes of its rows, and what else was found: fields of DataReport."""
        table = self.table
        return DataReport(
            rows=table.rows,
            dropped=(*table.dropped, *found.pop("dropped", ())),
            cut_cells=table.cut_cells,
            encoding=table.encoding,
            delimiter=table.delimiter,
            header=table.header,
            columns=tuple(table.frame.columns),
            used=dict(self.columns),
            unreadable=table.unreadable,
            notes=(*table.notes, *self.notes, *found.pop("notes", ())),
            more_texts=self.more_texts,
            tagged=self.tagged,
            asks=self.asks,
            renamed=dict(self.preparation.labels),
            separator=self.preparation.separator,
            split=self.split,
            **found,
        )

    def dataset(
        self,
        splits: datasets.DatasetDict,
        label_names: tuple[str, ...],
        counts: Mapping[str, int],
        *,
        shared: tuple[str, ...] = (),
        dropped: tuple[Dropped, ...] = (),
        notes: tuple[Note, ...] = (),
        several: bool = False,
    ) -> TextDataset:
        """The rows that are left, with what is to be reported.

        counts: label → rows (or mentions) that have it. shared: the splits that hold the training rows. several: as in DataReport.
        """
        report = self.report(
            dropped=dropped,
            counts={split: len(content) for split, content in splits.items()},
            label_counts={label: counts[label] for label in counts},
            rare=tuple(label for label in counts if counts[label] < ROWS_TO_TRUST),
            notes=notes,
            shared=shared,
            several=several,
        )
        return TextDataset(self.name, self.layout, self.columns, label_names, splits, report)


def label_counts(rows: pd.DataFrame, label_names: tuple[str, ...]) -> dict[str, int]:
    """How many rows have each label, in the labels' order."""
    counts = Counter(rows["label"]) if label_names else Counter()
    return {label: counts[label] for label in label_names}
