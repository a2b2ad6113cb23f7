"""The data step of Fine-tune: the table that was read, labels mended, columns joined, validation and test chosen."""

import json
from io import BytesIO
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core import runs
from core.data import folders
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.errors import UserError
from core.finetune.setup import load_data
from core.results import Preparation
from pages.shared.data_form import labels, uploads
from pages.shared.snippets import finetune as finetune_code
from pages.shared.snippets import tags as tags_code
from tests.pages_common import LANGUAGES, check, open_page, texts
from tests.scripts import run_script

TICKETS = "".join(
    f"{title} {i},the {title} case {i} of {label},{label}\n"
    for label, title in (("Billing", "money"), ("billing", "bill"), ("spam", "win"), ("tech", "help"))
    for i in range(12)
)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[runs.Run]:
    """The runs that the page starts; no process is made for them."""
    found: list[runs.Run] = []
    monkeypatch.setattr(runs, "start", found.append)
    return found


def opened(content: bytes, name: str = "tickets.csv", lang: str = "en", **changes: object) -> AppTest:
    """Fine-tune with a file of the user's own. changes: what was said of it."""
    data = uploads.keep_upload(name, content)
    return check(open_page("finetune", data=data, lang=lang, changes=json.dumps(changes) if changes else ""))


def tickets(lang: str = "en", **changes: object) -> AppTest:
    return opened(("subject,body,kind\n" + TICKETS).encode(), lang=lang, **changes)


def beginning(app: AppTest) -> Any:
    """The table that shows what was read: the first on the page."""
    return app.dataframe[0]


def headings(app: AppTest) -> str:
    """The headings of the table that shows what was read."""
    return str(json.loads(beginning(app).proto.columns))


def said(app: AppTest) -> str:
    """Everything that the page says, as it is read."""
    return texts(app).replace("\\", "").casefold()


def config_of(app: AppTest, started: list[runs.Run]) -> runs.RunConfig:
    check(app.button(key="start").click().run())
    return started[-1].config


# --- The table ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_first_rows_are_shown_as_read_with_what_the_columns_are_for(lang: str) -> None:
    app = tickets(lang)
    assert not app.error, texts(app)
    shown = beginning(app).value
    assert list(shown.columns) == ["subject", "body", "kind"] and shown["kind"][0] == "Billing"
    shown_as = headings(app)
    assert ("kind → label" if lang == "en" else "kind → 标签") in shown_as and "id →" not in shown_as


def test_a_file_without_a_header_loses_no_row_and_says_so() -> None:
    app = opened(TICKETS.encode())
    assert list(beginning(app).value.columns) == ["column 1", "column 2", "column 3"]
    assert "the first row was read as data" in said(app)
    assert {metric.value for metric in app.metric} >= {"38", "5"}
    check(app.selectbox(key="reading_header").set_value("yes").run())
    assert next(iter(beginning(app).value.columns)) == "money 0"


def test_a_workbook_is_read_like_any_other_table() -> None:
    content = BytesIO()
    frame = pd.DataFrame([line.split(",") for line in TICKETS.splitlines()], columns=["subject", "body", "kind"])
    frame.to_excel(content, index=False)
    app = opened(content.getvalue(), "tickets.xlsx")
    assert not app.error and app.selectbox(key="label_column").value == "kind"
    assert beginning(app).value["body"][0] == "the money case 0 of Billing"


def test_two_delimiters_that_do_equally_well_are_both_offered() -> None:
    rows = "".join(f"{'fine' if i % 2 else 'bad'} film {i};{i % 3},5\n" for i in range(30))
    app = opened(rows.encode(), "films.csv")
    (error,) = app.error
    assert "say which of them it is" in error.value and "--delimiter" not in error.value
    check(app.button(key="delimiter_1").click().run())
    assert not app.error, texts(app)
    assert app.selectbox(key="reading_delimiter").value in (";", ",")


# --- Labels ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_spellings_of_a_label_are_merged_by_a_button(lang: str, started: list[runs.Run]) -> None:
    app = tickets(lang)
    check(app.button(key="merge_labels").click().run())
    assert not app.error and not [button for button in app.button if button.key == "merge_labels"]
    assert app.toggle(key="mend_labels").value, "the table of labels is open, and its switch says so"
    config = config_of(app, started)
    assert config.preparation == Preparation((("billing", "Billing"),))
    assert load_data(config, started[0].folder).label_names == ("Billing", "spam", "tech")


