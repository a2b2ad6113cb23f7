"""The Playground: its answers are core's, hostile text stays text, a job of many texts can be cancelled and keeps what it has."""

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
import torch
from pydantic import TypeAdapter
from streamlit.testing.v1 import AppTest
from transformers import BertForMaskedLM, BertForNextSentencePrediction, BertForSequenceClassification

from core import explain, predict, runs
from core.bundled import READY
from core.errors import UserError
from core.figures import predictions as predictions_figures
from core.results import Attribution, Preparation, RunConfig, RunState, WordScore
from core.tasks.base import read_detail
from core.tasks.class_scores import Classes
from core.tasks.classify import TEXT as TASK
from pages.shared import demand, sight, visitor
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import data as cached_data
from pages.shared.cached import store
from pages.topics.playground import answering, bulk, experiments
from tests import pages_common
from tests.conftest import make_config, make_tokenizer
from tests.hostile import CLASSIFIED as HOSTILE

FIRST, SECOND = "20260101-000000-abcdef", "20260102-000000-abcdef"
TEXT = "the film was not bad"
REACHED = sight.reached


def make_run(home: Path, run_id: str, model: Path, begun_from: Path, **options: Any) -> str:
    """A finished run that holds `model`; its name as a model."""
    folder = home / "runs" / run_id
    shutil.copytree(model, folder / "model")
    config = RunConfig(model=str(begun_from), data="rotten_tomatoes", name=f"run {run_id[:8]}", **options)
    (folder / "config.json").write_bytes(TypeAdapter(RunConfig).dump_json(config))
    created = 1_767_225_600.0 + int(run_id[:8])
    (folder / "state.json").write_bytes(TypeAdapter(RunState).dump_json(RunState("finished", created)))
    return f"run:{run_id}"


@pytest.fixture
def run(studio_home: Path, tiny_classifier: Path, tiny_bert: Path) -> str:
    return make_run(studio_home, FIRST, tiny_classifier, tiny_bert, seed=3)


@pytest.fixture
def labelled(tmp_path: Path, studio_home: Path, tiny_bert: Path) -> str:
    """A newer run whose label names are hostile, and many."""
    folder = tmp_path / "labelled"
    torch.manual_seed(1)
    names = ["<script>alert(3)</script>", "**bold**", *(f"label {i}" for i in range(14))]
    labels = dict(enumerate(names))
    BertForSequenceClassification(
        make_config(id2label=labels, label2id={name: i for i, name in labels.items()})
    ).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return make_run(studio_home, SECOND, folder, tiny_bert)


def open_page(**query: str) -> AppTest:
    """The page as a visitor gets it who follows a link with these parameters."""
    return pages_common.open_page("playground", **query)


def html(at: AppTest) -> str:
    return "\n".join(element.proto.body for element in at.get("html"))


def said(at: AppTest) -> str:
    """Everything the page says in words, without Markdown's escapes."""
    elements = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error, *at.success]
    return "\n".join(element.value for element in elements).replace("\\", "")


def plots(at: AppTest) -> list[str]:
    return [element.proto.spec for element in at.get("plotly_chart")]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_a_run_the_model_that_comes_with_the_studio_answers(language: str) -> None:
    at = open_page(text="A warm, funny film.", lang=language)
    assert not at.exception and not at.error
    assert ">positive<" in html(at) and plots(at)
    if language == "en":
        assert "comes with the studio answers here: Sentiment of film reviews" in said(at)
    assert {link.proto.page for link in at.get("page_link")[:-2]} == {"finetune"}  # the last two are the path


@pytest.mark.parametrize("name", READY)
def test_an_example_of_a_model_that_comes_with_the_studio_is_asked(name: str) -> None:
    at = open_page()
    at.button(f"example_{name}_0").click().run()
    assert not at.exception and not at.error
    assert at.query_params["model"] == [name] or at.query_params["model"] == name
    assert at.session_state["shared_text"] == READY[name].examples[0]
    assert len([button for button in at.button if str(button.key).startswith(f"example_{name}_")]) == len(
        READY[name].examples
    )
    assert READY[name].figures in said(at) and "nothing to compare" in said(at)
    assert at.selectbox(key="model@playground").value == name


def test_a_link_to_a_run_that_is_not_here_says_so_and_nothing_else_answers(run: str) -> None:
    at = open_page(text=TEXT, model="run:nosuch")
    assert not at.exception and not plots(at)
    assert [error.value.replace("\\", "") for error in at.error] == [
        "There is no run 'nosuch'; it may have been deleted"
    ]
    at.button(key="use_other").click().run()
    assert not at.exception and not at.error and plots(at)
    assert at.session_state["shared_model"] == "minilm-sentiment", "the run here is not this visitor's"


def test_a_run_that_ends_meanwhile_takes_no_answer_over_and_answers_on_the_next_visit(
    run: str, studio_home: Path, tiny_classifier: Path, tiny_bert: Path
) -> None:
    at = open_page(text=TEXT, model=run)
    at.selectbox(key="model@playground").set_value("minilm").run()
    assert "A run of yours answers here: run 20260101" in said(at)
    newer = make_run(studio_home, SECOND, tiny_classifier, tiny_bert).removeprefix("run:")
    at.session_state[visitor.OPENED] = (*at.session_state[visitor.OPENED], newer)
    at.run()
    assert "A run of yours answers here: run 20260101" in said(at)
    at.switch_page("pages/tokens.py").run().switch_page("pages/playground.py").run()
    assert "A run of yours answers here: run 20260102" in said(at)
    shutil.rmtree(studio_home / "runs" / newer)
    at.run()
    assert not at.exception and "A run of yours answers here: run 20260101" in said(at), "what is gone answers no more"


@pytest.fixture
def pairs_run(studio_home: Path, tiny_classifier: Path, tiny_bert: Path) -> str:
    """Another task's run, newer than `run`, without data that can be read."""
    return make_run(studio_home, SECOND, tiny_classifier, tiny_bert, task="pair-classification")


