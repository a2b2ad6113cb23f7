"""The house rules, held by reading the sources: who may import whom, and what core never does."""

import ast
import sys
from pathlib import Path

import pytest

from core.tasks.table import TASKS

ROOT = Path(__file__).parent.parent
GROUPS = (  # who may import whom: each name those before it
    # ground
    "errors settings threads disk visitors results metrics",
    # texts
    "bundled multilingual hub families safety scripts checkpoints.fetching checkpoints.config checkpoints.weights "
    "checkpoints.tokenizer checkpoints.loading models tables.table tables.encodings tables.text "
    "tables.limits tables.parts tables.rows tables.fit tables.header tables.delimiters tables.delimited "
    "tables.grid tables.annotated tables.objects tables.columnar tables.archives tables.workbook "
    "tables.pdf tables.files tables.apart corpus data.dataset data.columns data.relabel data.clean data.splits "
    "data.folders data.labelled data.label_sets data.scored data.documents data.tagging data.conll data.entities data.tagged data.answers data.questions data.targets data.pairs "
    "data.layouts data.helpdesk data.summaries data.bundled data.hub data.load data.corrected data.alike data.fit data.remarks tokens vocabulary",
    # see
    "encoder attention embeddings rouge pretraining openings",
    # learn
    "batches search.words search.bm25 search.vectors search.ways search.quality tasks.base tasks.labels tasks.tfidf tasks.class_examples tasks.class_scores tasks.classify tasks.next_sentence tasks.masked tasks.windows tasks.entity_scores "
    "tasks.tags tasks.label_scores tasks.multilabel tasks.score_examples tasks.scores tasks.score_ways tasks.scoring tasks.answer_scores tasks.passages tasks.spans tasks.answers tasks.seen tasks.signs tasks.text_scores tasks.generation tasks.writing tasks.rank_scores tasks.retrieval tasks.table",
    # use
    "words predict exemplars explain heads robustness compress",
    # learn, from beginning to end
    "finetune.recipe finetune.machine finetune.setup finetune.methods finetune.savings finetune.checkpoints finetune.trainer "
    "finetune.estimate finetune.worker finetune.train contenders claims article notes runs limits classroom adaptive diagnosis",
    # use, on what this machine computes fastest
    "search.prepared search.index search.evaluate search.zero_shot "
    "summarise.sentences summarise.methods summarise.summary summarise.evaluate summarise.many search.passages search.reply",
    # take away
    "export.tables export.card export.folder figures.style figures.tokens figures.attention figures.encoder figures.embeddings figures.search "
    "figures.heads figures.pretraining figures.predictions figures.training figures.entities figures.label_sets figures.scores figures.questions figures.alignment figures.ranks figures.article html "
    "commands.show commands.models commands.result commands.train commands.evaluate commands.predict commands.search commands.summarise",
)
ORDER = " ".join(GROUPS).split()
CORE = sorted((ROOT / "core").rglob("*.py"))
PAGES = sorted((ROOT / "pages").rglob("*.py"))
BESIDE = sorted(path for folder in ("benchmarks", "recipes") for path in (ROOT / folder).glob("*.py"))
SOURCES = [ROOT / "app.py", *CORE, *PAGES, *BESIDE]
LONGEST = 450  # lines of a core file
# Each of these is one subject in well-marked sections.
WHOLE = {f"{name}.py" for name in "encoder heads html vocabulary tokens embeddings runs pretraining".split()}
# Where a task may be named: where tasks live, where a dataset says what it is made for, and in experiments prepared for one task.
# core/results.py holds the default of RunConfig.task: the usual task, where none is named.
TASKS_LIVE_IN = ("core/tasks/", "pages/shared/tasks/")
MAY_NAME_TASKS = {
    "core/bundled.py",
    "core/data/bundled.py",
    "core/adaptive.py",
    "core/results.py",
    "pages/topics/pretraining/adaptive.py",
}
TOP_LEVEL = {
    "app.py", "pages", "core", "tests", "benchmarks", "recipes", "requirements.txt", "requirements-dev.txt", "README.md", "LICENSE",
    "Dockerfile", "docs", "pyproject.toml", ".streamlit", ".ci", ".gitignore", ".gitattributes", ".dockerignore", ".git",
}  # fmt: skip
LEFT_BEHIND = {".venv", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "__pycache__"}


