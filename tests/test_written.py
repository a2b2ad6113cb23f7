"""The data that was written for the studio: every file is whole, obeys its guideline as far as a program can tell, and says what it is."""

import json
import re
from collections import Counter
from itertools import combinations, pairwise
from typing import Any

import pytest
from scipy.stats import spearmanr

from core.data.bundled import DATASETS
from core.data.dataset import WRITTEN
from core.data.load import load
from core.tasks.table import task_of

TYPES = {"PER", "ORG", "LOC", "WORK", "EVENT"}
KINDS = {"news", "report", "mail", "social", "dialogue", "recipe", "encyclopaedia", "review", "notice", "travel"}
LANGUAGES = {"en": (1_500, "entities"), "zh": (500, "entities-zh")}  # the fewest sentences, and the dataset
NEWS = {
    "en": ("topics", 1_200, 15, 60),
    "zh": ("topics-zh", 400, 30, 90),
}  # the dataset, fewest items, shortest, longest
WORD = {"en": re.compile(r"\w+(?:['’.,-]\w+)*"), "zh": re.compile(r"\S")}  # what a length is counted in
REGISTERS = {"agency", "local", "ticker", "radio", "feature"}


SECOND = {
    "Agreement",
    "Second reading",
    "Second summary",
    "How it was checked",
}  # what became of a second look, or that there was none


@pytest.mark.parametrize("folder", sorted(path.name for path in WRITTEN.iterdir()))
def test_every_datasheet_says_whose_how_how_good_and_what_it_is_not(folder: str) -> None:
    sheet = (WRITTEN / folder / "DATASHEET.md").read_text(encoding="utf-8")
    said = dict(re.findall(r"^\| ([^|]+) \| (.+) \|$", sheet, re.MULTILINE))
    assert {"What", "Files", "Format", "Who wrote it"} <= set(said) and set(said) & SECOND
    assert "language model" in said["Who wrote it"]
    assert said["Licence"].startswith("Apache-2.0") and "## What it is not" in sheet
    assert "## Guideline" in sheet or (WRITTEN / folder / "GUIDELINE.md").is_file()
    assert all(f"`{file.name}`" in said["Files"] for file in (WRITTEN / folder).glob("*.jsonl"))


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


# --- News -------------------------------------------------------------------------------------------------------------


