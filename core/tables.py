"""Table and read_table: a user's file, whatever it is called and however it was saved, as a table of plain strings.

What a file holds is decided by its content, never by its name: CSV with any usual delimiter, JSON, JSON lines or Parquet.
Nothing is ever unpickled. Of the world's encodings it knows UTF-8, UTF-16, GB18030 and Latin-1 (with Windows-1252); any
other must be converted to UTF-8 first. The settings limit the size of a file, its rows and its cells. This module does
not know what the columns mean: nothing of tasks, labels or splits.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO, StringIO
from itertools import chain, islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from core import settings
from core.errors import N_, UserError
from core.results import Dropped

Note = tuple[str, Mapping[str, object]]

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
TEXT_SUFFIX = ".txt"
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
EXAMPLE_CHARS = 80


@dataclass(frozen=True, eq=False)
class Table:
    """What was read, before any of it is judged.

    frame: one column per column of the source; cells are str ("" where nothing stands), except lists, objects and bytes,
    which stay what they are. rows: rows that were read, those in `dropped` included. cut_cells: cells longer than the
    limit, cut. dropped, notes: rows that fit no column, and remarks on the reading. categories: of columns whose numbers
    (or lists of numbers) stood for names, all these names in the order of the numbers. encoding, delimiter: "" when the source is not such a file.
    """

    frame: pd.DataFrame
    rows: int
    cut_cells: int
    dropped: tuple[Dropped, ...]
    notes: tuple[Note, ...]
    categories: Mapping[str, tuple[str, ...]]
    delimiter: str = ""
    encoding: str = ""


def make_table(
    header: Sequence[str],
    columns: Iterable[Sequence[object]],
    total: int,
    *,
    categories: Mapping[str, tuple[str, ...]] | None = None,
    dropped: tuple[Dropped, ...] = (),
    notes: tuple[Note, ...] = (),
    delimiter: str = "",
) -> Table:
    """A Table of columns that hold any Python values: as strings without control characters, cut to the limit.

    total: rows of the source, read or not. categories: what the numbers of a column stand for, by its name in `header`; a
    number that stands for nothing is a missing value.
    """
    limit = settings.MAX_CELL_CHARS.value()
    content: dict[str, list[object]] = {}
    named: dict[str, tuple[str, ...]] = {}
    cut = controlled = 0
    for original, name, column in zip(header, _column_names(header), columns, strict=True):
        if categories and original in categories:
            named[name] = categories[original]
            column = [_category(cell, named[name]) for cell in column]
        content[name] = []
        for value in column:
            cell = _cell(value)
            if isinstance(cell, str):
                clean = CONTROL.sub("", cell)
                controlled += clean != cell
                cut += len(clean) > limit
                cell = clean[:limit]
            content[name].append(cell)
    frame = pd.DataFrame(content, dtype=object)
    rows = len(frame) + sum(entry.count for entry in dropped)
    if rows < total:
        message = N_("only the first {read} of {rows} rows were read; the setting {setting} is the limit")
        notes = (*notes, (message, {"read": len(frame), "rows": total, "setting": settings.MAX_ROWS.name}))
    if controlled:
        notes = (*notes, (N_("control characters were removed from {count} cells"), {"count": controlled}))
    return Table(frame, rows, cut, dropped, notes, named, delimiter)


def _column_names(header: Iterable[str]) -> list[str]:
    """Header cells as column names: clean, never empty, each only once."""
    names: dict[str, None] = {}
    for place, cell in enumerate(header, start=1):
        name = " ".join(CONTROL.sub("", cell).strip("\ufeff").split())[:1000] or f"column {place}"
        while name in names:
            name += f" ({place})"
        names[name] = None
    return list(names)


def _category(cell: object, names: Sequence[str]) -> object:
    if isinstance(cell, list):
        return [_category(number, names) or "" for number in cell]
    return names[cell] if isinstance(cell, int) and 0 <= cell < len(names) else None


def _cell(value: object) -> object:
    """A value as a string, "" for a missing one; lists, objects and bytes as they are."""
    if isinstance(value, str | list | dict | bytes):
        return value
    if value is None or value != value:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_number(cell: str) -> bool:
    """Whether a cell is empty or a number."""
    try:
        float(cell or "0")
    except ValueError:
        return False
    return True


# --- Files -------------------------------------------------------------------------------------------------------------

MAGIC = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"%PDF": "PDF",
    b"PK\x03\x04": "ZIP / Excel / Word",
    b"\xd0\xcf\x11\xe0": "Excel / Word 97",
    b"\x1f\x8b": "GZIP",
    b"SQLite format 3": "SQLite",
}
PICKLE = re.compile(rb"\x80[\x02-\x05]")


def read_table(path: Path) -> Table:
    """Read a .csv, .tsv, .json, .jsonl or .parquet file; its content decides which of them it is.

    Raises UserError, with what is wrong and how to mend it, when it cannot be read.
    """
    _check_file(path)
    data = path.read_bytes()
    table = _read_parquet(data, path.name) if data.startswith(b"PAR1") else _read_text(data, path)
    if table.frame.empty:
        raise UserError("{file} holds no rows, only column names at most; add rows below them", file=path.name)
    return table


def read_documents(path: Path) -> Table:
    """Read a plain text file: what stands between blank lines is one document, a row of the column "text".

    A document longer than a cell may be goes on in further rows. Raises UserError when it cannot be read.
    """
    text, encoding, notes = read_plain(path, (TEXT_SUFFIX,))
    found = [part for block in re.split(r"\n\s*\n", text) for part in _portions(block.strip())]
    if not found:
        raise UserError("{file} is empty", file=path.name)
    most = settings.MAX_ROWS.value()
    return replace(make_table(["text"], [found[:most]], len(found), notes=notes), encoding=encoding)


def read_plain(path: Path, kinds: tuple[str, ...]) -> tuple[str, str, tuple[Note, ...]]:
    """The text of a file with \\n at the end of its lines, the name of its encoding, and remarks on the reading.

    kinds: the suffixes that are read. Raises UserError when it is none of them, too large, empty or not text.
    """
    _check_file(path, kinds)
    data = path.read_bytes()
    if not data.strip():
        raise UserError("{file} is empty", file=path.name)
    try:
        _check_text(data, path.name)
    except UserError as error:
        raise UserError(
            "{file} is not plain text, whatever its name; save the text as .txt in UTF-8", file=path.name
        ) from error
    text, encoding, notes = _decode(data)
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding, notes


def _portions(document: str) -> Iterator[str]:
    """A document in parts that fit into a cell, each ending at a space or line where there is one."""
    limit = settings.MAX_CELL_CHARS.value()
    while len(document) > limit:
        end = max(document.rfind(" ", 0, limit), document.rfind("\n", 0, limit))
        end = end if end > 0 else limit
        yield document[:end]
        document = document[end:].lstrip()
    if document:
        yield document


def exists(path: Path) -> bool:
    """Whether there is such a file or folder; a name that no file can have is none."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def check_size(name: str, size: int) -> None:
    """Raise UserError when `size` bytes are more than is read."""
    limit = settings.MAX_UPLOAD_MB.value()
    if size > limit * 1024 * 1024:
        raise UserError(
            "{file} has {size} MB; at most {limit} MB are read (the setting {setting})",
            file=name,
            size=f"{size / 1024 / 1024:.1f}",
            limit=limit,
            setting=settings.MAX_UPLOAD_MB.name,
        )


