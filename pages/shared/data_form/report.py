"""What a source is: what the loader found, how the answers are spread, what the model will read.

This module does not know how the data was chosen.
"""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from core.data import fit
from core.data import remarks as core_remarks
from core.data.dataset import TextDataset
from core.errors import Note
from core.figures import training as training_figures
from core.results import DataReport
from core.tasks.table import TASKS
from pages.shared import charts, layout, recipe, words
from pages.shared.cached import data as cached_data
from pages.shared.data_form import labels
from pages.shared.data_form.other_task import offered, reading, use_other
from pages.shared.data_form.source import Source
from pages.shared.i18n import _, capital, sentence
from pages.shared.tasks.table import VIEWS

PREVIEW = 3


def _read_by(model: str, source: Source) -> fit.Fit:
    """How a model's tokenizer reads the texts."""
    return cached_data.fit(
        model, source.name, source.file, source.layout, source.columns, source.reading, source.preparation
    )


def unfit(source: Source, model: str, max_length: int) -> tuple[Note, ...]:
    """What is to be said where a model cannot read the texts, or not to their ends."""
    return fit.notes(_read_by(model, source), max_length, cut=not TASKS[source.task].windowed)


def show_data(source: Source, dataset: TextDataset, model: str, max_length: int) -> None:
    """What the loader found, how the answers are spread, and what the model will read."""
    report = dataset.report
    columns = st.columns(4)
    columns[0].metric(_("Training rows"), f"{report.counts.get('train', 0):,}")
    columns[1].metric(
        _("Validation rows"),
        f"{report.counts.get('validation', 0):,}",
        help=_("Measured during training; they choose the best checkpoint."),
    )
    columns[2].metric(
        _("Test rows"), f"{report.counts.get('test', 0):,}", help=_("Measured once, at the end; never trained on.")
    )
    lost = sum(row.count for row in report.dropped)
    columns[3].metric(_("Left out"), f"{lost:,}", help=_("Rows that cannot be used; the reasons are below."))
    alike = cached_data.alike(
        source.name, source.file, source.layout, source.columns, source.reading, source.preparation
    )
    remarks(report, (*unfit(source, model, max_length), *alike), mends(source, report))
    left, right = st.columns(2)
    with left:
        VIEWS[source.task].data(dataset)
    with right, layout.mistakes():
        lengths = _read_by(model, source).lengths
        charts.plot(
            training_figures.length_histogram(lengths, max_length, text=_),
            "lengths",
            _("Length of the examples in tokens"),
        )
        longer = _(
            "{share:.1%} of the {n:,} training examples checked are longer than {limit} tokens and will be cut there; half have at most {median:.0f}."
        )
        if TASKS[source.task].windowed:
            longer = _(
                "{share:.1%} of the {n:,} training examples checked are longer than {limit} tokens and will be read in overlapping windows; half have at most {median:.0f}."
            )
        if not (lengths > max_length).any():
            longer = _(
                "None of the {n:,} training examples checked is longer than {limit} tokens; half have at most {median:.0f}."
            )
        st.caption(
            longer.format(
                share=float((lengths > max_length).mean()),
                n=len(lengths),
                limit=max_length,
                median=float(pd.Series(lengths).median()),
            )
        )
    with layout.mistakes():
        preview(source.task, dataset, model, max_length)


def remarks(
    report: DataReport, more: tuple[Note, ...] = (), mended: Mapping[str, Callable[[], None]] | None = None
) -> None:
    """Everything that should be known about the data before anything that comes of it is believed.

    more: further warnings. mended: what mends a remark → draws the button for it, beside the remark.
    """
    found, buttons = core_remarks.remarks(report, more), mended or {}
    for remark in found:
        if remark.mend in buttons:
            left, right = st.columns([3, 2], vertical_alignment="center")
            with left:
                _box([(remark.message, remark.values)], warning=remark.warning)
            with right, st.container(horizontal=True):
                buttons[remark.mend]()
    rest = [remark for remark in found if remark.mend not in buttons]
    for warning in (True, False):
        _box([(remark.message, remark.values) for remark in rest if remark.warning == warning], warning=warning)
    names = words.header_name(report.header)
    how = [
        _("read as {encoding}").format(encoding=report.encoding) if report.encoding else "",
        _("delimiter: {delimiter}").format(delimiter=words.delimiter_name(report.delimiter))
        if report.delimiter
        else "",
        _("column names: {names}").format(names=names) if names else "",
        _("columns used: {columns}").format(columns=", ".join(report.used.values())),
        _("not used: {columns}").format(columns=", ".join(report.unused[:20])) if report.unused else "",
    ]
    st.caption(layout.plain(capital(" · ".join(part for part in how if part))))
    if report.dropped:
        with st.expander(_("Why rows were left out"), expanded=core_remarks.is_much(report)):
            st.dataframe(
                pd.DataFrame(
                    {
                        _("Reason"): [capital(_(row.reason)) for row in report.dropped],
                        _("Rows"): [row.count for row in report.dropped],
                        _("For example"): ["  ⏎  ".join(row.examples) for row in report.dropped],
                    }
                ),
                hide_index=True,
                alt=_("Why rows were left out, how many, and examples"),
            )


def warnings(notes: Sequence[Note]) -> None:
    """What is to be said of texts and the model that reads them, as one warning."""
    _box(notes, warning=True)


def _box(notes: Sequence[Note], *, warning: bool) -> None:
    if notes and warning:
        st.warning(_sentences(notes), icon=":material/warning:")
    elif notes:
        st.info(_sentences(notes), icon=":material/info:")


def _sentences(notes: Sequence[Note]) -> str:
    """Remarks in the language of the page: one as a sentence, several as a list."""
    sentences = [layout.plain(sentence(message, values)) for message, values in notes]
    return sentences[0] if len(sentences) == 1 else "\n".join(f"- {text}" for text in sentences)


def mends(source: Source, report: DataReport) -> dict[str, Callable[[], None]]:
    """What mends a remark → its buttons: spellings of a label merged, a task that reads such answers or two texts, two columns as one."""
    task = TASKS[source.task]
    roles = {role.id for role in task.layout.roles}

    def merge() -> None:
        labels.offer_merge(report, source.labels, recipe.values())

    def read_otherwise() -> None:
        if report.rather:
            use_other(reading(report.rather))

    def join() -> None:
        joined = core_remarks.joined(report)
        use_other([row for row in offered() if roles < {role.id for role in row.layout.roles}])
        st.button(
            layout.plain(_("Read {columns} as one text").format(columns=joined)),
            key="join_columns",
            on_click=recipe.values().choose_column,
            args=(next(role.id for role in task.layout.roles if role.kind == "text"), joined),
            icon=":material/merge:",
        )

    def score() -> None:
        same = [row for row in offered() if row.layout.inputs == task.layout.inputs]
        use_other([row for row in same if any(role.kind == "score" for role in row.layout.roles)])

    return {
        core_remarks.MERGE: merge,
        core_remarks.OTHER_TASK: read_otherwise,
        core_remarks.JOIN: join,
        core_remarks.SCALE: score,
    }


def preview(task: str, dataset: TextDataset, model: str, max_length: int) -> None:
    """The first training examples as the model reads them."""
    st.markdown("**" + _("What the model will read") + "**")
    train = dataset.splits["train"]
    for row in train.select(range(min(PREVIEW, len(train)))):
        VIEWS[task].preview(row, dataset, model, max_length)
