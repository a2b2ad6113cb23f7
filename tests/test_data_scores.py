"""Scores as people write them: read, told or refused in one sentence; every part of the scale in every split."""

from pathlib import Path

import numpy as np
import pytest

from core.data.columns import choose_columns
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.data.remarks import is_scale, remarks
from core.data.scored import numbers, range_name, range_of
from core.errors import UserError
from core.tables.table import make_table


def told(dataset: TextDataset) -> list[str]:
    return [message.format(**values) for message, values in dataset.report.notes]


@pytest.mark.parametrize(
    ("cells", "expected", "note"),
    [
        (["1", "2.5", "-3", "4e1", " 5 ", "+.5"], [1, 2.5, -3, 40, 5, 0.5], ""),
        (["4,5", "3,0", "2"], [4.5, 3, 2], "comma in a score was read as the decimal point"),
        (["4/5", "3 / 5", "5/5"], [4, 3, 5], "out of 5 (4/5); the number before the stroke"),
        (["4 stars", "1 star", "3 Stars"], [4, 1, 3], "left out: “stars”, “star”"),
        (["80%", "5 %"], [80, 5], "left out: “%”"),
        (["4星", "5星"], [4, 5], "left out: “星”"),
        (["3.5", "4,5", "2"], [3.5, None, 2], ""),  # with a decimal point elsewhere, a comma is no decimal point
        (["1", "bad", "3", "", "nan", "inf"], [1, None, 3, None, None, None], ""),
        (["3", "4 good ones", "5 apples", "2 bad", "1", "1"], [3, None, None, None, 1, 1], ""),
    ],
)
def test_a_score_is_read_as_it_is_written(cells: list[str], expected: list[float | None], note: str) -> None:
    found, notes = numbers(cells, "stars")
    assert found == pytest.approx([np.nan if one is None else one for one in expected], nan_ok=True)
    sentences = [message.format(**values) for message, values in notes]
    assert len(sentences) == bool(note) and note in "".join(sentences)


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (
            ["good", "bad", "good", "3"],
            "column 'stars' holds text, not numbers (“good”, “bad”); a score must be a number",
        ),
        (["4/5", "7/10", "3"], "column 'stars' mixes scores out of different numbers (4/5, 7/10, 3)"),
        (["", "", "nan"], "column 'stars' holds text, not numbers"),
    ],
)
def test_what_is_no_score_is_refused_in_one_sentence(cells: list[str], sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        numbers(cells, "stars")
    assert sentence in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(("low", "high"), [(0, 5), (-1.5, 2e9), (0.1, 0.30000000000000004), (200, 302)])
def test_a_scale_is_read_from_the_name_that_it_gives(low: float, high: float) -> None:
    assert range_of(range_name(low, high)) == pytest.approx((low, high))


@pytest.mark.parametrize("name", ["LABEL_0", "score", "score from a to b", "score from 0 to 5 stars", ""])
def test_other_peoples_names_say_no_scale(name: str) -> None:
    assert range_of(name) is None


def write(folder: Path, rows: list[str], head: str = "text;stars") -> str:
    (folder / "file.csv").write_text("\n".join([head, *rows]), encoding="utf-8")
    return str(folder / "file.csv")


def test_every_split_has_its_share_of_the_scale_and_no_text_is_in_two(tmp_path: Path) -> None:
    rows = [f"text number {i};{i / 20:.2f}" for i in range(200)]
    file = write(tmp_path, [*rows, rows[3], "text number 7;5.35", "a text;", "another;none", ";4"])
    dataset = load(file, LAYOUTS["text-score"], allow_path=True)
    assert dataset.columns == {"text": "text", "score": "stars"} and dataset.label_names == ("score from 0 to 9.95",)
    assert dataset.report.counts == {"train": 160, "validation": 20, "test": 20} and not dataset.report.label_counts
    for split in dataset.splits.values():
        scores = np.array(split["score"])
        assert abs(np.mean(scores) - 5) < 0.5 and abs(np.std(scores) - 2.9) < 0.5
    texts = [text for split in dataset.splits.values() for text in split["text"]]
    assert len(set(texts)) == len(texts) == 200
    (seven,) = [
        score
        for split in dataset.splits.values()
        for text, score in zip(split["text"], split["score"], strict=True)
        if text == "text number 7"
    ]
    assert seven == pytest.approx((0.35 + 5.35) / 2)
    assert "the scores run from 0 to 9.95; half of them lie between 2.537 and 7.463" in told(dataset)
    assert "1 text stands there with different scores; their mean is learnt" in told(dataset)
    reasons = {entry.reason: entry.count for entry in dataset.report.dropped}
    assert reasons == {
        "the text is empty": 1,
        "the score is missing": 1,
        "the score is not a number": 1,
        "the same text and label stand there again": 2,
    }
    again = load(file, LAYOUTS["text-score"], allow_path=True)
    assert all(again.splits[name][:] == dataset.splits[name][:] for name in dataset.splits)


def test_a_whole_file_is_the_test_and_a_limit_a_fair_sample(tmp_path: Path) -> None:
    file = write(tmp_path, [f"text {i};{i}" for i in range(100)])
    whole = load(file, LAYOUTS["text-score"], allow_path=True, whole=True)
    assert whole.report.counts == {"train": 0, "validation": 0, "test": 100}
    few = load(file, LAYOUTS["text-score"], allow_path=True, limit=20)
    assert few.report.counts["train"] == 20 and abs(np.mean(few.splits["train"]["score"]) - 49.5) < 12


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (["a;3", "b;3", "c;3", "d;3"], "every row has the same score, 3, in column 'stars'"),
        (["a;", ";2"], "0 of the 2 rows can be used"),
    ],
)
def test_data_that_teaches_nothing_is_refused(tmp_path: Path, rows: list[str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        load(write(tmp_path, rows), LAYOUTS["text-score"], allow_path=True)


def test_a_score_is_found_by_its_name_or_as_the_one_column_of_numbers() -> None:
    frame = make_table(["s1", "s2", "how alike"], [["a b", "c d"], ["e f", "g h"], ["1.5", "2"]], 2).frame
    assert choose_columns(frame, LAYOUTS["pair-score"], {}) == {"text": "s1", "pair": "s2", "score": "how alike"}
    two = frame.assign(other=["3", "4"])
    with pytest.raises(UserError, match="which column holds the score is not clear"):
        choose_columns(two, LAYOUTS["pair-score"], {})


@pytest.mark.parametrize(
    ("labels", "expected"), [("12345", True), ("01", False), ("0123", False), ("135", True), (["a", "b", "c"], False)]
)
def test_labels_that_may_be_steps_of_a_scale_are_said_to_be(tmp_path: Path, labels: list[str], expected: bool) -> None:
    file = write(tmp_path, [f"text number {i};{labels[i % len(labels)]}" for i in range(60)])
    report = load(file, LAYOUTS["text-label"], {"text": "text", "label": "stars"}, allow_path=True).report
    assert is_scale(report) is expected
    assert any("steps of a scale" in remark.message for remark in remarks(report)) is expected
