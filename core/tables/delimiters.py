"""Which delimiter cuts a text into columns, and how many columns that makes.

This module does not know what becomes of the rows.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from core.errors import N_
from core.tables import fit, header
from core.tables.rows import NO_DELIMITER, Quotes, Rows
from core.tables.table import UnclearDelimiter

DELIMITERS = (":::", "::", "||", ",", ";", "\t", "|")
SAMPLE = 1 << 18  # characters
MOST_ROWS = 1000
NEAR = 0.05  # a difference between shares that decides nothing
GOOD = 0.9  # a share of rows that leaves no doubt


@dataclass(frozen=True)
class Cut:
    """What a delimiter makes of a text: columns, and the share of the rows that fit or can be mended.

    names: cells of the first row that are usual names. escapes: whether backslashes are escapes; None where there are none.
    torn: the share of the rows in which a cell has one of two quotation marks, as where the delimiter cuts an enclosed text.
    """

    delimiter: str
    width: int
    share: float
    names: int
    escapes: bool | None = None
    torn: float = 0.0

    @property
    def merit(self) -> float:
        return self.share - self.torn


def find(text: str, name: str, start: int = 0) -> Cut:
    """The delimiter that lets most rows fit. Raises UserError when two of them do equally well."""
    found = cuts(text, start)
    if not found:
        return Cut(NO_DELIMITER, 1, 1.0, 0)
    best = max(found, key=lambda cut: (cut.merit, cut.names))
    for other in found:
        near = other is not best and other.merit >= best.merit - NEAR and other.names >= best.names
        if near and other.delimiter not in best.delimiter and best.delimiter not in other.delimiter:
            raise UnclearDelimiter(
                N_(
                    "{file} could be read with '{one}' between the cells ({columns} columns) or with '{other}' "
                    "({others} columns); say which of them it is"
                ),
                file=name,
                one=visible(best.delimiter),
                columns=best.width,
                other=visible(other.delimiter),
                others=other.width,
            )
    return best


def given(text: str, delimiter: str, start: int = 0) -> Cut:
    """What a delimiter that is known makes of the beginning of a text."""
    return of(_sample(text, start), delimiter)


def cuts(text: str, start: int = 0) -> list[Cut]:
    """What each delimiter makes of the beginning of a text, where that is a table; the longer ones first."""
    sample = _sample(text, start)
    found = (of(sample, delimiter) for delimiter in DELIMITERS if delimiter in sample)
    tables = [cut for cut in found if cut.width > 1 and (cut.share >= 0.5 or cut.names > 1)]
    longer = [cut.delimiter for cut in tables if len(cut.delimiter) > 1 and cut.share >= GOOD]
    return [cut for cut in tables if not any(cut.delimiter in other and cut.delimiter != other for other in longer)]


def of(sample: str, delimiter: str) -> Cut:
    """What a delimiter makes of the beginning of a text, with its backslashes as escapes where that explains more."""
    cut, merit = _merits(sample, delimiter, "enclosing")
    if not may_escape(sample, delimiter):
        return cut
    escaped, merit_of_escapes = _merits(sample, delimiter, "escaped")
    if merit_of_escapes > merit:
        return replace(escaped, escapes=True)
    return replace(cut, escapes=False)


def _merits(sample: str, delimiter: str, quotes: Quotes) -> tuple[Cut, int]:
    """What a reading makes of a sample, and how many rows fit, less the quotation marks that mean nothing."""
    found = Rows(sample, delimiter, quotes)
    rows = [row.cells for row in islice(found, MOST_ROWS)]
    torn = sum(any(cell.count('"') % 2 for cell in cells) for cells in rows) / max(len(rows), 1)
    cut = replace(_cut(rows, delimiter), torn=torn)
    return cut, sum(len(cells) == cut.width for cells in rows) - found.literal


def may_escape(text: str, delimiter: str) -> bool:
    """Whether a backslash stands before something that it could take the meaning from."""
    return "\\" in text and ('\\"' in text or f"\\{delimiter}" in text)


def _cut(rows: list[list[str]], delimiter: str) -> Cut:
    """What the rows are with this delimiter.

    As many columns as the first row has cells, or as most rows have; or, where an unquoted text was cut, as the
    shortest rows have.
    """
    if not rows:
        return Cut(delimiter, 1, 1.0, 0)
    widths = Counter(map(len, rows))
    usual = max(widths, key=lambda width: (widths[width], -width))
    skipped = header.above(rows, usual)
    rows = rows[skipped:]
    names = sum(map(header.is_usual, rows[0]))
    often = [width for width in widths if width > 1 and widths[width] >= 0.05 * len(rows)]
    possible = dict.fromkeys((len(rows[0]), usual if len(rows[0]) > 1 else 1, min(often, default=1)))
    shares = {width: _share(rows, width) for width in possible if width > 1 and len(rows[0]) > 1}
    good = [width for width, share in shares.items() if share >= GOOD]
    width = good[0] if good else max(shares, key=shares.__getitem__, default=1)
    return Cut(delimiter, width, shares.get(width, 1.0), names)


def _share(rows: Sequence[Sequence[str]], width: int) -> float:
    """The share of the rows that fit, or can be mended."""
    wide = [cells for cells in rows if fit.is_wide(cells, width)]
    fitting = sum(not fit.is_short(cells, width) for cells in rows) - len(wide)
    mender = fit.mender(rows, width) if wide else None
    mended = sum(mender.mend(cells, "") is not None for cells in wide) if mender else 0
    return (fitting + mended) / len(rows)


def _sample(text: str, start: int) -> str:
    """The beginning of a text, up to the end of a line."""
    sample = text[start : start + SAMPLE]
    if start + SAMPLE >= len(text):
        return sample
    end = max(sample.rfind("\n"), sample.rfind("\r"))
    return sample[:end] if end > 0 else sample


def visible(delimiter: str) -> str:
    return delimiter.replace("\t", "\\t")
