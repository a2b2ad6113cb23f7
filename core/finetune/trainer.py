"""transformers' Trainer, with what it lacks for long work on a small machine.

Its checkpoints are complete or absent, an interrupted run meets the same order of rows again, and it can be cancelled at any
step. This module does not know where the model and the rows come from, nor who listens.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from torch import nn
from transformers import PrinterCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_pt_utils import LengthGroupedSampler

from core import threads
from core.errors import Cancelled, UserError
from core.finetune.checkpoints import (
    CHECKPOINTS,
    PROGRESS,
    PROGRESS_JSON,
    WEIGHTS,
    Progress,
    load_trained,
    remove,
    trained,
    written_aside,
)
from core.finetune.recipe import LOWER, NOT_A_NUMBER, chosen_by, epochs_of_a_round, rank_by_loss
from core.finetune.savings import Prepared
from core.finetune.setup import Setup
from core.metrics import BY_LOSS, key
from core.results import Evaluation, Event
from core.tasks.base import Goal, Rows

SECONDS_PER_STEP_EVENT = 0.5

Report = Callable[[Event], None]


def event_values(goal: Goal, evaluation: Evaluation, seconds: float) -> dict[str, object]:
    """What an "evaluation" event says: the task's metrics by id, how much was measured and in which time, some examples."""
    values = {name: measure.value for name, measure in evaluation.metrics.items()}
    return {**values, "n": evaluation.n, "seconds": seconds, "samples": goal.samples(evaluation)}


