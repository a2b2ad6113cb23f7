"""The house rules, held by reading the sources: who may import whom, and what core never does."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = (
    "errors settings results tasks bundled models tables corpus data tokens vocabulary encoder attention embeddings pretraining predict "
    "explain heads robustness compress objectives finetune.recipe finetune.machine finetune.methods finetune.savings "
    "finetune.checkpoints finetune.trainer finetune.estimate finetune.train finetune article runs adaptive export figures html commands"
).split()
SPLIT = {name.split(".")[0] for name in ORDER if "." in name}  # packages whose modules have places of their own
RE_EXPORTING = ROOT / "core" / "finetune" / "__init__.py"  # until the callers name the modules
CORE = sorted((ROOT / "core").rglob("*.py"))
PAGES = sorted((ROOT / "pages").rglob("*.py"))
SOURCES = [ROOT / "app.py", *CORE, *PAGES, *sorted((ROOT / "benchmarks").glob("*.py"))]
TOP_LEVEL = {
    "app.py", "pages", "core", "tests", "benchmarks", "requirements.txt", "requirements-dev.txt", "README.md", "LICENSE",
    "Dockerfile", "pyproject.toml", ".streamlit", ".ci", ".gitignore", ".gitattributes", ".dockerignore", ".git",
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
            names |= full if all(is_ours(name) for name in full) else {node.module, *full}
    return names


def is_ours(name: str) -> bool:
    """Whether a dotted name is a module or package of this project."""
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_name(f"{path.name}.py").is_file()


def place(name: str) -> str:
    """Where a dotted name inside core stands in ORDER: its module's name, or that of a package that has one place."""
    parts = name.split(".")
    inside = parts[0] in SPLIT and len(parts) > 1 and is_ours(f"core.{parts[0]}.{parts[1]}")
    return ".".join(parts[: 2 if inside else 1])


def module(path: Path) -> str:
    """The name a core file has in ORDER: its own, dotted inside a package, or that of a package that has one place."""
    return place(".".join(path.relative_to(ROOT / "core").with_suffix("").parts).removesuffix(".__init__"))


def test_every_core_file_has_its_place_in_the_order() -> None:
    assert {module(path) for path in CORE} - {"__init__", "__main__"} <= set(ORDER)


@pytest.mark.parametrize("path", CORE, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_core_imports_only_what_stands_above(path: Path) -> None:
    names = imported(path)
    assert not {name for name in names if name.split(".")[0] in ("streamlit", "pages", "tests", "benchmarks")}
    used = {place(name.removeprefix("core.")) for name in names if name.startswith("core.")} - {module(path)}
    allowed = ORDER if path.stem == "__main__" else ORDER[: ORDER.index(module(path))] if module(path) in ORDER else []
    assert used & set(ORDER) <= set(allowed)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_pages_import_core_their_shared_code_and_their_own_topics_only(path: Path) -> None:
    ours = {name for name in imported(path) if name.split(".")[0] in ("core", "pages", "tests", "benchmarks", "app")}
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
    if path.name == "__init__.py" and path != RE_EXPORTING:
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


def test_caches_live_in_one_file() -> None:
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        assert path.name == "cached.py" or ("st.cache_data" not in text and "st.cache_resource" not in text), path


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
