"""The rows of FAMILIES and HEADS: complete, and true of the library's own classes."""

import pytest

from core.families import FAMILIES, HEADS


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_names_heads_that_there_are(name: str) -> None:
    row = FAMILIES[name]
    assert row.model_type == name and row.word_start in ("##", "Ġ", "▁")
    assert set(row.telltales) <= set(HEADS) and all(weight.endswith(".weight") for weight in row.telltales.values())


@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_told_by_the_end_of_its_architecture(name: str) -> None:
    row = HEADS[name]
    assert row.id == name and "{name}" in row.missing
    assert row.bare or row.auto.__name__.startswith("AutoModelFor")
    assert row.new in ("always", "missing", "never")
    alike = [other for other in HEADS.values() if f"Bert{row.suffix}".endswith(other.suffix)]
    assert row in alike
    told = [(tuple(other.settings.items()), other.single) for other in alike]
    assert len(alike) == 1 or len(set(told)) == len(alike), "else by their settings"
