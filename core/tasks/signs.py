"""What a vocabulary lacks to write some texts, added to it: characters it does not know, and words that it would spell otherwise.

A tokenizer of small letters cannot write "Paris", nor one without accents "là": such words become entries of their own, and begin as
what BERT made of their pieces. This module does not know what is written.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from tokenizers import AddedToken
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core.checkpoints.config import NEW_PARTS
from core.scripts import UNSPACED, is_unspaced

SIGN = re.compile(rf"{UNSPACED.pattern}|(?:(?!{UNSPACED.pattern})\w)+|[^\w\s]")  # a character, a word, or a mark
FEWEST = 3  # times that a word is met before it is learnt as one of its own
MOST = 8_000  # that are added
NAMED = 12


@dataclass(frozen=True)
class Lacking:
    """unknown: signs that the vocabulary has no way to write; respelt: words that it would write otherwise; how often each occurs."""

    unknown: Counter[str]
    respelt: Counter[str]

    @property
    def added(self) -> list[str]:
        """What is worth an entry of its own: every unknown sign, and words that occur often enough to be learnt."""
        often = Counter({sign: count for sign, count in self.respelt.items() if count >= FEWEST})
        return [sign for sign, _ in (self.unknown + often).most_common(MOST)]


def lacking(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> Lacking:
    """What of these texts a tokenizer could not write."""
    counts = Counter(sign for text in texts for sign in SIGN.findall(text))
    signs = list(counts)
    ids = tokenizer(signs, add_special_tokens=False)["input_ids"] if signs else []
    unknown, respelt = Counter[str](), Counter[str]()
    for sign, own in zip(signs, ids, strict=True):
        if tokenizer.unk_token_id in own or not own:
            unknown[sign] = counts[sign]
        elif "".join(str(tokenizer.decode(own)).split()) != sign:
            respelt[sign] = counts[sign]
    return Lacking(unknown, respelt)


def add(tokenizer: PreTrainedTokenizerBase, signs: Sequence[str]) -> PreTrainedTokenizerBase:
    """The tokenizer with these signs as entries of their own: words only as whole words, characters anywhere."""
    entries = [
        AddedToken(sign, single_word=sign[0].isalnum() and not is_unspaced(sign[0]), normalized=False) for sign in signs
    ]
    tokenizer.add_tokens(entries)
    return tokenizer


def added(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """The entries that were added to a tokenizer, by number, special ones aside."""
    special = set(tokenizer.all_special_tokens)
    return [
        sign for sign, _ in sorted(tokenizer.get_added_vocab().items(), key=lambda row: row[1]) if sign not in special
    ]


def resize(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, seed: int) -> PreTrainedModel:
    """A pair with an embedding for every entry of the tokenizer, on both sides; how many numbers that adds goes into its configuration."""
    added = sum(widen(cast(PreTrainedModel, part), tokenizer, seed) for part in (model.encoder, model.decoder))
    if added:
        counts = dict(model.config.to_dict().get(NEW_PARTS, {}))
        model.config.update({NEW_PARTS: counts | {"embeddings": counts.get("embeddings", 0) + added}})
    return model


def widen(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, seed: int) -> int:
    """Give a model an embedding for every entry of the tokenizer; returns how many numbers were added.

    A new one is the mean of the pieces that the word had before; where there were none it is drawn like the others are spread, depending
    on the seed alone.
    """
    known = int(model.config.vocab_size)
    rows = max(len(tokenizer), known)
    if rows == known:
        return 0
    with torch.random.fork_rng(devices=[]):
        model.resize_token_embeddings(rows, mean_resizing=False)
    embedding = model.get_input_embeddings()
    assert isinstance(embedding, nn.Embedding)
    _draw(embedding.weight.detach(), known, _pieces(tokenizer, known, rows), torch.Generator().manual_seed(seed))
    head = model.get_output_embeddings()
    if head is not None:
        assert isinstance(head, nn.Linear)
        head.bias.detach()[known:] = head.bias.detach()[:known].mean()
        model.tie_weights()
    return (rows - known) * embedding.weight.shape[1]


def _pieces(tokenizer: PreTrainedTokenizerBase, known: int, rows: int) -> list[list[int]]:
    """For each new number the numbers of the pieces that its word had before, [] where it was not known."""
    normaliser = tokenizer.backend_tokenizer.normalizer
    signs = tokenizer.convert_ids_to_tokens(list(range(known, rows)))
    plain = [normaliser.normalize_str(sign) if normaliser and sign else sign or "" for sign in signs]
    ids = tokenizer(plain, add_special_tokens=False)["input_ids"]
    return [own if own and tokenizer.unk_token_id not in own and max(own) < known else [] for own in ids]


def _draw(weight: torch.Tensor, known: int, pieces: Sequence[Sequence[int]], generator: torch.Generator) -> None:
    """Fill the rows from `known` on."""
    middle, spread = weight[:known].mean(dim=0), weight[:known].std(dim=0)
    drawn = torch.randn(len(pieces), weight.shape[1], generator=generator)
    for place, own in enumerate(pieces):
        weight[known + place] = weight[list(own)].mean(dim=0) if own else middle + spread * drawn[place]
