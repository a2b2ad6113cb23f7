"""How much of a source is read: its size, what it unpacks to, and how many columns; the remark or the refusal where that is exceeded.

This module does not know what the columns are for; it knows how the columns that people look for are usually called.
"""

import re
from collections.abc import Sequence

from core import settings
from core.errors import N_, Note, UserError

MOST_COLUMNS = 200
FEWEST_COLUMNS = 20  # that are read however many rows there are
MOST_CELLS = 10_000_000
MB = 1024 * 1024
USUAL = re.compile(
    r"text|sentence|review|content|comment|tweet|message|document|question|query|premise|hypothesis|title|label|sentiment|class|"
    r"category|target|intent|emotion|topic|stars|rating|score|token|word|tag|entit|split|文本|句子|评论|内容|标签|类别|情感|分类",
    re.IGNORECASE,
)


def check_size(name: str, size: int) -> None:
    """Raise UserError when `size` bytes are more than is read."""
    limit = settings.MAX_UPLOAD_MB.value()
    if size > limit * MB:
        raise UserError(
            "{file} has {size} MB; at most {limit} MB are read (the setting {setting})",
            file=name,
            size=f"{size / MB:.1f}",
            limit=limit,
            setting=settings.MAX_UPLOAD_MB.name,
        )


def most_unpacked() -> int:
    """The most bytes that a packed file may unpack to."""
    return settings.MAX_UPLOAD_MB.value() * MB


def check_unpacked(name: str, size: int) -> None:
    """Raise UserError when what a packed file unpacks to, `size` bytes, is more than is read."""
    if size > most_unpacked():
        raise UserError(
            "{file} unpacks to more than {limit} MB, the most that is read (the setting {setting}); make it smaller, or leave out "
            "columns that hold no texts or labels",
            file=name,
            limit=settings.MAX_UPLOAD_MB.value(),
            setting=settings.MAX_UPLOAD_MB.name,
        )


def choose_columns(names: Sequence[str], rows: int) -> tuple[list[int], tuple[Note, ...]]:
    """The places of the columns that are read: all, or of very many those with usual names and then the first ones; and the remark."""
    most = max(FEWEST_COLUMNS, min(MOST_COLUMNS, MOST_CELLS // max(rows, 1)))
    if len(names) <= most:
        return list(range(len(names))), ()
    usual = [place for place, name in enumerate(names) if len(name) <= 50 and USUAL.search(name)]
    chosen = sorted(list(dict.fromkeys((*usual, *range(len(names)))))[:most])
    return chosen, columns_remark(most, len(names))


def columns_remark(read: int, columns: int) -> tuple[Note, ...]:
    """The remark that not all columns were read."""
    message = N_(
        "only {read} of {columns} columns were read: those with usual names, such as text and label, and the first ones"
    )
    return ((message, {"read": read, "columns": columns}),)
