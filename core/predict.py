"""Prediction and evaluation: what a classifier says of texts, and how well it does on labelled ones.

One forward pass serves everything: rows sorted by length, padded only to the longest of their batch, answered in the
order they were given. Measures come with 95 % intervals. This module does not know where a dataset comes from, how the
model was trained, or who looks at the numbers.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core import models
from core.data import TextDataset
from core.errors import UserError
from core.results import ClassScore, Evaluation, Interval, Mistake, Prediction
from core.tasks import TASKS, Columns
from core.tokens import clean, shorten

Z_95 = 1.959963984540054  # the normal distribution's 97.5 % quantile
BINS = 15
RESAMPLES = 1000
TOKENS_PER_BATCH = 16_384
ROWS_PER_TOKENIZER_CALL = 128
MISTAKES = 20
MISTAKE_CHARS = 1_000

NUMBERED_LABEL = re.compile(r"(?:label_)?(\d{1,6})(?:\.0*)?")

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Predictor:
    """A classifier ready to answer. labels: names in the order of its outputs; max_length: tokens it reads, special ones included."""

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    labels: tuple[str, ...]
    max_length: int


def load(name: str, *, allow_path: bool = False) -> Predictor:
    """The classifier `name`, on the GPU when there is one.

    name: a run ("run:ID") or a hub id; with allow_path (the command line) also a run folder or a model folder.
    Raises UserError when there is no such model, it has no trained classifier, or it is not one label out of several.
    """
    model = models.load_classifier(name, allow_path=allow_path)
    labels = models.choices(model.config)
    if not labels:
        raise UserError(
            "'{name}' does not choose one label out of several (it scores {count} independently), which is what the studio predicts",
            name=name,
            count=len(models.labels(model.config)),
        )
    if len(set(labels)) < len(labels):
        raise UserError("'{name}' has two labels of the same name: {labels}", name=name, labels=", ".join(labels))
    if torch.cuda.is_available():
        model.to("cuda")  # type: ignore[arg-type]
    tokenizer = models.load_tokenizer(name, allow_path=allow_path)
    return Predictor(name, model, tokenizer, labels, models.max_length(model.config))


def predict(
    predictor: Predictor,
    texts: Sequence[str],
    pairs: Sequence[str] | None = None,
    *,
    batch_size: int = 32,
    report: Report | None = None,
) -> tuple[Prediction, ...]:
    """What the classifier says of each text (or each text and its pair), in the order given.

    report(done, total) is called after each batch; it may raise Cancelled. Raises UserError for an empty text.
    """
    refuse_empty(texts, pairs)
    columns = {"text": texts} if pairs is None else {"text": texts, "pair": pairs}
    probs, cut = _forward(
        predictor.model, predictor.tokenizer, columns, predictor.max_length, batch_size, report, autocast=False
    )
    best = probs.argmax(axis=1)
    return tuple(
        Prediction(
            text=text,
            pair="" if pairs is None else pairs[i],
            label=predictor.labels[best[i]],
            probability=float(probs[i, best[i]]),
            probabilities=dict(zip(predictor.labels, probs[i].tolist(), strict=True)),
            cut=bool(cut[i]),
        )
        for i, text in enumerate(texts)
    )


def probabilities(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    columns: Columns,
    max_length: int,
    *,
    batch_size: int = 64,
    report: Report | None = None,
    autocast: bool = False,
) -> np.ndarray:
    """Class probabilities, float64 (N, C), of N rows in the order given; each row sums to 1.

    columns: {"text": N texts} or {"text": …, "pair": …}. Texts longer than max_length tokens are cut. batch_size: most
    rows at once; long rows go in smaller batches. A model in training mode is measured in evaluation mode and put back.
    autocast: run in bfloat16 (fast, about three digits); otherwise in the model's own precision.
    report(done, total) is called after each batch; it may raise Cancelled. Raises UserError when the model's answers
    are not finite.
    """
    return _forward(model, tokenizer, columns, max_length, batch_size, report, autocast=autocast)[0]


def refuse_empty(texts: Sequence[str], pairs: Sequence[str] | None) -> None:
    """Raise UserError for a text with nothing in it, ValueError when texts and pairs are not as many."""
    if pairs is not None and len(pairs) != len(texts):
        raise ValueError(f"{len(texts)} texts and {len(pairs)} pairs")
    for column, values in (("text", texts), ("pair", pairs or ())):
        for i, value in enumerate(values):
            if value.strip():
                continue
            if len(values) > 1:
                raise UserError("text {number} is empty; remove it or write something", number=i + 1)
            if column == "pair":
                raise UserError("the second text is empty; this model was asked about a pair of texts")
            raise UserError("the text is empty; write something first")


def _forward(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    columns: Columns,
    max_length: int,
    batch_size: int,
    report: Report | None,
    *,
    autocast: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (N, C) and whether each row was cut (N,)."""
    total = len(columns["text"])
    rows, cut = _encode(tokenizer, columns, max_length, report)
    lengths = np.array([len(row["input_ids"]) for row in rows], dtype=int)
    order = np.argsort(-lengths, kind="stable")  # longest first: memory runs out at once or never
    result = np.zeros((total, len(models.labels(model.config))))
    training = model.training
    model.eval()
    try:
        done = 0
        while done < total:
            size = min(batch_size, max(1, TOKENS_PER_BATCH // int(lengths[order[done]])))
            chosen = order[done : done + size]
            batch = tokenizer.pad([rows[i] for i in chosen], padding_side="right", return_tensors="pt").to(model.device)
            with torch.inference_mode(), torch.autocast(model.device.type, torch.bfloat16, enabled=autocast):
                logits = model(**batch).logits
            result[chosen] = logits.double().softmax(dim=-1).cpu().numpy()
            done += len(chosen)
            if report is not None:
                report(done, total)
    finally:
        model.train(training)
    if not np.isfinite(result).all():
        raise UserError(
            "the model answers with values that are not numbers: its training went astray; train again with a lower learning rate"
        )
    return result, cut


def _encode(
    tokenizer: PreTrainedTokenizerBase, columns: Columns, max_length: int, report: Report | None
) -> tuple[list[dict[str, list[int]]], np.ndarray]:
    """Token ids of N rows, not padded, and whether each was cut (N,). `report` hears of each call so that it can cancel."""
    task = TASKS["pair-classification" if "pair" in columns else "text-classification"]
    total = len(columns["text"])
    rows: list[dict[str, list[int]]] = []
    cut: list[bool] = []
    for start in range(0, total, ROWS_PER_TOKENIZER_CALL):
        if report is not None:
            report(0, total)
        part = {
            name: [
                shorten(tokenizer, clean(value), max_length)
                for value in values[start : start + ROWS_PER_TOKENIZER_CALL]
            ]
            for name, values in columns.items()
        }
        encoded = task.prepare(tokenizer, part, max_length)
        names = [name for name in tokenizer.model_input_names if name in encoded]
        rows += [{name: encoded[name][i] for name in names} for i in range(len(part["text"]))]
        cut += [bool(encoded[i].overflowing) for i in range(len(part["text"]))]
    return rows, np.array(cut, dtype=bool)


def wilson(correct: int, n: int) -> Interval:
    """A share with its 95 % score interval (Wilson 1927), which stays inside 0 and 1 and holds for small n."""
    share = correct / n
    centre = (share + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    half = Z_95 / (1 + Z_95**2 / n) * np.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2))
    return Interval(share, max(0.0, float(centre - half)), min(1.0, float(centre + half)))


def measure(labels: Sequence[str], true: np.ndarray, probs: np.ndarray, columns: Columns) -> Evaluation:
    """Measure answers against the truth.

    true: (N,) class indices; probs: (N, C); columns: the N texts (and pairs), for the list of mistakes.
    Macro-F1 is the mean over the classes that occur in truth or prediction (as scikit-learn's default); its interval
    is a percentile bootstrap over the examples. Raises UserError when N is 0.
    """
    n, classes = len(true), len(labels)
    if n == 0:
        raise UserError("there are no examples to measure")
    true = np.asarray(true, dtype=int)
    predicted = probs.argmax(axis=1)
    confidence = probs.max(axis=1)
    from sklearn.metrics import (
        confusion_matrix,
        precision_recall_fscore_support,
    )  # here: pages that only predict start sooner

    confusion = confusion_matrix(true, predicted, labels=np.arange(classes))
    precision, recall, f1, support = precision_recall_fscore_support(
        true, predicted, labels=np.arange(classes), zero_division=0
    )
    right = predicted == true
    ece, reliability = calibration(confidence, right)
    return Evaluation(
        n=n,
        labels=tuple(labels),
        accuracy=wilson(int(right.sum()), n),
        macro_f1=_macro_f1(confusion),
        loss=float(-np.log(np.clip(probs[np.arange(n), true], np.finfo(float).eps, 1)).mean()),
        classes=tuple(
            ClassScore(label, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
            for i, label in enumerate(labels)
        ),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        ece=ece,
        reliability=reliability,
        majority=float(confusion.sum(axis=1).max() / n),
        mistakes=_mistakes(labels, true, predicted, confidence, columns),
    )


def _macro_f1(confusion: np.ndarray) -> Interval:
    """Macro-F1 of a C × C confusion matrix with its bootstrap interval.

    Drawing N examples with replacement is drawing N cells of the confusion matrix with their frequencies, so the
    resamples are multinomial; only the cells that are not 0 take part.
    """
    rows, columns = np.nonzero(confusion)
    counts = confusion[rows, columns]
    classes = np.arange(len(confusion))
    is_true = (rows[:, None] == classes).astype(float)
    is_predicted = (columns[:, None] == classes).astype(float)

    def macro(cells: np.ndarray) -> np.ndarray:
        """(R, K) counts of the K cells → (R,) macro-F1."""
        truth, prediction, hits = cells @ is_true, cells @ is_predicted, cells @ (is_true * is_predicted)
        occurs = truth + prediction
        scores = np.divide(2 * hits, occurs, out=np.zeros_like(occurs), where=occurs > 0)
        return scores.sum(axis=1) / (occurs > 0).sum(axis=1)

    n = int(counts.sum())
    resamples = np.random.default_rng(0).multinomial(n, counts / n, size=RESAMPLES).astype(float)
    low, high = np.quantile(macro(resamples), (0.025, 0.975))
    return Interval(float(macro(counts[None].astype(float))[0]), float(low), float(high))


def calibration(confidence: np.ndarray, right: np.ndarray) -> tuple[float, tuple[tuple[float, float, int], ...]]:
    """Expected calibration error and, per non-empty bin, (mean confidence, accuracy, count).

    confidence: (N,) top probabilities; right: (N,) booleans. 15 equal bins (m−1)/15 < confidence ≤ m/15, each weighted
    by its share of the examples (Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3).
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


def _mistakes(
    labels: Sequence[str], true: np.ndarray, predicted: np.ndarray, confidence: np.ndarray, columns: Columns
) -> tuple[Mistake, ...]:
    """The most confident wrong answers, texts shortened to what a page can show."""
    wrong = np.flatnonzero(predicted != true)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:MISTAKES]
    return tuple(
        Mistake(
            text=_shorten(columns["text"][i]),
            pair=_shorten(columns["pair"][i]) if "pair" in columns else "",
            true=labels[true[i]],
            predicted=labels[predicted[i]],
            confidence=float(confidence[i]),
        )
        for i in worst.tolist()
    )


def _shorten(text: str) -> str:
    return text if len(text) <= MISTAKE_CHARS else text[: MISTAKE_CHARS - 1] + "…"


def match_labels(model_labels: Sequence[str], data_labels: Sequence[str]) -> tuple[int, ...]:
    """The model's class index for each of the data's labels.

    Names are compared exactly, then without regard to case. Where one side only numbers its classes (0, 1, … or
    LABEL_0, LABEL_1, …), the number is the other side's class index; a model that has only numbers takes named labels
    in their order when there are as many. The data may lack some of the model's labels.
    Raises UserError naming both sides otherwise.
    """
    for key in (str, _fold):
        names = {key(label): i for i, label in enumerate(model_labels)}
        wanted = [key(label) for label in data_labels]
        if len(names) == len(model_labels) and len(set(wanted)) == len(wanted) and set(wanted) <= set(names):
            return tuple(names[label] for label in wanted)
    count = len(model_labels)
    known = [_number(label) for label in model_labels]
    counted = known == list(range(count))
    given = [_number(label) for label in data_labels]
    numbers = tuple(number for number in given if number is not None and number < count)
    if len(set(numbers)) == len(data_labels) and (counted or set(known) == {None}):
        return numbers
    if len(data_labels) == count and counted and set(given) == {None}:
        return tuple(range(count))
    raise UserError(
        "the data's labels ({data}) are not the model's ({model}); use data with the model's labels, or train on this data",
        data=_listed(data_labels),
        model=_listed(model_labels),
    )


def _fold(label: str) -> str:
    return label.strip().casefold()


def _number(label: str) -> int | None:
    """The class number that a label without a name of its own stands for: 1, 1.0, LABEL_1."""
    numbered = NUMBERED_LABEL.fullmatch(_fold(label))
    return int(numbered[1]) if numbered else None


def _listed(labels: Sequence[str]) -> str:
    shown = ", ".join(label[:40] for label in labels[:12])
    return shown if len(labels) <= 12 else f"{shown}, …"


def evaluate(
    predictor: Predictor, dataset: TextDataset, split: str = "test", *, report: Report | None = None
) -> Evaluation:
    """Measure a classifier on one split of a dataset. Classes are listed in the model's order.

    report(done, total) is called after each batch; it may raise Cancelled.
    Raises UserError when the split is empty or the labels of data and model do not match.
    """
    if split not in dataset.splits or len(dataset.splits[split]) == 0:
        raise UserError("'{name}' has no examples in its {split} split", name=dataset.id, split=split)
    rows = dataset.splits[split]
    columns = {name: list(rows[name]) for name in TASKS[dataset.task].inputs}
    return evaluate_rows(predictor, columns, dataset.label_names, np.array(rows["label"]), report=report)


def evaluate_rows(
    predictor: Predictor,
    columns: Columns,
    label_names: Sequence[str],
    true: np.ndarray,
    *,
    report: Report | None = None,
) -> Evaluation:
    """Measure a classifier on N rows. true: (N,) indices into label_names, the data's own labels."""
    indices = np.array(match_labels(predictor.labels, label_names))
    probs = probabilities(predictor.model, predictor.tokenizer, columns, predictor.max_length, report=report)
    return measure(predictor.labels, indices[true], probs, columns)
