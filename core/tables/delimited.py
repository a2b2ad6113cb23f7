"""Delimited text, CSV and its kin, as a table.

The delimiter is found, the quotation marks are read as they let most rows fit, names above the data are told from data, and
whatever was decided or lost is said. This module does not know files or encodings.
"""

import re
from dataclasses import dataclass, field
from itertools import chain, islice

from core.errors import N_, Note, UserError, plural
from core.results import Dropped
from core.tables import delimiters, fit, header, limits
from core.tables.delimiters import Cut
from core.tables.fit import Mender
from core.tables.rows import LONG_CELL, NO_DELIMITER, Row, Rows
from core.tables.table import (
    CONTROL,
    EXAMPLE_CHARS,
    Draw,
    Reading,
    Table,
    WordsWithTags,
    between,
    blank_rows,
    evenly,
    make_table,
)

MOST_LINES = 2_000_000
SEP = re.compile(r"sep=([^\r\n]{1,3})(?:\r\n?|\n)")  # what Excel writes and reads
SOMETHING = re.compile(r'[^\s,;|"]')
FASTTEXT = re.compile(r"((?:__label__\S+\s+)+)(.*)")
TAGGED = re.compile(r"[^\s,;|]+(?:[ \t,;|][^\s,;|]+)*[ \t,;|](?:O|[BIESLU]-[^\s,;|]+)")


def read(text: str, name: str, reading: Reading) -> Table:
    """A delimited text. Raises UserError when two readings do equally well, or no row fits the header."""
    check_lines(text, name)
    if not SOMETHING.search(text):
        raise UserError("{file} is empty", file=name)
    labelled = None if reading.delimiter else _read_fasttext(text)
    if labelled is not None:
        return labelled
    _refuse_words_with_tags(text, name)
    declared = SEP.match(text)
    start = declared.end() if declared else 0
    named = reading.delimiter.replace("\\t", "\t") or (declared[1] if declared else "")
    cut = delimiters.given(text, named, start) if named else delimiters.find(text, name, start)
    return _table(_fitted(text, cut, start, reading), cut, name)


def check_lines(text: str, name: str) -> None:
    """Raise UserError when a text has more lines than are read."""
    lines = text.count("\n") or text.count("\r")
    if lines > MOST_LINES:
        raise UserError(
            "{file} has {lines} lines; at most {limit} are read: divide it, or remove the blank lines",
            file=name,
            lines=lines,
            limit=MOST_LINES,
        )


def find_delimiter(text: str) -> str:
    """The delimiter that cuts a text into columns best; NO_DELIMITER when none does."""
    found = delimiters.cuts(text)
    return max(found, key=lambda cut: cut.share).delimiter if found else NO_DELIMITER


# --- Rows --------------------------------------------------------------------------------------------------------------


@dataclass
class _Fitted:
    """The rows below the names, by what became of them.

    names: of the columns; none when the first row is data. fitting: that fit or were mended. mended, short: how many of them had
    too many cells or too few, and the line of the first.
    ragged: rows that fit no column. repeated: the names once more. blank: lines of rows in which nothing stands. text: the column whose text was mended.
    """

    names: list[str]
    width: int
    notes: list[Note]
    fitting: Draw[Row] = field(default_factory=Draw)
    mended: list[int] = field(default_factory=list)
    short: list[Row] = field(default_factory=list)
    ragged: list[Row] = field(default_factory=list)
    repeated: list[Row] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    text: int = 0

    @property
    def rows(self) -> list[Row]:
        return self.fitting.rows

    @property
    def total(self) -> int:
        return self.fitting.total

    def add_wide(self, row: Row, mender: Mender | None, text: str, delimiter: str) -> None:
        """Keep a row with too many cells if it can be mended; cells that marks enclose were cut where they should be."""
        cells = text[row.start : row.end].split(
            delimiter
        )  # what the text was like before it was cut stands in the source
        mended = mender.mend(cells, delimiter) if mender and not row.enclosed else None
        if mender is None or mended is None:
            self.ragged.append(row)
        else:
            self.text = mender.text
            self.mended.append(row.line)
            self.fitting.add(row._replace(cells=mended))


def _fitted(text: str, cut: Cut, start: int, reading: Reading) -> _Fitted:
    """The rows, with quotation marks and backslashes as they let most rows fit."""
    escapes = cut.escapes
    marks = Rows(text, cut.delimiter, "escaped" if escapes else "enclosing", width=cut.width, start=start)
    found = _fit(marks, text, cut, reading)
    if escapes is None and delimiters.may_escape(
        text, cut.delimiter
    ):  # after the beginning, by which the delimiter was found
        escaped = Rows(text, cut.delimiter, "escaped", width=cut.width, start=start)
        other = _fit(escaped, text, cut, reading)
        escapes = _merit(other) - escaped.literal > _merit(found) - marks.literal
        found, marks = (other, escaped) if escapes else (found, marks)
    if escapes:
        found.notes.append((N_('backslashes were read as escapes, such as \\" for a quotation mark'), {}))
        found.notes += _notes_on_marks(marks, found, swallowed=False)
        return found
    swallowed = cut.width == 1 and marks.needed == 1 and marks.longest[1] > LONG_CELL
    enclosed = marks.needed + marks.needless.total()
    if swallowed or (enclosed and marks.literal > marks.needed):
        found = _fit(Rows(text, cut.delimiter, "text", start=start), text, cut, reading)
    found.notes += _notes_on_marks(marks, found, swallowed=swallowed)
    return found


