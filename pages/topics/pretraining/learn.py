"""Watch it learn: choose texts and what to learn from them, start a run, and see what the model makes of its masks over time.

The run is one like those of Fine-tune: it trains in a process of its own, and this page reads its folder. The shared
values "learn", "corpus", "pasted" and "plan" hold what was chosen ("pasted" as the name of a file that keeps the text, "plan" as JSON,
what differs from the advised values), "learning" the run that is watched.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core import data, finetune, models, runs, settings, tables
from core.errors import UserError
from core.results import RunConfig
from pages.shared import cached, data_form, inputs, launch, layout, recipe
from pages.shared.data_form import Source
from pages.shared.i18n import _, error_text
from pages.shared.run_view import actions, live, measures, result
from pages.shared.snippets import learn as snippets
from pages.topics.pretraining import adaptive

PAGE = "pretraining"
SETTABLE = ("limit", "epochs", "learning_rate", "max_length", "batch_size", "evaluations", "seed")
TASK = {"mlm": "masked-language-modelling", "nsp": "next-sentence-prediction", "scratch": "masked-language-modelling"}
HEAD: dict[str, models.Head] = {"mlm": "mlm", "nsp": "nsp"}
PASTED = "pasted"
UPLOAD = "upload:"  # no file yet
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


def _goals() -> dict[str, str]:
    """What can be learnt: id → its name on screen."""
    return {
        "mlm": _("Fill in masks"),
        "nsp": _("Tell the next sentence"),
        "scratch": _("Fill in masks, from scratch"),
    }


def _goal_help(goal: str) -> str:
    return {
        "mlm": _("Continued pre-training: the chosen model goes on where its pre-training ended, on texts of your choice. 15 % of the tokens are chosen, most of these are masked, and it learns to say what stood there."),
        "nsp": _("The chosen model learns to tell whether the second of two sentences followed the first in the text, or comes from another one."),
        "scratch": _("A new BERT with two small layers, random weights and a vocabulary made from these texts. It begins at ln V, where every token is equally likely; watch the loss come down."),
    }[goal]  # fmt: skip


def _advised(goal: str, model: str) -> dict[str, Any]:
    """The values that suit a short run: name of a field of RunConfig → value. A short text of one's own is read more often."""
    values: dict[str, Any] = recipe.DEFAULTS | finetune.advised(TASK[goal], _begins_with(goal, model))
    if inputs.get("corpus") != PASTED:
        return values
    epochs = min(MOST_EPOCHS, ENOUGH_CHARS / max(1, len(_text())))
    return values | {"epochs": max(float(values["epochs"]), float(round(epochs))), "batch_size": 4, "evaluations": 1}


def _begins_with(goal: str, model: str) -> str:
    return models.SCRATCH if goal == "scratch" else model


def _plan() -> dict[str, object]:
    """What differs from the advised values, and the column of texts. The address holds it as JSON."""
    try:
        asked = json.loads(inputs.get("plan") or "{}")
    except ValueError:
        return {}
    known = (*SETTABLE, "text_column")
    return {k: v for k, v in asked.items() if k in known and recipe.fitting(k, v)} if isinstance(asked, dict) else {}


def _change(goal: str, model: str, **values: object) -> None:
    """Set values; one that is back at what is advised is no longer a change."""
    advised = _advised(goal, model)
    kept = {name: value for name, value in (_plan() | values).items() if value != advised[name]}
    inputs.put("plan", json.dumps(kept, sort_keys=True, ensure_ascii=False) if kept else "")


def take_over() -> None:
    """Set everything as in the run that is to be trained again with changes, if there is one."""
    if actions.NEXT_FORM not in st.session_state:
        return
    run = runs.get(st.session_state.pop(actions.NEXT_FORM))
    config = run.config
    scratch = config.model == models.SCRATCH
    goal = "scratch" if scratch else next((name for name, task in TASK.items() if task == config.task), "mlm")
    inputs.put("learn", goal)
    if not scratch:
        inputs.put("model", config.model)
    inputs.put("corpus", f"run:{run.id}" if config.data.startswith("data/") else config.data)
    inputs.put("plan", "")
    asked = asdict(config)
    _change(goal, config.model, **{name: asked[name] for name in (*SETTABLE, "text_column")})


# --- Texts -------------------------------------------------------------------------------------------------------------


def _kinds() -> dict[str, str]:
    return {"ready": _("Ready to use"), "file": _("Your own file"), PASTED: _("Pasted text")}


def _kind() -> str:
    corpus = inputs.get("corpus")
    return PASTED if corpus == PASTED else "ready" if corpus in data.DATASETS else "file"


