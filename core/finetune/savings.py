"""Savings that leave the result's quality alone, put into a model before its first step and taken out after its last.

On processors: a cheaper dropout mask, no dropout on attention weights, gradients only for the word embeddings that occur in
the training texts, and plain attention where it is faster than the fused kernel. This module does not know how training runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import peft
import torch
from torch import nn
from transformers import PreTrainedModel

from core import models
from core.finetune import machine
from core.finetune.methods import choose_parameters
from core.finetune.setup import Setup
from core.tasks.base import Rows
from core.tasks.seen import SeenEmbedding, put

EAGER_TOKENS = 256  # up to this many, in bfloat16 on a processor, plain attention is faster than the fused kernel


class FastDropout(nn.Module):
    """Dropout whose mask takes 16 random bits per value instead of a 64-bit draw: several times cheaper on a processor.

    p is rounded to a multiple of 2⁻¹⁶. It draws from torch's default generator, as nn.Dropout does.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        dropped = round(p * 2**16)
        self.p = p
        self.threshold = dropped - 2**15
        self.scale = 1 / (1 - dropped / 2**16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x of any shape; in training mode each value is zeroed with probability p, the others scaled up."""
        if not self.training:
            return x
        draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        kept = draws.view(torch.int16)[: x.numel()].view(x.shape) >= self.threshold
        return x * kept.to(x.dtype).mul_(self.scale)


def _lighten(model: nn.Module, seen: Sequence[int] | None) -> Callable[[], None]:
    """Put the savings into a model about to be trained on a processor; returns what takes them out again."""
    undo: list[Callable[[], None]] = []
    for parent in list(model.modules()):
        children = dict(parent.named_children())
        attends = "query" in children or "q_lin" in children
        for name, child in children.items():
            if not isinstance(child, nn.Dropout) or not child.p:
                continue
            if attends and name in ("dropout", "attention_dropout"):  # of the attention weights; only its p is read
                setattr(parent, name, nn.Dropout(0.0))
            elif child.p < 1:
                setattr(parent, name, FastDropout(child.p))
            undo.append(lambda parent=parent, name=name, child=child: setattr(parent, name, child))  # type: ignore[misc]
    if seen is not None and isinstance(model, PreTrainedModel):
        whole = model.get_input_embeddings()
        assert isinstance(whole, nn.Embedding)
        embedding = SeenEmbedding(whole, torch.tensor(seen))
        put(model, whole, embedding)
        undo.append(lambda: put(model, embedding, embedding.merged()))

    def restore() -> None:
        for step in undo:
            step()

    return restore


@dataclass(frozen=True)
class Prepared:
    """A model ready for its first step.

    plain: the model itself; model: the same, with LoRA around it where that is asked for. restore() makes it an ordinary
    model again.
    """

    plain: PreTrainedModel
    model: PreTrainedModel | peft.PeftModel
    attention: models.Attention
    restore: Callable[[], PreTrainedModel]


def prepare(setup: Setup, rows: Rows) -> Prepared:
    """The fresh model with the method's parameters chosen and, on a processor, the savings in place."""
    on_cpu = machine.device().type == "cpu"
    plainly = on_cpu and machine.bfloat16_pays(machine.device()) and max(rows.lengths) <= EAGER_TOKENS
    attention: models.Attention = "eager" if plainly else "sdpa"
    config = setup.config
    plain = setup.start(attention)
    setup.goal.begin(plain, rows)
    model = choose_parameters(plain, config)
    seen = None
    tied = plain.get_output_embeddings() is not None and not plain.config.is_encoder_decoder
    if (
        config.method == "full" and not tied
    ):  # what is written is chosen from every word, and the part that only reads looks up few
        used = {token for row in rows.features for token in row["input_ids"]}
        seen = sorted(used | set(setup.goal.tokenizer.all_special_ids) | {plain.config.pad_token_id or 0})
    lighter = _lighten(model, seen) if on_cpu else (lambda: None)

    def restore() -> PreTrainedModel:
        merged = model.merge_and_unload() if isinstance(model, peft.PeftModel) else model
        lighter()
        setup.goal.finish(merged)
        merged.requires_grad_(True)
        return merged.eval()

    return Prepared(plain, model, attention, restore)
