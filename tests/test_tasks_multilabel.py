"""core.tasks.multilabel and label_scores: thresholds, scores equal to scikit-learn's, and folders that plain transformers reads."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support
from sklearn.multiclass import OneVsRestClassifier
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertForSequenceClassification

from core import explain, models, predict
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.errors import UserError
from core.results import RunConfig, RunReport
from core.tasks import label_scores, multilabel, tfidf
from core.tasks.base import Rows, read_detail
from core.tasks.label_scores import LabelSets, best_threshold, choose_thresholds
from core.tasks.multilabel import MULTI_LABEL, LabelSet
from core.tasks.table import TASKS, task_for
from tests.conftest import make_tokenizer
from tests.families import write_reader
from tests.training import run

LABELS = ("delivery", "packaging", "price", "quality")


def answers(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """True labels of which the third is rare, and probabilities that know something of them."""
    random = np.random.default_rng(seed)
    true = random.random((n, 4)) < (0.4, 0.2, 0.02, 0.3)
    return true, 1 / (1 + np.exp(-random.normal(size=(n, 4)) - 1.5 * true + 1))


# --- Thresholds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_of_a_label_has_the_highest_f1_there_is(seed: int) -> None:
    true, probs = answers(seed=seed)
    for i in (0, 1, 3):
        tried = np.unique(np.append(probs[:, i], 0.0))
        best = max(f1_score(true[:, i], probs[:, i] > value) for value in tried)
        chosen = best_threshold(true[:, i], probs[:, i])
        assert f1_score(true[:, i], probs[:, i] >= chosen) == pytest.approx(best)
        assert chosen not in probs[:, i], "it lies between two answers"


def test_rare_labels_share_one_threshold_and_nothing_true_leaves_a_half() -> None:
    true, probs = answers()
    assert true[:, 2].sum() < label_scores.FEWEST <= true[:, 0].sum()
    chosen = choose_thresholds(true, probs)
    assert chosen[2] == best_threshold(true.ravel(), probs.ravel()) != chosen[0]
    assert choose_thresholds(np.zeros_like(true), probs).tolist() == [0.5] * 4
    assert best_threshold(np.array([True, False]), np.array([0.3, 0.3])) == 0.15
    worked = best_threshold(np.array([True, True, False, False]), np.array([0.9, 0.4, 0.2, 0.1]))
    assert worked == pytest.approx(0.3), "halfway between 0.4 and 0.2"


# --- Scores ------------------------------------------------------------------------------------------------------------


def test_scores_are_those_of_scikit_learn() -> None:
    true, probs = answers()
    thresholds = np.array([0.5, 0.4, 0.3, 0.6])
    given = probs >= thresholds
    evaluation = label_scores.measure("multi-label", LABELS, true, probs, thresholds, {"text": ["x"] * len(true)})
    values = {name: measure.value for name, measure in evaluation.metrics.items()}
    assert values["micro_f1"] == pytest.approx(f1_score(true, given, average="micro"))
    assert values["macro_f1"] == pytest.approx(f1_score(true, given, average="macro"))
    assert values["subset_accuracy"] == pytest.approx(accuracy_score(true, given))
    loss = torch.nn.functional.binary_cross_entropy(torch.tensor(probs), torch.tensor(true, dtype=torch.float64))
    assert values["loss"] == pytest.approx(loss.item())
    for measure in evaluation.metrics.values():
        assert measure.bounds[0] <= measure.value <= measure.bounds[1]
    sets = read_detail(LabelSets, evaluation)
    precision, recall, f1, support = precision_recall_fscore_support(true, given, zero_division=0)
    for i, row in enumerate(sets.classes):
        assert (row.precision, row.recall, row.f1) == pytest.approx((precision[i], recall[i], f1[i]))
        assert (row.support, row.given, row.threshold) == (support[i], given[:, i].sum(), thresholds[i])
    assert sets.together[0][1] == (true[:, 0] & true[:, 1]).sum() and sets.predicted_together[3][3] == given[:, 3].sum()
    assert sets.missed + sets.invented == (true != given).sum()
    assert evaluation.right.count("1") == (true == given).all(axis=1).sum()
    losses = [row.loss for row in sets.mistakes]
    assert losses == sorted(losses, reverse=True) and all(set(row.true) != set(row.predicted) for row in sets.mistakes)


def test_a_label_that_nobody_has_or_gives_is_not_counted_and_one_never_found_is_known() -> None:
    true, probs = np.zeros((20, 4), dtype=bool), np.full((20, 4), 0.1)
    true[:5, 0], probs[:5, 0], true[:4, 1] = True, 0.9, True
    evaluation = label_scores.measure("multi-label", LABELS, true, probs, np.full(4, 0.5), {"text": ["x"] * 20})
    assert evaluation.metrics["macro_f1"].value == 0.5, "the mean of 1 and 0; the two others do not occur"
    assert MULTI_LABEL.never_found(evaluation) == ("packaging",)
    assert read_detail(LabelSets, evaluation).frequent == () and read_detail(LabelSets, evaluation).without == 15
    assert [line[0] for line in MULTI_LABEL.table(evaluation)] == ["Label", "delivery", "packaging"]


def test_counting_words_is_one_regression_for_each_label() -> None:
    dataset = load("messages", LAYOUTS["text-labels"])
    train, test = dataset.splits["train"], dataset.splits["test"]
    true = multilabel.has_labels(train, range(8), 8)
    found = tfidf.independent(dataset.texts(train), true, dataset.texts(test))
    assert found is not None
    counter = TfidfVectorizer(**tfidf.units_of(train["text"]), sublinear_tf=True)
    regression = OneVsRestClassifier(LogisticRegression(C=tfidf.STRENGTH, max_iter=tfidf.ITERATIONS))
    regression.fit(counter.fit_transform(train["text"]), true)
    np.testing.assert_allclose(found, regression.predict_proba(counter.transform(test["text"])), atol=2e-3)
    evaluation = multilabel.word_counts("multi-label", dataset, "test")
    assert evaluation is not None and evaluation.n == len(test)
    validation = tfidf.independent(dataset.texts(train), true, dataset.texts(dataset.splits["validation"]))
    assert validation is not None
    chosen = choose_thresholds(multilabel.has_labels(dataset.splits["validation"], range(8), 8), validation)
    assert [row.threshold for row in read_detail(LabelSets, evaluation).classes] == pytest.approx(chosen.tolist())
    assert tfidf.independent({"text": ["a", "b"]}, np.ones((2, 1), dtype=bool), {"text": ["a"]}) is None


# --- Learning ----------------------------------------------------------------------------------------------------------


def goal_of(folder: Path) -> multilabel.MultiLabel:
    return multilabel.MultiLabel(make_tokenizer(), LABELS, 32)


def test_the_loss_is_that_of_transformers_and_rare_labels_count_more_when_asked_for(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(make_tokenizer()), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        num_labels=4, problem_type="multi_label_classification",
    )  # fmt: skip
    model, goal = BertForSequenceClassification(config).eval(), goal_of(tmp_path)
    features = [
        {"input_ids": [2, 7, 8, 3], "labels": [1.0, 0.0, 0.0, 1.0]},
        {"input_ids": [2, 9, 3], "labels": [1.0, 0.0, 0.0, 0.0]},
    ]
    features = [{**row, "attention_mask": [1] * len(row["input_ids"])} for row in features]
    batch = goal.collate(features, 0)
    assert goal.loss(model, batch).item() == pytest.approx(model(**batch).loss.item(), abs=1e-6)
    weights = goal.weights(Rows([*features, *features[1:] * 8], np.zeros(10, dtype=bool)))
    assert weights.tolist() == [1.0, 10.0, 10.0, 9.0]
    assert goal.loss(model, batch, weights) > goal.loss(model, batch)
    logits = torch.tensor([[1.0, -2.0, 0.5, 3.0]])
    assert goal.log_odds(logits, 1).sigmoid().item() == pytest.approx(logits.sigmoid()[0, 1].item())


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunReport]:
    """A tiny model of the task's own example."""
    folder = tmp_path_factory.mktemp("multilabel")
    rows = MULTI_LABEL.example().frame
    rows.to_csv(folder / "example.csv", index=False)
    model = write_reader(folder / "reader", list(rows["text"]))
    config = RunConfig(
        str(model), str(folder / "example.csv"), MULTI_LABEL.id, epochs=20, batch_size=4, learning_rate=3e-3, max_length=32, evaluations=1,
        class_weights=True,
    )  # fmt: skip
    return folder / "run", run(config, folder / "run")


