"""One answer: what the model says, what it said before training, and what must be known about it."""

from collections.abc import Mapping

import streamlit as st

from core import models
from core.bundled import READY
from core.errors import UserError
from core.families import HEADS
from core.results import Prediction
from core.runs import Run
from core.tasks.table import TASKS
from pages.shared import layout, progress, unknown
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import models as cached_models
from pages.shared.cached import runs as cached_runs
from pages.shared.cached import tokens as cached_tokens
from pages.shared.i18n import _, error_text
from pages.shared.tasks.table import VIEWS
from pages.topics.playground.answering import run_of

STYLE = """
<style>
.words { font-size: 1.15rem; line-height: 2.15; overflow-wrap: anywhere; white-space: pre-wrap; margin: 0; }
.words.small { font-size: .875rem; }
.words span { padding: .12em .1em; border-radius: .2rem; border-bottom: 2.5px solid transparent; unicode-bidi: isolate; }
.words .for { border-bottom: 2.5px solid #0072B2; }
.words .against { border-bottom: 2.5px dashed #D55E00; }
.words sup { font-size: .875rem; line-height: 0; }
.words .second { display: block; margin-top: .4rem; padding-left: .8rem; border-left: 3px solid rgba(128,128,128,.5); border-radius: 0; }
.answer { font-size: 1.75rem; font-weight: 600; line-height: 1.25; overflow-wrap: anywhere; }
.answer small { font-size: 1rem; font-weight: 400; opacity: .75; padding-left: .5rem; white-space: nowrap; }
</style>
"""


def complete(name: str, given: Mapping[str, str]) -> bool:
    """Whether every text that the model reads is there; a line says so where it is not. An empty first text is for core to refuse."""
    first, *others = cached_models.predictor(name).task.inputs
    if not given[first].strip() or all(given.get(role, "").strip() for role in others):
        return True
    st.info(_("This model reads several texts together: fill in every field."))
    return False


def show(name: str, prediction: Prediction, key: str) -> None:
    """What the model says, as its task is shown."""
    VIEWS[cached_models.predictor(name).task.id].answer(prediction, key)


@st.fragment
def speed(name: str, given: Mapping[str, str], key: str = "speed") -> None:
    """How long an answer takes: measured when somebody wants to know."""
    timed = (name, tuple(given.items()))
    if st.session_state.get(f"{key}_of") != timed:
        st.button(
            _("Measure how long an answer takes"), key=key, type="tertiary", icon=":material/timer:",
            on_click=st.session_state.update, args=({f"{key}_of": timed},),
        )  # fmt: skip
        return
    milliseconds, repeats = cached_answers.latency(name, given)
    st.caption(
        _(
            "{milliseconds:.1f} ms per prediction on this machine, tokenising included: the median of {repeats} after one to warm up."
        ).format(milliseconds=milliseconds, repeats=repeats)
    )


def before_training(name: str, given: Mapping[str, str]) -> None:
    """What the same model said before its first step, and what that is worth."""
    run = run_of(name)
    if run is None:
        st.markdown("**" + _("Before fine-tuning") + "**")
        if name in READY:
            st.caption(
                _(
                    "This model comes with the studio, trained: {figures}. It began as {base} as published, with a head of random numbers "
                    "that nobody kept, so there is nothing to compare."
                ).format(figures=_(READY[name].figures), base=READY[name].base)
            )
            return
        st.caption(
            _(
                "This model comes from the hub as it is: what it was before its training is not known here, so nothing is compared."
            )
        )
        return
    st.markdown("**" + _("The same model before fine-tuning") + "**")
    if run.config.model == models.SCRATCH:
        st.caption(_("It began as a new model with random weights: its answer would have been chance."))
        return
    try:
        with progress.spinner(_("Loading the model…")):
            prediction = cached_answers.before_training(run.id, given)
            caption = _beginning(run)
    except UserError as error:
        st.caption(layout.plain(error_text(error)))
        return
    show(name, prediction, "bars_before")
    st.caption(caption)


def _beginning(run: Run) -> str:
    """What the run started from."""
    model = layout.plain(run.config.model)
    if cached_runs.began_with_head(run.id):
        return _("{model} as this run found it: it brought its head for this task, which this run trained on.").format(
            model=model
        )
    return _(HEADS[TASKS[run.config.task].head].begins).format(model=model, seed=run.config.seed)


def notes(name: str, given: Mapping[str, str], prediction: Prediction) -> None:
    """What the reader must know about this answer: truncated texts, and a second text for a model that never saw one."""
    task = cached_models.predictor(name).task
    run = run_of(name)
    if run is not None and run.config.task in TASKS and set(given) - set(task.inputs):
        st.info(_("This model was trained on single texts: it never saw a second sentence in training."))
    limit = cached_models.predictor(name).max_length
    first, *others = given.values()
    read = cached_tokens.tokens(name, first, others[0] if others else "", limit)
    unknown.offer(name, read, lambda: unknown.to_a_classifier(read))
    if prediction.truncated and not task.layout.apart:  # otherwise the answer says which of the texts was cut
        st.warning(_("The model reads at most {limit} tokens. It never saw this:").format(limit=limit))
        layout.cut_text(read.cut + read.cut_pair)
