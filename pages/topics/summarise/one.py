"""One text: its summary, the sentences marked where they stand, why each was taken, and ROUGE where there is a reference."""

import pandas as pd
import streamlit as st

from core import rouge
from core.summarise import evaluate
from core.summarise.methods import METHODS
from core.summarise.summary import Document, Summary, choose
from pages.shared import layout
from pages.shared.cached import summaries as cached
from pages.shared.data_form import report
from pages.shared.i18n import _
from pages.shared.snippets import summarise as snippets
from pages.topics.summarise.article import article_html
from pages.topics.summarise.settings import Wish

MOST_CHARS = 20_000  # of a text that is written into the script
SHOWN_CHARS = 300


def show(wish: Wish) -> None:
    """The summary beside the text it was taken from."""
    document = cached.one(wish.model, wish.text)
    report.warnings(cached.advice(wish.model, document))
    summary = choose(document, wish.method, wish.length, wish.relevance)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.markdown("**" + _("Summary: {count} of {total} sentences").format(count=len(summary.taken), total=len(summary.sentences)) + "**", help=_(wish.method.help))  # fmt: skip
        with st.container(border=True):
            st.html(f'<div dir="auto">{layout.escape(summary.text)}</div>')
        lead = METHODS[evaluate.LEAD]
        if wish.method is not lead:
            st.markdown("**" + _(lead.title) + "**", help=_(lead.help))
            st.markdown(layout.plain(choose(document, lead, wish.length).text))
        if wish.article:
            st.markdown("**" + _("The summary written for it, to compare with") + "**")
            st.markdown(layout.plain(wish.article.summary))
    with right:
        st.markdown("**" + _("Where they stand in the text") + "**")
        st.html(article_html(wish.text, summary))
    if wish.article:
        compared(document, wish, wish.article.summary)
    scores(summary, wish)
    in_a_file = len(wish.text) > MOST_CHARS
    if in_a_file:
        layout.downloads([layout.Download(_("The text, for the script below"), snippets.FILE, "text/plain", wish.text)], "summarise")  # fmt: skip
    layout.show_code(
        snippets.summarise(
            wish.model, wish.text, wish.method.id, wish.length, wish.relevance, cached.max_length(wish.model), in_a_file=in_a_file
        ),
        _("Plain transformers and torch, and sentencex for the sentences, with the values chosen above; it gives the same summary."),
    )  # fmt: skip


def compared(document: Document, wish: Wish, reference: str) -> None:
    """ROUGE of every method on this text."""
    made = evaluate.summaries(document, wish.length, wish.relevance)
    made[evaluate.BEST] = evaluate.best(document, reference, wish.length)
    scores = {name: rouge.rouge(text, reference) for name, text in made.items()}
    rows = {_("Method"): [title(name) for name in made]}
    rows |= {kind.title: [f"{row[kind.id].f1:.3f}" for row in scores.values()] for kind in rouge.KINDS.values()}
    rows[_("Words or characters")] = [str(len(rouge.tokens(text))) for text in made.values()]
    st.markdown("**" + _("How much of the written summary's wording each one has (ROUGE, F1)") + "**")
    st.dataframe(rows, hide_index=True, alt=_("ROUGE of every method on this text"))
    st.caption(
        _("One text says little: “How good is it?” takes all of them. The best choice looks at the written summary; no method can be expected to reach it.")
    )  # fmt: skip


def title(name: str) -> str:
    """The title of a method, or of what is shown beside the methods."""
    return _(METHODS[name].title) if name in METHODS else _("The best choice, looking at the reference")


def scores(summary: Summary, wish: Wish) -> None:
    """Every sentence with its score and what it is made of."""
    st.markdown("**" + _("Every sentence with its score, and why") + "**")
    st.caption(_(wish.method.help))
    rows = pd.DataFrame(
        {
            _("No."): range(1, len(summary.sentences) + 1),
            _("Taken"): [str(row.order) if row.order else "" for row in summary.sentences],
            _(wish.method.unit).capitalize(): [row.score for row in summary.sentences],
            _("Why"): [_(row.why[0]).format(**row.why[1]) for row in summary.sentences],
            _("Sentence"): [" ".join(row.sentence.text.split())[:SHOWN_CHARS] for row in summary.sentences],
        }
    )
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            _("No."): st.column_config.NumberColumn(width="small"),
            _("Taken"): st.column_config.TextColumn(
                width="small", help=_("In which turn the sentence was taken: 1 is the first.")
            ),
            _(wish.method.unit).capitalize(): st.column_config.NumberColumn(format="%.3f"),
        },
        alt=_("Every sentence of the text with its score and what the score is made of"),
    )
