"""What the first visitors of a server see before its libraries are there: Home's own pictures, or a line."""

import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import multilingual, settings
from core.multilingual import package_file
from pages.shared import first_view, libraries
from recipes import first_view as recipe
from tests.pages_common import texts

IMAGE = re.compile("data:image/png;base64,([^\"']+)")
COLOUR = re.compile("#[0-9a-fA-F]{6}")
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


def opened(address: str, monkeypatch: pytest.MonkeyPatch, *, elsewhere: bool = False, **query: str) -> AppTest:
    """The app at an address before its libraries are there; the first import makes them be there.

    elsewhere: another thread is importing them.
    """
    there: list[bool] = []
    monkeypatch.setattr(libraries, "are_loaded", lambda: bool(there))
    monkeypatch.setattr(libraries, "are_loading", lambda: elsewhere)
    monkeypatch.setattr(libraries, "load", lambda: there.append(True))
    monkeypatch.setattr(type(first_view.st.context), "url", property(lambda self: f"http://localhost:8501/{address}"))

    def script() -> None:
        import streamlit as st

        from pages.shared import first_view, i18n, libraries

        i18n.keep()
        before = libraries.are_loaded()
        first_view.import_libraries()
        if before:
            st.session_state["rerun"] = True

    app = AppTest.from_function(script, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


@pytest.mark.parametrize(("address", "query"), [("", {}), ("", {"lang": "zh"}), ("behind/a/proxy/", {})])
def test_home_is_there_before_the_libraries_are(
    address: str, query: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    monkeypatch.setattr(first_view, "_draw", lambda: drawn.append(1))
    app = opened(address, monkeypatch, **query)
    assert not app.exception and drawn == [1] and "rerun" in app.session_state, "the page itself follows"


def test_home_in_pictures_is_complete_while_the_libraries_are_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(first_view, "_draw", lambda: drawn.append(1))
    app = opened("", monkeypatch, elsewhere=True)
    assert not app.exception and drawn == [1] and not libraries.are_loaded(), "the script has ended, and looks again"
    monkeypatch.setattr(libraries, "are_loading", lambda: False)
    assert "rerun" in app.run().session_state, "the page itself follows"


@pytest.mark.parametrize(("address", "query"), [("", {"text": "My own sentence."}), ("tokens", {}), ("a/runs", {})])
def test_every_other_page_says_that_the_studio_is_starting(
    address: str, query: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_view, "_draw", lambda: pytest.fail("these pictures are of another sentence"))
    app = opened(address, monkeypatch, **query)
    assert not app.exception and not texts(app) and app.get("empty"), "the line was there, and is gone"


def test_a_closed_studio_shows_nothing_before_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.CLASS_CODE.name, "tangerine")
    monkeypatch.setattr(first_view, "_draw", lambda: pytest.fail("nobody has entered the code"))
    assert not opened("", monkeypatch).exception


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_first_view_is_drawn(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "are_loaded", lambda: False)
    monkeypatch.setattr(libraries, "load", lambda: None)
    monkeypatch.setattr(first_view.st, "rerun", lambda: None)
    app = opened_once(language)
    stored = json.loads(first_view.FILE.read_text(encoding="utf-8"))[language]
    assert not app.exception
    cards = [card for row in stored["light"] for card in row]
    assert [text.value for text in app.markdown] == [stored["intro"], *(card["title"] for card in cards)]
    assert len(app.get("html")) == 1 + sum(kind == "html" for card in cards for kind, _body in card["parts"]), (
        "and the style"
    )
    assert app.text_input[0].disabled and app.text_input[0].value


def opened_once(language: str) -> AppTest:
    app = AppTest.from_string(
        "from pages.shared import first_view, i18n\ni18n.keep()\nfirst_view.import_libraries()", default_timeout=60
    )
    app.query_params["lang"] = language
    return app.run()


def pixels(picture: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        return np.asarray(image.convert("RGB"), dtype=int)


@pytest.mark.parametrize(("language", "dark"), [("en", False), ("zh", True)])
def test_the_stored_pictures_are_those_that_home_draws(
    language: str, dark: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal but for rounding: another processor may differ in a last digit. `python -m recipes.first_view` makes them again."""
    monkeypatch.setattr(multilingual, "package_file", package_file)  # Chinese opens with the multilingual model
    stored = json.loads(first_view.FILE.read_text(encoding="utf-8"))[language]
    intro, rows = recipe.drawn(language, dark=dark)
    assert intro == stored["intro"]
    kept, made = json.dumps(stored["dark" if dark else "light"]), json.dumps([list(row) for row in rows])
    for before, after in zip(IMAGE.findall(kept), IMAGE.findall(made), strict=True):
        before, after = before.rstrip("\\"), after.rstrip("\\")
        assert np.abs(pixels(before) - pixels(after)).max() <= 8
    kept, made = (COLOUR.sub("#", IMAGE.sub("", text)) for text in (kept, made))
    assert NUMBER.sub("0", made) == NUMBER.sub("0", kept)
    assert [*map(float, NUMBER.findall(made))] == pytest.approx([*map(float, NUMBER.findall(kept))], rel=0.03, abs=0.02)


def test_nothing_is_imported_for_it_that_takes_long() -> None:
    heavy = "{'torch', 'transformers', 'datasets', 'pandas', 'sklearn', 'scipy'} & set(sys.modules)"
    code = f"import sys, pages.shared.first_view, pages.shared.i18n; sys.exit(bool({heavy}))"
    root = Path(__file__).parent.parent
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
