"""What a run is made of before its first step: the task, its data and its goal, checked.

This module does not know how training proceeds.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel

from core import models
from core.data.dataset import TextDataset
from core.data.load import load
from core.errors import UserError
from core.families import HEADS
from core.finetune import machine
from core.finetune.recipe import HEAD_ALONE, METHODS, PARAMETERS
from core.results import RunConfig
from core.tasks import base
from core.tasks.base import Goal, Task
from core.tasks.table import TASKS, task_of

MEASURED_ROWS = 1000


@dataclass(frozen=True)
class Setup:
    """A run's configuration with its task, its rows and the goal that reads them."""

    config: RunConfig
    task: Task
    dataset: TextDataset
    goal: Goal

    def start(self, attention: models.Attention = "eager") -> PreTrainedModel:
        """The model before training; what its checkpoint lacks depends on the seed only."""
        return base.start(self.task, self.config, self.dataset.label_names, self.goal.tokenizer, attention)


def set_up(config: RunConfig, dataset: TextDataset) -> Setup:
    """The goal of a run, with the tokenizer of the model that it starts from, made fit for the data."""
    task = task_of(config.task)
    tokenizer = models.load_tokenizer(config.model, allow_path=base.is_path(config.model))
    tokenizer = task.goal.adapted(tokenizer, dataset)
    goal = task.goal(
        tokenizer,
        dataset.label_names,
        min(config.max_length, tokenizer.model_max_length),
        batch_size=config.batch_size,
        seed=config.seed,
        bf16=machine.bfloat16_pays(machine.device()),
    )
    return Setup(config, task, dataset, goal)


def tokens(config: RunConfig, dataset: TextDataset) -> int:
    """About how many tokens a run reads in training, all epochs together, seen on a sample of its rows.

    A model from scratch makes its own vocabulary; the default model's stands for it.
    """
    known = replace(config, model=next(iter(models.MODELS))) if config.model == models.SCRATCH else config
    rows_in_all = len(dataset.splits["train"])
    n = min(rows_in_all, config.limit or rows_in_all)
    chosen = base.sample(rows_in_all, MEASURED_ROWS, config.seed)
    rows = set_up(known, dataset).goal.rows(dataset, lambda done, total: None, chosen)
    return round(sum(len(row["input_ids"]) for row in rows.features) / len(chosen) * n * config.epochs)


def load_data(config: RunConfig, folder: Path) -> TextDataset:
    """The configuration's dataset; "data/…" is a file inside the run folder."""
    inside = config.data.startswith("data/")
    return load(
        str(folder / config.data) if inside else config.data,
        task_of(config.task).layout,
        dict(config.columns),
        reading=config.reading,
        preparation=config.preparation,
        limit=config.limit,
        allow_path=inside or base.is_path(config.data),
    )


def write_scratch(config: RunConfig, dataset: TextDataset, folder: Path, report: Callable[[int, int], None]) -> None:
    """The tiny new model that a run from scratch starts from, written to a folder."""
    task_of(config.task).goal.write_scratch(folder, list(dataset.splits["train"]["text"]), config.seed, report)


def advised(task: str, model: str) -> dict[str, Any]:
    """Values of RunConfig for a run of some minutes on two processor cores, with a curve to watch."""
    row = task_of(task)
    return dict(row.scratch if model == models.SCRATCH and row.scratch is not None else row.advised)


def check(config: RunConfig) -> None:
    """Raise UserError when a value of the configuration cannot be used."""
    task = task_of(config.task)
    if config.method not in METHODS:
        raise UserError(
            "there is no method '{method}'; choose from {methods}", method=config.method, methods=", ".join(METHODS)
        )
    if config.model == models.SCRATCH and task.scratch is None:
        raise UserError(
            "a model from scratch knows nothing yet; train it on one of these tasks first: {tasks}",
            tasks=", ".join(row.id for row in TASKS.values() if row.scratch is not None),
        )
    if config.method == HEAD_ALONE and HEADS[task.head].bare:
        raise UserError(
            "the task '{task}' has no head that could be trained alone: the encoder's own vectors are the answer; choose one of {methods}",
            task=config.task,
            methods=", ".join(name for name in METHODS if name != HEAD_ALONE),
        )
    if config.class_weights and not task.class_weights:
        raise UserError("the task '{task}' knows no class weights; leave them out", task=config.task)
    values = asdict(config)
    for row in PARAMETERS.values():
        value = values[row.field]
        if not row.minimum <= value <= row.maximum:
            raise UserError(
                "{field} is {value}; it must be between {minimum} and {maximum}",
                field=row.field,
                value=value,
                minimum=f"{row.minimum:g}",
                maximum=f"{row.maximum:g}",
            )
