"""Choosing the data of a training run, and seeing what it is: a dataset, an uploaded file or the hub.

An uploaded file is kept under its fingerprint in the studio's home, so that a refresh does not lose it; the shared value
"data" names it. This module does not know how training is set up, apart from the columns that are part of it.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from time import time
from typing import Any

import pandas as pd
import streamlit as st

from core import hub, models, settings
from core.data import fit
from core.data import remarks as core_remarks
from core.data.bundled import DATASETS
from core.data.columns import choose_columns as complete
from core.data.columns import prefer
from core.data.dataset import Layout, TextDataset
from core.errors import Note, UserError
from core.figures import training as training_figures
from core.results import DataReport, Reading
from core.tables import files
from core.tables.table import FIND_OUT, Table, WordsWithTags
from core.tasks.base import Task
from core.tasks.table import TASKS
from pages.shared import choices, inputs, layout, recipe, words
from pages.shared.cached import data as cached_data
from pages.shared.i18n import _, error_text
from pages.shared.tasks.table import VIEWS

HEADERS: Mapping[str, bool | None] = {"": None, "yes": True, "no": False}
DELIMITERS = (",", ";", "\t", "|")
PREVIEW = 3
KEPT_SECONDS = 7 * 24 * 3600  # how long an uploaded file that nobody uses is kept
UPLOAD = re.compile(r"upload:([0-9a-f]{24})")
NO_FILE = "upload:"


@dataclass(frozen=True)
class Source:
    """Chosen data. name: a DATASETS id, a hub id or a file's name; file: its path, "" when it is not a file."""

    name: str
    file: str
    task: str
    columns: cached_data.Columns = ()
    reading: Reading = FIND_OUT

    @property
    def layout(self) -> str:
        return TASKS[self.task].layout.id

    def load(self) -> TextDataset:
        return cached_data.dataset(self.name, self.file, self.layout, self.columns, self.reading)


def uploads() -> Path:
    return settings.HOME.value() / "uploads"


def keep_upload(name: str, content: bytes) -> str:
    """Write an uploaded file under its fingerprint; returns its value of "data". Files that were left are cleared away."""
    digest = sha256(content).hexdigest()[:24]
    folder = uploads() / digest
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(re.sub(r"[^\w.-]+", "_", Path(name).name).lstrip("."))
    path = folder / f"{path.stem[:80] or 'data'}{path.suffix.lower()}"
    if not path.is_file() or path.stat().st_size != len(content):
        aside = folder / "incoming"
        aside.write_bytes(content)
        aside.replace(path)
    os.utime(folder)
    for other in uploads().iterdir():
        with suppress(FileNotFoundError):  # another visitor's page may clear it away at the same time
            if other != folder and time() - other.stat().st_mtime > KEPT_SECONDS:
                rmtree(other, ignore_errors=True)
    return f"upload:{digest}"


def file_of(name: str, suffixes: Iterable[str] = files.SUFFIXES) -> Path | None:
    """The file behind a value of "data" that names an upload or a run's own copy; None when it is neither or gone.

    suffixes: of the files that can be read here. An upload that is used is kept for longer.
    """
    upload, run = UPLOAD.fullmatch(name), models.RUN_NAME.fullmatch(name)
    folder = uploads() / upload[1] if upload else settings.runs_folder() / run[1] / "data" if run else None
    if folder is None:
        return None
    with suppress(FileNotFoundError):
        if upload:
            os.utime(folder)
        return next((path for path in sorted(folder.iterdir()) if path.suffix in tuple(suffixes)), None)
    return None


def suffixes_of(layouts: Iterable[Layout]) -> tuple[str, ...]:
    """The files that at least one of these layouts can be read from."""
    return tuple(dict.fromkeys((*files.SUFFIXES, *(suffix for row in layouts for suffix in row.suffixes))))


