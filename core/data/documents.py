"""Documents without labels: as they are, or as pairs of sentences that follow each other or do not.

This module does not know where the documents come from, nor how a task asks its questions about them.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from core import corpus
from core.data import clean, splits
from core.data.dataset import HELD_OUT, SEED, Source, TextDataset, label_counts
from core.data.splits import SPLIT_VALUES
from core.errors import N_, Note, UserError, some
from core.results import Dropped
from core.tables import files
from core.tables.table import FIND_OUT, Reading, Table

MEASURED_PAIRS = 2000  # most pairs of sentences in a split that measures


def read(path: Path, reading: Reading = FIND_OUT) -> Table:
    """A file as a table: plain text (.txt, .md) has a document between blank lines, a PDF on each page, any other file in each row."""
    documents = path.suffix.lower() in files.DOCUMENT_SUFFIXES
    return files.read_documents(path, reading) if documents else files.read_table(path, reading)


def build(source: Source, limit: int) -> TextDataset:
    """Each row one document, in an order that is always the same, so that every beginning is a fair sample."""
    rows, shared, dropped = _split(source, fewest=1)
    training = rows["split"] == "train"
    kept = rows.drop(rows.index[training][limit:] if limit else [])
    return source.dataset(
        splits.as_datasets(kept, (), shared),
        (),
        {},
        shared=shared,
        dropped=dropped,
        notes=(*_shared_note(shared), *_limit_note(limit, int(training.sum()))),
    )


def sentence_pairs(source: Source, limit: int) -> TextDataset:
    """Pairs of sentences, half of which follow each other; no document gives sentences to two splits."""
    rows, shared, dropped = _split(source, fewest=2)
    parts, total = [], 0
    for number, split in enumerate(SPLIT_VALUES):
        documents = [corpus.sentences(text) for text in rows["text"][rows["split"] == split]]
        pairs = corpus.next_pairs(documents, SEED + number)
        total = len(pairs) if split == "train" else total
        pairs = pairs[: (limit or None) if split == "train" else MEASURED_PAIRS]
        parts.append(pd.DataFrame(pairs, columns=["text", "pair", "label"], dtype=object).assign(split=split))
    rows_of_pairs = pd.concat(parts, ignore_index=True)
    if not total:
        raise UserError(
            "no pairs of neighbouring sentences can be made of {documents} documents: next sentence prediction needs at least "
            "two documents, of which one has two sentences or more; whole reviews or articles serve, single sentences do not",
            documents=len(rows),
        )
    shared = tuple(split for split in SPLIT_VALUES if split != "train" and split not in set(rows_of_pairs["split"]))
    notes = (*_shared_note(shared), *_limit_note(limit, total))
    names = (corpus.NEXT, corpus.NOT_NEXT)
    return source.dataset(
        splits.as_datasets(rows_of_pairs, names, shared),
        names,
        label_counts(rows_of_pairs, names),
        shared=shared,
        dropped=dropped,
        notes=notes,
    )


def _split(source: Source, *, fewest: int) -> tuple[pd.DataFrame, tuple[str, ...], tuple[Dropped, ...]]:
    """The usable documents, shuffled, with their splits; the splits for which none could be held back; what was dropped.

    fewest: documents that a split needs. Raises UserError when there is none to train on.
    """
    rows, dropped = clean.without_problems(
        clean.rows(source.table, source.columns, source.row_splits, source.preparation), clean.PROBLEMS_OF_DOCUMENTS
    )
    if not (rows["split"] == "train").any():
        raise UserError("there is no text in '{name}' to learn from", name=source.name[-100:])
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
    return ((splits.SHARED, {"splits": some(sorted(shared, reverse=True))}),) if shared else ()


def _limit_note(limit: int, rows: int) -> tuple[Note, ...]:
    note = N_("training uses {limit} of {rows} rows, drawn at random")
    return ((note, {"limit": limit, "rows": rows}),) if limit and rows > limit else ()
