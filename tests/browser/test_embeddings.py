"""The Embeddings page in a real browser: points can be selected and read, a long computation can be cancelled."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server


def test_a_computation_is_cancelled_and_taken_up_again(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/embeddings?view=map&texts=imdb&rows=1000&cut=256")
    page.get_by_role("button", name="Cancel").click(timeout=120_000)
    page.get_by_role("button", name="Compute them").wait_for(timeout=60_000)
    expect(page.get_by_test_id("stMain")).to_contain_text("were not computed")
    assert page.locator(".js-plotly-plot").count() == 0
    check(watch)


def test_points_are_selected_and_read(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/embeddings?view=map&texts=own")
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("All 12 sentences", timeout=120_000)
    browser.wait_until_calm(page)
    plot = page.locator(".js-plotly-plot").first
    plot.scroll_into_view_if_needed()
    box = plot.locator(".nsewdrag").first.bounding_box()
    assert box
    corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.02)]  # a lasso round everything
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=8)
    page.mouse.up()
    expect(main).to_contain_text("12 selected sentences", timeout=60_000)
    check(watch)


@pytest.mark.parametrize("view", ["output", "word", "map"])
@pytest.mark.parametrize(("width", "dark", "locale"), [(390, False, "en-US"), (1440, True, "zh-CN")])
def test_every_picture_fits(server: Server, chromium: Browser, view: str, width: int, dark: bool, locale: str) -> None:
    page, watch = browser.new_page(chromium, width=width, dark=dark, locale=locale)
    page.goto(f"{server.url}/embeddings?view={view}&rows=50")
    browser.wait_until_calm(page)
    page.locator(".js-plotly-plot").first.wait_for(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.get_by_test_id("stException").count() == 0
    check(watch)


def test_a_sliders_number_stays_on_one_line_at_the_edge(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium, width=390, locale="zh-CN")
    page.goto(f"{server.url}/embeddings?lang=zh")
    value = page.get_by_test_id("stSliderThumbValue").first
    expect(value).to_have_text("12", timeout=120_000)
    browser.wait_until_calm(page)
    box = value.bounding_box()
    assert box and box["height"] < 30 and box["x"] + box["width"] <= 390
    check(watch)
