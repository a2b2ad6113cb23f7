"""How pages look beyond what test_every_page asks of each: the theme's switch, the button of a chart, maps in line."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server

# What is written in the charts and lies to the left or right of its chart.
CUT_LABELS = """() => [...document.querySelectorAll(".js-plotly-plot")].flatMap((plot) => {
  const around = plot.getBoundingClientRect();
  return [...plot.querySelectorAll("text")].filter((label) => {
    const box = label.getBoundingClientRect();
    return box.width && (box.left < around.left - 1 || box.right > around.right + 1);
  }).map((label) => label.textContent);
})"""


def test_the_theme_can_be_switched_in_the_menu(server: Server, chromium: Browser) -> None:
    page, _ = browser.new_page(chromium)
    page.goto(f"{server.url}/runs")
    browser.wait_until_calm(page)
    page.get_by_test_id("stMainMenu").get_by_role("button").click()
    page.get_by_test_id("stMainMenuItem-theme-Dark").click()
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_button_of_a_chart_hides_no_title_and_is_one_stop(server: Server, chromium: Browser, width: int) -> None:
    page, _ = browser.new_page(chromium, width=width)
    page.goto(f"{server.url}/pretraining")
    browser.wait_until_calm(page)
    page.locator(".js-plotly-plot .gtitle").first.wait_for(timeout=60_000)
    for plot in page.locator(".js-plotly-plot").all():
        assert plot.locator(".modebar-btn").count() == 1
        bar, title = plot.locator(".modebar").bounding_box(), plot.locator(".gtitle").bounding_box()
        assert bar and title and bar["y"] > title["y"] + title["height"]


def test_maps_beside_each_other_are_in_line(server: Server, chromium: Browser) -> None:
    page, _ = browser.new_page(chromium)
    page.goto(f"{server.url}/pretraining")
    browser.wait_until_calm(page)
    maps = page.locator(".js-plotly-plot:has(.heatmaplayer image) .heatmaplayer")
    expect(maps).to_have_count(3, timeout=60_000)
    tops = {round(one.bounding_box()["y"]) for one in maps.all()}
    assert len(tops) == 1


@pytest.mark.parametrize(("place", "charts"), [("tokens?view=languages", 1), ("playground", 2), ("embeddings", 5)])
def test_no_label_of_a_chart_is_cut_on_a_telephone(server: Server, chromium: Browser, place: str, charts: int) -> None:
    page, _ = browser.new_page(chromium, width=390, locale="zh-CN")
    page.set_viewport_size({"width": 390, "height": 3000})  # some charts are drawn when they come into sight
    page.goto(f"{server.url}/{place}")
    expect(page.locator(".js-plotly-plot .main-svg:first-child")).to_have_count(charts, timeout=60_000)
    browser.wait_until_calm(page)
    assert page.evaluate(CUT_LABELS) == []


def test_a_script_and_what_colours_it_come_when_it_is_opened(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(f"{server.url}/tokens?text=I+love+pizza")
    browser.wait_until_calm(page)
    assert not [address for address in fetched if "SyntaxHighlighter" in address], "1.5 MB and half a second"
    page.get_by_text("Show the code").click()
    script = page.get_by_test_id("stCode")
    expect(script.locator(".token").first).to_be_visible()
    expect(script).to_contain_text("I love pizza")
    page.get_by_label("Sentence", exact=True).fill("Pizza again")
    expect(script).to_contain_text("Pizza again")  # it stays open, and follows the page
    page.get_by_text("Show the code").click()
    expect(script).to_be_hidden()
    check(watch)
