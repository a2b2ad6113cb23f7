"""Choosing the data of a training run, and seeing what it is: a dataset, an uploaded file or the hub.

An uploaded file is kept under its fingerprint in the studio's home, so that a refresh does not lose it; the shared value
"data" names it. This module does not know how training is set up, apart from the columns that are part of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from time import time

import pandas as pd
import streamlit as st

from core import data, hub, models, settings, tables
from core.errors import UserError
from core.figures import training as training_figures
from core.tasks import TASKS
from pages.shared import cached, inputs, layout
from pages.shared.i18n import _
from pages.shared.recipe import COLUMNS, change, changes

SAMPLE = 1000  # training examples whose length in tokens is measured
PREVIEW = 3
PREVIEW_TOKENS = 40
KEPT_SECONDS = 7 * 24 * 3600  # how long an uploaded file that nobody trains on is kept
UPLOAD = re.compile(r"upload:([0-9a-f]{24})")


@dataclass(frozen=True)
class Source:
    """Chosen data. name: a DATASETS id, a hub id or a file's name; file: its path, "" when it is not a file."""

    name: str
    file: str
    task: str
    text_column: str = ""
    pair_column: str = ""
    label_column: str = ""

    def load(self) -> data.TextDataset:
        return cached.training_data(
            self.name, self.file, self.task, self.text_column, self.pair_column, self.label_column
        )


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
    for other in uploads().iterdir():
        if other != folder and time() - other.stat().st_mtime > KEPT_SECONDS:
            rmtree(other, ignore_errors=True)
    return f"upload:{digest}"


def file_of(name: str, *, plain_text: bool = False) -> Path | None:
    """The file behind a value of "data" that names an upload or a run's own copy; None when it is neither or gone.

    plain_text: whether a .txt will do, which holds texts but no labels.
    """
    upload, run = UPLOAD.fullmatch(name), models.RUN_NAME.fullmatch(name)
    folder = uploads() / upload[1] if upload else settings.runs_folder() / run[1] / "data" if run else None
    if folder is None or not folder.is_dir():
        return None
    suffixes = (*tables.SUFFIXES, *((tables.TEXT_SUFFIX,) if plain_text else ()))
    return next((path for path in sorted(folder.iterdir()) if path.suffix in suffixes), None)


KINDS = ("ready", "file", "hub")


def kind_name(kind: str) -> str:
    return {"ready": _("Ready to use"), "file": _("Your own file"), "hub": _("From the hub")}[kind]


def kind_of(name: str) -> str:
    if name in data.DATASETS:
        return "ready"
    return "file" if name.startswith("upload:") or models.RUN_NAME.fullmatch(name) else "hub"


def choose_kind() -> None:
    """Another kind of data: nothing is chosen yet, except for what comes with the studio."""
    kind = st.session_state["data_kind"]
    if kind and kind != kind_of(inputs.get("data")):
        set_data({"ready": next(iter(data.DATASETS)), "file": "upload:", "hub": ""}[kind])


def set_data(name: str) -> None:
    """Other data: the columns chosen for the old ones mean nothing any more."""
    inputs.put("data", name)
    change(**dict.fromkeys(COLUMNS, ""))


def choose_data() -> Source | None:
    """The data to train on, None while nothing usable is chosen."""
    kind = kind_of(inputs.get("data"))
    st.session_state["data_kind"] = kind
    st.segmented_control(
        _("Where the data comes from"),
        KINDS,
        format_func=kind_name,
        key="data_kind",
        on_change=choose_kind,
        required=True,
        label_visibility="collapsed",
    )
    return {"ready": choose_ready, "file": choose_file, "hub": choose_hub}[kind]()


def choose_ready() -> Source:
    st.session_state["data_ready"] = inputs.get("data")
    st.selectbox(
        _("Data"),
        list(data.DATASETS),
        format_func=lambda name: _(data.DATASETS[name].title),
        key="data_ready",
        on_change=lambda: set_data(st.session_state["data_ready"]),
    )
    row = data.DATASETS[inputs.get("data")]
    st.caption(
        _("{note} {rows:,} rows · labels: {labels} · licence: {licence}").format(
            note=_(row.note), rows=row.rows, labels=", ".join(row.labels), licence=row.licence
        )
    )
    return Source(row.id, "", row.task)


