"""The frozen results that travel between core and the pages.

Shape letters: B batch, T tokens, L layers, H heads, D hidden size, C classes, N examples. This module holds no
behaviour beyond what a result can say about itself, and does not know how it is computed or shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

WORD_COUNTS = "tfidf"  # in RunReport.evaluations
JOINED = "+"  # between the names of columns whose texts are read as one

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
    def of_text(self) -> tuple[int, ...]:
        """Positions of the tokens that are neither special nor padding."""
        return tuple(i for i, token in enumerate(self.tokens) if token.kind not in ("special", "padding"))

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
class Reading:
    """How a person says that a file is to be read; what is left empty is found out.

    header: whether the first row holds the column names; columns without names are called "column 1", "column 2", and so on.
    encoding: a Python codec.
    """

    header: bool | None = None
    encoding: str = ""
    delimiter: str = ""


@dataclass(frozen=True)
class Preparation:
    """What a person says is to be made of the rows that were read; what is left as it is here is found out, or stays as it was read.

    labels: (label, its new name) pairs, which merge labels where they give several the same name; "" leaves a label out. split: the
    column that says which rows are for training, validation and test, "" for none: rows are held back by chance; None to find
    it out. separator: between the texts of columns that are read as one.
    """

    labels: tuple[tuple[str, str], ...] = ()
    split: str | None = None
    separator: str = " "


AS_READ = Preparation()


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
    header: where the column names come from ("first row", "none", "named"). columns: the source's columns; used: role → the one
    that was taken, several joined by "+". unreadable: where the rows begin that fit no column. notes: further remarks, each a
    (template marked for translation, values). shared: the splits that hold the training rows themselves, because there were
    too few to hold any back. more_texts: columns that hold texts as well and are not read. tagged: the rows look like words
    with a tag each. asks: they look like questions with passages and answers. several: what was read as one label looks like several in one cell. renamed: label as it was read → its new name, "" for one that was left out. separator: between the texts of
    columns that are read as one. split: the column that says which rows are for training, validation and test, "" for none.
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
    shared: tuple[str, ...] = ()
    header: str = ""
    used: Mapping[str, str] = field(default_factory=dict)
    unreadable: tuple[int, ...] = ()
    more_texts: tuple[str, ...] = ()
    tagged: bool = False
    asks: bool = False
    several: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)
    separator: str = " "
    split: str = ""

    @property
    def unused(self) -> tuple[str, ...]:
        """The source's columns that no role took, and that do not part the rows."""
        taken = {
            part
            for column in self.used.values()
            for part in ([column] if column in self.columns else column.split(JOINED))
        }
        return tuple(column for column in self.columns if column not in {*taken, self.split})

    @property
    def rather(self) -> Literal["tags", "labels", "answers", ""]:
        """The kind of answers (of a Role) that the rows look as if they had, where they were read as having another; "" otherwise."""
        return "tags" if self.tagged else "answers" if self.asks else "labels" if self.several else ""

    @property
    def left_out(self) -> int:
        """How many rows were left out."""
        return sum(entry.count for entry in self.dropped)


