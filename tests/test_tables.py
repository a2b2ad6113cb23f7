"""core.tables: every kind of file, every encoding and every kind of damage, and the table each of them becomes."""

import json
import pickle
import zipfile
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from core.errors import UserError
from core.tables import columnar
from core.tables.files import SUFFIXES, read_documents, read_table
from core.tables.table import Table, make_table, spread
from core.tables.text import decode
from tests.tables import CHINESE, CONTENTS, FILMS, Bomb, csv_text, notes_of, rows_of, write


def read(folder: Path, content: str | bytes, name: str = "data.csv", encoding: str = "utf-8") -> Table:
    return read_table(write(folder, content, name, encoding))


def refused(folder: Path, content: str | bytes, name: str = "data.csv") -> str:
    """The message with which a file is refused."""
    with pytest.raises(UserError) as caught:
        read(folder, content, name)
    return str(caught.value)


# --- Formats: the content decides ---------------------------------------------------------------------------------------


def as_parquet(folder: Path) -> bytes:
    path = folder / "made.parquet"
    pd.DataFrame(FILMS, columns=["text", "label"]).to_parquet(path)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", [".csv", ".TSV", ".json", ".jsonl", ".parquet"])
@pytest.mark.parametrize("kind", [*CONTENTS, "parquet"])
def test_the_content_decides_the_format_and_not_the_name(kind: str, suffix: str, tmp_path: Path) -> None:
    content = as_parquet(tmp_path) if kind == "parquet" else CONTENTS[kind]
    table = read(tmp_path, content, f"films{suffix}")
    assert rows_of(table) == FILMS
    assert list(table.frame.columns) == ["text", "label"]
    assert table.rows == 6 and table.dropped == () and table.notes == () and table.cut_cells == 0


@pytest.mark.parametrize(("kind", "delimiter"), [("csv", ","), ("semicolons", ";"), ("tabs", "\t"), ("bars", "|")])
def test_the_delimiter_is_reported(kind: str, delimiter: str, tmp_path: Path) -> None:
    assert read(tmp_path, CONTENTS[kind]).delimiter == delimiter


def test_delimiters_inside_unquoted_texts_do_not_mislead(tmp_path: Path) -> None:
    content = "text;label\nGood, long, and fun;good\nBad, bad;bad\nShort;bad\n"
    assert rows_of(read(tmp_path, content)) == [("Good, long, and fun", "good"), ("Bad, bad", "bad"), ("Short", "bad")]


def test_line_breaks_and_quotation_marks_inside_quotes_belong_to_the_text(tmp_path: Path) -> None:
    rows = [('She said:\n"never again"\nand left', "bad"), ("Good", "good"), ('"Quoted" start', "good")]
    assert rows_of(read(tmp_path, csv_text(rows))) == rows


def test_line_breaks_inside_quotes_belong_to_the_text_of_a_single_column_too(tmp_path: Path) -> None:
    rows = [("Good film,\nvery good",), ("Bad",), ("one\n\ntwo",)]
    assert rows_of(read(tmp_path, csv_text(rows, "review"))) == rows


def test_quotation_marks_that_are_ordinary_characters_swallow_no_rows(tmp_path: Path) -> None:
    content = 'text\tlabel\n"Never again\tbad\nGood\tgood\n"Quoted" start\tgood\n'
    assert rows_of(read(tmp_path, content, "films.tsv")) == [
        ('"Never again', "bad"),
        ("Good", "good"),
        ('"Quoted" start', "good"),
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('text,label\n"fine, really",good\n"never closed, alas,bad\nlast,bad\n', 3),
        ('text,label\n"two\nlines",good\n\n"never closed, alas,bad\nlast,bad', 5),
        ('sep=,\ntext,label\n"fine, really",good\n"never closed, alas,bad\nlast,bad\n', 4),
    ],
)
def test_a_quotation_mark_that_is_never_closed_eats_no_row_and_is_located(
    content: str, line: int, tmp_path: Path
) -> None:
    table = read(tmp_path, content)
    assert rows_of(table)[1:] == [('"never closed, alas', "bad"), ("last", "bad")]
    assert table.lines[1:] == (line, line + 1)
    assert f"does not enclose it (in line {line})" in notes_of(table)


