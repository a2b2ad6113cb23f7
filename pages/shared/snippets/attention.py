"""Scripts of the Attention page."""

from collections.abc import Sequence

from core import models
from core.families import FAMILIES
from pages.shared.snippets._parts import beginning, beginning_with_models, call


def attention(name: str, text: str, pair: str, max_length: int, layer: int, head: int) -> str:
    """`weights`: the (T, T) attention weights of one head, from row to column; `tokens`: its tokens."""
    return (
        beginning(name, "import torch", "from transformers import AutoModel, AutoTokenizer")
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
inputs = tokenizer({call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
with torch.inference_mode():
    attentions = model(**inputs, output_attentions=True).attentions

weights = attentions[{layer}][0, {head}]  # layer {layer + 1}, head {head + 1}, both counted from 0 here
tokens = inputs.tokens()
for token, row in zip(tokens, weights):
    best = int(row.argmax())
    print(f"{{token:>15}} → {{tokens[best]:<15}} {{row[best]:.4f}}")
"""
    )


def head_statistics(name: str, texts: Sequence[str], max_length: int, layer: int, head: int) -> str:
    """`statistics`: what one head does on average over some texts, by the ids of core.heads.STATISTICS."""
    return (
        beginning(
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
inputs = tokenizer({call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
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
    return beginning(name, *imports, *more) + code


def ablation(
    name: str, text: str, pair: str, max_length: int, off: Sequence[tuple[int, int]], *, classifier: bool
) -> str:
    """`changes`: how far the vectors move after each layer with the heads `off`; of a classifier also `before` and `after`."""
    kind = "AutoModelForSequenceClassification" if classifier else "AutoModel"
    ending = "." + FAMILIES[models.load_config(name).model_type].projection
    answer = """before, after = (output.logits[0].softmax(dim=-1).tolist() for output in (whole, without))
for i, label in model.config.id2label.items():
    print(f"{label}: {before[i]:.4f} → {after[i]:.4f}")
"""
    return (
        beginning(name, "import torch", f"from transformers import {kind}, AutoTokenizer")
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = {kind}.from_pretrained(folder, dtype="float32", attn_implementation="eager").eval()
inputs = tokenizer({call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
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
    return (
        beginning_with_models((name, other), "import torch", "from transformers import AutoModel, AutoTokenizer")
        + f"""maps = []
for place in folders:
    tokenizer = AutoTokenizer.from_pretrained(place)
    model = AutoModel.from_pretrained(place, dtype="float32", attn_implementation="eager").eval()
    inputs = tokenizer({call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
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
        beginning(name, "import torch", "from transformers import AutoModel, AutoTokenizer")
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder, dtype="float32", attn_implementation="eager").eval()
inputs = tokenizer({call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
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
