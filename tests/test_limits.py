"""core.limits: what one visitor may take, each limit once, and that it is theirs alone."""

from pathlib import Path

import pytest

from core import limits, runs
from core.data.load import load
from core.errors import UserError
from core.finetune import setup
from core.results import RunConfig, RunState
from core.tasks.table import task_of

ANA, BEN = "a" * 32, "b" * 32
CONFIG = RunConfig("minilm", "article-example", epochs=3.0, max_length=16)


def put(owner: str, status: str = "finished") -> runs.Run:
    run = runs.create(CONFIG, owner=owner)
    runs._set_state(run.folder, RunState(status, 1.0, finished=2.0))  # type: ignore[arg-type]
    return runs.get(run.id)


def test_many_at_once_are_refused_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    limits.check_waiting(ANA, 3)
    monkeypatch.setenv("STUDIO_MAX_QUEUED", "2")
    with pytest.raises(UserError, match="3 runs at once, and 2 of one visitor"):
        limits.check_waiting(ANA, 3)


def test_room_for_the_runs_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_RUNS_MB", "2")
    run = put(ANA)
    limits.check_disk(ANA)
    (run.folder / "model").mkdir()
    (run.folder / "model" / "weights").write_bytes(bytes(3 << 20))
    with pytest.raises(UserError, match="take 3 MB of the disk, and those of one visitor may take 2"):
        limits.check_disk(ANA)
    limits.check_disk(BEN)
    monkeypatch.setenv("STUDIO_RUNS_MB", "0")
    limits.check_disk(ANA)


def test_tokens_of_a_run_are_those_that_it_reads(tiny_classifier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = RunConfig(str(tiny_classifier), "article-example", epochs=3.0, max_length=16)
    dataset = load(config.data, task_of(config.task).layout)
    rows = setup.set_up(config, dataset).goal.rows(dataset, lambda done, total: None).features
    read = 3 * sum(len(row["input_ids"]) for row in rows)
    assert setup.tokens(config, dataset) == read
    limits.check_tokens(config, dataset)
    monkeypatch.setenv("STUDIO_MAX_TOKENS", str(read))
    limits.check_tokens(config, dataset)
    monkeypatch.setenv("STUDIO_MAX_TOKENS", str(read - 1))
    with pytest.raises(
        UserError, match=f"about {read} tokens, all epochs together, and one of a visitor may read {read - 1}"
    ):
        limits.check_tokens(config, dataset)
    monkeypatch.setenv("STUDIO_MAX_TOKENS", "0")
    limits.check_tokens(config, dataset)
