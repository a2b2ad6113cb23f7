"""core.tables: delimited files as people export them, and what is read, left out and said of each."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

import core.tables.rows
from core.errors import UserError
from core.tables.files import read_table
from core.tables.rows import Rows
from core.tables.table import FIND_OUT, Reading, Table
from tests.tables import csv_text, notes_of, rows_of, write

FILES = Path(__file__).parent / "fixtures" / "files"

# Remarks, by how they begin.
DATA = "the first row was read as data"
LITERAL = "{count} quotation mark"
JOINED = "{count} rows have more cells than there are columns; their surplus was joined"
GUESSED = "the letters were read as {encoding}; if they look wrong"
UNSURE = "the letters were read as {encoding}, which is little more than a guess"
ABOVE = "what stands above the table was left out"
FASTTEXT = "the file was read as fastText writes it"
ESCAPED = "backslashes were read as escapes"

TEXT_LABEL = ("text", "label")
NUMBERED = ("column 1", "column 2")


@dataclass(frozen=True)
class Case:
    """What reading a file gives: rows, columns, the line and the cells of its first row, how it was read, what was said and lost."""

    rows: int
    columns: tuple[str, ...]
    line: int
    first: tuple[str, ...]
    delimiter: str = ","
    encoding: str = "UTF-8"
    header: str = "first row"
    notes: tuple[str, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)


DULL = ("dull and far too long on 0", "neg")
FIRST = ("neg", "dull and far too long on 0")
CASES = {
    "d01_headerless_words.csv": Case(120, NUMBERED, 1, DULL, header="none", notes=(DATA,)),
    "d03_semicolon_excel_de.csv": Case(
        120, ("Text", "Bewertung"), 2, ("dull, und far too long on 0", "neg"), delimiter=";"
    ),
    "d04_smsspam.txt": Case(120, NUMBERED, 1, FIRST, delimiter="\t", header="none", notes=(DATA,)),
    "d04_smsspam_header.txt": Case(120, ("label", "text"), 2, FIRST, delimiter="\t"),
    "d05_newlines_quotes.csv": Case(
        120, TEXT_LABEL, 2, ('He said:\n"dull and far too long on 0"\n\nand left, "quietly"', "neg")
    ),
    "d06a_literal_quotes.tsv": Case(120, TEXT_LABEL, 2, DULL, delimiter="\t", notes=(LITERAL,)),
    "d06b_literal_quotes_ragged.tsv": Case(
        119,
        TEXT_LABEL,
        2,
        DULL,
        delimiter="\t",
        notes=(LITERAL,),
        dropped={"the row has more cells than the header": 1},
    ),
    "d06d_balanced_quotes_in_cells.tsv": Case(
        80, TEXT_LABEL, 2, ('"Brilliant" says the critic, number 0', "pos"), delimiter="\t", notes=(LITERAL,)
    ),
    "d06e_quote_spans_tab.tsv": Case(
        60,
        ("premise", "hypothesis", "label"),
        2,
        ('"We tried hard, he said about film 0', 'They tried "very hard" with film 0', "1"),
        delimiter="\t",
        notes=(LITERAL,),
    ),
    "d10_spam_kaggle.csv": Case(
        120,
        ("v1", "v2", "column 3"),
        2,
        ("ham", "dull and far too long on 0", ""),
        encoding="Latin-1",
        notes=(UNSURE,),
    ),
    "d16_index_column.csv": Case(120, ("column 1", *TEXT_LABEL), 2, ("0", *DULL)),
    "d33_ar_cp1256.csv": Case(
        60, TEXT_LABEL, 2, ("فيلم رائع ومؤثر 0", "good"), encoding="Windows-1256", notes=(GUESSED,)
    ),
    "d33_gr_cp1253.csv": Case(
        60, TEXT_LABEL, 2, ("υπέροχη ταινία 0", "good"), encoding="Windows-1253", notes=(GUESSED,)
    ),
    "d33_ja_eucjp.csv": Case(
        60, TEXT_LABEL, 2, ("とても面白い映画でした 0", "good"), encoding="EUC-JP", notes=(GUESSED,)
    ),
    "d33_ja_sjis.csv": Case(
        60, TEXT_LABEL, 2, ("とても面白い映画でした 0", "good"), encoding="Shift-JIS", notes=(GUESSED,)
    ),
    "d33_pl_cp1250.csv": Case(
        60, TEXT_LABEL, 2, ("świetny i ciepły film 0", "good"), encoding="Windows-1250", notes=(GUESSED, JOINED)
    ),
    "d33_ru_cp1251.csv": Case(
        60, TEXT_LABEL, 2, ("прекрасный и тёплый фильм 0", "good"), encoding="Windows-1251", notes=(GUESSED,)
    ),
    "d33_ru_koi8.csv": Case(
        60, TEXT_LABEL, 2, ("прекрасный и тёплый фильм 0", "good"), encoding="KOI8-R", notes=(GUESSED,)
    ),
    "d33_zh_gbk.csv": Case(60, TEXT_LABEL, 2, ("这部电影非常好看 0", "good"), encoding="GB18030", notes=(GUESSED,)),
    "d33_zt_big5.csv": Case(60, TEXT_LABEL, 2, ("這部電影非常好看 0", "good"), encoding="Big5", notes=(GUESSED,)),
    "d36_unquoted_commas.csv": Case(120, ("label", "text"), 2, ("neg", "dull, far too long on 0"), notes=(JOINED,)),
    "d36b_unquoted_commas_text_first.csv": Case(120, TEXT_LABEL, 2, DULL, notes=(JOINED,)),
    "d36c_fasttext.csv": Case(120, ("label", "text"), 1, FIRST, delimiter=" ", header="none", notes=(FASTTEXT,)),
    "d36c_fasttext.txt": Case(120, ("label", "text"), 1, FIRST, delimiter=" ", header="none", notes=(FASTTEXT,)),
    "d38_repeated_header.csv": Case(
        120, TEXT_LABEL, 2, DULL, dropped={"the names of the columns stand there again": 1}
    ),
    "d40_title_row.csv": Case(120, TEXT_LABEL, 3, DULL, notes=(ABOVE,)),
    "d40b_comment_row.csv": Case(120, TEXT_LABEL, 3, DULL, notes=(ABOVE,)),
    "d46_multi_comma.csv": Case(120, ("text", "labels"), 2, ("dull and far too long on 0", "sport,politics")),
    "d61_pipe_spaces.csv": Case(120, TEXT_LABEL, 2, DULL, delimiter="|"),
    "d62_double_colon.csv": Case(120, NUMBERED, 1, DULL, delimiter=":::", header="none", notes=(DATA,)),
    "d63_cr_only.csv": Case(120, TEXT_LABEL, 2, DULL),
    "d64_blank_lines.csv": Case(120, TEXT_LABEL, 3, DULL),
    "d66_backslash_escape.csv": Case(
        120, TEXT_LABEL, 2, ('She said "dull and far too long on 0", then left', "neg"), notes=(ESCAPED,)
    ),
    "d67_trailing_ws_header.csv": Case(120, ("Text", "Label"), 2, DULL),
    "d68_numeric_text.csv": Case(120, TEXT_LABEL, 2, ("1000", "neg")),
}


@pytest.mark.parametrize("name", CASES)
def test_a_file_as_people_have_it_is_read_and_what_was_decided_is_said(name: str) -> None:
    case, table = CASES[name], read_table(FILES / name)
    assert len(table.frame) == len(table.lines) == case.rows
    assert tuple(table.frame.columns) == case.columns
    assert (table.lines[0], tuple(table.frame.iloc[0])) == (case.line, case.first)
    assert (table.delimiter, table.encoding, table.header) == (case.delimiter, case.encoding, case.header)
    begun = [template.startswith(start) for (template, _), start in zip(table.notes, case.notes, strict=True)]
    assert all(begun), table.notes
    assert {entry.reason: entry.count for entry in table.dropped} == case.dropped
    assert table.rows == case.rows + sum(case.dropped.values())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("d54_lfs_pointer.csv", "a pointer that Git LFS leaves in its place; fetch the data with 'git lfs pull'"),
        ("d55_html_page.csv", "is a web page"),
        ("d74_conll.tsv", "one word and its tag in each line (CoNLL)"),
    ],
)
def test_what_is_no_table_is_named_with_the_way_out(name: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        read_table(FILES / name)
    assert message in str(caught.value)


# --- Helpers for small texts -------------------------------------------------------------------------------------------


def read(folder: Path, content: str | bytes, reading: Reading = FIND_OUT, name: str = "data.csv") -> Table:
    return read_table(write(folder, content, name), reading)


def films(count: int) -> list[tuple[str, str]]:
    return [(f"film number {place} was fine", "good" if place % 2 else "bad") for place in range(count)]


def lines_of(rows: list[tuple[str, ...]], delimiter: str = ",") -> str:
    return "".join(delimiter.join(row) + "\n" for row in rows)


# --- Quotation marks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "::"])
def test_no_two_marks_far_apart_swallow_the_rows_between_them(delimiter: str, tmp_path: Path) -> None:
    rows = films(120)
    rows[10], rows[60] = ('"Never again, he said', "bad"), ('and so it ended"', "bad")
    if delimiter == ",":
        rows[10] = ('"Never again he said', "bad")
    content = lines_of([TEXT_LABEL, *rows], delimiter).replace(
        f"number 20 was fine{delimiter}bad", "number 20 was fine"
    )
    rows[20] = (rows[20][0], "")
    table = read(tmp_path, content)
    assert rows_of(table) == rows
    assert "1 quotation mark at the start of a cell" in notes_of(table) and "line 12" in notes_of(table)


def test_two_marks_far_apart_swallow_no_lines_of_a_single_column(tmp_path: Path) -> None:
    rows = [(f"film number {place} was fine",) for place in range(80)]
    rows[10], rows[60] = ('"Never again he said',), ('and so it ended"',)
    table = read(tmp_path, lines_of([("review",), *rows]))
    assert rows_of(table) == rows and "(in line 12)" in notes_of(table)


def test_a_stray_mark_among_quoted_cells_costs_no_row(tmp_path: Path) -> None:
    quoted = [(f'"film {place}, so fine"', "good" if place % 2 else "bad") for place in range(40)]
    quoted[7] = ('"never closed', "bad")
    table = read(tmp_path, lines_of([TEXT_LABEL, *quoted]))
    assert [text for text, _ in rows_of(table)] == [
        f"film {place}, so fine" if place != 7 else '"never closed' for place in range(40)
    ]
    assert table.lines == tuple(range(2, 42))


def test_a_long_quoted_text_of_many_lines_stays_one_cell_and_is_pointed_out(tmp_path: Path) -> None:
    text = "\n".join(f"line {place}, with a comma, or two" for place in range(30))
    table = read(tmp_path, lines_of([TEXT_LABEL, (f'"{text}"', "bad"), *films(5)]))
    assert rows_of(table)[0] == (text, "bad")
    assert "a cell in line 2 goes on over 30 lines" in notes_of(table)


def test_marks_that_only_some_cells_have_are_left_out_and_that_is_said(tmp_path: Path) -> None:
    table = read(tmp_path, lines_of([TEXT_LABEL, ('"Wow"', "good"), *films(5)]))
    assert rows_of(table)[0] == ("Wow", "good")
    assert "the quotation marks around 1 cell were left out; column 1 has cells without them" in notes_of(table)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (r'"He said \"no\", twice"', 'He said "no", twice'),
        (r'"He said \"no\""', 'He said "no"'),
        (r'"a line\nand \"another\""', 'a line\nand "another"'),
        (r'"C:\\films \"x\""', 'C:\\films "x"'),
        (r'"C:\films \"x\""', 'C:\\films "x"'),
        (r"no\, never", "no, never"),
    ],
)
def test_backslash_escapes_are_read_where_they_make_sense_of_the_marks(cell: str, text: str, tmp_path: Path) -> None:
    table = read(tmp_path, lines_of([TEXT_LABEL, (cell, "bad"), *films(5)]))
    assert rows_of(table)[0] == (text, "bad")
    assert ESCAPED in notes_of(table)


@pytest.mark.parametrize("cell", [r'"{""a"": ""b\""c""}"', r"C:\films\new", r"a \, b".replace(",", ";")])
def test_a_backslash_that_escapes_nothing_is_text(cell: str, tmp_path: Path) -> None:
    table = read(tmp_path, lines_of([TEXT_LABEL, (cell, "bad"), *films(5)]))
    assert rows_of(table)[0] == (cell.strip('"').replace('""', '"') if cell[0] == '"' else cell, "bad")
    assert table.notes == ()


# --- Rows of another width ---------------------------------------------------------------------------------------------


def test_a_text_in_the_middle_is_joined_too(tmp_path: Path) -> None:
    rows = [(f"{place}", text, label) for place, (text, label) in enumerate(films(20))]
    table = read(tmp_path, lines_of([("id", *TEXT_LABEL), *rows, ("20", "long, dull, and loud", "bad")]))
    assert rows_of(table)[-1] == ("20", "long, dull, and loud", "bad")
    assert "1 row has more cells than there are columns; its surplus was joined to the text in column 'text'" in (
        notes_of(table)
    )


def test_with_two_texts_nobody_knows_which_one_was_cut(tmp_path: Path) -> None:
    rows = [(text, f"Somebody said: {text}", label) for text, label in films(20)]
    table = read(tmp_path, lines_of([("premise", "hypothesis", "label"), *rows, ("one", "two", "three", "bad")]))
    assert len(table.frame) == 20 and table.unreadable == (22,)
    assert [(entry.count, entry.examples) for entry in table.dropped] == [(1, ("22: one,two,three,bad",))]


def test_a_row_whose_end_is_no_label_is_not_joined(tmp_path: Path) -> None:
    table = read(tmp_path, lines_of([TEXT_LABEL, *films(20), ("fine film", "good", "remark")]))
    assert len(table.frame) == 20 and table.unreadable == (22,)


def test_a_row_of_enclosed_cells_is_not_joined(tmp_path: Path) -> None:
    table = read(tmp_path, lines_of([TEXT_LABEL, *films(20), ('"fine film"', '"dull"', '"good"')]))
    assert len(table.frame) == 20 and table.unreadable == (22,)


def test_labels_that_come_late_are_known_when_rows_are_joined(tmp_path: Path) -> None:
    rows = [(f"film number {place} was fine", "good") for place in range(2500)]
    late = [(f"film number {place} was dull, very", "bad") for place in range(500)]
    rows += [("a last dull film", "bad")] * 3
    table = read(tmp_path, lines_of([TEXT_LABEL, *late[:1], *rows, *late]))
    assert not table.unreadable and list(table.lines) == sorted(table.lines) and len(table.frame) == 3004


def test_missing_cells_are_told_unless_nothing_stands_in_those_columns(tmp_path: Path) -> None:
    rows = lines_of(films(5))
    assert "1 row has fewer cells than there are columns" in notes_of(read(tmp_path, f"text,label\n{rows}only\n"))
    empty = read(tmp_path, "text,label,,\n" + lines_of([(*row, "", "") for row in films(5)]) + "only,good\n")
    assert empty.notes == () and list(empty.frame.columns) == ["text", "label"]


def test_a_row_limit_takes_rows_from_the_whole_of_a_sorted_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_MAX_ROWS", "50")
    table = read_table(FILES / "d09_sorted_by_label.csv")
    assert table.frame["target"].value_counts().to_dict() == {"0": 25, "4": 25}
    assert list(table.lines) == sorted(table.lines) and len(table.lines) == 50
    assert "50 of 600 rows were read, taken evenly from the whole file" in notes_of(table)


# --- Names of columns ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "rows"),
    [
        (("film number 99 was fine", "good"), films(20)),
        (("a fine film with a plot", "3"), [(text, str(place % 5)) for place, (text, _) in enumerate(films(20))]),
        (("a film of a very rare kind", "strange"), films(20)),
        (("17", "0.5", "0.1"), [(str(place), f"{place / 7:.2f}", "0.2") for place in range(20)]),
        (
            ("这部电影的音乐非常优美动人", "好"),
            [(f"第{place}部电影的故事非常无聊冗长", "坏" if place % 2 else "好") for place in range(20)],
        ),
    ],
)
def test_a_first_row_like_the_others_is_data(
    first: tuple[str, ...], rows: list[tuple[str, ...]], tmp_path: Path
) -> None:
    table = read(tmp_path, lines_of([first, *rows]))
    assert table.header == "none" and rows_of(table)[0] == first and len(table.frame) == 21
    assert list(table.frame.columns) == [f"column {place + 1}" for place in range(len(first))]
    assert DATA in notes_of(table)


@pytest.mark.parametrize(
    "names",
    [
        ("text", "label"),
        ("Kommentar", "Urteil"),
        ("tweetText", "Sentiment"),
        ("评论", "标签"),
        ("v1", "v2"),
        ("text", "good"),
        ("What did you like about the film?", "How do you rate it as a whole?"),
    ],
)
def test_names_are_told_from_data(names: tuple[str, ...], tmp_path: Path) -> None:
    table = read(tmp_path, lines_of([names, *films(20)]))
    assert table.header == "first row" and list(table.frame.columns) == list(names) and len(table.frame) == 20


def test_a_person_has_the_last_word_on_the_names(tmp_path: Path) -> None:
    content = lines_of([TEXT_LABEL, *films(20)])
    table = read(tmp_path, content, Reading(header=False))
    assert table.header == "none" and rows_of(table)[0] == TEXT_LABEL and table.notes == ()
    headless = lines_of(films(20))
    table = read(tmp_path, headless, Reading(header=True))
    assert table.header == "first row" and list(table.frame.columns) == list(films(1)[0]) and table.notes == ()


def test_several_titles_and_comments_above_the_table_are_left_out(tmp_path: Path) -> None:
    table = read(tmp_path, "Survey of March,\n\n# by hand,\n" + lines_of([TEXT_LABEL, *films(9)]))
    assert rows_of(table) == films(9) and "Survey of March / # by hand" in notes_of(table)


# --- Delimiters --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "::", "||", ":::"])
def test_every_delimiter_is_found(delimiter: str, tmp_path: Path) -> None:
    table = read(tmp_path, lines_of([TEXT_LABEL, *films(9)], delimiter))
    assert rows_of(table) == films(9) and table.delimiter == delimiter


def test_two_delimiters_that_do_equally_well_are_both_named(tmp_path: Path) -> None:
    content = lines_of([("fine film", "1,5"), ("bad film", "2,5"), ("so so", "1,0")], ";")
    with pytest.raises(UserError) as caught:
        read(tmp_path, content)
    assert "with ',' between the cells (2 columns) or with ';' (2 columns); say which of them it is" in str(
        caught.value
    )
    table = read(tmp_path, content, Reading(delimiter=";", header=False))
    assert rows_of(table)[0] == ("fine film", "1,5")


def test_a_delimiter_that_is_named_is_taken(tmp_path: Path) -> None:
    assert rows_of(read(tmp_path, "a~b\nc~d\n", Reading(delimiter="~", header=False))) == [("a", "b"), ("c", "d")]
    assert rows_of(read(tmp_path, "a\tb\nc\td\n", Reading(delimiter="\\t", header=True))) == [("c", "d")]


def test_fasttext_with_several_labels(tmp_path: Path) -> None:
    table = read(tmp_path, "__label__a __label__b fine, film\n\n__label__c dull\n", name="data.txt")
    assert rows_of(table) == [("a, b", "fine, film"), ("c", "dull")] and table.lines == (1, 3)


# --- Encodings that are named ------------------------------------------------------------------------------------------


def test_an_encoding_that_is_named_is_taken_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    content = lines_of([TEXT_LABEL, ("прекрасный фильм", "good")]).encode("cp866")
    table = read(tmp_path, content, Reading(encoding="cp866"))
    assert rows_of(table) == [("прекрасный фильм", "good")] and table.encoding == "cp866" and table.notes == ()
    for name in ("nonsense", "a\0b", "base64", "x" * 500):
        with pytest.raises(UserError, match="there is no encoding"):
            read(tmp_path, content, Reading(encoding=name))


def test_a_row_that_holds_an_empty_text_is_a_row(tmp_path: Path) -> None:
    """So other programs write it; a blank line is none."""
    content = 'text\nalpha beta\n""\n\ngamma delta\n'
    assert rows_of(read(tmp_path, content)) == [("alpha beta",), ("",), ("gamma delta",)]
    content = 'text,label\n"alpha, beta",x\n"",""\n,\ngamma,y\n'
    assert rows_of(read(tmp_path, content)) == [("alpha, beta", "x"), ("", ""), ("gamma", "y")]


# --- Sizes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"\n" * 3_000_000, b'"' * 3_000_000, b"," * 3_000_000, b"\t,;|\r\n" * 500_000])
def test_a_file_of_nothing_but_marks_is_empty(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is empty"):
        read(tmp_path, content)


def test_too_many_lines_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has 2000001 lines; at most 2000000 are read"):
        read(tmp_path, b"\n" * 2_000_000 + b"x\n")


def test_ten_thousand_columns_become_two_hundred_with_the_usual_ones(tmp_path: Path) -> None:
    names = [f"feature {place}" for place in range(10_000)]
    names[5000], names[9000] = "label", "text"
    table = read(tmp_path, lines_of([tuple(names), *(("1",) * 10_000 for _ in range(5))]))
    assert len(table.frame.columns) == 200 and {"label", "text"} <= set(table.frame.columns)
    assert "only 200 of 10000 columns were read" in notes_of(table)


@pytest.mark.parametrize("row", ['""b,x aaaa\n', 'aaaa, "b\n', 'a,"b\n', '"a\n', '"a"b,c\n'])
def test_marks_that_enclose_nothing_are_looked_at_a_few_times_only(row: str) -> None:
    text = "text,label\n" + row * 20_000 + 'x"\n'
    rows = Rows(text, ",", width=2)
    assert sum(1 for _ in rows) > 0
    assert rows._in_vain <= 3 * len(text)


def test_lines_that_look_like_rows_by_chance_stay_one_cell_of_a_file_that_encloses_its_texts(tmp_path: Path) -> None:
    rows = [(f'A long, "fine" film {n}', "good") for n in range(20)]
    rows[10] = ("one, two\nand three", "bad")  # two lines with a delimiter each, as the rows have
    table = read_table(write(tmp_path, csv_text(rows)))
    assert list(table.frame.itertuples(index=False, name=None)) == rows and table.notes == ()


@pytest.mark.parametrize("delimiter", [",", "::"])
def test_usual_rows_are_cut_sooner_and_the_same(delimiter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(1)
    pieces = [
        "a",
        "b c",
        " ",
        '"',
        '""',
        '"x"',
        delimiter,
        delimiter,
        "\n",
        "\r\n",
        '"a, b"',
        f'"a{delimiter}""b"""',
        ' "q" ',
    ]
    texts = ["".join(chance.choices(pieces, k=chance.randint(1, 25))) for _ in range(3000)]

    def read_all() -> list[tuple]:
        found = []
        for text, width in product(texts, (1, 2, 3)):
            rows = Rows(text, delimiter, width=width)
            found.append((list(rows), rows.needed, rows.needless, rows.literal, rows.longest))
        return found

    sooner = read_all()
    monkeypatch.setattr(core.tables.rows, "MOST_USUAL", 0)
    assert sooner == read_all()


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_delimiter_that_tears_enclosed_texts_is_none(delimiter: str, tmp_path: Path) -> None:
    rows = [(str(n), f'the film, no. {n}, was "good"', "yes") for n in range(30)]
    table = read_table(
        write(tmp_path, csv_text(rows, delimiter.join(("no", "What, if anything?", "answer")), delimiter))
    )
    assert list(table.frame.itertuples(index=False, name=None)) == rows and table.delimiter == delimiter