def news(language: str) -> list[dict[str, str]]:
    lines = (WRITTEN / "topics" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("language", NEWS)
def test_every_news_item_has_a_subject_and_a_fixed_split(language: str) -> None:
    name, fewest, shortest, longest = NEWS[language]
    rows = news(language)
    assert len({row["text"] for row in rows}) == len(rows) == DATASETS[name].rows >= fewest
    for row in rows:
        assert set(row) == {"text", "label", "kind", "hard", "split"} and row["kind"] in REGISTERS, row
        assert row["text"] == " ".join(row["text"].split()), "one line, single spaces"
        assert shortest <= len(WORD[language].findall(row["text"])) <= longest, row
        assert isinstance(row["hard"], bool)
    assert language == "en" or not any(set(",;:?!()") & set(row["text"]) for row in rows), "full-width punctuation"
    hard = sum(bool(row["hard"]) for row in rows) / len(rows)
    assert 0.08 < hard < 0.15, "about a tenth is hard on purpose"
    for part in ("", "train", "validation", "test"):
        counts = Counter(row["label"] for row in rows if row["split"].startswith(part))
        mean = sum(counts.values()) / len(DATASETS[name].labels)
        assert tuple(sorted(counts)) == DATASETS[name].labels
        assert all(abs(count - mean) <= max(0.15 * mean, 1) for count in counts.values()), (part, counts)
    shares = Counter(row["split"] for row in rows)
    assert shares["validation"] / len(rows) == pytest.approx(0.1, abs=0.01)
    assert shares["test"] / len(rows) == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("language", NEWS)
def test_no_news_item_is_made_from_another(language: str) -> None:
    """No two share half of their word (Chinese: character) triples, and no opening is used again and again."""
    words = [re.findall(r"\w+" if language == "en" else r"\w", row["text"].casefold()) for row in news(language)]
    triples = [set(zip(own, own[1:], own[2:], strict=False)) for own in words]
    places: dict[tuple[str, ...], list[int]] = {}
    for place, own in enumerate(triples):
        for triple in own:
            places.setdefault(triple, []).append(place)
    shared = Counter(pair for found in places.values() for pair in combinations(found, 2))
    assert max(count / len(triples[a] | triples[b]) for (a, b), count in shared.items()) < 0.5
    openings = Counter(tuple(own[:4]) for own in words)
    assert openings.most_common(1)[0][1] <= 6


@pytest.mark.parametrize("language", NEWS)
def test_news_is_read_with_its_splits_and_described(language: str) -> None:
    row, rows = DATASETS[NEWS[language][0]], news(language)
    dataset = load(row.id, task_of(row.task).layout)
    assert dataset.report.counts == Counter(own["split"] for own in rows)
    assert not dataset.report.dropped and not dataset.report.notes and row.languages == language
    for split, content in dataset.splits.items():
        found = {
            (text, dataset.label_names[label]) for text, label in zip(content["text"], content["label"], strict=True)
        }
        assert found == {(own["text"], own["label"]) for own in rows if own["split"] == split}
    sheet = (WRITTEN / "topics" / "DATASHEET.md").read_text(encoding="utf-8")
    guideline = (WRITTEN / "topics" / "GUIDELINE.md").read_text(encoding="utf-8")
    assert all(f"{count:,}" in sheet for count in (row.rows, *dataset.report.counts.values()))
    assert all(f"`{label}`" in guideline for label in row.labels)


# --- Pairs with a score ------------------------------------------------------------------------------------------------

PAIRS = {
    "en": ("similarity", 500, 120, "0.972"),
    "zh": ("similarity-zh", 250, 50, "0.955"),
}  # dataset, fewest, read twice, agreement


def lines_of(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (WRITTEN / "similarity" / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("language", PAIRS)
def test_every_pair_has_a_score_and_a_fixed_split_and_no_sentence_comes_twice(language: str) -> None:
    name, fewest, _twice, _agreement = PAIRS[language]
    rows = lines_of(f"{language}.jsonl")
    assert len(rows) == DATASETS[name].rows >= fewest
    for row in rows:
        assert set(row) == {"text", "pair", "score", "kind", "split"}
        assert row["score"] in [half / 2 for half in range(11)]
    sentences = [str(row[role]) for row in rows for role in ("text", "pair")]
    assert len({sentence.casefold() for sentence in sentences}) == len(sentences)
    assert all(sentence == " ".join(sentence.split()) and len(sentence) < 120 for sentence in sentences)
    assert language == "en" or not any(set(",;:?!()") & set(sentence) for sentence in sentences), (
        "full-width punctuation"
    )
    shares = Counter(str(row["split"]) for row in rows)
    for split, share in (("train", 0.7), ("validation", 0.1), ("test", 0.2)):
        assert shares[split] / len(rows) == pytest.approx(share, abs=0.01)
        assert {int(float(str(row["score"]))) for row in rows if row["split"] == split} == set(range(6))


@pytest.mark.parametrize("language", PAIRS)
def test_pairs_are_read_without_a_loss_and_described(language: str) -> None:
    name, _fewest, twice, agreement = PAIRS[language]
    row, rows = DATASETS[name], lines_of(f"{language}.jsonl")
    dataset = load(row.id, task_of(row.task).layout)
    assert dataset.label_names == row.labels and not dataset.report.dropped and row.languages == language
    assert dataset.report.counts == Counter(str(own["split"]) for own in rows)
    sheet = (WRITTEN / "similarity" / "DATASHEET.md").read_text(encoding="utf-8")
    assert (
        all(f"{count}" in sheet for count in (row.rows, twice, *dataset.report.counts.values())) and agreement in sheet
    )
    again = [own for own in lines_of("second-reading.jsonl") if own["language"] == language]
    known = {(own["text"], own["pair"]) for own in rows}
    assert len(again) == twice and all((own["text"], own["pair"]) in known for own in again)
    readings = [[float(str(own[reading])) for own in again] for reading in ("first", "second")]
    assert f"{spearmanr(*readings).statistic:.3f}" == agreement


# --- Messages ---------------------------------------------------------------------------------------------------------

MESSAGES = {"en": ("messages", 500, 24), "zh": ("messages-zh", 250, 12)}  # the dataset, fewest, rows without a label
MESSAGE_KINDS = {"mail", "chat", "review", "survey"}


def messages(language: str) -> list[dict[str, Any]]:
    lines = (WRITTEN / "messages" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("language", MESSAGES)
def test_every_message_has_its_labels_and_a_fixed_split(language: str) -> None:
    name, fewest, without = MESSAGES[language]
    row, rows = DATASETS[name], messages(language)
    assert len({own["text"] for own in rows}) == len(rows) == row.rows >= fewest and row.languages == language
    for own in rows:
        assert set(own) == {"text", "labels", "kind", "split"} and own["kind"] in MESSAGE_KINDS, own
        assert own["text"] == " ".join(own["text"].split()), "one line, single spaces"
        assert own["labels"] == sorted(set(own["labels"])) and set(own["labels"]) <= set(row.labels), own
    assert sum(not own["labels"] for own in rows) >= without
    assert sum(len(own["labels"]) > 1 for own in rows) / len(rows) > 0.4, "several labels are the point"
    for part in ("train", "validation", "test"):
        counts = Counter(label for own in rows if own["split"] == part for label in own["labels"])
        assert set(counts) == set(row.labels) and min(counts.values()) >= 5, (part, counts)
    shares = Counter(own["split"] for own in rows)
    assert shares["validation"] / len(rows) == pytest.approx(0.15, abs=0.01), "thresholds are chosen on it"
    assert shares["test"] / len(rows) == pytest.approx(0.2, abs=0.01)
    words = [WORD[language].findall(own["text"].casefold()) for own in rows]
    openings = Counter(tuple(own[:4]) for own in words if len(own) >= 4)
    assert openings.most_common(1)[0][1] <= 6, "no opening is used again and again"


@pytest.mark.parametrize("language", MESSAGES)
def test_messages_are_read_with_their_splits_and_described(language: str) -> None:
    row, rows = DATASETS[MESSAGES[language][0]], messages(language)
    dataset = load(row.id, task_of(row.task).layout)
    assert dataset.report.counts == Counter(own["split"] for own in rows) and not dataset.report.dropped
    assert dataset.label_names == row.labels
    assert dataset.report.label_counts == Counter(label for own in rows for label in own["labels"])
    sheet = (WRITTEN / "messages" / "DATASHEET.md").read_text(encoding="utf-8")
    guideline = (WRITTEN / "messages" / "GUIDELINE.md").read_text(encoding="utf-8")
    assert all(f"{count:,}" in sheet for count in (row.rows, *dataset.report.counts.values()))
    assert all(f"`{label}`" in guideline for label in row.labels)