class Trainer(transformers.Trainer):
    """transformers' Trainer with safe checkpoints, a repeatable order of rows, and a listener."""

    def __init__(
        self,
        prepared: Prepared,
        args: TrainingArguments,
        *,
        rows: Rows,
        setup: Setup,
        progress: Progress,
        folder: Path,
        report: Report,
        cancelled: Callable[[], bool],
    ) -> None:
        self.net = prepared.model
        self.plain = prepared.plain
        self.setup = setup
        self.goal = setup.goal
        self.config = config = setup.config
        self.progress = progress
        self.folder = folder
        self.report = report
        self.cancelled = cancelled
        self.lengths = rows.lengths
        self.order = torch.Generator()
        self.passes = 0  # epochs that are over
        self.steps_per_epoch = math.ceil(len(rows.features) / config.batch_size)
        self.evaluations = min(config.evaluations, self.steps_per_epoch)
        self.round = self.steps_per_epoch * epochs_of_a_round(config.epochs)
        self.class_weights = setup.goal.weights(rows) if config.class_weights else None
        validation = len(setup.dataset.splits["validation"]) if "validation" in setup.dataset.splits else 0
        self.validates = validation > 0
        self.chosen_by = chosen_by(setup.task.best, validation)
        self.live_seconds = 0.0
        super().__init__(prepared.model, args, train_dataset=rows.features, data_collator=self._collate)
        self.remove_callback(PrinterCallback)
        self.watch = _Watch(self)
        self.add_callback(self.watch)

    def due(self, step: int) -> int:
        """How many evaluations are due until a step: evenly spread, one at the end of each round of epochs."""
        return step * self.evaluations // self.round

    def _collate(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        return {**self.goal.collate(features, self.passes), "tokens": sum(len(row["input_ids"]) for row in features)}

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler:
        """Batches grouped by length, in an order that depends on the seed and the epoch only (see _Watch.on_epoch_begin)."""
        return LengthGroupedSampler(self.config.batch_size, lengths=self.lengths, generator=self.order)

    def training_step(self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """One step; the loss is remembered for the listener."""
        self.watch.add(examples=len(inputs["input_ids"]), tokens=inputs.pop("tokens"))
        loss = super().training_step(model, inputs, num_items_in_batch)
        self.watch.loss += loss
        return loss

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The goal's loss, weighted by class when asked for; return_outputs is not served."""
        weights = None if self.class_weights is None else self.class_weights.to(self.args.device)
        return self.goal.loss(model, inputs, weights)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted: counting costs more than it tells."""
        return 0

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: list[str] | None = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Measure the model on the validation rows and remember whether it is the best so far."""
        began = time.perf_counter()
        evaluation = self.goal.measure(
            self.plain, self.setup.dataset, "validation", self._may_stop, live=True, autocast=self.args.bf16
        )
        if evaluation is None:
            return {}
        progress = self.progress
        step = self.state.global_step
        rank = self._rank(evaluation, step, progress.loss)
        if progress.best is None or rank > (progress.rank or self._rank(progress.best, progress.best_step, None)):
            progress.best, progress.best_step, progress.rank = evaluation, step, rank
        progress.loss = evaluation.metrics["loss"].value if "loss" in evaluation.metrics else None
        self.live_seconds = time.perf_counter() - began
        self.watch.tell("evaluation", **event_values(self.goal, evaluation, self.live_seconds))
        self.watch.resume_clock()
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, {})
        return {}

    def _rank(self, evaluation: Evaluation, step: int, before: float | None) -> tuple[float, ...]:
        """What states are ranked by, the highest the best. before: the loss of the state before, if any."""
        if self.chosen_by != BY_LOSS:
            return key(evaluation.metrics, self.chosen_by)
        return rank_by_loss(evaluation.metrics["loss"].value, before, step / self.state.max_steps)

    def _may_stop(self, done: int, total: int) -> None:
        if self.cancelled():
            raise Cancelled

    def _save_checkpoint(self, model: nn.Module | None = None, trial: Any = None) -> None:
        """Write checkpoints/step-N aside, sync it, rename it; then drop what is neither the newest nor the best."""
        self.watch.check_loss()
        home = self.folder / CHECKPOINTS
        home.mkdir(parents=True, exist_ok=True)
        target = home / f"step-{self.state.global_step}"
        with written_aside(target) as part:
            save_file(trained(self.net), part / WEIGHTS)
            self._save_optimizer_and_scheduler(str(part))
            self._save_rng_state(str(part))
            self.state.save_to_json(str(part / "trainer_state.json"))
            (part / PROGRESS).write_bytes(PROGRESS_JSON.dump_json(self.progress))
        keep = {target.name, f"step-{self.progress.best_step}"}
        for old in home.glob("step-*"):
            if old.name not in keep:
                remove(old)
        self.watch.tell("checkpoint")
        self.watch.resume_clock()

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        load_trained(self.net, Path(resume_from_checkpoint))


class _Watch(TrainerCallback):
    """Counts, reports at most twice a second, asks for evaluations and checkpoints, stops when cancelled."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.loss: torch.Tensor | float = 0.0
        self.counted = [0, 0, 0]  # steps, examples, tokens since the last step event
        self.seconds = 0.0
        self.done_here = 0
        self.seconds_here = 0.0
        self.mark = time.perf_counter()

    def add(self, examples: int, tokens: int) -> None:
        """Count one batch."""
        self.counted = [self.counted[0] + 1, self.counted[1] + examples, self.counted[2] + tokens]
        self.trainer.progress.examples += examples
        self.trainer.progress.tokens += tokens

    def resume_clock(self) -> None:
        """Training goes on: what passed since the last step was not training."""
        self.mark = time.perf_counter()

    def tell(self, kind: str, **values: object) -> None:
        """Report an event at the current step."""
        state = self.trainer.state
        self.trainer.report(Event(time.time(), kind, state.global_step, state.max_steps, state.epoch or 0.0, values))

    def check_loss(self) -> None:
        """Raise UserError when the loss stopped being a number."""
        if not math.isfinite(float(self.loss)):
            raise UserError(
                NOT_A_NUMBER,
                step=self.trainer.state.global_step,
                rate=f"{self.trainer.config.learning_rate:g}",
                lower=f"{self.trainer.config.learning_rate / LOWER:g}",
            )

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock."""
        self.resume_clock()

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Fix the order of the rows of this epoch, and what is drawn for them."""
        self.trainer.passes = state.global_step // self.trainer.steps_per_epoch
        self.trainer.order.manual_seed(self.trainer.config.seed * 1_000_003 + self.trainer.passes)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Take as many threads as pay now."""
        threads.take()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Report, and decide what follows this step."""
        now = time.perf_counter()
        self.seconds += now - self.mark
        self.seconds_here += now - self.mark
        self.trainer.progress.seconds += now - self.mark
        self.done_here += 1
        self.mark = now
        last = state.global_step >= state.max_steps
        due = last or self.trainer.due(state.global_step) > self.trainer.due(state.global_step - 1)
        stop = self.trainer.cancelled()
        if self.seconds >= SECONDS_PER_STEP_EVENT or due or stop or state.global_step == 1:
            self.check_loss()
            self._tell_step(state)
        control.should_training_stop = last or stop
        control.should_evaluate = due and not stop and self.trainer.validates
        control.should_save = due or stop

    def _tell_step(self, state: TrainerState) -> None:
        steps, examples, tokens = self.counted
        left = state.max_steps - state.global_step
        evaluations = self.trainer.due(state.max_steps) - self.trainer.due(state.global_step)
        self.tell(
            "step",
            loss=float(self.loss) / steps,
            learning_rate=float(self.trainer._get_learning_rate()),
            examples_per_second=examples / self.seconds,
            tokens_per_second=tokens / self.seconds,
            eta_seconds=left * self.seconds_here / self.done_here + evaluations * self.trainer.live_seconds,
        )
        self.loss, self.counted, self.seconds = 0.0, [0, 0, 0], 0.0
