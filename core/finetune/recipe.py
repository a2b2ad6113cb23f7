"""What can be chosen for a run: ready presets, the numbers that people may change, the methods, and what is allowed.

It loads neither torch nor transformers, so that a page can print the labels at once. This module does not know which task
learns, nor how anything is trained.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import N_, Note, UserError, plural
from core.metrics import BY_LOSS
from core.results import RunConfig

BATCHES = (2, 4, 8, 16)
STEPS_OF_AN_EPOCH = 8  # or more, which the batch is chosen for
FEWEST_STEPS = 200
STEPS_PER_CLASS = 0.1
MOST_FOR_CLASSES = 2.5
MOST_OVER = 3  # times the steps that few rows need, which reading them `Preset.reads` times may make
FEW_ROWS_RATE = 1e-4  # for batches of FULL_BATCH
MANY_CLASSES = 8  # or more take all of the steps and of the rate, and two take half
VERY_MANY_CLASSES, MOST_OF_THE_RATE = 10, 2.0  # beyond the first the rate grows with them, at most so many times
FULL_BATCH = BATCHES[-1]
FEW_ROWS = 1000  # or less, of which twice the length is read
EVALUATIONS = 8  # or more in a run of few rows
ROUNDS = 10  # of evaluations in a run of more epochs than that: each leaves a checkpoint of four times the model
TOO_FEW_STEPS = 150
SECOND_HALF = 0.5  # share of the steps from which on a state can be the best of few rows
LARGE_VOCABULARY = 100_000
HEAD_ALONE = "head"  # of METHODS
LOWER = 5  # times lower than one that is too high for a loss to fall is a learning rate to try
NOT_A_NUMBER = N_(
    "the loss is no longer a number at step {step}: the learning rate {rate} is too high for this model; try {lower}"
)
# With fewer rows the standard error of an accuracy of 0.9 is above 2 points, more than the states of one run differ by, and a
# macro-F1 changes by points with each single row: the loss, which weighs every probability, tells the states apart.
FEW_VALIDATION_ROWS = 200

MINILM = 6 * 384**2  # its layers times the square of their width


@dataclass(frozen=True)
class Preset:
    """A ready choice: values for some fields of RunConfig, as they are for many rows. steps: what `fewest_steps` begins with.

    reads: how often few rows are read at least, as long as that makes no more than MOST_OVER times the steps that they need. minutes: the
    most that it takes with minilm on two processor cores whatever the data, 0 where that depends on the data.
    """

    id: str
    title: str
    help: str
    values: Mapping[str, Any]
    steps: int
    reads: int = 5
    minutes: int = 0


@dataclass(frozen=True)
class Size:
    """What a recipe depends on. rows: to train on; classes: labels to choose from; hidden, vocabulary, layers: sizes of the model, 0 layers
    where they are not known; rate: how many times the learning rate of a classifier suits the task.
    """

    rows: int
    classes: int = 2
    hidden: int = 384
    vocabulary: int = 30_522
    rate: float = 1.0
    layers: int = 0

    @property
    def keeps_embeddings(self) -> bool:
        """Whether the embeddings are so many that training them would cost more than all layers."""
        return self.vocabulary > LARGE_VOCABULARY


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
            N_("A first impression: at most 2,000 rows, 200 steps or a little more, cut to 64 tokens (128 where there are few rows)."),
            {"epochs": 1.0, "batch_size": 32, "learning_rate": 1e-4, "max_length": 64, "limit": 2000, "evaluations": 4},
            200,
            reads=1,
            minutes=2,
        ),
        Preset(
            "balanced",
            N_("Balanced"),
            N_("All rows twice, few rows more often, for at least 200 steps: close to the best accuracy in reasonable time."),
            {"epochs": 2.0, "batch_size": 32, "learning_rate": 1e-4, "max_length": 128, "limit": 0, "evaluations": 2},
            300,
        ),
        Preset(
            "thorough",
            N_("Thorough"),
            N_("All rows four times in smaller steps and up to 256 tokens, few rows more often, for at least 250 steps: the last bit of accuracy for two to four times the time."),
            {"epochs": 4.0, "batch_size": 32, "learning_rate": 5e-5, "max_length": 256, "limit": 0, "evaluations": 2},
            500,
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
            N_("How often the model is measured on the validation rows and saved. The best of these states becomes the result. In a run of more than ten epochs, two or more of them count as one."),
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
            N_("Start of all random choices: order of the rows, dropout, the new classifier. The same seed repeats the run, up to rounding."),
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
            N_("Lower part frozen"),
            N_("The embeddings stay as they are, and so do as many of the lowest layers as are said below under all values; the rest is trained: quicker, with less memory."),
            1e-4,
        ),
        Method(
            HEAD_ALONE,
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


def with_preset(config: RunConfig, preset: str, size: Size | None = None) -> RunConfig:
    """The configuration with a preset's values for this size; for many rows where the size is not known.

    Raises UserError for a preset that does not exist.
    """
    if preset not in PRESETS:
        raise UserError(
            "there is no preset '{preset}'; choose from {presets}", preset=preset, presets=", ".join(PRESETS)
        )
    return replace(config, preset=preset, **(fitted(preset, size) if size else PRESETS[preset].values))


def fitted(preset: str, size: Size) -> dict[str, Any]:
    """The values of a preset for so many rows and classes and such a model.

    A network learns in steps, not in epochs. Where the preset's own values make fewer steps than it promises, the rows come in
    smaller batches and more often, until there are enough: a smaller batch makes more steps of the same work. Rows that would still
    be read fewer than five times are read up to five times (2,000 film sentences, five seeds: 0.800 instead of 0.785). Of few rows twice
    the length is read, which costs little, and a low learning rate is left to large data; but it falls with the root of the batch, whose
    gradient is the rougher the fewer rows it has (Malladi et al. 2022). The model is evaluated about EVALUATIONS
    times, or once an epoch where there are more. Large models take a smaller learning rate; the embeddings of a large vocabulary
    stay as they are.
    """
    row = PRESETS[preset]
    values = dict(row.values)
    rows = min(size.rows, values["limit"] or size.rows)
    wanted = fewest_steps(row.steps, size.classes)
    if steps(rows, values["batch_size"], values["epochs"]) < wanted:
        batch = batch_for(rows, wanted)
        each = steps(rows, batch, 1)
        epochs = max(values["epochs"], math.ceil(wanted / each), min(row.reads, math.floor(MOST_OVER * wanted / each)))
        values |= {
            "batch_size": batch,
            "epochs": float(min(epochs, PARAMETERS["epochs"].maximum)),
            "learning_rate": FEW_ROWS_RATE * rate_for(size.classes) * math.sqrt(batch / FULL_BATCH),
            "max_length": values["max_length"] * (2 if rows <= FEW_ROWS else 1),
            "evaluations": 1 if epochs >= EVALUATIONS else math.ceil(EVALUATIONS / epochs),
        }
    values["learning_rate"] = for_hidden_size(size.rate * values["learning_rate"], size.hidden)
    return values | ({"method": "frozen", "frozen_layers": 0} if size.keeps_embeddings else {})


def time_with(preset: str, size: Size) -> tuple[Note, ...]:
    """About how long a preset takes with a model, in a sentence, where neither the data decides nor the model's size is unknown.

    The work grows with the layers and with the square of their width.
    """
    most = math.ceil(PRESETS[preset].minutes * size.layers * size.hidden**2 / MINILM)
    if not most:
        return ()
    if most <= PRESETS[preset].minutes:
        return ((N_("With this model it takes a minute or two on two processor cores."), {}),)
    values = {"least": math.ceil(most / 2), "most": most}
    return ((N_("With this model it takes about {least} to {most} minutes on two processor cores."), values),)


def fewest_steps(least: int, classes: int) -> int:
    """How many steps it takes to tell so many classes apart: each beyond the second is something more to learn. least: of the preset."""
    more = min(1 + STEPS_PER_CLASS * max(classes - 2, 0), MOST_FOR_CLASSES)
    return max(round(least * more * share_for(classes)), FEWEST_STEPS)


def rate_for(classes: int) -> float:
    """How much of the learning rate suits so many labels, between a half and 2.

    The more there are, the fewer rows has each, and the farther a network has to go (measured with benchmarks.small: twenty
    labels with nine rows each, five seeds).
    """
    return share_for(classes) * min(max(classes / VERY_MANY_CLASSES, 1.0), MOST_OF_THE_RATE)


def share_for(classes: int) -> float:
    """How much of the steps suits so many labels, and of the rate as long as they are not very many: between a half and 1.

    A yes or no is soon learnt, and after it the rows whose label is wrong are learnt by heart, the sooner the higher the rate
    (measured with benchmarks.small). Where nothing is chosen from labels, all of it.
    """
    return min(0.5 + 0.5 * (classes - 2) / (MANY_CLASSES - 2), 1.0) if classes > 1 else 1.0


def batch_for(rows: int, wanted: int) -> int:
    """A power of two that makes STEPS_OF_AN_EPOCH or more steps of few rows, and the wanted steps in as many epochs as a run may have."""
    each = max(STEPS_OF_AN_EPOCH, wanted / PARAMETERS["epochs"].maximum)
    return max((batch for batch in BATCHES if rows / batch >= each), default=BATCHES[0])


def steps(rows: int, batch_size: int, epochs: float) -> int:
    """Optimizer steps of a run; every epoch ends with what is left of a batch."""
    return math.ceil(epochs * math.ceil(max(rows, 1) / batch_size))


def epochs_of_a_round(epochs: float) -> int:
    """After how many epochs the evaluations of an epoch come again: after each, but few rows are not measured after each of 50."""
    return max(math.ceil(epochs / ROUNDS), 1)


def evaluations(config: RunConfig, rows: int) -> int:
    """How often a run over so many rows is measured on the way and at its end."""
    each = steps(rows, config.batch_size, 1)
    total = steps(rows, config.batch_size, config.epochs)
    return math.ceil(total * min(config.evaluations, each) / (each * epochs_of_a_round(config.epochs)))


def derivation(config: RunConfig, size: Size) -> tuple[Note, ...]:
    """How the numbers of a run follow from its rows, labels and model: sentences with their values."""
    rows = min(size.rows, config.limit or size.rows)
    total = steps(rows, config.batch_size, config.epochs)
    lines: list[Note] = [
        (
            N_("{rows:,} rows in batches of {batch}: {epochs:g} × {each:,} = {steps:,} steps; learning rate {rate:.1e}, reached after {warmup:,} of them; measured {evaluations} times."),
            {
                "rows": rows, "batch": config.batch_size, "epochs": config.epochs, "each": steps(rows, config.batch_size, 1),
                "steps": total, "rate": config.learning_rate, "warmup": math.ceil(config.warmup * total),
                "evaluations": evaluations(config, rows),
            },
        )
    ]  # fmt: skip
    row = PRESETS.get(config.preset)
    if row and (config.epochs, config.batch_size) != (row.values["epochs"], row.values["batch_size"]):
        lines.append(
            (
                N_("It takes {wanted:,} steps or more to learn {classes} labels, so these rows are read more often than usual, or in smaller batches.")
                if size.classes > 1
                else N_("It takes {wanted:,} steps or more to learn such a task, so these rows are read more often than usual, or in smaller batches."),
                {"wanted": fewest_steps(row.steps, size.classes), "classes": size.classes},
            )
        )  # fmt: skip
    if size.keeps_embeddings and config.method == "frozen":
        lines.append(
            (
                N_("The embeddings of {entries:,} pieces stay as they are: they are most of the model, and a step would go through all of them."),
                {"entries": size.vocabulary},
            )
        )  # fmt: skip
    return tuple(lines)


def epochs_for(config: RunConfig, rows: int) -> float:
    """Whole epochs that make TOO_FEW_STEPS steps or more of so many rows, as far as a run may have them."""
    each = steps(min(rows, config.limit or rows), config.batch_size, 1)
    return min(float(math.ceil(TOO_FEW_STEPS / each)), PARAMETERS["epochs"].maximum)


def chosen_by(best: tuple[str, ...], validation: int) -> tuple[str, ...]:
    """The METRICS ids that the best state of a run is chosen by: the task's own, but the loss where few rows are measured."""
    return BY_LOSS if validation < FEW_VALIDATION_ROWS and "loss" in best else best