def choose_task() -> str:
    offered = [row.id for row in TASKS.values() if "label" in row.columns]
    task = inputs.get("task") if inputs.get("task") in offered else offered[0]
    st.session_state["task"] = task
    st.segmented_control(
        _("Task"),
        offered,
        format_func=lambda name: _(TASKS[name].title),
        key="task",
        on_change=lambda: set_task(st.session_state["task"]),
        required=True,
    )
    st.caption(_(TASKS[task].help))
    return task


def set_task(task: str | None) -> None:
    if task:
        inputs.put("task", task)
        change(**dict.fromkeys(COLUMNS, ""))


def choose_file() -> Source | None:
    limit = settings.MAX_UPLOAD_MB.value()
    uploaded = st.file_uploader(
        _("A table with a column of texts and a column of labels"),
        [suffix.removeprefix(".") for suffix in tables.SUFFIXES],
        key="upload",
        max_upload_size=limit,
        help=_(
            "CSV, TSV, JSON, JSONL or Parquet, at most {size} MB and {rows:,} rows. Encoding and delimiter are found out. The file stays on this machine."
        ).format(size=limit, rows=settings.MAX_ROWS.value()),
    )
    if uploaded is not None and st.session_state.get("upload_taken") != uploaded.file_id:
        st.session_state["upload_taken"] = uploaded.file_id
        set_data(keep_upload(uploaded.name, uploaded.getvalue()))
    file = file_of(inputs.get("data"))
    if file is None:
        if inputs.get("data") != "upload:":
            st.warning(_("The file that this address names is not on this machine any more. Upload it again."))
        else:
            st.caption(
                _("No file yet. Labels may be words, numbers or true/false; what cannot be used is listed here.")
            )
        return None
    st.caption(layout.plain(_("Using {file}").format(file=file.name)))
    task = choose_task()
    columns = choose_columns(file, task)
    return Source(file.name, str(file), task, *columns) if columns else None


def choose_columns(file: Path, task: str) -> tuple[str, str, str] | None:
    """The columns of a file: guessed, and open to change. None while one that is needed is not chosen."""
    frame = cached.table(str(file)).frame
    asked = changes()
    known = {name: str(asked.get(name, "")) for name in COLUMNS}
    known = {name: column if column in frame.columns else "" for name, column in known.items()}
    try:
        guessed: Mapping[str, str] = data.guess_columns(
            frame,
            task,
            text_column=known["text_column"],
            pair_column=known["pair_column"] if "pair" in TASKS[task].inputs else "",
            label_column=known["label_column"],
        )
    except UserError as error:
        st.warning(layout.plain(layout.i18n.error_text(error)), icon=":material/help:")
        guessed = {}
    roles = ("text", "pair", "label") if "pair" in TASKS[task].inputs else ("text", "label")
    names = {"text": _("Column of texts"), "pair": _("Column of second texts"), "label": _("Column of labels")}
    picked = {"text": "", "pair": "", "label": ""}
    for role, place in zip(roles, st.columns(len(roles)), strict=True):
        key = f"{role}_column"
        st.session_state[key] = known[key] or guessed.get(role)
        place.selectbox(
            names[role],
            list(frame.columns),
            key=key,
            placeholder=_("choose a column"),
            on_change=lambda key=key: change(**{key: st.session_state[key] or ""}),
        )
        picked[role] = st.session_state[key] or ""
    if not all(picked[role] for role in roles):
        return None
    return picked["text"], picked["pair"], picked["label"]


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
    task = choose_task()
    asked = changes()
    with st.expander(_("Columns (guessed when empty)")):
        for name, label in (
            ("text_column", _("Column of texts")),
            ("pair_column", _("Column of second texts")),
            ("label_column", _("Column of labels")),
        ):
            if name == "pair_column" and "pair" not in TASKS[task].inputs:
                continue
            st.session_state[f"hub_{name}"] = str(asked.get(name, ""))
            st.text_input(
                label,
                key=f"hub_{name}",
                on_change=lambda name=name: change(**{name: st.session_state[f"hub_{name}"].strip()}),
            )
    asked = changes()
    if not inputs.get("data"):
        return None
    pair = str(asked.get("pair_column", "")) if "pair" in TASKS[task].inputs else ""
    return Source(
        inputs.get("data"), "", task, str(asked.get("text_column", "")), pair, str(asked.get("label_column", ""))
    )


