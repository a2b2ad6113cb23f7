"""Named entities: windows, learning, measure and answers, against hand-made numbers, nervaluate and transformers."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator
from transformers import AutoModelForTokenClassification, BertForTokenClassification, pipeline

from core import explain, models, predict
from core.data import tagging
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.data.tagging import Span
from core.errors import UserError
from core.families import FAMILIES
from core.finetune.train import train
from core.pretraining import IGNORED
from core.results import Evaluation, Event, RunConfig
from core.tasks import entity_scores, tags, windows
from core.tasks.base import read_detail
from core.tasks.tags import NAMED_ENTITIES, Entities, Entity, NamedEntities, Tagged
from tests.conftest import make_config, make_tokenizer
from tests.families import tiny_config

LAYOUT = LAYOUTS["words-tags"]
LABELS = ("O", "B-food", "I-food", "B-film", "I-film")


def nothing(done: int, total: int) -> None:
    return None


def dataset(folder: Path, *rows: tuple[str, str], whole: bool = True) -> TextDataset:
    """Texts with their tags."""
    path = folder / "data.jsonl"
    path.write_text("\n".join(json.dumps({"text": text, "tags": own}) for text, own in rows), encoding="utf-8")
    return load(str(path), LAYOUT, allow_path=True, whole=whole)


@pytest.fixture(scope="module")
def tiny_tagger() -> BertForTokenClassification:
    """A random tagger whose answers differ from word to word."""
    torch.manual_seed(1)
    config = make_config(id2label=dict(enumerate(LABELS)), label2id={label: i for i, label in enumerate(LABELS)})
    model = BertForTokenClassification(config)
    for part in model.modules():
        if isinstance(part, torch.nn.Linear):
            torch.nn.init.normal_(part.weight, std=0.3)
    return model.eval()


def goal(max_length: int = 64) -> NamedEntities:
    return NamedEntities(make_tokenizer(), LABELS, max_length)


# --- Windows -----------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from(["pizza", "walking", "walked", "电影", "a", ",", "\u200b"]), max_size=80),
    st.integers(4, 30),
)
def test_every_word_is_answered_exactly_once_at_its_first_piece(words: list[str], max_length: int) -> None:
    text = " ".join(words)
    spans = tagging.words(text)
    tokenizer = make_tokenizer()
    made = windows.cut(tokenizer, [text], [spans], max_length)
    answered = [int(word) for window in made.windows for word in window.words]
    assert sorted(answered) == list(range(len(spans)))
    for window in made.windows:
        ids = window.features["input_ids"]
        assert len(ids) <= max_length and (ids[0], ids[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
        assert set(window.features) == {"input_ids", "token_type_ids", "attention_mask"}
        for word, position in zip(window.words, window.positions, strict=True):
            start, end = spans[word]
            assert ids[position] == tokenizer(text[start:end], add_special_tokens=False)["input_ids"][0]


def test_a_short_text_is_one_window_as_the_tokenizer_makes_it() -> None:
    tokenizer = make_tokenizer()
    made = windows.cut(tokenizer, ["i love pizza"], [tagging.words("i love pizza")], 64)
    assert [window.features for window in made.windows] == [dict(tokenizer("i love pizza"))]


def test_the_window_with_most_around_a_word_answers_for_it() -> None:
    spans = [(0, 6), (4, 10), (8, 12)]
    chosen = windows._decide(np.arange(12), spans, 12)
    assert chosen.tolist() == [0] * 5 + [1] * 4 + [2] * 3


def test_a_word_without_a_token_of_its_own_goes_on_with_what_covers_it() -> None:
    first, owner = windows._match([(0, 2), (2, 3), (5, 6)], [(0, 1), (1, 2), (2, 3), (3, 4), (5, 6)])
    assert first.tolist() == [0, -1, 1, -1, 2]
    assert owner.tolist() == [0, 0, 2, -1, 4]
    probs = np.eye(5)[[1, 0, 0, 0, 3]]
    assert goal()._tags(probs, owner, ["a", "b", "c", "d", "e"]) == ["B-food", "I-food", "O", "O", "B-film"]


def test_a_pictograph_is_part_of_no_name() -> None:
    probs = np.eye(5)[[1, 2, 0]]
    assert goal()._tags(probs, np.arange(3), ["Porto", "🎉", "!"]) == ["B-food", "O", "O"]


def test_a_text_of_thousands_of_words_is_read_to_its_end(tiny_tagger: BertForTokenClassification) -> None:
    text = "i love pizza and coffee , " * 900
    (answer,) = goal().predict(tiny_tagger, {"text": [text]})
    assert not answer.truncated
    assert answer.entities and answer.entities[-1].end > len(text) * 0.98


# --- Learning ----------------------------------------------------------------------------------------------------------


def test_the_first_piece_of_a_word_has_its_label(tmp_path: Path) -> None:
    rows = goal().rows(_as_training(dataset(tmp_path, ("i love walking pizza", "O O B-food I-food"))), nothing)
    assert rows.features[0]["labels"] == [IGNORED, 0, 0, 1, IGNORED, 2, IGNORED]
    assert make_tokenizer().convert_ids_to_tokens(rows.features[0]["input_ids"])[3:5] == ["walk", "##ing"]
    assert not rows.truncated.any()


def _as_training(whole: TextDataset) -> TextDataset:
    """The same sentences as training, with all labels."""
    splits = type(whole.splits)(
        {"train": whole.splits["test"], "validation": whole.splits["test"], "test": whole.splits["test"]}
    )
    return TextDataset(whole.id, whole.layout, whole.columns, LABELS, splits, whole.report)


def test_a_long_sentence_is_learnt_word_for_word_in_windows(tmp_path: Path) -> None:
    words = ["pizza", "i", "love", "walking"] * 1250
    own = ["B-food", "O", "O", "O"] * 1250
    rows = goal(32).rows(_as_training(dataset(tmp_path, (" ".join(words), " ".join(own)))), nothing)
    labels = [label for row in rows.features for label in row["labels"] if label != IGNORED]
    assert len(labels) == 5000 and labels.count(1) == 1250
    assert max(rows.lengths) == 32


def test_the_loss_is_the_cross_entropy_of_first_pieces(tmp_path: Path, tiny_tagger: BertForTokenClassification) -> None:
    task = goal()
    pair = _as_training(dataset(tmp_path, ("i love walking pizza", "O O B-food I-food"), ("good film", "O B-film")))
    batch = task.collate(task.rows(pair, nothing).features, 0)
    assert batch["input_ids"].shape == batch["labels"].shape
    with torch.no_grad():
        assert task.loss(tiny_tagger, batch).item() == pytest.approx(tiny_tagger(**batch).loss.item(), abs=1e-5)


def test_a_tiny_model_learns_and_its_run_is_measured(tmp_path: Path, tiny_bert: Path) -> None:
    events: list[Event] = []
    rows = [("i love pizza", "O O B-food"), ("the film was good", "O B-film O O"), ("i hate coffee", "O O B-food")]
    content = [{"text": f"{text} {'very ' * i}", "tags": own + " O" * i} for i in range(14) for text, own in rows]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.jsonl").write_text("\n".join(map(json.dumps, content)))
    config = RunConfig(
        str(tiny_bert),
        "data/rows.jsonl",
        task="named-entities",
        epochs=30,
        batch_size=8,
        learning_rate=5e-3,
        evaluations=1,
    )
    report = train(config, tmp_path, events.append, lambda: False)
    assert set(report.evaluations) == {"test", "validation", "baseline"}
    measured = report.evaluations["test"]
    assert set(measured.metrics) == set(NAMED_ENTITIES.metrics)
    assert measured.metrics["entity_f1"].value > 0.9
    assert report.cut_share == 0
    losses = [float(str(event.values["loss"])) for event in events if event.kind == "step"]
    assert losses[-1] < losses[0] / 5
    predictor = predict.load(str(tmp_path / "model"), allow_path=True)
    assert predictor.task is NAMED_ENTITIES and predictor.labels == ("O", "B-film", "I-film", "B-food", "I-food")
    (answer,) = predict.predict(predictor, {"text": ["I love PIZZA!"]})
    assert isinstance(answer, Tagged)
    assert [(entity.text, entity.type) for entity in answer.entities] == [("PIZZA", "food")]
    find = pipeline("token-classification", str(tmp_path / "model"), aggregation_strategy="first")
    assert [entity["word"] for entity in find("I love PIZZA!")] == ["pizza"]


# --- Measuring ---------------------------------------------------------------------------------------------------------


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    """Spans in a sentence of 12 words."""
    result, place = list[Span](), 0
    for gap, size, kind in draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from(["food", "film"])), max_size=4)
    ):
        if place + gap + size <= 12:
            result.append(Span(place + gap, place + gap + size, kind))
            place += gap + size
    return result


@given(st.lists(st.tuples(spans(), spans()), min_size=1, max_size=8))
def test_scores_are_those_of_nervaluate(sentences: list[tuple[list[Span], list[Span]]]) -> None:
    gold, predicted = ([tagging.encode(pair[i], 12) for pair in sentences] for i in (0, 1))
    hits, found, support = np.array([entity_scores.hits_of(*pair) for pair in sentences]).sum(axis=0)
    strict = Evaluator(gold, predicted, tags=["food", "film"], loader="list").evaluate()
    assert hits / max(found, 1) == pytest.approx(strict["overall"]["strict"].precision)
    assert hits / max(support, 1) == pytest.approx(strict["overall"]["strict"].recall)
    assert 2 * hits / max(found + support, 1) == pytest.approx(strict["overall"]["strict"].f1)
    for score in entity_scores.by_type([a for a, _ in sentences], [b for _, b in sentences], ["food", "film"]):
        if score.support:
            assert score.recall == pytest.approx(strict["entities"][score.type]["strict"].recall)


@given(spans(), spans())
def test_every_mistake_has_one_kind(gold: list[Span], predicted: list[Span]) -> None:
    kinds = entity_scores.mistakes(gold, predicted)
    hits, found, support = entity_scores.hits_of(gold, predicted)
    paired = kinds["wrong_type"] + kinds["wrong_boundary"]
    assert hits + paired + kinds["missed"] == support
    assert hits + paired + kinds["invented"] == found


def test_the_kinds_of_mistakes_by_hand() -> None:
    gold = [Span(0, 2, "A"), Span(3, 4, "A"), Span(5, 7, "B"), Span(9, 10, "A")]
    predicted = [Span(0, 2, "B"), Span(5, 6, "B"), Span(8, 9, "A"), Span(9, 10, "A")]
    assert entity_scores.mistakes(gold, predicted) == {"wrong_type": 1, "wrong_boundary": 1, "missed": 1, "invented": 1}


def _evaluate(tmp_path: Path, model: BertForTokenClassification) -> tuple[Evaluation, TextDataset]:
    rows = [
        ("i love pizza and coffee", "O O B-food O B-food"),
        ("the great film", "O B-film I-film"),
        ("awful", "O"),
    ] * 4
    data = _as_training(dataset(tmp_path, *rows))
    evaluation = goal().measure(model, data, "test", nothing, live=False)
    assert evaluation is not None
    return evaluation, data


def test_the_measure_agrees_with_the_predictions(tmp_path: Path, tiny_tagger: BertForTokenClassification) -> None:
    evaluation, data = _evaluate(tmp_path, tiny_tagger)
    answers = goal().predict(tiny_tagger, {"text": data.splits["test"]["text"]})
    predicted = [tagging.decode(own) for own in _tags_of(answers)]
    gold = [tagging.decode(own) for own in data.splits["test"]["tags"]]
    hits, found, support = np.array([entity_scores.hits_of(*pair) for pair in zip(gold, predicted, strict=True)]).sum(
        axis=0
    )
    detail = read_detail(Entities, evaluation)
    assert (detail.entities, detail.predicted, detail.words) == (support, found, 36)
    assert evaluation.n == 12
    f1 = evaluation.metrics["entity_f1"]
    assert f1.value == pytest.approx(2 * hits / (found + support))
    assert f1.bounds[0] <= f1.value <= f1.bounds[1]
    assert all(example.gold != example.predicted for example in detail.examples)
    assert goal().samples(evaluation) == evaluation.detail["examples"][:5]  # type: ignore[index]


def _tags_of(answers: tuple[Tagged, ...]) -> list[list[str]]:
    blocks = tags.to_conll(answers).rstrip("\n").split("\n\n")
    return [[line.split("\t")[1] for line in block.split("\n")] for block in blocks]


def test_types_of_the_data_are_matched_by_name_and_others_refused(
    tmp_path: Path, tiny_tagger: BertForTokenClassification
) -> None:
    capital = dataset(tmp_path, ("i love pizza", "O O B-FOOD"), ("hate", "O"))
    evaluation = goal().measure(tiny_tagger, capital, "test", nothing, live=False)
    assert evaluation is not None and read_detail(Entities, evaluation).entities == 1
    other = dataset(tmp_path, ("i love pizza", "O O B-place"), ("hate", "O"))
    with pytest.raises(UserError, match=r"types of entities \(place\) are not the model's \(food, film\)"):
        goal().measure(tiny_tagger, other, "test", nothing, live=False)


@pytest.mark.parametrize(
    ("labels", "scheme"),
    [
        (("O", "B-food", "I-food"), "IOB2"),
        (("O", "I-food", "B-food"), "IOB2"),
        (("O", "I-food"), "IOB1"),
        (("O", "B-food", "I-food", "E-food", "S-food"), "BIOES"),
        (("food", "O"), "IO"),
    ],
)
def test_models_with_other_schemes_are_measured_and_answer(
    tmp_path: Path, labels: tuple[str, ...], scheme: str
) -> None:
    model = BertForTokenClassification(make_config(num_labels=len(labels))).eval()
    task = NamedEntities(make_tokenizer(), labels, 64)
    assert (task.scheme, task.types) == (scheme, ("food",))
    evaluation = task.measure(
        model, dataset(tmp_path, ("i love pizza", "O O B-food"), ("a", "O")), "test", nothing, live=False
    )
    assert evaluation is not None and evaluation.metrics["loss"].value > 0
    assert len(task.predict(model, {"text": ["i love pizza"]})) == 1


def test_a_model_that_tags_no_words_is_refused() -> None:
    config = make_config(id2label={0: "LABEL_0", 1: "LABEL_1"})
    with pytest.raises(UserError, match="does not tag words: its labels are LABEL_0, LABEL_1"):
        NamedEntities.labels_of("x", config)


# --- Answering ---------------------------------------------------------------------------------------------------------

TEXTS = [
    "I love pizza, great coffee and a BORING film!",
    "Zoé a mangé: pizza 🙂👩‍👩‍👧 café naïve film",
    "我爱电影,坏 pizza。我爱",
    "x",
    "a\u0301b \u200b good\tfilm\r\n\n pizza",
    "\ud800 pizza",
]


def test_entities_stand_where_they_say_in_the_original_text(tiny_tagger: BertForTokenClassification) -> None:
    answers = goal().predict(tiny_tagger, {"text": TEXTS})
    assert [answer.text for answer in answers] == TEXTS
    assert sum(len(answer.entities) for answer in answers) > 5
    for answer in answers:
        for entity in answer.entities:
            assert entity.text == answer.text[entity.start : entity.end] != ""
            assert 1 / len(LABELS) <= entity.confidence <= 1
        assert all(a.end <= b.start for a, b in pairwise(answer.entities))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_tag(family: str) -> None:
    config = tiny_config(family, num_labels=len(LABELS), **({"pad_token_id": 0} if family.endswith("roberta") else {}))
    model = AutoModelForTokenClassification.from_config(config).eval()
    length = FAMILIES[family].max_length(config)
    answers = goal(length).predict(model, {"text": ["i love pizza", "good film " * 60]})
    assert len(answers) == 2


def test_the_pipeline_finds_the_same_entities_in_plain_words(tiny_tagger: BertForTokenClassification) -> None:
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 64
    find = pipeline("token-classification", model=tiny_tagger, tokenizer=tokenizer, aggregation_strategy="first")
    texts = [
        "i love walking and good pizza, coffee!",
        "the boring film was great. i hate eating coffee",
        "我爱电影 very good",
    ]
    for text, answer in zip(texts, goal().predict(tiny_tagger, {"text": texts}), strict=True):
        theirs = [(row["start"], row["end"], row["entity_group"]) for row in find(text)]
        assert theirs == [(entity.start, entity.end, entity.type) for entity in answer.entities]
        scores = [float(row["score"]) for row in find(text)]
        assert scores == pytest.approx([entity.confidence for entity in answer.entities], abs=1e-4)


def test_the_pipeline_takes_the_parts_of_an_odd_word_one_by_one(tiny_tagger: BertForTokenClassification) -> None:
    """Where the tokenizer's words are not ours (an apostrophe or hyphen inside a word, a @handle), it may answer otherwise."""
    text = "pizza-film"
    assert tagging.words(text) == [(0, 10)]
    tokenizer = make_tokenizer()
    find = pipeline("token-classification", model=tiny_tagger, tokenizer=tokenizer, aggregation_strategy="first")
    (answer,) = goal().predict(tiny_tagger, {"text": [text]})
    assert all((entity.start, entity.end) == (0, 10) for entity in answer.entities)
    assert all(row["end"] - row["start"] <= 10 for row in find(text))


