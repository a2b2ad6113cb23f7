"""How pages look beyond what test_every_page asks of each: the theme's switch, the button of a chart, maps in line."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import driver as browser
from tests.browser.driver import Server


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
