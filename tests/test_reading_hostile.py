"""core.tables.apart: files made to stop or fill a server get one sentence, or are read, in seconds, while the server goes on serving."""

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet
import pytest

from core.errors import Cancelled, UserError
from core.tables import apart, files
from core.tables.table import Reading, Table
from tests.tables import FILMS, csv_text, write

MB = 1024 * 1024
SECONDS = 5.0  # of a processor, so that it holds on a busy machine too
MOST_MEMORY = 700 * MB
pytestmark = pytest.mark.training  # every reading is a process


def parquet(table: pa.Table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer, **options)
    return buffer.getvalue()


def wide(columns: int, cell: int, rows: int) -> str:
    header = ",".join(f"c{n}".ljust(cell, "x") for n in range(columns))
    return header + "\n" + ("1," * columns + "\n") * rows


def dictionary_bomb() -> bytes:
    """200,000 times the same text of a megabyte: 200 GB in some kilobytes."""
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(200_000, np.int32)), ["x" * MB])
    return parquet(pa.table({"text": text, "label": ["a", "b"] * 100_000}), compression="zstd")


def named_classes() -> bytes:
    names = {"label": {"names": [str(n) for n in range(2_500_000)], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": names}})}
    return parquet(pa.table({"text": ["a", "b"], "label": [0, 1]}).replace_schema_metadata(metadata))


def zip_bomb(name: str, content: bytes, times: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file, file.open(name, "w", force_zip64=True) as member:
        for _ in range(times):
            member.write(content)
    return buffer.getvalue()


def sheet_bomb() -> bytes:
    """A workbook whose sheet is 250 MB of rows."""
    import openpyxl

    book, buffer = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["text", "label"])
    book.save(buffer)
    with zipfile.ZipFile(buffer) as file:
        members = {name: file.read(name) for name in file.namelist()}
    result = io.BytesIO(zip_bomb("xl/worksheets/sheet1.xml", b"<row><c><v>1</v></c></row>" * 40_000, 250))
    with zipfile.ZipFile(result, "a") as file:
        for name, content in members.items():
            if "sheet1" not in name:
                file.writestr(name, content)
    return result.getvalue()


def random_rows(rows: int, text: str) -> str:
    return "text,label\n" + "".join(f'"{text} {n}, said ""they""",{n % 3}\n' for n in range(rows))


CASES: dict[str, tuple[str, Callable[[], str | bytes]]] = {
    "10,000 columns": ("a.csv", lambda: wide(10_000, 2, 20)),
    "10,000 long column names": ("a.csv", lambda: wide(10_000, 1000, 5)),
    "1,000,000 rows": ("a.csv", lambda: "text,label\n" + "".join(f"some short text {n},{n % 2}\n" for n in range(1_000_000))),
    "one line of 100 MB": ("a.csv", lambda: "x" * 100 * MB),
    "100 MB of commas": ("a.csv", lambda: "," * 100 * MB),
    "100 MB of line breaks": ("a.csv", lambda: "\n" * 100 * MB),
    "100 MB of quotation marks": ("a.csv", lambda: '"' * 100 * MB),
    "60 MB of Chinese": ("a.csv", lambda: "文本,标签\n" + "这部电影很好看，演员的表演非常出色,正面\n我不喜欢,负面\n" * 600_000),
    "100 MB with one emoji": ("a.csv", lambda: "text,label\n😀,a\n" + "a plain line of a text in ASCII,b\n" * 3_000_000),
    "1,000 labels of 60,000 characters": ("a.csv", lambda: "text,label\n" + "".join(f"t{n},{str(n) * 15_000}\n" for n in range(1000, 2000))),
    "20 million lists": ("a.json", lambda: "[" + "[]," * 20_000_000 + "[]]"),
    "15 million objects": ("a.json", lambda: "[" + "{}, " * 15_000_000 + "{}]"),
    "20 million lines of objects": ("a.jsonl", lambda: "{}\n" * 20_000_000),
    "200,000 keys": ("a.json", lambda: json.dumps([{f"key {n}": "x"} for n in range(200_000)])),
    "200,000 keys of one object": ("a.json", lambda: json.dumps({f"key {n}": "x" for n in range(200_000)})),
    "20,000 keys in lines": ("a.jsonl", lambda: "".join(f'{{"key {n}": "x"}}\n' for n in range(20_000))),
    "lists in lists": ("a.json", lambda: "[" * MB + "]" * MB),
    "a dictionary of one text": ("a.parquet", dictionary_bomb),
    "250 MB packed": ("a.parquet", lambda: parquet(pa.table({"text": pa.array(["x" * MB] * 250)}), compression="zstd", use_dictionary=False)),
    "10,000 columns of Parquet": ("a.parquet", lambda: parquet(pa.table({f"c{n}": ["a", "b"] for n in range(10_000)}))),
    "millions of names of classes": ("a.parquet", named_classes),
    "a gzip bomb": ("a.csv.gz", lambda: gzip.compress(bytes(MB) * 50, 1) * 40),
    "a zip bomb": ("a.zip", lambda: zip_bomb("a.csv", bytes(MB), 250)),
    "a workbook of 250 MB": ("a.xlsx", sheet_bomb),
}  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("hostile")

    def made(case: str) -> Path:
        name, content = CASES[case]
        return write(folder, content(), name)

    return made


class Clock:
    """A thread that ticks as a visitor would ask: `gap` is the longest time in which it did not get its turn."""

    def __enter__(self) -> "Clock":
        self.gap, self.stopped = 0.0, threading.Event()
        self.thread = threading.Thread(target=self._tick)
        self.thread.start()
        return self

    def _tick(self) -> None:
        last = time.perf_counter()
        while not self.stopped.wait(0.01):
            self.gap, last = max(self.gap, time.perf_counter() - last), time.perf_counter()

    def __exit__(self, *args: object) -> None:
        self.stopped.set()
        self.thread.join()


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_file_is_answered_while_the_server_serves(
    case: str, hostile: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hostile(case)
    used: list[tuple[float, int]] = []
    look = apart._used

    def watched(pid: int) -> tuple[float, int]:
        used.append(look(pid))
        return used[-1]

    monkeypatch.setattr(apart, "_used", watched)
    with Clock() as clock:
        try:
            table = apart.read(files.read_table, path)
            assert len(table.frame) <= 200_000 and len(table.frame.columns) <= 200
        except UserError as error:
            assert "\n" not in str(error) and path.name in str(error)
    path.unlink()
    assert clock.gap < 1
    assert max(seconds for seconds, _ in used) < SECONDS
    assert max(memory for _, memory in used) < MOST_MEMORY


# --- The process -------------------------------------------------------------------------------------------------------


@pytest.fixture
def always_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "SMALL", -1)


def lists(folder: Path) -> Path:
    rows = [{"text": "a\ud800", "cells": ["x", 1.5, None, {"y": [True]}]}, {"text": "b"}]
    return write(folder, json.dumps(rows), "lists.json")


def in_bytes(folder: Path) -> Path:
    return write(folder, parquet(pa.table({"text": ["a", "b"], "image": [b"\0\xff", None]})), "bytes.parquet")


def ragged(folder: Path) -> Path:
    return write(folder, csv_text(FILMS).replace("text,label\n", "text,label\na,b,c\n").encode("utf-16"), "ragged.csv")


@pytest.mark.parametrize("make", [lists, in_bytes, ragged])
def test_the_table_is_the_same_as_without_a_process(
    make: Callable[[Path], Path], tmp_path: Path, always_apart: None
) -> None:
    path = make(tmp_path)
    expected, found = files.read_table(path), apart.read(files.read_table, path)
    assert found.frame.equals(expected.frame) and found.frame.dtypes.equals(expected.frame.dtypes)
    for field in fields(Table):
        assert vars(found)[field.name] == vars(expected)[field.name], field.name


def test_the_reading_is_handed_over(tmp_path: Path, always_apart: None) -> None:
    path = write(tmp_path, '[["a", "b"], ["c", "d"]]', "a.json")
    assert apart.read(files.read_table, path, Reading(header=False)).frame.shape == (2, 2)


def test_the_errors_are_the_same_as_without_a_process(tmp_path: Path, always_apart: None) -> None:
    for name, content in (
        ("a.csv", ""),
        ("a.tsv", "Rome\tB-LOC\nis\tO\n" * 9),
        ("a.json", "[1, 2"),
        ("a.parquet", "PAR1"),
        ("a.txt", "x"),
    ):
        path = write(tmp_path, content, name)
        with pytest.raises(UserError) as expected:
            files.read_table(path)
        with pytest.raises(UserError) as found:
            apart.read(files.read_table, path)
        assert type(found.value) is type(expected.value)
        assert (found.value.message, str(found.value)) == (expected.value.message, str(expected.value))


def test_a_small_text_and_what_is_no_file_need_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart.subprocess, "Popen", lambda *args, **options: pytest.fail("a process was started"))
    assert len(apart.read(files.read_table, write(tmp_path, csv_text(FILMS))).frame) == 6
    with pytest.raises(UserError, match="there is no file"):
        apart.read(files.read_table, tmp_path / "gone.csv")


@pytest.fixture
def started() -> Callable[[], set[psutil.Process]]:
    """The processes that the test has started and that are still there; other tests may have left some of theirs."""
    before = set(psutil.Process().children())
    return lambda: set(psutil.Process().children()) - before


def test_it_can_be_cancelled(tmp_path: Path, always_apart: None, started: Callable[[], set[psutil.Process]]) -> None:
    def cancel(done: int, total: int) -> None:
        assert started() and total > done
        raise Cancelled

    with pytest.raises(Cancelled):
        apart.read(files.read_table, write(tmp_path, csv_text(FILMS)), report=cancel)
    assert not started()


def slow(path: Path, reading: Reading) -> Table:
    time.sleep(60)
    raise AssertionError


def endless(path: Path, reading: Reading) -> Table:
    while True:
        pass


def greedy(path: Path, reading: Reading) -> Table:
    bytearray(3000 * MB)
    raise AssertionError


def dying(path: Path, reading: Reading) -> Table:
    psutil.Process().kill()
    raise AssertionError


def crashing(path: Path, reading: Reading) -> Table:
    os.abort()


def busy(path: Path, reading: Reading) -> Table:
    psutil.Process().send_signal(signal.SIGXCPU)
    raise AssertionError


def wrong(path: Path, reading: Reading) -> Table:
    raise LookupError("a mistake of ours")


def test_its_time_and_memory_are_limited(
    tmp_path: Path, always_apart: None, monkeypatch: pytest.MonkeyPatch, started: Callable[[], set[psutil.Process]]
) -> None:
    path = write(tmp_path, csv_text(FILMS))
    for how in (greedy, dying):
        with pytest.raises(UserError, match=r"reading data.csv took more memory than a file of its size may"):
            apart.read(how, path)
    with pytest.raises(UserError, match=r"data.csv is damaged, or made to do damage"):
        apart.read(crashing, path)
    with pytest.raises(UserError, match=r"reading data.csv took longer than 4 seconds and was stopped"):
        apart.read(busy, path)
    monkeypatch.setattr(apart, "START_SECONDS", 1.0)
    for how in (slow, endless):
        with pytest.raises(UserError, match=r"reading data.csv took longer than 1 seconds and was stopped"):
            apart.read(how, path)
    assert not started()


def test_memory_is_watched_from_outside_too(
    tmp_path: Path, always_apart: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "_used", lambda pid: (0.0, 1000 * MB))
    with pytest.raises(UserError, match="took more memory"):
        apart.read(files.read_table, write(tmp_path, csv_text(FILMS)))


def test_a_mistake_of_ours_is_no_mistake_of_the_user(tmp_path: Path, always_apart: None) -> None:
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        apart.read(wrong, write(tmp_path, csv_text(FILMS)))


def test_more_time_and_memory_for_larger_files(tmp_path: Path) -> None:
    small = apart._work(write(tmp_path, b"x" * 1000))
    assert small == 1000 and apart._work(tmp_path / "gone.csv") == 0 and apart._work(tmp_path) == 0
    assert apart._work(write(tmp_path, gzip.compress(b"x" * 1000), "a.gz")) > apart.SMALL
    assert apart._work(write(tmp_path, gzip.compress(np.random.default_rng(0).bytes(MB)), "a.gz")) > 7 * MB


def test_the_process_loads_what_it_needs_and_no_more(tmp_path: Path) -> None:
    path = write(tmp_path, csv_text(FILMS))
    code = (
        "import sys; from pathlib import Path; from core.tables import apart, files; "
        f"apart._leave(files.read_table(Path({str(path)!r})), Path({str(tmp_path)!r})); print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=apart.ROOT, capture_output=True, text=True, check=True)
    heavy = "torch transformers streamlit datasets sklearn openpyxl pandas pyarrow.parquet pyarrow.compute"
    assert not set(done.stdout.split()) & set(heavy.split())
