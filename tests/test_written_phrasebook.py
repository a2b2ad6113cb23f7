"""The phrasebook: made as its recipe says, its splits apart, what is held out held out, and as the datasheet says."""

import json
import re
from collections import Counter
from typing import Any

import pytest

from core.data.dataset import WRITTEN
from recipes import phrasebook
from recipes.phrasebook_grammar import PATTERNS, english_words

SHEET = (WRITTEN / "phrasebook" / "DATASHEET.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in phrasebook.FILE.read_text(encoding="utf-8").splitlines()]


def of(rows: list[dict[str, Any]], kind: str, split: str = "test") -> list[dict[str, Any]]:
    return [row for row in rows if row["split"] == split and row["kind"] == kind]


def test_the_recipe_makes_the_file_that_ships() -> None:
    assert phrasebook.FILE.read_text(encoding="utf-8") == phrasebook.text()
    assert phrasebook.FILE.stat().st_size < 700_000


def test_every_pair_is_written_properly_and_no_sentence_comes_twice(rows: list[dict[str, Any]]) -> None:
    assert len({row["source"].casefold() for row in rows}) == len(rows)
    for row in rows:
        assert set(row) == {"source", "target", "split", "kind"}
        assert re.fullmatch(r"[A-Z][A-Za-zé', -]*[.?]", row["source"]) and "  " not in row["source"], row
        assert re.fullmatch(r"[\u4e00-\u9fff，]+[。？]", row["target"]), row
        assert (row["source"][-1] == "?") == (row["target"][-1] == "？"), row
        assert not re.search(r"\b(\w+) \1\b", row["source"]), row
        assert not re.search(r"\ba [aeiou]|\ban (?!hour)[^aeiou]", row["source"]), row
    assert len(of(rows, "plain", "train")) >= 3_000
    assert 190 <= len(of(rows, "plain", "validation")) <= 200
    assert (len(of(rows, "combinations")), len(of(rows, "words"))) == (250, 100)
    shared = {row["target"] for row in rows if row["split"] == "train"} & {
        row["target"] for row in rows if row["split"] != "train"
    }
    assert not shared, "no translation of the test is one of training"


def test_combinations_are_new_and_their_words_are_not(rows: list[dict[str, Any]]) -> None:
    training = of(rows, "plain", "train") + of(rows, "plain", "validation")
    known = [set(english_words(row["source"])) for row in training]
    words, characters = set().union(*known), set("".join(row["target"] for row in training))
    links = {row.source: row.links for group in phrasebook.drawn() for row in group}
    pairs = set()
    for row in of(rows, "combinations"):
        assert set(english_words(row["source"])) <= words and set(row["target"]) <= characters, row
        apart = [link for link in links[row["source"]] if phrasebook.is_held_out(link)]
        assert apart, row
        pairs |= set(apart)
    assert len(pairs) >= 60
    for one, other in [(one.forms, other.forms) for one, other in pairs]:
        assert not any(one & own and other & own for own in known), (one, other)


def test_new_words_are_new(rows: list[dict[str, Any]]) -> None:
    seen = Counter(word for row in rows if row["kind"] != "words" for word in english_words(row["source"]))
    found = Counter()
    for row in of(rows, "words"):
        new = [word for word in english_words(row["source"]) if not seen[word]]
        assert len(set(new)) == 1 and set(new) <= phrasebook.HELD_OUT_WORDS, row
        found.update(new)
    assert len(found) >= 15 and max(found.values()) <= 10
    assert all(
        word in SHEET for word in "banana juice umbrella camera guitar badminton French museum airport nurse".split()
    )


def test_the_datasheet_states_what_the_file_holds(rows: list[dict[str, Any]]) -> None:
    counts = Counter(row["split"] for row in rows)
    lengths = [len(english_words(row["source"])) for row in rows], [len(row["target"]) for row in rows]
    words = {word for row in rows for word in english_words(row["source"])}
    characters = {sign for row in rows for sign in row["target"]}
    new = characters - {sign for row in rows if row["split"] == "train" for sign in row["target"]}
    numbers = [len(rows), *counts.values(), len(words), len(characters), len(PATTERNS), len(new)]
    numbers += [of(own) for own in lengths for of in (min, max)]
    assert all(re.search(rf"\b{number:,}\b", SHEET) for number in numbers), numbers
