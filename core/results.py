"""The frozen results that travel between core and the pages.

Shape letters: B batch, T tokens, L layers, H heads, D hidden size, C classes, N examples. This module holds no
behaviour beyond what a result can say about itself, and does not know how it is computed or shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log
from typing import Literal

import numpy as np

TokenKind = Literal["special", "word", "continuation", "unknown", "padding"]


@dataclass(frozen=True)
class Token:
    """One position of the model's input.

    start, end: character offsets into the text it comes from (None for special and padding tokens).
    source: 0 the text, 1 the pair, None for special and padding tokens.
    word: index of the pre-token it belongs to, counted within its source; None for special and padding tokens.
    segment: token_type_id (0 where the model family has none); position: position id; attended: the attention mask.
    """

    text: str
    id: int
    kind: TokenKind
    start: int | None
    end: int | None
    source: int | None
    word: int | None
    segment: int
    position: int
    attended: bool


@dataclass(frozen=True)
class Tokens:
    """What a tokenizer makes of a text (and a pair).

    cut, cut_pair: the end of each text that did not fit into max_length ("" when all of it did).
    words: white-space separated words in what was given, before cutting.
    """

    model: str
    text: str
    pair: str
    tokens: tuple[Token, ...]
    max_length: int
    cut: str
    cut_pair: str
    words: int

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(token.id for token in self.tokens)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(token.text for token in self.tokens)

    @property
    def unknown(self) -> int:
        """How many tokens stand for something the vocabulary does not have."""
        return sum(token.kind == "unknown" for token in self.tokens)

    @property
    def pair_start(self) -> int | None:
        """Index of the pair's first token, or None without a pair."""
        return next((i for i, token in enumerate(self.tokens) if token.source == 1), None)


@dataclass(frozen=True)
class AttentionMaps:
    """Attention weights of one input.

    weights: float32, shape (len(layers), H, T, T); [layer, head, from, to]; each row sums to 1.
    layers: the layer (counted from 0) of each map in `weights`; all of them, or the one that was asked for.
    """

    tokens: Tokens
    weights: np.ndarray
    layers: tuple[int, ...]


@dataclass(frozen=True)
class Dropped:
    """Rows a loader left out: the reason (a template marked for translation), how many, and up to three examples."""

    reason: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataReport:
    """What reading a dataset found.

    counts: split name → rows kept. label_counts: label name → rows kept, over all splits. rare: labels with fewer than
    ten rows. cut_cells: cells longer than the limit, cut. encoding, delimiter: what was detected ("" when not a text file).
    columns: the file's columns. notes: further remarks, each a (template marked for translation, values).
    """

    rows: int
    dropped: tuple[Dropped, ...]
    counts: Mapping[str, int]
    label_counts: Mapping[str, int]
    rare: tuple[str, ...] = ()
    cut_cells: int = 0
    encoding: str = ""
    delimiter: str = ""
    columns: tuple[str, ...] = ()
    notes: tuple[tuple[str, Mapping[str, object]], ...] = ()


@dataclass(frozen=True)
class Interval:
    """A measured value with its 95 % confidence interval, all as shares between 0 and 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassScore:
    """Precision, recall and F1 of one class; support is its number of true examples."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Mistake:
    """One wrongly classified example: its text(s), true and predicted label, and how sure the model was (0–1)."""

    text: str
    pair: str
    true: str
    predicted: str
    confidence: float


@dataclass(frozen=True)
class Evaluation:
    """A classifier measured on n examples.

    confusion: C × C counts, rows true, columns predicted, in the order of `labels`. ece: expected calibration error
    (Guo et al. 2017, 15 equal-width bins of the top probability). reliability: per non-empty bin (mean confidence,
    accuracy, count). majority: accuracy of always answering the most frequent class. mistakes: most confident first.
    """

    n: int
    labels: tuple[str, ...]
    accuracy: Interval
    macro_f1: Interval
    loss: float
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    ece: float
    reliability: tuple[tuple[float, float, int], ...]
    majority: float
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True)
class Likely:
    """One word (or piece of a word) that could stand at a masked place, and its probability."""

    token: str
    probability: float


@dataclass(frozen=True)
class Probe:
    """A sentence with one masked word, and what a model would put there, likeliest first."""

    text: str
    top: tuple[Likely, ...]


@dataclass(frozen=True)
class MaskedEvaluation:
    """A masked language model measured on n masked tokens of texts its run did not train on, the masks always the same.

    top1, top5: share of masked tokens that are the likeliest, or among the five likeliest, with an interval that takes
    tokens as independent. loss: mean of −ln p(token), in nats. blocks: inputs that were read. vocabulary: its entries.
    """

    n: int
    blocks: int
    top1: Interval
    top5: Interval
    loss: float
    vocabulary: int
    probes: tuple[Probe, ...] = ()

    @property
    def perplexity(self) -> float:
        """exp(loss): among how many equally likely tokens the model hesitates."""
        return exp(min(self.loss, 700.0))

    @property
    def uniform_loss(self) -> float:
        """ln V: the loss of a model that takes every entry of its vocabulary for equally likely."""
        return log(self.vocabulary)


