"""Files as people have them: which columns, labels and splits are taken, what is left out, and that it is said.

tests/fixtures/files holds files rebuilt after public reports, with texts of our own.
"""

import json
import tempfile
from collections import Counter
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.columns import choose_columns, choose_inputs
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import ask, load
from core.data.remarks import joined, remarks
from core.errors import UserError
from core.results import Reading
from core.tables.files import read_table
from core.tables.table import FIND_OUT, WordsWithTags
from tests.tables import csv_text, write

FILES = Path(__file__).parent / "fixtures" / "files"
LABELLED, PAIRS, ENTITIES = LAYOUTS["text-label"], LAYOUTS["pair-label"], LAYOUTS["words-tags"]


def loaded(name: str, layout: str = "text-label", **options: object) -> TextDataset:
    return load(str(FILES / name), LAYOUTS[layout], allow_path=True, **options)  # type: ignore[arg-type]


def refused(name: str, layout: str = "text-label", **options: object) -> str:
    with pytest.raises(UserError) as caught:
        loaded(name, layout, **options)
    return str(caught.value)


def made(rows: list[tuple[str, ...]], header: str, layout: str = "text-label", **options: object) -> TextDataset:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), csv_text(rows, header))
        return load(str(path), LAYOUTS[layout], allow_path=True, **options)  # type: ignore[arg-type]


def said(dataset: TextDataset) -> str:
    return " / ".join(remark.sentence for remark in remarks(dataset.report))


def warned(dataset: TextDataset) -> str:
    return " / ".join(remark.sentence for remark in remarks(dataset.report) if remark.warning)


def dropped(dataset: TextDataset) -> dict[str, int]:
    return {entry.reason: entry.count for entry in dataset.report.dropped}


# --- The label ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "label"),
    [
        ("d10_spam_kaggle.csv", "v2", "v1"),
        ("d10b_spam_kaggle_overflow.csv", "v2", "v1"),
        ("d16_index_column.csv", "text", "label"),
        ("d69_label_text_and_id.csv", "text", "label"),
        ("d49_ag_kaggle.csv", "Description", "Class Index"),
        ("d09_sorted_by_label.csv", "text", "target"),
    ],
)
def test_the_label_is_a_column_that_is_filled_and_says_so(name: str, text: str, label: str) -> None:
    dataset = loaded(name)
    assert dict(dataset.report.used) == {"text": text, "label": label}


def test_what_is_not_taken_is_known() -> None:
    assert loaded("d69_label_text_and_id.csv").report.unused == ("label_text",)
    assert loaded("d16_index_column.csv").report.unused == ("column 1",)


def test_several_columns_of_yes_and_no_are_no_label() -> None:
    message = refused("d13_toxic_multilabel.csv")
    assert "toxic, severe_toxic, obscene, threat, insult, identity_hate" in message
    assert "A task for several labels at once learns them together" in message and "name the column" in message
    dataset = loaded("d13_toxic_multilabel.csv", columns={"label": "insult"})
    assert dataset.report.used == {"text": "comment_text", "label": "insult"}


def test_candidates_are_listed_where_none_is_clearly_the_label_and_dates_are_none() -> None:
    message = refused("d73_uncertain_label_dates.csv")
    assert "it can be any of mood, sex; name it" in message
    assert message.endswith("The file has: feedback_comment, mood, day, sex")


FRAME = {
    "text": [f"word {i} and more of it" for i in range(60)],
    "when": [f"2024-05-{i % 4 + 1:02}" for i in range(60)],
    "row": [str(i) for i in range(60)],
    "age": [str(20 + i % 25) for i in range(60)],
    "rarely": ["x", "y", *[""] * 58],
    "mood": ["up", "down"] * 30,
}


def test_dates_numbers_of_rows_measurements_and_nearly_empty_columns_are_no_labels() -> None:
    assert choose_columns(pd.DataFrame(FRAME), LABELLED, {})["label"] == "mood"
    assert choose_columns(pd.DataFrame(FRAME).drop(columns="mood"), LABELLED, {})["label"] == "age", (
        "nothing else is left"
    )


@pytest.mark.parametrize("name", ["my_label", "Sentiment (A)", "CLASS ", "target2", "情感标签"])
def test_of_several_candidates_the_one_that_is_called_so_is_taken(name: str) -> None:
    frame = pd.DataFrame({**FRAME, name: ["yes", "no", "yes", "yes"] * 15})
    assert choose_columns(frame, LABELLED, {})["label"] == name


