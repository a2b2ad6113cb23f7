"""TASKS: what a model can be fine-tuned for, one row each.

A row names the head, the columns, the metric that decides which checkpoint is best, and how rows become model
inputs. This module does not know where the rows come from or how training runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from transformers import AutoModelForSequenceClassification, BatchEncoding, PreTrainedTokenizerBase

from core.errors import N_

Columns = Mapping[str, Sequence[str]]


def _classification_inputs(tokenizer: PreTrainedTokenizerBase, columns: Columns, max_length: int) -> BatchEncoding:
    """Token ids of N rows, cut to max_length, not padded. A pair is cut at the longer of its two texts."""
    texts = (list(columns["text"]), list(columns["pair"])) if "pair" in columns else (list(columns["text"]),)
    return tokenizer(*texts, truncation=True, max_length=max_length)


@dataclass(frozen=True)
class Task:
    """One kind of fine-tuning.

    inputs: the text columns in the order the model reads them. head: the transformers class that adds the head.
    metric: the Evaluation field that picks the best checkpoint. prepare(tokenizer, columns, max_length): rows → inputs.
    """

    id: str
    title: str
    help: str
    inputs: tuple[str, ...]
    head: type
    metric: str
    prepare: Callable[[PreTrainedTokenizerBase, Columns, int], BatchEncoding]


TASKS: dict[str, Task] = {
    row.id: row
    for row in (
        Task(
            "text-classification",
            N_("Text classification"),
            N_("One text, one label out of two or more: sentiment, topic, spam, intent."),
            ("text",),
            AutoModelForSequenceClassification,
            "macro_f1",
            _classification_inputs,
        ),
        Task(
            "pair-classification",
            N_("Sentence-pair classification"),
            N_("Two texts, one label: paraphrase or not, entailment, does this answer that question."),
            ("text", "pair"),
            AutoModelForSequenceClassification,
            "macro_f1",
            _classification_inputs,
        ),
    )
}
