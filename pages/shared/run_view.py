"""A run on the page: what it is doing while it is active, what came out when it is done, what can be done next.

Fine-tune follows one run with it, Runs opens any run with it. Everything shown is read from the run's folder; nothing is
trained, loaded or measured here.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.column_types import ColumnConfig

from core import bundled, finetune, models, runs, settings
from core.errors import UserError
from core.export.folder import zip_model
from core.figures import training as training_figures
from core.results import DataReport, Evaluation, Event, Interval, MaskedEvaluation, RunConfig, RunReport, RunState
from core.runs import Run
from core.tasks import TASKS
from pages.shared import cached, inputs, layout
from pages.shared.i18n import _, error_text

POLL_SECONDS = 1.5
PATIENCE_SECONDS = 8  # from when on a cancelled run that still lives can be stopped the hard way
ACTIVE = runs.ACTIVE
RESUMABLE = ("interrupted", "failed", "cancelled")
LOG_LINES = 200
NEXT_FORM = "finetune_from"  # session key: the run whose settings the form takes over, on Fine-tune or Pre-training


# --- Words -------------------------------------------------------------------------------------------------------------


def status_name(status: str) -> str:
    """A run's state in one or two words."""
    return {
        "queued": _("waiting"),
        "running": _("training"),
        "finished": _("finished"),
        "failed": _("failed"),
        "cancelled": _("cancelled"),
        "interrupted": _("interrupted"),
    }[status]