def mine(*names: str) -> str:
    """The address's list of runs that makes them this visitor's."""
    return ",".join(name.removeprefix("run:") for name in names)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_visitors_runs_stand_among_the_ready_models_by_task(run: str, pairs_run: str, language: str) -> None:
    at = open_page(runs=mine(run, pairs_run), model="minilm-sentiment", lang=language)
    keys = [str(button.key) for button in at.button if str(button.key).startswith(("example_", "ask_"))]
    assert not at.exception and f"ask_{FIRST}" in keys and f"ask_{SECOND}" in keys
    place = keys.index(f"ask_{FIRST}")
    before = keys[place - 1].removeprefix("example_").rsplit("_", 1)[0]
    assert READY[before].task == TASK.id, "a run of texts stands with the ready models that read texts"
    assert keys.index(f"ask_{SECOND}") == len(keys) - 1, "a task that no ready model has comes after them"
    assert {"en": "Sentence-pair classification:", "zh": "句对分类："}[language] in [one.value for one in at.caption]


def test_a_run_is_asked_by_its_button_and_leaves_the_others_there(tickets: str, run: str) -> None:
    at = open_page(runs=mine(tickets, run), text="my own sentence", model="minilm-sentiment")
    at.button(key=f"ask_{mine(tickets)}").click().run()
    assert not at.exception and not at.error and at.session_state["shared_model"] == tickets
    assert at.session_state["shared_text"].split()[1] in ("invoice", "film"), "a row of its own data"
    keys = {str(button.key) for button in at.button}
    assert f"ask_{FIRST}" in keys and "example_minilm-sentiment_0" in keys and f"ask_{mine(tickets)}" not in keys


def test_nobody_elses_run_is_offered_as_ones_own(run: str) -> None:
    assert not [button for button in open_page().button if str(button.key).startswith("ask_")]


def test_sixty_runs_leave_a_short_choice_and_a_list_by_task(
    studio_home: Path, tiny_classifier: Path, tiny_bert: Path
) -> None:
    names = [
        make_run(
            studio_home, f"2026{1 + i // 28:02}{1 + i % 28:02}-000000-abcdef", tiny_classifier, tiny_bert,
            task=("text-classification", "pair-classification")[i % 2],
        )
        for i in range(60)
    ]  # fmt: skip
    at = open_page(runs=mine(*names), model="minilm-sentiment")
    assert not at.exception
    assert len([button for button in at.button if str(button.key).startswith("ask_")]) == 2 * answering.SHOWN_RUNS
    assert said(at).count("and 26 more runs of yours in the list of models") == 2
    options = [one for one in at.selectbox(key="model@playground").options if one.startswith("your run: ")]
    tasks = [one.removeprefix("your run: ").split(" · ")[0] for one in options]
    assert len(tasks) == 60 and tasks == sorted(tasks, key=tasks.index) and len(set(tasks)) == 2
    assert "run 20260304" in options[0], "the newest of all comes first"


def test_the_picker_lists_what_is_here_first_the_encoders_before_what_was_made_of_them() -> None:
    options = open_page().selectbox(key="model@playground").options
    titles, notes = zip(*(option.rsplit(" · ", 1) for option in options), strict=True)
    first = titles.index(next(iter(READY.values())).title)
    assert titles[first : first + len(READY)] == tuple(row.title for row in READY.values())
    assert set(notes[:first]) == {"on this machine"} and "minilm" in titles[:first]
    assert "on this machine" not in notes[first:] and first + len(READY) < len(notes)


def test_a_bare_encoder_hands_over_to_this_visitors_newest_run(run: str, labelled: str) -> None:
    at = open_page(text=TEXT, runs=f"{run},{labelled}".replace("run:", ""))
    assert not at.exception and not at.error
    assert "'minilm' is a pre-trained encoder without a head for a task" in said(at) and "run 20260102" in said(at)
    next(button for button in at.button if button.label == "Use it on every page").click().run()
    assert labelled in at.query_params["model"]
    assert "without a head for a task" not in said(at)


def test_other_peoples_runs_can_be_chosen_but_answer_nobody_unasked(run: str, labelled: str) -> None:
    at = open_page(text=TEXT)
    assert not at.exception and not at.error
    assert "comes with the studio answers here" in said(at) and "run 2026" not in said(at)
    titles = at.selectbox(key="model@playground").options
    assert (
        sum(title.startswith("run: Text classification · run 2026") for title in titles)
        == 2
        == len([t for t in titles if "run 2026" in t])
    )


@pytest.mark.parametrize("model", ["../../etc/passwd", "run:20250101-000000-abcdef", "owner/none"])
def test_a_model_that_cannot_be_had_is_one_line_and_a_way_on(run: str, model: str) -> None:
    at = open_page(text=TEXT, model=model)
    assert not at.exception and len(at.error) == 1 and not plots(at)
    assert "Sentiment of film reviews" in at.button(key="use_other").label


def test_the_answer_is_cores_answer(run: str) -> None:
    at = open_page(text=TEXT, model=run)
    assert not at.exception and not at.error
    predictor = predict.load(run)
    expected = predict.predict(predictor, {"text": [TEXT]})[0]
    assert f">{expected.label}<" in html(at)
    assert f"probability {expected.probability:.1%}" in html(at)
    for value in expected.probabilities.values():
        assert f"{value:.1%}" in plots(at)[0]
    before = cached_answers.before_training(FIRST, {"text": TEXT})
    assert before.probabilities != expected.probabilities
    assert f"{before.probability:.1%}" in plots(at)[1]
    assert "seed 3" in said(at) and "chance" in said(at)
    assert "ms per prediction" not in said(at)
    at.button(key="speed").click().run()
    assert re.search(r"\d ms per prediction .* the median of [345] after one to warm up", said(at))
    assert "ms per prediction" not in said(at.text_input(key="text@playground").set_value("good").run()), "another text"


def test_before_training_is_what_the_seed_gives(
    run: str, studio_home: Path, tiny_classifier: Path, tiny_bert: Path
) -> None:
    make_run(studio_home, SECOND, tiny_classifier, tiny_bert, seed=4)
    first, other = (
        cached_answers.before_training(FIRST, {"text": TEXT}),
        cached_answers.before_training(SECOND, {"text": TEXT}),
    )
    store.forget(lambda name: True)
    torch.rand(7)
    assert cached_answers.before_training(FIRST, {"text": TEXT}).probabilities == first.probabilities
    assert other.probabilities != first.probabilities


