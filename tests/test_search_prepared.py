"""The vectors that come with the studio are those of the model, and with them the first result in Chinese needs no model."""

import numpy as np
import pytest

from core import models, multilingual
from core.data import fit
from core.multilingual import package_file
from core.search import prepared
from pages.topics.search import experiments
from recipes import search_vectors as recipe
from tests.pages_common import check, open_page
from tests.test_page_search import html, said


@pytest.fixture
def with_multilingual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multilingual, "package_file", package_file)


def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "folder", lambda name, **options: pytest.fail(f"{name} is made or loaded"))


@pytest.mark.training
def test_the_stored_vectors_are_those_of_the_model(with_multilingual: None) -> None:
    """Equal but for rounding. `python -m recipes.search_vectors` makes them again."""
    encoder, texts = recipe.encoder(), recipe.texts()
    assert prepared.read().places == {prepared.digest(text): place for place, text in enumerate(texts)}
    assert prepared.read().max_length == encoder.max_length
    stored = prepared.vectors(prepared.MODEL, texts)
    assert stored is not None
    assert np.abs(encoder.vectors(texts[::7]) - stored[::7]).max() < 5e-4
    assert not fit.advice({"text": texts}, encoder.tokenizer, encoder.max_length, cut=True), (
        "nothing has to be said of them"
    )


def test_only_texts_that_were_prepared_have_a_vector(with_multilingual: None) -> None:
    texts = recipe.texts()[:3]
    stored = prepared.vectors(prepared.MODEL, texts)
    assert stored is not None and np.allclose(np.linalg.norm(stored, axis=1), 1)
    assert prepared.vectors("minilm", texts) is None
    assert prepared.vectors(prepared.MODEL, [*texts, "something else"]) is None


def test_without_the_model_nothing_is_prepared() -> None:
    assert prepared.vectors(prepared.MODEL, recipe.texts()[:1]) is None


@pytest.mark.parametrize("question", ["", *experiments.ASKED["zh"]])
@pytest.mark.parametrize("view", ["answers", "picture"])
def test_the_first_result_in_chinese_needs_no_model(
    view: str, question: str, with_multilingual: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_model(monkeypatch)
    app = check(open_page("search", lang="zh", view=view, ask=question))
    assert not app.error and app.selectbox(key="searcher@search").value == models.MULTILINGUAL
    if view == "answers":
        assert "阈值" in said(app) and html(app).count('<div class="hits" role="list">') == 3
        assert ("没有合适的答案" in said(app)) == (question == experiments.ASKED["zh"][2])
