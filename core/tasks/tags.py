"""Named entities: spans of a text and their types, learnt and answered as a tag for each word (IOB2).

A word's tag is learnt and read at its first piece; long texts are read in overlapping windows. What is measured is the entity,
not the tag. This module does not know where sentences come from, how their tags were written, nor how entities are drawn.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import datasets
import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from core import batches, metrics, models
from core.batches import Report
from core.data import conll, tagging
from core.data.dataset import TextDataset
from core.data.entities import Mark
from core.data.layouts import LAYOUTS
from core.data.tagging import Span
from core.errors import N_, UserError, some
from core.pretraining import IGNORED
from core.results import Evaluation, Measure, Prediction
from core.tables.table import Table, make_table
from core.tasks import windows
from core.tasks.base import (
    LIVE_ROWS,
    TELLING,
    Card,
    Goal,
    Rows,
    Task,
    as_json,
    check_finite,
    digest,
    each,
    input_columns,
    read_detail,
    sample,
)
from core.tasks.entity_scores import (
    EXAMPLE_CHARS,
    Entities,
    Example,
    Mistakes,
    by_type,
    hits_of,
    marks_of,
    mistakes,
    ratio,
)
from core.tasks.windows import Windows

EXAMPLES = 20
SAMPLES = 5


@dataclass(frozen=True)
class Entity(Mark):
    """An entity of a text: its characters, its type, how it is written there, and the mean probability of its words' tags."""

    text: str
    confidence: float


@dataclass(frozen=True)
class Tagged(Prediction):
    """The entities of a text, in its order; they do not overlap. types: all that the model knows."""

    entities: tuple[Entity, ...]
    types: tuple[str, ...] = ()


