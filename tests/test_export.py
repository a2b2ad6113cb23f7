"""core.export: what is taken away opens safely elsewhere and says only what is true."""

import csv
import io
import json
import tracemalloc
import zipfile
from dataclasses import replace
from math import exp, log
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter
from transformers import BertForMaskedLM, pipeline

from core import predict
from core.errors import UserError
from core.export.card import model_card
from core.export.folder import zip_model
from core.export.tables import csv_text, with_columns
from core.results import DataReport, Dropped, Evaluation, Measure, Movement, RunConfig, RunReport
from core.tasks.base import as_json
from core.tasks.class_scores import measure
from core.tasks.masked import Likely, Masks, Probe
from core.tasks.table import TASKS
from tests.conftest import make_config, make_tokenizer

CONFIG = RunConfig(
    model="minilm",
    data="data/my_reviews.csv",
    name="Reviews | <b>mine</b>",
    columns=(("text", "review"),),
    epochs=3.0,
    learning_rate=5e-5,
    seed=7,
)


def report() -> RunReport:
    true = np.array([0, 0, 1, 1, 1])
    probs = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7], [0.1, 0.9]])
    measured = measure("text-classification", ("bad", "good"), true, probs, {"text": list("abcde")})
    return RunReport(
        evaluations={"test": measured, "validation": measured},
        movement=(Movement("embeddings", 10, 0.1, 1.0),),
        seconds=12.3,
        examples_per_second=45.6,
        tokens_per_second=789.0,
        peak_memory_mb=1011.0,
        steps=100,
        best_step=50,
        cut_share=0.25,
        environment={"torch": "2.13.0"},
        data=DataReport(60, (Dropped("the label is missing", 3),), {"train": 40, "test": 5}, {"bad": 20, "good": 25}),
    )


@pytest.fixture
def run(tmp_path: Path, tiny_classifier: Path) -> Path:
    folder = tmp_path / "20250102-030405-0a1b2c"
    folder.mkdir()
    (folder / "model").mkdir()
    for path in tiny_classifier.iterdir():
        (folder / "model" / path.name).write_bytes(path.read_bytes())
    (folder / "config.json").write_bytes(TypeAdapter(RunConfig).dump_json(CONFIG))
    (folder / "report.json").write_bytes(TypeAdapter(RunReport).dump_json(report()))
    return folder


def unpacked(run: Path, target: Path) -> Path:
    """The one folder in the zip of a run."""
    content = io.BytesIO()
    zip_model(run, content)
    with zipfile.ZipFile(content) as archive:
        assert archive.testzip() is None
        archive.extractall(target)
    (folder,) = target.iterdir()
    return folder


# --- The zip -----------------------------------------------------------------------------------------------------------


def test_the_zip_holds_one_folder_that_pipeline_loads(run: Path, tmp_path: Path) -> None:
    folder = unpacked(run, tmp_path / "unpacked")
    assert folder.name == "bert-studio-20250102-030405-0a1b2c"
    names = {path.name for path in folder.iterdir()}
    assert names >= {"config.json", "model.safetensors", "tokenizer.json", "README.md", "run.json", "report.json"}
    (answer,) = pipeline("text-classification", str(folder))("i love pizza")
    (ours,) = predict.predict(predict.load(str(run), allow_path=True), {"text": ["i love pizza"]})
    assert answer["label"] == ours.label
    assert answer["score"] == pytest.approx(ours.probability, abs=1e-6)
    assert (folder / "model.safetensors").read_bytes() == (run / "model" / "model.safetensors").read_bytes()


def test_the_runs_own_files_are_in_the_zip(run: Path, tmp_path: Path) -> None:
    folder = unpacked(run, tmp_path / "unpacked")
    assert TypeAdapter(RunConfig).validate_json((folder / "run.json").read_bytes()) == CONFIG
    assert TypeAdapter(RunReport).validate_json((folder / "report.json").read_bytes()) == report()


def test_a_stopped_run_has_no_report_and_its_card_says_so(run: Path, tmp_path: Path) -> None:
    (run / "report.json").unlink()
    folder = unpacked(run, tmp_path / "unpacked")
    assert not (folder / "report.json").exists()
    assert "was not measured" in (folder / "README.md").read_text(encoding="utf-8")


