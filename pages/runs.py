"""Runs: every training run on this machine; open one, compare two to four, go on from any of them."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import runs
from core.errors import UserError
from core.figures import training as training_figures
from core.results import MaskedEvaluation, RunReport
from core.runs import Run
from pages.shared import cached, inputs, layout, words
from pages.shared.i18n import _
from pages.shared.run_view import history, live, measures
from pages.shared.snippets import runs as snippets

MOST = 4  # runs in one comparison


def chosen(known: Sequence[str]) -> list[str]:
    """The runs that are ticked and still exist, at most four."""
    return [run_id for run_id in inputs.get("runs").split(",") if run_id in known][:MOST]


def choose(run_ids: Sequence[str]) -> None:
    inputs.put("runs", ",".join(run_ids))


def ticked(key: str, run_ids: Sequence[str]) -> None:
    """The table's selection becomes the shared value; a row that is gone by now is left out."""
    rows = st.session_state[key]["selection"]["rows"]
    choose([run_ids[row] for row in rows if row < len(run_ids)])


def table(found: Sequence[Run], reports: dict[str, RunReport | None]) -> None:
    """All runs, newest first, with a box to tick each."""
    measured = {run_id: (report.test or report.validation) if report else None for run_id, report in reports.items()}
    accuracy = {run_id: measures.accuracy(report) for run_id, report in reports.items()}
    ids = [run.id for run in found]
    frame = pd.DataFrame(
        {
            _("State"): [words.status_name(run.state.status) for run in found],
            _("Name"): [run.config.name for run in found],
            _("Data"): [run.config.data.removeprefix("data/") for run in found],
            _("Model"): [run.config.model for run in found],
            _("Task"): [words.task_name(run.config.task) for run in found],
            _("Method"): [words.method_name(run.config.method) for run in found],
            _("Accuracy (95% interval)"): [words.share(a) if (a := accuracy[i]) else "" for i in ids],
            _("Macro-F1 (95% interval)"): [words.share(m.macro_f1) if (m := measured[i]) else "" for i in ids],
            _("Measured on"): [measures.measured_on(reports[i]) for i in ids],
            _("Training time (s)"): [round(r.seconds, 1) if (r := reports[i]) else None for i in ids],
            _("Created"): [words.moment(run.state.created) for run in found],
        }
    )
    if not any(frame[_("Name")]):
        frame = frame.drop(columns=_("Name"))
    if len(set(frame[_("Task")])) == 1:
        frame = frame.drop(columns=_("Task"))
    key = f"table_{'_'.join(ids)}"  # rows are counted from the top: another list is another table
    st.dataframe(
        frame,
        hide_index=True,
        key=key,
        on_select=lambda: ticked(key, ids),
        selection_mode="multi-row",
        placeholder="",
        selection_default={"selection": {"rows": [ids.index(run_id) for run_id in chosen(ids)]}},
        alt=_("All runs with state, data, model, accuracy and training time"),
    )
    st.caption(_("Tick one run to open it, two to four to compare them."))


def watch(found: Sequence[Run]) -> None:
    """The active runs, redrawn while there are any; the whole page when one of them is in another state."""
    st.fragment(run_every=2 * live.POLL_SECONDS)(_watch)({run.id: run.state.status for run in found})


def _watch(known: dict[str, str]) -> None:
    for run_id, status in known.items():
        with layout.mistakes(), st.container(border=True):
            run = runs.get(run_id)
            if run.state.status != status:
                st.rerun()
            live.brief(run)


@st.dialog(_("Delete for good?"))
def confirm_delete(run_ids: Sequence[str]) -> None:
    """Ask before anything is deleted."""
    st.markdown(_("This deletes the model, its checkpoints, its curves and its report. It cannot be undone."))
    for run_id in run_ids:
        st.text(inputs.run_title(runs.get(run_id), cached.run_report(run_id)))
    with st.container(horizontal=True):
        if st.button(
            _("Delete"), type="primary", icon=":material/delete:", key="really_delete", on_click=delete, args=(run_ids,)
        ):
            st.rerun()
        if st.button(_("Keep"), key="keep"):
            st.rerun()


def delete(run_ids: Sequence[str]) -> None:
    """Delete runs; no page goes on with one that is gone. A mistake is shown on the page."""
    for run_id in run_ids:
        try:
            runs.delete(runs.get(run_id))
        except UserError as error:
            st.session_state["delete_error"] = error
            return
        if inputs.get("model") == f"run:{run_id}":
            inputs.put("model", inputs.DEFAULTS["model"])
        if inputs.get("run") == run_id:
            inputs.put("run", "")
    choose(())


