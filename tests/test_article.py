"""The tutorial's claims, measured: on tiny models where a number can be foreseen, on the bundled one where it is quoted."""

import pytest
import torch
from transformers import BertModel, PreTrainedTokenizerBase

from core import article, models
from core.data.bundled import ARTICLE
from core.errors import Cancelled


@pytest.fixture(scope="module")
def encoder() -> BertModel:
    torch.manual_seed(0)
    return models.load_encoder("minilm", attention="eager")


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return models.load_tokenizer("minilm")


@pytest.mark.training
def test_the_experiment_depends_on_the_seed_alone_and_learns(tokenizer: PreTrainedTokenizerBase) -> None:
    settings = {"epochs": 4, "learning_rate": 3e-4}
    first = article.repeat(tokenizer, (3, 4), **settings)
    again = article.repeat(tokenizer, (4,), **settings)
    assert first.rows[1] == again.rows[0] and first.rows[0] != first.rows[1]
    for row in first.rows:
        assert len(row.losses) == 4 and row.losses[-1] < row.losses[0]
        assert row.accuracy in (0, 0.25, 0.5, 0.75, 1) and row.last_batch in (0, 0.5, 1)
        assert 0 < row.unused < 0.5
    moved = {row.group: row for row in first.movement}
    assert moved["layer 6"].changed > 0.99 and moved["embeddings"].changed < 0.01


def test_the_first_loss_is_that_of_a_guess_among_four(tokenizer: PreTrainedTokenizerBase) -> None:
    row = article.repeat(tokenizer, (0,), epochs=1, batch_size=4, learning_rate=1e-9).rows[0]
    assert row.losses[0] == pytest.approx(torch.tensor(4.0).log().item(), abs=0.1)
    assert row.last_batch == row.accuracy  # one batch holds all four


def test_the_experiment_can_be_cancelled(tokenizer: PreTrainedTokenizerBase) -> None:
    def stop(done: int, total: int) -> None:
        assert (done, total) == (1, 5)
        raise Cancelled

    with pytest.raises(Cancelled):
        article.repeat(tokenizer, range(5), epochs=1, report=stop)


def test_only_weight_decay_moves_what_is_not_in_the_text(
    encoder: BertModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    steps, rate, decay = 3, 1e-3, 0.01
    found = {
        row.optimizer: row
        for row in article.optimizers(encoder, tokenizer, steps=steps, learning_rate=rate, weight_decay=decay)
    }
    assert found["Adam"].unseen == 0
    assert found["AdamW"].unseen == pytest.approx(1 - (1 - rate * decay) ** steps, rel=0.02)  # worked by hand
    assert found["Adam + L2"].unseen > 100 * found["AdamW"].unseen
    assert all(row.seen > 0.01 for row in found.values())


def test_the_masking_is_fifteen_percent_of_tokens_and_more_of_words(tokenizer: PreTrainedTokenizerBase) -> None:
    sentence = "bertology wonderful tokenization"
    assert tokenizer.tokenize(sentence) == ["bert", "##ology", "wonderful", "token", "##ization"]
    texts = [sentence] * 4000  # five tokens, three words, two of which have two tokens
    found = article.corruption(tokenizer, texts, seed=1)
    assert found.tokens == 5 * 4000 and found.words == 3 * 4000
    assert found.masked + found.random + found.kept == found.chosen
    assert found.chosen / found.tokens == pytest.approx(0.15, abs=0.01)
    assert found.masked / found.chosen == pytest.approx(0.8, abs=0.03)
    touched = (2 * (1 - 0.85**2) + 0.15) / 3  # a word of two tokens stays whole with probability 0.85²
    assert found.words_touched / found.words == pytest.approx(touched, abs=0.01)
    assert found.words_whole / found.words == pytest.approx((2 * 0.15**2 + 0.15) / 3, abs=0.01)
    assert article.corruption(tokenizer, texts, seed=1) == found != article.corruption(tokenizer, texts, seed=2)


def test_queries_are_linear_and_the_feed_forward_network_is_not(encoder: BertModel) -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, encoder.config.hidden_size, generator=generator).numpy()
    found = {row.name: row for row in article.linearity(encoder, x, y, layer=1)}
    for name in "QKV":
        assert found[name].shape == (384, 384) and found[name].difference < 1e-4 * found[name].scale
    assert found["FFN"].shape == (1536, 384, 384) and found["FFN"].difference > 0.01 * found["FFN"].scale
    query = encoder.encoder.layer[1].attention.self.query
    with torch.inference_mode():
        assert found["Q"].scale == pytest.approx(float(query(torch.tensor(x + y)).abs().max()), rel=1e-5)


def test_a_vector_depends_on_what_follows_unless_a_mask_forbids_it(
    encoder: BertModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    found = article.direction(encoder, tokenizer, "The bank", ("of the river", "lent me money"))
    assert found.shared == 3  # [CLS] the bank
    assert found.change > 0.1 and found.change_causal < 1e-5
    assert 0 < found.ahead < 1
    assert article.direction(encoder, tokenizer, "The bank", ("closed", "closed")).change == 0


def test_snippets_run_in_a_python_of_their_own() -> None:
    assert article.output_of("print('a'); print(1 + 1)") == ("2", False)
    assert article.output_of("encode('x')") == ("NameError: name 'encode' is not defined", True)
    assert article.output_of("") == ("", False)


def test_the_printed_numbers_are_those_of_four_classes_and_four_sentences() -> None:
    assert len(ARTICLE) == 4 and article.CLASSES == 4
    assert article.PRINTED_ACCURACY * len(ARTICLE) == 3


def test_the_pace_of_a_text_says_how_much_of_the_work_grows_with_the_square(
    encoder: BertModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    short, long = (article.pace(encoder, tokenizer, tokens, repeats=1) for tokens in (16, 512))
    assert 0 < short.seconds < long.seconds
    width = encoder.config.hidden_size  # with an inner size of four times the width: T / (T + 6 D)
    assert [short.squared, long.squared] == pytest.approx([16 / (16 + 6 * width), 512 / (512 + 6 * width)])


def test_pre_training_takes_as_long_as_its_tokens_three_times_over(encoder: BertModel) -> None:
    layers = sum(part.numel() for part in encoder.encoder.parameters())
    seconds = article.pretraining_seconds(encoder, article.Pace(100, 1.0, 0.0))
    assert seconds == pytest.approx(1_000_000 * 256 * 512 * 3 * (85_054_464 / layers) / 100)
    assert 7 < article.BASE_LAYERS / layers < 9