def _take_kind() -> None:
    kind = st.session_state["corpus_kind"]
    if kind and kind != _kind():
        _set_corpus({"ready": inputs.DEFAULTS["corpus"], "file": UPLOAD, PASTED: PASTED}[kind])


def _set_corpus(name: str) -> None:
    """Other texts: the column chosen for the old ones means nothing any more."""
    inputs.put("corpus", name)
    kept = {key: value for key, value in _plan().items() if key != "text_column"}
    inputs.put("plan", json.dumps(kept, sort_keys=True) if kept else "")


def _choose_texts(goal: str, model: str) -> Source | None:
    """The texts to learn from, None while nothing usable is chosen."""
    kind = _kind()
    st.session_state["corpus_kind"] = kind
    st.segmented_control(
        _("Where the texts come from"), list(_kinds()), format_func=_kinds().__getitem__, key="corpus_kind",
        on_change=_take_kind, required=True, label_visibility="collapsed",
    )  # fmt: skip
    if kind == PASTED:
        return _pasted(goal)
    return _ready(goal, model) if kind == "ready" else _file(goal, model)


def _ready(goal: str, model: str) -> Source:
    st.session_state["corpus_ready"] = inputs.get("corpus")
    st.selectbox(
        _("Which texts"), list(data.DATASETS), format_func=lambda name: _(data.DATASETS[name].title), key="corpus_ready",
        on_change=lambda: _set_corpus(st.session_state["corpus_ready"]),
    )  # fmt: skip
    row = data.DATASETS[inputs.get("corpus")]
    st.caption(
        _("{rows:,} texts; their labels are not used. Licence: {licence}").format(rows=row.rows, licence=row.licence)
    )
    result.read_before(_begins_with(goal, model), row.id)
    return Source(row.id, "", TASK[goal])


def _text() -> str:
    """The pasted text; the example until there is one."""
    file = data_form.file_of(inputs.get(PASTED), plain_text=True)
    return file.read_bytes().decode() if file else EXAMPLE


def _keep(text: str) -> str:
    """Write a pasted text into a file, as if it had been uploaded: then its name, not the text, stands in the address."""
    return data_form.keep_upload(f"{PASTED}.txt", text.encode())


def _pasted(goal: str) -> Source:
    if inputs.get(PASTED) and data_form.file_of(inputs.get(PASTED), plain_text=True) is None:
        st.warning(_("The text that this address names is not on this machine any more. Here is the example instead."))
        inputs.put(PASTED, "")
    text, key = _text(), f"{PASTED}@{PAGE}"
    inputs.follow(key, text)
    st.text_area(
        _("Text to learn from"), height=260, max_chars=settings.MAX_CELL_CHARS.value(), key=key,
        on_change=lambda: inputs.put(PASTED, _keep(st.session_state[key])),
        help=_("Blank lines separate documents. It stays on this machine."),
    )  # fmt: skip
    return Source(f"{PASTED}.txt", str(data_form.file_of(_keep(text), plain_text=True)), TASK[goal])


def _file(goal: str, model: str) -> Source | None:
    suffixes = (tables.TEXT_SUFFIX, *tables.SUFFIXES)
    uploaded = st.file_uploader(
        _("A text file, or a table with a column of texts"), [suffix.removeprefix(".") for suffix in suffixes],
        key="corpus_upload", max_upload_size=settings.MAX_UPLOAD_MB.value(),
        help=_("In a .txt file blank lines separate documents. Labels are not needed and not used. The file stays on this machine."),
    )  # fmt: skip
    if uploaded is not None and st.session_state.get("corpus_taken") != uploaded.file_id:
        st.session_state["corpus_taken"] = uploaded.file_id
        _set_corpus(data_form.keep_upload(uploaded.name, uploaded.getvalue()))
    file = data_form.file_of(inputs.get("corpus"), plain_text=True)
    if file is None:
        if inputs.get("corpus") != UPLOAD:
            st.warning(_("The file that this address names is not on this machine any more. Upload it again."))
        else:
            st.caption(_("No file yet."))
        return None
    st.caption(layout.plain(_("Using {file}").format(file=file.name)))
    if file.suffix == tables.TEXT_SUFFIX:
        return Source(file.name, str(file), TASK[goal])
    return Source(file.name, str(file), TASK[goal], _column(file, goal, model))


