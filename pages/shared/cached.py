"""The only home of st.cache_*: core's results, kept by names and text.

Nothing that comes from here may be changed: it is shared by every visitor. A run's model is also keyed by the time its
weights were written, because a resumed run writes them anew.
"""

import gc
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Literal, cast

import numpy as np
import streamlit as st
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core import (
    article,
    attention,
    embeddings,
    explain,
    heads,
    models,
    predict,
    pretraining,
    runs,
    settings,
    vocabulary,
)
from core import encoder as core_encoder
from core import tokens as core_tokens
from core.batches import Report
from core.bundled import READY
from core.data import fit as core_fit
from core.data import folders
from core.data.bundled import DATASETS
from core.data.dataset import Layout, TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.errors import Cancelled
from core.families import FAMILIES, HEADS
from core.results import AttentionMaps, Attribution, Prediction, Reading, RunReport, Tokens
from core.tables.table import FIND_OUT, Table
from core.tasks.base import is_path, start
from core.tasks.table import TASKS, task_of

Columns = tuple[tuple[str, str], ...]

# Streamlit searches all objects for garbage after every run of a page, before the page's last parts are sent. What the
# libraries brought along (half a million objects, a quarter of a second) stays for good: it need not be searched.
gc.freeze()


def _written(name: str) -> float:
    """When a run's model was written; 0 for a model that never changes."""
    run = models.RUN_NAME.fullmatch(name)
    config = settings.runs_folder() / run[1] / "model" / "config.json" if run else None
    return config.stat().st_mtime if config and config.is_file() else 0.0


@st.cache_resource(max_entries=32, show_spinner=False)
def _tokenizer(name: str, written: float, max_length: int, use: str = "") -> PreTrainedTokenizerBase:
    return models.load_tokenizer(name)


def tokenizer(name: str, max_length: int = 0) -> PreTrainedTokenizerBase:
    """A model's tokenizer, to be used with this one max_length only.

    max_length −1 stands for no limit. A tokenizer keeps the truncation of its last call, so one that cut at different lengths in two visitors' threads
    could cut the one's text at the other's length.
    """
    return _tokenizer(name, _written(name), max_length)


def _load_model(name: str, written: float, head: str, begins: bool, device: str) -> PreTrainedModel:
    attention: models.Attention = "eager" if device == "cpu" else "sdpa"
    if begins:
        config = runs.get(name.removeprefix("run:")).config
        labels = task_of(config.task).goal.labels_of(name, models.load_config(name))
        model = start(task_of(config.task), config, labels, attention).eval()
    elif head:
        model = models.load(name, head, attention=attention)
    else:
        model = models.load_encoder(name, attention=attention)
    return cast(PreTrainedModel, model.to(device))


@lru_cache
def _store(most: int) -> Callable[[str, float, str, bool, str], PreTrainedModel]:
    """The one store of loaded models, of at most so many: the setting is read when a model is wanted, not at import."""
    return st.cache_resource(max_entries=most, show_spinner=False)(_load_model)


def model(name: str, head: str = "", *, begins: bool = False, device: str = "cpu") -> PreTrainedModel:
    """A model with a head of HEADS, or the bare encoder; one that can return attention weights, except on a GPU.

    begins: as a run had it before its first step.
    """
    return _store(settings.MAX_MODELS.value())(name, _written(name), head, begins, device)


def encoder(name: str) -> PreTrainedModel:
    """A model's encoder, able to return attention weights: that of its classifier where it has one, so that it is held once."""
    return cast(PreTrainedModel, whole(name).base_model)


@st.cache_data(max_entries=256, show_spinner=False)
def _task(name: str, written: float) -> str:
    models.folder(name)  # says at once when there is no such model
    run = models.RUN_NAME.fullmatch(name)
    asked = runs.get(run[1]).config.task if run else ""
    return predict.choose_task(name, asked if asked in TASKS else "").id


def predictor(name: str, *, begins: bool = False) -> predict.Predictor:
    """A trained model ready to answer, for the task of its run or else of its head. begins: before its first step.

    Raises UserError for a model without a head.
    """
    task = task_of(_task(name, _written(name)))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    loaded = model(name, task.head, begins=begins, device=device)
    longest = models.max_length(loaded.config)
    return predict.around(name, task, loaded, _tokenizer(name, _written(name), longest, "answers"), longest)


@st.cache_data(max_entries=512, show_spinner=False)
def _tokens(name: str, written: float, text: str, pair: str, max_length: int, pad_to: int) -> Tokens:
    family = FAMILIES[models.load_config(name).model_type]
    return core_tokens.tokenize(
        tokenizer(name, max_length),
        text,
        pair,
        model=name,
        max_length=max_length,
        pad_to=pad_to,
        first_position=family.position_offset,
    )


