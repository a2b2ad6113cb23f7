"""Widgets that offer options: a list, buttons side by side, a slider, several at once. What they show is always true.

The browser remembers the label that was chosen, not the option, and Streamlit corrects it only when a value is set. So a
value is set again whenever a label has changed: with the language, the text, the model, the file. This module knows
widgets, not what is chosen with them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeVar, cast

import streamlit as st

T = TypeVar("T")

# Every widget whose value `show` puts gets this as its persist_state. Something may be pressed before the browser has drawn
# the widget, on a slow line or machine. It reports no value for it then, and without this Streamlit would take the widget
# as drawn: the browser would draw it without its value, and report that as if it had been chosen.
UNTIL_DRAWN: Final[Literal["page"]] = "page"


def show(key: str, value: object, labels: Sequence[str] = ()) -> None:
    """Put a value into a widget before it is drawn, unless the browser shows it already.

    A value that is set goes back to the browser and replaces what has been typed there since: so it is only set when it
    was changed elsewhere, or when one of the labels was.
    """
    shown = f"labels_{key}"
    if key not in st.session_state or st.session_state[key] != value or st.session_state.get(shown) != labels:
        st.session_state[key] = value
    st.session_state[shown] = labels


def kept(key: str, options: Mapping[T, str], otherwise: T) -> T:
    """What was chosen in a widget that has no other memory, as far as it is still offered."""
    chosen = st.session_state.get(key, otherwise)
    return chosen if chosen in options else otherwise


def listed(
    label: str,
    options: Mapping[T, str],
    value: T | None,
    *,
    key: str,
    name: Callable[[Any], str] | None = None,
    **drawn: Any,
) -> T:
    """One of many options in a list: option → its name on screen. value: the one chosen, None while none is (and so returned).

    name: names also what is not among the options, where any name may be typed in.
    """
    show(key, value, tuple(options.values()))

    def called(option: T) -> str:
        return options[option] if option in options or name is None else name(option)

    found = st.selectbox(label, list(options), format_func=called, key=key, persist_state=UNTIL_DRAWN, **drawn)
    return cast(T, found)


def row(label: str, options: Mapping[T, str], value: T, *, key: str, **drawn: Any) -> T:
    """One of a few options side by side: option → its name on screen."""
    show(key, value, tuple(options.values()))
    return cast(
        T,
        st.segmented_control(
            label,
            list(options),
            format_func=options.__getitem__,
            key=key,
            required=True,
            persist_state=UNTIL_DRAWN,
            **drawn,
        ),
    )


def slider(label: str, options: Mapping[T, str], value: T, *, key: str, **drawn: Any) -> T:
    """One of several options in their order: option → its name on screen."""
    show(key, value, tuple(options.values()))
    return st.select_slider(
        label, list(options), format_func=options.__getitem__, key=key, persist_state=UNTIL_DRAWN, **drawn
    )


def pills(label: str, options: Mapping[T, str], values: Sequence[T], *, key: str, **drawn: Any) -> list[T]:
    """Any number of a few options side by side: option → its name on screen."""
    show(key, list(values), tuple(options.values()))
    return st.pills(
        label,
        list(options),
        format_func=options.__getitem__,
        selection_mode="multi",
        key=key,
        persist_state=UNTIL_DRAWN,
        **drawn,
    )


def several(label: str, options: Mapping[T, str], values: Sequence[T], *, key: str, **drawn: Any) -> list[T]:
    """Some of many options in a list: option → its name on screen."""
    show(key, list(values), tuple(options.values()))
    return st.multiselect(
        label, list(options), format_func=options.__getitem__, key=key, persist_state=UNTIL_DRAWN, **drawn
    )
