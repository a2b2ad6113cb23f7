"""What the Attention page says when a topic needs a classifier and the chosen model has none: which runs could be opened."""

import streamlit as st

from pages.shared import inputs, layout
from pages.shared.i18n import _

OFFERED = 3


def needed(why: str) -> None:
    """One calm line with a button for each of the newest finished runs, or the way to make one."""
    titles = inputs.titles(inputs.runs_that(gives="label"))
    st.info(why, icon=":material/info:")
    if not titles:
        st.page_link("pages/finetune.py", label=_("Fine-tune a classifier"), icon=":material/model_training:")
        return
    with st.container(horizontal=True):
        for name, title in list(titles.items())[:OFFERED]:
            st.button(
                _("Open the run {title}").format(title=layout.plain(title)),
                key=f"open_{name}",
                on_click=inputs.put,
                args=("model", name),
            )
