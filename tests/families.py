"""Tiny models of every family, random and made on the spot; the words of their tokenizer are in conftest."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AlbertForMaskedLM,
    AlbertModel,
    AutoConfig,
    AutoModel,
    BertForMaskedLM,
    BertModel,
    DistilBertForMaskedLM,
    DistilBertModel,
    ElectraForMaskedLM,
    ElectraModel,
    PretrainedConfig,
    PreTrainedModel,
    RobertaForMaskedLM,
    RobertaModel,
)

from core import vocabulary
from core.families import FAMILIES
from tests.conftest import WORDS, make_config

# DistilBERT names its sizes by itself.
DISTILBERT = {"num_hidden_layers": "n_layers", "num_attention_heads": "n_heads", "hidden_size": "dim", "intermediate_size": "hidden_dim"}  # fmt: skip
# What sets a family apart: vectors narrower than the layers, one segment and positions that begin after the padding.
OWN: dict[str, dict[str, object]] = {
    "albert": {"embedding_size": 16},
    "electra": {"embedding_size": 16},
    "roberta": {"type_vocab_size": 1, "pad_token_id": 1},
    "xlm-roberta": {"type_vocab_size": 1, "pad_token_id": 1},
}


def tiny_config(
    family: str, *, layers: int = 2, heads: int = 2, hidden: int = 32, positions: int = 64, **options: object
) -> Any:
    """A family's configuration in small, of its own class; options are its own settings and come before everything else."""
    sizes = {"num_hidden_layers": layers, "num_attention_heads": heads, "hidden_size": hidden, "intermediate_size": 2 * hidden}  # fmt: skip
    if family == "distilbert":
        sizes = {DISTILBERT[name]: size for name, size in sizes.items()}
    whole = {"vocab_size": len(WORDS), "max_position_embeddings": positions, **sizes, **OWN.get(family, {}), **options}
    return AutoConfig.for_model(family, **whole)


ROBERTA = {"type_vocab_size": 2, "pad_token_id": 0}
ENCODERS: dict[str, tuple[type[PreTrainedModel], PretrainedConfig]] = {
    "bert": (BertModel, make_config()),
    "distilbert": (DistilBertModel, tiny_config("distilbert")),
    "roberta": (RobertaModel, tiny_config("roberta", **ROBERTA)),
    "albert": (AlbertModel, tiny_config("albert")),
    "electra": (ElectraModel, tiny_config("electra")),
}
MASKED: dict[str, Callable[[], PreTrainedModel]] = {
    "bert": lambda: BertForMaskedLM(make_config(initializer_range=0.2)),
    "distilbert": lambda: DistilBertForMaskedLM(tiny_config("distilbert")),
    "roberta": lambda: RobertaForMaskedLM(tiny_config("roberta", positions=66, type_vocab_size=2, pad_token_id=0)),
    "albert": lambda: AlbertForMaskedLM(tiny_config("albert")),
    "electra": lambda: ElectraForMaskedLM(tiny_config("electra")),
}
UNEVEN = {family: tiny_config(family, layers=3, heads=4, positions=512) for family in FAMILIES}


def make_uneven(model_type: str, auto_class: Any = AutoModel) -> PreTrainedModel:
    torch.manual_seed(0)
    model = auto_class.from_config(UNEVEN[model_type], attn_implementation="eager")
    for module in model.modules():  # random weights of 0.02 give nearly even attention: make it uneven
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=0.5)
    return model.eval()


def write_reader(folder: Path, texts: Sequence[str]) -> Path:
    """A random masked language model that knows the words of these texts, and from which every task can start."""
    tokenizer = vocabulary.train("wordpiece", texts, 600, lambda done, total: None).tokenizer
    torch.manual_seed(0)
    # weights large enough for the words to make a difference
    model = BertForMaskedLM(
        tiny_config("bert", vocab_size=len(tokenizer), initializer_range=0.1, pad_token_id=tokenizer.pad_token_id)
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
