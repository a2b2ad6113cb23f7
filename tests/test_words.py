"""Settings in plain words."""

import pytest

from core.results import RunConfig
from pages.shared import words


@pytest.mark.parametrize(("limit", "shown"), [(0, "all"), (2000, "2,000")])
def test_no_limit_of_rows_is_called_all(limit: int, shown: str) -> None:
    assert words.configuration(RunConfig(model="m", data="d", limit=limit))["Most training rows"] == shown
