"""core.tasks.masked: what is masked, learnt and measured, against transformers' own models and collator and by hand."""

from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
import peft
import pytest
import torch
from torch.nn import functional
from transformers import DataCollatorForLanguageModeling, PreTrainedModel

from core import metrics, predict
from core.data.dataset import TextDataset
from core.data.load import load
from core.errors import Cancelled, UserError
from core.pretraining import IGNORED
from core.tasks import masked
from core.tasks.base import read_detail
from core.tasks.masked import MASKED, Filled, MaskedLanguageModelling, Masks
from tests.conftest import WORDS, make_tokenizer
from tests.families import MASKED as FAMILIES
from tests.training import silent


def documents(count: int = 60, words: int = 30) -> list[str]:
    random = np.random.default_rng(0)
    whole = [word for word in WORDS[5:] if not word.startswith("##")]
    return [" ".join(random.choice(whole, words)) for _ in range(count)]


@pytest.fixture
def dataset(tmp_path: Path) -> TextDataset:
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(documents()), encoding="utf-8")
    return load(str(path), MASKED.layout, allow_path=True)


@pytest.fixture
def goal() -> MaskedLanguageModelling:
    return MaskedLanguageModelling(make_tokenizer(), (), 16, batch_size=8, seed=3)


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


def test_corruption_is_what_transformers_own_collator_draws() -> None:
    tokenizer = make_tokenizer()
    ids = torch.tensor(tokenizer(documents(8), padding=True)["input_ids"])
    corrupted, labels = masked.corrupt(tokenizer, ids, (1, 2, 3))
    collator = DataCollatorForLanguageModeling(tokenizer)
    state = int(np.random.SeedSequence([1, 2, 3]).generate_state(1, np.uint64)[0] >> 1)
    collator.generator = torch.Generator().manual_seed(state)
    special = torch.isin(ids, torch.tensor([0, 2, 3, 4]))
    expected, expected_labels = collator.torch_mask_tokens(ids.clone(), special)
    assert torch.equal(corrupted, expected) and torch.equal(labels, expected_labels)


def test_the_shares_are_those_of_the_paper() -> None:
    tokenizer = make_tokenizer()
    ids = torch.tensor(tokenizer(documents(2000), padding=True)["input_ids"])
    corrupted, labels = masked.corrupt(tokenizer, ids, (0,))
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
    _, labels = masked.corrupt(tokenizer, ids, (0,))
    assert set(labels[labels != IGNORED].tolist()) == {tokenizer.unk_token_id}


def test_something_is_asked_of_every_batch() -> None:
    tokenizer = make_tokenizer()
    ids = torch.tensor([[2, 10, 3]])
    for seed in range(50):
        corrupted, labels = masked.corrupt(tokenizer, ids, (seed,))
        assert labels.tolist() == [[IGNORED, 10, IGNORED]]
        assert corrupted[0, 0] == 2 and corrupted[0, 2] == 3


def test_a_batch_depends_on_seed_epoch_and_rows_only(goal: MaskedLanguageModelling, dataset: TextDataset) -> None:
    rows = goal.rows(dataset, silent).features
    first = goal.collate(rows[:8], 0)
    torch.manual_seed(99)
    assert all(torch.equal(value, goal.collate(rows[:8], 0)[name]) for name, value in first.items())
    assert not torch.equal(first["input_ids"], goal.collate(rows[:8], 1)["input_ids"])
    other = MaskedLanguageModelling(goal.tokenizer, (), 16, batch_size=8, seed=4)
    assert not torch.equal(first["input_ids"], other.collate(rows[:8], 0)["input_ids"])
    assert set(first) == {"input_ids", "attention_mask", "labels"}
    assert first["attention_mask"].sum() == sum(len(row["input_ids"]) for row in rows[:8])


def test_rows_are_blocks_of_the_documents(goal: MaskedLanguageModelling, dataset: TextDataset) -> None:
    rows = goal.rows(dataset, silent)
    texts = list(dataset.splits["train"]["text"])
    assert rows.lengths == [16, 16, 4] * len(texts)
    assert [row["row"] for row in rows.features] == list(range(len(rows.features)))
    ids = [token for row in rows.features[:3] for token in row["input_ids"][1:-1].tolist()]
    assert ids == goal.tokenizer(texts[0], add_special_tokens=False)["input_ids"]
    some = goal.rows(dataset, silent, np.array([1, 4, 5]))
    assert some.features[0]["input_ids"].tolist() == rows.features[3]["input_ids"].tolist()
    assert len(some.features) == 9 and not rows.truncated.any()


