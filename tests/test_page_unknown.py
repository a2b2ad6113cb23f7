"""Where the model in view lacks characters of the text, every page says so beside its picture and offers a way."""

import json
import shutil
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToJson

from core import models, runs
from core.results import RunConfig
from core.tokens import tokenize
from pages.shared.unknown import lacking
from tests.pages_common import check, open_page, texts

CHINESE = "剧情很单薄，但演员的表演非常精彩。"


def test_the_characters_are_named_once_and_only_a_few() -> None:
    tokenizer = models.load_tokenizer("minilm")
    found = tokenize(tokenizer, CHINESE)
    assert lacking(found).split()[0] == "剧" and lacking(found).endswith("…")
    assert lacking(tokenize(tokenizer, "good 🙂", "🙂")) == "🙂" and lacking(tokenize(tokenizer, "good")) == ""


@pytest.mark.parametrize("page", ["home", "tokens", "encoder", "attention", "embeddings", "pretraining"])
def test_each_page_says_it_and_leads_on(page: str) -> None:
    app = check(open_page(page, model="minilm", text=CHINESE))
    assert "tokens are [UNK]: the vocabulary of minilm lacks 剧" in texts(app).replace("\\", ""), page
    app = check(open_page(page, model="minilm", text="The film is good."))
    assert "the vocabulary of minilm lacks" not in texts(app)


def test_a_classifier_that_stands_in_for_another_model_says_it_too(tiny_bert: Path) -> None:
    run = runs.create(RunConfig(model="minilm", data="article-example"))  # an encoder without a head
    shutil.copytree(tiny_bert, run.folder / "model")
    app = check(open_page("attention", model=f"run:{run.id}", text=CHINESE, view="explanation"))
    assert "the vocabulary of minilm-sentiment lacks 剧" in texts(app).replace("\\", "")


@pytest.mark.parametrize("view", ["mlm", "nsp"])
def test_pre_training_offers_what_reads_the_sentence(view: str, tiny_bert: Path) -> None:
    run = runs.create(RunConfig(model="minilm", data="article-example"))  # an encoder without heads
    shutil.copytree(tiny_bert, run.folder / "model")
    app = check(open_page("pretraining", model=f"run:{run.id}", text=CHINESE, view=view))
    assert "minilm learnt English and cannot read this sentence" in app.warning[0].value.replace("\\", "")
    assert not [button for button in app.button if "minilm" in button.label], "that one lacks the characters"
    ways = [json.loads(MessageToJson(link.proto)) for link in app.get("page_link")]
    queries = [way.get("queryString", "") for way in ways]
    assert sum("view=learn" in query for query in queries) == 1, "offered once"
    assert any("corpus=chinese-reviews" in query and "view=learn" in query for query in queries), queries


def test_a_button_switches_to_a_model_that_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MULTILINGUAL", "minilm-sentiment")
    app = check(open_page("encoder", model="minilm", text=CHINESE))
    check(app.button(key="unknown_switch").click().run())
    assert app.session_state["shared_model"] == "minilm-sentiment"
    assert app.selectbox(key="model@encoder").value == "minilm-sentiment"
