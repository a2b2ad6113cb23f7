"""Two people log in with a provider on this machine: what they make is theirs wherever they log in, and nothing they prove it with is to be seen."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from core import runs, settings, visitors
from core.results import RunConfig, RunState
from tests import provider
from tests.browser import driver as browser


def log_in(page: Page, person: str) -> None:
    """From the door to where they were going, by way of the provider's page."""
    page.get_by_role("button", name="Log in").click(timeout=60_000)
    page.get_by_role("link", name=person).click(timeout=60_000)


def may_delete(page: Page) -> bool:
    page.get_by_role("button", name="Train again with changes").wait_for(timeout=60_000)
    browser.wait_until_calm(page)
    return page.get_by_role("button", name="Delete", exact=True).count() == 1


def put(owner: str) -> runs.Run:
    """A run that somebody has just cancelled."""
    run = runs.create(RunConfig("minilm", "rotten_tomatoes", name="films"), owner=owner)
    runs._set_state(run.folder, RunState("cancelled", time.time(), finished=time.time()))
    return run


def test_who_logs_in_owns_what_they_made_and_nobody_else_does(
    tmp_path: Path, chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(settings.HOME.name, str(tmp_path))
    with provider.running() as known:
        anas, bens = (put(visitors.of_login(known.url, str(person["sub"]))) for person in provider.PEOPLE.values())
        options = {
            "STREAMLIT_SECRETS_FILES": str(known.secrets_file(tmp_path)),
            "STUDIO_TEACHERS": "ana@school.example",
        }
        with browser.server(tmp_path, **options) as server:
            page, _watch = browser.new_page(chromium)
            page.goto(f"{server.url}/runs?lang=en&runs={bens.id}")
            log_in(page, "Ben")
            assert may_delete(page) and f"runs={bens.id}" in page.url, "they come to the page that they were going to"
            page.goto(f"{server.url}/runs?lang=en&runs={anas.id}")
            assert not may_delete(page), "an address that the provider has not verified makes nobody a teacher"
            page.get_by_test_id("stPopoverButton").filter(has_text="You").click()
            page.get_by_role("button", name="Log out").click()
            page.get_by_role("button", name="Log in").wait_for(timeout=60_000)
            log_in(page, provider.REPLAY)
            page.get_by_role("button", name="Log in").wait_for(timeout=60_000)
            page.goto(f"{server.url}/runs?lang=en&runs={bens.id}")  # the same browser
            log_in(page, "Ana")
            assert may_delete(page), "the teacher may"
            shown = page.content()
    seen = [path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file() and path.name != "secrets.toml"]  # fmt: skip
    people = [value for person in provider.PEOPLE.values() for value in person.values() if isinstance(value, str)]
    assert len(known.given) == 6  # a code and two tokens for each login
    assert any("token exchange failed" in text for text in seen)
    for secret in (*known.given, provider.SECRET, provider.COOKIE_SECRET, *people):
        assert not any(secret in text for text in (*seen, shown, page.url)), secret
