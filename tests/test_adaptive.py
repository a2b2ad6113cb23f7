"""The experiment on few labels: the runs it asks for, the arithmetic of its intervals, and what the page queues and says."""

from dataclasses import asdict, replace
from math import sqrt
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import adaptive, runs
from core.errors import UserError
from core.finetune.setup import check as check_config
from core.results import DataReport, Evaluation, Measure, RunConfig, RunReport
from tests.pages_common import LANGUAGES, check, open_page, texts

COUNT = len(adaptive.LABELS) * len(adaptive.SEEDS)


def report(accuracy: float) -> RunReport:
    """A report that says nothing but a test accuracy."""
    test = Evaluation("text-classification", 10, {"accuracy": Measure(accuracy, accuracy, accuracy)})
    data = DataReport(0, (), {}, {})
    return RunReport({"test": test}, (), 1.0, 1.0, 1.0, 1.0, 1, 1, 0.0, {}, data)


def test_the_interval_of_three_seeds_is_students_t() -> None:
    found = adaptive.mean_interval([0.70, 0.72, 0.74])
    reach = 4.302653 * 0.02 / sqrt(3)  # t(0.975, 2), and the standard deviation of these three
    assert asdict(found) == pytest.approx({"value": 0.72, "low": 0.72 - reach, "high": 0.72 + reach}, abs=1e-6)


def test_every_run_of_the_experiment_may_be_started() -> None:
    for config in (adaptive.pretraining(), adaptive.start(), *adaptive.fine_tunings("plain", adaptive.BASE)):
        check_config(config)


def test_differences_are_between_runs_with_the_same_seed() -> None:
    found = adaptive.outcome(
        100,
        {"unread": {0: report(0.70), 1: report(0.74)}, "adapted": {1: report(0.75), 0: report(0.73), 2: report(0.9)}},
    )
    assert found.means["unread"].value == pytest.approx(0.72) and found.means["adapted"].value == pytest.approx(
        2.38 / 3
    )
    assert found.difference and found.difference.value == pytest.approx(0.02)


def test_one_seed_has_no_interval() -> None:
    found = adaptive.outcome(100, {"plain": {0: report(0.7)}, "adapted": {}})
    assert found.means == {} and found.difference is None


def test_both_contenders_are_asked_for_the_same() -> None:
    plain, adapted = adaptive.fine_tunings("plain", "minilm"), adaptive.fine_tunings("adapted", "run:x")
    assert len(plain) == len(set(plain)) == COUNT
    assert [replace(row, name="", model="") for row in plain] == [replace(row, name="", model="") for row in adapted]
    assert all(row.data != adaptive.pretraining().data for row in plain)


# --- The page ----------------------------------------------------------------------------------------------------------


def opened(lang: str = "en") -> AppTest:
    app = check(open_page("pretraining", view="learn", corpus="pasted", lang=lang))
    app.toggle(key="adaptive_open").set_value(True)
    return check(app.run())


def finish(config: RunConfig, accuracy: float) -> runs.Run:
    """A run of this configuration that is done."""
    run = runs.create(config)
    (run.folder / "report.json").write_bytes(runs.FILES.report.dump_json(report(accuracy)))
    state = replace(run.state, status="finished")
    (run.folder / "state.json").write_bytes(runs.FILES.state.dump_json(state))
    return runs.get(run.id)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[runs.Run]:
    found: list[runs.Run] = []
    monkeypatch.setattr(runs, "start", found.append)
    return found


def test_the_first_button_queues_the_reading_before_the_plain_runs(started: list[runs.Run]) -> None:
    app = opened()
    assert app.button(key="adaptive_second").disabled
    check(app.button(key="adaptive_first").click().run())
    assert [run.config for run in started] == [
        adaptive.start(),
        adaptive.pretraining(),
        *adaptive.fine_tunings("plain", adaptive.BASE),
    ]


def test_the_second_button_begins_from_the_finished_reading(started: list[runs.Run]) -> None:
    reading = finish(adaptive.pretraining(), 0.5)
    assert opened().button(key="adaptive_second").disabled
    start = finish(adaptive.start(), 0.5)
    app = opened()
    check(app.button(key="adaptive_second").click().run())
    assert [run.config for run in started] == [
        *adaptive.fine_tunings("unread", f"run:{start.id}"),
        *adaptive.fine_tunings("adapted", f"run:{reading.id}"),
    ]


@pytest.mark.parametrize("gain", [0.05, 0.0, -0.05])
def test_the_page_says_what_the_intervals_allow(gain: float) -> None:
    reading, start = finish(adaptive.pretraining(), 0.5), finish(adaptive.start(), 0.5)
    contenders = (
        ("plain", adaptive.BASE, 0.2),  # far away, and of no consequence for what is said of the reading
        ("unread", f"run:{start.id}", 0.0),
        ("adapted", f"run:{reading.id}", gain),
    )
    for contender, model, shift in contenders:
        for config in adaptive.fine_tunings(contender, model):
            wobble = 0.001 * (config.seed - 1) * (1 if contender == "unread" else -1)
            finish(config, 0.7 + shift + wobble)
    said = texts(opened())
    assert ("helped" in said, "did harm" in said, "includes 0" in said) == (gain > 0, gain < 0, gain == 0)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_offered_in_both_languages(lang: str) -> None:
    app = check(open_page("pretraining", view="learn", corpus="pasted", lang=lang))
    assert app.toggle(key="adaptive_open") and not app.error


def test_a_finished_run_of_another_experiment_is_not_taken_for_this_one(tmp_path: Path) -> None:
    """Who repeats the experiment goes on with the runs of a folder, but only with those that were asked for the same."""
    asked = RunConfig("minilm", "article-example", epochs=1.0, limit=8)
    run = runs.create(asked, folder=tmp_path / "run")
    runs.work(run.folder)
    there = runs.open_folder(tmp_path / "run")
    assert there.state.status == "finished" and there.config == asked
    found = runs.report(there)
    assert found is not None and found.steps > 0
    with pytest.raises(UserError, match="other settings"):
        runs.create(replace(asked, limit=9), folder=tmp_path / "run")
