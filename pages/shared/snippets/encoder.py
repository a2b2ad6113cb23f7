"""Script of the Encoder page: one layer worked out from its weights."""

from pages.shared.snippets._parts import beginning, call

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
        beginning(
            name,
            "import torch",
            "from transformers import AutoModel, AutoTokenizer",
            "from transformers.activations import ACT2FN",
        )
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
inputs = tokenizer({call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
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
