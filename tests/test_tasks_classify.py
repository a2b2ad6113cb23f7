"""core.tasks.classify: answers in the order of the questions, whatever the batch; measures worked out by hand."""

import math
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn
from torch.nn import functional
from transformers import BertForSequenceClassification

from core import predict
from core.data.load import load
from core.errors import UserError
from core.predict import Predictor
from core.results import Evaluation
from core.tasks import class_scores, classify
from core.tasks.base import read_detail
from core.tasks.class_scores import Classes
from core.tasks.classify import Classification
from core.tasks.labels import match_labels
from tests.classifier import TEXTS, answers, dataset_of, direct, in_batches_of
from tests.conftest import make_config, make_tokenizer
from tests.training import silent


@pytest.fixture(scope="module")
def predictor(tiny_classifier: Path) -> Predictor:
    return predict.load(str(tiny_classifier), allow_path=True)


def measured(labels: Sequence[str], true: np.ndarray, probs: np.ndarray, columns: dict[str, list[str]]) -> Evaluation:
    return class_scores.measure("text-classification", labels, true, probs, columns)


# --- Which models ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"num_labels": 3, "problem_type": "multi_label_classification"},
    ],
)
def test_a_model_that_does_not_choose_one_label_is_refused(tmp_path: Path, options: dict[str, object]) -> None:
    BertForSequenceClassification(make_config(**options)).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(UserError, match="scores each label by itself"):
        predict.load(str(tmp_path), "text-classification", allow_path=True)


def test_two_labels_of_one_name_are_refused(tmp_path: Path) -> None:
    config = make_config(id2label={0: "same", 1: "same"}, label2id={"same": 0})
    BertForSequenceClassification(config).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(UserError, match="gives the name 'same' to two labels"):
        predict.load(str(tmp_path), allow_path=True)


# --- Answering ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 2, 4, 100])
def test_answers_come_in_the_order_given_and_do_not_depend_on_the_batch(predictor: Predictor, batch_size: int) -> None:
    probs = classify.probabilities(
        predictor.model, predictor.tokenizer, {"text": TEXTS}, predictor.max_length, batch_size=batch_size
    )
    assert probs.shape == (6, 2) and probs.dtype == np.float64
    np.testing.assert_allclose(probs, [direct(predictor, text) for text in TEXTS], atol=1e-6)
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    assert len({round(row[0], 6) for row in probs}) == 6, "the texts must be told apart for the order to be tested"


def test_a_model_gone_astray_is_named(tiny_classifier: Path) -> None:
    predictor = predict.load(str(tiny_classifier), allow_path=True)
    with torch.no_grad():
        predictor.model.classifier.weight[0, 0] = math.nan
    with pytest.raises(UserError, match="not numbers"):
        predict.predict(predictor, {"text": ["good"]})


def test_many_threads_share_one_predictor(predictor: Predictor) -> None:
    expected = classify.probabilities(predictor.model, predictor.tokenizer, {"text": TEXTS}, 64)
    wrong: list[str] = []

    def work() -> None:
        for _ in range(5):
            found = classify.probabilities(predictor.model, predictor.tokenizer, {"text": TEXTS}, 64)
            if not np.allclose(found, expected, atol=1e-6):
                wrong.append("different")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_autocast_is_near_but_not_the_same(predictor: Predictor) -> None:
    exact = classify.probabilities(predictor.model, predictor.tokenizer, {"text": TEXTS}, 64)
    rough = classify.probabilities(predictor.model, predictor.tokenizer, {"text": TEXTS}, 64, autocast=True)
    assert 0 < np.abs(exact - rough).max() < 0.02


def test_a_model_in_training_is_measured_without_dropout_and_put_back(tiny_classifier: Path) -> None:
    predictor = predict.load(str(tiny_classifier), allow_path=True)
    expected = [direct(predictor, text) for text in TEXTS]
    predictor.model.train()
    probs = classify.probabilities(predictor.model, predictor.tokenizer, {"text": TEXTS}, 64)
    np.testing.assert_allclose(probs, expected, atol=1e-6)
    assert predictor.model.training
    assert all(parameter.grad is None for parameter in predictor.model.parameters())


