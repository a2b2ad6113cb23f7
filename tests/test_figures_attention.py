"""The attention figures: right weights in the right places, small, and harmless whatever a token holds."""

from collections.abc import Iterator

import numpy as np
import plotly.io
import pytest
from playwright.sync_api import Browser, Page

from core.attention import View
from core.errors import UserError
from core.figures import attention as attention_figures
from tests.hostile import TOKENS as HOSTILE
from tests.made import make_maps, values

TEXTS = ("[CLS]", "a", "b", "a", "[SEP]", "a", "[SEP]")


@pytest.mark.parametrize(
    ("view", "rows", "columns"),
    [("all", slice(0, 7), slice(0, 7)), ("a-a", slice(0, 5), slice(0, 5)), ("a-b", slice(0, 5), slice(5, 7)),
     ("b-a", slice(5, 7), slice(0, 5)), ("b-b", slice(5, 7), slice(5, 7))],
)  # fmt: skip
def test_heatmap_shows_the_weights_as_they_are(view: View, rows: slice, columns: slice) -> None:
    maps = make_maps(TEXTS, pair_from=5)
    figure = attention_figures.attention_heatmap(maps, 1, 2, view=view)
    np.testing.assert_array_equal(values(figure), maps.weights[1, 2, rows, columns])
    trace = figure.data[0]
    assert (trace.zmin, trace.zmax) == (0, 1)
    assert len(set(trace.x)) == len(trace.x) == len(TEXTS[columns])
    assert list(figure.layout.xaxis.ticktext) == list(TEXTS[columns])
    assert list(figure.layout.yaxis.ticktext) == list(TEXTS[rows])
    assert "Layer 2, head 3" in figure.layout.title.text


def test_heatmap_scale_to_the_largest_weight() -> None:
    maps = make_maps(TEXTS)
    figure = attention_figures.attention_heatmap(maps, 0, 0, to_largest=True)
    assert figure.data[0].zmax == pytest.approx(maps.weights[0, 0].max())


def test_heatmap_is_translated_and_says_what_is_missing() -> None:
    maps = make_maps(TEXTS)
    figure = attention_figures.attention_heatmap(maps, 0, 0, text=lambda label: f"* {label}")
    assert figure.layout.yaxis.title.text == "* from (query)"
    with pytest.raises(UserError, match="layer 5"):
        attention_figures.attention_heatmap(maps, 5, 0)
    with pytest.raises(UserError, match="only one text"):
        attention_figures.attention_heatmap(maps, 0, 0, view="a-b")


@pytest.mark.parametrize(("last", "room"), [("[SEP]", 20), ("unforgettable", 40)])
def test_the_last_column_has_room_for_its_slanting_label(last: str, room: int) -> None:
    figure = attention_figures.attention_heatmap(make_maps(("[CLS]", "a", last)), 0, 0)
    assert figure.layout.margin.r >= room


@pytest.mark.parametrize(("size", "most"), [(32, 30_000), (128, 150_000), (512, 2_000_000)])
def test_heatmap_is_small(size: int, most: int) -> None:
    maps = make_maps(("token",) * size, layers=1, heads=1)
    assert len(plotly.io.to_json(attention_figures.attention_heatmap(maps, 0, 0))) < most


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1100, "height": 900})
    opened.route("**/*", lambda route: route.abort())
    yield opened
    opened.close()


def test_hostile_tokens_are_text_in_the_browser(page: Page) -> None:
    figure = attention_figures.attention_heatmap(make_maps(HOSTILE), 0, 0)
    page.set_content(plotly.io.to_html(figure, include_plotlyjs=True))
    labels = page.locator("g.ytick text")
    labels.nth(len(HOSTILE) - 1).wait_for()
    shown = labels.all_text_contents()
    assert "<!--<script>" in shown
    assert "<b>&amp;</b>" in shown
    assert any(label.startswith("</script><script>wi") for label in shown)
    assert page.locator("g.ytick text tspan, g.ytick a").count() == 0
    assert page.evaluate("window.hacked === undefined")
