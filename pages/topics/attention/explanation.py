"""The Attention page's topic "Is it an explanation?": attention to each word beside what the word does for the answer."""

import pandas as pd
import streamlit as st

from core import explain, heads
from core.figures import heads as figures
from core.tasks.classify import Labelled
from pages.shared import charts, demand, layout, progress, unknown
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import attention as cached_attention
from pages.shared.cached import models as cached_models
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _, sentences
from pages.shared.snippets import attention as snippets
from pages.topics.attention import classifier

METHODS: tuple[str, str] = ("integrated-gradients", "deletion")
DRAWN = 60


def show(model: str, text: str, pair: str) -> str:
    """Three ways to read attention beside two attributions, word by word, and how alike they rank; returns the code."""
    if not cached_models.classifies(model):
        why = _("The model above gives no answer to explain; a classifier does.")
        model = classifier.instead(why, model)
        read = cached_tokens.tokens(model, text, pair)
        unknown.offer(model, read, lambda: unknown.to_a_classifier(read))
    given = {"text": text} | ({"pair": pair} if pair.strip() else {})
    answer = cached_answers.prediction(model, given)
    assert isinstance(answer, Labelled)
    if demand.is_long(model, given, METHODS) and not demand.asked(model, given, METHODS):
        return ""
    found = progress.spin(
        _("Explaining the answer …"), lambda: cached_attention.agreement(model, text, pair, answer.label)
    )
    st.markdown(
        _("The classifier says **{label}** with probability {probability:.1%}.").format(
            label=layout.plain(answer.label), probability=answer.probability
        )
    )
    titles = {name: _(row.title) for name, row in heads.RECEIVED.items()}
    titles |= {name: _(explain.METHODS[name].title) for name in METHODS}
    words = found.words[:DRAWN]
    with layout.wide("agreement_bars"):
        charts.plot(
            figures.word_measures(
                words, {titles[name]: values[:DRAWN] for name, values in found.scores.items()}, text=_
            ),
            key="agreement_bars",
            alt=_(
                "Attention to each word by three measures, beside integrated gradients and the effect of leaving the word out"
            ),
        )
    st.caption(
        sentences(
            _("Each column has a scale of its own. Attributions are shown without their sign: how much a word matters, not which way."),
            _("The first {shown} of {count} words are drawn.").format(shown=DRAWN, count=len(found.words)) if len(found.words) > DRAWN else "",
        )
    )  # fmt: skip
    st.markdown(
        _(
            "It is tempting to read a word's attention as its importance. Whether it is can be measured: integrated gradients and leaving a word out say what "
            "a word does for the answer; the rank correlation says whether attention puts the words in the same order (Jain & Wallace 2019)."
        )
    )
    st.header(_("Do they agree?"), anchor=False)
    st.dataframe(
        pd.DataFrame(
            {
                _("Attention"): [titles[name] for name in heads.RECEIVED],
                **{
                    titles[method]: [_correlation(found, name, method) for name in heads.RECEIVED] for method in METHODS
                },
            }
        ),
        hide_index=True,
        alt=_("Rank correlations between attention and attributions"),
    )
    between = found.correlations.get(METHODS)
    st.caption(
        sentences(
            _(
                "Spearman's rank correlation over {count} words: 1 the same order, 0 no relation, −1 the opposite order. With few words it swings widely: "
                "try several sentences."
            ).format(count=len(found.words)),
            ""
            if between is None
            else _("The two attributions agree with each other by {value:+.2f}.").format(value=between),
        )
    )
    with layout.wide("agreement_ranks"):
        charts.plot(
            figures.rank_scatters(
                found.words,
                {titles[name]: found.scores[name] for name in heads.RECEIVED},
                {titles[name]: found.scores[name] for name in METHODS},
                text=_,
            ),
            key="agreement_ranks",
            alt=_("The rank of each word by attention against its rank by attribution"),
        )
    st.caption(
        _("Each dot is a word; ρ is the rank correlation. Where the two agreed, all dots would lie on the dotted line.")
    )
    with st.expander(_("What each column is"), icon=":material/help:"):
        for row in heads.RECEIVED.values():
            st.markdown("**" + _(row.title) + "**: " + _(row.help))
        for name in METHODS:
            st.markdown("**" + _(explain.METHODS[name].title) + "**: " + _(explain.METHODS[name].help))
    return snippets.attention_received(model, text, pair, cached_models.predictor(model).max_length)


def _correlation(found: heads.Agreement, name: str, method: str) -> str:
    value = found.correlations[(name, method)]
    return "–" if value is None else f"{value:+.2f}"
