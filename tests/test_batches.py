"""core.batches: texts as token ids, and batches that waste little."""

from pathlib import Path

import pytest
import torch

from core import batches, models, predict, tokens
from core.errors import Cancelled
from core.predict import Predictor
from tests.classifier import TEXTS
from tests.conftest import make_tokenizer


@pytest.fixture(scope="module")
def predictor(tiny_classifier: Path) -> Predictor:
    return predict.load(str(tiny_classifier), allow_path=True)


@pytest.mark.parametrize("max_length", [16, 64, 512])
@pytest.mark.parametrize("unit", ["the film was surprisingly good, unbelievable! ", "我爱电影", "a b,", "abcdefgh"])
def test_a_shortened_text_begins_with_the_same_tokens(unit: str, max_length: int) -> None:
    tokenizer = models.load_tokenizer("minilm")
    text = unit * (40_000 // len(unit))
    short = tokens.shorten(tokenizer, text, max_length)
    assert text.startswith(short)
    own = tokenizer(text, truncation=True, max_length=max_length)["input_ids"]
    assert tokenizer(short, truncation=True, max_length=max_length)["input_ids"] == own
    assert len(short) < len(text) or len(own) < max_length


def test_long_rows_go_in_smaller_batches(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "TOKENS_PER_BATCH", 128)
    sizes: list[tuple[int, ...]] = []
    hook = predictor.model.get_input_embeddings().register_forward_hook(
        lambda _, inputs, __: sizes.append(tuple(inputs[0].shape))
    )
    try:
        predict.predict(predictor, {"text": ["good " * 62] * 3 + ["good"] * 3})
    finally:
        hook.remove()
    assert sizes == [(2, 64), (2, 64), (2, 3)]


def test_rows_are_encoded_as_the_tokenizer_does_and_say_whether_they_were_truncated() -> None:
    tokenizer = make_tokenizer()
    texts = [*TEXTS, "bad plot and acting " * 20] * 40  # more than one call of the tokenizer
    rows, truncated = batches.encode(tokenizer, {"text": texts}, 16)
    assert [row["input_ids"] for row in rows] == tokenizer(texts, truncation=True, max_length=16)["input_ids"]
    assert truncated.tolist() == [len(ids) > 16 for ids in tokenizer(texts)["input_ids"]]
    pairs, cut = batches.encode(tokenizer, {"text": ["good film"], "pair": ["bad plot " * 20]}, 16)
    assert len(pairs[0]["input_ids"]) == 16 and max(pairs[0]["token_type_ids"]) == 1 and cut.tolist() == [True]
    assert batches.encode(tokenizer, {"text": []}, 16)[0] == []


def test_encoding_can_be_cancelled() -> None:
    def stop(done: int, total: int) -> None:
        assert (done, total) == (0, 6)
        raise Cancelled

    with pytest.raises(Cancelled):
        batches.encode(make_tokenizer(), {"text": TEXTS}, 16, stop)


def test_every_row_goes_through_the_model_once_the_longest_first(predictor: Predictor) -> None:
    rows, _ = batches.encode(predictor.tokenizer, {"text": TEXTS}, 64)
    seen, lengths = [], []
    for places, batch, output in batches.forward(predictor.model, predictor.tokenizer, rows, batch_size=4):
        seen += places.tolist()
        lengths.append(batch["input_ids"].shape[1])
        assert output.logits.shape == (len(places), 2)
    assert sorted(seen) == list(range(6)) and lengths == sorted(lengths, reverse=True)
    assert lengths[0] == max(len(row["input_ids"]) for row in rows)


def test_what_is_computed_may_be_another_call_and_is_in_evaluation_mode(tiny_classifier: Path) -> None:
    predictor = predict.load(str(tiny_classifier), allow_path=True)
    rows, _ = batches.encode(predictor.tokenizer, {"text": TEXTS}, 64)
    predictor.model.train()
    modes = []
    for _ in batches.forward(
        predictor.model, predictor.tokenizer, rows, call=lambda batch: modes.append(predictor.model.training)
    ):
        assert torch.is_inference_mode_enabled() is False
    assert modes == [False] and predictor.model.training
