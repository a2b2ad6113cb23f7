"""What a model's folder must hold before anything is read from it: a configuration, safetensors weights, nothing that leads outside.

What it holds instead is said: a checkpoint in a folder inside, an adapter, a pickle, another library's format. This module does
not know where a folder comes from, nor what its configuration, weights and tokenizer mean.
"""

import codecs
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.families import FAMILIES, PAIR

MEGABYTE = 1 << 20
MOST_JSON = 4 * MEGABYTE
LFS_POINTER = b"version https://git-lfs.github.com"
CONFIG, TOKENIZER_CONFIG, INDEX = "config.json", "tokenizer_config.json", "model.safetensors.index.json"
WEIGHTS = "model.safetensors"
OTHER_FORMATS = (
    "bert_config.json",
    "*.ckpt*",
    "tf_model.h5",
    "flax_model.msgpack",
    "*.gguf",
    "*.onnx",
    "*.nemo",
    "*.mlmodel",
)
MOST_SHARDS = 100


def check_size(path: Path, most: int) -> None:
    """Raise UserError when a file of a model's folder has more bytes than that."""
    size = path.stat().st_size
    if size > most:
        raise UserError(
            "{file} has {size} MB; a model that the studio works with needs at most {most}",
            file=path.name,
            size=size // MEGABYTE,
            most=most // MEGABYTE,
        )


