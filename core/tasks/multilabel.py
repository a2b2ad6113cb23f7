"""Several labels at once: each label is given or not, by itself, so that a text may have many of them or none.

A sigmoid for each label, trained with binary cross-entropy. A label is given from its own threshold on, which is chosen on the
validation rows and stands in the model's configuration. This module does not know what the labels mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import datasets
import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import DataCollatorWithPadding, PretrainedConfig, PreTrainedModel

from core import batches
from core.batches import Report
from core.checkpoints.config import THRESHOLDS
from core.data.dataset import TextDataset
from core.data.label_sets import SHOWN
from core.data.layouts import LAYOUTS
from core.errors import N_
from core.results import Evaluation, Prediction
from core.tables.table import Table, make_table
from core.tasks import tfidf
from core.tasks.base import (
    LIVE_ROWS,
    TELLING,
    Card,
    Goal,
    Lines,
    Rows,
    Task,
    check_finite,
    input_columns,
    read_detail,
    sample,
)
from core.tasks.label_scores import EVEN, LabelSets, choose_thresholds, measure
from core.tasks.labels import match_labels

SAMPLES = 5
SAMPLE_CHARS = 500
MOST_WEIGHT = 10.0  # of a rare label's rows against those that lack it


@dataclass(frozen=True)
class LabelSet(Prediction):
    """The labels of a text; the probability of each label by itself, and the threshold from which on it is given."""

    labels: tuple[str, ...]
    probabilities: Mapping[str, float]
    thresholds: Mapping[str, float]


class MultiLabel(Goal):
    """Any number of labels for each text."""

    task: ClassVar[str] = "multi-label"

    # --- Learning ---

    def rows(self, dataset: TextDataset, report: Report, chosen: np.ndarray | None = None) -> Rows:
        """One feature for each row, with 1 for each label that it has and 0 for each other."""
        split = dataset.splits["train"] if chosen is None else dataset.splits["train"].select(chosen)
        features, truncated = batches.encode(self.tokenizer, dataset.texts(split), self.max_length, report)
        true = has_labels(split, range(len(self.labels)), len(self.labels)).astype(float)
        return Rows([{**row, "labels": true[i].tolist()} for i, row in enumerate(features)], truncated)

    def collate(self, features: Sequence[Mapping[str, Any]], epoch: int) -> dict[str, Any]:
        """Padded to the longest row."""
        inputs = [{name: value for name, value in row.items() if name != "labels"} for row in features]
        batch = dict(DataCollatorWithPadding(self.tokenizer)(inputs))
        return {**batch, "labels": torch.tensor([row["labels"] for row in features], dtype=torch.float32)}

    def loss(self, model: nn.Module, batch: Mapping[str, Tensor], weights: Tensor | None = None) -> Tensor:
        """Binary cross-entropy of each label, in which the rows that have a rare one count more when asked for."""
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        logits = model(**inputs).logits.float()
        return functional.binary_cross_entropy_with_logits(logits, batch["labels"], pos_weight=weights)

    def weights(self, rows: Rows) -> Tensor:
        """For each label the rows without it / the rows with it, within 1 and 10: what a row that has it counts."""
        having = np.array([row["labels"] for row in rows.features]).sum(axis=0)
        weights = (len(rows.features) - having) / np.maximum(having, 1)
        return torch.tensor(np.clip(weights, 1.0, MOST_WEIGHT), dtype=torch.float32)

    def chosen(self, validation: Evaluation | None) -> Mapping[str, object]:
        """The threshold of each label: 0.5 where there were no validation rows to choose it on."""
        if validation is None:
            return {THRESHOLDS: dict.fromkeys(self.labels, EVEN)}
        return {THRESHOLDS: {row.label: row.threshold for row in read_detail(LabelSets, validation).classes}}

    # --- Measuring ---

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
        """F1 over all labels and of each, and how many texts got exactly their labels, with the model's thresholds.

        While training runs there are none yet: those that suit the validation rows best are chosen, on these very rows. Raises
        UserError when the data has labels that the model does not know.
        """
        n = len(dataset.splits[split]) if split in dataset.splits else 0
        if not n:
            return None
        rows = dataset.splits[split]
        if live:
            rows = rows.select(sample(n, LIVE_ROWS, self.seed if split == "validation" else 0))
        columns = dataset.texts(rows)
        true = has_labels(rows, match_labels(self.labels, dataset.label_names), len(self.labels))
        features, _ = batches.encode(self.tokenizer, columns, self.max_length, report)
        probs = self._probabilities(model, features, report, autocast=autocast)
        choosing = live and split == "validation"
        thresholds = choose_thresholds(true, probs) if choosing else thresholds_of(model.config, self.labels)
        return measure(self.task, self.labels, true, probs, thresholds, columns)

    def samples(self, evaluation: Evaluation) -> list[Mapping[str, object]]:
        """The texts with wrong labels that have the highest loss."""
        mistakes = evaluation.detail["mistakes"]
        assert isinstance(mistakes, list)
        return [{**row, "text": row["text"][:SAMPLE_CHARS]} for row in mistakes[:SAMPLES]]

    # --- Answering ---

    def log_odds(self, logits: Tensor, index: int) -> Tensor:
        """A label's own logit, since its probability is the sigmoid of it."""
        return logits[:, index]

    def _probabilities(
        self,
        model: PreTrainedModel,
        rows: Sequence[Mapping[str, Any]],
        report: Report | None,
        *,
        autocast: bool = False,
    ) -> np.ndarray:
        """The probability of each label by itself, float64 (N, C), of tokenised rows."""
        result = np.zeros((len(rows), len(self.labels)))
        for places, _, output in batches.forward(
            model, self.tokenizer, rows, batch_size=self.batch_size, report=report, autocast=autocast
        ):
            result[places] = output.logits.double().sigmoid().cpu().numpy()
        check_finite(result)
        return result

    def predict(
        self, model: PreTrainedModel, inputs: Mapping[str, Sequence[str]], report: Report | None = None
    ) -> tuple[LabelSet, ...]:
        """The labels of each input."""
        rows, truncated = batches.encode(self.tokenizer, inputs, self.max_length, report)
        probs = self._probabilities(model, rows, report)
        thresholds = thresholds_of(model.config, self.labels)
        return tuple(
            LabelSet(
                inputs={role: texts[i] for role, texts in inputs.items()},
                truncated=bool(truncated[i]),
                labels=tuple(self.labels[place] for place in np.flatnonzero(probs[i] >= thresholds)),
                probabilities=dict(zip(self.labels, probs[i].tolist(), strict=True)),
                thresholds=dict(zip(self.labels, thresholds.tolist(), strict=True)),
            )
            for i in range(len(rows))
        )

    def frame(self, predictions: Sequence[Prediction]) -> pd.DataFrame:
        """text, labels with | between them, cut, one probability per label."""
        answers = [row for row in predictions if isinstance(row, LabelSet)]
        columns = input_columns(answers)
        columns["labels"] = [SHOWN.join(row.labels) for row in answers]
        columns["cut"] = [row.truncated for row in answers]
        for label in self.labels if answers else ():
            columns[f"probability of {label}"] = [row.probabilities[label] for row in answers]
        return pd.DataFrame(columns)


