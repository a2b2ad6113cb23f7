"""core.predict: answers in the order of the questions, whatever the batch; measures worked out by hand."""

import math
import threading
from collections.abc import Sequence
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from sklearn import metrics
from transformers import BertForSequenceClassification

from core import models, predict, tokens
from core.data import TextDataset
from core.errors import Cancelled, UserError
from core.predict import Predictor
from core.results import DataReport
from tests.conftest import make_config, make_tokenizer

TEXTS = [
    "i love pizza",
    "the film was not good and the plot was boring , very boring .",
    "我爱电影",
    "good",
    "an awful film , a great actor and a bad plot " * 3,
    "i hate coffee !",
]


@pytest.fixture(scope="module")
def predictor(tiny_classifier: Path) -> Predictor:
    return predict.load(str(tiny_classifier), allow_path=True)


def direct(predictor: Predictor, text: str, pair: str | None = None) -> np.ndarray:
    """The probabilities of one text by transformers alone."""
    batch = predictor.tokenizer(text, pair, truncation=True, max_length=predictor.max_length, return_tensors="pt")
    with torch.inference_mode():
        return predictor.model(**batch).logits.double().softmax(-1)[0].numpy()


def dataset_of(labels: tuple[str, ...], rows: Sequence[tuple[str, int]], **more: Sequence[str]) -> TextDataset:
    split = datasets.Dataset.from_dict(
        {"text": [text for text, _ in rows], "label": [label for _, label in rows], **more}
    )
    task = "pair-classification" if "pair" in more else "text-classification"
    report = DataReport(len(rows), (), {}, {})
    return TextDataset("mine", task, {}, labels, datasets.DatasetDict({"test": split}), report)


# --- Loading -----------------------------------------------------------------------------------------------------------


def test_load_gives_the_models_labels_and_true_length(predictor: Predictor) -> None:
    assert predictor.labels == ("bad", "good")
    assert predictor.max_length == 64
    assert not predictor.model.training


def test_a_run_is_loaded_by_its_name_and_by_its_folder(tiny_classifier: Path, studio_home: Path) -> None:
    run = studio_home / "runs" / "20250102-030405-0a1b2c"
    run.mkdir(parents=True)
    (run / "model").symlink_to(tiny_classifier)
    for predictor in (predict.load("run:20250102-030405-0a1b2c"), predict.load(str(run), allow_path=True)):
        assert predictor.labels == ("bad", "good")


def test_a_path_needs_permission(tiny_classifier: Path) -> None:
    with pytest.raises(UserError, match="is not a model name"):
        predict.load(str(tiny_classifier))


def test_an_encoder_without_a_classifier_is_refused() -> None:
    with pytest.raises(UserError, match="has no classifier"):
        predict.load("minilm")


@pytest.mark.parametrize(
    "options",
    [
        {"num_labels": 1},
        {"num_labels": 3, "problem_type": "multi_label_classification"},
    ],
)
def test_a_model_that_does_not_choose_one_label_is_refused(tmp_path: Path, options: dict[str, object]) -> None:
    BertForSequenceClassification(make_config(**options)).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(UserError, match="does not choose one label"):
        predict.load(str(tmp_path), allow_path=True)


def test_two_labels_of_one_name_are_refused(tmp_path: Path) -> None:
    config = make_config(id2label={0: "same", 1: "same"}, label2id={"same": 0})
    BertForSequenceClassification(config).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(UserError, match="two labels of the same name: same, same"):
        predict.load(str(tmp_path), allow_path=True)


# --- Predicting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 2, 4, 100])
def test_answers_come_in_the_order_given_and_do_not_depend_on_the_batch(predictor: Predictor, batch_size: int) -> None:
    probs = predict.probabilities(
        predictor.model, predictor.tokenizer, {"text": TEXTS}, predictor.max_length, batch_size=batch_size
    )
    assert probs.shape == (6, 2) and probs.dtype == np.float64
    np.testing.assert_allclose(probs, [direct(predictor, text) for text in TEXTS], atol=1e-6)
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    assert len({round(row[0], 6) for row in probs}) == 6, "the texts must be told apart for the order to be tested"


