"""The recipe of the reader: questions made by rule, windows that hold the answer, SQuAD's measures."""

import json
from pathlib import Path

import numpy as np
import pytest

from core import models
from recipes import reader, spans
from recipes.spans import Asked

DOCUMENT = [
    "The old mill at Brenford was bought in March 1987 by two sisters from Leeds, who baked bread there for eleven years.",
    "In winter the river rose above the lower windows, and the sisters carried the flour to the attic.",
    "A letter found in the attic says that the sisters sold the mill to a painter called Olga Brandt.",
    "Olga Brandt painted the river more than 300 times, but she never showed a picture in Leeds.",
]
SYNONYMS = {"bread": ("loaf",), "painter": ("artist",)}


def test_what_can_be_asked_for_is_told_by_kind() -> None:
    found = {kind: [DOCUMENT[0][start:end] for start, end in spans.spans(DOCUMENT[0], kind)] for kind in spans.KINDS}
    assert found["date"] == ["March 1987"] and "eleven" in found["number"]
    assert found["name"] == ["Brenford", "Leeds"], "neither the first word nor a month"
    assert "old mill" in found["phrase"]


@pytest.mark.parametrize(
    ("span", "kind", "words"),
    [("March 1987", "date", {"when", "what"}), ("Brenford", "name", {"where", "what"}), ("eleven", "number", {"how"})],
)
def test_a_question_word_stands_for_the_span_and_the_rest_is_from_the_sentence(
    span: str, kind: str, words: set[str]
) -> None:
    start = DOCUMENT[0].index(span)
    for seed in range(20):
        asked = spans.ask(DOCUMENT[0], start, start + len(span), kind, SYNONYMS, np.random.default_rng(seed))
        assert span not in asked and asked.endswith("?")
        assert words & set(asked.rstrip("?").split()) or (kind == "number" and "what number of" in asked)


def test_an_answer_is_where_the_question_says_and_a_recurring_span_is_asked_for_with_another_sentence() -> None:
    questions, rng = spans.Questions([DOCUMENT], SYNONYMS), np.random.default_rng(0)
    drawn = [questions.draw(rng) for _ in range(200)]
    answered = {one.passage[one.start : one.end] for one in drawn if one.end}
    assert {"Leeds", "Olga Brandt"} < answered and "" not in answered
    assert any(not one.end for one in drawn)
    assert [questions.draw(np.random.default_rng(5)) for _ in range(2)] == [
        questions.draw(np.random.default_rng(5))
    ] * 2
    for one in drawn:
        assert " ".join(DOCUMENT).find(one.passage) >= 0, "a passage is running text"


def test_a_window_marks_the_tokens_of_the_answer_and_one_without_it_marks_the_first() -> None:
    passage = " ".join(DOCUMENT)
    start = passage.index("Olga Brandt")
    tokenizer = models.load_tokenizer("minilm")
    rows = reader.windows([Asked("Who bought the mill?", passage, start, start + 11)], tokenizer, 48, 12)
    assert len(rows) > 1 and {row.question for row in rows} == {0}
    marked = [row for row in rows if row.first]
    for row in marked:
        assert passage[row.places[row.first][0] : row.places[row.last][1]] == "Olga Brandt"
    assert marked and any(row.first == row.last == 0 for row in rows)
    batch = reader.collate(rows)
    assert batch["input_ids"].shape == batch["attention_mask"].shape and len(batch["start_positions"]) == len(rows)


def test_answers_are_compared_as_squad_does() -> None:
    assert reader.normal("The  Broncos!") == ["broncos"]
    assert reader.f1("the Denver Broncos", "Broncos") == pytest.approx(2 / 3)
    assert reader.f1("", "Broncos") == 0 and reader.f1("a", "the") == 1


def test_written_questions_are_read_by_split_with_their_first_answer(tmp_path: Path) -> None:
    row = {"context": "Two mice sat.", "split": "train", "questions": [
        {"question": "How many?", "answers": ["Two", "Two mice"], "starts": [0, 0]},
        {"question": "Where?", "answers": [], "starts": []},
    ]}  # fmt: skip
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row) + "\n" + json.dumps(row | {"split": "test"}))
    assert reader.read_questions(file, "train") == [
        Asked("How many?", "Two mice sat.", 0, 3),
        Asked("Where?", "Two mice sat.", 0, 0),
    ]
