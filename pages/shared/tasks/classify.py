"""How classification looks: a label and its probabilities, the confusion of labels, the most confident mistakes.

This module does not know whether the texts come alone or in pairs, nor what their labels mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from core.data.dataset import TextDataset
from core.figures import predictions as predictions_figures
from core.figures import training as training_figures
from core.results import WORD_COUNTS, Attribution, Evaluation, Event, Prediction, RunConfig, RunReport
from core.tasks.base import read_detail
from core.tasks.class_scores import Classes
from core.tasks.classify import Labelled
from pages.shared import charts, layout
from pages.shared.i18n import _, ngettext, sentences
from pages.shared.snippets import finetune as finetune_code
from pages.shared.snippets import playground as playground_code
from pages.shared.tasks.base import Subject, View
from pages.shared.tasks.parts import measured_on, pair_of_texts, reading, score_table, text_or_pair, worst_samples


def _verdict(report: RunReport) -> str:
    """How often it is right, and what that means beside the simplest guess."""
    if report.measured is None:
        return ""
    accuracy = report.measured.metrics["accuracy"]
    low, high = accuracy.bounds
    return sentences(
        _("{where} it is right in **{share:.1%}** of cases (95% interval {low:.1%}–{high:.1%}).").format(
            where=measured_on(report), share=accuracy.value, low=low, high=high
        ),
        _guessing(report, low, high),
        _beside_counting(report),
    )


def _guessing(report: RunReport, low: float, high: float) -> str:
    """What the interval of the accuracy means beside the simplest guess."""
    assert report.measured is not None
    majority = read_detail(Classes, report.measured).majority
    if report.memorised:
        return _("It has seen every one of them, so that says nothing about new texts.")
    if low > majority:
        text = _("That is better than always answering the most frequent label ({share:.1%}).")
    elif high < majority:
        text = _("That is worse than always answering the most frequent label ({share:.1%}).")
    else:
        text = _(
            "The interval includes what always answering the most frequent label reaches ({share:.1%}): this is no proof that it learnt anything."
        )
    return text.format(share=majority)


FEW_ROWS = 1000  # below which a large model has little to learn from


def _beside_counting(report: RunReport) -> str:
    """Whether it does better than counting words, and why it may not; nothing where that was not measured."""
    simple = report.evaluations.get(WORD_COUNTS)
    if simple is None or report.measured is None or report.memorised:
        return ""
    accuracy, counted = report.measured.metrics["accuracy"], simple.metrics["accuracy"].value
    if accuracy.bounds[0] > counted:
        text = _(
            "Counting words (TF-IDF with logistic regression) reaches {share:.1%}: reading the sentences is worth it here."
        )
    elif accuracy.value > counted:
        text = _("Counting words (TF-IDF with logistic regression) reaches {share:.1%}: the difference may be chance.")
    elif accuracy.value == 1:
        text = _(
            "Counting words (TF-IDF with logistic regression) is right on all of them too, in seconds: only more or harder test rows could tell the two apart."
        )
    else:
        text = sentences(
            _(
                "**It does not beat counting words**: TF-IDF with logistic regression reaches {share:.1%} on the same rows, in seconds."
            ),
            _why_not(report),
        )
    return text.format(share=counted)


def _why_not(report: RunReport) -> str:
    """Why a model may not beat counting words."""
    if report.best_step >= report.steps:
        return _("Its last state was its best, so it had not learnt all it could: train it for more epochs.")
    if report.data.counts.get("train", 0) < FEW_ROWS:
        return _(
            "With few rows single words may tell the labels apart as well as a sentence does; more labelled rows help a large model most."
        )
    return _("Single words may decide these labels; then the simple model is the better choice.")


def _detail(report: RunReport, key: str) -> None:
    """Which label is taken for which, how far confidence can be believed, and the scores of each label."""
    if report.measured is None:
        return
    classes = read_detail(Classes, report.measured)
    left, right = st.columns(2)
    with left:
        charts.plot(
            training_figures.confusion_matrix(classes, text=_),
            f"confusion_{key}",
            _("Confusion matrix: counts of true against predicted labels"),
        )
    with right:
        charts.plot(
            training_figures.reliability(classes, text=_),
            f"reliability_{key}",
            _("Accuracy against confidence, with intervals"),
        )
        st.caption(
            _(
                "Below the dashed line the model is surer than it is right. Bars are 95% intervals: with few texts in a bin they are wide."
            )
        )
    left, right = st.columns(2)
    with left:
        charts.plot(
            training_figures.class_scores(classes, text=_),
            f"classes_{key}",
            _("Precision, recall and F1 of each class"),
        )
    with right:
        score_table(
            _("Label"),
            [row.label for row in classes.tested],
            _("Texts"),
            classes.tested,
            _("Precision, recall and F1 of each class"),
        )
        st.caption(
            _(
                "Precision: of the texts given this label, the share that has it. Recall: of the texts that have it, the share that was found. F1: their harmonic mean."
            )
        )


def _mistakes(evaluation: Evaluation) -> None:
    """The wrong answers that the model was surest of."""
    mistakes = read_detail(Classes, evaluation).mistakes
    wrong = evaluation.n - round(evaluation.metrics["accuracy"].value * evaluation.n)
    if not mistakes:
        st.success(
            ngettext("No mistake on {n:,} text.", "No mistake on {n:,} texts.", evaluation.n).format(n=evaluation.n),
            icon=":material/check_circle:",
        )
        return
    st.markdown(
        ngettext(
            "{wrong:,} of {n:,} texts got a wrong label. It may be wrong in the data.",
            "{wrong:,} of {n:,} texts got a wrong label. These are the {shown} it was surest of: some of them may be wrong in the data.",
            wrong,
        ).format(wrong=wrong, n=evaluation.n, shown=len(mistakes))
    )
    frame = pd.DataFrame(
        {
            _("Text"): [row.text for row in mistakes],
            _("Second text"): [row.pair for row in mistakes],
            _("True label"): [row.true for row in mistakes],
            _("Predicted"): [row.predicted for row in mistakes],
            _("Confidence"): [round(row.confidence, 3) for row in mistakes],
        }
    )
    if not any(row.pair for row in mistakes):
        frame = frame.drop(columns=_("Second text"))
    st.dataframe(
        frame, hide_index=True, height="content", column_config=_columns(), alt=_("The most confident mistakes")
    )


def _samples(events: Sequence[Event]) -> None:
    """The validation examples on which the model was most wrong at the newest evaluation."""
    rows = worst_samples(
        events,
        _("Examples with the highest loss at step {step}. A label that is wrong in the data shows up here too."),
    )
    if not rows:
        return
    frame = pd.DataFrame(rows)
    names = {
        "text": _("Text"),
        "pair": _("Second text"),
        "true": _("True label"),
        "predicted": _("Predicted"),
        "confidence": _("Confidence"),
        "loss": _("Loss"),
    }
    columns = [name for name in names if name in frame and not (name == "pair" and not frame["pair"].any())]
    st.dataframe(
        frame[columns].rename(columns=names),
        hide_index=True,
        column_config=_columns(),
        alt=_("Validation examples with the highest loss"),
    )


def _columns() -> dict[str, ColumnConfig]:
    """How a table of texts with labels shows its columns: room for the texts, three digits for the numbers."""
    wide, three = (
        st.column_config.TextColumn(width="large"),
        st.column_config.NumberColumn(format="%.3f", width="small"),
    )
    return {_("Text"): wide, _("Second text"): wide, _("Confidence"): three, _("Loss"): three}


def _data(dataset: TextDataset) -> None:
    """How the labels are spread."""
    charts.plot(training_figures.label_balance(dataset.report.label_counts, text=_), "balance", _("Rows per label"))


def preview(row: Mapping[str, object], dataset: TextDataset, model: str, max_length: int) -> None:
    """A row's label and its tokens."""
    label = row["label"]
    assert isinstance(label, int)
    st.caption(layout.plain(_("label: {label}").format(label=dataset.label_names[label])))
    reading(model, str(row["text"]), str(row.get("pair", "")), max_length)


