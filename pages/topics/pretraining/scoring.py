"""The Pre-training page's topic "Score a sentence": how well a model knows each token when it sees all the others."""

from math import exp, log

import pandas as pd
import streamlit as st

from core import attention
from core.attention import readable
from core.batches import Report
from core.figures import pretraining as figures
from core.pretraining import Scored, TokenScore
from pages.shared import charts, inputs, layout, progress
from pages.shared.cached import pretraining as cached_pretraining
from pages.shared.i18n import _, series
from pages.shared.snippets import pretraining as snippets
from pages.topics.pretraining import masking

DEEPEST = 10.0  # −ln p from which a chip has its full tint
LISTED = 5


def show(model: str, text: str, cut: int) -> str:
    """Pseudo-log-likelihood of one sentence or two, token by token; returns the code."""
    other = inputs.other_text("pretraining", label=_("Compared with (optional)"))
    first = _score(model, text, cut)
    second = _score(model, other, cut) if other.strip() else None
    if first is None or (other.strip() and second is None):
        return ""
    both = [found for found in (first, second) if found is not None]
    if second is not None:
        layout.what_was_cut(second.tokens)
        _verdict(first, second)
    largest = max(-score.log_probability for found in both for score in found.scores)
    for number, found in enumerate(both):
        with st.container(border=len(both) > 1):
            _one(found, number, largest)
    st.markdown(
        _(
            "BERT cannot say how likely a sentence is, because it never reads from left to right. But each token can be hidden in turn: the logarithms of the "
            "probabilities that it then gets, added up, are the sentence's **pseudo-log-likelihood** (Salazar et al. 2020)."
        )
    )
    st.latex(
        r"\begin{gathered}\mathrm{PLL}(x)=\sum_{i=1}^{N}\ln p\,(x_i\mid x_{\setminus i})\\[.4em]"
        r"\mathrm{PPPL}(x)=\exp\!\left(-\tfrac{1}{N}\,\mathrm{PLL}(x)\right)\end{gathered}"
    )
    return snippets.score(model, [found.tokens.text for found in both], first.tokens.max_length)


def _score(model: str, text: str, cut: int) -> Scored | None:
    found = cached_pretraining.scored(model, text, cut)
    if found is None:

        def measure(report: Report) -> Scored | None:
            return cached_pretraining.scored(model, text, cut, report)

        found = progress.work(f"score_{model}_{cut}_{text}", _("Hiding one token after the other"), measure)
    return found


def _verdict(first: Scored, second: Scored) -> None:
    more, less = (_("first"), _("second")) if first.total >= second.total else (_("second"), _("first"))
    st.markdown(
        _("By the sum, the **{more}** sentence is the likelier one: its product of probabilities is {ratio} times that of the {less}.").format(
            more=more, less=less, ratio=_times(abs(first.total - second.total))
        )
    )  # fmt: skip
    if len(first.scores) != len(second.scores):
        st.caption(
            _(
                "The sentences have {first} and {second} tokens. Every token adds to the sum, so the longer one is at a disadvantage: compare the pseudo-perplexity, which is per token."
            ).format(first=len(first.scores), second=len(second.scores))
        )


def _times(difference: float) -> str:
    """e to the power of a difference of logarithms, for people: 1.3, 250, 10¹⁰."""
    if difference < log(1e6):
        ratio = exp(difference)
        return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.1f}"
    return "10" + "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(round(difference / log(10))))


def _one(found: Scored, number: int, largest: float) -> None:
    names = attention.labels(found.tokens)
    scores = {score.position: score for score in found.scores}

    def chip(index: int) -> masking.Chip:
        score = scores.get(index)
        kind = masking.look(found.tokens.tokens, index)
        if score is None:
            return masking.Chip(names[index], masking.about(found.tokens, index), look=kind)
        return masking.Chip(
            names[index],
            masking.about(found.tokens, index, _note(score)),
            small=f"{-score.log_probability:.1f}",
            look=f"{kind} tint",
            level=min(-score.log_probability / DEEPEST, 1.0),
        )

    for template, values in found.notes:
        st.info(layout.plain(_(template).format(**values)), icon=":material/info:")
    masking.chips(
        f"masking_score_{number}",
        [chip(i) for i in range(len(names))],
        label=_("The tokens, tinted by how much each one surprises the model"),
        hint=_(
            "Below each token: −ln p. The deeper the tint, the more it surprises. Point at one to see what was expected."
        ),
    )
    with st.container(horizontal=True):
        count = len(found.scores)
        st.metric(_("Pseudo-log-likelihood"), f"{found.total:.2f}", width="content")
        st.metric(
            _("Pseudo-perplexity"), f"{found.perplexity:,.1f}", width="content",
            help=_("As if the model chose among so many equally likely tokens at every place: 1 means certain. It compares texts under one model, not models with different vocabularies."),
        )  # fmt: skip
        st.metric(_("Tokens scored"), f"{count}", width="content")
    order = [names[score.position] for score in found.scores]
    charts.plot(
        figures.surprise(
            order,
            [-score.log_probability for score in found.scores],
            [_note(score) for score in found.scores],
            title=_("How much each token surprises"),
            largest=largest,
            text=_,
        ),
        key=f"score_bars_{number}",
        alt=_("−ln p of each token; the table below lists them"),
    )
    others = [score for score in found.scores if score.rank > 1]
    worst = sorted(others, key=lambda score: score.log_probability)[:LISTED]
    if worst:
        st.caption(
            _("Most surprising: {tokens}.").format(
                tokens=series(
                    _("{token} (expected: {best})").format(
                        token=layout.plain(names[score.position]), best=layout.plain(readable(score.best.token))
                    )
                    for score in worst
                )
            )
        )
    with st.expander(_("Every token in numbers"), icon=":material/table:"):
        st.dataframe(
            pd.DataFrame(
                {
                    _("Position"): [score.position for score in found.scores],
                    _("Token"): order,
                    "ln p": [score.log_probability for score in found.scores],
                    _("Probability"): [100 * exp(score.log_probability) for score in found.scores],
                    _("Rank"): [score.rank for score in found.scores],
                    _("The likeliest"): [readable(score.best.token) for score in found.scores],
                    _("Its probability"): [100 * score.best.probability for score in found.scores],
                }
            ),
            hide_index=True,
            column_config={
                "ln p": st.column_config.NumberColumn(format="%.4f"),
                _("Probability"): st.column_config.NumberColumn(format="%.4f%%"),
                _("Its probability"): st.column_config.NumberColumn(format="%.2f%%"),
            },
            alt=_("Every token with its logarithm of probability, rank, and the likeliest entry"),
        )


def _note(score: TokenScore) -> str:
    return _("probability {probability}, rank {rank:,}; expected: {best} ({chance})").format(
        probability=figures.percent(exp(score.log_probability)),
        rank=score.rank,
        best=readable(score.best.token),
        chance=figures.percent(score.best.probability),
    )
