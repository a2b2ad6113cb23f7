"""Every page and topic once in a real browser, as a first visitor's projector shows it, in light and dark.

None is empty or asks to train first, the picture is on the first screen, axe finds nothing serious, no type is small, headings
are in order. One visit asks all of it: opening a page is what costs. The visitors share what a browser keeps of the app's own files;
each visit is a session of its own.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import driver as browser
from tests.browser.common import HEIGHT, WIDTH, assert_on_the_first_screen, check
from tests.browser.driver import Server, Watch
from tests.pages_common import ASKING, every_topic

MORE = (
    ("tokens", {"view": "word", "text": "Unaffable"}),
    ("encoder", {"view": "attention.norm"}),
    ("encoder", {"view": "change"}),
    ("embeddings", {"view": "map", "texts": "own"}),
    ("search", {"shelf": "document"}),
    ("article", {"claims": "generation"}),
)
LIGHTER = {
    "what-heads-do": {"sample": "sentence"},
    "ablation": {"rows": "100"},
    "map": {"rows": "100"},
}  # what is long in computing
PLACES = [(page, query | LIGHTER.get(query.get("view", ""), {})) for page, query in every_topic()] + list(MORE)
FIRST_OF_EACH_PAGE = list({name: (name, query) for name, query in reversed(PLACES)}.values())  # their script is opened
# Pages that begin with what is to be chosen, given or read, not with a picture: page and view, or the page alone for all of it.
WITHOUT_A_PICTURE = {
    ("home", ""),
    ("runs", ""),
    ("article", ""),
    ("playground", "many"),
    ("search", ""),
    ("summarise", "many"),
}
SEEN = ".js-plotly-plot, [data-testid=stDataFrame], [data-testid=stMetric], iframe, canvas, .chip, table, main img, svg.flow, textarea, [data-testid=stHtml], .katex, [data-testid=stExpanderDetails] button"
# The last: a claim whose evidence is an experiment, which is repeated when its button is pressed.

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
# Formulas of which a part lies above or below the box that shows them.
CUT_FORMULAS = """() => [...document.querySelectorAll(".katex-display")]
  .filter((formula) => formula.clientHeight && formula.scrollHeight > formula.clientHeight + 1).map((formula) => formula.innerText.slice(0, 60))"""


def place(page: str, query: dict[str, str]) -> str:
    """A page and its parameters as the end of an address."""
    return f"{'' if page == 'home' else page}?{urlencode(query)}"


def serious(page: Page, *rules: str) -> list[tuple[str, str, str]]:
    """What axe finds serious or critical, less what is Streamlit's own: rule, element, summary. rules: these alone, or all.

    Of what it finds in order it keeps no account: describing each element that passes takes longer than looking at it.
    """
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    return [
        (rule["id"], node["html"][:200], node["failureSummary"][:300])
        for rule in Axe().run(page, options=options).response["violations"]
        for node in rule["nodes"]
        if rule["impact"] in SERIOUS
        and not (rule["id"] in STREAMLITS_OWN and re.search(STREAMLITS_OWN[rule["id"]], node["html"]))
    ]


@pytest.fixture(scope="module")
def context(running_chromium: Browser) -> Iterator[BrowserContext]:
    made = running_chromium.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
    yield made
    made.close()


@pytest.fixture
def opened(context: BrowserContext) -> Iterator[tuple[Page, Watch]]:
    page, watch = browser.watched(context.new_page())
    yield page, watch
    page.close()  # so that it does not go on asking the app


@pytest.mark.parametrize(("name", "query"), PLACES, ids=[place(*row) for row in PLACES])
def test_a_page_has_something_to_see_and_everything_can_be_read_and_reached(
    server: Server, opened: tuple[Page, Watch], name: str, query: dict[str, str]
) -> None:
    page, watch = opened
    page.goto(f"{server.url}/{place(name, query)}")
    browser.wait_until_calm(page)
    expect(page.locator(SEEN).locator("visible=true").first).to_be_visible()  # parts of ours come with their script
    boxes = page.get_by_test_id("stAlert").all_inner_texts()
    assert not [box for box in boxes if any(word in box.lower() for word in ASKING)]
    assert not page.get_by_test_id("stException").count()
    own_texts = {"texts", "compare"} & set(query)  # fields to write in stand above the picture
    if not own_texts and not {(name, query.get("view", "")), (name, "")} & WITHOUT_A_PICTURE:
        assert_on_the_first_screen(page)
    if (name, query) in FIRST_OF_EACH_PAGE:
        for code in page.get_by_text("Show the code").all():
            code.click()
        browser.wait_until_calm(page)
    assert page.evaluate(CUT_FORMULAS) == []
    for code in page.get_by_test_id("stCode").locator("code.language-python").locator("visible=true").all():
        expect(code.locator(".token").first).to_be_visible()  # its colours are judged too, and they come late
    page.wait_for_timeout(300)
    assert serious(page) == []
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    page.wait_for_timeout(300)
    assert serious(page, "color-contrast", "link-in-text-block") == []  # the rules that depend on colours
    texts = page.evaluate(TEXTS)
    assert len(texts) > 10
    assert [text for text in texts if text[0] < SMALLEST - 0.01] == []
    levels = page.evaluate(HEADINGS)
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    check(watch)
