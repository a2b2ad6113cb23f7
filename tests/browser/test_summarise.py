"""The Summarise page in a real browser: a text is typed and summarised, a method chosen, and the page fits a telephone."""

from playwright.sync_api import Browser, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server


def test_a_text_is_typed_and_summarised(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/summarise?article=own&searcher=minilm&most_sentences=1")
    main = page.get_by_test_id("stMain")
    page.locator(".article mark").first.wait_for(timeout=240_000)
    box = page.get_by_label("Your text")
    box.fill(
        "The library opens at nine. Books may be kept for four weeks. The library closes at seven. Lunch was good."
    )
    box.press("Control+Enter")
    expect(main).to_contain_text("1 of 4 sentences", timeout=60_000)
    expect(page.locator(".article mark")).to_contain_text("library")
    page.get_by_role("button", name="News", exact=True).click()
    expect(page.locator(".article mark").first).to_contain_text("The last ferry", timeout=60_000)
    browser.wait_until_calm(page)
    assert "by=lead" in page.url
    check(watch)
    page.set_viewport_size({"width": 390, "height": 844})
    browser.wait_until_calm(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
