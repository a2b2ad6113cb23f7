"""Tiny runs: trained here and now, listened to, and torn off as a kill does it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from transformers import PreTrainedModel

from core import models
from core.data.dataset import TextDataset
from core.data.load import load
from core.finetune.recipe import rank_by_loss
from core.finetune.train import train
from core.results import Event, RunConfig, RunReport
from core.tasks.base import Task, start
from core.tasks.table import task_of


class Listener:
    """Collects events and cancels when it is told to."""

    def __init__(self, stop: Callable[[Event], bool] | None = None) -> None:
        self.events: list[Event] = []
        self.stop = stop
        self.stopped = False

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self.stopped = self.stopped or (self.stop is not None and self.stop(event))

    def cancelled(self) -> bool:
        return self.stopped

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]


def run(config: RunConfig, folder: Path, listener: Listener | None = None) -> RunReport:
    listener = listener or Listener()
    return train(config, folder, listener, listener.cancelled)


def rows_of(config: RunConfig) -> TextDataset:
    """The dataset of a run, as it reads it."""
    return load(config.data, task_of(config.task).layout, allow_path=True)


def write_example(task: Task, folder: Path) -> Path:
    """The task's example as a file; JSON, because cells may be lists."""
    path = folder / "example.jsonl"
    task.example().frame.to_json(path, orient="records", lines=True, force_ascii=False)
    return path


def words_of(task: Task) -> list[str]:
    """Every text of the example, cell by cell."""
    cells = [cell for column in task.example().frame for cell in task.example().frame[column]]
    return [cell if isinstance(cell, str) else " ".join(map(str, cell)) for cell in cells]


def asked_of(task: Task, dataset: TextDataset) -> dict[str, list[str]]:
    """The texts of a split as a model of this task is asked about them: with a mask where it says what is masked."""
    inputs = dataset.texts(dataset.splits["train"])
    mask = "[MASK] " if "tokens" in task.gives else ""
    return {role: [mask + text for text in texts] for role, texts in inputs.items()}


def fresh(config: RunConfig, labels: tuple[str, ...]) -> PreTrainedModel:
    """The model that a run begins with."""
    tokenizer = models.load_tokenizer(config.model, allow_path=True)
    return start(task_of(config.task), config, labels, tokenizer)


def silent(done: int, total: int) -> None:
    """A report that nobody reads."""


def tear(step: int) -> Callable[[Event], bool]:
    def stop(event: Event) -> bool:
        if event.kind == "checkpoint" and event.step >= step:
            raise KeyboardInterrupt  # as a kill does, it leaves no time to put anything in order
        return False

    return stop


def best_by_loss(losses: Mapping[int, float], steps: int) -> int:
    """The step of the state that `rank_by_loss` ranks highest in a run of so many steps. losses: of its states by their step, in order."""
    before = dict(zip(losses, [None, *losses.values()], strict=False))
    return max(losses, key=lambda step: rank_by_loss(losses[step], before[step], step / steps))