@dataclass(frozen=True)
class Prediction:
    """What a classifier says of one text: the probability of each label (sums to 1), and the best of them."""

    text: str
    pair: str
    label: str
    probability: float
    probabilities: Mapping[str, float]
    cut: bool


@dataclass(frozen=True)
class WordScore:
    """The attribution of one word: its text, its place in the source text (0 text, 1 pair), its score."""

    text: str
    source: int
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Attribution:
    """How much each original word moved the score of `label`.

    method: a METHODS id of core.explain. Scores are in units of the label's probability or logit as the method
    says; completeness_error = |sum of all attributions (special tokens included) − (score of input − score of baseline)|,
    None for a method that does not promise completeness.
    """

    method: str
    label: str
    words: tuple[WordScore, ...]
    special: float
    total: float
    expected: float | None
    completeness_error: float | None


@dataclass(frozen=True)
class Movement:
    """How far one group of parameters moved in training: ‖after − before‖ / ‖before‖, and the share of values that changed at all."""

    group: str
    parameters: int
    relative: float
    changed: float


@dataclass(frozen=True)
class Event:
    """One line of events.jsonl. kind: start, step, evaluation, checkpoint, stage or end; time: seconds since the epoch.

    values hold what the kind carries: step → loss, learning_rate, examples_per_second, tokens_per_second, eta_seconds;
    evaluation → accuracy, macro_f1, loss, n, seconds, worst (list of {text, pair, true, predicted, confidence, loss}); of a
    masked language model accuracy (top 1), top5, loss, perplexity, uniform_loss, n (masked tokens), seconds, probes (list of
    {text, top: list of {token, probability}}), the first at step 0. Its start also has uniform_loss.
    """

    time: float
    kind: str
    step: int
    total_steps: int
    epoch: float
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Estimate:
    """What a run will probably cost, from a few real steps: seconds of training alone, peak memory in MB, steps, examples/s."""

    seconds: float
    peak_memory_mb: float
    steps: int
    examples_per_second: float
    measured_steps: int


@dataclass(frozen=True)
class RunConfig:
    """What a training run was asked to do; with its data it is enough to repeat the run.

    model: a MODELS id, a hub id, "run:ID", "scratch" (a new, tiny one) or (command line only) a folder. data: a DATASETS id, a hub id or a file
    inside the run folder ("data/…"). method: full trains every parameter; frozen keeps the embeddings and the lowest
    `frozen_layers` layers; head trains the classifier only; lora trains low-rank updates, merged at the end.
    warmup: share of the steps. limit: most training rows, 0 for all. evaluations: how often each epoch is evaluated
    and checkpointed. seed: of shuffling, dropout and the new head.
    """

    model: str
    data: str
    task: str = "text-classification"
    text_column: str = ""
    pair_column: str = ""
    label_column: str = ""
    name: str = ""
    preset: str = "balanced"
    method: Literal["full", "frozen", "head", "lora"] = "full"
    frozen_layers: int = 0
    lora_rank: int = 8
    epochs: float = 2.0
    batch_size: int = 32
    learning_rate: float = 1e-4
    warmup: float = 0.1
    weight_decay: float = 0.01
    max_length: int = 128
    limit: int = 0
    class_weights: bool = False
    evaluations: int = 2
    seed: int = 0


Status = Literal["queued", "running", "finished", "failed", "cancelled", "interrupted"]


@dataclass(frozen=True)
class RunState:
    """Where a run is. Times are seconds since the epoch, None until they happen.

    error, error_values: the message template and values of the UserError that ended a failed run ("" otherwise; any other
    failure leaves its traceback in log.txt and a general message here). "interrupted" is never written: it is what a
    queued or running state reads as when no process holds the run's lock.
    """

    status: Status
    created: float
    started: float | None = None
    finished: float | None = None
    error: str = ""
    error_values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunReport:
    """report.json: the result of a run.

    test, validation: the trained model on each split (None where the data has none). baseline: the same model on the
    test split before any training (new, random head). seconds: training alone, evaluations and checkpoints left out.
    best_step: the step whose weights are in model/. cut_share: share of training texts longer than max_length, which lost their end
    there (0 for a masked language model, for which they go on in the next block).
    environment: versions, processor, threads, precision. data: what the loader reported. masked: of a masked language
    model its evaluations instead, under the same names.
    """

    test: Evaluation | None
    validation: Evaluation | None
    baseline: Evaluation | None
    movement: tuple[Movement, ...]
    seconds: float
    examples_per_second: float
    tokens_per_second: float
    peak_memory_mb: float
    steps: int
    best_step: int
    cut_share: float
    environment: Mapping[str, str]
    data: DataReport
    masked: Mapping[str, MaskedEvaluation] = field(default_factory=dict)
