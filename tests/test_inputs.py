"""The shared values: what an address may ask for, and what each page keeps when another is opened."""

import json
from urllib.parse import parse_qs

import pytest

from pages.shared import inputs
from tests.pages_common import check, open_page, texts

ENDLESS = "9" * 5000  # more digits than Python reads as a number


@pytest.mark.parametrize("name", ["layer", "head", "cut"])
def test_a_number_without_end_in_the_address_falls_back(name: str) -> None:
    app = check(open_page("attention", **{name: ENDLESS}))
    assert not app.error and texts(app) == texts(check(open_page("attention")))


@pytest.mark.parametrize(("view", "name", "value"), [("word", "word", f"0:{ENDLESS}"), ("vocabulary", "entry", ENDLESS)])  # fmt: skip
def test_a_place_without_end_in_the_address_falls_back(view: str, name: str, value: str) -> None:
    assert not check(open_page("tokens", view=view, **{name: value})).error


def test_a_value_twice_in_a_list_counts_once() -> None:
    app = check(open_page("attention", view="ablation", off="0.1,0.1,0.2"))
    assert app.multiselect(key="off@attention").value == ["0.1", "0.2"]


def test_each_page_keeps_its_own_view() -> None:
    app = check(open_page("attention", view="flow"))
    check(app.switch_page("pages/tokens.py").run())
    assert app.session_state["shared_view"] == "tokens"
    app.segmented_control(key="view@tokens").set_value("word").run()
    check(app.switch_page("pages/embeddings.py").run())
    assert app.session_state["shared_view"] == "output"  # and not the view of the same name: “word”
    check(app.switch_page("pages/attention.py").run())
    assert app.session_state["shared_view"] == "flow"
    check(app.switch_page("pages/tokens.py").run())
    assert app.session_state["shared_view"] == "word"


@pytest.mark.parametrize("view", ["heatmap", "heads", "nothing"])
def test_a_view_that_is_no_more_falls_back_to_the_first(view: str) -> None:
    app = check(open_page("attention", view=view))
    assert not app.error and app.session_state["shared_view"] == "explorer"


def test_the_tutorial_opens_its_first_claim_after_another_page() -> None:
    app = check(open_page("tokens", view="tokens"))
    check(app.switch_page("pages/article.py").run())
    assert [part.proto.expanded for part in app.expander].index(True) == 0


@pytest.mark.parametrize("query", [{"layer_no": "4", "head_no": "2", "heads_off": "1.2,6.12"}, {"layer": "3", "head": "1", "off": "0.1,5.11"}])  # fmt: skip
def test_the_address_counts_layers_and_heads_as_the_page_does_and_reads_old_ones(query: dict[str, str]) -> None:
    app = check(open_page("attention", view="ablation", **query))
    assert [app.session_state[f"shared_{name}"] for name in ("layer", "head", "off")] == ["3", "1", "0.1,5.11"]
    assert app.multiselect(key="off@attention").value == ["0.1", "5.11"]
    app.text_input(key="text@attention").set_value("a b").run()
    assert {name: app.query_params[name] for name in ("layer_no", "head_no", "heads_off")} == {
        "layer_no": "4", "head_no": "2", "heads_off": "1.2,6.12",
    }  # fmt: skip
    assert not {"layer", "head", "off"} & set(app.query_params)


@pytest.mark.parametrize("value", ["0", "-3", "x", ENDLESS, "²"])
def test_a_layer_that_is_none_in_the_address_is_not_asked_for(value: str) -> None:
    app = check(open_page("attention", layer_no=value))
    assert not app.error and texts(app) == texts(check(open_page("attention")))


# --- the address: a wish, or the echo of what was written here ---


def test_the_first_address_is_written_by_the_part_that_comes_with_the_page() -> None:
    app = check(open_page("attention", text="a"))
    assert app.query_params == {"text": "a"}
    (history,) = (part.proto for part in app.get("bidi_component") if part.proto.component_name.endswith("history"))
    assert parse_qs(json.loads(history.json)) == {"text": ["a"], "view": ["explorer"]}
    app.text_input(key="text@attention").set_value("ab").run()
    assert app.query_params["text"] == "ab" and app.query_params["view"] == "explorer"


