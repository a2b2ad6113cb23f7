"""Questions about passages, with their answers: read in SQuAD's form or as a plain table, checked, and split by passage.

All questions of a passage are in one split, so that a test asks about passages that training never saw. This module does not know
what a model reads of a passage at once, nor how answers are found or scored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import datasets
import pandas as pd

from core.data import answers, clean, splits
from core.data.answers import Given, Place
from core.data.clean import ELSEWHERE, HAS_NO_SPLIT, PROBLEMS, Problems
from core.data.columns import cells, is_plain, plain_name
from core.data.dataset import Source, TextDataset
from core.data.splits import ROWS_TO_SPLIT, SHARED
from core.errors import N_, Note, UserError, plural
from core.tables import files
from core.tables.table import FIND_OUT, Reading, Table, evenly, make_table

START_NAMES = "answerstart start answeroffset offset begin 起始 起始位置 答案起始 答案位置".split()
COLUMNS = ("title", "context", "question", "answers")
NESTED = ("qas", "questions")  # what holds the questions of a passage
YES = ("true", "1", "yes")

NOT_FOUND = N_("its answer is not in its passage")
UNUSABLE: Problems = {
    N_("the question is empty"): lambda rows: rows["text"] == "",
    N_("the passage is empty"): lambda rows: rows["pair"] == "",
    NOT_FOUND: lambda rows: (rows["given"] != "") & (rows["starts"].map(len) == 0),
}
FEATURES = datasets.Features(
    {
        "text": datasets.Value("string"),
        "pair": datasets.Value("string"),
        "answers": datasets.List(datasets.Value("string")),
        "starts": datasets.List(datasets.Value("int64")),
    }
)


# --- Files -------------------------------------------------------------------------------------------------------------


def read(path: Path, reading: Reading = FIND_OUT) -> Table:
    """A file as a table with a row for each question, also where the questions stand inside their passages, as in SQuAD's JSON.

    Raises UserError when it cannot be read.
    """
    table = files.read_table(path, reading)
    records = [dict(zip(table.columns, row, strict=True)) for row in zip(*table.columns.values(), strict=True)]
    if not any(isinstance(record.get(name), list) for record in records[:1] for name in ("paragraphs", *NESTED)):
        return table
    names = (*COLUMNS, *(("split",) if "split" in table.columns else ()))
    rows = [row for record in records for row in _of_record(record)]
    if not rows:
        raise UserError("{file} holds passages, but not one question", file=path.name)
    kept, sampled = evenly(rows)
    result = make_table(
        names,
        [[row.get(name, "") for row in kept] for name in names],
        len(kept),
        notes=(*table.notes, *sampled),
        not_read=len(rows) - len(kept),
    )
    return replace(result, encoding=table.encoding)


def _of_record(record: Mapping[str, object]) -> Iterator[dict[str, object]]:
    """The questions of an article's paragraphs, or of one passage."""
    paragraphs = record.get("paragraphs")
    for passage in paragraphs if isinstance(paragraphs, list) else [record]:
        if isinstance(passage, dict):
            yield from _of_passage({**record, **passage})


def _of_passage(passage: Mapping[str, object]) -> Iterator[dict[str, object]]:
    asked = next((found for name in NESTED if isinstance(found := passage.get(name), list)), [])
    for question in asked:
        if isinstance(question, dict):
            impossible = str(question.get("is_impossible", "")).casefold() in YES
            yield {
                "title": passage.get("title", ""),
                "context": passage.get("context", ""),
                "split": passage.get("split", ""),
                "question": question.get("question", ""),
                "answers": [] if impossible else _with_starts(question),
            }


def _with_starts(question: Mapping[str, object]) -> object:
    """The answers of a question; beside a list of texts there may be a list of their starts."""
    texts, starts = question.get("answers", question.get("answer", "")), question.get("starts")
    return {"text": texts, "answer_start": starts} if isinstance(starts, list) else texts


# --- Rows --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reading:
    """What became of the answers: how many stand elsewhere than their start says, are respelt, fit several places, are in no passage."""

    moved: int
    respelt: int
    unclear: int
    lost: int