def tokens(name: str, text: str, pair: str = "", max_length: int = 0, pad_to: int = 0) -> Tokens:
    """The tokens of a text (and a pair)."""
    return _tokens(name, _written(name), text, pair, max_length, pad_to)


@st.cache_data(max_entries=64, show_spinner=False)
def _vectors(name: str, written: float, text: str, pair: str, max_length: int) -> np.ndarray:
    inputs = tokenizer(name, max_length)(
        text, pair or None, truncation=True, max_length=max_length, return_tensors="pt"
    )
    with torch.inference_mode():
        return encoder(name)(**inputs).last_hidden_state[0].numpy()


def vectors(name: str, text: str, pair: str = "", max_length: int = 64) -> np.ndarray:
    """The last hidden state of every token, shape (T, D)."""
    return _vectors(name, _written(name), text, pair, max_length)


@st.cache_data(max_entries=8, show_spinner=False)
def _attend(name: str, written: float, text: str, pair: str, layer: int | None, max_length: int) -> AttentionMaps:
    return attention.attend(
        encoder(name), tokenizer(name, max_length), text, pair, layer=layer, max_length=max_length, name=name
    )


def attend(name: str, text: str, pair: str = "", layer: int | None = None, max_length: int = 0) -> AttentionMaps:
    """The attention weights of all layers, or of one."""
    return _attend(name, _written(name), text, pair, layer, max_length)


@st.cache_resource(max_entries=4, show_spinner=False)
def _atlas(
    name: str, written: float, text: str, pair: str, max_length: int, masked: tuple[int, ...]
) -> attention.Atlas:
    return attention.atlas(
        encoder(name), tokenizer(name, max_length), text, pair, max_length=max_length, name=name, mask=masked
    )


def atlas(name: str, text: str, pair: str = "", max_length: int = 0, masked: tuple[int, ...] = ()) -> attention.Atlas:
    """Every weight of every head in bytes; masked: positions whose token the model does not see."""
    return _atlas(name, _written(name), text, pair, max_length, masked)


@st.cache_data(max_entries=256, show_spinner=False)
def _classifies(name: str, written: float) -> bool:
    return models.head_of(models.load_config(name)) == "classifier"


def classifies(name: str) -> bool:
    """Whether a model has a classifier of its own: a finished run, or a fine-tuned model of the hub."""
    return _classifies(name, _written(name))


def whole(name: str) -> PreTrainedModel:
    """All that a model has, its classifier included, able to return attention weights."""
    return model(name, "classifier" if classifies(name) else "")


@st.cache_resource(max_entries=6, show_spinner=False)
def _trace(name: str, written: float, text: str, pair: str, layer: int, max_length: int) -> core_encoder.Trace:
    return core_encoder.trace(
        whole(name), tokenizer(name, max_length), text, pair, layer=layer, max_length=max_length, name=name, pooler=_has_pooler(name, written)
    )  # fmt: skip


def trace(name: str, text: str, pair: str = "", layer: int = 0, max_length: int = 0) -> core_encoder.Trace:
    """Every step of one layer, recomputed from the weights and compared with the library."""
    return _trace(name, _written(name), text, pair, layer, max_length)


@st.cache_data(max_entries=32, show_spinner=False)
def _changed_pass(
    name: str, written: float, text: str, pair: str, max_length: int, changes: tuple[str, ...], swap: tuple[int, int] | None, padding: int
) -> core_encoder.Comparison:  # fmt: skip
    pad_to = 0
    if padding:
        longest = models.max_length(whole(name).config)
        pad_to = min(len(tokens(name, text, pair, max_length).tokens) + padding, longest)
    true, other = (
        core_encoder.trace(
            whole(name), tokenizer(name, max_length), text, pair, max_length=max_length, pad_to=pad_to, name=name, changes=wanted, swap=places
        )
        for wanted, places in (((), None), (changes, swap))
    )  # fmt: skip
    return core_encoder.compare(true, other)


def changed_pass(
    name: str,
    text: str,
    pair: str,
    max_length: int,
    changes: tuple[str, ...],
    swap: tuple[int, int] | None = None,
    padding: int = 0,
) -> core_encoder.Comparison:
    """What changing the computation does to the vectors and the prediction; padding: so many tokens are added to both."""
    return _changed_pass(name, _written(name), text, pair, max_length, changes, swap, padding)


@st.cache_resource(max_entries=4, show_spinner=False)
def _dataset(name: str, file: str, written: float, layout: str, columns: Columns, reading: Reading) -> TextDataset:
    def read(path: Path, rows: Layout, asked: Reading) -> Table:
        return _table(str(path), written, rows.id, asked)

    return load(file or name, LAYOUTS[layout], dict(columns), reading=reading, allow_path=bool(file), read=read)


