"""A studio that several share: who may change what, the codes, the teacher's page; and that the host alone sees nothing of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from streamlit.testing.v1 import AppTest

from core import classroom, runs, visitors
from core.results import Estimate, Event, RunConfig, RunState
from pages.shared import experiments, launch, visitor
from pages.shared.cached import visitors as cached_visitors
from pages.shared.visitor import Request
from tests.pages_common import LANGUAGES, check, open_page, texts

ANA, BEN = "a" * 32, "b" * 32
As = Callable[[str], None]


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> As:
    """Come as somebody from elsewhere; "" is who sits at the machine."""

    def come(visitor_id: str) -> None:
        cookie = visitors.signed(visitor_id) if visitor_id else ""
        monkeypatch.setattr(visitor, "request", lambda: Request(cookie, "10.0.0.7" if visitor_id else ""))

    return come


def put(owner: str, status: str = "cancelled", created: float = 1.0) -> runs.Run:
    run = runs.create(RunConfig("minilm", "rotten_tomatoes", name="films"), owner=owner)
    runs._set_state(run.folder, RunState(status, created, finished=2.0))  # type: ignore[arg-type]
    return runs.get(run.id)


def keys(app: AppTest) -> set[str]:
    return {button.key or "" for button in app.button}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_run_is_changed_by_its_owner_alone(visit: As, lang: str) -> None:
    run = put(ANA)
    controls = {f"resume_runs_{run.id}", "delete"}
    for who, may in ((ANA, True), (BEN, False), ("", True)):
        visit(who)
        app = check(open_page("runs", runs=run.id, lang=lang))
        assert (controls <= keys(app)) == may and (may or not controls & keys(app)), who
        assert f"again_runs_{run.id}" in keys(app), "everybody may train again from it"


def test_nobody_deletes_what_is_anothers_by_pressing_an_old_button(visit: As) -> None:
    run = put(ANA)
    visit(ANA)
    app = check(open_page("runs", runs=run.id))
    check(app.button(key="delete").click().run())
    visit(BEN)
    del app.session_state[visitor.SESSION]
    check(app.button(key="really_delete").click().run())
    assert runs.get(run.id).owner == ANA


def test_a_forged_cookie_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    run = put(ANA)
    for cookie in (ANA, f"{ANA}.{'0' * 64}", "", "None"):
        monkeypatch.setattr(visitor, "request", lambda cookie=cookie: Request(cookie, "10.0.0.7"))
        assert "delete" not in keys(check(open_page("runs", runs=run.id)))


def test_mine_outlasts_the_session_and_is_not_others(visit: As) -> None:
    run = put(ANA)
    visit(ANA)
    assert len(check(open_page("runs", mine="yes")).dataframe[0].value) == 1
    visit(BEN)
    app = check(open_page("runs", mine="yes"))
    assert "0 of 1 run" in texts(app)
    assert runs.get(run.id)


def test_names_stand_beside_runs_where_several_share_the_studio(visit: As) -> None:
    put(ANA)
    put(BEN)
    visitors.rename(ANA, "Ana <b>")
    visit(BEN)
    assert sorted(check(open_page("runs")).dataframe[0].value["Whose"]) == ["Ana <b>", "you"]
    visit("")
    assert "Whose" not in check(open_page("runs")).dataframe[0].value


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_class_code_stands_before_everything(visit: As, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CLASS_CODE", "spring")
    visit(ANA)
    app = check(open_page("tokens", lang=lang, text="a sentence of mine"))
    assert "a sentence of mine" not in texts(app) and not app.text_input(key="gate_code").value
    app.text_input(key="gate_name").set_value("Ana")
    assert keys(app) <= {"gate_enter", "present", "reset"} | {key for key in keys(app) if key.startswith("Form")}
    app.text_input(key="gate_code").set_value("summer")
    app = check(app.button(key="gate_enter").click().run())
    assert len(app.error) == 1 and "a sentence of mine" not in texts(app)
    assert keys(app) <= {"gate_enter", "present", "reset"} | {key for key in keys(app) if key.startswith("Form")}
    app.text_input(key="gate_code").set_value("spring")
    app = check(app.button(key="gate_enter").click().run())
    assert not app.error and not [one for one in app.text_input if one.key == "gate_code"]
    assert visitor.name_of(ANA) == "Ana"
    assert not [one for one in check(open_page("tokens")).text_input if one.key == "gate_code"], "it is remembered"
    monkeypatch.setenv("STUDIO_CLASS_CODE", "autumn")
    assert check(open_page("tokens")).text_input(key="gate_code"), "another code sends everybody out"


def test_the_teacher_enters_a_code_and_may_change_all(visit: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_TEACHER_CODE", "owl")
    run = put(ANA)
    for who in (BEN, ""):  # with a code, who sits at the machine enters it too
        visit(who)
        assert "delete" not in keys(check(open_page("runs", runs=run.id)))
    visit(BEN)
    app = check(open_page("runs", runs=run.id))
    check(app.text_input(key="you_code").set_value("owl").run())
    app = check(app.button(key="you_enter").click().run())
    assert "delete" in keys(app) and "you_enter" not in keys(app)


def test_the_host_alone_is_asked_nothing(visit: As) -> None:
    visit("")
    app = check(open_page("home"))
    assert not [one for one in app.text_input if (one.key or "").startswith(("you", "gate"))]


@pytest.fixture
def teacher(visit: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_TEACHER_CODE", "owl")
    visitors.enter_as_teacher(BEN, "owl")
    visit(BEN)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_teachers_page(teacher: None, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_is_alive", lambda folder: True)
    made = [put(ANA, "queued", created) for created in (1.0, 2.0)]
    visitors.rename(ANA, "Ana")
    app = check(open_page("classroom", lang=lang))
    assert not app.error and "Ana" in texts(app)
    app = check(app.button(key=f"class_first_{made[1].id}").click().run())
    assert [run.id for run in runs.queue()] == [made[1].id, made[0].id]
    app = check(app.button(key="class_pause").click().run())
    assert runs.is_paused()
    app = check(app.button(key="class_pause").click().run())
    assert not runs.is_paused()
    app = check(app.button(key=f"class_cancel_{made[0].id}").click().run())
    assert runs.get(made[0].id).state.status == "cancelled"
    app = check(app.button(key="class_reset").click().run())
    check(app.button(key="class_really").click().run())
    assert runs.all_runs() == ()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_teacher_sees_who_is_on_which_page(visit: As, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_TEACHER_CODE", "owl")
    cached_visitors.presence.clear()
    visitors.enter_as_teacher(BEN, "owl")
    visitors.rename(ANA, "Ana")
    for who, page in ((ANA, "tokens"), (ANA, "runs"), (BEN, "runs"), ("c" * 32, "runs")):
        visit(who)
        check(open_page(page, lang="en"))
    visit(BEN)
    app = check(open_page("classroom", lang=lang))
    table = next(frame.value for frame in app.dataframe if "Ana" in frame.value.to_string())
    title = {"en": "Runs", "zh": "训练记录"}[lang]
    assert [row[1] for row in table.itertuples(index=False)] == [title] * 2, (
        "each once, where they were last, without the teacher"
    )
    assert f"{title}: 2" in texts(app)


def test_who_waits_is_told_how_long_the_one_in_front_still_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_is_alive", lambda folder: True)
    training, waiting = put(ANA, "running", 1.0), put(ANA, "queued", 2.0)
    step = Event(3.0, "step", 4, 8, 0.5, {"loss": 1.0, "eta_seconds": 95.0})
    (training.folder / "events.jsonl").write_bytes(TypeAdapter(Event).dump_json(step) + b"\n")
    app = check(open_page("finetune", run=waiting.id))
    (told,) = [one.value for one in app.caption if one.value.startswith("training now")]
    assert told.endswith("about 1 min 35 s left")


def test_the_page_is_nobody_elses(visit: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_TEACHER_CODE", "owl")
    visit(ANA)
    app = open_page("classroom")
    assert not {"class_pause", "class_reset", "class_show"} & keys(app)


def test_what_the_teacher_shows_comes_to_everybody(
    teacher: None, visit: As, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app = check(open_page("classroom"))
    app.text_input(key="class_address").set_value("http://studio.example/tokens?text=The+river+bank")
    app.text_input(key="class_title").set_value("Two [banks](x)")
    app = check(app.button(key="class_show").click().run())
    assert not app.error and classroom.look()
    visit(ANA)
    app = check(open_page("encoder"))
    assert "look_go" in keys(app)
    app = check(app.button(key="look_later").click().run())
    assert "look_go" not in keys(app)
    app = check(open_page("encoder", text="A sentence of mine"))
    app = check(app.button(key="look_go").click().run())
    assert app.query_params["text"] == ["The river bank"] or app.query_params["text"] == "The river bank"
    assert app.session_state[experiments.OWN].values["text"] == "A sentence of mine", "there is a way back to it"


def test_where_everybody_keeps_to_themselves_nobody_sees_anothers_run(
    visit: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_RUNS_SEEN", "own")
    monkeypatch.setenv("STUDIO_TEACHER_CODE", "owl")
    anas, bens, nobodys = (
        runs.create(RunConfig(model="minilm", data="rotten_tomatoes"), owner=owner).id for owner in (ANA, BEN, "")
    )
    visit(BEN)
    app = check(open_page("runs", run=anas))
    assert anas not in texts(app) and "belongs to somebody else" in texts(app)
    assert len(app.dataframe[0].value) == 2
    assert "belongs to somebody else" not in texts(check(open_page("runs", run=bens)))
    assert "belongs to somebody else" not in texts(check(open_page("runs", run=nobodys)))
    for value in ({"model": f"run:{anas}"}, {"runs": f"{bens},{anas}"}):
        assert "belongs to somebody else" in texts(check(open_page("tokens", **value)))
    visitors.enter_as_teacher(BEN, "owl")
    assert "belongs to somebody else" not in texts(check(open_page("runs", run=anas)))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_run_that_would_read_too_much_is_refused_where_it_is_started(
    visit: As, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_MAX_TOKENS", "100")
    monkeypatch.setattr(runs, "start", lambda run: None)
    monkeypatch.setattr(launch, "measure", lambda config, file, report: Estimate(9.0, 1000.0, 4, 5.0, 3, tokens=1234))
    for who, may in ((ANA, False), (BEN, False), ("", True)):
        visit(who)
        app = check(open_page("finetune", data="article-example", lang=lang))
        app = check(app.button(key="estimate").click().run())
        said = any("1,234" in warning.value for warning in app.warning)
        assert "1,234" in texts(app) and said != may, "the estimate says it before"
        app = check(app.button(key="start").click().run())
        assert len(runs.all_runs()) == may and bool(app.error) != may, who
    assert runs.all_runs()[0].owner not in (ANA, BEN)


def test_what_one_has_taken_keeps_nobody_else_from_starting(visit: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_RUNS_MB", "1")
    monkeypatch.setattr(runs, "start", lambda run: None)
    (put(ANA, "finished").folder / "weights").write_bytes(bytes(2 << 20))
    for who, count in ((ANA, 0), (BEN, 1), ("c" * 32, 1)):
        visit(who)
        app = check(open_page("finetune", data="article-example"))
        app = check(app.button(key="start").click().run())
        assert len([run for run in runs.all_runs() if run.owner == who and run.state.status != "finished"]) == count
        assert ("our runs take 2 MB" in texts(app)) != bool(count)
