"""What a model's folder must be before anything is built from it: an allowed family, safetensors weights of its own, no code.

This module does not know where a folder comes from.
"""

import json
from pathlib import Path

from core.errors import UserError
from core.families import FAMILIES


def read_json(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError("{file} cannot be read as JSON", file=path.name) from error
    if not isinstance(content, dict):
        raise UserError("{file} cannot be read as JSON", file=path.name)
    return content


def check_config(path: Path) -> None:
    """Raise UserError unless a config.json describes an allowed family and brings no code of its own."""
    config = read_json(path)
    if "auto_map" in config:
        raise UserError(
            "this model wants to run code of its own (auto_map in {file}); the studio never does that", file=path.name
        )
    model_type = str(config.get("model_type", ""))
    if model_type not in FAMILIES:
        raise UserError(
            "this is a '{model_type}' model; the studio works with encoders of the families {families}",
            model_type=model_type[:50],
            families=", ".join(FAMILIES),
        )


def check_folder(found: Path) -> None:
    """Raise UserError unless a folder is safe to build a model from.

    It must hold an allowed configuration without auto_map and safetensors weights; an index may not point outside the
    folder; an adapter, which could name another model to load, is refused.
    """
    if not (found / "config.json").is_file():
        raise UserError("{folder} holds no model: there is no config.json in it", folder=found.name)
    check_config(found / "config.json")
    if (found / "tokenizer_config.json").is_file() and "auto_map" in read_json(found / "tokenizer_config.json"):
        raise UserError(
            "this model wants to run code of its own (auto_map in {file}); the studio never does that",
            file="tokenizer_config.json",
        )
    if (found / "adapter_config.json").is_file():
        raise UserError(
            "{folder} is an adapter without its model; merge it first and save the result", folder=found.name
        )
    index = found / "model.safetensors.index.json"
    if index.is_file():
        shards = read_json(index).get("weight_map", {})
        for shard in set(shards.values()) if isinstance(shards, dict) else {""}:
            if not isinstance(shard, str) or Path(shard).name != shard or not (found / shard).is_file():
                raise UserError(
                    "the index of the weights names '{shard}', which is not a file of this model",
                    shard=str(shard)[:100],
                )
            if not shard.endswith(".safetensors"):
                raise UserError("the weights '{shard}' are not in safetensors format", shard=shard[:100])
    elif not (found / "model.safetensors").is_file():
        raise UserError(
            "there are no safetensors weights in {folder}; pickle formats such as pytorch_model.bin can run code and are not loaded",
            folder=found.name,
        )
