"""The language of the page: `_` translates, `language` says which, `picker` lets people change it.

English is the source language; the Chinese catalogue is read from its .po file, so there is nothing to compile by hand.
"""

import io
from collections.abc import Iterable, Mapping
from functools import lru_cache
from gettext import GNUTranslations
from pathlib import Path

import streamlit as st
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from core.errors import UserError

LANGUAGES = {"en": "English", "zh": "简体中文"}
CATALOGUE = Path(__file__).parent.parent / "locale" / "zh_CN" / "LC_MESSAGES" / "studio.po"


@lru_cache(maxsize=1)
def chinese() -> GNUTranslations:
    """The Chinese catalogue, whatever the language of a page."""
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


LANGUAGE = "language"  # session key: that of this run of the page, which asks for it some hundred times


def language() -> str:
    """en or zh: what was picked, else what the address asks for, else what the browser prefers."""
    return str(st.session_state.get(LANGUAGE) or _asked_for())


def _asked_for() -> str:
    for wanted in (st.session_state.get("lang"), st.query_params.get("lang"), st.context.locale):
        if wanted:
            return "zh" if str(wanted).lower().startswith("zh") else "en"
    return "en"


@lru_cache(maxsize=1)
def spoken() -> set[str]:
    """The languages in which somebody has seen a page of this server; the server looks at it now and then."""
    return set()


def keep() -> None:
    """Begin a run of the page in its language; that of the address is kept, because the navigation opens the next page without it."""
    if "lang" in st.query_params:
        st.session_state.setdefault("lang", st.query_params["lang"])
    st.session_state[LANGUAGE] = _asked_for()


def _(text: str) -> str:
    """The text in the language of the page."""
    return chinese().gettext(text) if text and language() == "zh" else text


def ngettext(one: str, several: str, count: float) -> str:
    """The text for this many of a thing, in the language of the page: English has a form for one, Chinese the same for all."""
    if language() == "zh":
        return chinese().ngettext(one, several, round(count))
    return one if count == 1 else several


def sentences(*parts: str) -> str:
    """Sentences one after the other, "" left out: English has a space between two of them, Chinese none."""
    return ("" if language() == "zh" else " ").join(part for part in parts if part)


def series(parts: Iterable[str]) -> str:
    """Words one after the other: with commas in English, with the mark that Chinese has for it in Chinese."""
    return ("、" if language() == "zh" else ", ").join(parts)


def sentence(message: str, values: Mapping[str, object]) -> str:
    """A message of core, which begins with a small letter, as a sentence in the language of the page; its values stay as they are."""
    return capital(_(message)).format(**values)


def capital(text: str) -> str:
    """A text that begins with a capital letter, as a sentence does."""
    return text[:1].upper() + text[1:]


def error_text(error: UserError) -> str:
    """A UserError's sentence in the language of the page."""
    return sentence(error.message, error.values)


def _picked() -> None:
    if st.session_state["lang_widget"]:
        st.session_state["lang"] = st.session_state[LANGUAGE] = st.session_state["lang_widget"]


def picker() -> None:
    """The two languages, each in its own name."""
    st.session_state["lang_widget"] = language()
    st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key="lang_widget",
        on_change=_picked,
        required=True,
        label_visibility="collapsed",
    )
