"""How quick the app feels, and what it costs: `python -m benchmarks.app`.

Starts the app in a home of its own, drives it with a real browser on the same machine, and prints one JSON line per
measurement. Each is the median of --repeats fresh visits; the cold start is that of as many fresh servers.

    python -m benchmarks.app                    everything
    python -m benchmarks.app --only start       from the command to Home: its pictures, calm, and when it answers
    python -m benchmarks.app --only answers     how soon the Playground, Search and Summarise show a result
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
from playwright.sync_api import Error as PlaywrightError

from core.bundled import READY
from tests.browser import driver as browser

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


def until_idle(process_id: int) -> None:
    """Wait until a server that has just started has loaded what it loads by itself: a second with less than a twentieth of a core."""
    process, used = psutil.Process(process_id), -1.0
    while True:
        times = process.cpu_times()
        if times.user + times.system - used < 0.05:
            return
        used = times.user + times.system
        time.sleep(1)


RESULTS = {
    "Playground as it opens": ("playground", ".answer"),
    **{f"Playground, {name}": (f"playground?model={name}", ".answer, .entities mark") for name in READY},
    "Search, the help desk": ("search", ".hits"),
    "Summarise, the first article": ("summarise", ".article mark"),
    "Search in Chinese": ("search?lang=zh", ".hits"),
    "Summarise in Chinese": ("summarise?lang=zh", ".article mark"),
}  # what is asked → its address, and what is drawn when there is an answer


def result(page: Page, server: str, asked: str) -> float:
    """Seconds from asking for an address, by somebody who was never here, until the answer is drawn."""
    address, drawn = RESULTS[asked]
    page.context.clear_cookies()
    begin = time.monotonic()
    page.goto(f"{server}/{address}")
    page.locator(drawn).first.wait_for(timeout=120_000)
    return time.monotonic() - begin


def answers(page: Page, folder: Path, repeats: int) -> None:
    """How soon a first visit has an answer: each for the first time on a server that nobody has visited, then with all loaded."""
    firsts: dict[str, list[float]] = {asked: [] for asked in RESULTS}
    again: dict[str, list[float]] = {asked: [] for asked in RESULTS}
    for i in range(repeats):
        with browser.server(folder / f"answers-{i}") as server:
            until_idle(server.process.pid)
            for seconds in (firsts, again):
                for asked in RESULTS:
                    seconds[asked].append(result(page, server.url, asked))
                    browser.wait_until_calm(page)
        page.goto("about:blank")
    for when, seconds in (("for the first time", firsts), ("models loaded", again)):
        for asked, each in seconds.items():
            show(
                f"{asked}, {when}",
                seconds=round(statistics.median(each), 3),
                each=[round(one, 2) for one in each],
                target=3.0,
            )


CHIPS = """count => [...document.querySelectorAll("*")].some(
  (one) => one.shadowRoot?.querySelectorAll(".chips .chip").length === count)"""


def keystroke(page: Page) -> float:
    """Seconds from the last keystroke until the chips show it (the pause of 50 ms that it waits for more typing included)."""
    box = page.get_by_label("Sentence", exact=True)
    box.click()
    box.press("End")
    before = page.locator(".chips .chip").count()
    begin = time.monotonic()
    box.press_sequentially(" x", delay=0)
    page.wait_for_function(CHIPS, arg=before + 1, timeout=5_000, polling=10)
    return time.monotonic() - begin


CHOOSE = """async ([key, across, down]) => {
  const root = [...document.querySelectorAll("*")].map((one) => one.shadowRoot?.querySelector(".explorer")).find(Boolean);
  const title = root.querySelector(".main h2");
  const canvas = root.querySelector("canvas.overview");
  const before = title.textContent;
  const begin = performance.now();
  const box = canvas.getBoundingClientRect();
  canvas.dispatchEvent(
    key
      ? new KeyboardEvent("keydown", { key, bubbles: true })
      : new MouseEvent("click", { clientX: box.left + across * box.width, clientY: box.top + down * box.height }),
  );
  while ((title.textContent === before || root.classList.contains("loading")) && performance.now() - begin < 20_000)
    await new Promise(requestAnimationFrame);
  return (performance.now() - begin) / 1000;
}"""


STEP = """async ([key, wanted]) => {
  const root = [...document.querySelectorAll("*")].map((one) => one.shadowRoot?.querySelector(".flow")).find(Boolean);
  const begin = performance.now();
  root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  while ((root.classList.contains("waiting") || !root.querySelector(wanted)) && performance.now() - begin < 20_000)
    await new Promise(requestAnimationFrame);
  return (performance.now() - begin) / 1000;
}"""


def next_head(page: Page, key: str) -> float:
    """Seconds from an arrow key in the explorer's overview until the new head is drawn."""
    seconds: float = page.evaluate(CHOOSE, [key, 0, 0])
    return seconds