def _column(file: Path, goal: str, model: str) -> str:
    """The column of texts in a table: guessed, and open to change."""
    frame = cached.table(str(file)).frame
    asked = str(_plan().get("text_column", ""))
    guessed = data.guess_columns(frame, TASK[goal], text_column=asked if asked in frame.columns else "")
    st.session_state["corpus_column"] = guessed["text"]
    st.selectbox(
        _("Column of texts"), list(frame.columns), key="corpus_column",
        on_change=lambda: _change(goal, model, text_column=st.session_state["corpus_column"] or ""),
    )  # fmt: skip
    return guessed["text"]


def _show_texts(dataset: data.TextDataset, goal: str) -> None:
    """How much there is, and its beginning."""
    counts = dataset.report.counts
    names = (
        (_("Pairs to learn from"), _("Pairs for validation"), _("Pairs for the test"))
        if goal == "nsp"
        else (_("Documents to learn from"), _("For validation"), _("For the test"))
    )
    for column, name, split in zip(st.columns(3), names, ("train", "validation", "test"), strict=True):
        column.metric(name, f"{counts.get(split, 0):,}")
    data_form.remarks(dataset)
    train = dataset.splits["train"]
    rows = train.select(range(min(SHOWN, len(train))))
    frame = pd.DataFrame({_("Text"): [_short(row["text"]) for row in rows]})
    if goal == "nsp":
        frame[_("Second text")] = [_short(row["pair"]) for row in rows]
        frame[_("Follows")] = [_("yes") if row["label"] == 0 else _("no") for row in rows]
    st.dataframe(frame, hide_index=True, height="content", alt=_("The beginning of the texts"))


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"


# --- The form ----------------------------------------------------------------------------------------------------------


def _form(model: str) -> None:
    """Choose texts, what to learn and the values, see what they cost, start."""
    launch.others("learning")
    goal = inputs.segment("learn", PAGE, _goals(), _("What to learn"))
    st.caption(_goal_help(goal))
    if goal in HEAD and not cached.can_learn(model, HEAD[goal]):
        sentence = UserError(models.HEADLESS[HEAD[goal]], name=models.title(model))
        st.warning(layout.plain(error_text(sentence)), icon=":material/warning:")
        st.button(_("Use minilm instead"), type="primary", on_click=inputs.put, args=("model", "minilm"))
        return
    source, dataset = None, None
    left, right = st.columns([3, 2], gap="large")
    with left, layout.mistakes():
        st.subheader(_("1 · Texts"), anchor=False)
        source = _choose_texts(goal, model)
        if source:
            with st.spinner(_("Reading the data …"), show_time=True):
                dataset = source.load()
            _show_texts(dataset, goal)
    config = _configuration(goal, model, source) if source else None
    with right, layout.mistakes():
        st.subheader(_("2 · Values"), anchor=False)
        advised = _advised(goal, model)
        limit = 512 if goal == "scratch" else launch.token_limit(model)
        recipe.numbers(
            SETTABLE, lambda name: _plan().get(name, advised[name]),
            lambda name: _change(goal, model, **{name: st.session_state[f"value_{name}"]}), limit,
        )  # fmt: skip
        st.caption(_("Chosen for some minutes on two processor cores. More texts and epochs make a better model."))
        st.subheader(_("3 · Start"), anchor=False)
        if config and source and dataset:
            launch.show_estimate(config, source, dataset)
            launch.show_start(config, source, "learning")
        else:
            st.caption(_("Choose texts first."))
    adaptive.show()
    if config and source and dataset:
        layout.show_code(
            _code(goal, config, source, dataset),
            _("The same recipe with plain transformers and the values chosen above. It draws other masks and holds other rows back than the studio does, so its figures differ by what chance allows."),
        )  # fmt: skip


def _code(goal: str, config: RunConfig, source: Source, dataset: data.TextDataset) -> str:
    """The same recipe as a script."""
    file, column = Path(source.file).name, dataset.columns.get("text", "")
    pasted = _text() if inputs.get("corpus") == PASTED else ""
    texts = snippets.documents(source.name, file, column, dataset.report, pasted)
    make = snippets.pretrain_next if goal == "nsp" else snippets.pretrain_masked
    return make(config, texts, held_out=not measures.learnt_by_heart(dataset.report))


def _configuration(goal: str, model: str, source: Source) -> RunConfig:
    """Everything that was chosen."""
    plan = {name: value for name, value in _plan().items() if name in SETTABLE}
    asked = RunConfig(
        model=_begins_with(goal, model), data=source.name, task=TASK[goal], text_column=source.text_column, preset="custom"
    )  # fmt: skip
    advised = _advised(goal, model)
    return replace(asked, **{name: plan.get(name, advised[name]) for name in SETTABLE})  # type: ignore[arg-type]
