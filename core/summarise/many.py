"""Many summaries as a table, a row each, with a note where there is none, and ROUGE where there is a reference.

This module does not know which file the texts come from.
"""

from collections.abc import Callable, Sequence

import pandas as pd

from core import rouge
from core.errors import UserError
from core.summarise.methods import Method
from core.summarise.summary import Document, Length, choose


def frame(
    documents: Sequence[Document | UserError],
    method: Method,
    length: Length,
    relevance: float,
    references: Sequence[str] | None = None,
    say: Callable[[UserError], str] = str,
) -> pd.DataFrame:
    """A row for each of N texts: summary, taken (sentences), sentences, note, and with references the F1 of every kind of ROUGE.

    say: a mistake in words. What is not known is an empty cell.
    """
    rows: list[dict[str, object]] = []
    for place, document in enumerate(documents):
        reference = references[place].strip() if references is not None else ""
        if isinstance(document, UserError):
            rows.append({"summary": "", "taken": None, "sentences": None, "note": say(document)})
            continue
        summary = choose(document, method, length, relevance)
        row: dict[str, object] = {"summary": summary.text, "taken": len(summary.taken), "sentences": len(summary.sentences), "note": ""}  # fmt: skip
        if reference:
            row |= {kind: overlap.f1 for kind, overlap in rouge.rouge(summary.text, reference).items()}
        rows.append(row)
    columns = ["summary", "taken", "sentences", "note", *(rouge.KINDS if references is not None else ())]
    return pd.DataFrame(rows, columns=columns).astype({"taken": "Int64", "sentences": "Int64"})
