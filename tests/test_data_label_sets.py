"""core.data.label_sets: any number of labels a row, however a file writes them."""

import json
from pathlib import Path

import pandas as pd
import pytest

from core.data.columns import SeveralLabels
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.errors import UserError
from core.results import Preparation

FILES = Path(__file__).parent / "fixtures" / "files"
SETS = [("a", "b"), ("b",), (), ("c", "a"), ("a",), ("b", "c"), ("a", "b", "c"), (), ("c",), ("b", "a")] * 3
TEXTS = [f"message number {i} about something" for i in range(len(SETS))]


def read(path: Path, layout: str = "text-labels", **options: object) -> TextDataset:
    return load(str(path), LAYOUTS[layout], allow_path=True, **options)  # type: ignore[arg-type]


def sets_of(dataset: TextDataset) -> dict[str, set[str]]:
    return {
        row["text"]: {dataset.label_names[number] for number in row["labels"]}
        for split in dataset.splits.values()
        for row in split
    }


def said(dataset: TextDataset) -> str:
    return " / ".join(message.format(**values) for message, values in dataset.report.notes)


def write_csv(path: Path, cells: list[str], name: str = "labels") -> Path:
    pd.DataFrame({"text": TEXTS, name: cells}).to_csv(path, index=False)
    return path


WRITTEN = {
    "bars": lambda own: "|".join(own),
    "semicolons": lambda own: ";".join(own),
    "commas": lambda own: ", ".join(own),
    "chinese": lambda own: "、".join(own),
    "json": lambda own: json.dumps(own),
    "python": lambda own: repr(list(own)),
    "numpy": lambda own: "[" + " ".join(repr(label) for label in own) + "]",
}


@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.parametrize("name", ["labels", "what it is about"], ids=["named", "found"])
def test_labels_in_one_cell_are_read_however_they_are_written(tmp_path: Path, way: str, name: str) -> None:
    dataset = read(write_csv(tmp_path / "table.csv", [WRITTEN[way](own) for own in SETS], name))
    assert dataset.label_names == ("a", "b", "c") and dataset.columns == {"text": "text", "labels": name}
    assert sets_of(dataset) == {text: set(own) for text, own in zip(TEXTS, SETS, strict=True)}
    assert dataset.report.label_counts == {"a": 15, "b": 15, "c": 12} and not dataset.report.dropped
    assert "6 of 30 rows have no label" in said(dataset)


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_lists_are_read_from_json_and_parquet(tmp_path: Path, kind: str) -> None:
    frame, path = pd.DataFrame({"text": TEXTS, "emotions": [list(own) for own in SETS]}), tmp_path / f"table.{kind}"
    frame.to_parquet(path) if kind == "parquet" else frame.to_json(path, orient="records", lines=True)
    dataset = read(path)
    assert dataset.columns["labels"] == "emotions"
    assert sets_of(dataset) == {text: set(own) for text, own in zip(TEXTS, SETS, strict=True)}
    assert len(dataset.splits["validation"]) and len(dataset.splits["test"])


def test_columns_of_yes_and_no_are_found_and_keep_their_order(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"id": range(30), "text": TEXTS} | {name: [int(name in own) for own in SETS] for name in "cab"}
    )
    frame.to_csv(tmp_path / "table.csv", index=False)
    dataset = read(tmp_path / "table.csv")
    assert dataset.columns["labels"] == "c+a+b" and dataset.label_names == ("c", "a", "b")
    assert sets_of(dataset) == {text: set(own) for text, own in zip(TEXTS, SETS, strict=True)}
    assert "3 columns say yes or no to one label each: c, a, b" in said(dataset)
    assert read(tmp_path / "table.csv", columns={"labels": "a+b"}).label_names == ("a", "b")
    frame.assign(b="maybe").to_csv(tmp_path / "odd.csv", index=False)
    with pytest.raises(UserError, match="column 'b' does not say yes or no: it holds 'maybe'"):
        read(tmp_path / "odd.csv", columns={"labels": "a+b"})


def test_what_a_separator_has_no_label_beside_and_another_separator_is_told(tmp_path: Path) -> None:
    cells = ["|".join(own) for own in SETS]
    cells[0], cells[3], cells[4] = "a||b", "c,a", "a|"
    dataset = read(write_csv(tmp_path / "table.csv", cells))
    assert "in 2 rows a “|” has no label beside it, as in “a||b”" in said(dataset)
    assert "“c,a” looks like several labels with another sign between them" in said(dataset)
    assert dataset.label_names == ("a", "b", "c", "c,a")


