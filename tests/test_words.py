"""Settings in plain words."""

import pytest

from core.results import RunConfig
from pages.shared import words


@pytest.mark.parametrize(("limit", "shown"), [(0, "all"), (2000, "2,000")])
def test_no_limit_of_rows_is_called_all(limit: int, shown: str) -> None:
    assert words.configuration(RunConfig(model="m", data="d", limit=limit))["Most training rows"] == shown


@pytest.mark.parametrize(
    "address", ["https://one.example/a", "HTTP://one.example", "www.one.example", "me@one.example"]
)
def test_what_somebody_wrote_is_no_link(address: str) -> None:
    """The browser makes links of addresses, however they are escaped; tests/browser/test_classroom.py sees that of these it makes none."""
    shown = words.plain(f"see {address}")
    assert words.WORD_JOINER in shown
    assert shown.replace(words.WORD_JOINER, "").replace("\\", "") == f"see {address}"


def test_other_text_stays_as_it_is() -> None:
    assert words.WORD_JOINER not in words.plain("a@b, 10:30, www and http: nothing of it is an address")