def test_folders_of_this_machine_stay_here(run: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, model="/home/somebody/secret/tiny", data="/home/somebody/rows.csv", name="")
    (run / "config.json").write_bytes(TypeAdapter(RunConfig).dump_json(config))
    folder = unpacked(run, tmp_path / "unpacked")
    for name in ("run.json", "README.md"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "somebody" not in text and "tiny" in text and "rows.csv" in text


def test_a_link_in_the_model_folder_is_not_followed(run: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (run / "model" / "notes.txt").symlink_to(tmp_path / "secret.txt")
    folder = unpacked(run, tmp_path / "unpacked")
    assert not (folder / "notes.txt").exists()


def test_the_weights_are_never_in_memory_as_a_whole(run: Path, tmp_path: Path) -> None:
    size = 64 * 2**20
    with (run / "model" / "model.safetensors").open("r+b") as weights:
        weights.truncate(size)
    tracemalloc.start()
    with (tmp_path / "model.zip").open("wb") as target:
        zip_model(run, target)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "model.zip").stat().st_size > size
    assert peak < size / 8


def test_a_run_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no model"):
        zip_model(tmp_path, io.BytesIO())


@pytest.mark.parametrize("name", ["config.json", "report.json"])
def test_a_damaged_file_is_named(run: Path, name: str) -> None:
    (run / name).write_text("{")
    with pytest.raises(UserError, match=f"{name} of this run cannot be read"):
        zip_model(run, io.BytesIO())


def test_a_task_of_a_newer_version_is_named(run: Path) -> None:
    (run / "config.json").write_bytes(TypeAdapter(RunConfig).dump_json(replace(CONFIG, task="dancing")))
    with pytest.raises(UserError, match="task 'dancing' is not known here"):
        zip_model(run, io.BytesIO())


# --- The card ----------------------------------------------------------------------------------------------------------


def test_the_card_says_what_was_asked_and_measured() -> None:
    card = model_card(CONFIG, report(), ("bad", "good"))
    low, high = report().evaluations["test"].metrics["accuracy"].bounds
    for fact in (
        "sentence-transformers/all-MiniLM-L6-v2",
        "my\\_reviews.csv",
        "bad, good",
        "| Epochs | 3 |",
        "| Learning rate | 5e-05 |",
        "| Seed | 7 |",
        f"| Accuracy | 0.8000 ({low:.4f} to {high:.4f}) |",
        "| Measured on | 5 texts |",
        "| Accuracy of always answering the most frequent label | 0.6000 |",
        "| bad | 1.0000 | 0.5000 | 0.6667 | 2 |",
        "| Left out: the label is missing | 3 |",
        "| Training texts longer than the longest input | 25.0% |",
        "| Steps | 100, weights of step 50 |",
        "| torch | 2.13.0 |",
    ):
        assert fact in card, fact


def test_the_card_says_which_columns_are_one_text() -> None:
    read = replace(report().data, columns=("subject", "body", "topic"), used={"text": "subject+body", "label": "topic"}, separator=" | ")  # fmt: skip
    card = model_card(CONFIG, replace(report(), data=read), ("bad", "good"))
    assert '| Column of the text | subject+body, joined by " \\| " |' in card
    assert "| Column of the label | topic |" in card


def test_the_cards_front_matter_is_what_the_hub_reads() -> None:
    card = model_card(CONFIG, None, ("bad", "good"))
    assert card.startswith("---\n")
    lines = dict(line.split(": ", 1) for line in card.split("---\n")[1].splitlines())
    assert {name: json.loads(value) for name, value in lines.items()} == {
        "library_name": "transformers",
        "pipeline_tag": "text-classification",
        "tags": ["text-classification", "bert-studio"],
        "base_model": "sentence-transformers/all-MiniLM-L6-v2",
    }
    assert "base_model" not in model_card(replace(CONFIG, model="run:20250102-030405-0a1b2c"), None, ("a", "b"))


def test_names_in_the_card_are_text_and_nothing_else() -> None:
    card = model_card(CONFIG, None, ("</script><script>x", "a|b\n# c", "[link](http://x)"))
    assert "# Reviews \\| &lt;b&gt;mine&lt;/b&gt;" in card
    assert "<script" not in card and "\n# c" not in card and "a\\|b \\# c" in card and "\\[link\\]" in card


def test_the_card_of_a_masked_language_model() -> None:
    config = replace(CONFIG, task="masked-language-modelling", data="data/notes.txt", name="")
    half = Measure(0.5, 0.4, 0.6)
    detail = as_json(Masks(12, 1000, log(1000), (Probe("A [MASK].", (Likely("cat", 0.25), Likely("dog", 0.125))),)))

    def measured(loss: float) -> Evaluation:
        metrics = {"accuracy": half, "top5": half, "loss": Measure(loss), "perplexity": Measure(exp(loss))}
        return Evaluation(config.task, 90, metrics, detail)

    result = replace(report(), evaluations={"test": measured(2.0), "baseline": measured(3.0)}, cut_share=0.0)
    card = model_card(config, result, ())
    assert 'pipeline_tag: "fill-mask"' in card and 'pipeline("fill-mask"' in card
    assert "pre-trained further on **notes.txt**. It reads a text with masked tokens" in card and "labels:" not in card
    assert "## Test split" in card and "## Before training" in card and "## Validation split" not in card
    assert "longer than the longest input" not in card, "they go on in the next block"
    assert "| Measured on | 90 masked tokens |" in card and "| Loss | 2.0000 |" in card and "| Loss | 3.0000 |" in card
    assert "| Perplexity | 7.3891 |" in card and "| Loss of a model that knows nothing (ln V) | 6.9078 |" in card
    assert "| A \\[MASK\\]. | cat 0.250, dog 0.125 |" in card
    scratch = model_card(replace(config, model="scratch"), None, ())
    assert "# a tiny new BERT with its own vocabulary trained from scratch on notes.txt" in scratch


def test_the_card_of_next_sentences_and_every_task_has_its_words() -> None:
    card = model_card(replace(CONFIG, task="next-sentence-prediction"), None, ("next", "not next"))
    assert "says whether the second follows the first" in card and "pipeline_tag" not in card
    for task in TASKS:
        text = model_card(replace(CONFIG, task=task), None, ("a", "b"))
        compile(text.split("```python\n")[1].split("```")[0], "snippet", "exec")


def test_a_masked_language_model_is_zipped(tmp_path: Path) -> None:
    BertForMaskedLM(make_config()).save_pretrained(tmp_path / "run" / "model")
    make_tokenizer().save_pretrained(tmp_path / "run" / "model")
    config = replace(CONFIG, task="masked-language-modelling")
    (tmp_path / "run" / "config.json").write_bytes(TypeAdapter(RunConfig).dump_json(config))
    folder = unpacked(tmp_path / "run", tmp_path / "out")
    assert len(pipeline("fill-mask", str(folder))("the film was [MASK]")) == 5


def test_the_snippet_of_a_pair_model_gives_two_texts() -> None:
    card = model_card(replace(CONFIG, task="pair-classification"), None, ("a", "b"))
    assert '"text_pair"' in card and "reads two texts" in card


# --- Tables ------------------------------------------------------------------------------------------------------------


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "-0.5", "+"])
def test_formula_cells_are_neutralised(cell: str) -> None:
    text = csv_text(pd.DataFrame({"text": [cell], cell: ["plain"]}))
    assert cells(text) == [["text", f"'{cell}"], [f"'{cell}", "plain"]]


