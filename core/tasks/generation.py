"""Ways to write: the likeliest token each time, the likeliest beam, or drawn tokens; and how sure a model was, and where it looked.

Whatever the way, transformers' generate does it, and a second pass over what was written gives the probability of each token and
the attention to the source. Nothing here draws from torch's own generator. This module does not know what the texts mean.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from transformers import (
    BatchEncoding,
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from core import batches
from core.batches import Report
from core.errors import N_
from core.scripts import UNSPACED

MOST_VALUES = 1 << 26  # that a model says at once: 256 MB
WIDE = UNSPACED.pattern[:-1] + "，。！？；：、“”‘’（）《》…—]"  # signs that no space stands beside
# Spaces that a tokenizer's decoder leaves and nobody writes: beside Chinese characters, in it ' s and well - known, in 3. 5, in ( this ).
SPARE = (
    (re.compile(rf"(?<={WIDE})\s+|\s+(?={WIDE})"), ""),
    (re.compile(r"(?<=\w) (['’-]) (?=\w)"), r"\1"),
    (re.compile(r"(?<=\d) ?([.:,/]) (?=\d)"), r"\1"),
    (re.compile(r"(?<=[(\[]) | (?=[)\]%])"), ""),
)  # fmt: skip


@dataclass(frozen=True)
class Way:
    """A way to choose the next token."""

    id: str
    title: str
    help: str


WAYS: dict[str, Way] = {
    row.id: row
    for row in (
        Way("greedy", N_("Greedy"), N_("Takes the likeliest token each time: quick, and the same each time.")),
        Way("beam", N_("Beams"), N_("Follows several beginnings at once and keeps the likeliest: slower, a little surer.")),
        Way("sample", N_("Drawn"), N_("Draws each token by its probability: another text with each seed. A low temperature keeps to the likely ones.")),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """How to write. count: beams, or texts to draw; temperature and seed: of drawing."""

    way: str = "greedy"
    count: int = 1
    temperature: float = 1.0
    seed: int = 0


GREEDY = Wish()


class Drawn(LogitsProcessor):
    """Noise on the logits with which the largest is a draw by their softmax (Gumbel 1954), from a generator of its own."""

    def __init__(self, temperature: float, seed: int) -> None:
        self.temperature = temperature
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """scores: logits, (B, V)."""
        even = torch.rand(scores.shape, generator=self.generator).clamp_min(1e-20)
        return scores / self.temperature - torch.log(-torch.log(even)).to(scores.device)


def settings(tokenizer: PreTrainedTokenizerBase, wish: Wish, most: int) -> GenerationConfig:
    """What transformers' generate is told. most: tokens to write."""
    beams = wish.count if wish.way == "beam" else 1
    return GenerationConfig(
        decoder_start_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        pad_token_id=tokenizer.pad_token_id,
        max_new_tokens=most,
        do_sample=False,
        num_beams=beams,
        num_return_sequences=beams,
    )


def write(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch: BatchEncoding, wish: Wish, most: int
) -> Tensor:
    """What is written for each row, its beginning token included, (B, count, T): the best beam first."""
    rows = len(batch["input_ids"])
    copies = wish.count if wish.way == "sample" else 1
    inputs = {name: batch[name].repeat_interleave(copies, dim=0) for name in ("input_ids", "attention_mask")}
    drawn = [Drawn(wish.temperature, wish.seed)] if wish.way == "sample" else []
    found = cast(Any, model).generate(
        **inputs,
        generation_config=settings(tokenizer, wish, most),
        logits_processor=LogitsProcessorList(drawn),
    )
    ids = cast(Tensor, found)
    return ids.view(rows, -1, ids.shape[1])


@dataclass(frozen=True)
class Line:
    """What was written: its tokens, the one that ends it included, and the probability of each."""

    ids: tuple[int, ...]
    probabilities: tuple[float, ...]


def write_all(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Mapping[str, Any]],
    most: int,
    *,
    batch_size: int = 64,
    report: Report | None = None,
    autocast: bool = False,
) -> list[Line]:
    """What is written for each of N rows, taking the likeliest token each time."""
    result: list[Line] = [Line((), ())] * len(rows)

    def call(batch: BatchEncoding) -> tuple[Tensor, Tensor]:
        found = write(model, tokenizer, batch, GREEDY, most)[:, 0]
        return found[:, 1:], _chances(model, batch, found)

    for places, _, (found, chances) in batches.forward(
        model, tokenizer, rows, batch_size=batch_size, report=report, autocast=autocast, call=call
    ):
        for place, ids, sure in zip(places, found.tolist(), chances.double().tolist(), strict=True):
            own = ended(ids, tokenizer)
            result[place] = Line(tuple(own), tuple(sure[: len(own)]))
    return result


def _chances(model: PreTrainedModel, batch: BatchEncoding, found: Tensor) -> Tensor:
    """The probability of each token of what was written, (B, T − 1), given the source and the tokens before; found: (B, T).

    The model says something of every entry of its vocabulary at every token: of a large one it is asked about some rows at a time.
    """
    values = (found.shape[1] - 1) * model.config.get_text_config(decoder=True).vocab_size
    parts = []
    for rows in torch.arange(len(found)).split(max(1, MOST_VALUES // max(values, 1))):
        output = model(
            input_ids=batch["input_ids"][rows],
            attention_mask=batch["attention_mask"][rows],
            decoder_input_ids=found[rows, :-1],
        )
        parts.append(output.logits.float().softmax(dim=-1).gather(2, found[rows, 1:, None])[:, :, 0])
    return torch.cat(parts)


def ended(ids: Sequence[int], tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The tokens up to the one that ends a text, which is included."""
    end = tokenizer.sep_token_id
    return list(ids[: ids.index(end) + 1] if end in ids else ids)


def spelt(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> str:
    """Tokens as a text, without special tokens and without the spaces that nobody writes."""
    text = str(tokenizer.decode(list(ids), skip_special_tokens=True)).strip()
    for spaces, instead in SPARE:
        text = spaces.sub(instead, text)
    return text


@dataclass(frozen=True, eq=False)
class Pass:
    """A second pass over what was written: the probability of each token, (T,), and the attention to the source, (L, H, T, S).

    attention: empty, (0, 0, T, 0), where the model does not give it.
    """

    probabilities: np.ndarray
    attention: np.ndarray


def reread(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    batch: BatchEncoding,
    written: Sequence[int],
    *,
    attention: bool = False,
) -> Pass:
    """How sure a model was of each token of a text, given the source, (1, S), and the tokens before; and where it looked."""
    device = batch["input_ids"].device
    ids = torch.tensor([[tokenizer.cls_token_id, *written]], device=device)
    with torch.inference_mode():
        output = model(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            decoder_input_ids=ids[:, :-1],
            output_attentions=attention,
        )
    chances = output.logits.float().softmax(dim=-1)[0].gather(1, ids[0, 1:, None])[:, 0]
    maps = output.cross_attentions if attention else None
    weights = torch.stack(list(maps))[:, 0] if maps else torch.zeros(0, 0, len(written), 0)
    return Pass(chances.double().cpu().numpy(), weights.float().cpu().numpy())