def _merit(found: _Fitted) -> int:
    return found.total - len(found.mended) - len(found.short)


def _fit(found: Rows, text: str, cut: Cut, reading: Reading) -> _Fitted:
    """The rows that fit, those with too many cells mended where that can be done, without repeated names."""
    every = iter(found)
    fitted, first = _names(list(islice(every, header.LOOKED_AT)), cut.width, reading)
    mender = fit.mender((row.cells for row in first), fitted.width)
    names, width, add = fitted.names, fitted.width, fitted.fitting.add
    for row in chain(first, every):
        cells = row.cells
        if len(cells) == width:  # most rows of a million
            if cells == names:
                fitted.repeated.append(row)
            else:
                add(row)
        elif fit.is_wide(cells, width):
            fitted.add_wide(row, mender, text, cut.delimiter)
        else:
            add(row)
            if fit.is_short(cells, width):
                fitted.short.append(row)
    fitted.blank = between(found.blank, fitted.rows[0].line, fitted.total) if fitted.rows else []
    if fitted.ragged and fitted.rows:  # once more, now that it is known what all rows are like
        ragged, fitted.ragged = fitted.ragged, []
        mender = fit.mender((row.cells for row in fitted.rows), fitted.width)
        for row in ragged:
            fitted.add_wide(row, mender, text, cut.delimiter)
        fitted.rows.sort(key=lambda row: row.line)
    if fitted.short:
        held = max(fit.filled(row.cells) for row in fitted.rows)  # in last columns that are empty nothing is missing
        fitted.short = [row for row in fitted.short if fit.is_short(row.cells, min(fitted.width, held))]
    return fitted


def _names(rows: list[Row], width: int, reading: Reading) -> tuple[_Fitted, list[Row]]:
    """The names of the columns, none when the first row is data, with remarks on this decision; and the rows below them."""
    if not rows:
        return _Fitted([], width, []), []
    cells = [row.cells for row in rows]
    notes: list[Note] = []
    skipped = header.above(cells, width) if reading.header is None else 0
    if skipped:
        message = N_("what stands above the table was left out: {texts}")
        texts = " / ".join(" ".join(filter(None, row.cells))[:EXAMPLE_CHARS] for row in rows[:skipped])
        notes.append((message, {"texts": CONTROL.sub("", texts)}))
    first, *below = rows[skipped:]
    found = header.verdict(first.cells, [row.cells for row in below if len(row.cells) == len(first.cells)])
    named = found in ("names", "probably names") or not below if reading.header is None else reading.header
    listed = CONTROL.sub("", ", ".join(cell[:30] for cell in first.cells[:10]))
    if reading.header is None and not named:
        message = N_("the first row was read as data, not as names of columns: {columns}; the columns are numbered")
        notes.append((message, {"columns": listed}))
    elif found == "probably names" and reading.header is None and below:
        message = N_("the first row was taken as the header: {columns}; if it is data, say that there is no header")
        notes.append((message, {"columns": listed}))
    if named:
        return _Fitted(first.cells, len(first.cells), notes), below
    return _Fitted([], width, notes), rows[skipped:]


# --- The table ---------------------------------------------------------------------------------------------------------


def _table(fitted: _Fitted, cut: Cut, name: str) -> Table:
    """The table that the rows make. Raises UserError when none fits."""
    if fitted.ragged and not fitted.rows:
        raise UserError(
            "no row of {file} fits its header: the header has {width} columns, the rows have more; put texts that "
            "contain '{delimiter}' in quotation marks",
            file=name,
            width=fitted.width,
            delimiter=delimiters.visible(cut.delimiter),
        )
    kept, sampled = evenly(fitted.rows, fitted.total)
    titles = [fitted.names[place].strip() if fitted.names else "" for place in range(fitted.width)]
    columns = [[row.cells[place] if place < len(row.cells) else "" for row in kept] for place in range(fitted.width)]
    used = [place for place, column in enumerate(columns) if titles[place] or any(column)]
    chosen, too_many = limits.choose_columns([titles[place] for place in used], len(kept))
    used = [used[place] for place in chosen]
    return make_table(
        [titles[place] or f"column {place + 1}" for place in used],
        [columns[place] for place in used],
        len(kept),
        not_read=fitted.total - len(kept),
        dropped=_dropped(fitted, cut.delimiter),
        notes=(*fitted.notes, *_notes_on_rows(fitted), *too_many, *sampled),
        lines=[row.line for row in kept],
        unreadable=tuple(row.line for row in fitted.ragged),
        blank=tuple(fitted.blank),
        source="first row" if fitted.names else "none",
        delimiter="" if cut.delimiter == NO_DELIMITER else cut.delimiter,
    )


