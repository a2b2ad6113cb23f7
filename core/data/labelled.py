"""Texts or pairs of texts with one label each: checked, named, and every label in its share in every split.

This module does not know where the rows come from.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

import datasets

from core.data import clean, relabel, splits
from core.data.dataset import Source, TextDataset, label_counts
from core.errors import UserError


def build(source: Source, limit: int) -> TextDataset:
    """The rows that can be learnt from; a tenth of them each for validation and test, where the source has none."""
    table, columns = source.table, source.columns
    names = dict(source.preparation.labels)
    read = clean.rows(table, columns, source.row_splits, source.preparation)
    rows, dropped = clean.without_problems(read, clean.PROBLEMS)
    clean.check_enough(rows, table, dropped)
    label_names = clean.label_names(rows, columns["label"], table, clean.missing_labels(read), names)
    rows, shared = splits.hold_back(rows)
    rows, limited = splits.limited(rows, limit)
    return source.dataset(
        splits.as_datasets(rows, label_names, shared),
        label_names,
        label_counts(rows, label_names),
        shared=shared,
        dropped=dropped,
        notes=(
            *clean.label_notes(read),
            *relabel.notes(names, clean.read_labels(read)),
            *splits.notes(rows, shared, label_names),
            *limited,
        ),
        several=bool(splits.several_in_one(label_names)),
    )


def whole(source: Source) -> TextDataset:
    """Every row that has texts and a label, as the test split, repeated rows included."""
    read = clean.rows(source.table, source.columns, None, source.preparation)
    rows, dropped = clean.without_problems(read, clean.UNUSABLE)
    if rows.empty:
        raise UserError(
            "no row of {file} has both a text (column '{text}') and a label (column '{label}')",
            file=source.name.rpartition("/")[2],
            text=source.columns["text"],
            label=source.columns["label"],
        )
    label_names = tuple(sorted(set(rows["label"])))
    return source.dataset(
        splits.as_datasets(rows.assign(split="test"), label_names, ()),
        label_names,
        label_counts(rows, label_names),
        dropped=dropped,
        notes=clean.label_notes(read),
    )


def labels(source: Source) -> Mapping[str, int]:
    """The labels as they are read, and how many rows have each."""
    return clean.read_labels(clean.rows(source.table, source.columns, None, source.preparation))


def only(dataset: TextDataset, names: Collection[str]) -> TextDataset:
    """The dataset without the rows that have another label than these."""
    kept = [name for name in dataset.label_names if name in names]
    number = {dataset.label_names.index(name): place for place, name in enumerate(kept)}
    rows = {}
    for split, content in dataset.splits.items():
        labels = content["label"][:]
        places = [place for place, label in enumerate(labels) if label in number]
        content = content.select(places).remove_columns("label")
        rows[split] = content.add_column("label", [number[labels[place]] for place in places])
    return replace(dataset, label_names=tuple(kept), splits=datasets.DatasetDict(rows))
