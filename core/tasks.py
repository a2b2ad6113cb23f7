"""TASKS: what a model can be trained for, one row each.

A row names the head, the columns, the metric that decides which checkpoint is best, and how rows become model
inputs. Tasks whose source brings no labels are those that BERT was pre-trained on: they make their own questions. This
module does not know where the rows come from or how training runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from transformers import (
    AutoModelForMaskedLM,
    AutoModelForNextSentencePrediction,
    AutoModelForSequenceClassification,
    BatchEncoding,
    PreTrainedTokenizerBase,
)

from core.errors import N_

Columns = Mapping[str, Sequence[str]]


def _classification_inputs(tokenizer: PreTrainedTokenizerBase, columns: Columns, max_length: int) -> BatchEncoding:
    """Token ids of N rows, cut to max_length, not padded. A pair is cut at the longer of its two texts."""
    texts = (list(columns["text"]), list(columns["pair"])) if "pair" in columns else (list(columns["text"]),)
    return tokenizer(*texts, truncation=True, max_length=max_length)


def _blocks(tokenizer: PreTrainedTokenizerBase, columns: Columns, max_length: int) -> BatchEncoding:
    """Token ids of documents, cut into blocks of max_length from beginning to end, special tokens around each.

    Nothing is lost, and a block never joins two documents; the last of each document is what is left of it.
    """
    return tokenizer(
        list(columns["text"]), truncation=True, max_length=max_length, return_overflowing_tokens=True, verbose=False
    )


@dataclass(frozen=True)
class Task:
    """One kind of training.

    inputs: the text columns in the order the model reads them. columns: what the source must bring; no label means that
    the task finds its own answers in the texts. head: the transformers class that adds the head. metric: the field of
    its evaluation that picks the best checkpoint. prepare(tokenizer, columns, max_length): rows → inputs.
    """

    id: str
    title: str
    help: str
    inputs: tuple[str, ...]
    columns: tuple[str, ...]
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
            ("text", "label"),
            AutoModelForSequenceClassification,
            "macro_f1",
            _classification_inputs,
        ),
        Task(
            "pair-classification",
            N_("Sentence-pair classification"),
            N_("Two texts, one label: paraphrase or not, entailment, does this answer that question."),
            ("text", "pair"),
            ("text", "pair", "label"),
            AutoModelForSequenceClassification,
            "macro_f1",
            _classification_inputs,
        ),
        Task(
            "masked-language-modelling",
            N_("Masked language modelling"),
            N_(
                "Texts without labels: 15 % of the tokens are chosen, most of these are masked, and the model learns to say what stood there."
            ),
            ("text",),
            ("text",),
            AutoModelForMaskedLM,
            "loss",
            _blocks,
        ),
        Task(
            "next-sentence-prediction",
            N_("Next sentence prediction"),
            N_(
                "Documents without labels: of two sentences the model learns to say whether the second followed the first."
            ),
            ("text", "pair"),
            ("text",),
            AutoModelForNextSentencePrediction,
            "accuracy",
            _classification_inputs,
        ),
    )
}
