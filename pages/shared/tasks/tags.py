"""How named entities look: marked in their text, with the scores of each type and the kinds of mistakes.

This module does not know what the types mean.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data import tagging
from core.data.dataset import TextDataset
from core.data.entities import Mark
from core.data.tagging import Span
from core.export.tables import csv_text
from core.figures import entities as entity_figures
from core.figures import training as training_figures
from core.results import Attribution, Evaluation, Event, Prediction, RunConfig, RunReport
from core.tasks import tags
from core.tasks.base import read_detail
from core.tasks.entity_scores import Entities, marks_of
from core.tasks.tags import Tagged
from pages.shared import charts, inputs
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _, ngettext, sentences
from pages.shared.layout import Download
from pages.shared.snippets import tags as tags_code
from pages.shared.tasks import marks
from pages.shared.tasks.base import Subject, View
from pages.shared.tasks.parts import measured_on, score_table, worst_samples

SHOWN_MISTAKES = 8
PREVIEW_TOKENS = 40


def _verdict(report: RunReport) -> str:
    """How many entities it finds, and how many of what it finds are right."""
    if report.measured is None:
        return ""
    entities, measured = read_detail(Entities, report.measured), report.measured.metrics
    low, high = measured["entity_f1"].bounds
    text = _(
        "{where} it finds **{recall:.1%}** of {entities:,} entities, and **{precision:.1%}** of what it marks is right: F1 {f1:.3f} (95% interval {low:.3f}–{high:.3f})."
    ).format(
        where=measured_on(report),
        recall=measured["entity_recall"].value,
        entities=entities.entities,
        precision=measured["entity_precision"].value,
        f1=measured["entity_f1"].value,
        low=low,
        high=high,
    )
    if report.memorised:
        return sentences(text, _("It has seen every one of them, so that says nothing about new texts."))
    if entities.entities < 50:
        return sentences(text, _("With so few entities the figures are rough."))
    return text


def _detail(report: RunReport, key: str) -> None:
    """The scores of each type, and the kinds of mistakes."""
    if report.measured is None:
        return
    entities = read_detail(Entities, report.measured)
    left, right = st.columns(2)
    with left:
        charts.plot(
            entity_figures.type_scores(entities, text=_), f"types_{key}", _("Precision, recall and F1 of each type")
        )
    with right:
        charts.plot(entity_figures.mistakes(entities, text=_), f"kinds_{key}", _("How many mistakes of each kind"))
        st.caption(
            _(
                "An entity counts as found when its words and its type are right. Wrong type: its words are touched, but called something else. Wrong boundary: the right type with other words."
            )
        )
    score_table(
        _("Type"),
        [row.type for row in entities.types],
        _("Entities"),
        entities.types,
        _("Precision, recall and F1 of each type"),
    )
    st.caption(
        _(
            "{accuracy:.1%} of the {words:,} words have the right tag. That is no achievement by itself: most words belong to no entity."
        ).format(accuracy=entities.word_accuracy, words=entities.words)
    )


def _mistakes(evaluation: Evaluation) -> None:
    """The sentences with most mistakes: what stands in the data, and what the model marks."""
    entities = read_detail(Entities, evaluation)
    if not entities.examples:
        st.success(
            ngettext("No mistake in {n:,} sentence.", "No mistake in {n:,} sentences.", evaluation.n).format(
                n=evaluation.n
            ),
            icon=":material/check_circle:",
        )
        return
    st.caption(
        _(
            "The sentences with most mistakes. Above: the data; below: the model. A mark that is wrong in the data shows up here too."
        )
    )
    kinds = [row.type for row in entities.types]
    for example in entities.examples[:SHOWN_MISTAKES]:
        _two_readings(example.text, example.gold, example.predicted, kinds)


def _two_readings(text: str, gold: Sequence[Mark], predicted: Sequence[Mark], kinds: Sequence[str]) -> None:
    with st.container(border=True):
        st.html(marks.marked(text, gold, kinds, small=True))
        st.html(marks.marked(text, predicted, kinds, small=True))


def _samples(events: Sequence[Event]) -> None:
    """The validation sentences with most mistakes at the newest evaluation."""
    rows = worst_samples(events, _("Sentences with most mistakes at step {step}. Above: the data; below: the model."))
    if not rows:
        return
    kinds = {mark["type"] for row in rows for name in ("gold", "predicted") for mark in row[name]}
    for row in rows[:3]:
        gold, predicted = ([Mark(**mark) for mark in row[name]] for name in ("gold", "predicted"))
        _two_readings(str(row["text"]), gold, predicted, sorted(kinds))


def _data(dataset: TextDataset) -> None:
    """How many entities of each type there are."""
    charts.plot(
        training_figures.label_balance(
            dataset.report.label_counts, title=_("Entities per type"), unit=_("Entities"), text=_
        ),
        "balance",
        _("Entities per type"),
    )


def _preview(row: Mapping[str, object], dataset: TextDataset, model: str, max_length: int) -> None:
    """A sentence with its entities, and its tokens with what is learnt at each."""
    text, words, starts, own = (row[name] for name in ("text", "words", "starts", "tags"))
    assert isinstance(text, str) and isinstance(words, list) and isinstance(starts, list) and isinstance(own, list)
    places = [(start, start + len(word)) for start, word in zip(starts, words, strict=True)]
    spans: list[Span] = tagging.decode(own)
    st.html(marks.marked(text, marks_of(spans, places), list(dataset.report.label_counts), small=True))
    tokens = cached_tokens.tokens(model, text, "", max_length).tokens[:PREVIEW_TOKENS]
    tag_at = dict(zip(starts, own, strict=True))
    cells = [(token.text, tag_at.get(token.start, "–") if token.start is not None else "–") for token in tokens]
    st.dataframe(
        pd.DataFrame([[tag for _token, tag in cells]], columns=_numbered([token for token, _tag in cells])),
        hide_index=True,
        alt=_("Each token with the tag that is learnt there; – where nothing is learnt"),
    )


def _numbered(names: Sequence[str]) -> list[str]:
    """Column names that are all different: a repeated one gets invisible signs at its end."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name + "\u200b" * (seen[name] - 1))
    return result


