"""Who has logged in, where the host asks for it: by OpenID Connect, with the provider that stands under [auth] in Streamlit's secrets.

Streamlit asks the provider and keeps its answer in a signed cookie (st.login, st.user); of that answer only what tells people apart
is looked at here. This module does not know what anybody may do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitAuthError

from core.errors import UserError


@dataclass(frozen=True)
class Person:
    """Somebody whom the provider knows. subject: its own name for them, which stays; email: "" unless the provider has verified it."""

    issuer: str
    subject: str
    email: str = ""


def is_configured() -> bool:
    """Whether the host asks visitors to log in. Secrets that cannot be read may ask it, and so keep everybody out."""
    if st.secrets.load_if_toml_exists():
        return "auth" in st.secrets
    return any(Path(file).exists() for file in st.get_option("secrets.files"))


def person() -> Person | None:
    """Who has logged in; None for nobody."""
    claims = st.user.to_dict()
    if not claims.get("is_logged_in") or not claims.get("sub") or not is_configured():
        return None
    is_verified = str(claims.get("email_verified", "")).lower() == "true"  # some providers send it as a text
    return Person(
        str(claims.get("iss", "")), str(claims["sub"]), str(claims.get("email", "")).lower() if is_verified else ""
    )


def providers() -> tuple[str, ...]:
    """The names of the providers to choose from; "" for the one that has none. Raises UserError where the secrets cannot be read."""
    if not st.secrets.load_if_toml_exists():
        raise UserError("nobody can log in: Streamlit's secrets cannot be read; the server's log says why")
    section = st.secrets["auth"]
    named = [name for name, value in section.items() if isinstance(value, Mapping) and "client_id" in value]
    return ("", *named) if "client_id" in section or not named else tuple(named)


def begin(provider: str) -> None:
    """Send the browser to a provider, which sends it back. Raises UserError where the host has left something out."""
    try:
        st.login(provider or None)
    except StreamlitAuthError as error:
        raise UserError("the login is not set up completely: {reason}", reason=error) from error


def end() -> None:
    """Log out, here and, where it can be asked, at the provider."""
    st.logout()
