"""What sentence vectors do before any training: a help desk searched by meaning, and news labelled by labels in words.

    python -m benchmarks.untrained                      both, in English and in Chinese
    python -m benchmarks.untrained --languages zh

The help desk: every test question, whose right passage is known, ranked among all passages by meaning (cosine of vectors), by words
(BM25) and by both; then the threshold below which there is no answer, chosen on the validation questions. The news: the nearest
label to each test item, described in its language, and beside it a logistic regression on the same vectors, and on counted words, with a few
training items. The pages measure the same live. One JSON line per ranking and per way; bounds are 95% intervals, or the
worst and best draw where training items were drawn.
"""

import argparse
import json
from collections.abc import Sequence

import numpy as np

from core import models
from core.data import helpdesk
from core.data.layouts import LAYOUTS
from core.data.load import load
from core.results import Measure
from core.search import evaluate, index, quality, zero_shot
from core.search.vectors import Encoder
from pages.shared import i18n

MODELS = {"en": "minilm", "zh": models.MULTILINGUAL}
NEWS = {"en": "topics", "zh": "topics-zh"}


def rounded(measure: Measure) -> list[float]:
    """The value and its bounds."""
    return [round(value, 3) for value in (measure.value, *measure.bounds)]


def desk(language: str, encoder: Encoder) -> None:
    """A line for each way of ranking, and one for the threshold."""
    read = helpdesk.read(language)
    built = index.build(read.passages, encoder)

    def asked(split: str) -> evaluate.Outcome:
        questions = read.asked(split)
        return evaluate.evaluate(built, questions, encoder.vectors([question for question, _ in questions]))

    def highest(messages: Sequence[str]) -> np.ndarray:
        return np.array((encoder.vectors(messages) @ built.vectors.T).max(axis=1))

    about = {"what": "help desk", "language": language, "model": encoder.name, "passages": len(read.passages)}
    test = asked("test")
    for way, found in test.quality.items():
        recall = {f"recall@{k}": rounded(measure) for k, measure in found.recall.items()}
        line = {
            **about,
            "ranking": way,
            "n": found.n,
            **recall,
            "mrr": rounded(found.mrr),
            "ndcg@10": rounded(found.ndcg),
        }
        print(json.dumps(line), flush=True)
    threshold = quality.choose_threshold(asked("validation").cosines, highest(read.unanswered["validation"]))
    refusal = quality.refusal(threshold, test.cosines, test.right_first, highest(read.unanswered["test"]))
    line = {
        **about,
        "threshold": round(threshold, 3),
        "answered": rounded(refusal.answered),
        "answered_and_right": rounded(refusal.right),
        "without_answer": len(read.unanswered["test"]),
        "refused": rounded(refusal.refused),
    }
    print(json.dumps(line), flush=True)


def news(language: str, encoder: Encoder) -> None:
    """A line for the labels in words, and one for each way and number of examples."""
    dataset = load(NEWS[language], LAYOUTS["text-label"])
    parts = {
        split: (encoder.vectors(texts := list(rows["text"])), texts, np.array(rows["label"]))
        for split, rows in dataset.splits.items()
        if split in ("train", "test")
    }
    described = zero_shot.read_labels(zero_shot.NEWS if language == "en" else i18n.chinese().gettext(zero_shot.NEWS))
    labels = encoder.vectors([described[name] for name in dataset.label_names])
    vectors, _texts, truth = parts["test"]
    about = {"what": "news", "language": language, "model": encoder.name, "n": len(truth)}
    none = zero_shot.accuracy(vectors @ labels.T, truth)
    for reached in (
        zero_shot.Reached("labels in words", 0, none),
        *zero_shot.learnt(parts["train"], parts["test"], len(labels)),
    ):
        line = {**about, "way": reached.way, "examples": reached.examples, "accuracy": rounded(reached.accuracy)}
        print(json.dumps(line), flush=True)


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", nargs="+", choices=MODELS, default=list(MODELS))
    for language in parser.parse_args().languages:
        name = MODELS[language]
        encoder = Encoder(name, models.load_encoder(name), models.load_tokenizer(name))
        desk(language, encoder)
        news(language, encoder)


if __name__ == "__main__":
    main()
