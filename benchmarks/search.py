"""How fast search is: texts to vectors beside sentence-transformers, and a question asked of 100,000 passages.

    python -m benchmarks.search                    about two minutes on two cores
    python -m benchmarks.search --texts 64 --passages 10000

Encoding: the same film reviews, the same model, the same threads, vectors of length 1, texts cut at 256 tokens; the median of
--repeat runs, in turn. sentence-transformers takes part where it is installed (`pip install sentence-transformers`); the line says how
far its vectors are from the studio's. The studio computes in bfloat16 where that is faster on this machine.

Asking: passages made up in the run, their vectors drawn at random (which changes no time), in an index on disk that is mapped into
memory. Every passage is scored exactly; the ten best are taken. One JSON line per contender or ranking.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from core import models
from core.data.bundled import DATASETS
from core.finetune.machine import bfloat16_pays
from core.search import bm25, index
from core.search.vectors import MAX_LENGTH, Encoder
from core.search.ways import WAYS, Scores

BEST = 10
QUESTION = "where is the parcel that never came and when do I get my money back"

Encode = Callable[[list[str]], np.ndarray]


def studio() -> Encode:
    encoder = Encoder("minilm", models.load_encoder("minilm"), models.load_tokenizer("minilm"))
    fast = bfloat16_pays(encoder.model.device)
    return lambda texts: encoder.vectors(texts, autocast=fast)


def sentence_transformers() -> Encode:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(models.folder("minilm")), device="cpu")
    model.max_seq_length = MAX_LENGTH
    return lambda texts: np.asarray(model.encode(texts, normalize_embeddings=True, show_progress_bar=False))


def encoding(count: int, repeat: int) -> None:
    """Both contenders on the same texts."""
    texts = [str(text) for text in DATASETS["imdb"].read().frame["text"][:count]]
    contenders = {"studio": studio()}
    if find_spec("sentence_transformers"):
        contenders["sentence-transformers"] = sentence_transformers()
    else:
        print(json.dumps({"what": "encoding", "contender": "sentence-transformers", "skipped": "not installed"}))
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    vectors: dict[str, np.ndarray] = {}
    for encode in contenders.values():
        encode(texts[:8])
    for _ in range(repeat):
        for name, encode in contenders.items():
            begin = time.perf_counter()
            vectors[name] = encode(texts)
            seconds[name].append(time.perf_counter() - begin)
    for name in contenders:
        taken, apart = statistics.median(seconds[name]), np.abs(vectors[name] - vectors["studio"])
        line = {
            "what": "encoding",
            "contender": name,
            "texts": count,
            "threads": torch.get_num_threads(),
            "seconds": round(taken, 2),
            "texts_per_second": round(count / taken, 1),
            "largest_difference": round(float(apart.max()), 6),
            "lowest_cosine": round(float((vectors[name] * vectors["studio"]).sum(axis=1).min()), 6),
        }
        print(json.dumps(line), flush=True)


def made_up(count: int) -> list[str]:
    """So many passages of 20 to 60 words, common ones far more often than rare ones."""
    chance = random.Random(7)
    words = [*QUESTION.split(), *(f"word{number}" for number in range(20_000))]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    drawn = chance.choices(words, weights, k=count * 40)
    return [" ".join(drawn[40 * i : 40 * i + chance.randint(20, 40)]) for i in range(count)]


def asking(count: int, times: int) -> None:
    """The time of a question against so many passages, by each way of ranking."""
    passages, generator = made_up(count), np.random.default_rng(7)
    vectors = generator.normal(size=(count, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    begin = time.perf_counter()
    words = bm25.build(passages)
    built = time.perf_counter() - begin
    with tempfile.TemporaryDirectory() as home:
        index.write(index.Index(passages, vectors, words), Path(home) / "index")
        kept = index.read(passages, Path(home) / "index")
        kept.scores(QUESTION, vectors[0])
        nothing = np.zeros(0, dtype=np.float32)
        parts: dict[str, Callable[[np.ndarray], object]] = {
            "meaning": lambda vector: WAYS["meaning"].hits(Scores(kept.vectors @ vector, nothing), BEST),
            "words": lambda _: WAYS["words"].hits(Scores(nothing, kept.words.scores(QUESTION)), BEST),
            "both": lambda vector: WAYS["both"].hits(kept.scores(QUESTION, vector), BEST),
        }
        for name, ask in parts.items():
            taken = []
            for number in range(times):
                begin = time.perf_counter()
                ask(vectors[number])
                taken.append(time.perf_counter() - begin)
            line = {
                "what": "asking",
                "ranking": name,
                "passages": count,
                "threads": torch.get_num_threads(),
                "milliseconds": round(statistics.median(taken) * 1000, 2),
                "words_indexed_in_seconds": round(built, 2),
            }
            print(json.dumps(line), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=256, help="film reviews that are encoded; 0 for none")
    parser.add_argument("--passages", type=int, default=100_000, help="passages that are asked; 0 for none")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    if options.texts:
        encoding(options.texts, options.repeat)
    if options.passages:
        asking(options.passages, 50)


if __name__ == "__main__":
    main()
