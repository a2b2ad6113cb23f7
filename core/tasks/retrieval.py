"""Passage retrieval: an encoder learns to give a question and the passage that answers it vectors that are near each other.

Multiple negatives ranking (Henderson et al. 2017): in a batch each question is to choose its own passage among those of all, by the
cosine of mean token vectors. A passage that answers the question too is no wrong one, so it is left out of the choice. There is no
head: the trained encoder makes sentence vectors as any other does. This module does not know who searches with it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from core import batches
from core.batches import Report
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.embeddings import pool
from core.errors import N_, Note
from core.families import HEADS
from core.results import Evaluation, Prediction, RunConfig
from core.search import bm25, vectors
from core.tables.table import Table, make_table
from core.tasks import rank_scores
from core.tasks.base import Beside, Card, Goal, Rows, Task, check_finite, input_columns
from core.tasks.rank_scores import Ranks, asked_of

HEAD = "embedder"
SCALE = 20.0  # of the cosines, before the softmax
PARTED = re.compile(r"\n\s*\n")  # between passages that are given as one text: an empty line
OFFERED = 4  # passages that a new model is to choose from
SAMPLE_FIELDS = ("question", "passage", "first", "rank")


@dataclass(frozen=True)
class Passage:
    """A passage with its cosine to a question, and whether its end was not read."""

    text: str
    cosine: float
    cut: bool


@dataclass(frozen=True)
class Ranked(Prediction):
    """The passages that were given with a question, the nearest first."""

    passages: tuple[Passage, ...]


class Retrieval(Goal):
    """Vectors in which a question is nearest to its passage."""

    task: ClassVar[str] = "passage-retrieval"
    known_before: ClassVar[bool] = True

    @staticmethod
    def labels_of(name: str, config: PretrainedConfig) -> tuple[str, ...]:
        """None: the answer is an order."""
        return ()

    # --- Learning ---

    @staticmethod
    def fit(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, seed: int) -> PreTrainedModel:
        """The encoder, without a pooler: it reads one vector that nothing here learns from, so training would leave it behind."""
        if any(name == "pooler" for name, _part in model.named_children()):
            model.register_module("pooler", None)
        model.config.update(dict(HEADS[HEAD].settings))
        return model

    def rows(self, dataset: TextDataset, report: Report, chosen: np.ndarray | None = None) -> Rows:
        """Each question's tokens and then its passage's, with the numbers of its passage and of every passage that answers it."""
        train = dataset.splits["train"]
        split = train if chosen is None else train.select(chosen)
        places = {text: place for place, text in enumerate(dict.fromkeys(train["pair"]))}
        right: dict[str, set[int]] = {}
        for question, passage in zip(train["text"], train["pair"], strict=True):
            right.setdefault(question, set()).add(places[passage])
        (questions, cut), (passages, cut_too) = (
            batches.encode(self.tokenizer, {"text": list(split[role])}, self.max_length, report)
            for role in ("text", "pair")
        )
        return Rows(
            [
                {
                    "input_ids": [*question["input_ids"], *passage["input_ids"]],
                    "question": len(question["input_ids"]),
                    "passage": places[text],
                    "right": frozenset(right[asked]),
                }
                for question, passage, asked, text in zip(
                    questions, passages, split["text"], split["pair"], strict=True
                )
            ],
            cut | cut_too,
        )

    def collate(self, features: Sequence[Mapping[str, Any]], epoch: int) -> dict[str, Any]:
        """The questions and the passages, padded each for themselves. left_out: (B, B), the passages that answer a question besides its own."""
        questions = self._padded([row["input_ids"][: row["question"]] for row in features])
        passages = self._padded([row["input_ids"][row["question"] :] for row in features])
        left_out = torch.tensor([[other["passage"] in row["right"] for other in features] for row in features])
        return {
            **questions,
            **{f"passage_{name}": tensor for name, tensor in passages.items()},
            "left_out": left_out & ~torch.eye(len(features), dtype=torch.bool),
        }

    def _padded(self, rows: Sequence[Sequence[int]]) -> dict[str, Tensor]:
        batch = self.tokenizer.pad(
            [{"input_ids": list(row)} for row in rows], padding_side="right", return_tensors="pt"
        )
        return {name: batch[name] for name in ("input_ids", "attention_mask")}

    def loss(self, model: nn.Module, batch: Mapping[str, Tensor], weights: Tensor | None = None) -> Tensor:
        """The cross-entropy of each question's own passage among those of the batch, by scaled cosines."""
        questions, passages = (
            self._mean(model, batch[f"{start}input_ids"], batch[f"{start}attention_mask"]) for start in ("", "passage_")
        )
        logits = (SCALE * questions @ passages.T).masked_fill(batch["left_out"], -torch.inf)
        return functional.cross_entropy(logits, torch.arange(len(logits), device=logits.device))

    def _mean(self, model: nn.Module, ids: Tensor, mask: Tensor) -> Tensor:
        """Mean token vectors of length 1, float32 (B, D)."""
        states = model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        return functional.normalize(pool(states, mask)["mean"], dim=-1)

    def notes(self) -> tuple[Note, ...]:
        """What a question is compared with."""
        message = N_(
            "each question learns to choose its passage among the {count} of its batch; larger batches make it harder, and the result better"
        )
        return ((message, {"count": self.batch_size}),)

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
        """Every question ranked against the passages of the data."""
        if split not in dataset.splits or not len(dataset.splits[split]):
            return None
        asked = asked_of(dataset, split, self.seed if split == "validation" else 0, live=live)
        (questions, cut), (passages, cut_too) = (
            vectors.of(model, self.tokenizer, texts, self.max_length, autocast=autocast, report=report)
            for texts in (asked.questions, asked.passages)
        )
        check_finite(questions)
        check_finite(passages)
        return rank_scores.measure(
            self.task,
            asked,
            lambda part: questions[part] @ passages.T,
            cut=float(np.concatenate((cut, cut_too)).mean()),
        )

    def asked_first(self, rows: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """The first question, with its passage as the last of several: among one alone there is nothing to choose."""
        passages = list(dict.fromkeys(rows["pair"]))[:OFFERED]
        return {"text": rows["text"][0], "pair": "\n\n".join(reversed(passages))}

    def samples(self, evaluation: Evaluation) -> list[Mapping[str, object]]:
        """The questions whose passage comes lowest."""
        examples = evaluation.detail["examples"]
        assert isinstance(examples, list | tuple)
        return [{name: row[name] for name in SAMPLE_FIELDS} for row in examples[: rank_scores.SAMPLES]]

    # --- Answering ---

    def predict(
        self, model: PreTrainedModel, inputs: Mapping[str, Sequence[str]], report: Report | None = None
    ) -> tuple[Ranked, ...]:
        """The cosine of each question with its passage; with each of its passages, where empty lines part several."""
        given = [parts(text) for text in inputs["pair"]]
        flat = [text for texts in given for text in texts]
        (questions, cut), (passages, cut_too) = (
            vectors.of(model, self.tokenizer, texts, self.max_length, report=report) for texts in (inputs["text"], flat)
        )
        check_finite(questions)
        check_finite(passages)
        ends = np.cumsum([0, *map(len, given)])
        result = []
        for number, texts in enumerate(given):
            part = slice(ends[number], ends[number + 1])
            cosines = passages[part] @ questions[number]
            found = [
                Passage(text, float(cosine), bool(ended))
                for text, cosine, ended in zip(texts, cosines, cut_too[part], strict=True)
            ]
            found.sort(key=lambda passage: -passage.cosine)
            truncated = bool(cut[number]) or any(passage.cut for passage in found)
            result.append(Ranked({role: column[number] for role, column in inputs.items()}, truncated, tuple(found)))
        return tuple(result)

    def frame(self, predictions: Sequence[Prediction]) -> pd.DataFrame:
        """text, pair, cosine (of the nearest passage), nearest (that passage, where a row has several), cut."""
        ranked = [row for row in predictions if isinstance(row, Ranked)]
        columns = input_columns(ranked)
        columns["cosine"] = [row.passages[0].cosine for row in ranked]
        if any(len(row.passages) > 1 for row in ranked):
            columns["nearest"] = [row.passages[0].text for row in ranked]
        columns["cut"] = [row.truncated for row in ranked]
        return pd.DataFrame(columns)


def parts(text: str) -> list[str]:
    """The passages of a text: what empty lines part."""
    return [part.strip() for part in PARTED.split(text) if part.strip()]


# --- Without a model ---------------------------------------------------------------------------------------------------


def _words(config: RunConfig, dataset: TextDataset, split: str) -> Evaluation:
    asked = asked_of(dataset, split, 0, live=False)
    index = bm25.build(asked.passages)
    return rank_scores.measure(
        config.task, asked, lambda part: np.stack([index.scores(text) for text in asked.questions[part]]), nothing=0.0
    )


WORDS = Beside(
    "bm25",
    "BM25",
    N_("Ranks by the words that question and passage share, rare ones counting more; it learns nothing."),
    _words,
)

# --- The row -----------------------------------------------------------------------------------------------------------

EXAMPLE = (
    ("where is my parcel", "You can follow a delivery by the number that we sent you."),
    ("how do i send it back", "Returns are free within thirty days of the delivery."),
    ("can i pay by invoice", "We take cards, invoices and bank transfers."),
    ("i forgot my password", "Press the link below the login to set a new one."),
    ("do you ship to norway", "We deliver to every country of Europe."),
    ("the lamp arrived broken", "Send us a photo of the damage, and we replace it."),
    ("how long does it last", "The battery runs for ten hours."),
    ("can i change my order", "Until it is packed, an order can be changed in your account."),
    ("is there a discount for students", "Pupils and students pay a tenth less."),
    ("when do you open", "The shop is open from nine to six."),
    ("may i give it as a gift", "We wrap a present and leave out the bill."),
    ("how do i delete my data", "Write to us, and your account is removed within a week."),
)


def _example() -> Table:
    return make_table(["question", "passage"], list(zip(*EXAMPLE, strict=True)), len(EXAMPLE))


PASSAGE_RETRIEVAL = Task(
    id=Retrieval.task,
    title=N_("Passage retrieval"),
    help=N_(
        "Finds the passage that answers a question: both become vectors, and the nearest passage comes first. It learns from pairs of a question and its passage."
    ),
    layout=LAYOUTS["question-passage"],
    head=HEAD,
    goal=Retrieval,
    metrics=("recall_1", "recall_10", "mrr_10", "ndcg_10"),
    best=("mrr_10", "recall_1"),
    gives=frozenset({"vectors"}),
    counts=(N_("{n:,} question"), N_("{n:,} questions")),
    detail=Ranks,
    rate=0.3,  # the encoder makes good vectors already, and a few passages are soon learnt by heart
    pipeline="sentence-similarity",
    beside=(WORDS,),
    loss_title=N_("Cross-entropy loss over the passages of a batch (nats)"),
    card=Card(
        "An encoder that finds the passage for a question",
        "fine-tuned with multiple negatives",
        "a question or a passage and gives its sentence vector: the mean of the token vectors. The nearer two vectors by cosine, the better the passage answers.",
        "import torch\n"
        "from transformers import AutoModel, AutoTokenizer\n\n"
        'folder = "path/to/this/folder"  # SentenceTransformer(folder).encode(texts) gives the same directions\n'
        "model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)\n"
        'texts = ["your question", "a passage", "another passage"]\n'
        'inputs = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")\n'
        "with torch.inference_mode():\n"
        "    states = model(**inputs).last_hidden_state\n"
        'mask = inputs["attention_mask"].unsqueeze(-1)\n'
        "vectors = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)\n"
        "print(vectors[1:] @ vectors[0])  # the cosine of each passage with the question",
        {
            "passages": "Passages that each question was ranked against",
            "new": "Questions whose right passage training did not have",
            "cut": "Texts that were not read to their end",
        },
    ),
    example=_example,
)
