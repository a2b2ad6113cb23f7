"""Training: it learns, moves what it should and nothing else, survives interruption exactly, and leaves a usable model."""

import csv
import errno
import math
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import (
    AlbertModel,
    BertForMaskedLM,
    BertModel,
    DistilBertModel,
    ElectraModel,
    PreTrainedModel,
    RobertaModel,
    pipeline,
)

from core import models, predict
from core.data import alike, fit
from core.errors import UserError
from core.finetune import checkpoints, estimate, machine, methods, recipe, savings, setup, train, trainer
from core.finetune.checkpoints import newest_checkpoint
from core.finetune.trainer import Trainer
from core.metrics import METRICS
from core.results import Event, RunConfig
from core.tasks import classify
from core.tasks.base import read_detail
from core.tasks.class_scores import Classes
from core.tasks.table import TASKS
from tests.conftest import WORDS, make_config, make_tokenizer
from tests.families import tiny_config
from tests.training import Listener, best_by_loss, fresh, rows_of, run, tear

pytestmark = pytest.mark.training
ENDINGS = ("", ".", "!", ", i love the plot", "and the acting", "!!", ". not boring", ", very", "i hate the plot")


def rows() -> list[tuple[str, str]]:
    """63 short texts whose label is plain from one word."""
    words = {"good": "praise", "great": "praise", "love": "praise", "bad": "blame", "awful": "blame", "hate": "blame"}
    texts = [(f"the film was {word} {ending}", label) for word, label in words.items() for ending in ENDINGS]
    return [
        *texts,
        *((f"i {word} {ending} acting", words[word]) for word in ("love", "hate", "bad") for ending in ENDINGS[:3]),
    ]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "films.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows()])
    return path


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads only wait for each other in models this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def telling_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model whose weights are large enough for the words to make a difference."""
    folder = tmp_path_factory.mktemp("telling-bert")
    torch.manual_seed(0)
    BertModel(make_config(initializer_range=0.2)).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def config(telling_bert: Path, table: Path) -> RunConfig:
    return RunConfig(
        model=str(telling_bert),
        data=str(table),
        batch_size=8,
        epochs=2,
        learning_rate=2e-3,
        max_length=32,
        evaluations=2,
    )


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return models.load(str(folder), "classifier", allow_path=True).state_dict()


def labels_of(config: RunConfig) -> tuple[str, ...]:
    return rows_of(config).label_names


# --- It learns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", recipe.METHODS)
def test_every_method_learns_and_moves_what_it_should(
    method: str, config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "SECONDS_PER_STEP_EVENT", 0)
    config = replace(config, method=method, frozen_layers=1 if method == "frozen" else 0, epochs=6, learning_rate=1e-2)
    listener = Listener()
    report = run(config, tmp_path / "run", listener)
    losses = [float(str(event.values["loss"])) for event in listener.of("step")]
    third = len(losses) // 3
    assert len(losses) == report.steps
    assert np.mean(losses[-third:]) < np.mean(losses[:third]) - 0.05
    start = fresh(config, labels_of(config)).state_dict()
    for name, after in weights(tmp_path / "run").items():
        group = methods.group_of(name, "bert")
        if "word_embeddings" in name and method == "full":
            moved = (after != start[name]).any(dim=1)
            assert 5 < moved.sum() < len(WORDS), "the words of the texts move, the others do not"
            continue
        if "position_embeddings" in name and method == "full":
            assert not torch.equal(after[:5], start[name][:5])
            continue
        should = {
            "full": True,
            "frozen": group in ("layer 2", "pooler", "classifier"),
            "head": group in ("pooler", "classifier"),
            "lora": group == "classifier" or name.endswith(("query.weight", "value.weight")),
        }[method]
        # the keys' biases shift all scores of a row alike, so their gradient is 0 but for rounding
        if should and "key.bias" in name:
            continue
        assert torch.equal(after, start[name]) != should, name
    movement = {row.group: row for row in report.movement}
    assert list(movement) == ["embeddings", "layer 1", "layer 2", "pooler", "classifier"]
    assert sum(row.parameters for row in report.movement) == sum(value.numel() for value in start.values())
    assert (movement["embeddings"].changed > 0) == (method == "full")
    assert movement["classifier"].relative > 0


def test_movement_is_the_relative_distance_from_the_start(config: RunConfig) -> None:
    model = fresh(config, ("a", "b"))
    size = float(model.classifier.weight.detach().double().norm())
    with torch.no_grad():
        model.classifier.weight[0] += 3.0
        model.classifier.weight[1, :4] += 2.0
    found = {row.group: row for row in methods.movement(fresh(config, ("a", "b")), model)}
    assert found["classifier"].relative == pytest.approx(math.sqrt(32 * 9 + 4 * 4) / size, rel=1e-5)
    assert found["classifier"].changed == 36 / 66
    assert found["layer 1"].relative == 0 == found["layer 1"].changed


def test_the_report_says_what_prediction_measures(config: RunConfig, tmp_path: Path) -> None:
    report = run(config, tmp_path / "run")
    predictor = predict.load(str(tmp_path / "run"), allow_path=True)
    dataset = rows_of(config)
    assert list(report.evaluations) == ["test", "validation", "baseline", "tfidf"]
    for split in ("test", "validation"):
        said, found = report.evaluations[split], predict.evaluate(predictor, dataset, split)
        assert [found.metrics[name] for name in ("accuracy", "macro_f1")] == [
            said.metrics[name] for name in ("accuracy", "macro_f1")
        ]
        assert read_detail(Classes, found).confusion == read_detail(Classes, said).confusion
        assert found.metrics["loss"].value == pytest.approx(said.metrics["loss"].value, abs=1e-5)
    start = fresh(config, dataset.label_names)
    columns = {"text": list(dataset.splits["test"]["text"])}
    probs = classify.probabilities(start, models.load_tokenizer(config.model, allow_path=True), columns, 32)
    assert report.evaluations["baseline"].metrics["accuracy"].value == np.mean(
        probs.argmax(1) == np.array(dataset.splits["test"]["label"])
    )
    assert report.steps == math.ceil(len(dataset.splits["train"]) / 8) * 2
    assert report.examples_per_second == pytest.approx(len(dataset.splits["train"]) * 2 / report.seconds)
    assert report.cut_share == 0
    assert 100 < report.peak_memory_mb < 100_000
    assert report.data == replace(dataset.report, notes=alike.notes(dataset)), "its few words make nearly the same rows"
    assert {"torch", "transformers", "threads", "precision", "device"} <= set(report.environment)


def test_a_pipeline_loads_the_result(config: RunConfig, tmp_path: Path, tiny_bert: Path) -> None:
    run(replace(config, epochs=12, learning_rate=5e-3), tmp_path / "run")
    classify = pipeline("text-classification", str(tmp_path / "run" / "model"))
    assert classify("the film was great , i love the plot")[0]["label"] == "praise"
    assert classify("the film was awful . i hate the plot")[0]["label"] == "blame"
    saved = models.load_config(str(tmp_path / "run"), allow_path=True)
    assert saved.attention_probs_dropout_prob == saved.hidden_dropout_prob == 0.1
    assert saved.id2label == {0: "blame", 1: "praise"}
    assert not any(isinstance(part, savings.FastDropout | savings.SeenEmbedding) for part in classify.model.modules())
    assert not list((tmp_path / "run").glob("**/*.partial"))
    assert not list((tmp_path / "run" / "model").glob("*.bin")), "safetensors only"


def test_texts_longer_than_max_length_are_counted(config: RunConfig, tmp_path: Path) -> None:
    dataset = rows_of(config)
    tokenizer = models.load_tokenizer(config.model, allow_path=True)
    lengths = fit.measure({"text": list(dataset.splits["train"]["text"])}, tokenizer).lengths
    report = run(replace(config, max_length=8, epochs=0.1), tmp_path / "run")
    assert report.cut_share == pytest.approx(float(np.mean(lengths > 8)))
    assert 0 < report.cut_share < 1


# --- Families ----------------------------------------------------------------------------------------------------------


FAMILIES: dict[str, Callable[[], PreTrainedModel]] = {
    "bert": lambda: BertModel(make_config()),
    "distilbert": lambda: DistilBertModel(tiny_config("distilbert")),
    "roberta": lambda: RobertaModel(tiny_config("roberta", positions=66, type_vocab_size=2, pad_token_id=0)),
    "albert": lambda: AlbertModel(tiny_config("albert")),
    "electra": lambda: ElectraModel(tiny_config("electra")),
}


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    torch.manual_seed(1)
    FAMILIES[request.param]().save_pretrained(tmp_path / "base")
    tokenizer = make_tokenizer()
    if request.param in ("distilbert", "roberta"):
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
    tokenizer.save_pretrained(tmp_path / "base")
    yield request.param, tmp_path / "base"


@pytest.mark.parametrize("method", recipe.METHODS)
def test_every_family_can_be_trained_by_every_method(
    method: str, family: tuple[str, Path], config: RunConfig, tmp_path: Path
) -> None:
    name, base = family
    config = replace(
        config, model=str(base), method=method, epochs=1, frozen_layers=int(method == "frozen" and name != "albert")
    )
    report = run(config, tmp_path / "run")
    start = fresh(config, labels_of(config)).state_dict()
    after = weights(tmp_path / "run")
    assert start.keys() == after.keys()
    moved = {methods.group_of(key, name) for key in after if not torch.equal(start[key], after[key])}
    groups = {row.group for row in report.movement}
    layers = {"layers"} if name == "albert" else {"layer 1", "layer 2"}
    assert groups - {"pooler"} == {"embeddings", "classifier"} | layers
    head = {"classifier"} | ({"pooler"} & groups)
    expected = {
        "full": groups,
        "frozen": head | (layers - {"layer 1"}),
        "head": head,
        "lora": {"classifier"} | layers,
    }
    assert moved == expected[method]
    assert {row.group for row in report.movement if row.changed} == moved


def test_freezing_more_than_there_is_says_so(config: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has 2 layers; 3"):
        run(replace(config, method="frozen", frozen_layers=3), tmp_path / "run")
    torch.manual_seed(0)
    FAMILIES["albert"]().save_pretrained(tmp_path / "albert")
    make_tokenizer().save_pretrained(tmp_path / "albert")
    with pytest.raises(UserError, match="share one set"):
        run(replace(config, model=str(tmp_path / "albert"), method="frozen", frozen_layers=1), tmp_path / "run")


# --- The savings do not change what is learnt --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("able", "float32", "bfloat16", "pays"),
    [
        ({"avx512_bf16": True}, 2.0, 1.0, True),
        ({"amx_bf16": True}, 2.0, 1.0, True),
        ({"avx512_bf16": True}, 1.1, 1.0, False),  # not worth coarser numbers
        ({"avx512_bf16": True}, 0.5, 1.0, False),  # as measured on processors whose matrix units are hidden
        ({"avx512_f": True}, 2.0, 1.0, False),  # computed in float32 anyhow, and rounded
    ],
)
def test_bfloat16_is_chosen_where_it_is_faster(
    able: dict[str, bool], float32: float, bfloat16: float, pays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = {torch.float32: float32, torch.bfloat16: bfloat16}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    monkeypatch.setattr(machine, "_seconds_of_a_product", seconds.__getitem__)
    assert machine.bfloat16_pays.__wrapped__(torch.device("cpu")) is pays


def test_timing_a_product_leaves_the_threads_as_they_were() -> None:
    threads = torch.get_num_threads()
    assert 0 < machine._seconds_of_a_product(torch.bfloat16) < 1
    assert torch.get_num_threads() == threads


def test_fast_dropout_drops_and_scales_as_dropout_does() -> None:
    torch.manual_seed(0)
    layer = savings.FastDropout(0.1).train()
    x = torch.full((1000, 501), 2.0, requires_grad=True)
    y = layer(x)
    kept = y != 0
    assert float(kept.float().mean()) == pytest.approx(0.9, abs=0.002)
    assert torch.allclose(y[kept], torch.tensor(2 / 0.9), rtol=1e-4)
    assert float(kept.float().mean(0).std()) == pytest.approx(math.sqrt(0.09 / 1000), rel=0.2), "independent draws"
    y.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad != 0, kept)
    assert layer(x.to(torch.bfloat16)).dtype == torch.bfloat16
    assert torch.equal(layer.eval()(x), x)
    torch.manual_seed(0)
    assert torch.equal(layer.train()(x), y)


def test_seen_embedding_is_the_embedding() -> None:
    torch.manual_seed(0)
    plain = nn.Embedding(10, 4, padding_idx=0)
    before = plain.weight.detach().clone()
    seen = savings.SeenEmbedding(plain, torch.tensor([0, 3, 7]))
    ids = torch.tensor([[3, 7, 0], [7, 7, 3]])
    assert torch.equal(seen.train()(ids), before[ids])
    seen(ids).square().sum().backward()
    reference = nn.Embedding(10, 4, padding_idx=0)
    reference.weight.data.copy_(before)
    reference(ids).square().sum().backward()
    assert seen.rows.grad is not None and reference.weight.grad is not None
    assert torch.equal(seen.rows.grad, reference.weight.grad[[0, 3, 7]])
    everything = torch.arange(10)
    with torch.no_grad():
        seen.rows += 1
    expected = before.clone()
    expected[[0, 3, 7]] += 1
    assert torch.equal(seen.eval()(everything), expected)
    assert torch.equal(seen.merged().weight, expected)
    assert seen.merged().weight.requires_grad


def test_restoring_leaves_the_model_as_it_was(config: RunConfig) -> None:
    model = fresh(config, ("a", "b"))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    described = str(model)
    restore = savings._lighten(model, [0, 1, 2, 5])
    assert "FastDropout" in str(model) and "SeenEmbedding" in str(model)
    assert model.bert.encoder.layer[0].attention.self.dropout.p == 0
    restore()
    assert str(model) == described
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


# --- Interruption ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "evaluations", "after"), [("full", 2, 4), ("full", 1, 7), ("lora", 3, 9)])
def test_a_resumed_run_ends_where_an_uninterrupted_one_does(
    method: str, evaluations: int, after: int, config: RunConfig, tmp_path: Path
) -> None:
    config = replace(config, method=method, evaluations=evaluations, epochs=2.5)
    whole = Listener()
    expected = run(config, tmp_path / "whole", whole)
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "torn", Listener(tear(after)))
    newest = newest_checkpoint(tmp_path / "torn")
    assert newest is not None
    torch.manual_seed(999)  # whatever state the next process has
    again = Listener()
    report = run(config, tmp_path / "torn", again)
    start = again.of("start")[0]
    assert start.step == int(newest.name.removeprefix("step-")) >= after
    assert start.values == {"resumed": True}
    assert not [event for event in again.events if event.values.get("stage") == "baseline"]
    first, second = weights(tmp_path / "whole"), weights(tmp_path / "torn")
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert (report.evaluations, report.best_step) == (expected.evaluations, expected.best_step)
    assert list(report.evaluations) == ["test", "validation", "baseline", "tfidf"]
    assert report.steps == expected.steps
    assert [event.values["loss"] for event in whole.of("evaluation")][-1] == again.of("evaluation")[-1].values["loss"]


def test_a_run_that_had_only_to_be_saved_is_finished_without_training(config: RunConfig, tmp_path: Path) -> None:
    expected = run(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "torn", Listener(tear(expected.steps)))
    listener = Listener()
    assert run(config, tmp_path / "torn", listener).evaluations == expected.evaluations
    assert not listener.of("step")


def test_a_checkpoint_is_complete_or_absent(config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Trainer._save_rng_state
    saved: list[int] = []

    def fail(trainer: Trainer, folder: str) -> None:
        saved.append(trainer.state.global_step)
        if len(saved) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(trainer, folder)

    monkeypatch.setattr(Trainer, "_save_rng_state", fail)
    with pytest.raises(UserError, match="disk is full"):
        run(config, tmp_path / "run")
    newest = newest_checkpoint(tmp_path / "run")
    assert newest is not None and newest.name == f"step-{saved[0]}"
    assert [path.name for path in newest.parent.iterdir()] == [newest.name]
    monkeypatch.undo()
    listener = Listener()
    run(config, tmp_path / "run", listener)
    assert listener.of("start")[0].step == saved[0]


def test_the_newest_and_the_best_checkpoint_are_kept(config: RunConfig, tmp_path: Path) -> None:
    kept: list[set[str]] = []

    def look(event: Event) -> bool:
        if event.kind == "checkpoint":
            kept.append({path.name for path in (tmp_path / "run" / "checkpoints").iterdir()})
        return False

    report = run(replace(config, epochs=4), tmp_path / "run", Listener(look))
    assert len(kept) == 8
    assert all(1 <= len(names) <= 2 and not any(name.startswith(".") for name in names) for names in kept)
    assert f"step-{report.best_step}" in kept[-1] and f"step-{report.steps}" in kept[-1]


@pytest.mark.training
@pytest.mark.parametrize(("enough", "metric"), [(10_000, "loss"), (1, "macro_f1")])
def test_of_few_validation_rows_the_best_step_is_chosen_by_loss(
    enough: int, metric: str, config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss with that of the state before, as recipe.rank_by_loss has it; else macro-F1 itself."""
    monkeypatch.setattr(recipe, "FEW_VALIDATION_ROWS", enough)
    listener = Listener()
    report = run(replace(config, epochs=4), tmp_path / "run", listener)
    assert report.chosen_by == metric
    states = {event.step: event.values for event in listener.of("evaluation")}
    losses = {step: float(str(values["loss"])) for step, values in states.items()}
    best = {
        "loss": best_by_loss(losses, report.steps),
        "macro_f1": max(states, key=lambda step: float(str(states[step]["macro_f1"]))),
    }[metric]
    assert report.best_step == best


