"""FAMILIES and HEADS: what differs between encoder families, and what can stand on top of an encoder.

This module does not know which models there are, nor how one is loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForNextSentencePrediction,
    AutoModelForQuestionAnswering,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    EncoderDecoderConfig,
    PretrainedConfig,
)

from core.errors import N_

PAIR = EncoderDecoderConfig.model_type  # of a model of two parts: an encoder that reads and a decoder that writes
POOLING, MEAN = "sentence_pooling", "mean"  # the studio's own setting of an encoder that learnt sentence vectors

# Where a family's weights tell a size of its configuration: setting → (end of a weight's name, axis).
TABLES = {
    "vocab_size": ("embeddings.word_embeddings.weight", 0),
    "max_position_embeddings": ("embeddings.position_embeddings.weight", 0),
}
SEGMENTS = {"type_vocab_size": ("embeddings.token_type_embeddings.weight", 0)}
BERT = TABLES | SEGMENTS | {
    "hidden_size": ("attention.self.query.weight", 0),
    "intermediate_size": ("intermediate.dense.weight", 0),
}  # fmt: skip
READER = "qa_outputs.weight"
NARROW = {"embedding_size": ("embeddings.word_embeddings.weight", 1)}
DISTILBERT = TABLES | {"hidden_size": ("attention.q_lin.weight", 0), "hidden_dim": ("ffn.lin1.weight", 0)}
ALBERT = TABLES | SEGMENTS | NARROW | {
    "hidden_size": ("attention.query.weight", 0),
    "intermediate_size": ("ffn.weight", 0),
}  # fmt: skip


@dataclass(frozen=True)
class Family:
    """What differs between encoder families.

    segments: it has token_type embeddings. after_padding: positions are counted from the padding token's id + 1 (RoBERTa), not
    from 0. word_start: how its tokenizer marks a token's place: "##" marks continuations (WordPiece),
    "Ġ" or "▁" mark word starts. telltales: HEADS id → a weight that only checkpoints with this head hold; a pre-training task
    that is left out is unknown to the family. sizes: setting of the configuration → the weight and axis that tell it. stacks:
    setting that counts layers → what they are called in the names of the weights. projection: where in a layer the linear map
    W^O stands, which mixes the heads' outputs. writes: transformers can make a decoder of it, with attention to an encoder.
    """

    model_type: str
    segments: bool
    after_padding: bool
    word_start: str
    telltales: Mapping[str, str]
    sizes: Mapping[str, tuple[str, int]] = field(default_factory=lambda: BERT)
    stacks: Mapping[str, str] = field(default_factory=lambda: {"num_hidden_layers": "layer"})
    projection: str = "attention.output.dense"
    writes: bool = False

    def position_offset(self, config: PretrainedConfig) -> int:
        """The position id of the first token."""
        return int(config.pad_token_id) + 1 if self.after_padding else 0

    def max_length(self, config: PretrainedConfig) -> int:
        """The longest input, special tokens included, for which the model has position embeddings."""
        return int(config.max_position_embeddings) - self.position_offset(config)


FAMILIES: dict[str, Family] = {
    row.model_type: row
    for row in (
        Family("bert", True, False, "##", {"mlm": "cls.predictions.transform.dense.weight", "nsp": "cls.seq_relationship.weight", "reader": READER}, writes=True),
        Family("distilbert", False, False, "##", {"mlm": "vocab_transform.weight", "reader": READER}, DISTILBERT, projection="attention.out_lin"),
        Family("electra", True, False, "##", {"mlm": "generator_predictions.dense.weight", "reader": READER}, BERT | NARROW, writes=True),
        Family("albert", True, False, "▁", {"mlm": "predictions.dense.weight", "reader": READER}, ALBERT,
               {"num_hidden_groups": "albert_layer_groups", "inner_group_num": "albert_layers"}, "attention.dense"),
        Family("roberta", False, True, "Ġ", {"mlm": "lm_head.dense.weight", "reader": READER}, writes=True),
        Family("xlm-roberta", False, True, "▁", {"mlm": "lm_head.dense.weight", "reader": READER}, writes=True),
    )
}  # fmt: skip


def halves(config: EncoderDecoderConfig) -> tuple[PretrainedConfig, PretrainedConfig]:
    """The configurations of the encoder and the decoder of a pair."""
    return cast(PretrainedConfig, config.encoder), cast(PretrainedConfig, config.decoder)


def reader(config: PretrainedConfig) -> PretrainedConfig:
    """The configuration of the part of a model that reads its input: of a pair the encoder, of any other the whole."""
    return halves(config)[0] if isinstance(config, EncoderDecoderConfig) else config


@dataclass(frozen=True)
class Head:
    """What can stand on top of an encoder.

    auto: the transformers class that puts it there; suffix: how the architectures that have it end. new: whether a training
    makes a new one — always (its labels are those of the data), missing (only where the checkpoint has none and the family
    can have one) or never. settings: values of the model's configuration that belong to it, which tell heads of one class apart.
    single: whether it has one output (True) or several (False); None where it may have either. writes: whether it is a second
    model, a decoder that writes what the encoder has read. bare: whether it is no head at all: the encoder's own vectors are the answer,
    so that any encoder can be asked and can learn; one that learnt says so in its settings. begins: what is said of a new one before its training.
    missing: what is said of a model without one; instead: what is said of a model that has this head where another is needed.
    """

    id: str
    auto: type
    suffix: str
    new: Literal["always", "missing", "never"]
    missing: str
    instead: str
    settings: Mapping[str, object] = field(default_factory=dict)
    single: bool | None = None
    writes: bool = False
    bare: bool = False
    begins: str = N_(
        "{model} with the new, random head that this run started from (seed {seed}). It has learnt nothing: its answer is chance, and another seed gives another one."
    )

    def fits(self, config: PretrainedConfig) -> bool:
        """Whether a configuration has the values that belong to this head, or leaves them open, which an encoder without a head may not."""
        own = config.to_dict()
        unsaid = () if self.bare else (None,)
        if self.single is not None and self.single is not (config.num_labels == 1):
            return False
        return all(own.get(name) in (*unsaid, value) for name, value in self.settings.items())


HEADS: dict[str, Head] = {
    row.id: row
    for row in (
        Head(
            "classifier",
            AutoModelForSequenceClassification,
            "ForSequenceClassification",
            "always",
            N_("'{name}' has no classifier: it is a pre-trained encoder that must be fine-tuned first"),
            N_("'{name}' is a classifier of whole texts: use it for text classification, or fine-tune it for this"),
            {"problem_type": "single_label_classification"},
            single=False,
        ),
        Head(
            "regressor",
            AutoModelForSequenceClassification,
            "ForSequenceClassification",
            "always",
            N_("'{name}' gives no score: it is a pre-trained encoder that must be fine-tuned first"),
            N_("'{name}' answers with one number, a score: use it for text scoring, or fine-tune it for this"),
            {"problem_type": "regression"},
            single=True,
        ),
        Head(
            "labeller",
            AutoModelForSequenceClassification,
            "ForSequenceClassification",
            "always",
            N_("'{name}' scores no labels one by one: it is a pre-trained encoder that must be fine-tuned first"),
            N_("'{name}' scores each label by itself: use it for several labels at once, or fine-tune it for this"),
            {"problem_type": "multi_label_classification"},
        ),
        Head(
            "tagger",
            AutoModelForTokenClassification,
            "ForTokenClassification",
            "always",
            N_("'{name}' tags no words: it is a pre-trained encoder that must be fine-tuned first"),
            N_(
                "'{name}' tags words, it does not judge whole texts: use it for named entities, or fine-tune it for this"
            ),
        ),
        Head(
            "reader",
            AutoModelForQuestionAnswering,
            "ForQuestionAnswering",
            "missing",
            N_("'{name}' answers no questions: it is a pre-trained encoder that must be fine-tuned first"),
            N_("'{name}' answers questions about a passage: use it for question answering, or fine-tune it for this"),
        ),
        Head(
            "writer",
            AutoModelForSeq2SeqLM,
            "EncoderDecoderModel",
            "missing",
            N_("'{name}' writes no texts: it is a pre-trained encoder; a decoder beside it must be trained first"),
            N_("'{name}' writes a text for a text: use it for text to text, or fine-tune its encoder for this"),
            writes=True,
            begins=N_(
                "{model}, twice, with an attention to the source that this run drew at random (seed {seed}). It has learnt nothing: it writes what comes to BERT's mind."
            ),
        ),
        Head(
            "embedder",
            AutoModel,
            "Model",
            "never",
            N_("'{name}' is a pre-trained encoder without a head for a task: fine-tune it first"),
            N_(
                "'{name}' makes sentence vectors and has no head: use it for passage retrieval or search, or fine-tune it for this"
            ),
            {POOLING: MEAN},
            bare=True,
            begins=N_("{model} as it was: an encoder without a head, whose vectors know something of texts already."),
        ),
        Head(
            "mlm",
            AutoModelForMaskedLM,
            "ForMaskedLM",
            "never",
            N_("'{name}' has no head for masked language modelling; minilm, which comes with the studio, has one"),
            N_("'{name}' fills in masked words: use it for masked language modelling, or fine-tune it for this"),
        ),
        Head(
            "nsp",
            AutoModelForNextSentencePrediction,
            "ForNextSentencePrediction",
            "missing",
            N_("'{name}' has no head for next sentence prediction; minilm, which comes with the studio, has one"),
            N_(
                "'{name}' tells whether two sentences follow each other: use it for next sentence prediction, or fine-tune it for this"
            ),
        ),
    )
}
