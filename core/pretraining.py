"""What a model learnt before any fine-tuning: filling in masked tokens, and telling whether one sentence follows another.

Devlin et al. 2019 trained BERT on two tasks at once, masked language modelling (MLM) and next sentence prediction (NSP).
Here a model with the head of one of them is asked: what would stand here, how well does it know this sentence, what would
it write, does this follow that. Logits are computed only where they are wanted: of a BERT's 22 M weights half are the
vocabulary's, and a row of logits is 30,522 numbers. This module does not know how a model was trained, nor how any of
this is drawn.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, log
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn
from transformers import DataCollatorForLanguageModeling, PreTrainedModel, PreTrainedTokenizerBase

from core import attention, models
from core.encoder import read, tensors
from core.errors import N_, Note, UserError, plural
from core.results import AttentionMaps, Tokens
from core.tokens import tokenize

Report = Callable[[int, int], None]
Fate = Literal["untouched", "mask", "random", "kept"]
Method = Literal["left-to-right", "confidence", "gibbs"]
FATES: tuple[Fate, ...] = get_args(Fate)
METHODS: tuple[Method, ...] = get_args(Method)
RATE = 0.15  # the share of tokens that Devlin et al. 2019 choose
TOKENS_PER_BATCH = 4096  # of a batch that scores: 512-token texts then go 8 at a time, 30-token ones all at once
IGNORED = -100  # the label of a token that the model is not asked for
MASK_WORDS = ("[MASK]", "<mask>")  # how the families write their mask token, and so what people type
SMALLEST = 1e-300  # a probability whose logarithm still is a number


@dataclass(frozen=True)
class Guess:
    """One entry of the vocabulary that could stand at a masked position. token: as the vocabulary writes it."""

    token: str
    id: int
    probability: float


@dataclass(frozen=True)
class Filling:
    """What the model expects at one masked position.

    position: among the tokens, counted from 0. guesses: the k likeliest entries, likeliest first. original: what stood there,
    with its probability; None when the text itself says [MASK]. rank: the original's place among all entries, 1 for the
    likeliest. entropy: of the whole distribution, in bits: 0 for certainty, log2 V for no idea.
    """

    position: int
    guesses: tuple[Guess, ...]
    original: Guess | None
    rank: int | None
    entropy: float

    @property
    def loss(self) -> float | None:
        """−ln p(original), the position's term of the MLM loss, in nats."""
        return None if self.original is None else -log(max(self.original.probability, SMALLEST))


@dataclass(frozen=True)
class Filled:
    """A text with tokens masked, and what the model would put there.

    tokens: before masking; read: what the model read. fillings: one for each masked position, in reading order. loss: the
    mean of their terms −ln p(original), the MLM loss of this text; None when no masked position has an original.
    """

    tokens: Tokens
    read: Tokens
    fillings: tuple[Filling, ...]
    loss: float | None
    notes: tuple[Note, ...] = ()

    @property
    def terms(self) -> tuple[float, ...]:
        """−ln p(original) of each masked position that has an original: `loss` is their mean."""
        return tuple(filling.loss for filling in self.fillings if filling.loss is not None)


@dataclass(frozen=True)
class Corruption:
    """What the training recipe makes of some tokens.

    tokens: before, T of them; corrupted: their ids afterwards. fates: what happened to each. choosable: how many could be chosen, which
    special tokens never are. A random token that happens to be the original counts as kept, which happens once in V times.
    """

    tokens: Tokens
    corrupted: tuple[int, ...]
    fates: tuple[Fate, ...]
    choosable: int
    rate: float
    seed: int
    whole_words: bool

    @property
    def counts(self) -> Mapping[Fate, int]:
        """How many tokens met each fate; special tokens are untouched."""
        return {fate: self.fates.count(fate) for fate in FATES}

    @property
    def chosen(self) -> int:
        """How many tokens the model would be asked for: all that are not untouched."""
        return sum(fate != "untouched" for fate in self.fates)


