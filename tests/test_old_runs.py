"""Run folders that b1a1995 wrote, the last version before tasks became rows: they open, say the same and go on.

tests/fixtures/runs_b1a1995 holds a finished run of each task of that version (one with its model), and one that was killed
after its first checkpoint. printed.json is what that version's commands answered, labelled.csv what its predict wrote.
"""

import csv
import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForPreTraining

from core import __main__ as cli
from core import runs
from core.commands import result
from core.errors import UserError
from core.export.card import model_card
from core.export.folder import zip_model
from core.figures import training as training_figures
from core.finetune.checkpoints import newest_checkpoint, read_progress
from core.metrics import METRICS
from core.results import Measure
from core.tasks.base import read_detail
from core.tasks.table import TASKS
from tests.conftest import WORDS, make_tokenizer

FOLDER = Path(__file__).parent / "fixtures" / "runs_b1a1995"
FINISHED = ("text-classification", "pair-classification", "masked-language-modelling", "next-sentence-prediction")
COLUMNS = {
    "text-classification": (("text", "satz"), ("label", "urteil")),
    "pair-classification": (("text", "a"), ("pair", "b"), ("label", "same")),
}
RENAMED = {"top1": "accuracy"}
LINES = """
models
datasets
tokenize --model minilm --pair b a
train --model minilm --data rotten_tomatoes --epochs 2 --output my-run
train --model minilm --data reviews.csv --text-column review --label-column stars --output stars
train --model minilm --data pairs.tsv --text-column a --pair-column b --output same-or-not
train --task masked-language-modelling --model minilm --data notes.txt --output my-model
train --model m --data d --batch-size 8 --learning-rate 1e-4 --max-length 64 --limit 100 --seed 1 --output o
train --run my-run
evaluate --model my-run --data rotten_tomatoes
evaluate --model my-run --data test.csv --text-column review --pair-column b --label-column stars
evaluate --model minilm --task masked-language-modelling --data notes.txt
predict --model my-run --text a --pair b
predict --model my-run --data new.csv --text-column review --pair-column b --output labelled.csv
""".strip().splitlines()


def opened(name: str) -> runs.Run:
    return runs.open_folder(FOLDER / name)


