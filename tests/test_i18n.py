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


# Counts that are never one: of what comes with the studio, limits and what goes beyond them, sizes of models, the first so many of more,
# and what is wrong because there are several. The beginnings of the messages.
NEVER_ONE = (
    "**No good answer.** Below", "**{word}** is not in the vocabulary", "All {count} claims", "As for translation: of the", "Both are measured in all",
    "Counted on {tokens:,} tokens", "Each dot stands for up to", "Each of the {count} numbers", "Entropy {bits:.1f} bits", "M is the set of masked",
    "None of the {n:,} training", "Of this token's {count:,}", "Of {count:,} texts the first", "Pictures of the first", "Spearman's rank correlation",
    "The denominator of softmax", "The first {", "The last {count} lines", "The same two sentences in", "The text is long: this", "The {count} words that moved",
    "a cell in line {line} goes", "all {count} vectors", "config.json names {count}", "every row that has a label", "the index of the weights",
    "the vocabulary in {file}", "this model reads {count} texts", "this text, {count} rolls", "{algorithm}, {count:,} entries",
    "{count:,} sentences of film", "{count} claims of a tutorial", "{count} columns say yes", "{count} more masks do not", "{count} texts of a help desk",
    "{count} tokens are more than", "{count} tokens with their numbers", "{file} has {count} different", "{file} holds {count}",
    "{finished} of {count} runs", "{share:.0%} of the tokens in", "{share:.1%} of the {n:,} training",
)  # fmt: skip
COUNTED = re.compile(
    r"\{(?:count|n|epochs|unknown|selected|more)(?::[^}]*)?\} (?:[a-z-]+ ){0,2}?(?!(?:as|is|has|its|this)\b)[a-z]+s\b"
)


def chosen_in_core() -> set[str]:
    """The messages that core has for one and for several of a thing."""
    found: set[str] = set()
    for path in (ROOT / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            forms: list[ast.expr] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "plural":
                forms = node.args[:2]
            elif isinstance(node, ast.keyword) and node.arg == "counts" and isinstance(node.value, ast.Tuple):
                forms = node.value.elts
            found |= {str(ast.literal_eval(form.args[0])) for form in forms if isinstance(form, ast.Call)}
    return found


def test_what_is_counted_has_a_form_for_one() -> None:
    messages = [m.id for m in read_po(i18n.CATALOGUE.open("rb"), locale="zh_CN") if m.id]
    chosen = chosen_in_core()
    assert len(chosen) > 40 and sum(isinstance(one, tuple) for one in messages) > 30
    alone = [one for one in messages if isinstance(one, str) and one not in chosen and COUNTED.search(one)]
    assert not [one for one in alone if not one.startswith(NEVER_ONE)]
    assert not [start for start in NEVER_ONE if not any(one.startswith(start) for one in alone)], "no longer needed"


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


def test_every_spinner_is_the_one_that_writes_no_english_on_a_chinese_page() -> None:
    own = ROOT / "pages" / "shared" / "progress.py"
    assert [
        path for path in (ROOT / "pages").rglob("*.py") if "st.spinner(" in path.read_text("utf-8") and path != own
    ] == []


@pytest.mark.parametrize(("language", "series"), [("en", "one, two"), ("zh", "one、two")])
def test_words_one_after_the_other_are_parted_as_the_language_parts_them(
    language: str, series: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "language", lambda: language)
    assert i18n.series(["one", "two"]) == series


def test_a_sentence_is_translated_into_chinese(catalogue: dict[str, str]) -> None:
    sentences = [english for english in catalogue if len(english) > 40 and english.endswith(".")]
    without = [e for e in sentences if not re.search(r"[\u4e00-\u9fff]", catalogue[e])]
    assert sentences and not without