@dataclass(frozen=True)
class TokenScore:
    """One token's part of a pseudo-log-likelihood.

    log_probability: ln p(token | all the others), in nats. rank: its place among all entries, 1 for the likeliest.
    best: the likeliest entry.
    """

    position: int
    log_probability: float
    rank: int
    best: Guess


@dataclass(frozen=True)
class Scored:
    """The pseudo-log-likelihood of a text (Salazar et al. 2020): Σ ln p(token | all the others), special tokens left out.

    scores: one for each of the N tokens, in reading order. perplexity: exp(−PLL / N), which for tokens that the model is
    sure of is 1 and for one that knows nothing is V. It compares texts under one model; between tokenizers it does not.
    """

    tokens: Tokens
    scores: tuple[TokenScore, ...]
    total: float
    perplexity: float
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class NextSentence:
    """Whether the second text follows the first, and how the model comes to its answer.

    probability: that it does, softmax(logits)[0]. logits: (is next, is not next), because label 0 means "is next". cls:
    float32 (D), the last hidden state of [CLS]. dense: W cls + b. pooled: tanh(dense), from which the head computes
    both logits with weights (2, D) and bias (2).
    """

    tokens: Tokens
    probability: float
    logits: tuple[float, float]
    cls: np.ndarray
    dense: np.ndarray
    pooled: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class GenerationStep:
    """One token written.

    position: where, among `ids`. token, id: what was chosen. probability: what the model gave it there, before temperature
    and top-k. replaced: the token that stood there (Gibbs), "" when it was a mask. sweep: counted from 0; of the methods that
    write each token once always 0. ids: the whole input afterwards, special tokens included; text: what it reads as, masks
    that are still open included.
    """

    position: int
    token: str
    id: int
    probability: float
    replaced: str
    sweep: int
    ids: tuple[int, ...]
    text: str


@dataclass(frozen=True)
class BeforeAfter:
    """Attention maps of a text before and after masking; `after.tokens` holds the mask tokens."""

    before: AttentionMaps
    after: AttentionMaps


def masked_logits(model: PreTrainedModel, inputs: Mapping[str, Tensor], positions: Tensor) -> Tensor:
    """The logits of a masked language model at some positions only, shape (M, V), in reading order.

    model: an AutoModelForMaskedLM (of a peft model its get_base_model()). inputs: what it is called with, (B, T).
    positions: bool (B, T). A forward hook gathers these positions' vectors where the encoder ends, so that whatever head the
    family has runs on M vectors; gradients flow as usual. Other threads may use the model at the same time.
    """
    owner = threading.get_ident()

    def gather(module: nn.Module, arguments: object, output: Any) -> Any:
        if threading.get_ident() == owner:
            output.last_hidden_state = output.last_hidden_state[positions][None]
        return output

    handle = model.base_model.register_forward_hook(gather)
    try:
        logits: Tensor = model(**inputs).logits[0]
    finally:
        handle.remove()
    return logits


# --- What stands there? ------------------------------------------------------------------------------------------------


def check_mask(tokenizer: PreTrainedTokenizerBase) -> None:
    """Raise UserError for a tokenizer without a mask token."""
    if tokenizer.mask_token_id is None:
        raise UserError("this model has no mask token, so no token can be hidden from it; choose another model")


def with_masks(tokenizer: PreTrainedTokenizerBase, text: str) -> str:
    """A text whose masks, [MASK] or <mask>, are written as the tokenizer writes them.

    Raises UserError for a tokenizer without a mask token.
    """
    check_mask(tokenizer)
    for word in MASK_WORDS:
        text = text.replace(word, str(tokenizer.mask_token))
    return text


