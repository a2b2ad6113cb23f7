"""The Fine-tune page: choosing data and values, files good and bad, starting a run and following it."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import runs, settings
from core.data import folders
from core.data.bundled import DATASETS
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.finetune.recipe import METHODS, PRESETS, Size, fitted, suggested_learning_rate, with_preset
from core.finetune.setup import load_data
from core.results import Reading, RunConfig
from pages.shared.data_form import uploads
from pages.shared.snippets import finetune as finetune_code
from tests.pages_common import LANGUAGES, check, open_page, put_run, texts, train_tiny
from tests.scripts import run_script
from tests.test_data_files import FILES

RUN = "20260102-030405-aaaaaa"
SENTENCES = Size(rows=4, classes=3)  # of the tutorial's example
CSV = "review;verdict;id\n" + "".join(
    f"film number {i} was {'good' if i % 2 else 'bad'};{i % 2};{i}\n" for i in range(60)
)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[runs.Run]:
    """The runs that the page starts; no process is made for them."""
    found: list[runs.Run] = []
    monkeypatch.setattr(runs, "start", found.append)
    return found


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tiny(tiny_bert, tmp_path_factory.mktemp("trained"), RUN)


def upload(app: AppTest, name: str, content: bytes) -> AppTest:
    """The page with a file of the user's own."""
    app.button_group(key="data_kind").set_value("file").run()
    return app.file_uploader(key="upload").set_value((name, content, "text/csv")).run()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_opens_with_data_model_and_start(lang: str) -> None:
    app = check(open_page("finetune", lang=lang))
    assert not app.error
    rows = {"en": {"6,824", "853", "0"}, "zh": {"10,787", "1,348", "21,641"}}  # films, and Chinese reviews
    assert {metric.value for metric in app.metric} >= rows[lang]
    assert app.button(key="start") and app.button(key="estimate")
    assert "compile(" not in app.code[-1].value and "TrainingArguments" in app.code[-1].value


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_that_comes_with_the_studio(name: str, lang: str) -> None:
    app = check(open_page("finetune", data=name, lang=lang))
    assert not app.error
    assert app.selectbox(key="data_ready").value == name


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_fills_every_value(preset: str) -> None:
    app = check(open_page("finetune", data="article-example", preset=preset))
    for name, value in fitted(preset, SENTENCES).items():
        assert app.session_state[f"value_{name}"] == value


def test_editing_a_value_makes_the_preset_custom_and_choosing_one_goes_back() -> None:
    app = check(open_page("finetune", data="article-example"))
    check(app.number_input(key="value_epochs").set_value(3.5).run())
    assert app.session_state["preset"] == "custom"
    assert json.loads(app.session_state["shared_changes"]) == {"epochs": 3.5}
    check(app.button_group(key="preset").set_value("quick").run())
    assert app.session_state["preset"] == "quick"
    assert app.session_state["value_epochs"] == fitted("quick", SENTENCES)["epochs"]


def test_a_preset_fits_the_data_that_is_chosen_and_a_changed_value_stays() -> None:
    app = check(open_page("finetune", data="article-example", preset="quick", changes='{"learning_rate": 0.0002}'))
    assert app.session_state["value_epochs"] == 50
    check(app.selectbox(key="data_ready").set_value("rotten_tomatoes").run())
    assert app.session_state["value_epochs"] == 2 and app.session_state["value_batch_size"] == 16
    assert app.session_state["value_learning_rate"] == 0.0002, "what was changed by hand stays"
    check(app.number_input(key="value_limit").set_value(100).run())
    assert (app.session_state["value_batch_size"], app.session_state["value_epochs"]) == (8, 16)
    assert "100 rows in batches of 8: 16 × 13 = 208 steps; learning rate 2.0e-04" in plain(app)


def plain(app: AppTest) -> str:
    """What the page says, without the backslashes that keep signs from being Markdown."""
    return texts(app).replace("\\", "")


