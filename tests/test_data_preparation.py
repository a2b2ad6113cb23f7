"""What a person says is to be made of rows: labels merged, renamed and left out, the column of splits, columns read as one."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.data import clean, folders, relabel
from core.data.columns import BEFORE
from core.data.corrected import corrected
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import ask, labels, load, read_source
from core.data.remarks import remarks
from core.errors import UserError
from core.results import AS_READ, Preparation
from core.tables.table import FIND_OUT

TICKETS = [("Billing", 20), ("billing", 4), ("technical", 21), ("spam", 6)]


def write_tickets(folder: Path, extra: str = "") -> Path:
    """Tickets with a label that is spelt in two ways, and one that nobody wants."""
    path = folder / "tickets.csv"
    rows = [f"case {count}-{i} of {label},{label},title {i}" for label, count in TICKETS for i in range(count)]
    path.write_text("text,label,title\n" + "\n".join(rows) + "\n" + extra)
    return path


def texts_of(dataset: TextDataset) -> dict[str, str]:
    return {row["text"]: dataset.label_names[row["label"]] for split in dataset.splits.values() for row in split}


def loaded(path: Path, layout: str = "text-label", **preparation: object) -> TextDataset:
    return load(str(path), LAYOUTS[layout], preparation=Preparation(**preparation), allow_path=True)  # type: ignore[arg-type]


def said(dataset: TextDataset) -> str:
    return " / ".join(message.format(**values) for message, values in dataset.report.notes)


# --- Labels ------------------------------------------------------------------------------------------------------------


def test_labels_are_merged_renamed_and_left_out(tmp_path: Path) -> None:
    file = write_tickets(tmp_path)
    dataset = loaded(file, labels=(("billing", "Billing"), ("technical", "tech"), ("spam", "")))
    assert dataset.label_names == ("Billing", "tech")
    assert dataset.report.label_counts == {"Billing": 24, "tech": 21}
    assert [(row.reason, row.count) for row in dataset.report.dropped] == [("its label is left out", 6)]
    assert dataset.report.renamed == {"billing": "Billing", "technical": "tech", "spam": ""}
    assert "labels were renamed as you said: billing → Billing (4), technical → tech (21)" in said(dataset)
    assert "labels were left out as you said: spam (6)" in said(dataset)
    assert texts_of(dataset)["case 4-0 of billing"] == "Billing" and "case 6-0 of spam" not in texts_of(dataset)


def test_names_are_exchanged_at_once_not_one_after_the_other(tmp_path: Path) -> None:
    dataset = loaded(write_tickets(tmp_path), labels=(("spam", "technical"), ("technical", "spam")))
    assert dataset.report.label_counts["technical"] == 6 and dataset.report.label_counts["spam"] == 21


def test_a_label_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "there is no label biling that could be renamed" in said(
        loaded(write_tickets(tmp_path), labels=(("biling", "x"),))
    )


def test_merging_settles_what_contradicted_itself(tmp_path: Path) -> None:
    file = write_tickets(tmp_path, "the same text,billing,x\nthe same text,Billing,x\n")
    assert {row.reason for row in loaded(file).report.dropped} == {"the same text stands there with different labels"}
    merged = loaded(file, labels=(("billing", "Billing"),))
    assert {row.reason for row in merged.report.dropped} == {"the same text and label stand there again"}


def test_too_few_labels_left_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="every row has the same label, 'Billing'"):
        loaded(write_tickets(tmp_path), labels=(("billing", "Billing"), ("technical", ""), ("spam", "")))


def test_all_rows_of_a_file_are_measured_by_the_same_names(tmp_path: Path) -> None:
    preparation = Preparation((("billing", "Billing"), ("spam", "")))
    whole = load(
        str(write_tickets(tmp_path)), LAYOUTS["text-label"], preparation=preparation, allow_path=True, whole=True
    )
    assert whole.report.label_counts == {"Billing": 24, "technical": 21}


def test_labels_with_an_order_of_their_own_keep_it(tmp_path: Path) -> None:
    dataset = load("rotten_tomatoes", LAYOUTS["text-label"], preparation=Preparation((("negative", "thumbs down"),)))
    assert dataset.label_names == ("thumbs down", "positive")


def test_types_of_entities_are_merged_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "names.conll"
    sentence = "Ada B-PER\nLovelace I-PER\nmet O\nBob B-person\nin O\nParis B-LOC\nnumber{i} O\n"
    path.write_text("\n".join(sentence.format(i=i) for i in range(20)))
    layout = LAYOUTS["words-tags"]
    assert labels(str(path), layout, {}, allow_path=True) == {"LOC": 20, "PER": 20, "person": 20}
    dataset = loaded(path, "words-tags", labels=(("PER", "person"), ("LOC", "")))
    assert dataset.report.label_counts == {"person": 40} and dataset.label_names == ("O", "B-person", "I-person")
    assert dataset.splits["train"][0]["tags"] == ["B-person", "I-person", "O", "B-person", "O", "O", "O"]
    whole = load(str(path), layout, preparation=Preparation((("LOC", ""),)), allow_path=True, whole=True)
    assert whole.report.label_counts == {"PER": 20, "person": 20}
    assert "labels were left out as you said: LOC (20)" in said(dataset)


def test_the_layout_says_whether_there_are_labels(tmp_path: Path) -> None:
    file = write_tickets(tmp_path)
    for layout in LAYOUTS.values():
        has_labels = any(role.kind in ("label", "labels", "tags") for role in layout.roles)
        assert has_labels == (layout.labels is not None), layout.id
    assert labels(str(file), LAYOUTS["text-label"], {}, allow_path=True) == dict(
        sorted(TICKETS, key=lambda row: row[0].casefold())
    )
    assert labels(str(file), LAYOUTS["documents"], {}, allow_path=True) == {}
    with pytest.raises(UserError, match="these rows have no labels"):
        loaded(file, "documents", labels=(("a", "b"),))


def test_labels_that_are_spelt_alike_are_found_with_the_usual_spelling() -> None:
    counts = {"billing": 4, "Billing": 20, "BILLING ": 1, "tech": 9, "t e c h": 9}
    assert relabel.alike(counts) == {"billing": "Billing", "BILLING ": "Billing", "t e c h": "tech"}
    assert relabel.ambiguous(["a", "A", "b"]) == ["a", "A"]


def test_a_change_upon_a_change_is_one_change_of_what_was_read() -> None:
    counts = {"billing": 4, "Billing": 20, "spam": 3}
    once = relabel.merged({}, counts, {"billing": "Billing"})
    assert once == {"billing": "Billing"}
    assert relabel.merged(once, counts, {"Billing": "money"}) == {"billing": "money", "Billing": "money"}
    assert relabel.merged({"spam": "x"}, counts, {"x": "spam"}) == {}, "back at what was read"


def test_of_labels_spelt_alike_that_is_said_and_nothing_else(tmp_path: Path) -> None:
    found = [remark.sentence for remark in remarks(loaded(write_tickets(tmp_path)).report)]
    about = [sentence for sentence in found if "illing" in sentence]
    assert about == ["the labels Billing, billing differ in case or spaces only; they are kept apart"], found


# --- Splits ------------------------------------------------------------------------------------------------------------


def write_folds(folder: Path) -> Path:
    path = folder / "folds.csv"
    parts = {0: "test", 1: "dev"}
    rows = [f"text number {i},{'ab'[i % 2]},{parts.get(i % 10, 'train')},{i % 5}" for i in range(100)]
    path.write_text("text,label,part of,fold\n" + "\n".join(rows))
    return path


def test_the_split_column_is_found_out_chosen_or_left_alone(tmp_path: Path) -> None:
    file = write_folds(tmp_path)
    assert loaded(file).report.counts == {"train": 80, "validation": 10, "test": 10}
    assert "the column 'part of' says which rows are for training" in said(loaded(file))
    assert texts_of_split(loaded(file, split="part of"), "test") == {f"text number {i}" for i in range(0, 100, 10)}
    by_chance = loaded(file, split="")
    assert "says which rows" not in said(by_chance)
    assert texts_of_split(by_chance, "test") != texts_of_split(loaded(file), "test")


def texts_of_split(dataset: TextDataset, split: str) -> set[str]:
    return set(dataset.splits[split]["text"])


def test_a_column_that_is_no_split_is_refused_with_its_values(tmp_path: Path) -> None:
    file = write_folds(tmp_path)
    with pytest.raises(
        UserError, match="column 'fold' does not say which rows are for training: its values are 0, 1, 2, 3, 4"
    ):
        loaded(file, split="fold")
    with pytest.raises(UserError, match="column 'parts' not found; the file has: text, label, part of, fold"):
        loaded(file, split="parts")


# --- Columns read as one -----------------------------------------------------------------------------------------------


def test_columns_are_joined_by_the_separator(tmp_path: Path) -> None:
    file = str(write_tickets(tmp_path))
    columns, layout = {"text": "title+text"}, LAYOUTS["text-label"]
    dataset = load(file, layout, columns, preparation=Preparation(separator=" | "), allow_path=True)
    assert "title 0 | case 6-0 of spam" in texts_of(dataset)
    assert dataset.report.separator == " | " and dataset.report.used["text"] == "title+text"
    assert "title 0 case 6-0 of spam" in texts_of(load(file, layout, columns, allow_path=True))


# --- A corrected copy --------------------------------------------------------------------------------------------------


def test_a_corrected_copy_is_learnt_from_with_the_same_splits(tmp_path: Path) -> None:
    file, layout = write_tickets(tmp_path), LAYOUTS["text-label"]
    preparation = Preparation((("billing", "Billing"),))
    dataset = load(str(file), layout, preparation=preparation, allow_path=True)
    table, _splits = read_source(str(file), layout, FIND_OUT, folders.read)
    test = sorted(dataset.splits["test"]["text"])
    wrong, unwanted = test[0], test[1]
    copy = corrected(table, dataset, preparation, {clean.key([wrong]): "spam", clean.key([unwanted]): ""})
    assert copy.split == "split" and list(copy.frame) == ["text", "label", "title", BEFORE, "split"]
    again = tmp_path / "corrected.csv"
    again.write_text(copy.csv())
    asked = replace(preparation, split=copy.split)
    second = load(str(again), layout, preparation=asked, allow_path=True)
    expected = {**texts_of(dataset), wrong: "spam"}
    del expected[unwanted]
    assert texts_of(second) == expected
    told = [message.format(**values) for message, values in second.report.notes]
    assert f"1 label was corrected by hand; the column '{BEFORE}' keeps what it was" in told
    assert f"1 row was left out by hand; the column '{BEFORE}' keeps its label" in told
    assert sorted(second.splits["test"]["text"]) == [text for text in test if text != unwanted]
    assert sorted(second.splits["train"]["text"]) == sorted(dataset.splits["train"]["text"])
    assert "spam" not in file.read_text().split(wrong)[1].split("\n")[0], "the original stays as it is"


def test_a_corrected_copy_of_a_table_with_a_split_of_its_own(tmp_path: Path) -> None:
    file, layout = tmp_path / "own.csv", LAYOUTS["text-label"]
    file.write_text("text,label,split\n" + "".join(f'"text, number {i}",{"ab"[i % 2]},x\n' for i in range(60)))
    dataset = load(str(file), layout, allow_path=True)
    table, _splits = read_source(str(file), layout, FIND_OUT, folders.read)
    copy = corrected(table, dataset, AS_READ, {})
    assert copy.split == "split (2)" and set(copy.frame["split (2)"]) == {"train", "validation", "test"}
    few = load("article-example", layout)
    assert corrected(read_source("article-example", layout, FIND_OUT, None)[0], few, AS_READ, {}).split is None


def test_a_file_without_the_columns_that_the_model_learnt_from_is_remarked(tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    file.write_text("note,kind\nthe parcel never came,late\nthe invoice is wrong,money\nwhere is my parcel,late\n")
    layout = LAYOUTS["text-label"]
    table = folders.read(file, layout, FIND_OUT)
    remark = "the model learnt from 'subject+body', which the file does not have; it reads 'note' instead"

    def noted(columns: dict[str, str], preferred: dict[str, str]) -> list[str]:
        notes = ask(file.name, layout, table, columns, preferred).report.notes
        return [message.format(**values) for message, values in notes]

    assert remark in noted({}, {"text": "subject+body"})
    assert remark not in noted({"text": "note"}, {"text": "subject+body"}), "that was said"
    assert not any("learnt from" in note for note in noted({}, {"text": "note"}))
