"""The app and the browser that every browser test uses: started once, and each test comes as a visitor of its own.

The scope is this folder, not the whole run: while playwright works, its thread has a running event loop.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import driver as browser
from tests.browser.common import training_server
from tests.browser.driver import Server

PATIENCE = 30_000  # milliseconds: on a busy machine a part of the page can take longer than playwright's 5 s to arrive
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running app with a studio home of its own, without a run: tests that make runs ask for `training`."""
    home = tmp_path_factory.mktemp("home")
    with browser.server(home) as running:
        yield running
    assert "Traceback" not in (home / "server.log").read_text()  # nor did anything fail that no visitor sees


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The studio home of `training`, with the runs that tests of this folder have made."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="package")
def training(home: Path) -> Iterator[Server]:
    """A running app in which tests make runs: each as a visitor of its own, and each finds what others have left."""
    with training_server(home) as running:
        yield running
    assert "Traceback" not in (home / "server.log").read_text()


@pytest.fixture(scope="package")
def running_chromium() -> Iterator[Browser]:
    """A running browser."""
    with browser.chromium() as running:
        yield running


@pytest.fixture
def chromium(running_chromium: Browser) -> Iterator[Browser]:
    """The browser; what a test opens in it is closed after the test, so that no page goes on asking the app."""
    yield running_chromium
    for context in running_chromium.contexts:
        context.close()