def test_a_preset_says_its_steps_and_why() -> None:
    app = check(open_page("finetune", data="article-example", preset="quick"))
    assert "4 rows in batches of 2: 50 × 2 = 100 steps" in plain(app)
    assert "reached after 10 of them; measured 10 times" in plain(app)
    assert "It takes 200 steps or more to learn 3 labels" in plain(app)
    large = check(open_page("finetune", data="rotten_tomatoes"))
    assert "6,824 rows in batches of 32: 2 × 214 = 428 steps" in plain(large)
    assert "read more often than usual" not in texts(large)


def test_too_few_steps_are_pointed_out_with_a_way_out() -> None:
    app = check(open_page("finetune", data="rotten_tomatoes", changes='{"epochs": 0.5}'))
    assert "107 steps are too few to learn from" in texts(app)
    check(app.button(key="use_epochs").click().run())
    assert app.session_state["value_epochs"] == 1.0
    assert "too few to learn from" not in texts(app)


def test_rare_labels_are_pointed_out_with_a_way_to_weigh_them() -> None:
    app = check(open_page("finetune", data="article-example"))
    check(app.button(key="use_class_weights").click().run())
    assert app.session_state["value_class_weights"] is True
    assert "use_class_weights" not in {button.key for button in app.button}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_brings_its_rate_and_its_own_values(method: str) -> None:
    app = check(open_page("finetune", data="article-example"))
    check(app.button_group(key="method").set_value(method).run())
    chosen = with_preset(RunConfig("minilm", "article-example"), "balanced", SENTENCES).learning_rate
    # all parameters are what is chosen already: nothing changes
    expected = chosen if method == "full" else suggested_learning_rate(method, 384)
    assert app.session_state["value_learning_rate"] == expected
    shown = {widget.key for widget in app.number_input}
    assert ("value_frozen_layers" in shown) == (method == "frozen")
    assert ("value_lora_rank" in shown) == (method == "lora")


@pytest.mark.parametrize(
    "changes",
    ['{"epochs": 1e9}', '{"epochs": "x"}', '{"method": "rm"}', '{"data": "/etc/passwd"}', "[1]", "{", '{"seed": true}'],
)
def test_an_address_with_nonsense_changes_nothing(changes: str, started: list[runs.Run]) -> None:
    app = check(open_page("finetune", data="article-example", changes=changes, preset="no such preset"))
    check(app.button(key="start").click().run())
    assert len(started) == 1
    expected = RunConfig(model="minilm", data="article-example")
    assert started[0].config == with_preset(expected, "balanced", SENTENCES)


def test_a_rate_that_is_too_high_is_pointed_out() -> None:
    app = check(open_page("finetune", data="article-example", changes='{"learning_rate": 0.01}'))
    assert "is high for this model" in texts(app)
    check(app.button(key="use_rate").click().run())
    assert app.session_state["value_learning_rate"] == 1e-4


@pytest.mark.training
def test_estimate_measures_real_steps() -> None:
    app = check(open_page("finetune", data="article-example", changes='{"batch_size": 2, "max_length": 16}'))
    check(app.button(key="estimate").click().run())
    assert "real steps on this machine" in texts(app)
    assert "100 steps" in texts(app), "four rows, two at a time, fifty times"
    check(app.run())
    assert "real steps on this machine" in texts(app), "it stays while nothing changes"
    check(app.number_input(key="value_batch_size").set_value(1).run())
    assert "real steps on this machine" not in texts(app), "other values, other cost"


@pytest.mark.training
def test_a_cancelled_estimate_can_begin_again() -> None:
    app = check(open_page("finetune", data="article-example", changes='{"batch_size": 2, "max_length": 16}'))
    app.session_state["stopped_estimate"] = True
    app.session_state["estimated"] = ""
    check(app.button(key="estimate").click().run())
    assert "real steps on this machine" in texts(app), "asking again begins again"


