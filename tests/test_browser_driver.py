"""Which browser the browser tests use, and what becomes of them where there is none."""

from pathlib import Path

import pytest

from tests.browser.driver import NO_BROWSER, PROGRAMS, find_browser

pytest_plugins = ["pytester"]
BROWSER_TEST = "import pytest\n@pytest.mark.browser\ndef test_page(): pass\n"


def make_program(path: Path) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def nowhere() -> str:
    return "/nowhere/chrome"


def test_a_named_browser_comes_before_those_on_path(tmp_path: Path) -> None:
    named = make_program(tmp_path / "mine" / "headless-shell")
    make_program(tmp_path / "bin" / "chromium")
    environment = {"STUDIO_BROWSER": named, "PATH": str(tmp_path / "bin")}
    assert find_browser(environment, nowhere) == named
    environment = {"STUDIO_BROWSER": "headless-shell", "PATH": str(tmp_path / "mine")}
    assert find_browser(environment, nowhere) == named, "a name without a folder is looked for on PATH"


def test_a_named_browser_that_is_no_program_is_an_error(tmp_path: Path) -> None:
    make_program(tmp_path / "bin" / "chromium")
    (tmp_path / "text").write_text("not a program")
    for named in (tmp_path / "missing", tmp_path / "text"):
        with pytest.raises(FileNotFoundError, match=f"STUDIO_BROWSER names {named}, which is not a program"):
            find_browser({"STUDIO_BROWSER": str(named), "PATH": str(tmp_path / "bin")}, nowhere)


def test_path_is_searched_in_the_order_of_the_names(tmp_path: Path) -> None:
    for program in reversed(PROGRAMS):
        made = make_program(tmp_path / "bin" / program)
        assert find_browser({"PATH": str(tmp_path / "bin")}, nowhere) == made


def test_playwrights_own_comes_last_and_only_if_it_is_there(tmp_path: Path) -> None:
    own = make_program(tmp_path / "playwright" / "chrome")
    environment = {"PATH": str(tmp_path / "bin")}
    assert find_browser(environment, lambda: own) == own
    assert find_browser(environment, nowhere) is None
    assert find_browser({}, nowhere) is None


@pytest.mark.parametrize(("required", "outcome"), [("0", "skipped"), ("1", "errors")])
def test_without_a_browser_a_test_is_skipped_or_fails_and_says_what_to_install(
    required: str, outcome: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUIRE_BROWSER", required)
    monkeypatch.setattr("tests.browser.driver.this_browser", lambda: None)
    pytester.makeconftest("from tests.conftest import pytest_runtest_setup")
    pytester.makeini("[pytest]\nmarkers = browser")
    pytester.makepyfile(BROWSER_TEST)
    result = pytester.runpytest_inprocess("-rsE", "-p", "no:cacheprovider")
    result.assert_outcomes(**{outcome: 1})
    result.stdout.fnmatch_lines([f"*{NO_BROWSER[:40]}*"])
