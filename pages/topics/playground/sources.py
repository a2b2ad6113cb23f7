"""Where many texts come from: what is pasted, or a file and its columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from core import models, runs, settings
from core.data import fit, relabel
from core.data.columns import check_column, choose_inputs, instead, more_texts, parts_of, prefer
from core.data.load import ask
from core.errors import Note, UserError
from core.results import JOINED, RunConfig
from pages.shared import choices, layout
from pages.shared.cached import data as cached_data
from pages.shared.cached import models as cached_models
from pages.shared.data_form import passing, report
from pages.shared.data_form.uploads import suffixes_of
from pages.shared.i18n import _, ngettext
from pages.topics.playground import bulk
from pages.topics.playground.answering import short_title


def pasted(name: str, titles: Mapping[str, str]) -> bulk.Job:
    """A job over what was pasted, one text a line. Raises UserError when nothing was."""
    lines = str(st.session_state.get("bulk_text", "")).splitlines()
    roles = cached_models.predictor(name).task.inputs
    parts = [
        (line.split("\t", len(roles) - 1) + [""] * len(roles))[: len(roles)] if len(roles) > 1 else [line]
        for line in lines
    ]
    job = bulk.create(
        name, short_title(name, titles), {role: [row[i] for row in parts] for i, role in enumerate(roles)}
    )
    report.warnings(unfit(name, job.inputs))
    return job


def from_file(name: str, titles: Mapping[str, str]) -> bulk.Job | None:
    """A job over a file's rows once it and its columns are chosen, else None."""
    predictor = cached_models.predictor(name)
    task = predictor.task
    limit = settings.MAX_UPLOAD_MB.value()
    upload = st.file_uploader(
        _("A file with one text a row"),
        type=suffixes_of([task.layout]),
        max_upload_size=limit,
        key="bulk_file",
        help=_("Its encoding, delimiter and columns are recognised. It is read here and not kept."),
    )
    if upload is None:
        return None
    table = passing.table_of(upload, task.layout, key="bulk_")
    if table is None:
        return None
    frame = table.frame
    roles, labelled = task.layout.inputs, "label" in task.gives
    columns = [str(column) for column in frame.columns]
    if len(columns) < len(roles):
        raise UserError(
            "this model reads {count} texts together; the file has too few columns: {columns}",
            count=len(roles),
            columns=", ".join(columns),
        )
    trained = _trained(name)
    learnt, renamed = dict(trained.columns), {label: name for label, name in trained.preparation.labels if name}
    known = prefer(frame, roles, learnt)
    try:
        guessed = choose_inputs(frame, task.layout, known)
    except UserError:  # not clear: the columns are offered in their order
        guessed = dict(zip(task.inputs, columns, strict=False))
    places = st.columns(len(roles) + labelled)
    chosen: dict[str, str] = {}
    for role, place in zip(roles, places, strict=False):
        rest = [column for column in columns if column not in chosen.values()]
        if len(roles) == 1:
            rest += [JOINED.join((guessed[role.id], other)) for other in more_texts(frame, task.layout, guessed)]
        guess = guessed[role.id]
        rest += [] if guess in rest or guess in columns else [guess]
        offered, key = {column: column for column in rest}, f"bulk_{role.id}_column@{upload.file_id}"
        with place:
            chosen[role.id] = choices.listed(
                _(role.title), offered, choices.kept(key, offered, guess if guess in rest else rest[0]), key=key
            )
    truth = ""
    if labelled:
        taken = [part for column in chosen.values() for part in parts_of(frame, column)]
        rest = [column for column in columns if column not in taken]
        guess = bulk.guess_truth(frame, taken, (*predictor.labels, *renamed))
        offered = {"": _("none: predict only"), **{column: column for column in rest}}
        key = f"bulk_label_column@{upload.file_id}@{name}"
        with places[-1]:
            truth = choices.listed(
                _("Label column (optional)"),
                offered,
                choices.kept(key, offered, guess),
                key=key,
                help=_("With labels, the page also says how many answers are right."),
            )
    for column in (*chosen.values(), *filter(None, (truth,))):
        check_column(frame, column)
    source = ask(upload.name, task.layout, table, chosen, separator=trained.preparation.separator)
    st.caption(
        ngettext("{rows:,} row in {file}", "{rows:,} rows in {file}", len(source.frame)).format(
            rows=len(source.frame), file=layout.plain(upload.name)
        )
    )
    labels = [cell.strip() for cell in source.frame[truth]] if truth else []
    counts = Counter(labels)
    as_learnt = relabel.notes({label: name for label, name in renamed.items() if label in counts}, counts)
    labels = [renamed.get(label, label) for label in labels]
    job = bulk.create(name, short_title(name, titles), source.texts, labels or None, source, upload.name, truth)
    used = dict(source.report.used) | ({"label": truth} if truth else {})
    report.remarks(
        replace(source.report, used=used), (*instead(learnt, known, chosen), *as_learnt, *unfit(name, job.inputs))
    )
    if source.report.unreadable:
        st.warning(
            _(
                "Rows that could not be read: {count:,}, beginning in line {lines}. They stay empty in the download."
            ).format(count=len(source.report.unreadable), lines=", ".join(map(str, source.report.unreadable[:20])))
        )
    return job


def _trained(name: str) -> RunConfig:
    """How a model was trained, where it is a run; otherwise what is so of any."""
    run = models.RUN_NAME.fullmatch(name)
    return runs.get(run[1]).config if run else RunConfig(name, "")


def unfit(name: str, texts: Mapping[str, Sequence[str]]) -> tuple[Note, ...]:
    """What is to be said of how a model reads some texts, seen on a sample of them."""
    predictor = cached_models.predictor(name)
    found = cached_data.fit_of(name, predictor.task.layout.readings(texts))
    return fit.notes(found, predictor.max_length, cut=not predictor.task.windowed)
