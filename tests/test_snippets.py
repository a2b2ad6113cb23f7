""" "Show the code": every script of pages.shared.snippets runs by itself and gives the numbers that core gives the page."""

import contextlib
import inspect
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from core import attention, data, explain, predict
from core import models as core_models
from core import tokens as core_tokens
from core.results import DataReport, Event, RunConfig, RunReport
from pages.shared import snippets

RUN = "20260101-000000-abcdef"
NAME = f"run:{RUN}"
TEXTS = [
    ("the film was not bad, and i love the plot!", ""),
    ("the film was good", "the acting was awful."),
    ("'; raise SystemExit('no text becomes code') # \"\"\" \\ {braces} </script>", ""),
    ("我爱电影 🙂 مرحبا \x07 tab\there\nand a line", ""),
    ("walking " * 200, ""),
]


def run_script(code: str) -> dict[str, object]:
    """The variables a script leaves behind; what it prints is kept from the test's output, but must be something."""
    variables: dict[str, object] = {}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "snippet", "exec"), variables)
    assert printed.getvalue().strip()
    return variables


@pytest.fixture
def classifier(studio_home: Path, tiny_classifier: Path) -> predict.Predictor:
    """The tiny classifier as a finished run."""
    folder = studio_home / "runs" / RUN / "model"
    shutil.copytree(tiny_classifier, folder)
    return predict.load(NAME)


TESTED: dict[str, Callable[..., None]] = {}


