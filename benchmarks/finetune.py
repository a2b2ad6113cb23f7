"""How fast, how frugal and how accurate fine-tuning is, beside the usual ways of doing it.

    python -m benchmarks.finetune                      one seed, two epochs of rotten_tomatoes with minilm
    python -m benchmarks.finetune --seeds 3            three seeds each
    python -m benchmarks.finetune --limit 1600 --epochs 1     a quick look
    python -m benchmarks.finetune --full               the usual recipe to its end (many minutes), with its score
    python -m benchmarks.finetune --task named-entities --data FOLDER --seeds 3
                                                       FOLDER holds train.conll, and dev.conll, which is the test

Contenders, each in a process of its own, one after the other, on the same processor:

    recipe  what transformers' example script for the task does. run_glue.py: padded to 128 tokens, float32, batch 32, learning
            rate 2e-5, 3 epochs. run_ner.py: padded to the batch's longest row, float32, batch 8, learning rate 5e-5, 3 epochs.
            Its speed does not change while it runs, so by default only --steps-a steps of it are measured.
    stock   the best that transformers' Trainer does by its options: padded to the batch's longest row, batches grouped by
            length, bfloat16 where that is faster, our batch size and learning rate, 10% warm-up.
    ours    core.finetune, with the same batch size, learning rate and warm-up.

Seconds are those of training alone: loading, evaluations and checkpoints are left out for all three. The score (accuracy, or F1 of
entities) is measured in float32 on the whole test split, by the same code. Peak memory is the most the process ever held, evaluation
included. One JSON line per contender and seed, then a summary. Run it on a machine that does nothing else.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.results import RunConfig

MODEL = "minilm"
CONTENDERS = ("recipe", "stock", "ours")


@dataclass(frozen=True)
class Case:
    """What is compared for a task. recipe_*: what the library's example script takes; padded: to max_length, always."""

    data: str
    batch: int
    rate: float
    epochs: float
    recipe_batch: int
    recipe_rate: float
    padded: bool
    max_length: int = 128


CASES = {
    "text-classification": Case("rotten_tomatoes", 32, 1e-4, 2.0, 32, 2e-5, padded=True),
    "named-entities": Case("entities", 16, 2e-4, 3.0, 8, 5e-5, padded=False),
}


def one_file(data: str, folder: Path) -> str:
    """A dataset's name; for a folder with train.conll and dev.conll a file in which each sentence says its split."""
    if not Path(data).is_dir():
        return data
    from core.data.layouts import LAYOUTS
    from core.data.load import load

    lines = []
    for file, split in (("train.conll", "train"), ("dev.conll", "test")):
        rows = load(str(Path(data) / file), LAYOUTS["words-tags"], allow_path=True, whole=True).splits["test"]
        lines += [json.dumps({"words": row["words"], "tags": row["tags"], "split": split}) for row in rows]
    path = folder / "sentences.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def stock(options: argparse.Namespace, *, recipe: bool) -> dict[str, object]:
    """Train with the Trainer as it comes. recipe: as the example script does, otherwise with its fastest options."""
    import torch
    from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed

    from core import models
    from core.data.load import load
    from core.finetune import machine
    from core.tasks.table import task_of

    case, task = CASES[options.task], task_of(options.task)
    with tempfile.TemporaryDirectory() as folder:
        data = one_file(options.data or case.data, Path(folder))
        dataset = load(data, task.layout, limit=options.limit, allow_path=data.startswith("/"))
        tokenizer = models.load_tokenizer(MODEL)
        set_seed(options.seed)
        model = models.load(MODEL, task.head, labels=dataset.label_names, seed=options.seed)
        goal = task.goal(tokenizer, dataset.label_names, case.max_length, seed=options.seed)
        features = goal.rows(dataset, lambda done, total: None).features
        if recipe and case.padded:
            inputs = [{name: value for name, value in row.items() if name != "labels"} for row in features]
            padded = tokenizer.pad(inputs, padding="max_length", max_length=case.max_length)
            features = [
                {**{name: padded[name][i] for name in padded}, "labels": row["labels"]}
                for i, row in enumerate(features)
            ]

        def collate(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
            return goal.collate(rows, 0)

        bounded = recipe and not options.full
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=case.recipe_batch if recipe else case.batch,
            use_cpu=True,
            dataloader_pin_memory=False,
            save_strategy="no",
            disable_tqdm=True,
            seed=options.seed,
            remove_unused_columns=False,
            **(
                {
                    "learning_rate": case.recipe_rate,
                    "num_train_epochs": 3,
                    "max_steps": options.steps_a if bounded else -1,
                }
                if recipe
                else {
                    "learning_rate": case.rate,
                    "num_train_epochs": options.epochs or case.epochs,
                    "warmup_steps": 0.1,
                    "weight_decay": 0.01,
                    "bf16": machine.bfloat16_pays(torch.device("cpu")),
                    "train_sampling_strategy": "group_by_length",
                }
            ),
        )
        trainer = Trainer(model, arguments, train_dataset=features, data_collator=collate, processing_class=tokenizer)
        trainer.remove_callback(PrinterCallback)
        metrics = trainer.train().metrics
        trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
        evaluation = None if bounded else goal.measure(model, dataset, "test", lambda done, total: None, live=False)
    return {
        "examples_per_second": float(metrics["train_samples_per_second"]),
        "seconds": float(metrics["train_runtime"]),
        "steps": trainer.state.global_step,
        "peak_memory_mb": machine.peak_memory_mb(),
        "score": evaluation.metrics[task.metrics[0]].value if evaluation else None,
    }


