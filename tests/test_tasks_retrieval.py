"""Passage retrieval: hand-worked figures and loss, passages that are no wrong ones, encoders of every family, the folder that is left."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from datasets import Dataset, DatasetDict
from transformers import AutoModel, AutoTokenizer, BertModel

from core import models, predict, runs
from core.data.bundled import DATASETS
from core.data.dataset import TextDataset
from core.data.load import load
from core.errors import UserError
from core.families import HEADS
from core.finetune import methods, setup
from core.results import DataReport, RunConfig
from core.search.vectors import Encoder
from core.tasks import base, rank_scores
from core.tasks.base import read_detail
from core.tasks.rank_scores import Asked, Ranks, asked_of
from core.tasks.retrieval import PASSAGE_RETRIEVAL, SCALE, WORDS, Ranked, Retrieval
from pages.shared.snippets import retrieval as snippets
from tests.conftest import make_config, make_tokenizer
from tests.families import ENCODERS
from tests.pages_common import check, open_page, put_run, texts
from tests.scripts import run_script
from tests.training import silent

RUN = "20260102-030405-aaaaaa"


def dataset_of(train: list[tuple[str, str]], test: list[tuple[str, str]]) -> TextDataset:
    splits = {
        name: Dataset.from_dict(dict(zip(("text", "pair"), zip(*rows, strict=True), strict=True)))
        for name, rows in (("train", train), ("test", test))
    }
    return TextDataset("x", PASSAGE_RETRIEVAL.layout, {}, (), DatasetDict(splits), DataReport(0, (), {}, {}))


# --- Figures -----------------------------------------------------------------------------------------------------------


def test_all_figures_of_a_hand_worked_case() -> None:
    scores = np.array([[0.9, 0.1, 0.5], [0.9, 0.1, 0.5], [0.2, 0.2, 0.2], [0.3, 0.1, 0.2]])
    asked = Asked(("a", "b", "c", "d"), ("p", "q", "r"), ((0,), (2,), (2,), (1, 2)), 0.5)
    found = rank_scores.measure("passage-retrieval", asked, lambda part: scores[part], cut=0.25)
    # ranks: 1; 2; 3, since equal ones keep the order of the passages; 2, that of the better of both
    assert found.right == "1000" and found.n == 4
    assert found.metrics["recall_1"].value == 0.25 and found.metrics["recall_10"].value == 1
    assert found.metrics["mrr_10"].value == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    gains = 1 + 2 / np.log2(3) + 1 / np.log2(4)
    assert found.metrics["ndcg_10"].value == pytest.approx(gains / 4)
    detail = read_detail(Ranks, found)
    assert (detail.passages, detail.new, detail.cut) == (3, 0.5, 0.25) and detail.recall[3].value == 1
    among_more = replace(asked, passages=("p", "q", "r", "s"))
    scores = np.hstack([scores, np.zeros((4, 1))])
    again = rank_scores.measure("passage-retrieval", among_more, lambda part: scores[part])
    assert again.right == found.right and again.rows != found.rows, "of other passages it is another test"
    assert [(row.question, row.rank, row.first) for row in detail.examples] == [
        ("c", 3, "p"),
        ("b", 2, "p"),
        ("d", 2, "p"),
    ]


def test_below_the_tenth_place_nothing_counts() -> None:
    asked = Asked(("a", "b"), tuple("0123456789XY"), ((9,), (10,)), 1.0)
    scores = np.tile(-np.arange(12.0), (2, 1))
    found = rank_scores.measure("passage-retrieval", asked, lambda part: scores[part])
    assert found.metrics["recall_10"].value == 0.5
    assert found.metrics["mrr_10"].value == pytest.approx(0.05)
    assert read_detail(Ranks, found).examples[0].rank == 11


def test_questions_are_ranked_against_all_passages_of_the_data() -> None:
    data = dataset_of([("a", "p"), ("b", "q"), ("e", "r")], [("c", "s"), ("d", "p"), ("d", "t"), ("c", "s")])
    asked = asked_of(data, "test", 0, live=False)
    assert asked == Asked(("c", "d"), ("s", "p", "t", "q", "r"), ((0,), (1, 2)), 0.5)
    assert asked_of(data, "test", 0, live=True) == asked


def test_words_that_no_passage_has_find_nothing() -> None:
    data = dataset_of([("x", "the red cat"), ("y", "a dog")], [("red", "a red car"), ("zebra", "one bus")])
    found = WORDS.measure(RunConfig("m", "d", PASSAGE_RETRIEVAL.id), data, "test")
    assert found is not None and found.right in ("10", "00")
    worst = read_detail(Ranks, found).examples[0]
    assert (worst.question, worst.rank, worst.score) == ("zebra", 0, 0)


# --- Learning ----------------------------------------------------------------------------------------------------------

PAIRS = [
    ("i love the film", "the film was good"),
    ("was it good", "the film was good"),
    ("eating pizza", "i love eating pizza"),
    ("the plot", "a very boring plot"),
    ("the plot", "i hate the plot"),
]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    torch.manual_seed(0)
    BertModel(make_config(initializer_range=0.3)).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


def start(folder: Path) -> tuple[Retrieval, BertModel]:
    config = RunConfig(str(folder), "x", PASSAGE_RETRIEVAL.id)
    tokenizer = models.load_tokenizer(str(folder), allow_path=True)
    model = base.start(PASSAGE_RETRIEVAL, config, (), tokenizer).eval()
    assert isinstance(model, BertModel)
    return Retrieval(tokenizer, (), 32, batch_size=8), model


def test_the_loss_is_that_of_a_choice_among_the_wrong_passages(encoder: Path) -> None:
    """Worked out pair by pair: what answers the question too, be it the same passage again or another one, is not among the wrong ones."""
    goal, model = start(encoder)
    features = goal.rows(dataset_of(PAIRS, PAIRS[:1]), silent).features
    batch = goal.collate(features, 0)
    vectors = Encoder("x", model, goal.tokenizer).vectors
    questions, passages = (vectors([pair[place] for pair in PAIRS]) for place in (0, 1))
    right = {(0, 1), (1, 0), (3, 4), (4, 3)}
    losses = []
    for i in range(len(PAIRS)):
        rest = [j for j in range(len(PAIRS)) if (i, j) not in right]
        chances = np.exp(SCALE * questions[i] @ passages[rest].T)
        losses.append(-np.log(chances[rest.index(i)] / chances.sum()))
    with torch.no_grad():
        assert goal.loss(model, batch).item() == pytest.approx(float(np.mean(losses)), rel=1e-4)
        alone = goal.collate(features[:2], 0)  # the same passage twice: nothing is wrong here
        assert goal.loss(model, alone).item() == 0


def test_a_row_holds_both_texts_and_is_cut_at_each(encoder: Path) -> None:
    goal, _model = start(encoder)
    goal.max_length = 5
    rows = goal.rows(dataset_of(PAIRS, PAIRS[:1]), silent)
    assert rows.truncated.tolist() == [True, True, True, True, True]
    assert rows.lengths == [10, 10, 9, 9, 9]
    (message, values), = goal.notes()  # fmt: skip
    assert "among the 8 of its batch" in message.format(**values)


@pytest.mark.parametrize("family", ENCODERS)
def test_every_family_learns_without_a_head(family: str, tmp_path: Path) -> None:
    kind, config = ENCODERS[family]
    torch.manual_seed(0)
    kind(config).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    run_config = RunConfig(str(tmp_path), "x", PASSAGE_RETRIEVAL.id)
    tokenizer = models.load_tokenizer(str(tmp_path), allow_path=True)
    model = base.start(PASSAGE_RETRIEVAL, run_config, (), tokenizer)
    assert models.can_learn(str(tmp_path), PASSAGE_RETRIEVAL.head, allow_path=True)
    goal = Retrieval(tokenizer, (), 32)
    loss = goal.loss(model, goal.collate(goal.rows(dataset_of(PAIRS, PAIRS[:1]), silent).features, 0))
    loss.backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is not None for parameter in model.parameters())
    groups = {row.group for row in methods.movement(model, model)}
    assert groups == ({"embeddings", "layers"} if family == "albert" else {"embeddings", "layer 1", "layer 2"})


def test_there_is_no_head_to_train_alone(encoder: Path) -> None:
    with pytest.raises(UserError, match=r"no head that could be trained alone.* choose one of full, frozen, lora"):
        setup.check(RunConfig(str(encoder), "x", PASSAGE_RETRIEVAL.id, method="head"))
    app = check(open_page("finetune", data="helpdesk-pairs", task=PASSAGE_RETRIEVAL.id))
    assert "Classifier only" not in app.get("button_group")[-1].options and not app.error


def test_lora_trains_the_attention_alone(encoder: Path) -> None:
    _goal, model = start(encoder)
    found = methods.choose_parameters(model, RunConfig(str(encoder), "x", PASSAGE_RETRIEVAL.id, method="lora"))
    trained = {name for name, parameter in found.named_parameters() if parameter.requires_grad}
    assert trained and all("lora_" in name for name in trained)


def test_an_encoder_without_the_mark_has_no_head(encoder: Path) -> None:
    assert models.head_of(models.load_config(str(encoder), allow_path=True)) == ""
    with pytest.raises(UserError, match="without a head"):
        predict.load(str(encoder), allow_path=True)
    assert predict.load(str(encoder), PASSAGE_RETRIEVAL.id, allow_path=True).task is PASSAGE_RETRIEVAL
    assert HEADS["writer"].suffix.endswith(HEADS["embedder"].suffix)  # so the one that writes must come first
    assert list(HEADS).index("writer") < list(HEADS).index("embedder")


# --- A run -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny run."""
    home = tmp_path_factory.mktemp("runs")
    rows = [
        (f"{question} {word}", f"{passage} {word}") for question, passage in PAIRS for word in ("good", "great", "a")
    ]
    config = RunConfig(
        str(encoder), "data/rows.csv", PASSAGE_RETRIEVAL.id, epochs=1, batch_size=4, learning_rate=1e-3, evaluations=1
    )
    found = runs.create(config, folder=home / RUN)
    (found.folder / "data").mkdir(exist_ok=True)
    pd.DataFrame(rows, columns=["question", "passage"]).to_csv(found.folder / "data" / "rows.csv", index=False)
    runs.work(found.folder)
    return found.folder


