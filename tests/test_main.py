"""core.__main__: the command line's contract: one JSON object last on stdout, one line per mistake, nothing else."""

import csv
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from transformers import RobertaConfig, RobertaForMaskedLM

from core import __main__ as cli
from core import models, predict, runs, settings
from core.commands import train as train_module
from core.commands.show import Progress, named_columns, reading_of
from core.data.bundled import DATASETS
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.finetune.recipe import METHODS, PARAMETERS, Size, fitted
from core.results import AS_READ, Event, RunConfig
from core.tasks import masked
from core.tasks.classify import Labelled
from core.tasks.table import TASKS
from tests.checkpoints import edit
from tests.conftest import make_tokenizer
from tests.ended import SHOWN, ended

ROOT = Path(__file__).parent.parent
TEXTS = ["i love the film", "the plot was good", "great acting , great film", "a very good actor"]
BAD = ["i hate the film", "the plot was bad", "awful acting , boring film", "a very bad actor"]


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """40 rows with columns of other names: urteil (yes/no) and satz."""
    path = tmp_path / "reviews.csv"
    rows = [(verdict, f"{text} {end}") for end in (".", "!", ", i", "and", "not") for verdict, text in labelled()]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("nr", "urteil", "satz"), *((i, *row) for i, row in enumerate(rows))])
    return path


def labelled() -> list[tuple[str, str]]:
    return [*(("yes", text) for text in TEXTS), *(("no", text) for text in BAD)]


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command in this process."""
    try:
        code = cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        assert isinstance(stop.code, int)
        code = stop.code
    out, err = capsys.readouterr()
    return code, out, err


def answered(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """The JSON object of a command that succeeds."""
    code, out, err = call(capsys, *arguments)
    assert code == 0, err
    found = json.loads(out.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line of a command that ends with a mistake of the user's."""
    code, out, err = call(capsys, *arguments)
    assert code == 2 and out == ""
    lines = [line for line in err.splitlines() if line]
    assert len(lines) == 1 and lines[0].startswith("error: "), err
    return lines[0]


def train(*more: object, output: Path, model: Path, file: Path) -> list[object]:
    return [
        "train", "--model", model, "--data", file, "--text-column", "satz", "--label-column", "urteil",
        "--batch-size", 8, "--learning-rate", "3e-3", "--seed", 1, "--output", output, *more,
    ]  # fmt: skip


# --- From a CSV to predictions -----------------------------------------------------------------------------------------


@pytest.mark.training
def test_train_evaluate_predict(
    capsys: pytest.CaptureFixture[str], tiny_bert: Path, reviews: Path, tmp_path: Path
) -> None:
    output = tmp_path / "run"
    code, out, err = call(capsys, *train("--epochs", 12, output=output, model=tiny_bert, file=reviews))
    assert code == 0, err
    assert "training …" in err and re.search(
        r"^step 4, validation: Accuracy .*, Macro-F1 .* \(n = 4\)$", err, re.MULTILINE
    )
    assert "\r" not in err
    assert out.count("\n") == 1, "stdout holds the JSON object only"
    result = json.loads(out)
    assert result["run"] == str(output) and result["model"] == str(output / "model")
    assert result["split"] == "test" and result["n"] == 4
    assert 0 <= result["accuracy_interval"][0] <= result["accuracy"] <= result["accuracy_interval"][1] <= 1
    assert 0 <= result["macro_f1"] <= 1
    assert result["seconds"] > 0 and result["examples_per_second"] > 0 and result["peak_memory_mb"] > 0
    written = runs.report(runs.open_folder(output))
    assert written is not None and result["accuracy"] == written.evaluations["test"].metrics["accuracy"].value
    baseline = written.evaluations["baseline"].metrics
    assert (result["baseline_accuracy"], result["baseline_loss"]) == (
        baseline["accuracy"].value,
        baseline["loss"].value,
    )
    assert set(result) >= {"ece", "majority", "loss"} and "loss_interval" not in result
    assert runs.open_folder(output).state.status == "finished"

    for model in (output, output / "model"):
        measured = answered(capsys, "evaluate", "--model", model, "--data", reviews)
        assert measured["n"] == 40 and measured["split"] == "all rows" and measured["max_length"] == 64
        assert measured["accuracy"] > 0.8, "it was trained on most of them"
    predictor = predict.load(str(output), allow_path=True)
    assert set(predictor.labels) == {"yes", "no"}

    table = tmp_path / "labelled.csv"
    done = answered(capsys, "predict", "--model", output, "--data", reviews, "--output", table)
    assert done["n"] == 40 and done["output"] == str(table) and sum(done["labels"].values()) == 40
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "text", "label", "probability", "margin", "cut", "probability of no", "probability of yes", "nr", "urteil",
    ]  # fmt: skip
    (first,) = predict.predict(predictor, {"text": [rows[0]["text"]]})
    assert isinstance(first, Labelled)
    assert rows[0]["label"] == first.label and float(rows[0]["probability"]) == pytest.approx(first.probability)
    right = sum(row["label"] == row["urteil"] for row in rows)
    assert right / 40 == measured["accuracy"]

    one = answered(capsys, "predict", "--model", output, "--text", "i love the film .")
    (ours,) = predict.predict(predictor, {"text": ["i love the film ."]})
    assert isinstance(ours, Labelled)
    assert one["label"] == ours.label and one["probabilities"] == pytest.approx(dict(ours.probabilities))
    assert one["n"] == 1 and one["cut"] is False and one["text"] == "i love the film ."


