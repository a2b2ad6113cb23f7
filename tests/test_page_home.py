"""Home: each card shows what its page would say of the visitor's sentence."""

from urllib.parse import parse_qsl

import numpy as np
import pytest

from core import bundled, models, pretraining
from core.figures import style
from core.tasks.classify import Labelled
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import encoder as cached_encoder
from pages.shared.opening import OPENINGS
from tests.pages_common import check, open_page, texts

TEXT = "The food was wonderful."


def test_the_card_of_pre_training_hides_the_longest_word_and_shows_the_models_guesses() -> None:
    app = check(open_page("home", text=TEXT))
    model, tokenizer = models.load("minilm", "mlm"), models.load_tokenizer("minilm")
    position = [token.text for token in pretraining.read(model, tokenizer, TEXT).tokens].index("wonderful")
    guesses = pretraining.fill(model, tokenizer, TEXT, (position,)).fillings[0].guesses[:4]
    bodies = [html.proto.body for html in app.get("html")]
    card = next(body for body in bodies if guesses[0].token in body and "%" in body)
    assert [card.index(f">{guess.token}<") for guess in guesses] == sorted(
        card.index(f">{guess.token}<") for guess in guesses
    )
    assert f"{guesses[0].probability:.0%}" in card
    assert "where “wonderful” is hidden" in texts(app)


def test_without_a_run_a_model_that_comes_with_the_studio_answers_and_shows_how_good_it_is() -> None:
    app = check(open_page("home", text=TEXT))
    prediction = cached_answers.prediction("minilm-sentiment", {"text": TEXT})
    assert isinstance(prediction, Labelled)
    bodies = "".join(html.proto.body for html in app.get("html"))
    assert all(
        f">{label}<" in bodies and f">{share:.0%}<" in bodies for label, share in prediction.probabilities.items()
    )
    evaluation = bundled.evaluation("minilm-sentiment")
    assert evaluation.n == 853
    assert f"accuracy {evaluation.metrics['accuracy'].value:.3f}" in texts(app).lower()
    assert "853 texts it never saw" in texts(app)


@pytest.mark.parametrize("text", ["!!!", "我 爱 学习", "antidisestablishmentarianism"])
def test_a_sentence_may_have_no_whole_word_to_hide(text: str) -> None:
    assert not check(open_page("home", text=text)).error


def test_the_card_of_comparison_is_the_cosine_of_the_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    real = style.matrix_png
    monkeypatch.setattr(
        style, "matrix_png", lambda values, *rest, **more: drawn.append(values) or real(values, *rest, **more)
    )
    check(open_page("home", text=TEXT))
    states = cached_encoder.vectors("minilm", TEXT, max_length=24)
    square = next(values for values in drawn[2:] if values.shape == (len(states), len(states)))
    expected = [[np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b) for b in states] for a in states]
    assert np.allclose(square, expected, atol=1e-5)


def test_the_way_to_ones_own_file_opens_ones_own_file() -> None:
    app = check(open_page("home", text=TEXT, run="nosuch"))
    link = next(
        link.proto for link in app.get("page_link") if link.proto.page == "finetune" and "file" in link.proto.label
    )
    asked = dict(parse_qsl(link.query_string))
    form = check(open_page("finetune", **asked))
    assert not form.error and form.button_group(key="data_kind").value == "file"


def test_a_long_sentence_is_not_cut_off_in_its_card() -> None:
    app = check(open_page("home", text="The cinematography is unforgettable, though the ending drags on and on."))
    card = next(html.proto.body for html in app.get("html") if 'class="chips"' in html.proto.body)
    assert ">[SEP]<" in card and "overflow:hidden" not in card


@pytest.mark.parametrize(("text", "named"), [("Good.", True), (f"{TEXT} {TEXT}", False)])
def test_columns_are_named_only_where_their_names_have_room(text: str, named: bool) -> None:
    bodies = [html.proto.body for html in check(open_page("home", text=text)).get("html")]
    card = next(body for body in bodies if "Attention weights of one head" in body)
    assert ('<span class="column' in card) is named
    assert '<span class="row"' in card


def test_a_chinese_sentence_is_not_answered_by_an_english_one_without_a_word() -> None:
    app = check(open_page("home", lang="zh"))
    said = [caption.value for caption in app.caption if "英文句子" in caption.value]
    assert len(said) == 2 and OPENINGS["en"]["text"] in said[0].replace("\\", "")
    assert not [one for one in check(open_page("home")).caption if "reads English" in one.value]
