"""A document is asked in a real browser: the answer is marked in its passage, and what the document does not say is not made up."""

from playwright.sync_api import Browser, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server


def test_a_document_is_pasted_and_asked(server: Server, chromium: Browser) -> None:
    page, watch = browser.new_page(chromium, width=390)
    page.goto(f"{server.url}/search?shelf=document&searcher=minilm&reader=minilm-answers")
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("From passage", timeout=240_000)
    page.get_by_text("The document: read it, or paste your own").click()
    box = page.get_by_role("textbox", name="Text; an empty line begins a new paragraph")
    box.fill("The bakery in Mill Lane opens at half past five.\n\nThe last bus to the lake leaves at 9 pm.")
    box.press("Control+Enter")
    expect(main).to_contain_text("1 passage", timeout=60_000)
    question = page.get_by_role("textbox", name="Your question")
    question.fill("When does the last bus leave?")
    question.press("Enter")
    expect(page.locator(".st-key-reply mark")).to_contain_text("9 pm", timeout=60_000)
    question.fill("Who painted the Mona Lisa?")
    question.press("Enter")
    expect(main).to_contain_text("I do not know.", timeout=60_000)
    browser.wait_until_calm(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    check(watch)
