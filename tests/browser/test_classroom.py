"""Two people and a teacher in one studio, each with a browser of their own: cookies, whose run is whose, what is shown to all."""

import re
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core import runs
from core.results import RunConfig, RunState
from pages.shared.server import COOKIE
from tests.browser import driver as browser
from tests.browser.common import check


def identity(page: Page) -> str:
    """The id in this browser's cookie."""
    return next(cookie["value"] for cookie in page.context.cookies() if cookie.get("name") == COOKIE).partition(".")[0]


def put(home: Path, owner: str, monkeypatch: pytest.MonkeyPatch) -> runs.Run:
    """A run that somebody has just cancelled, in the studio's folder."""
    monkeypatch.setenv("STUDIO_HOME", str(home))
    run = runs.create(RunConfig("minilm", "rotten_tomatoes", name="films"), owner=owner)
    runs._set_state(run.folder, RunState("cancelled", time.time(), finished=time.time()))
    return run


def test_two_students_and_their_teacher(tmp_path: Path, chromium: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    with browser.server(tmp_path, STUDIO_TEACHER_CODE="owl", STUDIO_CLASS_CODE="spring") as server:
        (ana, watch), (ben, _), (teacher, _) = (browser.new_page(chromium) for _person in range(3))
        for page in (ana, ben):
            page.goto(f"{server.url}/runs?lang=en")
            page.get_by_label("Class code").fill("spring", timeout=60_000)
            page.get_by_role("button", name="Come in").click()
            page.get_by_test_id("stMarkdown").filter(has_text="Your runs will be listed here").wait_for(timeout=60_000)
        assert identity(ana) != identity(ben)

        run = put(tmp_path, identity(ana), monkeypatch)
        for page, may in ((ana, True), (ben, False)):  # a reload: the cookie says who they are
            page.goto(f"{server.url}/runs?lang=en&runs={run.id}")
            page.get_by_role("button", name="Train again with changes").wait_for(timeout=60_000)
            browser.wait_until_calm(page)
            assert page.get_by_role("button", name="Delete", exact=True).count() == may
            assert page.get_by_role("button", name="Resume", exact=True).count() == may

        teacher.goto(f"{server.url}/runs?lang=en&runs={run.id}")
        teacher.get_by_label("Class code").fill("owl", timeout=60_000)  # the teacher's code opens the door as well
        teacher.get_by_role("button", name="Come in").click()
        teacher.get_by_role("button", name="Delete", exact=True).wait_for(timeout=60_000)
        teacher.goto(f"{server.url}/classroom?lang=en")
        teacher.get_by_label("Address of the page, from “Copy link”").fill(f"{server.url}/tokens?text=The+river+bank")
        teacher.get_by_label("Address of the page, from “Copy link”").press("Enter")
        browser.wait_until_calm(teacher)
        assert not teacher.get_by_role("button", name="Stop showing").count(), (
            "nothing is shown before the button is pressed"
        )
        teacher.get_by_label("What to look at").fill("https://one.example www.two.example three@four.example")
        teacher.get_by_role("button", name="Show it to everybody").click()

        look = ben.get_by_role("button", name="Look at it")
        look.wait_for(timeout=60_000)  # it comes by itself
        assert not ben.locator("a[href*=example]").count(), "what somebody writes is no link"
        look.click()
        expect(ben).to_have_url(re.compile(r"/tokens\?.*text=The\+river\+bank"), timeout=60_000)

        for page, mine in ((ana, False), (teacher, True)):
            page.goto(f"{server.url}/classroom?lang=en")
            expect(page.get_by_text("this page is the teacher's")).to_have_count(int(not mine))
            browser.wait_until_calm(page)
            assert not page.get_by_role("dialog").filter(has_text="not found").count()
        check(watch)


def test_the_cookie_cannot_be_read_by_scripts_nor_is_it_sent_again(server: browser.Server) -> None:
    with urllib.request.urlopen(f"{server.url}/tokens") as answer:
        cookie = answer.headers["Set-Cookie"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert cookie.startswith(f"{COOKIE}=") and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    known = urllib.request.Request(f"{server.url}/tokens", headers={"Cookie": cookie.partition(";")[0]})
    with urllib.request.urlopen(known) as answer:
        assert answer.headers["Set-Cookie"] is None
    forged = urllib.request.Request(f"{server.url}/tokens", headers={"Cookie": f"{COOKIE}={'a' * 32}.{'b' * 64}"})
    with urllib.request.urlopen(forged) as answer:
        assert answer.headers["Set-Cookie"].startswith(f"{COOKIE}=")
    framed = urllib.request.Request(f"{server.url}/tokens", headers={"X-Forwarded-Proto": "https"})
    with urllib.request.urlopen(framed) as answer:
        assert "SameSite=None; Secure; Partitioned" in answer.headers["Set-Cookie"]
