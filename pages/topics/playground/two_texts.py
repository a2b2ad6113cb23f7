"""A text and its edited copy: how the answer changes."""

from collections.abc import Mapping

import streamlit as st

from core.figures import predictions as predictions_figures
from core.tasks.classify import Labelled
from pages.shared import charts, inputs, layout
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _
from pages.shared.tasks.table import VIEWS
from pages.topics.playground import answer


def show(name: str, given: Mapping[str, str]) -> None:
    predictor = cached_models.predictor(name)
    role = predictor.task.inputs[0]
    if not inputs.get("other_text"):
        inputs.put("other_text", given[role])
    edited = {**given, role: inputs.other_text("playground", label=_("The sentence, edited"))}
    with layout.mistakes():
        if answer.complete(name, given):
            _compare(name, given, edited)
    layout.show_code(VIEWS[predictor.task.id].predict_code(name, edited, predictor.max_length))


def _compare(name: str, given: Mapping[str, str], edited: Mapping[str, str]) -> None:
    first, second = cached_answers.prediction(name, given), cached_answers.prediction(name, edited)
    if isinstance(first, Labelled) and isinstance(second, Labelled):
        _labels(first, second)
    else:
        for column, title, prediction in zip(
            st.columns(2, gap="large"), (_("the sentence"), _("edited")), (first, second), strict=True
        ):
            with column:
                st.markdown("**" + title + "**")
                answer.show(name, prediction, f"answer_{title}")
    if given == edited:
        st.info(_("Both are the same. Change a word in the second one and watch the answer."))
    answer.notes(name, edited, second)


def _labels(first: Labelled, second: Labelled) -> None:
    """The probabilities of both side by side, and what changed."""
    charts.plot(
        predictions_figures.label_probabilities(
            {_("the sentence"): first.probabilities, _("edited"): second.probabilities}, text=_
        ),
        key="bars_texts",
        alt=_("Probabilities of both sentences: {first}, then {second}").format(first=first.label, second=second.label),
    )
    change = 100 * (second.probabilities[first.label] - first.probability)
    if first.inputs == second.inputs:
        return
    if first.label == second.label:
        st.markdown(
            _("The answer stays **{label}**; its probability changes by {change:+.1f} percentage points.").format(
                label=layout.plain(first.label), change=change
            )
        )
    else:
        st.markdown(
            _(
                "The answer turns from **{first}** to **{second}**: the probability of the first changes by {change:+.1f} percentage points."
            ).format(first=layout.plain(first.label), second=layout.plain(second.label), change=change)
        )
