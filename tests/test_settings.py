"""core.settings: every row works as its help says, and a bad value is named."""

from pathlib import Path

import pytest

from core import settings
from core.errors import UserError


@pytest.mark.parametrize("name", settings.SETTINGS)
def test_every_row_has_a_usable_default_and_a_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = settings.SETTINGS[name]
    assert row.name == name and name.startswith("STUDIO_") and row.help.endswith(".")
    monkeypatch.delenv(name, raising=False)
    assert row.value() == row.default
    assert row.parse(str(row.default)) == row.default
    monkeypatch.setenv(name, "  ")
    assert row.value() == row.default


def test_values_are_read_when_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STUDIO_MAX_RUNS", "3")
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "here"))
    assert settings.MAX_RUNS.value() == 3
    assert settings.runs_folder() == tmp_path / "here" / "runs"


@pytest.mark.parametrize(
    ("name", "value"),
    [("STUDIO_MAX_RUNS", "many"), ("STUDIO_MAX_RUNS", "-1"), ("STUDIO_HUB", "maybe"), ("STUDIO_HUB_TIMEOUT", "x")],
)
def test_a_bad_value_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=f"{name}.*'{value}'"):
        settings.SETTINGS[name].value()
