"""What ways to write a text reached: README and pages give the same figures, and the counts are those of the data."""

from pathlib import Path

import pytest

from core.contenders import COMPARISONS, DIALOGUE, TRANSLATION, Comparison
from core.data.load import load
from core.metrics import wilson
from core.tasks.table import TASKS
from tests.pages_common import LANGUAGES, check, open_page, texts

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def share(exact: int, n: int) -> str:
    found = wilson(exact, n)
    low, high = found.bounds
    return f"{found.value:.1%} ({100 * low:.1f}–{100 * high:.1f})"


@pytest.mark.parametrize("compared", COMPARISONS, ids=("translation", "dialogue"))
def test_the_readme_gives_these_figures_and_the_command(compared: Comparison) -> None:
    assert compared.command in README
    for row in compared.rows:
        assert f"{row.chrf:.1f} ({row.low:.1f}–{row.high:.1f})" in README
        assert share(row.exact, compared.counted) in README


def test_the_readmes_table_of_translation_has_these_rows() -> None:
    unseen = TRANSLATION.n - TRANSLATION.counted
    for row in TRANSLATION.rows:
        cells = (
            row.title,
            f"{row.chrf:.1f} ({row.low:.1f}–{row.high:.1f})",
            share(row.exact, TRANSLATION.counted),
            share(0, unseen),
            f"{row.parameters} M" if row.parameters else "–",
        )
        assert f"| {' | '.join(cells)} |".casefold() in README.casefold()


def test_the_rows_are_counted_as_the_data_has_them() -> None:
    test = load("phrasebook", TASKS["text-to-text"].layout).splits["test"]
    assert (len(test), list(test["kind"]).count("combinations")) == (TRANSLATION.n, TRANSLATION.counted)
    splits = load("helpdesk-answers", TASKS["text-to-text"].layout).splits
    assert len(splits["test"]) == DIALOGUE.n == DIALOGUE.counted and f" {len(splits['train'])} " in DIALOGUE.what


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_claim_on_generation_shows_the_readmes_figures(language: str) -> None:
    app = check(open_page("article", claims="generation", lang=language))
    tables = [table.value for table in app.dataframe]
    assert [len(table) for table in tables] == [len(compared.rows) for compared in COMPARISONS]
    for table, compared in zip(tables, COMPARISONS, strict=True):
        assert compared.command in texts(app)
        for chrf, exact in zip(table.iloc[:, 1], table.iloc[:, 2], strict=True):
            assert chrf in README and exact in README
