"""How fast pre-training goes on and how fast a masked language model answers.

    python -m benchmarks.pretraining                  some minutes
    python -m benchmarks.pretraining --steps 10       a quick look

Contenders, each in a process of its own, one after the other, on the same processor:

    stock   transformers' Trainer with DataCollatorForLanguageModeling, bfloat16 where that is faster
    ours    core.finetune on the task masked-language-modelling
    fill    the ten most probable tokens at the mask of one sentence
    score   the pseudo-perplexity of a sentence of 30 tokens

stock and ours continue the pre-training of minilm on the same blocks of the same reviews, in batches of the same size, with
the same learning rate; tokens per second are those of training alone, padding and special tokens not counted and counted
alike. fill and score are the median of --repeats calls after one that is not counted, in milliseconds, with the model loaded.
One JSON line per contender, then a summary. Run it on a machine that does nothing else.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from core.results import RunConfig
from core.settings import SPIN

MODEL, DATA, TASK = "minilm", "imdb", "masked-language-modelling"
BATCH, LENGTH, RATE = 32, 128, 1e-4
BLOCKS_PER_DOCUMENT = 2.9  # of 128 tokens, in these reviews
CONTENDERS = ("stock", "ours", "fill", "score")
SENTENCE = "She plays the [MASK] in a rock band."
LONG_SENTENCE = (
    "The old man sat down on a bench in the park, opened his newspaper and began to read about the weather "
    "of the next few days."
)


def config(options: argparse.Namespace) -> RunConfig:
    """The run that stock and ours share: about --steps steps."""
    limit = round(options.steps * BATCH / BLOCKS_PER_DOCUMENT)
    return RunConfig(
        MODEL, DATA, TASK, epochs=1, batch_size=BATCH, max_length=LENGTH, learning_rate=RATE, limit=limit, evaluations=1
    )


def stock(options: argparse.Namespace) -> dict[str, object]:
    """Train with the Trainer as it comes, on the blocks that our objective makes."""
    import torch
    from transformers import (
        DataCollatorForLanguageModeling,
        PrinterCallback,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    from core import models
    from core.data.load import load
    from core.finetune import machine
    from core.tasks.masked import MASKED

    asked = config(options)
    dataset = load(DATA, MASKED.layout, limit=asked.limit)
    tokenizer = models.load_tokenizer(MODEL)
    goal = MASKED.goal(tokenizer, (), LENGTH, batch_size=BATCH)
    rows = goal.rows(dataset, lambda done, total: None)
    set_seed(0)
    model = models.load(MODEL, "mlm").requires_grad_(True)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=BATCH,
            num_train_epochs=1,
            learning_rate=RATE,
            warmup_steps=0.1,
            weight_decay=0.01,
            bf16=machine.bfloat16_pays(torch.device("cpu")),
            use_cpu=True,
            train_sampling_strategy="group_by_length",
            dataloader_pin_memory=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        trainer = Trainer(
            model,
            arguments,
            train_dataset=[{"input_ids": row["input_ids"].tolist()} for row in rows.features],
            data_collator=DataCollatorForLanguageModeling(tokenizer),
        )
        trainer.remove_callback(PrinterCallback)
        metrics = trainer.train().metrics
    return {
        "tokens_per_second": sum(rows.lengths) / float(metrics["train_runtime"]),
        "seconds": float(metrics["train_runtime"]),
        "steps": trainer.state.global_step,
        "loss": float(metrics["train_loss"]),
    }


def ours(options: argparse.Namespace) -> dict[str, object]:
    """Train as the studio does, in a run folder."""
    from core import runs

    losses: list[tuple[int, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        run = runs.create(config(options), folder=Path(folder) / "run")
        report = runs.work(run.folder)
        for event in runs.events(run):
            if event.kind == "step":
                losses.append((event.step, float(str(event.values["loss"]))))
    steps = [step - before for (step, _), (before, _) in zip(losses, [(0, 0.0), *losses], strict=False)]
    return {
        "tokens_per_second": report.tokens_per_second,
        "seconds": report.seconds,
        "steps": report.steps,
        "loss": sum(loss * n for (_, loss), n in zip(losses, steps, strict=True)) / report.steps,
        "peak_memory_mb": report.peak_memory_mb,
    }


def median_ms(call: Callable[[], object], repeats: int) -> float:
    """The median time of a call in milliseconds, the first one left out."""
    times = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times[1:])


def fill(options: argparse.Namespace) -> dict[str, object]:
    """The ten most probable tokens at one mask."""
    from core import models, pretraining

    model, tokenizer = models.load(MODEL, "mlm"), models.load_tokenizer(MODEL)
    found = pretraining.fill(model, tokenizer, SENTENCE, k=10)
    return {
        "milliseconds": median_ms(lambda: pretraining.fill(model, tokenizer, SENTENCE, k=10), options.repeats),
        "tokens": len(found.tokens.tokens),
        "best": [guess.token for guess in found.fillings[0].guesses[:3]],
    }


def score(options: argparse.Namespace) -> dict[str, object]:
    """The pseudo-perplexity of a sentence: as many inputs as it has tokens."""
    from core import models, pretraining

    model, tokenizer = models.load(MODEL, "mlm"), models.load_tokenizer(MODEL)
    found = pretraining.score(model, tokenizer, LONG_SENTENCE)
    return {
        "milliseconds": median_ms(lambda: pretraining.score(model, tokenizer, LONG_SENTENCE), options.repeats),
        "tokens": len(found.tokens.tokens),
        "perplexity": found.perplexity,
    }


def in_a_process(contender: str, options: argparse.Namespace) -> dict[str, object]:
    """Run one contender in a process of its own; its result with its name."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.pretraining", "--contender", contender]
    command += ["--steps", str(options.steps), "--repeats", str(options.repeats)]
    environment = {
        **os.environ,
        "GOMP_SPINCOUNT": SPIN,
    }  # as runs have it: threads that wait leave the core to others soon
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(f"{contender} failed:\n{done.stderr}")
    result = json.loads(done.stdout.splitlines()[-1])
    return {
        "contender": contender,
        **{name: round(value, 4) if isinstance(value, float) else value for name, value in result.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60, help="training steps of stock and ours, about")
    parser.add_argument("--repeats", type=int, default=20, help="calls of fill and score")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender:
        run = {"stock": stock, "ours": ours, "fill": fill, "score": score}[options.contender]
        print(json.dumps(run(options)))
        return
    results: dict[str, dict[str, object]] = {}
    for contender in CONTENDERS:
        results[contender] = in_a_process(contender, options)
        print(json.dumps(results[contender]), flush=True)
    speed = {name: float(str(results[name]["tokens_per_second"])) for name in ("stock", "ours")}
    print(
        json.dumps(
            {
                "contender": "summary",
                "tokens_per_second": speed,
                "ours_over_stock": round(speed["ours"] / speed["stock"], 2),
                "fill_milliseconds": results["fill"]["milliseconds"],
                "score_milliseconds": results["score"]["milliseconds"],
            }
        )
    )


if __name__ == "__main__":
    main()
