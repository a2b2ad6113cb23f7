"""How good summaries are: ROUGE of every method on the studio's articles, beside the first sentences and the best possible choice.

    python -m benchmarks.summarise                 a few seconds on two cores
    python -m benchmarks.summarise --sentences 2 --relevance 0.5

English articles with minilm and multilingual-e5-small, Chinese ones with multilingual-e5-small, once with so many sentences and once with so many
words or characters. Mean F1 of ROUGE-1, -2 and -L with 95% bootstrap intervals over the articles; `gain` is the mean difference in ROUGE-1 to the
first sentences of the same articles. One JSON line per method.
"""

import argparse
import json
from collections.abc import Iterator

from core import models
from core.data import summaries
from core.results import Measure
from core.search.vectors import Encoder
from core.summarise.evaluate import evaluate
from core.summarise.summary import Document, Length, read

CONTENDERS = (("en", "minilm"), ("en", models.MULTILINGUAL), ("zh", models.MULTILINGUAL))
WORDS = {"en": 50, "zh": 80}  # about as long as the references


def with_interval(measure: Measure) -> list[float]:
    return [round(value, 3) for value in (measure.value, *measure.bounds)]


def lines(language: str, model: str, length: Length, relevance: float) -> Iterator[dict[str, object]]:
    """A line for each method."""
    articles = summaries.read(language)
    encoder = Encoder(model, models.load_encoder(model), models.load_tokenizer(model))
    documents = read([article.text for article in articles], encoder)
    rows = [
        (document, article.summary)
        for document, article in zip(documents, articles, strict=True)
        if isinstance(document, Document)
    ]
    for name, quality in evaluate(rows, length, relevance).items():
        yield {
            "language": language,
            "model": model,
            "articles": len(rows),
            "length": f"{length.most} {length.unit}",
            "method": name,
            **{kind: with_interval(measure) for kind, measure in quality.f1.items()},
            "gain": with_interval(quality.gain["rouge1"]),
            "words": round(quality.words, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=3)
    parser.add_argument("--relevance", type=float, default=0.7, help="λ of MMR")
    options = parser.parse_args()
    for language, model in CONTENDERS:
        if models.availability(model) != "here":
            print(json.dumps({"language": language, "model": model, "skipped": models.availability(model)}))
            continue
        for length in (Length("sentences", options.sentences), Length("words", WORDS[language])):
            for line in lines(language, model, length, options.relevance):
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
