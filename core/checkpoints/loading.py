"""From a checked folder to a model: every weight of the body comes from the files, or it is an error that names the weights.

The library draws what a checkpoint lacks at random and only reports it; here its report decides. This module does not know
where a folder comes from nor what its model is used for.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import torch
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    EncoderDecoderConfig,
    EncoderDecoderModel,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.utils import logging as transformers_logging

from core.checkpoints import config as configuration
from core.checkpoints import weights
from core.errors import N_, Note, UserError, some
from core.families import halves

# While the library builds a model it changes itself, for all threads: no weights are tied, and new tensors hold no numbers.
BUILDING = Lock()

Attention = Literal["eager", "sdpa"]
# What may become of a head: it must come from the files whole; the parts that they lack are drawn; all of it is drawn.
New = Literal["never", "missing", "always"]
POOLER = "pooler"
ENCODER, DECODER = "encoder", "decoder"  # the parts of a pair, as the names of its weights begin
CROSS = "crossattention"  # in the names of a decoder's weights: the attention to what was read
# Heads for other tasks, which a checkpoint may hold beside the one that is wanted.
OTHER_HEADS = (
    "cls.",
    "lm_head.",
    "vocab_",
    "predictions.",
    "sop_classifier.",
    "generator_",
    "discriminator_",
    "qa_outputs.",
)


def load(
    auto_class: Any,
    name: str,
    folder: Path,
    config: PretrainedConfig,
    *,
    new: New,
    seed: int = 0,
    attention: Attention = "sdpa",
) -> PreTrainedModel:
    """The model in a folder, in fp32 and evaluation mode.

    auto_class: of transformers; its head depends on the configuration. name: as people know it. new: what may be made of the
    head; the numbers drawn depend on the seed alone. Of a pair the encoder is taken. Raises UserError when the weights are not those of the configuration.
    """
    shapes = weights.shapes(folder)
    prefix = weights.prefix(shapes)
    if configuration.is_pair(folder):
        shapes = weights.part(shapes, ENCODER)
        prefix += f"{ENCODER}."
    weights.check_sizes(shapes, config)
    model, report = _build(auto_class, name, folder, config, attention, prefix)
    missing = _check(model, name, report, new)
    _draw_missing(model, missing, new, seed)
    return model.eval()


def load_pair(
    name: str, folder: Path, config: EncoderDecoderConfig, *, attention: Attention = "sdpa"
) -> PreTrainedModel:
    """The encoder and the decoder in a folder, complete, in fp32 and evaluation mode. Raises UserError when a weight is missing."""
    shapes = weights.shapes(folder)
    for part, own in zip((ENCODER, DECODER), halves(config), strict=True):
        weights.check_sizes(weights.part(shapes, part), own)
    model, report = _build(AutoModelForSeq2SeqLM, name, folder, config, attention, weights.prefix(shapes))
    _refuse(LACKING_IN_A_PAIR, name, {key for key in report.missing if not _is_pooler(key)})
    _refuse(RESIZED, name, report.resized.values())
    _refuse(EXCESS, name, report.unexpected)
    model.generation_config.max_new_tokens = configuration.most_new_tokens(folder)
    return model.eval()


def begin_pair(encoder: PreTrainedModel, *, seed: int, attention: Attention) -> EncoderDecoderModel:
    """A pair that is to be trained: the encoder as it is, and a copy of it as the decoder (Rothe, Narayan and Severyn 2020).

    What an encoder lacks is drawn, depending on the seed alone: the attention to what was read, and a head that names the next token.
    """
    own = type(encoder.config).from_dict(encoder.config.to_dict() | {"is_decoder": True, "add_cross_attention": True})
    config = configuration.pair_of(encoder.config, own)
    with BUILDING, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        decoder = AutoModelForCausalLM.from_config(config.decoder, attn_implementation=attention)
    held = encoder.state_dict()
    start = f"{decoder.base_model_prefix}."
    with torch.no_grad():
        for key, tensor in decoder.base_model.state_dict().items():
            if key in held:
                tensor.copy_(held[key])
    decoder.tie_weights()
    model = EncoderDecoderModel(config=config, encoder=encoder, decoder=decoder)
    new = {key: value.numel() for key, value in decoder.named_parameters() if key.removeprefix(start) not in held}
    cross = sum(count for key, count in new.items() if CROSS in key)
    model.config.update({configuration.NEW_PARTS: {"cross_attention": cross, "head": sum(new.values()) - cross}})
    return model.eval()


def notes(folder: Path) -> tuple[Note, ...]:
    """What should be known about a folder's weights."""
    prefix = weights.prefix(weights.shapes(folder))
    message = N_("the names of its weights begin with '{prefix}', which was left out")
    return ((message, {"prefix": prefix}),) if prefix else ()


