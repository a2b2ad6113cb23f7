"""How several labels at once look: each label with its probability and threshold, its scores, and which labels go together.

This module does not know what the labels mean.
"""

from collections.abc import Mapping, Sequence
from html import escape

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.dataset import TextDataset
from core.figures import label_sets as figures
from core.figures import training as training_figures
from core.results import WORD_COUNTS, Attribution, Evaluation, Event, Prediction, RunConfig, RunReport
from core.tasks.base import read_detail
from core.tasks.label_scores import LabelSets
from core.tasks.multilabel import LabelSet
from pages.shared import charts, inputs, layout
from pages.shared.i18n import _, ngettext
from pages.shared.snippets import multilabel as code
from pages.shared.snippets import playground as playground_code
from pages.shared.tasks.base import Subject, View
from pages.shared.tasks.parts import measured_on, reading, worst_samples

BETWEEN = " · "


def _names(labels: Sequence[str]) -> str:
    """Labels as a person reads them; a word where there are none."""
    return BETWEEN.join(labels) or _("no label")


def _verdict(report: RunReport) -> str:
    """How many texts get exactly their labels, and what that means beside always giving the same ones and beside counting words."""
    if report.measured is None:
        return ""
    sets, measured = read_detail(LabelSets, report.measured), report.measured.metrics
    exact, f1 = measured["subset_accuracy"], measured["micro_f1"]
    low, high = exact.bounds
    said = _(
        "{where} it gives **{share:.1%}** of the texts all of their labels and no other (95% interval {low:.1%}–{high:.1%}). Over all labels its F1 is **{f1:.3f}** ({least:.3f}–{most:.3f})."
    ).format(
        where=measured_on(report),
        share=exact.value,
        low=low,
        high=high,
        f1=f1.value,
        least=f1.bounds[0],
        most=f1.bounds[1],
    )
    if report.memorised:
        return said + " " + _("It has seen every one of them, so that says nothing about new texts.")
    if low > sets.frequent_share:
        beside = _(
            "Always giving the most frequent set of labels ({labels}) would be exact for {share:.1%}, which is less."
        )
    elif high < sets.frequent_share:
        beside = _(
            "**Always giving the most frequent set of labels ({labels}) would be exact for {share:.1%}, which is more.**"
        )
    else:
        beside = _(
            "The interval includes what always giving the most frequent set of labels ({labels}) reaches ({share:.1%}): exact matches are no proof that it learnt anything."
        )
    beside = beside.format(labels=layout.plain(_names(sets.frequent)), share=sets.frequent_share)
    return f"{said} {beside}{_beside_counting(report)}"


def _beside_counting(report: RunReport) -> str:
    """Whether its F1 is above that of counting words; nothing where that was not measured."""
    simple = report.evaluations.get(WORD_COUNTS)
    if simple is None or report.measured is None:
        return ""
    own, counted = report.measured.metrics["micro_f1"], simple.metrics["micro_f1"].value
    if own.bounds[0] > counted:
        text = _(
            "Counting words (TF-IDF, a logistic regression for each label) reaches an F1 of {f1:.3f}: reading the sentences is worth it here."
        )
    elif own.value > counted:
        text = _(
            "Counting words (TF-IDF, a logistic regression for each label) reaches an F1 of {f1:.3f}: the difference may be chance."
        )
    else:
        text = _(
            "**It does not beat counting words**: TF-IDF with a logistic regression for each label reaches an F1 of {f1:.3f} on the same rows, in seconds."
        )
    return " " + text.format(f1=counted)


def _detail(report: RunReport, key: str) -> None:
    """The scores and the threshold of each label, and which labels go together in the data and in the answers."""
    if report.measured is None:
        return
    sets = read_detail(LabelSets, report.measured)
    rows = sets.classes
    three = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        pd.DataFrame(
            {
                _("Label"): [row.label for row in rows],
                _("Texts"): [row.support for row in rows],
                _("Given to"): [row.given for row in rows],
                _("Precision"): [row.precision for row in rows],
                _("Recall"): [row.recall for row in rows],
                _("F1"): [row.f1 for row in rows],
                _("Threshold"): [row.threshold for row in rows],
            }
        ),
        hide_index=True,
        height="content",
        column_config=dict.fromkeys((_("Precision"), _("Recall"), _("F1"), _("Threshold")), three),
        alt=_("Precision, recall, F1 and threshold of each label"),
    )
    st.caption(
        _(
            "Each label is given from its own threshold on, which was chosen on the validation rows: the one with the highest F1 there. A label that few of them have shares the one that suits all labels together. {without:,} texts have no label; the model gives none to {predicted:,}."
        ).format(without=sets.without, predicted=sets.predicted_without)
    )
    pictures = (
        ("true", sets.together, _("Labels that go together: in the data")),
        ("predicted", sets.predicted_together, _("Labels that go together: as the model gives them")),
    )
    for place, (name, counts, title) in zip(st.columns(2), pictures, strict=True):
        with place:
            charts.plot(figures.together(sets.labels, counts, title, text=_), f"together_{name}_{key}", title)
    st.caption(
        _(
            "Each row: of the texts with this label, how many of a hundred also have the other. Where the right picture is darker, the model takes two labels for one."
        )
    )


