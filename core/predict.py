"""Predictor: a trained model ready to answer, whatever its task.

This module does not know what the answers are (the tasks do), where a dataset comes from, how the model was trained, or who
looks at the figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core import bundled, models
from core.batches import Report
from core.data.dataset import Role, TextDataset
from core.errors import UserError
from core.results import Evaluation, Prediction
from core.tasks.base import Goal, Task
from core.tasks.table import task_for, task_of


@dataclass(frozen=True)
class Predictor:
    """A model with its task. labels: names in the order of its outputs; max_length: tokens it reads, special ones included."""

    name: str
    task: Task
    model: PreTrainedModel
    goal: Goal

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        return self.goal.tokenizer

    @property
    def labels(self) -> tuple[str, ...]:
        return self.goal.labels

    @property
    def max_length(self) -> int:
        return self.goal.max_length

    def reading(self, max_length: int) -> "Predictor":
        """The same predictor with inputs truncated at max_length tokens, as far as the model takes them."""
        return around(self.name, self.task, self.model, self.tokenizer, min(max_length, self.max_length))


def around(
    name: str, task: Task, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, max_length: int
) -> Predictor:
    """A loaded model as a Predictor. Raises UserError when its answers are not of the task's kind."""
    labels = task.goal.labels_of(name, model.config)
    return Predictor(name, task, model, task.goal(tokenizer, labels, max_length))


def choose_task(name: str, task: str = "", *, allow_path: bool = False) -> Task:
    """The task with this id, or that of a READY row, or the first whose head the model has.

    Raises UserError for a model without a head.
    """
    wanted = task or (bundled.READY[name].task if name in bundled.READY else "")
    row = task_of(wanted) if wanted else task_for(models.load_config(name, allow_path=allow_path))
    if row is None:
        raise models.no_head(name, allow_path=allow_path)
    return row


def load(name: str, task: str = "", *, allow_path: bool = False) -> Predictor:
    """The model `name` for a task, on the GPU when there is one.

    name: a run ("run:ID"), a model that comes with the studio or a hub id; with allow_path (the command line) also a run folder
    or a model folder. task: a TASKS id, by default that of a READY row, or else the first task whose head the model has. Raises
    UserError when there is no such model, or it has no trained head for the task.
    """
    row = choose_task(name, task, allow_path=allow_path)
    model = models.load(name, row.head, allow_path=allow_path)
    if torch.cuda.is_available():
        model.to("cuda")  # type: ignore[arg-type]
    tokenizer = models.load_tokenizer(name, allow_path=allow_path)
    return around(name, row, model, tokenizer, models.max_length(model.config))


def predict(
    predictor: Predictor, inputs: Mapping[str, Sequence[str]], *, report: Report | None = None
) -> tuple[Prediction, ...]:
    """The model's answer to each of N inputs, in the order given. inputs: role → N texts.

    report(done, total) is called as the work goes on; it may raise Cancelled. Raises UserError for an empty text.
    """
    refuse_empty(inputs, predictor.task.layout.inputs)
    return predictor.goal.predict(predictor.model, inputs, report)


def refuse_empty(inputs: Mapping[str, Sequence[str]], roles: Sequence[Role] = ()) -> None:
    """Raise UserError for a text with nothing in it, ValueError when the roles have not as many texts.

    roles: those of a layout, which may say in their own words that an input is empty.
    """
    own = {role.id: role.empty for role in roles if role.empty}
    if len({len(texts) for texts in inputs.values()}) > 1:
        raise ValueError(f"{ {role: len(texts) for role, texts in inputs.items()} } texts")
    for role, texts in inputs.items():
        for i, text in enumerate(texts):
            if text.strip():
                continue
            if len(texts) > 1:
                raise UserError("text {number} is empty; remove it or write something", number=i + 1)
            if role in own:
                raise UserError(own[role])
            if role == "pair":
                raise UserError("the second text is empty; this model was asked about a pair of texts")
            raise UserError("the text is empty; write something first")


def evaluate(
    predictor: Predictor, dataset: TextDataset, split: str = "test", *, report: Report | None = None
) -> Evaluation:
    """Measure a model on one split of a dataset.

    report(done, total) is called after each batch; it may raise Cancelled.
    Raises UserError when the split is empty or the labels of data and model do not match.
    """
    evaluation = predictor.goal.measure(
        predictor.model, dataset, split, report or (lambda done, total: None), live=False
    )
    if evaluation is None:
        raise UserError("'{name}' has no examples in its {split} split", name=dataset.id, split=split)
    return evaluation


def latency(predictor: Predictor, inputs: Mapping[str, str]) -> tuple[float, int]:
    """Milliseconds that one prediction takes, tokenising included, and how many were timed after one that warms up.

    The median of five, or of three when they take longer than half a second.
    """
    row = {role: [text] for role, text in inputs.items()}
    predict(predictor, row)
    times: list[float] = []
    while len(times) < 3 or (len(times) < 5 and sum(times) < 0.5):
        start = perf_counter()
        predict(predictor, row)
        times.append(perf_counter() - start)
    return 1000 * sorted(times)[len(times) // 2], len(times)
