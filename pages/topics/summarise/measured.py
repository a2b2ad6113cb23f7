"""How good such summaries are: ROUGE of every method over texts with a reference, beside the first sentences."""

from collections.abc import Mapping

import streamlit as st

from core import rouge
from core.data import summaries
from core.results import Measure
from core.summarise.evaluate import BEST, LEAD, Quality
from pages.shared import progress
from pages.shared.cached import summaries as cached
from pages.shared.i18n import _, series
from pages.topics.summarise.one import title
from pages.topics.summarise.settings import Wish


def show(wish: Wish) -> None:
    """The prepared articles, each against its reference."""
    articles = summaries.read(wish.articles)
    texts, references = tuple(row.text for row in articles), tuple(row.summary for row in articles)
    quality = progress.work(
        f"summarise_quality_{wish.model}_{wish.articles}", _("Summarising all articles"),
        lambda tell: cached.quality(wish.model, texts, references, wish.length, wish.relevance, tell),
    )  # fmt: skip
    if quality is None:
        return
    st.markdown(
        _("Short articles of the studio's own, {count} of them, each with one summary written for it; 95% intervals in brackets.").format(count=len(articles))
    )  # fmt: skip
    table(quality)
    verdict(quality)
    st.caption(
        _(
            "ROUGE-1 counts words that summary and reference share (in Chinese, characters), ROUGE-2 pairs of neighbouring words, ROUGE-L the longest "
            "sequence in the same order; F1 weighs how much of each is shared. It compares wording: it does not see whether a summary reads well, or says the "
            "same thing in other words."
        )
    )


def table(quality: Mapping[str, Quality]) -> None:
    """A row for each method, with how far it is from the first sentences."""
    rows = {_("Method"): [title(name) for name in quality]}
    rows |= {kind.title: [_measure(row.f1[kind.id]) for row in quality.values()] for kind in rouge.KINDS.values()}
    rows[_("ROUGE-1: difference to the first sentences")] = [
        "–" if name == LEAD else _difference(row.gain["rouge1"]) for name, row in quality.items()
    ]
    rows[_("Words or characters")] = [f"{row.words:.0f}" for row in quality.values()]
    st.dataframe(rows, hide_index=True, alt=_("ROUGE of every method over all texts, with intervals"))


def verdict(quality: Mapping[str, Quality]) -> None:
    """Whether any method is better than the first sentences, as far as these texts can tell."""
    better = [title(name) for name, row in quality.items() if name != BEST and row.gain["rouge1"].bounds[0] > 0]
    if better:
        st.markdown(
            _(
                "Better than the first sentences in ROUGE-1, with an interval that does not reach 0: {names}. On few texts, and with several methods compared, this can still be luck."
            ).format(names=series(better))
        )
    else:
        st.markdown(
            _(
                "No method is better than the first sentences in ROUGE-1 with an interval that lies above 0: they are hard to beat, above all in news, which tells the most important things first."
            )
        )


def _measure(measure: Measure) -> str:
    low, high = measure.bounds
    return f"{measure.value:.3f} ({low:.2f}–{high:.2f})"


def _difference(measure: Measure) -> str:
    low, high = measure.bounds
    return f"{measure.value:+.3f} ({low:+.2f} … {high:+.2f})".replace("-", "−")
