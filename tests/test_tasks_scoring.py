"""Scoring: measured as well-known libraries measure it, learnt in standard units, answered in the data's own, beside simple ways."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.metrics import mean_absolute_error, mean_squared_error
from torch import nn
from transformers import AutoModel, AutoTokenizer, BertForSequenceClassification, pipeline

from core import explain, models, predict
from core.finetune.savings import prepare
from core.finetune.setup import set_up
from core.metrics import METRICS
from core.results import RunConfig, RunReport
from core.tasks import score_ways, tfidf
from core.tasks.base import read_detail
from core.tasks.scores import Scores, measure
from core.tasks.scoring import PAIR, TEXT, InUnits, Scored
from tests.conftest import make_config, make_tokenizer
from tests.families import write_reader
from tests.training import rows_of, run

RNG = np.random.default_rng(3)
TRUE = np.round(RNG.uniform(0, 5, 60) * 2) / 2  # many equal values
PREDICTED = 0.6 * TRUE + RNG.normal(0, 1, 60)
TEXTS = {"text": [f"text {i}" for i in range(60)], "pair": [f"pair {i}" for i in range(60)]}
HEIGHTS = [
    *(f"the {thing} is {size}" for size in ("small", "tall", "huge") for thing in ("house", "tree", "tower", "hill")),
    *(f"a very {size} {thing}" for size in ("small", "tall", "huge") for thing in ("house", "tree", "tower", "hill")),
]
METRES = {"small": 200, "tall": 250, "huge": 300}  # far from 0, and far apart


# --- Measured ----------------------------------------------------------------------------------------------------------


def test_correlations_and_errors_are_those_of_scipy_and_scikit_learn() -> None:
    found = measure(PAIR.id, TRUE, PREDICTED, TEXTS).metrics
    assert tuple(found) == PAIR.metrics
    known = stats.pearsonr(TRUE, PREDICTED)
    assert found["pearson"].value == pytest.approx(known.statistic)
    assert found["pearson"].bounds == pytest.approx(tuple(known.confidence_interval()))
    ranks = stats.spearmanr(TRUE, PREDICTED).statistic
    assert found["spearman"].value == pytest.approx(ranks)
    half = 1.959963984540054 * np.sqrt((1 + ranks**2 / 2) / 57)  # Bonett and Wright (2000)
    assert found["spearman"].bounds == pytest.approx(tuple(np.tanh(np.arctanh(ranks) + np.array([-half, half]))))
    assert found["mae"].value == pytest.approx(mean_absolute_error(TRUE, PREDICTED))
    assert found["mse"].value == pytest.approx(mean_squared_error(TRUE, PREDICTED))
    drawn = stats.bootstrap((np.abs(PREDICTED - TRUE),), np.mean, method="percentile", rng=0).confidence_interval
    assert found["mae"].bounds == pytest.approx((drawn.low, drawn.high), abs=0.05)


@pytest.mark.parametrize("same", [TRUE * 0 + 2.5, TRUE * 0 + 0.1])
def test_scores_that_are_all_the_same_are_related_to_nothing(same: np.ndarray) -> None:
    found = measure(TEXT.id, TRUE, same, TEXTS)
    for name in ("spearman", "pearson"):
        assert found.metrics[name].value == 0 and found.metrics[name].low is None
    assert measure(TEXT.id, TRUE[:1], PREDICTED[:1], TEXTS).metrics["spearman"].value == 0


def test_where_on_the_scale_it_is_wrong_and_where_most() -> None:
    true, predicted = np.array([0.0, 1.0, 4.0, 5.0]), np.array([1.0, 1.5, 4.0, 3.0])
    scores = read_detail(Scores, measure(PAIR.id, true, predicted, {k: v[:4] for k, v in TEXTS.items()}))
    assert [(band.low, band.high, band.n, band.bias, band.error) for band in scores.bands] == [
        (0, 1, 1, 1, 1),
        (1, 2, 1, 0.5, 0.5),
        (4, 5, 2, -1, 1),
    ]
    assert [(row.text, row.pair, row.true) for row in scores.mistakes] == [
        ("text 3", "pair 3", 5),
        ("text 0", "pair 0", 0),
        ("text 1", "pair 1", 1),
    ]
    assert scores.mean_error == 2 and scores.deviation == pytest.approx(true.std()) and len(scores.points) == 4


# --- Learnt in standard units, answered in the data's ---------------------------------------------------------------------


def test_a_new_layer_begins_at_the_mean_and_a_trained_one_keeps_its_answers() -> None:
    x = torch.randn(5, 8)
    new = nn.Linear(8, 1)
    nn.init.zeros_(new.bias)
    standard = new(x)
    layer = InUnits(new, 250, 40)
    torch.testing.assert_close(layer(x), 40 * standard + 250)
    answers = layer(x)
    torch.testing.assert_close(layer.merged()(x), answers, rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(InUnits(layer.standard, 180, 7)(x), answers, rtol=1e-5, atol=1e-3)


@pytest.fixture(scope="module")
def heights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny model that knows the words of HEIGHTS, and their file."""
    home = tmp_path_factory.mktemp("heights")
    rows = [f"{text};{METRES[next(word for word in METRES if word in text)] + i % 3}" for i, text in enumerate(HEIGHTS)]
    (home / "heights.csv").write_text("\n".join(["text;metres", *rows]), encoding="utf-8")
    return write_reader(home / "reader", HEIGHTS), home / "heights.csv"


