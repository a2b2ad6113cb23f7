"""core.tokens: what the model reads, equal to what the tokenizer itself returns."""

import pytest
import torch
from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaModel

from core import models, tokens
from core.errors import UserError
from tests.conftest import make_tokenizer
from tests.hostile import TOKENIZED as HOSTILE


@pytest.fixture(scope="module")
def minilm() -> PreTrainedTokenizerFast:
    return models.load_tokenizer("minilm")


def test_the_tutorials_sentence_has_the_true_ids(minilm: PreTrainedTokenizerFast) -> None:
    result = tokens.tokenize(minilm, "I love eating pizza", model="minilm")
    assert result.ids == (101, 1045, 2293, 5983, 10733, 102)
    assert result.texts == ("[CLS]", "i", "love", "eating", "pizza", "[SEP]")
    assert [t.kind for t in result.tokens] == ["special", "word", "word", "word", "word", "special"]
    assert result.words == 4 and result.unknown == 0 and result.cut == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_ids_equal_the_tokenizers_own(minilm: PreTrainedTokenizerFast, text: str) -> None:
    result = tokens.tokenize(minilm, text, "and a pair", max_length=64)
    own = minilm(text, "and a pair", truncation=True, max_length=64)
    assert list(result.ids) == own["input_ids"]
    assert [t.segment for t in result.tokens] == own["token_type_ids"]
    for token in result.tokens:
        if token.source is not None:
            assert token.start is not None and token.end is not None
            source = (text, "and a pair")[token.source]
            assert 0 <= token.start < token.end <= len(source)


def test_continuations_and_offsets_point_into_the_text(minilm: PreTrainedTokenizerFast) -> None:
    text = "tokenised films"
    result = tokens.tokenize(minilm, text)
    assert [(t.text, t.kind) for t in result.tokens[1:-1]] == [
        ("token", "word"),
        ("##ised", "continuation"),
        ("films", "word"),
    ]
    assert [text[t.start : t.end] for t in result.tokens if t.source == 0] == ["token", "ised", "films"]
    assert [t.word for t in result.tokens] == [None, 0, 0, 1, None]


def test_what_was_cut_is_returned(minilm: PreTrainedTokenizerFast) -> None:
    result = tokens.tokenize(minilm, "one two three four five six", max_length=5)
    assert result.texts == ("[CLS]", "one", "two", "three", "[SEP]")
    assert result.cut == " four five six"
    pair = tokens.tokenize(minilm, "one two three four", "five six", max_length=8)
    assert (pair.cut, pair.cut_pair) == (" four", "")
    exact = tokens.tokenize(minilm, "one two three ", max_length=5)
    assert exact.cut == ""


def test_padding_equals_the_tokenizers_own(minilm: PreTrainedTokenizerFast) -> None:
    result = tokens.tokenize(minilm, "good film", pad_to=8)
    own = minilm("good film", padding="max_length", max_length=8)
    assert list(result.ids) == own["input_ids"]
    assert [int(t.attended) for t in result.tokens] == own["attention_mask"]
    assert [t.kind for t in result.tokens[4:]] == ["padding"] * 4
    assert [t.position for t in result.tokens] == list(range(8))
    roberta = tokens.tokenize(minilm, "good film", pad_to=6, first_position=2)
    assert [t.position for t in roberta.tokens] == [2, 3, 4, 5, 1, 1]


@pytest.mark.parametrize("padding", [0, 1])
def test_positions_are_the_librarys(padding: int) -> None:
    config = RobertaConfig(
        vocab_size=30, hidden_size=8, num_attention_heads=2, num_hidden_layers=1, pad_token_id=padding
    )
    ids = [5, padding, 6, 7, padding, padding]
    own = RobertaModel(config).embeddings.create_position_ids_from_input_ids(torch.tensor([ids]), padding, 0)
    assert tokens.positions(ids, padding, padding + 1) == own[0].tolist()
    assert tokens.positions(ids, padding, 0) == list(range(6))


def test_a_padding_token_that_somebody_typed_is_not_counted(minilm: PreTrainedTokenizerFast) -> None:
    typed = tokens.tokenize(minilm, "good [PAD] film", first_position=2)
    assert typed.texts == ("[CLS]", "good", "[PAD]", "film", "[SEP]")
    assert [t.position for t in typed.tokens] == [2, 3, 1, 4, 5]


def test_a_pair_knows_where_it_starts(minilm: PreTrainedTokenizerFast) -> None:
    result = tokens.tokenize(minilm, "good film", "bad plot")
    assert result.pair_start == 4
    assert [t.source for t in result.tokens] == [None, 0, 0, None, 1, 1, None]
    assert tokens.tokenize(minilm, "good film", "  ").pair == ""


def test_unknown_characters_are_counted() -> None:
    result = tokens.tokenize(make_tokenizer_with_length(), "good ☃ film")
    assert result.unknown == 1
    assert [t.kind for t in result.tokens] == ["special", "word", "unknown", "word", "special"]


def test_a_typed_mask_is_a_special_token(minilm: PreTrainedTokenizerFast) -> None:
    result = tokens.tokenize(minilm, "I love [MASK]")
    assert result.tokens[3].kind == "special" and result.tokens[3].source == 0


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_nothing_to_read_is_said(minilm: PreTrainedTokenizerFast, text: str) -> None:
    with pytest.raises(UserError, match="no text"):
        tokens.tokenize(minilm, text)


def test_half_a_character_and_too_short_a_limit_are_said(minilm: PreTrainedTokenizerFast) -> None:
    with pytest.raises(UserError, match="position 3"):
        tokens.tokenize(minilm, "abc\ud83d")
    with pytest.raises(UserError, match="leave no room"):
        tokens.tokenize(minilm, "abc", max_length=2)


def test_a_hundred_thousand_characters_are_cut_to_the_model(minilm: PreTrainedTokenizerFast) -> None:
    result = tokens.tokenize(minilm, "word " * 20_000)
    assert len(result.tokens) == 512
    assert len(result.cut) > 90_000


def test_two_very_long_texts_do_not_fill_the_memory(minilm: PreTrainedTokenizerFast) -> None:
    """The tokenizer builds every combination of what it cuts off a pair: millions for texts like these."""
    text, pair = "word " * 60_000, "pizza " * 60_000
    result = tokens.tokenize(minilm, text, pair, max_length=16)
    assert result.texts.count("word") == 6 and result.texts.count("pizza") == 7
    assert len(result.cut) == len(text) - len("word ") * 6 + 1 and result.cut_pair


def make_tokenizer_with_length() -> PreTrainedTokenizerFast:
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 64
    return tokenizer
