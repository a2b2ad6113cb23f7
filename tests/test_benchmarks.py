"""The benchmark of few rows: that its data is what it says, and its summary counts rightly."""

import random
from pathlib import Path

import pytest

from benchmarks import kills, small
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.tasks.table import TASKS

ONE_OF_EACH = {
    data.make: data for data in reversed(small.DATA) if data.make is not small.reviews
}.values()  # slow to read


@pytest.mark.parametrize("data", ONE_OF_EACH, ids=lambda data: str(data.name))
def test_the_benchmark_has_rows_enough_and_wrong_labels_in_training_alone(data: small.Small, tmp_path: Path) -> None:
    file, true = tmp_path / "rows.csv", dict(data.make(random.Random(0)))
    small.write(data, file, seed=0)
    dataset = load(str(file), LAYOUTS["text-label"], allow_path=True)
    assert 60 <= data.rows <= 2000 and 2 <= len(dataset.label_names) <= 20
    assert len(dataset.splits["train"]) + len(dataset.splits["validation"]) == data.rows, "no text twice"
    assert len(dataset.splits["test"]) >= 100
    wrong = {
        split: sum(
            true.get(text, dataset.label_names[label]) != dataset.label_names[label]
            for text, label in zip(rows["text"], rows["label"], strict=True)
        )
        for split, rows in dataset.splits.items()
    }
    assert wrong["test"] == 0 and bool(wrong["train"]) == bool(data.noise)


def test_the_benchmark_sums_up_over_its_seeds() -> None:
    """The best of the grid is the pair with the best mean, not the mean of each seed's best."""
    told = [("ours", 0.8, 0.9), ("tfidf", 0.7, 0.6), ("grid 5 × 0.0001", 0.9, 0.7), ("grid 10 × 0.0001", 0.84, 0.88)]
    lines: list[dict[str, object]] = [
        {"data": "films", "contender": name, "seed": seed, "accuracy": value}
        for name, *values in told
        for seed, value in enumerate(values)
    ]
    found = small.summary(lines)
    assert found["accuracy"] == {"films": {"ours": 0.85, "tfidf": 0.65, "grid 10 × 0.0001": 0.86}}
    assert (found["least_over_tfidf"], found["mean_over_tfidf"], found["most_below_grid"]) == (0.2, 0.2, 0.01)


@pytest.mark.training
def test_runs_survive_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The short form of benchmarks.kills: a task for each kind of answer, killed once; every second one inside a save."""
    monkeypatch.setattr(kills, "EPOCHS", 6.0)
    monkeypatch.setattr(kills, "WAYS", {"a command": 1})
    tasks = list({task.gives: task for task in TASKS.values()}.values())
    trials = list(kills.trials(tasks, tmp_path, kills=len(tasks)))
    assert [trial.task for trial in trials][: len(tasks)] == tasks
    assert sum(len(trial.kills) for trial in trials) == len(
        tasks
    )  # a run that had finished before its kill is made up for
    assert not [fault for trial in trials for fault in trial.faults]
    assert sum(bool(kill.amid) for trial in trials for kill in trial.kills) >= len(tasks) // 2
