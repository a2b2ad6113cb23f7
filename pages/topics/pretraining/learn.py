"""Watch it learn: choose texts and what to learn from them, start a run, and see what the model makes of its masks over time.

The run is one like those of Fine-tune: it trains in a process of its own, and this page reads its folder. The shared
values "learn", "corpus", "pasted" and "plan" hold what was chosen ("pasted" as the name of a file that keeps the text, "plan" as JSON,
what differs from the advised values), "learning" the run that is watched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core import models, runs, settings
from core.data.bundled import DATASETS
from core.data.dataset import TextDataset
from core.errors import UserError
from core.families import HEADS
from core.finetune.setup import advised
from core.results import RunConfig
from core.tables import files
from core.tasks.base import Task
from core.tasks.table import TASKS
from pages.shared import choices, inputs, launch, layout, progress, recipe
from pages.shared.cached import models as cached_models
from pages.shared.data_form import columns as data_columns
from pages.shared.data_form import reading as data_reading
from pages.shared.data_form import report, uploads
from pages.shared.data_form.source import Source
from pages.shared.data_form.uploads import NO_FILE
from pages.shared.i18n import _, error_text
from pages.shared.run_view import actions, live, result
from pages.shared.snippets import learn as snippets
from pages.shared.tasks.table import VIEWS
from pages.shared.words import shortened
from pages.topics.pretraining import adaptive

PAGE = "pretraining"
SETTABLE = ("limit", "epochs", "learning_rate", "max_length", "batch_size", "evaluations", "seed")
PASTED = "pasted"
MOST_EPOCHS = 30.0
ENOUGH_CHARS = 50_000  # of text read in all, the same one again and again: as much as it takes for a curve to show
SHOWN = 3
SHOWN_CHARS = 240
EXAMPLE = """\
The lighthouse stands on a small island of grey rock. Every evening at sunset the keeper climbs the stairs and lights the lamp. The light turns all night long, and the ships far out at sea can see it from twenty miles away.

In winter the storms are so strong that no boat can reach the island. The keeper stays inside, reads old books, and writes down the weather three times a day. When the wind drops, he walks around the rock and looks for what the sea has left there.

The ships that pass the island carry grain, coal and wool to the harbour. Some of them stop to bring letters and fresh bread. The sailors tell the keeper what has happened in the town, and he tells them where the rocks lie under the water.

In spring the birds come back to the island and build their nests among the stones. There are so many of them that the keeper has to walk slowly and look where he puts his feet. Their cries are louder than the sea.

One night the lamp went out. The keeper ran up the stairs, cleaned the glass and lit it again with his last match. In the morning a captain came to thank him, for the light had come back just in time to show him the rocks.

Now the lamp is electric and turns by itself. No keeper lives on the island any more, but the light still shines every night, and the ships still look for it when they come home from the sea.
"""


def show(model: str) -> None:
    """The form, or the run that is watched."""
    followed = inputs.get("learning")
    if followed:
        st.button(_("Set up a new run"), on_click=inputs.put, args=("learning", ""), key="new_run", icon=":material/add:")  # fmt: skip
        live.follow(followed, PAGE)
    else:
        _form(model)


# --- What was chosen ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Aim:
    """What can be learnt from texts without answers. scratch: by a new, tiny model."""

    task: Task
    scratch: bool

    def begins_with(self, model: str) -> str:
        return models.SCRATCH if self.scratch else model


def _aims() -> dict[str, Aim]:
    """What can be learnt: the shared value "learn" → what it stands for."""
    tasks = [row for row in TASKS.values() if not row.supervised]
    fresh = [row for row in tasks if row.scratch is not None]
    return {row.head: Aim(row, False) for row in tasks} | {
        "scratch" if row is fresh[0] else f"{row.head}-scratch": Aim(row, True) for row in fresh
    }


def _title(name: str) -> str:
    aim = _aims()[name]
    return {
        "mlm": _("Fill in masks"),
        "nsp": _("Tell the next sentence"),
        "scratch": _("Fill in masks, from scratch"),
    }.get(name, _(aim.task.title))


def _help(name: str) -> str:
    return {
        "mlm": _("Continued pre-training: the chosen model goes on where its pre-training ended, on texts of your choice. 15% of the tokens are chosen, most of these are masked, and it learns to say what stood there."),
        "nsp": _("The chosen model learns to tell whether the second of two sentences followed the first in the text, or comes from another one."),
        "scratch": _("A new BERT with two small layers, random weights and a vocabulary made from these texts. It begins at ln V, where every token is equally likely; watch the loss come down."),
    }.get(name, _(_aims()[name].task.help))  # fmt: skip


def _values(aim: Aim, model: str) -> recipe.Values:
    """The values of this form: they begin with what suits a short run. A short text of one's own is read more often."""
    base: dict[str, Any] = recipe.DEFAULTS | advised(aim.task.id, aim.begins_with(model))
    if inputs.get("corpus") == PASTED:
        epochs = round(min(MOST_EPOCHS, ENOUGH_CHARS / max(1, len(_text()))))
        base |= {"epochs": max(float(base["epochs"]), float(epochs)), "batch_size": 4, "evaluations": 1}
    return recipe.Values("plan", base, SETTABLE)


