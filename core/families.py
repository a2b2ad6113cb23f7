"""FAMILIES and HEADS: what differs between encoder families, and what can stand on top of an encoder.

This module does not know which models there are, nor how one is loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from transformers import (
    AutoModelForMaskedLM,
    AutoModelForNextSentencePrediction,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

from core.errors import N_


@dataclass(frozen=True)
class Family:
    """What differs between encoder families.

    segments: it has token_type embeddings. position_offset: the position id of the first token (RoBERTa counts from
    padding_idx + 1). word_start: how its tokenizer marks a token's place: "##" marks continuations (WordPiece),
    "Ġ" or "▁" mark word starts. telltales: HEADS id → a weight that only checkpoints with this head hold; a pre-training task
    that is left out is unknown to the family. projection: where in a layer the linear map W^O stands, which mixes the heads'
    outputs.
    """

    model_type: str
    segments: bool
    position_offset: int
    word_start: str
    telltales: Mapping[str, str]
    projection: str = "attention.output.dense"


FAMILIES: dict[str, Family] = {
    row.model_type: row
    for row in (
        Family("bert", True, 0, "##", {"mlm": "cls.predictions.transform.dense.weight", "nsp": "cls.seq_relationship.weight"}),
        Family("distilbert", False, 0, "##", {"mlm": "vocab_transform.weight"}, "attention.out_lin"),
        Family("electra", True, 0, "##", {"mlm": "generator_predictions.dense.weight"}),
        Family("albert", True, 0, "▁", {"mlm": "predictions.dense.weight"}, "attention.dense"),
        Family("roberta", False, 2, "Ġ", {"mlm": "lm_head.dense.weight"}),
        Family("xlm-roberta", False, 2, "▁", {"mlm": "lm_head.dense.weight"}),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Head:
    """What can stand on top of an encoder.

    auto: the transformers class that puts it there; suffix: how the architectures that have it end. new: whether a training
    makes a new one — always (its labels are those of the data), missing (only where the checkpoint has none and the family
    can have one) or never. settings: values of the model's configuration that belong to it. missing: what is said of a model
    without one.
    """

    id: str
    auto: type
    suffix: str
    new: Literal["always", "missing", "never"]
    missing: str
    settings: Mapping[str, object] = field(default_factory=dict)


HEADS: dict[str, Head] = {
    row.id: row
    for row in (
        Head(
            "classifier",
            AutoModelForSequenceClassification,
            "ForSequenceClassification",
            "always",
            N_("'{name}' has no classifier: it is a pre-trained encoder that must be fine-tuned first"),
            {"problem_type": "single_label_classification"},
        ),
        Head(
            "tagger",
            AutoModelForTokenClassification,
            "ForTokenClassification",
            "always",
            N_("'{name}' tags no words: it is a pre-trained encoder that must be fine-tuned first"),
        ),
        Head(
            "mlm",
            AutoModelForMaskedLM,
            "ForMaskedLM",
            "never",
            N_("'{name}' has no head for masked language modelling; minilm, which comes with the studio, has one"),
        ),
        Head(
            "nsp",
            AutoModelForNextSentencePrediction,
            "ForNextSentencePrediction",
            "missing",
            N_("'{name}' has no head for next sentence prediction; minilm, which comes with the studio, has one"),
        ),
    )
}
