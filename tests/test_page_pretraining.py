"""The Pre-training page: every topic shows what core computes, takes its state from the address, and is kind to bad input."""

import json
import shutil
from math import exp
from pathlib import Path

import pandas as pd
import pytest
import torch
from streamlit.testing.v1 import AppTest
from transformers import BertForPreTraining

from core import runs, settings
from core.figures import pretraining as figures
from core.results import RunConfig
from pages.shared import inputs
from pages.shared.cached import pretraining as cached_pretraining
from pages.shared.cached import tokens as cached_tokens
from pages.topics.pretraining import corruption, experiments, mlm, next_sentence
from tests.conftest import make_config, make_tokenizer
from tests.pages_common import LANGUAGES, check, open_page, texts

SENTENCE = "the film was not bad"
VIEWS = ("mlm", "corruption", "score", "nsp", "generation")


def make_run(folder: Path) -> str:
    """A finished run whose model is in a folder, as a model name."""
    run = runs.create(RunConfig(model="minilm", data="article-example"))
    shutil.copytree(folder, run.folder / "model")
    return f"run:{run.id}"


@pytest.fixture(scope="module")
def both_heads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny random BERT that has both heads of pre-training."""
    folder = tmp_path_factory.mktemp("both")
    torch.manual_seed(0)
    BertForPreTraining(make_config()).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def model(both_heads: Path) -> str:
    return make_run(both_heads)


@pytest.fixture
def headless(tiny_bert: Path) -> str:
    return make_run(tiny_bert)


def frame(app: AppTest, column: str) -> pd.DataFrame:
    """The first table that has this column."""
    return next(table.value for table in app.dataframe if column in table.value.columns)


def chips(app: AppTest) -> dict[str, object]:
    """What the first of the page's own parts that draws tokens was given."""
    given = (json.loads(part.proto.json) for part in app.get("bidi_component") if part.proto.json)
    return next(data for data in given if "tokens" in data)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("view", VIEWS)
def test_every_topic_opens_in_both_languages(model: str, view: str, lang: str) -> None:
    app = check(
        open_page("pretraining", model=model, text=SENTENCE, masked="4.film", pair="i love it", view=view, lang=lang)
    )
    assert not app.error and not app.warning
    assert app.session_state["shared_view"] == view
    assert app.expander[-1].label == ("Show the code" if lang == "en" else "显示代码")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_watching_it_learn_needs_no_sentence(model: str, lang: str) -> None:
    app = check(open_page("pretraining", model=model, text="", view="learn", lang=lang))
    assert not app.error and not any(field.key == "text@pretraining" for field in app.text_input)


@pytest.mark.parametrize("view", ["mlm", "score", "generation", "nsp"])
def test_a_model_without_the_head_says_so_and_offers_one(headless: str, view: str) -> None:
    app = check(open_page("pretraining", model=headless, text=SENTENCE, view=view))
    assert "has no head for" in app.warning[0].value.replace("\\", "")
    next(button for button in app.button if button.label == "Use minilm instead").click()
    assert not check(app.run()).warning and app.session_state["shared_model"] == "minilm"


def test_corruption_needs_no_head(headless: str) -> None:
    app = check(open_page("pretraining", model=headless, text=SENTENCE, view="corruption"))
    assert not app.warning and not app.error


def test_without_a_mask_the_page_asks_for_one_until_the_text_changes() -> None:
    app = check(open_page("pretraining", text="The film was good.", masked=mlm.NONE))
    assert "No token is masked" in app.info[0].value
    app.text_input(key="text@pretraining").set_value("The food was wonderful.").run()
    assert not check(app).info and "**wonderful** stood here" in texts(app)


def test_a_masked_token_in_numbers(model: str) -> None:
    app = check(open_page("pretraining", model=model, text=SENTENCE, masked="4.film 17.bad"))
    found = cached_pretraining.filled(model, SENTENCE, (2, 5), whole_words=False, max_length=64)
    shown = frame(app, "−ln p")
    assert list(shown["Position"]) == [2, 5] and list(shown["Token"]) == ["film", "bad"]
    assert list(shown["Rank"]) == [filling.rank for filling in found.fillings]
    assert shown["−ln p"].tolist() == pytest.approx([filling.loss for filling in found.fillings])
    assert found.loss is not None
    assert f"{found.loss:.2f}" in app.latex[1].value
    assert f"{exp(found.loss):,.1f}" in texts(app)


