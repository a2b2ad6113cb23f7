"""BertViz documents: complete, small, harmless whatever a token holds, and drawn by a real browser without a network."""

import base64
import json
import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from core import html
from core.errors import UserError
from core.html import bertviz_head, bertviz_model, bertviz_neuron
from core.results import AttentionMaps
from tests.hostile import TOKENS as HOSTILE
from tests.made import make_maps


def data_of(document: str) -> dict:
    """What the document carries to its script."""
    found = re.search(r"const studio = (\{.*\});\n", document)
    assert found
    return json.loads(found[1])


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test when the console has an error or anything is asked from outside."""
    complaints: list[str] = []
    opened = browser.new_page(viewport={"width": 1000, "height": 800})
    opened.route("**/*", lambda route: (complaints.append(route.request.url), route.abort()))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    opened.close()
    assert complaints == []


def texts_in(page: Page) -> list[str]:
    return page.eval_on_selector_all("svg text", "all => all.map(one => one.textContent)")


def opacities(page: Page, attribute: str = "stroke-opacity") -> list[float]:
    return page.eval_on_selector_all("svg line", f"all => all.map(one => +one.getAttribute('{attribute}'))")


def test_head_view_draws_every_visible_weight(page: Page) -> None:
    maps = make_maps(("a", "b", "a", "d"))
    page.set_content(bertviz_head(maps, layer=1))
    assert texts_in(page) == ["a", "b", "a", "d"] * 2
    weights = maps.weights[1]
    seen = np.rint(weights * 255)
    expected = sorted(weights[seen >= 3] / 3**0.5)
    np.testing.assert_allclose(sorted(opacities(page)), expected, atol=0.5 / 255 / 3**0.5 + 1e-6)
    head_1 = page.eval_on_selector_all(
        "svg g.headAttention[head-index='1'] line[left-token-index='2']",
        "all => all.map(one => [+one.getAttribute('right-token-index'), +one.getAttribute('stroke-opacity') * 3 ** 0.5])",
    )
    assert [i for i, _ in head_1] == [i for i in range(4) if seen[1, 2, i] >= 3]
    for i, weight in head_1:
        assert weight == pytest.approx(weights[1, 2, i], abs=0.003)
    assert page.locator("#layer").input_value() == "2"
    assert page.eval_on_selector_all("title", "all => all.map(one => one.textContent)")[-3:] == [
        "Head 1",
        "Head 2",
        "Head 3",
    ]


def test_hovering_a_token_shows_its_lines_only(page: Page) -> None:
    page.set_content(bertviz_head(make_maps(("alpha", "beta", "gamma")), layer=0))
    page.locator("svg #left text", has_text="beta").hover()
    shown = page.eval_on_selector_all(
        "svg line[visibility=visible]", "all => all.map(one => one.getAttribute('left-token-index'))"
    )
    assert set(shown) == {"1"}


def test_some_heads_only(page: Page) -> None:
    maps = make_maps(("a", "b"), heads=4)
    document = bertviz_head(maps, layer=0, heads=[2])
    assert data_of(document)["shape"] == [1, 1, 2]
    page.set_content(document)
    np.testing.assert_allclose(opacities(page), maps.weights[0, 2].ravel(), atol=0.003)


def test_heads_shown_at_first(page: Page) -> None:
    maps = make_maps(("a", "b"), heads=4)
    page.set_content(bertviz_head(maps, layer=0, shown=[2]))
    np.testing.assert_allclose(sum(opacities(page)), 2, atol=0.02)
    page.locator("svg > g > rect").nth(0).click()
    np.testing.assert_allclose(sum(opacities(page)), 4 / 2**0.5, atol=0.04)


def test_pair_filter(page: Page) -> None:
    maps = make_maps(("[CLS]", "a", "[SEP]", "b", "c", "[SEP]"), heads=1, pair_from=3)
    page.set_content(bertviz_head(maps, layer=0))
    assert len(texts_in(page)) == 12
    expected = {
        "All": maps.weights[0, 0],
        "Sentence A → Sentence A": maps.weights[0, 0, :3, :3],
        "Sentence B → Sentence B": maps.weights[0, 0, 3:, 3:],
        "Sentence A → Sentence B": maps.weights[0, 0, :3, 3:],
        "Sentence B → Sentence A": maps.weights[0, 0, 3:, :3],
    }
    assert page.locator("#filter option").all_inner_texts() == list(expected)
    for label, weights in expected.items():
        page.locator("#filter").select_option(label=label)
        seen = weights[np.rint(weights * 255) >= 3]
        np.testing.assert_allclose(opacities(page), seen.ravel(), atol=0.003)
    page.goto("about:blank")
    page.set_content(bertviz_head(maps, layer=0, view="b-a"))
    assert page.locator("#filter").evaluate("one => one.selectedOptions[0].textContent") == "Sentence B → Sentence A"
    assert texts_in(page) == ["b", "c", "[SEP]", "[CLS]", "a", "[SEP]"]


@pytest.mark.parametrize("dark", [False, True])
def test_model_view_draws_all_heads_and_opens_one(page: Page, dark: bool) -> None:
    maps = make_maps(("a", "b", "c"), layers=3, heads=2, pair_from=2)
    page.set_content(bertviz_model(maps, dark=dark))
    assert page.locator("svg rect.attn_background").count() == 6
    assert texts_in(page) == ["Heads", "1", "2", "Layers", "1", "2", "3"]
    seen = maps.weights[np.rint(maps.weights * 255) >= 3]
    np.testing.assert_allclose(opacities(page), seen.ravel(), atol=0.003)
    page.mouse.click(400, 110)
    assert "Layer 1, head 2" in texts_in(page)
    assert texts_in(page)[-6:] == ["a", "b", "c"] * 2
    ink, ground = page.evaluate(
        "[getComputedStyle(document.querySelector('svg text')).fill, getComputedStyle(document.body).backgroundColor]"
    )
    assert (sum(map(int, re.findall(r"\d+", ink))) > 600) == dark
    assert (sum(map(int, re.findall(r"\d+", ground))) < 100) == dark


@pytest.mark.parametrize("view", ["head", "model"])
@pytest.mark.parametrize("pair_from", [None, 4])
def test_hostile_tokens_are_text(page: Page, view: str, pair_from: int | None) -> None:
    maps = make_maps(HOSTILE, pair_from=pair_from)
    document = bertviz_head(maps, layer=0) if view == "head" else bertviz_model(maps)
    page.set_content(document)
    if view == "model":
        page.mouse.click(150, 150)
    shown = [text.replace("�", "?") for text in texts_in(page)]
    for token in HOSTILE:
        assert token.replace("\u2028", "?").replace("\u2029", "?") in shown
    assert page.evaluate("window.hacked === undefined")
    assert page.locator("svg *:is(img, script, b)").count() == 0


@pytest.mark.parametrize("pair_from", [None, 60])
@pytest.mark.parametrize("layers", [6, 12])
def test_at_most_two_megabytes_at_128_tokens(layers: int, pair_from: int | None) -> None:
    maps = make_maps(("token",) * 128, layers=layers, heads=12, pair_from=pair_from)
    for document in (bertviz_head(maps, layer=0), bertviz_model(maps)):
        assert 300_000 < len(document.encode()) < 1_000_000


def test_nothing_is_fetched_and_the_libraries_are_inside() -> None:
    for document in (bertviz_head(make_maps(("a",)), layer=0), bertviz_model(make_maps(("a",)))):
        assert "cdnjs" not in document
        assert "PYTHON_PARAMS" not in document
        assert not re.search(r"<(script|link|img|iframe)[^>]*\b(src|href)=", document)
        assert "Content-Security-Policy" in document
        assert '"5.7.0"' in document
        assert "jQuery v3.7.1" in document


def test_512_tokens() -> None:
    maps = make_maps(("token",) * 512, layers=1, heads=12)
    document = bertviz_head(maps, layer=0)
    data = data_of(document)
    drawn = len(base64.b64decode(data["values"]))
    assert 10_000 < drawn <= html.MOST_LINES
    assert len(document.encode()) < 1_000_000
    share = re.search(r"Weights below ([\d.]+)% are left out", document)
    assert share
    assert drawn == (np.rint(maps.weights * 255) > float(share[1]) / 100 * 255).sum()


def test_too_much_for_bertviz_is_said() -> None:
    long = make_maps(("token",) * 150, layers=12, heads=12)
    with pytest.raises(UserError, match="150 tokens are too many for this view"):
        bertviz_model(long)
    with pytest.raises(UserError, match="600 tokens are too many"):
        bertviz_head(make_maps(("token",) * 600, layers=1, heads=12), layer=0)
    with pytest.raises(UserError, match="layer 7"):
        bertviz_head(make_maps(("a",)), layer=7)
    with pytest.raises(UserError, match="head 9"):
        bertviz_head(make_maps(("a",)), layer=0, heads=[9])
    with pytest.raises(UserError, match="only one text"):
        bertviz_model(make_maps(("a",)), view="a-b")


def test_labels_are_translated_and_escaped() -> None:
    maps = make_maps(("a", "b"), pair_from=1)
    for document in (
        bertviz_head(maps, layer=0, text=lambda text: f"<{text}>"),
        bertviz_model(maps, text=lambda text: f"<{text}>"),
    ):
        assert "&lt;Sentence A → Sentence B&gt;" in document
        assert "&lt;Drawn by BertViz. Weights below 1.0% are left out.&gt;" in document
        assert "<Sentence" not in document
        assert data_of(document)["words"]["heads"] == "<Heads>"


def test_weights_that_cannot_be_seen_leave_an_empty_drawing(page: Page) -> None:
    page.set_content(bertviz_head(make_maps(("a",) * 300, layers=1, heads=2, even=True), layer=0))
    assert page.locator("svg line").count() == 0
    assert len(texts_in(page)) == 600


def make_neurons(maps: AttentionMaps, size: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Random queries and keys, shape (H, T, size)."""
    random = np.random.default_rng(1)
    shape = (maps.weights.shape[1], maps.weights.shape[2], size)
    return random.normal(size=shape).astype(np.float32), random.normal(size=shape).astype(np.float32)


