"""What came out of a run that is not active: its numbers and one view below them, or why there are none."""

import pandas as pd
import streamlit as st

from core import bundled
from core.errors import UserError
from core.figures import training as training_figures
from core.results import Evaluation, RunReport, RunState
from core.runs import Run
from pages.shared import cached, inputs, layout
from pages.shared.i18n import _, error_text
from pages.shared.run_view.actions import actions, is_readable
from pages.shared.run_view.curves import curves, text_table, worst
from pages.shared.run_view.history import events, last, shown
from pages.shared.run_view.masked import masked_measure, masked_verdict
from pages.shared.run_view.measures import learnt_by_heart
from pages.shared.run_view.movement import movement
from pages.shared.run_view.settings import environment_table, log, settings_table
from pages.shared.words import duration


def outcome(run: Run, page: str) -> None:
    """What came out of a run that is not active: its result, or why there is none, and what to do next."""
    report = cached.run_report(run.id)
    _ending(run, report is not None)
    actions(run, page)
    if report:
        result(run, report, page)
        return
    found = events(run)
    curves(found, page)
    worst(last(found, "evaluation"))
    if is_readable(run):
        settings_table(run)
    with st.expander(_("Log"), icon=":material/article:", expanded=run.state.status == "failed"):
        log(run)


def _ending(run: Run, has_report: bool) -> None:
    """How it ended, in plain words, and what comes next."""
    state: RunState = run.state
    if state.status == "failed":
        reason = error_text(UserError(state.error, **state.error_values)) if state.error else ""
        st.error(
            layout.plain(_("It failed: {reason}").format(reason=reason))
            + (
                "\n\n"
                + _("Change what is named here with “Train again with changes”, or resume it if the cause has gone.")
                if is_readable(run)
                else ""
            ),
            icon=":material/error:",
        )
    elif state.status == "interrupted":
        st.warning(
            _("The training process ended before it was done: the machine was restarted, or the process was killed.")
            + " "
            + _("Everything up to the last checkpoint is kept. Resume goes on from there."),
            icon=":material/power_off:",
        )
    elif state.status == "cancelled":
        st.warning(
            _(
                "You stopped it before it was done. What it learnt until then is kept and measured below. Resume goes on from there."
            )
            if has_report
            else _("You stopped it before it had learnt anything that could be measured. Resume starts it again."),
            icon=":material/cancel:",
        )


VIEWS = ("measure", "mistakes", "curves", "movement", "settings")


def view_name(view: str) -> str:
    return {
        "measure": _("How good it is"),
        "mistakes": _("Its mistakes"),
        "curves": _("How it learnt"),
        "movement": _("What training changed"),
        "settings": _("Settings and log"),
    }[view]


def read_before(model: str, texts: str) -> None:
    """Say that the heads which come with the studio learnt from a dataset before, where they did."""
    rows = bundled.READ.get(texts)
    if model == "minilm" and rows:
        st.caption(
            _("The heads of minilm learnt from {rows:,} of these texts when they were made: most of them are not new to it.").format(rows=rows)
        )  # fmt: skip


def result(run: Run, report: RunReport, page: str) -> None:
    """The result: the numbers always, and one view below them."""
    measured = report.test or report.validation
    if inputs.is_pretraining(run):
        read_before(run.config.model, run.config.data)
    if report.masked:
        masked_verdict(report)
    elif measured:
        _verdict(measured, report, "test" if report.test else "validation")
    else:
        st.info(_("The data has no rows to measure the model on."), icon=":material/info:")
    for note, values in report.data.notes:
        st.caption(":material/info: " + layout.plain(_(note).format(**values)))
    view = st.segmented_control(
        _("View"), [name for name in VIEWS if not (report.masked and name == "mistakes")], format_func=view_name, key=f"view_{page}_{run.id}", default=VIEWS[0], required=True, wrap=True, label_visibility="collapsed",
    )  # fmt: skip
    if view == "measure" and report.masked:
        masked_measure(report, page)
    elif view == "measure" and measured:
        _measure(measured, page)
    elif view == "mistakes" and measured:
        _mistakes(measured)
    elif view == "curves":
        found = events(run)
        curves(found, page)
        worst(last(found, "evaluation"))
    elif view == "movement":
        movement(run, report, page)
    elif view == "settings":
        left, right = st.columns(2)
        with left:
            settings_table(run)
        with right:
            environment_table(report)
        log(run)


