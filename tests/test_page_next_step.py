"""The box below a result: what the run shows, and the one button that does the next thing."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import runs, settings
from core.diagnosis import Ended
from core.finetune.recipe import NOT_A_NUMBER
from core.results import RunConfig
from tests.ended import CONFIG, SHOWN, ended
from tests.pages_common import LANGUAGES, check, open_page

RUN = "20260102-030405-aaaaaa"
BUTTON = f"next_runs_{RUN}"
SAYS = {
    "rate": "The training loss did not fall",
    "longer": "still falling when the training ended",
    "rare": "Never found: sad",
    "counting": "Counting words does as well or better",
    "confused": "are taken for each other: 10 of 10 mistakes",
}


def put(shown: Ended, **state: object) -> Path:
    """The run in the studio's home; returns its folder."""
    folder = settings.runs_folder() / RUN
    for place in (folder / "data", folder / "model"):
        place.mkdir(parents=True)
    (folder / "data" / "tickets.csv").write_text(
        "text,label\n" + "".join(f"text {i},{'ab'[i % 2]}\n" for i in range(40))
    )
    files = runs.FILES
    (folder / "config.json").write_bytes(files.config.dump_json(shown.config))
    (folder / "report.json").write_bytes(files.report.dump_json(shown.report))
    (folder / "events.jsonl").write_bytes(b"".join(files.event.dump_json(event) + b"\n" for event in shown.events))
    finished = replace(runs.RunState("finished", 1.0, 2.0, 3.0), **state)  # type: ignore[arg-type]
    (folder / "state.json").write_bytes(files.state.dump_json(finished))
    return folder


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[RunConfig]:
    """What was started; no process is."""
    configs: list[RunConfig] = []
    monkeypatch.setattr(runs, "start", lambda run: configs.append(run.config))
    return configs


def box(app: AppTest) -> str:
    return "\n".join(str(part.value) for part in app.markdown if "lightbulb" in str(part.value))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", [name for name in SHOWN if name != "confused"])
def test_one_button_starts_what_was_advised(name: str, lang: str, started: list[RunConfig]) -> None:
    put(SHOWN[name])
    app = check(open_page("runs", runs=RUN, lang=lang))
    assert lang != "en" or SAYS[name] in box(app).replace("\\", "")
    app = check(app.button(key=BUTTON).click().run())
    assert len(started) == 1
    assert started[0] == replace(
        CONFIG, **{field: value for field, value in vars(started[0]).items() if field in CHANGED[name]}
    )
    assert (runs.all_runs()[0].folder / "data" / "tickets.csv").is_file(), "its data goes with it"
    assert app.query_params["run"] == runs.all_runs()[0].id, "it is watched"


def test_on_the_page_that_follows_the_run_the_next_one_is_followed(started: list[RunConfig]) -> None:
    put(SHOWN["rare"])
    app = check(open_page("finetune", run=RUN))
    app = check(app.button(key=f"next_finetune_{RUN}").click().run())
    assert started and app.query_params["run"] == runs.all_runs()[0].id != RUN


def test_pre_training_is_watched_where_it_is_taught(started: list[RunConfig]) -> None:
    shown = SHOWN["rate"]
    config = replace(
        shown.config, task="masked-language-modelling", data="data/tickets.csv", columns=(("text", "text"),)
    )
    put(replace(shown, config=config, report=replace(shown.report, evaluations={})))
    app = check(open_page("runs", runs=RUN))
    app = check(app.button(key=BUTTON).click().run())
    assert [row.task for row in started] == ["masked-language-modelling"]
    assert app.query_params["learning"] == runs.all_runs()[0].id and app.query_params["view"] == "learn"


CHANGED = {
    "rate": {"learning_rate", "preset"},
    "longer": {"model", "preset"},
    "rare": {"class_weights", "preset"},
    "counting": {"preset", "epochs", "batch_size", "max_length", "learning_rate", "evaluations"},
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_rows_that_are_worth_reading_are_read_when_asked(lang: str) -> None:
    put(SHOWN["confused"])
    app = check(open_page("runs", runs=RUN, lang=lang))
    assert lang != "en" or SAYS["confused"] in box(app).replace("\\", "")
    before = len(app.dataframe)
    app = check(app.toggle(key=BUTTON).set_value(True).run())
    assert len(app.dataframe) == before + 1
    assert any(len(table.value) == 10 and list(table.value.iloc[0])[1:] == ["sad", "calm"] for table in app.dataframe)


def test_nothing_is_said_where_there_is_nothing_to_say() -> None:
    put(ended())
    assert not box(check(open_page("runs", runs=RUN)))


@pytest.mark.parametrize("status", ["cancelled", "interrupted"])
def test_a_run_that_was_stopped_is_to_be_resumed_first(status: str) -> None:
    put(SHOWN["longer"], status=status)
    assert not box(check(open_page("runs", runs=RUN)))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_run_whose_loss_stopped_being_a_number_starts_again_lower(lang: str, started: list[RunConfig]) -> None:
    shown = ended(config=replace(CONFIG, learning_rate=0.05))
    values = {"step": "3", "rate": "0.05", "lower": "0.01"}
    folder = put(shown, status="failed", error=NOT_A_NUMBER, error_values=values)
    (folder / "report.json").unlink()
    app = check(open_page("runs", runs=RUN, lang=lang))
    check(app.button(key=BUTTON).click().run())
    assert [config.learning_rate for config in started] == [1e-4]


def test_a_label_in_a_diagnosis_is_no_markup() -> None:
    shown = SHOWN["rare"]
    detail = {**shown.report.evaluations["test"].detail}
    detail["classes"] = [{**row, "label": "<b>*x*"} for row in detail["classes"]]  # type: ignore[union-attr]
    evaluation = replace(shown.report.evaluations["test"], detail=detail)
    put(replace(shown, report=replace(shown.report, evaluations={"test": evaluation})))
    assert "\\<b\\>\\*x\\*" in box(check(open_page("runs", runs=RUN)))
