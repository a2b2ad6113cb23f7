"""How scoring looks: a number on its scale, predicted against true scores, where on the scale a model is wrong and where most.

This module does not know whether the texts come alone or in pairs, nor what the scores mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from core.data.dataset import TextDataset
from core.figures import scores as figures
from core.metrics import METRICS
from core.results import WORD_COUNTS, Attribution, Evaluation, Event, Prediction, RunConfig, RunReport
from core.tasks.base import read_detail
from core.tasks.scores import Scores
from core.tasks.scoring import Scored
from core.tasks.table import task_of
from pages.shared import charts
from pages.shared.i18n import _, ngettext, sentences
from pages.shared.snippets import scoring as scoring_code
from pages.shared.tasks.base import Subject, View
from pages.shared.tasks.parts import compared, measured_on, pair_of_texts, reading, text_or_pair, worst_samples

HEADLINE = "spearman"
FEW_ROWS = 30  # of the test: with fewer, a correlation can be almost anything


def _verdict(report: RunReport) -> str:
    """How well it orders the rows and how far off it is, beside the simplest guess and the best of the simple ways."""
    if report.measured is None:
        return ""
    scores, measured = read_detail(Scores, report.measured), report.measured.metrics
    low, high = measured[HEADLINE].bounds
    text = _(
        "{where} its scores agree with the true ones at a rank correlation of **{spearman:.3f}** (95% interval {low:.3f}–{high:.3f}), and are off by **{error:.2f}** on average; always answering the mean is off by {guess:.2f}. The true scores run from {least:g} to {most:g}."
    ).format(
        where=measured_on(report),
        spearman=measured[HEADLINE].value,
        low=low,
        high=high,
        error=measured["mae"].value,
        guess=scores.mean_error,
        least=scores.low,
        most=scores.high,
    )
    if report.memorised:
        return text + " " + _("It has seen every one of them, so that says nothing about new texts.")
    if report.measured.n < FEW_ROWS:
        return text + " " + _("With so few rows a correlation can be almost anything.")
    if low <= 0:
        return text + " " + _("The interval includes 0: this is no proof that it learnt anything.")
    return text + " " + _beside(report)


def _beside(report: RunReport) -> str:
    """Whether it beats the best of the simple ways."""
    titles = _titles(report.measured.task if report.measured else "")
    simple = {name: report.evaluations[name].metrics[HEADLINE].value for name in titles if name in report.evaluations}
    if not simple or report.measured is None:
        return ""
    best = max(simple, key=simple.__getitem__)
    own, (low, _high) = report.measured.metrics[HEADLINE].value, report.measured.metrics[HEADLINE].bounds
    if low > simple[best]:
        text = _(
            "The best of the simple ways beside it, “{way}”, reaches {value:.3f}: reading the texts is worth it here."
        )
    elif own > simple[best]:
        text = _("The best of the simple ways beside it, “{way}”, reaches {value:.3f}: the difference may be chance.")
    else:
        text = _("**It does not beat “{way}”**, which reaches {value:.3f} on the same rows.")
    return text.format(way=titles[best], value=simple[best])


def _titles(task: str) -> dict[str, str]:
    """The simple ways that a task is measured beside: id → title."""
    row = task_of(task)
    return {WORD_COUNTS: _(row.counted_by), **{way.id: _(way.title) for way in row.beside}}


def _detail(report: RunReport, key: str) -> None:
    """Predicted against true, where on the scale it is wrong, and what simpler ways reach."""
    if report.measured is None:
        return
    scores = read_detail(Scores, report.measured)
    left, right = st.columns(2)
    with left:
        charts.plot(
            figures.scatter(scores, text=_),
            f"scatter_{key}",
            _(
                "Predicted against true scores, a point for each row; the dashed line is where a perfect model puts them"
            ),
        )
        st.caption(
            _(
                "On the dashed line a score is right. Points are moved a little to the side, so that equal ones are seen."
            )
        )
    with right:
        charts.plot(
            figures.residuals(scores, text=_),
            f"residuals_{key}",
            _("How much too high or too low the scores are in each part of the scale"),
        )
        st.caption(
            _("Most models draw towards the middle: too high where the true score is low, too low where it is high.")
        )
    rows = [(title, found.metrics) for title, found in compared(report)]
    left, right = st.columns(2)
    with left:
        charts.plot(
            figures.ways([(title, found[HEADLINE]) for title, found in rows], HEADLINE, text=_),
            f"ways_{key}",
            _("Rank correlation of this model and of simpler ways on the same rows, with 95% intervals"),
        )
    with right:
        metrics = {_(METRICS[name].title): name for name in report.measured.metrics}
        frame = pd.DataFrame(
            {_("Way"): [title for title, _found in rows]}
            | {title: [found[name].value for _title, found in rows] for title, name in metrics.items()}
        )
        st.dataframe(
            frame,
            hide_index=True,
            column_config={title: st.column_config.NumberColumn(format="%.3f") for title in metrics},
            alt=_("What this model and simpler ways reach on the same rows"),
        )
        ways = task_of(report.measured.task).beside
        st.caption(sentences(*(f"**{_(way.title)}**: {_(way.help)}" for way in ways)))


def _mistakes(evaluation: Evaluation) -> None:
    """The rows whose score is furthest off."""
    mistakes = read_detail(Scores, evaluation).mistakes
    if not mistakes:
        text = ngettext("No mistake on {n:,} text.", "No mistake on {n:,} texts.", evaluation.n)
        st.success(text.format(n=evaluation.n), icon=":material/check_circle:")
        return
    st.markdown(
        _("Furthest off: {shown} of {n:,}. Some of them may be wrong in the data.").format(
            shown=len(mistakes), n=evaluation.n
        )
    )
    _rows_table([vars(row) for row in mistakes], _("The rows whose score is furthest off"))


def _samples(events: Sequence[Event]) -> None:
    """The validation rows whose score was furthest off at the newest evaluation."""
    rows = worst_samples(events, _("The rows whose score is furthest off at step {step}."))
    if rows:
        _rows_table(rows, _("Validation rows whose score is furthest off"))


def _rows_table(rows: Sequence[Mapping[str, object]], alt: str) -> None:
    """Texts with their true and their predicted score."""
    names = {"text": _("Text"), "pair": _("Second text"), "true": _("True score"), "predicted": _("Predicted score")}
    frame = pd.DataFrame(rows)
    columns = [name for name in names if not (name == "pair" and not frame["pair"].any())]
    wide = st.column_config.TextColumn(width="large")
    two = st.column_config.NumberColumn(format="%.2f", width="small")
    look: dict[str, ColumnConfig] = {
        _("Text"): wide,
        _("Second text"): wide,
        names["true"]: two,
        names["predicted"]: two,
    }
    st.dataframe(frame[columns].rename(columns=names), hide_index=True, height="content", column_config=look, alt=alt)


def _data(dataset: TextDataset) -> None:
    """How the scores are spread."""
    scores = [score for split in dataset.splits.values() for score in split["score"]]
    charts.plot(figures.histogram(scores, text=_), "balance", _("Rows per score"))


def _preview(row: Mapping[str, object], dataset: TextDataset, model: str, max_length: int) -> None:
    """A row's score and its tokens."""
    st.caption(_("score: {score:g}").format(score=row["score"]))
    reading(model, str(row["text"]), str(row.get("pair", "")), max_length)


