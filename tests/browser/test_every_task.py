"""Every task learns in the browser from the data that come with the studio, in English and in Chinese: open the form, press Start, read the result.

Each run is as short as it can be: sixteen rows, one epoch, and of most tasks the head alone. It is measured on all of its test
rows, as every run is. A Chinese row is opened on the Chinese page.

No data come with the studio for pair-classification and text-scoring, in either language: both learn from a file. A file of pairs is
trained on in test_scores, and every task in test_contract. What other files here train on is not trained
again, whether as it is or as a file of its rows: see ELSEWHERE.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from core import models, runs
from core.data.bundled import DATASETS
from core.metrics import METRICS
from core.tasks.table import TASKS
from pages.shared import i18n
from tests.browser import driver as browser
from tests.browser.common import check, trained
from tests.browser.driver import Server, Watch

SHORT = {"limit": 16, "epochs": 1.0, "batch_size": 8, "evaluations": 1, "max_length": 16}
LOWER_FROZEN = {"method": "frozen", "frozen_layers": 5}  # of a task without a head that could be trained alone
# Task, data, and what differs from SHORT and the head alone. A text that is read in windows needs ones in which it fits: many short
# windows cost more than a long one.
CASES: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("text-classification", "topics-zh", {}),
    ("pair-scoring", "similarity-zh", {}),
    ("multi-label", "messages-zh", {}),
    ("named-entities", "entities-zh", {"max_length": 64}),
    ("question-answering", "questions-zh", {"max_length": 192}),
    ("text-to-text", "helpdesk-answers-zh", {}),
    ("passage-retrieval", "helpdesk-pairs", LOWER_FROZEN),
    ("passage-retrieval", "helpdesk-pairs-zh", LOWER_FROZEN),
    ("masked-language-modelling", "messages-zh", {}),
    ("next-sentence-prediction", "topics", {}),
    ("next-sentence-prediction", "topics-zh", {}),
)
ELSEWHERE = {
    ("text-classification", "en"),  # test_main_job, on rotten_tomatoes
    ("multi-label", "en"),  # test_multilabel, on messages
    ("named-entities", "en"),  # test_entities, on a file of rows of entities
    ("pair-scoring", "en"),  # test_scores, on a file of rows of similarity
    ("text-to-text", "en"),  # test_text_to_text, on a file of twenty pairs
    ("masked-language-modelling", "en"),  # test_learn_page, on a text that is pasted
    ("question-answering", "en"),  # test_contract, without a browser: measured here it takes 90 seconds
}
# Where the texts are Chinese and the model is not theirs to choose: no bundled model fills Chinese masks, so a new one begins; and
# the page Pre-training opens with the heads that read English.
CHINESE_PRETRAINING = {
    "masked-language-modelling": {"learn": "scratch"},
    "next-sentence-prediction": {"model": models.MULTILINGUAL},
}


@pytest.fixture(scope="module")
def opened(running_chromium: Browser) -> Iterator[tuple[Page, Watch]]:
    """One page for all: each case opens an address of its own in it."""
    page, watch = browser.new_page(running_chromium)
    yield page, watch
    page.context.close()


def language_of(data: str) -> str:
    """The language of the texts that are read."""
    return DATASETS[data].languages.split()[0]


def form(task: str, data: str, changes: dict[str, object]) -> str:
    """The address of the form that is filled in for a short run, in the language of the data."""
    language, row = language_of(data), TASKS[task]
    if row.supervised:
        recipe = json.dumps(SHORT | {"method": "head"} | changes)
        return f"finetune?{urlencode({'lang': language, 'task': task, 'data': data, 'changes': recipe})}"
    values = {"lang": language, "view": "learn", "learn": row.head, "corpus": data, "plan": json.dumps(SHORT | changes)}
    return f"pretraining?{urlencode(values | (CHINESE_PRETRAINING[task] if language == 'zh' else {}))}"


def model_of(task: str, data: str) -> str:
    """The model that is to learn from data of this language, although the address does not name it."""
    if language_of(data) == "en":
        return "minilm"
    return models.SCRATCH if CHINESE_PRETRAINING.get(task, {}).get("learn") else models.MULTILINGUAL


def test_every_task_is_trained_in_each_language_in_which_data_come_with_the_studio() -> None:
    there = {(row.task, language_of(row.id)) for row in DATASETS.values()}
    there |= {(row.id, language) for row in TASKS.values() if not row.supervised for language in ("en", "zh")}
    assert {(task, language_of(data)) for task, data, _changes in CASES} | ELSEWHERE == there


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("task", "data", "changes"), CASES, ids=[f"{task}-{data}" for task, data, _changes in CASES])
def test_a_task_learns_from_the_studios_own_data(
    training: Server,
    opened: tuple[Page, Watch],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    task: str,
    data: str,
    changes: dict[str, object],
) -> None:
    monkeypatch.setenv("STUDIO_HOME", str(home))
    page, watch = opened
    page.goto(f"{training.url}/{form(task, data, changes)}")
    browser.wait_until_calm(page, 240)  # the first page of a server reads everything
    language = language_of(data)
    start = {"en": "Start", "zh": "开始"}[language]
    page.get_by_role("button", name=start, exact=True).click()
    run = trained(page, home)

    asked = {"task": task, "data": data, "model": model_of(task, data)} | SHORT | changes
    assert {name: getattr(run.config, name) for name in asked} == asked, "it learns what the form showed"
    report = runs.report(run)
    assert report is not None and report.measured is not None and report.split == "test"
    metric = METRICS[TASKS[task].metrics[0]]
    title = metric.title if language == "en" else i18n.chinese().gettext(metric.title)
    figure = page.get_by_test_id("stMetric").first
    expect(figure).to_contain_text(title)
    expect(figure).to_contain_text(metric.write(report.measured.metrics[metric.id].value))
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    assert (run.folder / "model" / "model.safetensors").is_file()
    check(watch)
    runs.delete(run)  # half a gigabyte, where the model knows many languages
