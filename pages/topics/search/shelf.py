"""What is searched: the prepared help desk, or the visitor's own texts, pasted or from a file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from core import models, settings
from core.data import helpdesk
from core.data.layouts import LAYOUTS
from core.errors import N_, UserError
from core.search import index
from core.search import passages as core_passages
from core.tables import files
from pages.shared import inputs, layout
from pages.shared.data_form import passing
from pages.shared.data_form.uploads import suffixes_of
from pages.shared.i18n import _, language, ngettext, sentence

DOCUMENTS = LAYOUTS["documents"]
EXAMPLE = N_(
    "The library is open from nine to seven, on Saturdays until one.\nBooks may be kept for four weeks and renewed twice.\n"
    "Whoever returns a book late pays twenty cents a day.\nA library card costs nothing for anybody under eighteen.\n"
    "Drinks are allowed in the reading room if they have a lid.\nThe copying machine stands on the second floor.\n"
    "Quiet rooms for groups can be booked a week ahead.\nLost books are replaced at their price."
)
HANDBOOK = N_(
    "Welcome to the Harbour Museum\n\n"
    "The museum stands on the old coal quay, in a warehouse of 1887 that was to be pulled down in 1974. A society of forty neighbours bought it for a "
    "symbolic price and opened the first rooms three years later. Today 61,000 people come every year, most of them in August.\n\n"
    "Opening hours\n\n"
    "From April to October the museum is open every day from ten to six, on Thursdays until nine. In winter it closes at four and stays shut on Mondays. The "
    "last visitors are let in forty-five minutes before closing. It is closed on 24 December and for two weeks in January, when the floors are "
    "oiled.\n\n"
    "Tickets\n\n"
    "A ticket costs 12 euros, for students and anybody over sixty-five 8 euros; children under ten come in free. The family ticket for two adults and "
    "up to four children is 26 euros. Tickets are valid all day, so you may leave for lunch and come back. The steam crane is shown on the first Sunday of "
    "the month, at no extra charge.\n\n"
    "Getting here\n\n"
    "Tram 4 stops at Coal Quay, two minutes from the entrance. There is no car park; the nearest one is under the fish market and costs 2 euros an hour. "
    "The museum ferry leaves from the town bridge every half hour and takes twelve minutes. Bicycles can be locked beside the crane.\n\n"
    "In the house\n\n"
    "Bags larger than a sheet of paper must be left in a locker, for which you need a one-euro coin. Photographs are allowed without flash, except in the "
    "map room, where the paper is too sensitive. Dogs have to wait outside, unless they guide somebody. The lift reaches every floor but the lantern "
    "tower, which has 118 steps.\n\n"
    "For schools\n\n"
    "Classes of up to thirty pupils are taken round by former dock workers. The tour lasts ninety minutes and must be booked ten days ahead by letter or by "
    "telephone. Mrs Adeyemi, who looks after schools, is in her office on weekday mornings. Teachers come in free.\n\n"
    "The café\n\n"
    "The café Zum Anker has belonged to the Ferreira family since 1996. Its fish soup is made from what the boats bring in that morning, so it is often sold "
    "out by two. You can sit there without a ticket."
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
    pages: tuple[str, ...]


def desk_names() -> dict[str, str]:
    """The prepared help desks: language → name."""
    return {"en": _("help desk, English"), "zh": _("help desk, Chinese")}


def options() -> dict[str, str]:
    """What can be searched, the help desk in the language of the page first."""
    desks, first = desk_names(), language()
    own = {"document": _("a document"), "lines": _("my own lines"), "file": _("my own file")}
    return {first: desks.pop(first), **desks, **own}


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
            ("",) * len(desk.questions),
        )
    if kind == "file":
        return _from_file()
    if kind == "document":
        with st.expander(_("The document: read it, or paste your own"), icon=":material/description:"):
            written = inputs.lines(
                "document", "search", label=_("Text; an empty line begins a new paragraph"), example=_(HANDBOOK), height=360,
                help_text=_("It is cut into passages of whole sentences. A PDF or a text file can be given under “my own file”."),
            )  # fmt: skip
        return _document([part for part in re.split(r"\n\s*\n", written) if part.strip()])
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
    for message, values in index.remarks(passages):
        st.caption(layout.plain(sentence(message, values)))
    return Shelf(passages, tuple(titles), tuple(answers), ("",) * len(titles), "", ("",) * len(titles))


def _document(parts: Sequence[str], pages: Sequence[str] = ()) -> Shelf:
    """A text cut into passages. pages: of each part, () where there are none."""
    passages = core_passages.cut(parts, pages)
    shelf = _own([passage.text for passage in passages], [""] * len(passages))
    st.caption(
        ngettext("{count:,} passage", "{count:,} passages", len(shelf.passages)).format(count=len(shelf.passages))
    )
    return replace(shelf, pages=tuple(passage.page for passage in passages[: len(shelf.passages)]))


def _from_file() -> Shelf | None:
    upload = st.file_uploader(
        _("A file with one text a row, or a document (.pdf .txt .md)"),
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
    if Path(upload.name).suffix.lower() in files.DOCUMENT_SUFFIXES:
        return _document(list(frame["text"]), list(frame["page"]) if "page" in frame else ())
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
