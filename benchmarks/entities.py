"""How well a model finds names in text of another source, beside marking capitalised words and looking names up.

    python -m benchmarks.entities minilm-entities FILE --type person=PER --type location=LOC --type corporation=ORG --type group=ORG

FILE is a CoNLL-like file. --type says what its types are called by the model; types that are not named are left out on both
sides. Two simple contenders answer the same sentences: every run of words that begin with a capital letter is a person, the
commonest type; and every name of the model's training data is found again by looking it up. spans_f1 takes any type for right,
which is the best that capital letters can do. The last line on stdout is one JSON object, before it one for each contender.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from core import metrics, predict
from core.data import tagging
from core.data.load import load
from core.data.tagging import Span
from core.tasks.entity_scores import hits_of
from core.tasks.table import task_of
from core.tasks.tags import NamedEntities, Tagged

LONGEST_NAME = 8  # words
Sentence = Sequence[str]


def sentences(file: Path, names: dict[str, str]) -> tuple[list[list[str]], list[list[Span]]]:
    """The words and the wanted entities of every sentence of a file."""
    dataset = load(str(file), task_of(NamedEntities.task).layout, allow_path=True, whole=True)
    rows = dataset.splits["test"]
    gold = [
        [Span(span.start, span.end, names[span.type]) for span in tagging.decode(tags) if span.type in names]
        for tags in rows["tags"]
    ]
    return [list(words) for words in rows["words"]], gold


def capitalised(words: Sentence) -> list[Span]:
    """Runs of words that begin with a capital letter, but for one at the beginning of the sentence alone."""
    spans, start = [], None
    for i, word in enumerate([*words, ""]):
        if word[:1].isupper() and (i or len(words) == 1 or words[1][:1].isupper()):
            start = i if start is None else start
        elif start is not None:
            spans.append(Span(start, i, "PER"))
            start = None
    return spans


def gazetteer(data: str, wanted: set[str]) -> Callable[[Sentence], list[Span]]:
    """Finds the names of a dataset's training rows again, without regard to case, each as the type it mostly has there."""
    kinds: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for row in load(data, task_of(NamedEntities.task).layout).splits["train"]:
        words = [word.casefold() for word in row["words"]]
        for span in tagging.decode(row["tags"]):
            kinds[tuple(words[span.start : span.end])][span.type] += 1

    def find(words: Sentence) -> list[Span]:
        spans, at, folded = [], 0, [word.casefold() for word in words]
        while at < len(words):
            sizes = range(min(LONGEST_NAME, len(words) - at), 0, -1)
            size = next((n for n in sizes if tuple(folded[at : at + n]) in kinds), 0)
            if size:
                kind = kinds[tuple(folded[at : at + size])].most_common(1)[0][0]
                spans += [Span(at, at + size, kind)] if kind in wanted else []
            at += size or 1
        return spans

    return find


def of_the_model(name: str, every: Sequence[Sentence], wanted: set[str]) -> list[list[Span]]:
    """What a model marks, as spans of the sentences' own words."""
    predictor = predict.load(name)
    texts = [" ".join(words) for words in every]
    result = []
    for words, answer in zip(every, predict.predict(predictor, {"text": texts}), strict=True):
        assert isinstance(answer, Tagged)
        ends = np.cumsum([len(word) + 1 for word in words])
        spans = [
            Span(
                int(np.searchsorted(ends, entity.start, side="right")),
                int(np.searchsorted(ends, entity.end - 1, side="right")) + 1,
                entity.type,
            )
            for entity in answer.entities
            if entity.type in wanted
        ]
        result.append(spans)
    return result


def scores(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> dict[str, object]:
    """Precision, recall and F1 with its interval over the sentences."""
    counts = np.array([hits_of(list(a), list(b)) for a, b in zip(gold, predicted, strict=True)], dtype=float)
    hits, marked, true = counts.sum(axis=0)
    f1 = metrics.bootstrap(counts, lambda sums: 2 * sums[:, 0] / np.maximum(1, sums[:, 1] + sums[:, 2]))
    return {
        "f1": round(f1.value, 4),
        "f1_interval": [round(bound, 4) for bound in f1.bounds],
        "precision": round(hits / max(1, marked), 4),
        "recall": round(hits / max(1, true), 4),
    }


def without_types(spans: Sequence[Sequence[Span]]) -> list[list[Span]]:
    return [[Span(span.start, span.end, "") for span in row] for row in spans]


def main() -> None:
    """Measure the three contenders and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("file", type=Path)
    parser.add_argument("--type", action="append", default=[], metavar="IN_FILE=OF_MODEL")
    parser.add_argument("--data", default="entities", help="the dataset whose training names are looked up")
    asked = parser.parse_args()
    names = dict(pair.split("=", 1) for pair in asked.type)
    every, gold = sentences(asked.file, names)
    wanted = set(names.values())
    contenders = {
        "model": of_the_model(asked.model, every, wanted),
        "capitalised words": [capitalised(words) for words in every],
        "names of the training data": list(map(gazetteer(asked.data, wanted), every)),
    }
    result: dict[str, object] = {"file": asked.file.name, "sentences": len(every), "entities": sum(map(len, gold))}
    for name, predicted in contenders.items():
        result[name] = scores(gold, predicted) | {
            "spans_f1": scores(without_types(gold), without_types(predicted))["f1"]
        }
        print(json.dumps({name: result[name]}))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
