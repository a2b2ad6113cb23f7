"""What attention heads do, what they are good for, and what their weights do not tell.

Statistics over a sample of texts, attention followed through the layers (rollout, flow), heads switched off by hooks,
heads compared between two models, and attention beside attributions. The model is never changed. This module does not
know how a result is shown, and does not claim that a label which fits what a head does on average says what it is for.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import cast

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.modeling_outputs import SequenceClassifierOutput

from core import attention, models
from core.batches import Columns, Report
from core.encoder import read, tensors
from core.errors import N_, UserError
from core.families import FAMILIES
from core.predict import Predictor
from core.results import AttentionMaps, Attribution, Measure, Token, Tokens
from core.tasks.base import Task
from core.tasks.classify import probabilities
from core.tasks.labels import match_labels
from core.tokens import clean

Switch = frozenset[tuple[int, int]]  # the (layer, head) that are switched off, counted from 0

MOST_FLOW_TOKENS = 64
FLOW_SCALE = 1_000_000  # the solver works with whole numbers: a capacity of 1 is this many
RESAMPLES = 1_000
FEWEST_WORDS = 3  # two words always rank alike or opposite: no correlation to speak of


@dataclass(frozen=True)
class Statistic:
    """One thing that is measured of a head. unit: "bits", "tokens" or "share" (0–1)."""

    id: str
    title: str
    help: str
    unit: str


STATISTICS: dict[str, Statistic] = {
    row.id: row
    for row in (
        Statistic("entropy", N_("Entropy"), N_("How widely a token spreads its attention: 0 bits for one token, log2 of the number of tokens for all alike."), N_("bits")),
        Statistic("evenness", N_("Evenness"), N_("The entropy as a share of the largest possible one for a text of this length: 1 for all tokens alike."), N_("share")),
        Statistic("distance", N_("Distance"), N_("How many tokens away a token looks, on average."), N_("tokens")),
        Statistic("cls", N_("On [CLS]"), N_("Share of the attention that lands on [CLS] (on <s> in RoBERTa)."), N_("share")),
        Statistic("sep", N_("On [SEP]"), N_("Share of the attention that lands on any [SEP] (on </s> in RoBERTa): often a place to rest."), N_("share")),
        Statistic("self", N_("On itself"), N_("Share of the attention that a token gives itself."), N_("share")),
        Statistic("previous", N_("On the previous token"), N_("Share of the attention that lands on the token just before."), N_("share")),
        Statistic("next", N_("On the next token"), N_("Share of the attention that lands on the token just after."), N_("share")),
    )
}  # fmt: skip

CLEAR = 0.5  # a head is named after a place that gets at least this share of its attention
EVEN = 0.9  # …or called even from this evenness on
NAMES: Mapping[str, str] = {
    "cls": N_("[CLS] {number}"),
    "sep": N_("[SEP] {number}"),
    "self": N_("itself {number}"),
    "previous": N_("previous token {number}"),
    "next": N_("next token {number}"),
}


@dataclass(frozen=True)
class Label:
    """A head in plain words: a template marked for translation, and the number it is filled with as {number}."""

    text: str
    number: float

    def __str__(self) -> str:
        return self.text.format(number=f"{self.number:.2f}")


@dataclass(frozen=True)
class HeadStatistics:
    """What each head does on average over a sample.

    texts, tokens: how many texts were read, and how many of their tokens looked. cut: texts that did not fit.
    values: STATISTICS id → float64 (L, H). labels: [layer][head].
    """

    texts: int
    tokens: int
    cut: int
    values: Mapping[str, np.ndarray]
    labels: tuple[tuple[Label, ...], ...]


@dataclass(frozen=True)
class Ablation:
    """One input read twice: as the model is, and with some heads switched off.

    cosine, change: float64 (L, T), for each token's vector after each layer the cosine between before and after, and
    ‖after − before‖ / ‖before‖. before, after: the probability of each label, None for a
    model that does not choose one label out of several.
    """

    tokens: Tokens
    off: Switch
    cosine: np.ndarray
    change: np.ndarray
    before: Mapping[str, float] | None
    after: Mapping[str, float] | None


@dataclass(frozen=True)
class HeadEffect:
    """What switching one head off does to a classifier.

    accuracy: change of accuracy. probability: change of the mean probability of the true label. lost, gained: examples
    that were right and are now wrong, and the other way round.
    """

    layer: int
    head: int
    accuracy: Measure
    probability: Measure
    lost: int
    gained: int


@dataclass(frozen=True)
class Importance:
    """All heads of a classifier, the one whose loss hurts most first.

    n: examples measured, out of total. accuracy, probability: with all heads on, the accuracy and the mean probability of
    the true label.
    """

    n: int
    total: int
    accuracy: float
    probability: float
    heads: tuple[HeadEffect, ...]


@dataclass(frozen=True)
class Differences:
    """How much each head's map differs between two models.

    divergence: float64 (L, H), Jensen–Shannon divergence in bits, 0 (same) to 1 (nothing in common). variation: float64
    (L, H), total variation, the share of the attention that has moved. Both are means over the tokens that look. order:
    (layer, head), the largest divergence first.
    """

    divergence: np.ndarray
    variation: np.ndarray
    order: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Received:
    """One way to say how much attention a token gets. function: weights (L, H, T, T) → (T,)."""

    id: str
    title: str
    help: str
    function: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Agreement:
    """Attention beside attributions, word by word.

    words: the words in view, in reading order; a word that occurs twice stands twice. scores: RECEIVED or explain.METHODS id
    → one number per word, attributions without their sign. correlations: Spearman's rank correlation of each two of them,
    −1 to 1; None where there is none to speak of (fewer than three words, or one side all alike).
    """

    words: tuple[str, ...]
    scores: Mapping[str, tuple[float, ...]]
    correlations: Mapping[tuple[str, str], float | None]


def head_statistics(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_length: int = 0,
    *,
    report: Report | None = None,
) -> HeadStatistics:
    """Where each head looks, averaged over a sample (compare Clark et al. 2019, "What Does BERT Look At?", section 3).

    A mean over every token of every text that is not a special one: each such token counts once, so long texts count
    more. Special tokens do not look (they mostly look at one another), but are looked at, and the first word's previous
    token is [CLS]. A token without a neighbour on a side is left out of that side's share. Each text is read by itself,
    so there is no padding. The shares overlap: "previous" counts on [CLS] too where [CLS] is the previous token.

    A head's label is the largest of the five shares when that is at least 0.5; otherwise "even" when the evenness is at
    least 0.9; otherwise "mixed", with the largest share as its number.
    model: loaded with attention="eager". report(done, total) counts texts; it may raise Cancelled.
    Raises UserError for an empty text, or when no text holds a token that is not special.
    """
    layers, heads = model.config.num_hidden_layers, model.config.num_attention_heads
    sums = {name: np.zeros((layers, heads)) for name in STATISTICS}
    looking = {"previous": 0, "next": 0}
    used = count = cut = 0
    for done, text in enumerate(texts, 1):
        tokens = read(model, tokenizer, clean(text), max_length=max_length)
        rows = list(tokens.of_text)
        if rows:
            _add(sums, looking, model, tokenizer, tokens, rows)
            used, count, cut = used + 1, count + len(rows), cut + bool(tokens.cut)
        if report is not None:
            report(done, len(texts))
    if not count:
        raise UserError("the sample holds no words to measure heads on; choose data with texts")
    values = {name: total / max(1, looking.get(name, count)) for name, total in sums.items()}
    labels = tuple(
        tuple(_label({name: float(value[layer, head]) for name, value in values.items()}) for head in range(heads))
        for layer in range(layers)
    )
    return HeadStatistics(used, count, cut, values, labels)


def _add(
    sums: dict[str, np.ndarray],
    looking: dict[str, int],
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    tokens: Tokens,
    rows: list[int],
) -> None:
    """Add what the tokens at `rows` do to the sums over tokens, and how many have each neighbour to `looking`."""
    size = len(tokens.tokens)
    at = torch.tensor(rows)
    distance = (at[:, None] - torch.arange(size)).abs().double()
    special = {
        name: [i for i, token in enumerate(tokens.tokens) if token.kind == "special" and token.id == token_id]
        for name, token_id in (("cls", tokenizer.cls_token_id), ("sep", tokenizer.sep_token_id))
    }
    neighbours = {"self": at, "previous": at[at > 0] - 1, "next": at[at < size - 1] + 1}
    sources = {"self": at, "previous": at[at > 0], "next": at[at < size - 1]}

    def keep(layer: int, weights: torch.Tensor) -> None:
        found = weights[:, at].double()
        entropy = torch.special.entr(found).sum(dim=(1, 2)) / np.log(2)
        sums["entropy"][layer] += entropy.numpy()
        sums["evenness"][layer] += (entropy / np.log2(size)).numpy()
        sums["distance"][layer] += (found * distance).sum(dim=(1, 2)).numpy()
        for name, positions in special.items():
            sums[name][layer] += found[:, :, positions].sum(dim=(1, 2)).numpy()
        for name, targets in neighbours.items():
            sums[name][layer] += weights[:, sources[name], targets].double().sum(dim=1).numpy()

    attention.each_layer(model, tokens, keep)
    for name in looking:
        looking[name] += len(neighbours[name])


def _label(values: Mapping[str, float]) -> Label:
    largest = max(NAMES, key=lambda name: values[name])
    if values[largest] >= CLEAR:
        return Label(NAMES[largest], values[largest])
    if values["evenness"] >= EVEN:
        return Label(N_("even {number}"), values["evenness"])
    return Label(N_("mixed (at most {number})"), values[largest])


def rollout(weights: np.ndarray) -> np.ndarray:
    """Attention rollout (Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers"): (L, H, T, T) → (L, T, T).

    Of each layer the mean over heads A, mixed half and half with the residual: Ã = ½A + ½I, rows made to sum to 1. Layer l
    of the result is the product Ã_l … Ã_1: how much of each input token (column) has gone into each vector (row) if
    information mixed in proportion to attention.
    """
    mixed = _mixed(weights)
    rolled = [mixed[0]]
    for layer in mixed[1:]:
        rolled.append(layer @ rolled[-1])
    return np.stack(rolled)


def _mixed(weights: np.ndarray) -> np.ndarray:
    """Ã of rollout and flow, float64 (L, T, T)."""
    mixed = 0.5 * weights.mean(axis=1, dtype=np.float64) + 0.5 * np.eye(weights.shape[-1])
    return mixed / mixed.sum(axis=-1, keepdims=True)


def flow(weights: np.ndarray, sources: Sequence[int] | None = None, *, report: Report | None = None) -> np.ndarray:
    """Attention flow (Abnar & Zuidema 2020): weights (L, H, T, T) → float64 (S, T).

    The layers are a network of pipes: from token i after layer l to token j before it leads a pipe of capacity Ã_l[i, j], Ã as
    in `rollout`. Each value is the largest flow from a token after the last layer (row) to one input token (column)
    when the whole network serves those two alone; so a row need not sum to 1 (the
    authors divide it by its sum). sources: the rows wanted, None for all T.
    Exact but for rounding each capacity to a millionth. report(done, total) counts flows; it may raise Cancelled.
    Raises UserError for more than 64 tokens.
    """
    from scipy.sparse import coo_array  # here, because only this function needs them
    from scipy.sparse.csgraph import maximum_flow

    layers, size = weights.shape[0], weights.shape[-1]
    if size > MOST_FLOW_TOKENS:
        raise UserError(
            "attention flow is worked out for at most {limit} tokens, and this input has {count}; shorten it",
            limit=MOST_FLOW_TOKENS,
            count=size,
        )
    capacities = np.rint(_mixed(weights) * FLOW_SCALE).astype(np.int32)
    layer, source, target = np.nonzero(capacities)
    graph = coo_array(  # node l · T + i is token i after l layers
        (capacities[layer, source, target], ((layer + 1) * size + source, layer * size + target)),
        shape=((layers + 1) * size,) * 2,
    ).tocsr()
    rows = range(size) if sources is None else sources
    flows = np.zeros((len(rows), size))
    for row, token in enumerate(rows):
        for column in range(size):
            flows[row, column] = maximum_flow(graph, layers * size + token, column).flow_value / FLOW_SCALE
            if report is not None:
                report(row * size + column + 1, flows.size)
    return np.minimum(flows, 1)  # rounded capacities can add up to a little more


@contextmanager
def ablate(model: PreTrainedModel, off: Switch) -> Iterator[None]:
    """While it lasts, `model` runs in this thread with the heads `off` switched off.

    A head is off when its part of the context, the d = D/H numbers per token that it hands to the linear map W^O, is zero.
    That is what zeroing its columns of W^O would do (Michel et al. 2019, "Are Sixteen Heads Really Better than One?").
    The model's weights stay as they are, and other threads run it as it is. Raises UserError for a head it does not have.
    """
    layers, heads = model.config.num_hidden_layers, model.config.num_attention_heads
    for layer, head in sorted(off):
        if not (0 <= layer < layers and 0 <= head < heads):
            raise UserError(
                "there is no head {head} in layer {layer}: the model has layers 0 to {last} with heads 0 to {most}",
                head=head,
                layer=layer,
                last=layers - 1,
                most=heads - 1,
            )
    width = model.config.hidden_size // heads
    gates = {layer: torch.ones(heads, device=model.device) for layer, _ in off}
    for layer, head in off:
        gates[layer][head] = 0
    encoder = model.base_model
    ending = "." + FAMILIES[model.config.model_type].projection
    owner, calls = threading.get_ident(), 0

    def begin(module: torch.nn.Module, arguments: object) -> None:
        nonlocal calls
        if threading.get_ident() == owner:
            calls = 0

    def silence(module: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...] | None:
        nonlocal calls
        if threading.get_ident() != owner:
            return None
        layer, calls = calls, calls + 1  # ALBERT calls one module for every layer: the order of calls is the layer
        if layer not in gates:
            return None
        return (arguments[0] * gates[layer].repeat_interleave(width).to(arguments[0].dtype),)

    handles = [encoder.register_forward_pre_hook(begin)]
    handles += [
        module.register_forward_pre_hook(silence) for name, module in encoder.named_modules() if name.endswith(ending)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def ablation(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    pair: str,
    off: Switch,
    *,
    max_length: int = 0,
    name: str = "",
) -> Ablation:
    """What switching the heads `off` changes for one input: the vectors after each layer, and a classifier's answer.

    Raises UserError for an empty text, or a head that the model does not have.
    """
    tokens = read(model, tokenizer, text, pair, max_length=max_length, name=name)
    inputs = tensors(model, tokens)
    states, before = _read(model, inputs)
    with ablate(model, off):
        changed, after = _read(model, inputs)
    norms, others = np.linalg.norm(states, axis=-1), np.linalg.norm(changed, axis=-1)
    return Ablation(
        tokens=tokens,
        off=off,
        cosine=np.clip((states * changed).sum(axis=-1) / (norms * others), -1, 1),
        change=np.linalg.norm(changed - states, axis=-1) / norms,
        before=before,
        after=after,
    )


def _read(model: PreTrainedModel, inputs: dict[str, torch.Tensor]) -> tuple[np.ndarray, dict[str, float] | None]:
    """The vectors after each layer, float64 (L, T, D), and a classifier's probabilities."""
    owner = threading.get_ident()
    states: list[np.ndarray] = []
    # transformers' own note of the class whose forward returns a layer's vectors
    computing = cast(Mapping[str, type], model.base_model._can_record_outputs)["hidden_states"]

    def hook(module: torch.nn.Module, arguments: object, output: torch.Tensor) -> None:
        if threading.get_ident() == owner:
            states.append(output[0].double().cpu().numpy())

    handles = [m.register_forward_hook(hook) for m in model.base_model.modules() if isinstance(m, computing)]
    try:
        with torch.inference_mode():
            output = model(**inputs)
    finally:
        for handle in handles:
            handle.remove()
    answer, labels = None, models.choices(model.config)
    if isinstance(output, SequenceClassifierOutput) and labels:
        likely = cast(torch.Tensor, output.logits)[0].double().softmax(dim=-1).tolist()
        answer = dict(zip(labels, likely, strict=True))
    return np.stack(states), answer


NEEDS = frozenset({"label"})  # the kinds of answer whose heads can be ranked


def can_rank(task: Task) -> bool:
    """Whether the heads of a task's models can be ranked by what their answers lose."""
    return task.gives >= NEEDS


def importance(
    predictor: Predictor,
    columns: Columns,
    label_names: Sequence[str],
    true: np.ndarray,
    *,
    limit: int = 100,
    seed: int = 0,
    report: Report | None = None,
) -> Importance:
    """Every head switched off in turn: what a classifier loses on labelled texts (Michel et al. 2019, section 3.2).

    columns, label_names, true: N rows as in predict.evaluate_rows; of more than `limit` rows a random sample is taken.
    Heads are ranked by the mean probability of the true label, which moves before the accuracy does. The intervals are
    percentiles of 1,000 resamples of the examples, the same for every head and paired: each example is compared with
    itself. They say nothing about heads that stand in for each other, and out of twenty heads without effect about one
    will seem to have one. report(done, total) counts passes over the sample; it may raise Cancelled.
    Raises UserError when there are no rows or the labels of data and model do not match.
    """
    total = len(true)
    if not total:
        raise UserError("there are no examples to measure")
    random = np.random.default_rng(seed)
    chosen = np.sort(random.choice(total, min(limit, total), replace=False))
    truth = np.array(match_labels(predictor.labels, label_names))[np.asarray(true, dtype=int)[chosen]]
    rows = {name: [values[i] for i in chosen] for name, values in columns.items()}
    layers, heads = predictor.model.config.num_hidden_layers, predictor.model.config.num_attention_heads
    switches = [(layer, head) for layer in range(layers) for head in range(heads)]

    def ask(off: Switch, done: int) -> tuple[np.ndarray, np.ndarray]:
        """Probability of the true label (n,), and whether each answer is right (n,)."""

        def tell(*_: int) -> None:
            if report is not None:
                report(done, len(switches) + 1)

        with ablate(predictor.model, off):
            found = probabilities(predictor.model, predictor.tokenizer, rows, predictor.max_length, report=tell)
        return found[np.arange(len(truth)), truth], found.argmax(axis=1) == truth

    likely, right = ask(frozenset(), 0)
    shifts = np.zeros((2, len(switches), len(truth)))  # of the answers' being right, and of the probability
    for i, switch in enumerate(switches):
        without, still = ask(frozenset((switch,)), i + 1)
        shifts[:, i] = still.astype(float) - right, without - likely
    if report is not None:
        report(len(switches) + 1, len(switches) + 1)
    counts = random.multinomial(len(truth), np.full(len(truth), 1 / len(truth)), size=RESAMPLES)
    low, high = np.quantile(shifts @ counts.T / len(truth), (0.025, 0.975), axis=-1)
    means = shifts.mean(axis=-1)

    def change(kind: int, i: int) -> Measure:
        return Measure(float(means[kind, i]), float(low[kind, i]), float(high[kind, i]))

    effects = [
        HeadEffect(
            layer=layer,
            head=head,
            accuracy=change(0, i),
            probability=change(1, i),
            lost=int((shifts[0, i] < 0).sum()),
            gained=int((shifts[0, i] > 0).sum()),
        )
        for i, (layer, head) in enumerate(switches)
    ]
    return Importance(
        n=len(truth),
        total=total,
        accuracy=float(right.mean()),
        probability=float(likely.mean()),
        heads=tuple(sorted(effects, key=lambda effect: effect.probability.value)),
    )


def differences(before: AttentionMaps, after: AttentionMaps) -> Differences:
    """How much each head's map of one input differs between two models, say before and after fine-tuning.

    Heads are compared by their number, so the two should have grown from the same pre-trained model.
    Raises UserError when the two did not read the same tokens, or differ in layers or heads.
    """
    if before.tokens.ids != after.tokens.ids:
        raise UserError("the two models read this text as different tokens, so their attention cannot be compared")
    if before.weights.shape != after.weights.shape or before.layers != after.layers:
        raise UserError(
            "the two models differ in size ({first} and {second} layers × heads), so their heads cannot be compared",
            first=" × ".join(map(str, before.weights.shape[:2])),
            second=" × ".join(map(str, after.weights.shape[:2])),
        )
    divergence, variation = np.zeros(before.weights.shape[:2]), np.zeros(before.weights.shape[:2])
    for i, (p, q) in enumerate(zip(before.weights, after.weights, strict=True)):
        p, q = p.astype(np.float64), q.astype(np.float64)
        middle = (p + q) / 2
        spread = attention.entropy(middle) - (attention.entropy(p) + attention.entropy(q)) / 2
        divergence[i] = np.clip(spread, 0, 1).mean(axis=-1)
        variation[i] = np.abs(p - q).sum(axis=-1).mean(axis=-1) / 2
    ranked = np.argsort(-divergence, axis=None, kind="stable")
    where = zip(*np.unravel_index(ranked, divergence.shape), strict=True)
    return Differences(divergence, variation, tuple((before.layers[i], int(head)) for i, head in where))


RECEIVED: dict[str, Received] = {
    row.id: row
    for row in (
        Received(
            "last-cls",
            N_("From [CLS] in the last layer"),
            N_("What [CLS], which the classifier reads, looks at in the last layer; mean over heads."),
            lambda weights: weights[-1].mean(axis=0, dtype=np.float64)[0],
        ),
        Received(
            "all",
            N_("From all tokens in all layers"),
            N_("What a token gets on average, over all layers, heads and tokens that look."),
            lambda weights: weights.mean(axis=(0, 1, 2), dtype=np.float64),
        ),
        Received(
            "rollout",
            N_("Rollout to [CLS]"),
            N_("How much of a token reaches [CLS] through all layers by attention rollout (Abnar & Zuidema 2020)."),
            lambda weights: rollout(weights)[-1, 0],
        ),
    )
}


def agreement(maps: AttentionMaps, attributions: Sequence[Attribution]) -> Agreement:
    """Whether the words that get attention are the words that matter (Jain & Wallace 2019, "Attention is not Explanation").

    maps: all layers of the classifier's own encoder. attributions: of the same text by that classifier, one per
    method. A word's attention is the sum over its tokens; special tokens are left out. Words that do not reach into
    `maps` because the text was cut are left out. Raises ValueError for maps that do not begin with the first layer, or
    attributions of different texts.
    """
    if maps.layers[0] != 0:
        raise ValueError("the attention of all layers is needed")
    spans = [(word.source, word.start, word.end) for word in attributions[0].words]
    if any([(word.source, word.start, word.end) for word in other.words] != spans for other in attributions[1:]):
        raise ValueError("the attributions are of different texts")
    owners = [_owner(token, spans) for token in maps.tokens.tokens]
    seen = sorted({owner for owner in owners if owner is not None})
    scores: dict[str, tuple[float, ...]] = {}
    for row in RECEIVED.values():
        got = row.function(maps.weights)
        scores[row.id] = tuple(float(sum(got[i] for i, owner in enumerate(owners) if owner == word)) for word in seen)
    for attribution in attributions:
        scores[attribution.method] = tuple(abs(attribution.words[word].score) for word in seen)
    return Agreement(
        words=tuple(attributions[0].words[word].text for word in seen),
        scores=scores,
        correlations={(a, b): correlation(scores[a], scores[b]) for a, b in combinations(scores, 2)},
    )


def _owner(token: Token, spans: Sequence[tuple[int, int, int]]) -> int | None:
    """The word a token belongs to, as in core.explain: the first that it covers; a lone space goes with the word after it."""
    if token.start is None or token.source is None:
        return None
    own = [i for i, (source, _, _) in enumerate(spans) if source == token.source]
    return next((i for i in own if spans[i][2] > token.start), own[-1] if own else None)


def correlation(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Spearman's rank correlation, −1 to 1; None for fewer than three values, or when one side is all alike."""
    if len(a) < FEWEST_WORDS or len(set(a)) == 1 or len(set(b)) == 1:
        return None
    from scipy.stats import spearmanr  # here, because it takes long to import and most pages never need it

    return float(spearmanr(a, b).statistic)
