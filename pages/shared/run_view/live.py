"""One run on the page: what it is doing while it is active, then its result.

Fine-tune follows one run with it, Runs opens any run with it. Everything shown is read from the run's folder; nothing is
trained, loaded or measured here.
"""

import time
from collections.abc import Sequence

import streamlit as st

from core import runs, settings
from core.metrics import METRICS
from core.results import Evaluation, Event
from core.runs import Run
from core.tasks.table import TASKS
from pages.shared import inputs, layout, visitor
from pages.shared.cached import runs as cached_runs
from pages.shared.i18n import _, ngettext, sentences
from pages.shared.run_view import notes
from pages.shared.run_view.curves import curves
from pages.shared.run_view.history import events, last, number, shown
from pages.shared.run_view.result import outcome
from pages.shared.run_view.settings import log
from pages.shared.words import counted, duration, moment, stage_name, status_icon, status_name, task_name

POLL_SECONDS = 1.5
PATIENCE_SECONDS = 8  # from when on a cancelled run that still lives can be stopped the hard way


def headline(run: Run) -> None:
    """Which run this is and where it stands."""
    config = run.config
    st.header(
        f"{status_icon(run.state.status)} {layout.plain(inputs.run_title(run, cached_runs.run_report(run.id)))}",
        anchor=False,
    )
    st.caption(
        layout.plain(
            _("{state} · data {data} · model {model} · {task} · {since}").format(
                state=status_name(run.state.status),
                data=config.data_name,
                model=config.model,
                task=task_name(config.task),
                since=_("started {moment}").format(moment=moment(run.state.started))
                if run.state.started
                else _("created {moment}").format(moment=moment(run.state.created)),
            )
        )
    )
    notes.shown(run)


def tab_title(run: Run) -> None:
    """Say in the title of the browser's tab where the run stands: whoever waits looks at other tabs."""
    done = next((event for event in reversed(events(run)) if event.total_steps), None)
    sign = {"finished": "✓", "running": f"{done.step / done.total_steps:.0%}" if done else "…", "queued": "…"}
    st.set_page_config(page_title=f"{sign.get(run.state.status, '✗')} {run.name} · BERT Studio")


def follow(run_id: str, page: str) -> None:
    """One run: live while it is active, then its result and what can be done with it.

    page: makes the keys of the widgets the page's own.
    """
    run = runs.get(run_id)
    tab_title(run)
    if run.state.status in runs.ACTIVE:
        st.fragment(run_every=POLL_SECONDS)(_live)(run_id, page)
    else:
        headline(run)
        outcome(run, page)


def _live(run_id: str, page: str) -> None:
    """What an active run does now. Redrawn every 1.5 s; reads the run's folder and computes nothing."""
    with layout.mistakes():
        run = runs.get(run_id)
        if run.state.status not in runs.ACTIVE:
            st.rerun()  # the whole page, which shows the result and stops asking
        tab_title(run)
        headline(run)
        found = events(run)
        if run.state.status == "queued":
            _waiting(run)
        else:
            _progress(run, found)
        _stop_buttons(run, page)
        _live_numbers(run, found)
        curves(found, run.config.task, page)
        if st.toggle(_("Show the log"), key=f"log_{page}_{run_id}"):
            log(run)


def _waiting(run: Run) -> None:
    """Its place in the queue and what it waits for."""
    training = [other for other in runs.all_runs() if other.state.status == "running"]
    waiting = [other.id for other in runs.queue()]
    ahead = waiting.index(run.id) if run.id in waiting else 0
    st.info(
        sentences(
            _("Waiting for a free place: {training} training now, {ahead} in front of this one in the queue.").format(
                training=len(training), ahead=ahead
            ),
            ngettext(
                "At most {count} trains at once (the setting STUDIO_MAX_RUNS). It starts by itself; you can close this page.",
                "At most {count} train at once (the setting STUDIO_MAX_RUNS). It starts by itself; you can close this page.",
                settings.MAX_RUNS.value(),
            ).format(count=settings.MAX_RUNS.value()),
        ),
        icon=":material/hourglass_empty:",
    )
    if runs.is_paused():
        st.caption(_("The teacher has paused the queue: runs that are at work go on, none begins."))
    for other in training:
        told = layout.plain(_("training now: {title}").format(title=inputs.run_title(other)))
        left = number(last(events(other), "step"), "eta_seconds")
        st.caption(told if left is None else told + " · " + _("about {time} left").format(time=duration(left)))


