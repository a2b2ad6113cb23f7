"""The data step and many texts in a real browser, with files as people have them: mended on the page, answered with all their columns."""

import csv
import io
import json
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver as browser
from tests.browser.common import check
from tests.browser.driver import Server

SLOW = 180_000
KINDS = (("Billing", "invoice"), ("billing", "refund"), ("tech", "login"), ("spam", "prize"))
ROWS = [
    (f"T{12 * place + i:03}", f"{subject} {i}", f"the {subject} case number {i} is still open", label)
    for place, (label, subject) in enumerate(KINDS)
    for i in range(12)
]


def opened(server: Server, chromium: Browser, path: str) -> tuple[Page, browser.Watch]:
    page, watch = browser.new_page(chromium)
    page.goto(f"{server.url}/{path}")
    browser.wait_until_calm(page, 180)
    return page, watch


def give(page: Page, file: Path, *, nth: int = 0) -> None:
    page.locator("input[type=file]").nth(nth).set_input_files(file)
    page.wait_for_timeout(500)
    browser.wait_until_calm(page, 180)


def metric(page: Page, title: str) -> str:
    found = page.get_by_test_id("stMetric").filter(has_text=title).first
    return found.get_by_test_id("stMetricValue").inner_text()


@pytest.mark.timeout(900)
def test_a_file_without_header_is_read_whole_and_a_spelling_merged(
    server: Server, chromium: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "tickets.csv"
    file.write_text("".join(f"{','.join(row)}\n" for row in ROWS))
    page, watch = opened(server, chromium, "finetune?data=upload:")
    give(page, file)
    expect(page.get_by_text("The first 5 of 48 rows as they were read").first).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("The first row was read as data").first).to_be_visible(timeout=SLOW)
    assert metric(page, "Left out") == "0"
    page.get_by_role("button", name="Merge “billing” into “Billing”").click()
    expect(page.get_by_text("billing → Billing (12)").first).to_be_visible(timeout=SLOW)
    browser.wait_until_calm(page, 180)
    expect(page.get_by_role("button", name="Merge “billing” into “Billing”")).to_have_count(0, timeout=SLOW)
    assert '"billing": "Billing"' in page.evaluate("new URL(location).searchParams.get('changes')")
    page.get_by_role("button", name="Back to the labels as they are in the data").click()
    expect(page.get_by_role("button", name="Merge “billing” into “Billing”")).to_be_visible(timeout=SLOW)
    check(watch)


@pytest.mark.timeout(900)
def test_a_workbook_and_a_test_file(server: Server, chromium: Browser, tmp_path: Path) -> None:
    file, held_out = tmp_path / "tickets.xlsx", tmp_path / "held out.csv"
    names = ["id", "subject", "message", "topic"]
    pd.DataFrame(ROWS, columns=names).to_excel(file, index=False)
    pd.DataFrame(
        [("x", "y", f"a new message {i}", "spam" if i % 2 else "tech") for i in range(10)], columns=names
    ).to_csv(held_out, index=False)
    page, watch = opened(server, chromium, "finetune?data=upload:")
    give(page, file)
    expect(page.get_by_text("The first 5 of 48 rows as they were read").first).to_be_visible(timeout=SLOW)
    browser.wait_until_calm(page, 180)  # a list that is open closes when the page goes on being drawn
    page.wait_for_timeout(500)
    own = page.get_by_role("option", name="files of my own")
    for _attempt in range(10):  # a list that is open closes when the page is drawn anew: a person opens it again
        page.get_by_role("combobox", name="Validation and test rows").press("ArrowDown")
        page.wait_for_timeout(500)
        if own.is_visible():
            break
    own.click()
    browser.wait_until_calm(page, 180)
    give(page, held_out, nth=2)
    expect(page.get_by_text("The first 5 of 58 rows as they were read").first).to_be_visible(timeout=SLOW)
    assert metric(page, "Test rows") == "10"
    page.get_by_role("button", name="Without this file").click()
    expect(page.get_by_text("The first 5 of 48 rows as they were read").first).to_be_visible(timeout=SLOW)
    check(watch)


@pytest.mark.timeout(900)
def test_many_texts_keep_the_columns_and_the_download_follows_the_threshold(
    server: Server, chromium: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "tickets.csv"
    with file.open("w", newline="") as place:
        csv.writer(place).writerows([("id", "subject", "message", "topic"), *ROWS])
    page, watch = opened(server, chromium, "playground?view=many&model=minilm-sentiment")
    page.get_by_role("radio", name="Upload a file").click()
    browser.wait_until_calm(page, 180)
    give(page, file)
    page.get_by_role("button", name="Predict 48 texts").click()
    expect(page.get_by_text("48 texts in").first).to_be_visible(timeout=SLOW)
    browser.wait_until_calm(page, 180)
    page.get_by_role("slider", name="Unsure below a probability of").press("End")
    expect(page.get_by_text("(48 of 48) are left to a person").first).to_be_visible(timeout=SLOW)
    page.get_by_role("radio", name="Least sure first").click()
    browser.wait_until_calm(page, 180)
    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").get_by_role("button", name="Download as CSV").click()
    content = Path(str(download.value.path())).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert len(rows) == 48 and {row["decision"] for row in rows} == {"unsure"}
    assert {(row["id"], row["subject"], row["topic"]) for row in rows} == {(a, b, d) for a, b, _c, d in ROWS}
    margins = [float(row["margin"]) for row in rows]
    assert margins == sorted(margins)
    check(watch)


def test_what_was_said_of_a_file_is_in_the_address(server: Server, chromium: Browser, tmp_path: Path) -> None:
    changes = {"preparation": {"labels": {"negative": "thumbs down"}}}
    page, watch = opened(server, chromium, f"finetune?changes={quote(json.dumps(changes))}")
    expect(page.get_by_text("negative → thumbs down").first).to_be_visible(timeout=SLOW)
    check(watch)
