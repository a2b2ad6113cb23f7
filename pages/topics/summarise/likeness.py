"""Which sentences are alike: the cosines that every method but the first sentences goes by, as a picture."""

import numpy as np
import streamlit as st

from core.figures.embeddings import similarities
from core.summarise import methods
from core.summarise.summary import choose
from pages.shared import charts, layout
from pages.shared.cached import summaries as cached
from pages.shared.i18n import _
from pages.topics.summarise.settings import Wish

MOST_SENTENCES = 30


def show(wish: Wish) -> None:
    """The cosine of each sentence with each, and how many links each has in LexRank's graph."""
    document = cached.one(wish.model, wish.text)
    taken = {row.sentence for row in choose(document, wish.method, wish.length, wish.relevance).sentences if row.order}
    shown = document.sentences[:MOST_SENTENCES]
    if len(document.sentences) > MOST_SENTENCES:
        st.caption(_("Of {total} sentences the first {count} are shown.").format(total=len(document.sentences), count=MOST_SENTENCES))  # fmt: skip
    cosines = document.vectors[: len(shown)] @ document.vectors[: len(shown)].T
    others = cosines[~np.eye(len(shown), dtype=bool)]
    names = [f"{number} ●" if part in taken else str(number) for number, part in enumerate(shown, start=1)]
    with layout.wide("likeness"):
        charts.plot(
            similarities(
                cosines, names, lowest=float(others.min()), title=_("Cosine of each sentence with each; ● is taken"),
                hover=[" ".join(part.text.split()) for part in shown], text=_,
            ),
            "summarise_likeness",
            _("The cosine of each sentence of the text with each other one, as a square of numbers"),
        )  # fmt: skip
    st.caption(
        _("LexRank links two sentences whose cosine is at least the text's mean, here {mean:.2f}, and walks along the links at random: its share says how often it is at a sentence. The mean of all vectors is what the other two methods go by.").format(mean=_mean(document.vectors))
    )  # fmt: skip
    graph = methods.links(document.vectors)
    shares, central = methods.lexrank(graph), methods.centrality(document.vectors)
    st.dataframe(
        {
            _("No."): names,
            _("Links"): (graph > 0).sum(axis=1)[: len(shown)] - 1,
            _("Share of the walk"): shares[: len(shown)],
            _("Similarity with the mean"): central[: len(shown)],
            _("Sentence"): [" ".join(part.text.split())[:300] for part in shown],
        },
        hide_index=True,
        column_config={
            _("Share of the walk"): st.column_config.NumberColumn(format="percent"),
            _("Similarity with the mean"): st.column_config.NumberColumn(format="%.3f"),
        },
        alt=_("The links of every sentence, its share of the walk and its similarity with the mean"),
    )


def _mean(vectors: np.ndarray) -> float:
    cosines = vectors @ vectors.T
    return float(cosines[~np.eye(len(vectors), dtype=bool)].mean())