def _progress(run: Run, found: Sequence[Event]) -> None:
    """How far it is and how long it will take."""
    before, begun = last(found, "step"), run.state.started or 0.0
    found = [event for event in found if event.time >= begun]  # what a resumed run did before is not what it does now
    step, stage = last(found, "step"), last(found, "stage")
    if step is None or (stage is not None and stage.time > step.time):
        done = before.step / before.total_steps if before and before.total_steps else 0.0
        text = stage_name(str(stage.values.get("stage", ""))) if stage else _("starting the training process")
        st.progress(min(done, 1.0), text=text)
        return
    left = number(step, "eta_seconds")
    text = _("step {step:,} of {total:,} · epoch {epoch:.2f} of {epochs:g}").format(
        step=step.step, total=step.total_steps, epoch=step.epoch, epochs=run.config.epochs
    )
    if left is not None:
        text += " · " + _("about {time} left").format(time=duration(left))
    st.progress(min(step.step / max(1, step.total_steps), 1.0), text=text)


def brief(run: Run) -> None:
    """An active run in a few lines: what it does now, how far it is, and how to stop it."""
    found = events(run)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        state = layout.plain(status_name(run.state.status))
        st.markdown(
            f"{status_icon(run.state.status)} {state} · **{layout.plain(inputs.run_title(run))}**", width="content"
        )
        with st.container(width="content"):
            _stop_buttons(run, "brief")
    if run.state.status == "queued":
        st.caption(_("waits for a free place; it starts by itself"))
    else:
        _progress(run, found)


def _live_numbers(run: Run, found: Sequence[Event]) -> None:
    step, evaluation = last(found, "step"), last(found, "evaluation")
    if step is None and evaluation is None:
        return
    task = TASKS.get(run.config.task)
    metrics = task.metrics[:2] if task else ()
    columns = st.columns(3 + len(metrics))
    columns[0].metric(
        _("Loss"), shown(number(step, "loss"), "{:.4f}"), help=_("Training loss, mean since the report before.")
    )
    for column, metric in zip(columns[1:], metrics, strict=False):
        row = METRICS[metric]
        column.metric(
            _("{metrics} on validation").format(metrics=_(row.title)),
            row.write(number(evaluation, metric)),
            help=f"{_(row.help)} {_measured_on(run.config.task, evaluation)}",
        )
    if task is None or task.supervised:
        columns[-2].metric(_("Examples per second"), shown(number(step, "examples_per_second"), "{:.1f}"))
    else:
        columns[-2].metric(_("Tokens per second"), shown(number(step, "tokens_per_second"), "{:,.0f}"))
    columns[-1].metric(_("Learning rate"), shown(number(step, "learning_rate"), "{:.2e}"))


def _measured_on(task: str, evaluation: Event | None) -> str:
    n = number(evaluation, "n")
    if n is None:
        return _("Not measured yet.")
    return _("On {counted} that it is not trained on.").format(counted=counted(Evaluation(task, int(n), {})))


def _stop_buttons(run: Run, page: str) -> None:
    """Cancel, and a harder way when that does not help; for whose run it is."""
    if not visitor.may_change(run):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            _("Cancel"), key=f"cancel_{page}_{run.id}", icon=":material/stop_circle:", disabled=runs.asked_to_stop(run) is not None,
            help=_("Stops after the current step and keeps what was learnt."),
        ):  # fmt: skip
            runs.cancel(run)
        asked = runs.asked_to_stop(run)
        if asked is not None:
            st.caption(_("Stopping after the current step. What it learnt until then is kept, and it can be resumed."))
            if time.time() - asked > PATIENCE_SECONDS and st.button(
                _("Stop now"), key=f"kill_{page}_{run.id}", icon=":material/dangerous:",
                help=_("Ends the process at once. What it learnt since its last checkpoint is lost; the rest can be resumed."),
            ):  # fmt: skip
                runs.kill(run)
