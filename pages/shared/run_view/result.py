"""What came out of a run that is not active: its numbers and one view below them, or why there are none."""

import streamlit as st

from core import bundled
from core.metrics import METRICS
from core.results import WORD_COUNTS, Evaluation, RunReport, RunState
from core.runs import Run
from core.tasks.table import TASKS, task_of
from pages.shared import choices, layout
from pages.shared.cached import runs as cached_runs
from pages.shared.i18n import _, sentence, sentences
from pages.shared.run_view.actions import actions, is_readable
from pages.shared.run_view.cells import cells
from pages.shared.run_view.curves import curves
from pages.shared.run_view.history import events
from pages.shared.run_view.movement import movement
from pages.shared.run_view.next_step import next_step
from pages.shared.run_view.settings import environment_table, log, settings_table
from pages.shared.tasks.base import View
from pages.shared.tasks.table import VIEWS
from pages.shared.words import counted, duration, interval


def outcome(run: Run, page: str) -> None:
    """What came out of a run that is not active: its result, or why there is none, and what to do next."""
    report = cached_runs.run_report(run.id)
    with layout.mistakes():  # says so when this version does not know the task
        task_of(run.config.task)
    _ending(run, report)
    actions(run, page)
    if report:
        result(run, report, page)
        return
    next_step(run, None, page)
    curves(events(run), run.config.task, page)
    if is_readable(run):
        settings_table(run)
    with st.expander(_("Log"), icon=":material/article:", expanded=run.state.status == "failed"):
        log(run)


def _ending(run: Run, report: RunReport | None) -> None:
    """How it ended, in plain words, and what comes next."""
    state: RunState = run.state
    if state.status == "failed":
        reason = _(state.error).format(**state.error_values)
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
            sentences(
                _(
                    "The training process ended before it was done: the machine was restarted, or the process was killed."
                ),
                _("Everything up to the last checkpoint is kept. Resume goes on from there."),
            ),
            icon=":material/power_off:",
        )
    elif state.status == "cancelled":
        st.warning(_stopped(report), icon=":material/cancel:")


def _stopped(report: RunReport | None) -> str:
    """What is left of a run that was cancelled."""
    if report is None:
        return _("You stopped it before it had learnt anything that could be measured. Resume starts it again.")
    if report.measured is None:
        return _(
            "You stopped it before it was measured for the first time. What it learnt until then is kept, but nobody knows how good it is. Resume goes on from there."
        )
    return _(
        "You stopped it before it was done. What it learnt until then is kept and measured below. Resume goes on from there."
    )


VIEWS_OF_RESULT = ("measure", "mistakes", "curves", "movement", "settings")


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
    task, look = TASKS.get(run.config.task), VIEWS.get(run.config.task)
    if task and not task.supervised:
        read_before(run.config.model, run.config.data)
    if look is None:
        st.info(
            layout.plain(
                _("This version of the studio does not know the task {task}: it shows what all runs have.").format(
                    task=run.config.task
                )
            ),
            icon=":material/info:",
        )
    if report.measured is None and run.state.status == "finished":
        st.info(_("The data has no rows to measure the model on."), icon=":material/info:")
    elif report.measured:
        numbers(report.measured, report)
        if look:
            st.markdown(look.verdict(report))
    next_step(run, report, page)
    for note, values in report.data.notes:
        st.caption(":material/info: " + layout.plain(sentence(note, values)))
    offered = {name: view_name(name) for name in VIEWS_OF_RESULT if _is_offered(name, look)}
    key = f"view_{page}_{run.id}"
    view = choices.row(
        _("View"), offered, choices.kept(key, offered, next(iter(offered))), key=key, wrap=True, label_visibility="collapsed"
    )  # fmt: skip
    if view == "measure" and look:
        look.detail(report, page)
    elif view == "mistakes" and look and look.mistakes and report.measured:
        look.mistakes(report.measured)
        if task and task.supervised and "label" in task.gives:
            cells(run, report, page)
    elif view == "curves":
        curves(events(run), run.config.task, page)
    elif view == "movement":
        movement(run, report, page)
    elif view == "settings":
        left, right = st.columns(2)
        with left:
            settings_table(run)
        with right:
            environment_table(report)
        log(run)


def _is_offered(name: str, look: View | None) -> bool:
    """Whether a result of this task has the view."""
    if name == "measure":
        return look is not None
    return name != "mistakes" or bool(look and look.mistakes)


def numbers(evaluation: Evaluation, report: RunReport) -> None:
    """The metrics with their intervals, the headline before training, and what the training took."""
    known = [name for name in evaluation.metrics if name in METRICS]
    baseline = report.evaluations.get("baseline")
    before = baseline.metrics.get(known[0]) if baseline and known else None
    counted_words = report.evaluations.get(WORD_COUNTS)
    simple = counted_words.metrics.get(known[0]) if counted_words and known and evaluation.task in TASKS else None
    columns = st.columns(len(known) + bool(before) + bool(simple) + 1)
    for column, name in zip(columns, known, strict=False):
        row, measure = METRICS[name], evaluation.metrics[name]
        bounds = interval(name, measure)
        column.metric(
            _(row.title),
            row.write(measure.value),
            bounds or None,
            delta_color="off",
            delta_arrow="off",
            help=sentences(_(row.help), _("Below it: the 95% interval.") if bounds else ""),
        )
    if baseline and before:
        columns[len(known)].metric(
            _("Before training"),
            METRICS[known[0]].write(before.value),
            counted(baseline),
            delta_color="off",
            delta_arrow="off",
            help=_("{metric} of the same model before this training, on {counted}.").format(
                metric=_(METRICS[known[0]].title), counted=counted(baseline)
            ),
        )
    if simple:
        columns[-2].metric(
            _("Counting words"),
            METRICS[known[0]].write(simple.value),
            interval(known[0], simple) or None,
            delta_color="off",
            delta_arrow="off",
            help=_(
                "{metric} of {way}, which learnt from the same rows in seconds and was measured on the same ones. A model is worth its cost where it does better."
            ).format(metric=_(METRICS[known[0]].title), way=_(TASKS[evaluation.task].counted_by)),
        )
    columns[-1].metric(
        _("Training time"), duration(report.seconds), help=_("Training alone; evaluations and checkpoints left out.")
    )
