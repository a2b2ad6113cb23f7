"""The scripts of the Search page."""

from collections.abc import Sequence

from core.data.dataset import WRITTEN
from core.search import bm25, words
from core.search.ways import DEPTH, RRF
from pages.shared.snippets._parts import beginning, mean_vectors

FILE = "texts.json"


def search(name: str, question: str, passages: Sequence[str], desk: str, max_length: int) -> str:
    """`cosines`, `scores` and `fused`: the (N,) similarities, BM25 scores and fused ranks of the passages; `texts`: the passages.

    desk: the language of the help desk that is searched, "" for other passages. passages: () where the script reads them from texts.json.
    """
    imports = ["import math", "import re", "from collections import Counter", "import torch", "from transformers import AutoModel, AutoTokenizer"]  # fmt: skip
    if desk:
        imports.append("import json")
        file = str(WRITTEN / "helpdesk" / f"{desk}.jsonl")
        texts = f"""with open({file!r}, encoding="utf-8") as file:
    rows = [json.loads(line) for line in file]
texts = [row["question"] + " " + row["answer"] for row in rows]
"""
    elif not passages:
        imports.append("import json")
        texts = f'with open("{FILE}", encoding="utf-8") as file:\n    texts = json.load(file)\n'
    else:
        texts = "texts = [\n" + "".join(f"    {text!r},\n" for text in passages) + "]\n"
    return (
        beginning(name, *imports)
        + mean_vectors(max_length)
        + f"""question = {question!r}
{texts}
cosines = (encode(texts) @ encode([question])[0]).tolist()

run = re.compile({words.RUN.pattern!r})


def terms(text):  # words in small letters; scripts without spaces in pairs of characters
    found = []
    for match in run.finditer(text):
        word = match[0]
        found += [word.casefold()] if match["unspaced"] is None or len(word) == 1 else [word[i : i + 2] for i in range(len(word) - 1)]
    return found


counts = [Counter(terms(text)) for text in texts]
mean = sum(map(Counter.total, counts)) / len(texts)
having = Counter(term for count in counts for term in count)
scores = []  # BM25
for count in counts:
    slowing = {bm25.K1} * ({1 - bm25.B} + {bm25.B} * count.total() / mean)
    scores.append(
        sum(
            math.log1p((len(texts) - having[term] + 0.5) / (having[term] + 0.5)) * count[term] * {bm25.K1 + 1} / (count[term] + slowing)
            for term in terms(question)
            if term in count
        )
    )

fused = [0.0] * len(texts)  # reciprocal rank fusion
for ranking in (cosines, scores):
    order = sorted(range(len(texts)), key=lambda place: -ranking[place])
    for rank, place in enumerate(order[:{DEPTH}], start=1):
        if ranking is cosines or ranking[place] > 0:
            fused[place] += 1 / ({RRF} + rank)

for title, ranking in (("meaning", cosines), ("BM25", scores), ("both", fused)):
    for place in sorted(range(len(texts)), key=lambda place: -ranking[place])[:3]:
        print(f"{{title:>8}}  {{ranking[place]:.4f}}  {{texts[place][:80]}}")
"""
    )


def labels(name: str, text: str, descriptions: Sequence[str], max_length: int) -> str:
    """`cosines`: the similarity of a text with each description of a label, (C)."""
    return (
        beginning(name, "import torch", "from transformers import AutoModel, AutoTokenizer")
        + mean_vectors(max_length)
        + f"""text = {text!r}
labels = {list(descriptions)!r}
cosines = (encode(labels) @ encode([text])[0]).tolist()
for cosine, label in sorted(zip(cosines, labels), reverse=True):
    print(f"{{cosine:.4f}}  {{label}}")
"""
    )
