"""One text: the answer, and the words behind it once they are in sight."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core import explain
from pages.shared import inputs, layout
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _
from pages.shared.tasks.base import Subject
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
        answer.speed(name, given)
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
        _behind(name, given, subjects, code)
    else:
        layout.show_code(code)


@st.fragment
def _behind(name: str, given: Mapping[str, str], subjects: Sequence[Subject], code: str) -> None:
    """The words behind the answer, and the script of both. It runs alone when another method or label is chosen."""
    with layout.mistakes():
        attribution, subject = which_words(name, given, subjects)
        if attribution is not None:
            ready = cached_models.predictor(name)
            code += "\n\n# " + "-" * 70 + "\n# which words made it say so\n"
            code += VIEWS[ready.task.id].attribution_code(name, given, subject, attribution, ready.max_length)
        layout.show_code(code)
        inputs.write_link()
