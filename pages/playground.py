"""Playground: what a trained model says of your own text, which words made it say so, and how another one differs."""

import streamlit as st

from core.bundled import READY
from pages.shared import inputs, layout, path
from pages.shared.cached import models as cached_models
from pages.shared.experiments import of, strip
from pages.shared.i18n import _
from pages.shared.tasks.table import VIEWS
from pages.topics.playground import answer, answering, experiments, many_texts, one_text, two_models, two_texts

with layout.page(
    _("Playground"),
    path.step("playground")
    + _(
        "Ask a trained model about your own sentences: how sure it is, which words it goes by, what it said before it was trained, "
        "and what another model says."
    ),
    opens_in="en",  # the ready models read English
):
    st.html(answer.STYLE)
    with st.container(key="toolbar"):
        left, right, more = st.columns([2, 3, 1], vertical_alignment="bottom")
    model, titles = answering.choose_model(left)
    views = {"one": _("One text"), "texts": _("Two texts"), "models": _("Two models"), "many": _("Many texts")}
    many = inputs.settle_view("playground", views) == "many"
    given: dict[str, str] = {}
    answering.begin_with_own(model)
    if not many:
        optional = () if "pair" in cached_models.predictor(model).task.inputs else ("pair",)
        options = inputs.options_button(more, "playground", optional)
        with right:
            given = VIEWS[cached_models.predictor(model).task.id].fields("playground", options)
        with options:
            answering.own_examples(model)
            answering.examples(model)
    view = inputs.topic("playground", views)
    strip("playground", of(experiments.rows(model), {view}))
    if view == "one" and model in READY and not inputs.get("experiment"):
        answering.first_runs()
    if view == "one":
        one_text.show(model, given)
    elif view == "texts":
        two_texts.show(model, given)
    elif view == "models":
        two_models.show(model, titles, given)
    else:
        many_texts.show(model, titles)
    path.footer("playground")
