"""Runs whose files are damaged: each shows one sentence, every other page and run works, and nothing in them is run."""

import json
import shutil
from pathlib import Path

import pytest

from core import runs, settings
from core.results import RunConfig, RunState
from tests.pages_common import check, open_page, put_run, texts, train_tiny

UNREADABLE = "state.json cannot be read"
# id → what is odd in config.json and in state.json, and what the run's page says
DAMAGED: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    "20260101-000000-000001": ({"task": "nonsense"}, {}, "there is no task 'nonsense'"),
    "20260101-000000-000002": ({}, {"created": 1e30}, UNREADABLE),
    "20260101-000000-000003": ({}, {"created": -1e12}, UNREADABLE),
    "20260101-000000-000004": ({}, {"created": float("nan")}, UNREADABLE),
    "20260101-000000-000005": ({}, {"finished": float("inf")}, UNREADABLE),
    "20260101-000000-000006": ({}, {"status": "failed", "error": "it failed with {"}, UNREADABLE),
    "20260101-000000-000007": ({}, {"status": "failed", "error": "{file.__class__.__init__.__globals__}"}, UNREADABLE),
    "20260101-000000-000008": ({}, {"status": "failed", "error": "{file[0]}"}, UNREADABLE),
    "20260101-000000-000009": ({}, {"status": "failed", "error": "{file:>1000000000}"}, UNREADABLE),
    "20260101-000000-00000a": ({}, {"status": "failed", "error": "{file!r}"}, UNREADABLE),
    "20260101-000000-00000b": ({}, {"status": "failed", "error": "{other}"}, UNREADABLE),
    "20260101-000000-00000c": (
        {},
        {"status": "failed", "error": "{file} is {{odd}} {minimum:g}"},
        "data.csv is {odd} 3",
    ),
}


@pytest.fixture
def damaged(tiny_classifier: Path) -> tuple[str, ...]:
    for run_id, (config, state, _) in DAMAGED.items():
        folder = settings.runs_folder() / run_id
        shutil.copytree(tiny_classifier, folder / "model")
        usual = json.loads(runs.FILES.config.dump_json(RunConfig("minilm", "rotten_tomatoes")))
        (folder / "config.json").write_text(json.dumps(usual | config))
        known = RunState("finished", 1.7e9, error_values={"file": "data.csv", "minimum": "3"})
        (folder / "state.json").write_text(json.dumps(json.loads(runs.FILES.state.dump_json(known)) | state))
    return tuple(DAMAGED)


@pytest.mark.parametrize("page", ["home", "runs", "finetune", "playground", "tokens", "pretraining"])
def test_every_page_works_beside_damaged_runs(damaged: tuple[str, ...], page: str) -> None:
    check(open_page(page))


@pytest.mark.parametrize("run_id", DAMAGED)
def test_a_damaged_run_says_so(damaged: tuple[str, ...], run_id: str) -> None:
    sentence = DAMAGED[run_id][2].replace(".", "\\.").replace("{", "\\{").replace("}", "\\}")
    for app in (open_page("runs", runs=run_id), open_page("finetune", run=run_id)):
        assert sentence[1:] in texts(check(app)), "with a capital on the page"
    check(open_page("playground", model=f"run:{run_id}"))


def test_the_command_line_names_the_file_of_a_damaged_run(damaged: tuple[str, ...]) -> None:
    failed = [run for run in runs.all_runs() if run.state.error and run.state.error_values == {"file": "state.json"}]
    assert {run.id for run in failed} == {name for name in DAMAGED if DAMAGED[name][2] == UNREADABLE}


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tiny(tiny_bert, tmp_path_factory.mktemp("trained"), "20260101-000000-abcdef")


@pytest.mark.parametrize(("page", "shown"), [("runs", "runs"), ("finetune", "run"), ("playground", "model")])
def test_a_run_is_damaged_and_deleted_while_a_page_shows_it(trained: Path, page: str, shown: str) -> None:
    run_id = put_run(trained)
    app = check(open_page(page, **{shown: f"run:{run_id}" if shown == "model" else run_id}))
    folder = settings.runs_folder() / run_id
    for file in (
        "events.jsonl",
        "report.json",
        "model/model.safetensors",
        "model/config.json",
        "notes.json",
        "config.json",
    ):
        (folder / file).write_bytes(b"{ \0")
        check(app.run())
    shutil.rmtree(folder)
    check(app.run())
    assert run_id not in texts(app), "nothing of it is left"