def ours(options: argparse.Namespace) -> dict[str, object]:
    """Train as the studio does, in a run folder."""
    from core import runs
    from core.tasks.table import task_of

    case, task = CASES[options.task], task_of(options.task)
    with tempfile.TemporaryDirectory() as folder:
        data = one_file(options.data or case.data, Path(folder))
        config = RunConfig(
            model=MODEL,
            data=data,
            task=options.task,
            epochs=options.epochs or case.epochs,
            batch_size=case.batch,
            learning_rate=case.rate,
            limit=options.limit,
            seed=options.seed,
        )
        report = runs.work(runs.create(config, folder=Path(folder) / "run").folder)
    test = report.evaluations.get("test")
    return {
        "examples_per_second": report.examples_per_second,
        "seconds": report.seconds,
        "steps": report.steps,
        "peak_memory_mb": report.peak_memory_mb,
        "score": test.metrics[task.metrics[0]].value if test else None,
    }


def in_a_process(contender: str, seed: int, options: argparse.Namespace) -> dict[str, object]:
    """Run one contender in a process of its own; its result with its name and seed."""
    command = [sys.executable, "-m", "benchmarks.finetune", "--contender", contender, "--seed", str(seed)]
    command += ["--epochs", str(options.epochs), "--limit", str(options.limit), "--steps-a", str(options.steps_a)]
    command += ["--task", options.task, "--data", options.data]
    command += ["--full"] if options.full else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{contender} failed:\n{done.stderr}")
    result = json.loads(done.stdout.splitlines()[-1])
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in result.items()}
    return {"contender": contender, "seed": seed, **rounded}


def summary(results: list[dict[str, object]]) -> dict[str, object]:
    """Means over the seeds, and ours against the others."""

    def mean(contender: str, name: str) -> float | None:
        values = [float(str(row[name])) for row in results if row["contender"] == contender and row[name] is not None]
        return sum(values) / len(values) if values else None

    speed = {contender: mean(contender, "examples_per_second") or 0.0 for contender in CONTENDERS}
    score = {contender: mean(contender, "score") for contender in CONTENDERS}
    return {
        "contender": "summary",
        "examples_per_second": {name: round(value, 1) for name, value in speed.items()},
        "ours_over_recipe": round(speed["ours"] / speed["recipe"], 2),
        "ours_over_stock": round(speed["ours"] / speed["stock"], 2),
        "score": {name: value if value is None else round(value, 4) for name, value in score.items()},
        "peak_memory_mb": {name: round(mean(name, "peak_memory_mb") or 0.0) for name in CONTENDERS},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1, help="seeds 0 … N-1 for each contender")
    parser.add_argument("--task", choices=CASES, default="text-classification")
    parser.add_argument("--data", default="", help="a dataset of the task, by default the task's own")
    parser.add_argument("--epochs", type=float, default=0, help="epochs of stock and ours, by default the task's own")
    parser.add_argument("--limit", type=int, default=0, help="most training rows, 0 for all")
    parser.add_argument("--steps-a", type=int, default=30, help="steps of the recipe that are measured")
    parser.add_argument("--full", action="store_true", help="run the recipe to its end")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        print(
            json.dumps(
                ours(options) if options.contender == "ours" else stock(options, recipe=options.contender == "recipe")
            )
        )
        return
    results = []
    for seed in range(options.seeds):
        for contender in CONTENDERS:
            if contender == "recipe" and seed and not options.full:
                continue  # its speed is known, and without its end it has no score
            results.append(in_a_process(contender, seed, options))
            print(json.dumps(results[-1]), flush=True)
    print(json.dumps(summary(results)))


if __name__ == "__main__":
    main()