def read_text(path: Path, most: int = MOST_JSON) -> str:
    """A text file of a model's folder. Raises UserError when it is too large, a stand-in, or not UTF-8 without a mark."""
    try:
        check_size(path, most)
        data = path.read_bytes()
    except OSError as error:
        raise UserError("{file} cannot be read: {reason}", file=path.name, reason=error.strerror or error) from error
    check_no_pointer(path.name, data)
    if data.startswith(codecs.BOM_UTF8):
        raise UserError(
            "{file} begins with a byte order mark (BOM), which a model's files must not have; save it as UTF-8 without one",
            file=path.name,
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError("{file} is not UTF-8 text", file=path.name) from error


def check_no_pointer(file: str, beginning: bytes) -> None:
    """Raise UserError for what Git leaves in place of a large file."""
    if beginning.startswith(LFS_POINTER):
        raise UserError(
            "{file} is only a pointer to the real file (Git LFS); fetch it with 'git lfs pull', or download it again",
            file=file,
        )


def read_json(path: Path, most: int = MOST_JSON) -> dict[str, Any]:
    """The JSON object in a file of a model's folder. Raises UserError when it cannot be read."""
    text = read_text(path, most)
    try:
        content = json.loads(text)
    except RecursionError as error:
        raise UserError("{file} is nested too deeply to be read", file=path.name) from error
    except ValueError as error:
        raise UserError("{file} cannot be read as JSON", file=path.name) from error
    if not isinstance(content, dict):
        raise UserError("{file} cannot be read as JSON", file=path.name)
    return content


def check_config(path: Path) -> None:
    """Raise UserError unless a config.json describes an allowed family and brings no code of its own, nor do the two parts of a pair."""
    config = read_json(path)
    check_no_code(config, path.name)
    for part in parts(config, path.name):
        check_no_code(part, path.name)
        _check_family(part, path.name)


def parts(config: Mapping[str, Any], file: str) -> tuple[Mapping[str, Any], ...]:
    """What a configuration describes: one model, or the encoder and the decoder of a pair. Raises UserError when a part is missing."""
    if config.get("model_type") != PAIR:
        return (config,)
    found = (config.get("encoder"), config.get("decoder"))
    if not all(isinstance(part, dict) for part in found):
        raise UserError("{file} describes a model of two parts, but not both of them: encoder and decoder", file=file)
    return tuple(part for part in found if isinstance(part, dict))


def _check_family(config: Mapping[str, Any], file: str) -> None:
    model_type = config.get("model_type")
    if model_type is None:
        raise UserError(
            '{file} does not say of which family the model is; add "model_type", one of {families}',
            file=file,
            families=", ".join(FAMILIES),
        )
    if not isinstance(model_type, str) or model_type not in FAMILIES:
        raise UserError(
            "this is a '{model_type}' model; the studio works with encoders of the families {families}",
            model_type=str(model_type)[:50],
            families=", ".join(FAMILIES),
        )


def check_no_code(content: Mapping[str, object], file: str) -> None:
    """Raise UserError for a file that names code of its own to run."""
    if "auto_map" in content:
        raise UserError(
            "this model wants to run code of its own (auto_map in {file}); the studio never does that", file=file
        )


def check_folder(found: Path) -> None:
    """Raise UserError unless a folder is safe to build a model from, and say what it is instead.

    It must hold an allowed configuration without auto_map and safetensors weights; neither a link nor an index may point
    outside the folder; an adapter, which could name another model to load, is refused.
    """
    try:
        _check_links(found)
    except OSError as error:
        raise UserError(
            "{folder} cannot be read: {reason}", folder=found.name, reason=error.strerror or error
        ) from error
    if (found / "adapter_config.json").is_file():
        raise UserError(
            "{folder} is an adapter without its model; merge it first and save the result", folder=found.name
        )
    if not (found / CONFIG).is_file():
        raise _no_model(found)
    check_config(found / CONFIG)
    if (found / TOKENIZER_CONFIG).is_file():
        check_no_code(read_json(found / TOKENIZER_CONFIG), TOKENIZER_CONFIG)
    weight_files(found)


def _check_links(found: Path) -> None:
    """Raise UserError for a symbolic link that leaves the folder; the hub's cache keeps its files in a folder beside."""
    homes = [found.resolve()]
    if found.resolve().parent.name == "snapshots":
        homes.append(found.resolve().parent.parent / "blobs")
    for path in found.iterdir():
        if path.is_symlink() and not any(path.resolve().is_relative_to(home) for home in homes):
            raise UserError(
                "{file} in {folder} is a link to a place outside of it; put the file itself there",
                file=path.name,
                folder=found.name,
            )


def _no_model(found: Path) -> UserError:
    """What a folder without a configuration is."""
    inside = sorted(path.parent for path in found.glob(f"*/{CONFIG}"))
    if inside:
        newest = max(inside, key=lambda path: (path.stat().st_mtime, path.name))
        return UserError(
            "{folder} holds no model itself, but its folder {inside} does; give that one: {path}",
            folder=found.name,
            inside=newest.name,
            path=newest,
        )
    other = _other_format(found)
    if other:
        return UserError(
            "{folder} holds a model in another format ({file}); convert it with transformers and save it as safetensors first",
            folder=found.name,
            file=other,
        )
    return UserError("{folder} holds no model: there is no config.json in it", folder=found.name)


def _other_format(found: Path) -> str:
    return next((path.name for pattern in OTHER_FORMATS for path in sorted(found.glob(pattern))), "")


def weight_files(found: Path) -> tuple[Path, ...]:
    """The safetensors files that hold a model's weights, the shards of an index included.

    Raises UserError when there are none, or an index names something else than files of the folder.
    """
    if (found / WEIGHTS).is_file():
        return (found / WEIGHTS,)
    if (found / INDEX).is_file():
        return tuple(found / name for name in _shards(found))
    pickles = any(found.glob("*.bin")) or any(found.glob("*.pt*"))
    other = "" if pickles else _other_format(found)
    if other:
        raise UserError(
            "{folder} holds a model in another format ({file}); convert it with transformers and save it as safetensors first",
            folder=found.name,
            file=other,
        )
    raise UserError(
        "there are no safetensors weights in {folder}; pickle formats such as pytorch_model.bin can run code and are not loaded",
        folder=found.name,
    )


def _shards(found: Path) -> list[str]:
    shards = read_json(found / INDEX).get("weight_map")
    names: list[Any] = list(shards.values()) if isinstance(shards, dict) else [None]
    for shard in names:
        if not isinstance(shard, str) or Path(shard).name != shard or not (found / shard).is_file():
            raise UserError(
                "the index of the weights names '{shard}', which is not a file of this model", shard=str(shard)[:100]
            )
        if not shard.endswith(".safetensors"):
            raise UserError("the weights '{shard}' are not in safetensors format", shard=shard[:100])
    if not names or len(set(names)) > MOST_SHARDS:
        raise UserError(
            "the index of the weights names {count} files; it must be 1 to {most}",
            count=len(set(names)),
            most=MOST_SHARDS,
        )
    return sorted(set(names))
