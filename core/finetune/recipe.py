"""What can be chosen for a run: ready presets, the numbers that people may change, the methods, and what is allowed.

It loads neither torch nor transformers, so that a page can print the labels at once. This module does not know which task
learns, nor how anything is trained.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import N_, UserError
from core.results import RunConfig


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
