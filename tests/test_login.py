"""Logging in, where the host asks for it: who somebody is then, the door, and how it goes with codes and with the teacher."""

from pathlib import Path

import pytest
import streamlit as st
from streamlit import config
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

from core import runs, visitors
from core.results import RunConfig, RunState
from pages.shared import server
from tests.pages_common import APP, LANGUAGES, check, texts

ISSUER = "https://provider.example"
AUTH = {"client_id": "studio", "client_secret": "very-secret", "cookie_secret": "x" * 32, "redirect_uri": "http://localhost/oauth2callback"}  # fmt: skip


def open_page(name: str, subject: str = "", *, auth: dict[str, object] | None = None, **query: object) -> AppTest:
    """A page where the host asks people to log in, opened by who has this subject, "" for somebody who has not logged in."""
    claims = {"iss": ISSUER, "sub": subject, "is_logged_in": bool(subject)}
    app = AppTest.from_file(APP, default_timeout=120)
    app.secrets["auth"] = AUTH if auth is None else auth
    app.user = {**claims, **{key: value for key, value in query.items() if key.startswith("email")}}
    for key, value in query.items():
        if not key.startswith("email"):
            app.query_params[key] = str(value)
    return check(app.switch_page(f"pages/{name}.py").run())


def keys(app: AppTest) -> set[str]:
    return {widget.key or "" for widget in (*app.button, *app.text_input)}


def put(owner: str) -> runs.Run:
    run = runs.create(RunConfig("minilm", "rotten_tomatoes", name="films"), owner=owner)
    runs._set_state(run.folder, RunState("cancelled", 1.0, finished=2.0))
    return runs.get(run.id)


def test_an_id_stays_and_does_not_tell_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    known = visitors.of_login(ISSUER, "ana")
    assert visitors.ID.fullmatch(known) and known == visitors.of_login(ISSUER, "ana")
    others = {visitors.of_login(ISSUER, "ben"), visitors.of_login("https://other.example", "ana"), visitors.of_login("", f"{ISSUER}\nana")}  # fmt: skip
    assert known not in others
    monkeypatch.setattr(visitors, "secret", lambda: b"k" * 32)
    assert visitors.of_login(ISSUER, "ana") != known, "another studio knows them by another id"


@pytest.mark.parametrize(
    ("names", "known_as", "is_one"),
    [
        ("ana@school.example", ("Ana@School.example", "s1"), True),
        (" s1 , s2,", ("", "s2"), True),
        ("", ("", ""), False),
        (",", ("", "s1"), False),
        ("ana@school.example", ("", "ana"), False),
    ],
)
def test_who_is_named(names: str, known_as: tuple[str, str], is_one: bool) -> None:
    assert visitors.is_named(names, *known_as) == is_one


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_for_who_has_not_logged_in(lang: str) -> None:
    app = open_page("tokens", lang=lang, text="a sentence of mine")
    assert "log_in_" in keys(app) and "a sentence of mine" not in texts(app)
    assert not {key for key in keys(app) if key.startswith("you")}
    several = {**AUTH, "client_id": "x", "school": {"client_id": "y"}}
    assert {"log_in_", "log_in_school"} <= keys(open_page("tokens", auth=several, lang=lang))


def test_secrets_that_cannot_be_read_keep_everybody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text('[auth]\nclient_secret = "very-secret\n')
    usual = config.get_option("secrets.files")
    monkeypatch.setattr(st, "secrets", Secrets())
    config.set_option("secrets.files", [str(file)])
    try:
        app = AppTest.from_file(APP, default_timeout=120)
        app.query_params["text"] = "a sentence of mine"
        app = check(app.switch_page("pages/tokens.py").run())
    finally:
        config.set_option("secrets.files", usual)
    assert "secrets cannot be read" in app.error[0].value and "very-secret" not in texts(app)
    assert "a sentence of mine" not in texts(app)


def test_who_is_who_and_what_is_theirs() -> None:
    run = put(visitors.of_login(ISSUER, "ana"))
    assert {"delete", "log_out"} <= keys(open_page("runs", "ana", runs=run.id))
    for stranger in ("ben", "ana2"):
        app = open_page("runs", stranger, runs=run.id)
        assert "delete" not in keys(app) and "log_out" in keys(app), "who sits at the machine is no host here"


def test_the_teacher_is_named_by_what_the_provider_has_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    run = put(visitors.of_login(ISSUER, "ana"))
    monkeypatch.setenv("STUDIO_TEACHERS", "owl@school.example, subject-2")
    for subject, email, verified, may in (
        ("owl", "Owl@school.example", True, True),
        ("owl", "owl@school.example", "true", True),
        ("owl", "owl@school.example", False, False),
        ("owl", "owl@school.example", None, False),
        ("subject-2", "", False, True),
        ("subject-3", "", False, False),
    ):
        app = open_page("runs", subject, email=email, email_verified=verified, runs=run.id)
        assert ("delete" in keys(app)) == may, (subject, email, verified)


def test_the_class_code_is_asked_besides_and_the_teachers_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CLASS_CODE", "spring")
    monkeypatch.setenv("STUDIO_TEACHER_CODE", "owl")
    monkeypatch.setenv("STUDIO_TEACHERS", "named")
    run = put(visitors.of_login(ISSUER, "ana"))
    assert "gate_code" not in keys(open_page("runs")), "first they log in"
    app = open_page("runs", "ben", runs=run.id)
    assert "gate_code" in keys(app) and "delete" not in keys(app)
    visitors.enter_class(visitors.of_login(ISSUER, "ben"), "spring")
    app = open_page("runs", "ben", runs=run.id)
    assert "gate_code" not in keys(app) and "delete" not in keys(app)
    visitors.enter_as_teacher(visitors.of_login(ISSUER, "ben"), "owl")
    assert "delete" in keys(open_page("runs", "ben", runs=run.id))
    assert "delete" in keys(open_page("runs", "named", runs=run.id)), "who is named needs no code"


def test_what_was_begun_before_logging_out_is_not_done_after_it() -> None:
    run = put(visitors.of_login(ISSUER, "ana"))
    app = open_page("runs", "ana", runs=run.id)
    check(app.button(key="delete").click().run())
    app.user = {"is_logged_in": False}
    check(app.button(key="really_delete").click().run())
    assert runs.get(run.id)


@pytest.mark.parametrize("address", ["/tokens?text=a", "/", "/runs?runs=1%2C2"])
def test_the_way_back_leads_into_the_studio(address: str) -> None:
    assert server._is_ours(address)


@pytest.mark.parametrize("address", ["", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x=1", "tokens", "/\t/evil.example"])  # fmt: skip
def test_and_nowhere_else(address: str) -> None:
    assert not server._is_ours(address)
