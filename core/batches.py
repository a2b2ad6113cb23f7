"""Rows to tensors: texts become token ids, and many rows go through a model in batches that waste little padding.

The longest rows go first, so that memory runs out at once or never; each batch is padded to its longest row only. This
module does not know what a model's output means.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

from core import threads
from core.tokens import clean, shorten

TOKENS_PER_BATCH = 16_384
ROWS_PER_TOKENIZER_CALL = 128

Report = Callable[[int, int], None]
Columns = Mapping[str, Sequence[str]]
Row = dict[str, Any]


def encode(
    tokenizer: PreTrainedTokenizerBase, columns: Columns, max_length: int, report: Report | None = None
) -> tuple[list[Row], np.ndarray]:
    """Token ids of N texts or pairs of texts, not padded, and whether each was truncated, (N,).

    columns: one or two columns of N texts. A pair is truncated at the longer of its two texts. report(0, N) is called
    before each part of the work, so that it can raise Cancelled.
    """
    texts_by_role = list(columns.values())
    total = len(texts_by_role[0])
    rows: list[Row] = []
    truncated: list[bool] = []
    for start in range(0, total, ROWS_PER_TOKENIZER_CALL):
        if report is not None:
            report(0, total)
        texts = [
            [shorten(tokenizer, clean(text), max_length) for text in column[start : start + ROWS_PER_TOKENIZER_CALL]]
            for column in texts_by_role
        ]
        encoded = tokenizer(*texts, truncation=True, max_length=max_length)
        inputs = [name for name in tokenizer.model_input_names if name in encoded]
        rows += [{name: encoded[name][i] for name in inputs} for i in range(len(texts[0]))]
        truncated += [bool(encoded[i].overflowing) for i in range(len(texts[0]))]
    return rows, np.array(truncated, dtype=bool)


def logits(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    columns: Columns,
    max_length: int,
    *,
    batch_size: int = 64,
    report: Report | None = None,
    autocast: bool = False,
) -> np.ndarray:
    """What a model with one answer for each row says of N rows, float64 (N, C), in the order given. Arguments as of `encode` and `forward`."""
    rows, _ = encode(tokenizer, columns, max_length, report)
    result = np.zeros((len(rows), int(model.config.num_labels or 0)))
    for places, _, output in forward(model, tokenizer, rows, batch_size=batch_size, report=report, autocast=autocast):
        result[places] = output.logits.double().cpu().numpy()
    return result


def forward(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Mapping[str, Any]],
    *,
    batch_size: int = 64,
    autocast: bool = False,
    report: Report | None = None,
    call: Callable[[BatchEncoding], Any] | None = None,
) -> Iterator[tuple[np.ndarray, BatchEncoding, Any]]:
    """Every row through the model, in batches: yields the places (B,) of the rows, the batch (B, T) and the model's output.

    batch_size: most rows at once; long rows go in smaller batches. autocast: compute in bfloat16 (fast, about three digits),
    otherwise in the model's own precision. call(batch): what is computed, by default model(**batch). A model in training
    mode is put into evaluation mode and put back. report(done, total) is called after each batch; it may raise Cancelled.
    """
    lengths = np.array([len(row["input_ids"]) for row in rows], dtype=int)
    order = np.argsort(-lengths, kind="stable")
    training = model.training
    model.eval()
    done = 0
    try:
        while done < len(rows):
            size = min(batch_size, max(1, TOKENS_PER_BATCH // int(lengths[order[done]])))
            places = order[done : done + size]
            batch = tokenizer.pad([dict(rows[i]) for i in places], padding_side="right", return_tensors="pt").to(
                model.device
            )
            with (
                threads.fitting(batch["input_ids"].numel()),
                torch.inference_mode(),
                torch.autocast(model.device.type, torch.bfloat16, enabled=autocast),
            ):
                output = model(**batch) if call is None else call(batch)
            yield places, batch, output
            done += len(places)
            if report is not None:
                report(done, len(rows))
    finally:
        model.train(training)
