"""What the views of several tasks have in common: which rows a result comes from, a table of scores, token chips of a training row."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.results import WORD_COUNTS, Evaluation, Event, RunReport
from core.tasks.class_scores import ClassScore
from core.tasks.entity_scores import TypeScore
from core.tasks.table import task_of
from pages.shared import inputs, layout, words
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _, ngettext

PREVIEW_TOKENS = 40


def measured_on(report: RunReport) -> str:
    """The rows that a report's result comes from, and what they were used for before; a sentence goes on after it."""
    assert report.measured is not None
    if report.memorised:
        text = _("On {counted} that it was trained on")
    elif report.split == "test":
        text = _("On {counted} that it did not train on")
    else:
        text = _(
            "On {counted} of the validation rows, which also chose the best checkpoint, so that it looks a little better than it is,"
        )
    return text.format(counted=words.counted(report.measured))


def newest_samples(events: Sequence[Event]) -> tuple[int, list[dict[str, Any]]]:
    """The step of the newest evaluation of a run, and what it shows of its examples; nothing before the first."""
    newest = next((event for event in reversed(events) if event.kind == "evaluation"), None)
    rows = newest.values.get("samples") if newest else None
    if newest is None or not isinstance(rows, list | tuple):
        return 0, []
    return newest.step, [row for row in rows if isinstance(row, dict)]


def worst_samples(events: Sequence[Event], caption: str) -> list[dict[str, Any]]:
    """Head the validation examples that the newest evaluation was most wrong on; returns them, none before the first. caption: of a {step}."""
    step, rows = newest_samples(events)
    if rows:
        st.markdown("**" + _("Most wrong on validation") + "**")
        st.caption(caption.format(step=step))
    return rows


def compared(report: RunReport) -> list[tuple[str, Evaluation]]:
    """The result, the same model before training, and simple ways on the same rows: title → what was measured."""
    assert report.measured is not None
    task = task_of(report.measured.task)
    titles = {"test": _("this model"), "validation": _("this model"), "baseline": _("this model before training")}
    titles |= {WORD_COUNTS: _(task.counted_by), **{way.id: _(way.title) for way in task.beside}}
    names = [report.split, *(name for name in report.evaluations if name not in ("test", "validation"))]
    return [(titles.get(name, name), report.evaluations[name]) for name in names]


def score_table(
    name: str, names: Sequence[str], counted: str, rows: Sequence[ClassScore | TypeScore], alt: str
) -> None:
    """Precision, recall and F1 of each row, beside its name and its number of true examples; name and counted head these columns."""
    scores = (_("Precision"), _("Recall"), _("F1"))
    st.dataframe(
        pd.DataFrame(
            {
                name: names,
                scores[0]: [row.precision for row in rows],
                scores[1]: [row.recall for row in rows],
                scores[2]: [row.f1 for row in rows],
                counted: [row.support for row in rows],
            }
        ),
        hide_index=True,
        column_config={score: st.column_config.NumberColumn(format="%.3f") for score in scores},
        alt=alt,
    )


def reading(model: str, text: str, pair: str, max_length: int) -> None:
    """The beginning of a training row as the model reads it, and what of it is never read."""
    result = cached_tokens.tokens(model, text, pair, max_length)
    shown = result.tokens[:PREVIEW_TOKENS]
    st.html(layout.chips_html(shown, ids=False))
    more = len(result.tokens) - len(shown)
    if more:
        st.caption(ngettext("… and {count} more token", "… and {count} more tokens", more).format(count=more))
    if result.cut or result.cut_pair:
        st.caption(_("cut at {limit} tokens; this is never read:").format(limit=max_length))
        layout.cut_text(result.cut + result.cut_pair, longest=160)


def likely(guesses: Iterable[tuple[str, float]]) -> str:
    """Words with their probabilities, in one line."""
    return " · ".join(f"{word} {probability:.1%}" for word, probability in guesses)


def text_or_pair(page: str, options: DeltaGenerator) -> dict[str, str]:
    """A text, and a second one for a model of pairs that does not say it is one."""
    text = inputs.sentence(page)
    with options:
        pair = inputs.pair(page)
    return {"text": text, "pair": pair} if pair.strip() else {"text": text}


def pair_of_texts(page: str, options: DeltaGenerator) -> dict[str, str]:
    """Both texts that a model of pairs reads."""
    return {"text": inputs.sentence(page, label=_("First text")), "pair": inputs.pair(page, label=_("Second text"))}