class NamedEntities(Goal):
    """A tag for each word."""

    task: ClassVar[str] = "named-entities"

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, labels: tuple[str, ...], max_length: int, **options: Any
    ) -> None:
        super().__init__(tokenizer, labels, max_length, **options)
        self.scheme = tagging.scheme_of(labels)
        self.index = {label: i for i, label in enumerate(labels)}

    @staticmethod
    def labels_of(name: str, config: PretrainedConfig) -> tuple[str, ...]:
        """The tags, in any usual scheme; they must hold O."""
        labels = models.labels(config)
        if not any(label.upper() == tagging.OUTSIDE for label in labels):
            raise UserError(
                "'{name}' does not tag words: its labels are {labels}, and none of them is O",
                name=models.title(name),
                labels=some(labels, chars=30),
            )
        tagging.recognise([labels])
        return labels

    # --- Learning ---

    def rows(self, dataset: TextDataset, report: Report, chosen: np.ndarray | None = None) -> Rows:
        """One feature for each window, with the number of the tag at the first piece of each of its words."""
        split = dataset.splits["train"] if chosen is None else dataset.splits["train"].select(chosen)
        cut = self._windows(split, report)
        tags = [[self.index[tag] for tag in row] for row in split["tags"]]
        features = []
        for window in cut.windows:
            labels = np.full(len(window.features["input_ids"]), IGNORED)
            labels[window.positions] = np.array(tags[window.text])[window.words]
            features.append({**window.features, "labels": labels.tolist()})
        return Rows(features, np.zeros(len(features), dtype=bool))

    def _windows(self, split: datasets.Dataset, report: Report | None) -> Windows:
        words = [
            [(start, start + len(word)) for start, word in zip(starts, words, strict=True)]
            for starts, words in zip(split["starts"], split["words"], strict=True)
        ]
        return windows.cut(self.tokenizer, list(split["text"]), words, self.max_length, report)

    def collate(self, features: Sequence[Mapping[str, Any]], epoch: int) -> dict[str, Any]:
        """Padded to the longest row; padding is not learnt."""
        inputs = [{name: value for name, value in row.items() if name != "labels"} for row in features]
        batch = dict(self.tokenizer.pad(inputs, padding_side="right", return_tensors="pt"))
        labels = torch.full(batch["input_ids"].shape, IGNORED)
        for place, row in enumerate(features):
            labels[place, : len(row["labels"])] = torch.tensor(row["labels"])
        return {**batch, "labels": labels}

    def loss(self, model: nn.Module, batch: Mapping[str, Tensor], weights: Tensor | None = None) -> Tensor:
        """Cross-entropy of the words' tags."""
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        chosen = batch["labels"] != IGNORED
        return functional.cross_entropy(model(**inputs).logits[chosen].float(), batch["labels"][chosen])

    # --- Measuring ---

    def measure(
        self,
        model: PreTrainedModel,
        dataset: TextDataset,
        split: str,
        report: Report,
        *,
        live: bool,
        autocast: bool = False,
    ) -> Evaluation | None:
        """Precision, recall and F1 of entities, with intervals over the sentences, and the loss of the words' tags.

        Raises UserError when the data has types that the model does not know.
        """
        n = len(dataset.splits[split]) if split in dataset.splits else 0
        if not n:
            return None
        rows = dataset.splits[split]
        if live:
            rows = rows.select(sample(n, LIVE_ROWS, self.seed if split == "validation" else 0))
        names = self._match_types(dataset.label_names)
        gold = [
            [Span(span.start, span.end, names[span.type]) for span in tagging.decode(tags)] for tags in rows["tags"]
        ]
        cut = self._windows(rows, report)
        probs = self._probabilities(model, cut, report, autocast=autocast)
        tags = [
            self._tags(row, owner, words) for row, owner, words in zip(probs, cut.owners, rows["words"], strict=True)
        ]
        return self._scored(rows, gold, tags, probs, cut)

    def _match_types(self, tags: Sequence[str]) -> dict[str, str]:
        """The model's type for each type of the data: by name, else without regard to case."""
        own = self.types
        asked = list(dict.fromkeys(tag[2:] for tag in tags if tag != tagging.OUTSIDE))
        folded = {kind.casefold(): kind for kind in own}
        names = {kind: kind if kind in own else folded.get(kind.casefold(), "") for kind in asked}
        if not all(names.values()):
            raise UserError(
                "the data's types of entities ({data}) are not the model's ({model}); use data with the model's types, or train on this data",
                data=some(asked, chars=30),
                model=some(own, chars=30),
            )
        return names

    @property
    def types(self) -> tuple[str, ...]:
        """The types of entities that the labels stand for, in their order."""
        kinds = (tagging.parts(label, plain=self.scheme == "IO")[1] for label in self.labels)
        return tuple(dict.fromkeys(kind for kind in kinds if kind))

    def _scored(
        self,
        rows: datasets.Dataset,
        gold: Sequence[Sequence[Span]],
        tags: Sequence[Sequence[str]],
        probs: Sequence[np.ndarray],
        cut: Windows,
    ) -> Evaluation:
        predicted = [tagging.decode(row, self.scheme) for row in tags]
        losses, right = self._per_word(gold, tags, probs, cut)
        counts = np.array([hits_of(a, b) for a, b in zip(gold, predicted, strict=True)], dtype=float)
        kinds = Counter[str]()
        for a, b in zip(gold, predicted, strict=True):
            kinds.update(mistakes(a, b))
        words = sum(map(len, tags))
        texts = list(rows["text"])
        spelled = [
            [(start, start + len(word)) for start, word in zip(starts, sentence, strict=True)]
            for starts, sentence in zip(rows["starts"], rows["words"], strict=True)
        ]
        wrong = counts[:, 1] + counts[:, 2] - 2 * counts[:, 0]
        means = np.array([row.mean() if len(row) else 0.0 for row in losses])
        worst = [int(i) for i in np.lexsort((-means, -wrong)) if wrong[i] > 0][:EXAMPLES]
        detail = Entities(
            types=by_type(gold, predicted, self.types),
            mistakes=Mistakes(*(kinds[kind] for kind in ("missed", "invented", "wrong_type", "wrong_boundary"))),
            entities=int(counts[:, 2].sum()),
            predicted=int(counts[:, 1].sum()),
            words=words,
            word_accuracy=right / max(words, 1),
            examples=tuple(
                Example(
                    texts[i][:EXAMPLE_CHARS],
                    marks_of(gold[i], spelled[i]),
                    marks_of(predicted[i], spelled[i]),
                    float(means[i]),
                )
                for i in worst
            ),
        )
        every = np.concatenate(losses) if losses else np.zeros(0)
        return Evaluation(
            task=self.task,
            n=len(texts),
            metrics={
                "entity_f1": metrics.bootstrap(counts, lambda sums: ratio(2 * sums[:, 0], sums[:, 1] + sums[:, 2])),
                "entity_precision": metrics.bootstrap(counts, lambda sums: ratio(sums[:, 0], sums[:, 1])),
                "entity_recall": metrics.bootstrap(counts, lambda sums: ratio(sums[:, 0], sums[:, 2])),
                "loss": Measure(float(every.mean()) if len(every) else 0.0),
            },
            detail=as_json(detail),
            right=each(wrong == 0),
            rows=digest({"text": texts}, gold),
        )

    def _per_word(
        self,
        gold: Sequence[Sequence[Span]],
        tags: Sequence[Sequence[str]],
        probs: Sequence[np.ndarray],
        cut: Windows,
    ) -> tuple[list[np.ndarray], int]:
        """The losses of the words that the model reads, sentence by sentence, and how many words have the right tag."""
        losses, right = [], 0
        for spans, own, row, owner in zip(gold, tags, probs, cut.owners, strict=True):
            true = tagging.encode(spans, len(own), self.scheme)
            right += sum(a == b for a, b in zip(true, own, strict=True))
            read = [i for i, tag in enumerate(true) if owner[i] == i and tag in self.index]
            chances = np.array([row[i, self.index[true[i]]] for i in read])
            losses.append(-np.log(np.clip(chances, np.finfo(float).eps, 1)))
        return losses, right

    def samples(self, evaluation: Evaluation) -> list[Mapping[str, object]]:
        """The sentences with most mistakes."""
        examples = evaluation.detail["examples"]
        assert isinstance(examples, list)
        return examples[:SAMPLES]

    # --- Answering ---

    def _probabilities(
        self, model: PreTrainedModel, cut: Windows, report: Report | None, *, autocast: bool = False
    ) -> list[np.ndarray]:
        """The probability of each tag for each word of each text, float64 (W, C); zeros for words without a token."""
        result = [np.zeros((len(owner), len(self.labels))) for owner in cut.owners]
        rows = [window.features for window in cut.windows]
        for places, _, output in batches.forward(
            model, self.tokenizer, rows, batch_size=self.batch_size, report=report, autocast=autocast
        ):
            for place, logits in zip(places, output.logits, strict=True):
                window = cut.windows[place]
                chosen = logits[torch.from_numpy(window.positions).to(logits.device)].double().softmax(dim=-1)
                check_finite(chosen)
                result[window.text][window.words] = chosen.cpu().numpy()
        return result

    def _tags(self, probs: np.ndarray, owner: np.ndarray, words: Sequence[str]) -> list[str]:
        """The likeliest tag of each word.

        A word without a token goes on with the entity of the token that covers it; a pictograph belongs to no entity.
        """
        best = probs.argmax(axis=1)
        tags = []
        for word, holder in enumerate(owner):
            named = holder >= 0 and not tagging.is_pictograph(words[word])
            tag = self.labels[best[holder]] if named else tagging.OUTSIDE
            if holder not in (word, -1) and tag[:2] == "B-":
                tag = f"I-{tag[2:]}"
            tags.append(tag)
        return tags

    def predict(
        self, model: PreTrainedModel, inputs: Mapping[str, Sequence[str]], report: Report | None = None
    ) -> tuple[Tagged, ...]:
        """The entities of each text, at their characters; nothing of a long text is left out."""
        texts = list(inputs["text"])
        words = [tagging.words(text) for text in texts]
        cut = windows.cut(self.tokenizer, texts, words, self.max_length, report)
        probs = self._probabilities(model, cut, report)
        answers = []
        for i, text in enumerate(texts):
            spans = tagging.decode(
                self._tags(probs[i], cut.owners[i], [text[start:end] for start, end in words[i]]), self.scheme
            )
            read = cut.owners[i] == np.arange(len(words[i]))
            certain = np.where(read, probs[i].max(axis=1, initial=0.0), np.nan)
            entities = tuple(
                Entity(
                    mark.start,
                    mark.end,
                    mark.type,
                    text[mark.start : mark.end],
                    float(np.nanmean(certain[span.start : span.end])),
                )
                for span, mark in zip(spans, marks_of(spans, words[i], limit=len(text)), strict=True)
            )
            answers.append(Tagged({"text": text}, False, entities, self.types))
        return tuple(answers)

    def frame(self, predictions: Sequence[Prediction]) -> pd.DataFrame:
        """text, then its entities as a JSON list."""
        tagged = [row for row in predictions if isinstance(row, Tagged)]
        columns = input_columns(tagged)
        columns["entities"] = [
            json.dumps([asdict(entity) for entity in row.entities], ensure_ascii=False) for row in tagged
        ]
        return pd.DataFrame(columns)