def values(page: Page, part: str) -> list[float]:
    return page.eval_on_selector_all(f"#expanded {part}", "all => all.map(one => +one.getAttribute('data-value'))")


@pytest.mark.parametrize("dark", [False, True])
def test_neuron_view_shows_queries_keys_and_products(page: Page, dark: bool) -> None:
    maps = make_maps(("a", "b", "c"))
    queries, keys = make_neurons(maps)
    page.set_content(bertviz_neuron(maps, queries, keys, layer=1, head=2, token=1, dark=dark))
    np.testing.assert_allclose(values(page, "#queries .element"), queries[2].ravel(), atol=1e-4)
    np.testing.assert_allclose(values(page, "#keys .element"), keys[2].ravel(), atol=1e-4)
    np.testing.assert_allclose(values(page, "#product .element"), (queries[2, 1] * keys[2]).ravel(), atol=1e-3)
    np.testing.assert_allclose(values(page, "#dotproducts rect"), keys[2] @ queries[2, 1] / 2, atol=1e-3)
    page.locator("#expanded #leftText text", has_text="c").hover()
    np.testing.assert_allclose(values(page, "#dotproducts rect"), keys[2] @ queries[2, 2] / 2, atol=1e-3)
    assert page.locator("#layer").evaluate("one => one.selectedOptions[0].textContent") == "2"
    assert page.locator("#att_head").evaluate("one => one.selectedOptions[0].textContent") == "3"
    page.locator("#att_head").select_option(label="1")
    np.testing.assert_allclose(values(page, "#queries .element"), queries[0].ravel(), atol=1e-4)
    shown = page.eval_on_selector_all("#collapsed line", "all => all.map(one => +one.getAttribute('stroke-opacity'))")
    seen = maps.weights[1, 0][np.rint(maps.weights[1, 0] * 255) >= 3]
    np.testing.assert_allclose(shown, seen.ravel(), atol=0.003)
    ink, ground = page.evaluate(
        "[getComputedStyle(document.querySelector('svg .token')).fill, getComputedStyle(document.body).backgroundColor]"
    )
    assert (sum(map(int, re.findall(r"\d+", ink))) > 500) == dark
    assert (sum(map(int, re.findall(r"\d+", ground))) < 100) == dark


