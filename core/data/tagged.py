"""Sentences whose words are tagged: checked, brought to one scheme (IOB2), and split.

This module does not know where the rows come from, nor what a model reads of a sentence at once.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import datasets
import pandas as pd

from core.data import clean, entities, relabel, splits, tagging
from core.data.clean import ELSEWHERE, HAS_NO_SPLIT, NO_TEXT, PROBLEMS, Problems
from core.data.dataset import Source, TextDataset
from core.data.splits import SHARED
from core.errors import N_, Note, UserError, plural, some

LONG = 200  # words; a sentence beyond that is rarely one
NO_TAGS = N_("the sentence has no tags")
USABLE: Problems = {NO_TEXT: PROBLEMS[NO_TEXT], NO_TAGS: lambda rows: rows["tags"].map(len) == 0}
USED_ONCE: Problems = {
    **HAS_NO_SPLIT,
    **USABLE,
    N_("the same sentence stands there again"): lambda rows: rows.duplicated(["key", "split"]),
    ELSEWHERE: PROBLEMS[ELSEWHERE],
}
FEATURES = datasets.Features(
    {
        "text": datasets.Value("string"),
        "words": datasets.List(datasets.Value("string")),
        "starts": datasets.List(datasets.Value("int64")),
        "tags": datasets.List(datasets.Value("string")),
    }
)


@dataclass(frozen=True)
class _Reading:
    """How the rows were read: their scheme ("" for spans), tags repaired, entities that cut a word, words with several tags.

    types: how many entities have each type as it is read; names: the types that are to be called otherwise, or left out.
    """

    scheme: str
    repaired: int
    cut: int
    undecided: int
    types: Mapping[str, int]
    names: Mapping[str, str]


def build(source: Source, limit: int) -> TextDataset:
    """The sentences that can be learnt from; a tenth of them each for validation and test, where the source has none.

    The splits have, for each sentence, its text, its words, where in the text each begins, and their tags in IOB2. The labels
    of the dataset are these tags. Raises UserError when there is nothing to learn.
    """
    rows, reading = _rows(source)
    rows, dropped = clean.without_problems(rows, USED_ONCE)
    if len(rows) < 2:
        raise _too_few(rows, source)
    counts = _counts(rows)
    if not counts:
        raise UserError(
            "there is not one entity in {rows} sentences: every tag is O; a model needs examples of what it is to find",
            rows=len(rows),
        )
    rows["label"] = _rarest(rows, counts)
    if not _counts(rows[rows["split"] == "train"]):
        raise UserError("no training sentence has an entity, so there is nothing to learn; check the split column")
    rows, shared = splits.hold_back(rows, fewest_labels=1)
    rows, limited = splits.limited(rows, limit, fewest_labels=1)
    return source.dataset(
        splits.of_features(rows, FEATURES, shared),
        tagging.tags_of(counts),
        counts,
        shared=shared,
        dropped=dropped,
        notes=(*_reading_notes(reading), *_notes(rows, counts, shared), *limited),
    )


def whole(source: Source) -> TextDataset:
    """Every sentence that has tags, as the test split, repeated ones included."""
    rows, reading = _rows(source)
    rows, dropped = clean.without_problems(rows, USABLE)
    if rows.empty:
        raise UserError("no row of {file} has both words and tags", file=source.name.rpartition("/")[2])
    counts = _counts(rows)
    return source.dataset(
        splits.of_features(rows.assign(split="test"), FEATURES, ()),
        tagging.tags_of(counts),
        counts,
        dropped=dropped,
        notes=_reading_notes(reading),
    )


def labels(source: Source) -> Mapping[str, int]:
    """The types as they are read, and how many entities have each."""
    return _rows(source)[1].types


def _rows(source: Source) -> tuple[pd.DataFrame, _Reading]:
    """The sentences with their tags in IOB2, as a table with text, words, starts, tags, key and split."""
    found = entities.rows(source.table.frame, source.columns)
    tagged = [row.tags for row in found if row is not None and row.tags is not None]
    scheme = tagging.recognise(tagged) if tagged else ""
    repaired, types, names = 0, Counter[str](), dict(source.preparation.labels)
    content: list[tuple[object, ...]] = []
    for row, split in zip(found, source.row_splits or ("train",) * len(found), strict=True):
        if row is None:
            content.append(("", [], [], [], "", split))
            continue
        spans = row.spans
        if row.tags is not None:
            spans = tagging.decode(row.tags, scheme)
            repaired += tagging.repaired(row.tags, spans, scheme)
        types.update(span.type for span in spans or [])
        called = [replace(span, type=names.get(span.type, span.type)) for span in spans or []]
        tags = tagging.encode([span for span in called if span.type], len(row.words))
        key = " ".join(word.casefold() for word in row.words)
        content.append((row.text, row.words, row.starts, tags, key, split))
    table = pd.DataFrame(content, columns=["text", "words", "starts", "tags", "key", "split"], dtype=object)
    read = [row for row in found if row is not None]
    return table, _Reading(
        scheme,
        repaired,
        sum(row.cut for row in read),
        sum(row.undecided for row in read),
        {kind: types[kind] for kind in sorted(sorted(types), key=str.casefold)},
        names,
    )


def _too_few(rows: pd.DataFrame, source: Source) -> UserError:
    if len(rows) == 1:
        return UserError(
            "{file} holds one sentence only, of {words} words; put a blank line after each sentence",
            file=source.name.rpartition("/")[2],
            words=len(rows["words"].iloc[0]),
        )
    return UserError("no row of {file} has both words and tags", file=source.name.rpartition("/")[2])


def _types(tags: Sequence[str]) -> Counter[str]:
    return Counter(tag[2:] for tag in tags if tag.startswith("B-"))


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    """How many entities there are of each type, in alphabetical order."""
    counts: Counter[str] = Counter()
    for tags in rows["tags"]:
        counts += _types(tags)
    return {kind: counts[kind] for kind in sorted(sorted(counts), key=str.casefold)}


def _rarest(rows: pd.DataFrame, counts: dict[str, int]) -> list[str]:
    """The rarest type of each sentence, "" where it has no entity: what the splits are stratified by."""
    return [min(_types(tags), key=counts.__getitem__, default="") for tags in rows["tags"]]


def _reading_notes(reading: _Reading) -> tuple[Note, ...]:
    """What became of the tags and spans."""
    notes: list[Note] = []
    if reading.scheme and reading.scheme != "IOB2":
        notes.append((N_("the tags were read as {scheme} and turned into IOB2"), {"scheme": reading.scheme}))
    if reading.repaired:
        message = plural(
            N_("{count} tag did not follow the scheme {scheme}; it was read as conlleval reads it"),
            N_("{count} tags did not follow the scheme {scheme}; they were read as conlleval reads them"),
            reading.repaired,
        )
        notes.append((message, {"count": reading.repaired, "scheme": reading.scheme}))
    if reading.undecided:
        notes.append(
            (
                plural(
                    N_("{count} word has several tags; the first one counts"),
                    N_("{count} words have several tags; the first one counts"),
                    reading.undecided,
                ),
                {"count": reading.undecided},
            )
        )
    if reading.cut:
        notes.append(
            (
                plural(
                    N_("{count} entity begins or ends inside a word; the whole word is taken"),
                    N_("{count} entities begin or end inside a word; the whole word is taken"),
                    reading.cut,
                ),
                {"count": reading.cut},
            )
        )
    return (*notes, *relabel.notes(reading.names, reading.types))


def _notes(rows: pd.DataFrame, counts: dict[str, int], shared: tuple[str, ...]) -> tuple[Note, ...]:
    """What must be known of sentences, types and splits before a score is believed."""
    training, test = (_counts(rows[rows["split"] == split]) for split in ("train", "test"))
    alike = relabel.ambiguous(list(counts))
    others = [kind for kind in counts if kind not in alike]  # of which there is more to say than that they are alike
    unseen = [kind for kind in others if kind not in training]
    unmeasured = [kind for kind in others if kind not in test and "test" not in shared]
    once = [kind for kind in others if counts[kind] == 1]
    long = int((rows["words"].map(len) > LONG).sum())
    notes: list[Note] = [
        (message, {name: some(kinds)})
        for message, name, kinds in (
            (SHARED, "splits", sorted(shared, reverse=True)),
            (
                plural(
                    N_("the type {types} occurs once only, which is too little to learn it"),
                    N_("the types {types} occur once only each, which is too little to learn them"),
                    len(once),
                ),
                "types",
                once,
            ),
            (
                plural(
                    N_("no training sentence has the type {types}, so it cannot be learnt"),
                    N_("no training sentence has one of the types {types}, so they cannot be learnt"),
                    len(unseen),
                ),
                "types",
                unseen,
            ),
            (
                plural(
                    N_("no test sentence has the type {types}, so how well it is found is not measured"),
                    N_("no test sentence has one of the types {types}, so how well they are found is not measured"),
                    len(unmeasured),
                ),
                "types",
                unmeasured,
            ),
            (relabel.TYPES_ALIKE, "types", alike),
        )
        if kinds
    ]
    if long:
        message = plural(
            N_("{count} sentence has more than {words} words; the model reads it in overlapping windows"),
            N_("{count} sentences have more than {words} words; the model reads a long one in overlapping windows"),
            long,
        )
        notes.append((message, {"count": long, "words": LONG}))
    return tuple(notes)