def test_a_full_disk_hides_behind_other_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="disk is full"), checkpoints.written_aside(tmp_path / "model"):
        raise RuntimeError("[enforce fail] PytorchStreamWriter failed: No space left on device")
    with pytest.raises(RuntimeError, match="other"), checkpoints.written_aside(tmp_path / "model"):
        raise RuntimeError("other")
    assert not list(tmp_path.iterdir())


def test_an_older_folder_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "model"
    for content in ("old", "new"):
        with checkpoints.written_aside(target) as part:
            (part / "file").write_text(content)
            assert not target.exists() or (target / "file").read_text() == "old"
        assert (target / "file").read_text() == content
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_killed_saves_and_removals_left_is_gone_when_the_run_goes_on(config: RunConfig, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    for name in (".model.partial", ".model.old", "checkpoints/.step-999.partial", "checkpoints/.step-999.old"):
        (folder / name).mkdir(parents=True)
        (folder / name / "weights.safetensors").touch()
    with pytest.raises(train.Stopped):
        run(config, folder, Listener(lambda event: event.kind == "checkpoint"))
    assert not list(folder.rglob(".*"))


# --- Cancelling and failing --------------------------------------------------------------------------------------------


def test_cancelling_keeps_what_was_learnt_and_can_be_resumed(config: RunConfig, tmp_path: Path) -> None:
    config = replace(config, epochs=4)
    listener = Listener(lambda event: event.kind == "checkpoint" and event.step >= 8)
    with pytest.raises(train.Stopped) as caught:
        run(config, tmp_path / "run", listener)
    report = caught.value.report
    assert report is not None and list(report.evaluations) == ["validation", "baseline"]
    assert 8 < report.steps < 16, "it stops at the next step"
    assert listener.events[-1].kind == "end" and listener.events[-1].values["outcome"] == "cancelled"
    assert predict.load(str(tmp_path / "run"), allow_path=True).labels == ("blame", "praise")
    whole = run(config, tmp_path / "whole")
    again = Listener()
    assert run(config, tmp_path / "run", again).steps == whole.steps
    assert again.of("start")[0].step == report.steps
    first, second = weights(tmp_path / "whole"), weights(tmp_path / "run")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_cancelling_during_an_evaluation(config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener()
    real = classify.probabilities

    def probabilities(*args: object, autocast: bool = False, **options: object) -> np.ndarray:
        if listener.of("step"):
            listener.stopped = True
        return real(*args, autocast=autocast, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(classify, "probabilities", probabilities)
    with pytest.raises(train.Stopped) as caught:
        run(config, tmp_path / "run", listener)
    assert caught.value.report is not None and list(caught.value.report.evaluations) == ["baseline"]
    newest = newest_checkpoint(tmp_path / "run")
    assert newest is not None and newest.name == f"step-{caught.value.report.steps}"


@pytest.mark.parametrize("stage", ["loading", "baseline"])
def test_cancelling_before_the_first_step_leaves_nothing(stage: str, config: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(train.Stopped) as caught:
        run(config, tmp_path / "run", Listener(lambda event: event.values.get("stage") == stage))
    assert caught.value.report is None
    assert not (tmp_path / "run" / "model").exists()


def test_cancelling_the_last_evaluation_keeps_the_model(config: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(train.Stopped) as caught:
        run(config, tmp_path / "run", Listener(lambda event: event.values.get("stage") == "evaluating"))
    assert caught.value.report is not None and "test" not in caught.value.report.evaluations
    assert predict.load(str(tmp_path / "run"), allow_path=True).labels == ("blame", "praise")


def test_a_loss_that_is_not_a_number_is_a_clear_failure(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Trainer.compute_loss

    def compute_loss(trainer: Trainer, model: nn.Module, inputs: dict[str, object], **options: object) -> object:
        return real(trainer, model, inputs) * (float("nan") if trainer.state.global_step == 6 else 1)

    monkeypatch.setattr(Trainer, "compute_loss", compute_loss)
    with pytest.raises(UserError, match=r"no longer a number at step \d+: the learning rate 0.002 .* try 0.0004"):
        run(config, tmp_path / "run")
    newest = newest_checkpoint(tmp_path / "run")
    assert newest is not None
    assert all(torch.isfinite(value).all() for value in load_file(newest / checkpoints.WEIGHTS).values()), (
        "what was saved before is sound"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0.0}, "epochs is 0.0; it must be between 0.1 and 50"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 1.0}, "learning_rate"),
        ({"evaluations": 0}, "evaluations"),
        ({"method": "magic"}, "no method 'magic'"),
        ({"task": "translation"}, "no task 'translation'"),
    ],
)
def test_values_out_of_range_say_so(change: dict[str, object], message: str, config: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        run(replace(config, **change), tmp_path / "run")


# --- Options and small data --------------------------------------------------------------------------------------------


def test_class_weights_make_rare_classes_count(config: RunConfig, tmp_path: Path) -> None:
    path = tmp_path / "uneven.csv"
    some = [row for row in rows() if row[1] == "praise"] + [row for row in rows() if row[1] == "blame"][:6]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *some])
    config = replace(config, data=str(path), class_weights=True, epochs=0.1)
    made: list[Trainer] = []
    original = Trainer.__init__

    class Spy(Trainer):
        def __init__(self, *args: object, **options: object) -> None:
            original(self, *args, **options)  # type: ignore[arg-type]
            made.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "Trainer", Spy)
        run(config, tmp_path / "run")
    trainer = made[0]
    counts = np.bincount(rows_of(config).splits["train"]["label"])
    assert trainer.class_weights is not None
    assert np.allclose(trainer.class_weights.numpy() * counts, counts.sum() / 2), "each class weighs the same in all"
    inputs = {"input_ids": torch.tensor([[2, 10, 3], [2, 11, 3]]), "labels": torch.tensor([0, 1])}
    model = models.load(str(tmp_path / "run"), "classifier", allow_path=True)
    with torch.no_grad():
        logits = model(input_ids=inputs["input_ids"]).logits
        found = trainer.compute_loss(model, dict(inputs))
    losses = -logits.log_softmax(-1)[[0, 1], [0, 1]]
    assert float(found) == pytest.approx(float((losses * trainer.class_weights).sum() / trainer.class_weights.sum()))


