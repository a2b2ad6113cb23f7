"""Cells that are lists of class numbers, as token classification data has them."""

from pathlib import Path

import datasets

from core.tables import files


def test_lists_of_class_numbers_become_lists_of_names(tmp_path: Path) -> None:
    path = tmp_path / "tagged.parquet"
    names = datasets.ClassLabel(names=["O", "B-place", "I-place"])
    features = datasets.Features({"tokens": datasets.List(datasets.Value("string")), "ner_tags": datasets.List(names)})
    rows = {"tokens": [["New", "York"], ["rains"]], "ner_tags": [[1, 2], [0]]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(path)
    table = files.read_table(path)
    assert table.frame["ner_tags"].tolist() == [["B-place", "I-place"], ["O"]]
    assert table.frame["tokens"].tolist() == [["New", "York"], ["rains"]]


def test_plain_text_keeps_its_lines_whatever_they_end_with(tmp_path: Path) -> None:
    path = tmp_path / "lines.conll"
    path.write_bytes("\ufeffa\tO\r\nb\tO\r\n\r\nc\tO\rd\tO\n".encode())
    text, encoding, notes = files.read_plain(path, (".conll",))
    assert text == "a\tO\nb\tO\n\nc\tO\nd\tO\n"
    assert (encoding, notes) == ("UTF-8 (BOM)", ())
