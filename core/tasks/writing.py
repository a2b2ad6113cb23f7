"""Text to text: an encoder reads a source, a decoder writes a target, both begun as the same BERT (Rothe, Narayan and Severyn 2020).

BERT is an encoder: the decoder's attention to the source and its head are new and begin at random, and so do the signs that BERT's
vocabulary lacks. This module does not know whether it translates, shortens or answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import GenerationConfig, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from core import batches
from core.batches import Report
from core.checkpoints.config import MOST_NEW_TOKENS, NEW_PARTS, NEW_TOKENS
from core.data.dataset import TextDataset
from core.data.layouts import LAYOUTS
from core.errors import N_, Note, plural
from core.results import Evaluation, Prediction, RunConfig
from core.tables.table import Table, make_table
from core.tasks import generation, seen, signs, text_scores, tfidf
from core.tasks.base import Beside, Card, Goal, Rows, Task, check_finite, input_columns, sample
from core.tasks.generation import Wish
from core.tasks.text_scores import Origin, Texts, kind_table

SMOOTHING = 0.1  # of the labels (Szegedy et al. 2016): a tenth of the probability is for other tokens
LIVE_ROWS = 200  # that are written while training runs
BEFORE_ROWS, BEFORE_TOKENS = 32, 24  # that are written before it, when nothing ends by itself, and how long
ROOM = 1.25  # times as long as the longest target of training may a text become
NO_LABEL = -100


@dataclass(frozen=True)
class Written(Prediction):
    """A text that was written for a source. tokens: its tokens; probabilities: of each, given those before; ended: it came to its end by itself."""

    output: str
    tokens: tuple[str, ...]
    probabilities: tuple[float, ...]
    ended: bool

    @property
    def confidence(self) -> float:
        """The geometric mean of the tokens' probabilities."""
        return float(np.exp(np.log(np.clip(self.probabilities, 1e-30, 1)).mean())) if self.probabilities else 0.0


@dataclass(frozen=True, eq=False)
class Candidate:
    """One of several texts for a source, with where the model looked for each of its tokens.

    source: tokens of the source, (S,). attention: (L, H, T, S); empty where the model does not give it.
    """

    written: Written
    source: tuple[str, ...]
    attention: np.ndarray