def test_predictions_as_table_json_and_conll() -> None:
    answers = (
        Tagged(
            {"text": "O'Neill met Zoë."},
            False,
            (Entity(0, 7, "PER", "O'Neill", 0.9), Entity(12, 15, "PER", "Zoë", 0.8)),
        ),
        Tagged({"text": "我爱北京"}, False, (Entity(2, 4, "LOC", "北京", 0.7),)),
        Tagged({"text": "no"}, False, ()),
    )
    assert (
        tags.to_conll(answers)
        == "O'Neill\tB-PER\nmet\tO\nZoë\tB-PER\n.\tO\n\n我\tO\n爱\tO\n北\tB-LOC\n京\tI-LOC\n\nno\tO\n"
    )
    rows = [json.loads(line) for line in tags.to_json(answers).splitlines()]
    assert rows[1] == {
        "text": "我爱北京",
        "entities": [{"start": 2, "end": 4, "type": "LOC", "text": "北京", "confidence": 0.7}],
    }
    frame = goal().frame(answers)
    assert list(frame.columns) == ["text", "entities"] and json.loads(frame["entities"][1]) == rows[1]["entities"]
    assert tags.entity_frame(answers)["entity"].tolist() == ["O'Neill", "Zoë", "北京"]
    assert tags.entity_frame(answers)["number"].tolist() == [1, 1, 2]