def far_head(page: Page, across: float, down: float) -> float:
    """Seconds from a click into the overview, at these shares of its width and height, until the head there is drawn."""
    seconds: float = page.evaluate(CHOOSE, ["", across, down])
    return seconds


def first_picture(page: Page, url: str) -> float:
    """Seconds from asking for the Attention page until the explorer has drawn its large map."""
    begin = time.monotonic()
    page.goto(url)
    page.wait_for_function(
        "[...document.querySelectorAll('*')].some((one) => one.shadowRoot?.querySelector('.explorer:not(.loading) canvas.large')?.height > 200)",
        polling=20,
        timeout=60_000,
    )
    return time.monotonic() - begin


def encoder(page: Page, watch: browser.Watch, address: str, repeats: int) -> None:
    """The Encoder page: opened anew until its picture is drawn, then the next head, layer and token."""
    wait = """wanted => [...document.querySelectorAll('*')].some((one) => one.shadowRoot?.querySelector(wanted))"""

    def until(selector: str, begin: float) -> float:
        page.wait_for_function(wait, arg=selector, polling=20, timeout=60_000)
        return time.monotonic() - begin

    for count in (32, 128, 512):
        query = urlencode({"text": " ".join((SENTENCE * 60).split()[: count - 2]), "cut": count, "layer": 1, "head": 0})
        seconds, sizes = [], []
        for _ in range(repeats):
            watch.received = 0
            begin = time.monotonic()
            page.goto(f"{address}/encoder?{query}")
            seconds.append(until(".flow .box canvas", begin))
            browser.wait_until_calm(page)
            sizes.append(watch.received)
        show(
            f"Encoder, first view, {count} tokens",
            seconds=round(statistics.median(seconds), 3),
            received_bytes=round(statistics.median(sizes)),
            target=1.5,
        )
        heads, layers, tokens = [], [], []
        for i in range(2, 5):
            heads.append(page.evaluate(STEP, ["ArrowDown", f'.thumb.on[data-focus="head-{i - 1}"]']))
            browser.wait_until_calm(page)
            layers.append(page.evaluate(STEP, ["ArrowRight", f'.step.on[data-focus="layer-{i}"]']))
            browser.wait_until_calm(page)
            option = page.locator(".tokens.in .token").nth(2 * i)
            begin = time.monotonic()
            option.hover()
            tokens.append(until(f'.tokens.in .token.on[data-row="{2 * i}"]', begin))
        for name, times in (("head", heads), ("layer", layers), ("token", tokens)):
            show(f"Encoder, next {name}, {count} tokens", seconds=round(statistics.median(times), 3), target=0.3)


