"""A run from its beginning to its end: a RunConfig in, events out, and at the end a model folder and a report.

This module does not know how a run is queued, watched or resumed by people, nor who listens to the events. It trains on one
processor or one GPU.
"""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainingArguments

from core import models
from core.data import alike, fit
from core.data.dataset import TextDataset
from core.errors import Cancelled
from core.finetune import machine
from core.finetune.checkpoints import (
    CHECKPOINTS,
    START,
    Progress,
    load_trained,
    newest_checkpoint,
    read_progress,
    step_of,
    tidy,
    written_aside,
)
from core.finetune.methods import movement
from core.finetune.savings import Prepared, prepare
from core.finetune.setup import Setup, check, load_data, set_up, write_scratch
from core.finetune.trainer import Report, Trainer, event_values
from core.results import WORD_COUNTS, Evaluation, Event, RunConfig, RunReport

MODEL = "model"


class Stopped(Cancelled):
    """Training was cancelled. report: what was learnt until then, None when there is nothing yet."""

    def __init__(self, report: RunReport | None) -> None:
        self.report = report
        super().__init__("cancelled")


def train(config: RunConfig, folder: Path, report: Report, cancelled: Callable[[], bool]) -> RunReport:
    """Train as asked, inside a run folder: continue from its newest checkpoint, leave the result in its model/.

    report receives every Event; cancelled is asked at every step and during evaluations. Training time excludes loading,
    evaluations and checkpoints. While training runs, at most 2,000 validation rows are measured; the final evaluation
    takes all rows. Raises Stopped (with a report when something was learnt; then model/ holds it) when cancelled, and
    UserError when the data, the model or a value cannot be used, the loss stops being a number, or the disk is full.
    """
    check(config)
    machine.settle_process()
    tidy(folder)
    _tell(report, "stage", stage="loading")
    dataset = load_data(config, folder)
    config = _with_start(config, dataset, folder, report, cancelled)
    setup = set_up(config, dataset)
    goal = setup.goal
    found = (
        *fit.advice(
            dataset.layout.readings(dataset.texts(dataset.splits["train"])),
            goal.tokenizer,
            goal.max_length,
            cut=not setup.task.windowed,
        ),
        *alike.notes(dataset),
    )
    try:
        rows = goal.rows(dataset, _stopper(cancelled))
    except Cancelled as stop:
        raise Stopped(None) from stop
    if cancelled():
        raise Stopped(None)
    newest = newest_checkpoint(folder)
    progress = read_progress(newest) if newest else Progress()
    if newest is None:
        progress.baseline = _baseline(setup, report, cancelled)
    prepared = prepare(setup, rows)
    trainer = Trainer(
        prepared,
        _arguments(config, folder),
        rows=rows,
        setup=setup,
        progress=progress,
        folder=folder,
        report=report,
        cancelled=cancelled,
    )
    total = math.ceil(config.epochs * trainer.steps_per_epoch)
    done = _run(trainer, newest, total)
    if done == 0:
        raise Stopped(None)
    stopped = done < total or cancelled()

    def tell(kind: str, **values: object) -> None:
        report(Event(time.time(), kind, done, total, done / math.ceil(len(rows.features) / config.batch_size), values))

    tell("stage", stage="saving")
    environment = machine.environment(trainer.args, prepared.attention)
    chosen_by = trainer.chosen_by[0] if progress.best else ""
    model = _best_model(trainer, prepared, done)
    model.config.update(dict(goal.chosen(progress.best)))
    del trainer, prepared  # and with them the optimizer's state
    _save_model(model, goal.tokenizer, folder)
    result = RunReport(
        evaluations=_measured(validation=progress.best, baseline=progress.baseline),
        movement=movement(setup.start(), model),
        seconds=progress.seconds,
        examples_per_second=progress.examples / max(progress.seconds, 1e-9),
        tokens_per_second=progress.tokens / max(progress.seconds, 1e-9),
        peak_memory_mb=machine.peak_memory_mb(),
        steps=done,
        best_step=progress.best_step or done,
        chosen_by=chosen_by,
        cut_share=float(rows.truncated.mean()),
        environment=environment,
        data=replace(dataset.report, notes=(*dataset.report.notes, *found, *goal.notes())),
    )
    try:
        if stopped:
            raise Cancelled
        tell("stage", stage="evaluating")
        final = {
            split: goal.measure(model, dataset, split, _stopper(cancelled), live=False)
            for split in ("validation", "test")
        }
        result = replace(result, evaluations=_measured(**final, baseline=progress.baseline))
        result = replace(result, evaluations={**result.evaluations, **_compared(setup, result.split)})
    except Cancelled as stop:
        tell("end", outcome="cancelled")
        raise Stopped(result) from stop
    tell("end", outcome="finished")
    return replace(result, peak_memory_mb=machine.peak_memory_mb())


def _tell(report: Report, kind: str, **values: object) -> None:
    report(Event(time.time(), kind, 0, 0, 0.0, values))


