"""What a run will cost here in time and memory, measured on a few real steps.

This module does not know about checkpoints or evaluations: their share is left out.
"""

import math
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

from core import models
from core.batches import Report
from core.data.dataset import TextDataset
from core.finetune import machine
from core.finetune.savings import prepare
from core.finetune.setup import check, set_up, write_scratch
from core.results import Estimate, RunConfig
from core.tasks.base import sample

PROCESS_MB = 1050  # measured: what a training process holds besides parameters, gradients, optimizer and activations
ESTIMATE_ROWS = 2000
ESTIMATE_SECONDS = 6.0


def estimate(
    config: RunConfig, dataset: TextDataset, *, steps: int = 3, report: Report = lambda done, total: None
) -> Estimate:
    """What a run will cost here, from a few real steps with a throw-away model: real batches of short to long texts.

    report(done, total) counts steps and may raise Cancelled. It takes some seconds; torch's random state is as before afterwards. Raises UserError when the model or a value of
    the configuration cannot be used.
    """
    check(config)
    if config.model == models.SCRATCH:
        with TemporaryDirectory() as folder:
            start = Path(folder).resolve()
            write_scratch(config, dataset, start, lambda done, total: report(0, steps + 1))
            return estimate(replace(config, model=str(start)), dataset, steps=steps, report=report)
    setup = set_up(config, dataset)
    goal = setup.goal
    chosen_rows = sample(len(dataset.splits["train"]), ESTIMATE_ROWS, config.seed)
    rows = goal.rows(dataset, lambda done, total: report(0, steps + 1), chosen_rows)
    tokens = sum(len(row["input_ids"]) for row in rows.features)
    n = round(len(rows.features) / len(chosen_rows) * len(dataset.splits["train"]))
    device = machine.device()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)
        model = prepare(setup, rows).model.train()
        nn.Module.to(model, device)
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=config.learning_rate, fused=True)
        ordered = sorted(rows.features, key=lambda row: -len(row["input_ids"]))
        batches = [ordered[i : i + config.batch_size] for i in range(0, len(ordered), config.batch_size)]
        activations = _Activations(trained)

        def step(features: list[dict[str, Any]]) -> float:
            began = time.perf_counter()
            batch = {name: values.to(device) for name, values in goal.collate(features, 0).items()}
            with torch.autocast(device.type, torch.bfloat16, enabled=machine.bfloat16_pays(device)), activations:
                loss = goal.loss(model, batch)
            loss.backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            return time.perf_counter() - began + 0 * loss.item()

        began = time.perf_counter()
        step(batches[0])
        report(1, steps + 1)
        chosen = [batches[int((i + 0.5) / steps * len(batches))] for i in range(steps)]
        times: list[float] = []
        for features in chosen[len(chosen) // 2 :] + chosen[: len(chosen) // 2]:  # the middle first: it counts most
            if times and time.perf_counter() - began > ESTIMATE_SECONDS:
                break
            times.append(step(features))
            report(1 + len(times), steps + 1)
    total = math.ceil(config.epochs * math.ceil(n / config.batch_size))
    seconds = total * sum(times) / len(times)
    size = sum(parameter.numel() * 4 for parameter in model.parameters())
    memory = size + sum(parameter.numel() * 12 for parameter in trained) + activations.most
    return Estimate(
        seconds=seconds,
        peak_memory_mb=PROCESS_MB + memory / 2**20,
        steps=total,
        examples_per_second=n * config.epochs / seconds,
        measured_steps=len(times),
        tokens=round(tokens / len(chosen_rows) * len(dataset.splits["train"]) * config.epochs),
    )


class _Activations(torch.autograd.graph.saved_tensors_hooks):
    """Counts the bytes that a forward pass keeps for the backward pass. most: of the largest pass so far."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        super().__init__(self._keep, lambda tensor: tensor)
        self.known = {parameter.untyped_storage().data_ptr() for parameter in parameters}
        self.seen: set[int] = set()
        self.bytes = 0
        self.most = 0

    def _keep(self, tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.known | self.seen:
            self.seen.add(storage.data_ptr())
            self.bytes += storage.nbytes()
        return tensor

    def __enter__(self) -> None:
        self.seen, self.bytes = set(), 0
        super().__enter__()

    def __exit__(self, *args: object) -> None:
        super().__exit__(*args)
        self.most = max(self.most, self.bytes)