@pytest.mark.training
def test_the_folder_is_an_encoder_of_plain_transformers(trained: Path) -> None:
    folder = trained / "model"
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    asked = ["i love the film", "the film was very very good", "pizza"]
    inputs = tokenizer(asked, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = model(**inputs).last_hidden_state
    mask = inputs["attention_mask"].unsqueeze(-1)
    plain = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1).numpy()
    name = str(folder)
    loaded = models.load_encoder(name, allow_path=True), models.load_tokenizer(name, allow_path=True)
    assert Encoder(name, *loaded).vectors(asked) == pytest.approx(plain, abs=1e-5)
    config = models.load_config(name, allow_path=True)
    assert models.head_of(config) == PASSAGE_RETRIEVAL.head and config.sentence_pooling == "mean"
    with pytest.raises(UserError, match="makes sentence vectors"):
        predict.load(name, "text-classification", allow_path=True)
    (found,) = predict.predict(
        predict.load(name, allow_path=True), {"text": asked[:1], "pair": [f" {asked[2]}\n\n{asked[1]}\n \n"]}
    )
    assert isinstance(found, Ranked)
    cosines = {asked[place]: float(plain[0] @ plain[place]) for place in (1, 2)}
    assert {row.text: row.cosine for row in found.passages} == pytest.approx(cosines, abs=1e-5)
    assert found.passages[0].cosine >= found.passages[1].cosine


