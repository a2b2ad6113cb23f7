"""The only home of st.cache_*: core's results, kept by names and text.

Nothing that comes from here may be changed: it is shared by every visitor. A run's model is also keyed by the time its
weights were written, because a resumed run writes them anew.
"""

from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import streamlit as st
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core import attention, data, explain, models, predict, runs, settings, tables
from core import tokens as core_tokens
from core.results import AttentionMaps, Attribution, Prediction, RunReport, Tokens

MODELS_KEPT = settings.MAX_MODELS.value()


def _written(name: str) -> float:
    """When a run's model was written; 0 for a model that never changes."""
    run = models.RUN_NAME.fullmatch(name)
    config = settings.runs_folder() / run[1] / "model" / "config.json" if run else None
    return config.stat().st_mtime if config and config.is_file() else 0.0


@st.cache_resource(max_entries=32, show_spinner=False)
def _tokenizer(name: str, written: float, max_length: int) -> PreTrainedTokenizerBase:
    return models.load_tokenizer(name)


def tokenizer(name: str, max_length: int = 0) -> PreTrainedTokenizerBase:
    """A model's tokenizer, to be used with this one max_length only.

    max_length −1 stands for no limit. A tokenizer keeps the truncation of its last call, so one that cut at different lengths in two visitors' threads
    could cut the one's text at the other's length.
    """
    return _tokenizer(name, _written(name), max_length)


@st.cache_resource(max_entries=MODELS_KEPT, show_spinner=False)
def _encoder(name: str, written: float) -> PreTrainedModel:
    return models.load_encoder(name, attention="eager")


def encoder(name: str) -> PreTrainedModel:
    """A model's bare encoder, able to return attention weights."""
    return _encoder(name, _written(name))


@st.cache_resource(max_entries=MODELS_KEPT, show_spinner=False)
def _predictor(name: str, written: float) -> predict.Predictor:
    return predict.load(name)


def predictor(name: str) -> predict.Predictor:
    """A trained classifier with its tokenizer and labels."""
    return _predictor(name, _written(name))


@st.cache_data(max_entries=512, show_spinner=False)
def _tokens(name: str, written: float, text: str, pair: str, max_length: int, pad_to: int) -> Tokens:
    family = models.FAMILIES[models.load_config(name).model_type]
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


@st.cache_data(max_entries=16, show_spinner=False)
def _overview(
    name: str, written: float, text: str, pair: str, view: attention.View, max_length: int
) -> attention.Overview:
    return attention.overview(
        encoder(name), tokenizer(name, max_length), text, pair, view=view, max_length=max_length, name=name
    )


def overview(
    name: str, text: str, pair: str = "", view: attention.View = "all", max_length: int = 0
) -> attention.Overview:
    """All heads of all layers in small."""
    return _overview(name, _written(name), text, pair, view, max_length)


@st.cache_resource(max_entries=4, show_spinner=False)
def dataset(name: str, task: str = "text-classification") -> data.TextDataset:
    """A DATASETS row or a hub dataset."""
    return data.load(name, task=task)


@st.cache_data(max_entries=256, show_spinner=False)
def _run_report(run_id: str, written: float) -> RunReport | None:
    return runs.report(runs.get(run_id))


def run_report(run_id: str) -> RunReport | None:
    """A run's report, or None while there is none."""
    file = settings.runs_folder() / run_id / "report.json"
    return _run_report(run_id, file.stat().st_mtime if file.is_file() else 0.0)


@st.cache_data(max_entries=512, show_spinner=False)
def _prediction(name: str, written: float, text: str, pair: str) -> Prediction:
    return predict.predict(predictor(name), [text], [pair] if pair else None)[0]


def prediction(name: str, text: str, pair: str = "") -> Prediction:
    """What a classifier says of one text (and pair)."""
    return _prediction(name, _written(name), text, pair)


