"""Work that takes long begins when it is asked for: a button in its place says how long it will take.

This module does not know what the work is.
"""

from collections.abc import Mapping, Sequence

import streamlit as st

from core import words
from core.explain import METHODS
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import models as cached_models
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _
from pages.shared.words import duration

AT_ONCE = 12_000  # tokens that go through the model before anybody has asked for it: a second or two


def is_long(name: str, given: Mapping[str, str], methods: Sequence[str]) -> bool:
    """Whether an explanation of a model's answer by these METHODS is long work. given: role → text."""
    return _predictions(name, given, methods) * _tokens(name, given) > AT_ONCE


def asked(name: str, given: Mapping[str, str], methods: Sequence[str], about: str = "") -> bool:
    """Whether somebody has asked for a long explanation; a button is drawn where nobody has. about: what of the answer is explained."""
    key = f"asked_{hash((name, *given.values(), *methods, about))}"
    if st.session_state.get(key):
        return True
    count = _predictions(name, given, methods)
    seconds = count * cached_answers.seconds(name, given)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("Find the words (about {time})").format(time=duration(seconds)), key="find_words", icon=":material/play_arrow:",
            on_click=st.session_state.update, args=({key: True},),
        )  # fmt: skip
        st.caption(
            _("The text is long: this asks as much of the model as {count:,} predictions.").format(count=count),
            width="content",
        )
    return False


def _predictions(name: str, given: Mapping[str, str], methods: Sequence[str]) -> int:
    """About how many predictions the explanation takes as long as."""
    count = min(_tokens(name, given), sum(len(words.split(text)) for text in given.values()))
    return sum(METHODS[method].passes(count) for method in methods)


def _tokens(name: str, given: Mapping[str, str]) -> int:
    first, *others = given.values()
    limit = cached_models.predictor(name).max_length
    return len(cached_tokens.tokens(name, first, others[0] if others else "", limit).tokens)
