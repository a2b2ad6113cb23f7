"""Every page, alone and in both languages, on ordinary and on hostile input: a result or one clear line, never a traceback."""

import re
from itertools import groupby
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.claims import TITLE
from pages.shared import i18n, layout, path, words
from tests.browser import driver as browser
from tests.hostile import TYPED as HOSTILE
from tests.pages_common import open_page

ROOT = Path(__file__).parent.parent
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


def test_all_pages_of_the_navigation_exist_and_none_is_left_out() -> None:
    assert sorted(["home", path.CLASSROOM, *path.STEPS]) == PAGES


def test_the_sections_of_the_navigation_are_those_the_browser_tests_open() -> None:
    sections = groupby(path.STEPS.values(), key=lambda row: row.section)
    named = {section: tuple(row.title for row in rows) for section, rows in sections}
    assert named == browser.SECTIONS


def test_the_app_itself_opens_home() -> None:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert not at.exception
    assert at.title[0].value == "BERT Studio"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_works_alone_in_both_languages(name: str, language: str) -> None:
    at = open_page(name, lang=language)
    assert not at.exception
    assert not at.error
    said = " ".join(m.value for m in at.markdown).replace(TITLE, "")  # the tutorial's title is as it is
    chinese = re.search(r"[\u4e00-\u9fff]", said)
    assert bool(chinese) == (language == "zh")


@pytest.mark.parametrize("name", ["home", "tokens", "encoder", "attention", "pretraining", "playground"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_text_or_one_clear_line(name: str, kind: str) -> None:
    at = open_page(name, text=HOSTILE[kind])
    assert not at.exception
    assert len(at.error) <= 1
    if kind in ("empty", "spaces") and name in ("tokens", "attention", "pretraining"):
        assert "type a sentence" in unescaped(at.error[0].value)
    for html in at.get("html"):
        assert "<script>alert" not in html.proto.body and "<img src=x" not in html.proto.body


def unescaped(text: str) -> str:
    return text.replace("\\", "")


@pytest.mark.parametrize("name", ["home", "tokens", "attention", "pretraining", "finetune", "playground"])
@pytest.mark.parametrize(
    "model", ["../../etc/passwd", "owner/not-here", "run:20260101-000000-abcdef", "</script>", "http://x"]
)
def test_a_model_that_cannot_be_had_is_one_clear_line(name: str, model: str) -> None:
    at = open_page(name, model=model)
    assert not at.exception
    shown = [unescaped(e.value) for e in [*at.error, *at.warning, *at.caption, *at.info]]
    assert any("model" in text or "machine" in text or "no run" in text for text in shown), shown


@pytest.mark.parametrize(("layer", "head"), [("99", "99"), ("-1", "x"), ("", "1e9"), ("²", "٣")])
def test_nonsense_in_the_address_falls_back(layer: str, head: str) -> None:
    at = open_page("attention", layer=layer, head=head, view="nothing", cut="many", lang="xx", run="../x")
    assert not at.exception and not at.error


def test_the_text_follows_from_page_to_page_and_into_the_address() -> None:
    at = open_page("attention", text="a shared sentence")
    assert at.text_input(key="text@attention").value == "a shared sentence"
    at.text_input(key="text@attention").set_value("another sentence").run()
    assert at.query_params["text"] == "another sentence"
    at.switch_page("pages/tokens.py").run()
    assert any("another sentence" in part.proto.json for part in at.get("bidi_component"))


def test_an_address_of_a_moment_ago_does_not_undo_what_is_typed() -> None:
    at = open_page("attention", text="a")
    at.text_input(key="text@attention").set_value("ab").run()
    at.query_params["text"] = "a"
    at.text_input(key="text@attention").set_value("abc").run()
    assert at.text_input(key="text@attention").value == "abc" and at.query_params["text"] == "abc"


def test_what_is_cut_is_shown() -> None:
    at = open_page("tokens", text="one two three four five six", cut="5")
    assert "never sees" in at.warning[0].value
    assert any("four five six" in html.proto.body for html in at.get("html"))


def test_the_language_can_be_picked() -> None:
    at = open_page("runs", lang="zh")
    assert at.title[0].value == "训练记录"
    at.segmented_control[0].set_value("en").run()
    assert at.title[0].value == "Runs"
    assert at.query_params["lang"] == "en"


def test_user_text_in_a_message_cannot_format_it() -> None:
    escaped = layout.plain("[x](http://y) **b** $z$ :red[w] <i>")
    assert not re.search(r"(?<!\\)[\[\]()*$:<>]", escaped)
    shown = escaped.replace("\\", "").replace(words.WORD_JOINER, "")  # which keeps an address from becoming a link
    assert shown == "[x](http://y) **b** $z$ :red[w] <i>"


def test_an_unknown_string_stays_english() -> None:
    assert i18n._("no such string") == "no such string"
