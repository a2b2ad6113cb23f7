"""Questions about passages: every form that is read, where answers are found, how the rows are split, and what bad input is told."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import answers
from core.data.answers import Given
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.errors import UserError

LAYOUT = LAYOUTS["question-answers"]
MILL = "Mira keeps three goats behind the mill. Mira is old."


def write(folder: Path, content: object, name: str = "data.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def trained(path: Path, **options: object) -> TextDataset:
    return load(str(path), LAYOUT, allow_path=True, **options)  # type: ignore[arg-type]


def rows_of(path: Path) -> list[dict[str, object]]:
    """Every usable row of a file, as the layout reads it."""
    return list(trained(path, whole=True).splits["test"])


def said(dataset: TextDataset) -> str:
    return " ".join(message.format(**values) for message, values in dataset.report.notes)


def squad(**question: object) -> dict[str, object]:
    return {"version": "1.1", "data": [{"title": "Mill", "paragraphs": [{"context": MILL, "qas": [question]}]}]}


EXPECTED = {"text": "Who keeps goats?", "pair": MILL, "answers": ["Mira"], "starts": [0]}
FLAT = {"question": EXPECTED["text"], "context": MILL}
FORMS = {
    "squad 1.1": squad(id="1", question=EXPECTED["text"], answers=[{"text": "Mira", "answer_start": 0}]),
    "squad 2.0": squad(question=EXPECTED["text"], answers=[{"text": "Mira", "answer_start": 0}], is_impossible=False),
    "hub": [FLAT | {"id": "1", "title": "Mill", "answers": {"text": ["Mira"], "answer_start": [0]}}],
    "one text": [FLAT | {"answer": "Mira"}],
    "text and start": [FLAT | {"answer": "Mira", "answer_start": 0}],
    "list": [FLAT | {"answers": ["Mira", "Mira"]}, FLAT | {"answers": ["old", "Mira"]}],
    "passages": [{"id": "p", "title": "Mill", "context": MILL, "questions": [{"question": EXPECTED["text"], "answers": ["Mira"], "starts": [0]}]}],
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_row(form: str, tmp_path: Path) -> None:
    assert rows_of(write(tmp_path, FORMS[form]))[0] == EXPECTED


def test_lines_tables_and_parquet_give_the_same_row(tmp_path: Path) -> None:
    row = FORMS["hub"][0]  # type: ignore[index]
    pd.DataFrame([row]).to_parquet(tmp_path / "a.parquet")
    write(tmp_path, json.dumps(row) + "\n" + json.dumps(row | {"question": "Who is old?"}) + "\n", "a.jsonl")
    pd.DataFrame([FLAT | {"answer": "Mira", "answer_start": 0}]).to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame([FLAT | {"answers": json.dumps(row["answers"])}]).to_csv(tmp_path / "b.csv", index=False)
    for name in ("a.parquet", "a.jsonl", "a.csv", "b.csv"):
        assert rows_of(tmp_path / name)[0] == EXPECTED, name


def test_a_question_without_an_answer_is_a_row(tmp_path: Path) -> None:
    impossible = squad(question="Who is tall?", answers=[{"text": "Mira", "answer_start": 0}], is_impossible=True)
    for content in (impossible, squad(question="Who is tall?", answers=[]), [FLAT | {"answer": ""}] * 2):
        assert rows_of(write(tmp_path, content))[0]["answers"] == []


def test_several_answers_to_a_question_are_put_together(tmp_path: Path) -> None:
    rows = [FLAT | {"question": f"Who {i}?", "answer": "Mira"} for i in range(5)] + [
        FLAT | {"question": "Who 0?", "answer": "Mira keeps"}
    ]
    dataset = trained(write(tmp_path, rows))
    both = [row for part in dataset.splits.values() for row in part if row["text"] == "Who 0?"]
    assert [row["answers"] for row in both] == [["Mira", "Mira keeps"]] and "1 row asks the same question" in said(
        dataset
    )


# --- Where an answer stands --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "passage", "expected"),
    [
        (Given("Mira"), MILL, "Mira"),
        (Given("three  GOATS"), MILL, "three goats"),
        (Given("the mill."), MILL, "the mill."),
        (Given("“the mill”,"), MILL, "the mill"),
        (Given("ＡＢＣ１２"), "The code is abc12 here", "abc12"),
        (Given("ABC"), "代码是ＡＢＣ。", "ＡＢＣ"),
        (Given("北 京"), "他住在北京。", "北京"),
        (Given("cafe\u0301"), "A café in Lyon", "café"),
        (Given("art"), "Martha makes art", "art"),
    ],
)
def test_an_answer_is_found_in_whatever_spelling(answer: Given, passage: str, expected: str) -> None:
    place = answers.locate(answer, passage)
    assert place is not None and passage[place.start : place.end] == expected


def test_a_start_says_which_of_several_places_is_meant() -> None:
    second = MILL.rindex("Mira")
    for start, moved in ((second, False), (second + 2, True)):
        place = answers.locate(Given("Mira", start), MILL)
        assert place is not None and (place.start, place.moved) == (second, moved)
    unclear = answers.locate(Given("Mira"), MILL)
    assert unclear is not None and (unclear.start, unclear.choices) == (0, 2)
    assert answers.locate(Given("Oskar"), MILL) is None and answers.locate(Given(" "), MILL) is None


@given(st.text(max_size=40), st.integers(0, 40), st.integers(1, 10))
def test_every_part_of_a_passage_is_found_where_it_stands(passage: str, start: int, size: int) -> None:
    part = passage[start : start + size]
    place = answers.locate(Given(part, start), passage)
    if part.strip():
        assert place is not None and passage[place.start : place.end] == part.strip() and not place.moved
    else:
        assert place is None


# --- Splits ------------------------------------------------------------------------------------------------------------


def many(passages: int, questions: int) -> list[dict[str, object]]:
    return [
        {"question": f"Who is number {q}?", "context": f"Passage {p} is about Anna and Ben.", "answer": "Anna" if q else ""}
        for p in range(passages)
        for q in range(questions)
    ]  # fmt: skip


def test_all_questions_of_a_passage_are_in_one_split(tmp_path: Path) -> None:
    dataset = trained(write(tmp_path, many(20, 5)))
    passages = {split: set(part["pair"]) for split, part in dataset.splits.items()}
    assert {split: len(found) for split, found in passages.items()} == {"train": 16, "validation": 2, "test": 2}
    assert len(set.union(*passages.values())) == 20 and dataset.report.counts["test"] == 10
    assert "20 passages, 16 of them for training" in said(dataset) and "20 of 100 questions have no answer" in said(
        dataset
    )


def test_questions_about_one_passage_are_split_themselves(tmp_path: Path) -> None:
    dataset = trained(write(tmp_path, many(1, 20)))
    assert dataset.report.counts == {"train": 16, "validation": 2, "test": 2}
    assert "4 questions of validation and test are about passages that training asks about" in said(dataset)


def test_the_splits_of_a_source_are_kept(tmp_path: Path) -> None:
    rows = [row | {"split": "train" if i < 15 else "test"} for i, row in enumerate(many(6, 5))]
    dataset = trained(write(tmp_path, rows))
    assert dataset.report.counts["test"] == 15 and dataset.report.counts["validation"] == 5
    assert not set(dataset.splits["test"]["pair"]) & set(dataset.splits["validation"]["pair"])
    assert trained(write(tmp_path, rows), limit=4).report.counts["train"] == 4


# --- Bad input ---------------------------------------------------------------------------------------------------------


def test_what_cannot_be_used_is_reported(tmp_path: Path) -> None:
    bad = [FLAT | {"answer": "Oskar"}, FLAT | {"context": " ", "answer": "x"}, FLAT | {"question": "", "answer": "x"}]
    dataset = trained(write(tmp_path, [*many(4, 3), *bad]))
    assert {entry.reason: entry.count for entry in dataset.report.dropped} == {
        "its answer is not in its passage": 1,
        "the passage is empty": 1,
        "the question is empty": 1,
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([FLAT | {"answer": "Oskar"}] * 3, "3 have an answer that is not in their passage"),
        ([FLAT | {"question": f"{i}?", "answer": ""} for i in range(4)], "no training question has an answer"),
        ([FLAT | {"answers": {"text": ["Mira"], "answer_start": [0, 1]}}], "row 1 there are 1 answers and 2 starts"),
        ([FLAT | {"answers": {"words": ["Mira"]}}], "row 1 the answer is neither"),
        ([FLAT | {"answer": "Mira", "start": "soon"}], "row 1 the answer is to begin at 'soon'"),
        ([{"context": MILL, "questions": []}], "not one question"),
        ([FLAT | {"reply": "Mira"}], "which column holds the answers is not clear"),
    ],
)
def test_bad_data_is_told_what_is_wrong(content: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        trained(write(tmp_path, content))


def read_as_labels(folder: Path, answer: str, column: str = "context") -> str:
    """Which kind of answers rows of questions look as if they had, read as texts with a label each. answer: with {place}."""
    rows = [
        {"question": f"Where is goat {i}?", column: f"Goat {i} is in {place}.", "answer": answer.format(place=place)}
        for i, place in enumerate(["Oslo", "Lima", "Cairo"] * 12)
    ]
    path = write(folder, "\n".join(map(json.dumps, rows)), "rows.jsonl")
    return load(str(path), LAYOUTS["text-label"], allow_path=True).report.rather


def test_questions_with_passages_are_known_where_they_are_read_as_labels(tmp_path: Path) -> None:
    assert read_as_labels(tmp_path, "{place}") == "answers"
    assert read_as_labels(tmp_path, "{place}", "Passage") == "answers"
    assert read_as_labels(tmp_path, "not {place} X") == "", "an answer that is not in its passage is a label"
    assert read_as_labels(tmp_path, "{place}", "remark") == ""
