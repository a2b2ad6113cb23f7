"""Script of the page Runs: what a run's folder holds."""

MEASURED = """measured = report["test"] or report["validation"]
print("accuracy", measured["accuracy"], "on", measured["n"], "texts")
print("macro-F1", measured["macro_f1"])
print(pd.DataFrame(measured["confusion"], index=measured["labels"], columns=measured["labels"]))
"""
MEASURED_ON_MASKS = """measured = report["masked"].get("test") or report["masked"]["validation"]
print("the masked token is the likeliest", measured["top1"], "on", measured["n"], "masked tokens")
print("it is among the five likeliest", measured["top5"])
print("loss", measured["loss"])
"""


def run_folder(folder: str, *, masked: bool) -> str:
    """`report`, `measured` and `events`: what a run wrote, as its page shows it.

    masked: whether the run's report is that of a masked language model.
    """
    return f"""import json
from pathlib import Path

import pandas as pd

folder = Path({folder!r})
report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
{MEASURED_ON_MASKS if masked else MEASURED}
events = pd.read_json(folder / "events.jsonl", lines=True)
steps = events[events["kind"] == "step"]
loss = pd.Series([values["loss"] for values in steps["values"]], index=steps["step"])
print(loss)
"""
