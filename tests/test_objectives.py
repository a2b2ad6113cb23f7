"""What is learnt from a batch and how it is measured, against transformers' own models and collator and by hand."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import exp, log
from pathlib import Path

import numpy as np
import peft
import pytest
import torch
from torch import nn
from torch.nn import functional
from transformers import (
    BertForMaskedLM,
    BertForSequenceClassification,
    BertModel,
    DataCollatorForLanguageModeling,
    PreTrainedModel,
)

from core import data, models, objectives
from core.errors import Cancelled, UserError
from core.objectives import Classification, Masked
from core.pretraining import IGNORED
from core.results import MaskedEvaluation, RunConfig
from tests.conftest import WORDS, make_config, make_tokenizer
from tests.families import MASKED as FAMILIES


def silent(done: int, total: int) -> None:
    """A report that nobody reads."""


def documents(count: int = 60, words: int = 30) -> list[str]:
    random = np.random.default_rng(0)
    whole = [word for word in WORDS[5:] if not word.startswith("##")]
    return [" ".join(random.choice(whole, words)) for _ in range(count)]


@pytest.fixture
def masked(tmp_path: Path) -> Masked:
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(documents()), encoding="utf-8")
    dataset = data.load(str(path), task="masked-language-modelling", allow_path=True)
    config = RunConfig("minilm", str(path), task="masked-language-modelling", batch_size=8, seed=3)
    return Masked(config, dataset, make_tokenizer(), 16)


@pytest.fixture(params=FAMILIES)
def model(request: pytest.FixtureRequest) -> PreTrainedModel:
    torch.manual_seed(0)
    made: PreTrainedModel = FAMILIES[request.param]()
    return made.eval()


@pytest.fixture
def bert() -> PreTrainedModel:
    torch.manual_seed(0)
    made: PreTrainedModel = FAMILIES["bert"]()
    return made.eval()


# --- Corruption --------------------------------------------------------------------------------------------------------


def test_corruption_is_what_transformers_own_collator_draws() -> None:
    tokenizer = make_tokenizer()
    ids = torch.tensor(tokenizer(documents(8), padding=True)["input_ids"])
    corrupted, labels = objectives.corrupt(tokenizer, ids, (1, 2, 3))
    collator = DataCollatorForLanguageModeling(tokenizer)
    state = int(np.random.SeedSequence([1, 2, 3]).generate_state(1, np.uint64)[0] >> 1)
    collator.generator = torch.Generator().manual_seed(state)
    special = torch.isin(ids, torch.tensor([0, 2, 3, 4]))
    expected, expected_labels = collator.torch_mask_tokens(ids.clone(), special)
    assert torch.equal(corrupted, expected) and torch.equal(labels, expected_labels)


def test_the_shares_are_those_of_the_paper() -> None:
    tokenizer = make_tokenizer()
    ids = torch.tensor(tokenizer(documents(2000), padding=True)["input_ids"])
    corrupted, labels = objectives.corrupt(tokenizer, ids, (0,))
    chosen = labels != IGNORED
    choosable = ~torch.isin(ids, torch.tensor([0, 2, 3, 4]))
    n, m = int(choosable.sum()), int(chosen.sum())
    assert m / n == pytest.approx(0.15, abs=4 * (0.15 * 0.85 / n) ** 0.5)
    fates = {
        "mask": float((corrupted[chosen] == 4).float().mean()),
        "kept": float((corrupted[chosen] == ids[chosen]).float().mean()),
    }
    lucky = 0.1 / len(WORDS)  # a random entry is the original, or [MASK], once in V times
    assert fates["mask"] == pytest.approx(0.8 + lucky, abs=4 * (0.16 / m) ** 0.5)
    assert fates["kept"] == pytest.approx(0.1 + lucky, abs=4 * (0.09 / m) ** 0.5)
    assert torch.equal(corrupted[~chosen], ids[~chosen]) and torch.equal(labels[chosen], ids[chosen])
    assert not (chosen & ~choosable).any()


def test_an_unknown_word_is_asked_for_and_special_tokens_are_not() -> None:
    tokenizer = make_tokenizer()
    ids = torch.tensor(tokenizer(["zebra [SEP] zebra [MASK] zebra [PAD]"] * 300)["input_ids"])
    _, labels = objectives.corrupt(tokenizer, ids, (0,))
    assert set(labels[labels != IGNORED].tolist()) == {tokenizer.unk_token_id}


def test_something_is_asked_of_every_batch() -> None:
    tokenizer = make_tokenizer()
    ids = torch.tensor([[2, 10, 3]])
    for seed in range(50):
        corrupted, labels = objectives.corrupt(tokenizer, ids, (seed,))
        assert labels.tolist() == [[IGNORED, 10, IGNORED]]
        assert corrupted[0, 0] == 2 and corrupted[0, 2] == 3


def test_a_batch_depends_on_seed_epoch_and_rows_only(masked: Masked) -> None:
    rows = masked.rows(silent).features
    first = masked.collate(rows[:8], 0)
    torch.manual_seed(99)
    assert all(torch.equal(value, masked.collate(rows[:8], 0)[name]) for name, value in first.items())
    assert not torch.equal(first["input_ids"], masked.collate(rows[:8], 1)["input_ids"])
    other = Masked(RunConfig("minilm", "x", task=masked.config.task, seed=4), masked.dataset, masked.tokenizer, 16)
    assert not torch.equal(first["input_ids"], other.collate(rows[:8], 0)["input_ids"])
    assert set(first) == {"input_ids", "attention_mask", "labels"}
    assert first["attention_mask"].sum() == sum(len(row["input_ids"]) for row in rows[:8])


# --- Rows --------------------------------------------------------------------------------------------------------------


def test_rows_are_blocks_of_the_documents(masked: Masked) -> None:
    rows = masked.rows(silent)
    texts = list(masked.dataset.splits["train"]["text"])
    assert rows.lengths == [16, 16, 4] * len(texts)
    assert [row["row"] for row in rows.features] == list(range(len(rows.features)))
    ids = [token for row in rows.features[:3] for token in row["input_ids"][1:-1].tolist()]
    assert ids == masked.tokenizer(texts[0], add_special_tokens=False)["input_ids"]
    some = masked.rows(silent, np.array([1, 4, 5]))
    assert some.features[0]["input_ids"].tolist() == rows.features[3]["input_ids"].tolist()
    assert len(some.features) == 9 and not rows.cut.any()


def test_blocks_with_nothing_to_mask_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(["[SEP]", "[MASK]", *documents(20)]), encoding="utf-8")
    dataset = data.load(str(path), task="masked-language-modelling", allow_path=True)
    config = RunConfig("minilm", str(path), task="masked-language-modelling", batch_size=2)
    goal = Masked(config, dataset, make_tokenizer(), 16)
    assert min(goal.rows(silent).lengths) > 3


def test_less_than_a_batch_says_so(masked: Masked) -> None:
    with pytest.raises(UserError, match="the text fills 3 blocks of at most 16 tokens, fewer than one batch of 8"):
        masked.rows(silent, np.array([0]))


def test_reading_rows_and_measuring_can_be_cancelled(masked: Masked, bert: PreTrainedModel) -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        masked.rows(stop)
    with pytest.raises(Cancelled):
        masked.measure(bert.train(), "test", stop, live=True)
    assert bert.training, "it is put back as it was"


# --- Loss --------------------------------------------------------------------------------------------------------------


def test_the_loss_is_that_of_transformers_own_model(model: PreTrainedModel, masked: Masked) -> None:
    batch = masked.collate(masked.rows(silent).features[:8], 0)
    expected = model(**batch).loss
    expected.backward()
    gradients = {name: value.grad.clone() for name, value in model.named_parameters() if value.grad is not None}
    model.zero_grad()
    found = masked.loss(model, batch)
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    found.backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) == (name in gradients), name
        if parameter.grad is not None:
            assert torch.allclose(parameter.grad, gradients[name], atol=1e-6), name


def test_the_loss_goes_through_lora(bert: PreTrainedModel, masked: Masked) -> None:
    batch = masked.collate(masked.rows(silent).features[:8], 0)
    plain = masked.loss(bert, batch)
    adapted = peft.get_peft_model(bert, peft.LoraConfig(target_modules=["query"]))
    assert float(masked.loss(adapted, batch).detach()) == pytest.approx(float(plain.detach()), rel=1e-6)


def test_a_classifiers_loss_is_transformers_own() -> None:
    torch.manual_seed(0)
    model = BertForSequenceClassification(make_config(num_labels=3)).eval()
    dataset = data.load("article-example")
    goal = Classification(RunConfig("minilm", "article-example"), dataset, make_tokenizer(), 16)
    rows = goal.rows(silent)
    batch = goal.collate(rows.features, 0)
    with torch.no_grad():
        logits, expected = model(**batch).logits, float(model(**batch).loss)
        assert float(goal.loss(model, batch)) == pytest.approx(expected, rel=1e-6)
        weights = torch.tensor([1.0, 2.0, 3.0])
        weighted = functional.cross_entropy(logits, batch["labels"], weight=weights)
        assert float(goal.loss(model, batch, weights)) == pytest.approx(float(weighted), rel=1e-6)


# --- Measuring ---------------------------------------------------------------------------------------------------------


def test_measuring_agrees_with_the_whole_models_logits(model: PreTrainedModel, masked: Masked) -> None:
    measured = masked.measure(model, "test", silent, live=False)
    assert measured is not None
    found = measured.evaluation
    assert isinstance(found, MaskedEvaluation)
    blocks = masked._to_measure("test", 10**9)
    assert found.blocks == len(blocks) == 18
    order = sorted(blocks, key=lambda block: -len(block))
    ids, attention = masked.padded(order)
    corrupted, labels = objectives.corrupt(masked.tokenizer, ids, (0,))
    with torch.no_grad():
        logits = model(input_ids=corrupted, attention_mask=attention).logits[labels != IGNORED]
    true = labels[labels != IGNORED]
    assert found.n == len(true)
    assert found.loss == pytest.approx(float(functional.cross_entropy(logits, true)), rel=1e-5)
    best = logits.topk(5).indices
    assert found.top1.value == pytest.approx(float((best[:, 0] == true).float().mean()))
    assert found.top5.value == pytest.approx(float((best == true[:, None]).any(1).float().mean()))
    assert found.vocabulary == len(WORDS)
    assert measured.values["uniform_loss"] == pytest.approx(log(len(WORDS)))
    assert measured.values["perplexity"] == pytest.approx(exp(found.loss))
    again = masked.measure(model, "test", silent, live=False)
    assert again == measured, "the masks are always the same"


def test_a_model_that_knows_nothing_has_the_uniform_loss(bert: PreTrainedModel, masked: Masked) -> None:
    with torch.no_grad():
        for parameter in bert.parameters():
            parameter.zero_()
    measured = masked.measure(bert, "validation", silent, live=True)
    assert measured is not None and isinstance(measured.evaluation, MaskedEvaluation)
    assert measured.evaluation.loss == pytest.approx(measured.evaluation.uniform_loss, rel=1e-6)
    assert measured.evaluation.perplexity == pytest.approx(len(WORDS), rel=1e-6)
    assert masked.started(bert) == {"uniform_loss": log(len(WORDS))}


def test_a_live_measurement_reads_a_beginning(masked: Masked, bert: PreTrainedModel) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objectives, "LIVE_TOKENS", 40)
        measured = masked.measure(bert, "test", silent, live=True)
    assert measured is not None and isinstance(measured.evaluation, MaskedEvaluation)
    assert measured.evaluation.blocks == 4, "16 + 16 + 4 are fewer than 40, the next block fills them"


def test_answers_that_are_no_numbers_say_so(masked: Masked, bert: PreTrainedModel) -> None:
    with torch.no_grad():
        bert.bert.embeddings.LayerNorm.bias.fill_(float("nan"))
    with pytest.raises(UserError, match="not numbers"):
        masked.measure(bert, "test", silent, live=True)


def test_probes_speak_the_language_of_the_texts(tmp_path: Path, bert: PreTrainedModel, masked: Masked) -> None:
    assert masked.probes() == objectives.PROBES["en"]
    path = tmp_path / "zh.txt"
    path.write_text("\n\n".join("我爱电影好" * (i + 1) for i in range(20)), encoding="utf-8")
    dataset = data.load(str(path), task="masked-language-modelling", allow_path=True)
    chinese = Masked(masked.config, dataset, make_tokenizer(), 16)
    assert chinese.probes() == objectives.PROBES["zh"]
    measured = chinese.measure(bert, "test", silent, live=True)
    assert measured is not None
    probes = measured.values["probes"]
    assert isinstance(probes, list) and [probe["text"] for probe in probes] == list(objectives.PROBES["zh"])
    for probe in probes:
        probabilities = [one["probability"] for one in probe["top"]]
        assert len(probabilities) == 3 and probabilities == sorted(probabilities, reverse=True)
        assert all(one["token"] in WORDS for one in probe["top"])
    tokenizer = make_tokenizer()
    inputs = tokenizer(objectives.PROBES["zh"][0], return_tensors="pt")
    with torch.no_grad():
        logits = bert(**inputs).logits[inputs["input_ids"] == tokenizer.mask_token_id]
    assert probes[0]["top"][0]["probability"] == pytest.approx(float(logits.softmax(-1).max()), rel=1e-5)


@pytest.mark.parametrize("texts", objectives.PROBES.values())
def test_every_probe_has_one_mask(texts: tuple[str, ...]) -> None:
    assert len(texts) == 3 and all(text.count("[MASK]") == 1 for text in texts)


@pytest.mark.parametrize("task", ["text-classification", "next-sentence-prediction"])
@pytest.mark.parametrize("kind", [BertForMaskedLM, BertModel], ids=["without pooler", "with pooler"])
def test_a_new_head_depends_on_the_seed_only_whoever_draws_meanwhile(
    kind: type, task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind(make_config()).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    config = RunConfig(str(tmp_path), "", task=task, seed=3)
    alone = objectives.fresh_model(config, ("a", "b")).state_dict()

    def interrupted(function: Callable[..., object]) -> Callable[..., object]:
        def call(*values: object, **options: object) -> object:
            torch.rand(7)  # as another session's dropout, in a thread of its own, would
            return function(*values, **options)

        return call

    monkeypatch.setattr(models, "_load_and_tell", interrupted(models._load_and_tell))
    monkeypatch.setattr(nn.init, "normal_", interrupted(nn.init.normal_))
    beside = objectives.fresh_model(config, ("a", "b")).state_dict()
    assert all(torch.equal(alone[name], beside[name]) for name in alone)
    other = objectives.fresh_model(replace(config, seed=4), ("a", "b")).state_dict()
    assert any(not torch.equal(alone[name], other[name]) for name in alone)


def test_lower_loss_is_better_and_reports_stand_apart(masked: Masked, bert: PreTrainedModel) -> None:
    measured = masked.measure(bert, "test", silent, live=True)
    assert measured is not None
    found = measured.evaluation
    assert isinstance(found, MaskedEvaluation)
    assert masked.rank(found) == (-found.loss,)
    reported: Mapping[str, object] = masked.reported({"test": found, "validation": None, "baseline": found})
    assert reported == {
        "test": None,
        "validation": None,
        "baseline": None,
        "masked": {"test": found, "baseline": found},
    }
