"""How the studio answers when a class uses it at once, beside a hello-world page under the same load: `python -m benchmarks.classroom`.

    python -m benchmarks.classroom                                    about seven minutes
    python -m benchmarks.classroom --train                            with a training under way, as one of the class has started it
    python -m benchmarks.classroom --before ../before                 beside another checkout of the studio

Each visitor opens the pages in turn with a sentence of their own, looks for 2 to 4 seconds at what they see, and goes on. There is no
browser: a visitor is a websocket, so that the machine is the server's alone. Nobody scrolls, so that what waits until it is in sight is
not computed. Contenders:

    studio         the app in a home of its own
    hello          a page with a text box that repeats its text: what Streamlit itself needs
    before         another checkout, with --before

Each is visited once before, so that models are loaded, and then --turns times by everybody, one contender after the other: a machine that is
slower for some minutes is so for all of them. One JSON line per contender: seconds from asking for a page until its script has finished, p50
and p95 of all and of each page; processor seconds of the server for each visit, which a busy machine changes less; memory before, when
everybody has come for the last time, and --after seconds later, when they are forgotten; exceptions shown; with --train the training's
steps per second while nobody clicks, before each turn, and in each turn. The visitors themselves take a share of the machine too, which a
real class does not: visitors_cores says how many cores, of the same that the server and the training have.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

import numpy as np
import psutil
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from core import runs
from tests.browser import driver

HELLO = """import streamlit as st
st.title("Hello")
text = st.text_input("Your text", st.query_params.get("text", ""))
st.write("You wrote:", text)
"""
WORDS = "the an old new film story music about with without never always brothers city night was is made us laugh cry wait".split()
PAGES = ("tokens", "encoder", "attention", "playground")
LOOKING = (2.0, 4.0)  # seconds that a visitor looks at a page
ALONE = 20  # seconds of training while nobody clicks, before each turn
MB = 1024 * 1024


@dataclass
class Visits:
    """What the visitors of one contender met: seconds by page, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


async def visit(socket: websockets.ClientConnection, address: str, page: str, query: str) -> list[str]:
    """Ask for a page and wait until its script has finished; returns the exceptions that it showed."""
    ask = BackMsg()
    ask.rerun_script.page_name, ask.rerun_script.query_string = page, query
    ask.rerun_script.context_info.url = f"{address}/{page}?{query}"
    ask.rerun_script.context_info.locale = "en"
    await socket.send(ask.SerializeToString())
    exceptions, begun = [], False
    while True:
        message = ForwardMsg.FromString(await socket.recv())
        kind = message.WhichOneof("type")
        if kind == "new_session":
            begun = True
        elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
            exceptions.append(message.delta.new_element.exception.message)
        elif kind == "script_finished" and begun and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return exceptions


async def visitor(address: str, pages: Sequence[str], rounds: int, chance: random.Random, visits: Visits) -> None:
    """One who comes, goes through the pages, and stays until all are through."""
    stream = address.replace("http", "ws") + "/_stcore/stream"
    socket = await websockets.connect(stream, subprotocols=["streamlit"], origin=address, max_size=None, ping_interval=None)  # type: ignore[arg-type,list-item]  # fmt: skip
    await asyncio.sleep(chance.uniform(0, LOOKING[1]))
    for page in [*pages] * rounds:
        sentence = " ".join(chance.choices(WORDS, k=chance.randint(8, 16)))
        began = time.perf_counter()
        try:
            async with asyncio.timeout(90):
                shown = await visit(socket, address, page.removeprefix("hello"), urlencode({"text": sentence}))
        except (TimeoutError, websockets.ConnectionClosed) as error:
            visits.failures.append(f"{page}: {error!r}")
            continue
        visits.seconds.setdefault(page, []).append(time.perf_counter() - began)
        visits.failures += [f"{page}: {exception}" for exception in shown]
        await asyncio.sleep(chance.uniform(*LOOKING))


async def everybody(address: str, pages: Sequence[str], sessions: int, rounds: int, turn: int, visits: Visits) -> None:
    """All visitors at once. turn: others write other sentences."""
    people = (random.Random(f"{turn} {i}") for i in range(sessions))
    await asyncio.gather(*(visitor(address, pages, rounds, chance, visits) for chance in people))


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.quantile(seconds, (0.5, 0.95))
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3)}


@contextmanager
def served(script: Path, home: Path) -> Iterator[driver.Server]:
    """A script's server, which ends with the block."""
    running = driver.start_server(home, script=script)
    try:
        yield running
    finally:
        driver.stop(running.process)


