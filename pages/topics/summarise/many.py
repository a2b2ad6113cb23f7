"""Many texts at once: a file, or the prepared articles, each row with its summary, to be taken away."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core import rouge, settings
from core.data import summaries
from core.data.columns import check_column
from core.data.layouts import LAYOUTS
from core.export.tables import csv_text, with_columns
from core.summarise import many as core_many
from core.summarise.summary import Document
from pages.shared import i18n, layout, progress
from pages.shared.cached import summaries as cached
from pages.shared.data_form import passing
from pages.shared.data_form.uploads import suffixes_of
from pages.shared.i18n import _, language
from pages.topics.summarise import measured
from pages.topics.summarise.settings import Wish

DOCUMENTS = LAYOUTS["documents"]
SHOWN_CHARS = 300


@dataclass(frozen=True)
class Texts:
    """N rows to be summarised. frame: all their columns; references: a summary to compare with, "" where there is none."""

    frame: pd.DataFrame
    texts: tuple[str, ...]
    references: tuple[str, ...]


def show(wish: Wish) -> None:
    """A table of summaries, its download, and ROUGE where the rows have references."""
    with st.container(border=True):
        rows = _from_file()
    if rows is None:
        articles = summaries.read(language())
        frame = pd.DataFrame({"title": [row.title for row in articles], "text": [row.text for row in articles]})
        rows = Texts(frame, tuple(row.text for row in articles), tuple(row.summary for row in articles))
    documents = progress.work(
        f"summarise_many_{wish.model}_{hash(rows.texts)}", _("Summarising"),
        lambda tell: cached.read(wish.model, rows.texts, tell),
    )  # fmt: skip
    if documents is None:
        return
    references = rows.references if any(rows.references) else None
    made = core_many.frame(documents, wish.method, wish.length, wish.relevance, references, i18n.error_text)
    _table(rows, made)
    _take_away(rows, made)
    compared = [
        (text, reference)
        for text, reference, document in zip(rows.texts, rows.references, documents, strict=True)
        if reference.strip() and isinstance(document, Document)
    ]
    if compared:
        texts, given = zip(*compared, strict=True)
        quality = cached.quality(wish.model, texts, given, wish.length, wish.relevance)
        st.markdown("**" + _("Beside the other methods, over rows with a reference ({count:,}); 95% intervals in brackets").format(count=len(compared)) + "**")  # fmt: skip
        measured.table(quality)
        measured.verdict(quality)


def _table(rows: Texts, made: pd.DataFrame) -> None:
    without = int((made["summary"] == "").sum())
    said = _("Texts: {count:,}").format(count=len(made))
    if without:
        said += " · " + _("without a summary: {count:,}; the note says why").format(count=without)
    st.markdown(said)
    shown = pd.DataFrame(
        {
            _("Row"): range(1, len(made) + 1),
            _("Summary"): made["summary"],
            _("Text"): [" ".join(text[:SHOWN_CHARS].split()) for text in rows.texts],
            _("Sentences"): [f"{taken} / {count}" if note == "" else "" for taken, count, note in zip(made["taken"], made["sentences"], made["note"], strict=True)],
        }
    )  # fmt: skip
    if without:
        shown[_("Note")] = made["note"]
    for kind in rouge.KINDS.values():
        if kind.id in made:
            shown[kind.title] = made[kind.id]
    st.dataframe(
        shown,
        hide_index=True,
        row_height=84,
        column_config={
            _("Row"): st.column_config.NumberColumn(width="small"),
            _("Summary"): st.column_config.TextColumn(width="large"),
            **{
                kind.title: st.column_config.NumberColumn(format="%.3f", width="small") for kind in rouge.KINDS.values()
            },
        },
        alt=_("A summary for each text"),
    )


def _take_away(rows: Texts, made: pd.DataFrame) -> None:
    added = {str(column): made[column].astype(object).where(made[column].notna(), "").tolist() for column in made}
    file = layout.Download(
        _("Summaries (CSV)"), "summaries.csv", "text/csv", csv_text(with_columns(rows.frame, added), mark=True)
    )
    layout.downloads([file], "summarise_many")


def _from_file() -> Texts | None:
    """The rows of a file once one is chosen."""
    upload = st.file_uploader(
        _("A file with one text a row"),
        type=suffixes_of([DOCUMENTS]),
        max_upload_size=settings.MAX_UPLOAD_MB.value(),
        key="summarise_file",
        help=_("Its encoding, delimiter and columns are recognised. It is read here and not kept. In a text file an empty line stands between two texts; of a PDF each page is one."),
    )  # fmt: skip
    if upload is None:
        st.caption(_("Until you choose a file, the prepared articles are summarised."))
        return None
    table = passing.table_of(upload, DOCUMENTS, key="summarise_")
    if table is None:
        return None
    frame = table.frame
    column, reference = passing.text_columns(
        frame, DOCUMENTS, upload, key="summarise_", second=_("Column of summaries to compare with (optional)")
    )
    for name in filter(None, (column, reference)):
        check_column(frame, name)
    most = settings.MAX_BULK.value()
    if len(frame) > most:
        st.info(_("Of {count:,} texts the first {most:,} are summarised.").format(count=len(frame), most=most), icon=":material/info:")  # fmt: skip
    frame = frame.head(most)
    return Texts(
        frame,
        tuple(str(text) for text in frame[column]),
        tuple(str(text) for text in frame[reference]) if reference else ("",) * len(frame),
    )
