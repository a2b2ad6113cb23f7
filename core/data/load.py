"""load: texts (with labels) from a bundled dataset, a user's file or the hub, checked and split.

Whatever the source, one path leads from its Table to a TextDataset: choose the columns, drop what cannot be used and say
why, name the labels, hold rows back for validation and test. For tasks without labels the rows are documents, of which
some tasks make rows of their own. This module does not know how a file is read, which model
will read the texts, nor what is done with them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from transformers import PreTrainedTokenizerBase

from core import corpus, tables
from core.data import clean, hub, splits
from core.data.bundled import DATASETS
from core.data.columns import guess_columns
from core.data.dataset import HELD_OUT, SEED, RowSplits, TextDataset
from core.data.splits import SPLIT_VALUES
from core.errors import N_, UserError
from core.hub import HUB_NAME
from core.results import DataReport, Dropped
from core.tables import Note, Table
from core.tasks import TASKS

MEASURED_PAIRS = 2000  # most pairs of sentences in a split that measures
ROWS_TO_TRUST = 10  # of one label: with fewer, it is reported as rare


def load(
    name: str,
    *,
    task: str = "text-classification",
    text_column: str = "",
    pair_column: str = "",
    label_column: str = "",
    limit: int = 0,
    allow_path: bool = False,
) -> TextDataset:
    """Read, check and split a dataset.

    name: a DATASETS id or a hub id "owner/name"; with allow_path also a file, which for tasks without labels may be plain
    text (.txt). Columns that are not named are guessed. limit: most training rows (a stratified sample), 0 for all. The
    same input always gives the same splits. Raises UserError when there is no such dataset, it cannot be read, or nothing
    can be trained on it.
    """
    if task not in TASKS:
        raise UserError("there is no task '{task}'; the tasks are {tasks}", task=task[:50], tasks=", ".join(TASKS))
    if limit < 0:
        raise UserError("the most training rows cannot be {limit}; give a positive number, or 0 for all", limit=limit)
    table, row_splits = _find(name, allow_path, plain_text="label" not in TASKS[task].columns)
    columns = guess_columns(
        table.frame, task, text_column=text_column, pair_column=pair_column, label_column=label_column
    )
    build = _labelled if "label" in columns else _next_sentences if "pair" in TASKS[task].inputs else _documents
    return build(Source(name, task, table, columns, row_splits), limit)


@dataclass(frozen=True)
class Source:
    """A source before it is checked: what was asked for, its Table, which column plays which role, its own splits."""

    name: str
    task: str
    table: Table
    columns: Mapping[str, str]
    row_splits: RowSplits

    def dataset(
        self,
        rows: pd.DataFrame,
        label_names: tuple[str, ...],
        shared: tuple[str, ...],
        dropped: tuple[Dropped, ...],
        notes: tuple[Note, ...],
    ) -> TextDataset:
        """The rows that are left, with what is to be reported. shared: the splits that hold the training rows."""
        parts = splits.as_datasets(rows, label_names, shared)
        counts = Counter(rows["label"]) if label_names else Counter()
        table = self.table
        report = DataReport(
            rows=table.rows,
            dropped=(*table.dropped, *dropped),
            counts={split: len(content) for split, content in parts.items()},
            label_counts={label: counts[label] for label in label_names},
            rare=tuple(label for label in label_names if counts[label] < ROWS_TO_TRUST),
            cut_cells=table.cut_cells,
            encoding=table.encoding,
            delimiter=table.delimiter,
            columns=tuple(table.frame.columns),
            notes=(*table.notes, *notes),
        )
        return TextDataset(self.name, self.task, self.columns, label_names, parts, report)


def _labelled(found: Source, limit: int) -> TextDataset:
    """Rows with labels, every label in its share everywhere."""
    table, columns = found.table, found.columns
    rows, dropped = clean.without_problems(clean.rows(table, columns, found.row_splits), clean.PROBLEMS)
    clean.check_enough(rows, table, dropped)
    label_names = clean.label_names(rows, columns["label"], table)
    rows, shared = splits.hold_back(rows)
    rows, limited = splits.limited(rows, limit)
    return found.dataset(rows, label_names, shared, dropped, (*splits.notes(rows, shared, label_names), *limited))


def _find(name: str, allow_path: bool, *, plain_text: bool) -> tuple[Table, RowSplits]:
    """The table that a name stands for, and its splits. Raises UserError when it stands for none."""
    if name in DATASETS:
        return DATASETS[name].read(), None
    path = Path(name)
    is_text = path.suffix.lower() == tables.TEXT_SUFFIX
    looks_like_file = path.suffix.lower() in tables.SUFFIXES or is_text
    if allow_path and plain_text and is_text:
        return tables.read_documents(path), None
    if allow_path and (looks_like_file or path.is_absolute() or tables.exists(path)):
        table = tables.read_table(path)
        return table, splits.split_column(table.frame)
    if "/" in name and HUB_NAME.fullmatch(name) and not looks_like_file:
        return hub.read_hub(name)
    raise UserError(
        "there is no dataset '{name}'; use one of {datasets}, a file ({suffixes}), or a hub name such as stanfordnlp/imdb",
        name=name[:100],
        datasets=", ".join(DATASETS),
        suffixes=" ".join(tables.SUFFIXES),
    )


def token_lengths(texts: Sequence[str], pairs: Sequence[str] | None, tokenizer: PreTrainedTokenizerBase) -> np.ndarray:
    """Tokens of each input when nothing is cut, special tokens included: int64, shape (N,)."""
    lengths = np.empty(len(texts), dtype=np.int64)
    for start in range(0, len(texts), 1000):
        part = slice(start, start + 1000)
        inputs = (list(texts[part]),) if pairs is None else (list(texts[part]), list(pairs[part]))
        ids = tokenizer(*inputs, truncation=False, verbose=False)["input_ids"]
        lengths[part] = [len(row) for row in ids]
    return lengths


# --- Texts without labels ----------------------------------------------------------------------------------------------


def _documents(found: Source, limit: int) -> TextDataset:
    """Each row one document, in an order that is always the same, so that every beginning is a fair sample."""
    rows, shared, dropped = _split_documents(found, fewest=1)
    training = rows["split"] == "train"
    kept = rows.drop(rows.index[training][limit:] if limit else [])
    return found.dataset(kept, (), shared, dropped, (*_shared_note(shared), *_limit_note(limit, int(training.sum()))))


def _next_sentences(found: Source, limit: int) -> TextDataset:
    """Pairs of sentences, half of which follow each other; no document gives sentences to two splits."""
    rows, shared, dropped = _split_documents(found, fewest=2)
    parts, total = [], 0
    for number, split in enumerate(SPLIT_VALUES):
        documents = [corpus.sentences(text) for text in rows["text"][rows["split"] == split]]
        pairs = corpus.next_pairs(documents, SEED + number)
        total = len(pairs) if split == "train" else total
        pairs = pairs[: (limit or None) if split == "train" else MEASURED_PAIRS]
        parts.append(pd.DataFrame(pairs, columns=["text", "pair", "label"], dtype=object).assign(split=split))
    made = pd.concat(parts, ignore_index=True)
    if not total:
        raise UserError(
            "no pairs of neighbouring sentences can be made of {documents} documents: next sentence prediction needs at least "
            "two documents, of which one has two sentences or more; whole reviews or articles serve, single sentences do not",
            documents=len(rows),
        )
    shared = tuple(split for split in SPLIT_VALUES if split != "train" and split not in set(made["split"]))
    notes = (*_shared_note(shared), *_limit_note(limit, total))
    return found.dataset(made, (corpus.NEXT, corpus.NOT_NEXT), shared, dropped, notes)


def _split_documents(found: Source, *, fewest: int) -> tuple[pd.DataFrame, tuple[str, ...], tuple[Dropped, ...]]:
    """The usable documents, shuffled, with their splits; the splits for which none could be held back; what was dropped.

    fewest: documents that a split needs. Raises UserError when there is none to train on.
    """
    rows, dropped = clean.without_problems(
        clean.rows(found.table, found.columns, found.row_splits), clean.PROBLEMS_OF_DOCUMENTS
    )
    if not (rows["split"] == "train").any():
        raise UserError("there is no text in '{name}' to learn from", name=found.name[-100:])
    rows = rows.iloc[np.random.default_rng(SEED).permutation(len(rows))].reset_index(drop=True)
    missing = [split for split in ("test", "validation") if split not in set(rows["split"])]
    training = rows.index[rows["split"] == "train"]
    size = max(fewest, round(HELD_OUT * len(training)))
    if missing and len(training) < (len(missing) + 1) * size:
        return rows, tuple(missing), dropped
    for place, split in enumerate(missing, start=1):  # from the end, so that the beginnings stay a sample of the rest
        rows.loc[training[len(training) - place * size : len(training) - (place - 1) * size], "split"] = split
    return rows, (), dropped


def _shared_note(shared: tuple[str, ...]) -> tuple[Note, ...]:
    return ((splits.SHARED, {"splits": splits.some(sorted(shared, reverse=True))}),) if shared else ()


def _limit_note(limit: int, rows: int) -> tuple[Note, ...]:
    note = N_("training uses {limit} of {rows} rows, drawn at random")
    return ((note, {"limit": limit, "rows": rows}),) if limit and rows > limit else ()
