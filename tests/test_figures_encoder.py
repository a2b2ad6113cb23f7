"""The encoder's figures: the numbers as they are, the chosen row framed, and harmless whatever a token holds."""

import json
import math

import numpy as np
import plotly.io
import pytest

from core.figures import encoder as figures
from tests.hostile import TOKENS as HOSTILE
from tests.made import values

NAMES = ("[CLS]", "a", "b", "[SEP]")


def test_a_matrix_shows_its_values_around_zero() -> None:
    numbers = np.array([[-1, 2, 0.5], [0, 0, 1], [3, -3, 0], [1, 1, 1]], dtype=np.float32)
    figure = figures.matrix(numbers, NAMES, title="values", across="number", row=2)
    np.testing.assert_array_equal(values(figure), numbers)
    trace = figure.data[0]
    assert -trace.zmin == trace.zmax == pytest.approx(3)
    assert list(trace.x) == [1, 2, 3]
    assert list(trace.y) == ["[CLS] (0)", "a (1)", "b (2)", "[SEP] (3)"]
    assert list(figure.layout.yaxis.ticktext) == list(NAMES)
    assert (figure.layout.title.text, figure.layout.xaxis.title.text) == ("values", "number")
    (frame,) = figure.layout.shapes
    assert (frame.y0, frame.y1) == (1.5, 2.5)


def test_weights_go_from_0_to_1_and_both_sides_are_tokens() -> None:
    weights = np.full((4, 4), 0.25, dtype=np.float32)
    figure = figures.matrix(weights, NAMES, title="weights", across="to", row=0, weights=True, square=True)
    trace = figure.data[0]
    assert (trace.zmin, trace.zmax) == (0, 1)
    assert list(trace.x) == list(trace.y)
    assert list(figure.layout.xaxis.ticktext) == list(NAMES)


def test_equal_tokens_stay_apart() -> None:
    figure = figures.matrix(np.zeros((3, 2)), ("a", "a", "a"), title="", across="", row=0)
    assert len(set(figure.data[0].y)) == 3
    assert figure.data[0].zmax > 0  # nothing but zeros still has a scale


def test_blocks_are_named_by_their_first_token_and_number() -> None:
    names = [f"t{i}" for i in range(100)]
    figure = figures.matrix(np.ones((34, 4)), names, title="", across="", row=50, blocks=(3, 8))
    assert figure.data[0].y[1] == "t3 (3)"
    assert list(figure.data[0].x) == [1, 9, 17, 25]
    assert figure.layout.shapes[0].y0 == 50 // 3 - 0.5
    assert figure.layout.yaxis.ticktext is None  # too many to be written


def test_one_vector_has_no_frame() -> None:
    assert not figures.matrix(np.ones((1, 5)), [""], title="", across="", row=0).layout.shapes


def test_differences_are_shown_on_a_logarithmic_scale_with_the_limit() -> None:
    figure = figures.differences((0.0, 2e-7, 3e-6), text=lambda label: f"* {label}")
    trace = figure.data[0]
    assert list(trace.x) == ["* embeddings", "1", "2"]
    assert list(trace.y) == [1e-9, 2e-7, 3e-6]  # nothing at all stands at the lower end …
    assert list(trace.customdata) == ["0.0e+00", "2.0e-07", "3.0e-06"]  # … and says so
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.shapes[0].y0 == 1e-5


def test_a_difference_beyond_the_limit_is_in_the_picture() -> None:
    low, high = figures.differences((0.0, 0.02)).layout.yaxis.range
    assert low < -9 < math.log10(0.02) < high


def test_the_effect_of_a_change_layer_by_layer() -> None:
    cosines = np.array([[1, 1, 1], [0.8, 0.9, 1], [0.2, 0.4, 0.9]])
    figure = figures.effect(cosines, (1.0, 0.9, 0.5), title="t", y="cosine", text=lambda label: f"* {label}")
    band, line = figure.data
    assert list(line.x) == ["* embeddings", "1", "2"]
    assert list(line.y) == [1.0, 0.9, 0.5]
    assert list(band.y) == [1, 1, 0.9, 0.2, 0.8, 1]  # the most and, on the way back, the least
    assert line.name == "* mean over the tokens"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_tokens_are_escaped(hostile: str) -> None:
    figure = figures.matrix(np.zeros((2, 2)), (hostile, "a"), title="", across="", row=0, square=True)
    sent = json.loads(plotly.io.to_json(figure))
    texts = [*sent["data"][0]["x"], *sent["data"][0]["y"], *sent["layout"]["yaxis"]["ticktext"]]
    assert not any("<" in text or ">" in text for text in texts)
    assert all(len(text) < 100 for text in texts)
