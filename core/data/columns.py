"""guess_columns: which column of a table plays which role.

A column is named, or found by its usual name, or by its content. This module does not know what becomes of the rows.
"""

import re
from collections.abc import Mapping

import pandas as pd

from core import tables
from core.errors import N_, UserError
from core.tasks import TASKS

USUAL_NAMES = {
    ("text",): (
        "text sentence review content comment tweet message post body document passage utterance query question headline "
        "title description input sentence1 text1 文本 句子 评论 内容 正文 评价 评论内容 文本内容 语句 消息 微博 弹幕 问题 标题"
    ),
    ("text", "pair"): (
        "sentence1+sentence2 text1+text2 texta+textb sentencea+sentenceb premise+hypothesis question1+question2 q1+q2 "
        "question+sentence query+passage query+document question+answer s1+s2 text+textpair text+pair "
        "句子1+句子2 文本1+文本2 问题1+问题2 前提+假设 问题+答案 问题+回答"
    ),
    ("label",): (
        "label labels sentiment class category target goldlabel labeltext topic intent emotion polarity tag stars rating "
        "score y 标签 类别 情感 分类 情感倾向 情感极性 情绪 极性 意图 主题 类型 标注 评分"
    ),
}
SPLIT_NAMES = "split set subset partition".split()
NEITHER_NAMES = (*SPLIT_NAMES, *"id idx index guid uuid url link date time timestamp 编号 序号 链接 日期 时间".split())


def guess_columns(
    frame: pd.DataFrame,
    task: str,
    *,
    text_column: str = "",
    pair_column: str = "",
    label_column: str = "",
    need_label: bool = True,
) -> dict[str, str]:
    """Which column plays which role (those of the task's columns: text, pair, label).

    A column that is named is taken; the others are found by their usual names, then by content: the longest texts, the
    fewest distinct values for the label. need_label: False where texts alone will do; "label" is then only in the
    result when its column was named. Raises UserError when a role stays open or a named column does not exist.
    """
    inputs = tuple(role for role in TASKS[task].columns if role != "label")
    need_label = need_label and "label" in TASKS[task].columns
    asked = {"text": text_column, "pair": pair_column, "label": label_column}
    if "label" not in TASKS[task].columns:
        asked["label"] = ""  # there may be labels; they are not looked at
    chosen = _named_columns(frame, asked)
    if "pair" in chosen and "pair" not in inputs:
        raise UserError("the task {task} reads one text; choose a pair task, or no second text column", task=task)
    _guess_by_name(frame, inputs, chosen)
    if need_label:
        _guess_by_name(frame, ("label",), chosen)
    _guess_by_content(frame, inputs, chosen, need_label)
    roles = [role for role in (*inputs, "label") if role in chosen]
    for role in roles:
        if not is_plain(frame[chosen[role]]):
            raise UserError(
                "column '{column}' holds lists, objects or binary data; each cell must be one text, number or truth value",
                column=chosen[role][:100],
            )
    return {role: chosen[role] for role in roles}


def _named_columns(frame: pd.DataFrame, asked: Mapping[str, str]) -> dict[str, str]:
    """The columns that were asked for. Raises UserError when one does not exist or is asked for twice."""
    chosen = {role: column for role, column in asked.items() if column}
    for column in chosen.values():
        if column not in frame.columns:
            raise UserError(
                "column '{column}' not found; the file has: {columns}", column=column[:100], columns=_listed(frame)
            )
    if len(set(chosen.values())) < len(chosen):
        raise UserError(
            "the same column is chosen twice: {columns}; text and label must be different columns",
            columns=", ".join(chosen.values())[:300],
        )
    return chosen


def _guess_by_name(frame: pd.DataFrame, roles: tuple[str, ...], chosen: dict[str, str]) -> None:
    """Put the columns with the usual names for `roles` into `chosen`, unless one of the roles is filled already."""
    if any(role in chosen for role in roles):
        return
    free = {plain_name(column): column for column in reversed(frame.columns) if column not in chosen.values()}
    for names in USUAL_NAMES[roles].split():
        columns = [free[name] for name in names.split("+") if name in free]
        if len(columns) == len(roles):
            chosen.update(zip(roles, columns, strict=True))
            return


def _guess_by_content(frame: pd.DataFrame, inputs: tuple[str, ...], chosen: dict[str, str], need_label: bool) -> None:
    """Fill the roles of `chosen` that are still open. Raises UserError when nothing fits."""
    sample = frame.iloc[:: max(1, len(frame) // 1000)]
    free = [
        column
        for column in frame.columns
        if column not in chosen.values() and plain_name(column) not in NEITHER_NAMES and is_plain(sample[column])
    ]
    chars = {column: sample[column].map(len).mean() for column in free}
    if need_label and "label" not in chosen:
        distinct = {column: sample[column][sample[column] != ""].nunique() for column in free}
        fitting = [column for column in free if 2 <= distinct[column] < len(sample) and chars[column] <= 50]
        if not fitting:
            raise UserError(
                "which column holds the label is not clear; name it, or call it 'label'. The file has: {columns}",
                columns=_listed(frame),
            )
        chosen["label"] = min(reversed(fitting), key=distinct.__getitem__)
        free.remove(chosen["label"])
    wordy = [column for column in free if not sample[column].map(tables.is_number).all()]
    open_roles = [role for role in inputs if role not in chosen]
    if len(wordy) < len(open_roles):
        message = (
            N_("the task needs two text columns, and which they are is not clear; name them. The file has: {columns}")
            if "pair" in inputs
            else N_("which column holds the text is not clear; name it, or call it 'text'. The file has: {columns}")
        )
        raise UserError(message, columns=_listed(frame))
    longest = sorted(wordy, key=chars.__getitem__, reverse=True)[: len(open_roles)]
    chosen.update(zip(open_roles, sorted(longest, key=free.index), strict=True))


def plain_name(column: str) -> str:
    return re.sub(r"[\W_]+", "", column.casefold())


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(column[:50] for column in frame.columns[:50])


def is_plain(cells: pd.Series) -> bool:
    return all(isinstance(cell, str) for cell in cells)