def fill(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    masked: Collection[int] = (),
    *,
    pair: str = "",
    k: int = 10,
    max_length: int | None = None,
    name: str = "",
    whole_words: bool = False,
) -> Filled:
    """What the model expects where tokens are masked.

    model: an AutoModelForMaskedLM. masked: positions among the tokens; the text's own mask tokens are added to them.
    whole_words: mask all pieces of a word of which one is masked. k: how many entries. max_length, name: as in tokens.tokenize.
    Raises UserError when nothing is masked, or a position is a special token or outside.
    """
    text, pair = with_masks(tokenizer, text), with_masks(tokenizer, pair)
    tokens = read(model, tokenizer, text, pair, max_length=max_length or 0, name=name)
    chosen = _chosen(tokenizer, tokens, masked, whole_words)
    hidden = attention.masked(tokenizer, tokens, chosen)
    logits = _logits(model, hidden, chosen)
    fillings = tuple(
        _filling(tokenizer, tokens, position, row, k) for position, row in zip(chosen, logits, strict=True)
    )
    losses = [filling.loss for filling in fillings if filling.loss is not None]
    return Filled(tokens, hidden, fillings, fsum(losses) / len(losses) if losses else None, _notes(tokens, chosen))


def _chosen(
    tokenizer: PreTrainedTokenizerBase, tokens: Tokens, masked: Collection[int], whole_words: bool
) -> tuple[int, ...]:
    """The positions to mask, in order. Raises UserError when there is none, or one cannot be masked."""
    mask, count = tokenizer.mask_token_id, len(tokens.tokens)
    for position in masked:
        if 0 <= position < count and tokens.tokens[position].kind == "special" and tokens.ids[position] != mask:
            raise UserError(
                "'{token}' at position {position} is a special token, which is never masked; choose a token of the text",
                token=tokens.tokens[position].text,
                position=position,
            )
    found = {*masked, *(i for i, number in enumerate(tokens.ids) if number == mask)}
    if not found:
        raise UserError(
            "no token is masked: choose one, or write {mask} where a word should be", mask=tokenizer.mask_token
        )
    if whole_words:
        words = {_word(tokens, position) for position in masked if 0 <= position < count}
        found |= {i for i in range(count) if _word(tokens, i) in words and tokens.tokens[i].kind != "special"}
    return tuple(sorted(found))


def _word(tokens: Tokens, position: int) -> tuple[int | None, int | None]:
    return tokens.tokens[position].source, tokens.tokens[position].word


def _logits(model: PreTrainedModel, tokens: Tokens, positions: Sequence[int]) -> Tensor:
    """The logits at some positions of one input, float32 (M, V), on the CPU."""
    places = torch.zeros((1, len(tokens.tokens)), dtype=torch.bool, device=model.device)
    places[0, list(positions)] = True
    with torch.no_grad():
        return masked_logits(model, tensors(model, tokens), places).float().cpu()


def _filling(tokenizer: PreTrainedTokenizerBase, tokens: Tokens, position: int, logits: Tensor, k: int) -> Filling:
    logs = logits.double().log_softmax(-1)
    probabilities = logs.exp()
    best = probabilities.topk(min(k, len(probabilities)))
    original = tokens.ids[position]
    known = original != tokenizer.mask_token_id
    return Filling(
        position,
        tuple(
            _guess(tokenizer, number, chance)
            for number, chance in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ),
        _guess(tokenizer, original, float(probabilities[original])) if known else None,
        int((probabilities > probabilities[original]).sum()) + 1 if known else None,
        max(0.0, -float((probabilities * logs).nan_to_num().sum()) / log(2)),
    )


def _guess(tokenizer: PreTrainedTokenizerBase, number: int, probability: float) -> Guess:
    return Guess(str(tokenizer.convert_ids_to_tokens(number)), number, probability)


