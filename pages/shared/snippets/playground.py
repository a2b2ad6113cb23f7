"""Scripts of the Playground: predictions and what they rest on."""

from collections.abc import Sequence

from pages.shared.snippets._parts import beginning, call, gradients, leave_out


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
    steps: int = 0,
    independent: bool = False,
) -> str:
    """`scores`: what each token (deletion: each word) adds to the label's score, in reading order.

    method: a METHODS id of core.explain. words: (0 text or 1 pair, start, end) of each word, as the page splits them. steps: points on
    the path of integrated gradients, 0 for another method.
    independent: whether the model scores each label by itself.
    """
    head = beginning(
        name,
        "import torch",
        *(["from captum.attr import IntegratedGradients"] if steps else []),
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer",
    )
    start = f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
label = {{name: i for i, name in model.config.id2label.items()}}[{label!r}]
"""
    if method.endswith("deletion"):
        function = "sigmoid()" if independent else "softmax(dim=-1)"
        return head + start + leave_out(text, pair, max_length, words, f".{function}[0, label]")
    ask = f"""inputs = tokenizer(
    {call(text, pair)}, truncation=True, max_length={max_length}, return_special_tokens_mask=True, return_tensors="pt"
)
special, ids = inputs.pop("special_tokens_mask").bool(), inputs.pop("input_ids")
embed = model.get_input_embeddings()
"""
    return head + start + ask + gradients("label", ".logits", steps=steps, independent=independent)
