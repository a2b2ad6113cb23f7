"""The text box of Tokens in a browser without a server: nothing that is typed is lost while the page puts another box in its place."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from pages.shared import components
from pages.topics.tokens import typing

SCRIPT = (components.FOLDER / "typing.js").read_text(encoding="utf-8")


class Box:
    """A box that is put into a page and taken away as the page's frame does it, with what it has sent."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def put(self, text: str, number: int = 0) -> None:
        """The server's word on a text, in the box that is there or in a new one."""
        data = {"n": number, "text": text, "pair": "", "tokens": [], "columns": [], "pick": False, "chosen": "", "words": typing._words(False)}  # fmt: skip
        self.page.evaluate(
            """(data) => {
              window.sent ??= [];
              window.take = window.part({ data, parentElement: document.querySelector("#place"), setStateValue: (_, value) => window.sent.push(value), setTriggerValue: () => {} });
            }""",
            data,
        )

    def take_away(self) -> None:
        self.page.evaluate("window.take()")

    def text(self) -> str:
        return self.page.locator("textarea").input_value()

    def type(self, text: str) -> None:
        self.page.locator("textarea").focus()
        self.page.keyboard.type(text)

    def type_and_answer(self, text: str) -> int:
        """Type a text, which the server takes; returns its number."""
        self.type(text)
        assert self.last_sent() == text
        number = int(self.page.evaluate("window.sent.at(-1).n"))
        self.put(text, number)
        return number

    def last_sent(self) -> str:
        self.page.wait_for_timeout(300)
        return str(self.page.evaluate("window.sent.at(-1)?.text ?? ''"))


@pytest.fixture
def box(browser: Browser, tmp_path: Path) -> Iterator[Box]:
    file = tmp_path / "part.html"
    script = SCRIPT.replace("export default function", "window.part = function")
    file.write_text(
        f"<!doctype html><meta charset=utf-8><input id=other><div id=place></div><script type=module>{script}</script>",
        encoding="utf-8",
    )
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_function("!!window.part")
    made = Box(page)
    made.put("")
    yield made
    assert complaints == []
    page.close()


def test_letters_between_two_boxes_are_kept(box: Box) -> None:
    box.type("a qu")
    box.take_away()
    box.page.keyboard.type("ic")
    box.put("")
    box.page.keyboard.type("k fox")
    assert box.text() == box.last_sent() == "a quick fox"


def test_also_where_the_page_knows_the_text_already_and_at_the_place_of_the_caret(box: Box) -> None:
    number = box.type_and_answer("a fox")
    for _ in range(3):
        box.page.keyboard.press("ArrowLeft")
    box.take_away()
    box.page.keyboard.type("re")
    box.put("a fox", number)
    box.page.keyboard.type("d ")
    assert box.text() == box.last_sent() == "a red fox"


def test_a_text_that_was_set_elsewhere_meanwhile_stays(box: Box) -> None:
    number = box.type_and_answer("mine")
    box.take_away()
    box.put("an experiment", number)
    assert box.text() == "an experiment" and box.last_sent() == "mine"


def test_letters_for_another_field_are_that_fields(box: Box) -> None:
    box.type("mine")
    box.take_away()
    box.page.locator("#other").focus()
    box.page.keyboard.type("theirs")
    assert box.page.locator("#other").input_value() == "theirs"
    box.put("")
    assert box.text() == "mine"
    assert box.page.evaluate("document.activeElement.id") == "other", "who went there stays there"


def test_who_had_left_the_box_is_not_called_back(box: Box) -> None:
    number = box.type_and_answer("mine")
    box.page.locator("#other").focus()
    box.page.wait_for_timeout(100)
    box.take_away()
    box.put("mine", number)
    assert box.page.evaluate("document.activeElement.id") == "other"
