"""Summarise: the most telling sentences of a text, why they were taken, and how good such summaries are."""

import streamlit as st

from pages.shared import inputs, layout, path
from pages.shared.experiments import of, strip
from pages.shared.i18n import _
from pages.topics.summarise import experiments, likeness, many, measured, one, settings

with layout.page(
    _("Summarise"),
    path.step("summarise")
    + _(
        "A summary made of a text's own sentences. BERT writes none: it compares the sentences' vectors and takes the ones that stand for the others. "
        "The first sentences, taken without any model, are always shown beside it, for they are hard to beat."
    ),
):
    views = {
        "one": _("One text"),
        "likeness": _("Which sentences are alike"),
        "many": _("Many texts"),
        "measured": _("How good is it?"),
    }
    view = inputs.settle_view("summarise", views)
    with st.container(key="toolbar"):
        wish = settings.choose(view)
    view = inputs.topic("summarise", views)
    strip("summarise", of(experiments.rows(), {view}))
    with layout.mistakes():
        if view == "one":
            one.show(wish)
        elif view == "likeness":
            likeness.show(wish)
        elif view == "many":
            many.show(wish)
        else:
            measured.show(wish)
    path.footer("summarise")
