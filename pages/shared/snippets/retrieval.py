"""Scripts of passage retrieval: the pairs to learn from, the recipe of a run, and the passages ranked for a question."""

from core.data.bundled import DATASETS
from core.data.dataset import WRITTEN, TextDataset
from core.results import RunConfig
from core.tasks.retrieval import SCALE, parts
from pages.shared.snippets._parts import (
    beginning,
    joined_columns,
    mean_vectors,
    precision,
    read_table,
    trained_parameters,
)


def rows(name: str, file: str, dataset: TextDataset) -> str:
    """Code that ends with `rows`: a DataFrame of text and pair, and split where the data says it.

    name: a DATASETS id or a hub id; file: the name of a file, "" for none.
    """
    if name in DATASETS and not file:
        desk = str(WRITTEN / "helpdesk" / f"{DATASETS[name].languages}.jsonl")
        return f"lines = Path({desk!r}).read_text(encoding='utf-8').splitlines()\n" + ASKED
    roles = {column: role for role, column in dataset.columns.items()}
    chosen = f".rename(columns={roles!r})[{list(dataset.columns)!r}].dropna().astype(str)\n"
    if not file:
        return f'rows = load_dataset({name!r}, split="train").to_pandas(){chosen}'
    return (
        f"rows = {read_table(file, dataset.report)}\n"
        + joined_columns(list(dataset.columns.values()), dataset.report)
        + f"rows = rows{chosen}"
    )


# Every phrasing of a help desk with its passage; a quarter of the passages are for the test, an eighth for validation.
ASKED = """parts = ("test", "train", "validation", "train", "test", "train", "train", "train")
rows = [
    (text, row["question"] + " " + row["answer"], parts[place % 8])
    for place, row in enumerate(map(json.loads, lines))
    for split in ("validation", "test")
    for text in row[split]
]
rows = pd.DataFrame(rows, columns=["text", "pair", "split"])
"""


def answer(name: str, question: str, passages: str, max_length: int) -> str:
    """`ranked`: (cosine, passage) of each passage, the nearest first."""
    return (
        beginning(name, "import torch", "from transformers import AutoModel, AutoTokenizer")
        + mean_vectors(max_length)
        + f"""question = {question!r}
passages = {parts(passages)!r}
cosines = (encode(passages) @ encode([question])[0]).tolist()
ranked = sorted(zip(cosines, passages), reverse=True)
for cosine, passage in ranked:
    print(f"{{cosine:.4f}}  {{passage[:80]}}")
"""
    )


def train_encoder(config: RunConfig, code: str, *, held_out: bool) -> str:
    """`result`: recall at 1 and MRR on the test rows. The recipe of a run, with transformers' own Trainer.

    code: from `rows`; held_out: whether there are enough rows to keep some for validation and test.
    """
    head = beginning(
        config.model,
        "import numpy as np",
        "import pandas as pd",
        "import torch",
        *(["from datasets import load_dataset"] if "load_dataset(" in code else []),
        *(["import json", "from pathlib import Path"] if "Path(" in code else []),
        *(["from peft import LoraConfig, get_peft_model"] if config.method == "lora" else []),
        *(["from sklearn.model_selection import GroupShuffleSplit"] if held_out else []),
        "from transformers import AutoModel, AutoTokenizer, Trainer, TrainingArguments, set_seed",
    )
    split = (
        """if "split" in rows:
    train, validation, test = (rows[rows["split"] == name] for name in ("train", "validation", "test"))
else:  # all questions of a passage go to one split
    kept, held = next(GroupShuffleSplit(1, test_size=0.2, random_state=13).split(rows, groups=rows["pair"]))
    train, rest = rows.iloc[kept], rows.iloc[held]
    first, second = next(GroupShuffleSplit(1, test_size=0.5, random_state=13).split(rest, groups=rest["pair"]))
    validation, test = rest.iloc[first], rest.iloc[second]
"""
        if held_out
        else "train = validation = test = rows  # too few rows to hold any back\n"
    )
    limit = f"train = train.sample(min({config.limit}, len(train)), random_state=13)\n" if config.limit else ""
    merge = "model = model.merge_and_unload()\n" if config.method == "lora" else ""
    return f"""{head}{code}rows = rows.drop_duplicates(["text", "pair"])
{split}{limit}
set_seed({config.seed})
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder, dtype="float32")
{trained_parameters(config)}
answers = rows.groupby("text")["pair"].agg(set)  # every passage that answers a question


def read(texts):
    return tokenizer(texts, truncation=True, max_length={config.max_length}, padding=True, return_tensors="pt")


def collate(pairs):
    questions, passages = [row["text"] for row in pairs], [row["pair"] for row in pairs]
    also_right = [[j != i and passage in answers[question] for j, passage in enumerate(passages)] for i, question in enumerate(questions)]
    return {{"questions": read(questions), "passages": read(passages), "also_right": torch.tensor(also_right)}}


def encode(model, inputs):  # the mean of the last token vectors, of length 1
    states, mask = model(**inputs).last_hidden_state.float(), inputs["attention_mask"].unsqueeze(-1)
    return torch.nn.functional.normalize((states * mask).sum(dim=1) / mask.sum(dim=1), dim=-1)


class Ranking(Trainer):  # each question chooses its passage among those of the batch
    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        questions, passages = (encode(model, inputs[name]) for name in ("questions", "passages"))
        logits = ({SCALE} * questions @ passages.T).masked_fill(inputs["also_right"], -torch.inf)
        loss = torch.nn.functional.cross_entropy(logits, torch.arange(len(logits), device=logits.device))
        return (loss, {{}}) if return_outputs else loss

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        with torch.no_grad():
            return self.compute_loss(model, self._prepare_inputs(inputs)), None, None


{precision()}arguments = TrainingArguments(
    "trained", num_train_epochs={config.epochs!r}, per_device_train_batch_size={config.batch_size},
    learning_rate={config.learning_rate!r}, warmup_steps={config.warmup!r}, weight_decay={config.weight_decay!r},
    bf16=bf16, use_cpu=not gpu, seed={config.seed}, remove_unused_columns=False, eval_strategy="epoch", save_strategy="no",
)
trainer = Ranking(
    model, arguments, train_dataset=train.to_dict("records"), eval_dataset=validation.to_dict("records"), data_collator=collate
)
trainer.train()
result = trainer.evaluate(test.to_dict("records"))

{merge}model.eval()


def vectors(texts):
    with torch.inference_mode():
        parts = [encode(model, read(texts[start : start + 32]).to(model.device)) for start in range(0, len(texts), 32)]
    return torch.cat(parts).cpu().numpy()


passages = list(dict.fromkeys(rows["pair"]))  # those of training as well
asked = list(dict.fromkeys(test["text"]))
scores = vectors(asked) @ vectors(passages).T
ranks = []
for question, row in zip(asked, scores):
    right = max(row[place] for place, passage in enumerate(passages) if passage in answers[question])
    ranks.append(1 + int((row > right).sum()))
ranks = np.array(ranks)
result["eval_recall_1"] = float((ranks == 1).mean())
result["eval_mrr_10"] = float(np.where(ranks <= 10, 1 / ranks, 0).mean())
print("recall@1", result["eval_recall_1"], "MRR@10", result["eval_mrr_10"], "on", len(asked), "questions and", len(passages), "passages")
model.save_pretrained("retriever")
tokenizer.save_pretrained("retriever")
"""
