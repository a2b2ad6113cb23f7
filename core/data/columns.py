"""choose_columns: which column of a table plays which role.

A column is named (by its name, by its number, or several joined by "+"), or found by its usual name, or by its content. What is
not clear is asked, never guessed. This module does not know what becomes of the rows.
"""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from core.data.dataset import Finder, Layout, Role
from core.errors import N_, Note, UserError, plural
from core.results import JOINED
from core.tables.table import is_number, spread

SPLIT_NAMES = "split set subset partition usage datasplit splitname 划分 拆分 数据划分 数据集 集合".split()
NEITHER_NAMES = (
    *SPLIT_NAMES,
    *"id idx index guid uuid url link date time timestamp year month day createdat updatedat".split(),
    *"编号 序号 链接 日期 时间 年份 月份".split(),
)
LABEL_WORDS = "label sentiment class target 标签 类别 情感 分类 标注".split()
BEFORE = "before correction"  # the column of a corrected copy that keeps what each corrected label was
QUESTIONS = ("question", "query", "问题")
PASSAGES = ("context", "passage", "paragraph", "document", "article", "上下文", "文章", "段落", "篇章")
ANSWERS = ("answer", "answers", "answertext", "答案")
LISTS = ("words", "tags", "answers")  # kinds of roles whose cells may be lists or objects
JOINABLE = ("text", "labels")  # kinds of cells that may stand in several columns
PLAIN = ("text", "label")  # kinds of cells that are one text each
FILLED = 0.9  # share of the rows in which a column that may be guessed as the label holds something
MANY_NUMBERS = 20  # a column with more different numbers rather counts or measures something
LABEL_CHARS = 50
FLAGS = ({"0", "1"}, {"0.0", "1.0"}, {"true", "false"})
TAG = re.compile(r"O|[BIMELSUW][-_]\S+")
DATE = re.compile(
    r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([ T].*)?|\d{4}年\d{1,2}月(\d{1,2}日)?|\d{1,2}:\d{2}(:\d{2})?"
    r"|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|\d{1,2}\.? [A-Za-z]{3,9}\.? \d{4}"
)
CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class SeveralLabels(UserError):
    """Rows that were to have one label each have any number of them."""


# --- What a person names -----------------------------------------------------------------------------------------------


def named(frame: pd.DataFrame, name: str, *, joined: bool = False) -> str:
    """The column that a person means: its name, its number counted from 1, or, where they may be joined, several with + between them.

    A name that is a number wins over the number. Raises UserError when there is no such column.
    """
    if name in frame.columns:
        return name
    if name.isascii() and name.isdigit() and 1 <= int(name[:9]) <= len(frame.columns):
        return str(frame.columns[int(name) - 1])
    if joined and JOINED in name:
        return JOINED.join(named(frame, part.strip()) for part in name.split(JOINED))
    raise UserError("column '{column}' not found; the file has: {columns}", column=name[:100], columns=_listed(frame))


def parts_of(frame: pd.DataFrame, column: str) -> list[str]:
    """The columns that a column, or several joined by +, is made of."""
    return [column] if column in frame.columns else column.split(JOINED)


def cells(frame: pd.DataFrame, column: str, separator: str = " ") -> list[str]:
    """The cells of a column, or of several joined by +: their texts with the separator between them, empty ones left out."""
    parts = parts_of(frame, column)
    if len(parts) == 1:
        return list(frame[column])
    rows = zip(*(frame[part] for part in parts), strict=True)
    return [separator.join(text for cell in row if (text := cell.strip())) for row in rows]


def check_column(frame: pd.DataFrame, column: str) -> None:
    """Raise UserError unless the table has this column, and its cells are plain text."""
    for part in parts_of(frame, column):
        if not is_plain(frame[named(frame, part)]):
            raise UserError(
                "column '{column}' holds lists, objects or binary data; each cell must be one text, number or truth value",
                column=part[:100],
            )


# --- What is found -----------------------------------------------------------------------------------------------------


def choose_columns(frame: pd.DataFrame, layout: Layout, columns: Mapping[str, str]) -> dict[str, str]:
    """The column of each role that a layout's source brings.

    columns: role → the column that was named for it; the others are found by their usual names, then by content: the longest
    texts, and the one column that can be the label. Raises UserError when a role stays open or could be played by several, a
    named column does not exist, or the layout has no such role.
    """
    return _choose(frame, layout, layout.roles, columns)


