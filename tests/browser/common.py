"""What browser tests ask of a page: that it is on the first screen of a projector, and that nothing went wrong when it is done."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from core import runs
from tests.browser import driver as browser
from tests.browser.driver import Server, Watch

WIDTH, HEIGHT = 1280, 720  # of a projector
LOWEST = 560  # pixels from the top at which a picture may begin
VISIBLE = 130  # pixels of it, at least, that are on the first screen
# What a page shows of the model: figures, our own parts, BertViz's frames, tables, token chips, an answer, counts.
FIRST = """() => {
  const shown = [...document.querySelectorAll(`.stPlotlyChart, iframe, [data-testid="stBidiComponentIsolated"], [data-testid="stBidiComponentRegular"],
    [data-testid="stDataFrame"], [data-testid="stMain"] .chips, .answer, .words, .article, [data-testid="stMetric"]`)]
    .filter((one) => !one.closest('.st-key-frame, .st-key-history'))
    .map((one) => one.getBoundingClientRect())
    .filter((box) => box.height > 24 && box.width > 100)
    .sort((a, b) => a.top - b.top);
  return shown.length ? shown[0].top : null;
}"""
CONTENT = """() => Math.max(...[...document.querySelectorAll('[data-testid="stMainBlockContainer"]')].map((one) => one.getBoundingClientRect().bottom))"""
SCROLLED = """() => document.querySelector('[data-testid="stMain"]').scrollTop"""

RUN = re.compile(r"(?:run|learning)=(\d{8}-\d{6}-[0-9a-f]{6})")  # that a page follows, Fine-tune or Pre-training

STREAMLITS_OWN = re.compile(r"status of 404")  # Streamlit looks for its own end points below a page's path first


def check(watch: Watch) -> None:
    """Nothing left the machine, and no message of ours is on the console."""
    assert watch.outside == []
    assert [message for message in watch.console if not STREAMLITS_OWN.search(message)] == []


@contextmanager
def training_server(home: Path) -> Iterator[Server]:
    """The app with a home of its own, in which it trains: a training outlives the server, as it should, but not the tests."""
    with browser.server(home) as running:
        yield running
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDIO_HOME", str(home))
        for run in runs.all_runs():
            runs.kill(run)


def trained(page: Page, home: Path, seconds: float = 400) -> runs.Run:
    """The run that the page follows, when it has finished and the page shows its result. home: of the page's server.

    Fails with what the run wrote where it does not finish in time.
    """
    page.wait_for_url(RUN, timeout=180_000)
    found = RUN.search(page.url)
    assert found
    end = time.monotonic() + seconds
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDIO_HOME", str(home))
        while (run := runs.get(found[1])).state.status in runs.ACTIVE and time.monotonic() < end:
            page.wait_for_timeout(500)
        assert run.state.status == "finished", f"{run.state}\n{runs.log_tail(run)}"
    page.locator(f"[class*='st-key-zip_'][class*='{run.id}']").wait_for(timeout=60_000)  # the model, ready to take away
    browser.wait_until_calm(page)
    return run


def projector(chromium: Browser, width: int = WIDTH, height: int = HEIGHT, **options: bool) -> tuple[Page, Watch]:
    page, watch = browser.new_page(chromium, width=width, **options)
    page.set_viewport_size({"width": width, "height": height})
    return page, watch


def assert_on_the_first_screen(page: Page) -> None:
    """The picture begins high enough, and enough of it shows without scrolling."""
    page.wait_for_function(FIRST, timeout=60_000)
    top = page.evaluate(FIRST)
    assert 0 < top <= LOWEST, f"the picture begins at {top:.0f}"
    assert min(page.evaluate(CONTENT), HEIGHT) - top >= VISIBLE
    assert page.evaluate(SCROLLED) == 0