def test_pairs_are_read_as_pairs(predictor: Predictor) -> None:
    pairs = list(reversed(TEXTS))
    found = predict.predict(predictor, TEXTS, pairs, batch_size=3)
    for prediction, text, pair in zip(found, TEXTS, pairs, strict=True):
        assert (prediction.text, prediction.pair) == (text, pair)
        np.testing.assert_allclose(list(prediction.probabilities.values()), direct(predictor, text, pair), atol=1e-6)


def test_a_prediction_names_the_best_label(predictor: Predictor) -> None:
    (prediction,) = predict.predict(predictor, ["i love pizza"])
    assert list(prediction.probabilities) == ["bad", "good"]
    assert prediction.label == max(prediction.probabilities, key=lambda label: prediction.probabilities[label])
    assert prediction.probability == prediction.probabilities[prediction.label] >= 0.5
    assert sum(prediction.probabilities.values()) == pytest.approx(1)
    assert prediction.pair == "" and not prediction.cut


def test_cut_says_exactly_when_the_end_was_not_read(predictor: Predictor) -> None:
    fits = " ".join(["good"] * 62)  # and [CLS] and [SEP]
    whole, cut, longer = predict.predict(predictor, [fits, fits + " good", fits + " bad" * 30])
    assert (whole.cut, cut.cut, longer.cut) == (False, True, True)
    assert cut.probabilities == pytest.approx(whole.probabilities)
    assert longer.probabilities == pytest.approx(whole.probabilities)
    (pair,) = predict.predict(predictor, ["good " * 40], ["bad " * 40])
    assert pair.cut


