"""Script of the page Runs: what a run's folder holds."""


def run_folder(folder: str) -> str:
    """`report` and `events`: what a run wrote, as its page shows it."""
    return f"""import json
from pathlib import Path

import pandas as pd

folder = Path({folder!r})
report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
measured = report["test"] or report["validation"]
print("accuracy", measured["accuracy"], "on", measured["n"], "texts")
print("macro-F1", measured["macro_f1"])
print(pd.DataFrame(measured["confusion"], index=measured["labels"], columns=measured["labels"]))

events = pd.read_json(folder / "events.jsonl", lines=True)
steps = events[events["kind"] == "step"]
loss = pd.Series([values["loss"] for values in steps["values"]], index=steps["step"])
print(loss)
"""
