"""Home as it opens, for those who come before a server's libraries are there: `python -m recipes.first_view`.

Home is drawn in each language, light and dark, in an empty studio, and its cards are written down (pages/pictures/first_view.json).
Run it when Home, its opening sentences or the models that come with the studio have changed; a test says when.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from unittest import mock

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element

from pages.shared import first_view, layout
from pages.shared.i18n import LANGUAGES
from pages.topics.home import miniature

APP = str(first_view.PAGES.parent / "app.py")
LONGEST = 180.0  # seconds for Home with all libraries


def _within(block: Block) -> Iterator[Block | Element]:
    """Everything in a part of a page, in its order."""
    for child in block.children.values():
        yield child
        if isinstance(child, Block):
            yield from _within(child)


def _card(block: Block) -> dict[str, object] | None:
    """A card's title and parts; None for what is no card: a card has a title, a picture, and at its end the link to its page."""
    children = [child for child in block.children.values() if isinstance(child, Element)]
    kinds = [child.type for child in children]
    if kinds[:1] != ["markdown"] or "html" not in kinds or kinds[-1] != "page_link":
        return None
    title, *parts = children
    return {
        "title": title.value,
        "parts": [[part.type, part.proto.body if part.type == "html" else part.value] for part in parts[:-1]],
    }


def drawn(language: str, *, dark: bool) -> tuple[str, list[list[dict[str, object]]]]:
    """What Home says first, and its cards in their rows."""
    app = AppTest.from_file(APP, default_timeout=LONGEST)
    app.query_params["lang"] = language
    with mock.patch.object(miniature, "is_dark", lambda: dark):
        app.run()
    if app.exception:
        raise RuntimeError("Home could not be drawn; the log says why")
    rows = [
        [card for inner in _within(block) if isinstance(inner, Block) and (card := _card(inner))]
        for block in _within(app.main)
        if isinstance(block, Block) and all(child.type == "column" for child in block.children.values())
    ]
    return app.markdown[0].value, [row for row in rows if row]


def views() -> dict[str, dict[str, object]]:
    """The whole file: for each language its style, what Home says first, and the cards, light and dark."""
    found: dict[str, dict[str, object]] = {}
    for language in LANGUAGES:
        intro, light = drawn(language, dark=False)
        _intro, dark = drawn(language, dark=True)
        found[language] = {"style": layout.STYLE, "intro": intro, "light": light, "dark": dark}
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, {"STUDIO_HOME": home, "STUDIO_HUB": "off"}):
        text = json.dumps(views(), ensure_ascii=False, indent=1)
    first_view.FILE.write_text(text + "\n", encoding="utf-8")
    print(f"{first_view.FILE}: {len(text):,} characters")


if __name__ == "__main__":
    main()
