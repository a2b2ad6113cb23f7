"""core.commands: what people see while a command works, and files written as a whole or not at all."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from core.commands import predict, show
from core.errors import UserError
from core.export.tables import csv_text


def test_progress_without_a_terminal_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(show.time, "monotonic", lambda: now[0])
    progress = show.Progress("predicting")
    for done in range(13):
        progress(done, 130)
        now[0] += 1
    progress.close()
    assert capsys.readouterr().err.splitlines() == [
        "predicting: 5 of 130, 2:05 left",
        "predicting: 10 of 130, 2:00 left",
    ]


def test_progress_on_a_terminal_is_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = show.Progress("training")
    progress(50, 200, left=3725, note="loss 0.5")
    progress.say("a line")
    progress.close()
    shown = capsys.readouterr().err
    assert "training:  25%" in shown and "50/200, 1:02:05 left, loss 0.5" in shown and "a line\n" in shown


def test_a_file_that_cannot_be_written_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        predict.write(tmp_path / "none" / "out.csv", csv_text(pd.DataFrame({"a": [1]})))
