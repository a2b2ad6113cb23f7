"""The README names everything there is: pages, settings, commands, models, datasets, files."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from core import bundled, models, settings
from core.__main__ import parser
from core.claims import CLAIMS
from core.data.bundled import DATASETS
from core.tasks.table import TASKS
from pages.shared.path import STEPS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHEETS = [ROOT / "README.md", *(ROOT / "tests").glob("*.md"), *(ROOT / "core").rglob("*.md")]


def test_every_page_is_named() -> None:
    for title in ("Home", *(row.title for row in STEPS.values())):
        assert f"| **{title}** |" in README, title


@pytest.mark.parametrize("name", settings.SETTINGS)
def test_every_setting_is_named_with_its_default(name: str) -> None:
    row = re.search(rf"\| `{name}` \| ([^|]+) \|", README)
    assert row, name
    default = settings.SETTINGS[name].default
    shown = row[1].strip().strip("`")
    assert shown == (
        f"~/{default.name}"
        if isinstance(default, Path)
        else f"{default:g}"
        if isinstance(default, float)
        else str(default) or "none"
    )


def test_every_command_is_named() -> None:
    actions = [action for action in parser()._actions if action.choices]
    commands = list(actions[0].choices or ())
    assert set(commands) == {
        "models",
        "datasets",
        "tasks",
        "tokenize",
        "train",
        "evaluate",
        "predict",
        "search",
        "summarise",
    }
    for command in commands:
        assert f"python -m core {command}" in README, command


def test_every_model_dataset_and_task_is_named() -> None:
    for name in [*models.MODELS, *bundled.READY, *DATASETS, *TASKS]:
        assert f"`{name}`" in README, name


def test_every_module_and_package_has_its_line() -> None:
    """The tree names what a newcomer looks for: the files and packages directly in core, pages, pages/shared and pages/topics."""
    tree = README.split("## How it is built")[1].split("```")[1]
    for folder in ("core", "pages", "pages/shared", "pages/topics"):
        for path in (ROOT / folder).iterdir():
            if path.name.startswith("__") or path.name in ("shared", "topics", "locale", "written"):
                continue
            name = f"{path.name}/" if path.is_dir() else path.name
            assert re.search(rf"^\s*{re.escape(name)}\s{{2,}}\S", tree, re.MULTILINE), path
    for name in re.findall(r"^\s*([a-z_]+\.py)\s", tree, re.MULTILINE):
        assert list(ROOT.glob(f"**/{name}")), f"{name} is in the README but not in the tree"


def test_every_picture_exists_and_nothing_is_left_to_fill_in() -> None:
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / picture).stat().st_size > 10_000, picture
    assert "MEASURED" not in README and "TODO" not in README


def test_every_link_parameter_is_named() -> None:
    from pages.shared import inputs

    for name in [*inputs.DEFAULTS, *inputs.FROM_ONE.values(), "lang"]:
        assert re.search(rf"\|[^|]*`{name}`[^|]*\|", README), name


def test_the_claims_are_counted() -> None:
    assert f"| {len(CLAIMS)} claims of the tutorial" in README


def test_the_card_of_every_ready_model_is_named_beside_its_licence() -> None:
    licences = README.split("## Licences")[1]
    for row in bundled.READY.values():
        assert f"`{row.id}`" in licences and f"`{(row.folder / 'README.md').relative_to(ROOT)}`" in licences, row.id


@pytest.mark.parametrize("path", sorted(SHEETS), ids=lambda path: "-".join(path.relative_to(ROOT).parts[-2:]))
def test_a_heading_or_text_is_parted_from_what_stands_above_it(path: Path) -> None:
    """A table that runs into a heading has lost its end."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for above, line in pairwise(lines):
        table = above.startswith("|")
        assert not (table and line and not line.startswith("|")), f"{path}: {line}"
        assert not (above and not above.startswith("#") and re.match(r"#{2,} ", line)), f"{path}: {line}"
