"""The commands train, evaluate and predict on files as people have them: what they say of the data, and that no row is lost."""

import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core import runs
from core.__main__ import main
from core.finetune.setup import load_data
from core.results import Preparation, Reading
from tests.checkpoints import edit
from tests.test_data_files import FILES, readable
from tests.test_main import answered, call, config_of, refused


def written(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def predicted(
    capsys: pytest.CaptureFixture[str], model: Path, file: Path, *more: object
) -> tuple[dict[str, Any], list[dict[str, str]], str]:
    """What predict answered, the rows that it wrote, and what it said."""
    table = model.parent / "out.csv"
    code, out, err = call(capsys, "predict", "--model", model, "--data", file, "--output", table, *more)
    assert code == 0, err
    return json.loads(out.splitlines()[-1]), written(table), err


# --- predict -----------------------------------------------------------------------------------------------------------


def test_a_row_that_cannot_be_read_keeps_its_place(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, tmp_path: Path
) -> None:
    file = tmp_path / "new.csv"
    file.write_text('id,text,more\n1,"i love, pizza",x\n2,"a","b","c","d"\n3,the film,y\n4,,z\n', encoding="utf-8")
    found, rows, err = predicted(capsys, tiny_classifier, file, "--delimiter", ",", "--header", "--text-column", "text")
    assert [row["id"] for row in rows] == ["1", "", "3", "4"] and [row["more"] for row in rows] == ["x", "", "y", "z"]
    assert [bool(row["label"]) for row in rows] == [True, False, True, False]
    assert (found["n"], found["empty"], found["unreadable"]) == (2, 1, [3])
    assert found["rows"] == 4 and found["dropped"][0]["count"] == 1 and found["columns"] == {"text": "text"}
    assert "warning: 1 row could not be read and stays empty in the output; it begins in line 3" in err


@pytest.mark.parametrize("name", readable())
def test_predict_writes_a_row_for_each_row_of_any_readable_file(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, name: str
) -> None:
    table = tiny_classifier.parent / "out.csv"
    code, out, err = call(capsys, "predict", "--model", tiny_classifier, "--data", FILES / name, "--output", table)
    if code:
        assert code == 2 and len(err.splitlines()) == 1, "what cannot be read is refused with one sentence"
        return
    found, rows = json.loads(out.splitlines()[-1]), written(table)
    left_out = sum(entry["count"] for entry in found["dropped"])
    assert len(rows) == found["n"] + found["empty"] + len(found["unreadable"])
    assert len(rows) == found["rows"] - left_out + len(found["unreadable"])
    assert set(found["unused_columns"]) <= {column.removesuffix(" (2)") for column in rows[0]}
    assert not found["encoding"] or f"rows read ({found['encoding']}" in err


def test_a_file_beyond_the_row_limit_is_not_answered_in_part(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STUDIO_MAX_ROWS", "20")
    line = refused(
        capsys,
        "predict",
        "--model",
        tiny_classifier,
        "--data",
        FILES / "d24a_split.csv",
        "--output",
        tmp_path / "o.csv",
    )
    assert "d24a_split.csv has 120 rows, of which 20 would be read" in line and "STUDIO_MAX_ROWS" in line


def test_the_person_says_how_a_file_is_read(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, tmp_path: Path
) -> None:
    file = tmp_path / "new.csv"
    file.write_bytes("я люблю кино;1\nплохой фильм;2\n".encode("cp1251"))
    options = ["--no-header", "--encoding", "cp1251", "--delimiter", ";", "--column", "text=1"]
    found, rows, err = predicted(capsys, tiny_classifier, file, *options)
    assert [row["text"] for row in rows] == ["я люблю кино", "плохой фильм"] and rows[0]["column 2"] == "1"
    assert (found["encoding"], found["header"], found["delimiter"]) == ("cp1251", "none", ";")
    assert "2 rows read (cp1251, delimiter ';', no row of names: columns are numbered)" in err
    assert "columns: text = column 1; not used: column 2" in err


@pytest.mark.parametrize("options", [["--encoding", "rot13"], ["--encoding", "no-such"]])
def test_an_encoding_that_is_none_is_refused(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, options: list[str], tmp_path: Path
) -> None:
    file = FILES / "d24a_split.csv"
    command = ["predict", "--model", tiny_classifier, "--data", file, "--output", tmp_path / "o.csv", *options]
    assert f"there is no encoding '{options[1]}'" in refused(capsys, *command)


def test_unknown_words_and_cut_texts_are_warned_of(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, tmp_path: Path
) -> None:
    file = tmp_path / "new.csv"
    file.write_text("text\n" + "😀 😡 💔\n" * 20 + ("good " * 200 + "\n") * 20, encoding="utf-8")
    found, _rows, err = predicted(capsys, tiny_classifier, file)
    long = [line for line in err.splitlines() if line.startswith("warning: 50% of 40 texts are longer than ")]
    assert len(long) == 1 and found["cut"] == 20
    file.write_text("text\n" + "😀 😡 💔\n" * 20, encoding="utf-8")
    found, _rows, err = predicted(capsys, tiny_classifier, file)
    assert "warning: 100% of the tokens in 20 texts are unknown to this model's vocabulary" in err
    assert any("roberta-base for any sign" in note for note in found["notes"])


def test_two_columns_are_answered_as_one_text(capsys: pytest.CaptureFixture[str], tiny_classifier: Path) -> None:
    file = FILES / "d49_ag_kaggle.csv"
    _found, rows, _err = predicted(capsys, tiny_classifier, file, "--column", "text=Title+Description")
    assert rows[0]["text"].startswith("Short title 0 dull and far")
    assert {"Class Index", "Title", "Description"} <= set(rows[0])


def test_a_threshold_adds_a_decision(capsys: pytest.CaptureFixture[str], tiny_classifier: Path, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("id,text,decision\n" + "".join(f"{i},{'good ' * i}film,own\n" for i in range(8)))
    found, rows, _err = predicted(capsys, tiny_classifier, file)
    assert "unsure" not in found and float(rows[0]["margin"]) == pytest.approx(2 * float(rows[0]["probability"]) - 1)
    threshold = sorted(float(row["probability"]) for row in rows)[4]
    found, rows, _err = predicted(capsys, tiny_classifier, file, "--threshold", threshold)
    assert [row["decision"] == "unsure" for row in rows] == [float(row["probability"]) < threshold for row in rows]
    assert found["unsure"] == sum(row["decision"] == "unsure" for row in rows) > 0
    assert sum(found["labels"].values()) == 8 and {row["decision (2)"] for row in rows} == {"own"}
    command = ["predict", "--model", tiny_classifier, "--data", file, "--output", tmp_path / "o.csv"]
    assert "it is a probability, between 0 and 1" in refused(capsys, *command, "--threshold", "80")
    assert "--threshold goes with --data" in refused(
        capsys, "predict", "--model", "minilm", "--text", "x", "--threshold", ".5"
    )


# --- train -------------------------------------------------------------------------------------------------------------


def test_the_reading_is_part_of_the_run_and_columns_are_written_by_name(
    monkeypatch: pytest.MonkeyPatch, tiny_classifier: Path
) -> None:
    file = FILES / "d01_headerless_words.csv"
    data = ["--model", tiny_classifier, "--data", file, "--column", "text=1", "--column", "label=2"]
    config = config_of(monkeypatch, *data, "--no-header", "--encoding", "utf-8", "--delimiter", ",")
    assert config.reading == Reading(header=False, encoding="utf-8", delimiter=",")
    assert config.columns == (("text", "column 1"), ("label", "column 2"))
    tabs = FILES / "d71_qqp.tsv"
    options = ["--delimiter", "tab", "--header", "--task", "pair-classification"]
    assert config_of(monkeypatch, "--model", tiny_classifier, "--data", tabs, *options).reading == Reading(
        True, "", "\t"
    )


def test_a_run_of_this_version_reads_alike_when_it_goes_on(tmp_path: Path) -> None:
    file = FILES / "d01_headerless_words.csv"
    from core.results import RunConfig

    columns = (("text", "column 1"), ("label", "column 2"))
    made = runs.create(
        RunConfig("minilm", str(file), columns=columns, reading=Reading(header=False)), file, folder=tmp_path / "r"
    )
    again = runs.open_folder(tmp_path / "r")
    assert again.config == made.config and again.config.reading.header is False
    assert load_data(again.config, again.folder).report.rows == 120


TICKETS = "".join(
    f"{title} {i},the {title} case {i} of {label},{label}\n"
    for label, title in (("Billing", "money"), ("billing", "bill"), ("spam", "win"), ("tech", "help"))
    for i in range(12)
)


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    file = tmp_path / "tickets.csv"
    file.write_text("subject,body,kind\n" + TICKETS)
    return file


def test_what_is_made_of_the_rows_is_part_of_the_run(
    monkeypatch: pytest.MonkeyPatch, tiny_classifier: Path, tickets: Path
) -> None:
    options = ["--model", tiny_classifier, "--data", tickets, "--label", "billing=Billing", "--label", "spam="]
    config = config_of(monkeypatch, *options, "--text-column", "subject", "--text-column", "body", "--separator", " | ")
    assert config.preparation == Preparation((("billing", "Billing"), ("spam", "")), separator=" | ")
    assert dict(config.columns) == {"text": "subject+body"}
    by_chance = config_of(monkeypatch, "--model", tiny_classifier, "--data", tickets, "--no-split-column")
    assert by_chance.preparation == Preparation(split="")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--label", "billing"], "'billing' is not OLD=NEW"),
        (["--split-column", "kind"], "the column 'kind' does not say which rows are for training: its values are"),
        (["--test", "nowhere.csv"], "there is no file nowhere.csv"),
        (["--label-column", "kind", "--label-column", "body"], "the column of 'label' is named twice: kind, body"),
    ],
)
def test_a_mistake_about_the_rows_is_one_line(
    capsys: pytest.CaptureFixture[str],
    tiny_classifier: Path,
    tickets: Path,
    tmp_path: Path,
    options: list[str],
    expected: str,
) -> None:
    command = ["train", "--model", tiny_classifier, "--data", tickets, "--output", tmp_path / "o", *options]
    assert expected in refused(capsys, *command)


def test_two_delimiters_that_do_equally_well_name_the_option(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, tmp_path: Path
) -> None:
    file = tmp_path / "films.csv"
    file.write_text("".join(f"{'fine' if i % 2 else 'bad'} film {i};{i % 3},5\n" for i in range(30)))
    line = refused(capsys, "train", "--model", tiny_classifier, "--data", file, "--output", tmp_path / "o")
    assert line.endswith("say which of them it is (--delimiter)")


def test_files_for_validation_and_test_become_the_data_of_the_run(
    monkeypatch: pytest.MonkeyPatch, tiny_classifier: Path, tickets: Path, tmp_path: Path
) -> None:
    dev, test = tmp_path / "my dev.tsv", tmp_path / "held out.csv"
    dev.write_text(
        "subject\tbody\tkind\n" + "".join(f"a\tnew text {i}\t{'spam' if i % 2 else 'tech'}\n" for i in range(10))
    )
    test.write_text(
        "subject,body,kind\n"
        + "".join(f"b,another text {i},{'spam' if i % 2 else 'tech'}\n" for i in range(8))
        + "money 0,the money case 0 of Billing,Billing\n"
    )
    made: list[runs.Run] = []
    create = runs.create
    monkeypatch.setattr(runs, "create", lambda *rest, **more: made.append(create(*rest, **more)) or made[-1])
    monkeypatch.setattr("core.commands.train._work", lambda run, **more: 0)
    files = [
        "--data",
        str(tickets),
        "--validation",
        str(dev),
        "--test",
        str(test),
        "--column",
        "label=3",
        "--column",
        "text=2",
    ]
    assert main(["train", "--model", str(tiny_classifier), *files, "--output", str(tmp_path / "run")]) == 0
    (run,) = made
    names = sorted(path.name for path in (run.folder / run.config.data).iterdir())
    assert names == ["my dev.tsv", "test-held out.csv", "train-tickets.csv"], "a name says its split"
    dataset = load_data(run.config, run.folder)
    assert dataset.report.counts == {"train": 47, "validation": 10, "test": 9}, "the row of both stays in the test"
    assert [row.reason for row in dataset.report.dropped] == [
        "the same text is in two splits; it stays in the one that measures"
    ]
    assert dict(run.config.columns) == {"label": "kind", "text": "body"}


def test_words_with_tags_are_not_trained_on_as_texts_unless_that_is_said(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, tmp_path: Path
) -> None:
    command = ["train", "--model", tiny_classifier, "--output", tmp_path / "o", "--data"]
    table = tmp_path / "words.csv"
    words = "".join(f"{word},{tag}\n" for word, tag in [("film", "O"), ("of", "O"), ("Ada", "B-PER")] * 8)
    table.write_text(f"word,tag\n{words}")
    for more in ([FILES / "d74_conll.tsv"], [table, "--column", "text=word", "--column", "label=tag"]):
        line = refused(capsys, *command, *more)
        assert "looks like words with a tag each" in line
        assert "--task named-entities" in line and "--task text-classification if each row is a text" in line


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("d13_toxic_multilabel.csv", "A task for several labels at once learns them together"),
        ("d73_uncertain_label_dates.csv", "it can be any of mood, sex; name it"),
        ("d07c_null_is_a_class.csv", "null was taken as a missing label in 60 rows"),
    ],
)
def test_what_is_not_clear_is_asked(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, name: str, expected: str, tmp_path: Path
) -> None:
    command = ["train", "--model", tiny_classifier, "--data", FILES / name, "--output", tmp_path / "o"]
    assert expected in refused(capsys, *command)
    assert not (tmp_path / "o").exists()