def config_of(heights: tuple[Path, Path], **values: Any) -> RunConfig:
    model, file = heights
    values = {"epochs": 8, "batch_size": 4, "learning_rate": 3e-3, "max_length": 16, "evaluations": 1} | values
    return RunConfig(str(model), str(file), TEXT.id, (("text", "text"), ("score", "metres")), **values)


@pytest.mark.training
@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_saved_model_answers_in_the_datas_units_in_plain_transformers(
    heights: tuple[Path, Path], tmp_path: Path, method: Literal["full", "lora"]
) -> None:
    # After 8 epochs the two are about 30 apart, on one processor a little less than on another; after 16 nearly 100.
    report = run(config_of(heights, method=method, epochs=16), tmp_path / "run")
    folder = str(tmp_path / "run" / "model")
    plain = BertForSequenceClassification.from_pretrained(folder)
    assert plain.config.problem_type == "regression" and plain.config.id2label == {0: "score from 200 to 302"}
    predictor = predict.load(str(tmp_path / "run"), allow_path=True)
    assert predictor.task is TEXT
    texts = ["the house is small", "the house is huge"]
    small, huge = predict.predict(predictor, {"text": texts})
    assert isinstance(small, Scored) and isinstance(huge, Scored)
    assert (small.low, small.high) == (200, 302) and small.score > 190 and huge.score < 312
    said = pipeline("text-classification", model=folder)(texts)
    assert [answer["score"] for answer in said] == pytest.approx([small.score, huge.score], rel=1e-5)
    if method == "full":
        assert small.score + 30 < huge.score
        _beside(report, config_of(heights))


def _beside(report: RunReport, config: RunConfig) -> None:
    """What the simple ways of a report reach."""
    assert set(report.evaluations) == {"test", "validation", "baseline", "tfidf", "mean", "length"}
    rows = rows_of(config)
    mean, true = np.mean(rows.splits["train"]["score"]), np.array(rows.splits["test"]["score"])
    assert report.evaluations["mean"].metrics["mae"].value == pytest.approx(np.abs(true - mean).mean())
    assert report.evaluations["mean"].metrics["spearman"].value == 0
    assert report.evaluations["tfidf"].metrics["mae"].value < report.evaluations["mean"].metrics["mae"].value
    assert set(report.evaluations["length"].metrics) == set(METRICS) & set(TEXT.metrics)


