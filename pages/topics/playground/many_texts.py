"""Many texts at once: pasted or uploaded, predicted in steps that can be cancelled."""

from collections.abc import Mapping

import streamlit as st

from core import settings
from pages.shared import layout
from pages.shared.cached import models as cached_models
from pages.shared.i18n import _
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


def _fill_examples() -> None:
    st.session_state["bulk_text"] = "\n".join(EXAMPLES)


def _begin(job: bulk.Job) -> None:
    st.session_state["bulk_job"] = job


def show(name: str, titles: Mapping[str, str]) -> None:
    source = st.segmented_control(
        _("Where the texts come from"),
        ["paste", "file"],
        default="paste",
        format_func={"paste": _("Paste"), "file": _("Upload a file")}.__getitem__,
        required=True,
        key="bulk_source",
        label_visibility="collapsed",
    )
    job: bulk.Job | None = st.session_state.get("bulk_job")
    running = job is not None and job.running
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
                placeholder=EXAMPLES[0] if prose else "",
            )
            if st.session_state.get("bulk_text", "").strip():
                ready = pasted(name, titles)
            elif prose:
                st.button(_("Fill in examples"), on_click=_fill_examples, icon=":material/edit_note:")
        else:
            ready = from_file(name, titles)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("Predict {count:,} texts").format(count=ready.total) if ready else _("Predict"),
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
            follow(job)
