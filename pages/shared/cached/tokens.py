"""Tokens and vocabularies: how a text is cut, what a word costs, what a tokenizer learns."""

from concurrent.futures import ThreadPoolExecutor, wait
from hashlib import sha256
from threading import Event
from typing import cast

from core import models, vocabulary
from core import tokens as core_tokens
from core.batches import Report
from core.errors import Cancelled
from core.families import FAMILIES
from core.results import Tokens
from pages.shared.cached.models import encoder, tokenizer, written_at
from pages.shared.cached.once import once
from pages.shared.cached.store import kept


@kept
def _tokens(name: str, written: float, text: str, pair: str, max_length: int, pad_to: int) -> Tokens:
    config = models.load_config(name)
    return core_tokens.tokenize(
        tokenizer(name, max_length),
        text,
        pair,
        model=name,
        max_length=max_length,
        pad_to=pad_to,
        first_position=FAMILIES[config.model_type].position_offset(config),
    )


def tokens(name: str, text: str, pair: str = "", max_length: int = 0, pad_to: int = 0) -> Tokens:
    """The tokens of a text (and a pair)."""
    return _tokens(name, written_at(name), text, pair, max_length, pad_to)


@kept
def _words(name: str, written: float, text: str) -> tuple[core_tokens.Word, ...]:
    return core_tokens.words(tokenizer(name, -1), text)


def words(name: str, text: str) -> tuple[core_tokens.Word, ...]:
    """The pre-tokens of a text: what the vocabulary is asked for."""
    return _words(name, written_at(name), text)


@kept
def _word_trace(name: str, written: float, text: str, index: int) -> core_tokens.WordTrace:
    return core_tokens.trace_word(tokenizer(name, -1), text, index)


def word_trace(name: str, text: str, index: int) -> core_tokens.WordTrace:
    """How one word of a text became tokens."""
    return _word_trace(name, written_at(name), text, index)


@kept
def _spelling(name: str, written: float, text: str) -> vocabulary.Spelling:
    return vocabulary.spelling(tokenizer(name, -1), text, name=name)


def spelling(name: str, text: str) -> vocabulary.Spelling:
    """The pieces of a text under one model's tokenizer, nothing cut."""
    return _spelling(name, written_at(name), text)


@kept
def _language_costs(name: str, written: float) -> tuple[vocabulary.LanguageCost, ...]:
    return vocabulary.language_costs(tokenizer(name, -1))


def language_costs(name: str) -> tuple[vocabulary.LanguageCost, ...]:
    """What each language's text costs under one model's tokenizer."""
    return _language_costs(name, written_at(name))


@kept
def _vocabulary(name: str, written: float) -> tuple[vocabulary.Entry, ...]:
    return vocabulary.vocabulary(tokenizer(name, -1))


def entries(name: str, query: str, kind: vocabulary.EntryKind, limit: int, offset: int = 0) -> vocabulary.Entries:
    """One page of a search in a model's vocabulary."""
    return vocabulary.search(_vocabulary(name, written_at(name)), query, kind, limit, offset=offset)


@kept
def _neighbours(name: str, written: float, token_id: int, count: int) -> tuple[vocabulary.Neighbour, ...]:
    return vocabulary.neighbours(encoder(name), token_id, count)


def neighbours(name: str, token_id: int, count: int) -> tuple[vocabulary.Neighbour, ...]:
    """The entries nearest to one in the model's word embedding table."""
    return _neighbours(name, written_at(name), token_id, count)


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
        once("trained_tokenizer", (kind, digest, size), make if report else None),
    )


def corpus_statistics(
    name: str, texts: tuple[str, ...], max_length: int, report: Report | None = None
) -> vocabulary.CorpusStatistics | None:
    """A dataset's texts under one model's tokenizer; without `report` only what is there already."""

    def make() -> vocabulary.CorpusStatistics:
        assert report is not None
        return vocabulary.corpus_statistics(texts, tokenizer(name, -1), max_length, report)

    digest = sha256(repr(texts).encode()).hexdigest()
    key = (name, written_at(name), digest, max_length)
    return cast(vocabulary.CorpusStatistics | None, once("corpus_statistics", key, make if report else None))
