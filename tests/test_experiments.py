"""Prepared experiments: every row is sound, the address carries the one in view, and the visitor's own things come back."""

import pytest
from streamlit.testing.v1 import AppTest

from core import models
from core.bundled import READY
from pages.shared import experiments, inputs
from pages.shared.experiments import Experiment, of
from pages.topics.attention import experiments as attention
from pages.topics.embeddings import experiments as embeddings
from pages.topics.encoder import experiments as encoder
from pages.topics.playground import experiments as playground
from pages.topics.pretraining import experiments as pretraining
from pages.topics.tokens import experiments as tokens
from tests.pages_common import check, open_page, texts

OWN = "A sentence of my own."
ROWS = {
    "attention": lambda: attention.rows(next(iter(READY))),
    "embeddings": embeddings.rows,
    "encoder": lambda: (*encoder.rows("walk"), *encoder.rows(encoder.CHANGE)),
    "playground": lambda: playground.rows(next(iter(READY))),
    "pretraining": pretraining.rows,
    "tokens": tokens.rows,
}  # page → its experiments


def offered(app: AppTest, page: str) -> set[str]:
    """The ids of the experiments that can be started."""
    start = f"experiment_{page}_"
    return {key.removeprefix(start) for button in app.button if (key := str(button.key)).startswith(start)}


@pytest.mark.parametrize("page", ROWS)
def test_every_row_has_an_id_of_its_own_and_sets_known_values(page: str) -> None:
    rows = ROWS[page]()
    assert len({row.id for row in rows}) == len(rows) > 0
    for row in rows:
        assert set(row.values) <= set(inputs.DEFAULTS) and "view" in row.values
        assert "model" in row.values or page == "playground"  # which speaks of the model in view
        assert row.question.endswith("?") and len(row.look) > 60


@pytest.mark.parametrize("page", ROWS)
def test_every_experiment_opens_by_its_address_with_its_explanation(page: str) -> None:
    for row in ROWS[page]():
        values = {name: value for name, value in row.values.items() if value != inputs.DEFAULTS[name]}
        values |= {"rows": "40"} if row.values["view"] == "map" else {}
        app = check(open_page(page, experiment=row.id, **values))
        assert row.question in texts(app) and row.look in texts(app), row.id
        assert not app.error, row.id


def test_a_topic_offers_its_own_experiments_only() -> None:
    app = check(open_page("attention"))
    assert offered(app, "attention") == {"look-back", "river-bank", "tired", "question-answer", "nothing-to-find"}
    app.segmented_control(key="topic@attention").set_value("flow").run()
    assert offered(check(app), "attention") == {"cls"}


def test_back_restores_what_was_there_before_the_first_experiment() -> None:
    app = check(open_page("attention", text=OWN, pair="Another one.", layer_no="2", head_no="7", view="model-view"))
    app.button(key="experiment_attention_tired").click().run()
    assert check(app).query_params["experiment"] == "tired" and app.query_params["text"] != OWN
    app.text_input(key="text@attention").set_value("The animal was too wide.").run()
    app.button(key="experiment_attention_next").click().run()
    assert check(app).query_params["experiment"] == "question-answer"
    app.button(key="experiment_attention_back").click().run()
    own = {"text": OWN, "pair": "Another one.", "layer_no": "2", "head_no": "7", "view": "model-view", "part": "all"}
    assert check(app).query_params == own
    assert app.text_input(key="text@attention").value == OWN


def test_the_next_experiment_keeps_nothing_of_the_one_before() -> None:
    app = check(open_page("tokens", text=OWN))
    app.button(key="experiment_tokens_too-long").click().run()
    assert check(app).query_params["cut"] == "16"
    app.button(key="experiment_tokens_back").click().run()
    assert "cut" not in check(app).query_params
    app.button(key="experiment_tokens_pair").click().run()
    app.button(key="experiment_tokens_next").click().run()
    assert check(app).query_params["experiment"] == "too-long" and "pair" not in app.query_params


def test_another_page_offers_the_way_back_too_but_keeps_its_view() -> None:
    app = check(open_page("tokens", text=OWN, view="word"))
    app.button(key="experiment_tokens_normalisation").click().run()
    check(app.switch_page("pages/attention.py").run())
    assert "experiment" not in app.query_params
    app.button(key="experiment_attention_back").click().run()
    assert check(app).query_params["text"] == OWN and app.query_params["view"] == "explorer"
    assert "back" not in offered(app, "attention")


