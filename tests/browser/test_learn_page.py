"""Watch it learn in a real browser: a tiny model from scratch on pasted text, its curve, and on to Fine-tune."""

import re

from playwright.sync_api import Browser, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server

SLOW = 120_000


def test_a_short_run_is_started_watched_and_handed_on(training: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    plan = '{"epochs": 6.0, "max_length": 32}'
    page.goto(f"{training.url}/pretraining?view=learn&learn=scratch&corpus=pasted&plan={plan}")
    expect(page.get_by_role("textbox", name="Text to learn from")).to_contain_text("lighthouse", timeout=SLOW)
    browser.wait_until_calm(page)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page).to_have_url(re.compile("learning="), timeout=SLOW)
    page.reload()  # it is not the page that trains
    go_on = page.get_by_role("button", name="Fine-tune this")
    expect(go_on).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("link", name="Fill masks with it")).to_be_visible()
    page.get_by_role("radio", name="How it learnt").click()
    expect(page.get_by_text("What it thinks [MASK] is, over time")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("ln V: every token equally likely")).to_be_visible(timeout=SLOW)
    browser.wait_until_calm(page)
    go_on.click()
    expect(page).to_have_url(re.compile(r"finetune\?.*model=run"), timeout=SLOW)
    expect(page.get_by_role("heading", name="Fine-tune")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible(timeout=SLOW)
    check(watch)
