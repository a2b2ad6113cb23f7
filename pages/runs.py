"""Runs: every training run on this machine; open one, compare two to four, rank a whole class's, go on from any of them."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import chain, combinations

import pandas as pd
import streamlit as st

from core import bundled, runs
from core.bundled import READY
from core.errors import UserError
from core.figures import training as training_figures
from core.metrics import METRICS, mcnemar
from core.results import Evaluation, RunReport
from core.runs import Run
from core.tasks.table import TASKS
from pages.shared import charts, choices, inputs, layout, path, visitor, words
from pages.shared.cached import runs as cached_runs
from pages.shared.i18n import _, ngettext, sentences
from pages.shared.run_view import curves, history, live
from pages.shared.snippets import runs as snippets

MOST = 4  # runs in one comparison
MOST_RANKED = 60  # a large class
SIGNIFICANT = 0.05


def chosen(known: Sequence[str]) -> list[str]:
    """The runs that are ticked and still exist, at most MOST_RANKED."""
    return [run_id for run_id in inputs.get("runs").split(",") if run_id in known][:MOST_RANKED]


def choose(run_ids: Sequence[str]) -> None:
    inputs.put("runs", ",".join(run_ids))


def ticked(key: str, run_ids: Sequence[str]) -> None:
    """The table's selection becomes the shared value: a cell that was clicked opens its run; a row that is gone by now is left out."""
    selection, before = st.session_state[key]["selection"], st.session_state.get(f"{key}_cells")
    st.session_state[f"{key}_cells"] = cells = selection["cells"]
    rows = [cells[0][0]] if cells and cells != before else selection["rows"]
    choose([run_ids[row] for row in rows if row < len(run_ids)])


