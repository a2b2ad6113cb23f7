"""What is searched: the prepared help desk, or the visitor's own texts, pasted or from a file."""

from dataclasses import dataclass

import streamlit as st

from core import models, settings
from core.data import helpdesk
from core.data.layouts import LAYOUTS
from core.errors import N_, UserError
from pages.shared import inputs, layout
from pages.shared.data_form import passing
from pages.shared.data_form.uploads import suffixes_of
from pages.shared.i18n import _, language, ngettext

DOCUMENTS = LAYOUTS["documents"]
EXAMPLE = N_(
    "The library is open from nine to seven, on Saturdays until one.\nBooks may be kept for four weeks and renewed twice.\n"
    "Whoever returns a book late pays twenty cents a day.\nA library card costs nothing for anybody under eighteen.\n"
    "Drinks are allowed in the reading room if they have a lid.\nThe copying machine stands on the second floor.\n"
    "Quiet rooms for groups can be booked a week ahead.\nLost books are replaced at their price."
)


@dataclass(frozen=True)
class Shelf:
    """N texts that can be searched.

    passages: what is searched. titles, answers: what is shown of each, the answer "" where there is none. groups: the topic of each, "" for
    none. desk: the language of the help desk that this is, "" for own texts.
    """

    passages: tuple[str, ...]
    titles: tuple[str, ...]
    answers: tuple[str, ...]
    groups: tuple[str, ...]
    desk: str


def options() -> dict[str, str]:
    """What can be searched, the help desk in the language of the page first."""
    desks = {"en": _("help desk, English"), "zh": _("help desk, Chinese")}
    first = language()
    return {first: desks.pop(first), **desks, "lines": _("my own lines"), "file": _("my own file")}


def model_for(kind: str) -> str:
    """The model that is offered first: the multilingual one for Chinese where it is there, else the bundled English one."""
    reads = kind if kind in helpdesk.LANGUAGES else language()
    here = reads != "en" and models.availability(models.MULTILINGUAL) == "here"
    return models.MULTILINGUAL if here else inputs.DEFAULTS["model"]


def choose(kind: str) -> Shelf | None:
    """The texts of a kind, None while no file is chosen."""
    if kind in helpdesk.LANGUAGES:
        desk = helpdesk.read(kind)
        return Shelf(
            desk.passages,
            tuple(row.question for row in desk.questions),
            tuple(row.answer for row in desk.questions),
            tuple(_(helpdesk.TOPICS[row.topic]) for row in desk.questions),
            kind,
        )
    if kind == "file":
        return _from_file()
    written = inputs.lines("passages", "search", label=_("Texts, one a line"), example=_(EXAMPLE))
    texts = [line.strip() for line in written.splitlines() if line.strip()]
    return _own(texts, [""] * len(texts))


def _own(titles: list[str], answers: list[str]) -> Shelf:
    most = settings.MAX_BULK.value()
    if not titles:
        raise UserError("there is nothing to search; give at least one text")
    if len(titles) > most:
        st.info(
            _("Of {count:,} texts the first {most:,} are searched.").format(count=len(titles), most=most),
            icon=":material/info:",
        )
    titles, answers = titles[:most], answers[:most]
    passages = tuple(f"{title} {answer}".strip() for title, answer in zip(titles, answers, strict=True))
    return Shelf(passages, tuple(titles), tuple(answers), ("",) * len(titles), "")


def _from_file() -> Shelf | None:
    upload = st.file_uploader(
        _("A file with one text a row"),
        type=suffixes_of([DOCUMENTS]),
        max_upload_size=settings.MAX_UPLOAD_MB.value(),
        key="search_file",
        help=_("Its encoding, delimiter and columns are recognised. The file is not kept, but an index of it is: vectors and single words."),
    )  # fmt: skip
    if upload is None:
        return None
    table = passing.table_of(upload, DOCUMENTS, key="search_")
    if table is None:
        return None
    frame = table.frame
    column, answer = passing.text_columns(
        frame, DOCUMENTS, upload, key="search_", second=_("Second column (optional), such as the answer or the body"),
        help_text=_("Both columns are searched; the first is shown as the title."),
    )  # fmt: skip
    titles = [str(text).strip() for text in frame[column]]
    answers = [str(text).strip() for text in frame[answer]] if answer else [""] * len(titles)
    full = [place for place, title in enumerate(titles) if title]
    st.caption(
        ngettext("{rows:,} row in {file}", "{rows:,} rows in {file}", len(frame)).format(
            rows=len(frame), file=layout.plain(upload.name)
        )
    )
    return _own([titles[place] for place in full], [answers[place] for place in full])
