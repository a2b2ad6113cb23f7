"""Runs of the tasks of pre-training: they learn, survive interruption exactly, and leave models that others can load."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForNextSentencePrediction,
    AutoTokenizer,
    BertForNextSentencePrediction,
    BertModel,
    pipeline,
)

from core import models, predict
from core.errors import UserError
from core.finetune import estimate, methods, recipe, savings, setup, train, trainer
from core.results import RunConfig, RunReport
from core.tasks import masked
from core.tasks.base import read_detail
from core.tasks.class_scores import Classes
from core.tasks.masked import MaskedLanguageModelling, Masks
from core.tasks.table import TASKS
from tests.conftest import WORDS, make_config, make_tokenizer
from tests.families import MASKED as FAMILIES
from tests.training import Listener, fresh, rows_of, run, silent, tear

pytestmark = pytest.mark.training
MLM, NSP = "masked-language-modelling", "next-sentence-prediction"


def sentences(count: int, seed: int = 0) -> list[str]:
    """Sentences in which what is masked can be told from the rest."""
    random = np.random.default_rng(seed)
    forms = (
        "the film was very {} !",
        "i love eating {} and drinking coffee .",
        "i hate the {} plot , not the acting .",
    )
    fillings = (("good", "great"), ("pizza", "pizza"), ("bad", "boring"))
    found = []
    for _ in range(count):
        kind = int(random.integers(3))
        found.append(forms[kind].format(fillings[kind][int(random.integers(2))]))
    return found


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A text file of 60 documents of four sentences each, no two the same."""
    path = tmp_path / "text.txt"
    every = sentences(240)
    path.write_text(
        "\n\n".join(f"{' '.join(every[4 * i : 4 * i + 4])} {'a ' * (i % 7)}{WORDS[5 + i % 30]}" for i in range(60)),
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def masked_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("masked-bert")
    torch.manual_seed(0)
    FAMILIES["bert"]().save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def config(masked_bert: Path, text: Path) -> RunConfig:
    return RunConfig(
        model=str(masked_bert),
        data=str(text),
        task=MLM,
        batch_size=8,
        epochs=2,
        learning_rate=3e-3,
        max_length=32,
        evaluations=2,
    )


def state(folder: Path) -> dict[str, torch.Tensor]:
    return dict(models.load(str(folder), "mlm", allow_path=True).state_dict())


def loss(report: RunReport, name: str) -> float:
    return report.evaluations[name].metrics["loss"].value


def same(first: Path, second: Path) -> bool:
    one, other = state(first), state(second)
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# --- Masked language modelling -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", recipe.METHODS)
def test_every_method_learns_and_moves_what_it_should(
    method: str, config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "SECONDS_PER_STEP_EVENT", 0)
    config = replace(config, method=method, frozen_layers=int(method == "frozen"), epochs=5, learning_rate=5e-3)
    listener = Listener()
    report = run(config, tmp_path / "run", listener)
    losses = [float(str(event.values["loss"])) for event in listener.of("step")]
    assert len(losses) == report.steps and np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.1
    assert loss(report, "test") < loss(report, "baseline") - 0.1
    start = fresh(config, ()).state_dict()
    for name, after in state(tmp_path / "run").items():
        if "key.bias" in name or "position_embeddings" in name:
            continue
        group = methods.group_of(name, "bert")
        tied = "decoder.weight" in name or "word_embeddings" in name
        moves = {
            "full": True,
            "frozen": not tied and group in ("layer 2", "head"),
            "head": not tied and group == "head",
            "lora": name.endswith(("query.weight", "value.weight")) or "transform" in name,
        }[method]
        assert torch.equal(after, start[name]) != moves, name
    movement = {row.group: row for row in report.movement}
    assert list(movement) == ["embeddings", "layer 1", "layer 2", "head"]
    assert movement["head"].changed > 0


def test_the_decoder_stays_tied_and_plain_transformers_loads_the_result(config: RunConfig, tmp_path: Path) -> None:
    run(config, tmp_path / "run")
    model, told = AutoModelForMaskedLM.from_pretrained(tmp_path / "run" / "model", output_loading_info=True)
    assert not told["missing_keys"] and not told["unexpected_keys"]
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    assert model.config.hidden_dropout_prob == 0.1 and model.config.architectures == ["BertForMaskedLM"]
    assert not any(isinstance(part, savings.FastDropout | savings.SeenEmbedding) for part in model.modules())
    guesses = pipeline("fill-mask", str(tmp_path / "run" / "model"))("the film was very [MASK] !")
    assert len(guesses) == 5
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "run" / "model")
    assert tokenizer("the film")["input_ids"] == make_tokenizer()("the film")["input_ids"]


