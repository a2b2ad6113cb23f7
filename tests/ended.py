"""Finished runs made by hand: what each diagnosis is shown in."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.diagnosis import Ended
from core.results import WORD_COUNTS, DataReport, Evaluation, Event, RunConfig, RunReport
from core.tasks import class_scores

CONFIG = RunConfig("minilm", "data/tickets.csv", epochs=4.0, learning_rate=1e-4)
ANGRY, CALM, SAD = range(3)


def events(losses: Sequence[float], kind: str = "step") -> tuple[Event, ...]:
    """A loss at each hundredth step."""
    return tuple(
        Event(0.0, kind, 100 * (i + 1), 100 * len(losses), 0.0, {"loss": loss}) for i, loss in enumerate(losses)
    )


def measured(true: Sequence[int], predicted: Sequence[int]) -> Evaluation:
    texts = [f"text {number}" for number in range(len(true))]
    return class_scores.measure(
        "text-classification", ("angry", "calm", "sad"), np.array(true), np.eye(3)[list(predicted)], {"text": texts}
    )


GOOD = measured([ANGRY, CALM, SAD] * 10, [ANGRY, CALM, SAD] * 10)
FALLING = events((1.1, 0.8, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3))


def ended(
    test: Evaluation = GOOD,
    *,
    told: Sequence[Event] = FALLING,
    config: RunConfig = CONFIG,
    best_step: int = 700,
    steps: int = 800,
    words: Evaluation | None = None,
    shared: tuple[str, ...] = (),
) -> Ended:
    evaluations = {"test": test} | ({WORD_COUNTS: words} if words else {})
    data = DataReport(400, (), {"train": 320}, {"angry": 200, "calm": 150, "sad": 50}, shared=shared)
    report = RunReport(evaluations, (), 1.0, 1.0, 1.0, 1.0, steps, best_step, 0.0, {}, data)
    return Ended("run:20260102-030405-aaaaaa", config, report, told)


RARE = measured([ANGRY] * 20 + [CALM] * 20 + [SAD] * 3, [ANGRY] * 20 + [CALM] * 20 + [ANGRY, CALM, CALM])
MOST = measured([ANGRY, CALM, SAD] * 10, [ANGRY, CALM, SAD] * 8 + [CALM, ANGRY, ANGRY, SAD, ANGRY, CALM])
CONFUSED = measured([ANGRY, CALM, SAD] * 20, [ANGRY, CALM, SAD, ANGRY, CALM, CALM] * 10)
FLAT = events((0.70, 0.71, 0.69, 0.70, 0.70, 0.69, 0.70, 0.70))

SHOWN = {
    "rate": ended(told=FLAT, config=replace(CONFIG, learning_rate=1e-2)),
    "longer": ended(MOST, told=events((1.1, 1.0, 0.9, 0.8), "evaluation"), best_step=400, steps=400),
    "rare": ended(RARE),
    "counting": ended(MOST, words=GOOD, steps=100, best_step=90),
    "confused": ended(CONFUSED),
}