def show_data(source: Source, dataset: data.TextDataset, model: str, max_length: int) -> None:
    """What the loader found, how the labels are spread, and what the model will read."""
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
    remarks(dataset)
    left, right = st.columns(2)
    with left:
        layout.plot(
            training_figures.label_balance(report.label_counts, text=_),
            "balance",
            _("Rows per label"),
        )
    with right, layout.mistakes():
        lengths = cached.lengths(model, SAMPLE, *row_of(source))
        layout.plot(
            training_figures.length_histogram(lengths, max_length, text=_),
            "lengths",
            _("Length of the examples in tokens"),
        )
        st.caption(
            _(
                "{share:.1%} of {n:,} training examples are longer than {limit} tokens and will be cut there; half have at most {median:.0f}."
            ).format(
                share=float((lengths > max_length).mean()),
                n=len(lengths),
                limit=max_length,
                median=float(pd.Series(lengths).median()),
            )
        )
    with layout.mistakes():
        preview(dataset, model, max_length)


def row_of(source: Source) -> tuple[str, str, str, str, str, str]:
    return source.name, source.file, source.task, source.text_column, source.pair_column, source.label_column


def remarks(dataset: data.TextDataset) -> None:
    """Everything that should be known about the data before its scores are believed."""
    report = dataset.report
    for note, values in report.notes:
        st.info(layout.plain(_(note).format(**values)), icon=":material/info:")
    if report.rare:
        st.warning(
            layout.plain(
                _("Fewer than ten rows have the label {labels}: too few to learn it well or to measure it.").format(
                    labels=", ".join(report.rare[:20])
                )
            )
        )
    if report.cut_cells:
        st.warning(
            _(
                "{count} cells were longer than {limit:,} characters and were cut (the setting STUDIO_MAX_CELL_CHARS)."
            ).format(count=report.cut_cells, limit=settings.MAX_CELL_CHARS.value())
        )
    found = [
        _("read as {encoding}").format(encoding=report.encoding) if report.encoding else "",
        _("delimiter {delimiter}").format(delimiter=repr(report.delimiter)) if report.delimiter else "",
        _("columns used: {columns}").format(columns=", ".join(dataset.columns.values())),
    ]
    st.caption(layout.plain(" · ".join(part for part in found if part)))
    if report.dropped:
        rows = sum(row.count for row in report.dropped)
        with st.expander(_("{count:,} of {rows:,} rows were left out: why").format(count=rows, rows=report.rows)):
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


def preview(dataset: data.TextDataset, model: str, max_length: int) -> None:
    """The first training examples as the model reads them."""
    st.markdown("**" + _("What the model will read") + "**")
    for row in dataset.splits["train"].select(range(min(PREVIEW, len(dataset.splits["train"])))):
        result = cached.tokens(model, row["text"], row.get("pair", ""), max_length)
        st.caption(layout.plain(_("label: {label}").format(label=dataset.label_names[row["label"]])))
        shown = result.tokens[:PREVIEW_TOKENS]
        st.html(layout.chips_html(shown, ids=False))
        more = len(result.tokens) - len(shown)
        if more:
            st.caption(_("… and {count} more tokens").format(count=more))
        if result.cut or result.cut_pair:
            st.caption(_("cut at {limit} tokens; this is never read:").format(limit=max_length))
            layout.cut_text(result.cut + result.cut_pair, longest=160)
