"""Folders made to harm: each is refused by one sentence, at once, before anything large is built and without anything run."""

import base64
import io
import json
import resource
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core import models, predict
from core.checkpoints import tokenizer as tokenizers
from core.errors import UserError
from tests.checkpoints import Build, classifier, edit, edited, written

SECONDS, MEGABYTES = 5.0, 500.0


def in_tokenizer(**parts: object) -> Build:
    """A classifier whose tokenizer.json has other parts."""

    def build(folder: Path) -> None:
        classifier(folder)
        edit(folder, "tokenizer.json", **parts)

    return build


def in_model(**settings: object) -> Build:
    """A classifier whose tokenizer's own model has other settings."""

    def build(folder: Path) -> None:
        classifier(folder)
        model = json.loads((folder / "tokenizer.json").read_text())["model"]
        edit(folder, "tokenizer.json", model=model | settings)

    return build


def header(content: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(content) if length is None else length) + content


def tensors(rows: dict[str, Any], rest: int = 0) -> bytes:
    return header(json.dumps(rows).encode()) + bytes(rest)


def linked(file: str, target: Path) -> Build:
    def build(folder: Path) -> None:
        classifier(folder)
        (folder / file).unlink()
        (folder / file).symlink_to(target)

    return build


def replace_with(content: str, pattern: object = None) -> dict[str, object]:
    return {"type": "Replace", "pattern": pattern or {"String": "a"}, "content": content}


def sequence(*steps: object) -> dict[str, object]:
    return {"type": "Sequence", "normalizers": list(steps)}


def table(texts: bytes, units: list[int]) -> dict[str, str]:
    """A SentencePiece table of characters."""
    tree = struct.pack(f"<{len(units)}I", *units)
    return {
        "type": "Precompiled",
        "precompiled_charsmap": base64.b64encode(struct.pack("<I", len(tree)) + tree + texts).decode(),
    }


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def regex(pattern: str) -> dict[str, object]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


