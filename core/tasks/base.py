"""What a task is: a row of facts about it, and a Goal that learns, measures and answers.

This module does not know which tasks there are (core.tasks.table does), how training proceeds, where the data comes from,
nor who looks at the figures.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import pandas as pd
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from core import models
from core.batches import Report
from core.data.dataset import TextDataset
from core.data.layouts import Layout
from core.errors import N_, Note, UserError
from core.results import Evaluation, Prediction, RunConfig
from core.tables.table import Table

Lines = Sequence[Sequence[str]]  # a table: its header, then its rows

LIVE_ROWS = 2000  # most rows that are measured while training runs, and of a new head before it
TELLING = 3  # examples of a label: that of fewer none was found says little

Detail = TypeVar("Detail")


@dataclass(frozen=True)
class Card:
    """What a model card says of a task's models.

    answer: a str.format template of n and labels; use: a runnable example; facts: the numbers of Evaluation.detail that the
    card lists beside the metrics, and what it calls them.
    """

    what: str
    how: str
    answer: str
    use: str
    facts: Mapping[str, str] = field(default_factory=dict)


def no_table(evaluation: Evaluation) -> Lines:
    """Of an evaluation with nothing to show besides its metrics."""
    return ()


@dataclass(frozen=True)
class Confused:
    """Two labels that are taken for each other: how often, of how many mistakes between how many labels. rows: such mistakes, the surest first."""

    pair: tuple[str, str]
    count: int
    mistakes: int
    labels: int
    rows: tuple[Mapping[str, str], ...]


def no_labels(evaluation: Evaluation) -> tuple[str, ...]:
    """Of an evaluation without labels."""
    return ()


def no_confusion(evaluation: Evaluation) -> Confused | None:
    """Of an evaluation in which no label can be taken for another."""
    return None


@dataclass(frozen=True)
class Beside:
    """A simple way to answer, which a trained model is compared with on the same rows.

    id: in RunReport.evaluations; title: a noun, help: how it answers. measure(config, dataset, split): what it reaches, None where it cannot be had.
    """

    id: str
    title: str
    help: str
    measure: Callable[[RunConfig, TextDataset, str], Evaluation | None]


@dataclass(frozen=True)
class Task:
    """One kind of training.

    layout: what the rows look like. head: a HEADS id. goal: how it is learnt, measured and answered. metrics: METRICS ids, the
    headline first; best: those that choose the checkpoint, in order (the loss alone, where it is one of them and few rows are measured). gives: the kinds of answer (label, labels, score, tags,
    spans, tokens, text), which decide what can be done with such a model. counts: templates of n, what an evaluation counts, for one and for several.
    detail: the dataclass behind Evaluation.detail. supervised: whether the rows bring the answers. scratch: advised values for
    a new, tiny model, None where the task cannot start from one. class_weights: whether rare labels can be made to count more.
    windowed: whether a long text is read in overlapping windows or goes on in another block; otherwise its end is cut.
    advised: values of RunConfig that suit the task where a preset does not know better. rate: how many times a preset's learning rate
    suits it. pipeline: transformers' pipeline and
    the hub's tag, "" where there is none. table: what the command line and the model card show of an evaluation besides its
    metrics. example: a dozen rows, for the tests and for a first try. word_counts(task, dataset, split): what counting words reaches
    with the same rows, which a model must beat; None for tasks whose rows have no labels or scores. counted_by: the name of that way.
    beside: other simple ways that are measured on the same rows. loss_title: what the loss is. never_found(evaluation): labels that
    occur and were never answered rightly. confused(evaluation): the two labels that are taken for each other most.
    """

    id: str
    title: str
    help: str
    layout: Layout
    head: str
    goal: type["Goal"]
    metrics: tuple[str, ...]
    best: tuple[str, ...]
    gives: frozenset[str]
    counts: tuple[str, str]
    detail: type
    card: Card
    example: Callable[[], Table]
    supervised: bool = True
    scratch: Mapping[str, Any] | None = None
    class_weights: bool = False
    windowed: bool = False
    advised: Mapping[str, Any] = field(default_factory=dict)
    rate: float = 1.0
    pipeline: str = ""
    table: Callable[[Evaluation], Lines] = no_table
    word_counts: Callable[[str, TextDataset, str], Evaluation | None] | None = None
    counted_by: str = N_("TF-IDF with logistic regression")
    beside: tuple[Beside, ...] = ()
    loss_title: str = N_("Cross-entropy loss (nats)")
    never_found: Callable[[Evaluation], tuple[str, ...]] = no_labels
    confused: Callable[[Evaluation], Confused | None] = no_confusion

    @property
    def inputs(self) -> tuple[str, ...]:
        """The roles of the texts that the model reads, in its order."""
        return self.layout.input_ids


@dataclass(frozen=True)
class Rows:
    """Tokenised training rows: features (one dict per row, with "input_ids") and whether each was truncated, (N,)."""

    features: list[dict[str, Any]]
    truncated: np.ndarray

    @property
    def lengths(self) -> list[int]:
        return [len(row["input_ids"]) for row in self.features]


class Goal(ABC):
    """How one task is learnt, measured and answered, with one tokenizer and one set of labels.

    max_length: tokens that an input may have. batch_size: rows of a training batch. seed: of what is drawn. bf16: whether
    training computes in bfloat16.
    """

    task: ClassVar[str]
    known_before: ClassVar[bool] = (
        False  # whether the model knows the task before training, so that curves begin at step 0
    )

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        labels: tuple[str, ...],
        max_length: int,
        *,
        batch_size: int = 32,
        seed: int = 0,
        bf16: bool = False,
    ) -> None:
        self.tokenizer = tokenizer
        self.labels = labels
        self.max_length = max_length
        self.batch_size = batch_size
        self.seed = seed
        self.bf16 = bf16

    @staticmethod
    def labels_of(name: str, config: PretrainedConfig) -> tuple[str, ...]:
        """The labels that a trained model answers with. Raises UserError when its answers are of another kind."""
        return models.labels(config)

    # --- Learning ---

    @staticmethod
    def adapted(tokenizer: PreTrainedTokenizerBase, dataset: TextDataset) -> PreTrainedTokenizerBase:
        """The tokenizer that a run over this data begins with, made of its model's. By default the model's own."""
        return tokenizer

    @staticmethod
    def fit(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, seed: int) -> PreTrainedModel:
        """The model that a run begins with, made to fit the run's tokenizer. By default as it is."""
        return model

    @staticmethod
    def write_scratch(folder: Path, texts: Sequence[str], seed: int, report: Report) -> None:
        """Write the tiny new model that a run from scratch begins with. Raises UserError when the task cannot begin so."""
        raise UserError("a model from scratch knows nothing yet; this task needs a trained one")

    @abstractmethod
    def rows(self, dataset: TextDataset, report: Report, chosen: np.ndarray | None = None) -> Rows:
        """The training rows (or those chosen) as the model reads them. report(done, total) may raise Cancelled."""

    @abstractmethod
    def collate(self, features: Sequence[Mapping[str, Any]], epoch: int) -> dict[str, Any]:
        """A batch with what the loss needs; the same rows give the same batch in the same epoch."""

    @abstractmethod
    def loss(self, model: nn.Module, batch: Mapping[str, Tensor], weights: Tensor | None = None) -> Tensor:
        """The loss of a batch, a scalar in float32. weights: of the classes, (C), for tasks that know class weights."""

    def begin(self, model: PreTrainedModel, rows: Rows) -> None:  # noqa: B027 — most goals need nothing
        """Put into a fresh model what it needs to learn these rows well. By default nothing."""

    def finish(self, model: PreTrainedModel) -> None:  # noqa: B027 — as begin
        """Make an ordinary model again of one that `begin` changed; its answers stay the same. By default nothing."""

    def notes(self) -> tuple[Note, ...]:
        """What should be known of how the training rows are read, once they are. By default nothing."""
        return ()

    def weights(self, rows: Rows) -> Tensor:
        """Class weights, (C) in float32, that make rare labels count as much as frequent ones."""
        raise UserError("the task '{task}' knows no class weights", task=self.task)

    def levels(self, model: PreTrainedModel) -> Mapping[str, float]:
        """Levels that the curves are compared with, by name."""
        return {}

    def chosen(self, validation: Evaluation | None) -> Mapping[str, object]:
        """What a trained model's configuration has to hold besides, because it was chosen on the validation rows.

        validation: what was measured on them with its weights, None where there are none.
        """
        return {}

    # --- Measuring ---

    @abstractmethod
    def measure(
        self,
        model: PreTrainedModel,
        dataset: TextDataset,
        split: str,
        report: Report,
        *,
        live: bool,
        autocast: bool = False,
    ) -> Evaluation | None:
        """The model on a split, in evaluation mode; None where the data has no such rows.

        live: on a sample, which is always the same. autocast: in bfloat16, otherwise in the model's own precision.
        report(done, total) may raise Cancelled. Raises UserError when the model's answers are not finite.
        """

    def asked_first(self, rows: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """What a new model is asked first, made of some rows of its data, role → texts: the first of them."""
        return {role: texts[0] for role, texts in rows.items()}

    def samples(self, evaluation: Evaluation) -> list[Mapping[str, object]]:
        """The examples that an "evaluation" event shows, as JSON."""
        return []

    # --- Answering ---

    def log_odds(self, logits: Tensor, index: int) -> Tensor:
        """log p − log (1 − p) of a label, (B,), from logits (B, C): here of one label out of several, by softmax."""
        others = [i for i in range(logits.shape[1]) if i != index]
        return logits[:, index] - logits[:, others].logsumexp(dim=-1)

    @abstractmethod
    def predict(
        self, model: PreTrainedModel, inputs: Mapping[str, Sequence[str]], report: Report | None = None
    ) -> tuple[Prediction, ...]:
        """The model's answer to each of N inputs (role → N texts), in the order given. report(done, N) may raise Cancelled."""

    @abstractmethod
    def frame(self, predictions: Sequence[Prediction]) -> pd.DataFrame:
        """Predictions as a table, a row each: the inputs by role, then the answer."""


def start(
    task: Task,
    config: RunConfig,
    labels: tuple[str, ...],
    tokenizer: PreTrainedTokenizerBase,
    attention: models.Attention = "eager",
) -> PreTrainedModel:
    """The model before training; what its checkpoint lacks depends on the seed only. tokenizer: of the run.

    Raises UserError when the model has no head for the task and none can be made.
    """
    model = models.load(
        config.model, task.head, labels=labels, seed=config.seed, attention=attention, allow_path=is_path(config.model)
    )
    return task.goal.fit(model, tokenizer, config.seed).requires_grad_(True)


def is_path(name: str) -> bool:
    """Whether a configuration names a folder: only the command line writes absolute paths."""
    return Path(name).is_absolute()


def sample(n: int, most: int, seed: int) -> np.ndarray:
    """At most `most` of n row numbers, in order; all of them when there are no more."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def each(right: Sequence[bool] | np.ndarray) -> str:
    """Whether each row was answered rightly, as `Evaluation.right`."""
    return "".join("01"[bool(one)] for one in right)


def digest(columns: Mapping[str, Sequence[str]], truth: Sequence[object]) -> str:
    """What tells the rows of an evaluation, with what is true of them, from other rows: `Evaluation.rows`."""
    texts = {role: list(values) for role, values in columns.items()}
    content = json.dumps([texts, list(map(str, truth))], sort_keys=True, ensure_ascii=False)
    return sha256(content.encode(errors="surrogatepass")).hexdigest()[:32]


def as_json(detail: object) -> Mapping[str, object]:
    """A detail dataclass as the JSON that Evaluation.detail holds."""
    content: Mapping[str, object] = TypeAdapter(type(detail)).dump_python(detail, mode="json")
    return content


def read_detail(kind: type[Detail], evaluation: Evaluation) -> Detail:
    """What a task knows of an evaluation besides its metrics, as the task's own dataclass."""
    return TypeAdapter(kind).validate_python(evaluation.detail)


def numbers(evaluation: Evaluation) -> dict[str, int | float]:
    """The plain numbers among what a task knows of an evaluation besides its metrics, by name."""
    return {
        name: value
        for name, value in evaluation.detail.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def check_finite(values: Tensor | np.ndarray) -> None:
    """Raise UserError when a model answers with values that are not numbers."""
    finite = torch.isfinite(values).all() if isinstance(values, Tensor) else np.isfinite(values).all()
    if not bool(finite):
        raise UserError(
            "the model answers with values that are not numbers: its training went astray; train again with a lower learning rate"
        )


def input_columns(predictions: Sequence[Prediction]) -> dict[str, list[object]]:
    """The inputs of predictions by role, for a table; a role that is empty throughout is left out."""
    roles = list(predictions[0].inputs) if predictions else ["text"]
    columns: dict[str, list[object]] = {role: [row.inputs.get(role, "") for row in predictions] for role in roles}
    return {role: values for role, values in columns.items() if role == roles[0] or any(values)}
