"""The studio's own interactive parts: JavaScript and CSS of pages/components, mounted without a frame.

What a part shows travels as data, never as HTML: its JavaScript writes text with textContent only, because tokens are
untrusted. This module does not know what a part shows or what its events mean.
"""

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

FOLDER = Path(__file__).parent.parent / "components"


def script(name: str) -> str:
    """The JavaScript of a part, which reads the studio's colours from the theme around it, and from the page whether it is presented."""
    return "".join((FOLDER / f"{file}.js").read_text(encoding="utf-8") for file in ("scale", "presented", name))


def part(name: str, *styles: str) -> ComponentRenderer:
    """The function that mounts a part: pages/components/<name>.js and .css. Call it once, at import of a page's module.

    styles: further style sheets of that folder, which come before its own.
    """
    return st.components.v2.component(
        f"studio_{name}",
        js=script(name),
        css="".join((FOLDER / f"{style}.css").read_text(encoding="utf-8") for style in (*styles, name)),
    )


def unseen(name: str) -> ComponentRenderer:
    """As `part`, for one that shows nothing: pages/components/<name>.js alone."""
    return st.components.v2.component(f"studio_{name}", js=(FOLDER / f"{name}.js").read_text(encoding="utf-8"))