@st.cache_resource(max_entries=1, show_spinner=False)
def _beginning(run_id: str, written: float) -> predict.Predictor:
    from core import finetune  # here, because the Trainer takes long to import and most pages never need it

    trained = predictor(f"run:{run_id}")
    return replace(trained, model=finetune.fresh_model(runs.get(run_id).config, trained.labels, "sdpa").eval())


@st.cache_data(max_entries=512, show_spinner=False)
def _before_training(run_id: str, written: float, text: str, pair: str) -> Prediction:
    return predict.predict(_beginning(run_id, written), [text], [pair] if pair else None)[0]


def before_training(run_id: str, text: str, pair: str = "") -> Prediction:
    """What a run's model said before its first step: the encoder it started from, with the new head its seed gives."""
    return _before_training(run_id, _written(f"run:{run_id}"), text, pair)


@st.cache_data(max_entries=64, show_spinner=False)
def _explanation(name: str, written: float, text: str, pair: str, label: str, method: str) -> Attribution:
    return explain.explain(predictor(name), text, pair, label=label, method=method)


def explanation(name: str, text: str, pair: str, label: str, method: str) -> Attribution:
    """How much each word moved the probability of a label."""
    return _explanation(name, _written(name), text, pair, label, method)


@st.cache_data(max_entries=512, ttl=300, show_spinner=False)
def _latency(name: str, written: float, text: str, pair: str) -> tuple[float, int]:
    ready, pairs = predictor(name), [pair] if pair else None
    predict.predict(ready, [text], pairs)
    times: list[float] = []
    while len(times) < 3 or (len(times) < 5 and sum(times) < 0.5):
        start = perf_counter()
        predict.predict(ready, [text], pairs)
        times.append(perf_counter() - start)
    return 1000 * median(times), len(times)


def latency(name: str, text: str, pair: str = "") -> tuple[float, int]:
    """Milliseconds one prediction takes, tokenising included, and how many were timed (after one that warms up).

    The median of five, or of three when they take longer than half a second. It holds for five minutes, because a busy
    machine answers later.
    """
    return _latency(name, _written(name), text, pair)


def _changed(file: str) -> float:
    """When a file was written; 0 for no file."""
    return Path(file).stat().st_mtime if file and Path(file).is_file() else 0.0


@st.cache_resource(max_entries=2, show_spinner=False)
def _table(file: str, written: float) -> tables.Table:
    return tables.read_table(Path(file))


def table(file: str) -> tables.Table:
    """What a file of data holds."""
    return _table(file, _changed(file))


@st.cache_resource(max_entries=4, show_spinner=False)
def _training_data(
    name: str, file: str, written: float, task: str, text: str, pair: str, label: str
) -> data.TextDataset:
    return data.load(
        file or name, task=task, text_column=text, pair_column=pair, label_column=label, allow_path=bool(file)
    )


def training_data(
    name: str, file: str = "", task: str = "text-classification", text: str = "", pair: str = "", label: str = ""
) -> data.TextDataset:
    """A DATASETS row or a hub dataset, or a file that the page itself wrote; text, pair, label: columns, "" to guess."""
    return _training_data(name, file, _changed(file), task, text, pair, label)


@st.cache_data(max_entries=32, show_spinner=False)
def _lengths(
    model: str, model_written: float, name: str, file: str, written: float, task: str, text: str, pair: str, label: str, rows: int
) -> np.ndarray:  # fmt: skip
    split = training_data(name, file, task, text, pair, label).splits["train"]
    split = split.select(range(min(rows, len(split))))
    return data.token_lengths(
        split["text"][:], split["pair"][:] if "pair" in split.column_names else None, tokenizer(model, -1)
    )


def lengths(model: str, rows: int, name: str, file: str, task: str, text: str, pair: str, label: str) -> np.ndarray:
    """Tokens of the first `rows` training examples when nothing is cut, special tokens included."""
    return _lengths(model, _written(model), name, file, _changed(file), task, text, pair, label, rows)