LACKING = N_(
    "the weights of '{name}' lack parts of its encoder ({count}): {names}; with random numbers in their place it would answer too"
)
LACKING_IN_A_PAIR = N_(
    "the weights of '{name}' lack parts of its encoder or its decoder ({count}): {names}; with random numbers in their place it would answer too"
)
RESIZED = N_("the weights of '{name}' have another size than config.json says: {names}")
EXCESS = N_("the weights of '{name}' hold parts that config.json has no place for ({count}): {names}")
HEAD_RESIZED = N_("the head of '{name}' has not as many outputs as config.json says: {names}")
HEAD = N_("the head of '{name}' is incomplete: its weights lack {names}")
OTHER_HEAD = N_("the head of '{name}' is not the usual one: its weights lack {names} and hold {held} instead")


@dataclass(frozen=True)
class _Report:
    """What the library says about loading: names of weights, and of those in another size what they should be and are."""

    missing: frozenset[str]
    unexpected: frozenset[str]
    resized: dict[str, str]


def _build(
    auto_class: Any, name: str, folder: Path, config: PretrainedConfig, attention: Attention, prefix: str
) -> tuple[PreTrainedModel, _Report]:
    """The model with the files' weights, and the library's report; it is given the weights, so that it opens no file."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        tensors = {
            key.removeprefix(prefix): tensor for key, tensor in weights.read(folder).items() if key.startswith(prefix)
        }
        # the library draws from the process-wide generator, which others use too
        with BUILDING, torch.random.fork_rng(devices=[]):
            model, told = auto_class._model_mapping[type(config)].from_pretrained(
                None,
                config=config,
                state_dict=tensors,
                dtype=torch.float32,
                attn_implementation=attention,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
    except Exception as error:  # whatever the library stumbles over in files that other people made
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError("the model '{name}' cannot be loaded: {reason}", name=name, reason=reason) from error
    resized = {key: f"{key} {tuple(held)} instead of {tuple(wanted)}" for key, held, wanted in told["mismatched_keys"]}
    if told["error_msgs"]:
        raise UserError(
            "the model '{name}' cannot be loaded: {reason}", name=name, reason="; ".join(told["error_msgs"])[:200]
        )
    return model, _Report(frozenset(told["missing_keys"]), frozenset(told["unexpected_keys"]), resized)


def _check(model: PreTrainedModel, name: str, report: _Report, new: New) -> frozenset[str]:
    """The names of what was drawn and may be. Raises UserError for anything else that the files lack or have too much."""
    in_body = _body(model)
    bare = model.base_model is model
    free = new != "never" or bare
    drawn = report.missing | set(report.resized)
    optional = {key for key in drawn if _is_pooler(key) and free}
    body = {key for key in drawn if in_body(key)} - optional
    resized = body & set(report.resized)
    excess = {key for key in report.unexpected if in_body(key) and not _is_pooler(key)}
    _refuse(LACKING, name, body - resized)
    _refuse(RESIZED, name, {report.resized[key] for key in resized})
    _refuse(EXCESS, name, excess)
    head = drawn - body - optional
    if new != "always":
        _refuse(HEAD_RESIZED, name, {report.resized[key] for key in head & set(report.resized)})
    if new == "never":
        others = {key for key in report.unexpected if not (_is_pooler(key) or key.startswith(OTHER_HEADS))}
        _refuse(HEAD if not others else OTHER_HEAD, name, head, held=some(sorted(others), most=3))
        if type(model).__name__ in (model.config.architectures or ()):
            _refuse(EXCESS, name, others)
    return frozenset(drawn)


def _refuse(message: str, name: str, keys: Collection[str], **values: object) -> None:
    """Raise UserError when there are such weights, naming three."""
    if keys:
        raise UserError(message, name=name, count=len(keys), names=some(sorted(keys), most=3), **values)


def _body(model: PreTrainedModel) -> Callable[[str], bool]:
    """Whether a name is that of a weight of the encoder, with or without the name that a model with a head gives it."""
    parts = {part for part, _ in model.base_model.named_children()} | {POOLER}
    start = f"{model.base_model_prefix}."

    def is_body(key: str) -> bool:
        return key.startswith(start) or key.split(".")[0] in parts

    return is_body


def _is_pooler(key: str) -> bool:
    return POOLER in key.split(".")


def _draw_missing(model: PreTrainedModel, missing: Collection[str], new: New, seed: int) -> None:
    """Draw what the checkpoint lacks, and a whole head that is to be new, from a generator of this call's own."""
    generator = torch.Generator().manual_seed(seed)
    deviation = float(model.config.initializer_range)
    for part_name, part in model.named_modules():
        if isinstance(part, nn.Linear) and f"{part_name}.weight" in missing:
            _draw(part, deviation, generator)
    if new == "always":  # also where the checkpoint brought a head of its own
        generator.manual_seed(seed)
        for part_name, child in model.named_children():
            for part in _linear(child) if part_name != model.base_model_prefix else ():
                _draw(part, deviation, generator)


def _linear(module: nn.Module) -> Iterable[nn.Linear]:
    return (part for part in module.modules() if isinstance(part, nn.Linear))


def _draw(layer: nn.Linear, deviation: float, generator: torch.Generator) -> None:
    """Weights N(0, deviation²), biases 0."""
    nn.init.normal_(layer.weight, std=deviation, generator=generator)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