def test_blocks_with_nothing_to_mask_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(["[SEP]", "[MASK]", *documents(20)]), encoding="utf-8")
    dataset = load(str(path), MASKED.layout, allow_path=True)
    goal = MaskedLanguageModelling(make_tokenizer(), (), 16, batch_size=2)
    assert min(goal.rows(dataset, silent).lengths) > 3


def test_less_than_a_batch_says_so(goal: MaskedLanguageModelling, dataset: TextDataset) -> None:
    with pytest.raises(UserError, match="the text fills 3 blocks of at most 16 tokens, fewer than one batch of 8"):
        goal.rows(dataset, silent, np.array([0]))


def test_reading_rows_and_measuring_can_be_cancelled(
    goal: MaskedLanguageModelling, dataset: TextDataset, bert: PreTrainedModel
) -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        goal.rows(dataset, stop)
    with pytest.raises(Cancelled):
        goal.measure(bert.train(), dataset, "test", stop, live=True)
    assert bert.training, "it is put back as it was"


def test_the_loss_is_that_of_transformers_own_model(
    model: PreTrainedModel, goal: MaskedLanguageModelling, dataset: TextDataset
) -> None:
    batch = goal.collate(goal.rows(dataset, silent).features[:8], 0)
    expected = model(**batch).loss
    expected.backward()
    gradients = {name: value.grad.clone() for name, value in model.named_parameters() if value.grad is not None}
    model.zero_grad()
    found = goal.loss(model, batch)
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    found.backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) == (name in gradients), name
        if parameter.grad is not None:
            assert torch.allclose(parameter.grad, gradients[name], atol=1e-6), name


def test_the_loss_goes_through_lora(bert: PreTrainedModel, goal: MaskedLanguageModelling, dataset: TextDataset) -> None:
    batch = goal.collate(goal.rows(dataset, silent).features[:8], 0)
    plain = goal.loss(bert, batch)
    adapted = peft.get_peft_model(bert, peft.LoraConfig(target_modules=["query"]))
    assert float(goal.loss(adapted, batch).detach()) == pytest.approx(float(plain.detach()), rel=1e-6)


def test_measuring_agrees_with_the_whole_models_logits(
    model: PreTrainedModel, goal: MaskedLanguageModelling, dataset: TextDataset
) -> None:
    measured = goal.measure(model, dataset, "test", silent, live=False)
    assert measured is not None
    detail = read_detail(Masks, measured)
    blocks = goal._to_measure(dataset, "test", 10**9)
    assert detail.blocks == len(blocks) == 18
    order = sorted(blocks, key=lambda block: -len(block))
    ids, attention = goal.padded(order)
    corrupted, labels = masked.corrupt(goal.tokenizer, ids, (0,))
    with torch.no_grad():
        logits = model(input_ids=corrupted, attention_mask=attention).logits[labels != IGNORED]
    true = labels[labels != IGNORED]
    assert measured.n == len(true)
    loss = measured.metrics["loss"].value
    assert loss == pytest.approx(float(functional.cross_entropy(logits, true)), rel=1e-5)
    best = logits.topk(5).indices
    assert measured.metrics["accuracy"].value == pytest.approx(float((best[:, 0] == true).float().mean()))
    assert measured.metrics["top5"].value == pytest.approx(float((best == true[:, None]).any(1).float().mean()))
    assert detail.vocabulary == len(WORDS)
    assert detail.uniform_loss == pytest.approx(log(len(WORDS)))
    assert measured.metrics["perplexity"].value == pytest.approx(exp(loss))
    again = goal.measure(model, dataset, "test", silent, live=False)
    assert again == measured, "the masks are always the same"


def test_a_model_that_knows_nothing_has_the_uniform_loss(
    bert: PreTrainedModel, goal: MaskedLanguageModelling, dataset: TextDataset
) -> None:
    with torch.no_grad():
        for parameter in bert.parameters():
            parameter.zero_()
    measured = goal.measure(bert, dataset, "validation", silent, live=True)
    assert measured is not None
    assert measured.metrics["loss"].value == pytest.approx(read_detail(Masks, measured).uniform_loss, rel=1e-6)
    assert measured.metrics["perplexity"].value == pytest.approx(len(WORDS), rel=1e-6)
    assert goal.levels(bert) == {"uniform_loss": log(len(WORDS))}


