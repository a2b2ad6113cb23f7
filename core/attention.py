"""Attention weights of every layer and head, and what can be read off them.

The weights are taken where the model computes them, by forward hooks that are removed at once, so that nothing is
recomputed and only what is asked for is kept. This module does not know how a map is drawn, and does not claim that
attention explains a prediction.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core import threads
from core.encoder import read, tensors
from core.errors import UserError
from core.results import AttentionMaps, Tokens

View = Literal["all", "a-a", "a-b", "b-a", "b-b"]
VIEWS: tuple[View, ...] = get_args(View)


@dataclass(frozen=True)
class Link:
    """One weight of one head: the position that looks, the position it looks at, and the weight (0–1)."""

    source: int
    target: int
    weight: float


@dataclass(frozen=True)
class HeadPattern:
    """Where one head looks, averaged over the tokens that are not special: those mostly look at one another (compare Clark et al. 2019, section 3).

    special: share of the attention that lands on each special token, by its text. itself, previous, following: the shares of a
    position itself and of its neighbours, of those that have one. spread: 2 to the mean entropy in bits, the number of positions that a
    position looks at as if evenly: 1 for a single one, T for all alike.
    """

    special: Mapping[str, float]
    itself: float
    previous: float
    following: float
    spread: float


def attend(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    pair: str = "",
    *,
    layer: int | None = None,
    max_length: int = 0,
    name: str = "",
) -> AttentionMaps:
    """The attention weights of a text, softmax(Q Kᵀ / √d_k) of Vaswani et al. 2017, for each head.

    model: an encoder loaded with attention="eager". layer: keep this layer's maps only (long texts: 12 layers × 12
    heads of 512 tokens are 151 MB); None keeps all. max_length, name: as in tokens.tokenize.
    Raises UserError for an empty text, or a layer the model does not have.
    """
    return attention_maps(model, read(model, tokenizer, text, pair, max_length=max_length, name=name), layer=layer)


def attention_maps(model: PreTrainedModel, tokens: Tokens, *, layer: int | None = None) -> AttentionMaps:
    """The attention weights of tokens that were read (encoder.read), masked ones too; the rest as in `attend`."""
    layers = model.config.num_hidden_layers
    if layer is not None and not 0 <= layer < layers:
        raise UserError(
            "layer {layer} does not exist: the model's layers are 0 to {last}", layer=layer, last=layers - 1
        )
    kept = tuple(range(layers)) if layer is None else (layer,)
    size = len(tokens.tokens)
    weights = np.empty((len(kept), model.config.num_attention_heads, size, size), dtype=np.float32)

    def keep(index: int, maps: torch.Tensor) -> None:
        if index in kept:
            weights[kept.index(index)] = maps.numpy()

    each_layer(model, tokens, keep)
    return AttentionMaps(tokens=tokens, weights=weights, layers=kept)


@dataclass(frozen=True)
class Atlas:
    """All heads of one input in full, a byte a weight, with the mean of each layer and of everything.

    maps: uint8, shape (L · (H + 1) + 1, T, T): for each layer its heads and then their mean, last the mean of all.
    peaks: float32, the largest weight of each map; a weight is maps / 255 · peak, off by at most peak / 510.
    changes: None, or for each map how much masking moved: half the sum of the absolute differences of a row (its total
    variation distance, 0 for no change and 1 for attention that went somewhere else entirely), averaged over the rows. The
    weights before are kept in half precision, so a change is off by at most 0.0003.
    masked: the positions whose token the model did not see.
    """

    tokens: Tokens
    maps: np.ndarray
    peaks: np.ndarray
    layers: int
    heads: int
    masked: tuple[int, ...] = ()
    changes: np.ndarray | None = None

    def index(self, layer: int, head: int | None) -> int:
        """Where a head's map is, or for None the mean of its layer."""
        return layer * (self.heads + 1) + (self.heads if head is None else head)


def atlas(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    pair: str = "",
    *,
    max_length: int = 0,
    name: str = "",
    mask: Collection[int] = (),
) -> Atlas:
    """Every weight of every head in bytes, and the means: 2.6 MB for 144 heads of 128 tokens.

    max_length, name: as in tokens.tokenize. mask: positions whose token is replaced by the mask token (see `masked`); the model
    then reads the text twice, to say what changed. Raises UserError for an empty text, or a position that cannot be masked.
    """
    tokens = read(model, tokenizer, text, pair, max_length=max_length, name=name)
    layers, heads = model.config.num_hidden_layers, model.config.num_attention_heads
    before = None
    if mask:
        hidden = masked(tokenizer, tokens, mask)
        before = np.empty((layers, heads, len(tokens.tokens), len(tokens.tokens)), dtype=np.float16)
        each_layer(model, tokens, before.__setitem__)
        tokens = hidden
    pressed = _Pressed(tokens, layers, heads, before)
    each_layer(model, tokens, pressed.add)
    return pressed.finished(tuple(sorted(set(mask))))