def test_a_control_character_at_the_end_of_a_cell_does_not_end_the_file(tmp_path: Path) -> None:
    assert rows_of(read(tmp_path, "text,label\na good film,1\x1e\n\x1e,2\na bad film,2\n")) == [
        ("a good film", "1"),
        ("", "2"),
        ("a bad film", "2"),
    ]


def test_a_table_of_one_column(tmp_path: Path) -> None:
    table = read(tmp_path, "review\nGood, long film\nBad one\n")
    assert list(table.frame["review"]) == ["Good, long film", "Bad one"]
    assert table.delimiter == ""


def test_rows_with_too_many_cells_are_dropped_and_with_too_few_are_filled_up(tmp_path: Path) -> None:
    table = read(tmp_path, "text,label\na,1\none,two,three\nonly text\n\n\nfilm, good, , \n")
    assert rows_of(table) == [("a", "1"), ("only text", ""), ("film", "good")]
    assert [(entry.reason, entry.count, entry.examples) for entry in table.dropped] == [
        ("the row has more cells than the header", 1, ("3: one,two,three",))
    ]
    assert table.rows == 4 and table.lines == (2, 4, 7) and table.unreadable == (3,)
    assert "1 row has fewer cells than there are columns; the others stay empty (line 4)" in notes_of(table)


def test_a_file_in_which_no_row_fits_the_header(tmp_path: Path) -> None:
    assert "no row of data.csv fits its header" in refused(tmp_path, "text,label\na,b,1\nc,d,0\n")


def test_column_names_are_cleaned_and_told_apart(tmp_path: Path) -> None:
    table = read(tmp_path, "text , text,,la\x00bel\na,b,c,d\n")
    assert list(table.frame.columns) == ["text", "text (2)", "column 3", "label"]


def test_a_delimiter_at_the_end_of_every_line_makes_no_column(tmp_path: Path) -> None:
    table = read(tmp_path, "text,label,\na,1,\nb,0,\n")
    assert list(table.frame.columns) == ["text", "label"]


def test_a_header_that_may_be_data_is_pointed_out(tmp_path: Path) -> None:
    table = read(tmp_path, "x,y\nfoo,bar\nbaz,qux\n")
    assert list(table.frame.columns) == ["x", "y"] and table.header == "first row"
    assert "the first row was taken as the header: x, y; if it is data, say that there is no header" in notes_of(table)


# --- Cells -------------------------------------------------------------------------------------------------------------


def test_every_value_becomes_a_string_but_lists_objects_and_bytes_stay(tmp_path: Path) -> None:
    huge = "1" * 5000
    content = '[{"a": 1, "b": 1.5, "c": true, "d": null, "e": NaN, "f": [1.5], "g": {"x": "y"}, "h": HUGE}, {}]'
    table = read(tmp_path, content.replace("HUGE", huge), "x.json")
    assert rows_of(table) == [("1", "1.5", "true", "", "", [1.5], {"x": "y"}, huge), ("",) * 8]
    made = make_table(["bytes", "none"], [[b"\0"], [None]], 1)
    assert rows_of(made) == [(b"\0", "")]


def test_numbers_that_stand_for_names_become_the_names() -> None:
    table = make_table(["a ", "b"], [[1, 0, -1, 2, None], [0, 0, 0, 1, 1]], 5, categories={"a ": ("no", "y\x07es")})
    assert list(table.frame["a"]) == ["no" if cell == 0 else "yes" if cell == 1 else "" for cell in (1, 0, -1, 2, None)]
    assert list(table.frame["b"]) == ["0", "0", "0", "1", "1"]
    assert table.categories == {"a": ("no", "y\x07es")}


def test_control_characters_are_removed_and_counted(tmp_path: Path) -> None:
    table = read(tmp_path, "text,label\nbad\x00 film\x07,0\ngood\tone,1\nfine\x1b[31m film,1\n")
    assert rows_of(table) == [("bad film", "0"), ("good\tone", "1"), ("fine[31m film", "1")]
    assert "control characters were removed from 2 cells" in notes_of(table)


def test_half_a_surrogate_pair_in_json_is_removed(tmp_path: Path) -> None:
    content = '[{"text": "odd \\ud800 film", "label": 0}, {"text": "nul \\u0000", "label": 1}]'
    assert rows_of(read(tmp_path, content, "x.json")) == [("odd  film", "0"), ("nul ", "1")]


