"""What the Attention page says when a topic needs a classifier and the chosen model has none: which one stands in for it."""

import streamlit as st

from core.bundled import READY
from pages.shared import inputs, layout
from pages.shared.i18n import _

OFFERED = 3


def instead(why: str, model: str) -> str:
    """One calm line with a button for each of the newest finished runs; returns the classifier that the topic shows instead.

    That is the newest run, or else a model that comes with the studio. model: the chosen one, which cannot be shown.
    """
    st.info(why, icon=":material/info:")
    found = {name: title for name, title in inputs.answering("label").items() if name != model}
    own = [name for name in found if name not in READY]
    other = next(iter(found))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_("Shown here: **{title}**").format(title=layout.plain(found[other])), width="content")
        for name in own[:OFFERED] or [other]:
            label = _("Open the run {title}") if own else _("Use it on every page")
            st.button(
                label.format(title=layout.plain(found[name])),
                key=f"open_{name}",
                on_click=inputs.put,
                args=("model", name),
            )
        if not own:
            st.page_link("pages/finetune.py", label=_("Fine-tune a classifier"), icon=":material/model_training:")
    return other