def test_a_usual_name_with_hardly_anything_in_it_comes_last() -> None:
    frame = pd.DataFrame({"text": FRAME["text"], "label": FRAME["rarely"], "category": FRAME["mood"]})
    assert choose_columns(frame, LABELLED, {})["label"] == "category"


# --- Columns by number, and several as one -----------------------------------------------------------------------------


def test_a_column_is_named_by_its_number_and_a_name_that_is_a_number_wins() -> None:
    frame = pd.DataFrame({"a": ["x y"] * 4, "1": ["p", "q"] * 2, "c": ["r s"] * 4})
    assert choose_columns(frame, LABELLED, {"text": "3", "label": "1"}) == {"text": "c", "label": "1"}
    for wrong in ("0", "4", "-1", "9" * 50, "२"):
        with pytest.raises(UserError, match="not found; the file has: a, 1, c"):
            choose_columns(frame, LABELLED, {"text": wrong})


def test_two_columns_are_read_as_one_text() -> None:
    rows = [(f"title {i}", f"long text number {i}" if i else "", str(i % 2)) for i in range(20)]
    dataset = made(rows, "title,body,label", columns={"text": "title+2"})
    assert dataset.report.used["text"] == "title+body" and dataset.report.unused == ()
    texts = {row for split in dataset.splits.values() for row in split["text"]}
    assert texts == {"title 0", *(f"title {i} long text number {i}" for i in range(1, 20))}
    assert dataset.report.more_texts == ()


def test_a_column_with_a_plus_in_its_name_is_itself() -> None:
    rows = [(f"good text {i}", "left", str(i % 2)) for i in range(20)]
    assert made(rows, "a+b,a,label", columns={"text": "a+b"}).report.unused == ("a",)


def test_labels_are_not_joined_and_no_column_is_taken_twice() -> None:
    frame = pd.DataFrame({"a": ["x y", "z w"] * 4, "b": ["v w"] * 8, "c": ["r", "s"] * 4})
    with pytest.raises(UserError, match=r"column 'b\+c' not found"):
        choose_columns(frame, LABELLED, {"label": "b+c"})
    with pytest.raises(UserError, match="chosen twice"):
        choose_columns(frame, LABELLED, {"text": "a+c", "label": "c"})


# --- Texts that are not read -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "columns", "both"),
    [
        ("d49_ag_kaggle.csv", {}, "Title+Description"),
        ("d70_pairs_default.csv", {}, "sentence1+sentence2"),
        ("d71_qqp.tsv", {}, "question1+question2"),
        ("d53_snli.tsv", {}, "sentence1+sentence2"),
    ],
)
def test_a_second_column_of_texts_is_pointed_out(name: str, columns: dict[str, str], both: str) -> None:
    dataset = loaded(name, columns=columns)
    assert joined(dataset.report) == both and both in said(dataset)
    assert "a task for two texts reads them as a pair" in said(dataset)
    read = loaded(name, columns={"text": both})
    assert joined(read.report) == "" and read.report.used["text"] == both


def test_a_pair_task_leaves_no_text_unread() -> None:
    for name in ("d70_pairs_default.csv", "d71_qqp.tsv"):
        assert loaded(name, "pair-label").report.more_texts == ()


def test_scores_are_no_labels_and_that_is_said() -> None:
    assert "looks like a text or number column, not labels" in refused("d72_stsb_floats.csv", "pair-label")


def test_texts_that_are_all_numbers_are_remarked_on() -> None:
    assert "every text in the column 'text' is a number; is it the right column?" in said(
        loaded("d68_numeric_text.csv")
    )


def test_a_premise_that_comes_again_and_again_is_a_warning_with_a_way_out() -> None:
    rows = [
        (f"somebody does thing number {i // 3}", f"it is {word} number {i}", word)
        for i, word in enumerate(("entailment", "neutral", "contradiction") * 30)
    ]
    rows += [(f"a premise of its own, number {i}", f"it is {word}", word) for i, word in enumerate(("yes", "no") * 5)]
    dataset = made(rows, "premise,hypothesis,label", columns={"text": "premise"})
    assert dropped(dataset) == {"the same text stands there with different labels": 90}
    assert "90 of 100 rows (90%) are left out" in warned(dataset)
    assert (
        "90 rows repeat a text; if the answer depends on a second text as well, choose a task for two texts"
        in warned(dataset)
    )
    assert "the column hypothesis holds texts as well" in said(dataset)
    assert "left out" not in warned(made(rows, "premise,hypothesis,label", "pair-label"))


