"""Which parameters of a model a method trains, by layer group, and how far each group has moved at the end.

This module does not know what the model learns, nor on which machine.
"""

import math
import re
from collections.abc import Mapping

import numpy as np
import peft
import torch
from transformers import EncoderDecoderModel, PreTrainedModel

from core import models
from core.checkpoints.loading import CROSS, ENCODER
from core.errors import UserError
from core.results import Movement, RunConfig
from core.tasks.seen import NEVER

NEW = ("pooler", "classifier", "head")  # groups above the encoder
# Groups of a decoder that are new, or that write what is new: the method that trains least trains them.
WRITING = ("cross-attention", "decoder embeddings", "decoder head")
LORA_TARGETS = {"distilbert": ["q_lin", "v_lin"]}
LORA_TARGETS_ELSEWHERE = ["query", "value"]
LORA_TARGETS_IN_A_PAIR = rf"(?!.*{CROSS}).*\.(query|value)"


def group_of(name: str, base: str) -> str:
    """The layer group of a parameter: "embeddings", "layer 1" (the lowest) …, "layers" (shared by all), "pooler", "classifier".

    "head" is any other head above the encoder; a decoder that is tied to the word embeddings counts as these. In a pair "decoder
    embeddings", "decoder layer 1" … and "decoder head" are the second part's, and "cross-attention" its attention to the first.
    base: what the names of the encoder's parameters begin with, as `_base` says.
    """
    if base == EncoderDecoderModel.base_model_prefix:
        part, _, rest = name.partition(".")
        return _inside(f".{rest}") if part == ENCODER else _of_decoder(f".{rest}")
    if base and not name.startswith(base + "."):
        return "classifier" if "classifier" in name or "seq_relationship" in name else "head"
    return _inside(name if base else f".{name}")


def _base(model: PreTrainedModel) -> str:
    """The model's base_model_prefix; "" of an encoder without a head, whose parameters' names do not begin with it."""
    bare = model.base_model is model and not model.config.is_encoder_decoder
    return "" if bare else str(model.base_model_prefix)


def _inside(name: str) -> str:
    """The group of a parameter of an encoder."""
    layer = re.search(r"\.layer\.(\d+)\.", name)
    if layer:
        return f"layer {int(layer[1]) + 1}"
    if ".albert_layer_groups." in name:
        return "layers"
    return "pooler" if ".pooler." in name else "embeddings"


def _of_decoder(name: str) -> str:
    """The group of a parameter of a decoder."""
    if CROSS in name:
        return "cross-attention"
    inside = ".embeddings" in name or ".layer." in name
    return f"decoder {_inside(name)}" if inside else "decoder head"


def choose_parameters(model: PreTrainedModel, config: RunConfig) -> PreTrainedModel | peft.PeftModel:
    """Set requires_grad as the method says; for LoRA return the model with its updates in place."""
    base = _base(model)
    groups = {name: group_of(name, base) for name, _ in model.named_parameters()}
    if config.method == "lora":
        return _with_lora(model, config, groups)
    layers = len({group for group in groups.values() if group.startswith("layer ")})
    kept = {"embeddings", *(f"layer {i + 1}" for i in range(config.frozen_layers))}
    if config.method == "frozen" and config.frozen_layers > layers:
        if "layers" in groups.values():
            raise UserError(
                "all layers of '{model}' share one set of weights, so its lower layers cannot be frozen alone; set frozen_layers to 0 or choose another method",
                model=models.title(config.model),
            )
        raise UserError(
            "'{model}' has {layers} layers; {frozen} of them cannot be frozen",
            model=models.title(config.model),
            layers=layers,
            frozen=config.frozen_layers,
        )
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:  # what training never meets
            continue
        if config.method == "frozen":
            parameter.requires_grad_(groups[name] not in kept)
        elif config.method == "head":
            parameter.requires_grad_(groups[name] in (*NEW, *WRITING))
    return model


def _with_lora(model: PreTrainedModel, config: RunConfig, groups: Mapping[str, str]) -> peft.PeftModel:
    """The model with low-rank updates in place; what is new in it is trained whole."""
    pair = model.config.is_encoder_decoder
    saved = [] if pair else _untied_parts(model) if model.get_output_embeddings() else _head_parts(model)
    options = peft.LoraConfig(
        r=config.lora_rank,
        lora_alpha=2 * config.lora_rank,
        lora_dropout=0.0,
        target_modules=LORA_TARGETS_IN_A_PAIR
        if pair
        else LORA_TARGETS.get(model.config.model_type, LORA_TARGETS_ELSEWHERE),
        modules_to_save=saved,
    )
    whole = [
        parameter for name, parameter in model.named_parameters() if groups[name] in WRITING and parameter.requires_grad
    ]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        found = peft.get_peft_model(model, options)
    for parameter in whole:
        parameter.requires_grad_(True)
    return found


def _head_parts(model: PreTrainedModel) -> list[str]:
    """The names of what stands beside the encoder and has parameters."""
    if not _base(model):
        return []
    parts = model.named_children()
    return [name for name, part in parts if name != model.base_model_prefix and any(True for _ in part.parameters())]


def _untied_parts(model: PreTrainedModel) -> list[str]:
    """The names of a masked language model's head layers, but for the decoder: a copy of it would no longer be tied."""
    decoder = model.get_output_embeddings()
    return [
        name
        for name, part in model.named_modules()
        if not name.startswith(model.base_model_prefix + ".")
        and part is not decoder
        and not any(True for _ in part.children())
        and any(True for _ in part.parameters())
    ]


def movement(start: PreTrainedModel, model: PreTrainedModel) -> tuple[Movement, ...]:
    """How far each layer group of `model` is from where it started. The pooler of a pair, which nothing is read from, is left out."""
    befores = dict(start.named_parameters())
    sums: dict[str, np.ndarray] = {}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            before = befores[name]
            met = parameter.cpu() > NEVER  # the bias of what is never written is no movement
            change = torch.where(met, parameter.cpu() - before, 0)
            values = [change.numel(), float(change.norm()) ** 2, float(before.norm()) ** 2, int(change.count_nonzero())]
            group = group_of(name, _base(model))
            sums[group] = sums.get(group, np.zeros(4)) + np.array(values)
    return tuple(
        Movement(group, int(n), math.sqrt(moved / size) if size else 0.0, float(changed / n))
        for group, (n, moved, size, changed) in sums.items()
        if group != "pooler" or not model.config.is_encoder_decoder
    )
