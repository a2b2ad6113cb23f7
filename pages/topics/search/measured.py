"""How well the search does: on the help desk's test questions, or on the visitor's own with their right texts."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import embeddings
from core.data import helpdesk
from core.errors import UserError
from core.results import Measure
from core.search.evaluate import Outcome
from core.search.quality import CUTS, Refusal
from core.search.ways import WAYS
from pages.shared import inputs, progress
from pages.shared.cached import search as cached_search
from pages.shared.i18n import _, ngettext
from pages.topics.search.shelf import Shelf


def show(model: str, shelf: Shelf) -> None:
    """Recall, MRR and nDCG of every way of ranking, and what the threshold does."""
    given = helpdesk.read(shelf.desk).asked("test") if shelf.desk else labelled(shelf)
    if not given:
        return
    asked = cached_search.unseen(model, given) or given
    outcome = progress.work(
        f"search_outcome_{model}_{hash((shelf.passages, tuple(asked)))}", _("Asking all questions"),
        lambda report: cached_search.outcome(model, shelf.passages, asked, report),
    )  # fmt: skip
    if outcome is None:
        return
    st.markdown(
        ngettext(
            "{count:,} question with one right text among {texts:,}; 95% intervals in brackets.",
            "{count:,} questions, each with one right text among {texts:,}; 95% intervals in brackets.",
            len(asked),
        ).format(count=len(asked), texts=len(shelf.passages))
    )
    trained_on(model, given)
    table(outcome)
    st.caption(
        _(
            "Recall@k: how often the right text is among the first k. MRR: the mean of 1 / rank of the right text, 0 where it is not found. nDCG@10: the "
            "same with the rank discounted more gently, over the first ten."
        )
    )
    if shelf.desk:
        refusal = progress.work(
            f"search_refusal_{model}_{shelf.desk}", _("Asking what has no answer"),
            lambda report: cached_search.refusal(model, shelf.desk, report),
        )  # fmt: skip
        if refusal is not None:
            st.markdown(_refused(refusal, model, helpdesk.read(shelf.desk)))
    wrong(outcome, shelf)


def trained_on(model: str, asked: Sequence[tuple[str, int]]) -> None:
    """Say which of the questions the model was trained on, and what becomes of them."""
    known = len(asked) - len(cached_search.unseen(model, asked))
    if known == len(asked):
        st.warning(_("This model was trained on all of these questions, so the figures say nothing about new ones."))
    elif known:
        st.info(
            ngettext(
                "{count:,} question that this model was trained on is left out: there it looks better than it is.",
                "{count:,} questions that this model was trained on are left out: there it looks better than it is.",
                known,
            ).format(count=known),
            icon=":material/info:",
        )


def labelled(shelf: Shelf) -> Sequence[tuple[str, int]]:
    """The visitor's questions, each with the place of the text that answers it."""
    written = inputs.lines(
        "labelled", "search", label=_("Questions, one a line, each with the number of its right text"), height=130,
        example=_("When does it close? | 1\nMay I drink coffee there? | 5"),
        help_text=_("The number follows a tab or “ | ”; texts are counted from 1."),
    )  # fmt: skip
    rows = embeddings.read_lines(written)
    for question, number in rows:
        if not (number.isdecimal() and 1 <= int(number) <= len(shelf.passages)):
            raise UserError(
                "'{question}' has the text number '{number}'; give one from 1 to {count} after a tab or ' | '",
                question=question[:60], number=number[:20], count=len(shelf.passages),
            )  # fmt: skip
    return [(question, int(number) - 1) for question, number in rows]


def table(outcome: Outcome) -> None:
    rows: dict[str, list[str]] = {_("Ranking"): [_(way.title) for way in WAYS.values()]}
    for k in CUTS:
        rows[f"Recall@{k}"] = [_measure(outcome.quality[name].recall[k]) for name in WAYS]
    rows["MRR"] = [_measure(outcome.quality[name].mrr) for name in WAYS]
    rows["nDCG@10"] = [_measure(outcome.quality[name].ndcg) for name in WAYS]
    st.dataframe(rows, hide_index=True, alt=_("Recall, MRR and nDCG of every way of ranking"))


def _measure(measure: Measure) -> str:
    low, high = measure.bounds
    return f"{measure.value:.3f} ({low:.2f}–{high:.2f})"


def _refused(refusal: Refusal, model: str, desk: helpdesk.HelpDesk) -> str:
    return _(
        "**No good answer.** Below a similarity of {threshold:.2f} no answer is given. The threshold was chosen on {validation} validation questions and {messages} messages "
        "without an answer. On the test questions it lets {answered:.1%} through, {right:.1%} of all with the right answer first, and refuses {refused:.1%} of "
        "{count} other messages (95% interval {low:.0%}–{high:.0%})."
    ).format(
        threshold=refusal.threshold, validation=len(cached_search.to_measure(model, desk, "validation")), messages=len(desk.unanswered["validation"]),
        answered=refusal.answered.value, right=refusal.right.value, refused=refusal.refused.value, count=len(desk.unanswered["test"]),
        low=refusal.refused.bounds[0], high=refusal.refused.bounds[1],
    )  # fmt: skip


def wrong(outcome: Outcome, shelf: Shelf) -> None:
    """The questions whose right text does not come first by meaning, the worst first."""
    rows = [row for row in outcome.questions if row.best != row.right]
    rows.sort(key=lambda row: -(row.ranks["meaning"] or len(shelf.passages) + 1))
    st.markdown(
        "**"
        + ngettext(
            "Where the right text does not come first by meaning: {count:,} question",
            "Where the right text does not come first by meaning: {count:,} questions",
            len(rows),
        ).format(count=len(rows))
        + "**"
    )
    if not rows:
        return
    ranks = {
        _("Rank: {way}").format(way=_(way.title)): [row.ranks[way.id] or None for row in rows] for way in WAYS.values()
    }
    st.dataframe(
        pd.DataFrame(
            {
                _("Question"): [row.question for row in rows],
                _("Right text"): [shelf.titles[row.right] for row in rows],
                _("Nearest text"): [shelf.titles[row.best] for row in rows],
                **ranks,
            }
        ),
        hide_index=True,
        alt=_("Questions that were answered wrongly, with the rank of the right text in every ranking"),
    )