@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_be_pre_trained(family: str, method: str, config: RunConfig, tmp_path: Path) -> None:
    torch.manual_seed(1)
    FAMILIES[family]().save_pretrained(tmp_path / "base")
    tokenizer = make_tokenizer()
    if family in ("distilbert", "roberta"):
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
    tokenizer.save_pretrained(tmp_path / "base")
    report = run(replace(config, model=str(tmp_path / "base"), method=method, epochs=1), tmp_path / "run")
    model = models.load(str(tmp_path / "run"), "mlm", allow_path=True)
    decoder, words = model.get_output_embeddings(), model.get_input_embeddings()
    assert decoder is not None and decoder.weight is words.weight
    groups = {row.group: row for row in report.movement}
    assert "head" in groups and groups["head"].changed > 0
    assert (groups["embeddings"].changed > 0) == (method == "full")


def test_the_report_says_what_the_objective_measures(config: RunConfig, tmp_path: Path) -> None:
    report = run(config, tmp_path / "run")
    assert list(report.evaluations) == ["test", "validation", "baseline"] and report.cut_share == 0
    tokenizer = models.load_tokenizer(config.model, allow_path=True)
    dataset = rows_of(config)
    goal = MaskedLanguageModelling(tokenizer, (), 32, batch_size=8)
    model = models.load(str(tmp_path / "run"), "mlm", allow_path=True)
    for split in ("test", "validation"):
        measured = goal.measure(model, dataset, split, silent, live=False)
        assert measured is not None
        assert measured.metrics["loss"].value == pytest.approx(loss(report, split), abs=1e-5)
        assert measured.n == report.evaluations[split].n
    adapter = TypeAdapter(RunReport)
    assert adapter.validate_json(adapter.dump_json(report)) == report


