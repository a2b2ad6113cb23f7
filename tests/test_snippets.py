""" "Show the code": every script of pages.shared.snippets runs by itself and gives the numbers that core gives the page."""

import importlib
import inspect
import json
import pkgutil
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
import torch
from pydantic import TypeAdapter
from transformers import (
    AlbertConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    BertForPreTraining,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    DistilBertConfig,
    ElectraConfig,
    PretrainedConfig,
    RobertaConfig,
)

from core import article, attention, embeddings, encoder, explain, heads, predict, pretraining, vocabulary
from core import models as core_models
from core import tokens as core_tokens
from core.data import helpdesk
from core.data.bundled import ARTICLE, DATASETS
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import load as load_data
from core.finetune.methods import choose_parameters
from core.results import DataReport, Event, RunConfig, RunReport
from core.search import index
from core.search.vectors import Encoder
from core.search.ways import WAYS
from core.summarise import summary
from core.summarise.methods import METHODS
from core.tasks import class_scores, classify
from core.tasks.classify import TEXT
from core.tasks.masked import Filled
from core.tasks.multilabel import LabelSet
from core.tasks.scoring import TEXT as TEXT_SCORING
from core.tasks.scoring import Scored
from core.tasks.spans import Answered
from core.tasks.table import TASKS
from core.tasks.tags import Tagged
from pages.shared import snippets
from pages.shared.snippets import article as article_code
from pages.shared.snippets import attention as attention_code
from pages.shared.snippets import embeddings as embeddings_code
from pages.shared.snippets import encoder as encoder_code
from pages.shared.snippets import finetune as finetune_code
from pages.shared.snippets import learn as learn_code
from pages.shared.snippets import multilabel as multilabel_code
from pages.shared.snippets import playground as playground_code
from pages.shared.snippets import pretraining as pretraining_code
from pages.shared.snippets import questions as questions_code
from pages.shared.snippets import runs as runs_code
from pages.shared.snippets import scoring as scoring_code
from pages.shared.snippets import search as search_code
from pages.shared.snippets import summarise as summarise_code
from pages.shared.snippets import tags as tags_code
from pages.shared.snippets import tokens as tokens_code
from tests import checkpoints, test_tasks_writing, test_views
from tests.conftest import make_config, make_tokenizer
from tests.scripts import run_script
from tests.tables import pdf_bytes

RUN = "20260101-000000-abcdef"
NAME = f"run:{RUN}"
TEXTS = [
    ("the film was not bad, and i love the plot!", ""),
    ("the film was good", "the acting was awful."),
    ("'; raise SystemExit('no text becomes code') # \"\"\" \\ {braces} </script>", ""),
    ("我爱电影 🙂 مرحبا \x07 tab\there\nand a line", ""),
    ("walking " * 200, ""),
]


@pytest.fixture
def classifier(studio_home: Path, tiny_classifier: Path) -> predict.Predictor:
    """The tiny classifier as a finished run."""
    folder = studio_home / "runs" / RUN / "model"
    shutil.copytree(tiny_classifier, folder)
    return predict.load(NAME)


EN = 'The film was good, and i love it. "The plot?" she asked. \'; raise SystemExit("no text becomes code") # {braces}. It was not boring.'
TESTED: dict[str, Callable[..., None]] = {
    "candidates": test_tasks_writing.test_the_script_of_a_way_gives_its_texts,
    "train_encoder": test_views.test_the_script_of_a_run_measures_what_it_trained,
    "train_writer": test_views.test_the_script_of_a_run_measures_what_it_trained,
}


