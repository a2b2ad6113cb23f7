"""What a trained model answers, why, and how long that takes."""

from collections.abc import Mapping
from typing import cast

import streamlit as st

from core import explain, predict, runs
from core.batches import Report
from core.results import Attribution, Prediction
from pages.shared.cached.data import run_data
from pages.shared.cached.models import predictor, written_at
from pages.shared.cached.once import once, undisturbed


@st.cache_data(max_entries=512, show_spinner=False)
def _prediction(name: str, written: float, inputs: Mapping[str, str], begins: bool) -> Prediction:
    ready = predictor(name, begins=begins)
    return predict.predict(ready, {role: [text] for role, text in inputs.items()})[0]


def prediction(name: str, inputs: Mapping[str, str]) -> Prediction:
    """What a model answers to one input, role → text."""
    return _prediction(name, written_at(name), inputs, False)


def before_training(run_id: str, inputs: Mapping[str, str]) -> Prediction:
    """What a run's model answered before its first step: what it started from, with the head that its seed gives where it had none."""
    name = f"run:{run_id}"
    return _prediction(name, written_at(name), inputs, True)


def on_measured_rows(run_id: str, split: str, report: Report | None = None) -> tuple[Prediction, ...] | None:
    """What a run's model answers to the rows of a split, in their order; None when that is not known yet and `report` is not given."""
    name = f"run:{run_id}"

    def make() -> tuple[Prediction, ...]:
        dataset = run_data(run_id)
        ready = predictor(name).reading(runs.get(run_id).config.max_length)
        return predict.predict(ready, dataset.texts(dataset.splits[split]), report=undisturbed(report))

    key = (name, written_at(name), split)
    return cast("tuple[Prediction, ...] | None", once("measured_rows", key, make if report else None))


@st.cache_data(max_entries=64, show_spinner=False)
def _explanation(
    name: str, written: float, inputs: Mapping[str, str], label: str, method: str, at: int | None
) -> Attribution:
    return explain.explain(
        predictor(name), inputs["text"], inputs.get("pair", ""), label=label or None, method=method, at=at
    )


def explanation(name: str, inputs: Mapping[str, str], label: str, method: str, at: int | None = None) -> Attribution:
    """How much each word moved the probability of a label, for a model of tokens that of the token at a character; "" for the predicted one."""
    return _explanation(name, written_at(name), inputs, label, method, at)


@st.cache_data(max_entries=512, ttl=300, show_spinner=False)
def _latency(name: str, written: float, inputs: Mapping[str, str]) -> tuple[float, int]:
    return predict.latency(predictor(name), inputs)


def latency(name: str, inputs: Mapping[str, str]) -> tuple[float, int]:
    """Milliseconds one prediction takes, tokenising included, and how many were timed.

    It holds for five minutes, because a busy machine answers later.
    """
    return _latency(name, written_at(name), inputs)
