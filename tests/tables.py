"""Tiny tables: the same six films in every kind of file, and what a table must never do."""

import json
from collections.abc import Sequence
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


def pdf_bytes(pages: Sequence[str]) -> bytes:
    """A PDF with these pages of Latin text, a line for each line; "" for a page without text."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    font = 3
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    kids = []
    for page in pages:
        lines = "".join(f"({line.translate({40: None, 41: None, 92: None})}) Tj T* " for line in page.splitlines())
        content = f"BT /F1 12 Tf 14 TL 50 750 Td {lines}ET" if page else ""
        kids.append(len(objects) + 1)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 {font} 0 R >> >> /Contents {len(objects) + 2} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>"
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    start = len(data)
    data += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    data += "".join(f"{place:010d} 00000 n \n" for place in places).encode()
    data += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return data
