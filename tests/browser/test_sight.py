"""What is slow to make is made when it comes into sight, in a real browser: the words behind the Playground's answer."""

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
