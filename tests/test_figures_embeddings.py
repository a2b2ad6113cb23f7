"""The embedding figures: the right numbers in the right places, two maps with the same ranges, harmless labels."""

import json
from typing import Literal

import numpy as np
import plotly.io
import pytest

from core import embeddings
from core.figures import embeddings as pictures
from tests.hostile import TOKENS as HOSTILE
from tests.made import make_maps

TEXTS = ("[CLS]", "a", "b", "[SEP]")


def test_a_state_is_drawn_token_by_token() -> None:
    values = np.arange(-8, 12, dtype=np.float32).reshape(4, 5)
    figure = pictures.state_heatmap(values, make_maps(TEXTS).tokens, limit=pictures.colour_limit(values), title="t")
    heat = figure.data[0]
    np.testing.assert_array_equal(heat.z, values)
    assert heat.zmax == -heat.zmin == pytest.approx(np.quantile(np.abs(values), 0.99))
    assert list(figure.layout.yaxis.ticktext) == list(TEXTS) and len(set(heat.y)) == 4
    assert pictures.colour_limit(np.zeros((2, 2))) == 1.0


def test_strips_show_each_vector_on_its_own_scale_and_tell_the_true_value() -> None:
    figure = pictures.vector_strips({"one": np.array([1.0, -1, 1]), "<b>ten</b>": np.array([10.0, 10, -10])})
    np.testing.assert_allclose(figure.data[0].z, [[1, -1, 1], [1, 1, -1]])
    np.testing.assert_allclose(figure.data[0].customdata[1], [10, 10, -10])
    assert "&lt;b&gt;" in figure.layout.yaxis.ticktext[1]


@pytest.mark.parametrize("count", [2, 12, 13])
def test_similarities_carry_numbers_that_can_be_read(count: int) -> None:
    values = np.eye(count)
    figure = pictures.similarities(values, [str(i) for i in range(count)], lowest=0, title="t")
    assert figure.data[0].texttemplate == ("%{z:.2f}" if count <= 12 else None)


def word_uses(senses: tuple[str, ...]) -> embeddings.WordUses:
    count = len(senses)
    similarities = np.linspace(0, 1, 3)[:, None, None] * np.ones((3, count, count))
    uses = tuple(embeddings.Use("a bank", sense, 2, 6, (2,), ("bank",), False) for sense in senses)
    return embeddings.WordUses("bank", uses, np.ones((3, count, 4), dtype=np.float32), similarities)


def test_every_pair_has_its_line_and_the_means_stand_out() -> None:
    senses = ("x", "x", "y", "")
    uses = word_uses(senses)
    figure = pictures.senses(uses, embeddings.parting(uses.similarities, senses))
    thin = [trace for trace in figure.data if trace.mode == "lines"]
    assert len(thin) == 6
    assert [sum(t.line.dash == dash for t in thin) for dash in ("solid", "dash", "dot")] == [1, 2, 3]
    assert len([trace for trace in figure.data if trace.mode == "lines+markers"]) == 2
    assert sum(trace.showlegend is not False for trace in figure.data) == 5
    alone = pictures.senses(word_uses(("", "")), None)
    assert [trace.line.dash for trace in alone.data] == ["dot"] and not alone.layout.shapes


@pytest.mark.parametrize("dimensions", [2, 3])
def test_maps_of_two_models_share_ranges_and_every_point_knows_its_sentence(dimensions: Literal[2, 3]) -> None:
    random = np.random.default_rng(0)
    projection = embeddings.project(
        [random.normal(size=(30, 8)), random.normal(size=(30, 8)) * [9, 1, 1, 1, 1, 1, 1, 1]], "pca", dimensions
    )
    texts, labels = [f"sentence {i}" for i in range(30)], ["a", "b", "c"] * 10
    one, other = (
        pictures.sentence_map(projection, which, texts, labels, marked=(3, 5) if which else ()) for which in (0, 1)
    )
    if dimensions == 2:
        assert one.layout.xaxis.range == other.layout.xaxis.range and one.layout.yaxis.range == other.layout.yaxis.range
    else:
        assert one.layout.scene.xaxis.range == other.layout.scene.xaxis.range
    assert sorted(i for trace in one.data for (i,) in trace.customdata) == list(range(30))
    for trace in one.data:
        for x, text, (i,) in zip(trace.x, trace.text, trace.customdata, strict=True):
            assert x == pytest.approx(projection.points[0][i, 0], abs=1e-4) and text == texts[i]
    assert len({trace.marker.symbol for trace in one.data}) == len({trace.marker.color for trace in one.data}) == 3
    assert [i for (i,) in other.data[-1].customdata] == [3, 5]


def test_labels_beyond_the_most_frequent_are_taken_together() -> None:
    labels = [f"label {i % 20}" for i in range(100)] + ["label 0"]
    shown = pictures.groups(labels, "other labels")
    assert len(set(shown)) == pictures.MOST_LABELS + 1 and shown[0] == "label 0"


@pytest.mark.parametrize("dimensions", [2, 3])
def test_no_two_labels_look_alike(dimensions: Literal[2, 3]) -> None:
    labels = [f"label {i}" for i in range(pictures.MOST_LABELS)] * 2 + ["rare"]
    projection = embeddings.project([np.random.default_rng(0).normal(size=(len(labels), 4))], "pca", dimensions)
    looks = [
        (trace.marker.color, trace.marker.symbol) for trace in pictures.sentence_map(projection, 0, labels, labels).data
    ]
    assert len(looks) == len(set(looks)) == pictures.MOST_LABELS + 1


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_sentences_and_labels_are_escaped(text: str) -> None:
    projection = embeddings.project([np.random.default_rng(0).normal(size=(4, 3))])
    figure = pictures.sentence_map(projection, 0, [text, "x" * 10_000, "中" * 500, "a"], [text, "", "b", "b"])
    body = plotly.io.to_json(figure)
    assert "<script" not in body and "<img" not in body and len(body) < 60_000
    assert json.loads(body)["data"]
    pictures.similarities(np.eye(2), [text, text], lowest=0, title="t")


def test_scores_by_state() -> None:
    figure = pictures.by_state({"before": (0.1, 0.2), "after": (0.1, 0.6)}, 1)
    assert [list(trace.y) for trace in figure.data] == [[0.1, 0.2], [0.1, 0.6]]
    assert figure.data[0].line.dash != figure.data[1].line.dash
