"""Which runs are this visitor's: those that they started or opened, and nobody else's."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core import runs
from core.bundled import READY
from core.results import RunConfig

FIRST, SECOND = "20260101-000000-abcdef", "20260102-000000-abcdef"


def run(page: Callable[[], None]) -> AppTest:
    app = AppTest.from_function(page).run()
    assert not app.exception
    return app


def test_nothing_is_owned_before_it_was_opened() -> None:
    def page() -> None:
        import streamlit as st

        from pages.shared import visitor

        st.text(visitor.owns("20260101-000000-abcdef"))

    assert run(page).text[0].value == "False"


def test_a_run_is_owned_by_its_id_and_as_a_model_once_it_was_opened() -> None:
    def page() -> None:
        import streamlit as st

        from pages.shared import visitor

        visitor.opened("run:20260101-000000-abcdef", "minilm", "", "../x")
        st.text(visitor.owns("20260101-000000-abcdef") and visitor.owns("run:20260101-000000-abcdef"))
        st.text(visitor.owns("20260102-000000-abcdef") or visitor.owns("minilm") or visitor.owns(""))

    assert [text.value for text in run(page).text] == ["True", "False"]


@pytest.mark.parametrize("name", ["run", "runs", "learning", "model", "other_model", "other_classifier"])
def test_whoever_sets_a_value_that_names_runs_opens_them(name: str) -> None:
    def page(name: str, value: str) -> None:
        import streamlit as st

        from pages.shared import inputs, visitor

        inputs.put(name, value)
        st.text(visitor.owns("20260102-000000-abcdef"))

    value = {"run": SECOND, "learning": SECOND, "runs": f"{FIRST},{SECOND}"}.get(name, f"run:{SECOND}")
    app = AppTest.from_function(page, args=(name, value)).run()
    assert not app.exception and app.text[0].value == "True"


def test_what_answers_first_is_never_another_persons_run() -> None:
    def page(first: str) -> None:
        import streamlit as st

        from core import runs
        from pages.shared import inputs, visitor

        st.text(" ".join(inputs.own_before_ready(runs.all_runs(), inputs.ready())))
        visitor.opened(first)
        st.text(" ".join(inputs.own_before_ready(runs.all_runs(), inputs.ready())))

    first, second = (runs.create(RunConfig(model="minilm", data="rotten_tomatoes")).id for _ in range(2))
    app = AppTest.from_function(page, args=(first,)).run()
    assert not app.exception
    before, after = (text.value.split() for text in app.text)
    assert before[: len(READY)] == list(READY) and set(before[len(READY) :]) == {f"run:{first}", f"run:{second}"}
    assert after == [f"run:{first}", *READY, f"run:{second}"]
