"""core.tables: JSON in the shapes people export, packed files, workbooks, Arrow and saved folders, each as the table it is."""

import datetime
import gzip
import io
import json
import random
import zipfile
from pathlib import Path

import datasets
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from core.data import entities
from core.errors import UserError
from core.tables import annotated, columnar, files, limits, parts
from core.tables import table as tables
from core.tables.table import Reading, Table, make_table
from tests.tables import FILMS, OBJECTS, csv_text, notes_of, rows_of, write

FILES = Path(__file__).parent / "fixtures" / "files"
TEXTS, LABELS = [text for text, _ in FILMS], [label for _, label in FILMS]
CSV = csv_text(FILMS)


def read(folder: Path, content: object, name: str = "films.json", reading: Reading | None = None) -> Table:
    """What a file with this content is read as; anything but text and bytes is written as JSON."""
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    return files.read_table(write(folder, text, name), reading or Reading())


def refused(folder: Path, content: object, name: str = "films.json") -> str:
    with pytest.raises(UserError) as caught:
        read(folder, content, name)
    return str(caught.value)


# --- JSON --------------------------------------------------------------------------------------------------------------

FRAME = pd.DataFrame(FILMS, columns=["text", "label"])
SHAPES = {
    **{orient: FRAME.to_json(orient=orient) for orient in ("index", "split", "records", "columns", "table")},
    "named rows": FRAME.set_index(pd.Index([f"film-{n}" for n in range(6)])).to_json(orient="index"),
    "records key": json.dumps({"made": "today", "examples": OBJECTS}),
    "nested records key": json.dumps({"meta": {"by": "us"}, "body": {"films": OBJECTS}}),
    "one key in another": json.dumps({"rasa_nlu_data": {"common_examples": OBJECTS, "regex_features": []}}),
    "rows under a key": json.dumps({"data": [["text", "label"], *FILMS]}),
    "lists with names": json.dumps([["text", "label"], *FILMS]),
    "lists in lines": "\n".join(map(json.dumps, [("text", "label"), *FILMS])),
    "doccano": "\n".join(json.dumps({"text": text, "label": [label]}) for text, label in FILMS),
    "older doccano": json.dumps(
        [{"text": text, "annotations": [{"label": label, "user": 1}]} for text, label in FILMS]
    ),
    "short Label Studio": json.dumps([{"text": text, "label": {"choices": [label]}} for text, label in FILMS]),
}


def label_studio(*choices: tuple[str, ...], **data: str) -> dict:
    """A row of Label Studio's full export; choices: those of each annotator."""
    value = [{"type": "choices", "from_name": "label", "value": {"choices": list(chosen)}} for chosen in choices]
    return {"id": 1, "data": data, "annotations": [{"result": [entry]} for entry in value], "predictions": []}


SHAPES["Label Studio"] = json.dumps([label_studio((label,), text=text) for text, label in FILMS])


@pytest.mark.parametrize("shape", SHAPES)
def test_json_is_read_in_every_shape(shape: str, tmp_path: Path) -> None:
    table = read(tmp_path, SHAPES[shape], "films.jsonl")
    assert list(zip(table.frame["text"], table.frame["label"], strict=True)) == FILMS
    assert set(table.frame) <= {"text", "label", "index"}
    assert table.rows == 6 and table.dropped == () and len(table.lines) == 6


@pytest.mark.parametrize("name", sorted(path.name for path in FILES.glob("d21*") if "python" not in path.name))
def test_exports_of_other_programs(name: str) -> None:
    table = files.read_table(FILES / name)
    texts = table.frame["column 1" if "lists" in name else "text"]
    column = next(c for c in ("column 2", "label", "sentiment", "intent") if c in table.frame)
    assert len(table.frame) == 120 and texts[0] == "dull and far too long on 0"
    assert set(table.frame[column]) == {"neg", "pos"}


def test_lists_without_names_are_numbered_and_that_is_said(tmp_path: Path) -> None:
    table = read(tmp_path, FILMS)
    assert rows_of(table) == FILMS and list(table.frame) == ["column 1", "column 2"]
    assert table.header == "none" and "the first row was read as data" in notes_of(table)


def test_a_person_can_say_whether_the_first_list_holds_names(tmp_path: Path) -> None:
    content = [["text", "label"], *FILMS]
    table = read(tmp_path, content, reading=Reading(header=False))
    assert len(table.frame) == 7 and list(table.frame) == ["column 1", "column 2"] and table.notes == ()
    assert list(read(tmp_path, FILMS, reading=Reading(header=True)).frame) == list(FILMS[0])


