"""Choosing the data of a training run: a dataset, an uploaded file or the hub, and what it is to teach.

This module does not know how training is set up, apart from the columns that are part of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core import hub, models, settings
from core.data.bundled import DATASETS
from core.data.dataset import TextDataset
from core.results import AS_READ, Preparation, Reading
from core.tables.table import FIND_OUT, WordsWithTags
from core.tasks.base import Task
from core.tasks.table import TASKS
from pages.shared import choices, inputs, layout, recipe
from pages.shared.cached import data as cached_data
from pages.shared.data_form import held_out, labels, table
from pages.shared.data_form.columns import choose_columns
from pages.shared.data_form.other_task import offered, reading, set_task, use_other
from pages.shared.data_form.reading import choose_reading
from pages.shared.data_form.uploads import NO_FILE, parts_of, suffix_of, suffixes_of, upload
from pages.shared.i18n import _, error_text


@dataclass(frozen=True)
class Source:
    """Chosen data. name: a DATASETS id, a hub id or a file's name; file: its path, "" when it is not a file."""

    name: str
    file: str
    task: str
    columns: cached_data.Columns = ()
    reading: Reading = FIND_OUT
    preparation: Preparation = AS_READ

    @property
    def layout(self) -> str:
        return TASKS[self.task].layout.id

    @property
    def script_file(self) -> str:
        """The file that a script reads: of a folder of files the one for training, "" where there is none."""
        path = Path(self.file)
        return path.name if not path.is_dir() else f"{path.name}/{parts_of(path)['train'].name}" if self.file else ""

    def load(self) -> TextDataset:
        """Its rows, read, checked and split."""
        return cached_data.dataset(self.name, self.file, self.layout, self.columns, self.reading, self.preparation)

    def labels(self) -> Mapping[str, int]:
        """The labels as they are read, and how many rows (or mentions) have each."""
        return cached_data.labels(self.name, self.file, self.layout, self.columns, self.reading)


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
    st.session_state.pop(held_out.OPEN, None)


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
    source = Source(row.id, "", row.task, preparation=recipe.values().preparation())
    facts = _("{note} {rows:,} rows · labels: {labels} · licence: {licence}")
    if not row.labels:
        facts = _("{note} {rows:,} rows · licence: {licence}")
    st.caption(facts.format(note=_(row.note), rows=row.rows, labels=", ".join(row.labels), licence=_(row.licence)))
    labels.editor(source.labels, TASKS[row.task].layout, recipe.values())
    return source


def choose_task(tasks: Iterable[Task]) -> str:
    """One of these tasks; the first until another is chosen."""
    titles = {row.id: _(row.title) for row in tasks}
    task = inputs.get("task") if inputs.get("task") in titles else next(iter(titles))
    choices.row(_("Task"), titles, task, key="task", on_change=lambda: set_task(st.session_state["task"]), wrap=True)
    st.caption(_(TASKS[task].help))
    return task


def choose_file() -> Source | None:
    file = upload(
        _("Texts with labels, or sentences with a tag for each word"),
        suffixes_of(row.layout for row in offered()),
        inputs.get("data"),
        set_data,
        key="upload",
        help_text=_(
            "A table (CSV, TSV, JSON, JSONL, Excel or Parquet, also packed as .zip or .gz), or a text file with a word and its tag in each line (CoNLL), at most {size} MB and {rows:,} rows. Encoding, delimiter and columns are recognised. The file stays on this machine."
        ).format(size=settings.MAX_UPLOAD_MB.value(), rows=settings.MAX_ROWS.value()),
        none=_("No file yet. Labels may be words, numbers or true/false; what cannot be used is listed here."),
    )
    if file is None:
        return None
    values, beginning = recipe.values(), st.container()
    task = choose_task(row for row in offered() if suffix_of(file) in suffixes_of([row.layout]))
    rows = TASKS[task].layout
    try:
        way = choose_reading(file, rows, values)
        if way is None:
            return None
        columns = choose_columns(file, rows, values, way)
        split = held_out.choose(file, rows, values, way, columns or (), set_file)
        with beginning:
            table.beginning(cached_data.table(str(file), rows.id, way), {**dict(columns or ()), "split": split})
    except WordsWithTags as error:
        st.error(layout.plain(error_text(error)), icon=":material/error:")
        use_other(reading("tags"))
        return None
    if columns is None:
        return None
    source = Source(file.name, str(file), task, columns, way, values.preparation())
    labels.editor(source.labels, rows, values)
    return source


def set_file(name: str) -> None:
    """The same data with other files beside it: what was chosen for it stays."""
    inputs.put("data", name)
    recipe.values().prepare(split=None)


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
