"""The question among the texts, on a map."""

from typing import cast

import streamlit as st

from core import embeddings
from core.figures.search import question_map
from core.search.index import Index
from core.search.ways import WAYS
from pages.shared import charts, inputs, progress
from pages.shared.cached import search as cached_search
from pages.shared.i18n import _, ngettext, sentences
from pages.topics.search.shelf import Shelf

NEAR = 5


def show(model: str, question: str, shelf: Shelf, index: Index) -> None:
    """A point for each text, a star for the question."""
    kind = inputs.segment("map", "search", {"pca-2": "PCA", "tsne-2": "t-SNE"}, _("Projection"))
    method = cast(embeddings.Method, kind.partition("-")[0])
    projection = progress.spin(
        _("Drawing the map …"), lambda: cached_search.projection(model, shelf.passages, question, method)
    )
    near = WAYS["meaning"].hits(index.scores(question, cached_search.vector(model, question)), NEAR)
    charts.plot(
        question_map(projection, shelf.titles, shelf.groups, question, [hit.place for hit in near], text=_),
        "search_map",
        _("A map of the texts, a point for each, and the question as a star; the nearest texts are listed below"),
    )
    parts = [ngettext("The ring is the text nearest to the question, measured in all dimensions: on the map a near text can look far away.", "The rings are the {count} texts nearest to the question, measured in all dimensions: on the map a near text can look far away.", len(near)).format(count=len(near))]  # fmt: skip
    if projection.explained:
        parts.append(
            _("The axes keep {share:.1%} of the variance; the rest cannot be seen here.").format(
                share=sum(projection.explained)
            )
        )
    st.caption(sentences(*parts))
    st.dataframe(
        {_("Similarity"): [hit.score for hit in near], _("Text"): [shelf.titles[hit.place] for hit in near]},
        hide_index=True,
        column_config={_("Similarity"): st.column_config.NumberColumn(format="%.3f", width="small")},
        alt=_("The texts nearest to the question with their similarity"),
    )
