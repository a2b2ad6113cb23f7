"""Evidence for what the tutorial says of BERT's use: what it is good for, customers' questions, long texts, data and computing."""

import pandas as pd
import streamlit as st

from core import article, bundled
from core.data import helpdesk
from core.metrics import METRICS
from core.search import zero_shot
from core.tasks.table import TASKS
from pages.shared import few_examples, layout, progress
from pages.shared.cached import article as cached_article
from pages.shared.cached import models as cached_models
from pages.shared.cached import search as cached_search
from pages.shared.i18n import _
from pages.topics.article.parts import MODEL, facts, percent

NEWS = "topics"
LENGTHS = (32, 128, 512)  # tokens
FINE_TUNING = 300 * 16 * 32  # steps × texts × tokens of a run of a few hundred short texts
YEAR = 365.25 * 24 * 3600  # seconds


def understanding(text: str) -> None:
    """Every ready model with what it reached on its test rows."""
    rows = []
    for name, row in bundled.READY.items():
        evaluation = bundled.evaluation(name)
        measured = TASKS[row.task].metrics[0]
        value = evaluation.metrics[measured]
        rows.append(
            (
                _(row.title),
                _(TASKS[row.task].title),
                row.data,
                _(METRICS[measured].title),
                value.value,
                value.low,
                value.high,
                evaluation.n,
            )
        )
    columns = (_("Ready model"), _("Task"), _("Data"), _("Measure"), _("Value"), _("From"), _("To"), _("Test rows"))
    numbers = {name: st.column_config.NumberColumn(format="%.3f") for name in columns[4:7]}
    st.dataframe(
        pd.DataFrame(rows, columns=list(columns)),
        hide_index=True,
        column_config=numbers,
        alt=_("The ready models and what each reached"),
    )
    st.caption(
        _(
            "Measured when each was made, on rows that nothing was learnt from or chosen by; from and to: the 95% interval."
        )
    )


def customers(text: str) -> None:
    """The help desk's test questions: found, and refused where there is no answer."""
    desk = helpdesk.read("en")
    outcome = progress.work(
        "article_helpdesk",
        _("Asking the help desk"),
        lambda report: cached_search.outcome(MODEL, desk.passages, desk.asked("test"), report),
    )
    if outcome is None:
        return
    found = cached_search.refusal(MODEL, "en")
    facts(
        [
            (_("questions in other words whose answer comes first"), percent(float(outcome.right_first.mean()))),
            (_("messages without an answer that are refused"), percent(found.refused.value)),
        ]
    )
    st.caption(
        _(
            "{asked:,} test questions to {answers} written answers, and {without} messages that none of them settles. No text is written by the model."
        ).format(asked=len(outcome.right_first), answers=len(desk.passages), without=len(desk.unanswered["test"]))
    )


def long_texts(text: str) -> None:
    """How long a pass takes on this machine for texts of several lengths."""
    found = [cached_article.pace(tokens) for tokens in LENGTHS]
    st.dataframe(
        pd.DataFrame(
            {
                _("tokens"): [row.tokens for row in found],
                _("Milliseconds"): [1000 * row.seconds for row in found],
                _("Milliseconds for a hundred tokens"): [1e5 * row.seconds / row.tokens for row in found],
                _("Part that grows with the square"): [100 * row.squared for row in found],
            }
        ),
        hide_index=True,
        column_config={
            _("Milliseconds"): st.column_config.NumberColumn(format="%.1f"),
            _("Milliseconds for a hundred tokens"): st.column_config.NumberColumn(format="%.1f"),
            _("Part that grows with the square"): st.column_config.NumberColumn(format="%.0f%%"),
        },
        alt=_("How long the model reads texts of several lengths"),
    )
    longest = cached_models.encoder(MODEL).config.max_position_embeddings
    st.caption(
        _(
            "Measured on this machine at this moment. The part is counted: multiplications for scores and weighted means, of all in the layers. The model has {positions} positions; a novel of 100,000 words would need {windows} windows."
        ).format(positions=longest, windows=f"{100_000 * 4 // 3 // (longest - 2):,}")
    )


def data(text: str) -> None:
    """The news: labels in words, and what a few examples add."""
    rows = progress.work(
        "article_news", _("Reading the news"), lambda report: cached_search.classified(MODEL, NEWS, report)
    )
    if rows is None:
        return
    few_examples.show(MODEL, NEWS, zero_shot.read_labels(zero_shot.NEWS), "article_examples")
    st.caption(
        _(
            "News items that are tested: {n}, in seven subjects. No step of fine-tuning is taken, only the model's sentence vectors are used."
        ).format(n=len(rows.test[2]))
    )


def compute(text: str) -> None:
    """What pre-training would take here, and what fine-tuning and an answer take."""
    found = cached_article.pace(LENGTHS[1])
    years = article.pretraining_seconds(cached_models.encoder(MODEL), found) / YEAR
    tuning = article.OF_A_STEP * FINE_TUNING * found.seconds / found.tokens
    facts(
        [
            (
                _("one answer to a text of {tokens} tokens").format(tokens=found.tokens),
                f"{1000 * found.seconds:.0f} ms",
            ),
            (_("fine-tuning on a few hundred short texts"), f"{tuning:,.0f} s"),
            (_("pre-training BERT-base on this machine"), _("{years:,.0f} years").format(years=years)),
        ]
    )
    st.caption(
        layout.plain(
            _(
                "The first is measured now; the others are worked out from it, three passes for each step of training: 300 steps of 16 texts of 32 tokens; and, as the paper has it, a million steps of 256 texts of up to 512 tokens, by a model whose layers are eight times as large. The authors used 16 TPU chips for four days (Devlin et al. 2019)."
            )
        )
    )