def dataset(
    name: str, file: str = "", layout: str = "", columns: Columns = (), reading: Reading = FIND_OUT
) -> TextDataset:
    """A DATASETS row or a hub dataset, or a file that the page itself wrote.

    layout: a LAYOUTS id, by default the dataset's own, or the first. columns: (role, column); the others are guessed. reading:
    how a file is read.
    """
    own = TASKS[DATASETS[name].task].layout.id if name in DATASETS else next(iter(LAYOUTS))
    return _dataset(name, file, _changed(file), layout or own, columns, reading)


@st.cache_resource(max_entries=4096, show_spinner=False)
def _run_of(folder: str, written: tuple[int, ...]) -> runs.Run:
    return runs.open_folder(Path(folder))


def _run_now(folder: Path) -> runs.Run:
    """A run as it is now. One that has ended is read again only when its files were written since."""
    try:
        written = tuple((folder / name).stat().st_mtime_ns for name in (runs.CONFIG, runs.STATE))
    except FileNotFoundError:
        return runs.open_folder(folder)
    run = _run_of(str(folder), written)
    return run if run.state.status in ("finished", "failed", "cancelled") else runs.open_folder(folder)


def all_runs() -> tuple[runs.Run, ...]:
    """Every run as it is now, newest first."""
    found = [_run_now(folder) for folder in runs.folders()]
    return tuple(sorted(found, key=lambda run: (run.state.created, run.id), reverse=True))


@st.cache_data(max_entries=256, show_spinner=False)
def _run_report(run_id: str, written: float) -> RunReport | None:
    return runs.report(runs.get(run_id))


def run_report(run_id: str) -> RunReport | None:
    """A run's report, or None while there is none."""
    file = settings.runs_folder() / run_id / "report.json"
    return _run_report(run_id, file.stat().st_mtime if file.is_file() else 0.0)


@st.cache_data(max_entries=512, show_spinner=False)
def _prediction(name: str, written: float, inputs: Mapping[str, str], begins: bool) -> Prediction:
    ready = predictor(name, begins=begins)
    return predict.predict(ready, {role: [text] for role, text in inputs.items()})[0]


def prediction(name: str, inputs: Mapping[str, str]) -> Prediction:
    """What a model answers to one input, role → text."""
    return _prediction(name, _written(name), inputs, False)


def before_training(run_id: str, inputs: Mapping[str, str]) -> Prediction:
    """What a run's model answered before its first step: what it started from, with the head that its seed gives where it had none."""
    name = f"run:{run_id}"
    return _prediction(name, _written(name), inputs, True)


@st.cache_data(max_entries=256, show_spinner=False)
def _began_with_head(run_id: str, written: float) -> bool:
    config = runs.get(run_id).config
    head = HEADS[task_of(config.task).head]
    return head.new != "always" and models.has_head(config.model, head.id, allow_path=is_path(config.model))


def began_with_head(run_id: str) -> bool:
    """Whether the model that a run started from brought the head for its task; otherwise the run drew a new one."""
    return _began_with_head(run_id, _written(f"run:{run_id}"))


@st.cache_data(max_entries=64, show_spinner=False)
def _explanation(
    name: str, written: float, inputs: Mapping[str, str], label: str, method: str, at: int | None
) -> Attribution:
    return explain.explain(
        predictor(name), inputs["text"], inputs.get("pair", ""), label=label or None, method=method, at=at
    )


def explanation(name: str, inputs: Mapping[str, str], label: str, method: str, at: int | None = None) -> Attribution:
    """How much each word moved the probability of a label, for a model of tokens that of the token at a character; "" for the predicted one."""
    return _explanation(name, _written(name), inputs, label, method, at)


@st.cache_data(max_entries=512, ttl=300, show_spinner=False)
def _latency(name: str, written: float, inputs: Mapping[str, str]) -> tuple[float, int]:
    return predict.latency(predictor(name), inputs)


def latency(name: str, inputs: Mapping[str, str]) -> tuple[float, int]:
    """Milliseconds one prediction takes, tokenising included, and how many were timed.

    It holds for five minutes, because a busy machine answers later.
    """
    return _latency(name, _written(name), inputs)


def _changed(file: str) -> float:
    """When a file was written; 0 for no file."""
    return Path(file).stat().st_mtime if file and Path(file).is_file() else 0.0


@st.cache_resource(max_entries=2, show_spinner=False)
def _table(file: str, written: float, layout: str, reading: Reading) -> Table:
    return folders.read(Path(file), LAYOUTS[layout], reading)


def table(file: str, layout: str, reading: Reading = FIND_OUT) -> Table:
    """What a file of data holds, read as a layout does."""
    return _table(file, _changed(file), layout, reading)


