"""Scripts of the Tokens page."""

from collections.abc import Mapping, Sequence

from core import models
from pages.shared.snippets._parts import beginning, call


def tokens(name: str, text: str, pair: str, max_length: int, pad_to: int = 0) -> str:
    """`encoding`: the tokenizer's output for the text; `padded`: the same filled up to `pad_to` tokens, unless that is 0."""
    filling = f"""
model_inputs = {{key: encoding[key] for key in tokenizer.model_input_names}}
padded = tokenizer.pad(model_inputs, padding="max_length", max_length={pad_to})
print(*padded["input_ids"])
print(*padded["attention_mask"])  # 0: padding, where the model does not look
"""
    return (
        beginning(name, "from transformers import AutoTokenizer")
        + f"""tokenizer = AutoTokenizer.from_pretrained(folder)
encoding = tokenizer({call(text, pair)}, truncation=True, max_length={max_length}, return_offsets_mapping=True)

for token, token_id, (start, end) in zip(encoding.tokens(), encoding["input_ids"], encoding["offset_mapping"]):
    print(f"{{token_id:>6}}  {{token:<15}} characters {{start}}–{{end}}")
"""
        + (filling if pad_to else "")
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
        beginning(name, "from transformers import AutoTokenizer")
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
