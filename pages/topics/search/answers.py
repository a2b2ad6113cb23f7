"""The answer to a question: the nearest text or that there is none, and the rankings beside each other."""

import json

import streamlit as st

from core.search.index import Index
from core.search.ways import WAYS, Scores
from pages.shared import layout
from pages.shared.cached import search as cached_search
from pages.shared.i18n import _, sentences
from pages.shared.snippets import search as snippets
from pages.topics.search import reading
from pages.topics.search.hits import hits_html
from pages.topics.search.shelf import Shelf

SHOWN = 5
MOST_CHARS = 20_000  # of own texts that are written into the script
FORMS = {"meaning": "{:.2f}", "words": "{:.1f}", "both": "{:.4f}"}  # WAYS id → how its scores are written


def show(model: str, question: str, shelf: Shelf, index: Index, reader: str) -> None:
    """The best answer, and below it the rankings of every way. reader: what looks for answers in own texts, "" for nothing."""
    scores = index.scores(question, cached_search.vector(model, question))
    verdict = st.container()
    rankings(question, shelf, index, scores)
    in_a_file = not shelf.desk and sum(map(len, shelf.passages)) > MOST_CHARS
    if in_a_file:
        file = layout.Download(_("The texts, for the script below"), snippets.FILE, "application/json", json.dumps(shelf.passages))  # fmt: skip
        layout.downloads([file], "search")
    layout.show_code(
        snippets.search(
            model, question, () if in_a_file else shelf.passages, shelf.desk, cached_search.max_length(model)
        )
        + reading.code(question, shelf, scores, reader),
        _(
            "Plain transformers and torch, and BM25 written out, with the values chosen above; it gives the same numbers."
        ),
    )
    with verdict:
        if shelf.desk:
            say(model, shelf, scores)
        else:
            reading.show(model, question, shelf, scores, reader)


def say(model: str, shelf: Shelf, scores: Scores) -> None:
    """The text nearest by meaning, or that nothing is near enough. The threshold is drawn last: choosing it takes a moment at first."""
    nearest = WAYS["meaning"].hits(scores, 1)[0]
    place = st.empty()
    with place.container(border=True):
        _answer(shelf, nearest.place)
        st.caption(_("Similarity {value:.2f}.").format(value=nearest.score))
    threshold = reading.threshold(model, shelf.desk)
    if threshold is None:
        return
    origin = _(
        "The threshold {threshold:.2f} tells questions that this help desk answers from others; it was chosen on the validation questions."
    ).format(threshold=threshold)
    with place.container(border=True):
        if nearest.score < threshold:
            st.markdown("**" + _("No good answer.") + "**")
            st.markdown(_("The nearest text is hardly similar:"))
            st.caption(layout.plain(shelf.titles[nearest.place]))
        else:
            _answer(shelf, nearest.place)
        st.caption(sentences(_("Similarity {value:.2f}.").format(value=nearest.score), origin))


def _answer(shelf: Shelf, place: int) -> None:
    st.markdown(f"**{layout.plain(shelf.titles[place])}**")
    if shelf.answers[place]:
        st.markdown(layout.plain(shelf.answers[place]))


def rankings(question: str, shelf: Shelf, index: Index, scores: Scores) -> None:
    """The first texts of every way beside each other; what each matched word adds stands below."""
    ranked = {way.id: way.hits(scores, SHOWN) for way in WAYS.values()}
    for column, way in zip(st.columns(len(WAYS), gap="medium"), WAYS.values(), strict=True):
        hits = ranked[way.id]
        matched = [] if way.id == "meaning" else [index.words.matches(question, hit.place) for hit in hits]
        with column:
            st.markdown(f"**{_(way.title)}** · {_(way.unit)}", help=_(way.help))
            st.html(hits_html(hits, shelf.titles, shelf.answers, matched, form=FORMS[way.id]))
    nearest = ranked["meaning"][0].place
    combined = [hit.place for hit in WAYS["both"].hits(scores, len(shelf.titles))].index(nearest)
    if combined:
        st.caption(
            _(
                "Both combined, the nearest by meaning comes to place {place}: other texts share more of the question's words, whether they answer it or not."
            ).format(place=combined + 1)
        )