def _fields(page: str, options: DeltaGenerator) -> dict[str, str]:
    return {"text": inputs.passage(page, label=_("A text with names"))}


def _answer(prediction: Prediction, key: str) -> None:
    """The text with its entities, how many of each type, and a table."""
    assert isinstance(prediction, Tagged)
    found = prediction.entities
    st.html(marks.marked(prediction.text, found, prediction.types))
    if not found:
        st.caption(_("It finds no entity in this text."))
        return
    st.html(marks.key(found, prediction.types))
    st.dataframe(
        pd.DataFrame(
            {
                _("Entity"): [entity.text for entity in found],
                _("Type"): [entity.type for entity in found],
                _("Confidence"): [entity.confidence for entity in found],
                _("From"): [entity.start for entity in found],
                _("To"): [entity.end for entity in found],
            }
        ),
        hide_index=True,
        key=f"{key}_table",
        column_config={_("Confidence"): st.column_config.NumberColumn(format="%.3f", width="small")},
        alt=_("The entities with their type, confidence and place in the text"),
    )


def _brief(prediction: Prediction) -> str:
    assert isinstance(prediction, Tagged)
    return " · ".join(f"{entity.text} ({entity.type})" for entity in prediction.entities) or "–"


def _subjects(prediction: Prediction) -> tuple[Subject, ...]:
    """Each entity: the tag that the model gives its first word."""
    assert isinstance(prediction, Tagged)
    return tuple(Subject(f"{entity.text} ({entity.type})", "", entity.start) for entity in prediction.entities)


def _downloads(predictions: Sequence[Prediction]) -> tuple[Download, ...]:
    """The entities as a table, as JSON and as a CoNLL file."""
    tagged = [row for row in predictions if isinstance(row, Tagged)]
    return (
        Download(_("Entities as CSV"), "entities.csv", "text/csv", csv_text(tags.entity_frame(tagged), mark=True)),
        Download(_("Entities as JSON"), "entities.json", "application/json", tags.to_json(tagged)),
        Download(_("Entities as CoNLL"), "entities.conll", "text/plain", tags.to_conll(tagged)),
    )


def _rows_code(name: str, file: str, dataset: TextDataset) -> str:
    return tags_code.entity_rows(name, file, dataset)


def _training_code(config: RunConfig, rows: str, dataset: TextDataset) -> str:
    return tags_code.train_tagger(config, rows, dataset.label_names, held_out=not dataset.report.shared)


def _predict_code(model: str, given: Mapping[str, str], max_length: int) -> str:
    return tags_code.entities(model, given["text"], max_length)


def _attribution_code(
    model: str, given: Mapping[str, str], subject: Subject, attribution: Attribution, max_length: int
) -> str:
    assert subject.at is not None
    return tags_code.entity_attributions(model, given["text"], subject.at, max_length, attribution.steps)


VIEW = View(
    verdict=_verdict,
    detail=_detail,
    mistakes=_mistakes,
    samples=_samples,
    data=_data,
    preview=_preview,
    fields=_fields,
    answer=_answer,
    rows_code=_rows_code,
    training_code=_training_code,
    predict_code=_predict_code,
    attribution_code=_attribution_code,
    subjects=_subjects,
    downloads=_downloads,
    brief=_brief,
)
