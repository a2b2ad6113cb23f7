"""Search: ask texts in your own words, and see what is found by meaning, by words, and by both."""

import streamlit as st

from core.errors import UserError
from pages.shared import inputs, layout, path, progress
from pages.shared.cached import search as cached_search
from pages.shared.data_form import report
from pages.shared.experiments import of, strip
from pages.shared.i18n import _
from pages.topics.search import answers, experiments, measured, picture, shelf

with layout.page(
    _("Search"),
    path.step("search")
    + _(
        "Ask a help desk, or your own texts, in your own words. A text is found by the vector of its meaning, by the words it shares with the question, or by both; "
        "and where nothing is near enough, the page says so."
    ),
):
    views = {"answers": _("Answers"), "picture": _("Picture"), "measured": _("How good is it?")}
    asks = inputs.settle_view("search", views) != "measured"
    with st.container(key="toolbar"):
        left, middle, right = st.columns([2, 3, 2], vertical_alignment="bottom")
        with left:
            kind = inputs.choice("shelf", "search", shelf.options(), _("What is searched"))
        question = ""
        if asks:
            with middle:
                question = inputs.question("search", label=_("Your question"), example=experiments.first(kind))
        with right:
            model = inputs.searcher("search", shelf.model_for(kind))
    view = inputs.topic("search", views)
    strip("search", of(experiments.rows(), {view}))
    with layout.mistakes():
        texts = shelf.choose(kind)
        if asks and not question.strip():
            raise UserError("there is no question; type one in your own words")
        if texts is not None:
            passages = texts.passages
            index = progress.work(
                f"search_index_{model}_{hash(passages)}", _("Reading the texts"),
                lambda tell: cached_search.opened(model, passages, tell),
            )  # fmt: skip
            if index is not None:
                report.warnings(cached_search.advice(model, passages))
                if view == "answers":
                    answers.show(model, question, texts, index)
                elif view == "picture":
                    picture.show(model, question, texts, index)
                else:
                    measured.show(model, texts)
    path.footer("search")
