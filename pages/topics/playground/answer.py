"""One answer: the label, the probabilities, what was said before training, and what must be known about it."""

from html import escape

import streamlit as st

from core.errors import UserError
from core.figures import predictions as predictions_figures
from core.results import Prediction
from pages.shared import cached, layout
from pages.shared.i18n import _, error_text
from pages.topics.playground.classifier import reads_pairs, run_of

CHART = {"displayModeBar": False}
STYLE = """
<style>
.words { font-size: 1.15rem; line-height: 2.15; overflow-wrap: anywhere; white-space: pre-wrap; margin: 0; }
.words.small { font-size: .85rem; }
.words span { padding: .12em .1em; border-radius: .2rem; border-bottom: 2.5px solid transparent; unicode-bidi: isolate; }
.words .for { border-bottom: 2.5px solid #0072B2; }
.words .against { border-bottom: 2.5px dashed #D55E00; }
.words sup { font-size: .6em; line-height: 0; opacity: .85; }
.words .second { display: block; margin-top: .4rem; padding-left: .8rem; border-left: 3px solid rgba(128,128,128,.5); border-radius: 0; }
.answer { font-size: 1.75rem; font-weight: 600; line-height: 1.25; overflow-wrap: anywhere; }
.answer small { font-size: 1rem; font-weight: 400; opacity: .75; padding-left: .5rem; white-space: nowrap; }
</style>
"""


def say(prediction: Prediction) -> None:
    """The predicted label in large letters, with its probability."""
    probability = _("probability {value:.1%}").format(value=prediction.probability)
    st.html(f'<div class="answer" dir="auto">{escape(prediction.label)}<small>{escape(probability)}</small></div>')


def bars(prediction: Prediction, *, key: str, untrained: bool = False) -> None:
    """The probabilities of one answer."""
    name = _("before training") if untrained else _("answer")
    st.plotly_chart(
        predictions_figures.label_probabilities(
            {name: prediction.probabilities}, faint=_("before training") if untrained else "", text=_
        ),
        config=CHART,
        key=key,
        alt=", ".join(f"{label} {value:.1%}" for label, value in prediction.probabilities.items())[:400],
    )
    hidden = len(prediction.probabilities) - predictions_figures.MOST_LABELS
    if hidden > 0:
        st.caption(
            _("The {shown} likeliest labels; {hidden} more are in the model.").format(
                shown=predictions_figures.MOST_LABELS, hidden=hidden
            )
        )


def before_training(name: str, text: str, pair: str) -> None:
    """What the same model said before its first step, and what that is worth."""
    run = run_of(name)
    if run is None:
        st.markdown("**" + _("Before fine-tuning") + "**")
        st.caption(
            _(
                "This model comes from the hub as it is: what it was before its training is not known here, so nothing is compared."
            )
        )
        return
    st.markdown("**" + _("The same model before fine-tuning") + "**")
    try:
        with st.spinner(_("Loading the model…"), show_time=True):
            prediction = cached.before_training(run.id, text, pair)
    except UserError as error:
        st.caption(layout.plain(error_text(error)))
        return
    say(prediction)
    bars(prediction, key="bars_before", untrained=True)
    st.caption(
        _(
            "{model} with the new, random classifier that this run started from (seed {seed}). It has learnt nothing: its "
            "answer is chance, and another seed gives another one."
        ).format(model=layout.plain(run.config.model), seed=run.config.seed)
    )


def notes(name: str, text: str, pair: str, prediction: Prediction) -> None:
    """What the reader must know about this answer: cut text, a pair where none was trained and the reverse."""
    pairs_wanted = reads_pairs(name)
    if pairs_wanted and not pair:
        st.info(_("This model was trained on pairs of texts: fill in the second sentence, or its answer means little."))
    if run_of(name) is not None and pair and not pairs_wanted:
        st.info(_("This model was trained on single texts: it never saw a second sentence in training."))
    if prediction.cut:
        limit = cached.predictor(name).max_length
        read = cached.tokens(name, text, pair, limit)
        st.warning(_("The model reads at most {limit} tokens. It never saw this:").format(limit=limit))
        layout.cut_text(read.cut + read.cut_pair)
