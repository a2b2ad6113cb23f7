"""Scripts of the Pre-training page: masks, scores, next sentences, corruption, generation."""

from collections.abc import Sequence

from pages.shared.snippets._parts import beginning, beginning_with_head


def fill(name: str, text: str, max_length: int) -> str:
    """`answers`: for each [MASK] of a text the five likeliest words, each with its probability."""
    return (
        beginning_with_head(name, "AutoModelForMaskedLM", "mlm")
        + f"""text = {text!r}.replace("[MASK]", tokenizer.mask_token)
inputs = tokenizer(text, truncation=True, max_length={max_length}, return_tensors="pt")
masks = inputs["input_ids"][0] == tokenizer.mask_token_id
with torch.inference_mode():
    probabilities = model(**inputs).logits[0, masks].softmax(dim=-1)

answers = []
for row in probabilities:
    values, ids = row.topk(5)
    answers.append([(tokenizer.decode([i]).strip(), value) for i, value in zip(ids.tolist(), values.tolist())])
    print(", ".join(f"{{word}} {{value:.4f}}" for word, value in answers[-1]))
"""
    )


def fill_mask(name: str, text: str, positions: Sequence[int], max_length: int) -> str:
    """`probabilities`: (M, V) at the masked positions; `losses`: −ln p of what stood there; `loss`: their mean."""
    return (
        beginning_with_head(name, "AutoModelForMaskedLM", "mlm")
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
        beginning_with_head(name, "AutoModelForMaskedLM", "mlm")
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
        beginning_with_head(name, "AutoModelForNextSentencePrediction", "nsp")
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
        beginning(name, "import torch", "from transformers import AutoTokenizer, DataCollatorForLanguageModeling")
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
        beginning_with_head(name, "AutoModelForMaskedLM", "mlm")
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