def written(name: str, file: str) -> dict[str, Any]:
    """What the old version wrote, as it wrote it."""
    content = json.loads((FOLDER / name / file).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("name", FINISHED)
def test_the_configuration_is_what_was_asked(name: str) -> None:
    run, old = opened(name), written(name, "config.json")
    assert run.state.status == "finished" and run.config.task == name
    assert run.config.columns == COLUMNS.get(name, ())
    same = {key: value for key, value in old.items() if not key.endswith("_column")}
    assert len(same) == 18 and {key: vars(run.config)[key] for key in same} == same


@pytest.mark.parametrize("name", FINISHED)
def test_the_report_has_the_same_numbers(name: str) -> None:
    report, old = runs.report(opened(name)), written(name, "report.json")
    assert report is not None and report.split == "test" and not report.memorised
    assert set(report.evaluations) == {"test", "validation", "baseline"}
    for split, evaluation in report.evaluations.items():
        before = old["masked"].get(split) or old[split]
        assert (evaluation.task, evaluation.n) == (name, before["n"])
        assert tuple(evaluation.metrics) == TASKS[name].metrics
        numbers = {RENAMED.get(key, key): value for key, value in before.items() if RENAMED.get(key, key) in METRICS}
        assert len(numbers) == (3 if "top1" in before else 4)
        for metric, value in numbers.items():
            bounds = value if isinstance(value, dict) else {"value": value, "low": None, "high": None}
            assert evaluation.metrics[metric] == Measure(**bounds)
        detail = read_detail(TASKS[name].detail, evaluation)
        others = before.keys() - {"n", "top1"} - numbers.keys()
        assert others and all(json.loads(json.dumps(evaluation.detail[key])) == before[key] for key in others)
        assert isinstance(detail, TASKS[name].detail)
    assert (report.seconds, report.steps, report.best_step) == (old["seconds"], old["steps"], old["best_step"])
    assert dict(report.data.counts) == old["data"]["counts"] and dict(report.environment) == old["environment"]


def test_a_masked_language_models_derived_numbers_are_those_it_printed() -> None:
    report = runs.report(opened("masked-language-modelling"))
    last = [event for event in runs.events(opened("masked-language-modelling")) if event.kind == "evaluation"][-1]
    assert report is not None
    assert report.evaluations["test"].detail["uniform_loss"] == last.values["uniform_loss"]
    validation = report.evaluations["validation"].metrics
    assert validation["perplexity"].value == pytest.approx(last.values["perplexity"], rel=1e-2)


@pytest.mark.parametrize("name", FINISHED)
def test_the_events_give_curves_and_samples(name: str) -> None:
    run = opened(name)
    events = runs.events(run)
    assert len(events) == len((run.folder / "events.jsonl").read_text(encoding="utf-8").splitlines())
    evaluations = [event for event in runs.history(events) if event.kind == "evaluation"]
    assert evaluations
    for event in evaluations:
        assert set(TASKS[name].metrics) - {"ece"} <= set(event.values)
        samples = event.values["samples"]
        assert isinstance(samples, list) and samples and not {"worst", "probes"} & set(event.values)
        assert all("text" in sample for sample in samples)
    figure = training_figures.metric_curves({"old": events}, ("accuracy", "loss"))
    drawn = [tuple(trace.y) for trace in figure.data if trace.y is not None]
    assert tuple(event.values["accuracy"] for event in evaluations) in drawn


@pytest.mark.parametrize("name", FINISHED)
def test_the_card_renders(name: str) -> None:
    run, old = opened(name), written(name, "report.json")
    report = runs.report(run)
    card = model_card(run.config, report, ("no", "yes"))
    test = old["masked"].get("test") or old["test"]
    accuracy = test.get("top1") or test["accuracy"]
    assert f"| Accuracy | {accuracy['value']:.4f} ({accuracy['low']:.4f} to {accuracy['high']:.4f}) |" in card
    assert f"| Loss | {test['loss']:.4f} |" in card and "## Before training" in card and "## In detail" in card


def last_line(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """The JSON object of a command."""
    assert cli.main([str(argument) for argument in arguments]) == 0
    content = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("name", FINISHED)
def test_train_prints_everything_it_printed(name: str) -> None:
    run, before = opened(name), written(name, "printed.json")["train"]
    report = runs.report(run)
    assert report is not None
    printed = result.trained(run, report)
    assert {key: printed.get(key) for key in before} == {
        key: pytest.approx(value) if isinstance(value, float) else value for key, value in before.items()
    }


def test_evaluate_and_predict_print_everything_they_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, output = FOLDER / "text-classification", tmp_path / "labelled.csv"
    file = folder / "data" / "reviews.csv"
    printed = {
        "evaluate": last_line(capsys, "evaluate", "--model", folder, "--data", file),
        "predict --text": last_line(capsys, "predict", "--model", folder, "--text", "i love the film"),
        "predict --data": last_line(capsys, "predict", "--model", folder, "--data", file, "--output", output),
    }
    for command, before in written(folder.name, "printed.json").items():
        for key, value in before.items() if command != "train" else ():
            close = isinstance(value, float | list) or key == "probabilities"
            assert printed[command][key] == (pytest.approx(value, abs=1e-6) if close else value), (command, key)
    before, now = (
        [*csv.DictReader(path.open(encoding="utf-8", newline=""))] for path in (folder / "labelled.csv", output)
    )
    assert len(now) == len(before) == 65
    for old, new in zip(before, now, strict=True):  # further columns may stand between those that there were
        for name, cell in old.items():
            assert new[name] == cell or float(new[name]) == pytest.approx(float(cell), abs=1e-6), (name, old, new)


def test_the_model_is_taken_away() -> None:
    content = io.BytesIO()
    zip_model(FOLDER / "text-classification", content)
    with zipfile.ZipFile(content) as archive:
        (config,) = (json.loads(archive.read(name)) for name in archive.namelist() if name.endswith("run.json"))
    assert config["columns"] == [["text", "satz"], ["label", "urteil"]] and "text_column" not in config


def test_a_score_on_the_training_rows_was_said_in_a_remark(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(FOLDER / "text-classification", folder)
    old = written("text-classification", "report.json")
    note = (
        "too few rows to hold any back: {splits} are the training rows themselves, so a score on them says nothing about "
        "new texts"
    )
    old["data"]["notes"] = [[note, {"splits": "validation, test"}]]
    (folder / "report.json").write_text(json.dumps(old), encoding="utf-8")
    report = runs.report(runs.open_folder(folder))
    assert report is not None and report.data.shared == ("validation", "test") and report.memorised


@pytest.mark.parametrize("content", ['{"movement": []}', '{"movement": [], "test": 5, "masked": {}}', "[]", "{"])
def test_what_no_version_wrote_cannot_be_read(content: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(FOLDER / "pair-classification", folder)
    (folder / "report.json").write_text(content, encoding="utf-8")
    assert runs.report(runs.open_folder(folder)) is None
    with pytest.raises(UserError, match=r"report\.json of this run cannot be read"):
        runs.read_report(folder)


@pytest.mark.training
def test_a_killed_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    folder, start = tmp_path / "run", tmp_path / "tiny-bert"
    shutil.copytree(FOLDER / "stopped", folder)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    torch.manual_seed(0)
    BertForPreTraining(BertConfig(vocab_size=len(WORDS), max_position_embeddings=32, **sizes)).save_pretrained(start)
    make_tokenizer().save_pretrained(start)
    old = written("stopped", "config.json")
    (folder / "config.json").write_text(json.dumps({**old, "model": str(start)}), encoding="utf-8")
    assert runs.open_folder(folder).state.status == "interrupted"
    before = json.loads((folder / "checkpoints" / "step-4" / "progress.json").read_text(encoding="utf-8"))
    runs._renew_checkpoints(folder, old["task"])
    newest = newest_checkpoint(folder)
    assert newest is not None
    progress = read_progress(newest)
    assert progress.best is not None and progress.baseline is not None
    assert progress.best.metrics["loss"].value == before["best"]["loss"]
    assert (progress.best_step, progress.seconds) == (before["best_step"], before["seconds"])
    renewed = (newest / "progress.json").read_bytes()
    runs._renew_checkpoints(folder, old["task"])
    assert (newest / "progress.json").read_bytes() == renewed, "what is up to date stays as it is"

    report = runs.work(runs.resumed(folder).folder)
    starts = [event for event in runs.events(runs.open_folder(folder)) if event.kind == "start"]
    assert [event.step for event in starts] == [0, 4] and report.steps == starts[0].total_steps == 28
    assert report.evaluations["baseline"].metrics["loss"].value == before["baseline"]["loss"]
    assert runs.open_folder(folder).state.status == "finished"


@pytest.mark.parametrize("line", LINES)
def test_old_command_lines_still_parse(line: str) -> None:
    assert cli.parser().parse_args(line.split()).function
