"""A job over many texts: its progress while it runs, then its table, how right it is, and the download."""

import pandas as pd
import streamlit as st

from pages.shared import cached, layout
from pages.shared.i18n import _
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
                limit=len(job.texts), beyond=job.beyond
            )
        )


def follow(job: bulk.Job) -> None:
    """Work on a job while drawing its progress; then show what came out."""
    if job.running:
        predictor = cached.predictor(job.model)
        with st.container(horizontal=True, vertical_alignment="center"):
            bar = st.progress(0.0, text=progress_text(job))
            st.button(_("Cancel"), on_click=_cancel, icon=":material/stop_circle:", key="bulk_cancel")
        for _step in bulk.work(job, predictor):
            bar.progress(len(job.predictions) / len(job.texts), text=progress_text(job))
        st.rerun()
    results(job)


def progress_text(job: bulk.Job) -> str:
    done = _("{done:,} of {total:,} texts").format(done=len(job.predictions), total=len(job.texts))
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
            _("Cancelled after {done:,} of {total:,} texts. What was predicted by then is kept.").format(
                done=count, total=len(job.texts)
            )
        )
    else:
        st.success(
            _("{count:,} texts in {seconds:.1f} s, {rate:,.0f} per second, by {model}").format(
                count=count, seconds=job.seconds, rate=job.rate, model=layout.plain(job.title)
            ),
            icon=":material/check:",
        )
    if not count:
        st.button(_("Discard"), on_click=_discard)
        return
    labels = tuple(job.predictions[0].probabilities)
    with layout.mistakes():
        evaluation = bulk.evaluation(job, labels)
        if evaluation is not None:
            first, second, third = st.columns(3)
            first.metric(
                _("Accuracy"),
                f"{evaluation.accuracy.value:.3f}",
                help=_(
                    "95 % interval {low:.3f}–{high:.3f}; always answering the most frequent label gives {majority:.3f}."
                ).format(low=evaluation.accuracy.low, high=evaluation.accuracy.high, majority=evaluation.majority),
            )
            second.metric(
                _("Macro-F1"),
                f"{evaluation.macro_f1.value:.3f}",
                help=_("95 % interval {low:.3f}–{high:.3f}.").format(
                    low=evaluation.macro_f1.low, high=evaluation.macro_f1.high
                ),
            )
            third.metric(_("Texts with a label"), f"{evaluation.n:,}")
            st.caption(
                _("95 % interval of the accuracy: {low:.3f}–{high:.3f}, measured on these {n:,} texts.").format(
                    low=evaluation.accuracy.low, high=evaluation.accuracy.high, n=evaluation.n
                )
            )
    table = bulk.table(job)
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            column: st.column_config.NumberColumn(format="%.4f")
            for column in table.columns
            if pd.api.types.is_float_dtype(table[column])
        },
        alt=_("Every text with the label predicted for it and the probability of each label"),
    )
    cut = sum(answer.cut for answer in job.predictions)
    if cut:
        st.caption(
            _("{count:,} texts were longer than the model reads; their end was cut (column “Cut”).").format(count=cut)
        )
    with st.container(horizontal=True):
        st.download_button(
            _("Download as CSV"),
            bulk.download(job),
            file_name="predictions.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        st.button(_("Discard"), on_click=_discard)