def test_a_mask_in_the_text_has_no_right_answer(model: str) -> None:
    app = check(open_page("pretraining", model=model, text="the [MASK] was bad", masked=""))
    assert "no right answer" in texts(app) and "needs the right answers" in texts(app)
    assert list(frame(app, "−ln p")["Token"]) == ["–"]


def test_a_mask_belongs_to_its_letters() -> None:
    tokens = cached_tokens.tokens("minilm", "unbelievably good", "", 16)
    names = [token.text for token in tokens.tokens]
    word = tuple(i for i, token in enumerate(tokens.tokens) if token.word == 0 and token.source == 0)
    assert len(word) > 1, names
    assert mlm.positions(tokens, "13.good") == (names.index("good"),)
    assert mlm.positions(tokens, "12.good 13.bad x.y 13 . 99999999999999.z") == ()
    assert mlm.positions(tokens, "0.u") == word[:1]
    assert mlm.positions(tokens, "0.u", whole_words=True) == word
    assert mlm.positions(tokens, "0.unbelievably") == word


def test_pressed_chips_become_the_shared_value(model: str) -> None:
    app = check(open_page("pretraining", model=model, text=SENTENCE, masked="4.film"))
    told = chips(app)["tokens"]
    assert isinstance(told, list)
    assert [row["pressed"] for row in told] == [None, False, True, False, False, False, None]


@pytest.mark.parametrize("text", ["안녕하세요 good", "good 안"])
def test_pieces_of_one_character_are_masked_and_shown_together(text: str) -> None:
    tokens = cached_tokens.tokens("minilm", text, "", 128)
    pieces = tuple(
        i for i, token in enumerate(tokens.tokens) if token.start == text.index("안") and token.kind != "special"
    )
    assert len(pieces) > 1
    value = mlm.after_press(tokens, (), pieces[:1])
    masked = mlm.positions(tokens, value)
    assert masked == pieces
    assert mlm.after_press(tokens, masked, masked[1:]) == mlm.NONE, "one of them released: none is masked"


def test_show_all_tokens_again(model: str) -> None:
    app = check(open_page("pretraining", model=model, text=SENTENCE, masked="4.film"))
    next(button for button in app.button if button.label == "Show all tokens").click().run()
    assert "No token is masked" in check(app).info[0].value


def test_two_models_side_by_side(model: str, both_heads: Path) -> None:
    other = make_run(both_heads)
    app = check(open_page("pretraining", model=model, models=other, text=SENTENCE, masked="4.film"))
    assert len(app.get("plotly_chart")) == 2 + 3  # one picture a model, two maps and their difference
    assert not app.error


def test_a_model_without_the_head_is_not_offered(model: str, headless: str) -> None:
    app = check(open_page("pretraining", model=model, models=headless, text=SENTENCE, masked="4.film"))
    assert app.multiselect[0].value == []


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    "text", ["good", "good " * 600, "我爱电影，今天天气好", "[MASK] [MASK]", "🙂", "<b>x</b> **y** $z$", "{0} %s"],
    ids=["one token", "600 tokens", "Chinese", "all masks", "emoji", "markup", "template"],
)  # fmt: skip
def test_any_text_is_a_result_or_one_clear_line(model: str, view: str, text: str) -> None:
    app = check(
        open_page("pretraining", model=model, text=text, masked="0.good 0.我", pair="good", view=view, cut="64")
    )
    assert len(app.error) <= 1
    if text == "good " * 600:
        assert "64" in app.warning[0].value


@pytest.mark.parametrize("view", VIEWS)
def test_an_empty_text_is_one_clear_line(model: str, view: str) -> None:
    app = check(open_page("pretraining", model=model, text="  ", view=view))
    assert len(app.error) == 1 and "type a sentence" in app.error[0].value.replace("\\", "")
    assert any(str(button.key).startswith("experiment_pretraining") for button in app.button)


def test_a_language_that_the_vocabulary_does_not_know_is_said() -> None:
    app = check(open_page("pretraining", text="我喜欢披萨 [MASK]", masked=""))
    assert any("are [UNK]" in text.value.replace("\\", "") for text in app.markdown) and not app.error


def test_whole_words_are_all_masked(model: str) -> None:
    app = check(open_page("pretraining", model=model, text="walking and acting " * 8, view="corruption", whole="yes"))
    shown = frame(app, "Share chosen")
    assert list(shown["replaced by [MASK]"].dropna().unique()) == [100] and len(shown) == 2