def has_labels(rows: datasets.Dataset, numbers: Sequence[int], count: int) -> np.ndarray:
    """Which of `count` labels each row has, bool (N, C). numbers: of the data's labels among these."""
    result = np.zeros((len(rows), count), dtype=bool)
    for place, own in enumerate(rows["labels"]):
        result[place, [numbers[label] for label in own]] = True
    return result


def thresholds_of(config: PretrainedConfig, labels: Sequence[str]) -> np.ndarray:
    """From which probability on a model gives each label, float64 (C,); 0.5 where its configuration does not say."""
    known = config.to_dict().get(THRESHOLDS, {})
    return np.array([known.get(label, EVEN) for label in labels], dtype=float)


def word_counts(task: str, dataset: TextDataset, split: str) -> Evaluation | None:
    """What TF-IDF and a logistic regression for each label reach, with thresholds chosen on validation as the model's are.

    None where nothing can be learnt.
    """
    names, learnt, asked = dataset.label_names, dataset.splits["train"], dataset.splits[split]
    rows = [part for part in (asked, dataset.splits["validation"]) if len(part)]
    texts = [text for part in rows for text in part["text"]]
    everything = range(len(names))
    found = tfidf.independent(dataset.texts(learnt), has_labels(learnt, everything, len(names)), {"text": texts})
    if found is None:
        return None
    probs, validation = found[: len(asked)], found[len(asked) :]
    thresholds = np.full(len(names), EVEN)
    if len(validation):
        thresholds = choose_thresholds(has_labels(rows[-1], everything, len(names)), validation)
    return measure(task, names, has_labels(asked, everything, len(names)), probs, thresholds, dataset.texts(asked))