def search(found: Sequence[Run]) -> list[Run]:
    """The runs that hold every word that is looked for, in name, note, tags, data, model, task or state, and every chosen tag; only this visitor's, if so asked."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            _("Search"),
            key="runs_search",
            placeholder=_("name, note, tag, data, model, task or state"),
            live="250ms",
            width=420,
        )
        known = sorted({tag for run in found for tag in run.notes.tags}, key=str.casefold)
        options = {tag: tag for tag in known}
        wanted_tags = [tag for tag in st.session_state.get("runs_tags", ()) if tag in options]
        tags = choices.pills(_("Tags"), options, wanted_tags, key="runs_tags") if known else []
        mine = inputs.flag(
            "mine", "runs", label=_("Mine"), help_text=_("Only runs that you started, or opened during this visit.")
        )
    known_here = [run for run in found if visitor.owns(run.id)] if mine else found
    matching = [run for run in known_here if set(tags) <= set(run.notes.tags) and is_match(run, wanted)]
    if len(matching) < len(found):
        st.caption(
            ngettext("{shown} of {count} run", "{shown} of {count} runs", len(found)).format(
                shown=len(matching), count=len(found)
            )
        )
    return matching


def is_match(run: Run, wanted: str) -> bool:
    """Whether a run holds each of the words somewhere."""
    config, written = run.config, run.notes
    task, state = words.task_name(config.task), words.status_name(run.state.status)
    content = (run.name, config.name, written.note, *written.tags, config.data, config.model, task, state, run.id)
    text = " ".join(content).casefold()
    return all(word in text for word in wanted.casefold().split())


def table(found: Sequence[Run], reports: dict[str, RunReport | None]) -> None:
    """All runs, newest first, with a box to tick each."""
    ids = [run.id for run in found]
    frame = pd.DataFrame(
        {
            _("Name"): [run.name for run in found],
            _("Result (95% interval)"): [headline(x.measured if (x := reports[i]) else None) for i in ids],
            _("State"): [words.status_name(run.state.status) for run in found],
            _("Whose"): [whose(run) for run in found],
            _("Tags"): [list(run.notes.tags) for run in found],
            _("Data"): [run.config.data_name for run in found],
            _("Model"): [run.config.model for run in found],
            _("Task"): [words.task_name(run.config.task) for run in found],
            _("Method"): [words.method_name(run.config.method) for run in found],
            _("Measured on"): [words.measured_on(reports[i]) for i in ids],
            _("Training time (s)"): [round(r.seconds, 1) if (r := reports[i]) else None for i in ids],
            _("Created"): [words.moment(run.state.created) for run in found],
        }
    )
    if not any(run.notes.tags for run in found):
        frame = frame.drop(columns=_("Tags"))
    if visitor.is_host() or not any(frame[_("Whose")]):
        frame = frame.drop(columns=_("Whose"))
    if len(set(frame[_("Task")])) == 1:
        frame = frame.drop(columns=_("Task"))
    key = f"table_{'_'.join(ids)}"  # rows are counted from the top: another list is another table
    st.dataframe(
        frame,
        hide_index=True,
        key=key,
        on_select=lambda: ticked(key, ids),
        selection_mode=["multi-row", "single-cell"],
        placeholder="",
        selection_default={"selection": {"rows": [ids.index(run_id) for run_id in chosen(ids)]}},
        alt=_("All runs with state, data, model, result and training time"),
    )
    st.caption(_("Click a run to open it; tick two to four to compare them, more to rank them."))


def whose(run: Run) -> str:
    """Who started a run: you, the name that somebody gave themselves, or nothing that is known."""
    return _("you") if run.owner and run.owner == visitor.me() else visitor.name_of(run.owner)


def before_the_first() -> None:
    """What stands here before the first run."""
    st.markdown(
        _("Your runs will be listed here, a quick one after a minute or two. These models came with the studio, trained in the same way:")
    )  # fmt: skip
    ready_models()
    with st.container(horizontal=True):
        st.page_link("pages/finetune.py", label=_("Open Fine-tune"), icon=":material/model_training:")
        st.page_link("pages/playground.py", label=_("Ask these models"), icon=":material/sports_esports:")


def ready_models() -> None:
    """The models that come with the studio, in the columns of a run."""
    measured = {name: bundled.evaluation(name) for name in READY}
    st.dataframe(
        pd.DataFrame(
            {
                _("Name"): [_(row.title) for row in READY.values()],
                _("Result (95% interval)"): [headline(row) for row in measured.values()],
                _("Data"): [row.data for row in READY.values()],
                _("Model"): [row.base for row in READY.values()],
                _("Task"): [words.task_name(row.task) for row in READY.values()],
                _("Measured on"): [words.counted(row) + " · " + _("test rows") for row in measured.values()],
            }
        ),
        hide_index=True,
        alt=_("The models that come with the studio, with task and result"),
    )


def headline(evaluation: Evaluation | None) -> str:
    """The first metric of a result by name, with its interval; "" where nothing was measured."""
    name = first_metric(evaluation)
    return f"{_(METRICS[name].title)} {words.measured(name, evaluation.metrics[name])}" if evaluation and name else ""


def first_metric(evaluation: Evaluation | None) -> str:
    """Of METRICS; "" where nothing was measured."""
    return next((name for name in evaluation.metrics if name in METRICS), "") if evaluation else ""


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
        st.text(inputs.run_title(runs.get(run_id), cached_runs.run_report(run_id)))
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
            run = runs.get(run_id)
            visitor.check_may_change(run)
            runs.delete(run)
        except UserError as error:
            st.session_state["delete_error"] = error
            return
        if inputs.get("model") == f"run:{run_id}":
            inputs.forget("model")
        if inputs.get("run") == run_id:
            inputs.put("run", "")
    choose(())


def delete_button(picked: Sequence[Run]) -> None:
    if not all(visitor.may_change(run) for run in picked):
        return
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
    return {run.id: f"{letter} · {run.name[:30]}" for letter, run in zip("ABCD", picked, strict=False)}


def compare(picked: Sequence[Run], reports: dict[str, RunReport | None]) -> None:
    """Two to four runs: metrics with intervals, settings that differ, curves over each other."""
    names = titles(picked)
    for run in picked:
        st.caption(
            layout.plain(
                f"{names[run.id][0]}: {inputs.run_title(run, reports[run.id])} · {words.status_name(run.state.status)}"
            )
        )

    st.header(_("Results"), anchor=False)
    results(picked, reports, names)

    st.header(_("Settings that differ"), anchor=False)
    settings = [words.configuration(run.config) for run in picked]
    named = {name: [asked.get(name, "–") for asked in settings] for name in chain.from_iterable(settings)}
    different = {name: values for name, values in named.items() if len(set(values)) > 1}
    if different:
        side_by_side(different, picked, names, _("Settings that differ between the compared runs"))
    else:
        st.caption(_("None: these runs were asked for exactly the same."))

    st.header(_("Curves"), anchor=False)
    axes = {axis: axis_name(axis) for axis in AGAINST}
    against = choices.row(_("Against"), axes, choices.kept("compare_against", axes, "step"), key="compare_against")
    found = {names[run.id]: history.events(run) for run in picked}
    tasks = {run.config.task for run in picked}
    metrics = curves.headline(picked[0].config.task) if len(tasks) == 1 else ()
    caption = _("Loss: dotted with open markers is validation, the other line training.")
    if len(metrics) > 1:
        beside = _("Beside it: dotted with open markers is “{second}”, the other line “{first}”.").format(
            first=_(METRICS[metrics[0]].title), second=_(METRICS[metrics[1]].title)
        )
        caption = sentences(caption, beside)
    st.caption(caption)
    left, right = st.columns(2)
    with left:
        task = TASKS.get(picked[0].config.task) if len(tasks) == 1 else None
        charts.plot(
            training_figures.loss_curve(found, against=against, title=_(task.loss_title) if task else "", text=_),
            "compare_loss",
            _("Loss of each run"),
        )
        charts.plot(
            training_figures.learning_rate_curve(found, against=against, text=_),
            "compare_rate",
            _("Learning rate of each run"),
        )
    with right:
        if metrics:
            charts.plot(
                training_figures.metric_curves(found, metrics, against=against, text=_),
                "compare_scores",
                _("{metrics} of each run").format(metrics=" · ".join(_(METRICS[name].title) for name in metrics)),
            )
        charts.plot(
            training_figures.speed_curve(found, against=against, text=_),
            "compare_speed",
            _("Examples per second of each run"),
        )


def results(picked: Sequence[Run], reports: dict[str, RunReport | None], names: dict[str, str]) -> None:
    """The metrics of two to four runs beside each other, and what may be concluded."""
    evaluations = {run.id: row for run in picked if (report := reports[run.id]) and (row := report.measured)}
    if len({row.task for row in evaluations.values()}) == 1:
        task = next(iter(evaluations.values())).task
        shown = curves.headline(task)
        for column, metric in zip(st.columns(max(1, len(shown))), shown, strict=False):
            title = _(METRICS[metric].title)
            if any(metric in row.metrics and row.metrics[metric].low is not None for row in evaluations.values()):
                title = _("{metric} with 95% intervals").format(metric=title)
            with column:
                charts.plot(
                    training_figures.intervals(
                        {names[i]: row.metrics[metric] for i, row in evaluations.items() if metric in row.metrics},
                        title=title,
                        unit=METRICS[metric].unit,
                        text=_,
                    ),
                    f"compare_{metric}",
                    title,
                )
    if evaluations:
        for text in disagreements(picked, reports, names) or (remark(picked, reports),):
            st.caption(text)
    metrics = dict.fromkeys(name for row in evaluations.values() for name in row.metrics if name in METRICS)
    rows = {_("State"): [words.status_name(run.state.status) for run in picked]}
    rows |= {
        _(METRICS[name].title): [
            words.measured(name, row.metrics[name]) if (row := evaluations.get(run.id)) and name in row.metrics else "–"
            for run in picked
        ]
        for name in metrics
    }
    rows |= {
        _("Measured on"): [words.measured_on(reports[run.id]) or "–" for run in picked],
        _("Training time"): [words.duration(x.seconds) if (x := reports[run.id]) else "–" for run in picked],
        _("Examples per second"): [f"{x.examples_per_second:.1f}" if (x := reports[run.id]) else "–" for run in picked],
        _("Tokens per second"): [f"{x.tokens_per_second:,.0f}" if (x := reports[run.id]) else "–" for run in picked],
        _("Peak memory (MB)"): [f"{x.peak_memory_mb:,.0f}" if (x := reports[run.id]) else "–" for run in picked],
    }
    side_by_side(rows, picked, names, _("Results of the compared runs"))


def disagreements(
    picked: Sequence[Run], reports: dict[str, RunReport | None], names: dict[str, str]
) -> tuple[str, ...]:
    """What each two runs that were measured on the same rows differ in, and whether chance does so; () where they were not."""
    measured = {run.id: row for run in picked if (report := reports[run.id]) and (row := report.measured)}
    if (
        len(measured) < 2
        or len({row.rows for row in measured.values()}) > 1
        or not all(r.right for r in measured.values())
    ):
        return ()
    plain = {run_id: layout.plain(name) for run_id, name in names.items()}
    return tuple(_compared(plain[a], plain[b], measured[a], measured[b]) for a, b in combinations(measured, 2))


def _compared(first: str, second: str, one: Evaluation, other: Evaluation) -> str:
    result = mcnemar(one.right, other.right)
    if not result.first + result.second:
        return _(
            "{first} and {second} were asked the same: {counted}. They are right on the same ones: these rows cannot tell which is better."
        ).format(first=first, second=second, counted=words.counted(one))
    numbers = _(
        "{first} and {second} were asked the same: {counted}. Only {first} is right on {a}, only {second} on {b} (McNemar's exact test, p = {p})."
    ).format(
        first=first, second=second, counted=words.counted(one), a=result.first, b=result.second, p=f"{result.p:.2g}"
    )
    hardly = _("That difference is hardly chance.")
    maybe = _("That difference may be chance. Other seeds would tell more.")
    return sentences(numbers, hardly if result.p < SIGNIFICANT else maybe)


def axis_name(against: str) -> str:
    return {"step": _("training steps"), "epoch": _("epochs"), "seconds": _("seconds")}[against]


def side_by_side(rows: dict[str, list[str]], picked: Sequence[Run], names: dict[str, str], alt: str) -> None:
    """A table with a column per run."""
    frame = pd.DataFrame(
        {_("Value"): list(rows)} | {names[run.id]: [r[i] for r in rows.values()] for i, run in enumerate(picked)}
    )
    st.dataframe(frame, hide_index=True, height="content", alt=alt)


def rows_of(run: Run, evaluation: Evaluation) -> Hashable:
    """What tells the rows of a result from others: their fingerprint, or what an older version kept of them."""
    return evaluation.rows or (run.config.data, run.config.columns, evaluation.n)


def rank(picked: Sequence[Run], reports: dict[str, RunReport | None]) -> None:
    """More runs than can be laid over each other: the best first, those together that were asked the same."""
    alike = defaultdict[Hashable, list[tuple[Run, Evaluation]]](list)
    for run in picked:
        if (report := reports[run.id]) and (row := report.measured) and (metric := first_metric(row)):
            alike[row.task, metric, rows_of(run, row)].append((run, row))
    st.header(_("The best first"), anchor=False)
    st.caption(
        _("Only runs that were asked the same rows can be ranked. Where intervals overlap, the order may be chance; and the best of many was lucky too: new texts will show it a little worse.")
    )  # fmt: skip
    for group in sorted(alike.values(), key=len, reverse=True):
        metric = first_metric(group[0][1])
        group.sort(key=lambda one: one[1].metrics[metric].value, reverse=True)
        first, row = group[0]
        title = " · ".join(
            (words.task_name(row.task), _(METRICS[metric].title), first.config.data_name, words.counted(row))
        )
        charts.plot(
            training_figures.intervals(
                {f"{place} · {ranked(run)}": row.metrics[metric] for place, (run, row) in enumerate(group, 1)},
                title=title,
                unit=METRICS[metric].unit,
                text=_,
            ),
            f"rank_{first.id}",
            title,
        )
    measured = {run.id for group in alike.values() for run, _row in group}
    left = [run.name for run in picked if run.id not in measured]
    if left:
        st.caption(layout.plain(_("Without a result: {runs}").format(runs=", ".join(left))))


def ranked(run: Run) -> str:
    """A run's name, and who started it where that is known."""
    return " · ".join(filter(None, (run.name[:30], whose(run))))


