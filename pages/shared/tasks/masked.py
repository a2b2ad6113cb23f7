"""How masked language modelling looks: the likeliest words for each mask, before and after training.

This module does not know where the documents come from.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.dataset import TextDataset
from core.figures import predictions as predictions_figures
from core.figures import training as training_figures
from core.metrics import METRICS
from core.results import Event, Prediction, RunConfig, RunReport
from core.tasks.base import read_detail
from core.tasks.masked import Filled, Masks
from pages.shared import charts, inputs
from pages.shared.i18n import _, sentences
from pages.shared.snippets import learn as learn_code
from pages.shared.snippets import pretraining as pretraining_code
from pages.shared.tasks.base import View
from pages.shared.tasks.parts import likely, measured_on, reading


def _verdict(report: RunReport) -> str:
    """How many masked tokens it names, and whether that is more than before."""
    if report.measured is None:
        return ""
    after, before = report.measured.metrics["accuracy"], report.evaluations.get("baseline")
    low, high = after.bounds
    text = _("{where} it names **{share:.1%}** (95% interval {low:.1%}–{high:.1%}).").format(
        where=measured_on(report), share=after.value, low=low, high=high
    )
    if report.memorised:
        return sentences(text, _("It has seen every one of them, so that says nothing about new texts."))
    if before is None:
        return text
    low_before, high_before = before.metrics["accuracy"].bounds
    if low > high_before:
        more = _("Before this training it was {share:.1%} of {n:,}: it has learnt something about such texts.")
    elif high < low_before:
        more = _("Before this training it was {share:.1%} of {n:,}: it has become worse at such texts.")
    else:
        more = _(
            "Before this training it was {share:.1%} of {n:,}, and the intervals overlap: this is no proof that it learnt anything."
        )
    return sentences(text, more.format(share=before.metrics["accuracy"].value, n=before.n))


def _detail(report: RunReport, key: str) -> None:
    """Before and after: the fractions with their intervals, and the fixed sentences."""
    names = {
        "baseline": _("before training"),
        "test": _("after, test texts"),
        "validation": _("after, validation texts"),
    }
    evaluations = {title: report.evaluations[name] for name, title in names.items() if name in report.evaluations}
    if not evaluations:
        return
    for column, metric in zip(st.columns(2), ("accuracy", "top5"), strict=True):
        title = _(METRICS[metric].title)
        with column:
            charts.plot(
                training_figures.intervals(
                    {name: row.metrics[metric] for name, row in evaluations.items()}, title=title, text=_
                ),
                f"{metric}_{key}",
                _("{metric} before and after the training, with 95% intervals").format(metric=title),
            )
    st.caption(
        _(
            "The masks of a text are always the same, so runs on the same texts with the same tokenizer can be compared. A perplexity depends on the vocabulary: compare it only where the tokenizer is the same."
        )
    )
    if report.measured is None:
        return
    after = read_detail(Masks, report.measured)
    st.caption(
        _("Knowing nothing costs ln V = {value:.2f} nats: every token is then equally likely.").format(
            value=after.uniform_loss
        )
    )
    if after.probes:
        st.markdown("**" + _("What it thinks [MASK] is") + "**")
        frame = pd.DataFrame({_("Sentence"): [probe.text for probe in after.probes]})
        baseline = report.evaluations.get("baseline")
        before = read_detail(Masks, baseline) if baseline else None
        for title, masks in ((_("Before"), before), (_("After"), after)):
            if masks and len(masks.probes) == len(frame):
                frame[title] = [likely((word.token, word.probability) for word in probe.top) for probe in masks.probes]
        st.dataframe(
            frame,
            hide_index=True,
            height="content",
            alt=_("The likeliest words for the mask, before and after training"),
        )


def _samples(events: Sequence[Event]) -> None:
    """What the model thinks [MASK] is in three fixed sentences, at each evaluation."""
    by_step = {event.step: event.values.get("samples") for event in events if event.kind == "evaluation"}
    rows = {step: probes for step, probes in by_step.items() if isinstance(probes, list | tuple) and probes}
    if not rows:
        return
    st.markdown("**" + _("What it thinks [MASK] is, over time") + "**")
    frame = pd.DataFrame(
        [
            {_("Step"): step}
            | {probe["text"]: likely((word["token"], word["probability"]) for word in probe["top"]) for probe in probes}
            for step, probes in sorted(rows.items())
        ]
    )
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        column_config={_("Step"): st.column_config.NumberColumn(format="localized", width="small")},
        alt=_("The three likeliest words for the mask in each of three sentences, a row for each evaluation"),
    )


def _data(dataset: TextDataset) -> None:
    """Documents have nothing beside their texts."""


def _preview(row: Mapping[str, object], dataset: TextDataset, model: str, max_length: int) -> None:
    """A document's tokens; what one block does not hold goes on in the next."""
    reading(model, str(row["text"]), "", max_length)


def _fields(page: str, options: DeltaGenerator) -> dict[str, str]:
    return {"text": inputs.sentence(page, label=_("A text with [MASK] where a word is missing"))}


def _answer(prediction: Prediction, key: str) -> None:
    """The likeliest words of each mask, a chart for each."""
    assert isinstance(prediction, Filled)
    for number, mask in enumerate(prediction.masks, start=1):
        words = {word.token: word.probability for word in mask}
        name = _("mask {number}").format(number=number)
        charts.plot(
            predictions_figures.label_probabilities({name: words}, text=_),
            key=f"{key}_{number}",
            alt=f"{name}: {likely(words.items())}",
        )


def rows_code(name: str, file: str, dataset: TextDataset) -> str:
    return learn_code.documents(name, file, dataset.columns["text"], dataset.report)


def _training_code(config: RunConfig, rows: str, dataset: TextDataset) -> str:
    return learn_code.pretrain_masked(config, rows, held_out=not dataset.report.shared)


def _predict_code(model: str, given: Mapping[str, str], max_length: int) -> str:
    return pretraining_code.fill(model, given["text"], max_length)


VIEW = View(
    verdict=_verdict,
    detail=_detail,
    mistakes=None,
    samples=_samples,
    data=_data,
    preview=_preview,
    fields=_fields,
    answer=_answer,
    rows_code=rows_code,
    training_code=_training_code,
    predict_code=_predict_code,
)
