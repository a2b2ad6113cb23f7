"""Scripts of Fine-tune: the rows to learn from, and the recipe of a run."""

import re
from collections.abc import Mapping, Sequence

from core.data.bundled import ARTICLE, DATASETS, written_file
from core.results import DataReport, RunConfig
from pages.shared.snippets._parts import (
    beginning,
    joined_columns,
    packaged_rows,
    precision,
    read_table,
    trained_parameters,
)

WEIGHTED = """
counts = train["label"].value_counts().reindex(labels).to_numpy()
weights = torch.tensor(len(train) / (len(labels) * counts), dtype=torch.float32)


def weighted_loss(outputs, targets, **options):
    return torch.nn.functional.cross_entropy(outputs["logits"], targets, weights.to(targets.device))

"""

DECIDED = """rows = rows[rows.groupby("text")["label"].transform("nunique") == 1]  # what both classes have says nothing
"""


def training_rows(name: str, file: str, columns: Mapping[str, str], report: DataReport) -> str:
    """Code that ends with `rows`: a DataFrame of text, label and, for pairs, pair; all strings.

    name: a DATASETS id or a hub id; file: the name of a file, "" for none. columns: role → column.
    """
    if name == "article-example" and not file:
        texts, classes = zip(*ARTICLE.items(), strict=True)
        return f'rows = pd.DataFrame({{"text": {list(texts)!r}, "label": {list(classes)!r}}})\n' + _renamed(report)
    if name in DATASETS and not file:
        numbers = f'rows["label"] = rows["label"].map(dict(enumerate({DATASETS[name].labels!r})))\n'
        labelled = "" if written_file(name) else numbers if DATASETS[name].languages == "en" else DECIDED
        return packaged_rows(name) + labelled + _renamed(report)
    roles = {column: role for role, column in columns.items()}
    if not file:
        return f"""rows = load_dataset({name!r}, split="train").to_pandas().rename(columns={roles!r})
rows["label"] = rows["label"].replace(dict(enumerate(labels))).astype(str)
"""
    return (
        f"rows = {read_table(file, report)}\n"
        + joined_columns(list(columns.values()), report)
        + f"rows = rows.rename(columns={roles!r})[{list(columns)!r}].dropna().astype(str)\n"
        + _labels(report)
    )


def _renamed(report: DataReport) -> str:
    """Code that gives labels their new names, and leaves out the rows that have none; "" where nothing was renamed."""
    names = dict(report.renamed)
    change = f'rows["label"] = rows["label"].replace({names!r})\n'
    return change + 'rows = rows[rows["label"].isin(labels)]\n' if names else ""


def _labels(report: DataReport) -> str:
    """Code that writes the labels of `rows` in one way, and leaves out the rows that have none."""
    labels = {*report.label_counts, *report.renamed} - set(report.renamed.values())  # as they are read
    if all(re.fullmatch(r"[+-]?\d+", label) for label in labels):
        spelt = """rows["label"] = rows["label"].str.strip().str.replace(r"\\.0*$", "", regex=True)  # 1.0 is 1"""
    elif set(labels) <= {"true", "false"}:
        spelt = 'rows["label"] = rows["label"].str.strip().str.lower()'
    else:
        spelt = 'rows["label"] = rows["label"].str.strip()'
    return spelt + "\n" + (_renamed(report) or 'rows = rows[rows["label"].isin(labels)]\n')


def finetune(config: RunConfig, rows: str, labels: Sequence[str], *, pair: bool, held_out: bool) -> str:
    """`result`: accuracy and macro-F1 on the test rows. The recipe of a run, with transformers' own Trainer.

    rows: code from `training_rows`; held_out: whether there are enough rows to keep some for validation and test.
    """
    head = beginning(
        config.model,
        "import numpy as np",
        "import pandas as pd",
        "import torch",
        *(
            ["from datasets import Dataset, load_dataset"]
            if "load_dataset(" in rows
            else ["from datasets import Dataset"]
        ),
        *(["from importlib.util import find_spec", "from pathlib import Path"] if "find_spec(" in rows else []),
        *(["from peft import LoraConfig, get_peft_model"] if config.method == "lora" else []),
        "from sklearn.metrics import accuracy_score, f1_score",
        *(["from sklearn.model_selection import train_test_split"] if held_out else []),
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments, set_seed",
    )
    split = (
        """train, rest = train_test_split(rows, test_size=0.2, stratify=rows["label"], random_state=13)
validation, test = train_test_split(rest, test_size=0.5, random_state=13)
"""
        if held_out
        else "train = validation = test = rows  # too few rows to hold any back\n"
    )
    limit = f"train = train.sample(min({config.limit}, len(train)), random_state=13)\n" if config.limit else ""
    texts = 'list(part["text"]), list(part["pair"])' if pair else 'list(part["text"])'
    return f"""{head}labels = {list(labels)!r}
{rows}rows = rows.drop_duplicates({["text", "pair"] if pair else ["text"]!r})
{split}{limit}
set_seed({config.seed})
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(
    folder, dtype="float32", id2label=dict(enumerate(labels)), label2id={{name: i for i, name in enumerate(labels)}}
)
{trained_parameters(config)}

def prepare(part):
    encoded = tokenizer({texts}, truncation=True, max_length={config.max_length})
    return Dataset.from_dict({{**encoded, "label": [labels.index(name) for name in part["label"]]}})


def scores(answers):
    predicted = np.argmax(answers.predictions, axis=-1)
    return {{
        "accuracy": accuracy_score(answers.label_ids, predicted),
        "macro_f1": f1_score(answers.label_ids, predicted, average="macro"),
    }}

{WEIGHTED if config.class_weights else ""}
{precision()}arguments = TrainingArguments(
    "trained", num_train_epochs={config.epochs!r}, per_device_train_batch_size={config.batch_size},
    learning_rate={config.learning_rate!r}, warmup_steps={config.warmup!r}, weight_decay={config.weight_decay!r},
    train_sampling_strategy="group_by_length", bf16=bf16, use_cpu=not gpu, seed={config.seed},
    eval_strategy="epoch", save_strategy="epoch", load_best_model_at_end=True, metric_for_best_model="macro_f1",
)
trainer = Trainer(
    model, arguments, train_dataset=prepare(train), eval_dataset=prepare(validation),
    processing_class=tokenizer, compute_metrics=scores,{" compute_loss_func=weighted_loss," if config.class_weights else ""}
)
trainer.train()
result = trainer.evaluate(prepare(test))
print(result["eval_accuracy"], result["eval_macro_f1"], "on", len(test), "texts")
"""
