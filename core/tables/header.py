"""Whether the first row of a table holds the names of its columns, and where the table begins.

Names are told from data by the rows below them. This module does not know what the columns mean; it knows the words that
names of columns are made of.
"""

import re
from collections.abc import Sequence
from typing import Literal

from core.tables import fit
from core.tables.table import is_number

Verdict = Literal["names", "probably names", "probably data", "data"]

LOOKED_AT = 2000  # rows by which the first one is judged
LONGEST_NAME = 100
MOST_ABOVE = 10  # rows above the names
# The words that names of columns are made of.
USUAL = frozenset(
    "id idx index no nr number key guid uuid user author name source url link file path date day time timestamp year created "
    "text texts txt sentence sentences review reviews content contents comment comments tweet message messages msg post body "
    "document documents doc passage paragraph utterance query question questions answer answers headline title subject "
    "summary abstract description input input_text phrase quote premise hypothesis context feedback language lang "
    "label labels sentiment class classes category categories target gold intent emotion emotions polarity tag tags topic "
    "stars star rating ratings score scores split usage fold word words token tokens lemma pos ner entity entities spans "
    "annotations "
    "文本 句子 评论 内容 正文 评价 评论内容 文本内容 语句 消息 微博 弹幕 问题 标题 标签 类别 情感 分类 情感倾向 情感极性 情绪 极性 意图 主题 类型 "
    "标注 评分 编号 序号 链接 日期 时间 前提 假设 答案 回答 文本1 文本2 句子1 句子2".split()
)


def verdict(first: Sequence[str], rows: Sequence[Sequence[str]]) -> Verdict:
    """What the first row is, by the rows below it that fit.

    A cell speaks for names when it is a usual name, a question above its answers or no number above numbers; for data when it is one of the few values
    of its column or a number above numbers. Where no cell says either, a text as long as those below it is data.
    """
    rows = [cells for cells in rows if cells != list(first)][:LOOKED_AT]
    names = data = short = long = 0
    for place, cell in enumerate(map(str.strip, first)):
        values = [cells[place].strip() for cells in rows if place < len(cells) and cells[place].strip()]
        if not cell or not values:
            names += is_usual(cell)
        elif all(map(is_number, values)):
            names, data = names + (not is_number(cell)), data + is_number(cell)
        elif _recurs(cell, values):
            data += 1
        elif is_usual(cell) or _asks(cell, values):
            names += 1
        elif _is_as_long(cell, values):
            long += 1
        else:
            short += 1
    if names or data:
        certain = not (names and data)
        likely = names >= data
        return ("names" if likely else "data") if certain else ("probably names" if likely else "probably data")
    if long:
        return "probably data"
    return "names" if short > 1 and len(rows) > 3 else "probably names"


def is_usual(cell: str) -> bool:
    """Whether a cell is made of the words that names of columns are made of."""
    if len(cell) > LONGEST_NAME:
        return False
    words = re.split(r"[\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cell.strip()).casefold())
    return len(words) <= 4 and any(word in USUAL or word.rstrip("0123456789") in USUAL for word in words)


def above(rows: Sequence[Sequence[str]], width: int) -> int:
    """How many rows stand above the table: titles, and comments that start with #.

    A title fills fewer cells than there are columns, and certain names stand below it.
    """
    for count in range(min(MOST_ABOVE, len(rows) - 1)):
        cells = rows[count]
        if fit.filled(cells) >= width and not cells[0].startswith("#"):
            break
        below = rows[count + 1]
        named = fit.filled(below) >= width and verdict(below, rows[count + 2 :]) == "names"
        if named and verdict(cells, rows[count + 1 :]) != "data":
            return count + 1
    comments = 0
    while comments < len(rows) and rows[comments][0].startswith("#") and len(rows[comments]) != width:
        comments += 1
    return comments if comments < len(rows) else 0


def _recurs(cell: str, values: Sequence[str]) -> bool:
    """Whether a cell is one of the few values of its column."""
    found = [value.casefold() for value in values]
    return cell.casefold() in found and len(set(found)) <= max(2, len(found) / 2)


def _asks(cell: str, values: Sequence[str]) -> bool:
    """Whether a cell is a whole sentence above a few short values, as surveys name their columns."""
    few = len(set(values)) <= len(values) / 2
    return few and len(cell.split()) > 2 + max(len(value[:200].split()) for value in values)


def _is_as_long(cell: str, values: Sequence[str]) -> bool:
    """Whether a cell is a text as long as those below it: not shorter than a tenth of them, and of several words."""
    lengths = sorted(map(len, values))
    prose = len(cell) > 60 or len(cell.split()) > 2 or not cell.isascii()
    return prose and len(cell) >= lengths[len(lengths) // 10]