def test_pairs_are_read_as_pairs(predictor: Predictor) -> None:
    pairs = list(reversed(TEXTS))
    found = answers(in_batches_of(predictor, 3), {"text": TEXTS, "pair": pairs})
    for prediction, text, pair in zip(found, TEXTS, pairs, strict=True):
        assert (prediction.text, prediction.pair) == (text, pair)
        np.testing.assert_allclose(list(prediction.probabilities.values()), direct(predictor, text, pair), atol=1e-6)


def test_a_prediction_names_the_best_label(predictor: Predictor) -> None:
    (prediction,) = answers(predictor, {"text": ["i love pizza"]})
    assert list(prediction.probabilities) == ["bad", "good"]
    assert prediction.label == max(prediction.probabilities, key=lambda label: prediction.probabilities[label])
    assert prediction.probability == prediction.probabilities[prediction.label] >= 0.5
    assert sum(prediction.probabilities.values()) == pytest.approx(1)
    assert prediction.pair == "" and not prediction.truncated


def test_answers_as_a_table(predictor: Predictor) -> None:
    frame = predictor.goal.frame(answers(predictor, {"text": TEXTS}))
    assert list(frame) == ["text", "label", "probability", "margin", "cut", "probability of bad", "probability of good"]
    assert list(frame["text"]) == TEXTS
    np.testing.assert_allclose(frame[["probability of bad", "probability of good"]].sum(axis=1), 1)
    pairs = predictor.goal.frame(answers(predictor, {"text": ["a"], "pair": ["b"]}))
    assert list(pairs)[:2] == ["text", "pair"]
    assert len(predictor.goal.frame(())) == 0


# --- Loss --------------------------------------------------------------------------------------------------------------


def test_a_classifiers_loss_is_transformers_own() -> None:
    torch.manual_seed(0)
    model = BertForSequenceClassification(make_config(num_labels=3)).eval()
    dataset = load("article-example", classify.TEXT.layout)
    goal = Classification(make_tokenizer(), dataset.label_names, 16)
    rows = goal.rows(dataset, silent)
    batch = goal.collate(rows.features, 0)
    with torch.no_grad():
        logits, expected = model(**batch).logits, float(model(**batch).loss)
        assert float(goal.loss(model, batch)) == pytest.approx(expected, rel=1e-6)
        weights = torch.tensor([1.0, 2.0, 3.0])
        weighted = functional.cross_entropy(logits, batch["labels"], weight=weights)
        assert float(goal.loss(model, batch, weights)) == pytest.approx(float(weighted), rel=1e-6)


# --- Measuring ---------------------------------------------------------------------------------------------------------


def three_classes() -> tuple[np.ndarray, np.ndarray]:
    true = np.array([0, 0, 0, 1, 1, 0])
    probs = np.array(
        [[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.9, 0.0], [0.45, 0.35, 0.2], [0.5, 0.3, 0.2]]
    )
    return true, probs


def test_a_measure_by_hand() -> None:
    true, probs = three_classes()
    found = measured(("a", "b", "c"), true, probs, {"text": list("uvwxyz")})
    # predicted: a a b b a a; right: 1 1 0 1 0 1
    detail = read_detail(Classes, found)
    assert found.task == "text-classification" and found.n == 6 and detail.labels == ("a", "b", "c")
    assert found.metrics["accuracy"].value == pytest.approx(4 / 6)
    assert detail.confusion == ((3, 1, 0), (1, 1, 0), (0, 0, 0))
    a, b, c = detail.classes
    assert (a.label, a.precision, a.recall, a.f1, a.support) == ("a", 0.75, 0.75, 0.75, 4)
    assert (b.precision, b.recall, b.f1, b.support) == (0.5, 0.5, 0.5, 2)
    assert (c.precision, c.recall, c.f1, c.support) == (0, 0, 0, 0)
    assert found.metrics["macro_f1"].value == pytest.approx((0.75 + 0.5) / 2), "c neither occurs nor is predicted"
    assert detail.majority == pytest.approx(4 / 6)
    assert found.metrics["loss"].value == pytest.approx(-sum(map(math.log, (0.8, 0.6, 0.2, 0.9, 0.35, 0.5))) / 6)
    assert [(m.text, m.true, m.predicted, m.confidence) for m in detail.mistakes] == [
        ("w", "a", "b", 0.7),
        ("y", "b", "a", 0.45),
    ]