def of(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Note which snippet a test is about, so that none can be left untested."""

    def note(test: Callable[..., None]) -> Callable[..., None]:
        TESTED[name] = test
        return test

    return note


def test_every_snippet_has_a_test() -> None:
    public = {
        name
        for name, function in inspect.getmembers(snippets, inspect.isfunction)
        if not name.startswith("_") and function.__module__ == snippets.__name__
    }
    assert public == set(TESTED)


@of("tokens")
@pytest.mark.parametrize(("text", "pair"), TEXTS)
def test_tokens(classifier: predict.Predictor, text: str, pair: str) -> None:
    found = run_script(snippets.tokens(NAME, text, pair, 32))
    expected = core_tokens.tokenize(classifier.tokenizer, text, pair, model=NAME, max_length=32)
    assert tuple(found["encoding"]["input_ids"]) == expected.ids  # type: ignore[index]


@of("predict")
@pytest.mark.parametrize(("text", "pair"), TEXTS)
def test_predict(classifier: predict.Predictor, text: str, pair: str) -> None:
    found = run_script(snippets.predict(NAME, text, pair, classifier.max_length))
    answers = found["answers"]
    expected = predict.predict(classifier, [text], [pair] if pair else None)[0]
    assert isinstance(answers, list)
    assert {answer["label"]: answer["score"] for answer in answers} == pytest.approx(expected.probabilities, abs=1e-5)
    assert answers[0]["label"] == expected.label


@of("attributions")
@pytest.mark.parametrize("method", explain.METHODS)
@pytest.mark.parametrize(("text", "pair"), TEXTS)
def test_attributions(classifier: predict.Predictor, text: str, pair: str, method: str) -> None:
    expected = explain.explain(classifier, text, pair, label="good", method=method)
    words = [(word.source, word.start, word.end) for word in expected.words]
    found = run_script(snippets.attributions(NAME, text, pair, "good", method, classifier.max_length, words))
    scores = found["scores"]
    assert isinstance(scores, list) and scores
    assert sum(scores) == pytest.approx(expected.total, abs=1e-4)
    if method == "deletion":
        assert scores == pytest.approx([word.score for word in expected.words], abs=1e-5)
        return
    encoding = core_tokens.tokenize(classifier.tokenizer, text, pair, model=NAME, max_length=classifier.max_length)
    for word in expected.words:
        parts = [
            score
            for score, token in zip(scores, encoding.tokens, strict=True)
            if token.source == word.source and word.start <= (token.start or 0) < word.end
        ]
        assert sum(parts) == pytest.approx(word.score, abs=1e-4), word


@of("attention")
@pytest.mark.parametrize("pair", ["", "the acting was awful."])
def test_attention(classifier: predict.Predictor, pair: str) -> None:
    text = "the film was good"
    found = run_script(snippets.attention(NAME, text, pair, 16, 1, 0))
    model = core_models.load_encoder(NAME, attention="eager")
    expected = attention.attend(model, classifier.tokenizer, text, pair, layer=1, max_length=16, name=NAME)
    assert tuple(found["tokens"]) == expected.tokens.texts  # type: ignore[arg-type]
    assert np.asarray(found["weights"]) == pytest.approx(expected.weights[0, 0], abs=1e-6)


def rows_of(code: str, labels: tuple[str, ...]) -> pd.DataFrame:
    """The rows that a snippet of training_rows reads, with the imports the whole script has."""
    head = "import pandas as pd\nfrom importlib.util import find_spec\nfrom pathlib import Path\n"
    return run_script(f"{head}labels = {list(labels)!r}\n{code}print(len(rows))\n")["rows"]  # type: ignore[return-value]


@of("training_rows")
@pytest.mark.parametrize("kind", ["csv", "tsv", "json", "jsonl", "parquet"])
def test_training_rows_of_a_file(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame(
        {
            "no": [str(i) for i in range(30)],
            "What, if anything?": [f'the film, no. {i}, was "good" – 好' for i in range(30)],
            "answer": [["yes", "no"][i % 2] for i in range(30)],
        }
    )
    path = tmp_path / f"file.{kind}"
    if kind == "parquet":
        frame.to_parquet(path)
    elif kind in ("json", "jsonl"):
        frame.to_json(path, orient="records", lines=kind == "jsonl", force_ascii=False)
    else:
        frame.to_csv(path, index=False, sep="\t" if kind == "tsv" else ";", encoding="utf-8-sig")
    dataset = data.load(str(path), text_column="What, if anything?", label_column="answer", allow_path=True)
    monkeypatch.chdir(tmp_path)
    code = snippets.training_rows(str(path), path.name, dataset.columns, dataset.report)
    rows = rows_of(code, dataset.label_names)
    core_rows = [(row["text"], dataset.label_names[row["label"]]) for split in dataset.splits.values() for row in split]
    assert sorted(zip(rows["text"], rows["label"], strict=True)) == sorted(core_rows)


@pytest.mark.parametrize("name", ["article-example", "rotten_tomatoes"])
def test_training_rows_of_a_bundled_dataset(name: str) -> None:
    dataset = data.load(name)
    rows = rows_of(snippets.training_rows(name, "", dataset.columns, dataset.report), dataset.label_names)
    kept = {(row["text"], dataset.label_names[row["label"]]) for split in dataset.splits.values() for row in split}
    read = {(" ".join(text.split()), label) for text, label in zip(rows["text"], rows["label"], strict=True)}
    assert {(" ".join(text.split()), label) for text, label in kept} <= read
    assert len(read) <= len(kept) + sum(dropped.count for dropped in dataset.report.dropped)


@of("finetune")
@pytest.mark.parametrize("method", ["full", "frozen", "head", "lora"])
@pytest.mark.parametrize("pair", [False, True])
def test_finetune(
    studio_home: Path,
    tiny_bert: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: Literal["full", "frozen", "head", "lora"],
    pair: bool,
) -> None:
    shutil.copytree(tiny_bert, studio_home / "runs" / RUN / "model")
    monkeypatch.chdir(tmp_path)
    config = RunConfig(
        model=NAME, data="file.csv", method=method, epochs=1, batch_size=8, max_length=16, class_weights=pair, limit=40
    )
    words = ["good", "bad", "great", "awful"]
    frame = pd.DataFrame(
        {
            "text": [f"the film {i} was {words[i % 4]}" for i in range(60)],
            "label": [["yes", "no"][i % 2] for i in range(60)],
        }
        | ({"pair": [f"acting {i}" for i in range(60)]} if pair else {})
    )
    rows = f"rows = pd.DataFrame({frame.to_dict('list')!r})\n"
    found = run_script(snippets.finetune(config, rows, ("no", "yes"), pair=pair, held_out=True))
    result, test, model = found["result"], found["test"], found["trainer"].model  # type: ignore[attr-defined]
    columns = {name: list(test[name]) for name in (("text", "pair") if pair else ("text",))}  # type: ignore[index]
    probs = predict.probabilities(model, found["tokenizer"], columns, 16)  # type: ignore[arg-type]
    truth = np.array([("no", "yes").index(label) for label in test["label"]])  # type: ignore[index]
    measured = predict.measure(("no", "yes"), truth, probs, columns)
    assert result["eval_accuracy"] == pytest.approx(measured.accuracy.value)  # type: ignore[index]
    assert result["eval_macro_f1"] == pytest.approx(measured.macro_f1.value)  # type: ignore[index]
    assert len(found["train"]) == 40  # type: ignore[arg-type]


@of("run_folder")
def test_run_folder(tmp_path: Path) -> None:
    truth, probs = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    test = predict.measure(("bad", "good"), truth, probs, {"text": ["a", "b", "c"]})
    report = RunReport(
        test, None, None, (), 1.0, 2.0, 3.0, 4.0, 2, 2, 0.0, {}, DataReport(3, (), {"test": 3}, {"bad": 1, "good": 2})
    )
    (tmp_path / "report.json").write_bytes(TypeAdapter(RunReport).dump_json(report))
    events = [Event(float(i), "step", i, 2, i / 2, {"loss": 0.7 / i, "learning_rate": 1e-4}) for i in (1, 2)]
    events.append(Event(3.0, "end", 2, 2, 1.0))
    (tmp_path / "events.jsonl").write_bytes(b"".join(TypeAdapter(Event).dump_json(event) + b"\n" for event in events))
    found = run_script(snippets.run_folder(str(tmp_path)))
    assert found["report"]["test"]["accuracy"]["value"] == test.accuracy.value  # type: ignore[index]
    assert list(found["loss"]) == pytest.approx([0.7, 0.35])  # type: ignore[call-overload]
