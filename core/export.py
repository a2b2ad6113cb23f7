"""Taking things away: a run's model as one zip with its card, and tables as CSV that a spreadsheet opens safely.

The card holds facts from the run's own files and nothing else. This module does not know how a file reaches the
person who asked for it.
"""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TypeVar
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from core import models
from core.errors import UserError
from core.results import Evaluation, Interval, MaskedEvaluation, Prediction, RunConfig, RunReport

Content = TypeVar("Content", RunConfig, RunReport)

CONFIG = TypeAdapter(RunConfig)
REPORT = TypeAdapter(RunReport)

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"


# --- Tables ------------------------------------------------------------------------------------------------------------


def predictions_frame(
    predictions: Sequence[Prediction], extra: Mapping[str, Sequence[object]] | None = None
) -> pd.DataFrame:
    """Predictions as a table: text, pair (where there are pairs), label, probability, cut, one probability per label.

    extra: further columns of the same length, put last; one whose name is taken gets a number.
    """
    columns: dict[str, list[object]] = {"text": [prediction.text for prediction in predictions]}
    if any(prediction.pair for prediction in predictions):
        columns["pair"] = [prediction.pair for prediction in predictions]
    columns["label"] = [prediction.label for prediction in predictions]
    columns["probability"] = [prediction.probability for prediction in predictions]
    columns["cut"] = [prediction.cut for prediction in predictions]
    for label in predictions[0].probabilities if predictions else ():
        columns[f"probability of {label}"] = [prediction.probabilities[label] for prediction in predictions]
    return with_columns(pd.DataFrame(columns), extra or {})


def with_columns(frame: pd.DataFrame, extra: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    """A table with further columns of the same length at its end; one whose name is taken gets a number."""
    columns: dict[str, Sequence[object]] = {name: frame[name].tolist() for name in frame.columns}
    for name, values in extra.items():
        free, number = name, 2
        while free in columns:
            free, number = f"{name} ({number})", number + 1
        columns[free] = list(values)
    return pd.DataFrame(columns, index=frame.index)


def csv_text(frame: pd.DataFrame, *, mark: bool = False) -> str:
    """A table as CSV (RFC 4180; lines end with CR LF, so that a cell with either is quoted), without its index.

    Text cells and headers that a spreadsheet would run as a formula (they start with = + - @ tab or carriage return) get
    a leading apostrophe; numbers in columns of numbers stay numbers. mark: begin with a byte order mark, without which
    Excel takes UTF-8 for something else.
    """
    safe = pd.DataFrame(
        {
            place: frame.iloc[:, place].map(_neutral)
            if not pd.api.types.is_numeric_dtype(frame.iloc[:, place])
            else frame.iloc[:, place]
            for place in range(frame.shape[1])
        }
    )
    header = [_neutral(str(name)) for name in frame.columns]
    text = safe.to_csv(index=False, header=header, lineterminator="\r\n") if header else "\r\n"
    return (BYTE_ORDER_MARK if mark else "") + text


def _neutral(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


# --- A run's model -----------------------------------------------------------------------------------------------------


def zip_model(folder: Path) -> bytes:
    """A run's model as a zip with one folder in it: what save_pretrained wrote, README.md (the model card), run.json
    (what was asked) and report.json (what came out, where the run got that far). `pipeline` loads the unpacked folder.

    folder: the run folder. Raises UserError when the run has no model or its configuration cannot be read.
    """
    model = folder / "model"
    if not (model / "config.json").is_file():
        raise UserError("the run {run} has no model; it may not be finished, or was deleted", run=folder.name)
    config = _without_path(_read(CONFIG, folder / "config.json"))
    report = _read(REPORT, folder / "report.json") if (folder / "report.json").is_file() else None
    labels = _labels(model)
    name = re.sub(r"[^\w.-]+", "-", f"bert-studio-{folder.name}", flags=re.ASCII)
    target = BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for path in sorted(model.iterdir()):
            if path.is_file() and not path.is_symlink() and path.name != "README.md":
                weights = path.suffix == ".safetensors"  # numbers hardly shrink: storing them is ten times as fast
                archive.write(path, f"{name}/{path.name}", ZIP_STORED if weights else ZIP_DEFLATED)
        archive.writestr(f"{name}/README.md", model_card(config, report, labels))
        archive.writestr(f"{name}/run.json", CONFIG.dump_json(config, indent=2))
        if report is not None:
            archive.writestr(f"{name}/report.json", REPORT.dump_json(report, indent=2))
    return target.getvalue()


def _read(adapter: TypeAdapter[Content], path: Path) -> Content:
    try:
        return adapter.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UserError("{file} of this run cannot be read; it may be damaged", file=path.name) from error


def _labels(model: Path) -> tuple[str, ...]:
    names = json.loads((model / "config.json").read_text(encoding="utf-8")).get("id2label", {})
    return tuple(str(names[number]) for number in sorted(names, key=int))


def _without_path(config: RunConfig) -> RunConfig:
    """The configuration without the folders of this machine: a model or file given by its path is named by its last part."""

    def last(name: str) -> str:
        return Path(name).name if Path(name).is_absolute() or "\\" in name or name.startswith((".", "~")) else name

    return replace(config, model=last(config.model), data=last(config.data))


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
        **({"base_model": base} if "/" in base and models.HUB_NAME.fullmatch(base) else {}),
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