def entity_frame(predictions: Sequence[Tagged]) -> pd.DataFrame:
    """The entities of several texts, one in each row, with the number of its text, counted from 1."""
    content = [
        (number, entity.text, entity.type, entity.start, entity.end, entity.confidence)
        for number, row in enumerate(predictions, start=1)
        for entity in row.entities
    ]
    return pd.DataFrame(content, columns=["number", "entity", "type", "start", "end", "confidence"])


def to_json(predictions: Sequence[Tagged]) -> str:
    """The texts with their entities as JSON lines, which can be read again as data to learn from."""
    rows = ({"text": row.text, "entities": [asdict(entity) for entity in row.entities]} for row in predictions)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def to_conll(predictions: Sequence[Tagged]) -> str:
    """The words of the texts with their tags in IOB2, a text a sentence, as a CoNLL file."""
    sentences = []
    for row in predictions:
        words = tagging.words(row.text)
        starts, ends = [start for start, _ in words], [end for _, end in words]
        spans = [Span(starts.index(entity.start), ends.index(entity.end) + 1, entity.type) for entity in row.entities]
        sentences.append(([row.text[start:end] for start, end in words], tagging.encode(spans, len(words))))
    return conll.write(sentences)


SENTENCES = (
    "[Amara Okafor:person] moved to [Lisbon:place] in May .",
    "The museum in [Lisbon:place] is closed on Mondays .",
    "[Jonas Lind:person] and [Amara Okafor:person] met at the station .",
    "Trains to [Novi Sad:place] leave every hour .",
    "My sister paints boats and birds .",
    "Yesterday [Mei Tanaka:person] called from [Quito:place] .",
    "In [Quito:place] it rained all week .",
    "The letter from [Jonas Lind:person] never arrived .",
    "We bought bread , cheese and olives .",
    "[Mei Tanaka:person] was born in [Novi Sad:place] .",
    "Ask [Amara Okafor:person] about the keys .",
    "The road to [Lisbon:place] follows the river .",
)


