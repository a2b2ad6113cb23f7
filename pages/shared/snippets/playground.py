"""Scripts of the Playground: predictions and what they rest on."""

from collections.abc import Sequence

from pages.shared.snippets._parts import beginning, call, gradients


def predict(name: str, text: str, pair: str, max_length: int) -> str:
    """`answers`: a list of {"label", "score"}, likeliest first."""
    given = f'{{"text": {text!r}, "text_pair": {pair!r}}}' if pair.strip() else f"[{text!r}]"
    answers = "answers" if pair.strip() else "(answers,)"
    return (
        beginning(name, "from transformers import pipeline")
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
    *,
    independent: bool = False,
) -> str:
    """`scores`: what each token (deletion: each word) adds to the label's score, in reading order.

    method: a METHODS id of core.explain. words: (0 text or 1 pair, start, end) of each word, as the page splits them.
    independent: whether the model scores each label by itself.
    """
    integrated = method.endswith("integrated-gradients")
    head = beginning(
        name,
        "import torch",
        *(["from captum.attr import IntegratedGradients"] if integrated else []),
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer",
    )
    start = f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
label = {{name: i for i, name in model.config.id2label.items()}}[{label!r}]
"""
    if method.endswith("deletion"):
        return head + start + _leave_out(text, pair, max_length, words, independent)
    ask = f"""inputs = tokenizer(
    {call(text, pair)}, truncation=True, max_length={max_length}, return_special_tokens_mask=True, return_tensors="pt"
)
special, ids = inputs.pop("special_tokens_mask").bool(), inputs.pop("input_ids")
embed = model.get_input_embeddings()
"""
    return head + start + ask + gradients("label", ".logits", integrated=integrated, independent=independent)


def _leave_out(text: str, pair: str, max_length: int, words: Sequence[tuple[int, int, int]], independent: bool) -> str:
    function = "sigmoid()" if independent else "softmax(dim=-1)"
    texts = f"({text!r}, {pair!r})" if pair.strip() else f"({text!r},)"
    return f"""texts = {texts}
words = {list(words)}  # of which text, from which character, to which


def probability(texts):
    inputs = tokenizer(*texts, truncation=True, max_length={max_length}, return_tensors="pt")
    with torch.inference_mode():
        return model(**inputs).logits.{function}[0, label].item()


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
