"""A model's tokenizer: its files checked before the library reads them, and the result compared with the model.

What a tokenizer may consist of is listed, and bounded, so that no text takes for ever or grows without end. This module does
not know what is tokenised.
"""

import base64
import json
import math
from collections.abc import Collection, Iterator, Mapping
from copy import copy
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer
from transformers import AutoTokenizer, PretrainedConfig, PreTrainedTokenizerBase

from core.errors import N_, Note, UserError, plural
from core.families import FAMILIES
from core.safety import MEGABYTE, TOKENIZER_CONFIG, check_no_code, check_size, read_json, read_text

TOKENIZER = "tokenizer.json"
# The files of which one set must be there: what a tokenizer is made from.
SOURCES = ((TOKENIZER,), ("vocab.txt",), ("vocab.json", "merges.txt"), ("sentencepiece.bpe.model",), ("spiece.model",))
# The library's tokenizers that need nothing but the package `tokenizers`.
CLASSES = (
    "PreTrainedTokenizer", "TokenizersBackend", "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "RobertaTokenizer",
    "XLMRobertaTokenizer", "AlbertTokenizer", "GPT2Tokenizer", "T5Tokenizer", "DebertaV2Tokenizer", "MPNetTokenizer",
    "CamembertTokenizer", "HerbertTokenizer", "XLNetTokenizer", "BigBirdTokenizer", "LlamaTokenizer",
)  # fmt: skip
MOST_BYTES = 32 * MEGABYTE
MOST_ENTRIES = 1_000_000
MOST_ADDED = 10_000
MOST_STEPS = 16  # of a sequence, sequences in it included
LONGEST_ENTRY = 1_000
LONGEST_WORD = 1_000  # characters of a word that WordPiece takes apart, in time that grows with their square
LONGEST_INSERTED = 8  # characters
GROWTH = 32  # times as long may a text become
LONGEST_MAPPED = 128  # bytes that one character may become in SentencePiece's table
# Regular expressions that end: of GPT-2, of its followers, and of converted SentencePiece models.
PATTERNS = {
    " {2,}", " +", r"\s+", r"\s", " ", r"\d", r"\d{1,3}", r"[^\S\n]+",
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}  # fmt: skip
# Steps that need no look at their values, by the part of a tokenizer that they belong to.
PLAIN: dict[str, frozenset[str]] = {
    "normalizer": frozenset(("BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Strip", "StripAccents", "ByteLevel")),
    "pre_tokenizer": frozenset(
        ("BertPreTokenizer", "ByteLevel", "Metaspace", "Whitespace", "WhitespaceSplit", "Punctuation", "Digits", "UnicodeScripts", "CharDelimiterSplit")
    ),
    "post_processor": frozenset(("BertProcessing", "RobertaProcessing", "ByteLevel")),
    "decoder": frozenset(("WordPiece", "BPEDecoder", "ByteLevel", "Metaspace", "ByteFallback", "Fuse", "Strip", "CTC")),
}  # fmt: skip
CHILDREN = ("normalizers", "pretokenizers", "processors", "decoders")
PROBE = "A text, né ça 我爱 1½ \N{SLIGHTLY SMILING FACE}"
CASED_SHARE = 0.01  # of a vocabulary's entries with capitals, from which it is cased
KNOWN_SHARE = 0.5  # of a model's embeddings, below which the tokenizer is probably another model's
FEWEST_TOKENS = 4  # that a model must be able to read


def load(name: str, folder: Path, config: PretrainedConfig, *, checked: bool = False) -> PreTrainedTokenizerBase:
    """The fast tokenizer in a model's folder.

    model_max_length is what the model can really take; there is a padding token. checked: the files are known to be sound.
    Raises UserError when the tokenizer cannot be used with the model.
    """
    return _load(name, folder, config, checked)[0]