@pytest.mark.training
def test_training_says_how_the_data_was_read_and_so_does_its_result(
    capsys: pytest.CaptureFixture[str], tiny_bert: Path, tmp_path: Path
) -> None:
    file = FILES / "d70_pairs_default.csv"
    command = ["train", "--model", tiny_bert, "--data", file, "--epochs", 1, "--max-length", 8]
    code, out, err = call(capsys, *command, "--output", tmp_path / "run")
    assert code == 0, err
    found = json.loads(out.splitlines()[-1])
    assert "120 rows read (UTF-8, delimiter ',', names in the first row)" in err
    assert "columns: text = sentence1, label = label; not used: sentence2" in err
    assert "to read both: --column 'text=sentence1+sentence2' or --task pair-classification" in err
    assert found["columns"] == {"text": "sentence1", "label": "label"} and found["unused_columns"] == ["sentence2"]
    assert found["rows"] == 120 and found["encoding"] == "UTF-8"
    notes = " / ".join(found["notes"])
    assert "the column sentence2 holds texts as well" in notes
    assert "are longer than 8 tokens and lose their end" in notes and "are longer than 8 tokens" in err
    again = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))["data"]
    assert again["used"] == found["columns"]


# --- evaluate ----------------------------------------------------------------------------------------------------------


