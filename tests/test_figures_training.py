"""The training and evaluation figures: what they draw is what they were given, for one run and for four."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.figures import training as training_figures
from core.results import Event, Measure, Movement
from core.tasks.base import read_detail
from core.tasks.class_scores import Classes, measure
from tests.hostile import NAME as NASTY

TEXTS = ["a", "b", "c", "d", "e", "f"]


def events(steps: int = 6, *, begin: float = 100.0) -> tuple[Event, ...]:
    """A run of `steps` steps, two a second, with an evaluation half-way and at the end."""
    found = [Event(begin, "start", 0, steps, 0.0)]
    for step in range(1, steps + 1):
        values = {"loss": 1.0 / step, "learning_rate": 1e-4 / step, "examples_per_second": 50.0 + step}
        found.append(Event(begin + step / 2, "step", step, steps, step / steps, values))
        if step in (steps // 2, steps):
            scores = {"accuracy": step / steps, "macro_f1": 0.9 * step / steps, "loss": 0.5, "n": 10, "samples": []}
            found.append(Event(begin + step / 2, "evaluation", step, steps, step / steps, scores))
    return tuple(found)


def classes_of(labels: tuple[str, ...], true: np.ndarray, probs: np.ndarray, texts: list[str]) -> Classes:
    return read_detail(Classes, measure("text-classification", labels, true, probs, {"text": texts}))


def evaluation(labels: tuple[str, ...] = ("bad", "good")) -> Classes:
    """Six examples, one of them wrong: counts [[2, 1], [0, 3]]."""
    true = np.array([0, 0, 0, 1, 1, 1])
    probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.1, 0.9], [0.2, 0.8], [0.05, 0.95]])
    return classes_of(labels, true, probs, TEXTS)


MOVED = (Movement("embeddings", 1000, 0.001, 0.25), Movement("layer 1", 500, 0.02, 1.0), Movement(NASTY, 10, 0.5, 1.0))


def accuracy_and_f1(runs: Mapping[str, Sequence[Event]], **options: Any) -> go.Figure:
    return training_figures.metric_curves(runs, ("accuracy", "macro_f1"), **options)


CURVES = (
    training_figures.loss_curve,
    training_figures.learning_rate_curve,
    accuracy_and_f1,
    training_figures.speed_curve,
)


def trace(figure: go.Figure, name: str) -> dict:
    """The only trace whose legend entry ends in `name`."""
    found = [trace.to_plotly_json() for trace in figure.data if (trace.name or "").endswith(name)]
    assert len(found) == 1, [trace.name for trace in figure.data]
    return found[0]


def test_loss_curve_draws_what_the_events_say() -> None:
    figure = training_figures.loss_curve({"one": events()})
    training = trace(figure, "training, each report")
    assert list(training["x"]) == [1, 2, 3, 4, 5, 6]
    assert list(training["y"]) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6])
    assert "markers" in training["mode"], "a run of few steps must not give a blank plot"
    assert list(trace(figure, "validation")["x"]) == [3, 6]


def test_loss_curve_smooths_only_many_steps() -> None:
    names = [trace.name for trace in training_figures.loss_curve({"one": events(200)}).data]
    assert "training, running mean" in names
    assert "training, running mean" not in [
        trace.name for trace in training_figures.loss_curve({"one": events(6)}).data
    ]
    assert training_figures._running_mean([1.0, 3.0, 5.0, 7.0], 2) == [1.0, 2.0, 4.0, 6.0]


def test_seconds_and_epochs_as_the_axis() -> None:
    seconds = trace(training_figures.learning_rate_curve({"one": events()}, against="seconds"), "Learning rate")
    assert list(seconds["x"]) == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    epochs = trace(training_figures.speed_curve({"one": events()}, against="epoch"), "Examples per second")
    assert list(epochs["x"]) == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1])
    assert list(epochs["y"]) == [51, 52, 53, 54, 55, 56]


def test_metric_curves_have_accuracy_and_f1() -> None:
    figure = accuracy_and_f1({"one": events()})
    assert list(trace(figure, "Accuracy")["y"]) == [0.5, 1.0]
    assert list(trace(figure, "Macro-F1")["y"]) == pytest.approx([0.45, 0.9])
    low, high = figure.layout.yaxis.range
    assert low <= 0.45 and high >= 1


@pytest.mark.parametrize("draw", CURVES)
def test_four_runs_differ_by_more_than_colour(draw: Callable[..., go.Figure]) -> None:
    figure = draw({name: events() for name in ("a", "b", "c", NASTY)})
    assert figure.layout.showlegend
    looks = {(trace.line.dash, trace.marker.symbol) for trace in figure.data}
    assert len(looks) >= 4
    assert "<script>" not in figure.to_json() and "<b>x" not in json.dumps([trace.name for trace in figure.data])


@pytest.mark.parametrize("draw", CURVES)
def test_curves_of_a_run_that_has_not_begun(draw: Callable[..., go.Figure]) -> None:
    figure = draw({"one": ()})
    assert all(len(trace.x or ()) == 0 for trace in figure.data)


def test_confusion_matrix_counts_and_shares() -> None:
    figure = training_figures.confusion_matrix(evaluation())
    heat = figure.data[0]
    assert np.allclose(np.array(heat.z), [[2 / 3, 1 / 3], [0, 1]])
    assert heat.text[0][0] == "2<br>67%"
    assert heat.customdata[0][1] == "true: bad<br>predicted: good<br>1 of 3 (33.3%)"
    assert figure.layout.yaxis.autorange == "reversed", "the first class stands on top"


def test_confusion_matrix_of_many_classes_has_no_text_but_hover() -> None:
    labels = tuple(f"class {i}" for i in range(20))
    probs = np.eye(20)
    many = classes_of(labels, np.arange(20), probs, ["x"] * 20)
    heat = training_figures.confusion_matrix(many).data[0]
    assert heat.text is None and len(heat.customdata) == 20


def test_labels_that_look_like_numbers_or_markup_stay_labels() -> None:
    figure = training_figures.confusion_matrix(evaluation(("0", NASTY)))
    assert list(figure.layout.xaxis.tickvals) == [0, 1]
    assert figure.layout.xaxis.ticktext[0] == "0"
    assert figure.layout.xaxis.ticktext[1].startswith("&lt;b&gt;x")
    for drawn in (figure, training_figures.class_scores(evaluation(("0", NASTY)))):
        assert "<script>" not in drawn.to_json().replace("\\u003c", "<")


def test_reliability_shows_bins_with_their_intervals() -> None:
    measured = evaluation()
    figure = training_figures.reliability(measured)
    points = figure.data[1]
    assert list(points.x) == pytest.approx([confidence for confidence, _, _ in measured.reliability])
    assert list(points.y) == pytest.approx([accuracy for _, accuracy, _ in measured.reliability])
    assert sum(row[0] for row in points.customdata) == len(TEXTS)
    for y, up, down in zip(points.y, points.error_y.array, points.error_y.arrayminus, strict=True):
        assert 0 <= y - down <= y <= y + up <= 1 + 1e-9


def test_class_scores_have_a_shape_each() -> None:
    figure = training_figures.class_scores(evaluation())
    assert len({trace.marker.symbol for trace in figure.data}) == 3
    precision, recall, f1 = (list(trace.x) for trace in figure.data)
    assert precision == pytest.approx([1, 3 / 4])
    assert recall == pytest.approx([2 / 3, 1])
    assert f1 == pytest.approx([0.8, 6 / 7])
    assert figure.layout.yaxis.ticktext == ("bad (3)", "good (3)")


def test_a_class_without_examples_has_no_scores() -> None:
    labels, true = ("bad", "good", "rare"), np.array([0, 1])
    classes = classes_of(labels, true, np.array([[0.9, 0.1, 0.0], [0.1, 0.9, 0.0]]), TEXTS[:2])
    figure = training_figures.class_scores(classes)
    assert figure.layout.yaxis.ticktext == ("bad (1)", "good (1)"), "0 would say that it is never found"


def test_movement_in_percent() -> None:
    bars = training_figures.movement(MOVED).data[0]
    assert list(bars.x) == pytest.approx([0.1, 2.0, 50.0])
    assert bars.text[0] == "0.1%"
    assert bars.customdata[0][2] == pytest.approx(25)
    assert "<script>" not in str(bars.customdata)


def test_label_balance_and_lengths() -> None:
    bars = training_figures.label_balance({"bad": 1, "good": 3}).data[0]
    assert list(bars.x) == [1, 3] and bars.text[1] == "3 (75%)"
    histogram = training_figures.length_histogram(np.array([5, 6, 6, 30]), 10)
    assert sum(histogram.data[0].y) == 4
    assert histogram.layout.shapes[0].x0 == 10, "the cut is marked"
    assert not training_figures.length_histogram(np.array([5, 6]), 128).layout.shapes


def test_intervals_reach_as_far_as_they_say() -> None:
    figure = training_figures.intervals({"a": Measure(0.8, 0.7, 0.85), NASTY: Measure(0.5, 0.4, 0.6)}, title="Accuracy")
    first = figure.data[0]
    assert first.error_x.array[0] == pytest.approx(0.05) and first.error_x.arrayminus[0] == pytest.approx(0.1)
    assert figure.data[0].marker.symbol != figure.data[1].marker.symbol
    assert "<script>" not in figure.to_json()
    perfect = training_figures.intervals({"a": Measure(1.0), "b": Measure(1.0)}, title="Macro-F1")
    low, high = perfect.layout.xaxis.range
    assert 0 <= low < 1 < high < 1.1, "a share has no axis to 2"


def test_intervals_of_what_is_no_share_are_in_sight() -> None:
    rows = {"a": Measure(26.8, 20.0, 31.0), "b": Measure(8.0, 6.2, 10.7), "c": Measure(-0.4)}
    figure = training_figures.intervals(rows, title="chrF", unit="points of 100")
    low, high = figure.layout.xaxis.range
    assert low < -0.4 and high > 31 and figure.layout.xaxis.title.text == "points of 100"
    low, high = training_figures.intervals({"a": Measure(0.0)}, title="r", unit="correlation").layout.xaxis.range
    assert low < 0 < high


def test_every_literal_goes_through_the_translator() -> None:
    def marked(text: str) -> str:
        return f"@{text}"

    drawn = [draw({"one": events()}, text=marked) for draw in CURVES] + [
        draw(evaluation(), text=marked)
        for draw in (training_figures.confusion_matrix, training_figures.reliability, training_figures.class_scores)
    ]
    drawn += [training_figures.movement(MOVED, text=marked), training_figures.label_balance({"a": 1}, text=marked)]
    drawn += [training_figures.length_histogram(np.array([3, 4]), 10, text=marked)]
    for figure in drawn:
        assert figure.layout.title.text.startswith("@")
        assert (figure.layout.xaxis.title.text or "@").startswith("@")
        assert (figure.layout.yaxis.title.text or "@").startswith("@")
