"""A text and its edited copy: how the answer changes."""

import streamlit as st

from core.figures import predictions as predictions_figures
from pages.shared import cached, inputs, layout
from pages.shared.i18n import _
from pages.shared.snippets import playground as snippets
from pages.topics.playground import experiments
from pages.topics.playground.answer import CHART, notes


def show(name: str, text: str, pair: str) -> None:
    if not inputs.get("other_text"):
        inputs.put("other_text", text)
    other = inputs.other_text("playground", label=_("The sentence, edited"))
    with layout.mistakes():
        first, second = cached.prediction(name, text, pair), cached.prediction(name, other, pair)
        st.plotly_chart(
            predictions_figures.label_probabilities(
                {_("the sentence"): first.probabilities, _("edited"): second.probabilities}, text=_
            ),
            config=CHART,
            key="bars_texts",
            alt=_("Probabilities of both sentences: {first}, then {second}").format(
                first=first.label, second=second.label
            ),
        )
        change = 100 * (second.probabilities[first.label] - first.probability)
        if text == other:
            st.info(_("Both are the same. Change a word in the second one and watch the bars."))
        elif first.label == second.label:
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
        notes(name, other, pair, second)
    layout.experiments("playground", experiments.rows(name))
    layout.show_code(snippets.predict(name, other, pair, cached.predictor(name).max_length))