def build(source: Source, limit: int) -> TextDataset:
    """The questions that can be learnt from; a tenth of the passages each for validation and test, where the source has none.

    The splits have, for each question, its text, its passage (pair), its answers as the passage has them, and the character at which
    each begins; without answers it cannot be answered. Raises UserError when there is nothing to learn.
    """
    rows, reading = _rows(source)
    rows, dropped = clean.without_problems(rows, {**HAS_NO_SPLIT, **UNUSABLE})
    rows, merged = _merged(rows)
    rows, twice = clean.without_problems(rows, {ELSEWHERE: PROBLEMS[ELSEWHERE]})
    dropped = (*dropped, *twice)
    if len(rows) < 2:
        lost = next((entry.count for entry in dropped if entry.reason == NOT_FOUND), 0)
        raise UserError(
            "{usable} of the {rows} rows can be used, which is too few to learn from: {lost} have an answer that is not in their passage; "
            "an answer must be a part of its passage, letter by letter",
            usable=len(rows),
            rows=source.table.rows,
            lost=lost,
        )
    if not any(map(len, rows["starts"][rows["split"] == "train"])):
        raise UserError(
            "no training question has an answer in its passage, so there is nothing to learn; check the column of answers, '{column}'",
            column=source.columns["answers"],
        )
    rows, shared, by_passage = _hold_back(rows)
    rows, limited = splits.limited(rows, limit, fewest_labels=1)
    return source.dataset(
        splits.of_features(rows, FEATURES, shared),
        (),
        {},
        shared=shared,
        dropped=dropped,
        notes=(*_reading_notes(reading), *merged, *_notes(rows, shared, by_passage), *limited),
    )


def whole(source: Source) -> TextDataset:
    """Every question with its passage as the test split, repeated ones included."""
    rows, reading = _rows(source)
    rows, dropped = clean.without_problems(rows, UNUSABLE)
    if rows.empty:
        raise UserError(
            "no row of {file} has a question and a passage that holds its answer", file=source.name.rpartition("/")[2]
        )
    return source.dataset(
        splits.of_features(rows.assign(split="test"), FEATURES, ()),
        (),
        {},
        dropped=dropped,
        notes=_reading_notes(reading),
    )


def _rows(source: Source) -> tuple[pd.DataFrame, _Reading]:
    """The questions as a table with text, pair, answers, starts, given, key, passage, label and split."""
    frame, columns = source.table.frame, source.columns
    separator = source.preparation.separator
    questions = [cell.strip() for cell in cells(frame, columns["text"], separator)]
    passages = cells(frame, columns["pair"], separator)
    given = [answers.read(cell, row) for row, cell in enumerate(frame[columns["answers"]], start=1)]
    starts = _starts(frame, columns)
    if starts is not None:
        given = [
            [replace(answer, start=answers.start_of(start, row)) for answer in found]
            for row, (found, start) in enumerate(zip(given, starts, strict=True), start=1)
        ]
    places = [_places(found, passage) for found, passage in zip(given, passages, strict=True)]
    flat = [place for found in places for place in found]
    rows = pd.DataFrame(
        {
            "text": questions,
            "pair": [passage if passage.strip() else "" for passage in passages],
            "answers": [
                [passage[place.start : place.end] for place in found]
                for found, passage in zip(places, passages, strict=True)
            ],
            "starts": [[place.start for place in found] for found in places],
            "given": [found[0].text.strip() if found else "" for found in given],
            "key": list(map(clean.key, zip(questions, passages, strict=True))),
            "passage": [clean.key([passage]) for passage in passages],
            "label": ["answered" if found else "unanswerable" for found in places],
            "split": list(source.row_splits or ("train",) * len(questions)),
        },
        dtype=object,
    )
    lost = sum(len(found) - len(placed) for found, placed in zip(given, places, strict=True) if placed)
    return rows, _Reading(
        sum(place.moved for place in flat),
        sum(place.respelt for place in flat),
        sum(place.choices > 1 for place in flat),
        lost,
    )