def test_before_and_after_are_measured_on_the_same_tokens(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that hardly moves answers as before, also where less is measured while it trains."""
    monkeypatch.setattr(masked, "LIVE_TOKENS", 64)
    report = run(replace(config, learning_rate=1e-7, epochs=1), tmp_path / "run")
    assert report.evaluations["baseline"].n == report.evaluations["test"].n
    assert loss(report, "baseline") == pytest.approx(loss(report, "test"), abs=1e-4)


def test_class_weights_need_labels(config: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the task 'masked-language-modelling' knows no class weights"):
        setup.check(replace(config, class_weights=True))


def test_events(config: RunConfig, tmp_path: Path) -> None:
    listener = Listener()
    report = run(config, tmp_path / "run", listener)
    stages = [event.values["stage"] for event in listener.of("stage")]
    assert stages == ["loading", "baseline", "training", "saving", "evaluating"]
    assert listener.of("start")[0].values == {"resumed": False, "uniform_loss": pytest.approx(np.log(len(WORDS)))}
    evaluations = listener.of("evaluation")
    assert evaluations[0].step == 0 and len(evaluations) == 5
    for event in evaluations:
        assert set(event.values) == {
            "accuracy", "top5", "loss", "perplexity", "n", "seconds", "samples",
        }  # fmt: skip
    assert len({event.values["n"] for event in evaluations}) == 1
    losses = {event.step: float(str(event.values["loss"])) for event in evaluations}
    assert report.best_step == min(list(losses)[1:], key=losses.__getitem__), (
        "the best state is that of the lowest loss"
    )
    step = listener.of("step")[-1]
    assert set(step.values) == {"loss", "learning_rate", "examples_per_second", "tokens_per_second", "eta_seconds"}
    assert step.step == step.total_steps == report.steps


@pytest.mark.parametrize(("method", "after"), [("full", 4), ("full", 9), ("lora", 4)])
def test_a_resumed_run_ends_where_an_uninterrupted_one_does(
    method: str, after: int, config: RunConfig, tmp_path: Path
) -> None:
    config = replace(config, method=method, epochs=2.5)
    expected = run(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "torn", Listener(tear(after)))
    torch.manual_seed(999)
    again = Listener()
    report = run(config, tmp_path / "torn", again)
    assert again.of("start")[0].step >= after and not [
        event for event in again.events if event.kind == "evaluation" and not event.step
    ]
    assert same(tmp_path / "whole", tmp_path / "torn")
    assert report.evaluations == expected.evaluations and report.best_step == expected.best_step


def test_cancelling_before_training_and_during_it(config: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(train.Stopped) as caught:
        run(config, tmp_path / "early", Listener(lambda event: event.values.get("stage") == "baseline"))
    assert caught.value.report is None
    with pytest.raises(train.Stopped) as caught:
        run(config, tmp_path / "late", Listener(lambda event: event.kind == "checkpoint"))
    assert caught.value.report is not None and list(caught.value.report.evaluations) == ["validation", "baseline"]
    models.load(str(tmp_path / "late"), "mlm", allow_path=True)


def test_the_result_is_where_fine_tuning_can_start(config: RunConfig, tmp_path: Path) -> None:
    run(replace(config, epochs=1), tmp_path / "run")
    with (tmp_path / "films.csv").open("w", newline="", encoding="utf-8") as file:
        rows = [(f"the film was {word} {'! ' * i}", word) for word in ("good", "bad") for i in range(20)]
        csv.writer(file).writerows([("text", "label"), *rows])
    tuned = RunConfig(str(tmp_path / "run" / "model"), str(tmp_path / "films.csv"), epochs=1, batch_size=8)
    assert "test" in run(tuned, tmp_path / "tuned").evaluations
    words = "bert.embeddings.word_embeddings.weight"
    start = fresh(tuned, ("bad", "good")).state_dict()
    assert torch.equal(start[words], state(tmp_path / "run")[words])
    with pytest.raises(UserError, match="fills in masked words"):
        predict.load(str(tmp_path / "run"), tuned.task, allow_path=True)


# --- From scratch ------------------------------------------------------------------------------------------------------


@pytest.fixture
def scratch(config: RunConfig, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    monkeypatch.setattr(masked, "SCRATCH_VOCABULARY", 320)
    return replace(config, model=models.SCRATCH, epochs=3)


def test_a_model_from_scratch_has_its_own_vocabulary_and_learns(scratch: RunConfig, tmp_path: Path) -> None:
    listener = Listener()
    report = run(scratch, tmp_path / "run", listener)
    stages = [event.values["stage"] for event in listener.of("stage")]
    assert stages[:3] == ["loading", "vocabulary", "baseline"]
    model = AutoModelForMaskedLM.from_pretrained(tmp_path / "run" / "model")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "run" / "model")
    assert model.config.vocab_size == len(tokenizer) <= 320
    assert (model.config.num_hidden_layers, model.config.hidden_size) == (2, 128)
    assert tokenizer.tokenize("the film was") == ["the", "film", "was"]
    uniform = read_detail(Masks, report.evaluations["baseline"]).uniform_loss
    assert loss(report, "baseline") == pytest.approx(uniform, abs=0.3)
    assert loss(report, "test") < loss(report, "baseline") - 1


def test_a_model_from_scratch_is_resumed_with_the_same_start(scratch: RunConfig, tmp_path: Path) -> None:
    run(scratch, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(scratch, tmp_path / "torn", Listener(tear(4)))
    listener = Listener()
    run(scratch, tmp_path / "torn", listener)
    assert "vocabulary" not in [event.values["stage"] for event in listener.of("stage")]
    assert same(tmp_path / "whole", tmp_path / "torn")


def test_cancelling_while_the_vocabulary_is_learnt(scratch: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(train.Stopped) as caught:
        run(scratch, tmp_path / "run", Listener(lambda event: event.values.get("stage") == "vocabulary"))
    assert caught.value.report is None
    assert not (tmp_path / "run" / "checkpoints" / "start").exists()
    run(replace(scratch, epochs=0.2), tmp_path / "run")


def test_only_masks_teach_a_model_from_scratch(tmp_path: Path) -> None:
    for task in TASKS:
        config = RunConfig(models.SCRATCH, "rotten_tomatoes", task=task)
        if task == MLM:
            setup.check(config)
            continue
        with pytest.raises(UserError, match="from scratch knows nothing yet"):
            setup.check(config)


# --- Next sentence prediction ------------------------------------------------------------------------------------------


def test_next_sentences_are_a_run_of_pairs(config: RunConfig, masked_bert: Path, tmp_path: Path) -> None:
    config = replace(config, task=NSP, epochs=1)
    listener = Listener()
    report = run(config, tmp_path / "run", listener)
    assert read_detail(Classes, report.evaluations["test"]).labels == ("next", "not next")
    assert set(listener.of("evaluation")[0].values) == {
        "accuracy",
        "macro_f1",
        "loss",
        "ece",
        "n",
        "seconds",
        "samples",
    }
    assert listener.of("start")[0].values == {"resumed": False}
    assert {row.group for row in report.movement} == {"embeddings", "layer 1", "layer 2", "pooler", "classifier"}
    plain, told = AutoModelForNextSentencePrediction.from_pretrained(
        tmp_path / "run" / "model", output_loading_info=True
    )
    assert not told["missing_keys"]
    ours = models.load(str(tmp_path / "run"), "nsp", allow_path=True).state_dict()
    assert all(torch.equal(value, ours[name]) for name, value in plain.state_dict().items())
    predictor = predict.load(str(tmp_path / "run"), allow_path=True)
    assert predictor.labels == ("next", "not next")
    dataset = rows_of(config)
    assert predict.evaluate(predictor, dataset).metrics["accuracy"] == report.evaluations["test"].metrics["accuracy"]


def test_a_head_for_next_sentences_is_kept_and_a_missing_one_made(config: RunConfig, tmp_path: Path) -> None:
    torch.manual_seed(0)
    BertForNextSentencePrediction(make_config()).save_pretrained(tmp_path / "nsp")
    make_tokenizer().save_pretrained(tmp_path / "nsp")
    labels = ("next", "not next")
    config = replace(config, task=NSP)
    kept = fresh(replace(config, model=str(tmp_path / "nsp")), labels)
    before = BertForNextSentencePrediction.from_pretrained(tmp_path / "nsp").state_dict()
    assert all(torch.equal(value, before[name]) for name, value in kept.state_dict().items())
    one, again = (fresh(config, labels).state_dict() for _ in range(2))
    other = fresh(replace(config, seed=1), labels).state_dict()
    head = "cls.seq_relationship.weight"
    assert torch.equal(one[head], again[head]) and not torch.equal(one[head], other[head])
    FAMILIES["distilbert"]().save_pretrained(tmp_path / "distilbert")
    make_tokenizer().save_pretrained(tmp_path / "distilbert")
    with pytest.raises(UserError, match="no head for next sentence prediction"):
        fresh(replace(config, model=str(tmp_path / "distilbert")), labels)


@pytest.mark.parametrize("method", ["full", "head", "lora"])
def test_next_sentences_by_every_method_and_resumed(method: str, config: RunConfig, tmp_path: Path) -> None:
    config = replace(config, task=NSP, method=method, epochs=1)
    run(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "torn", Listener(tear(4)))
    run(config, tmp_path / "torn")
    one, other = (models.load(str(tmp_path / name), "nsp", allow_path=True).state_dict() for name in ("whole", "torn"))
    assert all(torch.equal(value, other[name]) for name, value in one.items())


# --- What cannot be used -----------------------------------------------------------------------------------------------


def failing(config: RunConfig, folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        run(config, folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "task", "expected"),
    [
        (b"", MLM, "text.txt is empty"),
        (b" \n\n \n", MLM, "text.txt is empty"),
        (bytes(range(256)) * 20, MLM, "text.txt is not plain text"),
        (b"%PDF-1.7 " + bytes(500), MLM, "text.txt is damaged, or no PDF that can be read"),
        (b"the film was good .", MLM, "fewer than one batch of 8"),
        (b"the film was good . i love it .", NSP, "no pairs of neighbouring sentences can be made of 1 documents"),
        (b"one\n\ntwo\n\nthree", NSP, "no pairs of neighbouring sentences"),
    ],
)
def test_a_text_that_cannot_be_learnt_from(
    content: bytes, task: str, expected: str, config: RunConfig, text: Path, tmp_path: Path
) -> None:
    text.write_bytes(content)
    assert expected in failing(replace(config, task=task), tmp_path / "run")


def test_a_model_without_the_head_says_so(config: RunConfig, tmp_path: Path) -> None:
    BertModel(make_config()).save_pretrained(tmp_path / "bare")
    make_tokenizer().save_pretrained(tmp_path / "bare")
    message = failing(replace(config, model=str(tmp_path / "bare")), tmp_path / "run")
    assert "no head for masked language modelling; minilm" in message


# --- Estimates and advice ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["base", "scratch"])
def test_the_estimate_counts_blocks(model: str, config: RunConfig, scratch: RunConfig, tmp_path: Path) -> None:
    config = config if model == "base" else scratch
    dataset = rows_of(config)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    found = estimate.estimate(config, dataset)
    assert torch.equal(torch.rand(3), expected)
    report = run(config, tmp_path / "run")
    assert found.steps == report.steps and found.seconds > 0 and found.measured_steps == 3


@pytest.mark.parametrize("task", [MLM, NSP])
@pytest.mark.parametrize("model", ["minilm", "scratch"])
def test_the_advice_is_usable(task: str, model: str) -> None:
    if (task, model) != (NSP, "scratch"):
        setup.check(RunConfig(model, "imdb", task=task, **setup.advised(task, model)))
