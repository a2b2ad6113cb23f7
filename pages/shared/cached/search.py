"""Indexes of texts, vectors of questions, and how well a search does, kept by model and texts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core import embeddings, settings
from core.data import fit, helpdesk
from core.errors import N_, Note
from core.search import bm25, evaluate, index, prepared, quality, reply, zero_shot
from core.search.vectors import MAX_LENGTH, Encoder
from core.search.ways import Hit
from pages.shared.cached.data import dataset, fit_of, training_texts
from pages.shared.cached.models import encoder, predictor, tokenizer, written_at
from pages.shared.cached.once import undisturbed
from pages.shared.cached.store import kept

Report = Callable[[int, int], None]
TOO_LONG = N_("what you wrote is longer than the {limit} tokens that this model reads: its end does not count")


def encoder_of(name: str) -> Encoder:
    """What makes sentence vectors with a model."""
    return Encoder(name, encoder(name), tokenizer(name, MAX_LENGTH))


def max_length(name: str) -> int:
    """The most tokens of a text that a model reads here."""
    return prepared.read().max_length if name == prepared.MODEL else encoder_of(name).max_length


@kept
def _identity(name: str, written: float) -> str:
    return index.identity(encoder_of(name))


@kept
def _opened(name: str, written: float, passages: tuple[str, ...], _report: Report | None) -> index.Index:
    vectors = prepared.vectors(name, passages)
    if vectors is not None:
        return index.Index(passages, vectors, bm25.build(passages))
    home = settings.HOME.value() / "search"
    return index.opened(passages, encoder_of(name), home, _report, known=_identity(name, written))


def opened(name: str, passages: tuple[str, ...], report: Report | None = None) -> index.Index:
    """The index of some passages, kept on disk; `report` may draw progress, and is called only while nothing is kept yet."""
    return _opened(name, written_at(name), passages, undisturbed(report))


def advice(name: str, passages: tuple[str, ...]) -> tuple[Note, ...]:
    """What is to be said where a model cannot read the passages, or not to their ends."""
    if prepared.vectors(name, passages) is not None:
        return ()
    return fit.notes(fit_of(name, {"text": passages}), max_length(name), cut=True)


def advice_on(name: str, question: str) -> tuple[Note, ...]:
    """What is to be said where a model cannot read what somebody asks, or not to its end."""
    if prepared.vectors(name, [question]) is not None:
        return ()
    read, limit = fit.measure({"text": [question]}, tokenizer(name, MAX_LENGTH)), max_length(name)
    long = ((TOO_LONG, {"limit": limit}),) if read.longer(limit) else ()
    return (*fit.notes(read, limit, cut=False), *long)


@kept
def _vector(name: str, written: float, question: str) -> np.ndarray:
    vectors = prepared.vectors(name, [question])
    return (encoder_of(name).vectors([question]) if vectors is None else vectors)[0]


def vector(name: str, question: str) -> np.ndarray:
    """A question's vector, (D,)."""
    return _vector(name, written_at(name), question)


@kept
def _outcome(
    name: str, written: float, passages: tuple[str, ...], asked: tuple[tuple[str, int], ...], _report: Report | None
) -> evaluate.Outcome:
    vectors = opened(name, tuple(text for text, _ in asked), _report).vectors
    return evaluate.evaluate(opened(name, passages), asked, vectors)


def outcome(
    name: str, passages: tuple[str, ...], asked: Sequence[tuple[str, int]], report: Report | None = None
) -> evaluate.Outcome:
    """How a search does on questions whose right passage is known."""
    return _outcome(name, written_at(name), passages, tuple(asked), undisturbed(report))