@pytest.mark.parametrize(
    "text", ["emoji 😀👨‍👩‍👧", "שלום עולם", "<b>bold</b></script><script>alert(1)</script>", "{braces} {0} %s", "=1+1"]
)
def test_any_text_stays_what_it_is(text: str, tmp_path: Path) -> None:
    rows = [(text, text + " label"), ("plain", "other")]
    table = read(tmp_path, csv_text(rows, f'"{text} column",label'))
    assert rows_of(table) == rows
    assert list(table.frame.columns) == [f"{text} column", "label"]


def test_a_million_characters_are_cut_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = read(tmp_path, csv_text([*FILMS, ("x" * 1_000_000, "good")]))
    assert table.cut_cells == 1
    assert table.frame["text"].iloc[-1] == "x" * 100_000
    monkeypatch.setenv("STUDIO_MAX_CELL_CHARS", "6")
    assert read(tmp_path, csv_text(FILMS)).cut_cells == 6


def test_rows_beyond_the_limit_are_not_read_and_that_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_ROWS", "20")
    frame = pd.DataFrame([(f"film number {i}", "ab"[i % 2]) for i in range(50)], columns=["text", "label"])
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    frame.to_json(tmp_path / "a.json")
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    with pa.ipc.new_file(tmp_path / "a.arrow", pa.Schema.from_pandas(frame)) as file:
        file.write_table(pa.Table.from_pandas(frame), max_chunksize=7)
    paths = sorted(tmp_path.glob("a.*"))
    assert len(paths) == 6
    for path in paths:
        table = read_table(path)
        assert table.rows == 20
        places = [line - (2 if path.suffix in (".csv", ".xlsx") else 1) for line in table.lines]
        assert rows_of(table) == [tuple(frame.iloc[place]) for place in places] and len(places) == 20
        assert sorted(set(places)) == places and max(np.diff([-1, *places, 50])) <= 5
        assert notes_of(table).startswith("20 of 50 rows were read, taken evenly from the whole file; the setting")
        assert table.not_read == 30


def test_of_a_parquet_file_that_unpacks_to_too_much_the_first_rows_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_MAX_ROWS", "20")
    monkeypatch.setattr(columnar.limits, "most_unpacked", lambda: 1000)
    frame = pd.DataFrame([(f"film number {i}", "ab"[i % 2]) for i in range(200)], columns=["text", "label"])
    frame.to_parquet(tmp_path / "a.parquet", row_group_size=20)
    table = read_table(tmp_path / "a.parquet")
    assert rows_of(table) == list(frame[:20].itertuples(index=False, name=None)) and table.not_read == 180
    assert notes_of(table) == "only the first 20 of 200 rows were read; the setting STUDIO_MAX_ROWS is the limit"


@pytest.mark.parametrize("turn", [2, 3, 7])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json", ".xlsx", ".parquet"])
def test_rows_that_take_turns_all_have_their_chance_beyond_the_limit(
    suffix: str, turn: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame(
        [(f"film number {i}", f"label {i % turn}") for i in range(40 * turn)], columns=["text", "label"]
    )
    path = tmp_path / f"a{suffix}"
    write = {".csv": frame.to_csv, ".xlsx": frame.to_excel, ".parquet": frame.to_parquet}.get(suffix)
    write(path, index=False) if write else frame.to_json(path, orient="records", lines=suffix == ".jsonl")
    for limit in (40, 10 * turn):
        monkeypatch.setenv("STUDIO_MAX_ROWS", str(limit))
        counts = read_table(path).frame["label"].value_counts()
        assert counts.sum() == limit and len(counts) == turn and counts.min() > limit / turn / 3


def test_a_spread_draws_one_row_from_each_portion() -> None:
    assert spread(5, 5) == spread(5, 9) == [0, 1, 2, 3, 4] and spread(0, 5) == []
    places = spread(1000, 10)
    assert [place // 100 for place in places] == list(range(10)) and places == spread(1000, 10)
    assert len({place % 100 for place in places}) > 5
    assert all(spread(11, most) == sorted(set(spread(11, most))) for most in range(1, 12))


# --- Names in Parquet files --------------------------------------------------------------------------------------------


def described(folder: Path, description: str) -> Table:
    """A Parquet file with the numbers 1, 0, 1 in a column "label" and a description as Hugging Face datasets writes it."""
    content = pa.table({"text": ["a b", "c", "d"], "label": [1, 0, 1]})
    pyarrow.parquet.write_table(content.replace_schema_metadata({"huggingface": description}), folder / "a.parquet")
    return read_table(folder / "a.parquet")


def test_parquet_written_by_hugging_face_datasets_keeps_its_names(tmp_path: Path) -> None:
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})
    rows = {"text": ["a", "b", "c"], "label": [1, 0, -1]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "made.parquet")
    table = read_table(tmp_path / "made.parquet")
    assert list(table.frame["label"]) == ["pos", "neg", ""]
    assert table.categories == {"label": ("neg", "pos")}


