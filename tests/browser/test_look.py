"""What can be read and reached, on every page and topic in light and dark: axe finds nothing serious, no type is small, headings are in order."""

import re
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver as browser
from tests.browser.driver import Server

PLACES = (
    "",
    "tokens",
    "tokens?view=word&text=Unaffable",
    "tokens?view=languages",
    "tokens?view=side",
    "tokens?view=vocabulary",
    "tokens?view=data",
    "encoder",
    "encoder?view=attention.norm",
    "encoder?view=change",
    "attention",
    "attention?view=head-view",
    "attention?view=neuron-view",
    "attention?view=what-heads-do&sample=sentence",
    "attention?view=flow",
    "attention?view=ablation",
    "attention?view=compare",
    "attention?view=explanation",
    "embeddings",
    "embeddings?view=word",
    "embeddings?view=map&texts=own",
    "pretraining",
    "pretraining?view=corruption",
    "pretraining?view=score",
    "pretraining?view=nsp",
    "pretraining?view=generation",
    "pretraining?view=learn",
    "finetune",
    "runs",
    "playground",
    "search",
    "summarise",
    "article",
)
SMALLEST = 14  # pixels
SERIOUS = ("serious", "critical")
# What Streamlit itself draws and no setting changes: rule → what its element must match.
STREAMLITS_OWN = {
    "duplicate-id": r'id="(?:glideDataGrid|portal)',
    "scrollable-region-focusable": r"^<pre |katex-display",  # a long script, a wide formula
}
# Every element that holds text of its own, in open shadow trees too: its size, and where it stands.
TEXTS = """() => {
  const found = [];
  const visit = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (node.shadowRoot) visit(node.shadowRoot);
      const text = [...node.childNodes].filter((part) => part.nodeType === 3).map((part) => part.textContent.trim()).join("");
      const box = node.getBoundingClientRect();
      if (!text || box.width < 2 || box.height < 2 || node.closest("style, script, title, .katex, [aria-hidden=true]")) continue;
      if (getComputedStyle(node).visibility !== "hidden") found.push([parseFloat(getComputedStyle(node).fontSize), text.slice(0, 40), node.outerHTML.slice(0, 120)]);
    }
  };
  visit(document);
  return found;
}"""
HEADINGS = """() => {
  const found = [];
  const visit = (root) => {
    for (const node of root.querySelectorAll("*")) {
      if (/^H[1-6]$/.test(node.tagName)) found.push(Number(node.tagName[1]));
      if (node.shadowRoot) visit(node.shadowRoot);
    }
  };
  visit(document);
  return found;
}"""


def show(page: Page, server: Server, place: str) -> None:
    page.goto(f"{server.url}/{place}")
    browser.wait_until_calm(page)
    for code in page.get_by_text("Show the code").all():
        code.click()  # the code is coloured too
    browser.wait_until_calm(page)
    page.wait_for_timeout(300)


def serious(page: Page) -> list[tuple[str, str, str]]:
    """What axe finds serious or critical, less what is Streamlit's own: rule, element, summary."""
    return [
        (rule["id"], node["html"][:200], node["failureSummary"][:300])
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"]
        if rule["impact"] in SERIOUS
        and not (rule["id"] in STREAMLITS_OWN and re.search(STREAMLITS_OWN[rule["id"]], node["html"]))
    ]


@pytest.mark.parametrize("place", PLACES)
def test_everything_can_be_read_and_reached(server: Server, chromium: Browser, place: str) -> None:
    page, _ = browser.new_page(chromium)
    show(page, server, place)
    assert not page.get_by_test_id("stException").count()
    assert serious(page) == []
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    page.wait_for_timeout(300)
    assert serious(page) == []
    texts = page.evaluate(TEXTS)
    assert len(texts) > 10
    assert [text for text in texts if text[0] < SMALLEST - 0.01] == []
    levels = page.evaluate(HEADINGS)
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels


def test_the_theme_can_be_switched_in_the_menu(server: Server, chromium: Browser) -> None:
    page, _ = browser.new_page(chromium)
    page.goto(f"{server.url}/runs")
    browser.wait_until_calm(page)
    page.get_by_test_id("stMainMenu").get_by_role("button").click()
    page.get_by_test_id("stMainMenuItem-theme-Dark").click()
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_button_of_a_chart_hides_no_title_and_is_one_stop(server: Server, chromium: Browser, width: int) -> None:
    page, _ = browser.new_page(chromium, width=width)
    page.goto(f"{server.url}/pretraining")
    browser.wait_until_calm(page)
    page.locator(".js-plotly-plot .gtitle").first.wait_for(timeout=60_000)
    for plot in page.locator(".js-plotly-plot").all():
        assert plot.locator(".modebar-btn").count() == 1
        bar, title = plot.locator(".modebar").bounding_box(), plot.locator(".gtitle").bounding_box()
        assert bar and title and bar["y"] > title["y"] + title["height"]


def test_maps_beside_each_other_are_in_line(server: Server, chromium: Browser) -> None:
    page, _ = browser.new_page(chromium)
    page.goto(f"{server.url}/pretraining")
    browser.wait_until_calm(page)
    maps = page.locator(".js-plotly-plot:has(.heatmaplayer image) .heatmaplayer")
    expect(maps).to_have_count(3, timeout=60_000)
    tops = {round(one.bounding_box()["y"]) for one in maps.all()}
    assert len(tops) == 1