@pytest.mark.parametrize("method", explain.offered(TASK))
def test_words_are_tinted_by_what_they_did(run: str, method: str) -> None:
    at = open_page(text=TEXT, model=run, method=method)
    assert not at.exception and not at.error
    expected = explain.explain(predict.load(run), TEXT, method=method)
    words = re.findall(r'<span class="(\w*)" title="([+-][\d.]+)[^"]*" style="[^"]*">(\w+)', html(at))
    assert [word for *_rest, word in words] == TEXT.split()
    scale = 100 if explain.METHODS[method].unit == "probability" else 1
    for (kind, shown, _word), score in zip(words, expected.words, strict=True):
        assert float(shown) == pytest.approx(scale * score.score, abs=0.006)
        assert kind in ("", "for" if score.score >= 0 else "against")
    strongest = max(expected.words, key=lambda word: abs(word.score))
    mark = "▲" if strongest.score > 0 else "▼"
    assert f"{strongest.text}<sup>{mark}</sup>" in html(at)
    assert ("Completeness error" in said(at)) == explain.METHODS[method].completeness


def test_the_words_wait_until_their_place_is_in_sight(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sight, "reached", lambda name, wanted: asked.append(wanted))
    at = open_page(text=TEXT, model=run)
    assert not at.exception and 'class="words"' not in html(at) and "words matter…" in said(at)
    assert "# which words" not in at.code[-1].value and len(plots(at)) == 2, "the answer is there without them"
    open_page(text="another text", model=run)
    assert len(set(asked)) == 2
    monkeypatch.setattr(sight, "reached", REACHED)
    assert 'class="words"' not in html(open_page(text=TEXT, model=run)), "no browser has said so"


def test_nothing_is_attributed_while_it_is_off(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_args: object, **_options: object) -> Attribution:
        raise AssertionError("computed although nobody looks")

    monkeypatch.setattr(explain, "explain", never)
    at = open_page(text=TEXT, model=run, method="off")
    assert not at.exception
    assert len(plots(at)) == 2


def test_another_label_can_be_asked_about(run: str) -> None:
    at = open_page(text=TEXT, model=run)
    predicted = predict.predict(predict.load(run), {"text": [TEXT]})[0].label
    other = "good" if predicted == "bad" else "bad"
    next(box for box in at.selectbox if box.label == "For the label").set_value(other).run()
    assert not at.exception
    assert f"speaks for “{other}”" in html(at)