def test_corruption_counts_what_it_shows(model: str) -> None:
    text = "the film was not bad and the acting was great . " * 3
    app = check(open_page("pretraining", model=model, text=text, view="corruption", seed="3"))
    found = cached_pretraining.corrupted(model, text, seed=3, whole_words=False, max_length=64)
    shown = frame(app, "Share chosen")
    assert shown["Chosen"][0] == found.chosen and shown["Tokens counted"][0] == found.choosable
    assert shown["Share chosen"][1] == pytest.approx(15, abs=1)
    assert shown["replaced by [MASK]"][1] == pytest.approx(80, abs=3)
    looks = [row["look"] for row in chips(app)["tokens"]]  # type: ignore[attr-defined]
    assert looks[1:-1] == [corruption.LOOKS[fate] for fate in found.fates[1:-1]]
    next(button for button in app.button if button.label == "Roll again").click().run()
    assert check(app).session_state["shared_seed"] == "4"


def test_score_adds_up(model: str) -> None:
    app = check(open_page("pretraining", model=model, text=SENTENCE, other_text="the film was not good", view="score"))
    found = cached_pretraining.scored(model, SENTENCE, 64)
    assert found is not None
    assert frame(app, "ln p")["ln p"].sum() == pytest.approx(found.total)
    assert [metric.value for metric in app.metric][:2] == [f"{found.total:.2f}", f"{found.perplexity:,.1f}"]
    assert len(app.metric) == 6 and "likelier one" in texts(app)


def test_next_sentence_in_numbers(model: str) -> None:
    app = check(open_page("pretraining", model=model, text=SENTENCE, pair="i love it", view="nsp"))
    found = cached_pretraining.follows(model, SENTENCE, "i love it", 64)
    assert app.metric[0].value == figures.percent(found.probability)
    assert any(f"{found.probability:.4f}" in part.value for part in app.latex)
    prepared = frame(app, "P(follows)")
    assert list(prepared["First"]) == [pair[0] for pair in next_sentence.PAIRS.values()]
    segments = [row["small"] for row in chips(app)["tokens"]]  # type: ignore[attr-defined]
    assert segments == [str(token.segment) for token in found.tokens.tokens]


def test_a_prepared_pair_fills_both_fields(model: str) -> None:
    app = check(open_page("pretraining", model=model, text=SENTENCE, view="nsp"))
    assert "second sentence" in app.info[0].value
    app.button("nsp_swapped").click().run()
    check(app)
    assert (app.session_state["shared_text"], app.session_state["shared_pair"]) == next_sentence.PAIRS["swapped"]
    assert app.metric


def test_generation_step_by_step(model: str) -> None:
    app = check(
        open_page(
            "pretraining", model=model, text="the film", view="generation", length="3", seed="5", way="left-to-right"
        )
    )
    steps = cached_pretraining.generated(
        model, "the film", method="left-to-right", length=3, temperature=1.0, top_k=50, seed=5, max_length=64
    )
    assert list(frame(app, "Sweep")["Text"]) == [step.text for step in steps] and len(steps) == 3
    assert app.select_slider(key="step@pretraining").value == 3
    app.select_slider(key="step@pretraining").set_value(1).run()
    assert check(app).query_params["step"] == "1"
    looks = [row["look"] for row in chips(app)["tokens"]]  # type: ignore[attr-defined]
    assert looks == ["special", "rest", "rest", "word new", "gap", "gap", "special"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", "9" * 5000),
        ("length", "-1"),
        ("temperature", "hot"),
        ("temperature", "1e9"),
        ("top_k", "²"),
        ("step", "99"),
        ("way", "x"),
    ],
)
def test_nonsense_in_the_address_falls_back(model: str, name: str, value: str) -> None:
    app = check(open_page("pretraining", model=model, text="the film", view="generation", **{name: value}))
    assert not app.error


def test_every_experiment_sets_known_values() -> None:
    for row in experiments.rows():
        assert set(row.values) <= set(inputs.DEFAULTS) and row.values["view"] in (*VIEWS, "learn")


def test_pieces_of_a_word_give_each_other_away() -> None:
    """What the prepared experiment says, with the bundled model."""
    row = next(row for row in experiments.rows() if row.values.get("masked"))
    tokens = cached_tokens.tokens("minilm", row.values["text"], "", 128)
    losses = [
        cached_pretraining.filled(
            "minilm", row.values["text"], mlm.positions(tokens, row.values["masked"]), whole_words=whole, max_length=128
        ).loss
        for whole in (False, True)
    ]
    assert None not in losses and losses[0] < losses[1]  # type: ignore[operator]


