"""Every row of VIEWS: each of its functions draws, in both languages, and its scripts run and give the page's numbers."""

from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from transformers import BertForPreTraining

from core import predict, runs, settings
from core.metrics import METRICS
from core.results import RunConfig
from core.tasks.table import TASKS
from pages.shared.cached import data as cached_data
from pages.shared.tasks.table import VIEWS
from tests.conftest import WORDS, make_config, make_tokenizer
from tests.pages_common import LANGUAGES, check, open_page
from tests.scripts import assert_same_answer, run_script

RUN = "20260102-030405-aaaaaa"
NAME = f"run:{RUN}"
GIVEN = {"text": "the film was [MASK] and i love the plot.", "pair": "it was good <b>& not</b> bad."}
STORIES = [f"The film was {word}. I love the plot. The acting was not {word}! It was good." for word in WORDS[5:35]]


def test_every_task_has_a_view() -> None:
    assert set(VIEWS) == set(TASKS)


@pytest.fixture(scope="module", params=TASKS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A task, and the folder of a tiny run of it on its example rows."""
    home = tmp_path_factory.mktemp("views")
    torch.manual_seed(0)
    BertForPreTraining(make_config()).save_pretrained(home / "tiny")
    make_tokenizer().save_pretrained(home / "tiny")
    table = home / "example.csv"
    TASKS[request.param].example().frame.to_csv(table, index=False)
    config = RunConfig(
        model=str(home / "tiny"), data=str(table), task=request.param, epochs=2, batch_size=2, evaluations=1,
        learning_rate=1e-3, max_length=16,
    )  # fmt: skip
    run = runs.create(config, folder=home / RUN)
    runs.work(run.folder)
    (run.folder / "process.json").write_text('{"pid": 4194304, "created": 0}')  # not this process: it lives on
    return request.param, run.folder


@pytest.fixture
def task(trained: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A task whose run is in the studio's home."""
    copytree(trained[1], settings.runs_folder() / RUN)
    monkeypatch.chdir(tmp_path)
    return trained[0]


def _draw(task: str, run_id: str) -> None:
    import streamlit as st

    from core import runs
    from core.data.load import load
    from core.tasks.table import TASKS
    from pages.shared.cached import answers as cached_answers
    from pages.shared.tasks.table import VIEWS

    view, run = VIEWS[task], runs.get(run_id)
    report, events = runs.report(run), runs.events(run)
    assert report is not None and report.measured is not None
    dataset = load(run.config.data, TASKS[task].layout, allow_path=True)
    verdict = view.verdict(report)
    assert verdict
    st.markdown(verdict)
    view.detail(report, "detail")
    if view.mistakes:
        view.mistakes(report.measured)
    view.samples(events)
    view.samples(())
    view.data(dataset)
    view.preview(dataset.splits["train"][0], dataset, f"run:{run_id}", 8)
    given = view.fields("views", st.container())
    assert set(TASKS[task].inputs) <= set(given)
    assert given["text"] == st.session_state["shared_text"]
    view.answer(cached_answers.prediction(f"run:{run_id}", given), "answer")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_function_draws(task: str, lang: str) -> None:
    app = AppTest.from_function(_draw, kwargs={"task": task, "run_id": RUN}, default_timeout=120)
    app.session_state["lang"] = lang
    for role, text in GIVEN.items():
        app.session_state[f"shared_{role}"] = text
    check(app.run())
    assert not app.error


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_runs_page_shows_every_view_of_the_result(task: str, lang: str) -> None:
    app = check(open_page("runs", runs=RUN, lang=lang))
    report = runs.report(runs.get(RUN))
    assert report is not None and report.measured is not None
    headline = TASKS[task].metrics[0]
    assert METRICS[headline].write(report.measured.metrics[headline].value) in {metric.value for metric in app.metric}
    for view in ("mistakes", "curves", "movement", "settings"):
        if view != "mistakes" or VIEWS[task].mistakes:
            app.session_state[f"view_runs_{RUN}"] = view
            check(app.run())
            assert not app.error


def test_a_run_of_an_unknown_task_is_shown_calmly(task: str) -> None:
    folder = settings.runs_folder() / RUN
    for name in ("config.json", "report.json"):
        file = folder / name
        file.write_text(file.read_text().replace(f'"{task}"', '"of-a-later-version"'))
    app = check(open_page("runs", runs=RUN))
    assert "of\\-a\\-later\\-version" in "\n".join(info.value for info in app.info)
    for view in ("movement", "settings"):
        app.session_state[f"view_runs_{RUN}"] = view
        check(app.run())


def test_the_script_of_an_answer_gives_the_pages_numbers(task: str) -> None:
    given = {role: GIVEN[role] for role in TASKS[task].inputs}
    (expected,) = predict.predict(predict.load(NAME, task), {role: [text] for role, text in given.items()})
    found: Any = run_script(VIEWS[task].predict_code(NAME, given, 32))
    assert_same_answer(found, expected)


def test_the_script_of_a_run_measures_what_it_trained(task: str, trained: tuple[str, Path]) -> None:
    run = runs.get(RUN)
    file = run.config.data
    dataset = cached_data.dataset(Path(file).name, file, TASKS[task].layout.id)
    stories = f"texts = {STORIES!r}\n"  # of words that the tiny vocabulary has: unknown ones are never masked
    rows = VIEWS[task].rows_code(file, file, dataset) if TASKS[task].supervised else stories
    config = RunConfig(model=NAME, data=file, task=task, epochs=1, batch_size=2, max_length=16, learning_rate=1e-3)
    result: Any = run_script(VIEWS[task].training_code(config, rows, dataset))["result"]
    (headline,) = {
        "eval_accuracy",
        "eval_top1",
        "eval_entity_f1",
        "eval_micro_f1",
        "eval_spearman",
        "eval_answer_f1",
        "eval_chrf",
        "eval_recall_1",
    } & set(result)
    most = 100 if headline == "eval_chrf" else 1
    assert headline == "eval_spearman" or 0 <= result[headline] <= most  # of two rows a correlation need not be defined
    assert result["eval_loss"] > 0