@pytest.mark.parametrize(
    "description",
    [
        "nonsense",
        "[]",
        "[" * 100_000,
        '{"info": {"features": {"label": 5}}}',
        '{"info": {"features": {"label": {"_type": "ClassLabel"}}}}',
        '{"info": {"features": {"label": {"_type": "ClassLabel", "names_file": "SECRET"}}}}',
        '{"info": {"features": {"absent": {"_type": "ClassLabel", "names": ["a", "b"]}}}}',
    ],
)
def test_a_false_description_in_a_parquet_file_is_not_believed(description: str, tmp_path: Path) -> None:
    secret = write(tmp_path, "root\npassword\n", "secret.txt")
    table = described(tmp_path, description.replace("SECRET", str(secret)))
    assert list(table.frame["label"]) == ["1", "0", "1"] and table.categories == {}


def test_strange_names_in_a_parquet_file_become_strings(tmp_path: Path) -> None:
    table = described(tmp_path, '{"info": {"features": {"label": {"_type": "ClassLabel", "names": [1, null]}}}}')
    assert list(table.frame["label"]) == ["None", "1", "None"]


# --- Encodings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 (BOM)"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("gb18030", "GB18030"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_chinese_in_every_encoding(encoding: str, name: str, as_json: bool, tmp_path: Path) -> None:
    lines = "\n".join(json.dumps({"文本": t, "标签": x}, ensure_ascii=False) for t, x in CHINESE)
    table = read(tmp_path, lines if as_json else csv_text(CHINESE, "文本,标签"), encoding=encoding)
    assert rows_of(table) == CHINESE
    assert list(table.frame.columns) == ["文本", "标签"]
    assert table.encoding == name


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_english_in_every_unicode_encoding(encoding: str, tmp_path: Path) -> None:
    assert rows_of(read(tmp_path, csv_text(FILMS), encoding=encoding)) == FILMS


@pytest.mark.parametrize(
    "text",
    [
        "好",
        "text,label\n一,1\n二,0\n",
        "text,label\n好,1\n坏,0\n",
        "text,label\n一般,0\n很棒,1\n",
        "我爱这部电影",
        "text,label\nThe word 你好 means hello,1\nplain,0\n",
        "評論,標籤\n這部電影很好看,正面\n劇情太差了,負面\n",
        "text,label\n“很好”——他说：真的吗？,1\n￥30元，太贵了！,0\n",
        "text,label\nemoji 😀 也可以,1\n囧囧囧，不行,0\n",
    ],
)
def test_short_chinese_texts_in_gb18030(text: str) -> None:
    assert decode(text.encode("gb18030"))[:2] == (text, "GB18030")


@pytest.mark.parametrize(
    "text",
    [
        "text,label\nÜber schön,gut\nschlecht,blöd\n",
        "text,label\nGroße Füße – übel,böse\n".replace("–", "-"),
        "text,label\nUne idée créée à Noël, très ratée,négatif\n",
        "text,label\ncréée,a\n",
        "text,label\nEl niño comió aquí,bueno\n¿Qué? ¡No!,malo\n",
        "text,label\nNão é bom; emoções à parte,não\n",
        "text,label\nSmørrebrød på ærø,godt\n",
        "text,label\nHyvää yötä, määräys,hyvä\n",
        "text,label\n20°C, 5 £ and ½ «mal»,x\n",
        "é",
    ],
)
def test_western_texts_in_latin_1(text: str) -> None:
    assert decode(text.encode("latin-1"))[:2] == (text, "Latin-1")


