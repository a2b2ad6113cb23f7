"""The recipe of the reader (core/weights/answers): spans without labels first, then questions, and what each stage gives.

    python -m recipes.reader train spans FOLDER --steps N [--cooldown M]       goes on where it was stopped
    python -m recipes.reader train questions FOLDER --steps N [--cooldown M]   goes on from spans; alone: from the bundled encoder
    python -m recipes.reader export FOLDER OUTPUT                              the change of the weights in little space
    python -m recipes.reader measure STAGE FOLDER --squad FILE                 F1 and exact match
    python -m recipes.reader measure-export OUTPUT --squad FILE                the same of what was exported

The bundled encoder with a new head for the start and the end of an answer. `spans`: questions that recipes/spans.py makes of the texts
that the masked language model learnt from. `questions`: our own, with their passages. FILE is a SQuAD-like JSON file, which is only
measured on. The packages of the texts are fetched once into FOLDER. Learning rate: a warm-up, then constant, then over the last
--cooldown steps down to nought; a checkpoint written before the fall can be trained further. The last line on stdout is one JSON object.
"""

import argparse
import json
import re
import string
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import BertForQuestionAnswering, PreTrainedTokenizerBase

from core import bundled, models
from core.data.bundled import WRITTEN as WRITTEN_BY_US
from recipes import ready_heads, spans
from recipes.spans import Asked

BASE = "minilm"
LENGTH = 96  # tokens of a made question and its passage
WINDOW, STRIDE = 256, 96  # tokens of a written question and a window of its passage, and of the overlap
BATCH = 16
RATE, WARM_UP = 2e-4, 40
TELL_EVERY = 10  # steps
BEST, LONGEST = 20, 30  # starts and ends that are combined; tokens of an answer
MADE, WRITTEN, ALONE, PLAIN = "spans", "questions", "alone", "plain"
QUESTIONS = WRITTEN_BY_US / "questions" / "en.jsonl"
RANK = 64  # of the stored change of each linear map


def say(line: str) -> None:
    """One line on stderr."""
    print(line, file=sys.stderr, flush=True)


# --- Model and batches -------------------------------------------------------------------------------------------------


