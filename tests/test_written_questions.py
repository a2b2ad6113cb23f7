"""The questions that were written for the studio: every answer stands in its passage, and the datasheet says what the files hold."""

import json
import re
from collections import Counter
from itertools import chain
from typing import Any

import pytest

from core.data.dataset import WRITTEN

HOME = WRITTEN / "questions"
FEWEST = {"en": (250, 1_200), "zh": (80, 350)}  # passages and questions
LENGTHS = {"en": (60, 130), "zh": (120, 220)}  # of a passage, in what is counted below
WORD = {"en": re.compile(r"\S+"), "zh": re.compile(r"\S")}
MARKS = {"en": "?", "zh": "？"}  # how a question ends
ASKED = ("who", "what", "which", "when", "where", "how many", "how much", "how long", "why")
RUN = 6  # words in a row that no question takes over from its passage


def passages(language: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HOME / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()]


def questions(language: str) -> list[dict[str, Any]]:
    return list(chain.from_iterable(passage["questions"] for passage in passages(language)))


@pytest.mark.parametrize("language", FEWEST)
def test_every_answer_stands_in_its_passage(language: str) -> None:
    shortest, longest = LENGTHS[language]
    for number, passage in enumerate(passages(language), start=1):
        assert set(passage) == {"id", "title", "kind", "context", "questions"}
        assert passage["id"] == f"{language}-{number:03d}"
        context = passage["context"]
        assert context == context.strip() and shortest <= len(WORD[language].findall(context)) <= longest, passage["id"]
        for row in passage["questions"]:
            assert set(row) == {"question", "answers", "starts"} and row["question"].endswith(MARKS[language])
            for answer, start in zip(row["answers"], row["starts"], strict=True):
                assert answer and answer == answer.strip() and context[start : start + len(answer)] == answer, row
            assert len(set(row["answers"])) == len(row["answers"]), row


@pytest.mark.parametrize("language", FEWEST)
def test_there_are_enough_and_none_twice(language: str) -> None:
    found, asked = passages(language), questions(language)
    assert len(found) >= FEWEST[language][0] and len(asked) >= FEWEST[language][1]
    for texts in (
        [passage["title"] for passage in found],
        [passage["context"] for passage in found],
        [row["question"] for row in asked],
    ):
        assert [text for text, count in Counter(text.casefold() for text in texts).items() if count > 1] == []
    assert 0.18 < sum(not row["answers"] for row in asked) / len(asked) < 0.25


def test_the_wording_of_a_question_does_not_tell_whether_it_has_an_answer() -> None:
    asked = questions("en")
    for word in ASKED:
        having = [bool(row["answers"]) for row in asked if re.search(rf"\b{word}\b", row["question"].lower())]
        assert len(having) > 50 and 0.6 < sum(having) / len(having) < 0.9, word


def test_questions_are_worded_differently_from_their_passage() -> None:
    for passage in passages("en"):
        context = " ".join(re.findall(r"\w+", passage["context"].lower()))
        for row in passage["questions"]:
            words = re.findall(r"\w+", row["question"].lower())
            runs = (" ".join(words[place : place + RUN]) for place in range(len(words) - RUN + 1))
            assert not any(f" {run} " in f" {context} " for run in runs), row["question"]


def test_the_datasheet_states_what_the_files_hold() -> None:
    sheet = (HOME / "DATASHEET.md").read_text(encoding="utf-8")
    for language in FEWEST:
        asked = questions(language)
        numbers = (
            len(passages(language)), len(asked), sum(not row["answers"] for row in asked),
            sum(len(row["answers"]) > 1 for row in asked),
        )  # fmt: skip
        assert all(re.search(rf"\b{number:,}\b", sheet) for number in numbers), (language, numbers)
    for kind, count in Counter(passage["kind"] for passage in passages("en")).items():
        assert f"{kind} {count}" in sheet
    assert (HOME / "GUIDELINE.md").stat().st_size > 2_000