def test_a_comma_inside_a_label_parts_nothing(tmp_path: Path) -> None:
    cells = [("Bonn, Germany", "Paris, France")[i % 2] for i in range(len(TEXTS))]
    assert set(read(write_csv(tmp_path / "table.csv", cells)).label_names) == {"Bonn, Germany", "Paris, France"}


def test_every_label_is_in_every_split_and_a_column_of_splits_counts(tmp_path: Path) -> None:
    dataset = read(write_csv(tmp_path / "table.csv", ["|".join(own) for own in SETS]))
    for split in ("train", "validation", "test"):
        assert {label for own in dataset.splits[split]["labels"] for label in own} == {0, 1, 2}
    frame = pd.read_csv(tmp_path / "table.csv").assign(split=["train"] * 20 + ["test"] * 10)
    frame.to_csv(tmp_path / "split.csv", index=False)
    assert len(read(tmp_path / "split.csv").splits["test"]) == 10
    assert len(read(tmp_path / "table.csv", limit=12).splits["train"]) == 12


def test_labels_are_renamed_merged_and_taken_off_while_their_rows_stay(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "table.csv", ["|".join(own) for own in SETS])
    dataset = read(path, preparation=Preparation(labels=(("a", "first"), ("c", ""))))
    assert dataset.label_names == ("b", "first") and dataset.report.label_counts == {"b": 15, "first": 15}
    assert sum(map(len, dataset.splits.values())) == 30
    dataset = read(path, preparation=Preparation(labels=(("b", "a"),)))
    assert dataset.report.label_counts == {"a": 21, "c": 12}


def test_only_one_label_none_and_objects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="only one label, 'a'"):
        read(write_csv(tmp_path / "one.csv", ["a" if own else "" for own in SETS]))
    with pytest.raises(UserError, match="not one of 30 rows has a label"):
        read(write_csv(tmp_path / "none.csv", ["" for _ in SETS]))
    frame = pd.DataFrame({"text": TEXTS, "labels": [[{"start": 0, "end": 2}] for _ in SETS]})
    frame.to_json(tmp_path / "spans.jsonl", orient="records", lines=True)
    with pytest.raises(UserError, match="where labels are wanted"):
        read(tmp_path / "spans.jsonl")
    pd.DataFrame({"text": TEXTS, "number": range(30)}).to_csv(tmp_path / "texts.csv", index=False)
    with pytest.raises(UserError, match="which column holds the labels is not clear"):
        read(tmp_path / "texts.csv")


def test_the_same_text_with_other_labels_is_left_out(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"text": [*TEXTS, TEXTS[0], TEXTS[1]], "labels": ["|".join(own) for own in [*SETS, ("c",), ("b",)]]}
    )
    frame.to_csv(tmp_path / "table.csv", index=False)
    assert [(row.reason, row.count) for row in read(tmp_path / "table.csv").report.dropped] == [
        ("the same text stands there with different labels", 2),
        ("the same text and label stand there again", 1),
    ]


def test_a_whole_file_is_measured_with_repeated_rows(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": [*TEXTS, *TEXTS], "labels": ["|".join(own) for own in SETS] * 2})
    frame.to_csv(tmp_path / "table.csv", index=False)
    dataset = read(tmp_path / "table.csv", whole=True)
    assert len(dataset.splits["test"]) == 60 and not len(dataset.splits["train"])


# --- Read as one label -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["d46_multi_comma.csv", "d46b_list_strings.csv"])
def test_a_file_that_looks_so_is_known_as_one_label_too(name: str) -> None:
    single = read(FILES / name, "text-label").report
    assert single.several and single.rather == "labels"
    several = read(FILES / name).report
    assert several.rather == "" and not any("," in label for label in several.label_counts)


def test_flags_and_lists_lead_to_the_other_task(tmp_path: Path) -> None:
    with pytest.raises(SeveralLabels, match="A task for several labels at once learns them together"):
        read(FILES / "d13_toxic_multilabel.csv", "text-label")
    assert read(FILES / "d13_toxic_multilabel.csv").label_names[0] == "toxic"
    frame = pd.DataFrame({"text": TEXTS, "label": [list(own) for own in SETS]})
    frame.to_json(tmp_path / "lists.jsonl", orient="records", lines=True)
    with pytest.raises(SeveralLabels, match="holds a list in each cell"):
        read(tmp_path / "lists.jsonl", "text-label")
