"""Scoring: one number for a text or for a pair of texts, by regression.

The head learns standardised scores (mean 0, deviation 1), whatever the data's units are; when it is saved, the way back to these
units goes into its weights, so that plain transformers answers in them. Trained with the squared error. This module does not know
what a score means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from transformers import DataCollatorWithPadding, PreTrainedModel, PreTrainedTokenizerBase

from core import batches
from core.batches import Report
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.data.scored import range_of
from core.errors import N_
from core.results import Evaluation, Prediction
from core.tasks import score_ways
from core.tasks.base import LIVE_ROWS, Card, Goal, Rows, Task, check_finite, input_columns, sample
from core.tasks.score_examples import pair_example, text_example
from core.tasks.scores import Scores, as_samples, band_table, measure

SAMPLES = 5
SAMPLE_CHARS = 500


@dataclass(frozen=True)
class Scored(Prediction):
    """A score, and the scale of the data that the model learnt from; None where the model does not say it."""

    score: float
    low: float | None
    high: float | None


class InUnits(nn.Module):
    """A head's last layer, which learns standardised scores and answers in the data's units.

    standard: (…, D) → (…, 1) in deviations from the mean. A new layer, whose bias is 0, begins at the mean; one that was trained
    before keeps its answers.
    """

    def __init__(self, standard: nn.Linear, mean: float, deviation: float) -> None:
        super().__init__()
        self.standard = standard
        self.mean = mean
        self.deviation = deviation
        with torch.no_grad():
            if bool(standard.bias.any()):
                standard.weight /= deviation
                standard.bias.sub_(mean).div_(deviation)

    def forward(self, x: Tensor) -> Tensor:
        """x: (…, D); answers in float32, since the mean may be large beside what bfloat16 tells apart."""
        result: Tensor = self.standard(x).float() * self.deviation + self.mean
        return result

    def merged(self) -> nn.Linear:
        """The ordinary layer that answers the same."""
        with torch.no_grad():
            self.standard.weight *= self.deviation
            self.standard.bias.mul_(self.deviation).add_(self.mean)
        return self.standard


class Scoring(Goal):
    """One number for each text or pair."""

    task: ClassVar[str] = "text-scoring"

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, labels: tuple[str, ...], max_length: int, **options: Any
    ) -> None:
        super().__init__(tokenizer, labels, max_length, **options)
        self.deviation = 1.0  # of the scores that are learnt

    def rows(self, dataset: TextDataset, report: Report, chosen: np.ndarray | None = None) -> Rows:
        """One feature for each row, with its score."""
        split = dataset.splits["train"] if chosen is None else dataset.splits["train"].select(chosen)
        features, truncated = batches.encode(self.tokenizer, dataset.texts(split), self.max_length, report)
        scores = split["score"]
        return Rows([{**row, "labels": scores[i]} for i, row in enumerate(features)], truncated)

    def collate(self, features: Sequence[Mapping[str, Any]], epoch: int) -> dict[str, Any]:
        """Padded to the longest row."""
        return dict(DataCollatorWithPadding(self.tokenizer)([dict(row) for row in features]))

    def loss(self, model: nn.Module, batch: Mapping[str, Tensor], weights: Tensor | None = None) -> Tensor:
        """The mean squared error in squared deviations of the scores: 1 is what their mean costs."""
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        errors = model(**inputs).logits[:, 0].float() - batch["labels"].float()
        return (errors / self.deviation).square().mean()

    def begin(self, model: PreTrainedModel, rows: Rows) -> None:
        """Have the head learn standardised scores."""
        scores = np.array([row["labels"] for row in rows.features])
        self.deviation = float(scores.std()) or 1.0
        parent, name, layer = _last_layer(model)
        setattr(parent, name, InUnits(layer, float(scores.mean()), self.deviation))

    def finish(self, model: PreTrainedModel) -> None:
        """Put the data's units into the head's own weights."""
        for parent in list(model.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, InUnits):
                    setattr(parent, name, child.merged())

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
        """Correlations and errors in the data's units."""
        n = len(dataset.splits[split]) if split in dataset.splits else 0
        if not n:
            return None
        rows = dataset.splits[split]
        if live:
            rows = rows.select(sample(n, LIVE_ROWS, self.seed if split == "validation" else 0))
        columns = dataset.texts(rows)
        features, _ = batches.encode(self.tokenizer, columns, self.max_length, report)
        predicted = self._scores(model, features, 64, report, autocast=autocast)
        return measure(self.task, np.array(rows["score"], dtype=float), predicted, columns)

    def samples(self, evaluation: Evaluation) -> list[Mapping[str, object]]:
        """The rows whose score is furthest off."""
        return [*as_samples(evaluation, SAMPLES, SAMPLE_CHARS)]

    def predict(
        self, model: PreTrainedModel, inputs: Mapping[str, Sequence[str]], report: Report | None = None
    ) -> tuple[Scored, ...]:
        """The score of each input."""
        rows, truncated = batches.encode(self.tokenizer, inputs, self.max_length, report)
        scores = self._scores(model, rows, self.batch_size, report, autocast=False)
        low, high = range_of(self.labels[0]) or (None, None)
        return tuple(
            Scored({role: texts[i] for role, texts in inputs.items()}, bool(truncated[i]), float(scores[i]), low, high)
            for i in range(len(rows))
        )

    def frame(self, predictions: Sequence[Prediction]) -> pd.DataFrame:
        """text, pair (where there are pairs), score, cut."""
        scored = [row for row in predictions if isinstance(row, Scored)]
        columns = input_columns(scored)
        columns["score"] = [row.score for row in scored]
        columns["cut"] = [row.truncated for row in scored]
        return pd.DataFrame(columns)

    def _scores(
        self,
        model: PreTrainedModel,
        rows: Sequence[Mapping[str, Any]],
        batch_size: int,
        report: Report | None,
        *,
        autocast: bool,
    ) -> np.ndarray:
        """Scores, float64 (N,), of tokenised rows."""
        result = np.zeros(len(rows))
        for places, _, output in batches.forward(
            model, self.tokenizer, rows, batch_size=batch_size, report=report, autocast=autocast
        ):
            result[places] = output.logits[:, 0].double().cpu().numpy()
        check_finite(result)
        return result


