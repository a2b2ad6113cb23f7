"""The model card of a run: facts from the run's own files and nothing else.

This module does not know where those files are or where the card goes.
"""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core import hub, models
from core.results import Evaluation, Interval, MaskedEvaluation, RunConfig, RunReport


def model_card(config: RunConfig, report: RunReport | None, labels: Sequence[str]) -> str:
    """The model card (Mitchell et al. 2019) in Markdown with the hub's front matter: only what the run's files say."""
    base = models.title(config.model)
    kind = _kind(config)
    if config.model == models.SCRATCH:
        base, kind = "a tiny new BERT with its own vocabulary", replace(kind, how="trained from scratch")
    title = config.name or f"{base} {kind.how} on {_data(config)}"
    front = {
        "library_name": "transformers",
        **({"pipeline_tag": kind.pipeline} if kind.pipeline else {}),
        "tags": [kind.pipeline or config.task, "bert-studio"],
        **({"base_model": base} if "/" in base and hub.HUB_NAME.fullmatch(base) else {}),
    }
    sections = [
        "\n".join(("---", *(f"{key}: {json.dumps(value)}" for key, value in front.items()), "---")),
        f"# {_plain(title)}",
        f"{kind.what} made with BERT Studio: **{_plain(base)}**, {kind.how} on **{_plain(_data(config))}**. It reads "
        + kind.answer.format(n=len(labels), labels=", ".join(_plain(label) for label in labels)),
        f"## Use\n\n```python\n{kind.use}\n```",
        "## Training\n\n" + _table(("Setting", "Value"), _settings(config)),
    ]
    if report is None:
        sections.append("## Measured\n\nThis run was not measured: it ended before its report was written.")
    else:
        sections += _measured(report)
    return "\n\n".join(sections) + "\n"


def _data(config: RunConfig) -> str:
    return config.data.removeprefix("data/")


@dataclass(frozen=True)
class _Kind:
    """What the card says of the models of a task. pipeline: the hub's tag, "" where it has none."""

    what: str
    how: str
    answer: str
    pipeline: str
    use: str


def _kind(config: RunConfig) -> _Kind:
    labelled = "chooses one of {n} labels: {labels}."
    return {
        "text-classification": _Kind(
            "A text classifier",
            "fine-tuned",
            f"one text and {labelled}",
            "text-classification",
            _classify('"your text"'),
        ),
        "pair-classification": _Kind(
            "A text classifier",
            "fine-tuned",
            f"two texts and {labelled}",
            "text-classification",
            _classify('{"text": "the first text", "text_pair": "the second text"}'),
        ),
        "masked-language-modelling": _Kind(
            "A masked language model",
            "pre-trained further",
            "a text with masked tokens and says what probably stood there.",
            "fill-mask",
            "from transformers import pipeline\n\n"
            'fill = pipeline("fill-mask", "path/to/this/folder")\n'
            'print(fill(f"I love eating {fill.tokenizer.mask_token}."))',
        ),
        "next-sentence-prediction": _Kind(
            "A model for next sentence prediction",
            "pre-trained further",
            "two sentences and says whether the second follows the first.",
            "",
            "from transformers import AutoModelForNextSentencePrediction, AutoTokenizer\n\n"
            'folder = "path/to/this/folder"\n'
            "model, tokenizer = AutoModelForNextSentencePrediction.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)\n"
            'inputs = tokenizer("the first sentence", "the second sentence", return_tensors="pt")\n'
            "print(model(**inputs).logits.softmax(-1)[0, 0].item())  # the probability that it follows",
        ),
    }[config.task]


def _classify(given: str) -> str:
    return (
        "from transformers import pipeline\n\n"
        'classify = pipeline("text-classification", "path/to/this/folder")\n'
        f"print(classify({given}, truncation=True))"
    )


def _settings(config: RunConfig) -> list[tuple[str, str]]:
    method = {
        "full": "all parameters",
        "frozen": f"lowest {config.frozen_layers} layers frozen",
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
    ]


def _measured(report: RunReport) -> list[str]:
    sections = []
    for name, title in (("test", "Test split"), ("validation", "Validation split"), ("baseline", "Before training")):
        evaluation: Evaluation | None = {
            "test": report.test,
            "validation": report.validation,
            "baseline": report.baseline,
        }[name]
        if evaluation is not None:
            sections.append(_evaluation(title, evaluation, details=name == "test"))
        if name in report.masked:
            sections.append(_masked_evaluation(title, report.masked[name]))
    counts = ", ".join(f"{_plain(split)} {count}" for split, count in report.data.counts.items())
    facts = [
        ("Rows in the source", str(report.data.rows)),
        ("Rows used", counts),
        *((f"Left out: {entry.reason}", str(entry.count)) for entry in report.data.dropped),
        *([] if report.masked else [("Training texts longer than the longest input", f"{report.cut_share:.1%}")]),
        ("Steps", f"{report.steps}, weights of step {report.best_step}"),
        ("Training time", f"{report.seconds:.0f} s, {report.examples_per_second:.1f} examples/s"),
        ("Peak memory", f"{report.peak_memory_mb:.0f} MB"),
        *((key, value) for key, value in report.environment.items()),
    ]
    sections.append("## Data and machine\n\n" + _table(("Fact", "Value"), facts))
    return sections


def _evaluation(title: str, evaluation: Evaluation, *, details: bool) -> str:
    rows = [
        ("Examples", str(evaluation.n)),
        ("Accuracy", _interval(evaluation.accuracy)),
        ("Macro-F1", _interval(evaluation.macro_f1)),
        ("Log loss", f"{evaluation.loss:.4f}"),
        ("Calibration error (ECE)", f"{evaluation.ece:.4f}"),
        ("Accuracy of always answering the most frequent label", f"{evaluation.majority:.4f}"),
    ]
    text = f"## {title}\n\n" + _table(("Measure", "Value (95 % interval)"), rows)
    if details:
        classes = [
            (score.label, f"{score.precision:.4f}", f"{score.recall:.4f}", f"{score.f1:.4f}", str(score.support))
            for score in evaluation.classes
        ]
        text += "\n\n" + _table(("Label", "Precision", "Recall", "F1", "Examples"), classes)
    return text


def _masked_evaluation(title: str, evaluation: MaskedEvaluation) -> str:
    rows = [
        ("Masked tokens", str(evaluation.n)),
        ("The masked token is the likeliest", _interval(evaluation.top1)),
        ("It is among the five likeliest", _interval(evaluation.top5)),
        ("Loss (nats)", f"{evaluation.loss:.4f}"),
        ("Perplexity", f"{evaluation.perplexity:.2f}"),
        ("Loss of a model that knows nothing (ln V)", f"{evaluation.uniform_loss:.4f}"),
    ]
    return f"## {title}\n\n" + _table(("Measure", "Value (95 % interval)"), rows)


def _interval(value: Interval) -> str:
    return f"{value.value:.4f} ({value.low:.4f} to {value.high:.4f})"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([_plain(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _plain(text: str) -> str:
    """Untrusted text as one line of Markdown that means nothing but itself."""
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", html.escape(" ".join(text.split()), quote=False))
