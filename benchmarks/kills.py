"""Whether a training survives being killed: again and again, at random moments, until it has finished all the same.

    python -m benchmarks.kills               50 kills
    python -m benchmarks.kills --kills 5 --seed 1
    python -m benchmarks.kills --task masked-language-modelling

A real run of a tiny random model is started as the app starts it. Its process is killed (SIGKILL) at a moment drawn at
random, mostly while it trains, writes checkpoints or evaluates, sometimes while it loads; then it is resumed. After each kill:

    - the run reads as interrupted, every JSON file of it parses, and no half-written folder passes for a whole one
    - the newest checkpoint loads, and its step is not lower than before
    - no more is lost than lies between two checkpoints

Then it is left alone until it has finished, and its model must classify, or have come to expect a word of praise or blame where
one was masked. One JSON line; the exit code is 1 when
something did not hold.
"""

import argparse
import csv
import json
import os
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from core import models as our_models
from core import predict, pretraining, runs
from core.finetune.checkpoints import WEIGHTS, newest_checkpoint, read_progress
from core.results import RunConfig, RunReport
from core.tasks.classify import Labelled

CLASSIFY, FILL = "text-classification", "masked-language-modelling"
WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] the film was good great bad awful and not very . !".split()
PRAISE, BLAME = ("good", "great"), ("bad", "awful")
ROWS = 3000
EPOCHS = 50.0
INTERVAL = 38  # steps between two checkpoints: 2,400 training rows, batches of 8, 8 evaluations in each epoch
WAIT = 180.0


def tiny_model(folder: Path) -> None:
    """A random BERT of two layers with a vocabulary of seventeen words."""
    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {
        name: f"[{name[:-6].upper()}]" for name in ("unk_token", "pad_token", "cls_token", "sep_token", "mask_token")
    }
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
        max_position_embeddings=64,
    )
    BertForMaskedLM(config).save_pretrained(folder)


def table(path: Path) -> None:
    """3,000 different short texts with a plain label."""
    words = random.Random(0)
    texts: set[str] = set()
    while len(texts) < ROWS:
        ending = " ".join(words.choices(("the", "film", "and", "very", ".", "!"), k=words.randint(3, 9)))
        texts.add(f"the film was {words.choice((*PRAISE, *BLAME))} {ending}")
    with path.open("w", newline="", encoding="utf-8") as file:
        labelled = [(text, "praise" if text.split()[3] in PRAISE else "blame") for text in sorted(texts)]
        csv.writer(file).writerows([("text", "label"), *labelled])


def wait(run: runs.Run, until: float, ends: tuple[str, ...]) -> str:
    """The state of a run, once it has ended or the moment has come."""
    while True:
        state = runs.get(run.id).state.status
        if state in ends or time.monotonic() >= until:
            return state
        time.sleep(0.01)


def wait_for_training(run: runs.Run, known: int) -> None:
    """Until a resumed run reports that it trains, or has ended."""
    until = time.monotonic() + WAIT
    while time.monotonic() < until and runs.get(run.id).state.status in runs.ACTIVE:
        if any(event.kind == "start" for event in runs.events(run, after=known)):
            return
        time.sleep(0.01)


def faults(run: runs.Run, before: int) -> tuple[list[str], int, int]:
    """What does not hold after a kill; the newest checkpoint's step; how many steps were lost."""
    found = []
    state = runs.get(run.id).state.status
    if state != "interrupted":
        found.append(f"it reads as {state}")
    for path in [*run.folder.glob("*.json"), *run.folder.glob("checkpoints/step-*/*.json")]:
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            found.append(f"{path.name} is broken")
    events = runs.history(runs.events(run))
    reached = max((event.step for event in events), default=0)
    newest = newest_checkpoint(run.folder)
    step = int(newest.name.removeprefix("step-")) if newest else 0
    if newest:
        load_file(newest / WEIGHTS)
        torch.load(newest / "optimizer.pt", weights_only=True)
        read_progress(newest)
    if step < before:
        found.append(f"the newest checkpoint went back from {before} to {step}")
    if reached - step > INTERVAL:
        found.append(f"{reached - step} steps were lost, {INTERVAL} lie between two checkpoints")
    return found, step, max(0, reached - step)


def shortcoming(run: runs.Run, task: str) -> str:
    """What the finished model cannot do; "" when it can."""
    if task == FILL:
        model, tokenizer = our_models.load(f"run:{run.id}", "mlm"), our_models.load_tokenizer(f"run:{run.id}")
        guesses = pretraining.fill(model, tokenizer, "the film was [MASK] .", k=4).fillings[0].guesses
        return (
            ""
            if {guess.token for guess in guesses} == {*PRAISE, *BLAME}
            else "the finished model does not fill the mask"
        )
    texts = ["the film was great !", "the film was awful !"]
    answers = predict.predict(predict.load(f"run:{run.id}"), {"text": texts})
    labels = [answer.label for answer in answers if isinstance(answer, Labelled)]
    return "" if labels == ["praise", "blame"] else "the finished model does not classify"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--task", choices=(CLASSIFY, FILL), default=CLASSIFY)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(STUDIO_HOME=f"{home}/studio", STUDIO_HUB="off", STUDIO_THREADS="1")
        tiny_model(Path(home) / "tiny")
        table(Path(home) / "films.csv")
        config = RunConfig("minilm", "", options.task, epochs=EPOCHS, batch_size=8, evaluations=8, max_length=32)
        run = runs.create(config, Path(home) / "films.csv")
        config = replace(run.config, model=f"{home}/tiny")  # only a page is refused a folder
        (run.folder / "config.json").write_bytes(runs.FILES.config.dump_json(config))
        runs.start(run)
        kills, lost, step, problems = 0, [0], 0, list[str]()
        while kills < options.kills:
            known = len(runs.events(run))
            if moments.random() < 0.8:
                wait_for_training(run, known)
                pause = moments.uniform(0, 2)
            else:
                pause = moments.uniform(0, 8)
            if wait(run, time.monotonic() + pause, ("finished", "failed", "cancelled")) not in runs.ACTIVE:
                break
            runs.kill(runs.get(run.id))
            kills += 1
            found, step, missing = faults(run, step)
            problems += [f"kill {kills}: {fault}" for fault in found]
            lost.append(missing)
            runs.resume(runs.get(run.id))
        end = wait(run, time.monotonic() + 20 * WAIT, ("finished", "failed", "cancelled", "interrupted"))
        if end != "finished":
            problems.append(f"it ended as {end}: {runs.log_tail(run, 5)}")
        report: RunReport | None = runs.report(run)
        if end == "finished" and (fault := shortcoming(run, options.task)):
            problems.append(fault)
        print(
            json.dumps(
                {
                    "contender": "kills",
                    "task": options.task,
                    "kills": kills,
                    "state": end,
                    "steps": report.steps if report else None,
                    "steps_between_checkpoints": INTERVAL,
                    "most_steps_lost": max(lost),
                    "accuracy": report.measured.metrics["accuracy"].value if report and report.measured else None,
                    "problems": problems,
                    "seconds": round(time.monotonic() - began, 1),
                }
            )
        )
    sys.exit(1 if problems or kills < options.kills else 0)


if __name__ == "__main__":
    main()
