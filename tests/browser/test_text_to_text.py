"""Text to text in a real browser: a file of pairs, a short run, and a sentence that is translated, with where the decoder looked."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from core import predict
from core.tasks.writing import Written
from tests.browser import driver as browser
from tests.browser.common import check, trained
from tests.browser.driver import Server

SLOW = 180_000
RECIPE = {"epochs": 4.0, "batch_size": 8, "evaluations": 1, "max_length": 16, "learning_rate": 5e-4}
PAIRS = [
    {"source": f"{who} {does} a {what}.", "target": f"{ren}{zuo}{wu}。"}
    for who, does, ren, zuo in (("I", "see", "我", "看见"), ("I", "buy", "我", "买"), ("We", "see", "我们", "看见"), ("We", "buy", "我们", "买"))
    for what, wu in (("book", "书"), ("horse", "马"), ("<b>map</b>", "地图"), ("hat", "帽子"), ("car", "车"))
]  # fmt: skip


@pytest.mark.timeout(600)
def test_a_sentence_is_translated_after_a_short_run(
    training: Server, chromium: Browser, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_HOME", str(home))
    file = tmp_path / "pairs.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in PAIRS), encoding="utf-8")
    page, watch = browser.new_page(chromium)
    page.goto(f"{training.url}/finetune?task=text-to-text&changes={quote(json.dumps(RECIPE))}")
    browser.wait_until_calm(page)
    page.get_by_role("radio", name="Your own file").click(timeout=SLOW)
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("It learns to write").first).to_be_visible(timeout=SLOW)
    browser.wait_until_calm(page)
    page.get_by_role("button", name="Start", exact=True).click()
    run_id = trained(page, home).id
    expect(page.get_by_text("Which part is BERT, which is new").first).to_be_visible(timeout=SLOW)
    check(watch)

    source = "We buy a horse."
    page.goto(f"{training.url}/playground?model=run:{run_id}&text={quote(source)}&way=beam&beams=3")
    browser.wait_until_calm(page)
    (answer,) = predict.predict(predict.load(f"run:{run_id}"), {"text": [source]})
    assert isinstance(answer, Written) and answer.output
    expect(page.locator(".answer").first).to_contain_text(answer.output, timeout=SLOW)
    expect(page.locator(".js-plotly-plot .heatmaplayer image").first).to_be_attached(timeout=SLOW)
    expect(page.get_by_text("Text whose attention is shown").first).to_be_visible(timeout=SLOW)
    check(watch)