def rank_by_loss(loss: float, before: float | None, share: float) -> tuple[float, float]:
    """What a state is ranked by where few rows are measured, the highest the best: its loss, averaged with that of the state before.

    Of few rows one loss is low by chance; two in a row seldom are. Where labels are wrong, the loss is lowest before a model is sure of
    anything: states of the first half of the steps count only among themselves. before: None for the first state; share: of the steps.
    """
    return float(share >= SECOND_HALF), -(loss + (loss if before is None else before)) / 2


def too_little(
    config: RunConfig, rows: int, validation: int, rare: Mapping[str, int], best: tuple[str, ...] = ("loss",)
) -> tuple[Note, ...]:
    """What there is too little of for a result to be trusted: sentences (marked for translation) with their values.

    rows, validation: to train on and to choose the best state by. rare: label → its rows, of those that have few. best: as `chosen_by` says.
    """
    found: list[Note] = []
    made = steps(min(rows, config.limit or rows), config.batch_size, config.epochs)
    if made < TOO_FEW_STEPS:
        epochs = epochs_for(config, rows)
        found.append(
            (
                plural(N_("{steps} step is too few to learn from: choose more epochs ({epochs:g} would do), or a smaller batch."), N_("{steps} steps are too few to learn from: choose more epochs ({epochs:g} would do), or a smaller batch."), made),
                {"steps": made, "epochs": epochs},
            )
            if epochs > config.epochs
            else (plural(N_("{steps} step is too few to learn from, and so few rows are only learnt by heart: add rows."), N_("{steps} steps are too few to learn from, and so few rows are only learnt by heart: add rows."), made), {"steps": made})
        )  # fmt: skip
    if validation < FEW_VALIDATION_ROWS:
        found.append(
            (
                N_("Validation rows: {rows}. So few make the figures rough, and small differences between runs mean nothing. More rows help most."),
                {"rows": validation},
            )
            if validation and "loss" not in best
            else (
                plural(N_("With {rows} validation row an accuracy can be {points:.0f} points off by chance: the best state is that of the lowest loss in the second half of the run, and small differences between runs mean nothing. More labelled rows help most."), N_("With {rows} validation rows an accuracy can be {points:.0f} points off by chance: the best state is that of the lowest loss in the second half of the run, and small differences between runs mean nothing. More labelled rows help most."), validation),
                {"rows": validation, "points": 100 * 1.96 * math.sqrt(0.25 / validation)},
            )
            if validation
            else (N_("There are no validation rows: the last state becomes the result, not the best."), {})
        )  # fmt: skip
    if rare:
        found.append(
            (
                N_("Too few rows of some labels to learn them: {labels}. Add rows, leave these labels out, or give rare labels more weight."),
                {"labels": ", ".join(f"{label} ({count})" for label, count in rare.items())},
            )
        )  # fmt: skip
    return tuple(found)


def for_hidden_size(rate: float, hidden_size: int) -> float:
    """A rate that suits small models, a third of it for models of base size and above."""
    return float(f"{rate:.3g}") if hidden_size < 768 else float(f"{rate * 0.3:.0e}")


def suggested_learning_rate(method: str, hidden_size: int, times: float = 1.0) -> float:
    """A learning rate to begin with: the method's own, and a third of it on models of base size and above. times: as Size.rate."""
    return for_hidden_size(times * METHODS[method].learning_rate, hidden_size)