def choose_inputs(frame: pd.DataFrame, layout: Layout, columns: Mapping[str, str]) -> dict[str, str]:
    """The column of each text that a model of this layout is asked about, as `choose_columns` finds them."""
    return _choose(frame, layout, layout.inputs, columns)


def prefer(frame: pd.DataFrame, roles: Sequence[Role], columns: Mapping[str, str]) -> dict[str, str]:
    """Those of role → column that the roles ask for and the table has."""
    known = {role.id for role in roles}
    return {
        role: column
        for role, column in columns.items()
        if role in known and all(part in frame.columns for part in parts_of(frame, column))
    }


def instead(preferred: Mapping[str, str], named: Mapping[str, str], chosen: Mapping[str, str]) -> tuple[Note, ...]:
    """A remark for each column that was preferred, as by a model that learnt from it, and that another one is read instead of.

    named: the preferred ones that the table has, and those that somebody named. chosen: those that are read.
    """
    message = N_("the model learnt from '{learnt}', which the file does not have; it reads '{column}' instead")
    return tuple(
        (message, {"learnt": column[:100], "column": chosen[role][:100]})
        for role, column in preferred.items()
        if role in chosen and role not in named
    )


def _choose(frame: pd.DataFrame, layout: Layout, roles: Sequence[Role], columns: Mapping[str, str]) -> dict[str, str]:
    known = {role.id: role for role in (*layout.roles, *layout.inputs)}
    for role_id in columns:
        if role_id not in known:
            raise UserError(
                "there is no column for '{role}' here; the roles are {roles}",
                role=role_id[:50],
                roles=", ".join(role.id for role in roles),
            )
    wanted = [role.id for role in roles]
    chosen = {
        role_id: named(frame, column, joined=known[role_id].kind in JOINABLE)
        for role_id, column in columns.items()
        if column and role_id in wanted
    }
    taken = _taken(frame, chosen)
    if len(set(taken)) < len(taken):
        raise UserError(
            "the same column is chosen twice: {columns}; text and label must be different columns",
            columns=", ".join(chosen.values())[:300],
        )
    for names, usual in layout.usual.items():
        if set(names) <= set(wanted):
            _guess_by_name(frame, names, usual, chosen)
    _guess_by_content(frame, roles, chosen, layout.finders)
    for role in roles:
        if role.kind == "label":
            _refuse_lists(frame, chosen[role.id])
        if role.kind in PLAIN:
            check_column(frame, chosen[role.id])
    return {role: chosen[role] for role in wanted}


def _refuse_lists(frame: pd.DataFrame, column: str) -> None:
    """Raise SeveralLabels when each cell of the column of labels is a list of words."""
    if len(frame) and all(
        isinstance(cell, list) and all(isinstance(part, str) for part in cell) for cell in frame[column]
    ):
        raise SeveralLabels(
            N_(
                "column '{column}' holds a list in each cell; a task for several labels at once reads such lists, this one needs one label"
            ),
            column=column[:100],
        )


def _taken(frame: pd.DataFrame, chosen: Mapping[str, str]) -> list[str]:
    return [part for column in chosen.values() for part in parts_of(frame, column)]


def _guess_by_name(frame: pd.DataFrame, roles: tuple[str, ...], usual: Sequence[str], chosen: dict[str, str]) -> None:
    """Put the columns with the usual names for `roles` into `chosen`, unless one of the roles is filled already.

    Columns that hold something in half of the rows come before those that hold less.
    """
    if any(role in chosen for role in roles):
        return
    taken = _taken(frame, chosen)
    free = {plain_name(column): column for column in reversed(frame.columns) if column not in taken}
    full = {name: column for name, column in free.items() if filled(frame[column]) >= 0.5}
    for candidates in (full, free):
        for names in usual:
            columns = [candidates[name] for name in names.split(JOINED) if name in candidates]
            if len(columns) == len(roles):
                chosen.update(zip(roles, columns, strict=True))
                return