@pytest.mark.parametrize("view", ["one", "texts", "models", "many"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_view_works_in_both_languages(run: str, labelled: str, view: str, language: str) -> None:
    at = open_page(text=TEXT, model=run, view=view, lang=language)
    assert not at.exception and not at.error


@pytest.mark.parametrize("view", ["one", "texts", "models"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_stays_text(run: str, labelled: str, kind: str, view: str) -> None:
    at = open_page(
        text=HOSTILE[kind], pair="", other_text=HOSTILE[kind], other_classifier=labelled, model=run, view=view
    )
    assert not at.exception and not at.error
    assert plots(at)
    for body in [html(at), *plots(at)]:
        assert "<script>" not in body and "<img" not in body and "\x00" not in body
    if kind == "hundred thousand characters":
        assert "never saw this" in said(at) and "100,000 characters" in said(at)


@pytest.mark.parametrize("view", ["one", "texts", "models"])
@pytest.mark.parametrize("text", ["", "   ", "\t"])
def test_no_text_is_one_clear_line(run: str, labelled: str, text: str, view: str) -> None:
    at = open_page(text=text, model=run, view=view)
    assert not at.exception
    assert {error.value.replace("\\", "") for error in at.error} == {"The text is empty; write something first"}
    shown = any(str(button.key).startswith("experiment_playground_") for button in at.button)
    assert shown == (view != "models"), "the topic's experiments still show the way"


def test_hostile_and_many_labels(labelled: str) -> None:
    at = open_page(text=TEXT, model=labelled)
    assert not at.exception and not at.error
    assert "<script>" not in html(at)
    assert all("<script>" not in plot for plot in plots(at))
    assert "12 likeliest labels; 4 more" in said(at)
    assert not re.search(r"(?<!\\)\*\*bold", "\n".join(m.value for m in [*at.markdown, *at.caption]))


def test_two_texts_shows_the_change(run: str) -> None:
    at = open_page(text="the film was good", other_text="the film was not good", model=run, view="texts")
    predictor = predict.load(run)
    first, second = predict.predict(predictor, {"text": ["the film was good", "the film was not good"]})
    for value in [*first.probabilities.values(), *second.probabilities.values()]:
        assert f"{value:.1%}" in plots(at)[0]
    change = 100 * (second.probabilities[first.label] - first.probability)
    assert f"changes by {change:+.1f} percentage points" in said(at)


def test_two_models_side_by_side(run: str, labelled: str) -> None:
    at = open_page(text=TEXT, model=run, view="models", other_classifier=labelled)
    assert not at.exception and not at.error
    assert len(plots(at)) == 2
    assert "They choose from different labels" in said(at) and "disagree" not in said(at)
    assert labelled in at.session_state["shared_other_classifier"]


def test_a_model_that_is_asked_otherwise_does_not_stay_beside(run: str, labelled: str) -> None:
    at = open_page(text=TEXT, model=run, view="models", other_classifier="minilm-answers")
    assert not at.exception and not at.error
    assert at.session_state["shared_other_classifier"] not in ("", "minilm-answers") and len(plots(at)) == 2


def test_the_model_beside_is_one_that_answers_the_same_question(
    run: str, labelled: str, studio_home: Path, tiny_classifier: Path, tiny_bert: Path
) -> None:
    alike = make_run(studio_home, FIRST.replace("2026", "2025", 1), tiny_classifier, tiny_bert)
    at = open_page(text=TEXT, model=run, view="models", runs=labelled.removeprefix("run:"))
    assert not at.exception and not at.error
    assert at.session_state["shared_other_classifier"] == alike, "though the other one is newer, and the visitor's own"
    assert "Both say" in said(at)


def test_one_model_alone_is_no_dead_end(studio_home: Path, tiny_classifier: Path, tiny_bert: Path) -> None:
    run = make_run(studio_home, FIRST, tiny_classifier, tiny_bert, task="pair-classification")
    at = open_page(text=TEXT, pair="good", model=run, view="models")
    assert not at.exception and not at.error
    assert "No other model here reads such texts" in said(at)
    assert len(plots(at)) == 1


def test_a_run_is_compared_with_the_model_that_comes_with_the_studio(run: str) -> None:
    at = open_page(text=TEXT, model=run, view="models")
    assert not at.exception and not at.error
    assert len(plots(at)) == 2 and at.session_state["shared_other_classifier"] == "minilm-sentiment"


def test_a_pair_model_asks_for_its_second_text(studio_home: Path, tiny_classifier: Path, tiny_bert: Path) -> None:
    name = make_run(studio_home, FIRST, tiny_classifier, tiny_bert, task="pair-classification")
    assert "fill in every field" in said(open_page(text=TEXT, model=name))
    at = open_page(text=TEXT, pair="the acting was good", model=name)
    assert "fill in every field" not in said(at)
    assert 'class="words second"' in html(at)


def test_a_next_sentence_run_reads_pairs_too(studio_home: Path, tmp_path: Path) -> None:
    torch.manual_seed(2)
    BertForNextSentencePrediction(make_config()).save_pretrained(tmp_path / "nsp")
    make_tokenizer().save_pretrained(tmp_path / "nsp")
    name = make_run(studio_home, FIRST, tmp_path / "nsp", tmp_path / "nsp", task="next-sentence-prediction")
    assert "fill in every field" in said(open_page(text=TEXT, model=name))
    at = open_page(text=TEXT, pair="the acting was good", model=name)
    assert not at.exception and not at.error
    assert "single texts" not in said(at) and "fill in every field" not in said(at)
    assert "it brought its head for this task" in said(at) and "another seed gives another one" not in said(at)
    at = open_page(model=name, view="many")
    assert any("separated by a tab" in area.label for area in at.text_area)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("view", ["one", "texts", "models", "many"])
def test_a_masked_language_model_answers_with_words(
    studio_home: Path, tmp_path: Path, tiny_bert: Path, view: str, language: str
) -> None:
    torch.manual_seed(2)
    BertForMaskedLM(make_config()).save_pretrained(tmp_path / "mlm")
    make_tokenizer().save_pretrained(tmp_path / "mlm")
    name = make_run(studio_home, FIRST, tmp_path / "mlm", tmp_path / "mlm", task="masked-language-modelling")
    at = open_page(text="the film was [MASK]", model=name, view=view, lang=language)
    assert not at.exception and not at.error
    assert not any(box.label == "For the label" for box in at.selectbox), "there is no label to explain"
    if view == "many" and language == "en":
        paste(at, "the film was [MASK]\nthe [MASK] was good")
        button = next(button for button in at.button if button.icon == ":material/play_arrow:")
        button.click().run()
        assert not at.exception and not at.error
        assert len(at.dataframe[0].value) == 2
    assert (view == "many") != bool(plots(at))


@pytest.mark.parametrize(("view", "name"), [("one", "not-bad"), ("texts", "one-not"), ("one", "sarcasm"), ("one", "chinese")])  # fmt: skip
def test_every_experiment_runs_and_makes_its_point(run: str, view: str, name: str) -> None:
    at = open_page(model=run, view=view)
    at.button(key=f"experiment_playground_{name}").click().run()
    assert not at.exception and not at.error
    row = next(row for row in experiments.rows(run) if row.id == name)
    assert any(row.question in element.value and row.look in element.value for element in at.markdown)


# ---- Many texts -------------------------------------------------------------------------------------------------------


@pytest.fixture
def predictor(run: str) -> predict.Predictor:
    return predict.load(run)


def paste(at: AppTest, text: str) -> AppTest:
    at.text_area[0].set_value(text).run()
    assert not at.exception
    return at


def press(at: AppTest, label: str) -> AppTest:
    next(button for button in at.button if button.label.startswith(label)).click().run()
    assert not at.exception
    return at


def test_pasted_lines_are_predicted(run: str, predictor: predict.Predictor) -> None:
    at = paste(open_page(model=run, view="many"), "the film was good\n\n  \nthe film was bad\n=1+1 good")
    assert "Rows without text, left out: 2" in said(at)
    press(at, "Predict 3 texts")
    table = at.dataframe[0].value
    expected = predict.predict(predictor, {"text": ["the film was good", "the film was bad", "=1+1 good"]})
    assert list(table["Row"]) == [1, 4, 5]
    assert list(table["Prediction"]) == [answer.label for answer in expected]
    assert list(table["P(good)"]) == pytest.approx([answer.probabilities["good"] for answer in expected])
    csv = bulk.download(at.session_state["bulk_job"], predictor.goal)
    read = pd.read_csv(io.StringIO(csv.removeprefix("\ufeff")))
    assert list(read["text"]) == ["the film was good", "the film was bad", "'=1+1 good"]
    press(at, "Discard")
    assert not at.dataframe


@pytest.mark.parametrize("text", ["", "\n\n", " \n\t\n"])
def test_an_empty_list_starts_nothing(run: str, text: str) -> None:
    at = paste(open_page(model=run, view="many"), text)
    assert not at.error
    assert next(button for button in at.button if button.label == "Predict").disabled
    press(at, "Fill in examples")
    assert len(press(at, "Predict 6 texts").dataframe[0].value) == 6


def test_more_texts_than_allowed_are_left_out_visibly(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_BULK", "2")
    at = paste(open_page(model=run, view="many"), "good\nbad\ngreat\nawful\nfilm")
    assert "Only the first 2 texts are predicted; 3 more are left out" in said(at)
    assert len(press(at, "Predict 2 texts").dataframe[0].value) == 2


def test_cancel_stops_and_keeps_what_was_predicted(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A button press reaches a running script at its next drawing; here the script stops there after two steps."""
    whole = bulk.work
    steps: list[int] = []

    def interrupted(job: bulk.Job, predictor: predict.Predictor) -> Iterator[None]:
        for step in whole(job, predictor):
            steps.append(len(job.predictions))
            yield step
            if len(steps) == 2:
                st.stop()

    monkeypatch.setattr(bulk, "work", interrupted)
    monkeypatch.setattr(bulk, "MOST_PER_STEP", 20)
    at = press(paste(open_page(model=run, view="many"), "\n".join(["the film was good"] * 100)), "Predict 100")
    assert len(steps) == 2 and not at.dataframe
    assert next(button for button in at.button if button.label.startswith("Predict")).disabled
    press(at, "Cancel")
    assert len(steps) == 2, "nothing was predicted after Cancel"
    assert f"Cancelled after {steps[-1]} of 100 texts" in said(at)
    assert len(at.dataframe[0].value) == steps[-1] < 100


def test_an_interrupted_job_goes_on_where_it_was(predictor: predict.Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "FIRST_STEP", 3)
    monkeypatch.setattr(bulk, "MOST_PER_STEP", 4)
    texts = [f"good film {'very ' * i}" for i in range(10)]
    job = bulk.create(predictor.name, "title", {"text": texts})
    assert job.seconds_left == 0 and job.running
    next(bulk.work(job, predictor))
    assert len(job.predictions) == 3 and job.rate > 0 and job.seconds_left > 0
    assert sum(1 for _step in bulk.work(job, predictor)) >= 2
    assert not job.running
    expected = predict.predict(predictor, {"text": texts})
    assert [answer.text for answer in job.predictions] == texts
    for answer, other in zip(job.predictions, expected, strict=True):
        assert answer.probabilities == pytest.approx(other.probabilities, abs=1e-5)


def test_labels_in_the_file_are_measured(predictor: predict.Predictor) -> None:
    texts = ["the film was good", "the film was bad", "great plot", "awful acting", "boring"]
    answers = predict.predict(predictor, {"text": texts})
    truth = [answers[0].label, answers[1].label, "bad" if answers[2].label == "good" else "good", answers[3].label, ""]
    job = bulk.create(predictor.name, "title", {"text": texts}, truth=truth)
    for _step in bulk.work(job, predictor):
        assert job.predictions
    evaluation = bulk.evaluation(job, predictor.goal)
    assert evaluation is not None
    assert evaluation.n == 4 and evaluation.metrics["accuracy"].value == 0.75
    assert read_detail(Classes, evaluation).mistakes[0].text == "great plot"
    wrong = bulk.create(predictor.name, "title", {"text": texts}, truth=["x", "y", "z", "x", "x"])
    list(bulk.work(wrong, predictor))
    with pytest.raises(UserError, match="labels"):
        bulk.evaluation(wrong, predictor.goal)


def test_of_the_measured_texts_alone_it_is_said_that_they_were_learnt(predictor: predict.Predictor) -> None:
    texts = ["the film was good", "the film was bad", "i love pizza"]
    job = bulk.create("run:x", "x", {"text": texts}, ["good", "no label of the model", ""])
    for _step in bulk.work(job, predictor):
        pass
    found = bulk.evaluation(job, predictor.goal)
    assert found is not None and bulk.learnt(job, predictor.goal, set(texts)) == found.n == 1
    assert bulk.learnt(job, predictor.goal, set(texts[1:])) == 0


def test_the_label_column_is_guessed_by_the_models_labels() -> None:
    frame = pd.DataFrame({"text": ["a", "b", "c"], "id": ["7", "8", "9"], "stars": ["Good", "bad", ""]})
    assert bulk.guess_truth(frame, ["text"], ("bad", "good")) == "stars"
    spelt = pd.DataFrame({"stars": ["Good", "good", "bad"]})
    assert bulk.guess_truth(spelt, [], ("bad", "good")) == "stars"
    assert bulk.guess_truth(frame[["text", "id"]], ["text"], ("bad", "good")) == ""


def upload(at: AppTest, name: str, content: bytes) -> AppTest:
    next(control for control in at.segmented_control if control.key == "bulk_source").set_value("file").run()
    at.get("file_uploader")[0].set_value((name, content, "text/csv")).run()
    assert not at.exception
    return at


def test_the_words_of_a_long_text_are_found_when_asked(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demand, "AT_ONCE", 1)
    at = open_page(model=run, text="the film was good")
    assert at.get("plotly_chart") and "completeness" not in said(at).casefold(), "the answer does not wait for them"
    assert at.button(key="find_words").label.startswith("Find the words (about ")
    at.button(key="find_words").click().run()
    assert not at.exception and "completeness" in said(at).casefold()
    at.text_input(key="text@playground").set_value("the film was bad").run()
    assert at.button(key="find_words") and "completeness" not in said(at).casefold(), "another text is asked for anew"


def test_a_file_with_labels_is_measured(run: str) -> None:
    frame = pd.DataFrame({"review": ["the film was good", "the film was bad"] * 4, "verdict": ["good", "bad"] * 4})
    at = upload(open_page(model=run, view="many"), "reviews.csv", frame.to_csv(index=False).encode())
    chosen = {box.label: box.value for box in at.selectbox}
    assert chosen["Column of texts"] == "review" and chosen["Label column (optional)"] == "verdict"
    press(at, "Predict 8 texts")
    assert {metric.label for metric in at.metric} >= {"Accuracy", "Macro-F1"}
    assert "columns used: review, verdict" in said(at).casefold()
    assert "not used" not in said(at).casefold()
    assert list(at.dataframe[0].value["Label in the file"]) == ["good", "bad"] * 4


@pytest.mark.parametrize("language", ["en", "zh"])
def test_figures_of_texts_that_a_model_was_trained_on_are_not_taken_for_figures_of_new_ones(
    run: str, language: str
) -> None:
    rows = cached_data.data_of(run).splits["train"]
    texts = [rows[0]["text"], rows[1]["text"], "the film was nothing like what was learnt"]
    file = pd.DataFrame({"review": texts, "verdict": ["good", "bad", "good"]})
    at = upload(open_page(model=run, view="many", lang=language), "mine.csv", file.to_csv(index=False).encode())
    press(at, {"en": "Predict 3 texts", "zh": "预测 3 条文本"}[language])
    said_so = {"en": "training rows", "zh": "训练数据"}[language]
    (warning,) = [box.value for box in at.warning if said_so in box.value]
    assert warning.startswith({"en": "2 of these 3 texts are among", "zh": "这 3 条文本中有 2 条"}[language])

    file["review"] = [f"the film was like none before, number {i}" for i in range(3)]
    at = upload(open_page(model=run, view="many", lang=language), "new.csv", file.to_csv(index=False).encode())
    press(at, {"en": "Predict 3 texts", "zh": "预测 3 条文本"}[language])
    assert at.metric and not [box for box in at.warning if said_so in box.value]


def test_labels_of_a_file_are_those_that_the_run_was_taught_them_as(
    studio_home: Path, tiny_classifier: Path, tiny_bert: Path
) -> None:
    run = make_run(studio_home, FIRST, tiny_classifier, tiny_bert, preparation=Preparation(labels=(("fine", "good"),)))
    frame = pd.DataFrame(
        {"review": ["the film was good", "the film was bad"] * 4, "verdict": ["fine", "bad", "Good", "bad"] * 2}
    )
    at = upload(open_page(model=run, view="many"), "reviews.csv", frame.to_csv(index=False).encode())
    assert {box.label: box.value for box in at.selectbox}["Label column (optional)"] == "verdict"
    assert "abels were renamed as you said: fine → good (2)" in said(at)
    press(at, "Predict 8 texts")
    assert not at.error and {metric.label for metric in at.metric} >= {"Accuracy", "Macro-F1"}


def test_answers_belong_to_what_was_asked(run: str, labelled: str) -> None:
    """They disappear with another file, column, text or model, and come back with what they answer."""
    first, second = b"text,more\ngood film,a\nbad film,b\n", b"text,more\ngreat film,a\nbad film,b\nan awful film,c\n"
    at = press(upload(open_page(model=run, view="many"), "first.csv", first), "Predict 2 texts")
    assert len(at.dataframe) == 1 and at.get("download_button")
    upload(at, "second.csv", second)
    assert not at.dataframe and not at.get("download_button") and not at.success
    upload(at, "renamed.csv", first)
    assert not at.dataframe
    upload(at, "first.csv", first)
    assert len(at.dataframe) == 1
    next(box for box in at.selectbox if box.label == "Column of texts").set_value("more").run()
    assert not at.dataframe
    next(box for box in at.selectbox if box.label == "Column of texts").set_value("text").run()
    at.selectbox(key="model@playground").set_value(labelled).run()
    assert not at.exception and not at.dataframe
    at.selectbox(key="model@playground").set_value(run).run()
    assert len(at.dataframe) == 1
    at.get("file_uploader")[0].set_value(None).run()
    assert len(at.dataframe) == 1 and "What was asked of first.csv" in said(at)
    next(control for control in at.segmented_control if control.key == "bulk_source").set_value("paste").run()
    assert not at.dataframe


def test_another_text_takes_the_answers_of_the_last_one_away(run: str) -> None:
    at = press(paste(open_page(model=run, view="many"), "the film was good"), "Predict 1")
    assert len(at.dataframe) == 1
    assert not paste(at, "the film was bad").dataframe
    assert not next(button for button in at.button if button.label.startswith("Predict")).disabled
    assert not paste(at, "").dataframe
    assert len(paste(at, "the film was good").dataframe) == 1


def test_a_file_with_one_column_is_enough(run: str) -> None:
    at = upload(open_page(model=run, view="many"), "one.csv", "text\ngood film\n<b>bad</b>\n".encode("utf-16"))
    assert not at.error
    assert len(press(at, "Predict 2 texts").dataframe[0].value) == 2


def test_a_file_without_the_columns_that_the_model_learnt_from_is_remarked(
    studio_home: Path, tiny_classifier: Path, tiny_bert: Path
) -> None:
    name = make_run(
        studio_home, FIRST, tiny_classifier, tiny_bert, columns=(("text", "subject+body"), ("label", "kind"))
    )
    remark = "the model learnt from 'subject+body', which the file does not have; it reads 'note' instead"
    at = upload(open_page(model=name, view="many"), "notes.csv", b"note,id\na good film,7\na bad film,8\n")
    assert remark in said(at).replace("The model", "the model")
    at = upload(open_page(model=name, view="many"), "both.csv", b"subject,body\na good film,and long\nbad,a bad film\n")
    assert "the model learnt from" not in said(at).casefold()


def test_a_file_of_pairs(studio_home: Path, tiny_classifier: Path, tiny_bert: Path) -> None:
    name = make_run(studio_home, FIRST, tiny_classifier, tiny_bert, task="pair-classification")
    content = b"question,answer\nis it good,the film was good\nis it bad,\n"
    at = upload(open_page(model=name, view="many"), "pairs.tsv", content)
    next(box for box in at.selectbox if box.label == "Column of texts").set_value("question").run()
    press(at, "Predict 1 text")
    expected = predict.predict(predict.load(name), {"text": ["is it good"], "pair": ["the film was good"]})[0]
    table = at.dataframe[0].value
    assert list(table["Second text"]) == ["the film was good"]
    assert list(table["Probability"]) == pytest.approx([expected.probability])
    at = upload(open_page(model=name, view="many"), "one.csv", b"text\ngood film\n")
    assert "too few columns" in said(at)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
        ("header.csv", b"text,label\n"),
        ("blank.csv", b"text,label\n ,good\n,bad\n"),
        ("../../<b>evil</b>\u202e.csv", b""),
    ],
)
def test_a_file_that_is_of_no_use_is_one_clear_line(run: str, name: str, content: bytes) -> None:
    at = upload(open_page(model=run, view="many"), name, content)
    assert len(at.error) == 1
    assert next(button for button in at.button if button.label == "Predict").disabled


# ---- Figures ----------------------------------------------------------------------------------------------------------


def test_bars_carry_their_values_and_escape_their_labels() -> None:
    figure = predictions_figures.label_probabilities(
        {"a": {"<b>x</b>": 0.25, "y": 0.75}, "b": {"<b>x</b>": 0.5, "y": 0.5}}, faint="b"
    )
    assert [bar.text for bar in figure.data] == [("25.0%", "75.0%"), ("50.0%", "50.0%")]
    assert "<b>" not in str(figure.layout.yaxis.ticktext)
    assert figure.data[1].marker.pattern.shape == "/" and figure.data[0].marker.pattern.shape == ""


def test_many_labels_show_the_likeliest() -> None:
    figure = predictions_figures.label_probabilities({"a": {f"l{i}": i / 190 for i in range(20)}})
    assert len(figure.data[0].x) == predictions_figures.MOST_LABELS
    assert figure.data[0].x[0] == pytest.approx(19 / 190)


def test_contributions_are_ordered_signed_and_in_the_methods_unit() -> None:
    words = tuple(WordScore(f"w{i}", 0, i, i + 1, score) for i, score in enumerate((0.01, -0.3, 0.2)))
    figure = predictions_figures.contributions(Attribution("deletion", "good", words, 0.0, -0.09, None, None))
    assert list(figure.data[0].x) == pytest.approx([-30, 20, 1])
    assert [text[0] for text in figure.data[0].text] == ["▼", "▲", "▲"]
    assert "percentage points" in figure.layout.xaxis.title.text
    figure = predictions_figures.contributions(Attribution("input-x-gradient", "good", words, 0.0, -0.09, None, None))
    assert list(figure.data[0].x) == pytest.approx([-0.3, 0.2, 0.01])
    assert "log-odds" in figure.layout.xaxis.title.text
    assert predictions_figures.contributions(Attribution("deletion", "good", (), 0.0, 0.0, None, None)).data


def test_what_attention_compares_with_stays_attentions(run: str, labelled: str) -> None:
    at = open_page(model=run, view="models", other_model="minilm")
    assert not at.exception and not at.error
    assert at.session_state["shared_other_model"] == "minilm"
    assert at.session_state["shared_other_classifier"] == "minilm-sentiment"


def test_what_is_compared_with_here_does_not_follow_to_attention(run: str, labelled: str) -> None:
    at = open_page(model=run, view="models", other_classifier=labelled)
    assert "other_model" not in at.query_params
    at.switch_page("pages/attention.py").run()
    assert at.session_state["shared_other_classifier"] == labelled


# ---- Files as people have them ----------------------------------------------------------------------------------------


def warned(at: AppTest) -> str:
    return " / ".join(box.value.replace("\\", "") for box in at.warning)


def test_the_download_has_every_row_and_column_of_the_file(run: str, predictor: predict.Predictor) -> None:
    content = 'id,text,more\n1,"good, film",x\n2,"a","b","c","d"\n3,,y\n4,bad film,z\n'
    at = upload(open_page(model=run, view="many"), "new.csv", content.encode())
    at.selectbox(key="bulk_reading_header").set_value("yes").run()
    at.selectbox(key="bulk_reading_delimiter").set_value(",").run()
    next(box for box in at.selectbox if box.label == "Column of texts").set_value("text").run()
    assert "Rows that could not be read: 1, beginning in line 3" in warned(at)
    press(at, "Predict 2 texts")
    job = at.session_state["bulk_job"]
    read = pd.read_csv(io.StringIO(bulk.download(job, predictor.goal).removeprefix("\ufeff")), dtype=str)
    assert list(read["id"].fillna("")) == ["1", "", "3", "4"] and list(read["more"].fillna("")) == ["x", "", "y", "z"]
    assert list(read["label"].notna()) == [True, False, False, True]
    assert list(at.dataframe[-1].value["Row"]) == [1, 4]


def test_what_is_said_of_a_file_is_said_here_too(run: str) -> None:
    at = upload(open_page(model=run, view="many"), "ru.csv", "текст;x\nя люблю кино;1\nплохо;2\n".encode("cp1251"))
    at.selectbox(key="bulk_reading_encoding").set_value("cp1251").run()
    assert not at.exception and not at.error
    said_of = " ".join(box.value.replace("\\", "") for box in at.caption)
    assert "Read as cp1251" in said_of and "columns used: текст" in said_of and "not used: x" in said_of
    assert "are unknown to this model's vocabulary" in warned(at)


def test_labels_that_the_model_does_not_know_are_named(run: str) -> None:
    frame = pd.DataFrame(
        {"review": [f"the film {i} was good" for i in range(6)], "verdict": ["good", "bad", "odd"] * 2}
    )
    at = upload(open_page(model=run, view="many"), "reviews.csv", frame.to_csv(index=False).encode())
    next(box for box in at.selectbox if box.label == "Label column (optional)").set_value("verdict").run()
    press(at, "Predict 6 texts")
    assert "2 texts have a label that the model does not know: odd (2)" in warned(at)
    assert next(metric for metric in at.metric if metric.label == "Texts with a label").value == "4"


def test_what_the_model_cannot_read_of_a_text_is_said(run: str) -> None:
    assert "3 of 3 tokens are [UNK]" in said(open_page(model=run, view="one", text="😀 😡 💔"))
    assert "[UNK]" not in said(open_page(model=run, view="one", text="the film was good"))


# ---- Many texts: what is shown, and the download that follows -----------------------------------------------------------


def rows_of(csv: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(csv.removeprefix("\ufeff")), dtype=str, keep_default_na=False)


def asked(run: str) -> AppTest:
    """Six texts of a file with columns of its own, answered."""
    frame = pd.DataFrame(
        {
            "id": [f"n{i}" for i in range(6)],
            "review": ["good film", "the film was bad", "", "awful", "the good film was bad", "great"],
            "verdict": ["good", "bad", "bad", "bad", "good", "good"],
            "Margin": list("abcdef"),
        }
    )
    at = upload(open_page(model=run, view="many"), "reviews.csv", frame.to_csv(index=False).encode())
    return press(at, "Predict 5 texts")


def test_the_table_keeps_the_columns_of_the_file_and_adds_label_probability_and_margin(
    run: str, predictor: predict.Predictor
) -> None:
    at = asked(run)
    table = at.dataframe[-1].value
    assert list(table["Row"]) == [1, 2, 4, 5, 6] and list(table["id"]) == ["n0", "n1", "n3", "n4", "n5"]
    first = ["Row", "Prediction", "Probability", "Label in the file", "Text", "Margin"]
    assert list(table)[:6] == first and "Margin (2)" in table, "a telephone shows the answer without scrolling"
    assert "Cut" not in table and "verdict" not in table, "nothing was cut, and the labels are there once"
    assert list(table["Margin"]) == pytest.approx([2 * value - 1 for value in table["Probability"]])
    read = rows_of(bulk.download(at.session_state["bulk_job"], predictor.goal))
    assert list(read["id"]) == [f"n{i}" for i in range(6)] and read["label"][2] == ""
    assert list(read)[:3] == ["review", "label", "probability"], "the file's own name of the column"
    assert {"margin", "Margin", "verdict"} <= set(read) and "decision" not in read


def test_a_threshold_makes_answers_unsure_and_the_download_follows(run: str, predictor: predict.Predictor) -> None:
    at = asked(run)
    probabilities = sorted(at.dataframe[-1].value["Probability"])
    threshold = (probabilities[1] + probabilities[2]) / 2
    at.slider(key="threshold@playground").set_value(threshold).run()
    assert f"{threshold:g}" in at.query_params["threshold"], "it can be sent"
    assert not at.exception
    table = at.dataframe[-1].value
    unsure = [value < threshold for value in table["Probability"]]
    assert [cell == "unsure" for cell in table["Decision"]] == unsure and 0 < sum(unsure) < 5
    assert f"({sum(unsure)} of 5) are left to a person" in said(at)
    at.selectbox(key="only@playground").set_value("unsure").run()
    assert not at.exception
    assert len(at.dataframe[-1].value) == sum(unsure) and set(at.dataframe[-1].value["Decision"]) == {"unsure"}
    shown = bulk.Shown(threshold, only="unsure")
    read = rows_of(bulk.download(at.session_state["bulk_job"], predictor.goal, shown))
    assert list(read["id"]) == list(at.dataframe[-1].value["id"]) and set(read["decision"]) == {"unsure"}


def test_the_least_sure_come_first(run: str, predictor: predict.Predictor) -> None:
    at = asked(run)
    next(control for control in at.segmented_control if control.key == "order@playground").set_value("doubt").run()
    assert not at.exception
    table = at.dataframe[-1].value
    assert list(table["Margin"]) == sorted(table["Margin"])
    read = rows_of(bulk.download(at.session_state["bulk_job"], predictor.goal, bulk.Shown(by_doubt=True)))
    assert list(read["id"][:5]) == list(table["id"]) and read["id"][5] == "n2", "rows without an answer come last"


def test_how_often_each_label_is_given(run: str, predictor: predict.Predictor) -> None:
    at = asked(run)
    job = at.session_state["bulk_job"]
    counts = bulk.counts(job, predictor.goal)
    assert sum(counts.values()) == 5 and set(counts) <= set(predictor.labels)
    assert bulk.counts(job, predictor.goal, 1.0) == {"unsure": 5}
    assert any("How often each answer is given" in chart for chart in plots(at))


# ---- A run's own rows -------------------------------------------------------------------------------------------------


@pytest.fixture
def tickets(tmp_path: Path) -> str:
    """A run on tickets whose labels neither praise nor blame."""
    file = tmp_path / "tickets.csv"
    rows = [(f"the invoice {i} was not good", "billing") for i in range(40)]
    rows += [(f"the film {i} was great and the pizza too", "technical") for i in range(40)]
    file.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), encoding="utf-8")
    run = runs.create(RunConfig(model="minilm", data="data/tickets.csv"), file)
    torch.manual_seed(0)
    config = make_config(id2label={0: "billing", 1: "technical"}, label2id={"billing": 0, "technical": 1})
    BertForSequenceClassification(config).save_pretrained(run.folder / "model")
    make_tokenizer().save_pretrained(run.folder / "model")
    return f"run:{run.id}"


def test_a_run_is_asked_about_its_own_rows(tickets: str) -> None:
    at = open_page(model=tickets)
    assert not at.exception and not at.error
    own = cached_answers.own_rows(tickets)
    assert own is not None and at.session_state["shared_text"] == next(iter(own.of.values())).inputs["text"]
    labels = [b.label for b in at.button if str(b.key).startswith("experiment_playground_")]
    assert "One it is sure of" in labels and not {"Sarcasm", "One “not” more", "“Not bad at all”"} & set(labels)
    assert {row.inputs["text"].split()[1] for row in own.of.values()} <= {"invoice", "film"}
    at.button(key="own_long").click().run()
    assert not at.exception and at.session_state["shared_text"] == own.of["long"].inputs["text"]


def test_what_the_visitor_wrote_is_not_replaced_by_a_row(tickets: str) -> None:
    assert open_page(model=tickets, text="my own sentence").session_state["shared_text"] == "my own sentence"


def test_every_experiment_of_a_runs_own_rows_opens(tickets: str) -> None:
    own = cached_answers.own_rows(tickets)
    assert own is not None
    for name in (*own.of, *(["two-labels"] if own.pair else [])):
        at = open_page(model=tickets, view="texts" if name == "two-labels" else "one")
        at.button(key=f"experiment_playground_{name}").click().run()
        assert not at.exception and not at.error and at.session_state["shared_experiment"] == name


def test_many_texts_are_filled_with_rows_of_the_run(tickets: str) -> None:
    at = open_page(model=tickets, view="many")
    press(at, "Fill in examples")
    own = cached_answers.own_rows(tickets)
    assert own is not None
    assert at.session_state["bulk_text"].splitlines() == [row.inputs["text"] for row in own.of.values()]
