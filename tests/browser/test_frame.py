"""The frame of every page in a real browser: the picture is on the first screen of a projector, also with an experiment in view."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver as browser
from tests.browser.common import FIRST, HEIGHT, assert_on_the_first_screen, check, projector
from tests.browser.driver import Server

AXES_BELOW = 26  # pixels of a map's canvas below its last row: what its axes are
WITH_EXPERIMENTS = ("tokens", "encoder", "attention", "embeddings", "pretraining", "playground")


@pytest.mark.parametrize("name", WITH_EXPERIMENTS)
def test_an_experiment_stands_above_its_picture_and_both_are_on_the_first_screen(
    server: Server, chromium: Browser, name: str
) -> None:
    page, watch = projector(chromium)
    page.goto(f"{server.url}/{name}")
    browser.wait_until_calm(page)
    page.locator(".st-key-strip button").first.click()
    page.wait_for_url(re.compile("experiment="), timeout=60_000)
    browser.wait_until_calm(page)
    strip = page.locator(".st-key-strip_open").bounding_box()
    assert strip is not None and strip["y"] > 0 and strip["y"] + strip["height"] < page.evaluate(FIRST)
    assert_on_the_first_screen(page)
    expect(page.locator(".st-key-strip_open")).to_contain_text("?")
    page.get_by_role("button", name=re.compile("Back to my")).click()
    page.wait_for_url(re.compile(r"^((?!experiment=).)*$"), timeout=60_000)
    check(watch)


COVERED = """() => {
  const root = [...document.querySelectorAll("*")].map((one) => one.shadowRoot?.querySelector(".flow")).find(Boolean);
  const [picture, inspector] = [".stage", ".inspector"].map((name) => root.querySelector(name).getBoundingClientRect());
  return Math.min(picture.bottom, inspector.bottom) - Math.max(picture.top, inspector.top);
}"""


def test_the_inspector_covers_the_diagram_only_while_something_is_pointed_at(server: Server, chromium: Browser) -> None:
    page, watch = projector(chromium)
    page.goto(f"{server.url}/encoder")
    browser.wait_until_calm(page)
    page.locator(".flow .box").first.wait_for(timeout=60_000)
    assert page.evaluate(COVERED) <= 0
    stage = page.locator(".flow .stage").bounding_box()
    assert stage is not None
    for y in (
        stage["y"] + 20,
        HEIGHT - 20,
    ):  # what is said of something high stands below it, of something low above it
        page.mouse.move(stage["x"] + stage["width"] / 2, y)
        expect(page.locator(".flow")).to_have_class(re.compile("pointing"))
        inspector = page.locator(".inspector").bounding_box()
        assert inspector is not None
        assert inspector["y"] > 0 and inspector["y"] + inspector["height"] <= HEIGHT
        assert not inspector["y"] <= y <= inspector["y"] + inspector["height"]
    page.mouse.move(640, 100)
    expect(page.locator(".flow")).not_to_have_class(re.compile("pointing"))
    assert page.evaluate(COVERED) <= 0
    check(watch)


def test_a_page_is_presented_with_larger_type_and_nothing_but_model_sentence_strip_and_picture(
    server: Server, chromium: Browser
) -> None:
    page, watch = projector(chromium)
    page.goto(f"{server.url}/attention?view=what-heads-do&sample=sentence")
    browser.wait_until_calm(page)
    page.get_by_role("button", name="Present").click()
    page.wait_for_url(re.compile("present=1"), timeout=60_000)
    browser.wait_until_calm(page)
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "24px"
    for hidden in (
        '[data-testid="stHeader"]',
        ".st-key-topics",
        ".st-key-intro",
        ".st-key-code",
        ".st-key-options_attention",
    ):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator(".st-key-strip")).to_be_visible()
    assert_on_the_first_screen(page)
    page.get_by_role("textbox", name="Sentence").fill("Dogs bark.")  # the class asks for another one
    page.wait_for_url(re.compile("text=Dogs"), timeout=60_000)
    browser.wait_until_calm(page)
    expect(page.get_by_role("button", name="Leave presentation")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-options_attention")).to_be_visible(timeout=60_000)
    assert "present" not in page.url
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "16px"
    check(watch)


BELOW = "parts => Math.max(...parts.map(one => one.getBoundingClientRect().bottom)) - innerHeight"


def presented_encoder(server: Server, chromium: Browser, query: str = "") -> tuple[Page, browser.Watch]:
    page, watch = projector(chromium)
    page.goto(f"{server.url}/encoder?present=1{query}")
    browser.wait_until_calm(page)
    page.locator(".flow .box").first.wait_for(timeout=60_000)
    return page, watch


def test_a_projector_shows_the_names_in_the_encoder_in_full(server: Server, chromium: Browser) -> None:
    page, watch = presented_encoder(server, chromium)
    names = page.locator(".flow .what, .flow .column.ends .token b")
    assert names.count() > 20
    cut = (
        "found => found.filter(one => one.scrollWidth > one.clientWidth && one.clientWidth).map(one => one.textContent)"
    )
    assert names.evaluate_all(cut) == []
    check(watch)


def test_a_projector_shows_sixteen_tokens_of_the_encoder_and_of_a_map_whole(server: Server, chromium: Browser) -> None:
    page, watch = presented_encoder(server, chromium)
    assert page.locator(".flow .tokens.in .token").count() == 16
    assert page.locator(".flow .stage :is(.map, .token)").evaluate_all(BELOW) <= 0
    assert (
        page.locator(".flow .tokens").evaluate_all("all => all.filter(one => one.scrollHeight > one.clientHeight)")
        == []
    )
    page.goto(f"{server.url}/attention?present=1")
    browser.wait_until_calm(page)
    large = page.locator(".explorer canvas.large")
    large.wait_for(timeout=60_000)
    assert large.evaluate_all(BELOW) <= AXES_BELOW
    page.get_by_role("button", name="Lines").click()
    page.wait_for_timeout(500)
    assert large.evaluate_all(BELOW) <= AXES_BELOW
    check(watch)


def test_a_projector_keeps_the_encoder_of_a_long_sentence_on_its_screen(server: Server, chromium: Browser) -> None:
    sentence = "The old teacher who lived near the river told every child that the bank would never close again, and then it did on Monday."
    page, watch = presented_encoder(server, chromium, f"&text={quote(sentence)}")
    assert page.locator(".flow .tokens.in .token").count() > 24
    assert page.locator(".flow :is(.map, .tokens)").evaluate_all(BELOW) <= 0  # the lists scroll by themselves
    check(watch)


def test_share_copies_the_address_of_exactly_this_state(server: Server, chromium: Browser) -> None:
    page, watch = projector(chromium)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{server.url}/tokens")
    browser.wait_until_calm(page)
    page.locator(".st-key-strip button").first.click()
    page.wait_for_url(re.compile("experiment="), timeout=60_000)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    other, _watch = projector(chromium)
    other.goto(page.url)
    expect(other.locator(".st-key-strip_open")).to_be_visible(timeout=60_000)
    check(watch)


CLIPBOARD = {
    "kept from it": "Object.defineProperty(navigator, 'clipboard', {value: undefined})",
    "refused": "Object.defineProperty(navigator, 'clipboard', {value: undefined}); document.execCommand = () => false",
}


@pytest.mark.parametrize("what", CLIPBOARD)
def test_where_a_browser_gives_no_clipboard_the_address_is_copied_from_a_field_or_stands_in_it(
    server: Server, chromium: Browser, what: str
) -> None:
    page, watch = projector(chromium)
    page.add_init_script(CLIPBOARD[what])
    page.goto(f"{server.url}/tokens?text=Dogs+bark.")
    browser.wait_until_calm(page)
    page.get_by_role("button", name="Copy link").click()
    field = page.get_by_role("textbox", name="Copy this link:")
    if what == "refused":
        expect(field).to_have_value(page.url)
        expect(field).to_be_focused()
        page.get_by_role("heading", name="Tokens").click()
    else:
        expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    expect(field).to_have_count(0)
    check(watch)


def test_the_strip_is_one_line_on_a_telephone(server: Server, chromium: Browser) -> None:
    page, watch = projector(chromium, width=390, height=844)
    for name in ("attention", "pretraining", "playground"):
        page.goto(f"{server.url}/{name}")
        browser.wait_until_calm(page)
        strip = page.locator(".st-key-strip").bounding_box()
        assert strip is not None and strip["height"] < 60
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    check(watch)


def test_on_a_telephone_the_navigation_closes_when_a_page_is_chosen(server: Server, chromium: Browser) -> None:
    page, watch = projector(chromium, width=390, height=844)
    page.goto(f"{server.url}/runs")
    browser.wait_until_calm(page)
    for chosen in ("Tokens", "Runs"):
        page.get_by_test_id("stExpandSidebarButton").click()
        page.get_by_test_id("stSidebarNavLink").filter(has_text=chosen).click()
        page.get_by_role("heading", name=chosen, level=1).wait_for(timeout=60_000)
        expect(page.get_by_test_id("stSidebar")).not_to_be_in_viewport()
    check(watch)
