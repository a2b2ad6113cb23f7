"""The first visit in a real browser: every page and every topic once, none of them empty, none asking to train first."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server
from tests.pages_common import ASKING, every_topic

SEEN = ".js-plotly-plot, [data-testid=stDataFrame], [data-testid=stMetric], iframe, canvas, .chip, table, main img, svg.flow, textarea, [data-testid=stHtml], .katex, [data-testid=stExpanderDetails] button"
# The last: a claim whose evidence is an experiment, which is repeated when its button is pressed.


def test_every_page_and_topic_has_something_to_see(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium)
    empty, asking = [], []
    for name, query in every_topic():
        address = "&".join(f"{key}={value}" for key, value in query.items())
        page.goto(f"{server.url}/{'' if name == 'home' else name}?{address}")
        browser.wait_until_calm(page)
        if not page.locator(SEEN).locator("visible=true").count():
            empty.append((name, query))
        boxes = page.get_by_test_id("stAlert").all_inner_texts()
        asking += [(name, query, box) for box in boxes if any(word in box.lower() for word in ASKING)]
        assert not page.get_by_test_id("stException").count(), (name, query)
    assert not empty and not asking
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