def test_labels_that_the_model_does_not_know_are_named_and_the_others_measured(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, tmp_path: Path
) -> None:
    file = tmp_path / "test.csv"
    labels = ["good", "bad", "mixed", "good", "odd", "mixed"]
    file.write_text("text,label\n" + "".join(f"the film {i},{label}\n" for i, label in enumerate(labels)))
    code, out, err = call(capsys, "evaluate", "--model", tiny_classifier, "--data", file)
    assert code == 0, err
    found = json.loads(out.splitlines()[-1])
    assert found["n"] == 3 and found["unknown_labels"] == {"mixed": 2, "odd": 1}
    assert "warning: 3 of 6 rows have a label that the model does not know: mixed (2), odd (1)" in err
    assert "the figures are those of the other 3 rows" in err


def test_numbers_match_however_they_are_written(
    capsys: pytest.CaptureFixture[str], tiny_classifier: Path, tmp_path: Path
) -> None:
    model = tmp_path / "stars"
    shutil.copytree(tiny_classifier, model)
    edit(model, id2label={"0": "4.0", "1": "2.0"}, label2id={"4.0": 0, "2.0": 1})
    for cells in (("2", "4"), ("2.0", "4.0"), ("2", "4.0")):
        file = tmp_path / "test.csv"
        file.write_text("text,label\n" + "".join(f"the film {i},{cells[i % 2]}\n" for i in range(8)))
        found = answered(capsys, "evaluate", "--model", model, "--data", file)
        assert found["n"] == 8 and found["unknown_labels"] == {}


