"""The browser's history: a page is one entry, Back and Forward show what was there, and no address is a trap."""

import re
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server

TITLES = {
    "en": {"tokens": "Tokens", "encoder": "Encoder", "attention": "Attention", "sentence": "Sentence"},
    "zh": {"tokens": "分词", "encoder": "编码器", "attention": "注意力", "sentence": "句子"},
}
LENGTH = "history.length"


def sentence_box(page: Page, language: str = "en") -> Locator:
    return page.get_by_label(TITLES[language]["sentence"], exact=True)


def type_sentence(page: Page, sentence: str, language: str = "en") -> None:
    """Type a sentence letter by letter and wait until the address carries it."""
    box = sentence_box(page, language)
    box.fill("")
    box.press_sequentially(sentence, delay=20)
    box.press("Tab")
    expect(page).to_have_url(re.compile(f"text={re.escape(quote_plus(sentence))}(&|$)"), timeout=30_000)
    browser.wait_until_calm(page)


def choose(page: Page, path: str, language: str = "en") -> None:
    """Choose one of the pages that show, by its address, in whichever language the navigation is."""
    page.get_by_test_id("stTopNavSection").first.click()
    page.locator(f'[data-testid="stTopNavDropdownLink"][href$="/{path}"]').click()
    arrived(page, path, language)
    browser.wait_until_calm(page)


def arrived(page: Page, path: str, language: str = "en") -> None:
    expect(page).to_have_url(re.compile(rf"/{path}(\?|$)"), timeout=30_000)
    page.get_by_role("heading", name=TITLES[language][path], level=1, exact=True).wait_for(timeout=60_000)


def press(page: Page, key: str, path: str, sentence: str, language: str = "en") -> None:
    """Press Back or Forward once, and see that page with that sentence, also once it is calm."""
    page.evaluate(f"history.{key}()")
    arrived(page, path, language)
    expect(sentence_box(page, language)).to_have_value(sentence, timeout=30_000)
    browser.wait_until_calm(page)
    arrived(page, path, language)
    expect(sentence_box(page, language)).to_have_value(sentence)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_one_press_goes_back_one_page(server: Server, chromium: Browser, language: str) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/?lang={language}")
    browser.wait_until_calm(page)
    page.goto(f"{server.url}/tokens?lang={language}")
    browser.wait_until_calm(page)
    for sentence in ("the first one", "another one", "the third one"):
        type_sentence(page, sentence, language)
    choose(page, "encoder", language)
    choose(page, "attention", language)
    type_sentence(page, "typed on attention", language)
    press(page, "back", "encoder", "the third one", language)
    press(page, "back", "tokens", "the third one", language)
    press(page, "forward", "encoder", "the third one", language)
    press(page, "forward", "attention", "typed on attention", language)
    assert f"lang={language}" in page.url
    check(watch)


@pytest.mark.parametrize("pause", [0, 200])
def test_quick_presses_go_back_as_many_pages_and_out(server: Server, chromium: Browser, pause: int) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(server.url)
    browser.wait_until_calm(page)
    home = page.url
    page.goto(f"{server.url}/tokens?text=the+first")
    browser.wait_until_calm(page)
    choose(page, "encoder")
    choose(page, "attention")
    page.evaluate("pause => { history.back(); setTimeout(() => history.back(), pause); }", pause)
    arrived(page, "tokens")
    browser.wait_until_calm(page)
    expect(sentence_box(page)).to_have_value("the first")
    page.go_back()  # out of the page that was opened first
    expect(page).to_have_url(home, timeout=30_000)
    check(watch)