def delete_button(picked: Sequence[Run]) -> None:
    active = [run for run in picked if run.state.status in runs.ACTIVE]
    if st.button(
        _("Delete") if len(picked) == 1 else _("Delete these {count}").format(count=len(picked)),
        icon=":material/delete:",
        key="delete",
        disabled=bool(active),
        help=_("An active run must be cancelled first.") if active else None,
    ):
        confirm_delete([run.id for run in picked])


AGAINST: tuple[training_figures.Against, ...] = ("step", "epoch", "seconds")


def titles(picked: Sequence[Run]) -> dict[str, str]:
    """Run id → a title that tells the picked runs apart: A, B, C, D and its data or name."""
    return {
        run.id: f"{letter} · {(run.config.name or run.config.data.removeprefix('data/'))[:30]}"
        for letter, run in zip("ABCD", picked, strict=False)
    }


def compare(picked: Sequence[Run], reports: dict[str, RunReport | None]) -> None:
    """Two to four runs: metrics with intervals, settings that differ, curves over each other."""
    names = titles(picked)
    for run in picked:
        st.caption(
            layout.plain(
                f"{names[run.id][0]}: {inputs.run_title(run, reports[run.id])} · {words.status_name(run.state.status)}"
            )
        )

    st.subheader(_("Results"), anchor=False)
    measured = {
        run.id: result for run in picked if (report := reports[run.id]) and (result := report.test or report.validation)
    }
    masked = {run.id: row for run in picked if (row := measures.masked(reports[run.id]))}
    accuracy = {run.id: share for run in picked if (share := measures.accuracy(reports[run.id]))}
    if masked:
        compare_masked(masked, names)
        st.caption(remark(picked, reports))
    if measured and not masked:
        left, right = st.columns(2)
        with left:
            layout.plot(
                training_figures.intervals(
                    {names[i]: m.accuracy for i, m in measured.items()}, title=_("Accuracy with 95% intervals"), text=_
                ),
                "compare_accuracy",
                _("Accuracy of each run with its 95% interval"),
            )
        with right:
            layout.plot(
                training_figures.intervals(
                    {names[i]: m.macro_f1 for i, m in measured.items()}, title=_("Macro-F1 with 95% intervals"), text=_
                ),
                "compare_f1",
                _("Macro-F1 of each run with its 95% interval"),
            )
        st.caption(remark(picked, reports))
    rows = {
        _("State"): [words.status_name(run.state.status) for run in picked],
        _("Accuracy (95% interval)"): [words.share(accuracy[r.id]) if r.id in accuracy else "–" for r in picked],
        _("Macro-F1 (95% interval)"): [
            words.share(measured[r.id].macro_f1) if r.id in measured else "–" for r in picked
        ],
        _("Measured on"): [measures.measured_on(reports[r.id]) or "–" for r in picked],
        _("Calibration error"): [f"{measured[r.id].ece:.3f}" if r.id in measured else "–" for r in picked],
        _("Training time"): [words.duration(x.seconds) if (x := reports[r.id]) else "–" for r in picked],
        _("Examples per second"): [f"{x.examples_per_second:.1f}" if (x := reports[r.id]) else "–" for r in picked],
        _("Peak memory (MB)"): [f"{x.peak_memory_mb:,.0f}" if (x := reports[r.id]) else "–" for r in picked],
    }
    if masked:
        loss, perplexity, tokens = _("Loss on unseen texts"), _("Perplexity"), _("Tokens per second")
        rows[loss] = [f"{masked[r.id].loss:.3f}" if r.id in masked else "–" for r in picked]
        rows[perplexity] = [f"{masked[r.id].perplexity:,.1f}" if r.id in masked else "–" for r in picked]
        rows[tokens] = [f"{x.tokens_per_second:,.0f}" if (x := reports[r.id]) else "–" for r in picked]
    empty = [name for name, cells in rows.items() if set(cells) == {"–"} and name != _("Measured on")]
    side_by_side(
        {name: cells for name, cells in rows.items() if name not in empty or not masked}, picked, names, _("Results of the compared runs")
    )  # fmt: skip

    st.subheader(_("Settings that differ"), anchor=False)
    settings = {run.id: words.configuration(run.config) for run in picked}
    different = {
        name: [settings[run.id][name] for run in picked]
        for name in settings[picked[0].id]
        if len({settings[run.id][name] for run in picked}) > 1
    }
    if different:
        side_by_side(different, picked, names, _("Settings that differ between the compared runs"))
    else:
        st.caption(_("None: these runs were asked for exactly the same."))

    st.subheader(_("Curves"), anchor=False)
    against = st.segmented_control(
        _("Against"), AGAINST, format_func=axis_name, default="step", required=True, key="compare_against"
    )
    found = {names[run.id]: history.events(run) for run in picked}
    of_masks = all(history.is_masked(events) for events in found.values())
    st.caption(
        _(
            "Loss: dotted with open markers is validation, the other line training. Scores: dotted with open markers is “among the five likeliest”, the other line “the likeliest”."
        )
        if of_masks
        else _(
            "Loss: dotted with open markers is validation, the other line training. Scores: dotted with open markers is macro-F1, the other line accuracy."
        )
    )
    left, right = st.columns(2)
    with left:
        layout.plot(training_figures.loss_curve(found, against=against, text=_), "compare_loss", _("Loss of each run"))
        layout.plot(
            training_figures.learning_rate_curve(found, against=against, text=_),
            "compare_rate",
            _("Learning rate of each run"),
        )
    with right:
        layout.plot(
            (training_figures.masked_curve if of_masks else training_figures.evaluation_curve)(
                found, against=against, text=_
            ),
            "compare_scores",
            _("How often each run names the masked token") if of_masks else _("Accuracy and macro-F1 of each run"),
        )
        layout.plot(
            training_figures.speed_curve(found, against=against, text=_),
            "compare_speed",
            _("Examples per second of each run"),
        )