def start() -> BertForQuestionAnswering:
    """The bundled encoder with a new head, the same each time; its token, position and segment embeddings stay as published."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = BertForQuestionAnswering.from_pretrained(models.folder(BASE))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(".embeddings." not in name or "LayerNorm" in name)
    return model


@dataclass(frozen=True)
class Window:
    """ids and segments of one question with one window of its passage; where in characters each token stands in the passage, (0, 0)
    outside of it; the first and last token of the answer, or 0 and 0."""

    question: int
    ids: list[int]
    segments: list[int]
    places: list[tuple[int, int]]
    first: int
    last: int


def windows(asked: Sequence[Asked], tokenizer: PreTrainedTokenizerBase, length: int, stride: int) -> list[Window]:
    """Every question with every window of its passage."""
    encoded = tokenizer(
        [one.question for one in asked], [one.passage for one in asked], truncation="only_second", max_length=length,
        stride=stride, return_overflowing_tokens=True, return_offsets_mapping=True,
    )  # fmt: skip
    rows = []
    for at, number in enumerate(encoded["overflow_to_sample_mapping"]):
        one, inside = asked[number], encoded.sequence_ids(at)
        places = [
            place if part == 1 else (0, 0) for place, part in zip(encoded["offset_mapping"][at], inside, strict=True)
        ]
        first = next((i for i, (low, high) in enumerate(places) if low <= one.start < high), 0)
        last = next((i for i, (low, high) in enumerate(places) if low < one.end <= high), 0)
        if not (one.end and first and last):
            first = last = 0
        rows.append(Window(number, encoded["input_ids"][at], encoded["token_type_ids"][at], places, first, last))
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


Source = Callable[[int], list[Window]]  # the batch of a step


@dataclass(frozen=True)
class Plan:
    """How far to train (steps in all), over how many of the last ones the learning rate falls, and its height before."""

    steps: int
    cooldown: int
    rate: float
    dropout: float


class Trainer:
    """AdamW over what is trained, in bfloat16, with a factor of the learning rate for each step."""

    def __init__(self, model: BertForQuestionAnswering, rate: float, dropout: float) -> None:
        self.model, self.rate = model.train(), rate
        for part in model.modules():
            if isinstance(part, nn.Dropout):
                part.p = dropout
        self.parameters = {name: one for name, one in model.named_parameters() if one.requires_grad}
        groups = [
            {"params": [one for one in self.parameters.values() if one.ndim > 1], "weight_decay": 0.01},
            {"params": [one for one in self.parameters.values() if one.ndim == 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=rate)

    def step(self, batch: dict[str, torch.Tensor], factor: float) -> float:
        """One step; returns the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * factor
        with torch.autocast("cpu", torch.bfloat16):
            loss = self.model(**batch).loss
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters.values(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return float(loss.detach())

    def weights(self) -> dict[str, torch.Tensor]:
        """What is trained, by name."""
        return {name: one.detach().clone() for name, one in self.parameters.items()}


# --- Training ----------------------------------------------------------------------------------------------------------


def made(home: Path, tokenizer: PreTrainedTokenizerBase) -> Source:
    """Stage 1: another batch of made questions for each step."""
    questions = spans.Questions(spans.documents(home), spans.synonyms(home, tokenizer.get_vocab()))

    def batch(step: int) -> list[Window]:
        rng = np.random.default_rng([1, step])
        rows = windows([questions.draw(rng) for _ in range(BATCH)], tokenizer, LENGTH, 0)
        return list({row.question: row for row in reversed(rows)}.values())  # a long passage is cut

    return batch


def written(data: Path, tokenizer: PreTrainedTokenizerBase) -> Source:
    """Stage 2: the training questions of a file, each once before any comes again, those of like length together."""
    rows = windows(read_questions(data, "train"), tokenizer, WINDOW, STRIDE)
    per_epoch = -(-len(rows) // BATCH)

    def batch(step: int) -> list[Window]:
        epoch = ready_heads.batches(
            [len(row.ids) for row in rows], BATCH, np.random.default_rng([2, step // per_epoch])
        )
        return [rows[number] for number in list(epoch)[step % per_epoch]]

    return batch


def read_questions(path: Path, split: str) -> list[Asked]:
    """The questions of a split, each with its first right answer."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Asked(one["question"], row["context"], start, start + len(text))
        for row in rows
        if row["split"] == split
        for one in row["questions"]
        for text, start in zip(one["answers"][:1] or [""], one["starts"][:1] or [0], strict=True)
    ]


def learn(stage: str, source: Source, home: Path, plan: Plan, begin: dict[str, torch.Tensor]) -> dict[str, object]:
    """Go on from FOLDER/STAGE.pt, if it is there, else from `begin`, until plan.steps."""
    checkpoint, done, began, losses = home / f"{stage}.pt", 0, time.process_time(), []
    model = start()
    model.load_state_dict(begin, strict=False)
    trainer = Trainer(model, plan.rate, plan.dropout)
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["weights"], strict=False)
        trainer.optimizer.load_state_dict(state["optimizer"])
        done = state["step"]
    for step in range(done, plan.steps):
        falling = (plan.steps - step) / plan.cooldown if plan.cooldown else 1.0
        losses.append(trainer.step(collate(source(step)), min(1.0, (step + 1) / WARM_UP, falling)))
        if (step + 1) % TELL_EVERY == 0:
            seconds = time.process_time() - began
            say(f"{stage} step {step + 1}/{plan.steps} loss {np.mean(losses[-TELL_EVERY:]):.3f} {seconds:.0f} s")
            state = {"step": step + 1, "weights": trainer.weights(), "optimizer": trainer.optimizer.state_dict()}
            torch.save(state, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)
    return {"steps": plan.steps, "seconds": round(time.process_time() - began)}


# --- Measuring ---------------------------------------------------------------------------------------------------------


def normal(text: str) -> list[str]:
    """SQuAD's normalisation: lower case, no punctuation, no articles; as words."""
    bare = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", bare).split()


def f1(answer: str, truth: str) -> float:
    """Overlap of the words of two answers."""
    one, two = normal(answer), normal(truth)
    if not one or not two:
        return float(one == two)
    return 2 * sum((Counter(one) & Counter(two)).values()) / (len(one) + len(two))


def read_squad(path: Path) -> tuple[list[Asked], list[list[str]]]:
    """The questions of a SQuAD-like file and all right answers to each."""
    asked, truths = [], []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for row in paragraph["qas"]:
                asked.append(Asked(row["question"], paragraph["context"], 0, 0))
                truths.append([answer["text"] for answer in row["answers"]])
    return asked, truths


def answers(model: BertForQuestionAnswering, asked: Sequence[Asked]) -> list[str]:
    """The best span for each question, over all windows of its passage; never "no answer"."""
    tokenizer = models.load_tokenizer(BASE)
    rows = windows(asked, tokenizer, WINDOW, STRIDE)
    best = [(-np.inf, "")] * len(asked)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for numbers in _batches(rows):
            batch = collate([rows[number] for number in numbers])
            output = model.eval()(**{name: batch[name] for name in ("input_ids", "token_type_ids", "attention_mask")})
            for i, number in enumerate(numbers):
                row, outside = rows[number], torch.tensor([place == (0, 0) for place in rows[number].places])
                starts = output.start_logits[i, : len(row.ids)].masked_fill(outside, -torch.inf)
                ends = output.end_logits[i, : len(row.ids)].masked_fill(outside, -torch.inf)
                for low in starts.topk(min(BEST, len(row.ids))).indices.tolist():
                    high = low + int(ends[low : low + LONGEST].argmax())
                    score = float(starts[low] + ends[high])
                    if score > best[row.question][0]:
                        text = asked[row.question].passage[row.places[low][0] : row.places[high][1]]
                        best[row.question] = (score, text)
    return [text for _, text in best]


def _batches(rows: Sequence[Window], size: int = 16) -> Iterator[list[int]]:
    order = sorted(range(len(rows)), key=lambda number: len(rows[number].ids))
    return (order[at : at + size] for at in range(0, len(order), size))


def figures(model: BertForQuestionAnswering, path: Path, most: int | None = None) -> dict[str, object]:
    """F1 and exact match on a SQuAD-like file with 95 % bootstrap intervals."""
    asked, truths = read_squad(path)
    chosen = np.sort(np.random.default_rng(0).permutation(len(asked))[:most])
    given = answers(model, [asked[at] for at in chosen])
    scores = np.array(
        [
            [max(f1(text, truth) for truth in truths[at]), max(normal(text) == normal(truth) for truth in truths[at])]
            for text, at in zip(given, chosen, strict=True)
        ]
    )
    draws = np.random.default_rng(0).integers(0, len(scores), (2000, len(scores)))
    low, high = np.quantile(scores[draws].mean(1), (0.025, 0.975), axis=0)
    return {
        "n": len(scores),
        "f1": [round(float(value), 4) for value in (scores[:, 0].mean(), low[0], high[0])],
        "exact": [round(float(value), 4) for value in (scores[:, 1].mean(), low[1], high[1])],
    }


def trained(home: Path, stage: str) -> dict[str, torch.Tensor]:
    """What a stage has learnt so far."""
    weights: dict[str, torch.Tensor] = torch.load(home / f"{stage}.pt", weights_only=True)["weights"]
    return weights


def run(chosen: argparse.Namespace) -> dict[str, object]:
    """One command."""
    home, tokenizer = chosen.folder, models.load_tokenizer(BASE)
    if chosen.command == "train":
        plan = Plan(chosen.steps, chosen.cooldown, chosen.rate, chosen.dropout)
        if chosen.stage == MADE:
            return learn(MADE, made(home, tokenizer), home, plan, {})
        begin = trained(home, MADE) if chosen.stage == WRITTEN else {}
        return learn(chosen.stage, written(chosen.data, tokenizer), home, plan, begin)
    model = start()
    if chosen.command == "export":
        ready_heads.save(model, trained(home, WRITTEN), chosen.rank, chosen.output)
        return {path.name: path.stat().st_size for path in sorted(chosen.output.iterdir())}
    if chosen.command == "measure-export":
        return figures(bundled.merge(model, home), chosen.squad, chosen.most)
    if chosen.stage != PLAIN:
        model.load_state_dict(trained(home, chosen.stage), strict=False)
    return figures(model, chosen.squad, chosen.most)


def main() -> None:
    """Parse the command line and run one command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train")
    training.add_argument("stage", choices=(MADE, WRITTEN, ALONE))
    training.add_argument("folder", type=Path)
    training.add_argument("--steps", type=int, required=True)
    training.add_argument("--cooldown", type=int, default=0)
    training.add_argument("--rate", type=float, default=RATE)
    training.add_argument("--dropout", type=float, default=0.0)
    training.add_argument("--data", type=Path, default=QUESTIONS)
    measuring = commands.add_parser("measure")
    measuring.add_argument("stage", choices=(PLAIN, MADE, WRITTEN, ALONE))
    measuring.add_argument("folder", type=Path)
    exporting = commands.add_parser("export")
    exporting.add_argument("folder", type=Path)
    exporting.add_argument("output", type=Path)
    exporting.add_argument("--rank", type=int, default=RANK)
    exported = commands.add_parser("measure-export")
    exported.add_argument("folder", type=Path)
    for command in (measuring, exported):
        command.add_argument("--squad", type=Path, required=True)
        command.add_argument("--most", type=int)
    print(json.dumps(run(parser.parse_args())))


if __name__ == "__main__":
    main()
