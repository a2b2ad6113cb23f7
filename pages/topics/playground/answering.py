"""The model that answers: which one, how it is loaded, and the way to a first one."""

from collections.abc import Mapping

import streamlit as st

from core import hub, models, runs
from core.errors import UserError
from core.predict import Predictor
from core.tasks.table import TASKS
from pages.shared import cached, inputs, layout
from pages.shared.i18n import _, error_text

HUB_EXAMPLE = "distilbert/distilbert-base-uncased-finetuned-sst-2-english"


def load(name: str) -> Predictor:
    """Make a model ready. Raises UserError when it has no head for a task; a bare encoder is not even fetched to find out."""
    if name in models.MODELS:
        raise UserError(
            "'{name}' is a pre-trained encoder without a head for a task: fine-tune it first", name=models.title(name)
        )
    with st.spinner(_("Loading the model…"), show_time=True):
        return cached.predictor(name)


def choose_model() -> tuple[str, dict[str, str]]:
    """The model that answers, and the titles of all runs that could.

    It is the shared model when that can answer; otherwise the newest finished run takes its place and a line says so.
    "" when there is none: then the page shows the way to one.
    """
    titles = inputs.titles(run for run in inputs.finished() if run.config.task in TASKS)
    try:
        wanted = inputs.model("playground", label=_("Model that answers"))
        load(wanted)
        return wanted, titles
    except UserError as error:
        reason = layout.plain(error_text(error))
        wanted = inputs.get("model")
    newest = next((name for name in titles if name != wanted), "")
    if not newest:
        if wanted not in models.MODELS:
            st.warning(reason, icon=":material/error:")
        return "", titles
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _("{reason}. Your newest run answers here: {title}.").format(
                reason=reason, title=layout.plain(titles[newest])
            ),
            width="content",
        )
        st.button(
            _("Use it on every page"),
            type="tertiary",
            icon=":material/push_pin:",
            on_click=inputs.put,
            args=("model", newest),
        )
    load(newest)
    return newest, titles


def nothing_trained() -> None:
    """The way to a first model that answers."""
    with st.container(border=True):
        st.markdown("**" + _("There is no trained model yet") + "**")
        st.markdown(
            _(
                "A pre-trained BERT turns text into vectors, but has no opinion about it. Fine-tune one on the bundled film "
                "reviews: the quick preset takes a few minutes. Then this page shows what it makes of your own sentences, and "
                "which words it goes by."
            )
        )
        with st.container(horizontal=True):
            st.page_link("pages/finetune.py", label=_("Fine-tune a model"), icon=":material/model_training:")
            if any(run.state.status in ("queued", "running") for run in cached.all_runs()):
                st.page_link("pages/runs.py", label=_("A run is on its way: watch it"), icon=":material/list_alt:")
        if hub.hub_reachable():
            st.caption(_("Or fetch a ready classifier of film reviews from the hub (268 MB, Apache-2.0):"))
            st.button(HUB_EXAMPLE, type="tertiary", on_click=inputs.put, args=("model", HUB_EXAMPLE))


def run_of(name: str) -> runs.Run | None:
    """The run behind a model name, or None for a model of the hub."""
    found = models.RUN_NAME.fullmatch(name)
    return runs.get(found[1]) if found else None


def short_title(name: str, titles: Mapping[str, str]) -> str:
    return titles.get(name, name)
