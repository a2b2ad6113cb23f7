"""choose_columns: which column of a table plays which role.

A column is named, or found by its usual name, or by its content. This module does not know what becomes of the rows.
"""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from core.data.dataset import Layout, Role
from core.errors import N_, UserError
from core.tables.table import is_number

SPLIT_NAMES = "split set subset partition".split()
NEITHER_NAMES = (*SPLIT_NAMES, *"id idx index guid uuid url link date time timestamp 编号 序号 链接 日期 时间".split())
LISTS = ("words", "tags")


def choose_columns(frame: pd.DataFrame, layout: Layout, columns: Mapping[str, str]) -> dict[str, str]:
    """The column of each role that a layout's source brings.

    columns: role → the column that was named for it; the others are found by their usual names, then by content: the longest
    texts, the fewest distinct values for the label. Raises UserError when a role stays open, a named column does not exist, or
    the layout has no such role.
    """
    return _choose(frame, layout, layout.roles, columns)


def choose_inputs(frame: pd.DataFrame, layout: Layout, columns: Mapping[str, str]) -> dict[str, str]:
    """The column of each text that a model of this layout is asked about, as `choose_columns` finds them."""
    return _choose(frame, layout, layout.inputs, columns)


def prefer(frame: pd.DataFrame, roles: Sequence[Role], columns: Mapping[str, str]) -> dict[str, str]:
    """Those of role → column that the roles ask for and the table has."""
    known = {role.id for role in roles}
    return {role: column for role, column in columns.items() if role in known and column in frame.columns}


def check_column(frame: pd.DataFrame, column: str) -> None:
    """Raise UserError unless the table has this column, and its cells are plain text."""
    _check_exists(frame, column)
    if not is_plain(frame[column]):
        raise UserError(
            "column '{column}' holds lists, objects or binary data; each cell must be one text, number or truth value",
            column=column[:100],
        )


def _choose(frame: pd.DataFrame, layout: Layout, roles: Sequence[Role], columns: Mapping[str, str]) -> dict[str, str]:
    known = {role.id for role in (*layout.roles, *layout.inputs)}
    for named in columns:
        if named not in known:
            raise UserError(
                "there is no column for '{role}' here; the roles are {roles}",
                role=named[:50],
                roles=", ".join(role.id for role in roles),
            )
    wanted = [role.id for role in roles]
    chosen = {role: column for role, column in columns.items() if column and role in wanted}
    for column in chosen.values():
        _check_exists(frame, column)
    if len(set(chosen.values())) < len(chosen):
        raise UserError(
            "the same column is chosen twice: {columns}; text and label must be different columns",
            columns=", ".join(chosen.values())[:300],
        )
    for names, usual in layout.usual.items():
        if set(names) <= set(wanted):
            _guess_by_name(frame, names, usual, chosen)
    _guess_by_content(frame, roles, chosen)
    for role in roles:
        if role.kind not in LISTS:
            check_column(frame, chosen[role.id])
    return {role: chosen[role] for role in wanted}


def _check_exists(frame: pd.DataFrame, column: str) -> None:
    if column not in frame.columns:
        raise UserError(
            "column '{column}' not found; the file has: {columns}", column=column[:100], columns=_listed(frame)
        )


def _guess_by_name(frame: pd.DataFrame, roles: tuple[str, ...], usual: Sequence[str], chosen: dict[str, str]) -> None:
    """Put the columns with the usual names for `roles` into `chosen`, unless one of the roles is filled already."""
    if any(role in chosen for role in roles):
        return
    free = {plain_name(column): column for column in reversed(frame.columns) if column not in chosen.values()}
    for names in usual:
        columns = [free[name] for name in names.split("+") if name in free]
        if len(columns) == len(roles):
            chosen.update(zip(roles, columns, strict=True))
            return


def _guess_by_content(frame: pd.DataFrame, roles: Sequence[Role], chosen: dict[str, str]) -> None:
    """Fill the roles of `chosen` that are still open. Raises UserError when nothing fits."""
    sample = frame.iloc[:: max(1, len(frame) // 1000)]
    free = [
        column for column in frame.columns if column not in chosen.values() and plain_name(column) not in NEITHER_NAMES
    ]
    plain = [column for column in free if is_plain(sample[column])]
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
    chars = {column: sample[column].map(len).mean() for column in plain}
    for role in roles:
        if role.kind == "label" and role.id not in chosen:
            _guess_label(frame, sample, role, plain, chars, chosen)
    plain = [column for column in plain if column not in chosen.values()]
    open_roles = [role.id for role in roles if role.kind == "text" and role.id not in chosen]
    wordy = [column for column in plain if not sample[column].map(is_number).all()]
    if len(wordy) < len(open_roles):
        message = (
            N_("the task needs two text columns, and which they are is not clear; name them. The file has: {columns}")
            if sum(role.kind == "text" for role in roles) > 1
            else N_("which column holds the text is not clear; name it, or call it 'text'. The file has: {columns}")
        )
        raise UserError(message, columns=_listed(frame))
    longest = sorted(wordy, key=chars.__getitem__, reverse=True)[: len(open_roles)]
    chosen.update(zip(open_roles, sorted(longest, key=plain.index), strict=True))


def _guess_label(
    frame: pd.DataFrame,
    sample: pd.DataFrame,
    role: Role,
    plain: Sequence[str],
    chars: Mapping[str, float],
    chosen: dict[str, str],
) -> None:
    """The short column with the fewest distinct values."""
    distinct = {column: sample[column][sample[column] != ""].nunique() for column in plain}
    fitting = [column for column in plain if 2 <= distinct[column] < len(sample) and chars[column] <= 50]
    if not fitting:
        raise UserError(
            "which column holds the label is not clear; name it, or call it 'label'. The file has: {columns}",
            columns=_listed(frame),
        )
    chosen[role.id] = min(reversed(fitting), key=distinct.__getitem__)


def plain_name(column: str) -> str:
    return re.sub(r"[\W_]+", "", column.casefold())


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(column[:50] for column in frame.columns[:50])


def is_plain(cells: pd.Series) -> bool:
    return all(isinstance(cell, str) for cell in cells)
