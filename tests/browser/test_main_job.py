"""The main job in a real browser: train on real sentences, survive a refresh, then use the model."""

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver as browser
from tests.browser.common import RUN, check, trained
from tests.browser.driver import Server

SHORT = {"limit": 600, "epochs": 2.0, "batch_size": 16, "evaluations": 1}  # what a quick run does, for a minute


def open_from_navigation(page: Page, name: str) -> None:
    browser.choose_page(page, name)
    page.get_by_role("heading", name=name, level=1).wait_for(timeout=60_000)
    browser.wait_until_calm(page)


@pytest.mark.timeout(900)
def test_train_refresh_finish_and_predict(training: Server, chromium: Browser, home: Path) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(training.url)
    browser.wait_until_calm(page)
    open_from_navigation(page, "Fine-tune")
    page.goto(f"{training.url}/finetune?changes={quote(json.dumps(SHORT))}")
    browser.wait_until_calm(page)
    page.get_by_role("button", name="Start").click()
    curves = page.locator(".js-plotly-plot").first
    curves.wait_for(timeout=180_000)
    page.wait_for_url(RUN, timeout=60_000)
    run = RUN.search(page.url)
    assert run
    first = page.get_by_role("progressbar").first
    first.wait_for(timeout=180_000)
    page.reload()
    page.get_by_role("progressbar").first.wait_for(timeout=60_000)
    expect(page).to_have_url(re.compile(f"run={run[1]}"), timeout=60_000)

    other, other_watch = browser.new_page(chromium, dark=True, locale="zh-CN")
    other.goto(f"{training.url}/finetune?run={run[1]}")
    other.get_by_role("progressbar").first.wait_for(timeout=60_000)
    check(other_watch)

    trained(page, home)
    check(watch)
    page.get_by_text("Try it in the Playground").first.click()
    page.get_by_role("heading", name="Playground", level=1).wait_for(timeout=60_000)
    browser.wait_until_calm(page)
    for sentence, label in (
        ("A warm, funny and beautifully acted film.", "positive"),
        ("A dull, lifeless mess that wastes a good cast.", "negative"),
    ):
        box = page.get_by_label("Sentence", exact=True)
        box.fill(sentence)
        box.press("Enter")
        answer = re.compile(rf"{label}\s*probability\s*([5-9]\d|100)")
        expect(page.get_by_test_id("stMain")).to_contain_text(answer, timeout=60_000)
        browser.wait_until_calm(page)
    check(watch)


def test_every_page_opens_in_chinese_without_an_error_or_a_request_to_elsewhere(
    server: Server, chromium: Browser
) -> None:  # in English, light and dark: test_every_page
    page, watch = browser.new_page(chromium, dark=True, locale="zh-CN")
    for path in ("", "tokens", "attention", "finetune", "runs", "playground"):
        page.goto(f"{server.url}/{path}")
        browser.wait_until_calm(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        title = page.get_by_role("heading", level=1).first
        if path:
            expect(title).to_have_text(re.compile(r"[\u4e00-\u9fff]"))
    check(watch)


def test_tokens_follow_the_typing(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/tokens")
    browser.wait_until_calm(page)
    box = page.get_by_label("Sentence", exact=True)
    box.fill("")
    box.press_sequentially("I love eating pizza", delay=20)
    chips = page.locator(".chips .chip small")
    expect(chips).to_have_text(["101", "1045", "2293", "5983", "10733", "102"], timeout=20_000)
    expect(page).to_have_url(re.compile(r"text=I\+love\+eating\+pizza"), timeout=20_000)  # written at the end of a run
    check(watch)


def test_hostile_text_runs_no_script(server: Server, chromium: Browser) -> None:
    hostile = '</script><img src=x onerror="window.broken=1"><script>window.broken=1</script>'
    page, watch = browser.new_page(chromium)
    for path, views in (("tokens", ("",)), ("attention", ("explorer", "head-view", "model-view"))):
        for view in views:
            page.goto(f"{server.url}/{path}")
            page.goto(f"{server.url}/{path}?view={view}&text={hostile}")
            browser.wait_until_calm(page)
            page.wait_for_timeout(500)
            assert [frame.evaluate("window.broken") for frame in page.frames] == [None] * len(page.frames)
    check(watch)


def test_bertviz_draws_offline(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    for view in ("head-view", "model-view"):
        page.goto(f"{server.url}/attention?view={view}&text=I+love+eating+pizza&pair=So+do+I")
        browser.wait_until_calm(page)
        frame = page.frame_locator("iframe").first
        expect(frame.locator("svg").first).to_be_visible(timeout=30_000)
        expect(frame.locator("svg line, svg path, svg rect").nth(20)).to_be_attached(timeout=30_000)
    check(watch)
