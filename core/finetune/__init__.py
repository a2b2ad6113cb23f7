"""Fine-tuning. The recipe's names are at hand; what needs torch is loaded when it is first asked for.

This package does not know how a run is queued, watched or resumed by people.
"""

# re-exported until the callers name the modules
from importlib import import_module
from typing import TYPE_CHECKING, Any

from core.finetune.recipe import METHODS, PARAMETERS, PRESETS, advised, check, suggested_learning_rate, with_preset

if TYPE_CHECKING:
    from core.finetune.checkpoints import WEIGHTS, newest_checkpoint, read_progress
    from core.finetune.estimate import estimate
    from core.finetune.machine import bfloat16_pays, peak_memory_mb
    from core.finetune.methods import movement
    from core.finetune.train import Stopped, train

__all__ = [
    "METHODS",
    "PARAMETERS",
    "PRESETS",
    "WEIGHTS",
    "Stopped",
    "advised",
    "bfloat16_pays",
    "check",
    "estimate",
    "movement",
    "newest_checkpoint",
    "peak_memory_mb",
    "read_progress",
    "suggested_learning_rate",
    "train",
    "with_preset",
]

HOMES = {
    "WEIGHTS": "checkpoints",
    "newest_checkpoint": "checkpoints",
    "read_progress": "checkpoints",
    "estimate": "estimate",
    "bfloat16_pays": "machine",
    "peak_memory_mb": "machine",
    "movement": "methods",
    "Stopped": "train",
    "train": "train",
}


def __getattr__(name: str) -> Any:
    """A name of a module that needs torch, loaded now (PEP 562)."""
    if name not in HOMES:
        raise AttributeError(f"module 'core.finetune' has no attribute '{name}'")
    value = vars(import_module(f"core.finetune.{HOMES[name]}"))[name]
    globals()[name] = value  # train and estimate: the import has put the module of that name here
    return value
