"""The recipe of the reader: questions made by rule, the tokens of their answers, a first stage that can be stopped."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core import bundled, models
from core.checkpoints.config import THRESHOLDS
from core.data.load import load
from core.tasks.answers import NOTHING, QUESTION_ANSWERING
from recipes import reader, ready_heads, spans
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


def test_a_window_marks_the_tokens_of_the_answer_and_one_that_is_cut_off_is_none() -> None:
    passage, tokenizer = " ".join(DOCUMENT), models.load_tokenizer("minilm")
    near, far = passage.index("two sisters"), passage.rindex("Olga Brandt") + 200
    asked = [Asked("Who bought it?", passage, near, near + 11), Asked("Who?", passage + passage, far, far + 20)]
    answered, cut = reader.windows([asked[0], asked[1]], tokenizer)
    assert tokenizer.decode(answered.ids[answered.first : answered.last + 1]) == "two sisters"
    assert (cut.first, cut.last) == (0, 0) and len(cut.ids) == reader.LENGTH
    none = reader.windows([Asked("Who?", passage, 0, 0)], tokenizer)[0]
    assert none.first == none.last == 0
    batch = reader.collate([answered, none])
    assert batch["input_ids"].shape == batch["attention_mask"].shape and batch["start_positions"].tolist()[1] == 0


@pytest.mark.training
def test_the_first_stage_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "documents", lambda home: [DOCUMENT])
    monkeypatch.setattr(spans, "synonyms", lambda home, vocabulary: SYNONYMS)
    monkeypatch.setattr(reader, "BATCH", 4)
    homes = tmp_path / "once", tmp_path / "twice"
    for home in homes:
        home.mkdir()
    reader.train(homes[0], 2, 0, 1e-4)
    for steps in (1, 2):
        reader.train(homes[1], steps, 0, 1e-4)
    once, twice = (load_file(home / "spans.safetensors") for home in homes)
    published = dict(reader.start().named_parameters())
    assert once and all(torch.allclose(one, twice[name], atol=1e-5) for name, one in once.items())
    assert any(not torch.equal(one, published[name]) for name, one in once.items())
    assert not any("word_embeddings" in name for name in once)


@pytest.mark.training
def test_the_second_stage_makes_a_ready_head_without_any_text_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(ready_heads.PLANS["answers"], epochs=1, batch_size=4, max_length=192, rank=2)
    dataset = load(plan.data, QUESTION_ANSWERING.layout)
    for split, rows in dataset.splits.items():
        dataset.splits[split] = rows.select(range(8))
    monkeypatch.setattr(ready_heads, "load", lambda *_: dataset)
    begin = {name: one.detach() + 0.01 for name, one in reader.start().named_parameters() if "qa_outputs" in name}
    report = ready_heads.train_head(plan, tmp_path / "out", tmp_path / "runs", begin)
    chosen, tested = report["chosen on validation"], report["saved, test"]
    assert isinstance(chosen, dict) and NOTHING in chosen[THRESHOLDS]
    assert isinstance(tested, dict) and tested["n"] == 8
    evaluation = (tmp_path / "out" / bundled.EVALUATION).read_text(encoding="utf-8")
    assert not any(text in evaluation for text in dataset.splits["test"]["text"])
    merged = bundled.merge(reader.start(), tmp_path / "out")
    trained = load_file(tmp_path / "runs" / "0.safetensors")
    head = merged.state_dict()["qa_outputs.weight"]
    torch.testing.assert_close(head, trained["qa_outputs.weight"], rtol=1e-2, atol=1e-3)


def test_every_stage_is_measured_in_the_same_way(tmp_path: Path) -> None:
    context = "The bridge was built by Ada Klein in 1931. It leads over the river Lem."
    answers = [{"text": "Ada Klein", "answer_start": context.index("Ada")}]
    questions = [{"id": "1", "question": "Who built the bridge?", "answers": answers}]
    squad = tmp_path / "squad.json"
    squad.write_text(json.dumps({"data": [{"paragraphs": [{"context": context, "qas": questions}]}]}))
    published = dict(reader.start().named_parameters())
    save_file({"qa_outputs.bias": published["qa_outputs.bias"].detach() + 1}, tmp_path / "spans.safetensors")
    begun, made, shipped = (
        reader.measure(str(weights), squad, 0)
        for weights in ("minilm", tmp_path / "spans.safetensors", "minilm-answers")
    )
    assert begun["n"] == made["n"] == shipped["n"] == 1
    assert isinstance(shipped["exact_match"], list) and shipped["exact_match"][0] == 1
