"""The frame of every page in a real browser: the picture is on the first screen of a projector, also with an experiment in view."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server

WIDTH, HEIGHT = 1280, 720  # of a projector
LOWEST = 560  # pixels from the top at which a picture may begin
VISIBLE = 130  # pixels of it, at least, that are on the first screen
TOPICS = {
    "tokens": ("tokens", "word", "side", "languages", "vocabulary", "data"),
    "encoder": ("weights", "change"),
    "attention": (
        "explorer",
        "head-view",
        "model-view",
        "neuron-view",
        "what-heads-do",
        "flow",
        "ablation",
        "compare",
        "explanation",
    ),
    "embeddings": ("output", "word", "map"),
    "pretraining": ("mlm", "corruption", "score", "nsp", "generation", "learn"),
    "playground": ("one", "texts", "models"),  # "many" begins with the texts that are to be given
    "finetune": ("",),
}  # page → its views
LIGHT = "rows=100&sample=sentence&text=A+fine+film."  # what is quickly computed
# What a page shows of the model: figures, our own parts, BertViz's frames, tables, token chips, an answer, counts.
FIRST = """() => {
  const shown = [...document.querySelectorAll(`.stPlotlyChart, iframe, [data-testid="stBidiComponentIsolated"], [data-testid="stBidiComponentRegular"],
    [data-testid="stDataFrame"], [data-testid="stMain"] .chips, .answer, .words, [data-testid="stMetric"]`)]
    .filter((one) => !one.closest('.st-key-frame, .st-key-history'))
    .map((one) => one.getBoundingClientRect())
    .filter((box) => box.height > 24 && box.width > 100)
    .sort((a, b) => a.top - b.top);
  return shown.length ? shown[0].top : null;
}"""
CONTENT = """() => Math.max(...[...document.querySelectorAll('[data-testid="stMainBlockContainer"]')].map((one) => one.getBoundingClientRect().bottom))"""
SCROLLED = """() => document.querySelector('[data-testid="stMain"]').scrollTop"""


def projector(
    chromium: Browser, width: int = WIDTH, height: int = HEIGHT, **options: bool
) -> tuple[Page, browser.Watch]:
    page, watch = browser.new_page(chromium, width=width, **options)
    page.set_viewport_size({"width": width, "height": height})
    return page, watch


def assert_on_the_first_screen(page: Page, where: str) -> None:
    top = page.evaluate(FIRST)
    assert top is not None, f"{where}: no picture"
    assert 0 < top <= LOWEST, f"{where}: the picture begins at {top:.0f}"
    assert min(page.evaluate(CONTENT), HEIGHT) - top >= VISIBLE, where
    assert page.evaluate(SCROLLED) == 0, where


@pytest.mark.parametrize("name", TOPICS)
def test_the_picture_of_every_topic_is_on_the_first_screen(server: Server, chromium: Browser, name: str) -> None:
    page, watch = projector(chromium)
    for view in TOPICS[name]:
        page.goto(f"{server.url}/{name}?view={view}&{LIGHT}")
        browser.wait_until_calm(page, 300)
        page.wait_for_function(FIRST, timeout=60_000)
        assert_on_the_first_screen(page, f"{name}, {view}")
    check(watch)


@pytest.mark.parametrize("name", [name for name in TOPICS if name != "finetune"])
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
    assert_on_the_first_screen(page, name)
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
    assert_on_the_first_screen(page, "presented")
    page.get_by_role("textbox", name="Sentence").fill("Dogs bark.")  # the class asks for another one
    page.wait_for_url(re.compile("text=Dogs"), timeout=60_000)
    browser.wait_until_calm(page)
    page.get_by_role("button", name="Leave presentation").click()
    expect(page.locator(".st-key-options_attention")).to_be_visible(timeout=60_000)
    assert "present" not in page.url
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "16px"
    check(watch)


def test_a_projector_shows_the_names_in_the_encoder_in_full(server: Server, chromium: Browser) -> None:
    page, watch = projector(chromium)
    page.goto(f"{server.url}/encoder?present=1")
    browser.wait_until_calm(page)
    page.locator(".flow .box").first.wait_for(timeout=60_000)
    names = page.locator(".flow .what, .flow .column.ends .token b")
    assert names.count() > 20
    cut = (
        "found => found.filter(one => one.scrollWidth > one.clientWidth && one.clientWidth).map(one => one.textContent)"
    )
    assert names.evaluate_all(cut) == []
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


def test_the_strip_is_one_line_on_a_telephone(server: Server, chromium: Browser) -> None:
    page, watch = projector(chromium, width=390, height=844)
    for name in ("attention", "pretraining", "playground"):
        page.goto(f"{server.url}/{name}")
        browser.wait_until_calm(page)
        strip = page.locator(".st-key-strip").bounding_box()
        assert strip is not None and strip["height"] < 60
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    check(watch)
