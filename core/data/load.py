"""load: rows from a bundled dataset, a user's file or the hub, checked and split.

Whatever the source, one path leads from its Table to a TextDataset: choose the columns, then do as the layout does. This
module does not know how a file is read, which model will read the texts, nor what is done with them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerBase

from core.data import hub, splits
from core.data.bundled import DATASETS
from core.data.columns import choose_columns, prefer
from core.data.dataset import Layout, RowSplits, Source, TextDataset
from core.errors import UserError
from core.hub import HUB_NAME
from core.tables import files
from core.tables.table import FIND_OUT, Table


def load(
    name: str,
    layout: Layout,
    columns: Mapping[str, str] | None = None,
    *,
    preferred: Mapping[str, str] | None = None,
    limit: int = 0,
    allow_path: bool = False,
    whole: bool = False,
) -> TextDataset:
    """Read, check and split a dataset.

    name: a DATASETS id or a hub id "owner/name"; with allow_path also a file. columns: role → column; roles that are left
    out are guessed. preferred: columns that are taken where the source has them and none is named. limit: most training rows (a fair sample), 0 for all. whole: no split, all usable rows are the test, where
    the layout can do that. The same input always gives the same splits. Raises UserError when there is no such dataset, it cannot be read, or nothing
    can be trained on it.
    """
    if limit < 0:
        raise UserError("the most training rows cannot be {limit}; give a positive number, or 0 for all", limit=limit)
    table, row_splits = _read(name, layout, allow_path)
    named = {**prefer(table.frame, layout.roles, preferred or {}), **(columns or {})}
    source = Source(name, layout, table, choose_columns(table.frame, layout, named), row_splits)
    return layout.whole(source) if whole and layout.whole else layout.build(source, limit)


def _read(name: str, layout: Layout, allow_path: bool) -> tuple[Table, RowSplits]:
    """The table that a name stands for, and its splits. Raises UserError when it stands for none."""
    if name in DATASETS:
        table = DATASETS[name].read()
        return table, DATASETS[name].splits(table)
    path = Path(name)
    looks_like_file = path.suffix.lower() in (*files.SUFFIXES, files.TEXT_SUFFIX, *layout.suffixes)
    if allow_path and (looks_like_file or path.is_absolute() or files.exists(path)):
        table = layout.read(path, FIND_OUT)
        return table, splits.split_column(table.frame)
    if "/" in name and HUB_NAME.fullmatch(name) and not looks_like_file:
        return hub.read_hub(name)
    raise UserError(
        "there is no dataset '{name}'; use one of {datasets}, a file ({suffixes}), or a hub name such as stanfordnlp/imdb",
        name=name[:100],
        datasets=", ".join(DATASETS),
        suffixes=" ".join((*files.SUFFIXES, *layout.suffixes)),
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
