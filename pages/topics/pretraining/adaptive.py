"""The prepared experiment of Watch it learn: few labels, before and after having read more film reviews.

It queues ordinary runs, finds them again by what they were asked to do, and shows what their reports say.
"""

import pandas as pd
import streamlit as st

from core import adaptive, bundled, runs
from core.errors import UserError
from core.figures import training as training_figures
from core.results import Measure, RunConfig, RunReport
from core.runs import Run
from pages.shared import charts, layout, visitor, words
from pages.shared.cached import runs as cached_runs
from pages.shared.i18n import _

ERROR = "adaptive_error"


def show() -> None:
    """What is asked, what is queued and what came out so far."""
    with st.container(border=True):
        st.markdown("**" + _("Prepared experiment: does pre-training on such texts help?") + "**")
        st.markdown(
            _("Gururangan et al. (2020) continued pre-training on texts of the same kind before fine-tuning. Here, minilm with its masked language modelling head reads 2,000 film reviews without their labels. Then the encoder before this reading and the encoder after it are each fine-tuned on 100 and on 500 labelled film sentences of another source, with three seeds each; so is minilm as published, which was tuned for sentence vectors, for comparison. That makes eighteen short runs after one of a few minutes. Two things to keep in mind: the head read {rows:,} such reviews when it was made, so the question is whether further reading helps; and each run keeps the best of its ten epochs, chosen on all validation sentences, whose labels are not counted here.").format(rows=bundled.READ["imdb"])
        )  # fmt: skip
        if st.toggle(_("Show the experiment"), key="adaptive_open"):
            _experiment()


def _name(contender: str) -> str:
    return {
        "plain": _("minilm as published"),
        "unread": _("before reading more"),
        "adapted": _("after reading more"),
    }[contender]


def _experiment() -> None:
    found = visitor.runs_seen()
    first = (adaptive.start(), adaptive.pretraining(), *adaptive.fine_tunings("plain", adaptive.BASE))
    models = {"plain": adaptive.BASE}
    for contender, config in (("unread", adaptive.start()), ("adapted", adaptive.pretraining())):
        run = adaptive.newest(found, config)
        if run and run.state.status == "finished":
            models[contender] = f"run:{run.id}"
    ready = len(models) == len(adaptive.CONTENDERS)
    asked = {name: adaptive.fine_tunings(name, model) for name, model in models.items()}
    second = (*asked["unread"], *asked["adapted"]) if ready else ()
    known = {config: adaptive.newest(found, config) for config in (*first, *second)}
    _steps(first, second, known, ready)
    reports: dict[int, dict[str, dict[int, RunReport]]] = {count: {name: {} for name in adaptive.CONTENDERS} for count in adaptive.LABELS}  # fmt: skip
    for contender, configs in asked.items():
        for config in configs:
            run = known.get(config)
            report = cached_runs.run_report(run.id) if run and run.state.status == "finished" else None
            if report and "test" in report.evaluations:
                reports[config.limit][contender][config.seed] = report
    _results([adaptive.outcome(count, by_contender) for count, by_contender in reports.items()])


def _steps(
    first: tuple[RunConfig, ...], second: tuple[RunConfig, ...], known: dict[RunConfig, Run | None], ready: bool
) -> None:  # fmt: skip
    """The two buttons that queue what is missing, and how much is done."""
    with st.container(horizontal=True, vertical_alignment="center"):
        missing = [config for config in first if known[config] is None]
        st.button(
            _("1 · Queue the reading and the runs of the published model ({count})").format(count=len(missing)), key="adaptive_first",
            disabled=not missing, on_click=_queue, args=(missing,), icon=":material/playlist_add:",
        )  # fmt: skip
        later = [config for config in second if known[config] is None]
        st.button(
            _("2 · Queue the runs before and after it ({count})").format(count=len(later) if ready else 2 * len(adaptive.LABELS) * len(adaptive.SEEDS)),
            key="adaptive_second", disabled=not later, on_click=_queue, args=(later,), icon=":material/playlist_add:",
            help=None if ready else _("They begin from what the reading run made: it must be finished first."),
        )  # fmt: skip
        st.button(_("Look again"), key="adaptive_again", icon=":material/refresh:")
    failed = st.session_state.pop(ERROR, None)
    if failed:
        raise failed
    states = [run.state.status for run in known.values() if run]
    st.caption(
        _("{finished} of {count} runs are finished, {active} wait or train. Their curves are on the page Runs.").format(
            finished=states.count("finished"), count=2 + len(adaptive.CONTENDERS) * len(adaptive.LABELS) * len(adaptive.SEEDS),
            active=len(states) - states.count("finished"),
        )
    )  # fmt: skip


def _queue(configs: list[RunConfig]) -> None:
    """Create and start runs in this order. A mistake is shown on the page."""
    try:
        visitor.check_may_start(len(configs))
        for config in configs:
            run = runs.create(config, owner=visitor.me())
            runs.start(run)
    except UserError as error:
        st.session_state[ERROR] = error


def _share(value: Measure | None) -> str:
    return words.measured("accuracy", value) if value else "–"


def _results(outcomes: list[adaptive.Outcome]) -> None:
    """Means over seeds with their intervals, and what they allow to say."""
    if not any(row.accuracies[name] for row in outcomes for name in adaptive.CONTENDERS):
        return
    frame = pd.DataFrame(
        {
            _("Labels"): [row.labels for row in outcomes],
            **{_name(name): [_share(row.means.get(name)) for row in outcomes] for name in adaptive.CONTENDERS},
            _("Difference"): [_share(row.difference) for row in outcomes],
            _("Seeds done"): [" / ".join(str(len(row.accuracies[name])) for name in adaptive.CONTENDERS) for row in outcomes],
        }
    )  # fmt: skip
    st.dataframe(frame, hide_index=True, height="content", alt=_("Test accuracy before and after reading more reviews"))  # fmt: skip
    rows = {
        _("{labels} labels, {name}").format(labels=row.labels, name=_name(name)): row.means[name]
        for row in outcomes
        for name in adaptive.CONTENDERS
        if name in row.means
    }
    if rows:
        charts.plot(
            training_figures.intervals(rows, title=_("Test accuracy: mean over seeds with 95% interval"), text=_),
            "adaptive_means",
            _("Test accuracy: mean over seeds with 95% interval"),
        )
    for row in outcomes:
        if row.difference:
            st.markdown(layout.plain(_verdict(row.labels, row.difference)))
    st.caption(_("Intervals are Student's t over the seeds; three seeds make them wide. All runs see the same labelled sentences: other sentences would move all of them. Differences are after − before, of runs with the same seed."))  # fmt: skip


def _verdict(labels: int, difference: Measure) -> str:
    """What the interval of the difference allows to say."""
    low, high = difference.bounds
    if low > 0:
        text = _("With {labels} labels the reading helped: {value:+.3f} accuracy.")
    elif high < 0:
        text = _("With {labels} labels the reading did harm: {value:+.3f} accuracy.")
    else:
        text = _("With {labels} labels the difference is {value:+.3f}, and its interval includes 0: these seeds do not tell whether the reading helps.")  # fmt: skip
    return text.format(labels=labels, value=difference.value)