def atlas_of(maps: AttentionMaps) -> Atlas:
    """The atlas of an input whose weights are there already, those of every layer."""
    pressed = _Pressed(maps.tokens, *maps.weights.shape[:2])
    for layer, weights in enumerate(maps.weights):
        pressed.add(layer, weights)
    return pressed.finished()


class _Pressed:
    """An atlas as it grows, layer by layer. before: the weights before masking, (L, H, T, T)."""

    def __init__(self, tokens: Tokens, layers: int, heads: int, before: np.ndarray | None = None) -> None:
        size, count = len(tokens.tokens), layers * (heads + 1) + 1
        self._tokens, self._layers, self._heads, self._before = tokens, layers, heads, before
        self._maps, self._peaks = np.empty((count, size, size), dtype=np.uint8), np.empty(count, dtype=np.float32)
        self._changes: list[float] = []
        self._means: list[np.ndarray] = []

    def _put(self, index: int, weights: np.ndarray) -> None:
        peak = self._peaks[index] = weights.max()
        self._maps[index] = np.rint(weights * (np.float32(255) / peak))

    def add(self, layer: int, weights: torch.Tensor | np.ndarray) -> None:
        """The next layer's weights, (H, T, T)."""
        values = np.asarray(weights)
        first = layer * (self._heads + 1)
        for i, one in enumerate(values):
            self._put(first + i, one)
        self._means.append(values.mean(axis=0))
        self._put(first + self._heads, self._means[-1])
        if self._before is not None:
            before = self._before[layer]
            self._changes += [_moved(*pair) for pair in zip(before, values, strict=True)]
            self._changes.append(_moved(before.mean(axis=0, dtype=np.float32), self._means[-1]))

    def finished(self, masked: tuple[int, ...] = ()) -> Atlas:
        """With the mean of everything, which is the last."""
        whole = np.mean(self._means, axis=0)
        self._put(-1, whole)
        if self._before is not None:
            self._changes.append(_moved(self._before.mean(axis=(0, 1), dtype=np.float32), whole))
        changes = np.array(self._changes) if self._changes else None
        return Atlas(self._tokens, self._maps, self._peaks, self._layers, self._heads, masked, changes)


def _moved(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.abs(after - before.astype(np.float32)).sum(axis=1).mean() / 2)


def masked(tokenizer: PreTrainedTokenizerBase, tokens: Tokens, positions: Collection[int]) -> Tokens:
    """The tokens with those at `positions` replaced by the mask token; where each came from stays known.

    Raises UserError for a position that the input does not have, or a tokenizer without a mask token.
    """
    wrong = sorted(set(positions) - set(range(len(tokens.tokens))))
    if wrong:
        raise UserError(
            "there is no token at position {position}: the input's positions are 0 to {last}",
            position=wrong[0],
            last=len(tokens.tokens) - 1,
        )
    if tokenizer.mask_token_id is None:
        raise UserError("this model has no mask token, so no token can be hidden from it; choose another model")
    text, token_id = str(tokenizer.mask_token), int(tokenizer.mask_token_id)
    return replace(
        tokens,
        tokens=tuple(
            replace(token, text=text, id=token_id, kind="special") if i in positions else token
            for i, token in enumerate(tokens.tokens)
        ),
    )


def each_layer(model: PreTrainedModel, tokens: Tokens, keep: Callable[[int, torch.Tensor], None]) -> None:
    """Run the encoder once and hand `keep` each layer's number and weights, shape (H, T, T) on the CPU, as they are computed.

    Other sessions may run the same model at the same time in threads of their own: a hook listens to its own thread only.
    """
    if model.config._attn_implementation != "eager":
        raise ValueError('attention weights exist only in a model loaded with attention="eager"')
    inputs = tensors(model, tokens)
    encoder = model.base_model
    # transformers' own note of the class whose forward returns (output, weights)
    computing = cast(Mapping[str, type], encoder._can_record_outputs)["attentions"]
    owner, calls = threading.get_ident(), 0

    def hook(module: torch.nn.Module, arguments: object, output: tuple[torch.Tensor, torch.Tensor]) -> None:
        nonlocal calls
        if threading.get_ident() == owner:  # ALBERT calls one module for every layer: the order of calls is the layer
            keep(calls, output[1][0].cpu())
            calls += 1

    handles = [module.register_forward_hook(hook) for module in encoder.modules() if isinstance(module, computing)]
    try:
        with threads.fitting(len(tokens.tokens)), torch.inference_mode():
            encoder(**inputs)
    finally:
        for handle in handles:
            handle.remove()


