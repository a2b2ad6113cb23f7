"""A job over many texts: its progress while it runs, then its table, how right it is, and the download."""

import pandas as pd
import streamlit as st

from core.export.tables import UNSURE
from core.figures import training as training_figures
from core.metrics import METRICS
from core.results import Evaluation
from core.tasks.base import Goal, read_detail
from core.tasks.class_scores import Classes
from core.tasks.table import TASKS
from pages.shared import charts, inputs, layout, pool, progress, words
from pages.shared.cached import data as cached_data
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _, ngettext, sentences
from pages.shared.tasks.table import VIEWS
from pages.topics.playground import bulk


def _cancel() -> None:
    st.session_state["bulk_job"].cancelled = True


def _discard() -> None:
    st.session_state.pop("bulk_job", None)


def left_out(job: bulk.Job) -> None:
    """What of the source will not be predicted, and why."""
    if job.empty:
        st.caption(_("Rows without text, left out: {count:,}").format(count=job.empty))
    if job.beyond:
        st.warning(
            _("Only the first {limit:,} texts are predicted; {beyond:,} more are left out.").format(
                limit=job.total, beyond=job.beyond
            )
        )


def follow(job: bulk.Job) -> None:
    """Work on a job while drawing its progress; then show what came out."""
    if job.running:
        predictor = cached_models.predictor(job.model)
        pool.check_minutes()
        with st.container(horizontal=True, vertical_alignment="center"):
            bar = st.progress(0.0, text=progress_text(job))
            st.button(_("Cancel"), on_click=_cancel, icon=":material/stop_circle:", key="bulk_cancel")
        with pool.turn() as turn:
            turn.wait(lambda before: bar.progress(0.0, text=progress.waiting(before)))
            for _step in bulk.work(job, predictor):
                bar.progress(len(job.predictions) / job.total, text=progress_text(job))
        st.rerun()
    results(job)


def progress_text(job: bulk.Job) -> str:
    done = ngettext("{done:,} of {total:,} text", "{done:,} of {total:,} texts", job.total).format(
        done=len(job.predictions), total=job.total
    )
    if not job.rate:
        return done
    minutes, seconds = divmod(round(job.seconds_left), 60)
    return (
        f"{done} · "
        + _("{rate:,.0f} texts/s").format(rate=job.rate)
        + " · "
        + _("about {minutes}:{seconds:02d} left").format(minutes=minutes, seconds=seconds)
    )