def take_over() -> None:
    """Set everything as in the run that is to be trained again with changes, if there is one."""
    if actions.NEXT_FORM not in st.session_state:
        return
    run = runs.get(st.session_state.pop(actions.NEXT_FORM))
    config = run.config
    scratch = config.model == models.SCRATCH
    aims = _aims()
    goal = next((name for name, aim in aims.items() if (aim.task.id, aim.scratch) == (config.task, scratch)), "")
    goal = goal or next(iter(aims))
    inputs.put("learn", goal)
    if not scratch:
        inputs.put("model", config.model)
    inputs.put("corpus", f"run:{run.id}" if config.data.startswith("data/") else config.data)
    _values(aims[goal], config.model).take(config)


# --- Texts -------------------------------------------------------------------------------------------------------------


def _kinds() -> dict[str, str]:
    return {"ready": _("Ready to use"), "file": _("Your own file"), PASTED: _("Pasted text")}


def _kind() -> str:
    corpus = inputs.get("corpus")
    return PASTED if corpus == PASTED else "ready" if corpus in DATASETS else "file"


def _take_kind() -> None:
    kind = st.session_state["corpus_kind"]
    if kind and kind != _kind():
        _set_corpus({"ready": inputs.DEFAULTS["corpus"], "file": NO_FILE, PASTED: PASTED}[kind])


def _set_corpus(name: str) -> None:
    """Other texts: neither the column nor the reading chosen for the old ones means anything any more."""
    inputs.put("corpus", name)
    aim = next(iter(_aims().values()))
    _values(aim, inputs.get("model")).forget_data()


def _choose_texts(aim: Aim, model: str) -> Source | None:
    """The texts to learn from, None while nothing usable is chosen."""
    kind = _kind()
    left, right = st.columns(2, vertical_alignment="center")
    with left:
        choices.row(
            _("Where the texts come from"), _kinds(), kind, key="corpus_kind",
            on_change=_take_kind, label_visibility="collapsed",
        )  # fmt: skip
    if kind == PASTED:
        return _pasted(aim)
    if kind == "file":
        return _file(aim, model)
    with right:
        choices.listed(
            _("Which texts"), {row.id: _(row.title) for row in DATASETS.values()}, inputs.get("corpus"), key="corpus_ready",
            on_change=lambda: _set_corpus(st.session_state["corpus_ready"]), label_visibility="collapsed",
        )  # fmt: skip
    return Source(inputs.get("corpus"), "", aim.task.id)


def _of_the_studio(aim: Aim, model: str) -> None:
    """What is to be known of texts that come with the studio."""
    row = DATASETS[inputs.get("corpus")]
    st.caption(
        _("{rows:,} texts; their labels are not used. Licence: {licence}").format(rows=row.rows, licence=row.licence)
    )
    result.read_before(aim.begins_with(model), row.id)


def _text() -> str:
    """The pasted text; the example until there is one."""
    file = uploads.file_of(inputs.get(PASTED), (files.TEXT_SUFFIX,))
    return file.read_bytes().decode() if file else EXAMPLE


def _keep(text: str) -> str:
    """Write a pasted text into a file, as if it had been uploaded: then its name, not the text, stands in the address."""
    return uploads.mine(uploads.keep_upload(f"{PASTED}.txt", text.encode()))


def _pasted(aim: Aim) -> Source:
    if inputs.get(PASTED) and uploads.file_of(inputs.get(PASTED), (files.TEXT_SUFFIX,)) is None:
        st.warning(_("This link's text is no longer on this machine. Here is the example instead."))
        inputs.put(PASTED, "")
    text, key = _text(), f"{PASTED}@{PAGE}"
    choices.show(key, text)
    st.text_area(
        _("Text to learn from"), height=260, max_chars=settings.MAX_CELL_CHARS.value(), key=key, persist_state=choices.UNTIL_DRAWN,
        on_change=lambda: inputs.put(PASTED, _keep(st.session_state[key])),
        help=_("Blank lines separate documents. It stays on this machine."),
    )  # fmt: skip
    return Source(f"{PASTED}.txt", str(uploads.file_of(_keep(text), (files.TEXT_SUFFIX,))), aim.task.id)


def _file(aim: Aim, model: str) -> Source | None:
    file = uploads.upload(
        _("A text file, or a table with a column of texts"), uploads.suffixes_of([aim.task.layout]), inputs.get("corpus"), _set_corpus, key="corpus_upload",
        help_text=_("In a text file blank lines separate documents; of a PDF each page is one. Labels are not needed and not used. The file stays on this machine."),
        none=_("No file yet."),
    )  # fmt: skip
    if file is None:
        return None
    values = _values(aim, model)
    reading = data_reading.choose_reading(file, aim.task.layout, values, key="corpus_")
    if reading is None:
        return None
    columns = data_columns.choose_columns(file, aim.task.layout, values, reading, key="corpus_")
    return (
        None if columns is None else Source(file.name, str(file), aim.task.id, columns, reading, values.preparation())
    )


