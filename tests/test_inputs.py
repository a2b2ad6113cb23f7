"""The shared values: what an address may ask for, and what each page keeps when another is opened."""

import pytest

from pages.shared import inputs
from tests.pages_common import check, open_page

ENDLESS = "9" * 5000  # more digits than Python reads as a number


@pytest.mark.parametrize("name", ["layer", "head", "cut"])
def test_a_number_without_end_in_the_address_falls_back(name: str) -> None:
    app = check(open_page("attention", **{name: ENDLESS}))
    assert not app.error and inputs.DEFAULTS[name] == app.session_state[f"shared_{name}"]


@pytest.mark.parametrize(("view", "name", "value"), [("word", "word", f"0:{ENDLESS}"), ("vocabulary", "entry", ENDLESS)])  # fmt: skip
def test_a_place_without_end_in_the_address_falls_back(view: str, name: str, value: str) -> None:
    assert not check(open_page("tokens", view=view, **{name: value})).error


def test_a_value_twice_in_a_list_counts_once() -> None:
    app = check(open_page("attention", view="ablation", off="0.1,0.1,0.2"))
    assert app.multiselect(key="off@attention").value == ["0.1", "0.2"]


def test_each_page_keeps_its_own_view() -> None:
    app = check(open_page("attention", view="flow"))
    check(app.switch_page("pages/tokens.py").run())
    assert app.session_state["shared_view"] == "tokens"
    app.segmented_control(key="view@tokens").set_value("word").run()
    check(app.switch_page("pages/embeddings.py").run())
    assert app.session_state["shared_view"] == "output"  # and not the view of the same name: “word”
    check(app.switch_page("pages/attention.py").run())
    assert app.session_state["shared_view"] == "flow"
    check(app.switch_page("pages/tokens.py").run())
    assert app.session_state["shared_view"] == "word"


@pytest.mark.parametrize("view", ["heatmap", "heads", "nothing"])
def test_a_view_that_is_no_more_falls_back_to_the_first(view: str) -> None:
    app = check(open_page("attention", view=view))
    assert not app.error and app.session_state["shared_view"] == "explorer"


def test_the_tutorial_opens_its_first_claim_after_another_page() -> None:
    app = check(open_page("tokens", view="tokens"))
    check(app.switch_page("pages/article.py").run())
    assert [part.proto.expanded for part in app.expander].index(True) == 0