def test_a_list_of_texts_is_a_column(tmp_path: Path) -> None:
    assert list(read(tmp_path, TEXTS).frame["column 1"]) == TEXTS


def test_longer_rows_than_the_names_are_left_out_and_told(tmp_path: Path) -> None:
    table = read(tmp_path, [["text", "label"], ["a", "x"], ["b", "y", "z"], ["c"]])
    assert rows_of(table) == [("a", "x"), ("c", "")]
    assert [(entry.count, entry.examples) for entry in table.dropped] == [(1, ("3: b | y | z",))]
    assert (table.lines, table.unreadable, table.rows) == ((2, 4), (3,), 3)


def test_splits_in_one_file_become_a_column(tmp_path: Path) -> None:
    table = read(tmp_path, {"version": 2, "train": OBJECTS[:4], "dev": OBJECTS[4:5], "test": OBJECTS[5:]})
    assert list(table.frame["split"]) == ["train"] * 4 + ["validation", "test"]
    assert list(table.frame["text"]) == TEXTS and table.lines == (1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"films": OBJECTS, "books": OBJECTS}, "several lists of objects (films, books)"),
        ({"text": ["a"], "label": ["x", "y"]}, "not equally long: text (1), label (2)"),
        ([["a"], {"b": 1}], "it holds: array, object"),
        ("3", "it holds: string"),
        ("null", "it holds: null"),
        ("{'text': 'a', 'label': 'b'}\n{'text': 'c', 'label': 'd'}", "as Python prints lists and dicts"),
        ("[{'text': 'a', 'label': 'b'}]", "save it with json.dump(rows, file)"),
        ("[['a', 'b'], ['c', 'd']]", "as Python prints lists and dicts"),
        ('[{"a": ' + "[" * 60 + "]" * 60 + "}]", "'a' in films.json holds lists or objects that are nested too deeply"),
        ("[" * 100_000 + "]" * 100_000, "films.json is nested too deeply to be a table"),
    ],
)
def test_json_that_is_no_table_gets_one_sentence(content: object, message: str, tmp_path: Path) -> None:
    assert message in refused(tmp_path, content)


def test_of_several_lists_the_usual_one_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    table = read(tmp_path, {"data": OBJECTS, "authors": [{"name": "A"}]})
    assert rows_of(table) == FILMS
    assert notes_of(table) == "the rows are those under 'data'; what stands under authors was not read"


def test_one_object_is_a_file_of_one_line(tmp_path: Path) -> None:
    row = {"text": "New York", "entities": [{"start": 0, "end": 8, "label": "LOC"}]}
    assert rows_of(read(tmp_path, row)) == [("New York", [{"start": "0", "end": "8", "label": "LOC"}])]


def test_words_and_tags_stay_lists_even_of_one_element(tmp_path: Path) -> None:
    rows = [{"tokens": ["Rome"], "tags": ["B-LOC"]}, {"tokens": ["no"], "tags": ["O"]}]
    assert rows_of(read(tmp_path, rows)) == [(["Rome"], ["B-LOC"]), (["no"], ["O"])]


