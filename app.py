"""BERT Studio: see, train and use BERT. Start it with `streamlit run app.py`.

Only the page configuration and the navigation live here, so that every page also works when it is opened directly.
"""

import streamlit as st

from pages.shared.i18n import _
from pages.shared.layout import ICON

st.set_page_config(page_title="BERT Studio", page_icon=ICON, layout="wide")

PAGES = {
    "": (st.Page("pages/home.py", title=_("Home"), icon=":material/home:", default=True),),
    _("See"): (
        st.Page("pages/tokens.py", title=_("Tokens"), icon=":material/abc:"),
        st.Page("pages/encoder.py", title=_("Encoder"), icon=":material/account_tree:"),
        st.Page("pages/attention.py", title=_("Attention"), icon=":material/hub:"),
        st.Page("pages/embeddings.py", title=_("Embeddings"), icon=":material/scatter_plot:"),
    ),
    _("Train"): (
        st.Page("pages/pretraining.py", title=_("Pre-training"), icon=":material/school:"),
        st.Page("pages/finetune.py", title=_("Fine-tune"), icon=":material/model_training:"),
        st.Page("pages/runs.py", title=_("Runs"), icon=":material/list_alt:"),
    ),
    _("Use"): (
        st.Page("pages/playground.py", title=_("Playground"), icon=":material/sports_esports:"),
        st.Page("pages/search.py", title=_("Search"), icon=":material/search:"),
    ),
    _("Learn"): (st.Page("pages/article.py", title=_("The tutorial"), icon=":material/fact_check:"),),
}  # section → its pages; "" is no section

st.navigation(PAGES, position="top").run()
