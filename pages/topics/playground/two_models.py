"""One text, two models."""

from collections.abc import Mapping

import streamlit as st

from core import models
from core.bundled import READY
from core.errors import UserError
from core.results import Prediction
from core.tasks.classify import Labelled
from core.tasks.table import TASKS
from pages.shared import inputs, layout, progress
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _
from pages.shared.tasks.table import VIEWS
from pages.topics.playground import answer
from pages.topics.playground.answering import short_title


def comparable(name: str) -> dict[str, str]:
    """The other models here that read the same texts and give answers of the same kind: name → title."""
    task = cached_models.predictor(name).task
    alike = {row.id for row in TASKS.values() if (row.gives, row.inputs) == (task.gives, task.inputs)}
    runs = (run for run in inputs.finished() if run.config.task in alike)
    ready = {other: title for other, title in inputs.ready().items() if READY[other].task in alike}
    titles = inputs.own_before_ready(runs, ready)
    return {other: title for other, title in titles.items() if other != name}


def _labels(name: str) -> frozenset[str]:
    """The labels that a model chooses from; none where its folder cannot be read."""
    try:
        return frozenset(models.labels(models.load_config(name)))
    except UserError:
        return frozenset()


def _likeliest(name: str, others: Mapping[str, str]) -> str:
    """Of the others the first that answers the same question, by its labels; else the first."""
    own = _labels(name)
    return next((other for other in others if _labels(other) == own), next(iter(others)))


def _verdict(one: Labelled, other: Labelled) -> str:
    """Whether two models agree, where they choose from the same labels; markdown."""
    first, second = layout.plain(one.label), layout.plain(other.label)
    if one.probabilities.keys() != other.probabilities.keys():
        return _(
            "They choose from different labels, so they answer different questions: **{first}** and **{second}**."
        ).format(first=first, second=second)
    if first == second:
        return _("Both say **{label}**.").format(label=first)
    return _("They disagree: **{first}** or **{second}**.").format(first=first, second=second)


def show(name: str, titles: Mapping[str, str], given: Mapping[str, str]) -> None:
    others = comparable(name)
    kept = inputs.get("other_classifier")
    if kept == name or (kept not in others and (kept in READY or kept in inputs.finished_runs())):
        inputs.put("other_classifier", "")  # it was beside another model, which was asked otherwise
    if others and not inputs.get("other_classifier"):
        inputs.put("other_classifier", _likeliest(name, others))
    if not others and not inputs.get("other_classifier"):
        st.caption(
            _(
                "No other model here reads such texts and answers in this way. One that you train, with other data or settings, can stand beside it; so can one of the hub."
            )
        )
        st.page_link("pages/finetune.py", label=_("Fine-tune another model"), icon=":material/model_training:")
    other = inputs.other_model(
        "playground", others, label=_("Compare with"), name="other_classifier", label_visibility="collapsed"
    )
    answers: list[Prediction] = []
    complete = answer.complete(name, given)
    for number, (column, model) in enumerate(zip(st.columns(2, gap="large"), (name, other), strict=True)):
        with column, layout.mistakes():
            if not model or not complete:
                continue
            with progress.spinner(_("Loading the model…")):
                prediction = cached_answers.prediction(model, given)
            st.markdown("**" + layout.plain(short_title(model, titles)) + "**")
            answer.show(model, prediction, f"bars_{number}")
            parameters = cached_models.predictor(model).model.num_parameters() / 1e6
            st.caption(_("{parameters:.1f} M parameters").format(parameters=parameters))
            answer.speed(model, given, f"speed_{number}")
            answer.notes(model, given, prediction)
            answers.append(prediction)
    labelled = [prediction for prediction in answers if isinstance(prediction, Labelled)]
    if len(labelled) == 2:
        st.markdown(_verdict(*labelled))
    shown = [model for model in (name, other) if model and (model == name or len(answers) == 2)]
    ready = {model: cached_models.predictor(model) for model in shown}
    layout.show_code(
        "\n\n".join(
            VIEWS[predictor.task.id].predict_code(model, given, predictor.max_length)
            for model, predictor in ready.items()
        )
    )
