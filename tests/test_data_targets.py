"""Sources with their targets: what is left out and told, how rows are split, and the kinds that are measured apart."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import ask, load
from core.errors import UserError
from core.tables.files import read_table

LAYOUT = LAYOUTS["source-target"]


def dataset_of(folder: Path, rows: Sequence[dict[str, str]], **options: object) -> TextDataset:
    path = folder / "rows.jsonl"
    pd.DataFrame(rows).to_json(path, orient="records", lines=True, force_ascii=False)
    return load(str(path), LAYOUT, allow_path=True, **options)  # type: ignore[arg-type]


def pairs(count: int) -> list[dict[str, str]]:
    return [{"source": f"sentence {i}", "target": f"句子 {i}"} for i in range(count)]


def test_what_is_empty_or_repeated_is_left_out_and_told(tmp_path: Path) -> None:
    odd = [
        {"source": "a", "target": " "},
        {"source": "\u200b", "target": "x"},
        {"source": "Sentence  0", "target": "句子 0"},
    ]
    dataset = dataset_of(tmp_path, [*pairs(20), *odd])
    assert {entry.reason: entry.count for entry in dataset.report.dropped} == {
        "the source is empty": 1, "the target is empty": 1, "the same source and target stand there again": 1,
    }  # fmt: skip
    assert {split: len(rows) for split, rows in dataset.splits.items()} == {"train": 16, "validation": 2, "test": 2}
    assert dataset.columns == {"text": "source", "target": "target"}


def test_all_targets_of_a_source_are_in_one_split(tmp_path: Path) -> None:
    rows = [row | {"target": row["target"] + more} for row in pairs(30) for more in ("", "！")]
    dataset = dataset_of(tmp_path, rows)
    sources = {split: set(rows["text"]) for split, rows in dataset.splits.items()}
    assert not (sources["train"] & sources["test"] or sources["train"] & sources["validation"])
    assert all(len(rows) == 2 * len(sources[split]) for split, rows in dataset.splits.items())
    assert any(
        "more than one target: 30" in message.format(**values) for message, values in map(_note, dataset.report.notes)
    )


def _note(note: tuple[str, object]) -> tuple[str, dict[str, object]]:
    message, values = note
    assert isinstance(values, dict)
    return message, values


def test_a_source_that_is_tested_is_not_learnt(tmp_path: Path) -> None:
    rows = [row | {"split": "train"} for row in pairs(9)] + [
        {"source": "Sentence 3", "target": "other", "split": "test"}
    ]
    dataset = dataset_of(tmp_path, rows)
    assert "sentence 3" not in dataset.splits["train"]["text"] and len(dataset.splits["test"]) == 1


def test_kinds_are_kept_where_a_column_of_that_name_has_few(tmp_path: Path) -> None:
    kinds = [row | {"split": "test", "kind": f"k{i % 2}"} for i, row in enumerate(pairs(6))]
    train = [row | {"split": "train", "kind": ""} for row in pairs(20)[6:]]
    dataset = dataset_of(tmp_path, [*kinds, *train])
    assert list(dataset.splits["test"]["kind"]) == ["k0", "k1"] * 3 and set(dataset.splits["train"]["kind"]) == {""}
    assert any("k0, k1" in str(values) for _message, values in dataset.report.notes)
    many = [row | {"kind": str(i)} for i, row in enumerate(pairs(20))]
    assert set(dataset_of(tmp_path, many).splits["train"]["kind"]) == {""}


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["english", "chinese"], ("english", "chinese")),
        (["id", "article", "headline"], ("article", "headline")),
        (["question", "answer", "topic"], ("question", "answer")),
        (["原文", "译文"], ("原文", "译文")),
        (["first", "second"], ("first", "second")),  # nothing but two texts
    ],
)
def test_usual_columns_are_found(columns: list[str], found: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    pd.DataFrame([[f"{name} number {i} of some words" for name in columns] for i in range(12)], columns=columns).to_csv(
        path, index=False
    )
    assert tuple(load(str(path), LAYOUT, allow_path=True).columns.values()) == found


def test_rows_that_are_only_asked_about_need_no_target(tmp_path: Path) -> None:
    path = tmp_path / "asked.csv"
    pd.DataFrame({"no": ["1", "2"], "english": ["a book", ""]}).to_csv(path, index=False)
    asked = ask("asked.csv", LAYOUT, read_table(path), {})
    assert asked.report.used == {"text": "english"} and asked.full == [0]


def test_too_little_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"1 of the 3 rows can be used.*0 have no source, 2 no target"):
        dataset_of(tmp_path, [*pairs(1), {"source": "b", "target": ""}, {"source": "c", "target": " "}])
    with pytest.raises(UserError, match=r"no row of rows\.jsonl has both a source and a target"):
        dataset_of(tmp_path, [{"source": "b", "target": ""}, {"source": "", "target": "c"}], whole=True)