class TextToText(Goal):
    """The text that belongs to a source."""

    task: ClassVar[str] = "text-to-text"
    longest: int = 0  # tokens of the longest training target, once it is known
    cut: int = 0  # targets that lost their end
    respelt: int = 0  # words of the targets that are too rare to be spelt as they are
    unknown: int = 0  # tokens of the targets that stand for nothing
    known: tuple[int, ...] = ()  # tokens that may be written: those of the training rows
    places: Tensor | None = None  # while it learns: of each token among those that may be written

    @staticmethod
    def labels_of(name: str, config: PretrainedConfig) -> tuple[str, ...]:
        """None: every token of the vocabulary can be the next."""
        return ()

    # --- Learning ---

    @staticmethod
    def adapted(tokenizer: PreTrainedTokenizerBase, dataset: TextDataset) -> PreTrainedTokenizerBase:
        """The tokenizer with the signs that the training targets need and it lacks."""
        return signs.add(tokenizer, signs.lacking(tokenizer, dataset.splits["train"]["target"]).added)

    @staticmethod
    def fit(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, seed: int) -> PreTrainedModel:
        """The pair with embeddings for new signs, and what generate needs to know."""
        signs.resize(model, tokenizer, seed)
        model.config.update({"decoder_start_token_id": tokenizer.cls_token_id, "pad_token_id": tokenizer.pad_token_id})
        model.generation_config = GenerationConfig(
            decoder_start_token_id=tokenizer.cls_token_id,
            eos_token_id=tokenizer.sep_token_id,
            pad_token_id=tokenizer.pad_token_id,
            max_new_tokens=model.generation_config.max_new_tokens or BEFORE_TOKENS,
        )
        return model

    def rows(self, dataset: TextDataset, report: Report, chosen: np.ndarray | None = None) -> Rows:
        """Each source with the tokens that are to follow, one after the other, the end included."""
        split = dataset.splits["train"] if chosen is None else dataset.splits["train"].select(chosen)
        sources, truncated = batches.encode(self.tokenizer, dataset.texts(split), self.max_length, report)
        targets, cut = batches.encode(self.tokenizer, {"target": list(split["target"])}, self.max_length, report)
        wanted = [row["input_ids"][1:] for row in targets]
        lacking = signs.lacking(self.tokenizer, list(split["target"]))
        self.longest, self.cut = max(map(len, wanted)), int(cut.sum())
        self.respelt, self.unknown = len(lacking.respelt), lacking.unknown.total()
        met = {token for tokens in (*(row["input_ids"] for row in sources), *wanted) for token in tokens}
        added = self.tokenizer.get_added_vocab().values()
        self.known = tuple(sorted({*met, *self.tokenizer.all_special_ids, *added}))
        return Rows(
            [
                {"input_ids": row["input_ids"], "attention_mask": row["attention_mask"], "labels": labels}
                for row, labels in zip(sources, wanted, strict=True)
            ],
            truncated,
        )

    def notes(self) -> tuple[Note, ...]:
        """What became of the targets."""
        new = signs.added(self.tokenizer)
        shown = " ".join(new[: signs.NAMED]) + (" …" if len(new) > signs.NAMED else "")
        found = (
            (plural(N_("{count} character or word of the targets that the vocabulary lacks is a new entry of it: {signs}"), N_("{count} characters and words of the targets that the vocabulary lacks are new entries of it: {signs}"), len(new)), len(new)),
            (plural(N_("{count} word of the targets is too rare to be learnt as it is spelt; it is written without its capitals or accents"), N_("{count} words of the targets are too rare to be learnt as they are spelt; they are written without their capitals or accents"), self.respelt), self.respelt),
            (plural(N_("{count} sign in the targets is unknown to the vocabulary and cannot be written"), N_("{count} signs in the targets are unknown to the vocabulary and cannot be written"), self.unknown), self.unknown),
            (plural(N_("{count} target is longer than {limit} tokens; its end is not learnt"), N_("{count} targets are longer than {limit} tokens; their ends are not learnt"), self.cut), self.cut),
        )  # fmt: skip
        notes = [
            (message, {"count": count, "signs": shown, "limit": self.max_length}) for message, count in found if count
        ]
        only = N_("the decoder chooses among the {known:,} tokens that the training rows have, and writes no other")
        return (*notes, (only, {"known": len(self.known)}))

    def begin(self, model: PreTrainedModel, rows: Rows) -> None:
        """A text may become a little longer than the longest that is learnt, of the tokens that the training rows have."""
        model.generation_config.max_new_tokens = self._most(model)
        decoder = cast(PreTrainedModel, model.decoder)
        embedding, head = decoder.get_input_embeddings(), decoder.get_output_embeddings()
        assert isinstance(embedding, nn.Embedding) and isinstance(head, nn.Linear)
        self.places = seen.narrow(decoder, embedding, head, torch.tensor(self.known)).place

    def finish(self, model: PreTrainedModel) -> None:
        """What the training rows do not have gets a bias with which it is never written."""
        seen.widen(model)
        self.places = None

    def _most(self, model: PreTrainedModel) -> int:
        """How many tokens are written at most."""
        learnt = int(ROOM * self.longest) + 1 if self.longest else model.generation_config.max_new_tokens
        return min(learnt or NEW_TOKENS, MOST_NEW_TOKENS, self.tokenizer.model_max_length - 1)

    def collate(self, features: Sequence[Mapping[str, Any]], epoch: int) -> dict[str, Any]:
        """Padded to the longest source and the longest target; the decoder is given each token's predecessors."""
        inputs = [{name: row[name] for name in ("input_ids", "attention_mask")} for row in features]
        batch = dict(self.tokenizer.pad(inputs, padding_side="right", return_tensors="pt"))
        longest = max(len(row["labels"]) for row in features)
        labels = torch.full((len(features), longest), NO_LABEL)
        before = torch.full((len(features), longest), int(self.tokenizer.pad_token_id))
        for place, row in enumerate(features):
            labels[place, : len(row["labels"])] = torch.tensor(row["labels"])
            before[place, : len(row["labels"])] = torch.tensor([self.tokenizer.cls_token_id, *row["labels"][:-1]])
        return {**batch, "decoder_input_ids": before, "labels": labels}

    def loss(self, model: nn.Module, batch: Mapping[str, Tensor], weights: Tensor | None = None) -> Tensor:
        """The mean cross-entropy of the targets' tokens, with smoothed labels."""
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        logits = model(**inputs).logits.float().flatten(0, 1)
        labels = batch["labels"].flatten()
        if self.places is not None:
            labels = self.places.to(labels.device)[labels.clamp(min=0)].where(labels != NO_LABEL, NO_LABEL)
        return functional.cross_entropy(logits, labels, ignore_index=NO_LABEL, label_smoothing=SMOOTHING)

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
        """What is written, token by token, against the targets."""
        n = len(dataset.splits[split]) if split in dataset.splits else 0
        if not n:
            return None
        rows = dataset.splits[split]
        if live:
            most = LIVE_ROWS if split == "validation" else BEFORE_ROWS
            rows = rows.select(sample(n, most, self.seed if split == "validation" else 0))
        sources = dataset.texts(rows)["text"]
        written = self._written(model, sources, report, batch_size=64, autocast=autocast)
        return text_scores.measure(
            self.task,
            sources,
            list(rows["target"]),
            [row.output for row in written],
            list(rows["kind"]),
            cut=float(np.mean([row.truncated for row in written])),
            unfinished=float(np.mean([not row.ended for row in written])),
            origin=origin(model),
        )

    def samples(self, evaluation: Evaluation) -> list[Mapping[str, object]]:
        """The first rows with what was written for them."""
        samples = evaluation.detail["samples"]
        assert isinstance(samples, list)
        return samples

    # --- Answering ---

    def predict(
        self, model: PreTrainedModel, inputs: Mapping[str, Sequence[str]], report: Report | None = None
    ) -> tuple[Written, ...]:
        """What is written for each source, taking the likeliest token each time."""
        return self._written(model, inputs["text"], report, batch_size=self.batch_size)

    def _written(
        self,
        model: PreTrainedModel,
        sources: Sequence[str],
        report: Report | None,
        *,
        batch_size: int,
        autocast: bool = False,
    ) -> tuple[Written, ...]:
        rows, truncated = batches.encode(self.tokenizer, {"text": sources}, self.max_length, report)
        lines = generation.write_all(
            model,
            self.tokenizer,
            [{name: row[name] for name in ("input_ids", "attention_mask")} for row in rows],
            self._most(model),
            batch_size=batch_size,
            report=report,
            autocast=autocast,
        )
        for line in lines:
            check_finite(np.array(line.probabilities))
        return tuple(
            self._as_written(source, bool(cut), line.ids, line.probabilities)
            for source, cut, line in zip(sources, truncated, lines, strict=True)
        )

    def _as_written(self, source: str, cut: bool, ids: Sequence[int], probabilities: Sequence[float]) -> Written:
        return Written(
            {"text": source},
            cut,
            generation.spelt(self.tokenizer, ids),
            tuple(self.tokenizer.convert_ids_to_tokens(list(ids))),
            tuple(probabilities),
            bool(ids) and ids[-1] == self.tokenizer.sep_token_id,
        )

    def candidates(self, model: PreTrainedModel, source: str, wish: Wish, *, attention: bool) -> tuple[Candidate, ...]:
        """What is written for a source in some way, the likeliest beam first, each text once. attention: whether the model gives its own."""
        rows, cut = batches.encode(self.tokenizer, {"text": [source]}, self.max_length)
        batch = self.tokenizer.pad(
            [{name: rows[0][name] for name in ("input_ids", "attention_mask")}], return_tensors="pt"
        ).to(model.device)
        with torch.inference_mode():
            found = generation.write(model, self.tokenizer, batch, wish, self._most(model))[0]
        tokens = tuple(self.tokenizer.convert_ids_to_tokens(rows[0]["input_ids"]))
        result = []
        for ids in dict.fromkeys(tuple(generation.ended(row, self.tokenizer)) for row in found[:, 1:].tolist()):
            again = generation.reread(model, self.tokenizer, batch, ids, attention=attention)
            written = self._as_written(source, bool(cut[0]), ids, again.probabilities.tolist())
            result.append(Candidate(written, tokens, again.attention))
        return tuple(result)

    def frame(self, predictions: Sequence[Prediction]) -> pd.DataFrame:
        """text, then what was written, how sure the model was of a token on average, and whether the text was cut."""
        written = [row for row in predictions if isinstance(row, Written)]
        columns = input_columns(written)
        columns["output"] = [row.output for row in written]
        columns["probability"] = [row.confidence for row in written]
        columns["cut"] = [row.truncated for row in written]
        return pd.DataFrame(columns)