def of(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Note which snippet a test is about, so that none can be left untested."""

    def note(test: Callable[..., None]) -> Callable[..., None]:
        TESTED[name] = test
        return test

    return note


def test_every_snippet_has_a_test() -> None:
    public = {
        name
        for module in pkgutil.iter_modules(snippets.__path__, snippets.__name__ + ".")
        if not module.name.endswith("._parts")
        for name, function in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction)
        if not name.startswith("_") and function.__module__ == module.name
    }
    assert public == set(TESTED)


@of("tokens")
@pytest.mark.parametrize(("text", "pair"), TEXTS)
def test_tokens(classifier: predict.Predictor, text: str, pair: str) -> None:
    found = run_script(tokens_code.tokens(NAME, text, pair, 32))
    expected = core_tokens.tokenize(classifier.tokenizer, text, pair, model=NAME, max_length=32)
    assert tuple(found["encoding"]["input_ids"]) == expected.ids  # type: ignore[index]


@pytest.mark.parametrize(("pair", "pad_to"), [("", 12), ("it was awful", 12), ("it was awful", 3)])
def test_tokens_with_padding(classifier: predict.Predictor, pair: str, pad_to: int) -> None:
    text = "the film was good"
    padded: Any = run_script(tokens_code.tokens(NAME, text, pair, 32, pad_to))["padded"]
    expected = core_tokens.tokenize(classifier.tokenizer, text, pair, max_length=32, pad_to=pad_to)
    assert padded["input_ids"] == [token.id for token in expected.tokens]
    assert padded["token_type_ids"] == [token.segment for token in expected.tokens]
    assert padded["attention_mask"] == [int(token.attended) for token in expected.tokens]


@of("predict")
@pytest.mark.parametrize(("text", "pair"), TEXTS)
def test_predict(classifier: predict.Predictor, text: str, pair: str) -> None:
    found = run_script(playground_code.predict(NAME, text, pair, classifier.max_length))
    answers = found["answers"]
    given = {"text": [text]} | ({"pair": [pair]} if pair else {})
    (expected,) = predict.predict(classifier, given)
    assert isinstance(expected, classify.Labelled)
    assert isinstance(answers, list)
    assert {answer["label"]: answer["score"] for answer in answers} == pytest.approx(expected.probabilities, abs=1e-5)
    assert answers[0]["label"] == expected.label


@pytest.mark.parametrize("prefix", ["module.", "model.module."])
def test_weights_with_a_wrappers_names_answer_in_a_script_as_in_core(studio_home: Path, prefix: str) -> None:
    folder = studio_home / "runs" / RUN / "model"
    checkpoints.renamed(lambda name: prefix + name)(folder)
    text = "the film was good"
    answers: Any = run_script(playground_code.predict(NAME, text, "", 32))["answers"]
    (expected,) = predict.predict(predict.load(NAME), {"text": [text]})
    assert isinstance(expected, classify.Labelled)
    assert {answer["label"]: answer["score"] for answer in answers} == pytest.approx(expected.probabilities, abs=1e-5)
    plain = "20260102-000000-abcdef"
    checkpoints.classifier(studio_home / "runs" / plain / "model")
    found: Any = run_script(attention_code.attention_change(NAME, f"run:{plain}", text, "", 32, 1, 0))
    np.testing.assert_allclose(np.asarray(found["change"].tolist()), 0, atol=1e-6)  # the same weights by other names


@of("attributions")
@pytest.mark.parametrize("method", explain.offered(TEXT))
@pytest.mark.parametrize(("text", "pair"), TEXTS)
def test_attributions(classifier: predict.Predictor, text: str, pair: str, method: str) -> None:
    expected = explain.explain(classifier, text, pair, label="good", method=method)
    words = [(word.source, word.start, word.end) for word in expected.words]
    found = run_script(
        playground_code.attributions(
            NAME, text, pair, "good", method, classifier.max_length, words, steps=expected.steps
        )
    )
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


@pytest.fixture
def scorer(studio_home: Path) -> predict.Predictor:
    """A tiny random scorer as a finished run."""
    folder = studio_home / "runs" / RUN / "model"
    torch.manual_seed(0)
    config = make_config(num_labels=1, problem_type="regression", initializer_range=0.5)
    BertForSequenceClassification(config).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return predict.load(NAME)


@of("score_answer")
@pytest.mark.parametrize(("text", "pair"), TEXTS)
def test_score_answer(scorer: predict.Predictor, text: str, pair: str) -> None:
    found = run_script(scoring_code.score_answer(NAME, text, pair, scorer.max_length))
    (expected,) = predict.predict(scorer, {"text": [text]} | ({"pair": [pair]} if pair else {}))
    assert isinstance(expected, Scored) and found["score"] == pytest.approx(expected.score, abs=1e-5)


@of("score_attributions")
@pytest.mark.parametrize("method", explain.offered(TEXT_SCORING))
@pytest.mark.parametrize(("text", "pair"), TEXTS[:2])
def test_score_attributions(scorer: predict.Predictor, text: str, pair: str, method: str) -> None:
    expected = explain.explain(scorer, text, pair, method=method)
    words = [(word.source, word.start, word.end) for word in expected.words]
    given = {"text": text} | ({"pair": pair} if pair else {})
    scores: Any = run_script(
        scoring_code.score_attributions(NAME, given, method, scorer.max_length, words, steps=expected.steps)
    )["scores"]
    assert sum(scores) == pytest.approx(expected.total, abs=1e-3)
    if "deletion" in method:
        assert scores == pytest.approx([word.score for word in expected.words], abs=1e-5)


@of("score_rows")
@pytest.mark.parametrize(("name", "file"), [("similarity-zh", ""), ("", "file.csv"), ("", "file.jsonl")])
def test_score_rows(name: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cells = [f"{i % 9},{i % 2} stars" if file.endswith("csv") else i / 4 for i in range(30)]
    frame = pd.DataFrame({"a": [f"text {i}" for i in range(30)], "b": [f"pair {i}" for i in range(30)], "n": cells})
    frame.to_csv("file.csv", index=False, sep=";")
    frame.to_json("file.jsonl", orient="records", lines=True)
    columns = {} if name else {"text": "a", "pair": "b", "score": "n"}
    dataset = load_data(name or file, LAYOUTS["pair-score"], columns, allow_path=True)
    code = "import pandas as pd\n" + scoring_code.score_rows(name or file, file, dataset) + "print(len(rows))\n"
    rows: Any = run_script(code)["rows"]
    kept = [
        row
        for split in dataset.splits.values()
        for row in zip(split["text"], split["pair"], split["score"], strict=True)
    ]
    found = sorted(zip(rows["text"], rows["pair"], rows["score"], strict=True))
    assert [row[:2] for row in found] == [row[:2] for row in sorted(kept)]
    assert [row[2] for row in found] == pytest.approx([row[2] for row in sorted(kept)])


@of("train_scorer")
@pytest.mark.parametrize("method", ["full", "lora"])
def test_train_scorer(
    studio_home: Path, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: Literal["full", "lora"]
) -> None:
    shutil.copytree(tiny_bert, studio_home / "runs" / RUN / "model")
    monkeypatch.chdir(tmp_path)
    config = RunConfig(model=NAME, data="file.csv", method=method, epochs=1, batch_size=8, max_length=16, limit=40)
    frame = {
        "text": [f"the film was {'good' if i % 2 else 'bad'} {i}" for i in range(60)],
        "score": [300.0 + i for i in range(60)],
    }
    rows = f"rows = pd.DataFrame({frame!r})\n"
    code = scoring_code.train_scorer(config, rows, "score from 300 to 359", pair=False, held_out=True)
    found: Any = run_script(code)
    saved = predict.load(str(tmp_path / "scorer"), allow_path=True).reading(16)
    test = found["test"]
    answers = [row.score for row in predict.predict(saved, {"text": list(test["text"])}) if isinstance(row, Scored)]
    errors = np.abs(np.array(answers) - test["score"].to_numpy())
    assert found["result"]["eval_mae"] == pytest.approx(errors.mean(), rel=1e-3) and saved.labels == (
        "score from 300 to 359",
    )
    assert len(found["train"]) == 40


@of("label_set_rows")
@pytest.mark.parametrize(("name", "kind"), [("messages-zh", ""), ("", "separated"), ("", "columns"), ("", "lists")])
def test_label_set_rows(name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sets = [["late"] * (i % 2) + ["price"] * (i % 3 == 0) + ["rude"] * (i % 5 == 0) for i in range(40)]
    frame, file = pd.DataFrame({"a": [f"text {i}" for i in range(40)]}), ""
    if kind == "columns":
        for label in ("late", "price", "rude"):
            frame[label] = [int(label in own) for own in sets]
    elif kind:
        frame["n"] = [", ".join(own) for own in sets] if kind == "separated" else sets
    if kind == "lists":
        frame.to_json(file := "file.jsonl", orient="records", lines=True)
    elif kind:
        frame.to_csv(file := "file.csv", index=False, sep=";")
    dataset = load_data(name or file, LAYOUTS["text-labels"], allow_path=True)
    rows_code = multilabel_code.label_set_rows(name or file, file, dataset)
    code = f"import re\nimport pandas as pd\nlabels = {list(dataset.label_names)!r}\n{rows_code}print(len(rows))\n"
    rows: Any = run_script(code)["rows"]
    kept = [
        (text, sorted(dataset.label_names[i] for i in own))
        for split in dataset.splits.values()
        for text, own in zip(split["text"], split["labels"], strict=True)
    ]
    assert sorted(zip(rows["text"], rows["labels"], strict=True)) == sorted(kept)


@of("train_labeller")
@pytest.mark.parametrize(("method", "weights"), [("full", True), ("lora", False)])
def test_train_labeller(
    studio_home: Path, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: Literal["full", "lora"], weights: bool
) -> None:  # fmt: skip
    shutil.copytree(tiny_bert, studio_home / "runs" / RUN / "model")
    monkeypatch.chdir(tmp_path)
    Path("file.csv").write_text(
        "text;labels\n" + "".join(f"the film {i};{'good' if i % 2 else 'good|bad'}\n" for i in range(60))
    )
    dataset = load_data("file.csv", LAYOUTS["text-labels"], allow_path=True)
    config = RunConfig(
        model=NAME,
        data="file.csv",
        method=method,
        epochs=1,
        batch_size=8,
        max_length=16,
        limit=40,
        class_weights=weights,
    )
    rows = multilabel_code.label_set_rows("file.csv", "file.csv", dataset)
    found: Any = run_script(multilabel_code.train_labeller(config, rows, dataset))
    assert found["labels"] == list(dataset.label_names) and len(found["train"]) == 40
    assert 0 <= found["result"]["eval_micro_f1"] <= 1 and found["thresholds"].shape == (2,)


@of("label_set")
def test_label_set(studio_home: Path, tiny_bert: Path) -> None:
    folder = studio_home / "runs" / RUN / "model"
    model = AutoModelForSequenceClassification.from_pretrained(
        tiny_bert, problem_type="multi_label_classification", id2label={0: "late", 1: "price", 2: "rude"}
    )
    model.config.thresholds = {"late": 0.01, "price": 0.99, "rude": 0.5}
    model.save_pretrained(folder)
    shutil.copy(tiny_bert / "tokenizer.json", folder)
    shutil.copy(tiny_bert / "tokenizer_config.json", folder)
    found: Any = run_script(multilabel_code.label_set(NAME, "the film was late", 16))
    (expected,) = predict.predict(predict.load(NAME), {"text": ["the film was late"]})
    assert isinstance(expected, LabelSet)
    assert {row["label"]: row["score"] for row in found["answers"]} == pytest.approx(expected.probabilities, abs=1e-6)
    assert set(found["given"]) == set(expected.labels)


@pytest.fixture
def reader(studio_home: Path) -> predict.Predictor:
    """A model that finds answers in passages, random but decided, as a finished run."""
    folder = studio_home / "runs" / RUN / "model"
    torch.manual_seed(1)
    BertForQuestionAnswering(make_config(initializer_range=0.5)).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return predict.load(NAME)


PASSAGE = "The film was good, but the plot was not. It was boring after all, and the acting was awful. " * 3


@of("rows")
@pytest.mark.parametrize(
    ("name", "file"), [("questions-zh", ""), ("", "squad.json"), ("", "file.csv"), ("", "file.jsonl")]
)
def test_rows_of_questions(name: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    passages = [f"Film {i} was shown in room {i + 3} at noon." for i in range(12)]
    asked = [
        {"question": f"Where was film {i} shown?", "context": passages[i], "answer": f"room {i + 3}"} for i in range(12)
    ]
    pd.DataFrame(asked).to_csv("file.csv", index=False)
    pd.DataFrame(asked).to_json("file.jsonl", orient="records", lines=True)
    whole = [
        {"context": row["context"], "qas": [{"id": str(i), "question": row["question"], "is_impossible": i == 3, "answers": [] if i == 3 else [{"text": row["answer"], "answer_start": row["context"].index("room")}]}]}
        for i, row in enumerate(asked)
    ]  # fmt: skip
    Path("squad.json").write_text(json.dumps({"version": "v2.0", "data": [{"title": "films", "paragraphs": whole}]}))
    dataset = load_data(name or file, LAYOUTS["question-answers"], allow_path=True)
    code = (
        "import json\nimport pandas as pd\nfrom pathlib import Path\n"
        + questions_code.rows(name or file, file, dataset)
        + "print(len(rows))\n"
    )
    found: Any = run_script(code)["rows"]
    kept = [
        (row["text"], row["pair"], [(start, start + len(text)) for text, start in zip(row["answers"], row["starts"], strict=True)])
        for split in dataset.splits.values()
        for row in split
    ]  # fmt: skip
    assert sorted(found) == sorted(kept) and found


@of("answer")
@pytest.mark.parametrize("question", ["was the film good?", "'; raise SystemExit"])
def test_answer(reader: predict.Predictor, question: str) -> None:
    found: Any = run_script(questions_code.answer(NAME, question, PASSAGE, 32))
    (expected,) = predict.predict(reader.reading(32), {"text": [question], "pair": [PASSAGE]})
    assert isinstance(expected, Answered)
    assert found["answer"] == expected.answer and found["doubt"] == pytest.approx(expected.doubt, abs=1e-5)
    assert [row[3] for row in found["best"]] == pytest.approx([row.probability for row in expected.best], abs=1e-5)
    assert [row[1:3] for row in found["best"]][:1] == [(row.start, row.end) for row in expected.best][:1]


@of("train_reader")
def test_train_reader(reader: predict.Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [(f"what was film {i}?", f"the film {i} was good", [(4, 8)] if i % 4 else []) for i in range(30)]
    config = RunConfig(model=NAME, data="file.csv", epochs=1, batch_size=8, max_length=32, limit=20)
    found: Any = run_script(questions_code.train_reader(config, f"rows = {rows!r}\n", held_out=True))
    assert 0 <= found["result"]["eval_exact_match"] <= found["result"]["eval_answer_f1"] <= 1
    assert len(found["train"]) == 20 and len(found["test"]) == len(found["validation"]) == 3


@of("attention")
@pytest.mark.parametrize("pair", ["", "the acting was awful."])
def test_attention(classifier: predict.Predictor, pair: str) -> None:
    text = "the film was good"
    found = run_script(attention_code.attention(NAME, text, pair, 16, 1, 0))
    model = core_models.load_encoder(NAME, attention="eager")
    expected = attention.attend(model, classifier.tokenizer, text, pair, layer=1, max_length=16, name=NAME)
    assert tuple(found["tokens"]) == expected.tokens.texts  # type: ignore[arg-type]
    assert np.asarray(found["weights"]) == pytest.approx(expected.weights[0, 0], abs=1e-6)


@of("spellings")
@pytest.mark.parametrize("text", [text for text, _ in TEXTS])
def test_spellings(classifier: predict.Predictor, text: str) -> None:
    found = run_script(tokens_code.spellings([NAME, "minilm"], text))["pieces"]
    loaded = {name: core_models.load_tokenizer(name) for name in (NAME, "minilm")}
    expected = {name: vocabulary.spelling(tokenizer, text) for name, tokenizer in loaded.items()}
    assert found == {name: [piece.text for piece in row.pieces] for name, row in expected.items()}


@of("language_costs")
def test_language_costs(classifier: predict.Predictor) -> None:
    rows = {row.name: row.text for row in vocabulary.LANGUAGES.values()}
    for name in (NAME, "minilm"):
        expected = vocabulary.language_costs(core_models.load_tokenizer(name))
        found = run_script(tokens_code.language_costs(name, rows))["counts"]
        assert found == {cost.language.name: (cost.tokens, cost.characters, cost.unknown) for cost in expected}


@of("encoder")
@pytest.mark.parametrize("pair", ["", "the acting was awful."])
def test_encoder(classifier: predict.Predictor, pair: str) -> None:
    text = "the film was good"
    found = run_script(encoder_code.encoder(NAME, text, pair, 16, 1, "bert"))
    model = core_models.load_encoder(NAME, attention="eager")
    expected = encoder.trace(model, classifier.tokenizer, text, pair, layer=1, max_length=16, name=NAME)
    assert found["difference"] < 1e-5  # type: ignore[operator]
    np.testing.assert_allclose(np.asarray(found["output"]), expected.states[2], atol=1e-5)


FAMILIES: dict[str, PretrainedConfig] = {
    "bert": make_config(),
    "distilbert": DistilBertConfig(vocab_size=40, dim=32, hidden_dim=64, n_layers=2, n_heads=2),
    "roberta": RobertaConfig(vocab_size=40, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2),
    "electra": ElectraConfig(vocab_size=40, embedding_size=16, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2),
    "albert": AlbertConfig(vocab_size=40, embedding_size=16, hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=2),
}  # fmt: skip


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_encoder_snippet_knows_every_family(studio_home: Path, family: str) -> None:
    folder = studio_home / "runs" / RUN / "model"
    AutoModel.from_config(FAMILIES[family]).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    found = run_script(encoder_code.encoder(NAME, "the film was good", "", 16, 1, family))
    assert found["difference"] < 1e-5  # type: ignore[operator]


def rows_of(code: str, labels: tuple[str, ...]) -> pd.DataFrame:
    """The rows that a snippet of training_rows reads, with the imports the whole script has."""
    head = "import pandas as pd\nfrom importlib.util import find_spec\nfrom pathlib import Path\n"
    return run_script(f"{head}labels = {list(labels)!r}\n{code}print(len(rows))\n")["rows"]  # type: ignore[return-value]


@of("training_rows")
@pytest.mark.parametrize("kind", ["csv", "tsv", "json", "jsonl", "parquet", "xlsx", "csv.gz", "zip", "jsonl.gz"])
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
    elif kind == "xlsx":
        frame.to_excel(path, index=False)
    elif kind.startswith("json"):
        frame.to_json(path, orient="records", lines=kind.startswith("jsonl"), force_ascii=False)
    else:
        frame.to_csv(path, index=False, sep="\t" if kind == "tsv" else ";", encoding="utf-8-sig")
    dataset = load_data(
        str(path), LAYOUTS["text-label"], {"text": "What, if anything?", "label": "answer"}, allow_path=True
    )
    monkeypatch.chdir(tmp_path)
    code = finetune_code.training_rows(str(path), path.name, dataset.columns, dataset.report)
    rows = rows_of(code, dataset.label_names)
    core_rows = [(row["text"], dataset.label_names[row["label"]]) for split in dataset.splits.values() for row in split]
    assert sorted(zip(rows["text"], rows["label"], strict=True)) == sorted(core_rows)


@pytest.mark.parametrize("name", [name for name, row in DATASETS.items() if row.task == TEXT.id and name != "imdb"])
def test_training_rows_of_a_bundled_dataset(name: str) -> None:
    dataset = load_data(name, LAYOUTS["text-label"])
    rows = rows_of(finetune_code.training_rows(name, "", dataset.columns, dataset.report), dataset.label_names)
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
    found = run_script(finetune_code.finetune(config, rows, ("no", "yes"), pair=pair, held_out=True))
    result, test, model = found["result"], found["test"], found["trainer"].model  # type: ignore[attr-defined]
    columns = {name: list(test[name]) for name in (("text", "pair") if pair else ("text",))}  # type: ignore[index]
    probs = classify.probabilities(model, found["tokenizer"], columns, 16)  # type: ignore[arg-type]
    truth = np.array([("no", "yes").index(label) for label in test["label"]])  # type: ignore[index]
    measured = class_scores.measure("text-classification", ("no", "yes"), truth, probs, columns).metrics
    assert result["eval_accuracy"] == pytest.approx(measured["accuracy"].value)  # type: ignore[index]
    assert result["eval_macro_f1"] == pytest.approx(measured["macro_f1"].value)  # type: ignore[index]
    assert len(found["train"]) == 40  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["full", "frozen", "head", "lora"])
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_recipe_trains_what_core_trains_in_every_family(
    studio_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    family: str,
    method: Literal["full", "frozen", "head", "lora"],
) -> None:
    folder = studio_home / "runs" / RUN / "model"
    AutoModel.from_config(FAMILIES[family]).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    monkeypatch.chdir(tmp_path)
    config = RunConfig(
        model=NAME, data="file.csv", method=method, frozen_layers=0 if family == "albert" else 1, lora_rank=2,
        epochs=1, batch_size=8, max_length=16,
    )  # fmt: skip
    frame = {"text": [f"film {i}" for i in range(20)], "label": ["yes", "no"] * 10}
    rows = f"rows = pd.DataFrame({frame!r})\n"
    trainer: Any = run_script(finetune_code.finetune(config, rows, ("no", "yes"), pair=False, held_out=True))["trainer"]
    plain = AutoModelForSequenceClassification.from_pretrained(folder)
    expected = choose_parameters(plain, config)
    assert trained_parameters(trainer.model) == trained_parameters(expected)


@pytest.mark.parametrize("pays", [False, True])
def test_the_recipes_compute_in_the_format_of_a_run(monkeypatch: pytest.MonkeyPatch, pays: bool) -> None:
    monkeypatch.setattr("core.finetune.machine.bfloat16_pays", lambda _device: pays)
    config = RunConfig(model="minilm", data="file.csv")
    for code in (
        finetune_code.finetune(config, "rows = None\n", ("no", "yes"), pair=False, held_out=True),
        learn_code.pretrain_masked(config, "texts = []\n", held_out=True),
        learn_code.pretrain_next(config, "texts = []\n", held_out=True),
    ):
        assert f"\nbf16 = {pays} " in code and "bf16=bf16" in code and "capabilities" not in code


def trained_parameters(model: torch.nn.Module) -> dict[str, torch.Size]:
    return {name: parameter.shape for name, parameter in model.named_parameters() if parameter.requires_grad}


@of("run_folder")
def test_run_folder(tmp_path: Path) -> None:
    truth, probs = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    test = class_scores.measure("text-classification", ("bad", "good"), truth, probs, {"text": ["a", "b", "c"]})
    report = RunReport(
        {"test": test}, (), 1.0, 2.0, 3.0, 4.0, 2, 2, 0.0, {}, DataReport(3, (), {"test": 3}, {"bad": 1, "good": 2})
    )
    (tmp_path / "report.json").write_bytes(TypeAdapter(RunReport).dump_json(report))
    events = [Event(float(i), "step", i, 2, i / 2, {"loss": 0.7 / i, "learning_rate": 1e-4}) for i in (1, 2)]
    events.append(Event(3.0, "end", 2, 2, 1.0))
    (tmp_path / "events.jsonl").write_bytes(b"".join(TypeAdapter(Event).dump_json(event) + b"\n" for event in events))
    found = run_script(runs_code.run_folder(str(tmp_path)))
    assert found["metrics"].loc["accuracy", "value"] == test.metrics["accuracy"].value  # type: ignore[index]
    assert list(found["loss"]) == pytest.approx([0.7, 0.35])  # type: ignore[call-overload]


@of("article_inputs")
def test_the_tutorials_sentences_become_one_batch() -> None:
    variables = run_script(article_code.article_inputs("minilm"))
    expected = core_models.load_tokenizer("minilm")(list(ARTICLE), padding=True)["input_ids"]
    assert variables["inputs"]["input_ids"].tolist() == expected  # type: ignore[index]


@pytest.mark.training
@of("article_experiment")
def test_the_tutorials_experiment_gives_the_pages_losses() -> None:
    losses = run_script(article_code.article_experiment("minilm"))["losses"]
    tokenizer = core_models.load_tokenizer("minilm")
    assert losses == pytest.approx(article.repeat(tokenizer, (0,), learning_rate=1e-4).rows[0].losses, abs=1e-5)


@of("head_statistics")
def test_head_statistics(classifier: predict.Predictor) -> None:
    texts = ["the film was good", "i love the plot, not the acting " * 9, "我爱电影 🙂"]
    model, tokenizer = core_models.load_encoder(NAME, attention="eager"), core_models.load_tokenizer(NAME)
    expected = heads.head_statistics(model, tokenizer, texts, 32)
    found = run_script(attention_code.head_statistics(NAME, texts, 32, 1, 0))["statistics"]
    assert found == pytest.approx({name: values[1, 0] for name, values in expected.values.items()}, abs=1e-6)


@of("rollout")
@pytest.mark.parametrize(("text", "pair"), TEXTS[:4])
def test_rollout(classifier: predict.Predictor, text: str, pair: str) -> None:
    model, tokenizer = core_models.load_encoder(NAME, attention="eager"), core_models.load_tokenizer(NAME)
    maps = attention.attend(model, tokenizer, text, pair, max_length=32)
    found = run_script(attention_code.rollout(NAME, text, pair, 32, 2, flow=True))
    np.testing.assert_allclose(np.asarray(found["rolled"].tolist()), heads.rollout(maps.weights)[-1], atol=1e-6)
    np.testing.assert_allclose(np.array(found["flow"]), heads.flow(maps.weights, [2])[0], atol=1e-4)
    assert "flow" not in run_script(attention_code.rollout(NAME, text, pair, 32, 2, flow=False))


@of("ablation")
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(("text", "pair"), TEXTS[:2])
def test_ablation(classifier: predict.Predictor, text: str, pair: str, whole: bool) -> None:
    model = (
        core_models.load(NAME, "classifier", attention="eager")
        if whole
        else core_models.load_encoder(NAME, attention="eager")
    )
    tokenizer = core_models.load_tokenizer(NAME)
    off = [(0, 1), (1, 0)]
    expected = heads.ablation(model, tokenizer, text, pair, frozenset(off), max_length=32)
    found = run_script(attention_code.ablation(NAME, text, pair, 32, off, classifier=whole))
    assert found["changes"] == pytest.approx(list(expected.change.mean(axis=1)), abs=1e-5)
    if whole:
        assert expected.after is not None
        assert found["after"] == pytest.approx(list(expected.after.values()), abs=1e-5)


@of("attention_change")
def test_attention_change(classifier: predict.Predictor, studio_home: Path) -> None:
    other = "20260102-000000-abcdef"
    folder = studio_home / "runs" / other / "model"
    shutil.copytree(studio_home / "runs" / RUN / "model", folder)
    torch.manual_seed(5)
    config = classifier.model.config
    type(classifier.model)(config).save_pretrained(folder)
    text, pair = TEXTS[1]
    maps = [
        attention.attend(
            core_models.load_encoder(name, attention="eager"),
            core_models.load_tokenizer(name),
            text,
            pair,
            max_length=32,
        )
        for name in (NAME, f"run:{other}")
    ]
    found = run_script(attention_code.attention_change(NAME, f"run:{other}", text, pair, 32, 1, 0))
    expected = heads.differences(*maps)
    assert expected.variation.max() > 1e-3
    np.testing.assert_allclose(np.asarray(found["divergence"].tolist()), expected.divergence, atol=1e-8)
    np.testing.assert_allclose(
        np.asarray(found["change"].tolist()), (maps[0].weights - maps[1].weights)[1, 0], atol=1e-6
    )


READY = "minilm-sentiment"


@pytest.mark.parametrize("names", [("minilm", READY), (READY, "minilm"), (READY, "minilm-entities")])
def test_attention_change_of_models_that_come_with_the_studio(names: tuple[str, str]) -> None:
    maps = [
        attention.attend(
            core_models.load_encoder(name, attention="eager"),
            core_models.load_tokenizer(name),
            "Not bad.",
            max_length=32,
        )
        for name in names
    ]
    found = run_script(attention_code.attention_change(*names, "Not bad.", "", 32, 5, 0))
    expected = heads.differences(*maps)
    assert expected.variation.max() > 1e-2
    np.testing.assert_allclose(np.asarray(found["divergence"].tolist()), expected.divergence, atol=1e-6)


@pytest.mark.parametrize("names", [("minilm", READY), (READY,)])
def test_embeddings_map_of_models_that_come_with_the_studio(
    names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["A warm film.", "Dull.", "The plot is thin.", "I would see it again.", "What a waste of two hours!"]
    (tmp_path / "sentences.tsv").write_text("".join(f"{text}\tlabel\n" for text in texts), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    vectors = [
        embeddings.pooled(
            core_models.load_encoder(name), core_models.load_tokenizer(name), texts, max_length=16
        ).vectors["mean"][6]
        for name in names
    ]
    expected = embeddings.project(vectors, "pca", 2)
    found = run_script(embeddings_code.embeddings_map(names, 16, 6, "mean", "pca", 2, 30.0))
    for one, points in zip(found["points"], expected.points, strict=True):  # type: ignore[call-overload]
        np.testing.assert_allclose(one, points, atol=1e-4)


def test_a_model_that_comes_with_the_studio_answers_in_a_script_as_in_core() -> None:
    expected = predict.predict(predict.load(READY), {"text": ["Not bad at all."]})[0]
    assert isinstance(expected, classify.Labelled)
    found = run_script(playground_code.predict(READY, "Not bad at all.", "", 128))
    answer = found["answers"]
    assert isinstance(answer, list)
    assert {row["label"]: row["score"] for row in answer} == pytest.approx(expected.probabilities, abs=1e-5)


@of("attention_received")
def test_attention_received(classifier: predict.Predictor) -> None:
    text, pair = TEXTS[1]
    model, tokenizer = core_models.load_encoder(NAME, attention="eager"), core_models.load_tokenizer(NAME)
    maps = attention.attend(model, tokenizer, text, pair, max_length=32)
    found = run_script(attention_code.attention_received(NAME, text, pair, 32))["received"]
    assert isinstance(found, dict)
    for name, row in heads.RECEIVED.items():
        np.testing.assert_allclose(found[name], row.function(maps.weights), atol=1e-6)


@of("embeddings_output")
@pytest.mark.parametrize("pair", ["", "the acting was awful."])
def test_embeddings_output(classifier: predict.Predictor, pair: str) -> None:
    text = "the film was not bad, </script>"
    model = core_models.load_encoder(NAME, attention="eager")
    expected = embeddings.output(model, classifier.tokenizer, text, pair, max_length=16)
    found = run_script(embeddings_code.embeddings_output(NAME, text, pair, 16, True))
    pooled = found["pooled"]
    assert isinstance(pooled, dict)
    for way, vector in [*expected.pooled.items(), ("pooler_output", expected.pooler)]:
        np.testing.assert_allclose(pooled[way], vector, atol=1e-5)
    for one, state in zip(found["states"], expected.states, strict=True):  # type: ignore[call-overload]
        np.testing.assert_allclose(one[0], state, atol=1e-5)
    assert "pooler" not in embeddings_code.embeddings_output(NAME, text, pair, 16, False)


@of("search")
@pytest.mark.parametrize("question", ["was the film good? 电影", "'; raise SystemExit('no text becomes code')", "…"])
@pytest.mark.parametrize("source", ["desk", "inline", "file"])
def test_search(
    classifier: predict.Predictor, question: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = ("the film was good", '\'""" {braces} </script>', "我爱电影, i love the film", "walking " * 100, "…")
    passages = helpdesk.read("zh").passages if source == "desk" else own
    (tmp_path / "texts.json").write_text(json.dumps(own), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    around = Encoder(NAME, core_models.load_encoder(NAME), classifier.tokenizer)
    scores = index.build(passages, around).scores(question, around.vectors([question])[0])
    code = search_code.search(
        NAME, question, own if source == "inline" else (), "zh" if source == "desk" else "", around.max_length
    )
    found: Any = run_script(code)
    assert tuple(found["texts"]) == passages
    np.testing.assert_allclose(found["cosines"], scores.cosines, atol=1e-5)
    np.testing.assert_allclose(found["scores"], scores.bm25, rtol=1e-5)
    fused = {hit.place: hit.score for hit in WAYS["both"].hits(scores, len(passages))}
    assert {place: score for place, score in enumerate(found["fused"]) if score} == pytest.approx(fused)


@of("labels")
def test_labels_in_words(classifier: predict.Predictor) -> None:
    text, labels = "was the film good? 电影", ("good: a 'good' film", "bad", "电影")
    around = Encoder(NAME, core_models.load_encoder(NAME), classifier.tokenizer)
    found: Any = run_script(search_code.labels(NAME, text, labels, around.max_length))
    np.testing.assert_allclose(found["cosines"], around.vectors(labels) @ around.vectors([text])[0], atol=1e-5)


@of("summarise")
@pytest.mark.parametrize(
    "text", [EN, "他说：“走吧。”然后走了。\n第二句没有什么！第三句呢？\n最后是 one more 句。"], ids=["en", "zh"]
)
@pytest.mark.parametrize("method", METHODS)
def test_summarise(
    classifier: predict.Predictor, method: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    around = Encoder(NAME, core_models.load_encoder(NAME), classifier.tokenizer)
    (document,) = summary.read([text], around)
    assert isinstance(document, summary.Document)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    for length, in_a_file in ((summary.Length("sentences", 2), False), (summary.Length("words", 14), True)):
        expected = summary.choose(document, METHODS[method], length, 0.6)
        found: Any = run_script(
            summarise_code.summarise(NAME, text, method, length, 0.6, around.max_length, in_a_file=in_a_file)
        )
        assert found["sentences"] == [row.sentence.text for row in expected.sentences]
        np.testing.assert_allclose(found["scores"], [row.score for row in expected.sentences], atol=1e-5)
        assert [expected.sentences[place].order for place in found["taken"]] == list(range(1, len(found["taken"]) + 1))
        assert found["summary"] == expected.text


@of("embeddings_word")
def test_embeddings_word(classifier: predict.Predictor) -> None:
    model = core_models.load_encoder(NAME, attention="eager")
    rows = [("i love walking", "x"), ("Walking 's not '' boring", "y"), ('"walking" \\ was bad', "y")]
    expected = embeddings.word_across(model, classifier.tokenizer, "walking", rows)
    found = run_script(
        embeddings_code.embeddings_word(NAME, [(use.sentence, use.start, use.end) for use in expected.uses])
    )
    np.testing.assert_allclose(found["similarities"], expected.similarities, atol=1e-5)  # type: ignore[arg-type]


@of("embeddings_map")
@pytest.mark.parametrize("pooling", embeddings.POOLINGS)
@pytest.mark.parametrize("names", [(NAME,), ("minilm", "minilm")])
def test_embeddings_map(
    classifier: predict.Predictor,
    names: tuple[str, ...],
    pooling: embeddings.Pooling,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [
        "the film was good",
        "bad",
        "i love pizza and coffee !",
        "the plot was boring",
        "awful",
        "a great film " * 20,
    ]
    (tmp_path / "sentences.tsv").write_text("".join(f"{text}\tlabel\n" for text in texts), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    vectors = []
    for name in names:
        model, tokenizer = core_models.load_encoder(name), core_models.load_tokenizer(name)
        vectors.append(embeddings.pooled(model, tokenizer, texts, max_length=16).vectors[pooling][1])
    expected = embeddings.project(vectors, "pca", 2)
    found = run_script(embeddings_code.embeddings_map(names, 16, 1, pooling, "pca", 2, 30.0))
    for one, points in zip(found["points"], expected.points, strict=True):  # type: ignore[call-overload]
        np.testing.assert_allclose(one, points, atol=1e-4)
    scattered = run_script(embeddings_code.embeddings_map(names, 16, 1, pooling, "tsne", 3, 2.0))["points"]
    assert [np.shape(part) for part in scattered] == [(len(texts), 3)] * len(names)  # type: ignore[attr-defined]


@pytest.fixture
def pretrained(studio_home: Path) -> str:
    """A tiny BERT with both heads of pre-training as a finished run."""
    torch.manual_seed(0)
    folder = studio_home / "runs" / RUN / "model"
    BertForPreTraining(make_config()).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return NAME


@of("fill_mask")
@pytest.mark.parametrize("text", ["the film was good", "the [MASK] was good", '\'; raise SystemExit # """ {x} good'])
def test_fill_mask(pretrained: str, text: str) -> None:
    found = pretraining.fill(
        core_models.load(pretrained, "mlm"), core_models.load_tokenizer(pretrained), text, (3,), max_length=32
    )
    places = [filling.position for filling in found.fillings]
    script = run_script(pretraining_code.fill_mask(pretrained, text, places, 32))
    assert script["loss"] == pytest.approx(found.loss, abs=1e-5)
    for filling, row in zip(found.fillings, script["probabilities"], strict=True):  # type: ignore[call-overload]
        assert row[filling.guesses[0].id].item() == pytest.approx(filling.guesses[0].probability, abs=1e-5)


@of("fill")
@pytest.mark.parametrize("text", ["the [MASK] was [MASK]", '\'; raise SystemExit # """ {x} [MASK]'])
def test_fill(pretrained: str, text: str) -> None:
    predictor = predict.load(pretrained, "masked-language-modelling")
    (filled,) = predict.predict(predictor, {"text": [text]})
    answers: Any = run_script(pretraining_code.fill(pretrained, text, 32))["answers"]
    assert isinstance(filled, Filled)
    expected = [[(word.token, pytest.approx(word.probability, abs=1e-5)) for word in mask] for mask in filled.masks]
    assert answers == expected


@of("score")
def test_score(pretrained: str) -> None:
    texts = ["the film was good", "a great 🙂 film ' \" {x}"]
    model, tokenizer = core_models.load(pretrained, "mlm"), core_models.load_tokenizer(pretrained)
    found = [pretraining.score(model, tokenizer, text, max_length=32) for text in texts]
    script = run_script(pretraining_code.score(pretrained, texts, 32))
    assert script["totals"] == pytest.approx([one.total for one in found], abs=1e-4)
    assert script["perplexities"] == pytest.approx([one.perplexity for one in found], rel=1e-4)


@of("next_sentence")
def test_next_sentence(pretrained: str) -> None:
    model, tokenizer = core_models.load(pretrained, "nsp"), core_models.load_tokenizer(pretrained)
    found = pretraining.next_sentence(model, tokenizer, "the film was good", "i love it", max_length=32)
    script = run_script(pretraining_code.next_sentence(pretrained, "the film was good", "i love it", 32))
    assert script["probability"] == pytest.approx(found.probability, abs=1e-5)


@of("corrupt")
@pytest.mark.parametrize("whole_words", [False, True])
@pytest.mark.parametrize("seed", [0, 7])
def test_corrupt(pretrained: str, seed: int, whole_words: bool) -> None:
    text = "the film was not bad and 🙂 walking was great . " * 3
    found = pretraining.corrupt(
        core_models.load_tokenizer(pretrained), text, seed=seed, whole_words=whole_words, max_length=48
    )
    script = run_script(pretraining_code.corrupt(pretrained, text, seed, whole_words, 48))
    assert tuple(script["corrupted"]) == found.corrupted  # type: ignore[arg-type]
    assert script["chosen"] == [i for i, fate in enumerate(found.fates) if fate != "untouched"]


@of("generate")
@pytest.mark.parametrize("method", pretraining.METHODS)
@pytest.mark.parametrize(("text", "temperature", "top_k"), [("the film", 1.0, 0), ("the [MASK] was [MASK]", 0.7, 5)])
def test_generate(pretrained: str, method: pretraining.Method, text: str, temperature: float, top_k: int) -> None:
    steps = pretraining.generate(
        core_models.load(pretrained, "mlm"), core_models.load_tokenizer(pretrained), text,
        length=3, method=method, temperature=temperature, top_k=top_k, seed=2, max_length=32,
    )  # fmt: skip
    script = run_script(pretraining_code.generate(pretrained, text, 3, method, temperature, top_k, 2, 32))
    assert script["texts"] == [step.text for step in steps]


@pytest.mark.parametrize("head", ["mlm", "nsp"])
def test_the_bundled_heads_are_put_together_as_the_studio_does(head: str) -> None:
    script = run_script(
        pretraining_code.fill_mask("minilm", "I love [MASK].", [3], 16) if head == "mlm" else pretraining_code.next_sentence("minilm", "It rains.", "Take a coat.", 16)
    )  # fmt: skip
    made, own = script["model"].state_dict(), core_models.load("minilm", head).state_dict()  # type: ignore[attr-defined]
    assert made.keys() == own.keys()
    assert all(torch.equal(made[name], own[name]) for name in own)


STORIES = [
    "\n".join(f"The film {i} was {word}. I love the plot. The acting was not {word}! It was good." for _ in range(3))
    for i, word in enumerate(("good", "bad", "great", "awful") * 5)
]


def texts_of(code: str) -> list[str]:
    script = "import re\nfrom importlib.util import find_spec\nfrom pathlib import Path\nimport pandas as pd\nfrom pypdf import PdfReader\n"
    found: Any = run_script(f"{script}{code}print(len(texts))\n")["texts"]
    return list(found)


def documents_of(dataset: TextDataset) -> list[str]:
    return sorted(" ".join(row["text"].split()) for split in dataset.splits.values() for row in split)


@of("documents")
@pytest.mark.parametrize("kind", ["txt", "md", "pdf", "csv", "jsonl", "parquet"])
def test_documents_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    path = tmp_path / f"my texts.{kind}"
    frame = pd.DataFrame({"when": range(len(STORIES)), "what they said": STORIES})
    if kind in ("txt", "md"):
        path.write_text("\r\n \r\n".join(STORIES), encoding="utf-8-sig", newline="")
    elif kind == "pdf":
        path.write_bytes(pdf_bytes(STORIES))
    elif kind == "csv":
        frame.to_csv(path, index=False, sep=";")
    elif kind == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_parquet(path)
    dataset = load_data(str(path), LAYOUTS["documents"], allow_path=True)
    monkeypatch.chdir(tmp_path)
    code = learn_code.documents(str(path), path.name, dataset.columns["text"], dataset.report)
    assert sorted({" ".join(text.split()) for text in texts_of(code)}) == documents_of(dataset)


@pytest.mark.parametrize("name", ["article-example", "rotten_tomatoes", "chinese-reviews", "topics", "topics-zh"])
def test_documents_of_a_bundled_dataset(name: str) -> None:
    dataset = load_data(name, LAYOUTS["documents"])
    read = {" ".join(text.split()) for text in texts_of(learn_code.documents(name, "", "text", dataset.report))}
    assert set(documents_of(dataset)) <= read
    assert len(read) <= len(documents_of(dataset)) + sum(dropped.count for dropped in dataset.report.dropped)


def test_documents_that_were_pasted() -> None:
    pasted = 'One \' story.\n\nAnother """ {one}\\.\n'
    code = learn_code.documents(
        "pasted.txt", "pasted.txt", "text", load_data("article-example", LAYOUTS["text-label"]).report, pasted
    )
    assert texts_of(code) == ["One ' story.", 'Another """ {one}\\.']


@pytest.mark.training
@of("pretrain_masked")
@pytest.mark.parametrize("held_out", [False, True])
@pytest.mark.parametrize("scratch", [False, True])
def test_pretrain_masked(
    pretrained: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scratch: bool, held_out: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    config = RunConfig(
        model=core_models.SCRATCH if scratch else pretrained, data="pasted.txt", task="masked-language-modelling",
        epochs=30, batch_size=4, max_length=24, learning_rate=3e-3, limit=12,
    )  # fmt: skip
    found = run_script(learn_code.pretrain_masked(config, f"texts = {STORIES!r}\n", held_out=held_out))
    result, trainer, test, train = (found[name] for name in ("result", "trainer", "test", "train"))
    model: Any = trainer.model  # type: ignore[attr-defined]
    assert len(test) == (2 if held_out else 20)  # type: ignore[arg-type]
    assert len(train) == 12  # type: ignore[arg-type]
    assert result["eval_n"] > 0  # type: ignore[index]
    assert result["eval_loss"] < np.log(model.config.vocab_size) - 1  # type: ignore[index]
    assert 0 < result["eval_top1"] <= 1  # type: ignore[index]
    assert all(parameter.requires_grad for parameter in model.parameters())


@of("pretrain_next")
def test_pretrain_next(pretrained: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = RunConfig(
        model=pretrained,
        data="pasted.txt",
        task="next-sentence-prediction",
        epochs=1,
        batch_size=8,
        max_length=32,
        limit=40,
    )
    found = run_script(learn_code.pretrain_next(config, f"texts = {STORIES!r}\n", held_out=True))
    trainer: Any = found["trainer"]
    assert len(trainer.train_dataset) == 40
    assert 0 <= found["result"]["eval_accuracy"] <= 1  # type: ignore[index]
    rows, tokenizer, test = trainer.eval_dataset, trainer.processing_class, found["test"]
    assert sum(rows["labels"]) == len(rows) // 2
    stories = [tokenizer.decode(tokenizer(" ".join(story), add_special_tokens=False)["input_ids"]) for story in test]  # type: ignore[attr-defined]
    for row in rows:  # label 0: the second sentence is the next one of the same story
        ids, segments = np.array(row["input_ids"])[1:-1], np.array(row["token_type_ids"])[1:-1]
        both = tokenizer.decode(np.delete(ids, segments.argmax() - 1))
        assert row["labels"] == 1 or any(both in story for story in stories)
    few = run_script(learn_code.pretrain_next(config, f"texts = {STORIES[:6]!r}\n", held_out=True))
    assert (len(few["train"]), len(few["test"])) == (4, 2)  # type: ignore[arg-type]


# --- Named entities ----------------------------------------------------------------------------------------------------

TAGS = ("O", "B-food", "I-food", "B-film", "I-film")


@pytest.fixture
def tagger(studio_home: Path) -> predict.Predictor:
    """A random tagger as a finished run."""
    folder = studio_home / "runs" / RUN / "model"
    torch.manual_seed(1)
    labels = {"id2label": dict(enumerate(TAGS)), "label2id": {tag: i for i, tag in enumerate(TAGS)}}
    model = BertForTokenClassification(make_config(**labels))
    for part in model.modules():
        if isinstance(part, torch.nn.Linear):
            torch.nn.init.normal_(part.weight, std=0.3)
    model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return predict.load(NAME)


@of("entities")
@pytest.mark.parametrize("text", [*dict.fromkeys(text for text, _ in TEXTS), "the film 🎉 was @good"])
def test_entities(tagger: predict.Predictor, text: str) -> None:
    (answer,) = predict.predict(tagger, {"text": [text]})
    assert isinstance(answer, Tagged)
    found = run_script(tags_code.entities(NAME, text, 64))["entities"]
    assert found == [
        (entity.start, entity.end, entity.type, pytest.approx(entity.confidence, abs=1e-5))
        for entity in answer.entities
    ]


@of("entity_attributions")
@pytest.mark.parametrize("method", ["tag-integrated-gradients", "tag-input-x-gradient"])
def test_entity_attributions(tagger: predict.Predictor, method: str) -> None:
    text = "the film was not bad, and i love the plot!"
    expected = explain.explain(tagger, text, at=4, method=method)
    scores: Any = run_script(tags_code.entity_attributions(NAME, text, 4, 64, expected.steps))["scores"]
    assert sum(scores) == pytest.approx(expected.total, abs=1e-4)
    assert max(scores) == pytest.approx(max(word.score for word in expected.words), abs=1e-3)


@of("entity_rows")
@pytest.mark.parametrize("kind", ["conll", "csv", "jsonl", "entities", "entities-zh"])
def test_entity_rows(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sentences = [
        (f"we love the film number {i} in paris .", "O O O B-film I-film I-film O B-food O") for i in range(20)
    ]
    if kind == "conll":
        lines = ("\n".join(map(" ".join, zip(a.split(), b.split(), strict=True))) for a, b in sentences)
        Path("d.conll").write_text("\n\n".join(lines) + "\n")
    elif kind == "csv":
        Path("d.csv").write_text("words,tags\n" + "".join(f"{a},{b}\n" for a, b in sentences))
    elif kind == "jsonl":
        spans = [{"start": 12, "end": 16, "label": "film"}]
        Path("d.jsonl").write_text("".join(json.dumps({"text": a, "spans": spans}) + "\n" for a, _ in sentences))
    own = kind in ("conll", "csv", "jsonl")
    name = f"d.{kind}" if own else kind
    dataset = load_data(name, TASKS["named-entities"].layout, allow_path=own)
    code = tags_code.entity_rows(name, name if own else "", dataset)
    rows: Any = run_script(
        "import json, re\nfrom pathlib import Path\nimport pandas as pd\n" + code + "print(len(rows))"
    )["rows"]
    expected = {(tuple(row["words"]), tuple(row["tags"])) for split in dataset.splits.values() for row in split}
    same = sum((tuple(words), tuple(tags)) in expected for words, tags in rows)
    assert same >= 0.9 * len(expected), "the script splits nearly all sentences into the studio's words"


@of("train_tagger")
@pytest.mark.training
def test_train_tagger(tagger: predict.Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = RunConfig(NAME, "d", task="named-entities", epochs=1.0, batch_size=2, max_length=16, learning_rate=1e-3)
    rows = "rows = [('i love the film'.split(), ['O', 'O', 'O', 'B-film'])] * 12\n"
    result: Any = run_script(tags_code.train_tagger(config, rows, TAGS, held_out=True))["result"]
    assert 0 <= result["eval_entity_f1"] <= 1 and result["eval_loss"] > 0