class Training:
    """A run of the studio's own, which goes on until the block ends."""

    def __init__(self, root: Path, folder: Path) -> None:
        command = "-m core train --model minilm --data rotten_tomatoes --epochs 8 --output".split()
        self.events = folder / "run" / "events.jsonl"
        log = (folder / "train.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, *command, str(folder / "run")], cwd=root, stdout=log, stderr=log, start_new_session=True
        )
        runs.give_way(psutil.Process(self.process.pid))  # as the studio starts it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.wait()

    def step(self) -> tuple[float, int]:
        """When it last said where it was, in seconds since the epoch, and the step that it had come to."""
        lines = self.events.read_text().splitlines() if self.events.exists() else []
        last = [event for event in map(json.loads, lines) if event["kind"] == "step"][-1:]
        return (last[0]["time"], last[0]["step"]) if last else (0.0, 0)

    def alone(self) -> float:
        """Steps per second while nobody clicks."""
        since = self.step()
        time.sleep(ALONE)
        return self.speed(since)

    def speed(self, since: tuple[float, int]) -> float:
        """Steps per second since then."""
        seconds, step = self.step()
        return round((step - since[1]) / (seconds - since[0]), 2) if seconds > since[0] else 0.0


def processor(process: psutil.Process) -> float:
    """Seconds of processor that it has had."""
    times = process.cpu_times()
    return times.user + times.system


@dataclass
class Contender:
    """A server with the pages that its visitors open, and what came of it.

    processor, visiting: seconds of processor of the server and of its visitors; wall: seconds; trained: steps per second in each turn.
    """

    name: str
    server: driver.Server
    pages: Sequence[str]
    visits: Visits = field(default_factory=Visits)
    processor: float = 0.0
    visiting: float = 0.0
    wall: float = 0.0
    trained: list[float] = field(default_factory=list)
    memory: dict[str, int] = field(default_factory=dict)

    def note_memory(self, when: str) -> None:
        self.memory[when] = psutil.Process(self.server.process.pid).memory_info().rss // MB

    def take_turn(self, options: argparse.Namespace, turn: int, training: Training | None) -> None:
        """Have it visited once more by as many people."""
        process = psutil.Process(self.server.process.pid)
        spent, since = processor(process), training.step() if training is not None else (0.0, 0)
        own, began = time.process_time(), time.perf_counter()
        asyncio.run(everybody(self.server.url, self.pages, options.sessions, options.rounds, turn, self.visits))
        self.wall += time.perf_counter() - began
        self.visiting += time.process_time() - own
        self.processor += processor(process) - spent
        if training is not None:
            self.trained.append(training.speed(since))

    def line(self, sessions: int) -> dict[str, object]:
        """What that was like."""
        everything = [seconds for page in self.visits.seconds.values() for seconds in page]
        return {
            "contender": self.name,
            "sessions": sessions,
            "visits": len(everything),
            **quantiles(everything),
            "pages": {page: quantiles(seconds) for page, seconds in self.visits.seconds.items()},
            "processor_seconds_per_visit": round(self.processor / len(everything), 3),
            "visitors_cores": round(self.visiting / self.wall, 2),
            "memory_mb": self.memory,
            "failures": len(self.visits.failures),
            "first_failures": self.visits.failures[:3],
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=2, help="how often a visitor goes through the pages")
    parser.add_argument(
        "--turns", type=int, default=3, help="how often each contender is visited, in turn with the others"
    )
    parser.add_argument("--pages", default=",".join(PAGES))
    parser.add_argument(
        "--after",
        type=float,
        default=135,
        help="seconds after the visitors have left: Streamlit keeps a session for two minutes",
    )
    parser.add_argument("--train", action="store_true", help="with a training under way")
    parser.add_argument("--before", type=Path, help="another checkout of the studio, a contender of its own")
    options = parser.parse_args()
    pages = options.pages.split(",")
    os.environ.setdefault("STUDIO_HUB", "off")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "hello.py").write_text(HELLO, encoding="utf-8")
        training, alone = None, []
        if options.train:
            training = stack.enter_context(Training(driver.ROOT, folder))
            while not training.step()[1]:
                time.sleep(1)
        scripts = {"studio": (driver.ROOT / "app.py", pages), "hello": (folder / "hello.py", ["hello"] * len(pages))}
        if options.before:
            scripts["before"] = options.before.resolve() / "app.py", pages
        contenders = [
            Contender(contender, stack.enter_context(served(script, folder / contender)), asked)
            for contender, (script, asked) in scripts.items()
        ]
        for contender in contenders:
            asyncio.run(everybody(contender.server.url, contender.pages, 1, 1, 0, Visits()))  # models are loaded
            contender.note_memory("before")
        for turn in range(options.turns):
            if training is not None:
                alone.append(training.alone())
            for contender in contenders:
                contender.take_turn(options, turn, training)
                contender.note_memory("open")
        time.sleep(options.after)
        for contender in contenders:
            contender.note_memory("after")
            line = contender.line(options.sessions)
            if training is not None:
                line["training_steps_per_second"] = {"alone": alone, "meanwhile": contender.trained}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