def test_words_with_tags_are_recognised_in_a_table() -> None:
    rows = [
        (word, tag)
        for word, tag in zip("the film of Ada in Rome".split() * 5, "O O O B-PER O B-LOC".split() * 5, strict=True)
    ]
    dataset = made(rows, "word,tag", columns={"text": "word", "label": "tag"})
    assert dataset.report.tagged
    assert "a task that tags words reads such a file as sentences" in warned(dataset)
    assert not loaded("d74_conll.tsv", "words-tags").report.tagged
    assert not loaded("d16_index_column.csv").report.tagged
    with pytest.raises(WordsWithTags):
        loaded("d74_conll.tsv")


# --- Splits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("d24a_split.csv", "the column 'split' says which rows are for training, validation and test: train = train; validation = dev; test = test"),
        ("d24b_split_other.csv", "train = train; validation = holdout; test = test"),
        ("d24d_fer_usage.csv", "the column 'Usage' says which rows are for training, validation and test: train = Training; validation = PublicTest; test = PrivateTest"),
    ],
)  # fmt: skip
def test_a_split_column_is_understood_and_named(name: str, says: str) -> None:
    dataset = loaded(name)
    assert dataset.report.counts == {"train": 90, "validation": 15, "test": 15}
    assert says in said(dataset)


def test_rows_whose_split_is_not_understood_are_left_out_and_told() -> None:
    dataset = loaded("d24c_split_blank.csv")
    assert dataset.report.counts == {"train": 81, "validation": 9, "test": 15}
    assert dropped(dataset) == {"its split is not understood": 15}
    assert "15 rows are left out, because their split in the column 'split' is empty" in said(dataset)
    assert dataset.report.split == "split" and "split" not in dataset.report.unused


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("split", ("训练", "验证", "测试")),
        ("Data_Split", ("TRAIN", "Dev", "Test")),
        ("phase", ("train", "val", "test")),
        ("set", ("training", "eval", "holdout_not_known")),
        ("is_valid", ("False", "True", "False")),
        ("is_test", ("0", "1", "0")),
    ],
)
def test_no_row_that_is_not_for_training_is_trained_on(column: str, values: tuple[str, str, str]) -> None:
    rows = [(f"{values[i % 3]} text number {i}", "ab"[i % 2], values[i % 3]) for i in range(90)]
    dataset = made(rows, f"text,label,{column}")
    assert {text.split(" text")[0] for text in dataset.splits["train"]["text"]} == {values[0]}
    assert column in said(dataset)


def test_a_label_that_is_called_like_splits_is_a_label() -> None:
    rows = [(f"text number {i}", ("train", "test")[i % 2]) for i in range(60)]
    assert made(rows, "text,vehicle", columns={"label": "vehicle"}).report.counts["train"] == 48


# --- Labels ------------------------------------------------------------------------------------------------------------


def test_a_label_that_nobody_agreed_on_is_left_out_and_told() -> None:
    dataset = loaded("d53_snli.tsv", "pair-label")
    assert dataset.label_names == ("contradiction", "entailment", "neutral")
    assert dropped(dataset) == {"the label is missing": 15}
    assert "15 rows have no label (- was taken as missing)" in said(dataset)
    dataset = loaded("d53b_snli_minus1.csv", "pair-label")
    assert dataset.label_names == ("0", "1", "2") and dropped(dataset)["the label is missing"] == 19
    assert "19 rows have no label (-1 was taken as missing)" in said(dataset)


def test_words_for_nothing_are_taken_as_missing_and_told() -> None:
    dataset = loaded("d07b_none_na_labels.csv")
    assert dataset.label_names == ("neg", "none", "pos") and dropped(dataset) == {"the label is missing": 25}
    for word in ("None", "null", "NA", "nan", "N/A"):
        assert word in said(dataset)
    assert "if that is the name of a label, write another word for it" in said(dataset)
    message = refused("d07c_null_is_a_class.csv")
    assert "'alternative'" in message and "null was taken as a missing label in 60 rows" in message


def test_numbers_are_written_in_one_way_and_that_is_told() -> None:
    dataset = loaded("d07_float_nan_labels.csv")
    assert dataset.label_names == ("0", "1") and dropped(dataset) == {"the label is missing": 8}
    assert "labels are written in one way: 0.0 → 0, 1.0 → 1" in said(dataset)
    assert loaded("e08_stars_train.csv").label_names == loaded("e08_stars_test_floats.csv", whole=True).label_names


