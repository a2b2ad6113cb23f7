"""A folder that could run code, leave itself or name another model is refused before anything is built from it."""

import shutil
from pathlib import Path

import pytest
import torch

from core import models
from core.errors import UserError
from tests.checkpoints import edit

ROOT = Path(__file__).parent.parent


@pytest.fixture
def copy(tiny_bert: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bert, tmp_path / "copy"))


def test_code_of_its_own_is_refused(copy: Path) -> None:
    edit(copy, "config.json", auto_map={"AutoModel": "evil.Model"})
    (copy / "evil.py").write_text("raise SystemExit('executed')")
    with pytest.raises(UserError, match="auto_map"):
        models.load_encoder(str(copy), allow_path=True)


def test_code_in_the_tokenizer_is_refused(copy: Path) -> None:
    edit(copy, "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.T", None]})
    with pytest.raises(UserError, match="auto_map"):
        models.load_tokenizer(str(copy), allow_path=True)


def test_other_kinds_of_model_are_refused_by_name(copy: Path) -> None:
    edit(copy, "config.json", model_type="gpt2")
    with pytest.raises(UserError, match=r"'gpt2'.*bert, distilbert"):
        models.load_encoder(str(copy), allow_path=True)


def test_a_pickle_checkpoint_is_never_opened(copy: Path, tmp_path: Path) -> None:
    (copy / "model.safetensors").unlink()
    witness = tmp_path / "executed"

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (witness,))

    torch.save({"weight": Evil()}, copy / "pytorch_model.bin")
    with pytest.raises(UserError, match="safetensors"):
        models.load_encoder(str(copy), allow_path=True)
    assert not witness.exists()


@pytest.mark.parametrize(
    "shard", ["../outside.safetensors", "/etc/passwd", "missing.safetensors", "sub/x.safetensors", 3]
)
def test_an_index_that_leaves_the_folder_is_refused(copy: Path, shard: object) -> None:
    (copy / "model.safetensors").rename(copy.parent / "outside.safetensors")
    edit(copy, "model.safetensors.index.json", weight_map={"weight": shard})
    with pytest.raises(UserError, match="not a file of this model"):
        models.load_encoder(str(copy), allow_path=True)


def test_an_adapter_that_names_another_model_is_refused(copy: Path) -> None:
    edit(copy, "adapter_config.json", base_model_name_or_path="other/model")
    with pytest.raises(UserError, match="adapter"):
        models.load_encoder(str(copy), allow_path=True)


def test_broken_files_are_said(copy: Path) -> None:
    (copy / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0notjson!")
    with pytest.raises(UserError, match="list of weights"):
        models.load_encoder(str(copy), allow_path=True)
    (copy / "config.json").write_text("{not json")
    with pytest.raises(UserError, match=r"config\.json cannot be read"):
        models.load_encoder(str(copy), allow_path=True)