def test_the_four_sentences_of_the_article(tiny_bert: Path, tmp_path: Path) -> None:
    config = RunConfig(model=str(tiny_bert), data="article-example", epochs=3, batch_size=32, evaluations=5)
    report = run(config, tmp_path / "run")
    assert report.steps == 3
    assert report.evaluations["test"].n == 4 and report.memorised
    assert len(read_detail(Classes, report.evaluations["test"]).labels) == 3


def test_pairs(tiny_bert: Path, tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    pairs = [(a, b, "same" if a == b else "other") for a in WORDS[5:14] for b in (a, "coffee")]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("sentence1", "sentence2", "label"), *pairs])
    config = RunConfig(model=str(tiny_bert), data=str(path), task="pair-classification", epochs=1, batch_size=4)
    listener = Listener()
    report = run(config, tmp_path / "run", listener)
    worst = listener.of("evaluation")[0].values["samples"]
    assert isinstance(worst, list) and worst[0]["pair"]
    assert set(read_detail(Classes, report.evaluations["test"]).labels) == {"same", "other"}


def test_a_file_inside_the_run(config: RunConfig, table: Path, tmp_path: Path) -> None:
    (tmp_path / "run" / "data").mkdir(parents=True)
    table.rename(tmp_path / "run" / "data" / "films.csv")
    assert "test" in run(replace(config, data="data/films.csv", epochs=0.2), tmp_path / "run").evaluations