def label_table(evaluation: Evaluation) -> Lines:
    """Threshold, precision, recall and F1 of each label."""
    rows = [
        (row.label, f"{row.threshold:.3f}", f"{row.precision:.4f}", f"{row.recall:.4f}", f"{row.f1:.4f}", str(row.support))
        for row in read_detail(LabelSets, evaluation).tested
    ]  # fmt: skip
    return (("Label", "Threshold", "Precision", "Recall", "F1", "Texts"), *rows)


def never_found(evaluation: Evaluation) -> tuple[str, ...]:
    """The labels of several texts that none of them was given."""
    rows = read_detail(LabelSets, evaluation).classes
    return tuple(row.label for row in rows if row.support >= TELLING and not row.recall)


TEXTS = (
    ("The parcel came a week late and the box was torn.", "delivery|packaging"),
    ("The parcel came on time.", "delivery"),
    ("Far too expensive for such thin cloth.", "price|quality"),
    ("A fair price.", "price"),
    ("Do you also sell lamps?", ""),
    ("The cloth is strong and well sewn.", "quality"),
    ("The box was far too large for such a small lamp.", "packaging"),
    ("Late again, and expensive too.", "delivery|price"),
    ("The lamp broke after a day.", "quality"),
    ("I live in Leeds.", ""),
    ("It came on time, in a strong box, at a fair price.", "delivery|packaging|price"),
    ("The box was torn and the lamp broken.", "packaging|quality"),
)


def _example() -> Table:
    texts, labels = zip(*TEXTS, strict=True)
    return make_table(["text", "labels"], [texts, labels], len(TEXTS))


MULTI_LABEL = Task(
    id=MultiLabel.task,
    title=N_("Several labels at once"),
    help=N_("One text, any number of labels, or none: what a message is about, what a review praises or blames."),
    layout=LAYOUTS["text-labels"],
    head="labeller",
    goal=MultiLabel,
    metrics=("micro_f1", "macro_f1", "subset_accuracy", "loss"),
    best=("micro_f1", "loss"),
    gives=frozenset({"labels"}),
    counts=(N_("{n:,} text"), N_("{n:,} texts")),
    detail=LabelSets,
    class_weights=True,
    pipeline="text-classification",
    table=label_table,
    word_counts=word_counts,
    never_found=never_found,
    card=Card(
        "A classifier that gives a text several labels at once",
        "fine-tuned",
        "one text and says of each of {n} labels whether it applies: {labels}. Its thresholds were chosen on the validation rows.",
        "import torch\n"
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer\n\n"
        'folder = "path/to/this/folder"\n'
        "model, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)\n"
        'inputs = tokenizer("your text", truncation=True, return_tensors="pt")\n'
        "with torch.inference_mode():\n"
        "    chances = model(**inputs).logits[0].sigmoid().tolist()  # of each label by itself\n"
        "for i, label in model.config.id2label.items():\n"
        '    print(label, chances[i], "yes" if chances[i] >= model.config.thresholds[label] else "no")',
        {"frequent_share": "Exact matches of always giving the most frequent set of labels"},
    ),
    example=_example,
)
