"""The page Tokens: its box as the server sees it, and every view on ordinary and hostile text, in both languages."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import inputs
from pages.shared.cached import tokens as cached_tokens
from pages.topics.tokens import tokenizers
from pages.topics.tokens import typing as page_typing
from tests.hostile import TYPED as HOSTILE
from tests.pages_common import LANGUAGES, check, open_page, texts
from tests.scripts import run_script

VIEWS = ("tokens", "word", "side", "languages", "vocabulary", "data")


def box(app: AppTest) -> dict:
    """What the page tells its text box."""
    (part,) = [part for part in app.get("bidi_component") if part.proto.component_name == "studio_typing"]
    return json.loads(part.proto.json)


def html(app: AppTest) -> str:
    return " ".join(part.proto.body for part in app.get("html"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_in_both_languages(view: str, language: str) -> None:
    at = check(open_page("tokens", view=view, lang=language))
    assert not at.error


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("view", ["word", "side"])
def test_hostile_text_is_text_or_one_clear_line(view: str, kind: str) -> None:
    at = check(open_page("tokens", view=view, text=HOSTILE[kind]))
    assert len(at.error) == (kind in ("empty", "spaces"))
    assert "<script>alert" not in html(at) and "<img src=x" not in html(at)


def test_the_box_gets_the_text_its_tokens_and_their_places() -> None:
    found = box(open_page("tokens", text="I love 🙂 pizza", pair="So do I"))
    assert found["text"] == "I love 🙂 pizza" and found["pair"] == "So do I" and found["n"] == 0
    assert [token["id"] for token in found["tokens"]][:3] == [101, 1045, 2293]
    pizza = next(token for token in found["tokens"] if token["text"] == "pizza")
    assert (pizza["start"], pizza["end"]) == (9, 14)  # characters, not UTF-16 units
    assert {token["source"] for token in found["tokens"]} == {None, 0, 1}
    assert len(found["columns"]) == 8


def test_what_the_model_adds_is_said() -> None:
    """A newcomer's first question."""
    said = "".join(caption.value for caption in open_page("tokens").caption).replace("\\", "")
    assert "[CLS] and [SEP] are not in your text" in said


def test_padding_is_in_the_picture_and_in_the_code() -> None:
    at = open_page("tokens", text="I love pizza")
    check(at.number_input(key="pad_to").set_value(8).run())
    assert len(box(at)["tokens"]) == 8
    assert run_script(at.code[0].value)["padded"]["input_ids"] == [token["id"] for token in box(at)["tokens"]]  # type: ignore[index]


def test_the_tutorials_experiment_shows_the_true_ids() -> None:
    at = open_page("tokens")
    check(next(button for button in at.button if button.label == "The tutorial's sentence").click().run())
    assert [token["id"] for token in box(at)["tokens"]] == [101, 1045, 2293, 5983, 10733, 102]


def test_a_text_with_carriage_returns_counts_its_places_as_the_box_does() -> None:
    found = box(open_page("tokens", text="one\r\ntwo\rthree"))
    assert found["text"] == "one\ntwo\nthree"
    assert [(token["start"], token["end"]) for token in found["tokens"][1:-1]] == [(0, 3), (4, 7), (8, 13)]


def test_what_is_typed_becomes_the_shared_text_and_its_number_goes_back() -> None:
    at = open_page("tokens")
    at.session_state["shared_text"] = "typed\ufffd"
    at.session_state[page_typing.NUMBER] = 7
    found = box(check(at.run()))
    assert (found["n"], found["text"]) == (7, "typed\ufffd")


def test_the_word_of_the_address_is_taken_apart() -> None:
    at = check(open_page("tokens", view="word", text="I am untokenizable", word="0:2"))
    assert "untokenizable" in texts(at) and "is spelled with" in texts(at)
    shown = html(at)
    for piece in ("unto", "##ken", "##iza", "##ble"):
        assert f"<b>{piece}</b>" in shown
    assert shown.index("<b>untokenizable</b>") < shown.index("<b>untokenizabl</b>")  # the longest first
    assert box(at)["chosen"] == "0:2"


@pytest.mark.parametrize("word", ["", "1:0", "0:99", "x", "0:²"])
def test_nonsense_for_a_word_falls_back_to_a_telling_one(word: str) -> None:
    at = check(open_page("tokens", view="word", text="hello world", word=word))
    assert "world" in texts(at)


