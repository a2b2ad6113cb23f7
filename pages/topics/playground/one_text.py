"""One text: the answer, the words behind it, and how long it took."""

from collections.abc import Mapping

import streamlit as st

from core import explain
from core.tasks.classify import Labelled
from pages.shared import cached, layout
from pages.shared.i18n import _
from pages.shared.snippets import playground as snippets
from pages.shared.tasks.table import VIEWS
from pages.topics.playground import answer, experiments
from pages.topics.playground.words import which_words


def show(name: str, given: Mapping[str, str]) -> None:
    with layout.mistakes():
        if answer.complete(name, given):
            _answer(name, given)
            return
    layout.experiments("playground", experiments.rows(name))


def _answer(name: str, given: Mapping[str, str]) -> None:
    task, limit = cached.predictor(name).task, cached.predictor(name).max_length
    prediction = cached.prediction(name, given)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**" + _("The model's answer") + "**")
        answer.show(name, prediction, "bars")
        speed = st.empty()
    with right:
        answer.before_training(name, given)
    answer.notes(name, given, prediction)
    code = VIEWS[task.id].predict_code(name, given, limit)
    if explain.offered(task) and isinstance(prediction, Labelled):
        attribution, method = which_words(name, given, prediction)
        if attribution is not None:
            words = [(word.source, word.start, word.end) for word in attribution.words]
            code += "\n\n# " + "-" * 70 + "\n# which words made it say so\n"
            code += snippets.attributions(
                name, given["text"], given.get("pair", ""), attribution.label, method, limit, words
            )
    layout.experiments("playground", experiments.rows(name))
    milliseconds, repeats = cached.latency(name, given)
    speed.caption(
        _(
            "{milliseconds:.1f} ms per prediction on this machine, tokenising included: the median of {repeats} after one to warm up."
        ).format(milliseconds=milliseconds, repeats=repeats)
    )
    layout.show_code(code)
