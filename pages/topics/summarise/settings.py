"""What is to be summarised, how, how long, and with which model."""

from dataclasses import dataclass

import streamlit as st

from core import models
from core.data import summaries
from core.data.summaries import Article
from core.summarise.methods import METHODS, Method
from core.summarise.sentences import language_of
from core.summarise.summary import Length
from pages.shared import inputs
from pages.shared.i18n import _, language

OWN = "own"
MOST = {"sentences": 50, "words": 2_000}
EXAMPLE = {
    "en": "Paste a text of several sentences here. Each of them gets a vector. The sentences whose vectors stand for the others are taken. They keep their order.",
    "zh": "请把一段有好几句话的文字粘贴到这里。每句话都会变成一个向量。向量最能代表其他句子的那些句子会被选出来。它们保持原来的顺序。",
}


@dataclass(frozen=True)
class Wish:
    """What the visitor asks for. article: the prepared one, None for own text. articles: the language of the prepared ones that measure."""

    text: str
    article: Article | None
    articles: str
    method: Method
    length: Length
    relevance: float
    model: str


def languages() -> list[str]:
    """The languages of the prepared articles, that of the page first."""
    return sorted(summaries.LANGUAGES, key=lambda name: name != language())


def choose(view: str) -> Wish:
    """The fields of a view, and what they say."""
    single = view in ("one", "likeness")
    first, second, third, fourth, fifth = st.columns([3, 2.4, 2, 1.4, 2.6], vertical_alignment="bottom")
    article, articles = None, language()
    with first:
        if single:
            article = _article()
        elif view == "measured":
            titles = {"en": _("English articles"), "zh": _("Chinese articles")}
            articles = inputs.choice("articles", "summarise", {name: titles[name] for name in languages()}, _("Which texts"))  # fmt: skip
        else:
            st.caption(_("A file with many texts, or the prepared articles."))
    method = next(iter(METHODS.values()))
    with second:
        if view == "measured":
            st.caption(_("All methods are compared."))
        else:
            titles = {name: _(row.title) for name, row in METHODS.items()}
            method = METHODS[inputs.choice("by", "summarise", titles, _("Method"))]
    with third:
        units = {"sentences": _("sentences"), "words": _("words or characters")}
        unit = inputs.choice("unit", "summarise", units, _("Length counted in"))
    with fourth:
        length = Length(
            "words" if unit == "words" else "sentences",
            inputs.whole_number(f"most_{unit}", "summarise", label=_("At most"), low=1, high=MOST[unit], step=1 if unit == "sentences" else 10),
        )  # fmt: skip
    text = ""
    if single:
        text = article.text if article else inputs.lines("story", "summarise", label=_("Your text"), example=EXAMPLE[language()], height=220)  # fmt: skip
    spoken = language_of(text) if single else articles
    with fifth:
        model = inputs.searcher("summarise", model_for(spoken))
    relevance = float(inputs.DEFAULTS["relevance"])
    if method.weighs or view == "measured":
        relevance = inputs.decimal(
            "relevance", "summarise", label=_("λ: likeness to the whole text (1) or no repetition (0)"), low=0.0, high=1.0, step=0.05,
            help_text=_("The score is λ · similarity with the mean of all sentences − (1 − λ) · similarity with the nearest sentence taken before."),
        )  # fmt: skip
    return Wish(text, article, articles, method, length, relevance, model)


def model_for(spoken: str) -> str:
    """The model that is offered first for a language: the multilingual one for Chinese where it is there, else the bundled English one."""
    here = spoken != "en" and models.availability(models.MULTILINGUAL) == "here"
    return models.MULTILINGUAL if here else inputs.DEFAULTS["model"]


def _article() -> Article | None:
    """The prepared article that is chosen, None for the visitor's own text."""
    rows = {row.id: row for name in languages() for row in summaries.read(name)}
    titles = {name: f"{row.title} · {_(summaries.KINDS[row.kind])}" for name, row in rows.items()}
    first = next(iter(titles))
    options = {first: titles.pop(first), OWN: _("my own text"), **titles}
    return rows.get(inputs.choice("article", "summarise", options, _("What is summarised")))
