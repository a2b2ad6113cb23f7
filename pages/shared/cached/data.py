"""Data sets, files of data as tables, and how long their texts are in tokens."""

from pathlib import Path

import numpy as np
import streamlit as st

from core import runs, tables
from core.bundled import READY
from core.data.bundled import DATASETS
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import load, token_lengths
from core.tasks.table import TASKS, task_of
from pages.shared.cached.models import tokenizer, written_at

Columns = tuple[tuple[str, str], ...]


def _changed(file: str) -> float:
    """When a file was written; 0 for no file."""
    return Path(file).stat().st_mtime if file and Path(file).is_file() else 0.0


@st.cache_resource(max_entries=4, show_spinner=False)
def _dataset(name: str, file: str, written: float, layout: str, columns: Columns) -> TextDataset:
    return load(file or name, LAYOUTS[layout], dict(columns), allow_path=bool(file))


def dataset(name: str, file: str = "", layout: str = "", columns: Columns = ()) -> TextDataset:
    """A DATASETS row or a hub dataset, or a file that the page itself wrote.

    layout: a LAYOUTS id, by default the dataset's own, or the first. columns: (role, column); the others are guessed.
    """
    own = TASKS[DATASETS[name].task].layout.id if name in DATASETS else next(iter(LAYOUTS))
    return _dataset(name, file, _changed(file), layout or own, columns)


@st.cache_resource(max_entries=2, show_spinner=False)
def _table(file: str, written: float, layout: str) -> tables.Table:
    return LAYOUTS[layout].read(Path(file))


def table(file: str, layout: str) -> tables.Table:
    """What a file of data holds, read as a layout does."""
    return _table(file, _changed(file), layout)


@st.cache_data(max_entries=32, show_spinner=False)
def _lengths(
    model: str, model_written: float, rows: int, name: str, file: str, written: float, layout: str, columns: Columns
) -> np.ndarray:
    found = _dataset(name, file, written, layout, columns)
    split = found.splits["train"]
    texts = list(found.texts(split.select(range(min(rows, len(split))))).values())
    return token_lengths(texts[0], texts[1] if len(texts) > 1 else None, tokenizer(model, -1))


def lengths(model: str, rows: int, name: str, file: str, layout: str, columns: Columns) -> np.ndarray:
    """Tokens of the first `rows` training examples when nothing is cut, special tokens included."""
    return _lengths(model, written_at(model), rows, name, file, _changed(file), layout, columns)


def run_data(run_id: str) -> TextDataset:
    """The data that a run was trained on."""
    run = runs.get(run_id)
    config = run.config
    file = str(run.folder / config.data) if config.data.startswith("data/") else ""
    return dataset(config.data, file, task_of(config.task).layout.id, config.columns)


def data_of(name: str) -> TextDataset:
    """The data that a run ("run:…") or a model that comes with the studio was trained on."""
    return dataset(READY[name].data) if name in READY else run_data(name.removeprefix("run:"))
