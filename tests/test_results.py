"""core.results: frozen, and what travels through JSON comes back as it was."""

import dataclasses

import pytest
from pydantic import TypeAdapter

from core import results
from core.results import DataReport, Dropped, Evaluation, Interval, RunConfig, RunReport, RunState, Token, Tokens

HALF = Interval(0.5, 0.4, 0.6)
EVALUATION = Evaluation(
    n=2,
    labels=("a", "b"),
    accuracy=HALF,
    macro_f1=HALF,
    loss=0.7,
    classes=(results.ClassScore("a", 1.0, 0.5, 2 / 3, 2),),
    confusion=((1, 1), (0, 0)),
    ece=0.1,
    reliability=((0.6, 0.5, 2),),
    majority=1.0,
    mistakes=(results.Mistake("text", "", "a", "b", 0.6),),
)
REPORT = RunReport(
    test=EVALUATION,
    validation=None,
    baseline=EVALUATION,
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
    "value", [REPORT, RunConfig("minilm", "imdb"), RunState("queued", 1.5)], ids=lambda v: type(v).__name__
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
