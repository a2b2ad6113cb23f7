"""The estimate in a process of its own: the figures come back, a mistake too, and a report that raises ends the process."""

import subprocess
from pathlib import Path

import pytest

from core.errors import Cancelled, UserError
from core.finetune import worker
from core.results import RunConfig

pytestmark = pytest.mark.training


def config(tiny_bert: Path, **values: object) -> RunConfig:
    return RunConfig(str(tiny_bert), "article-example", batch_size=2, max_length=16, **values)  # type: ignore[arg-type]


def test_the_figures_come_back_and_progress_is_reported(tiny_bert: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = worker.measure(config(tiny_bert, epochs=3.0), None, lambda done, total: seen.append((done, total)))
    assert found.steps == 6 and found.seconds > 0 and found.measured_steps >= 1
    assert seen and all(0 <= done <= total for done, total in seen)


def test_a_file_of_the_users_own(tiny_bert: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("text,label\n" + "".join(f"film {i},{i % 2}\n" for i in range(40)))
    assert worker.measure(config(tiny_bert), file, lambda done, total: None).steps > 0


def test_a_mistake_comes_back_as_it_was_written(tiny_bert: Path) -> None:
    with pytest.raises(UserError) as error:
        worker.measure(config(tiny_bert, epochs=0.0), None, lambda done, total: None)
    assert "{field} is {value}" in error.value.message and error.value.values["field"] == "epochs"


def test_cancelling_ends_the_process(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    make = subprocess.Popen

    def remember(*args: object, **options: object) -> subprocess.Popen[bytes]:
        started.append(make(*args, **options))  # type: ignore[call-overload]
        return started[-1]

    def cancel(done: int, total: int) -> None:
        raise Cancelled

    monkeypatch.setattr(subprocess, "Popen", remember)
    with pytest.raises(Cancelled):
        worker.measure(config(tiny_bert), None, cancel)
    assert started[0].poll() is not None, "it was ended, and leaves no zombie"
