"""Questions with the passage that answers each, a pair a row: what a search is to find, and nothing of what it is not.

A passage may answer several questions, and a question may have several passages; what is linked so stays in one split, so that a test
asks for passages that training never saw. This module does not know how a passage is found.
"""

import datasets
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from core.data import clean, splits
from core.data.clean import ELSEWHERE, HAS_NO_SPLIT, PROBLEMS, Problems
from core.data.dataset import Source, TextDataset
from core.data.splits import ROWS_TO_SPLIT, SHARED
from core.errors import N_, Note, UserError, plural

UNUSABLE: Problems = {
    N_("the question is empty"): lambda rows: clean.is_empty(rows["text"]),
    N_("the passage is empty"): lambda rows: clean.is_empty(rows["pair"]),
}
REPEATED: Problems = {
    N_("the same question and passage stand there again"): lambda rows: rows.duplicated(["key", "passage", "split"]),
    ELSEWHERE: PROBLEMS[ELSEWHERE],
}
FEATURES = datasets.Features({role: datasets.Value("string") for role in ("text", "pair")})


def build(source: Source, limit: int) -> TextDataset:
    """The pairs that can be learnt from; a tenth of the passages each for validation and test, where there are no splits.

    Raises UserError when there are not two passages to tell apart.
    """
    rows, dropped = clean.without_problems(_rows(source), {**HAS_NO_SPLIT, **UNUSABLE, **REPEATED})
    if rows["passage"][rows["split"] == "train"].nunique() < 2:
        raise UserError(
            "{usable} of the {rows} rows can be used, and they have fewer than two passages for training; a search learns to tell passages "
            "apart, so give more of them, each with a question",
            usable=len(rows),
            rows=source.table.rows,
        )
    rows = rows.assign(group=_linked(rows))
    apart = rows["group"][rows["split"] == "train"].nunique() >= ROWS_TO_SPLIT
    rows, shared = splits.hold_back_whole(rows, "group" if apart else "key")
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
    """Every pair as the test split."""
    rows, dropped = clean.without_problems(_rows(source), UNUSABLE)
    if rows.empty:
        raise UserError("no row of {file} has both a question and a passage", file=source.name.rpartition("/")[2])
    return source.dataset(splits.of_features(rows.assign(split="test"), FEATURES, ()), (), {}, dropped=dropped)


def _rows(source: Source) -> pd.DataFrame:
    """text, pair, key (what makes two questions the same), passage (the same of passages), label and split."""
    rows = clean.rows(source.table, source.columns, source.row_splits, source.preparation)
    return rows.assign(
        key=[clean.key([text]) for text in rows["text"]],
        passage=[clean.key([text]) for text in rows["pair"]],
        label="",
    )


def _linked(rows: pd.DataFrame) -> np.ndarray:
    """A number for each of N rows, (N,), which those share that are linked by questions and passages they have in common."""
    questions, passages = (pd.factorize(rows[column])[0] for column in ("key", "passage"))
    first = questions.max() + 1  # the number of the first passage, after all questions
    size = first + passages.max() + 1
    links = coo_array((np.ones(len(rows)), (questions, first + passages)), shape=(size, size))
    groups: np.ndarray = connected_components(links, directed=False)[1][questions]
    return groups


def _notes(rows: pd.DataFrame, shared: tuple[str, ...]) -> tuple[Note, ...]:
    """What must be known of passages and splits before a score is believed."""
    training = set(rows["passage"][rows["split"] == "train"])
    measured = rows[rows["split"] != "train"]
    known = int(measured["passage"].isin(training).sum())
    if shared:
        return ((SHARED, {"splits": ", ".join(sorted(shared, reverse=True))}),)
    if known:
        message = plural(
            N_("{count} question of validation or test is about a passage that training asks about, too"),
            N_("{count} questions of validation and test are about passages that training asks about, too"),
            known,
        )
        return ((message, {"count": known}),)
    message = N_(
        "no passage of validation and test is one of training: {passages} passages, {training} of them for training"
    )
    return ((message, {"passages": rows["passage"].nunique(), "training": len(training)}),)
