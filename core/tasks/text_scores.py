"""How near a written text is to the one that was wanted: chrF, BLEU, ROUGE-L, and whether it is the same, over all rows and per kind.

Case and spaces do not count: many models write small letters, and tokenizers lose where spaces stood. chrF and BLEU are those of
sacrebleu with lowercase=True (Popović 2015, Papineni et al. 2002, Post 2018). This module does not know who wrote, nor what for.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core import metrics, rouge
from core.results import Evaluation
from core.scripts import separates_words
from core.tasks.base import Lines, as_json, digest, each, read_detail

if TYPE_CHECKING:
    from sacrebleu import BLEU

ORDERS = 6  # of chrF: runs of up to so many characters
BETA = 2  # of chrF: recall counts so many times as much as precision
WORDS = 4  # of BLEU: runs of up to so many words
EXAMPLES, SAMPLES = 20, 5
LONGEST = 600  # characters of an example


@dataclass(frozen=True)
class Example:
    """A row: what was read, what was wanted, what was written; chrf of this row alone."""

    source: str
    target: str
    written: str
    chrf: float


@dataclass(frozen=True)
class OfKind:
    """The rows of one kind: how many, the fraction written exactly, chrF and BLEU."""

    kind: str
    n: int
    same: float
    chrf: float
    bleu: float


@dataclass(frozen=True)
class Origin:
    """Where a model's numbers came from before its training: how many there are in all, and of these how many were drawn at random.

    cross_attention: the decoder's attention to the source; head: what names the next token; embeddings: of signs that the vocabulary
    lacked, on both sides. All others came from the model that the run began with.
    """

    parameters: int = 0
    cross_attention: int = 0
    head: int = 0
    embeddings: int = 0

    @property
    def new(self) -> int:
        return self.cross_attention + self.head + self.embeddings


@dataclass(frozen=True)
class Texts:
    """What is known of written texts besides the metrics.

    kinds: the kinds of rows, as the data names them, () where it names none or one. words: how sacrebleu found words, "13a" or "zh". cut: the fraction of
    the sources that were not read to their end; unfinished: of the texts that ended because they may not be longer. examples:
    the furthest from what was wanted first; samples: the first rows, the same at each evaluation. origin: of the model that wrote.
    """

    kinds: tuple[OfKind, ...]
    words: str
    cut: float
    unfinished: float
    examples: tuple[Example, ...]
    samples: tuple[Example, ...]
    origin: Origin = Origin()


def same(written: str, target: str) -> bool:
    """Whether two texts are the same, case and spaces aside."""
    return _plain(written) == _plain(target)


def _plain(text: str) -> str:
    return "".join(text.casefold().split())


# --- chrF --------------------------------------------------------------------------------------------------------------


def chrf_counts(written: str, target: str) -> list[int]:
    """For each order: runs of characters in what was written, in the target, and in both, (3 ORDERS)."""
    ours, theirs = ("".join(text.lower().split()) for text in (written, target))
    counts: list[int] = []
    for order in range(1, ORDERS + 1):
        first, second = (Counter(text[i : i + order] for i in range(len(text) - order + 1)) for text in (ours, theirs))
        counts += [first.total() if second else 0, second.total(), (first & second).total()]
    return counts


def chrf(sums: np.ndarray) -> np.ndarray:
    """chrF, 0–100, (R,), of counts over all rows, (R, 3 ORDERS)."""
    ours, theirs, both = (sums[:, place::3].astype(float) for place in range(3))
    there = (ours > 0) & (theirs > 0)
    orders = np.maximum(there.sum(axis=1), 1)
    precision, recall = (
        np.divide(both, of, out=np.zeros_like(both), where=there).sum(axis=1) / orders for of in (ours, theirs)
    )
    denominator = BETA**2 * precision + recall
    return 100 * np.divide(
        (1 + BETA**2) * precision * recall, denominator, out=np.zeros_like(denominator), where=denominator > 0
    )


# --- BLEU --------------------------------------------------------------------------------------------------------------


def words_of(targets: Sequence[str]) -> str:
    """How sacrebleu finds the words of such texts: by characters where the script has no spaces."""
    return "13a" if separates_words(" ".join(target[:100] for target in targets[:20])) else "zh"


def bleu_by(words: str) -> "BLEU":
    """sacrebleu's BLEU, as it is used here."""
    from sacrebleu import BLEU  # here: pages that only predict start sooner

    return BLEU(lowercase=True, tokenize=words, effective_order=True)


