"""METRICS: every number that is measured, one row each, and the intervals that belong to it.

A row says what a page, a table, a model card and the choice of the best checkpoint must know of a number: its name, which
way is better, its unit and how it is written. This module does not know what is measured, by which model or on which data.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import N_
from core.results import Measure

BY_LOSS = ("loss",)  # METRICS ids that the best state is chosen by where few rows are measured
Z_95 = 1.959963984540054  # the normal distribution's 97.5% quantile
BINS = 15
RESAMPLES = 1000


@dataclass(frozen=True)
class Metric:
    """One number that is measured.

    better: which way. unit: of an axis; metrics of one unit share an axis. form: how the value is written. best: the highest value, of one
    whose values have an end.
    """

    id: str
    title: str
    help: str
    better: Literal["higher", "lower", "neither"]
    unit: str
    form: str = "{:.3f}"
    best: float = 1.0

    def write(self, value: float | None) -> str:
        """The value as a page shows it; "–" where there is none."""
        return "–" if value is None else self.form.format(value)


METRICS: dict[str, Metric] = {
    row.id: row
    for row in (
        Metric("accuracy", N_("Accuracy"), N_("Fraction of right answers."), "higher", "fraction"),
        Metric(
            "macro_f1",
            N_("Macro-F1"),
            N_("Mean of the F1 of all classes, so that small classes count as much as large ones."),
            "higher",
            "fraction",
        ),
        Metric(
            "micro_f1",
            N_("Micro-F1"),
            N_("Harmonic mean of precision and recall over all labels of all texts, so that frequent labels count most."),
            "higher",
            "fraction",
        ),
        Metric(
            "subset_accuracy",
            N_("Exact matches"),
            N_("Fraction of the texts that get all of their labels and no other (subset accuracy)."),
            "higher",
            "fraction",
        ),
        Metric(
            "entity_f1",
            N_("Entity F1"),
            N_("Harmonic mean of precision and recall of entities: both the words and the type must be right."),
            "higher",
            "fraction",
        ),
        Metric("entity_precision", N_("Precision"), N_("Fraction of the entities found that are right."), "higher", "fraction"),
        Metric(
            "answer_f1",
            N_("Answer F1"),
            N_("Mean over the questions of the F1 of the answer's words; where there is no answer, 1 for saying so (SQuAD)."),
            "higher",
            "fraction",
        ),
        Metric(
            "exact_match",
            N_("Exact match"),
            N_("Fraction of questions answered with exactly the right words, or rightly not at all (SQuAD)."),
            "higher",
            "fraction",
        ),
        Metric(
            "chrf",
            "chrF",
            N_("How many runs of one to six characters the written texts and their targets share, case and spaces aside: 100 when they are the same (sacrebleu)."),
            "higher",
            N_("points of 100"),
            "{:.1f}",
            100.0,
        ),
        Metric(
            "bleu",
            "BLEU",
            N_("How many runs of one to four words (Chinese: characters) of the written texts stand in their targets, case aside: 100 when they are the same (sacrebleu)."),
            "higher",
            N_("points of 100"),
            "{:.1f}",
            100.0,
        ),
        Metric(
            "rouge_l",
            "ROUGE-L",
            N_("F1 of the longest sequence of words (Chinese: characters) that a written text and its target have in the same order, mean over the rows."),
            "higher",
            "fraction",
        ),
        Metric(
            "same_text",
            N_("Exact match"),
            N_("Fraction of the rows whose written text is the target, case and spaces aside."),
            "higher",
            "fraction",
        ),
        Metric(
            "recall_1",
            "Recall@1",
            N_("Fraction of the questions whose right passage comes first."),
            "higher",
            "fraction",
        ),
        Metric(
            "recall_10",
            "Recall@10",
            N_("Fraction of the questions whose right passage is among the first ten."),
            "higher",
            "fraction",
        ),
        Metric(
            "mrr_10",
            "MRR@10",
            N_("Mean reciprocal rank: the mean of 1 / rank of the right passage, 0 where it is not among the first ten."),
            "higher",
            "fraction",
        ),
        Metric(
            "ndcg_10",
            "nDCG@10",
            N_("Normalised discounted cumulative gain: like MRR, with the rank discounted more gently, over the first ten."),
            "higher",
            "fraction",
        ),
        Metric("entity_recall", N_("Recall"), N_("Fraction of the true entities that are found."), "higher", "fraction"),
        Metric(
            "spearman",
            "Spearman",
            N_("Rank correlation of predicted and true scores: 1 when they are in the same order, 0 when they have nothing to do with each other."),
            "higher",
            N_("correlation"),
        ),
        Metric(
            "pearson",
            "Pearson",
            N_("Correlation of predicted and true scores: 1 when they lie on a straight line that rises."),
            "higher",
            N_("correlation"),
        ),
        Metric("mae", N_("Mean absolute error"), N_("How far a score is off on average, in the data's own units."), "lower", N_("score")),
        Metric(
            "mse",
            N_("Mean squared error"),
            N_("Mean of the squared differences between predicted and true scores: large mistakes count most."),
            "lower",
            N_("squared score"),
        ),
        Metric(
            "loss",
            N_("Loss"),
            N_("Mean negative log-likelihood of the right answers, in nats: 0 is perfect."),
            "lower",
            "nats",
            "{:.4f}",
        ),
        Metric(
            "ece",
            N_("Calibration error"),
            N_("Expected calibration error: how far confidence and accuracy lie apart on average. 0 is perfect."),
            "lower",
            "gap",
        ),
        Metric(
            "top5",
            N_("Among the five likeliest"),
            N_("How often the masked token is among the five that the model finds likeliest."),
            "higher",
            "fraction",
        ),
        Metric(
            "perplexity",
            N_("Perplexity"),
            N_("exp(loss): among how many equally likely tokens the model hesitates. Compare it only where the vocabulary is the same."),
            "lower",
            "tokens",
            "{:,.1f}",
        ),
    )
}  # fmt: skip


def key(metrics: Mapping[str, Measure], ids: Sequence[str]) -> tuple[float, ...]:
    """What an evaluation is ranked by: the named metrics in order, the highest the best. Ties are for the next one to break."""
    return tuple(-metrics[name].value if METRICS[name].better == "lower" else metrics[name].value for name in ids)


def wilson(correct: int, n: int) -> Measure:
    """A fraction with its 95% score interval (Wilson 1927), which stays inside 0 and 1 and holds for small n."""
    fraction = correct / n
    centre = (fraction + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    half = Z_95 / (1 + Z_95**2 / n) * np.sqrt(fraction * (1 - fraction) / n + Z_95**2 / (4 * n**2))
    return Measure(fraction, max(0.0, float(centre - half)), min(1.0, float(centre + half)))


@dataclass(frozen=True)
class Disagreement:
    """Two models on the same n examples: how many only the first and only the second answers rightly, and how easily chance does so.

    p: two-sided, of an exact binomial test (McNemar 1947): the probability of a split at least as uneven if both models were
    equally often right.
    """

    n: int
    first: int
    second: int
    p: float


def mcnemar(first: str, second: str) -> Disagreement:
    """Compare two models by `Evaluation.right` on the same rows. Raises ValueError when they are not as many."""
    from scipy.stats import binomtest  # here: most pages never need it

    only_first = sum(a > b for a, b in zip(first, second, strict=True))
    only_second = sum(a < b for a, b in zip(first, second, strict=True))
    differ = only_first + only_second
    return Disagreement(
        len(first), only_first, only_second, float(binomtest(only_first, differ).pvalue) if differ else 1.0
    )


def bootstrap(
    rows: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], multiplicity: np.ndarray | None = None
) -> Measure:
    """A statistic of N examples with its 95% percentile bootstrap interval (Efron 1979), the same at every call.

    rows: (N, K), what each example adds to the K sums that the statistic is made of; multiplicity: (N,), how often each row
    occurs, once where it is left out. statistic: sums (R, K) → values (R,). Drawing N examples with replacement is one
    multinomial draw of how often each row is drawn. Without bounds where all draws agree, as they do where nothing was wrong:
    a bootstrap of equal examples knows nothing of others.
    """
    if multiplicity is None:
        rows, multiplicity = np.unique(rows, axis=0, return_counts=True)
    n = int(multiplicity.sum())
    resamples = np.random.default_rng(0).multinomial(n, multiplicity / n, size=RESAMPLES).astype(float)
    low, high = np.quantile(statistic(resamples @ rows), (0.025, 0.975))
    value = float(statistic((multiplicity @ rows)[None].astype(float))[0])
    return Measure(value) if low == high else Measure(value, float(low), float(high))


def mean(values: np.ndarray) -> Measure:
    """The mean of N values with its bootstrap interval."""
    rows = np.stack([values, np.ones_like(values)], axis=1)
    return bootstrap(rows, lambda sums: sums[:, 0] / sums[:, 1])


def macro_f1(confusion: np.ndarray) -> Measure:
    """Macro-F1 of a C × C confusion matrix with its bootstrap interval over the examples."""
    rows, columns = np.nonzero(confusion)
    classes = np.arange(len(confusion))
    is_true = (rows[:, None] == classes).astype(float)
    is_predicted = (columns[:, None] == classes).astype(float)
    cells = np.concatenate((is_true, is_predicted, is_true * is_predicted), axis=1)

    def macro(sums: np.ndarray) -> np.ndarray:
        """(R, 3C) counts of truth, predictions and hits → (R,) macro-F1."""
        truth, prediction, hits = np.split(sums, 3, axis=1)
        occurs = truth + prediction
        scores = np.divide(2 * hits, occurs, out=np.zeros_like(occurs), where=occurs > 0)
        result: np.ndarray = scores.sum(axis=1) / (occurs > 0).sum(axis=1)
        return result

    return bootstrap(cells, macro, confusion[rows, columns])


def calibration(confidence: np.ndarray, right: np.ndarray) -> tuple[float, tuple[tuple[float, float, int], ...]]:
    """Expected calibration error and, per non-empty bin, (mean confidence, accuracy, count).

    confidence: (N,) top probabilities; right: (N,) booleans. 15 equal bins (m−1)/15 < confidence ≤ m/15, each weighted
    by its fraction of the examples (Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3).
    """
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    reliability = []
    error = 0.0
    for index in np.unique(bins):
        inside = bins == index
        mean, accuracy, count = float(confidence[inside].mean()), float(right[inside].mean()), int(inside.sum())
        reliability.append((mean, accuracy, count))
        error += count / len(confidence) * abs(mean - accuracy)
    return error, tuple(reliability)
