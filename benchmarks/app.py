"""How quick the app feels, and what it costs: `python -m benchmarks.app`.

Starts the app in a home of its own, drives it with a real browser on the same machine, and prints one JSON line per
measurement. Each is the median of --repeats fresh visits; the cold start is that of as many fresh servers.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import psutil
from playwright.sync_api import Browser, Page

from benchmarks import browser

SENTENCE = "the plot is thin but the acting is wonderful and the music stays with you "


def memory_mb(process_id: int) -> float:
    """Resident memory of a process and its children, in MB."""
    process = psutil.Process(process_id)
    return sum(p.memory_info().rss for p in [process, *process.children(recursive=True)]) / 1e6


def show(name: str, **values: object) -> None:
    """One measurement as one JSON line."""
    print(json.dumps({"name": name, **values}), flush=True)


def visit(page: Page, url: str) -> float:
    """Seconds from asking for an address until its page is calm."""
    begin = time.monotonic()
    page.goto(url)
    return time.monotonic() - begin + browser.wait_until_calm(page)


def keystroke(page: Page) -> float:
    """Seconds from the last keystroke until the chips show it (the pause of 250 ms that it waits for more typing included)."""
    box = page.get_by_label("Sentence", exact=True)
    box.click()
    box.press("End")
    before = page.locator(".chip:not(.keys .chip)").count()
    begin = time.monotonic()
    box.press_sequentially(" x", delay=0)
    page.wait_for_function(
        "n => document.querySelectorAll('.chips .chip').length === n", arg=before + 1, timeout=5_000, polling=10
    )
    return time.monotonic() - begin


def median_of(repeats: int, measure: Callable[[], float]) -> float:
    """The median of several measurements, in seconds, to the millisecond."""
    return round(statistics.median(measure() for _ in range(repeats)), 3)


def main() -> None:
    """Measure everything once and print it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=3)
    repeats = options.parse_args().repeats
    with browser.chromium() as chromium, tempfile.TemporaryDirectory() as folder:
        page, watch = browser.new_page(chromium)
        page.goto("about:blank")
        time.sleep(3)  # the browser runs before the server does, as a user's does
        measure(repeats, page, watch, chromium, Path(folder))


def measure(repeats: int, page: Page, watch: browser.Watch, chromium: Browser, folder: Path) -> None:
    """Start the app, measure everything, print it."""
    starts = []
    for i in range(repeats):
        with browser.server(folder / str(i)) as server:
            starts.append(round(server.seconds + visit(page, server.url), 2))
        page.goto("about:blank")
    show("cold start to calm Home", seconds=statistics.median(starts), each=starts, target=8.0)
    with browser.server(folder) as server:
        show("server ready", seconds=round(server.seconds, 2))
        visit(page, server.url)
        show("server with the model loaded", memory_mb=round(memory_mb(server.process.pid)), target=1500)
        show("warm visit of Home", seconds=median_of(repeats, lambda: visit(page, server.url)))
        for name in ("Tokens", "Attention", "Fine-tune", "Runs", "Playground", "Home"):

            def switch(name: str = name) -> float:
                page.get_by_role("link", name="Runs" if name != "Runs" else "Home", exact=True).first.click()
                browser.wait_until_calm(page)
                begin = time.monotonic()
                page.get_by_role("link", name=name, exact=True).first.click()
                page.get_by_role("heading", name=name if name != "Home" else "BERT Studio", level=1).wait_for()
                browser.wait_until_calm(page)
                return time.monotonic() - begin - 0.3

            switch()
            show(f"warm switch to {name}", seconds=median_of(repeats, switch), target=1.0)
        visit(page, f"{server.url}/tokens")
        keystroke(page)
        show("Tokens after a keystroke", seconds=median_of(repeats, lambda: keystroke(page)), target=0.3)
        for view in ("heatmap", "heads", "head-view"):
            for count in (32, 128, 512):
                words = (SENTENCE * 60).split()[: count - 2]
                query = urlencode({"text": " ".join(words), "cut": count, "view": view})
                seconds, sizes = [], []
                for _ in range(repeats):
                    watch.received = 0
                    seconds.append(visit(page, f"{server.url}/attention?{query}"))
                    sizes.append(watch.received)
                show(
                    f"Attention, {view}, {count} tokens",
                    seconds=round(statistics.median(seconds), 3),
                    received_bytes=round(statistics.median(sizes)),
                    target_seconds=1.5 if count == 128 else None,
                    target_bytes=2_000_000 if count == 128 else None,
                )
        before = memory_mb(server.process.pid)
        visitors = 5
        for _visitor in range(visitors):
            page, _watch = browser.new_page(chromium)
            visit(page, f"{server.url}/attention")
        show("memory per further session", memory_mb=round((memory_mb(server.process.pid) - before) / visitors, 1))
        show("server after all of this", memory_mb=round(memory_mb(server.process.pid)))


if __name__ == "__main__":
    main()