@pytest.mark.parametrize("classes", [2, 5, 40])
def test_measures_equal_scikit_learns(classes: int) -> None:
    rng = np.random.default_rng(classes)
    true = rng.integers(0, classes, 300)
    probs = rng.dirichlet(np.ones(classes), 300)
    probs[np.arange(300), true] += 0.5 / classes
    probs /= probs.sum(axis=1, keepdims=True)
    labels = tuple(f"label {i}" for i in range(classes))
    found = measured(labels, true, probs, {"text": ["t"] * 300})
    predicted = probs.argmax(axis=1)
    assert found.metrics["accuracy"].value == pytest.approx(sklearn.accuracy_score(true, predicted))
    assert found.metrics["macro_f1"].value == pytest.approx(sklearn.f1_score(true, predicted, average="macro"))
    assert found.metrics["loss"].value == pytest.approx(sklearn.log_loss(true, probs, labels=range(classes)))
    for name in ("macro_f1", "accuracy"):
        low, high = found.metrics[name].bounds
        assert low < found.metrics[name].value < high
    assert sum(count for _, _, count in read_detail(Classes, found).reliability) == 300


def test_the_f1_interval_is_a_bootstrap_over_examples() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 200)
    predicted = np.where(rng.random(200) < 0.7, true, rng.integers(0, 3, 200))
    found = measured(("a", "b", "c"), true, np.eye(3)[predicted], {"text": ["t"] * 200}).metrics["macro_f1"]
    scores = []
    for _ in range(400):
        chosen = rng.integers(0, 200, 200)
        scores.append(sklearn.f1_score(true[chosen], predicted[chosen], average="macro"))
    low, high = np.quantile(scores, (0.025, 0.975))
    assert found.low == pytest.approx(low, abs=0.015)
    assert found.high == pytest.approx(high, abs=0.015)


def test_measuring_twice_gives_the_same() -> None:
    true, probs = three_classes()
    columns = {"text": list("uvwxyz")}
    assert measured(("a", "b", "c"), true, probs, columns) == measured(("a", "b", "c"), true, probs, columns)


def test_one_example_can_be_measured_and_none_cannot() -> None:
    found = measured(("a", "b"), np.array([1]), np.array([[0.2, 0.8]]), {"text": ["x"]})
    assert found.metrics["accuracy"].value == 1 and found.metrics["accuracy"].low == pytest.approx(1 / 4.841459)
    assert found.metrics["macro_f1"].value == 1
    with pytest.raises(UserError, match="no examples"):
        measured(("a", "b"), np.array([], dtype=int), np.zeros((0, 2)), {"text": []})


def test_a_certain_mistake_has_a_finite_loss() -> None:
    found = measured(("a", "b"), np.array([1]), np.array([[1.0, 0.0]]), {"text": ["x"]})
    assert found.metrics["loss"].value == pytest.approx(-math.log(np.finfo(float).eps))


def test_at_most_twenty_mistakes_the_surest_first_and_shortened() -> None:
    confidence = np.linspace(0.51, 0.99, 30)
    probs = np.stack([confidence, 1 - confidence], axis=1)
    texts = [f"{i} " + "x" * 5000 for i in range(30)]
    found = measured(("a", "b"), np.ones(30, dtype=int), probs, {"text": texts, "pair": texts})
    mistakes = read_detail(Classes, found).mistakes
    assert [int(mistake.text.split()[0]) for mistake in mistakes] == list(range(29, 9, -1))
    assert all(len(mistake.text) == len(mistake.pair) == 1000 and mistake.text.endswith("…") for mistake in mistakes)