@dataclass(frozen=True)
class Measure:
    """A measured value, with the bounds of its 95% confidence interval where they are known."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """The interval; the value itself, twice, where none is known."""
        return (self.value if self.low is None else self.low, self.value if self.high is None else self.high)


@dataclass(frozen=True)
class Evaluation:
    """A model measured on n examples.

    task: a TASKS id. n: what was counted (TASKS[task].counts says what that is). metrics: METRICS id → value, exactly those of
    the task. detail: what the task knows besides, as JSON; `core.tasks.base.read_detail` reads it. right: "1" for each row that was
    answered wholly right, "0" for each other, in their order; rows: a digest of these rows with what is true of them. Both are ""
    where a task has no such answers, or an earlier version measured.
    """

    task: str
    n: int
    metrics: Mapping[str, Measure]
    detail: Mapping[str, object] = field(default_factory=dict)
    right: str = ""
    rows: str = ""


@dataclass(frozen=True)
class Prediction:
    """What a model answers to one input. inputs: role → text, as it was given. truncated: the model did not read all of it.

    Each task's module extends it with its kind of answer.
    """

    inputs: Mapping[str, str]
    truncated: bool

    @property
    def text(self) -> str:
        """The first (or only) text."""
        return self.inputs.get("text", "")

    @property
    def pair(self) -> str:
        """The second text, "" where there is none."""
        return self.inputs.get("pair", "")


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
    None for a method that does not promise completeness. steps: points on the path of integrated gradients, 0 for another method.
    """

    method: str
    label: str
    words: tuple[WordScore, ...]
    special: float
    total: float
    expected: float | None
    completeness_error: float | None
    steps: int = 0

    @property
    def adds_up(self) -> bool | None:
        """Whether the error is below a fifth of what all words together should explain; None where nothing is promised."""
        if self.completeness_error is None or self.expected is None:
            return None
        return self.completeness_error <= abs(self.expected) / 5


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

    values hold what the kind carries: start → resumed and the levels that the curves are compared with (uniform_loss); step →
    loss, learning_rate, examples_per_second, tokens_per_second, eta_seconds; evaluation → the task's metrics by id, n, seconds,
    samples (what the task shows of its examples, as JSON), the first at step 0 where the task can be measured before training.
    """

    time: float
    kind: str
    step: int
    total_steps: int
    epoch: float
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Estimate:
    """What a run will probably cost, from a few real steps: seconds of training alone, peak memory in MB, steps, examples/s.

    tokens: that it reads, all epochs together.
    """

    seconds: float
    peak_memory_mb: float
    steps: int
    examples_per_second: float
    measured_steps: int
    tokens: int = 0


@dataclass(frozen=True)
class RunConfig:
    """What a training run was asked to do; with its data it is enough to repeat the run.

    model: a MODELS id, a hub id, "run:ID", "scratch" (a new, tiny one) or (command line only) a folder. data: a DATASETS id, a hub id or a file
    inside the run folder ("data/…"). columns: (role, column) pairs; roles that are left out are guessed. reading: how that file is read. preparation: what is made
    of its rows. method: full trains every parameter; frozen keeps the embeddings and the lowest
    `frozen_layers` layers; head trains the classifier only; lora trains low-rank updates, merged at the end.
    warmup: share of the steps. limit: most training rows, 0 for all. evaluations: how often each epoch is evaluated
    and checkpointed. seed: of shuffling, dropout and the new head.
    """

    model: str
    data: str
    task: str = "text-classification"
    columns: tuple[tuple[str, str], ...] = ()
    reading: Reading = Reading()
    preparation: Preparation = AS_READ
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

    @property
    def data_name(self) -> str:
        """What the data is called on a page."""
        return self.data.removeprefix("data/")


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

    evaluations: "test" and "validation" are the trained model on each split, "baseline" is the same model on the test split
    before any training; those that the data has no rows for are left out. "tfidf" is what counting words (TF-IDF and logistic
    regression) reaches with the same rows, where the task can say it; other simple ways have the id of their `Beside` row. seconds:
    training alone, evaluations and checkpoints left out. best_step: the step whose weights are in model/. cut_share: fraction of training texts longer than
    max_length, which lost their end there (0 for tasks that go on in another block or window). environment: versions,
    processor, threads, precision. data: what the loader reported. chosen_by: the METRICS id that the best step was chosen by on the
    validation rows, "" where there were none or an earlier version chose.
    """

    evaluations: Mapping[str, Evaluation]
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
    chosen_by: str = ""

    @property
    def split(self) -> str:
        """The split whose evaluation is the run's result: test, else validation, else ""."""
        return next((split for split in ("test", "validation") if split in self.evaluations), "")

    @property
    def measured(self) -> Evaluation | None:
        """The run's result: its evaluation on test, or on validation where there is no test; None where nothing was measured."""
        return self.evaluations.get(self.split)

    def beats_counting(self, metric: str) -> bool | None:
        """Whether the result is above what counting words reaches on the same rows, by a METRICS id of which more is better.

        None where one of the two was not measured, where the result was measured on the training rows themselves, and where both are
        right on every row, which tells nothing.
        """
        words, own = self.evaluations.get(WORD_COUNTS), self.measured
        if words is None or own is None or self.memorised:
            return None
        value, counted = own.metrics[metric].value, words.metrics[metric].value
        return None if value == counted == 1 else value > counted

    @property
    def memorised(self) -> bool:
        """Whether the result was measured on the training rows themselves, so that it says nothing about new ones."""
        return self.split in self.data.shared