@pytest.mark.parametrize("cell", ["a=1", "plain", "", "a, b", 'say "hi"', "two\nlines", "a\r=1", "我=1", "'=1"])
def test_other_cells_come_back_as_they_were(cell: str) -> None:
    assert cells(csv_text(pd.DataFrame({"a": [cell, "x"], "b": ["y", cell]}))) == [
        ["a", "b"],
        [cell, "y"],
        ["x", cell],
    ]


def test_numbers_stay_numbers() -> None:
    frame = pd.DataFrame({"score": [-0.5, 0.25], "count": [-1, 2], "right": [True, False], "mixed": ["-1", 2]})
    assert cells(csv_text(frame)) == [
        ["score", "count", "right", "mixed"],
        ["-0.5", "-1", "True", "'-1"],
        ["0.25", "2", "False", "2"],
    ]


def test_columns_of_one_name_and_missing_values_are_kept() -> None:
    frame = pd.DataFrame([["=1", None], ["x", float("nan")]], columns=["a", "a"])
    assert cells(csv_text(frame)) == [["a", "a"], ["'=1", ""], ["x", ""]]


def test_the_byte_order_mark_is_an_option() -> None:
    frame = pd.DataFrame({"文本": ["好"]})
    assert csv_text(frame) == "文本\r\n好\r\n"
    assert csv_text(frame, mark=True) == "\ufeff文本\r\n好\r\n"


def test_an_empty_table_has_its_header() -> None:
    assert csv_text(pd.DataFrame({"a": [], "b": []})) == "a,b\r\n"


def test_further_columns_come_last_and_a_taken_name_gets_a_number() -> None:
    frame = pd.DataFrame({"text": ["=1", "no"], "label": ["good", "bad"]})
    longer = with_columns(frame, {"id": [1, 2], "label": ["x", "y"]})
    assert list(longer.columns) == ["text", "label", "id", "label (2)"]
    assert longer.iloc[0].tolist() == ["=1", "good", 1, "x"]
    assert cells(csv_text(longer))[1] == ["'=1", "good", "1", "x"]
    assert list(with_columns(longer, {"label": [1, 2]}).columns)[-1] == "label (3)"
