"""Scripts of the Embeddings page."""

from collections.abc import Sequence

from pages.shared.snippets._parts import beginning, beginning_with_models, call


def embeddings_output(name: str, text: str, pair: str, max_length: int, pooler: bool) -> str:
    """`pooled`: way → the (D,) vector of the whole text, from the last layer; `states`: all L + 1 hidden states, (1, T, D) each.

    pooler: whether the model has a trained one.
    """
    more = '\npooled["pooler_output"] = outputs.pooler_output[0]' if pooler else ""
    return (
        beginning(name, "import torch", "from transformers import AutoModel, AutoTokenizer")
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder).eval()
inputs = tokenizer({call(text, pair)}, truncation=True, max_length={max_length}, return_tensors="pt")
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
        beginning(name, "import torch", "from transformers import AutoModel, AutoTokenizer")
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
    imports = [
        "import numpy as np",
        "import torch",
        "from sklearn.decomposition import PCA",
        "from transformers import AutoModel, AutoTokenizer",
        *(["from sklearn.manifold import TSNE"] if method == "tsne" else []),
    ]
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
        beginning_with_models(names, *imports)
        + f"""with open("sentences.tsv", encoding="utf-8") as file:
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