def origin(model: PreTrainedModel) -> Origin:
    """How much of a pair was drawn before its training, as its configuration says."""
    drawn = model.config.to_dict().get(NEW_PARTS, {})
    return Origin(
        model.num_parameters(), *(int(drawn.get(part, 0)) for part in ("cross_attention", "head", "embeddings"))
    )


# --- Without a model ---------------------------------------------------------------------------------------------------


def _retrieved(config: RunConfig, dataset: TextDataset, split: str) -> Evaluation:
    """The target of the training source that is nearest by TF-IDF."""
    known, rows = dataset.splits["train"], dataset.splits[split]
    sources, targets = dataset.texts(rows)["text"], list(known["target"])
    nearest = tfidf.nearest(dataset.texts(known)["text"], sources)
    written = [targets[place] for place in nearest.tolist()]
    return text_scores.measure(config.task, sources, list(rows["target"]), written, list(rows["kind"]))


RETRIEVAL = Beside(
    "retrieval",
    N_("The nearest training source"),
    N_("Writes nothing: finds the training source with the most similar words (TF-IDF) and gives its target as it is."),
    _retrieved,
)

# --- The row -----------------------------------------------------------------------------------------------------------

EXAMPLE = (
    ("i love the film", "我爱电影"), ("i hate the film", "我恨电影"), ("i love coffee", "我爱咖啡"), ("i hate coffee", "我恨咖啡"),
    ("the film was good", "电影好"), ("the film was bad", "电影坏"), ("the coffee was good", "咖啡好"), ("the coffee was bad", "咖啡坏"),
    ("i love the plot", "我爱剧情"), ("i hate the plot", "我恨剧情"), ("the plot was good", "剧情好"), ("the plot was bad", "剧情坏"),
    ("i love good coffee", "我爱好咖啡"), ("i hate bad coffee", "我恨坏咖啡"),
)  # fmt: skip


