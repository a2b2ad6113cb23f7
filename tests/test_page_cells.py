"""A run's result: from a cell of the confusion matrix to its rows, to an explanation, to corrected labels, to another run."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import runs, settings
from core.finetune.setup import load_data
from tests.pages_common import LANGUAGES, check, open_page, put_run, texts, train_tiny

RUN = "20260102-030405-cccccc"


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tiny(tiny_bert, tmp_path_factory.mktemp("trained"), RUN, learning_rate=1e-5, epochs=1.0)


def opened(lang: str = "en") -> AppTest:
    """The mistakes of the run, with the rows behind its confusion matrix."""
    app = check(open_page("finetune", run=RUN, lang=lang))
    check(app.button_group(key=f"view_finetune_{RUN}").set_value("mistakes").run())
    return check(app.toggle(key=f"cells_finetune_{RUN}").set_value(True).run())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_cell_that_is_not_empty_shows_its_rows(lang: str, trained: Path) -> None:
    put_run(trained)
    app = opened(lang)
    assert not app.error, texts(app)
    box = app.selectbox(key=f"cell_finetune_{RUN}")
    report = runs.report(runs.get(RUN))
    assert report is not None and report.measured is not None
    confusion = report.measured.detail["confusion"]
    assert len(box.options) == sum(count > 0 for row in confusion for count in row)  # type: ignore[attr-defined]
    assert "→" in box.options[0], "what is wrong comes first"
    for option in box.options:
        check(app.selectbox(key=f"cell_finetune_{RUN}").select(option).run())
        assert len(app.dataframe[-1].value) == int(option.rsplit("(")[-1].rsplit("（")[-1].strip("()（）"))


def test_a_corrected_label_leads_to_a_run_with_a_corrected_copy(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = settings.runs_folder() / put_run(trained) / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model": "minilm"}))  # a name that a page may use
    started: list[runs.Run] = []
    monkeypatch.setattr(runs, "start", started.append)
    app = opened()
    before = load_data(runs.get(RUN).config, runs.get(RUN).folder)
    wrong = app.selectbox(key=f"row_finetune_{RUN}").value.strip("\0")
    (box,) = [box for box in app.selectbox if str(box.key).startswith("correct_")]
    other = next(option for option in box.options if option != box.value and option in before.label_names)
    check(box.set_value(other).run())
    assert other in set(app.dataframe[-1].value["Corrected label"])
    app.button(key=f"corrected_finetune_{RUN}").click().run()
    check(app.run())
    assert not app.error, texts(app)
    assert app.selectbox(key="label_column").value == "label"
    assert "1 label was corrected by hand" in texts(app).casefold()
    check(app.button(key="start").click().run())
    after = load_data(started[0].config, started[0].folder)
    labels = {row["text"].casefold(): after.label_names[row["label"]] for row in after.splits["train"]}
    was = {row["text"].casefold(): before.label_names[row["label"]] for row in before.splits["train"]}
    assert labels == {**was, wrong: other} != was
    assert started[0].config.epochs == 1.0 and started[0].config.data == "data/article-example-corrected.csv"


def test_corrections_can_be_forgotten(trained: Path) -> None:
    put_run(trained)
    app = opened()
    (box,) = [box for box in app.selectbox if str(box.key).startswith("correct_")]
    check(box.set_value("").run())
    check(app.button(key=f"uncorrected_finetune_{RUN}").click().run())
    assert not [button for button in app.button if button.key == f"corrected_finetune_{RUN}"]