@pytest.mark.training
def test_ctrl_c_stops_cleanly_and_run_goes_on(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tiny_bert: Path,
    reviews: Path,
    tmp_path: Path,
) -> None:
    output = tmp_path / "run"
    real = train_module.listener

    def pressing(progress: Progress, *, tell_all: bool) -> Any:
        listen = real(progress, tell_all=tell_all)

        def pressed(event: Event) -> None:
            listen(event)
            if event.kind == "step" and event.step == 1:
                os.kill(os.getpid(), signal.SIGINT)

        return pressed

    monkeypatch.setattr(train_module, "listener", pressing)
    before = signal.getsignal(signal.SIGINT)
    code, out, err = call(capsys, *train("--epochs", 8, output=output, model=tiny_bert, file=reviews))
    assert code == 130 and out == ""
    assert signal.getsignal(signal.SIGINT) == before
    assert "stopping after this step" in err and "Traceback" not in err
    assert err.splitlines()[-1].endswith(f"go on with: python -m core train --run {output}")
    assert runs.open_folder(output).state.status == "cancelled"

    monkeypatch.setattr(train_module, "listener", real)
    result = answered(capsys, "train", "--run", output)
    assert result["steps"] == 32 and result["run"] == str(output)
    assert [event.values["resumed"] for event in runs.events(runs.open_folder(output)) if event.kind == "start"] == [
        False,
        True,
    ]
    assert "cannot be resumed" in refused(capsys, "train", "--run", output)