@pytest.mark.training
def test_evaluate_makes_of_the_rows_what_training_made_of_them(
    capsys: pytest.CaptureFixture[str], tiny_bert: Path, tickets: Path, tmp_path: Path
) -> None:
    columns = ["--text-column", "subject", "--text-column", "body", "--separator", " | "]
    labels = ["--label", "billing=Billing", "--label", "spam="]
    command = ["train", "--model", tiny_bert, "--data", tickets, "--epochs", 1, "--output", tmp_path / "run"]
    trained = answered(capsys, *command, *columns, *labels)
    assert (
        trained["renamed_labels"] == {"billing": "Billing", "spam": ""} and trained["columns"]["text"] == "subject+body"
    )
    measured = answered(capsys, "evaluate", "--model", tmp_path / "run", "--data", tickets)
    assert measured["n"] == 36 and measured["unknown_labels"] == {} and measured["seen_in_training"] == 28
    other = tmp_path / "other.csv"
    other.write_text("subject,body,kind\n" + TICKETS.replace("tech\n", "technical\n"))
    again = answered(capsys, "evaluate", "--model", tmp_path / "run", "--data", other, "--label", "technical=tech")
    assert again["n"] == 36 and again["renamed_labels"] == {"billing": "Billing", "spam": "", "technical": "tech"}
    _found, rows, _err = predicted(capsys, tmp_path / "run", tickets)
    assert rows[0]["text"] == "money 0 | the money case 0 of Billing"