def _measured(**evaluations: Evaluation | None) -> dict[str, Evaluation]:
    """The evaluations that the data has rows for, test first."""
    order = ("test", "validation", "baseline")
    return {name: evaluation for name in order if (evaluation := evaluations.get(name)) is not None}


def _compared(setup: Setup, split: str) -> dict[str, Evaluation]:
    """What counting words and the task's other simple ways reach on the split that the result is measured on, where it can be said."""
    if not split:
        return {}
    task, counted = setup.task, setup.task.word_counts
    found = {WORD_COUNTS: counted(task.id, setup.dataset, split) if counted else None}
    found |= {row.id: row.measure(setup.config, setup.dataset, split) for row in task.beside}
    return {name: evaluation for name, evaluation in found.items() if evaluation is not None}


def _stopper(cancelled: Callable[[], bool]) -> Callable[[int, int], None]:
    """A listener to progress that raises Cancelled when it is time."""

    def may_stop(done: int, total: int) -> None:
        if cancelled():
            raise Cancelled

    return may_stop


def _with_start(
    config: RunConfig, dataset: TextDataset, folder: Path, report: Report, cancelled: Callable[[], bool]
) -> RunConfig:
    """The configuration with the model that training starts from: one from scratch is made once and kept in checkpoints/start."""
    if config.model != models.SCRATCH:
        return config
    start = (folder / CHECKPOINTS / START).resolve()
    if not start.is_dir():
        _tell(report, "stage", stage="vocabulary")
        try:
            with written_aside(start) as part:
                write_scratch(config, dataset, part, _stopper(cancelled))
        except Cancelled as stop:
            raise Stopped(None) from stop
    return replace(config, model=str(start))


def _baseline(setup: Setup, report: Report, cancelled: Callable[[], bool]) -> Evaluation | None:
    """The model before training on the test rows; where it knows the task already, on validation rows too.

    A new head answers by chance, which a sample shows. A head that knows the task is compared with its own later state, so
    both are measured on the same rows.
    """
    _tell(report, "stage", stage="baseline")
    goal, may_stop = setup.goal, _stopper(cancelled)
    model = setup.start("sdpa")
    nn.Module.to(model, machine.device())
    try:
        baseline = goal.measure(model, setup.dataset, "test", may_stop, live=not goal.known_before)
        if goal.known_before:
            began = time.perf_counter()
            autocast = machine.bfloat16_pays(machine.device())
            first = goal.measure(model, setup.dataset, "validation", may_stop, live=True, autocast=autocast)
            if first:
                _tell(report, "evaluation", **event_values(goal, first, time.perf_counter() - began))
    except Cancelled as stop:
        raise Stopped(None) from stop
    return baseline


def _arguments(config: RunConfig, folder: Path) -> TrainingArguments:
    device = machine.device()
    return TrainingArguments(
        output_dir=str(folder / CHECKPOINTS),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        lr_scheduler_type="linear",
        bf16=machine.bfloat16_pays(device),
        use_cpu=device.type == "cpu",
        train_sampling_strategy="group_by_length",
        dataloader_pin_memory=device.type == "cuda",
        remove_unused_columns=False,
        logging_strategy="no",
        logging_nan_inf_filter=False,
        eval_strategy="no",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=config.seed,
    )


def _run(trainer: Trainer, newest: Path | None, total: int) -> int:
    """Train from the newest checkpoint or from the start; returns the step that was reached."""
    if newest and step_of(newest) >= total:
        load_trained(trainer.net, newest)
        return total
    step = step_of(newest) if newest else 0
    epoch = step / trainer.steps_per_epoch
    trainer.report(
        Event(
            time.time(),
            "start",
            step,
            total,
            epoch,
            {"resumed": newest is not None, **trainer.goal.levels(trainer.plain)},
        )
    )
    trainer.report(Event(time.time(), "stage", step, total, epoch, {"stage": "training"}))
    try:
        trainer.train(resume_from_checkpoint=str(newest) if newest else None)
    except Cancelled:  # during an evaluation: the step itself is done
        trainer._save_checkpoint()
    trainer.watch.check_loss()
    return trainer.state.global_step


def _best_model(trainer: Trainer, prepared: Prepared, done: int) -> PreTrainedModel:
    """An ordinary model in float32 with the weights of the best step, or of the last where nothing was measured."""
    best_step = trainer.progress.best_step or done
    if best_step != done:
        load_trained(prepared.model, trainer.folder / CHECKPOINTS / f"step-{best_step}")
    trainer.accelerator.unwrap_model(prepared.model, keep_fp32_wrapper=False)  # it would go on computing in bfloat16
    model = prepared.restore()
    model.zero_grad()
    return model


def _save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Put model/ in place as a whole, replacing an older one."""
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    with written_aside(folder / MODEL) as part:
        model.save_pretrained(part)
        tokenizer.save_pretrained(part)
