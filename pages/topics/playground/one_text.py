"""One text: the answer, the words behind it, and how long it took."""

from collections.abc import Mapping

import streamlit as st

from core import explain
from pages.shared import layout
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _
from pages.shared.tasks.table import VIEWS
from pages.topics.playground import answer
from pages.topics.playground.words import which_words


def show(name: str, given: Mapping[str, str]) -> None:
    with layout.mistakes():
        if answer.complete(name, given):
            _answer(name, given)


def _answer(name: str, given: Mapping[str, str]) -> None:
    task, limit = cached_models.predictor(name).task, cached_models.predictor(name).max_length
    prediction = cached_answers.prediction(name, given)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**" + _("The model's answer") + "**")
        answer.show(name, prediction, "bars")
        speed = st.empty()
    with right:
        answer.before_training(name, given)
    answer.notes(name, given, prediction)
    view = VIEWS[task.id]
    code = view.predict_code(name, given, limit)
    layout.downloads(view.downloads((prediction,)), "one")
    if view.closer is not None:
        view.closer(name, given)
    subjects = view.subjects(prediction)
    if explain.offered(task) and subjects:
        attribution, subject, method = which_words(name, given, subjects)
        if attribution is not None:
            code += "\n\n# " + "-" * 70 + "\n# which words made it say so\n"
            code += view.attribution_code(name, given, subject, method, limit, attribution.words)
    milliseconds, repeats = cached_answers.latency(name, given)
    speed.caption(
        _(
            "{milliseconds:.1f} ms per prediction on this machine, tokenising included: the median of {repeats} after one to warm up."
        ).format(milliseconds=milliseconds, repeats=repeats)
    )
    layout.show_code(code)