def test_normalisation_is_shown_before_and_after() -> None:
    shown = html(check(open_page("tokens", view="word", text="Résumé")))
    assert "<code>Résumé</code>" in shown and "<code>resume</code>" in shown


def test_side_by_side_trains_and_shows_what_was_merged() -> None:
    at = check(open_page("tokens", view="side", text="the film was good"))
    at.selectbox(key="tokenizers_source").set_value(tokenizers.OWN).run()
    at.text_area(key="tokenizers_own").set_value("the film the film the good film was was good\n" * 20)
    at.segmented_control(key="tokenizers_kind").set_value("bpe")
    train = next(button for button in at.button if button.label == "Train")
    check(train.click().run())
    assert "BPE 1,000" in texts(at)
    table = at.dataframe[-1].value
    assert any("+" in made for made in table["Made from"])
    assert (table["Tokens of the training texts"] > 0).any()


def test_languages_show_the_numbers_of_the_core() -> None:
    at = check(open_page("tokens", view="languages", part="per_word"))
    table = at.dataframe[0].value
    costs = cached_tokens.language_costs("minilm")
    assert list(table["Number of tokens"]) == [cost.tokens for cost in costs]
    assert len(table) >= 12


def test_the_vocabulary_is_searched_and_shows_neighbours() -> None:
    at = check(open_page("tokens", view="vocabulary", query="king", entry="2332"))
    assert at.dataframe[0].value["Entry"].iloc[0] == "king"
    assert "queen" in list(at.dataframe[1].value["Entry"])
    at.text_input(key="query@tokens").set_value("no such piece of text").run()
    assert not check(at).error


@pytest.mark.parametrize("entry", ["-1", "99999999", "x", "²"])
def test_nonsense_for_an_entry_falls_back(entry: str) -> None:
    assert not check(open_page("tokens", view="vocabulary", query="zzz", part="nothing", entry=entry)).error


def test_your_data_counts_the_chosen_dataset() -> None:
    at = check(open_page("tokens", view="data", data="article-example"))
    assert at.metric[0].value == "4"
    assert len(at.dataframe[0].value) > 5


def test_a_hidden_view_computes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_arguments: object, **_options: object) -> None:
        raise AssertionError("computed though hidden")

    for name in ("language_costs", "entries", "spelling", "word_trace", "corpus_statistics", "neighbours"):
        monkeypatch.setattr(cached_tokens, name, never)
    check(open_page("tokens", view="tokens"))


def test_a_button_pressed_while_a_text_is_on_its_way_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both come with one rerun, in either order; a text that was typed over since must still arrive."""
    state: dict[str, object] = {"shared_text": "shown", page_typing.KNOWN: "shown"}
    monkeypatch.setattr("streamlit.session_state", state)

    def typed(text: str, number: int) -> None:
        state[page_typing.KEY] = {"typed": {"text": text, "n": number}}
        page_typing._take_typed()

    typed("one", 1)
    typed("one two", 2)  # before the page has run again
    assert state["shared_text"] == "one two"
    inputs.put("text", "the button's")
    typed("one two three", 3)
    assert state["shared_text"] == "the button's" and state[page_typing.NUMBER] == 3


def test_one_candidate_is_one() -> None:
    at = check(open_page("tokens", view="word", text="The film"))
    said = " ".join(caption.value for caption in at.caption)
    assert "the first candidate that was tried" in said and "1 candidates" not in said
    at = check(open_page("tokens", view="word", text="unforgettably"))
    assert "candidates were tried" in " ".join(caption.value for caption in at.caption)


@pytest.mark.parametrize(
    ("text", "label", "value"),
    [
        ("The film", "Tokens per word", "1.00"),
        ("我爱电影", "Tokens per character", "1.00"),
        ("ฉันรัก", "Tokens per character", None),
    ],
)
def test_a_script_without_spaces_is_counted_in_characters(text: str, label: str, value: str | None) -> None:
    at = check(open_page("tokens", text=text))
    found = {metric.label: metric.value for metric in at.metric}
    assert label in found and (value is None or found[label] == value)
    assert ("Words" in found) == (label == "Tokens per word")


def test_tokens_per_word_are_counted_on_what_was_not_cut() -> None:
    at = check(open_page("tokens", text="the film " * 20, cut="10"))
    assert next(metric.value for metric in at.metric if metric.label == "Tokens per word") == "1.00"