def test_labels_can_be_renamed_and_left_out_and_come_back(started: list[runs.Run]) -> None:
    app = tickets(preparation={"labels": {"spam": "", "tech": "technical"}})
    assert "labels were renamed as you said: tech → technical (12)" in said(app)
    assert app.toggle(key="mend_labels").value
    config = config_of(app, started)
    assert dict(config.preparation.labels) == {"spam": "", "tech": "technical"}
    runs.cancel(started[0])
    again = check(open_page("finetune", run=started[0].id))
    assert "tech → technical" in str([frame.value.to_dict() for frame in again.dataframe])
    again.button(key=f"again_finetune_{started[0].id}").click().run()
    check(again.run())
    assert "tech → technical (12)" in said(again)
    check(again.button(key="labels_back").click().run())
    assert "preparation" not in json.loads(again.session_state["shared_changes"] or "{}")


def test_labels_that_leave_too_little_can_still_be_taken_back() -> None:
    app = tickets(preparation={"labels": {"spam": "", "tech": "", "billing": "Billing"}})
    assert any("Every row has the same label" in error.value for error in app.error)
    check(app.button(key="labels_back").click().run())
    assert not app.error


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({1: {"name": "Billing"}}, {"billing": "Billing"}),
        ({2: {"used": False}}, {"spam": ""}),
        ({2: {"name": ""}}, {"spam": ""}),
        ({2: {"name": None}}, {"spam": ""}),
        (
            {0: {"name": " a "}, 1: {"name": "a"}, 2: {"used": False, "name": "x"}},
            {"Billing": "a", "billing": "a", "spam": ""},
        ),
        ({3: {"used": True}}, {}),
        ({3: {"name": "tech"}}, {}),
    ],
)
def test_what_is_edited_in_the_table_becomes_names(
    changes: dict[int, dict[str, object]], expected: dict[str, str]
) -> None:
    assert labels.edited({"tech": ""}, ["Billing", "billing", "spam", "tech"], changes) == (
        expected if 3 in changes else {"tech": "", **expected}
    )


def test_another_column_of_labels_forgets_the_names() -> None:
    app = tickets(preparation={"labels": {"spam": ""}})
    check(app.selectbox(key="label_column").set_value("subject").run())
    assert "preparation" not in json.loads(app.session_state["shared_changes"])


@pytest.mark.parametrize(
    "said", ['"x"', '{"labels": ["a"], "split": 3, "separator": ""}', '{"labels": {"a": 1}}', "[]"]
)
def test_an_address_with_nonsense_about_the_rows_changes_nothing(said: str) -> None:
    data = uploads.keep_upload("tickets.csv", ("subject,body,kind\n" + TICKETS).encode())
    app = check(open_page("finetune", data=data, changes=f'{{"preparation": {said}}}'))
    assert not app.error and app.selectbox(key="label_column").value == "kind"


def test_types_of_entities_are_mended_too(started: list[runs.Run]) -> None:
    sentence = "Ada B-PER\nmet O\nBob B-per\nin O\nParis B-LOC\nnumber{i} O\n"
    content = "\n".join(sentence.format(i=i) for i in range(30)).encode()
    app = opened(content, "names.conll", preparation={"labels": {"LOC": ""}})
    assert "give two types the same name" in said(app)
    check(app.button(key="merge_labels").click().run())
    config = config_of(app, started)
    assert dict(config.preparation.labels) in ({"LOC": "", "per": "PER"}, {"LOC": "", "PER": "per"})
    assert len(load_data(config, started[0].folder).report.label_counts) == 1


def test_labels_of_a_dataset_that_comes_with_the_studio() -> None:
    app = check(open_page("finetune", changes='{"preparation": {"labels": {"negative": "thumbs down"}}}'))
    assert not app.error and "negative → thumbs down" in said(app)


# --- Columns -----------------------------------------------------------------------------------------------------------


def test_columns_of_texts_are_joined_with_a_separator(started: list[runs.Run]) -> None:
    app = tickets()
    check(app.multiselect(key="text_column").set_value(["subject", "body"]).run())
    check(app.selectbox(key="separator").set_value(" | ").run())
    config = config_of(app, started)
    assert dict(config.columns)["text"] == "subject+body" and config.preparation.separator == " | "
    dataset = load_data(config, started[0].folder)
    assert "money 0 | the money case 0 of Billing" in {
        row["text"] for split in dataset.splits.values() for row in split
    }


# --- Validation and test -----------------------------------------------------------------------------------------------


def folds() -> bytes:
    parts = {0: "test", 1: "dev"}
    rows = [f"text number {i},{'ab'[i % 2]},{parts.get(i % 10, 'train')}" for i in range(100)]
    return ("text,label,part of\n" + "\n".join(rows)).encode()


