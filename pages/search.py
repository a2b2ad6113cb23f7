"""Search: ask texts in your own words, and see what is found by meaning, by words, and by both."""

import streamlit as st

from core.errors import UserError
from pages.shared import inputs, layout, path, progress
from pages.shared.cached import search as cached_search
from pages.shared.data_form import report
from pages.shared.experiments import of, strip
from pages.shared.i18n import _
from pages.topics.search import answers, experiments, labels, measured, picture, reading, shelf


def search(model: str, view: str, question: str, kind: str) -> None:
    """What a view shows of the texts of a kind."""
    texts = shelf.choose(kind)
    if view != "measured" and not question.strip():
        raise UserError("there is no question; type one in your own words")
    if texts is None:
        return
    passages = texts.passages
    index = progress.work(
        f"search_index_{model}_{hash(passages)}", _("Reading the texts"),
        lambda tell: cached_search.opened(model, passages, tell),
    )  # fmt: skip
    if index is None:
        return
    report.warnings(cached_search.advice(model, passages))
    if view != "measured":
        report.warnings(cached_search.advice_on(model, question))
    if view == "answers":
        reader = "" if texts.desk else reading.choose(texts)
        answers.show(model, question, texts, index, reader)
    elif view == "picture":
        picture.show(model, question, texts, index)
    else:
        measured.show(model, texts)


with layout.page(
    _("Search"),
    path.step("search")
    + _(
        "Ask a help desk, a document or your own texts in your own words. A text is found by the vector of its meaning, by the words it shares with the question, or by both; "
        "in your own texts a reader marks the answer, and where there is none, the page says so."
    ),
):
    views = {
        "answers": _("Answers"),
        "picture": _("Picture"),
        "measured": _("How good is it?"),
        "labels": _("Labels in words"),
    }
    shown = inputs.settle_view("search", views)
    with st.container(key="toolbar"):
        widths = {"labels": [5, 2], "measured": [2, 2, 3]}.get(shown, [2, 3, 2])
        places = iter(st.columns(widths, vertical_alignment="bottom"))
        kind = question = ""
        if shown != "labels":
            with next(places):
                kind = inputs.choice("shelf", "search", shelf.options(), _("What is searched"))
        if shown != "measured":
            with next(places):
                title, example = (
                    (_("A text"), labels.example())
                    if shown == "labels"
                    else (_("Your question"), experiments.first(kind))
                )
                question = inputs.question("search", label=title, example=example)
        with next(places):
            model = inputs.searcher("search", shelf.model_for(kind))
    view = inputs.topic("search", views)
    strip("search", of(experiments.rows(), {view}))
    with layout.mistakes():
        if view == "labels":
            labels.show(model, question)
        else:
            search(model, view, question, kind)
    path.footer("search")