def upload(
    label: str, suffixes: Iterable[str], value: str, take: Callable[[str], None], *, key: str, help_text: str, none: str
) -> Path | None:
    """A file of the user's own: the uploader, and the file that `value` names. take: called with the value of a new one.

    none: what is said while there is no file.
    """
    suffixes = tuple(suffixes)
    uploaded = st.file_uploader(
        label,
        [suffix.removeprefix(".") for suffix in suffixes],
        key=key,
        max_upload_size=settings.MAX_UPLOAD_MB.value(),
        help=help_text,
    )
    if uploaded is not None and st.session_state.get(f"{key}_taken") != uploaded.file_id:
        st.session_state[f"{key}_taken"] = uploaded.file_id
        value = keep_upload(uploaded.name, uploaded.getvalue())
        take(value)
    file = file_of(value, suffixes)
    if file is not None:
        st.caption(layout.plain(_("Using {file}").format(file=file.name)))
    elif value == NO_FILE:
        st.caption(none)
    else:
        st.warning(_("This link's file is no longer on this machine. Upload it again."))
    return file


KINDS = ("ready", "file", "hub")


def kind_name(kind: str) -> str:
    return {"ready": _("Ready to use"), "file": _("Your own file"), "hub": _("From the hub")}[kind]


def kind_of(name: str) -> str:
    if name in DATASETS:
        return "ready"
    return "file" if name.startswith("upload:") or models.RUN_NAME.fullmatch(name) else "hub"


def choose_kind() -> None:
    """Another kind of data: nothing is chosen yet, except for what comes with the studio."""
    kind = st.session_state["data_kind"]
    if kind and kind != kind_of(inputs.get("data")):
        set_data({"ready": next(iter(DATASETS)), "file": NO_FILE, "hub": ""}[kind])


def set_data(name: str) -> None:
    """Other data: what was chosen for the old one means nothing any more."""
    inputs.put("data", name)
    recipe.values().forget_data()


def choose_data() -> Source | None:
    """The data to train on, None while nothing usable is chosen."""
    kind = kind_of(inputs.get("data"))
    choices.row(
        _("Where the data comes from"),
        {kind: kind_name(kind) for kind in KINDS},
        kind,
        key="data_kind",
        on_change=choose_kind,
        label_visibility="collapsed",
    )
    return {"ready": choose_ready, "file": choose_file, "hub": choose_hub}[kind]()


def choose_ready() -> Source:
    choices.listed(
        _("Data"),
        {row.id: _(row.title) for row in DATASETS.values()},
        inputs.get("data"),
        key="data_ready",
        on_change=lambda: set_data(st.session_state["data_ready"]),
    )
    row = DATASETS[inputs.get("data")]
    st.caption(
        _("{note} {rows:,} rows · labels: {labels} · licence: {licence}").format(
            note=_(row.note), rows=row.rows, labels=", ".join(row.labels), licence=_(row.licence)
        )
    )
    return Source(row.id, "", row.task)


def offered() -> list[Task]:
    """The tasks that learn from rows with answers."""
    return [row for row in TASKS.values() if row.supervised]


def choose_task(tasks: Iterable[Task]) -> str:
    """One of these tasks; the first until another is chosen."""
    titles = {row.id: _(row.title) for row in tasks}
    task = inputs.get("task") if inputs.get("task") in titles else next(iter(titles))
    choices.row(_("Task"), titles, task, key="task", on_change=lambda: set_task(st.session_state["task"]), wrap=True)
    st.caption(_(TASKS[task].help))
    return task


def set_task(task: str | None) -> None:
    if task:
        inputs.put("task", task)
        recipe.values().forget_columns()


