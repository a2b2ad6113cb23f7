"""The Attention page's topics in a real browser: neurons, a head chosen by a click, heads switched off; all offline."""

import re

from playwright.sync_api import Browser, Page, Route, expect

from pages.shared.opening import OPENINGS
from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server
from tests.hostile import IN_BROWSER

HOSTILE = f"{IN_BROWSER}<script>window.broken=1</script> \u202eabc"


def show(page: Page, server: Server, query: str) -> None:
    page.goto(f"{server.url}/attention?{query}")
    browser.wait_until_calm(page)


def test_neurons_of_the_real_model(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium, dark=True)
    show(page, server, "view=neuron-view&text=I+love+eating+pizza&layer=2&head=4")
    frame = page.frame_locator("iframe").first
    expect(frame.locator("#expanded #queries .element")).to_have_count(6 * 32, timeout=30_000)
    expect(frame.locator("#expanded #leftText text")).to_have_text(["[CLS]", "i", "love", "eating", "pizza", "[SEP]"])
    expect(frame.locator("#layer option:checked")).to_have_text("3")
    expect(frame.locator("#att_head option:checked")).to_have_text("5")
    frame.locator("#expanded #leftText text").nth(4).hover()
    numbers = frame.locator("body").evaluate(
        """() => {
          const of = (part) => [...document.querySelectorAll(`#expanded ${part}`)].map((one) => +one.dataset.value);
          const [queries, keys, sums] = [of("#queries .element"), of("#keys .element"), of("#dotproducts rect")];
          const width = queries.length / 6, query = queries.slice(4 * width, 5 * width);
          const own = sums.map((_, i) => query.reduce((sum, q, j) => sum + q * keys[i * width + j], 0) / Math.sqrt(width));
          return Math.max(...sums.map((sum, i) => Math.abs(sum - own[i])));
        }"""
    )
    assert numbers < 1e-3
    check(watch)


def test_hostile_tokens_among_the_neurons(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/attention")
    page.goto(f"{server.url}/attention?view=neuron-view&text={HOSTILE}")
    browser.wait_until_calm(page)
    expect(page.frame_locator("iframe").first.locator("#expanded .element").nth(5)).to_be_attached(timeout=30_000)
    page.wait_for_timeout(500)
    assert [frame.evaluate("window.broken") for frame in page.frames] == [None] * len(page.frames)
    check(watch)


def click_head(page: Page, layer: int, head: int, *, layers: int = 6, heads: int = 12) -> None:
    """Click the middle of a cell of the first grid of heads."""
    area = page.locator(".js-plotly-plot .nsewdrag").first
    box = area.bounding_box()
    assert box
    area.click(position={"x": box["width"] * (head + 0.5) / heads, "y": box["height"] * (layer + 0.5) / layers})


def test_a_click_chooses_a_head(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    show(page, server, "view=what-heads-do&sample=sentence&colour=previous")
    click_head(page, 0, 2)
    expect(page).to_have_url(re.compile(r"head_no=3"), timeout=30_000)
    expect(page.get_by_role("heading", name=re.compile("Layer 1, head 3: previous token"))).to_be_visible(
        timeout=30_000
    )
    check(watch)


def test_a_click_switches_a_head_off_and_on(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    show(page, server, "view=ablation")
    click_head(page, 5, 3)
    expect(page).to_have_url(re.compile(r"heads_off=6\.4"), timeout=30_000)
    expect(page.get_by_text("How far the vectors move").first).to_be_visible(timeout=30_000)
    browser.wait_until_calm(page)
    click_head(page, 5, 3)
    expect(page).not_to_have_url(re.compile(r"heads_off="), timeout=30_000)
    check(watch)


def test_measuring_can_be_cancelled_and_begun_again_before_the_sentence_is_drawn(
    server: Server, chromium: Browser
) -> None:
    """On a slow line the part of the browser that draws a text comes after the buttons."""
    page, watch = browser.new_page(chromium)
    late: list[Route] = []
    page.route("**/TextInput*.js", lambda route: late.append(route))
    page.goto(f"{server.url}/attention?view=what-heads-do&cut=127")
    page.get_by_role("button", name="Cancel").click(timeout=60_000)
    page.get_by_role("button", name="Begin again").click(timeout=60_000)
    expect(page.get_by_text("100 texts").first).to_be_visible(timeout=120_000)
    for route in late:
        route.continue_()
    expect(page.get_by_label("Sentence", exact=True)).to_have_value(OPENINGS["en"]["text"])
    check(watch)