def _notes(tokens: Tokens, chosen: Collection[int]) -> tuple[Note, ...]:
    """What a reader should know of the masked tokens."""
    found: list[Note] = []
    if all(i in chosen for i in tokens.of_text):
        found.append((N_("Every token is masked: the model knows nothing but how many there are."), {}))
    unknown = sum(tokens.tokens[i].kind == "unknown" for i in chosen)
    if unknown:
        found.append(
            (plural(N_("{count} of the masked tokens is unknown to the vocabulary: what stood there reads [UNK]."), N_("{count} of the masked tokens are unknown to the vocabulary: what stood there reads [UNK]."), unknown), {"count": unknown})
        )  # fmt: skip
    return tuple(found)


def attention_before_after(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    masked: Collection[int],
    *,
    pair: str = "",
    layer: int | None = None,
    max_length: int | None = None,
    name: str = "",
    whole_words: bool = False,
) -> BeforeAfter:
    """The attention of a text before and after masking; masked and whole_words as in `fill`, the rest as in attention.attend."""
    text, pair = with_masks(tokenizer, text), with_masks(tokenizer, pair)
    tokens = read(model, tokenizer, text, pair, max_length=max_length or 0, name=name)
    hidden = attention.masked(tokenizer, tokens, _chosen(tokenizer, tokens, masked, whole_words))
    return BeforeAfter(
        attention.attention_maps(model, tokens, layer=layer), attention.attention_maps(model, hidden, layer=layer)
    )


# --- The recipe of training --------------------------------------------------------------------------------------------


