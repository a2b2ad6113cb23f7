"""Every row of TASKS keeps the same contract: its example is learnt, measured, written, answered and described as any other's."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from core import __main__ as cli
from core import predict
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.export.card import model_card
from core.families import HEADS
from core.finetune import setup, trainer
from core.metrics import METRICS, key
from core.models import SCRATCH
from core.results import WORD_COUNTS, Event, RunConfig, RunReport
from core.tasks.base import Task, read_detail
from core.tasks.table import TASKS, task_of
from tests.families import write_reader
from tests.training import Listener, asked_of, best_by_loss, rows_of, run, words_of, write_example

KINDS = {"label", "labels", "score", "tags", "spans", "tokens", "text", "vectors"}


@dataclass(frozen=True)
class Trained:
    """A task whose example was learnt: what was asked for, what became of it, and where."""

    task: Task
    config: RunConfig
    dataset: TextDataset
    report: RunReport
    events: list[Event]
    folder: Path


@pytest.fixture(scope="module", params=TASKS)
def learnt(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    task = TASKS[request.param]
    folder = tmp_path_factory.mktemp(task.id)
    model = write_reader(folder / "reader", words_of(task))
    config = RunConfig(
        str(model),
        str(write_example(task, folder)),
        task.id,
        epochs=20,
        batch_size=4,
        learning_rate=3e-3,
        max_length=48,
        evaluations=1,
    )
    listener = Listener()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDIO_HOME", str(folder / "studio"))
        patch.setattr(trainer, "SECONDS_PER_STEP_EVENT", 0)
        report = run(config, folder / "run", listener)
    yield Trained(task, config, rows_of(config), report, listener.events, folder)


# --- The row -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TASKS)
def test_a_row_is_complete(name: str) -> None:
    task = TASKS[name]
    assert task.id == name == task.goal.task and task_of(name) is task
    assert (
        task.title
        and task.help.endswith(".")
        and all(counted.format(n=1234).startswith("1,234 ") for counted in task.counts)
    )
    assert task.layout is LAYOUTS[task.layout.id] and task.head in HEADS
    assert task.metrics and set(task.metrics) <= set(METRICS) and len(set(task.metrics)) == len(task.metrics)
    assert task.best and set(task.best) <= set(task.metrics)
    assert all(METRICS[metric].better != "neither" for metric in task.best)
    assert task.gives and task.gives <= KINDS
    assert task.card.what and task.card.how and task.card.answer.format(n=2, labels="a, b") and task.card.use


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("model", ["minilm", SCRATCH])
def test_what_a_row_advises_may_be_run(name: str, model: str) -> None:
    if model != SCRATCH or TASKS[name].scratch is not None:
        setup.check(RunConfig(model, "x", name, **setup.advised(name, model)))


@pytest.mark.parametrize("name", TASKS)
def test_the_example_of_a_row_loads(name: str, tmp_path: Path) -> None:
    task = TASKS[name]
    table = task.example()
    assert 10 <= table.rows == len(table.frame) <= 20
    dataset = rows_of(RunConfig("", str(write_example(task, tmp_path)), name))
    assert dataset.layout is task.layout and list(dataset.columns) == [role.id for role in task.layout.roles]
    assert all(len(split) for split in dataset.splits.values()) and not dataset.report.shared
    assert list(dataset.texts(dataset.splits["train"])) == list(task.inputs)


# --- A run -------------------------------------------------------------------------------------------------------------


@pytest.mark.training
def test_the_loss_falls_and_the_parameters_move(learnt: Trained) -> None:
    losses = [float(str(event.values["loss"])) for event in learnt.events if event.kind == "step"]
    third = len(losses) // 3
    assert len(losses) == learnt.report.steps and third > 2
    assert np.mean(losses[-third:]) < np.mean(losses[:third]) - 0.1
    assert learnt.report.movement and all(row.changed > 0 and row.relative > 0 for row in learnt.report.movement)


@pytest.mark.training
def test_evaluations_hold_the_metrics_of_the_task_and_its_detail(learnt: Trained) -> None:
    task = learnt.task
    beside = [*([WORD_COUNTS] if task.word_counts else []), *(row.id for row in task.beside)]
    assert list(learnt.report.evaluations) == ["test", "validation", "baseline", *beside]
    assert learnt.report.split == "test"
    for evaluation in learnt.report.evaluations.values():
        assert evaluation.task == task.id and evaluation.n > 0
        assert list(evaluation.metrics) == list(task.metrics)
        for measure in evaluation.metrics.values():
            low, high = measure.bounds
            assert low <= measure.value <= high
        assert isinstance(read_detail(task.detail, evaluation), task.detail)
        assert len(key(evaluation.metrics, task.best)) == len(task.best)


@pytest.mark.training
def test_the_report_and_the_events_are_json_and_come_back_as_they_were(learnt: Trained) -> None:
    reports, events = TypeAdapter(RunReport), TypeAdapter(list[Event])
    assert reports.validate_json(reports.dump_json(learnt.report)) == learnt.report
    assert events.validate_json(events.dump_json(learnt.events)) == learnt.events
    told = [event for event in learnt.events if event.kind == "evaluation"]
    assert told
    for event in told:
        assert set(event.values) == {*learnt.task.metrics, "n", "seconds", "samples"}
        assert json.loads(json.dumps(event.values["samples"])) == event.values["samples"]


@pytest.mark.training
def test_the_best_checkpoint_is_the_best_by_the_tasks_own_metrics(learnt: Trained) -> None:
    """As few rows as these are ranked by their loss, where that is one of the metrics that choose."""
    sign = {metric: -1 if METRICS[metric].better == "lower" else 1 for metric in learnt.task.best}
    by_step = {event.step: event for event in learnt.events if event.kind == "evaluation" and event.step}
    ranks = {
        step: tuple(sign[metric] * float(str(event.values[metric])) for metric in learnt.task.best)
        for step, event in by_step.items()
    }
    if "loss" in learnt.task.best:
        losses = {step: float(str(event.values["loss"])) for step, event in by_step.items()}
        assert learnt.report.best_step == best_by_loss(losses, learnt.report.steps)
    else:
        assert learnt.report.best_step == max(ranks, key=ranks.__getitem__)


@pytest.mark.training
def test_the_trained_model_answers_each_input_with_one_row(learnt: Trained) -> None:
    predictor = predict.load(str(learnt.folder / "run"), learnt.task.id, allow_path=True)
    asked = asked_of(learnt.task, learnt.dataset)
    done: list[tuple[int, int]] = []
    answers = predict.predict(predictor, asked, report=lambda *step: done.append(step))
    assert len(answers) == len(learnt.dataset.splits["train"]) and done
    for i, answer in enumerate(answers):
        assert answer.inputs == {role: texts[i] for role, texts in asked.items()} and not answer.truncated
    frame = predictor.goal.frame(answers)
    assert len(frame) == len(answers) and list(frame)[: len(asked)] == list(asked)
    assert not frame.isna().any(axis=None)
    measured = predict.evaluate(predictor.reading(learnt.config.max_length), learnt.dataset)
    said = learnt.report.evaluations["test"]
    assert measured.n == said.n
    for name, measure in measured.metrics.items():
        assert measure.value == pytest.approx(said.metrics[name].value, rel=1e-3, abs=1e-5), name


# --- The command line and the card -------------------------------------------------------------------------------------


def answered(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """The JSON object of a command that succeeds."""
    code = cli.main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert code == 0, err
    found = json.loads(out.splitlines()[-1])
    assert isinstance(found, dict)
    return found


@pytest.mark.training
def test_the_command_line_trains_evaluates_and_predicts(
    learnt: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task, data = learnt.task, learnt.config.data
    metrics, folder = set(task.metrics), tmp_path / "run"
    basis = ("--model", learnt.config.model, "--data", data, "--task", task.id)
    trained = answered(capsys, "train", *basis, "--output", folder, "--epochs", 1, "--batch-size", 4)
    assert metrics <= trained.keys() and trained["n"] == learnt.report.evaluations["test"].n
    assert metrics <= answered(capsys, "evaluate", "--model", folder, "--data", data).keys()
    asked = pd.DataFrame(asked_of(task, learnt.dataset))
    asked.to_json(tmp_path / "asked.jsonl", orient="records", lines=True, force_ascii=False)
    output = tmp_path / "answers.csv"
    found = answered(capsys, "predict", "--model", folder, "--data", tmp_path / "asked.jsonl", "--output", output)
    assert found["n"] == len(asked) == len(pd.read_csv(output))


@pytest.mark.training
def test_the_model_card_says_what_the_report_says(learnt: Trained) -> None:
    card = model_card(learnt.config, learnt.report, learnt.dataset.label_names)
    assert card.startswith("---\n") and learnt.task.card.what in card and learnt.task.card.use in card
    for name, measure in learnt.report.evaluations["test"].metrics.items():
        assert METRICS[name].title in card and f"{measure.value:.4f}" in card
