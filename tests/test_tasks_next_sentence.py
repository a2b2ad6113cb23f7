"""core.tasks.next_sentence: classification of pairs made of documents, and heads that do not depend on who draws meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import BertForMaskedLM, BertForNextSentencePrediction, BertModel

from core import models, predict
from core.corpus import NEXT, NOT_NEXT
from core.data.load import load
from core.errors import UserError
from core.results import RunConfig
from core.tasks.base import read_detail
from core.tasks.class_scores import Classes
from core.tasks.next_sentence import NEXT_SENTENCE, NextSentence
from tests.classifier import answers
from tests.conftest import make_config, make_tokenizer
from tests.training import fresh, silent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A random BertForNextSentencePrediction, whose labels are named as training names them."""
    torch.manual_seed(0)
    names = {0: NEXT, 1: NOT_NEXT}
    config = make_config(id2label=names, label2id={name: i for i, name in names.items()}, initializer_range=0.2)
    BertForNextSentencePrediction(config).save_pretrained(tmp_path / "nsp")
    make_tokenizer().save_pretrained(tmp_path / "nsp")
    return tmp_path / "nsp"


def test_the_task_is_told_from_the_head_and_asked_about_two_texts(folder: Path) -> None:
    predictor = predict.load(str(folder), allow_path=True)
    assert predictor.task is NEXT_SENTENCE and predictor.task.inputs == ("text", "pair")
    assert predictor.labels == (NEXT, NOT_NEXT)
    (found,) = answers(predictor, {"text": ["i love pizza"], "pair": ["the film was good"]})
    batch = predictor.tokenizer("i love pizza", "the film was good", return_tensors="pt")
    with torch.no_grad():
        expected = BertForNextSentencePrediction.from_pretrained(folder)(**batch).logits.softmax(-1)[0]
    assert list(found.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-5)


def test_it_is_measured_as_a_classification_of_pairs(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(f"the film {i} was good . i love pizza {i} . bad plot ." for i in range(30)), "utf-8")
    dataset = load(str(path), NEXT_SENTENCE.layout, allow_path=True)
    model = models.load(str(folder), "nsp", allow_path=True)
    goal = NextSentence(make_tokenizer(), dataset.label_names, 64)
    measured = goal.measure(model, dataset, "test", silent, live=False)
    assert (
        measured is not None
        and measured.task == NEXT_SENTENCE.id
        and set(measured.metrics) == set(NEXT_SENTENCE.metrics)
    )
    assert measured.n == len(dataset.splits["test"]) and read_detail(Classes, measured).labels == (NEXT, NOT_NEXT)
    rows = goal.rows(dataset, silent)
    assert [max(row["token_type_ids"]) for row in rows.features] == [1] * len(rows.features)


def test_a_model_without_the_head_is_refused(tiny_bert: Path) -> None:
    with pytest.raises(UserError, match="no head for next sentence prediction"):
        predict.load(str(tiny_bert), NEXT_SENTENCE.id, allow_path=True)


@pytest.mark.parametrize("task", ["text-classification", "next-sentence-prediction"])
@pytest.mark.parametrize("kind", [BertForMaskedLM, BertModel], ids=["without pooler", "with pooler"])
def test_a_new_head_depends_on_the_seed_only_whoever_draws_meanwhile(
    kind: type, task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind(make_config()).save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    config = RunConfig(str(tmp_path), "", task=task, seed=3)
    alone = fresh(config, ("a", "b")).state_dict()

    def interrupted(function: Callable[..., object]) -> Callable[..., object]:
        def call(*values: object, **options: object) -> object:
            torch.rand(7)  # as another session's dropout, in a thread of its own, would
            return function(*values, **options)

        return call

    monkeypatch.setattr(models, "_load", interrupted(models._load))
    monkeypatch.setattr(nn.init, "normal_", interrupted(nn.init.normal_))
    beside = fresh(config, ("a", "b")).state_dict()
    assert all(torch.equal(alone[name], beside[name]) for name in alone)
    other = fresh(replace(config, seed=4), ("a", "b")).state_dict()
    assert any(not torch.equal(alone[name], other[name]) for name in alone)
