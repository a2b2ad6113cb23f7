"""Tiny tables: the same six films in every kind of file, and what a table must never do."""

import json
from pathlib import Path

import pandas as pd

from core.tables.table import Table

FILMS = [
    ("I loved this film", "good"),
    ("A dull, endless evening", "bad"),
    ("Great acting and a fine plot", "good"),
    ("Terrible; I left early", "bad"),
    ("Warm and funny", "good"),
    ("A waste of two hours", "bad"),
]
CHINESE = [
    ("这部电影很好看", "正面"),
    ("剧情太差了,浪费时间", "负面"),
    ("演员的表演非常出色", "正面"),
    ("我不喜欢", "负面"),
]


def csv_text(rows: list[tuple[str, ...]], header: str = "text,label", delimiter: str = ",") -> str:
    quoted = [delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return "\n".join([header, *quoted]) + "\n"


def write(folder: Path, content: str | bytes, name: str = "data.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


OBJECTS = [{"text": text, "label": label} for text, label in FILMS]
CONTENTS = {
    "csv": csv_text(FILMS),
    "semicolons": csv_text(FILMS, "text;label", ";"),
    "tabs": csv_text(FILMS, "text\tlabel", "\t"),
    "bars": csv_text(FILMS, "text|label", "|"),
    "declared": "sep=;\r\n" + csv_text(FILMS, "text;label", ";"),
    "windows lines": csv_text(FILMS).replace("\n", "\r\n"),
    "old Mac lines": csv_text(FILMS).replace("\n", "\r"),
    "list": json.dumps(OBJECTS),
    "data": json.dumps({"version": 1, "data": OBJECTS}),
    "columns": json.dumps({"text": [t for t, _ in FILMS], "label": [x for _, x in FILMS]}),
    "numbered columns": pd.DataFrame(OBJECTS).to_json(),
    "lines": "\n".join(json.dumps(row) for row in OBJECTS),
    "lines with blanks": "\n\n".join(json.dumps(row) for row in OBJECTS) + "\n\n",
}


class Bomb:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return Path.touch, (self.trace,)


def rows_of(table: Table) -> list[tuple]:
    return list(table.frame.itertuples(index=False, name=None))


def notes_of(table: Table) -> str:
    return " / ".join(template.format(**values) for template, values in table.notes)
