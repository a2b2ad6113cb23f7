"""Checkpoints that are complete or absent, whenever the process dies, and what a run had done when it wrote one.

A folder is written aside, synced and renamed into place. This module does not know when a checkpoint is due or which are kept.
"""

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import TypeAdapter
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from core.errors import UserError
from core.results import Evaluation

CHECKPOINTS = "checkpoints"
WEIGHTS = "weights.safetensors"
PROGRESS = "progress.json"
START = "start"  # in checkpoints/: the model that a run from scratch begins with


@dataclass
class Progress:
    """What a run has done so far; it goes into every checkpoint. seconds: training alone. rank: of the best, () in checkpoints of old. loss: that was measured last."""

    seconds: float = 0.0
    examples: int = 0
    tokens: int = 0
    best_step: int = 0
    best: Evaluation | None = None
    rank: tuple[float, ...] = ()
    loss: float | None = None
    baseline: Evaluation | None = None


PROGRESS_JSON: TypeAdapter[Progress] = TypeAdapter(Progress)


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("step-"))


def newest_checkpoint(folder: Path) -> Path | None:
    """The complete checkpoint with the highest step of a run folder."""
    found = [path for path in (folder / CHECKPOINTS).glob("step-*") if path.name.removeprefix("step-").isdecimal()]
    return max(found, key=step_of, default=None)


def read_progress(checkpoint: Path) -> Progress:
    """What a run had done when it wrote this checkpoint."""
    return PROGRESS_JSON.validate_json((checkpoint / PROGRESS).read_bytes())


def trained(model: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters that training changes; the others can be loaded again from where they came."""
    return {
        name: parameter.detach().contiguous() for name, parameter in model.named_parameters() if parameter.requires_grad
    }


def load_trained(model: nn.Module, checkpoint: Path) -> None:
    weights = load_file(checkpoint / WEIGHTS)
    parameters = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    if weights.keys() != parameters.keys():
        raise UserError("the checkpoint {name} belongs to another model; start the run anew", name=checkpoint.name)
    with torch.no_grad():
        for name, value in weights.items():
            parameters[name].copy_(value)


@contextlib.contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """A folder to write into; at the end it is synced and takes the place of `target`. On failure nothing changes.

    Raises UserError when the disk is full.
    """
    part = target.with_name(f".{target.name}.partial")
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        yield part
        for path in part.rglob("*"):
            _sync(path)
        _sync(part)
        if target.exists():
            target.rename(old)
        part.rename(target)
        _sync(target.parent)
    except (OSError, RuntimeError, SafetensorError) as error:
        shutil.rmtree(part, ignore_errors=True)
        if _disk_is_full(error, target.parent):
            raise UserError(
                "the disk is full: {folder} could not be written, what was saved before is intact; make room and resume the run",
                folder=target.name,
            ) from error
        raise
    shutil.rmtree(old, ignore_errors=True)


def tidy(folder: Path) -> None:
    """Remove what saves and removals have left in a run folder where its process was killed, which is as large as what they wrote."""
    for place in (folder, folder / CHECKPOINTS):
        for left in [*place.glob(".*.partial"), *place.glob(".*.old")]:
            shutil.rmtree(left, ignore_errors=True)


def _disk_is_full(error: BaseException, folder: Path) -> bool:
    """Whether a failed write means that there is no room: torch and safetensors hide the system's error number."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return shutil.disk_usage(folder).free < 16 << 20 or "No space left" in str(error)


def _sync(path: Path) -> None:
    """Have the operating system write a file or folder through to the disk (Windows cannot do that for folders)."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(folder: Path) -> None:
    """Delete a folder; it disappears under its name at once."""
    doomed = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(doomed, ignore_errors=True)
    folder.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)