def _verdict(measured: Evaluation, report: RunReport, split: str) -> None:
    """The numbers with what they must be compared to."""
    columns = st.columns(6)
    for column, name, value, text in (
        (columns[0], _("Accuracy"), measured.accuracy, _("Share of right answers, with its 95% interval (Wilson).")),
        (
            columns[1],
            _("Macro-F1"),
            measured.macro_f1,
            _(
                "Mean of the F1 of all classes, so that small classes count as much as large ones, with its 95% interval (bootstrap)."
            ),
        ),
    ):
        column.metric(
            name,
            f"{value.value:.3f}",
            f"{value.low:.3f}–{value.high:.3f}",
            delta_color="off",
            delta_arrow="off",
            help=text,
        )
    columns[2].metric(
        _("Before training"), shown(report.baseline.accuracy.value if report.baseline else None, "{:.3f}"),
        help=_("Accuracy of the same model with its new, random classifier, before any training."),
    )  # fmt: skip
    columns[3].metric(
        _("Most frequent label"),
        f"{measured.majority:.3f}",
        help=_("Accuracy of always answering the most frequent label."),
    )
    columns[4].metric(
        _("Calibration error"), f"{measured.ece:.3f}",
        help=_("Expected calibration error: how far confidence and accuracy lie apart on average. 0 is perfect."),
    )  # fmt: skip
    columns[5].metric(
        _("Training time"), duration(report.seconds), help=_("Training alone; evaluations and checkpoints left out.")
    )
    where = (
        _("On {n:,} test texts that it did not train on")
        if split == "test"
        else _(
            "On {n:,} validation texts, which also chose the best checkpoint, so that it looks a little better than it is,"
        )
    ).format(n=measured.n)
    if learnt_by_heart(report.data):
        where = _("On the {n:,} training texts themselves").format(n=measured.n)
    st.markdown(
        _("{where} it is right in **{share:.1%}** of cases (95% interval {low:.1%}–{high:.1%}).").format(
            where=where, share=measured.accuracy.value, low=measured.accuracy.low, high=measured.accuracy.high
        )
        + " "
        + _guessing(measured, report)
    )


def _guessing(measured: Evaluation, report: RunReport) -> str:
    """What the accuracy means beside the simplest guess."""
    if learnt_by_heart(report.data):
        return _("It has seen every one of them, so that says nothing about new texts.")
    if measured.accuracy.low > measured.majority:
        text = _("That is better than always answering the most frequent label ({share:.1%}).")
    elif measured.accuracy.high < measured.majority:
        text = _("That is worse than always answering the most frequent label ({share:.1%}).")
    else:
        text = _(
            "The interval includes what always answering the most frequent label reaches ({share:.1%}): this is no proof that it learnt anything."
        )
    return text.format(share=measured.majority)


def _measure(measured: Evaluation, page: str) -> None:
    left, right = st.columns(2)
    with left:
        layout.plot(
            training_figures.confusion_matrix(measured, text=_),
            f"confusion_{page}",
            _("Confusion matrix: counts of true against predicted labels"),
        )
    with right:
        layout.plot(
            training_figures.reliability(measured, text=_),
            f"reliability_{page}",
            _("Accuracy against confidence, with intervals"),
        )
        st.caption(
            _(
                "Below the dashed line the model is surer than it is right. Bars are 95% intervals: with few texts in a bin they are wide."
            )
        )
    left, right = st.columns(2)
    with left:
        layout.plot(
            training_figures.class_scores(measured, text=_),
            f"classes_{page}",
            _("Precision, recall and F1 of each class"),
        )
    with right:
        st.dataframe(
            pd.DataFrame(
                {
                    _("Label"): [row.label for row in measured.classes],
                    _("Precision"): [row.precision for row in measured.classes],
                    _("Recall"): [row.recall for row in measured.classes],
                    _("F1"): [row.f1 for row in measured.classes],
                    _("Texts"): [row.support for row in measured.classes],
                }
            ),
            hide_index=True,
            column_config={
                name: st.column_config.NumberColumn(format="%.3f") for name in (_("Precision"), _("Recall"), _("F1"))
            },
            alt=_("Precision, recall and F1 of each class"),
        )
        st.caption(
            _(
                "Precision: of the texts given this label, the share that has it. Recall: of the texts that have it, the share that was found. F1: their harmonic mean."
            )
        )


def _mistakes(measured: Evaluation) -> None:
    wrong = measured.n - round(measured.accuracy.value * measured.n)
    if not measured.mistakes:
        st.success(_("No mistake on {n:,} texts.").format(n=measured.n), icon=":material/check_circle:")
        return
    st.markdown(
        _(
            "{wrong:,} of {n:,} texts got a wrong label. These are the {shown} it was surest of: some of them may be wrong in the data."
        ).format(wrong=wrong, n=measured.n, shown=len(measured.mistakes))
    )
    frame = pd.DataFrame(
        {
            _("Text"): [row.text for row in measured.mistakes],
            _("Second text"): [row.pair for row in measured.mistakes],
            _("True label"): [row.true for row in measured.mistakes],
            _("Predicted"): [row.predicted for row in measured.mistakes],
            _("Confidence"): [round(row.confidence, 3) for row in measured.mistakes],
        }
    )
    if not any(row.pair for row in measured.mistakes):
        frame = frame.drop(columns=_("Second text"))
    st.dataframe(
        frame, hide_index=True, height="content", column_config=text_table(), alt=_("The most confident mistakes")
    )
