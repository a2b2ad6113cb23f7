"""Fine-tuning: a RunConfig in, events out, and at the end a model folder and a report.

transformers' Trainer does the training. Around it stand what it lacks for long work on a small machine: checkpoints that
are complete or absent, a data order that an interrupted run meets again, cancelling at any step, and three savings on
processors that leave the result's quality alone: a cheaper dropout mask, no dropout on attention weights, and
gradients only for the word embeddings that occur in the training texts. This module does not know how a run is queued,
watched or resumed by people, nor who listens to the events. It trains on one processor or one GPU.
"""

import contextlib
import ctypes
import errno
import functools
import math
import os
import platform
import re
import shutil
import sys
import time
import timeit
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import peft
import psutil
import torch
import transformers
from pydantic import TypeAdapter
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional
from transformers import (
    AutoModelForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_pt_utils import LengthGroupedSampler

from core import data, models, settings
from core.errors import N_, Cancelled, UserError
from core.objectives import (
    Measure,
    Objective,
    Rows,
    fresh_model,
    is_path,
    objective,
    sample,
    write_scratch,
)
from core.results import Estimate, Evaluation, Event, MaskedEvaluation, Movement, RunConfig, RunReport
from core.tasks import TASKS

# --- What can be chosen ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preset:
    """A ready choice: values for some fields of RunConfig."""

    id: str
    title: str
    help: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """One number of RunConfig that people may change: what it is called, what it does, and its range."""

    field: str
    label: str
    help: str
    minimum: float
    maximum: float
    step: float


@dataclass(frozen=True)
class Method:
    """Which parameters are trained. learning_rate: what suits it on a small model (hidden size below 768)."""

    id: str
    title: str
    help: str
    learning_rate: float


PRESETS: dict[str, Preset] = {
    row.id: row
    for row in (
        Preset(
            "quick",
            N_("Quick"),
            N_("A first impression within a minute or two: at most 2,000 rows, once, cut to 64 tokens."),
            {"epochs": 1.0, "batch_size": 32, "learning_rate": 1e-4, "max_length": 64, "limit": 2000, "evaluations": 4},
        ),
        Preset(
            "balanced",
            N_("Balanced"),
            N_("All rows twice: close to the best accuracy in reasonable time."),
            {"epochs": 2.0, "batch_size": 32, "learning_rate": 1e-4, "max_length": 128, "limit": 0, "evaluations": 2},
        ),
        Preset(
            "thorough",
            N_("Thorough"),
            N_("All rows four times in smaller steps and up to 256 tokens: the last bit of accuracy for two to four times the time."),
            {"epochs": 4.0, "batch_size": 32, "learning_rate": 5e-5, "max_length": 256, "limit": 0, "evaluations": 2},
        ),
    )
}  # fmt: skip

PARAMETERS: dict[str, Parameter] = {
    row.field: row
    for row in (
        Parameter(
            "epochs",
            N_("Epochs"),
            N_("How often the model sees every training row. More epochs learn more, until the model begins to learn the rows by heart."),
            0.1, 50, 0.5,
        ),
        Parameter(
            "batch_size",
            N_("Batch size"),
            N_("Rows per step. Larger batches give smoother steps and need more memory."),
            1, 512, 1,
        ),
        Parameter(
            "learning_rate",
            N_("Learning rate"),
            N_("The size of each step. Small models take about 1e-4, base-size models 2e-5 to 5e-5; too large a rate destroys what the model knows."),
            1e-7, 1e-1, 1e-5,
        ),
        Parameter(
            "warmup",
            N_("Warm-up"),
            N_("Share of the steps in which the learning rate rises from 0, so that the new, random classifier does not upset the rest."),
            0, 0.9, 0.05,
        ),
        Parameter(
            "weight_decay",
            N_("Weight decay"),
            N_("How strongly the weights are pulled towards 0, which works against learning by heart."),
            0, 1, 0.01,
        ),
        Parameter(
            "max_length",
            N_("Longest input (tokens)"),
            N_("Texts with more tokens are cut here. Time and memory grow with it where texts are that long."),
            8, 8192, 8,
        ),
        Parameter(
            "limit",
            N_("Most training rows"),
            N_("Train on a sample of this many rows; 0 takes all."),
            0, 10_000_000, 100,
        ),
        Parameter(
            "evaluations",
            N_("Evaluations per epoch"),
            N_("How often the model is measured on the validation rows and saved. The best of these states becomes the result."),
            1, 50, 1,
        ),
        Parameter(
            "frozen_layers",
            N_("Frozen layers"),
            N_("How many of the lowest layers stay as they are; the embeddings stay too."),
            0, 48, 1,
        ),
        Parameter(
            "lora_rank",
            N_("LoRA rank"),
            N_("Rank of the updates that LoRA learns: higher can learn more and costs more."),
            1, 128, 1,
        ),
        Parameter(
            "seed",
            N_("Seed"),
            N_("Start of all random choices: order of the rows, dropout, the new classifier. The same seed repeats the run."),
            0, 2**31 - 1, 1,
        ),
    )
}  # fmt: skip

METHODS: dict[str, Method] = {
    row.id: row
    for row in (
        Method(
            "full",
            N_("All parameters"),
            N_("Trains everything. The most accurate, and on small models still quick."),
            1e-4,
        ),
        Method(
            "frozen",
            N_("Upper layers"),
            N_("Keeps the embeddings and the lowest layers as they are and trains the rest: quicker, with less memory."),
            1e-4,
        ),
        Method(
            "head",
            N_("Classifier only"),
            N_("Trains the classifier and the pooler before it; the encoder stays as it is. The quickest, and it shows what the model knew already."),
            1e-3,
        ),
        Method(
            "lora",
            N_("LoRA"),
            N_("Trains small low-rank updates of the attention (Hu et al. 2021), merged into the weights at the end: little memory, an ordinary model as the result."),
            5e-4,
        ),
    )
}  # fmt: skip

LORA_TARGETS = {"distilbert": ["q_lin", "v_lin"]}
LORA_TARGETS_ELSEWHERE = ["query", "value"]

CHECKPOINTS = "checkpoints"
MODEL = "model"
WEIGHTS = "weights.safetensors"
PROGRESS = "progress.json"
START = "start"  # in checkpoints/: the model that a run from scratch begins with
SECONDS_PER_STEP_EVENT = 0.5
EAGER_TOKENS = 256  # up to this many, in bfloat16 on a processor, plain attention is faster than the fused kernel
WORTH_ROUNDING = 1.2  # how many times as fast as float32 bfloat16 must be
PROCESS_MB = 1050  # measured: what a training process holds besides parameters, gradients, optimizer and activations
ESTIMATE_ROWS = 2000
ESTIMATE_SECONDS = 6.0

Report = Callable[[Event], None]


class Stopped(Cancelled):
    """Training was cancelled. report: what was learnt until then, None when there is nothing yet."""

    def __init__(self, report: RunReport | None) -> None:
        self.report = report
        super().__init__("cancelled")


def with_preset(config: RunConfig, preset: str) -> RunConfig:
    """The configuration with a preset's values. Raises UserError for a preset that does not exist."""
    if preset not in PRESETS:
        raise UserError(
            "there is no preset '{preset}'; choose from {presets}", preset=preset, presets=", ".join(PRESETS)
        )
    return replace(config, preset=preset, **PRESETS[preset].values)


def suggested_learning_rate(method: str, hidden_size: int) -> float:
    """A learning rate to begin with: the method's own, and a third of it on models of base size and above."""
    rate = METHODS[method].learning_rate
    return rate if hidden_size < 768 else float(f"{rate * 0.3:.0e}")


def advised(task: str, model: str) -> dict[str, Any]:
    """Values of RunConfig for a pre-training run of some minutes on two processor cores, with a curve to watch."""
    if TASKS[task].head is not AutoModelForMaskedLM:
        return {
            "epochs": 1.0,
            "batch_size": 16,
            "learning_rate": 5e-5,
            "max_length": 128,
            "limit": 2000,
            "evaluations": 8,
        }
    if model == models.SCRATCH:
        return {
            "epochs": 3.0,
            "batch_size": 16,
            "learning_rate": 2e-3,
            "max_length": 64,
            "limit": 2000,
            "evaluations": 4,
        }
    return {"epochs": 1.0, "batch_size": 16, "learning_rate": 1e-4, "max_length": 64, "limit": 500, "evaluations": 8}


def check(config: RunConfig) -> None:
    """Raise UserError when a value of the configuration cannot be used."""
    if config.task not in TASKS:
        raise UserError("there is no task '{task}'; the tasks are {tasks}", task=config.task, tasks=", ".join(TASKS))
    if config.method not in METHODS:
        raise UserError(
            "there is no method '{method}'; choose from {methods}", method=config.method, methods=", ".join(METHODS)
        )
    if config.model == models.SCRATCH and TASKS[config.task].head is not AutoModelForMaskedLM:
        raise UserError("a model from scratch knows nothing yet; train it on the task masked-language-modelling first")
    if config.class_weights and "label" not in TASKS[config.task].columns:
        raise UserError(
            "class weights need labels, and the task '{task}' learns from texts without them", task=config.task
        )
    values = asdict(config)
    for row in PARAMETERS.values():
        value = values[row.field]
        if not row.minimum <= value <= row.maximum:
            raise UserError(
                "{field} is {value}; it must be between {minimum:g} and {maximum:g}",
                field=row.field,
                value=value,
                minimum=row.minimum,
                maximum=row.maximum,
            )


# --- The model ---------------------------------------------------------------------------------------------------------


def group_of(name: str, base: str) -> str:
    """The layer group of a parameter: "embeddings", "layer 1" (the lowest) …, "layers" (shared by all), "pooler", "classifier".

    "head" is what a masked language model has above its encoder; its decoder, tied to the word embeddings, counts as these.
    """
    if not name.startswith(base + "."):
        return "classifier" if "classifier" in name or "seq_relationship" in name else "head"
    layer = re.search(r"\.layer\.(\d+)\.", name)
    if layer:
        return f"layer {int(layer[1]) + 1}"
    if ".albert_layer_groups." in name:
        return "layers"
    return "pooler" if ".pooler." in name else "embeddings"


def _choose_parameters(model: PreTrainedModel, config: RunConfig) -> PreTrainedModel | peft.PeftModel:
    """Set requires_grad as the method says; for LoRA return the model with its updates in place."""
    base = model.base_model_prefix
    groups = {name: group_of(name, base) for name, _ in model.named_parameters()}
    if config.method == "lora":
        classifies = model.get_output_embeddings() is None
        options = peft.LoraConfig(
            task_type=peft.TaskType.SEQ_CLS if classifies else None,
            r=config.lora_rank,
            lora_alpha=2 * config.lora_rank,
            lora_dropout=0.0,
            target_modules=LORA_TARGETS.get(model.config.model_type, LORA_TARGETS_ELSEWHERE),
            modules_to_save=_head_parts(model) if classifies else _untied_parts(model),
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            return peft.get_peft_model(model, options)
    layers = len({group for group in groups.values() if group.startswith("layer ")})
    kept = {"embeddings", *(f"layer {i + 1}" for i in range(config.frozen_layers))}
    if config.method == "frozen" and config.frozen_layers > layers:
        if "layers" in groups.values():
            raise UserError(
                "all layers of '{model}' share one set of weights, so its lower layers cannot be frozen alone; set frozen_layers to 0 or choose another method",
                model=models.title(config.model),
            )
        raise UserError(
            "'{model}' has {layers} layers; {frozen} of them cannot be frozen",
            model=models.title(config.model),
            layers=layers,
            frozen=config.frozen_layers,
        )
    for name, parameter in model.named_parameters():
        if config.method == "frozen":
            parameter.requires_grad_(groups[name] not in kept)
        elif config.method == "head":
            parameter.requires_grad_(groups[name] in ("pooler", "classifier", "head"))
    return model


def _head_parts(model: PreTrainedModel) -> list[str]:
    """The names of what stands beside a classifier's encoder and has parameters."""
    parts = model.named_children()
    return [name for name, part in parts if name != model.base_model_prefix and any(True for _ in part.parameters())]


def _untied_parts(model: PreTrainedModel) -> list[str]:
    """The names of a masked language model's head layers, but for the decoder: a copy of it would no longer be tied."""
    decoder = model.get_output_embeddings()
    return [
        name
        for name, part in model.named_modules()
        if not name.startswith(model.base_model_prefix + ".")
        and part is not decoder
        and not any(True for _ in part.children())
        and any(True for _ in part.parameters())
    ]


class SeenEmbedding(nn.Module):
    """A word embedding of which only the rows that training texts use are parameters.

    The other rows would get no gradient; leaving them out spares their gradients and optimizer state, which for a large
    vocabulary is most of the model. In evaluation mode every row can be looked up.
    """

    def __init__(self, embedding: nn.Embedding, seen: torch.Tensor) -> None:
        super().__init__()
        self.whole = embedding.requires_grad_(False)
        self.rows = nn.Parameter(embedding.weight.detach()[seen].clone())
        place = torch.full((embedding.num_embeddings,), -1)
        place[seen] = torch.arange(len(seen))
        self.seen = nn.Buffer(seen, persistent=False)
        self.place = nn.Buffer(place, persistent=False)
        self.padding = None if embedding.padding_idx is None else int(place[embedding.padding_idx])

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """ids: integers of any shape; in training mode all of them seen. Adds a last axis, the embedding's size."""
        place = self.place[ids]
        if self.training:
            return functional.embedding(place, self.rows, padding_idx=self.padding)
        found = functional.embedding(place.clamp(min=0), self.rows)
        return torch.where(place.unsqueeze(-1) < 0, self.whole(ids), found)

    def merged(self) -> nn.Embedding:
        """The ordinary embedding with the trained rows put back."""
        with torch.no_grad():
            self.whole.weight[self.seen] = self.rows
        return self.whole.requires_grad_(True)


class FastDropout(nn.Module):
    """Dropout whose mask takes 16 random bits per value instead of a 64-bit draw: several times cheaper on a processor.

    p is rounded to a multiple of 2⁻¹⁶. It draws from torch's default generator, as nn.Dropout does.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        dropped = round(p * 2**16)
        self.p = p
        self.threshold = dropped - 2**15
        self.scale = 1 / (1 - dropped / 2**16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x of any shape; in training mode each value is zeroed with probability p, the others scaled up."""
        if not self.training:
            return x
        draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        kept = draws.view(torch.int16)[: x.numel()].view(x.shape) >= self.threshold
        return x * kept.to(x.dtype).mul_(self.scale)


def _lighten(model: nn.Module, seen: Sequence[int] | None) -> Callable[[], None]:
    """Put the savings into a model about to be trained on a processor; returns what takes them out again."""
    undo: list[Callable[[], None]] = []
    for parent in list(model.modules()):
        children = dict(parent.named_children())
        attends = "query" in children or "q_lin" in children
        for name, child in children.items():
            if not isinstance(child, nn.Dropout) or not child.p:
                continue
            if attends and name in ("dropout", "attention_dropout"):  # of the attention weights; only its p is read
                setattr(parent, name, nn.Dropout(0.0))
            elif child.p < 1:
                setattr(parent, name, FastDropout(child.p))
            undo.append(lambda parent=parent, name=name, child=child: setattr(parent, name, child))  # type: ignore[misc]
    if seen is not None and isinstance(model, PreTrainedModel):
        whole = model.get_input_embeddings()
        assert isinstance(whole, nn.Embedding)
        embedding = SeenEmbedding(whole, torch.tensor(seen))
        model.set_input_embeddings(embedding)
        undo.append(lambda: model.set_input_embeddings(embedding.merged()))

    def restore() -> None:
        for step in undo:
            step()

    return restore


@functools.cache
def bfloat16_pays(device: torch.device) -> bool:
    """Whether training should compute in bfloat16: the device multiplies such numbers itself, and faster than float32.

    A processor is timed, once (a tenth of a second): with matrix units (AMX) bfloat16 is more than twice as fast, with the
    AVX-512 instructions alone it can be half as fast.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    able = torch.cpu.get_capabilities()
    if not (able.get("avx512_bf16") or able.get("amx_bf16")):
        return False
    return _seconds_of_a_product(torch.float32) > WORTH_ROUNDING * _seconds_of_a_product(torch.bfloat16)


def _seconds_of_a_product(dtype: torch.dtype) -> float:
    """The shortest of some matrix products, on one thread: short enough that a busy machine leaves one of them alone."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        x, weight = torch.ones(512, 384, dtype=dtype), torch.ones(384, 384, dtype=dtype)
        return min(timeit.repeat(lambda: x @ weight, number=1, repeat=30))
    finally:
        torch.set_num_threads(threads)


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True)
class _Prepared:
    """A model ready for its first step.

    plain: the model itself; model: the same, with LoRA around it where that is asked for. restore() makes it an ordinary
    model again.
    """

    plain: PreTrainedModel
    model: PreTrainedModel | peft.PeftModel
    attention: models.Attention
    restore: Callable[[], PreTrainedModel]


def _prepare(config: RunConfig, goal: Objective, rows: Rows) -> _Prepared:
    """The fresh model with the method's parameters chosen and, on a processor, the savings in place."""
    on_cpu = _device().type == "cpu"
    plainly = on_cpu and bfloat16_pays(_device()) and max(rows.lengths) <= EAGER_TOKENS
    attention: models.Attention = "eager" if plainly else "sdpa"
    plain = fresh_model(config, goal.dataset.label_names, attention)
    model = _choose_parameters(plain, config)
    seen = None
    if config.method == "full" and plain.get_output_embeddings() is None:  # a decoder needs every word
        used = {token for row in rows.features for token in row["input_ids"]}
        seen = sorted(used | set(goal.tokenizer.all_special_ids) | {plain.config.pad_token_id or 0})
    lighter = _lighten(model, seen) if on_cpu else (lambda: None)

    def restore() -> PreTrainedModel:
        merged = model.merge_and_unload() if isinstance(model, peft.PeftModel) else model
        lighter()
        merged.requires_grad_(True)
        return merged.eval()

    return _Prepared(plain, model, attention, restore)


# --- Training ----------------------------------------------------------------------------------------------------------


@dataclass
class _Progress:
    """What a run has done so far; it goes into every checkpoint. seconds: training alone."""

    seconds: float = 0.0
    examples: int = 0
    tokens: int = 0
    best_step: int = 0
    best: Evaluation | MaskedEvaluation | None = None
    baseline: Evaluation | MaskedEvaluation | None = None


PROGRESS_JSON: TypeAdapter[_Progress] = TypeAdapter(_Progress)


class _Trainer(Trainer):
    """transformers' Trainer with safe checkpoints, a repeatable order of rows, and a listener."""

    def __init__(
        self,
        prepared: _Prepared,
        args: TrainingArguments,
        *,
        rows: Rows,
        goal: Objective,
        progress: _Progress,
        folder: Path,
        report: Report,
        cancelled: Callable[[], bool],
    ) -> None:
        self.net = prepared.model
        self.plain = prepared.plain
        self.goal = goal
        self.config = config = goal.config
        self.progress = progress
        self.folder = folder
        self.report = report
        self.cancelled = cancelled
        self.lengths = rows.lengths
        self.order = torch.Generator()
        self.passes = 0  # epochs that are over
        self.steps_per_epoch = math.ceil(len(rows.features) / config.batch_size)
        self.evaluations = min(config.evaluations, self.steps_per_epoch)
        self.class_weights: torch.Tensor | None = None
        if config.class_weights:
            counts = np.bincount([row["labels"] for row in rows.features], minlength=len(goal.dataset.label_names))
            weights = len(rows.features) / (np.maximum(counts, 1) * np.count_nonzero(counts))
            self.class_weights = torch.tensor(weights, dtype=torch.float32)
        self.validates = "validation" in goal.dataset.splits and len(goal.dataset.splits["validation"]) > 0
        self.live_seconds = 0.0
        super().__init__(prepared.model, args, train_dataset=rows.features, data_collator=self._collate)
        self.remove_callback(PrinterCallback)
        self.watch = _Watch(self)
        self.add_callback(self.watch)

    def due(self, step: int) -> int:
        """How many evaluations are due until a step: evenly spread, one at the end of each epoch."""
        return step * self.evaluations // self.steps_per_epoch

    def _collate(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        return {**self.goal.collate(features, self.passes), "tokens": sum(len(row["input_ids"]) for row in features)}

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler:
        """Batches grouped by length, in an order that depends on the seed and the epoch only (see _Watch.on_epoch_begin)."""
        return LengthGroupedSampler(self.config.batch_size, lengths=self.lengths, generator=self.order)

    def training_step(self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """One step; the loss is remembered for the listener."""
        self.watch.add(examples=len(inputs["labels"]), tokens=inputs.pop("tokens"))
        loss = super().training_step(model, inputs, num_items_in_batch)
        self.watch.loss += loss
        return loss

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The objective's loss, weighted by class when asked for; return_outputs is not served."""
        weights = None if self.class_weights is None else self.class_weights.to(self.args.device)
        return self.goal.loss(model, inputs, weights)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted: counting costs more than it tells."""
        return 0

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: list[str] | None = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Measure the model on the validation rows and remember whether it is the best so far."""
        began = time.perf_counter()
        measured = self.goal.measure(self.plain, "validation", self._may_stop, live=True, autocast=self.args.bf16)
        if measured is None:
            return {}
        found = measured.evaluation
        if self.progress.best is None or self.goal.rank(found) > self.goal.rank(self.progress.best):
            self.progress.best, self.progress.best_step = found, self.state.global_step
        self.live_seconds = time.perf_counter() - began
        self.watch.tell("evaluation", **measured.values, seconds=self.live_seconds)
        self.watch.resume_clock()
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, {})
        return {}

    def _may_stop(self, done: int, total: int) -> None:
        if self.cancelled():
            raise Cancelled

    def _save_checkpoint(self, model: nn.Module | None = None, trial: Any = None) -> None:
        """Write checkpoints/step-N aside, sync it, rename it; then drop what is neither the newest nor the best."""
        self.watch.check_loss()
        home = self.folder / CHECKPOINTS
        home.mkdir(parents=True, exist_ok=True)
        target = home / f"step-{self.state.global_step}"
        with _written_aside(target) as part:
            save_file(_trained(self.net), part / WEIGHTS)
            self._save_optimizer_and_scheduler(str(part))
            self._save_rng_state(str(part))
            self.state.save_to_json(str(part / "trainer_state.json"))
            (part / PROGRESS).write_bytes(PROGRESS_JSON.dump_json(self.progress))
        keep = {target.name, f"step-{self.progress.best_step}"}
        for old in home.glob("step-*"):
            if old.name not in keep:
                _remove(old)
        self.watch.tell("checkpoint")
        self.watch.resume_clock()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        _load_trained(self.net, Path(resume_from_checkpoint))


class _Watch(TrainerCallback):
    """Counts, reports at most twice a second, asks for evaluations and checkpoints, stops when cancelled."""

    def __init__(self, trainer: _Trainer) -> None:
        self.trainer = trainer
        self.loss: torch.Tensor | float = 0.0
        self.counted = [0, 0, 0]  # steps, examples, tokens since the last step event
        self.seconds = 0.0
        self.done_here = 0
        self.seconds_here = 0.0
        self.mark = time.perf_counter()

    def add(self, examples: int, tokens: int) -> None:
        """Count one batch."""
        self.counted = [self.counted[0] + 1, self.counted[1] + examples, self.counted[2] + tokens]
        self.trainer.progress.examples += examples
        self.trainer.progress.tokens += tokens

    def resume_clock(self) -> None:
        """Training goes on: what passed since the last step was not training."""
        self.mark = time.perf_counter()

    def tell(self, kind: str, **values: object) -> None:
        """Report an event at the current step."""
        state = self.trainer.state
        self.trainer.report(Event(time.time(), kind, state.global_step, state.max_steps, state.epoch or 0.0, values))

    def check_loss(self) -> None:
        """Raise UserError when the loss stopped being a number."""
        if not math.isfinite(float(self.loss)):
            raise UserError(
                "the loss is no longer a number at step {step}: the learning rate {rate:g} is too high for this model; try {lower:g}",
                step=self.trainer.state.global_step,
                rate=self.trainer.config.learning_rate,
                lower=self.trainer.config.learning_rate / 5,
            )

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock."""
        self.resume_clock()

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Fix the order of the rows of this epoch, and what is drawn for them."""
        self.trainer.passes = state.global_step // self.trainer.steps_per_epoch
        self.trainer.order.manual_seed(self.trainer.config.seed * 1_000_003 + self.trainer.passes)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Report, and decide what follows this step."""
        now = time.perf_counter()
        self.seconds += now - self.mark
        self.seconds_here += now - self.mark
        self.trainer.progress.seconds += now - self.mark
        self.done_here += 1
        self.mark = now
        last = state.global_step >= state.max_steps
        due = last or self.trainer.due(state.global_step) > self.trainer.due(state.global_step - 1)
        stop = self.trainer.cancelled()
        if self.seconds >= SECONDS_PER_STEP_EVENT or due or stop or state.global_step == 1:
            self.check_loss()
            self._tell_step(state)
        control.should_training_stop = last or stop
        control.should_evaluate = due and not stop and self.trainer.validates
        control.should_save = due or stop

    def _tell_step(self, state: TrainerState) -> None:
        steps, examples, tokens = self.counted
        left = state.max_steps - state.global_step
        evaluations = self.trainer.due(state.max_steps) - self.trainer.due(state.global_step)
        self.tell(
            "step",
            loss=float(self.loss) / steps,
            learning_rate=float(self.trainer._get_learning_rate()),
            examples_per_second=examples / self.seconds,
            tokens_per_second=tokens / self.seconds,
            eta_seconds=left * self.seconds_here / self.done_here + evaluations * self.trainer.live_seconds,
        )
        self.loss, self.counted, self.seconds = 0.0, [0, 0, 0], 0.0


def train(config: RunConfig, folder: Path, report: Report, cancelled: Callable[[], bool]) -> RunReport:
    """Train as asked, inside a run folder: continue from its newest checkpoint, leave the result in its model/.

    report receives every Event; cancelled is asked at every step and during evaluations. Training time excludes loading,
    evaluations and checkpoints. While training runs, at most 2,000 validation rows are measured; the final evaluation
    takes all rows. Raises Stopped (with a report when something was learnt; then model/ holds it) when cancelled, and
    UserError when the data, the model or a value cannot be used, the loss stops being a number, or the disk is full.
    """
    check(config)
    _settle_process()
    _tell(report, "stage", stage="loading")
    dataset = _load_data(config, folder)
    config = _with_start(config, dataset, folder, report, cancelled)
    tokenizer = models.load_tokenizer(config.model, allow_path=is_path(config.model))
    max_length = min(config.max_length, tokenizer.model_max_length)
    goal = objective(config, dataset, tokenizer, max_length, bfloat16_pays(_device()))
    try:
        rows = goal.rows(_stopper(cancelled))
    except Cancelled as stop:
        raise Stopped(None) from stop
    if cancelled():
        raise Stopped(None)
    newest = newest_checkpoint(folder)
    progress = read_progress(newest) if newest else _Progress()
    if newest is None:
        progress.baseline = _baseline(goal, report, cancelled)
    prepared = _prepare(config, goal, rows)
    trainer = _Trainer(
        prepared,
        _arguments(config, folder),
        rows=rows,
        goal=goal,
        progress=progress,
        folder=folder,
        report=report,
        cancelled=cancelled,
    )
    total = math.ceil(config.epochs * trainer.steps_per_epoch)
    done = _run(trainer, newest, total)
    if done == 0:
        raise Stopped(None)
    stopped = done < total or cancelled()

    def tell(kind: str, **values: object) -> None:
        report(Event(time.time(), kind, done, total, done / math.ceil(len(rows.features) / config.batch_size), values))

    tell("stage", stage="saving")
    environment = _environment(trainer.args, prepared.attention)
    model = _best_model(trainer, prepared, done)
    del trainer, prepared  # and with them the optimizer's state
    _save_model(model, tokenizer, folder)
    result = RunReport(
        **goal.reported({"test": None, "validation": progress.best, "baseline": progress.baseline}),
        movement=movement(fresh_model(config, dataset.label_names), model),
        seconds=progress.seconds,
        examples_per_second=progress.examples / max(progress.seconds, 1e-9),
        tokens_per_second=progress.tokens / max(progress.seconds, 1e-9),
        peak_memory_mb=peak_memory_mb(),
        steps=done,
        best_step=progress.best_step or done,
        cut_share=float(rows.cut.mean()),
        environment=environment,
        data=dataset.report,
    )
    try:
        if stopped:
            raise Cancelled
        tell("stage", stage="evaluating")
        measured = {
            split: goal.measure(model, split, _stopper(cancelled), live=False) for split in ("validation", "test")
        }
        final = {split: found.evaluation if found else None for split, found in measured.items()}
        result = replace(result, **goal.reported({**final, "baseline": progress.baseline}))
    except Cancelled as stop:
        tell("end", outcome="cancelled")
        raise Stopped(result) from stop
    tell("end", outcome="finished")
    return replace(result, peak_memory_mb=peak_memory_mb())


def _tell(report: Report, kind: str, **values: object) -> None:
    report(Event(time.time(), kind, 0, 0, 0.0, values))


def _load_data(config: RunConfig, folder: Path) -> data.TextDataset:
    """The configuration's dataset; "data/…" is a file inside the run folder."""
    inside = config.data.startswith("data/")
    return data.load(
        str(folder / config.data) if inside else config.data,
        task=config.task,
        text_column=config.text_column,
        pair_column=config.pair_column,
        label_column=config.label_column,
        limit=config.limit,
        allow_path=inside or is_path(config.data),
    )


def _stopper(cancelled: Callable[[], bool]) -> Callable[[int, int], None]:
    """A listener to progress that raises Cancelled when it is time."""

    def may_stop(done: int, total: int) -> None:
        if cancelled():
            raise Cancelled

    return may_stop


def _with_start(
    config: RunConfig, dataset: data.TextDataset, folder: Path, report: Report, cancelled: Callable[[], bool]
) -> RunConfig:
    """The configuration with the model that training starts from: one from scratch is made once and kept in checkpoints/start."""
    if config.model != models.SCRATCH:
        return config
    start = (folder / CHECKPOINTS / START).resolve()
    if not start.is_dir():
        _tell(report, "stage", stage="vocabulary")
        try:
            with _written_aside(start) as part:
                write_scratch(part, list(dataset.splits["train"]["text"]), config.seed, _stopper(cancelled))
        except Cancelled as stop:
            raise Stopped(None) from stop
    return replace(config, model=str(start))


def _baseline(goal: Objective, report: Report, cancelled: Callable[[], bool]) -> Measure | None:
    """The model before training on the test rows; where the curve begins there, on validation rows too.

    A classifier with a new head answers by chance: a sample tells that. A masked language model is set beside what becomes
    of it, so it is asked for the same tokens behind the same masks.
    """
    _tell(report, "stage", stage="baseline")
    model = fresh_model(goal.config, goal.dataset.label_names, "sdpa")
    nn.Module.to(model, _device())
    try:
        found = goal.measure(model, "test", _stopper(cancelled), live=not goal.begins_at_zero)
        if goal.begins_at_zero:
            began = time.perf_counter()
            first = goal.measure(model, "validation", _stopper(cancelled), live=True, autocast=bfloat16_pays(_device()))
            if first:
                _tell(report, "evaluation", **first.values, seconds=time.perf_counter() - began)
    except Cancelled as stop:
        raise Stopped(None) from stop
    return found.evaluation if found else None


def _arguments(config: RunConfig, folder: Path) -> TrainingArguments:
    device = _device()
    return TrainingArguments(
        output_dir=str(folder / CHECKPOINTS),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        lr_scheduler_type="linear",
        bf16=bfloat16_pays(device),
        use_cpu=device.type == "cpu",
        train_sampling_strategy="group_by_length",
        dataloader_pin_memory=device.type == "cuda",
        remove_unused_columns=False,
        logging_strategy="no",
        logging_nan_inf_filter=False,
        eval_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=config.seed,
    )


def _run(trainer: _Trainer, newest: Path | None, total: int) -> int:
    """Train from the newest checkpoint or from the start; returns the step that was reached."""
    if newest and _step(newest) >= total:
        _load_trained(trainer.net, newest)
        return total
    step = _step(newest) if newest else 0
    epoch = step / trainer.steps_per_epoch
    trainer.report(
        Event(
            time.time(),
            "start",
            step,
            total,
            epoch,
            {"resumed": newest is not None, **trainer.goal.started(trainer.plain)},
        )
    )
    trainer.report(Event(time.time(), "stage", step, total, epoch, {"stage": "training"}))
    try:
        trainer.train(resume_from_checkpoint=str(newest) if newest else None)
    except Cancelled:  # during an evaluation: the step itself is done
        trainer._save_checkpoint()
    trainer.watch.check_loss()
    return trainer.state.global_step


def _best_model(trainer: _Trainer, prepared: _Prepared, done: int) -> PreTrainedModel:
    """An ordinary model in float32 with the weights of the best step, or of the last where nothing was measured."""
    best_step = trainer.progress.best_step or done
    if best_step != done:
        _load_trained(prepared.model, trainer.folder / CHECKPOINTS / f"step-{best_step}")
    trainer.accelerator.unwrap_model(prepared.model, keep_fp32_wrapper=False)  # it would go on computing in bfloat16
    model = prepared.restore()
    model.zero_grad()
    return model


def _save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Put model/ in place as a whole, replacing an older one."""
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    with _written_aside(folder / MODEL) as part:
        model.save_pretrained(part)
        tokenizer.save_pretrained(part)


def movement(start: PreTrainedModel, model: PreTrainedModel) -> tuple[Movement, ...]:
    """How far each layer group of `model` is from where it started."""
    befores = dict(start.named_parameters())
    sums: dict[str, np.ndarray] = {}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            before = befores[name]
            change = parameter.cpu() - before
            values = [change.numel(), float(change.norm()) ** 2, float(before.norm()) ** 2, int(change.count_nonzero())]
            group = group_of(name, model.base_model_prefix)
            sums[group] = sums.get(group, np.zeros(4)) + np.array(values)
    return tuple(
        Movement(group, int(n), math.sqrt(moved / size) if size else 0.0, float(changed / n))
        for group, (n, moved, size, changed) in sums.items()
    )


# --- Checkpoints -------------------------------------------------------------------------------------------------------


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("step-"))


def newest_checkpoint(folder: Path) -> Path | None:
    """The complete checkpoint with the highest step of a run folder."""
    found = [path for path in (folder / CHECKPOINTS).glob("step-*") if path.name.removeprefix("step-").isdecimal()]
    return max(found, key=_step, default=None)


def read_progress(checkpoint: Path) -> _Progress:
    """What a run had done when it wrote this checkpoint."""
    return PROGRESS_JSON.validate_json((checkpoint / PROGRESS).read_bytes())


def _trained(model: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters that training changes; the others can be loaded again from where they came."""
    return {
        name: parameter.detach().contiguous() for name, parameter in model.named_parameters() if parameter.requires_grad
    }


def _load_trained(model: nn.Module, checkpoint: Path) -> None:
    weights = load_file(checkpoint / WEIGHTS)
    parameters = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    if weights.keys() != parameters.keys():
        raise UserError("the checkpoint {name} belongs to another model; start the run anew", name=checkpoint.name)
    with torch.no_grad():
        for name, value in weights.items():
            parameters[name].copy_(value)


@contextlib.contextmanager
def _written_aside(target: Path) -> Iterator[Path]:
    """A folder to write into; at the end it is synced and takes the place of `target`. On failure nothing changes.

    Raises UserError when the disk is full.
    """
    part = target.with_name(f".{target.name}.partial")
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        yield part
        for path in part.rglob("*"):
            _sync(path)
        _sync(part)
        if target.exists():
            target.rename(old)
        part.rename(target)
        _sync(target.parent)
    except (OSError, RuntimeError, SafetensorError) as error:
        shutil.rmtree(part, ignore_errors=True)
        if _disk_is_full(error, target.parent):
            raise UserError(
                "the disk is full: {folder} could not be written, what was saved before is intact; make room and resume the run",
                folder=target.name,
            ) from error
        raise
    shutil.rmtree(old, ignore_errors=True)


def _disk_is_full(error: BaseException, folder: Path) -> bool:
    """Whether a failed write means that there is no room: torch and safetensors hide the system's error number."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return shutil.disk_usage(folder).free < 16 << 20 or "No space left" in str(error)


def _sync(path: Path) -> None:
    """Have the operating system write a file or folder through to the disk (Windows cannot do that for folders)."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    """Delete a folder; it disappears under its name at once."""
    doomed = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(doomed, ignore_errors=True)
    folder.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


# --- The process -------------------------------------------------------------------------------------------------------

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h


def _settle_process() -> None:
    """Threads as the settings say; memory that a step frees is kept for the next (glibc returns it at a cost of 5 %)."""
    threads = settings.THREADS.value()
    if threads:
        torch.set_num_threads(threads)
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def peak_memory_mb() -> float:
    """The most memory this process has held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return int(found[1]) / 1024
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 2**20
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _environment(args: TrainingArguments, attention: str) -> dict[str, str]:
    device = _device()
    processor = str(torch.cpu.get_capabilities().get("cpu_name") or platform.processor() or platform.machine())
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "system": platform.platform(terse=True),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else processor,
        "threads": str(torch.get_num_threads()),
        "precision": "bfloat16 autocast" if args.bf16 else "float32",
        "attention": attention,
    }


# --- What it will cost -------------------------------------------------------------------------------------------------


def estimate(config: RunConfig, dataset: data.TextDataset, *, steps: int = 3) -> Estimate:
    """What a run will cost here, from a few real steps with a throw-away model: real batches of short to long texts.

    It takes some seconds; torch's random state is as before afterwards. Raises UserError when the model or a value of
    the configuration cannot be used.
    """
    check(config)
    if config.model == models.SCRATCH:
        with TemporaryDirectory() as folder:
            start = Path(folder).resolve()
            write_scratch(start, list(dataset.splits["train"]["text"]), config.seed, lambda done, total: None)
            return estimate(replace(config, model=str(start)), dataset, steps=steps)
    tokenizer = models.load_tokenizer(config.model, allow_path=is_path(config.model))
    max_length = min(config.max_length, tokenizer.model_max_length)
    goal = objective(config, dataset, tokenizer, max_length, bfloat16_pays(_device()))
    chosen_rows = sample(len(dataset.splits["train"]), ESTIMATE_ROWS, config.seed)
    rows = goal.rows(lambda done, total: None, chosen_rows)
    n = round(len(rows.features) / len(chosen_rows) * len(dataset.splits["train"]))
    device = _device()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)
        model = _prepare(config, goal, rows).model.train()
        nn.Module.to(model, device)
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=config.learning_rate, fused=True)
        ordered = sorted(rows.features, key=lambda row: -len(row["input_ids"]))
        batches = [ordered[i : i + config.batch_size] for i in range(0, len(ordered), config.batch_size)]
        activations = _Activations(trained)

        def step(features: list[dict[str, Any]]) -> float:
            began = time.perf_counter()
            batch = {name: values.to(device) for name, values in goal.collate(features, 0).items()}
            with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16_pays(device)), activations:
                loss = goal.loss(model, batch)
            loss.backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            return time.perf_counter() - began + 0 * loss.item()

        began = time.perf_counter()
        step(batches[0])
        chosen = [batches[int((i + 0.5) / steps * len(batches))] for i in range(steps)]
        times: list[float] = []
        for features in chosen[len(chosen) // 2 :] + chosen[: len(chosen) // 2]:  # the middle first: it counts most
            if times and time.perf_counter() - began > ESTIMATE_SECONDS:
                break
            times.append(step(features))
    total = math.ceil(config.epochs * math.ceil(n / config.batch_size))
    seconds = total * sum(times) / len(times)
    size = sum(parameter.numel() * 4 for parameter in model.parameters())
    memory = size + sum(parameter.numel() * 12 for parameter in trained) + activations.most
    return Estimate(
        seconds=seconds,
        peak_memory_mb=PROCESS_MB + memory / 2**20,
        steps=total,
        examples_per_second=n * config.epochs / seconds,
        measured_steps=len(times),
    )


class _Activations(torch.autograd.graph.saved_tensors_hooks):
    """Counts the bytes that a forward pass keeps for the backward pass. most: of the largest pass so far."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        super().__init__(self._keep, lambda tensor: tensor)
        self.known = {parameter.untyped_storage().data_ptr() for parameter in parameters}
        self.seen: set[int] = set()
        self.bytes = 0
        self.most = 0

    def _keep(self, tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.known | self.seen:
            self.seen.add(storage.data_ptr())
            self.bytes += storage.nbytes()
        return tensor

    def __enter__(self) -> None:
        self.seen, self.bytes = set(), 0
        super().__enter__()

    def __exit__(self, *args: object) -> None:
        super().__exit__(*args)
        self.most = max(self.most, self.bytes)