def _show_texts(source: Source, dataset: TextDataset, model: str) -> None:
    """How the texts begin, how much there is, and what the model cannot read of them. model: "" for a new one, whose vocabulary is made of them."""
    train = dataset.splits["train"]
    rows = train.select(range(min(SHOWN, len(train))))
    frame = pd.DataFrame({_("Text"): [shortened(row["text"], SHOWN_CHARS) for row in rows]})
    if "pair" in rows.column_names:
        frame[_("Second text")] = [shortened(row["pair"], SHOWN_CHARS) for row in rows]
    if dataset.label_names:
        frame[_("Label")] = [dataset.label_names[row["label"]] for row in rows]
    st.dataframe(frame, hide_index=True, height="content", alt=_("The beginning of the texts"))
    counts = dataset.report.counts
    names = (
        (_("Pairs to learn from"), _("Pairs for validation"), _("Pairs for the test"))
        if "pair" in dataset.layout.input_ids
        else (_("Documents to learn from"), _("For validation"), _("For the test"))
    )
    for column, name, split in zip(st.columns(3), names, ("train", "validation", "test"), strict=True):
        column.metric(name, f"{counts.get(split, 0):,}")
    report.remarks(dataset.report, report.unfit(source, model, launch.token_limit(model)) if model else ())


# --- The form ----------------------------------------------------------------------------------------------------------


def _form(model: str) -> None:
    """Choose texts, what to learn and the values, see what they cost, start."""
    launch.others("learning")
    aims = _aims()
    name = inputs.segment(
        "learn", PAGE, {goal: _title(goal) for goal in aims}, _("What to learn"), label_visibility="collapsed"
    )
    aim = aims[name]
    if not aim.scratch and not cached_models.can_learn(model, aim.task.head):
        sentence = UserError(HEADS[aim.task.head].missing, name=models.title(model))
        st.warning(layout.plain(error_text(sentence)), icon=":material/warning:")
        with st.container(horizontal=True):
            st.button(_("Use minilm instead"), type="primary", on_click=inputs.put, args=("model", "minilm"))
            st.button(_("Train a new, small BERT instead"), on_click=inputs.put, args=("learn", "scratch"))
        return
    source, dataset = None, None
    left, right = st.columns([3, 2], gap="large")
    with left, layout.mistakes():
        st.header(_("1 · Texts"), anchor=False)
        source = _choose_texts(aim, model)
        if source:
            with progress.spinner(_("Reading the data …")):
                dataset = source.load()
            _show_texts(source, dataset, "" if aim.scratch else model)
            if _kind() == "ready":
                _of_the_studio(aim, model)
    values = _values(aim, model)
    config = _configuration(aim, model, source, values) if source else None
    with right, layout.mistakes():
        st.header(_("2 · Values"), anchor=False)
        st.caption(_help(name))
        limit = 512 if aim.scratch else launch.token_limit(model)
        recipe.numbers(
            SETTABLE, values.value, lambda field: values.change(**{field: st.session_state[f"value_{field}"]}), limit
        )
        st.caption(_("Chosen for some minutes on two processor cores. More texts and epochs make a better model."))
        st.header(_("3 · Start"), anchor=False)
        if config and source and dataset:
            launch.show_estimate(config, source)
            launch.show_start(config, source, "learning")
        else:
            st.caption(_("Choose texts first."))
    adaptive.show()
    if config and source and dataset:
        layout.show_code(
            _code(config, source, dataset),
            _("The same recipe with plain transformers and the values chosen above. It draws other masks and holds other rows back than the studio does, so its figures differ by what chance allows."),
        )  # fmt: skip


def _code(config: RunConfig, source: Source, dataset: TextDataset) -> str:
    """The same recipe as a script."""
    file, column = Path(source.file).name, dataset.columns.get("text", "")
    pasted = _text() if inputs.get("corpus") == PASTED else ""
    rows = snippets.documents(source.name, file, column, dataset.report, pasted)
    return VIEWS[config.task].training_code(config, rows, dataset)


def _configuration(aim: Aim, model: str, source: Source, values: recipe.Values) -> RunConfig:
    """Everything that was chosen."""
    asked = RunConfig(
        model=aim.begins_with(model),
        data=source.name,
        task=aim.task.id,
        columns=source.columns,
        reading=source.reading,
        preparation=source.preparation,
        preset="custom",
    )
    chosen: Mapping[str, object] = {name: values.value(name) for name in SETTABLE}
    return replace(asked, **chosen)  # type: ignore[arg-type]
