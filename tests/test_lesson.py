"""The lesson of 45 minutes: its stops are experiments, and each link of the plan opens its page in the state that is spoken of."""

from urllib.parse import parse_qsl

import pytest

from core import models
from pages.shared import experiments, inputs
from pages.topics.home import lesson
from tests.pages_common import LANGUAGES, check, open_page, texts
from tests.test_experiments import ROWS

MINUTES = 45


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stop_opens_its_experiment(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (lesson, experiments):
        monkeypatch.setattr(module, "language", lambda: language)
    monkeypatch.setattr(models, "availability", lambda name: "here")
    assert sum(stop.minutes for stop in lesson.stops()) == MINUTES
    for stop in (stop for stop in lesson.stops() if stop.page in ROWS):
        row = next(row for row in ROWS[stop.page]() if row.id == stop.link["experiment"])
        wanted = {name: value for name, value in row.values.items() if value != inputs.DEFAULTS[name]}
        opened = {name: value for name, value in stop.link.items() if value != inputs.DEFAULTS[name]}
        assert {**opened, "experiment": row.id} == opened | wanted, stop.page


def test_every_link_of_the_plan_opens_its_state() -> None:
    home = check(open_page("home"))
    plan = [link.proto for link in home.get("page_link") if " min · " in link.proto.label]
    assert [link.page for link in plan] == [stop.page for stop in lesson.stops()]
    for link, stop in zip(plan, lesson.stops(), strict=True):
        app = check(open_page(link.page, **dict(parse_qsl(link.query_string))))
        assert not app.error, (stop.page, texts(app))
        assert app.session_state["shared_experiment"] == stop.link.get("experiment", ""), stop.page
        for name, value in stop.link.items():
            assert app.session_state[f"shared_{name}"] == value, (stop.page, name)
        if "vote" in stop.link:
            check(app.button(key=f"vote_{stop.page}").click().run())
            assert not app.error, (stop.page, texts(app))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_class_is_asked_before_the_answer_is_shown(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lesson, "language", lambda: language)
    monkeypatch.setattr(models, "availability", lambda name: "here")
    pages = {stop.page for stop in lesson.stops() if "vote" in stop.link}
    assert pages == {"attention", "embeddings", "pretraining", "playground"}