def results(job: bulk.Job) -> None:
    """The table of a finished or cancelled job, how right it is, and the download."""
    count = len(job.predictions)
    if job.cancelled:
        st.warning(
            ngettext(
                "Cancelled after {done:,} of {total:,} text. What was predicted by then is kept.",
                "Cancelled after {done:,} of {total:,} texts. What was predicted by then is kept.",
                job.total,
            ).format(done=count, total=job.total)
        )
    else:
        st.success(
            ngettext(
                "{count:,} text in {seconds:.1f} s, {rate:,.0f} per second, by {model}",
                "{count:,} texts in {seconds:.1f} s, {rate:,.0f} per second, by {model}",
                count,
            ).format(count=count, seconds=job.seconds, rate=job.rate, model=layout.plain(job.title)),
            icon=":material/check:",
        )
    if not count:
        st.button(_("Discard"), on_click=_discard)
        return
    goal = cached_models.predictor(job.model).goal
    with layout.mistakes():
        evaluation = bulk.evaluation(job, goal)
        strange = bulk.unknown(job, goal)
        if strange:
            st.warning(
                layout.plain(
                    ngettext(
                        "{count:,} text has a label that the model does not know: {labels}. It can only be wrong there; the figures are those of the other texts.",
                        "{count:,} texts have a label that the model does not know: {labels}. It can only be wrong there; the figures are those of the other texts.",
                        sum(strange.values()),
                    ).format(
                        count=sum(strange.values()),
                        labels=", ".join(f"{label} ({count})" for label, count in strange.items()),
                    )
                )
            )
        if evaluation is not None:
            _say_learnt(bulk.learnt(job, goal, cached_data.training_texts(job.model)), evaluation.n)
            _measured(evaluation)
    shown = _choose_shown(job, goal) if "label" in TASKS[goal.task].gives else bulk.AS_ASKED
    table = bulk.table(job, goal, VIEWS[goal.task].brief, shown)
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            _("Row"): st.column_config.NumberColumn(width="small"),
            **{
                column: st.column_config.NumberColumn(format="%.4f")
                for column in table.columns
                if pd.api.types.is_float_dtype(table[column])
            },
        },
        alt=_("Every text with what the model answers"),
    )
    cut = sum(answer.truncated for answer in job.predictions)
    if cut:
        st.caption(
            ngettext(
                "{count:,} text was longer than the model reads; its end was cut (column “Cut”).",
                "{count:,} texts were longer than the model reads; their end was cut (column “Cut”).",
                cut,
            ).format(count=cut)
        )
    with st.container(horizontal=True):
        st.download_button(
            _("Download as CSV"),
            bulk.download(job, goal, shown),
            file_name="predictions.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        layout.downloads(VIEWS[cached_models.predictor(job.model).task.id].downloads(job.predictions), "bulk")
        st.button(_("Discard"), on_click=_discard)


def _choose_shown(job: bulk.Job, goal: Goal) -> bulk.Shown:
    """How often each label is the answer, from which probability on it counts, and which answers are shown in which order."""
    left, right = st.columns(2, gap="large")
    with right:
        threshold = inputs.decimal(
            "threshold", "playground", label=_("Unsure below a probability of"), low=0.0, high=1.0, step=0.01,
            help_text=_("A label that is less likely becomes “unsure”: an answer for a person to give."),
        )  # fmt: skip
        counts = bulk.counts(job, goal, threshold)
        options = {"": _("all"), **{label: label for label in counts}}
        if UNSURE in counts and UNSURE not in goal.labels:
            options[UNSURE] = _("unsure")
        only = inputs.choice("only", "playground", options, _("Show"))
        order = inputs.segment(
            "order", "playground", {"": _("As in the file"), "doubt": _("Least sure first")}, _("Order")
        )
        if threshold:
            _say_unsure(job, goal, threshold, counts.get(UNSURE, 0))
    with left:
        charts.plot(
            training_figures.label_balance(
                {options.get(label, label): count for label, count in counts.items()},
                title=_("How often each answer is given"),
                unit=_("Texts"),
                text=_,
            ),
            "bulk_counts",
            _("How often each answer is given"),
        )
    return bulk.Shown(threshold, order == "doubt", only)


def _say_unsure(job: bulk.Job, goal: Goal, threshold: float, unsure: int) -> None:
    """How many answers the threshold leaves to a person, and how right the others are where that is known."""
    total = len(job.predictions)
    said = _("{share:.0%} of the texts ({unsure:,} of {total:,}) are left to a person.").format(
        share=unsure / total, unsure=unsure, total=total
    )
    with layout.mistakes():
        sure = bulk.evaluation(job, goal, threshold)
        if sure is not None:
            right = _("Of the sure answers whose label is known, {share:.1%} are right.")
            said = sentences(said, right.format(share=sure.metrics["accuracy"].value))
    st.caption(said)


def _say_learnt(learnt: int, total: int) -> None:
    """A warning where the model was trained on texts that it is measured on."""
    if learnt:
        st.warning(
            ngettext(
                "{learnt:,} of these {total:,} texts is among the model's training rows: the figures below tell how well it remembers, not how well it does on new texts.",
                "{learnt:,} of these {total:,} texts are among the model's training rows: the figures below tell how well it remembers, not how well it does on new texts.",
                learnt,
            ).format(learnt=learnt, total=total)
        )


def _measured(evaluation: Evaluation) -> None:
    """How right the answers are, with what guessing would reach."""
    first, second, third = st.columns(3)
    for column, name in ((first, "accuracy"), (second, "macro_f1")):
        column.metric(
            _(METRICS[name].title),
            METRICS[name].write(evaluation.metrics[name].value),
            help=sentences(_(METRICS[name].help), words.measured(name, evaluation.metrics[name])),
        )
    third.metric(_("Texts with a label"), f"{evaluation.n:,}")
    low, high = evaluation.metrics["accuracy"].bounds
    st.caption(
        ngettext(
            "95% interval of the accuracy: {low:.3f}–{high:.3f}, measured on {n:,} text; always answering the most frequent label gives {majority:.3f}.",
            "95% interval of the accuracy: {low:.3f}–{high:.3f}, measured on these {n:,} texts; always answering the most frequent label gives {majority:.3f}.",
            evaluation.n,
        ).format(low=low, high=high, n=evaluation.n, majority=read_detail(Classes, evaluation).majority)
    )
