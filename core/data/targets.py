"""Sources with the text that is to be written for each: a sentence and its translation, an article and its headline, a question and its answer.

A source may have several targets; all rows of one source are in one split. This module does not know who writes, nor in which
language.
"""

from collections import Counter

import datasets
import pandas as pd

from core.data import clean, splits
from core.data.clean import ELSEWHERE, HAS_NO_SPLIT, PROBLEMS, Problems
from core.data.columns import is_plain, plain_name
from core.data.dataset import Source, TextDataset
from core.data.splits import SHARED
from core.errors import N_, Note, UserError, some

KIND_NAMES = ("kind", "种类", "类型")
MOST_KINDS = 10

NO_SOURCE, NO_TARGET = N_("the source is empty"), N_("the target is empty")
UNUSABLE: Problems = {
    NO_SOURCE: lambda rows: clean.is_empty(rows["text"]),
    NO_TARGET: lambda rows: clean.is_empty(rows["target"]),
}
REPEATED: Problems = {
    N_("the same source and target stand there again"): lambda rows: rows.duplicated(["key", "written", "split"]),
    ELSEWHERE: PROBLEMS[ELSEWHERE],
}
FEATURES = datasets.Features({name: datasets.Value("string") for name in ("text", "target", "kind")})


def build(source: Source, limit: int) -> TextDataset:
    """The pairs that can be learnt from; a tenth of the sources each for validation and test, where there are no splits.

    The splits have text, target and kind: what a column of that name says of a row, "" where there is none. Raises UserError when
    hardly a row is left.
    """
    rows, dropped = clean.without_problems(_rows(source), {**HAS_NO_SPLIT, **UNUSABLE, **REPEATED})
    if len(rows) < 2:
        counts = Counter({entry.reason: entry.count for entry in dropped})
        raise UserError(
            "{usable} of the {rows} rows can be used, which is too few to learn from: {sources} have no source, {targets} no target; "
            "add rows or mend these",
            usable=len(rows),
            rows=source.table.rows,
            sources=counts[NO_SOURCE],
            targets=counts[NO_TARGET],
        )
    rows, shared = splits.hold_back_whole(rows, "key")  # a source with all its targets
    rows, limited = splits.limited(rows, limit, fewest_labels=1)
    return source.dataset(
        splits.of_features(rows, FEATURES, shared),
        (),
        {},
        shared=shared,
        dropped=dropped,
        notes=(*_notes(rows, shared), *limited),
    )


def whole(source: Source) -> TextDataset:
    """Every pair as the test split, repeated ones included."""
    rows, dropped = clean.without_problems(_rows(source), UNUSABLE)
    if rows.empty:
        raise UserError("no row of {file} has both a source and a target", file=source.name.rpartition("/")[2])
    rows = rows.assign(split="test")
    return source.dataset(splits.of_features(rows, FEATURES, ()), (), {}, dropped=dropped, notes=_notes(rows, ()))


def _rows(source: Source) -> pd.DataFrame:
    """text, target, kind, key (what makes two sources the same), written (the same of targets), label and split."""
    rows = clean.rows(source.table, source.columns, source.row_splits, source.preparation)
    return rows.assign(
        key=[clean.key([text]) for text in rows["text"]],
        written=[clean.key([text]) for text in rows["target"]],
        kind=_kinds(source),
        label="",
    )


def _kinds(source: Source) -> list[str]:
    """What the column of kinds says of each row, "" without such a column."""
    frame = source.table.frame
    names = [name for name in frame if plain_name(name) in KIND_NAMES and name not in source.columns.values()]
    kinds = [cell.strip() for cell in frame[names[0]]] if names and is_plain(frame[names[0]]) else []
    return kinds if kinds and len(set(kinds)) <= MOST_KINDS else [""] * len(frame)


def _notes(rows: pd.DataFrame, shared: tuple[str, ...]) -> tuple[Note, ...]:
    """What must be known of the pairs before a score is believed."""
    notes: list[Note] = []
    if shared:
        notes.append((SHARED, {"splits": ", ".join(sorted(shared, reverse=True))}))
    several = int((rows.groupby("key")["written"].nunique() > 1).sum())
    if several:
        message = N_(
            "sources with more than one target: {count}; each target is learnt, and a model is measured against each"
        )
        notes.append((message, {"count": several}))
    kinds = list(dict.fromkeys(kind for kind in rows["kind"][rows["split"] == "test"] if kind))
    if len(kinds) > 1:
        notes.append(
            (N_("the test has rows of several kinds, which are measured apart: {kinds}"), {"kinds": some(kinds)})
        )
    return tuple(notes)
