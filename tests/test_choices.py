"""What a widget with options shows is what the page computes with, after a change of text, language or model.

The browser is played here: it keeps the label it shows until it is told another, whatever the options became.
"""

import ast
from pathlib import Path

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest

from core.bundled import READY
from tests.pages_common import check, open_page

PAGES = Path(__file__).parent.parent / "pages"
KINDS = ("selectbox", "multiselect", "button_group", "select_slider")
FIELDS = ("text_input", "text_area", "number_input", "slider", "checkbox", "toggle")
NER = next(row.id for row in READY.values() if "tag" in row.task or "entities" in row.task)
CLASSIFIER = next(iter(READY))
FIRST, SECOND = "He sat on the unforgettable bank", "I love eating pizza"


class Shown:
    """The labels that a browser shows in each widget, run after run."""

    def __init__(self) -> None:
        self.labels: dict[str, list[str]] = {}

    def receive(self, app: AppTest) -> dict[str, list[str]]:
        """Take over one run as the browser does; returns what it shows now, by the widgets' keys."""
        kept, now = self.labels, {}
        self.labels = {}
        for kind in KINDS:
            for element in app.get(kind):
                proto = element.proto
                options = [getattr(option, "content", option) for option in proto.options]
                several = kind != "selectbox"
                if proto.set_value:
                    labels = (
                        list(getattr(proto, "raw_value" if kind == "select_slider" else "raw_values"))
                        if several
                        else [proto.raw_value]
                    )
                elif proto.id in kept:
                    labels = kept[proto.id]
                else:
                    default = list(proto.default) if several else [proto.default] if proto.HasField("default") else []
                    labels = [options[int(i)] for i in default]
                self.labels[proto.id] = now[str(element.key)] = labels
                assert set(labels) <= set(options) or proto.accept_new_options, (element.key, labels, options)
        return now


def computed(app: AppTest) -> dict[str, list[str]]:
    """What each widget's value is called now, by the widgets' keys."""
    found = {}
    for kind in KINDS:
        for element in app.get(kind):
            value = element.value
            values = value if isinstance(value, list) else [] if value is None else [value]
            found[str(element.key)] = [element.format_func(one) for one in values]
    return found


VIEWS = [
    ("encoder", {"token": "5", "without": "position"}),
    ("attention", {"view": "flow", "token": "5"}),
    ("attention", {"view": "what-heads-do"}),
    ("tokens", {"view": "word", "word": "0:4"}),
    ("tokens", {"view": "data"}),
    ("tokens", {"view": "side"}),
    ("tokens", {"view": "vocabulary"}),
    ("embeddings", {"view": "output"}),
    ("embeddings", {"view": "map"}),
    ("pretraining", {"view": "mlm"}),
    ("pretraining", {"view": "learn"}),
    ("pretraining", {"view": "learn", "corpus": "pasted"}),
    ("playground", {"model": CLASSIFIER}),
    ("playground", {"model": CLASSIFIER, "view": "many"}),
    ("finetune", {}),
]


@pytest.mark.parametrize(("page", "query"), VIEWS, ids=[f"{page}-{query.get('view', '')}" for page, query in VIEWS])
def test_text_language_and_model_change_what_every_choice_shows(page: str, query: dict[str, str]) -> None:
    app, shown = check(open_page(page, text=FIRST, **query)), Shown()
    assert f"model@{page}" in computed(app) or page in ("finetune", "pretraining")
    assert shown.receive(app) == computed(app)
    for values in ({"text": SECOND}, {"lang": "zh"}, {"model": NER}, {"lang": "en", "text": FIRST}):
        for name, value in values.items():
            app.session_state["lang" if name == "lang" else f"shared_{name}"] = value
        assert shown.receive(check(app.run())) == computed(app), values


def first_drawn(app: AppTest) -> dict[str, object]:
    """What a browser shows in each field that it draws for the first time, by the fields' keys."""
    found = {}
    for kind in FIELDS:
        for element in app.get(kind):
            value = element.proto.value if element.proto.set_value else element.proto.default
            found[str(element.key)] = value if isinstance(value, str | bool | int | float) else value[0]
    return found


@pytest.mark.parametrize(("page", "query"), VIEWS, ids=[f"{page}-{query.get('view', '')}" for page, query in VIEWS])
def test_a_widget_that_the_browser_had_no_time_to_draw_keeps_its_value(page: str, query: dict[str, str]) -> None:
    """Who presses something at once, on a slow line or machine, sends the values of those widgets only that are drawn."""
    app = check(open_page(page, **({"text": FIRST} | query)))
    before = {str(element.key): element.value for kind in FIELDS for element in app.get(kind)}
    check(app._run(WidgetStates()))
    assert first_drawn(app) == before
    assert Shown().receive(app) == computed(app)


def test_options_are_drawn_by_one_helper_only() -> None:
    """A list, buttons or slider drawn elsewhere would go on showing the label that was true before."""
    widgets = {"selectbox", "multiselect", "segmented_control", "pills", "select_slider", "radio"}
    found = {
        path.relative_to(PAGES).as_posix()
        for path in PAGES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in widgets and ast.unparse(node.value) != "choices"
    }
    assert found == {"shared/choices.py", "shared/i18n.py"}  # the languages have the same names in every language