@pytest.mark.training
def test_plain_transformers_loads_the_folder_and_gives_the_same_answers(trained: tuple[Path, RunReport]) -> None:
    folder = trained[0] / "model"
    config = json.loads((folder / "config.json").read_text())
    assert config["problem_type"] == "multi_label_classification" and set(config["thresholds"]) == set(LABELS)
    texts = ["The parcel came late.", "A fair price, strong cloth."]
    model, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        chances = model(**tokenizer(texts, padding=True, return_tensors="pt")).logits.sigmoid()
    found = predict.predict(predict.load(str(trained[0]), allow_path=True), {"text": texts})
    for row, own in zip(found, chances.tolist(), strict=True):
        assert isinstance(row, LabelSet)
        assert list(row.probabilities.values()) == pytest.approx(own, abs=1e-5)
        thresholds = model.config.thresholds
        assert row.thresholds == thresholds
        assert row.labels == tuple(name for name, value in zip(LABELS, own, strict=True) if value >= thresholds[name])


@pytest.mark.training
def test_each_label_is_explained_by_what_its_own_probability_loses(trained: tuple[Path, RunReport]) -> None:
    predictor = predict.load(str(trained[0]), allow_path=True)
    offered = explain.offered(predictor.task)
    assert {name.removeprefix("labels-") for name in offered} == {
        "integrated-gradients",
        "input-x-gradient",
        "deletion",
    }
    text = "The parcel came on time."
    (whole,) = predict.predict(predictor, {"text": [text]})
    (without,) = predict.predict(predictor, {"text": ["The came on time."]})
    assert isinstance(whole, LabelSet) and isinstance(without, LabelSet)
    found = explain.explain(predictor, text, label="quality", method="labels-deletion")
    parcel = next(word for word in found.words if word.text == "parcel")
    assert parcel.score == pytest.approx(whole.probabilities["quality"] - without.probabilities["quality"], abs=1e-6)
    gradients = explain.explain(predictor, text, label="quality", method="labels-integrated-gradients", steps=60)
    assert gradients.completeness_error is not None and gradients.completeness_error < 0.01
    assert explain.explain(predictor, text, method="labels-input-x-gradient").words