def unseen(name: str, asked: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """The questions that a model was not trained on."""
    known = training_texts(name)
    return tuple(row for row in asked if row[0] not in known)


@kept
def _refusal(name: str, written: float, language: str, _report: Report | None) -> quality.Refusal:
    desk = helpdesk.read(language)
    chosen = threshold(name, language, _report)
    found = outcome(name, desk.passages, to_measure(name, desk, "test"), _report)
    return quality.refusal(chosen, found.cosines, found.right_first, _best_cosines(name, desk, "test"))


def refusal(name: str, language: str, report: Report | None = None) -> quality.Refusal:
    """What the threshold does on the help desk's test questions."""
    return _refusal(name, written_at(name), language, undisturbed(report))


@kept
def _threshold(name: str, written: float, language: str, _report: Report | None) -> float:
    desk = helpdesk.read(language)
    found = outcome(name, desk.passages, to_measure(name, desk, "validation"), _report)
    return quality.choose_threshold(found.cosines, _best_cosines(name, desk, "validation"))


def threshold(name: str, language: str, report: Report | None = None) -> float:
    """The cosine below which there is no good answer, chosen on the help desk's validation questions."""
    return _threshold(name, written_at(name), language, undisturbed(report))


def to_measure(name: str, desk: helpdesk.HelpDesk, split: str) -> Sequence[tuple[str, int]]:
    """The help desk's questions of a split that a model was not trained on; all of them where it was trained on each."""
    return unseen(name, desk.asked(split)) or desk.asked(split)


def _best_cosines(name: str, desk: helpdesk.HelpDesk, split: str) -> np.ndarray:
    """The highest cosine of each message without an answer."""
    vectors = opened(name, desk.unanswered[split]).vectors
    highest: np.ndarray = (vectors @ opened(name, desk.passages).vectors.T).max(axis=1)
    return highest


@kept
def _projection(
    name: str, written: float, passages: tuple[str, ...], question: str, method: embeddings.Method
) -> embeddings.Projection:
    vectors = np.vstack([opened(name, passages).vectors, vector(name, question)])
    return embeddings.project([vectors], method, perplexity=min(30.0, max(1.0, (len(passages) - 1) // 3)))


def projection(
    name: str, passages: tuple[str, ...], question: str, method: Literal["pca", "tsne"]
) -> embeddings.Projection:
    """The passages on a map, and the question as its last point."""
    return _projection(name, written_at(name), passages, question, method)


@kept
def _reply(reader: str, written: float, question: str, passages: tuple[str, ...], hits: tuple[Hit, ...]) -> reply.Reply:
    texts = {hit.place: text for hit, text in zip(hits, passages, strict=True)}
    return reply.read(predictor(reader), question, texts, hits)


def replied(reader: str, question: str, passages: Sequence[str], hits: tuple[Hit, ...]) -> reply.Reply:
    """What a reader makes of the passages at these hits."""
    return _reply(reader, written_at(reader), question, tuple(passages[hit.place] for hit in hits), hits)


@kept
def _nearest(
    name: str, written: float, question: str, passages: tuple[str, ...], places: tuple[int, ...]
) -> reply.Near | None:
    texts = dict(zip(places, passages, strict=True))
    return reply.nearest(encoder_of(name), vector(name, question), texts, places)


def nearest(name: str, question: str, passages: Sequence[str], hits: tuple[Hit, ...]) -> reply.Near | None:
    """The sentence nearest to a question in the passages at these hits."""
    places = tuple(hit.place for hit in hits)
    return _nearest(name, written_at(name), question, tuple(passages[place] for place in places), places)


@dataclass(frozen=True, eq=False)
class Classified:
    """Rows of a dataset with labels: vectors (N, D), texts and true labels (N,) of the training and of the test rows."""

    train: tuple[np.ndarray, list[str], np.ndarray]
    test: tuple[np.ndarray, list[str], np.ndarray]
    labels: tuple[str, ...]


@kept
def _classified(name: str, written: float, data: str, _report: Report | None) -> Classified:
    found = dataset(data)

    def part(split: str) -> tuple[np.ndarray, list[str], np.ndarray]:
        texts = list(found.splits[split]["text"])
        return opened(name, tuple(texts), _report).vectors, texts, np.array(found.splits[split]["label"])

    return Classified(part("train"), part("test"), found.label_names)


def classified(name: str, data: str, report: Report | None = None) -> Classified:
    """The rows of a DATASETS row of labelled texts with their vectors."""
    return _classified(name, written_at(name), data, undisturbed(report))


@kept
def _learnt(name: str, written: float, data: str) -> tuple[zero_shot.Reached, ...]:
    rows = classified(name, data)
    return zero_shot.learnt(rows.train, rows.test, len(rows.labels))


def learnt(name: str, data: str) -> tuple[zero_shot.Reached, ...]:
    """What is reached with a few examples of a dataset."""
    return _learnt(name, written_at(name), data)


@kept
def _described(name: str, written: float, labels: tuple[str, ...]) -> np.ndarray:
    return encoder_of(name).vectors(labels)


def described(name: str, labels: tuple[str, ...]) -> np.ndarray:
    """The vectors of labels that are described in words, (C, D)."""
    return _described(name, written_at(name), labels)
