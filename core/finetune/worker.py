"""The estimate of a run in a process of its own, so that a server never trains in its own process and can end it at any time.

`python -m core.finetune.worker FILE` reads what is to be estimated from a JSON file, and writes how far it is and what came out
as lines of JSON. This module does not know how anything is estimated.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import TypeAdapter

from core.errors import UserError
from core.results import Estimate, RunConfig

ROOT = Path(__file__).parent.parent.parent
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Line:
    """One line that the process writes: how far it is, the estimate, or what is wrong (a template of UserError and its values)."""

    done: int = 0
    total: int = 1
    estimate: Estimate | None = None
    error: str = ""
    values: Mapping[str, int | float | str] = field(default_factory=dict)


def measure(config: RunConfig, file: Path | None, report: Callable[[int, int], None]) -> Estimate:
    """What a run will cost here, measured by a process that ends when `report` raises.

    file: the data where config.data is no dataset's name. Raises UserError when the configuration cannot be used or the process
    is ended from outside.
    """
    with TemporaryDirectory() as folder:
        task, log = Path(folder) / "config.json", Path(folder) / "lines.jsonl"
        asked = replace(config, data=str(file.resolve())) if file else config
        task.write_bytes(TypeAdapter(RunConfig).dump_json(asked))
        with log.open("wb") as lines:
            process = subprocess.Popen(
                [sys.executable, "-m", "core.finetune.worker", str(task)],
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=subprocess.DEVNULL,
            )
            try:
                while process.poll() is None:
                    last = _last(log)
                    report(last.done, last.total)
                    time.sleep(POLL_SECONDS)
            finally:
                process.kill()
                process.wait()
        last = _last(log)
    if last.error:
        raise UserError(last.error, **last.values)
    if last.estimate is None:
        raise UserError(
            "the estimate was ended by the system, which often means that memory ran out; choose a smaller batch"
        )
    return last.estimate


def _last(log: Path) -> Line:
    """The newest complete line."""
    complete = [line for line in log.read_bytes().split(b"\n")[:-1] if line.startswith(b"{")]
    return TypeAdapter(Line).validate_json(complete[-1]) if complete else Line()


def _tell(line: Line) -> None:
    sys.stdout.write(TypeAdapter(Line).dump_json(line).decode() + "\n")
    sys.stdout.flush()


def main(file: str) -> None:
    """Estimate the configuration in a JSON file."""
    from core.finetune.estimate import (
        estimate,
    )  # here, because a page that asks for an estimate must not load the Trainer
    from core.finetune.setup import load_data

    config = TypeAdapter(RunConfig).validate_json(Path(file).read_bytes())
    try:
        found = estimate(
            config, load_data(config, Path(file).parent), report=lambda done, total: _tell(Line(done, total))
        )
    except UserError as error:
        _tell(
            Line(
                error=error.message,
                values={
                    name: value if isinstance(value, int | float) else str(value)
                    for name, value in error.values.items()
                },
            )
        )
        return
    _tell(Line(1, 1, found))


if __name__ == "__main__":
    main(sys.argv[1])