@pytest.mark.parametrize(
    "text",
    ["the film was good " * 6000, "x" * 100_000, "我" * 100_000, " " * 99_999 + "good", "good \x00\x07" * 12_000],
)
def test_a_hundred_thousand_characters_are_read_as_their_beginning(predictor: Predictor, text: str) -> None:
    (alone,) = predict.predict(predictor, [text])
    np.testing.assert_allclose(list(alone.probabilities.values()), direct(predictor, text), atol=1e-6)
    (pair,) = predict.predict(predictor, [text], [text])
    assert sum(pair.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize("max_length", [16, 64, 512])
@pytest.mark.parametrize("unit", ["the film was surprisingly good, unbelievable! ", "我爱电影", "a b,", "abcdefgh"])
def test_a_shortened_text_begins_with_the_same_tokens(unit: str, max_length: int) -> None:
    tokenizer = models.load_tokenizer("minilm")
    text = unit * (40_000 // len(unit))
    short = tokens.shorten(tokenizer, text, max_length)
    assert text.startswith(short)
    own = tokenizer(text, truncation=True, max_length=max_length)["input_ids"]
    assert tokenizer(short, truncation=True, max_length=max_length)["input_ids"] == own
    assert len(short) < len(text) or len(own) < max_length


@pytest.mark.parametrize(
    "text", ["🙂", "שלום", "\x00\x01", "</script><b>", "\u200b", "half \ud83d a character", "\u202eabc", "=1+1"]
)
def test_any_text_gets_an_answer(predictor: Predictor, text: str) -> None:
    (prediction,) = predict.predict(predictor, [text])
    assert prediction.text == text
    assert prediction.label in predictor.labels


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_an_empty_text_is_refused(predictor: Predictor, text: str) -> None:
    with pytest.raises(UserError, match="the text is empty"):
        predict.predict(predictor, [text])
    with pytest.raises(UserError, match="text 2 is empty"):
        predict.predict(predictor, ["good", text])
    with pytest.raises(UserError, match="the second text is empty"):
        predict.predict(predictor, ["good"], [text])


def test_no_texts_give_no_predictions(predictor: Predictor) -> None:
    assert predict.predict(predictor, []) == ()


def test_texts_and_pairs_must_be_as_many(predictor: Predictor) -> None:
    with pytest.raises(ValueError, match="2 texts and 1 pairs"):
        predict.predict(predictor, ["a", "b"], ["c"])


def test_report_counts_to_the_end_and_may_cancel(predictor: Predictor) -> None:
    seen: list[tuple[int, int]] = []
    predict.predict(predictor, TEXTS, batch_size=4, report=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 6), (4, 6), (6, 6)]

    def stop(done: int, total: int) -> None:
        if done >= 2:
            raise Cancelled

    calls = []
    hook = predictor.model.register_forward_hook(lambda *_: calls.append(1))
    try:
        with pytest.raises(Cancelled):
            predict.predict(predictor, TEXTS, batch_size=2, report=stop)
    finally:
        hook.remove()
    assert len(calls) == 1, "nothing is computed after the cancel"


def test_long_rows_go_in_smaller_batches(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "TOKENS_PER_BATCH", 128)
    sizes: list[tuple[int, ...]] = []
    hook = predictor.model.get_input_embeddings().register_forward_hook(
        lambda _, inputs, __: sizes.append(tuple(inputs[0].shape))
    )
    try:
        predict.predict(predictor, ["good " * 62] * 3 + ["good"] * 3, batch_size=100)
    finally:
        hook.remove()
    assert sizes == [(2, 64), (2, 64), (2, 3)]


def test_a_model_in_training_is_measured_without_dropout_and_put_back(tiny_classifier: Path) -> None:
    predictor = predict.load(str(tiny_classifier), allow_path=True)
    expected = [direct(predictor, text) for text in TEXTS]
    predictor.model.train()
    probs = predict.probabilities(predictor.model, predictor.tokenizer, {"text": TEXTS}, 64)
    np.testing.assert_allclose(probs, expected, atol=1e-6)
    assert predictor.model.training
    assert all(parameter.grad is None for parameter in predictor.model.parameters())


def test_autocast_is_near_but_not_the_same(predictor: Predictor) -> None:
    exact = predict.probabilities(predictor.model, predictor.tokenizer, {"text": TEXTS}, 64)
    rough = predict.probabilities(predictor.model, predictor.tokenizer, {"text": TEXTS}, 64, autocast=True)
    assert 0 < np.abs(exact - rough).max() < 0.02


def test_a_model_gone_astray_is_named(tiny_classifier: Path) -> None:
    predictor = predict.load(str(tiny_classifier), allow_path=True)
    with torch.no_grad():
        predictor.model.classifier.weight[0, 0] = math.nan
    with pytest.raises(UserError, match="not numbers"):
        predict.predict(predictor, ["good"])


def test_many_threads_share_one_predictor(predictor: Predictor) -> None:
    expected = predict.probabilities(predictor.model, predictor.tokenizer, {"text": TEXTS}, 64)
    wrong: list[str] = []

    def work() -> None:
        for _ in range(5):
            found = predict.probabilities(predictor.model, predictor.tokenizer, {"text": TEXTS}, 64)
            if not np.allclose(found, expected, atol=1e-6):
                wrong.append("different")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# --- Measuring ---------------------------------------------------------------------------------------------------------


def test_wilson_interval_by_hand() -> None:
    # 8 of 10, z² = 3.8415: centre (0.8 + 0.19207) / 1.38415 = 0.71674;
    # half 1.95996 / 1.38415 · √(0.016 + 0.0096036) = 0.22658
    interval = predict.wilson(8, 10)
    assert interval.value == 0.8
    assert interval.low == pytest.approx(0.49016, abs=1e-5)
    assert interval.high == pytest.approx(0.94332, abs=1e-5)


def test_wilson_interval_of_all_and_none() -> None:
    # n of n: from n / (n + z²) to 1
    assert predict.wilson(10, 10).low == pytest.approx(10 / 13.841459)
    assert predict.wilson(10, 10).high == pytest.approx(1)
    assert predict.wilson(0, 10).low == pytest.approx(0)
    assert predict.wilson(0, 10).high == pytest.approx(3.841459 / 13.841459)


def test_calibration_by_hand() -> None:
    # bins of 1/15: 0.61 and 0.65 fall in (0.6, 0.667], 0.95 in (0.933, 1], 1.0 with it
    confidence = np.array([0.61, 0.65, 0.95, 1.0])
    right = np.array([True, False, True, True])
    error, bins = predict.calibration(confidence, right)
    assert bins == (
        (pytest.approx(0.63), 0.5, 2),
        (pytest.approx(0.975), 1.0, 2),
    )
    assert error == pytest.approx(0.5 * 0.13 + 0.5 * 0.025)


def test_calibration_puts_a_bound_into_the_bin_below() -> None:
    _, bins = predict.calibration(np.array([9 / 15, 9 / 15 + 1e-9]), np.array([True, True]))
    assert [count for _, _, count in bins] == [1, 1]


def three_classes() -> tuple[np.ndarray, np.ndarray]:
    true = np.array([0, 0, 0, 1, 1, 0])
    probs = np.array(
        [[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.9, 0.0], [0.45, 0.35, 0.2], [0.5, 0.3, 0.2]]
    )
    return true, probs


def test_a_measure_by_hand() -> None:
    true, probs = three_classes()
    found = predict.measure(("a", "b", "c"), true, probs, {"text": list("uvwxyz")})
    # predicted: a a b b a a; right: 1 1 0 1 0 1
    assert found.n == 6 and found.labels == ("a", "b", "c")
    assert found.accuracy.value == pytest.approx(4 / 6)
    assert found.confusion == ((3, 1, 0), (1, 1, 0), (0, 0, 0))
    a, b, c = found.classes
    assert (a.label, a.precision, a.recall, a.f1, a.support) == ("a", 0.75, 0.75, 0.75, 4)
    assert (b.precision, b.recall, b.f1, b.support) == (0.5, 0.5, 0.5, 2)
    assert (c.precision, c.recall, c.f1, c.support) == (0, 0, 0, 0)
    assert found.macro_f1.value == pytest.approx((0.75 + 0.5) / 2), "c neither occurs nor is predicted"
    assert found.majority == pytest.approx(4 / 6)
    assert found.loss == pytest.approx(-sum(map(math.log, (0.8, 0.6, 0.2, 0.9, 0.35, 0.5))) / 6)
    assert [(m.text, m.true, m.predicted, m.confidence) for m in found.mistakes] == [
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
    found = predict.measure(labels, true, probs, {"text": ["t"] * 300})
    predicted = probs.argmax(axis=1)
    assert found.accuracy.value == pytest.approx(metrics.accuracy_score(true, predicted))
    assert found.macro_f1.value == pytest.approx(metrics.f1_score(true, predicted, average="macro"))
    assert found.loss == pytest.approx(metrics.log_loss(true, probs, labels=range(classes)))
    assert found.macro_f1.low < found.macro_f1.value < found.macro_f1.high
    assert found.accuracy.low < found.accuracy.value < found.accuracy.high
    assert sum(count for _, _, count in found.reliability) == 300


def test_the_f1_interval_is_a_bootstrap_over_examples() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 200)
    predicted = np.where(rng.random(200) < 0.7, true, rng.integers(0, 3, 200))
    found = predict.measure(("a", "b", "c"), true, np.eye(3)[predicted], {"text": ["t"] * 200}).macro_f1
    scores = []
    for _ in range(400):
        chosen = rng.integers(0, 200, 200)
        scores.append(metrics.f1_score(true[chosen], predicted[chosen], average="macro"))
    low, high = np.quantile(scores, (0.025, 0.975))
    assert found.low == pytest.approx(low, abs=0.015)
    assert found.high == pytest.approx(high, abs=0.015)


def test_measuring_twice_gives_the_same() -> None:
    true, probs = three_classes()
    columns = {"text": list("uvwxyz")}
    assert predict.measure(("a", "b", "c"), true, probs, columns) == predict.measure(
        ("a", "b", "c"), true, probs, columns
    )


def test_one_example_can_be_measured_and_none_cannot() -> None:
    found = predict.measure(("a", "b"), np.array([1]), np.array([[0.2, 0.8]]), {"text": ["x"]})
    assert found.accuracy.value == 1 and found.accuracy.low == pytest.approx(1 / 4.841459)
    assert found.macro_f1.value == 1
    with pytest.raises(UserError, match="no examples"):
        predict.measure(("a", "b"), np.array([], dtype=int), np.zeros((0, 2)), {"text": []})


def test_a_certain_mistake_has_a_finite_loss() -> None:
    found = predict.measure(("a", "b"), np.array([1]), np.array([[1.0, 0.0]]), {"text": ["x"]})
    assert found.loss == pytest.approx(-math.log(np.finfo(float).eps))


def test_at_most_twenty_mistakes_the_surest_first_and_shortened() -> None:
    confidence = np.linspace(0.51, 0.99, 30)
    probs = np.stack([confidence, 1 - confidence], axis=1)
    texts = [f"{i} " + "x" * 5000 for i in range(30)]
    found = predict.measure(("a", "b"), np.ones(30, dtype=int), probs, {"text": texts, "pair": texts}).mistakes
    assert [int(mistake.text.split()[0]) for mistake in found] == list(range(29, 9, -1))
    assert all(len(mistake.text) == len(mistake.pair) == 1000 and mistake.text.endswith("…") for mistake in found)


# --- Evaluating --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "data", "expected"),
    [
        (("bad", "good"), ("bad", "good"), (0, 1)),
        (("bad", "good"), ("good", "bad"), (1, 0)),
        (("Bad", "GOOD"), ("good", " bad"), (1, 0)),
        (("a", "A"), ("A", "a"), (1, 0)),
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
    assert predict.match_labels(model, data) == expected


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (("bad", "good"), ("bad", "fine")),
        (("bad", "good"), ("1", "2")),
        (("1", "2", "3"), ("0", "1", "2")),
        (("LABEL_0", "LABEL_1"), ("a", "b", "c")),
        (("LABEL_0", "LABEL_1", "LABEL_2"), ("a", "b")),
        (("a", "A"), ("Ab", "a")),
        (("bad", "good"), ("Bad", "bad ")),
        (("bad", "good"), ("1.05", "0")),
    ],
)
def test_labels_that_do_not_match_are_both_named(model: tuple[str, ...], data: tuple[str, ...]) -> None:
    with pytest.raises(UserError) as error:
        predict.match_labels(model, data)
    for label in (*model, *data):
        assert label in str(error.value)