def test_an_address_is_an_echo_only_until_the_browser_has_a_newer_one() -> None:
    app = check(open_page("attention", text="a"))
    app.text_input(key="text@attention").set_value("ab").run()
    earlier = dict(app.query_params)
    app.text_input(key="text@attention").set_value("abc").run()
    app.text_input(key="text@attention").set_value("abcd").run()  # sent from the address with "abc"
    app.query_params.clear()
    app.query_params.update(earlier)  # so this is a link
    app.run()
    assert app.text_input(key="text@attention").value == "ab"


def test_a_browser_that_is_a_whole_word_behind_undoes_no_letter() -> None:
    app = check(open_page("attention", text="a"))
    app.text_input(key="text@attention").set_value("ab").run()
    shown = dict(app.query_params)
    for letters in range(3, 33):
        app.query_params.clear()
        app.query_params.update(shown)
        app.text_input(key="text@attention").set_value("a" * letters).run()
        assert app.session_state["shared_text"] == "a" * letters


def test_back_takes_the_address_whole_even_one_of_a_moment_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    app = check(open_page("attention", text="a"))
    app.text_input(key="text@attention").set_value("ab").run()
    earlier = dict(app.query_params)
    app.text_input(key="pair@attention").set_value("and more").run()
    app.query_params.clear()
    app.query_params.update(earlier)
    monkeypatch.setattr(inputs, "_by_back_or_forward", lambda: True)
    app.run()
    assert app.session_state["shared_text"] == "ab" and app.session_state["shared_pair"] == ""
    assert app.query_params == earlier


def test_back_to_an_address_without_inputs_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    app = check(open_page("attention", text="a"))
    app.query_params.clear()
    monkeypatch.setattr(inputs, "_by_back_or_forward", lambda: True)
    app.run()
    assert app.query_params["text"] == "a"


def test_a_text_too_long_for_an_address_is_not_lost_by_back(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "word " * inputs.LONGEST_LINK
    app = check(open_page("attention", text="a"))
    app.text_input(key="text@attention").set_value(long).run()
    monkeypatch.setattr(inputs, "_by_back_or_forward", lambda: True)
    app.run()
    assert app.session_state["shared_text"] == long


def test_the_language_of_a_link_stays_on_the_next_page() -> None:
    app = check(open_page("runs", lang="zh"))
    app.query_params.clear()  # as the navigation opens a page
    check(app.switch_page("pages/attention.py").run())
    assert app.title[0].value == "注意力" and app.query_params["lang"] == "zh"


# --- present, reset, options ---


@pytest.mark.parametrize("page", ["tokens", "encoder", "attention", "embeddings", "pretraining", "playground", "runs"])
def test_a_page_is_presented_by_its_address_and_left_by_a_button(page: str) -> None:
    app = check(open_page(page, present="1"))
    assert app.query_params["present"] == "1"
    check(app.button(key="leave").click().run())
    assert "present" not in app.query_params and "leave" not in {button.key for button in app.button}
    check(app.button(key="present").click().run())
    assert app.query_params["present"] == "1"


def test_the_next_page_is_presented_with_the_sentence_at_the_press_of_a_button() -> None:
    app = check(open_page("attention", present="1", text="mine", view="flow"))
    check(app.button(key="next").click().run())
    assert app.query_params == {"present": "1", "text": "mine", "view": "output"} and app.title[0].value == "Embeddings"
    assert app.button(key="next").label == "Next: Pre-training"
    assert check(open_page("home", present="1")).button(key="next").label == "Next: Tokens"
    assert check(open_page("article", present="1")).button(key="next").label == "Next: Home"
    assert "next" not in {button.key for button in check(open_page("attention")).button}


def test_reset_gives_the_pages_values_their_defaults_and_keeps_the_topic_and_what_belongs_to_training() -> None:
    app = check(open_page("attention", text="mine", pair="too", cut="9", layer="3", view="flow", data="imdb"))
    check(app.button(key="reset").click().run())
    assert app.query_params == {"view": "flow", "data": "imdb"}
    check(app.switch_page("pages/finetune.py").run())
    check(app.button(key="reset").click().run())
    assert "data" not in app.query_params


def test_options_say_how_many_of_them_are_changed() -> None:
    def title(**query: str) -> str:
        (popover,) = (block.proto.popover for block in check(open_page("attention", **query)).get("popover"))
        return str(popover.label)

    assert title() == "Options"
    assert title(cut="9") == "Options · 1 changed"
    assert title(cut="9", pair="too", part="all") == "Options · 2 changed"
    assert title(cut="9", pair="too", part="a-b") == "Options · 3 changed"
    assert title(cut="9", pair="too", lang="zh") == "选项 · 已改 2 项"
