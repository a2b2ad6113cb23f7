"""How answers to questions look: marked in their passage, with the likeliest ones, their probabilities and the scores by question word.

This module does not know how an answer is found.
"""

from collections.abc import Mapping, Sequence
from json import dumps

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.dataset import TextDataset
from core.data.entities import Mark
from core.figures import questions as question_figures
from core.figures import training as training_figures
from core.results import Attribution, Evaluation, Event, Prediction, RunConfig, RunReport
from core.tasks.answer_scores import ALWAYS, Answers, Example, Score, Span, best_sentence, question_word
from core.tasks.base import as_json, read_detail
from core.tasks.spans import Answered
from pages.shared import charts, inputs, layout
from pages.shared.cached import questions as cached_questions
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _, ngettext, sentences
from pages.shared.layout import Download, plain
from pages.shared.snippets import questions as code
from pages.shared.tasks import marks
from pages.shared.tasks.base import Subject, View
from pages.shared.tasks.parts import PREVIEW_TOKENS, measured_on, newest_samples

SHOWN_MISTAKES = 8
SHOWN_ANSWERS = 5
EXPLAINED = 3


def _verdict(report: RunReport) -> str:
    """How many questions it answers, and whether that is more than a sentence that shares their words."""
    if report.measured is None:
        return ""
    answers, measured = read_detail(Answers, report.measured), report.measured.metrics
    low, high = measured["answer_f1"].bounds
    text = _(
        "{where} it answers **{em:.1%}** of the questions exactly; the F1 of the answers' words is **{f1:.3f}** (95% interval {low:.3f}–{high:.3f})."
    ).format(
        where=measured_on(report), em=measured["exact_match"].value, f1=measured["answer_f1"].value, low=low, high=high
    )
    if report.memorised:
        return sentences(text, _("It has seen every one of them, so that says nothing about new texts."))
    best = max(answers.baselines, key=lambda row: row.score.f1, default=None)
    if best is not None and best.score.f1 >= measured["answer_f1"].value:
        worse = _("That is no better than a way without a model: {way} reaches {f1:.3f}.")
        text = sentences(text, worse.format(way=_(best.title), f1=best.score.f1))
    if report.measured.n < 50:
        text = sentences(text, _("With so few questions the figures are rough."))
    return text


def _detail(report: RunReport, key: str) -> None:
    """The scores by question word, of questions with and without an answer, and of ways without a model."""
    if report.measured is None:
        return
    answers = read_detail(Answers, report.measured)
    charts.plot(question_figures.by_word(answers, text=_), f"words_{key}", _("Exact match and F1 by question word"))
    rows: list[tuple[str, Score]] = [
        (_("with an answer in the passage"), answers.answerable),
        (_("without an answer in the passage"), answers.unanswerable),
        *((_("without a model: {way}").format(way=_(row.title)), row.score) for row in answers.baselines),
    ]
    rows = [(name, score) for name, score in rows if score.n]
    scores = (_("Exact match"), _("F1"))
    st.dataframe(
        pd.DataFrame(
            {
                _("Questions"): [name for name, _score in rows],
                _("Number"): [score.n for _name, score in rows],
                scores[0]: [score.em for _name, score in rows],
                scores[1]: [score.f1 for _name, score in rows],
            }
        ),
        hide_index=True,
        column_config={name: st.column_config.NumberColumn(format="%.3f") for name in scores},
        alt=_("Exact match and F1 of questions with and without an answer, and of ways without a model"),
    )
    st.caption(_threshold(answers.threshold))
    st.caption(
        _(
            "An answer is an exact match when it has the same words as a right one, case, punctuation and “a”, “an”, “the” aside; F1 also counts "
            "what it shares with one. Chinese is compared by characters. Where there is no answer, it is right to say so."
        )
    )


def _threshold(threshold: float) -> str:
    if threshold == ALWAYS:
        return _(
            "It always gives an answer: every validation question had one, so it never had to say that there is none."
        )
    return _(
        "It says “no answer” where its doubt is above {threshold:.0%}; this threshold was the best on the validation questions."
    ).format(threshold=threshold)