# --- Checkpoints of others ---------------------------------------------------------------------------------------------


def write_checkpoint(folder: Path, **more: object) -> Path:
    """A checkpoint as others publish them."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(make_tokenizer()), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        num_labels=3, id2label={0: "anger", 1: "joy", 2: "love"}, problem_type="multi_label_classification",
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    if more:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | more))
    return folder


def test_a_checkpoint_of_others_answers_from_a_half_on(tmp_path: Path) -> None:
    name = str(write_checkpoint(tmp_path / "model"))
    config = models.load_config(name, allow_path=True)
    assert task_for(config) is MULTI_LABEL and not models.choices(config)
    predictor = predict.load(name, allow_path=True)
    (answer,) = predict.predict(predictor, {"text": ["i love the film"]})
    assert isinstance(answer, LabelSet) and set(answer.thresholds.values()) == {0.5}
    assert answer.labels == tuple(label for label, value in answer.probabilities.items() if value >= 0.5)
    with pytest.raises(UserError, match="scores each label by itself: use it for several labels at once"):
        predict.load(name, "text-classification", allow_path=True)


@pytest.mark.parametrize("strange", [[0.1, 0.2, 0.3], {"joy": "high"}, "0.3", {"joy": True}, None])
def test_thresholds_that_are_none_are_left_out(tmp_path: Path, strange: object) -> None:
    name = str(write_checkpoint(tmp_path / "model", thresholds=strange))
    config = models.load_config(name, allow_path=True)
    assert multilabel.thresholds_of(config, ("anger", "joy", "love")).tolist() == [0.5] * 3


def test_thresholds_are_read_by_label(tmp_path: Path) -> None:
    name = str(write_checkpoint(tmp_path / "model", thresholds={"joy": 0.25, "other": 1}))
    config = models.load_config(name, allow_path=True)
    assert multilabel.thresholds_of(config, ("anger", "joy", "love")).tolist() == [0.5, 0.25, 0.5]


def test_a_classifier_of_one_label_is_told_apart(tiny_classifier: Path) -> None:
    assert task_for(models.load_config(str(tiny_classifier), allow_path=True)) is TASKS["text-classification"]
    with pytest.raises(UserError, match="is a classifier of whole texts"):
        predict.load(str(tiny_classifier), MULTI_LABEL.id, allow_path=True)


def test_training_goes_on_with_the_head_of_the_same_labels_and_makes_a_new_one_for_others(tmp_path: Path) -> None:
    name = str(write_checkpoint(tmp_path / "model"))
    own = models.load(name, "labeller", allow_path=True)
    again = models.load(name, "labeller", labels=("anger", "joy", "love"), allow_path=True)
    torch.testing.assert_close(again.classifier.weight, own.classifier.weight)
    other = models.load(name, "labeller", labels=("anger", "joy"), allow_path=True)
    assert other.classifier.weight.shape[0] == 2 and other.config.problem_type == "multi_label_classification"
    single = models.load(name, "classifier", labels=("anger", "joy", "love"), allow_path=True)
    assert single.config.problem_type == "single_label_classification"
    assert not torch.equal(single.classifier.weight, own.classifier.weight)
