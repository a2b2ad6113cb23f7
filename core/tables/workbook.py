"""Excel workbooks (.xlsx) as a table: the first sheet that has rows, its cells as people see them.

Formulas are not computed: the result that was saved with them counts. This module does not know what the columns mean.
"""

import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping
from io import BytesIO
from itertools import islice
from typing import Any
from zipfile import ZipFile

from core.errors import N_, Note, UserError, plural
from core.tables import archives, grid, limits
from core.tables.table import FIND_OUT, Draw, Reading, Table

OLD_SUFFIX, OLD = ".xls", b"\xd0\xcf\x11\xe0"
CONTENT = "xl/workbook.xml"
SHEETS = "xl/worksheets/"
OTHERS = {"word/document.xml": "Word", "ppt/presentation.xml": "PowerPoint", "content.xml": "OpenDocument"}
WIDEST = limits.MOST_COLUMNS + 1
MIDNIGHT = datetime.time()


def is_workbook(file: ZipFile) -> bool:
    return CONTENT in file.namelist()


def old(name: str) -> UserError:
    """What is said of a workbook of the old kind."""
    return UserError(
        "{file} is an old Excel file (.xls) or one with a password, which is not read; open it and save it as .xlsx without a password, or as "
        "CSV (UTF-8)",
        file=name,
    )


def check_other(file: ZipFile, name: str) -> None:
    """Raise UserError when a .zip file is a document of another program."""
    for content, kind in OTHERS.items():
        if content in file.namelist():
            raise UserError(
                "{file} is not a table but a file of another kind ({kind}), whatever its name; save the data as CSV (UTF-8)",
                file=name,
                kind=kind,
            )


def read(data: bytes, name: str, reading: Reading = FIND_OUT) -> Table:
    """The first sheet of a workbook that has rows. Raises UserError when the workbook is damaged, or unpacks to too much."""
    import openpyxl  # here, because other kinds of files should not wait for it

    with archives.open_zip(data, name) as file:
        limits.check_unpacked(name, sum(entry.file_size for entry in file.infolist()))
    try:
        book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            found, empty, total = _rows(sheet)
            if found:
                numbers, rows = list(found), list(found.values())
                notes = (*_other_sheets(sheet.title, book), *_formulas(data, sheet.title, found, empty))
                blank = [number for number in empty if number > numbers[0]]
                return grid.read(rows, reading, total=total, lines=numbers, blank=blank, notes=notes)
    except (UserError, MemoryError):
        raise
    except Exception as error:  # openpyxl has no error of its own for what a damaged workbook makes it stumble over
        raise UserError(
            "{file} is a damaged Excel file; open it and save it again as .xlsx, or save it as CSV (UTF-8)", file=name
        ) from error
    raise UserError("{file} is empty", file=name)


def _rows(sheet: Any) -> tuple[dict[int, list[object]], list[int], int]:
    """The cells of rows that are not empty by their numbers, the first and others from all over them; the numbers of the empty ones above the last; how many there are that are not."""
    sheet.reset_dimensions()  # what a sheet says about its own size need not be true
    first: dict[int, list[object]] = {}  # it may hold the names of the columns
    below: Draw[tuple[int, list[object]]] = Draw()
    empty: list[int] = []
    since: list[int] = []  # the last row that is not empty
    for number, cells in enumerate(sheet.iter_rows(max_col=WIDEST, values_only=True), start=1):
        if all(cell is None or cell == "" for cell in cells):
            since.append(number)
            continue
        empty += since
        since = []
        row = _trimmed(map(_shown, cells))
        if first:
            below.add((number, row))
        else:
            first[number] = row
    return first | dict(below.rows), empty, len(first) + below.total


def _trimmed(cells: Iterable[object]) -> list[object]:
    """The cells up to the last that is not empty."""
    row = list(cells)
    while row and row[-1] in ("", None):
        row.pop()
    return row


def _shown(value: object) -> object:
    """A cell as it is shown: dates without a time at midnight, numbers with 15 digits as in Excel."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        return str(value.date() if value.time() == MIDNIGHT else value)
    return value if value is None or isinstance(value, str) else str(value)


def _other_sheets(title: str, book: Any) -> tuple[Note, ...]:
    others = [sheet for sheet in book.sheetnames if sheet != title]
    message = N_("the sheet '{sheet}' was read; the others were not: {others}")
    return ((message, {"sheet": title, "others": ", ".join(others)[:300]}),) if others else ()


def _formulas(data: bytes, title: str, rows: Mapping[int, list[object]], empty: Collection[int]) -> tuple[Note, ...]:
    """A remark on cells that are empty because the file holds their formula without its result; arguments as _rows found them."""
    import openpyxl

    with ZipFile(BytesIO(data)) as file:
        if not any(_holds_formulas(file, path) for path in file.namelist() if path.startswith(SHEETS)):
            return ()
    sheet = openpyxl.load_workbook(BytesIO(data), read_only=True)[title]
    sheet.reset_dimensions()
    known = {number: list[object]() for number in empty} | dict(rows)
    missing = 0
    for number, cells in enumerate(islice(sheet.iter_rows(max_col=WIDEST, values_only=True), max(rows)), start=1):
        row = known.get(number)
        if row is None:  # one of those that are not read
            continue
        missing += sum(
            isinstance(cell, str) and cell.startswith("=") and (place >= len(row) or row[place] in ("", None))
            for place, cell in enumerate(cells)
        )
    message = plural(
        N_(
            "{count} cell holds a formula whose result is not in the file, and is empty here; open it in Excel or LibreOffice and save it"
        ),
        N_(
            "{count} cells hold formulas whose results are not in the file, and are empty here; open it in Excel or LibreOffice and save it"
        ),
        missing,
    )
    return ((message, {"count": missing}),) if missing else ()


def _holds_formulas(file: ZipFile, path: str) -> bool:
    return any(b"<f>" in part or b"<f " in part for part in _chunks(file, path))


def _chunks(file: ZipFile, path: str) -> Iterator[bytes]:
    """The content of a file in parts that overlap a little."""
    rest = b""
    with file.open(path) as content:
        while part := content.read(limits.MB):
            yield rest + part
            rest = part[-2:]
