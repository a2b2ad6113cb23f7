"""The articles that were written for the studio: complete, their summaries their own, and as the datasheet says."""

import re
from collections import Counter

import pytest

from core import rouge
from core.data import summaries
from core.data.dataset import WRITTEN
from core.summarise import sentences

HOME = WRITTEN / "summaries"
FEWEST = {"en": 24, "zh": 16}
LENGTHS = {"en": ((120, 250), (38, 60)), "zh": ((250, 450), (65, 95))}  # of articles and summaries


def size(text: str, language: str) -> int:
    return len(text.split()) if language == "en" else len(text)


@pytest.mark.parametrize("language", summaries.LANGUAGES)
def test_every_article_has_a_summary_of_its_own(language: str) -> None:
    articles = summaries.read(language)
    assert len(articles) >= FEWEST[language]
    for of in ("id", "title", "text", "summary"):
        values = [str(vars(article)[of]) for article in articles]
        assert len(set(values)) == len(values) and all(value == " ".join(value.split()) for value in values)
    for article in articles:
        assert article.kind in summaries.KINDS
        for text, (low, high) in zip((article.text, article.summary), LENGTHS[language], strict=True):
            assert low <= size(text, language) <= high, article.id
        parts = sentences.read(article.text)
        assert len(parts) >= 7, article.id
        assert "".join(article.text[part.start : part.end] for part in parts).replace(" ", "") == article.text.replace(
            " ", ""
        )
        assert not any(part.text in article.summary for part in parts), f"{article.id}: a sentence was copied"


@pytest.mark.parametrize("language", summaries.LANGUAGES)
def test_numbers_of_a_summary_are_those_of_its_article(language: str) -> None:
    for article in summaries.read(language):
        assert set(re.findall(r"\d[\d.,]*\d|\d", article.summary)) <= set(
            re.findall(r"\d[\d.,]*\d|\d", article.text)
        ), article.id
        foreign = set(rouge.tokens(article.summary)) - set(rouge.tokens(article.text))
        assert len(foreign) < len(set(rouge.tokens(article.summary))) / 2, article.id


def test_the_datasheet_states_what_the_files_hold() -> None:
    sheet = (HOME / "DATASHEET.md").read_text(encoding="utf-8")
    for language in summaries.LANGUAGES:
        articles = summaries.read(language)
        kinds = Counter(article.kind for article in articles)
        texts, shorter = ([size(text, language) for text in of] for of in zip(*((row.text, row.summary) for row in articles), strict=True))  # fmt: skip
        numbers = (len(articles), *kinds.values(), min(texts), max(texts), min(shorter), max(shorter))
        assert all(re.search(rf"\b{number:,}\b", sheet) for number in numbers), (language, numbers)
    assert all(kind in sheet for kind in summaries.KINDS)
    assert (HOME / "GUIDELINE.md").stat().st_size > 1_500