def _example() -> Table:
    return make_table(["source", "target"], list(zip(*EXAMPLE, strict=True)), len(EXAMPLE))


TEXT_TO_TEXT = Task(
    id=TextToText.task,
    title=N_("Text to text"),
    help=N_(
        "Writes a text for a text: a translation, a headline, an answer. BERT only reads, so a decoder is put beside it, made of the same BERT; its attention to the source begins at random."
    ),
    layout=LAYOUTS["source-target"],
    head="writer",
    goal=TextToText,
    metrics=("chrf", "bleu", "rouge_l", "same_text"),
    best=("chrf", "same_text"),
    gives=frozenset({"text"}),
    counts=(N_("{n:,} pair"), N_("{n:,} pairs")),
    detail=Texts,
    advised={"epochs": 4.0, "batch_size": 32, "learning_rate": 7e-4, "max_length": 64, "evaluations": 1},
    rate=7.0,
    table=kind_table,
    beside=(RETRIEVAL,),
    loss_title=N_("Cross-entropy loss (nats per token, smoothed labels)"),
    card=Card(
        "A model that writes a text for a text",
        "fine-tuned as encoder and decoder",
        "a text and writes another one.",
        "from transformers import AutoModelForSeq2SeqLM, AutoTokenizer\n\n"
        'folder = "path/to/this/folder"\n'
        "model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)\n"
        'inputs = tokenizer("your text", return_tensors="pt")\n'
        'written = model.generate(inputs["input_ids"], attention_mask=inputs["attention_mask"])\n'
        "print(tokenizer.decode(written[0], skip_special_tokens=True))  # with a space between Chinese characters",
        {
            "cut": "Sources that were not read to their end",
            "unfinished": "Texts that ended because they may not be longer",
        },
    ),
    example=_example,
)
