"""BERT Studio: see, train and use BERT. Start it with `streamlit run app.py`.

The file is read twice: by the server, which finds in `app` what stands before every page, and as the script of each
visit, which draws. Only the page configuration and the navigation live here, so that every page also works when it is
opened directly.
"""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

if get_script_run_ctx(suppress_warning=True) is None:
    from pages.shared import server  # nothing else is imported before the server answers

    app = st.App(__file__, middleware=server.MIDDLEWARE, lifespan=server.lifespan)
else:
    from pages.shared import first_view, i18n

    st.set_page_config(page_title=first_view.STUDIO, page_icon=first_view.ICON, layout="wide")
    i18n.keep()
    first_view.import_libraries()  # the first visitors see something before they are there
    from pages.shared import path

    path.navigation().run()