def test_several_labels_stay_a_list(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": ["x", "y"]}, {"text": "b", "label": ["x"]}]
    assert list(read(tmp_path, rows).frame["label"]) == [["x", "y"], ["x"]]


def test_label_studio_annotators_who_differ_are_told(tmp_path: Path) -> None:
    rows = [
        label_studio(("pos",), ("neg",), text="a"),
        label_studio(("pos",), ("pos",), text="b"),
        label_studio(text="c"),
        label_studio(("neg",), text="d"),
    ]
    rows[3]["annotations"].insert(0, {"was_cancelled": True, "result": rows[0]["annotations"][0]["result"]})
    table = read(tmp_path, rows)
    assert rows_of(table) == [("a", "pos"), ("b", "pos"), ("c", ""), ("d", "neg")]
    assert notes_of(table) == "in 1 row several annotators chose differently; the first of them counts"


def test_spans_of_label_studio_are_left_to_those_who_read_them(tmp_path: Path) -> None:
    value = {"start": 0, "end": 4, "text": "Rome", "labels": ["LOC"]}
    result = [{"type": "labels", "from_name": "label", "value": value}]
    row = {"id": 1, "data": {"text": "Rome is far"}, "annotations": [{"result": result}]}
    assert list(read(tmp_path, [row]).frame) == ["id", "data", "annotations"]
    assert annotated.flat([row]) == ([row], ())


def test_of_very_many_json_lines_an_even_part_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_ROWS", "2")
    monkeypatch.setattr(tables, "spread", lambda count, most: [0, 2])
    table = read(tmp_path, '\n{"text": "a"}\n{broken\n \n{"text": "c"}\n{broken\n', "films.jsonl")
    assert list(table.frame["text"]) == ["a", "c"] and table.lines == (2, 5) and table.not_read == 2
    assert "2 of 4 rows were read, taken evenly from the whole file" in notes_of(table)


@pytest.mark.parametrize("shape", ["records", "columns", "index", "lists with names", "doccano"])
def test_of_very_many_rows_an_even_part_is_read(shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_ROWS", "3")
    table = read(tmp_path, SHAPES[shape])
    places = [line - 1 - ("names" in shape) for line in table.lines]
    assert [place // 2 for place in places] == [0, 1, 2] and rows_of(table) == [FILMS[place] for place in places]
    assert table.rows == 3 and table.not_read == 3
    assert notes_of(table).startswith("3 of 6 rows were read, taken evenly")


# --- Columns -----------------------------------------------------------------------------------------------------------


def test_of_very_many_columns_the_usual_and_the_first_are_read() -> None:
    names = [f"x{n}" for n in range(1000)]
    names[900], names[950] = "label", "Review text"
    chosen, notes = limits.choose_columns(names, 10)
    assert chosen == [*range(198), 900, 950]
    assert notes[0][0].format(**notes[0][1]).startswith("only 200 of 1000 columns were read")
    assert len(limits.choose_columns(names, 200_000)[0]) == 50
    assert limits.choose_columns(["text", "label"], 10**9) == ([0, 1], ())


def test_keys_that_few_rows_have_are_no_columns(tmp_path: Path) -> None:
    common = [{**row, f"k{n}": "1"} for n, row in enumerate(OBJECTS * 100)]
    table = read(tmp_path, common)
    assert list(table.frame) == ["text", "label"] and "only 2 of 602 columns were read" in notes_of(table)
    assert "films.json has 300 different keys (k0, k1, k2, …)" in refused(tmp_path, [{f"k{n}": 1} for n in range(300)])
    assert "has 300 different keys" in refused(tmp_path, {f"text {n}": "pos" for n in range(300)})


# --- Packed files ------------------------------------------------------------------------------------------------------


def zipped(members: dict[str, str | bytes], **options: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **options) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


PARQUET = io.BytesIO()
FRAME.to_parquet(PARQUET)


@pytest.mark.parametrize("name", ["films.csv.gz", "films.zip", "films.csv", "films.xlsx"])
@pytest.mark.parametrize("pack", [lambda data: gzip.compress(data), lambda data: zipped({"a/films": data})])
@pytest.mark.parametrize("content", [CSV.encode(), json.dumps(OBJECTS).encode(), PARQUET.getvalue()])
def test_one_packed_table_is_read_whatever_it_is_called(
    content: bytes, pack: object, name: str, tmp_path: Path
) -> None:
    assert callable(pack)
    assert rows_of(read(tmp_path, pack(content), name)) == FILMS


@pytest.mark.parametrize("name", ["d19_zip_named.csv", "d19_zipped.csv.gz", "d19_zipped.zip", "d20_excel.xlsx"])
def test_packed_files_of_other_programs(name: str) -> None:
    table = files.read_table(FILES / name)
    assert len(table.frame) == 120 and set(table.frame["label"]) == {"neg", "pos"}


def test_what_lies_beside_a_table_in_a_zip_file_is_passed_over(tmp_path: Path) -> None:
    beside = {"__MACOSX/._films.csv": b"\0\5", "a/.DS_Store": b"\0", "README.md": "# Films", "licence.txt.pdf": "%PDF"}
    assert rows_of(read(tmp_path, zipped({**beside, "a/films.csv": CSV}), "films.zip")) == FILMS


def test_splits_in_a_zip_file_become_a_column(tmp_path: Path) -> None:
    data = zipped({"x/train-0-of-2.csv": csv_text(FILMS[:2]), "x/train-1-of-2.csv": csv_text(FILMS[2:4]), "x/test.csv": csv_text(FILMS[4:])})  # fmt: skip
    table = read(tmp_path, data, "films.zip")
    assert list(table.frame["split"]) == ["train"] * 4 + ["test"] * 2 and list(table.frame["text"]) == TEXTS


def test_packed_files_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "holds 2 files (a.csv, b.csv), and which of them" in refused(
        tmp_path, zipped({"a.csv": CSV, "b.csv": CSV}), "x.zip"
    )
    assert "films.zip holds another packed file (a.zip)" in refused(
        tmp_path, zipped({"a.zip": zipped({"b.csv": CSV})}), "films.zip"
    )
    assert "x.csv.gz holds another packed file (x.csv)" in refused(
        tmp_path, gzip.compress(gzip.compress(b"a")), "x.csv.gz"
    )
    assert "is empty" in refused(tmp_path, zipped({}), "films.zip")
    assert "is damaged and cannot be unpacked" in refused(tmp_path, zipped({"a.csv": CSV})[:-30], "films.zip")
    assert "is damaged and cannot be unpacked" in refused(tmp_path, gzip.compress(CSV.encode())[:-20], "films.csv.gz")
    assert "is damaged and cannot be unpacked" in refused(tmp_path, b"\x1f\x8b\x08" + bytes(100), "films.csv")
    assert "(Word), whatever its name" in refused(tmp_path, zipped({"word/document.xml": "<x/>"}), "films.zip")
    assert "is an old Excel file (.xls)" in refused(tmp_path, b"\xd0\xcf\x11\xe0" + bytes(99), "films.xls")
    assert "is an old Excel file (.xls)" in refused(tmp_path, b"\xd0\xcf\x11\xe0" + bytes(99), "films.xlsx")
    locked = bytearray(zipped({"a.csv": CSV}))
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    assert "needs a password" in refused(tmp_path, bytes(locked), "films.zip")
    monkeypatch.setenv("STUDIO_MAX_UPLOAD_MB", "1")
    for data in (
        zipped({"a.csv": bytes(2**21)}),
        gzip.compress(bytes(2**21)),
        gzip.compress(bytes(2**21))[:-4] + bytes(4),
    ):
        assert "unpacks to more than 1 MB" in refused(tmp_path, data, "films.zip") or "is damaged" in refused(
            tmp_path, data
        )


@pytest.mark.parametrize("kind", ["zip", "gz", "xlsx", "json", "Label Studio"])
def test_damage_anywhere_gets_one_sentence(kind: str, tmp_path: Path) -> None:
    whole = {
        "zip": zipped({"a/films.csv": CSV, "README.md": "x"}),
        "gz": gzip.compress(CSV.encode()),
        "xlsx": workbook(Films=[["text", "label"], *FILMS]),
        "json": json.dumps(OBJECTS).encode(),
        "Label Studio": SHAPES["Label Studio"].encode(),
    }[kind]
    chance = random.Random(4)
    for _ in range(100):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(data))
            data[place : place + chance.choice((0, 1, 1, 9))] = chance.choice(
                (b"", b"\0", b"\xff", b"\xff" * 4, data[: chance.randrange(30)])
            )
        try:
            read(tmp_path, bytes(data), "films.json" if whole[:1] in b"[{" else "films.csv")
        except UserError as error:
            assert "\n" not in str(error)


# --- Workbooks ---------------------------------------------------------------------------------------------------------


def workbook(**sheets: list[list[object]]) -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(buffer)
    return buffer.getvalue()


def test_cells_of_a_workbook_are_what_people_see(tmp_path: Path) -> None:
    day = datetime.datetime(2024, 1, 5)
    values: list[object] = [
        "a",
        3,
        0.1 + 0.2,
        3.0,
        True,
        day,
        day.replace(hour=9, minute=30),
        datetime.time(8),
        None,
        "=not a formula",
    ]
    shown = ["a", "3", "0.3", "3", "TRUE", "2024-01-05", "2024-01-05 09:30:00", "08:00:00", ""]
    names = ["text", *(f"c{n}" for n in range(len(values) - 2))]
    table = read(tmp_path, workbook(Data=[names, values[:-1]]), "films.xlsx")
    assert rows_of(table) == [tuple(shown)] and table.header == "first row" and table.lines == (2,)


def test_the_first_sheet_with_rows_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    table = read(tmp_path, workbook(Cover=[], Films=[["text", "label"], [], *FILMS], Notes=[["x"]]), "films.xlsx")
    assert rows_of(table) == FILMS and table.lines == (3, 4, 5, 6, 7, 8)
    assert notes_of(table) == "the sheet 'Films' was read; the others were not: Cover, Notes"


def test_formulas_without_results_are_told(tmp_path: Path) -> None:
    table = read(tmp_path, workbook(Films=[["text", "label"], ["a", "=1+1"], ["=A1", "x"]]), "films.xlsx")
    assert rows_of(table) == [("a", ""), ("", "x")]
    assert "2 cells hold formulas whose results are not in the file" in notes_of(table)


def test_a_workbook_beyond_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = [[f"c{n}" for n in range(1000)], list(range(1000))]
    table = read(tmp_path, workbook(Wide=wide), "films.xlsx")
    assert table.frame.shape == (1, limits.MOST_COLUMNS)
    monkeypatch.setenv("STUDIO_MAX_ROWS", "4")
    table = read(tmp_path, workbook(Films=[["text", "label"], *FILMS]), "films.xlsx")
    assert rows_of(table) == [FILMS[line - 2] for line in table.lines] and len(set(table.lines)) == 4
    assert "4 of 6 rows were read, taken evenly" in notes_of(table) and table.not_read == 2 and table.dropped == ()


def test_of_a_long_sheet_the_blank_rows_are_those_in_which_nothing_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_MAX_ROWS", "10")
    rows: list[list[object]] = [[f"text number {n}", "ab"[n % 2]] for n in range(100)]
    rows[50:50] = [[None], ["=A1", None], [None]]
    table = read(tmp_path, workbook(Films=[["text", "label"], *rows]), "films.xlsx")
    assert len(table.frame) == 10 and table.blank == (52, 53, 54) and table.not_read == 90
    assert "1 cell holds a formula whose result is not in the file" in notes_of(table)


def test_a_damaged_workbook_gets_one_sentence(tmp_path: Path) -> None:
    whole = workbook(Films=[["text", "label"], *FILMS])
    with zipfile.ZipFile(io.BytesIO(whole)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    for name in members:
        for content in (b"", b"<a", members[name][: len(members[name]) // 2], b"<x xmlns='y'/>"):
            data = zipped({**members, name: content})
            try:
                read(tmp_path, data, "films.xlsx")
            except UserError as error:
                assert "films.xlsx" in str(error)


# --- Arrow and saved folders -------------------------------------------------------------------------------------------


def arrow(table: pa.Table, *, stream: bool) -> bytes:
    sink = pa.BufferOutputStream()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_arrow_files_and_streams(kind: pa.DataType, stream: bool, tmp_path: Path) -> None:
    table = pa.table({"text": pa.array([*TEXTS, None], pa.string()).cast(kind), "label": [*LABELS, "x"]})
    assert rows_of(read(tmp_path, arrow(table, stream=stream), "films.arrow")) == [*FILMS, ("", "x")]


@pytest.mark.parametrize(
    "cells",
    [
        pa.array(TEXTS, pa.string_view()),
        pa.array([text.encode() for text in TEXTS], pa.binary_view()),
        pa.array(TEXTS).dictionary_encode(),
        pa.array([[text] for text in TEXTS]),
        pa.array([{"text": text} for text in TEXTS]),
        pa.RunEndEncodedArray.from_arrays(pa.array([4, 6], pa.int32()), pa.array(["x", "y"])),
    ],
    ids=lambda cells: str(cells.type),
)
def test_of_very_many_cells_of_any_kind_an_even_part_is_read(
    cells: pa.Array, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, arrow(pa.table({"text": TEXTS, "cells": cells}), stream=False), "films.arrow")
    whole = rows_of(files.read_table(file))
    monkeypatch.setenv("STUDIO_MAX_ROWS", "3")
    table = files.read_table(file)
    assert rows_of(table) == [whole[line - 1] for line in table.lines] and len(table.lines) == 3


def test_damaged_arrow_gets_one_sentence(tmp_path: Path) -> None:
    table = pa.table({"text": TEXTS, "label": LABELS})
    for stream in (True, False):
        whole = arrow(table, stream=stream)
        for place in range(16, len(whole), 41):
            data = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
            try:
                read(tmp_path, data, "films.arrow")
            except (UserError, MemoryError) as error:  # of the latter the process that reads makes a sentence
                assert isinstance(error, MemoryError) or "films.arrow" in str(error)


def test_values_that_json_has_no_kind_for_are_texts_inside_of_cells(tmp_path: Path) -> None:
    day = datetime.date(2024, 1, 5)
    pyarrow.parquet.write_table(
        pa.table({"day": [day], "days": [[day]], "pair": [{"a": day, "b": 1}]}), tmp_path / "a.parquet"
    )
    assert rows_of(files.read_table(tmp_path / "a.parquet")) == [
        ("2024-01-05", ["2024-01-05"], {"a": "2024-01-05", "b": 1})
    ]


def saved(folder: Path) -> Path:
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])}
    )
    whole = datasets.Dataset.from_list(OBJECTS, features=features)
    datasets.DatasetDict({"train": whole.select(range(4)), "test": whole.select([5, 4])}).save_to_disk(folder / "films")
    return folder / "films"


def test_a_saved_dataset_with_its_splits_and_the_names_of_its_classes(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    table = files.read_table(folder)
    assert rows_of(table) == [*((*row, "train") for row in FILMS[:4]), (*FILMS[5], "test"), (*FILMS[4], "test")]
    assert table.categories == {"label": ("bad", "good")}
    assert rows_of(files.read_table(folder / "test")) == [FILMS[5], FILMS[4]]
    assert list(entities.read(folder / "test").frame["text"]) == [TEXTS[5], TEXTS[4]]


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"splits": []}', '{"splits": [1]}', '{"splits": ["../films/train"]}', '{"splits": ["gone"]}'],
)
def test_a_saved_folder_that_is_not_whole(content: str, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (folder / "dataset_dict.json").write_text(content)
    with pytest.raises(UserError, match="was not saved whole"):
        files.read_table(folder)


def test_nothing_outside_a_saved_folder_is_read(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    secret = tmp_path / "secret.arrow"
    (file,) = (folder / "test").glob("*.arrow")
    file.rename(secret)
    for name in ("../../secret.arrow", str(secret), "link.arrow"):
        (folder / "test" / "link.arrow").unlink(missing_ok=True)
        (folder / "test" / "link.arrow").symlink_to(secret)
        (folder / "test" / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))
        with pytest.raises(UserError, match="was not saved whole"):
            files.read_table(folder)


def test_a_long_description_of_classes_is_not_read(tmp_path: Path) -> None:
    features = {"label": {"names": [f"name {n}" for n in range(100_000)], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    pyarrow.parquet.write_table(
        pa.table({"text": ["a"], "label": [7]}).replace_schema_metadata(metadata), tmp_path / "a.parquet"
    )
    table = files.read_table(tmp_path / "a.parquet")
    assert rows_of(table) == [("a", "7")] and "the names of the classes were not read" in notes_of(table)
    assert len(metadata["huggingface"]) > columnar.MOST_DESCRIPTION


# --- Several files -----------------------------------------------------------------------------------------------------


def test_files_for_train_and_test_become_one_table(tmp_path: Path) -> None:
    train = write(tmp_path, csv_text(FILMS[:4]), "a.csv")
    test = write(tmp_path, json.dumps([{"label": "x", "text": "b", "split": "?"}]), "b.json")
    table = parts.combine([("train", files.read_table(train)), ("test", files.read_table(test))])
    assert list(table.frame) == ["text", "label", "split (2)", "split"]
    assert list(table.frame["split"]) == ["train"] * 4 + ["test"] and list(table.frame["split (2)"]) == [""] * 4 + ["?"]
    assert table.lines == (2, 3, 4, 5, 6) and table.rows == 5 and table.delimiter == ","


def test_a_column_keeps_its_cells_whatever_it_is_called() -> None:
    both = make_table(["split", "split (2)"], [["a"], ["b"]], 1)
    table = parts.combine([("train", both), ("test", make_table(["split"], [["c"]], 1))])
    assert table.frame.to_dict("list") == {
        "split (2) (2)": ["a", "c"],
        "split (2)": ["b", ""],
        "split": ["train", "test"],
    }


def test_together_they_keep_to_the_limit_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_ROWS", "6")
    many = make_table(["text"], [["a"] * 6], 6)
    table = parts.combine([("train", many), ("test", make_table(["text"], [["b"] * 3], 3))])
    assert list(table.frame["split"]) == ["train"] * 4 + ["test"] * 2 and table.rows == 6
    assert "6 of 9 rows were read, taken evenly" in notes_of(table)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("train", "train"), ("data/train-00000-of-00002.parquet", "train"), ("news_dev.csv", "validation"), ("Validation.CSV", "validation"),
        ("test.csv.gz", "test"), ("train_test.csv", ""), ("contest.csv", ""), ("films.csv", ""), ("training", "train"),
    ],
)  # fmt: skip
def test_what_a_name_says_about_the_split(name: str, part: str) -> None:
    assert parts.part_of(name) == part
