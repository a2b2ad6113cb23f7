"""What a model's weights are, read from the headers of its safetensors files alone: names and shapes, nothing of their contents.

A header is bounded, complete and true to its file before the library opens it. This module does not know which weights a model
should have.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from safetensors import safe_open
from torch import Tensor
from transformers import PretrainedConfig

from core.errors import UserError, some
from core.families import FAMILIES
from core.safety import check_no_pointer, weight_files

Shapes = Mapping[str, tuple[int, ...]]
Found = TypeVar("Found")

MOST_HEADER = 8 << 20  # bytes; that of a model of 400 weights has 50,000
MOST_TENSORS = 10_000
BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "U8": 1, "BOOL": 1}
NUMBERS = ("F64", "F32", "F16", "BF16")
BUFFERS = re.compile(
    r"(^|\.)(position_ids|token_type_ids)$"
)  # counted anew by the library, so what a file says is not used
PREFIXES = ("module.", "model.", "_orig_mod.")  # what a wrapper around the model leaves in the names
# The beginnings of the names of an encoder's weights, in a model with a head and alone.
BODY = (
    "bert",
    "distilbert",
    "electra",
    "albert",
    "roberta",
    "embeddings",
    "embeddings_project",
    "encoder",
    "transformer",
    "pooler",
)
PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x04", b"\x80\x05")


def shapes(folder: Path) -> Shapes:
    """Name → shape of every weight of a model's folder, buffers left out. Raises UserError when the files are not sound."""
    found: dict[str, tuple[int, ...]] = {}
    for file in weight_files(folder):
        found.update(_header(file))
    return found


def _header(file: Path) -> Shapes:
    """What the head of one file lists."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        beginning = opened.read(64)
        check_no_pointer(file.name, beginning)
        if beginning.startswith(PICKLES):
            raise UserError("{file} is a pickle by another name; it can run code and is not loaded", file=file.name)
        length = int.from_bytes(beginning[:8], "little")
        if len(beginning) < 8 or length > size - 8:
            raise UserError("{file} is incomplete or no safetensors file; fetch it again", file=file.name)
        if length > MOST_HEADER:
            raise UserError(
                "{file} says that its list of weights has {size} MB; the studio reads at most {most}",
                file=file.name,
                size=length >> 20,
                most=MOST_HEADER >> 20,
            )
        opened.seek(8)
        header = opened.read(length)
    try:
        content = json.loads(header)
        rows = {name: row for name, row in content.items() if name != "__metadata__"}
        if len(rows) > MOST_TENSORS:
            raise UserError(
                "{file} holds {count} tensors; the studio reads at most {most}",
                file=file.name,
                count=len(rows),
                most=MOST_TENSORS,
            )
        ends = [_end(name, row, file.name) for name, row in rows.items()]
        found = {name: tuple(row["shape"]) for name, row in rows.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError("the list of weights in {file} cannot be read", file=file.name) from error
    if max(ends, default=0) != size - 8 - length:
        raise UserError("{file} is incomplete or no safetensors file; fetch it again", file=file.name)
    return {name: shape for name, shape in found.items() if not BUFFERS.search(name)}


def _end(name: str, row: Mapping[str, Any], file: str) -> int:
    """Where a tensor ends in its file. Raises ValueError when its row contradicts itself, UserError for numbers of another kind."""
    shape, (begin, end), kind = row["shape"], row["data_offsets"], row["dtype"]
    if kind not in NUMBERS and not BUFFERS.search(name):
        raise UserError(
            "the weight '{name}' in {file} is stored as {kind}; the studio reads {kinds}, so save the model without quantisation",
            name=name[:100],
            file=file,
            kind=str(kind)[:20],
            kinds=", ".join(NUMBERS),
        )
    if not all(type(number) is int and number >= 0 for number in (*shape, begin, end)):
        raise ValueError(f"{name}: {row}")
    if end - begin != math.prod(shape) * BYTES[str(kind)]:
        raise ValueError(f"{name}: {row}")
    return int(end)


def read(folder: Path) -> dict[str, Tensor]:
    """The weights themselves, which stay in their files until they are used."""
    found: dict[str, Tensor] = {}
    for path in weight_files(folder):
        with safe_open(path, framework="pt") as file:
            found.update({name: file.get_tensor(name) for name in file.keys() if not BUFFERS.search(name)})  # noqa: SIM118
    return found


def prefix(names: Iterable[str]) -> str:
    """What a wrapper left before every name: "module.", "model.module." …, "" where nothing is to be undone."""
    rest = list(names)
    left = ""
    while rest and (one := next((word for word in PREFIXES if all(name.startswith(word) for name in rest)), "")):
        rest = [name.removeprefix(one) for name in rest]
        left += one
    return left


def part(found: Mapping[str, Found], name: str) -> dict[str, Found]:
    """What belongs to one part of a pair, "encoder" or "decoder", by its name there."""
    start = f"{prefix(found)}{name}."
    return {key.removeprefix(start): value for key, value in found.items() if key.startswith(start)}


def of_heads(found: Iterable[str]) -> list[str]:
    """The names of the weights that are not the encoder's."""
    names = list(found)
    start = prefix(names)
    return [name for name in names if name.removeprefix(start).split(".")[0] not in BODY]


def check_sizes(found: Shapes, config: PretrainedConfig) -> None:
    """Raise UserError unless the weights have the sizes that the configuration names, and each layer all of its own.

    So a model built from the configuration is about as large as its files.
    """
    family, said = FAMILIES[config.model_type], config.to_dict()
    for setting, (ending, axis) in family.sizes.items():
        shape = next((shape for name, shape in found.items() if name == ending or name.endswith(f".{ending}")), None)
        if shape is None or len(shape) <= axis:
            raise UserError(
                "the weights lack '{weight}', so they are not those of a {model_type} model",
                weight=ending,
                model_type=config.model_type,
            )
        _check_equal(setting, said[config.attribute_map.get(setting, setting)], shape[axis])
    for setting, container in family.stacks.items():
        pattern = re.compile(rf"(?:^|\.){container}\.(\d+)\.")
        layers = {int(match[1]) for name in found if (match := pattern.search(name))}
        _check_equal(setting, said[config.attribute_map.get(setting, setting)], len(layers))
    _check_layers(found, tuple(family.stacks.values()))


def _check_equal(setting: str, said: int, held: int) -> None:
    if said != held:
        raise UserError(
            "config.json says {setting} {said}, but the weights have {held}: they do not belong together",
            setting=setting,
            said=said,
            held=held,
        )


def _check_layers(found: Shapes, containers: tuple[str, ...]) -> None:
    """Raise UserError when one layer lacks a weight that another has, or has it in another size."""
    pattern = re.compile(rf"(^|\.)({'|'.join(containers)})\.\d+(?=\.)")
    inside = [(name, pattern.sub(r"\1\2.*", name), shape) for name, shape in found.items() if pattern.search(name)]
    counts = Counter((kind, shape) for _, kind, shape in inside)
    most = max(counts.values(), default=0)
    odd = [name for name, kind, shape in inside if counts[kind, shape] != most]
    if odd:
        raise UserError(
            "the layers differ in their weights: {names} stand alone or have another size; the checkpoint is damaged or not of this family",
            names=some(sorted(odd), most=3),
        )
