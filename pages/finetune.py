"""Fine-tune: choose data, a model and a preset, see what it will cost, start, and watch it learn.

The training runs in a process of its own; this page writes what was asked into a run's folder and reads what comes back.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from time import time

import pandas as pd
import streamlit as st
from datasets import DatasetDict

from core import data, figures, finetune, models, runs, settings, tables
from core.errors import UserError
from core.results import Estimate, RunConfig
from core.tasks import TASKS
from pages.shared import cached, inputs, layout, run_view, snippets
from pages.shared.i18n import _

SAMPLE = 1000  # training examples whose length in tokens is measured
PREVIEW = 3
PREVIEW_TOKENS = 40
KEPT_SECONDS = 7 * 24 * 3600  # how long an uploaded file that nobody trains on is kept
COLUMNS = ("text_column", "pair_column", "label_column")
UPLOAD = re.compile(r"upload:([0-9a-f]{24})")


# --- What was asked for ------------------------------------------------------------------------------------------------


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


DEFAULTS = {field.name: field.default for field in fields(RunConfig)}
SETTABLE = (*finetune.PARAMETERS, "method", "class_weights")


def fitting(name: str, value: object) -> bool:
    """Whether a field of RunConfig can have this value, which may come from anyone's address."""
    if name in COLUMNS:
        return isinstance(value, str)
    if name == "method":
        return value in finetune.METHODS
    if name == "class_weights":
        return isinstance(value, bool)
    row = finetune.PARAMETERS.get(name)
    kinds = int if isinstance(DEFAULTS.get(name), int) else int | float
    return row is not None and isinstance(value, kinds) and row.minimum <= value <= row.maximum


def changes() -> dict[str, object]:
    """What differs from the preset, and the columns that were chosen. The address holds it as JSON."""
    try:
        asked = json.loads(inputs.get("changes") or "{}")
    except ValueError:
        return {}
    return {k: v for k, v in asked.items() if fitting(k, v)} if isinstance(asked, dict) else {}


def preset_name() -> str:
    return inputs.get("preset") if inputs.get("preset") in finetune.PRESETS else str(DEFAULTS["preset"])


def preset_value(name: str) -> object:
    """The preset's own value of a field."""
    return finetune.PRESETS[preset_name()].values.get(name, DEFAULTS[name])


def change(**values: object) -> None:
    """Set values; one that is back at the preset's own is no longer a change."""
    kept = {name: value for name, value in (changes() | values).items() if value != preset_value(name)}
    inputs.put("changes", json.dumps(kept, sort_keys=True, ensure_ascii=False) if kept else "")


def value_of(name: str) -> object:
    """A field of RunConfig as it is set now."""
    return changes().get(name, preset_value(name))


def take_over(run_id: str) -> None:
    """Set everything as in a run, to train again with changes."""
    run = runs.get(run_id)
    config = run.config
    inputs.put("model", config.model)
    inputs.put("data", f"run:{run.id}" if config.data.startswith("data/") else config.data)
    inputs.put("task", config.task)
    inputs.put("preset", config.preset if config.preset in finetune.PRESETS else DEFAULTS["preset"])
    inputs.put("changes", "")
    asked = asdict(config)
    change(**{name: asked[name] for name in (*SETTABLE, *COLUMNS)})


# --- Data --------------------------------------------------------------------------------------------------------------


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


