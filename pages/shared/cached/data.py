"""Data sets, files of data as tables, and how a model's tokenizer reads their texts."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from core import disk, models, runs
from core.bundled import READY
from core.data import alike as core_alike
from core.data import fit as core_fit
from core.data import folders
from core.data.bundled import DATASETS
from core.data.dataset import Layout, TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import labels as core_labels
from core.data.load import load, read_source
from core.errors import Note, UserError
from core.results import AS_READ, Preparation, Reading
from core.scripts import separates_words
from core.tables.apart import Report
from core.tables.table import FIND_OUT, Table
from core.tasks.table import TASKS, task_of
from pages.shared.cached.models import tokenizer, written_at
from pages.shared.cached.once import undisturbed
from pages.shared.cached.store import kept, lasting

Columns = tuple[tuple[str, str], ...]


def _changed(file: str) -> float:
    """When a file was written; 0 for no file."""
    return disk.written_at(Path(file)) if file else 0.0


def _reader(written: float) -> Callable[[Path, Layout, Reading], Table]:
    """How a file becomes a table: the one that is kept, where there is one."""
    return lambda path, rows, asked: _table(str(path), written, rows.id, asked, _unseen)


@lasting
def _dataset(
    name: str, file: str, written: float, layout: str, columns: Columns, reading: Reading, preparation: Preparation
) -> TextDataset:
    return load(
        file or name,
        LAYOUTS[layout],
        dict(columns),
        reading=reading,
        preparation=preparation,
        allow_path=bool(file),
        read=_reader(written),
    )


def dataset(
    name: str,
    file: str = "",
    layout: str = "",
    columns: Columns = (),
    reading: Reading = FIND_OUT,
    preparation: Preparation = AS_READ,
) -> TextDataset:
    """A DATASETS row or a hub dataset, or a file that the page itself wrote.

    layout: a LAYOUTS id, by default the dataset's own, or the first. columns: (role, column); the others are guessed. reading:
    how a file is read. preparation: what is made of its rows.
    """
    own = TASKS[DATASETS[name].task].layout.id if name in DATASETS else next(iter(LAYOUTS))
    return _dataset(name, file, _changed(file), layout or own, columns, reading, preparation)


@kept
def typical(name: str) -> Mapping[str, str]:
    """For each label of a DATASETS row, a text as long as most people like to read: 70 letters, or 30 where each says more."""
    found = dataset(name)
    train = found.splits["train"]
    labels = np.array(train["label"])
    places = {label: np.flatnonzero(labels == i)[:200].tolist() for i, label in enumerate(found.label_names)}

    def oddness(text: str) -> int:
        return abs(len(text) - (70 if separates_words(text) else 30))

    return {label: min(train.select(rows)["text"], key=oddness) for label, rows in places.items()}


@kept
def _labels(name: str, file: str, written: float, layout: str, columns: Columns, reading: Reading) -> Mapping[str, int]:
    return core_labels(
        file or name, LAYOUTS[layout], dict(columns), reading=reading, allow_path=bool(file), read=_reader(written)
    )


def labels(name: str, file: str, layout: str, columns: Columns, reading: Reading) -> Mapping[str, int]:
    """The labels of a dataset as they are read, and how many rows (or mentions) have each; arguments as of `dataset`."""
    return _labels(name, file, _changed(file), layout, columns, reading)


@kept
def _table(file: str, written: float, layout: str, reading: Reading, _report: Report) -> Table:
    return folders.read(Path(file), LAYOUTS[layout], reading, _report)


def table(file: str, layout: str, reading: Reading = FIND_OUT, report: Report | None = None) -> Table:
    """What a file of data holds, read as a layout does. report: called often while it is read."""
    return _table(file, _changed(file), layout, reading, undisturbed(report) or _unseen)


def _unseen(done: int, total: int) -> None:
    """The report of what no page shows."""


@kept
def _fit(
    model: str,
    model_written: float,
    name: str,
    file: str,
    written: float,
    layout: str,
    columns: Columns,
    reading: Reading,
    preparation: Preparation,
) -> core_fit.Fit:
    found = _dataset(name, file, written, layout, columns, reading, preparation)
    texts = found.layout.readings(found.texts(found.splits["train"]))
    return core_fit.measure(core_fit.sample(texts), tokenizer(model, -1))


def fit(
    model: str,
    name: str,
    file: str,
    layout: str,
    columns: Columns,
    reading: Reading = FIND_OUT,
    preparation: Preparation = AS_READ,
) -> core_fit.Fit:
    """How a model's tokenizer reads a sample of the training examples when nothing is cut."""
    return _fit(model, written_at(model), name, file, _changed(file), layout, columns, reading, preparation)


@kept
def _alike(
    name: str,
    file: str,
    written: float,
    layout: str,
    columns: Columns,
    reading: Reading,
    preparation: Preparation,
) -> tuple[Note, ...]:
    return core_alike.notes(_dataset(name, file, written, layout, columns, reading, preparation))


def alike(
    name: str,
    file: str,
    layout: str,
    columns: Columns,
    reading: Reading = FIND_OUT,
    preparation: Preparation = AS_READ,
) -> tuple[Note, ...]:
    """What is to be said where many test rows say nearly the same as a training row; arguments as of `dataset`."""
    return _alike(name, file, _changed(file), layout, columns, reading, preparation)


@kept
def _fit_of(model: str, model_written: float, texts: Mapping[str, tuple[str, ...]]) -> core_fit.Fit:
    return core_fit.measure(texts, tokenizer(model, -1))


def fit_of(model: str, texts: Mapping[str, Sequence[str]]) -> core_fit.Fit:
    """How a model's tokenizer reads a sample of N inputs (role → N texts) when nothing is cut."""
    sampled = core_fit.sample(texts)
    return _fit_of(model, written_at(model), {role: tuple(column) for role, column in sampled.items()})


def run_data(run_id: str) -> TextDataset:
    """The data that a run was trained on."""
    run = runs.get(run_id)
    config = run.config
    file = str(run.folder / config.data) if config.data.startswith("data/") else ""
    layout = task_of(config.task).layout.id
    return dataset(config.data, file, layout, config.columns, config.reading, config.preparation)


@kept
def _training_texts(name: str, written: float) -> frozenset[str]:
    try:
        data = data_of(name)
    except UserError:  # its data is gone, so what it was trained on is not known any more
        return frozenset()
    return frozenset(text for texts in data.texts(data.splits["train"]).values() for text in texts)


def training_texts(name: str) -> frozenset[str]:
    """The texts of the training rows of a run, or of a model that comes with the studio; of any other model nothing is known."""
    known = name in READY or models.RUN_NAME.fullmatch(name)
    return _training_texts(name, written_at(name)) if known else frozenset()


def run_table(run_id: str) -> Table:
    """The data that a run was trained on, as a table."""
    run = runs.get(run_id)
    config, layout = run.config, task_of(run.config.task).layout
    if config.data.startswith("data/"):
        return table(str(run.folder / config.data), layout.id, config.reading)
    return read_source(config.data, layout, config.reading, None)[0]


def data_of(name: str) -> TextDataset:
    """The data that a run ("run:…") or a model that comes with the studio was trained on."""
    return dataset(READY[name].data) if name in READY else run_data(name.removeprefix("run:"))
