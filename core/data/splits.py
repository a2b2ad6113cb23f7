"""Training, validation and test: the splits a source has, rows held back for those it lacks, and datasets made of them.

Every choice is stratified by label and always the same. This module does not know which rows were dropped before.
"""

from collections import Counter
from collections.abc import Sequence

import datasets
import numpy as np
import pandas as pd

from core.data.columns import SPLIT_NAMES, is_plain, plain_name
from core.data.dataset import HELD_OUT, SEED, RowSplits
from core.errors import N_, UserError
from core.tables.table import Note

ROWS_TO_SPLIT = 3  # of one label: with fewer, it cannot be in training, validation and test
SPLIT_VALUES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "development"),
    "test": ("test", "testing"),
}


def split_of(value: str) -> str:
    """train, validation or test where a value means one of them, otherwise ""."""
    return next((split for split, values in SPLIT_VALUES.items() if value.strip().casefold() in values), "")


def split_column(frame: pd.DataFrame) -> RowSplits:
    """The splits of a file that has a column for them (with training rows in it), otherwise None."""
    for column in frame.columns:
        if plain_name(column) in SPLIT_NAMES and is_plain(frame[column]):
            values = tuple(split_of(cell) for cell in frame[column])
            if "train" in values and "" not in values:
                return values
    return None


def stratified(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in an order, always the same, in which every beginning has about the same share of each label."""
    random = np.random.default_rng(SEED)
    labels = rows["label"].to_numpy(dtype=str)
    place = np.empty(len(rows))
    for label in np.unique(labels):
        found = random.permutation(np.flatnonzero(labels == label))
        place[found] = (np.arange(len(found)) + 0.5) / len(found)
    return rows.iloc[np.lexsort((random.random(len(rows)), place))]


def hold_back(rows: pd.DataFrame, fewest_labels: int = 2) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Move a stratified tenth of the training rows to each split that is not there yet.

    Labels with fewer than three training rows stay in training. Returns the rows, training in stratified order, and the
    splits for which nothing could be held back (all rows stay where they are then). Raises UserError when training has
    fewer labels than the fewest to learn from.
    """
    training = rows[rows["split"] == "train"]
    if training["label"].nunique() < fewest_labels:
        raise UserError(
            "the training split has {rows} usable rows with fewer than two labels; a classifier needs at least two",
            rows=len(training),
        )
    missing = tuple(name for name in ("test", "validation") if name not in set(rows["split"]))
    training = stratified(training)
    spare = training[training.groupby("label")["label"].transform("size") >= ROWS_TO_SPLIT]
    if spare.empty:
        return rows, missing
    size = min(max(round(HELD_OUT * len(training)), spare["label"].nunique()), len(spare) // 3)
    rows = pd.concat([training, rows[rows["split"] != "train"]])
    for place, name in enumerate(missing):
        rows.loc[spare.index[place * size : (place + 1) * size], "split"] = name
    return rows, ()


def limited(rows: pd.DataFrame, limit: int, fewest_labels: int = 2) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """At most `limit` training rows, every label in its share. Raises UserError when too few labels are left."""
    training = rows[rows["split"] == "train"]
    if not limit or len(training) <= limit:
        return rows, ()
    training = stratified(training)
    if training["label"].head(limit).nunique() < fewest_labels:
        raise UserError("with a limit of {limit} training rows only one label is left; allow more rows", limit=limit)
    note = N_("training uses {limit} of {rows} training rows, a stratified sample")
    return rows.drop(training.index[limit:]), ((note, {"limit": limit, "rows": len(training)}),)


def as_datasets(rows: pd.DataFrame, label_names: tuple[str, ...], shared: tuple[str, ...]) -> datasets.DatasetDict:
    """The rows as datasets; a split in `shared` holds the training rows."""
    texts = [role for role in ("text", "pair") if role in rows]
    numbers = {label: number for number, label in enumerate(label_names)}
    features = {role: datasets.Value("string") for role in texts}
    if label_names:
        features["label"] = datasets.Value("int64")
    found = {}
    for split in SPLIT_VALUES:
        part = rows[rows["split"] == ("train" if split in shared else split)]
        content = {role: list(part[role]) for role in texts}
        if label_names:
            content["label"] = [numbers[label] for label in part["label"]]
        found[split] = datasets.Dataset.from_dict(content, features=datasets.Features(features))
    return datasets.DatasetDict(found)


SHARED = N_(
    "too few rows to hold any back: {splits} are the training rows themselves, so a score on them says "
    "nothing about new texts"
)


def notes(rows: pd.DataFrame, shared: tuple[str, ...], label_names: tuple[str, ...]) -> tuple[Note, ...]:
    """What must be known of the labels and splits before a score is believed."""
    training, test = (set(rows["label"][rows["split"] == split]) for split in ("train", "test"))
    spellings = Counter(label.casefold() for label in label_names)
    unseen = [label for label in label_names if label not in training]
    unmeasured = [label for label in label_names if label not in test and "test" not in shared]
    alike = [label for label in label_names if spellings[label.casefold()] > 1]
    found = (
        (SHARED, "splits", sorted(shared, reverse=True)),
        (N_("no training row has the label {labels}, so it cannot be learnt"), "labels", unseen),
        (N_("no test row has the label {labels}, so how well it is recognised is not measured"), "labels", unmeasured),
        (N_("the labels {labels} differ in upper and lower case only; they are kept apart"), "labels", alike),
    )
    return tuple((message, {kind: some(names)}) for message, kind, names in found if names)


def some(names: Sequence[str]) -> str:
    """The names, at most ten of them."""
    return ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
