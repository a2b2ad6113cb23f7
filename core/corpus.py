"""Documents as what BERT was pre-trained on: sentences in their order, and pairs of which half follow each other.

This module does not know where documents come from, nor what a model makes of them.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

NEXT, NOT_NEXT = "next", "not next"  # in the order of BERT's own head: its label 0 means "is next"

SHORT = ("Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Jr", "Sr", "vs", "etc", "e.g", "i.e", "No", "U.S", "Mt", "Gen", "Sen")
ABBREVIATION = re.compile(rf"(?:\b(?:{'|'.join(map(re.escape, SHORT))})|\b[A-Z])\.$")
END = re.compile(r"(?<=[.!?])[\"'”’)\]]*(?=\s)|(?<=[。！？])[”’」』）]*|\n(?!\s*[a-z])")
FEWEST_CHARACTERS = 2  # a sentence has at least so many letters or digits


def sentences(document: str) -> tuple[str, ...]:
    """The sentences of a document: they end at . ! ? before a space, at 。！？ and at line ends unless the
    next line goes on in lower case; not after "Dr." or "J.".

    What has hardly a letter ("…", "1)") is not a sentence of its own and is left out.
    """
    return tuple(" ".join(document[start:end].split()) for start, end in sentence_spans(document))


def sentence_spans(document: str) -> tuple[tuple[int, int], ...]:
    """Where the sentences of a document stand: (start, end) of each in characters, without the white space around it."""
    cuts = [0]
    for stop in END.finditer(document):
        if not ABBREVIATION.search(document[cuts[-1] : stop.end()].strip()):
            cuts.append(stop.end())
    spans = []
    for start, end in pairwise([*cuts, len(document)]):
        piece = document[start:end]
        if sum(map(str.isalnum, piece)) >= FEWEST_CHARACTERS:
            spans.append((start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())))
    return tuple(spans)


def next_pairs(documents: Sequence[Sequence[str]], seed: int) -> list[tuple[str, str, str]]:
    """(first sentence, second sentence, NEXT or NOT_NEXT) for each place where a sentence of a document has a successor.

    Half of the pairs (of an odd number one less) keep it; in the others the second sentence is drawn from another document.
    Shuffled; the same documents and seed give the same pairs. With fewer than two documents there is no other one to draw
    from, and with no document of two sentences there is no pair: then the list is empty.
    """
    random = np.random.default_rng(seed)
    places = [(d, i) for d, document in enumerate(documents) for i in range(len(document) - 1)]
    if sum(map(bool, documents)) < 2 or not places:
        return []
    counts = np.array([len(document) for document in documents])
    starts = np.concatenate([[0], np.cumsum(counts)])
    pool = [sentence for document in documents for sentence in document]
    wrong = np.zeros(len(places), dtype=bool)
    wrong[random.permutation(len(places))[: (len(places) + 1) // 2]] = True
    pairs = []
    for k in random.permutation(len(places)).tolist():
        d, i = places[k]
        first, second = documents[d][i], documents[d][i + 1]
        if wrong[k]:  # one of the sentences that are left when this document's own are taken out
            drawn = int(random.integers(len(pool) - counts[d]))
            second = pool[drawn if drawn < starts[d] else drawn + counts[d]]
        pairs.append((first, second, NOT_NEXT if wrong[k] else NEXT))
    return pairs
