"""How well a document is asked: the answer out of all passages of `questions` at once, which is what the page Search does with own texts.

    python -m benchmarks.asking                        all 231 test questions among 311 passages, several minutes on two cores
    python -m benchmarks.asking --most 60 --split validation

One JSON line per contender: the reader with the passage given; the reader in the passages that the search puts first; the nearest
sentence. f1 and exact_match as SQuAD counts them, over questions with and without an answer in their passage; bounds are 95% intervals.
A question without an answer in its own passage can have one in another: "unanswerable" is then too strict.
"""

import argparse
import json
import time

import numpy as np

from core import metrics, models, predict
from core.data.load import load
from core.search import index, reply
from core.search.vectors import Encoder
from core.search.ways import WAYS
from core.tasks.answer_scores import exact, f1
from core.tasks.table import task_of

DATA, TASK = "questions", "question-answering"


def line(name: str, given: list[str], gold: list[list[str]], began: float, **more: object) -> None:
    """Print what a contender reaches."""
    scores = np.array([f1(answer, right) for answer, right in zip(given, gold, strict=True)])
    hits = np.array([exact(answer, right) for answer, right in zip(given, gold, strict=True)])
    empty = np.array([not right for right in gold])
    whole = metrics.bootstrap(np.stack([scores, np.ones(len(scores))], axis=1), lambda sums: sums[:, 0] / sums[:, 1])
    figures = {
        "contender": name,
        "n": len(given),
        "f1": [round(value, 3) for value in (whole.value, *whole.bounds)],
        "exact_match": round(float(hits.mean()), 3),
        "f1_answerable": round(float(scores[~empty].mean()), 3),
        "refused_unanswerable": round(float(scores[empty].mean()), 3),
        "seconds": round(time.perf_counter() - began, 1),
    }
    print(json.dumps(figures | more), flush=True)


def main() -> None:
    """Parse the command line and ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader", default="minilm-answers")
    parser.add_argument("--split", default="test")
    parser.add_argument("--most", type=int, default=0, help="questions that are drawn, 0 for all")
    chosen = parser.parse_args()
    splits = load(DATA, task_of(TASK).layout).splits
    passages = sorted({passage for split in splits.values() for passage in split["pair"]})
    rows = splits[chosen.split]
    if chosen.most:
        rows = rows.select(np.sort(np.random.default_rng(0).permutation(len(rows))[: chosen.most]))
    questions, own, gold = list(rows["text"]), list(rows["pair"]), [list(answers) for answers in rows["answers"]]
    reader = predict.load(chosen.reader)
    encoder = Encoder("minilm", models.load_encoder("minilm"), models.load_tokenizer("minilm"))
    built, vectors = index.build(passages, encoder), encoder.vectors(questions)

    began = time.perf_counter()
    given = reader.goal.predict(reader.model, dict(zip(reader.task.inputs, (questions, own), strict=True)))
    line("reader, passage given", [row.answer for row in given if isinstance(row, reply.Answered)], gold, began)

    began = time.perf_counter()
    found, first = [], []
    for question, vector, passage in zip(questions, vectors, own, strict=True):
        scores = built.scores(question, vector)
        hits = WAYS["both"].hits(scores, reply.READ)
        read = reply.read(reader, question, passages, hits)
        found.append("" if read.chosen is None else read.read[read.chosen].answer)
        first.append(passage in [passages[place] for place in read.places])
    line("search and reader", found, gold, began, passage_among_those_read=round(float(np.mean(first)), 3))

    began = time.perf_counter()
    near = []
    for question, vector in zip(questions, vectors, strict=True):
        hits = WAYS["both"].hits(built.scores(question, vector), reply.READ)
        sentence = reply.nearest(encoder, vector, passages, [hit.place for hit in hits])
        near.append(passages[sentence.found.place][sentence.found.start : sentence.found.end] if sentence else "")
    line("nearest sentence", near, gold, began)


if __name__ == "__main__":
    main()
