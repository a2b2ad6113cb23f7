"""Counting words: what TF-IDF and logistic regression reach with the rows that a model learns from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.export.card import model_card
from core.results import WORD_COUNTS, Evaluation, RunConfig, RunReport
from core.tasks import class_scores, tfidf
from core.tasks.table import TASKS
from pages.shared.tasks.table import VIEWS
from tests.classifier import dataset_of
from tests.pages_common import train_tiny
from tests.test_results import REPORT

ENGLISH = ("a fine film", "a dull film", "what a fine evening", "what a dull evening", "fine!", "dull.")
CHINESE = ("这部电影很好看", "这部电影很难看", "今晚真好看", "今晚真难看", "好看！", "难看。")


@pytest.mark.parametrize("texts", [ENGLISH, CHINESE])
def test_words_that_decide_the_label_are_found(texts: tuple[str, ...]) -> None:
    probs = tfidf.probabilities({"text": texts}, [1, 0] * 3, {"text": texts}, 3)
    assert probs is not None and probs.shape == (6, 3)
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-6)
    assert probs.argmax(axis=1).tolist() == [1, 0] * 3 and not probs[:, 2].any(), "no row taught the third class"


def test_scripts_without_spaces_are_counted_by_character() -> None:
    assert tfidf.unspaced(CHINESE) and not tfidf.unspaced(ENGLISH) and not tfidf.unspaced(["", " "])
    assert not tfidf.unspaced(["한국어 문장은 띄어쓰기를 한다"])
    assert tfidf.units_of(CHINESE)["analyzer"] == "char"


@pytest.mark.parametrize("texts", [("!", "?", "!!", "??"), ("🙂", "🙁", "🙂🙂", "🙁🙁")])
def test_texts_without_a_word_can_be_counted(texts: tuple[str, ...]) -> None:
    probs = tfidf.probabilities({"text": texts}, [0, 1, 0, 1], {"text": texts}, 2)
    assert probs is not None and probs.argmax(axis=1).tolist() == [0, 1, 0, 1]


def test_both_texts_of_a_pair_are_read() -> None:
    same = ("is it open?",) * 4
    pair = ("yes it is", "cows eat grass", "yes it was", "cows eat hay")
    probs = tfidf.probabilities({"text": same, "pair": pair}, [0, 1, 0, 1], {"text": same, "pair": pair}, 2)
    assert probs is not None and probs.argmax(axis=1).tolist() == [0, 1, 0, 1]


def test_one_class_teaches_nothing() -> None:
    assert tfidf.probabilities({"text": ["a", "b"]}, [1, 1], {"text": ["a"]}, 2) is None


def test_it_learns_from_the_training_rows_and_is_measured_as_a_model_is() -> None:
    counted = TASKS["text-classification"].word_counts
    assert counted is not None
    rows = [(text, label) for text, label in zip(ENGLISH, ("good", "bad") * 3, strict=True)]
    dataset = dataset_of(("bad", "good"), [(text, int(label == "good")) for text, label in rows])
    dataset.splits["train"] = dataset.splits["test"]
    found = counted("text-classification", dataset, "test")
    assert found is not None and found.n == 6 and found.metrics["accuracy"].value == 1
    assert set(found.metrics) == set(TASKS["text-classification"].metrics)
    assert found.metrics["accuracy"].low is not None, "with its interval"


def test_a_card_tells_it_beside_the_result() -> None:
    row = TASKS["text-classification"]
    measured = class_scores.measure(row.id, ("bad", "good"), np.array([0, 1]), np.eye(2)[[0, 0]], {"text": ["a", "b"]})
    before = replace(REPORT, evaluations={"test": measured})
    told = replace(REPORT, evaluations={"test": measured, WORD_COUNTS: measured})
    config = RunConfig("minilm", "rotten_tomatoes")
    assert "TF-IDF with logistic regression" in model_card(config, told, ("bad", "good"))
    assert "does not beat counting words" in model_card(config, told, ("bad", "good")), "as good is not better"
    worse = replace(REPORT, evaluations={"test": share_right(90), WORD_COUNTS: share_right(89)})
    assert "does not beat" not in model_card(config, worse, ("bad", "good"))
    assert "TF-IDF" not in model_card(config, before, ("bad", "good")), "an earlier version's report"


def share_right(right: int) -> Evaluation:
    """An evaluation with so many of 100 right."""
    true = np.array([0, 1] * 50)
    probs = np.eye(2)[np.where(np.arange(100) < right, true, 1 - true)]
    return class_scores.measure("text-classification", ("bad", "good"), true, probs, {"text": ["x"] * 100})


@pytest.mark.parametrize(
    ("model", "words", "best_step", "says"),
    [
        (95, 60, 2, "reaches 60.0%: reading the sentences is worth it here"),
        (93, 90, 2, "reaches 90.0%: the difference may be chance"),
        (60, 97, 3, "had not learnt all it could"),
        (90, 90, 2, "more labelled rows help a large model most"),
    ],
)
def test_the_page_says_whether_it_beats_counting_words(model: int, words: int, best_step: int, says: str) -> None:
    evaluations = {"test": share_right(model), WORD_COUNTS: share_right(words)}
    verdict = VIEWS["text-classification"].verdict(replace(REPORT, evaluations=evaluations, best_step=best_step))
    assert says in verdict and ("does not beat counting words" in verdict) == (model <= words)
    perfect = {"test": share_right(100), WORD_COUNTS: share_right(100)}
    verdict = VIEWS["text-classification"].verdict(replace(REPORT, evaluations=perfect, best_step=3))
    assert "right on all of them too" in verdict and "train it for more" not in verdict, "nobody can do better"
    assert replace(REPORT, evaluations=perfect).beats_counting("accuracy") is None, "so the card prefers neither"
    old = VIEWS["text-classification"].verdict(replace(REPORT, evaluations={"test": share_right(model)}))
    assert "ounting words" not in old, "an earlier version's report says nothing"


@pytest.mark.training
def test_every_run_with_one_label_for_each_row_brings_it(tiny_bert: Path, tmp_path: Path) -> None:
    from core import runs

    report = runs.read_report(train_tiny(tiny_bert, tmp_path, "20260102-030405-bbbbbb"))
    assert isinstance(report, RunReport) and report.evaluations[WORD_COUNTS].n == 4
