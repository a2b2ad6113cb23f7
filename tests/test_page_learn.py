"""Watch it learn: what is offered, starting a run on texts of every kind, and what a run of each task shows and leads to."""

import json
import math
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import models, runs, settings
from core.finetune.setup import advised
from core.metrics import METRICS
from core.results import RunConfig
from pages.shared.data_form import uploads
from pages.topics.pretraining import learn
from tests.pages_common import LANGUAGES, check, open_page, put_run, texts
from tests.scripts import run_script

RUN = "20260102-030405-cccccc"
NEXT = "20260102-030405-dddddd"
MASKED = "masked-language-modelling"
VIEWS = ("measure", "curves", "movement", "settings")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[runs.Run]:
    """The runs that the page starts; no process is made for them."""
    found: list[runs.Run] = []
    monkeypatch.setattr(runs, "start", found.append)
    return found


def _train(folder: Path, run_id: str, **options: object) -> Path:
    """A finished run on the page's own example text; returns its folder."""
    text = folder / "pasted.txt"
    text.write_text(learn.EXAMPLE, encoding="utf-8")
    values = {"batch_size": 4, "evaluations": 1, "max_length": 32, "epochs": 4.0, "learning_rate": 1e-3} | options
    run = runs.create(RunConfig(data="pasted.txt", **values), text, folder=folder / run_id)  # type: ignore[arg-type]
    runs.work(run.folder)
    (run.folder / "process.json").write_text('{"pid": 4194304, "created": 0}')  # not this process: it lives on
    return run.folder


@pytest.fixture(scope="module")
def from_scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _train(tmp_path_factory.mktemp("scratch"), RUN, model=models.SCRATCH, task=MASKED)


