"""load and ask: rows from a bundled dataset, a user's file or the hub, to learn from or measure on, or to be answered.

Whatever the source, one path leads from its Table to a TextDataset: choose the columns, then do as the layout does. Rows that a
model is only asked about take the same path as far as the columns. This module does not know how a file is read, which model
will read the texts, nor what is done with them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.data import columns as found
from core.data import folders, hub, splits
from core.data.bundled import DATASETS
from core.data.dataset import Layout, RowSplits, Source, TextDataset
from core.errors import Note, UserError
from core.hub import HUB_NAME
from core.results import AS_READ, DataReport, Preparation, Reading
from core.tables import files
from core.tables.table import FIND_OUT, Table

Read = Callable[[Path, Layout, Reading], Table]


def load(
    name: str,
    layout: Layout,
    columns: Mapping[str, str] | None = None,
    *,
    preferred: Mapping[str, str] | None = None,
    reading: Reading = FIND_OUT,
    preparation: Preparation = AS_READ,
    limit: int = 0,
    allow_path: bool = False,
    whole: bool = False,
    read: Read = folders.read,
) -> TextDataset:
    """Read, check and split a dataset.

    name: a DATASETS id or a hub id "owner/name"; with allow_path also a file or a folder of files. columns: role → column, by name or number; roles
    that are left out are guessed. preferred: columns that are taken where the source has them and none is named. reading: how a
    file is read. preparation: what is made of its rows. limit: most training rows (a fair sample), 0 for all. whole: no split, all usable rows are the test, where the
    layout can do that. read: how a path becomes a table. The same input always gives the same splits. Raises UserError when there is no such dataset, it cannot be
    read, or nothing can be trained on it.
    """
    if limit < 0:
        raise UserError("the most training rows cannot be {limit}; give a positive number, or 0 for all", limit=limit)
    if preparation.labels and layout.labels is None:
        raise UserError("these rows have no labels that could be renamed or left out")
    table, row_splits = read_source(name, layout, reading, read if allow_path else None)
    named = {**found.prefer(table.frame, layout.roles, preferred or {}), **(columns or {})}
    chosen = found.choose_columns(table.frame, layout, named)
    notes, split = found.instead(preferred or {}, named, chosen), ""
    if row_splits is None and name not in DATASETS and not (whole and layout.whole):
        row_splits, more = splits.split_column(table.frame, list(chosen.values()), preparation.split)
        split = str(more[0][1]["column"]) if row_splits is not None else ""
        notes += more
    source = _source(name, layout, table, chosen, preparation, row_splits, notes, split)
    return layout.whole(source) if whole and layout.whole else layout.build(source, limit)


def labels(
    name: str,
    layout: Layout,
    columns: Mapping[str, str],
    *,
    reading: Reading = FIND_OUT,
    allow_path: bool = False,
    read: Read = folders.read,
) -> Mapping[str, int]:
    """The labels (or types of entities) of a dataset as they are read, and how many rows (or mentions) have each; {} without labels.

    The same arguments as of `load`. Raises UserError when it cannot be read.
    """
    if layout.labels is None:
        return {}
    table, _splits = read_source(name, layout, reading, read if allow_path else None)
    chosen = found.choose_columns(table.frame, layout, columns)
    return layout.labels(_source(name, layout, table, chosen))


def _source(
    name: str,
    layout: Layout,
    table: Table,
    chosen: Mapping[str, str],
    preparation: Preparation = AS_READ,
    row_splits: RowSplits = None,
    notes: tuple[Note, ...] = (),
    split: str = "",
) -> Source:
    """A source with what is to be said of its columns. split: the column that the splits come from."""
    return Source(
        name,
        layout,
        table,
        chosen,
        row_splits,
        preparation,
        (*found.notes(table.frame, layout, chosen), *notes),
        found.more_texts(table.frame, layout, chosen),
        found.holds_tags(table.frame, layout),
        found.holds_questions(table.frame, layout),
        split,
    )


def read_source(name: str, layout: Layout, reading: Reading, read: Read | None) -> tuple[Table, RowSplits]:
    """The table that a name stands for, and its splits; name: as of `load`. read: of a path, None where no path is allowed.

    Raises UserError when the name stands for no dataset.
    """
    if name in DATASETS:
        table = DATASETS[name].read()
        return table, DATASETS[name].splits(table)
    path = Path(name)
    looks_like_file = path.suffix.lower() in (*files.SUFFIXES, files.TEXT_SUFFIX, *layout.suffixes)
    if read is not None and (looks_like_file or path.is_absolute() or files.exists(path)):
        return read(path, layout, reading), None
    if "/" in name and HUB_NAME.fullmatch(name) and not looks_like_file:
        return hub.read_hub(name)
    raise UserError(
        "there is no dataset '{name}'; use one of {datasets}, a file ({suffixes}), or a hub name such as stanfordnlp/imdb",
        name=name[:100],
        datasets=", ".join(DATASETS),
        suffixes=" ".join((*files.SUFFIXES, *layout.suffixes)),
    )


# --- Rows to be answered -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Inputs:
    """Every row of a file, in its order, as a model is asked about it; a row that could not be read is there, but empty.

    frame: all columns of the file. texts: role → N texts. report: how the file was read.
    """

    frame: pd.DataFrame
    texts: Mapping[str, Sequence[str]]
    report: DataReport

    @property
    def full(self) -> list[int]:
        """The places of the rows that have every text."""
        rows = zip(*self.texts.values(), strict=True)
        return [place for place, row in enumerate(rows) if all(text.strip() for text in row)]


def ask(
    file: str,
    layout: Layout,
    table: Table,
    columns: Mapping[str, str],
    preferred: Mapping[str, str] | None = None,
    separator: str = AS_READ.separator,
) -> Inputs:
    """The rows of a file to be answered by a model of this layout. columns, preferred: as in `load`, of the texts alone.

    separator: between the texts of columns that are read as one.

    Raises UserError when it is not clear which columns hold the texts.
    """
    named = {**found.prefer(table.frame, layout.inputs, preferred or {}), **columns}
    chosen = found.choose_inputs(table.frame, layout, named)
    frame = _every_row(table)
    texts = {role: found.cells(frame, column, separator) for role, column in chosen.items()}
    notes = found.instead(preferred or {}, named, chosen)
    source = _source(file, layout, table, chosen, Preparation(separator=separator), notes=notes)
    report = source.report(counts={}, label_counts={})
    return Inputs(frame, texts, report)


def _every_row(table: Table) -> pd.DataFrame:
    """The rows of a table with an empty one in the place of each that is blank or could not be read: as many as the file has."""
    missing = (*table.unreadable, *table.blank)
    if not missing:
        return table.frame
    empty = pd.DataFrame("", index=range(len(missing)), columns=table.frame.columns, dtype=object)
    order = np.argsort([*table.lines, *missing], kind="stable")
    return pd.concat([table.frame, empty]).iloc[order].reset_index(drop=True)