def test_evaluate_measures_a_split_in_the_models_order(predictor: Predictor) -> None:
    expected = np.array([direct(predictor, text) for text in TEXTS])
    truth = [0, 1, 1, 0, 1, 0]  # of ("Good", "Bad")
    found = predict.evaluate(predictor, dataset_of(("Good", "Bad"), list(zip(TEXTS, truth, strict=True))))
    assert found.labels == ("bad", "good")
    swapped = 1 - np.array(truth)
    assert found.accuracy.value == pytest.approx((expected.argmax(axis=1) == swapped).mean())
    assert found.loss == pytest.approx(-np.log(expected[np.arange(6), swapped]).mean(), abs=1e-6)
    assert [score.support for score in found.classes] == [3, 3]


def test_evaluate_reads_pairs(predictor: Predictor) -> None:
    pairs = list(reversed(TEXTS))
    dataset = dataset_of(("bad", "good"), [(text, 1) for text in TEXTS], pair=pairs)
    found = predict.evaluate(predictor, dataset)
    expected = [-math.log(direct(predictor, text, pair)[1]) for text, pair in zip(TEXTS, pairs, strict=True)]
    assert found.loss == pytest.approx(np.mean(expected), abs=1e-6)


def test_evaluate_refuses_a_split_that_is_not_there(predictor: Predictor) -> None:
    with pytest.raises(UserError, match="no examples in its validation split"):
        predict.evaluate(predictor, dataset_of(("bad", "good"), [("good", 1)]), "validation")


def test_evaluate_refuses_other_labels(predictor: Predictor) -> None:
    with pytest.raises(UserError, match=r"\(spam, ham\) are not the model's \(bad, good\)"):
        predict.evaluate(predictor, dataset_of(("spam", "ham"), [("good", 1)]))
