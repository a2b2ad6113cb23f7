"""What the tests of pages share: the app on one page, its topics, and a finished run made with a tiny model."""

from pathlib import Path
from shutil import copytree

from streamlit.testing.v1 import AppTest

from core import runs, settings
from core.results import RunConfig

APP = str(Path(__file__).parent.parent / "app.py")
LANGUAGES = ("en", "zh")

TOPICS: dict[str, tuple[str, ...]] = {
    "tokens": ("tokens", "word", "side", "languages", "vocabulary", "data"),
    "attention": ("explorer", "head-view", "model-view", "neuron-view", "what-heads-do", "flow", "ablation", "compare", "explanation"),
    "embeddings": ("output", "word", "map"),
    "pretraining": ("mlm", "corruption", "score", "nsp", "generation", "learn"),
    "playground": ("one", "texts", "models", "many"),
    "search": ("answers", "picture", "measured", "labels"),
    "summarise": ("one", "likeness", "many", "measured"),
    "article": ("encoder-only", "unchanged", "accuracy", "path"),
}  # fmt: skip
SINGLE = ("home", "encoder", "finetune", "runs")
ASKING = ("train", "fine-tune", "finished run", "训练", "微调")


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


def every_topic() -> list[tuple[str, dict[str, str]]]:
    """Every page and topic: the page, and the parameters in its address."""
    pages = [(page, {"view": view}) for page, views in TOPICS.items() for view in views]
    pages += [(page, {}) for page in SINGLE]
    pages.append(("embeddings", {"view": "map", "compare": "both", "rows": "60"}))
    return pages
