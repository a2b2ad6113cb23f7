"""Texts cut into sentences with their vectors, and how good their summaries are, kept by model and texts."""

from collections.abc import Callable

from core.data import fit
from core.errors import Note, UserError
from core.summarise import evaluate, summary
from core.summarise.summary import Document, Length
from pages.shared.cached.data import fit_of
from pages.shared.cached.models import written_at
from pages.shared.cached.once import undisturbed
from pages.shared.cached.search import encoder_of, max_length
from pages.shared.cached.store import kept

__all__ = ["advice", "max_length", "one", "quality", "read"]

Report = Callable[[int, int], None]


@kept
def _read(name: str, written: float, texts: tuple[str, ...], _report: Report | None) -> list[Document | UserError]:
    return summary.read(texts, encoder_of(name), _report)


def read(name: str, texts: tuple[str, ...], report: Report | None = None) -> list[Document | UserError]:
    """Each text with its sentences and their vectors, or what is wrong with it; `report` is called only while nothing is kept yet."""
    return _read(name, written_at(name), texts, undisturbed(report))


def one(name: str, text: str) -> Document:
    """A text with its sentences and their vectors. Raises UserError where it cannot be summarised."""
    (document,) = read(name, (text,))
    if isinstance(document, UserError):
        raise document
    return document


def advice(name: str, document: Document) -> tuple[Note, ...]:
    """What is to be said where a model cannot read the sentences, or not to their ends."""
    texts = tuple(part.text for part in document.sentences)
    return fit.notes(fit_of(name, {"text": texts}), max_length(name), cut=True)


@kept
def _quality(
    name: str, written: float, texts: tuple[str, ...], references: tuple[str, ...], length: tuple[str, int], relevance: float, _report: Report | None
) -> dict[str, evaluate.Quality]:  # fmt: skip
    documents = read(name, texts, _report)
    rows = [(document, reference) for document, reference in zip(documents, references, strict=True) if isinstance(document, Document)]  # fmt: skip
    unit, most = length
    return evaluate.evaluate(rows, Length("words" if unit == "words" else "sentences", most), relevance)


def quality(
    name: str,
    texts: tuple[str, ...],
    references: tuple[str, ...],
    length: Length,
    relevance: float,
    report: Report | None = None,
) -> dict[str, evaluate.Quality]:
    """The quality of every method on texts with references; texts that cannot be summarised are left out."""
    return _quality(
        name, written_at(name), texts, references, (length.unit, length.most), relevance, undisturbed(report)
    )