def explorer(page: Page, watch: browser.Watch, address: str, repeats: int) -> None:
    """The attention explorer: opened anew, the next head (prefetched or asked for), and hovering."""
    for count in (32, 128, 512):
        query = urlencode({"text": " ".join((SENTENCE * 60).split()[: count - 2]), "cut": count, "view": "explorer"})
        seconds, sizes = [], []
        for _ in range(repeats):
            watch.received = 0
            seconds.append(first_picture(page, f"{address}/attention?{query}"))
            browser.wait_until_calm(page)
            sizes.append(watch.received)
        show(
            f"Attention explorer, first view, {count} tokens",
            seconds=round(statistics.median(seconds), 3),
            received_bytes=round(statistics.median(sizes)),
            target_bytes=300_000 if count == 128 else None,
        )
        page.locator("canvas.overview").focus()  # as with the mouse: whoever comes here gets the heads nearby
        page.wait_for_timeout(600)
        browser.wait_until_calm(page)
        times = []
        for key in ("ArrowRight", "ArrowDown", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowDown"):
            times.append(next_head(page, key))
            page.wait_for_timeout(600)
            browser.wait_until_calm(page)
        show(
            f"Attention explorer, next head, {count} tokens",
            seconds=round(statistics.median(times), 3),
            longest=round(max(times), 3),
            target=0.3,
        )
        far = []
        for place in ((0.9, 0.7), (0.2, 0.3), (0.6, 0.5)):
            far.append(far_head(page, *place))
            page.wait_for_timeout(600)
            browser.wait_until_calm(page)
        show(
            f"Attention explorer, a head far away, {count} tokens",
            seconds=round(statistics.median(far), 3),
            longest=round(max(far), 3),
            target=0.3,
        )
        frames = browser.hover(page)
        show(
            f"Attention explorer, hover, {count} tokens",
            milliseconds_a_frame=round(statistics.median(frames), 1),
            frames_a_second=round(1000 * len(frames) / sum(frames), 1),
            target=60,
        )


def bertviz_itself(chromium: Browser, folder: Path) -> None:
    """BertViz's own head view of the same model and texts, as it ships: its HTML, and the seconds until a browser has drawn it.

    Only its three libraries come from this machine, where it asks the internet for them.
    """
    from bertviz import head_view
    from torch import tensor

    from core import attention, html, models

    model, tokenizer = models.load_encoder("minilm", attention="eager"), models.load_tokenizer("minilm")
    for count in (32, 128, 512):
        words = " ".join((SENTENCE * 60).split()[: count - 2])
        maps = attention.attend(model, tokenizer, words, max_length=count, name="minilm")
        begin = time.monotonic()
        written = head_view(
            [tensor(layer)[None] for layer in maps.weights], list(maps.tokens.texts), html_action="return"
        ).data
        made = time.monotonic() - begin
        shipped = len(written.encode())
        local = written[written.index("</script>") + len("</script>") :]  # without the tag that fetches require.js
        start = "window.requirejs = window.require = (names, run) => run(jQuery, d3); require.config = () => {};"
        file = folder / f"bertviz-{count}.html"
        file.write_text(
            f'<!DOCTYPE html><meta charset="utf-8"><script>{html.libraries()};{start}</script>{local}', encoding="utf-8"
        )
        page = chromium.new_page()
        begin = time.monotonic()
        try:
            page.goto(file.as_uri(), timeout=60_000)
            page.wait_for_function("document.querySelectorAll('svg line').length > 0", timeout=60_000)
            page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            drawn: float | str = round(time.monotonic() - begin, 2)
        except PlaywrightError as error:
            drawn = f"nothing after {time.monotonic() - begin:.0f} s: {str(error).splitlines()[0]}"
        show(
            f"BertViz head_view as shipped, {count} tokens",
            html_bytes=shipped,
            made_seconds=round(made, 2),
            drawn=drawn,
        )
        page.close()


def median_of(repeats: int, measure: Callable[[], float]) -> float:
    """The median of several measurements, in seconds, to the millisecond."""
    return round(statistics.median(measure() for _ in range(repeats)), 3)


def main() -> None:
    """Measure everything once and print it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--only", choices=["answers", "start"], help="this part alone")
    chosen = options.parse_args()
    with browser.chromium() as chromium, tempfile.TemporaryDirectory() as folder:
        page, watch = browser.new_page(chromium)
        page.goto("about:blank")
        time.sleep(3)  # the browser runs before the server does, as a user's does
        if chosen.only != "start":
            answers(page, Path(folder), chosen.repeats)
        if chosen.only != "answers":
            cold_starts(chosen.repeats, page, Path(folder))
        if not chosen.only:
            measure(chosen.repeats, page, watch, chromium, Path(folder))


def cold_starts(repeats: int, page: Page, folder: Path) -> None:
    """Start fresh servers and open Home, from the command to what stands there."""
    seen, calm, answering = [], [], []
    for i in range(repeats):
        with browser.server(folder / str(i)) as server:
            begin = time.monotonic() - server.seconds
            page.goto(server.url, wait_until="commit")
            page.locator(".miniature").first.wait_for()
            seen.append(round(time.monotonic() - begin, 2))
            waited = time.monotonic()
            calm.append(round(waited - begin + browser.wait_until_calm(page), 2))
            page.get_by_role("button", name="Reset").wait_for()  # the pictures made before have none
            waited = time.monotonic()
            answering.append(round(waited - begin + browser.wait_until_calm(page), 2))
        page.goto("about:blank")
    show("cold start to Home's pictures", seconds=statistics.median(seen), each=seen, target=3.0)
    show("cold start to calm Home", seconds=statistics.median(calm), each=calm, target=3.0)
    show("cold start to Home that answers", seconds=statistics.median(answering), each=answering)


def measure(repeats: int, page: Page, watch: browser.Watch, chromium: Browser, folder: Path) -> None:
    """Start the app, measure everything else, print it."""
    with browser.server(folder) as server:
        show("server ready", seconds=round(server.seconds, 2))
        visit(page, server.url)
        page.get_by_role("button", name="Reset").wait_for()  # what stands there before was made before
        until_idle(server.process.pid)
        show("server with the model loaded", memory_mb=round(memory_mb(server.process.pid)), target=1500)
        show("warm visit of Home", seconds=median_of(repeats, lambda: visit(page, server.url)))
        for name in ("Tokens", "Encoder", "Attention", "Fine-tune", "Runs", "Playground", "Home"):

            def switch(name: str = name) -> float:
                browser.choose_page(page, "Runs" if name != "Runs" else "Home")
                browser.wait_until_calm(page)
                begin = time.monotonic()
                browser.choose_page(page, name)
                page.get_by_role("heading", name=name if name != "Home" else "BERT Studio", level=1).wait_for()
                browser.wait_until_calm(page)
                return time.monotonic() - begin - 0.3

            switch()
            show(f"warm switch to {name}", seconds=median_of(repeats, switch), target=1.0)
        visit(page, f"{server.url}/tokens")
        keystroke(page)
        show("Tokens after a keystroke", seconds=median_of(repeats, lambda: keystroke(page)), target=0.2)
        for view in ("head-view",):
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
        encoder(page, watch, server.url, repeats)
        explorer(page, watch, server.url, repeats)
        for label, target in (("computed", 20.0), ("from the cache", None)):
            took = visit(page, f"{server.url}/embeddings?view=map&rows=1000")
            show(f"Embedding map of 1,000 sentences, {label}", seconds=round(took, 2), target=target)
        before = memory_mb(server.process.pid)
        visitors = 5
        for _visitor in range(visitors):
            page, _watch = browser.new_page(chromium)
            visit(page, f"{server.url}/attention")
        show("memory per further session", memory_mb=round((memory_mb(server.process.pid) - before) / visitors, 1))
        show("server after all of this", memory_mb=round(memory_mb(server.process.pid)))
    bertviz_itself(chromium, folder)


if __name__ == "__main__":
    main()
