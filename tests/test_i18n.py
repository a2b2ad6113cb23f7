"""The Chinese catalogue is complete, has nothing stale, and keeps every placeholder."""

import ast
import re
import string
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from pages.shared import i18n

ROOT = Path(__file__).parent.parent
KEYWORDS = {"_": None, "ngettext": (1, 2), "N_": None, "UserError": None, "text": None}


def in_the_sources() -> set[str]:
    """Every string that can reach a page: `_`, core's N_ and UserError, and the figures' `text`."""
    found: set[str] = set()
    for folder in ("core", "pages", "."):
        method = [("app.py", "python")] if folder == "." else [("**.py", "python")]
        rows = extract_from_dir(
            ROOT / folder,
            method_map=method,
            keywords=KEYWORDS,
            directory_filter=(lambda _: False) if folder == "." else None,
        )
        for _path, _line, message, _comments, _context in rows:
            if message and any(message):
                found.add(str(message))  # one with a plural is a pair, in the catalogue too
    return found


@pytest.fixture(scope="module")
def catalogue() -> dict[str, str]:
    with i18n.CATALOGUE.open("rb") as file:
        po = read_po(file, locale="zh_CN")
    assert not po.obsolete, "entries that nothing uses any more"
    assert not [m.id for m in po if m.fuzzy and m.id]
    return {str(m.id): str(m.string) for m in po if m.id}


def test_no_entry_is_missing_or_stale(catalogue: dict[str, str]) -> None:
    wanted = in_the_sources()
    assert len(wanted) > 100
    assert wanted - set(catalogue) == set(), "not in the catalogue"
    assert set(catalogue) - wanted == set(), "in the catalogue, but no longer in the sources"


def test_no_text_hides_inside_an_f_string() -> None:
    """The extraction does not look into f-strings, so such a text would never reach the catalogue."""
    for path in [ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "core").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for part in ast.walk(node) if isinstance(node, ast.JoinedStr) else ():
                if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in KEYWORDS:
                    assert not isinstance(part.args[0], ast.Constant), f"{path}:{part.lineno}"


def test_no_space_is_put_between_sentences_by_hand() -> None:
    """Chinese has none there: `sentences` sets them as the language does."""
    for path in (ROOT / "pages").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
                sides = [side for side in (node.left, node.right) if isinstance(side, ast.Constant)]
                spaced = any(isinstance(side.value, str) and side.value == " " for side in sides)
            else:
                join = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join"
                spaced = join and isinstance(node.func.value, ast.Constant) and node.func.value.value == " "  # type: ignore[union-attr, attr-defined]
            calls = (part.func for part in ast.walk(node) if isinstance(part, ast.Call)) if spaced else ()
            assert not any(isinstance(call, ast.Name) and call.id in KEYWORDS for call in calls), (
                f"{path}:{node.lineno}"
            )


def test_no_chinese_text_has_a_space_after_its_full_stop(catalogue: dict[str, str]) -> None:
    assert not [chinese for chinese in catalogue.values() if re.search(r"[。！？；：，、] (?!\|)", chinese)]


def test_a_percentage_is_written_in_one_way(catalogue: dict[str, str]) -> None:
    """95%, without a space, in both languages and wherever people read it."""
    spaced = re.compile(r"[\d}] %(?![\w(]|\s*\d)")
    assert not [text for pair in catalogue.items() for text in pair if spaced.search(text)]
    for path in [*ROOT.glob("*.md"), *(ROOT / "core" / "data").rglob("*.md")]:
        assert not spaced.search(path.read_text(encoding="utf-8")), path
    for path in [*(ROOT / "pages").rglob("*.py"), *(ROOT / "core").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            written = isinstance(node, ast.Constant) and isinstance(node.value, str)
            assert not (written and re.search(r"^ %($|[ ,.;)])|[\d}] %($|[ ,.;)])|f %%", node.value)), (
                f"{path}:{node.lineno}"
            )  # type: ignore[attr-defined]


def test_every_entry_is_translated_and_keeps_its_placeholders(catalogue: dict[str, str]) -> None:
    def placeholders(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for english, chinese in catalogue.items():
        assert chinese.strip(), english
        assert placeholders(english) == placeholders(chinese), english


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_number_has_its_form_in_both_languages(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    forms = next(m.id for m in read_po(i18n.CATALOGUE.open("rb"), locale="zh_CN") if isinstance(m.id, tuple))
    monkeypatch.setattr(i18n, "language", lambda: "en")
    assert i18n.ngettext(*forms, count) == forms[count != 1]
    monkeypatch.setattr(i18n, "language", lambda: "zh")
    assert re.search(r"[\u4e00-\u9fff]", i18n.ngettext(*forms, count))


def test_a_sentence_is_translated_into_chinese(catalogue: dict[str, str]) -> None:
    sentences = [english for english in catalogue if len(english) > 40 and english.endswith(".")]
    without = [e for e in sentences if not re.search(r"[\u4e00-\u9fff]", catalogue[e])]
    assert sentences and not without