def sibling(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """The same tokenizer with truncation and padding of its own. The vocabulary, which may take 250 MB, is held once for both."""
    backend = tokenizer.backend_tokenizer
    twin = Tokenizer(backend.model)
    added = [token for _number, token in sorted(backend.get_added_tokens_decoder().items())]
    for special, tokens in groupby(added, key=lambda token: bool(token.special)):  # in the order of their numbers
        (twin.add_special_tokens if special else twin.add_tokens)(list(tokens))
    twin.normalizer, twin.pre_tokenizer = backend.normalizer, backend.pre_tokenizer
    twin.post_processor, twin.decoder = backend.post_processor, backend.decoder
    found = copy(tokenizer)
    found._tokenizer = twin
    return found


def notes(name: str, folder: Path, config: PretrainedConfig) -> tuple[Note, ...]:
    """What should be known about a tokenizer that works. Raises as `load`."""
    tokenizer, changes, written = _load(name, folder, config, False)
    return (*changes, *_suspicions(tokenizer, config, written))


def _load(
    name: str, folder: Path, config: PretrainedConfig, checked: bool
) -> tuple[PreTrainedTokenizerBase, tuple[Note, ...], str]:
    """The tokenizer, what was changed in it, and what its tokenizer.json says ("" where there is none to be checked)."""
    written = "" if checked else _check_files(name, folder, config)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, config=config, local_files_only=True, trust_remote_code=False)
        if not tokenizer.is_fast:
            raise UserError(
                "'{name}' has no fast tokenizer, which the studio needs to know where each token comes from", name=name
            )
        backend = tokenizer.backend_tokenizer
        backend.no_padding()
        backend.no_truncation()
        if not checked and not written:
            _check_backend(backend.to_str())
        tokenizer(PROBE), tokenizer(PROBE, PROBE)
    except UserError:
        raise
    except ImportError as error:
        raise _not_installed(name, str(error)) from error
    except BaseException as error:  # of every kind; a panic of the library's compiled part is no Exception at all
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError("the tokenizer of '{name}' cannot be loaded: {reason}", name=name, reason=reason) from error
    tokenizer.model_max_length = FAMILIES[config.model_type].max_length(config)
    if not checked:
        _check_ids(name, tokenizer, config)
    return tokenizer, _fit(name, tokenizer, config), written


# --- The files ---------------------------------------------------------------------------------------------------------


def _check_files(name: str, folder: Path, config: PretrainedConfig) -> str:
    """What tokenizer.json says, "" where there is none.

    Raises UserError unless the files of a tokenizer are there, bounded, and of kinds that the library can read safely.
    """
    source = next((files for files in SOURCES if all((folder / file).is_file() for file in files)), None)
    if source is None:
        raise UserError(
            "'{name}' comes without its tokenizer, so nothing says how texts become numbers; put {files} into its folder",
            name=name,
            files=" / ".join(" + ".join(files) for files in SOURCES[:3]),
        )
    small = [
        file for file in (TOKENIZER_CONFIG, "special_tokens_map.json", "added_tokens.json") if (folder / file).is_file()
    ]
    contents = {file: read_json(folder / file) for file in small}
    settings = contents.get(TOKENIZER_CONFIG, {})
    check_no_code(settings, TOKENIZER_CONFIG)
    if settings.get("fast_tokenizer_files"):
        raise UserError(
            "{file} names other tokenizer files (fast_tokenizer_files); leave only {one}",
            file=TOKENIZER_CONFIG,
            one=TOKENIZER,
        )
    kind = settings.get("tokenizer_class") or config.to_dict().get("tokenizer_class") or CLASSES[0]
    if str(kind).removesuffix("Fast") not in CLASSES:
        raise _not_installed(name, str(kind)[:60])
    if source[0].endswith(".model") and find_spec("sentencepiece") is None:
        raise _not_installed(name, "sentencepiece")
    if source == (TOKENIZER,):
        written = read_text(folder / TOKENIZER, MOST_BYTES)
        _check_backend(written)
        return written
    for file in source:
        if file.endswith(".json"):
            _check_entries(read_json(folder / file, MOST_BYTES), file)
        elif file.endswith(".txt"):
            _check_entries(read_text(folder / file, MOST_BYTES).splitlines(), file)
        else:
            check_size(folder / file, MOST_BYTES)
    return ""


