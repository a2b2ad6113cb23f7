"""core.pretraining: equal to transformers' own models, losses and collator for every family, and to cases worked by hand."""

import math
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from transformers import (
    AutoModelForMaskedLM,
    BertConfig,
    BertForMaskedLM,
    BertForNextSentencePrediction,
    DataCollatorForLanguageModeling,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from core import attention, pretraining
from core.encoder import read, tensors
from core.errors import UserError
from core.families import FAMILIES
from core.pretraining import IGNORED, METHODS, Method
from tests.conftest import WORDS, make_config, make_tokenizer
from tests.families import tiny_config

TEXT, PAIR = "i love eating pizza , and good coffee !", "the film was awful"
V, MASK, UNK = len(WORDS), WORDS.index("[MASK]"), WORDS.index("[UNK]")
CONFIGS = {
    family: tiny_config(family, positions=66, **({"pad_token_id": 0} if "roberta" in family else {}))
    for family in FAMILIES
}


def shaken(model: PreTrainedModel) -> PreTrainedModel:
    """The model with weights large enough for its answers to differ from one another."""
    for module in model.modules():
        if isinstance(module, nn.Linear) and module.out_features != V:
            nn.init.normal_(module.weight, std=0.3)
    with torch.no_grad():
        model.get_input_embeddings().weight.normal_(std=0.5)
        if model.get_output_embeddings() is not None:
            model.get_output_embeddings().bias.normal_()
    return model.eval()


def make_model(model_type: str = "bert", implementation: str = "sdpa") -> PreTrainedModel:
    torch.manual_seed(0)
    return shaken(AutoModelForMaskedLM.from_config(CONFIGS[model_type], attn_implementation=implementation))


def make_next_sentence() -> PreTrainedModel:
    torch.manual_seed(0)
    return shaken(BertForNextSentencePrediction(make_config()))


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    made = make_tokenizer()
    made.model_max_length = 64
    return made


class Known(PreTrainedModel):
    """A model whose logits are what a table says of each position, whatever the other tokens are."""

    config_class = BertConfig
    base_model_prefix = "bert"

    def __init__(self, table: torch.Tensor) -> None:
        super().__init__(make_config())
        self.bert = _Rows(table)
        self.unused = nn.Linear(1, 1)

    def forward(self, **inputs: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self.bert(**inputs).last_hidden_state)


class _Rows(nn.Module):
    def __init__(self, table: torch.Tensor) -> None:
        super().__init__()
        self.table = table

    def forward(self, input_ids: torch.Tensor, **others: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(last_hidden_state=self.table[: input_ids.shape[1]].repeat(len(input_ids), 1, 1))


def known(*rows: dict[str, float]) -> PreTrainedModel:
    """Known with a row of probabilities by word for each position; what is left goes to all other entries evenly."""
    table = torch.empty(len(rows), V, dtype=torch.float64)
    for i, row in enumerate(rows):
        table[i] = (1 - sum(row.values())) / (V - len(row))
        for word, probability in row.items():
            table[i, WORDS.index(word)] = probability
    return Known(table.log())


def test_every_family_is_here() -> None:
    assert set(CONFIGS) == set(FAMILIES)


# --- Logits at some positions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", ["", PAIR])
@pytest.mark.parametrize("model_type", CONFIGS)
def test_masked_logits_are_the_whole_models(tokenizer: PreTrainedTokenizerFast, model_type: str, pair: str) -> None:
    model = make_model(model_type)
    one = tensors(model, read(model, tokenizer, TEXT, pair))
    inputs = {name: values.repeat(2, 1) for name, values in one.items()}
    inputs["input_ids"][1, 4] = MASK
    positions = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
    positions[0, [1, 3]] = positions[1, [0, 4, 6]] = True
    with torch.no_grad():
        expected = model(**inputs).logits[positions]
        found = pretraining.masked_logits(model, inputs, positions)
    assert found.shape == (5, V)
    assert (found - expected).abs().max() <= 1e-5
    assert expected.std() > 0.1
    assert not model.base_model._forward_hooks


def test_masked_logits_pass_gradients_to_every_parameter_that_the_library_reaches(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    model = make_model()
    inputs = tensors(model, read(model, tokenizer, TEXT))
    positions = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
    positions[0, [2, 5]] = True
    model(**inputs).logits[positions].square().sum().backward()
    expected = {name: value.grad.clone() for name, value in model.named_parameters() if value.grad is not None}
    model.zero_grad()
    pretraining.masked_logits(model, inputs, positions).square().sum().backward()
    found = {name: value.grad for name, value in model.named_parameters() if value.grad is not None}
    assert found.keys() == expected.keys()
    for name, grad in found.items():
        torch.testing.assert_close(grad, expected[name], rtol=1e-4, atol=1e-4)


def test_another_thread_uses_the_same_model_undisturbed(tokenizer: PreTrainedTokenizerFast) -> None:
    model = make_model()
    inputs = tensors(model, read(model, tokenizer, TEXT))
    positions = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
    positions[0, 2] = True
    shapes = []

    def other(*_: Any) -> None:
        def run() -> None:
            with torch.no_grad():
                shapes.append(tuple(model(**inputs).logits.shape))

        if threading.current_thread() is threading.main_thread():
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()

    with model.base_model.embeddings.register_forward_pre_hook(other), torch.no_grad():
        assert pretraining.masked_logits(model, inputs, positions).shape == (1, V)
    assert shapes == [(1, inputs["input_ids"].shape[1], V)]


# --- What stands there? ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", ["", PAIR])
@pytest.mark.parametrize("model_type", CONFIGS)
def test_fill_is_the_librarys_softmax_and_loss(tokenizer: PreTrainedTokenizerFast, model_type: str, pair: str) -> None:
    model, masked = make_model(model_type), (2, 4)
    found = pretraining.fill(model, tokenizer, TEXT, masked, pair=pair, k=4)
    inputs = tensors(model, read(model, tokenizer, TEXT, pair))
    labels = torch.full_like(inputs["input_ids"], IGNORED)
    labels[0, masked] = inputs["input_ids"][0, masked]
    inputs["input_ids"][0, masked] = MASK
    with torch.no_grad():
        output = model(**inputs, labels=labels)
    assert found.loss == pytest.approx(output.loss.item(), abs=1e-5)
    assert found.terms == tuple(filling.loss for filling in found.fillings)
    assert [filling.position for filling in found.fillings] == list(masked)
    assert found.read.ids == tuple(inputs["input_ids"][0].tolist())
    assert found.tokens.ids[2] == WORDS.index("love") and not found.notes
    for filling in found.fillings:
        row = output.logits[0, filling.position].double().softmax(-1)
        best = row.topk(4)
        assert [guess.id for guess in filling.guesses] == best.indices.tolist()
        assert [guess.token for guess in filling.guesses] == [WORDS[i] for i in best.indices.tolist()]
        assert [guess.probability for guess in filling.guesses] == pytest.approx(best.values.tolist(), abs=1e-5)
        assert filling.original is not None
        assert filling.original.probability == pytest.approx(row[filling.original.id].item(), abs=1e-5)
        assert filling.rank == row.argsort(descending=True).tolist().index(filling.original.id) + 1
        assert filling.entropy == pytest.approx(-(row * row.log2()).sum().item(), abs=1e-4)


def test_fill_by_hand(tokenizer: PreTrainedTokenizerFast) -> None:
    model = known({}, {"i": 0.5, "a": 0.25, "an": 0.25}, {"hate": 0.75, "love": 0.25}, {})
    found = pretraining.fill(model, tokenizer, "i love", (1, 2), k=2)
    first, second = found.fillings
    assert (first.guesses[0].token, first.rank, second.rank) == ("i", 1, 2)
    assert [guess.token for guess in second.guesses] == ["hate", "love"]
    assert first.entropy == pytest.approx(1.5)
    assert second.loss == pytest.approx(math.log(4))
    assert found.loss == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_no_idea_is_the_entropy_of_all_entries(tokenizer: PreTrainedTokenizerFast) -> None:
    (filling,) = pretraining.fill(known({}, {}, {}), tokenizer, "i", (1,), k=V + 5).fillings
    assert filling.entropy == pytest.approx(math.log2(V))
    assert filling.loss == pytest.approx(math.log(V))
    assert len(filling.guesses) == V


def test_an_impossible_original_still_has_a_loss(tokenizer: PreTrainedTokenizerFast) -> None:
    table = torch.zeros(3, V, dtype=torch.float64)
    table[1, WORDS.index("a")] = 1e6
    (filling,) = pretraining.fill(Known(table), tokenizer, "i", (1,)).fillings
    assert filling.entropy == 0
    assert filling.loss is not None and math.isfinite(filling.loss) and filling.loss > 600


@pytest.mark.parametrize("written", ["[MASK]", "<mask>"])
def test_a_mask_in_the_text_has_no_original(tokenizer: PreTrainedTokenizerFast, written: str) -> None:
    model = make_model()
    found = pretraining.fill(model, tokenizer, f"i {written} pizza", (3,))
    unknown, asked = found.fillings
    assert (unknown.position, unknown.original, unknown.rank, unknown.loss) == (2, None, None, None)
    assert asked.loss is not None and found.loss == pytest.approx(asked.loss)
    alone = pretraining.fill(model, tokenizer, f"i {written} pizza")
    assert alone.loss is None and alone.terms == ()


def test_whole_words_are_masked_together(tokenizer: PreTrainedTokenizerFast) -> None:
    model = make_model()
    assert WORDS.index("##ed") in read(model, tokenizer, "i played a film").ids
    apart = pretraining.fill(model, tokenizer, "i played a film", (3,))
    whole = pretraining.fill(model, tokenizer, "i played a film", (3,), whole_words=True)
    assert [filling.position for filling in apart.fillings] == [3]
    assert [filling.position for filling in whole.fillings] == [2, 3]
    both = pretraining.fill(model, tokenizer, "played", (1,), pair="played", whole_words=True)
    assert [filling.position for filling in both.fillings] == [1, 2]


def test_everything_masked_and_one_token_and_unknown_ones_are_noted(tokenizer: PreTrainedTokenizerFast) -> None:
    model = make_model()
    everything = pretraining.fill(model, tokenizer, "i love", (1, 2))
    assert len(everything.fillings) == 2 and "Every token is masked" in everything.notes[0][0]
    assert len(pretraining.fill(model, tokenizer, "i", (1,)).fillings) == 1
    unknown = pretraining.fill(model, tokenizer, "привет pizza", (1,))
    assert unknown.notes[0][1] == {"count": 1}
    assert unknown.fillings[0].original is not None and unknown.fillings[0].original.id == UNK


def test_chinese_and_a_text_that_is_too_long(tokenizer: PreTrainedTokenizerFast) -> None:
    model = make_model()
    found = pretraining.fill(model, tokenizer, "我 爱 电影", (2,))
    assert found.fillings[0].original is not None and found.fillings[0].original.token == "爱"
    long = pretraining.fill(model, tokenizer, "pizza " * 600, (62,))
    assert len(long.tokens.tokens) == 64 and long.tokens.cut.startswith(" pizza")


@pytest.mark.parametrize(
    ("text", "masked", "message"),
    [
        ("i love pizza", (), r"no token is masked.*\[MASK\]"),
        ("i love pizza", (0,), r"'\[CLS\]' at position 0 is a special token"),
        ("i love pizza", (4,), r"'\[SEP\]' at position 4 is a special token"),
        ("i love pizza", (5,), "no token at position 5"),
        ("i love pizza", (-1,), "no token at position -1"),
        (" ", (1,), "no text"),
    ],
)
@pytest.mark.parametrize("whole_words", [False, True])
def test_what_cannot_be_masked_is_said(
    tokenizer: PreTrainedTokenizerFast, text: str, masked: tuple[int, ...], message: str, whole_words: bool
) -> None:
    with pytest.raises(UserError, match=message):
        pretraining.fill(make_model(), tokenizer, text, masked, whole_words=whole_words)


def test_a_tokenizer_without_a_mask_token_is_refused_everywhere(tokenizer: PreTrainedTokenizerFast) -> None:
    model = make_model()
    tokenizer.mask_token = None  # type: ignore[assignment]
    asked: list[Callable[[], object]] = [
        lambda: pretraining.fill(model, tokenizer, "i love", (1,)),
        lambda: pretraining.score(model, tokenizer, "i love"),
        lambda: pretraining.generate(model, tokenizer, "i love"),
        lambda: pretraining.corrupt(tokenizer, "i love"),
    ]
    for ask in asked:
        with pytest.raises(UserError, match="no mask token"):
            ask()


@pytest.mark.parametrize("model_type", CONFIGS)
def test_attention_before_and_after(tokenizer: PreTrainedTokenizerFast, model_type: str) -> None:
    model = make_model(model_type, "eager")
    found = pretraining.attention_before_after(model, tokenizer, TEXT, (2,), layer=1)
    np.testing.assert_array_equal(found.before.weights, attention.attend(model, tokenizer, TEXT, layer=1).weights)
    inputs = tensors(model, read(model, tokenizer, TEXT))
    inputs["input_ids"][0, 2] = MASK
    with torch.no_grad():
        expected = model(**inputs, output_attentions=True).attentions[1][0].numpy()
    np.testing.assert_allclose(found.after.weights[0], expected, atol=1e-5)
    assert found.after.tokens.tokens[2].text == "[MASK]" and found.before.tokens.tokens[2].text == "love"
    assert np.abs(found.after.weights - found.before.weights).max() > 1e-3


# --- The recipe of training --------------------------------------------------------------------------------------------

LONG = "the film was not very good and i hate eating pizza . " * 400


def test_corruption_is_what_the_collator_draws(tokenizer: PreTrainedTokenizerFast) -> None:
    tokenizer.model_max_length = 512
    found = pretraining.corrupt(tokenizer, LONG, seed=5)
    ids = torch.tensor([found.tokens.ids])
    special = torch.tensor([[token.kind == "special" for token in found.tokens.tokens]])
    recipe = DataCollatorForLanguageModeling(tokenizer)
    recipe.generator = torch.Generator().manual_seed(5)
    after, labels = recipe.torch_mask_tokens(ids.clone(), special)
    assert found.corrupted == tuple(after[0].tolist())
    assert [fate != "untouched" for fate in found.fates] == (labels[0] != IGNORED).tolist()
    for old, new, fate in zip(found.tokens.ids, found.corrupted, found.fates, strict=True):
        assert {"mask": new == MASK, "random": new not in (old, MASK), "kept": new == old, "untouched": new == old}[
            fate
        ]


def test_corruption_approaches_the_shares_of_the_paper(tokenizer: PreTrainedTokenizerFast) -> None:
    tokenizer.model_max_length = 40_000
    found = pretraining.corrupt(tokenizer, LONG * 6, seed=1)
    counts, chosen = found.counts, found.chosen
    assert sum(counts.values()) == len(found.fates) == found.choosable + 2
    assert found.choosable > 20_000

    def near(count: int, share: float, of: int) -> bool:  # four standard deviations of a binomial
        return abs(count - share * of) < 4 * math.sqrt(share * (1 - share) * of)

    accident = 0.1 / V  # a random entry is the original or the mask token once in V times each
    assert near(chosen, 0.15, found.choosable)
    assert near(counts["mask"], 0.8 + accident, chosen)
    assert near(counts["random"], 0.1 - 2 * accident, chosen)
    assert near(counts["kept"], 0.1 + accident, chosen)


def test_a_seed_repeats_a_corruption_and_another_does_not(tokenizer: PreTrainedTokenizerFast) -> None:
    tokenizer.model_max_length = 256
    state = torch.get_rng_state()
    first, again, other = (pretraining.corrupt(tokenizer, LONG, seed=seed) for seed in (3, 3, 4))
    assert first == again and first.corrupted != other.corrupted
    assert torch.equal(state, torch.get_rng_state())


def test_special_tokens_are_never_chosen_and_unknown_ones_can_be(tokenizer: PreTrainedTokenizerFast) -> None:
    found = pretraining.corrupt(tokenizer, "привет i", rate=1.0)
    assert found.choosable == found.chosen == 2
    assert [fate == "untouched" for fate in found.fates] == [True, False, False, True]
    assert found.tokens.ids[1] == UNK
    assert pretraining.corrupt(tokenizer, "i love", rate=0.0).chosen == 0
    assert pretraining.corrupt(tokenizer, "i [MASK] love", rate=1.0).choosable == 2


def test_whole_words_share_their_fate(tokenizer: PreTrainedTokenizerFast) -> None:
    tokenizer.model_max_length = 512
    found = pretraining.corrupt(tokenizer, "i played , walked and loved . " * 40, seed=2, whole_words=True)
    assert set(found.fates) == {"untouched", "mask"}
    pieces = [i for i, token in enumerate(found.tokens.tokens) if token.kind == "continuation"]
    assert pieces and all(found.fates[i] == found.fates[i - 1] for i in pieces)
    alone = [found.fates[i] != found.fates[i + 1] for i, token in enumerate(found.tokens.tokens) if token.text == ","]
    assert any(alone)  # a comma is a word of its own


def test_a_corruption_needs_a_text(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(UserError, match="no text"):
        pretraining.corrupt(tokenizer, "  ")


# --- How well does the model know a text? ------------------------------------------------------------------------------


@pytest.mark.parametrize("model_type", CONFIGS)
def test_score_is_a_loop_over_the_librarys_model(
    tokenizer: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch, model_type: str
) -> None:
    monkeypatch.setattr(pretraining, "TOKENS_PER_BATCH", 40)  # three inputs at a time
    model = make_model(model_type)
    heard: list[tuple[int, int]] = []
    found = pretraining.score(model, tokenizer, TEXT, report=lambda done, total: heard.append((done, total)))
    inputs = tensors(model, found.tokens)
    count = inputs["input_ids"].shape[1] - 2
    assert [one.position for one in found.scores] == list(range(1, count + 1))
    total = 0.0
    for one in found.scores:
        hidden = inputs["input_ids"].clone()
        hidden[0, one.position] = MASK
        with torch.no_grad():
            row = model(**{**inputs, "input_ids": hidden}).logits[0, one.position].double().log_softmax(-1)
        own = row[inputs["input_ids"][0, one.position]]
        assert one.log_probability == pytest.approx(own.item(), abs=1e-4)
        assert one.rank == int((row > own).sum()) + 1
        assert one.best.id == int(row.argmax()) and one.best.token == WORDS[one.best.id]
        assert one.best.probability == pytest.approx(row.max().exp().item(), abs=1e-4)
        total += own.item()
    assert found.total == pytest.approx(total, abs=1e-3)
    assert found.perplexity == pytest.approx(math.exp(-total / count), rel=1e-4)
    assert heard[-1] == (count, count) and len(heard) > 2 and heard == sorted(heard)


def test_score_by_hand(tokenizer: PreTrainedTokenizerFast) -> None:
    found = pretraining.score(known({}, {"i": 0.5}, {"hate": 0.75, "love": 0.125}, {}), tokenizer, "i love")
    assert [one.log_probability for one in found.scores] == pytest.approx([math.log(1 / 2), math.log(1 / 8)])
    assert [(one.rank, one.best.token) for one in found.scores] == [(1, "i"), (2, "hate")]
    assert found.total == pytest.approx(-math.log(16))
    assert found.perplexity == pytest.approx(4)


def test_knowing_nothing_is_a_perplexity_of_the_whole_vocabulary(tokenizer: PreTrainedTokenizerFast) -> None:
    assert pretraining.score(known({}, {}, {}, {}), tokenizer, "i love").perplexity == pytest.approx(V)


def test_a_perplexity_beyond_all_numbers_stays_one(tokenizer: PreTrainedTokenizerFast) -> None:
    table = torch.zeros(3, V, dtype=torch.float64)
    table[1, WORDS.index("a")] = 1e6
    assert math.isfinite(pretraining.score(Known(table), tokenizer, "i").perplexity)


def test_score_notes_the_unknown_and_what_was_cut(tokenizer: PreTrainedTokenizerFast) -> None:
    model = make_model()
    assert pretraining.score(model, tokenizer, "привет мир i").notes[0][1] == {"count": 2}
    long = pretraining.score(model, tokenizer, "pizza " * 600)
    assert len(long.scores) == 62 and long.tokens.cut
    assert len(pretraining.score(model, tokenizer, "我").scores) == 1


@pytest.mark.parametrize(("text", "message"), [("", "no text"), ("[MASK] [SEP]", "no token to score")])
def test_what_cannot_be_scored_is_said(tokenizer: PreTrainedTokenizerFast, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        pretraining.score(make_model(), tokenizer, text)


def test_a_score_can_be_cancelled(tokenizer: PreTrainedTokenizerFast) -> None:
    class Stop(Exception):
        pass

    def report(done: int, total: int) -> None:
        raise Stop

    model = make_model()
    with pytest.raises(Stop):
        pretraining.score(model, tokenizer, TEXT, report=report)
    assert not model.base_model._forward_hooks


# --- Does it follow? ---------------------------------------------------------------------------------------------------


def test_next_sentence_is_the_librarys_softmax(tokenizer: PreTrainedTokenizerFast) -> None:
    model = make_next_sentence()
    found = pretraining.next_sentence(model, tokenizer, TEXT, PAIR)
    inputs = tokenizer(TEXT, PAIR, return_tensors="pt")
    with torch.no_grad():
        output = model(**inputs, labels=torch.tensor([0]), output_hidden_states=True)
    assert found.logits == pytest.approx(output.logits[0].tolist(), abs=1e-5)
    assert found.probability == pytest.approx(output.logits[0].softmax(-1)[0].item(), abs=1e-6)
    # label 0 is "is next": the library's own loss for it is −ln of our probability
    assert -math.log(found.probability) == pytest.approx(output.loss.item(), abs=1e-5)
    np.testing.assert_allclose(found.cls, output.hidden_states[-1][0, 0].numpy(), atol=1e-5)
    assert {token.segment for token in found.tokens.tokens} == {0, 1} and not found.notes


def test_next_sentence_shows_every_number_on_the_way(tokenizer: PreTrainedTokenizerFast) -> None:
    model: Any = make_next_sentence()
    found = pretraining.next_sentence(model, tokenizer, TEXT, PAIR)
    dense = model.bert.pooler.dense
    np.testing.assert_allclose(found.dense, dense.weight.detach().numpy() @ found.cls + dense.bias.detach().numpy(), atol=1e-5)  # fmt: skip
    np.testing.assert_allclose(found.pooled, np.tanh(found.dense), atol=1e-6)
    np.testing.assert_allclose(found.weights @ found.pooled + found.bias, found.logits, atol=1e-5)
    assert found.weights.shape == (2, 32) and found.bias.shape == (2,)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [("i love", " ", "takes two of them"), ("", "i love", "no text")],
)
def test_next_sentence_takes_two(tokenizer: PreTrainedTokenizerFast, first: str, second: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        pretraining.next_sentence(make_next_sentence(), tokenizer, first, second)


def test_next_sentence_cuts_the_longer_one(tokenizer: PreTrainedTokenizerFast) -> None:
    model = make_next_sentence()
    tokens = pretraining.next_sentence(model, tokenizer, "pizza " * 600, "我 爱").tokens
    assert len(tokens.tokens) == 64 and tokens.cut and not tokens.cut_pair and tokens.pair_start == 61


# --- Writing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("model_type", CONFIGS)
def test_generation_fills_all_masks_never_with_a_special_token(
    tokenizer: PreTrainedTokenizerFast, model_type: str, method: Method
) -> None:
    model = make_model(model_type)
    with torch.no_grad():
        model.get_output_embeddings().bias[:5] += 50.0  # special tokens are by far the likeliest
    steps = pretraining.generate(model, tokenizer, "the film", length=4, method=method, seed=1, sweeps=2)
    start = (2, WORDS.index("the"), WORDS.index("film"))
    assert steps[-1].ids[:3] == start and len(steps[-1].ids) == 8 and steps[-1].ids[-1] == 3
    assert all(step.id not in tokenizer.all_special_ids for step in steps)
    assert MASK not in steps[-1].ids
    assert all(step.ids[step.position] == step.id and step.token == WORDS[step.id] for step in steps)
    assert {step.position for step in steps} == {3, 4, 5, 6}
    assert steps == pretraining.generate(model, tokenizer, "the film", length=4, method=method, seed=1, sweeps=2)


def test_another_seed_writes_something_else_and_torchs_own_generator_is_left_alone(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    model = make_model()
    state = torch.get_rng_state()
    texts = {
        pretraining.generate(model, tokenizer, "i", length=6, temperature=5.0, seed=seed)[-1].text for seed in range(4)
    }
    assert len(texts) > 1
    assert torch.equal(state, torch.get_rng_state())


def never(row: torch.Tensor, tokenizer: PreTrainedTokenizerFast) -> torch.Tensor:
    row = row.clone()
    row[tokenizer.all_special_ids] = -torch.inf
    return row


def test_the_likeliest_left_to_right_is_a_loop_over_the_librarys_model(tokenizer: PreTrainedTokenizerFast) -> None:
    model = make_model()
    steps = pretraining.generate(model, tokenizer, "the film", length=4, top_k=1, seed=9)
    ids = torch.tensor([[2, WORDS.index("the"), WORDS.index("film"), MASK, MASK, MASK, MASK, 3]])
    for i, step in enumerate(steps):
        with torch.no_grad():
            row = model(input_ids=ids).logits[0, 3 + i].double()
        ids[0, 3 + i] = int(never(row, tokenizer).argmax())
        assert (step.position, step.id, step.replaced, step.sweep) == (3 + i, int(ids[0, 3 + i]), "", 0)
        assert step.probability == pytest.approx(row.softmax(-1)[step.id].item(), abs=1e-5)
        assert step.ids == tuple(ids[0].tolist())


def test_by_confidence_the_surest_place_comes_first(tokenizer: PreTrainedTokenizerFast) -> None:
    model = known({}, {"a": 0.3}, {"good": 0.9}, {"film": 0.6, "[SEP]": 0.39}, {})
    steps = pretraining.generate(model, tokenizer, "[MASK] <mask> [MASK]", method="confidence", top_k=1)
    assert [(step.position, step.token) for step in steps] == [(2, "good"), (3, "film"), (1, "a")]
    assert [step.probability for step in steps] == pytest.approx([0.9, 0.6, 0.3])
    assert [step.text for step in steps] == ["[MASK] good [MASK]", "[MASK] good film", "a good film"]


def test_gibbs_masks_every_place_again_in_each_sweep(tokenizer: PreTrainedTokenizerFast) -> None:
    steps = pretraining.generate(make_model(), tokenizer, "the [MASK] was [MASK] [MASK]", method="gibbs", sweeps=4)
    assert [step.sweep for step in steps] == [sweep for sweep in range(4) for _ in range(3)]
    standing: dict[int, str] = {}
    for sweep in range(4):
        assert {step.position for step in steps if step.sweep == sweep} == {2, 4, 5}
    for step in steps:
        assert step.replaced == standing.get(step.position, "")
        standing[step.position] = step.token
    assert steps[-1].text.startswith("the ")


def test_a_word_that_the_vocabulary_lacks_stays_visible(tokenizer: PreTrainedTokenizerFast) -> None:
    steps = pretraining.generate(make_model(), tokenizer, "the 龘 was [MASK]")
    assert "[UNK]" in steps[-1].text and "[SEP]" not in steps[-1].text


def test_temperature_and_top_k_do_what_they_say(tokenizer: PreTrainedTokenizerFast) -> None:
    model = known({}, {"good": 0.5, "bad": 0.3, "great": 0.1}, {})

    def drawn(**options: Any) -> list[str]:
        return [pretraining.generate(model, tokenizer, "[MASK]", seed=seed, **options)[0].token for seed in range(60)]

    assert set(drawn(temperature=0.01)) == {"good"}
    assert set(drawn(top_k=2)) == {"good", "bad"}
    assert len(set(drawn(temperature=100))) > 15
    steps = pretraining.generate(model, tokenizer, "[MASK]", top_k=1)
    assert [step.probability for step in steps] == [pytest.approx(0.5)] * len(steps)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "beam"}, "no way 'beam' to write.*gibbs"),
        ({"temperature": 0.0}, "temperature must be"),
        ({"temperature": math.nan}, "temperature must be"),
        ({"top_k": -1}, "top-k 0 or more"),
        ({"length": 0}, "at least 1"),
        ({"sweeps": 0}, "at least 1"),
        ({"length": 62}, "62 more masks do not fit.*at most 64"),
        ({"text": " "}, "no text"),
    ],
)
def test_what_cannot_be_written_is_said(
    tokenizer: PreTrainedTokenizerFast, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        pretraining.generate(make_model(), tokenizer, **{"text": "the film", **options})


# --- The head ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model_type", CONFIGS)
def test_the_decoder_is_the_word_embeddings(model_type: str) -> None:
    model = make_model(model_type)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_the_head_as_the_paper_writes_it(tokenizer: PreTrainedTokenizerFast) -> None:
    """logits = E · LayerNorm(GELU(W h + b)) + c, with the word embeddings E (Devlin et al. 2019)."""
    model: Any = BertForMaskedLM(make_config()).eval()
    found = pretraining.fill(model, tokenizer, "i love pizza", (2,), k=V)
    inputs = tensors(model, found.read)
    head = model.cls.predictions
    with torch.no_grad():
        h = model.bert(**inputs).last_hidden_state[0, 2]
        transform = head.transform.dense.weight @ h + head.transform.dense.bias
        normed = nn.functional.layer_norm(
            nn.functional.gelu(transform), (32,), head.transform.LayerNorm.weight, head.transform.LayerNorm.bias, 1e-12
        )
        row = (model.bert.embeddings.word_embeddings.weight @ normed + head.bias).softmax(-1)
    for guess in found.fillings[0].guesses:
        assert guess.probability == pytest.approx(row[guess.id].item(), abs=1e-5)