def imported(path: Path) -> set[str]:
    """Every module a file imports, anywhere in it, by full dotted name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if is_ours(name) else node.module for name in full}
    return names


def is_ours(name: str) -> bool:
    """Whether a dotted name is a module or package of this project."""
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_name(f"{path.name}.py").is_file()


def module(path: Path) -> str:
    """The dotted name of a core file, by which ORDER knows it."""
    return ".".join(path.relative_to(ROOT / "core").with_suffix("").parts)


def test_every_core_file_has_its_place_in_the_order() -> None:
    assert {module(path) for path in CORE if path.stem not in ("__init__", "__main__")} <= set(ORDER)
    assert len(ORDER) == len(set(ORDER))


@pytest.mark.parametrize("path", CORE, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_core_imports_only_what_stands_above(path: Path) -> None:
    names = imported(path)
    assert not {
        name for name in names if name.split(".")[0] in ("streamlit", "pages", "tests", "benchmarks", "recipes")
    }
    used = {name.removeprefix("core.") for name in names if name.startswith("core.")}
    if path.stem != "__main__":
        assert used <= set(ORDER[: ORDER.index(module(path))] if module(path) in ORDER else ())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_pages_import_core_their_shared_code_and_their_own_topics_only(path: Path) -> None:
    ours = {
        name
        for name in imported(path)
        if name.split(".")[0] in ("core", "pages", "tests", "benchmarks", "recipes", "app")
    }
    own = topics_of(path)
    allowed = ("core", "pages.shared", f"pages.topics.{own}") if own else ("core", "pages.shared")
    assert all(any(name == start or name.startswith(f"{start}.") for start in allowed) for name in ours), ours


def topics_of(path: Path) -> str:
    """The page whose topics a file may use: itself for a page, its folder for a topic, none for what pages share."""
    parts = path.relative_to(ROOT / "pages").parts
    return path.stem if len(parts) == 1 else parts[1] if parts[0] == "topics" and len(parts) == 3 else ""


def test_each_folder_of_topics_belongs_to_a_page() -> None:
    folders = {path.name for path in (ROOT / "pages" / "topics").iterdir() if (path / "__init__.py").exists()}
    assert folders and folders <= {path.stem for path in (ROOT / "pages").glob("*.py")}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_module_says_what_it_is_for_and_avoids_what_the_house_avoids(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.name == "__init__.py":
        assert not tree.body, "an __init__.py is empty"
        return
    assert ast.get_docstring(tree), "a module begins with its docstring"
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"hasattr", "getattr", "eval", "exec"}
    keywords = {
        (keyword.arg, keyword.value.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if isinstance(keyword.value, ast.Constant)
    }
    assert not keywords & {("trust_remote_code", True), ("shell", True), ("unsafe_allow_html", True)}
    assert not imported(path) & {"pickle", "dill", "joblib", "shelve", "marshal"}


def test_no_swallowed_exception() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, f"{path}: a bare except"
                assert not (len(node.body) == 1 and isinstance(node.body[0], ast.Pass)), f"{path}:{node.lineno}"


def test_caches_live_in_one_package() -> None:
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        assert path.parent.name == "cached" or ("st.cache_data" not in text and "st.cache_resource" not in text), path


def test_core_files_without_a_heavy_import_stay_light() -> None:
    """The queue's waiting process and `--help` must not load torch."""
    import subprocess

    code = "import sys, core.runs, core.__main__, core.finetune.recipe; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_top_level_holds_what_the_design_names() -> None:
    assert {path.name for path in ROOT.iterdir()} - LEFT_BEHIND <= TOP_LEVEL


def test_each_core_module_has_its_test() -> None:
    tests = {path.stem.removeprefix("test_").split("_")[0] for path in (ROOT / "tests").glob("test_*.py")}
    untested = {module(path).split(".")[0] for path in CORE if path.stem not in ("__init__", "__main__")} - tests
    assert not untested


@pytest.mark.parametrize("path", [path for path in CORE if path.name not in WHOLE], ids=module)
def test_core_files_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_only_the_tests_of_benchmarks_use_one() -> None:
    for path in set((ROOT / "tests").rglob("*.py")) - {ROOT / "tests" / "test_benchmarks.py"}:
        assert not {name for name in imported(path) if name.split(".")[0] == "benchmarks"}, path


def names_a_task(path: Path) -> bool:
    """Whether a TASKS id stands in a file as a string of its own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.Constant) and node.value in set(TASKS) for node in ast.walk(tree))


def test_only_tasks_know_which_tasks_there_are() -> None:
    """Everywhere else a task is asked what it can do, never which it is."""
    found = set()
    for path in [ROOT / "app.py", *CORE, *PAGES]:
        name = path.relative_to(ROOT).as_posix()
        allowed = name.startswith(TASKS_LIVE_IN) or name in MAY_NAME_TASKS or path.name == "experiments.py"
        if not allowed and names_a_task(path):
            found.add(name)
    assert not found, "these ask which task it is"