def _guess_by_content(
    frame: pd.DataFrame, roles: Sequence[Role], chosen: dict[str, str], finders: Mapping[str, Finder]
) -> None:
    """Fill the roles of `chosen` that are still open. Raises UserError when nothing fits."""
    if all(role.id in chosen for role in roles):
        return
    sample = _sample(frame)
    taken = _taken(frame, chosen)
    free = [column for column in frame.columns if column not in taken and plain_name(column) not in NEITHER_NAMES]
    plain = [column for column in free if is_plain(sample[column])]
    for role in roles:
        if role.id in finders and role.id not in chosen:
            chosen[role.id] = finders[role.id](sample, free)
    for role in roles:
        if role.kind in LISTS and role.id not in chosen:
            lists = [column for column in free if column not in plain and column not in chosen.values()]
            if not lists:
                raise UserError(
                    "which column holds the {role} is not clear; name it. The file has: {columns}",
                    role=role.id,
                    columns=_listed(frame),
                )
            chosen[role.id] = lists[0]
    for role in roles:
        if role.kind == "label" and role.id not in chosen:
            chosen[role.id] = _guess_label(frame, sample, plain)
        elif role.kind == "score" and role.id not in chosen:
            chosen[role.id] = _guess_score(frame, sample, plain)
    taken = _taken(frame, chosen)
    plain = [column for column in plain if column not in taken]
    open_roles = [role.id for role in roles if role.kind == "text" and role.id not in chosen]
    wordy = [column for column in plain if not sample[column].map(is_number).all()]
    if len(wordy) < len(open_roles):
        message = (
            N_("the task needs two text columns, and which they are is not clear; name them. The file has: {columns}")
            if sum(role.kind == "text" for role in roles) > 1
            else N_("which column holds the text is not clear; name it, or call it 'text'. The file has: {columns}")
        )
        raise UserError(message, columns=_listed(frame))
    chars = {column: sample[column].map(len).mean() for column in wordy}
    longest = sorted(wordy, key=chars.__getitem__, reverse=True)[: len(open_roles)]
    chosen.update(zip(open_roles, sorted(longest, key=plain.index), strict=True))


def _guess_label(frame: pd.DataFrame, sample: pd.DataFrame, plain: Sequence[str]) -> str:
    """The one column that can be the label; of several, the one whose name says so. Raises UserError when it is not clear."""
    candidates = [column for column in plain if _may_be_label(sample[column])]
    counting = [column for column in candidates if _counts_something(sample[column])]
    candidates = [column for column in candidates if column not in counting] or counting
    if not candidates:
        raise UserError(
            "which column holds the label is not clear; name it, or call it 'label'. The file has: {columns}",
            columns=_listed(frame),
        )
    called = [column for column in candidates if any(word in plain_name(column) for word in LABEL_WORDS)]
    likely = called or candidates
    if len(likely) == 1:
        return likely[0]
    flags = [column for column in candidates if {cell.casefold() for cell in sample[column]} - {""} in FLAGS]
    if len(flags) > 1 and set(likely) <= set(flags):
        raise SeveralLabels(
            N_(
                "several columns say yes or no to a label of their own: {columns}. A task for several labels at once learns them together; "
                "for this one name the column of the one label that is to be learnt"
            ),
            columns=_some(flags),
        )
    raise UserError(
        "which column holds the label is not clear: it can be any of {candidates}; name it. The file has: {columns}",
        candidates=_some(likely),
        columns=_listed(frame),
    )


def _guess_score(frame: pd.DataFrame, sample: pd.DataFrame, plain: Sequence[str]) -> str:
    """The one column of different numbers. Raises UserError when there is none, or several."""
    candidates = [
        column
        for column in plain
        if filled(sample[column]) >= FILLED and sample[column].nunique() > 1 and sample[column].map(is_number).all()
    ]
    if len(candidates) == 1:
        return candidates[0]
    raise UserError(
        "which column holds the score is not clear; name it, or call it 'score'. The file has: {columns}",
        columns=_listed(frame),
    )


def _may_be_label(column: pd.Series) -> bool:
    """Whether a column holds short values that repeat, in nearly every row: neither numbers of rows, dates nor measurements."""
    values = column[column.map(str.strip) != ""]
    distinct = values.nunique()
    if len(values) < FILLED * len(column) or not 2 <= distinct < len(values) or values.map(len).mean() > LABEL_CHARS:
        return False
    if len(values) >= 20 and distinct > len(values) / 2:
        return False
    return bool(values.map(lambda cell: not DATE.fullmatch(cell.strip())).mean() > 1 - FILLED)


def _counts_something(column: pd.Series) -> bool:
    return column.nunique() > MANY_NUMBERS and bool(column.map(is_number).all())


# --- What else is there ------------------------------------------------------------------------------------------------


def more_texts(frame: pd.DataFrame, layout: Layout, chosen: Mapping[str, str]) -> tuple[str, ...]:
    """Columns that hold texts as well, but that no role took."""
    if any(role.kind in LISTS for role in layout.roles):
        return ()
    sample, taken = _sample(frame), _taken(frame, chosen)
    free = (column for column in frame.columns if column not in taken and plain_name(column) not in NEITHER_NAMES)
    return tuple(column for column in free if is_plain(sample[column]) and _holds_texts(sample[column]))


