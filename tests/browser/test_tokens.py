"""The text box of Tokens in a real browser: typing, input methods, links between text, tokens and ids, other ways to set the text."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server

WORDS = (
    "a quick brown fox types faster than any server answers and must not lose one letter of what it writes down here"
)
CHIP_IDS = ".chips .chip small"


def opened(server: Server, chromium: Browser, query: str = "") -> tuple[Page, browser.Watch]:
    page, watch = browser.new_page(chromium)
    page.goto(server.url)  # a cold server shows a page without the navigation until its first page has run
    browser.wait_until_calm(page)
    page.goto(f"{server.url}/tokens?{query}")
    browser.wait_until_calm(page)
    return page, watch


@pytest.mark.parametrize("delay", [15, 130])
def test_fast_typing_loses_no_letter(server: Server, chromium: Browser, delay: int) -> None:
    page, watch = opened(server, chromium)
    box = page.get_by_label("Sentence", exact=True)
    box.fill("")
    box.press_sequentially(WORDS, delay=delay)
    expect(page).to_have_url(re.compile(r"here(&|$)"), timeout=30_000)
    browser.wait_until_calm(page)
    page.wait_for_timeout(600)
    expect(box).to_have_value(WORDS)
    expect(page.locator(CHIP_IDS).nth(4)).to_have_text("4419")  # fox
    check(watch)


def test_a_page_that_is_put_anew_while_somebody_types_loses_no_letter(chromium: Browser, tmp_path: Path) -> None:
    with browser.server(tmp_path) as cold:  # the first visit ever, straight to this page: the navigation comes later
        page, watch = browser.new_page(chromium)
        page.goto(f"{cold.url}/tokens")
        box = page.get_by_label("Sentence", exact=True)
        box.fill("", timeout=60_000)
        box.press_sequentially(WORDS, delay=30)
        page.wait_for_timeout(2_000)
        browser.wait_until_calm(page)
        expect(page.get_by_label("Sentence", exact=True)).to_have_value(WORDS)
        check(watch)


def test_nothing_is_sent_while_an_input_method_composes(server: Server, chromium: Browser) -> None:
    page, watch = opened(server, chromium, "text=one")
    box = page.get_by_label("Sentence", exact=True)
    box.focus()
    session = page.context.new_cdp_session(page)
    box.press("End")
    for letters in ("w", "wo", "wo a", "wo ai"):
        session.send(
            "Input.imeSetComposition", {"text": letters, "selectionStart": len(letters), "selectionEnd": len(letters)}
        )
        page.wait_for_timeout(150)
    expect(page.locator(CHIP_IDS)).to_have_text(["101", "2028", "102"])
    session.send("Input.insertText", {"text": "我爱"})
    expect(box).to_have_value("one我爱")
    expect(page.locator(CHIP_IDS)).to_have_text(["101", "2028", "1855", "100", "102"])
    check(watch)


def test_pointing_at_a_token_marks_its_letters_its_id_and_its_row(server: Server, chromium: Browser) -> None:
    page, watch = opened(server, chromium, "text=I+love+🙂+pizza")
    page.locator(".chips .chip", has_text="pizza").hover()
    expect(page.locator(".mirror .on")).to_have_text("pizza")
    expect(page.locator("tr.on td").first).to_have_text("pizza")
    expect(page.locator(".detail")).to_contain_text("id 10733")
    page.locator("tr", has_text="2293").hover()
    expect(page.locator(".mirror .on")).to_have_text("love")
    expect(page.locator(".chips .chip.on b")).to_have_text("love")
    field = page.get_by_label("Sentence", exact=True).bounding_box()
    letters = page.locator(".mirror .piece", has_text="pizza").bounding_box()
    assert field and letters
    page.mouse.move(letters["x"] + letters["width"] / 2, letters["y"] + letters["height"] / 2)
    expect(page.locator(".chips .chip.on b")).to_have_text("pizza")
    page.mouse.move(5, 5)
    expect(page.locator(".on")).to_have_count(0)
    check(watch)


def test_tokens_are_reached_by_keyboard(server: Server, chromium: Browser) -> None:
    page, watch = opened(server, chromium, "text=I+love+eating+pizza")
    page.locator(".chips .chip").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".mirror .on")).to_have_text("love")
    page.keyboard.press("End")
    expect(page.locator(".detail")).to_contain_text("[SEP]")
    check(watch)


def test_white_space_is_shown_on_request(server: Server, chromium: Browser) -> None:
    page, watch = opened(server, chromium)
    box = page.get_by_label("Sentence", exact=True)
    box.fill("two  spaces\tand\na line")
    expect(page.locator(".space")).to_have_count(0)
    page.get_by_role("button", name="Show white space").click()
    expect(page.locator(".space")).to_have_count(5)
    shown = page.locator(".space").evaluate_all("spaces => spaces.map((space) => space.dataset.glyph)")
    assert shown == ["·", "·", "→", "¶", "·"]
    check(watch)


def test_a_text_set_elsewhere_reaches_the_box_and_typing_goes_on_from_it(server: Server, chromium: Browser) -> None:
    page, watch = opened(server, chromium)
    box = page.get_by_label("Sentence", exact=True)
    box.fill("something typed")
    page.get_by_role("button", name="The tutorial's sentence").click()
    expect(box).to_have_value("I love eating pizza", timeout=20_000)
    browser.wait_until_calm(page)
    box.press("End")
    box.press_sequentially(" now", delay=30)
    expect(page.locator(CHIP_IDS).nth(5)).to_have_text("2085")
    expect(page).to_have_url(re.compile("pizza\\+now"), timeout=20_000)
    expect(box).to_have_value("I love eating pizza now")
    browser.choose_page(page, "Attention")
    page.get_by_role("heading", name="Attention", level=1).wait_for()
    expect(page.get_by_label("Sentence", exact=True)).to_have_value("I love eating pizza now", timeout=20_000)
    browser.choose_page(page, "Tokens")
    page.get_by_role("heading", name="Tokens", level=1).wait_for()
    box.press("End")
    box.press_sequentially(", again", delay=30)
    expect(page.locator(CHIP_IDS)).to_have_count(9, timeout=20_000)
    expect(box).to_have_value("I love eating pizza now, again")
    check(watch)


def test_a_click_on_a_token_takes_its_word_apart(server: Server, chromium: Browser) -> None:
    page, watch = opened(server, chromium, "view=word&text=untokenizable+words")
    page.locator(".chip.pick", has_text="words").click()
    expect(page).to_have_url(re.compile(r"word=0%3A1"), timeout=20_000)
    expect(page.get_by_test_id("stMain")).to_contain_text("words is in the vocabulary as a whole", timeout=20_000)
    check(watch)


ANSWERED_LATE = """async (source) => {
  const { default: show } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const parentElement = document.body.appendChild(document.createElement("div"));
  const words = { kinds: {}, label: "", whiteSpace: "", placeholder: "", tokens: "", table: "", hint: "", pair: "" };
  const answer = (n, text) => show({
    parentElement, data: { n, text, pair: "", tokens: [], columns: [], words }, setStateValue: () => {}, setTriggerValue: () => {},
  });
  const type = (text) => {
    const box = parentElement.querySelector("textarea");
    box.focus();
    box.value = text;
    box.dispatchEvent(new Event("input"));
  };
  const sent = () => new Promise((resolve) => setTimeout(resolve, 300));
  const takeAway = answer(4, "pi");
  type("piz");
  await sent();
  type("pizz");
  takeAway();
  answer(4, "pi"); // another box, which knows less than the one before had sent
  await sent();
  answer(5, "piz"); // what that one had sent
  return parentElement.querySelector("textarea").value;
}"""


def test_an_answer_to_the_box_before_takes_no_letter_from_the_next(chromium: Browser) -> None:
    page = chromium.new_page()
    source = (browser.ROOT / "pages" / "components" / "typing.js").read_text(encoding="utf-8")
    assert page.evaluate(ANSWERED_LATE, source) == "pizz"
    page.close()


def test_hostile_text_is_only_text(server: Server, chromium: Browser) -> None:
    hostile = '</script><img src=x onerror="window.broken=1"> \u202eabc\u0007 \U0001f642 ' + "w" * 10_000
    page, watch = opened(server, chromium)
    box = page.get_by_label("Sentence", exact=True)
    for view in ("tokens", "word", "side"):
        page.goto(f"{server.url}/tokens?view={view}")
        browser.wait_until_calm(page)
        box.fill(hostile)
        expect(page.locator(".chips .chip").first).to_be_visible()
        browser.wait_until_calm(page)
        page.wait_for_timeout(800)
        browser.wait_until_calm(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        assert page.evaluate("window.broken") is None
    check(watch)


def test_five_hundred_and_twelve_tokens_are_linked(server: Server, chromium: Browser) -> None:
    page, watch = opened(server, chromium, "cut=512")
    box = page.get_by_label("Sentence", exact=True)
    box.fill("word " * 700)
    expect(page.locator(".chips .chip")).to_have_count(512, timeout=20_000)
    page.locator(".chips .chip").nth(100).hover()
    expect(page.locator(".mirror .on")).to_have_count(1)
    check(watch)
