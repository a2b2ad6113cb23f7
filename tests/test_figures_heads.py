"""The figures of heads: every number where it belongs, and harmless whatever a word holds."""

import json

import numpy as np
import plotly.io
import pytest

from core.figures import heads as figures
from core.heads import HeadEffect
from core.results import Measure
from tests.hostile import NAME as NASTY


def test_a_grid_writes_each_number_in_its_cell() -> None:
    values = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, np.nan]])
    figure = figures.head_grid(values, title="Entropy", bar="bits", selected=(1, 0), off=[(0, 2)])
    heat, points = figure.data
    np.testing.assert_array_equal(heat.z, values)
    assert (heat.zmin, heat.zmax) == (0, 0.5)
    assert heat.texttemplate == "%{z:.2f}"
    assert [tuple(data[:2]) for data in points.customdata] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert list(zip(points.x, points.y, strict=True))[3] == (1, 2)
    outline = figure.layout.shapes[-1]
    assert (outline.x0, outline.x1, outline.y0, outline.y1) == (0.5, 1.5, 1.5, 2.5)
    assert len(figure.layout.shapes) == 3  # and the two strokes of a cross


def test_a_grid_of_changes_is_neutral_at_nothing() -> None:
    figure = figures.head_grid(np.array([[-0.4, 0.1]]), title="", bar="", difference=True, form="+.1f")
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-0.4, 0.4)
    assert figure.data[0].texttemplate == "%{z:+.1f}"
    even = figures.head_grid(np.zeros((2, 20)), title="", bar="", high=1)
    assert even.data[0].zmax == 1
    assert even.data[0].texttemplate is None  # too many heads across to write in


def effect(layer: int, head: int, value: float) -> HeadEffect:
    change = Measure(value, value - 0.02, value + 0.03)
    return HeadEffect(layer, head, Measure(-0.1, -0.2, 0.0), change, 3, 1)


def test_a_ranking_draws_the_first_with_their_intervals() -> None:
    figure = figures.importance_ranking([effect(0, head, -0.2 + 0.01 * head) for head in range(30)])
    (dots,) = figure.data
    assert list(dots.y) == list(range(20))
    assert dots.x[:2] == pytest.approx((-20, -19))
    assert dots.error_x.array[0] == pytest.approx(3)
    assert dots.error_x.arrayminus[0] == pytest.approx(2)
    assert list(figure.layout.yaxis.ticktext[:2]) == ["layer 1, head 1", "layer 1, head 2"]
    symbols = [dots.marker.symbol[i] for i in (16, 18)]  # −0.04 … −0.01 is clear of 0; −0.02 … +0.01 is not
    assert symbols == ["circle", "circle-open"]
    assert list(dots.customdata[0][1:]) == [-10, 3, 1]
    assert not figures.importance_ranking([]).data[0].x


def test_scatters_show_ranks_and_say_how_alike_they_are() -> None:
    figure = figures.rank_scatters(
        ["a", "b", NASTY],
        {"attention": [0.5, 0.1, 0.1], "flat": [1, 1, 1]},
        {"deletion": [0.3, 0.2, 0.1], "gradients": [1, 2, 3]},
    )
    points = [trace for trace in figure.data if trace.mode == "markers"]
    assert [(list(trace.x), list(trace.y)) for trace in points] == [
        ([1, 2.5, 2.5], [1, 2, 3]),
        ([2, 2, 2], [1, 2, 3]),
        ([1, 2.5, 2.5], [3, 2, 1]),
        ([2, 2, 2], [3, 2, 1]),
    ]
    assert [note.text for note in figure.layout.annotations] == ["ρ +0.87", "ρ –", "ρ −0.87", "ρ –"]


@pytest.mark.parametrize("count", [0, 1, 60])
def test_figures_of_no_one_and_many_words(count: int) -> None:
    words, values = [NASTY] * count, [float(i) for i in range(count)]
    for figure in (
        figures.rank_scatters(words, {NASTY: values}, {NASTY: values}),
        figures.word_measures(words, {NASTY: values, "b": values}),
    ):
        assert "<script" not in json.dumps(json.loads(plotly.io.to_json(figure)))


def test_bars_stand_for_what_they_were_given() -> None:
    changes = figures.layer_change([0.0, 0.5]).data[0]
    assert (list(changes.x), list(changes.y)) == ([1, 2], [0.0, 0.5])
    before, after = figures.probabilities(["bad", NASTY], [0.9, 0.1], [0.4, 0.6]).data
    assert (list(before.x), list(after.x)) == ([0.9, 0.1], [0.4, 0.6])
    measured = figures.word_measures(["a", "b"], {"one": [1, -1], "two": [3, 4]}).data
    assert [list(trace.x) for trace in measured] == [[1, -1], [3, 4]]


def test_texts_are_translated() -> None:
    def star(text: str) -> str:
        return f"* {text}"

    assert figures.importance_ranking([effect(0, 0, 0.1)], text=star).layout.title.text.startswith("* ")
    assert figures.importance_ranking([effect(0, 0, 0.1)], text=star).layout.yaxis.ticktext[0] == "* layer 1, head 1"
    assert figures.rank_scatters(["a"], {"x": [1]}, {"y": [1]}, text=star).layout.xaxis.title.text == "* rank: x"
    assert figures.head_grid(np.zeros((1, 1)), title="", bar="", text=star).layout.xaxis.title.text == "* Head"
    assert figures.layer_change([0.1], text=star).layout.xaxis.title.text == "* Layer"
    assert figures.probabilities(["a"], [1], [1], text=star).data[0].name == "* all heads"