def choose_file() -> Source | None:
    file = upload(
        _("Texts with labels, or sentences with a tag for each word"),
        suffixes_of(row.layout for row in offered()),
        inputs.get("data"),
        set_data,
        key="upload",
        help_text=_(
            "A table (CSV, TSV, JSON, JSONL, Excel or Parquet, also packed as .zip or .gz), or a text file with a word and its tag in each line (CoNLL), at most {size} MB and {rows:,} rows. Encoding, delimiter and columns are found out. The file stays on this machine."
        ).format(size=settings.MAX_UPLOAD_MB.value(), rows=settings.MAX_ROWS.value()),
        none=_("No file yet. Labels may be words, numbers or true/false; what cannot be used is listed here."),
    )
    if file is None:
        return None
    task = choose_task(row for row in offered() if file.suffix in suffixes_of([row.layout]))
    try:
        reading = choose_reading(file, TASKS[task].layout, recipe.values())
        columns = choose_columns(file, TASKS[task].layout, recipe.values(), reading)
    except WordsWithTags as error:
        st.error(layout.plain(error_text(error)), icon=":material/error:")
        use_other(row for row in offered() if any(role.kind == "tags" for role in row.layout.roles))
        return None
    return None if columns is None else Source(file.name, str(file), task, columns, reading)


def choose_reading(file: Path, rows: Layout, values: recipe.Values, *, key: str = "") -> Reading:
    """How the file is read: found out, and open to change; unfolded where that cannot be found out.

    values: where the choice is kept. key: begins the keys of the widgets. Raises UserError, with the fields drawn, when the file
    cannot be read so.
    """
    reading = values.reading()
    table = None
    try:
        table = cached_data.table(str(file), rows.id, reading)
    finally:
        reading_fields(
            reading,
            table,
            lambda name, value: values.choose_reading(**{name: value}),
            plain=file.suffix in rows.suffixes,
            key=key,
        )
    return reading


def reading_fields(
    reading: Reading, table: Table | None, take: Callable[[str, object], None], *, plain: bool, key: str
) -> None:
    """The fields of a Reading, with what was found out. table: None where the file cannot be read so.

    take: called with a field and its value when it is chosen. plain: the file has an encoding, but no columns.
    """
    headers = {"": _("find out"), "yes": words.header_name("first row"), "no": words.header_name("none")}
    delimiters = {"": _("find out"), **{sign: words.delimiter_name(sign) for sign in DELIMITERS}}
    encodings = {"": _("find out"), **encoding_titles()}
    delimiters.setdefault(reading.delimiter, reading.delimiter)
    encodings.setdefault(reading.encoding, reading.encoding)
    if table is not None:
        headers[""] = _found(words.header_name(table.header))
        delimiters[""] = _found(words.delimiter_name(table.delimiter))
        encodings[""] = _found(table.encoding)
    fields: dict[str, tuple[str, Mapping[Any, str], object]] = {
        "encoding": (_("Encoding"), encodings, reading.encoding)
    }
    if not plain:
        fields["header"] = (_("Column names"), headers, {None: "", True: "yes", False: "no"}[reading.header])
        fields["delimiter"] = (_("Delimiter"), delimiters, reading.delimiter)
    with st.expander(_("How the file was read"), expanded=table is None, icon=":material/table_view:"):
        for place, (name, (title, options, now)) in zip(st.columns(3), fields.items(), strict=False):
            widget = f"{key}reading_{name}"
            with place:
                choices.listed(
                    title,
                    options,
                    now,
                    key=widget,
                    on_change=lambda name=name, widget=widget: take(name, _value(name, st.session_state[widget])),
                )
        st.caption(
            _(
                "What is found out can be wrong. If letters, columns or the first row look wrong, say here how the file was written."
            )
        )


def _value(name: str, chosen: str) -> object:
    """What a choice in one of the fields says of the Reading."""
    return HEADERS[chosen] if name == "header" else chosen


def _found(what: str) -> str:
    """The choice of having it found out, with what was found."""
    return _("found out: {what}").format(what=what) if what else _("find out")