def test_the_column_of_splits_is_said_and_can_be_left_alone(started: list[runs.Run]) -> None:
    app = opened(folds(), "folds.csv")
    assert app.selectbox(key="held_out").options[0] == "automatic: by the column part of"
    assert "part of → split" in headings(app)
    check(app.selectbox(key="held_out").set_value("chance").run())
    assert "part of → split" not in headings(app)
    assert config_of(app, started).preparation == Preparation(split="")
    app = opened(folds(), "folds.csv")
    check(app.selectbox(key="held_out").set_value("column:part of").run())
    assert config_of(app, started).preparation == Preparation(split="part of")


def test_files_for_validation_and_test_are_taken_and_taken_away(started: list[runs.Run]) -> None:
    app = tickets()
    check(app.selectbox(key="held_out").set_value("own").run())
    held_out = "subject,body,kind\n" + "".join(f"new,a new text {i},{'spam' if i % 2 else 'tech'}\n" for i in range(10))
    held_out += "money 0,the money case 0 of Billing,Billing\n"
    check(app.file_uploader(key="upload_test").set_value(("held out.csv", held_out.encode(), "text/csv")).run())
    assert not app.error, texts(app)
    assert "The same text is in two splits" in str([frame.value.to_dict() for frame in app.dataframe])
    assert {metric.value for metric in app.metric} >= {"11"}
    check(app.button(key="start").click().run())
    run = started[0]
    assert run.config.data == "data/tickets"
    files = sorted(path.name for path in (run.folder / "data" / "tickets").iterdir())
    assert files == ["test-held_out.csv", "train-tickets.csv"], "each keeps its name"
    assert load_data(run.config, run.folder).report.counts["test"] == 11
    again = check(open_page("finetune", data=f"run:{run.id}"))
    assert not again.error and "tickets (training rows: tickets.csv, test rows: held_out.csv)" in said(again)
    assert "not used: subject" in said(again) and "not used: subject, split" not in said(again), "the splits are used"
    check(again.button(key="without_test").click().run())
    assert not again.error and {metric.value for metric in again.metric} >= {"38", "5"}


# --- A file that takes long ------------------------------------------------------------------------------------------------


def test_reading_a_large_file_can_be_cancelled_and_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read = folders.read

    def endless(*args: Any) -> None:
        args[-1](1, 9)
        st.stop()

    monkeypatch.setattr(folders, "read", endless)
    app = tickets()
    assert "reading tickets.csv, 0.0 mb · 0 s" in said(app)
    button = next(button for button in app.button if str(button.key).startswith("cancel_reading"))
    check(button.click().run())
    assert "cancelled." in said(app) and "reading tickets.csv" not in said(app)
    monkeypatch.setattr(folders, "read", read)
    again = next(button for button in app.button if str(button.key).startswith("again_reading"))
    check(again.click().run())
    assert "subject" in headings(app) and "cancelled." not in said(app)


def test_a_file_that_cannot_be_read_leaves_no_button_that_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*args: Any) -> None:
        args[-1](1, 9)
        raise UserError("the file {file} is damaged", file="tickets.csv")

    monkeypatch.setattr(folders, "read", damaged)
    app = tickets()
    assert [error.value for error in app.error] == [r"The file tickets\.csv is damaged"]
    assert not [button for button in app.button if str(button.key).startswith("cancel_reading")]


# --- The scripts -------------------------------------------------------------------------------------------------------


def test_the_script_makes_of_the_rows_what_the_studio_makes(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("subject,body,kind\n" + TICKETS)
    preparation = Preparation((("billing", "Billing"), ("spam", "")), separator=" | ")
    columns = {"text": "subject+body", "label": "kind"}
    dataset = load("t.csv", LAYOUTS["text-label"], columns, preparation=preparation, allow_path=True)
    code = finetune_code.training_rows("t.csv", "t.csv", dataset.columns, dataset.report)
    frame = run_script(f"import pandas as pd\nlabels = {list(dataset.label_names)!r}\n{code}\nprint(len(rows))")["rows"]
    expected = {(row["text"], dataset.label_names[row["label"]]) for split in dataset.splits.values() for row in split}
    assert set(frame[["text", "label"]].itertuples(index=False, name=None)) == expected  # type: ignore[index]


def test_the_script_renames_types_of_entities(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    sentence = "Ada B-PER\nmet O\nBob B-per\nin O\nParis B-LOC\nnumber{i} O\n"
    (tmp_path / "n.conll").write_text("\n".join(sentence.format(i=i) for i in range(30)))
    preparation = Preparation((("per", "PER"), ("LOC", "")))
    dataset = load("n.conll", LAYOUTS["words-tags"], preparation=preparation, allow_path=True)
    code = tags_code.entity_rows("n.conll", "n.conll", dataset)
    rows = run_script(f"import re\nfrom pathlib import Path\n{code}\nprint(len(rows))")["rows"]
    assert {tag for _words, own in rows for tag in own} == {"O", "B-PER"}  # type: ignore[attr-defined]
