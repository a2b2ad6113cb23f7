"""fit: how well a tokenizer fits some texts: how long they are in tokens, and how much of them its vocabulary does not know.

This module does not know where the texts come from, nor what a model makes of the tokens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedTokenizerBase

from core.errors import N_, Note, plural
from core.tables.table import spread

SAMPLE = 1000  # rows that are measured
TOO_MUCH = 0.1
ROWS_AT_ONCE = 1000


UNKNOWN = N_(
    "{share:.0%} of the tokens in {n} texts are unknown to this model's vocabulary, which reads them all as the same token; choose a "
    "model that knows these signs: multilingual-e5-small for Chinese and most other languages, roberta-base for any sign, emoji included"
)
UNKNOWN_HERE = N_(
    "{share:.0%} of this text's tokens are unknown to the model's vocabulary, which reads them all as the same token; choose a model "
    "that knows these signs: multilingual-e5-small for Chinese and most other languages, roberta-base for any sign, emoji included"
)


@dataclass(frozen=True, eq=False)
class Fit:
    """N inputs as a tokenizer reads them when nothing is cut.

    lengths: tokens of each, special ones included; unknown: of these, the tokens that stand for something the vocabulary does
    not have; both int64, shape (N,). special: special tokens of each input.
    """

    lengths: np.ndarray
    unknown: np.ndarray
    special: int

    @property
    def unknown_share(self) -> float:
        """The share of the tokens, special ones aside, that are unknown."""
        tokens = int(self.lengths.sum()) - self.special * len(self.lengths)
        return float(self.unknown.sum()) / max(tokens, 1)

    def longer(self, max_length: int) -> float:
        """The share of the inputs that have more tokens than this."""
        return float((self.lengths > max_length).mean()) if len(self.lengths) else 0.0


def measure(texts: Mapping[str, Sequence[str]], tokenizer: PreTrainedTokenizerBase) -> Fit:
    """Measure N inputs. texts: role → N texts, of one role or two."""
    columns = list(texts.values())
    count = len(columns[0])
    lengths, unknown = np.empty(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for start in range(0, count, ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        ids = tokenizer(*(list(column[part]) for column in columns), truncation=False, verbose=False)["input_ids"]
        lengths[part] = [len(row) for row in ids]
        if tokenizer.unk_token_id is not None:
            unknown[part] = [row.count(tokenizer.unk_token_id) for row in ids]
    return Fit(lengths, unknown, tokenizer.num_special_tokens_to_add(pair=len(columns) > 1))


def sample(texts: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """At most SAMPLE of N inputs, from all over them."""
    places = spread(len(next(iter(texts.values()))), SAMPLE)
    return {role: [column[place] for place in places] for role, column in texts.items()}


def advice(
    texts: Mapping[str, Sequence[str]], tokenizer: PreTrainedTokenizerBase, max_length: int, *, cut: bool
) -> tuple[Note, ...]:
    """What is to be said of N inputs, seen on a sample of them; cut as in `notes`."""
    return notes(measure(sample(texts), tokenizer), max_length, cut=cut)


def notes(fit: Fit, max_length: int, *, cut: bool) -> tuple[Note, ...]:
    """What is to be said when more than a tenth is unknown or cut. cut: whether longer inputs lose their end."""
    found: list[Note] = []
    if fit.unknown_share > TOO_MUCH:
        message = UNKNOWN if len(fit.lengths) > 1 else UNKNOWN_HERE
        found.append((message, {"share": fit.unknown_share, "n": len(fit.lengths)}))
    if cut and fit.longer(max_length) > TOO_MUCH:
        message = plural(
            N_("the text is longer than {limit} tokens and loses its end; a larger maximum length reads more of it"),
            N_(
                "{share:.0%} of {n} texts are longer than {limit} tokens and lose their end; a larger maximum length reads more of them"
            ),
            len(fit.lengths),
        )
        found.append((message, {"share": fit.longer(max_length), "n": len(fit.lengths), "limit": max_length}))
    return tuple(found)
