"""Scripts about text to text: the pairs to learn from, the recipe of a run, and what is written for a source."""

from core import models
from core.data.bundled import DATASETS, written_file
from core.data.dataset import WRITTEN, TextDataset
from core.results import RunConfig
from core.scripts import UNSPACED
from core.tasks.generation import SPARE, Wish
from core.tasks.signs import FEWEST, MOST, SIGN
from core.tasks.writing import ROOM, SMOOTHING
from pages.shared.snippets._parts import beginning, joined_columns, precision, read_table

HEAD = "writer"  # of HEADS
WORD = rf"(?:(?!{UNSPACED.pattern})\w)+"  # what stands between spaces


def rows(name: str, file: str, dataset: TextDataset) -> str:
    """Code that ends with `rows`: a DataFrame of text and target, and split where the data says it.

    name: a DATASETS id or a hub id; file: the name of a file, "" for none.
    """
    roles = {column: role for role, column in dataset.columns.items()}
    chosen = f".rename(columns={roles!r})"
    if name in DATASETS and not file:
        written = written_file(name)
        if written is None:
            return (
                f"lines = Path({str(WRITTEN / 'helpdesk' / f'{DATASETS[name].languages}.jsonl')!r}).read_text(encoding='utf-8').splitlines()\n"
                + REPLIES
            )
        return f'rows = pd.read_json({str(written)!r}, lines=True){chosen}[["text", "target", "split"]]\n'
    columns = f"[{list(dataset.columns)!r}].dropna().astype(str)\n"
    if not file:
        return f'rows = load_dataset({name!r}, split="train").to_pandas(){chosen}{columns}'
    return (
        f"rows = {read_table(file, dataset.report)}\n"
        + joined_columns(list(dataset.columns.values()), dataset.report)
        + f"rows = rows{chosen}{columns}"
    )


# What somebody asks a help desk, and its answer; one phrasing of each question is for validation and two are for the test.
REPLIES = """rows = []
for place, row in enumerate(map(json.loads, lines)):
    held = [row["test"][(place + turn) % len(row["test"])] for turn in range(3)]
    known = [text for split in ("validation", "test") for text in row[split] if text not in held]
    parts = {"train": [row["question"], *known], "validation": held[:1], "test": held[1:]}
    rows += [(text, row["answer"], split) for split, texts in parts.items() for text in texts]
rows = pd.DataFrame(rows, columns=["text", "target", "split"])
"""

TIDY = f"""
def tidy(text):  # without the spaces that a tokenizer leaves and nobody writes
    for spaces, instead in {[(spaces.pattern, instead) for spaces, instead in SPARE]!r}:
        text = re.sub(spaces, instead, text)
    return text.strip()

"""


def answer(name: str, text: str, max_length: int) -> str:
    """`output`: what is written, taking the likeliest token each time; `probabilities` of its tokens; `attention` to the source."""
    return (
        _asked(name, text, max_length)
        + """with torch.inference_mode():
    written = model.generate(**inputs)  # the folder says which token begins a text, and how many it may have
    again = model(**inputs, decoder_input_ids=written[:, :-1], output_attentions=True)
chances = again.logits.softmax(dim=-1)[0].gather(1, written[0, 1:, None])[:, 0]
probabilities = chances.tolist()
attention = torch.stack(again.cross_attentions)[:, 0]  # (layers, heads, written tokens, tokens of the source)
output = tidy(tokenizer.decode(written[0], skip_special_tokens=True))
print(output)
for token, chance in zip(tokenizer.convert_ids_to_tokens(written[0, 1:]), probabilities):
    print(f"{chance:.4f}  {token}")
"""
    )


def _asked(name: str, text: str, max_length: int, *names: str, more: str = "") -> str:
    """Code for `tokenizer`, `model`, `tidy` and `inputs`. names: further ones out of transformers; more: what else is defined."""
    imported = ", ".join(sorted(("AutoModelForSeq2SeqLM", "AutoTokenizer", *names)))
    head = beginning(name, "import re", "import torch", f"from transformers import {imported}")
    return f"""{head}tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype="float32", attn_implementation="eager").eval()
{TIDY}{more}
inputs = tokenizer({text!r}, truncation=True, max_length={max_length}, return_token_type_ids=False, return_tensors="pt")
"""


def candidates(name: str, text: str, wish: Wish, max_length: int) -> str:
    """`outputs`: (text, mean log-probability of its tokens) of what is written in some way."""
    if wish.way == "sample":
        asked = _asked(name, text, max_length, "LogitsProcessor", more=DRAWN)
        call = f"""copies = {{name: tensor.repeat({wish.count}, 1) for name, tensor in inputs.items()}}
    written = model.generate(**copies, logits_processor=[Drawn({wish.temperature!r}, {wish.seed})])"""
    else:
        asked = _asked(name, text, max_length)
        beams = wish.count if wish.way == "beam" else 1
        call = f"written = model.generate(**inputs, num_beams={beams}, num_return_sequences={beams})"
    return f"""{asked}with torch.inference_mode():
    {call}
outputs = []
for ids in written:
    ends = (ids[1:] == tokenizer.sep_token_id).nonzero()
    ids = ids[None, : int(ends[0]) + 2] if len(ends) else ids[None]
    with torch.inference_mode():
        chances = model(**inputs, decoder_input_ids=ids[:, :-1]).logits.log_softmax(dim=-1)
    mean = chances[0].gather(1, ids[0, 1:, None]).mean().item()
    outputs.append((tidy(tokenizer.decode(ids[0], skip_special_tokens=True)), mean))
    print(f"{{mean:.4f}}  {{outputs[-1][0]}}")
"""


