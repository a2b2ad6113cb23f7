"""What a visit opens with: a sentence and data in the language of the page, until somebody brings their own."""

import pytest

from core import models
from core.data.bundled import DATASETS
from pages.shared import inputs
from pages.shared.opening import OPENINGS, is_opening, other
from tests.pages_common import check, open_page


def test_the_openings_name_the_same_things_and_what_there_is() -> None:
    assert all(row.keys() == OPENINGS["en"].keys() <= inputs.DEFAULTS.keys() for row in OPENINGS.values())
    for language, row in OPENINGS.items():
        assert {DATASETS[row[name]].languages for name in ("data", "texts", "sample") if row[name]} == {language}
    assert {name: inputs.DEFAULTS[name] for name in OPENINGS["en"]} == OPENINGS["en"]


def test_only_what_is_an_opening_changes() -> None:
    assert other("text", OPENINGS["en"]["text"], "zh") == OPENINGS["zh"]["text"]
    assert other("text", "my own", "zh") == "my own" and other("uses", "bat", "zh") == "bat"
    assert is_opening({"text": OPENINGS["zh"]["text"]}) and not is_opening({}) and not is_opening({"text": "x"})


def test_a_chinese_page_opens_with_a_chinese_sentence_and_follows_the_language() -> None:
    app = check(open_page("encoder", lang="zh"))
    assert app.text_input(key="text@encoder").value == OPENINGS["zh"]["text"]
    check(app.button_group(key="lang_widget").set_value("en").run())
    assert app.text_input(key="text@encoder").value == OPENINGS["en"]["text"]
    app.text_input(key="text@encoder").set_value("my own").run()
    check(app.button_group(key="lang_widget").set_value("zh").run())
    assert app.text_input(key="text@encoder").value == "my own"


def test_what_an_address_asks_for_stays_in_any_language() -> None:
    app = check(
        open_page("encoder", lang="zh", layer="2")
    )  # an English page wrote it with the sentence that it opens with
    assert app.text_input(key="text@encoder").value == OPENINGS["en"]["text"]
    app.query_params.clear()
    check(app.switch_page("pages/attention.py").run())
    assert app.text_input(key="text@attention").value == OPENINGS["en"]["text"]


def test_pages_whose_models_read_english_open_in_english_and_give_the_sentence_back() -> None:
    app = check(open_page("encoder", lang="zh"))
    app.query_params.clear()
    check(app.switch_page("pages/pretraining.py").run())
    assert app.session_state["shared_text"] == OPENINGS["en"]["text"] and not app.error
    app.query_params.clear()
    check(app.switch_page("pages/encoder.py").run())
    assert app.text_input(key="text@encoder").value == OPENINGS["zh"]["text"]


def test_the_model_follows_the_text_until_somebody_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "default", lambda texts: "minilm-sentiment" if "我" in "".join(texts) else "minilm")
    app = check(open_page("encoder"))
    assert app.selectbox(key="model@encoder").value == "minilm"
    check(app.text_input(key="text@encoder").set_value("我爱吃披萨").run())
    assert app.selectbox(key="model@encoder").value == "minilm-sentiment"
    assert "model" not in app.query_params, "who opens this address gets the model of the text too"
    check(app.selectbox(key="model@encoder").set_value("minilm").run())
    assert app.query_params["model"] == ["minilm"] or app.query_params["model"] == "minilm"
    check(app.text_input(key="text@encoder").set_value("我爱吃").run())
    assert app.selectbox(key="model@encoder").value == "minilm"