@st.cache_resource(max_entries=32, show_spinner=False)
def _fit(
    model: str,
    model_written: float,
    name: str,
    file: str,
    written: float,
    layout: str,
    columns: Columns,
    reading: Reading,
) -> core_fit.Fit:
    found = _dataset(name, file, written, layout, columns, reading)
    texts = found.texts(found.splits["train"])
    return core_fit.measure(core_fit.sample(texts), tokenizer(model, -1))


def fit(model: str, name: str, file: str, layout: str, columns: Columns, reading: Reading = FIND_OUT) -> core_fit.Fit:
    """How a model's tokenizer reads a sample of the training examples when nothing is cut."""
    return _fit(model, _written(model), name, file, _changed(file), layout, columns, reading)


@st.cache_resource(max_entries=32, show_spinner=False)
def _fit_of(model: str, model_written: float, texts: Mapping[str, tuple[str, ...]]) -> core_fit.Fit:
    return core_fit.measure(texts, tokenizer(model, -1))


def fit_of(model: str, texts: Mapping[str, Sequence[str]]) -> core_fit.Fit:
    """How a model's tokenizer reads a sample of N inputs (role → N texts) when nothing is cut."""
    sampled = core_fit.sample(texts)
    return _fit_of(model, _written(model), {role: tuple(column) for role, column in sampled.items()})


@st.cache_data(max_entries=200, show_spinner=False)
def repetition(
    seed: int, epochs: int, batch_size: int, learning_rate: float, optimizer: article.Optimizer
) -> article.Repetitions:
    """The tutorial's experiment with one seed, on the bundled model."""
    return article.repeat(
        tokenizer("minilm", -2), (seed,), epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, optimizer=optimizer
    )  # fmt: skip


@st.cache_data(max_entries=8, show_spinner=False)
def drift(steps: int) -> tuple[article.Drift, ...]:
    """What each optimiser does to the bundled model's word embeddings."""
    return article.optimizers(encoder("minilm"), tokenizer("minilm", -2), steps=steps)


@st.cache_data(max_entries=32, show_spinner=False)
def corruption(texts: tuple[str, ...], seed: int) -> article.Corruption:
    """The masking of pre-training on some texts, counted with the bundled vocabulary."""
    return article.corruption(tokenizer("minilm", 128), texts, seed=seed)


@st.cache_data(max_entries=32, show_spinner=False)
def direction(beginning: str, ends: tuple[str, str]) -> article.Direction:
    """Whether the bundled model's vectors depend on what comes later."""
    return article.direction(encoder("minilm"), tokenizer("minilm", 0), beginning, ends)


@st.cache_data(max_entries=8, show_spinner=False)
def output_of(code: str) -> tuple[str, bool]:
    """What a snippet of the tutorial's prints, and whether it fails."""
    return article.output_of(code)


@st.cache_resource(max_entries=64, show_spinner=False)
def _place(what: str, key: tuple[str | int | float | None, ...]) -> dict[str, object]:
    return {}


def _once(what: str, key: tuple[str | int | float | None, ...], make: Callable[[], object] | None) -> object:
    """A result that takes long: made once, kept, and shared; None when it is not there and nobody asks to make it.

    Its making draws progress on a page, which Streamlit's caches do not allow; when it is cancelled nothing is kept.
    """
    place = _place(what, key)
    if "result" not in place and make is not None:
        place["result"] = make()
    return place.get("result")


def head_statistics(
    name: str, texts: tuple[str, ...], max_length: int, report: Report | None = None
) -> heads.HeadStatistics | None:
    """What every head does on average over some texts; without `report` only what is there already."""

    def make() -> heads.HeadStatistics:
        return heads.head_statistics(encoder(name), tokenizer(name, max_length), texts, max_length, report=report)

    digest = sha256(repr(texts).encode()).hexdigest()
    key = (name, _written(name), digest, max_length)
    return cast(heads.HeadStatistics | None, _once("head_statistics", key, make if report else None))


@st.cache_data(max_entries=16, show_spinner=False)
def _rollout(name: str, written: float, text: str, pair: str, max_length: int) -> np.ndarray:
    return heads.rollout(attend(name, text, pair, None, max_length).weights)


def rollout(name: str, text: str, pair: str, max_length: int) -> np.ndarray:
    """Attention rollout through each layer, shape (L, T, T)."""
    return _rollout(name, _written(name), text, pair, max_length)


def flow(
    name: str, text: str, pair: str, max_length: int, source: int, report: Report | None = None
) -> np.ndarray | None:
    """Attention flow from one token to every input token, shape (T,); without `report` only what is there already."""

    def make() -> np.ndarray:
        return heads.flow(attend(name, text, pair, None, max_length).weights, [source], report=report)[0]

    key = (name, _written(name), text, pair, max_length, source)
    return cast(np.ndarray | None, _once("flow", key, make if report else None))