def test_a_live_measurement_reads_a_beginning(
    goal: MaskedLanguageModelling, dataset: TextDataset, bert: PreTrainedModel
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(masked, "LIVE_TOKENS", 40)
        measured = goal.measure(bert, dataset, "test", silent, live=True)
    assert measured is not None
    assert read_detail(Masks, measured).blocks == 4, "16 + 16 + 4 are fewer than 40, the next block fills them"


def test_answers_that_are_no_numbers_say_so(
    goal: MaskedLanguageModelling, dataset: TextDataset, bert: PreTrainedModel
) -> None:
    with torch.no_grad():
        bert.bert.embeddings.LayerNorm.bias.fill_(float("nan"))
    with pytest.raises(UserError, match="not numbers"):
        goal.measure(bert, dataset, "test", silent, live=True)


def test_probes_speak_the_language_of_the_texts(
    tmp_path: Path, bert: PreTrainedModel, goal: MaskedLanguageModelling, dataset: TextDataset
) -> None:
    assert masked._probes(dataset) == masked.PROBES["en"]
    path = tmp_path / "zh.txt"
    path.write_text("\n\n".join("我爱电影好" * (i + 1) for i in range(20)), encoding="utf-8")
    chinese = load(str(path), MASKED.layout, allow_path=True)
    assert masked._probes(chinese) == masked.PROBES["zh"]
    measured = goal.measure(bert, chinese, "test", silent, live=True)
    assert measured is not None
    probes: list[Any] = goal.samples(measured)
    assert [probe["text"] for probe in probes] == list(masked.PROBES["zh"])
    for probe in probes:
        probabilities = [one["probability"] for one in probe["top"]]
        assert len(probabilities) == 3 and probabilities == sorted(probabilities, reverse=True)
        assert all(one["token"] in WORDS for one in probe["top"])
    tokenizer = make_tokenizer()
    inputs = tokenizer(masked.PROBES["zh"][0], return_tensors="pt")
    with torch.no_grad():
        logits = bert(**inputs).logits[inputs["input_ids"] == tokenizer.mask_token_id]
    assert probes[0]["top"][0]["probability"] == pytest.approx(float(logits.softmax(-1).max()), rel=1e-5)


@pytest.mark.parametrize("texts", masked.PROBES.values())
def test_every_probe_has_one_mask(texts: tuple[str, ...]) -> None:
    assert len(texts) == 3 and all(text.count("[MASK]") == 1 for text in texts)


def test_blocks_hold_every_token_once_and_never_two_documents(goal: MaskedLanguageModelling) -> None:
    texts = ["good film", "bad plot and acting " * 10]
    blocks = goal._blocks(texts)
    assert [len(block) for block in blocks] == [4, 16, 16, 14]
    assert all(block[0] == goal.tokenizer.cls_token_id and block[-1] == goal.tokenizer.sep_token_id for block in blocks)
    own = goal.tokenizer(texts[1], add_special_tokens=False)["input_ids"]
    assert [token for block in blocks[1:] for token in block[1:-1]] == own


def test_a_lower_loss_is_better(goal: MaskedLanguageModelling, dataset: TextDataset, bert: PreTrainedModel) -> None:
    measured = goal.measure(bert, dataset, "test", silent, live=True)
    assert measured is not None
    assert metrics.key(measured.metrics, MASKED.best) == (-measured.metrics["loss"].value,)


def test_a_split_that_is_not_there_is_not_measured(
    goal: MaskedLanguageModelling, dataset: TextDataset, bert: PreTrainedModel
) -> None:
    assert goal.measure(bert, dataset, "unseen", silent, live=True) is None


# --- Answering ---------------------------------------------------------------------------------------------------------


def test_every_mask_is_filled_with_the_likeliest_words(bert: PreTrainedModel) -> None:
    tokenizer = make_tokenizer()
    predictor = predict.around("tiny", MASKED, bert, tokenizer, 64)
    text = "the [MASK] was [MASK] ."
    (found,) = predict.predict(predictor, {"text": [text]})
    assert isinstance(found, Filled) and found.text == text and not found.truncated
    inputs = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        likely = bert(**inputs).logits[inputs["input_ids"] == tokenizer.mask_token_id].softmax(-1)
    assert len(found.masks) == 2
    for mask, expected in zip(found.masks, likely, strict=True):
        best = expected.topk(5)
        assert [row.probability for row in mask] == pytest.approx(best.values.tolist(), rel=1e-4)
        assert [row.token for row in mask] == [tokenizer.decode([number]).strip() for number in best.indices.tolist()]
    frame = predictor.goal.frame((found,))
    assert list(frame) == ["text", "fill"] and frame["fill"][0].count(" | ") == 1


def test_a_mask_beyond_the_end_is_left_out_and_a_text_without_one_refused(bert: PreTrainedModel) -> None:
    predictor = predict.around("tiny", MASKED, bert, make_tokenizer(), 16)
    (found,) = predict.predict(predictor, {"text": ["a [MASK] film " + "good " * 20 + "[MASK]"]})
    assert isinstance(found, Filled) and len(found.masks) == 1 and found.truncated
    with pytest.raises(UserError, match=r"no \[MASK\] in “a good film”"):
        predict.predict(predictor, {"text": ["a [MASK] film", "a good film"]})
