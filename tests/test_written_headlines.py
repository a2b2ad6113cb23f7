"""The headlines that were written for the studio: one for each news item, short, with nothing that the item does not say."""

import json
import re
from collections import Counter

import pytest

from core.data.dataset import WRITTEN

HOME = WRITTEN / "headlines"
LENGTHS = {"en": (4, 9), "zh": (8, 18)}  # words, characters
NUMBER = re.compile(r"\d[\d.,]*\d|\d|[零一二三四五六七八九十百千万亿两]{2,}")


def rows(language: str, folder: str = "headlines") -> list[dict[str, str]]:
    lines = (WRITTEN / folder / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def size(text: str, language: str) -> int:
    return len(text.split()) if language == "en" else len(text)


@pytest.mark.parametrize("language", LENGTHS)
def test_every_news_item_has_its_headline(language: str) -> None:
    found = rows(language)
    assert all(set(row) == {"source", "target", "split", "kind"} for row in found)
    assert [(row["source"], row["split"], row["kind"]) for row in found] == [
        (item["text"], item["split"], item["label"]) for item in rows(language, "topics")
    ]
    headlines = [row["target"] for row in found]
    assert len(set(headlines)) == len(headlines)
    low, high = LENGTHS[language]
    for headline in headlines:
        assert headline == " ".join(headline.split()) and low <= size(headline, language) <= high, headline
        assert headline[-1] not in ".。,，;；" and (language == "en" or not set(",;:?!()") & set(headline)), headline


@pytest.mark.parametrize("language", LENGTHS)
def test_a_headline_has_no_number_of_its_own_and_is_not_its_item(language: str) -> None:
    for row in rows(language):
        assert all(number in row["source"] for number in NUMBER.findall(row["target"])), row
        assert size(row["target"], language) < 0.65 * size(row["source"], language), row
    copied = sum(row["target"].casefold() in row["source"].casefold() for row in rows(language))
    assert copied < 0.02 * len(rows(language)), "a headline is written, not cut out"


def test_the_datasheet_states_what_the_files_hold() -> None:
    sheet = (HOME / "DATASHEET.md").read_text(encoding="utf-8")
    for language in LENGTHS:
        found = rows(language)
        lengths = [size(row["target"], language) for row in found]
        counts = Counter(row["split"] for row in found)
        numbers = [f"{number:,}" for number in (len(found), min(lengths), max(lengths), *counts.values())]
        numbers.append(f"{sum(lengths) / len(lengths):.1f}")
        assert all(re.search(rf"\b{re.escape(number)}\b", sheet) for number in numbers), (language, numbers)
    assert (HOME / "GUIDELINE.md").stat().st_size > 1_000