def test_typing_and_choosing_add_no_entry_and_a_page_adds_one(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(server.url)
    browser.wait_until_calm(page)
    page.goto(f"{server.url}/tokens")
    before = page.evaluate(LENGTH)
    expect(page).to_have_url(re.compile("view=tokens"), timeout=30_000)  # the first address, with what the page chose
    browser.wait_until_calm(page)
    type_sentence(page, "a word and another word")
    page.get_by_role("button", name="The tutorial's sentence").click()
    expect(page).to_have_url(re.compile("eating"), timeout=30_000)
    browser.wait_until_calm(page)
    assert page.evaluate(LENGTH) == before
    choose(page, "attention")
    type_sentence(page, "I hate eating pizza")
    assert page.evaluate(LENGTH) == before + 1
    check(watch)


def test_back_shows_the_inputs_of_the_address_and_is_no_trap(server: Server, chromium: Browser) -> None:
    """An address of the same page with other inputs, as it comes about by a link to a place on the page."""
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/tokens?text=one")
    browser.wait_until_calm(page)
    page.evaluate("History.prototype.pushState.call(history, {}, '', location.href)")
    type_sentence(page, "two of them")
    press(page, "back", "tokens", "one")
    expect(page).to_have_url(re.compile(r"text=one(&|$)"))
    press(page, "forward", "tokens", "two of them")
    press(page, "back", "tokens", "one")
    type_sentence(page, "one more")  # typing goes on from there
    check(watch)


def test_a_page_that_was_left_before_it_was_there_keeps_the_inputs(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/tokens")
    browser.wait_until_calm(page)
    type_sentence(page, "kept all the way")
    page.evaluate("History.prototype.pushState.call(history, {}, '', '/encoder')")  # its address without inputs
    page.evaluate("History.prototype.pushState.call(history, {}, '', '/tokens?text=kept+all+the+way')")
    press(page, "back", "encoder", "kept all the way")
    press(page, "forward", "tokens", "kept all the way")
    check(watch)


def test_two_tabs_keep_their_own_history(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/tokens?text=first+tab")
    browser.wait_until_calm(page)
    other = page.context.new_page()
    other.goto(f"{server.url}/tokens?text=second+tab")
    browser.wait_until_calm(other)
    choose(page, "attention")
    choose(other, "attention")
    type_sentence(other, "typed in the second")
    press(page, "back", "tokens", "first tab")
    press(other, "back", "tokens", "second tab")
    check(watch)


def test_back_works_inside_a_frame_as_a_space_shows_it(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/_stcore/health")  # any page that is not the app
    page.evaluate(
        "address => { document.body.innerHTML = `<iframe src='${address}' width='1400' height='900'></iframe>`; }",
        f"{server.url}/tokens?embed=true&text=in+a+frame",
    )
    frame = page.frame_locator("iframe")
    box = frame.get_by_label("Sentence", exact=True)
    expect(box).to_have_value("in a frame", timeout=60_000)
    (inner,) = page.frames[1:]
    before = page.evaluate(LENGTH)
    box.fill("typed in a frame")
    expect(frame.locator(".chips .chip")).to_have_count(6, timeout=30_000)
    inner.wait_for_url(re.compile(r"text=typed\+in\+a\+frame"), timeout=30_000)
    assert "embed=true" in inner.url
    assert page.evaluate(LENGTH) == before
    check(watch)


def test_a_link_that_is_the_first_thing_a_server_is_asked_for_opens_with_the_navigation(
    chromium: Browser, tmp_path: Path
) -> None:
    with browser.server(tmp_path) as cold:
        page, watch = browser.new_page(chromium)
        page.goto(f"{cold.url}/tokens?text=hello")
        browser.wait_until_calm(page)
        expect(page.get_by_role("link", name="Home", exact=True).first).to_be_visible()
        expect(page.get_by_label("Sentence", exact=True)).to_have_value("hello")
        check(watch)


def test_back_from_a_stop_of_the_lesson_finds_the_plan_open_and_in_sight(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/")
    browser.wait_until_calm(page)
    page.get_by_text("For teachers: a lesson of 45 minutes").click()
    stop = page.get_by_role("link", name="min · Encoder")
    stop.click()
    arrived(page, "encoder")
    browser.wait_until_calm(page)
    page.evaluate("history.back()")
    expect(stop).to_be_in_viewport(timeout=30_000)
    browser.wait_until_calm(page)
    expect(stop).to_be_in_viewport()
    page.get_by_text("For teachers: a lesson of 45 minutes").click()
    expect(stop).not_to_be_visible()
    check(watch)