def _holds_texts(column: pd.Series) -> bool:
    """Whether most cells are filled with several words, and few of them repeat."""
    values = column[column.map(str.strip) != ""]
    if len(values) < len(column) / 2 or values.nunique() <= len(values) / 2:
        return False
    several = values.map(lambda cell: len(cell.split()) > 1 or len(CJK.findall(cell)) > 3)
    return bool(several.mean() >= 0.5) and not bool(values.map(lambda cell: bool(DATE.fullmatch(cell.strip()))).any())


def holds_tags(frame: pd.DataFrame, layout: Layout) -> bool:
    """Whether a table that is read as texts is a list of words with a tag (O, B-TYPE, I-TYPE) each."""
    if any(role.kind in LISTS for role in layout.roles):
        return False
    sample = _sample(frame)
    values = {column: set(sample[column].map(str.strip)) - {""} for column in sample if is_plain(sample[column])}
    tags = [
        column for column, found in values.items() if "O" in found and len(found) > 1 and all(map(TAG.fullmatch, found))
    ]
    words = [
        column for column, found in values.items() if column not in tags and not any(" " in cell for cell in found)
    ]
    return bool(tags and words)


def holds_questions(frame: pd.DataFrame, layout: Layout) -> bool:
    """Whether a table that is read as texts with labels is one of questions, passages and answers, and most answers stand in their passage."""
    if all(role.kind != "label" for role in layout.roles):
        return False
    sample = _sample(frame)
    by_name = {plain_name(column): sample[column] for column in sample if is_plain(sample[column])}
    named = [[by_name[name] for name in names if name in by_name] for names in (QUESTIONS, PASSAGES, ANSWERS)]
    if not all(named):
        return False
    _questions, passages, answers = (columns[0] for columns in named)
    found = [
        answer.strip().casefold() in passage.casefold()
        for passage, answer in zip(passages, answers, strict=True)
        if answer.strip()
    ]
    return len(found) >= len(sample) / 2 and sum(found) > len(found) / 2


def notes(frame: pd.DataFrame, layout: Layout, chosen: Mapping[str, str]) -> tuple[Note, ...]:
    """What is odd about the columns that were taken, and how many labels a person has corrected."""
    return (*_only_numbers(frame, layout, chosen), *_corrections(frame, chosen))


def _corrections(frame: pd.DataFrame, chosen: Mapping[str, str]) -> tuple[Note, ...]:
    label = chosen.get("label")
    if BEFORE not in frame or label not in frame:
        return ()
    corrected = frame[frame[BEFORE].astype(bool)]
    left_out = int((corrected[label] == "").sum())
    count = len(corrected) - left_out
    found = (
        (plural(N_("{count} label was corrected by hand; the column '{column}' keeps what it was"), N_("{count} labels were corrected by hand; the column '{column}' keeps what they were"), count), count),
        (plural(N_("{count} row was left out by hand; the column '{column}' keeps its label"), N_("{count} rows were left out by hand; the column '{column}' keeps their labels"), left_out), left_out),
    )  # fmt: skip
    return tuple((message, {"count": count, "column": BEFORE}) for message, count in found if count)


def _only_numbers(frame: pd.DataFrame, layout: Layout, chosen: Mapping[str, str]) -> tuple[Note, ...]:
    texts = {role.id for role in (*layout.roles, *layout.inputs) if role.kind == "text"}
    message = N_("every text in the column '{column}' is a number; is it the right column?")
    return tuple(
        (message, {"column": column[:100]})
        for role, column in chosen.items()
        if role in texts and column in frame.columns and _sample(frame)[column].map(is_number).all()
    )


def filled(column: pd.Series) -> float:
    """The share of the cells that hold something."""
    return float(column.map(lambda cell: bool(cell.strip() if isinstance(cell, str) else cell)).mean())


def _sample(frame: pd.DataFrame) -> pd.DataFrame:
    """At most 1,000 rows, from all over the frame."""
    return frame.iloc[spread(len(frame), 1000)]


def plain_name(column: str) -> str:
    return re.sub(r"[\W_]+", "", column.casefold())


def _listed(frame: pd.DataFrame) -> str:
    return _some(list(frame.columns))


def _some(names: Sequence[str]) -> str:
    return ", ".join(name[:50] for name in names[:50])


def is_plain(column: pd.Series) -> bool:
    return all(isinstance(cell, str) for cell in column)
