"""The phrasebook: made as its recipe says, its splits apart, what is held out held out, and as the datasheet says."""

import json
import re
from collections import Counter

import pytest

from recipes import phrasebook
from recipes.phrasebook_grammar import Sentence, english_words

Rows = list[dict[str, str]]
SHEET = (phrasebook.HOME / "DATASHEET.md").read_text(encoding="utf-8")
TARGET = {
    "zh": re.compile(r"[\u4e00-\u9fff，]+[。？]"),
    "fr": re.compile(r"[A-ZÀÉŒ][A-Za-zàâçéèêëîïôœûù', -]*(\.| \?)"),
}
MISTAKE = {
    "zh": re.compile(r"(?<!十)二[个本杯块张条件点]"),
    "fr": re.compile(r"\b(de|le|la|ne|que|je) (?=[aeéèêiouœh])|\b[aà] le |\bde les? "),
}


@pytest.fixture(scope="module", params=phrasebook.PATTERNS)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def rows(language: str) -> Rows:
    lines = (phrasebook.HOME / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def drawn(language: str) -> dict[str, Sentence]:
    return {row.source: row for group in phrasebook.drawn(language) for row in group}


def of(rows: Rows, kind: str, split: str = "test") -> Rows:
    return [row for row in rows if row["split"] == split and row["kind"] == kind]


def test_the_recipe_makes_the_file_that_ships(language: str) -> None:
    file = phrasebook.HOME / f"{language}.jsonl"
    assert file.read_text(encoding="utf-8") == phrasebook.text(language)
    assert file.stat().st_size < 700_000


def test_every_pair_is_written_properly_and_no_sentence_comes_twice(language: str, rows: Rows) -> None:
    assert len({row["source"].casefold() for row in rows}) == len(rows)
    for row in rows:
        assert set(row) == {"source", "target", "split", "kind"}
        assert re.fullmatch(r"[A-Z][A-Za-zé', -]*[.?]", row["source"]) and "  " not in row["source"], row
        assert not re.search(r"\ba [aeiou]|\ban (?!hour)[^aeiou]|\b(\w+) \1\b", row["source"]), row
        assert TARGET[language].fullmatch(row["target"]) and not MISTAKE[language].search(row["target"]), row
        assert (row["source"][-1] == "?") == (row["target"][-1] in "?？"), row
    assert len(of(rows, "plain", "train")) >= 3_000
    assert 190 <= len(of(rows, "plain", "validation")) <= 200
    assert 190 <= len(of(rows, "combinations")) <= 250 and len(of(rows, "words")) == 100
    parts = [{row["target"] for row in rows if (row["split"] == "train") is known} for known in (True, False)]
    assert len(parts[0] & parts[1]) <= 0.01 * len(parts[1]), "hardly a translation of the test is one of training"


def test_combinations_are_new_and_their_words_are_not(language: str, rows: Rows, drawn: dict[str, Sentence]) -> None:
    training = of(rows, "plain", "train")
    known = [set(english_words(row["source"])) for row in (*training, *of(rows, "plain", "validation"))]
    words = {word for row in training for word in english_words(row["source"])}
    units = {unit for row in training for unit in phrasebook.UNIT[language].findall(row["target"])}
    pairs = set()
    for row in of(rows, "combinations"):
        assert set(english_words(row["source"])) <= words and units.issuperset(
            phrasebook.UNIT[language].findall(row["target"])
        ), row
        apart = [link for link in drawn[row["source"]].links if phrasebook.is_held_out(link)]
        assert apart, row
        pairs |= set(apart)
    assert len(pairs) >= 60
    for one, other in [(one.forms, other.forms) for one, other in pairs]:
        assert not any(one & own and other & own for own in known), (one, other)


def test_new_words_are_new(rows: Rows) -> None:
    seen = Counter(word for row in rows if row["kind"] != "words" for word in english_words(row["source"]))
    found: Counter[str] = Counter()
    for row in of(rows, "words"):
        new = [word for word in english_words(row["source"]) if not seen[word]]
        assert len(set(new)) == 1 and set(new) <= phrasebook.HELD_OUT_WORDS, row
        found.update(new)
    assert len(found) >= 15 and max(found.values()) <= 10
    assert all(
        word in SHEET for word in "banana juice umbrella camera guitar badminton French museum airport nurse".split()
    )


def test_the_datasheet_states_what_the_files_hold(language: str, rows: Rows) -> None:
    counts = Counter((row["split"], row["kind"]) for row in rows)
    unit = phrasebook.UNIT[language]
    lengths = [len(english_words(row["source"])) for row in rows], [len(unit.findall(row["target"])) for row in rows]
    words = {word for row in rows for word in english_words(row["source"])}
    known = {own.casefold() for row in rows for own in unit.findall(row["target"])}
    numbers = [len(rows), *counts.values(), len(words), len(known), len(phrasebook.PATTERNS[language])]
    numbers += [of(own) for own in lengths for of in (min, max)]
    assert all(re.search(rf"\b{number:,}\b", SHEET) for number in numbers), numbers
