"""The attention explorer in a real browser: hover, choose, mask, compare, take away; offline, and quick."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server
from tests.hostile import IN_BROWSER

SENTENCE = "the plot is thin but the acting is wonderful and the music stays with you "
BANK = "She sat on the bank of the river."
HOSTILE = f"{IN_BROWSER} \u202eabc\u0007 " + "x" * 3000


def open_explorer(page: Page, server: Server, query: str) -> None:
    page.goto(f"{server.url}/attention?{query}")
    browser.wait_until_calm(page)
    page.wait_for_function(
        "[...document.querySelectorAll('*')].some((one) => one.shadowRoot?.querySelector('canvas.large')?.height > 100)"
    )


def at_cell(page: Page, row: float, column: float, *, tokens: int) -> None:
    """Move the mouse over a cell of the heat map, found by scanning for the tooltip of the right tokens."""
    box = page.locator("canvas.large").bounding_box()
    assert box
    for y in range(100, int(box["height"]), 18):
        for x in range(60, int(box["width"]), 18):
            page.mouse.move(box["x"] + x, box["y"] + y)
            tip = page.locator(".tip")
            if tip.is_visible() and re.search(rf"\({row}\) → .*\({column}\)", tip.inner_text()):
                return
    raise AssertionError(f"no cell ({row}, {column}) of {tokens} tokens")


def test_hover_choose_mask_and_lines(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    open_explorer(page, server, f"text={quote(BANK)}&layer=0&head=4")
    title, captions = page.locator(".main h2"), page.locator(".panel caption")
    expect(title).to_have_text("Layer 1, head 5")

    page.locator("canvas.large").scroll_into_view_if_needed()
    at_cell(page, 5, 8, tokens=11)
    expect(page.locator(".tip")).to_contain_text(re.compile(r"bank \(5\) → river \(8\)\s*0\.[5-9]\d*"))
    expect(captions.first).to_have_text("bank (5) looks at")
    expect(page.locator(".panel table").first.locator("tr").first).to_contain_text(
        re.compile(r"river \(8\)\s*0\.[5-9]")
    )
    expect(captions.last).to_have_text("river (8) is looked at by")

    page.locator("canvas.overview").press("ArrowRight")
    expect(title).to_have_text("Layer 1, head 6")
    page.locator("canvas.overview").press("ArrowDown")
    expect(title).to_have_text("Layer 2, head 6", timeout=20_000)
    expect(page).to_have_url(re.compile(r"layer_no=2&head_no=6"), timeout=20_000)  # the rest of the page follows
    expect(page.get_by_text("Strongest links of layer 2, head 6")).to_be_visible(timeout=20_000)
    browser.wait_until_calm(page)
    box = page.locator("canvas.overview").bounding_box()
    assert box
    page.mouse.click(box["x"] + 0.52 * box["width"], box["y"] + 0.86 * 0.75 * box["height"])
    expect(title).to_have_text(re.compile(r"Layer [456], head [67]"), timeout=20_000)

    browser.wait_until_calm(page)  # the tables below follow the new head; they move the picture
    large = page.locator("canvas.large")
    large.press("Home")
    expect(page.locator(".aside")).to_contain_text("[CLS] (0) looks at: ")
    for _step in range(5):
        large.press("ArrowDown")
    expect(page.locator(".aside")).to_contain_text("bank (5) looks at: ")
    large.press("Enter")
    expect(page.locator(".mask-text")).to_have_text("Masked: bank (5)", timeout=20_000)
    expect(page.locator(".panel td.number").first).to_have_text(re.compile(r"[+−±]"))
    expect(page.locator(".changes button").first).to_have_text(re.compile(r"Layer \d, head \d+: 0\.\d+"))
    page.get_by_role("button", name="before", exact=True).click()
    expect(page.locator(".panel td.number").first).to_have_text(re.compile(r"^<?[01]\.\d+$"))
    page.get_by_role("button", name="Unmask all").click()
    expect(page.locator(".masked")).to_be_hidden(timeout=20_000)

    browser.wait_until_calm(page)
    page.get_by_role("button", name="Lines").click()
    box = page.locator("canvas.large").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    expect(captions.first).to_have_text(re.compile(r"^\S+ \(\d+\) looks at$"))
    page.get_by_label("Hide special tokens").check()
    expect(page.locator(".main .note").last).to_contain_text("does not add up to 1")
    expect(page.locator(".panel")).not_to_contain_text("[CLS]")
    expect(page).to_have_url(re.compile("map_look=lines%2Cwords"), timeout=20_000)
    page.reload()
    browser.wait_until_calm(page)
    expect(page.get_by_role("button", name="Lines")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Hide special tokens")).to_be_checked()
    check(watch)


def test_it_comes_back_after_another_picture(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    open_explorer(page, server, f"text={quote(BANK)}")
    page.locator("canvas.overview").press("ArrowRight")
    expect(page).to_have_url(re.compile("head_no=4"), timeout=20_000)
    browser.wait_until_calm(page)
    page.get_by_role("radio", name="BertViz: one layer").click()
    page.locator("iframe").first.wait_for(timeout=30_000)
    page.get_by_role("radio", name="Explorer").click()
    expect(page.locator(".overview")).to_be_visible(timeout=30_000)
    expect(page.locator(".over .numbers")).to_have_text(re.compile("Layer 1, head 4 · largest weight"), timeout=20_000)
    expect(page.locator(".explorer")).not_to_have_class(re.compile("loading|waiting"), timeout=20_000)
    check(watch)


def test_what_can_be_taken_away(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium, dark=True)
    open_explorer(page, server, f"text={quote(BANK)}&layer=0&head=4")
    beginnings = {"PNG": b"\x89PNG", "SVG": b"<svg", "Download the explorer": b"<!DOCTYPE html>"}
    for name, beginning in beginnings.items():
        with page.expect_download(timeout=30_000) as download:
            page.get_by_role("button", name=name).click()
        content = Path(download.value.path()).read_bytes()
        assert content.startswith(beginning)
        assert len(content) > 5_000
    check(watch)


@pytest.mark.parametrize("query", ["", "&pair=So+do+I.&part=a-b"])
def test_hostile_tokens_stay_text(server: Server, chromium: Browser, query: str) -> None:
    page, watch = browser.new_page(chromium, locale="zh-CN", width=390)
    open_explorer(page, server, f"text={quote(HOSTILE)}{query}&cut=64")
    page.locator("canvas.large").focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)
    assert page.evaluate("window.broken") is None
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check(watch)


def test_long_texts_are_small(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    words = (SENTENCE * 60).split()
    watch.received = 0
    open_explorer(page, server, f"text={'+'.join(words[:126])}&cut=128")
    assert watch.received < 300_000
    open_explorer(page, server, f"text={'+'.join(words[:510])}&cut=512")
    assert browser.hover(page)  # pointing draws; how fast is the benchmark's business
    check(watch)