@st.cache_data(max_entries=64, show_spinner=False)
def _ablation(
    name: str, written: float, text: str, pair: str, max_length: int, off: tuple[tuple[int, int], ...]
) -> heads.Ablation:
    return heads.ablation(
        whole(name), tokenizer(name, max_length), text, pair, frozenset(off), max_length=max_length, name=name
    )


def ablation(name: str, text: str, pair: str, max_length: int, off: heads.Switch) -> heads.Ablation:
    """What switching heads off changes for one input."""
    return _ablation(name, _written(name), text, pair, max_length, tuple(sorted(off)))


def single_ablations(
    name: str, text: str, pair: str, max_length: int, report: Report | None = None
) -> np.ndarray | None:
    """How far the output vectors move when one head alone is off, shape (L, H): the mean over the tokens of
    ‖after − before‖ / ‖before‖ after the last layer. Without `report` only what is there already."""

    def make() -> np.ndarray:
        config = encoder(name).config
        layers, count = config.num_hidden_layers, config.num_attention_heads
        moved = np.zeros((layers, count))
        for layer, head in np.ndindex(layers, count):
            off = frozenset({(layer, head)})
            found = heads.ablation(whole(name), tokenizer(name, max_length), text, pair, off, max_length=max_length)
            moved[layer, head] = found.change[-1].mean()
            if report is not None:
                report(layer * count + head + 1, moved.size)
        return moved

    key = (name, _written(name), text, pair, max_length)
    return cast(np.ndarray | None, _once("single_ablations", key, make if report else None))


def run_data(run_id: str) -> TextDataset:
    """The data that a run was trained on."""
    run = runs.get(run_id)
    config = run.config
    file = str(run.folder / config.data) if config.data.startswith("data/") else ""
    return dataset(config.data, file, task_of(config.task).layout.id, config.columns, config.reading)


def data_of(name: str) -> TextDataset:
    """The data that a run ("run:…") or a model that comes with the studio was trained on."""
    return dataset(READY[name].data) if name in READY else run_data(name.removeprefix("run:"))


def importance(name: str, limit: int, report: Report | None = None) -> heads.Importance | None:
    """What a model's answers lose without each of its heads, on the validation rows of its data; without `report` only what is there.

    name: a run ("run:…") or a model that comes with the studio.
    """

    def make() -> heads.Importance:
        found = data_of(name)
        split = found.splits["validation"]
        true = np.array(split["label"][:])
        return heads.importance(
            predictor(name), found.texts(split), found.label_names, true, limit=limit, report=report
        )

    return cast(heads.Importance | None, _once("importance", (name, _written(name), limit), make if report else None))


@st.cache_data(max_entries=16, show_spinner=False)
def _head_differences(
    name: str, written: float, other: str, other_written: float, text: str, pair: str, max_length: int
) -> heads.Differences:
    return heads.differences(*(attend(model, text, pair, None, max_length) for model in (name, other)))


def head_differences(name: str, other: str, text: str, pair: str, max_length: int) -> heads.Differences:
    """How much each head's map of one input differs between two models."""
    return _head_differences(name, _written(name), other, _written(other), text, pair, max_length)


@st.cache_data(max_entries=16, show_spinner=False)
def _agreement(name: str, written: float, text: str, pair: str, label: str) -> heads.Agreement:
    maps = attend(name, text, pair, None, predictor(name).max_length)
    inputs = {"text": text, "pair": pair} if pair else {"text": text}
    return heads.agreement(
        maps, [explanation(name, inputs, label, method) for method in ("integrated-gradients", "deletion")]
    )


def agreement(name: str, text: str, pair: str, label: str) -> heads.Agreement:
    """Attention to each word beside what the word does for a label."""
    return _agreement(name, _written(name), text, pair, label)


def _undisturbed(report: Callable[[int, int], None] | None) -> Callable[[int, int], None] | None:
    """A page's progress report that a cached function may call: what it draws is not recorded for the next visitor."""
    if report is None:
        return None
    context = copy_context()
    return lambda done, total: context.run(report, done, total)


@st.cache_data(max_entries=256, show_spinner=False)
def _has_pooler(name: str, written: float) -> bool:
    return embeddings.has_pooler(models.folder(name))


@st.cache_resource(max_entries=24, show_spinner=False)
def _output(name: str, written: float, text: str, pair: str, max_length: int) -> embeddings.Output:
    return embeddings.output(
        encoder(name), tokenizer(name, max_length), text, pair, max_length=max_length, name=name, pooler=_has_pooler(name, written)
    )  # fmt: skip


def output(name: str, text: str, pair: str = "", max_length: int = 0) -> embeddings.Output:
    """Every hidden state of a text (and pair), the pooler's output where the model has a trained one, and one vector a pooling."""
    return _output(name, _written(name), text, pair, max_length)


