"""Script of the page Runs: what a run's folder holds."""


def run_folder(folder: str) -> str:
    """`report`, `evaluation`, `metrics`, `loss` and `events`: what a run wrote, as its page shows it, whatever it learnt."""
    return f"""import json
from pathlib import Path

import pandas as pd

folder = Path({folder!r})
report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
evaluations = report["evaluations"]
split = next((name for name in ("test", "validation") if name in evaluations), None)
evaluation = evaluations.get(split)
if evaluation:
    metrics = pd.DataFrame(evaluation["metrics"]).T  # value, and the bounds of the 95% interval where they are known
    print(metrics, "on", evaluation["n"], "of", split)
events = pd.read_json(folder / "events.jsonl", lines=True)
steps = events[events["kind"] == "step"]
loss = pd.Series([values["loss"] for values in steps["values"]], index=steps["step"])
print(loss)
"""
