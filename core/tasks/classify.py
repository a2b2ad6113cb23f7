"""Classification: one label out of several, for a text or for a pair of texts.

A softmax over the labels, trained with cross-entropy. Besides accuracy and macro-F1 it is measured how far the
probabilities can be believed, which label is taken for which, and where the model was most sure of a wrong answer. This
module does not know what the labels mean, nor how many answers a person will read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import DataCollatorWithPadding, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from core import batches, models
from core.batches import Columns, Report
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.errors import N_, UserError
from core.results import Evaluation, Prediction
from core.tasks import tfidf
from core.tasks.base import (
    LIVE_ROWS,
    Card,
    Goal,
    Rows,
    Task,
    check_finite,
    input_columns,
    sample,
)
from core.tasks.class_examples import pair_example, text_example
from core.tasks.class_scores import Classes, class_table, confused, measure, never_found
from core.tasks.labels import match_labels

SAMPLES = 5
SAMPLE_CHARS = 500


@dataclass(frozen=True)
class Labelled(Prediction):
    """The probability of each label (they sum to 1), and the best of them."""

    label: str
    probability: float
    probabilities: Mapping[str, float]


class Classification(Goal):
    """One label for each text or pair."""

    task: ClassVar[str] = "text-classification"

    @staticmethod
    def labels_of(name: str, config: PretrainedConfig) -> tuple[str, ...]:
        """The labels, of which there must be two, chosen between by a softmax."""
        labels = models.choices(config)
        if not labels:
            raise UserError(
                "'{name}' does not choose one label out of several (it scores {count} independently), which is what this task answers with",
                name=models.title(name),
                count=len(models.labels(config)),
            )
        return labels

    def rows(self, dataset: TextDataset, report: Report, chosen: np.ndarray | None = None) -> Rows:
        """One feature for each row, with its label."""
        split = dataset.splits["train"] if chosen is None else dataset.splits["train"].select(chosen)
        features, truncated = batches.encode(self.tokenizer, dataset.texts(split), self.max_length, report)
        labels = split["label"]
        return Rows([{**row, "labels": labels[i]} for i, row in enumerate(features)], truncated)

    def collate(self, features: Sequence[Mapping[str, Any]], epoch: int) -> dict[str, Any]:
        """Padded to the longest row."""
        return dict(DataCollatorWithPadding(self.tokenizer)([dict(row) for row in features]))

    def loss(self, model: nn.Module, batch: Mapping[str, Tensor], weights: Tensor | None = None) -> Tensor:
        """Cross-entropy, weighted by class when asked for."""
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        return functional.cross_entropy(model(**inputs).logits.float(), batch["labels"], weight=weights)

    def weights(self, rows: Rows) -> Tensor:
        """N / (classes that occur × count): the mean weight of a row is 1."""
        counts = np.bincount([row["labels"] for row in rows.features], minlength=len(self.labels))
        weights = len(rows.features) / (np.maximum(counts, 1) * np.count_nonzero(counts))
        return torch.tensor(weights, dtype=torch.float32)

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
        """Accuracy, macro-F1, loss and calibration, classes in the order of the goal's labels.

        Raises UserError when the data's labels are not the model's.
        """
        n = len(dataset.splits[split]) if split in dataset.splits else 0
        if not n:
            return None
        rows = dataset.splits[split]
        if live:
            rows = rows.select(sample(n, LIVE_ROWS, self.seed if split == "validation" else 0))
        columns = dataset.texts(rows)
        indices = np.array(match_labels(self.labels, dataset.label_names))
        probs = probabilities(model, self.tokenizer, columns, self.max_length, report=report, autocast=autocast)
        return measure(self.task, self.labels, indices[np.array(rows["label"])], probs, columns)

    def samples(self, evaluation: Evaluation) -> list[Mapping[str, object]]:
        """The mistakes it was surest of."""
        mistakes = evaluation.detail["mistakes"]
        assert isinstance(mistakes, list)
        return [
            {**row, "text": row["text"][:SAMPLE_CHARS], "pair": row["pair"][:SAMPLE_CHARS]}
            for row in mistakes[:SAMPLES]
        ]

    def predict(
        self, model: PreTrainedModel, inputs: Mapping[str, Sequence[str]], report: Report | None = None
    ) -> tuple[Labelled, ...]:
        """The label of each input."""
        rows, truncated = batches.encode(self.tokenizer, inputs, self.max_length, report)
        probs = _softmax(model, self.tokenizer, rows, self.batch_size, report, autocast=False)
        best = probs.argmax(axis=1)
        return tuple(
            Labelled(
                inputs={role: texts[i] for role, texts in inputs.items()},
                truncated=bool(truncated[i]),
                label=self.labels[best[i]],
                probability=float(probs[i, best[i]]),
                probabilities=dict(zip(self.labels, probs[i].tolist(), strict=True)),
            )
            for i in range(len(rows))
        )

    def frame(self, predictions: Sequence[Prediction]) -> pd.DataFrame:
        """text, pair (where there are pairs), label, probability, margin over the second label, cut, one probability per label."""
        labelled = [row for row in predictions if isinstance(row, Labelled)]
        columns = input_columns(labelled)
        columns["label"] = [row.label for row in labelled]
        columns["probability"] = [row.probability for row in labelled]
        columns["margin"] = [_margin(row.probabilities) for row in labelled]
        columns["cut"] = [row.truncated for row in labelled]
        for label in self.labels if labelled else ():
            columns[f"probability of {label}"] = [row.probabilities[label] for row in labelled]
        return pd.DataFrame(columns)


def _margin(probabilities: Mapping[str, float]) -> float:
    """How much likelier the best label is than the second."""
    best, second, *_ = sorted(probabilities.values(), reverse=True)
    return best - second


class PairClassification(Classification):
    """One label for each pair of texts."""

    task: ClassVar[str] = "pair-classification"


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

    columns: {"text": N texts} or {"text": …, "pair": …}. Texts longer than max_length tokens are truncated. autocast: run
    in bfloat16 (fast, about three digits). report(done, total) is called after each batch; it may raise Cancelled. Raises
    UserError when the model's answers are not finite.
    """
    rows, _ = batches.encode(tokenizer, columns, max_length, report)
    return _softmax(model, tokenizer, rows, batch_size, report, autocast=autocast)