def _example() -> Table:
    texts, tags = [], []
    for sentence in SENTENCES:
        words, own = list[str](), list[str]()
        for part in sentence.replace("[", "\n[").replace("]", "]\n").split("\n"):
            name, _, kind = part.strip("[]").rpartition(":") if part.startswith("[") else (part, "", "")
            spoken = name.split()
            own += [f"{'I' if place else 'B'}-{kind}" if kind else tagging.OUTSIDE for place in range(len(spoken))]
            words += spoken
        texts.append(" ".join(words))
        tags.append(" ".join(own))
    return make_table(["text", "tags"], [texts, tags], len(texts))


def never_found(evaluation: Evaluation) -> tuple[str, ...]:
    """The types of several entities of which not one was found."""
    return tuple(
        row.type for row in read_detail(Entities, evaluation).types if row.support >= TELLING and not row.recall
    )


NAMED_ENTITIES = Task(
    id=NamedEntities.task,
    title=N_("Named entities"),
    help=N_(
        "Finds the names in a text and says what each is: person, place, organisation, or whatever types your data has."
    ),
    layout=LAYOUTS["words-tags"],
    head="tagger",
    goal=NamedEntities,
    metrics=("entity_f1", "entity_precision", "entity_recall", "loss"),
    best=("entity_f1", "loss"),
    gives=frozenset({"tags"}),
    counts=(N_("{n:,} sentence"), N_("{n:,} sentences")),
    detail=Entities,
    windowed=True,
    advised={"epochs": 3.0, "batch_size": 16, "learning_rate": 2e-4},
    pipeline="token-classification",
    card=Card(
        "A model that finds named entities",
        "fine-tuned",
        "one text and marks its entities, with {n} tags: {labels}.",
        "from transformers import pipeline\n\n"
        '# "first": each word has the tag of its first piece, as in training; stride: long texts are read in windows\n'
        'find = pipeline("token-classification", "path/to/this/folder", aggregation_strategy="first", stride=32)\n'
        'text = "your text"\n'
        "for entity in find(text):\n"
        '    print(entity["entity_group"], text[entity["start"] : entity["end"]], entity["score"])',
    ),
    example=_example,
    never_found=never_found,
)
