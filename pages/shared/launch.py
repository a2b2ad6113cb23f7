"""Before a run: what it will cost, and its start. Fine-tune and Pre-training begin their runs here."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from core import limits, models, runs, settings
from core.batches import Report
from core.errors import UserError
from core.finetune.worker import measure
from core.results import Estimate, RunConfig
from core.runs import Run
from core.tasks.table import task_of
from pages.shared import inputs, layout, progress, visitor, words
from pages.shared.cached import data as cached_data
from pages.shared.cached import models as cached_models
from pages.shared.data_form.source import Source
from pages.shared.i18n import _, ngettext


def token_limit(model: str) -> int:
    """The most tokens the model takes, as far as it is known without fetching anything."""
    return cached_models.tokenizer(model).model_max_length if models.availability(model) == "here" else 512


def show_estimate(config: RunConfig, source: Source) -> None:
    """Time and memory, measured on a few real steps when asked for; shown as long as nothing that matters changes."""
    key = repr((replace(config, name="", seed=0, preset=""), source.file))
    known: dict[str, Estimate] = st.session_state.setdefault("estimates", {})
    if key not in known:
        st.button(
            _("Estimate time and memory"),
            key="estimate",
            icon=":material/timer:",
            help=_(
                "Trains a throw-away copy for a few real steps, in a process of its own. It takes some seconds and changes nothing."
            ),
            on_click=_ask_estimate,
            args=(key,),
        )
        if st.session_state.get("estimated") == key:

            def work(report: Report) -> Estimate:
                return measure(config, Path(source.file) if source.file else None, report)

            found = progress.work("estimate", _("Training a throw-away copy for a few steps"), work)
            if found is not None:
                known[key] = found
    if key in known:
        found = known[key]
        st.markdown(
            ngettext(
                "About **{time}** of training and **{memory:,.0f} MB** of memory: {steps:,} step at {speed:.0f} examples per second.",
                "About **{time}** of training and **{memory:,.0f} MB** of memory: {steps:,} steps at {speed:.0f} examples per second.",
                found.steps,
            ).format(
                time=words.duration(found.seconds),
                memory=found.peak_memory_mb,
                steps=found.steps,
                speed=found.examples_per_second,
            )
        )
        st.caption(
            ngettext(
                "Measured on {count} real step on this machine. Loading and evaluations come on top; other work on the machine slows it down.",
                "Measured on {count} real steps on this machine, with batches of short to long texts. Loading and evaluations come on top; other work on the machine slows it down.",
                found.measured_steps,
            ).format(count=found.measured_steps)
        )
        most = 0 if visitor.is_teacher() else settings.MAX_TOKENS.value()
        if found.tokens > most > 0:
            st.warning(
                _("It reads about {tokens:,} tokens, more than the {most:,} that one run may read here: choose fewer epochs, fewer rows or a smaller maximum length.").format(tokens=found.tokens, most=most)
            )  # fmt: skip
        else:
            st.caption(_("It reads about {tokens:,} tokens, all epochs together.").format(tokens=found.tokens))


def _ask_estimate(key: str) -> None:
    st.session_state["estimated"] = key
    st.session_state["stopped_estimate"] = False


def show_start(config: RunConfig, source: Source, follow: str = "run") -> None:
    """The button that starts the run, and what was wrong when it was pressed. follow: the shared value that names the run to watch."""
    st.button(
        _("Start"),
        key="start",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_begin,
        args=(config, source, follow),
    )
    failed = st.session_state.pop("start_error", None)
    if failed:
        raise failed
    st.caption(_("It trains in a process of its own: you may close this page, or the browser, and come back."))


def _begin(config: RunConfig, source: Source, follow: str) -> None:
    """Write the run's folder, start its process, and follow it. A mistake is shown where the button is."""
    try:
        inputs.put(follow, start(config, Path(source.file) if source.file else None).id)
    except UserError as error:
        st.session_state["start_error"] = error


def start(config: RunConfig, file: Path | None) -> Run:
    """A new run of this visitor's, started. Raises UserError when it cannot be."""
    visitor.check_may_start()
    if not visitor.is_teacher():
        rows, named = task_of(config.task).layout, str(file) if file else ""
        limits.check_tokens(
            config, cached_data.dataset(config.data, named, rows.id, config.columns, config.reading, config.preparation)
        )
    run = runs.create(config, file, owner=visitor.me())
    runs.start(run)
    return run


def others(follow: str = "run") -> None:
    """Calm lines on runs that are active, with a way to each."""
    for run in visitor.runs_seen():
        if run.state.status in runs.ACTIVE:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(
                    words.status_icon(run.state.status)
                    + " "
                    + layout.plain(f"{words.status_name(run.state.status)}: {inputs.run_title(run)}")
                )
                st.button(
                    _("Follow it"),
                    key=f"follow_{run.id}",
                    on_click=inputs.put,
                    args=(follow, run.id),
                    type="tertiary",
                    icon=":material/visibility:",
                )