def only(maps: AttentionMaps, layer: int) -> AttentionMaps:
    """The maps of one layer. Raises UserError when they do not hold it."""
    if layer not in maps.layers:
        raise UserError(
            "layer {layer} does not exist: the model's layers are 0 to {last}", layer=layer, last=maps.layers[-1]
        )
    place = maps.layers.index(layer)
    return AttentionMaps(maps.tokens, maps.weights[place : place + 1], (layer,))


def head(maps: AttentionMaps, layer: int, head: int) -> np.ndarray:
    """One head's weights, shape (T, T). Raises UserError when `maps` does not hold it."""
    heads = maps.weights.shape[1]
    if not 0 <= head < heads:
        raise UserError("head {head} does not exist: the model's heads are 0 to {last}", head=head, last=heads - 1)
    return only(maps, layer).weights[0, head]


def select(tokens: Tokens, view: View) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The positions that look and that are looked at: a is everything before the pair's first token, b the rest.

    The weights stay what they are: those of a part no longer sum to 1. Raises UserError for a part without a pair.
    """
    everything = tuple(range(len(tokens.tokens)))
    if view == "all":
        return everything, everything
    if view not in VIEWS:
        raise UserError("'{view}' is not a part of the map; use one of {views}", view=view, views=", ".join(VIEWS))
    start = tokens.pair_start
    if start is None:
        raise UserError("there is only one text; add a second one to see the attention between two")
    parts = {"a": everything[:start], "b": everything[start:]}
    return parts[view[0]], parts[view[2]]


def strongest(
    maps: AttentionMaps, layer: int, head_index: int, count: int = 10, view: View = "all", *, special: bool = True
) -> tuple[Link, ...]:
    """The largest weights of one head, largest first; equal ones in reading order.

    special: whether links from and to special tokens count.
    """
    rows, columns = (
        [i for i in part if special or maps.tokens.tokens[i].kind != "special"] for part in select(maps.tokens, view)
    )
    weights = head(maps, layer, head_index)[np.ix_(rows, columns)]
    order = np.argsort(-weights, axis=None, kind="stable")[:count]
    return tuple(
        Link(rows[i], columns[j], float(weights[i, j]))
        for i, j in zip(*np.unravel_index(order, weights.shape), strict=True)
    )


def pattern(maps: AttentionMaps, layer: int, head_index: int) -> HeadPattern:
    """Where one head looks on average."""
    weights = head(maps, layer, head_index).astype(np.float64)
    tokens = maps.tokens.tokens
    rows = np.array(maps.tokens.of_text or range(len(tokens)))
    before, after = rows[rows > 0], rows[rows < len(tokens) - 1]
    special: dict[str, float] = {}
    for i, token in enumerate(tokens):
        if token.kind == "special":
            special[token.text] = special.get(token.text, 0.0) + float(weights[rows, i].mean())
    return HeadPattern(
        special=special,
        itself=float(weights[rows, rows].mean()),
        previous=float(weights[before, before - 1].mean()) if len(before) else 0.0,
        following=float(weights[after, after + 1].mean()) if len(after) else 0.0,
        spread=float(2 ** entropy(weights[rows]).mean()),
    )


def entropy(rows: np.ndarray) -> np.ndarray:
    """The entropy of each row in bits: float64 (…, T) → (…)."""
    logs = np.log2(rows, where=rows > 0, out=np.zeros_like(rows))
    bits: np.ndarray = -(rows * logs).sum(axis=-1)
    return bits


def labels(tokens: Tokens) -> tuple[str, ...]:
    """The tokens as people read them: byte-level pieces decoded, the marks Ġ and ▁ of a word start as a space.

    A piece that is nothing but ▁ stays, for a blank says nothing. A piece that holds only part of a character stays as the vocabulary writes it. What cannot be printed becomes �.
    """
    return tuple(readable(token.text) for token in tokens.tokens)


def _byte_alphabet() -> dict[str, int]:
    """The character that byte-level BPE (Radford et al. 2019) writes for each byte, inverted."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + i): byte for i, byte in enumerate(others)}


_BYTES: Mapping[str, int] = _byte_alphabet()


def readable(text: str) -> str:
    """An entry of a vocabulary as people read it, as in `labels`."""
    if text and not text.isascii() and all(character in _BYTES for character in text):
        with suppress(UnicodeDecodeError):
            text = bytes(_BYTES[character] for character in text).decode("utf-8")
    if text.strip("▁"):
        text = text.replace("▁", " ")
    return "".join(character if character.isprintable() else "�" for character in text)