def encoding_titles() -> dict[str, str]:
    """The usual encodings by codec, with the languages that are written in them."""
    return {
        "utf-8": "UTF-8",
        "utf-16": "UTF-16",
        "gb18030": "GB18030 / GBK · " + _("Simplified Chinese"),
        "big5": "Big5 · " + _("Traditional Chinese"),
        "shift_jis": "Shift JIS · " + _("Japanese"),
        "euc_jp": "EUC-JP · " + _("Japanese"),
        "euc_kr": "EUC-KR · " + _("Korean"),
        "cp1252": "Windows-1252 · " + _("Western European"),
        "cp1250": "Windows-1250 · " + _("Central European"),
        "cp1251": "Windows-1251 · " + _("Cyrillic"),
        "koi8_r": "KOI8-R · " + _("Russian"),
        "cp1253": "Windows-1253 · " + _("Greek"),
        "cp1254": "Windows-1254 · " + _("Turkish"),
        "cp1255": "Windows-1255 · " + _("Hebrew"),
        "cp1256": "Windows-1256 · " + _("Arabic"),
    }


def choose_columns(
    file: Path, rows: Layout, values: recipe.Values, reading: Reading, *, key: str = ""
) -> cached_data.Columns | None:
    """The column of each role that the rows have: guessed, and open to change. None while one that is needed is not chosen.

    values: where the choice is kept. key: begins the keys of the widgets.
    """
    if file.suffix in rows.suffixes:
        return ()  # such a file has no columns to choose from
    frame = cached_data.table(str(file), rows.id, reading).frame
    known = prefer(frame, rows.roles, values.columns())
    try:
        guessed: Mapping[str, str] = complete(frame, rows, known)
    except UserError as error:
        st.warning(layout.plain(error_text(error)), icon=":material/help:")
        guessed = {}
    picked: list[tuple[str, str]] = []
    for role, place in zip(rows.roles, st.columns(len(rows.roles)), strict=True):
        widget = f"{key}{role.id}_column"
        chosen = known.get(role.id) or guessed.get(role.id)
        offered = [*frame.columns, *([chosen] if chosen and chosen not in frame.columns else [])]
        with place:
            choices.listed(
                _(role.title),
                {column: str(column) for column in offered},
                chosen,
                key=widget,
                placeholder=_("choose a column"),
                on_change=lambda role=role, widget=widget: values.choose_column(
                    role.id, st.session_state[widget] or ""
                ),
            )
        picked.append((role.id, st.session_state[widget] or ""))
    return tuple(picked) if all(column for _role, column in picked) else None


