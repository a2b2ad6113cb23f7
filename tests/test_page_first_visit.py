"""The first visit: every page and topic shows something real, and none asks to train a model first."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages_common import ASKING, LANGUAGES, TOPICS, check, every_topic, open_page

WIDGET = {"attention": "topic@attention"}  # that offers the topics, where it is not "view@…"
SHOWN = ("plotly_chart", "arrow_data_frame", "bidi_component", "iframe", "metric", "html")


def shown(app: AppTest) -> int:
    """How many pictures, tables, chips and numbers the page has."""
    html = [
        one
        for one in app.get("html")
        if any(mark in one.proto.body for mark in ("<table", "<img", 'class="chip', 'class="hits'))
    ]
    return len(html) + sum(len(app.get(kind)) for kind in SHOWN if kind != "html")


def boxes(app: AppTest) -> list[str]:
    return [str(box.value) for box in [*app.info, *app.warning, *app.error]]


@pytest.mark.parametrize(
    ("page", "query"), every_topic(), ids=[f"{page}-{'-'.join(query.values())}" for page, query in every_topic()]
)
def test_nothing_is_empty_and_nobody_is_asked_to_train_first(page: str, query: dict[str, str]) -> None:
    for lang in LANGUAGES:
        app = check(open_page(page, lang=lang, **query))
        assert not app.error
        asking = [box for box in boxes(app) if any(word in box.lower() for word in ASKING)]
        assert not asking and shown(app)


def test_every_topic_of_every_page_is_among_them() -> None:
    for page, views in TOPICS.items():
        if page == "article":
            continue
        offered = open_page(page).button_group(key=WIDGET.get(page, f"view@{page}")).options
        pictures = 3 if page == "attention" else 0  # of BertViz, under one topic
        assert len(offered) == len(views) - pictures, page