@pytest.mark.training
def test_the_search_searches_with_it(trained: Path) -> None:
    name = f"run:{put_run(trained)}"
    app = check(
        open_page("search", shelf="lines", passages="the film was good\ni hate pizza", ask="good film", searcher=name)
    )
    assert not app.error and RUN in app.code[0].value
    assert any("rows.csv" in option for option in app.selectbox(key="searcher@search").options)


@pytest.mark.training
def test_questions_that_a_run_was_trained_on_do_not_measure_the_search(trained: Path) -> None:
    name = f"run:{put_run(trained)}"
    rows = load(str(trained / "data" / "rows.csv"), PASSAGE_RETRIEVAL.layout, allow_path=True)
    known = rows.splits["train"]["text"][0]
    asked = "\n".join(f"{question} | 1" for question in (known, "great acting"))
    passages = "the film was good\ni hate pizza"
    app = check(open_page("search", shelf="lines", view="measured", passages=passages, labelled=asked, searcher=name))
    assert not app.error and "1 question that this model was trained on is left out" in app.info[0].value
    assert "1 question with one right text among 2" in texts(app)
    app = check(open_page("search", shelf="lines", view="measured", passages=passages, labelled=asked))
    assert not app.info and "2 questions" in texts(app)


# --- Scripts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, row in DATASETS.items() if row.task == PASSAGE_RETRIEVAL.id])
def test_the_rows_of_a_script_are_those_of_the_studio(name: str) -> None:
    dataset = load(name, PASSAGE_RETRIEVAL.layout)
    code = f"import json\nfrom pathlib import Path\nimport pandas as pd\n{snippets.rows(name, '', dataset)}"
    rows = run_script(f"{code}print(len(rows))")["rows"]
    assert isinstance(rows, pd.DataFrame)
    for split, part in dataset.splits.items():
        own = rows[rows["split"] == split]
        assert list(zip(own["text"], own["pair"], strict=True)) == list(zip(part["text"], part["pair"], strict=True))


def test_a_new_model_is_asked_to_choose_among_passages(encoder: Path) -> None:
    rows = {"text": ["a", "b", "c", "d", "e"], "pair": ["A", "A", "B", "C", "D"]}
    asked = start(encoder)[0].asked_first(rows)
    assert asked == {"text": "a", "pair": "D\n\nC\n\nB\n\nA"}
