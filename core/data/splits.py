"""Training, validation and test: the splits a source has, rows held back for those it lacks, and datasets made of them.

Every choice is stratified by label and always the same. This module does not know which rows were dropped before.
"""

import re
from collections import Counter
from collections.abc import Sequence

import datasets
import numpy as np
import pandas as pd

from core.data import relabel
from core.data.columns import SPLIT_NAMES, check_column, is_plain, named, plain_name
from core.data.dataset import HELD_OUT, SEED, RowSplits
from core.errors import N_, Note, UserError, plural, some

SEVERAL = N_(
    "the labels {labels} look like several labels in one cell; each combination is learnt as a class of its own. A task for "
    "several labels at once learns each by itself"
)
ROWS_TO_SPLIT = 3  # of one label: with fewer, it cannot be in training, validation and test
SPLIT_VALUES = {
    "train": ("train", "training", "trn", "训练", "训练集"),
    "validation": (
        *("validation", "valid", "val", "dev", "development", "eval", "publictest"),
        *("验证", "验证集", "开发集", "校验集"),
    ),
    "test": ("test", "testing", "tst", "privatetest", "测试", "测试集"),
}
HELD_OUT_NAMES = ("holdout", "heldout")  # the validation where there is a test as well, otherwise the test
FLAGS = {  # columns that say yes or no to one split: what either means
    "istrain": ("train", "test"),
    "istest": ("test", "train"),
    **dict.fromkeys(("isvalid", "isvalidation", "isval"), ("validation", "train")),
}
YES, NO = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no")
MOST_VALUES = 10  # of a split column
NOT_UNDERSTOOD = ""


def split_of(value: str) -> str:
    """train, validation or test where a value means one of them, otherwise ""."""
    name = plain_name(value)
    return next((split for split, values in SPLIT_VALUES.items() if name in values), NOT_UNDERSTOOD)


def split_column(
    frame: pd.DataFrame, taken: Sequence[str] = (), chosen: str | None = None
) -> tuple[RowSplits, tuple[Note, ...]]:
    """The splits that a column of a file gives its rows, None without such a column, and what is to be said of it.

    It is a column called split or the like in which some values are understood, or any other whose values all are; it must have
    training rows. A row whose value is not understood has the split "". taken: columns that hold something else. chosen: the
    column that is to be taken, "" for none. Raises UserError when it does not say which rows are for training.
    """
    if chosen is not None:
        return _chosen_column(frame, chosen) if chosen else (None, ())
    free = [column for column in frame.columns if column not in taken and is_plain(frame[column])]
    for column in sorted(free, key=lambda column: plain_name(column) not in SPLIT_NAMES):
        by_name = plain_name(column) in SPLIT_NAMES
        few = frame[column].nunique() <= MOST_VALUES
        if not (by_name or few):
            continue
        splits = _meant(column, frame[column])
        meant = set(splits) - {NOT_UNDERSTOOD}
        if "train" in meant and (by_name or (len(meant) > 1 and NOT_UNDERSTOOD not in splits)):
            return splits, _split_notes(column, frame[column], splits)
        if by_name and (meant or few):
            message = N_(
                "the column '{column}' is called a split, but none of its values ({values}) means training: the rows are split afresh"
            )
            return None, ((message, {"column": column[:100], "values": some(_values(frame[column]))}),)
    return None, ()


def _chosen_column(frame: pd.DataFrame, name: str) -> tuple[RowSplits, tuple[Note, ...]]:
    """The splits that a column gives which somebody named. Raises UserError when there is no such column or it gives none."""
    column = named(frame, name)
    check_column(frame, column)
    splits = _meant(column, frame[column])
    if "train" not in splits:
        raise UserError(
            "the column '{column}' does not say which rows are for training: its values are {values}; train, validation (or dev, val) "
            "and test are understood",
            column=column[:100],
            values=some(_values(frame[column])),
        )
    return splits, _split_notes(column, frame[column], splits)


def split_columns(frame: pd.DataFrame) -> list[str]:
    """The columns whose values say which rows are for training."""
    few = [column for column in frame.columns if is_plain(frame[column]) and frame[column].nunique() <= MOST_VALUES]
    return [column for column in few if "train" in _meant(column, frame[column])]


def _meant(column: str, cells: pd.Series) -> tuple[str, ...]:
    """What each cell of a column means as a split."""
    flags = FLAGS.get(plain_name(column))
    if flags:
        means = {**dict.fromkeys(YES, flags[0]), **dict.fromkeys(NO, flags[1])}
        return tuple(means.get(cell.strip().casefold(), NOT_UNDERSTOOD) for cell in cells)
    found = {cell: split_of(cell) for cell in set(cells)}
    held_out = "validation" if "test" in found.values() else "test"
    found |= {cell: held_out for cell in found if plain_name(cell) in HELD_OUT_NAMES}
    return tuple(found[cell] for cell in cells)