def test_labels_that_differ_in_case_and_spaces_are_told() -> None:
    dataset = loaded("d56_label_spaces_case.csv")
    assert dataset.label_names == ("Negative", "POSITIVE", "Positive", "positive")
    assert "the labels POSITIVE, Positive, positive differ in case or spaces only; they are kept apart" in said(dataset)


@pytest.mark.parametrize(
    ("file", "label"), [("d46_multi_comma.csv", "sport,politics"), ("d46b_list_strings.csv", "['joy', 'love']")]
)
def test_several_labels_in_one_cell_are_told(file: str, label: str) -> None:
    dataset = loaded(file)
    assert label in dataset.label_names
    assert "look like several labels in one cell" in said(dataset)


def test_a_comma_alone_does_not_make_several_labels() -> None:
    labels = ("Bonn, Germany", "Paris, France")
    dataset = made([(f"text number {i}", labels[i % 2]) for i in range(40)], "text,label")
    assert set(dataset.label_names) == set(labels) and "several labels" not in said(dataset)


def test_spaces_around_a_label_are_removed_and_that_is_told(tmp_path: Path) -> None:
    rows = [{"text": f"text number {i}", "label": ("good", " good", "bad ")[i % 3]} for i in range(60)]
    dataset = load(str(write(tmp_path, json.dumps(rows), "a.json")), LABELLED, allow_path=True)
    assert dataset.label_names == ("bad", "good")
    assert "spaces around the label were removed in 40 rows" in said(dataset)


def test_one_label_is_refused_and_a_rare_one_is_warned_of() -> None:
    assert refused("d58_one_class.csv").startswith("every row has the same label, 'spam'")
    assert "labels with fewer than ten rows can be neither learnt nor measured well: fraud" in warned(
        loaded("d59_imbalanced.csv")
    )


# --- How it was read ---------------------------------------------------------------------------------------------------


def test_a_person_says_how_a_file_is_read() -> None:
    columns = {"text": "1", "label": "2"}
    dataset = loaded("d01_headerless_words.csv", columns=columns, reading=Reading(header=False))
    assert dataset.report.rows == 120 and dataset.report.header == "none"
    assert dataset.report.used == {"text": "column 1", "label": "column 2"}
    russian = loaded("d33_ru_cp1251.csv", columns=columns, reading=Reading(encoding="cp1251"))
    assert any("Я" in text or "я" in text for text in russian.splits["train"]["text"])


# --- Rows to be answered -----------------------------------------------------------------------------------------------


def readable() -> list[str]:
    return sorted(path.name for path in FILES.iterdir())


REFUSED = {  # (file, layout): what the sentence says
    ("d04_smsspam.txt", "words-tags"): "holds no words with tags",
    ("d04_smsspam_header.txt", "words-tags"): "holds no words with tags",
    ("d36c_fasttext.txt", "words-tags"): "holds no words with tags",
    ("d21k_python_repr.json", "text-label"): "as Python prints lists and dicts",
    ("d21k_python_repr.json", "words-tags"): "as Python prints lists and dicts",
    ("d54_lfs_pointer.csv", "text-label"): "a pointer that Git LFS leaves",
    ("d54_lfs_pointer.csv", "words-tags"): "a pointer that Git LFS leaves",
    ("d55_html_page.csv", "text-label"): "a web page",
    ("d55_html_page.csv", "words-tags"): "a web page",
    ("d74_conll.tsv", "text-label"): "one word and its tag in each line",
}
FILES_AND_LAYOUTS = [(name, layout) for name in readable() for layout in ("text-label", "words-tags")]


@pytest.mark.parametrize(("name", "layout"), REFUSED)
def test_what_cannot_be_read_is_called_what_it_is(name: str, layout: str) -> None:
    with pytest.raises(UserError, match=REFUSED[name, layout]):
        ask(name, LAYOUTS[layout], LAYOUTS[layout].read(FILES / name, FIND_OUT), {})


@pytest.mark.parametrize(("name", "layout"), [pair for pair in FILES_AND_LAYOUTS if pair not in REFUSED])
def test_every_row_of_a_readable_file_is_there_to_be_answered(name: str, layout: str) -> None:
    table = LAYOUTS[layout].read(FILES / name, FIND_OUT)
    rows = ask(name, LAYOUTS[layout], table, {})
    places = [*table.lines, *table.unreadable]
    assert len(rows.frame) == len(places) == len(rows.texts["text"])
    assert list(rows.frame.columns) == list(table.frame.columns)
    empty = [place for place, line in enumerate(sorted(places)) if line in table.unreadable]
    assert all(not any(rows.frame.iloc[place]) for place in empty) and not set(empty) & set(rows.full)
    assert rows.report.rows - rows.report.left_out == len(table.frame)


