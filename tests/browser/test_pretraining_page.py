"""The Pre-training page in a real browser: a token clicked or masked by keyboard, whole words, next sentence, hostile tokens."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server
from tests.hostile import IN_BROWSER

SLOW = 60_000
HOSTILE = f"{IN_BROWSER} film"


def show(page: Page, server: Server, query: str) -> None:
    page.goto(f"{server.url}/pretraining?{query}")
    expect(page.locator(".masking .chip").first).to_be_visible(timeout=SLOW)
    browser.wait_until_calm(page)


def test_a_click_masks_a_token_and_predictions_appear(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium, dark=True)
    show(page, server, "text=I+love+eating+pizza.&masked=-")
    expect(page.get_by_text("No token is masked")).to_be_visible(timeout=SLOW)
    pizza = page.locator(".masking .chip[data-token='4']")
    pizza.click()
    expect(pizza).to_have_attribute("aria-pressed", "true")
    expect(pizza.locator("b")).to_have_text("[MASK]")
    expect(page.get_by_text("What could stand instead of “pizza”?")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("The loss of this sentence")).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile(r"masked=14\.pizza"), timeout=SLOW)
    expect(page.locator(".katex").first).to_be_visible()
    pizza.click()
    expect(page.get_by_text("No token is masked")).to_be_visible(timeout=SLOW)
    check(watch)


def test_quick_clicks_are_all_taken(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    show(page, server, "text=I+love+eating+pizza.&masked=-")
    for index in (2, 3, 4):
        page.locator(f".masking .chip[data-token='{index}']").click()
    expect(page).to_have_url(re.compile(r"masked=2\.love\+7\.eating\+14\.pizza"), timeout=SLOW)
    browser.wait_until_calm(page)
    expect(page.locator(".masking .chip[aria-pressed='true']")).to_have_count(3)
    check(watch)


def test_tokens_are_masked_by_keyboard(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    show(page, server, "text=I+love+eating+pizza.&masked=-")
    page.locator(".masking .chip").first.focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".masking .chip[data-token='2']")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("What could stand instead of “love”?")).to_be_visible(timeout=SLOW)
    browser.wait_until_calm(page)
    expect(page.locator(".masking .chip[data-token='2']")).to_be_focused()
    check(watch)


def test_whole_words_are_masked_together(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    show(page, server, "text=An+untokenizable+word&masked=-&whole=yes")
    page.locator(".masking .chip", has_text="unto").first.click()
    expect(page.locator(".masking .chip[aria-pressed='true']")).to_have_count(4)
    expect(page.get_by_text("The loss of this sentence")).to_be_visible(timeout=SLOW)
    browser.wait_until_calm(page)
    expect(page.locator(".masking .chip[aria-pressed='true']")).to_have_count(4)
    check(watch)


def test_pointing_at_a_token_needs_no_server(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    show(page, server, "view=score&text=The+film+was+good.")
    page.locator(".masking .chip[data-token='2']").hover()
    expect(page.locator(".masking .detail")).to_contain_text("film · word start · position 2 · probability")
    check(watch)


def test_from_masks_to_next_sentence(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    show(page, server, "")
    page.get_by_role("radio", name="Next sentence").or_(page.get_by_role("button", name="Next sentence")).first.click()
    expect(page.get_by_text("choose a prepared pair")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Swapped order").click()
    expect(page.get_by_text("P(the second follows the first)")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("From [CLS] to the answer")).to_be_visible(timeout=SLOW)
    check(watch)


def test_hostile_tokens_stay_text(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/pretraining")
    page.goto(f"{server.url}/pretraining?masked=47.film&text={HOSTILE}")
    expect(page.locator(".masking .chip").first).to_be_visible(timeout=SLOW)
    browser.wait_until_calm(page)
    assert page.evaluate("window.broken") is None
    check(watch)


@pytest.mark.parametrize("view", ["mlm", "corruption", "score", "nsp", "generation"])
def test_on_a_telephone_nothing_is_wider_than_the_screen(server: Server, chromium: Browser, view: str) -> None:
    page, watch = browser.new_page(chromium, width=390)
    page.goto(f"{server.url}/pretraining?view={view}&pair=It+was+late.&lang=zh")
    browser.wait_until_calm(page)
    width = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollWidth")
    assert width <= 390
    check(watch)
