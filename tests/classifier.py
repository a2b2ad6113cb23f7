"""A tiny classifier, and what it answers by transformers alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import datasets
import numpy as np
import torch

from core import predict
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.predict import Predictor
from core.results import DataReport
from core.tasks.classify import Labelled

TEXTS = [
    "i love pizza",
    "the film was not good and the plot was boring , very boring .",
    "我爱电影",
    "good",
    "an awful film , a great actor and a bad plot " * 3,
    "i hate coffee !",
]


def direct(predictor: Predictor, text: str, pair: str | None = None) -> np.ndarray:
    """The probabilities of one text by transformers alone."""
    batch = predictor.tokenizer(text, pair, truncation=True, max_length=predictor.max_length, return_tensors="pt")
    with torch.inference_mode():
        return predictor.model(**batch).logits.double().softmax(-1)[0].numpy()


def dataset_of(labels: tuple[str, ...], rows: Sequence[tuple[str, int]], **more: Sequence[str]) -> TextDataset:
    split = datasets.Dataset.from_dict(
        {"text": [text for text, _ in rows], "label": [label for _, label in rows], **more}
    )
    layout = LAYOUTS["pair-label" if "pair" in more else "text-label"]
    report = DataReport(len(rows), (), {}, {})
    return TextDataset("mine", layout, {}, labels, datasets.DatasetDict({"test": split}), report)


def answers(predictor: Predictor, inputs: Mapping[str, Sequence[str]]) -> tuple[Labelled, ...]:
    found = predict.predict(predictor, inputs)
    assert all(isinstance(answer, Labelled) for answer in found)
    return tuple(answer for answer in found if isinstance(answer, Labelled))


def in_batches_of(predictor: Predictor, size: int) -> Predictor:
    goal = type(predictor.goal)(predictor.tokenizer, predictor.labels, predictor.max_length, batch_size=size)
    return replace(predictor, goal=goal)