CELL = st.text("ab ,;\"'\t1", max_size=8)


@settings(max_examples=60)
@given(st.lists(st.lists(CELL, min_size=1, max_size=4), min_size=1, max_size=12))
def test_rows_out_are_rows_in_for_any_table(rows: list[list[str]]) -> None:
    content = "id,text\n" + "".join(",".join(row) + "\n" for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), content)
        try:
            table = read_table(path, Reading(header=True, delimiter=","))
            found = ask("x.csv", LABELLED, table, {"text": str(len(table.frame.columns))})
        except UserError:
            return
    missing = (*table.unreadable, *table.blank)
    assert len(found.frame) == len(table.frame) + len(missing)
    kept = [place for place, line in enumerate(sorted([*table.lines, *missing])) if line in table.lines]
    assert found.frame.iloc[kept].to_numpy().tolist() == table.frame.to_numpy().tolist()


@pytest.mark.parametrize("name", ["mails.csv", "mails.xlsx"])
def test_a_blank_row_between_others_is_a_row_out_and_is_named_as_left_out(tmp_path: Path, name: str) -> None:
    """As many answers come back as rows were given, in their places; below the last row, programs leave blank ones by themselves."""
    cells = [
        ["text", "label"],
        ["my parcel", "a"],
        ["", "b"],
        ["", ""],
        ["where is it", "a"],
        ["it came", "b"],
        ["", ""],
    ]
    path = tmp_path / name
    if name.endswith("xlsx"):
        book = openpyxl.Workbook()
        for row in cells:
            book.active.append(row)  # type: ignore[union-attr]
        book.save(path)
    else:
        path.write_text("\n".join(map(",".join, cells)) + "\n", encoding="utf-8")
    table = read_table(path)
    rows = ask(name, LABELLED, table, {"text": "text"})
    assert rows.texts["text"] == ["my parcel", "", "", "where is it", "it came"] and rows.full == [0, 3, 4]
    assert rows.report.rows == 5
    assert [(row.reason, row.count, row.examples) for row in rows.report.dropped] == [
        ("nothing stands in the row", 1, ("4",))
    ]


def test_more_blank_rows_than_others_are_no_rows(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "text,label\na b,x\n" + ",\n" * 9 + "c d,y\n"))
    assert not table.blank and not table.dropped and table.rows == 2


def test_the_text_of_an_answered_row_can_be_two_columns() -> None:
    table = read_table(FILES / "d49_ag_kaggle.csv")
    rows = ask("news.csv", LABELLED, table, {"text": "Title+Description"})
    assert rows.texts["text"][0].startswith("Short title 0 dull and far")
    assert choose_inputs(table.frame, LABELLED, {}) == {"text": "Description"}


# --- What must hold for any table --------------------------------------------------------------------------------------

LABELS = st.sampled_from(
    ["0", "1", "1.0", "2", "-1", "good", " good", "Good", "-", "+", "null", "NA", "", "none", "true", "TRUE"]
)
SPLITS = st.sampled_from(["train", "Training", "dev", "holdout", "test", "PrivateTest", "", "other", "训练"])


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 30), LABELS, SPLITS), min_size=4, max_size=60))
def test_every_row_is_in_one_split_or_left_out_with_its_own_label(rows: list[tuple[int, str, str]]) -> None:
    cells = [(f"text number {number}", label, split) for number, label, split in rows]
    try:
        dataset = made(cells, "text,label,split")
    except UserError:
        return
    report = dataset.report
    kept = Counter[tuple[str, str]]()
    for split, content in dataset.splits.items():
        if split not in report.shared:
            kept.update((row["text"], dataset.label_names[row["label"]]) for row in content)
    assert report.rows == len(rows) == kept.total() + report.left_out
    given_labels = {(text, label.strip()) for text, label, _ in cells}
    spelt = {(text, {"1.0": "1", "TRUE": "true"}.get(label, label)) for text, label in given_labels}
    assert set(kept) <= given_labels | spelt
    for text, label in set(kept) - given_labels:
        assert f"→ {label}" in said(dataset), (text, "a label that is spelt otherwise is told")
    for split in ("validation", "test"):
        if split not in report.shared:
            texts = set(dataset.splits[split]["text"])
            assert not texts & set(dataset.splits["train"]["text"])