def test_training_starts_at_the_mean_whatever_the_units(heights: tuple[Path, Path]) -> None:
    config = config_of(heights)
    dataset = rows_of(config)
    setup = set_up(config, dataset)
    rows = setup.goal.rows(dataset, lambda done, total: None)
    prepared = prepare(setup, rows)
    prepared.plain.eval()
    batch = setup.goal.collate(rows.features, 0)
    with torch.no_grad():
        loss = float(setup.goal.loss(prepared.plain, batch))
        assert 0.7 < loss < 1.5, "in squared deviations, the mean costs 1"
        before = prepared.plain(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        model = prepared.restore()
        after = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    assert not any(isinstance(part, InUnits) for part in model.modules())
    torch.testing.assert_close(before, after, rtol=1e-5, atol=1e-2)


# --- Models of others, explanations, simple ways -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with one output, of which nothing says what it means."""
    folder = tmp_path_factory.mktemp("foreign")
    torch.manual_seed(0)
    BertForSequenceClassification(make_config(num_labels=1, initializer_range=0.5)).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


def test_a_model_of_one_output_answers_with_it_as_it_is(foreign: Path) -> None:
    predictor = predict.load(str(foreign), allow_path=True)
    assert predictor.task is TEXT
    (found,) = predict.predict(predictor, {"text": ["the film was good"], "pair": ["it was bad"]})
    assert isinstance(found, Scored) and found.low is None and found.high is None
    given = {"text": "the film was good", "text_pair": "it was bad"}
    said = pipeline("text-classification", model=str(foreign), function_to_apply="none")(given)
    assert found.score == pytest.approx(said["score"], abs=1e-5)
    pairs = predict.load(str(foreign), PAIR.id, allow_path=True)
    (again,) = predict.predict(pairs, {"text": ["the film was good"], "pair": ["it was bad"]})
    assert isinstance(again, Scored) and again.score == pytest.approx(found.score, abs=1e-6)


@pytest.mark.parametrize("method", explain.offered(TEXT))
def test_a_score_can_be_explained_in_its_own_unit(foreign: Path, method: str) -> None:
    predictor = predict.load(str(foreign), allow_path=True)
    found = explain.explain(predictor, "the film was good", method=method, steps=400)
    assert [word.text for word in found.words] == ["the", "film", "was", "good"]
    if found.completeness_error is not None:
        assert found.completeness_error < 0.02 * max(1.0, abs(found.expected or 0))
    if "deletion" in method:
        whole, without = predict.predict(predictor, {"text": ["the film was good", "the film was"]})
        assert isinstance(whole, Scored) and isinstance(without, Scored)
        assert found.words[-1].score == pytest.approx(whole.score - without.score, abs=1e-5)


def test_the_cosine_is_that_of_mean_token_vectors(tiny_bert: Path) -> None:
    columns = {"text": ["the film was good", "i love it"], "pair": ["a film", "i love the plot , not the acting"]}
    found = score_ways.cosines(str(tiny_bert), columns, 32)
    tokenizer, encoder = AutoTokenizer.from_pretrained(tiny_bert), AutoModel.from_pretrained(tiny_bert).eval()
    with torch.no_grad():
        vectors = [
            [encoder(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0) for text in texts]
            for texts in columns.values()
        ]
    expected = [float(nn.functional.cosine_similarity(a, b, dim=0)) for a, b in zip(*vectors, strict=True)]
    assert found == pytest.approx(expected, abs=1e-5)


def test_counting_words_sees_which_words_two_texts_share() -> None:
    first = [
        "red boats",
        "green hills",
        "old clocks",
        "deep wells",
        "red boats",
        "green hills",
        "old clocks",
        "deep wells",
    ]
    second = [*first[:4], "green hills", "old clocks", "deep wells", "red boats"]
    scores = tfidf.scores(
        {"text": first, "pair": second}, np.array([5.0] * 4 + [0.0] * 4), {"text": first, "pair": second}
    )
    assert scores is not None and scores[:4].min() > scores[4:].max() + 1
    assert tfidf.scores({"text": first}, np.ones(8), {"text": first}) is None


def test_training_goes_on_with_a_head_of_the_same_scale_and_with_a_new_one_otherwise(
    foreign: Path, tmp_path: Path
) -> None:
    model = models.load(str(foreign), "regressor", labels=("score from 1 to 5",), allow_path=True)
    assert not bool(model.classifier.bias.any()) and model.config.problem_type == "regression"
    nn.init.constant_(model.classifier.bias, 3.0)
    model.save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    again = models.load(str(tmp_path), "regressor", labels=("score from 1 to 5",), allow_path=True)
    assert float(again.classifier.bias.detach()) == 3.0
    other = models.load(str(tmp_path), "regressor", labels=("score from 0 to 9",), allow_path=True)
    assert float(other.classifier.bias.detach()) == 0.0
