"""The data that was written for the studio: every file is whole, obeys its guideline as far as a program can tell, and says what it is."""

import json
from collections import Counter
from itertools import pairwise

import pytest

from core.data.bundled import DATASETS, WRITTEN
from core.data.load import load
from core.tasks.table import task_of

TYPES = {"PER", "ORG", "LOC", "WORK", "EVENT"}
KINDS = {"news", "report", "mail", "social", "dialogue", "recipe", "encyclopaedia", "review", "notice", "travel"}
LANGUAGES = {"en": (1_500, "entities"), "zh": (500, "entities-zh")}  # the fewest sentences, and the dataset


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_annotated_as_the_guideline_says(language: str) -> None:
    lines = (WRITTEN / "entities" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    texts = [row["text"] for row in rows]
    assert len(set(texts)) == len(texts) >= LANGUAGES[language][0]
    for row in rows:
        assert set(row) == {"text", "spans", "kind"} and row["kind"] in KINDS and row["text"] == row["text"].strip()
        for span in row["spans"]:
            surface = row["text"][span["start"] : span["end"]]
            assert span["label"] in TYPES and surface and surface == surface.strip(), row
            assert 0 <= span["start"] < span["end"] <= len(row["text"])
        assert all(a["end"] <= b["start"] for a, b in pairwise(row["spans"])), row
        assert not any(sign in row["text"] for sign in "[]") or not row["spans"], row
    without = sum(not row["spans"] for row in rows) / len(rows)
    assert 0.15 < without < 0.3, "names are marked, and sentences without names are there too"
    assert set(Counter(row["kind"] for row in rows)) == KINDS


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_read_without_a_loss(language: str) -> None:
    row = DATASETS[LANGUAGES[language][1]]
    dataset = load(row.id, task_of(row.task).layout)
    assert sum(dataset.report.counts.values()) == row.rows and not dataset.report.dropped
    assert tuple(sorted(dataset.report.label_counts)) == row.labels
    assert row.languages == language


def test_the_datasheet_states_what_the_files_hold() -> None:
    sheet = (WRITTEN / "entities" / "DATASHEET.md").read_text(encoding="utf-8")
    for language, (_, name) in LANGUAGES.items():
        dataset = load(name, task_of(DATASETS[name].task).layout)
        assert f"{DATASETS[name].rows:,}" in sheet and f"{sum(dataset.report.label_counts.values()):,}" in sheet, (
            language
        )
    assert (WRITTEN / "entities" / "GUIDELINE.md").stat().st_size > 3_000