def _starts(frame: pd.DataFrame, columns: Mapping[str, str]) -> list[object] | None:
    """The column that says where a plain answer begins, None where there is none or the answers say it themselves."""
    if not is_plain(frame[columns["answers"]]):
        return None
    free = (name for name in frame if plain_name(name) in START_NAMES and name not in columns.values())
    name = next(free, None)
    return None if name is None else list(frame[name])


def _places(given: list[Given], passage: str) -> list[Place]:
    """Where the answers to a question stand, each place once."""
    found = (answers.locate(answer, passage) for answer in given)
    return list({(place.start, place.end): place for place in found if place is not None}.values())


def _merged(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """A row for each question, with all answers to it."""
    repeated = rows.duplicated(["key", "split"])
    if not repeated.any():
        return rows, ()
    rows = rows.copy()
    first: dict[tuple[str, str], int] = {}
    for index, key, split in zip(rows.index, rows["key"], rows["split"], strict=True):
        kept = first.setdefault((key, split), index)
        known = {
            place: None
            for one in (kept, index)
            for place in zip(rows.at[one, "starts"], rows.at[one, "answers"], strict=True)
        }
        rows.at[kept, "starts"], rows.at[kept, "answers"] = [s for s, _ in known], [a for _, a in known]
        rows.at[kept, "label"] = "answered" if known else "unanswerable"
    count = int(repeated.sum())
    message = plural(
        N_("{count} row asks the same question about the same passage again; the answers were put together"),
        N_("{count} rows ask the same question about the same passage again; their answers were put together"),
        count,
    )
    return rows[~repeated], ((message, {"count": count}),)


def _hold_back(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...], bool]:
    """Passages are held back for the splits that are not there yet; single questions where there are too few passages.

    Returns the rows, the splits for which nothing could be held back, and whether whole passages were.
    """
    if rows["passage"][rows["split"] == "train"].nunique() < ROWS_TO_SPLIT:
        held, shared = splits.hold_back(rows, fewest_labels=1)
        return held, shared, False
    held, shared = splits.hold_back_whole(rows, "passage")
    return held, shared, True


def _reading_notes(reading: _Reading) -> tuple[Note, ...]:
    """What became of the answers."""
    found = (
        (plural(N_("{count} answer does not stand where its start says; the nearest place that fits is taken"), N_("{count} answers do not stand where their start says; the nearest place that fits is taken"), reading.moved), reading.moved),
        (plural(N_("{count} answer is written otherwise in its passage (case, spaces, width); the passage's spelling is taken"), N_("{count} answers are written otherwise in their passage (case, spaces, width); its own spelling is taken"), reading.respelt), reading.respelt),
        (plural(N_("{count} answer stands several times in its passage, and no start says which is meant; the first is taken"), N_("{count} answers stand several times in their passage, and no start says which is meant; the first is taken"), reading.unclear), reading.unclear),
        (plural(N_("{count} answer beside others is not in its passage and is left out"), N_("{count} answers beside others are not in their passage and are left out"), reading.lost), reading.lost),
    )  # fmt: skip
    return tuple((message, {"count": count}) for message, count in found if count)


def _notes(rows: pd.DataFrame, shared: tuple[str, ...], by_passage: bool) -> tuple[Note, ...]:
    """What must be known of questions, passages and splits before a score is believed."""
    notes: list[Note] = []
    unanswerable = int((rows["label"] == "unanswerable").sum())
    if unanswerable:
        message = N_("{count} of {rows} questions have no answer in their passage; the model learns to say so")
        notes.append((message, {"count": unanswerable, "rows": len(rows)}))
    training = set(rows["passage"][rows["split"] == "train"])
    known = int(rows["passage"][rows["split"] != "train"].isin(training).sum())
    if shared:
        notes.append((SHARED, {"splits": ", ".join(sorted(shared, reverse=True))}))
    elif known:
        message = plural(
            N_("{count} question of validation or test is about a passage that training asks about, too"),
            N_("{count} questions of validation and test are about passages that training asks about, too"),
            known,
        )
        notes.append((message, {"count": known}))
    elif by_passage:
        message = N_(
            "all questions of a passage are in one split: {passages} passages, {training} of them for training"
        )
        notes.append((message, {"passages": rows["passage"].nunique(), "training": len(training)}))
    return tuple(notes)
