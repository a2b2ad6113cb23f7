"""BERT Studio: see, train and use BERT. Start it with `streamlit run app.py`.

Only the page configuration and the navigation live here, so that every page also works when it is opened directly.
"""

from itertools import groupby

import streamlit as st

from pages.shared.i18n import _
from pages.shared.layout import ICON
from pages.shared.path import STEPS, file

st.set_page_config(page_title="BERT Studio", page_icon=ICON, layout="wide")

PAGES = {"": [st.Page(file("home"), title=_("Home"), icon=":material/home:", default=True)]} | {
    _(section): [st.Page(file(page), title=_(STEPS[page].title), icon=STEPS[page].icon) for page in pages]
    for section, pages in groupby(STEPS, key=lambda page: STEPS[page].section)
}  # section → its pages; "" is no section

st.navigation(PAGES, position="top").run()
