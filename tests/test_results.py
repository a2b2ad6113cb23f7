"""core.results: frozen, and what travels through JSON comes back as it was."""

import dataclasses
from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from core import results
from core.results import (
    DataReport,
    Dropped,
    Evaluation,
    Measure,
    Prediction,
    RunConfig,
    RunReport,
    RunState,
    Token,
    Tokens,
)

HALF = Measure(0.5, 0.4, 0.6)
EVALUATION = Evaluation("text-classification", 2, {"accuracy": HALF, "loss": Measure(0.7)}, {"labels": ["a", "b"]})
REPORT = RunReport(
    evaluations={"test": EVALUATION, "baseline": EVALUATION},
    movement=(results.Movement("embeddings", 10, 0.01, 0.5),),
    seconds=1.0,
    examples_per_second=2.0,
    tokens_per_second=40.0,
    peak_memory_mb=100.0,
    steps=3,
    best_step=2,
    cut_share=0.0,
    environment={"torch": "2"},
    data=DataReport(5, (Dropped("empty text", 1, ("",)),), {"train": 4}, {"a": 2}, notes=(("cut {n}", {"n": 1}),)),
)


@pytest.mark.parametrize(
    "value",
    [REPORT, RunConfig("minilm", "imdb", columns=(("text", "review"), ("label", "stars"))), RunState("queued", 1.5)],
    ids=lambda v: type(v).__name__,
)
def test_json_round_trip(value: object) -> None:
    adapter = TypeAdapter(type(value))
    assert adapter.validate_json(adapter.dump_json(value)) == value


def test_every_result_is_frozen_and_documented() -> None:
    classes = [c for c in vars(results).values() if isinstance(c, type) and c.__module__ == "core.results"]
    assert len(classes) > 10
    for c in classes:
        assert dataclasses.is_dataclass(c) and c.__dataclass_params__.frozen, c
        assert c.__doc__ and not c.__doc__.startswith(c.__name__ + "("), f"{c} has no docstring of its own"


def test_tokens_count_what_is_unknown_and_find_the_pair() -> None:
    def token(kind: results.TokenKind, source: int | None) -> Token:
        return Token("x", 1, kind, None, None, source, None, 0, 0, True)

    tokens = Tokens("m", "a", "b", (token("special", None), token("unknown", 0), token("word", 1)), 8, "", "", 2)
    assert tokens.unknown == 1 and tokens.pair_start == 2
    assert tokens.ids == (1, 1, 1) and tokens.texts == ("x", "x", "x")


def test_a_measure_without_an_interval_is_its_own_bounds() -> None:
    assert HALF.bounds == (0.4, 0.6) and Measure(0.7).bounds == (0.7, 0.7)


def test_the_result_of_a_run_is_its_test_else_its_validation() -> None:
    assert (REPORT.split, REPORT.measured) == ("test", EVALUATION)
    other = replace(EVALUATION, n=3)
    validated = replace(REPORT, evaluations={"validation": other, "baseline": EVALUATION})
    assert (validated.split, validated.measured) == ("validation", other)
    unmeasured = replace(REPORT, evaluations={})
    assert (unmeasured.split, unmeasured.measured, unmeasured.memorised) == ("", None, False)


def test_a_score_on_the_training_rows_is_memorised() -> None:
    assert not REPORT.memorised
    assert replace(REPORT, data=replace(REPORT.data, shared=("validation", "test"))).memorised
    assert not replace(REPORT, data=replace(REPORT.data, shared=("validation",))).memorised


def test_a_prediction_names_its_texts() -> None:
    assert (Prediction({"text": "a", "pair": "b"}, False).text, Prediction({"text": "a"}, False).pair) == ("a", "")