def _check_file(path: Path, kinds: tuple[str, ...] = SUFFIXES) -> None:
    """Raise UserError unless it is a file of an expected kind and size."""
    suffixes = " ".join(kinds)
    if not exists(path):
        raise UserError("there is no file {file}", file=str(path)[:200])
    if path.is_dir():
        raise UserError("{file} is a folder; give one file ({suffixes})", file=path.name, suffixes=suffixes)
    if not path.is_file() or path.suffix.lower() not in kinds:
        raise UserError(
            "{file} is of a kind that is not read; the kinds are {suffixes}", file=path.name, suffixes=suffixes
        )
    check_size(path.name, path.stat().st_size)


def _read_text(data: bytes, path: Path) -> Table:
    """A text file: JSON where the text is JSON, otherwise CSV."""
    _check_text(data, path.name)
    text, encoding, notes = _decode(data)
    if not text.strip():
        raise UserError("{file} is empty", file=path.name)
    csv.field_size_limit(2**31 - 1)  # a long cell is cut later, not refused
    found = _read_json(text, path)
    table = _read_csv(text, path.name) if found is None else found
    return replace(table, encoding=encoding, notes=(*notes, *table.notes))


def _check_text(data: bytes, name: str) -> None:
    """Raise UserError when the bytes are not text, whatever the file is called."""
    if PICKLE.match(data):
        raise UserError(
            "{file} is a pickle file, which can run code when it is opened, so it is never read; save the data as CSV",
            file=name,
        )
    for magic, kind in MAGIC.items():
        if data.startswith(magic):
            raise UserError(
                "{file} is not a table but a file of another kind ({kind}), whatever its name; save the data as CSV (UTF-8)",
                file=name,
                kind=kind,
            )
    start = data[:65536]
    strange = len(re.findall(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]", start))
    if strange > len(start) / 20 and not _utf16_codec(data):
        raise UserError("{file} holds binary data, not text; save the data as CSV (UTF-8)", file=name)


# --- Encodings ---------------------------------------------------------------------------------------------------------


def _decode(data: bytes) -> tuple[str, str, tuple[Note, ...]]:
    """The text, the name of its encoding, and remarks on the reading."""
    if data.startswith(b"\xef\xbb\xbf"):
        return _decode_as("utf-8-sig", "UTF-8 (BOM)", data)
    utf16 = _utf16_codec(data)
    if utf16:
        return _decode_as(utf16, "UTF-16", data)
    if _is_mostly("utf-8", data):
        return _decode_as("utf-8", "UTF-8", data)
    if _is_mostly("gb18030", data) and _is_chinese(data):
        return _decode_as("gb18030", "GB18030", data)
    return _decode_western(data)


def _decode_as(codec: str, name: str, data: bytes) -> tuple[str, str, tuple[Note, ...]]:
    """The decoded text; what cannot be decoded becomes U+FFFD and is noted."""
    try:
        return data.decode(codec), name, ()
    except UnicodeDecodeError:
        text = data.decode(codec, "replace")
    message = N_("{count} characters are damaged: they are not {encoding} and were read as �")
    return text, name, ((message, {"count": text.count("\ufffd"), "encoding": name}),)


def _decode_western(data: bytes) -> tuple[str, str, tuple[Note, ...]]:
    """Windows-1252, which is Latin-1 with quotation marks and dashes where Latin-1 has control characters."""
    name = "Windows-1252" if re.search(rb"[\x80-\x9f]", data) else "Latin-1"
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        text, name = data.decode("latin-1"), "Latin-1"
    message = N_("the letters were read as {encoding}; if they look wrong, save the file as UTF-8")
    return text, name, ((message, {"encoding": name}),)


def _utf16_codec(data: bytes) -> str:
    """The codec of UTF-16 text, with or without a byte order mark; "" when it is not UTF-16.

    Without the mark, text is UTF-16 when reading it as such gives printable characters with some ASCII among them:
    other text read as UTF-16 gives none, since there each ASCII character is two bytes, one of them zero.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    zeros = data.count(0)
    if not zeros or len(data) % 2 or (zeros < len(data) / 10 and _is_mostly("utf-8", data)):
        return ""
    fitting: dict[str, int] = {}
    for codec in ("utf-16-le", "utf-16-be"):
        text = data[:65536].decode(codec, "replace")
        ascii_characters = len(re.findall(r"[\t\n\r -~]", text))
        unreadable = sum(not (character.isprintable() or character in "\t\r\n\u3000") for character in text)
        if ascii_characters > len(text) / 50 >= unreadable:
            fitting[codec] = ascii_characters
    return max(fitting, key=fitting.__getitem__, default="")


def _is_mostly(codec: str, data: bytes) -> bool:
    """Whether at most a tenth as many characters are damaged as there are good ones beyond ASCII."""
    text = data.decode(codec, "replace")
    damaged = text.count("\ufffd")
    return damaged * 10 <= len(re.findall(r"[^\x00-\x7f]", text)) - damaged


def _is_chinese(data: bytes) -> bool:
    """Whether bytes that can be read as GB18030 are Chinese rather than a Western language.

    Accented letters stand alone between ASCII letters; a Chinese character is mostly two bytes beyond ASCII, and the
    3,755 most common ones (GB 2312 level 1, first byte B0–D7) make up most of any Chinese text, but seldom arise from
    two accented letters in a row.
    """
    beyond = re.findall(rb"[\x80-\xff]+", data[:1_000_000])
    together = sum(len(run) for run in beyond if len(run) > 1)
    characters = re.sub(r"[\x00-\x7f\ufffd]", "", data[:1_000_000].decode("gb18030", "replace"))
    first_bytes = characters.encode("gb2312", "ignore")[::2]
    common = sum(0xB0 <= byte <= 0xD7 for byte in first_bytes)
    return together >= 0.6 * sum(map(len, beyond)) and common >= 0.3 * len(characters) and common > 0


# --- CSV ---------------------------------------------------------------------------------------------------------------

DELIMITERS = (",", ";", "\t", "|")
NO_DELIMITER = "\x1f"  # for a table of one column
END = "\x1e"


def _read_csv(text: str, name: str) -> Table:
    """A delimited file with a header. Raises UserError when a quotation mark stays open or no row fits the header."""
    declared = re.match(r"sep=([,;\t|])(?=[\r\n])", text)
    delimiter = declared[1] if declared else _delimiter(text)
    header, *records = _records(text[declared.end() :] if declared else text, delimiter, name)
    rows: list[list[str]] = []
    ragged: list[list[str]] = []
    for record in records:
        too_long = any(cell.strip() for cell in record[len(header) :])
        (ragged if too_long else rows).append(record)
    if ragged and not rows:
        raise UserError(
            "no row of {file} fits its header: the header has {width} columns, the rows have more; put texts that "
            "contain '{delimiter}' in quotation marks",
            file=name,
            width=len(header),
            delimiter=delimiter,
        )
    rows = rows[: settings.MAX_ROWS.value()]
    columns = [[row[place] if place < len(row) else "" for row in rows] for place in range(len(header))]
    used = [place for place, column in enumerate(columns) if header[place].strip() or any(column)]
    return make_table(
        [header[place] for place in used],
        [columns[place] for place in used],
        len(records),
        dropped=_ragged(ragged, delimiter),
        notes=_header_notes(header),
        delimiter="" if delimiter == NO_DELIMITER else delimiter,
    )


def _delimiter(text: str) -> str:
    """The delimiter that cuts most of the first rows into as many cells as the header."""
    best, best_score = NO_DELIMITER, (0.0, 1)
    for delimiter in DELIMITERS:
        reader = csv.reader(StringIO(text[:1_000_000], newline=""), delimiter=delimiter, skipinitialspace=True)
        widths = [len(record) for record in islice(filter(None, reader), 200)] or [1]
        score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if widths[0] > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _records(text: str, delimiter: str, name: str) -> list[list[str]]:
    """Header and rows; quotation marks are taken as such unless the file plainly uses them as ordinary characters."""
    quoted, open_line = _parse_csv(text, delimiter, quotes=True)
    if not quoted and not open_line:
        raise UserError("{file} is empty", file=name)
    if '"' in text and (delimiter != NO_DELIMITER or open_line):
        literal, _ = _parse_csv(text, delimiter, quotes=False)
        if len(literal) > len(quoted) and all(len(record) == len(literal[0]) for record in literal):
            return literal
    if open_line:
        raise UserError(
            "in {file} the quotation mark that opens in line {line} is never closed; close it, or double it if it is "
            "part of the text",
            file=name,
            line=open_line,
        )
    return quoted


def _parse_csv(text: str, delimiter: str, *, quotes: bool) -> tuple[list[list[str]], int]:
    """The records of a text without blank ones, and the line of a quotation mark that is never closed, or 0.

    A line is added at the end: it is a record of its own unless a quotation mark is still open there.
    """
    reader = csv.reader(
        chain(StringIO(text, newline=""), [END]),
        delimiter=delimiter,
        skipinitialspace=True,
        quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
    )
    records: list[list[str]] = []
    start = end = 0
    for record in reader:
        records.append(record)
        start, end = end + 1, reader.line_num
    closed = records.pop() == [END]
    return [record for record in records if any(cell.strip() for cell in record)], 0 if closed else start


def _ragged(ragged: list[list[str]], delimiter: str) -> tuple[Dropped, ...]:
    if not ragged:
        return ()
    examples = tuple(CONTROL.sub("", delimiter.join(record))[:EXAMPLE_CHARS] for record in ragged[:3])
    return (Dropped(N_("the row has more cells than the header"), len(ragged), examples),)


def _header_notes(header: list[str]) -> tuple[Note, ...]:
    """A remark when the first row looks like data: a cell that is a number or as long as a sentence."""
    if not any((cell.strip() and is_number(cell)) or len(cell) > 60 for cell in header):
        return ()
    message = N_("the first row was taken as the header: {columns}; if it is data, add a row of column names above it")
    return ((message, {"columns": ", ".join(cell[:30] for cell in header[:10])}),)


# --- JSON --------------------------------------------------------------------------------------------------------------


def _read_json(text: str, path: Path) -> Table | None:
    """JSON or JSON lines; None when the text is a delimited table. Raises UserError when it is broken JSON."""
    named_json = path.suffix.lower() in (".json", ".jsonl")
    if text.lstrip()[0] not in "[{" and (not named_json or _delimiter(text) != NO_DELIMITER):
        return None
    try:
        return _from_json(_parse_json(text), path.name)
    except json.JSONDecodeError as error:
        lines = _json_lines(text, path.name)
        if lines:
            return _from_objects(lines, path.name)
        if not named_json:
            return None
        raise UserError(
            "{file} is not valid JSON: it breaks off or goes wrong in line {line}, column {column}; export it again",
            file=path.name,
            line=error.lineno,
            column=error.colno,
        ) from error


def _parse_json(text: str) -> object:
    """A JSON value, numbers as written; None when it is nested too deeply to be a table."""
    try:
        return json.loads(text, parse_int=str)
    except RecursionError:
        return None


def _json_lines(text: str, name: str) -> list[object]:
    """The value in each line; none when the first line is not a whole object. Raises UserError for a broken line."""
    values: list[object] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            values.append(_parse_json(line))
        except json.JSONDecodeError as error:
            if not values:
                return []
            raise UserError(
                "line {line} of {file} is not valid JSON; each line must be one object", line=number, file=name
            ) from error
        if not isinstance(values[0], dict):
            return []
    return values


def _from_json(found: object, name: str) -> Table:
    """A list of objects, {"data": [...]}, one list or object per column, or one object (a file of one line)."""
    if isinstance(found, dict) and isinstance(found.get("data"), list) and _are(dict, found["data"]):
        found = found["data"]
    if isinstance(found, dict) and found and _are((list, dict), found.values()):
        return _from_columns(found, name)
    return _from_objects([found] if isinstance(found, dict) else found, name)


def _are(kind: type | tuple[type, ...], values: Iterable[object]) -> bool:
    return all(isinstance(value, kind) for value in values)


def _from_columns(found: dict[str, list | dict], name: str) -> Table:
    """Lists of cells, or objects that hold the cells by the row's number."""
    first = next(iter(found.values()))
    if any(type(cells) is not type(first) or len(cells) != len(first) for cells in found.values()):
        raise UserError("the columns of {file} are not equally long", file=name)
    columns = [[cells.get(key) for key in first] if isinstance(cells, dict) else cells for cells in found.values()]
    limit = settings.MAX_ROWS.value()
    return make_table(list(found), [column[:limit] for column in columns], len(first))


def _from_objects(found: object, name: str) -> Table:
    if not isinstance(found, list) or not _are(dict, found):
        raise UserError(
            '{file} must hold a list of objects such as {example}, {{"data": […]}}, or one such object per line',
            file=name,
            example='[{"text": "…", "label": "…"}]',
        )
    rows = found[: settings.MAX_ROWS.value()]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    return make_table(keys, [[row.get(key) for row in rows] for key in keys], len(found))


# --- Parquet -----------------------------------------------------------------------------------------------------------


def _read_parquet(data: bytes, name: str) -> Table:
    """A Parquet file, batch by batch up to the row limit."""
    limit = settings.MAX_ROWS.value()
    try:
        file = pyarrow.parquet.ParquetFile(BytesIO(data))
        unpacked = sum(file.metadata.row_group(group).total_byte_size for group in range(file.num_row_groups))
        if unpacked > 20 * settings.MAX_UPLOAD_MB.value() * 1024 * 1024:
            raise UserError("{file} unpacks to more data than is read; make it smaller", file=name)
        batches, rows = [], 0
        for batch in file.iter_batches(batch_size=10_000):
            batches.append(batch)
            rows += batch.num_rows
            if rows >= limit:
                break
        content = pa.Table.from_batches(batches, schema=file.schema_arrow).slice(0, limit)
        columns = [column.to_pylist() for column in content.columns]
        description = (content.schema.metadata or {}).get(b"huggingface", b"{}")
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise UserError("{file} is a damaged Parquet file; export it again, or save it as CSV", file=name) from error
    return make_table(content.column_names, columns, file.metadata.num_rows, categories=_categories(description))


def _categories(description: bytes) -> dict[str, tuple[str, ...]]:
    """The category names by column in what Hugging Face datasets writes into a Parquet file; none where it is not whole.

    The description is as untrusted as the file, and datasets would follow a path in it: only lists of names are taken.
    """
    try:
        features = json.loads(description)["info"]["features"]
        items = {
            column: feature.get("feature", feature) for column, feature in features.items() if isinstance(feature, dict)
        }
        found = {column: item for column, item in items.items() if item.get("_type") == "ClassLabel"}
        return {column: tuple(str(name) for name in feature["names"]) for column, feature in found.items()}
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return {}