def status_icon(status: str) -> str:
    """A sign beside the state."""
    return {
        "queued": ":material/hourglass_empty:",
        "running": ":material/model_training:",
        "finished": ":material/check_circle:",
        "failed": ":material/error:",
        "cancelled": ":material/cancel:",
        "interrupted": ":material/power_off:",
    }[status]


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    whole = max(0, round(seconds))
    if whole < 90:
        return _("{count} s").format(count=whole)
    if whole < 90 * 60:
        return _("{minutes} min {seconds:02d} s").format(minutes=whole // 60, seconds=whole % 60)
    return _("{hours} h {minutes:02d} min").format(hours=whole // 3600, minutes=whole % 3600 // 60)


def share(value: Interval) -> str:
    """A share with its 95% interval."""
    return f"{value.value:.3f} ({value.low:.3f}–{value.high:.3f})"


def moment(seconds: float | None) -> str:
    """A time of day with its date, "" for none."""
    return "" if seconds is None else datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")


def plot(figure: go.Figure, key: str, alt: str) -> None:
    """A figure, without the tool bar's clutter."""
    st.plotly_chart(
        figure, key=key, alt=alt, config={"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}
    )


def setting_name(field: str) -> str:
    """A field of RunConfig in plain words."""
    if field in finetune.PARAMETERS:
        return _(finetune.PARAMETERS[field].label)
    return {
        "model": _("Model"),
        "data": _("Data"),
        "task": _("Task"),
        "text_column": _("Column of texts"),
        "pair_column": _("Column of second texts"),
        "label_column": _("Column of labels"),
        "name": _("Name"),
        "preset": _("Preset"),
        "method": _("What is trained"),
        "class_weights": _("Give rare labels more weight"),
    }[field]


def task_name(task: str) -> str:
    """A task in plain words; a damaged run's is not known."""
    return _(TASKS[task].title) if task in TASKS else task


def method_name(method: str) -> str:
    """What is trained, in plain words."""
    return _(finetune.METHODS[method].title)


def configuration(config: RunConfig) -> dict[str, str]:
    """A run's settings as a table shows them: plain name → value. What does not apply is left out."""
    unused = {"frozen_layers": config.method != "frozen", "lora_rank": config.method != "lora"}
    shown = {name: value for name, value in asdict(config).items() if value != "" and not unused.get(name)}
    words = {
        "task": lambda value: _(TASKS[value].title),
        "method": method_name,
        "preset": lambda value: _(finetune.PRESETS[value].title) if value in finetune.PRESETS else _("Custom"),
        "class_weights": lambda value: _("yes") if value else _("no"),
        "data": lambda value: value.removeprefix("data/"),
    }
    return {
        setting_name(name): words[name](value)
        if name in words
        else f"{value:,g}"
        if isinstance(value, float)
        else str(value)
        for name, value in shown.items()
    }


def stage_name(stage: str) -> str:
    """What the training process does while it is not training."""
    return {
        "loading": _("loading model and data"),
        "vocabulary": _("learning a vocabulary from the texts"),
        "baseline": _("measuring the model before training"),
        "training": _("training begins"),
        "saving": _("saving the best checkpoint as the model"),
        "evaluating": _("measuring the result on texts it did not train on"),
    }.get(stage, stage)


def group_name(group: str) -> str:
    """A group of parameters in plain words."""
    if group.startswith("layer "):
        return _("layer {number}").format(number=group.removeprefix("layer "))
    return {
        "embeddings": _("embeddings"),
        "layers": _("layers (one shared set)"),
        "pooler": _("pooler"),
        "classifier": _("classifier"),
        "head": _("head that names the masked token"),
    }.get(group, group)


def headline(run: Run) -> None:
    """Which run this is and where it stands."""
    config = run.config
    st.subheader(
        f"{status_icon(run.state.status)} {layout.plain(inputs.run_title(run, cached.run_report(run.id)))}",
        anchor=False,
    )
    st.caption(
        layout.plain(
            _("{state} · data {data} · model {model} · {task} · started {started}").format(
                state=status_name(run.state.status),
                data=config.data.removeprefix("data/"),
                model=config.model,
                task=_(TASKS[config.task].title),
                started=moment(run.state.started or run.state.created),
            )
        )
    )


# --- While it is active ------------------------------------------------------------------------------------------------


def events(run: Run) -> tuple[Event, ...]:
    """What happened in a run; only what came since the last look is read from its folder. Repeated steps appear once."""
    key = f"events_{run.id}"
    known: tuple[Event, ...] = st.session_state.get(key, ())
    st.session_state[key] = known = (*known, *runs.events(run, after=len(known)))
    return runs.history(known)


def last(found: Sequence[Event], kind: str) -> Event | None:
    """The newest event of one kind."""
    return next((event for event in reversed(found) if event.kind == kind), None)


def number(event: Event | None, name: str) -> float | None:
    """A number that an event carries, None when it does not."""
    value = event.values.get(name) if event else None
    return float(value) if isinstance(value, int | float) else None


def shown(value: float | None, form: str) -> str:
    """A number, or a dash while there is none."""
    return "–" if value is None else form.format(value)


def follow(run_id: str, page: str) -> None:
    """One run: live while it is active, then its result and what can be done with it.

    page: makes the keys of the widgets the page's own.
    """
    run = runs.get(run_id)
    if run.state.status in ACTIVE:
        st.fragment(run_every=POLL_SECONDS)(_live)(run_id, page)
    else:
        headline(run)
        outcome(run, page)


def _live(run_id: str, page: str) -> None:
    """What an active run does now. Redrawn every 1.5 s; reads the run's folder and computes nothing."""
    with layout.mistakes():
        run = runs.get(run_id)
        if run.state.status not in ACTIVE:
            st.rerun()  # the whole page, which shows the result and stops asking
        headline(run)
        found = events(run)
        if run.state.status == "queued":
            _waiting(run)
        else:
            _progress(run, found)
        _stop_buttons(run, page)
        _live_numbers(found)
        _curves_of_one(found, page)
        _worst(last(found, "evaluation"))
        if st.toggle(_("Show the log"), key=f"log_{page}_{run_id}"):
            _log(run)


def _waiting(run: Run) -> None:
    """Its place in the queue and what it waits for."""
    active = [other for other in runs.all_runs() if other.state.status in ACTIVE and other.id != run.id]
    training = [inputs.run_title(other) for other in active if other.state.status == "running"]
    ahead = sum(other.state.status == "queued" and other.state.created <= run.state.created for other in active)
    st.info(
        _("Waiting for a free place: {training} training now, {ahead} in front of this one in the queue.").format(
            training=len(training), ahead=ahead
        )
        + " "
        + _(
            "At most {count} train at once (the setting STUDIO_MAX_RUNS). It starts by itself; you can close this page."
        ).format(count=settings.MAX_RUNS.value()),
        icon=":material/hourglass_empty:",
    )
    for title in training:
        st.caption(layout.plain(_("training now: {title}").format(title=title)))


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


def _live_numbers(found: Sequence[Event]) -> None:
    step, measured = last(found, "step"), last(found, "evaluation")
    if step is None and measured is None:
        return
    columns = st.columns(5)
    if is_masked(found):
        _live_masked(columns, step, measured)
        return
    columns[0].metric(
        _("Loss"), shown(number(step, "loss"), "{:.4f}"), help=_("Training loss, mean since the report before.")
    )
    columns[1].metric(
        _("Validation accuracy"), shown(number(measured, "accuracy"), "{:.3f}"), help=_measured_on(measured)
    )
    columns[2].metric(
        _("Validation macro-F1"),
        shown(number(measured, "macro_f1"), "{:.3f}"),
        help=_("Mean of the F1 of all classes."),
    )
    columns[3].metric(_("Examples per second"), shown(number(step, "examples_per_second"), "{:.1f}"))
    columns[4].metric(_("Learning rate"), shown(number(step, "learning_rate"), "{:.2e}"))


def _measured_on(measured: Event | None) -> str:
    n = number(measured, "n")
    return (
        _("Not measured yet.")
        if n is None
        else _("On {n:,} validation examples, none of them trained on.").format(n=int(n))
    )


def _curves_of_one(found: Sequence[Event], page: str) -> None:
    """Loss, scores and learning rate of one run."""
    if last(found, "step") is None and last(found, "evaluation") is None:
        return
    one = {"": found}
    first, second, third = st.columns(3)
    with first:
        plot(
            training_figures.loss_curve(one, uniform=uniform_loss(found), text=_),
            f"loss_{page}",
            _("Training and validation loss against the training step"),
        )
    with second:
        if is_masked(found):
            plot(
                training_figures.masked_curve(one, text=_),
                f"evaluation_{page}",
                _(
                    "How often the masked token is the likeliest, and among the five likeliest, against the training step"
                ),
            )
        else:
            plot(
                training_figures.evaluation_curve(one, text=_),
                f"evaluation_{page}",
                _("Accuracy and macro-F1 on validation against the training step"),
            )
    with third:
        plot(
            training_figures.learning_rate_curve(one, text=_),
            f"rate_{page}",
            _("Learning rate against the training step"),
        )
    probes_table(found)


# --- Masked language models --------------------------------------------------------------------------------------------


def uniform_loss(found: Sequence[Event]) -> float | None:
    """ln V, which only the events of a masked language model carry."""
    return next((value for event in found if (value := number(event, "uniform_loss")) is not None), None)


def is_masked(found: Sequence[Event]) -> bool:
    """Whether these are the events of a masked language model."""
    return uniform_loss(found) is not None


def masked(report: RunReport | None) -> MaskedEvaluation | None:
    """What was measured of a masked language model in the end, None of any other."""
    return (report.masked.get("test") or report.masked.get("validation")) if report else None


def accuracy(report: RunReport | None) -> Interval | None:
    """Share of right answers in the end: labels of a classifier, masked tokens of a masked language model."""
    tokens, measured = masked(report), (report.test or report.validation) if report else None
    return tokens.top1 if tokens else measured.accuracy if measured else None


def _live_masked(columns: Sequence[DeltaGenerator], step: Event | None, measured: Event | None) -> None:
    n = number(measured, "n")
    help_text = _("Not measured yet.") if n is None else _("On {n:,} masked tokens, always the same, of texts it is not trained on.").format(n=int(n))  # fmt: skip
    columns[0].metric(
        _("Loss"), shown(number(step, "loss"), "{:.4f}"),
        help=_("−ln p of the masked tokens in training, mean since the report before."),
    )  # fmt: skip
    columns[1].metric(_("Masked token is the likeliest"), shown(number(measured, "accuracy"), "{:.1%}"), help=help_text)
    columns[2].metric(_("Among the five likeliest"), shown(number(measured, "top5"), "{:.1%}"), help=help_text)
    columns[3].metric(
        _("Perplexity"), shown(number(measured, "perplexity"), "{:,.1f}"),
        help=_("exp(loss) on validation: among how many equally likely tokens it hesitates."),
    )  # fmt: skip
    columns[4].metric(_("Tokens per second"), shown(number(step, "tokens_per_second"), "{:,.0f}"))


def probes_table(found: Sequence[Event]) -> None:
    """What the model thinks [MASK] is in three fixed sentences, at each evaluation."""
    by_step = {event.step: event.values.get("probes") for event in found if event.kind == "evaluation"}
    rows = {step: probes for step, probes in by_step.items() if isinstance(probes, list | tuple) and probes}
    if not rows:
        return
    st.markdown("**" + _("What it thinks [MASK] is, over time") + "**")
    frame = pd.DataFrame(
        [
            {_("Step"): step} | {probe["text"]: likely((w["token"], w["probability"]) for w in probe["top"]) for probe in probes}
            for step, probes in sorted(rows.items())
        ]
    )  # fmt: skip
    st.dataframe(
        frame, hide_index=True, height="content",
        column_config={_("Step"): st.column_config.NumberColumn(format="localized", width="small")},
        alt=_("The three likeliest words for the mask in each of three sentences, a row for each evaluation"),
    )  # fmt: skip


def likely(words: Iterable[tuple[str, float]]) -> str:
    """Words with their probabilities, in one line."""
    return " · ".join(f"{word} {probability:.1%}" for word, probability in words)


def _masked_verdict(report: RunReport) -> None:
    """The numbers of a masked language model with what they must be compared to."""
    measured, before = masked(report), report.masked.get("baseline")
    if measured is None:
        st.info(_("The data has no rows to measure the model on."), icon=":material/info:")
        return
    columns = st.columns(6)
    for column, name, value, text in (
        (columns[0], _("Masked token is the likeliest"), measured.top1, _("Share of the masked tokens, with its 95% interval (Wilson).")),
        (columns[1], _("Among the five likeliest"), measured.top5, _("Share of the masked tokens, with its 95% interval (Wilson).")),
    ):  # fmt: skip
        column.metric(name, f"{value.value:.1%}", f"{value.low:.1%}–{value.high:.1%}", delta_color="off", delta_arrow="off", help=text)  # fmt: skip
    columns[2].metric(
        _("Before training"), shown(before.top1.value if before else None, "{:.1%}"),
        help=_("How often the masked token was the likeliest before this training."),
    )  # fmt: skip
    columns[3].metric(
        _("Loss"), f"{measured.loss:.3f}",
        help=_("Mean of −ln p(token) in nats. Knowing nothing costs ln V = {value:.2f}.").format(value=measured.uniform_loss),
    )  # fmt: skip
    columns[4].metric(
        _("Perplexity"), f"{measured.perplexity:,.1f}",
        help=_("exp(loss): among how many equally likely tokens it hesitates."),
    )  # fmt: skip
    columns[5].metric(
        _("Training time"), duration(report.seconds), help=_("Training alone; evaluations and checkpoints left out.")
    )
    st.markdown(_masked_meaning(report, measured, before))


def _masked_meaning(report: RunReport, measured: MaskedEvaluation, before: MaskedEvaluation | None) -> str:
    """What came out, in words that the intervals allow."""
    if learnt_by_heart(report.data):
        return _("Measured on the training texts themselves ({n:,} masked tokens), so it says nothing about new texts.").format(n=measured.n)  # fmt: skip
    text = _("Of {n:,} masked tokens in texts that this run did not train on, it names **{share:.1%}** (95% interval {low:.1%}–{high:.1%}).").format(
        n=measured.n, share=measured.top1.value, low=measured.top1.low, high=measured.top1.high
    )  # fmt: skip
    if before is None:
        return text
    if measured.top1.low > before.top1.high:
        more = _("Before this training it was {share:.1%} of {n:,}: it has learnt something about such texts.")
    elif measured.top1.high < before.top1.low:
        more = _("Before this training it was {share:.1%} of {n:,}: it has become worse at such texts.")
    else:
        more = _("Before this training it was {share:.1%} of {n:,}, and the intervals overlap: this is no proof that it learnt anything.")  # fmt: skip
    return text + " " + more.format(share=before.top1.value, n=before.n)


def _masked_measure(report: RunReport, page: str) -> None:
    """Before and after: the shares with their intervals, and the fixed sentences."""
    names = {
        "baseline": _("before training"),
        "test": _("after, test texts"),
        "validation": _("after, validation texts"),
    }
    found = {title: report.masked[name] for name, title in names.items() if name in report.masked}
    left, right = st.columns(2)
    with left:
        plot(
            training_figures.intervals({title: row.top1 for title, row in found.items()}, title=_("The masked token is the likeliest"), text=_),
            f"top1_{page}",
            _("How often the masked token is the likeliest, before and after, with 95% intervals"),
        )  # fmt: skip
    with right:
        plot(
            training_figures.intervals({title: row.top5 for title, row in found.items()}, title=_("Among the five likeliest"), text=_),
            f"top5_{page}",
            _("How often the masked token is among the five likeliest, before and after, with 95% intervals"),
        )  # fmt: skip
    st.caption(
        _("The masks of a text are always the same, so runs on the same texts with the same tokenizer can be compared. A perplexity depends on the vocabulary: compare it only where the tokenizer is the same.")
    )  # fmt: skip
    after = masked(report)
    if after and after.probes:
        st.markdown("**" + _("What it thinks [MASK] is") + "**")
        before = report.masked.get("baseline")
        frame = pd.DataFrame({_("Sentence"): [probe.text for probe in after.probes]})
        for title, row in ((_("Before"), before), (_("After"), after)):
            if row and len(row.probes) == len(frame):
                frame[title] = [likely((word.token, word.probability) for word in probe.top) for probe in row.probes]
        st.dataframe(frame, hide_index=True, height="content", alt=_("The likeliest words for the mask, before and after training"))  # fmt: skip


def _worst(measured: Event | None) -> None:
    """The validation examples on which the model was most wrong at the newest evaluation."""
    rows = measured.values.get("worst") if measured else None
    if not isinstance(rows, list | tuple) or not rows:
        return
    st.markdown("**" + _("Most wrong on validation so far") + "**")
    st.caption(
        _("Examples with the highest loss at step {step}. A label that is wrong in the data shows up here too.").format(
            step=measured.step if measured else 0
        )
    )
    frame = pd.DataFrame([row for row in rows if isinstance(row, dict)])
    names = {
        "text": _("Text"),
        "pair": _("Second text"),
        "true": _("True label"),
        "predicted": _("Predicted"),
        "confidence": _("Confidence"),
        "loss": _("Loss"),
    }
    columns = [name for name in names if name in frame and not (name == "pair" and not frame["pair"].any())]
    st.dataframe(
        frame[columns].rename(columns=names),
        hide_index=True,
        column_config=text_table(),
        alt=_("Validation examples with the highest loss"),
    )


def text_table() -> dict[str, ColumnConfig]:
    """How a table of texts with labels shows its columns: room for the texts, three digits for the numbers."""
    wide, three = (
        st.column_config.TextColumn(width="large"),
        st.column_config.NumberColumn(format="%.3f", width="small"),
    )
    return {_("Text"): wide, _("Second text"): wide, _("Confidence"): three, _("Loss"): three}


def _log(run: Run) -> None:
    """The end of what the training process printed."""
    text = runs.log_tail(run, LOG_LINES)
    st.caption(_("The last {count} lines that the training process printed.").format(count=LOG_LINES))
    st.code(text or _("(nothing yet)"), language=None, height=300)


def _stop_buttons(run: Run, page: str) -> None:
    """Cancel, and a harder way when that does not help."""
    asked = run.folder / runs.CANCEL
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            _("Cancel"), key=f"cancel_{page}_{run.id}", icon=":material/stop_circle:", disabled=asked.exists(),
            help=_("Stops after the current step and keeps what was learnt."),
        ):  # fmt: skip
            runs.cancel(run)
        if asked.exists():
            st.caption(_("Stopping after the current step. What it learnt until then is kept, and it can be resumed."))
            if time.time() - asked.stat().st_mtime > PATIENCE_SECONDS and st.button(
                _("Stop now"), key=f"kill_{page}_{run.id}", icon=":material/dangerous:",
                help=_("Ends the process at once. What it learnt since its last checkpoint is lost; the rest can be resumed."),
            ):  # fmt: skip
                runs.kill(run)


# --- When it is done ---------------------------------------------------------------------------------------------------


def outcome(run: Run, page: str) -> None:
    """What came out of a run that is not active: its result, or why there is none, and what to do next."""
    report = cached.run_report(run.id)
    _ending(run, report is not None)
    actions(run, page)
    if report:
        result(run, report, page)
        return
    found = events(run)
    _curves_of_one(found, page)
    _worst(last(found, "evaluation"))
    if is_readable(run):
        settings_table(run)
    with st.expander(_("Log"), icon=":material/article:", expanded=run.state.status == "failed"):
        _log(run)


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


def is_readable(run: Run) -> bool:
    """Whether it is known what the run was asked to do."""
    return run.config.model != "?"


def can_use(run: Run) -> bool:
    """Whether the run has a model."""
    return models.availability(f"run:{run.id}") == "here"


def actions(run: Run, page: str) -> None:
    """What can be done with a run now."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if can_use(run):
            _ways_on(run, page)
            st.download_button(
                _("Download the model (zip)"), lambda: zip_model(run.folder), f"{run.id}.zip", "application/zip",
                key=f"zip_{page}_{run.id}", on_click="ignore", icon=":material/download:",
                help=_("A folder that transformers' pipeline() loads, with its label names."),
            )  # fmt: skip
        if not is_readable(run):
            st.caption(_("All that can be done with it is to delete it, on the page Runs."))
            return
        if run.state.status in RESUMABLE and st.button(
            _("Resume"), key=f"resume_{page}_{run.id}", icon=":material/play_arrow:", type="primary",
            help=_("Goes on from the last complete checkpoint, or from the start when there is none."),
        ):  # fmt: skip
            runs.resume(run)
            st.rerun()
        if st.button(
            _("Train again with changes"), key=f"again_{page}_{run.id}", icon=":material/tune:",
            help=_("Opens the form with the settings of this run."),
        ):  # fmt: skip
            st.session_state[NEXT_FORM] = run.id
            if inputs.is_pretraining(run):
                inputs.put("learning", "")
                st.switch_page("pages/pretraining.py", query_params=inputs.link() | {"view": "learn"})
            inputs.put("run", "")
            st.switch_page("pages/finetune.py")


def _ways_on(run: Run, page: str) -> None:
    """Where a run's model can be used next."""
    name = f"run:{run.id}"
    if not inputs.is_pretraining(run):
        st.page_link(
            "pages/playground.py", label=_("Try it in the Playground"), icon=":material/sports_esports:",
            query_params=inputs.link() | {"model": name},
        )  # fmt: skip
        return
    if st.button(
        _("Fine-tune this"), key=f"finetune_{page}_{run.id}", icon=":material/model_training:", type="primary",
        help=_("Opens Fine-tune with this model to begin from: its encoder stays, a new classifier comes on top."),
    ):  # fmt: skip
        inputs.put("model", name)
        inputs.put("run", "")
        st.switch_page("pages/finetune.py")
    fills = "pair" not in TASKS[run.config.task].inputs
    st.page_link(
        "pages/pretraining.py", label=_("Fill masks with it") if fills else _("Ask it about next sentences"), icon=":material/school:",
        query_params=inputs.link() | {"model": name, "view": "mlm" if fills else "nsp"},
    )  # fmt: skip


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
        _masked_verdict(report)
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
        _masked_measure(report, page)
    elif view == "measure" and measured:
        _measure(measured, page)
    elif view == "mistakes" and measured:
        _mistakes(measured)
    elif view == "curves":
        found = events(run)
        _curves_of_one(found, page)
        _worst(last(found, "evaluation"))
    elif view == "movement":
        _movement(run, report, page)
    elif view == "settings":
        left, right = st.columns(2)
        with left:
            settings_table(run)
        with right:
            _environment(report)
        _log(run)


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


def measured_on(report: RunReport | None) -> str:
    """How many texts a run's numbers come from, and which: "" when nothing was measured."""
    measured = (report.test or report.validation) if report else None
    if report and (tokens := masked(report)):
        return _("{n:,} masked tokens").format(n=tokens.n)
    if not report or not measured:
        return ""
    if learnt_by_heart(report.data):
        return _("{n:,} training texts").format(n=measured.n)
    return (_("{n:,} test texts") if report.test else _("{n:,} validation texts")).format(n=measured.n)


def learnt_by_heart(report: DataReport) -> bool:
    """Whether the data was too small to hold rows back, so that the test rows are the training rows."""
    return any(
        "the training rows themselves" in note and "test" in str(values["splits"]) for note, values in report.notes
    )


def _measure(measured: Evaluation, page: str) -> None:
    left, right = st.columns(2)
    with left:
        plot(
            training_figures.confusion_matrix(measured, text=_),
            f"confusion_{page}",
            _("Confusion matrix: counts of true against predicted labels"),
        )
    with right:
        plot(
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
        plot(
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


def _movement(run: Run, report: RunReport, page: str) -> None:
    """How much each group of parameters moved, and whether most of them stayed unchanged."""
    moved = tuple(replace(row, group=group_name(row.group)) for row in report.movement)
    total = sum(row.parameters for row in moved)
    changed = sum(row.parameters * row.changed for row in moved)
    if not total:
        st.info(_("This run did not record how far its parameters moved."), icon=":material/info:")
        return
    least, most = min(moved, key=lambda row: row.relative), max(moved, key=lambda row: row.relative)
    st.markdown(
        _(
            "The tutorial says that most parameters stay unchanged. Measured here: {changed:.1%} of all {total:,} values changed at all, "
            "and how far is another matter: from {low:.2g}% ({least}) to {high:.2g}% ({most}) of where they stood before."
        ).format(
            changed=changed / total,
            total=total,
            low=100 * least.relative,
            least=least.group,
            high=100 * most.relative,
            most=most.group,
        )
    )
    plot(
        training_figures.movement(moved, text=_),
        f"movement_{page}",
        _("How far each group of parameters moved, in percent"),
    )
    st.caption(
        _(
            "Distance between the parameters before and after, divided by their length before. Word embeddings change only for "
            "words that occur in the training texts. The classifier before training is the new one with random values."
        )
    )
    st.dataframe(
        pd.DataFrame(
            {
                _("Group"): [row.group for row in moved],
                _("Parameters"): [row.parameters for row in moved],
                _("Moved (%)"): [100 * row.relative for row in moved],
                _("Changed at all (%)"): [100 * row.changed for row in moved],
            }
        ),
        hide_index=True,
        column_config={
            _("Parameters"): st.column_config.NumberColumn(format="localized"),
            _("Moved (%)"): st.column_config.NumberColumn(format="%.3f"),
            _("Changed at all (%)"): st.column_config.NumberColumn(format="%.2f"),
        },
        height="content",
        alt=_("How far each group of parameters moved"),
    )


def settings_table(run: Run) -> None:
    """What the run was asked to do."""
    rows = configuration(run.config)
    st.dataframe(
        pd.DataFrame({_("Setting"): list(rows), _("Value"): list(rows.values())}),
        hide_index=True,
        height="content",
        alt=_("The settings of the run"),
    )


def _environment(report: RunReport) -> None:
    """Where and how fast it was trained."""
    rows: Mapping[str, str] = {
        _("Training alone"): duration(report.seconds),
        _("Examples per second"): f"{report.examples_per_second:.1f}",
        _("Tokens per second"): f"{report.tokens_per_second:,.0f}",
        _("Peak memory"): _("{count:,.0f} MB").format(count=report.peak_memory_mb),
        _("Steps"): f"{report.steps:,}",
        _("Best checkpoint, kept as the model"): _("step {step:,}").format(step=report.best_step),
        _("Training texts cut at the length limit"): f"{report.cut_share:.1%}",
        **{environment_name(name): value for name, value in report.environment.items()},
    }
    st.dataframe(
        pd.DataFrame({_("Measured"): list(rows), _("Value"): list(rows.values())}),
        hide_index=True,
        height="content",
        alt=_("Timings and environment of the run"),
    )


def environment_name(name: str) -> str:
    """What a run noted about its surroundings, in plain words."""
    return {
        "python": "Python",
        "torch": "PyTorch",
        "transformers": "transformers",
        "system": _("System"),
        "device": _("Processor or GPU"),
        "threads": _("Threads"),
        "precision": _("Numeric precision"),
        "attention": _("Attention kernel"),
    }.get(name, name)
