"""What the tests of the training pages share: the app on one page, and a finished run made with a tiny model."""

from pathlib import Path
from shutil import copytree

from streamlit.testing.v1 import AppTest

from core import runs, settings
from core.results import RunConfig

APP = str(Path(__file__).parent.parent / "app.py")
LANGUAGES = ("en", "zh")


def open_page(name: str, **query: str) -> AppTest:
    """One page of the app, run once, with these parameters in its address."""
    app = AppTest.from_file(APP, default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    return app.switch_page(f"pages/{name}.py").run()


def train_tiny(model: Path, folder: Path, run_id: str, **options: object) -> Path:
    """A finished run of a tiny model, on the tutorial's four sentences unless `data` names others; returns its folder."""
    values: dict[str, object] = {
        "data": "article-example",
        "epochs": 3.0,
        "batch_size": 2,
        "evaluations": 1,
        "learning_rate": 1e-3,
        "max_length": 16,
    }
    config = RunConfig(model=str(model), **(values | options))  # type: ignore[arg-type]
    run = runs.create(config, folder=folder / run_id)
    runs.work(run.folder)
    (run.folder / "process.json").write_text('{"pid": 4194304, "created": 0}')  # not this process: it lives on
    return run.folder


def put_run(folder: Path) -> str:
    """Copy a run's folder into the studio's home; returns its id."""
    copytree(folder, settings.runs_folder() / folder.name)
    return folder.name


def texts(app: AppTest) -> str:
    """Everything the page says in markdown, captions, messages and headings."""
    parts = [
        *app.markdown,
        *app.caption,
        *app.info,
        *app.warning,
        *app.error,
        *app.success,
        *app.header,
        *app.subheader,
    ]
    return "\n".join(str(part.value) for part in parts)


def check(app: AppTest) -> AppTest:
    """The page without an exception."""
    assert not app.exception, [(error.message, error.stack_trace) for error in app.exception]
    return app
