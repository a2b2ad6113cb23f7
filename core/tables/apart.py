"""A user's file read in a process of its own, so that no file can stop or fill the server: it has limits of time, memory and output.

`python -m core.tables.apart FOLDER` reads the file that the request in FOLDER names, and leaves the table, or what is wrong, there. This
module does not know how a file is read, nor what becomes of the table.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from pkgutil import resolve_name
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import psutil
import pyarrow as pa

from core.errors import UserError
from core.results import Dropped
from core.tables import files, limits
from core.tables.table import FIND_OUT, Reading, Table, UnclearDelimiter, WordsWithTags

Read = Callable[[Path, Reading], Table]
Report = Callable[[int, int], None]
Kind = Literal["text", "bytes", "json"]  # of the cells of a column

TYPES: Mapping[Kind, pa.DataType] = {"text": pa.large_string(), "bytes": pa.large_binary(), "json": pa.large_string()}
BATCH = 1000  # rows that are handed over at once
ERRORS = {kind.__name__: kind for kind in (UserError, UnclearDelimiter, WordsWithTags)}  # that a reader raises
ROOT = Path(__file__).parent.parent.parent
REQUEST, ANSWER, TABLE, LOG = "request.json", "answer.json", "table.arrow", "log.txt"
LEAN = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "PYTHONIOENCODING": "utf-8",
}
SMALL = 200_000  # bytes; a text of that size is read at once, without a process
PACKED = 8  # a packed file may hold so many times its own size before it gets no more time
START_SECONDS, SECONDS_PER_MB = 4.0, 0.5  # of a processor
START_MB, MB_PER_MB = 400, 8
PATIENCE = 10  # times its seconds it may take by the clock, where it shares the processor with others
MOST_OUTPUT = 2  # times the largest file: Latin-1 can double in UTF-8
POLL_SECONDS = 0.05


def read(how: Read, path: Path, reading: Reading = FIND_OUT, report: Report = lambda done, total: None) -> Table:
    """What `how(path, reading)` gives, and the UserErrors that it raises, from a process that ends when its limits are reached.

    how: a function of a module, such as core.tables.files.read_table. report: called often with the processor's seconds that
    were used and those that may be; when it raises, the process ends. Raises UserError also when the limits are reached.
    """
    size = _work(path)
    if size <= SMALL:
        return how(path, reading)
    seconds = START_SECONDS + SECONDS_PER_MB * size / limits.MB
    memory = START_MB + MB_PER_MB * size / limits.MB
    with TemporaryDirectory() as name:
        folder = Path(name)
        request = {
            "how": f"{how.__module__}:{how.__qualname__}",
            "path": str(path.absolute()),
            "reading": asdict(reading),
            "seconds": seconds,
            "memory": memory,
        }
        (folder / REQUEST).write_text(json.dumps(request), encoding="utf-8")
        began = time.monotonic()
        with (folder / LOG).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "core.tables.apart", str(folder)],
                cwd=ROOT,
                env={**os.environ, **LEAN},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            while process.poll() is None:
                worked, held = _used(process.pid)
                if worked > seconds or time.monotonic() - began > PATIENCE * seconds:
                    raise _too_long(path, seconds)
                if held > memory * limits.MB:
                    raise _too_much(path)
                report(int(worked), int(seconds) + 1)
                time.sleep(POLL_SECONDS)
        finally:
            process.kill()
            process.wait()
        if (folder / ANSWER).is_file():
            return _received(folder)
        if process.returncode > 0:  # a mistake of the reader's own
            raise RuntimeError((folder / LOG).read_text(encoding="utf-8", errors="replace"))
        raise _ended(-process.returncode, path, seconds)


def _work(path: Path) -> int:
    """The bytes that are to be read at most; 0 for what is no file or saved folder, which is refused at once."""
    if files.is_saved(path):
        return sum(file.stat().st_size for file in path.rglob("*.arrow"))
    if not files.exists(path) or not path.is_file():
        return 0
    size = path.stat().st_size
    with path.open("rb") as file:
        packed = not files.is_text(file.read(16))
    return max(SMALL + 1, min(PACKED * size, limits.most_unpacked())) if packed else size


def _used(pid: int) -> tuple[float, int]:
    """The processor's seconds that a process has had, and the bytes of memory that it holds; 0 and 0 when it has just ended."""
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return times.user + times.system, process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0.0, 0


def _ended(by: int, path: Path, seconds: float) -> UserError:
    """What the number of the signal says that ended the process."""
    if by == signal.SIGKILL:
        return _too_much(path)
    if by == signal.SIGXCPU:
        return _too_long(path, seconds)
    return UserError(
        "{file} is damaged, or made to do damage: the process that read it was ended by the system; export it again, or save it as CSV",
        file=path.name,
    )


def _too_long(path: Path, seconds: float) -> UserError:
    return UserError(
        "reading {file} took longer than {seconds} seconds and was stopped; give a smaller file, or save the data as CSV (UTF-8)",
        file=path.name,
        seconds=round(seconds),
    )