def _mistakes(evaluation: Evaluation) -> None:
    """The questions with the worst answers: the data's answer, and the model's."""
    answers = read_detail(Answers, evaluation)
    if not answers.examples:
        message = ngettext("No mistake in {n:,} question.", "No mistake in {n:,} questions.", evaluation.n)
        st.success(message.format(n=evaluation.n), icon=":material/check_circle:")
        return
    st.caption(
        _("The worst answers first. Above: the answer in the data; below: the model's. The passages are excerpts.")
    )
    for example in answers.examples[:SHOWN_MISTAKES]:
        _two_readings(example)


def _two_readings(example: Example) -> None:
    with st.container(border=True):
        st.markdown("**" + plain(example.question) + "**")
        right, given = _("right"), _("model")
        st.html(marks.marked(example.passage, _marks(example.gold, right), (right, given), small=True))
        if example.gold is None:
            st.caption(_("The passage has no answer."))
        if example.predicted is None:
            st.caption(_("The model says: no answer."))
        else:
            st.html(marks.marked(example.passage, _marks(example.predicted, given), (right, given), small=True))
        st.caption(
            _("F1 {f1:.2f} · doubt whether there is an answer {doubt:.0%}").format(f1=example.f1, doubt=example.doubt)
        )


def _marks(span: Span | None, kind: str) -> tuple[Mark, ...]:
    return () if span is None else (Mark(span.start, span.end, kind),)


def _samples(events: Sequence[Event]) -> None:
    """The worst answers to validation questions at the newest evaluation."""
    step, rows = newest_samples(events)
    if not rows:
        return
    st.markdown("**" + _("Most wrong on validation") + "**")
    st.dataframe(
        pd.DataFrame(
            {
                _("Question"): [row["question"] for row in rows],
                _("Right"): [" / ".join(row["answers"]) or _("no answer") for row in rows],
                _("Model"): [row["answer"] or _("no answer") for row in rows],
            }
        ),
        hide_index=True,
        alt=_("Validation questions with the right answer and the model's"),
    )
    st.caption(_("At step {step}.").format(step=step))


def _data(dataset: TextDataset) -> None:
    """How many questions there are with each question word, and how many have no answer."""
    rows = [row for split in dataset.splits.values() for row in zip(split["text"], split["answers"], strict=True)]
    words = pd.Series([question_word(question) or _("none of these") for question, _answers in rows]).value_counts()
    charts.plot(
        training_figures.label_balance(
            {str(word): int(count) for word, count in words.items()},
            title=_("Questions per question word"), unit=_("Questions"), text=_,
        ),
        "balance",
        _("Questions per question word"),
    )  # fmt: skip
    st.caption(
        _("{unanswerable:,} of {questions:,} questions have no answer in their passage.").format(
            unanswerable=sum(not answers for _question, answers in rows), questions=len(rows)
        )
    )


def _preview(row: Mapping[str, object], dataset: TextDataset, model: str, max_length: int) -> None:
    """The beginning of a question with its passage as the model reads it, and the answer that is learnt."""
    result = cached_tokens.tokens(model, str(row["text"]), str(row["pair"]), max_length)
    st.html(layout.chips_html(result.tokens[:PREVIEW_TOKENS], ids=False))
    answers = row["answers"]
    assert isinstance(answers, list)
    st.caption(
        _("It learns where this answer starts and ends: {answer}").format(answer=" / ".join(map(plain, answers)))
        if answers
        else _("It learns that this passage has no answer.")
    )
    if result.cut or result.cut_pair:
        st.caption(
            _("The passage goes on in further windows; those without a part of the answer teach that it is not there.")
        )


def _fields(page: str, options: DeltaGenerator) -> dict[str, str]:
    question = inputs.sentence(page, label=_("Question"))
    return {"text": question, "pair": inputs.second_passage(page, label=_("Passage"))}


