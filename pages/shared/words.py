"""What a run is made of, in plain words: states, durations, settings, tasks, methods, stages, groups of parameters.

Words only: nothing here is drawn, read from a run's folder or computed.
"""

from dataclasses import asdict
from datetime import datetime

from core.results import Interval, RunConfig
from core.tasks import TASKS
from pages.shared.i18n import _


def status_name(status: str) -> str:
    """A run's state in one or two words."""
    return {
        "queued": _("waiting"),
        "running": _("training"),
        "finished": _("finished"),
        "failed": _("failed"),
        "cancelled": _("cancelled"),
        "interrupted": _("interrupted"),
    }[status]


def status_icon(status: str) -> str:
    """A sign beside the state."""
    return {
        "queued": ":material/hourglass_empty:",
        "running": ":material/model_training:",
        "finished": ":material/check_circle:",
        "failed": ":material/error:",
        "cancelled": ":material/cancel:",
        "interrupted": ":material/power_off:",
    }[status]


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    whole = max(0, round(seconds))
    if whole < 90:
        return _("{count} s").format(count=whole)
    if whole < 90 * 60:
        return _("{minutes} min {seconds:02d} s").format(minutes=whole // 60, seconds=whole % 60)
    return _("{hours} h {minutes:02d} min").format(hours=whole // 3600, minutes=whole % 3600 // 60)


def share(value: Interval) -> str:
    """A share with its 95% interval."""
    return f"{value.value:.3f} ({value.low:.3f}–{value.high:.3f})"


def moment(seconds: float | None) -> str:
    """A time of day with its date, "" for none."""
    return "" if seconds is None else datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")


def setting_name(field: str) -> str:
    """A field of RunConfig in plain words."""
    from core import finetune  # here, because it imports torch and peft, which other words do not need

    if field in finetune.PARAMETERS:
        return _(finetune.PARAMETERS[field].label)
    return {
        "model": _("Model"),
        "data": _("Data"),
        "task": _("Task"),
        "text_column": _("Column of texts"),
        "pair_column": _("Column of second texts"),
        "label_column": _("Column of labels"),
        "name": _("Name"),
        "preset": _("Preset"),
        "method": _("What is trained"),
        "class_weights": _("Give rare labels more weight"),
    }[field]


def task_name(task: str) -> str:
    """A task in plain words; a damaged run's is not known."""
    return _(TASKS[task].title) if task in TASKS else task


def method_name(method: str) -> str:
    """What is trained, in plain words."""
    from core import finetune  # here, because it imports torch and peft, which other words do not need

    return _(finetune.METHODS[method].title)


def configuration(config: RunConfig) -> dict[str, str]:
    """A run's settings as a table shows them: plain name → value. What does not apply is left out."""
    from core import finetune  # here, because it imports torch and peft, which other words do not need

    unused = {"frozen_layers": config.method != "frozen", "lora_rank": config.method != "lora"}
    shown = {name: value for name, value in asdict(config).items() if value != "" and not unused.get(name)}
    words = {
        "task": lambda value: _(TASKS[value].title),
        "method": method_name,
        "preset": lambda value: _(finetune.PRESETS[value].title) if value in finetune.PRESETS else _("Custom"),
        "class_weights": lambda value: _("yes") if value else _("no"),
        "data": lambda value: value.removeprefix("data/"),
    }
    return {
        setting_name(name): words[name](value)
        if name in words
        else f"{value:,g}"
        if isinstance(value, float)
        else str(value)
        for name, value in shown.items()
    }


def stage_name(stage: str) -> str:
    """What the training process does while it is not training."""
    return {
        "loading": _("loading model and data"),
        "vocabulary": _("learning a vocabulary from the texts"),
        "baseline": _("measuring the model before training"),
        "training": _("training begins"),
        "saving": _("saving the best checkpoint as the model"),
        "evaluating": _("measuring the result on texts it did not train on"),
    }.get(stage, stage)


def group_name(group: str) -> str:
    """A group of parameters in plain words."""
    if group.startswith("layer "):
        return _("layer {number}").format(number=group.removeprefix("layer "))
    return {
        "embeddings": _("embeddings"),
        "layers": _("layers (one shared set)"),
        "pooler": _("pooler"),
        "classifier": _("classifier"),
        "head": _("head that names the masked token"),
    }.get(group, group)
