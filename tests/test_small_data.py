"""Few rows with words that decide the label: what the studio's own recipe makes of them, trained here and now."""

import random
from pathlib import Path

import pytest

from core.finetune.recipe import Size, with_preset
from core.results import RunConfig
from tests.training import run

WORDS = {
    "billing": ("invoice", "refund", "payment", "price", "credit card"),
    "technical": ("error", "crash", "login", "screen", "update"),
    "shipping": ("parcel", "delivery", "courier", "tracking number", "package"),
}
SENTENCES = ("There is a problem with the {}", "Who can explain the {}?", "The {} is wrong again", "We wait for the {}")


def tickets(path: Path, rows: int = 400) -> Path:
    """A table of tickets: a word of the label's own in each."""
    draw = random.Random(5)
    lines = ["text,label"]
    for number in range(rows):
        label = draw.choices(list(WORDS), (45, 25, 30))[0]
        text = draw.choice(SENTENCES).format(draw.choice(WORDS[label]))
        lines.append(f"{text} ({number}),{label}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.training
def test_the_quick_recipe_learns_400_tickets(tmp_path: Path) -> None:
    asked = RunConfig("minilm", str(tickets(tmp_path / "tickets.csv")))
    report = run(with_preset(asked, "quick", Size(rows=320, classes=3)), tmp_path / "run")
    assert report.measured is not None and report.measured.metrics["accuracy"].value >= 0.9
    assert report.steps >= 200
