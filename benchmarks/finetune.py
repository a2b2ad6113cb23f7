"""How fast, how frugal and how accurate fine-tuning is, beside the usual ways of doing it.

    python -m benchmarks.finetune                      one seed, two epochs of rotten_tomatoes with minilm
    python -m benchmarks.finetune --seeds 3            three seeds each
    python -m benchmarks.finetune --limit 1600 --epochs 1     a quick look
    python -m benchmarks.finetune --full               the recipe of run_glue.py to its end (many minutes), with its accuracy

Contenders, each in a process of its own, one after the other, on the same processor:

    recipe  what transformers' run_glue.py does: padded to 128 tokens, float32, batch 32, learning rate 2e-5, 3 epochs.
            Its speed does not change while it runs, so by default only --steps-a steps of it are measured.
    stock   the best that transformers' Trainer does by its options: padded to the batch's longest row, batches grouped by
            length, bfloat16 where that is faster, learning rate 1e-4, 10 % warm-up.
    ours    core.finetune, with the same batch size, learning rate and warm-up.

Seconds are those of training alone: loading, evaluations and checkpoints are left out for all three. Accuracy is measured
in float32 on the whole test split, by the same code. Peak memory is the most the process ever held, evaluation included.
One JSON line per contender and seed, then a summary. Run it on a machine that does nothing else.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from core.results import RunConfig

MODEL, DATA = "minilm", "rotten_tomatoes"
BATCH = 32
CONTENDERS = ("recipe", "stock", "ours")


def stock(options: argparse.Namespace, *, recipe: bool) -> dict[str, object]:
    """Train with the Trainer as it comes. recipe: as run_glue.py does, otherwise with its fastest options."""
    import numpy as np
    import torch
    from transformers import (
        DataCollatorWithPadding,
        PrinterCallback,
        Trainer,
        TrainingArguments,
        default_data_collator,
        set_seed,
    )

    from core import models
    from core.data.load import load
    from core.finetune import machine
    from core.tasks.classify import TEXT, measure, probabilities

    dataset = load(DATA, TEXT.layout, limit=options.limit)
    tokenizer = models.load_tokenizer(MODEL)
    set_seed(options.seed)
    model = models.load(MODEL, TEXT.head, labels=dataset.label_names, seed=options.seed)
    padding = {"padding": "max_length"} if recipe else {}
    rows = dataset.splits["train"].map(
        lambda part: {**tokenizer(part["text"], truncation=True, max_length=128, **padding), "labels": part["label"]},
        batched=True,
        remove_columns=dataset.splits["train"].column_names,
    )
    with tempfile.TemporaryDirectory() as folder:
        shared = {
            "output_dir": folder,
            "per_device_train_batch_size": BATCH,
            "use_cpu": True,
            "dataloader_pin_memory": False,
            "save_strategy": "no",
            "disable_tqdm": True,
            "seed": options.seed,
        }
        bounded = recipe and not options.full
        arguments = (
            TrainingArguments(
                **shared, learning_rate=2e-5, num_train_epochs=3, max_steps=options.steps_a if bounded else -1
            )
            if recipe
            else TrainingArguments(
                **shared,
                learning_rate=1e-4,
                num_train_epochs=options.epochs,
                warmup_steps=0.1,
                weight_decay=0.01,
                bf16=machine.bfloat16_pays(torch.device("cpu")),
                train_sampling_strategy="group_by_length",
            )
        )
        trainer = Trainer(
            model,
            arguments,
            train_dataset=rows,
            data_collator=default_data_collator if recipe else DataCollatorWithPadding(tokenizer),
            processing_class=tokenizer,
        )
        trainer.remove_callback(PrinterCallback)
        metrics = trainer.train().metrics
        trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    test = dataset.splits["test"]
    columns = {"text": list(test["text"])}
    accuracy = None
    if not bounded:
        probs = probabilities(model, tokenizer, columns, 128)
        measured = measure(TEXT.id, dataset.label_names, np.array(test["label"]), probs, columns)
        accuracy = measured.metrics["accuracy"].value
    return {
        "examples_per_second": float(metrics["train_samples_per_second"]),
        "seconds": float(metrics["train_runtime"]),
        "steps": trainer.state.global_step,
        "peak_memory_mb": machine.peak_memory_mb(),
        "accuracy": accuracy,
    }


def ours(options: argparse.Namespace) -> dict[str, object]:
    """Train as the studio does, in a run folder."""
    from core import runs

    config = RunConfig(
        model=MODEL, data=DATA, epochs=options.epochs, batch_size=BATCH, limit=options.limit, seed=options.seed
    )
    with tempfile.TemporaryDirectory() as folder:
        report = runs.work(runs.create(config, folder=Path(folder) / "run").folder)
    return {
        "examples_per_second": report.examples_per_second,
        "seconds": report.seconds,
        "steps": report.steps,
        "peak_memory_mb": report.peak_memory_mb,
        "accuracy": report.evaluations["test"].metrics["accuracy"].value if "test" in report.evaluations else None,
    }


def in_a_process(contender: str, seed: int, options: argparse.Namespace) -> dict[str, object]:
    """Run one contender in a process of its own; its result with its name and seed."""
    command = [sys.executable, "-m", "benchmarks.finetune", "--contender", contender, "--seed", str(seed)]
    command += ["--epochs", str(options.epochs), "--limit", str(options.limit), "--steps-a", str(options.steps_a)]
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
    accuracy = {contender: mean(contender, "accuracy") for contender in CONTENDERS}
    return {
        "contender": "summary",
        "examples_per_second": {name: round(value, 1) for name, value in speed.items()},
        "ours_over_recipe": round(speed["ours"] / speed["recipe"], 2),
        "ours_over_stock": round(speed["ours"] / speed["stock"], 2),
        "accuracy": {name: value if value is None else round(value, 4) for name, value in accuracy.items()},
        "peak_memory_mb": {name: round(mean(name, "peak_memory_mb") or 0.0) for name in CONTENDERS},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1, help="seeds 0 … N-1 for each contender")
    parser.add_argument("--epochs", type=float, default=2, help="epochs of stock and ours")
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
                continue  # its speed is known, and without its end it has no accuracy
            results.append(in_a_process(contender, seed, options))
            print(json.dumps(results[-1]), flush=True)
    print(json.dumps(summary(results)))


if __name__ == "__main__":
    main()