def test_a_trained_head_is_made_anew(config: RunConfig, tiny_classifier: Path) -> None:
    one = fresh(replace(config, model=str(tiny_classifier)), ("a", "b"))
    old = models.load(str(tiny_classifier), "classifier", allow_path=True)
    assert not torch.equal(one.classifier.weight, old.classifier.weight)
    assert torch.equal(one.bert.embeddings.word_embeddings.weight, old.bert.embeddings.word_embeddings.weight)
    other = fresh(replace(config, model=str(tiny_classifier), seed=1), ("a", "b"))
    assert not torch.equal(one.classifier.weight, other.classifier.weight)


def test_what_a_checkpoint_lacks_depends_on_the_seed_only(config: RunConfig, tmp_path: Path) -> None:
    BertForMaskedLM(make_config()).save_pretrained(tmp_path / "masked")  # it has no pooler
    make_tokenizer().save_pretrained(tmp_path / "masked")
    config = replace(config, model=str(tmp_path / "masked"))
    one, again = (fresh(config, ("a", "b")).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], again[name]) for name in one)


# --- What is told ------------------------------------------------------------------------------------------------------


def test_events(config: RunConfig, tmp_path: Path) -> None:
    listener = Listener()
    report = run(config, tmp_path / "run", listener)
    kinds = [event.kind for event in listener.events]
    stages = [event.values["stage"] for event in listener.of("stage")]
    assert stages == ["loading", "baseline", "training", "saving", "evaluating"]
    assert kinds.count("start") == kinds.count("end") == 1 and kinds[-1] == "end"
    assert len(listener.of("evaluation")) == len(listener.of("checkpoint")) == 4
    assert [event.epoch for event in listener.of("evaluation")][1::2] == [1.0, 2.0]
    step, evaluation = listener.of("step")[-1], listener.of("evaluation")[-1]
    assert step.step == step.total_steps == report.steps
    numbers = {"loss", "learning_rate", "examples_per_second", "tokens_per_second", "eta_seconds"}
    assert set(step.values) == numbers and all(isinstance(value, float) for value in step.values.values())
    assert step.values["eta_seconds"] == 0
    assert set(evaluation.values) == {"accuracy", "macro_f1", "loss", "ece", "n", "seconds", "samples"}
    worst = evaluation.values["samples"]
    assert isinstance(worst, list) and 1 <= len(worst) <= 5
    assert set(worst[0]) == {"text", "pair", "true", "predicted", "confidence", "loss"}
    assert [row["loss"] for row in worst] == sorted((row["loss"] for row in worst), reverse=True)
    times = [event.time for event in listener.events]
    assert times == sorted(times)


