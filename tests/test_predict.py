"""core.predict: a model of any task ready to answer, whatever it is asked."""

from pathlib import Path

import numpy as np
import pytest

from core import predict
from core.errors import Cancelled, UserError
from core.predict import Predictor
from tests.classifier import TEXTS, answers, dataset_of, direct, in_batches_of


@pytest.fixture(scope="module")
def predictor(tiny_classifier: Path) -> Predictor:
    return predict.load(str(tiny_classifier), allow_path=True)


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
        predict.load("minilm", "text-classification")


def test_an_encoder_without_any_head_is_refused(tiny_bert: Path) -> None:
    with pytest.raises(UserError, match="pre-trained encoder without a head for a task: fine-tune it first"):
        predict.load(str(tiny_bert), allow_path=True)


def test_a_task_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="no task 'poetry'; the tasks are text-classification"):
        predict.load("minilm", "poetry")


def test_reading_less_truncates_sooner_and_never_reads_more_than_the_model_can(predictor: Predictor) -> None:
    (short,) = answers(predictor.reading(8), {"text": ["good " * 7]})
    (whole,) = answers(predictor, {"text": ["good " * 7]})
    assert short.truncated and not whole.truncated
    assert predictor.reading(8).max_length == 8 and predictor.reading(10_000).max_length == 64


def test_latency_is_the_median_of_a_few_calls(predictor: Predictor) -> None:
    milliseconds, calls = predict.latency(predictor, {"text": "good"})
    assert 0 < milliseconds < 10_000 and calls in (3, 4, 5)


def test_cut_says_exactly_when_the_end_was_not_read(predictor: Predictor) -> None:
    fits = " ".join(["good"] * 62)  # and [CLS] and [SEP]
    whole, cut, longer = answers(predictor, {"text": [fits, fits + " good", fits + " bad" * 30]})
    assert (whole.truncated, cut.truncated, longer.truncated) == (False, True, True)
    assert cut.probabilities == pytest.approx(whole.probabilities)
    assert longer.probabilities == pytest.approx(whole.probabilities)
    (pair,) = answers(predictor, {"text": ["good " * 40], "pair": ["bad " * 40]})
    assert pair.truncated


@pytest.mark.parametrize(
    "text",
    ["the film was good " * 6000, "x" * 100_000, "我" * 100_000, " " * 99_999 + "good", "good \x00\x07" * 12_000],
)
def test_a_hundred_thousand_characters_are_read_as_their_beginning(predictor: Predictor, text: str) -> None:
    (alone,) = answers(predictor, {"text": [text]})
    np.testing.assert_allclose(list(alone.probabilities.values()), direct(predictor, text), atol=1e-6)
    (pair,) = answers(predictor, {"text": [text], "pair": [text]})
    assert sum(pair.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    "text", ["🙂", "שלום", "\x00\x01", "</script><b>", "\u200b", "half \ud83d a character", "\u202eabc", "=1+1"]
)
def test_any_text_gets_an_answer(predictor: Predictor, text: str) -> None:
    (prediction,) = answers(predictor, {"text": [text]})
    assert prediction.text == text
    assert prediction.label in predictor.labels


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_an_empty_text_is_refused(predictor: Predictor, text: str) -> None:
    with pytest.raises(UserError, match="the text is empty"):
        predict.predict(predictor, {"text": [text]})
    with pytest.raises(UserError, match="text 2 is empty"):
        predict.predict(predictor, {"text": ["good", text]})
    with pytest.raises(UserError, match="the second text is empty"):
        predict.predict(predictor, {"text": ["good"], "pair": [text]})


def test_no_texts_give_no_predictions(predictor: Predictor) -> None:
    assert predict.predict(predictor, {"text": []}) == ()


def test_texts_and_pairs_must_be_as_many(predictor: Predictor) -> None:
    with pytest.raises(ValueError, match="'text': 2, 'pair': 1"):
        predict.predict(predictor, {"text": ["a", "b"], "pair": ["c"]})


def test_report_counts_to_the_end_and_may_cancel(predictor: Predictor) -> None:
    seen: list[tuple[int, int]] = []
    predict.predict(in_batches_of(predictor, 4), {"text": TEXTS}, report=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 6), (4, 6), (6, 6)]

    def stop(done: int, total: int) -> None:
        if done >= 2:
            raise Cancelled

    calls = []
    hook = predictor.model.register_forward_hook(lambda *_: calls.append(1))
    try:
        with pytest.raises(Cancelled):
            predict.predict(in_batches_of(predictor, 2), {"text": TEXTS}, report=stop)
    finally:
        hook.remove()
    assert len(calls) == 1, "nothing is computed after the cancel"


def test_evaluate_refuses_a_split_that_is_not_there(predictor: Predictor) -> None:
    with pytest.raises(UserError, match="no examples in its validation split"):
        predict.evaluate(predictor, dataset_of(("bad", "good"), [("good", 1)]), "validation")
