"""Does pre-training on texts of the field help? Few labels, from one and the same encoder before and after it read such texts.

Domain-adaptive pre-training (Gururangan et al. 2020): the pre-training goes on with film reviews whose labels nobody looks
at; then the model before and after it learn from the same few labelled sentences, with several seeds each. The sentences come
from another source than the reviews, so that no test sentence was read before. Reading starts from the encoder that belongs
to the bundled head for masked language modelling. That is not the published encoder, which was tuned for sentence vectors:
what lies between these two is not the reading's doing, so the published one is a third contender. The head read 14,000 reviews
when it was made, among them more than half of those read here: the question is whether reading on helps. Each run keeps the best
of its epochs, chosen on all validation sentences, so it sees more labels than those it learns from. This module names the runs
and reads their reports; it starts none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import fmean, stdev

from scipy.stats import t

from core.results import Measure, RunConfig, RunReport
from core.runs import Run

BASE = "minilm"
LABELS = (100, 500)
SEEDS = (0, 1, 2)
CONTENDERS = ("plain", "unread", "adapted")


def pretraining(limit: int = 2000) -> RunConfig:
    """Pre-training goes on with this many unlabelled reviews."""
    return RunConfig(
        BASE, "imdb", "masked-language-modelling", name="adaptive: reviews", preset="custom", epochs=1.0, batch_size=16,
        learning_rate=1e-4, max_length=128, limit=limit, evaluations=4,
    )  # fmt: skip


def start() -> RunConfig:
    """The model that the reading starts from, as a run: it reads so little, so slowly, that no weight moves by more than some
    millionths (AdamW moves one by at most about the learning rate a step)."""
    return replace(pretraining(100), name="adaptive: before the reading", learning_rate=1e-7, evaluations=1)


def fine_tuning(contender: str, model: str, labels: int, seed: int) -> RunConfig:
    """One run on a few labels. model: what it begins with."""
    return RunConfig(
        model, "rotten_tomatoes", name=f"adaptive: {contender}, {labels} labels, seed {seed}", preset="custom", epochs=10.0,
        batch_size=16, learning_rate=1e-4, max_length=64, limit=labels, evaluations=1, seed=seed,
    )  # fmt: skip


def fine_tunings(contender: str, model: str) -> tuple[RunConfig, ...]:
    """Every number of labels with every seed, from one model."""
    return tuple(fine_tuning(contender, model, labels, seed) for labels in LABELS for seed in SEEDS)


def newest(runs: Sequence[Run], config: RunConfig) -> Run | None:
    """The newest of these runs (newest first) that was asked for exactly this and neither failed nor was stopped."""
    return next(
        (run for run in runs if run.config == config and run.state.status in ("queued", "running", "finished")), None
    )


@dataclass(frozen=True)
class Outcome:
    """Test accuracies with one number of labels: contender → one for each seed that is done, and their means.

    means: with a 95% interval (Student's t, n − 1 degrees of freedom) over seeds, from two seeds on. difference: the mean of
    adapted − unread over the seeds that both have, with its interval, None with fewer than two; it may lie below 0.
    """

    labels: int
    accuracies: Mapping[str, Mapping[int, float]]
    means: Mapping[str, Measure]
    difference: Measure | None


def mean_interval(values: Sequence[float]) -> Measure:
    """The mean of at least two values with the 95% interval of Student's t: mean ± t(0.975, n − 1) · s / √n.

    With few values it may reach beyond what the quantity can be: it knows nothing of bounds.
    """
    mean = fmean(values)
    reach = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / sqrt(len(values))
    return Measure(mean, mean - reach, mean + reach)


def outcome(labels: int, reports: Mapping[str, Mapping[int, RunReport]]) -> Outcome:
    """What the reports of one number of labels say. reports: contender → seed → report."""
    accuracies = {
        name: {
            seed: report.evaluations["test"].metrics["accuracy"].value
            for seed, report in found.items()
            if "test" in report.evaluations
        }
        for name, found in reports.items()
    }
    unread, adapted = (accuracies.get(name, {}) for name in ("unread", "adapted"))
    both = [adapted[seed] - unread[seed] for seed in adapted if seed in unread]
    return Outcome(
        labels,
        accuracies,
        {name: mean_interval(list(found.values())) for name, found in accuracies.items() if len(found) > 1},
        mean_interval(both) if len(both) > 1 else None,
    )