DRAWN = """
class Drawn(LogitsProcessor):  # noise with which the likeliest token is a draw (Gumbel 1954), from a generator of its own
    def __init__(self, temperature, seed):
        self.temperature, self.generator = temperature, torch.Generator().manual_seed(seed)

    def __call__(self, input_ids, scores):
        even = torch.rand(scores.shape, generator=self.generator).clamp_min(1e-20)
        return scores / self.temperature - torch.log(-torch.log(even))

"""


def train_writer(config: RunConfig, code: str, *, held_out: bool) -> str:
    """`result`: chrF and exact match on the test rows. The recipe of a run, with transformers' own Seq2SeqTrainer.

    code: from `rows`; held_out: whether there are enough rows to keep some for validation and test.
    """
    goes_on = models.has_head(config.model, HEAD)
    imports = [
        "import re",
        "from collections import Counter",
        "import numpy as np",
        "import pandas as pd",
        *(["from datasets import load_dataset"] if "load_dataset(" in code else []),
        *(["import json", "from pathlib import Path"] if "Path(" in code else []),
        *(["from sklearn.model_selection import train_test_split"] if held_out else []),
        "from sacrebleu import CHRF",
        "from tokenizers import AddedToken",
    ]
    names = "AutoModelForSeq2SeqLM AutoTokenizer DataCollatorForSeq2Seq EncoderDecoderModel GenerationConfig Seq2SeqTrainer Seq2SeqTrainingArguments set_seed".split()
    head = beginning(config.model, *imports, "import torch", f"from transformers import {', '.join(names)}")
    start = (
        'model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype="float32")\n'
        if goes_on
        else "model = EncoderDecoderModel.from_encoder_decoder_pretrained(folder, folder)\n"
    )
    head += f"tokenizer = AutoTokenizer.from_pretrained(folder)\nset_seed({config.seed})\n{start}"
    split = (
        """if "split" in rows:
    train, validation, test = (rows[rows["split"] == name] for name in ("train", "validation", "test"))
else:
    train, rest = train_test_split(rows, test_size=0.2, random_state=13)
    validation, test = train_test_split(rest, test_size=0.5, random_state=13)
"""
        if held_out
        else "train = validation = test = rows  # too few rows to hold any back\n"
    )
    limit = f"train = train.sample(min({config.limit}, len(train)), random_state=13)\n" if config.limit else ""
    return f"""{head}
{code}{split}{limit}
# signs of the targets that the vocabulary lacks become entries of their own: characters it does not know, words it would spell otherwise
counts = Counter(sign for text in train["target"] for sign in re.findall({SIGN.pattern!r}, text))
new = {{}}
for sign, count in counts.items():
    ids = tokenizer(sign, add_special_tokens=False)["input_ids"]
    unknown = not ids or tokenizer.unk_token_id in ids
    if unknown or ("".join(tokenizer.decode(ids).split()) != sign and count >= {FEWEST}):
        new[sign] = count
chosen = sorted(new, key=new.get, reverse=True)[:{MOST}]
tokenizer.add_tokens([AddedToken(sign, single_word=bool(re.fullmatch({WORD!r}, sign)), normalized=False) for sign in chosen])
for part in (model.encoder, model.decoder):
    part.resize_token_embeddings(len(tokenizer))
model.decoder.tie_weights()
model.config.decoder_start_token_id, model.config.pad_token_id = tokenizer.cls_token_id, tokenizer.pad_token_id


def prepare(part):
    features = []
    for source, target in zip(part["text"], part["target"]):
        read = tokenizer(source, truncation=True, max_length={config.max_length}, return_token_type_ids=False)
        written = tokenizer(target, truncation=True, max_length={config.max_length})["input_ids"][1:]  # the first token begins every text
        features.append({{**read, "labels": written}})
    return features


longest = max(len(row["labels"]) for row in prepare(train))
model.generation_config = GenerationConfig(
    decoder_start_token_id=tokenizer.cls_token_id, eos_token_id=tokenizer.sep_token_id, pad_token_id=tokenizer.pad_token_id,
    max_new_tokens=int({ROOM} * longest) + 1,
)
{precision()}arguments = Seq2SeqTrainingArguments(
    "trained", num_train_epochs={config.epochs!r}, per_device_train_batch_size={config.batch_size},
    learning_rate={config.learning_rate!r}, warmup_steps={config.warmup!r}, weight_decay={config.weight_decay!r},
    label_smoothing_factor={SMOOTHING}, train_sampling_strategy="group_by_length", bf16=bf16, use_cpu=not gpu, seed={config.seed},
    remove_unused_columns=False, eval_strategy="epoch", save_strategy="no",
)
trainer = Seq2SeqTrainer(
    model, arguments, train_dataset=prepare(train), eval_dataset=prepare(validation), processing_class=tokenizer,
    data_collator=DataCollatorForSeq2Seq(tokenizer, model),
)
trainer.train()
result = trainer.evaluate(prepare(test))
model.eval()
{TIDY}

def write(source):
    inputs = tokenizer(source, truncation=True, max_length={config.max_length}, return_token_type_ids=False, return_tensors="pt")
    return tidy(tokenizer.decode(model.generate(**inputs.to(model.device))[0], skip_special_tokens=True))


def plain(text):
    return "".join(text.casefold().split())


written, targets = [write(source) for source in test["text"]], list(test["target"])
result["eval_chrf"] = CHRF(lowercase=True).corpus_score(written, [targets]).score
result["eval_same_text"] = float(np.mean([plain(ours) == plain(theirs) for ours, theirs in zip(written, targets)]))
print("chrF", result["eval_chrf"], "exact match", result["eval_same_text"], "on", len(test), "rows")
"""