def _answer(prediction: Prediction, key: str) -> None:
    """The answer, marked in its passage, and the next likeliest ones."""
    assert isinstance(prediction, Answered)
    if prediction.answer:
        best, kind = prediction.best[0], _("answer")
        st.html(_headline(prediction.answer, f"{best.probability:.1%}"))
        st.html(marks.marked(prediction.pair, (Mark(best.start, best.end, kind),), (kind,)))
    else:
        nearest, kind = best_sentence(prediction.text, prediction.pair), _("nearest sentence")
        st.html(_headline(_("No answer"), _("{share:.1%} doubt").format(share=prediction.doubt)))
        st.html(marks.marked(prediction.pair, _marks(nearest, kind), (kind,)))
        st.caption(
            _(
                "The model finds no answer here. Marked is the sentence that has most words of the question: it was found by counting, not by reading."
            )
            if nearest
            else _("The model finds no answer here, and no sentence has a word of the question.")
        )
    st.caption(
        (
            _("Doubt whether there is an answer: {doubt:.1%}; above {threshold:.1%} it says “no answer”.")
            if prediction.threshold < 1
            else _("Doubt whether there is an answer: {doubt:.1%}. This model gives an answer whatever its doubt is.")
        ).format(doubt=prediction.doubt, threshold=prediction.threshold)
    )
    if prediction.best:
        shown = prediction.best[:SHOWN_ANSWERS]
        probability = _("Probability")
        st.dataframe(
            pd.DataFrame(
                {
                    _("Likeliest answers"): [answer.text for answer in shown],
                    probability: [answer.probability for answer in shown],
                }
            ),
            hide_index=True,
            key=f"{key}_table",
            column_config={
                _("Likeliest answers"): st.column_config.TextColumn(width="medium"),
                probability: st.column_config.NumberColumn(format="percent", width="small"),
            },
            alt=_("The likeliest answers with their probabilities"),
        )  # fmt: skip


def _headline(answer: str, certainty: str) -> str:
    """An answer and how sure it is, as HTML."""
    return f'<div class="answer" dir="auto">{marks.visible(answer)} <small>{marks.visible(certainty)}</small></div>'


def _closer(name: str, given: Mapping[str, str]) -> None:
    """The start and end probabilities of every token."""
    st.header(_("Where the answer starts and ends"), anchor=False)
    found = cached_questions.curves(name, given["text"], given["pair"])
    charts.plot(
        question_figures.curves(found, text=_),
        "curves",
        _("The probability of each token to be the start and the end of the answer"),
    )
    st.caption(
        _(
            "For every token the model says how likely the answer starts there and ends there. An answer's probability is that of its start times "
            "that of its end, the end not before the start and at most {tokens} tokens long. The first place stands for “no answer”."
        ).format(tokens=30)
    )
    if found.windows > 1:
        st.caption(
            _(
                "The passage is read in {windows} overlapping windows; this is window {number}, which holds the likeliest answer."
            ).format(windows=found.windows, number=found.window + 1)
        )


def _brief(prediction: Prediction) -> str:
    assert isinstance(prediction, Answered)
    if prediction.answer:
        return f"{prediction.answer} ({prediction.best[0].probability:.0%})"
    return _("no answer ({doubt:.0%} doubt)").format(doubt=prediction.doubt)


def _subjects(prediction: Prediction) -> tuple[Subject, ...]:
    """The likeliest answers, and that there is none; what the model says comes first."""
    assert isinstance(prediction, Answered)
    spans = tuple(Subject(answer.text, "", answer.start, answer.end) for answer in prediction.best[:EXPLAINED])
    none = (Subject(_("no answer"), "", 0, 0),)
    return (*spans, *none) if prediction.answer else (*none, *spans)


def _downloads(predictions: Sequence[Prediction]) -> tuple[Download, ...]:
    """The answers with the next likeliest ones as JSON lines."""
    answered = [row for row in predictions if isinstance(row, Answered)]
    lines = "".join(dumps(as_json(row), ensure_ascii=False) + "\n" for row in answered)
    return (Download(_("Answers as JSON"), "answers.jsonl", "application/jsonl", lines),)


def _training_code(config: RunConfig, rows: str, dataset: TextDataset) -> str:
    return code.train_reader(config, rows, held_out=not dataset.report.shared)


def _predict_code(model: str, given: Mapping[str, str], max_length: int) -> str:
    return code.answer(model, given["text"], given["pair"], max_length)


def _attribution_code(
    model: str, given: Mapping[str, str], subject: Subject, attribution: Attribution, max_length: int
) -> str:
    assert subject.at is not None and subject.end is not None
    return code.attributions(
        model, given["text"], given["pair"], (subject.at, subject.end), max_length, attribution.steps
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
    rows_code=code.rows,
    training_code=_training_code,
    predict_code=_predict_code,
    attribution_code=_attribution_code,
    subjects=_subjects,
    downloads=_downloads,
    closer=_closer,
    brief=_brief,
)
