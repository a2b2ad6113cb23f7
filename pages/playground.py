"""Playground: what a trained classifier says of your own text, which words made it say so, and how another one differs."""

import streamlit as st

from pages.shared import inputs, layout
from pages.shared.i18n import _
from pages.topics.playground import answer, classifier, many_texts, one_text, two_models, two_texts

with layout.page(
    _("Playground"),
    _(
        "Ask a trained model about your own sentences: how sure it is, which words it goes by, what it said before it was trained, "
        "and what another model says."
    ),
):
    st.html(answer.STYLE)
    left, right = st.columns([2, 3])
    with left:
        model, titles = classifier.choose_model()
    views = {"one": _("One text"), "texts": _("Two texts"), "models": _("Two models"), "many": _("Many texts")}
    many = bool(model) and inputs.settle_view("playground", views) == "many"
    with right:
        text = "" if many else inputs.sentence("playground")
        pair = "" if many else inputs.pair("playground")
    if not model:
        classifier.nothing_trained()
    else:
        view = inputs.view("playground", views, label=_("What to try"))
        if view == "one":
            one_text.show(model, titles, text, pair)
        elif view == "texts":
            two_texts.show(model, text, pair)
        elif view == "models":
            two_models.show(model, titles, text, pair)
        else:
            many_texts.show(model, titles)
