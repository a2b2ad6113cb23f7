"""Sentences and pairs of them, on hand-made documents."""

from collections import Counter

import pytest

from core.corpus import NEXT, NOT_NEXT, next_pairs, sentences


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("It rained. We left! Why?", ("It rained.", "We left!", "Why?")),
        ("Dr. Smith met J. Doe. They spoke.", ("Dr. Smith met J. Doe.", "They spoke.")),
        ('He said "no." She left.', ('He said "no."', "She left.")),
        ("It costs 3.50 today. Cheap.", ("It costs 3.50 today.", "Cheap.")),
        ("电影很好。我爱它！你呢？", ("电影很好。", "我爱它！", "你呢？")),
        ("A title\nThe text goes\non here.", ("A title", "The text goes on here.")),
        ("Well ... … 1) no", ("Well ...", "… 1) no")),
        ("…", ()),
        ("", ()),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(document: str, expected: tuple[str, ...]) -> None:
    assert sentences(document) == expected


def documents(count: int, length: int) -> list[tuple[str, ...]]:
    return [tuple(f"{d}.{i}" for i in range(length)) for d in range(count)]


def test_half_of_the_pairs_follow_each_other_and_the_others_come_from_elsewhere() -> None:
    pairs = next_pairs(documents(30, 5), seed=1)
    assert len(pairs) == 30 * 4 and Counter(label for *_, label in pairs) == {NEXT: 60, NOT_NEXT: 60}
    assert len({first for first, *_ in pairs}) == len(pairs), "each place once"
    for first, second, label in pairs:
        (d, i), (e, j) = (tuple(map(int, sentence.split("."))) for sentence in (first, second))
        assert (label == NEXT) == (d == e)
        assert label == NOT_NEXT or j == i + 1
    assert pairs == next_pairs(documents(30, 5), seed=1) != next_pairs(documents(30, 5), seed=2)


def test_every_sentence_of_the_other_documents_can_be_drawn() -> None:
    """Two documents: what does not follow in one comes from the other, its first and last sentence included."""
    drawn = Counter(
        second
        for seed in range(200)
        for first, second, label in next_pairs([("a", "b", "c"), ("x", "y")], seed)
        if label == NOT_NEXT and first in "ab"
    )
    assert set(drawn) == {"x", "y"} and min(drawn.values()) > 0.35 * drawn.total()


def test_without_two_documents_there_are_no_pairs() -> None:
    assert next_pairs([("a", "b", "c")], 0) == next_pairs([("a",), ("b",)], 0) == next_pairs([], 0) == []
    assert next_pairs([("a", "b"), ()], 0) == []