def _too_much(path: Path) -> UserError:
    return UserError(
        "reading {file} took more memory than a file of its size may, and was stopped; give a smaller file, or save the data as CSV (UTF-8)",
        file=path.name,
    )


# --- The table between the processes -----------------------------------------------------------------------------------


def _received(folder: Path) -> Table:
    """What the process has left. Raises UserError when that is an error."""
    answer = json.loads((folder / ANSWER).read_bytes())
    if "error" in answer:
        kind, message, values = answer["error"]
        raise ERRORS[kind](message, **values)
    columns: dict[str, list[object]] = {name: [] for name in answer["names"]}
    with pa.OSFile(str(folder / TABLE)) as file:
        content = pa.ipc.open_file(file)
        for place in range(content.num_record_batches):
            arrays = content.get_batch(place).columns
            for column, array, kind in zip(columns.values(), arrays, answer["kinds"], strict=True):
                column += _decoded(array, kind)
    return Table(
        columns=columns,
        lines=tuple(answer["lines"]),
        dropped=tuple(Dropped(reason, count, tuple(examples)) for reason, count, examples in answer["dropped"]),
        notes=tuple((message, values) for message, values in answer["notes"]),
        categories={column: tuple(names) for column, names in answer["categories"].items()},
        unreadable=tuple(answer["unreadable"]),
        blank=tuple(answer["blank"]),
        **answer["others"],
    )


def _leave(table: Table, folder: Path) -> None:
    """Write a table as _received reads it."""
    kinds = [_kind(cells) for cells in table.columns.values()]
    schema = pa.schema([(str(place), TYPES[kind]) for place, kind in enumerate(kinds)])
    left = MOST_OUTPUT * limits.most_unpacked()
    with pa.OSFile(str(folder / TABLE), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for start in range(0, len(table.lines), BATCH):
            portions = [cells[start : start + BATCH] for cells in table.columns.values()]
            arrays = [_encoded(cells, kind) for cells, kind in zip(portions, kinds, strict=True)]
            left -= sum(array.nbytes for array in arrays)
            if left < 0:
                raise MemoryError
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    _answer(
        folder,
        {
            "names": list(table.columns),
            "kinds": kinds,
            "lines": table.lines,
            "dropped": [(entry.reason, entry.count, entry.examples) for entry in table.dropped],
            "notes": [(message, _plain(values)) for message, values in table.notes],
            "categories": dict(table.categories),
            "unreadable": table.unreadable,
            "blank": table.blank,
            "others": {
                "rows": table.rows,
                "cut_cells": table.cut_cells,
                "header": table.header,
                "delimiter": table.delimiter,
                "encoding": table.encoding,
                "not_read": table.not_read,
            },
        },
    )


def _kind(cells: Sequence[object]) -> Kind:
    types = set(map(type, cells))
    return "text" if types <= {str} else "bytes" if bytes in types and not types & {list, dict} else "json"


def _encoded(cells: Sequence[object], kind: Kind) -> pa.Array:
    if kind == "bytes":
        return pa.array([cell if isinstance(cell, bytes) else None for cell in cells], TYPES[kind])
    texts = cells if kind == "text" else [json.dumps(cell, default=str) for cell in cells]
    content = [str(text).encode() for text in texts]  # pa.array would load pandas, which takes long
    ends = pa.py_buffer(np.cumsum([0, *map(len, content)], dtype=np.int64))
    return pa.Array.from_buffers(TYPES[kind], len(cells), [None, ends, pa.py_buffer(b"".join(content))])


def _decoded(cells: pa.Array, kind: Kind) -> list[Any]:
    if kind == "json":
        return [json.loads(cell) for cell in cells.to_pylist()]
    return ["" if cell is None else cell for cell in cells.to_pylist()] if kind == "bytes" else cells.to_pylist()


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    """The values of a message as JSON can hold them."""
    return {name: value if isinstance(value, int | float) else str(value) for name, value in values.items()}


def _answer(folder: Path, answer: Mapping[str, object]) -> None:
    """Write the answer as a whole or not at all."""
    part = folder / f"{ANSWER}.part"
    part.write_text(json.dumps(answer), encoding="utf-8")
    part.replace(folder / ANSWER)


# --- The process -------------------------------------------------------------------------------------------------------


def _limit(seconds: float, memory: float) -> None:
    """Let the system end this process when it takes too long or too much, even if nobody watches it any more."""
    if sys.platform == "linux":
        import resource

        most = int(psutil.Process().memory_info().data + memory * limits.MB)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))


def main(name: str) -> None:
    """Read the file that the request in a folder names."""
    folder = Path(name)
    request = json.loads((folder / REQUEST).read_bytes())
    path = Path(request["path"])
    how: Read = resolve_name(request["how"])
    _limit(request["seconds"], request["memory"])
    gc.disable()  # it takes long when there are millions of cells, and the process ends soon
    try:
        try:
            _leave(how(path, Reading(**request["reading"])), folder)
        except MemoryError as error:
            raise _too_much(path) from error
    except UserError as error:
        _answer(folder, {"error": (type(error).__name__, error.message, _plain(error.values))})


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # giving back millions of cells one by one takes long
