"""What the Attention page says when a topic needs a classifier and the chosen model has none: which one stands in for it."""

import streamlit as st

from core.bundled import READY
from pages.shared import inputs, layout, visitor
from pages.shared.i18n import _, sentences

OFFERED = 3


def instead(why: str, model: str) -> str:
    """One calm line, with buttons that choose a classifier for every page; returns the one that the topic shows instead.

    That is this visitor's newest run, or else a model that comes with the studio. model: the chosen one, which cannot be shown.
    """
    found = {name: title for name, title in inputs.answering("label").items() if name != model}
    other = next(iter(found))
    offered = [name for name in found if visitor.owns(name)][:OFFERED] or [other]
    template = (
        _("Shown here: **{title}**, which comes with the studio.") if other in READY else _("Shown here: **{title}**")
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(sentences(why, template.format(title=layout.plain(found[other]))), width="content")
        for name in offered:
            label = _("Use it on every page") if name == other else _("Open the run {title}")
            st.button(
                label.format(title=layout.plain(found[name])),
                key=f"open_{name}",
                type="tertiary",
                icon=":material/push_pin:",
                on_click=inputs.put,
                args=("model", name),
            )
        if other in READY:
            st.page_link("pages/finetune.py", label=_("Fine-tune a classifier"), icon=":material/model_training:")
    return other