@pytest.mark.parametrize("write", [tags.to_json, tags.to_conll])
def test_what_was_predicted_can_be_read_as_data(tmp_path: Path, write: Callable[[tuple[Tagged, ...]], str]) -> None:
    answers = tuple(
        Tagged({"text": f"Zoë{i} met 北京."}, False, (Entity(0, 4, "PER", f"Zoë{i}", 0.9),)) for i in range(3)
    )
    path = tmp_path / ("data.jsonl" if write is tags.to_json else "data.conll")
    path.write_text(write(answers), encoding="utf-8")
    data = load(str(path), LAYOUT, allow_path=True, whole=True)
    assert data.splits["test"]["tags"] == [["B-PER", "O", "O", "O", "O"]] * 3


# --- Explaining --------------------------------------------------------------------------------------------------------


def test_the_words_that_made_an_entity(tiny_tagger: BertForTokenClassification) -> None:
    predictor = predict.Predictor("tiny", NAMED_ENTITIES, tiny_tagger, goal())
    assert set(explain.offered(NAMED_ENTITIES)) == {"tag-integrated-gradients", "tag-input-x-gradient"}
    text = "i love walking and pizza"
    result = explain.explain(predictor, text, label="B-food", at=19, method="tag-integrated-gradients", steps=100)
    assert [word.text for word in result.words] == text.split()
    with torch.no_grad():
        inputs = make_tokenizer()(text, return_tensors="pt")
        position = inputs["input_ids"][0].tolist().index(make_tokenizer().convert_tokens_to_ids("pizza"))
        chance = tiny_tagger(**inputs).logits[0, position].softmax(-1)[1]
        masked = inputs["input_ids"].clone()
        masked[0, 1:-1] = make_tokenizer().mask_token_id
        base = tiny_tagger(**{**inputs, "input_ids": masked}).logits[0, position].softmax(-1)[1]
    assert result.expected == pytest.approx(float(chance - base), abs=1e-4)
    assert result.completeness_error == pytest.approx(0, abs=0.05)
    by_gradient = explain.explain(predictor, text, at=19, method="tag-input-x-gradient")
    assert by_gradient.label in LABELS
    with pytest.raises(UserError, match="does not read character 90"):
        explain.explain(predictor, text, at=90, method="tag-input-x-gradient")


# --- The row -----------------------------------------------------------------------------------------------------------


def test_the_example_rows_load(tmp_path: Path) -> None:
    path = tmp_path / "example.csv"
    NAMED_ENTITIES.example().frame.to_csv(path, index=False)
    data = load(str(path), LAYOUT, allow_path=True)
    assert data.label_names == ("O", "B-person", "I-person", "B-place", "I-place")
    assert data.report.label_counts == {"person": 7, "place": 7}
    assert data.columns == {"words": "text", "tags": "tags"}


def test_a_new_head_is_made_for_the_tags(tiny_bert: Path) -> None:
    model = models.load(str(tiny_bert), "tagger", labels=LABELS, allow_path=True)
    assert isinstance(model, BertForTokenClassification) and models.labels(model.config) == LABELS
    with pytest.raises(UserError, match="tags no words"):
        models.load(str(tiny_bert), "tagger", allow_path=True)