def test_pairs_from_a_file(capsys: pytest.CaptureFixture[str], tiny_bert: Path, tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    lines = [
        "a\tb\tsame",
        *(f"{text} {i}\t{other}\t{int(text == other)}" for i in range(4) for text in TEXTS for other in (text, "bad")),
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    output = tmp_path / "run"
    columns = ["--text-column", "a", "--pair-column", "b", "--label-column", "same"]
    answered(capsys, "train", "--model", tiny_bert, "--data", file, *columns, "--epochs", 1, "--output", output)
    assert runs.open_folder(output).config.task == "pair-classification"
    measured = answered(capsys, "evaluate", "--model", output, "--data", file)
    assert measured["n"] == 32, "the run's own columns and task are taken"
    table = tmp_path / "out.csv"
    answered(capsys, "predict", "--model", output, "--data", file, "--output", table)
    with table.open(encoding="utf-8", newline="") as rows:
        assert next(csv.DictReader(rows))["pair"] == TEXTS[0]
    one = answered(capsys, "predict", "--model", output, "--text", "good", "--pair", "bad")
    assert one["pair"] == "bad"


def test_a_column_is_named_by_its_role(capsys: pytest.CaptureFixture[str], reviews: Path, tmp_path: Path) -> None:
    def columns(*options: str) -> tuple[tuple[str, str], ...]:
        parsed = cli.parser().parse_args(["train", "--model", "minilm", "--data", str(reviews), *options])
        given = {"model": "minilm", "data": str(reviews)}
        return train_module._asked(given, named_columns(parsed), reading_of(parsed), AS_READ).config.columns

    promised = columns("--text-column", "satz", "--label-column", "urteil")
    assert promised == (("text", "satz"), ("label", "urteil"))
    assert columns("--column", "label=urteil", "--column", "text=satz") == promised
    assert columns("--label-column", "urteil", "--column", "text=satz") == promised
    assert columns("--label-column", "2", "--column", "text=3") == promised


def config_of(monkeypatch: pytest.MonkeyPatch, *options: object) -> RunConfig:
    """The run that a command line would create."""
    created: list[RunConfig] = []

    def create(config: RunConfig, file: Path | None, *, folder: Path) -> runs.Run:
        created.append(config)
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "create", create)
    assert cli.main(["train", "--output", "none", *map(str, options)]) == 130
    return created[0]


def test_every_value_of_the_recipe_is_an_option(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tiny_bert: Path, reviews: Path
) -> None:
    data = ["--model", tiny_bert, "--data", reviews]
    assert config_of(monkeypatch, *data) == RunConfig(str(tiny_bert), str(reviews)), "the defaults are those of a run"
    values = {row.field: row.minimum + row.step * (row.minimum == 0) for row in PARAMETERS.values()}
    typed = {name: type(vars(RunConfig("", ""))[name])(value) for name, value in values.items()}
    flags = [part for name, value in typed.items() for part in (f"--{name.replace('_', '-')}", value)]
    config = config_of(monkeypatch, *data, *flags, "--method", "lora", "--class-weights")
    assert {name: vars(config)[name] for name in typed} == typed
    assert config.method == "lora" and config.class_weights is True
    preset = config_of(monkeypatch, *data, "--preset", "quick", "--epochs", 3)
    assert preset.preset == "quick" and preset.epochs == 3
    rows = load(str(reviews), LAYOUTS["text-label"], allow_path=True).report.counts["train"]
    expected = fitted("quick", Size(rows, 2)) | {"epochs": 3}
    assert expected == {name: vars(preset)[name] for name in expected}
    assert set(METHODS) == {"full", "frozen", "head", "lora"}


def test_a_preset_makes_enough_steps_of_few_rows_and_too_few_are_remarked_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tiny_bert: Path, reviews: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(train_module, "_work", lambda run, *, started_by_hand: 0)
    data = ["train", "--model", tiny_bert, "--data", reviews, "--output"]
    assert cli.main([*map(str, data), str(tmp_path / "plain")]) == 0
    err = capsys.readouterr().err
    assert "2 steps are too few to learn from: choose more epochs (50 would do)" in err
    assert "2 × 1 = 2 steps; learning rate 1.0e-04" in err
    assert cli.main([*map(str, data), str(tmp_path / "quick"), "--preset", "quick"]) == 0
    assert "too few to learn from" not in capsys.readouterr().err


def test_after_a_run_it_is_said_what_would_help_most(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name, says in (
        ("counting", "does not beat counting words: Accuracy 0.800, TF-IDF with logistic regression 1.000"),
        ("rare", "Never found: sad."),
    ):
        run = runs.Run(name, tmp_path, SHOWN[name].config, runs.RunState("finished", 0.0))
        train_module.tell_next(run, SHOWN[name].report)
        assert says in capsys.readouterr().err
    train_module.tell_next(run, ended().report)
    assert capsys.readouterr().err == ""


def test_a_high_learning_rate_is_remarked_on_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tiny_bert: Path, reviews: Path
) -> None:
    data = ["--model", tiny_bert, "--data", reviews, "--learning-rate"]
    config_of(monkeypatch, *data, 3e-4)
    assert "learning rate" not in capsys.readouterr().err
    config_of(monkeypatch, *data, 4e-4)
    lines = [line for line in capsys.readouterr().err.splitlines() if "learning rate" in line]
    assert lines == ["the learning rate 0.0004 is high for this model; about 0.0001 suits it: --learning-rate 0.0001"]
    config_of(monkeypatch, *data, 4e-4, "--method", "lora")
    assert "learning rate" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "task"),
    [
        ("", "text-classification"),
        ("--text-column a --label-column same", "text-classification"),
        ("--pair-column b", "pair-classification"),
        ("--column pair=b", "pair-classification"),
        ("--text-column a --label-column same --task masked-language-modelling", "masked-language-modelling"),
    ],
)
def test_the_task_follows_from_the_columns(
    monkeypatch: pytest.MonkeyPatch, tiny_classifier: Path, tmp_path: Path, options: str, task: str
) -> None:
    file = tmp_path / "pairs.tsv"
    rows = [(f"{text} {end}", f"it is {text} {end}", end) for text in TEXTS for end in ("good", "bad", "film")]
    file.write_text("\n".join("\t".join(row) for row in [("a", "b", "same"), *rows]), encoding="utf-8")
    model = "minilm" if "masked" in task else tiny_classifier
    config = config_of(monkeypatch, "--model", model, "--data", file, *options.split())
    assert config.task == task and ("label" in dict(config.columns)) is ("label" in options and "masked" not in task)