def answer(prediction: Prediction, key: str) -> None:
    """The label in large letters with its probability, and the probabilities of all."""
    assert isinstance(prediction, Labelled)
    probability = _("probability {value:.1%}").format(value=prediction.probability)
    st.html(f'<div class="answer" dir="auto">{escape(prediction.label)}<small>{escape(probability)}</small></div>')
    charts.plot(
        predictions_figures.label_probabilities({_("answer"): prediction.probabilities}, text=_),
        key=key,
        alt=", ".join(f"{label} {value:.1%}" for label, value in prediction.probabilities.items())[:400],
    )
    hidden = len(prediction.probabilities) - predictions_figures.MOST_LABELS
    if hidden > 0:
        st.caption(
            _("The {shown} likeliest labels; {hidden} more are in the model.").format(
                shown=predictions_figures.MOST_LABELS, hidden=hidden
            )
        )


def _subjects(prediction: Prediction) -> tuple[Subject, ...]:
    """The predicted label, then all of them in the model's order."""
    assert isinstance(prediction, Labelled)
    predicted = Subject(_("the predicted one: {label}").format(label=prediction.label), prediction.label)
    return predicted, *(Subject(label, label) for label in prediction.probabilities)


def _rows_code(name: str, file: str, dataset: TextDataset) -> str:
    return finetune_code.training_rows(name, file, dataset.columns, dataset.report)


def _attribution_code(
    model: str, given: Mapping[str, str], subject: Subject, attribution: Attribution, max_length: int
) -> str:
    places = [(word.source, word.start, word.end) for word in attribution.words]
    return playground_code.attributions(
        model,
        given["text"],
        given.get("pair", ""),
        subject.label,
        attribution.method,
        max_length,
        places,
        steps=attribution.steps,
    )


def _training_code(config: RunConfig, rows: str, dataset: TextDataset) -> str:
    return finetune_code.finetune(
        config,
        rows,
        dataset.label_names,
        pair="pair" in dataset.layout.input_ids,
        held_out=not dataset.report.shared,
    )


def _predict_code(model: str, given: Mapping[str, str], max_length: int) -> str:
    return playground_code.predict(model, given["text"], given.get("pair", ""), max_length)


TEXT_VIEW = View(
    verdict=_verdict,
    detail=_detail,
    mistakes=_mistakes,
    samples=_samples,
    data=_data,
    preview=preview,
    fields=text_or_pair,
    answer=answer,
    rows_code=_rows_code,
    training_code=_training_code,
    predict_code=_predict_code,
    attribution_code=_attribution_code,
    subjects=_subjects,
)
PAIR_VIEW = replace(TEXT_VIEW, fields=pair_of_texts)
