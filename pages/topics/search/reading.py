"""The answer out of the visitor's own texts: a reader marks it in a passage, else the nearest sentence is shown, else that there is none."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.bundled import READY
from core.data.entities import Mark
from core.search.reply import READ, Found, Near, Reply
from core.search.ways import WAYS, Hit, Scores
from core.summarise.sentences import language_of
from core.tasks.spans import Answered
from pages.shared import inputs, progress
from pages.shared.cached import models as cached_models
from pages.shared.cached import search as cached_search
from pages.shared.i18n import _, ngettext, sentences
from pages.shared.layout import plain
from pages.shared.tasks import marks
from pages.shared.tasks.table import VIEWS
from pages.topics.search.shelf import Shelf, desk_names

NONE = "none"  # no reader


def readers(shelf: Shelf) -> dict[str, str]:
    """What can look for answers: name → title, the one that suits these texts first."""
    none = {NONE: _("none: only the nearest sentence")}
    titles = inputs.answering("spans")
    reads = language_of(" ".join(shelf.passages[:READ]))
    first = next(iter(titles), "")
    if first in READY and reads not in READY[first].languages.split():
        return none | titles
    return titles | none


def choose(shelf: Shelf) -> str:
    """The reader, chosen by the visitor; "" for none."""
    chosen = inputs.choice("reader", "search", readers(shelf), _("Reader"))
    return "" if chosen == NONE else chosen


def threshold(model: str, desk: str) -> float | None:
    """The similarity from which on something is near enough, chosen on the validation questions of a language's help desk; None when that was
    cancelled."""
    return progress.work(
        f"search_threshold_{model}_{desk}", _("Choosing the threshold"),
        lambda report: cached_search.threshold(model, desk, report),
    )  # fmt: skip


def show(model: str, question: str, shelf: Shelf, scores: Scores, reader: str) -> None:
    """The answer in its passage, or what comes nearest to one, and what the reader says of every passage that it read."""
    hits = WAYS["both"].hits(scores, READ)
    desk = language_of(" ".join(shelf.passages[:READ]))
    least = threshold(model, desk)
    if least is None:
        return
    reply = cached_search.replied(reader, question, shelf.passages, hits) if reader else Reply((), (), None)
    near = cached_search.nearest(model, question, shelf.passages, hits)
    with st.container(border=True, key="reply"):
        if near is None or near.cosine < least:
            _nothing(near, least, desk)
        elif reply.found is not None and reply.chosen is not None:
            _answer(reply.read[reply.chosen], reply.found, shelf)
        else:
            _near(near, least, desk, shelf, read=bool(reader))
    if reader:
        _every_passage(reply, hits, shelf, reader)


def code(question: str, shelf: Shelf, scores: Scores, reader: str) -> str:
    """The script that reads the passage which holds the answer; "" where no answer was found."""
    if not reader:
        return ""
    found = cached_search.replied(reader, question, shelf.passages, WAYS["both"].hits(scores, READ)).found
    if found is None:
        return ""
    ready = cached_models.predictor(reader)
    given = dict(zip(ready.task.inputs, (question, shelf.passages[found.place]), strict=True))
    return "\n\n# The reader, in the passage where it doubts least\n" + VIEWS[ready.task.id].predict_code(
        reader, given, ready.max_length
    )


def _answer(answered: Answered, found: Found, shelf: Shelf) -> None:
    best = answered.best[0]
    st.markdown(f"## {plain(best.text)}")
    _passage(found, shelf, _("answer"))
    st.caption(
        sentences(
            _where(found.place, shelf),
            _("Probability {probability:.0%}; doubt whether there is an answer {doubt:.0%}, of at most {threshold:.0%}.").format(
                probability=best.probability, doubt=answered.doubt, threshold=answered.threshold
            ),
        )
    )  # fmt: skip


def _nothing(near: Near | None, threshold: float, desk: str) -> None:
    """Whatever the reader says: words that it marks in texts on something else are no answer."""
    st.markdown("**" + _("I do not know.") + "**")
    st.caption(
        sentences(
            _("No sentence is near enough to the question: the nearest has a similarity of {value:.2f}, and {threshold:.2f} is needed.").format(
                value=near.cosine if near else 0.0, threshold=threshold
            ),
            _origin(threshold, desk),
        )
    )  # fmt: skip


def _origin(threshold: float, desk: str) -> str:
    """On what the threshold was chosen, since it was not on these texts."""
    return _(
        "The threshold {threshold:.2f} was chosen on other texts ({desk}); for your own another one may be better."
    ).format(threshold=threshold, desk=desk_names()[desk])


def _near(near: Near, threshold: float, desk: str, shelf: Shelf, *, read: bool) -> None:
    if read:
        st.markdown(_("The reader finds no answer. This sentence is nearest to the question:"))
    else:
        st.markdown(_("This sentence is nearest to the question:"))
    _passage(near.found, shelf, _("nearest sentence"))
    st.caption(
        sentences(
            _where(near.found.place, shelf),
            _("Similarity {value:.2f}.").format(value=near.cosine),
            _origin(threshold, desk),
        )
    )


def _passage(found: Found, shelf: Shelf, kind: str) -> None:
    st.html(marks.marked(shelf.passages[found.place], (Mark(found.start, found.end, kind),), (kind,), small=True))


def _where(place: int, shelf: Shelf) -> str:
    """Which passage, and on which page."""
    count = len(shelf.passages)
    if shelf.pages[place]:
        return _("From page {page}, passage {number} of {count}.").format(
            page=shelf.pages[place], number=place + 1, count=count
        )
    return _("From passage {number} of {count}.").format(number=place + 1, count=count)


def _every_passage(reply: Reply, hits: tuple[Hit, ...], shelf: Shelf, reader: str) -> None:
    if not reply.read:
        return
    percent = st.column_config.NumberColumn(format="percent", width="small")
    columns: Mapping[str, list[object]] = {
        _("Passage"): [place + 1 for place in reply.places],
        _("The reader's answer"): [row.answer or _("no answer") for row in reply.read],
        _("Probability"): [row.best[0].probability if row.best else 0.0 for row in reply.read],
        _("Doubt"): [row.doubt for row in reply.read],
        _("Text"): [shelf.passages[place] for place in reply.places],
    }
    with st.expander(
        ngettext("What the reader says of the passage", "What the reader says of the {count} passages", len(hits)).format(count=len(hits)),
        icon=":material/menu_book:",
    ):  # fmt: skip
        st.dataframe(
            pd.DataFrame(columns),
            hide_index=True,
            column_config={
                _("Passage"): st.column_config.NumberColumn(width="small"),
                _("Probability"): percent,
                _("Doubt"): percent,
            },
            alt=_("For each passage that was read the answer, its probability and the doubt"),
        )
        figures = READY[reader].figures if reader in READY else ""
        st.caption(
            sentences(
                _("{reader} reads the passages that meaning and words together put first. The answer comes from the first of them, or from a later one where the reader is surer.").format(
                    reader=plain(inputs.answering("spans")[reader])
                ),
                *([_("It reached {figures}.").format(figures=_(figures))] if figures else []),
                *([_("It reads at most {tokens} tokens at once; longer passages are read in windows.").format(tokens=cached_models.predictor(reader).max_length)]),
            )
        )  # fmt: skip
