"""What a run is made of, in plain words: states, durations, settings, tasks, results, methods, stages, groups of parameters.

Words only: nothing here is drawn, read from a run's folder or computed.
"""

import re
from dataclasses import asdict
from datetime import datetime

from core.errors import plural
from core.finetune.recipe import METHODS, PARAMETERS, PRESETS
from core.metrics import METRICS
from core.results import AS_READ, Evaluation, Measure, Preparation, Reading, RunConfig, RunReport
from core.tasks.table import TASKS
from pages.shared.i18n import _

# How an address begins, or where it may be parted.
ADDRESSES = re.compile(r"https?:(?=//)|www(?=\.)|@(?=[-\w]+\.)", re.IGNORECASE)
WORD_JOINER = "\u2060"


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


def interval(metric: str, measure: Measure) -> str:
    """The bounds of a measured value, "" where they are not known."""
    write = METRICS[metric].write
    return "" if measure.low is None and measure.high is None else "–".join(write(bound) for bound in measure.bounds)


def measured(metric: str, measure: Measure) -> str:
    """A measured value, with its 95% interval where it is known."""
    bounds = interval(metric, measure)
    return METRICS[metric].write(measure.value) + (f" ({bounds})" if bounds else "")


def counted(evaluation: Evaluation) -> str:
    """What was measured, in numbers: "200 texts"."""
    task = TASKS.get(evaluation.task)
    return _(plural(*task.counts, evaluation.n)).format(n=evaluation.n) if task else f"{evaluation.n:,}"


def measured_on(report: RunReport | None) -> str:
    """How much a run's result comes from, and which rows: "" when nothing was measured."""
    if report is None or report.measured is None:
        return ""
    if report.memorised:
        rows = _("the training rows themselves")
    else:
        rows = _("test rows") if report.split == "test" else _("validation rows")
    return f"{counted(report.measured)} · {rows}"


def moment(seconds: float | None) -> str:
    """A time of day with its date, "" for none."""
    return "" if seconds is None else datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")


def setting_name(field: str) -> str:
    """A field of RunConfig in plain words."""
    if field in PARAMETERS:
        return _(PARAMETERS[field].label)
    return {
        "model": _("Model"),
        "data": _("Data"),
        "task": _("Task"),
        "name": _("Name"),
        "preset": _("Preset"),
        "method": _("What is trained"),
        "class_weights": _("Give rare labels more weight"),
    }[field]


def task_name(task: str) -> str:
    """A task in plain words; one that this version does not know, by its id."""
    return _(TASKS[task].title) if task in TASKS else task


def method_name(method: str) -> str:
    """What is trained, in plain words."""
    return _(METHODS[method].title)


def configuration(config: RunConfig) -> dict[str, str]:
    """A run's settings as a table shows them: plain name → value. What does not apply is left out."""
    unused = {
        "frozen_layers": config.method != "frozen",
        "lora_rank": config.method != "lora",
        "columns": True,
        "reading": True,
        "preparation": True,
    }
    shown = {name: value for name, value in asdict(config).items() if value != "" and not unused.get(name)}
    words = {
        "task": task_name,
        "method": method_name,
        "preset": lambda value: _(PRESETS[value].title) if value in PRESETS else _("Custom"),
        "class_weights": lambda value: _("yes") if value else _("no"),
        "data": lambda value: value.removeprefix("data/"),
        "limit": lambda value: f"{value:,}" if value else _("all"),
    }
    settings = {
        setting_name(name): words[name](value)
        if name in words
        else f"{value:,g}"
        if isinstance(value, float)
        else str(value)
        for name, value in shown.items()
    }
    columns = {column_name(config.task, role): column for role, column in config.columns}
    return settings | columns | reading(config.reading) | preparation(config.preparation)


def reading(asked: Reading) -> dict[str, str]:
    """How a file is to be read, as far as somebody said it: plain name → value."""
    said = {
        _("Column names"): "" if asked.header is None else header_name("first row" if asked.header else "none"),
        _("Encoding"): asked.encoding,
        _("Delimiter"): delimiter_name(asked.delimiter),
    }
    return {name: value for name, value in said.items() if value}


def preparation(asked: Preparation) -> dict[str, str]:
    """What was made of the rows, as far as somebody said it: plain name → value."""
    labels = ", ".join(
        f"{old} → {new}" if new else _("{label} left out").format(label=old) for old, new in asked.labels
    )
    said = {
        _("Labels"): labels,
        _("Validation and test rows"): ""
        if asked.split is None
        else _("by the column {column}").format(column=asked.split)
        if asked.split
        else _("held back at random"),
        _("Between joined columns"): "" if asked.separator == AS_READ.separator else repr(asked.separator),
    }
    return {name: value for name, value in said.items() if value}


def header_name(header: str) -> str:
    """Where the column names of a file come from, in plain words; "" where no row can hold them."""
    return {"first row": _("in the first row"), "none": _("none: columns are numbered")}.get(header, "")


def delimiter_name(delimiter: str) -> str:
    """What separates the cells of a file, in plain words."""
    return {",": _("comma ,"), ";": _("semicolon ;"), "\t": _("tab"), "|": _("bar |"), " ": _("space")}.get(
        delimiter, delimiter
    )


def column_name(task: str, role: str) -> str:
    """What a column is for, in plain words."""
    roles = TASKS[task].layout.roles if task in TASKS else ()
    return next((_(row.title) for row in roles if row.id == role), role)


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
    if group.startswith("decoder layer "):
        return _("decoder, layer {number}").format(number=group.removeprefix("decoder layer "))
    return {
        "embeddings": _("embeddings"),
        "layers": _("layers (one shared set)"),
        "pooler": _("pooler"),
        "classifier": _("classifier"),
        "head": _("head that names the masked token"),
        "cross-attention": _("decoder, attention to the source"),
        "decoder embeddings": _("decoder, embeddings"),
        "decoder head": _("decoder, head that names the next token"),
    }.get(group, group)


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters, with a sign where its end was cut."""
    return text if len(text) <= most else text[: most - 1] + "…"


def plain(text: str) -> str:
    """Text that Markdown shows as it is: user text in a message must not become formatting, links or images.

    The browser makes a link of an address whatever is escaped in it, unless something invisible stands there.
    """
    special = "\\`*_{}[]()<>#+-.!|~$:"
    apart = ADDRESSES.sub(lambda found: found[0] + WORD_JOINER, text)
    return "".join(f"\\{c}" if c in special else c for c in apart)
