"""Attention: equal to what transformers gives, for every family; derived measures against hand-worked numbers."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
)

from core import models, openings
from core.attention import (
    VIEWS,
    Link,
    atlas,
    attend,
    head,
    labels,
    masked,
    pattern,
    select,
    strongest,
)
from core.errors import UserError
from core.families import FAMILIES
from core.results import Token, Tokens
from pages.shared.snippets import attention as attention_code
from tests.conftest import make_tokenizer
from tests.families import UNEVEN as CONFIGS
from tests.families import make_uneven as make_model
from tests.made import maps_of as make_maps

TEXT, PAIR = "i love eating pizza , and pizza !", "the film was awful"


def test_every_family_is_here() -> None:
    assert set(CONFIGS) == set(FAMILIES)


@pytest.mark.parametrize("model_type", CONFIGS)
@pytest.mark.parametrize("pair", ["", PAIR])
def test_equal_to_transformers(model_type: str, pair: str) -> None:
    model, tokenizer = make_model(model_type), make_tokenizer()
    tokenizer.model_max_length = 64
    maps = attend(model, tokenizer, TEXT, pair)
    inputs = tokenizer(TEXT, pair or None, return_tensors="pt")
    if not FAMILIES[model_type].segments:
        del inputs["token_type_ids"]
    with torch.inference_mode():
        expected = model(**inputs, output_attentions=True).attentions
    assert maps.layers == (0, 1, 2)
    assert maps.weights.dtype == np.float32
    for layer in maps.layers:
        np.testing.assert_allclose(maps.weights[layer], expected[layer][0].numpy(), atol=1e-6)
    np.testing.assert_allclose(maps.weights.sum(axis=-1), 1, atol=1e-5)
    assert maps.weights.std() > 0.01
    assert not np.allclose(maps.weights[0], maps.weights[1])


def test_one_layer_is_that_layer_of_all() -> None:
    model, tokenizer = make_model("albert"), make_tokenizer()
    tokenizer.model_max_length = 64
    everything = attend(model, tokenizer, TEXT)
    for layer in range(3):
        maps = attend(model, tokenizer, TEXT, layer=layer)
        assert maps.layers == (layer,)
        assert maps.weights.shape[0] == 1
        np.testing.assert_array_equal(maps.weights[0], everything.weights[layer])


def test_a_classifier_gives_its_encoders_maps() -> None:
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 64
    classifier = make_model("bert", AutoModelForSequenceClassification)
    maps = attend(classifier, tokenizer, TEXT)
    np.testing.assert_array_equal(maps.weights, attend(classifier.base_model, tokenizer, TEXT).weights)


def test_from_a_folder(tiny_bert: Path) -> None:
    model = models.load_encoder(str(tiny_bert), attention="eager", allow_path=True)
    tokenizer = models.load_tokenizer(str(tiny_bert), allow_path=True)
    maps = attend(model, tokenizer, TEXT, max_length=6, name="tiny")
    assert maps.weights.shape == (2, 2, 6, 6)
    assert maps.tokens.model == "tiny"
    assert maps.tokens.cut


@pytest.mark.parametrize("pair", ["", PAIR])
def test_the_pages_script_gives_the_same_weights(
    tiny_bert: Path, studio_home: Path, pair: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = "20250101-000000-abcdef"
    shutil.copytree(tiny_bert, studio_home / "runs" / run / "model")
    name = f"run:{run}"
    maps = attend(
        models.load_encoder(name, attention="eager"), models.load_tokenizer(name), TEXT, pair, layer=1, max_length=16
    )
    found: dict[str, object] = {}
    exec(attention_code.attention(name, TEXT, pair, 16, 1, 0), found)
    assert tuple(found["tokens"]) == maps.tokens.texts  # type: ignore[arg-type]
    np.testing.assert_allclose(found["weights"], head(maps, 1, 0), atol=1e-6)  # type: ignore[arg-type]
    assert capsys.readouterr().out.count("→") == len(maps.tokens.tokens)


def test_hooks_are_gone_afterwards_and_deaf_to_other_threads() -> None:
    model, tokenizer = make_model("bert"), make_tokenizer()
    tokenizer.model_max_length = 64
    alone = {text: attend(model, tokenizer, text).weights for text in (TEXT, PAIR)}
    wrong: list[str] = []

    def work(text: str) -> None:
        for _ in range(30):
            maps = attend(model, tokenizer, text)
            if maps.weights.shape != alone[text].shape or not np.allclose(maps.weights, alone[text], atol=1e-6):
                wrong.append(text)

    threads = [threading.Thread(target=work, args=(text,)) for text in (TEXT, PAIR) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not any(module._forward_hooks for module in model.modules())


def test_hooks_are_gone_after_a_failure() -> None:
    model, tokenizer = make_model("bert"), make_tokenizer()
    tokenizer.model_max_length = 10_000
    with pytest.raises((IndexError, RuntimeError)):
        attend(model, tokenizer, "pizza " * 600)
    assert not any(module._forward_hooks for module in model.modules())


def test_what_cannot_be_had_is_said() -> None:
    model, tokenizer = make_model("bert"), make_tokenizer()
    tokenizer.model_max_length = 64
    with pytest.raises(UserError, match="layer 3 does not exist: the model's layers are 0 to 2"):
        attend(model, tokenizer, TEXT, layer=3)
    with pytest.raises(UserError, match="no text"):
        attend(model, tokenizer, " ")
    maps = attend(model, tokenizer, TEXT, layer=1)
    with pytest.raises(UserError, match="head 4 does not exist: the model's heads are 0 to 3"):
        head(maps, 1, 4)
    with pytest.raises(UserError, match="layer 0"):
        head(maps, 0, 0)
    with pytest.raises(UserError, match="only one text"):
        select(maps.tokens, "a-b")
    with pytest.raises(UserError, match="'c' is not"):
        select(maps.tokens, "c")  # type: ignore[arg-type]
    sdpa = AutoModel.from_config(CONFIGS["bert"], attn_implementation="sdpa").eval()
    with pytest.raises(ValueError, match="eager"):
        attend(sdpa, tokenizer, TEXT)


def test_parts_of_a_pair() -> None:
    model, tokenizer = make_model("bert"), make_tokenizer()
    tokenizer.model_max_length = 64
    tokens = attend(model, tokenizer, "i love pizza", "the film").tokens
    assert tokens.texts == ("[CLS]", "i", "love", "pizza", "[SEP]", "the", "film", "[SEP]")
    a, b = (0, 1, 2, 3, 4), (5, 6, 7)
    assert [select(tokens, view) for view in VIEWS] == [(a + b, a + b), (a, a), (a, b), (b, a), (b, b)]


def test_strongest_by_hand() -> None:
    maps = make_maps([[0.1, 0.7, 0.2], [0.5, 0.25, 0.25], [0.0, 0.2, 0.8]], "[CLS] a b", pair_from=2)
    assert [(link.source, link.target) for link in strongest(maps, 0, 0, 3)] == [(2, 2), (0, 1), (1, 0)]
    assert strongest(maps, 0, 0, 1) == (Link(2, 2, pytest.approx(0.8)),)
    assert [(link.source, link.target) for link in strongest(maps, 0, 0, 9, "a-b")] == [(1, 2), (0, 2)]
    assert [(link.source, link.target) for link in strongest(maps, 0, 0, 9, special=False)] == [
        (2, 2),
        (1, 1),
        (1, 2),
        (2, 1),
    ]


def test_pattern_by_hand() -> None:
    maps = make_maps(
        [[1.0, 0.0, 0.0, 0.0], [0.5, 0.25, 0.25, 0.0], [0.0, 1.0, 0.0, 0.0], [0.25] * 4], "[CLS] a b [SEP]"
    )
    found = pattern(maps, 0, 0)  # of a and b: special tokens do not count as looking
    assert found.special == pytest.approx({"[CLS]": 0.5 / 2, "[SEP]": 0})
    assert found.itself == pytest.approx((0.25 + 0) / 2)
    assert found.previous == pytest.approx((0.5 + 1) / 2)
    assert found.following == pytest.approx((0.25 + 0) / 2)
    assert found.spread == pytest.approx(2 ** (1.5 / 2))


def test_a_pattern_of_nothing_but_special_tokens_counts_them() -> None:
    found = pattern(make_maps([[1.0, 0.0], [0.25, 0.75]], "[CLS] [SEP]"), 0, 0)
    assert found.special == pytest.approx({"[CLS]": 1.25 / 2, "[SEP]": 0.75 / 2})
    assert (found.itself, found.previous, found.following) == pytest.approx((1.75 / 2, 0.25, 0))


@pytest.mark.parametrize("text", ["The film was good", "It was the best of times, it was the worst of times."])
def test_a_habit_has_the_same_share_wherever_it_is_told(text: str) -> None:
    maps = attend(models.load_encoder("minilm", attention="eager"), models.load_tokenizer("minilm"), text)
    weights = np.stack([[head(maps, layer, number) for number in range(12)] for layer in range(6)])
    habit = openings.habit(weights, maps.tokens)
    found = pattern(maps, habit.layer, habit.head)
    shares = {"previous": found.previous, "next": found.following, "rest": sum(found.special.values())}
    assert shares[habit.kind] == pytest.approx(habit.share, abs=1e-5)


def test_labels_are_readable() -> None:
    names = {"Ġlove": " love", "▁love": " love", "▁": "▁", "##ing": "##ing", "[CLS]": "[CLS]", "cafÃ©": "café", "é": "é",
             "æĪĳ": "我", "æĪ": "æĪ", "爱": "爱", "a\u202eb\n": "a�b�", "</script>": "</script>"}  # fmt: skip
    maps = make_maps([[1.0]], "x")
    for name, label in names.items():
        token = Token(name, 0, "word", 0, 1, 0, 0, 0, 0, True)
        made = Tokens("", "x", "", (token,), 64, "", "", 1)
        assert labels(made) == (label,), name
    assert labels(maps.tokens) == ("x",)


@pytest.mark.parametrize("model_type", CONFIGS)
def test_a_masked_token_is_read_as_the_mask(model_type: str) -> None:
    model, tokenizer = make_model(model_type), make_tokenizer()
    tokenizer.model_max_length = 64
    found = atlas(model, tokenizer, "i love pizza , i", "the film", mask=[7, 2, 7])
    expected = attend(model, tokenizer, "i [MASK] pizza , i", "[MASK] film")
    plain = attend(model, tokenizer, "i love pizza , i", "the film")
    assert found.masked == (2, 7)
    assert found.tokens.texts == expected.tokens.texts
    assert found.changes is not None
    for layer, head_index in np.ndindex(3, 4):
        i = found.index(layer, head_index)
        true = expected.weights[layer, head_index]
        np.testing.assert_allclose(found.maps[i] / 255 * found.peaks[i], true, atol=found.peaks[i] / 510 + 1e-6)
        moved = np.abs(true - plain.weights[layer, head_index]).sum(axis=-1).mean() / 2
        assert found.changes[i] == pytest.approx(moved, abs=3e-4)
    assert not np.allclose(plain.weights, expected.weights)


def test_a_masked_token_keeps_its_place() -> None:
    model, tokenizer = make_model("bert"), make_tokenizer()
    tokenizer.model_max_length = 64
    tokens = attend(model, tokenizer, "i love pizza").tokens
    hidden = masked(tokenizer, tokens, [2]).tokens[2]
    assert (hidden.id, hidden.kind, hidden.start, hidden.end, hidden.source) == (4, "special", 2, 6, 0)
    assert masked(tokenizer, tokens, []) == tokens
    with pytest.raises(UserError, match="position 5: the input's positions are 0 to 4"):
        atlas(model, tokenizer, "i love pizza", mask=[1, 5])
    with pytest.raises(UserError, match="position -1"):
        atlas(model, tokenizer, "i love pizza", mask=[-1])
    tokenizer.mask_token = None
    with pytest.raises(UserError, match="no mask token"):
        atlas(model, tokenizer, "i love pizza", mask=[1])