@pytest.mark.training
def test_the_training_data_is_recognised(capsys: pytest.CaptureFixture[str], tiny_bert: Path, tmp_path: Path) -> None:
    file, other = tmp_path / "reviews.csv", tmp_path / "other.csv"
    lines = [f"text number {i},{'ab'[i % 2]}\n" for i in range(40)]
    file.write_text("text,label\n" + "".join(lines))
    other.write_text("text,label\n" + "".join(f"other {line}" for line in lines))
    answered(capsys, "train", "--model", tiny_bert, "--data", file, "--epochs", 1, "--output", tmp_path / "run")
    code, out, err = call(capsys, "evaluate", "--model", tmp_path / "run", "--data", file)
    assert code == 0 and json.loads(out.splitlines()[-1])["seen_in_training"] == 32
    assert "warning: 32 of 40 rows were in the training data of this model" in err
    code, out, err = call(capsys, "evaluate", "--model", tmp_path / "run", "--data", other)
    assert code == 0 and json.loads(out.splitlines()[-1])["seen_in_training"] == 0 and "were in the training" not in err
    shutil.rmtree(tmp_path / "run" / "data")
    code, out, err = call(capsys, "evaluate", "--model", tmp_path / "run", "--data", other)
    assert code == 0 and json.loads(out.splitlines()[-1])["seen_in_training"] is None
    assert "the data that this model was trained on cannot be compared" in err


def test_every_count_of_labels_is_kept(capsys: pytest.CaptureFixture[str], tiny_classifier: Path) -> None:
    found, rows, _err = predicted(capsys, tiny_classifier, FILES / "d24a_split.csv")
    assert found["labels"] == {label: Counter(row["label"] for row in rows)[label] for label in ("bad", "good")}
