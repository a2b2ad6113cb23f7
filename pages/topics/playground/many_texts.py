"""Many texts at once: pasted or uploaded, predicted in steps that can be cancelled."""

from collections.abc import Mapping

import streamlit as st

from core import settings
from pages.shared import choices, layout
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _, ngettext
from pages.shared.tasks.table import VIEWS
from pages.topics.playground import bulk
from pages.topics.playground.outcome import follow, left_out
from pages.topics.playground.sources import from_file, pasted

EXAMPLES = (
    "A warm, funny and honest film.",
    "The jokes fall flat and the story goes nowhere.",
    "Not bad at all.",
    "I expected to love it. I did not.",
    "Two hours that feel like four.",
    "An unforgettable performance in a forgettable film.",
)


def _keep_pasted() -> None:
    st.session_state["bulk_text"] = st.session_state["bulk_text_widget"]


def _examples(name: str) -> tuple[str, ...]:
    """Texts to try: rows of a run's own data, or sentences for a model of praise and blame."""
    rows = cached_answers.own_rows(name)
    own = [" ".join(next(iter(row.inputs.values())).split()) for row in rows.of.values()] if rows else []
    return tuple(own) or EXAMPLES


def _fill_examples(texts: tuple[str, ...]) -> None:
    st.session_state["bulk_text"] = "\n".join(texts)


def _begin(job: bulk.Job) -> None:
    st.session_state["bulk_job"] = job


def _answering(name: str, source: str, ready: bulk.Job | None) -> bulk.Job | None:
    """The job that answers what is asked now: the same texts of the same model. None while there is none.

    A page that is opened again has lost its file: until there is another, the answers to the last one stay, under its name.
    """
    job: bulk.Job | None = st.session_state.get("bulk_job")
    if job is None or ready is not None:
        return job if job is not None and ready is not None and job.asks_what(ready) else None
    without_file = source == "file" and st.session_state["bulk_file"] is None
    return job if without_file and job.file and job.model == name else None


def show(name: str, titles: Mapping[str, str]) -> None:
    sources = {"paste": _("Paste"), "file": _("Upload a file")}
    source = choices.row(
        _("Where the texts come from"),
        sources,
        choices.kept("bulk_source", sources, "paste"),
        key="bulk_source",
        label_visibility="collapsed",
    )
    task = cached_models.predictor(name).task
    prose = "label" in task.gives and len(task.inputs) == 1  # for which the examples are
    ready: bulk.Job | None = None
    with layout.mistakes():
        if source == "paste":
            st.session_state["bulk_text_widget"] = st.session_state.get("bulk_text", "")
            st.text_area(
                _("One text per line")
                if len(task.inputs) == 1
                else _("One input per line, its texts separated by a tab"),
                height=170,
                key="bulk_text_widget",
                on_change=_keep_pasted,
                placeholder=_examples(name)[0] if prose else "",
            )
            if st.session_state.get("bulk_text", "").strip():
                ready = pasted(name, titles)
            elif prose:
                st.button(
                    _("Fill in examples"), on_click=_fill_examples, args=(_examples(name),), icon=":material/edit_note:"
                )
        else:
            ready = from_file(name, titles)
    job = _answering(name, source, ready)
    running = job is not None and job.running
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            ngettext("Predict {count:,} text", "Predict {count:,} texts", ready.total).format(count=ready.total)
            if ready
            else _("Predict"),
            type="primary",
            disabled=ready is None or running,
            on_click=_begin,
            args=(ready,),
            icon=":material/play_arrow:",
        )
        st.caption(
            _("At most {limit:,} texts at a time (the setting {setting}).").format(
                limit=settings.MAX_BULK.value(), setting=layout.plain(settings.MAX_BULK.name)
            ),
            width="content",
        )
    if ready and (ready.empty or ready.beyond):
        left_out(ready)
    place = st.container()
    if ready:
        predictor = cached_models.predictor(name)
        first = {role: texts[0] for role, texts in ready.inputs.items()}
        layout.show_code(VIEWS[predictor.task.id].predict_code(name, first, predictor.max_length))
    if job is not None:
        with place, layout.mistakes():
            if ready is None:
                st.caption(_("What was asked of {file}:").format(file=layout.plain(job.file)))
            follow(job)