def file_of(name: str) -> Path | None:
    """The file behind a value of "data" that names an upload or a run's own copy; None when it is neither or gone."""
    upload, run = UPLOAD.fullmatch(name), models.RUN_NAME.fullmatch(name)
    folder = uploads() / upload[1] if upload else settings.runs_folder() / run[1] / "data" if run else None
    if folder is None or not folder.is_dir():
        return None
    return next((path for path in sorted(folder.iterdir()) if path.suffix in tables.SUFFIXES), None)


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
    task = inputs.get("task") if inputs.get("task") in TASKS else next(iter(TASKS))
    st.session_state["task"] = task
    st.segmented_control(
        _("Task"),
        list(TASKS),
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
    if not models.hub_reachable():
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
        run_view.plot(
            figures.label_balance(report.label_counts, text=_),
            "balance",
            _("Rows per label"),
        )
    with right, layout.mistakes():
        lengths = cached.lengths(model, SAMPLE, *row_of(source))
        run_view.plot(
            figures.length_histogram(lengths, max_length, text=_), "lengths", _("Length of the examples in tokens")
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


# --- Settings ----------------------------------------------------------------------------------------------------------


def preset_title(name: str) -> str:
    return _("Custom") if name == "custom" else _(finetune.PRESETS[name].title)


def take_preset() -> None:
    """A preset was chosen: its values replace those that were edited; the chosen columns stay."""
    name = st.session_state["preset"]
    if name in finetune.PRESETS:
        columns = {key: value for key, value in changes().items() if key in COLUMNS}
        inputs.put("preset", name)
        inputs.put("changes", "")
        change(**columns)


def choose_preset() -> None:
    """One of the presets, or "custom" once a value differs from it."""
    edited = [name for name in changes() if name in SETTABLE]
    st.session_state["preset"] = "custom" if edited else preset_name()
    st.segmented_control(
        _("How thoroughly"),
        [*finetune.PRESETS, *(["custom"] if edited else [])],
        format_func=preset_title,
        key="preset",
        on_change=take_preset,
        required=True,
    )
    if edited:
        st.caption(
            _("Based on {preset}, with values of your own for: {names}. Choose a preset to go back.").format(
                preset=preset_title(preset_name()), names=", ".join(run_view.setting_name(name) for name in edited)
            )
        )
    else:
        st.caption(_(finetune.PRESETS[preset_name()].help))


def hidden_size(model: str) -> int:
    """The model's hidden size, as far as it is known without fetching anything."""
    if model in models.MODELS:
        return models.MODELS[model].hidden
    return int(models.load_config(model).hidden_size) if models.availability(model) == "here" else 768


def take_method(model: str) -> None:
    """Another method brings the learning rate that suits it."""
    method = st.session_state["method"]
    if method:
        rate = finetune.suggested_learning_rate(method, hidden_size(model))
        change(
            method=method, learning_rate=preset_value("learning_rate") if method == "full" and rate == 1e-4 else rate
        )


def choose_method(model: str) -> None:
    st.session_state["method"] = value_of("method")
    st.segmented_control(
        _("What is trained"),
        list(finetune.METHODS),
        format_func=lambda name: _(finetune.METHODS[name].title),
        key="method",
        on_change=take_method,
        args=(model,),
        required=True,
        wrap=True,
    )
    st.caption(_(finetune.METHODS[str(value_of("method"))].help))


def take_value(name: str) -> None:
    value = st.session_state[f"value_{name}"]
    if value is not None:
        change(**{name: value})


def choose_values(limit: int) -> None:
    """Every value that training uses, visible and open to change. limit: tokens the model can take."""
    method = value_of("method")
    unused = {"frozen_layers": method != "frozen", "lora_rank": method != "lora"}
    rows = [row for row in finetune.PARAMETERS.values() if not unused.get(row.field)]
    places = st.columns(3)
    for i, row in enumerate(rows):
        key = f"value_{row.field}"
        value = value_of(row.field)
        whole = isinstance(DEFAULTS[row.field], int)
        kind = int if whole else float
        maximum = min(row.maximum, limit) if row.field == "max_length" else row.maximum
        st.session_state[key] = min(kind(value), kind(maximum))  # type: ignore[arg-type, call-overload]
        places[i % 3].number_input(
            _(row.label),
            kind(row.minimum),
            kind(maximum),
            step=kind(row.step),
            format="%d" if whole else "%.2e" if row.field == "learning_rate" else "%.2f",
            key=key,
            help=_(row.help),
            on_change=take_value,
            args=(row.field,),
        )
    st.session_state["value_class_weights"] = bool(value_of("class_weights"))
    st.checkbox(
        run_view.setting_name("class_weights"),
        key="value_class_weights",
        help=_(
            "Mistakes on rare labels count more, so that they are not drowned by frequent ones. Worth trying when labels are unbalanced."
        ),
        on_change=take_value,
        args=("class_weights",),
    )


def advise_rate(model: str) -> None:
    """A rate that is known to be too high for a large model: say so, with the way out."""
    suggested = finetune.suggested_learning_rate(str(value_of("method")), hidden_size(model))
    if float(str(value_of("learning_rate"))) > 3 * suggested:
        st.warning(
            _(
                "A learning rate of {rate:.0e} is high for this model and method; about {suggested:.0e} is usual."
            ).format(rate=float(str(value_of("learning_rate"))), suggested=suggested)
        )
        st.button(
            _("Use {rate:.0e}").format(rate=suggested), on_click=lambda: change(learning_rate=suggested), key="use_rate"
        )


def configuration(source: Source, model: str, name: str, limit: int) -> RunConfig:
    """Everything that was chosen, as one configuration. limit: tokens the model can take."""
    found = changes()
    edited = any(key in SETTABLE for key in found)
    asked = RunConfig(
        model=model,
        data=source.name,
        task=source.task,
        text_column=source.text_column,
        pair_column=source.pair_column,
        label_column=source.label_column,
        name=name,
    )
    asked = finetune.with_preset(asked, preset_name())
    asked = replace(asked, **{key: value for key, value in found.items() if key in SETTABLE})  # type: ignore[arg-type]
    return replace(asked, preset="custom" if edited else preset_name(), max_length=min(asked.max_length, limit))


# --- What it will cost -------------------------------------------------------------------------------------------------


def limited(dataset: data.TextDataset, limit: int) -> data.TextDataset:
    """The dataset with at most `limit` training rows, 0 for all."""
    train = dataset.splits["train"]
    if not limit or limit >= len(train):
        return dataset
    return replace(dataset, splits=DatasetDict({**dataset.splits, "train": train.select(range(limit))}))


def show_estimate(config: RunConfig, source: Source, dataset: data.TextDataset) -> None:
    """Time and memory, measured on a few real steps when asked for; shown as long as nothing that matters changes."""
    key = repr((replace(config, name="", seed=0, preset=""), source.file))
    known: dict[str, Estimate] = st.session_state.setdefault("estimates", {})
    if key not in known and st.button(
        _("Estimate time and memory"),
        key="estimate",
        icon=":material/timer:",
        help=_("Trains a throw-away copy for a few real steps. It takes some seconds and changes nothing."),
    ):
        with st.status(_("Training a throw-away copy for a few steps …")) as status:
            known[key] = finetune.estimate(config, limited(dataset, config.limit))
            status.update(label=_("Measured."), state="complete")
    if key in known:
        found = known[key]
        st.markdown(
            _(
                "About **{time}** of training and **{memory:,.0f} MB** of memory: {steps:,} steps at {speed:.0f} examples per second."
            ).format(
                time=run_view.duration(found.seconds),
                memory=found.peak_memory_mb,
                steps=found.steps,
                speed=found.examples_per_second,
            )
        )
        st.caption(
            _(
                "Measured on {count} real steps on this machine, with batches of short to long texts. Loading and evaluations come on top; other work on the machine slows it down."
            ).format(count=found.measured_steps)
        )


def start(config: RunConfig, source: Source) -> None:
    """Write the run's folder, start its process, and follow it."""
    run = runs.create(config, Path(source.file) if source.file else None)
    runs.start(run)
    inputs.put("run", run.id)


# --- The page ----------------------------------------------------------------------------------------------------------


def others() -> None:
    """Calm lines on runs that are active, with a way to each."""
    for run in runs.all_runs():
        if run.state.status in run_view.ACTIVE:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(
                    run_view.status_icon(run.state.status)
                    + " "
                    + layout.plain(f"{run_view.status_name(run.state.status)}: {inputs.run_title(run)}")
                )
                st.button(
                    _("Follow it"),
                    key=f"follow_{run.id}",
                    on_click=inputs.put,
                    args=("run", run.id),
                    type="tertiary",
                    icon=":material/visibility:",
                )


def form() -> None:
    """Choose data, model and values, see what they cost, start."""
    others()
    left, right = st.columns([3, 2], gap="large")
    source, dataset = None, None
    with left:
        st.subheader(_("1 · Data"), anchor=False)
        with layout.mistakes():
            source = choose_data()
            if source:
                with st.spinner(_("Reading the data …"), show_time=True):
                    dataset = source.load()
    with right:
        st.subheader(_("2 · Model and recipe"), anchor=False)
        model = inputs.model("finetune")
        limit = token_limit(model)
        choose_preset()
        choose_method(model)
        with st.expander(_("All values"), icon=":material/tune:"):
            choose_values(limit)
        advise_rate(model)
        name = st.text_input(
            _("Name of the run (optional)"), max_chars=80, key="run_name", placeholder=_("so that you find it again")
        )
        st.subheader(_("3 · Start"), anchor=False)
        if source and dataset:
            with layout.mistakes():
                config = configuration(source, model, name.strip(), limit)
                show_estimate(config, source, dataset)
                st.button(
                    _("Start"),
                    key="start",
                    type="primary",
                    icon=":material/play_arrow:",
                    on_click=begin,
                    args=(config, source),
                )
                failed = st.session_state.pop("start_error", None)
                if failed:
                    raise failed
                st.caption(
                    _("It trains in a process of its own: you may close this page, or the browser, and come back.")
                )
        else:
            st.caption(_("Choose data first."))
    if source and dataset:
        with left, layout.mistakes():
            show_data(source, dataset, model, min(int(str(value_of("max_length"))), limit))
        experiments()
        layout.show_code(
            code(configuration(source, model, "", limit), source, dataset),
            _(
                "The same recipe with plain transformers and the values chosen above. It holds other rows back than the studio "
                "does, so its scores differ by what chance allows."
            ),
        )
    else:
        experiments()


def token_limit(model: str) -> int:
    """The most tokens the model takes, as far as it is known without fetching anything."""
    return cached.tokenizer(model).model_max_length if models.availability(model) == "here" else 512


def begin(config: RunConfig, source: Source) -> None:
    """Start was pressed. A mistake is shown where the button is."""
    try:
        start(config, source)
    except UserError as error:
        st.session_state["start_error"] = error


def code(config: RunConfig, source: Source, dataset: data.TextDataset) -> str:
    """The same recipe as a script."""
    report = dataset.report
    rows = snippets.training_rows(source.name, Path(source.file).name, dataset.columns, report)
    held_out = not run_view.learnt_by_heart(report)
    return snippets.finetune(config, rows, dataset.label_names, pair="pair" in dataset.columns, held_out=held_out)


def experiments() -> None:
    layout.experiments(
        "finetune",
        (
            layout.Experiment(
                _("The tutorial's four sentences"),
                _(
                    "Three labels for four sentences, learnt by heart: the loss falls to almost nothing and the accuracy reaches 1. "
                    "But it is measured on the same four sentences, and the page says so. Then ask it about a fifth one in the Playground."
                ),
                {
                    "data": "article-example",
                    "preset": "quick",
                    "changes": json.dumps({"batch_size": 2, "epochs": 20.0, "evaluations": 1}),
                },
            ),
            layout.Experiment(
                _("What did BERT know already?"),
                _(
                    "Only the pooler and the classifier are trained, on 2,000 rows. What accuracy is reached comes from what the encoder knew before. "
                    "Run it, then run the same with all parameters, and compare the two on the Runs page."
                ),
                {
                    "data": "rotten_tomatoes",
                    "preset": "quick",
                    "changes": json.dumps({"learning_rate": 1e-3, "method": "head"}),
                },
            ),
            layout.Experiment(
                _("How little data is enough?"),
                _(
                    "A hundred rows. Look at the interval beside the accuracy, and at how it compares to always giving the most frequent label. "
                    "Then allow 500, then 2,000 rows."
                ),
                {"data": "rotten_tomatoes", "preset": "quick", "changes": json.dumps({"epochs": 3.0, "limit": 100})},
            ),
            layout.Experiment(
                _("A learning rate that is too high"),
                _(
                    "A hundred times the usual rate: the loss does not fall but stays near ln 2 ≈ 0.693, what guessing between two labels costs. "
                    "The model forgets what it knew."
                ),
                {
                    "data": "rotten_tomatoes",
                    "preset": "quick",
                    "changes": json.dumps({"learning_rate": 1e-2, "limit": 500}),
                },
            ),
        ),
    )


with layout.page(
    _("Fine-tune"),
    _(
        "Teach a pre-trained BERT a task of your own: choose sentences with labels, press Start, and watch it learn. "
        "The result is measured on sentences that it never saw."
    ),
):
    if run_view.NEXT_FORM in st.session_state:
        with layout.mistakes():
            take_over(st.session_state.pop(run_view.NEXT_FORM))
    followed = inputs.get("run")
    if followed:
        st.button(_("Set up a new run"), on_click=inputs.put, args=("run", ""), key="new_run", icon=":material/add:")
        run_view.follow(followed, "finetune")
    else:
        form()
