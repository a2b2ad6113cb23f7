"""Where the model in view cannot answer, because it lacks the head or the characters of the text: what can, and how to get it.

This module does not know what a topic asks the head.
"""

import streamlit as st

from core import families, models
from core.errors import UserError
from core.results import Tokens
from core.runs import Run
from core.scripts import is_chinese
from core.tasks.table import TASKS
from pages.shared import i18n, inputs, visitor
from pages.shared.cached import models as cached_models
from pages.shared.cached import tokens as cached_tokens
from pages.shared.experiments import Experiment, start
from pages.shared.i18n import _
from pages.shared.words import plain

PAGE = "pretraining"
BUNDLED = "minilm"  # has both heads, and reads English
CHINESE = "chinese-reviews"
MOST_RUNS = 3  # of the visitor's that are offered


def missing(model: str, head: str, tokens: Tokens, example: Experiment | None) -> None:
    """A model without the head: which one it lacks, and what has it and reads the text; example: what shows the topic meanwhile."""
    reason = plain(i18n.error_text(UserError(families.HEADS[head].missing, name=model)))
    if _reads(BUNDLED, tokens):
        st.warning(reason, icon=":material/warning:")
        _use(BUNDLED, _("Use minilm instead"))
        return
    lacks = _("But minilm learnt English and cannot read this sentence.")
    st.warning(f"{reason}\n\n{lacks}", icon=":material/warning:")
    with st.container(horizontal=True, vertical_alignment="center"):
        offer(tokens, head, example)


def offer(tokens: Tokens, head: str, example: Experiment | None) -> None:
    """What answers here in the language of the text: the visitor's own runs with the head, or the training of one on this page.

    Until then an experiment in a language that a model with the head reads.
    """
    if example is not None:
        st.button(
            _("See it on an English sentence"), type="primary", key="example", on_click=start, args=(PAGE, example)
        )
    for run in _own(head, tokens):
        _use(f"run:{run.id}", _("Use your run {title}").format(title=plain(run.name)))
    chinese = any(map(is_chinese, tokens.text + tokens.pair))
    corpus = {"view": "learn", "learning": "", **({"corpus": CHINESE} if chinese else {})}
    if models.availability(models.MULTILINGUAL) == "here" and cached_models.can_learn(models.MULTILINGUAL, head):
        st.page_link(
            "pages/pretraining.py",
            label=_("Teach {model} to tell the next sentence").format(model=models.MULTILINGUAL),
            icon=":material/school:",
            query_params=inputs.link() | corpus | {"model": models.MULTILINGUAL, "learn": head},
        )
        return
    st.page_link(
        "pages/pretraining.py",
        label=_("Pre-train a small Chinese BERT here")
        if chinese
        else _("Train a small BERT from scratch on your texts"),
        icon=":material/school:",
        query_params=inputs.link() | corpus | {"learn": "scratch"},
    )


def _reads(name: str, tokens: Tokens) -> bool:
    """Whether a model's vocabulary has every character of the text and its pair."""
    return not cached_tokens.tokens(name, tokens.text, tokens.pair).unknown


def _own(head: str, tokens: Tokens) -> list[Run]:
    """This visitor's newest runs that learnt the head and read the text."""
    own = [run for run in inputs.finished() if visitor.owns(run.id) and run.config.task in TASKS]
    able = [run for run in own if TASKS[run.config.task].head == head][:MOST_RUNS]
    return [run for run in able if _reads(f"run:{run.id}", tokens)]


def _use(model: str, label: str) -> None:
    st.button(label, type="primary", key=f"use_{model}", on_click=inputs.put, args=("model", model))
