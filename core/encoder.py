"""The encoder, step by step: every intermediate result of one forward pass, computed from the weights.

The arithmetic is done here in plain torch (matrix products, softmax, layer normalisation, the activation) and never by
the library's layers. Then the library itself reads the same input once, and the largest difference at each stage is
reported, so that nobody has to believe the numbers: at most rounding, and none at all where torch takes the same steps. The
computation can also be changed on purpose, to see what a part of it is good for. Only one layer's stages are kept.
This module does not know how a stage is shown, and trains nothing.
"""

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from core import models, threads
from core.errors import N_, UserError
from core.families import FAMILIES
from core.results import Tokens
from core.tokens import positions, tokenize

STAGES = (
    "embeddings.word", "embeddings.position", "embeddings.segment", "embeddings.sum", "embeddings.output", "embeddings.projection",
    "query", "key", "value", "scores", "mask", "weights", "context", "attention.output", "attention.residual", "attention.norm",
    "intermediate.linear", "intermediate", "output", "output.residual", "output.norm", "pooler", "head", "logits",
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """One intermediate result.

    id: one of STAGES. values: float32; the shape depends on the stage (see `trace`). difference: the largest
    |ours − the library's| over all values; None where the library does not show the value, or the computation was changed.
    """

    id: str
    values: np.ndarray
    difference: float | None


@dataclass(frozen=True)
class Trace:
    """One forward pass over T tokens.

    layer: the layer (counted from 0) whose stages were kept. stages: by id, in the order they are computed; a stage that
    the model (or the changed computation) does not have is missing. states: float32 (L+1, T, D), what goes into the first
    layer and what comes out of each. differences: the largest |ours − the library's| of each of the L+1 states; () when
    the computation was changed, because then the library computes something else. order: order[i] is the place, before
    any swap, of the token that now stands at i. activation: an ACTIVATIONS id. labels: of a classifier, else ().
    """

    tokens: Tokens
    layer: int
    stages: Mapping[str, Stage]
    differences: tuple[float, ...]
    states: np.ndarray
    order: tuple[int, ...]
    activation: str
    changes: tuple[str, ...] = ()
    swap: tuple[int, int] | None = None
    labels: tuple[str, ...] = ()

    @property
    def layers(self) -> int:
        """How many layers the model has."""
        return len(self.states) - 1

    @property
    def heads(self) -> int:
        """How many attention heads each layer has."""
        return len(self.stages["query"].values)

    @property
    def worst(self) -> float | None:
        """The largest difference from the library anywhere; None when the computation was changed."""
        known = [stage.difference for stage in self.stages.values() if stage.difference is not None]
        return max([*known, *self.differences], default=None)

    @property
    def probabilities(self) -> tuple[float, ...]:
        """softmax(logits) in the order of `labels`; () for a model that does not choose one label out of several."""
        if not self.labels:
            return ()
        logits = torch.from_numpy(self.stages["logits"].values)
        return tuple(logits.double().softmax(dim=-1).tolist())


@dataclass(frozen=True)
class Change:
    """One way to compute something else on purpose, in every layer at once.

    true, formula: LaTeX of what the model computes, and of what is computed instead. excludes: ids of the changes that it
    cannot be combined with.
    """

    id: str
    title: str
    true: str
    formula: str
    help: str
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Activation:
    """A function between the two maps of the feed-forward network, by its transformers name. formula: LaTeX."""

    id: str
    formula: str
    compute: Callable[[Tensor], Tensor]


def _gelu_tanh(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _relu(x: Tensor) -> Tensor:
    return x.clamp(min=0)


_GELU = r"\mathrm{GELU}(x) = x \cdot \tfrac{1}{2}\left(1 + \mathrm{erf}\left(x / \sqrt{2}\right)\right)"
_GELU_TANH = (
    r"\mathrm{GELU}(x) \approx \tfrac{1}{2} x \left(1 + \tanh\left(\sqrt{2/\pi}\,(x + 0.044715\,x^3)\right)\right)"
)
_SILU = r"\mathrm{SiLU}(x) = x\,\sigma(x)"

ACTIVATIONS: dict[str, Activation] = {
    row.id: row
    for row in (
        Activation("gelu", _GELU, functional.gelu),
        Activation("gelu_python", _GELU, functional.gelu),
        Activation("gelu_new", _GELU_TANH, _gelu_tanh),
        Activation("gelu_fast", _GELU_TANH, _gelu_tanh),
        Activation("gelu_pytorch_tanh", _GELU_TANH, _gelu_tanh),
        Activation("gelu_python_tanh", _GELU_TANH, _gelu_tanh),
        Activation("quick_gelu", r"x\,\sigma(1.702\,x)", lambda x: x * torch.sigmoid(1.702 * x)),
        Activation("relu", r"\mathrm{ReLU}(x) = \max(0, x)", _relu),
        Activation("silu", _SILU, lambda x: x * torch.sigmoid(x)),
        Activation("swish", _SILU, lambda x: x * torch.sigmoid(x)),
        Activation("tanh", r"\tanh(x)", torch.tanh),
        Activation("sigmoid", r"\sigma(x)", torch.sigmoid),
        Activation("linear", r"x", lambda x: x),
    )
}


_FEED_FORWARD = r"\mathrm{FFN}(x) = W_2\,\mathrm{act}(W_1 x + b_1) + b_2"
_EMBEDDINGS = r"x_i = \mathrm{LayerNorm}(e^{\text{word}}_i + e^{\text{position}}_i + e^{\text{segment}}_i)"
_ENCODER = r"\begin{aligned} A &= \mathrm{LayerNorm}(X + \mathrm{MultiHead}(X,X,X)) \\ Y &= \mathrm{LayerNorm}(A + \mathrm{FFN}(A)) \end{aligned}"

CHANGES: dict[str, Change] = {
    row.id: row
    for row in (
        Change(
            "no-scaling", N_("Leave out 1/√d"),
            r"\mathrm{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}}\right)", r"\mathrm{softmax}\!\left(Q K^\top\right)",
            N_("The scores grow with the size d of a head, and softmax turns large differences into an almost hard choice of one token."),
        ),
        Change(
            "relu", N_("ReLU instead of the model's own activation"),
            _FEED_FORWARD, r"\mathrm{FFN}(x) = W_2\,\max(0,\ W_1 x + b_1) + b_2",
            N_("ReLU cuts off everything below zero. BERT uses GELU, which lets small negative values through."),
            ("no-activation",),
        ),
        Change(
            "no-activation", N_("Feed-forward without activation (the tutorial's words)"),
            _FEED_FORWARD, r"\mathrm{FFN}(x) = W_2 (W_1 x + b_1) + b_2",
            N_("Without a function in between, two linear maps are one linear map: the wide middle of the layer could as well be left out."),
            ("relu",),
        ),
        Change(
            "no-attention-residual", N_("Leave out the residual around attention"),
            r"A = \mathrm{LayerNorm}(X + \mathrm{MultiHead}(X,X,X))", r"A = \mathrm{LayerNorm}(\mathrm{MultiHead}(X,X,X))",
            N_("A token then keeps nothing of itself but what its heads bring back."),
        ),
        Change(
            "no-feed-forward-residual", N_("Leave out the residual around the feed-forward network"),
            r"Y = \mathrm{LayerNorm}(A + \mathrm{FFN}(A))", r"Y = \mathrm{LayerNorm}(\mathrm{FFN}(A))",
            N_("The network was trained to add to its input, not to replace it."),
        ),
        Change(
            "no-positions", N_("Leave out the position embeddings"),
            _EMBEDDINGS, r"x_i = \mathrm{LayerNorm}(e^{\text{word}}_i + e^{\text{segment}}_i)",
            N_("Attention alone does not know the order of its tokens: without these vectors a sentence is a bag of words."),
        ),
        Change(
            "no-segments", N_("Leave out the segment embeddings"),
            _EMBEDDINGS, r"x_i = \mathrm{LayerNorm}(e^{\text{word}}_i + e^{\text{position}}_i)",
            N_("They tell the first text from the second. RoBERTa has a single one, which it adds to every token."),
        ),
        Change(
            "no-mask", N_("Leave out the attention mask"),
            r"\mathrm{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}} + M\right),\quad M_{ij} = \begin{cases} 0 & j \text{ is a token} \\ -\infty & j \text{ is padding} \end{cases}",
            r"\mathrm{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}}\right)",
            N_("The mask hides padding. Without padding it hides nothing, and leaving it out changes nothing."),
        ),
        Change(
            "tutorial-encoder", N_("The tutorial's formula of a layer"),
            _ENCODER, r"Y = \mathrm{LayerNorm}(X + \mathrm{MultiHead}(X,X,X) + \mathrm{FFN}(\mathrm{MultiHead}(X,X,X)))",
            N_("One normalisation instead of two, and a feed-forward network that reads what attention brings without the token itself. Computed with the model's own weights; the one normalisation is the layer's last."),
            ("no-attention-residual", "no-feed-forward-residual"),
        ),
    )
}  # fmt: skip

SWAP = Change(
    "swap",
    N_("Swap two words"),
    r"(t_1, \dots, t_i, \dots, t_j, \dots, t_T)",
    r"(t_1, \dots, t_j, \dots, t_i, \dots, t_T)",
    N_("The tokens of two words change places; position and segment stay with the place."),
)


@dataclass(frozen=True)
class Comparison:
    """How far a changed pass ends from the true one.

    cosines, distances: float64 (L+1, T), for what goes into the first layer and what comes out of each: the cosine of each
    token's two vectors, and ‖changed − true‖ / ‖true‖. Columns follow the true pass, padding left out: after a swap each
    token is compared with itself, wherever it stands. mean_cosines, mean_distances: L+1 means over the tokens. labels,
    before, after: a classifier's probabilities in the true and in the changed pass, () without one.
    """

    cosines: np.ndarray
    distances: np.ndarray
    mean_cosines: tuple[float, ...]
    mean_distances: tuple[float, ...]
    labels: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]


@dataclass(frozen=True)
class Pass:
    """One forward pass over T tokens through all L layers, from which the steps of any layer are made in a moment.

    around: the stages below the first layer and above the last. states: (L+1, T, D). differences: of each layer, by the id of its
    stage, the largest |ours − the library's|; around_differences and drift: the same of `around` and of each state; all empty when
    the computation was changed. order, changes, swap: as in Trace.
    """

    tokens: Tokens
    order: tuple[int, ...]
    around: Mapping[str, Tensor]
    states: Tensor
    differences: tuple[Mapping[str, float], ...]
    around_differences: Mapping[str, float]
    drift: tuple[float, ...]
    changes: tuple[str, ...] = ()
    swap: tuple[int, int] | None = None


def run(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    pair: str = "",
    *,
    max_length: int = 0,
    pad_to: int = 0,
    name: str = "",
    changes: tuple[str, ...] = (),
    swap: tuple[int, int] | None = None,
    pooler: bool = True,
    tell: Callable[[Tensor], None] | None = None,
) -> Pass:
    """Compute every layer from its weights, and compare it with the library. Arguments and errors are those of `trace`.

    tell: told each layer's attention weights, (H, T, T), as they are computed; they are not kept.
    """
    blocks = _blocks(model)
    _check(model.config, changes)
    tokens = read(model, tokenizer, text, pair, max_length=max_length, pad_to=pad_to, name=name)
    order = tuple(range(len(tokens.tokens)))
    if swap is not None:
        tokens, order = _swapped(tokens, swap)
        tokens = _placed(tokens, model)
    with threads.fitting(len(order)), torch.inference_mode():
        around = _embed(model, tokens, frozenset(changes))
        states = [around["embeddings.projection" if "embeddings.projection" in around else "embeddings.output"]]
        differences: list[dict[str, float]] = []

        def pass_layer(theirs: Mapping[str, Tensor]) -> None:
            made = _layer(model, blocks[len(states) - 1], states[-1], tokens, frozenset(changes))
            differences.append({key: _difference(made[key], theirs[key]) for key in made if key in theirs})
            states.append(made["output.norm"])
            if tell is not None:
                tell(made["weights"])

        theirs: Mapping[str, Tensor] = {}
        their_states: Sequence[Tensor] = ()
        if changes:
            for _block in blocks:
                pass_layer({})
        else:
            theirs, their_states = _library(model, blocks, tokens, pass_layer)
        around |= _above(states[-1][0], _top(model))
        if not (pooler or _classifies(model)):
            around.pop("pooler", None)
        return Pass(
            tokens=tokens,
            order=order,
            around=around,
            states=torch.stack(states),
            differences=tuple(differences),
            around_differences={key: _difference(around[key], theirs[key]) for key in around if key in theirs},
            drift=tuple(map(_difference, states, their_states)),
            changes=changes,
            swap=swap,
        )


def steps(model: PreTrainedModel, passed: Pass, layer: int) -> Trace:
    """The steps of one layer of a pass, with those around the layers.

    Raises UserError for a layer that does not exist.
    """
    blocks = _blocks(model)
    if not 0 <= layer < len(blocks):
        raise UserError(
            "layer {layer} does not exist: the model's layers are 0 to {last}", layer=layer, last=len(blocks) - 1
        )
    with threads.fitting(len(passed.order)), torch.inference_mode():
        made = _layer(model, blocks[layer], passed.states[layer], passed.tokens, frozenset(passed.changes))
        made |= passed.around
        known = {**passed.differences[layer], **passed.around_differences}
        return Trace(
            tokens=passed.tokens,
            layer=layer,
            stages={key: Stage(key, made[key].cpu().numpy(), known.get(key)) for key in STAGES if key in made},
            differences=passed.drift,
            states=passed.states.cpu().numpy(),
            order=passed.order,
            activation=_activation(model.config).id,
            changes=passed.changes,
            swap=passed.swap,
            labels=_labels(model),
        )


def trace(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    pair: str = "",
    *,
    layer: int = 0,
    max_length: int = 0,
    pad_to: int = 0,
    name: str = "",
    changes: tuple[str, ...] = (),
    swap: tuple[int, int] | None = None,
    pooler: bool = True,
) -> Trace:
    """Every stage of the embeddings, of one layer and of what stands above the last one (Devlin et al. 2019).

    model: an encoder or a sequence classifier of a family in FAMILIES, in fp32 and evaluation mode. layer: whose
    stages to keep. max_length, name: as in tokens.tokenize. pad_to: fill up with padding to this many tokens. changes:
    CHANGES ids, done in all layers. swap: the words that hold these two tokens change places. pooler: False for a bare
    encoder whose weights hold none (embeddings.has_pooler): the library makes up a random one, which is then left out.

    Shapes, with E the embedding size (D but for ALBERT and ELECTRA), I the feed-forward size, d = D/H, C classes:
    embeddings.word, .position, .segment (not in DistilBERT), .sum and .output (T, E), .output after its LayerNorm;
    embeddings.projection (T, D), only where E and D differ or the family always has it (ALBERT). query, key, value (H, T, d);
    scores (H, T, T), Q Kᵀ / √d; mask (T), 1 for what may be looked at and 0 for what may not; weights (H, T, T), [head, from, to];
    context (T, D), the heads side by side; attention.output (T, D), after W^O; attention.residual, attention.norm (T, D);
    intermediate.linear and, after the activation, intermediate (T, I); output, output.residual, output.norm (T, D).
    pooler (D); head (D), the hidden layer of a DistilBERT, RoBERTa or ELECTRA classifier; logits (C).

    Raises UserError for an empty text, a layer, change or swap that is not possible, or an unknown activation function.
    """
    passed = run(
        model, tokenizer, text, pair, max_length=max_length, pad_to=pad_to, name=name, changes=changes, swap=swap, pooler=pooler
    )  # fmt: skip
    return steps(model, passed, layer)


def offered(config: PretrainedConfig) -> tuple[Change, ...]:
    """The changes that a model with this configuration can show."""
    missing = {"relu"} if _activation(config).id == "relu" else set()
    if config.model_type == "distilbert":
        missing.add("no-segments")
    return tuple(change for change in CHANGES.values() if change.id not in missing)


def compare(true: Trace, changed: Trace) -> Comparison:
    """Two passes over the same tokens, the second with something changed. Raises ValueError when the tokens differ."""
    places = {original: place for place, original in enumerate(changed.order)}
    if sorted(true.order) != sorted(places):
        raise ValueError("the two passes are over different tokens")
    partners = [places[original] for original in true.order]
    if true.tokens.ids != tuple(changed.tokens.ids[i] for i in partners):
        raise ValueError("the two passes are over different tokens")
    kept = [i for i, token in enumerate(true.tokens.tokens) if token.attended]
    a = true.states[:, kept].astype(np.float64)
    b = changed.states[:, [partners[i] for i in kept]].astype(np.float64)
    tiny = np.finfo(np.float64).tiny
    length_a, length_b = np.linalg.norm(a, axis=-1), np.linalg.norm(b, axis=-1)
    cosines = (a * b).sum(axis=-1) / np.maximum(length_a * length_b, tiny)
    distances = np.linalg.norm(b - a, axis=-1) / np.maximum(length_a, tiny)
    return Comparison(
        cosines=cosines,
        distances=distances,
        mean_cosines=tuple(cosines.mean(axis=1).tolist()),
        mean_distances=tuple(distances.mean(axis=1).tolist()),
        labels=true.labels,
        before=true.probabilities,
        after=changed.probabilities,
    )


# --- what is read ---


def read(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    pair: str = "",
    *,
    max_length: int = 0,
    pad_to: int = 0,
    name: str = "",
) -> Tokens:
    """The tokens of a text (and a pair) as `model` reads them; the rest as in tokens.tokenize.

    Raises UserError as tokens.tokenize does, and for more padding than the model has positions.
    """
    limit = models.max_length(model.config)
    if pad_to > limit:
        raise UserError("{count} tokens are more than the model's {limit}; ask for fewer", count=pad_to, limit=limit)
    return _placed(tokenize(tokenizer, text, pair, model=name, max_length=max_length, pad_to=pad_to), model)


def tensors(model: PreTrainedModel, tokens: Tokens) -> dict[str, Tensor]:
    """What the model is given, each int64 of shape (1, T), on the model's device; segments only where the family has them."""
    inputs = {
        "input_ids": torch.tensor([tokens.ids], device=model.device),
        "attention_mask": torch.tensor([[int(token.attended) for token in tokens.tokens]], device=model.device),
    }
    if FAMILIES[model.config.model_type].segments:
        inputs["token_type_ids"] = torch.tensor([[token.segment for token in tokens.tokens]], device=model.device)
    return inputs


def word_around(tokens: Tokens, place: int) -> list[int]:
    """The positions of the word that holds a token: from the piece that begins it to the last that continues it."""
    chosen = tokens.tokens[place]
    same = [i for i, token in enumerate(tokens.tokens) if (token.source, token.word) == (chosen.source, chosen.word)]
    begins = [i for i in same if i == same[0] or tokens.tokens[i].kind != "continuation"]
    first = max(i for i in begins if i <= place)
    end = next((i for i in begins if i > place), same[-1] + 1)
    return [i for i in same if first <= i < end]


def _swapped(tokens: Tokens, swap: tuple[int, int]) -> tuple[Tokens, tuple[int, ...]]:
    """The tokens with two words in each other's place, and where each token stood before."""
    words: list[list[int]] = []
    for place in sorted(swap):
        if not 0 <= place < len(tokens.tokens):
            raise UserError(
                "token {place} does not exist: the tokens are 0 to {last}", place=place, last=len(tokens.tokens) - 1
            )
        chosen = tokens.tokens[place]
        if chosen.word is None:
            raise UserError("'{token}' is not part of a word; choose two words to swap", token=chosen.text)
        words.append(word_around(tokens, place))
    first, second = words
    if first == second:
        raise UserError("both tokens belong to one word; choose two different words to swap")
    if tokens.tokens[first[0]].source != tokens.tokens[second[0]].source:
        raise UserError("the two words stand in different texts; choose two words of the same text to swap")
    everything = list(range(len(tokens.tokens)))
    order = (
        everything[: first[0]] + second + everything[first[-1] + 1 : second[0]] + first + everything[second[-1] + 1 :]
    )
    return replace(tokens, tokens=tuple(tokens.tokens[i] for i in order)), tuple(order)


def _placed(tokens: Tokens, model: PreTrainedModel) -> Tokens:
    """The tokens with the position ids that the model gives their places. (A swap leaves both words in one segment.)"""
    padding = model.config.pad_token_id
    first = FAMILIES[model.config.model_type].position_offset(model.config)
    placed = zip(tokens.tokens, positions(tokens.ids, padding, first), strict=True)
    return replace(tokens, tokens=tuple(replace(token, position=position) for token, position in placed))


def _check(config: PretrainedConfig, changes: tuple[str, ...]) -> None:
    """Raise UserError for a change that the model cannot show, or two that contradict each other."""
    for change in changes:
        if change not in CHANGES or (change == "no-segments" and config.model_type == "distilbert"):
            names = ", ".join(row.id for row in offered(config))
            raise UserError(
                "the change '{change}' is not possible here; use one of {names}", change=change, names=names
            )
        for other in CHANGES[change].excludes:
            if other in changes:
                raise UserError(
                    "the changes '{change}' and '{other}' cannot be combined; choose one", change=change, other=other
                )


# --- where each family keeps its weights ---


@dataclass(frozen=True)
class _Block:
    """The parts of one layer under our names. layer: the whole; attention: the part that returns (…, weights)."""

    layer: nn.Module
    attention: nn.Module
    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    attention_output: nn.Linear
    attention_norm: nn.LayerNorm
    intermediate: nn.Linear
    output: nn.Linear
    norm: nn.LayerNorm


@dataclass(frozen=True)
class _Top:
    """What stands above the last layer; None for what the model does not have. activation: after `dense`."""

    pooler: nn.Linear | None = None
    dense: nn.Linear | None = None
    activation: Callable[[Tensor], Tensor] = torch.tanh
    logits: nn.Linear | None = None


def _blocks(model: PreTrainedModel) -> tuple[_Block, ...]:
    """The layers in the order in which they are used: ALBERT uses the same ones again and again."""
    encoder: Any = model.base_model
    if model.config.model_type == "distilbert":
        return tuple(
            _Block(
                block, block.attention, block.attention.q_lin, block.attention.k_lin, block.attention.v_lin,
                block.attention.out_lin, block.sa_layer_norm, block.ffn.lin1, block.ffn.lin2, block.output_layer_norm,
            )
            for block in encoder.transformer.layer
        )  # fmt: skip
    if model.config.model_type == "albert":
        count, groups = model.config.num_hidden_layers, encoder.encoder.albert_layer_groups
        return tuple(
            _Block(
                block, block.attention, block.attention.query, block.attention.key, block.attention.value,
                block.attention.dense, block.attention.LayerNorm, block.ffn, block.ffn_output, block.full_layer_layer_norm,
            )
            for i in range(count)
            for block in groups[int(i / (count / len(groups)))].albert_layers
        )  # fmt: skip
    return tuple(
        _Block(
            block, block.attention.self, block.attention.self.query, block.attention.self.key, block.attention.self.value,
            block.attention.output.dense, block.attention.output.LayerNorm, block.intermediate.dense, block.output.dense, block.output.LayerNorm,
        )
        for block in encoder.encoder.layer
    )  # fmt: skip


def _projection(model: PreTrainedModel) -> nn.Linear | None:
    """The map from the embedding size to the hidden size."""
    encoder: Any = model.base_model
    if model.config.model_type == "albert":
        return encoder.encoder.embedding_hidden_mapping_in
    if model.config.model_type == "electra" and model.config.embedding_size != model.config.hidden_size:
        return encoder.embeddings_project
    return None


def _classifies(model: PreTrainedModel) -> bool:
    return type(model).__name__.endswith("ForSequenceClassification")


def _labels(model: PreTrainedModel) -> tuple[str, ...]:
    """The labels of a classifier that chooses one of several."""
    return models.choices(model.config) if _classifies(model) else ()


def _top(model: PreTrainedModel) -> _Top:
    encoder: Any = model.base_model
    whole: Any = model
    classifies = _classifies(model)
    match model.config.model_type:
        case "bert":
            pooler = encoder.pooler and encoder.pooler.dense
            return _Top(pooler, logits=whole.classifier if classifies else None)
        case "albert":
            return _Top(encoder.pooler, logits=whole.classifier if classifies else None)
        case "distilbert" if classifies:
            return _Top(None, whole.pre_classifier, _relu, whole.classifier)
        case "electra" if classifies:
            return _Top(None, whole.classifier.dense, functional.gelu, whole.classifier.out_proj)
        case "roberta" | "xlm-roberta" if classifies:
            return _Top(None, whole.classifier.dense, torch.tanh, whole.classifier.out_proj)
        case "roberta" | "xlm-roberta":
            return _Top(encoder.pooler and encoder.pooler.dense)
    return _Top()


def _activation(config: PretrainedConfig) -> Activation:
    name = config.activation if config.model_type == "distilbert" else config.hidden_act
    if name not in ACTIVATIONS:
        raise UserError(
            "the model's activation function '{name}' is not known here; known are {names}",
            name=name,
            names=", ".join(ACTIVATIONS),
        )
    return ACTIVATIONS[name]


# --- our arithmetic ---


def _linear(x: Tensor, part: nn.Linear) -> Tensor:
    """x Wᵀ + b."""
    return functional.linear(x, part.weight, part.bias)


def _layer_norm(x: Tensor, part: nn.LayerNorm) -> Tensor:
    """(x − mean) / √(variance + ε) · γ + β over the last dimension (Ba et al. 2016)."""
    return functional.layer_norm(x, part.weight.shape, part.weight, part.bias, part.eps)


def _embed(model: PreTrainedModel, tokens: Tokens, changes: frozenset[str]) -> dict[str, Tensor]:
    encoder: Any = model.base_model
    parts = encoder.embeddings
    device = parts.word_embeddings.weight.device

    def rows(table: nn.Embedding, ids: list[int]) -> Tensor:
        return table.weight[torch.tensor(ids, device=device)]

    word = rows(parts.word_embeddings, [token.id for token in tokens.tokens])
    position = rows(parts.position_embeddings, [token.position for token in tokens.tokens])
    total = word
    made = {
        "embeddings.word": word,
        "embeddings.position": torch.zeros_like(position) if "no-positions" in changes else position,
    }
    if model.config.model_type != "distilbert":
        several = FAMILIES[model.config.model_type].segments
        segment = rows(parts.token_type_embeddings, [token.segment if several else 0 for token in tokens.tokens])
        made["embeddings.segment"] = torch.zeros_like(segment) if "no-segments" in changes else segment
        total = total + made["embeddings.segment"]
    made["embeddings.sum"] = total + made["embeddings.position"]
    made["embeddings.output"] = _layer_norm(made["embeddings.sum"], parts.LayerNorm)
    projection = _projection(model)
    if projection is not None:
        made["embeddings.projection"] = _linear(made["embeddings.output"], projection)
    return made


def _layer(
    model: PreTrainedModel, block: _Block, x: Tensor, tokens: Tokens, changes: frozenset[str]
) -> dict[str, Tensor]:
    """All stages of one layer. x: (T, D), what goes into it."""
    heads, act = model.config.num_attention_heads, _activation(model.config).compute
    mask = torch.tensor([float(token.attended) for token in tokens.tokens], device=x.device)
    if "no-mask" in changes:
        mask = torch.ones_like(mask)
    if "relu" in changes:
        act = _relu
    if "no-activation" in changes:
        act = ACTIVATIONS["linear"].compute
    size = len(x)
    made = {
        key: _linear(x, part).view(size, heads, -1).transpose(0, 1)
        for key, part in (("query", block.query), ("key", block.key), ("value", block.value))
    }
    made["scores"] = made["query"] @ made["key"].transpose(1, 2)
    if "no-scaling" not in changes:
        made["scores"] = made["scores"] * made["query"].shape[-1] ** -0.5
    made["mask"] = mask
    made["weights"] = made["scores"].masked_fill(mask == 0, -math.inf).softmax(dim=-1)
    made["context"] = (made["weights"] @ made["value"]).transpose(0, 1).reshape(size, -1)
    attended = made["attention.output"] = _linear(made["context"], block.attention_output)
    if "tutorial-encoder" in changes:
        residual, reads = x + attended, attended
    else:
        made["attention.residual"] = attended if "no-attention-residual" in changes else x + attended
        made["attention.norm"] = _layer_norm(made["attention.residual"], block.attention_norm)
        residual = reads = made["attention.norm"]
    made["intermediate.linear"] = _linear(reads, block.intermediate)
    made["intermediate"] = act(made["intermediate.linear"])
    made["output"] = _linear(made["intermediate"], block.output)
    made["output.residual"] = made["output"] if "no-feed-forward-residual" in changes else residual + made["output"]
    made["output.norm"] = _layer_norm(made["output.residual"], block.norm)
    return made


def _above(first: Tensor, top: _Top) -> dict[str, Tensor]:
    """What is made of the last state of the first token, (D)."""
    made: dict[str, Tensor] = {}
    if top.pooler is not None:
        first = made["pooler"] = torch.tanh(_linear(first, top.pooler))
    if top.dense is not None:
        first = made["head"] = top.activation(_linear(first, top.dense))
    if top.logits is not None:
        made["logits"] = _linear(first, top.logits)
    return made


# --- the library's ---


def _library(
    model: PreTrainedModel,
    blocks: tuple[_Block, ...],
    tokens: Tokens,
    passed_layer: Callable[[Mapping[str, Tensor]], None],
) -> tuple[dict[str, Tensor], list[Tensor]]:
    """What the library's own forward pass gives around the layers, and its L+1 hidden states (T, D).

    passed_layer: told after each layer what the library shows to hooks inside it.
    """
    runner = model if _classifies(model) else model.base_model

    def told(heard: Mapping[str, list[Tensor]]) -> None:
        found = {key: torch.cat(parts, dim=1)[0] for key, parts in heard.items()}
        for key in ("query", "key", "value"):
            found[key] = found[key].view(len(tokens.tokens), model.config.num_attention_heads, -1).transpose(0, 1)
        passed_layer(found)

    with _listen(model, blocks, told) as heard:
        output = runner(**tensors(model, tokens), output_hidden_states=True)
    around = {key: torch.cat(parts, dim=1)[0] for key, parts in heard.items()}
    if _top(model).pooler is not None and not _classifies(model):
        around["pooler"] = output.pooler_output[0]
    if _classifies(model):
        around["logits"] = output.logits[0]
    return around, [state[0] for state in output.hidden_states]


@contextmanager
def _listen(
    model: PreTrainedModel, blocks: tuple[_Block, ...], told: Callable[[Mapping[str, list[Tensor]]], None]
) -> Iterator[dict[str, list[Tensor]]]:
    """Collect what goes into and comes out of the parts of the embeddings, of the head and of each layer, in this thread only.

    Those of a layer are told when it is done, and forgotten. Other sessions may run the same model in threads of their own. ALBERT
    uses one layer many times. Each stage is a list, because a model may be set to do its feed-forward in several portions.
    """
    owner = threading.get_ident()
    around: dict[str, list[Tensor]] = {}
    inside: dict[str, list[Tensor]] = {}
    handles = []

    def hear(
        heard: dict[str, list[Tensor]], part: nn.Module, *, into: str = "", out: str = "", weights: str = ""
    ) -> None:
        def hook(module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
            if threading.get_ident() != owner:
                return
            if into:
                heard.setdefault(into, []).append(arguments[0])
            if out:
                heard.setdefault(out, []).append(output)
            if weights and output[1] is not None:  # only eager attention shows its weights
                heard.setdefault(weights, []).append(output[1])

        handles.append(part.register_forward_hook(hook))

    def done(module: nn.Module, arguments: object, output: object) -> None:
        if threading.get_ident() == owner:
            told(inside)
            inside.clear()

    encoder: Any = model.base_model
    top, projection = _top(model), _projection(model)
    try:
        hear(around, encoder.embeddings.word_embeddings, out="embeddings.word")
        hear(around, encoder.embeddings.position_embeddings, out="embeddings.position")
        if model.config.model_type != "distilbert":
            hear(around, encoder.embeddings.token_type_embeddings, out="embeddings.segment")
        hear(around, encoder.embeddings.LayerNorm, into="embeddings.sum", out="embeddings.output")
        if projection is not None:
            hear(around, projection, out="embeddings.projection")
        for block in {id(block.layer): block for block in blocks}.values():
            hear(inside, block.query, out="query")
            hear(inside, block.key, out="key")
            hear(inside, block.value, out="value")
            hear(inside, block.attention, weights="weights")
            hear(inside, block.attention_output, into="context", out="attention.output")
            hear(inside, block.attention_norm, into="attention.residual", out="attention.norm")
            hear(inside, block.intermediate, out="intermediate.linear")
            hear(inside, block.output, into="intermediate", out="output")
            hear(inside, block.norm, into="output.residual", out="output.norm")
            handles.append(block.layer.register_forward_hook(done))
        if top.logits is not None:
            hear(around, top.logits, into="pooler" if top.dense is None else "head")
        yield around
    finally:
        for handle in handles:
            handle.remove()


def _difference(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).abs().max())
