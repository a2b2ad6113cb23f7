"""Texts or pairs of texts with one label each: checked, named, and every label in its share in every split.

This module does not know where the rows come from.
"""

from dataclasses import replace

from core.data import clean, splits
from core.data.dataset import Source, TextDataset, label_counts
from core.errors import N_, UserError


def build(source: Source, limit: int) -> TextDataset:
    """The rows that can be learnt from; a tenth of them each for validation and test, where the source has none."""
    table, columns = source.table, source.columns
    rows, dropped = clean.without_problems(clean.rows(table, columns, source.row_splits), clean.PROBLEMS)
    clean.check_enough(rows, table, dropped)
    label_names = clean.label_names(rows, columns["label"], table)
    rows, shared = splits.hold_back(rows)
    rows, limited = splits.limited(rows, limit)
    return source.dataset(
        splits.as_datasets(rows, label_names, shared),
        label_names,
        label_counts(rows, label_names),
        shared=shared,
        dropped=dropped,
        notes=(*splits.notes(rows, shared, label_names), *limited),
    )


def whole(source: Source) -> TextDataset:
    """Every row that has texts and a label, as the test split, repeated rows included."""
    rows = clean.rows(source.table, source.columns, None)
    rows, dropped = clean.without_problems(rows, clean.UNUSABLE)
    if rows.empty:
        raise UserError(
            "no row of {file} has both a text (column '{text}') and a label (column '{label}')",
            file=source.name.rpartition("/")[2],
            text=source.columns["text"],
            label=source.columns["label"],
        )
    label_names = tuple(sorted(set(rows["label"])))
    dataset = source.dataset(
        splits.as_datasets(rows.assign(split="test"), label_names, ()),
        label_names,
        label_counts(rows, label_names),
        dropped=dropped,
    )
    left = len(source.table.frame) - len(rows)
    note = N_("{left} of {rows} rows are left out: empty text or no label")
    notes = ((note, {"left": left, "rows": len(source.table.frame)}),) if left else ()
    return replace(dataset, report=replace(dataset.report, notes=(*dataset.report.notes, *notes)))