def test_start_makes_a_run_and_follows_it(started: list[runs.Run]) -> None:
    app = check(open_page("finetune", data="article-example", preset="quick"))
    app.text_input(key="run_name").set_value("<b>mine</b>").run()
    check(app.button(key="start").click().run())
    assert [run.config.name for run in started] == ["<b>mine</b>"]
    assert app.session_state["shared_run"] == started[0].id
    assert "Waiting for a free place" in texts(app) and "\\<b\\>mine" in texts(app)
    assert "· created " in texts(app) and "· started " not in texts(app), "it waits"
    other = check(open_page("finetune", run=started[0].id))  # a second tab, or after a refresh
    assert "Waiting for a free place" in texts(other)
    third = check(open_page("finetune"))
    assert third.button(key=f"follow_{started[0].id}"), "a page opened anew says that something is going on"
    check(app.button(key=f"cancel_finetune_{started[0].id}").click().run())
    assert runs.get(started[0].id).state.status == "cancelled"
    check(app.run())
    assert "You stopped it" in texts(app)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_run_that_trains_is_shown_live(trained: Path, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    folder = settings.runs_folder() / put_run(trained)
    (folder / "report.json").unlink()
    lines = (folder / "events.jsonl").read_text().splitlines()
    last_step = max(i for i, line in enumerate(lines) if '"kind":"step"' in line)
    (folder / "events.jsonl").write_text("\n".join(lines[: last_step + 1]) + "\n")
    state = json.loads((folder / "state.json").read_text()) | {"status": "running", "finished": None}
    (folder / "state.json").write_text(json.dumps(state))
    monkeypatch.setattr(runs, "_is_alive", lambda folder: True)
    app = check(open_page("finetune", run=RUN, lang=lang))
    step = runs.events(runs.get(RUN))[-1]
    assert f"{step.values['loss']:.4f}" in {metric.value for metric in app.metric}
    assert len(app.dataframe) == 1, "the worst validation examples so far"
    check(app.toggle(key=f"log_finetune_{RUN}").set_value(True).run())
    assert "evaluation" in app.code[0].value
    assert not runs.open_folder(folder).state.finished


def test_stop_now_is_offered_to_a_run_that_does_not_react(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = settings.runs_folder() / put_run(trained)
    state = json.loads((folder / "state.json").read_text()) | {"status": "running", "finished": None}
    (folder / "state.json").write_text(json.dumps(state))
    monkeypatch.setattr(runs, "_is_alive", lambda folder: True)
    killed: list[runs.Run] = []
    monkeypatch.setattr(runs, "kill", killed.append)
    app = check(open_page("finetune", run=RUN))
    check(app.button(key=f"cancel_finetune_{RUN}").click().run())
    assert "Stopping after the current step" in texts(app)
    assert not [button for button in app.button if button.key == f"kill_finetune_{RUN}"], "first it may stop by itself"
    monkeypatch.setattr("pages.shared.run_view.live.PATIENCE_SECONDS", -1)
    check(app.run())
    check(app.button(key=f"kill_finetune_{RUN}").click().run())
    assert [run.id for run in killed] == [RUN]


@pytest.mark.parametrize("run_id", ["20990101-000000-ffffff", "../../etc/passwd", "<script>"])
def test_a_run_that_does_not_exist_is_no_dead_end(run_id: str) -> None:
    app = check(open_page("finetune", run=run_id))
    assert len(app.error) == 1 and "There is no run" in app.error[0].value
    check(app.button(key="new_run").click().run())
    assert not app.error and app.button(key="start")


def test_an_uploaded_file_is_read_checked_and_trained_on(started: list[runs.Run]) -> None:
    app = check(upload(open_page("finetune"), "my <reviews>.csv", (CSV + ";1;61\n").encode("utf-16")))
    assert not app.error, texts(app)
    assert app.multiselect(key="text_column").value == ["review"]
    assert app.selectbox(key="label_column").value == "verdict"
    assert next(metric.value for metric in app.metric if metric.label == "Left out") == "1"
    assert any(box.label == "Why rows were left out" for box in app.expander)
    assert "UTF\\-16" in texts(app)
    check(app.button(key="start").click().run())
    config = started[0].config
    assert config.data.startswith("data/") and (started[0].folder / config.data).is_file()
    assert dict(config.columns) == {"text": "review", "label": "verdict"}
    assert config.task == "text-classification"


def test_an_uploaded_file_survives_a_refresh() -> None:
    app = check(upload(open_page("finetune"), "reviews.csv", CSV.encode()))
    again = check(open_page("finetune", data=app.session_state["shared_data"]))
    assert again.selectbox(key="label_column").value == "verdict"
    gone = check(open_page("finetune", data="upload:" + "0" * 24))
    assert "Upload it again" in texts(gone)


def test_columns_can_be_chosen() -> None:
    app = check(upload(open_page("finetune"), "reviews.csv", CSV.encode()))
    check(app.selectbox(key="label_column").set_value("id").run())
    assert len(app.error) == 1 and "not labels" in app.error[0].value
    check(app.selectbox(key="label_column").set_value("verdict").run())
    assert not app.error


@pytest.mark.parametrize(
    "changes",
    [{"columns": {"label": "id", "text": "review"}}, {"label_column": "id", "text_column": "review"}],
    ids=["today", "an address of earlier"],
)
def test_columns_travel_in_the_address(changes: dict[str, object]) -> None:
    content = CSV.replace(";0\n", ";1\n").encode()
    data = check(upload(open_page("finetune"), "reviews.csv", content)).session_state["shared_data"]
    app = check(open_page("finetune", data=data, changes=json.dumps(changes)))
    assert app.selectbox(key="label_column").value == "id"
    check(app.selectbox(key="label_column").set_value("verdict").run())
    assert json.loads(app.session_state["shared_changes"]) == {"columns": {"label": "verdict", "text": "review"}}


def test_a_file_that_is_used_is_kept_and_one_that_was_left_is_cleared_away() -> None:
    used, left = (uploads.keep_upload("a.csv", content).removeprefix("upload:") for content in (b"a,b\n", b"c,d\n"))
    long_ago = time.time() - 2 * uploads.KEPT_SECONDS
    for digest in (used, left):
        os.utime(uploads.uploads() / digest, (long_ago, long_ago))
    assert uploads.file_of(f"upload:{used}")
    uploads.keep_upload("b.csv", b"e,f\n")
    assert (uploads.uploads() / used).is_dir() and not (uploads.uploads() / left).exists()


def test_two_visitors_clear_away_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = uploads.uploads() / ("0" * 24)
    seen = Path.iterdir
    monkeypatch.setattr(
        Path, "iterdir", lambda folder: [*seen(folder), gone] if folder == uploads.uploads() else seen(folder)
    )
    assert uploads.keep_upload("a.csv", b"a,b\n").startswith("upload:")


def test_sentence_pairs() -> None:
    rows = "premise,hypothesis,label\n" + "".join(
        f"the film {i} was good,film {i} was {'liked' if i % 2 else 'hated'},{'yes' if i % 2 else 'no'}\n"
        for i in range(40)
    )
    app = upload(open_page("finetune"), "pairs.csv", rows.encode())
    check(app.button_group(key="task").set_value("pair-classification").run())
    assert not app.error, texts(app)
    assert app.multiselect(key="pair_column").value == ["hypothesis"]
    assert '"pair"' in app.code[-1].value


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\0", "PNG"),
        ("empty.csv", b"", "empty"),
        ("one-class.csv", b"text,label\na,x\nb,x\nc,x\n", "same label"),
        ("pickle.csv", b"\x80\x04\x95\0\0\0\0", "pickle"),
        ("header.csv", b"text,label\n", "no rows"),
    ],
    ids=["a renamed picture", "empty", "one class", "pickle", "header only"],
)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_bad_file_gets_one_clear_sentence(name: str, content: bytes, says: str, lang: str) -> None:
    uploaded = check(upload(open_page("finetune"), name, content))
    app = check(open_page("finetune", data=uploaded.session_state["shared_data"], lang=lang))
    assert len(uploaded.error) == len(app.error) == 1
    if lang == "en":
        assert says in app.error[0].value.replace("\\", "")
    assert not [button for button in app.button if button.key == "start"], "nothing to start"


