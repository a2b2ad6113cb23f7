"""What is in the visitor's sight, in a real browser: the words behind the Playground's answer, and a claim that was asked for."""

import re

from playwright.sync_api import Browser, expect

from tests.browser import driver as browser
from tests.browser.common import check, projector
from tests.browser.driver import Server


def test_the_words_come_when_their_place_does(server: Server, chromium: Browser) -> None:
    page, watch = projector(chromium, width=390, height=500)
    page.goto(f"{server.url}/playground?text=A+warm+and+funny+film.")
    browser.wait_until_calm(page)
    assert page.locator(".answer").count() == 1 and page.locator(".words").count() == 0
    page.get_by_text("Asking the model which words matter…").scroll_into_view_if_needed()
    expect(page.locator("p.words")).to_contain_text("funny", timeout=20_000)
    page.get_by_text("Input × gradient").click()
    expect(page).to_have_url(re.compile("input-x-gradient"), timeout=20_000)
    expect(page.locator("p.words")).to_contain_text("funny", timeout=20_000)
    check(watch)


def test_a_claim_that_an_address_asks_for_is_brought_into_sight(server: Server, chromium: Browser) -> None:
    page, watch = projector(chromium)
    page.goto(f"{server.url}/article?view=compute")
    browser.wait_until_calm(page)
    expect(page.get_by_text("What is true:")).to_be_in_viewport(timeout=20_000)
    check(watch)