def test_neuron_view_of_a_part_of_a_pair(page: Page) -> None:
    maps = make_maps(("[CLS]", "a", "[SEP]", "b", "[SEP]"), heads=1, pair_from=3)
    queries, keys = make_neurons(maps)
    page.set_content(bertviz_neuron(maps, queries, keys, layer=0, view="b-a"))
    np.testing.assert_allclose(values(page, "#queries .element"), queries[0, 3:].ravel(), atol=1e-4)
    np.testing.assert_allclose(values(page, "#keys .element"), keys[0, :3].ravel(), atol=1e-4)
    page.locator("#filter").select_option(label="Sentence A → Sentence B")
    np.testing.assert_allclose(values(page, "#queries .element"), queries[0, :3].ravel(), atol=1e-4)
    np.testing.assert_allclose(values(page, "#keys .element"), keys[0, 3:].ravel(), atol=1e-4)


@pytest.mark.parametrize("pair_from", [None, 4])
def test_hostile_tokens_are_text_in_the_neuron_view(page: Page, pair_from: int | None) -> None:
    maps = make_maps(HOSTILE, pair_from=pair_from)
    document = bertviz_neuron(maps, *make_neurons(maps), layer=0, text=lambda text: f"<{text}>")
    page.set_content(document)
    shown = [text.replace("�", "?") for text in texts_in(page)]
    for token in HOSTILE:
        assert token.replace("\u2028", "?").replace("\u2029", "?") in shown
    assert page.evaluate("window.hacked === undefined")
    assert page.locator("svg *:is(img, script, b)").count() == 0
    assert "&lt;Layer&gt;" in document and "cdnjs" not in document and "Content-Security-Policy" in document
    assert not re.search(r"<(script|link|img|iframe)[^>]*\b(src|href)=", document)


def test_neuron_view_says_what_it_cannot_draw() -> None:
    maps = make_maps(("a", "b"))
    queries, keys = make_neurons(maps)
    with pytest.raises(UserError, match="layer 7"):
        bertviz_neuron(maps, queries, keys, layer=7)
    with pytest.raises(UserError, match="head 9"):
        bertviz_neuron(maps, queries, keys, layer=0, head=9)
    with pytest.raises(UserError, match=r"512 tokens are too many for the neuron view.*it takes 195"):
        html.check_neuron_view(512, 64)
    html.check_neuron_view(195, 64)
    long = make_maps(("token",) * 195, layers=1, heads=12)
    assert len(bertviz_neuron(long, *make_neurons(long, 64), layer=0).encode()) < 2_000_000
