"""A real app in a real browser, for the browser tests and the benchmark: find a browser, start the server, drive it, wait until it is calm.

The browser is any that speaks Chromium's protocol: see `find_browser`. Everything stays on loopback; the server ends with
the `with` block.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlparse

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

ROOT = Path(__file__).parent.parent.parent
# The first draws no window, which is a fifth of the work.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
NO_BROWSER = (
    "no browser: install Debian's chromium-headless-shell or chromium, or Google Chrome, or run `playwright install chromium`, "
    "or name one in STUDIO_BROWSER"
)
SECTIONS = {
    "See": ("Tokens", "Encoder", "Attention", "Embeddings"),
    "Train": ("Pre-training", "Fine-tune", "Runs"),
    "Use": ("Playground", "Search", "Summarise"),
    "Learn": ("The tutorial, checked",),
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
CALM = """({call, lasting}) => {
  const app = document.querySelector('[data-testid="stApp"]');
  const calm = !!app && app.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid="stSkeleton"], [data-testid="stAppSkeleton"], [data-testid="stSpinner"]');
  const now = performance.now();
  if (!calm || window.calm?.call !== call) window.calm = {call, since: now};
  return calm && now - window.calm.since >= lasting && now - window.calm.since;
}"""  # milliseconds since when nothing is loading, once there are enough of them; a call looks for itself
CALM_FOR = 300  # milliseconds


def playwrights_own() -> str:
    """Where `playwright install chromium` puts the browser, whether or not it is there."""
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def find_browser(
    environment: Mapping[str, str] = os.environ, installed: Callable[[], str] = playwrights_own
) -> str | None:
    """The browser's program: the one STUDIO_BROWSER names, else the first of PROGRAMS on PATH, else playwright's own, else None.

    Raises FileNotFoundError where STUDIO_BROWSER names what is no program: who names one wants that one.
    """
    path = environment.get("PATH", "")
    if named := environment.get("STUDIO_BROWSER"):
        if found := shutil.which(named, path=path):
            return found
        raise FileNotFoundError(f"STUDIO_BROWSER names {named}, which is not a program")
    return next(filter(None, (shutil.which(program, path=path) for program in PROGRAMS)), None) or shutil.which(
        installed()
    )


@cache
def this_browser() -> str | None:
    """What `find_browser` finds on this machine, looked for once."""
    return find_browser()


@dataclass(frozen=True)
class Server:
    """A running app: its address, its process, and the seconds from start to the first healthy answer."""

    url: str
    process: subprocess.Popen
    seconds: float


def start_server(
    home: Path, *, port: int = 0, environment: dict[str, str] | None = None, script: Path = ROOT / "app.py"
) -> Server:
    """Start the app, or another script of Streamlit's, with its runs in `home`. The caller ends `process`."""
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
        "--browser.gatherUsageStats=false",
    ]
    begin = time.monotonic()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "server.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(script), *options],
            cwd=script.parent,
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
        stop(running.process)


def stop(process: subprocess.Popen) -> None:
    """End a server as a person does. uvicorn waits without end for a page that connects while it closes; pressed again, it does not."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.wait(20)


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
    return watched(context.new_page())


def watched(page: Page) -> tuple[Page, Watch]:
    """A page, and a watch over what it does from now on."""
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
    """A headless browser. Raises FileNotFoundError where there is none."""
    program = this_browser()
    if program is None:
        raise FileNotFoundError(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
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
    """Wait until the script has run and nothing is loading, for 0.3 s on end; returns the seconds until it was so.

    The page looks for itself: asked by the test each time, it would take a third of a core.
    """
    begin = time.monotonic()
    asked = {"call": begin, "lasting": CALM_FOR}
    try:
        calm = page.wait_for_function(CALM, arg=asked, polling=50, timeout=1000 * seconds)
    except PlaywrightTimeout:
        raise TimeoutError(f"the page was still busy after {seconds} s") from None
    return time.monotonic() - begin - float(calm.json_value()) / 1000


HOVER = """async () => {
  const canvas = [...document.querySelectorAll("*")].map((one) => one.shadowRoot?.querySelector("canvas.large")).find(Boolean);
  canvas.scrollIntoView({ block: "center" });
  const box = canvas.getBoundingClientRect();
  const frame = () => new Promise(requestAnimationFrame);
  const times = [];
  let last = await frame();
  for (let i = 0; i < 150; i++) {
    const [x, y] = [0.25 + 0.6 * Math.abs(Math.sin(i / 17)), 0.25 + 0.6 * Math.abs(Math.cos(i / 23))];
    canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x * box.width, clientY: box.top + y * box.height }));
    const now = await frame();
    times.push(now - last);
    last = now;
  }
  return times.slice(10);
}"""


def hover(page: Page) -> list[float]:
    """Milliseconds from one frame of the attention explorer to the next while the mouse moves over its map in each of them."""
    frames: list[float] = page.evaluate(HOVER)
    return frames