HOSTILE: dict[str, tuple[Build, str]] = {
    "code in the configuration": (edited(auto_map={"AutoModel": "evil.Model"}), "auto_map in config.json"),
    "quantised": (edited(quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True}), "quantization_config"),
    "kernel of the hub": (edited(_attn_implementation="someone/kernel"), "_attn_implementation"),
    "kernel of the hub, public name": (edited(attn_implementation="someone/kernel"), "attn_implementation"),
    "settings for single layers": (edited(per_layer_config={"0": {"hidden_size": 10**9}}), "per_layer_config"),
    "fused layers": (edited(fusion_config={"a": 1}), "fusion_config"),
    "another configuration file": (edited(configuration_files=["config.4.0.json"]), "configuration_files"),
    "kinds of layers": (edited(layer_types=["sliding_attention"] * 2), "layer_types"),
    "pruned heads": (edited(pruned_heads={"0": [1]}), "pruned_heads"),
    "layers 10^9": (edited(num_hidden_layers=10**9), "num_hidden_layers"),
    "layers 20,000": (edited(num_hidden_layers=20_000), "num_hidden_layers"),
    "layers 100": (edited(num_hidden_layers=100), "100, but the weights have 2"),
    "hidden size 10^9": (edited(hidden_size=10**9), "hidden_size"),
    "positions 10^12": (edited(max_position_embeddings=10**12), "max_position_embeddings"),
    "positions 2·10^9": (edited(max_position_embeddings=2 * 10**9), "max_position_embeddings"),
    "positions 65,536": (edited(max_position_embeddings=65_536), "65536, but the weights have 64"),
    "negative": (edited(vocab_size=-1), "vocab_size"),
    "no heads": (edited(num_attention_heads=0), "num_attention_heads"),
    "truth for a number": (edited(num_hidden_layers=True), "num_hidden_layers"),
    "wide layers": (edited(intermediate_size=65_536), "65536, but the weights have 64"),
    "labels 10^6": (edited(id2label={str(i): f"l{i}" for i in range(10**6)}), "MB; a model that"),
    "labels 2,000": (edited(id2label={str(i): f"l{i}" for i in range(2_000)}), "2000 labels"),
    "num_labels 10^6": (edited(without=("id2label", "label2id"), num_labels=10**6), "num_labels"),
    "no map": (edited(id2label=[1]), "no map"),
    "numbers of any size": (edited(id2label={"9" * 5_000: "a", "0": "b"}), "no map"),
    "other weights": (edited(transformers_weights="../../outside.safetensors"), "transformers_weights"),
    "pickled weights": (edited(transformers_weights="adapter_model.bin"), "transformers_weights"),
    "dtype": (edited(dtype="odd"), ""),
    "architectures": (edited(architectures=[1]), "architectures"),
    "model_type": (edited(model_type=["bert"]), "families"),
    "deep": (written("config.json", nested(200_000)), "nested too deeply|cannot be read as JSON"),
    "digits": (written("config.json", '{"a": ' + "9" * 10_000 + "}"), "cannot be read as JSON"),
    "not UTF-8": (written("config.json", b"\xff\xfe{"), "not UTF-8"),
    "NaN": (written("config.json", '{"model_type": "bert", "layer_norm_eps": NaN}'), "layer_norm_eps"),
    "a pickle by another name": (written("model.safetensors", b"\x80\x04\x95anything"), "pickle"),
    "a zip by another name": (written("model.safetensors", b"PK\x03\x04anything"), "pickle"),
    "empty": (written("model.safetensors", b""), "incomplete"),
    "header of 2^62": (written("model.safetensors", header(b"{}", 2**62)), "incomplete"),
    "header of 90 MB": (written("model.safetensors", header(b" " * (90 << 20))), "list of weights has 90 MB"),
    "shape of 2^62": (
        written("model.safetensors", tensors({"a": {"dtype": "F32", "shape": [2**62], "data_offsets": [0, 8]}}, 8)),
        "cannot be read",
    ),
    "10^5 empty tensors": (
        written("model.safetensors", tensors({f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(10**5)})),
        "100000 tensors",
    ),
    "header that is a list": (written("model.safetensors", header(b"[]")), "cannot be read"),
    "weights of nothing": (written("model.safetensors", header(b"{}")), "lack 'embeddings.word_embeddings.weight'"),
    "link to a system file": (linked("model.safetensors", Path("/etc/passwd")), "link to a place outside"),
    "tokenizer's link": (linked("tokenizer.json", Path("/etc/hostname")), "link to a place outside"),
    "odd tokenizer": (lambda folder: (classifier(folder), edit(folder, "tokenizer_config.json", tokenizer_class="RagTokenizer"))[0], "not installed: RagTokenizer"),
    "other tokenizer files": (lambda folder: (classifier(folder), edit(folder, "tokenizer_config.json", fast_tokenizer_files=["../tokenizer.json"]))[0], "fast_tokenizer_files"),
    "code in the tokenizer": (lambda folder: (classifier(folder), edit(folder, "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.T", None]}))[0], "auto_map"),
    "template that runs": (lambda folder: (classifier(folder), edit(folder, "tokenizer_config.json", chat_template="{{ ''.__class__.__mro__ }}"))[0], ""),
    "file elsewhere": (lambda folder: (classifier(folder), edit(folder, "tokenizer_config.json", tokenizer_file="/etc/passwd", vocab_file="/etc/passwd"))[0], ""),
    "regular expression without end": (in_tokenizer(pre_tokenizer=regex("(a+)+$")), "take for ever.*Split"),
    "regular expression in a normaliser": (in_tokenizer(normalizer=replace_with("", {"Regex": "(a|aa)+$"})), "take for ever.*Replace"),
    "regular expression in a decoder": (in_tokenizer(decoder=replace_with("", {"Regex": "(a|aa)+$"})), "take for ever.*Replace"),
    "10^9 letters for one": (in_tokenizer(normalizer=replace_with("a" * 10**6)), "take for ever.*Replace"),
    "a chain": (in_tokenizer(normalizer=sequence(*[replace_with("aa")] * 12)), "take for ever.*normalizer"),
    "sequences in sequences": (in_tokenizer(normalizer=sequence(sequence(*[replace_with("aa")] * 8), *[replace_with("aa")] * 4)), "take for ever"),
    "many steps": (in_tokenizer(normalizer=sequence(*[{"type": "NFC"}] * 1_000)), "take for ever"),
    "a text of no length": (in_tokenizer(normalizer=replace_with("b", {"String": ""})), "take for ever"),
    "put before": (in_tokenizer(normalizer={"type": "Prepend", "prepend": "a" * 10**6}), "take for ever"),
    "long characters": (in_tokenizer(normalizer=table(b"a" * 10**6 + b"\0", [0] * 256)), "take for ever.*Precompiled"),
    "tree that leaves itself": (in_tokenizer(normalizer=table(b"a\0", [300 << 10] * 256)), "take for ever.*Precompiled"),
    "table that is sound": (in_tokenizer(normalizer=table(b"ab\0", [0] * 256)), ""),
    "tree of nothing": (in_tokenizer(normalizer=table(b"", [])), "take for ever.*Precompiled"),
    "table cut off": (in_tokenizer(normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA"}), "describes no tokenizer|take for ever"),
    "unknown step": (in_tokenizer(normalizer={"type": "Evil"}), "take for ever.*Evil"),
    "template of 1,000 tokens": (
        in_tokenizer(post_processor={"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}] * 1_000, "pair": [], "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}}}),
        "take for ever.*TemplateProcessing",
    ),
    "token beyond the table": (in_tokenizer(post_processor={"type": "BertProcessing", "sep": ["[SEP]", 999_999], "cls": ["[CLS]", 2]}), "no embedding"),
    "padding to 10^9": (in_tokenizer(padding={"strategy": {"Fixed": 10**9}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"}), ""),
    "vocabulary of 2,000,017": (in_model(vocab={f"w{i}": i for i in range(2_000_017)}), "2000017 entries|MB; a model that"),
    "entry of 10^6 characters": (in_model(vocab={"[UNK]": 1, "a" * 10**6: 0}), "entry of 1000000 characters"),
    "merges at random": (in_model(type="BPE", dropout=0.5, merges=[]), "at random"),
    "words of any length": (in_model(max_input_chars_per_word=10**9), "take for ever.*max_input_chars_per_word"),
    "no unknown token": (in_model(unk_token="[NONE]"), "lacks its token for unknown words"),
    "number beyond the table": (in_model(vocab={"[UNK]": 1, "a": 4_000_000_000}), "no embedding"),
    "tokenizer {}": (written("tokenizer.json", "{}"), "describes no tokenizer"),
    "tokenizer null": (written("tokenizer.json", "null"), "describes no tokenizer"),
    "tokenizer, deep": (written("tokenizer.json", nested(200_000)), "describes no tokenizer"),
    "script in the labels": (edited(id2label={"0": "</script><script>alert(1)</script>", "1": "b"}), ""),
    "half a character in a label": (written("config.json", ""), "cannot be read as JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_folder_is_refused_at_once(name: str, tmp_path: Path) -> None:
    build, sentence = HOSTILE[name]
    folder = tmp_path / "folder"
    build(folder)
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        if sentence:
            with pytest.raises(UserError, match=sentence) as refused:
                answer(folder)
            assert "\n" not in str(refused.value) and len(str(refused.value)) < 600
        else:
            answer(folder)
    finally:
        seconds = time.perf_counter() - began
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert seconds < SECONDS and grown < MEGABYTES


def answer(folder: Path) -> None:
    models.remarks(str(folder), allow_path=True)
    predictor = predict.load(str(folder), "text-classification", allow_path=True)
    predict.predict(predictor, {"text": ["a" * 40 + "!", "a good film " * 100]})


@pytest.mark.parametrize("file", ["adapter_config.json", "bert_config.json", "tf_model.h5", "model.onnx"])
def test_a_folder_of_another_kind_is_named(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text('{"base_model_name_or_path": "other/model"}')
    with pytest.raises(UserError, match="adapter" if "adapter" in file else f"another format .{file}"):
        models.folder(str(tmp_path), allow_path=True)


def test_a_link_within_the_hubs_cache_is_followed(tmp_path: Path) -> None:
    home = tmp_path / "models--a--b"
    folder = home / "snapshots" / "0123"
    classifier(folder)
    (home / "blobs").mkdir()
    for file in list(folder.iterdir()):
        blob = home / "blobs" / file.name[::-1]
        file.rename(blob)
        file.symlink_to(Path("../../blobs") / blob.name)
    answer(folder)
    (folder / "extra.json").symlink_to(Path("../../../elsewhere"))
    with pytest.raises(UserError, match="outside"):
        answer(folder)


def test_half_a_character_in_a_label_can_be_written(tmp_path: Path) -> None:
    classifier(tmp_path)
    edit(tmp_path, id2label={"0": "a\ud800b", "1": "c"})
    assert models.labels(models.load_config(str(tmp_path), allow_path=True)) == ("a?b", "c")


@pytest.mark.parametrize("part", sorted(tokenizers.PLAIN))
def test_every_step_that_is_allowed_is_one_that_the_library_has(part: str) -> None:
    from tokenizers import decoders, normalizers, pre_tokenizers, processors

    modules: dict[str, Any] = {
        "normalizer": normalizers,
        "pre_tokenizer": pre_tokenizers,
        "post_processor": processors,
        "decoder": decoders,
    }
    assert tokenizers.PLAIN[part] <= set(dir(modules[part]))


def test_a_panic_of_the_compiled_tokenizer_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    def panics(*_: object, **__: object) -> None:
        raise PanicException("called `Option::unwrap()` on a `None` value")

    classifier(tmp_path)
    monkeypatch.setattr(tokenizers.AutoTokenizer, "from_pretrained", panics)
    with pytest.raises(UserError, match=r"cannot be loaded.*unwrap"):
        models.load_tokenizer(str(tmp_path), allow_path=True)


def test_a_visitor_who_stops_is_no_panic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    classifier(tmp_path)
    monkeypatch.setattr(tokenizers.AutoTokenizer, "from_pretrained", stops)
    with pytest.raises(KeyboardInterrupt):
        models.load_tokenizer(str(tmp_path), allow_path=True)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    witness = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[Path]]:
            return Path.touch, (witness,)

    folder = tmp_path / "folder"
    classifier(folder)
    for file in ("pytorch_model.bin", "adapter_model.bin", "training_args.bin", ".metadata"):
        pickled = io.BytesIO()
        torch.save({"weight": Evil()}, pickled)
        (folder / file).write_bytes(pickled.getvalue())
    answer(folder)
    assert not witness.exists()
