"""Several labels at once in a real browser: train on the messages, read the result, ask the Playground."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import driver as browser
from tests.browser.common import check, trained
from tests.browser.driver import Server

TINY = {"epochs": 1, "limit": 48, "max_length": 16, "evaluations": 1, "method": "head", "learning_rate": 0.001}


@pytest.mark.timeout(600)
def test_train_read_the_result_and_ask(training: Server, chromium: Browser, home: Path) -> None:
    page, watch = browser.new_page(chromium)
    page.goto(f"{training.url}/finetune?data=messages&changes={quote(json.dumps(TINY))}")
    browser.wait_until_calm(page, 240)  # the first page of a server reads everything
    expect(page.get_by_test_id("stMain")).to_contain_text("have no label: they show the model when none applies")
    page.get_by_role("button", name="Start").click()
    trained(page, home)
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("all of their labels and no other", timeout=60_000)
    expect(main).to_contain_text("Each label is given from its own threshold on", timeout=60_000)
    expect(page.locator(".js-plotly-plot .heatmaplayer image").first).to_be_attached(timeout=60_000)
    page.get_by_text("Try it in the Playground").first.click()
    page.get_by_role("heading", name="Playground", level=1).wait_for(timeout=60_000)
    box = page.get_by_label("Sentence", exact=True)
    box.fill("The parcel came four days late and the box was torn.")
    box.press("Enter")
    expect(main).to_contain_text("Each probability stands by itself", timeout=90_000)
    for label in ("delivery", "packaging", "website"):
        expect(page.locator(".js-plotly-plot").first).to_contain_text(label, timeout=60_000)
    browser.wait_until_calm(page)
    check(watch)
