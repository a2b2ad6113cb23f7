"""The script of the Summarise page."""

from core import rouge
from core.summarise.methods import JUMP
from core.summarise.sentences import language_of
from core.summarise.summary import Length
from pages.shared.snippets._parts import beginning, mean_vectors

FILE = "text.txt"
# Method → code for score(taken), which gives the score of every sentence while the sentences in `taken` have been taken.
SCORES = {
    "lead": """
def score(taken):
    return [1 - place / len(sentences) for place in range(len(sentences))]
""",
    "centroid": """
mean = torch.nn.functional.normalize(vectors.mean(dim=0), dim=-1)


def score(taken):
    return (vectors @ mean).tolist()
""",
    "mmr": """
mean = torch.nn.functional.normalize(vectors.mean(dim=0), dim=-1)
cosines = vectors @ vectors.T


def score(taken):  # maximal marginal relevance
    redundancy = cosines[:, taken].max(dim=1).values if taken else torch.zeros(len(sentences))
    return ({relevance!r} * (vectors @ mean) - {rest!r} * redundancy).tolist()
""",
    "lexrank": """
cosines = vectors.double() @ vectors.double().T
others = ~torch.eye(len(sentences), dtype=torch.bool)
graph = torch.where(cosines >= cosines[others].mean() - 1e-6, cosines.clamp(min=0), 0)
graph.fill_diagonal_(1)
steps = graph / graph.sum(dim=1, keepdim=True)
share = torch.full((len(sentences),), 1 / len(sentences), dtype=torch.double)
for _ in range(200):  # power iteration
    share = {jump!r} / len(sentences) + (1 - {jump!r}) * share @ steps


def score(taken):
    return share.tolist()
""",
}


def summarise(
    name: str, text: str, method: str, length: Length, relevance: float, max_length: int, *, in_a_file: bool = False
) -> str:
    """`sentences`; `scores`: of each; `taken`: the places in the order in which they were taken; `summary`.

    in_a_file: the script reads the text from text.txt.
    """
    imports = ["import re", "from sentencex import segment"]
    reads = "vectors" in SCORES[method]
    if reads:
        imports += ["import torch", "from transformers import AutoModel, AutoTokenizer"]
    given = f'open("{FILE}", encoding="utf-8").read()' if in_a_file else repr(text)
    head = beginning(name, *imports) if reads else "import re\nfrom sentencex import segment\n"
    count = "len(places)" if length.unit == "sentences" else "sum(len(word.findall(sentences[place])) for place in places)"  # fmt: skip
    glue = "" if language_of(text) == "zh" else " "
    return (
        head
        + f"""
text = {given}
sentences = [part.strip() for part in segment({language_of(text)!r}, text) if any(map(str.isalnum, part))]
word = re.compile({rouge.TOKEN.pattern!r})  # a word, or one character where a script has no spaces
"""
        + (mean_vectors(max_length) + "vectors = encode(sentences)\n" if reads else "")
        + SCORES[method].format(relevance=relevance, rest=round(1 - relevance, 9), jump=JUMP)
        + f"""

def too_long(places):
    return {count} > {length.most}


taken, scores = [], [0.0] * len(sentences)
while len(taken) < len(sentences):
    now = score(taken)
    left = [place for place in range(len(sentences)) if place not in taken]
    best = max(left, key=lambda place: (round(now[place], 9), -place))
    if taken and too_long(taken + [best]):
        break
    scores[best] = now[best]
    taken.append(best)
for place, value in enumerate(score(taken)):
    if place not in taken:
        scores[place] = value

summary = {glue!r}.join(" ".join(sentences[place].split()) for place in sorted(taken))
for place, sentence in enumerate(sentences):
    print("*" if place in taken else " ", f"{{scores[place]:.4f}}", sentence[:80])
print(summary)
"""
    )
