"""What is slow to make and stands further down a page is made when it comes into sight, after the rest is on the screen.

This module does not know what is made there.
"""

import streamlit as st

from pages.shared import components

_watch = st.components.v2.component("studio_sight", js=(components.FOLDER / "sight.js").read_text(encoding="utf-8"))


def reached(name: str, wanted: str) -> bool:
    """Whether the visitor has this place of the page in sight while it is to show `wanted`; the browser says so when they come to it.

    Use it inside an @st.fragment, which runs again then. name: of the place. wanted: tells what it is to show from what it showed.
    """
    place = _watch(key=f"sight_{name}", data=wanted, on_seen_change=lambda: None)
    return bool(place.seen == wanted)