def test_labels_and_texts_stay_text() -> None:
    rows = "text,label\n" + "".join(f"</script><b>{i}</b> film,{'<i>x</i>' if i % 2 else '*y*'}\n" for i in range(40))
    app = check(upload(open_page("finetune"), "nasty.csv", rows.encode()))
    assert not app.error, texts(app)
    shown = texts(app)
    assert "<i>x</i>" not in shown.replace("\\<i\\>x\\<\\/i\\>", "")
    assert "label: *y*" not in shown


def test_the_hub_that_cannot_be_reached_is_no_dead_end() -> None:
    app = check(open_page("finetune", data="someone/something"))
    assert len(app.error) == 1 and "cannot be reached" in app.error[0].value.replace("\\", "")
    assert app.session_state["data_kind"] == "hub"
    check(app.button_group(key="data_kind").set_value("ready").run())
    assert not app.error


@pytest.mark.parametrize("name", ["four-sentences", "head-only", "little-data", "high-rate"])
def test_the_prepared_experiments_set_the_page_up(name: str, started: list[runs.Run]) -> None:
    app = check(open_page("finetune", data="article-example"))
    check(app.button(key=f"experiment_finetune_{name}").click().run())
    assert not app.error
    assert app.session_state["shared_experiment"] == name
    assert [text.value for text in app.markdown if len(text.value) > 150], "the point of the experiment is told"
    changed = json.loads(app.query_params["changes"])
    check(app.button(key="start").click().run())
    assert changed and {field: getattr(started[0].config, field) for field in changed} == changed


