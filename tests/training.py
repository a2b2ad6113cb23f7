"""Tiny runs: trained here and now, listened to, and torn off as a kill does it."""

from collections.abc import Callable
from pathlib import Path

from core import finetune
from core.results import Event, RunConfig, RunReport


class Listener:
    """Collects events and cancels when it is told to."""

    def __init__(self, stop: Callable[[Event], bool] | None = None) -> None:
        self.events: list[Event] = []
        self.stop = stop
        self.stopped = False

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self.stopped = self.stopped or (self.stop is not None and self.stop(event))

    def cancelled(self) -> bool:
        return self.stopped

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]


def run(config: RunConfig, folder: Path, listener: Listener | None = None) -> RunReport:
    listener = listener or Listener()
    return finetune.train(config, folder, listener, listener.cancelled)


def tear(step: int) -> Callable[[Event], bool]:
    def stop(event: Event) -> bool:
        if event.kind == "checkpoint" and event.step >= step:
            raise KeyboardInterrupt  # as a kill does, it leaves no time to put anything in order
        return False

    return stop
