"""An index of passages: their vectors and their words, in memory or kept on disk, and every passage scored for a question.

On disk an index is a folder of plain arrays that are mapped into memory, not read; its name is a hash of the passages and of the model,
so that it is built again exactly when one of them changed. It is written aside and renamed when it is whole. This module does not know
how a ranking is made of the scores.
"""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from core.batches import Report
from core.errors import N_, Note, UserError
from core.finetune.machine import bfloat16_pays
from core.search import bm25
from core.search.bm25 import BM25
from core.search.vectors import Encoder
from core.search.ways import Scores

FORMAT = 1  # of the folder
FEW = 2_000  # passages up to which vectors are computed in the model's own precision
MOST_KEPT = 20  # indexes on disk; the ones not used for longest go
ARRAYS = ("vectors", "weights", "places", "ends")
ONLY_ONE = N_("there is only one text to search, so it comes first whatever is asked")
REPEATED = N_(
    "{count:,} of the {total:,} texts are there more than once: no search tells equal texts apart, they come in their order"
)


@dataclass(frozen=True, eq=False)
class Index:
    """N passages that can be searched. vectors: float32, shape (N, D), each of length 1."""

    passages: Sequence[str]
    vectors: np.ndarray
    words: BM25

    def scores(self, question: str, vector: np.ndarray) -> Scores:
        """A question, of which `vector` (D,) is the vector, against every passage: nothing is left out, nothing approximate."""
        return Scores(self.vectors @ vector, self.words.scores(question))


def remarks(passages: Sequence[str]) -> tuple[Note, ...]:
    """What is to be said of texts among which there is little to choose."""
    if len(passages) == 1:
        return ((ONLY_ONE, {}),)
    counts = Counter(passages)
    repeated = sum(count for count in counts.values() if count > 1)
    return ((REPEATED, {"count": repeated, "total": len(passages)}),) if repeated else ()


def build(passages: Sequence[str], encoder: Encoder, report: Report | None = None) -> Index:
    """An index in memory. report(done, N) is called as the work goes on; it may raise Cancelled.

    More than 2,000 passages are encoded in bfloat16 where that is faster. Raises UserError where there is no passage, or an empty one.
    """
    if not passages:
        raise UserError("there is nothing to search; give at least one text")
    for number, text in enumerate(passages, start=1):
        if not text.strip():
            raise UserError("text {number} is empty; remove it or write something", number=number)
    words = bm25.build(passages, None if report is None else lambda _done, total: report(0, total))
    fast = len(passages) > FEW and bfloat16_pays(encoder.model.device)
    return Index(passages, encoder.vectors(passages, autocast=fast, report=report), words)


def opened(
    passages: Sequence[str], encoder: Encoder, home: Path, report: Report | None = None, *, known: str = ""
) -> Index:
    """The index that is kept in `home` for these passages and this model; it is built there first where there is none.

    known: the encoder's identity, where it has been worked out already. Where nothing can be written the index is kept in memory alone.
    """
    folder = home / _key(passages, known or identity(encoder))
    if not folder.is_dir():
        index = build(passages, encoder, report)
        try:
            home.mkdir(parents=True, exist_ok=True)
            write(index, folder)
        except (
            OSError
        ):  # a full disk, or a folder that may not be written: it is as good in memory, and made again another time
            return index
        _sweep(home)
    with suppress(OSError):  # it was used now: where that cannot be noted, it goes sooner
        os.utime(folder)
    return read(passages, folder)


def identity(encoder: Encoder) -> str:
    """A name that no other model, tokenizer or length shares; every weight is read for it."""
    digest = sha256(f"{encoder.max_length}\n{encoder.tokenizer.backend_tokenizer.to_str()}".encode())
    for name, tensor in encoder.model.base_model.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _key(passages: Iterable[str], encoder: str) -> str:
    """A name that no other passages share under the encoder of this identity."""
    digest = sha256(f"{FORMAT} {encoder}".encode())
    for text in passages:
        data = text.encode("utf-8", errors="surrogatepass")
        digest.update(f"\n{len(data)}:".encode() + data)
    return digest.hexdigest()[:32]


def write(index: Index, folder: Path) -> None:
    """Write a whole index, or nothing; one that another process has written meanwhile stays."""
    words = index.words
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".building-"))
    try:
        for name, array in zip(ARRAYS, (index.vectors, words.weights, words.places, words.ends), strict=True):
            np.save(aside / f"{name}.npy", array)
        (aside / "terms.json").write_text(json.dumps(words.terms), encoding="utf-8")
        if not folder.exists():
            aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def read(passages: Sequence[str], folder: Path) -> Index:
    """A written index, mapped into memory. passages: those that it was built of."""
    vectors, weights, places, ends = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS)
    terms = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
    return Index(passages, vectors, BM25(terms, weights, places, ends, len(passages)))


def _sweep(home: Path) -> None:
    """Remove the indexes that have not been used for longest, beyond MOST_KEPT."""
    folders = sorted(
        (path for path in home.iterdir() if not path.name.startswith(".")), key=lambda path: path.stat().st_mtime
    )
    for folder in folders[:-MOST_KEPT]:
        shutil.rmtree(folder, ignore_errors=True)
