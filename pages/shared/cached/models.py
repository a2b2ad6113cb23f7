"""The loaded models and tokenizers, kept by name, and what a model can do.

This package is the only home of what is kept (see store): core's results, by names and text. Nothing that comes from it may be
changed: it is shared by every visitor. A run's model is also keyed by the time its weights were written, because a
resumed run writes them anew.
"""

import gc
from typing import cast

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core import disk, embeddings, models, predict, runs, settings
from core.checkpoints import tokenizer as tokenizers
from core.errors import Note
from core.tasks.base import start
from core.tasks.table import TASKS, task_of
from pages.shared.cached.store import kept, lasting

# What the libraries brought along (half a million objects, a quarter of a second) stays for good: it need not be searched
# for garbage. What the pages leave is: by Python, as it gathers, and not after every run of a page (.streamlit/config.toml).
gc.freeze()


def written_at(name: str) -> float:
    """When a run's model was written; 0 for a model that never changes."""
    run = models.RUN_NAME.fullmatch(name)
    return disk.written_at(settings.runs_folder() / run[1] / "model" / "config.json") if run else 0.0


@lasting
def _loaded_tokenizer(name: str, written: float) -> PreTrainedTokenizerBase:
    return models.load_tokenizer(name)


@lasting
def _tokenizer(name: str, written: float, max_length: int, use: str = "") -> PreTrainedTokenizerBase:
    return tokenizers.sibling(_loaded_tokenizer(name, written))


def tokenizer(name: str, max_length: int = 0) -> PreTrainedTokenizerBase:
    """A model's tokenizer, to be used with this one max_length only.

    max_length −1 stands for no limit. A tokenizer keeps the truncation of its last call, so one that cut at different lengths in two visitors' threads
    could cut the one's text at the other's length.
    """
    return _tokenizer(name, written_at(name), max_length)


@kept
def _remarks(name: str, written: float) -> tuple[Note, ...]:
    return models.remarks(name)


def remarks(name: str) -> tuple[Note, ...]:
    """What should be known about a model that is here, before its answers are believed."""
    return _remarks(name, written_at(name)) if models.availability(name) == "here" else ()


@lasting
def _model(name: str, written: float, head: str, begins: bool, device: str) -> PreTrainedModel:
    attention: models.Attention = "eager" if device == "cpu" else "sdpa"
    if begins:
        config = runs.get(name.removeprefix("run:")).config
        labels = task_of(config.task).goal.labels_of(name, models.load_config(name))
        model = start(task_of(config.task), config, labels, _loaded_tokenizer(name, written), attention).eval()
    elif head:
        model = models.load(name, head, attention=attention)
    else:
        model = models.load_encoder(name, attention=attention)
    return cast(PreTrainedModel, model.to(device))


def model(name: str, head: str = "", *, begins: bool = False, device: str = "cpu") -> PreTrainedModel:
    """A model with a head of HEADS, or the bare encoder; one that can return attention weights, except on a GPU.

    begins: as a run had it before its first step.
    """
    return _model(name, written_at(name), head, begins, device)


def encoder(name: str) -> PreTrainedModel:
    """A model's encoder, able to return attention weights: that of its classifier where it has one, so that it is held once."""
    return cast(PreTrainedModel, whole(name).base_model)


@kept
def _task(name: str, written: float) -> str:
    models.folder(name)  # says at once when there is no such model
    run = models.RUN_NAME.fullmatch(name)
    asked = runs.get(run[1]).config.task if run else ""
    return predict.choose_task(name, asked if asked in TASKS else "").id


def predictor(name: str, *, begins: bool = False) -> predict.Predictor:
    """A trained model ready to answer, for the task of its run or else of its head. begins: before its first step.

    Raises UserError for a model without a head.
    """
    task = task_of(_task(name, written_at(name)))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    loaded = model(name, task.head, begins=begins, device=device)
    longest = models.max_length(loaded.config)
    return predict.around(name, task, loaded, _tokenizer(name, written_at(name), longest, "answers"), longest)


@kept
def _classifies(name: str, written: float) -> bool:
    return models.head_of(models.load_config(name)) == "classifier"


def classifies(name: str) -> bool:
    """Whether a model has a classifier of its own: a finished run, or a fine-tuned model of the hub."""
    return _classifies(name, written_at(name))


def whole(name: str) -> PreTrainedModel:
    """All that a model has, its classifier included, able to return attention weights."""
    return model(name, "classifier" if classifies(name) else "")


@kept
def _has_pooler(name: str, written: float) -> bool:
    return embeddings.has_pooler(models.folder(name))


def has_pooler(name: str) -> bool:
    """Whether a model has a trained pooler."""
    return _has_pooler(name, written_at(name))


@kept
def _has_head(name: str, written: float, head: str) -> bool:
    return models.has_head(name, head)


def has_head(name: str, head: str) -> bool:
    """Whether a model was trained for masked language modelling or next sentence prediction."""
    return _has_head(name, written_at(name), head)


@kept
def _can_learn(name: str, written: float, head: str) -> bool:
    return models.can_learn(name, head)


def can_learn(name: str, head: str) -> bool:
    """Whether pre-training may go on with a model: it has the head, or its family can be given a new one."""
    return _can_learn(name, written_at(name), head)


def masked_lm(name: str) -> PreTrainedModel:
    """A model with its head for masked language modelling, able to return attention weights."""
    return model(name, "mlm")


def next_sentence_model(name: str) -> PreTrainedModel:
    """A model with its head for next sentence prediction."""
    return model(name, "nsp")
