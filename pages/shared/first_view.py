"""What the first visitors of a server see while its libraries are imported: Home as it opens, in pictures that were made before.

`python -m recipes.first_view` makes them, by drawing Home; Home itself takes their place as soon as it can. Every other page, and Home
for somebody's own sentence, says that the studio is starting. Nothing is imported here that takes long.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from core import settings
from pages.shared import libraries, login
from pages.shared.i18n import _, language
from pages.shared.opening import OPENINGS

PAGES = Path(__file__).parent.parent
FILE = PAGES / "pictures" / "first_view.json"
STUDIO = "BERT Studio"  # the title of Home, and the end of every page's
ICON = str(PAGES / "pictures" / "icon.png")  # a file, since icons by name come from the network
LOOK_SECONDS = 0.5  # between two looks at whether the libraries are there
PARTS: Mapping[str, Callable[[str], object]] = {
    "html": st.html,
    "caption": st.caption,
}  # what a card holds, and how it is drawn


def import_libraries() -> None:
    """Return when the libraries are there; meanwhile the visitor sees something. On Home as it opens the script ends with that."""
    if libraries.are_loaded():
        return
    if _is_home_as_it_opens():
        _draw()
        st.fragment(run_every=LOOK_SECONDS)(_follow)()
        st.stop()  # a calm page: nothing of it waits
    place = st.empty()
    place.markdown(f":material/hourglass_top: **{STUDIO}** · " + _("The studio is starting…"))
    libraries.load()
    place.empty()


def _follow() -> None:
    """Home itself as soon as it can be drawn; what stands here stays on the screen until it has drawn the same."""
    if libraries.are_loading():
        return
    libraries.load()
    st.rerun()


def _is_home_as_it_opens() -> bool:
    """Whether it is Home that is asked for, with nothing chosen, in a studio that is open to everybody."""
    name = urlsplit(st.context.url or "").path.rstrip("/").rpartition("/")[2]
    is_home = not (PAGES / f"{name}.py").is_file()
    is_open = not settings.CLASS_CODE.value() and not login.is_configured()
    return is_home and is_open and set(st.query_params) <= {"lang"}


def _draw() -> None:
    view: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))[language()]
    pictures = view["dark" if st.context.theme.type == "dark" else "light"]
    st.html(view["style"])
    with st.container(
        horizontal=True
    ):  # as in the frame of every page: a title alone would stand close to what follows
        st.title(STUDIO, anchor=False)
    st.markdown(view["intro"])
    st.text_input(_("Your sentence, on every page"), OPENINGS[language()]["text"], disabled=True)
    st.caption(
        ":material/hourglass_top: "
        + _("The studio is starting. These pictures of the sentence above were made before; in some seconds you can type your own.")
    )  # fmt: skip
    for row in pictures:
        for column, card in zip(st.columns(len(row)), row, strict=True):
            with column.container(border=True, height="stretch"):
                st.markdown(card["title"])
                for kind, body in card["parts"]:
                    PARTS[kind](body)