def choose_hub() -> Source | None:
    st.session_state["data_hub"] = inputs.get("data")
    st.text_input(
        _("Name of a dataset on the Hugging Face hub"),
        key="data_hub",
        placeholder="stanfordnlp/imdb",
        on_change=lambda: set_data(st.session_state["data_hub"].strip()),
    )
    if not hub.hub_reachable():
        st.caption(
            _("The hub cannot be reached from here now. Data that is ready to use and your own files work without it.")
        )
    task = choose_task(offered())
    roles = TASKS[task].layout.roles
    with st.expander(_("Columns (guessed when empty)")):
        for role in roles:
            key = f"hub_{role.id}_column"
            st.session_state[key] = recipe.values().columns().get(role.id, "")
            st.text_input(
                _(role.title),
                key=key,
                on_change=lambda role=role, key=key: recipe.values().choose_column(
                    role.id, st.session_state[key].strip()
                ),
            )
    if not inputs.get("data"):
        return None
    chosen = recipe.values().columns()
    columns = tuple((role.id, chosen[role.id]) for role in roles if role.id in chosen)
    return Source(inputs.get("data"), "", task, columns)


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
    found = cached_data.fit(model, source.name, source.file, source.layout, source.columns, source.reading)
    remarks(report, fit.notes(found, max_length, cut=not TASKS[source.task].windowed))
    offers(TASKS[source.task], report)
    left, right = st.columns(2)
    with left:
        VIEWS[source.task].data(dataset)
    with right, layout.mistakes():
        lengths = found.lengths
        layout.plot(
            training_figures.length_histogram(lengths, max_length, text=_),
            "lengths",
            _("Length of the examples in tokens"),
        )
        longer = _(
            "{share:.1%} of {n:,} training examples are longer than {limit} tokens and will be cut there; half have at most {median:.0f}."
        )
        if TASKS[source.task].windowed:
            longer = _(
                "{share:.1%} of {n:,} training examples are longer than {limit} tokens and will be read in overlapping windows; half have at most {median:.0f}."
            )
        if not (lengths > max_length).any():
            longer = _(
                "None of the {n:,} training examples is longer than {limit} tokens; half have at most {median:.0f}."
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


def remarks(report: DataReport, more: tuple[Note, ...] = ()) -> None:
    """Everything that should be known about the data before anything that comes of it is believed. more: further warnings."""
    found = core_remarks.remarks(report, more)
    warnings([(remark.message, remark.values) for remark in found if remark.warning])
    infos = _sentences([(remark.message, remark.values) for remark in found if not remark.warning])
    if infos:
        st.info(infos, icon=":material/info:")
    names = words.header_name(report.header)
    how = [
        _("read as {encoding}").format(encoding=report.encoding) if report.encoding else "",
        _("delimiter {delimiter}").format(delimiter=repr(report.delimiter)) if report.delimiter else "",
        _("column names: {names}").format(names=names) if names else "",
        _("columns used: {columns}").format(columns=", ".join(report.used.values())),
        _("not used: {columns}").format(columns=", ".join(report.unused[:20])) if report.unused else "",
    ]
    st.caption(layout.plain(" · ".join(part for part in how if part)))
    if report.dropped:
        count, rows = report.left_out, report.rows
        with st.expander(
            _("{count:,} of {rows:,} rows were left out: why").format(count=count, rows=rows),
            expanded=core_remarks.is_much(report),
        ):
            st.dataframe(
                pd.DataFrame(
                    {
                        _("Reason"): [_(row.reason) for row in report.dropped],
                        _("Rows"): [row.count for row in report.dropped],
                        _("For example"): ["  ⏎  ".join(row.examples) for row in report.dropped],
                    }
                ),
                hide_index=True,
                alt=_("Why rows were left out, how many, and examples"),
            )


def warnings(notes: Sequence[Note]) -> None:
    """What is to be said of texts and the model that reads them, as one warning."""
    if notes:
        st.warning(_sentences(notes), icon=":material/warning:")


def _sentences(notes: Sequence[Note]) -> str:
    """Remarks in the language of the page: one as a sentence, several as a list."""
    sentences = [layout.plain(_capital(_(message).format(**values))) for message, values in notes]
    return sentences[0] if len(sentences) == 1 else "\n".join(f"- {sentence}" for sentence in sentences)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def use_other(tasks: Iterable[Task]) -> None:
    """A button for each task that suits the file better."""
    for row in tasks:
        st.button(
            _("Use the task “{task}”").format(task=_(row.title)),
            key=f"use_{row.id}",
            on_click=set_task,
            args=(row.id,),
            icon=":material/swap_horiz:",
        )


def offers(task: Task, report: DataReport) -> None:
    """Other ways to take the same file: a task that reads words with tags or two texts, or two columns as one text."""
    roles = {role.id for role in task.layout.roles}
    others = [row for row in offered() if report.tagged and any(role.kind == "tags" for role in row.layout.roles)]
    joined = core_remarks.joined(report)
    if joined:
        others += [row for row in offered() if roles < {role.id for role in row.layout.roles}]
    if not (others or joined):
        return
    with st.container(horizontal=True):
        use_other(others)
        if joined:
            text = next(role.id for role in task.layout.roles if role.kind == "text")
            st.button(
                layout.plain(_("Read {columns} as one text").format(columns=joined)),
                key="join_columns",
                on_click=recipe.values().choose_column,
                args=(text, joined),
                icon=":material/merge:",
            )


def preview(task: str, dataset: TextDataset, model: str, max_length: int) -> None:
    """The first training examples as the model reads them."""
    st.markdown("**" + _("What the model will read") + "**")
    train = dataset.splits["train"]
    for row in train.select(range(min(PREVIEW, len(train)))):
        VIEWS[task].preview(row, dataset, model, max_length)
