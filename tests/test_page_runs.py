"""The Runs page: every state of a run is shown and leads somewhere; comparing, deleting and going on work."""

import json
import shutil
import tracemalloc
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from core import bundled, models, runs, settings
from core.bundled import READY
from core.figures import training as training_figures
from core.notes import Notes
from core.results import RunConfig
from core.tasks.table import TASKS
from pages.shared import words
from pages.shared.run_view import actions, result
from tests.hostile import MARKDOWN_NAME as NASTY
from tests.pages_common import LANGUAGES, check, open_page, put_run, texts, train_tiny

FIRST, SECOND = "20260102-030405-aaaaaa", "20260102-030406-bbbbbb"


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two finished runs that differ in method and name."""
    home = tmp_path_factory.mktemp("trained")
    return (
        train_tiny(tiny_bert, home, FIRST),
        train_tiny(tiny_bert, home, SECOND, method="head", name=NASTY),
    )


@pytest.fixture
def both(trained: tuple[Path, Path]) -> tuple[str, str]:
    return put_run(trained[0]), put_run(trained[1])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_before_the_first_run_the_models_that_come_with_the_studio_are_listed(lang: str) -> None:
    app = check(open_page("runs", lang=lang))
    assert not app.info
    listed = app.dataframe[0].value.iloc[:, :2].to_csv()  # beside the name, where a telephone shows it
    for name, row in READY.items():
        metric = TASKS[row.task].metrics[0]
        assert words.measured(metric, bundled.evaluation(name).metrics[metric]) in listed


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_table_lists_every_run_with_its_numbers(both: tuple[str, str], lang: str) -> None:
    app = check(open_page("runs", lang=lang))
    frame = app.dataframe[0].value
    assert len(frame) == 2
    report = runs.report(runs.get(FIRST))
    assert report and report.measured
    assert words.measured("accuracy", report.measured.metrics["accuracy"]) in frame.iloc[:, :2].to_csv()
    assert NASTY in frame.to_csv(), "a name is data: it is shown as it was given"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_run_is_renamed_annotated_and_found_again(both: tuple[str, str], lang: str) -> None:
    app = check(open_page("runs", runs=FIRST, lang=lang))
    written = hash(Notes())
    app.text_input(key=f"notes_name_runs_{FIRST}_{written}").set_value("The <b>best</b> one")
    app.text_area(key=f"notes_note_runs_{FIRST}_{written}").set_value("trained twice")
    app.text_input(key=f"notes_tags_runs_{FIRST}_{written}").set_value("Homework, group A,, homework ")
    check(app.button(key=f"notes_save_runs_{FIRST}").click().run())
    assert runs.get(FIRST).notes == Notes("The <b>best</b> one", "trained twice", ("group A", "Homework"))
    assert "The <b>best</b> one" in app.dataframe[0].value.to_csv()
    assert "trained twice" in [text.value for text in app.text]
    check(app.text_input(key="runs_search").set_value("TWICE best").run())
    assert len(app.dataframe[0].value) == 1
    check(app.text_input(key="runs_search").set_value("no such words").run())
    (ready,) = app.dataframe
    assert len(ready.value) == len(READY), "no run, but still the models that come with the studio"
    app.text_input(key="runs_search").set_value("").run()
    check(app.toggle(key="mine@runs").set_value(True).run())
    assert len(app.dataframe[0].value) == 1, "the run that was opened, not the other"
    app.toggle(key="mine@runs").set_value(False).run()
    check(app.button_group(key="runs_tags").set_value(["group A"]).run())
    assert len(app.dataframe[0].value) == 1


def test_the_zip_is_named_after_the_run(both: tuple[str, str]) -> None:
    runs.annotate(runs.get(FIRST), Notes("张三: / my run!"))
    assert actions.zip_name(runs.get(FIRST)) == "张三_my_run-aaaaaa.zip"
    runs.annotate(runs.get(FIRST), Notes("???"))
    assert actions.zip_name(runs.get(FIRST)) == "model-aaaaaa.zip"


@pytest.mark.parametrize("view", result.VIEWS_OF_RESULT)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_view_of_a_result(both: tuple[str, str], view: str, lang: str) -> None:
    app = check(open_page("runs", runs=SECOND, lang=lang))
    app.session_state[f"view_runs_{SECOND}"] = view
    check(app.run())
    metrics = {metric.label: metric.value for metric in app.metric}
    report = runs.report(runs.get(SECOND))
    assert report and report.measured
    assert f"{report.measured.metrics['accuracy'].value:.3f}" in metrics.values()
    assert "\\<b\\>x" in texts(app) and "\n<b>x" not in texts(app), "a name must not become markup"


def test_a_score_on_the_training_rows_says_so(both: tuple[str, str]) -> None:
    app = check(open_page("runs", runs=FIRST))
    assert "On 4 texts that it was trained on" in texts(app)
    assert "says nothing about new texts" in texts(app)
    assert "4 texts · the training rows themselves" in app.dataframe[0].value.to_csv()


def test_two_runs_are_compared(both: tuple[str, str]) -> None:
    edit_result(FIRST, right="1101")
    edit_result(SECOND, right="0101")
    app = check(open_page("runs", runs=f"{FIRST},{SECOND}"))
    tables = [table.value for table in app.dataframe]
    different = next(table for table in tables if "What is trained" in table.to_csv())
    assert "All parameters" in different.to_csv() and "Classifier only" in different.to_csv()
    assert "Batch size" not in different.to_csv(), "what is the same is left out"
    assert "McNemar's exact test, p = " in texts(app), "the same rows can be compared one by one"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("order", [(FIRST, SECOND), (SECOND, FIRST)])
def test_a_setting_that_one_of_the_compared_runs_lacks_is_a_dash(
    both: tuple[str, str], order: tuple[str, str], lang: str
) -> None:
    file = settings.runs_folder() / FIRST / "config.json"
    merged = {"labels": [["Good", "good"]]}
    changed = {"columns": [["text", "words"]], "preparation": merged, "reading": {"encoding": "cp1252"}, "name": ""}
    file.write_text(json.dumps(json.loads(file.read_text()) | changed))
    app = check(open_page("runs", runs=",".join(order), lang=lang))
    table = next(table.value for table in app.dataframe if "Good → good" in table.value.to_csv())
    lacking = {
        row[order.index(SECOND) + 1]
        for row in table.itertuples(index=False)
        if "Good → good" in row or "words" in row or "cp1252" in row
    }
    assert lacking == {"–"}
    assert NASTY in table.to_csv(), "a name that only the other has is told, too"


def test_runs_that_answer_alike_are_not_said_to_differ(both: tuple[str, str]) -> None:
    edit_result(FIRST, right="1111")
    edit_result(SECOND, right="1111")
    app = check(open_page("runs", runs=f"{FIRST},{SECOND}"))
    assert "these rows cannot tell which is better" in texts(app) and "That difference" not in texts(app)


def edit_result(run_id: str, **changes: object) -> None:
    """Change the run's evaluation on its result's rows."""
    file = settings.runs_folder() / run_id / "report.json"
    content = json.loads(file.read_text())
    for evaluation in content["evaluations"].values():
        evaluation.update(changes)
    file.write_text(json.dumps(content))


def test_two_runs_on_the_same_rows_are_compared_row_by_row(both: tuple[str, str]) -> None:
    edit_result(FIRST, right="1" * 12 + "0" * 2)
    edit_result(SECOND, right="0" * 12 + "1" * 2)
    found = texts(check(open_page("runs", runs=f"{FIRST},{SECOND}")))
    assert "right on 12, only" in found.lower() and "p = 0.013" in found and "hardly chance" in found, found


def test_runs_of_an_older_version_are_compared_by_their_intervals(both: tuple[str, str]) -> None:
    edit_result(FIRST, right="", rows="")
    edit_result(SECOND, right="", rows="")
    assert "overlap" in texts(check(open_page("runs", runs=f"{FIRST},{SECOND}")))


def test_runs_on_other_data_are_not_compared_silently(both: tuple[str, str]) -> None:
    edit_result(SECOND, rows="others")
    file = settings.runs_folder() / SECOND / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"data": "imdb"}))
    assert "measured on different texts" in texts(check(open_page("runs", runs=f"{FIRST},{SECOND}")))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_whole_class_is_ranked_among_those_that_were_asked_the_same(
    both: tuple[str, str], monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    home = settings.runs_folder()
    accuracy = {f"20260102-03040{i}-cccccc": i / 10 for i in range(5)}
    for run_id, value in accuracy.items():
        shutil.copytree(home / FIRST, home / run_id)
        edit_result(run_id, metrics={name: {"value": value} for name in TASKS["text-classification"].metrics})
        runs.annotate(runs.get(run_id), Notes(f"student {value:g}"))
    edit_result(SECOND, rows="others")
    (home / FIRST / "report.json").unlink()
    drawn: list[list[str]] = []
    draw = training_figures.intervals
    monkeypatch.setattr(
        training_figures, "intervals", lambda rows, **options: drawn.append(list(rows)) or draw(rows, **options)
    )
    app = check(open_page("runs", runs=",".join((*both, *accuracy)), lang=lang))
    assert drawn == [
        [f"{i} · student {value:g}" for i, value in enumerate((0.4, 0.3, 0.2, 0.1, 0), 1)],
        [f"1 · {NASTY[:30]}"],
    ]
    assert runs.get(FIRST).name in texts(app).replace("\\", ""), "what has no result is named"


def test_at_most_a_class_and_only_runs_that_exist(both: tuple[str, str]) -> None:
    app = check(open_page("runs", runs=f"../../etc,{FIRST},20990101-000000-ffffff"))
    assert f"view_runs_{FIRST}" in app.session_state


def test_delete_asks_first_and_then_deletes(both: tuple[str, str]) -> None:
    app = check(open_page("runs", runs=FIRST, model=f"run:{FIRST}"))
    check(app.button(key="delete").click().run())
    assert (settings.runs_folder() / FIRST).is_dir(), "nothing is deleted before the answer"
    check(app.button(key="really_delete").click().run())
    assert not (settings.runs_folder() / FIRST).exists()
    assert (settings.runs_folder() / SECOND).is_dir()
    assert "shared_model" not in app.session_state, "no page may go on with a model that is gone"


def test_keep_keeps(both: tuple[str, str]) -> None:
    app = check(open_page("runs", runs=FIRST))
    app.button(key="delete").click().run()
    check(app.button(key="keep").click().run())
    assert (settings.runs_folder() / FIRST).is_dir()


def test_a_run_without_a_process_is_interrupted_and_can_be_resumed(
    both: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = settings.runs_folder() / FIRST
    (folder / "report.json").unlink()
    state = json.loads((folder / "state.json").read_text()) | {"status": "running", "finished": None}
    (folder / "state.json").write_text(json.dumps(state))
    app = check(open_page("runs", runs=FIRST))
    assert "interrupted" in texts(app) and "Resume goes on from there" in texts(app)
    started: list[Path] = []
    monkeypatch.setattr(runs, "_start", started.append)
    check(app.button(key=f"resume_runs_{FIRST}").click().run())
    assert started == [folder]
    assert runs.get(FIRST).state.status in ("queued", "interrupted")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_failed_run_says_why(both: tuple[str, str], lang: str) -> None:
    folder = settings.runs_folder() / FIRST
    (folder / "report.json").unlink()
    state = replace(
        runs.get(FIRST).state,
        status="failed",
        error="every row has the same label, '{label}', in column '{column}'; a classifier needs at least two labels",
        error_values={"label": NASTY, "column": "y"},
    )
    (folder / "state.json").write_bytes(runs.FILES.state.dump_json(state))
    app = check(open_page("runs", runs=FIRST, lang=lang))
    assert len(app.error) == 1
    assert "\\<b\\>x" in app.error[0].value
    assert app.button(key=f"resume_runs_{FIRST}") and app.button(key=f"again_runs_{FIRST}")


def test_a_cancelled_run_keeps_its_model(both: tuple[str, str]) -> None:
    state = replace(runs.get(FIRST).state, status="cancelled")
    (settings.runs_folder() / FIRST / "state.json").write_bytes(runs.FILES.state.dump_json(state))
    app = check(open_page("runs", runs=FIRST))
    assert "You stopped it" in texts(app)
    assert app.button(key=f"resume_runs_{FIRST}")
    assert models.availability(f"run:{FIRST}") == "here"


def test_a_run_cancelled_before_it_was_measured_says_so(both: tuple[str, str]) -> None:
    folder = settings.runs_folder() / SECOND
    state = replace(runs.get(SECOND).state, status="cancelled")
    (folder / "state.json").write_bytes(runs.FILES.state.dump_json(state))
    report = json.loads((folder / "report.json").read_text())
    report["evaluations"] = {}
    (folder / "report.json").write_text(json.dumps(report))
    app = check(open_page("runs", runs=SECOND))
    assert "before it was measured for the first time" in texts(app)
    assert "measured below" not in texts(app), "nothing is"
    assert "no rows to measure" not in texts(app), "the data has them"


def test_a_damaged_folder_is_listed_calmly_and_can_be_deleted(both: tuple[str, str]) -> None:
    (settings.runs_folder() / FIRST / "config.json").write_text("{ not json")
    app = check(open_page("runs", runs=FIRST))
    assert "config" in app.error[0].value and "cannot be read" in app.error[0].value
    assert not [button for button in app.button if button.key == f"resume_runs_{FIRST}"], "there is nothing to resume"
    app.button(key="delete").click().run()
    check(app.button(key="really_delete").click().run())
    assert not (settings.runs_folder() / FIRST).exists()


def test_an_active_run_is_watched_and_can_be_cancelled() -> None:
    run = runs.create(RunConfig(model="minilm", data="rotten_tomatoes", name="waits"))
    app = check(open_page("runs"))
    assert "waits for a free place" in texts(app)
    check(app.button(key=f"cancel_brief_{run.id}").click().run())
    assert runs.get(run.id).state.status == "cancelled"


def test_new_run_from_an_old_one(both: tuple[str, str]) -> None:
    file = settings.runs_folder() / SECOND / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model": "minilm"}))
    app = check(open_page("runs", runs=SECOND))
    app.button(key=f"again_runs_{SECOND}").click().run()
    check(app.switch_page("pages/finetune.py").run())
    assert app.session_state["method"] == "head"
    assert app.session_state["value_epochs"] == 3.0
    assert app.session_state["data_ready"] == "article-example"


def test_the_code_reads_the_numbers_of_the_page(both: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    app = check(open_page("runs", runs=FIRST))
    names: dict[str, object] = {}
    exec(app.code[-1].value, names)
    report = runs.report(runs.get(FIRST))
    assert report and report.measured
    assert names["metrics"].loc["accuracy", "value"] == report.measured.metrics["accuracy"].value  # type: ignore[attr-defined]
    assert "accuracy" in capsys.readouterr().out
    assert len(names["loss"]) == sum(event.kind == "step" for event in runs.events(runs.get(FIRST)))  # type: ignore[arg-type]


def test_curves_of_a_real_run_have_points(both: tuple[str, str]) -> None:
    found = {"one": runs.events(runs.get(FIRST))}
    for draw in (
        training_figures.loss_curve,
        lambda events: training_figures.metric_curves(events, ("accuracy", "macro_f1")),
        training_figures.learning_rate_curve,
        training_figures.speed_curve,
    ):
        assert len(draw(found).data[0].x) >= 2


def test_durations_read_as_people_say_them() -> None:
    assert words.duration(12.4) == "12 s"
    assert words.duration(125) == "2 min 05 s"
    assert words.duration(7260) == "2 h 01 min"


def test_a_download_holds_the_zip_in_memory_once(tmp_path: Path) -> None:
    size = 64 * 2**20
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    with (tmp_path / "model" / "model.safetensors").open("wb") as weights:
        weights.truncate(size)
    (tmp_path / "config.json").write_text(json.dumps({"model": "minilm", "data": "rotten_tomatoes"}))
    before = sorted(tmp_path.rglob("*"))
    tracemalloc.start()
    content = actions.zipped(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < size * 1.05
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None and len(archive.namelist()) == 4
    assert sorted(tmp_path.rglob("*")) == before, "the zip leaves nothing in the run's folder"
