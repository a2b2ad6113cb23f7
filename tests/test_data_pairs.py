"""Questions with their passages: what is left out and told, and that what belongs together is in one split."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from core.data import helpdesk
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.errors import UserError

LAYOUT = LAYOUTS["question-passage"]


def dataset_of(folder: Path, rows: Sequence[dict[str, str]], **options: object) -> TextDataset:
    path = folder / "rows.jsonl"
    pd.DataFrame(rows).to_json(path, orient="records", lines=True, force_ascii=False)
    return load(str(path), LAYOUT, allow_path=True, **options)  # type: ignore[arg-type]


def pairs(count: int) -> list[dict[str, str]]:
    return [{"anchor": f"what is {i}?", "positive": f"It is number {i}."} for i in range(count)]


def told(dataset: TextDataset) -> str:
    return "\n".join(message.format(**values) for message, values in dataset.report.notes)


def test_what_is_empty_or_repeated_is_left_out_and_told(tmp_path: Path) -> None:
    odd = [
        {"anchor": "", "positive": "x"},
        {"anchor": "why?", "positive": " \u200b"},
        {"anchor": "What is  0?", "positive": "It is number 0."},
    ]
    dataset = dataset_of(tmp_path, [*pairs(20), *odd])
    assert {entry.reason: entry.count for entry in dataset.report.dropped} == {
        "the question is empty": 1, "the passage is empty": 1, "the same question and passage stand there again": 1,
    }  # fmt: skip
    assert {split: len(rows) for split, rows in dataset.splits.items()} == {"train": 16, "validation": 2, "test": 2}
    assert dataset.columns == {"text": "anchor", "pair": "positive"}
    assert "no passage of validation and test is one of training: 20 passages, 16 of them for training" in told(dataset)


def test_what_questions_and_passages_link_is_in_one_split(tmp_path: Path) -> None:
    """Three questions of a passage, the last of which has a second passage with a question of its own."""
    rows = [
        {"问题": question + str(i), "段落": passage + str(i)}
        for i in range(30)
        for question, passage in (("甲", "一"), ("乙", "一"), ("丙", "一"), ("丙", "二"), ("丁", "二"))
    ]
    dataset = dataset_of(tmp_path, rows)
    found = {split: {text[1:] for text in part["text"]} for split, part in dataset.splits.items()}
    assert [len(numbers) for numbers in found.values()] == [24, 3, 3]
    assert not found["train"] & found["test"] and not found["train"] & found["validation"]
    assert all(len(part) == 5 * len(found[split]) for split, part in dataset.splits.items())


def test_of_two_passages_single_questions_are_held_back_and_that_is_told(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, [{"question": f"q {i}", "passage": f"passage {i % 2}"} for i in range(20)])
    assert {split: len(rows) for split, rows in dataset.splits.items()} == {"train": 16, "validation": 2, "test": 2}
    assert "4 questions of validation and test are about passages that training asks about, too" in told(dataset)


def test_one_passage_cannot_be_told_from_others(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        dataset_of(tmp_path, [{"question": f"q {i}", "passage": "always this"} for i in range(9)])
    assert str(raised.value).startswith("9 of the 9 rows can be used, and they have fewer than two passages")


def test_lengths_are_those_of_each_text(tmp_path: Path) -> None:
    texts = {"text": ["a", "b"], "pair": ["c", "d"]}
    assert LAYOUT.readings(texts) == {"text": ["a", "b", "c", "d"]}
    assert LAYOUTS["pair-score"].readings(texts) == texts


@pytest.mark.parametrize("language", helpdesk.LANGUAGES)
def test_the_help_desk_is_tested_on_passages_that_training_lacks(language: str) -> None:
    dataset = load({"en": "helpdesk-pairs", "zh": "helpdesk-pairs-zh"}[language], LAYOUT)
    passages = {split: set(rows["pair"]) for split, rows in dataset.splits.items()}
    desk = helpdesk.read(language)
    assert set.union(*passages.values()) == set(desk.passages)
    assert sum(map(len, passages.values())) == len(desk.passages)
    assert 0.2 < len(passages["test"]) / len(desk.passages) < 0.3
    topics = {passage: row.topic for passage, row in zip(desk.passages, desk.questions, strict=True)}
    assert len({topics[passage] for passage in passages["test"]}) >= len(set(topics.values())) - 2