def test_windows_quotation_marks_and_dashes_are_kept_and_the_reading_is_open_to_doubt(tmp_path: Path) -> None:
    rows = [("“Très bon” – vraiment…", "oui"), ("mauvais", "non")]
    table = read(tmp_path, csv_text(rows), encoding="cp1252")
    assert rows_of(table) == rows
    assert table.encoding == "Windows-1252"
    assert "the letters were read as Windows-1252" in notes_of(table)
    assert "if they look wrong, name the encoding or save the file as UTF-8" in notes_of(table)


@pytest.mark.parametrize(("encoding", "name"), [("utf-8", "UTF-8"), ("gb18030", "GB18030")])
def test_one_damaged_character_spoils_one_character_and_is_noted(encoding: str, name: str, tmp_path: Path) -> None:
    table = read(tmp_path, csv_text(CHINESE).encode(encoding) + b'"abc \xff","x"\n')
    assert rows_of(table) == [*CHINESE, ("abc �", "x")]
    assert table.encoding == name
    assert f"1 character is damaged: it is not {name}" in notes_of(table)


# --- Files that cannot be read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["data.csv", "data.parquet", "data.json"])
def test_a_pickle_is_recognised_and_never_opened(name: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    for protocol in (2, 3, 4, 5):
        assert "is a pickle file" in refused(tmp_path, pickle.dumps(Bomb(trace), protocol), name)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "JPEG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"SQLite format 3\0" + bytes(100), "SQLite"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "7-Zip"),
        (b"Rar!\x1a\x07" + bytes(100), "RAR"),
        (b"BZh91AY" + bytes(100), "BZIP2"),
        (b"\xfd7zXZ\0" + bytes(100), "XZ"),
    ],
)
def test_other_files_under_a_false_name_are_recognised(content: bytes, kind: str, tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        message = refused(tmp_path, content, f"films{suffix}")
        assert f"a file of another kind ({kind})" in message and "save the data as CSV" in message


def test_an_excel_file_is_recognised(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    assert "Excel" in refused(tmp_path, (tmp_path / "x.zip").read_bytes(), "films.csv")


@pytest.mark.parametrize("start", [b"x", b"\x7fELF", b"\x93NUMPY"])
def test_binary_data_without_a_known_mark_is_recognised(start: bytes, tmp_path: Path) -> None:
    content = np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8).tobytes()
    assert "holds binary data" in refused(tmp_path, start + content)


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        ("", "a.csv", "a.csv is empty"),
        (" \n\n \t\n", "a.csv", "a.csv is empty"),
        ('""\n', "a.csv", "a.csv is empty"),
        (b"\xef\xbb\xbf", "a.csv", "a.csv is empty"),
        (",,,\n,,\n", "a.csv", "a.csv is empty"),
        ("text,label\n", "a.csv", "a.csv holds no rows"),
        ("text,label", "a.tsv", "a.tsv holds no rows"),
        ("[]", "a.json", "a.json holds no rows"),
        ('{"text": [], "label": []}', "a.json", "a.json holds no rows"),
        (
            '[{"text": "a", "label": 1},',
            "a.json",
            "a.json is not valid JSON: it breaks off or goes wrong in line 1, column 2",
        ),
        ('[{"text": "a"},\n {"text" "b"}]', "a.json", "goes wrong in line 2, column 10"),
        ("hello", "a.json", "a.json is not valid JSON"),
        ("[" * 100_000, "a.json", "must hold a list of objects such as"),
        ('{"text": "a", "label": 1}\n{"text": "b", "lab\n', "a.jsonl", "line 2 of a.jsonl is not valid JSON"),
        ('["a", 1.5, null]', "a.json", "must hold a list of objects such as"),
        ('[[1, 2], {"a": 3}]', "a.json", '{"data": […]}, or one such object per line; it holds: array, object'),
        ('{"text": "a", "label": 1}\n[1]\n', "a.jsonl", "must hold a list of objects"),
        ('{"text": ["a", "b"], "label": [1]}', "a.json", "not equally long"),
        ('{"text": {"0": "a"}, "label": [1]}', "a.json", "not equally long"),
        (b"PAR1" + bytes(50) + b"PAR1", "a.parquet", "a.parquet is a damaged Parquet file"),
        (b"PAR1", "a.csv", "a.csv is a damaged Parquet file"),
    ],
)
def test_a_bad_file_gets_one_clear_sentence(content: str | bytes, name: str, problem: str, tmp_path: Path) -> None:
    message = refused(tmp_path, content, name)
    assert problem in message and "\n" not in message


