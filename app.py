"""BERT Studio: see, train and use BERT. Start it with `streamlit run app.py`.

Only the page configuration and the navigation live here, so that every page also works when it is opened directly.
"""

import streamlit as st

from pages.shared import path
from pages.shared.layout import ICON

st.set_page_config(page_title="BERT Studio", page_icon=ICON, layout="wide")
path.navigation().run()