@st.cache_resource(max_entries=16, show_spinner=False)
def _word_uses(
    name: str, written: float, word: str, sentences: tuple[tuple[str, str], ...], max_length: int
) -> embeddings.WordUses:
    return embeddings.word_across(
        encoder(name), tokenizer(name, max_length), word, sentences, max_length=max_length, name=name
    )


def word_uses(name: str, word: str, sentences: tuple[tuple[str, str], ...], max_length: int = 0) -> embeddings.WordUses:
    """A word's vectors in several sentences, each with its sense."""
    return _word_uses(name, _written(name), word, sentences, max_length)


@st.cache_data(max_entries=16, show_spinner=False)
def sample(name: str, count: int) -> embeddings.Sample:
    """Texts of a dataset, chosen at random, those held back from training first."""
    return embeddings.sample(dataset(name), count)


@st.cache_resource(max_entries=4, show_spinner=False)
def _sentence_vectors(
    name: str, written: float, texts: tuple[str, ...], max_length: int, _report: Callable[[int, int], None] | None
) -> embeddings.Pooled:
    return embeddings.pooled(encoder(name), tokenizer(name, max_length), texts, max_length=max_length, report=_report)


def sentence_vectors(
    name: str, texts: tuple[str, ...], max_length: int, report: Callable[[int, int], None] | None = None
) -> embeddings.Pooled:
    """One vector a text, layer and pooling; `report` may draw progress, and is called only while nothing is kept yet."""
    return _sentence_vectors(name, _written(name), texts, max_length, _undisturbed(report))


@st.cache_data(max_entries=64, show_spinner=False)
def _few_vectors(name: str, written: float, text: str, max_length: int) -> dict[embeddings.Pooling, np.ndarray]:
    found = embeddings.pooled(encoder(name), tokenizer(name, max_length), (text,), max_length=max_length)
    return {way: vectors[:, 0] for way, vectors in found.vectors.items()}


def few_vectors(name: str, text: str, max_length: int) -> dict[embeddings.Pooling, np.ndarray]:
    """One text's vector in every state, shape (L + 1, D), for each way of pooling."""
    return _few_vectors(name, _written(name), text, max_length)


def _chosen_vectors(
    names: tuple[str, ...], texts: tuple[str, ...], max_length: int, state: int, pooling: embeddings.Pooling
) -> list[np.ndarray]:
    return [sentence_vectors(name, texts, max_length).vectors[pooling][state] for name in names]


@st.cache_data(max_entries=32, show_spinner=False)
def _projection(
    names: tuple[str, ...], written: tuple[float, ...], texts: tuple[str, ...], max_length: int, state: int,
    pooling: embeddings.Pooling, method: embeddings.Method, dimensions: Literal[2, 3], perplexity: float,
) -> embeddings.Projection:  # fmt: skip
    vectors = _chosen_vectors(names, texts, max_length, state, pooling)
    return embeddings.project(vectors, method, dimensions, perplexity=perplexity)


def projection(
    names: tuple[str, ...], texts: tuple[str, ...], max_length: int, state: int,
    pooling: embeddings.Pooling, method: embeddings.Method, dimensions: Literal[2, 3], perplexity: float,
) -> embeddings.Projection:  # fmt: skip
    """The sentence vectors of one model or two on one map."""
    written = tuple(_written(name) for name in names)
    return _projection(names, written, texts, max_length, state, pooling, method, dimensions, perplexity)


@st.cache_data(max_entries=64, show_spinner=False)
def _separation(
    name: str, written: float, texts: tuple[str, ...], labels: tuple[str, ...], max_length: int, state: int, pooling: embeddings.Pooling
) -> embeddings.Separation:  # fmt: skip
    return embeddings.separation(_chosen_vectors((name,), texts, max_length, state, pooling)[0], labels)


def separation(
    name: str, texts: tuple[str, ...], labels: tuple[str, ...], max_length: int, state: int, pooling: embeddings.Pooling
) -> embeddings.Separation:
    """How far apart the labels lie in one layer."""
    return _separation(name, _written(name), texts, labels, max_length, state, pooling)


@st.cache_data(max_entries=64, show_spinner=False)
def _silhouettes(
    name: str, written: float, texts: tuple[str, ...], labels: tuple[str, ...], max_length: int, pooling: embeddings.Pooling
) -> tuple[float, ...]:  # fmt: skip
    states = sentence_vectors(name, texts, max_length).vectors[pooling]
    return tuple(embeddings.silhouette(vectors, labels) for vectors in states)


def silhouettes(
    name: str, texts: tuple[str, ...], labels: tuple[str, ...], max_length: int, pooling: embeddings.Pooling
) -> tuple[float, ...]:
    """The silhouette score of the labels in every state."""
    return _silhouettes(name, _written(name), texts, labels, max_length, pooling)


@st.cache_data(max_entries=64, show_spinner=False)
def _words(name: str, written: float, text: str) -> tuple[core_tokens.Word, ...]:
    return core_tokens.words(tokenizer(name, -1), text)