def test_the_estimate_counts_steps_and_leaves_the_random_state(config: RunConfig) -> None:
    dataset = rows_of(config)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    found = estimate.estimate(config, dataset)
    assert torch.equal(torch.rand(3), expected)
    assert found.steps == math.ceil(len(dataset.splits["train"]) / 8) * 2
    assert found.measured_steps == 3
    assert found.seconds > 0 and found.examples_per_second == pytest.approx(
        len(dataset.splits["train"]) * 2 / found.seconds
    )
    small = estimate.estimate(replace(config, batch_size=2), dataset)
    assert estimate.PROCESS_MB < small.peak_memory_mb < found.peak_memory_mb


# --- Tables ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", recipe.PRESETS)
def test_every_preset_is_usable(preset: str) -> None:
    config = recipe.with_preset(RunConfig(model="minilm", data="rotten_tomatoes"), preset)
    setup.check(config)
    assert config.preset == preset
    assert recipe.PRESETS[preset].title and recipe.PRESETS[preset].help


def test_every_parameter_and_method_is_one_of_the_configuration() -> None:
    defaults = {field.name: field.default for field in fields(RunConfig)}
    for row in recipe.PARAMETERS.values():
        assert row.label and row.help and row.minimum <= defaults[row.field] <= row.maximum
    assert RunConfig(model="", data="").method in recipe.METHODS
    assert RunConfig(model="", data="").preset in recipe.PRESETS
    for method in recipe.METHODS:
        rate = recipe.suggested_learning_rate(method, 384)
        assert recipe.suggested_learning_rate(method, 768) < rate == recipe.METHODS[method].learning_rate
    with pytest.raises(UserError, match="no preset 'x'"):
        recipe.with_preset(RunConfig(model="", data=""), "x")
    assert all(
        {*task.metrics, *task.best} <= set(METRICS) and set(task.best) <= set(task.metrics) for task in TASKS.values()
    )