def special_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The entries that are never chosen for masking: the special ones but [UNK], for something stood there."""
    return [number for number in tokenizer.all_special_ids if number != tokenizer.unk_token_id]


def corrupt(
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    *,
    rate: float = RATE,
    seed: int = 0,
    whole_words: bool = False,
    max_length: int | None = None,
) -> Corruption:
    """What transformers' own collator makes of a text: `rate` of the tokens chosen, of these 80% masked, 10% replaced, 10% kept.

    whole_words: choose the tokenizer's words; the collator then masks all that is chosen.
    Raises UserError as tokens.tokenize does.
    """
    tokens = tokenize(tokenizer, with_masks(tokenizer, text), max_length=max_length or 0)
    ids = torch.tensor([tokens.ids])
    special = torch.isin(ids, torch.tensor(special_ids(tokenizer)))
    recipe = DataCollatorForLanguageModeling(
        tokenizer, mlm_probability=rate, whole_word_mask=whole_words, mask_replace_prob=1.0 if whole_words else 0.8,
        random_replace_prob=0.0 if whole_words else 0.1,
    )  # fmt: skip
    recipe.generator = torch.Generator().manual_seed(seed)
    after, labels = recipe.torch_mask_tokens(ids.clone(), special, _as_offsets(tokens))
    corrupted = tuple(after[0].tolist())
    mask = tokenizer.mask_token_id
    fates: list[Fate] = [
        "untouched" if not asked else "mask" if new == mask else "kept" if new == old else "random"
        for old, new, asked in zip(tokens.ids, corrupted, (labels[0] != IGNORED).tolist(), strict=True)
    ]
    return Corruption(tokens, corrupted, tuple(fates), int((~special).sum()), rate, seed, whole_words)


def _as_offsets(tokens: Tokens) -> Tensor:
    """Places by which the collator tells words apart, (1, T, 2): it takes for one what touches, as a full stop does its word."""
    places, end = [], 0
    for i in range(len(tokens.tokens)):
        start = end if i and _word(tokens, i) == _word(tokens, i - 1) else end + 1
        end = start + 1
        places.append((start, end))
    return torch.tensor([places])


# --- How well does the model know a text? ------------------------------------------------------------------------------


def score(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    *,
    max_length: int | None = None,
    name: str = "",
    report: Report | None = None,
) -> Scored:
    """The pseudo-log-likelihood of a text: each of its N tokens is masked in turn, N inputs in batches.

    report(done, total) hears of the tokens done and may raise Cancelled. Raises UserError when there is no token to mask.
    """
    tokens = read(model, tokenizer, with_masks(tokenizer, text), max_length=max_length or 0, name=name)
    places = list(tokens.of_text)
    if not places:
        raise UserError("there is no token to score; type a sentence of words")
    given = tensors(model, tokens)
    size = max(1, TOKENS_PER_BATCH // len(tokens.tokens))
    scores: list[TokenScore] = []
    for start in range(0, len(places), size):
        part = torch.tensor(places[start : start + size], device=model.device)
        rows = torch.arange(len(part), device=model.device)
        inputs = {label: values.repeat(len(part), 1) for label, values in given.items()}
        inputs["input_ids"][rows, part] = int(tokenizer.mask_token_id)
        where = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
        where[rows, part] = True
        with torch.no_grad():
            logs = masked_logits(model, inputs, where).double().log_softmax(-1).cpu()
        scores += [_token_score(tokenizer, tokens, int(i), row) for i, row in zip(part, logs, strict=True)]
        if report:
            report(len(scores), len(places))
    total = fsum(one.log_probability for one in scores)
    unknown: tuple[Note, ...] = ()
    if tokens.unknown:
        unknown = (
            (plural(N_("{count} token is unknown to the vocabulary: the model is asked for [UNK] there."), N_("{count} tokens are unknown to the vocabulary: the model is asked for [UNK] there."), tokens.unknown), {"count": tokens.unknown}),
        )  # fmt: skip
    return Scored(tokens, tuple(scores), total, exp(min(-total / len(scores), 700.0)), unknown)


def _token_score(tokenizer: PreTrainedTokenizerBase, tokens: Tokens, position: int, logs: Tensor) -> TokenScore:
    own, best = logs[tokens.ids[position]], int(logs.argmax())
    return TokenScore(
        position, float(own), int((logs > own).sum()) + 1, _guess(tokenizer, best, float(logs[best].exp()))
    )


# --- Does it follow? ---------------------------------------------------------------------------------------------------


def next_sentence(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    first: str,
    second: str,
    *,
    max_length: int | None = None,
    name: str = "",
) -> NextSentence:
    """Whether `second` follows `first`, for a BertForNextSentencePrediction, and the numbers on the way from [CLS] to the answer.

    Raises UserError when one of the texts is empty.
    """
    if not second.strip():
        raise UserError("whether one sentence follows another takes two of them; type the second one")
    tokens = read(model, tokenizer, first, second, max_length=max_length or 0, name=name)
    network: Any = model
    pooler, head = network.base_model.pooler, network.cls.seq_relationship
    with torch.no_grad():
        cls = model.base_model(**tensors(model, tokens)).last_hidden_state[0, 0]
        dense = pooler.dense(cls)
        pooled = pooler.activation(dense)
        logits = head(pooled)
    is_next, is_not = logits.tolist()

    def array(values: Tensor) -> np.ndarray:
        return values.detach().float().cpu().numpy()

    return NextSentence(
        tokens, float(logits.double().softmax(-1)[0]), (is_next, is_not), array(cls), array(dense), array(pooled),
        array(head.weight), array(head.bias), ((N_("The second text is empty once it was cut."), {}),) if tokens.pair_start is None else (),
    )  # fmt: skip


# --- Writing -----------------------------------------------------------------------------------------------------------


def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    *,
    length: int = 8,
    method: Method = "left-to-right",
    temperature: float = 1.0,
    top_k: int = 0,
    seed: int = 0,
    sweeps: int = 3,
    max_length: int | None = None,
    name: str = "",
) -> tuple[GenerationStep, ...]:
    """Masks filled one after the other; special tokens and [UNK] are never written.

    The masks of the text are filled, however a family writes them; a text without any gets `length` of them at its end.
    method: "left-to-right"; "confidence", each time the place whose likeliest token is likeliest of all; "gibbs" (Wang & Cho
    2019), `sweeps` rounds in random order in which each place is masked again and drawn anew. temperature: divides the logits
    before drawing. top_k: draw from so many, 0 for all. The same seed writes the same. Raises UserError for values that
    cannot be, and a text that leaves no room.
    """
    if method not in METHODS:
        raise UserError("there is no way '{way}' to write; choose from {ways}", way=method, ways=", ".join(METHODS))
    if not 0.01 <= temperature <= 100 or top_k < 0 or length < 1 or sweeps < 1:
        raise UserError("temperature must be between 0.01 and 100, top-k 0 or more, masks and sweeps at least 1")
    ids = list(read(model, tokenizer, with_masks(tokenizer, text), max_length=max_length or 0, name=name).ids)
    mask = int(tokenizer.mask_token_id)
    if mask not in ids:
        limit = min(max_length or tokenizer.model_max_length, models.max_length(model.config))
        if len(ids) + length > limit:
            raise UserError(
                "{count} more masks do not fit: the text has {tokens} tokens of at most {limit}; shorten it",
                count=length,
                tokens=len(ids),
                limit=limit,
            )
        ids = [*ids[:-1], *[mask] * length, ids[-1]]
    return _Writer(model, tokenizer, ids, temperature, top_k, seed).write(method, sweeps)


class _Writer:
    """Fills the masks of one input, and remembers how."""

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, ids: list[int], temperature: float, top_k: int, seed: int
    ) -> None:  # fmt: skip
        self.model, self.tokenizer, self.ids = model, tokenizer, ids
        self.temperature, self.top_k = temperature, top_k
        self.mask = int(tokenizer.mask_token_id)
        self.never = torch.tensor(tokenizer.all_special_ids)
        self.random = torch.Generator().manual_seed(seed)
        self.steps: list[GenerationStep] = []

    def write(self, method: Method, sweeps: int) -> tuple[GenerationStep, ...]:
        holes = [i for i, number in enumerate(self.ids) if number == self.mask]
        if method == "gibbs":
            for sweep in range(sweeps):
                for place in torch.randperm(len(holes), generator=self.random).tolist():
                    self._draw(holes[place], sweep)
        elif method == "confidence":
            while open_holes := [i for i in holes if self.ids[i] == self.mask]:
                sure = self._probabilities(open_holes).max(-1).values
                self._draw(open_holes[int(sure.argmax())], 0)
        else:
            for place in holes:
                self._draw(place, 0)
        return tuple(self.steps)

    def _logits(self, places: Sequence[int]) -> Tensor:
        """What could be written at some places, (M, V); what is never written has none."""
        ids = torch.tensor([self.ids], device=self.model.device)
        where = torch.zeros_like(ids, dtype=torch.bool)
        where[0, list(places)] = True
        with torch.no_grad():
            return masked_logits(self.model, {"input_ids": ids}, where).double().cpu()

    def _probabilities(self, places: Sequence[int]) -> Tensor:
        found = self._logits(places).softmax(-1)
        found[:, self.never] = 0
        return found

    def _draw(self, place: int, sweep: int) -> None:
        replaced, self.ids[place] = self.ids[place], self.mask
        logits = self._logits([place])[0]
        true = logits.softmax(-1)
        logits[self.never] = -torch.inf
        if self.top_k:
            best = logits.topk(min(self.top_k, len(logits)))
            logits = torch.full_like(logits, -torch.inf).scatter(0, best.indices, best.values)
        number = int(torch.multinomial((logits / self.temperature).softmax(-1), 1, generator=self.random))
        self.ids[place] = number
        self.steps.append(
            GenerationStep(
                place,
                str(self.tokenizer.convert_ids_to_tokens(number)),
                number,
                float(true[number]),
                "" if replaced == self.mask else str(self.tokenizer.convert_ids_to_tokens(replaced)),
                sweep,
                tuple(self.ids),
                self._text(),
            )
        )

    def _text(self) -> str:
        hidden = set(special_ids(self.tokenizer)) - {self.mask}
        return str(self.tokenizer.decode([number for number in self.ids if number not in hidden])).strip()