def words(name: str, text: str) -> tuple[core_tokens.Word, ...]:
    """The pre-tokens of a text: what the vocabulary is asked for."""
    return _words(name, _written(name), text)


@st.cache_data(max_entries=128, show_spinner=False)
def _word_trace(name: str, written: float, text: str, index: int) -> core_tokens.WordTrace:
    return core_tokens.trace_word(tokenizer(name, -1), text, index)


def word_trace(name: str, text: str, index: int) -> core_tokens.WordTrace:
    """How one word of a text became tokens."""
    return _word_trace(name, _written(name), text, index)


@st.cache_data(max_entries=128, show_spinner=False)
def _spelling(name: str, written: float, text: str) -> vocabulary.Spelling:
    return vocabulary.spelling(tokenizer(name, -1), text, name=name)


def spelling(name: str, text: str) -> vocabulary.Spelling:
    """The pieces of a text under one model's tokenizer, nothing cut."""
    return _spelling(name, _written(name), text)


@st.cache_data(max_entries=32, show_spinner=False)
def _language_costs(name: str, written: float) -> tuple[vocabulary.LanguageCost, ...]:
    return vocabulary.language_costs(tokenizer(name, -1))


def language_costs(name: str) -> tuple[vocabulary.LanguageCost, ...]:
    """What each language's text costs under one model's tokenizer."""
    return _language_costs(name, _written(name))


@st.cache_resource(max_entries=4, show_spinner=False)
def _vocabulary(name: str, written: float) -> tuple[vocabulary.Entry, ...]:
    return vocabulary.vocabulary(tokenizer(name, -1))


def entries(name: str, query: str, kind: vocabulary.EntryKind, limit: int, offset: int = 0) -> vocabulary.Entries:
    """One page of a search in a model's vocabulary."""
    return vocabulary.search(_vocabulary(name, _written(name)), query, kind, limit, offset=offset)


@st.cache_data(max_entries=64, show_spinner=False)
def _neighbours(name: str, written: float, token_id: int, count: int) -> tuple[vocabulary.Neighbour, ...]:
    return vocabulary.neighbours(encoder(name), token_id, count)


def neighbours(name: str, token_id: int, count: int) -> tuple[vocabulary.Neighbour, ...]:
    """The entries nearest to one in the model's word embedding table."""
    return _neighbours(name, _written(name), token_id, count)


def trained_tokenizer(
    kind: vocabulary.Kind, texts: tuple[str, ...], size: int, report: Report | None = None
) -> vocabulary.TrainedTokenizer | None:
    """A tokenizer trained on the spot; without `report` only one that is there already."""

    def make() -> vocabulary.TrainedTokenizer:
        """The tokenizers library reads its texts in a thread of its own, which must not draw: this one draws."""
        assert report is not None
        now, over = [0, len(texts)], Event()

        def note(done: int, total: int) -> None:
            now[:] = [done, total]
            if over.is_set():
                raise Cancelled

        with ThreadPoolExecutor(1) as pool:
            work = pool.submit(vocabulary.train, kind, texts, size, note)
            try:
                while wait([work], timeout=0.1).not_done:
                    report(*now)
            finally:
                over.set()
        return work.result()

    digest = sha256(repr(texts).encode()).hexdigest()
    return cast(
        vocabulary.TrainedTokenizer | None,
        _once("trained_tokenizer", (kind, digest, size), make if report else None),
    )


def corpus_statistics(
    name: str, texts: tuple[str, ...], max_length: int, report: Report | None = None
) -> vocabulary.CorpusStatistics | None:
    """A dataset's texts under one model's tokenizer; without `report` only what is there already."""

    def make() -> vocabulary.CorpusStatistics:
        assert report is not None
        return vocabulary.corpus_statistics(texts, tokenizer(name, -1), max_length, report)

    digest = sha256(repr(texts).encode()).hexdigest()
    key = (name, _written(name), digest, max_length)
    return cast(vocabulary.CorpusStatistics | None, _once("corpus_statistics", key, make if report else None))


@st.cache_data(max_entries=256, show_spinner=False)
def _has_head(name: str, written: float, head: str) -> bool:
    return models.has_head(name, head)


def has_head(name: str, head: str) -> bool:
    """Whether a model was trained for masked language modelling or next sentence prediction."""
    return _has_head(name, _written(name), head)


@st.cache_data(max_entries=256, show_spinner=False)
def _can_learn(name: str, written: float, head: str) -> bool:
    return models.can_learn(name, head)


def can_learn(name: str, head: str) -> bool:
    """Whether pre-training may go on with a model: it has the head, or its family can be given a new one."""
    return _can_learn(name, _written(name), head)


def masked_lm(name: str) -> PreTrainedModel:
    """A model with its head for masked language modelling, able to return attention weights."""
    return model(name, "mlm")