def _dropped(fitted: _Fitted, delimiter: str) -> tuple[Dropped, ...]:
    """What was left out, with the lines of three examples."""
    lost = {
        N_("the row has more cells than the header"): fitted.ragged,
        N_("the names of the columns stand there again"): fitted.repeated,
    }
    dropped = [
        Dropped(reason, len(rows), tuple(f"{row.line}: {_shown(row, delimiter)}" for row in rows[:3]))
        for reason, rows in lost.items()
        if rows
    ]
    return (*dropped, *blank_rows(fitted.blank))


def _shown(row: Row, delimiter: str) -> str:
    return CONTROL.sub("", delimiter.join(row.cells))[:EXAMPLE_CHARS]


def _notes_on_rows(fitted: _Fitted) -> list[Note]:
    """Remarks on the rows that were mended or filled up."""
    notes: list[Note] = []
    if fitted.mended:
        message = plural(
            N_(
                "{count} row has more cells than there are columns; its surplus was joined to the text in column '{column}' (line {line})"
            ),
            N_(
                "{count} rows have more cells than there are columns; their surplus was joined to the text in column '{column}' (the first in line {line})"
            ),
            len(fitted.mended),
        )
        column = fitted.names[fitted.text] if fitted.names else f"column {fitted.text + 1}"
        notes.append((message, {"count": len(fitted.mended), "column": column, "line": fitted.mended[0]}))
    if fitted.short:
        message = plural(
            N_("{count} row has fewer cells than there are columns; the others stay empty (line {line})"),
            N_(
                "{count} rows have fewer cells than there are columns; the others stay empty (the first in line {line})"
            ),
            len(fitted.short),
        )
        notes.append((message, {"count": len(fitted.short), "line": fitted.short[0].line}))
    return notes


def _notes_on_marks(marks: Rows, found: _Fitted, *, swallowed: bool) -> list[Note]:
    """Remarks on the quotation marks. swallowed: the only ones would have made one cell of many lines."""
    notes: list[Note] = []
    line, lines = marks.longest
    if marks.literal or swallowed:
        message = plural(
            N_(
                "{count} quotation mark at the start of a cell was read as part of the text, because it does not enclose it (in line {line})"
            ),
            N_(
                "{count} quotation marks at the start of a cell were read as part of the text, because they do not enclose it (the first in line {line})"
            ),
            marks.literal or 1,
        )
        notes.append((message, {"count": marks.literal or 1, "line": marks.first_literal or line}))
    if swallowed or marks.literal > marks.needed:
        return notes
    mixed = [column for column in marks.needless if any(_is_bare(row, column) for row in found.rows)]
    if mixed:
        message = plural(
            N_(
                "the quotation marks around {count} cell were left out; column {column} has cells without them too, so they may belong to the text"
            ),
            N_(
                "the quotation marks around {count} cells were left out; column {column} has cells without them too, so they may belong to the text"
            ),
            sum(marks.needless[column] for column in mixed),
        )
        notes.append((message, {"count": sum(marks.needless[column] for column in mixed), "column": mixed[0] + 1}))
    if lines > LONG_CELL:
        message = N_(
            "a cell in line {line} goes on over {count} lines; if it should not, a quotation mark is missing there"
        )
        notes.append((message, {"line": line, "count": lines}))
    return notes


def _is_bare(row: Row, column: int) -> bool:
    """Whether a row has something in a column that nothing encloses."""
    return column < len(row.cells) and row.cells[column] != "" and not row.enclosed >> column & 1


# --- Other texts that lie in such files ----------------------------------------------------------------------------------


def _read_fasttext(text: str) -> Table | None:
    """The rows of fastText's "__label__one a text"; None when the text is no such file."""
    if not text.startswith("__label__"):
        return None
    rows: list[tuple[int, str, str]] = []
    for number, line in enumerate(re.split(r"\r\n?|\n", text), start=1):
        found = FASTTEXT.fullmatch(line.strip() + " ")
        if found:
            rows.append(
                (number, ", ".join(label.removeprefix("__label__") for label in found[1].split()), found[2].strip())
            )
        elif line.strip():
            return None
    kept, sampled = evenly(rows)
    message = N_("the file was read as fastText writes it: labels begin with {mark}")
    return make_table(
        ["label", "text"],
        [[label for _, label, _ in kept], [content for _, _, content in kept]],
        len(kept),
        not_read=len(rows) - len(kept),
        notes=((message, {"mark": "__label__"}), *sampled),
        lines=[number for number, _, _ in kept],
        source="none",
        delimiter=" ",
    )


def _refuse_words_with_tags(text: str, name: str) -> None:
    """Raise UserError when each line is a word with its tag: such a file is no table of texts."""
    lines = [line.strip() for line in text[: delimiters.SAMPLE].splitlines()[:-1] if line.strip()]
    tagged = [line for line in lines if TAGGED.fullmatch(line)]
    kinds = {line[-1] == "O" for line in tagged}
    if len(tagged) > 5 and len(tagged) >= 0.95 * len(lines) and len(kinds) == 2:
        raise WordsWithTags(
            N_(
                "{file} has one word and its tag in each line (CoNLL), not one text: choose the task that finds named entities"
            ),
            file=name,
        )
