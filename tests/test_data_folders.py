"""Data in several files: a folder with train, dev and test, or one that datasets saved."""

from pathlib import Path

import datasets
import pytest

from core import runs
from core.commands.train import data_file
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.errors import UserError
from core.finetune.setup import load_data
from core.results import RunConfig
from tests.tables import csv_text, write

LABELLED, ENTITIES = LAYOUTS["text-label"], LAYOUTS["words-tags"]


def rows(split: str, count: int) -> list[tuple[str, ...]]:
    return [(f"{split} text number {i}", "ab"[i % 2]) for i in range(count)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """train.csv, news_dev.tsv, test.csv and a file that is none of these."""
    home = tmp_path / "news"
    home.mkdir()
    write(home, csv_text(rows("train", 30)), "train.csv")
    write(home, csv_text(rows("dev", 8), "text\tlabel", "\t"), "news_dev.tsv")
    write(home, csv_text(rows("test", 6)), "test.csv")
    write(home, "Read me first.", "README.md")
    return home


def test_files_called_after_the_splits_are_the_splits(folder: Path) -> None:
    dataset = load(str(folder), LABELLED, allow_path=True)
    assert dataset.report.counts == {"train": 30, "validation": 8, "test": 6}
    for split, name in (("train", "train"), ("validation", "dev"), ("test", "test")):
        assert all(text.startswith(name) for text in dataset.splits[split]["text"])
    said = " / ".join(template.format(**values) for template, values in dataset.report.notes)
    assert "the files train.csv, news_dev.tsv, test.csv were read as train, validation and test" in said
    assert "these files of the folder are not read: README.md" in said


def test_parts_of_one_split_belong_together(folder: Path) -> None:
    write(folder, csv_text(rows("train more", 5)), "train-00001.csv")
    assert load(str(folder), LABELLED, allow_path=True).report.counts["train"] == 35
    write(folder, "{}", "train.json")
    with pytest.raises(UserError, match=r"has several files for train: train-00001\.csv, train\.csv, train\.json"):
        load(str(folder), LABELLED, allow_path=True)


def test_a_folder_without_a_file_for_training_says_what_is_missing(folder: Path) -> None:
    (folder / "train.csv").unlink()
    with pytest.raises(UserError, match="the folder news has no file for training: call the files train, validation"):
        load(str(folder), LABELLED, allow_path=True)


def test_words_with_tags_in_several_files(tmp_path: Path) -> None:
    for name, count in (("train", 12), ("dev", 4)):
        sentences = (f"word{name}{i} O\nBerlin B-LOC\n" for i in range(count))
        write(tmp_path, "\n".join(sentences), f"{name}.conll")
    counts = load(str(tmp_path), ENTITIES, allow_path=True).report.counts
    assert counts["validation"] == 4 and counts["train"] + counts["test"] == 12


def test_a_folder_that_datasets_saved(tmp_path: Path) -> None:
    made = {split: datasets.Dataset.from_dict({"text": [f"{split} {i} x" for i in range(n)], "label": ["a", "b"] * (n // 2)})
            for split, n in (("train", 20), ("test", 6))}  # fmt: skip
    datasets.DatasetDict(made).save_to_disk(tmp_path / "saved")
    dataset = load(str(tmp_path / "saved"), LABELLED, allow_path=True)
    assert dataset.report.counts == {"train": 18, "validation": 2, "test": 6}


@pytest.mark.parametrize("saved", [True, False])
def test_a_run_keeps_its_own_copy_of_a_folder(saved: bool, folder: Path, tmp_path: Path) -> None:
    if saved:
        folder = tmp_path / "saved"
        content = {"text": [f"text {i} x" for i in range(20)], "label": ["a", "b"] * 10}
        datasets.Dataset.from_dict(content).save_to_disk(folder)
    assert data_file(str(folder)) == folder
    config = RunConfig("minilm", str(folder))
    run = runs.create(config, folder, folder=tmp_path / "run")
    assert not (run.folder / run.config.data / "README.md").exists()
    expected = load(str(folder), LABELLED, allow_path=True)
    found = load_data(run.config, run.folder)
    assert found.splits["train"].to_dict() == expected.splits["train"].to_dict()
    runs.cancel(run)
    assert runs.create(config, folder, folder=tmp_path / "run").id == run.id, "the same data, so it is taken up again"
    copied = next(path for path in (run.folder / run.config.data).rglob("*") if path.is_file())
    copied.write_bytes(b"other")
    with pytest.raises(UserError, match="other settings or data"):
        runs.create(config, folder, folder=tmp_path / "run")