# --- Evaluating --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "data", "expected"),
    [
        (("bad", "good"), ("bad", "good"), (0, 1)),
        (("bad", "good"), ("good", "bad"), (1, 0)),
        (("Bad", "GOOD"), ("good", " bad"), (1, 0)),
        (("a", "A"), ("A", "a"), (1, 0)),
        (("bad", "good"), ("Bad", "bad ", "good"), (0, 0, 1)),
        (("1", "2"), ("1.0", "1", "2"), (0, 0, 1)),
        (("bad", "good", "fair"), ("good",), (1,)),
        (("LABEL_0", "LABEL_1"), ("bad", "good"), (0, 1)),
        (("LABEL_0", "LABEL_1"), ("1", "0"), (1, 0)),
        (("negative", "positive"), ("0", "1"), (0, 1)),
        (("negative", "positive"), ("1.0", "0.0"), (1, 0)),
        (("0", "1"), ("LABEL_1", "LABEL_0"), (1, 0)),
        (("1", "2", "3"), ("3", "1"), (2, 0)),
        (("false", "true"), ("TRUE", "FALSE"), (1, 0)),
    ],
)
def test_labels_of_data_and_model_are_matched(
    model: tuple[str, ...], data: tuple[str, ...], expected: tuple[int, ...]
) -> None:
    assert match_labels(model, data) == expected


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (("bad", "good"), ("bad", "fine")),
        (("bad", "good"), ("1", "2")),
        (("1", "2", "3"), ("0", "1", "2")),
        (("LABEL_0", "LABEL_1"), ("a", "b", "c")),
        (("LABEL_0", "LABEL_1", "LABEL_2"), ("a", "b")),
        (("a", "A"), ("Ab", "a")),
        (("bad", "good"), ("1.05", "0")),
    ],
)
def test_labels_that_do_not_match_are_both_named(model: tuple[str, ...], data: tuple[str, ...]) -> None:
    with pytest.raises(UserError) as error:
        match_labels(model, data)
    for label in (*model, *data):
        assert label in str(error.value)


def test_evaluate_measures_a_split_in_the_models_order(predictor: Predictor) -> None:
    expected = np.array([direct(predictor, text) for text in TEXTS])
    truth = [0, 1, 1, 0, 1, 0]  # of ("Good", "Bad")
    found = predict.evaluate(predictor, dataset_of(("Good", "Bad"), list(zip(TEXTS, truth, strict=True))))
    assert read_detail(Classes, found).labels == ("bad", "good")
    swapped = 1 - np.array(truth)
    assert found.metrics["accuracy"].value == pytest.approx((expected.argmax(axis=1) == swapped).mean())
    assert found.metrics["loss"].value == pytest.approx(-np.log(expected[np.arange(6), swapped]).mean(), abs=1e-6)
    assert [score.support for score in read_detail(Classes, found).classes] == [3, 3]


def test_evaluate_reads_pairs(predictor: Predictor) -> None:
    pairs = list(reversed(TEXTS))
    dataset = dataset_of(("bad", "good"), [(text, 1) for text in TEXTS], pair=pairs)
    found = predict.evaluate(predictor, dataset)
    expected = [-math.log(direct(predictor, text, pair)[1]) for text, pair in zip(TEXTS, pairs, strict=True)]
    assert found.metrics["loss"].value == pytest.approx(np.mean(expected), abs=1e-6)


def test_evaluate_refuses_other_labels(predictor: Predictor) -> None:
    with pytest.raises(UserError, match=r"\(spam, ham\) are not the model's \(bad, good\)"):
        predict.evaluate(predictor, dataset_of(("spam", "ham"), [("good", 1)]))