def bleu_counts(by: "BLEU", written: str, target: str) -> list[int]:
    """Words of what was written, of the target, and for each order runs in both and in what was written, (2 + 2 WORDS)."""
    found = by.sentence_score(written, [target])
    return [found.sys_len, found.ref_len, *found.counts, *found.totals]


def bleu(sums: np.ndarray) -> np.ndarray:
    """BLEU, 0–100, (R,), of counts over all rows, (R, 2 + 2 WORDS), smoothed as NIST's mteval does where no run is right."""
    ours, theirs = sums[:, 0].astype(float), sums[:, 1].astype(float)
    right, of = sums[:, 2 : 2 + WORDS].astype(float), sums[:, 2 + WORDS :].astype(float)
    halves = 2.0 ** np.cumsum((right == 0) & (of > 0), axis=1)
    counted = np.where(right > 0, right, 1 / halves)
    whole = (of > 0).all(axis=1) & (right > 0).any(axis=1)
    precisions = np.divide(counted, of, out=np.ones_like(of), where=of > 0)
    short = np.exp(np.minimum(1 - np.divide(theirs, ours, out=np.zeros_like(ours), where=ours > 0), 0))
    return np.where(whole, 100 * short * np.exp(np.log(precisions).mean(axis=1)), 0.0)


# --- All of it ---------------------------------------------------------------------------------------------------------


def measure(
    task: str,
    sources: Sequence[str],
    targets: Sequence[str],
    written: Sequence[str],
    kinds: Sequence[str],
    *,
    cut: float = 0.0,
    unfinished: float = 0.0,
    origin: Origin = Origin(),
) -> Evaluation:
    """Measure N written texts. kinds: of each row, "" where there are none; cut, unfinished, origin: as in Texts."""
    words = words_of(targets)
    by = bleu_by(words)
    pairs = list(zip(written, targets, strict=True))
    exact = np.array([same(*pair) for pair in pairs])
    characters = np.array([chrf_counts(*pair) for pair in pairs])
    runs = np.array([bleu_counts(by, *pair) for pair in pairs])
    longest = np.array([rouge.longest(*map(rouge.tokens, pair)).f1 for pair in pairs])
    alone = chrf(characters)
    examples = [
        Example(_shorten(source), _shorten(target), _shorten(text), float(value))
        for source, target, text, value in zip(sources, targets, written, alone, strict=True)
    ]
    worst = [int(i) for i in np.argsort(alone, kind="stable") if not exact[i]][:EXAMPLES]
    names = np.array(kinds, dtype=object)
    detail = Texts(
        kinds=tuple(
            OfKind(kind, int(of.sum()), float(exact[of].mean()), float(chrf(characters[of].sum(0)[None])[0]), float(bleu(runs[of].sum(0)[None])[0]))
            for kind in dict.fromkeys(names)
            if (of := names == kind).sum() < len(names) and kind
        ),
        words=words,
        cut=cut,
        unfinished=unfinished,
        examples=tuple(examples[i] for i in worst),
        samples=tuple(examples[:SAMPLES]),
        origin=origin,
    )  # fmt: skip
    return Evaluation(
        task=task,
        n=len(pairs),
        metrics={
            "chrf": metrics.bootstrap(characters, chrf),
            "bleu": metrics.bootstrap(runs, bleu),
            "rouge_l": metrics.mean(longest),
            "same_text": metrics.wilson(int(exact.sum()), len(exact)),
        },
        detail=as_json(detail),
        right=each(exact),
        rows=digest({"text": sources}, targets),
    )


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def kind_table(evaluation: Evaluation) -> Lines:
    """Each kind of rows, as the card and the command line show them."""
    kinds = read_detail(Texts, evaluation).kinds
    rows = [(row.kind, str(row.n), f"{row.same:.4f}", f"{row.chrf:.2f}", f"{row.bleu:.2f}") for row in kinds]
    return (("Kind", "Number", "Exact match", "chrF", "BLEU"), *rows) if rows else ()