def _not_installed(name: str, kind: str) -> UserError:
    return UserError("'{name}' needs a tokenizer that is not installed: {kind}", name=name, kind=kind)


def _check_entries(entries: Collection[object], file: str) -> None:
    """Raise UserError for a vocabulary that is too large."""
    if len(entries) > MOST_ENTRIES:
        raise UserError(
            "the vocabulary in {file} has {count} entries; the studio works with at most {most}",
            file=file,
            count=len(entries),
            most=MOST_ENTRIES,
        )
    longest = max((len(str(entry)) for entry in entries), default=0)
    if longest > LONGEST_ENTRY:
        raise UserError(
            "the vocabulary in {file} has an entry of {length} characters; the studio works with at most {most}",
            file=file,
            length=longest,
            most=LONGEST_ENTRY,
        )


# --- What a tokenizer consists of --------------------------------------------------------------------------------------


def _check_backend(written: str) -> None:
    """Raise UserError unless tokenizer.json describes a tokenizer of known parts that comes to an end with every text."""
    try:
        content = json.loads(written)
        _check_model(content["model"])
        added = content.get("added_tokens") or []
        if len(added) > MOST_ADDED:
            raise _unusable(f"{len(added)} added tokens")
        _check_entries([token["content"] for token in added], TOKENIZER)
        for part in PLAIN:
            growth = math.prod(_growth(part, step) for step in _steps(content.get(part)))
            if growth > GROWTH:
                raise _unusable(f"{part} ×{growth}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError("{file} describes no tokenizer that the studio can read", file=TOKENIZER) from error


def _unusable(what: str) -> UserError:
    return UserError(
        "the tokenizer has a part that could take for ever or grow without end, so it is not run: {what}",
        what=what[:100],
    )


def _check_model(model: Mapping[str, Any]) -> None:
    vocabulary = model["vocab"]
    _check_entries([entry[0] for entry in vocabulary] if isinstance(vocabulary, list) else vocabulary, TOKENIZER)
    if len(model.get("merges") or ()) > 2 * MOST_ENTRIES:
        raise _unusable(f"{len(model['merges'])} merges")
    if model.get("dropout"):
        raise UserError(
            "the tokenizer leaves out merges at random (dropout {value}), so a text would get other tokens each time",
            value=model["dropout"],
        )
    if model.get("max_input_chars_per_word", 0) > LONGEST_WORD:
        raise _unusable(f"max_input_chars_per_word {model['max_input_chars_per_word']}")
    for setting in ("continuing_subword_prefix", "end_of_word_suffix"):
        if len(model.get(setting) or "") > LONGEST_INSERTED:
            raise _unusable(setting)
    kind = model.get("type")
    unknown = model.get("unk_id") if kind == "Unigram" else model.get("unk_token")
    known = type(unknown) is int and 0 <= unknown < len(vocabulary) if kind == "Unigram" else unknown in vocabulary
    if kind in ("WordPiece", "WordLevel", "Unigram") and not known:
        raise UserError(
            "the tokenizer's vocabulary lacks its token for unknown words ({token})", token=str(unknown)[:50]
        )


def _steps(part: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """The steps of a part of a tokenizer, those of sequences in sequences included."""
    waiting, seen = [part] if part else [], 0
    while waiting:
        step, seen = waiting.pop(), seen + 1
        if seen > MOST_STEPS:
            raise _unusable(f"{seen} steps")
        if step["type"] == "Sequence":
            waiting += next(step[name] for name in CHILDREN if name in step)
        else:
            yield step


def _growth(part: str, step: Mapping[str, Any]) -> int:
    """How many times as long a step may make a text. Raises UserError for one that may not be run."""
    kind = step["type"]
    if kind in PLAIN[part]:
        if any(isinstance(value, str) and len(value) > LONGEST_INSERTED * 8 for value in step.values()):
            raise _unusable(kind)
        return 1
    if kind == "Replace" and part in ("normalizer", "decoder"):
        _check_pattern(kind, step["pattern"])
        return _inserted(kind, step["content"])
    if kind == "Prepend" and part == "normalizer":
        _inserted(kind, step["prepend"])
        return 1
    if kind == "Precompiled" and part == "normalizer":
        _check_table(step["precompiled_charsmap"])
        return 1
    if kind == "Split" and part == "pre_tokenizer":
        _check_pattern(kind, step["pattern"])
        return 1
    if kind == "TemplateProcessing" and part == "post_processor":
        pieces = [
            *step["single"],
            *step["pair"],
            *(number for token in step["special_tokens"].values() for number in token["ids"]),
        ]
        if len(pieces) > MOST_STEPS * 4:
            raise _unusable(kind)
        return 1
    raise _unusable(f"{part} {kind}")


def _inserted(kind: str, text: str) -> int:
    if len(text) > LONGEST_INSERTED:
        raise _unusable(f"{kind} {text!r}")
    return max(1, len(text))


def _check_pattern(kind: str, pattern: Mapping[str, str]) -> None:
    """Raise UserError for a regular expression that is not known to end, or a text of no length."""
    if pattern.get("Regex", " ") not in PATTERNS or not pattern.get("String", " "):
        raise _unusable(f"{kind} {pattern}")


def _check_table(encoded: str) -> None:
    """Raise UserError unless SentencePiece's table of characters is sound: a tree of bytes, then texts that end with NUL.

    The tree is a double array (Aoe 1989) as darts-clone writes it; every step in it must stay inside, every leaf begin a text.
    """
    data = base64.b64decode(encoded, validate=True)
    size = int.from_bytes(data[:4], "little")
    units = np.frombuffer(data, dtype="<u4", count=size // 4, offset=4).astype(np.int64)
    texts = data[4 + size :]
    texts.decode("utf-8")
    leaf = units >> 31 == 1
    offsets = (units >> 10) << ((units & 512) >> 6)
    reached = (np.arange(len(units)) ^ offsets)[~leaf] | 255
    begins = {0, *(i + 1 for i, byte in enumerate(texts) if byte == 0)}
    lengths = [len(text) for text in texts.split(b"\0")]
    sound = size % 4 == 0 and len(units) and reached.max(initial=0) < len(units) and not lengths[-1]
    if not sound or max(lengths) > LONGEST_MAPPED or not set((units[leaf] & 0x7FFFFFFF).tolist()) <= begins:
        raise _unusable("Precompiled")


# --- Tokenizer and model -----------------------------------------------------------------------------------------------


def _check_ids(name: str, tokenizer: PreTrainedTokenizerBase, config: PretrainedConfig) -> None:
    """Raise UserError when the tokenizer gives numbers that the model has no embedding for, or knows no words."""
    vocabulary = tokenizer.get_vocab()
    rows = int(config.vocab_size)
    beyond = sorted((number, token) for token, number in vocabulary.items() if number >= rows)
    if beyond:
        raise UserError(
            "the tokenizer of '{name}' has tokens that its model has no embedding for: {tokens}; the embeddings have {rows} rows, "
            "so they were not resized, or the tokenizer is another model's",
            name=name,
            tokens=", ".join(f"{token[:30]!r} ({number})" for number, token in beyond[:3]),
            rows=rows,
        )
    if (
        not set(vocabulary) - set(tokenizer.all_special_tokens)
        or max(tokenizer(PROBE, PROBE)["input_ids"], default=0) >= rows
    ):
        raise UserError(
            "the tokenizer of '{name}' has no words, or gives numbers that its model has no embedding for", name=name
        )


def _fit(name: str, tokenizer: PreTrainedTokenizerBase, config: PretrainedConfig) -> tuple[Note, ...]:
    """Make the tokenizer fit the model where that changes no token. Raises UserError where it cannot."""
    limit = tokenizer.model_max_length
    if limit < tokenizer.num_special_tokens_to_add(pair=True) + FEWEST_TOKENS:
        raise UserError("'{name}' reads only {limit} tokens, which leaves no room for text", name=name, limit=limit)
    changes: list[Note] = []
    if tokenizer.pad_token_id is None:
        token = None if config.pad_token_id is None else tokenizer.convert_ids_to_tokens(int(config.pad_token_id))
        if token is None:
            raise UserError(
                "the tokenizer of '{name}' has no padding token, and config.json names none (pad_token_id)", name=name
            )
        tokenizer.pad_token = token
        changes.append(
            (N_("its tokenizer names no padding token; '{token}' is used, as config.json says"), {"token": token})
        )
    # positions are counted from the left: on the right, padding leaves them the same in every batch
    tokenizer.padding_side = "right"
    if tokenizer.truncation_side != "right":
        tokenizer.truncation_side = "right"
        changes.append(
            (N_("its tokenizer would cut long texts at their beginning; the studio cuts them at their end"), {})
        )
    several = config.to_dict().get("type_vocab_size", 2) > 1  # with one segment only, a second one has no embedding
    segments = ["token_type_ids"] if several and "token_type_ids" in tokenizer.model_input_names else []
    tokenizer.model_input_names = ["input_ids", *segments, "attention_mask"]
    return tuple(changes)


def _suspicions(tokenizer: PreTrainedTokenizerBase, config: PretrainedConfig, written: str) -> Iterator[Note]:
    """What makes a tokenizer that works suspicious. written: what tokenizer.json says."""
    special = set(tokenizer.all_special_tokens)
    entries = [entry for entry in tokenizer.get_vocab() if entry not in special and not entry.startswith("[")]
    normaliser = tokenizer.backend_tokenizer.normalizer
    lowers = normaliser is not None and normaliser.normalize_str("A") == "a"
    capitals = sum(entry != entry.lower() for entry in entries)
    if lowers and capitals > CASED_SHARE * len(entries):
        yield (
            plural(
                N_(
                    'its tokenizer turns capitals into small letters, but {count} entry of its vocabulary has capitals; a cased model needs "do_lower_case": false in tokenizer_config.json'
                ),
                N_(
                    'its tokenizer turns capitals into small letters, but {count} entries of its vocabulary have capitals; a cased model needs "do_lower_case": false in tokenizer_config.json'
                ),
                capitals,
            ),
            {"count": capitals},
        )
    if len(entries) < KNOWN_SHARE * int(config.vocab_size):
        yield (
            N_("its tokenizer knows {count} of the {rows} entries of its embeddings; it may be another model's"),
            {"count": len(entries), "rows": config.vocab_size},
        )
    if not tokenizer.num_special_tokens_to_add():
        yield (
            N_("its tokenizer puts no special tokens around a text, so the model's answer is read at the first word"),
            {},
        )
    if written and (said := _words(_steps_alone(written))) != (read := _words(tokenizer.backend_tokenizer)):
        yield (
            N_(
                "tokenizer.json and tokenizer_config.json do not agree: {text} is read as {read}, where tokenizer.json alone says {said}"
            ),
            {"text": PROBE, "read": " | ".join(read), "said": " | ".join(said)},
        )


def _steps_alone(written: str) -> Tokenizer:
    """The tokenizer of a tokenizer.json without its vocabulary."""
    content = json.loads(written)
    vocabulary = {"type": "WordLevel", "vocab": {}, "unk_token": ""}
    return Tokenizer.from_str(
        json.dumps(content | {"model": vocabulary, "added_tokens": [], "post_processor": None, "decoder": None})
    )


def _words(backend: Tokenizer) -> list[str]:
    """What the vocabulary of a tokenizer is asked for: the words of a text of many kinds of characters."""
    text = backend.normalizer.normalize_str(PROBE) if backend.normalizer else PROBE
    return [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(text)] if backend.pre_tokenizer else [text]