class PairScoring(Scoring):
    """One number for each pair of texts."""

    task: ClassVar[str] = "pair-scoring"


def _last_layer(model: PreTrainedModel) -> tuple[nn.Module, str, nn.Linear]:
    """The linear layer that a model's answers come from, the module that it belongs to, and its name there."""
    inside = model.base_model_prefix + "."
    linear = [
        name for name, part in model.named_modules() if isinstance(part, nn.Linear) and not name.startswith(inside)
    ]
    parent, _, name = linear[-1].rpartition(".")
    layer = model.get_submodule(linear[-1])
    assert isinstance(layer, nn.Linear)
    return model.get_submodule(parent), name, layer


def _use(given: str) -> str:
    return (
        "from transformers import pipeline\n\n"
        'score = pipeline("text-classification", "path/to/this/folder", function_to_apply="none")\n'
        f"print(score({given}, truncation=True))"
    )


FACTS = {
    "deviation": "Standard deviation of the true scores",
    "mean_error": "Mean absolute error of always answering their mean",
}
TEXT = Task(
    id=Scoring.task,
    title=N_("Text scoring"),
    help=N_("One text, one number on a scale: stars, a grade, how urgent or how difficult."),
    layout=LAYOUTS["text-score"],
    head="regressor",
    goal=Scoring,
    metrics=("spearman", "pearson", "mae", "mse"),
    best=("mse",),
    gives=frozenset({"score"}),
    counts=(N_("{n:,} text"), N_("{n:,} texts")),
    detail=Scores,
    pipeline="text-classification",
    table=band_table,
    word_counts=score_ways.word_counts,
    counted_by=N_("TF-IDF with ridge regression"),
    beside=(score_ways.MEAN, score_ways.LENGTH),
    loss_title=N_("Mean squared error (in squared deviations of the scores)"),
    card=Card(
        "A scorer of texts",
        "fine-tuned",
        "one text and answers with a number, the {labels}.",
        _use('"your text"'),
        FACTS,
    ),
    example=text_example,
)
PAIR = Task(
    id=PairScoring.task,
    title=N_("Sentence-pair scoring"),
    help=N_("Two texts, one number on a scale: how similar they are, how well one answers the other."),
    layout=LAYOUTS["pair-score"],
    head="regressor",
    goal=PairScoring,
    metrics=TEXT.metrics,
    best=TEXT.best,
    gives=TEXT.gives,
    counts=(N_("{n:,} pair of texts"), N_("{n:,} pairs of texts")),
    detail=Scores,
    pipeline="text-classification",
    table=band_table,
    word_counts=score_ways.word_counts,
    counted_by=TEXT.counted_by,
    beside=(*TEXT.beside, score_ways.COSINE),
    loss_title=TEXT.loss_title,
    card=Card(
        "A scorer of pairs of texts",
        "fine-tuned",
        "two texts and answers with a number, the {labels}.",
        _use('{"text": "the first text", "text_pair": "the second text"}'),
        FACTS,
    ),
    example=pair_example,
)
