"""The Encoder page in a real browser: point, choose, step by keyboard, change the computation, and nothing leaves the machine."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server
from tests.hostile import IN_BROWSER

HOSTILE = f"{IN_BROWSER} \u202eabc " + "w" * 3000


def show(page: Page, url: str) -> None:
    page.goto(url)
    browser.wait_until_calm(page)
    page.locator(".flow .box").first.wait_for(timeout=60_000)


def test_pointing_asks_the_server_for_nothing_and_shows_the_same_token_everywhere(
    server: Server, chromium: Browser
) -> None:
    page, watch = browser.new_page(chromium)
    show(page, f"{server.url}/encoder?text=She+sat+on+the+bank+of+the+river.&head=4")
    page.locator(".tokens.in .token").nth(5).hover()
    expect(page.locator(".tokens.out .token.on b")).to_have_text("bank")
    expect(page.locator(".inspector .chip")).to_have_text("bank")
    page.wait_for_timeout(500)
    received = watch.received
    page.locator('.box[data-box="weights"] canvas').hover()
    expect(page.locator(".inspector h2")).to_have_text("weights")
    expect(page.locator('.stage path.on[data-to="weights"]')).to_have_count(2)
    page.locator('.box[data-box="output"] canvas').hover()
    expect(page.locator(".inspector h2")).to_have_text("narrowed")
    expect(page.locator(".inspector .cell")).to_have_count(6)
    page.wait_for_timeout(500)
    assert watch.received == received
    check(watch)


def test_a_box_opens_below_and_the_keyboard_steps_through_layers_and_heads(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    show(page, f"{server.url}/encoder?text=I+love+eating+pizza&layer_no=1&head_no=1")
    page.locator('.box[data-box="attention.norm"]').click()
    page.wait_for_url(re.compile(r"view=attention\.norm"), timeout=30_000)
    expect(page.locator(".box.chosen")).to_have_attribute("data-box", "attention.norm")
    expect(page.get_by_text("Mean and variance of this token")).to_be_visible(timeout=30_000)
    flow = page.locator(".flow")
    flow.press("ArrowRight")
    expect(page.locator(".step.on")).to_have_text("2", timeout=30_000)
    flow.press("ArrowRight")
    expect(page.locator(".step.on")).to_have_text("3", timeout=30_000)
    flow.press("ArrowDown")
    expect(page.locator(".thumb.on small")).to_have_text("2", timeout=30_000)
    page.wait_for_url(re.compile(r"layer_no=3.*head_no=2|head_no=2.*layer_no=3"), timeout=30_000)
    page.locator('.box[data-box="query"]').press("Enter")
    expect(page.locator(".box.chosen")).to_have_attribute("data-box", "query", timeout=30_000)
    check(watch)


def test_the_next_head_is_drawn_before_the_server_answers(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    show(page, f"{server.url}/encoder?text=I+love+eating+pizza&head=3")
    pressed = """flow => {
        const before = flow.querySelector('.box[data-box="weights"] canvas').toDataURL();
        flow.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowDown", bubbles: true}));
        const after = flow.querySelector('.box[data-box="weights"] canvas').toDataURL();
        return [flow.querySelector(".thumb.on").dataset.focus, flow.classList.contains("waiting"), before !== after, after];
    }"""
    focus, waiting, changed, picture = page.locator(".flow").evaluate(pressed)
    assert (focus, waiting, changed) == ("head-4", False, True)
    page.wait_for_url(re.compile(r"head_no=5"), timeout=30_000)
    browser.wait_until_calm(page)
    drawn = page.locator('.box[data-box="weights"] canvas').evaluate("canvas => canvas.toDataURL()")
    assert drawn == picture
    check(watch)


def test_leaving_something_out_shows_its_effect(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    show(page, f"{server.url}/encoder?text=I+love+eating+pizza")
    page.get_by_role("radio", name="Change the computation").click()
    page.get_by_role("button", name="The tutorial's formula").click()
    expect(page.get_by_text("Cosine after the last layer")).to_be_visible(timeout=60_000)
    page.wait_for_url(re.compile(r"without=tutorial-encoder"), timeout=30_000)
    check(watch)


@pytest.mark.parametrize("width", [390, 1440])
def test_hostile_tokens_stay_text(server: Server, chromium: Browser, width: int) -> None:
    page, watch = browser.new_page(chromium, width=width)
    show(page, f"{server.url}/encoder?cut=64&text={quote(HOSTILE)}")
    page.locator(".tokens.in .token").nth(2).hover()
    page.wait_for_timeout(300)
    assert page.evaluate("window.broken") is None
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    check(watch)