def _softmax(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Mapping[str, Any]],
    batch_size: int,
    report: Report | None,
    *,
    autocast: bool,
) -> np.ndarray:
    """Class probabilities, float64 (N, C), of tokenised rows."""
    result = np.zeros((len(rows), len(models.labels(model.config))))
    for places, _, output in batches.forward(
        model, tokenizer, rows, batch_size=batch_size, report=report, autocast=autocast
    ):
        result[places] = output.logits.double().softmax(dim=-1).cpu().numpy()
    check_finite(result)
    return result


def word_counts(task: str, dataset: TextDataset, split: str) -> Evaluation | None:
    """What TF-IDF and logistic regression reach on a split with the same training rows; None where nothing can be learnt."""
    learnt, asked = dataset.splits["train"], dataset.splits[split]
    columns = dataset.texts(asked)
    probs = tfidf.probabilities(dataset.texts(learnt), learnt["label"], columns, len(dataset.label_names))
    return None if probs is None else measure(task, dataset.label_names, np.array(asked["label"]), probs, columns)


def _pipeline(given: str) -> str:
    return (
        "from transformers import pipeline\n\n"
        'classify = pipeline("text-classification", "path/to/this/folder")\n'
        f"print(classify({given}, truncation=True))"
    )


FACTS = {"majority": "Accuracy of always answering the most frequent label"}
TEXT = Task(
    id=Classification.task,
    title=N_("Text classification"),
    help=N_("One text, one label out of two or more: sentiment, topic, spam, intent."),
    layout=LAYOUTS["text-label"],
    head="classifier",
    goal=Classification,
    metrics=("accuracy", "macro_f1", "loss", "ece"),
    best=("macro_f1", "loss"),
    gives=frozenset({"label"}),
    counts=(N_("{n:,} text"), N_("{n:,} texts")),
    detail=Classes,
    class_weights=True,
    pipeline="text-classification",
    table=class_table,
    word_counts=word_counts,
    never_found=never_found,
    confused=confused,
    card=Card(
        "A text classifier",
        "fine-tuned",
        "one text and chooses one of {n} labels: {labels}.",
        _pipeline('"your text"'),
        FACTS,
    ),
    example=text_example,
)
PAIR = Task(
    id=PairClassification.task,
    title=N_("Sentence-pair classification"),
    help=N_("Two texts, one label: paraphrase or not, entailment, does this answer that question."),
    layout=LAYOUTS["pair-label"],
    head="classifier",
    goal=PairClassification,
    metrics=TEXT.metrics,
    best=TEXT.best,
    gives=TEXT.gives,
    counts=(N_("{n:,} pair of texts"), N_("{n:,} pairs of texts")),
    detail=Classes,
    class_weights=True,
    pipeline="text-classification",
    table=class_table,
    word_counts=word_counts,
    never_found=never_found,
    confused=confused,
    card=Card(
        "A text classifier",
        "fine-tuned",
        "two texts and chooses one of {n} labels: {labels}.",
        _pipeline('{"text": "the first text", "text_pair": "the second text"}'),
        FACTS,
    ),
    example=pair_example,
)