def test_who_came_by_the_link_of_an_experiment_goes_back_to_the_defaults() -> None:
    app = check(open_page("attention", experiment="tired", view="explorer", text="It was too tired.", layer="3"))
    app.button(key="experiment_attention_back").click().run()
    assert check(app).query_params == {"view": "explorer"}


def test_an_experiment_that_the_topic_does_not_have_leaves_the_address() -> None:
    app = check(open_page("attention", experiment="no such", text=OWN))
    assert app.session_state["shared_experiment"] == "" and "look-back" in offered(app, "attention")


VOTES = {
    "attention": {"experiment": "tired", "view": "explorer", "layer_no": "4", "head_no": "2"},
    "embeddings": {"experiment": "bank", "view": "word", "uses": "bank"},
    "playground": {"model": "minilm-sentiment", "experiment": "not-bad", "view": "one", "text": "Not bad at all."},
    "pretraining": {"experiment": "pizza", "view": "mlm", "text": "I love eating [MASK]."},
}


@pytest.mark.parametrize("present", ["", "1"])
@pytest.mark.parametrize("page", VOTES)
def test_a_class_votes_before_the_page_shows_anything(page: str, present: str) -> None:
    row = next(row for row in ROWS[page]() if row.id == VOTES[page]["experiment"])
    link = VOTES[page] | ({"present": present} if present else {})
    plain = check(open_page(page, **link))
    app = check(open_page(page, **link, vote="1"))
    assert row.question in texts(app) and row.look not in texts(app) and not app.error
    assert len(drawn(app)) < len(drawn(plain)) - 3 and not app.code
    assert not offered(app, page), "neither the next experiment nor the way back"
    assert app.query_params["vote"] == "1", "the link can be sent"
    app.button(key=f"vote_{page}").click().run()
    assert "vote" not in check(app).query_params
    assert row.look in texts(app) and offered(app, page) == offered(plain, page) and len(app.code) == len(plain.code)


def drawn(app: AppTest) -> list[str]:
    """The kinds of all elements of a page."""
    return [element.type for element in app]


@pytest.mark.parametrize("asked", [{"experiment": "tired", "vote": "yes"}, {"vote": "1"}])
def test_a_vote_needs_an_experiment_and_its_own_value(asked: dict[str, str]) -> None:
    app = check(open_page("attention", view="explorer", **asked)).run()
    assert "vote" not in app.query_params and app.code and "vote_attention" not in {button.key for button in app.button}


def test_another_topic_ends_a_vote() -> None:
    app = check(open_page("attention", **VOTES["attention"], vote="1"))
    app.segmented_control(key="topic@attention").set_value("flow").run()
    assert "vote" not in check(app).query_params and offered(app, "attention") == {"cls"}


def test_experiments_belong_to_a_topic_by_their_view() -> None:
    rows = tuple(Experiment(name, "", "", "", {"view": name}) for name in ("a", "b", "c"))
    assert [row.id for row in of(rows, {"a", "c"})] == ["a", "c"]


@pytest.mark.parametrize("page", ROWS)
def test_a_chinese_page_has_chinese_experiments_where_a_model_reads_them(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {row.id for row in ROWS[page]()}
    monkeypatch.setattr(experiments, "language", lambda: "zh")
    assert {row.id for row in ROWS[page]()} == before, "not without the model"
    monkeypatch.setattr(models, "availability", lambda name: "here")
    rows = ROWS[page]()
    added = [row for row in rows if row.id not in before]
    assert len({row.id for row in rows}) == len(rows)
    if page == "playground":  # whose ready models read English
        added = list(playground._chinese())
    assert added
    for row in added:
        assert row.id.startswith("zh-") and set(row.values) <= set(inputs.DEFAULTS) and "view" in row.values
        assert row.question.endswith("?") and len(row.look) > 60


def test_the_address_of_a_chinese_experiment_opens_it_on_an_english_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "availability", lambda name: "here")
    monkeypatch.setattr(experiments.inputs, "get", lambda name: "zh-bridge" if name == "experiment" else "")
    assert "zh-bridge" in {row.id for row in tokens.rows()}