def test_train_again_with_a_file_of_an_old_run(started: list[runs.Run], tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text(CSV)
    config = RunConfig("minilm", "", columns=(("text", "review"), ("label", "verdict")), epochs=7.0, method="head")
    old = runs.create(config, file)
    runs.cancel(old)
    app = check(open_page("finetune", run=old.id))
    app.button(key=f"again_finetune_{old.id}").click().run()
    check(app.run())
    assert app.session_state["value_epochs"] == 7.0 and app.session_state["method"] == "head"
    assert app.selectbox(key="label_column").value == "verdict"
    check(app.button(key="start").click().run())
    assert (started[0].folder / started[0].config.data).read_text() == CSV


@pytest.mark.parametrize("method", METHODS)
def test_the_script_trains(method: str, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put_run(trained)
    dataset = load("article-example", LAYOUTS["text-label"])
    config = RunConfig(
        f"run:{RUN}", "article-example", method=method, epochs=2.0, batch_size=2, learning_rate=1e-3, frozen_layers=1,
        class_weights=method == "full",
    )  # fmt: skip
    rows = finetune_code.training_rows("article-example", "", dataset.columns, dataset.report)
    names = run_script(finetune_code.finetune(config, rows, dataset.label_names, pair=False, held_out=False))
    result = names["result"]
    assert isinstance(result, dict) and 0 <= result["eval_accuracy"] <= 1 and np.isfinite(result["eval_loss"])


def rows_of(names: dict[str, object], columns: Sequence[str]) -> list[tuple[str, ...]]:
    frame = names["rows"]
    return sorted(tuple(row) for row in frame[list(columns)].itertuples(index=False, name=None))  # type: ignore[index]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet", "xlsx"])
def test_the_script_reads_the_same_rows_as_the_studio(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd

    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame(
        {"q": [f"text {i}" for i in range(40)], "a": [f"other {i}" for i in range(40)], "y": ["yes", "no"] * 20}
    )
    if kind == "csv":
        frame.to_csv("d.csv", sep="\t", index=False, encoding="gb18030")
    elif kind == "parquet":
        frame.to_parquet("d.parquet")
    elif kind == "xlsx":
        frame.to_excel("d.xlsx", index=False)
    else:
        frame.to_json(f"d.{kind}", orient="records", lines=kind == "jsonl")
    columns = {"text": "q", "pair": "a", "label": "y"}
    dataset = load(f"d.{kind}", LAYOUTS["pair-label"], columns, allow_path=True)
    code = finetune_code.training_rows(f"d.{kind}", f"d.{kind}", dataset.columns, dataset.report)
    names = run_script(f"import pandas as pd\nlabels = {list(dataset.label_names)!r}\n{code}\nprint(len(rows))")
    expected = sorted(
        (row["text"], row["pair"], dataset.label_names[row["label"]])
        for split in dataset.splits.values()
        for row in split
    )
    assert rows_of(names, ("text", "pair", "label")) == expected


def test_the_script_reads_the_bundled_sentences() -> None:
    dataset = load("rotten_tomatoes", LAYOUTS["text-label"])
    code = finetune_code.training_rows("rotten_tomatoes", "", dataset.columns, dataset.report)
    head = "import pandas as pd\nfrom importlib.util import find_spec\nfrom pathlib import Path\n"
    names = run_script(f"{head}labels = {list(dataset.label_names)!r}\n{code}\nprint(len(rows))")
    assert len(rows_of(names, ("text", "label"))) == sum(dataset.report.counts.values())
    assert {label for _, label in rows_of(names, ("text", "label"))} == {"negative", "positive"}


def test_a_resumed_run_does_not_show_what_it_did_before(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = settings.runs_folder() / put_run(trained)
    later = runs.events(runs.get(RUN))[-1].time + 60
    state = json.loads((folder / "state.json").read_text()) | {"status": "running", "finished": None, "started": later}
    (folder / "state.json").write_text(json.dumps(state))
    monkeypatch.setattr(runs, "_is_alive", lambda folder: True)
    app = check(open_page("finetune", run=RUN))
    bars = [bar.proto.text for bar in app.get("progress")]
    assert bars == ["starting the training process"]


@pytest.mark.parametrize(
    ("name", "columns", "reading"),
    [
        ("d01_headerless_words.csv", {"text": "1", "label": "2"}, Reading(header=False)),
        ("d49_ag_kaggle.csv", {"text": "Title+Description"}, Reading()),
        ("d07_float_nan_labels.csv", {}, Reading()),
        ("d53_snli.tsv", {"text": "sentence2"}, Reading()),
    ],
)
def test_the_script_reads_files_as_people_have_them(name: str, columns: dict[str, str], reading: Reading) -> None:
    file = str(FILES / name)
    dataset = load(file, LAYOUTS["text-label"], columns, reading=reading, allow_path=True)
    code = finetune_code.training_rows(name, file, dataset.columns, dataset.report)
    names = run_script(f"import pandas as pd\nlabels = {list(dataset.label_names)!r}\n{code}\nprint(len(rows))")
    kept = {(row["text"], dataset.label_names[row["label"]]) for split in dataset.splits.values() for row in split}
    assert kept <= set(rows_of(names, ("text", "label"))), "the studio leaves out repeated texts as well"
    assert {label for _, label in rows_of(names, ("text", "label"))} == set(dataset.label_names)


# --- How the file was read, and what is said of it ---------------------------------------------------------------------


def upload_case(name: str, lang: str = "en", **values: str) -> AppTest:
    """The page with one of the files that people have."""
    app = check(upload(open_page("finetune", **values), name, (FILES / name).read_bytes()))
    if lang == "en":
        return app
    return check(open_page("finetune", lang=lang, data=app.session_state["shared_data"], **values))


def warnings_of(app: AppTest) -> str:
    return " / ".join(box.value.replace("\\", "") for box in app.warning)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "name",
    [
        "d07b_none_na_labels.csv",
        "d24c_split_blank.csv",
        "d49_ag_kaggle.csv",
        "d53_snli.tsv",
        "d56_label_spaces_case.csv",
        "d57_emoji.csv",
        "d59_imbalanced.csv",
        "d68_numeric_text.csv",
    ],
)
def test_every_kind_of_remark_is_shown_in_both_languages(name: str, lang: str) -> None:
    app = upload_case(name, lang)
    assert not app.error, texts(app)
    assert app.warning or app.info


def test_how_a_file_is_read_is_found_out_and_open_to_change() -> None:
    app = upload(open_page("finetune"), "films.csv", "фильм;оценка\n".encode("cp1251") + CSV.encode())
    check(app)
    check(app.selectbox(key="reading_encoding").set_value("cp1251").run())
    check(app.selectbox(key="reading_header").set_value("no").run())
    assert json.loads(app.session_state["shared_changes"])["reading"] == {"encoding": "cp1251", "header": False}
    data, changes = app.session_state["shared_data"], app.session_state["shared_changes"]
    again = check(open_page("finetune", data=data, changes=changes))
    assert again.selectbox(key="reading_header").value == "no"
    assert again.selectbox(key="label_column").options[0] == "column 1"
    check(again.selectbox(key="reading_header").set_value("").run())
    check(again.selectbox(key="reading_encoding").set_value("").run())
    assert again.session_state["shared_changes"] == ""


def test_the_reading_goes_with_the_run_and_comes_back_with_it(started: list[runs.Run]) -> None:
    content = b"".join(f"film number {i} was;{i % 2}\n".encode() for i in range(40))
    changes = json.dumps(
        {"reading": {"header": False, "delimiter": ";"}, "columns": {"text": "column 1", "label": "column 2"}}
    )
    data = upload(open_page("finetune"), "films.csv", content).session_state["shared_data"]
    app = check(open_page("finetune", data=data, changes=changes))
    check(app.button(key="start").click().run())
    assert started[0].config.reading == Reading(header=False, delimiter=";")
    assert load_data(started[0].config, started[0].folder).report.rows == 40
    runs.cancel(started[0])
    app = check(open_page("finetune", run=started[0].id))
    assert "none: columns are numbered" in texts(app) + str([frame.value.to_dict() for frame in app.dataframe])
    app.button(key=f"again_finetune_{started[0].id}").click().run()
    check(app.run())
    assert app.selectbox(key="reading_header").value == "no" and app.selectbox(key="reading_delimiter").value == ";"


@pytest.mark.parametrize("reading", ['"x"', '{"header": "no"}', '{"encoding": "../x", "delimiter": "\\n"}', "[]"])
def test_an_address_with_a_nonsensical_reading_changes_nothing(reading: str) -> None:
    data = upload(open_page("finetune"), "reviews.csv", CSV.encode()).session_state["shared_data"]
    app = check(open_page("finetune", data=data, changes=f'{{"reading": {reading}}}'))
    assert not app.error and app.selectbox(key="label_column").value == "verdict"


def test_a_file_that_cannot_be_read_so_unfolds_the_choice() -> None:
    data = upload(open_page("finetune"), "reviews.csv", CSV.encode()).session_state["shared_data"]
    app = check(open_page("finetune", data=data, changes='{"reading": {"encoding": "no-such"}}'))
    assert len(app.error) == 1 and "There is no encoding" in app.error[0].value
    assert next(box for box in app.expander if "How the file was read" in box.label).proto.expanded
    check(app.selectbox(key="reading_encoding").set_value("").run())
    assert not app.error


def test_a_second_column_of_texts_can_be_read_too() -> None:
    app = upload_case("d70_pairs_default.csv")
    check(app.button(key="join_columns").click().run())
    assert app.multiselect(key="text_column").value == ["sentence1", "sentence2"]
    assert not [button for button in app.button if button.key == "join_columns"]
    assert "rows['sentence1+sentence2']" in app.code[-1].value
    app = upload_case("d70_pairs_default.csv")
    check(app.button(key="use_pair-classification").click().run())
    assert app.multiselect(key="pair_column").value == ["sentence2"] and not app.error


def test_words_with_tags_are_offered_their_task() -> None:
    app = upload_case("d74_conll.tsv")
    assert len(app.error) == 1 and "one word and its tag in each line" in app.error[0].value
    check(app.button(key="use_named-entities").click().run())
    assert not app.error and app.button_group(key="task").value == "named-entities"


@pytest.mark.parametrize("name", ["d46_multi_comma.csv", "d13_toxic_multilabel.csv"])
def test_several_labels_a_row_are_offered_their_task(name: str) -> None:
    app = upload_case(name)
    check(app.button(key="use_multi-label").click().run())
    assert not app.error and app.button_group(key="task").value == "multi-label"
    assert app.multiselect(key="labels_column").value[0] in ("toxic", "label", "labels")
    assert "use_multi-label" not in {button.key for button in app.button}


@pytest.mark.parametrize("answers", [("Oslo", "Lima", "Cairo") * 12, [f"town {i} of many" for i in range(36)]])
def test_questions_with_passages_are_offered_their_task(answers: Sequence[str]) -> None:
    rows = "question,context,answer\n" + "".join(
        f"Where is goat {i}?,Goat {i} is in {place}.,{place}\n" for i, place in enumerate(answers)
    )
    app = check(upload(open_page("finetune"), "qa.csv", rows.encode()))
    asked = "a task that answers questions marks it there" if len(set(answers)) == 3 else "which column holds the label"
    assert asked in warnings_of(app).casefold()
    assert "use_pair-classification" not in {button.key for button in app.button}
    check(app.button(key="use_question-answering").click().run())
    assert not app.error and app.button_group(key="task").value == "question-answering"


def test_many_rows_left_out_are_a_warning_with_the_reasons_unfolded() -> None:
    rows = "premise,hypothesis,label\n" + "".join(
        f"somebody does thing number {i // 3},it is so number {i},{'abc'[i % 3]}\n" for i in range(90)
    )
    rows += "".join(f"a premise of its own {i},it is so {i},{'abc'[i % 3]}\n" for i in range(30))
    app = check(upload(open_page("finetune"), "nli.csv", rows.encode()))
    assert "90 of 120 rows (75%) are left out" in warnings_of(app)
    assert "choose a task for two texts" in warnings_of(app)
    assert next(box for box in app.expander if box.label == "Why rows were left out").proto.expanded
    assert app.button(key="use_pair-classification")


def test_unknown_and_cut_tokens_are_warned_of() -> None:
    assert "are unknown to this model's vocabulary" in warnings_of(upload_case("d57_emoji.csv"))
    app = upload_case("d49_ag_kaggle.csv", changes='{"max_length": 8}')
    assert "are longer than 8 tokens and lose their end" in warnings_of(app)


def test_where_nothing_is_cut_the_page_says_so() -> None:
    said = texts(check(open_page("finetune", data="article-example")))
    assert "None of the 4 training examples checked is longer than" in said and "0.0%" not in said


def test_a_file_that_cannot_be_read_is_read_once_a_run_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []
    really = folders.read

    def read(path: Path, *rest: Any, **options: Any) -> Any:
        reads.append(path)
        return really(path, *rest, **options)

    monkeypatch.setattr(folders, "read", read)
    app = upload(open_page("finetune"), "page.csv", b"<!DOCTYPE html><html><body>sign in</body></html>")
    assert any("a web page" in error.value for error in check(app).error)
    reads.clear()
    check(app.run())
    assert len(reads) == 1 and app.expander[0].proto.expanded
