"""core.hub: a hub that does not answer costs one wait."""

import time

import pytest

from core import hub, models


def test_a_hub_that_does_not_answer_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def hang(address: tuple[str, int], timeout: float) -> None:
        waits.append(timeout)
        raise TimeoutError

    monkeypatch.setenv("STUDIO_HUB", "auto")
    monkeypatch.setattr(hub.socket, "create_connection", hang)
    hub.forget_hub()
    start = time.monotonic()
    for name in models.MODELS:
        models.availability(name)
    assert waits == [2.0] and time.monotonic() - start < 2
    hub.forget_hub()
