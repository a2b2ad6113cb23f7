"""Scripts of scoring: the rows with their scores, the recipe of a run, one answer and what it rests on."""

from collections.abc import Mapping, Sequence

from core.data.bundled import DATASETS, written_file
from core.data.dataset import TextDataset
from core.results import RunConfig
from pages.shared.snippets._parts import (
    beginning,
    call,
    gradients,
    joined_columns,
    leave_out,
    precision,
    read_table,
    trained_parameters,
)


def score_rows(name: str, file: str, dataset: TextDataset) -> str:
    """Code that ends with `rows`: a DataFrame of text, for pairs pair, and score, a number."""
    roles = {column: role for role, column in dataset.columns.items()}
    chosen = f".rename(columns={roles!r})[{list(dataset.columns)!r}].dropna()\n"
    if name in DATASETS and not file:
        return f"rows = pd.read_json({str(written_file(name))!r}, lines=True){chosen}"
    if not file:
        return f'rows = load_dataset({name!r}, split="train").to_pandas(){chosen}'
    return (
        f"rows = {read_table(file, dataset.report)}\n"
        + joined_columns(list(dataset.columns.values()), dataset.report)
        + f"rows = rows{chosen}"
        + """numbers = rows["score"].astype(str).str.replace(",", ".").str.extract(r"([+-]?\\d*\\.?\\d+)")[0]
rows["score"] = pd.to_numeric(numbers)
rows = rows.dropna()
"""
    )


def train_scorer(config: RunConfig, rows: str, name: str, *, pair: bool, held_out: bool) -> str:
    """`result`: Spearman and mean absolute error on the test rows. The recipe of a run, with transformers' own Trainer.

    rows: code from `score_rows`; name: of the model's one output; held_out: whether there are enough rows to keep some for
    validation and test.
    """
    head = beginning(
        config.model,
        "import pandas as pd",
        "import torch",
        *(
            ["from datasets import Dataset, load_dataset"]
            if "load_dataset(" in rows
            else ["from datasets import Dataset"]
        ),
        *(["from peft import LoraConfig, get_peft_model"] if config.method == "lora" else []),
        "from scipy.stats import spearmanr",
        *(["from sklearn.model_selection import train_test_split"] if held_out else []),
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments, set_seed",
    )
    split = (
        """train, rest = train_test_split(rows, test_size=0.2, random_state=13)
validation, test = train_test_split(rest, test_size=0.5, random_state=13)
"""
        if held_out
        else "train = validation = test = rows  # too few rows to hold any back\n"
    )
    limit = f"train = train.sample(min({config.limit}, len(train)), random_state=13)\n" if config.limit else ""
    texts = 'list(part["text"]), list(part["pair"])' if pair else 'list(part["text"])'
    return f"""{head}{rows}rows = rows.drop_duplicates({["text", "pair"] if pair else ["text"]!r})
{split}{limit}mean, deviation = train["score"].mean(), train["score"].std(ddof=0) or 1.0

set_seed({config.seed})
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(
    folder, dtype="float32", num_labels=1, problem_type="regression", id2label={{0: {name!r}}}, label2id={{{name!r}: 0}}
)
{trained_parameters(config)}

def prepare(part):
    encoded = tokenizer({texts}, truncation=True, max_length={config.max_length})
    return Dataset.from_dict({{**encoded, "label": [(score - mean) / deviation for score in part["score"]]}})


def scores(answers):
    predicted = answers.predictions.reshape(-1) * deviation + mean
    true = answers.label_ids.reshape(-1) * deviation + mean
    return {{"spearman": spearmanr(predicted, true).statistic, "mae": abs(predicted - true).mean()}}


{precision()}arguments = TrainingArguments(
    "trained", num_train_epochs={config.epochs!r}, per_device_train_batch_size={config.batch_size},
    learning_rate={config.learning_rate!r}, warmup_steps={config.warmup!r}, weight_decay={config.weight_decay!r},
    train_sampling_strategy="group_by_length", bf16=bf16, use_cpu=not gpu, seed={config.seed},
    eval_strategy="epoch", save_strategy="epoch", load_best_model_at_end=True,
)
trainer = Trainer(
    model, arguments, train_dataset=prepare(train), eval_dataset=prepare(validation),
    processing_class=tokenizer, compute_metrics=scores,
)
trainer.train()
result = trainer.evaluate(prepare(test))
print("Spearman", result["eval_spearman"], "mean absolute error", result["eval_mae"], "on", len(test), "rows")

# the way back to the data's units goes into the head, so that the saved model answers in them
{"model = model.merge_and_unload()" + chr(10) if config.method == "lora" else ""}last = [part for part in model.modules() if isinstance(part, torch.nn.Linear)][-1]
with torch.no_grad():
    last.weight *= deviation
    last.bias.mul_(deviation).add_(mean)
model.save_pretrained("scorer")
tokenizer.save_pretrained("scorer")
"""


def score_answer(name: str, text: str, pair: str, max_length: int) -> str:
    """`score`: the model's number."""
    given = f'{{"text": {text!r}, "text_pair": {pair!r}}}' if pair.strip() else repr(text)
    return (
        beginning(name, "from transformers import pipeline")
        + f"""ask = pipeline("text-classification", model=folder, function_to_apply="none", top_k=None)
((answer,),) = ask([{given}], truncation=True, max_length={max_length})
score = answer["score"]
print(f"{{answer['label']}}: {{score:.4f}}")
"""
    )


def score_attributions(
    name: str,
    given: Mapping[str, str],
    method: str,
    max_length: int,
    words: Sequence[tuple[int, int, int]],
    *,
    steps: int = 0,
) -> str:
    """`scores`: what each token (leaving out: each word) adds to the score, in reading order.

    method: a METHODS id of core.explain. words: (0 text or 1 pair, start, end) of each word, as the page splits them. steps: points on
    the path of integrated gradients, 0 for another method.
    """
    text, pair = given["text"], given.get("pair", "")
    head = beginning(
        name,
        "import torch",
        *(["from captum.attr import IntegratedGradients"] if steps else []),
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer",
    )
    start = """tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
"""
    if method.endswith("deletion"):
        return head + start + leave_out(text, pair, max_length, words, "[0, 0]")
    ask = f"""inputs = tokenizer(
    {call(text, pair)}, truncation=True, max_length={max_length}, return_special_tokens_mask=True, return_tensors="pt"
)
special, ids = inputs.pop("special_tokens_mask").bool(), inputs.pop("input_ids")
embed = model.get_input_embeddings()
"""
    return head + start + ask + gradients("0", ".logits", steps=steps, plain=True)
