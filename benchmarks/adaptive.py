"""Does pre-training on texts of the field help when labels are few? The experiment of the page Pre-training, from beginning to end.

    python -m benchmarks.adaptive                  the page's own experiment: about three quarters of an hour on two processor cores
    python -m benchmarks.adaptive --reviews 200 --seeds 2

Contenders (Gururangan et al. 2020), each fine-tuned on 100 and on 500 labelled film sentences with the same seeds:

    plain     minilm as published, tuned for sentence vectors
    unread    the encoder of minilm's head for masked language modelling, from which the reading starts; it has read 14,000
              reviews before
    adapted   the same after one more epoch of masked language modelling on film reviews whose labels nobody looks at

The reviews come from another source than the sentences, so no test sentence was read before. All runs have the same labelled
sentences; seeds differ in the new head, the order and dropout. One JSON line per contender and number of labels with the mean
test accuracy over the seeds and its 95% interval (Student's t), then the differences of runs with the same seed.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from core import adaptive, runs
from core.results import Measure, RunConfig, RunReport


def finished(config: RunConfig, folder: Path) -> RunReport:
    """Train as asked; the folder holds the result. One that is finished there already is not trained again."""
    there = runs.open_folder(folder) if folder.is_dir() else None
    done = there is not None and there.state.status == "finished" and there.config == config
    report = runs.report(there) if there and done else None
    if report is None:
        report = runs.work(runs.create(config, folder=folder).folder)  # refuses a folder that holds another run
    print(f"{folder.name}: done in {report.seconds:.0f} s of training", file=sys.stderr)
    return report


def rounded(value: Measure | None) -> dict[str, float] | None:
    """An interval for a JSON line."""
    return {name: round(number, 4) for name, number in asdict(value).items() if number is not None} if value else None


def measure(options: argparse.Namespace, home: Path) -> None:
    """Run everything below `home` and print what came out."""
    reading = finished(adaptive.pretraining(options.reviews), home / "reading")
    before, after = reading.evaluations["baseline"], reading.evaluations["test"]
    print(
        json.dumps(
            {
                "contender": "reading", "reviews": options.reviews, "seconds": round(reading.seconds, 1), "tokens": after.n,
                "accuracy_before": rounded(before.metrics["accuracy"]), "accuracy": rounded(after.metrics["accuracy"]),
                "loss": round(after.metrics["loss"].value, 4),
            }
        ),
        flush=True,
    )  # fmt: skip
    finished(adaptive.start(), home / "start")
    models = {
        "plain": adaptive.BASE,
        "unread": str(home / "start" / "model"),
        "adapted": str(home / "reading" / "model"),
    }
    for labels in adaptive.LABELS:
        reports: dict[str, dict[int, RunReport]] = {}
        for name, model in models.items():
            reports[name] = {
                seed: finished(adaptive.fine_tuning(name, model, labels, seed), home / f"{name}-{labels}-{seed}")
                for seed in range(options.seeds)
            }
        found = adaptive.outcome(labels, reports)
        for name, accuracies in found.accuracies.items():
            line = {
                "contender": name,
                "labels": labels,
                "accuracies": [round(value, 4) for value in accuracies.values()],
            }
            print(json.dumps(line | {"mean": rounded(found.means.get(name))}), flush=True)
        difference = {"contender": "adapted − unread", "labels": labels, "mean": rounded(found.difference)}
        print(json.dumps(difference, ensure_ascii=False), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reviews", type=int, default=2000, help="unlabelled reviews to read")
    parser.add_argument("--seeds", type=int, default=len(adaptive.SEEDS), help="seeds 0 … N-1 for each contender")
    parser.add_argument("--home", type=Path, help="keep the runs in this folder, and go on with those that are there")
    options = parser.parse_args()
    if options.home:
        options.home.mkdir(parents=True, exist_ok=True)
        measure(options, options.home.resolve())
        return
    with tempfile.TemporaryDirectory() as home:
        measure(options, Path(home).resolve())


if __name__ == "__main__":
    main()
