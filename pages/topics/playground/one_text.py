"""One text: the answer, the words behind it, and how long it took."""

from collections.abc import Mapping

import streamlit as st

from pages.shared import cached, layout
from pages.shared.i18n import _
from pages.shared.snippets import playground as snippets
from pages.topics.playground import experiments
from pages.topics.playground.answer import bars, before_training, notes, say
from pages.topics.playground.words import which_words


def show(name: str, titles: Mapping[str, str], text: str, pair: str) -> None:
    with layout.mistakes():
        prediction = cached.prediction(name, text, pair)
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**" + _("The model's answer") + "**")
            say(prediction)
            bars(prediction, key="bars")
            speed = st.empty()
        with right:
            before_training(name, text, pair)
        notes(name, text, pair, prediction)
        attribution, method = which_words(name, text, pair, prediction)
        layout.experiments("playground", experiments.rows(name))
        milliseconds, repeats = cached.latency(name, text, pair)
        speed.caption(
            _(
                "{milliseconds:.1f} ms per prediction on this machine, tokenising included: the median of {repeats} after one to warm up."
            ).format(milliseconds=milliseconds, repeats=repeats)
        )
        limit = cached.predictor(name).max_length
        code = snippets.predict(name, text, pair, limit)
        if attribution is not None:
            words = [(word.source, word.start, word.end) for word in attribution.words]
            code += "\n\n# " + "-" * 70 + "\n# which words made it say so\n"
            code += snippets.attributions(name, text, pair, attribution.label, method, limit, words)
        layout.show_code(code)
        return
    layout.experiments("playground", experiments.rows(name))
