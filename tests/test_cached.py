"""What pages keep: as much as the setting says, one for each model and head, and runs that are read again when they change."""

import gc
import json
import weakref
from pathlib import Path
from shutil import copytree

import numpy as np
import psutil
import pytest
from transformers import PreTrainedModel

from core import attention, models, runs, settings
from pages.shared import memory
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import attention as cached_attention
from pages.shared.cached import encoder as cached_encoder
from pages.shared.cached import models as cached_models
from pages.shared.cached import runs as cached_runs
from pages.shared.cached import store
from pages.shared.opening import OPENINGS
from tests.pages_common import train_tiny

RUN = "20260102-030405-aaaaaa"


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tiny(tiny_bert, tmp_path_factory.mktemp("trained"), RUN)


def put(folder: Path, number: int) -> str:
    run_id = f"{RUN[:-1]}{number}"
    copytree(folder, settings.runs_folder() / run_id)
    return run_id


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[PreTrainedModel]]:
    """Every model that is loaded from now on."""
    found: list[weakref.ref[PreTrainedModel]] = []
    store.forget(lambda name: True)
    for name in ("load", "load_encoder"):
        make = getattr(models, name)

        def remember(*args: object, make: object = make, **options: object) -> PreTrainedModel:
            model: PreTrainedModel = make(*args, **options)  # type: ignore[operator]
            found.append(weakref.ref(model))
            return model

        monkeypatch.setattr(models, name, remember)
    return found


def alive(loaded: list[weakref.ref[PreTrainedModel]]) -> int:
    gc.collect()
    return sum(model() is not None for model in loaded)


@pytest.mark.parametrize(("megabytes", "most"), [(0, 1), (200, 2)])
def test_no_more_is_kept_than_the_setting_says(
    megabytes: int,
    most: int,
    trained: Path,
    loaded: list[weakref.ref[PreTrainedModel]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(settings.MEMORY_MB.name, str(megabytes))
    for run_id in [put(trained, number) for number in range(3)]:
        name, given = f"run:{run_id}", {"text": "a sentence"}
        cached_answers.prediction(name, given)
        cached_answers.before_training(run_id, given)
        cached_encoder.vectors(name, "a sentence")
        cached_encoder.trace(name, "a sentence")
        cached_answers.latency(name, given)
        assert megabytes or alive(loaded) <= most
    cached_models.encoder("minilm")  # 91 MB each
    cached_models.masked_lm("minilm")
    cached_models.next_sentence_model("minilm")
    assert len(loaded) >= 3 and alive(loaded) <= most
    assert store.store().size <= megabytes * store.MB or (len(loaded) and not megabytes)


@pytest.mark.skipif(not memory.GLIBC, reason="only glibc keeps it")
def test_memory_that_was_freed_goes_back() -> None:
    held = [np.ones(12_000) for _ in range(3_000)]  # 288 MB in blocks that malloc does not map one by one
    last = np.ones(12_000)  # at the end of the heap, so that it cannot shrink by itself
    before = psutil.Process().memory_info().rss
    held.clear()
    memory.give_back()
    assert psutil.Process().memory_info().rss < before - 150_000_000 and last.any()


def test_a_run_is_loaded_once_for_all_pages(trained: Path, loaded: list[weakref.ref[PreTrainedModel]]) -> None:
    name = f"run:{put(trained, 0)}"
    cached_answers.prediction(name, {"text": "a sentence"})
    cached_attention.attend(name, "a sentence")
    cached_models.whole(name)
    cached_answers.explanation(name, {"text": "a sentence"}, cached_models.predictor(name).labels[0], "deletion")
    assert len(loaded) == 1


def test_a_setting_that_is_wrong_stops_no_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.MEMORY_MB.name, "many")
    with pytest.raises(Exception, match=settings.MEMORY_MB.name):
        cached_models.encoder("minilm")


def test_a_run_that_has_ended_is_read_again_only_when_it_was_written(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = put(trained, 0)
    read: list[str] = []
    whole = runs.open_folder
    monkeypatch.setattr(runs, "open_folder", lambda folder: read.append(folder.name) or whole(folder))
    assert [run.state.status for run in cached_runs.all_runs()] == ["finished"]
    assert cached_runs.all_runs() == runs.all_runs()
    read.clear()
    cached_runs.all_runs()
    assert not read
    state = settings.runs_folder() / run_id / "state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"status": "cancelled"}))
    assert [run.state.status for run in cached_runs.all_runs()] == ["cancelled"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_encoder_and_attention_open_with_the_same_head(language: str) -> None:
    text = OPENINGS[language]["text"]
    name = models.default([text])
    for read in (text, " ".join([text] * 8)):  # the second is longer than habits are looked for in
        here, there = (
            cached_encoder.habit(name, read, max_length=128),
            cached_attention.habit(name, read, max_length=128),
        )
        assert (here.layer, here.head, here.kind) == (there.layer, there.head, there.kind)
        assert here.share == pytest.approx(there.share, abs=1e-4)


def test_attention_of_a_sentence_takes_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """The habit, the chosen layer and the atlas of all heads."""
    passes: list[int] = []
    each = attention.each_layer
    monkeypatch.setattr(attention, "each_layer", lambda *given: passes.append(1) or each(*given))
    text = "One pass has all of it."
    found = cached_attention.habit("minilm", text, max_length=64)
    layer = cached_attention.attend("minilm", text, "", found.layer, 64)
    atlas = cached_attention.atlas("minilm", text, "", 64)
    assert passes == [1]
    np.testing.assert_array_equal(layer.weights, attention.attend(cached_models.encoder("minilm"), cached_models.tokenizer("minilm", 64), text, layer=found.layer, max_length=64).weights)  # fmt: skip
    place = atlas.index(found.layer, found.head)
    assert np.abs(atlas.maps[place] / 255 * atlas.peaks[place] - layer.weights[0, found.head]).max() < 0.003