def test_an_empty_parquet_file_holds_no_rows(tmp_path: Path) -> None:
    pd.DataFrame({"text": [], "label": []}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(UserError, match=r"a\.parquet holds no rows"):
        read_table(tmp_path / "a.parquet")


def test_a_date_that_python_cannot_hold_is_no_traceback(tmp_path: Path) -> None:
    dates = pa.array([86_400_000 * 10**9], type=pa.int64()).cast(pa.date64())
    pyarrow.parquet.write_table(pa.table({"day": dates}), tmp_path / "a.parquet")
    with pytest.raises(UserError, match="damaged Parquet file"):
        read_table(tmp_path / "a.parquet")


def test_missing_files_folders_and_other_kinds_are_told_apart(tmp_path: Path) -> None:
    for name in (tmp_path / "gone.csv", "a\0b.csv", "x" * 5000 + ".csv", tmp_path / ("y" * 300 + ".csv")):
        with pytest.raises(UserError, match="there is no file"):
            read_table(Path(name))
    with pytest.raises(UserError, match="is a folder; give one file"):
        read_table(tmp_path)
    for name in ("films.doc", "films.docx", "films", "films.csv.bz2", "films.pkl"):
        assert "is of a kind that is not read; the kinds are .csv" in refused(tmp_path, csv_text(FILMS), name)


def test_too_large_a_file_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, b"x" * (2 * 1024 * 1024))
    monkeypatch.setenv("STUDIO_MAX_UPLOAD_MB", "1")
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("it was read"))
    with pytest.raises(UserError, match=r"has 2\.0 MB; at most 1 MB are read \(the setting STUDIO_MAX_UPLOAD_MB\)"):
        read_table(path)


def test_parquet_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{i}" * 30_000 for i in range(1000)]
    pd.DataFrame({"text": texts, "label": ["a", "b"] * 500}).to_parquet(tmp_path / "a.parquet", compression="zstd")
    monkeypatch.setenv("STUDIO_MAX_UPLOAD_MB", "1")
    assert (tmp_path / "a.parquet").stat().st_size < 1024 * 1024
    with pytest.raises(UserError, match="unpacks to more than 1 MB"):
        read_table(tmp_path / "a.parquet")


# --- Plain text --------------------------------------------------------------------------------------------------------


def test_blank_lines_part_the_documents_of_a_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffFirst line\nsecond line\r\n\r\n \t\r\n\n我爱电影\n\n\n".encode())
    table = read_documents(path)
    assert list(table.frame["text"]) == ["First line\nsecond line", "我爱电影"]
    assert table.rows == 2 and table.encoding == "UTF-8 (BOM)"


def test_a_long_document_goes_on_in_further_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_CELL_CHARS", "1000")
    path = tmp_path / "a.txt"
    path.write_text("word " * 450 + "\n\n" + "x" * 2500, encoding="utf-8")
    cells = list(read_documents(path).frame["text"])
    assert all(len(cell) <= 1000 for cell in cells)
    assert " ".join(cells[:3]) == ("word " * 450).strip(), "cut at spaces, nothing lost"
    assert "".join(cells[3:]) == "x" * 2500


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.txt is empty"),
        (b" \n\n\t\n", "a.txt is empty"),
        (b"\x89PNG\r\n" + bytes(50), "a.txt is not plain text, whatever its name"),
        (bytes(range(32)) * 100, "a.txt is not plain text"),
        (b"\x80\x04\x95rest", "a.txt is not plain text"),
    ],
)
def test_what_is_no_text_says_so(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_documents(path)
    with pytest.raises(UserError, match=r"the kinds are \.txt"):
        read_documents(tmp_path.joinpath("a.txt").rename(tmp_path / "b.csv"))