def compare_masked(found: dict[str, MaskedEvaluation], names: dict[str, str]) -> None:
    """How often each masked language model names the token, beside each other."""
    left, right = st.columns(2)
    with left:
        layout.plot(
            training_figures.intervals(
                {names[i]: row.top1 for i, row in found.items()}, title=_("The masked token is the likeliest"), text=_
            ),
            "compare_accuracy",
            _("How often the masked token is the likeliest, with 95% intervals"),
        )
    with right:
        layout.plot(
            training_figures.intervals(
                {names[i]: row.top5 for i, row in found.items()}, title=_("Among the five likeliest"), text=_
            ),
            "compare_f1",
            _("How often the masked token is among the five likeliest, with 95% intervals"),
        )


def axis_name(against: str) -> str:
    return {"step": _("training steps"), "epoch": _("epochs"), "seconds": _("seconds")}[against]


def side_by_side(rows: dict[str, list[str]], picked: Sequence[Run], names: dict[str, str], alt: str) -> None:
    """A table with a column per run."""
    frame = pd.DataFrame(
        {_("Value"): list(rows)} | {names[run.id]: [r[i] for r in rows.values()] for i, run in enumerate(picked)}
    )
    st.dataframe(frame, hide_index=True, height="content", alt=alt)


def remark(picked: Sequence[Run], reports: dict[str, RunReport | None]) -> str:
    """What must be known before one of them is called better."""
    measured = [
        (run, accuracy, m.n)
        for run in picked
        if (r := reports[run.id])
        and (m := measures.masked(r) or r.test or r.validation)
        and (accuracy := measures.accuracy(r))
    ]
    if len({run.config.task for run, _accuracy, _n in measured}) > 1:
        return _("They learnt different tasks, so their numbers cannot be compared.")
    sources = {
        (run.config.data, run.config.task, run.config.text_column, run.config.pair_column, run.config.label_column, n)
        for run, _accuracy, n in measured
    }
    if len(sources) > 1:
        return _("They were measured on different texts, so their numbers cannot be compared directly.")
    if len(measured) > 1:
        lowest_high = min(accuracy.high for _run, accuracy, _n in measured)
        highest_low = max(accuracy.low for _run, accuracy, _n in measured)
        if highest_low <= lowest_high:
            return _("The intervals of accuracy overlap: the difference may be chance. Other seeds would tell more.")
        return _("The intervals of accuracy of at least two runs do not overlap: that difference is hardly chance.")
    return ""


with layout.page(
    _("Runs"),
    _(
        "Every training run on this machine, with what it was asked to do and what came out. "
        "Open one, lay up to four over each other, go on from any of them, or take its model away."
    ),
):
    with layout.mistakes():
        failed = st.session_state.pop("delete_error", None)
        if failed:
            raise failed
    found = runs.all_runs()
    active = [run for run in found if run.state.status in runs.ACTIVE]
    if active:
        watch(active)
    if not found:
        st.info(
            _("No run yet. Fine-tune a model, and it appears here; a quick one takes a minute or two."),
            icon=":material/info:",
        )
        st.page_link("pages/finetune.py", label=_("Open Fine-tune"), icon=":material/model_training:")
    else:
        reports = {run.id: cached.run_report(run.id) for run in found}
        table(found, reports)
        by_id = {run.id: run for run in found}
        picked = [by_id[run_id] for run_id in chosen(list(by_id))]
        if picked:
            delete_button(picked)
        if len(picked) == 1:
            live.follow(picked[0].id, "runs")
            if report := reports[picked[0].id]:
                layout.show_code(
                    snippets.run_folder(str(picked[0].folder), masked=bool(report.masked)),
                    _("What this page shows stands in the run's folder as plain JSON; this reads it."),
                )
        elif picked:
            compare(picked, reports)