def _mistakes(evaluation: Evaluation) -> None:
    """The texts that got a wrong label or lack one, those of the highest loss first."""
    sets = read_detail(LabelSets, evaluation)
    if not sets.mistakes:
        st.success(
            ngettext("No mistake on {n:,} text.", "No mistake on {n:,} texts.", evaluation.n).format(n=evaluation.n),
            icon=":material/check_circle:",
        )
        return
    wrong = evaluation.n - round(evaluation.metrics["subset_accuracy"].value * evaluation.n)
    st.markdown(
        ngettext(
            "{wrong:,} of {n:,} texts got other labels than its own: labels missed {missed:,}, given wrongly {invented:,}. They may be wrong in the data.",
            "{wrong:,} of {n:,} texts got other labels than theirs: {missed:,} labels were missed, {invented:,} were given wrongly. These are the {shown} with the highest loss: some of them may be wrong in the data.",
            wrong,
        ).format(wrong=wrong, n=evaluation.n, missed=sets.missed, invented=sets.invented, shown=len(sets.mistakes))
    )
    _table([(row.text, row.true, row.predicted) for row in sets.mistakes], _("The texts with the highest loss"))


def _table(rows: Sequence[tuple[str, Sequence[str], Sequence[str]]], alt: str) -> None:
    """Texts with their true and their predicted labels, and which of them were missed or given wrongly."""
    st.dataframe(
        pd.DataFrame(
            {
                _("Text"): [text for text, _true, _predicted in rows],
                _("True labels"): [_names(true) for _text, true, _predicted in rows],
                _("Predicted"): [_names(predicted) for _text, _true, predicted in rows],
                _("Missed"): [BETWEEN.join(x for x in true if x not in predicted) for _text, true, predicted in rows],
                _("Given wrongly"): [BETWEEN.join(x for x in predicted if x not in true) for _text, true, predicted in rows],
            }
        ),
        hide_index=True,
        height="content",
        column_config={_("Text"): st.column_config.TextColumn(width="large")},
        alt=alt,
    )  # fmt: skip


def _samples(events: Sequence[Event]) -> None:
    """The validation texts on which the model was most wrong at the newest evaluation."""
    rows = worst_samples(
        events,
        _("Examples with the highest loss at step {step}. A label that is wrong in the data shows up here too."),
    )
    if not rows:
        return
    _table(
        [(row["text"], row["true"], row["predicted"]) for row in rows], _("Validation examples with the highest loss")
    )


def _data(dataset: TextDataset) -> None:
    """How many texts each label has."""
    charts.plot(training_figures.label_balance(dataset.report.label_counts, text=_), "balance", _("Rows per label"))
    st.caption(_("A row counts once for each of its labels."))


def _preview(row: Mapping[str, object], dataset: TextDataset, model: str, max_length: int) -> None:
    """A row's labels and its tokens."""
    numbers = row["labels"]
    assert isinstance(numbers, list)
    names = _names([dataset.label_names[number] for number in numbers])
    st.caption(layout.plain(_("labels: {labels}").format(labels=names)))
    reading(model, str(row["text"]), "", max_length)


def _fields(page: str, options: DeltaGenerator) -> dict[str, str]:
    return {"text": inputs.sentence(page)}


def _answer(prediction: Prediction, key: str) -> None:
    """The given labels in large letters, and every label with its probability and its threshold."""
    assert isinstance(prediction, LabelSet)
    st.html(f'<div class="answer" dir="auto">{escape(_names(prediction.labels))}</div>')
    charts.plot(
        figures.chances(prediction.probabilities, prediction.thresholds, text=_),
        key=key,
        alt=", ".join(f"{label} {value:.1%}" for label, value in prediction.probabilities.items())[:400],
    )
    st.caption(
        _(
            "Each probability stands by itself: they do not add up to 100%. A label is given from its threshold on, the upright mark."
        )
    )


def _subjects(prediction: Prediction) -> tuple[Subject, ...]:
    """The likeliest label, then all of them in the model's order."""
    assert isinstance(prediction, LabelSet)
    first = max(prediction.probabilities, key=prediction.probabilities.__getitem__)
    likeliest = Subject(_("the likeliest one: {label}").format(label=first), first)
    return likeliest, *(Subject(label, label) for label in prediction.probabilities)


def _training_code(config: RunConfig, rows: str, dataset: TextDataset) -> str:
    return code.train_labeller(config, rows, dataset)


def _predict_code(model: str, given: Mapping[str, str], max_length: int) -> str:
    return code.label_set(model, given["text"], max_length)


def _attribution_code(
    model: str, given: Mapping[str, str], subject: Subject, attribution: Attribution, max_length: int
) -> str:
    places = [(word.source, word.start, word.end) for word in attribution.words]
    return playground_code.attributions(
        model,
        given["text"],
        "",
        subject.label,
        attribution.method,
        max_length,
        places,
        steps=attribution.steps,
        independent=True,
    )


VIEW = View(
    verdict=_verdict,
    detail=_detail,
    mistakes=_mistakes,
    samples=_samples,
    data=_data,
    preview=_preview,
    fields=_fields,
    answer=_answer,
    rows_code=code.label_set_rows,
    training_code=_training_code,
    predict_code=_predict_code,
    attribution_code=_attribution_code,
    subjects=_subjects,
)
