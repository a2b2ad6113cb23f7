"""Scripts about several labels at once: the rows to learn from, the recipe of a run, the labels of a text."""

from core.data.bundled import DATASETS, written_file
from core.data.dataset import TextDataset
from core.data.label_sets import SEPARATORS
from core.data.splits import YES
from core.results import JOINED, RunConfig
from pages.shared.snippets._parts import beginning, joined_columns, precision, read_table, trained_parameters


def label_set_rows(name: str, file: str, dataset: TextDataset) -> str:
    """Code that ends with `rows`: a DataFrame of text and labels, a list each.

    name: a DATASETS id or a hub id; file: the name of a file, "" for none.
    """
    text, answer = dataset.columns["text"], dataset.columns["labels"]
    if name in DATASETS and not file:
        read = f"pd.read_json({str(written_file(name))!r}, lines=True)"
    elif not file:
        read = f'load_dataset({name!r}, split="train").to_pandas()'
    else:
        read = read_table(file, dataset.report)
    rows = f"rows = {read}\n" + (joined_columns([text], dataset.report) if file else "")
    rows += f'rows["text"] = rows[{text!r}].fillna("").astype(str).str.strip()\n'
    if answer not in dataset.report.columns and JOINED in answer:
        rows += f"""names = {answer.split(JOINED)!r}  # a column for each label
said = rows[names].fillna("").astype(str).apply(lambda column: column.str.strip().str.lower().isin({YES!r}))
rows["labels"] = [[name for name, yes in zip(names, row) if yes] for row in said.to_numpy()]
"""
    else:
        # A sign that stands inside a label parts none.
        signs = "".join(sign for sign in SEPARATORS if not any(sign in label for label in dataset.label_names))
        rows += f"""

def listed(cell):  # a list, or one text with signs between the labels
    if isinstance(cell, str):
        cell = re.split(r"[{signs or "|"}]", cell.strip("[]"))
    return [str(part).strip(" '\\"") for part in cell]


rows["labels"] = [listed(cell) for cell in rows[{answer!r}].fillna("")]
"""
    names = dict(dataset.report.renamed)
    renamed = (
        f'names = {names!r}\nrows["labels"] = [[names.get(label, label) for label in own] for own in rows["labels"]]\n'
    )
    return (
        rows
        + (renamed if names else "")
        + 'rows["labels"] = [sorted(set(own) & set(labels)) for own in rows["labels"]]\n'
        + 'rows = rows[rows["text"] != ""].drop_duplicates("text")\n'
    )


WEIGHTED = """
having = hot(train).sum(axis=0)
weights = torch.tensor(((len(train) - having) / having.clip(1)).clip(1, 10), dtype=torch.float32)


def weighted_loss(outputs, targets, **options):
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    return loss(outputs["logits"], targets, pos_weight=weights.to(targets.device))

"""


def train_labeller(config: RunConfig, rows: str, dataset: TextDataset) -> str:
    """`result`: micro-F1, macro-F1 and exact matches on the test rows. The recipe of a run, with transformers' own Trainer.

    rows: code from `label_set_rows`.
    """
    head = beginning(
        config.model,
        *(["import re"] if "re.split" in rows else []),
        "import numpy as np",
        "import pandas as pd",
        "import torch",
        "from datasets import Dataset, load_dataset" if "load_dataset(" in rows else "from datasets import Dataset",
        *(["from peft import LoraConfig, get_peft_model"] if config.method == "lora" else []),
        "from sklearn.metrics import accuracy_score, f1_score",
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments, set_seed",
    )
    split = (
        "train = validation = test = rows  # too few rows to hold any back\n"
        if dataset.report.shared
        else """rows = rows.sample(frac=1, random_state=13)
tenth = max(1, len(rows) // 10)
train, validation, test = rows[2 * tenth :], rows[:tenth], rows[tenth : 2 * tenth]
"""
    )
    limit = f"train = train.sample(min({config.limit}, len(train)), random_state=13)\n" if config.limit else ""
    return f"""{head}labels = {list(dataset.label_names)!r}
{rows}{split}{limit}
set_seed({config.seed})
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(
    folder, dtype="float32", problem_type="multi_label_classification", ignore_mismatched_sizes=True,
    id2label=dict(enumerate(labels)), label2id={{name: i for i, name in enumerate(labels)}},
)
{trained_parameters(config)}

def hot(part):
    return np.array([[label in own for label in labels] for own in part["labels"]], dtype=float)


def prepare(part):
    encoded = tokenizer(list(part["text"]), truncation=True, max_length={config.max_length})
    return Dataset.from_dict({{**encoded, "labels": hot(part).tolist()}})


thresholds = np.full(len(labels), 0.5)


def scores(answers):
    true, given = answers.label_ids.astype(bool), 1 / (1 + np.exp(-answers.predictions)) >= thresholds
    return {{
        "micro_f1": f1_score(true, given, average="micro", zero_division=0),
        "macro_f1": f1_score(true, given, average="macro", zero_division=0),
        "subset_accuracy": accuracy_score(true, given),
    }}

{WEIGHTED if config.class_weights else ""}
{precision()}arguments = TrainingArguments(
    "trained", num_train_epochs={config.epochs!r}, per_device_train_batch_size={config.batch_size},
    learning_rate={config.learning_rate!r}, warmup_steps={config.warmup!r}, weight_decay={config.weight_decay!r},
    train_sampling_strategy="group_by_length", bf16=bf16, use_cpu=not gpu, seed={config.seed}, label_names=["labels"],
    eval_strategy="epoch", save_strategy="epoch", load_best_model_at_end=True, metric_for_best_model="loss",
)
trainer = Trainer(
    model, arguments, train_dataset=prepare(train), eval_dataset=prepare(validation),
    processing_class=tokenizer, compute_metrics=scores,{" compute_loss_func=weighted_loss," if config.class_weights else ""}
)
trainer.train()

# The threshold of each label with the highest F1 on the validation rows, none of which is measured.
answers = trainer.predict(prepare(validation))
true, chances = answers.label_ids.astype(bool), 1 / (1 + np.exp(-answers.predictions))
for i in range(len(labels)):
    if true[:, i].sum() >= 8:
        tried = np.linspace(0.05, 0.95, 91)
        thresholds[i] = max(tried, key=lambda value: f1_score(true[:, i], chances[:, i] >= value, zero_division=0))
result = trainer.evaluate(prepare(test))
print(result["eval_micro_f1"], result["eval_macro_f1"], "on", len(test), "texts")
"""


def label_set(name: str, text: str, max_length: int) -> str:
    """`answers`: a list of {"label", "score"}, likeliest first; `given`: the labels from their thresholds on."""
    return (
        beginning(name, "from transformers import pipeline")
        + f"""classify = pipeline("text-classification", model=folder, top_k=None, function_to_apply="sigmoid")
(answers,) = classify([{text!r}], truncation=True, max_length={max_length})

thresholds = classify.model.config.to_dict().get("thresholds", {{}})  # chosen on the validation rows
given = [answer["label"] for answer in answers if answer["score"] >= thresholds.get(answer["label"], 0.5)]
for answer in answers:
    print(f"{{answer['score']:.4f}}  {{answer['label']}}" + ("  ✓" if answer["label"] in given else ""))
"""
    )
