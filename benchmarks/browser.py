"""A real app in a real browser, for the benchmark and the browser tests: start the server, drive it, wait until it is calm.

Needs playwright and Debian's chromium. Everything stays on loopback; the server ends with the `with` block.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent
CHROMIUM = "/usr/bin/chromium"
SECTIONS = {
    "See": ("Tokens", "Encoder", "Attention", "Embeddings"),
    "Train": ("Pre-training", "Fine-tune", "Runs"),
    "Use": ("Playground",),
    "Learn": ("The tutorial",),
}  # the navigation of app.py, besides Home
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CALM = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  return !!app && app.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid="stSkeleton"], [data-testid="stAppSkeleton"], [data-testid="stSpinner"]');
}"""


@dataclass(frozen=True)
class Server:
    """A running app: its address, its process, and the seconds from start to the first healthy answer."""

    url: str
    process: subprocess.Popen
    seconds: float


def start_server(home: Path, *, port: int = 0, environment: dict[str, str] | None = None) -> Server:
    """Start the app with its runs in `home`. The caller ends `process`."""
    if not port:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    variables = {**os.environ, "STUDIO_HOME": str(home), "STUDIO_HUB": "off", **(environment or {})}
    options = [
        f"--server.port={port}",
        "--server.address=127.0.0.1",
        "--server.headless=true",
        "--server.fileWatcherType=none",
    ]
    begin = time.monotonic()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "server.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", *options],
            cwd=ROOT,
            env=variables,
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    while time.monotonic() - begin < 120:
        try:
            urllib.request.urlopen(url + "/_stcore/health", timeout=1).close()
            return Server(url, process, time.monotonic() - begin)
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise TimeoutError(f"the app did not start; see {home / 'server.log'}")


@contextmanager
def server(home: Path, **environment: str) -> Iterator[Server]:
    """A running app that ends with the block."""
    running = start_server(home, environment=environment)
    try:
        yield running
    finally:
        running.process.terminate()
        running.process.wait(20)


@dataclass
class Watch:
    """What a page did: messages on the console, requests that left the machine, bytes received."""

    console: list[str]
    outside: list[str]
    received: int


def new_page(browser: Browser, *, dark: bool = False, width: int = 1440, locale: str = "en-US") -> tuple[Page, Watch]:
    """A page of a visitor of its own, and a watch over what it does."""
    context = browser.new_context(
        viewport={"width": width, "height": 1000}, color_scheme="dark" if dark else "light", locale=locale
    )
    page = context.new_page()
    watch = Watch([], [], 0)

    def received(payload: str | bytes) -> None:
        watch.received += len(payload)

    def requested(address: str) -> None:
        if urlparse(address).hostname not in ("127.0.0.1", "localhost", None, ""):
            watch.outside.append(address)

    page.on("console", lambda message: watch.console.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: watch.console.append(str(error)))
    page.on("request", lambda request: requested(request.url))
    page.on("websocket", lambda socket: socket.on("framereceived", received))
    return page, watch


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def choose_page(page: Page, title: str) -> None:
    """Choose a page in the navigation, opening the section that holds it; the navigation must be in English."""
    section = next((section for section, titles in SECTIONS.items() if title in titles), None)
    if section is None:
        page.get_by_test_id("stTopNavLink").filter(has_text=title).click()
        return
    page.get_by_test_id("stTopNavSection").filter(has_text=section).click()
    page.get_by_test_id("stTopNavDropdownLink").filter(has_text=title).click()


def wait_until_calm(page: Page, seconds: float = 90) -> float:
    """Wait until the script has run and nothing is loading, for 0.3 s on end; returns the seconds until it was so."""
    begin = time.monotonic()
    calm_since: float | None = None
    while time.monotonic() - begin < seconds:
        if page.evaluate(CALM):
            calm_since = calm_since or time.monotonic()
            if time.monotonic() - calm_since > 0.3:
                return calm_since - begin
        else:
            calm_since = None
        page.wait_for_timeout(20)
    raise TimeoutError(f"the page was still busy after {seconds} s")
