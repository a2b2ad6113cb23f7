"""The labels that a visitor sees in the lists: true after the sentence has changed, and in the language of the page."""

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server

SLOW = 60_000


def chosen(page: Page, label: str) -> Locator:
    """What a list shows as chosen."""
    return page.get_by_test_id("stSelectbox").filter(has_text=label).get_by_role("combobox")


def test_lists_follow_the_sentence_and_the_language(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/encoder?text=He+sat+on+the+bank&token=5")
    browser.wait_until_calm(page)
    expect(chosen(page, "Token")).to_have_value("bank (5)", timeout=SLOW)
    expect(chosen(page, "Model")).to_have_value("minilm · on this machine")
    expect(chosen(page, "Step")).to_have_value("A · weights")
    page.get_by_label("Sentence", exact=True).fill("I love eating pizza")
    expect(chosen(page, "Token")).to_have_value("eating (3)", timeout=SLOW)  # the fifth token is another now
    page.get_by_role("radio", name="简体中文").click()
    expect(chosen(page, "模型")).to_have_value("minilm · 在本机上", timeout=SLOW)
    expect(chosen(page, "步骤")).to_have_value("A · 权重", timeout=SLOW)
    check(watch)
