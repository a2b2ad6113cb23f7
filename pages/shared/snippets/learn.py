"""Scripts of a run of pre-training: the documents to learn from, and the recipe."""

from core import models
from core.data.bundled import ARTICLE
from core.results import DataReport, RunConfig
from core.tables import files, pdf
from pages.shared.snippets._parts import (
    beginning,
    beginning_with_head,
    codec,
    joined_columns,
    packaged_rows,
    precision,
    read_table,
)


def documents(name: str, file: str, column: str, report: DataReport, pasted: str = "") -> str:
    """Code that ends with `texts`: the documents to learn from, a list of strings.

    name: a DATASETS id; file: the name of a text file, PDF or table, "" for none; column: the table's column of texts; pasted:
    what to read instead of the text file.
    """
    if file.endswith(pdf.SUFFIX):
        return f"""pages = [page.extract_text() for page in PdfReader({file!r}).pages]
pages = [re.sub({pdf.NO_SPACES.pattern!r}, "", re.sub({pdf.HYPHEN.pattern!r}, "", page)) for page in pages]
texts = [" ".join(page.split()) for page in pages if any(map(str.isalnum, page))]
"""
    if file.endswith(files.DOCUMENT_SUFFIXES):
        content = repr(pasted) if pasted else f"Path({file!r}).read_text(encoding={codec(report)!r})"
        return f"""content = {content}
texts = [part.strip() for part in re.split(r"\\n\\s*\\n", content) if part.strip()]
"""
    if file:
        read = f"rows = {read_table(file, report)}\n" + joined_columns([column], report)
        return read + f"texts = list(rows[{column!r}].dropna().astype(str))\n"
    if name == "article-example":
        return f"texts = {list(ARTICLE)!r}\n"
    return packaged_rows(name) + 'texts = list(rows["text"])\n'


def _imports_of(texts: str) -> tuple[str, ...]:
    """The import lines that code from `documents` needs."""
    return (
        "from datasets import Dataset",
        "from sklearn.model_selection import train_test_split",
        *(["from pathlib import Path"] if "Path(" in texts else []),
        *(["from importlib.util import find_spec"] if "find_spec(" in texts else []),
        *(["import pandas as pd"] if "pd." in texts else []),
        *(["import re"] if "re." in texts else []),
        *(["from pypdf import PdfReader"] if "PdfReader(" in texts else []),
    )


def _held_out(rows: str, held_out: bool, *, fewest: int = 1) -> str:
    """Code for `train` and `test`, which has at least so many rows."""
    size = "0.1" if fewest == 1 else f"max({fewest}, len({rows}) // 10)"
    return (
        f"train, test = train_test_split({rows}, test_size={size}, random_state=13)\n"
        if held_out
        else f"train = test = {rows}  # too few to hold any back\n"
    )


def _arguments(config: RunConfig) -> str:
    return f"""{precision()}arguments = TrainingArguments(
    "trained", num_train_epochs={config.epochs!r}, per_device_train_batch_size={config.batch_size},
    learning_rate={config.learning_rate!r}, warmup_steps={config.warmup!r}, weight_decay={config.weight_decay!r},
    bf16=bf16, use_cpu=not gpu, seed={config.seed}, save_strategy="no", logging_steps=10,
)
"""


def pretrain_masked(config: RunConfig, texts: str, *, held_out: bool) -> str:
    """`result`: loss and top-1 accuracy at the masked tokens of the test documents, after continued pre-training.

    texts: code from `documents`. A model from scratch gets a vocabulary of its own first.
    """
    names = ["DataCollatorForLanguageModeling", "Trainer", "TrainingArguments", "set_seed"]
    split = _held_out("texts", held_out) + (f"train = train[:{config.limit}]\n" if config.limit else "")
    start = f"{texts}{split}set_seed({config.seed})\n"
    if config.model == models.SCRATCH:
        names += ["AutoTokenizer", "BertConfig", "BertForMaskedLM"]
        head = beginning(
            "minilm", "import torch", *_imports_of(texts), f"from transformers import {', '.join(sorted(names))}"
        )
        begin = f"""{head}{start}
tokenizer = AutoTokenizer.from_pretrained(folder).train_new_from_iterator(train, 4000)  # its rules, a new vocabulary
model = BertForMaskedLM(BertConfig(
    vocab_size=len(tokenizer), hidden_size=128, num_hidden_layers=2, num_attention_heads=2, intermediate_size=512,
    pad_token_id=tokenizer.pad_token_id,
))
"""
    else:
        begin = f"""{beginning_with_head(config.model, "AutoModelForMaskedLM", "mlm", *names, lines=_imports_of(texts))}
{start}model.requires_grad_(True)
"""
    return f"""{begin}

def blocks(part):  # a long document goes on in the next block
    encoded = tokenizer(part, truncation=True, max_length={config.max_length}, return_overflowing_tokens=True)
    return Dataset.from_dict({{"input_ids": encoded["input_ids"]}})


def scores(answers):
    asked = answers.label_ids != -100
    return {{"top1": (answers.predictions == answers.label_ids)[asked].mean(), "n": asked.sum()}}


{_arguments(config)}trainer = Trainer(
    model, arguments, train_dataset=blocks(train), eval_dataset=blocks(test), processing_class=tokenizer,
    data_collator=DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15),
    preprocess_logits_for_metrics=lambda logits, labels: logits.argmax(-1), compute_metrics=scores,
)
trainer.train()
result = trainer.evaluate()
print("loss", result["eval_loss"], "top-1", result["eval_top1"], "on", result["eval_n"], "masked tokens")
"""


def pretrain_next(config: RunConfig, texts: str, *, held_out: bool) -> str:
    """`result`: loss and accuracy on pairs of sentences from the test documents, after learning which ones follow each other.

    texts: code from `documents`.
    """
    limit = f".select(range({config.limit}))" if config.limit else ""
    names = ["DataCollatorWithPadding", "Trainer", "TrainingArguments", "set_seed"]
    lines = {*_imports_of(texts), "import random", "import re"}
    return f"""{beginning_with_head(config.model, "AutoModelForNextSentencePrediction", "nsp", *names, lines=sorted(lines))}
{texts}stories = [re.split(r"(?<=[.!?])\\s+|(?<=[。！？])", text) for text in texts]
stories = [story for story in ([one for one in story if one.strip()] for story in stories) if story]
{_held_out("stories", held_out, fewest=2)}set_seed({config.seed})
model.requires_grad_(True)


def pairs(part):  # every second pair keeps its successor, the others get a sentence of another story
    found = []
    for i, story in enumerate(part):
        for first, second in zip(story, story[1:]):
            wrong = len(found) % 2
            other = part[(i + random.randrange(1, len(part))) % len(part)]
            found.append((first, random.choice(other) if wrong else second, wrong))
    random.shuffle(found)
    first, second, labels = zip(*found)
    encoded = tokenizer(list(first), list(second), truncation=True, max_length={config.max_length})
    return Dataset.from_dict({{**encoded, "labels": labels}})


def scores(answers):
    return {{"accuracy": (answers.predictions.argmax(-1) == answers.label_ids).mean()}}


{_arguments(config)}trainer = Trainer(
    model, arguments, train_dataset=pairs(train){limit}, eval_dataset=pairs(test), processing_class=tokenizer,
    data_collator=DataCollatorWithPadding(tokenizer), compute_metrics=scores,
)
trainer.train()
result = trainer.evaluate()
print("loss", result["eval_loss"], "accuracy", result["eval_accuracy"])
"""