def _answer(prediction: Prediction, key: str) -> None:
    """The score in large digits, and its place on the scale that the model learnt."""
    assert isinstance(prediction, Scored)
    if prediction.low is None or prediction.high is None:
        st.html(f'<div class="answer">{prediction.score:.2f}</div>')
        st.caption(_("The model does not say from where to where its scores run."))
        return
    scale = _("on a scale from {low:g} to {high:g}").format(low=prediction.low, high=prediction.high)
    st.html(f'<div class="answer">{prediction.score:.2f}<small>{escape(scale)}</small></div>')
    charts.plot(
        figures.on_scale(prediction.score, prediction.low, prediction.high),
        key=key,
        alt=_("The score {score:.2f} {scale}").format(score=prediction.score, scale=scale),
    )
    if not prediction.low <= prediction.score <= prediction.high:
        st.caption(_("The score lies beyond the scale: nothing holds a regression inside it."))


def _subjects(prediction: Prediction) -> tuple[Subject, ...]:
    return (Subject(_("the score"), ""),)


def _rows_code(name: str, file: str, dataset: TextDataset) -> str:
    return scoring_code.score_rows(name, file, dataset)


def _training_code(config: RunConfig, rows: str, dataset: TextDataset) -> str:
    return scoring_code.train_scorer(
        config,
        rows,
        dataset.label_names[0],
        pair="pair" in dataset.layout.input_ids,
        held_out=not dataset.report.shared,
    )


def _predict_code(model: str, given: Mapping[str, str], max_length: int) -> str:
    return scoring_code.score_answer(model, given["text"], given.get("pair", ""), max_length)


def _attribution_code(
    model: str, given: Mapping[str, str], subject: Subject, attribution: Attribution, max_length: int
) -> str:
    places = [(word.source, word.start, word.end) for word in attribution.words]
    return scoring_code.score_attributions(
        model, given, attribution.method, max_length, places, steps=attribution.steps
    )


TEXT_VIEW = View(
    verdict=_verdict,
    detail=_detail,
    mistakes=_mistakes,
    samples=_samples,
    data=_data,
    preview=_preview,
    fields=text_or_pair,
    answer=_answer,
    rows_code=_rows_code,
    training_code=_training_code,
    predict_code=_predict_code,
    attribution_code=_attribution_code,
    subjects=_subjects,
)
PAIR_VIEW = replace(TEXT_VIEW, fields=pair_of_texts)
