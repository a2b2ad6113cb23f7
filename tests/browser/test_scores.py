"""Scores in a real browser: a file with stars, offered as a scale, and a pair that is scored after a short run."""

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from core import predict, runs
from core.data.load import load
from core.tasks.scoring import PAIR, Scored
from tests.browser import driver as browser
from tests.browser.common import check, trained
from tests.browser.driver import Server

SLOW = 180_000
RECIPE = {"epochs": 1.0, "batch_size": 16, "evaluations": 1, "max_length": 32, "limit": 64}
FIRST, SECOND = "The dog chased <b>the</b> cat.", "The cat chased the dog."


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The studio's own pairs with whole scores from 1 to 5, which could be classes as well."""
    rows = load("similarity", PAIR.layout).splits["train"]
    whole = [
        f"{a}\t{b}\t{score:.0f}"
        for a, b, score in zip(rows["text"], rows["pair"], rows["score"], strict=True)
        if score in (1, 2, 3, 4, 5)
    ]
    path = tmp_path_factory.mktemp("data") / "alike.tsv"
    path.write_text("\n".join(["sentence1\tsentence2\tstars", *whole]), encoding="utf-8")
    return path


@pytest.mark.timeout(900)
def test_a_pair_is_scored_after_a_short_run(
    training: Server, chromium: Browser, file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_HOME", str(home))
    page, watch = browser.new_page(chromium)
    page.goto(f"{training.url}/finetune?task=pair-classification&changes={quote(json.dumps(RECIPE))}")
    browser.wait_until_calm(page)
    page.get_by_role("radio", name="Your own file").click(timeout=SLOW)
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Use the task “Sentence-pair scoring”").click(timeout=SLOW)
    expect(page.get_by_text("The scores run from 1 to 5").first).to_be_visible(timeout=SLOW)
    browser.wait_until_calm(page)

    page.get_by_role("button", name="Start", exact=True).click()
    run = trained(page, home)
    report = runs.report(run)
    assert report is not None and report.measured is not None
    expect(page.get_by_test_id("stMain")).to_contain_text(f"{report.measured.metrics['spearman'].value:.3f}")
    expect(page.get_by_text("Predicted against true").first).to_be_visible(timeout=SLOW)
    check(watch)

    page.goto(f"{training.url}/playground?model=run:{run.id}&text={quote(FIRST)}&pair={quote(SECOND)}")
    browser.wait_until_calm(page)
    (answer,) = predict.predict(predict.load(f"run:{run.id}"), {"text": [FIRST], "pair": [SECOND]})
    assert isinstance(answer, Scored) and (answer.low, answer.high) == (1, 5)
    expect(page.locator(".answer").first).to_have_text(
        re.compile(rf"{answer.score:.2f}\s*on a scale from 1 to 5"), timeout=SLOW
    )
    expect(page.get_by_text("raises the score").first).to_be_visible(timeout=SLOW)
    check(watch)