@pytest.mark.parametrize(("text", "hidden"), [("", "acting"), ("The food was wonderful.", "wonderful")])
def test_a_sentence_opens_with_a_word_hidden(text: str, hidden: str) -> None:
    app = check(open_page("pretraining", **({"text": text} if text else {})))
    assert not app.info and f"**{hidden}** stood here" in texts(app)
    assert "masked" not in app.query_params, "until somebody chooses, the rule chooses"


def test_names_in_figures_are_escaped_and_the_original_is_marked() -> None:
    figure = figures.guesses(["<b>x</b>", "</script>"], [0.6, 0.1], title="t", original=1)
    assert "<b>x" not in figure.to_json() and "</script>" not in figure.to_json()
    assert list(figure.data[0].marker.pattern.shape) == ["", "/"]


@pytest.mark.parametrize(("value", "shown"), [(0.3149, "31%"), (0.0419, "4.2%"), (0.00013, "0.013%"), (1.0, "100%")])
def test_a_probability_has_as_many_digits_as_it_needs(value: float, shown: str) -> None:
    assert figures.percent(value) == shown


def test_no_more_models_are_compared_than_have_room(model: str, both_heads: Path) -> None:
    others = [model, *(make_run(both_heads) for _ in range(3))]
    app = check(open_page("pretraining", model=model, models=",".join(others[1:]), text=SENTENCE, masked="4.film"))
    assert app.multiselect(key="models@pretraining").value == others[1:3]
    pictures = [item for item in app.markdown if str(item.value).startswith(("**your run", "**run"))]
    assert len(pictures) == 3, "a column for each model that is compared, the first included"


def test_a_token_stands_in_a_sentence_without_the_space_before_it() -> None:
    assert [mlm._word(token) for token in ("Ġfilm", "▁film", "film", "Ġ")] == ["film", "film", "film", " "]


@pytest.mark.parametrize("view", ["mlm", "corruption", "generation"])
def test_the_other_familys_mask_is_a_mask_in_the_code_too(view: str) -> None:
    app = check(open_page("pretraining", model="minilm", text="i love <mask> food", view=view, masked=""))
    code = "".join(block.value for block in app.code)
    assert "[MASK]" in code and "<mask>" not in code


def test_an_experiment_stays_in_view_while_one_does_what_it_asks(model: str) -> None:
    app = check(open_page("pretraining", model=model, text=SENTENCE, masked="4.film"))
    look = next(row.look for row in experiments.rows() if row.id == "pieces")
    check(app.button(key="experiment_pretraining_pieces").click().run())
    assert look in texts(app)
    check(app.toggle(key="whole@pretraining").set_value(True).run())
    assert look in texts(app)
    check(app.segmented_control(key="view@pretraining").set_value("corruption").run())
    assert look not in texts(app)


def test_pointing_at_a_surprise_says_all_of_it() -> None:
    note = "probability 0.013%, rank 1,234; expected: food (12%) <b>"
    (bar,) = figures.surprise(["film"], [9.0], [note], title="", largest=9.0).data
    assert list(bar.customdata[0]) == ["film", note.replace("<b>", "&lt;b&gt;")]


def test_runs_are_in_the_studios_home(model: str) -> None:
    assert (settings.runs_folder() / model.removeprefix("run:") / "model" / "config.json").is_file()


@pytest.mark.parametrize(("view", "behind"), [("mlm", "minilm-mlm"), ("score", "minilm-mlm"), ("nsp", "minilm-nsp")])
def test_the_encoder_behind_the_numbers_is_named(view: str, behind: str) -> None:
    app = check(open_page("pretraining", view=view))
    drawn = [str(element.proto) for element in app.main]
    named = next(i for i, one in enumerate(drawn) if f"**{behind}**" in one)
    first = next(i for i, one in enumerate(drawn) if 'spec: "' in one or "arrow_data" in one or "LATEX" in one)
    assert named < first or view == "nsp", "above the numbers, where there is room"


def test_a_sentence_that_no_head_reads_has_an_example_and_the_way_back() -> None:
    app = check(open_page("pretraining", view="mlm", text="我爱吃披萨，也爱喝咖啡。"))
    app.button(key="example").click().run()
    assert check(app).query_params["experiment"] and app.query_params["text"] != "我爱吃披萨，也爱喝咖啡。"
    assert "use_minilm" not in {str(button.key) for button in app.button}
    app.button(key="experiment_pretraining_back").click().run()
    assert check(app).query_params["text"] == "我爱吃披萨，也爱喝咖啡。"
