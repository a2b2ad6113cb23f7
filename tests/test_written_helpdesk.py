"""The help desk that was written for the studio: complete, in many words, and as its datasheet says."""

import json
import re
from collections import Counter
from itertools import chain

import pytest

from core.data import helpdesk
from core.data.dataset import WRITTEN

HOME = WRITTEN / "helpdesk"
FEWEST = {"en": (120, 60), "zh": (60, 30)}  # questions, and messages without an answer
SENTENCE_ENDS = re.compile(r"[.!?](?=\s|$)|[。！？]")
ABBREVIATIONS = re.compile(r"\b[ap]\.m\.")


def rows(file: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (HOME / file).read_text(encoding="utf-8").splitlines()]


def phrasings(desk: helpdesk.HelpDesk) -> list[str]:
    return [text for row in desk.questions for text in chain(*row.phrasings.values())]


@pytest.mark.parametrize("language", helpdesk.LANGUAGES)
def test_every_question_has_an_answer_and_eight_phrasings(language: str) -> None:
    assert all(
        set(row) == {"id", "topic", "question", "answer", "validation", "test"} for row in rows(f"{language}.jsonl")
    )
    desk = helpdesk.read(language)
    assert len(desk.questions) >= FEWEST[language][0]
    assert len({row.id for row in desk.questions}) == len(desk.questions)
    for row in desk.questions:
        assert re.fullmatch(r"[a-z0-9-]+", row.id) and row.topic in helpdesk.TOPICS
        assert row.question[-1] in "?？.。", row.id
        assert 1 <= len(SENTENCE_ENDS.findall(ABBREVIATIONS.sub("", row.answer))) <= 4, row.id
        assert (len(row.phrasings["validation"]), len(row.phrasings["test"])) == (3, 5), row.id


@pytest.mark.parametrize("language", helpdesk.LANGUAGES)
def test_no_text_occurs_twice(language: str) -> None:
    desk = helpdesk.read(language)
    texts = [
        *(row.question for row in desk.questions), *(row.answer for row in desk.questions), *phrasings(desk),
        *chain(*desk.unanswered.values()),
    ]  # fmt: skip
    assert all(text == text.strip() and "\n" not in text for text in texts)
    assert [text for text, count in Counter(text.casefold() for text in texts).items() if count > 1] == []


def test_phrasings_use_other_words_than_their_question() -> None:
    """A word of four letters or more stands for a content word; the one that names the matter may be repeated."""
    for row in helpdesk.read("en").questions:
        heading = set(re.findall(r"\w{4,}", row.question.lower()))
        shared = [heading & set(re.findall(r"\w{4,}", text.lower())) for text in chain(*row.phrasings.values())]
        matter = {word for word, _ in Counter(chain(*shared)).most_common(1)}
        assert sum(not words - matter for words in shared) >= 3, row.id


@pytest.mark.parametrize("language", helpdesk.LANGUAGES)
def test_lengths_differ(language: str) -> None:
    texts = phrasings(helpdesk.read(language))
    lengths = [len(text.split()) if language == "en" else len(text) for text in texts]
    assert min(lengths) <= 3 and max(lengths) >= 17


@pytest.mark.parametrize("language", helpdesk.LANGUAGES)
def test_messages_without_an_answer_are_near_and_far_in_both_halves(language: str) -> None:
    messages = rows(f"{language}-unanswered.jsonl")
    assert len(messages) >= FEWEST[language][1] and all(set(row) == {"text", "kind", "split"} for row in messages)
    counts = Counter((row["kind"], row["split"]) for row in messages)
    assert set(counts) == {(kind, split) for kind in ("near", "far") for split in helpdesk.SPLITS}
    for kind in ("near", "far"):
        assert abs(counts[kind, "validation"] - counts[kind, "test"]) <= 1


@pytest.mark.parametrize("language", helpdesk.LANGUAGES)
def test_replies_teach_every_answer_and_test_new_phrasings(language: str) -> None:
    desk, table = helpdesk.read(language), helpdesk.replies(language)
    parts = {split: table.frame[table.frame["split"] == split] for split in ("train", "validation", "test")}
    assert {split: len(part) / len(desk.questions) for split, part in parts.items()} == {
        "train": 6,
        "validation": 1,
        "test": 2,
    }
    assert all(set(part["target"]) == {row.answer for row in desk.questions} for part in parts.values())
    assert table.frame["source"].str.casefold().is_unique
    assert set(parts["test"]["source"]) <= {text for text, _place in desk.asked("test")}, (
        "searching may be measured on the same"
    )
    assert set(parts["test"]["kind"]) == {"phrasing"} and Counter(parts["train"]["kind"])["question"] == len(
        desk.questions
    )


def test_the_datasheet_states_what_the_files_hold() -> None:
    sheet = (HOME / "DATASHEET.md").read_text(encoding="utf-8")
    for language in helpdesk.LANGUAGES:
        desk = helpdesk.read(language)
        kinds = Counter(row["kind"] for row in rows(f"{language}-unanswered.jsonl"))
        numbers = (len(desk.questions), len(phrasings(desk)), sum(kinds.values()), *kinds.values())
        assert all(re.search(rf"\b{number:,}\b", sheet) for number in numbers), (language, numbers)
    assert all(topic in sheet for topic in helpdesk.TOPICS)
    assert (HOME / "GUIDELINE.md").stat().st_size > 2_000
