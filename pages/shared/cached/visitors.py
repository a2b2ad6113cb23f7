"""What one server knows of all its visitors together."""

import streamlit as st

from core.classroom import Presence
from core.visitors import Attempts


@st.cache_resource(show_spinner=False)
def attempts() -> Attempts:
    """The wrong codes that this server was given: one count for all sessions."""
    return Attempts()


@st.cache_resource(show_spinner=False)
def presence() -> Presence:
    """On which page each visitor of this server was last."""
    return Presence()