def _split_notes(column: str, cells: pd.Series, splits: tuple[str, ...]) -> tuple[Note, ...]:
    means = {split: some(_values(cells[[own == split for own in splits]])) for split in SPLIT_VALUES if split in splits}
    message = N_("the column '{column}' says which rows are for training, validation and test: {means}")
    note = (
        message,
        {"column": column[:100], "means": "; ".join(f"{split} = {values}" for split, values in means.items())},
    )
    unknown = cells[[own == NOT_UNDERSTOOD for own in splits]]
    empty = unknown[[not cell.strip() for cell in unknown]]
    others = unknown.drop(empty.index)
    notes: list[Note] = [note]
    if len(empty):
        message = plural(
            N_("{count} row is left out, because its split in the column '{column}' is empty"),
            N_("{count} rows are left out, because their split in the column '{column}' is empty"),
            len(empty),
        )
        notes.append((message, {"count": len(empty), "column": column[:100]}))
    if len(others):
        message = plural(
            N_("{count} row is left out, because the split '{values}' in the column '{column}' is not understood"),
            N_("{count} rows are left out, because the split '{values}' in the column '{column}' is not understood"),
            len(others),
        )
        notes.append((message, {"count": len(others), "values": some(_values(others)), "column": column[:100]}))
    return tuple(notes)


def _values(cells: pd.Series) -> list[str]:
    return [cell[:40] for cell in dict.fromkeys(cells)]


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


def hold_back_whole(rows: pd.DataFrame, group: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """As `hold_back`, for rows of which some belong together: all training rows of one value of the column `group` go to one split."""
    groups = rows.drop_duplicates([group, "split"]).assign(label="")
    held, shared = hold_back(groups, fewest_labels=1)
    training = groups["split"] == "train"
    of_group = dict(zip(groups[group][training], held["split"].reindex(groups.index)[training], strict=True))
    split = [of_group[name] if own == "train" else own for name, own in zip(rows[group], rows["split"], strict=True)]
    return rows.assign(split=split), shared


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
    """Rows of texts, with a label or a score where they have one, as datasets; a split in `shared` holds the training rows."""
    features = {role: datasets.Value("string") for role in ("text", "pair") if role in rows}
    if label_names:
        numbers = {label: number for number, label in enumerate(label_names)}
        rows = rows.assign(label=[numbers[label] for label in rows["label"]])
        features["label"] = datasets.Value("int64")
    if "score" in rows:
        features["score"] = datasets.Value("float64")
    return of_features(rows, datasets.Features(features), shared)


def of_features(rows: pd.DataFrame, features: datasets.Features, shared: tuple[str, ...]) -> datasets.DatasetDict:
    """The columns that `features` names as datasets; a split in `shared` holds the training rows."""
    result = {}
    for split in SPLIT_VALUES:
        part = rows[rows["split"] == ("train" if split in shared else split)]
        result[split] = datasets.Dataset.from_dict({name: list(part[name]) for name in features}, features=features)
    return datasets.DatasetDict(result)


SHARED = N_(
    "too few rows to hold any back: {splits} are the training rows themselves, so a score on them says "
    "nothing about new texts"
)


def notes(rows: pd.DataFrame, shared: tuple[str, ...], label_names: tuple[str, ...]) -> tuple[Note, ...]:
    """What must be known of the labels and splits before a score is believed."""
    training, test = (set(rows["label"][rows["split"] == split]) for split in ("train", "test"))
    alike = relabel.ambiguous(label_names)
    others = [
        label for label in label_names if label not in alike
    ]  # of which there is more to say than that they are alike
    unseen = [label for label in others if label not in training]
    unmeasured = [label for label in others if label not in test and "test" not in shared]
    found = (
        (SHARED, "splits", sorted(shared, reverse=True)),
        (
            plural(
                N_("no training row has the label {labels}, so it cannot be learnt"),
                N_("no training row has one of the labels {labels}, so they cannot be learnt"),
                len(unseen),
            ),
            "labels",
            unseen,
        ),
        (
            plural(
                N_("no test row has the label {labels}, so how well it is recognised is not measured"),
                N_("no test row has one of the labels {labels}, so how well they are recognised is not measured"),
                len(unmeasured),
            ),
            "labels",
            unmeasured,
        ),
        (relabel.LABELS_ALIKE, "labels", alike),
        (SEVERAL, "labels", several_in_one(label_names)),
    )
    return tuple((message, {kind: some(names)}) for message, kind, names in found if names)


def several_in_one(label_names: Sequence[str]) -> list[str]:
    """Those of some labels that look like several in one cell, because what they are made of occurs again."""
    parts = Counter(part for label in label_names for part in set(_parts(label)))
    return [label for label in label_names if len(_parts(label)) > 1 and any(parts[part] > 1 for part in _parts(label))]


def _parts(label: str) -> list[str]:
    """What a label may list: "a,b" and "['a', 'b']" are a and b."""
    listed = re.split(r"[,;|]", label.strip("[](){}"))
    return [part.strip(" '\"") for part in listed if part.strip(" '\"")]