def next_sentence_model(name: str) -> PreTrainedModel:
    """A model with its head for next sentence prediction."""
    return model(name, "nsp")


@st.cache_data(max_entries=128, show_spinner=False)
def _filled(
    name: str, written: float, text: str, masked: tuple[int, ...], whole_words: bool, max_length: int
) -> pretraining.Filled:
    return pretraining.fill(
        masked_lm(name), tokenizer(name, max_length), text, masked, max_length=max_length, name=name, whole_words=whole_words
    )  # fmt: skip


def filled(name: str, text: str, masked: tuple[int, ...], *, whole_words: bool, max_length: int) -> pretraining.Filled:
    """What a model would put at the masked positions of a text."""
    return _filled(name, _written(name), text, masked, whole_words, max_length)


@st.cache_data(max_entries=16, show_spinner=False)
def _before_after(
    name: str, written: float, text: str, masked: tuple[int, ...], whole_words: bool, layer: int, max_length: int
) -> pretraining.BeforeAfter:
    return pretraining.attention_before_after(
        masked_lm(name), tokenizer(name, max_length), text, masked, layer=layer, max_length=max_length, name=name, whole_words=whole_words
    )  # fmt: skip


def before_after(
    name: str, text: str, masked: tuple[int, ...], *, whole_words: bool, layer: int, max_length: int
) -> pretraining.BeforeAfter:
    """One layer's attention of a text before and after masking."""
    return _before_after(name, _written(name), text, masked, whole_words, layer, max_length)


@st.cache_data(max_entries=128, show_spinner=False)
def _corrupted(
    name: str, written: float, text: str, seed: int, whole_words: bool, max_length: int
) -> pretraining.Corruption:
    return pretraining.corrupt(
        tokenizer(name, max_length), text, seed=seed, whole_words=whole_words, max_length=max_length
    )


def corrupted(name: str, text: str, *, seed: int, whole_words: bool, max_length: int) -> pretraining.Corruption:
    """What the recipe of pre-training makes of one text."""
    return _corrupted(name, _written(name), text, seed, whole_words, max_length)


@st.cache_data(max_entries=32, show_spinner=False)
def _fates(
    name: str, written: float, text: str, seed: int, rounds: int, whole_words: bool, max_length: int
) -> tuple[dict[pretraining.Fate, int], ...]:
    rolls = (
        pretraining.corrupt(
            tokenizer(name, max_length), text, seed=seed + number, whole_words=whole_words, max_length=max_length
        )
        for number in range(rounds)
    )
    return tuple(dict(roll.counts) for roll in rolls)


def fates(
    name: str, text: str, *, seed: int, rounds: int, whole_words: bool, max_length: int
) -> tuple[dict[pretraining.Fate, int], ...]:
    """How many tokens met each fate, in each of many rolls of the recipe with seed, seed + 1, …"""
    return _fates(name, _written(name), text, seed, rounds, whole_words, max_length)


def scored(name: str, text: str, max_length: int, report: Report | None = None) -> pretraining.Scored | None:
    """A text's pseudo-log-likelihood, token by token; without `report` only what is there already."""

    def make() -> pretraining.Scored:
        return pretraining.score(
            masked_lm(name), tokenizer(name, max_length), text, max_length=max_length, name=name, report=report
        )

    key = (name, _written(name), text, max_length)
    return cast(pretraining.Scored | None, _once("scored", key, make if report else None))


@st.cache_data(max_entries=64, show_spinner=False)
def _follows(name: str, written: float, first: str, second: str, max_length: int) -> pretraining.NextSentence:
    return pretraining.next_sentence(
        next_sentence_model(name), tokenizer(name, max_length), first, second, max_length=max_length, name=name
    )


def follows(name: str, first: str, second: str, max_length: int) -> pretraining.NextSentence:
    """Whether the second text follows the first, and how the model comes to its answer."""
    return _follows(name, _written(name), first, second, max_length)


@st.cache_data(max_entries=64, show_spinner=False)
def _generated(
    name: str, written: float, text: str, method: pretraining.Method, length: int, temperature: float, top_k: int, seed: int, max_length: int
) -> tuple[pretraining.GenerationStep, ...]:  # fmt: skip
    return pretraining.generate(
        masked_lm(name), tokenizer(name, max_length), text, length=length, method=method, temperature=temperature, top_k=top_k, seed=seed,
        max_length=max_length, name=name,
    )  # fmt: skip


def generated(
    name: str, text: str, *, method: pretraining.Method, length: int, temperature: float, top_k: int, seed: int, max_length: int
) -> tuple[pretraining.GenerationStep, ...]:  # fmt: skip
    """Masks filled one after the other, step by step."""
    return _generated(name, _written(name), text, method, length, temperature, top_k, seed, max_length)
