"""Named entities in a real browser: upload a CoNLL file, train, look at the result, ask the Playground, take the answer away."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from core import predict, runs
from core.data.conll import parse
from core.data.load import load
from core.tasks.tags import NAMED_ENTITIES, Tagged, to_conll
from tests.browser import driver as browser
from tests.browser.common import RUN, check, trained
from tests.browser.driver import Server

SLOW = 180_000
SENTENCES = 300
RECIPE = {"epochs": 3.0, "batch_size": 16, "learning_rate": 3e-4, "evaluations": 3, "max_length": 64}
TEXT = "🎉 Zoë Müller flew from São Paulo to Lagos."


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sentences of the studio's own data as a CoNLL file."""
    dataset = load("entities", NAMED_ENTITIES.layout)
    rows = dataset.splits["train"].select(range(SENTENCES))
    path = tmp_path_factory.mktemp("data") / "my names.conll"
    sentences = (
        "".join(f"{word} {tag}\n" for word, tag in zip(*row, strict=True))
        for row in zip(rows["words"], rows["tags"], strict=True)
    )
    path.write_text("-DOCSTART- O\n\n" + "\n".join(sentences), encoding="utf-8")
    return path


def _ask(page: Page, text: str) -> None:
    box = page.get_by_label("A text with names")
    box.fill(text)
    box.press("Control+Enter")
    browser.wait_until_calm(page)


@pytest.mark.timeout(900)
def test_upload_train_look_ask_and_take_away(
    training: Server, chromium: Browser, file: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_HOME", str(home))
    page, watch = browser.new_page(chromium)
    page.goto(f"{training.url}/finetune?changes={quote(json.dumps(RECIPE))}")
    browser.wait_until_calm(page)
    page.get_by_role("radio", name="Your own file").click()
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("Entities per type").first).to_be_visible(timeout=SLOW)
    expect(page.locator(".entities mark").first).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("columns used: words, tags")).to_be_visible()
    browser.wait_until_calm(page)

    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(RUN, timeout=SLOW)
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=SLOW)
    run = trained(page, home)
    report = runs.report(run)
    assert report is not None and report.measured is not None
    expect(page.get_by_test_id("stMain")).to_contain_text(f"{report.measured.metrics['entity_f1'].value:.3f}")
    expect(page.get_by_text("Kinds of mistakes").first).to_be_visible(timeout=SLOW)
    page.get_by_role("radio", name="Its mistakes").click()
    expect(page.locator(".entities.small mark").first).to_be_visible(timeout=SLOW)
    page.get_by_role("radio", name="How it learnt").click()
    expect(page.get_by_text("Entity F1").first).to_be_visible(timeout=SLOW)
    check(watch)

    page.get_by_text("Try it in the Playground").first.click()
    page.get_by_role("heading", name="Playground", level=1).wait_for(timeout=SLOW)
    browser.wait_until_calm(page)
    _ask(page, TEXT)
    (answer,) = predict.predict(predict.load(f"run:{run.id}"), {"text": [TEXT]})
    assert isinstance(answer, Tagged)
    marks = page.locator(".entities").first.locator("mark")  # beside it is what the model said before it was trained
    expect(marks).to_have_count(len(answer.entities), timeout=SLOW)
    drawn = marks.evaluate_all("marks => marks.map(mark => mark.firstChild.textContent)")
    assert drawn == [entity.text for entity in answer.entities]
    with page.expect_download() as download:
        page.get_by_role("button", name="Entities as CoNLL").click()
    download.value.save_as(tmp_path / "entities.conll")
    content = (tmp_path / "entities.conll").read_text(encoding="utf-8")
    assert content == to_conll([answer]) and parse(content, "entities.conll") is not None
    check(watch)


@pytest.mark.parametrize(
    ("locale", "dark", "width"), [("en-US", True, 390), ("zh-CN", False, 390), ("zh-CN", True, 1440)]
)
def test_names_are_found_at_the_first_visit(
    server: Server, chromium: Browser, locale: str, dark: bool, width: int
) -> None:
    """The model that comes with the studio answers, offline, and nothing runs out of a narrow page."""
    page, watch = browser.new_page(chromium, dark=dark, width=width, locale=locale)
    hostile = TEXT + " <img src=x onerror='window.broken=1'> " + "x" * 200
    page.goto(f"{server.url}/playground?model=minilm-entities&text={quote(hostile)}")
    expect(page.locator(".entities mark").first).to_be_visible(timeout=SLOW)
    browser.wait_until_calm(page)
    drawn = page.locator(".entities mark").evaluate_all("marks => marks.map(mark => mark.firstChild.textContent)")
    assert {"Zoë Müller", "São Paulo", "Lagos"} <= set(drawn)
    assert page.evaluate("window.broken") is None
    assert page.locator(".entities").evaluate("text => text.scrollWidth <= text.clientWidth + 1")
    check(watch)