@pytest.fixture(scope="module")
def next_sentences(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _train(tmp_path_factory.mktemp("nsp"), NEXT, model=str(tiny_bert), task="next-sentence-prediction")


def opened(**query: str) -> AppTest:
    """The page on this topic, with pasted text unless something else is asked for."""
    return check(open_page("pretraining", **({"view": "learn", "corpus": "pasted"} | query)))


def metric(app: AppTest, label: str) -> str:
    return next(item.value for item in app.metric if item.label == label)


# --- The form ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("goal", ["mlm", "nsp", "scratch"])
def test_every_goal_has_its_texts_values_and_start(goal: str, lang: str) -> None:
    app = opened(learn=goal, lang=lang)
    assert not app.error
    assert app.button(key="start") and app.button(key="estimate")
    assert {item.key for item in app.number_input} >= {f"value_{name}" for name in learn.SETTABLE}
    assert app.text_area(key="pasted@pretraining").value == learn.EXAMPLE


def test_values_begin_at_what_is_advised() -> None:
    app = opened(corpus="rotten_tomatoes")
    for name, value in advised(MASKED, "minilm").items():
        assert app.number_input(key=f"value_{name}").value == value


def test_a_short_text_is_read_more_often() -> None:
    app = opened(learn="scratch")
    assert app.number_input(key="value_epochs").value == learn.MOST_EPOCHS
    assert opened(learn="scratch", corpus="rotten_tomatoes").number_input(key="value_epochs").value == 3


def test_an_edited_value_travels_in_the_address_and_back_is_no_change() -> None:
    app = opened(learn="scratch", corpus="rotten_tomatoes")
    check(app.number_input(key="value_epochs").set_value(7.0).run())
    assert json.loads(app.session_state["shared_plan"]) == {"epochs": 7.0}
    check(app.number_input(key="value_epochs").set_value(3.0).run())
    assert app.session_state["shared_plan"] == ""


@pytest.mark.parametrize("plan", ["{", "[]", '{"epochs": -1, "model": "x", "seed": true}', "null"])
def test_an_address_with_nonsense_changes_nothing(plan: str) -> None:
    assert opened(learn="scratch", plan=plan).number_input(key="value_seed").value == 0


def test_start_writes_the_pasted_text_into_a_run_and_follows_it(started: list[runs.Run]) -> None:
    app = opened(learn="scratch", plan='{"epochs": 2.0}')
    check(app.text_area(key="pasted@pretraining").set_value("One small text.\n\nAnother one.").run())
    check(app.button(key="start").click().run())
    (run,) = started
    assert (run.config.model, run.config.task, run.config.epochs) == ("scratch", MASKED, 2.0)
    assert (run.folder / run.config.data).read_text() == "One small text.\n\nAnother one."
    assert app.session_state["shared_learning"] == run.id


def test_a_pasted_text_of_any_length_is_there_after_a_reload(started: list[runs.Run]) -> None:
    """The address names the file that keeps it; the text itself stays on this machine."""
    text = "A small text of some length about a lamp.\n\n" * 100
    app = opened(learn="scratch")
    check(app.text_area(key="pasted@pretraining").set_value(text).run())
    link = dict(app.query_params)
    assert "lamp" not in str(link)
    again = opened(learn="scratch", pasted=app.session_state["shared_pasted"])
    assert again.text_area(key="pasted@pretraining").value == text
    check(again.button(key="start").click().run())
    assert (started[0].folder / started[0].config.data).read_text() == text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_pasted_text_that_is_gone_is_said_to_be_gone(lang: str) -> None:
    app = opened(learn="scratch", pasted=f"upload:{24 * 'a'}", lang=lang)
    assert len(app.warning) == 1
    assert app.text_area(key="pasted@pretraining").value == learn.EXAMPLE


def test_a_pasted_text_may_be_emptied_and_written_anew() -> None:
    app = opened(learn="scratch")
    check(app.text_area(key="pasted@pretraining").set_value("").run())
    assert app.text_area(key="pasted@pretraining").value == "" and len(app.error) == 1
    check(app.text_area(key="pasted@pretraining").set_value("One text.\n\nAnother one.").run())
    assert app.text_area(key="pasted@pretraining").value == "One text.\n\nAnother one." and not app.error


def test_start_on_a_dataset_begins_from_the_chosen_model(started: list[runs.Run]) -> None:
    app = opened(corpus="rotten_tomatoes", model="minilm")
    check(app.button(key="start").click().run())
    (run,) = started
    assert (run.config.model, run.config.data, run.config.columns) == ("minilm", "rotten_tomatoes", ())
    assert {name: getattr(run.config, name) for name in advised(MASKED, "minilm")} == advised(MASKED, "minilm")


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("notes.txt", "One text here.\n\nAnother one there.\n\nAnd a third.", "3"),
        ("table.csv", "review;verdict\nA fine film indeed;1\nA poor one it was;0\nNothing to say of it;1\n", "3"),
    ],
)
def test_an_uploaded_file_needs_no_labels(name: str, content: str, rows: str, started: list[runs.Run]) -> None:
    app = opened(learn="scratch", corpus="upload:")
    assert not [button for button in app.button if button.key == "start"]
    check(app.file_uploader(key="corpus_upload").set_value((name, content.encode(), "text/plain")).run())
    assert not app.error and int(app.metric[0].value) + int(app.metric[1].value) + int(app.metric[2].value) == int(rows)
    check(app.button(key="start").click().run())
    assert (started[0].folder / started[0].config.data).read_text() == content
    assert started[0].config.columns == ((("text", "review"),) if name == "table.csv" else ())


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.txt", b""), ("blank.txt", b" \n\n \n"), ("picture.txt", b"\x89PNG\x00\x01\x02\xff\xfe" * 40)],
)
def test_a_file_without_text_is_one_clear_line(name: str, content: bytes, lang: str) -> None:
    app = opened(learn="scratch", corpus=uploads.keep_upload(name, content), lang=lang)
    assert len(app.error) == 1 and name.replace(".", r"\.") in app.error[0].value
    assert not [button for button in app.button if button.key == "start"]


def test_a_file_that_is_gone_is_said_to_be_gone() -> None:
    assert len(opened(corpus="upload:" + "0" * 24).warning) == 1


def test_texts_that_the_model_cannot_read_are_said_so_before_the_start() -> None:
    unreadable = "are unknown to this model's vocabulary"
    assert unreadable in texts(opened(corpus="topics-zh", learn="mlm", model="minilm"))
    assert unreadable not in texts(opened(corpus="topics-zh", learn="scratch", model="minilm")), (
        "its vocabulary is made of them"
    )
    assert unreadable not in texts(opened(corpus="topics", learn="mlm", model="minilm"))


