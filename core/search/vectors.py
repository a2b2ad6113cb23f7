"""Sentence vectors for search: one vector of length 1 for each text, so that a dot product is a cosine.

The mean of the last layer's token vectors (core.embeddings.pool), as the bundled model was trained for. This module does not know what is
searched, nor with what.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core import batches
from core.embeddings import pool

MAX_LENGTH = 256  # tokens: what the bundled model was tuned on; a longer text is cut


@dataclass(frozen=True, eq=False)
class Encoder:
    """What makes vectors. name: as core.models knows it."""

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    @property
    def max_length(self) -> int:
        """The most tokens of a text."""
        return min(MAX_LENGTH, self.tokenizer.model_max_length)

    def vectors(
        self, texts: Sequence[str], *, autocast: bool = False, report: batches.Report | None = None
    ) -> np.ndarray:
        """float32, shape (N, D), each of length 1. autocast: compute in bfloat16, about three digits, where that is faster.

        report(done, N) is called after each batch; it may raise Cancelled.
        """
        return of(self.model, self.tokenizer, texts, self.max_length, autocast=autocast, report=report)[0]


def of(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_length: int,
    *,
    autocast: bool = False,
    report: batches.Report | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The vectors that a model makes of N texts, float32 (N, D), and whether each text was cut, (N,). Arguments as of Encoder.vectors."""
    rows, cut = batches.encode(tokenizer, {"text": texts}, max_length, report)
    vectors = np.empty((len(texts), model.config.hidden_size), dtype=np.float32)
    base = cast(PreTrainedModel, model.base_model)  # without its head, where it has one
    for places, batch, output in batches.forward(base, tokenizer, rows, autocast=autocast, report=report):
        mean = pool(output.last_hidden_state.float(), batch["attention_mask"])["mean"]
        vectors[places] = torch.nn.functional.normalize(mean, dim=-1).cpu().numpy()
    return vectors, cut