# --- Pre-training ------------------------------------------------------------------------------------------------------


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A text file of 60 short documents."""
    path = tmp_path / "notes.txt"
    path.write_text(
        "\n\n".join(f"{text} {i}. {text} {end}." for i in range(15) for text, end in zip(TEXTS, BAD, strict=True)),
        encoding="utf-8",
    )
    return path


@pytest.mark.training
def test_pre_training_on_a_text_file(
    capsys: pytest.CaptureFixture[str], notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masked, "SCRATCH_VOCABULARY", 320)
    output = tmp_path / "run"
    task = ["--task", "masked-language-modelling"]
    short = ["--epochs", 2, "--batch-size", 8, "--max-length", 16, "--learning-rate", "3e-3"]
    code, out, err = call(capsys, "train", *task, "--model", "scratch", "--data", notes, *short, "--output", output)
    assert code == 0, err
    assert "validation: Accuracy" in err and "Perplexity" in err and out.count("\n") == 1
    result = json.loads(out)
    assert result["split"] == "test" and result["n"] > 0 and result["blocks"] > 0
    assert result["accuracy_interval"][0] <= result["accuracy"] <= result["top5"] <= result["top5_interval"][1]
    assert result["loss"] < result["baseline_loss"] and result["perplexity"] > 1 and result["uniform_loss"] > 4
    assert "macro_f1" not in result and result["examples_per_second"] > 0 and result["peak_memory_mb"] > 0
    assert runs.open_folder(output).state.status == "finished" and not (output / "checkpoints").exists()

    measured = answered(capsys, "evaluate", "--model", output, "--data", notes)
    assert (measured["n"], measured["max_length"]) == (result["n"], 16)
    assert measured["loss"] == pytest.approx(result["loss"], abs=1e-5)
    assert "there is no [MASK] in" in refused(capsys, "predict", "--model", output, "--text", "a")
    filled = answered(capsys, "predict", "--model", output, "--text", "the [MASK] was [MASK]")
    assert filled["n"] == 1 and filled["text"] == "the [MASK] was [MASK]" and filled["cut"] is False
    assert [len(likely) for likely in filled["masks"]] == [5, 5] and set(filled["masks"][0][0]) == {
        "token",
        "probability",
    }
    gaps, table = tmp_path / "gaps.csv", tmp_path / "filled.csv"
    gaps.write_text("id,text\n1,the [MASK]\n2,\n", encoding="utf-8")
    done = answered(capsys, "predict", "--model", output, "--data", gaps, "--output", table)
    assert (done["n"], done["empty"]) == (1, 1) and "labels" not in done
    with table.open(encoding="utf-8", newline="") as lines:
        assert [(row["text"], bool(row["fill"]), row["id"]) for row in csv.DictReader(lines)] == [
            ("the [MASK]", True, "1"),
            ("", False, "2"),
        ]
    further = answered(
        capsys, "train", *task, "--model", output, "--data", notes, *short, "--output", tmp_path / "further"
    )
    assert further["baseline_loss"] == pytest.approx(result["loss"], abs=1e-4), "it goes on from what was learnt"


def test_next_sentences_from_a_text_file(
    capsys: pytest.CaptureFixture[str], tiny_bert: Path, notes: Path, tmp_path: Path
) -> None:
    output = tmp_path / "run"
    command = ["train", "--task", "next-sentence-prediction", "--model", tiny_bert, "--data", notes, "--epochs", 1]
    result = answered(capsys, *command, "--output", output)
    assert result["macro_f1"] is not None and result["n"] > 0
    measured = answered(capsys, "evaluate", "--model", output, "--data", notes)
    assert (measured["n"], measured["accuracy"], measured["split"]) == (result["n"], result["accuracy"], "test")
    one = answered(capsys, "predict", "--model", output, "--text", "i love the film .", "--pair", "it was good .")
    assert set(one["probabilities"]) == {"next", "not next"}
    table, file = tmp_path / "out.csv", tmp_path / "pairs.csv"
    file.write_text("sentence1,sentence2\ni love it,me too\n", encoding="utf-8")
    assert answered(capsys, "predict", "--model", output, "--data", file, "--output", table)["n"] == 1


# --- Evaluating and predicting -----------------------------------------------------------------------------------------


def test_a_text_that_nothing_can_be_held_back_of_is_said_to_be_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "one.txt"
    file.write_text("i love the good film . " * 40, encoding="utf-8")
    command = [
        "train",
        "--task",
        "masked-language-modelling",
        "--model",
        "scratch",
        "--data",
        file,
        "--epochs",
        1,
        "--batch-size",
        2,
    ]
    code, _out, err = call(capsys, *command, "--max-length", 16, "--output", tmp_path / "run")
    assert code == 0 and "too few rows to hold any back" in err
    code, _out, err = call(capsys, "evaluate", "--model", tmp_path / "run", "--data", file)
    assert code == 0 and "too few rows to hold any back" in err


def test_a_family_without_the_next_sentence_task_is_refused_before_anything_is_written(
    capsys: pytest.CaptureFixture[str], notes: Path, tmp_path: Path
) -> None:
    RobertaForMaskedLM(
        RobertaConfig(vocab_size=1000, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64)
    ).save_pretrained(tmp_path / "roberta")
    make_tokenizer().save_pretrained(tmp_path / "roberta")
    command = ["train", "--task", "next-sentence-prediction", "--model", tmp_path / "roberta", "--data", notes]
    assert "next sentence" in refused(capsys, *command, "--output", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_datasets_test_split_is_measured(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, tmp_path: Path
) -> None:
    model = tmp_path / "renamed"
    shutil.copytree(tiny_classifier, model)
    edit(model, id2label={"0": "POSITIVE", "1": "NEGATIVE"}, label2id={"POSITIVE": 0, "NEGATIVE": 1})
    code, out, err = call(capsys, "evaluate", "--model", model, "--data", "rotten_tomatoes")
    assert code == 0, err
    found = json.loads(out.splitlines()[-1])
    assert (
        found["n"] == len(load("rotten_tomatoes", TASKS["text-classification"].layout).splits["test"])
        and found["split"] == "test"
    )
    assert "labels of the data = of the model: negative = NEGATIVE, positive = POSITIVE" in err.splitlines()
    assert re.search(r"^Accuracy +0\.\d{3} +0\.\d{3} to 0\.\d{3}$", out, re.MULTILINE)
    assert re.search(r"^POSITIVE +([01]\.\d{4} +){3}\d+$", out, re.MULTILINE)


def test_a_file_for_evaluation_may_lack_classes_and_repeat_rows(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, tmp_path: Path
) -> None:
    file = tmp_path / "test.csv"
    file.write_text("text,label\ni love pizza,GOOD\ni love pizza,GOOD\n,good\nthe film,\n", encoding="utf-8")
    code, out, err = call(capsys, "evaluate", "--model", tiny_classifier, "--data", file)
    assert code == 0, err
    assert json.loads(out.splitlines()[-1])["n"] == 2
    assert "2 rows of the file are the test: all that can be measured" in err
    assert "columns: text = text, label = label\n" in err
    assert "left out: 1 row: the text is empty, such as 'good'" in err
    assert "warning: 2 of 4 rows (50%) are left out" in err
    assert "GOOD = good" in err


def test_rows_without_text_keep_their_place(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, tmp_path: Path
) -> None:
    file, table = tmp_path / "new.csv", tmp_path / "out.csv"
    file.write_text("id,text\n1,i love pizza\n2,\n3,=the film\n4," + "good " * 100 + "\n", encoding="utf-8")
    found = answered(capsys, "predict", "--model", tiny_classifier, "--data", file, "--output", table)
    assert (found["n"], found["empty"], found["cut"]) == (3, 1, 1)
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["text"][:9] for row in rows] == ["i love pi", "", "'=the fil", "good good"]
    assert [bool(row["label"]) for row in rows] == [True, False, True, True]
    assert [row["cut"] for row in rows] == ["False", "", "False", "True"]


def test_a_file_of_empty_texts_keeps_its_rows(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, tmp_path: Path
) -> None:
    file, table = tmp_path / "new.csv", tmp_path / "out.csv"
    file.write_text("id,text\n1,\n2, \n", encoding="utf-8")
    found = answered(capsys, "predict", "--model", tiny_classifier, "--data", file, "--output", table)
    assert (found["n"], found["empty"], found["labels"]) == (0, 2, {"bad": 0, "good": 0})
    with table.open(encoding="utf-8", newline="") as lines:
        assert [(row["id"], row["label"]) for row in csv.DictReader(lines)] == [("1", ""), ("2", "")]


@pytest.mark.parametrize("name", ["one.jsonl", "one.json"])
def test_a_file_of_texts_alone_is_enough(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text('{"kommentar": "i love the film"}\n{"kommentar": "a bad plot"}\n', encoding="utf-8")
    table = tmp_path / "out.csv"
    found = answered(capsys, "predict", "--model", tiny_classifier, "--data", tmp_path / name, "--output", table)
    assert found["n"] == 2


# --- Looking -----------------------------------------------------------------------------------------------------------


def test_models_lists_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    found = answered(capsys, "models")["models"]
    assert [row["id"] for row in found] == list(models.MODELS)
    available = {row["id"]: row["available"] for row in found}
    assert available["minilm"] == "here" and available["bert-base-uncased"] in ("here", "unreachable")


def test_datasets_lists_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    found = answered(capsys, "datasets")["datasets"]
    assert [row["id"] for row in found] == list(DATASETS)
    assert found[0]["labels"] == ["negative", "positive"]


def test_tasks_lists_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    found = {row["id"]: row for row in answered(capsys, "tasks")["tasks"]}
    assert list(found) == list(TASKS)
    pairs = found["pair-classification"]
    assert pairs["columns"] == ["text", "pair", "label"] and pairs["inputs"] == ["text", "pair"]
    assert pairs["metrics"][0] == "accuracy" and pairs["gives"] == ["label"]


def test_tokenize_gives_the_true_ids(capsys: pytest.CaptureFixture[str]) -> None:
    found = answered(capsys, "tokenize", "--model", "minilm", "I love eating pizza")
    assert found["ids"] == [101, 1045, 2293, 5983, 10733, 102]
    assert found["tokens"] == ["[CLS]", "i", "love", "eating", "pizza", "[SEP]"]
    pair = answered(capsys, "tokenize", "--model", "minilm", "--pair", "why", "I love eating pizza")
    assert pair["n"] == 8


# --- Mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "COMMAND"),
        ("dance", "invalid choice: 'dance'"),
        ("train", "--model, --data, --output missing"),
        ("train --model minilm --data rotten_tomatoes", "--output missing"),
        ("train --run {tmp}/none", "there is no run in"),
        ("train --run {tmp} --epochs 2", "leave out --epochs"),
        ("train --model minilm --data rotten_tomatoes --output {tmp}/o --epochs many", "invalid float value: 'many'"),
        ("train --model minilm --data rotten_tomatoes --output {tmp}/o --epochs 0", "epochs is 0.0; it must be between"),
        ("train --model minilm --data rotten_tomatoes --output {tmp}/o --batch-size 0", "batch_size is 0"),
        ("train --model minilm --data rotten_tomatoes --output {tmp}/o --task dancing", "no task 'dancing'"),
        ("train --model minilm --data nothing --output {tmp}/o", "there is no dataset 'nothing'"),
        ("train --model minilm --data {tmp}/none.csv --output {tmp}/o", "there is no file"),
        ("train --model minilm --data {csv} --label-column lable --output {tmp}/o", "column 'lable' not found; the file has: nr, urteil, satz"),
        ("train --model ../x --data rotten_tomatoes --output {tmp}/o", "'../x' is not a model name"),
        ("train --model minilm --data {csv} --output {taken}", "is not empty and holds no run"),
        ("train --task masked-language-modelling --model minilm --data {tmp}/none.txt --output {tmp}/o", "there is no file"),
        ("train --task masked-language-modelling --model minilm --data {binary} --output {tmp}/o", "is not plain text"),
        ("train --task masked-language-modelling --model minilm --data {empty} --output {tmp}/o", "is empty"),
        ("train --task masked-language-modelling --model {model} --data rotten_tomatoes --output {tmp}/o", "has no head for masked"),
        ("train --task next-sentence-prediction --model minilm --data article-example --output {tmp}/o", "no pairs of neighbouring sentences"),
        ("train --model scratch --data rotten_tomatoes --output {tmp}/o", "from scratch knows nothing yet"),
        ("train --model minilm --data {csv} --column satz --output {tmp}/o", "'satz' is not ROLE=NAME"),
        ("train --model minilm --data {csv} --column question=satz --output {tmp}/o", "there is no column for 'question' here"),
        ("train --model minilm --data {csv} --column label=satz --label-column nr --output {tmp}/o", "'label' is named twice: satz, nr"),
        ("train --model minilm --data {csv} --method dance --output {tmp}/o", "there is no method 'dance'"),
        ("train --model minilm --data {csv} --preset dance --output {tmp}/o", "there is no preset 'dance'"),
        ("train --model minilm --data {csv} --warmup 2 --output {tmp}/o", "warmup is 2.0; it must be between"),
        ("train --task next-sentence-prediction --model minilm --data {csv} --class-weights --output {tmp}/o", "knows no class weights"),
        ("predict --model {model} --task pair-classification --text a", "reads text and pair; give --text and --pair"),
        ("evaluate --model minilm --task dancing --data rotten_tomatoes", "no task 'dancing'"),
        ("evaluate --model {model} --task masked-language-modelling --data rotten_tomatoes", "is a classifier of whole texts"),
        ("evaluate --model minilm --data rotten_tomatoes", "without a head for a task: fine-tune it first"),
        ("evaluate --model minilm --task text-classification --data rotten_tomatoes", "has no classifier"),
        ("evaluate --model {model} --data rotten_tomatoes", "(negative, positive) are not the model's (bad, good)"),
        ("evaluate --model {model} --data {csv}", "(no, yes) are not the model's (bad, good)"),
        ("evaluate --model {model} --data {tmp}/none.csv", "there is no file"),
        ("evaluate --model {model} --data {csv} --text-column x", "column 'x' not found"),
        ("predict --model {model}", "either --text TEXT or --data FILE"),
        ("predict --model {model} --text a --data {csv}", "either --text TEXT or --data FILE"),
        ("predict --model {model} --text ''", "the text is empty"),
        ("predict --model {model} --text a --output x.csv", "--output goes with --data"),
        ("predict --model {model} --data {csv}", "--output is missing"),
        ("predict --model {model} --data {csv} --output {tmp}/o.xlsx", "must end in .csv"),
        ("predict --model {model} --data {csv} --output {tmp}/none/o.csv", "there is no folder"),
        ("predict --model {model} --data {csv} --output {csv}", "is the file that is read"),
        ("predict --model {tmp}/none --text a", "is not a model name"),
        ("predict --model run:20250102-030405-0a1b2c --text a", "has no model"),
        ("tokenize --model minilm", "required: TEXT"),
        ("tokenize --model minilm ' '", "no text to work on"),
        ("tokenize --model bert-base-uncased hello", "hub cannot be reached"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_line(
    capsys: pytest.CaptureFixture[str],
    tiny_classifier: Path,
    reviews: Path,
    tmp_path: Path,
    line: str,
    expected: str,
) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "thesis.txt").write_text("mine")
    (tmp_path / "binary.txt").write_bytes(bytes(range(32)) * 50)
    (tmp_path / "empty.txt").write_text("")
    places = {"tmp": tmp_path, "csv": reviews, "model": tiny_classifier, "taken": taken}
    places |= {"binary": tmp_path / "binary.txt", "empty": tmp_path / "empty.txt"}
    before = sorted(path for path in tmp_path.rglob("*") if "studio" not in path.parts)
    found = refused(capsys, *shlex.split(line.format(**places)))
    assert expected in found
    after = sorted(path for path in tmp_path.rglob("*") if "studio" not in path.parts)
    assert after == before, "a mistake leaves nothing behind"


def test_a_message_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(capsys, "predict", "--model", "\x1b[2J\rred\nx", "--text", "a")
    assert "\x1b" not in line and "\r" not in line


# --- As a program ------------------------------------------------------------------------------------------------------


def program(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        **options,
    )


@pytest.mark.parametrize("command", ["", "models", "datasets", "tasks", "tokenize", "train", "evaluate", "predict"])
def test_help_teaches_by_examples(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, err = call(capsys, *command.split(), "--help")
    assert code == 0 and err == ""
    examples = [line.strip() for line in out.splitlines() if line.strip().startswith("python -m core")]
    assert examples
    for example in examples:
        arguments = shlex.split(example.partition(" | ")[0], comments=True)[3:]
        arguments = re.split(r"\s{3,}", " ".join(map(shlex.quote, arguments)))[0]
        if "--help" not in arguments and "go on" not in arguments:
            cli.parser().parse_args(shlex.split(arguments))


def test_help_and_waiting_runs_load_nothing_heavy() -> None:
    heavy = "('torch', 'transformers', 'pandas', 'sklearn', 'datasets', 'streamlit')"
    check = f"import sys; from core import __main__, runs; __main__.parser(); print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.training
def test_the_program_keeps_stderr_clean_and_never_loads_streamlit(tiny_classifier: Path) -> None:
    done = program("predict", "--model", tiny_classifier, "--text", "我爱电影")
    assert done.returncode == 0 and done.stderr == ""
    assert json.loads(done.stdout)["text"] == "我爱电影"
    assert '"我爱电影"' in done.stdout


@pytest.mark.training
@pytest.mark.skipif(sys.platform != "linux", reason="torch has GNU's OpenMP there, whose threads these are")
def test_idle_threads_of_torch_give_their_core_away_soon() -> None:
    told = program("models", env={**os.environ, "OMP_DISPLAY_ENV": "verbose"}).stderr
    found = set(re.findall(r"GOMP_SPINCOUNT = '(\d+)'", told))
    assert found == {settings.SPIN}, "it is read when torch is loaded, whoever loads it first"


@pytest.mark.training
def test_a_reader_that_leaves_early_is_no_error() -> None:
    shell = f"{shlex.quote(sys.executable)} -m core datasets | head -1"
    done = subprocess.run(["bash", "-c", shell], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.startswith("dataset") and done.stderr == ""