def test_pairs_cannot_be_made_of_one_sentence() -> None:
    app = opened(learn="nsp")
    check(app.text_area(key="pasted@pretraining").set_value("Only one sentence.").run())
    assert len(app.error) == 1 and not [button for button in app.button if button.key == "start"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_model_without_the_head_is_refused_with_a_way_out(lang: str, next_sentences: Path) -> None:
    app = opened(model=f"run:{put_run(next_sentences)}", learn="mlm", lang=lang)
    assert len(app.warning) == 1 and not [button for button in app.button if button.key == "start"]


# --- A run -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_finished_run_says_what_it_learnt(lang: str, from_scratch: Path) -> None:
    run_id = put_run(from_scratch)
    report = runs.report(runs.get(run_id))
    assert report
    assert not opened(learning=run_id, lang=lang).error
    app = opened(learning=run_id)
    shown = [item.value for item in app.metric]
    for name in ("accuracy", "loss", "perplexity"):
        assert METRICS[name].write(report.evaluations["test"].metrics[name].value) in shown
    for view in VIEWS:
        check(app.button_group(key=f"view_pretraining_{run_id}").set_value(view).run())
    assert "mistakes" not in app.button_group(key=f"view_pretraining_{run_id}").options


def test_the_guesses_over_time_stand_in_a_row_for_each_evaluation(from_scratch: Path) -> None:
    run_id = put_run(from_scratch)
    app = opened(learning=run_id)
    check(app.button_group(key=f"view_pretraining_{run_id}").set_value("curves").run())
    found = {event.step: event for event in runs.events(runs.get(run_id)) if event.kind == "evaluation"}
    frame = app.dataframe[0].value
    assert list(frame["Step"]) == sorted(found) and frame["Step"][0] == 0
    probe = found[0].values["samples"][0]  # type: ignore[index]
    assert probe["top"][0]["token"] in frame[probe["text"]][0]


def test_a_run_under_way_shows_the_curve_with_the_line_of_knowing_nothing(from_scratch: Path) -> None:
    run_id = put_run(from_scratch)
    folder = runs.get(run_id).folder
    (folder / "report.json").unlink()
    state = json.loads((folder / "state.json").read_text()) | {"status": "cancelled"}
    (folder / "state.json").write_text(json.dumps(state))
    app = opened(learning=run_id)
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    line = next(trace for trace in figure["data"] if str(trace["name"]).startswith("ln V"))
    vocabulary = len(json.loads((folder / "model" / "tokenizer.json").read_text())["model"]["vocab"])
    assert line["y"] == pytest.approx([math.log(vocabulary)] * 2)
    assert app.button(key=f"resume_pretraining_{run_id}")


def test_fine_tune_this_hands_the_model_on(from_scratch: Path) -> None:
    run_id = put_run(from_scratch)
    app = opened(learning=run_id)
    check(app.button(key=f"finetune_pretraining_{run_id}").click().run())
    assert app.session_state["shared_model"] == f"run:{run_id}"


def test_train_again_with_changes_brings_the_form_back(from_scratch: Path) -> None:
    run_id = put_run(from_scratch)
    app = opened(learning=run_id)
    check(app.button(key=f"again_pretraining_{run_id}").click().run())
    assert app.session_state["shared_learning"] == "" and app.session_state["shared_learn"] == "scratch"
    assert app.session_state["shared_corpus"] == f"run:{run_id}"
    app = opened(corpus=f"run:{run_id}", learn="scratch", plan=app.session_state["shared_plan"])
    assert app.number_input(key="value_max_length").value == 32 and app.number_input(key="value_epochs").value == 4.0


def test_train_again_begins_from_the_runs_own_model(next_sentences: Path, started: list[runs.Run]) -> None:
    run_id = put_run(next_sentences)
    file = settings.runs_folder() / run_id / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model": "minilm"}))
    app = opened(learning=run_id, model=f"run:{run_id}")
    check(app.button(key=f"again_pretraining_{run_id}").click().run())
    assert app.selectbox(key="model@pretraining").value == "minilm"
    check(app.button(key="start").click().run())
    assert (started[0].config.model, started[0].config.task) == ("minilm", "next-sentence-prediction")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_texts_that_the_bundled_heads_learnt_from_are_said_not_to_be_new(lang: str) -> None:
    said = {"en": "learnt from 14,000 of these texts", "zh": "已经从其中 14,000 条文本学习过"}[lang]
    assert said in texts(opened(corpus="imdb", model="minilm", lang=lang))
    assert said not in texts(opened(corpus="rotten_tomatoes", model="minilm", lang=lang))
    assert said not in texts(opened(corpus="imdb", learn="scratch", lang=lang))


def test_a_run_that_is_gone_is_one_clear_line() -> None:
    assert len(opened(learning="20260102-030405-ffffff").error) == 1


# --- The other pages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", ["runs", "finetune"])
def test_other_pages_open_such_runs(page: str, lang: str, from_scratch: Path, next_sentences: Path) -> None:
    key = {"runs": "runs", "finetune": "run"}[page]
    for folder in (from_scratch, next_sentences):
        app = check(open_page(page, lang=lang, **{key: put_run(folder)}))
        assert not app.error and app.button(key=f"finetune_{page}_{folder.name}")


def test_the_code_behind_such_runs_gives_the_numbers_of_their_reports(from_scratch: Path, next_sentences: Path) -> None:
    for folder in (from_scratch, next_sentences):
        run_id = put_run(folder)
        app = check(open_page("runs", runs=run_id))
        (script,) = [element.value for element in app.code if "report.json" in element.value]
        metrics: Any = run_script(script)["metrics"]
        report = runs.report(runs.get(run_id))
        assert report and report.measured
        assert {name: metrics["value"][name] for name in metrics.index} == pytest.approx(
            {name: measure.value for name, measure in report.measured.metrics.items()}
        )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_runs_of_different_tasks_are_not_measured_against_each_other(
    lang: str, from_scratch: Path, next_sentences: Path
) -> None:
    ids = [put_run(from_scratch), put_run(next_sentences)]
    app = check(open_page("runs", runs=",".join(ids), lang=lang))
    assert not app.error
    if lang == "en":
        assert "They learnt different tasks" in texts(app)
        assert set(app.dataframe[0].value["Task"]) == {"Masked language modelling", "Next sentence prediction"}


def test_two_masked_runs_are_compared_by_their_masked_tokens(from_scratch: Path, tmp_path: Path) -> None:
    first = put_run(from_scratch)
    second = tmp_path / "20260102-030405-eeeeee"
    copytree(from_scratch, second)
    app = check(open_page("runs", runs=f"{first},{put_run(second)}"))
    assert "Perplexity" in list(app.dataframe[1].value["Value"])
    assert "The intervals overlap (Accuracy)" in texts(app)


def test_the_playground_asks_such_a_run_for_a_mask_and_shows_its_words(from_scratch: Path) -> None:
    name = f"run:{put_run(from_scratch)}"
    app = check(open_page("playground", model=name))
    assert len(app.error) == 1 and "write \\[MASK\\] where a word is missing" in app.error[0].value
    check(app.button(key="experiment_playground_missing").click().run())
    assert not app.error and app.get("plotly_chart")
    assert "a new model with random weights" in texts(app)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_home_does_not_take_it_for_a_classifier(lang: str, from_scratch: Path) -> None:
    app = check(open_page("home", lang=lang, model=f"run:{put_run(from_scratch)}"))
    assert not app.error
    assert "no classifier" not in texts(app)


def test_such_a_run_can_be_the_start_of_fine_tuning(from_scratch: Path) -> None:
    app = check(open_page("finetune", model=f"run:{put_run(from_scratch)}", data="article-example"))
    assert not app.error and app.button(key="start")


def test_fine_tune_offers_only_tasks_with_labels() -> None:
    app = check(open_page("finetune", data="someone/something", task=MASKED))
    assert app.button_group(key="task").value == "text-classification"