def remark(picked: Sequence[Run], reports: dict[str, RunReport | None]) -> str:
    """What must be known before one of them is called better."""
    measured = [(run, row) for run in picked if (r := reports[run.id]) and (row := r.measured)]
    if len({row.task for _run, row in measured}) > 1:
        return _("They learnt different tasks, so their numbers cannot be compared.")
    if len({rows_of(run, row) for run, row in measured}) > 1:
        return _("They were measured on different texts, so their numbers cannot be compared directly.")
    shown = curves.headline(measured[0][1].task) if measured else ()
    bounds = [row.metrics[shown[0]].bounds for _run, row in measured if shown and shown[0] in row.metrics]
    if len(bounds) < 2:
        return ""
    title = _(METRICS[shown[0]].title)
    if max(low for low, _high in bounds) <= min(high for _low, high in bounds):
        text = _("The intervals overlap ({metric}): the difference may be chance. Other seeds would tell more.")
    else:
        text = _("The intervals of at least two runs do not overlap ({metric}): that difference is hardly chance.")
    return text.format(metric=title)


with layout.page(
    _("Runs"),
    path.step("runs")
    + _(
        "Every training run on this machine, with what it was asked to do and what came out. "
        "Open one, lay up to four over each other, rank a whole class's, go on from any of them, or take its model away."
    ),
):
    with layout.mistakes():
        failed = st.session_state.pop("delete_error", None)
        if failed:
            raise failed
    found = visitor.runs_seen()
    active = [run for run in found if run.state.status in runs.ACTIVE]
    if active:
        watch(active)
    if not found:
        before_the_first()
    else:
        shown = search(found)
        reports = {run.id: cached_runs.run_report(run.id) for run in shown}
        if shown:
            table(shown, reports)
        by_id = {run.id: run for run in shown}
        picked = [by_id[run_id] for run_id in chosen(list(by_id))]
        if len(picked) == 1:
            live.follow(picked[0].id, "runs")
            if reports[picked[0].id]:
                layout.show_code(
                    snippets.run_folder(str(picked[0].folder)),
                    _("What this page shows stands in the run's folder as plain JSON; this reads it."),
                )
        elif len(picked) > MOST:
            rank(picked, reports)
        elif picked:
            compare(picked, reports)
        if picked:
            delete_button(picked)
        with st.expander(_("The models that come with the studio"), icon=":material/inventory_2:"):
            ready_models()
    path.footer("runs")
