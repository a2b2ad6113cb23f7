"""The Search page in a real browser: a question is typed and answered, and the page fits a telephone."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server


def test_a_question_is_typed_and_answered(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/search?shelf=en&searcher=minilm")
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("The threshold", timeout=240_000)
    box = page.get_by_label("Your question")
    box.fill("how do i get rid of my account")
    box.press("Enter")
    expect(main).to_contain_text('Choose "Delete account"', timeout=60_000)
    page.get_by_role("button", name="Nothing to find").click()
    expect(main).to_contain_text("No good answer.", timeout=60_000)
    browser.wait_until_calm(page)
    assert "ask=Who" in page.url
    check(watch)


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1440, True)])
def test_every_view_fits(server: Server, chromium: Browser, width: int, dark: bool) -> None:
    page, watch = browser.new_page(chromium, width=width, dark=dark)
    for view in ("answers", "picture"):
        page.goto(f"{server.url}/search?shelf=en&searcher=minilm&view={view}")
        page.locator(".hits, .js-plotly-plot").first.wait_for(timeout=240_000)
        browser.wait_until_calm(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.get_by_test_id("stException").count() == 0
    check(watch)
