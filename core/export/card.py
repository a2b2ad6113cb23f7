"""The model card of a run: facts from the run's own files and nothing else.

This module does not know where those files are or where the card goes.
"""

import html
import json
import re
from collections.abc import Sequence

from core import hub, models
from core.errors import plural
from core.metrics import METRICS
from core.results import JOINED, WORD_COUNTS, Evaluation, Measure, RunConfig, RunReport
from core.tasks.base import Task
from core.tasks.table import task_of

SPLITS = {
    "test": "Test split",
    "validation": "Validation split",
    "baseline": "Before training",
}

NOT_BETTER = (
    "**This model does not beat counting words**: {way}, which learns in seconds, does as well or better on "
    "the same rows. Prefer the simple model, or train this one on more rows or for longer."
)


def model_card(config: RunConfig, report: RunReport | None, labels: Sequence[str]) -> str:
    """The model card (Mitchell et al. 2019) in Markdown with the hub's front matter: only what the run's files say.

    Raises UserError when the run's task is not one of this version's.
    """
    base = models.title(config.model)
    task = task_of(config.task)
    how = task.card.how
    if config.model == models.SCRATCH:
        base, how = "a tiny new BERT with its own vocabulary", "trained from scratch"
    title = config.name or f"{base} {how} on {config.data_name}"
    front = {
        "library_name": "transformers",
        **({"pipeline_tag": task.pipeline} if task.pipeline else {}),
        "tags": [task.pipeline or config.task, "bert-studio"],
        **({"base_model": base} if "/" in base and hub.HUB_NAME.fullmatch(base) else {}),
    }
    sections = [
        "\n".join(("---", *(f"{key}: {json.dumps(value)}" for key, value in front.items()), "---")),
        f"# {_plain(title)}",
        f"{task.card.what} made with BERT Studio: **{_plain(base)}**, {how} on **{_plain(config.data_name)}**. It reads "
        + task.card.answer.format(n=len(labels), labels=", ".join(_plain(label) for label in labels)),
        f"## Use\n\n```python\n{task.card.use}\n```",
        "## Training\n\n" + _table(("Setting", "Value"), _settings(config)),
    ]
    if report is None:
        sections.append("## Measured\n\nThis run was not measured: it ended before its report was written.")
    else:
        sections += _measured(report, task)
    return "\n\n".join(sections) + "\n"


def _settings(config: RunConfig) -> list[tuple[str, str]]:
    method = {
        "full": "all parameters",
        "frozen": "embeddings frozen"
        + (f", and the lowest {config.frozen_layers} layers" if config.frozen_layers else ""),
        "head": "classifier only",
    }
    return [
        ("Method", method.get(config.method, f"LoRA of rank {config.lora_rank}, merged")),
        ("Epochs", f"{config.epochs:g}"),
        ("Batch size", str(config.batch_size)),
        ("Learning rate", f"{config.learning_rate:g}"),
        ("Warm-up", f"{config.warmup:.0%} of the steps"),
        ("Weight decay", f"{config.weight_decay:g}"),
        ("Longest input", f"{config.max_length} tokens"),
        ("Class weights", "yes" if config.class_weights else "no"),
        ("Most training rows", str(config.limit) if config.limit else "all"),
        ("Seed", str(config.seed)),
        *(("Label", f"{old} → {new}" if new else f"{old} left out") for old, new in config.preparation.labels),
    ]


def _measured(report: RunReport, task: Task) -> list[str]:
    sections = []
    compared = {WORD_COUNTS: task.counted_by, **{row.id: row.title for row in task.beside}}
    titles = SPLITS | {name: f"For comparison: {title}, same rows" for name, title in compared.items()}
    for split, title in titles.items():
        evaluation = report.evaluations.get(split)
        if evaluation is not None:
            sections.append(_evaluation(title, evaluation, task))
    if report.beats_counting(task.metrics[0]) is False:
        sections.append(NOT_BETTER.format(way=task.counted_by))
    measured = report.measured
    if measured is not None and (lines := task.table(measured)):
        sections.append("## In detail\n\n" + _table(lines[0], lines[1:]))
    counts = ", ".join(f"{_plain(split)} {count}" for split, count in report.data.counts.items())
    facts = [
        ("Rows in the source", str(report.data.rows)),
        ("Rows used", counts),
        *(
            (f"Column of the {role}", _column(column, report, role in task.inputs))
            for role, column in report.data.used.items()
        ),
        *((f"Left out: {entry.reason}", str(entry.count)) for entry in report.data.dropped),
        *([("Training texts longer than the longest input", f"{report.cut_share:.1%}")] if report.cut_share else []),
        ("Steps", f"{report.steps}, weights of step {report.best_step}" + _chosen(report)),
        ("Training time", f"{report.seconds:.0f} s, {report.examples_per_second:.1f} examples/s"),
        ("Peak memory", f"{report.peak_memory_mb:.0f} MB"),
        *((key, value) for key, value in report.environment.items()),
    ]
    remarks = [f"- {_plain(message.format(**values))}" for message, values in report.data.notes]
    sections.append(
        "\n\n".join(
            ("## Data and machine", *(["\n".join(remarks)] if remarks else []), _table(("Fact", "Value"), facts))
        )
    )
    return sections


def _column(column: str, report: RunReport, texts: bool) -> str:
    """A column that was read, or several; of texts with what joins them: who uses the model has to join them the same way."""
    joined = texts and column not in report.data.columns and JOINED in column
    return f"{column}, joined by {json.dumps(report.data.separator)}" if joined else column


def _chosen(report: RunReport) -> str:
    """What the best step was chosen by, as far as the report says it."""
    return f", chosen by {METRICS[report.chosen_by].title} on validation" if report.chosen_by in METRICS else ""


def _evaluation(title: str, evaluation: Evaluation, task: Task) -> str:
    rows = [("Measured on", plural(*task.counts, evaluation.n).format(n=evaluation.n))]
    rows += [(METRICS[name].title, _interval(measure)) for name, measure in evaluation.metrics.items()]
    rows += [(title, f"{evaluation.detail[name]:.4f}") for name, title in task.card.facts.items()]
    return f"## {title}\n\n" + _table(("Measure", "Value (95% interval)"), rows)


def _interval(measure: Measure) -> str:
    if measure.low is None or measure.high is None:
        return f"{measure.value:.4f}"
    return f"{measure.value:.4f} ({measure.low:.4f} to {measure.high:.4f})"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([_plain(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _plain(text: str) -> str:
    """Untrusted text as one line of Markdown that means nothing but itself."""
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", html.escape(" ".join(text.split()), quote=False))
